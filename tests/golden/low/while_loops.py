"""while with break, continue and else, and one that runs for ever until it returns."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < x.shape[0]:
		n = x[i]
		steps = 0
		while n > 1:
			steps += 1
			if n % 2 == 0:
				n //= 2
				continue
			if steps > 12:
				break
			n = 3 * n + 1
		else:
			steps += 1000
		y[i, 0] = steps
		k = 0
		while True:
			k += x[i] + 1
			if k > 20:
				y[i, 1] = k
				return


def args():
	return [np.arange(1, 71), np.zeros((70, 2), np.int64)]
