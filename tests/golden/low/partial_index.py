"""Fewer indices than dimensions give a view; views are indexed, sliced, passed on and written to."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, :, ::1], float64[:, ::1])"


def dot(a, b):
	s = 0.0
	for k in range(a.size):
		s += a[k] * b[k]
	return s


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		plane = x[i % 3]
		row = plane[i % 4]
		column = x[i % 3, :, i % 5]
		y[i, 0] = dot(row, x[1, 2])
		y[i, 1] = dot(column, x[:, :, 1][2])
		y[i, 2] = dot(plane[1:, 2], x[0, 0:3, 4])
		out = y[i]
		out[3] = row[-1]
		out[4:][0] = x[:, i % 4][-1, 2]
		y[i, 5] = x[i % 3][1:3][-1][2]


def args():
	return [np.arange(60.0).reshape(3, 4, 5), np.zeros((70, 6))]
