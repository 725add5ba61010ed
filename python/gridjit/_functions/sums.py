"""Sums, moments and what else is made of all items."""

import math

import numpy as np

from .common import NUMBERS, as_array, axis_of, flat
from .sorting import place, quick_sort, select


def _rows_behind(a, axis):
	"""The shape (before, n, behind) of the array whose middle is an axis."""
	k, before, behind = axis_of(a, axis), 1, 1
	for i, extent in enumerate(a.shape):
		before, behind = before * extent if i < k else before, behind * extent if i > k else behind
	return before, a.shape[k], behind


def _cumulated(a, axis, zero, add):
	"""Along an axis; each row of a plane is added to the one before it."""
	shape = _rows_behind(a, axis)
	x, out = np.ascontiguousarray(a).reshape(shape), np.full(a.shape, zero)
	y = out.reshape(shape)
	for i in range(shape[0]):
		for j in range(shape[1]):
			for k in range(shape[2]):
				y[i, j, k] = add(y[i, j - 1, k], x[i, j, k]) if j > 0 else x[i, j, k]
	return out


def cumsum(a, axis=None, dtype=None):
	if dtype is not None:
		return cumsum(a.astype(dtype), axis).astype(dtype)
	if axis is not None:
		return _cumulated(a, axis, np.zeros(0, a.dtype).sum(), lambda x, y: x + y)
	b = flat(a)
	total = b[:0].sum()
	out = np.full(b.size, total)
	for i in range(b.size):
		total += b[i]
		out[i] = total
	return out


def cumprod(a, axis=None, dtype=None):
	if dtype is not None:
		return cumprod(a.astype(dtype), axis).astype(dtype)
	if axis is not None:
		return _cumulated(a, axis, np.zeros(0, a.dtype).prod(), lambda x, y: x * y)
	b = flat(a)
	total = b[:0].prod()
	out = np.full(b.size, total)
	for i in range(b.size):
		total *= b[i]
		out[i] = total
	return out


def ptp(a):
	return a.max() - a.min()


def average(a, axis=None, weights=None):
	if weights is None:
		if axis is None:
			return a.mean()
		return a.mean(axis)
	if axis is None:
		if a.shape != weights.shape:
			raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
		total = weights.sum()
		if total == 0:
			raise ZeroDivisionError("Weights sum to zero, can't be normalized")
		return (a * weights).sum() / total
	return (a * weights).sum(axis) / weights.sum(axis)


def diff(a, n=1):
	if n < 0:
		raise ValueError("diff(): order must be non-negative")
	if a.ndim == 1:
		out = a.copy()
		for _ in range(n):
			out = out[1:] - out[:-1] if out.size > 0 else out[1:] - out[:0]
		return out
	if a.ndim != 2:
		raise NotImplementedError("np.diff() of arrays of one and two dimensions only")
	rows = a.copy()
	for _ in range(n):
		rows = rows[:, 1:] - rows[:, :-1]
	return rows


def ediff1d(ary, to_end=None, to_begin=None):
	a = flat(ary)
	out = a[1:] - a[:-1]
	if to_begin is not None:
		out = np.append(flat(as_array(to_begin)), out)
	if to_end is not None:
		out = np.append(out, flat(as_array(to_end)))
	return out


def gradient(f, dx=1.0):
	if f.ndim != 1:
		raise NotImplementedError("np.gradient() of arrays of one dimension only")
	n = f.size
	if n < 2:
		raise ValueError("Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required.")
	out = np.empty(n)
	out[0] = (f[1] - f[0]) / dx
	out[n - 1] = (f[n - 1] - f[n - 2]) / dx
	out[1:n - 1] = (f[2:] - f[:n - 2]) / (2.0 * dx)
	return out


def trapezoid(y, x=None, dx=1.0):
	if y.ndim != 1:
		raise NotImplementedError("np.trapezoid() of arrays of one dimension only")
	if x is not None:
		if x.size != y.size:
			raise ValueError("x and y of np.trapezoid() are not of the same length")
	total = 0.0 * y[:0].sum()
	for i in range(1, y.size):
		width = dx if x is None else x[i] - x[i - 1]
		total += width * (y[i] + y[i - 1]) / 2.0
	return total


