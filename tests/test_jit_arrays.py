"""Arrays that functions for the host make: their values, how long they live, and that none stays."""

import ctypes
import gc

import numpy as np
import pytest

from gridjit import _core, errors, njit, vectorize

pytestmark = pytest.mark.usefixtures("no_leaks")


def same(got, want):
	if isinstance(want, tuple):
		return len(got) == len(want) and all(map(same, got, want))
	if isinstance(want, np.ndarray):
		return got.dtype == want.dtype and got.shape == want.shape and np.array_equal(got, want)
	return got == want


def compare(function, *args, times=3):
	compiled = njit(function)
	for _ in range(times):
		assert same(compiled(*args), function(*args))
	return compiled


def test_zeros_and_their_like():
	def make(n, a):
		return (np.zeros(n), np.ones((n, 2)), np.full(n, 7), np.full((2, n), 1.5, np.float32), np.zeros((n, 2, 3), dtype=np.int8), np.ones(n, np.bool_),
			np.zeros_like(a), np.ones_like(a), np.full_like(a, 3), np.zeros_like(a, dtype=np.int16), np.zeros(()), np.zeros(0))
	compare(make, 4, np.arange(6, dtype=np.float32).reshape(2, 3))
	compare(make, 1, np.asfortranarray(np.ones((3, 2), np.complex64)))
	def empty(n, a):
		b, c = np.empty((n, 3), np.int32), np.empty_like(a)
		for i in range(n):
			for j in range(3):
				b[i, j] = i * j
		c[:] = 2
		return b, b[1:], b.T, b[:, 0], b.shape, c
	compare(empty, 5, np.ones((2, 2)))
	def types(n):
		return np.zeros(n, float), np.zeros(n, int), np.zeros(n, bool), np.zeros(n, complex), np.zeros(n, "f4"), np.zeros(n, np.dtype("u2"))
	compare(types, 2)


def test_sequences():
	def make(n):
		return (np.arange(n), np.arange(1, n, 2), np.arange(n, 0, -3), np.arange(0.0, 1.0, 0.1), np.arange(n, dtype=np.float32), np.arange(3, 3), np.linspace(0, 1, n),
			np.linspace(-1.0, n, 3), np.linspace(2, 3, 1), np.linspace(0, 1, 0))
	compare(make, 7)
	compare(make, 1)
	def of(x):
		return np.array([1, 2, 3]), np.array([[1.0, 2], [3, x]]), np.array((x, 2 * x), np.float32), np.array([1, 2.5]), np.array([[[x]]]), np.asarray((1, 2))
	compare(of, 3.5)


def test_copies():
	def make(a):
		b = a.copy()
		b[0] = 9
		return b, np.copy(a), a.flatten(), a.astype(np.int32), np.array(a), b.ravel(), b.reshape(b.size), b[::2].copy()
	for a in np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)[:, ::2]:
		compare(make, a)


def test_expressions_are_arrays():
	def make(a, b, k):
		c = a * k + b
		d = np.sqrt(a) + np.where(a > b, a, b * c)
		c[0] = -1
		return c, d, a > b, abs(-a), -a, np.maximum(a, b), (a * b).sum(), a / 2.0 - b ** 2, d.max()
	compare(make, np.arange(4.0), np.ones(4) * 2, 3.0)
	compare(make, np.arange(12.0).reshape(3, 4), np.ones(4), 2)
	def layouts(a, b):
		return a + b, a + a, b * 2
	a = np.asfortranarray(np.arange(6.0).reshape(2, 3))
	got = compare(layouts, a, np.ones((2, 3)))(a, np.ones((2, 3)))
	assert got[1].flags.f_contiguous and got[0].flags.c_contiguous


def test_math_in_vectors():
	x = np.linspace(0.1, 30, 1003)

	def whole(x):
		return np.exp(-x), np.sin(x), np.cos(x), np.log(x), np.tanh(x), np.arctan(x), np.cbrt(x), np.log1p(x), np.arctan2(x, 2 * x), np.hypot(x, x[::-1])
	for dtype in np.float64, np.float32:
		compiled = njit(whole)
		for got, want in zip(compiled(x.astype(dtype)), whole(x.astype(dtype))):
			assert got.dtype == dtype and (abs(got - want) <= 4 * np.spacing(abs(want))).all()
	try:
		ctypes.CDLL("libmvec.so.1")
	except OSError:
		return
	assert all("_ZGV" in text for text in compiled.inspect_asm().values())


