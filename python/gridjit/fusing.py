"""@fuse: a function of array expressions as one loop, compiled for the dtypes and dimensions that it is called with."""

import enum
import functools
import inspect
import math

import numpy as np

from . import _core, _pickle, errors

_REDUCTIONS = np.sum, np.prod, np.min, np.max, np.mean, np.any, np.all, np.argmin, np.argmax, np.var, np.std    # in the order of gj_reduction
_SUM, _EXTREMES, _MEAN, _POSITIONS, _SPREADS = 0, (2, 3), 4, (7, 8), (9, 10)
_VAR, _STD = _SPREADS
_TOGETHER = np.add, np.multiply, np.minimum, np.maximum                      # a reduction and its initial value
_NUMBERS = {bool: np.dtype(bool), int: np.dtype(np.int64), float: np.dtype(np.float64), complex: np.dtype(np.complex128)}
_MISTAKES = errors.NumbaError, NotImplementedError


def _operand(x, name, position):
	"""An argument as an array, and whether it is a number of Python's."""
	dtype = _NUMBERS.get(int if isinstance(x, enum.IntEnum) else type(x))
	if dtype is not None:
		return np.asarray(x, dtype), True
	if not isinstance(x, (np.ndarray, np.generic)) or isinstance(x, np.ma.MaskedArray):
		raise TypeError(f"{name}() takes NumPy arrays and numbers, but argument {position + 1} is {type(x).__name__}")
	a = np.asarray(x)
	if not (a.dtype.isnative and a.flags.aligned):
		a = a.astype(a.dtype.newbyteorder("="))
	return a, False


def _is_device(x):
	return hasattr(x, "__cuda_array_interface__") or isinstance(x, _core.DeviceArray)


def _is_same(a, b):
	return a.__array_interface__["data"] == b.__array_interface__["data"] and a.shape == b.shape and a.strides == b.strides and a.itemsize == b.itemsize


def _bits(mask):
	return [i for i in range(64) if mask >> i & 1]


class _Output:
	"""Numbers that the loop gives for a result, an element each, and how they are folded (None: they are stored)."""

	def __init__(self, index, reduction, axes, element, written, arguments):
		self.index, self.reduction, self.axes, self.element, self.written, self.arguments = index, reduction, axes, element, written, arguments


class _Result:
	"""One of the values that a fused function returns. Its outputs: those that are folded, and then an initial value."""

	def __init__(self, first, dtype, ndim, arguments, reduction, axes, keepdims, ddof, chosen, outputs):
		self.dtype, self.ndim, self.reduction, self.keepdims, self.ddof, self.chosen = dtype, ndim, reduction, keepdims, ddof, chosen
		self.arguments, self.reduced, self.reduces = _bits(arguments), _bits(outputs[0][2]), reduction >= 0
		self.axes = tuple(_bits(axes)) if self.reduces else None
		self.outputs = []
		parts = _SUM if reduction == _MEAN and chosen else _VAR if reduction == _STD and len(outputs) > 1 else reduction
		for k, (element, written, of, folded) in enumerate(outputs):
			loop = parts, self.axes, element, written, self.arguments
			self.outputs.append(_Output(first + k, *(loop if folded or not self.reduces else (None, None, element, written, _bits(of)))))
		self.initial = self.reduces and len(outputs) > 1 and not outputs[-1][3]
		self.direct = len(outputs) == 1 and reduction != _MEAN
		# What is written of it alone: float32 where halves are added up.
		self.written = outputs[0][1]

	def shapes(self, arrays):
		"""Of the loop; of the result with its reduced dimensions kept; of the result."""
		shapes = [[getattr(arrays[i], "shape", ()) for i in given] for given in (self.arguments, self.reduced)]
		try:
			loop, own = (np.broadcast_shapes(*given) for given in shapes)
		except ValueError:
			text = " ".join(str(shape).replace(", ", ",") for shape in shapes[0])
			raise ValueError(f"operands could not be broadcast together with shapes {text} ") from None
		if self.chosen and loop != own:
			given, wanted = (str(shape).replace(", ", ",") for shape in (own, loop))
			raise ValueError(f"non-broadcastable operand with shape {given} doesn't match the broadcast shape {wanted}")
		if not self.reduces:
			return loop, loop, loop
		kept = tuple(1 if d in self.axes else n for d, n in enumerate(loop))
		return loop, kept, kept if self.keepdims else tuple(n for d, n in enumerate(loop) if d not in self.axes)

	def of_nothing(self, loop):
		"""What comes of a loop without elements, or, with an initial value, the shape of it."""
		if not self.reduces:
			return np.empty(loop, self.dtype)
		axis = None if len(self.axes) == len(loop) else self.axes[0] if self.reduction in _POSITIONS else self.axes
		element = self.outputs[0].element
		more = {"ddof": self.ddof} if self.reduction in _SPREADS else {"initial": element.type(0)} if self.initial and self.reduction in _EXTREMES else {}
		return np.asarray(_REDUCTIONS[self.reduction](np.empty(loop, element), axis=axis, keepdims=self.keepdims, **more)).astype(self.dtype)

	def together(self, values, count):
		"""The result of its outputs' values, if they are several, or a sum of so many elements."""
		value = values[0]
		if self.reduction == _MEAN:
			value = value / (values[1] if self.chosen else count)
		elif self.reduction in _SPREADS and len(values) > 1:
			value = values[0] + values[1]
			value = np.sqrt(value) if self.reduction == _STD else value
		return _TOGETHER[self.reduction](value, values[-1]) if self.initial else value


