"""Arrays made of others by moving items, and filled ones."""

import math

import numpy as np

from .common import INTEGERS, as_array, axis_of, back, flat, front, with_extent


# -- Filled -----------------------------------------------------------------------------------------------------------------------

def eye(N, M=None, k=0, dtype=np.float64):
	out = np.zeros((N, N if M is None else M), dtype)
	for i in range(max(0, -k), min(out.shape[0], out.shape[1] - k)):
		out[i, i + k] = 1
	return out


def identity(n, dtype=np.float64):
	return eye(n, None, 0, dtype)


def diag(v, k=0):
	if v.ndim == 1:
		n = v.size + abs(k)
		out = np.zeros((n, n), v.dtype)
		for i in range(v.size):
			out[i + max(0, -k), i + max(0, k)] = v[i]
		return out
	n = max(0, min(v.shape[0] - max(0, -k), v.shape[1] - max(0, k)))
	out = np.empty(n, v.dtype)
	for i in range(n):
		out[i] = v[i + max(0, -k), i + max(0, k)]
	return out


def diagflat(v, k=0):
	return diag(flat(v), k)


def diagonal(a, offset=0):
	return diag(a, offset)


def fill_diagonal(a, val, wrap=False):
	n = a.shape[1] + 1
	for i in range(a.shape[0] if wrap else min(a.shape[0], a.shape[1])):
		if i % n < a.shape[1]:
			a[i, i % n] = val


def tri(N, M=None, k=0, dtype=np.float64):
	out = np.zeros((N, N if M is None else M), dtype)
	for i in range(N):
		for j in range(min(max(0, i + k + 1), out.shape[1])):
			out[i, j] = 1
	return out


def tril(m, k=0):
	out = np.zeros_like(m)
	for i in range(m.shape[0]):
		for j in range(min(max(0, i + k + 1), m.shape[1])):
			out[i, j] = m[i, j]
	return out


def triu(m, k=0):
	out = np.zeros_like(m)
	for i in range(m.shape[0]):
		for j in range(max(0, i + k), m.shape[1]):
			out[i, j] = m[i, j]
	return out


def _indices(n, m, k, lower):
	count = 0
	for i in range(n):
		within = min(max(0, i + k + 1), m) if lower else m - min(max(0, i + k), m)
		count += within
	rows = np.empty(count, np.int64)
	columns = np.empty(count, np.int64)
	at = 0
	for i in range(n):
		for j in range(0 if lower else max(0, i + k), min(max(0, i + k + 1), m) if lower else m):
			rows[at] = i
			columns[at] = j
			at += 1
	return rows, columns


def tril_indices(n, k=0, m=None):
	return _indices(n, n if m is None else m, k, True)


def triu_indices(n, k=0, m=None):
	return _indices(n, n if m is None else m, k, False)


def tril_indices_from(arr, k=0):
	return tril_indices(arr.shape[0], k, arr.shape[1])


def triu_indices_from(arr, k=0):
	return triu_indices(arr.shape[0], k, arr.shape[1])


def vander(x, N=None, increasing=False):
	n = x.size if N is None else N
	out = np.empty((x.size, n), (x[:0] * 1).dtype)
	for i in range(x.size):
		power = x[i] ** 0
		for j in range(n):
			out[i, j if increasing else n - 1 - j] = power
			power = power * x[i]
	return out


def logspace(start, stop, num=50, base=10.0):
	return base ** np.linspace(start, stop, num)


def geomspace(start, stop, num=50):
	if start == 0 or stop == 0:
		raise ValueError("Geometric sequence cannot include zero")
	if (start < 0) != (stop < 0):
		raise ValueError("Geometric sequence cannot change its sign")
	out = np.exp(np.linspace(math.log(abs(start)), math.log(abs(stop)), num))
	if start < 0:
		out = -out
	if num > 0:
		out[0] = start
	if num > 1:
		out[num - 1] = stop
	return out


