"""Types as functions: NumPy's, gridjit's and the builtins."""
import numpy as np
from gridjit import boolean, cuda, float32, float64, int8, int32, uint8, uint64

SIGNATURE = "void(float64[::1], int64[::1], float64[:, ::1])"


def kernel(x, n, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = float32(x[i])
		y[i, 1] = int32(x[i])
		y[i, 2] = np.int64(x[i]) + np.uint16(n[i])
		y[i, 3] = int8(n[i])
		y[i, 4] = uint8(n[i]) + np.float32(0.1)
		y[i, 5] = int(x[i]) + int(n[i]) + int(x[i] > 2)
		y[i, 6] = float(n[i]) + float(x[i])
		y[i, 7] = bool(x[i]) + boolean(n[i]) + bool(n[i] > 3)
		y[i, 8] = float64(uint64(n[i]))
		y[i, 9] = int() + float() + bool(0.0)


def args():
	return [(np.arange(70) * 37 % 101 - 50) / 4, np.arange(70) * 91 - 3000, np.zeros((70, 10))]


def expect(x, n, y):
	y[:, 0] = x.astype(np.float32)
	y[:, 1] = np.trunc(x) + 0.0
	y[:, 2] = np.trunc(x) + n.astype(np.uint16)
	y[:, 3] = n.astype(np.int8)
	y[:, 4] = n.astype(np.uint8) + np.float32(0.1)
	y[:, 5] = np.trunc(x) + n + (x > 2)
	y[:, 6] = n + x
	y[:, 7] = (x != 0) * 1 + (n != 0) + (n > 3)
	y[:, 8] = n.astype(np.uint64)
	y[:, 9] = 0
