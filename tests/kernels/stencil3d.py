"""Seven-point Laplacian in three dimensions, single precision."""

import numpy as np
from gridjit import cuda, float32

from kernels import Case, blocks

SIZES = [3, 17, 40]
BLOCKS = [(32, 4, 2), (8, 8, 4), (5, 3, 2)]


@cuda.jit
def laplace(u, out, scale):
	k, j, i = cuda.grid(3)
	if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1 and 0 < k < u.shape[2] - 1:
		total = u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k] + u[i, j, k - 1] + u[i, j, k + 1]
		out[i, j, k] = scale * (total - float32(6.0) * u[i, j, k])


def expected(u, scale):
	out = np.zeros_like(u)
	c = u[1:-1, 1:-1, 1:-1].astype(np.float64)
	total = u[:-2, 1:-1, 1:-1].astype(np.float64) + u[2:, 1:-1, 1:-1] + u[1:-1, :-2, 1:-1] + u[1:-1, 2:, 1:-1] \
		+ u[1:-1, 1:-1, :-2] + u[1:-1, 1:-1, 2:]
	out[1:-1, 1:-1, 1:-1] = scale * (total - 6 * c)
	return out


def case(size, block, rng):
	u = rng.random((size, size + 1, size + 2), dtype=np.float32)
	grid = tuple(blocks(extent, threads) for extent, threads in zip(u.shape[::-1], block))
	scale = np.float32(0.125)
	return Case(laplace, [u, np.zeros_like(u), scale], grid, block, (1,), lambda: [expected(u, scale)],
		rtol=1e-5, atol=1e-5, work=u.size)
