"""float16 and bfloat16 beside NumPy and ml_dtypes: every bit pattern, operators and functions, conversions, memory, atomics, ufuncs,
reductions, fused functions; and the PTX that is made of them."""

import gc
import math
import operator
import re
import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gridjit
from gridjit import cuda, float16, types
from halves import ALL, OTHERS, bfloat16, every_half, mapped, same


@pytest.fixture(autouse=True)
def quiet():
	with np.errstate(all="ignore"):
		yield


# -- operators ---------------------------------------------------------------------------------------------------------------

@every_half
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv], ids=lambda f: f.__name__)
def test_arithmetic(device, half, op):
	a, b = ALL.view(half), OTHERS.view(half)
	same(mapped(op, half, a, b), op(a, b))


@every_half
@pytest.mark.parametrize("op", [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge], ids=lambda f: f.__name__)
def test_comparisons(device, half, op):
	a = ALL.view(half)
	b = np.where(ALL % 3 == 0, ALL, OTHERS).view(half)
	np.testing.assert_array_equal(mapped(op, bool, a, b), op(a, b))


@every_half
def test_signs(device, half):
	"""They change one bit, of NaN too."""
	a = ALL.view(half)
	np.testing.assert_array_equal(mapped(operator.neg, half, a).view(np.uint16), ALL ^ 0x8000)
	np.testing.assert_array_equal(mapped(abs, half, a).view(np.uint16), ALL & 0x7fff)
	np.testing.assert_array_equal(mapped(bool, bool, a), a != 0)
	same(mapped(operator.pos, half, a), a)


def rounded(exact, half):
	"""The half nearest to a fraction, of two the even one; None: it is too large to say."""
	near = np.array([float(exact)]).astype(half).view(np.uint16)[0]
	found = None
	for at in (int(near) - 1, int(near), int(near) + 1):
		x = float(np.array([at & 0xffff], np.uint16).view(half)[0])
		if math.isfinite(x):
			key = abs(Fraction(x) - exact), at & 1
			found = min(found, (key, x)) if found else (key, x)
	return found[1]


@every_half
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 1 << 30))
def test_multiply_add_is_rounded_once(device, half, seed):
	"""A product and a sum in one rounding: also where the sum is near the middle of two numbers, and by little not there."""
	random = np.random.default_rng(seed)
	digits = 8 if half is bfloat16 else 11
	a, b = ((random.integers(1, 1 << digits, 300) * 2.0 ** (1 - digits)).astype(half) for _ in range(2))
	c = (random.choice([-1.0, 1.0], 300) * random.integers(1, 1 << digits, 300) * 2.0 ** random.integers(-13, 1, 300)).astype(half)
	for function in (lambda x, y: x * y[0] + y[1], lambda x, y: y[1] - x * y[0], lambda x, y: cuda.fma(x, y[0], y[1])):
		@cuda.jit
		def kernel(a, b, c, out):
			i = cuda.grid(1)
			if i < out.size:
				out[i] = function(a[i], (b[i], c[i]))
		out = np.zeros(300, half)
		kernel[3, 128](a, b, c, out)
		if function.__code__.co_names[:1] == ("cuda",):                      # of halves it is a float32
			want = [float(np.float32(x) * np.float32(y) + np.float64(z)) for x, y, z in zip(a, b, c)]
			same(out, np.array(want, np.float32).astype(half))
			continue
		sign = -1 if function(Fraction(1), (Fraction(1), Fraction(0))) < 0 else 1
		for x, y, z, got in zip(a, b, c, out):
			exact = sign * Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
			assert float(got) == rounded(exact, half), (x, y, z, got)


