"""Array expressions in kernels: values and dtypes against NumPy (and numba's rules where they differ), shapes, what is refused."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import on
from gridjit import cuda, errors

INPUTS = {
	"a": np.array([[1.5, -2.0, 0.25, 3.0], [0.5, 7.0, -1.0, 2.0], [4.0, 1.0, 1.0, -6.5]]),
	"b": np.array([0.5, 2.0, -1.5, 4.0]),
	"c": np.array([[2.0], [3.0], [-1.0]], np.float64)[:, :1],
	"f": np.array([[1.5, 2.5, -3.5, 0.5]], np.float32),
	"k": np.array([[3, -1, 4, 1], [5, 9, -2, 6], [5, 3, 5, 8]], np.int32),
	"n": np.array([7, 2, -9, 4], np.int64),
}
NAMES = list(INPUTS)

leaf = st.sampled_from([*NAMES, "2", "0.5", "s"])


def combine(inner):
	two = st.tuples(inner, inner)
	return st.one_of(
		st.tuples(st.sampled_from("+-*"), two).map(lambda t: f"({t[1][0]} {t[0]} {t[1][1]})"),
		two.map(lambda t: f"np.maximum({t[0]}, {t[1]})"),
		two.map(lambda t: f"np.where({t[0]} > {t[1]}, {t[0]}, {t[1]})"),
		inner.map(lambda t: f"(-{t})"), inner.map(lambda t: f"abs({t})"), inner.map(lambda t: f"np.sqrt(abs({t}) + 1)"),
		inner.map(lambda t: f"(({t}) ** 2)"))


expressions = st.recursive(leaf, combine, max_leaves=6)


def define(body, parameters):
	import linecache
	source = f"def f({', '.join(parameters)}):\n" + "".join(f"\t{line}\n" for line in body)
	name = f"<expression {abs(hash(source))}>"
	linecache.cache[name] = len(source), None, source.splitlines(True), name
	scope = {"np": np, "cuda": cuda}
	exec(compile(source, name, "exec"), scope)
	return scope["f"]


def run(expression, width, inputs=INPUTS, shape=(3, 4)):
	kernel = cuda.jit(define([f"out[:] = {expression}", f"r[0] = np.sum({expression} + a)", f"r[1] = ({expression} + a).max()",
		f"r[2] = ({expression} + a)[1, -2]"], [*NAMES, "s", "out", "r"]))
	out, r = np.zeros(shape), np.zeros(3)
	with on(width):
		kernel[1, 1](*inputs.values(), 1.25, out, r)
	return out, r


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
@settings(max_examples=40, deadline=None)
@given(expression=expressions)
def test_random_expressions_are_numpys(width, expression):
	out, r = run(expression, width)
	want = eval(expression, {"np": np, "s": 1.25, **INPUTS}) + np.zeros((3, 4))
	with_a = want + INPUTS["a"]
	# float32 beside integers stays float32 in numba and becomes float64 in NumPy
	np.testing.assert_allclose(out, want, rtol=3e-6, atol=1e-5)
	np.testing.assert_allclose(r, [with_a.sum(), with_a.max(), with_a[1, -2]], rtol=3e-6, atol=1e-4)


# numba's dtypes of arrays: numba-cpu-api 4.1
DTYPES = [
	("i4 + i4", "int32"), ("i1 + 1", "int64"), ("i4 + i8s", "int64"), ("u8 + 3", "float64"), ("f4 * 2.0", "float64"), ("f4 * 3", "float32"),
	("np.maximum(f4, 0.0)", "float64"), ("i4 + f4", "float32"), ("u8 * f4", "float32"), ("i1 / i1", "float32"), ("i4 / i4", "float64"),
	("b1 / b1", "float32"), ("i8 + u8", "float64"), ("f4 < 2", "bool"), ("-i4", "int32"), ("~i4", "int32"), ("i4 // i4", "int32"),
	("np.where(b1, i4, f4)", "float64"), ("np.where(b1, f4, f4)", "float32"), ("i4.astype('f4')", "float32"), ("(i4 + 1).astype(np.int8)", "int8"),
	("f4 ** 2", "float32"), ("i4 ** 2", "int64"), ("np.sqrt(i1)", "float32"), ("np.sqrt(i4)", "float64"), ("b1 & b1", "bool"), ("b1 + b1", "bool"),
	("abs(i4)", "int32"), ("np.isnan(f4)", "bool"),
]


@pytest.mark.parametrize("expression, want", DTYPES)
def test_dtypes_are_numbas(expression, want):
	arrays = {t: np.ones(3, t) for t in ("b1", "i1", "i4", "i8", "u8", "f4")}
	kernel = define([f"out[0] = 1 if ({expression}).dtype == np.dtype('{want}') else 2"], [*arrays, "i8s", "out"])
	out = np.zeros(1)
	cuda.jit(kernel)[1, 1](*arrays.values(), 5, out)
	assert out[0] == 1


def test_shapes_that_do_not_fit_end_the_thread(device):
	@cuda.jit
	def kernel(a, b, out):
		out[0] = 1
		out[0] = (a + b).sum()

	out = np.zeros(1)
	kernel[1, 1](np.ones(3), np.ones(4), out)
	assert out[0] == 1
	kernel[1, 1](np.ones(3), np.ones(1), out)
	assert out[0] == 6


def test_stores_that_overlap_read_first(device):
	@cuda.jit
	def kernel(a):
		a[1:] = a[:-1] * 2
		a[:-1] = a[1:] + a[:-1]
		a[1:] += a[:-1]

	a = np.arange(1.0, 40.0)
	want = a.copy()
	want[1:] = want[:-1] * 2
	want[:-1] = want[1:] + want[:-1]
	want[1:] += want[:-1].copy()
	kernel[1, 1](a)
	np.testing.assert_array_equal(a, want)


def test_every_thread_has_its_own(device):
	@cuda.jit
	def rows(m, v, out):
		i = cuda.grid(1)
		if i < m.shape[0]:
			out[i] = (m[i] * v).sum() / np.sqrt((v * v).sum())
			m[i] -= v * out[i]

	m, v = np.random.default_rng(1).random((100, 7)), np.arange(1.0, 8.0)
	out, want = np.zeros(100), m @ v / np.sqrt(v @ v)
	left = m - np.outer(want, v)
	rows[2, 64](m, v, out)
	np.testing.assert_allclose(out, want)
	np.testing.assert_allclose(m, left)


def test_expressions_pass_through_functions_and_tuples(device):
	def scaled(e, by):
		return e * by, e + 1

	@cuda.jit
	def kernel(a, out):
		x, y = scaled(a - 1, 3)
		out[:] = x + y

	a, out = np.arange(5.0), np.zeros(5)
	kernel[1, 1](a, out)
	np.testing.assert_array_equal(out, (a - 1) * 3 + a)


STALE = {
	"a function that writes": (["t = a + 1", "f(out)", "out[:] = t"], False),
	"a store in a loop behind it": (["t = a + 1", "for i in range(3):", "\tout[i] = t[i]"], False),
	"an atomic": (["t = a + 1", "cuda.atomic.add(out, 0, 1)", "out[1] = t[0]"], False),
	"a barrier": (["t = a + 1", "cuda.syncthreads()", "out[1] = t[0]"], False),
	"in place": (["t = a + 1", "a += 1", "out[1] = t[0]"], False),
	"one way of two": (["t = a + 1", "if out[0] > 1:", "\tout[0] = 2", "out[1] = t[0]"], False),
	"a loop over it": (["for x in a + 1:", "\tout[0] += x"], False),
	"made anew in each round": (["for i in range(3):", "\tt = a + i", "\tout[:] = t"], True),
	"a read": (["t = a + 1", "x = out[0]", "out[1] = t[0] + x"], True),
	"a write before": (["out[0] = 1", "t = a + 1", "out[1] = t[0]"], True),
	"a function that reads": (["t = a + 1", "x = g(out)", "out[1] = t[0] + x"], True),
}


def writer(x):
	x[0] = 1


def reader(x):
	return x[0]


@pytest.mark.parametrize("case", STALE)
def test_expressions_are_used_before_memory_changes(case):
	body, fine = STALE[case]
	f = define(body, ["a", "out"])
	f.__globals__.update(f=writer, g=reader)
	if fine:
		cuda.compile_ptx(f, "void(float64[:], float64[:])")
	else:
		with pytest.raises(errors.UnsupportedError, match="used after memory has been written to"):
			cuda.compile_ptx(f, "void(float64[:], float64[:])")


def test_functions_made_of_others(device):
	@cuda.jit
	def kernel(x, one, several, method):
		i = cuda.grid(1)
		if i < x.size:
			one[i] = np.clip(x[i], 0.0, 0.5) + np.heaviside(x[i], 0.5) + np.round(x[i], 1) + np.nan_to_num(x[i])
		if i == 0:
			several[:] = np.clip(x, 0, 0.3)
			method[:] = x.clip(0, 0.3)

	x = np.random.default_rng(0).standard_normal(40)
	x[3] = 0
	one, several, method = np.empty_like(x), np.empty_like(x), np.empty_like(x)
	kernel[2, 32](x, one, several, method)
	np.testing.assert_allclose(one, x.clip(0, 0.5) + np.heaviside(x, 0.5) + x.round(1) + x)
	assert np.array_equal(several, x.clip(0, 0.3)) and np.array_equal(method, several)
