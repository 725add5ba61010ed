"""a if c else b: in other expressions, nested, with types that differ."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], float64[::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < x.shape[0]:
		v = x[i]
		a = v if v > 0 else -v
		b = 1 if v > 3 else 2.5 if v > 0 else -1
		y[i] = (a + b) * (2 if v % 2 else 3)


def args():
	return [np.arange(70) % 13 - 6, np.zeros(70)]
