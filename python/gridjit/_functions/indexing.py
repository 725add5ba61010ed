"""What stands for indices with arrays: a[k], a[mask], a[:, k, l], and stores to them. The compiler (src/infer/written.c) gives a view
with `:` in the place of each array, a tuple of these arrays, or lists, the number of the view's dimension from which on they index (`place`: their
dimensions come there in what is taken), and the numbers by which users know the dimensions that they index (`named`)."""

import numpy as np

from .._unroll import extents, literally
from .common import flat
from .shapes import broadcast_to, common_shape
from .sorting import count_nonzero, nonzero

# -- Places: what the arrays say, in one row each ------------------------------------------------------------------------------------

def _arrays(indices):
	"""Lists become arrays."""
	return tuple(np.array(index) if isinstance(index, list) else index for index in indices)


def _check_mask(a, mask, axis, named):
	for d in range(mask.ndim):
		if a.shape[axis + d] != mask.shape[d]:
			raise IndexError(f"boolean index did not match indexed array along axis {named[d]}; size of axis is {a.shape[axis + d]} but size of corresponding boolean axis is {mask.shape[d]}")


def _integers(a, indices, axis, named):
	"""The index arrays; for a mask those of the places that it chooses."""
	if len(indices) == 0:
		return ()
	index = indices[0]
	if index.dtype == np.bool_:
		_check_mask(a, index, axis, named)
		return nonzero(index) + _integers(a, indices[1:], axis + index.ndim, named[index.ndim:])
	return (index,) + _integers(a, indices[1:], axis + 1, named[1:])


def _common_shape(indices):
	if len(indices) == 1:
		return indices[0].shape
	shapes = tuple(index.shape for index in indices)
	common = common_shape(shapes)
	if -1 in common:
		raise IndexError(f"shape mismatch: indexing arrays could not be broadcast together with shapes {extents(shapes)}")
	return common


def _check_bounds(index, n, named):
	low, high = 0, -1
	for x in index:
		low, high = min(low, x), max(high, x)
	if low < -n or high >= n:
		for x in index:
			if x < -n or x >= n:
				raise IndexError(f"index {x} is out of bounds for axis {named} with size {n}")


def _row(index, shape, n, named):
	"""The items of an index array of a shape in one row, none outside an axis of extent n: what is broadcast away is not asked."""
	b = flat(index)
	if 0 not in shape:
		_check_bounds(b, n, named)
	if index.ndim == len(shape):
		if index.shape == shape:
			return b
	return flat(broadcast_to(index, shape))


def _rows(a, indices, shape, place, named):
	return tuple(_row(index, shape, a.shape[place + d], named[d]) for d, index in enumerate(indices))


def _is_whole_mask(a, indices):
	return len(indices) == 1 and indices[0].dtype == np.bool_ and indices[0].ndim == a.ndim


# -- Read ----------------------------------------------------------------------------------------------------------------------------

def _gather_chosen(out, n, a, mask):
	"""What the mask chooses goes to out from place n on; the next place."""
	for i in range(mask.shape[0]):
		if mask.ndim > 1:
			n = _gather_chosen(out, n, a[i], mask[i])
		elif mask[i]:
			out[n] = a[i]
			n += 1
	return n


def _chosen(a, mask):
	out = np.empty(count_nonzero(mask), a.dtype)
	if mask.ndim > 1:
		_gather_chosen(out, 0, a, mask)
		return out
	i = n = 0
	while n < out.size:                    # what is not chosen is overwritten by what comes next: there is nothing to branch on
		out[n] = a[i]
		n += mask[i]
		i += 1
	return out


def _gather(out, a, rows, place):
	place = literally(place)
	if place > 0:
		for i in range(a.shape[0]):
			_gather(out[i], a[i], rows, place - 1)
	else:
		for i in range(rows[0].size):
			out[i] = a[tuple(row[i] for row in rows)]


def take(a, indices, place, named):
	place, indices = literally(place), _arrays(indices)
	if _is_whole_mask(a, indices):
		_check_mask(a, indices[0], 0, named)
		return _chosen(a, indices[0])
	indices = _integers(a, indices, place, named)
	shape = _common_shape(indices)
	rows = _rows(a, indices, shape, place, named)
	before, after = a.shape[:place], a.shape[place + len(rows):]
	out = np.empty(before + (rows[0].size,) + after, a.dtype)
	_gather(out, a, rows, place)
	if len(shape) == 1:
		return out
	return out.reshape(before + shape + after)


# -- Stored --------------------------------------------------------------------------------------------------------------------------

