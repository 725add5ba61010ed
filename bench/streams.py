"""Kernels that stream through memory, on the CPU beside numba's loops. `python bench/streams.py` makes the whole table: kernels ×
sizes × blocks, one thread against one and all against all, as numba's time over gridjit's (1: level; above: gridjit is faster).

Times are the best of several rounds with the variants interleaved; on one thread processor time, which other load on the machine
does not count in. numba's loops know no blocks: one time a row."""

import argparse
import json
import os
import subprocess
import sys
import time

import numpy as np

from measure import geometric_mean

SIZES = {"256 K": 1 << 18, "4 M": 1 << 22, "64 M": 1 << 26}
BLOCKS = [128, 256, 512, 1024]
ROUNDS, BUDGET_S, BATCH_S = 40, 0.5, 0.002
# Idle threads of libgomp, on which numba's loops run, look for work for some 15 ms before they sleep, on the cores that
# the next variant needs: each batch begins with calls that are not timed.
LEAD_S = 0.02


# -- Kernels: name: (arrays for n elements, gridjit: (n, block) → launch, numba's loop) ----------------------------------------

def fill(shape, dtype, order="C"):
	"""Numbers of a short random pattern: as good as random ones here, and made quickly."""
	pattern = np.random.default_rng(1).random(1 << 16).astype(dtype)
	return np.resize(pattern, int(np.prod(shape))).reshape(shape, order=order)


