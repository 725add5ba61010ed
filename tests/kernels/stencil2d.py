"""One Jacobi step of the heat equation on a plane: five points, borders copied."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [3, 33, 200]
BLOCKS = [(32, 4), (16, 16), (8, 3)]


@cuda.jit
def heat_step(u, out, alpha):
	j, i = cuda.grid(2)
	ny, nx = u.shape
	if i >= ny or j >= nx:
		return
	if i == 0 or j == 0 or i == ny - 1 or j == nx - 1:
		out[i, j] = u[i, j]
	else:
		out[i, j] = u[i, j] + alpha * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])


def expected(u, alpha):
	out = u.copy()
	around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]
	out[1:-1, 1:-1] = u[1:-1, 1:-1] + alpha * around
	return out


def case(size, block, rng):
	u = rng.random((size, size + 1))
	grid = blocks(size + 1, block[0]), blocks(size, block[1])
	return Case(heat_step, [u, np.zeros_like(u), 0.2], grid, block, (1,), lambda: [expected(u, 0.2)],
		rtol=1e-13, atol=1e-14, work=u.size)
