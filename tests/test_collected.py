"""Comprehensions that np.array takes, of lengths known at run time only: arrays of Python's values and NumPy's types, which leave nothing."""

import sys

import numpy as np
import pytest

from gridjit import errors, jit, prange

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="before, comprehensions were functions")


def scaled(x): return np.array([v * 2 for v in x])
def same(x): return np.array([v for v in x])
def filtered(x): return np.array([v * 2 for v in x if v > 1 if v < 4])
def filtered_view(x): return np.asarray([i for i in range(len(x)) if x[i] > 1])
def counted(x): return np.asarray([v * 2 + i for i, v in enumerate(x)], dtype=np.float32)
def paired(x): return np.array([v * w for v, w in zip(x, x[1:])], np.int64)
def truths(x): return np.array([v > 2 for v in x])
def downwards(x): return np.array([i / 2 for i in range(len(x), 0, -2)])
def reversed_(x): return np.array([v for v in reversed(x)])
def rows(x): return np.array([row.sum() for row in x.reshape(x.size // 2, 2)])
def flat(x): return np.array([v for v in x.reshape(x.size // 2, 2).flat])
def inner(x): return np.array([np.array([i * j for i in range(len(x))]).sum() for j in range(len(x) + 1)])
def grown(x): return np.array([1 if v > 2 else v for v in x])
def used(x): return np.sort(np.array([v % 3 for v in x])) + 1
def many(x): return np.array([i * i for i in range(2000)]) + len(x)


def named(x):
	items = [v * 3 for v in x]
	return np.array(items)


def through_a_name(x): return np.array([y[i] for i in range(len(x)) for y in (x,)])


def in_loops(x):
	total, last = 0, np.array([0.0 for v in x])
	for k in (1, 2):
		for i in range(3):
			last = np.array([k * v + total + i + 0.5 for v in x])
			total = total + last.sum()
	return last


def variable_kept(x):
	v = 3
	made = np.array([v for v in x if v])
	return made + v


ALL = (scaled, same, filtered, filtered_view, counted, paired, truths, downwards, reversed_, rows, flat, inner, grown, used, many, named, through_a_name,
       in_loops, variable_kept)


@pytest.mark.parametrize("f", ALL, ids=lambda f: f.__name__)
def test_values(f):
	compiled = jit(f)
	for x in np.arange(6.0), np.arange(6)[::-1].copy(), np.arange(12, dtype=np.float32)[::2].copy():
		want, got = f(x), compiled(x)
		assert got.dtype == want.dtype or x.dtype == np.float32       # times 2 it is float64, as for numba
		assert np.array_equal(got, want)
	empty, one = compiled(np.zeros(0)), compiled(np.arange(2.0))
	assert empty.ndim == 1 and empty.dtype == one.dtype and empty.size == (f is inner) + 2000 * (f is many)


@pytest.mark.parametrize("options", [{"parallel": True}, {"boundscheck": True}, {"debug": True}, {"fastmath": True}], ids=str)
def test_options(options):
	def f(x): return np.array([x[i] * 2 for i in range(len(x)) if x[i] > 3])
	def g(x): return np.array([x[i] * 2 for i in prange(len(x))])
	x = np.arange(50000.0)
	assert np.array_equal(jit(**options)(f)(x), 2 * x[4:]) and np.array_equal(jit(**options)(g)(x), 2 * x)


@pytest.mark.usefixtures("no_leaks")
def test_exceptions_leave_nothing():
	@jit
	def raises(x): return np.array([10 // v for v in x])

	@jit
	def caught(x):
		total = 0
		for _ in range(3):
			try:
				total += np.array([10 // v for v in x if v != 7]).sum()
			except ZeroDivisionError:
				total -= 1
		return total
	for _ in range(20):
		with pytest.raises(ZeroDivisionError):
			raises(np.array([1, 2, 0]))
	assert caught(np.array([1, 2, 7])) == 45 and caught(np.array([1, 0, 7])) == -3
	assert raises(np.array([5])).tolist() == [2]


def test_types_grow_in_sweeps():
	@jit
	def f(x):
		acc, out = 0, 0.0
		for _ in range(3):
			out += np.array([acc + v for v in range(len(x))]).sum()
			acc = acc + 0.5
		return out
	assert f(np.zeros(4)) == 3 * 6 + 4 * 1.5


def test_captured_in_an_inner_function():
	@jit
	def f(n):
		def part(k): return np.array([i + k for i in range(n)])
		return part(2) + part(1.5)
	assert f(3).tolist() == [3.5, 5.5, 7.5]


def test_array_of_another_name():
	from numpy import array

	@jit
	def f(n): return array([i for i in range(n)], dtype="f4")
	assert f(3).dtype == np.float32 and f(3).tolist() == [0, 1, 2]


def test_lengths_that_conditions_make():
	"""Also where the number of rounds is a constant."""
	def f(x, n):
		return np.array([x[i] for i in range(10) if x[i] > n]), np.array([v for v in (1.0, n, 3.0) if v > 2]), np.array([(i, i) for i in range(3)]).sum()
	compiled, x = jit(f), np.arange(12.0)
	for n in 3.0, 20.0, -1.0:
		for got, want in zip(compiled(x, n), f(x, n)):
			assert np.array_equal(got, want)


@pytest.mark.parametrize("f", [
	lambda x: [v for v in x],
	lambda x: len([v for v in x]),
	lambda x: np.array([[v * w for v in x] for w in x]),
	lambda x: np.array([(v, v) for v in x]),
	lambda x: np.array([v * w for v in x for w in x]),
	lambda x: np.array([v for v in x] + [1.0]),
	lambda x: np.array([v for v in x], copy=True, dtype=np.float32),
])
def test_refused(f):
	with pytest.raises(errors.TypingError, match="must be written out"):
		jit(f)(np.arange(3.0))


def test_what_a_name_is_given_in_a_comprehension():
	@jit
	def f(x):
		total = 0
		for k in range(3):
			total = total + k
			total += sum([y + v for v in (1, 2) for y in (total,)])
		return total

	def plain(x):
		total = 0
		for k in range(3):
			total = total + k
			total += sum([y + v for v in (1, 2) for y in (total,)])
		return total
	assert f(0) == plain(0)
