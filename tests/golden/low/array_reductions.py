"""Reductions over all elements of an array, as methods and as NumPy's functions; a NaN wins, integers add up in 64 bits."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int8[:, :, ::1], float32[::1, :], uint32[::1], boolean[:, :], float64[:, ::1])"
RTOL = 1e-6                                        # NumPy adds up floats in pairs


def kernel(a, f, u, b, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		block, row = a[i % 3], f[i % 4]
		y[i, 0] = block.sum() + 1000 * float(np.sum(row))
		y[i, 1] = np.prod(block[0]) + u[i % 3:].prod()
		y[i, 2] = int(block.min()) - 1000 * int(np.max(a))
		y[i, 3] = np.min(row)
		y[i, 4] = row.max() - np.amin(u[i % 4:]) + np.amax(u[i % 4:])
		y[i, 5] = block.mean() + 100 * np.mean(b[:, ::2])
		y[i, 6] = np.any(b[i % 3]) + 2 * np.all(b[i % 3]) + 4 * block.any() + 8 * u[:i % 4].all()
		y[i, 7] = b[i % 3].sum() + 10 * b[i % 3].max() + 100 * b[i % 3].min() + 1000 * u[:0].sum()


def args():
	rng = np.random.default_rng(6)
	a = rng.integers(-9, 9, (3, 2, 5)).astype(np.int8)
	a[0] *= 10
	f = np.asfortranarray(rng.normal(size=(4, 7)).astype(np.float32))
	f[2, 3] = np.nan
	u = np.array([4000000000, 3, 0, 3000000000, 7], np.uint32)
	b = np.array([[True] * 4, [False] * 4, [True, False, False, True]])
	return [a, f, u, b, np.zeros((70, 8))]
