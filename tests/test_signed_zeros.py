"""min and max, however they are written: a number wins over NaN, and −0 is below +0, on every device, whatever the order of operands and
whether the compiler knows them."""
import itertools
import math

import numpy as np
import pytest

from gridjit import cuda

VALUES = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan)


def least(a, b):
	if math.isnan(a) or math.isnan(b):
		return b if math.isnan(a) else a
	return min(a, b, key=lambda x: (x, math.copysign(1, x)))


def most(a, b):
	return -least(-a, -b)


def same(got, want):
	got, want = np.asarray(got), np.asarray(want)
	np.testing.assert_array_equal(got, want)
	zero = want == 0
	np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_pairs(device, dtype):
	@cuda.jit
	def kernel(a, b, out):
		i = cuda.grid(1)
		x, y = a[i], b[i]
		out[i, 0], out[i, 1] = min(x, y), max(x, y)
		out[i, 2], out[i, 3] = min(y, x), max(y, x)
		out[i, 4], out[i, 5] = np.fmin(x, y), np.fmax(x, y)
		out[i, 6], out[i, 7] = np.minimum(x, y), np.maximum(x, y)

	a, b = (np.array(v, dtype) for v in zip(*itertools.product(VALUES, VALUES)))
	out = np.zeros((len(a), 8), dtype)
	kernel[1, len(a)](a, b, out)
	for k, function in enumerate((least, most) * 4):
		want = [math.nan if k >= 6 and (math.isnan(x) or math.isnan(y)) else function(x, y) for x, y in zip(a.tolist(), b.tolist())]
		same(out[:, k], want)


def test_negated(device):
	"""LLVM may take the operands of minnum in any order: vectors and scalars once differed."""
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		x = a[i]
		out[i, 0], out[i, 1], out[i, 2], out[i, 3] = max(-x, x), max(x, -x), min(-x, x), min(x, -x)

	a, out = np.array([0.0, -0.0] * 20), np.zeros((40, 4))
	kernel[1, 40](a, out)
	same(out, [[0.0, 0.0, -0.0, -0.0]] * 40)


def test_constants(device):
	@cuda.jit
	def kernel(out):
		out[0], out[1], out[2], out[3] = max(-0.0, 0.0), max(0.0, -0.0), min(0.0, -0.0), min(-0.0, 0.0)

	out = np.ones(4)
	kernel[1, 1](out)
	same(out, [0.0, 0.0, -0.0, -0.0])


def test_arrays_and_atomics(device):
	@cuda.jit
	def kernel(a, out):
		i = cuda.threadIdx.x
		if i == 0:
			out[0], out[1] = a.min(), np.max(a)
		cuda.atomic.max(out, 2, a[i])
		cuda.atomic.min(out, 3, a[i])
		cuda.atomic.nanmax(out, 4, a[i])
		cuda.atomic.nanmin(out, 5, a[i])

	for a in ([0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0], [0.0, 0.0]):
		out = np.array([9, 9, -0.0, 0.0, math.nan, math.nan])
		kernel[1, 2](np.array(a), out)
		low, high = least(*a), most(*a)
		same(out, [low, high, high, low, high, low])
