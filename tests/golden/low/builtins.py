"""abs, min, max, round, pow, divmod, len."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], int64[::1], float64[:, ::1])"


def kernel(x, n, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		v = x[i]
		m = n[i]
		y[i, 0] = abs(v) + abs(m)
		y[i, 1] = min(v, m, 2) + max(m, 3)
		y[i, 2] = min((m, 4, -1)) + max((v, 0.5))
		y[i, 3] = round(v) + round(v * 8, 1)
		q, r = divmod(m, 7)
		y[i, 4] = q * 100 + r
		p, s = divmod(v, 0.75)
		y[i, 5] = p * 100 + s
		y[i, 6] = pow(v, 2) + pow(m, 2)
		y[i, 7] = len(x) + len(y) + len((1, 2, 3)) + len(range(m)) + len(range(10, -10, -3))


def args():
	return [(np.arange(70) * 37 % 101 - 50) / 8, np.arange(70) - 35, np.zeros((70, 8))]
