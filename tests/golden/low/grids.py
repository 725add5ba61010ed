"""Indices of two- and three-dimensional grids; a loop with the grid's stride."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, :, ::1], int64[::1])"


def kernel(y, z):
	i, j, k = cuda.grid(3)
	if i < y.shape[0] and j < y.shape[1] and k < y.shape[2]:
		y[i, j, k] = cuda.threadIdx.x + 10 * cuda.blockIdx.y + 100 * cuda.blockDim.z + 1000 * cuda.gridDim.x
	width, height, depth = cuda.gridsize(3)
	start = i + width * (j + height * k)
	for n in range(start, z.shape[0], width * height * depth):
		z[n] += n + cuda.gridsize(1)


def args():
	return [np.zeros((5, 5, 7), np.int64), np.zeros(500, np.int64)]


LAUNCH = (3, 2, 2), (2, 3, 4)