@every_half
def test_result_types(device, half):
	"""numba's for float16; beside bfloat16 ml_dtypes' promotion, and Python's numbers are float64 and int64 as ever."""
	def result(f, *args):
		return gridjit._core.return_type(f, tuple(map(gridjit._core.as_type, args)))
	add, h = (lambda a, b: a + b), np.dtype(half)
	small = {"int8", "bool"} | ({"uint8"} if half is bfloat16 else set())
	for other in "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 complex64 complex128".split():
		want = np.dtype(half) if other in small else np.dtype({"int16": "f4", "uint8": "f4", "float16": "f4" if half is bfloat16 else half,
			"float32": "f4", "complex64": "c8", "complex128": "c16", "uint16": "f4" if half is bfloat16 else "f8"}.get(other, "f8"))
		assert result(add, h, other) is result(add, other, h) is gridjit._core.as_type(want), other
		if half is bfloat16:
			assert (np.ones(1, half) + np.ones(1, other)).dtype == want, other
	assert result(lambda a: a + 1.5, h) is types.float64 and result(lambda a: a * 2, h) is types.float64
	assert result(lambda a: a // a, h) is types.float32 and result(lambda a: a ** 2, h) is types.float32
	assert result(lambda a: math.sqrt(a), h) is gridjit._core.as_type(h) and result(lambda a: math.sinh(a), h) is types.float32
	assert result(lambda a: (max(a, a), min(a, np.float32(1))), h).types == (gridjit._core.as_type(h), types.float32)


# -- functions -----------------------------------------------------------------------------------------------------------------

EXACT = ["sqrt", "floor", "rint", "sign", "square", "spacing"]


@every_half
@pytest.mark.parametrize("name", EXACT)
def test_exact_functions(device, half, name):
	a = ALL.view(half)
	if name == "spacing":
		a = a[1:0x7f7f if half is bfloat16 else 0x7bff]                          # positive, and another one above
	ufunc = getattr(np, name)
	same(mapped(lambda x: ufunc(x), half, a.copy()), ufunc(a) if name == "spacing"
		else ufunc(a.astype(np.float32)).astype(half))


@every_half
def test_next_after(device, half):
	a, b = ALL.view(half), np.where(ALL % 5 == 0, ALL, OTHERS).view(half)
	same(mapped(lambda x, y: np.nextafter(x, y), half, a, b), np.nextafter(a, b))
	np.testing.assert_array_equal(mapped(lambda x, y: np.copysign(x, y), half, a, b).view(np.uint16), (a.view(np.uint16) & 0x7fff) | (b.view(np.uint16) & 0x8000))


@every_half
@pytest.mark.parametrize("name", "exp expm1 log2 cos arcsin tanh cbrt".split())
def test_functions(device, half, name):
	"""Within one unit in the last place of the function of the same number in double precision."""
	a = ALL[::17].view(half)
	ufunc = getattr(np, name)
	got, want = mapped(lambda x: ufunc(x), half, a.copy()), ufunc(a.astype(np.float64)).astype(half)
	finite = np.isfinite(want.astype(np.float32))
	np.testing.assert_array_equal(np.isnan(got.astype(np.float32)), np.isnan(want.astype(np.float32)))
	steps = abs(got.view(np.int16)[finite].astype(int) - want.view(np.int16)[finite].astype(int))
	assert steps.max() <= 1 or (want[finite][steps > 1] == 0).all(), (a[finite][steps > 1][:3], got[finite][steps > 1][:3])


@every_half
def test_tests_and_extremes(device, half):
	a, b = ALL.view(half), OTHERS.view(half)
	for test in (np.isnan, np.isinf, np.isfinite, np.signbit):
		np.testing.assert_array_equal(mapped(lambda x: test(x), bool, a), test(a.astype(np.float32)))
	for function, want in ((lambda x, y: np.maximum(x, y), np.maximum), (lambda x, y: np.fmin(x, y), np.fmin)):
		got = mapped(function, half, a, b)
		zeros = (a == 0) & (b == 0)                                            # −0 is below +0; NumPy takes either
		same(got[~zeros], want(a, b)[~zeros])
	same(mapped(lambda x, y: max(x, y), half, np.array([0, -0.0, np.nan], half), np.array([-0.0, 0, 2], half)), np.array([0, 0, 2], half))


# -- conversions ----------------------------------------------------------------------------------------------------------------

@every_half
@pytest.mark.parametrize("other", "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split())
def test_from_halves(device, half, other):
	a = ALL.view(half)
	exact = a.astype(np.float32)
	if np.dtype(other).kind in "iu":
		low, high = np.iinfo(other).min, np.iinfo(other).max
		exact = np.where(np.isfinite(exact) & (exact >= low) & (exact <= np.float32(high) * (1 - 2.0**-24)), exact, 0)
		a = exact.astype(half)
	np.testing.assert_array_equal(mapped(lambda x: x, other, a.copy()), exact.astype(other))


@every_half
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 1 << 30))
def test_to_halves(device, half, seed):
	"""From every type with one rounding: next to the middles of neighbours, and among the subnormal and the largest."""
	random = np.random.default_rng(seed)
	finite = ALL.view(half)[np.isfinite(ALL.view(half).astype(np.float32))].astype(np.float64)
	near = random.choice(np.sort(finite), 150)
	up = np.array([float(np.nextafter(half(x), half(np.inf))) for x in near])
	middle = np.where(np.isfinite(up), (near + up) / 2, near)
	values = np.concatenate([near, middle, middle * (1 + 2.0**-50), middle * (1 - 2.0**-50), middle * (1 + 2.0**-22)])
	values = np.append(values, [np.inf, -np.inf, np.nan, 0.0, -0.0, 1e300, -1e-300, 65519.99, 65520.0])
	for dtype in (np.float64, np.float32):
		given_ = values.astype(dtype)
		want = [x if not math.isfinite(x) else rounded(Fraction(float(x)), half) for x in given_.tolist()]
		top = Fraction(float(np.finfo(np.float16).max) + 16) if half is np.float16 else Fraction(2)**128 - Fraction(2)**119
		want = [math.copysign(math.inf, x) if math.isfinite(x) and abs(Fraction(x)) >= top else w for x, w in zip(given_.tolist(), want)]
		want = [math.copysign(w, x) if w == 0 else w for w, x in zip(want, given_.tolist())]
		same(mapped(lambda x: x, half, given_), np.array(want).astype(half))
	for dtype in (np.int64, np.uint64, np.int32, np.uint8, bool):
		info = np.iinfo(dtype) if dtype is not bool else None
		top = random.integers(0, info.bits - 1, 300) if info else 0
		whole = (2.0**top * random.integers(1, 257, 300) / 256).astype(np.uint64) if info else np.ones(300, np.uint64)
		whole = whole + random.integers(0, 3, 300).astype(np.uint64) - np.uint64(1)
		numbers = (whole & np.uint64(info.max if info else 1)).astype(dtype)
		if info and info.min:
			numbers *= random.choice([-1, 1], 300).astype(dtype)
		want = [math.copysign(math.inf, n) if abs(n) >= 65520 and half is np.float16 else rounded(Fraction(n), half) for n in map(int, numbers)]
		same(mapped(lambda x: x, half, numbers), np.array(want).astype(half))


