"""Names that numba has, programs import, and gridjit does not do. They can be imported, and decorators among them applied; who uses one
is told what to write instead, in compiled code too (the attribute _gj_absent: pyext/freeze/freezer.c)."""

import contextlib

from .errors import NotSupportedError

_CLASSES = "write functions over arrays, records and named tuples: compiled code has no classes"
_LISTS = "use an array, with the number of items in use beside it; np.empty and slices cost little"
_DICTS = "use arrays: sorted keys and np.searchsorted, or indices as keys"
_LLVM = "write the function in Python, which is compiled with its callers; or call one of C's (ctypes, cffi)"
_TYPES = "compiled code takes numbers, tuples, named tuples, records, arrays and None"
_GDB = "use print(), boundscheck=True, or GRIDJIT_DISABLE_JIT=1 and Python's debugger"

# What to write instead.
INSTEAD = {
	"jitclass": _CLASSES, "structref": _CLASSES, "StructRefProxy": _CLASSES, "typed.List": _LISTS, "typed.Dict": _DICTS, "ListType": _LISTS,
	"List": _LISTS, "Set": _LISTS, "DictType": _DICTS, "ClassType": _CLASSES, "StructRef": _CLASSES, "deferred_type": _CLASSES,
	"intrinsic": _LLVM, "cgutils": _LLVM, "overload_classmethod": "write a function: overload, overload_method", "gdb": _GDB, "gdb_init": _GDB, "gdb_breakpoint": _GDB,
	"objmode": "return to Python for what only Python can do", "CC": "what is compiled is kept on disk anyway",
	"generated_jit": "branch on types in the function (isinstance, ndim, dtype, is None), or use extending.overload",
	"GUVectorize": "use guvectorize", "Vectorize": "use vectorize",
}


def instead(name, otherwise=_TYPES):
	return INSTEAD.get(name, otherwise)


class Absent:
	"""What stands in the place of something that is not done."""

	def __init__(self, name, why=None):
		self._gj_absent = f"{name}: {why or instead(name)}"
		self.__name__ = self.__qualname__ = name

	def _refuse(self, *args, **kwargs):
		name, _, why = self._gj_absent.partition(": ")
		raise NotSupportedError(f"{name} is not supported in gridjit: {why}")

	__call__ = _refuse

	def __repr__(self):
		return f"<{self.__name__}: not supported in gridjit>"


class Decorator(Absent):
	"""A decorator, with arguments or without: what it makes refuses."""

	def __call__(self, *args, **kwargs):
		if len(args) == 1 and callable(args[0]) and not kwargs:
			return Decorated(args[0], self)
		return lambda made: Decorated(made, self)


class Decorated(Absent):
	def __init__(self, made, by):
		name = getattr(made, "__name__", "function")
		super().__init__(name, f"it was made by {by.__name__}, which gridjit does not support; {by._gj_absent.partition(': ')[2]}")
		self.__wrapped__, self.__module__, self.__doc__ = made, getattr(made, "__module__", None), made.__doc__
		self.class_type = Type(f"{name}.class_type", _CLASSES)


class Registrar(Absent):
	"""A decorator that tells numba's compiler something, which changes nothing here: what it decorates stays as it is."""

	def __call__(self, *args, **kwargs):
		return lambda made: made

	def register(self, *args, **kwargs):
		return lambda made: made


# -- Types --

class Type(Absent):
	"""A type that compiled code has not, to be written in signatures and specifications; there it is refused."""

	def __init__(self, name, why=None):
		super().__init__(name, why)

	def __call__(self, *args):
		"""A signature, which is refused where the function is called."""
		return signature(self, args)

	def define(self, *args):
		"""Of deferred_type: nothing."""

	def __getitem__(self, key):
		return Type(f"array({self.__name__})")

	def __getattr__(self, name):
		if name.startswith("_"):
			raise AttributeError(name)
		return Type(f"{self.__name__}.{name}")

	def __eq__(self, other):
		return str(other) == self.__name__

	def __hash__(self):
		return hash(self.__name__)

	def __str__(self):
		return self.__name__


def signature(result, args):
	"""A signature with types that compiled code has not."""
	return Type(f"{result}({', '.join(map(str, args))})")


def has_absent(given):
	"""Is it a signature with such types, or a tuple with some?"""
	return isinstance(given, Absent) or isinstance(given, tuple) and any(isinstance(kind, Absent) for kind in given)


class TypeClass(type):
	"""Classes of such types, for isinstance()."""

	def __call__(cls, *args, **kwargs):
		name = cls.__name__
		return Type(f"{name}({', '.join(map(str, args))})", instead(name))

	def __getitem__(cls, key):
		return cls(*(key if isinstance(key, tuple) else (key,)))

	def __instancecheck__(cls, value):
		return str(value) in cls.__dict__.get("_names", ())


def type_class(name, *names):
	return TypeClass(name, (), {"__doc__": f"numba's {name}: {instead(name)}.", "_names": names})


# -- Classes --

class Refusing(type):
	"""Classes without instances."""

	def __call__(cls, *args, **kwargs):
		raise NotSupportedError(f"{cls._gj_name} is not supported in gridjit: {instead(cls._gj_name, instead(cls.__name__, _LLVM))}")

	def __getattr__(cls, name):
		if name.startswith("_"):
			raise AttributeError(name)
		return Absent(f"{cls._gj_name}.{name}", instead(cls._gj_name, instead(cls.__name__, _LLVM)))


def refusing(name):
	return Refusing(name.rpartition(".")[2], (), {"_gj_name": name, "_gj_absent": f"{name}: {instead(name, _LLVM)}"})


def objmode(*args, **kwargs):
	"""Outside compiled functions a context that does nothing, as in numba; in compiled functions there is no object mode."""
	return contextlib.nullcontext()


objmode._gj_absent = f"objmode: {INSTEAD['objmode']}"


def deferred_type():
	"""A type that compiled code has not."""
	return Type("deferred_type")


def nothing(*args, **kwargs):
	"""Tells numba's compiler something, which changes nothing here."""


StructRefProxy, List, Dict = refusing("StructRefProxy"), refusing("typed.List"), refusing("typed.Dict")


class models:
	"""Layouts of values that numba's extensions write down."""


for _name in "ArrayModel BooleanModel IntegerModel OpaqueModel PointerModel PrimitiveModel StructModel StructRefModel TupleModel UniTupleModel".split():
	setattr(models, _name, refusing(f"models.{_name}"))
