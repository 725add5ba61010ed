"""Slices with steps: negative, larger than the array, known at run time only; views of views."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def digits(a):
	s = 0
	for v in a:
		s = 10 * s + v
	return s


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a = i % 11 - 5
		b = i // 11 - 5
		y[i, 0] = digits(x[a:b:2])
		y[i, 1] = digits(x[a:b:-1])
		y[i, 2] = digits(x[::-1]) + digits(x[a::-2]) + digits(x[:b:-3])
		step = i % 7 - 3
		if step != 0:
			y[i, 3] = digits(x[a:b:step])
			y[i, 4] = digits(x[::step][::-1][1:])
		y[i, 5] = digits(x[::-1][1:4]) + digits(x[::100]) + x[::-2][-1]


def args():
	return [np.arange(1, 8), np.zeros((121, 6), np.int64)]


LAUNCH = 4, 32
