"""vectorize(target='cuda'): functions of numbers over arrays on the current device, typed by signatures or by their arguments."""

import numpy as np

from .. import _core, _pickle, errors, ufuncs
from .._declared import as_declared
from ._elementwise import Elementwise, _exceptions
from .devicearray import is_cuda_array
from .dispatcher import told

# From this many elements of host arrays on, target='auto' takes the way to the GPU and back.
WORTH_THE_WAY = 1 << 24


def _dtype(t):
	return np.dtype(t.name)


def taken(types):
	"""dtypes for operands of these types: Python's numbers take that of what they meet."""
	strong = [t for t in types if isinstance(t, np.dtype)]
	return tuple(t if isinstance(t, np.dtype) else np.result_type(*strong, t(0)) if strong else np.dtype(t) for t in types)


def owned(types):
	"""The same where Python's numbers are what they are by themselves."""
	return tuple(t if isinstance(t, np.dtype) else np.dtype(np.int64 if t is int else t) for t in types)


def _python_function(function):
	"""The Python function, whose parameters are positional."""
	function = getattr(function, "py_func", function)
	code = getattr(function, "__code__", None)
	if code is None:
		raise TypeError(f"vectorize() takes a Python function, not {type(function).__name__}")
	if code.co_kwonlyargcount or code.co_flags & (0x04 | 0x08):
		raise TypeError(f"{function.__name__}(): a ufunc has positional parameters only, no *args, **kwargs or keyword-only ones")
	if not code.co_argcount:
		raise TypeError(f"{function.__name__}() has no parameters: a ufunc needs at least one")
	return function


class DeviceUFunc(Elementwise):
	"""What vectorize(target='cuda') makes: called as a ufunc is, with reduce, accumulate, outer and at.

	types: 'ff->f' of each compiled loop. nin, nout, nargs. max_blocksize: threads of a block at most (0: the device's choice)."""

	def __new__(cls, function, signatures=(), identity=None, options=None):
		function = _python_function(function)
		nin = function.__code__.co_argcount
		self = super().__new__(cls, function.__name__, nin, ufuncs._outputs(function, nin, signatures))
		self.py_func = self.__wrapped__ = function
		self.__module__, self.__qualname__, self.__doc__ = function.__module__, function.__qualname__, function.__doc__
		self.identity = identity
		self._kernel_options = self._fold_options = told(options or {})
		self._declared, self._options, self._loops, self._frozen = tuple(signatures), options or {}, [], False
		self._own = set()
		self._gj_function = as_declared(function, self) if signatures else function
		for signature in signatures:
			self.add(signature)
		self._frozen = bool(signatures)
		return self

	# -- types --

	def _outputs(self, ins, ret=None):
		ret = ret or _core.return_type(self.py_func, tuple(map(_core.as_type, ins)))
		return tuple(_dtype(t) for t in (ret.types if getattr(ret, "count", None) else (ret,)))

	def add(self, signature):
		"""Add a loop for these types."""
		signature = _core.signature(signature)
		if len(signature.args) != self.nin:
			raise TypeError(f"the signature {signature} has {len(signature.args)} arguments, but {self.__name__}() takes {self.nin}")
		ins = tuple(map(_dtype, signature.args))
		function = self._gj_function if self._declared else as_declared(self.py_func, self)
		loop = ins, self._outputs(ins, signature.return_type), function
		self._outputs(ins)
		self._loops = [other for other in self._loops if other[0] != ins] + [loop]
		return loop

	def disable_compile(self, val=True):
		"""Take only the types compiled so far."""
		self._frozen = bool(val)

	@property
	def types(self):
		"""The loops, as NumPy writes them: ['ff->f', …]."""
		return ["".join(t.char for t in ins) + "->" + "".join(t.char for t in outs) for ins, outs, _ in self._loops]

	ntypes = property(lambda self: len(self._loops), doc="Number of loops.")
	signature = None
	ufunc = property(lambda self: self, doc="The function itself.")

	def _resolve(self, types):
		dtypes = taken(types)
		for loop in self._loops:
			if loop[0] == dtypes:
				return loop
		if not self._frozen:
			return self._new_loop(types, dtypes)
		for loop in self._loops:
			if all(np.can_cast(given, taken) for given, taken in zip(dtypes, loop[0])):
				return loop
		raise _exceptions._UFuncNoLoopError(self, dtypes + (None,) * self.nout)

	def _new_loop(self, types, dtypes):
		"""A loop for these types; where there is none for what Python's numbers are beside the arrays (range() takes no float), for what they
		are by themselves."""
		own = owned(types)
		try:
			return next((loop for loop in self._loops if loop[0] == own and own in self._own), None) or self.add(tuple(map(_core.as_type, dtypes)))
		except errors.NumbaError:
			if own == dtypes:
				raise
			try:
				loop = self.add(tuple(map(_core.as_type, own)))
			except errors.NumbaError:
				loop = None
			if loop is None:
				raise
			self._own.add(own)
			return loop

	def _resolve_as(self, types, wanted, casting):
		dtypes, result = taken(types), wanted[self.nin]
		named = tuple(given if want is None and result is None else result if want is None else want
			for want, given in zip(wanted, dtypes))
		if not self._frozen:
			return named
		rows = [ins for ins, outs, _ in self._loops if all(want is None or want == has for want, has in zip(wanted, ins + outs))]
		for ins in rows:
			if all(want is not None or np.can_cast(given, has) for want, given, has in zip(wanted, dtypes, ins)):
				return ins
		if rows and any(t is not None for t in wanted[self.nin:]):
			return rows[0]                         # casting= is checked by who asks
		raise TypeError(f"No loop matching the specified signature and casting was found for ufunc {self.__name__}")

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, tuple(map(str, self._declared)), self.identity, self._options)


