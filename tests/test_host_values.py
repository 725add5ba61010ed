"""What goes into functions for the host and comes out of them besides numbers, tuples and arrays: records, None or a value, strings; and
what their exceptions and errors say."""

import gc
import math
import sys

import numpy as np
import pytest

from gridjit import cuda, errors, njit

POINT = np.dtype([("a", "i4"), ("b", "f8"), ("v", "f4", 3)])


@pytest.fixture
def points():
	x = np.zeros(4, POINT)
	x["a"], x["b"] = np.arange(4), np.arange(4) * 0.5
	return x


# -- Records -------------------------------------------------------------------------------------------------------------------

def test_arrays_of_records(points):
	same, part, both = njit(lambda r: r), njit(lambda r: r[1::2]), njit(lambda r: (r[:1], r["b"]))
	assert same(points) is points
	view = part(points)
	assert view.dtype == POINT and np.shares_memory(view, points) and view["a"].tolist() == [1, 3]
	first, b = both(points)
	assert first["a"].tolist() == [0] and np.shares_memory(b, points) and b.tolist() == [0, 0.5, 1, 1.5]
	before = sys.getrefcount(points)
	for _ in range(100):
		part(points), both(points), same(points)
	gc.collect()
	assert sys.getrefcount(points) == before + 2 - 2 and POINT.itemsize == 24


def test_records(points):
	def change(r, n):
		r.a += n
		r["b"] *= 2
		r.v[1] = n
		return r.a
	f = njit(change)
	assert f(points[2], 5) == 7
	assert points[2]["b"] == 2 and points[2]["v"].tolist() == [0, 5, 0]
	r = njit(lambda x, i: x[i])(points, 3)
	assert isinstance(r, np.void) and r.dtype == POINT and r["a"] == 3
	r["a"] = 30
	assert points["a"][3] == 30
	given = points[1]
	again = njit(lambda r: (r, r.b))(given)
	assert again[0] == given and again[1] == 0.5
	again[0]["a"] = 11
	assert points["a"][1] == 11


def test_constant_records(points):
	f = njit(lambda i: points[i])
	r = f(2)
	assert r["a"] == 2
	r["a"] = 99
	assert f(2)["a"] == 2


# -- None, or a value --------------------------------------------------------------------------------------------------------------

@njit
def find(x, wanted):
	for i in range(x.shape[0]):
		if x[i] == wanted:
			return i
	return None


@njit
def part_of(x, wanted, otherwise=None):
	i = find(x, wanted)
	if i is None:
		return otherwise
	return x[i:]


@njit
def halved(x):
	return x / 2


def plain(x):
	return x + 1


SCALE = 2.5


def with_a_constant():
	c = 3
	def inner(x):
		return x * c + SCALE
	return inner


def with_defaults():
	return lambda x, n=2, *, low=0.5, name="up": x * n + low if name == "up" else x


def with_a_tuple():
	t = 1, (2.5, "a", None, True)
	def inner(x):
		return x * t[1][0] + (t[0] if t[1][1] == "a" and t[1][2] is None and t[1][3] else 0)
	return inner


def with_a_function():
	def square(y):
		return y * y
	k = 1j
	def inner(x, add=halved):
		return square(x) + add(x) + k
	return inner


def in_a_tuple():
	k = 4
	def inner(x):
		return x - k
	return inner, 5


def test_inner_functions_that_hold_constants():
	for f in with_a_constant, with_defaults, with_a_tuple, with_a_function, in_a_tuple:
		for compiled in njit(f), njit(f):      # the second comes from the disk
			made, expected = compiled(), f()
			if f is in_a_tuple:
				assert made[1] == 5
				made, expected = made[0], expected[0]
			assert made(3) == expected(3) and made(0.5) == expected(0.5), f
	made = njit(with_defaults)()
	assert made(3, 4, low=1.0) == 13 and made(3, name="") == 3


