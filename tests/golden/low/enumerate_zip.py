"""enumerate, with a start, and zip over arrays and tuples; reversed of a range."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1], int64[:, ::1])"


def kernel(x, z, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		for k, v in enumerate(x):
			y[i, 0] = y[i, 0] * 2 + k * v
		for k, row in enumerate(z, 5):
			y[i, 1] += k * row[i % 3]
		for a, b in zip(x, z[1]):
			y[i, 2] = y[i, 2] * 2 + a * b
		for a, b, c in zip((1, 2, 3), x[::-1], range(i % 5)):
			y[i, 3] = y[i, 3] * 2 + a * b + c
		for k, (a, b) in enumerate(zip(x, x[1:])):
			if k == i:
				break
			y[i, 4] += a * b * k
		for k in reversed(range(i % 4, 9, 2)):
			y[i, 5] = y[i, 5] * 3 + k


def args():
	return [np.arange(1, 8), np.arange(12).reshape(4, 3), np.zeros((70, 6), np.int64)]
