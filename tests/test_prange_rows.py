"""Loops in loops over prange whose rounds lanes share out: the same results at every length, the same exceptions, and none where arrays meet."""
import math

import numpy as np
import pytest

from gridjit import njit, prange


def matmul(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(b.shape[1]):
			s = 0.0
			for k in range(a.shape[1]):
				s += a[i, k] * b[k, j]
			o[i, j] = s


def convolved(a, b, o):
	for i in prange(1, a.shape[0] - 1):
		for j in range(1, a.shape[1] - 1):
			s = 0.0
			for k in range(3):
				for l in range(3):
					s += b[k, l] * a[i + k - 1, j + l - 1]
			o[i, j] = s


def decayed(a, b, o):
	for i in prange(a.shape[0]):
		t = a[i, 0]
		o[i, 0] = -1.0
		for j in range(1, a.shape[1]):
			o[i, j] = math.exp(-abs(t - b[0, j])) if a[i, j] > 0.25 else t


def escaped(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			x = y = 0.0
			n = 0
			while x * x + y * y < 4 and n < 30:
				x, y = x * x - y * y + 4 * a[i, j] - 2, 2 * x * y + b[0, j]
				n += 1
			o[i, j] = n


def quotients(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			if a[i, j] < 0.9:
				o[i, j] = math.sin(a[i, j]) / b[0, j]


def two_loops(a, b, o):
	"""What the first leaves the second reads."""
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			o[i, j] = math.exp(a[i, j])
		s = 0.0
		for j in range(a.shape[1]):
			s += o[i, j]
		for j in range(a.shape[1]):
			o[i, j] = math.sqrt(o[i, j]) / s if o[i, j] > 1.5 else 0.0


SHARED = [matmul, convolved, decayed, escaped, quotients, two_loops]


def arrays(n, m, dtype=np.float64, seed=0):
	r = np.random.default_rng(seed)
	a, b = r.random((n, m)).astype(dtype), 0.1 + r.random((m, m)).astype(dtype)
	return a, b, np.zeros((n, m), dtype)


@pytest.mark.parametrize("function", SHARED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results(function, dtype):
	compiled = njit(parallel=True)(function)
	for n, m in ((1, 1), (3, 15), (5, 16), (4, 17), (9, 33), (6, 70), (2, 0 if function in (matmul, escaped) else 3)):
		a, b, o = arrays(n, m, dtype)
		want = o.copy()
		function(a, b, want)
		compiled(a, b, o)
		assert np.allclose(o, want, rtol=1e-5 if dtype == np.float32 else 1e-12), (n, m)


@pytest.mark.parametrize("function", SHARED, ids=lambda f: f.__name__)
def test_lanes_share_them(function):
	compiled = njit(parallel=True)(function)
	compiled(*arrays(4, 40))
	assert "lanes of vectors, where it is long enough and arrays lie apart" in compiled.explain()


def transposed(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			o[j, i] = math.exp(a[i, j])


def triangle(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(i):
			o[i, j] = math.exp(a[i, j])


def summed(a, b, o):
	for i in prange(a.shape[0]):
		s = 0.0
		for j in range(a.shape[1]):
			s += math.exp(a[i, j])
		o[i, 0] = s


def left_early(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			if a[i, j] > 0.95:
				break
			o[i, j] = math.exp(a[i, j])


@pytest.mark.parametrize("function", [transposed, triangle, summed, left_early], ids=lambda f: f.__name__)
def test_others_stay_as_they_are(function):
	compiled = njit(parallel=True)(function)
	a, b, o = arrays(40, 40)
	want = o.copy()
	function(a, b, want)
	compiled(a, b, o)
	assert np.allclose(o, want)
	assert "long enough" not in compiled.explain()


def shifted(a, b, o):
	for i in prange(a.shape[0]):
		for j in range(1, a.shape[1]):
			o[i, j] = math.exp(-a[i, j - 1])


def test_arrays_that_meet():
	"""Each round reads what the one before has written, if the arrays are one, or overlap."""
	compiled = njit(parallel=True)(shifted)
	a, b, _ = arrays(6, 50)
	got, want = a.copy(), a.copy()
	shifted(want, b, want)
	compiled(got, b, got)
	assert np.allclose(got, want, rtol=1e-12)
	got, want = np.zeros((6, 51)), np.zeros((6, 51))
	shifted(want[:, 1:], b, want[:, :-1])
	compiled(got[:, 1:], b, got[:, :-1])
	assert np.allclose(got, want, rtol=1e-12)
	got, want = a.copy(), a.copy()

	def view(x):
		y = x[:, 1:]
		for i in prange(x.shape[0]):
			for j in range(y.shape[1]):
				y[i, j] = math.exp(-x[i, j])

	compiled = njit(parallel=True)(view)
	view(want)
	compiled(got)
	assert np.allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("row, column", [(0, 0), (3, 40), (8, 63)])
def test_the_first_round_that_fails(row, column):
	compiled = njit(parallel=True)(quotients)
	a, b, o = arrays(9, 64)
	a[:] = 0.95
	a[row:, column] = 0.5
	b[0, column] = 0
	with pytest.raises(ZeroDivisionError, match="division by zero"):
		compiled(a, b, o)
	b[0, column] = 2
	compiled(a, b, o)
	assert math.isclose(o[row, column], math.sin(0.5) / 2)


def test_checked_indices():
	@njit(parallel=True, boundscheck=True)
	def f(a, o):
		for i in prange(a.shape[0]):
			for j in range(o.shape[1]):
				o[i, j] = math.exp(a[i, j + 6])

	a = np.random.default_rng(1).random((5, 70))
	o = np.zeros((5, 64))
	f(a, o)
	assert np.allclose(o, np.exp(a[:, 6:]))
	with pytest.raises(IndexError, match="index 60 is out of bounds for axis 1 with size 60"):
		f(a[:, :60], o)


def one_kind(a, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			if a[i, j] > 500:
				raise KeyError("b")
			o[i, j] = math.exp(-a[i, j])


def two_kinds(a, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			if a[i, j] > 8000:
				raise ValueError("a")
			if a[i, j] > 500:
				raise KeyError("b")
			o[i, j] = math.exp(-a[i, j])


def behind(a, o):
	for i in prange(a.shape[0]):
		for j in range(a.shape[1]):
			if a[i, j] > 8000:
				raise ValueError("a")
			o[i, j] = math.exp(-a[i, j])
		for j in range(a.shape[1]):
			if a[i, j] > 500:
				raise KeyError("b")
			o[i, j] += math.exp(-a[i, j])


def handled(a, o):
	try:
		two_kinds(a, o)
	except KeyError:
		o[0, 0] = -1.0
	except ValueError:
		o[0, 0] = -2.0


@pytest.mark.parametrize("function", [one_kind, two_kinds, behind, handled], ids=lambda f: f.__name__)
@pytest.mark.parametrize("key, value", [(10, 36), (36, 10), (4, 21)])
def test_the_first_of_several(function, key, value):
	"""Lanes come to their rounds out of order; what is told is what the first round in order would tell."""
	scope = dict(function.__globals__, two_kinds=njit(parallel=True)(two_kinds))
	compiled = njit(parallel=True)(type(function)(function.__code__, scope))
	a = np.zeros((1, 67))
	a[0, key], a[0, value] = 600, 9000
	seen = []
	for f in (compiled, function):
		o = np.zeros((1, 67))
		try:
			f(a, o)
			seen.append(o[0, 0])
		except (KeyError, ValueError) as e:
			seen.append(repr(e))
	assert seen[0] == seen[1]


def test_shapes_that_a_round_makes():
	"""How far an array reaches may be known in the loop alone."""
	def f(a, b, first, o):
		x = a if first else b
		for i in prange(o.shape[0]):
			y = x.reshape((int(a[i, 0] * 0) + 8, 40))
			z = o.reshape((int(b[i, 0] * 0) + 8, 40))
			for j in range(o.shape[1]):
				z[i, j] = math.exp(-y[i, j])

	def g(a, b, first, o):
		x = a if first else b
		for i in range(o.shape[0]):
			y = x.reshape((int(a[i, 0] * 0) + 8, 40))
			for j in range(o.shape[1]):
				o[i, j] = math.exp(-y[i, j])

	a = np.random.default_rng(4).random((8, 40))
	for function in (f, g):
		compiled = njit(parallel=True)(function)
		for first in (True, False):
			o = np.zeros((8, 40))
			compiled(a, a + 1, first, o)
			assert np.allclose(o, np.exp(-(a if first else a + 1)))


def test_loops_that_nobody_promised():
	@njit(parallel=True)
	def f(a, o):
		for i in range(a.shape[0]):
			for j in range(a.shape[1]):
				o[i, j] = math.exp(-a[i, j]) if a[i, j] > 0.5 else 0.0

	a, _, o = arrays(200, 64)
	f(a, o)
	assert np.allclose(o, np.where(a > 0.5, np.exp(-a), 0))
	b = np.random.default_rng(2).random((201, 64))
	want = b.copy()
	f.py_func(want[:-1], want[1:])
	f(b[:-1], b[1:])
	assert np.allclose(b, want)


def test_records_complex_numbers_and_local_arrays():
	@njit(parallel=True)
	def f(r, z, o):
		for i in prange(z.shape[0]):
			near = np.zeros(3)
			for k in range(3):
				near[k] = r[i]["x"] * k
			for j in range(z.shape[1]):
				w = z[i, j]
				for k in range(3):
					w = w * z[i, j] + near[k] if abs(w) < 2 else w
				o[i, j] = w

	g = np.random.default_rng(3)
	r = np.zeros(5, [("x", "f8"), ("n", "i4")])
	r["x"] = g.random(5)
	z = g.random((5, 40)) + 1j * g.random((5, 40))
	o, want = np.zeros_like(z), np.zeros_like(z)
	f(r, z, o)
	f.py_func(r, z, want)
	assert np.allclose(o, want)
