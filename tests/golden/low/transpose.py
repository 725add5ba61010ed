"""a.T of C, F and strided arrays, and views of it."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], int64[::1, :], int64[:, :], int64[:, ::1])"


def kernel(c, f, a, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		p = i % 3
		q = i % 4
		y[i, 0] = c.T[q, p]
		y[i, 1] = f.T[q, p]
		y[i, 2] = a.T[q, p]
		y[i, 3] = c.T[1:, ::-1][p, q % 3]
		y[i, 4] = c.T.T[p, q] - c[p].T[q]
		y[i, 5] = f.T.strides[0] + 1000 * c.T.shape[0]


def args():
	base = np.arange(12).reshape(3, 4)
	return [base, np.asfortranarray(base * 2), np.repeat(base, 2, axis=1)[:, ::2] * 3, np.zeros((70, 6), np.int64)]