@pytest.mark.skipif(bfloat16 is None, reason="needs ml_dtypes")
def test_between_halves(device):
	same(mapped(lambda x: x, bfloat16, ALL.view(np.float16)), ALL.view(np.float16).astype(np.float32).astype(bfloat16))
	same(mapped(lambda x: x, np.float16, ALL.view(bfloat16)), ALL.view(bfloat16).astype(np.float32).astype(np.float16))


@every_half
def test_nan_is_kept(device, half):
	"""As NaN, with its sign: a payload of low bits alone must not become infinity."""
	a = np.array([0x7f800001, 0xff800001, 0x7fc12345, 0x7f80ffff], np.uint32).view(np.float32)
	out = mapped(lambda x: x, half, a)
	assert np.isnan(out.astype(np.float32)).all()
	assert (out.view(np.uint16) >> 15).tolist() == [0, 1, 0, 0] or device == "cuda"


# -- values and memory -------------------------------------------------------------------------------------------------------------

@every_half
def test_values(device, half):
	"""Scalars as arguments, constants, casts; tuples; shared, local and constant arrays; views of bits; finfo; print."""
	of = gridjit._core.as_type(np.dtype(half))
	table = np.array([1.5, -2.25, 3.0], half)
	info = np.finfo(np.float16) if half is np.float16 else None

	@cuda.jit
	def kernel(x, scalar, pair, out, raw):
		t = cuda.threadIdx.x
		s = cuda.shared.array(32, of)
		l = cuda.local.array(2, of)
		s[t] = x[t] * scalar
		cuda.syncthreads()
		l[0], l[1] = s[31 - t], pair[0]
		out[t] = l[0] + l[1] + table[t % 3] + half(0.1)
		raw[t] = x[t].view(np.uint16)
	x, out, raw = np.arange(32).astype(half), np.zeros(32, half), np.zeros(32, np.uint16)
	kernel[1, 32](x, half(0.5), (half(0.25), 1), out, raw)
	want = (x * half(0.5))[::-1] + half(0.25)
	want = want + table[np.arange(32) % 3]
	same(out, want + half(0.1))
	np.testing.assert_array_equal(raw, x.view(np.uint16))
	assert gridjit.typeof(half(1)) is of and gridjit.typeof(x).dtype is of and of.dtype == np.dtype(half)
	if info:
		@cuda.jit
		def limits(out):
			out[0], out[1], out[2], out[3] = (np.finfo(np.float16).max, np.finfo(np.float16).eps, np.finfo(np.float16).tiny,
				np.finfo(np.float16).smallest_subnormal)
		limits[1, 1](out)
		assert out[:4].tolist() == [info.max, info.eps, info.tiny, info.smallest_subnormal]


