"""Augmented assignment to variables and to items of arrays."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], float64[:, ::1])"


def kernel(y, z):
	i = cuda.grid(1)
	if i < y.shape[0]:
		v = i + 100
		v += 3
		v -= 1
		v *= 5
		v //= 3
		v %= 71
		v **= 2
		v <<= 2
		v >>= 1
		v &= 1023
		v |= 16
		v ^= 5
		y[i, 0] = v
		y[i, 1] += v
		y[i, 1] -= 7
		y[i, -1] *= 3
		y[i, 2] //= 5
		y[i, 2] %= 3
		y[i, 3] |= 1 << 4
		z[i, 0] /= 4
		z[i, 1] **= 2
		z[i, 1] += i
		w = 2.0
		w /= 8
		z[i, 2] = w


def args():
	return [np.arange(280).reshape(70, 4), np.arange(210.0).reshape(70, 3)]