class Plan(_core.FusedPlan):
	"""A fused function for arguments of certain dtypes and dimensions (-1: a number of Python's), which kernels can call."""

	def __new__(cls, function, key, options):
		self = super().__new__(cls, function, key, options)
		self.py_func, self.name = function, function.__name__
		self.types, self.dimensions = tuple(dtype for dtype, _ in key), tuple(ndim for _, ndim in key)
		self.results, outputs = [], 0
		for r in self.returned:
			self.results.append(_Result(outputs, *r))
			outputs += len(self.results[-1].outputs)
		self.loops = {}                            # over device arrays
		return self

	def __call__(self, *args):
		"""As kernels call it."""
		return self.py_func(*args)


def _check_out(result, shape, out):
	if not isinstance(out, np.ndarray):
		raise TypeError(f"out must be a NumPy array, as the arguments are, not {type(out).__name__}")
	if out.shape != shape:
		raise ValueError(f"out has the shape {out.shape}, but the result has {shape}")
	if not out.flags.writeable:
		raise ValueError("output array is read-only")
	if not np.can_cast(result.dtype, out.dtype, "same_kind"):
		raise TypeError(f"Cannot cast the result from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'")


class Fused(_core.FusedFunction):
	"""What fuse() makes of a function. A call tries the plans of recent ones, the last used first, in C (pyext/fuse/fusedobj.c)."""

	def __init__(self, function, options, fallback):
		functools.update_wrapper(self, function)
		self.py_func, self._options, self._fallback = function, options, fallback
		self._signature = inspect.signature(function)
		if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in self._signature.parameters.values()):
			raise TypeError(f"{function.__name__}(): a fused function has positional parameters only")
		self._count = len(self._signature.parameters)
		self._plans = {}

	def __repr__(self):
		return f"<fused function {self.py_func.__name__}>"

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, self._options, self._fallback)

	def _plan(self, key):
		plan = self._plans.get(key)
		if plan is None:
			try:
				plan = Plan(self.py_func, key, self._options)
			except _MISTAKES as mistake:
				if not self._fallback:
					raise
				plan = mistake
			self._plans[key] = plan
		return plan

	def _slowly(self, *args, out=None, stream=0, **named):
		"""The function of these arrays and numbers. out: an array, or a tuple of them, that is written and returned. stream: for device
		arrays."""
		if named or len(args) != self._count:
			bound = self._signature.bind(*args, **named)
			bound.apply_defaults()
			args = bound.args
		name = self.py_func.__name__
		device = any(map(_is_device, args))
		if device:
			from .cuda import _fused
		elif stream:
			raise ValueError(f"{name}(): stream is for device arrays")
		operands = [(_fused.operand if device else _operand)(x, name, i) for i, x in enumerate(args)]
		arrays = [a for a, _ in operands]
		key = tuple((_NUMBERS[type(a)] if device and number else a.dtype, -1 if number else a.ndim) for a, number in operands)
		plan = self._plan(key)
		if isinstance(plan, Exception):
			return self._by_numpy(args, out)
		single = len(plan.results) == 1
		outs = list(out) if isinstance(out, tuple) else [out] + [None] * (len(plan.results) - 1) if out is None or single else None
		if outs is None or len(outs) != len(plan.results):
			raise ValueError(f"{name}() returns {len(plan.results)} values: out must be a tuple of as many arrays or Nones")
		if device:
			values = _fused.run(plan, arrays, outs, stream, self._options["fastmath"])
		else:
			self._recent = (plan, *[p for p in self._recent if p is not plan][:3])
			values = self._run(plan, arrays, outs)
			values = [v if given is not None or v.ndim else v[()] for v, given in zip(values, outs)]
		return values[0] if single and plan.single else tuple(values)

	def _by_numpy(self, args, out):
		values = self.py_func(*args)
		if out is None:
			return values
		for target, value in zip(*(x if isinstance(x, tuple) else (x,) for x in (out, values))):
			np.copyto(target, value, casting="same_kind")
		return out

	def _target(self, result, shape, arrays, out):
		"""Where a result is computed: out itself, or something to be copied to it."""
		if out is None or not result.direct or out.dtype != result.written or not out.flags.aligned:
			whole = [a for a in arrays if a.shape == shape and a.ndim > 1]
			order = "F" if whole and all(a.flags.f_contiguous for a in whole) else "C"
			return np.empty(shape, result.written, order)
		for a in arrays:
			if np.may_share_memory(out, a) and (result.reduces or not _is_same(out, a)):
				return np.empty(shape, result.written)
		return out

	def _run(self, plan, arrays, outs):
		groups, values, written, counts = {}, [None] * len(outs), {}, []
		for i, r in enumerate(plan.results):
			loop, kept, shape = r.shapes(arrays)
			counts.append(math.prod(loop[d] for d in r.axes or ()))
			out = outs[i]
			if out is not None:
				_check_out(r, shape, out)
			for o in r.outputs:
				if o.axes is None and r.reduces:
					written[o.index] = np.empty((), o.written)
					groups.setdefault(((), None), []).append((o, ()))
				elif 0 in loop:
					values[i] = r.of_nothing(loop)
				else:
					others = [*arrays, *(o for o in outs if o is not None and o is not out)]
					written[o.index] = self._target(r, shape, others, out) if o is r.outputs[0] else np.empty(shape, o.written)
					groups.setdefault((loop, o.axes), []).append((o, kept))
		for (loop, axes), members in groups.items():
			used = {a for o, _ in members for a in o.arguments}
			inputs = tuple(a if i in used or a.ndim == 0 else np.zeros((), a.dtype) for i, a in enumerate(arrays))
			plan.run(sum(1 << o.index for o, _ in members), loop, sum(1 << d for d in axes or ()), inputs,
				tuple(written[o.index].reshape(kept) if written[o.index].shape != kept else written[o.index] for o, kept in members))
		for i, (r, out) in enumerate(zip(plan.results, outs)):
			given = [written[o.index] for o in r.outputs if o.index in written]
			with np.errstate(all="ignore"):
				if values[i] is None:
					values[i] = given[0] if r.direct else r.together(given, counts[i])
				elif r.initial:
					values[i] = np.full(values[i].shape, given[-1])
			values[i] = np.asarray(values[i]).astype(r.dtype, copy=False)
			if out is not None and values[i] is not out:
				np.copyto(out, values[i], casting="same_kind")
				values[i] = out
		return values


