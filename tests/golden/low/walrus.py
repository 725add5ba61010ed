"""Assignment inside an expression."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if (k := i * 3) < 3 * y.shape[0] and (v := x[i]) > 2:
		while (v := v - 2) > 0:
			k += v
		y[i] = k + (z := v * 2) + z


def args():
	return [np.arange(70) * 7 % 23, np.zeros(70, np.int64)]
