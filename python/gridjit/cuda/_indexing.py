"""Device arrays indexed by arrays and masks: which items these are NumPy says on the host, kernels fetch and store them."""

import math

import numpy as np

from . import grid
from ._copy import has_kernels, word
from .devicearray import DeviceNDArray, device_array, to_device
from .dispatcher import jit


@jit
def fetch(out, source, places):
	i = grid(1)
	if i < places.shape[0]:
		out[i] = source[places[i]]


@jit
def store(target, places, source):
	i = grid(1)
	if i < places.shape[0]:
		target[places[i]] = source[i]


def _on_host(key):
	"""The key with arrays in host memory."""
	if isinstance(key, tuple):
		return tuple(map(_on_host, key))
	return np.asarray(key) if hasattr(key, "__cuda_array_interface__") or isinstance(key, DeviceNDArray) else key


def _places(shape, key):
	"""Which items of an array of this shape a[key] takes, counted in C order, in the shape of what it gives. Raises NumPy's errors."""
	taken, step = np.broadcast_to(0, shape)[key], 1
	for d, n in reversed(list(enumerate(shape))):
		along = np.arange(n).reshape((n,) + (1,) * (len(shape) - d - 1))
		taken = taken + np.broadcast_to(along, shape)[key] * step
		step *= n
	return taken


def _run(kernel, places, stream, *arrays):
	"""A kernel of flat arrays; items that kernels do not know go as words. `places` stands where None is given."""
	size = math.gcd(8, *(v for a in arrays if a is not None for v in (a.itemsize, a._address)))
	whole = has_kernels(next(a for a in arrays if a is not None).dtype)
	for offset in (0,) if whole else range(0, arrays[0].itemsize, size):
		kernel[-(-places.size // 256), 256, stream](*(places if a is None else a if whole else word(a, size, offset) for a in arrays))


def take(array, key, stream):
	"""array[key], a copy; a single item as a number."""
	taken = _places(array.shape, _on_host(key))
	source = (array if array.is_c_contiguous() else array.copy(stream=stream)).reshape(-1)
	out = device_array(np.size(taken), array.dtype, stream=stream)
	if np.size(taken):
		_run(fetch, to_device(np.ravel(taken), stream), stream, out, source, None)
	return out.reshape(taken.shape) if isinstance(taken, np.ndarray) else out._to_numpy(stream)[0]


def put(array, key, value, stream):
	"""array[key] = value; where an item is stored several times the last value stays."""
	if array.readonly:
		raise ValueError("assignment destination is read-only")
	host, is_device = _on_host(key), isinstance(value, DeviceNDArray)
	taken = _places(array.shape, host)
	if type(value) is complex:
		np.empty((), array.dtype)[...] = value         # as NumPy: a TypeError of real numbers
	value = value if is_device else np.asarray(value)
	try:
		value = value._broadcast(taken.shape) if is_device else np.broadcast_to(value, taken.shape)
	except ValueError:
		np.empty(array.shape, bool)[host] = np.empty(value.shape, bool)           # raises in NumPy's words
		value = value.reshape(-1) if is_device else value.ravel()                # a mask takes values of any shape with as many items
	if not np.size(taken):
		return
	values = value.astype(array.dtype, stream=stream).copy(stream=stream).reshape(-1) if is_device else np.empty(np.size(taken), array.dtype)
	if not is_device:
		values[...] = np.ravel(value)
		values = to_device(values, stream)
	taken = np.ravel(taken)
	places, last = np.unique(taken[::-1], return_index=True)
	if places.size < taken.size:
		taken, values = places, take(values, places.size and taken.size - 1 - last, stream)
	work = array if array.is_c_contiguous() else array.copy(stream=stream)
	_run(store, to_device(taken, stream), stream, work.reshape(-1), None, values)
	if work is not array:
		array.copy_to_device(work, stream=stream)
