"""A condition on this round's value says nothing of the value of the round before, which may index from the end."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1], int64[::1])"


def kernel(x, next, y):
	t = cuda.grid(1)
	if t < y.shape[0]:
		i = 0
		total = 0
		for k in range(next.shape[0]):
			j = next[k]
			if j >= 0:
				total = total * 10 + x[i]
			i = j
		y[t] = total


def args():
	return [np.arange(1, 6), np.array([2, -1, 3, -2, 1, 0]), np.zeros(70, np.int64)]
