"""NumPy's functions of whole arrays for functions on the host, in Python: compiled with whoever calls them, for the types that they are
called with. What is a loop over all elements, the compiler knows by itself (src/names/names.def)."""

import math

import numpy as np


def _flat(a):
	if a.ndim == 1:
		return a
	return a.flatten()


# -- Searching and sorting --

def argmax(a):
	b = _flat(a)
	if b.size == 0:
		raise ValueError("attempt to get argmax of an empty sequence")
	at = 0
	best = b[0]
	for i in range(b.size):
		x = b[i]
		if x != x:
			return i
		if x > best:
			best = x
			at = i
	return at


def argmin(a):
	b = _flat(a)
	if b.size == 0:
		raise ValueError("attempt to get argmin of an empty sequence")
	at = 0
	best = b[0]
	for i in range(b.size):
		x = b[i]
		if x != x:
			return i
		if x < best:
			best = x
			at = i
	return at


def _before(x, y):
	"""Does x come before y? NaN comes last."""
	return x < y or (y != y and x == x)


def _insertion(a, order, low, high):
	for i in range(low + 1, high + 1):
		x = a[i]
		at = order[i]
		j = i - 1
		while j >= low and _before(x, a[j]):
			a[j + 1] = a[j]
			order[j + 1] = order[j]
			j -= 1
		a[j + 1] = x
		order[j + 1] = at


def _merge_sort(a, order):
	"""Sorts both by a, stably: runs of 16 by insertion, then merged through copies."""
	n = a.size
	for low in range(0, n, 16):
		_insertion(a, order, low, min(low + 15, n - 1))
	width = 16
	b = a.copy()
	other = order.copy()
	while width < n:
		for low in range(0, n, 2 * width):
			middle = min(low + width, n)
			high = min(low + 2 * width, n)
			i = low
			j = middle
			for k in range(low, high):
				if i < middle and (j >= high or not _before(a[j], a[i])):
					b[k] = a[i]
					other[k] = order[i]
					i += 1
				else:
					b[k] = a[j]
					other[k] = order[j]
					j += 1
		a[:] = b
		order[:] = other
		width *= 2


def _sift(a, low, start, end):
	"""Lets a[low + start] sink into the heap a[low] … a[low + end - 1]."""
	root = start
	x = a[low + root]
	while 2 * root + 1 < end:
		child = 2 * root + 1
		if child + 1 < end and _before(a[low + child], a[low + child + 1]):
			child += 1
		if not _before(x, a[low + child]):
			break
		a[low + root] = a[low + child]
		root = child
	a[low + root] = x


