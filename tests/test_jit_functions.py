"""NumPy's functions and methods of whole arrays in functions for the host, against NumPy."""

import gc

import numpy as np
import pytest

from gridjit import _core, errors, njit

X = np.array([3.0, 1, 2, 5, 4])
Y = np.array([1.0, 2, 2, 5, 9])
N = np.array([1.0, np.nan, 0.5])
I = np.array([3, 1, 2, 0, 1])
M = X > 2
A = np.arange(6.0).reshape(2, 3)
B = np.arange(12.0).reshape(3, 4)
C = np.arange(24.0).reshape(2, 3, 4)
RANDOM = np.random.default_rng(1).random(3000)
TIES = np.random.default_rng(2).integers(0, 5, 1000)


def put(a, i, v):
	a[i] = v
	return a


def put_where(a):
	a[a > 2] = -1
	return a


def scale_where(a):
	a[a > 2] *= 2
	return a


def sorted_in_place(a):
	a.sort()
	return a


CASES = [
	(lambda x: (np.argmax(x), np.argmin(x), x.argmax(), x.argmin()), (X,), (A,), (I,), (M,)), (lambda x: (np.argmax(x), np.argmin(x)), (N,)),
	(lambda x: np.sort(x), (X,), (RANDOM,), (TIES,), (N,), (RANDOM[::-1],), (np.zeros(0),)),
	(lambda x: x.argsort(), (X,), (RANDOM,)), (sorted_in_place, (X,), (TIES,)),
	(lambda a, v: (np.searchsorted(a, v), np.searchsorted(a, v, side="right"), np.searchsorted(a, 2.0, "right"), a.searchsorted(5)), (Y, X)),
	(lambda a: np.nonzero(a), (I,)), (lambda a: (np.flatnonzero(a), np.count_nonzero(a), np.unique(a)), (I,), (A,)),
	(lambda a: (np.cumsum(a), np.cumprod(a), a.cumsum()), (X,), (I,), (A,), (X.astype(np.float32),)),
	(lambda a: (np.var(a), np.std(a), a.std(), np.ptp(a), np.median(a)), (X,), (A,), (I,)), (lambda a: np.diff(a), (X,)), (lambda a: np.trace(a), (B,)),
	(lambda a: np.bincount(a), (I,)), (lambda a, b: (np.dot(a, b), a.dot(b), a @ b), (X, Y), (A, B), (A, X[:3]), (X[:3], B)),
	(lambda a, b: np.outer(a, b), (X, Y)), (lambda a, b: np.cross(a, b), (X[:3], Y[:3])), (lambda a: np.linalg.norm(a), (X,), (A,)),
	(lambda: (np.eye(3), np.eye(2, 3), np.identity(2)),  ()), (lambda a: np.diag(a), (X,), (B,)),
	(lambda a: (np.flip(a), np.roll(a, 2), np.repeat(a, 2)), (X,)), (lambda a, b: (np.append(a, 3), np.append(a, b), np.concatenate((a, b))), (X, Y)),
	(lambda a, x, y: (np.interp(a, x, y), np.interp(2.2, x, y)), (X, np.arange(5.0), Y)),
	(lambda a: (np.nansum(a), np.nanmean(a), np.nanmax(a), np.nanmin(a)), (N,)),
	(lambda a, i: a[i], (X, I), (B, I[1:3]), (B, np.array([[0, 2], [1, -1]])), (X, I[:0]), (X, I.astype(np.uint8))),
	(lambda a, m: (a[m], a[~m]), (X, M), (B, np.array([True, False, True])), (B, B > 4)), (lambda a: (a[a > 3], np.where(a > 2)), (X,)),
	(put, (X, I[:2], 7), (X, M, 0.5), (X, I[:4], np.arange(4.0)), (X, M, np.arange(3.0)), (B, np.array([0, 2]), np.arange(8.0).reshape(2, 4)),
		(B, np.array([0, 2]), np.arange(4.0)), (B, B > 3, -1)), (put_where, (X,), (B,)), (scale_where, (X,)),
	(lambda a: (a.sum(0), a.sum(1), np.sum(a, axis=1), a.sum(axis=-1), np.prod(a, 0), np.min(a, axis=0), np.max(a, axis=1), a.mean(0), np.mean(a, axis=1),
		np.any(a > 3, axis=0), np.all(a > 3, axis=1)), (B,), (B.astype(np.int32),), (B.T,)),
	(lambda a: (a.sum(0, where=a > 3), np.sum(a, axis=1, initial=2), np.prod(a, axis=0, where=a > 3, initial=2), a.max(axis=1, where=a > 2, initial=-1), np.min(a, axis=0, initial=3),
		a.mean(axis=1, where=a[0] > 0), np.any(a, axis=0, where=a > 3), np.all(a, axis=1, where=a > 3), a.max(where=a > 2, initial=-1), a.mean(where=a > 3)),
		(B,), (B.astype(np.int32),), (B.T,)),
	(lambda a: (a.sum(axis=1, keepdims=True), np.mean(a, 0, keepdims=True), a.max(axis=-1, keepdims=True), np.sum(a, keepdims=True), a.std(keepdims=True), a.any(axis=0, keepdims=False),
		np.sum(a, axis=1, where=True), a.sum(axis=0, dtype=np.float32), a.mean(1, dtype=np.float32), a[0].sum(axis=0, keepdims=True)), (B,), (B.T,)),
	(lambda a: (a.var(0), np.var(a, axis=1, ddof=1), a.std(axis=1, where=a != 3), np.std(a, axis=0, correction=0.5, keepdims=True), a.var(ddof=-1), np.var(a, where=a > 2, ddof=1),
		a.var(axis=0, mean=a.mean(axis=0, keepdims=True)), np.var(a, mean=2.0), a.std(axis=1, mean=1, dtype=np.float64)), (B,), (B.astype(np.int32),), (B.T,), (B + 1j * B,)),
	(lambda a: (a.argmax(axis=0), np.argmin(a, axis=1), np.argmax(a, -1), a.argmin(0), a[0].argmax(axis=0)), (B,), (B.T,), (C[1],), (-B,)), (lambda a: (a.argmax(axis=1), a.argmin(2)), (C,)),
	(lambda a: (a.sum(0), a.sum(1), a.sum(2), a.max(1), a.mean(2)), (C,)), (lambda a, b: np.concatenate((a, b)), (B, B + 1)),
]


