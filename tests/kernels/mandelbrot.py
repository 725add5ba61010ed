"""The Mandelbrot set: a device function whose loop each thread leaves at a different time."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks

SIZES = [1, 50, 120]
BLOCKS = [(32, 4), (16, 16), (7, 5)]
ITERATIONS = 100


@cuda.jit(device=True)
def escape_time(cr, ci, limit):
	zr = 0.0
	zi = 0.0
	for n in range(limit):
		if zr * zr + zi * zi > 4.0:
			return n
		zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
	return limit


@cuda.jit
def mandelbrot(image, left, top, step, limit):
	x, y = cuda.grid(2)
	if y < image.shape[0] and x < image.shape[1]:
		image[y, x] = escape_time(left + x * step, top + y * step, limit)


def expected(shape, left, top, step, limit):
	"""The same recurrence in NumPy; a pixel whose orbit grazes the circle may differ by rounding."""
	c = (left + step * np.arange(shape[1]))[None, :] + 1j * (top + step * np.arange(shape[0]))[:, None]
	z = np.zeros_like(c)
	count = np.full(shape, limit, np.int32)
	for n in range(limit):
		inside = count == limit
		out = inside & (z.real * z.real + z.imag * z.imag > 4.0)
		count[out] = n
		inside &= ~out
		z[inside] = z[inside] * z[inside] + c[inside]
	return count


def case(size, block, rng):
	shape = size, size + 3
	args = [np.zeros(shape, np.int32), -2.0, -1.25, 2.5 / size, ITERATIONS]
	grid = blocks(shape[1], block[0]), blocks(shape[0], block[1])
	return Case(mandelbrot, args, grid, block, (0,), lambda: [expected(shape, -2.0, -1.25, 2.5 / size, ITERATIONS)],
		stray=0.005, work=float(size) * size, unit="pixels")
