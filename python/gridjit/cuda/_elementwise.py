"""Functions of numbers that are called with arrays, on the current device: what NumPy's ufuncs and vectorize(target='cuda')
share. The usual call is in C (pyext/elements); here is what is not usual."""

import numpy as np

from .. import _core
from .devicearray import DeviceNDArray, as_cuda_array, is_cuda_array, to_device

try:
	from numpy._core import _exceptions
except ImportError:
	from numpy.core import _exceptions

NUMBERS = int, float, complex, bool, np.bool_, np.integer, np.floating, np.complexfloating
_TAKES = {int: "iufcV", float: "fcV", complex: "c"}     # kinds of dtypes that Python's numbers become; V: bfloat16
_TYPE_CODES = frozenset(np.typecodes["All"])
_KNOWN = frozenset(map(np.dtype, "?bhilqBHILQefdFD"))


def is_known(dtype):
	"""Do kernels compute with this dtype? With bfloat16 of ml_dtypes too."""
	return dtype in _KNOWN or (dtype.kind == "V" and is_half(dtype))


def is_half(dtype):
	"""Is it float16 or bfloat16?"""
	return dtype == np.float16 or (dtype.kind == "V" and dtype.name == "bfloat16")


def as_operand(x):
	"""x as C reads it: a number, an array in device memory, or a NumPy array of native byte order."""
	if isinstance(x, NUMBERS) and not isinstance(x, (np.longdouble, np.clongdouble)):
		return x
	if isinstance(x, DeviceNDArray):
		return x if x.dtype.isnative else to_device(as_operand(x.copy_to_host()))
	if not isinstance(x, np.ndarray) and (is_cuda_array(x) or hasattr(x, "__dlpack__")):
		return x
	array = np.asarray(x)
	return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def type_of(x):
	"""What a row is found by: int, float and complex for Python's numbers, else a dtype."""
	if type(x) in (int, float, complex):
		return type(x)
	if isinstance(x, bool):
		return np.dtype(bool)
	dtype = getattr(x, "dtype", None)
	return dtype if isinstance(dtype, np.dtype) else np.dtype(str(_core.typeof(x).dtype))


def as_mask(where):
	"""What where= is: a list as bools, an array as it is."""
	return as_operand(where if is_cuda_array(where) else np.asarray(where, None if hasattr(where, "dtype") else bool))


