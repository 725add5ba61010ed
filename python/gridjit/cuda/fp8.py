"""Floats of 8 bits: their types, which arrays of ml_dtypes' have, and as their bits in arrays of uint8: conversions that kernels and functions for
the host call, and Python too.

e4m3 has 4 bits of exponent and 3 of mantissa, numbers up to 448, NaN and no infinity (float8_e4m3fn of ml_dtypes, a view of whose arrays
as uint8 kernels take); e5m2 has 5 and 2, numbers up to 57344, infinity and NaN. To 8 bits is rounded once, half to even, from any
number. What is too large becomes the largest number (saturate, CUDA's __NV_SATFINITE), else NaN or infinity (__NV_NOSAT)."""

import math

from ..types import float8_e4m3fn as fp8_e4m3, float8_e5m2 as fp8_e5m2

__all__ = ["fp8_e4m3", "fp8_e5m2", "from_e4m3", "from_e5m2", "to_e4m3", "to_e5m2"]


def _to_bits(x, bias, mantissa, largest, too_large):
	"""`largest`: bits of the largest number; `too_large`: of what takes the place of what is larger."""
	sign = 0x80 if math.copysign(1.0, x) < 0 else 0
	if x != x:
		return 0x7f
	if x == 0 or math.isinf(x):
		return sign | (too_large if x else 0)
	exponent = max(math.frexp(x)[1] - 1, 1 - bias)
	bits = ((exponent + bias - 1) << mantissa) + round(math.ldexp(abs(x), mantissa - exponent))
	return sign | (bits if bits <= largest else too_large)


def _from_bits(bits, bias, mantissa):
	"""A number."""
	field = (int(bits) & 0x7f) >> mantissa
	digits = (int(bits) & ((1 << mantissa) - 1)) + ((1 << mantissa) if field else 0)
	size = math.ldexp(float(digits), max(field, 1) - bias - mantissa)
	return -size if int(bits) & 0x80 else size


def to_e4m3(x, saturate=True):
	"""The bits of x in e4m3."""
	return _to_bits(float(x), 7, 3, 0x7e, 0x7e if saturate else 0x7f)


def from_e4m3(bits):
	"""The number that has these bits in e4m3, as a float."""
	return math.nan if int(bits) & 0x7f == 0x7f else _from_bits(bits, 7, 3)


def to_e5m2(x, saturate=True):
	"""The bits of x in e5m2."""
	return _to_bits(float(x), 15, 2, 0x7b, 0x7b if saturate else 0x7c)


def from_e5m2(bits):
	"""The number that has these bits in e5m2, as a float."""
	field = int(bits) & 0x7f
	if field >= 0x7c:
		return math.nan if field > 0x7c else -math.inf if int(bits) & 0x80 else math.inf
	return _from_bits(bits, 15, 2)
