"""Host memory that the GPU reaches: page-locked, mapped and managed arrays, and page-locking of arrays that exist. On the CPU
device these are NumPy arrays like any other."""

import contextlib
import ctypes
import math
import operator
import sys

import numpy as np

try:
	from numpy.lib.array_utils import byte_bounds
except ImportError:                                # NumPy 1
	from numpy import byte_bounds

from .. import _core
from .devicearray import DeviceNDArray, _dtype
from .devices import current_context

# -- classes -----------------------------------------------------------------------------------------------------------------


class _InPlace(np.ndarray):
	"""A NumPy array that kernels read and write where it is: what they did is there once they have been waited for."""

	_used_in_place = True

	@property
	def gpu_data(self):
		"""The Buffer that owns the memory; None for an array that only has this class, such as a copy."""
		owner = self.base
		while isinstance(owner, np.ndarray):
			owner = owner.base
		return owner if isinstance(owner, _core.Buffer) else None

	@property
	def stream(self):
		"""The stream that copies go to: the default one."""
		return 0

	@property
	def device_pointer(self):
		"""Address of the first item, as kernels see it."""
		owner = self.gpu_data
		if owner is None:
			raise AttributeError("the array has no memory that kernels reach: it is a copy of one that has")
		return owner.device_pointer + self.ctypes.data - owner.host_pointer

	@property
	def device_ctypes_pointer(self):
		"""The same as a ctypes.c_void_p."""
		return ctypes.c_void_p(self.device_pointer)

	@property
	def alloc_size(self):
		"""Bytes of the allocation that the array lies in."""
		owner = self.gpu_data
		return self.nbytes if owner is None else owner.nbytes

	@property
	def __cuda_array_interface__(self):
		"""CUDA Array Interface, version 3: on GPUs."""
		if _core.device_kind() != "cuda":
			raise AttributeError("the array is in host memory (the device is the CPU)")
		return {"shape": self.shape, "strides": None if self.flags.c_contiguous else self.strides, "typestr": self.dtype.str,
			"data": (self.device_pointer, not self.flags.writeable), "version": 3, "stream": None}

	def is_c_contiguous(self):
		"""Are the items in C order without gaps?"""
		return self.flags.c_contiguous

	def is_f_contiguous(self):
		"""Are the items in Fortran order without gaps?"""
		return self.flags.f_contiguous

	def copy_to_host(self, ary=None, stream=0):
		"""The contents as a NumPy array: a new one, or `ary` of the same shape. Raises ValueError if shapes differ."""
		_core.Stream(stream).synchronize()
		if ary is None:
			return np.array(self)
		if ary.shape != self.shape:
			raise ValueError(f"the host array has shape {ary.shape}, the device array {self.shape}")
		ary[...] = self
		return ary

	def copy_to_device(self, ary, stream=0):
		"""Overwrite with `ary` (host or device) of the same shape. Raises ValueError if shapes differ."""
		if ary.shape != self.shape:
			raise ValueError(f"incompatible shape: {ary.shape} into {self.shape}")
		_core.Stream(stream).synchronize()
		self[...] = ary.copy_to_host(stream=stream) if isinstance(ary, _core.DeviceArray) else ary

	def as_cuda_arg(self):
		"""The array itself."""
		return self


class MappedNDArray(_InPlace):
	"""A NumPy array in page-locked memory: kernels reach it over the bus. cuda.mapped_array() makes it."""


class ManagedNDArray(_InPlace):
	"""A NumPy array in managed memory, whose pages move to whoever uses them. cuda.managed_array() makes it."""


# -- new ones ----------------------------------------------------------------------------------------------------------------

def _host_array(cls, kind, shape, dtype, strides, order):
	dtype = _dtype(dtype)
	_core.DeviceArray._check_dtype(dtype)
	shape = tuple(map(operator.index, shape)) if np.iterable(shape) else (operator.index(shape),)
	if min(shape, default=0) < 0:
		raise ValueError(f"a dimension must not be negative: {min(shape)}")
	count = math.prod(shape)
	span = count * dtype.itemsize
	if strides is not None and count:
		span = sum((extent - 1) * stride for extent, stride in zip(shape, strides)) + dtype.itemsize
	if span > sys.maxsize:
		raise ValueError("the array's size in bytes does not fit in 64 bits")
	return cls(shape, dtype, buffer=_core.Buffer(span, kind), strides=strides, order=order)


