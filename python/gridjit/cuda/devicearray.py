"""Arrays in device memory, and getting data there. Stream arguments: 0 means the array's bound stream, else the default
stream. Copies on the default stream, and of ordinary host memory on any, have happened when the call returns; those of
pinned memory on another stream when that stream has come to them."""

import numpy as np

from .. import _core, config, types


class _Flags(dict):
	"""Flags by name, in capitals as keys and in small letters as attributes."""

	__slots__ = ("_array",)

	@property
	def writeable(self):
		return not self._array.readonly

	@writeable.setter
	def writeable(self, value):
		self._array.setflags(write=value)

	def __missing__(self, name):
		"""NumPy's other names."""
		c, f = self["C_CONTIGUOUS"], self["F_CONTIGUOUS"]
		return {"C": c, "CONTIGUOUS": c, "F": f, "FORTRAN": f, "FORC": c or f, "FNC": f and not c, "W": self.writeable, "WRITEABLE": self.writeable}[name]

	def __getattr__(self, name):
		try:
			return self[name.upper()]
		except KeyError:
			raise AttributeError(f"there is no flag {name!r}: there are {', '.join(map(str.lower, self))}, writeable") from None


class _Flat:
	"""All items of an array in C order: to iterate over, to index and to assign to, as NumPy's a.flat."""

	def __init__(self, array):
		self.base, self.index, self._items = array, 0, None

	def __len__(self):
		return self.base.size

	def __iter__(self):
		return self

	def __next__(self):
		if self._items is None:
			self._items = self.base._to_numpy(0).ravel()
		if self.index == len(self):
			raise StopIteration
		self.index += 1
		return self._items[self.index - 1]

	@property
	def coords(self):
		"""Where the next item lies."""
		at, rest = [], self.index
		for extent in self.base.shape[:0:-1]:
			rest, i = divmod(rest, extent or 1)
			at.insert(0, i)
		return (rest, *at) if self.base.ndim else ()

	def __array__(self, dtype=None, copy=None):
		return np.asarray(self.base._to_numpy(0).ravel(), dtype)

	def copy(self):
		"""All items in one dimension, a copy."""
		return self.base.ravel().copy()

	def __getitem__(self, key):
		items = self.base.ravel()[key]
		return items.copy() if isinstance(items, DeviceNDArray) else items

	def __setitem__(self, key, value):
		value = np.asarray(value._to_numpy(0) if isinstance(value, DeviceNDArray) else value, self.base.dtype).ravel()
		if isinstance(key, (int, np.integer)):
			if value.size != 1:
				raise ValueError("Error setting single item of array.")
			value = value[0]
		elif value.size:
			value = np.resize(value, np.empty(len(self), bool)[key].size)
		else:
			return                                 # as in NumPy
		work = self.base if self.base.is_c_contiguous() else self.base.copy()
		work._reshape((-1,), "C")[key] = value
		if work is not self.base:
			self.base.copy_to_device(work)


