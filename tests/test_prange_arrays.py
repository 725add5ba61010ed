"""Rounds of loops over prange that add to elements of arrays give what the interpreter gives; so does what numba gets silently wrong, or it
is an error with its line."""

import numpy as np
import pytest

from gridjit import config, errors, get_num_threads, njit, prange, set_num_threads

rng = np.random.default_rng(5)


@pytest.fixture(params=[32, 1], autouse=True)
def width(request, monkeypatch):
	monkeypatch.setattr(config, "CPU_WIDTH", request.param)
	return request.param


def whole(x, a):
	for i in prange(x.shape[0]):
		a += x[i]
	return a


def whole_slice(x, a):
	for i in prange(x.shape[0]):
		a[:] -= x[i]
	return a


def small_arrays(x, a):
	c = np.zeros(3)
	for i in prange(x.shape[0]):
		c += np.array([x[i], 1.0, x[i] * x[i]])
	return c


def rows(x, a):
	m = np.zeros((4, 3))
	for i in prange(x.shape[0]):
		m[i % 4] += x[i]
		m[i % 4, 1] += 1
	return m


def histogram(x, a):
	count = np.zeros(10, np.int64)
	for i in prange(x.shape[0]):
		count[int(x[i] * 10)] += 1
	return count


def histogram_under_a_condition(x, a):
	count = np.zeros(10, np.int64)
	n = 0
	for i in prange(x.shape[0]):
		if x[i] > 0.3:
			count[int(x[i] * 10)] += 2
			n += 1
	return count, n


def products(x, a):
	p = np.ones(3)
	for i in prange(x.shape[0]):
		p[i % 3] *= 1 + x[i] / 1000
	return p


def largest(x, a):
	top = np.full(5, -1.0)
	low = np.full(5, 2.0)
	for i in prange(x.shape[0]):
		top[i % 5] = max(top[i % 5], x[i])
		low[i % 5] = min(x[i], low[i % 5])
	return top, low


def bits(x, a):
	every = np.full(4, -1)
	some = np.zeros(4, np.int64)
	odd = np.zeros(4, np.uint8)
	for i in prange(x.shape[0]):
		every[i % 4] &= ~(1 << (i % 7)) | i % 4
		some[i % 4] |= i & 12
		odd[i % 4] ^= np.uint8(i & 255)
	return every, some, odd


def parts(x, a):
	z = np.zeros(3, np.complex128)
	for i in prange(x.shape[0]):
		z[i % 3] += complex(x[i], i)
	return z


