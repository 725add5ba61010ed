"""cuda.fp16 and cuda.bf16: every function beside NumPy and ml_dtypes, conversions in every direction of rounding beside exact ones."""

import operator
from fractions import Fraction

import numpy as np
import pytest

from gridjit import _core, cuda
from halves import ALL, OTHERS, bfloat16, every_half, mapped, same


@pytest.fixture(autouse=True)
def quiet():
	with np.errstate(all="ignore"):
		yield


def space(half):
	return cuda.fp16 if half is np.float16 else cuda.bf16


def called(half):
	"""What conversions call it."""
	return "float16" if half is np.float16 else "bfloat16"


A, B = ALL[::17], OTHERS[::17]
TESTED = set()


def function(half, name):
	TESTED.add(name.replace("bfloat16", "float16"))
	return getattr(space(half), name)


@every_half
@pytest.mark.parametrize("name, op", [("hadd", operator.add), ("hsub", operator.sub), ("hmul", operator.mul), ("hdiv", operator.truediv)])
def test_arithmetic(device, half, name, op):
	a, b = A.view(half), B.view(half)
	want = op(a, b)
	f = function(half, name)
	same(mapped(lambda x, y: f(x, y), half, a, b), want)
	same(mapped(lambda x, y: f(x, y), half, a.astype(np.float32), b.astype(np.float64)), want)
	if name == "hdiv":
		return
	alone, saturated = function(half, name + "_rn"), function(half, name + "_sat")
	same(mapped(lambda x, y: alone(x, y), half, a, b), want)
	clipped = np.nan_to_num(np.clip(want.astype(np.float32), 0, 1), nan=0.0) + np.float32(0)
	same(mapped(lambda x, y: saturated(x, y), half, a, b), clipped.astype(half))


@every_half
def test_multiply_add(device, half):
	"""In one rounding, which hmul_rn and hadd_rn keep apart."""
	f, saturated, positive = (function(half, n) for n in ("hfma", "hfma_sat", "hfma_relu"))
	product, total = function(half, "hmul_rn"), function(half, "hadd_rn")
	random = np.random.default_rng(2)
	a, b, c = (random.normal(size=500).astype(half) for _ in range(3))
	exact = a.astype(np.float64) * b.astype(np.float64) + c.astype(np.float64)      # at least 53 bits: enough here
	want = exact.astype(half)
	same(mapped(lambda x, y, z: f(x, y, z), half, a, b, c), want)
	same(mapped(lambda x, y, z: saturated(x, y, z), half, a, b, c), np.clip(want.astype(np.float32), 0, 1).astype(half))
	same(mapped(lambda x, y, z: positive(x, y, z), half, a, b, c), np.where(want > 0, want.astype(np.float32), 0).astype(half))
	assert np.isnan(mapped(lambda x, y, z: positive(x, y, z), np.float32, a[:1], b[:1], np.array([np.nan], half))[0])
	apart = a * b + c
	assert (apart != want).any()
	same(mapped(lambda x, y, z: product(x, y) + z, half, a, b, c), apart)
	same(mapped(lambda x, y, z: total(x * y, z), half, a, b, c), apart)


@every_half
def test_signs_and_extremes(device, half):
	a, b = A.view(half), B.view(half)
	neg, size, most, least, most_nan, least_nan = (function(half, n) for n in "hneg habs hmax hmin hmax_nan hmin_nan".split())
	np.testing.assert_array_equal(mapped(lambda x: neg(x), half, a).view(np.uint16), A ^ 0x8000)
	np.testing.assert_array_equal(mapped(lambda x: size(x), half, a).view(np.uint16), A & 0x7fff)
	for f, want in ((most, np.fmax), (least, np.fmin), (most_nan, np.maximum), (least_nan, np.minimum)):
		got = mapped(lambda x, y: f(x, y), half, a, b)
		keep = ~((a == 0) & (b == 0))
		same(got[keep], want(a, b)[keep])


@every_half
@pytest.mark.parametrize("name, op", [("eq", operator.eq), ("ne", operator.ne), ("ge", operator.ge), ("gt", operator.gt), ("le", operator.le), ("lt", operator.lt)])
def test_comparisons(device, half, name, op):
	"""False where one is NaN; with a u behind it, true."""
	a, b = A.view(half), np.where(A % 3 == 0, A, B).view(half)
	nan = np.isnan(a.astype(np.float32)) | np.isnan(b.astype(np.float32))
	ordered, unordered = function(half, "h" + name), function(half, "h" + name + "u")
	np.testing.assert_array_equal(mapped(lambda x, y: ordered(x, y), bool, a, b), op(a, b) & ~nan)
	np.testing.assert_array_equal(mapped(lambda x, y: unordered(x, y), bool, a, b), op(a, b) | nan)


