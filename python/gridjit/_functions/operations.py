"""What stands for operations: reductions along an axis, of all items or of those that `where` chooses. Indices with arrays: indexing.py."""

import numpy as np

from .common import as_array, axis_of, front, lone, shaped, with_extent


def _chosen(where, a, axis):
	"""Which items take part, the axis first."""
	return front(np.broadcast_to(as_array(where), a.shape), axis_of(a, axis))


def _fold(fold, out, a, axis, where):
	"""Folds the rows along the axis into out."""
	rows = front(a, axis_of(a, axis))
	if where is None:
		for row in rows:
			out[:] = fold(out, row)
		return
	chosen = _chosen(where, a, axis)
	for i in range(rows.shape[0]):
		out[:] = np.where(chosen[i], fold(out, rows[i]), out)


def _start(a, axis, value):
	return np.full(front(a, axis_of(a, axis)).shape[1:], value)


def sum_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.sum(dtype=dtype, initial=initial, where=where), a, axis, keepdims)
	out = _start(a, axis, a[:0].sum(dtype=dtype, initial=initial))
	_fold(np.add, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def prod_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.prod(dtype=dtype, initial=initial, where=where), a, axis, keepdims)
	out = _start(a, axis, a[:0].prod(dtype=dtype, initial=initial))
	_fold(np.multiply, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def _count(a, axis, where):
	"""How many items of each column take part."""
	if where is None:
		return a.shape[axis_of(a, axis)]
	count = _start(a, axis, 0)
	_fold(np.add, count, np.broadcast_to(as_array(where), a.shape), axis, None)
	return count


def mean_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.mean(dtype=dtype, where=where), a, axis, keepdims)
	out = _start(a, axis, np.zeros(1, a.dtype).mean(dtype=dtype))
	_fold(np.add, out, a, axis, where)
	out[:] = out / _count(a, axis, where)
	return shaped(out, a, axis, keepdims)


def min_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.min(initial=initial, where=where), a, axis, keepdims)
	rows = front(a, axis_of(a, axis))
	if initial is None and where is not None:
		raise ValueError("reduction operation 'minimum' does not have an identity, so to use a where mask one has to specify 'initial'")
	if initial is None and rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation minimum which has no identity")
	out = rows[0].copy() if initial is None else _start(a, axis, a[:0].min(initial=initial))
	_fold(np.minimum, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def max_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.max(initial=initial, where=where), a, axis, keepdims)
	rows = front(a, axis_of(a, axis))
	if initial is None and where is not None:
		raise ValueError("reduction operation 'maximum' does not have an identity, so to use a where mask one has to specify 'initial'")
	if initial is None and rows.shape[0] == 0:
		raise ValueError("zero-size array to reduction operation maximum which has no identity")
	out = rows[0].copy() if initial is None else _start(a, axis, a[:0].max(initial=initial))
	_fold(np.maximum, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def any_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.any(where=where), a, axis, keepdims)
	out = _start(a, axis, False)
	_fold(np.logical_or, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def all_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.all(where=where), a, axis, keepdims)
	out = _start(a, axis, True)
	_fold(np.logical_and, out, a, axis, where)
	return shaped(out, a, axis, keepdims)


def _middle(a, axis, where):
	"""The mean of each column, in float64 or complex128."""
	out = _start(a, axis, np.zeros(1, a.dtype).mean() * np.float64(0))
	_fold(np.add, out, a, axis, where)
	return out / _count(a, axis, where)


def _middle_given(a, axis, mean):
	"""The same of what is given, a number or an array that the reduced one broadcasts with."""
	return front(np.broadcast_to(as_array(mean), with_extent(a.shape, axis_of(a, axis), 1)), axis_of(a, axis))[0]


def _squares(a, axis, where, mean):
	rows = front(a, axis_of(a, axis))
	out = np.zeros(rows.shape[1:])
	if where is None:
		for row in rows:
			out += np.abs(row - mean) ** 2
		return out
	chosen = _chosen(where, a, axis)
	for i in range(rows.shape[0]):
		out[:] = np.where(chosen[i], out + np.abs(rows[i] - mean) ** 2, out)
	return out


def var_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.var(dtype=dtype, where=where, ddof=ddof, mean=mean, correction=correction), a, axis, keepdims)
	less = (0 if ddof is None else ddof) if correction is None else correction
	middle = _middle(a, axis, where) if mean is None else _middle_given(a, axis, mean)
	out = _start(a, axis, np.zeros(1).var(dtype=dtype))
	out[:] = _squares(a, axis, where, middle) / np.maximum(_count(a, axis, where) - less, 0)
	return shaped(out, a, axis, keepdims)


def std_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction):
	if axis is None or a.ndim == 1:
		return lone(a.std(dtype=dtype, where=where, ddof=ddof, mean=mean, correction=correction), a, axis, keepdims)
	return np.sqrt(var_axis(a, axis, dtype, keepdims, where, initial, ddof, mean, correction))
