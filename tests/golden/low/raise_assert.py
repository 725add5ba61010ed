"""assert and raise end the thread that meets them."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def checked(v):
	if v == 5:
		raise ValueError("five")
	return v + 1


def kernel(x, y):
	i = cuda.grid(1)
	if i >= y.shape[0]:
		raise IndexError
	y[i, 0] = 1
	assert x[i] != 3, "three"
	y[i, 1] = 2
	for k in range(x[i]):
		y[i, 2] += checked(k)
	y[i, 3] = checked(x[i])


def args():
	return [np.arange(70) % 8, np.zeros((70, 4), np.int64)]


def expect(x, y):
	for i, v in enumerate(x):
		y[i, 0] = 1
		if v != 3:
			y[i, 1] = 2
			y[i, 2] = sum(k + 1 for k in range(min(v, 5)))
			y[i, 3] = v + 1 if v < 5 else 0
