"""What the functions share."""

import numpy as np
from numpy.linalg import LinAlgError

# For isinstance(): int and float mean int64 and float64 there.
INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)
NUMBERS = (*INTEGERS, np.bool_, np.float16, np.float32, np.float64, np.complex64, np.complex128)


def flat(a):
	if a.ndim == 1:
		return a
	return a.flatten()


def swap(x, i, j):
	"""Two items, or rows, of an array."""
	if x.ndim == 1:
		x[i], x[j] = x[j], x[i]
	else:
		row = x[i].copy()
		x[i] = x[j]
		x[j] = row


def finite(a):
	"""Of numbers that are not, factorisations make others that say nothing."""
	for row in a:
		for x in row:
			if not np.isfinite(x):
				raise LinAlgError("Array must not contain infs or NaNs.")


def axis_of(a, axis):
	if axis < -a.ndim or axis >= a.ndim:
		raise np.exceptions.AxisError(f"axis {axis} is out of bounds for array of dimension {a.ndim}")
	return axis + a.ndim if axis < 0 else axis


def front(a, axis):
	"""The array with an axis first, the others in their order."""
	if a.ndim == 1:
		return a
	if a.ndim == 2:
		return a.transpose((1, 0)) if axis == 1 else a.transpose((0, 1))
	if a.ndim == 3:
		if axis == 0:
			return a.transpose((0, 1, 2))
		return a.transpose((1, 0, 2)) if axis == 1 else a.transpose((2, 0, 1))
	if a.ndim != 4:
		raise NotImplementedError("along an axis of arrays of up to four dimensions only")
	if axis == 0:
		return a.transpose((0, 1, 2, 3))
	if axis == 1:
		return a.transpose((1, 0, 2, 3))
	return a.transpose((2, 0, 1, 3)) if axis == 2 else a.transpose((3, 0, 1, 2))


def back(a, axis):
	"""The array with its first axis where `axis` says: what front() undoes."""
	if a.ndim == 1:
		return a
	if a.ndim == 2:
		return a.transpose((1, 0)) if axis == 1 else a.transpose((0, 1))
	if a.ndim == 3:
		if axis == 0:
			return a.transpose((0, 1, 2))
		return a.transpose((1, 0, 2)) if axis == 1 else a.transpose((1, 2, 0))
	if a.ndim != 4:
		raise NotImplementedError("along an axis of arrays of up to four dimensions only")
	if axis == 0:
		return a.transpose((0, 1, 2, 3))
	if axis == 1:
		return a.transpose((1, 0, 2, 3))
	return a.transpose((1, 2, 0, 3)) if axis == 2 else a.transpose((1, 2, 3, 0))


def with_extent(shape, axis, n):
	"""The shape with another extent along an axis."""
	return tuple(n if i == axis else extent for i, extent in enumerate(shape))


def shaped(out, a, axis, keepdims):
	"""What has been made of an array along an axis: with that axis, of extent 1, or without it (None)."""
	if keepdims is not None:
		return out.reshape(with_extent(a.shape, axis_of(a, axis), 1))
	return out


def lone(x, a, axis, keepdims):
	"""The same of what has been made of all items."""
	if axis is not None:
		axis_of(a, axis)
	if keepdims is not None:
		return np.full(tuple(1 for _ in a.shape), x)
	return x


def as_array(x):
	"""An array as it is, a number as an array of one."""
	if isinstance(x, np.ndarray):
		return x
	return np.full(1, x)


def each(a, f):
	"""What f gives of each item, or of a number."""
	if not isinstance(a, np.ndarray):
		return f(a)
	items = flat(a)
	out = np.empty(items.size, np.full(1, f(items[0])).dtype)
	for i in range(items.size):
		out[i] = f(items[i])
	return out.reshape(a.shape)


def floats(a):
	"""A copy of floats or complex numbers, of their width."""
	if a.dtype == np.float32 or a.dtype == np.complex64:
		return a.copy()
	return a * 1.0
