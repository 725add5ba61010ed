"""The kernels on the CPU: gridjit's SIMD device beside numba njit(parallel=True) and PoCL, all cores each."""

import importlib.util

import numpy as np

from measure import cpu_name, in_stretches, said
from problems import C_ARGS, CPU_SHAPES, SIZES, c_source, case, checked

# What the OpenCL form cannot say: shuffles, halves.
NO_OPENCL = {"warp_scan", "saxpy_half"}


def has(package):
	return importlib.util.find_spec(package) is not None


def launches(kernel, made, args):
	bound = kernel[made.grid, made.block, 0, made.sharedmem]
	return lambda: bound(*args)


def gridjit_variant(name, made, args):
	return launches(made.kernel, made, args)


def checked_variant(name, made, args):
	return launches(checked(made.kernel), made, args)


def numba_variant(name, made, args):
	if not has("numba"):
		return None
	from cpu_numba import KERNELS
	kernel = KERNELS.get(name)
	return kernel and (lambda: kernel(*args))


def pocl_variant(name, made, args):
	"""OpenCL on PoCL's CPU device, with its arrays in the host's memory."""
	if name in NO_OPENCL or not has("pyopencl"):
		return None
	import pyopencl as cl
	from driver import dim3
	devices = [device for platform_ in cl.get_platforms() for device in platform_.get_devices(cl.device_type.CPU)]
	if not devices:
		return None
	context = cl.Context(devices[:1])
	queue = cl.CommandQueue(context)
	options = ["-cl-mad-enable"] + (["-cl-fast-relaxed-math"] if name.startswith("nbody") else [])
	single = name == "block_sum" and made.args[0].dtype == np.float32
	program = cl.Program(context, c_source(name, made.block, single)).build(options)
	flags = cl.mem_flags.READ_WRITE | cl.mem_flags.USE_HOST_PTR
	host = {id(arg): cl.Buffer(context, flags, hostbuf=arg) for arg in args if isinstance(arg, np.ndarray)}
	values = [host.get(id(arg), arg) for arg in C_ARGS[name](*args)]
	kernel = cl.Kernel(program, name)
	kernel.set_args(*values)
	block = dim3(made.block)
	total = tuple(g * b for g, b in zip(dim3(made.grid), block))

	def run(keep=host):                                # a kernel does not own its buffers
		cl.enqueue_nd_range_kernel(queue, kernel, total, block)
		queue.finish()
	return run


VARIANTS = {"gridjit": gridjit_variant, "gridjit, boundscheck": checked_variant, "numba njit(parallel)": numba_variant, "PoCL": pocl_variant}


def check(name, label, made, run, args):
	for index in made.outputs:
		args[index][...] = 0
	run()
	for index, want in zip(made.outputs, made.expect()):
		if made.stray:
			assert np.mean(args[index] != want) < made.stray, label
		else:
			np.testing.assert_allclose(args[index], want, rtol=max(made.rtol, 1e-5), atol=max(made.atol, 1e-12),
				err_msg=f"{label} {name}")


def kernels(names, quick=False):
	"""kernel → variant → microseconds."""
	results, notes = {}, {}
	jobs = [(name, name, *SIZES[name][1], None, False) for name in names]
	jobs += [(label, *job) for label, job in CPU_SHAPES.items() if job[0] in names]
	for title, name, size, block, blocks, single in jobs:
		made = case(name, 64 if quick else size, block, single=single)
		made.grid = blocks if blocks and not quick else made.grid
		runs = {}
		for label, build in VARIANTS.items():
			args = made.fresh()
			try:
				run = build(name, made, args)
				if run:
					check(name, label, made, run, args)
					runs[label] = run
			except Exception as error:                 # a peer that cannot run this kernel says so in the notes
				notes.setdefault(title, {})[label] = said(error)
		times = in_stretches({label: lambda i, run=run: run() for label, run in runs.items()})
		results[title] = {label: seconds * 1e6 for label, seconds in times.items()}
		print(f"{title:30}", "  ".join(f"{label} {value:9.1f} us" for label, value in results[title].items()), flush=True)
	return {"device": cpu_name(), "us": results, "notes": notes}
