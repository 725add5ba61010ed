"""Branches on what is known when a kernel is compiled: globals, ndim, dtypes, types. The other side need not fit."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1], float32[:, ::1], float32[::1], int64, Tuple((int64, float64)))"
FAST, SAFE, MODE, NAME, EPS, SIZE, NOTHING = True, False, 3, "wide", 1e-3, np.int8(4), None
SHAPE = (4, None)


def at(a, i):
	if a.ndim == 1:
		return a[i % a.shape[0]]
	elif a.ndim == 2:
		return a[i % a.shape[0], 0]
	return a.too_many_dimensions


def item(a, i):
	return a[i % 2, 1] if len(a.shape) in (2, 3) else a[i % 2]


def kind(v):
	if isinstance(v, np.ndarray):
		return v.shape[0]
	if isinstance(v, (int, tuple)):
		return 2 if isinstance(v, tuple) else 3
	return 4 if isinstance(v, float) else v.no_such_thing


def kernel(y, m, v, n, t):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = at(m, i) + 10 * at(v, i) + item(m, i) - item(v, i)
		y[i, 1] = kind(m) + 10 * kind(n) + 100 * kind(t) + 1000 * kind(2.5)
		if FAST and not SAFE:
			y[i, 2] = 1
		else:
			y[i, 2] = m.broken
		if MODE == 3 and MODE not in (1, 2) and 1 < MODE <= 3 and min(MODE, 5) == 3:
			y[i, 3] = 1
		else:
			y[i, 3] = m.broken
		if NAME == "wide" and NAME in ("narrow", "wide") and EPS < 0.5 and EPS and EPS != 0:
			y[i, 4] = 1
		else:
			y[i, 4] = m.broken
		if SIZE > 4 or SIZE & 1 or NOTHING is not None or SHAPE[1] is not None or (NOTHING is None) & SAFE:
			y[i, 5] = m.broken
		if m.dtype == np.float64 or m.itemsize == 8 or v.ndim > 1:
			y[i, 5] = m.broken
		elif SHAPE[0] == 4 and bool(FAST):
			y[i, 5] = 5


def expect(y, m, v, n, t):
	for i in range(y.shape[0]):
		y[i] = m[i % 4, 0] + 10 * v[i % 3] + m[i % 2, 1] - v[i % 2], 4234, 1, 1, 1, 5


def args():
	return [np.zeros((70, 6), np.int64), np.arange(8, dtype=np.float32).reshape(4, 2), np.arange(3, dtype=np.float32), 5, (1, 2.0)]
