"""NumPy's functions on scalars."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], int64[::1], float64[:, ::1])"
LIBDEVICE = True


def kernel(x, n, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		v = x[i]
		m = n[i]
		y[i, 0] = np.sqrt(v) + np.exp(v) + np.sin(v) + np.arctan2(v, 2.0) + np.power(v, 1.5)
		y[i, 1] = np.abs(-v) + np.floor(v) + np.ceil(v) + np.trunc(v) + np.rint(v)
		y[i, 2] = np.maximum(v, 2.0) + np.minimum(v, 3.0) + np.fmax(m, 2) + np.fmin(m, 3)
		y[i, 3] = np.add(m, 2) + np.subtract(m, 2) * np.multiply(v, 3.0) + np.divide(m, 4)
		y[i, 4] = np.floor_divide(m, 4) + np.mod(m, 4) + np.remainder(m, 5)
		y[i, 5] = np.bitwise_and(m, 6) + np.bitwise_or(m, 9) + np.bitwise_xor(m, 3) + np.invert(m)
		y[i, 6] = np.left_shift(m, 2) + np.right_shift(m, 1)
		y[i, 7] = int(np.less(m, 3)) + int(np.logical_and(m, 2)) + int(np.logical_not(m)) + int(np.equal(m, 5))
		y[i, 8] = np.sign(v) + np.square(m) + np.negative(v) + np.reciprocal(v) + np.signbit(-v)
		y[i, 9] = int(np.isnan(v)) + int(np.isfinite(v)) + np.deg2rad(v) + np.rad2deg(v)


def args():
	return [np.arange(1, 71) / 8, np.arange(70) % 13, np.zeros((70, 10))]


RTOL = 1e-13
