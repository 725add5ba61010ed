"""range with one, two and three arguments; steps that are positive, negative, known at run time only; empty ranges."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		n = x[i]
		for j in range(n):
			y[i, 0] += j
		for j in range(3, n):
			y[i, 1] += j * j
		for j in range(n, -3, -4):
			y[i, 2] = y[i, 2] * 3 + j
		step = i % 5 - 2
		if step != 0:
			for j in range(5, 5 + 3 * step, step):
				y[i, 3] = y[i, 3] * 3 + j


def args():
	return [np.arange(70) % 11 - 2, np.zeros((70, 4), np.int64)]
