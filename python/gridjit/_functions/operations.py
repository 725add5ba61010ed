"""What stands for operations: sums along an axis and their like. Indices with arrays: indexing.py."""

import numpy as np

from .common import axis_of, front


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
