"""Ufuncs of functions that need what functions for the host have: arrays made in the body, random numbers, exceptions, prints."""

import math
import signal

import numpy as np
import pytest

from gridjit import _core, cuda, errors, guvectorize, njit, vectorize

TARGETS = pytest.mark.parametrize("target", ["cpu", "parallel"])


@pytest.fixture(autouse=True)
def no_array_stays():
	before = _core._live_arrays()
	yield
	assert _core._live_arrays() == before


def backwards(x, out):
	t = np.zeros(x.shape[0])
	for i in range(x.shape[0]):
		t[i] = 2 * x[i]
	for i in range(x.shape[0]):
		out[i] = t[x.shape[0] - 1 - i]


@TARGETS
@pytest.mark.parametrize("signatures", [["void(float64[:], float64[:])"], []])
def test_arrays_of_any_size(target, signatures):
	f = guvectorize(*([signatures] if signatures else []), "(n)->(n)", target=target)(backwards)
	for shape in ((3,), (2, 3), (1000, 7), (4, 0), (0, 4), (5, 1, 6)):
		x = np.random.default_rng(0).random(shape)
		for a in (x, x[..., ::2], x[..., ::-1], np.asfortranarray(x), np.broadcast_to(x, (2, *shape))):
			assert np.array_equal(f(a, np.empty(a.shape)), 2 * a[..., ::-1])
	x = np.random.default_rng(0).random((50, 7))
	want = 2 * x[:, ::-1]
	assert np.array_equal(f(x, out=x), want)


@TARGETS
def test_library_functions_that_make_arrays(target):
	@guvectorize(["void(float64[:], float64[:], float64[:, :])"], "(n),()->(n,n)", target=target)
	def squared(x, k, out):
		t = np.outer(x, x) + k[0]
		out[:] = t @ t

	@guvectorize(["void(float64[:], int64, float64[:])"], "(n),()->()", target=target)
	def middle(x, count, out):
		out[0] = np.median(np.sort(x)[:count])

	x, k = np.random.default_rng(0).random((300, 5)), np.random.default_rng(1).random(300)
	t = x[:, :, None] * x[:, None, :] + k[:, None, None]
	assert np.allclose(squared(x, k), t @ t)
	assert np.array_equal(middle(x, 3), np.sort(x)[:, 1]) and np.array_equal(middle(x, [[5], [1]])[1], x.min(axis=1))


@TARGETS
def test_elements_with_arrays(target):
	@vectorize(["float64(float64, float64)"], identity=0, target=target)
	def add(x, y):
		t = np.zeros(int(1 + abs(x)) % 3 + 1)
		t[0] = x
		return t[0] + y

	a, b = np.random.default_rng(0).random((7, 4, 6)), np.arange(6.0)
	assert np.array_equal(add(a, b), a + b) and np.array_equal(add(a[::2, ::-1], 1), a[::2, ::-1] + 1)
	assert np.allclose(add.reduce(a, axis=1), a.sum(axis=1)) and np.allclose(add.accumulate(a, axis=2), a.cumsum(axis=2))
	assert np.array_equal(add(a, 1, where=a > 0.5, out=np.zeros_like(a)), np.where(a > 0.5, a + 1, 0))
	big = np.arange(100_000.0)
	assert np.array_equal(add(big, big, out=big), 2 * np.arange(100_000.0))
	add(big[:-1], 1, out=big[1:])
	assert np.array_equal(big[1:], 2 * np.arange(99_999.0) + 1)
	counts = np.zeros(3)
	add.at(counts, [0, 0, 1], 5.0)
	assert counts.tolist() == [10, 5, 0]


@TARGETS
def test_random_numbers(target):
	@vectorize(target=target)
	def near(x):
		return np.random.normal(x, 0.5)

	@guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", target=target)
	def walk(x, out):
		level = 0.0
		for i in range(x.shape[0]):
			level += np.random.random() - 0.5
			out[i] = x[i] + level

	y = near(np.full(200_000, 3.0))
	assert abs(y.mean() - 3) < 0.01 and abs(y.std() - 0.5) < 0.01 and len(np.unique(y)) == len(y)
	assert np.abs(np.diff(walk(np.zeros((1000, 50))))).max() <= 0.5


def test_random_numbers_after_a_seed():
	@njit
	def seed(n):
		np.random.seed(n)

	seeded = vectorize(lambda x: x + np.random.random())
	seed(3)
	got = seeded(np.zeros(5))
	np.random.seed(3)
	assert np.array_equal(got, np.random.random(5))


def checked(x, out):
	t = np.empty(100 * x.shape[0])
	for i in range(x.shape[0]):
		if x[i] < 0:
			raise ValueError("below", x[i])
		t[i] = x[i]
		out[i] = t[i]


