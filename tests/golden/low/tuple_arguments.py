"""Kernels take tuples, nested ones and ones of arrays; arrays of no dimension and of no item."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(UniTuple(int64, 2), Tuple((float64, Tuple((int64[::1], int32)))), float64[:, ::1], int64[::1], float64[::1])"


def kernel(a, b, empty, none, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		scale, (x, k) = b
		y[i] = a[0] + a[1] * i + scale * x[i % len(x)] + k
		for row in empty:
			y[i] = row[0]
		for v in none:
			y[i] += v
		y[i] += empty.size + 2 * empty.shape[1] + len(none)


def args():
	return [(3, 5), (0.5, (np.arange(7), np.int32(9))), np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(70)]
