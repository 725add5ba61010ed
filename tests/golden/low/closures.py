"""Lambdas and inner functions: captured variables, defaults, one that captures another, as arguments and results."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"


def apply(f, v):
	return f(v) + 1


def adder(n):
	return lambda v: v + n


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		k = i % 7
		twice = lambda v: 2 * v + k  # noqa: E731

		def scaled(v, by=3):
			def inner(w):
				return w * by + k
			return inner(v) + twice(v)

		y[i, 0] = twice(i)
		y[i, 1] = scaled(i) + scaled(i, by=k)
		for j in range(3):
			y[i, 2] += apply(lambda v: v * 10 + j, i)
		y[i, 3] = apply(scaled, 2) + adder(k)(5) + (twice, scaled)[1](3)


def args():
	return [np.zeros((70, 4), np.int64)]