@every_half
def test_print(device, half, capsys):
	@cuda.jit
	def kernel(x):
		print(x[0], x[1], x[2])
	kernel[1, 1](np.array([0.1, 2.0, -1e4], half))
	cuda.synchronize()
	assert capsys.readouterr().out == " ".join(map(str, np.array([0.1, 2.0, -1e4], half))) + "\n"


@every_half
def test_loops_and_branches(device, half):
	@cuda.jit
	def kernel(x, out):
		i = cuda.grid(1)
		if i < x.size:
			acc = x[i]
			for k in range(i % 7):
				if acc > half(2):
					acc = acc * half(0.5)
				else:
					acc = acc + x[(i + k) % x.size]
			out[i] = acc
	x = np.random.default_rng(1).normal(size=100).astype(half)
	want = x.copy()
	for i in range(100):
		for k in range(i % 7):
			want[i] = want[i] * half(0.5) if want[i] > half(2) else want[i] + x[(i + k) % 100]
	out = np.zeros(100, half)
	kernel[4, 32](x, out)
	same(out, want)


@every_half
def test_atomic_sums(device, half):
	"""Of numbers whose sums are exact in any order: in global and shared memory."""
	@cuda.jit
	def kernel(x, out, old):
		s = cuda.shared.array(2, float16) if x.dtype == float16 else cuda.shared.array(2, types.bfloat16)
		t = cuda.threadIdx.x
		if t < 2:
			s[t] = 0
		cuda.syncthreads()
		cuda.atomic.add(s, t % 2, x[t])
		cuda.atomic.sub(out, 2, x[t])
		old[t] = cuda.atomic.add(out, 3 + t % 3, half(1))
		cuda.syncthreads()
		if t < 2:
			cuda.atomic.add(out, t, s[t])
	x, out, old = (np.arange(64) % 4).astype(half), np.zeros(6, half), np.full(64, -1, half)
	kernel[2, 64](x, out, old)
	assert out.tolist() == [2 * x[::2].astype(int).sum(), 2 * x[1::2].astype(int).sum(), -2 * x.astype(int).sum(), 44, 42, 42]
	assert sorted(set(old.tolist())) == sorted(set(old.tolist()) & set(range(44))) and old.max() <= 43
	with pytest.raises(gridjit.errors.TypingError, match="atomic.max"):
		cuda.jit(lambda out: cuda.atomic.max(out, 0, out[1]))[1, 1](out)


