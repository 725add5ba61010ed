"""@fuse: a function of array expressions as one loop, compiled for the dtypes and dimensions that it is called with."""

import functools
import inspect

import numpy as np

from . import _core, errors

_REDUCTIONS = np.sum, np.prod, np.min, np.max, np.mean, np.any, np.all, np.argmin, np.argmax, np.var, np.std    # in the order of gj_reduction
_MEAN, _POSITIONS, _SPREADS = 4, (7, 8), (9, 10)
_NUMBERS = {bool: np.dtype(bool), int: np.dtype(np.int64), float: np.dtype(np.float64), complex: np.dtype(np.complex128)}
_MISTAKES = errors.NumbaError, NotImplementedError


def _operand(x, name, position):
	"""An argument as an array, and whether it is a number of Python's."""
	dtype = _NUMBERS.get(type(x))
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


class _Result:
	"""One of the values that a fused function returns."""

	def __init__(self, index, dtype, ndim, arguments, reduction, axes, keepdims, folded, ddof):
		self.bit, self.dtype, self.ndim, self.reduction, self.keepdims, self.folded = 1 << index, dtype, ndim, reduction, keepdims, folded
		# What is written, and then made the result: float32 where halves are added up.
		self.written = dtype if reduction in _POSITIONS else folded
		self.ddof = ddof
		self.arguments = [i for i in range(64) if arguments >> i & 1]
		self.axes = tuple(i for i in range(8) if axes >> i & 1)
		self.reduces = reduction >= 0

	def shapes(self, arrays):
		"""Of the loop; of the result with its reduced dimensions kept; of the result."""
		given = [getattr(arrays[i], "shape", ()) for i in self.arguments]
		try:
			loop = np.broadcast_shapes(*given)
		except ValueError:
			text = " ".join(str(shape).replace(", ", ",") for shape in given)
			raise ValueError(f"operands could not be broadcast together with shapes {text} ") from None
		kept = tuple(1 if d in self.axes else n for d, n in enumerate(loop))
		return loop, kept, kept if self.keepdims or not self.reduces else tuple(n for d, n in enumerate(loop) if d not in self.axes)

	def of_nothing(self, loop):
		"""What comes of a loop without elements."""
		if not self.reduces:
			return np.empty(loop, self.dtype)
		axis = None if len(self.axes) == len(loop) else self.axes[0] if self.reduction in _POSITIONS else self.axes
		nothing = np.empty(loop, np.bool_ if self.dtype == np.bool_ else self.dtype)
		ddof = {"ddof": self.ddof} if self.reduction in _SPREADS else {}
		return np.asarray(_REDUCTIONS[self.reduction](nothing, axis=axis, keepdims=self.keepdims, **ddof)).astype(self.dtype)


class Plan(_core.FusedPlan):
	"""A fused function for arguments of certain dtypes and dimensions (-1: a number of Python's), which kernels can call."""

	def __new__(cls, function, key, options):
		self = super().__new__(cls, function, key, options)
		self.py_func, self.name = function, function.__name__
		self.types, self.dimensions = tuple(dtype for dtype, _ in key), tuple(ndim for _, ndim in key)
		self.results = [_Result(i, *r) for i, r in enumerate(self.returned)]
		self.loops = {}                            # over device arrays
		return self

	def __call__(self, *args):
		"""As kernels call it."""
		return self.py_func(*args)


class Fused:
	"""What fuse() makes of a function."""

	def __init__(self, function, options, fallback):
		functools.update_wrapper(self, function)
		self.py_func, self._options, self._fallback = function, options, fallback
		self._signature = inspect.signature(function)
		if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.KEYWORD_ONLY) for p in self._signature.parameters.values()):
			raise TypeError(f"{function.__name__}(): a fused function has positional parameters only")
		self._count = len(self._signature.parameters)
		self._plans = {}
		self._recent = ()                          # plans of NumPy's arrays, the last used first

	def __repr__(self):
		return f"<fused function {self.py_func.__name__}>"

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

	def __call__(self, *args, out=None, stream=0, **named):
		"""The function of these arrays and numbers. out: an array, or a tuple of them, that is written and returned. stream: for device
		arrays."""
		if not named and not stream:
			for plan in self._recent:
				value = plan.call(args, out)
				if value is not NotImplemented:
					return value
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
		if out is None or out.dtype != result.written or not out.flags.aligned:
			whole = [a for a in arrays if a.shape == shape and a.ndim > 1]
			order = "F" if whole and all(a.flags.f_contiguous for a in whole) else "C"
			return np.empty(shape, result.written, order)
		for a in arrays:
			if np.may_share_memory(out, a) and (result.reduces or not _is_same(out, a)):
				return np.empty(shape, result.written)
		return out

	def _run(self, plan, arrays, outs):
		results = plan.results
		groups, values = {}, [None] * len(results)
		for i, r in enumerate(results):
			loop, kept, shape = r.shapes(arrays)
			out = outs[i]
			if out is not None:
				if not isinstance(out, np.ndarray):
					raise TypeError(f"out must be a NumPy array, as the arguments are, not {type(out).__name__}")
				if out.shape != shape:
					raise ValueError(f"out has the shape {out.shape}, but the result has {shape}")
				if not out.flags.writeable:
					raise ValueError("output array is read-only")
				if not np.can_cast(r.dtype, out.dtype, "same_kind"):
					raise TypeError(f"Cannot cast the result from {r.dtype!r} to {out.dtype!r} with casting rule 'same_kind'")
			if 0 in loop:
				values[i] = r.of_nothing(loop)
			else:
				values[i] = self._target(r, shape, [*arrays, *(o for o in outs if o is not None and o is not out)], out)
				groups.setdefault((loop, r.axes if r.reduces else None), []).append((i, kept))
		for (loop, axes), members in groups.items():
			used = {a for i, _ in members for a in results[i].arguments}
			inputs = tuple(a if i in used or a.ndim == 0 else np.zeros((), a.dtype) for i, a in enumerate(arrays))
			plan.run(sum(results[i].bit for i, _ in members), loop, sum(1 << d for d in axes or ()), inputs,
				tuple(values[i].reshape(kept) if results[i].reduces and values[i].shape != kept else values[i] for i, kept in members))
			for i, _ in members:
				if results[i].reduction == _MEAN:
					np.true_divide(values[i], np.prod([loop[d] for d in axes]), out=values[i], casting="unsafe")
				values[i] = values[i].astype(results[i].dtype, copy=False)
		for i, out in enumerate(outs):
			if out is not None and values[i] is not out:
				np.copyto(out, values[i], casting="same_kind")
				values[i] = out
		return values


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
