"""syncthreads and its forms that count, and and or; one inside a loop."""
import numpy as np
from gridjit import cuda, int64

SIGNATURE = "void(int64[:, ::1])"


def kernel(y):
	t = cuda.threadIdx.x
	i = cuda.grid(1)
	a = cuda.shared.array(40, int64)
	y[i, 0] = cuda.syncthreads_count(t % 3)
	y[i, 1] = cuda.syncthreads_and(t + 1)
	y[i, 2] = cuda.syncthreads_or(int(t == 5 and cuda.blockIdx.x == 1))
	a[t] = t
	for k in range(3):
		cuda.syncthreads()
		v = a[(t + 1) % cuda.blockDim.x]
		cuda.syncthreads()
		a[t] += v
	y[i, 3] = a[t]


def args():
	return [np.zeros((80, 4), np.int64)]


LAUNCH = 2, 40
