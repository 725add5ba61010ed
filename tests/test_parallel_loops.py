"""Loops that nobody promised to be independent, and array expressions, under parallel=True: with threads and lanes they give what they give one
round after the other, to the bit but for sums of floats, whatever their arrays share."""

import numpy as np
import pytest

from gridjit import config, errors, get_num_threads, get_thread_id, njit, prange, set_num_threads

SIZES = 1, 7, 5000


@pytest.fixture(params=[32, 1], autouse=True)
def width(request, monkeypatch):
	monkeypatch.setattr(config, "CPU_WIDTH", request.param)
	return request.param


def scaled(x, y):
	for i in range(x.shape[0]):
		y[i] = 2 * x[i] + 1
	return y


def downwards(x, y):
	for i in range(x.shape[0] - 1, -1, -1):
		y[i] = x[i] * i
	return y


def every_third(x, y):
	for i in range(1, x.shape[0], 3):
		y[i] += x[i]
	return y


def neighbours(x, y):
	for i in range(1, x.shape[0] - 1):
		y[i] = x[i - 1] + x[i + 1] if i % 2 else x[i]
	return y


def over_an_array(x, y):
	n = 0
	for v in x:
		if v > 3:
			n += 1
	return n


def extremes(x, y):
	low = 1e300
	best = -1.0
	for i in range(x.shape[0]):
		low = min(low, x[i])
		if x[i] > best:
			best = x[i]
	return low, best


def last(x, y):
	v = -1.0
	i = -5
	for i in range(x.shape[0]):
		v = x[i]
	return v, i


def nested(x, y):
	z = np.zeros((x.shape[0], 3))
	for i in range(x.shape[0]):
		for j in range(3):
			z[i, j] = x[i] * j
	return z


def own_arrays(x, y):
	for i in range(x.shape[0]):
		t = np.full(3, x[i])
		t[1] += i
		y[i] = t.max()
	return y


def expression(x, y):
	return 2 * x + y * y - abs(x)


def into_slices(x, y):
	y[1:-1] = (x[:-2] + x[2:]) / 2
	y[::2] *= 2
	return y


def in_itself(x, y):
	x[1:] = x[:-1]
	x[:-1] = x[1:] + x[:-1]
	return x


def whole(x, y):
	y[:] = x + y
	y[::-1] = y[::-1] * 2
	return y


def views(x, y):
	z = np.zeros((x.shape[0], 4 + x.shape[0] % 2))
	one = np.zeros((x.shape[0], 1))
	for i in range(x.shape[0]):
		row = z[i]
		row[1:3] = x[i]
		z[i, 3] = row[1] + 1
		one[i, 0] = x[i]
	return z, one


def steps(x, y):
	for _ in range(3):
		u = x * 2
		x = u + y
		u[:] = 7
	return x, u


def enumerated(x, y):
	s = 0
	for i, v in enumerate(x):
		y[i] = 2 * v
		s += i
	return y, s


def zipped(x, y):
	z = np.zeros(x.shape[0])
	for i, v, w in zip(range(3, 10**9), x, y):
		z[i - 3] = v + w * i
	return z


def counting(x, y):
	z = np.zeros(2 * x.shape[0] + 1)
	k = 1
	for i in range(x.shape[0]):
		z[k] = x[i]
		k += 2
	return z, k


def fills(x, y):
	return np.ones(x.shape[0]), np.full(x.shape, 3.5), np.arange(x.shape[0]), np.linspace(0, 1, x.shape[0]), np.where(x > 5, x, -y)