def _span(a):
	low = high = np.int64(a.ctypes.data)
	for extent, step in zip(a.shape, a.strides):
		low, high = low + min((extent - 1) * step, 0), high + max((extent - 1) * step, 0)
	return low, high + a.itemsize


def _may_overlap(a, b):
	low, high = _span(a)
	start, end = _span(b)
	return start < high and low < end


def _apart(a, b):
	"""b, or a copy if it may lie in the same memory as a, which is written."""
	if _may_overlap(a, b):
		return b.copy()
	return b


def _fill_chosen(a, mask, value):
	for i in range(mask.shape[0]):
		if mask.ndim > 1:
			_fill_chosen(a[i], mask[i], value)
		elif mask[i]:
			a[i] = value


def _scatter_chosen(a, mask, values, n):
	for i in range(mask.shape[0]):
		if mask.ndim > 1:
			n = _scatter_chosen(a[i], mask[i], values, n)
		elif mask[i]:
			a[i] = values[n]
			n += 1
	return n


def _put_chosen(a, mask, value):
	if not isinstance(value, np.ndarray):
		_fill_chosen(a, mask, value)
	elif value.ndim > 1:
		raise TypeError(f"NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has {value.ndim} dimensions")
	elif value.size == 1:
		_fill_chosen(a, mask, value[0])
	else:
		n = count_nonzero(mask)
		if value.size != n:
			raise ValueError(f"NumPy boolean array indexing assignment cannot assign {value.size} input values to the {n} output values where the mask is true")
		_scatter_chosen(a, mask, _apart(a, value), 0)


def _fill(a, rows, value, place):
	place = literally(place)
	if place > 0:
		for row in a:
			_fill(row, rows, value, place - 1)
	else:
		for i in range(rows[0].size):
			a[tuple(row[i] for row in rows)] = value


def _scatter(a, rows, values, place):
	place = literally(place)
	if place > 0:
		for i in range(a.shape[0]):
			_scatter(a[i], rows, values[i], place - 1)
	else:
		for i in range(rows[0].size):
			a[tuple(row[i] for row in rows)] = values[i]


def _is_room(value, shape):
	"""Can an array be broadcast to a shape? Leading dimensions of extent 1 do not count."""
	for d in range(value.ndim):
		n = value.shape[value.ndim - 1 - d]
		if n != 1 and (d >= len(shape) or n != shape[len(shape) - 1 - d]):
			return False
	return True


def _put_array(a, rows, value, shape, place):
	place = literally(place)
	before, after = a.shape[:place], a.shape[place + len(rows):]
	if value.ndim > len(before + shape + after):
		_put_array(a, rows, value[0], shape, place)
		return
	if value.ndim <= len(after):
		_fill(a, rows, value, place)
		return
	if len(shape) == 1 and value.ndim == len(before + shape + after):
		if value.shape == before + shape + after:
			_scatter(a, rows, value, place)
			return
	_scatter(a, rows, broadcast_to(value, before + shape + after).reshape(before + (rows[0].size,) + after), place)


def put(a, indices, value, place, named):
	"""Values and indices that may lie in the same memory are copied first."""
	place, indices = literally(place), _arrays(indices)
	if _is_whole_mask(a, indices):
		_check_mask(a, indices[0], 0, named)
		_put_chosen(a, _apart(a, indices[0]), value)
		return
	indices = _integers(a, indices, place, named)
	shape = _common_shape(indices)
	if isinstance(value, np.ndarray):
		whole = a.shape[:place] + shape + a.shape[place + len(indices):]
		if not _is_room(value, whole):
			raise ValueError(f"shape mismatch: value array of shape {extents(value.shape)} could not be broadcast to indexing result of shape {extents(whole)}")
	rows = tuple(_apart(a, row) for row in _rows(a, indices, shape, place, named))
	if isinstance(value, np.ndarray):
		_put_array(a, rows, _apart(a, value), shape, place)
	else:
		_fill(a, rows, value, place)


def slice_indices(s, length):
	"""slice.indices."""
	step = 1 if s.step is None else s.step
	if length < 0:
		raise ValueError("length should not be negative")
	if step == 0:
		raise ValueError("slice step cannot be zero")
	low, high = (-1, length - 1) if step < 0 else (0, length)
	start, stop = (high, low) if step < 0 else (low, high)
	if s.start is not None:
		start = min(max(s.start + length if s.start < 0 else s.start, low), high)
	if s.stop is not None:
		stop = min(max(s.stop + length if s.stop < 0 else s.stop, low), high)
	return start, stop, step
