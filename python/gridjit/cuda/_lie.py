"""How arrays lie in device memory, for functions over several of them at once."""

import functools

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


def meet(a, b):
	"""May two device arrays share memory?"""
	if not isinstance(b, DeviceNDArray) or not a.size or not b.size:
		return False

	def ends(x):
		far = [(n - 1) * s for n, s in zip(x.shape, x.strides)]
		return x.device_pointer + sum(f for f in far if f < 0), x.device_pointer + sum(f for f in far if f > 0) + x.itemsize
	(low, high), (other_low, other_high) = ends(a), ends(b)
	return low < other_high and other_low < high


def _by_stride(strides, axes):
	return sorted(axes, key=lambda axis: -max(abs(s[axis]) for s in strides))


@functools.lru_cache(maxsize=1024)
def _dimensions(layouts, shape, axes, in_order):
	"""What Lie says of operands with these layouts, (shape, strides, bytes of an item), or None: a number."""
	strides = [(0,) * (len(shape) - len(own)) + tuple(s if n > 1 else 0 for n, s in zip(own, steps)) for own, steps, _ in
		(layout or ((), (), 0) for layout in layouts)]
	order = _by_stride(strides, [axis for axis in range(len(shape)) if axis not in axes])
	kept = merged(strides, shape, order) or [(1, (0,) * len(layouts))]
	gone = merged(strides, shape, axes if in_order else _by_stride(strides, axes))
	along = bool(gone) and (kept[0][0] == 1 or max(map(abs, gone[-1][1])) <= max(map(abs, kept[-1][1])))
	varies = tuple(layout and tuple(bool(s[k]) for _, s in kept + gone) for k, layout in enumerate(layouts))
	views = tuple(layout and (tuple(zip(*((n, s[k]) for n, s in kept + gone if s[k]))) or ((1,), (layout[2],))) for k, layout in enumerate(layouts))
	return order, [n for n, _ in kept], [n for n, _ in gone], along, varies, views


class Lie:
	"""Operands of a reduction. order: the dimensions that stay, slowest first; kept, gone: the extents of those and of those that are
	reduced, merged; along: do threads run along the last one that is reduced, or the last that stays? varies: for each operand along which
	of all these dimensions it changes (None: a number); arguments: the operands as the kernel takes them, arrays of those dimensions."""

	def __init__(self, operands, shape, axes, in_order):
		layouts = tuple((a.shape, a.strides, a.itemsize) if isinstance(a, DeviceNDArray) else None for a in operands)
		self.order, self.kept, self.gone, self.along, self.varies, views = _dimensions(layouts, shape, axes, in_order)
		self.arguments = [a if layout is None or layout[:2] == view else
			DeviceNDArray(*view, a.dtype, a.stream, a.gpu_data, readonly=True, pointer=a.device_pointer) for a, layout, view in zip(operands, layouts, views)]


class Parts:
	"""States that blocks have left, [row, part] or [row, part, column], as operands of the last launch."""

	def __init__(self, states, along):
		rows, parts = states[0].shape[:2]
		self.along, self.gone = along, [parts]
		self.kept = [rows] if along else [rows, states[0].shape[2]]
		self.varies = ((True,) * (len(self.kept) + 1),) * len(states)
		self.arguments = states if along else [a.transpose((0, 2, 1)) for a in states]
