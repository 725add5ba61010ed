"""out = a x + y, the hello world of kernels."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [1, 31, 1000, 65537]
BLOCKS = [32, 100, 256]


@cuda.jit
def saxpy(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]


def case(size, block, rng):
	x = rng.standard_normal(size, dtype=np.float32)
	y = rng.standard_normal(size, dtype=np.float32)
	a = np.float32(2.5)
	return Case(saxpy, [a, x, y, np.zeros_like(x)], blocks(size, block), block, (3,),
		lambda: [(a.astype(np.float64) * x + y).astype(np.float32)], rtol=1e-6, atol=1e-6, work=size)
