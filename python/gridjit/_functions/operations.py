"""What stands for operations: a[index], a[index] = v, np.where(a), sums along an axis and their like."""

import numpy as np

from .common import axis_of, flat, front
from .sorting import count_nonzero, flatnonzero


def take(a, index):
	b = flat(index)
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
	b = flat(index)
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
