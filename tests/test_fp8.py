"""Floats of 8 bits (python/gridjit/cuda/fp8.py) in kernels and in Python, against ml_dtypes."""

import math
import subprocess

import numpy as np
import pytest

from as_python import PTXAS
from gridjit import cuda, errors, jit, typeof, types
from gridjit.cuda import fp8

ml_dtypes = pytest.importorskip("ml_dtypes")
FORMATS = {"e4m3": (fp8.to_e4m3, fp8.from_e4m3, ml_dtypes.float8_e4m3fn, 448), "e5m2": (fp8.to_e5m2, fp8.from_e5m2, ml_dtypes.float8_e5m2, 57344)}


def numbers(largest):
	"""All that the format has, what lies half way between two of them, its neighbours, and others."""
	codes = np.arange(256, dtype=np.uint8)
	exact = codes.view(ml_dtypes.float8_e5m2 if largest > 448 else ml_dtypes.float8_e4m3fn).astype(np.float32)
	exact = np.sort(exact[np.isfinite(exact)])
	half = (exact[1:] + exact[:-1]) / 2
	rng = np.random.default_rng(3)
	some = (rng.standard_normal(2000) * 2.0 ** rng.integers(-20, 18, 2000)).astype(np.float32)
	edge = np.array([0.0, -0.0, largest * 1.03, largest * 1.04, -largest * 1.2, 1e38, math.inf, -math.inf, math.nan, 1e-30], np.float32)
	return np.concatenate([exact, half, np.nextafter(half, np.float32(math.inf)), np.nextafter(half, np.float32(-math.inf)), some, edge])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_conversions(device, format, dtype):
	to, back, theirs, largest = FORMATS[format]

	@cuda.jit
	def convert(x, bits, whole, again):
		i = cuda.grid(1)
		if i < x.shape[0]:
			bits[i] = to(x[i])
			whole[i] = to(x[i], saturate=False)
			again[i] = back(bits[i])
	x = numbers(largest).astype(dtype)
	bits, whole, again = np.zeros(len(x), np.uint8), np.zeros(len(x), np.uint8), np.zeros(len(x))
	convert[-(-len(x) // 128), 128](x, bits, whole, again)
	with np.errstate(all="ignore"):
		want = x.astype(theirs)
	np.testing.assert_array_equal(whole.view(theirs).astype(float), want.astype(float))
	assert (np.signbit(whole.view(theirs).astype(float)) == np.signbit(want.astype(float)))[want == 0].all()
	large = ~np.isfinite(want.astype(float)) & ~np.isnan(x)
	np.testing.assert_array_equal(again, np.where(large, np.sign(x) * largest, want.astype(float)))
	assert large.any() and [to(float(v)) for v in x[-40:]] == bits[-40:].tolist()


@pytest.mark.parametrize("format", FORMATS)
def test_all_codes(device, format):
	_to, back, theirs, _ = FORMATS[format]

	@cuda.jit
	def read(bits, out):
		i = cuda.grid(1)
		if i < bits.shape[0]:
			out[i] = back(bits[i])
	bits, out = np.arange(256, dtype=np.uint8), np.zeros(256, np.float32)
	read[2, 128](bits, out)
	np.testing.assert_array_equal(out, bits.view(theirs).astype(np.float32))
	np.testing.assert_array_equal([back(b) for b in bits], out)


# -- types --

TYPES = {"e4m3": (ml_dtypes.float8_e4m3fn, types.float8_e4m3fn, 448), "e5m2": (ml_dtypes.float8_e5m2, types.float8_e5m2, 57344)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("format", TYPES)
def test_into_arrays(device, format, dtype):
	"""What is stored is rounded once, and is the largest number where it is larger."""
	theirs, _, largest = TYPES[format]

	@cuda.jit
	def convert(x, out, back):
		i = cuda.grid(1)
		if i < x.shape[0]:
			out[i] = x[i]
			back[i] = out[i]
	x = numbers(largest)
	x = (x if dtype in (np.float32, np.float64) else np.nan_to_num(np.clip(x, *((0, 255) if dtype in (np.uint8, np.bool_) else (-6e4, 6e4))))).astype(dtype)
	out, back = np.zeros(len(x), theirs), np.zeros(len(x), np.float32)
	convert[-(-len(x) // 128), 128](x, out, back)
	with np.errstate(all="ignore"):
		want = np.clip(x.astype(float), -largest, largest).astype(theirs)
	np.testing.assert_array_equal(out.astype(float), want.astype(float))
	assert (np.signbit(out.astype(float)) == np.signbit(x.astype(float)))[x == 0].all()
	np.testing.assert_array_equal(back, want.astype(np.float32))


def uses(out, a, b, n):
	"""As Python with float32 in the place of a and b."""
	shared, local = cuda.shared.array(8, E4M3), cuda.local.array(4, E4M3)
	for i in range(4):
		shared[i] = a[i]
		local[i] = shared[i] * 2
	x, y = a[1], b[2]
	pair = (x, y, n)
	out[0] = x + y * n - pair[0] / 2 + (x > y) + (x == x) + (not x)
	out[1] = math.sqrt(abs(x)) + max(x, y, 0.25) + int(b[3]) + float(x) + np.exp(y) + round(x)
	out[2] = sum(a) + shared[2] + local[3] + a[:3][1] + a[-1]
	best = None
	for v in b:
		if best is None or v > best:
			best = v
	out[3] = best
	c = x if n > 2 else 0.5
	c += y
	out[4] = c
	out[5] = doubled(x) + (1 if y else 2) + -x + E4M3(n * 1.04) + np.float32(y)
	a[0] = x
	a[2:4] = b[:2]
	b.fill(n)
	b[0] += 1.3


def doubled(v):
	return v * 2


E4M3 = types.float8_e4m3fn


def test_uses(device):
	a, b = np.array([1.5, -0.75, 3, 20, 0.1, 7, 200, -1], ml_dtypes.float8_e4m3fn), np.arange(8).astype(ml_dtypes.float8_e5m2)
	out = np.zeros(6)
	wide = a.astype(np.float32), b.astype(np.float32)
	kernel = cuda.jit(uses)
	kernel[1, 1](out, a, b, 3)
	x, y, z = -0.75, 2.0, a
	local = float(ml_dtypes.float8_e4m3fn(40))
	total = float(wide[0].sum())
	want = [x + y * 3 - x / 2 + 0 + 1 + 0, math.sqrt(0.75) + 2 + 3 + x + math.exp(2) + -1, total + 3 + local + -0.75 + -1, 7, x + 2,
		-1.5 + 1 + 0.75 + float(ml_dtypes.float8_e4m3fn(3.12)) + 2]
	np.testing.assert_allclose(out, want, rtol=1e-6)
	assert a.astype(float).tolist()[:4] == [-0.75, -0.75, 0, 1] and b.astype(float).tolist() == [4, 3, 3, 3, 3, 3, 3, 3]


def assembled_for(function, signature):
	ptx = cuda.compile_ptx(function, signature, cc=(9, 0))[0]
	if PTXAS:
		done = subprocess.run([PTXAS, "-arch=sm_90", "-o", "/dev/null", "/dev/stdin"], input=ptx, text=True, capture_output=True)
		assert not done.returncode, done.stderr


def test_on_a_gpu():
	for signature in "void(float64[::1], float8_e4m3fn[::1], float8_e5m2[::1], int64)", "void(float32[:], float8_e5m2[:], float8_e4m3fn[::1], int32)":
		assembled_for(uses, signature)


def test_scalars_and_device_arrays(device):
	@cuda.jit
	def kernel(x, s, out):
		i = cuda.grid(1)
		out[i] = x[i] * s

	x = np.arange(8).astype(ml_dtypes.float8_e4m3fn)
	on_device, out = cuda.to_device(x), cuda.device_array(8, ml_dtypes.float8_e4m3fn)
	kernel[1, 8](on_device, ml_dtypes.float8_e4m3fn(0.5), out)
	assert out.copy_to_host().dtype == x.dtype and (out.copy_to_host().astype(float) == np.arange(8) * 0.5).all()
	assert typeof(x) is typeof(on_device) and str(typeof(x)) == "array(float8_e4m3fn, 1d, C)"
	assert types.from_dtype(x.dtype) is types.float8_e4m3fn and float(types.float8_e5m2(1.3)) == 1.25
	with cuda.gpus[0]:
		assert isinstance(types.float8_e5m2, types.Float)


def test_views_and_messages(device):
	@cuda.jit(debug=True, opt=False)
	def kernel(bits, out, n):
		x = bits.view(fp8.fp8_e4m3)
		x.T.flat = 1.3
		x[1, 0] = 0.1
		for (i, j), v in np.ndenumerate(x.T):
			out[i, j] = v
		if n > 3:
			raise ValueError(f"{x[0, 0]} {x[1, 0] * 2}")

	bits, out = np.zeros((2, 3), np.uint8), np.zeros((3, 2))
	kernel[1, 1](bits, out, 1)
	assert bits.view(ml_dtypes.float8_e4m3fn).astype(float).tolist() == [[1.25] * 3, [0.1015625, 1.25, 1.25]] and out.tolist() == [[1.25, 0.1015625], [1.25] * 2, [1.25] * 2]
	with pytest.raises(ValueError, match="1.25 0.203125"):
		kernel[1, 1](bits, out, 4)


def test_records_and_constants(device):
	record = np.dtype([("a", ml_dtypes.float8_e4m3fn), ("b", np.float32), ("c", ml_dtypes.float8_e5m2, 3)])
	table = np.array([1.5, 2, 3], ml_dtypes.float8_e5m2)

	@cuda.jit
	def kernel(r, out):
		i = cuda.grid(1)
		out[i] = r[i].a + r[i].c[1] * table[i]
		r[i].a = 100.7
		r[i].c[0] = r[i].b

	r, out = np.zeros(3, record), np.zeros(3)
	r["a"], r["b"], r["c"] = 2, 5.3, 0.5
	kernel[1, 3](r, out)
	assert out.tolist() == [2.75, 3, 3.5] and r["a"].astype(float).tolist() == [104] * 3 and r["c"].astype(float)[1].tolist() == [5, 0.5, 0.5]


def test_functions_for_the_host():
	@jit
	def dot(a, b):
		total = 0.0
		for x, y in zip(a, b):
			total += x * y
		return total

	a, b = np.arange(8).astype(ml_dtypes.float8_e4m3fn), np.full(8, 0.5, ml_dtypes.float8_e5m2)
	assert dot(a, b) == 14


@pytest.mark.parametrize("body, message", [
	("cuda.atomic.add(a, 0, 1)", "cuda.atomic.add.. does not work on arrays of float8_e4m3fn"), ("a[0] = 1j", "cannot store complex128"),
	("b[0] = (a * 2)[0]", "no rule|cannot be|float8_e4m3fn"), ("b[0] = a.sum()", "array.sum.. cannot take"),
	("b[0] = a[0].x", "has no attribute 'x'"),
])
def test_errors(body, message):
	names = {"cuda": cuda}
	exec(f"def kernel(a, b):\n {body}\n", names)
	with pytest.raises(errors.TypingError, match=message):
		cuda.compile_ptx(names["kernel"], "void(float8_e4m3fn[:], float64[:])", cc=(9, 0))
