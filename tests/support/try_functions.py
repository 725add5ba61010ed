"""Functions for the host with try, for tests/test_try.py: apart, because pytest changes asserts in test files."""

import numpy as np

from gridjit import njit


class Mine(ValueError):
	pass


class Deeper(Mine, LookupError):
	pass


class Stranger(BaseException):
	pass


@njit
def fails(kind, x):
	if kind == 1:
		raise ValueError("one", x)
	if kind == 2:
		raise Mine(f"two {x:.1f}")
	if kind == 3:
		raise Deeper
	if kind == 4:
		raise KeyError(kind)
	if kind == 5:
		raise Stranger("five")
	if kind == 6:
		return 1 / (kind - 6)
	if kind == 7:
		assert x > 100, "small"
	if kind == 8:
		raise np.linalg.LinAlgError("eight")
	return x


@njit
def by_class(kind, x):
	r = 0
	try:
		fails(kind, x)
		r += 1
	except Deeper:
		r += 10
	except (Mine, AssertionError):
		r += 100
	except ValueError as e:
		if x > 5:
			raise
		if x > 4:
			raise e
		r += 1000
	except ArithmeticError:
		r += 10000
	else:
		r += 100000
	finally:
		r += 1000000
		if kind == 9:
			return -1
	return r


@njit
def by_exception(kind, x):
	try:
		return fails(kind, x)
	except Exception:
		return -1.0


@njit
def by_anything(kind, x):
	try:
		return fails(kind, x)
	except:
		return -1.0


@njit
def by_base(kind, x):
	try:
		return fails(kind, x)
	except LookupError:
		return -1.0
	except BaseException:
		return -2.0


@njit
def loops(n):
	s = 0
	for i in range(n):
		try:
			if i % 3 == 0:
				continue
			if i == 8:
				break
			s += 10 // (i % 4)
		except ZeroDivisionError:
			s += 1000
			if i == 4:
				continue
		else:
			s += 5
		finally:
			s += 1
		k = 0
		while True:
			try:
				k += 1
				if k > 2:
					break
			finally:
				s += 100000
	return s


@njit
def nested(x):
	trace = 0
	try:
		try:
			try:
				if x == 0:
					raise KeyError("inner", x)
				if x == 1:
					raise ValueError("inner", x)
				trace += 1
			except ValueError:
				trace += 10
				try:
					raise KeyError("in the handler", trace)
				except KeyError:
					trace += 100
				raise
			finally:
				trace += 1000
				if x == 2:
					raise IndexError("in finally")
		except ValueError:
			trace += 10000
			raise Mine("other", trace) from None
	except KeyError as e:
		return -trace
	except Mine:
		trace += 100000
	return trace


@njit
def over_again(n):
	while True:
		try:
			try:
				if n > 3:
					return n
				n += 1
				if n == 2:
					continue
				if n == 3:
					raise ValueError
			finally:
				n += 10
		except ValueError:
			n = -5


@njit
def in_a_loop_of_a_handler(n):
	try:
		return 1 // n
	except ZeroDivisionError:
		for i in range(3):
			if i == 1:
				raise
		return 5


@njit
def returns_over(n):
	for i in range(3):
		try:
			return 10 // n
		except ZeroDivisionError:
			return -1
		finally:
			if n == 3:
				break
			if n == 4:
				continue
	return i


@njit
def halves(n, a):
	b = a * 0.5
	for i in range(n):
		b = b[:] + 1.0
		if i == 3:
			raise ValueError("three")
		if i == 5:
			raise KeyError("five")
	return b, b[1:]


@njit
def bottom(n, a):
	b = a + n
	if n == 0:
		raise ValueError("bottom")
	return bottom(n - 1, b) if n != -1 else b


@njit
def arrays(n, x):
	a = np.zeros(3)
	total = 0.0
	for i in range(8):
		b = a + i
		try:
			c, d = halves((i * n) % 7, b)
			a = bottom(2 if i % 2 else -1, d[:3].copy()) if x > 0 else c
			total += a.sum()
		except ValueError:
			a = b[::-1] * 0.5 if i % 3 else a
			total += 100
		finally:
			total += b.sum()
	return a, total
