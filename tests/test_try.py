"""try in functions for the host: what is caught where, what finally does on every way out, and that arrays die once."""

import sys

import numpy as np
import pytest

import gridjit
from gridjit import cfunc, cuda, errors, njit, prange, vectorize
from try_functions import *


def plain(x):
	return tuple(map(plain, x)) if isinstance(x, tuple) else x.tolist() if isinstance(x, (np.ndarray, np.generic)) else x


def outcome(function, *args):
	try:
		return plain(function(*args))
	except BaseException as error:
		return type(error), error.args


def same(function, *args):
	want, got = outcome(function.py_func, *args), outcome(function, *args)
	assert repr(got) == repr(want), args


@pytest.mark.parametrize("function", [by_class, by_exception, by_anything, by_base], ids=lambda f: f.py_func.__name__)
@pytest.mark.parametrize("kind", range(10))
def test_classes(function, kind):
	for x in 2.0, 5.0, 6.0:
		same(function, kind, x)


def test_local_classes():
	class Local(Exception):
		pass

	class Other(Local):
		pass

	@njit
	def f(n):
		try:
			if n == 1:
				raise Local("one")
			if n == 2:
				raise Other("two")
		except Other:
			return 20
		return 0
	for n in range(3):
		same(f, n)


def test_classes_of_one_name():
	def make():
		class Local(Exception):
			pass

		@njit
		def raises(n):
			if n:
				raise Local(n)
			return n
		return Local, raises
	A, a = make()
	B, b = make()

	@njit
	def f(which):
		try:
			return a(1) if which == 0 else b(2)
		except A:
			return -1
	assert f(0) == -1
	with pytest.raises(B) as e:
		f(1)
	assert type(e.value) is B is not A and e.value.args == (2,)
	with pytest.raises(A):
		a(1)


# -- What raises of itself ------------------------------------------------------------------------------------------------------

def test_of_itself():
	@njit(boundscheck=True)
	def index(a, i):
		try:
			return a[i]
		except IndexError:
			return -1

	@njit
	def memory(n):
		try:
			return np.zeros(n).size
		except MemoryError:
			return -1
		except ValueError:
			return -2

	@njit
	def shapes(a, b):
		try:
			return (a + b).size
		except ValueError:
			return -1

	@njit
	def deep(n):
		return deep(n + 1) + 1 if n >= 0 else 0

	@njit
	def too_deep(n):
		try:
			return deep(n)
		except RecursionError:
			return -1

	@njit
	def not_too_deep(n):
		try:
			return deep(n)
		finally:
			n += 1

	@njit(boundscheck=True)
	def passes(a, i):
		try:
			return a[i]
		except ValueError:
			return -1
	a = np.arange(5)
	assert [index(a, i) for i in (0, 4, 5, -5, -6)] == [0, 4, -1, 0, -1]
	assert memory(3) == 3 and memory(-1) == -2 and memory(1 << 59) == -1
	assert shapes(np.ones(3), np.ones(3)) == 3 and shapes(np.ones(3), np.ones(4)) == -1
	assert too_deep(0) == -1 and too_deep(-1) == 0
	with pytest.raises(RecursionError, match="maximum recursion depth"):
		not_too_deep(0)
	with pytest.raises(IndexError, match="index 7 is out of bounds for axis 0 with size 5 of array 'a'"):
		passes(a, 7)


def test_none():
	@njit
	def f(n):
		x = None
		if n > 0:
			x = n
		try:
			return x + 1
		except TypeError:
			return -1 if x is None else 0
	assert f(3) == 4 and f(0) == -1


def test_traceback():
	"""Of what is raised again: where it was raised first."""
	with pytest.raises(ValueError) as e:
		by_class(1, 6.0)
	assert e.traceback[-1].name == "fails" and "raise ValueError" in str(e.traceback[-1].statement)


# -- Ways out ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [loops, nested, over_again, in_a_loop_of_a_handler, returns_over], ids=lambda f: f.py_func.__name__)
def test_ways_out(function):
	for n in range(12):
		same(function, n)


# -- Arrays ----------------------------------------------------------------------------------------------------------------------


def test_arrays(no_leaks):
	for n in range(8):
		for x in 1.0, -1.0:
			same(arrays, n, x)


def test_arrays_in_a_long_loop():
	"""What an exception passes over is freed at once, not when the function returns."""
	@njit
	def f(rounds, n):
		caught = 0
		for i in range(rounds):
			a = np.zeros(n)
			try:
				b, c = halves(4, a)
				a = b + c
			except ValueError:
				caught += 1
		return caught
	assert f(1_000, 100_000) == 1_000              # 4 GB, if they stayed


def test_exceptions_through_frames_with_arrays(no_leaks):
	@njit
	def f(n):
		a = np.ones(n)
		try:
			a = a + bottom(n, a)
		finally:
			a[0] = 5.0
		return a
	for n in range(5):
		with pytest.raises(ValueError):
			f(n)


