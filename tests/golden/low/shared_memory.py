"""A block's sum through shared memory of two arrays, one of them of two dimensions."""
import numpy as np
from gridjit import cuda, float64, int32

SIGNATURE = "void(float64[::1], float64[:, ::1])"
SIZE = 64


def kernel(x, y):
	t = cuda.threadIdx.x
	i = cuda.grid(1)
	sums = cuda.shared.array(SIZE, float64)
	grid = cuda.shared.array((8, 8), dtype=int32)
	sums[t] = x[i] if i < x.shape[0] else 0.0
	grid[t // 8, t % 8] = t
	cuda.syncthreads()
	half = SIZE // 2
	while half > 0:
		if t < half:
			sums[t] += sums[t + half]
		cuda.syncthreads()
		half //= 2
	if i < x.shape[0]:
		y[i, 0] = sums[0]
		y[i, 1] = grid[t % 8, t // 8]


def args():
	return [np.arange(70.0), np.zeros((70, 2))]


LAUNCH = 2, 64
