"""a[...] = value: a number, an array, one that is repeated along a dimension; ellipsis; single elements of no dimension."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], float64[:, :, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i] = 1
		y[i, 1:3, ::2] = x[i % 3, 0]
		y[i, 0, :] = x[i % 3]
		y[i, :, 1] = x[0, :4]
		y[i, 2:, 2:] = x[1:3, 1:4]
		y[i, 3, ...] = x[1]
		y[i, 3, 0] = y[i, -1, ..., 1]


def args():
	return [np.arange(15.0).reshape(3, 5), np.zeros((70, 4, 5))]