def _like(ary):
	fortran = ary.flags["F_CONTIGUOUS"] and not ary.flags["C_CONTIGUOUS"]
	return dict(shape=ary.shape, dtype=ary.dtype, order="F" if fortran else "C")


def pinned_array(shape, dtype=np.float64, strides=None, order="C"):
	"""Uninitialised NumPy array in page-locked memory, from and to which copies are fast and asynchronous."""
	return _host_array(np.ndarray, "pinned", shape, dtype, strides, order)


def pinned_array_like(ary):
	"""Uninitialised page-locked array with shape, dtype and order of `ary`."""
	return pinned_array(**_like(ary))


def mapped_array(shape, dtype=np.float64, strides=None, order="C", stream=0, portable=False, wc=False):
	"""Uninitialised MappedNDArray: page-locked host memory that kernels read and write in place.

	wc: write-combined, which the host writes faster and reads slowly. All are portable: every GPU reaches them."""
	return _host_array(MappedNDArray, "write-combined" if wc else "pinned", shape, dtype, strides, order)


def mapped_array_like(ary, stream=0, portable=False, wc=False):
	"""Uninitialised mapped array with shape, dtype and order of `ary`."""
	return mapped_array(**_like(ary), stream=stream, portable=portable, wc=wc)


def managed_array(shape, dtype=np.float64, strides=None, order="C", stream=0, attach_global=True):
	"""Uninitialised ManagedNDArray: memory that the host and kernels use alike, moved where it is used.

	attach_global=False: kernels reach it only from a stream that it is attached to."""
	return _host_array(ManagedNDArray, "managed" if attach_global else "managed by the host", shape, dtype, strides, order)


# -- memory that exists ------------------------------------------------------------------------------------------------------

def _checked(ary, what):
	if not isinstance(ary, np.ndarray):
		raise TypeError(f"{what}() takes NumPy arrays, not {type(ary).__name__}")
	return ary


@contextlib.contextmanager
def pinned(*arylist):
	"""Context manager: the memory of these NumPy arrays is page-locked inside, so that copies of it are fast and
	asynchronous. At the end it waits for the device."""
	buffers = [_pinned(_checked(ary, "pinned"), False)[0] for ary in arylist]
	try:
		yield
	finally:
		buffers.clear()


@contextlib.contextmanager
def mapped(*arylist, stream=0):
	"""Context manager: device arrays over the memory of these NumPy arrays, one or a list, which kernels use in place.

	The memory stays page-locked until the last of them is gone."""
	arrays = [_on_device(_checked(ary, "mapped"), stream) for ary in arylist]
	try:
		yield arrays[0] if len(arrays) == 1 else list(arrays)
	finally:
		arrays.clear()


def _pinned(ary, mapped):
	"""(what keeps the array's memory page-locked, where kernels find the first item)."""
	manager = current_context().memory_manager
	if manager is None or not ary.size:
		return _core.Buffer.pin(ary, mapped)
	low, high = byte_bounds(ary)
	memory = manager.mempin(ary, low, high - low, mapped)
	found = memory.device_pointer_value
	return _core.Buffer.of(memory, found, high - low), found + ary.ctypes.data - low


def _on_device(ary, stream):
	buffer, address = _pinned(ary, True)
	return DeviceNDArray(ary.shape, ary.strides, ary.dtype, stream, buffer, readonly=not ary.flags.writeable, pointer=address)


@contextlib.contextmanager
def defer_cleanup():
	"""Context manager in which the memory manager of the current device frees nothing. Without a manager it does nothing: the
	driver's frees are ordered by streams and never wait."""
	with current_context().defer_cleanup():
		yield