# -- arrays -------------------------------------------------------------------------------------------------------------------------

@every_half
def test_device_arrays(device, half):
	random = np.random.default_rng(4)
	x, y = random.normal(size=(6, 50)).astype(half), random.normal(size=50).astype(half)
	d, e = cuda.to_device(x), cuda.to_device(y)
	for got, want in ((d + e, x + y), (d * e - d, x * y - x), (d / e, x / y), (-d, -x), (abs(d), abs(x)), (d * half(3), x * half(3)), (d * 2, x * 2)):
		assert isinstance(got, cuda.DeviceNDArray)
		same(got.copy_to_host(), want)
	np.testing.assert_array_equal((d > e).copy_to_host(), x > y)
	assert (d + e.astype(np.float32)).dtype == np.float32 and (d * np.float64(2)).dtype == np.float64
	same(np.sqrt(abs(d)).copy_to_host(), np.sqrt(abs(x)))
	same(d.astype(np.float32).astype(half).copy_to_host(), x)
	for axis in (None, 0, 1):
		for name in ("sum", "mean"):
			exact = getattr(x.astype(np.float64), name)(axis=axis)
			got = np.asarray(getattr(d, name)(axis=axis))
			assert got.dtype == x.dtype
			np.testing.assert_allclose(got.astype(np.float64), exact, atol=0.1 if half is bfloat16 else 0.02)
		same(getattr(d, "max")(axis=axis), x.max(axis=axis))
		np.testing.assert_array_equal(d.argmin(axis=axis), x.astype(np.float32).argmin(axis=axis))
	many = cuda.to_device(np.full(40000, 1, half))
	assert float(np.asarray(many.mean())) == 1.0 and float(np.asarray(many.sum(dtype=np.float32))) == 40000
	assert float(np.asarray(many[:1024].sum())) == 1024
	d.fill(2.5)
	d[0] = 1
	assert set(d.copy_to_host().ravel().tolist()) == {1.0, 2.5}
	assert cuda.device_array(3, half).dtype == np.dtype(half)


@every_half
def test_vectorize(device, half):
	x, y = ALL.view(half), OTHERS.view(half)
	f = cuda.vectorize(lambda a, b: a * b - a / b)
	same(f(x, y), mapped(lambda a, b: a * b - a / b, half, x, y))
	assert f(cuda.to_device(x), np.float32(2)).dtype == np.float32


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_cpu_ufuncs(device, target):
	x, y = ALL.view(np.float16), OTHERS.view(np.float16)
	f = gridjit.vectorize(target=target)(lambda a, b: a / b)
	same(f(x, y), x / y)
	same(f(x[::3], y[:1]), x[::3] / y[0])
	assert f.types == ["ee->e"] and f(np.float16(1), np.float32(2)).dtype == np.float32

	@gridjit.guvectorize(["void(float16[:], float16[:])"], "(n)->()", target=target)
	def largest(row, out):
		out[0] = row[0]
		for v in row:
			out[0] = max(out[0], v)
	rows = np.random.default_rng(1).normal(size=(40, 9)).astype(np.float16)
	same(largest(rows), rows.max(axis=1))
	if bfloat16:
		with pytest.raises(TypeError):
			f(x.view(bfloat16), y.view(bfloat16))


