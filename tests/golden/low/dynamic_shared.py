"""Shared memory whose size the launch gives."""
import numpy as np
from gridjit import cuda, int64

SIGNATURE = "void(int64[::1], int64[::1])"


def kernel(x, y):
	a = cuda.shared.array(0, int64)
	t = cuda.threadIdx.x
	i = cuda.grid(1)
	a[t] = x[i] * 2
	cuda.syncthreads()
	y[i] = a[cuda.blockDim.x - 1 - t] + a.size


def args():
	return [np.arange(74), np.zeros(74, np.int64)]


LAUNCH = 2, 37, 0, 37 * 8
