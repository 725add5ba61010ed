"""The kernels on the GPU: gridjit beside CUDA C by nvcc, CuPy's RawKernel, Triton and numba-cuda, on the same buffers."""

import importlib.util

import numpy as np

from measure import interleaved, said
from problems import C_ARGS, FAST, SIZES, c_grid, c_source, case, checked


def has(package):
	return importlib.util.find_spec(package) is not None


class Buffers:
	"""Copies of a case's arrays on the device, enough of them that rotating through them empties the L2 cache."""

	def __init__(self, made, l2_bytes):
		from gridjit import cuda
		total = sum(arg.nbytes for arg in made.args if isinstance(arg, np.ndarray))
		self.count = max(2, min(16, -(-3 * l2_bytes // total)))
		self.sets = [[cuda.to_device(arg) if isinstance(arg, np.ndarray) else arg for arg in made.args] for _ in range(self.count)]
		cuda.synchronize()


def pointer(array):
	return int(array.__cuda_array_interface__["data"][0])


def c_args(name, args):
	return [pointer(arg) if hasattr(arg, "__cuda_array_interface__") else arg for arg in C_ARGS[name](*args)]


def launches(kernel, made, buffers):
	bound = kernel[made.grid, made.block, 0, made.sharedmem]
	return [lambda args=args: bound(*args) for args in buffers.sets]


def gridjit_variant(name, made, buffers, driver, fast):
	return launches(made.kernel, made, buffers)


def checked_variant(name, made, buffers, driver, fast):
	return launches(checked(made.kernel), made, buffers)


def nvcc_variant(name, made, buffers, driver, fast):
	from driver import compile_cuda, nvcc
	if not nvcc():
		return None
	function = driver.load(compile_cuda(name, made.block, driver.arch, fast), name)
	return [driver.launcher(function, c_grid(name, made.grid), made.block, c_args(name, args)) for args in buffers.sets]


def cupy_variant(name, made, buffers, driver, fast):
	if not has("cupy"):
		return None
	import cupy
	from driver import dim3
	kernel, grid = cupy.RawKernel(c_source(name, made.block), name, options=("-use_fast_math",) * fast), dim3(c_grid(name, made.grid))
	runs = []
	for args in buffers.sets:
		values = tuple(cupy.asarray(arg) if hasattr(arg, "__cuda_array_interface__") else arg for arg in C_ARGS[name](*args))
		runs.append(lambda values=values: kernel(grid, dim3(made.block), values))
	return runs


def triton_variant(name, made, buffers, driver, fast):
	if not has("triton") or not has("torch"):
		return None
	import torch
	from triton_kernels import launchers
	torch_of = lambda array: torch.as_tensor(array, device="cuda")
	runs = [launchers(name, args, torch_of) for args in buffers.sets]
	return runs if runs[0] else None


def numba_variant(name, made, buffers, driver, fast):
	if not has("numba") or not has("numba_cuda"):
		return None
	from numba import cuda
	theirs = case(name, 64, made.block, package="numba", fast=fast)
	bound = theirs.kernel[made.grid, made.block]
	runs = [lambda args=args: bound(*args) for args in
		[[cuda.as_cuda_array(arg) if hasattr(arg, "__cuda_array_interface__") else arg for arg in args] for args in buffers.sets]]
	runs[0]()                                          # compiles: where numba-cuda does not run, it fails here
	return runs


VARIANTS = {"gridjit": gridjit_variant, "gridjit, boundscheck": checked_variant, "CUDA C (nvcc -O3)": nvcc_variant,
	"CuPy RawKernel": cupy_variant, "Triton": triton_variant, "numba-cuda": numba_variant}


def check(name, run, made, args, label):
	"""One launch on fresh outputs gives what NumPy gives."""
	from gridjit import cuda
	for index in made.outputs:
		args[index].copy_to_device(np.zeros_like(made.args[index]))
	run()
	cuda.synchronize()
	for index, want in zip(made.outputs, made.expect()):
		got = args[index].copy_to_host()
		if made.stray:
			assert np.mean(got != want) < made.stray, f"{label} {name}: {np.mean(got != want)}"
		else:
			np.testing.assert_allclose(got, want, rtol=max(made.rtol, 1e-6), atol=made.atol, err_msg=f"{label} {name}")


def prepare(name, size, block, driver, fast):
	"""name of variant → launches, one a set of buffers, for the variants that are installed; and the buffers."""
	made = case(name, size, block, fast=fast)
	buffers = Buffers(made, driver.l2_bytes)
	variants, notes = {}, {}
	for label, build in VARIANTS.items():
		try:
			runs = build(name, made, buffers, driver, fast)
		except Exception as error:                     # a peer that cannot run this kernel says so in the table's notes
			runs, notes[label] = None, said(error)
		if runs:
			variants[label] = runs
	return made, buffers, variants, notes


def kernels(names, quick=False):
	"""kernel → variant → microseconds, and notes on what could not run."""
	from driver import Driver
	driver = Driver()
	results, notes = {}, {}
	for row in names:
		name, size, block = FAST.get(row) or (row, *SIZES[row][0])
		fast = row in FAST
		small = {"nbody": 1000, "nbody_records": 1000, "matmul": 128}.get(name, 300 if not isinstance(block, int) else 20000)
		if isinstance(block, tuple) and len(block) == 3:
			small = 40
		made, buffers, variants, problems = prepare(name, small, block, driver, fast)
		for label, runs in list(variants.items()):
			check(name, runs[0], made, buffers.sets[0], label)
		made, buffers, variants, more = prepare(name, small if quick else size, block, driver, fast)
		times = interleaved({label: lambda i, runs=runs: runs[i % len(runs)]() for label, runs in variants.items()},
			driver.clock, driver.sync)
		results[row] = {label: seconds * 1e6 for label, seconds in times.items()}
		if problems or more:
			notes[row] = problems | more
		print(f"{row:16}", "  ".join(f"{label} {value:9.1f} us" for label, value in results[row].items()), flush=True)
	return {"device": driver.name, "us": results, "notes": notes}