def check_keywords(casting, order, subok):
	"""Raises what NumPy raises; returns the order in capitals."""
	if not isinstance(casting, str):
		raise TypeError(f"casting must be str, not {type(casting).__name__}")
	np.can_cast(np.int8, np.int8, casting)
	if not isinstance(subok, bool):
		raise TypeError("'subok' must be a boolean")
	if not isinstance(order, str) or order.upper() not in ("C", "F", "A", "K"):
		raise ValueError(f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
	return order.upper()


def as_outputs(out, positional, nout):
	"""out= and positional outputs as a tuple with an item or None for each."""
	if positional:
		if out is not None:
			raise TypeError("cannot specify 'out' as both a positional and keyword argument")
		return tuple(positional) + (None,) * (nout - len(positional))
	if out is None or out is Ellipsis:
		return (None,) * nout
	if not isinstance(out, tuple):
		if nout > 1:
			raise TypeError("'out' must be a tuple of arrays")
		return (out,)
	if len(out) != nout:
		raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
	return out


def _drops(dtype, out):
	"""Is a complex result to be stored as a real one?"""
	return dtype.kind == "c" and type_of(out).kind != "c"


def _copy_of(out, dtype, stream):
	"""A copy of an output in native byte order, on the device, which can take what has this dtype; None stays."""
	if out is None:
		return None
	if isinstance(out, np.ndarray):
		copy = to_device(np.array(out, out.dtype.newbyteorder("="), order="C"))
	else:
		out = as_cuda_array(out)
		copy = out.copy(stream=stream) if out.dtype.isnative else as_operand(out)
	return copy.astype(dtype, stream=stream) if _drops(dtype, out) else copy


def _lead(out):
	"""How far on an output begins, in the direction in which it is written."""
	out = out if isinstance(out, np.ndarray) else as_cuda_array(out)
	address = out.__array_interface__["data"][0] if isinstance(out, np.ndarray) else out.device_pointer
	return -address if next(filter(None, out.strides), 1) < 0 else address


def _real_parts(x, dtype):
	"""The input, or the real parts of a complex one where the loop has real numbers."""
	if type_of(x) in (complex, np.complex64, np.complex128) and dtype.kind not in "cb":
		from ._operators import without_imaginary
		return x.real if isinstance(x, NUMBERS) else without_imaginary(as_cuda_array(x), dtype) if is_cuda_array(x) else x.astype(dtype)
	return x


def _copy_back(copy, out, stream):
	if _drops(copy.dtype, out):
		copy = copy.astype(type_of(out).newbyteorder("="), stream=stream)
	if isinstance(out, np.ndarray):
		out[...] = copy.copy_to_host(stream=stream)
	elif out.dtype == copy.dtype:
		as_cuda_array(out).copy_to_device(copy, stream=stream)
	else:
		as_cuda_array(out).copy_to_device(copy.copy_to_host(stream=stream).astype(out.dtype), stream=stream)


def _is_fortran(x):
	return as_cuda_array(x).is_f_contiguous() if is_cuda_array(x) else np.asarray(x).flags.f_contiguous


def ordered(results, outputs, inputs, order, stream):
	"""New results in C's or Fortran's order; A: Fortran's where all inputs have it."""
	if order == "A":
		order = "F" if all(map(_is_fortran, inputs)) else "C"

	def one(x, given):
		if given is not None or np.ndim(x) < 2:
			return x
		return (x if x.layout == order else x.copy(order, stream)) if isinstance(x, DeviceNDArray) else np.asarray(x, order=order)
	return tuple(map(one, results, outputs)) if isinstance(results, tuple) else one(results, outputs[0])


class Elementwise(_core.Elements):
	"""f(*arrays, out=None, where=True, dtype=None, casting='same_kind', stream=0): element by element, on the device.

	Operands: arrays in device memory (ours, or of a library with __cuda_array_interface__ or DLPack), NumPy arrays, anything
	that np.asarray takes, numbers. Results are device arrays if an operand is on the device, else NumPy arrays."""

	def __new__(cls, name, nin, nout):
		self = super().__new__(cls, nin, nout)
		self.__name__ = self.__qualname__ = name
		self._known, self._fold_kernels = {}, {}
		return self

	nargs = property(lambda self: self.nin + self.nout, doc="Number of operands.")

	def _resolve(self, types):
		"""(input dtypes, output dtypes, function) for operands of these types. Raises TypeError where there is none."""
		raise NotImplementedError

	def _resolve_as(self, types, signature, casting):
		"""The same where dtype= or signature= says what some operands are to be taken as (None: any)."""
		raise NotImplementedError

	def _row(self, types):
		if types not in self._known:
			from ._loops import maker
			ins, outs, function = self._resolve(types)
			self._known[types] = ins, outs, maker(function, self.__name__, ins, outs, self._kernel_options)
		return self._known[types]

	_kernel_options = _fold_options = {}

	def _check_inputs(self, types, ins, casting):
		for number, (given, taken) in enumerate(zip(types, ins)):
			fits = np.can_cast(given, taken, casting) if isinstance(given, np.dtype) else casting == "unsafe" or taken.kind in _TAKES[given]
			if fits and casting == "equiv" and taken != np.dtype(given):
				raise TypeError(f"cannot cast Python {given.__name__} to {taken} under the casting rule 'equiv'")
			if not fits:
				raise _exceptions._UFuncInputCastingError(self, casting, np.dtype(given), taken, number)

	def _check_outputs(self, outs, outputs, casting):
		for number, (gives, out) in enumerate(zip(outs, outputs)):
			if out is None:
				continue
			if not isinstance(out, np.ndarray) and not is_cuda_array(out) and not hasattr(out, "__dlpack__"):
				raise TypeError("return arrays must be of ArrayType")
			if not np.can_cast(gives, type_of(out), casting):
				raise _exceptions._UFuncOutputCastingError(self, casting, gives, type_of(out), self.nin + number)

	def _call(self, *args, out=None, where=True, dtype=None, casting="same_kind", signature=None, sig=None, order="K", subok=True,
			stream=0, **unknown):
		_core.check_keywords(self.__name__, unknown, ("out", "where", "dtype", "casting", "signature", "order", "subok", "stream"))
		if not self.nin <= len(args) <= self.nargs:
			raise TypeError(f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but {len(args)} "
				f"{'was' if len(args) == 1 else 'were'} given")
		order = check_keywords(casting, order, subok)
		outputs = as_outputs(out, args[self.nin:], self.nout)
		inputs = tuple(map(as_operand, args[:self.nin]))
		types = tuple(map(type_of, inputs))
		if not all(isinstance(t, type) or is_known(t) for t in types):
			raise _exceptions._UFuncNoLoopError(self, types + (None,) * self.nout)
		if sig is not None and signature is not None:
			raise TypeError("cannot specify both 'sig' and 'signature'")
		wanted = self._wanted(dtype, signature if sig is None else sig)
		if wanted is None:
			loop, (ins, outs, _) = None, self._row(types)
		else:
			loop = self._resolve_as(types, wanted, casting)
			ins, outs, _ = self._row(loop)
			if ins != loop:
				raise TypeError(f"No loop matching the specified signature and casting was found for ufunc {self.__name__}")
		self._check_inputs(types, ins, casting)
		self._check_outputs(outs, outputs, casting)
		mask = None if where is True else as_mask(where)
		if mask is not None and not np.can_cast(type_of(mask), bool):
			raise TypeError(f"Cannot cast array data from {type_of(mask)!r} to dtype('bool') according to the rule 'safe'")
		if casting == "unsafe":
			inputs = tuple(map(_real_parts, inputs, ins))
		foreign = any(out is not None and (not type_of(out).isnative or _drops(dtype, out)) for dtype, out in zip(outs, outputs))
		result = NotImplemented if foreign else self._run(inputs, outputs, mask, stream, loop)
		if result is NotImplemented:
			result = self._through_copies(inputs, outputs, outs, mask, stream, loop)
		return result if order == "K" else ordered(result, outputs, inputs, order, stream)

	def _wanted(self, dtype, signature):
		"""dtype= and signature= as one dtype or None for each operand; None: neither is given."""
		if dtype is None and signature is None:
			return None
		if signature is None:
			return (None,) * self.nin + (np.dtype(dtype),) * self.nout
		if dtype is not None:
			raise TypeError("cannot specify both 'signature' and 'dtype'")
		if isinstance(signature, str):
			ins, arrow, outs = signature.partition("->")
			if arrow and (len(ins), len(outs)) != (self.nin, self.nout):
				raise ValueError(f"a type-string for {self.__name__}, {self.nin} typecode(s) before and {self.nout} after the -> sign")
			signature = tuple(ins + outs)
			if not all(map(_TYPE_CODES.__contains__, signature)):
				raise ValueError("Invalid data-type for array")
		if not isinstance(signature, tuple):
			raise TypeError("the signature object to ufunc must be a string or a tuple.")
		if len(signature) == 1 != self.nargs:
			raise TypeError("Use `dtype` or  fill the tuple with more than one 'None'.")
		if len(signature) != self.nargs:
			raise ValueError(f"a type-tuple must be specified of length {self.nargs} for ufunc '{self.__name__}'")
		return tuple(None if t is None else np.dtype(t) for t in signature)

	def _through_copies(self, inputs, outputs, dtypes, mask, stream, loop):
		"""Outputs that cannot be written where they are: into copies, which are then copied there. Where outputs overlap, what NumPy
		writes last stays."""
		for out in outputs:
			if isinstance(out, np.ndarray) and not out.flags.writeable:
				raise ValueError("output array is read-only")
		copies = tuple(_copy_of(out, dtype, stream) for out, dtype in zip(outputs, dtypes))
		results = self._run(inputs, copies, mask, stream, loop)
		written = [(out, copy) for out, copy in zip(outputs, copies) if out is not None]
		for out, copy in sorted(written, key=lambda pair: _lead(pair[0]), reverse=True):
			_copy_back(copy, out, stream)
		results = results if self.nout > 1 else (results,)
		given = tuple(result if out is None else out for out, result in zip(outputs, results))
		return given if self.nout > 1 else given[0]

	# -- methods of ufuncs --

	def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True, stream=0):
		"""The function applied along `axis` (an int, a tuple of them, or None: all): f(f(a[0], a[1]), a[2]) …

		The order is not fixed, so the function should be associative and commutative."""
		from . import reductions
		return reductions.reduce_with(self, array, axis, dtype, out, keepdims, initial, where, stream)

	def accumulate(self, array, axis=0, dtype=None, out=None, stream=0):
		"""All partial results of reduce() along one axis."""
		from . import reductions
		return reductions.accumulate_with(self, array, axis, dtype, out, stream)

	def reduceat(self, array, indices, axis=0, dtype=None, out=None, stream=0):
		"""reduce() of the pieces of an axis that begin at these indices, each up to the next one; where that is not larger, its first element."""
		from . import reductions
		return reductions.reduceat_with(self, array, indices, axis, dtype, out, stream)

	def outer(self, *args, **keywords):
		"""f of all pairs of an element of a and one of b."""
		if self.nin != 2:
			raise ValueError("outer product only supported for binary functions")
		if len(args) != 2:
			raise TypeError("exactly two arguments expected")
		a, b = args
		a, b = (as_cuda_array(x) if is_cuda_array(x) else np.asarray(x) for x in (a, b))
		return self(a[(...,) + (None,) * b.ndim], b, **keywords)

	def at(self, array, indices, b=None, stream=0):
		"""array[indices] = f(array[indices], b) in place, where an index that stands several times counts each time."""
		from . import reductions
		return reductions.at_with(self, array, indices, b, stream)

	def __repr__(self):
		return f"<{type(self).__name__} '{self.__name__}'>"
