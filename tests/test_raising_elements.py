"""Functions of numbers that raise, over arrays: their loops are vectors, and the exception is the first element's."""

import math

import numpy as np
import pytest

from gridjit import config, vectorize

TARGETS = pytest.mark.parametrize("target", ["cpu", "parallel"])


@pytest.fixture(params=[32, 1], autouse=True)
def width(request):
	saved, config.CPU_WIDTH = config.CPU_WIDTH, request.param
	yield request.param
	config.CPU_WIDTH = saved


def root(x):
	if x < 0:
		raise AssertionError("a negative number", x)
	y = math.sqrt(x)
	if y > 100:
		raise OverflowError(f"{y} is large")
	return y


def said(f, *args, **options):
	with pytest.raises(Exception) as caught:
		f(*args, **options)
	return type(caught.value), str(caught.value), caught.traceback[-1].lineno


def expected(f, x):
	"""What Python raises for the first of these elements that raises."""
	for v in x.tolist():
		try:
			f(v)
		except Exception as error:
			return type(error), str(error), error.__traceback__.tb_next.tb_lineno - 1
	raise AssertionError("nothing raises")


@TARGETS
def test_the_first_element_that_raises(target):
	"""Whichever of the places that raise comes first in the code; through buffers, in place, with steps, in any piece of the loop."""
	f, rng = vectorize(target=target)(root), np.random.default_rng(0)
	for n in (1, 2, 31, 33, 1000, 100_003):
		x = rng.random(n)
		assert np.allclose(f(x), np.sqrt(x))
		for _ in range(6):
			bad = x.copy()
			at = rng.integers(0, n, 3)
			bad[at] = rng.permutation([-1 - rng.random(), 1e6 + rng.random(), -7.0])
			for given in (bad, bad[::-1], np.repeat(bad, 2)[::2]):
				assert said(f, given) == expected(root, given)
			assert said(f, bad.copy(), out=bad) == said(f, bad.copy())
	assert f([4, 9]).tolist() == [2, 3] and f(np.float64(4)) == 2


@TARGETS
def test_in_place(target):
	f, x = vectorize(target=target)(root), np.linspace(0, 1, 50_000)
	x[[40_007, 40_011]] = 1e6, -1
	want = expected(root, x)
	assert said(f, x, out=x) == want
	x = np.linspace(1, 2, 50_001)
	x[[30_020, 30_040]] = 1e8, -1
	want = expected(root, x[1:])
	assert said(f, x[1:], out=x[:-1]) == want
	x = np.ones(100)
	x[50] = -1
	assert said(f, x[:-1], out=x[1:]) == expected(root, x[50:])


@TARGETS
def test_big_arrays(target):
	"""Outputs go past the caches; threads that have elements before the one that raised go on."""
	f, x = vectorize(target=target)(root), np.ones(2_000_003)
	assert (f(x) == 1).all()
	x[[1_500_001, 1_600_000, 1_999_999]] = 1e6, -1, -2
	for _ in range(3):
		assert said(f, x) == expected(root, x[1_500_000:])
	x[3] = -3
	assert said(f, x) == expected(root, x)


@TARGETS
def test_what_raises_without_the_word(target):
	@vectorize(["int64(int64, int64)"], target=target)
	def stepped(n, step):
		total = 0
		for i in range(0, n, step):
			total += i
		return total

	@vectorize(["float64(int64)"], target=target)
	def picked(i):
		return (1.0, 2.0, 4.0)[i]

	@vectorize(["float64(int64)"], target=target)
	def local(n):
		t = np.zeros(4)
		t[:n] = np.ones(3)
		return t.sum()

	@vectorize(["int64(int64)"], target=target)
	def unbound(n):
		for i in range(n):
			last = i
		return last

	n = np.full(100, 5)
	assert (stepped(n, 2) == 6).all() and (picked(n - 3) == 4).all() and (local(n - 2) == 3).all() and (unbound(n) == 4).all()
	m = np.where(np.arange(100) < 70, 2, 0)
	assert said(stepped, n, m)[:2] == (ValueError, "range() arg 3 must not be zero")
	assert said(picked, 2 * m - 1)[0] is IndexError and picked([-1, 0, 2]).tolist() == [4, 1, 4]
	assert said(local, m + 2)[:2] == (ValueError, "could not broadcast input array from shape (3,) into shape (4,)")
	assert said(unbound, m)[0] is UnboundLocalError


@TARGETS
def test_reductions(target):
	"""Elements of a chain are taken one after the other."""
	@vectorize(["float64(float64, float64)"], target=target)
	def add(x, y):
		if y < 0:
			raise KeyError("negative", y)
		return x + y

	x = np.ones((40, 30))
	assert add.reduce(x.ravel()) == 1200 and (add.accumulate(x, axis=1)[:, -1] == 30).all()
	x[7, 9], x[30, 2] = -1, -2
	assert said(add.reduce, x.ravel())[:2] == (KeyError, "('negative', -1.0)")
	assert said(add.accumulate, x.ravel())[:2] == (KeyError, "('negative', -1.0)")
	assert said(add, 1.0, x)[:2] == (KeyError, "('negative', -1.0)")
	assert (add(1.0, x, where=x > 0, out=np.zeros_like(x)) == np.where(x > 0, 2, 0)).all()


def test_floating_point_exceptions_stay_those_of_elements(width):
	"""A function that may raise tells of divisions by zero of elements that divide, and of no others."""
	@vectorize(["float64(float64)"])
	def inverse(x):
		if x < 0:
			raise ValueError("negative")
		return 1 / x if x > 0.5 else x

	with np.errstate(all="raise"):
		assert inverse(np.array([0, 1.0, 0])).tolist() == [0, 1, 0]


def test_vectors(width):
	"""No loop for the host stands in for it: the code is that of vectors."""
	f = vectorize(["float64(float64)"])(root)
	text, = f.inspect_llvm().values()
	assert "gj_rt_element_failed" in text and ("<32 x double>" in text) == (width == 32)


def ratio(a, b):
	if b == 7:
		raise ValueError(f"{a} over seven")
	return a / b


@TARGETS
def test_elements_that_lie_apart(target):
	"""Little is done to several operands with gaps: they are taken as they lie, with their exceptions and NumPy's warnings."""
	f, rng = vectorize(["float64(float64, float64)"], target=target)(ratio), np.random.default_rng(1)
	for n in (31, 32, 100, 20_001):
		a, b, out = rng.random((n, 3)), rng.random((n, 2)) + 8, np.full((2 * n, 2), 5.0)
		for x, y, to in ((a[:, 1], b[:, 0], out[::2, 1]), (a[::-1, 2], b[:, 1], out[n - 1::-1, 0]), (a[:, 0], b[:, 0], a[:, 0])):
			expect, before = x / y, out.copy()
			assert f(x, y, out=to) is to and np.array_equal(to, expect)
			out[...] = before
		with np.errstate(all="raise"):
			f(a[:, 1], b[:, 0])
			b[n // 2, 0] = 0
			with pytest.raises(FloatingPointError, match="divide by zero"):
				f(a[:, 1], b[:, 0])
		b[n // 2, 0], b[n - 1, 0], b[n // 3, 0] = 1, 7, 7
		assert said(f, a[:, 1], b[:, 0])[:2] == (ValueError, f"{a[n // 3, 1]} over seven")
		assert (out == 5).all()
