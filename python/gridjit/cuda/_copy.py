"""Assignment between strided device arrays: kernels of one to three dimensions, more dimensions one by one. Items that
kernels do not know are copied as words of 1 to 8 bytes."""

import math

from . import grid
from .devicearray import DeviceNDArray
from .dispatcher import jit


@jit
def copy1(target, source):
	i = grid(1)
	if i < target.shape[0]:
		target[i] = source[i]


@jit
def copy2(target, source):
	j, i = grid(2)
	if i < target.shape[0] and j < target.shape[1]:
		target[i, j] = source[i, j]


@jit
def copy3(target, source):
	k, j, i = grid(3)
	if i < target.shape[0] and j < target.shape[1] and k < target.shape[2]:
		target[i, j, k] = source[i, j, k]


KERNELS = {1: (copy1, (256,)), 2: (copy2, (64, 4)), 3: (copy3, (64, 2, 2))}


def has_kernels(dtype):
	"""Can kernels read and write items of this dtype?"""
	return dtype.isnative and (dtype.kind in "biu" or dtype.kind == "f" and dtype.itemsize in (4, 8))


def word(array, size, offset):
	"""The same items, of each only the `size` bytes at `offset`."""
	return DeviceNDArray(array.shape, array.strides, f"u{size}", array.stream, array.gpu_data, readonly=array.readonly,
		pointer=array._address + offset)


def copy(target, source, stream):
	"""target[...] = source for arrays of the same shape, and of the same dtype if it is one that kernels do not know."""
	if target.size == 0:
		return
	if not has_kernels(target.dtype):
		size = math.gcd(8, target.itemsize, target._address, source._address, *target.strides, *source.strides)
		for offset in range(0, target.itemsize, size):
			copy(word(target, size, offset), word(source, size, offset), stream)
		return
	if target.ndim == 0:
		target, source = target._index(None), source._index(None)
	if target.ndim > 3:
		for index in range(target.shape[0]):
			copy(target._index((index, ...)), source._index((index, ...)), stream)
		return
	kernel, block = KERNELS[target.ndim]
	blocks = tuple((extent + size - 1) // size for extent, size in zip(reversed(target.shape), block))
	kernel[blocks, block, stream](target, source)
