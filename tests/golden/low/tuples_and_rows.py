"""Rows unpacked and stored as tuples, of one length or the thread ends; tuples of tuples and of arrays, indexed by number."""
import numpy as np
from gridjit import cuda, float64

SIGNATURE = "void(float64[:, ::1], float32[:, :], int32[:, ::1], float64[:, ::1])"
RTOL = 1e-6


def kernel(a, b, c, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		u, v, w = a[i]
		first, second = b
		mine = cuda.local.array(2, float64)
		mine[0] = u
		mine[1] = w
		p, q = mine
		y[i, 0] = u + 2 * v + 4 * w + first[0] * second[1] + p * q
		pairs = ((1, 2), (i, 4), (5, 6))
		nested = ((u, (i, 1)), (v, (i + 1, 2)))[i % 2]
		y[i, 1] = pairs[i % 3][i % 2] + 100 * nested[1][i % 2] + 1000 * nested[0] + a.dtype.type(0.5)
		y[i, 2] = (first, second, b[0, ::-1])[i % 3][1]
		(c[:, ::2], c[:, 1::2])[i % 2][i, 1] = i
		c[i, :3] = i, 2.5, True
		for n in (3, 4):
			if n == i % 5 + 3:
				y[i, 3] = n
				c[i, :n] = (7, 8, 9)
				r, s, t = b[0, :n]
				y[i, 3] += r + s + t


def args():
	rng = np.random.default_rng(4)
	return [rng.random((70, 3)), rng.random((2, 8)).astype(np.float32)[:, ::2], np.zeros((70, 4), np.int32), np.zeros((70, 4))]


def expect(a, b, c, y):
	for i in range(70):
		u, v, w = a[i]
		nested = ((u, (i, 1)), (v, (i + 1, 2)))[i % 2]
		y[i, 0] = u + 2 * v + 4 * w + b[0, 0] * b[1, 1] + u * w
		y[i, 1] = ((1, 2), (i, 4), (5, 6))[i % 3][i % 2] + 100 * nested[1][i % 2] + 1000 * nested[0] + 0.5
		y[i, 2] = (b[0], b[1], b[0, ::-1])[i % 3][1]
		c[i, 3] = i if i % 2 else 0
		c[i, :3] = (7, 8, 9) if i % 5 == 0 else (i, 2.5, True)
		y[i, 3] = 3 + b[0, :3].sum() if i % 5 == 0 else 4 * (i % 5 == 1)
