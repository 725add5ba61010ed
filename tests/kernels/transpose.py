"""Matrix transpose through a padded tile in shared memory."""

import numpy as np
from gridjit import cuda, float32

from kernels import Case, blocks

SIZES = [1, 32, 75, 129]
BLOCKS = [(32, 8), (32, 32), (32, 1)]
TILE = 32


@cuda.jit
def transpose(a, out):
	tile = cuda.shared.array((TILE, TILE + 1), float32)
	x = cuda.blockIdx.x * TILE + cuda.threadIdx.x
	y = cuda.blockIdx.y * TILE + cuda.threadIdx.y
	for j in range(0, TILE, cuda.blockDim.y):
		if x < a.shape[1] and y + j < a.shape[0]:
			tile[cuda.threadIdx.y + j, cuda.threadIdx.x] = a[y + j, x]
	cuda.syncthreads()
	x = cuda.blockIdx.y * TILE + cuda.threadIdx.x
	y = cuda.blockIdx.x * TILE + cuda.threadIdx.y
	for j in range(0, TILE, cuda.blockDim.y):
		if x < out.shape[1] and y + j < out.shape[0]:
			out[y + j, x] = tile[cuda.threadIdx.x, cuda.threadIdx.y + j]


def case(size, block, rng):
	a = rng.random((size, size + 7), dtype=np.float32)
	grid = blocks(a.shape[1], TILE), blocks(a.shape[0], TILE)
	return Case(transpose, [a, np.zeros(a.shape[::-1], np.float32)], grid, block, (1,),
		lambda: [np.ascontiguousarray(a.T)], work=a.size)