def trace(a, offset=0):
	total = a[0, :0].sum()
	for i in range(max(0, -offset), min(a.shape[0], a.shape[1] - offset)):
		total += a[i, i + offset]
	return total


def bincount(x, weights=None, minlength=0):
	n = minlength
	if n < 0:
		raise ValueError("'minlength' must not be negative")
	for i in x:
		if i < 0:
			raise ValueError("'list' argument must have no negative elements")
		n = max(n, np.int64(i) + 1)
	if weights is None:
		out = np.zeros(n, np.int64)
		for i in x:
			out[i] += 1
		return out
	if weights.size != x.size:
		raise ValueError("The weights and list don't have the same length.")
	sums = np.zeros(n)
	for i in range(x.size):
		sums[x[i]] += weights[i]
	return sums


# -- Orders -------------------------------------------------------------------------------------------------------------------------

def _kth(b, k):
	select(b, k)
	return b[k]


def _median(b):
	"""Of what may be reordered."""
	n = b.size
	if n == 0:
		return math.nan
	for x in b:
		if x != x:
			return math.nan
	high = _kth(b, n // 2)
	if n % 2:
		return high * 1.0
	return (b[:n // 2].max() + high) / 2


def median(a):
	return _median(a.flatten())


def _at(b, part):
	"""Between the items that a part of them comes before; b is in order."""
	n = b.size
	if n == 0 or b[n - 1] != b[n - 1]:
		return math.nan
	place = part * (n - 1)
	k = min(int(place), n - 1)
	low, high = 1.0 * b[k], 1.0 * b[min(k + 1, n - 1)]
	t = place - k
	if t >= 0.5:
		return high - (high - low) * (1 - t)
	return low + (high - low) * t


def _parts(b, q, whole):
	quick_sort(b)
	if not isinstance(q, np.ndarray):
		if not 0 <= q <= whole:
			raise ValueError("Percentiles must be in the range [0, 100]" if whole > 1 else "Quantiles must be in the range [0, 1]")
		return _at(b, q / whole)
	out = np.empty(q.size)
	items = flat(q)
	for i in range(out.size):
		if not 0 <= items[i] <= whole:
			raise ValueError("Percentiles must be in the range [0, 100]" if whole > 1 else "Quantiles must be in the range [0, 1]")
		out[i] = _at(b, items[i] / whole)
	return out.reshape(q.shape)


def percentile(a, q):
	return _parts(a.flatten(), q, 100)


def quantile(a, q):
	return _parts(a.flatten(), q, 1)


def _edges(a, bins, limits):
	if isinstance(bins, np.ndarray):
		return bins
	if bins < 1:
		raise ValueError("`bins` must be positive, when an integer")
	if limits is None:
		low, high = (a.min() * 1.0, a.max() * 1.0) if a.size else (0.0, 1.0)
	else:
		low, high = limits[0] * 1.0, limits[1] * 1.0
		if low > high:
			raise ValueError("max must be larger than min in range parameter.")
	if low == high:
		low, high = low - 0.5, high + 0.5
	return np.linspace(low, high, bins + 1)


def histogram(a, bins=10, range=None):
	edges = _edges(a, bins, range)
	return _counted(flat(a), edges), edges


def _counted(a, edges):
	n = edges.size - 1
	out = np.zeros(max(n, 0), np.int64)
	if n < 1:
		return out
	even = (edges[n] - edges[0]) / n
	for x in a:
		if edges[0] <= x <= edges[n]:
			k = min(int((x - edges[0]) / even), n - 1) if even > 0 else n - 1
			if not (edges[k] <= x and (x < edges[k + 1] or k == n - 1)):
				k = min(place(edges, x, True) - 1, n - 1)
			out[k] += 1
	return out


# -- Several variables ---------------------------------------------------------------------------------------------------------

def _variables(m, y, rowvar):
	if m.ndim == 1:
		rows = m.reshape((1, m.size))
	else:
		rows = m.transpose((0, 1)) if rowvar else m.transpose((1, 0))
	if y is None:
		return rows * 1.0
	if y.ndim == 1:
		return np.concatenate((rows, y.reshape((1, y.size)))) * 1.0
	return np.concatenate((rows, y.transpose((0, 1)) if rowvar else y.transpose((1, 0)))) * 1.0


def _covariances(x, ddof):
	n = x.shape[0]
	for row in x:
		row -= row.mean()
	out = np.empty((n, n), x.dtype)
	for i in range(n):
		for j in range(n):
			out[i, j] = (x[i] * np.conj(x[j])).sum() / max(x.shape[1] - ddof, 0)
	return out


def cov(m, y=None, rowvar=True, bias=False, ddof=None):
	free = (0 if bias else 1) if ddof is None else ddof
	out = _covariances(_variables(m, y, rowvar), free)
	if m.ndim == 1 and y is None:
		return out[0, 0]
	return out


def corrcoef(x, y=None, rowvar=True):
	out = _covariances(_variables(x, y, rowvar), 0)
	n = out.shape[0]
	scale = np.empty(n)
	for i in range(n):
		scale[i] = math.sqrt(out[i, i].real)
	for i in range(n):
		for j in range(n):
			out[i, j] = out[i, j] / scale[i] / scale[j]
	if x.ndim == 1 and y is None:
		return out[0, 0]
	return out


# -- Without NaN --------------------------------------------------------------------------------------------------------------

def _numbers(a):
	b = flat(a)
	return b[b == b]


def nanprod(a):
	return _numbers(a).prod()


def nanvar(a, axis=None, dtype=None, out=None, ddof=0):
	if axis is not None or dtype is not None or out is not None:
		raise NotImplementedError("np.nanvar() and np.nanstd() with axis, dtype or out")
	b = _numbers(a)
	return b.var(ddof=ddof)


def nanstd(a, axis=None, dtype=None, out=None, ddof=0):
	return math.sqrt(nanvar(a, axis, dtype, out, ddof))


def nanmedian(a):
	return _median(_numbers(a))


def nanpercentile(a, q):
	return _parts(_numbers(a), q, 100)


def nanquantile(a, q):
	return _parts(_numbers(a), q, 1)


def nancumsum(a):
	b = flat(a)
	return cumsum(np.where(b == b, b, b.dtype.type(0)))


def nancumprod(a):
	b = flat(a)
	return cumprod(np.where(b == b, b, b.dtype.type(1)))


def nansum(a):
	total = a[:0].sum()
	for x in flat(a):
		if x == x:
			total += x
	return total


def nanmean(a):
	n = 0
	total = 0.0
	for x in flat(a):
		if x == x:
			total += x
			n += 1
	return total / n if n else math.nan


def nanmax(a):
	b = flat(a)
	if b.size == 0:
		raise ValueError("zero-size array to reduction operation not possible")
	best = b[0]
	for x in b:
		if best != best or x > best:
			best = x
	return best


def nanmin(a):
	b = flat(a)
	if b.size == 0:
		raise ValueError("zero-size array to reduction operation not possible")
	best = b[0]
	for x in b:
		if best != best or x < best:
			best = x
	return best


def interp(x, xp, fp):
	if xp.size == 0:
		raise ValueError("array of sample points is empty")
	if xp.size != fp.size:
		raise ValueError("fp and xp are not of the same length.")
	if isinstance(x, NUMBERS):
		return _interp1(x, xp, fp)
	out = np.empty(x.size)
	for i in range(x.size):
		out[i] = _interp1(x[i], xp, fp)
	return out


def _interp1(x, xp, fp):
	n = xp.size
	if x != x:
		return math.nan
	if x >= xp[n - 1]:
		return fp[n - 1] * 1.0
	if x < xp[0] or n == 1:
		return fp[0] * 1.0
	k = min(max(place(xp, x, True) - 1, 0), n - 2)
	if x == xp[k]:
		return fp[k] * 1.0
	slope = (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k])
	y = slope * (x - xp[k]) + fp[k]
	if y != y:                             # from the other end, where this one is infinite
		y = slope * (x - xp[k + 1]) + fp[k + 1]
		if y != y and fp[k] == fp[k + 1]:
			y = fp[k] * 1.0
	return y
