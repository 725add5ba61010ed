"""shape, strides, ndim, size, itemsize, nbytes, dtype, len."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float32[:, :, ::1], float32[:, :, :], int16[::1, :], int64[:, ::1])"


def kernel(c, a, f, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = c.shape[0] + 10 * c.shape[1] + 100 * c.shape[-1]
		h, w = f.shape
		y[i, 1] = h + 10 * w + 100 * len(a) + 1000 * a.ndim
		y[i, 2] = c.strides[0] + 1000 * c.strides[1] + 100000 * c.strides[2]
		y[i, 3] = a.strides[0] + 1000 * a.strides[1] + 100000 * a.strides[2]
		y[i, 4] = f.strides[0] + 1000 * f.strides[1]
		y[i, 5] = c.size + 1000 * a.itemsize + 10000 * f.nbytes
		if a.ndim == 3 and c.dtype == np.float32:
			y[i, 6] = c[::2, 1].strides[0] + c[1, ::-1].strides[0]
		for extent in a.shape:
			y[i, 7] = y[i, 7] * 10 + extent
		y[i, 8] = c[1:, 0].shape[0] + 10 * c[0].size + 1000 * c.T.shape[0]


def args():
	c = np.zeros((2, 3, 4), np.float32)
	# contiguous where strides are read: on a GPU a strided host array is packed on its way to the device
	return [c, np.zeros((2, 6, 3), np.float32), np.zeros((3, 5), np.int16, order="F"),
		np.zeros((70, 9), np.int64)]