@every_half
def test_fuse(device, half):
	random = np.random.default_rng(5)
	a, b = random.normal(size=(30, 70)).astype(half), random.normal(size=70).astype(half)

	@gridjit.fuse
	def f(a, b):
		c = np.sqrt(a * a) - b
		return c, np.where(a > b, a, b) * 3, c.sum(), c.mean(axis=0), a.max(axis=1), np.argmin(a), np.any(a > 3)
	c = np.sqrt(a * a) - b
	got = f(a, b)
	same(got[0], c)
	same(got[1], np.where(a > b, a, b) * half(3))
	assert [g.dtype for g in got[2:5]] == [np.dtype(half)] * 3 and got[5].dtype == np.int64
	exact, slack = c.astype(np.float64), 2.0**-7 if half is bfloat16 else 2.0**-10
	np.testing.assert_allclose(float(got[2]), exact.sum(), rtol=slack)
	np.testing.assert_allclose(got[3].astype(np.float64), exact.mean(axis=0), rtol=slack, atol=1e-3)
	same(got[4], a.max(axis=1))
	assert got[5] == a.astype(np.float32).argmin() and got[6] == bool((a > 3).any())
	out = np.zeros(70, np.float32)
	assert f(a, b, out=(None, None, None, out, None, None, None))[3] is out
	assert gridjit.fuse(lambda a: a * 2.5)(a).dtype == (a * 2.5).dtype and gridjit.fuse(lambda a: a * 2)(a).dtype == (a * 2).dtype
	assert gridjit.fuse(lambda a, b: a + b)(a, np.ones(70, np.int16)).dtype == np.float32


@pytest.mark.parametrize("on_gpu", [pytest.param(True, marks=pytest.mark.gpu), False])
def test_cuda_array_interface(on_gpu):
	"""Of bfloat16 its code says only two bytes; the object's dtype says the rest."""
	class Tensor:
		def __init__(self, dtype):
			self.dtype, self.__cuda_array_interface__ = dtype, dict(shape=(4,), typestr="<V2", data=(4096, False), version=3)
	assert gridjit.typeof(Tensor("torch.bfloat16")) is types.bfloat16[::1]
	for dtype in ("float16", "bfloat16x2", None):
		with pytest.raises(TypeError):
			gridjit.typeof(Tensor(dtype))
	if on_gpu and bfloat16:                                                    # only a GPU reaches such memory
		memory = cuda.to_device(np.arange(4, dtype=bfloat16))
		tensor = Tensor("bfloat16")
		tensor.__cuda_array_interface__ = memory.__cuda_array_interface__
		assert cuda.as_cuda_array(tensor).copy_to_host().tolist() == [0, 1, 2, 3]


@every_half
def test_functions_for_the_host(half):
	"""Numbers come back as Python's, as of float32; arrays as they are."""
	f = gridjit.njit(lambda x, y: x * y + x)
	assert f(half(1.5), half(2)) == 4.5 and type(f(half(1.5), half(2))) is float
	g = gridjit.njit(lambda a: (a * a[1], a.sum()))
	whole, total = g(np.arange(5).astype(half) + half(1))
	same(whole, (np.arange(5) * 2 + 2).astype(half))
	assert total == 15.0


@every_half
def test_dlpack(device, half):
	from producers import HostProducer
	if half is bfloat16:
		pytest.skip("NumPy exports no bfloat16")
	out = np.zeros(64, half)

	@cuda.jit
	def double(x, out):
		i = cuda.grid(1)
		out[i] = x[i] * half(2)
	double[1, 64](HostProducer(np.arange(64).astype(half)), out)
	same(out, (np.arange(64) * 2).astype(half))


@pytest.mark.parametrize("versioned", [False, True])
def test_dlpack_that_numpy_does_not_take(device, versioned):
	from producers import BrainProducer
	x, out = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)

	@cuda.jit
	def double(x, out):
		i = cuda.grid(1)
		out[i] = x[i] * 2
	bits = (x.view(np.uint32) >> 16).astype(np.uint16)
	before = sys.getrefcount(bits)
	double[1, 64](BrainProducer(bits, versioned, readonly=True), out)
	np.testing.assert_array_equal(out, x * 2)
	with pytest.raises(Exception, match="read-only"):
		double[1, 64](x, BrainProducer(bits, versioned, readonly=True))
	if versioned:
		result = np.zeros(64, np.uint16)
		double[1, 64](x, BrainProducer(result, versioned))
		np.testing.assert_array_equal((result.astype(np.uint32) << 16).view(np.float32), x * 2)
	gc.collect()
	assert sys.getrefcount(bits) == before


