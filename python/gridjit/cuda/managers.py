"""Memory managers: classes that take the driver's place as the source of memory, as numba's External Memory Management plugins do
(RMM's, CuPy's pool). `set_memory_manager(cls)`, or GRIDJIT_CUDA_MEMORY_MANAGER names a module that has it as `_numba_memory_manager`.

What arrays are made of comes from the manager from then on; copies that one launch needs of host arrays stay in the driver's
pool, in the order of their stream. On the CPU device memory is the host's, and managers work the same."""

import contextlib
import ctypes
import importlib
import os
import weakref
from abc import ABCMeta, abstractmethod

from .. import _core, errors
from .devices import Context, Device, MemoryInfo

__all__ = ["BaseCUDAMemoryManager", "GetIpcHandleMixin", "HostOnlyCUDAMemoryManager", "IpcHandle", "ManagedMemory", "MappedMemory",
	"MemoryInfo", "MemoryPointer", "PinnedMemory", "set_memory_manager"]

INTERFACE_VERSION = 1


def _address(pointer):
	"""An int of what managers give as an address: an int, a ctypes integer, cuda.bindings' CUdeviceptr, or None."""
	pointer = getattr(pointer, "value", pointer)
	return 0 if pointer is None else int(pointer)


# -- memory -------------------------------------------------------------------------------------------------------------------


class MemoryPointer:
	"""Device memory that a manager gave: `size` bytes at `pointer`. `finalizer` is called, without arguments, when nothing refers to
	it any more; `owner` is kept until then."""

	__cuda_memory__ = True
	is_managed = True

	def __init__(self, context, pointer, size, owner=None, finalizer=None):
		self.context, self.size, self._cuda_memsize_, self.owner = context, size, size, owner
		self.device_pointer_value = _address(pointer)
		self.device_pointer = self.handle = pointer
		self._finalizer = None if finalizer is None else weakref.finalize(self, finalizer)
		if self._finalizer is not None:
			self._finalizer.atexit = False

	@property
	def device_ctypes_pointer(self):
		"""The address as a ctypes.c_void_p."""
		return ctypes.c_void_p(self.device_pointer_value)

	nbytes = property(lambda self: self.size, doc="Size in bytes.")

	def own(self):
		"""The memory itself: it is counted by Python."""
		return self

	def free(self):
		"""Call the finalizer now. Raises RuntimeError if there is none, or if it was called already."""
		if self._finalizer is None or not self._finalizer.alive:
			raise RuntimeError("Freeing dead pointer")
		self._finalizer()

	def memset(self, byte, count=None, stream=0):
		"""Fill the first `count` bytes (all)."""
		_core.memset(self.device_pointer_value, byte, self.size if count is None else count, stream)

	def view(self, start, stop=None):
		"""Bytes start to stop of it, which keep all of it alive. Raises RuntimeError if they are not within it."""
		stop = self.size if stop is None else stop
		if not 0 <= start <= stop <= self.size:
			raise RuntimeError("size cannot be negative" if stop < start else "bytes outside the memory")
		return MemoryPointer(self.context, self.device_pointer_value + start, stop - start, owner=self)


class ManagedMemory(MemoryPointer):
	"""Managed memory, which the host reaches at the same address."""

	@property
	def host_pointer(self):
		"""The host's address."""
		return self.device_pointer_value


class MappedMemory(MemoryPointer):
	"""Page-locked host memory at `pointer`, which kernels reach: where, the driver knows, unless `device_pointer` says it."""

	def __init__(self, context, pointer, size, owner=None, finalizer=None, device_pointer=None):
		host = _address(pointer)
		super().__init__(context, _reached(host) if device_pointer is None else device_pointer, size, owner, finalizer)
		self.host_pointer = host


class PinnedMemory(MappedMemory):
	"""Page-locked host memory."""


def _libcuda():
	return ctypes.CDLL(os.environ.get("GRIDJIT_CUDA_LIBRARY") or "libcuda.so.1")


def _call(function, *args):
	status = getattr(_libcuda(), function)(*args)
	if status:
		raise errors.CudaAPIError(status, f"{function} failed")


def _reached(host):
	"""Where kernels reach page-locked memory."""
	if _core.device_kind() != "cuda":
		return host
	found = ctypes.c_uint64()
	_call("cuMemHostGetDevicePointer_v2", ctypes.byref(found), ctypes.c_void_p(host), 0)
	return found.value


