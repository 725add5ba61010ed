"""Indices below zero count from the end, whether they are known or not; unsigned ones do not."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], int32[::1], uint32[::1], int64[:, ::1])"


def kernel(x, a, b, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = x[-1, -2]
		y[i, 1] = x[a[i], -1 - i % 3]
		y[i, 2] = x[b[i], 0]
		y[-1 - i, 3] = x[i % 3 - 3, i % 4]
		if i >= 1:
			y[i, 4] = y[i - 1, 5]


def args():
	n = 70
	return [np.arange(12).reshape(3, 4), (np.arange(n) % 6 - 3).astype(np.int32), (np.arange(n) % 3).astype(np.uint32),
		np.arange(n * 6).reshape(n, 6) * 100]
