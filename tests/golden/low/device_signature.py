"""A device function with a signature: arguments and result are converted to its types."""
import numpy as np
from gridjit import cuda, float32, int32, int64

SIGNATURE = "void(float64[::1], float64[:, ::1])"


@cuda.jit("float32(float32, int32)", device=True)
def scale(a, n):
	return a * n


@cuda.jit(int32(int64), device=True)
def narrow(a):
	return a


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = scale(x[i], 3.7)
		y[i, 1] = narrow(i + (1 << 33))


def args():
	return [np.arange(70) / 3, np.zeros((70, 2))]


def expect(x, y):
	y[:, 0] = x.astype(np.float32) * np.float32(3)
	y[:, 1] = np.arange(len(y))