class IpcHandle:
	"""Memory of another process: CUDA's handle of the allocation, and where in it. Made by a manager's get_ipc_handle()."""

	def __init__(self, base, handle, size, source_info=None, offset=0):
		self.base, self.handle, self.size, self.source_info, self.offset = base, handle, size, source_info, offset

	def __bytes__(self):
		return bytes(getattr(self.handle, "reserved", self.handle))

	def open(self, context):
		"""A MemoryPointer to it in this process."""
		with context.device:
			buffer = _core.Buffer.open(bytes(self), self.offset + self.size)
		return MemoryPointer(context, buffer.device_pointer + self.offset, self.size, owner=buffer)

	def open_array(self, context, shape, dtype, strides=None):
		"""A device array over it."""
		from .devicearray import DeviceNDArray
		memory = self.open(context)
		return DeviceNDArray(shape, strides, dtype, 0, memory, pointer=memory.device_pointer_value)

	def close(self):
		"""Nothing to do: the memory is unmapped when nothing uses it."""

	def __reduce__(self):
		return type(self), (None, bytes(self), self.size, self.source_info, self.offset)


# -- managers -----------------------------------------------------------------------------------------------------------------


class BaseCUDAMemoryManager(metaclass=ABCMeta):
	"""What a memory manager is: one object a context. numba's interface, version 1."""

	def __init__(self, *args, **kwargs):
		if "context" not in kwargs:
			raise RuntimeError("Memory manager requires a context")
		self.context = kwargs.pop("context")

	@abstractmethod
	def memalloc(self, size):
		"""Device memory: a MemoryPointer."""

	@abstractmethod
	def memhostalloc(self, size, mapped, portable, wc):
		"""Page-locked host memory: a MappedMemory or PinnedMemory."""

	@abstractmethod
	def mempin(self, owner, pointer, size, mapped):
		"""Page-locks the program's memory: a MappedMemory or PinnedMemory."""

	@abstractmethod
	def initialize(self):
		"""Called before the first use. May be called again."""

	@abstractmethod
	def get_ipc_handle(self, memory):
		"""An IpcHandle of memory that memalloc() gave."""

	@abstractmethod
	def get_memory_info(self):
		"""MemoryInfo(free, total) in bytes."""

	@abstractmethod
	def reset(self):
		"""Called when the context is reset: drop what nobody uses."""

	@abstractmethod
	def defer_cleanup(self):
		"""A context manager in which nothing is freed."""

	@property
	@abstractmethod
	def interface_version(self):
		"""The version of this interface that the manager is written for: 1."""


class _Deallocations:
	"""Frees that wait while they are not allowed."""

	def __init__(self):
		self._waiting, self._held = [], 0

	def add_item(self, dtor, handle, size=0):
		"""Call dtor(handle), now or when that is allowed again."""
		self._waiting.append((dtor, handle))
		self.clear()

	def clear(self):
		"""Call those that wait, if that is allowed."""
		while self._waiting and not self._held:
			dtor, handle = self._waiting.pop(0)
			dtor(handle)

	@contextlib.contextmanager
	def disable(self):
		"""Context manager in which frees wait."""
		self._held += 1
		try:
			yield
		finally:
			self._held -= 1
			self.clear()

	is_disabled = property(lambda self: self._held > 0, doc="Do frees wait?")

	def __len__(self):
		return len(self._waiting)


class HostOnlyCUDAMemoryManager(BaseCUDAMemoryManager):
	"""Base of managers of device memory alone: page-locked and managed memory comes from the driver. `allocations` is a dictionary
	for the manager's own use; what its finalizers hand to `deallocations` waits in defer_cleanup()."""

	def __init__(self, *args, **kwargs):
		super().__init__(*args, **kwargs)
		self.allocations, self.deallocations = {}, _Deallocations()

	def initialize(self):
		"""Nothing to do."""

	def reset(self):
		"""Forget all allocations."""
		self.allocations.clear()
		self.deallocations.clear()

	@contextlib.contextmanager
	def defer_cleanup(self):
		"""Context manager in which `deallocations` wait."""
		with self.deallocations.disable():
			yield

	def _host(self, cls, size, kind):
		with self.context.device:
			buffer = _core.Buffer(size, kind, driver=True)
		return cls(self.context, buffer.host_pointer, size, owner=buffer, device_pointer=buffer.device_pointer)

	def memhostalloc(self, size, mapped=False, portable=False, wc=False):
		"""Page-locked memory from the driver."""
		return self._host(MappedMemory if mapped else PinnedMemory, size, "write-combined" if wc else "pinned")

	def memallocmanaged(self, size, attach_global=True):
		"""Managed memory from the driver."""
		with self.context.device:
			buffer = _core.Buffer(size, "managed" if attach_global else "managed by the host", driver=True)
		return ManagedMemory(self.context, buffer.device_pointer, size, owner=buffer)

	def mempin(self, owner, pointer, size, mapped=False):
		"""The program's memory, page-locked by the driver as long as what is returned lives."""
		buffer = self.context._pin(owner, pointer, size, mapped)
		return (MappedMemory if mapped else PinnedMemory)(self.context, pointer, size, owner=buffer,
			device_pointer=buffer.device_pointer or _address(pointer))


