"""The Mandelbrot set on complex numbers: the arithmetic of mandelbrot, written as mathematics does."""

import numpy as np
from gridjit import cuda

from kernels import Case, blocks
from kernels.mandelbrot import expected

SIZES = [1, 50, 120]
BLOCKS = [(32, 4), (16, 16), (7, 5)]
ITERATIONS = 100


@cuda.jit(device=True)
def escape_time(c, limit):
	z = 0j
	for n in range(limit):
		if z.real * z.real + z.imag * z.imag > 4.0:
			return n
		z = z * z + c
	return limit


@cuda.jit
def mandelbrot_complex(image, corner, step, limit):
	x, y = cuda.grid(2)
	if y < image.shape[0] and x < image.shape[1]:
		image[y, x] = escape_time(corner + step * complex(x, y), limit)


def case(size, block, rng):
	shape = size, size + 3
	args = [np.zeros(shape, np.int32), -2.0 - 1.25j, 2.5 / size, ITERATIONS]
	grid = blocks(shape[1], block[0]), blocks(shape[0], block[1])
	return Case(mandelbrot_complex, args, grid, block, (0,), lambda: [expected(shape, -2.0, -1.25, 2.5 / size, ITERATIONS)],
		stray=0.005, work=float(size) * size, unit="pixels")
