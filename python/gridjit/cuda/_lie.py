"""How arrays lie in device memory, for functions over several of them at once."""

from .devicearray import DeviceNDArray


def merged(strides, shape, axes):
	"""(extent, strides of the operands) of these axes, those that lie as one merged."""
	found = []
	for axis in axes:
		if shape[axis] == 1:
			continue
		own = tuple(s[axis] for s in strides)
		if found and found[-1][1] == tuple(s * shape[axis] for s in own):
			found[-1] = found[-1][0] * shape[axis], own
		else:
			found.append((shape[axis], own))
	return found


def decode(position, dimensions, extent):
	"""Lines that make indices of a position in all of these dimensions."""
	lines = []
	for d in reversed(dimensions[1:]):
		lines += [f"i{d} = {position} % {extent(d)}", f"r{d} = {position} // {extent(d)}"]
		position = f"r{d}"
	return lines + ([f"i{dimensions[0]} = {position}"] if dimensions else [])


def meet(a, b):
	"""May two device arrays share memory?"""
	if not isinstance(b, DeviceNDArray) or not a.size or not b.size:
		return False

	def ends(x):
		far = [(n - 1) * s for n, s in zip(x.shape, x.strides)]
		return x.device_pointer + sum(f for f in far if f < 0), x.device_pointer + sum(f for f in far if f > 0) + x.itemsize
	(low, high), (other_low, other_high) = ends(a), ends(b)
	return low < other_high and other_low < high