def indices(dimensions):
	if len(dimensions) == 1:
		out = np.empty((1,) + dimensions, np.int64)
		out[0] = np.arange(dimensions[0])
		return out
	if len(dimensions) != 2:
		raise NotImplementedError("np.indices() of one and two dimensions only")
	out = np.empty((2,) + dimensions, np.int64)
	for i in range(dimensions[0]):
		for j in range(dimensions[1]):
			out[0, i, j] = i
			out[1, i, j] = j
	return out


def meshgrid(x, y):
	first = np.empty((y.size, x.size), x.dtype)
	second = np.empty((y.size, x.size), y.dtype)
	for i in range(y.size):
		for j in range(x.size):
			first[i, j] = x[j]
			second[i, j] = y[i]
	return first, second


# -- Turned -----------------------------------------------------------------------------------------------------------------------

def flip(m, axis=None):
	if axis is None:
		if m.ndim == 1:
			return m[::-1]
		if m.ndim == 2:
			return m[::-1, ::-1]
		return m[::-1, ::-1, ::-1]
	k = axis_of(m, axis)
	if m.ndim == 1:
		return m[::-1]
	if m.ndim == 2:
		return m[::-1] if k == 0 else m[:, ::-1]
	if k == 0:
		return m[::-1]
	return m[:, ::-1] if k == 1 else m[:, :, ::-1]


def flipud(m):
	return m[::-1]


def fliplr(m):
	return m[:, ::-1]


def rot90(m, k=1):
	turns = k % 4
	if turns == 0:
		return m[::1, ::1].copy()
	if turns == 1:
		return m[:, ::-1].T.copy()
	if turns == 2:
		return m[::-1, ::-1].copy()
	return m.T[:, ::-1].copy()


def roll(a, shift, axis=None):
	if axis is None:
		b = flat(a)
		out = np.empty_like(b)
		for i in range(b.size):
			out[(i + shift) % b.size] = b[i]
		return out.reshape(a.shape)
	k = axis_of(a, axis)
	out = np.empty(a.shape, a.dtype)
	to, rows = front(out, k), front(a, k)
	for i in range(rows.shape[0]):
		to[(i + shift) % rows.shape[0]] = rows[i]
	return out


def swapaxes(a, axis1, axis2):
	j, k = axis_of(a, axis1), axis_of(a, axis2)
	if a.ndim == 1:
		return a
	if a.ndim == 2:
		return a.transpose((0, 1)) if j == k else a.transpose((1, 0))
	if a.ndim != 3:
		raise NotImplementedError("np.swapaxes() of arrays of up to three dimensions only")
	if j == k:
		return a.transpose((0, 1, 2))
	if j + k == 1:
		return a.transpose((1, 0, 2))
	return a.transpose((2, 1, 0)) if j + k == 2 else a.transpose((0, 2, 1))


def moveaxis(a, source, destination):
	j, k = axis_of(a, source), axis_of(a, destination)
	if a.ndim < 3 or j == k or abs(j - k) == 1:
		return swapaxes(a, j, k)
	if a.ndim != 3:
		raise NotImplementedError("np.moveaxis() of arrays of up to three dimensions only")
	return a.transpose((1, 2, 0)) if j == 0 else a.transpose((2, 0, 1))


# -- Repeated -----------------------------------------------------------------------------------------------------------------

def repeat(a, repeats):
	b = flat(a)
	if not isinstance(repeats, np.ndarray):
		out = np.empty(b.size * repeats, a.dtype)
		for i in range(b.size):
			for k in range(repeats):
				out[i * repeats + k] = b[i]
		return out
	if repeats.size != b.size:
		raise ValueError("operands could not be broadcast together")
	out = np.empty(repeats.sum(), a.dtype)
	at = 0
	for i in range(b.size):
		for _ in range(repeats[i]):
			out[at] = b[i]
			at += 1
	return out


