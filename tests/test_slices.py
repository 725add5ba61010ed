"""Slices as values: arguments, items of tuples, results, constants, one or another; as the interpreter has them."""

import numpy as np
import pytest

from gridjit import cuda, errors, njit

PART, PARTS, BOTH = slice(1, 3), (slice(1, 3), slice(None, None, -1)), (slice(0, 2), 1)
x = np.arange(24.0).reshape(4, 6)
ALL = (slice(1, 5, 2), slice(None, 5), slice(3), slice(None), slice(5, None), slice(None, None, -1), slice(-3, None), slice(np.int8(1), True), slice(9, 20))


def same(a, b):
	return len(a) == len(b) and all(map(same, a, b)) if isinstance(a, tuple) else np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def rows(a, s):
	return a[s], a[s, s], a[..., s], a[None, s], a[:, s].sum(axis=1), a.ravel()[s]


def with_integers(a, s):
	return a[2, s], a[s, -1], a[np.array([0, 1]), s]


def parts(a, s):
	return s.start, s.stop, s.step, s, s == s, s.indices(a.shape[1])


def stored(a, s):
	a[s, 1:] += 5
	a[0, s] = 7
	a.flat[s] = -1.0
	return a


def passed_on(a, s):
	def part(y, q):
		return y[q].sum()
	t = slice(1, a.shape[0]), s
	return part(a, s), part(a[0], s), a[t], a[s][s]


@pytest.mark.parametrize("function", (rows, with_integers, parts, stored, passed_on), ids=lambda f: f.__name__)
def test_arguments(function):
	compiled = njit(function)
	for s in ALL:
		assert same(function(x.copy(), s), compiled(x.copy(), s)), s


@njit
def constants(a):
	return a[PART], a[PARTS], a[BOTH]


@njit
def of_a_tuple(a, t):
	return a[t]


@njit
def each(a, slices):
	total = 0.0
	for s in slices:
		total += a[s].sum()
	return total


@njit
def chosen(a, c):
	s = slice(0, 2) if c else slice(1, 3)
	return a[s]


@njit
def window(a, n):
	def around(i):
		return slice(i - 1, i + 2)
	return a[around(1), around(n)]


@njit
def asks(a, s):
	return a[s].sum() * (1 if s.step is None else s.step)


def test_values():
	for f, arguments in ((constants, ()), (of_a_tuple, (PARTS,)), (of_a_tuple, ((PART, None, 2),)), (each, ((slice(1), slice(2), slice(3)),)), (each, ((slice(1), slice(None, None, -1)),)),
		(chosen, (True,)), (chosen, (False,)), (window, (4,)), (asks, (slice(1, 3),)), (asks, (slice(0, 4, 2),))):
		assert same(f.py_func(x, *arguments), f(x, *arguments)), f


@njit
def parts(a, s, t, c):
	return a[s if c else t]


@njit
def ends(a, start, stop, step, left_out):
	if left_out == 0:
		start = None
	elif left_out == 1:
		stop = None
	elif left_out == 2:
		step = None
	a[start:stop:step] += 1
	return a[start:stop:step]


def test_parts_that_may_be_none():
	for s in ALL:
		for c in (True, False):
			assert same(parts(x, s, slice(None, 2), c), parts.py_func(x, s, slice(None, 2), c))
			assert same(parts(x, s, slice(1, None, -1), c), parts.py_func(x, s, slice(1, None, -1), c))
	for left_out in range(4):
		for part in (1, 5, 2), (5, 1, -1), (-2, 1, -2), (0, 9, 3):
			assert same(ends(np.arange(7.0), *part, left_out), ends.py_func(np.arange(7.0), *part, left_out))


def test_kernels():
	@cuda.jit
	def kernel(a, s, out):
		part = a[s]
		i = cuda.grid(1)
		if i < part.shape[0]:
			out[i] = part[i]

	out = np.zeros(8)
	kernel[1, 32](np.arange(20.0), slice(3, 19, 2), out)
	assert out.tolist() == list(range(3, 19, 2))


def test_misuse():
	with pytest.raises(ValueError, match="step"):
		njit(rows)(x, slice(1, 2, 0))
	with pytest.raises(TypeError, match="float"):
		njit(rows)(x, slice(1.5, 2))
	with pytest.raises(ValueError, match="length should not be negative"):
		njit(lambda s, n: s.indices(n))(PART, -1)
	with pytest.raises(errors.TypingError, match="needs constant parts"):
		njit(lambda t, s: t[s])((1, 2, 3), PART)