class DeviceNDArray(_core.DeviceArray):
	"""An array in device memory: DeviceNDArray(shape, strides=None, dtype=float64, stream=0, gpu_data=None).

	Attributes: shape, strides (bytes), dtype, ndim, size, nbytes, itemsize, alloc_size, layout, stream, gpu_data,
	device_pointer, __cuda_array_interface__ (on GPUs). Views share memory. cuda.device_array() and to_device() make them."""

	__slots__ = ()

	# -- copies --

	def copy_to_host(self, ary=None, stream=0):
		"""The contents as a NumPy array: a new one, or `ary` of the same shape. Raises ValueError if shapes differ."""
		if ary is None:
			return self._to_numpy(stream)
		if not isinstance(ary, np.ndarray):
			raise TypeError(f"copy_to_host() writes to a NumPy array, not to {type(ary).__name__}")
		if ary.shape != self.shape:
			raise ValueError(f"the host array has shape {ary.shape}, the device array {self.shape}")
		direct = ary.dtype == self.dtype and (
			self.layout == "C" and ary.flags.c_contiguous or self.layout == "F" and ary.flags.f_contiguous)
		if direct:
			self._read(ary, stream)
		else:
			ary[...] = self._to_numpy(stream)
		return ary

	def copy_to_device(self, ary, stream=0):
		"""Overwrite with `ary` (host or device) of the same shape; dtypes are converted. Raises ValueError if shapes differ."""
		source = ary if isinstance(ary, _core.DeviceArray) else as_cuda_array(ary) if is_cuda_array(ary) else np.asarray(ary)
		if source.shape != self.shape:
			raise ValueError(f"incompatible shape: {source.shape} into {self.shape}")
		_assign(self, source, stream)

	def copy(self, order="C", stream=0):
		"""A contiguous copy on the device."""
		new = device_array(self.shape, self.dtype, order=order, stream=stream)
		_assign(new, self, stream)
		return new

	def __array__(self, dtype=None, copy=None):
		if copy is False:
			raise ValueError("device memory cannot be used as a NumPy array without a copy")
		host = self._to_numpy(0)
		return host if dtype is None else host.astype(dtype, copy=False)

	def _to_host(self):
		"""What a function over host arrays gives: a NumPy array, or a number."""
		return self._to_numpy(0)[()]

	def __reduce__(self):
		return to_device, (self._to_numpy(0),)

	# -- items --

	def getitem(self, item, stream=0):
		"""self[item], with the copy of a single item on `stream`: a view, or a copy where arrays or masks stand in the index."""
		view = self._index(item)
		if view is NotImplemented:
			from . import _indexing
			return _indexing.take(self, item, stream)
		whole = isinstance(item, tuple) and any(one is Ellipsis for one in item) or item is Ellipsis
		if view.ndim or whole:
			return view
		return _same_memory(DeviceRecord, view) if view.dtype.names else view._to_numpy(stream)[()]

	def setitem(self, key, value, stream=0):
		"""self[key] = value, on `stream`."""
		view = self._index(key)
		if view is NotImplemented:
			from . import _indexing
			_indexing.put(self, key, value, stream)
		else:
			_assign(view, value, stream)

	def __getitem__(self, item):
		return self.getitem(item)

	def __setitem__(self, key, value):
		self.setitem(key, value)

	def __contains__(self, value):
		return bool((self == value).any())

	# -- views --

	@property
	def T(self):
		"""The transpose, a view."""
		return self._view("transpose")

	@property
	def flags(self):
		"""Dictionary: C_CONTIGUOUS, F_CONTIGUOUS. Attributes: c_contiguous, f_contiguous, writeable."""
		flags = _Flags(C_CONTIGUOUS=self.is_c_contiguous(), F_CONTIGUOUS=self.is_f_contiguous())
		flags._array = self
		return flags

	def setflags(self, write=None, align=None, uic=None):
		"""Make it read only, or, if it was not made so, writeable again; the other flags are as they are."""
		if write is not None:
			self._set_readonly(not write)

	@property
	def base(self):
		"""The object that owns the memory: no device array does, all are views of it."""
		return self.gpu_data

	@property
	def data(self):
		"""The memory as a buffer, on the CPU device."""
		return self._in_host_memory().data

	@property
	def ctypes(self):
		"""For ctypes, on the CPU device; device_ctypes_pointer is there on GPUs, too."""
		return self._in_host_memory().ctypes

	def _in_host_memory(self):
		memory = self._host_view()
		if memory is None:
			raise AttributeError("the host cannot read the memory of a GPU: copy_to_host(), or device_pointer")
		return memory

	@property
	def flat(self):
		"""All items in C order: to iterate over, index and assign to. a.flat = v stores the items of v again and again."""
		return _Flat(self)

	@flat.setter
	def flat(self, value):
		self.flat[:] = value

	@property
	def device_ctypes_pointer(self):
		"""Address of the first item as a ctypes.c_void_p."""
		import ctypes
		return ctypes.c_void_p(self.device_pointer)

	@property
	def mT(self):
		"""The last two axes exchanged, a view."""
		if self.ndim < 2:
			raise ValueError("matrix transpose with ndim < 2 is undefined")
		return self.transpose((*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))

	@property
	def real(self):
		"""The real parts, a view; of real numbers the array itself."""
		return _part(self, 0) if self.dtype.kind == "c" else self

	@property
	def imag(self):
		"""The imaginary parts, a view; of real numbers zeros."""
		return _part(self, 1) if self.dtype.kind == "c" else to_device(np.zeros(self.shape, self.dtype))

	def transpose(self, *axes):
		"""View with the axes reversed, or in the order of `axes`."""
		return self._view("transpose", *axes)

	def reshape(self, *newshape, order="C"):
		"""The items with another shape; one extent may be -1. A view if they are contiguous in that order, else a copy."""
		shape = newshape[0] if len(newshape) == 1 and not isinstance(newshape[0], int) else newshape
		order = _order(self, order)
		view = self._reshape(shape, order)
		return self.copy(order)._reshape(shape, order) if view is NotImplemented else view

	def ravel(self, order="C", stream=0):
		"""All items in one dimension: a view if they are contiguous in that order, else a copy. K: as they lie."""
		if order == "K":
			if self.size == 0:
				return self.ravel("C", stream)
			lie = sorted(range(self.ndim), key=lambda axis: (-abs(self.strides[axis]), axis))
			return self.transpose(lie).ravel("C", stream)
		order = _order(self, order)
		contiguous = self.is_c_contiguous() if order == "C" else self.is_f_contiguous()
		return (self if contiguous else self.copy(order, stream)).reshape(-1, order=order)

	def squeeze(self, axis=None, stream=0):
		"""View without dimensions of extent 1 (all, or those of `axis`)."""
		return self._view("squeeze", *(() if axis is None else (axis,)))

	def view(self, dtype=None):
		"""View of the same memory, as items of another dtype."""
		return self._view("view", *(() if dtype is None else (_dtype(dtype),)))

	def getfield(self, dtype, offset=0):
		"""A part of each item, from this byte on, as items of another dtype: a view."""
		dtype = _dtype(dtype)
		if offset < 0:
			raise ValueError("offset is negative")
		if offset + dtype.itemsize > self.itemsize:
			raise ValueError(f"new type {'' if dtype.itemsize > self.itemsize else 'plus offset '}is larger than original type")
		return DeviceNDArray(self.shape, self.strides, dtype, self.stream, self.gpu_data, readonly=self.readonly, pointer=self._address + offset)

	def setfield(self, val, dtype, offset=0):
		"""Store values in the view that getfield() gives."""
		_assign(self.getfield(dtype, offset), val, 0)

	def resize(self, *new_shape, refcheck=True):
		"""Not for device arrays, whose memory does not grow."""
		raise ValueError("device arrays cannot be resized in place: np.resize(a, shape) makes a new one, a.reshape(shape) a view")

	def split(self, section, stream=0):
		"""Generator of consecutive pieces of `section` items of a 1-D array."""
		if self.ndim != 1:
			raise ValueError("only 1-D arrays can be split")
		if section < 1:
			raise ValueError(f"pieces of {section} items do not exist")
		return (self[start:start + section].bind(stream) for start in range(0, self.size, section))

	def bind(self, stream=0):
		"""The same array with `stream` as the one that its copies go to."""
		new = self._view("view")
		new.stream = stream
		return new

	def __dlpack_device__(self):
		"""(type, number) of the device in DLPack's words: (2, …) CUDA, (1, 0) the host's memory, where the CPU device has its arrays."""
		return (1, 0) if self.on_host else (2, self._device)

	def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
		"""A capsule by which other libraries use the same memory: np.from_dlpack(a) on the CPU device, torch.from_dlpack(a).

		What has been queued on the array's stream is waited for, unless stream is -1. Raises BufferError for dtypes that DLPack does
		not have, and for other devices."""
		if dl_device is not None and tuple(dl_device) != self.__dlpack_device__():
			raise BufferError(f"the array lies on the device {self.__dlpack_device__()}: copies to {tuple(dl_device)} are not made")
		array = self.copy() if copy else self
		if stream != -1 and not self.on_host:
			(array.stream or _core.Device(self._device)).synchronize()
		return array._dlpack(max_version is not None and max_version[0] >= 1)

	def as_cuda_arg(self):
		"""The array itself."""
		return self

	def get_ipc_handle(self):
		"""An IpcArrayHandle, by which another process opens the same memory. It can be pickled, and holds this array.

		Raises RuntimeError if the memory cannot be shared and the array cannot move, because its address is known already."""
		from .ipc import IpcArrayHandle
		return IpcArrayHandle(self)

	def __repr__(self):
		return f"DeviceNDArray(shape={self.shape}, dtype={self.dtype})"


