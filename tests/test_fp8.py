"""Floats of 8 bits (python/gridjit/cuda/fp8.py) in kernels and in Python, against ml_dtypes."""

import math

import numpy as np
import pytest

from gridjit import cuda
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
