"""@fuse against NumPy: values and dtypes over random expressions, dtypes, layouts and broadcasts; reductions; out; what is refused."""
import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gridjit
from conftest import on
from fused_cases import arrays, chosen, define, expressions, python_or_error, same
from gridjit import cuda, errors, njit

@pytest.fixture(autouse=True)
def quiet():
	with np.errstate(all="ignore"), warnings.catch_warnings():
		warnings.simplefilter("ignore")
		yield


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
@settings(max_examples=150, deadline=None)
@given(expression=expressions, a=arrays(), b=arrays(), c=arrays(), s=st.sampled_from([3, 2.5, True, np.float32(1.5), np.int16(2)]))
def test_random_expressions(width, expression, a, b, c, s):
	f = define(f"def f(a, b, c, s, t):\n\treturn {expression}\n")
	args = a, b, c, s, 2
	with np.errstate(all="warn"), warnings.catch_warnings(record=True) as told:
		warnings.simplefilter("always")
		want, refused = python_or_error(f, *args)
	assume(refused is None and not any("in cast" in str(w.message) for w in told))     # integers of inf, NaN: the processor's
	assume(isinstance(want, (np.ndarray, np.generic)) and not (isinstance(want, np.generic) and not any(x in expression for x in "abc")))
	fused = gridjit.fuse(f)
	with on(width):
		try:
			got = fused(*args)
		except errors.TypingError as e:
			# what depends on no array
			assert "returns" in str(e) or "UniTuple" in str(e), str(e)
			return
		again = fused(*args)                                       # by the way of calls that were made before
	same(got, want)
	same(again, got)
	assert type(again) is type(got) and again.strides == got.strides


@pytest.mark.parametrize("number", ["abs(True)", "abs(s)", "abs(s) + abs(-s)", "min(s, s)", "max(True, False)", "round(2.5)", "round(s)", "round(27, -1)",
	"round(s, 1)", "int(True)", "int(2.5)", "int(s)", "float(3)", "float(2.5)", "math.floor(2.5)", "math.ceil(s)", "math.trunc(-2.5)", "math.floor(3)",
	"math.frexp(2.5)[1]", "math.fabs(s)", "divmod(s, 2)[0]", "pow(s, 2)", "-True", "True + s", "len((1, 2))"])
def test_numbers_that_python_computes(number):
	"""Calls of numbers give Python's numbers, which take the type of the array they meet, an int with bools aside."""
	f = define(f"def f(a, s):\n\treturn a + {number}\n", math=math)
	fused = gridjit.fuse(f)
	for a in (np.array(True), np.array([True, False]), np.array([1, 2], "i1"), np.array([1, 2], "f4")):
		for s in (True, 3, 2.5):
			same(fused(a, s), f(a, s))


REDUCTIONS = ["sum", "prod", "min", "max", "mean", "any", "all", "argmin", "argmax", "var", "std"]


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
@settings(max_examples=120, deadline=None)
@given(data=st.data(), how=st.sampled_from(REDUCTIONS), a=arrays(), keep=st.booleans(), method=st.booleans())
def test_reductions(width, data, how, a, keep, method):
	assume(a.ndim > 0)
	choices = [None, *range(-a.ndim, a.ndim)] + ([] if how.startswith("arg") else [(0,), (0, a.ndim - 1)] if a.ndim > 1 else [])
	axis = data.draw(st.sampled_from(choices))
	keep = f", keepdims={keep}" if keep else ""
	text = f"(a + z).{how}(axis={axis}{keep})" if method else f"np.{how}(a + z, axis={axis}{keep})"
	f = define(f"def f(a, z):\n\treturn {text}\n")
	zero = np.zeros((1,) * a.ndim, a.dtype)
	want, refused = python_or_error(f, a, zero)
	assume(refused is None)
	fused = gridjit.fuse(f)
	with on(width):
		got = fused(a, zero)
		same(fused(a, zero), got)
	if axis is None and not keep:
		assert isinstance(got, np.generic)
	same(got, want)


@pytest.mark.parametrize("shape, axis", [((300_000,), None), ((700, 900), 0), ((700, 900), 1), ((900, 700), None), ((3, 200_000), 0),
	((200_000, 3), 0), ((200_000, 3), 1), ((40, 50, 60), 1), ((40, 50, 60), (0, 2)), ((2, 2, 70_000), (0, 2))])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
