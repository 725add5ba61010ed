"""Inclusive prefix sum of each block's stretch: shuffles inside a warp, shared memory between warps."""

import numpy as np
from gridjit import cuda, int32

from kernels import Case, blocks

SIZES = [1, 64, 1000, 20_000]
BLOCKS = [32, 128, 1024]
FULL = 0xFFFFFFFF


@cuda.jit(device=True)
def scan_warp(value, lane):
	delta = 1
	while delta < 32:
		other = cuda.shfl_up_sync(FULL, value, delta)
		if lane >= delta:
			value += other
		delta *= 2
	return value


@cuda.jit
def block_scan(x, out):
	totals = cuda.shared.array(32, int32)
	i = cuda.grid(1)
	lane = cuda.laneid
	warp = cuda.threadIdx.x // 32
	value = int32(0)
	if i < x.shape[0]:
		value = x[i]
	value = int32(scan_warp(value, lane))
	if lane == 31:
		totals[warp] = value
	cuda.syncthreads()
	if warp == 0:
		total = int32(0)
		if lane < cuda.blockDim.x // 32:
			total = totals[lane]
		total = int32(scan_warp(total, lane))
		totals[lane] = total
	cuda.syncthreads()
	if warp > 0:
		value = int32(value + totals[warp - 1])
	if i < x.shape[0]:
		out[i] = value


def expected(x, block):
	return np.concatenate([np.cumsum(x[start:start + block], dtype=np.int32) for start in range(0, len(x), block)])


def case(size, block, rng):
	x = rng.integers(-100, 100, size, dtype=np.int32)
	return Case(block_scan, [x, np.zeros_like(x)], blocks(size, block), block, (1,), lambda: [expected(x, block)],
		work=size)
