"""match on numbers and bools, alternatives, guards and names."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		match x[i] % 9:
			case 0:
				r = 10
			case 1 | 2:
				r = 20
			case v if v > 6:
				r = v * 100
			case 4:
				return
			case _:
				r = -1
		match bool(x[i] > 40):
			case True:
				r += 1000
		y[i] = r


def args():
	return [np.arange(70), np.zeros(70, np.int64)]
