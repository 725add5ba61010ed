"""The same as nbody, of bodies that are records."""

import math
from functools import lru_cache

import numpy as np
from gridjit import cuda, float32, from_dtype

from kernels import Case, blocks

SIZES = [1, 33, 300]
BLOCKS = [32, 64, 128]
SOFT = 1e-3
BODY = np.dtype([("x", np.float32), ("y", np.float32), ("z", np.float32), ("mass", np.float32)], align=True)
body = from_dtype(BODY)


@lru_cache(None)
def kernel_for(threads):
	@cuda.jit(fastmath=True)
	def nbody_records(bodies, acc):
		tile = cuda.shared.array(threads, body)
		i = cuda.grid(1)
		n = bodies.shape[0]
		px = py = pz = float32(0.0)
		if i < n:
			p = bodies[i]
			px = p.x
			py = p.y
			pz = p.z
		ax = ay = az = float32(0.0)
		for start in range(0, n, threads):
			j = start + cuda.threadIdx.x
			mine = tile[cuda.threadIdx.x]
			if j < n:
				tile[cuda.threadIdx.x] = bodies[j]
			else:
				mine.x = mine.y = mine.z = mine.mass = float32(0.0)
			cuda.syncthreads()
			for k in range(threads):
				q = tile[k]
				dx = q.x - px
				dy = q.y - py
				dz = q.z - pz
				inverse = float32(1.0) / math.sqrt(dx * dx + dy * dy + dz * dz + float32(SOFT))
				force = q.mass * inverse * inverse * inverse
				ax += dx * force
				ay += dy * force
				az += dz * force
			cuda.syncthreads()
		if i < n:
			acc[i, 0] = ax
			acc[i, 1] = ay
			acc[i, 2] = az
	return nbody_records


def expected(bodies):
	p = np.stack([bodies[name].astype(np.float64) for name in "xyz"], axis=1)
	d = p[None] - p[:, None]
	force = bodies["mass"][None].astype(np.float64) / ((d * d).sum(axis=2) + SOFT) ** 1.5
	return (d * force[:, :, None]).sum(axis=1).astype(np.float32)


def case(size, block, rng):
	bodies = rng.random((size, 4), dtype=np.float32).view(BODY)[:, 0]
	return Case(kernel_for(block), [bodies, np.zeros((size, 3), np.float32)], blocks(size, block), block, (1,),
		lambda: [expected(bodies)], rtol=2e-3, atol=2e-2, work=float(size) * size, unit="interactions")
