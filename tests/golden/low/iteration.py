"""for over arrays of one and more dimensions, over views, tuples, shapes; unpacking in the head."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], int64[::1], int64[:, ::1])"


def kernel(x, z, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		for v in z:
			y[i, 0] = y[i, 0] * 3 + v
		for row in x:
			for v in row[i % 2::2]:
				y[i, 1] = y[i, 1] * 3 + v
			y[i, 2] += row[-1]
		for v in z[::-1]:
			if v == 4:
				break
			y[i, 3] = y[i, 3] * 3 + v
		for a, b in ((1, 2), (i, 4), (5, i)):
			y[i, 4] += a * b
		for v in (i, 7, 9):
			y[i, 5] = y[i, 5] * 2 + v
		for v in z[3:1]:
			y[i, 5] = -1


def args():
	return [np.arange(12).reshape(3, 4), np.arange(2, 7), np.zeros((70, 6), np.int64)]
