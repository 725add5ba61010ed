"""for with break, continue and else; the variable keeps its last value after the loop."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		found = -1
		j = -5
		for j in range(i % 7):
			if x[j] == 3:
				continue
			if x[j] > 4:
				found = j
				break
		else:
			found = 100
		y[i, 0] = found
		y[i, 1] = j


def args():
	return [np.array([1, 3, 2, 4, 9, 3, 8]), np.zeros((70, 2), np.int64)]
