"""Arithmetic on device arrays: operators, NumPy's ufuncs (__array_ufunc__) and NumPy's functions (__array_function__). Each is
evaluated at once, by NumPy's type rules, on the device; results are device arrays."""

import builtins
import functools
import inspect
import operator
import warnings

import numpy as np

from . import reductions
from ._elementwise import NUMBERS, Elementwise, as_operand, is_known, type_of
from ._ufuncs import function, function_of
from .devicearray import CONVERSIONS, IN_PLACE, OF_HOST, DeviceNDArray, _order, as_cuda_array, device_array, is_cuda_array, to_device

# -- operators ---------------------------------------------------------------------------------------------------------

_BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
	"mod": np.remainder, "pow": np.power, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
	"lshift": np.left_shift, "rshift": np.right_shift, "divmod": np.divmod}
_COMPARISONS = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
	"ge": np.greater_equal}
_UNARY = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}


def _is_operand(x):
	return isinstance(x, (DeviceNDArray, np.ndarray, *NUMBERS, list, tuple)) or is_cuda_array(x) or hasattr(x, "__dlpack__")


def _operator(ufunc, reflected=False):
	f = function_of(ufunc)
	if reflected:
		def method(self, other):
			return f(other, self) if _is_operand(other) else NotImplemented
	else:
		def method(self, other):
			return f(self, other) if _is_operand(other) else NotImplemented
	return method


def _in_place(ufunc):
	f = function_of(ufunc)

	def method(self, other):
		return f(self, other, out=self) if _is_operand(other) else NotImplemented
	return method


def _unary(ufunc):
	f = function_of(ufunc)
	return lambda self: f(self)


# -- powers --

_SHORT_POWERS = {-1: np.reciprocal, 0.5: np.sqrt, 1: np.positive, 2: np.square}        # of floats and complex numbers, as NumPy's operator has them


def check_powers(x, y, where=True):
	"""Raises NumPy's error where an integer has a negative power."""
	x, y = as_operand(x), as_operand(y)
	kinds = [np.dtype(type_of(z)) for z in (x, y)]
	if kinds[0].kind not in "biu" or kinds[1].kind != "i" or type_of(x) == np.uint64 or (kinds[0].kind == "u" and type(y) is int):
		return
	if 0 in (*np.shape(x), *np.shape(y)):
		return
	negative = y < 0 if isinstance(y, NUMBERS) else function_of(np.less)(y, 0)
	if where is not True:
		negative = function_of(np.logical_and)(negative, where)
	if negative if isinstance(negative, (bool, np.bool_)) else np.any(negative):
		raise ValueError("Integers to negative integer powers are not allowed.")


def _power_of(x, y, **keywords):
	check_powers(x, y, keywords.get("where", True))
	return function_of(np.power)(x, y, **keywords)


def _short(x, y, kinds="fc"):
	"""The ufunc that x ** y is; None: power. Of bools NumPy's operator makes int8 with 2 only."""
	if type(y) is int and y == 2 and "c" in kinds and isinstance(x, DeviceNDArray) and x.dtype == bool:
		return np.square
	return _SHORT_POWERS.get(y) if type(y) in (int, float) and isinstance(x, DeviceNDArray) and x.dtype.kind in kinds else None


def _power(self, other, modulus=None):
	if modulus is not None or not _is_operand(other):
		return NotImplemented
	short = _short(self, other)
	return function_of(short)(self) if short else _power_of(self, other)


def _power_in_place(self, other):
	if not _is_operand(other):
		return NotImplemented
	short = _short(self, other)
	return function_of(short)(self, out=self) if short else _power_of(self, other, out=self)


def _power_reflected(self, other):
	return _power_of(other, self) if _is_operand(other) else NotImplemented


# -- NumPy's ufuncs ----------------------------------------------------------------------------------------------------

