"""Tuples: +, comparison, `in`, an index that is known at run time only, slices, iteration."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"
PRIMES = (2, 3, 5, 7, 11)


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a = i % 3, i % 4
		b = i % 2, i % 5
		c = a + b + (9,)
		y[i, 0] = c[i % 5]
		y[i, 1] = c[-1 - i % 5]
		y[i, 2] = (a < b) + 2 * (a == b) + 4 * (a >= b) + 8 * (a != c)
		y[i, 3] = i in PRIMES
		y[i, 4] = i % 11 not in (1, 2, 3)
		for p in PRIMES:
			y[i, 5] = y[i, 5] * 2 + p
		y[i, 6] = PRIMES[i % 5]
		y[i, 7] = c[1:3][1] + c[::-1][0] * 10 + PRIMES[-2:][0] + len(y.shape[1:])


def args():
	return [np.zeros((70, 8), np.int64)]
