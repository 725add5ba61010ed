"""The kernels as numba users write them for a CPU: loops over prange."""

import math

import numba
import numpy as np


def parallel(function=None, **options):
	return numba.njit(parallel=True, **options)(function) if function else lambda f: numba.njit(parallel=True, **options)(f)


def serial(loop):
	"""The same loop on one thread, without the machinery of prange."""
	return numba.njit(fastmath=loop.targetoptions.get("fastmath", False))(loop.py_func)


@parallel
def saxpy(a, x, y, out):
	for i in numba.prange(out.shape[0]):
		out[i] = a * x[i] + y[i]


@parallel
def stencil2d(u, out, alpha):
	ny, nx = u.shape
	for i in numba.prange(ny):
		for j in range(nx):
			if i == 0 or j == 0 or i == ny - 1 or j == nx - 1:
				out[i, j] = u[i, j]
			else:
				out[i, j] = u[i, j] + alpha * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])


@parallel
def stencil3d(u, out, scale):
	for i in numba.prange(1, u.shape[0] - 1):
		for j in range(1, u.shape[1] - 1):
			for k in range(1, u.shape[2] - 1):
				total = u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k] + u[i, j, k - 1] + u[i, j, k + 1]
				out[i, j, k] = scale * (total - np.float32(6.0) * u[i, j, k])


@parallel
def transpose(a, out):
	for i in numba.prange(out.shape[0]):
		for j in range(out.shape[1]):
			out[i, j] = a[j, i]


@parallel(fastmath=True)
def block_sum(x, total):
	acc = 0.0
	for i in numba.prange(x.shape[0]):
		acc += x[i]
	total[0] += acc


@parallel(fastmath=True)
def nbody(pos, acc):
	for i in numba.prange(pos.shape[0]):
		ax = ay = az = np.float32(0.0)
		for j in range(pos.shape[0]):
			dx = pos[j, 0] - pos[i, 0]
			dy = pos[j, 1] - pos[i, 1]
			dz = pos[j, 2] - pos[i, 2]
			inverse = np.float32(1.0) / math.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-3))
			force = pos[j, 3] * inverse * inverse * inverse
			ax += dx * force
			ay += dy * force
			az += dz * force
		acc[i, 0] = ax
		acc[i, 1] = ay
		acc[i, 2] = az


@numba.njit
def escape_time(cr, ci, limit):
	zr = 0.0
	zi = 0.0
	for n in range(limit):
		if zr * zr + zi * zi > 4.0:
			return n
		zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
	return limit


@parallel
def mandelbrot(image, left, top, step, limit):
	for y in numba.prange(image.shape[0]):
		for x in range(image.shape[1]):
			image[y, x] = escape_time(left + x * step, top + y * step, limit)


HALF, ONE, K0 = np.float32(0.5), np.float32(1.0), np.float32(0.2316419)
A0, A1, A2 = np.float32(0.39894228), np.float32(0.31938153), np.float32(-0.356563782)
A3, A4, A5 = np.float32(1.781477937), np.float32(-1.821255978), np.float32(1.330274429)


@numba.njit
def normal_cdf(d):
	k = ONE / (ONE + K0 * math.fabs(d))
	series = k * (A1 + k * (A2 + k * (A3 + k * (A4 + k * A5))))
	result = A0 * math.exp(-HALF * d * d) * series
	if d > 0:
		result = ONE - result
	return result


@parallel
def black_scholes(call, put, price, strike, years, rate, volatility):
	for i in numba.prange(price.shape[0]):
		s, x, t = price[i], strike[i], years[i]
		root = math.sqrt(t)
		d1 = (math.log(s / x) + (rate + HALF * volatility * volatility) * t) / (volatility * root)
		d2 = d1 - volatility * root
		discount = x * math.exp(-rate * t)
		n1 = normal_cdf(d1)
		n2 = normal_cdf(d2)
		call[i] = s * n1 - discount * n2
		put[i] = discount * (ONE - n2) - s * (ONE - n1)


@parallel
def strided_stencil(u, out):
	for j in numba.prange(1, u.shape[1] - 1):
		for i in range(1, u.shape[0] - 1):
			out[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


KERNELS = dict(saxpy=saxpy, stencil2d=stencil2d, stencil3d=stencil3d, transpose=transpose, block_sum=block_sum, nbody=nbody,
	mandelbrot=mandelbrot, black_scholes=black_scholes, strided_stencil=strided_stencil)