def _rebuild(state, signatures, identity, options):
	return _pickle.restore(state, DeviceUFunc, signatures, identity, options)


class AutoUFunc:
	"""What target='auto' makes: runs on the GPU where an operand lies there, or where host arrays are big enough to be worth the
	way, else on all cores of the CPU. parallel, cuda: the two."""

	def __init__(self, parallel, cuda):
		self.parallel, self.cuda = parallel, cuda
		self.py_func, self._gj_function = self.cuda.py_func, self.cuda._gj_function
		self.__wrapped__ = self.py_func
		self.__name__, self.__qualname__, self.__module__ = self.cuda.__name__, self.cuda.__qualname__, self.cuda.__module__
		self.__doc__ = self.cuda.__doc__

	def _for(self, operands, out=None):
		operands = [*operands, *(out if isinstance(out, tuple) else (out,))]
		if any(is_cuda_array(x) for x in operands):
			return self.cuda
		if _core.device_kind() == "cuda" and max((np.size(x) for x in operands if x is not None), default=0) >= WORTH_THE_WAY:
			return self.cuda
		return self.parallel

	def __call__(self, *args, **keywords):
		return self._for(args, keywords.get("out"))(*args, **keywords)

	def reduce(self, array, *args, **keywords):
		"""As ufunc.reduce."""
		return self._for((array,)).reduce(array, *args, **keywords)

	def accumulate(self, array, *args, **keywords):
		"""As ufunc.accumulate."""
		return self._for((array,)).accumulate(array, *args, **keywords)

	def reduceat(self, array, *args, **keywords):
		"""As ufunc.reduceat."""
		return self._for((array,)).reduceat(array, *args, **keywords)

	def outer(self, a, b, **keywords):
		"""As ufunc.outer."""
		return self._for((a, b)).outer(a, b, **keywords)

	def at(self, array, *args):
		"""As ufunc.at."""
		return self._for((array,)).at(array, *args)

	def __getattr__(self, name):
		if name.startswith("__"):
			raise AttributeError(name)
		return getattr(self.parallel, name)


def vectorize(ftylist_or_function=(), target="cuda", identity=None, fastmath=False, **options):
	"""Make a function over arrays of a function of numbers: @cuda.vectorize, or @cuda.vectorize(signatures, …).

	The result is called as a NumPy ufunc is: operands are broadcast; out, where, dtype, casting and stream as keywords; reduce,
	accumulate, outer and at. Operands may be device arrays, NumPy arrays, arrays of other libraries, numbers. What it
	returns stays on the device if an operand was there, else it is a NumPy array. Without a GPU the CPU device runs it.
	Arguments as for gridjit.vectorize; kernels and other such functions can call it.

	Raises TypeError for unknown keywords and functions that cannot be ufuncs, TypingError and others of gridjit.errors."""
	if target not in ("cuda", "auto"):
		return ufuncs.vectorize(ftylist_or_function, target=target, identity=identity, fastmath=fastmath, **options)
	chosen, given = ufuncs._options("vectorize", fastmath, "cpu", options), ftylist_or_function

	def make(function, signatures):
		on_device = DeviceUFunc(function, signatures, identity, chosen)
		if target == "cuda":
			return on_device
		return AutoUFunc(ufuncs._elementwise(on_device.py_func, list(signatures), "parallel", identity, chosen), on_device)
	if callable(given) and not isinstance(given, _core.Signature):
		return make(given, ())
	signatures = tuple(given) if isinstance(given, list) else (given,) if given else ()
	return lambda function: make(function, signatures)