def tile(A, reps):
	if isinstance(reps, INTEGERS):
		if A.ndim == 1:
			out = np.empty(A.size * reps, A.dtype)
			for i in range(reps):
				out[i * A.size:(i + 1) * A.size] = A
			return out
		return tile(A, (1, reps))
	if A.ndim == 1:
		return tile(A.reshape((1, A.size)), reps)
	if A.ndim != 2 or len(reps) != 2:
		raise NotImplementedError("np.tile() of arrays of one and two dimensions, by a number or two")
	n, m = A.shape
	out = np.empty((n * reps[0], m * reps[1]), A.dtype)
	for i in range(reps[0]):
		for j in range(reps[1]):
			out[i * n:(i + 1) * n, j * m:(j + 1) * m] = A
	return out


def resize(a, new_shape):
	items = flat(a)
	out = np.empty(new_shape, a.dtype)
	to = out.reshape(out.size)
	for i in range(to.size):
		to[i] = items[i % items.size] if items.size else 0
	return out


def broadcast_to(array, shape):
	out = np.empty(shape, array.dtype)
	out[:] = array
	return out


def atleast_1d(ary):
	return as_array(ary)


def atleast_2d(ary):
	a = as_array(ary)
	return a.reshape((1, a.size)) if a.ndim == 1 else a


def atleast_3d(ary):
	a = as_array(ary)
	if a.ndim == 1:
		return a.reshape((1, a.size, 1))
	if a.ndim == 2:
		return np.expand_dims(a, 2)
	return a


# -- Joined and parted -----------------------------------------------------------------------------------------------------------

def _common(arrays):
	"""An array without items of the type that the arrays' items have together."""
	items = np.empty(0, arrays[0].dtype)
	if len(arrays) == 1:
		return items
	if arrays[0].dtype == arrays[1].dtype:
		return _common(arrays[1:])
	return np.where(np.empty(0, np.bool_), items, _common(arrays[1:]))


def concatenate(arrays, axis=0):
	k = axis_of(arrays[0], axis)
	n = 0
	for a in arrays:
		if front(a, k).shape[1:] != front(arrays[0], k).shape[1:]:
			raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")
		n += a.shape[k]
	out = np.empty(with_extent(arrays[0].shape, k, n), _common(arrays).dtype)
	rows = front(out, k)
	at = 0
	for a in arrays:
		rows[at:at + a.shape[k]] = front(a, k)
		at += a.shape[k]
	return out


def stack(arrays, axis=0):
	first = arrays[0]
	k = axis + first.ndim + 1 if axis < 0 else axis
	if k < 0 or k > first.ndim:
		raise np.exceptions.AxisError(f"axis {axis} is out of bounds for array of dimension {first.ndim + 1}")
	out = np.empty(_inserted(first.shape, k, len(arrays)), _common(arrays).dtype)
	rows = front(out, k)
	i = 0
	for a in arrays:
		if a.shape != first.shape:
			raise ValueError("all input arrays must have the same shape")
		rows[i] = a
		i += 1
	return out


def _inserted(shape, axis, n):
	"""The shape with an extent more before an axis."""
	return tuple(n if i == axis else shape[i - (i > axis)] for i in range(len(shape) + 1))


def vstack(tup):
	if tup[0].ndim == 1:
		return stack(tup)
	return concatenate(tup)


def hstack(tup):
	if tup[0].ndim == 1:
		return concatenate(tup)
	return concatenate(tup, 1)


def dstack(tup):
	if tup[0].ndim == 1:
		out = stack(tup, 1)
		return out.reshape((1, out.shape[0], out.shape[1]))
	if tup[0].ndim == 2:
		return stack(tup, 2)
	return concatenate(tup, 2)


def column_stack(tup):
	return concatenate(tuple(a.reshape((a.size, 1)) if a.ndim == 1 else a for a in tup), 1)


def append(arr, values, axis=None):
	if axis is not None:
		return concatenate((arr, values), axis)
	return concatenate((flat(arr), flat(as_array(values))))


