"""Matrix product through square tiles in shared memory."""

from functools import lru_cache

import numpy as np
from gridjit import cuda, float32

from kernels import Case, blocks

SIZES = [1, 16, 70]
BLOCKS = [(8, 8), (16, 16), (32, 32)]


@lru_cache(None)
def kernel_for(tile):
	@cuda.jit
	def matmul(a, b, c):
		sa = cuda.shared.array((tile, tile), float32)
		sb = cuda.shared.array((tile, tile), float32)
		tx = cuda.threadIdx.x
		ty = cuda.threadIdx.y
		x, y = cuda.grid(2)
		acc = float32(0.0)
		for t in range((a.shape[1] + tile - 1) // tile):
			sa[ty, tx] = 0
			sb[ty, tx] = 0
			if y < a.shape[0] and t * tile + tx < a.shape[1]:
				sa[ty, tx] = a[y, t * tile + tx]
			if x < b.shape[1] and t * tile + ty < b.shape[0]:
				sb[ty, tx] = b[t * tile + ty, x]
			cuda.syncthreads()
			for k in range(tile):
				acc += sa[ty, k] * sb[k, tx]
			cuda.syncthreads()
		if y < c.shape[0] and x < c.shape[1]:
			c[y, x] = acc
	return matmul


def case(size, block, rng):
	a = rng.random((size, size + 3), dtype=np.float32)
	b = rng.random((size + 3, size + 1), dtype=np.float32)
	c = np.zeros((size, size + 1), np.float32)
	grid = blocks(c.shape[1], block[0]), blocks(c.shape[0], block[1])
	return Case(kernel_for(block[0]), [a, b, c], grid, block, (2,),
		lambda: [(a.astype(np.float64) @ b).astype(np.float32)], rtol=1e-4,
		work=float(a.shape[0]) * a.shape[1] * b.shape[1], unit="multiply-adds")
