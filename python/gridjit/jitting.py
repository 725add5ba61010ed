"""@jit, @njit: functions compiled for the host when they are called. The call itself is in C (_core.HostFunction)."""

import functools
import inspect
import sys
import types as pytypes
import warnings

from . import _core, _pickle, absent, config, errors
from ._declared import as_declared
from ._overloads import Overloads, is_signature

_FAST = {"reassoc": 1, "nnan": 2, "ninf": 4, "nsz": 8, "arcp": 16, "contract": 32, "afn": 64}
_ALL_FAST = sum(_FAST.values())


class CPUDispatcher(Overloads, _core.HostFunction):
	"""A function compiled for the types of the arguments that it is called with, or for those of its signatures alone."""

	def __get__(self, obj, owner=None):
		return self if obj is None else pytypes.MethodType(self, obj)

	# -- compiling --

	def compile(self, sig):
		"""Compile for a signature (text, Signature, or tuple of types) now; returns what is then in `overloads`."""
		if self._locked:
			raise RuntimeError("compilation disabled")
		sig = _core.signature(sig)
		if sig.return_type is not None:
			self._declare(sig)
		return self._compile_now(sig)

	def _compile_now(self, sig):
		"""What takes functions is compiled for each that is passed: it is only looked at, by their signatures."""
		if not any(map(_is_of_functions, sig.args)):
			return self._compile(sig)
		self._dump(sig.args, "types")

	def recompile(self):
		"""Compile anew for the types that it was compiled for: globals are read again."""
		signatures = self.signatures
		if self._declared_signatures:
			self._gj_function = as_declared(self.py_func, self)
		self._clear()
		self._forget()
		for argtypes in signatures:
			self._compile(argtypes)

	# -- what was compiled --

	@property
	def targetoptions(self):
		"""What the decorator was given, by keyword."""
		return dict(self._given)

	def get_overload(self, sig):
		"""The compiled form for a signature. KeyError: there is none."""
		return self._find(sig)

	def get_metadata(self, signature=None):
		"""Dictionary of what is known about a compiled form, by argument types when no signature is given."""
		if signature is not None:
			return {"signature": self._find(signature).signature}
		return {argtypes: {"signature": kernel.signature} for argtypes, kernel in self.overloads.items()}

	def typeof_pyval(self, value):
		"""The type that a value has as an argument."""
		return _core.typeof(value)

	def _texts(self, signature, stage):
		if signature is not None:
			return self._dump(self._find(signature).argtypes, stage)
		return {argtypes: self._dump(argtypes, stage) for argtypes in self.signatures}

	def inspect_llvm(self, signature=None):
		"""LLVM IR for a signature, or a dictionary by argument types."""
		return self._texts(signature, "llvm")

	def inspect_asm(self, signature=None):
		"""Assembly for a signature, or a dictionary by argument types."""
		return self._texts(signature, "asm")

	def inspect_types(self, file=None, signature=None, pretty=False):
		"""Print the typed form of one signature, or of all."""
		if pretty:
			raise NotImplementedError("inspect_types(pretty=True) is not supported: the plain form has the same contents")
		for argtypes in [self._find(signature).argtypes] if signature is not None else self.signatures:
			print(f"{self.__name__} {argtypes}", self._dump(argtypes, "types"), sep="\n", file=file or sys.stdout)

	def explain(self, signature=None):
		"""What became of the loops over prange, for a signature or for all: text, a line each. Which run on threads, which as lanes of
		vectors too, which neither, and why; and where rounds may disturb each other."""
		kinds = [self._find(signature).argtypes] if signature is not None else self.signatures
		return "".join(self._dump(argtypes, "loops") for argtypes in kinds)

	def parallel_diagnostics(self, signature=None, level=1):
		"""Print what explain() says; `level` is accepted."""
		if not isinstance(level, int) or not 1 <= level <= 4:
			raise ValueError(f"level must be 1 to 4, not {level!r}")
		print(self.explain(signature), end="")

	# -- the object --

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, self._declared_signatures, self._given, self._locked)

	def __repr__(self):
		return f"{type(self).__name__}({self.py_func!r})"


def _rebuild(state, signatures, given, locked):
	return _pickle.restore(state, _make, signatures, given, locked)