def _heap_sort(a, low, high):
	n = high - low + 1
	for start in range(n // 2 - 1, -1, -1):
		_sift(a, low, start, n)
	for end in range(n - 1, 0, -1):
		x = a[low]
		a[low] = a[low + end]
		a[low + end] = x
		_sift(a, low, 0, end)


def _sort(a):
	"""Quicksort of the median of three; parts of 24 by insertion, and by heaps what goes too deep."""
	stack = np.empty((64, 3), np.int64)
	depth = 1
	stack[0, 0] = 0
	stack[0, 1] = a.size - 1
	stack[0, 2] = 100
	while depth > 0:
		depth -= 1
		low = stack[depth, 0]
		high = stack[depth, 1]
		patience = stack[depth, 2]
		while high - low > 24:
			if patience == 0:
				_heap_sort(a, low, high)
				low = high
				break
			patience -= 1
			x = a[low]
			y = a[(low + high) // 2]
			z = a[high]
			if _before(y, x):
				x, y = y, x
			if _before(z, y):
				y = z if not _before(z, x) else x
			i = low
			j = high
			while i <= j:
				while _before(a[i], y):
					i += 1
				while _before(y, a[j]):
					j -= 1
				if i <= j:
					t = a[i]
					a[i] = a[j]
					a[j] = t
					i += 1
					j -= 1
			if j - low < high - i:
				stack[depth, 0] = i
				stack[depth, 1] = high
				high = j
			else:
				stack[depth, 0] = low
				stack[depth, 1] = j
				low = i
			stack[depth, 2] = patience
			depth += 1
		for i in range(low + 1, high + 1):
			x = a[i]
			j = i - 1
			while j >= low and _before(x, a[j]):
				a[j + 1] = a[j]
				j -= 1
			a[j + 1] = x


def sort(a):
	if a.ndim != 1:
		raise NotImplementedError("np.sort() of arrays of one dimension only")
	out = a.copy()
	_sort(out)
	return out


def sort_in_place(self):
	if self.ndim != 1:
		raise NotImplementedError("sort() of arrays of one dimension only")
	_sort(self)


def argsort(a):
	if a.ndim != 1:
		raise NotImplementedError("argsort() of arrays of one dimension only")
	order = np.arange(a.size)
	_merge_sort(a.copy(), order)
	return order


def _place(a, x, right):
	low = 0
	high = a.size
	while low < high:
		middle = (low + high) // 2
		y = a[middle]
		if _before(y, x) or (right and not _before(x, y)):
			low = middle + 1
		else:
			high = middle
	return low


def searchsorted(a, v, side="left"):
	if isinstance(v, (int, float, complex)):
		return _place(a, v, side == "right")
	out = np.empty(v.size, np.int64)
	values = _flat(v)
	for i in range(values.size):
		out[i] = _place(a, values[i], side == "right")
	return out.reshape(v.shape)


def nonzero(a):
	n = 0
	for x in a:
		if x:
			n += 1
	out = np.empty(n, np.int64)
	k = 0
	for i in range(a.size):
		if a[i]:
			out[k] = i
			k += 1
	return (out,)


def flatnonzero(a):
	return nonzero(_flat(a))[0]


def count_nonzero(a):
	n = 0
	for x in _flat(a):
		if x:
			n += 1
	return n


def unique(a):
	b = a.flatten()
	_sort(b)
	n = 0
	for i in range(b.size):
		if i == 0 or b[i] != b[i - 1]:
			b[n] = b[i]
			n += 1
	return b[:n].copy()


# -- Sums --

def cumsum(a):
	b = _flat(a)
	total = b[:0].sum()
	out = np.full(b.size, total)
	for i in range(b.size):
		total += b[i]
		out[i] = total
	return out


def cumprod(a):
	b = _flat(a)
	total = b[:0].prod()
	out = np.full(b.size, total)
	for i in range(b.size):
		total *= b[i]
		out[i] = total
	return out


def _squares(a):
	mean = a.mean()
	total = 0.0
	for x in _flat(a):
		total += abs(x - mean) ** 2
	return total


def var(a):
	return _squares(a) / a.size


def std(a):
	return math.sqrt(_squares(a) / a.size)


def ptp(a):
	return a.max() - a.min()


def median(a):
	b = a.flatten()
	_sort(b)
	n = b.size
	if n == 0 or b[n - 1] != b[n - 1]:
		return math.nan
	return (b[(n - 1) // 2] + b[n // 2]) / 2


def diff(a):
	if a.ndim != 1:
		raise NotImplementedError("np.diff() of arrays of one dimension only")
	return a[1:] - a[:-1]


def trace(a):
	total = a[0, :0].sum()
	for i in range(min(a.shape[0], a.shape[1])):
		total += a[i, i]
	return total


def bincount(x):
	n = 0
	for i in x:
		if i < 0:
			raise ValueError("'list' argument must have no negative elements")
		n = max(n, i + 1)
	out = np.zeros(n, np.int64)
	for i in x:
		out[i] += 1
	return out


# -- Products --

def _dot1(a, b):
	if a.shape[0] != b.shape[0]:
		raise ValueError("incompatible array sizes for np.dot(a, b)")
	return (a * b).sum()


def dot(a, b):
	if a.ndim == 1 and b.ndim == 1:
		return _dot1(a, b)
	if a.ndim == 2 and b.ndim == 1:
		out = np.zeros(a.shape[0], (a[:1, 0] * b[:1]).dtype)
		if a.shape[1] != b.shape[0]:
			raise ValueError("incompatible array sizes for np.dot(a, b)")
		for i in range(a.shape[0]):
			out[i] = _dot1(a[i], b)
		return out
	if a.ndim == 1:
		return dot(b.T, a)
	out = np.zeros((a.shape[0], b.shape[1]), (a[:1, 0] * b[0, :1]).dtype)
	if a.shape[1] != b.shape[0]:
		raise ValueError("incompatible array sizes for np.dot(a, b)")
	for i in range(a.shape[0]):
		for k in range(a.shape[1]):
			x = a[i, k]
			for j in range(b.shape[1]):
				out[i, j] += x * b[k, j]
	return out


def outer(a, b):
	x = _flat(a)
	y = _flat(b)
	return x.reshape((x.size, 1)) * y


def cross(a, b):
	if a.shape[0] != 3 or b.shape[0] != 3:
		raise ValueError("np.cross() takes vectors of three numbers")
	out = np.empty(3, (a[:1] * b[:1]).dtype)
	out[0] = a[1] * b[2] - a[2] * b[1]
	out[1] = a[2] * b[0] - a[0] * b[2]
	out[2] = a[0] * b[1] - a[1] * b[0]
	return out


def norm(a):
	total = 0.0
	for x in _flat(a):
		total += abs(x) ** 2
	return math.sqrt(total)


# -- Shapes --

def eye(N, M=None):
	if M is None:
		out = np.zeros((N, N))
	else:
		out = np.zeros((N, M))
	for i in range(min(out.shape[0], out.shape[1])):
		out[i, i] = 1
	return out


def identity(n):
	return eye(n)


def diag(v):
	if v.ndim == 1:
		out = np.zeros((v.size, v.size), v.dtype)
		for i in range(v.size):
			out[i, i] = v[i]
		return out
	n = min(v.shape[0], v.shape[1])
	out = np.empty(n, v.dtype)
	for i in range(n):
		out[i] = v[i, i]
	return out


def flip(a):
	if a.ndim != 1:
		raise NotImplementedError("np.flip() of arrays of one dimension only")
	return a[::-1]


def roll(a, shift):
	b = _flat(a)
	out = np.empty_like(b)
	for i in range(b.size):
		out[(i + shift) % b.size] = b[i]
	return out.reshape(a.shape)


def repeat(a, repeats):
	b = _flat(a)
	out = np.empty(b.size * repeats, a.dtype)
	for i in range(b.size):
		for k in range(repeats):
			out[i * repeats + k] = b[i]
	return out


def append(arr, values):
	a = _flat(arr)
	if isinstance(values, (int, float, complex)):
		out = np.empty(a.size + 1, (a[:0] + values).dtype)
		out[a.size] = values
	else:
		b = _flat(values)
		out = np.empty(a.size + b.size, (a[:0] + b[:0]).dtype)
		out[a.size:] = b
	out[:a.size] = a
	return out


def interp(x, xp, fp):
	if isinstance(x, (int, float)):
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
	if x < xp[0]:
		return fp[0] * 1.0
	k = _place(xp, x, True) - 1
	slope = (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k])
	return slope * (x - xp[k]) + fp[k]


# -- NaN --

def nansum(a):
	total = a[:0].sum()
	for x in _flat(a):
		if x == x:
			total += x
	return total


def nanmean(a):
	n = 0
	total = 0.0
	for x in _flat(a):
		if x == x:
			total += x
			n += 1
	return total / n if n else math.nan


def nanmax(a):
	b = _flat(a)
	best = b[0]
	for x in b:
		if best != best or x > best:
			best = x
	return best


def nanmin(a):
	b = _flat(a)
	best = b[0]
	for x in b:
		if best != best or x < best:
			best = x
	return best


# -- What stands for operations: a[index], a[index] = v, a @ b, np.where(a), sums along an axis and their like --

def _take(a, index):
	b = _flat(index)
	if a.ndim == 1:
		out = np.empty(b.size, a.dtype)
		for i in range(b.size):
			out[i] = a[b[i]]
		return out.reshape(index.shape)
	rows = np.empty((b.size,) + a.shape[1:], a.dtype)
	for i in range(b.size):
		rows[i] = a[b[i]]
	return rows.reshape(index.shape + a.shape[1:])


def _check_mask(a, mask):
	for i in range(mask.ndim):
		if a.shape[i] != mask.shape[i]:
			raise IndexError("boolean index did not match indexed array")


def _choose(a, mask):
	_check_mask(a, mask)
	if mask.ndim == a.ndim:
		x = _flat(a)
		m = _flat(mask)
		out = np.empty(count_nonzero(m), a.dtype)
		k = 0
		for i in range(m.size):
			if m[i]:
				out[k] = x[i]
				k += 1
		return out
	return _take(a, flatnonzero(mask))


def _put(a, index, value):
	b = _flat(index)
	if isinstance(value, (int, float, complex)):
		for i in range(b.size):
			a[b[i]] = value
	elif value.ndim < a.ndim + index.ndim - 1:
		for i in range(b.size):
			a[b[i]] = value
	else:
		if value.shape[0] != b.size:
			raise ValueError("cannot assign slice of shape from input of another shape")
		for i in range(b.size):
			a[b[i]] = value[i]


def _put_chosen(a, mask, value):
	_check_mask(a, mask)
	if mask.ndim == 2:
		for i in range(mask.shape[0]):
			for j in range(mask.shape[1]):
				if mask[i, j]:
					a[i, j] = value
	elif isinstance(value, (int, float, complex)):
		for i in range(mask.size):
			if mask[i]:
				a[i] = value
	else:
		_put(a, flatnonzero(mask), value)


def _axis_of(a, axis):
	if axis < -a.ndim or axis >= a.ndim:
		raise ValueError("axis is out of bounds for the array")
	return axis + a.ndim if axis < 0 else axis


def _rows(a, axis):
	"""The array with the axis first."""
	if a.ndim == 2:
		return a.transpose((1, 0)) if axis == 1 else a.transpose((0, 1))
	if a.ndim != 3:
		raise NotImplementedError("reductions along an axis of arrays of two or three dimensions only")
	if axis == 0:
		return a.transpose((0, 1, 2))
	return a.transpose((1, 0, 2)) if axis == 1 else a.transpose((2, 0, 1))


def _sum_axis(a, axis):
	k = _axis_of(a, axis)
	rows = _rows(a, k)
	out = np.full(rows.shape[1:], rows[:0].sum())
	for row in rows:
		out += row
	return out


def _prod_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	out = np.full(rows.shape[1:], rows[:0].prod())
	for row in rows:
		out *= row
	return out


def _mean_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	out = np.full(rows.shape[1:], rows[:1].mean() * 0)
	for row in rows:
		out += row
	return out / rows.shape[0]


def _min_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	if rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation minimum which has no identity")
	out = rows[0].copy()
	for row in rows:
		out[:] = np.minimum(out, row)
	return out


def _max_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	if rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation maximum which has no identity")
	out = rows[0].copy()
	for row in rows:
		out[:] = np.maximum(out, row)
	return out


def _any_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	out = np.zeros(rows.shape[1:], np.bool_)
	for row in rows:
		out[:] = out | (row != 0)
	return out


def _all_axis(a, axis):
	rows = _rows(a, _axis_of(a, axis))
	out = np.ones(rows.shape[1:], np.bool_)
	for row in rows:
		out[:] = out & (row != 0)
	return out


def concatenate(arrays):
	n = 0
	for a in arrays:
		n += a.shape[0]
	out = np.empty((n,) + arrays[0].shape[1:], arrays[0].dtype)
	k = 0
	for a in arrays:
		out[k:k + a.shape[0]] = a
		k += a.shape[0]
	return out


# In the order of gj_written (src/code/code.h).
WRITTEN = (_take, _choose, _put, _put_chosen, dot, nonzero, _sum_axis, _prod_axis, _min_axis, _max_axis, _mean_axis, _any_axis, _all_axis)

FUNCTIONS = {id(function): own for function, own in (
	(np.argmax, argmax), (np.argmin, argmin), (np.sort, sort), (np.argsort, argsort), (np.searchsorted, searchsorted), (np.nonzero, nonzero),
	(np.flatnonzero, flatnonzero), (np.count_nonzero, count_nonzero), (np.unique, unique), (np.cumsum, cumsum), (np.cumprod, cumprod),
	(np.var, var), (np.std, std), (np.ptp, ptp), (np.median, median), (np.diff, diff), (np.trace, trace), (np.bincount, bincount), (np.dot, dot),
	(np.outer, outer), (np.cross, cross), (np.linalg.norm, norm), (np.eye, eye), (np.identity, identity), (np.diag, diag), (np.flip, flip),
	(np.roll, roll), (np.repeat, repeat), (np.append, append), (np.interp, interp), (np.nansum, nansum), (np.nanmean, nanmean),
	(np.nanmax, nanmax), (np.nanmin, nanmin), (np.concatenate, concatenate))}
METHODS = {"argmax": argmax, "argmin": argmin, "sort": sort_in_place, "argsort": argsort, "searchsorted": searchsorted, "nonzero": nonzero, "cumsum": cumsum,
	"cumprod": cumprod, "var": var, "std": std, "ptp": ptp, "trace": trace, "dot": dot, "repeat": repeat}
