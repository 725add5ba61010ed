"""Operators as functions, and a device function as an argument."""
import operator

import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"


def fold(f, n, start):
	total = start
	for k in range(1, n):
		total = f(total, k)
	return total


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = operator.add(i, 3) * operator.floordiv(i, 2) - operator.neg(i)
		y[i, 1] = fold(operator.add, i % 9, 5)
		y[i, 2] = fold(operator.mul, i % 9, 1)
		y[i, 3] = fold(max, i % 9, 3) + fold(lambda a, b: a ^ b, i % 9, 0)
		y[i, 4] = operator.lt(i, 30) + operator.not_(i)


def args():
	return [np.zeros((70, 5), np.int64)]