class _Deferred:
	"""A method that is put in its place by the module that has it, _operators, when one of them is first asked for."""

	__slots__ = ("name",)

	def __init__(self, name):
		self.name = name

	def __get__(self, array, cls):
		from . import _operators
		return getattr(cls if array is None else array, self.name)


_BINARY = "add sub mul truediv floordiv mod pow and or xor lshift rshift divmod".split()
CONVERSIONS = "float int index complex round format str".split()
OF_HOST = """item tolist tobytes std var dot argsort argpartition searchsorted nonzero take repeat compress choose diagonal trace
	cumprod round conj conjugate swapaxes flatten byteswap dump dumps tofile""".split()
# They change the array, on the host.
IN_PLACE = "sort", "partition", "put"
_DEFERRED = (*OF_HOST, *IN_PLACE, *(f"__{name}__" for name in CONVERSIONS), "__matmul__", "__rmatmul__", "__imatmul__", *(f"__{prefix}{name}__" for name in _BINARY for prefix in ("", "r", "i") if prefix + name != "idivmod"),
	*(f"__{name}__" for name in "eq ne lt le gt ge neg pos abs invert array_ufunc array_function".split()),
	*"astype fill clip sum prod min max mean any all argmin argmax cumsum".split())
for _name in _DEFERRED:
	setattr(DeviceNDArray, _name, _Deferred(_name))