def test_functions_strings_and_dtypes():
	"""What is known when the function is compiled is returned as the object that it is."""
	@njit
	def f(x, name="mean"):
		return halved, name, (x.dtype, 3, ("a", plain, np.float32)), x

	x = np.ones(3, np.int16)
	for g in f, njit(f.py_func):               # the second comes from the disk
		for name in "mean", "median":
			function, text, (dtype, three, (a, other, cls)), same = g(x, name)
			assert function is halved and text == name and dtype == np.int16 and three == 3
			assert a == "a" and other is plain and cls is np.float32 and same is x
	assert njit(lambda x: f(x)[0](x[0]))(x) == 0.5 and njit(lambda f: f)(plain) is plain
	before = sys.getrefcount(halved)
	for _ in range(1000):
		f(x)
	assert sys.getrefcount(halved) == before

	def one_of(k):
		return halved if k else plain

	def closure(k):
		def inner(x):
			return x + k
		return inner
	def with_default(k):
		return lambda x, y=k: x * y
	for function in one_of, closure, with_default, lambda k: (k, "a" if k else "b"):
		with pytest.raises(errors.TypingError, match="which is not the same object in all calls"):
			njit(function)(1)
	with pytest.raises(errors.TypingError, match="returns the module numpy, which has no value"):
		njit(lambda: np)()


def test_inner_functions_come_out_compiled():
	def made(n):
		def inner(a):
			def more(z):
				return z + len("abc")
			return more(a) * 2
		return inner, n, lambda: abs(-3)

	for f in njit(made), njit(made):           # the second comes from the disk
		inner, n, three = f(5)
		assert n == 5 and inner(1) == 8 and inner(0.5) == 7.0 and three() == 3
		assert inner is f(5)[0] and len(inner.signatures) == 2
		assert njit(lambda x: inner(x) + 1)(1) == 9


def test_none_or_a_value():
	x = np.array([3.0, 1.0, 2.0])
	assert find(x, 1.0) == 1 and find(x, 7.0) is None
	assert part_of(x, 1.0).tolist() == [1, 2] and part_of(x, 7.0) is None and part_of(x, 7.0, x).tolist() == [3, 1, 2]
	assert njit(lambda x: (find(x, 1.0), find(x, 9.0)))(x) == (1, None)


# -- Strings -----------------------------------------------------------------------------------------------------------------------

@njit
def at(x, i, mode="raise"):
	n = x.shape[0]
	if mode == "wrap":
		return x[i % n]
	if mode in ("clip", "edge"):
		return x[min(max(i, 0), n - 1)]
	if i < 0 or i >= n:
		raise IndexError(i)
	return x[i]


def test_strings():
	x = np.array([1.0, 2.0, 4.0])
	assert at(x, 4, "wrap") == 2 and at(x, 4, mode="clip") == 4 and at(x, -1, "edge") == 1 and at(x, 1) == 2
	with pytest.raises(IndexError):
		at(x, 3)
	assert njit(lambda x: at(x, 5, "wrap") + at(x, 5, "clip"))(x) == 8
	assert njit(lambda t: len(t))(("a", "b")) == 2
	f = njit(lambda s: s == "ä#\n" * 40)
	assert f("ä#\n" * 40) and not f("ä#\n" * 39)
	before = len(at.signatures)
	at(x, 4, "wrap")
	assert len(at.signatures) == before
	assert njit(lambda s: s)("x") == "x"


# -- Messages ------------------------------------------------------------------------------------------------------------------------

@njit
def tells(kind, n, x, b):
	if kind == 0:
		raise ValueError(f"{n!r} {x!s} {b!a}")
	if kind == 1:
		raise ValueError(f"{n!r:>6}|{x!r:<8.3}|{b!s:^9}|")
	if kind == 2:
		raise KeyError(f"{n:+d}", f"{x!r}", n)
	return 0


@pytest.mark.parametrize("kind", range(3))
def test_converted_values(kind):
	for args in (3, 2.5, True), (-17, -1e30, False):
		with pytest.raises(Exception) as want:
			tells.py_func(kind, *args)
		with pytest.raises(Exception) as got:
			tells(kind, *args)
		assert repr(got.value) == repr(want.value)


@cuda.jit(debug=True)
def checked(x, kind):
	i = cuda.grid(1)
	if i < x.size:
		if kind == 1 and x[i] > 40:
			raise ValueError(f"item {i} is {x[i]:.2f}, {kind!r:>4}|")
		if kind == 2 and i == 40:
			raise KeyError(i, x[i], "text")
		if kind == 3 and i == 3:
			raise RuntimeError("no text of %d" % i)
		x[i] = 1


