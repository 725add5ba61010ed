"""bool arrays and values: comparisons, & | ^, arithmetic, conversion of what is stored."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(bool_[::1], int64[::1], bool_[:, ::1], int64[:, ::1])"


def kernel(p, x, q, y):
	i = cuda.grid(1)
	if i < p.shape[0]:
		a = p[i]
		b = x[i] > 3
		q[i, 0] = a & b
		q[i, 1] = a | b
		q[i, 2] = a ^ b
		q[i, 3] = not a
		q[i, 4] = x[i]
		q[i, 5] = x[i] / 2
		q[i, 6] = True if a else b
		y[i, 0] = a + b
		y[i, 1] = a * 5
		y[i, 2] = a
		y[i, 3] = a == b
		y[i, 4] = -a


def args():
	return [np.arange(70) % 3 == 0, np.arange(70) * 5 % 8, np.zeros((70, 7), np.bool_), np.zeros((70, 5), np.int64)]


def expect(p, x, q, y):
	b = x > 3
	q[:] = np.stack([p & b, p | b, p ^ b, ~p, x != 0, x != 0, p | b], 1)
	y[:] = np.stack([p.astype(int) + b, p * 5, p, p == b, -p.astype(int)], 1)