def test_large_reductions(shape, axis, dtype):
	x = (np.random.default_rng(7).random(shape) * 100).astype(dtype)
	one = isinstance(axis, int) or axis is None

	@gridjit.fuse
	def f(x):
		return x.sum(axis=AXIS), x.max(axis=AXIS), x.mean(axis=AXIS)

	f.py_func.__globals__["AXIS"] = axis
	for order in (x, np.asfortranarray(x), x[..., ::-1]):
		exact = order.astype(np.float64)
		for got, want in zip(gridjit.fuse(f.py_func)(order), (exact.sum(axis=axis), order.max(axis=axis), exact.mean(axis=axis))):
			np.testing.assert_allclose(got, want, rtol=2e-6 if dtype == "f4" else 1e-12)
	if one:
		@gridjit.fuse
		def g(x):
			return x.argmin(axis=AXIS), np.argmax(x, axis=AXIS)
		got = g(x)
		np.testing.assert_array_equal(got[0], x.argmin(axis=axis))
		np.testing.assert_array_equal(got[1], x.argmax(axis=axis))


AXIS = None


@pytest.mark.parametrize("how", ["min", "max", "argmin", "argmax", "sum", "mean"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nan_wins(how, axis):
	x = np.random.default_rng(3).random((60, 70)).astype("f4")
	x[5, 7] = x[40, 7] = x[5, 60] = np.nan
	f = define(f"def f(x):\n\treturn np.{how}(x * 1, axis={axis})\n")
	np.testing.assert_allclose(gridjit.fuse(f)(x), f(x), rtol=1e-5)


@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nothing_to_reduce(how, axis):
	f = define(f"def f(x):\n\treturn np.{how}(x, axis={axis})\n")
	x = np.zeros((0, 3), "f4")
	want, refused = python_or_error(f, x)
	if refused:
		with pytest.raises(type(refused)):
			gridjit.fuse(f)(x)
	else:
		same(gridjit.fuse(f)(x), want)


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
@settings(max_examples=60, deadline=None)
@given(case=chosen())
def test_reductions_of_what_is_chosen(width, case):
	f = define(case[0])
	with on(width):
		same(gridjit.fuse(f)(*case[1]), f(*case[1]))


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2)])
def test_large_variances_of_what_is_chosen(axis):
	x = np.random.default_rng(2).random((40, 70, 90)) * 3 + 1000
	for a in (x, x + 1j * x[::-1], x.transpose(2, 0, 1)):
		f = define(f"def f(a, m):\n\treturn a.var(axis={axis}, where=m, ddof=3), a.std(axis={axis}), a.mean(axis={axis}, where=m)\n")
		mask = a.real > 1001
		for got, want in zip(gridjit.fuse(f)(a, mask), f(a, mask)):
			np.testing.assert_allclose(got, want, rtol=1e-9)


@pytest.mark.parametrize("how", ["min", "max", "argmin", "argmax"])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_order_of_complex_numbers(how, axis, dtype):
	rng = np.random.default_rng(5)
	z = (rng.integers(0, 3, (60, 70)) + 1j * rng.integers(0, 3, (60, 70))).astype(dtype)
	f = define(f"def f(x):\n\treturn np.{how}(x * 1, axis={axis})\n")
	same(gridjit.fuse(f)(z), f(z))
	z[7, 5], z[40, 5], z[5, 60] = complex(1, np.nan), np.nan, complex(np.nan, 2)
	got, want = gridjit.fuse(f)(z), f(z)
	assert repr(got) == repr(want)


def test_an_initial_value_alone():
	x = np.zeros((0, 3), "i2")
	for text in "x.min(initial=4)", "x.max(axis=0, initial=n)", "np.sum(x, axis=1, initial=2)", "x.prod(initial=n, keepdims=True)":
		f = define(f"def f(x, n):\n\treturn {text}\n")
		same(gridjit.fuse(f)(x, 7), f(x, 7))
	f = gridjit.fuse(lambda x, y: (x.sum(initial=y), x.sum(axis=0) * 1 if False else x.max(axis=0, initial=y), x + y))
	out = np.zeros(3, "f8")
	got = f(np.arange(6.0).reshape(2, 3), np.float32(4), out=(None, out, None))
	assert got[1] is out and got[0] == 19 and out.tolist() == [4, 4, 5] and got[2].sum() == 39


