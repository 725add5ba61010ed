"""Variables whose type grows from round to round of a loop: what is computed from them has the type that fits in the end, as if
the loop had been typed at once, and is no error because it did not fit at first."""
import operator

import numpy as np
import pytest

from gridjit import cuda, errors

INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32)
OPERATORS = (operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.and_, operator.or_, operator.xor,
	operator.lshift, operator.rshift, operator.pow, operator.truediv, operator.lt, operator.eq, min, max)


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operators(device, op):
	@cuda.jit
	def kernel(a, out):
		x = a[0]
		y = a[1]
		for q in range(3):
			y = op(x, a[1])
			x += q
		out[0] = op(x, a[1])
		out[1] = y

	for dtype in INTEGERS:
		out = np.zeros(2)
		kernel[1, 1](np.array([3, 2], dtype), out)
		assert out.tolist() == [op(6, 2), op(4, 2)], dtype


@pytest.mark.parametrize("op", (operator.neg, operator.pos, operator.invert, abs, int, float, round), ids=lambda op: op.__name__)
def test_functions_of_one(device, op):
	@cuda.jit
	def kernel(a, out):
		x = a[0]
		for q in range(3):
			out[q] = op(x)
			x += q
		out[3] = op(x)

	for dtype in (np.int8, np.int16, np.int32, np.int64):
		out = np.zeros(4)
		kernel[1, 1](np.array([3], dtype), out)
		assert out.tolist() == [op(3), op(3), op(4), op(6)], dtype


def test_what_fits_in_the_end(device):
	"""shfl_sync takes no int8, selp no two types, and both take int64."""
	@cuda.jit("int64(int64)", device=True)
	def twice(x):
		return cuda.shfl_sync(0xffffffff, x, 0) * 2

	@cuda.jit
	def kernel(a, out):
		x = a[0]
		for q in range(3):
			out[0] = cuda.shfl_sync(0xffffffff, x, 0)
			out[1] = cuda.selp(q > 1, x, out[2])
			out[3] = twice(x)
			x += q

	out = np.array([0, 0, 9, 0])
	kernel[1, 1](np.array([3], np.int8), out)
	assert out.tolist() == [4, 4, 9, 8]


def low_bits(n, x, mask):
	if n == 0:
		return x & mask
	return low_bits(n - 1, x + n, mask)


def test_returns(device):
	"""What a function returned while its types were still growing counts no more."""
	def last(a, n):
		x = a[0]
		for q in range(n):
			if q == 5:
				return x & a[1]
			x += q
		return x | a[1]

	@cuda.jit
	def kernel(a, out):
		out[0] = last(a, 3)
		out[1] = last(a, 9)
		out[2] = low_bits(3, a[0], a[1])

	out = np.zeros(3, np.int64)
	kernel[1, 1](np.array([3, 6], np.uint8), out)
	assert out.tolist() == [6 | 6, 13 & 6, 9 & 6]


def test_errors_stay():
	def inner(a):
		x = a[0]
		for q in range(3):
			x += q
		return x.nothing

	def kernel(a):
		a[0] = inner(a)

	with pytest.raises(errors.TypingError, match="int64 has no attribute 'nothing'"):
		cuda.compile_ptx(kernel, "void(int8[:])")
