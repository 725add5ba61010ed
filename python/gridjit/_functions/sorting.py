"""Searching and sorting."""

import numpy as np

from .common import NUMBERS, as_array, axis_of, flat, front, lone


def _largest(b):
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


def _smallest(b):
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


def _along(a, axis, is_better):
	"""Where each column's first item is that none is better than, or its first NaN."""
	rows = front(a, axis_of(a, axis))
	best, at = rows[0].copy(), np.zeros(rows.shape[1:], np.int64)
	for i in range(1, rows.shape[0]):
		wins = (best == best) & (is_better(rows[i], best) | (rows[i] != rows[i]))
		at[:] = np.where(wins, i, at)
		best[:] = np.where(wins, rows[i], best)
	return at


def argmax(a, axis=None):
	if axis is None or a.ndim == 1:
		return lone(_largest(flat(a)), a, axis, None)
	if a.shape[axis_of(a, axis)] == 0:
		raise ValueError("attempt to get argmax of an empty sequence")
	return _along(a, axis, np.greater)


def argmin(a, axis=None):
	if axis is None or a.ndim == 1:
		return lone(_smallest(flat(a)), a, axis, None)
	if a.shape[axis_of(a, axis)] == 0:
		raise ValueError("attempt to get argmin of an empty sequence")
	return _along(a, axis, np.less)


def _first_number(b):
	for i in range(b.size):
		if b[i] == b[i]:
			return i
	raise ValueError("All-NaN slice encountered")


def nanargmax(a):
	b = flat(a)
	at = _first_number(b)
	for i in range(at + 1, b.size):
		if b[i] > b[at]:
			at = i
	return at


def nanargmin(a):
	b = flat(a)
	at = _first_number(b)
	for i in range(at + 1, b.size):
		if b[i] < b[at]:
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


def merge_sort(a, order):
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


def heap_sort(a, low, high):
	n = high - low + 1
	for start in range(n // 2 - 1, -1, -1):
		_sift(a, low, start, n)
	for end in range(n - 1, 0, -1):
		x = a[low]
		a[low] = a[low + end]
		a[low + end] = x
		_sift(a, low, 0, end)


def quick_sort(a):
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
				heap_sort(a, low, high)
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
	out = a.copy()
	sort_in_place(out)
	return out


def sort_in_place(self):
	if self.ndim == 1:
		quick_sort(self)
	elif self.ndim == 2:
		for row in self:
			quick_sort(row)
	else:
		raise NotImplementedError("sort() of arrays of one and two dimensions only")


def argsort(a, kind="quicksort"):
	if a.ndim != 1:
		raise NotImplementedError("argsort() of arrays of one dimension only")
	order = np.arange(a.size)
	merge_sort(a.copy(), order)
	return order


def select(a, k):
	"""Brings the item that comes k-th to its place, with none before it that comes later (Hoare), by heaps if that takes long."""
	low, high, patience = 0, a.size - 1, 64
	while low < high:
		if patience == 0:
			heap_sort(a, low, high)
			return
		patience -= 1
		x, y, z = a[low], a[(low + high) // 2], a[high]
		if _before(y, x):
			x, y = y, x
		if _before(z, y):
			y = z if not _before(z, x) else x
		i, j = low, high
		while i <= j:
			while _before(a[i], y):
				i += 1
			while _before(y, a[j]):
				j -= 1
			if i <= j:
				a[i], a[j] = a[j], a[i]
				i += 1
				j -= 1
		if k <= j:
			high = j
		elif k >= i:
			low = i
		else:
			return


def partition(a, kth):
	if isinstance(kth, np.ndarray):                # at each of these places: all in order
		return sort(a)
	out = a.copy()
	if kth < -a.shape[a.ndim - 1] or kth >= a.shape[a.ndim - 1]:
		raise ValueError("kth out of bounds")
	k = kth + a.shape[a.ndim - 1] if kth < 0 else kth
	if a.ndim == 1:
		select(out, k)
	elif a.ndim == 2:
		for row in out:
			select(row, k)
	else:
		raise NotImplementedError("np.partition() of arrays of one and two dimensions only")
	return out


def argpartition(a, kth):
	if isinstance(kth, np.ndarray):
		return argsort(a)
	if kth < -a.size or kth >= a.size:
		raise ValueError("kth out of bounds")
	return argsort(a)


def place(a, x, right):
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
	if isinstance(v, NUMBERS):
		return place(a, v, side == "right")
	out = np.empty(v.size, np.int64)
	values = flat(v)
	for i in range(values.size):
		out[i] = place(a, values[i], side == "right")
	return out.reshape(v.shape)


def argwhere(a):
	out = np.empty((count_nonzero(a), a.ndim), np.int64)
	k = 0
	for index, x in np.ndenumerate(a):
		if x:
			for d in range(a.ndim):
				out[k, d] = index[d]
			k += 1
	return out


def nonzero(a):
	if a.ndim > 1:
		places = argwhere(a)
		return tuple(places[:, d].copy() for d in range(a.ndim))
	n = 0
	for x in a:
		if x:
			n += 1
	out = np.empty(n, np.int64)
	i = k = 0
	while k < n:                           # what is zero is overwritten by the place that comes next: there is nothing to branch on
		out[k] = i
		k += a[i] != 0
		i += 1
	return (out,)


def flatnonzero(a):
	return nonzero(flat(a))[0]


def count_nonzero(a, axis=None):
	if axis is not None:
		return (a != 0).sum(axis)
	if a.ndim == 0:
		return 1 if a[()] else 0
	n = 0
	for x in a:
		n += count_nonzero(x) if a.ndim > 1 else x != 0
	return n


def unique(ar):
	b = ar.flatten()
	quick_sort(b)
	n = 0
	for i in range(b.size):
		if i == 0 or b[i] != b[i - 1]:
			b[n] = b[i]
			n += 1
	return b[:n].copy()


def digitize(x, bins, right=False):
	down = bins.size > 1 and bins[0] > bins[bins.size - 1]
	for i in range(1, bins.size):
		if bins[i] < bins[i - 1] if not down else bins[i] > bins[i - 1]:
			raise ValueError("bins must be monotonically increasing or decreasing")
	if not isinstance(x, np.ndarray):
		return _bin(x, bins, right, down)
	out = np.empty(x.size, np.int64)
	items = flat(x)
	for i in range(items.size):
		out[i] = _bin(items[i], bins, right, down)
	return out.reshape(x.shape)


def _bin(x, bins, right, down):
	if down:
		return bins.size - place(bins[::-1], x, not right)
	return place(bins, x, not right)


# -- As sets ------------------------------------------------------------------------------------------------------------------------

def isin(element, test_elements, assume_unique=False, invert=False):
	items, other = flat(as_array(element)), as_array(test_elements).flatten()
	quick_sort(other)
	out = np.empty(items.size, np.bool_)
	for i in range(items.size):
		at = place(other, items[i], False)
		out[i] = (at < other.size and other[at] == items[i]) != invert
	return out.reshape(element.shape)


def union1d(ar1, ar2):
	return unique(np.append(ar1, ar2))


def intersect1d(ar1, ar2, assume_unique=False):
	a = unique(ar1)
	return a[isin(a, ar2)]


def setdiff1d(ar1, ar2, assume_unique=False):
	"""In the order of the first, if its items are promised to differ."""
	a = ar1.flatten() if assume_unique else unique(ar1)
	return a[isin(a, ar2, False, True)]


def setxor1d(ar1, ar2, assume_unique=False):
	return union1d(setdiff1d(ar1, ar2), setdiff1d(ar2, ar1))
