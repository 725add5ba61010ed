"""numba.np.unsafe, numba.cpython.unsafe: functions of Python that compiled ones call."""


def to_fixed_tuple(array, length):
	"""The first items of an array as a tuple; `length` is a constant."""
	if len(array) < length:
		raise ValueError("the array has fewer items")
	return tuple(array[i] for i in range(length))


to_fixed_tuple._gj_intrinsic = "gridjit.to_fixed_tuple"


def tuple_setitem(items, index, value):
	"""A tuple with another item at the index."""
	return tuple(value if i == index else items[i] for i in range(len(items)))