def test_dtype_of_a_variance_and_arguments_by_position():
	x = np.arange(12, dtype="i2").reshape(3, 4)
	for text in "x.var(dtype=np.float32)", "np.std(x, 0, np.float32)", "np.sum(x, 0, np.float32)", "x.mean(1, 'f8', None, True)", "np.var(x, 1, None, None, 2, True)", "np.any(x, 0, None, True)":
		f = define(f"def f(x):\n\treturn {text}\n")
		same(gridjit.fuse(f)(x), f(x))


def test_where_must_fit():
	f = gridjit.fuse(lambda x, m: x.sum(where=m))
	with pytest.raises(ValueError, match=r"non-broadcastable operand with shape \(1,3\) doesn't match the broadcast shape \(2,3\)"):
		f(np.ones((1, 3)), np.ones((2, 3), bool))
	assert f(np.ones((2, 3)), np.ones((2, 1), bool)) == 6


class TestRaise:
	"""What a fused function raises, or one that it calls for each element, reaches the caller: the first element's."""

	@staticmethod
	@gridjit.vectorize
	def root(x):
		if x < 0:
			raise ValueError(f"{x} is negative")
		return math.sqrt(x)

	@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
	@pytest.mark.parametrize("text", ["root(x) + 1", "(root(x) * 2).sum()", "root(x).max(axis=0)", "root(x).mean(axis=1)"])
	@pytest.mark.parametrize("shape", [(7, 5), (300, 4000)])
	def test_elements(self, width, text, shape):
		f = define(f"def f(x):\n\treturn {text}\n", root=self.root)
		x = np.ones(shape)
		fused = gridjit.fuse(f)
		with on(width):
			np.testing.assert_allclose(fused(x), f(x))
			x[2, 4] = -3
			for _ in range(2):
				with pytest.raises(ValueError, match="^-3.0 is negative$"):
					fused(x)
			np.testing.assert_allclose(fused(abs(x)), f(abs(x)))

	def test_numbers(self):
		f = define("def f(x, n):\n\tassert n != 3, 'three'\n\tif n < 0:\n\t\traise KeyError('n')\n\treturn x * n\n")
		fused = gridjit.fuse(f)
		for n, error in ((-1, KeyError), (3, AssertionError)):
			with pytest.raises(error) as e:
				fused(np.ones(3), n)
			assert "line" not in str(e.value) and e.traceback[-1].name == "f"
		assert fused(np.ones(3), 2).tolist() == [2, 2, 2]


def test_sums_are_the_same_every_time():
	x = np.random.default_rng(1).random(3_000_000).astype("f4")
	f = gridjit.fuse(lambda x: (x * x).sum())
	assert len({float(f(x)) for _ in range(10)}) == 1


def test_several_results_of_several_shapes():
	@gridjit.fuse
	def f(x, y):
		t = x * 2
		return t, t + y, (t * y).sum(axis=0), t.max()

	x, y = np.arange(5.0), np.arange(15.0).reshape(3, 5)
	for got, want in zip(f(x, y), f.py_func(x, y)):
		same(got, want)


def test_loops_conditions_and_helpers():
	def step(z, c):
		return z * z + c

	@gridjit.vectorize
	def clip(v, most):
		return most if v > most else v

	@gridjit.fuse
	def f(c, n, sharp):
		z = c
		for _ in range(n):
			z = step(z, c)
		if sharp:
			z = -z
		return clip(z, 100.0)

	c = np.linspace(-1, 1, 1000)
	z = c
	for _ in range(4):
		z = z * z + c
	same(f(c, 4, False), np.minimum(z, 100))
	same(f(c, 4, True), np.minimum(-z, 100))


