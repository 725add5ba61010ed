"""Arrays of four to six dimensions."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int32[:, :, :, :, :, ::1], int32[:, :, :, :], int64[::1])"


def kernel(x, z, y):
	i = cuda.grid(1)
	if i < y.size:
		v = x[i % 2, :, -1, i % 3]
		y[i] = x[i % 2, i % 3, 1, i % 2, i % 3, i % 4] + v[i % 3, 1, 2] + z[i % 2, 1, -1, i % 3] * x.ndim + z[1].size


def args():
	return [np.arange(2 * 3 * 2 * 3 * 3 * 4, dtype=np.int32).reshape(2, 3, 2, 3, 3, 4),
		np.arange(72, dtype=np.int32).reshape(2, 3, 4, 3).transpose(0, 1, 3, 2)[:, :, ::-1, :3], np.zeros(70, np.int64)]
