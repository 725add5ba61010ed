"""Every operator on int64, with Python's floor division and modulo."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1], int64[:, ::1], float64[::1])"


def kernel(a, b, y, z):
	i = cuda.grid(1)
	if i < y.shape[0]:
		p = a[i]
		q = b[i]
		y[i, 0] = p + q
		y[i, 1] = p - q
		y[i, 2] = p * q
		y[i, 3] = p // q
		y[i, 4] = p % q
		y[i, 5] = p & q
		y[i, 6] = p | q
		y[i, 7] = p ^ q
		y[i, 8] = p << (q & 7)
		y[i, 9] = p >> (q & 7)
		y[i, 10] = p ** (q & 7)
		y[i, 11] = -p
		y[i, 12] = +p
		y[i, 13] = ~p
		z[i] = p / q


def args():
	a = np.arange(70) * 37 % 101 - 50
	b = np.arange(70) * 11 % 23 - 11
	b[b == 0] = 5
	return [a, b, np.zeros((70, 14), np.int64), np.zeros(70)]