def insert(arr, obj, values):
	a, more = flat(arr), flat(as_array(values))
	at = obj + a.size if obj < 0 else obj
	if at < 0 or at > a.size:
		raise IndexError("index is out of bounds for the array")
	out = np.empty(a.size + more.size, a.dtype)
	out[:at] = a[:at]
	out[at:at + more.size] = more
	out[at + more.size:] = a[at:]
	return out


def delete(arr, obj):
	a, gone = flat(arr), flat(as_array(obj))
	stays = np.ones(a.size, np.bool_)
	for i in gone:
		if i < -a.size or i >= a.size:
			raise IndexError("index is out of bounds for the array")
		stays[i] = False
	return a[stays]


def trim_zeros(filt, trim="fb"):
	first, last = 0, filt.size
	if trim != "b":
		while first < last and filt[first] == 0:
			first += 1
	if trim != "f":
		while first < last and filt[last - 1] == 0:
			last -= 1
	return filt[first:last]


def _along(ary, sections, axis):
	k = axis_of(ary, axis)
	turned = front(ary, k)
	if isinstance(sections, tuple):
		return tuple(back(part, k) for part in _at_places(turned, sections))
	if sections <= 0 or ary.shape[k] % sections != 0:
		raise ValueError("array split does not result in an equal division")
	n = ary.shape[k] // sections
	out = np.empty((sections,) + with_extent(ary.shape, k, n), ary.dtype)
	for i in range(sections):
		out[i] = back(turned[i * n:(i + 1) * n], k)
	return out


