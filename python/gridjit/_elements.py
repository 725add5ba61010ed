"""Functions of NumPy's that are made of others, element by element, in Python: compiled with whoever calls them, in kernels, fused functions
and functions for the host. What depends on numbers is one expression: two, one on each path, would be values of two types."""

import math

import numpy as np


def _are_short(a):
	"""Is it an array of integers of less than 64 bits?"""
	if not isinstance(a, np.ndarray):
		return False
	t = a.dtype
	return t == np.int32 or t == np.int16 or t == np.int8 or t == np.uint32 or t == np.uint16 or t == np.uint8


def _are_whole(a):
	"""Is it an array of integers?"""
	if not isinstance(a, np.ndarray):
		return False
	return _are_short(a) or a.dtype == np.int64 or a.dtype == np.uint64


def _are_truths(a):
	return isinstance(a, np.ndarray) and a.dtype == np.bool_


def _are_complex(a):
	return isinstance(a, np.ndarray) and (a.dtype == np.complex64 or a.dtype == np.complex128)


def clip(a, a_min=None, a_max=None):
	if _are_short(a) and (a_min is None or isinstance(a_min, int)) and (a_max is None or isinstance(a_max, int)):
		return _clipped(a.astype(np.int64), a_min, a_max).astype(a.dtype)                   # -1 is less than any uint8
	if isinstance(a, np.ndarray) and a.dtype == np.uint64:
		return _clipped(a, _from_zero(a_min), _from_zero(a_max))
	return _clipped(a, a_min, a_max)


def _from_zero(bound):
	"""An integer as one that uint64 can be compared with: what is less than 0 bounds as 0 does."""
	if bound is None or not isinstance(bound, int):
		return bound
	return np.uint64(bound) if bound > 0 else np.uint64(0)


def _clipped(a, a_min, a_max):
	if a_min is None and a_max is None:
		return a + 0
	if a_min is None:
		return np.minimum(a, a_max)
	if a_max is None:
		return np.maximum(a, a_min)
	return np.minimum(np.maximum(a, a_min), a_max)


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
	b = b * 1.0
	return (a == b) | ((np.abs(a - b) <= (atol + rtol * np.abs(b))) & np.isfinite(b)) | ((a != a) & (b != b) & equal_nan)


def heaviside(x1, x2):
	at_zero = np.where(x1 == 0, x2, x1)                # or NaN
	return np.where(x1 > 0, 1, np.where(x1 < 0, 0, np.copysign(at_zero, at_zero)))       # a float; complex numbers are refused


def sinc(x):
	y = math.pi * np.where(x == 0, 1e-20, x)
	return np.sin(y) / y


def angle(z, deg=False):
	turn = 180 / math.pi if deg else 1.0
	if _are_truths(z):
		return np.arctan2(0, z) * turn
	return np.arctan2(np.imag(z), np.real(z)) * turn


def isposinf(x):
	return (x > 0) & np.isinf(x)


def isneginf(x):
	return (x < 0) & np.isinf(x)


def iscomplex(x):
	return np.imag(x) != 0


def isreal(x):
	return np.imag(x) == 0


def around(a, decimals=0):
	if _are_truths(a):
		return np.rint(a)
	up, down = 10.0 ** max(decimals, 0), 10.0 ** max(-decimals, 0)                          # one of them is 1, which changes nothing
	if _are_whole(a):
		return np.where(decimals >= 0, a, (np.rint(a / down) * down).astype(a.dtype))
	return np.rint(a * up / down) / up * down


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
	if _are_truths(x):
		return np.logical_or(x, x)
	if _are_whole(x):
		return np.positive(x)
	if _are_complex(x):
		return nan_to_num(np.real(x), copy, nan, posinf, neginf) + 1j * nan_to_num(np.imag(x), copy, nan, posinf, neginf)
	if posinf is None:
		above = np.nextafter(x, 0)
	else:
		above = posinf
	if neginf is None:
		below = np.nextafter(x, 0)
	else:
		below = neginf
	return np.where(x != x, nan, np.where(np.isinf(x) & (x > 0), above, np.where(np.isinf(x) & (x < 0), below, x)))


def count_nonzero(a):
	return np.sum(a != 0)


def nansum(a):
	return np.sum(np.where(a != a, 0, a))


def array_clip(a, min=None, max=None):
	return clip(a, min, max)


FUNCTIONS = {id(getattr(np, name)): function for name, function in {"clip": clip, "isclose": isclose, "heaviside": heaviside, "sinc": sinc,
	"angle": angle, "isposinf": isposinf, "isneginf": isneginf, "iscomplex": iscomplex, "isreal": isreal, "around": around, "round": around, "nan_to_num": nan_to_num,
	"count_nonzero": count_nonzero, "nansum": nansum}.items()}
METHODS = {"clip": array_clip, "round": around}