def test_out():
	f = gridjit.fuse(lambda x, y: x * 2 + y)
	x, y = np.arange(6.0).reshape(2, 3), np.arange(3.0)
	out = np.zeros((2, 3), "f4")
	assert f(x, y, out=out) is out
	np.testing.assert_array_equal(out, x * 2 + y)
	want = x * 2 + y
	assert f(x, y, out=x) is x                                     # in place
	np.testing.assert_array_equal(x, want)
	a = np.arange(100.0)
	want = a[:-1] * 2 + a[1:]
	f(a[:-1], a[1:].copy(), out=a[1:])                             # overlapping
	np.testing.assert_array_equal(a[1:], want)
	for bad, cls in [(np.zeros((3, 2)), ValueError), (np.zeros((2, 3), "i4"), TypeError), ([1], TypeError), (np.broadcast_to(1.0, (2, 3)), ValueError)]:
		with pytest.raises(cls):
			f(x, y, out=bad)
	two = gridjit.fuse(lambda x: (x + 1, x.sum(axis=0)))
	total = np.zeros(3)
	got = two(x, out=(None, total))
	assert got[1] is total
	np.testing.assert_allclose(total, x.sum(axis=0))


def test_ordinary_calls():
	"""Calls that were made before go a short way: new arrays, scalars and given outputs are as by the long one, and what is not ordinary
	takes that."""
	x, y, m = np.arange(6.0).reshape(2, 3), np.arange(3.0), np.asfortranarray(np.arange(6.0).reshape(2, 3))
	two = gridjit.fuse(lambda x, y, s: (x * s + y, x - y))
	whole = gridjit.fuse(lambda x, y, s: (x * y + s).sum())
	rows = gridjit.fuse(lambda x, y, s: ((x + y).max(axis=1, keepdims=True), np.argmin(x * s, axis=1, keepdims=True)))
	mean = gridjit.fuse(lambda x, y, s: np.mean(x, axis=0) if s else np.mean(y))
	for f in (two, whole, rows, mean):
		for args in ((x, y, 2.0), (m, y, 2.0), (x[:, ::2], y[::2], 2.0), (m, m, 2.0), (x, 3.0, True), (y, y, 5), (x[:0], y, 2.0)):
			first, second = [], []
			for results in (first, second):
				try:
					values = f(*args)
					results += [(type(v), v.dtype, v.shape, v.strides, v.tolist()) for v in (values if isinstance(values, tuple) else (values,))]
				except (ValueError, errors.TypingError) as e:
					results.append(str(e))
			assert first == second
	out = np.empty((2, 3)), None
	two(x, y, 2.0)
	plan = two._recent[0]
	got = plan.call((x, y, 2.0), out)
	assert got[0] is out[0] and got[1] is not None
	np.testing.assert_array_equal(got[0], x * 2 + y)
	np.testing.assert_array_equal(plan.call((x, y, 2.0), (x, x - y))[0], np.arange(6.0).reshape(2, 3) * 2 + y)
	assert plan.call((x, y, 2.0), None) is not NotImplemented
	big = np.empty((3, 3))
	for args, out in (((x, y, 2), None), ((x, y), None), ((x.astype(">f8"), y, 2.0), None), ((x, y[:2], 2.0), None), ((x, y[:0], 2.0), None),
			((np.ma.array(x), y, 2.0), None), ((x, y, 2.0), np.empty((2, 3))), ((x, y, 2.0), (np.empty((3, 2)), None)), ((x, y, 2.0), (None,)),
			((x, y, 2.0), (np.empty((2, 3), "f4"), None)), ((big[:2], y, 2.0), (big[1:], None)), ((x, y, 2.0), (big[1:], big[:2])),
			((x, y, 2.0), (np.broadcast_to(1.0, (2, 3)), None)), ((x, y, 2.0), 5)):
		assert plan.call(args, out) is NotImplemented
	huge = gridjit.fuse(lambda x, n: x * n)
	huge(x, 1)
	with pytest.raises(OverflowError):
		huge(x, 1 << 70)


