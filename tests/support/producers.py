"""Arrays of other libraries, as far as kernels look at them."""

import ctypes


class HostProducer:
	"""A host array of another library: DLPack only."""

	def __init__(self, array):
		self.array = array

	def __dlpack__(self, **keywords):
		return self.array.__dlpack__(**keywords)

	def __dlpack_device__(self):
		return self.array.__dlpack_device__()


class BrainProducer:
	"""A host array of bfloat16, of which NumPy can say only the bits; as JAX offers one. versioned: DLPack 1, which tells whether it
	can be written."""

	def __init__(self, bits, versioned=False, readonly=False):
		self.bits, self.versioned, self.readonly = bits, versioned, readonly

	def __dlpack__(self, **keywords):
		tensor = DLTensor(self.bits.ctypes.data, 1, 0, 1, 4, 16, 1, (ctypes.c_int64 * 1)(self.bits.size), None, 0)
		self.keep = Versioned(1, 0, None, None, self.readonly, tensor) if self.versioned else tensor
		return named_capsule(ctypes.addressof(self.keep), b"dltensor_versioned" if self.versioned else b"dltensor")

	def __dlpack_device__(self):
		return 1, 0


class Foreign:
	"""A device array as another library would show it."""

	def __init__(self, array, **changes):
		self.array = array
		self.__cuda_array_interface__ = {"shape": array.shape, "strides": array.strides, "typestr": array.dtype.str,
			"data": (array.device_pointer, False), "version": 3, **changes}


class DLTensor(ctypes.Structure):
	"""DLPack 1.x, as the header has it."""

	_fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32),
		("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
		("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class Versioned(ctypes.Structure):
	_fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
		("flags", ctypes.c_uint64), ("tensor", DLTensor)]


def named_capsule(address, name):
	make = ctypes.pythonapi.PyCapsule_New
	make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
	return make(address, name, None)


@ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(DLTensor))
def describe(tensor, out):
	if tensor.array is None:
		return -1
	array = tensor.array
	tensor.keep = (ctypes.c_int64 * 7)(*array.shape), (ctypes.c_int64 * 7)(*(step // array.itemsize for step in array.strides))
	out[0] = DLTensor(array.ctypes.data - 8, tensor.device, tensor.number, array.ndim, tensor.code or "iufb c".index(array.dtype.kind),
		8 * array.itemsize, 1, *(ctypes.cast(one, ctypes.POINTER(ctypes.c_int64)) for one in tensor.keep), 8)
	return 0


class Exchange(ctypes.Structure):
	"""The table behind __dlpack_c_exchange_api__."""

	_fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("older", ctypes.c_void_p)] + [
		(name, ctypes.c_void_p) for name in ("allocate", "from_object", "to_object", "describe", "current_stream")]


def capsule(major=1, older=None):
	capsule.keep = getattr(capsule, "keep", []) + [Exchange(major, 3, older, None, None, None, ctypes.cast(describe, ctypes.c_void_p))]
	return named_capsule(ctypes.addressof(capsule.keep[-1]), b"dlpack_exchange_api"), ctypes.addressof(capsule.keep[-1])


class Tensor:
	"""As torch.Tensor shows itself to C."""

	__dlpack_c_exchange_api__, _address = capsule()
	requires_grad, device, number, code = False, 1, 0, 0

	def __init__(self, array, **attributes):
		self.array = array
		self.__dict__.update(attributes)

	def is_conj(self):
		return True

	def is_neg(self):
		return self.__dict__.get("neg", False)


class NewerTensor(Tensor):
	"""A library that has moved on and still offers the old table."""

	__dlpack_c_exchange_api__, _newer = capsule(2, Tensor._address)
