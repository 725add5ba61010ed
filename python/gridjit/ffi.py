"""Functions for C to call (cfunc), and memory of C's as arrays (carray, farray)."""

import ctypes
import functools

import numpy as np

from . import _core, _pickle, jitting, types
from ._overloads import is_signature

# -- Types of C --

_C_TYPES = {kind: c for kind, c in (
	(types.boolean, ctypes.c_bool), (types.int8, ctypes.c_int8), (types.int16, ctypes.c_int16), (types.int32, ctypes.c_int32),
	(types.int64, ctypes.c_int64), (types.uint8, ctypes.c_uint8), (types.uint16, ctypes.c_uint16), (types.uint32, ctypes.c_uint32),
	(types.uint64, ctypes.c_uint64), (types.float32, ctypes.c_float), (types.float64, ctypes.c_double))}


def to_ctypes(kind):
	"""ctypes' type for a Type; of what it has none for, such as records, pointers are void. TypeError: C has no such type."""
	if isinstance(kind, types.CPointer):
		return ctypes.POINTER(_C_TYPES[kind.dtype]) if kind.dtype in _C_TYPES else ctypes.c_void_p
	if kind not in _C_TYPES:
		raise TypeError(f"{kind} has no equal in C: functions that C calls take and return numbers, and take pointers (types.CPointer)")
	return _C_TYPES[kind]


def _result_to_ctypes(kind):
	return None if kind == types.void else to_ctypes(kind)


# -- cfunc --

class CFunc(_core.HostFunction):
	"""A function that C can call. Called from Python it is the Python function; compiled functions call it as any other."""

	def __call__(self, *args, **kwargs):
		return self.py_func(*args, **kwargs)

	@functools.cached_property
	def address(self):
		"""Where the compiled function is; as long as this object lives."""
		self._prototype
		return self._address()

	@functools.cached_property
	def _prototype(self):
		result, args = self._gj_signatures[0]
		return ctypes.CFUNCTYPE(_result_to_ctypes(result), *map(to_ctypes, args))

	@functools.cached_property
	def ctypes(self):
		"""A function object of ctypes with the types of the signature."""
		function = self._prototype(self.address)
		function._gridjit = self                           # keeps the code
		return function

	@functools.cached_property
	def cffi(self):
		"""A `void *` of cffi."""
		import cffi
		return cffi.FFI().cast("void *", self.address)

	native_name = property(lambda self: "gj_callback", doc="Its symbol in inspect_llvm().")
	symbol_name = native_name
	cache_hits = property(lambda self: self._cache_hits, doc="Whether it was found in the cache on disk: 1 or 0.")

	@property
	def signature(self):
		"""The Signature."""
		result, args = self._gj_signatures[0]
		return result(*args)

	def inspect_llvm(self):
		"""LLVM IR."""
		return self._dump(self._gj_signatures[0][1], "llvm")

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, self._given_signature, self._given)

	def __repr__(self):
		return f"<C function {self.__qualname__} at {id(self):#x}>"


def _rebuild(state, signature, given):
	return _pickle.restore(state, _make, signature, given)


def _in_c(signature):
	"""Has C all its types?"""
	try:
		_result_to_ctypes(signature.return_type)
		return all(map(to_ctypes, signature.args)) or True
	except TypeError:
		return False


def _make(function, signature, given):
	options = jitting.read_options(**given)
	if _in_c(signature):
		options["entry"] = "cfunc"
	self = CFunc(function, options)
	functools.update_wrapper(self, function)
	self._given, self._given_signature, self._gj_locals = given, signature, jitting.local_types(given.get("locals") or {})
	self._declare(signature)
	self._locked = True
	self._compile(signature.args)
	return self


def cfunc(sig, locals={}, cache=False, pipeline_class=None, **options):
	"""Compile a function for C to call: @cfunc("float64(int32, CPointer(float64))").

	sig: the signature, with the return type: numbers, and pointers as arguments. What is given has `address`, `ctypes` and `cffi`, for
	those who call, and can be called by compiled functions. The other options are those of jit.

	C cannot be given an exception: it is shown as one that is ignored (sys.unraisablehook), and 0 is returned."""
	if callable(sig) and not is_signature(sig):
		raise TypeError("cfunc() needs a signature: @cfunc('float64(float64)')")
	sig = _core.signature(sig)
	if sig.return_type is None:
		raise TypeError("cfunc(): the signature says no return type; write it in front: 'float64(float64)', 'void(int32)'")
	given = options | {name: value for name, value in (("locals", locals), ("cache", cache), ("pipeline_class", pipeline_class)) if value}
	jitting.read_options(**given)

	def decorate(function):
		jitting.check_function(function, "cfunc")
		return _make(function, sig, given)
	return decorate


# -- Memory of C's --

def _array(ptr, shape, dtype, order):
	ptr = getattr(ptr, "_as_parameter_", ptr)
	dtype = None if dtype is None else np.dtype(dtype)
	if isinstance(ptr, ctypes._Pointer):
		own = np.dtype(type(ptr)._type_)
		if dtype is not None and dtype != own:
			raise TypeError(f"mismatching dtype '{dtype}' for a pointer to {own}")
		dtype, ptr = own, ctypes.cast(ptr, ctypes.c_void_p)
	if not isinstance(ptr, ctypes.c_void_p):
		raise TypeError(f"expected a ctypes pointer, not {type(ptr).__name__}")
	if dtype is None:
		raise TypeError("a void pointer needs the dtype")
	shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
	items = int(np.prod(shape, dtype=np.intp))
	if not items:
		return np.empty(shape, dtype, order)
	memory = (ctypes.c_byte * (items * dtype.itemsize)).from_address(ptr.value or 0)
	return np.ndarray(shape, dtype, memory, order=order)


def carray(ptr, shape, dtype=None):
	"""The memory at a pointer as an array, stored by rows, in compiled functions and outside: there of ctypes' pointers.

	shape: an integer or a tuple. dtype: of the items; may be left out unless the pointer is void. Nothing is copied, and whoever owns
	the memory keeps it.

	Raises TypeError for other pointers and for a dtype that is not the pointer's."""
	return _array(ptr, shape, dtype, "C")


def farray(ptr, shape, dtype=None):
	"""carray() of an array that is stored by columns."""
	return _array(ptr, shape, dtype, "F")


carray._gj_intrinsic, farray._gj_intrinsic = "gridjit.carray", "gridjit.farray"


def get_cython_function_address(module, name):
	"""Where a `cpdef` function of a Cython module is, for ctypes: CFUNCTYPE(c_double, c_double)(address)."""
	import importlib
	capsule = importlib.import_module(module).__pyx_capi__[name]
	get = ctypes.pythonapi.PyCapsule_GetName
	get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
	point = ctypes.pythonapi.PyCapsule_GetPointer
	point.restype, point.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
	return point(capsule, get(capsule))
