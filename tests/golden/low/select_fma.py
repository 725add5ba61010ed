"""selp, fma and cbrt; a product that is only added becomes one fused operation."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], float32[::1], float64[:, ::1])"
LIBDEVICE = True


def kernel(x, z, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = cuda.selp(x[i] > 2, i, 7)
		y[i, 1] = cuda.fma(x[i], 3.0, 0.1)
		y[i, 2] = cuda.fma(z[i], z[i], z[i])
		y[i, 3] = x[i] * x[i] + 0.25
		y[i, 4] = cuda.cbrt(x[i])


def args():
	return [np.arange(70) / 8, np.arange(70, dtype=np.float32) / 8, np.zeros((70, 5))]


def expect(x, z, y):
	y[:, 0] = np.where(x > 2, np.arange(len(x)), 7)
	y[:, 1] = x * 3.0 + 0.1
	y[:, 2] = z * z + z
	y[:, 3] = x * x + 0.25
	y[:, 4] = np.cbrt(x)


RTOL = 1e-15
