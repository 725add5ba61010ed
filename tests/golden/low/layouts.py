"""C, F and A layout of two and three dimensions, read and written; strides of zero and below."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], float64[::1, :], float64[:, :], float64[:, :, :], float64[::1, :])"


def kernel(c, f, a, b, y):
	i, j = cuda.grid(2)
	if i < y.shape[0] and j < y.shape[1]:
		y[i, j] = c[i, j] + 2 * f[i, j] + 3 * a[i, j] + 5 * b[i, j % 2, j]


def args():
	c = np.arange(30.0).reshape(5, 6)
	b = np.lib.stride_tricks.as_strided(c, (5, 2, 6), (48, 0, 8))[::-1]
	return [c, np.asfortranarray(c + 1), np.arange(60.0).reshape(10, 6)[::-2, ::-1], b, np.zeros((5, 6), order="F")]


LAUNCH = (2, 3), (4, 2)
