"""Reductions and scans of arrays on the current device: methods of device arrays, those of ufuncs, cuda.reduce and cuda.scan."""

import functools
import math
import operator
import warnings

import numpy as np

from .. import _core, _pickle
from . import _folds
from ._elementwise import as_mask, as_operand, is_half, type_of
from ._folds import Fold
from ._lie import Lie, Parts, meet
from .devicearray import DeviceNDArray, as_cuda_array, device_array, is_cuda_array, to_device
from .dispatcher import told

try:
	from numpy.exceptions import AxisError, ComplexWarning
except ImportError:
	from numpy import AxisError, ComplexWarning

def _as_device(array, stream=0):
	return array if isinstance(array, DeviceNDArray) else as_cuda_array(array) if is_cuda_array(array) \
		else to_device(np.asarray(array), stream)


def _source(array, stream=0):
	"""What is read: in native byte order."""
	array = _as_device(array, stream)
	return array if array.dtype.isnative else as_operand(array)


def _axes(axis, ndim):
	if axis is None:
		return tuple(range(ndim))
	if ndim == 0 and axis in (0, -1) and not isinstance(axis, tuple):
		return ()                              # as in NumPy
	axes = axis if isinstance(axis, tuple) else (axis,)
	for one in axes:
		if not -ndim <= operator.index(one) < ndim:
			raise AxisError(one, ndim)
	axes = tuple(one % ndim for one in axes)
	if len(set(axes)) != len(axes):
		raise ValueError("duplicate value in 'axis'")
	return axes


# -- the work: as many blocks as keep the device busy, then one for each row of what they leave --------------------------------

GPU_BLOCKS, MANY_BLOCKS = 792, 4224             # six and 32 of 256 threads for each of an H100's multiprocessors
CPU_BLOCKS = 256
EACH = 4                                       # elements side by side that a thread of a GPU scans
LEAST = 16384                                  # elements of a block that has others beside it


