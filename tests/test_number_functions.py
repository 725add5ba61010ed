"""Every function of numbers that kernels know, over every integer type and bool and their mixtures, against NumPy and Python. The
names come from the tables, so that a new row is tested without being named here."""
import math
import re
from pathlib import Path

import numpy as np
import pytest

from gridjit import cuda, njit, prange, vectorize

SRC = Path(__file__).resolve().parent.parent / "src"
TYPES = (np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
VALUES = (0, 1, 2, 3, 7, 100, -1, -2, -3, -7, -128)
INEXACT = {"reciprocal": 0}                       # NumPy's result for this operand is a float's that does not fit


def names(module):
	"""Names of the module's functions of one and of two numbers."""
	found = {}
	for name, params in re.findall(rf'^NAME\("{module}\.(\w+)",\s*"([\w =]*)"', (SRC / "names/names.def").read_text(), re.M):
		params = params.replace(" out=None", "").split()
		if hasattr(math if module == "math" else np, name) and params in (["x"], ["a", "b"]):
			found[name] = len(params)
	for row in re.findall(r'^MATH\(\w+,\s*("math\.\w+"|0),\s*("np\.\w+"|0),\s*(\d)', (SRC / "ir/math.def").read_text(), re.M):
		name = row[module == "np"].strip('"')
		if name != "0":
			found[name.split(".")[1]] = int(row[2])
	return found


NUMPY = {name: n for name, n in names("np").items() if isinstance(getattr(np, name), np.ufunc) and getattr(np, name).nout == 1
	and name != "spacing"}                           # depends on the float type, which is not NumPy's
MATH = {name: n for name, n in names("math").items() if name not in ("frexp", "modf")}          # those give tuples
I8, I16, I32, I64, U8, U16, U32, U64 = TYPES[1:]
MIXED = [(t, t) for t in TYPES] + [(np.bool_, I8), (U64, np.bool_), (I8, U8), (U16, I8), (I32, U32), (I64, U64), (U64, I8), (U8, I64)]


def operands(dtype):
	values = [v for v in VALUES if np.iinfo(dtype).min <= v <= np.iinfo(dtype).max] if dtype != np.bool_ else [0, 1]
	return np.array(values, dtype)


def pairs(a, b):
	a, b = operands(a), operands(b)
	return np.repeat(a, len(b)), np.tile(b, len(a))


def kernel_of(function, n):
	if n == 1:
		@cuda.jit
		def kernel(a, b, out):
			for i in range(out.shape[0]):
				out[i] = function(a[i])
	else:
		@cuda.jit
		def kernel(a, b, out):
			for i in range(out.shape[0]):
				out[i] = function(a[i], b[i])
	return kernel


def test_tables():
	assert len(NUMPY) > 70 and len(MATH) > 35 and NUMPY["fmod"] == 2 and MATH["sin"] == 1


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_numpy(device, name):
	ufunc, n = getattr(np, name), NUMPY[name]
	kernel = kernel_of(ufunc, n)
	for types in MIXED if n == 2 else [(t,) for t in TYPES]:
		a, b = pairs(*types) if n == 2 else (operands(types[0]),) * 2
		if name in INEXACT:
			a = a[a != INEXACT[name]]
		if name == "power":
			a, b = a[b >= 0], b[b >= 0]
		if "shift" in name:
			a, b = a[b >= 0], b[b >= 0]
		with np.errstate(all="ignore"):
			try:
				want = ufunc(a) if n == 1 else ufunc(a, b)
			except TypeError:                          # NumPy has no loop for these types
				continue
			if want.dtype.kind == "f":                 # half and single precision where NumPy has them: compare in full
				want = ufunc(*(x.astype(np.float64) if name != "ldexp" or x is a else x for x in (a, b)[:n]))
		out = np.zeros(len(a), want.dtype)
		kernel[1, 1](a, b, out)
		if want.dtype.kind == "f":
			out, want = out[np.abs(want) < 3e38], want[np.abs(want) < 3e38]          # small integers give float32
			np.testing.assert_allclose(out, want, rtol=1e-5, atol=1e-6, err_msg=f"{name} {types}")
		else:
			np.testing.assert_array_equal(out, want, err_msg=f"{name} {types} {a} {b}")


@pytest.mark.parametrize("name", sorted(MATH))
def test_math(device, name):
	function, n = getattr(math, name), MATH[name]
	kernel = kernel_of(function, n)
	for types in MIXED if n == 2 else [(t,) for t in TYPES]:
		a, b = pairs(*types) if n == 2 else (operands(types[0]),) * 2
		want, kept = [], []
		for x, y in zip(a.tolist(), b.tolist()):
			try:
				want.append(float(function(x) if n == 1 else function(x, y)))
				kept.append(True)
			except (ValueError, OverflowError):        # out of the function's range
				kept.append(False)
		a, b, out = a[kept], b[kept], np.zeros(len(want))
		kernel[1, 1](a, b, out)
		small = np.abs(want) < 3e38
		np.testing.assert_allclose(out[small], np.array(want)[small], rtol=1e-5, atol=1e-6, err_msg=f"{name} {types}")


def test_powers_of_integers(device):
	"""Exact as long as they fit in 53 bits: CUDA's pow gives 2.9999999999999996 for pow(3, 1)."""
	@cuda.jit
	def kernel(x, n, out):
		for i in range(out.shape[0]):
			out[i, 0] = math.pow(x[i], n[i])
			out[i, 1] = np.float_power(x[i], n[i])
			out[i, 2] = math.pow(x[i], 3.0)

	bases = [*range(-20, 21), 94906265, 2 ** 26, 208063, -208063]
	x, n = (np.array(v) for v in zip(*((b, e) for b in bases for e in range(64) if abs(b ** e) <= 2 ** 53)))
	out = np.zeros((len(x), 3))
	kernel[1, 1](x, n, out)
	assert out[:, 0].tolist() == [float(int(b) ** int(e)) for b, e in zip(x, n)]
	assert (out[:, 1] == out[:, 0]).all()
	fits = np.abs(x) <= 208063
	assert (out[fits, 2] == x[fits] ** 3.0).all()
	x, n = np.array([2, 3, -3, 10, 7, -1, 0, -1]), np.array([-1, -2, -3, 300, 1000, 2 ** 40 + 1, 0, 64])
	out = np.zeros((len(x), 3))
	kernel[1, 1](x, n, out)
	want = [0.5, 1 / 9, -1 / 27, 1e300, np.inf, -1, 1, 1]
	np.testing.assert_allclose(out[:, 0], want, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["u1", "i4", "i8", "f4", "f8", "c8", "c16"])
def test_dtypes_of_host_functions(dtype):
	"""numba's: those of the argument."""
	f = njit(lambda x: (np.nan_to_num(x), np.nan_to_num(x, nan=1.0, posinf=7.0)))
	x = np.array([3, 1, 0, 2]).astype(dtype)
	if np.dtype(dtype).kind in "fc":
		x[:3] = np.inf, -np.inf, np.nan
	for got, want in zip(f(x), f.py_func(x), strict=True):
		assert got.dtype == want.dtype and np.array_equal(got, want)
	if dtype[0] != "c":
		assert njit(lambda x: np.clip(x, -1, 2))(x).dtype == x.dtype


# -- dtypes, and numbers that are none ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128, np.int32, np.int64])
def test_widths_of_sinc_and_angle(dtype):
	x = np.array([0.5, 1.25, -2.0], dtype) * (1 + 1j if np.dtype(dtype).kind == "c" else 1)
	for f in lambda x: np.sinc(x), lambda x: np.angle(x), lambda x: np.angle(x, deg=True):
		got, want = njit(f)(x.astype(dtype)), f(x.astype(dtype))
		assert got.dtype == want.dtype
		np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
	assert njit(lambda z: np.angle(z, True))(np.complex64(1j)) == pytest.approx(90)
	assert njit(lambda z: np.iscomplexobj(z))(np.complex64(1j))


@pytest.mark.parametrize("x", [np.inf, -np.inf, np.nan, -0.0, 0.0, -3, 4])
def test_angle_of_real_numbers(x):
	want = np.angle(x)
	assert str(njit(lambda x: np.angle(x))(x)) == str(float(want))
	for dtype in np.float32, np.float64:
		got = njit(lambda x: np.angle(x))(np.full(3, x, dtype))
		assert got.dtype == dtype and np.array_equal(got, np.full(3, want, dtype), equal_nan=True)


@pytest.mark.parametrize("low, high", [(0.1, 2.7), (1, 2), (None, 2.7), (0.1, None), (1, 2.7), (np.float32(0.1), 3)], ids=str)
def test_dtype_of_clip(low, high):
	for dtype in "f4 f8 i4 i8".split():
		if np.dtype(dtype).kind in "iu" and isinstance(low, np.float32):
			continue                                   # float32 here, as np.maximum() has it in numba too
		x = np.array([0, 1, 2, 3], dtype)
		for f in lambda x, a, b: np.clip(x, a, b), lambda x, a, b: x.clip(a, b):
			got, want = njit(f)(x, low, high), f(x, low, high)
			assert got.dtype == want.dtype and np.array_equal(got, want)


# -- Python's min and max: of what is not less than another, the first ---------------------------------------------------------

EXTREMES = [(np.nan, 1.0), (1.0, np.nan), (0.0, -0.0), (-0.0, 0.0), (np.nan, np.nan), (2.0, 1.0)]


@pytest.mark.parametrize("a, b", EXTREMES, ids=str)
def test_min_and_max_of_floats(a, b):
	def both(a, b):
		return min(a, b), max(a, b), min(a, 1.0, b), max((a, b)), min(2.5, b), max(a, -1)
	assert str(njit(both)(a, b)) == str(both(a, b))
	assert str(njit(lambda: (min(a, b), max(a, b)))()) == str((min(a, b), max(a, b)))
	for f in lambda a, b: min(a, b), lambda a, b: max(a, b):
		assert str(vectorize(f)(a, b)) == str(np.float64(f(a, b)))
	assert str(njit(both)(np.float32(a), np.float32(b))) == str(both(a, b))


@pytest.mark.parametrize("text", ["min(s, x[i])", "min(x[i], s)", "max(s, x[i])", "max(x[i], s, 0.25)"])
def test_reductions_by_min_and_max(text):
	scope = {"prange": prange, "np": np}
	exec(f"def f(x, k, top):\n\ts = 0.5\n\tfor i in prange(x.shape[0]):\n\t\ts = {text}\n\t\ttop[k[i]] = max(top[k[i]], x[i])\n\treturn s", scope)
	x, k = np.random.default_rng(1).random(5000) * 2 - 0.5, np.arange(5000) % 7
	ours, want = np.zeros(7), np.zeros(7)
	assert njit(parallel=True)(scope["f"])(x, k, ours) == scope["f"](x, k, want) and np.array_equal(ours, want)
