"""float16 and bfloat16 for tests: every bit pattern, comparison to the bit, kernels that map a function over arrays."""

import numpy as np
import pytest

from gridjit import cuda

try:
	from ml_dtypes import bfloat16
except ImportError:
	bfloat16 = None
HALVES = [pytest.param(np.float16, id="float16"),
	pytest.param(bfloat16, id="bfloat16", marks=pytest.mark.skipif(bfloat16 is None, reason="needs ml_dtypes"))]
every_half = pytest.mark.parametrize("half", HALVES)

ALL = np.arange(1 << 16, dtype=np.uint16)
OTHERS = np.random.default_rng(3).permutation(ALL)


def bits(a):
	"""The bits of halves, with one NaN for all."""
	return np.where(np.isnan(a.astype(np.float32)), np.uint16(0x7fff), a.view(np.uint16))


def same(got, want):
	got, want = np.asarray(got), np.asarray(want)
	assert got.dtype == want.dtype and got.shape == want.shape
	bad = np.flatnonzero((bits(got) != bits(want)).ravel())
	assert not len(bad), (bad[:5], got.ravel()[bad[:5]], want.ravel()[bad[:5]])


def mapped(function, dtype, *arrays):
	"""function of the items of arrays, a thread each."""
	out = np.zeros(len(arrays[0]), dtype)
	if len(arrays) == 1:
		@cuda.jit
		def kernel(a, out):
			i = cuda.grid(1)
			if i < out.size:
				out[i] = function(a[i])
	elif len(arrays) == 2:
		@cuda.jit
		def kernel(a, b, out):
			i = cuda.grid(1)
			if i < out.size:
				out[i] = function(a[i], b[i])
	else:
		@cuda.jit
		def kernel(a, b, c, out):
			i = cuda.grid(1)
			if i < out.size:
				out[i] = function(a[i], b[i], c[i])
	kernel[(out.size + 255) // 256, 256](*arrays, out)
	return out