def up(n, by):
	return -(-n // by)


def vectors(dtype, step=1):
	def make(n):
		x, y = fill(n * step, dtype)[::step], fill(n * step, dtype)[::step]
		return [dtype(2.5), x, y, np.zeros(n * step, dtype)[::step]]
	return make


def summands(dtype):
	return lambda n: [fill(n, dtype), np.zeros(1, dtype)]


def plane(n):
	side = int(round(n ** 0.5))
	return [fill((side, side), np.float64), np.zeros((side, side)), 0.2]


def space(n):
	side = int(round(n ** (1 / 3)))
	return [fill((side, side, side), np.float32), np.zeros((side, side, side), np.float32), np.float32(0.125)]


def views(n):
	side = int(round(n ** 0.5))
	return [fill((2 * side, side), np.float64, "F")[::2], np.zeros((side, side), order="F")]


def gridjit_kernels():
	"""name → (args, block) → what runs it."""
	from gridjit import cuda, float32, float64
	from problems import module

	@cuda.jit
	def saxpy_rounds(a, x, y, out):
		for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
			out[i] = a * x[i] + y[i]

	@cuda.jit
	def sum_atomic(x, total):
		acc = x.dtype.type(0)
		for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
			acc += x[i]
		cuda.atomic.add(total, 0, acc)

	@cuda.jit
	def heat_nest(u, out, alpha):
		x, y = cuda.grid(2)
		ny, nx = u.shape
		for i in range(y, ny, cuda.gridsize(2)[1]):
			for j in range(x, nx, cuda.gridsize(2)[0]):
				if i == 0 or j == 0 or i == ny - 1 or j == nx - 1:
					out[i, j] = u[i, j]
				else:
					out[i, j] = u[i, j] + alpha * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])

	saxpy, block_sum = module("saxpy").saxpy, module("block_sum").kernel_for
	heat, laplace, average = module("stencil2d").heat_step, module("stencil3d").laplace, module("strided_stencil").average

	def line(kernel, blocks=None):
		def run(args, block):
			n = max(np.shape(arg)[0] for arg in args if np.ndim(arg))
			grid = min(blocks or n, up(n, block))
			return (kernel(block) if kernel in tree else kernel)[grid, block], args
		return run

	def grid2(kernel, blocks=None):
		def run(args, block):
			shape, threads = args[0].shape, (32, block // 32)
			return kernel[blocks or (up(shape[1], threads[0]), up(shape[0], threads[1])), threads], args
		return run

	def grid3(args, block):
		shape, threads = args[0].shape, (32, block // 64, 2)
		return laplace[tuple(up(extent, threads[k]) for k, extent in enumerate(shape[::-1])), threads], args

	tree = [lambda block: block_sum(block, float64), lambda block: block_sum(block, float32)]
	return {
		"saxpy": line(saxpy), "saxpy, grid-stride, 8 blocks": line(saxpy_rounds, 8),
		"saxpy, grid-stride, 1,024 blocks": line(saxpy_rounds, 1024), "saxpy of x[::2]": line(saxpy),
		"stencil, 2-D": grid2(heat), "stencil, 2-D, nest, 4 × 4 blocks": grid2(heat_nest, (4, 4)), "stencil, 3-D": grid3, "stencil, strided 2-D": grid2(average),
		"sum, atomics, 8 blocks": line(sum_atomic, 8), "sum, float64, tree, 8 blocks": line(tree[0], 8),
		"sum, float64, tree, 1,024 blocks": line(tree[0], 1024), "sum, float32, tree, 1,024 blocks": line(tree[1], 1024),
		"sum, tree, one item a thread": line(tree[0]),
	}


ARGS = {
	"saxpy": vectors(np.float32), "saxpy, grid-stride, 8 blocks": vectors(np.float32),
	"saxpy, grid-stride, 1,024 blocks": vectors(np.float32), "saxpy of x[::2]": vectors(np.float32, 2),
	"stencil, 2-D": plane, "stencil, 2-D, nest, 4 × 4 blocks": plane, "stencil, 3-D": space, "stencil, strided 2-D": views,
	"sum, atomics, 8 blocks": summands(np.float64), "sum, float64, tree, 8 blocks": summands(np.float64),
	"sum, float64, tree, 1,024 blocks": summands(np.float64), "sum, float32, tree, 1,024 blocks": summands(np.float32),
	"sum, tree, one item a thread": summands(np.float64),
}


def numba_loop(name, parallel):
	import cpu_numba
	loops = {"saxpy": "saxpy", "stencil, 2-D": "stencil2d", "stencil, 3-D": "stencil3d", "stencil, strided": "strided_stencil",
		"sum": "block_sum"}
	kernel = cpu_numba.KERNELS[next(loops[start] for start in reversed(loops) if name.startswith(start))]
	return kernel if parallel else cpu_numba.serial(kernel)


# -- Measuring -------------------------------------------------------------------------------------------------------------------

def best(variants, clock, lead):
	"""name → seconds a call, the least of the rounds."""
	counts, least = {}, {}
	for name, run in variants.items():
		run()
		begin = clock()
		run()
		counts[name] = max(1, int(BATCH_S / max(clock() - begin, 1e-7)))
		least[name] = float("inf")
	end = time.perf_counter() + BUDGET_S
	for number in range(ROUNDS):
		for name, run in variants.items():
			start = time.perf_counter()
			while lead and time.perf_counter() - start < LEAD_S:
				run()
			begin = clock()
			for _ in range(counts[name]):
				run()
			least[name] = min(least[name], (clock() - begin) / counts[name])
		if number >= 2 and time.perf_counter() > end:
			break
	return least


def measure(kernels, sizes, blocks, alone):
	"""In a process of its own: kernel, size → {"numba": seconds, block: seconds}."""
	clock = time.process_time if alone else time.perf_counter
	launches, table = gridjit_kernels(), {}
	for name in kernels:
		loop = numba_loop(name, not alone)
		for size in sizes:
			args = ARGS[name](SIZES[size])
			variants = {"numba": lambda: loop(*args)}
			for block in blocks:
				bound, given = launches[name](args, block)
				variants[block] = lambda bound=bound: bound(*given)
			check(name, args, variants)
			times = best(variants, clock, not alone)
			table[f"{name}|{size}"] = times
			ratios = "  ".join(f"{block:5}: {times['numba'] / times[block]:5.2f}" for block in blocks)
			print(f"{name:34} {size:>6} {'one' if alone else 'all':4} numba {times['numba'] * 1e9 / SIZES[size]:7.3f} ns  {ratios}",
				flush=True)
	return table


def check(name, args, variants):
	results = []
	out = args[1] if name.startswith(("sum", "stencil")) else args[3]
	for run in variants.values():
		out[...] = 0
		run()
		results.append(out.copy() if out.size <= SIZES["256 K"] else out.reshape(-1, order="A")[:1000].copy())
	for result in results[1:]:
		np.testing.assert_allclose(result, results[0], rtol=1e-3 if out.dtype == np.float32 else 1e-9, atol=1e-5, err_msg=name)


def child(options):
	kernels = [name for name in ARGS if not options.kernel or any(name.startswith(k) for k in options.kernel)]
	table = measure(kernels, options.size or list(SIZES), options.block or BLOCKS, options.child == "one")
	return geometric_mean([times["numba"] / t for times in table.values() for key, t in times.items() if key != "numba"])


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
	parser.add_argument("--kernel", action="append", help="kernels whose name starts so")
	parser.add_argument("--size", action="append", choices=SIZES)
	parser.add_argument("--block", action="append", type=int)
	parser.add_argument("--threads", choices=["one", "all"], help="only this")
	parser.add_argument("--child", help=argparse.SUPPRESS)
	options = parser.parse_args()
	if options.child:
		print(f"geometric mean {child(options):.2f}")
		return 0
	failed = False
	for threads in [options.threads] if options.threads else ["one", "all"]:
		alone = {"GRIDJIT_CPU_THREADS": "1", "NUMBA_NUM_THREADS": "1"} if threads == "one" else {}
		alone["GRIDJIT_STRAIGHT_AFTER"] = "0"          # warm: as after the million blocks that few rounds do not launch
		command = [sys.executable, __file__, *sys.argv[1:], "--child", threads]
		failed |= subprocess.run(command, env=os.environ | {"GRIDJIT_DEVICE": "cpu"} | alone).returncode != 0
	return int(failed)


if __name__ == "__main__":
	sys.exit(main())
