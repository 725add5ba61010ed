"""Sum of an array: a grid-stride loop, a tree in shared memory, one atomic a block."""

from functools import lru_cache

import numpy as np
from gridjit import cuda, float64

from kernels import Case

SIZES = [1, 100, 5000, 100_000]
BLOCKS = [32, 128, 512]


@lru_cache(None)
def kernel_for(threads, kind):
	@cuda.jit
	def block_sum(x, total):
		shared = cuda.shared.array(threads, kind)
		tid = cuda.threadIdx.x
		acc = kind(0)
		for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
			acc += x[i]
		shared[tid] = acc
		cuda.syncthreads()
		step = threads // 2
		while step > 0:
			if tid < step:
				shared[tid] += shared[tid + step]
			cuda.syncthreads()
			step //= 2
		if tid == 0:
			cuda.atomic.add(total, 0, shared[0])
	return block_sum


def case(size, block, rng, kind=float64):
	x = rng.random(size).astype(str(kind))
	grid = max(1, min(1024, size // block))
	return Case(kernel_for(block, kind), [x, np.zeros(1, x.dtype)], grid, block, (1,),
		lambda: [x.sum(dtype=np.float64, keepdims=True).astype(x.dtype)], rtol=1e-12 if kind is float64 else 1e-4, work=size)
