"""Views: start, stop and step, clamped as in Python; length and items of what is left."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], float64[:, ::1])"


def total(a):
	s = 0.0
	for v in a:
		s = 2 * s + v
	return s


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a = i % 11 - 5
		b = i % 13 - 6
		y[i, 0] = total(x[a:b])
		y[i, 1] = total(x[a:])
		y[i, 2] = total(x[:b])
		y[i, 3] = total(x[1:-1]) + len(x[2:100]) + len(x[5:2])
		v = x[1:5]
		w = v[1:]
		y[i, 4] = w[-1] + w[0] + len(w)
		y[i, 5] = total(x[:])


def args():
	return [np.arange(1.0, 8), np.zeros((143, 6))]


LAUNCH = 5, 32
