"""if, elif and else, nested; a variable that every path sets."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i >= x.shape[0]:
		return
	v = x[i]
	if v < -2:
		r = -1
	elif v == 0:
		r = 0
	elif v > 3:
		if v > 6:
			r = 7
		else:
			r = 4
	else:
		r = 1
	y[i] = r


def args():
	return [np.arange(64) % 17 - 8, np.zeros(64, np.int64)]
