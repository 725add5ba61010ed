"""Devices: which there are, which one this thread uses, what they can do. On the CPU device there is exactly one."""

import contextlib
import functools
import operator
import os
import sys

from .. import _core, errors


class MemoryInfo(tuple):
	"""(free, total): device memory in bytes."""                     # namedtuple() would take a twentieth of an import

	_fields = "free", "total"

	def __new__(cls, free, total):
		return super().__new__(cls, (free, total))

	free = property(lambda self: self[0], doc="Bytes that can be allocated.")
	total = property(lambda self: self[1], doc="Bytes that there are.")

	def __repr__(self):
		return f"MemoryInfo(free={self.free}, total={self.total})"


# Names that numba gives to attributes, where CUDA's are others.
_OTHER_NAMES = {"MAX_THREADS_PER_MULTI_PROCESSOR": "MAX_THREADS_PER_MULTIPROCESSOR", "IS_MULTI_GPU_BOARD": "MULTI_GPU_BOARD"}


class Device(_core.Device):
	"""A machine that runs kernels: id, name, uuid, kind ('cuda' or 'cpu'), compute_capability, and CUDA's attributes by
	name (MULTIPROCESSOR_COUNT, MAX_THREADS_PER_BLOCK …). `with device:` selects it."""

	def __getattr__(self, name):
		if not name.isupper():
			raise AttributeError(f"'Device' object has no attribute '{name}'")
		return self.attribute(_OTHER_NAMES.get(name, name))

	@property
	def supports_float16(self):
		"""Does it compute with float16?"""
		return True

	@property
	def supports_bfloat16(self):
		"""Does it compute with bfloat16? Everywhere; GPUs before 8.0, which have no instructions for it, by way of float32."""
		return True

	@property
	def supports_fp8(self):
		"""Does it compute with 8-bit floats?"""
		return self.compute_capability >= (8, 9)

	def get_device_identity(self):
		"""Dictionary: PCI domain, bus and device."""
		return {"pci_domain_id": self.PCI_DOMAIN_ID, "pci_bus_id": self.PCI_BUS_ID, "pci_device_id": self.PCI_DEVICE_ID}

	def get_primary_context(self):
		"""The device's context."""
		return Context(self)

	def release_primary_context(self):
		"""Nothing to do: the context is the process's, and other libraries use it too."""

	@classmethod
	def from_identity(cls, identity):
		"""The device of this get_device_identity(). Raises RuntimeError if there is none."""
		for device in gpus:
			if device.get_device_identity() == identity:
				return device
		raise RuntimeError(f"No device of identity {identity} is found. Target device may not be visible in this process.")

	def reset(self):
		"""Wait for all work. Memory and kernels stay: other libraries may use the same context."""
		self.synchronize()

	def __enter__(self):
		self._previous = getattr(self, "_previous", []) + [_core.current_ordinal()]
		_core.select_device(self.id)
		return self

	def __exit__(self, *unused):
		_core.select_device(self._previous.pop())

	def __eq__(self, other):
		return isinstance(other, Device) and self.uuid == other.uuid and self.id == other.id

	def __hash__(self):
		return hash((self.uuid, self.id))

	def __repr__(self):
		return f"<CUDA device {self.id} '{self.name}'>" if self.kind == "cuda" else f"<CPU device '{self.name}'>"


class _NoDeallocations:
	"""Context.deallocations where memory is freed at once: nothing ever waits."""

	is_disabled = False

	def __len__(self):
		return 0

	def clear(self):
		"""Free what waits."""

	def disable(self):
		"""Context manager in which nothing is freed; here it does nothing."""
		return contextlib.nullcontext()