def test_large_results_take_memory_that_others_left():
	f = gridjit.fuse(lambda x, s: x * s)
	zeros = gridjit.njit(lambda n: np.zeros(n))
	x = np.arange(1_000_000.0)
	f(x, 2)
	first, second = f(x, 2), f(x, 3)
	at = first.ctypes.data
	assert second.ctypes.data != at and not first.flags.owndata
	view = first[::2]
	del first
	third = f(x, 4)
	assert third.ctypes.data != at                                 # the view holds it
	np.testing.assert_array_equal(view, x[::2] * 2)
	del view
	fourth = f(x[:990_000], 5)
	assert fourth.ctypes.data == at
	for result, s in ((second, 3), (third, 4), (fourth, 5)):
		np.testing.assert_array_equal(result, x[:len(result)] * s)
	del second, third, fourth
	assert not zeros(1_000_000).any()
	turned = f(np.asfortranarray(x.reshape(1000, 1000)), 2)
	turned = f(np.asfortranarray(x.reshape(1000, 1000)), 2)
	assert turned.flags.f_contiguous and (turned == x.reshape(1000, 1000) * 2).all()

	def mapped():
		with open("/proc/self/statm") as file:
			return int(file.read().split()[0]) * 4096
	before = mapped()
	for n in range(1 << 20, 1 << 23, 1 << 19):                     # what is kept has an end
		f(np.ones(n, "f4"), 2)
		f(np.ones(n, "f4"), 2)
	assert mapped() - before < 400 << 20


@pytest.mark.parametrize("start", [0, 1, 7, 16])
def test_outputs_too_large_for_the_caches(start):
	n = 4_300_001
	x, room = np.arange(n, dtype="f4") % 1000, np.full(n + 40, 7, "f4")
	out = room[start:start + n]
	assert gridjit.fuse(lambda x: x * 2 + 1)(x, out=out) is out
	np.testing.assert_array_equal(out, x * 2 + 1)
	assert (room[:start] == 7).all() and (room[start + n:] == 7).all()
	a, b = gridjit.fuse(lambda x: (x + 1, (x * 2).astype("f8")))(x)
	np.testing.assert_array_equal(a, x + 1)
	np.testing.assert_array_equal(b, x * 2)


def test_arguments():
	f = gridjit.fuse(lambda x, by=2.0: x * by)
	x = np.arange(4, dtype="f4")
	assert f(x).dtype == np.float32 and f(x, by=np.float64(2)).dtype == np.float64
	with pytest.raises(TypeError, match="missing"):
		f()
	with pytest.raises(TypeError, match="argument 1 is list"):
		f([1, 2])
	with pytest.raises(ValueError, match="broadcast"):
		f(x, np.zeros(3))
	with pytest.raises(ValueError, match="stream is for device arrays"):
		f(x, stream=gridjit.cuda.stream())
	with pytest.raises(TypeError, match="positional"):
		gridjit.fuse(lambda *a: a)
	with pytest.raises(TypeError, match="takes a Python function"):
		gridjit.fuse(3)


def test_fallback_runs_numpy():
	f = gridjit.fuse(lambda x: np.cumsum(x) + 1, fallback=True)
	x, out = np.arange(4.0), np.zeros(4)
	np.testing.assert_array_equal(f(x), np.cumsum(x) + 1)
	assert f(x, out=out) is out
	np.testing.assert_array_equal(out, np.cumsum(x) + 1)
	with pytest.raises(errors.NumbaError):
		gridjit.fuse(f.py_func)(x)


TABLE = np.arange(4.0)
REFUSED = [
	("x + TABLE", "x + TABLE", "is no argument of the fused function"),
	("np.sqrt(x.sum())", "np.sqrt(x.sum())", "reductions come last"),
	("x - x.mean()", "x - x.mean()", "reductions come last"),
	("x[1:] - x[:-1]", "x[1:]", "an index needs to know where the items are"),
	("x.T + 1", "x.T", "T needs to know where the items are"),
	("x / x.shape[0]", "x.shape", "shape needs to know where the items are"),
	("x / len(x)", "len(x)", "needs to know where the items are"),
	("x @ x", "x @ x", "operator @ between"),
	("x if x > 0 else -x", "x > 0", "has no truth value"),
	("x.sum(axis=3)", "x.sum(axis=3)", "axis 3 is out of bounds for array of dimension 1"),
	("x.sum(axis=0.5)", "x.sum(axis=0.5)", "the axes must be constant integers"),
	("np.add(x, 1).astype('u1') + 300", "np.add(x, 1).astype('u1') + 300", "the integer 300 does not fit in uint8"),
	("np.linalg.norm(x)", "np.linalg.norm(x)", "cannot be used"),
	("3", None, "a fused function returns arrays"),
	("None", None, "a fused function returns arrays"),
]