def same(got, want):
	if isinstance(want, tuple):
		return len(got) == len(want) and all(map(same, got, want))
	got, want = np.asarray(got), np.asarray(want)
	return got.shape == want.shape and got.dtype.kind == want.dtype.kind and np.allclose(got, want, equal_nan=True)


@pytest.mark.parametrize("function, arguments", [(f, args) for f, *args in CASES], ids=[f"{i}-{f.__code__.co_names[-1] if f.__code__.co_names else f.__name__}" for i, (f, *_) in enumerate(CASES)])
def test_function(function, arguments):
	compiled = njit(function)
	gc.collect()
	before = _core._live_arrays()
	for args in arguments:
		fresh = [[a.copy() if isinstance(a, np.ndarray) else a for a in args] for _ in range(2)]
		got, want = compiled(*fresh[0]), function(*fresh[1])
		assert same(got, want), (got, want)
		del got
	gc.collect()
	assert _core._live_arrays() == before


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.complex128], ids=lambda dtype: dtype.__name__)
def test_dtype_of_variances(dtype):
	"""Variances along an axis have the dtype that is asked for; those that cannot be had are refused, as without an axis."""
	for function in lambda a: a.var(axis=0, dtype=dtype), lambda a: np.std(a, 1, dtype=dtype, ddof=1, keepdims=True), lambda a: a.var(axis=-1, dtype=dtype, where=a > 2, mean=2.0):
		if dtype in (np.int32, np.complex128):
			with pytest.raises(errors.TypingError, match="argument 3"):
				njit(function)(B)
		else:
			got, want = njit(function)(B), function(B)
			assert got.dtype == want.dtype and got.shape == want.shape and np.allclose(got, want, rtol=2e-3)


def test_mistakes():
	for function, args, kind in ((lambda a, b: np.dot(a, b), (X, X[:2]), ValueError), (lambda a: np.argmax(a), (X[:0],), ValueError),
			(lambda a, m: a[m], (X, M[:2]), IndexError), (lambda a: a.sum(2), (B,), ValueError), (lambda a: np.cross(a, a), (X,), ValueError)):
		with pytest.raises(kind):
			njit(function)(*args)


def test_items_of_tuples_that_there_are_not():
	"""Without boundscheck, too: a tuple has no other items in its memory."""
	@njit
	def item(t, k):
		return t[k]

	@njit
	def called(k, x):
		return (np.sqrt, np.cos, np.sin)[k](x)

	for k in range(-3, 3):
		assert item((5, 6, 7), k) == (5, 6, 7)[k] and called(k, 1.0) == called.py_func(k, 1.0)
	for k in 3, -4, 1 << 40:
		with pytest.raises(IndexError, match="out of bounds"):
			item((5, 6, 7), k)
		with pytest.raises(IndexError, match="out of bounds"):
			called(k, 1.0)


def test_reductions_along_an_axis_into_an_array():
	"""out= is written and returned."""
	def run(a, out, more):
		total = np.sum(a, axis=1, out=out)
		total[0] += 1
		a.max(axis=0, where=a > 2, initial=-1.0, out=more)

	a = np.arange(12.0).reshape(3, 4)
	got, want = (np.zeros(3), np.zeros(4)), (np.zeros(3), np.zeros(4))
	njit(run)(a, *got)
	run(a, *want)
	assert all(map(np.array_equal, got, want))


@pytest.mark.parametrize("expression, error", [
	("a.max(axis=0, where=a > 2)", "reduction operation 'maximum' does not have an identity"), ("a.min(axis=1, where=a > 2)", "'minimum' does not have an identity"),
	("a[:0].max(axis=0)", "zero-size array to reduction operation maximum which has no identity"), ("a[:0].argmax(axis=0)", "attempt to get argmax of an empty sequence"),
	("a.argmin(axis=2)", "axis"), ("a.sum(where=np.array([True, False]))", r"operands could not be broadcast together with .*\(3,4\) \(2,\)")])
def test_reductions_refused(expression, error):
	scope = {"np": np}
	exec(f"def f(a):\n\treturn {expression}\n", scope)
	for f in scope["f"], njit(scope["f"]):
		with pytest.raises(ValueError, match=error):
			f(np.arange(12.0).reshape(3, 4))