class Context:
	"""What belongs to a device in this process: memory, streams, kernels."""

	def __init__(self, device):
		self.device = device

	def __eq__(self, other):
		return isinstance(other, Context) and self.device == other.device

	def __hash__(self):
		return hash(self.device)

	def __repr__(self):
		return f"<context of {self.device!r}>"

	def get_memory_info(self):
		"""MemoryInfo(free, total) in bytes, as the memory manager knows it, if there is one."""
		manager = self.memory_manager
		return MemoryInfo(*self.device.memory_info()) if manager is None else manager.get_memory_info()

	@property
	def memory_manager(self):
		"""The object that memory comes from (cuda.set_memory_manager); None: the driver."""
		return _managers().manager_of(self.device) if _managed() else None

	def synchronize(self):
		"""Wait until the device has nothing left to do."""
		self.device.synchronize()

	def reset(self):
		"""Wait for all work, then reset the memory manager, if there is one."""
		self.device.reset()
		if self.memory_manager is not None:
			self.memory_manager.reset()

	def push(self):
		"""Make it this thread's context."""
		_core.select_device(self.device.id)

	def pop(self):
		"""Nothing to undo: a thread always has a device."""

	def memalloc(self, bytesize):
		"""Allocate device memory: a Buffer, or what the memory manager gives."""
		if self.memory_manager is not None:
			return self.memory_manager.memalloc(bytesize)
		with self.device:
			return _core.Buffer(bytesize)

	def memhostalloc(self, bytesize, mapped=False, portable=False, wc=False):
		"""Allocate page-locked host memory: a Buffer, or what the memory manager gives. It is mapped and portable always; wc:
		write-combined."""
		if self.memory_manager is not None:
			return self.memory_manager.memhostalloc(bytesize, mapped, portable, wc)
		with self.device:
			return _core.Buffer(bytesize, "write-combined" if wc else "pinned")

	def memallocmanaged(self, bytesize, attach_global=True):
		"""Allocate managed memory: a Buffer, or what the memory manager gives."""
		if hasattr(self.memory_manager, "memallocmanaged"):
			return self.memory_manager.memallocmanaged(bytesize, attach_global)
		with self.device:
			return _core.Buffer(bytesize, "managed" if attach_global else "managed by the host")

	def mempin(self, owner, pointer, size, mapped=False):
		"""Page-lock `size` bytes at `pointer`, which belong to `owner`, as long as what is returned lives."""
		if self.memory_manager is not None:
			return self.memory_manager.mempin(owner, pointer, size, mapped)
		return self._pin(owner, pointer, size, mapped)

	def _pin(self, owner, pointer, size, mapped):
		import ctypes
		import numpy as np
		memory = (ctypes.c_byte * size).from_address(int(pointer))
		memory.owner = owner
		with self.device:
			return _core.Buffer.pin(np.frombuffer(memory, np.uint8), mapped)[0]

	def create_stream(self):
		"""A new stream."""
		return self._stream()

	def get_default_stream(self):
		"""The default stream."""
		return self._stream(0)

	def get_legacy_default_stream(self):
		"""CUDA's legacy default stream."""
		return self._stream(1)

	def get_per_thread_default_stream(self):
		"""CUDA's default stream of this thread."""
		return self._stream(2)

	def create_external_stream(self, ptr):
		"""The stream of another library by its handle."""
		return self._stream(operator.index(ptr))

	def _stream(self, *handle):
		from .streams import Stream
		with self.device:
			return Stream(*handle)

	def create_event(self, timing=True):
		"""A new event."""
		with self.device:
			return _core.Event(timing)

	def get_active_blocks_per_multiprocessor(self, func, blocksize, memsize, flags=None):
		"""Blocks of `blocksize` threads and `memsize` bytes of shared memory of a Kernel that a multiprocessor holds."""
		return func.active_blocks(blocksize, memsize)

	def get_max_potential_block_size(self, func, b2d_func=None, memsize=0, blocksizelimit=0, flags=None):
		"""(least number of blocks that fills the device, threads a block) for a Kernel."""
		threads, blocks = func.suggest_block(memsize)
		return blocks, min(threads, blocksizelimit) if blocksizelimit else threads

	def can_access_peer(self, peer_context):
		"""Can kernels of this device reach the memory of another one? Takes its context or number."""
		return self.device.peer(_number(peer_context), False)

	def enable_peer_access(self, peer_context, flags=0):
		"""Let kernels of this device reach the memory of another one. Raises CudaAPIError where they cannot."""
		if not self.device.peer(_number(peer_context), True):
			raise errors.CudaAPIError(f"device {self.device.id} cannot reach the memory of device {_number(peer_context)}")

	@property
	def deallocations(self):
		"""What waits to be freed, with clear(): the memory manager's, if it has some; else there is nothing."""
		waiting = getattr(self.memory_manager, "deallocations", None)
		return _NoDeallocations() if waiting is None else waiting

	@contextlib.contextmanager
	def defer_cleanup(self):
		"""Context manager in which the memory manager frees nothing. Without one it does nothing: the driver's frees never wait."""
		with contextlib.nullcontext() if self.memory_manager is None else self.memory_manager.defer_cleanup():
			yield


