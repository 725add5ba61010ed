"""a < b <= c evaluates b once and stops at the first that is false."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], bool_[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if 0 <= i < y.shape[0]:
		v = x[i]
		y[i, 0] = 2 < v <= 5
		y[i, 1] = 1 <= v != 3 < 10
		y[i, 2] = 0 < x[v] < v < x[i - 1]
		if not 3 < v < 9 > 2:
			y[i, 3] = v == v == i


def args():
	return [np.arange(70) * 7 % 11, np.zeros((70, 4), np.bool_)]