def _parts(n, rows, array, step):
	"""Parts for n elements of each of these rows, none of them empty; parts begin at multiples of `step`."""
	busy = CPU_BLOCKS if array.on_host else MANY_BLOCKS
	parts = max(1, min(-(-busy // rows), n // LEAST))
	per = -(-n // (parts * step)) * step
	return -(-n // per)


def _block(lie, on_host, inner, outer):
	"""Threads of a block: along the dimension that they run along, and along the others that are reduced."""
	if on_host:
		return (32, 1) if lie.along else (256, 1)
	wide, high = (256, 1) if lie.along else (32, 8)
	while lie.along and wide > 32 and wide >= 2 * inner:
		wide, high = wide // 2, high * 2 if outer > 1 else 1
	return wide, high


def _are_rows(lie, vector):
	"""Are all operands whole rows of vectors, one behind the other?"""
	if not lie.along or not len(lie.kept) == len(lie.gone) == 1:
		return False
	rows, n = lie.kept[0], lie.gone[0]
	return n >= 1024 and (rows == 1 or n % vector == 0) and all(
		a.is_c_contiguous() and v[1] and (v[0] or rows == 1) for a, v in zip(lie.arguments, lie.varies) if v)


def _launch(states, lie, first, outs, count, stream):
	"""Folds operands (first) or what blocks have left; outs: what takes the results, None: parts may be left. Returns the results, or the
	parts' states, and whether it is the results."""
	on_host = next(a for a in lie.arguments if isinstance(a, DeviceNDArray)).on_host
	flat = not on_host and states.vector > 1 and _are_rows(lie, states.vector)
	vector = states.vector if flat else 1
	rows, outer = math.prod(lie.kept if lie.along else lie.kept[:-1]), math.prod(lie.gone[:-1] if lie.along else lie.gone)
	inner = (lie.gone[-1] if lie.along else lie.kept[-1]) // vector
	wide, high = _block(lie, on_host, inner, outer)
	stretches = 1 if lie.along else -(-inner // wide)
	chunk, per = inner, outer
	if first:
		busy, blocks = CPU_BLOCKS if on_host else MANY_BLOCKS if lie.along and not flat else GPU_BLOCKS, rows * stretches
		least = LEAST // vector if lie.along else 256
		parts = max(1, min((busy + blocks // 2) // blocks, outer * (inner if lie.along else 1) // least))
		per = -(-outer // min(parts, outer))
		chunk = -(-inner // (-(-parts // -(-outer // per)) * wide)) * wide if lie.along else inner
	parts = -(-outer // per) * (-(-inner // chunk) if lie.along else 1)
	last = parts == 1
	deep = 1 if on_host or flat else states.deep
	shape = (rows, parts) if lie.along else (rows, parts, inner)
	types = states.results if last else states.types
	outs = [device_array(shape, t, stream=stream) if o is None else o.reshape(shape) for t, o in zip(types, outs if last else [None] * len(types))]
	kernel = _folds.kernel(states, _folds.reduce_text, (lie.varies, len(lie.kept), lie.along), first, last, wide, high, vector, deep)
	operands = [a.reshape(-1) if flat and v else a for a, v in zip(lie.arguments, lie.varies)]
	sizes = np.array((chunk, per), np.int32 if max(chunk, per) < 1 << 31 else np.int64)      # loops count in 32 bits where they can
	kernel[(rows * stretches, parts), (wide, high), stream](*outs, *operands, *sizes, float(count))
	return outs, last


def folded(states, operands, shape, axes, outs, stream):
	"""Operands (device arrays, numbers) of this shape without zeros, folded along the axes: results without these, as new arrays or, where
	they lie as those would, in outs (None: nothing is given)."""
	lie = Lie(operands, shape, axes, states.arg)
	count = math.prod(shape[axis] for axis in axes)
	kept = [shape[axis] for axis in lie.order]
	back = sorted(range(len(kept)), key=lie.order.__getitem__)
	direct = [o if o is not None and back == list(range(len(kept))) and o.dtype == t and o.is_c_contiguous() and
		not any(meet(o, a) for a in operands) else None for o, t in zip(outs, states.results)]
	results, last = _launch(states, lie, True, direct, count, stream)
	if not last:
		results, _ = _launch(states, Parts(results, lie.along), False, direct, count, stream)
	return [o if o is not None else r.reshape(tuple(kept)).transpose(back) if kept else r.reshape(()) for r, o in zip(results, direct)]


def with_axes(array, axes, ndim):
	"""The array with dimensions of one item in place of axes that were reduced."""
	return array._index(tuple(None if axis in axes else slice(None) for axis in range(ndim)))


def _fold(states, array, axes, keepdims, stream):
	"""The results of a reduction of one array over these axes (none of the array's extents is 0)."""
	outs = folded(states, [array], array.shape, axes, [None] * states.n, stream)
	return [with_axes(o, axes, array.ndim) for o in outs] if keepdims else outs


def _kept_shape(array, axes, keepdims):
	return tuple(1 if axis in axes else extent for axis, extent in enumerate(array.shape) if keepdims or axis not in axes)


def _deliver(result, out, on_device, stream, casting="same_kind", dtype=None):
	"""The result in `out`, or as it is; for inputs of the host as a NumPy array or number."""
	if out is None:
		if dtype is not None and result.dtype != dtype:
			result = result.astype(dtype, stream=stream)
		return result if on_device else result.copy_to_host(stream=stream)[()]
	out = out[0] if isinstance(out, tuple) else out
	if tuple(out.shape) != result.shape:
		raise ValueError(f"output parameter for reduction operation has the wrong number of dimensions or shape: {tuple(out.shape)}, "
			f"not {result.shape}")
	if not np.can_cast(result.dtype, out.dtype, casting):
		raise TypeError(f"Cannot cast array data from {result.dtype!r} to {out.dtype!r} according to the rule '{casting}'")
	if isinstance(out, np.ndarray):
		result.copy_to_host(out, stream=stream)
	else:
		as_cuda_array(out).copy_to_device(result, stream=stream)
	return out


# -- ufuncs ------------------------------------------------------------------------------------------------------------------

def _dtype_of(out):
	"""The dtype of an output that is given; None: there is none. Raises what NumPy raises of what is no array."""
	if isinstance(out, tuple) and len(out) != 1:
		raise ValueError("The 'out' tuple must have exactly one entry per ufunc output")
	out = out[0] if isinstance(out, tuple) else out
	if out is not None and not isinstance(out, np.ndarray) and not is_cuda_array(out):
		raise TypeError("return arrays must be of ArrayType")
	return None if out is None else type_of(out).newbyteorder("=")


def _loop_of(f, dtype, wanted, given, method="reduce"):
	"""The dtype in which a ufunc of two inputs reduces, also by that of an output that is given."""
	if f.nin != 2 or f.nout != 1:
		raise ValueError(f"{method} only supported for {'binary functions' if f.nin != 2 else 'functions returning a single value'}")
	if hasattr(f, "_reduction"):
		return f._reduction(dtype, wanted, given)
	types = (np.dtype(dtype),) * 2
	if wanted is not None:
		types = f._resolve_as(types, (np.dtype(wanted), None, np.dtype(wanted)), "unsafe")
	ins, outs, function = f._resolve(types)
	if outs[0] != ins[0]:                      # int32 + int32 is int64: then in that
		ins, outs, function = f._resolve((outs[0],) * 2)
	if outs[0] != ins[0] or ins[0] != ins[1]:
		raise TypeError(f"the function {f.__name__} cannot be used for a reduction of {dtype}: it gives {outs[0]} for "
			f"{ins[0]} and {ins[1]}")
	return ins[0], function


def _convertible(array, loop, stream):
	"""The array, or where that is complex and the loop is not its real parts. All are true or false."""
	if array.dtype.kind != "c" or loop.kind in "cb":
		return array
	from ._operators import without_imaginary
	return without_imaginary(array, loop, stream)


class _Chosen(_folds.States):
	"""A function of two over the elements that a mask chooses, where nothing can stand for the others: a state is a value, and whether
	there is one."""

	def __init__(self, f, loop, function):
		types = loop, np.dtype(bool)
		super().__init__(f._fold_kernels, types, types, f.__name__, False, f._fold_options)
		self.function = function

	def of_element(self, target, values, position):
		return [f"{target[0]}, {target[1]} = T0({values[0]}{' != 0' if self.types[0] == bool else ''}), {values[1]}"]

	def fold(self, target, left, right, in_order=False):
		(x, there), (y, more) = left, right
		return [f"v1, t1, v2, t2 = {x}, {there}, {y}, {more}", f"{target[0]}, {target[1]} = T0(f(v1, v2)) if t1 and t2 else v1 if t1 else v2, t1 | t2"]

	def scope(self):
		return {**super().scope(), "f": self.function, "T0": _core.as_type(self.types[0])}


def _reduced_of_chosen(f, loop, function, array, axes, keepdims, initial, mask, stream):
	"""The elements that the mask chooses, combined with an initial value."""
	mask = _as_device(np.asarray(mask) if isinstance(mask, (bool, np.bool_)) else mask, stream)._broadcast(array.shape)
	parts = folded(_Chosen(f, loop, function), [array, mask], array.shape, axes, [None, None], stream)
	value, there = [with_axes(o, axes, array.ndim) for o in parts] if keepdims else parts
	result = device_array(value.shape, loop, stream=stream)
	result.fill(initial, stream=stream)
	return f(initial, value, out=result, where=there, stream=stream)


def _is_neutral(f):
	"""Is f(identity, x) always x? Else NumPy's reductions of one element are not that element."""
	ufunc = getattr(f, "ufunc", None)
	return isinstance(ufunc, np.ufunc) and ufunc is not np.hypot


def _check_mask(mask, shape):
	"""A mask of a reduction is repeated along the array, not the other way round. Raises what NumPy raises."""
	if len(mask) > len(shape):
		raise ValueError("input operand has more dimensions than allowed by the axis remapping")
	together = np.broadcast_shapes(mask, shape)
	if together != shape:
		given, wanted = (str(x).replace(", ", ",") for x in (shape, together))
		raise ValueError(f"non-broadcastable operand with shape {given} doesn't match the broadcast shape {wanted}")


def reduce_with(f, array, axis, dtype, out, keepdims, initial, where, stream):
	"""ufunc.reduce for a function over device arrays."""
	keepdims = bool(operator.index(keepdims))
	on_device = is_cuda_array(array)
	array = _source(array, stream)
	axes = _axes(axis, array.ndim)
	loop, function = _loop_of(f, array.dtype, dtype, _dtype_of(out))
	identity = getattr(f, "identity", None)
	identity = None if isinstance(identity, str) or identity is None or initial is None else np.asarray(identity).astype(loop)[()]
	array = _convertible(array, loop, stream)
	if where is not True:
		if identity is None and initial in (np._NoValue, None):          # None: also where the function has an identity
			raise ValueError(f"reduction operation '{f.__name__}' does not have an identity, so to use a where mask one has to "
				"specify 'initial'")
		from ._operators import where as choose
		mask = as_mask(where)
		_check_mask(np.shape(mask), array.shape)
		if not np.can_cast(type_of(mask), bool):
			raise TypeError(f"Cannot cast array data from {type_of(mask)!r} to dtype('bool') according to the rule 'safe'")
		if identity is None and axes and array.size:
			return _deliver(_reduced_of_chosen(f, loop, function, array, axes, keepdims, loop.type(initial), mask, stream), out, on_device, stream, "unsafe")
		array = choose(mask, array.astype(loop, copy=False), loop.type(initial) if identity is None else identity)
	if any(array.shape[axis] == 0 for axis in axes) and identity is None and initial in (np._NoValue, None):
		raise ValueError(f"zero-size array to reduction operation {f.__name__} which has no identity")
	if not axes:
		result = array.astype(loop, stream=stream)
	elif array.size == 0:
		result = device_array(_kept_shape(array, axes, keepdims), loop, stream=stream)
		if result.size:
			result.fill(identity if identity is not None else initial, stream=stream)
	else:
		exact = is_half(loop) and hasattr(f, "ufunc")                             # NumPy's sums of float16 are float32 in between
		fold = Fold(f._fold_kernels, (np.dtype(np.float32) if exact else loop,), function,
			lift="T0({} != 0)" if loop == bool else "T0({})", options=f._fold_options)
		result, = _fold(fold, array, axes, keepdims, stream)
		result = result.astype(loop, copy=False, stream=stream)
	if initial not in (np._NoValue, None) and not (array.size == 0 and identity is None):
		result = f(loop.type(initial), result, stream=stream)
	elif identity is not None and array.size and not _is_neutral(f) and all(array.shape[axis] == 1 for axis in axes):
		result = f(identity, result, stream=stream)
	return _deliver(result, out, on_device, stream, "unsafe")


def _one_axis(axis, ndim, method):
	axes = _axes(axis, ndim)
	if ndim == 0:
		raise TypeError(f"cannot {method} on a scalar")
	if len(axes) != 1:
		raise ValueError(f"{method} does not allow multiple axes")
	return axes[0]


def accumulate_with(f, array, axis, dtype, out, stream):
	"""ufunc.accumulate for a function over device arrays."""
	on_device = is_cuda_array(array)
	array = _source(array, stream)
	axis = _one_axis(axis, array.ndim, "accumulate")
	loop, function = _loop_of(f, array.dtype, dtype, _dtype_of(out), "accumulate")
	array = _convertible(array, loop, stream)
	fold = Fold(f._fold_kernels, (loop,), function, options=f._fold_options)
	return _deliver(_scan(fold, array, axis, False, None, stream), out, on_device, stream, "unsafe")


def reduceat_with(f, array, indices, axis, dtype, out, stream):
	"""ufunc.reduceat for a function over device arrays."""
	on_device = is_cuda_array(array)
	array = _source(array, stream)
	first = np.asarray(indices).astype(np.int64)
	axis = _one_axis(axis, array.ndim, "reduceat")
	if first.ndim != 1:
		raise ValueError(f"indices have one dimension, not {first.ndim}")
	n = array.shape[axis]
	for one in first:
		if not 0 <= one < n:
			raise IndexError(f"index {one} out-of-bounds in {f.__name__}.reduceat [0, {n})")
	loop, function = _loop_of(f, array.dtype, dtype, _dtype_of(out), "reduceat")
	array = _convertible(array, loop, stream)
	shape = (*array.shape[:axis], first.size, *array.shape[axis + 1:])
	result = device_array(shape, loop, stream=stream)
	if result.size:
		exact = is_half(loop) and hasattr(f, "ufunc")
		fold = Fold(f._fold_kernels, (np.dtype(np.float32) if exact else loop,), function, options=f._fold_options)
		source = array if array.is_c_contiguous() else array.copy(stream=stream)
		outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1:])
		last = np.append(first[1:], n)
		_folds.kernel(fold, _folds.reduceat_text)[-(-result.size // 128), 128, stream](source.reshape(outer, n, inner),
			*(to_device(i, stream) for i in (first, last)), result.reshape(outer, first.size, inner))
	return _deliver(result, out, on_device, stream, "unsafe")


def at_with(f, array, indices, b, stream):
	"""ufunc.at for a function over device arrays."""
	if not isinstance(array, np.ndarray) and not is_cuda_array(array):
		raise TypeError("first operand must be array")
	target = _as_device(array, stream)
	if target.readonly or isinstance(array, np.ndarray) and not array.flags.writeable:
		raise ValueError("array to perform in place operation on is read-only")
	if (b is None) != (f.nin == 1):
		raise ValueError("second operand needed for ufunc" if b is None else "second operand provided when ufunc is unary")
	host = tuple(np.asarray(i) if isinstance(i, DeviceNDArray) else i for i in indices) if isinstance(indices, tuple) \
		else np.asarray(indices) if isinstance(indices, DeviceNDArray) else indices
	flat = np.arange(target.size).reshape(target.shape)[host]
	if b is not None:
		b = _as_device(b, stream)
		try:
			b = b._broadcast(flat.shape)
		except ValueError:
			raise ValueError("array is not broadcastable to correct shape") from None
		b = b.copy(stream=stream).reshape(-1)
	flat = flat.ravel()
	if not flat.size:
		return
	order = np.argsort(flat, kind="stable")
	places, first = np.unique(flat[order], return_index=True)
	types = (target.dtype,) if b is None else (target.dtype, b.dtype)
	ins, outs, function = f._resolve(types)
	if outs[0].kind == "c" and target.dtype.kind not in "bc":
		warnings.warn("Casting complex values to real discards the imaginary part", ComplexWarning, stacklevel=3)
	fold = Fold(f._fold_kernels, (ins[0], ins[-1], outs[0], target.dtype.newbyteorder("=")), function, options=f._fold_options)
	work = target.astype(target.dtype.newbyteorder("="), copy=False, stream=stream)
	work = work if work.is_c_contiguous() else work.copy(stream=stream)
	kernel = _folds.kernel(fold, _folds.at_text, b is not None)
	kernel[-(-places.size // 128), 128, stream](work.reshape(-1), work.reshape(-1) if b is None else b, to_device(order, stream),
		to_device(np.append(first, flat.size), stream), to_device(places, stream))
	if work is not target:
		target.copy_to_device(work, stream=stream)
	if isinstance(array, np.ndarray):
		target.copy_to_host(array, stream=stream)


# -- scans -------------------------------------------------------------------------------------------------------------------

FEW_COLUMNS = 4096                             # with fewer, each is cut into parts too, and lies as a row for that


def _scan(fold, array, axis, exclusive, init, stream):
	"""A new array of the scan along the axis."""
	if array.size == 0:
		return device_array(array.shape, fold.types[0], stream=stream)
	outer, inner = math.prod(array.shape[:axis]), math.prod(array.shape[axis + 1:])
	n = array.shape[axis]
	if inner > 1 and outer * inner < FEW_COLUMNS:
		moved = [*(i for i in range(array.ndim) if i != axis), axis]
		rows = array.transpose(moved).copy(stream=stream)
		result = _scan(fold, rows, array.ndim - 1, exclusive, init, stream)
		return result.transpose(sorted(range(array.ndim), key=lambda at: moved[at])).copy(stream=stream)
	source = array if array.is_c_contiguous() else array.copy(stream=stream)
	out = device_array(array.shape, fold.types[0], stream=stream)
	start = fold.types[0].type(0 if init is None else init)
	if inner > 1:
		kernel = _folds.kernel(fold, _folds.scan_columns_text, exclusive, init is not None)
		threads = outer * inner
		kernel[-(-threads // 128), 128, stream](source.reshape(outer, n, inner), out.reshape(outer, n, inner), start)
	else:
		_scan_rows(fold, source.reshape(outer, n), out.reshape(outer, n), exclusive, init is not None, start, stream)
	return out


def _scan_rows(fold, source, out, exclusive, has_init, init, stream):
	rows, n = source.shape
	threads, each = (32, 1) if source.on_host else (256, EACH)
	flat = rows == 1 and not source.on_host
	parts = _parts(n, rows, source, threads * each)
	carry = source
	if parts > 1:
		ends = device_array((rows, parts), fold.types[0], stream=stream)
		vector = 4 if flat and n % 4 == 0 else 1
		step = threads * each // vector
		reduce = _folds.kernel(fold, _folds.reduce_text, (((True, True),), 1, True), True, False, threads, 1, vector)
		reduce[(rows, parts), threads, stream](ends, source.reshape(-1) if vector > 1 else source, -(-(n // vector) // (parts * step)) * step, 1, 0.0)
		carry = device_array((rows, parts), fold.types[0], stream=stream)
		_scan_rows(fold, ends, carry, False, False, init, stream)
	else:
		carry = device_array((rows, 1), fold.types[0], stream=stream)
	kernel = _folds.kernel(fold, _folds.scan_rows_text, threads, each, exclusive, has_init, flat)
	kernel[rows * parts, threads, stream](*(a.reshape(-1) if flat else a for a in (source, out)), carry, init)


# -- methods of arrays -------------------------------------------------------------------------------------------------------

def _reduction(name, doc):
	def method(self, axis=None, dtype=None, out=None, keepdims=False, initial=np._NoValue, where=True, stream=0):
		from ._ufuncs import function_of
		return reduce_with(function_of(getattr(np, name)), self, axis, dtype, out, keepdims, initial, where, stream)
	method.__doc__ = doc
	return method


array_sum = _reduction("add", "Sum over the axes (None: all).")
array_prod = _reduction("multiply", "Product over the axes (None: all).")


def _extreme(name, doc):
	def method(self, axis=None, out=None, keepdims=False, initial=np._NoValue, where=True, stream=0):
		from ._ufuncs import function_of
		return reduce_with(function_of(getattr(np, name)), self, axis, None, out, keepdims, initial, where, stream)
	method.__doc__ = doc
	return method


array_min = _extreme("minimum", "Smallest item over the axes (None: all); NaN if one is NaN.")
array_max = _extreme("maximum", "Largest item over the axes (None: all); NaN if one is NaN.")
array_any = _extreme("logical_or", "Is any item true, over the axes (None: all)?")
array_all = _extreme("logical_and", "Are all items true, over the axes (None: all)?")


def array_mean(self, axis=None, dtype=None, out=None, keepdims=False, where=True, stream=0):
	"""Mean over the axes (None: all); float64 of integers."""
	if self.ndim == 0 and axis in (0, -1) and not isinstance(axis, tuple) and where is True:
		raise AxisError(axis, 0)                   # other reductions take it
	if dtype is None and self.dtype.kind in "biu":
		dtype = np.float64
	elif dtype is None and out is not None:
		dtype = np.result_type(self.dtype, _dtype_of(out))
	given = (self.dtype if dtype is None else np.dtype(dtype)).newbyteorder("=")
	if is_half(given):
		dtype = np.float32
	total = array_sum(self, axis, dtype, None, keepdims, where=where, stream=stream)
	count = math.prod(self.shape[a] for a in _axes(axis, self.ndim))
	if where is not True:
		count = array_sum(_as_device(where)._broadcast(self.shape), axis, np.int64, None, keepdims, stream=stream)
	result = np.true_divide(total, total.dtype.type(count) if where is True else count)
	return _deliver(result.astype(given if is_half(given) else total.dtype, copy=False), out, True, stream, "unsafe")


def _deliver_places(result, out, stream):
	"""As NumPy, which asks of the output that it could be read as positions."""
	kind = _dtype_of(out)
	if kind is not None and not np.can_cast(kind, np.int64):
		raise TypeError(f"Cannot cast array data from {kind!r} to {np.dtype(np.int64)!r} according to the rule 'safe'")
	return _deliver(result, out, True, stream, "unsafe")


def _arg(name, better, better_complex):
	kernels = {}

	def method(self, axis=None, out=None, keepdims=False, stream=0):
		self = _source(self)
		axes = tuple(range(self.ndim)) if axis is None else _axes(operator.index(axis), self.ndim)
		if any(self.shape[a] == 0 for a in axes):
			raise ValueError(f"attempt to get {name} of an empty sequence")
		if not axes or 0 in self.shape:
			result = device_array(_kept_shape(self, axes, keepdims), np.int64, stream=stream)
			result.fill(0, stream=stream)
			return _deliver_places(result, out, stream)
		fold = Fold(kernels, (self.dtype, np.dtype(np.int64)), better_complex if self.dtype.kind == "c" else better, arg=True)
		return _deliver_places(_fold(fold, self, axes, keepdims, stream)[1], out, stream)
	method.__doc__ = f"Index of the first {'smallest' if name == 'argmin' else 'largest'} item along the axis, or of all items in C order; of the first NaN if there is one."
	return method


def is_smaller(x, y):
	return (not x <= y) & (x == x)


def is_larger(x, y):
	return (not x >= y) & (x == x)


def _is_smaller_complex(x, y):
	return ((y.real < x.real) | ((y.real == x.real) & (y.imag < x.imag)) | (y != y)) & (x == x)


def _is_larger_complex(x, y):
	return ((y.real > x.real) | ((y.real == x.real) & (y.imag > x.imag)) | (y != y)) & (x == x)


def better(smaller, is_complex):
	"""The function that says whether y replaces an x before it."""
	return (_is_smaller_complex if is_complex else is_smaller) if smaller else _is_larger_complex if is_complex else is_larger


array_argmin, array_argmax = (_arg(name, *(better(name == "argmin", c) for c in (False, True))) for name in ("argmin", "argmax"))


def _cumulative(name, doc):
	def method(self, axis=None, dtype=None, out=None, stream=0):
		from ._ufuncs import function_of
		array = self.ravel() if axis is None or self.ndim == 0 else self
		return accumulate_with(function_of(getattr(np, name)), array, 0 if axis is None else axis, dtype, out, stream)
	method.__doc__ = doc
	return method


array_cumsum = _cumulative("add", "Partial sums along the axis (None: of all items in C order).")
array_cumprod = _cumulative("multiply", "Partial products along the axis (None: of all items in C order).")


METHODS = {"sum": array_sum, "prod": array_prod, "min": array_min, "max": array_max, "mean": array_mean, "any": array_any,
	"all": array_all, "argmin": array_argmin, "argmax": array_argmax, "cumsum": array_cumsum, "cumprod": array_cumprod}


# -- cuda.reduce, cuda.scan --------------------------------------------------------------------------------------------------

def _rebuild(state, kind):
	return _pickle.restore(state, kind)


class Reduce:
	"""@cuda.reduce: a reduction with a function of two values, for arrays of any dtype and layout.

	f(array, size=None, res=None, init=0, stream=0): init combined with all items (the first `size` of a 1-D array), or of
	several dimensions of all. res: a device array of one item that takes the result, and nothing is returned. The order in which items
	are combined is not fixed."""

	def __init__(self, functor):
		self._functor = self.py_func = getattr(functor, "py_func", functor)
		if not callable(self._functor):
			raise TypeError(f"cuda.reduce() takes a function, not {type(functor).__name__}")
		functools.update_wrapper(self, self._functor)
		self._kernels, self._options = {}, told()

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, Reduce)

	def __call__(self, arr, size=None, res=None, init=0, stream=0):
		arr = _source(arr, stream)
		if size is not None:
			if arr.ndim != 1:
				raise TypeError("size only counts items of a 1-D array")
			if not 0 <= size <= arr.size:
				raise ValueError(f"size is {size}, but the array has {arr.size} items")
			arr = arr[:size]
		start = arr.dtype.type(init)
		if arr.size == 0:
			result = to_device(np.full(1, start), stream)
		else:
			fold = Fold(self._kernels, (arr.dtype,), self._functor, options=self._options)
			result, = _fold(fold, arr, tuple(range(arr.ndim)), False, stream)
			result = self._with(arr.dtype)(result.reshape(1), start, stream=stream)
		if res is None:
			return result.copy_to_host(stream=stream)[0]
		res[:1] = result
		return None

	def _with(self, dtype):
		"""The function over arrays, in this dtype."""
		if dtype not in self._kernels:
			from .vectorizers import DeviceUFunc
			t = _core.as_type(dtype)
			self._kernels[dtype] = DeviceUFunc(self._functor, (t(t, t),))
		return self._kernels[dtype]


reduce = Reduce


class Scan:
	"""@cuda.scan: all partial results of a function of two values.

	f(array, exclusive=False, axis=-1, init=None, out=None, stream=0): item i of the result combines init (if it is given) and the
	items up to i, or those before i (exclusive: then init is needed). The function must be associative."""

	def __init__(self, functor):
		self._functor = self.py_func = getattr(functor, "py_func", functor)
		if not callable(self._functor):
			raise TypeError(f"cuda.scan() takes a function, not {type(functor).__name__}")
		functools.update_wrapper(self, self._functor)
		self._kernels, self._options = {}, told()

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, Scan)

	def __call__(self, array, exclusive=False, axis=-1, init=None, out=None, stream=0):
		on_device = is_cuda_array(array)
		array = _source(array, stream)
		if array.ndim == 0:
			raise TypeError("cannot scan a scalar")
		if exclusive and init is None:
			raise ValueError("an exclusive scan needs init: what the first item is")
		axis, = _axes(axis, array.ndim)
		fold = Fold(self._kernels, (array.dtype,), self._functor, options=self._options)
		return _deliver(_scan(fold, array, axis, exclusive, init, stream), out, on_device, stream)


scan = Scan