class GetIpcHandleMixin:
	"""get_ipc_handle() by the driver, for managers whose memory it can share."""

	def get_ipc_handle(self, memory):
		"""The driver's handle of the allocation that the memory lies in. Raises NotImplementedError on the CPU device."""
		if self.context.device.kind != "cuda":
			raise NotImplementedError("the CPU device shares no memory that a manager gave")
		base, extent, handle = ctypes.c_uint64(), ctypes.c_size_t(), (ctypes.c_byte * 64)()
		_call("cuMemGetAddressRange_v2", ctypes.byref(base), ctypes.byref(extent), ctypes.c_uint64(memory.device_pointer_value))
		_call("cuIpcGetMemHandle", handle, base)
		return IpcHandle(memory, handle, memory.size, self.context.device.get_device_identity(), memory.device_pointer_value - base.value)


# -- the one that is used -----------------------------------------------------------------------------------------------------

_chosen, _module, _made = None, None, {}


def manager_of(device):
	"""The manager of this device; None: the driver."""
	if _chosen is None and _module:
		_from_module()
	if _chosen is None:
		return None
	made = _made.get(device.id)
	if made is None:
		made = _chosen(context=Context(device))
		version = made.interface_version
		if version != INTERFACE_VERSION:
			raise RuntimeError(f"EMM Plugin interface has version {version} - version {INTERFACE_VERSION} required")
		_made[device.id] = made
		try:
			made.initialize()
		except BaseException:
			_made.pop(device.id, None)
			raise
	return made


def _give(ordinal, kind, size):
	"""What _core asks for memory."""
	manager = manager_of(Device(ordinal))
	if size == 0 or (kind.startswith("managed") and not hasattr(manager, "memallocmanaged")):
		return None
	if kind == "device":
		memory = manager.memalloc(size)
	elif kind.startswith("managed"):
		memory = manager.memallocmanaged(size, attach_global=kind == "managed")
	else:
		memory = manager.memhostalloc(size, mapped=True, portable=False, wc=kind == "write-combined")
	if not hasattr(memory, "device_pointer"):
		raise TypeError(f"the memory manager {type(manager).__name__} gave {memory!r}: it must give a MemoryPointer")
	address, has = _address(memory.device_pointer), getattr(memory, "size", size)
	if has < size or not 0 < address <= (1 << 64) - size:
		raise ValueError(f"the memory manager {type(manager).__name__} was asked for {size} bytes, and gave {has} at address {address:#x}")
	return memory, address, getattr(memory, "host_pointer", None) if kind != "device" else None


def set_memory_manager(mm_plugin):
	"""Take memory from objects of this class (a BaseCUDAMemoryManager), one a device, from now on; arrays that exist keep theirs.
	None: from the driver again."""
	global _chosen, _module
	if mm_plugin is not None and not (isinstance(mm_plugin, type) and hasattr(mm_plugin, "memalloc")):
		raise TypeError(f"a memory manager is a class with memalloc and its like, not {mm_plugin!r}")
	_chosen, _module = mm_plugin, None
	_made.clear()
	_core.set_memory_manager(None if mm_plugin is None else _give)


def set_module(name):
	"""Take the manager that a module calls _numba_memory_manager, which is imported when memory is first needed."""
	global _module
	_module = name
	_core.set_memory_manager(_give)


def _from_module():
	try:
		set_memory_manager(importlib.import_module(_module)._numba_memory_manager)
	except (ImportError, AttributeError, TypeError) as error:
		raise RuntimeError(f"GRIDJIT_CUDA_MEMORY_MANAGER: no memory manager comes from {_module}: {error}") from error