def with_inner_loops(x, a):
	for i in prange(x.shape[0] // 4):
		for j in range(a.shape[0]):
			a[j] += x[4 * i + j % 4] * j
	return a


def with_an_expression(x, a):
	for i in prange(x.shape[0] // 4):
		a[:4] += x[4 * i:4 * i + 4] ** 2
	return a


def many_elements(x, a):
	big = np.zeros(x.shape[0] * 3)
	for i in prange(x.shape[0]):
		big[(7 * i) % big.shape[0]] += x[i]
	return big.sum(), big[:20]


def strided(x, a):
	for i in prange(x.shape[0]):
		a[i % 4] += x[i]
	return a


CASES = (whole, whole_slice, small_arrays, rows, histogram, histogram_under_a_condition, products, largest, bits, parts, with_inner_loops,
	with_an_expression, many_elements)


def same(a, b):
	return len(a) == len(b) and all(map(same, a, b)) if isinstance(a, tuple) else np.allclose(a, b, rtol=1e-11) and np.asarray(a).dtype == np.asarray(b).dtype


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_as_the_interpreter(function, recwarn):
	compiled = njit(parallel=True)(function)
	for n in 0, 3, 9001:
		x = rng.random(n)
		expected, got = np.arange(6.0), np.arange(6.0)
		for _ in range(2):
			assert same(function(x, expected), compiled(x, got))
			assert same(expected, got)
	assert "rounds add to elements of an array" in compiled.explain()
	assert not [w for w in recwarn if w.category is errors.NumbaParallelSafetyWarning]


def test_strided():
	compiled = njit(parallel=True)(strided)
	expected, got = np.zeros(12), np.zeros(12)
	x = rng.random(5000)
	strided(x, expected[::3])
	compiled(x, got[::3])
	assert np.allclose(expected, got)
	assert "one round after the other: rounds add to elements of an array with strides" in compiled.explain()


def test_threads_do_not_change_the_result():
	compiled = njit(parallel=True)(rows)
	x = rng.random(50_000)
	most = get_num_threads()
	results = set()
	try:
		for n in range(1, most + 1):
			set_num_threads(n)
			results |= {compiled(x, x).tobytes() for _ in range(5)}
	finally:
		set_num_threads(most)
	assert len(results) == 1


def test_failures():
	@njit(parallel=True)
	def f(x, a):
		for i in prange(x.shape[0]):
			a[i % 3] += 1 / x[i]

	x = np.ones(10_000)
	a = np.zeros(3)
	f(x, a)
	assert a.sum() == 10_000
	x[5000] = 0
	for _ in range(20):
		with pytest.raises(ZeroDivisionError):
			f(x, a)


def test_what_is_read_too_is_a_race():
	@njit(parallel=True)
	def f(x, a):
		for i in prange(x.shape[0]):
			a[0] += x[i]
			a[1] = a[0]

	with pytest.warns(errors.NumbaParallelSafetyWarning):
		f(np.ones(10), np.zeros(2))


# -- what numba gets silently wrong, or refuses ------------------------------------------------------------------------------------------

def comparison(x, a):
	s = -1.0
	for i in prange(x.shape[0]):
		if x[i] > s:
			s = x[i]
	return s


def truth(x, a):
	s = False
	for i in prange(x.shape[0]):
		s = s or x[i] > 0.999
	return s


def behind(x, a):
	s = 0.0
	for i in prange(x.shape[0]):
		s = x[i] + s
	return s


def bitwise(x, a):
	p, q, r = -1, 0, 0
	for i in prange(x.shape[0]):
		p &= i | 8
		q |= i
		r ^= i
	return p, q, r


def items(x, a):
	t = (0.0, 1, -1.0)
	for i in prange(x.shape[0]):
		t = (t[0] + x[i], t[1] + i, max(t[2], x[i]))
	return t


def counted(x, a):
	n = a.astype(np.int64)
	for i in prange(x.shape[0]):
		n[int(x[i] * 6)] += 1
	return n


@pytest.mark.parametrize("function", [comparison, truth, behind, bitwise, items, counted], ids=lambda f: f.__name__)
def test_right(function):
	x = rng.random(5003)
	compiled = njit(parallel=True)(function)
	assert same(function(x, np.zeros(6)), compiled(x, np.zeros(6)))


def replaced(x, a):
	for i in prange(x.shape[0]):
		a = a + x[i]
	return a


def maximum(x, a):
	for i in prange(x.shape[0]):
		a = np.maximum(a, x[i])
	return a


def one_of_another(x, a):
	s, t = 0.0, 0.0
	for i in prange(x.shape[0]):
		s += x[i]
		t += s
	return t


@pytest.mark.parametrize("function, name, line", [(replaced, "a", 2), (maximum, "a", 2), (one_of_another, "s", 3)], ids=lambda x: getattr(x, "__name__", None))
def test_refused(function, name, line):
	with pytest.raises(errors.UnsupportedError, match=f"'{name}' is carried over from one round") as e:
		njit(parallel=True)(function)(np.ones(3), np.ones(3))
	first = function.__code__.co_firstlineno
	assert any(f"line {first + k}, in {function.__name__}" in str(e.value) for k in (line, line + 1))


def test_a_round_that_raises_lets_go_of_nothing():
	@njit(parallel=True)
	def f(n, first):
		a = np.zeros(n)
		b = np.ones(n)
		for i in prange(n):
			if i % 100 == first:
				raise ValueError(i)
			a[i] = b[i] + i
		return a

	assert f(10_000, 500)[-1] == 10_000
	for _ in range(20):
		with pytest.raises(ValueError, match="7"):
			f(10_000, 7)


def test_no_array_leaks():
	from gridjit import _core

	@njit
	def raising(x, i):
		y = x * 2
		if i == 7000:
			raise ValueError(i)
		return y.sum()

	@njit(parallel=True)
	def f(x, n):
		s = 0.0
		a = np.zeros(4)
		for i in prange(n):
			s += raising(x, i)
			a[i % 4] += 1
		return s, a

	x = np.ones(3)
	before = _core._live_arrays()
	for _ in range(30):
		assert f(x, 5000)[0] == 30_000
		with pytest.raises(ValueError, match="7000"):
			f(x, 9000)
	assert _core._live_arrays() == before


@pytest.mark.parametrize("dtype", (np.int8, np.uint8, np.int16, np.int32, np.uint32))
def test_elements_narrower_than_the_arithmetic(dtype, recwarn):
	def f(x, k, a):
		for i in prange(x.shape[0]):
			a[k[i]] += x[i]
			a[3] -= 1
		return a

	def g(x, k, a):
		for i in prange(x.shape[0]):
			a[k[i]] *= x[i] | 1
		return a

	x, k = rng.integers(0, 100, 1000).astype(dtype), rng.integers(0, 4, 1000)
	with np.errstate(over="ignore"):
		for function in f, g:
			assert njit(parallel=True)(function)(x, k, np.ones(4, dtype)).tolist() == function(x, k, np.ones(4, dtype)).tolist()
	assert not recwarn


@njit
def part_of(x):
	if x < 0:
		raise ValueError("negative")
	s = 0
	for _ in range(x % 3):
		s += 2
	return s


def added_calls(x, a):
	for i in prange(x.shape[0]):
		a[i % 4] += part_of(x[i])


def added_choices(x, a):
	for i in prange(x.shape[0]):
		a[x[i] % 4] -= 1 if x[i] > 5 else 2 if x[i] > 2 else x[i]


def largest_of_calls(x, a):
	for i in prange(x.shape[0]):
		a[i % 4] = max(a[i % 4], part_of(x[i]) if i % 7 else 1)


def added_on_two_levels(x, a):
	for i in prange(x.shape[0]):
		a[1] += added_again(x, a, i)


def added_again(x, a, i):
	a[2] += part_of(x[i]) and x[i]
	return 1 if x[i] > 4 else 0


@pytest.mark.parametrize("function", [added_calls, added_choices, largest_of_calls, added_on_two_levels])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.float32, np.float64, np.complex128])
def test_what_is_added_has_branches(function, dtype):
	"""Between reading an element and writing it stand other blocks."""
	if dtype is np.complex128 and function is largest_of_calls:
		pytest.skip("complex numbers have no order")
	x = np.random.default_rng(3).integers(0, 9, 5000)
	compiled = njit(parallel=True)(function)
	want, got = np.ones(4, dtype), np.ones(4, dtype)
	njit(function)(x, want)
	compiled(x, got)
	assert np.array_equal(got, want) and "each chunk has a copy" in compiled.explain()


