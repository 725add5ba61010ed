"""What is done with each item by itself, and comparisons of arrays as wholes."""

import math

import numpy as np

from .. import _elements
from .._elements import isclose, iscomplex, isneginf, isposinf, isreal  # noqa: F401
from .common import INTEGERS, NUMBERS, each, flat


def _rounded(x, decimals):
	if isinstance(x, (complex, np.complex64)):
		return complex(_rounded(x.real, decimals), _rounded(x.imag, decimals))
	if isinstance(x, INTEGERS):
		if decimals >= 0:
			return x
		unit = 10 ** -decimals
		return np.int64(np.rint(x / unit)) * unit
	if decimals == 0:
		return np.rint(x)
	if decimals > 0:
		unit = 10.0 ** decimals
		return np.rint(x * unit) / unit
	unit = 10.0 ** -decimals
	return np.rint(x / unit) * unit


def around(a, decimals=0, out=None):
	if out is not None:
		out[...] = around(a, decimals)
		return out
	if not isinstance(a, np.ndarray):
		return _rounded(a, decimals)
	items = flat(a)
	out = np.empty(items.size, a.dtype)
	for i in range(items.size):
		out[i] = _rounded(items[i], decimals)
	return out.reshape(a.shape)


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
	close = isclose(a, b, rtol, atol, equal_nan)
	if isinstance(close, np.ndarray):
		return close.all()
	return close


def array_equal(a1, a2):
	if isinstance(a1, np.ndarray) != isinstance(a2, np.ndarray):
		return False
	if not isinstance(a1, np.ndarray):
		return a1 == a2
	if a1.ndim != a2.ndim or a1.shape != a2.shape:
		return False
	return (a1 == a2).all()


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
	out = each(x, lambda v: _finite(v, nan, posinf, neginf))
	if isinstance(x, np.ndarray):
		return out.astype(x.dtype)
	return out


def _finite(x, nan, above, below):
	if isinstance(x, (complex, np.complex64)):
		return complex(_finite(x.real, nan, above, below), _finite(x.imag, nan, above, below))
	if isinstance(x, INTEGERS):
		return x
	if x != x:
		return nan
	if not math.isinf(x):
		return x
	largest = np.nextafter(x, np.reciprocal(x))
	if x > 0:
		return largest if above is None else above
	return largest if below is None else below


def _bound(a, bound):
	"""Numbers take the type of items that are float32."""
	if isinstance(a, np.ndarray) and a.dtype == np.float32 and isinstance(bound, (int, float)):
		return np.float32(bound)
	return bound


def clip(a, a_min=None, a_max=None, out=None):
	if out is not None:
		out[...] = clip(a, a_min, a_max)
		return out
	return _elements.clip(a, _bound(a, a_min), _bound(a, a_max))


def sinc(x):
	if isinstance(x, np.ndarray) and x.dtype == np.float32:
		return each(x, lambda v: np.float32(_sinc(v)))
	if isinstance(x, np.ndarray) and x.dtype == np.complex64:
		return each(x, lambda v: np.complex64(_sinc(v)))
	return each(x, _sinc)


def _sinc(x):
	y = math.pi * x
	if y == 0:
		return 1.0 + 0 * y
	return np.sin(y) / y


def heaviside(x1, x2):
	if isinstance(x1, np.ndarray) or isinstance(x2, np.ndarray):
		return np.where(np.isnan(x1), x1, np.where(x1 == 0, x2, np.where(x1 < 0, 0.0, 1.0)))
	if x1 == 0:
		return x2 + 0.0
	return x1 + 0.0 if x1 != x1 else 1.0 if x1 > 0 else 0.0


def angle(z, deg=False):
	if isinstance(z, np.ndarray) and (z.dtype == np.float32 or z.dtype == np.complex64):
		return each(z, lambda v: np.float32(_angle(v, deg)))
	return each(z, lambda v: _angle(v, deg))


def _angle(z, deg):
	a = math.atan2(z.imag, z.real) if isinstance(z, (complex, np.complex64)) else math.atan2(0.0, z)
	return a * (180 / math.pi) if deg else a


def iscomplexobj(x):
	if isinstance(x, np.ndarray):
		return x.dtype == np.complex128 or x.dtype == np.complex64
	return isinstance(x, (complex, np.complex64))


def isrealobj(x):
	return not iscomplexobj(x)


def imag(val):
	if isinstance(val, np.ndarray) and not iscomplexobj(val):
		return np.zeros_like(val)
	return 0 if isinstance(val, bool) else val.imag


def isscalar(element):
	return isinstance(element, NUMBERS)


def polyval(p, x):
	if isinstance(x, np.ndarray):
		out = np.zeros(x.shape, (x + np.zeros(1, p.dtype)[0]).dtype)
		for i in range(p.shape[0]):
			out[:] = out * x + p[i]
		return out
	value = 0 * x + np.zeros(1, p.dtype)[0]
	for i in range(p.shape[0]):
		value = value * x + p[i]
	return value


def unwrap(p, discont=None, period=6.283185307179586):
	"""Differences of neighbours become at most half a period."""
	if p.ndim != 1:
		raise NotImplementedError("np.unwrap() of arrays of one dimension only")
	least = period / 2 if discont is None or discont < period / 2 else discont
	out = np.empty(p.size)
	turned = 0.0
	for i in range(p.size):
		if i > 0:
			step = p[i] - p[i - 1]
			within = (step + period / 2) % period - period / 2
			if within == -period / 2 and step > 0:
				within = period / 2
			if abs(step) >= least:
				turned += within - step
		out[i] = p[i] + turned
	return out


# -- Windows --------------------------------------------------------------------------------------------------------------------

def _window(M, f):
	out = np.empty(max(M, 0))
	for i in range(out.size):
		out[i] = f(i, M - 1.0) if M > 1 else 1.0
	return out


def hanning(M):
	return _window(M, lambda i, n: 0.5 - 0.5 * math.cos(2 * math.pi * i / n))


def hamming(M):
	return _window(M, lambda i, n: 0.54 - 0.46 * math.cos(2 * math.pi * i / n))


def blackman(M):
	return _window(M, lambda i, n: 0.42 - 0.5 * math.cos(2 * math.pi * i / n) + 0.08 * math.cos(4 * math.pi * i / n))


def bartlett(M):
	return _window(M, lambda i, n: 2.0 * i / n if 2 * i <= n else 2.0 - 2.0 * i / n)


def _bessel(x):
	"""I₀, by its series, whose terms are all positive."""
	total = term = 1.0
	k = 1.0
	while term > total * 1e-17:
		term *= (x / (2 * k)) ** 2
		total += term
		k += 1
	return total


def kaiser(M, beta):
	whole = _bessel(beta)
	return _window(M, lambda i, n: _bessel(beta * math.sqrt(max(0.0, 1 - (2.0 * i / n - 1) ** 2))) / whole)