DeviceNDArray.__hash__ = object.__hash__


class DeviceRecord(DeviceNDArray):
	"""One record in device memory: an element of an array of them, or to_device() of a record. Its fields are read and written by
	name: numbers are copied, records and arrays in it are views."""

	__slots__ = ()

	def getitem(self, item, stream=0):
		"""The field `item`, with the copy of a number on `stream`."""
		view = _same_memory(DeviceNDArray, self._index(item))
		if view.ndim:
			return view
		return _same_memory(DeviceRecord, view) if view.dtype.names else view._to_numpy(stream)[()]

	def copy_to_host(self, ary=None, stream=0):
		"""The record as NumPy has it, or `ary`, an array of one that it is copied into."""
		return super().copy_to_host(ary, stream) if ary is not None else self._to_numpy(stream)[()]

	def __reduce__(self):
		return to_device, (self.copy_to_host(),)


def _same_memory(cls, view):
	"""What `view` shows, as an object of class `cls`."""
	return cls(view.shape, view.strides, view.dtype, view.stream, view.gpu_data, readonly=view.readonly, pointer=view.device_pointer)


def _part(array, which):
	"""The real or imaginary parts of complex numbers."""
	dtype = np.dtype(f"{array.dtype.byteorder}f{array.itemsize // 2}")
	return array.getfield(dtype, which * dtype.itemsize)


def _order(array, order):
	"""C or F; A is F for arrays that lie so."""
	return ("F" if array.is_f_contiguous() and not array.is_c_contiguous() else "C") if order == "A" else order


def _assign(target, value, stream):
	"""target[...] = value for device arrays, value broadcast and converted as NumPy does."""
	if target.readonly:
		raise ValueError("assignment destination is read-only")
	memory = target._host_view()
	if memory is not None:
		memory[...] = value._host_view() if isinstance(value, _core.DeviceArray) else value
	elif not isinstance(value, _core.DeviceArray):
		_assign_host(target, np.asarray(value), stream)
	elif target.shape == value.shape and target.dtype == value.dtype and target.layout == value.layout != "A":
		target._copy_from(value, stream)
	else:
		_assign_strided(target, value, stream)


def _assign_host(target, value, stream):
	order = "F" if target.layout == "F" else "C"
	host = value
	if value.shape != target.shape or value.dtype != target.dtype or not value.flags[f"{order}_CONTIGUOUS"]:
		host = np.empty(target.shape, target.dtype, order)
		host[...] = value
	if target.layout != "A":
		target._write(host, stream)
	else:
		from .devices import gpus
		with gpus[target._device]:
			_assign_strided(target, to_device(host, stream=stream), stream)


def _moved(value, device, stream):
	"""A contiguous copy in memory of another device."""
	from .devices import gpus
	if value.layout == "A":
		with gpus[value._device]:
			value = value.copy()
	with gpus[device]:
		new = device_array(value.shape, value.dtype, order=value.layout)
	new._copy_from(value, stream)
	return new


def _assign_strided(target, value, stream):
	from ._copy import copy, has_kernels
	if value._device != target._device:
		value = _moved(value, target._device, stream)
	if target._device != _core.current_ordinal():
		from .devices import gpus
		with gpus[target._device]:
			return _assign_strided(target, value, stream)
	if target.dtype != value.dtype and not (has_kernels(target.dtype) and has_kernels(value.dtype)):
		value = to_device(value._to_numpy(stream).astype(target.dtype), stream=stream)
	copy(target, value._broadcast(target.shape), stream)


# -- making them --

def _dtype(dtype):
	"""np.dtype(dtype); of gridjit's and numba's scalar types too."""
	try:
		return np.dtype(dtype)
	except TypeError:
		found = getattr(_core.as_type(dtype), "dtype", None) if type(dtype).__module__.startswith("numba") else None
		if isinstance(found, np.dtype):
			return found
		raise


def device_array(shape, dtype=np.float64, strides=None, order="C", stream=0):
	"""Uninitialised device array. shape: int or tuple; dtype: NumPy dtype or gridjit scalar type; strides in bytes.

	Raises CudaMemoryError when device memory is used up."""
	return DeviceNDArray(shape, strides, _dtype(dtype), stream, order=order)