@pytest.mark.parametrize("expression, under, words", REFUSED)
def test_what_cannot_be_fused_is_said_with_a_caret(expression, under, words):
	f = gridjit.fuse(define(f"def f(x):\n\treturn {expression}\n", TABLE=TABLE))
	with pytest.raises(errors.NumbaError) as e:
		f(np.arange(5.0))
	text = str(e.value)
	assert words in text.splitlines()[0], text
	if under:
		rows = text.splitlines()
		at = next(i for i, row in enumerate(rows) if row.strip() and set(row.strip()) == {"^"})
		start = rows[at].index("^")
		assert rows[at - 1][start:start + rows[at].count("^")] == under, text


def test_axis_of_a_number():
	f = gridjit.fuse(lambda a, b: ((a + b).sum(axis=0), np.max(a * b, axis=-1), (a * b).argmin(axis=0)))
	assert f(np.array(3.0), 2.5) == (5.5, 7.5, 0)
	with pytest.raises(np.exceptions.AxisError, match="axis 1 is out of bounds for array of dimension 0"):
		gridjit.fuse(lambda a: (a + 1).sum(axis=1))(np.array(3.0))


@pytest.mark.parametrize("n", [2, 3, 7, 31, 100, 1023])
@pytest.mark.parametrize("order", "CF")
def test_short_rows(n, order):
	"""Many of them are computed at once, whatever is broadcast along them."""
	rows = 4000 // n + 3
	x = np.asarray(np.random.default_rng(n).standard_normal((3, rows, n)), order=order)
	x[1, 1, 1] = np.nan
	for y in (np.arange(float(n)), np.arange(float(rows))[:, None], np.ones((3, 1, 1)), np.arange(3.0 * n).reshape(3, 1, n), 2.0, x[::-1], x[:, ::-1, ::-1]):
		for text in ("x * y + 1", "(x * y).sum(axis=2)", "(x * y).sum(axis=1)", "(x * y).sum(axis=0)", "np.max(x * y)", "np.argmin(x * y, axis=2)",
				"np.argmax(x * y, axis=1)", "(x - y).min(axis=(0, 2), keepdims=True)", "(x * y).prod(axis=0)", "(x > y).all(axis=2)"):
			f = define(f"def f(x, y):\n\treturn {text}\n")
			np.testing.assert_allclose(gridjit.fuse(f)(x, y), f(x, y), rtol=1e-9, atol=1e-12)
	out = x.copy()
	gridjit.fuse(lambda x, y: x * y)(out, np.arange(float(n)), out=out)
	np.testing.assert_array_equal(out, x * np.arange(float(n)))


@pytest.mark.parametrize("text", ["np.clip(x, -1, 3)", "x.clip(-300, None)", "np.clip(x + x, 2, 100)", "np.round(x)", "x.round(1)", "np.round(x, -1)",
	"np.nan_to_num(x)", "x + 1 if isinstance(x + x, np.ndarray) and isinstance(x, np.ndarray) else x"])
def test_functions_of_integers(text):
	"""They stay integers of their width."""
	f = define(f"def f(x):\n\treturn {text}\n")
	fused, compiled = gridjit.fuse(f), gridjit.njit(f)
	for dtype in "u1", "i1", "u2", "i4", "i8", "u8":
		x = np.array([0, 1, 7, 25, 60], dtype)
		want = f(x)
		assert fused(x).dtype == want.dtype and np.array_equal(fused(x), want), dtype
		assert np.array_equal(compiled(x).astype(dtype), want), dtype
		assert compiled(x).dtype == want.dtype or "clip" not in text, dtype


