"""Gravitational acceleration of every body by every other, tile by tile, with fast math."""

import math
from functools import lru_cache

import numpy as np
from gridjit import cuda, float32

from kernels import Case, blocks

SIZES = [1, 33, 300]
BLOCKS = [32, 64, 128]
SOFT = 1e-3


@lru_cache(None)
def kernel_for(threads):
	@cuda.jit(fastmath=True)
	def nbody(pos, acc):
		tile = cuda.shared.array((threads, 4), float32)
		i = cuda.grid(1)
		n = pos.shape[0]
		px = py = pz = float32(0.0)
		if i < n:
			px = pos[i, 0]
			py = pos[i, 1]
			pz = pos[i, 2]
		ax = ay = az = float32(0.0)
		for start in range(0, n, threads):
			j = start + cuda.threadIdx.x
			if j < n:
				for d in range(4):
					tile[cuda.threadIdx.x, d] = pos[j, d]
			else:
				tile[cuda.threadIdx.x, 3] = 0
				for d in range(3):
					tile[cuda.threadIdx.x, d] = 0
			cuda.syncthreads()
			for k in range(threads):
				dx = tile[k, 0] - px
				dy = tile[k, 1] - py
				dz = tile[k, 2] - pz
				inverse = float32(1.0) / math.sqrt(dx * dx + dy * dy + dz * dz + float32(SOFT))
				force = tile[k, 3] * inverse * inverse * inverse
				ax += dx * force
				ay += dy * force
				az += dz * force
			cuda.syncthreads()
		if i < n:
			acc[i, 0] = ax
			acc[i, 1] = ay
			acc[i, 2] = az
	return nbody


def expected(pos):
	p = pos.astype(np.float64)
	d = p[None, :, :3] - p[:, None, :3]
	force = p[None, :, 3] / ((d * d).sum(axis=2) + SOFT) ** 1.5
	return (d * force[:, :, None]).sum(axis=1).astype(np.float32)


def case(size, block, rng):
	pos = rng.random((size, 4), dtype=np.float32)
	return Case(kernel_for(block), [pos, np.zeros((size, 3), np.float32)], blocks(size, block), block, (1,),
		lambda: [expected(pos)], rtol=2e-3, atol=2e-2, work=float(size) * size, unit="interactions")
