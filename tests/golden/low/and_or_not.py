"""and and or give one of their operands and evaluate the second only if they must; not gives a bool."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		v = i % 5
		w = i % 3
		y[i, 0] = v and w
		y[i, 1] = v or w
		y[i, 2] = not v
		y[i, 3] = (v > 1 and w < 2) or not (v == 3 or w)
		if i + 1 < x.shape[0] and x[i + 1] > 3 or v == 0:
			y[i, 4] = 1
		while v and not w:
			v -= 1
			w = v == 2
		y[i, 5] = v


def args():
	return [np.arange(70) % 7, np.zeros((70, 6), np.int64)]