def two_dimensions(x, y):
	a = np.zeros((x.shape[0] // 5 + 1, 6))
	a[:, 1:-1] = 3
	b = a.T.copy()
	b[1:-1, 1:] = b[:-2, 1:] + b[2:, :-1]
	return a, b


def broadcast(x, y):
	a = np.expand_dims(x, 1) + y[:4]
	return a, y[:1] + x, x[:1] * 3 + y


def largest(x, y):
	return x.max() if x.shape[0] else 0.0, y.min() if y.shape[0] else 0.0, (x > 3).any(), (x >= 0).all(), (x > 3).sum()


def runs_on(x, y):
	for i in range(1, x.shape[0]):
		x[i] = x[i - 1] + 1
	return x


def overwrites(x, y):
	for i in range(x.shape[0]):
		y[i // 2] = i
	return y


def sliding_rows(x, y):
	z = np.zeros((x.shape[0] + 3, 4))
	for i in range(x.shape[0]):
		w = z[i:]
		for k in range(3):
			w[k, 0] = x[i] + k
	return z


def sliding_columns(x, y):
	z = np.zeros((x.shape[0] + 3, 1))
	for i in range(x.shape[0]):
		w = z[i:]
		for k in range(3):
			w[k, 0] = x[i] + k
	return z


def by_turns(x, y):
	z = np.zeros(x.shape[0] + 1)
	k = 1
	for i in range(x.shape[0]):
		z[k] = z[i] + x[i]
		k += 1
	return z


def picked(x, y):
	k = 0
	for i in range(x.shape[0]):
		if x[i] > 3:
			y[k] = x[i]
			k += 1
	return y, k


def counts(x, y):
	n = np.zeros(8)
	for i in range(x.shape[0]):
		n[int(x[i]) % 8] += 1
	return n


def thread(x, y):
	for i in range(x.shape[0]):
		y[i] = get_thread_id()
	return y


SHARED = (scaled, downwards, every_third, neighbours, over_an_array, extremes, last, nested, own_arrays, expression, into_slices, whole, views, steps,
	enumerated, zipped, counting, fills, two_dimensions, broadcast, largest)
SERIAL = in_itself, runs_on, overwrites, sliding_rows, sliding_columns, by_turns, picked, counts, thread


def arrays(n):
	x = np.arange(n) % 11 - 2.5
	y = np.ones(n)
	yield x, y
	if config.CPU_WIDTH == 32:
		yield np.arange(2.0 * n)[::2], y       # compiled once more
	both = np.arange(n + 3.0)
	yield both[:n], both[3:]                   # they meet
	yield both[:n], both[:n]


def bits(v):
	return [bits(x) for x in v] if isinstance(v, tuple) else (v.dtype, v.shape, v.tobytes()) if isinstance(v, np.ndarray) else v


def memory(pair):
	"""Copies that share memory as the originals do."""
	x, y = pair
	if x.base is None or x.base is not y.base:
		return x.copy() if x.flags.c_contiguous else np.repeat(x, 2)[::2], y.copy()
	whole = x.base.copy()
	return tuple(whole[(v.ctypes.data - x.base.ctypes.data) // 8:][:v.shape[0]] for v in pair)


@pytest.mark.parametrize("function", SHARED + SERIAL, ids=lambda f: f.__name__)
def test_as_one_round_after_the_other(function, width):
	if width == 1 and function not in (scaled, extremes, last, own_arrays, into_slices, overwrites):
		pytest.skip("what is found is the same")
	serial, shared = njit(function), njit(parallel=True)(function)
	for n in SIZES:
		for pair in arrays(n):
			one, two = memory(pair), memory(pair)
			assert bits(serial(*one)) == bits(shared(*two)), n
			assert bits(one) == bits(two)
	assert bits(serial(np.ones(0), np.ones(0))) == bits(shared(np.ones(0), np.ones(0)))
	told = shared.explain()
	assert ("threads" in told) == (function in SHARED), told


def decay(x, y):
	for i in range(x.shape[0]):
		y[i] = y[i] / 2 + x[i]


def decay_in_rows(x, y):
	for i in range(x.shape[0]):
		for j in range(x.shape[1]):
			y[i, j] = y[i, j] / 2 + x[i, j]


@pytest.mark.parametrize("function, shape, strides", [(decay, (20_000,), (0,)), (decay, (20_000,), (8,)), (decay, (20_000,), (16,)),
	*((decay_in_rows, (150, 140), strides) for strides in [(0, 8), (1120, 0), (0, 0), (8, 8), (8, 16), (16, 8), (1112, 8), (8, 1200), (1120, 8), (2240, 16)])])
def test_elements_that_share_memory(function, shape, strides):
	x = np.random.default_rng(1).integers(0, 9, shape).astype(float)
	want, got = (np.lib.stride_tricks.as_strided(np.ones(45_000), shape, strides) for _ in range(2))
	njit(function)(x, want)
	njit(parallel=True)(function)(x, got)
	assert np.array_equal(got, want)


def test_sums_do_not_depend_on_threads():
	@njit(parallel=True)
	def f(x):
		s = 0.0
		p = 1.0
		for i in range(x.shape[0]):
			s += x[i] * x[i]
			p *= 1 + x[i] / 1e4
		return s, p, x.sum(), x.mean(), (x - 1).prod()

	x = np.random.default_rng(1).random(200_000)
	results = set()
	most = get_num_threads()
	try:
		for n in range(1, most + 1):
			set_num_threads(n)
			results |= {f(x) for _ in range(5)}
	finally:
		set_num_threads(most)
	assert len(results) == 1
	assert np.allclose(results.pop(), (np.dot(x, x), np.prod(1 + x / 1e4), x.sum(), x.mean(), np.prod(x - 1)), rtol=1e-11)


def test_reduced_expressions_make_no_arrays():
	@njit(parallel=True)
	def f(x, y):
		return (x * y).sum(), (x - y).max(), (x > y).any(), (x + y).argmax(), (x / y).mean(), (x - 2 * y).sum(axis=0)

	x, y = np.random.default_rng(3).random((2, 5000))
	got, want = f(x, y), f.py_func(x, y)
	assert np.allclose(got, want) and [type(v) for v in got] == [float, float, bool, int, float, float]
	text = njit(lambda x, y: (x * y).sum())
	text(x, y)
	assert "gj_rt_alloc" not in "".join(text.inspect_llvm().values())


def test_small_loops_are_summed_in_order():
	@njit(parallel=True)
	def f(x):
		s = 0.0
		for i in range(x.shape[0]):
			s += x[i]
		return s

	x = np.random.default_rng(1).random(200)
	assert f(x) == njit(f.py_func)(x)


def test_nan_wins():
	@njit(parallel=True)
	def f(x):
		return x.max(), x.min(), np.max(x[::2])

	x = np.random.default_rng(1).random(10_000)
	assert f(x) == (x.max(), x.min(), x[::2].max())
	x[7001] = np.nan
	assert np.isnan(f(x)[:2]).all() and f(x)[2] == x[::2].max()


def test_the_earliest_failure():
	@njit(parallel=True)
	def f(x, y):
		for i in range(x.shape[0]):
			if x[i] == 2:
				raise ValueError(f"round {i}")
			y[i] = 1 / x[i]

	x = np.ones(100_000)
	y = np.zeros_like(x)
	f(x, y)
	assert (y == 1).all()
	x[[99_000, 70_001]] = 2
	x[80_000] = 0
	with pytest.raises(ValueError, match="round 70001"):
		f(x, y)
	x[60_000] = 0
	with pytest.raises(ZeroDivisionError):
		f(x, y)
	assert (y[:60_000] == 1).all()


def test_boundscheck():
	@njit(parallel=True, boundscheck=True)
	def f(x, n):
		for i in range(n):
			x[i] = i

	x = np.zeros(5000)
	f(x, 5000)
	assert (x == np.arange(5000)).all()
	with pytest.raises(IndexError, match="index 5000 is out of bounds for axis 0 with size 5000"):
		f(x, 6000)


def test_explain(width):
	@njit(parallel=True)
	def f(x, y, a):
		for i in range(x.shape[0]):
			y[i] = x[i]
		for i in range(1, x.shape[0]):
			x[i] = x[i - 1]
		for t in range(x.shape[0]):
			y[0] = t
			for i in prange(x.shape[0]):
				y[i] += x[i]
		for i in range(8):
			y[i] = 0
		for i in range(x.shape[0]):
			if x[i] > 100:
				break
		previous = 0.0
		for i in range(x.shape[0]):
			y[i] = previous
			previous = x[i] / 2
		for i in range(a.shape[0]):
			for j in range(a.shape[1]):
				a[i, j] += 1
		for i in range(x.shape[0]):
			print(i)

	first = f.py_func.__code__.co_firstlineno
	f(np.ones(20), np.ones(20), np.ones((2, 2)))
	lanes = "threads, and lanes of vectors" if width == 32 else "threads, without lanes: CPU_WIDTH is 1"
	rows = "threads, without lanes" + (", which would have to gather" if width == 32 else ": CPU_WIDTH is 1")
	serial = "one round after the other: "
	assert sorted(f.explain().splitlines()) == sorted(f"f, line {first + line}: {text}" for line, text in {
		2: lanes, 4: serial + f"line {first + 5} may write what another round reads", 6: serial + "a loop over prange is in it", 8: lanes,
		10: serial + "it has only 8 rounds", 12: serial + "break or return leaves the loop",
		16: serial + f"line {first + 18} makes 'previous', which the next round needs", 19: rows, 20: serial + "the loop around it is shared out",
		22: serial + f"line {first + 23} has an effect whose order counts"}.items())


def test_what_is_not_shared_warns_not(recwarn):
	njit(parallel=True)(counts)(np.ones(50), np.ones(50))
	assert not [w for w in recwarn if w.category is errors.NumbaParallelSafetyWarning]
