"""Device memory of other processes. `array.get_ipc_handle()` is sent to another process of this machine (it can be pickled), and
there `with handle as array:` sees the same memory.

On the CPU device the other process must run under the same user."""

import contextlib
import math
import os
import weakref

import numpy as np

from .. import _core
from .devicearray import DeviceNDArray, _dtype
from .devices import current_context


_shared = weakref.WeakValueDictionary()            # what this process has handed out, by handle: it cannot open its own memory


def _opened(handle, offset, shape, strides, dtype):
	dtype = _dtype(dtype)
	shape = tuple(shape) if np.iterable(shape) else (shape,)
	span = math.prod(shape) and dtype.itemsize
	if strides is None:
		span *= math.prod(shape)
	elif span:
		span += sum((extent - 1) * stride for extent, stride in zip(shape, strides) if stride > 0)
	buffer = _core.Buffer.open(bytes(handle), offset + span)
	return DeviceNDArray(shape, strides, dtype, 0, buffer, pointer=buffer.device_pointer + offset)


def _share(array):
	"""(handle of 64 bytes, offset): of memory that a manager gave, as the manager says."""
	memory = getattr(array.gpu_data, "memory", None)
	if memory is None:
		return array._share()
	handle = current_context().memory_manager.get_ipc_handle(memory)
	return bytes(handle), handle.offset + array.device_pointer - memory.device_pointer_value


class IpcArrayHandle:
	"""Names an array in another process: DeviceNDArray.get_ipc_handle() makes it. A context manager that gives the array.

	In the process that made it, it gives the array itself. The array must live as long as others use it."""

	def __init__(self, array):
		self._handle, self._offset = _share(array)
		self._shape, self._strides, self._dtype = array.shape, array.strides, array.dtype
		self._kept, self._array, self._process = array, None, os.getpid()
		_shared[self._handle, self._offset, self._strides] = array

	def open(self):
		"""The array: a DeviceNDArray over the other process's memory. Raises CudaAPIError if that is gone."""
		if self._array is None and self._process == os.getpid():
			self._array = _shared.get((self._handle, self._offset, self._strides))
		if self._array is None:
			self._array = _opened(self._handle, self._offset, self._shape, self._strides, self._dtype)
		return self._array

	def close(self):
		"""Forget the array; its memory is unmapped when nothing else uses it."""
		self._array = None

	def __enter__(self):
		return self.open()

	def __exit__(self, *unused):
		self.close()

	def __getstate__(self):
		return self.__dict__ | {"_kept": None, "_array": None}


@contextlib.contextmanager
def open_ipc_array(handle, shape, dtype, strides=None, offset=0):
	"""Context manager: the DeviceNDArray of this shape and dtype at `offset` in the memory that a handle of 64 bytes names
	(CUDA's CUipcMemHandle, or bytes)."""
	yield _opened(handle, offset, shape, strides, dtype)