def _array_ufunc(self, ufunc, method, *inputs, **keywords):
	try:
		f = function_of(ufunc)
	except TypeError:
		return _on_copies(ufunc if method == "__call__" else getattr(ufunc, method), inputs, keywords)
	out = keywords.get("out")
	if isinstance(out, tuple) and len(out) == 1:
		keywords["out"] = out[0]
	if method == "__call__":
		if ufunc is np.power and len(inputs) > 1:
			check_powers(*inputs[:2], keywords.get("where", True))
			if _short(*inputs[:2], "f") and not {"dtype", "signature", "sig"} & keywords.keys():
				return function_of(_short(*inputs[:2]))(inputs[0], *inputs[2:], **keywords)
		return f(*inputs, **keywords)
	if method == "outer" and ufunc is np.power:
		check_powers(*inputs)
	if method in ("reduce", "accumulate") and not getattr(f, "any_order", True):
		return _on_copies(getattr(ufunc, method), inputs, keywords)
	return getattr(f, method)(*inputs, **keywords)


# -- functions of three numbers that NumPy has not as ufuncs, or not with these types ------------------------------------------

class _Where(Elementwise):
	"""np.where(c, x, y)."""

	def _resolve(self, types):
		strong = [t for t in types[1:] if isinstance(t, np.dtype)]
		dtype = np.result_type(*strong, *(t(0) for t in types[1:] if not isinstance(t, np.dtype)))
		return (np.dtype(bool), dtype, dtype), (dtype,), function("where", 3, "y if x else z")

	def _check_inputs(self, types, ins, casting):
		pass


class _Clip(Elementwise):
	"""np.clip(x, least, most)."""

	def _resolve(self, types):
		dtype = function_of(np.maximum)._loop(tuple(types[:2]))[-1]
		dtype = function_of(np.maximum)._loop((dtype, types[2]))[-1]
		larger, smaller = (function_of(f)._resolve((dtype, dtype))[-1] for f in (np.maximum, np.minimum))
		return (dtype,) * 3, (dtype,), lambda x, y, z: smaller(larger(x, y), z)


class _Cast(Elementwise):
	"""x as it is; the output says what it becomes."""

	def _resolve(self, types):
		dtype = types[0] if isinstance(types[0], np.dtype) else np.dtype(types[0])
		return (dtype,), (dtype,), function("astype", 1, "x")


class _Real(Elementwise):
	"""The real parts of complex numbers."""

	def _resolve(self, types):
		return types, (types[0].type().real.dtype,), function("real", 1, "x.real")


_where, _clip, _cast, _real = _Where("where", 3, 1), _Clip("clip", 3, 1), _Cast("astype", 1, 1), _Real("real", 1, 1)


def without_imaginary(array, dtype, stream=0):
	"""The array, or what can be converted to a dtype that is not complex."""
	if array.dtype.kind != "c" or dtype.kind == "c":
		return array
	if dtype.kind == "b":
		return function_of(np.not_equal)(array, 0, stream=stream)
	warnings.warn("Casting complex values to real discards the imaginary part", reductions.ComplexWarning, stacklevel=3)
	return _real(array, stream=stream)


def store(target, value, stream=0):
	"""target[...] = value by a kernel, converted as kernels convert."""
	value = as_operand(value)
	if is_cuda_array(value):
		value = without_imaginary(as_cuda_array(value), target.dtype, stream)
	if _cast._run((value,), (target,), None, stream, None) is NotImplemented:
		_cast._run((as_cuda_array(value).copy(),), (target,), None, stream, None)


def where(condition, x=None, y=None):
	"""np.where; of a condition alone on a copy in host memory."""
	return np.nonzero(condition) if x is None or y is None else _where(condition, x, y)


def clip(a, a_min=None, a_max=None, out=None, *, min=None, max=None, dtype=None, **keywords):
	"""np.clip."""
	least, most = a_min if min is None else min, a_max if max is None else max
	kind = getattr(a, "dtype", None)
	if isinstance(kind, np.dtype) and kind.kind in "iu":
		least = None if type(least) is int and least <= np.iinfo(kind).min else least
		most = None if type(most) is int and most >= np.iinfo(kind).max else most
	if least is None and most is None:
		return function_of(np.positive)(a, out=out, **keywords)
	if least is None or most is None:
		f = function_of(np.minimum if least is None else np.maximum)
		return f(a, most if least is None else least, out=out, dtype=dtype, **keywords)
	return _clip(a, least, most, out=out, **keywords)


