"""The plane stencil on views that are not contiguous: neighbouring threads touch memory far apart."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [3, 33, 150]
BLOCKS = [(32, 4), (8, 8), (3, 11)]


@cuda.jit
def average(u, out):
	j, i = cuda.grid(2)
	if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1:
		out[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


def case(size, block, rng):
	u = np.asfortranarray(rng.random((2 * size, size + 1)))[::2]
	grid = blocks(u.shape[1], block[0]), blocks(u.shape[0], block[1])

	def expected():
		out = np.zeros(u.shape)
		out[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
		return [out]
	return Case(average, [u, np.zeros(u.shape, order="F")], grid, block, (1,), expected, rtol=1e-14, work=u.size)
