"""Operands of different types: small integers become int64, float32 with an integer float64, uint64 with int64 float64 at a
phi."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int8[::1], uint8[::1], int32[::1], uint64[::1], float32[::1], int64[:, ::1], float64[:, ::1])"


def kernel(a, b, c, d, f, y, z):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = a[i] * b[i]
		y[i, 1] = c[i] + c[i]
		y[i, 2] = a[i] << 40
		y[i, 3] = -b[i]
		y[i, 4] = ~b[i]
		y[i, 5] = d[i] > a[i]
		z[i, 0] = f[i] * c[i]
		z[i, 1] = f[i] * f[i]
		z[i, 2] = c[i] / b[i]
		z[i, 3] = d[i] if a[i] > 0 else c[i]


def args():
	n = 70
	a = (np.arange(n) * 37 % 255 - 127).astype(np.int8)
	return [a, (np.arange(n) % 255 + 1).astype(np.uint8), (np.arange(n) * 10 ** 8 - 10 ** 9).astype(np.int32),
		np.arange(n).astype(np.uint64) + np.uint64(2 ** 63 - 5), np.arange(n, dtype=np.float32) / 3,
		np.zeros((n, 6), np.int64), np.zeros((n, 4))]


def expect(a, b, c, d, f, y, z):
	wide = a.astype(np.int64)
	y[:, 0] = wide * b
	y[:, 1] = c.astype(np.int64) * 2
	y[:, 2] = wide << 40
	y[:, 3] = (256 - b.astype(np.int64)) % 256     # in the operand's own width
	y[:, 4] = 255 - b.astype(np.int64)
	y[:, 5] = 1
	z[:, 0] = f.astype(np.float64) * c
	z[:, 1] = f * f
	z[:, 2] = c / b.astype(np.float64)
	z[:, 3] = np.where(a > 0, d.astype(np.float64), c)
