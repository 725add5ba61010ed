"""What tests of fused functions share: random expressions, arrays that lie in any way, and NumPy's answer to compare with."""

import linecache

import numpy as np
from hypothesis import assume, strategies as st

from gridjit import cuda

DTYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]
SHAPES = [(), (5,), (1,), (3, 5), (3, 1), (1, 5), (2, 3, 5), (2, 1, 1), (2, 3, 1), (1, 1, 5)]


def define(source, **names):
	name = f"<fused {abs(hash(source))}>"
	linecache.cache[name] = len(source), None, source.splitlines(True), name
	scope = {"np": np, **names}
	exec(compile(source, name, "exec"), scope)
	return scope["f"]


leaf = st.sampled_from(["a", "b", "c", "s", "t", "2", "0.5", "True"])


def combine(inner):
	two = st.tuples(inner, inner)
	return st.one_of(
		st.tuples(st.sampled_from(["+", "-", "*", "/", "<", ">=", "==", "!=", "&", "|", "^"]), two).map(lambda t: f"({t[1][0]} {t[0]} {t[1][1]})"),
		st.tuples(st.sampled_from(["maximum", "minimum", "logical_and", "fmax"]), two).map(lambda t: f"np.{t[0]}({t[1][0]}, {t[1][1]})"),
		st.tuples(inner, inner, inner).map(lambda t: f"np.where({t[0]}, {t[1]}, {t[2]})"),
		inner.map(lambda t: f"(-{t})"), inner.map(lambda t: f"abs({t})"), inner.map(lambda t: f"np.sqrt({t})"),
		inner.map(lambda t: f"(({t} * 1) ** 2)"),                       # NumPy squares bools to int8, but only by **
		st.tuples(inner, st.sampled_from(["f4", "f8", "i4", "u1"])).map(lambda t: f"np.add({t[0]}, 0).astype('{t[1]}')"))


expressions = st.recursive(leaf, combine, max_leaves=5)


@st.composite
def arrays(draw):
	dtype, shape = draw(st.sampled_from(DTYPES)), draw(st.sampled_from(SHAPES))
	items = draw(st.integers(0, 2 ** 31))
	rng = np.random.default_rng(items)
	a = rng.integers(0, 2 if dtype == "b1" else 6, shape).astype(dtype) if dtype[0] != "f" else (rng.random(shape) * 8 - 4).astype(dtype)
	a = np.asarray(a)
	how = draw(st.sampled_from(["C", "F", "reversed", "strided", "swapped"]))
	if how == "F":
		a = np.asfortranarray(a)
	elif how == "reversed" and a.ndim:
		a = a[::-1]
	elif how == "strided" and a.ndim:
		wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
		wide[..., ::2] = a
		a = wide[..., ::2]
	elif how == "swapped":
		a = a.astype(a.dtype.newbyteorder())
	return a


CHOSEN = st.sampled_from(["sum", "prod", "min", "max", "mean", "any", "all", "var", "std"])


@st.composite
def chosen(draw):
	"""A reduction with where=, and initial= or ddof= where it has it, and its arguments."""
	how, a = draw(CHOSEN), draw(arrays())
	assume(a.ndim > 0)
	if a.dtype.kind == "f" and draw(st.booleans()):
		a = (a + 1j * np.round(a[::-1])).astype(draw(st.sampled_from(["c8", "c16"])))
	axis = draw(st.sampled_from([None, *range(-a.ndim, a.ndim)] + ([(0, a.ndim - 1)] if a.ndim > 1 else [])))
	mask = np.random.default_rng(draw(st.integers(0, 99))).random(draw(st.sampled_from([a.shape, a.shape[1:], (1,) * a.ndim]))) > draw(st.sampled_from([0, 0.5, 1]))
	starts = how in ("sum", "prod", "min", "max")
	given = f"axis={axis}, where=m" + draw(st.sampled_from(["", ", keepdims=True"])) + (", initial=n * 2" if starts else "")
	given += ", ddof=1" if how in ("var", "std") and draw(st.booleans()) else ""
	return f"def f(a, m, z, n):\n\treturn (a + z).{how}({given})\n", (a, mask, np.zeros((1,) * a.ndim, a.dtype), 1)


def python_or_error(call, *args):
	try:
		return call(*args), None
	except (TypeError, ValueError, OverflowError, AttributeError) as e:
		return None, e


def same(got, want, loose=True):
	want = np.asarray(want)
	got = np.asarray(got)
	assert got.dtype == want.dtype.newbyteorder("=") and got.shape == want.shape, (got.dtype, got.shape, want.dtype, want.shape)
	np.testing.assert_allclose(got, want, rtol={"e": 1e-3, "f": 1e-5, "F": 1e-5}.get(want.dtype.char, 1e-12) if loose else 0, atol=0 if want.dtype.kind not in "fc" else 1e-6)


def on_device(array):
	"""The same layout in device memory."""
	if array.size == 0 or array.ndim == 0:
		return cuda.to_device(np.ascontiguousarray(array).reshape(array.shape))
	low, high = np.lib.array_utils.byte_bounds(array) if hasattr(np.lib, "array_utils") else np.byte_bounds(array)
	first = array.__array_interface__["data"][0]
	raw = np.frombuffer((np.ctypeslib.ctypes.c_char * (high - low)).from_address(low), np.uint8)
	memory = cuda.to_device(raw.copy())
	return cuda.DeviceNDArray(array.shape, array.strides, array.dtype, 0, memory.gpu_data,
		pointer=memory.device_pointer + first - low)
