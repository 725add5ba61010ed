"""Loops over prange: rounds as threads and lanes give what the interpreter gives, or an error that says why they cannot."""

import numpy as np
import pytest

from gridjit import config, errors, njit, prange
from prange_functions import CASES


@pytest.fixture(params=[32, 1], autouse=True)
def width(request, monkeypatch):
	monkeypatch.setattr(config, "CPU_WIDTH", request.param)
	return request.param


def same(a, b):
	if isinstance(a, (tuple, list)):
		return len(a) == len(b) and all(map(same, a, b))
	if isinstance(a, (float, complex, np.ndarray)):
		return np.allclose(a, b, rtol=1e-12, atol=1e-300, equal_nan=True)
	return bool(a == b)


def copied(arguments):
	return [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]


@pytest.mark.parametrize("name", CASES)
def test_as_the_interpreter(name):
	function, makers = CASES[name]
	compiled = njit(parallel=True)(function)
	for make in makers:
		arguments = make()
		expected, got = copied(arguments), copied(arguments)
		for _ in range(2):                         # what a round takes is known the second time
			assert same(function(*expected), compiled(*got))
			assert same(expected, got)


# -- what rounds may not leave to the next ------------------------------------------------------------------------------------

def prefix(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s += a[i]
		a[i] = s
	return s


def previous(a):
	p = 0.0
	for i in prange(a.shape[0]):
		a[i] = p
		p = 2 * a[i]


def position(a):
	best = -1.0
	k = 0
	for i in prange(a.shape[0]):
		if a[i] > best:
			best = a[i]
			k = i
	return k


def alternating(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s = a[i] - s
	return s


def doubled(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s = 2 * s + a[i]
	return s


def two_ways(a):
	s = 1.0
	for i in prange(a.shape[0]):
		if a[i] > 0.5:
			s += a[i]
		else:
			s *= a[i]
	return s


def of_another(a):
	s, t = 0.0, 0.0
	for i in prange(a.shape[0]):
		s += a[i]
		t += s
	return t


def sometimes(a):
	x = 0.0
	for i in prange(a.shape[0]):
		if a[i] > 0.5:
			x = a[i]
	return x


@pytest.mark.parametrize("function, name, line", [(prefix, "s", 3), (previous, "p", 4), (position, "best", 4), (alternating, "s", 3), (doubled, "s", 3),
	(two_ways, "s", 4), (of_another, "s", 3), (sometimes, "x", 4)], ids=lambda x: getattr(x, "__name__", None))
def test_carried_over(function, name, line):
	with pytest.raises(errors.UnsupportedError, match=f"'{name}' is carried over from one round") as e:
		njit(parallel=True)(function)(np.ones(3))
	start = function.__code__.co_firstlineno
	assert any(f"line {start + k}, in {function.__name__}" in str(e.value) for k in range(line, line + 4))
	njit(function)(np.ones(3))                     # without parallel it is a range


# -- exceptions -----------------------------------------------------------------------------------------------------------

def test_the_earliest_failure():
	@njit(parallel=True)
	def f(a, first, second):
		for i in prange(a.shape[0]):
			if i == second:
				raise KeyError(2)
			a[i] += 1
			if i == first:
				raise ValueError("first")
			a[i] += 1

	for first, second in (40, 41), (40, 39), (7, 9999), (9999, 9000), (5000, 70000), (63, 32), (0, 0):
		a = np.zeros(10000)
		kind = ValueError if first < second else KeyError
		with pytest.raises(kind) as e:
			f(a, first, second)
		assert e.value.args == (("first",) if kind is ValueError else (2,))
		assert (a[:min(first, second)] == 2).all()     # those before it ran to their ends
	f(np.zeros(10), 10, 10)


def test_failures_in_reductions_and_callees():
	@njit
	def inverse(x):
		return 1 / x

	@njit(parallel=True)
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += inverse(a[i])
		return s

	a = np.ones(100000)
	assert f(a) == 100000
	a[77777] = 0
	with pytest.raises(ZeroDivisionError):
		f(a)


def test_recursive_callees():
	@njit
	def down(n):
		if n > 1000:
			raise ValueError("too many")
		return 0 if n == 0 else 1 + down(n - 1)

	@njit(parallel=True)
	def f(a):
		for i in prange(a.shape[0]):
			a[i] = down(a[i])

	a = np.arange(200)
	f(a)
	assert (a == np.arange(200)).all()
	a[150] = 5000
	with pytest.raises(ValueError, match="too many"):
		f(a)


def test_boundscheck():
	@njit(parallel=True, boundscheck=True)
	def f(a, n):
		for i in prange(n):
			a[i] = i

	a = np.zeros(100)
	f(a, 100)
	assert (a == np.arange(100)).all()
	with pytest.raises(IndexError, match="index 100 is out of bounds for axis 0 with size 100"):
		f(a, 1000)


# -- the rest --------------------------------------------------------------------------------------------------------------

def test_in_python_and_without_parallel():
	assert list(prange(3)) == [0, 1, 2] and list(prange(1, 7, 3)) == [1, 4]

	@njit
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += a[i]
			a[i] = s
		return s

	a = np.ones(4)
	assert f(a) == 4 and list(a) == [1, 2, 3, 4]


def test_sums_do_not_depend_on_threads():
	@njit(parallel=True)
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += a[i]
		return s

	a = np.random.default_rng(1).random(300_000)
	assert len({f(a) for _ in range(20)}) == 1


def test_printed_lines(capsys):
	@njit(parallel=True)
	def f(n):
		for i in prange(n):
			if i % 100 == 7:
				print("round", i)

	f(1000)
	assert sorted(capsys.readouterr().out.split("\n")) == sorted([""] + [f"round {i}" for i in range(7, 1000, 100)])


def test_options():
	def f(a):
		for i in prange(a.shape[0]):
			a[i] = 1
	njit(parallel={"fusion": False})(f)(np.zeros(3))
	with pytest.raises(NameError, match="fusions"):
		njit(parallel={"fusions": True})(f)
	with pytest.raises(ValueError, match="parallel must be"):
		njit(parallel="yes")(f)
