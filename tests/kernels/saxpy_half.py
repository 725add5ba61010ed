"""saxpy in half precision: two elements fit into a register, for an instruction that works on both."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [1, 31, 1000, 65537]
BLOCKS = [32, 100, 256]


@cuda.jit
def saxpy_half(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]


def case(size, block, rng):
	x = rng.standard_normal(size).astype(np.float16)
	y = rng.standard_normal(size).astype(np.float16)
	a = np.float16(2.5)
	return Case(saxpy_half, [a, x, y, np.zeros_like(x)], blocks(size, block), block, (3,),
		lambda: [(a.astype(np.float64) * x + y).astype(np.float16)], rtol=1e-3, atol=4e-3, work=size)
