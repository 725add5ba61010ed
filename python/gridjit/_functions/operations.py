"""What stands for operations: a[index], a[index] = v, np.where(a), sums along an axis and their like."""

import numpy as np

from .._unroll import literally
from .common import axis_of, flat, front
from .sorting import count_nonzero, flatnonzero

AXES = (0, 1, 2, 3, 4, 5)


def _check_places(b, n, axis):
	low, high = 0, -1
	for x in b:
		low, high = min(low, x), max(high, x)
	if low < -n or high >= n:
		for x in b:
			if x < -n or x >= n:
				raise IndexError(f"index {x} is out of bounds for axis {axis} with size {n}")


def _places(index, n, axis):
	"""The items of an index array in one row, none outside the n that there are; of a mask the places that it chooses."""
	if index.dtype == np.bool_:
		if index.size != n:
			raise IndexError(f"boolean index did not match indexed array along axis {axis}; size of axis is {n} but size of corresponding boolean axis is {index.size}")
		return flatnonzero(index)
	b = flat(index)
	_check_places(b, n, axis)
	return b


def _to_front(a, axis):
	axis = literally(axis)
	return a.transpose((axis,) + AXES[:axis] + AXES[axis + 1:a.ndim])


def _gather(out, a, b, axis):
	axis = literally(axis)
	if axis > 0:
		for i in range(a.shape[0]):
			_gather(out[i], a[i], b, axis - 1)
	else:
		for i in range(b.size):
			out[i] = a[b[i]]


def _scatter(a, b, values, axis):
	axis = literally(axis)
	if axis > 0:
		for i in range(a.shape[0]):
			_scatter(a[i], b, values[i], axis - 1)
	else:
		for i in range(b.size):
			a[b[i]] = values[i]


def _fill(a, b, value, axis):
	axis = literally(axis)
	if axis > 0:
		for row in a:
			_fill(row, b, value, axis - 1)
	else:
		for i in range(b.size):
			a[b[i]] = value


def _taken(a, b, index, axis):
	"""What `index`, whose places are b, takes along an axis."""
	axis = literally(axis)
	out = np.empty(a.shape[:axis] + (b.size,) + a.shape[axis + 1:], a.dtype)
	_gather(out, a, b, axis)
	if index.ndim == 1:
		return out
	return out.reshape(a.shape[:axis] + index.shape + a.shape[axis + 1:])


def _span(a):
	low = high = np.int64(a.ctypes.data)
	for extent, step in zip(a.shape, a.strides):
		low, high = low + min((extent - 1) * step, 0), high + max((extent - 1) * step, 0)
	return low, high + a.itemsize


def _may_overlap(a, b):
	low, high = _span(a)
	start, end = _span(b)
	return start < high and low < end


def _stored(a, b, index, value, axis):
	"""Values that may lie in the same memory are copied first."""
	axis = literally(axis)
	if not isinstance(value, np.ndarray):
		_fill(a, b, value, axis)
		return
	before, after = a.shape[:axis], a.shape[axis + 1:]
	if index.ndim > 1:
		values = np.broadcast_to(value, before + index.shape + after).reshape(before + (b.size,) + after)
		_scatter(a, b, values, axis)
		return
	if value.ndim == a.ndim:
		if value.shape == before + (b.size,) + after and not _may_overlap(a, value):
			_scatter(a, b, value, axis)
			return
	_scatter(a, b, np.broadcast_to(value, before + (b.size,) + after), axis)


def take_along(a, index, axis, place, named):
	"""a[..., index, ...] of a view with a colon in the index's place: what its dimension `axis`, which the user knows as the one `named`,
	has at these places. The index's dimensions come to `place`: 0, or the axis."""
	axis, place = literally(axis), literally(place)
	b = _places(index, a.shape[axis], named)
	if axis == place:
		return _taken(a, b, index, axis)
	return _taken(_to_front(a, axis), b, index, 0)


def put_along(a, index, value, axis, place, named):
	axis, place = literally(axis), literally(place)
	b = _places(index, a.shape[axis], named)
	if axis == place:
		_stored(a, b, index, value, axis)
	else:
		_stored(_to_front(a, axis), b, index, value, 0)


def take(a, index):
	return _taken(a, _places(index, a.shape[0], 0), index, 0)


def _check_mask(a, mask):
	for i in range(mask.ndim):
		if a.shape[i] != mask.shape[i]:
			raise IndexError("boolean index did not match indexed array")


def choose(a, mask):
	_check_mask(a, mask)
	if mask.ndim == a.ndim:
		x = flat(a)
		m = flat(mask)
		out = np.empty(count_nonzero(m), a.dtype)
		k = 0
		for i in range(m.size):
			if m[i]:
				out[k] = x[i]
				k += 1
		return out
	return take(a, flatnonzero(mask))


def put(a, index, value):
	_stored(a, _places(index, a.shape[0], 0), index, value, 0)


def put_chosen(a, mask, value):
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
		put(a, flatnonzero(mask), value)


def sum_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	out = np.full(rows.shape[1:], rows[:0].sum())
	for row in rows:
		out += row
	return out


def prod_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	out = np.full(rows.shape[1:], rows[:0].prod())
	for row in rows:
		out *= row
	return out


def mean_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	out = np.full(rows.shape[1:], np.zeros(1, a.dtype).mean())
	for row in rows:
		out += row
	return out / rows.shape[0]


def min_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	if rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation minimum which has no identity")
	out = rows[0].copy()
	for row in rows:
		out[:] = np.minimum(out, row)
	return out


def max_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	if rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation maximum which has no identity")
	out = rows[0].copy()
	for row in rows:
		out[:] = np.maximum(out, row)
	return out


def any_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	out = np.zeros(rows.shape[1:], np.bool_)
	for row in rows:
		out[:] = out | (row != 0)
	return out


def all_axis(a, axis):
	rows = front(a, axis_of(a, axis))
	out = np.ones(rows.shape[1:], np.bool_)
	for row in rows:
		out[:] = out & (row != 0)
	return out