def test_they_live_as_long_as_they_are_used():
	def loop(n):
		a = np.ones(n)
		for i in range(5):
			a = a + i
		return a
	compare(loop, 3)
	def paths(n):
		a = np.zeros(3)
		if n > 3:
			a = np.ones(4)
		elif n == 2:
			return np.full(1, 2.0), a
		return a, a[1:]
	for n in 1, 2, 5:
		compare(paths, n)
	def swap(n):
		a, b = np.zeros(3), np.ones(3)
		for _ in range(n):
			a, b = b, a
		return a
	compare(swap, 3)
	def given_or_made(x, n):
		a = x
		if n:
			a = np.full(2, 7.0)
		return a
	x = np.ones(2)
	compare(given_or_made, x, 1)
	assert njit(given_or_made)(x, 0) is x
	def leaves(n):
		a = np.zeros(1)
		while True:
			b = np.ones(n)
			if b[0] > 0.5:
				if n > 3:
					break
				n += 1
				continue
			a = b
		return b, a
	compare(leaves, 1)
	def unused(n):
		np.zeros(n)
		x = np.ones(n)
		x = np.zeros(n)
		return n
	compare(unused, 3)


def test_views_and_tuples_keep_them():
	def rows(n):
		a = np.zeros((n, n))
		for i in range(n):
			row = a[i]
			row[:] = i
		for row in a:
			row[0] = 9
		pair = a[0], a.T
		a = np.ones((1, 1))
		return pair[1][0], pair, a
	compare(rows, 3)
	def deep(n):
		view = np.arange(n).reshape(2, n // 2)[1][1:]
		return view, view[0]
	compare(deep, 8)
	f = njit(deep)
	views = [f(8)[0] for _ in range(100)]
	assert all(same(v, np.array([5, 6, 7])) for v in views)


def test_calls():
	double = njit(lambda a: a * 2)

	@njit
	def fresh(n):
		b = np.ones(n)
		return b, b[1:]

	@njit
	def back(n, a):
		return a if n == 0 else back(n - 1, a + 1)

	@njit
	def outer(a):
		s = 0.0
		for i in range(4):
			s += double(a)[1] + fresh(3)[1][0]
		return s, double(double(a)), fresh(2), back(3, a)
	a = np.arange(3.0)
	for _ in range(3):
		got = outer(a)
		assert got[0] == 12 and same(got[1:], (a * 4, (np.ones(2), np.ones(1)), a + 3))


@vectorize
def upper(x, y):
	if x > y:
		return x
	return y * 2.0


@vectorize
def whole(x):
	return 12 // x


def test_ufuncs_of_arrays():
	a = np.arange(6.0).reshape(2, 3)
	compare(lambda a, b: upper(a, b), a, 2)
	compare(lambda a, b: upper(a, b), a[:, :1], a[:1])
	compare(lambda a: upper(upper(a.T, 1), a.T + 1)[::2], a)
	compare(lambda a, b: upper(a, b), np.arange(3), np.array(1.5))
	assert njit(lambda a, n: (upper(a, a[0]).sum(), upper(n, 1)))(a, 4) == (upper(a, a[0]).sum(), 4)
	out = np.zeros((2, 3))
	store(out, a)
	assert np.array_equal(out, upper(a, 3))
	with pytest.raises(ZeroDivisionError):
		njit(lambda a: whole(whole(a) - 4))(np.arange(1, 4))
	with pytest.raises(ValueError):
		njit(lambda a, b: upper(a, b))(np.ones(3), np.ones(4))


@njit
def store(out, a):
	out[:] = upper(a, 3)


def test_reductions_along_all_axes():
	a = np.arange(6.0)
	compare(lambda a: (a.sum(axis=0), a.max(-1), np.mean(a, axis=0), (a > 2).any(axis=0), a[1:].prod(axis=0, keepdims=False)), a)
	compare(lambda a: a.sum(axis=(0, 1)), a.reshape(2, 3))


def test_exceptions_leave_nothing():
	@njit
	def inner(a, n):
		b = a + 1
		if n == 3:
			raise ValueError("three")
		return b

	@njit(boundscheck=True)
	def outer(n):
		a = np.zeros(4)
		for i in range(10):
			b = np.ones(4) + a
			a = inner(b, i if n == 0 else 0)
			if n == 1 and i == 5:
				a[i] = 1
		return a
	before = _core._live_arrays()
	for n, kind in ((0, ValueError), (1, IndexError)):
		for _ in range(1000):
			with pytest.raises(kind):
				outer(n)
	assert _core._live_arrays() == before
	assert outer(2)[0] == 20


def test_bad_shapes():
	f = njit(lambda n: np.zeros(n))
	with pytest.raises(ValueError, match="negative dimensions are not allowed"):
		f(-1)
	for shape in (10**15, (10**6, 10**6, 10**6), (2**62, 4)):
		with pytest.raises(MemoryError):
			f(shape)
	with pytest.raises(ValueError, match="negative"):
		f((3, -1))
	with pytest.raises(ZeroDivisionError):
		njit(lambda s: np.arange(0, 3, s))(0)
	with pytest.raises(ValueError):
		njit(lambda a, b: a + b)(np.ones(3), np.ones(4))
	for wrong in (lambda: np.zeros(2.5)), (lambda: np.zeros("x")), (lambda: np.array(((1, 2), (3,)))):
		with pytest.raises(errors.NumbaError):
			njit(wrong)()


def test_a_million_calls():
	@njit
	def work(n):
		total = 0.0
		for i in range(n):
			v = np.empty(3)
			v[0], v[1], v[2] = i, 1, 2
			w = v[1:] * 2
			if i % 1000 == 999:
				w = v
			total += w[0] + w.sum()
		return total
	assert work(1_000_000) == work(1_000_000)


def test_results_outlive_the_function():
	f = njit(lambda n: (np.arange(n), np.zeros((n, n))[1:]))
	a, b = f(3)
	del f
	gc.collect()
	assert a.tolist() == [0, 1, 2] and a.flags.writeable and not a.flags.owndata and b.shape == (2, 3)
	assert a.ctypes.data % 64 == 0


def test_arrays_without_dimensions_are_stored_as_their_element():
	@njit
	def f(x):
		a, c = np.zeros((2, 3)), np.asarray(x)
		a[..., 1, 0] = c
		a[0, 0] = np.cos(c)
		a[1] = c * 2
		return a

	assert np.allclose(f(0.5), [[np.cos(0.5), 0, 0], [1, 1, 1]])


def test_other_shapes_of_what_does_not_lie_in_rows():
	"""Rows of any step are seen in place, others copied."""
	x, b = np.arange(24.0)[::2], np.arange(40.0).reshape(5, 8).T[:, ::2]

	def of_rows(x):
		y = x.reshape(-1, 1)
		y[1:, 0] += 1
		x.ravel()[0] = 7
		return x.reshape((3, -1)), np.reshape(x, x.size), y.sum(), np.outer(x, x), np.atleast_2d(x), np.column_stack((x, x)), np.cov(x, x), x[1::2].reshape(3, 2)

	def of_others(b, n):
		return (b.ravel(), np.ravel(b), b.T.ravel(), b.reshape(-1), b.reshape(n, -1), b.reshape((2, n, 3)), np.reshape(b, (3, 8)), b[:, 1].reshape(2, -1), b[::2].ravel().sum(),
			np.asfortranarray(b).reshape(b.shape[::-1]))
	for f, args in (of_rows, (x,)), (of_others, (b, 4)), (of_others, (np.asfortranarray(b), 4)):
		want = f(*(np.repeat(a, 2)[::2] if a is x else a for a in args))             # x is written to
		got = njit(f)(*(np.repeat(a, 2)[::2] if a is x else a for a in args))
		for one, other in zip(got, want, strict=True):
			assert np.shape(one) == np.shape(other) and np.allclose(one, other)
	with pytest.raises(ValueError, match="cannot reshape array of size 24 into shape"):
		njit(lambda b: b.reshape(5, -1))(b)


@pytest.mark.parametrize("shape", ((7, 3), (2, 5), (3, 3)))
@pytest.mark.parametrize("wrap", (True, False))
def test_diagonals_that_go_on_below(shape, wrap):
	def f(a, wrap):
		np.fill_diagonal(a, 2.0, wrap)
		return a
	assert np.array_equal(njit(f)(np.zeros(shape), wrap), f(np.zeros(shape), wrap))
