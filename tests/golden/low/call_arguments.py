"""Calls with keyword, default and keyword-only arguments."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"


def mix(a, b=10, *, c=100, d):
	return a + 2 * b + 3 * c + 5 * d


def maybe(a, extra=None):
	if extra is None:
		return a
	return a + extra


def positional(a, b=7, /, c=1):
	return a * b - c


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = mix(i, d=1)
		y[i, 1] = mix(d=i, a=2, c=3, b=4)
		y[i, 2] = mix(i, 3, d=2)
		y[i, 3] = maybe(i) + maybe(i, 5) + maybe(extra=2, a=1)
		y[i, 4] = positional(i) + positional(i, 2) + positional(i, 2, c=3)


def args():
	return [np.zeros((70, 5), np.int64)]
