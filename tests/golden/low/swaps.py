"""Variables that change places round a loop; two loops that share a variable of changing type."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], float64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a, b, c = 1, 2, 3
		for k in range(x[i]):
			a, b, c = b, c, a + b
		y[i, 0] = a + 10 * b + 100 * c
		s = 0
		for k in range(x[i]):
			s += k / 2
		y[i, 1] = s
		r = x
		if i % 2:
			r = x[::2]
		y[i, 2] = r[3]


def args():
	return [np.arange(70) % 9, np.zeros((70, 3))]