@TARGETS
def test_what_raises(target):
	f = guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", target=target)(checked)
	x = np.ones((20_000, 5))
	assert np.array_equal(f(x), x)
	x[777, 3], x[778, 0], x[15_000, 1] = -7, -8, -9
	for _ in range(3):
		with pytest.raises(ValueError) as caught:
			f(x)
		assert caught.value.args == ("below", -7.0) and caught.traceback[-1].name == "checked"
	assert np.array_equal(f(np.ones(5)), np.ones(5))

	@vectorize(target=target)
	def root(x):
		if x < 0:
			raise AssertionError("a negative number")
		return math.sqrt(x)

	with pytest.raises(AssertionError, match="a negative number"):
		root(np.array([4.0, -1.0]))
	assert root(np.array([4, 9])).tolist() == [2, 3]


@TARGETS
def test_handlers(target):
	@vectorize(target=target)
	def guarded(x):
		try:
			if x < 2:
				raise KeyError("k")
			return x
		except KeyError:
			return -1

	assert guarded(np.arange(5)).tolist() == [-1, -1, 2, 3, 4]


def test_two_results_and_floating_point_exceptions():
	@vectorize
	def both(x, y):
		if y == 7:
			raise ZeroDivisionError("seven")
		return x // y, x % y

	q, r = both(np.arange(6), 4)
	assert q.tolist() == [0, 0, 0, 0, 1, 1] and r.tolist() == [0, 1, 2, 3, 0, 1]
	with pytest.raises(ZeroDivisionError, match="seven"):
		both(1, 7)
	with pytest.warns(RuntimeWarning, match="divide by zero"):
		both(np.array([1, 2]), np.array([0, 1]))

	@vectorize
	def log(x):
		if x != x:
			raise ValueError
		return math.log(x) if x > 0 else 0.0

	with np.errstate(all="raise"):
		assert log(np.array([1.0, 0.0, -1.0])).tolist() == [0, 0, 0]


def test_prints(capsys):
	@vectorize
	def shown(x):
		print("element", x)
		if x < 0:
			raise ValueError
		return x

	shown(np.arange(3))
	assert capsys.readouterr().out == "element 0\nelement 1\nelement 2\n"


def test_prints_of_all_threads(capsys):
	@vectorize(target="parallel")
	def slow(x):
		total = 0.0
		for i in range(20000):
			total += math.sin(x * i)
		print("element", x, total > 1e9)
		return x

	slow(np.arange(40.0))
	assert capsys.readouterr().out == "".join(f"element {i}.0 False\n" for i in range(40))


@TARGETS
def test_recursion(target):
	@njit
	def fibonacci(n):
		return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

	@njit
	def endless(n):
		return endless(n + 1) + 1 if n >= 0 else n

	numbers = vectorize(target=target)(lambda n: fibonacci(n))
	assert numbers(np.arange(10)).tolist() == [0, 1, 1, 2, 3, 5, 8, 13, 21, 34]
	deep = vectorize(target=target)(lambda n: endless(n))
	for _ in range(3):
		with pytest.raises(RecursionError, match="recursion depth"):
			deep(np.arange(100))
	assert deep(np.array([-3, -1])).tolist() == [-3, -1]


@TARGETS
def test_is_interrupted_within_an_element(target):
	@guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", target=target)
	def slow(x, out):
		t = np.empty(x.shape[0])
		i = 0.0
		while i < 1e12 + x[0]:
			i += 1 + x[0]
			t[0] = i
		out[0] = t[0]

	def stop(*_):
		raise KeyboardInterrupt

	before = signal.signal(signal.SIGALRM, stop)
	signal.setitimer(signal.ITIMER_REAL, 0.2)
	try:
		with pytest.raises(KeyboardInterrupt):
			slow(np.zeros((8, 3)))
	finally:
		signal.signal(signal.SIGALRM, before)


def test_errors_are_those_of_the_loop_or_say_more():
	with pytest.raises(errors.TypingError, match="cannot be counted"):
		vectorize(["f8(f8)"])(lambda x: np.zeros(int(x))[0] + cuda.grid(1))
	with pytest.raises(errors.TypingError, match="missing"):
		guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(lambda x, out: np.zeros(len(x)).missing)
	with pytest.raises(errors.TypingError, match="returns"):
		guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(lambda x, out: 1.0)
	with pytest.raises(errors.TypingError, match="returns"):
		vectorize(["f8(f8)"])(lambda x: np.zeros(int(x)))

	def writes(x, out):
		t = np.zeros(x.shape[0])
		x[0] = t[0]

	with pytest.raises(errors.TypingError, match="writable_args"):
		guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(writes)
	with pytest.raises(errors.TypingError, match="constant"):
		cuda.guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(backwards)(np.ones(3))