def _fast_flags(fastmath):
	"""LLVM's flags, a bit each."""
	if isinstance(fastmath, bool) or fastmath is None:
		return _ALL_FAST if fastmath else 0
	if isinstance(fastmath, dict):
		fastmath = {name for name, on in fastmath.items() if on}
	if not isinstance(fastmath, (set, frozenset, list, tuple)):
		raise ValueError(f"fastmath must be a bool or a set of flags, not {fastmath!r}")
	wrong = sorted(set(fastmath) - _FAST.keys() - {"fast"})
	if wrong:
		like = _core.did_you_mean(str(wrong[0]), ("fast", *_FAST))
		raise ValueError(f"unrecognized fastmath flags: {', '.join(map(repr, wrong))}; {like}there are fast, {', '.join(_FAST)}")
	return _ALL_FAST if "fast" in fastmath else sum(_FAST[name] for name in set(fastmath))


_PARALLEL = "comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion", "prange"


def _parallel(given):
	"""Do rounds of loops over prange run side by side? A dictionary says what may, as in numba: what it leaves out may."""
	if not isinstance(given, dict):
		if not isinstance(given, (bool, int)) and given is not None:
			raise ValueError(f"parallel must be a bool or a dictionary, not {given!r}")
		return bool(given)
	for name in given:
		if name not in _PARALLEL:
			raise NameError(f"parallel has no option {name!r}: {_core.did_you_mean(str(name), _PARALLEL)}there are {', '.join(_PARALLEL)}")
	return bool(given.get("prange", True))


# Options that change nothing here, or that are read elsewhere.
_ACCEPTED = "nopython", "nogil", "cache", "looplift", "no_cpython_wrapper", "no_cfunc_wrapper", "no_rewrites", "parallel", "locals", "pipeline_class", "forceobj"
_OPTIONS = "error_model", "fastmath", "boundscheck", "inline", "forceinline", "debug", *_ACCEPTED


def read_options(error_model="python", fastmath=False, boundscheck=None, inline="never", forceinline=False, debug=False, **others):
	"""Options of a dispatcher by keyword (rows of options.def)."""
	for name in others:
		if name in ("argtypes", "restype"):
			raise errors.DeprecationError(f"the {name} keyword is gone; give a signature instead")
		if name not in _ACCEPTED:
			raise KeyError(f"Unrecognized options: {{{name!r}}}: {_core.did_you_mean(name, _OPTIONS)}Known options are {', '.join(_OPTIONS)}")
	if others.get("forceobj"):
		raise NotImplementedError("jit(forceobj=True): there is no object mode")
	if others.get("pipeline_class") is not None:
		raise NotImplementedError("jit(pipeline_class=…): the compiler's passes cannot be replaced")
	if error_model not in ("python", "numpy"):
		raise KeyError(error_model)
	if not callable(inline) and inline not in ("never", "always"):
		raise ValueError(f"inline must be 'never' or 'always', or a function that chooses, not {inline!r}")
	return {"entry": "host", "zero_raises": error_model == "python", "fast_flags": _fast_flags(fastmath), "boundscheck": bool(boundscheck),
		"parallel": _parallel(others.get("parallel", False)), "debug": bool(debug), "inline": "never" if callable(inline) else inline, "forceinline": bool(forceinline), "opt": bool(config.OPT) and not debug}


def local_types(types):
	"""Types of variables by name: those of numbers, to which is converted what is stored. Other values have the types that they have."""
	kinds = {name: _core.as_type(given) for name, given in types.items() if not isinstance(given, absent.Absent)}
	return {name: kind for name, kind in kinds.items() if hasattr(kind, "bitwidth")}


def _is_of_functions(kind):
	return isinstance(kind, _core.FunctionType) or any(map(_is_of_functions, getattr(kind, "types", ())))


def _make(function, signatures, given, locked):
	dispatcher = CPUDispatcher(function, read_options(**given))
	functools.update_wrapper(dispatcher, function)
	dispatcher._given, dispatcher._declared_signatures, dispatcher._gj_locals = given, signatures, local_types(given.get("locals") or {})
	dispatcher._nogil = bool(given.get("nogil", False))
	if signatures:
		dispatcher._gj_function = as_declared(function, dispatcher)
	for signature in signatures:
		dispatcher._declare(signature)
	for signature in signatures:
		_compile_now(dispatcher, _core.signature(signature))
	dispatcher._locked = locked
	return dispatcher