def test_kernels_tell_values(device):
	wants = {1: ("ValueError", "item 41 is 41.00,    1|"), 2: ("KeyError", "40"), 3: ("RuntimeError", "no text of 3")}
	for kind, (name, text) in wants.items():
		x = np.where(np.arange(64) == 50, 0, np.arange(64.0)) if kind != 1 else np.where(np.arange(64) <= 41, np.arange(64.0), 0)
		with pytest.raises(Exception) as e:
			checked[2, 32](x, kind)
			cuda.synchronize()
		first, *rest = e.value.args
		where = f"tid=[{9 if kind == 1 else 8 if kind == 2 else 3}, 0, 0] ctaid=[{int(kind != 3)}, 0, 0]"
		assert type(e.value).__name__ == name and first.endswith(where + f": {text}"), first
		assert rest == ([40.0, "text"] if kind == 2 else [])


def test_ptx_tells_values():
	ptx, _ = cuda.compile_ptx(checked.py_func, "void(float64[:], int64)", cc=(9, 0), debug=True, opt=True)
	assert "gj_report" in ptx


@pytest.mark.parametrize("function, words", [
	(lambda x: x.foo(), "has no attribute 'foo' in a compiled function"),
	(lambda x: {1: x}, "a dictionary is not supported in a compiled function"),
	(lambda x: print(open), "compiled function"),
	(lambda x: [y for y in x], "is not known when the function is compiled"),
], ids=["attribute", "dictionary", "name", "list"])
def test_errors_do_not_speak_of_kernels(function, words):
	with pytest.raises(errors.NumbaError) as e:
		njit(function)(np.ones(3))
	text = "\n".join(line for line in str(e.value).splitlines() if not line.startswith("  "))
	assert words in text and "kernel" not in text, text


# -- Strings that depend on the way control came ---------------------------------------------------------------------------------------------

def parity(n):
	mode = "even" if n % 2 == 0 else "odd"
	return mode == "odd", mode != "even", "x" == mode, mode in ("odd", "other"), mode not in ("odd", "even")


def machine(n):
	state, runs = "idle", 0
	for v in range(n):
		if state == "idle":
			if v > 1:
				state = "run"
		elif state == "run":
			runs += 1
			if v > 5:
				state = "stop"
		else:
			break
	return runs, state == "stop"


def matched(n):
	kind = "a" if n > 4 else "b" if n > 2 else "c"
	match kind:
		case "a":
			return 1
		case "b":
			return 2
	return 3


def told(n):
	what = "few" if n < 4 else "many"
	if what == "few":
		raise ValueError(what)
	return what == "many"


@pytest.mark.parametrize("function", (parity, machine, matched, told), ids=lambda f: f.__name__)
def test_strings_that_are_chosen(function):
	def outcome(f, n):
		try:
			return f(n)
		except ValueError as error:
			return error.args

	compiled = njit(function)
	for n in range(9):
		assert outcome(compiled, n) == outcome(function, n)


def test_strings_that_are_chosen_in_kernels():
	@cuda.jit
	def kernel(out):
		i = cuda.grid(1)
		kind = "low" if i < 3 else "high"
		out[i] = 1 if kind == "low" else 2

	out = np.zeros(8)
	kernel[1, 8](out)
	assert out.tolist() == [1, 1, 1, 2, 2, 2, 2, 2]


def test_hasattr_is_known_when_the_function_is_compiled(points):
	def has(x):
		return hasattr(x, "shape"), hasattr(x, "sort"), hasattr(x, "real"), hasattr(x, "count"), hasattr(x, "__len__"), hasattr(x, "nope"), hasattr(x, "index")

	def first(x):
		return x[0] if hasattr(x, "__getitem__") else x
	compiled = njit(has)
	for x in (np.arange(3), 1.0, 3, (1, 2), None, True, 1j):
		assert compiled(x)[:3] == has(x)[:3] and compiled(x)[4:] == has(x)[4:]
	assert njit(first)(2.5) == 2.5 and njit(first)((1, 2)) == 1 and njit(lambda x: hasattr(x, "b"))(points[0])
	with pytest.raises(errors.TypingError, match="hasattr.. cannot take"):
		njit(lambda x: hasattr(math, "sin"))(1)


def test_characters_of_constant_strings():
	def f(mode):
		return (1 if mode[0] == "f" else 2) + (10 if mode[-1] == "t" else 0)
	assert [njit(f)(mode) for mode in ("fast", "slow", "f", "t")] == [11, 2, 1, 12]
	with pytest.raises(errors.TypingError, match="known only when the function runs"):
		njit(lambda i: "abc"[i] == "b")(1)
