"""Functions of C that compiled functions call by their address: ctypes' and cffi's function objects as _core.Extern. What cannot be
called is described by text, which says what to write instead."""

import ctypes

from . import _core, types

_NUMBERS = {c: kind for c, kind in (
	(ctypes.c_bool, types.boolean), (ctypes.c_byte, types.int8), (ctypes.c_short, types.int16), (ctypes.c_int, types.int32),
	(ctypes.c_long, types.int64), (ctypes.c_longlong, types.int64), (ctypes.c_ubyte, types.uint8), (ctypes.c_ushort, types.uint16),
	(ctypes.c_uint, types.uint32), (ctypes.c_ulong, types.uint64), (ctypes.c_ulonglong, types.uint64), (ctypes.c_float, types.float32),
	(ctypes.c_double, types.float64))}


class _Refused(Exception):
	pass


def _extern(name, result, args, address, owner):
	name = "".join(c if c.isalnum() and c.isascii() else "_" for c in name) or "function"
	return _core.Extern("_" + name if name[0].isdigit() else name, result(*args), "c", (), address, owner)


# -- ctypes --

def _from_ctypes(c):
	if c in _NUMBERS:
		return _NUMBERS[c]
	if isinstance(c, type) and issubclass(c, ctypes._Pointer):
		return types.CPointer(_NUMBERS.get(c._type_, types.none))
	if c in (ctypes.c_void_p, ctypes.c_char_p) or isinstance(c, type) and issubclass(c, (ctypes._CFuncPtr, ctypes.Array)):
		return types.voidptr
	raise _Refused(f"compiled functions pass numbers and pointers, not {getattr(c, '__name__', c)}")


def _of_ctypes(function):
	if function.argtypes is None:
		raise _Refused("set its types first: f.argtypes = [ctypes.c_double]; f.restype = ctypes.c_double")
	if function._flags_ & ctypes._FUNCFLAG_PYTHONAPI:
		raise _Refused("functions of Python's own interface are called by Python")
	result = types.void if function.restype is None else _from_ctypes(function.restype)
	args = [_from_ctypes(c) for c in function.argtypes]
	name = getattr(function, "__name__", None) or "function"
	return _extern(name, result, args, ctypes.cast(function, ctypes.c_void_p).value or 0, function)


# -- cffi --

def _from_cffi(ffi, c):
	if c.kind == "void":
		return types.void
	if c.kind == "enum":
		return types.Type(f"int{8 * ffi.sizeof(c)}")
	if c.kind in ("pointer", "array"):
		item = _from_cffi(ffi, c.item) if c.item.kind in ("primitive", "void") else types.none
		return types.CPointer(item)
	if c.kind == "function":
		return types.voidptr
	if c.kind == "primitive" and c.cname in ("float", "double"):
		return types.float32 if c.cname == "float" else types.float64
	if c.kind == "primitive" and c.cname == "_Bool":
		return types.boolean
	if c.kind == "primitive" and "omplex" not in c.cname and c.cname != "long double":
		unsigned = int(ffi.cast(c, -1)) > 0 if "char" not in c.cname or "signed" in c.cname else False
		return types.Type(f"{'u' * unsigned}int{8 * ffi.sizeof(c)}")
	raise _Refused(f"compiled functions pass numbers and pointers, not {c.cname}")


def _of_cffi(function):
	import _cffi_backend
	ffi = _cffi_backend.FFI()
	name = getattr(function, "__name__", "function")
	if type(function).__name__ == "builtin_function_or_method":
		function = ffi.addressof(function.__self__, name)
	kind = ffi.typeof(function)
	if kind.kind != "function":
		raise _Refused("pass it as an argument: types.CPointer, types.voidptr")
	if kind.ellipsis:
		raise _Refused("functions that take any number of arguments cannot be called: write one in C that takes yours")
	args = [_from_cffi(ffi, c) for c in kind.args]
	return _extern(name, _from_cffi(ffi, kind.result), args, int(ffi.cast("uintptr_t", function)), function)


# -- numba's protocol --

def _of_protocol(function):
	signature = _core.signature(function.signature())
	if signature.return_type is None:
		raise _Refused("its signature() says what it returns: float64(float64)")
	return _extern(type(function).__name__, signature.return_type, signature.args, int(function.__wrapper_address__()), function)


def describe(function):
	"""_core.Extern of a function object of ctypes or cffi, or one that says its address, or text that says why it is none."""
	try:
		if hasattr(type(function), "__wrapper_address__"):
			made = _of_protocol(function)
		else:
			made = _of_ctypes(function) if isinstance(function, ctypes._CFuncPtr) else _of_cffi(function)
	except _Refused as why:
		return str(why)
	return made
