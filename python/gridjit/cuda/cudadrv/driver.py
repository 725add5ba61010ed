"""A few of the driver's functions, by the names of numba.cuda.cudadrv.driver. Device memory is a Buffer, a device array or an
address, host memory anything with the buffer protocol, or an address."""

from ... import _core
from ...errors import CudaAPIError, LinkerError
from ..devices import Context, Device
from ..managers import (BaseCUDAMemoryManager, GetIpcHandleMixin, HostOnlyCUDAMemoryManager, IpcHandle, ManagedMemory, MappedMemory,
	MemoryInfo, MemoryPointer, PinnedMemory, set_memory_manager)
from ..streams import Event, Stream

__all__ = ["BaseCUDAMemoryManager", "Context", "CudaAPIError", "Device", "Event", "GetIpcHandleMixin", "HostOnlyCUDAMemoryManager",
	"IpcHandle", "LinkerError", "ManagedMemory", "MappedMemory", "MemoryInfo", "MemoryPointer", "PinnedMemory", "Stream",
	"device_memory_size", "device_memset", "device_pointer", "device_to_device", "device_to_host", "host_memory_size", "host_pointer",
	"host_to_device", "is_device_memory", "set_memory_manager"]


def is_device_memory(obj):
	"""Is it a Buffer, what a memory manager gave, or an array in device memory?"""
	return isinstance(obj, (_core.Buffer, _core.DeviceArray)) or getattr(obj, "__cuda_memory__", False)


def device_pointer(obj):
	"""Its address, as an int."""
	return obj if isinstance(obj, int) else obj.device_pointer_value if isinstance(obj, MemoryPointer) else obj.device_pointer


def device_memory_size(obj):
	"""Its bytes."""
	return obj.nbytes


def _view(obj, readonly):
	import numpy as np
	array = obj if isinstance(obj, np.ndarray) else np.frombuffer(obj, np.uint8)
	if not readonly and not array.flags.writeable:
		raise ValueError("the host memory is read-only")
	return array


def host_pointer(obj, readonly=False):
	"""The address of host memory, as an int. readonly: it will only be read."""
	return obj if isinstance(obj, int) else _view(obj, readonly).ctypes.data


def host_memory_size(obj):
	"""Its bytes."""
	return _view(obj, True).nbytes


def device_memset(dst, val, size, stream=0):
	"""Fill `size` bytes at dst with the byte `val`."""
	_core.memset(device_pointer(dst), val, size, stream)


def host_to_device(dst, src, size, stream=0):
	"""Copy `size` bytes to the device."""
	_core.memcpy("to the device", device_pointer(dst), host_pointer(src, True), size, stream)


def device_to_host(dst, src, size, stream=0):
	"""Copy `size` bytes from the device."""
	_core.memcpy("to the host", host_pointer(dst), device_pointer(src), size, stream)


def device_to_device(dst, src, size, stream=0):
	"""Copy `size` bytes on the device."""
	_core.memcpy("on the device", device_pointer(dst), device_pointer(src), size, stream)
