"""return from the middle of a kernel and of device functions, out of loops; one that returns nothing."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def first_above(x, limit):
	for j in range(x.shape[0]):
		if x[j] > limit:
			return j
	return -1


def bump(y, i):
	if i % 3 == 0:
		return
	y[i, 1] += 5


def kernel(x, y):
	i = cuda.grid(1)
	if i >= y.shape[0]:
		return
	y[i, 0] = first_above(x, i)
	bump(y, i)
	if i % 2:
		return
	y[i, 2] = 1


def args():
	return [np.arange(70) * 13 % 60, np.zeros((70, 3), np.int64)]