def split(ary, indices_or_sections, axis=None):
	"""Parts at places: a tuple of views. Of equal parts, so many: an array of one dimension more, whose items they are."""
	if axis is not None:
		return _along(ary, indices_or_sections, axis)
	if isinstance(indices_or_sections, tuple):
		return _at_places(ary, indices_or_sections)
	n = indices_or_sections
	if n <= 0 or ary.shape[0] % n != 0:
		raise ValueError("array split does not result in an equal division")
	return np.ascontiguousarray(ary).reshape((n, ary.shape[0] // n) + ary.shape[1:])


def _at_places(ary, places):
	ends = places + (ary.shape[0],)
	starts = (0,) + places
	return tuple(ary[a:b] for a, b in zip(starts, ends))


def array_split(ary, indices_or_sections, axis=None):
	k = 0 if axis is None else axis_of(ary, axis)
	if not isinstance(indices_or_sections, tuple) and ary.shape[k] % max(indices_or_sections, 1) != 0:
		raise NotImplementedError("np.array_split() into parts of several lengths: give the places, a tuple, or take slices: a[k * len(a) // n:(k + 1) * len(a) // n]")
	return split(ary, indices_or_sections, axis)


def vsplit(ary, indices_or_sections):
	return split(ary, indices_or_sections)


def hsplit(ary, indices_or_sections):
	if ary.ndim == 1:
		return split(ary, indices_or_sections)
	return tuple(part.T for part in _at_places(ary.T, indices_or_sections))


def dsplit(ary, indices_or_sections):
	return tuple(part.transpose((1, 2, 0)) for part in _at_places(front(ary, 2), indices_or_sections))


def _extents(size, shape):
	"""With what is left in the place of -1."""
	known = 1
	for n in shape:
		known *= 1 if n == -1 else n
	return tuple(size // max(known, 1) if n == -1 else n for n in shape)


def reshaped(a, shape):
	"""Of arrays that do not lie in rows."""
	return np.asarray(a, order="C").reshape(_extents(a.size, shape if isinstance(shape, tuple) else (shape,)))


def raveled(a):
	return np.asarray(a, order="C").ravel()


def ascontiguousarray(a):
	return np.asarray(a, order="C")


def asfortranarray(a):
	return np.asarray(a, order="F")


def frombuffer(buffer, dtype=np.float64, count=-1, offset=0):
	every = buffer.reshape(buffer.size).view(np.uint8)
	if offset < 0 or offset > every.size or every.size - offset < count * np.dtype(dtype).itemsize:
		raise ValueError("buffer is smaller than requested size")
	return every[offset:every.size if count < 0 else offset + count * np.dtype(dtype).itemsize].view(dtype)


def broadcast_shapes(*args):
	common = common_shape(tuple(_as_shape(shape) for shape in args))
	if -1 in common:
		raise ValueError("shape mismatch: objects cannot be broadcast to a single shape")
	return common


def common_shape(shapes):
	"""The shape that shapes have together; its extent is -1 where theirs do not fit."""
	return _joined(shapes, _ones(shapes, ()))


def _ones(shapes, longest):
	"""As many ones as the longest shape has extents."""
	if len(shapes) == 0:
		return longest
	if len(shapes[0]) <= len(longest):
		return _ones(shapes[1:], longest)
	return _ones(shapes[1:], tuple(1 for extent in shapes[0]))


def _as_shape(shape):
	return shape if isinstance(shape, tuple) else (shape,)


def _joined(shapes, common):
	if len(shapes) == 0:
		return common
	skip = len(common) - len(shapes[0])
	return _joined(shapes[1:], tuple(extent if i < skip else _common_extent(shapes[0][i - skip], extent) for i, extent in enumerate(common)))


def _common_extent(a, b):
	if a != b and a != 1 and b != 1:
		return -1
	return b if a == 1 else a


def broadcast_arrays(*args):
	shape = broadcast_shapes(*tuple(a.shape for a in args))
	return tuple(broadcast_to(a, shape) for a in args)


# -- Taken --------------------------------------------------------------------------------------------------------------------------

def _check_places(indices, n):
	for i in flat(indices):
		if i >= n or i < -n:
			raise IndexError(f"index {i} is out of bounds for size {n}")


def _taken(a, indices, axis):
	k = axis_of(a, axis)
	n, turned = a.shape[k], front(a, k)
	if isinstance(indices, INTEGERS):
		if indices >= n or indices < -n:
			raise IndexError(f"index {indices} is out of bounds for axis {k} with size {n}")
		return turned[indices].copy() if a.ndim > 1 else turned[indices]
	asked = np.asarray(indices)
	places = flat(asked)
	_check_places(places, n)
	out = np.empty(with_extent(a.shape, k, places.size), a.dtype)
	rows = front(out, k)
	for i in range(places.size):
		rows[i] = turned[places[i]]
	if asked.ndim == 1:
		return out
	m, both = asked.ndim, a.shape + asked.shape
	return out.reshape(tuple(both[i if i < k else a.ndim + i - k if i < k + m else i - m + 1] for i in range(a.ndim + m - 1)))


def take(a, indices, axis=None):
	if axis is not None:
		return _taken(a, indices, axis)
	items = flat(a)
	if isinstance(indices, INTEGERS):
		if indices >= items.size or indices < -items.size:
			raise IndexError(f"index {indices} is out of bounds for size {items.size}")
		return items[indices]
	_check_places(indices, items.size)
	return items[indices]


def extract(condition, arr):
	return flat(arr)[flat(condition) != 0]


def select(condlist, choicelist, default=0):
	if len(condlist) != len(choicelist):
		raise ValueError("list of cases must be same length as list of conditions")
	out = np.full(condlist[0].shape, np.full(1, default)[0] + np.zeros(1, choicelist[0].dtype)[0])
	for i in range(len(condlist) - 1, -1, -1):
		out = np.where(condlist[i], choicelist[i], out)
	return out


def take_along_axis(arr, indices, axis):
	k = axis_of(arr, axis)
	out = np.empty(indices.shape, arr.dtype)
	_check_places(indices, arr.shape[k])
	if arr.ndim == 1:
		for i in range(indices.size):
			out[i] = arr[indices[i]]
		return out
	if arr.ndim != 2:
		raise NotImplementedError("np.take_along_axis() of arrays of one and two dimensions only")
	for i in range(indices.shape[0]):
		for j in range(indices.shape[1]):
			out[i, j] = arr[indices[i, j], j] if k == 0 else arr[i, indices[i, j]]
	return out


def copyto(dst, src):
	dst[:] = src