@pytest.mark.parametrize("text", ["np.clip(x, -0.2, 0.5)", "x.clip(0, y)", "np.clip(x, None, 0.5)", "np.round(x, 2)", "x.round(1)", "np.heaviside(x, 0.5)",
	"np.sinc(x)", "np.isclose(x, y)", "np.nan_to_num(x)", "np.nan_to_num(x, nan=3.0, posinf=1.0, neginf=2.0)", "z.real * 2", "z.imag + x", "np.real(z)", "np.imag(x)", "np.angle(z)",
	"np.angle(x, deg=True)", "np.count_nonzero(x > 0)", "np.nansum(x)", "np.abs(z).clip(0, 1).sum(axis=0)"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_functions_made_of_others(text, dtype):
	x = np.random.default_rng(0).standard_normal((5, 7)).astype(dtype)
	x[0, :4] = np.nan, np.inf, -np.inf, 0
	y = np.random.default_rng(1).random(7).astype(dtype)
	f = define(f"def f(x, y, z):\n\treturn {text}\n")
	with np.errstate(all="ignore"):
		z = x * np.array(1 - 1j, "c8" if dtype == "f4" else "c16")
		got, want = gridjit.fuse(f)(x, y, z), f(x, y, z)
	assert got.dtype == want.dtype
	np.testing.assert_allclose(got, want, rtol=1e-5 if dtype == "f4" else 1e-12)


@pytest.mark.parametrize("shape, axis", [((300_000,), None), ((700, 900), 0), ((700, 900), 1), ((900, 700), None), ((3, 200_000), 0), ((200_000, 3), 0),
	((200_000, 3), 1), ((40, 50, 60), (0, 2)), ((2, 2, 70_000), (0, 2)), ((1, 7), 0), ((3, 0), 1), ((5,), 0)])
def test_variances_and_complex_sums(shape, axis):
	"""Of rows, of columns, of many parts; what is far from 0 loses nothing; with dtype=, ddof= and keepdims=."""
	f = define(f"def f(x):\n\treturn x.var(axis={axis}), np.std(x * 1, axis={axis}, ddof=1, keepdims=True), x.std(axis={axis}, ddof=3)\n")
	g = define(f"def g(x):\n\treturn x.sum(axis={axis}), x.mean(axis={axis}), (x / abs(x)).prod(axis={axis})\n".replace("def g", "def f"))
	h = define(f"def f(x):\n\treturn x.sum(axis={axis}, dtype=np.float64), x.mean(axis={axis}, dtype=np.float64), x.sum(axis={axis}, dtype=np.int16)\n")
	rng = np.random.default_rng(7)
	for function, dtypes in ((f, ("f8", "f4", "i4", "b1")), (g, ("c16", "c8")), (h, ("f4", "i2"))):
		for dtype in dtypes:
			x = (rng.random(shape) * 9 + (1e6 if dtype == "f8" else 0) + (1j * rng.random(shape) if dtype[0] == "c" else 0)).astype(dtype)
			for a in (x, np.asfortranarray(x), x[..., ::-1]):
				wide = a.astype({"f": "f8", "c": "c16"}.get(dtype[0], dtype)) if function is not h else a
				for got, exact, want in zip(gridjit.fuse(function)(a), function(wide), function(a)):
					assert got.dtype == want.dtype and got.shape == want.shape
					np.testing.assert_allclose(got, exact, rtol=1e-7 if dtype in ("f8", "c16", "i4", "b1", "i2") else 2e-5 if dtype == "f4" else 1e-3)


@pytest.mark.parametrize("text", ["x.real", "np.imag(x)", "np.isclose(x, y)", "np.round(x)", "np.angle(x)", "np.nan_to_num(x)", "np.heaviside(x, y)", "np.conj(x)",
	"divmod(y, 2)[1]", "divmod(2 * y, 3)[0]"])
@pytest.mark.parametrize("dtype", ["b1", "u1", "i4", "f8"])
def test_functions_of_bools_and_integers(text, dtype):
	f = define(f"def f(x, y):\n\treturn {text}\n")
	x, y = np.array([0, 1, 0, 1]).astype(dtype), np.array([0, 0, 1, 1]).astype(dtype)
	same(gridjit.fuse(f)(x, y), f(x, y))


def test_nan_to_num_of_complex_numbers():
	x = np.array([1 + 2j, complex(math.nan, math.inf), complex(-math.inf, 3)])
	f = gridjit.fuse(lambda x: np.nan_to_num(x, nan=7.0))
	assert np.array_equal(f(x), np.nan_to_num(x, nan=7.0))


@pytest.mark.parametrize("text, error", [("np.heaviside(z, 1)", errors.TypingError), ("np.signbit(z)", errors.TypingError), ("z.sum(dtype=np.float64)", errors.TypingError),
	("x.var(mean=2.0)", errors.TypingError), ("x.var(ddof=1j)", errors.TypingError), ("x.std(ddof=1, correction=1)", errors.NumbaValueError), ("x.mean(dtype=np.int32)", errors.TypingError), ("x.argmax(axis=(0,))", errors.TypingError), ("z.var(dtype=np.float64)", errors.TypingError),
	("x.var(dtype=np.int32)", errors.TypingError), ("x.min(where=x > 0)", errors.NumbaValueError), ("x.sum(where=x)", errors.NumbaTypeError),
	("x.sum(initial=z)", errors.TypingError), ("x.max(initial=1j)", errors.TypingError), ("x.sum(axis=(0, 0))", errors.NumbaValueError)])
def test_what_is_refused_of_numbers(text, error):
	with pytest.raises(error):
		gridjit.fuse(define(f"def f(x, z):\n\treturn {text}\n"))(np.ones(3), np.ones(3, complex))


def test_results_of_several_dimensions():
	"""Each result has the shape of what it is made of, in the first call and in later ones."""
	f = gridjit.fuse(lambda x, y: (x + 1, y * 2))
	for shapes in ((3,), ()), ((1,), ()), ((), (3,)), ((2, 3), (3,)), ((1, 1), (1,)):
		x, y = map(np.ones, shapes)
		for _ in range(3):
			for got, want in zip(f(x, y), f.py_func(x, y)):
				same(got, want)


def test_shapes_that_do_not_fit():
	f = gridjit.fuse(lambda x, y: x * y)
	for _ in range(2):
		with pytest.raises(ValueError) as e:
			f(np.ones((2, 3)), np.ones(4))
		assert str(e.value) == "operands could not be broadcast together with shapes (2,3) (4,) "


@pytest.mark.parametrize("text", ["x.var(ddof=-1), np.std(x, ddof=1.5)", "np.var(x, axis=0, correction=0.5), np.std(x, axis=1, correction=-2)", "x.var(axis=1, where=x > 3, ddof=0.25), x.var(ddof=0)",
	"x.var(axis=0, ddof=300), x.std(axis=1, ddof=1), x.std(axis=1, ddof=1.25)"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_variances_of_any_number_fewer(text):
	f = define(f"def f(x):\n\treturn {text}\n")
	x = np.arange(12.0).reshape(3, 4)
	for got, on_device, want in zip(gridjit.fuse(f)(x), gridjit.fuse(f)(cuda.to_device(x)), f(x)):
		np.testing.assert_allclose(got, want)
		np.testing.assert_allclose(on_device.copy_to_host(), want)


@pytest.mark.parametrize("text", ["x.var(axis=0)", "x.mean(axis=-1)", "np.std(x, axis=0)"])
def test_means_along_an_axis_of_a_number(text):
	"""An AxisError, as in NumPy, where sums and their like take 0 and -1."""
	f = define(f"def f(x):\n\treturn {text}\n")
	for run in f, gridjit.fuse(f), njit(f):
		with pytest.raises(np.exceptions.AxisError):
			run(np.array(3.0))
	total = define("def f(x):\n\treturn x.sum(axis=0)\n")
	assert total(np.array(3.0)) == gridjit.fuse(total)(np.array(3.0)) == 3


@pytest.mark.parametrize("text", ["a + k", "k - a", "a * 2 + k", "np.maximum(a, k)", "np.where(a > 1, a, k)", "a << k", "np.max(a, initial=k)", "a < k", "a / k", "a == k"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i4", "u8", "i8", "f4"])
def test_integers_must_fit(text, dtype):
	"""As in NumPy, where they are operands of a narrower integer type; comparisons take them as they are."""
	plain = eval(f"lambda a, k: {text}", {"np": np})
	fused = gridjit.fuse(plain)
	a = np.arange(4).astype(dtype)
	for k in 3, 127, 128, 255, 256, -1, -128, -129, 2**31, 2**62:
		try:
			with np.errstate(all="ignore"):
				wanted = plain(a, k)
		except (OverflowError, TypeError) as error:
			with pytest.raises(type(error) if isinstance(error, OverflowError) else errors.NumbaError, match=str(error) if isinstance(error, OverflowError) else ""):
				fused(a, k)
		else:
			assert np.array_equal(fused(a, k), wanted), k


def test_integers_on_ways_that_are_not_taken_may_be_anything():
	@gridjit.fuse
	def f(a, k):
		if k < 256:
			return a + k
		return a + 1
	assert f(np.zeros(3, np.uint8), 300).tolist() == [1, 1, 1]