def _rebuild(state, *rest):
	return _pickle.restore(state, Fused, *rest)


def fuse(function=None, *, fastmath=False, fallback=False, **unknown):
	"""Make one loop of a function of array expressions: @fuse, or @fuse(fastmath=…, fallback=…).

	The function takes arrays and numbers and returns what it computes of them item by item, or several such values as a
	tuple: operators, comparisons, NumPy's functions of numbers, np.where, abs(), astype(), ufuncs made by vectorize(), other
	functions of that kind. A value may be reduced where it is returned: sum, prod, min, max, mean, var, std, any, all, argmin, argmax with
	axis, keepdims, ddof, and dtype of sum, prod and mean. Conditions and loops are on numbers, not on arrays.

	It is compiled when it is called with new dtypes and dimensions and makes no temporary arrays. NumPy arrays are computed on all
	cores; device arrays, and those of other libraries with __cuda_array_interface__, on the device, by one kernel, or two for a
	reduction, and the results stay there. Types and broadcasting are NumPy's. The result's keyword out is an array to write into, or a
	tuple of them; stream is the stream of device arrays.
	fastmath: approximate functions and reassociation. fallback: run the Python function where it cannot be compiled, instead of an
	error.

	Raises TypeError for what is no function of positional parameters; when called TypingError and others of gridjit.errors, with
	the line, for what cannot be fused."""
	_core.check_keywords("fuse", unknown, ("fastmath", "fallback"))
	if function is None:
		return lambda f: fuse(f, fastmath=fastmath, fallback=fallback)
	function = getattr(function, "py_func", function)
	if not inspect.isfunction(function):
		raise TypeError(f"fuse() takes a Python function, not {type(function).__name__}")
	return Fused(function, {"fastmath": bool(fastmath)}, fallback)