def _managed():
	"""Has a memory manager been set? Without importing what managers need."""
	return f"{__package__}.managers" in sys.modules


def _managers():
	from . import managers
	return managers


def _number(context):
	return context.device.id if isinstance(context, Context) else operator.index(context)


class _DeviceList:
	"""cuda.gpus: the devices by index, `.current` the one in use, `.lst` a list of all."""

	def __len__(self):
		return _core.device_count()

	def __getitem__(self, ordinal):
		return Device(ordinal)

	def __iter__(self):
		return (Device(ordinal) for ordinal in range(len(self)))

	@property
	def lst(self):
		"""All devices."""
		return list(self)

	@property
	def current(self):
		"""This thread's device."""
		return get_current_device()

	def __str__(self):
		return "<Managed Device list of %d>" % len(self)


gpus = _DeviceList()


def list_devices():
	"""The devices: an indexable, iterable object."""
	return gpus


def select_device(device_id):
	"""Use device `device_id` on this thread from now on; returns its context. Raises CudaDeviceError if there is none."""
	_core.select_device(device_id)
	return current_context()


def get_current_device():
	"""This thread's device. Raises CudaSupportError if a GPU is asked for and there is none."""
	return Device(_core.current_ordinal())


def current_context(devnum=None):
	"""Context of this thread's device, or of device `devnum`."""
	return Context(get_current_device() if devnum is None else Device(devnum))


def require_context(func):
	"""Decorator of functions that use the device: it is opened before the first call."""
	@functools.wraps(func)
	def wrapper(*args, **kwargs):
		_core.current_ordinal()
		return func(*args, **kwargs)
	return wrapper


def synchronize():
	"""Wait until the current device has nothing left to do. Errors of kernels come out here, as CudaAPIError."""
	get_current_device().synchronize()


def close():
	"""Wait for all work. Memory that arrays hold stays theirs."""
	for device in gpus:
		device.synchronize()


def is_available():
	"""Can kernels run? True with a GPU, and on the CPU device; False only if GRIDJIT_DEVICE=gpu finds no GPU."""
	try:
		_core.current_ordinal()
	except (errors.CudaSupportError, errors.CudaDriverError):
		return False
	return True


def is_supported_version():
	"""Is the driver new enough? True on the CPU device."""
	return is_available()


def cuda_error():
	"""Why no GPU can be used, or None."""
	return None if is_available() else _core.why_no_gpu()


def detect():
	"""Print the devices and whether they can be used; returns True if one can."""
	if not is_available():
		print(f"Found 0 CUDA devices: {_core.why_no_gpu()}")
		return False
	if _core.device_kind() == "cpu":
		why = _core.why_no_gpu()
		print(f"Kernels run on the CPU{': ' + why if why else ''}")
	else:
		print(f"Found {len(gpus)} CUDA devices")
	for device in gpus:
		capability = ".".join(map(str, device.compute_capability)) if device.kind == "cuda" else "none"
		print(f"id {device.id}  {device.name:>40}  [SUPPORTED]\n{'Compute Capability':>32}: {capability}"
			f"\n{'Multiprocessors':>32}: {device.MULTIPROCESSOR_COUNT}\n{'UUID':>32}: {device.uuid}")
	return True


def is_float16_supported():
	"""Does the current device compute with float16?"""
	return get_current_device().supports_float16


def is_bfloat16_supported():
	"""Does the current device compute with bfloat16?"""
	return get_current_device().supports_bfloat16


def is_fp8_supported():
	"""Does the current device compute with 8-bit floats?"""
	return get_current_device().supports_fp8


def _profiler(call):
	"""Tell the driver's profiler; the CPU device has none."""
	if get_current_device().kind != "cuda":
		return
	import ctypes
	status = getattr(ctypes.CDLL(os.environ.get("GRIDJIT_CUDA_LIBRARY") or "libcuda.so.1"), call)()
	if status:
		raise errors.CudaAPIError(status, f"{call} failed")


def profile_start():
	"""Switch the profiler's recording on."""
	_profiler("cuProfilerStart")


def profile_stop():
	"""Switch the profiler's recording off."""
	_profiler("cuProfilerStop")


@contextlib.contextmanager
def profiling():
	"""Context manager: the profiler records inside."""
	profile_start()
	try:
		yield
	finally:
		profile_stop()
