"""Methods of numbers and tuples, sum(), tuple(), type(); dtypes as text and arrays of no dimension."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], int64[::1], float32[::1])"


def kernel(y, n, x):
	i = cuda.grid(1)
	if i < y.shape[0]:
		t = (n[i], 7, i)
		u = (x[i], n[i], 2.5)
		y[i, 0] = sum(t) + sum(u) + sum((), 3) + sum(u, 0.5) + sum((True, True))
		y[i, 1] = t.index(i) * 10 + t.index(7) + (i, n[i]).index(n[i])
		y[i, 2] = tuple(t)[0] + len(tuple()) + type(n[i])(x[i] * 2.9) + type(x[i])(n[i])
		y[i, 3] = x[i].item() + n[i].conjugate() + x[i].view(np.int32) % 1000
		y[i, 4] = n[i].view("u8") % 1000 + n[i].view(np.float64) * 1e300
		cell, row = cuda.local.array((), "float32"), cuda.local.array(3, dtype="f4")
		words, bits = cuda.local.array((2, 2), "<u2"), cuda.local.array(2, np.dtype("?"))
		cell[()] = x[i] * 2
		row[2], words[1, 0], bits[1] = cell[()], n[i], n[i] > 3
		y[i, 5] = cell.item() + row[2] + words[1, 0] + bits[1] + cell.ndim + cell.size
		row.view("int32")[0] = n[i] * 3
		y[i, 6] = row.view(np.int32)[0]


def expect(y, n, x):
	for i in range(y.shape[0]):
		t, u = (int(n[i]), 7, i), (float(x[i]), int(n[i]), 2.5)
		y[i, 0] = sum(t) + sum(u) + sum((), 3) + sum(u, 0.5) + 2
		y[i, 1] = t.index(i) * 10 + t.index(7) + (i, t[0]).index(t[0])
		y[i, 2] = t[0] + int(u[0] * 2.9) + u[1]
		y[i, 3] = u[0] + u[1] + int(x[i].view(np.int32)) % 1000
		y[i, 4] = int(n[i].view(np.uint64)) % 1000 + float(n[i].view(np.float64)) * 1e300
		y[i, 5] = 4 * u[0] + u[1] % 65536 + (u[1] > 3) + 1
		y[i, 6] = u[1] * 3


def args():
	rng = np.random.default_rng(6)
	n = rng.integers(-9, 99, 70)
	return [np.zeros((70, 7)), n, rng.integers(-50, 50, 70).astype(np.float32)]
