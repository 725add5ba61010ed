"""None and ... among the indices; arrays of no dimension."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], int64[:, ::1])"


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a = x[None, :, None]
		y[i, 0] = a.ndim * 100 + a.shape[0] + 10 * a.shape[3] + a[0, i % 3, 0, i % 4]
		y[i, 1] = x[..., i % 4][i % 3]
		y[i, 2] = x[i % 3, ...][1]
		y[i, 3] = x[..., 0][1] + x[..., None][2, 3, 0] + x[1, ..., 2]
		y[i, 4] = x[..., 1:, ::2][i % 2, 1]


def args():
	return [np.arange(12).reshape(3, 4), np.zeros((70, 5), np.int64)]