# -- methods -----------------------------------------------------------------------------------------------------------

def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True, stream=0):
	"""A copy with items of another dtype; the array itself where copy is false and nothing changes. Numbers that the dtype does
	not hold are converted as kernels convert them (floats to integers saturate)."""
	dtype = np.dtype(dtype)
	if order not in ("C", "F", "A", "K"):
		raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
	if not np.can_cast(self.dtype, dtype, casting):
		raise TypeError(f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule '{casting}'")
	if dtype == self.dtype and not copy:
		return self
	fortran = order == "F" or order in "KA" and self.is_f_contiguous() and not self.is_c_contiguous()
	new = device_array(self.shape, dtype, order="F" if fortran else "C", stream=stream)
	if not _has_kernels(dtype) or not _has_kernels(self.dtype):
		new.copy_to_device(self, stream=stream)
	else:
		store(new, self, stream)
	return new


def _has_kernels(dtype):
	return is_known(dtype)


def fill(self, value, stream=0):
	"""Set every item to `value`."""
	if self.readonly:
		raise ValueError("assignment destination is read-only")
	if _has_kernels(self.dtype):
		one = np.empty((), self.dtype)
		one.fill(_to_host(value))
		store(self, one[()], stream)
	else:
		self.setitem(..., value, stream)


def _of_host(name):
	"""A method of NumPy's arrays that works on a copy in host memory."""
	at = _out_at(getattr(np, name, None))

	def method(self, *args, **keywords):
		return _on_copies(getattr(np.asarray(self._to_host()), name), args, keywords, None if at is None else at - 1)
	method.__name__ = name
	method.__doc__ = getattr(np.ndarray, name, method).__doc__
	return method


def _in_place_of_host(name):
	"""A method that changes the array: a copy in host memory, which is copied back."""
	def method(self, *args, **keywords):
		host = self.copy_to_host()
		getattr(host, name)(*map(_to_host, args), **keywords)
		self.copy_to_device(host)
	method.__name__, method.__doc__ = name, getattr(np.ndarray, name).__doc__
	return method


_byteswap_in_place = _in_place_of_host("byteswap")


def _byteswap(self, inplace=False):
	"""The items with their bytes in the other order: a copy in host memory, or the array itself."""
	if not inplace:
		return self._to_host().byteswap()
	_byteswap_in_place(self, True)
	return self


def _in_order(name):
	"""Such a method with an order, where A asks how the array lies, not its copy."""
	method = _of_host(name)
	ordered = lambda self, order="C": method(self, _order(self, order))
	ordered.__name__, ordered.__doc__ = name, method.__doc__
	return ordered


def _conversion(function):
	"""What a function of Python makes of an array or a number, which here is a copy in host memory."""
	return lambda self, *args: function(self._to_host(), *args)


def _matmul(self, other):
	return np.matmul(self, other) if _is_operand(other) else NotImplemented


def _matmul_in_place(self, other):
	if not _is_operand(other):
		return NotImplemented
	self.copy_to_device(np.matmul(self, other))
	return self


def _as_device(x):
	return x if isinstance(x, DeviceNDArray) else as_cuda_array(x) if is_cuda_array(x) else to_device(np.asarray(x))


# -- NumPy's functions -------------------------------------------------------------------------------------------------

def concatenate(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
	"""np.concatenate."""
	arrays = [_as_device(a) for a in arrays]
	if not arrays:
		raise ValueError("need at least one array to concatenate")
	if axis is None:
		arrays, axis = [a.ravel() for a in arrays], 0
	shape = np.concatenate([np.broadcast_to(np.int8(0), a.shape) for a in arrays], axis=axis).shape
	if out is None:
		out = device_array(shape, np.result_type(*(a.dtype for a in arrays)) if dtype is None else dtype)
	elif out.shape != shape:
		raise ValueError("Output array is the wrong shape")
	axis, at = axis % len(shape), 0
	for a in arrays:
		if not np.can_cast(a.dtype, out.dtype, casting):
			raise TypeError(f"Cannot cast array data from {a.dtype!r} to {out.dtype!r} according to the rule '{casting}'")
		end = at + a.shape[axis]
		out[(slice(None),) * axis + (slice(at, end),)] = a
		at = end
	return out


def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
	"""np.stack."""
	arrays = [_as_device(a) for a in arrays]
	if len({a.shape for a in arrays}) > 1:
		raise ValueError("all input arrays must have the same shape")
	ndim = arrays[0].ndim + 1
	if not -ndim <= axis < ndim:
		raise np.exceptions.AxisError(axis, ndim)
	index = (slice(None),) * (axis % ndim) + (None,)
	return concatenate([a[index] for a in arrays], axis, out, dtype=dtype, casting=casting)


def _like(prototype, dtype, order, shape):
	dtype = prototype.dtype if dtype is None else np.dtype(dtype)
	fortran = order == "F" or order in ("K", "A") and prototype.is_f_contiguous() and not prototype.is_c_contiguous()
	return device_array(prototype.shape if shape is None else shape, dtype, order="F" if fortran else "C")


def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
	"""np.full_like."""
	new = _like(a, dtype, order, shape)
	new.fill(fill_value)
	return new


def zeros_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
	"""np.zeros_like."""
	return full_like(a, np.zeros((), a.dtype if dtype is None else dtype)[()], dtype, order, subok, shape)


def ones_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
	"""np.ones_like."""
	return full_like(a, 1, dtype, order, subok, shape)


def empty_like(prototype, dtype=None, order="K", subok=True, shape=None, *, device=None):
	"""np.empty_like."""
	return _like(prototype, dtype, order, shape)


def copy(a, order="K", subok=False):
	"""np.copy."""
	return a.astype(a.dtype, order=order)


def expand_dims(a, axis):
	"""np.expand_dims."""
	ndim = np.expand_dims(np.broadcast_to(np.int8(0), a.shape), axis).ndim
	return reductions.with_axes(a, [one % ndim for one in (axis if isinstance(axis, (tuple, list)) else (axis,))], ndim)


def broadcast_to(array, shape, subok=False):
	"""np.broadcast_to: a view, which cannot be written."""
	view = array._broadcast(shape)
	return DeviceNDArray(view.shape, view.strides, view.dtype, view.stream, view.gpu_data, readonly=True, pointer=view.device_pointer)


def reshape(a, shape, order="C"):
	"""np.reshape: a view if there is one, else a copy."""
	try:
		return a.reshape(shape, order=order)
	except NotImplementedError:
		return a.copy("F" if order == "F" else "C").reshape(shape, order=order)


def _method(name):
	return lambda a, *args, **keywords: getattr(_as_device(a), name)(*args, **keywords)


_FUNCTIONS = {np.where: where, np.clip: clip, np.concatenate: concatenate, np.stack: stack, np.full_like: full_like,
	np.zeros_like: zeros_like, np.ones_like: ones_like, np.empty_like: empty_like, np.copy: copy,
	np.shape: lambda a: a.shape, np.ndim: lambda a: a.ndim, np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
	np.transpose: lambda a, axes=None: a.transpose(axes), np.ravel: lambda a, order="C": a.ravel(order),
	np.reshape: lambda a, shape=None, order="C", **_: reshape(a, shape, order),
	np.squeeze: lambda a, axis=None: a.squeeze(axis), np.broadcast_to: broadcast_to,
	np.expand_dims: expand_dims,
	**{getattr(np, name): _method(name) for name in reductions.METHODS}}


def _to_host(x):
	if isinstance(x, DeviceNDArray):
		return x.copy_to_host()
	return type(x)(map(_to_host, x)) if type(x) in (list, tuple) else x


_WRITE_FIRST = {np.copyto: "dst", np.put: "a", np.place: "arr", np.putmask: "a", np.fill_diagonal: "a", np.put_along_axis: "arr"}


@functools.cache
def _out_at(function):
	"""Which positional argument of a function of NumPy's is out; None: none is."""
	if function is np.dot:                         # of C, with a signature in newer releases only
		return 2
	try:
		names = list(inspect.signature(function).parameters)
	except (TypeError, ValueError):
		return None
	return names.index("out") if "out" in names else None


def _on_copies(function, args, keywords, at=None, name="out"):
	"""What the function gives of copies in host memory. What it writes to, the argument at this place or with this name, is copied back,
	and stands for its copy in the result."""
	written = []

	def copied(x):
		if isinstance(x, tuple):
			return tuple(map(copied, x))
		if isinstance(x, DeviceNDArray):
			written.append((x, x.copy_to_host()))
			return written[-1][1]
		return x
	args = [copied(x) if i == at else _to_host(x) for i, x in enumerate(args)]
	result = function(*args, **{key: copied(x) if key == name else _to_host(x) for key, x in keywords.items()})
	for x, host in written:
		x.copy_to_device(host)

	def given(one):
		return next((x for x, host in written if one is host), one)
	return tuple(map(given, result)) if type(result) is tuple else given(result)


def _array_function(self, func, types, args, keywords):
	"""What is not built works on copies in host memory, as it did for arrays that only had __array__."""
	if func in _FUNCTIONS:
		return _FUNCTIONS[func](*args, **keywords)
	if func in _WRITE_FIRST:
		return _on_copies(func, args, keywords, 0, _WRITE_FIRST[func])
	if func is np.nan_to_num and not (args[1] if len(args) > 1 else keywords.get("copy", True)):
		return _on_copies(func, args, keywords, 0, "x")
	return _on_copies(func, args, keywords, _out_at(func))


def _install():
	for name, ufunc in _BINARY.items():
		setattr(DeviceNDArray, f"__{name}__", _operator(ufunc))
		setattr(DeviceNDArray, f"__r{name}__", _operator(ufunc, reflected=True))
		if name != "divmod":
			setattr(DeviceNDArray, f"__i{name}__", _in_place(ufunc))
	DeviceNDArray.__pow__, DeviceNDArray.__ipow__, DeviceNDArray.__rpow__ = _power, _power_in_place, _power_reflected
	for name, ufunc in _COMPARISONS.items():
		setattr(DeviceNDArray, f"__{name}__", _operator(ufunc))
	for name, ufunc in _UNARY.items():
		setattr(DeviceNDArray, f"__{name}__", _unary(ufunc))
	DeviceNDArray.__hash__ = object.__hash__
	DeviceNDArray.__array_ufunc__ = _array_ufunc
	DeviceNDArray.__array_function__ = _array_function
	DeviceNDArray.__matmul__, DeviceNDArray.__rmatmul__ = _matmul, lambda self, other: _matmul(other, self)
	DeviceNDArray.__imatmul__ = _matmul_in_place
	for name in CONVERSIONS:
		setattr(DeviceNDArray, f"__{name}__", _conversion(getattr(builtins, name, operator.index)))
	for name in OF_HOST:
		setattr(DeviceNDArray, name, (_in_order if name in ("flatten", "tobytes") else _of_host)(name))
	for name in IN_PLACE:
		setattr(DeviceNDArray, name, _in_place_of_host(name))
	DeviceNDArray.astype, DeviceNDArray.fill, DeviceNDArray.byteswap = astype, fill, _byteswap
	DeviceNDArray.clip = lambda self, min=None, max=None, out=None, **keywords: clip(self, min, max, out, **keywords)
	for name, method in reductions.METHODS.items():
		method.__name__ = name
		setattr(DeviceNDArray, name, method)


_install()
