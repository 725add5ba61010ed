"""Arrays, records and tuples of them that a round of a loop over prange binds and that are used behind the loop are the last round's, as in the
interpreter; nothing leaks, whoever made them, and where rounds raise."""

from collections import namedtuple

import numpy as np
import pytest

from gridjit import _core, config, errors, njit, prange

Pair = namedtuple("Pair", "n row")
RECORD = np.dtype([("a", "f8"), ("b", "i4")])


@pytest.fixture(params=[32, 1], autouse=True)
def width(request, monkeypatch):
	monkeypatch.setattr(config, "CPU_WIDTH", request.param)
	return request.param


def view(x):
	for i in prange(x.shape[0]):
		t = x[i]
		x[i, 0] += 1
	t[1] = -1
	return t


def made(x):
	for i in prange(x.shape[0]):
		t = np.zeros(3)
		t[0] = i
	return t


def bound_before(x):
	t = np.zeros(2)
	for i in prange(x.shape[0]):
		t = x[i] * 2
		x[i] = t
	return t.sum()


def not_read(x):
	t = np.zeros(2)
	for i in prange(x.shape[0]):
		t = x[i] * 2
		x[i] = t


def under_two_names(x):
	t = s = np.ones(3)
	for i in prange(x.shape[0]):
		t = x[i] * 2
		s = t
	return s.sum(), t


def view_of_what_the_function_made(x):
	t = np.zeros(2)
	y = x + 1
	for i in prange(x.shape[0]):
		t = y[i]
	return t


def tuples(x):
	for i in prange(x.shape[0]):
		t = i, (x[i] * 2, x[:i])
	return t


def named_tuples(x):
	for i in prange(x.shape[0]):
		t = Pair(i, x[i] + 1)
		x[i] = t.row
	return t.row


def none_before(x):
	t = None
	for i in prange(x.shape[0]):
		t = x[i] + 1
	return t


def none_in_some_rounds(x):
	t = x[:, 0]
	for i in prange(x.shape[0]):
		t = None if i % 5 == 4 else x[i] * 3
	return t


def of_inner_loops(x):
	for i in prange(x.shape[0]):
		for j in range(x.shape[1]):
			t = x[i, j:]
			x[i, j] += 1
		u = t[:1]
	return t, u


def in_loops(x):
	for k in range(3):
		for i in prange(x.shape[0]):
			t = x[i] * 2 + k
			x[i] += t
	return t


def beside_sums(x):
	count, total = np.zeros(4), 0.0
	for i in prange(x.shape[0]):
		t = count[1:]
		count[i % 4] += 1
		total += x[i, 0]
	t[0] = total
	return count


CASES = (view, made, bound_before, not_read, under_two_names, view_of_what_the_function_made, tuples, named_tuples, none_before, none_in_some_rounds, of_inner_loops,
	in_loops, beside_sums)


def outcome(f, n):
	x = np.arange(2.0 * n).reshape(n, 2)
	try:
		return f(x), x
	except (UnboundLocalError, ValueError) as error:
		return type(error), x


def same(a, b):
	if isinstance(a, tuple):
		return len(a) == len(b) and all(map(same, a, b))
	return np.array_equal(a, b) if isinstance(a, (np.ndarray, float, int)) else a is b


def keeps_nothing(compiled, n, calls=20):
	before = _core._live_arrays()
	for _ in range(calls):
		outcome(compiled, n)
	return _core._live_arrays() == before


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_as_the_interpreter(function):
	compiled = njit(parallel=True)(function)
	for n in 0, 1, 5, 3000:
		assert same(outcome(function, n), outcome(compiled, n)), n
		assert keeps_nothing(compiled, n)


def test_records():
	@njit(parallel=True)
	def f(r):
		for i in prange(r.shape[0]):
			t = r[i]
			t.a += i
		t.b = 7
		return t.a

	r = np.zeros(2000, RECORD)
	assert f(r) == 1999 and r["b"][-1] == 7 and r["b"].sum() == 7


def raises(x):
	t = np.zeros(2)
	for i in prange(x.shape[0]):
		t = x[i] * 2
		if x[i, 0] > 1900:
			raise ValueError
	return t


def caught(x):
	t, z = np.zeros(2), np.zeros(1)
	try:
		for i in prange(x.shape[0]):
			t = x[i] * 2
			if x[i, 0] > 1900 and i % 2:
				raise ValueError
		z[0] = t[1]
	except ValueError:
		pass
	return z


def caught_and_read(x):
	t = np.zeros(2)
	try:
		for i in prange(x.shape[0]):
			t = x[i] * 2
			if x[i, 0] > 1900:
				raise ValueError
	except ValueError:
		pass
	return t


@pytest.mark.parametrize("function", (raises, caught, caught_and_read), ids=lambda f: f.__name__)
def test_rounds_that_raise(function):
	compiled = njit(parallel=True)(function)
	for n in 3, 952, 5000:
		assert same(outcome(function, n), outcome(compiled, n)), n
		assert keeps_nothing(compiled, n, 100)


def test_what_the_last_round_has_not_bound():
	@njit(parallel=True)
	def f(x):
		for i in prange(x.shape[0]):
			if i % 2 == 0:
				t = x[i] * 2
		return t

	assert np.array_equal(f(np.ones((3001, 2))), [2, 2])
	with pytest.raises(UnboundLocalError, match="'t'"):
		f(np.ones((3000, 2)))


def test_what_hangs_on_earlier_rounds():
	@njit(parallel=True)
	def f(x):
		t = x[0]
		for i in prange(x.shape[0]):
			if x[i, 0] > 3:
				t = x[i]
		return t

	with pytest.raises(errors.UnsupportedError, match="'t' is carried over") as told:
		f(np.ones((5, 2)))
	assert "t = x[i]" in str(told.value)