# -- PTX -------------------------------------------------------------------------------------------------------------------------------

def saxpy(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]


def eight(a, x, y, out):
	i = 8 * cuda.grid(1)
	if i + 7 < out.shape[0]:
		for k in range(8):
			out[i + k] = a * x[i + k] + y[i + k]


def much(a, x, y, out):
	i = cuda.grid(1)
	x[0] = x[i] / y[i] - abs(x[i]) if x[i] < y[i] else -max(x[i], a)
	y[0] = np.float64(1.1) * i
	y[1] = i
	out[i] = int(x[i]) + np.nextafter(x[i], y[i])
	cuda.atomic.add(out, 0, x[i])


def assembled(ptx, cc):
	"""ptxas takes it, for the architecture or the least one that it knows."""
	if shutil.which("ptxas"):
		subprocess.run(["ptxas", f"-arch=sm_{max(10 * cc[0] + cc[1], 75)}", "-o", "/dev/null", "-"], input=ptx.encode(), check=True,
			capture_output=True)


@pytest.mark.parametrize("cc", [(5, 0), (5, 3), (7, 0), (7, 5), (8, 0), (9, 0), (10, 0)], ids=str)
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_ptx(name, cc):
	"""Each machine's own instructions: float16 from 5.3 on, bfloat16 from 8.0 and 9.0 on, atomic additions from 7.5 and 9.0 on."""
	t = getattr(types, name)
	suffix, arithmetic, fused, atomics = ("f16", (5, 3), (5, 3), (7, 5)) if name == "float16" else ("bf16", (9, 0), (8, 0), (9, 0))
	for f in saxpy, much:
		ptx = cuda.compile_ptx(f, (t, t[::1], t[::1], t[::1]), cc=cc)[0]
		assembled(ptx, cc)
		has = set(re.findall(r"[a-z]+(?:\.[a-z]+)*\.b?f16\b", ptx))
		if f is saxpy:
			assert (f"fma.rn.{suffix}" in has) == (cc >= fused)
		else:
			assert (f"sub.rn.{suffix}" in has) == (cc >= arithmetic) and (f"atom.global.add.noftz.{suffix}" in has) == (cc >= atomics)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_ptx_packed(name):
	"""Neighbours travel together, 16 bytes at once; in a large launch of a plain kernel too, as CUDA C's half2 by hand."""
	signature = f"void({name}, {name}[::1], {name}[::1], {name}[::1])"
	ptx = gridjit._core.compile(eight, signature, {"cc": (9, 0), "facts": 7, "entry": "kernel"})[0]
	assert len(re.findall(r"ld\.global(?:\.nc)?\.v4\.[bu]32", ptx)) == 2 and len(re.findall(r"st\.global\.v4\.[bu]32", ptx)) == 1
	assert not re.search(r"ld\.global\.[bu]16", ptx) and len(re.findall(r"fma\.rn\.b?f16x2", ptx)) == 4
	assembled(ptx, (9, 0))
	two_a_thread = 1 << 15                                                    # GJ_FACT_HALVES of src/image/image.h
	ptx = gridjit._core.compile(saxpy, signature, {"cc": (9, 0), "facts": 7 | two_a_thread, "entry": "kernel"})[0]
	assert len(re.findall(r"ld\.global(?:\.nc)?\.[bu]32", ptx)) == 2 and re.search(r"st\.global\.[bu]32", ptx) and re.search(r"fma\.rn\.b?f16x2", ptx)
	assembled(ptx, (9, 0))


def test_ptx_calls():
	"""CUDA C passes a half as a structure of two bytes."""
	for t in float16, types.bfloat16:
		ptx = cuda.compile(lambda a, b: a + b, t(t, t), cc=(9, 0), abi="c", abi_info={"abi_name": "f"})[0]
		assert re.search(r"func *\(\.param \.align 2 \.b8 func_retval0\[2\]\) f\(\s*\.param \.align 2 \.b8 f_param_0\[2\]", ptx)
		assembled(ptx, (9, 0))