def test_complex_numbers_times_real_ones():
	@njit(parallel=True)
	def scaled(x, a):
		for i in prange(x.shape[0]):
			a[i % 4] *= x[i]
	x, a = np.random.default_rng(4).choice([0.5, 2.0], 4000), np.full(4, 1 + 2j)
	scaled(x, a)
	assert np.array_equal(a, [(1 + 2j) * x[k::4].prod() for k in range(4)]) and "each chunk has a copy" in scaled.explain()


def larger(x, k, a):
	for i in prange(x.shape[0]):
		if x[i] > a[k[i]]:
			a[k[i]] = x[i]


def smaller(x, k, a):
	for i in prange(x.shape[0]):
		j, e = k[i], x[i]
		if a[j] >= e:
			a[j] = e


def address_twice(x, k, a):
	for i in prange(x.shape[0]):
		a[k[i]] = a[k[i]] + x[i]


@pytest.mark.parametrize("function", [larger, smaller, address_twice])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float32, np.float64])
def test_conditions_and_addresses_reckoned_twice(function, dtype):
	generator = np.random.default_rng(5)
	x, k = generator.integers(-900, 900, 6000).astype(dtype), generator.integers(-4, 4, 6000)
	if x.dtype.kind == "f" and function is not address_twice:
		x[::5] = np.nan
	compiled = njit(parallel=True)(function)
	for first in 0, -1000, 1000:
		want, got = np.full((2, 4), first, dtype)
		function(x, k, want)
		compiled(x, k, got)
		assert np.array_equal(got, want) and "each chunk has a copy" in compiled.explain()