def _compile_now(dispatcher, signature):
	"""What gridjit does not support is said when it is called: packages have functions that few programs use."""
	try:
		dispatcher._compile_now(signature)
	except errors.UnsupportedError as error:
		first = str(error).partition("\n")[0]
		warnings.warn(errors.NumbaWarning(f"{dispatcher.__name__}() cannot be compiled, calls of it will fail: {first}"), 4)


def dispatcher(function, **options):
	"""What njit makes, whatever DISABLE_JIT says."""
	return _make(function, [], options, False)


def check_function(function, what="jit"):
	if isinstance(function, _core.Dispatcher):
		raise TypeError(f"{what}() was called on {function.__name__}(), which is compiled already: its Python function is {function.__name__}.py_func")
	if not inspect.isfunction(function):
		raise TypeError(f"{what}() takes a Python function, not {type(function).__name__}")


def jit(signature_or_function=None, locals={}, cache=False, pipeline_class=None, boundscheck=None, **options):
	"""Compile a function for the host: @jit, or @jit(…).

	signature_or_function: the function; or a signature ("float64(int32, float64[:])", float64(int32), a tuple of types), or a list of
	them, which are compiled at once, and to which arguments are converted. Without, it is compiled for the types of each call.
	error_model: 'python': division by zero raises; 'numpy': it gives inf, nan, and 0 for integers. fastmath: True or a set of LLVM's
	flags. boundscheck: an index outside its array is an IndexError. nogil: other threads run meanwhile. inline, forceinline:
	callers have its code in them. debug: gdb stops at its lines; it is not optimised. locals: types of variables, by name. nopython, cache: accepted; it is always nopython, and what is
	compiled is always cached on disk, by content.

	Raises KeyError for unknown options, TypeError for what is no function, NotImplementedError for forceobj, TypingError and others of
	gridjit.errors when compiling."""
	given = options | {"boundscheck": boundscheck}
	if cache:
		given["cache"] = cache
	if locals:
		given["locals"] = locals
	if pipeline_class is not None:
		given["pipeline_class"] = pipeline_class
	if not options.get("nopython", True):
		if options.get("forceobj"):
			raise ValueError("nopython and forceobj contradict each other")
		warnings.warn(errors.NumbaDeprecationWarning("jit(nopython=False) has no effect: there is no object mode"), 2)
	read_options(**given)
	signatures = [] if signature_or_function is None else signature_or_function
	if isinstance(signatures, list) or is_signature(signatures) or absent.has_absent(signatures):
		signatures = signatures if isinstance(signatures, list) else [signatures]
		if signature_or_function == []:
			raise TypeError("jit([]): a list of signatures must not be empty")
		if signatures and all(map(absent.has_absent, signatures)):
			return lambda function: absent.Decorated(function, signatures[0] if isinstance(signatures[0], absent.Absent) else absent.signature("", signatures[0]))
		signatures = [_core.signature(s) for s in signatures if not absent.has_absent(s)]
		return lambda function: _decorate(function, signatures, given)
	if isinstance(signatures, _core.Type):
		raise TypeError(f"jit({signatures}): a signature is a tuple of types, or a type called with types: {signatures}({signatures})")
	return _decorate(signatures, [], given)


def _decorate(function, signatures, given):
	if config.DISABLE_JIT:
		return function
	check_function(function)
	return _make(function, signatures, given, bool(signatures))


def jit_module(**options):
	"""Compile the functions that the calling module has defined so far, with these options of jit()."""
	module = sys._getframe(1).f_globals
	for name, value in list(module.items()):
		if inspect.isfunction(value) and value.__module__ == module["__name__"]:
			module[name] = jit(value, **options)


def njit(*args, **options):
	"""jit() by its other name. nopython and forceobj are ignored, with a warning."""
	for name in "nopython", "forceobj":
		if name in options:
			warnings.warn(RuntimeWarning(f"{name} is set for njit and is ignored"), 2)
			del options[name]
	return jit(*args, **options)


for _decorator in jit, njit:
	_decorator._gj_absent = f"the decorator {_decorator.__name__}: leave it out: an inner function is compiled with the function around it"
