"""Ctrl-C in functions for the host: wherever they are, they end soon, and all is as before."""

import ctypes
import gc
import signal
import time

import numpy as np
import pytest

from gridjit import _core, cfunc, njit, prange

LONG = 10**13
qsort = ctypes.CDLL(None).qsort
qsort.restype, qsort.argtypes = None, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]


@cfunc("int64(int64)")
def spin(n):
	k = 0
	for i in range(n):
		k = (k * 5 + i) % 1000003
	return k


@cfunc("int32(CPointer(float64), CPointer(float64))")
def slow(a, b):
	k = 1 if a[0] > b[0] else 0
	for i in range(300_000):
		k = (k * 5 + i) % 1000003
	return k % 3 - 1


c_spin, compare = spin.ctypes, slow.address


@njit
def calls(n):
	return spin(n) + 1


@njit
def through_ctypes(n):
	return c_spin(n) + 1


@njit
def sorts_by_c(x):
	y = x.copy()
	qsort(y, y.size, y.itemsize, compare)
	return y


@njit
def counts(a, n):
	for i in range(n):
		a[i & 7] += 1


@njit
def counts_down(a, n):
	while n > 0:
		n -= 3
		a[n & 7] += n


@njit
def inverses(a, n):
	s = 0.0
	for _ in range(n):
		s += np.linalg.inv(a)[0, 0]
	return s


@njit
def sorts(a, n):
	for _ in range(n):
		a = np.sort(a[::-1])
	return a


@njit
def products(a, n):
	for _ in range(n):
		a = a @ a * 0.5
	return a


@njit
def chance(n):
	s = 0.0
	for _ in range(n):
		s += np.random.normal(size=1000).sum()
	return s


@njit
def catches(n):
	k = 0
	while True:
		try:
			k = (k * 5 + 3) % 1000003
			if k > n:
				raise ValueError
		except BaseException:
			k = 0


@njit(parallel=True)
def shares(a, n):
	s = 0.0
	for i in prange(n):
		for j in range(1000):
			s += a[j & 7] * i
	return s


@njit(parallel=True)
def shares_and_catches(a, n):
	for i in prange(n):
		try:
			a[i & 7] += 5 // (i & 7)
		except ZeroDivisionError:
			pass


@njit
def descends(n):
	return n if n < 2 else descends(n - 1) + descends(n - 2)


def sorts_python(n):
	x = np.arange(float(n))
	qsort(x.ctypes.data, n, 8, compare)


EIGHT = np.zeros(8)
CASES = {
	"a function for C": (c_spin, (10,), (LONG,)), "one that is called": (calls, (10,), (LONG,)), "one through ctypes": (through_ctypes, (10,), (LONG,)),
	"in the C library": (sorts_by_c, (EIGHT,), (np.zeros(200_000),)), "there, from Python": (sorts_python, (3,), (200_000,)),
	"a loop": (counts, (EIGHT, 10), (EIGHT, LONG)), "another": (counts_down, (EIGHT, 10), (EIGHT, LONG)), "inverses": (inverses, (np.eye(3), 1), (np.eye(40), LONG)),
	"sorting": (sorts, (EIGHT, 1), (np.arange(1e5), LONG)),
	"products": (products, (np.eye(3), 1), (np.eye(300), LONG)), "chance": (chance, (1,), (LONG,)), "try": (catches, None, (LONG,)),
	"prange": (shares, (EIGHT, 100), (EIGHT, LONG)), "try in prange": (shares_and_catches, (EIGHT, 100), (EIGHT, LONG)), "recursion": (descends, (5,), (90,)),
}


@pytest.fixture(autouse=True)
def alarms():
	gc.collect()
	before, handler = _core._live_arrays(), signal.signal(signal.SIGALRM, signal.default_int_handler)
	yield
	signal.setitimer(signal.ITIMER_REAL, 0)
	signal.signal(signal.SIGALRM, handler)
	gc.collect()
	assert _core._live_arrays() == before


@pytest.mark.parametrize("name", CASES)
def test_it_ends(name):
	function, short, long = CASES[name]
	if short:
		function(*short)
	signal.setitimer(signal.ITIMER_REAL, 0.05)
	start = time.monotonic()
	with pytest.raises(KeyboardInterrupt):
		function(*long)
		while time.monotonic() < start + 5:                    # what C has put off
			pass
	assert time.monotonic() - start < 5
	if short:
		function(*short)


def test_handlers_that_do_not_raise():
	rings = []
	signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
	signal.setitimer(signal.ITIMER_REAL, 0.01)
	start = time.monotonic()
	while not rings and time.monotonic() < start + 5:
		c_spin(10_000_000)
	assert rings and c_spin(1000) == calls(1000) - 1