def also_where(x, k, a):
	for i in prange(x.shape[0]):
		if x[i] > a[k[i]]:
			a[k[i]] = x[i]
			k[0] = i


def address_changes(x, k, a):
	for i in prange(x.shape[0]):
		j = a[k[i]]
		k[i] = 0
		a[k[i]] = j + x[i]


def seen_afterwards(x, k, a):
	for i in prange(x.shape[0]):
		found = 0
		if x[i] > a[k[i]]:
			a[k[i]] = x[i]
			found = 1
		x[i] = found


@pytest.mark.filterwarnings("ignore::gridjit.errors.NumbaParallelSafetyWarning")
@pytest.mark.parametrize("function", [also_where, address_changes, seen_afterwards])
def test_what_depends_on_the_element_is_seen(function):
	"""Copies would show."""
	compiled = njit(parallel=True)(function)
	compiled(np.ones(10), np.zeros(10, np.int64), np.zeros(10))
	assert "each chunk has a copy" not in compiled.explain()


# -- arrays that rounds have of their own ---------------------------------------------------------------------------------------------

def on_one_path(x, out):
	for i in prange(out.shape[0]):
		if x[i] > 0.5:
			y = x[i:i + 3] * 2
		if x[i] > 0.7:
			y, z = y + 1, y
			out[i] = y[0] + z[1]


def in_a_loop(x, out):
	for k in range(3):
		for i in prange(out.shape[0]):
			for j in range(3):
				v = x[i] + j
				y = np.full(2, v) if j < 2 else y + 1
			out[i] += y[1] + v


def in_two_loops(x, out):
	for k in range(2):
		for i in prange(out.shape[0]):
			if x[i] > 0.5:
				y = (x[i:i + 3] * 2, k)
			if x[i] > 0.5:
				out[i] += y[0][1] + y[1]
		for i in prange(out.shape[0]):
			if x[i] < 0.5:
				y = (x[i:i + 2].copy(), i)
				out[i] -= y[0][1] + y[1]


def until_one_fits(x, out):
	for i in prange(out.shape[0]):
		for j in range(4):
			if x[i] * j > 1:
				y = x[i:i + 3] * j
				break
		else:
			continue
		out[i] = y[2]


@pytest.mark.parametrize("function", [on_one_path, in_a_loop, in_two_loops, until_one_fits])
def test_arrays_of_one_round(function):
	from gridjit import _core
	x, want, got = rng.random(503), np.zeros(500), np.zeros(500)
	function(x, want)
	compiled = njit(parallel=True)(function)
	compiled(x, got)
	assert want.tolist() == got.tolist() and "threads" in compiled.explain()
	before = _core._live_arrays()
	for _ in range(5):
		compiled(x, got)
	assert _core._live_arrays() == before


def test_what_another_round_left_is_no_value():
	@njit(parallel=True)
	def f(x, out, n):
		for k in range(2):
			for i in prange(out.shape[0]):
				for j in range(n if i == 7 else 1):
					y = x[i:] + 1
				out[i] = y[0]

	f(np.ones(9), np.zeros(9), 1)
	with pytest.raises(UnboundLocalError, match="'y'"):
		f(np.ones(9), np.zeros(9), 0)