def device_array_like(ary, stream=0):
	"""Uninitialised device array with shape, dtype and, if it is contiguous, order of `ary`."""
	fortran = ary.flags["F_CONTIGUOUS"] and not ary.flags["C_CONTIGUOUS"]
	return device_array(ary.shape, ary.dtype, order="F" if fortran else "C", stream=stream)


def as_device(obj, stream=0):
	"""A device array of an array or sequence, with its order where it is contiguous; device arrays as they are."""
	if isinstance(obj, DeviceNDArray):
		return obj
	if is_cuda_array(obj):
		return as_cuda_array(obj)
	return to_device(obj, stream)


def to_device(obj, stream=0, copy=True, to=None):
	"""Copy an array (or anything np.asarray takes) to the device; returns the DeviceNDArray.

	to: the device array to copy into. copy=False leaves its contents undefined. Device arrays are returned as they are."""
	if to is None and (isinstance(obj, DeviceNDArray) or is_cuda_array(obj)):
		return as_device(obj)
	host = obj if isinstance(obj, np.ndarray) else np.asarray(obj)
	if to is None:
		fortran = host.flags.f_contiguous and not host.flags.c_contiguous
		to = device_array(host.shape, host.dtype, order="F" if fortran else "C", stream=stream)
	if copy:
		to.copy_to_device(host, stream=stream) if host.shape != to.shape else _assign(to, host, stream)
	return _same_memory(DeviceRecord, to) if isinstance(obj, np.void) and host.dtype.names else to


# -- arrays of other libraries --

def is_cuda_array(obj):
	"""Is it an array in device memory: ours, or one with __cuda_array_interface__?"""
	return isinstance(obj, _core.DeviceArray) or hasattr(obj, "__cuda_array_interface__")


def from_cuda_array_interface(desc, owner=None, sync=True):
	"""DeviceNDArray over the memory that a __cuda_array_interface__ dictionary describes; `owner` is kept alive.

	sync: wait for the stream that it names. Raises NotImplementedError for masks, ValueError for a missing version."""
	if desc.get("version", 0) < 1:
		raise ValueError("__cuda_array_interface__ has no version")
	if desc.get("mask") is not None:
		raise NotImplementedError("Masked arrays are not supported")
	pointer, readonly = desc["data"]
	stream = desc.get("stream")
	if stream == 0:
		raise ValueError("stream 0 is not allowed in __cuda_array_interface__")
	dtype = np.dtype(desc["typestr"])
	if dtype.kind == "V" and desc.get("descr"):
		dtype = np.lib.format.descr_to_dtype(desc["descr"])
	elif dtype.kind == "V" and dtype.itemsize == 2 and str(getattr(owner, "dtype", "")).endswith("bfloat16"):
		dtype = types.bfloat16.dtype
	array = DeviceNDArray(desc["shape"], desc.get("strides"), dtype, stream or 0,
		desc if owner is None else owner, readonly=readonly, pointer=pointer)
	if stream is not None and sync and config.CUDA_ARRAY_INTERFACE_SYNC:
		_core.Stream(stream).synchronize()
	return array


def as_cuda_array(obj, sync=True):
	"""DeviceNDArray that shares memory with a CUDA array of another library. Raises TypeError if it is none."""
	if isinstance(obj, DeviceNDArray):
		return obj
	if not hasattr(obj, "__cuda_array_interface__"):
		raise TypeError(f"{type(obj).__name__} does not implement the CUDA array interface")
	return from_cuda_array_interface(obj.__cuda_array_interface__, owner=obj, sync=sync)


# -- how kernel arguments travel: host arrays, or those in a tuple; device arrays are used where they are --
#
# An array that is passed twice (the same memory seen in the same way) is one array in the kernel: it is copied in if one of
# its arguments is, and back if one of them is. Views that overlap only in part are copied one by one on a GPU, and back in
# the order of the parameters; on the CPU they are used in place. A kernel that writes to one of them should get views of one
# device array.

def In(array):
	"""Kernel argument: copied to the device, not back. The host's array never changes (on the CPU device it is copied if the
	kernel writes to it, else used in place)."""
	return _core.Hint(array, True, False)


def Out(array):
	"""Kernel argument: not copied to the device, only back. What the kernel does not write is undefined afterwards."""
	return _core.Hint(array, False, True)


def InOut(array):
	"""Kernel argument: copied to the device and back, as plain arrays are."""
	return _core.Hint(array, True, True)
