"""float32 stays float32 through operators, math, min and max, and constants that a constructor makes."""
import math

import numpy as np
from gridjit import cuda, float32

SIGNATURE = "void(float32[::1], float32[::1], float32[:, ::1])"


def kernel(x, z, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		a = x[i]
		b = z[i]
		half = float32(0.5)
		y[i, 0] = (a + b) * half
		y[i, 1] = max(a, b) - min(a, half)
		y[i, 2] = math.sqrt(abs(a)) / b
		y[i, 3] = a ** 2 - -b
		y[i, 4] = math.floor(a * b)


def args():
	return [np.arange(70, dtype=np.float32) - 30, np.arange(1, 71, dtype=np.float32) / 4, np.zeros((70, 5), np.float32)]


def expect(x, z, y):
	half = np.float32(0.5)
	y[:] = np.stack([(x + z) * half, np.maximum(x, z) - np.minimum(x, half), np.sqrt(np.abs(x)) / z, x * x + z,
		np.floor(x * z)], 1)


RTOL = 2e-7