@every_half
def test_kinds(device, half):
	a = ALL.view(half)
	isnan, isinf = function(half, "hisnan"), function(half, "hisinf")
	wide = a.astype(np.float32)
	np.testing.assert_array_equal(mapped(lambda x: isnan(x), bool, a), np.isnan(wide))
	np.testing.assert_array_equal(mapped(lambda x: isinf(x), np.int32, a), np.isinf(wide) * np.where(wide > 0, 1, -1))


def all_mapped(functions, dtype, a):
	"""Each function of the items of an array, by one kernel."""
	f0, f1, f2, f3 = (functions * 4)[:4]

	@cuda.jit
	def kernel(a, o0, o1, o2, o3):
		i = cuda.grid(1)
		if i < a.size:
			o0[i], o1[i], o2[i], o3[i] = f0(a[i]), f1(a[i]), f2(a[i]), f3(a[i])
	outs = [np.zeros(len(a), dtype) for _ in range(4)]
	kernel[(len(a) + 255) // 256, 256](a, *outs)
	return outs[:len(functions)]


EXACT = {"htrunc": np.trunc, "hceil": np.ceil, "hfloor": np.floor, "hrint": np.rint, "hsqrt": np.sqrt, "hrcp": np.reciprocal}
FUNCTIONS = {"hrsqrt": lambda x: 1 / np.sqrt(x), "hlog": np.log, "hlog2": np.log2, "hlog10": np.log10, "hcos": np.cos, "hsin": np.sin, "htanh": np.tanh,
	"htanh_approx": np.tanh, "hexp": np.exp, "hexp2": np.exp2, "hexp10": lambda x: 10.0 ** x}


@every_half
@pytest.mark.parametrize("names", [[*(EXACT | FUNCTIONS)][k:k + 4] for k in range(0, 17, 4)], ids=" ".join)
def test_functions(device, half, names):
	a = A.view(half)
	for name, got in zip(names, all_mapped([function(half, name) for name in names], half, a)):
		if name in EXACT:
			same(got, EXACT[name](a.astype(np.float32)).astype(half))
			continue
		want = FUNCTIONS[name](a.astype(np.float64)).astype(half)
		finite = np.isfinite(want.astype(np.float32))
		np.testing.assert_array_equal(np.isnan(got.astype(np.float32)), np.isnan(want.astype(np.float32)), err_msg=name)
		assert abs(got.view(np.int16)[finite].astype(int) - want.view(np.int16)[finite].astype(int)).max() <= 1, name


MODES = {"_rn": None, "_rz": "zero", "_rd": "down", "_ru": "up"}


def neighbours(x, half):
	"""The greatest half that is not above a fraction, and the least that is not below it."""
	at = int(np.array([float(x)]).astype(half).view(np.uint16)[0])
	at = at if at & 0x7fff else 0
	near = np.array([*((at + k) & 0xffff for k in (-1, 0, 1)), 0, 1, 0x8001], np.uint16).view(half).tolist() + [half(np.inf), -half(np.inf)]
	near = [half(v) for v in near]
	near = [v for v in near if not np.isnan(float(v))]

	def place(v):
		return Fraction(float(v)) if np.isfinite(float(v)) else Fraction(2) ** 400 * (1 if v > 0 else -1)
	return max((v for v in near if place(v) <= x), key=place), min((v for v in near if place(v) >= x), key=place)


def directed(x, half, mode):
	below, above = neighbours(x, half)
	return below if mode == "down" or (mode == "zero" and x >= 0) else above


@every_half
@pytest.mark.parametrize("source", ["float32", "float64", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_to_halves(device, half, source):
	random, t = np.random.default_rng(5), np.dtype(source)
	if t.kind == "f":
		x = np.concatenate([random.normal(size=60) * 10.0 ** random.integers(-9, 9, 60), [0.0, 65504, 65505, 65520, 1e-8, -1e-8, 3e38, -3e38, 1e-40]]).astype(t)
	else:
		top = np.iinfo(t).max
		x = np.array([int(random.integers(0, 1 << 62)) * 2 >> int(random.integers(0, 63)) & top for _ in range(60)] + [0, 1, 2049, 2051, top, top - 1], t)
		if np.iinfo(t).min:
			x[::2] = -x[::2]
	modes = {"": None} if source == "float64" else MODES
	results = all_mapped([function(half, f"{source}_to_{called(half)}{suffix}") for suffix in modes], half, x)
	for (suffix, mode), got in zip(modes.items(), results):
		if mode is None:
			same(got, np.array([nearest(v, half) for v in x.tolist()]).astype(half))
		else:
			want = np.array([directed(Fraction(v), half, mode) for v in x.tolist()], half)
			np.testing.assert_array_equal(got.astype(np.float32), want.astype(np.float32), err_msg=suffix)
	if source == "float32":
		f = function(half, f"float32_to_{called(half)}")
		same(mapped(lambda v: f(v), half, x), x.astype(half))


def nearest(x, half):
	"""With one rounding: of a number that float64 does not hold, by way of the next one that has an odd last bit."""
	if abs(x) >= 2**53 and isinstance(x, int):
		x = (x & ~0x7ff) | (0x800 if x & 0x7ff else 0)
	below, above = neighbours(Fraction(x), half)
	if not np.isfinite(float(below)) or not np.isfinite(float(above)):
		return np.array([float(x)]).astype(np.float16)[0] if half is np.float16 else np.array([float(x)]).astype(half)[0]
	far = [abs(Fraction(float(v)) - Fraction(x)) for v in (below, above)]
	odd = [int(np.array([v], half).view(np.uint16)[0]) & 1 for v in (below, above)]
	found = below if (far[0], odd[0]) <= (far[1], odd[1]) else above
	return found if float(found) else half(np.copysign(0.0, x))


@every_half
@pytest.mark.parametrize("target", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_from_halves(device, half, target):
	a, t = A.view(half), np.dtype(target)
	wide, info = a.astype(np.float64), np.iinfo(t)
	modes = {"_rz": np.trunc} if t.itemsize == 1 else {"_rn": np.rint, "_rz": np.trunc, "_rd": np.floor, "_ru": np.ceil}
	results = all_mapped([function(half, f"{called(half)}_to_{target}{suffix}") for suffix in modes], t, a)
	for (suffix, rounding), got in zip(modes.items(), results):
		whole = [0 if np.isnan(v) else info.max if v >= float(info.max) else info.min if v <= float(info.min) else int(v) for v in rounding(wide).tolist()]
		np.testing.assert_array_equal(got, np.array(whole, t), err_msg=suffix)


@every_half
def test_bits(device, half):
	a, name = ALL.view(half), called(half)
	to_float = function(half, f"{name}_to_float32")
	np.testing.assert_array_equal(mapped(lambda x: to_float(x), np.float32, a), a.astype(np.float32))
	for t in ("int16", "uint16"):
		there, back = function(half, f"{name}_as_{t}"), function(half, f"{t}_as_{name}")
		np.testing.assert_array_equal(mapped(lambda x: there(x), t, a), a.view(t))
		np.testing.assert_array_equal(mapped(lambda x: back(x), half, a.view(t)).view(np.uint16), ALL)


def test_types_and_modules():
	import gridjit.cuda.bf16
	from gridjit.cuda.fp16 import hadd
	assert hadd == cuda.fp16.hadd and gridjit.cuda.bf16.hfma_relu == cuda.bf16.hfma_relu
	for name, t in (("fp16", "float16"), ("bf16", "bfloat16")):
		f = getattr(cuda, name)
		add, less, whole = f.hadd, f.hlt, getattr(f, f"{t}_to_uint32_rd")
		as_type = _core.as_type
		assert _core.return_type(lambda a, b: add(a, b), (as_type("float32"), as_type("int64"))) is as_type(t)
		assert _core.return_type(lambda a, b: less(a, b), (as_type(t), as_type(t))) is as_type("boolean")
		assert _core.return_type(lambda a: whole(a), (as_type(t),)) is as_type("uint32")


def test_all_are_tested():
	"""Comes last: every name of cuda.fp16 has been called above (the atomic: in test_kernel_names), and cuda.bf16 has the same."""
	names = {n for n in dir(cuda.fp16) if not n.startswith("_")}
	assert {n.replace("bfloat16", "float16") for n in dir(cuda.bf16) if not n.startswith("_")} == names
	names.remove("atomicAdd")
	assert TESTED in (names, set()), names ^ TESTED
