"""Functions that are picked when compiled code runs: variables that are one or another, tables of functions, results of functions. Against
Python itself."""

import math
from collections import namedtuple

import numpy as np
import pytest

from gridjit import cfunc, cuda, errors, float64, njit, prange, types, vectorize

pytestmark = pytest.mark.usefixtures("no_leaks")


@njit
def add(x):
	return x + 1


@njit
def scale(x):
	return x * 2.5


@njit("float64(float64)")
def negate(x):
	return -x


def plain(x):
	return x - 100


@cfunc("float64(float64)")
def tripled(x):
	return x * 3


@vectorize
def squared(x):
	return x * x


TABLE = add, scale, negate, plain, math.sin, np.cos, tripled, squared


def by_flag(flag, x):
	f = add if flag else scale
	return f(x)


def by_chain(n, x):
	if n == 0:
		f = add
	elif n == 1:
		f = negate
	else:
		f = plain
	s = 0.0
	for i in range(3):
		s += f(x + i)
	return s


def by_table(n, x):
	return TABLE[n](x) + TABLE[-1 - n](x)


def changing(n, x):
	f = add
	for i in range(n):
		x = f(x)
		f = scale if i % 2 else f
		if i == 3:
			f = add
	return x


def given(n):
	if n == 0:
		return add
	return scale if n == 1 else negate


def by_result(n, x):
	return given(n)(x) + (given(0)(x) if n else 0)


def passed_on(n, x):
	return twice(given(n), x)


def twice(f, x):
	return f(f(x))


def inner(n, x):
	def up(v):
		return v + 10

	def down(v):
		return v - 10

	return (up if n else down)(x)


def same(n, x):
	f = given(n)
	return (1 if f is add else 0) + (2 if f is not scale else 0) + f(x)


def recursive(n, x):
	f = count if n else add
	return f(x) + 0.0


def count(x):
	return 0.0 if x < 1 else 1.0 + count(x - 1)


@pytest.mark.parametrize("f", [by_flag, by_chain, by_table, changing, by_result, passed_on, inner, same, recursive])
def test_picked(f):
	compiled = njit(f)
	for n in range(3):
		for x in 2.5, 7.0:
			assert math.isclose(compiled(n, x), f(n, x), rel_tol=1e-14)


def test_tables_that_are_arguments():
	Pair = namedtuple("Pair", "f g")

	@njit
	def at(table, i, x):
		return table[i](x)

	@njit
	def either(pair, flag, x):
		return (pair.f if flag else pair.g)(x)

	assert [at((add, scale), i, 3.0) for i in (0, 1, -1)] == [4.0, 7.5, 7.5] and at((negate, plain), 1, 3.0) == -97
	assert either(Pair(add, scale), True, 2.0) == 3 and either(Pair(add, scale), False, 2.0) == 5


def test_signatures_of_functions():
	@njit(float64(types.FunctionType(float64(float64)), types.FunctionType(float64(float64)), float64))
	def f(a, b, x):
		return (a if x > 0 else b)(x)

	assert f(add, plain, 1) == 2 and f(add, plain, -1) == -101 and f(tripled, math.sin, 2) == 6


@njit
def ones(n):
	return np.ones(n)


@njit
def view(n):
	return KEPT[:n]


@njit
def fails(n):
	made = np.zeros(n)
	if n > 3:
		raise ValueError(f"{n} are too many")
	return made


KEPT = np.arange(10.0)


def test_arrays_and_exceptions():
	@njit
	def f(i, n, a):
		g = (ones, fails, view)[i]
		h = np.sin if i else np.sqrt
		b = a + 1.0
		made = g(n)
		return made, h(b), (np.asarray if i == 1 else np.copy)(b), h(b).sum()

	a = np.arange(3.0)
	for i, first in enumerate(([1, 1], [0, 0], [0, 1])):
		made, computed, same, total = f(i, 2, a)
		assert made.tolist() == first and np.allclose(computed, (np.sin if i else np.sqrt)(a + 1)) and same.tolist() == [1, 2, 3]
		assert math.isclose(total, computed.sum())
	for _ in range(20):
		with pytest.raises(ValueError, match="4 are too many"):
			f(1, 4, a)
	assert f(0, 4, a)[0].size == 4

	@njit
	def caught(i, n):
		try:
			return (ones, fails)[i](n).sum()
		except ValueError:
			return -1.0

	assert [caught(i, n) for i in (0, 1) for n in (2, 5)] == [2.0, 5.0, 0.0, -1.0]


@njit
def or_none(x):
	return x if x > 0 else None


def test_what_may_be_none_is_asked_for_by_each():
	@njit
	def f(i, x):
		return (add, scale)[i](or_none(x))

	assert f(0, 2.0) == 3 and f(1, 2.0) == 5
	for i in 0, 1:
		with pytest.raises(TypeError):
			f(i, -2.0)


def test_rounds_of_prange():
	@njit(parallel=True)
	def f(x, out):
		for i in prange(x.size):
			g = add if i % 3 else scale
			out[i] = g(x[i]) + (add, negate)[i & 1](x[i])

	x, out = np.arange(1000.0), np.zeros(1000)
	f(x, out)
	k = np.arange(1000)
	assert np.array_equal(out, np.where(k % 3, x + 1, x * 2.5) + np.where(k & 1, -x, x + 1))


def test_kernels(device):
	@cuda.jit
	def kernel(x, out):
		i = cuda.grid(1)
		if i < x.size:
			f = add if i % 3 else scale
			out[i] = f(x[i]) + TABLE[i % 3](x[i]) + given(i % 2)(x[i])

	x, out = np.arange(100.0), np.zeros(100)
	kernel[4, 32](x, out)
	assert np.allclose(out, [(add if i % 3 else scale)(v) + TABLE[i % 3](v) + given(i % 2)(v) for i, v in enumerate(x)])


def test_what_is_refused():
	with pytest.raises(errors.TypingError, match="one of the functions that may be called here gives"):
		njit(lambda i, x: (ones, add)[i](x))(0, 3)
	with pytest.raises(errors.TypingError, match="is not the same object in all calls"):
		njit(lambda i: add if i else scale)(0)
	with pytest.raises(errors.TypingError, match="can only be indexed by a constant"):
		njit(lambda i: (add, 1)[i])(0)
