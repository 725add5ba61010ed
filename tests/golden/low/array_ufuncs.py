"""Ufuncs of arrays, element by element into a given array: broadcast, scalars beside arrays, into one of the operands, in
another dtype."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], float32[:], float64[:, :, ::1], int64[:, ::1])"
LAUNCH = (1, 32)
RTOL = 1e-14


def kernel(a, b, y, z):
	i = cuda.grid(1)
	if i < y.shape[0]:
		row = a[i % 4]
		np.add(row, b, y[i, 0])
		np.multiply(b, 2.0, out=y[i, 1])
		np.sqrt(row, y[i, 2])
		np.maximum(y[i, 2], y[i, 0], out=y[i, 2])
		np.less(a, b, z[4 * i:4 * i + 4])
		np.negative(np.add(y[i, 0, 1:2], 1, y[i, 3]), y[i, 3])
		np.arctan2(b[:1], y[i, 0], y[i, 4])


def args():
	rng = np.random.default_rng(8)
	return [rng.random((4, 5)), rng.random(10).astype(np.float32)[::2], np.zeros((6, 5, 5)), np.zeros((24, 5), np.int64)]
