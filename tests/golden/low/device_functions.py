"""Functions that a kernel calls: plain ones, decorated ones, a different type at each call, one called by another."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], int64[::1], float64[:, ::1])"


@cuda.jit(device=True)
def square(a):
	return a * a


@cuda.jit(device=True, inline=True)
def poly(a, b):
	return square(a) + b


def apply(f, a):
	return f(a, 1) - f(a, 2)


def kernel(x, n, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = square(x[i])
		y[i, 1] = square(n[i])
		y[i, 2] = poly(n[i], x[i])
		y[i, 3] = apply(poly, x[i])


def args():
	return [np.arange(70) / 4, np.arange(70) - 35, np.zeros((70, 4))]