def test_arrays_that_are_half_made(no_leaks):
	@vectorize
	def picky(x):
		if x > 2:
			raise ValueError("large")
		return x * 2

	@njit
	def f(a):
		try:
			b = picky(a)
			a[:] = picky(a[::-1])
			return b.sum()
		except ValueError:
			return -1.0
	assert f(np.arange(2.0)) == 2 and f(np.arange(5.0)) == -1


# -- With other things ------------------------------------------------------------------------------------------------------------

def test_loops_over_prange():
	@njit(parallel=True)
	def inside(x, out):
		for i in prange(x.shape[0]):
			try:
				out[i] = 1 / x[i]
			except ZeroDivisionError:
				out[i] = -1

	@njit(parallel=True)
	def around(x):
		s = 0.0
		try:
			for i in prange(x.shape[0]):
				s += 1 / x[i]
		except ZeroDivisionError:
			return -1.0
		return s

	@njit(parallel=True)
	def before(x):
		s = 0.0
		try:
			s = 1 / x[0]
		except ZeroDivisionError:
			s = 2.0
		for i in prange(x.shape[0]):
			s += x[i]
		return s
	x = np.array([0.0, 1.0, 2.0])
	out = np.zeros(3)
	inside(x, out)
	assert out.tolist() == [-1, 1, 0.5] and around(x) == -1 and around(x[1:]) == 1.5 and before(x) == 5
	assert "exceptions are caught in the loop" in inside.explain() and "threads" in before.explain()


def test_functions_whose_result_is_known():
	@njit
	def check(x):
		for i in range(x.shape[0]):
			if x[i] < 0:
				raise ValueError("negative")

	@njit
	def zero(x):
		check(x)
		return 0

	@njit
	def f(x):
		try:
			check(x)
			return zero(-x)
		except ValueError:
			return 1
	assert [f(np.array([v])) for v in (-1.0, 0.0, 1.0)] == [1, 0, 1]


def test_functions_that_call_it():
	assert njit(lambda x: by_exception(0, x) + by_exception(4, x))(3.0) == 2.0
	assert njit(lambda f, x: f(1, x))(by_anything, 3.0) == -1


def test_functions_for_c():
	@cfunc("f8(i8, f8)")
	def f(kind, x):
		try:
			return fails(kind, x)
		except ValueError:
			return -1.0
	assert f.ctypes(1, 2.0) == -1 and f.ctypes(0, 2.0) == 2


def test_generator_in_a_try():
	@njit
	def f(t):
		try:
			return sum(1 / x for x in t)
		except ZeroDivisionError:
			return -1.0
	assert f((1, 2, 4)) == 1.75 and f((1, 0)) == -1


def test_signatures_and_cache():
	text = "f8(i8, f8)"
	assert njit(text)(by_exception.py_func)(4, 1.0) == -1 == njit(text)(by_exception.py_func)(4, 1.0)


# -- Refused -------------------------------------------------------------------------------------------------------------------------

def refused(function, *args):
	with pytest.raises((errors.UnsupportedError, errors.UnsupportedBytecodeError, errors.TypingError)) as e:
		njit(function)(*args)
	return str(e.value)


def test_refused():
	def with_statement(x):
		with open(x):
			return 1

	def groups(x):
		try:
			return 1 / x
		except* ValueError:
			x = 2
		return x

	def value(x):
		try:
			return 1 / x
		except ValueError as e:
			return len(e.args)

	def unrolled(x):
		n = 0
		for v in (1, 2.5, 3):
			try:
				n += 1 / (x - v)
			except ZeroDivisionError:
				n += 1
		return n
	assert "a with statement is not supported" in refused(with_statement, 1)
	assert "try/except* is not supported" in refused(groups, 1)
	assert "an exception that was caught cannot be used" in refused(value, 1) and "raise it again" in refused(value, 1)
	if sys.version_info >= (3, 12):                # before, handlers stand in the loop
		assert "try in a loop that is written out" in refused(unrolled, 1)
	else:
		assert njit(unrolled)(1) == unrolled(1)


def test_kernels_have_none():
	@cuda.jit
	def kernel(x):
		x[0] = by_exception(0, 1.0)
	with pytest.raises(errors.UnsupportedBytecodeError, match="try/except is not supported in a kernel"):
		kernel[1, 1](np.zeros(1))
	assert vectorize(["f8(f8)"])(lambda x: by_exception(0, x))(2.0) == 2
	with pytest.raises(errors.UnsupportedBytecodeError, match="try/except"):
		cuda.vectorize(["f8(f8)"])(lambda x: by_exception(0, x))(np.zeros(3))
	assert gridjit.njit(lambda x: by_exception(0, x))(2.0) == 2
