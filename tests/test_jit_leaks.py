"""Functions for the host that are called a million times keep nothing: arrays through exceptions, slices, tuples, handlers, records, results.
What compiled code leaves is counted by a million calls in compiled loops, what crosses into Python by some thousand."""

import ctypes
import gc
import sys
from collections import namedtuple

import numpy as np
import pytest
from conftest import ASAN

from gridjit import _core, cfunc, njit, prange

CALLS, CROSSINGS = 1_000_000, 2_000
RECORD = np.dtype([("a", np.float64), ("b", np.int32)])
Point = namedtuple("Point", "x y")


class Heap(ctypes.Structure):
	_fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def measure():
	"""(arrays that compiled code has made, bytes of C's heap, blocks of Python's)."""
	gc.collect()
	mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
	size = 0
	if mallinfo and not ASAN:
		mallinfo.restype = Heap
		heap = mallinfo()
		size = heap.uordblks + heap.hblkhd
	return _core._live_arrays(), size, sys.getallocatedblocks()


def keeps(function, n):
	"""What n calls keep, a call, after as many have made what is made once: the least of some times, of arrays the most. A leak comes every
	time; what a helper thread makes for itself comes when it first has rounds to do, which is late where the machine is busy."""
	function(n)
	before, kept = measure(), []
	while len(kept) < 6 and not (kept and max(kept[-1]) <= 0):
		function(n)
		now = measure()
		kept.append([(y - x) / n for x, y in zip(before, now, strict=True)])
		before = now
	live, heap, blocks = zip(*kept)
	return max(live), min(heap), min(blocks)


@njit
def makes(n):
	a = np.zeros(n)
	b = a + 1
	if n == 7:
		raise ValueError(f"n is {n}")
	if n == 6:
		raise KeyError(n)
	return b[1:], a


@njit
def holds(a, n):
	b = a * 2
	c, _ = makes(n)
	return b[:2], c


@njit
def tries(n):
	a = np.ones(n)
	try:
		b, _ = holds(a, n)
		c = (b, (a[::-1], n))
	except KeyError:
		c = (a, (np.full(n, 2.0)[:0], n))
	finally:
		a = a + 1
	return c[1][0], Point(c[0], a)


@njit
def records(n):
	r = np.zeros(n, RECORD)
	r[0].a = 3.0
	s = r[1:]
	return s[0], r["a"], s


@njit
def maybe(n):
	return np.ones(n) if n > 3 else None


@njit
def joins(n):
	x = np.ones(4)
	for i in range(n):
		y = x + i
		if i % 2:
			x = y
		elif i == 4:
			break
	return x


@njit
def descends(a, n):
	if n == 0:
		raise ValueError
	b = a + 1
	try:
		return descends(b, n - 1)
	except ValueError:
		if n == 3:
			return b
		raise


@njit(parallel=True)
def shares(n):
	a = np.ones(n)
	for i in prange(n):
		b = np.full(3, i)
		try:
			a[i] = 6 // (i % 3) + b.sum()
		except ZeroDivisionError:
			a[i] = 0
	return a


@njit
def all_of_them(n):
	total = 0.0
	for i in range(n):
		k = i % 9 + 1
		try:
			b, p = tries(k)
			total += b.size + p.x.size + p.y[0]
		except ValueError:
			total -= 1
		record, field, _ = records(k + 1)
		total += record.a + field[0]
		m = maybe(k)
		if m is not None:
			total += m[1]
		total += joins(k)[0] + descends(m if m is not None else np.ones(1), 4)[0]
	return total


def test_a_million_calls_in_compiled_code():
	live, heap, _ = keeps(all_of_them, CALLS // 8)               # each calls some eight functions
	assert live == 0 and heap < 0.01


@cfunc("float64(float64)")
def inverse(x):
	return 1 / x


@njit(boundscheck=True)
def item(a, i):
	return a[i]


ARRAY = np.arange(20.0)
CROSSING = {
	"results": lambda: makes(3), "an exception": lambda: makes(7), "its value": lambda: makes(6), "tuples": lambda: tries(5), "through two": lambda: tries(7),
	"records": lambda: records(3), "none": lambda: maybe(1), "or not": lambda: maybe(9), "slices": lambda: holds(ARRAY[1:], 3), "an index": lambda: item(ARRAY, 40),
	"shares": lambda: shares(50), "a callback": lambda: inverse.ctypes(2.0), "that fails": lambda: inverse.ctypes(0.0), "too large": lambda: makes(2**50),
	"negative": lambda: makes(-1), "no integer": lambda: makes(2**70), "too many": lambda: makes(1, 2), "by name": lambda: makes(n=2),
}


@pytest.mark.parametrize("name", CROSSING)
def test_calls_from_python(name, monkeypatch):
	monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
	call = CROSSING[name]

	def calls(n):
		for _ in range(n):
			try:
				call()
			except Exception:
				pass
	live, heap, blocks = keeps(calls, CROSSINGS)
	assert live == 0 and heap < 0.5 and blocks < 0.05


@pytest.mark.skipif(ASAN, reason="neither heap counts there")
def test_a_leak_is_seen():
	kept, malloc = [], ctypes.CDLL(None).malloc
	live, heap, blocks = keeps(lambda n: [(kept.append(maybe(9)), malloc(40)) for _ in range(n)] and None, 1000)
	assert live == 1 and blocks > 0.5 and (heap > 8 or measure()[1] == 0)
