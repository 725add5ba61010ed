"""Histogram of bytes: atomics in shared memory, then one atomic a bin and block."""

import numpy as np
from gridjit import cuda, int32

from kernels import Case

SIZES = [1, 1000, 40_000]
BLOCKS = [32, 256, 288]
BINS = 256


@cuda.jit
def histogram(values, counts):
	local = cuda.shared.array(BINS, int32)
	for b in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
		local[b] = 0
	cuda.syncthreads()
	for i in range(cuda.grid(1), values.shape[0], cuda.gridsize(1)):
		cuda.atomic.add(local, values[i], 1)
	cuda.syncthreads()
	for b in range(cuda.threadIdx.x, BINS, cuda.blockDim.x):
		if local[b] > 0:
			cuda.atomic.add(counts, b, local[b])


def case(size, block, rng):
	values = np.minimum(rng.geometric(0.02, size), 255).astype(np.uint8)
	grid = max(1, min(512, size // (4 * block)))
	return Case(histogram, [values, np.zeros(BINS, np.int32)], grid, block, (1,),
		lambda: [np.bincount(values, minlength=BINS).astype(np.int32)], work=size)
