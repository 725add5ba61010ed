"""Every operator on float64."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], float64[::1], float64[:, ::1])"


def kernel(a, b, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		p = a[i]
		q = b[i]
		y[i, 0] = p + q
		y[i, 1] = p - q
		y[i, 2] = p * q
		y[i, 3] = p / q
		y[i, 4] = p // q
		y[i, 5] = p % q
		y[i, 6] = p ** 3
		y[i, 7] = p ** -2
		y[i, 8] = -p
		y[i, 9] = +p
		y[i, 10] = p ** 2 * 4 - 1


def args():
	a = (np.arange(70) * 37 % 101 - 50) / 4
	b = (np.arange(70) * 11 % 23 - 11) / 8
	a[a == 0] = 3
	b[b == 0] = 5
	return [a, b, np.zeros((70, 11))]


RTOL = 1e-15
