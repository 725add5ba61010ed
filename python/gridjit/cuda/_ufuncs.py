"""NumPy's own ufuncs on device arrays: their type rules are NumPy's (resolve_dtypes), their bodies are written here."""

import math

import numpy as np

from .. import _core, errors, ufuncs
from ._elementwise import Elementwise, is_known
from ._text import define

# -- what they compute, by name; x, y, z are of the types of NumPy's loop. Others are called by name: np.sqrt(x). --

_BODIES = {
	"add": "x + y", "subtract": "x - y", "multiply": "x * y", "divide": "x / y", "true_divide": "x / y",
	"floor_divide": "x // y", "remainder": "x % y", "power": "x ** y", "divmod": "(x // y, x % y)",
	"equal": "x == y", "not_equal": "x != y", "less": "x < y", "less_equal": "x <= y", "greater": "x > y",
	"greater_equal": "x >= y",
	"bitwise_and": "x & y", "bitwise_or": "x | y", "bitwise_xor": "x ^ y", "invert": "~x", "left_shift": "x << y",
	"right_shift": "x >> y",
	"logical_and": "(x != 0) & (y != 0)", "logical_or": "(x != 0) | (y != 0)", "logical_xor": "(x != 0) ^ (y != 0)",
	"logical_not": "x == 0", "negative": "-x", "positive": "x", "absolute": "abs(x)", "fabs": "abs(x)", "conjugate": "x",
	"square": "x * x", "modf": "math.modf(x)", "frexp": "math.frexp(x)", "ldexp": "math.ldexp(x, y)",
	"float_power": "x ** y", "heaviside": "x if x != x else 0.0 if x < 0 else y if x == 0 else 1.0",
	"logaddexp": "x if x == y and math.isinf(x) else max(x, y) + math.log1p(math.exp(-abs(x - y)))",
	"logaddexp2": "x if x == y and math.isinf(x) else max(x, y) + math.log1p(2.0 ** -abs(x - y)) / math.log(2.0)",
}
_OF_BOOLS = {
	"add": "x | y", "multiply": "x & y", "maximum": "x | y", "minimum": "x & y", "fmax": "x | y", "fmin": "x & y",
	"logical_and": "x & y", "logical_or": "x | y", "logical_xor": "x ^ y", "logical_not": "not x", "invert": "not x",
	"bitwise_and": "x & y", "bitwise_or": "x | y", "bitwise_xor": "x ^ y", "absolute": "x", "conjugate": "x",
	"equal": "x == y", "not_equal": "x != y", "isnan": "False", "isinf": "False", "isfinite": "True",
	"less": "y & (not x)", "greater": "x & (not y)", "less_equal": "y | (not x)", "greater_equal": "x | (not y)",
}
_OF_INTEGERS = {
	"maximum": "max(x, y)", "minimum": "min(x, y)", "fmax": "max(x, y)", "fmin": "min(x, y)", "isnan": "False",
	"isinf": "False", "isfinite": "True", "floor": "x", "ceil": "x", "trunc": "x", "sign": "(x > 0) - (x < 0)",
}
_BELOW = "(({0}.real < {1}.real) & ({0}.imag == {0}.imag) & ({1}.imag == {1}.imag) | ({0}.real == {1}.real) & ({0}.imag {2} {1}.imag))"
_OF_COMPLEX = {                                # in the order of their real parts, then of their imaginary ones
	"conjugate": "x.conjugate()", "less": _BELOW.format("x", "y", "<"), "less_equal": _BELOW.format("x", "y", "<="),
	"greater": _BELOW.format("y", "x", "<"), "greater_equal": _BELOW.format("y", "x", "<="),
	"maximum": f"x if (x != x) | {_BELOW.format('y', 'x', '<=')} else y", "minimum": f"x if (x != x) | {_BELOW.format('x', 'y', '<=')} else y",
	"fmax": f"x if (y != y) | {_BELOW.format('y', 'x', '<=')} else y", "fmin": f"x if (y != y) | {_BELOW.format('x', 'y', '<=')} else y",
}
_OF_UNSIGNED = {"absolute": "x", "sign": "1 if x else 0"}


def _complex_power(one):
	"""x ** y as NumPy has it, where small whole powers are products; one: the number of that type."""
	nan = type(one)(complex(math.nan, math.nan))

	def power(x, y):
		if y == 0:
			return one
		if x == 0:
			return x * 0 if y.real > 0 else nan
		if y.imag != 0 or not -100 < y.real < 100 or y.real != math.floor(y.real):
			return np.exp(y * np.log(x))
		n = int(abs(y.real))
		if n < 4 and y.real > 0:
			return x if n == 1 else x * x if n == 2 else x * x * x
		p, result = x, one
		while True:
			if n & 1:
				result = result * p
			n >>= 1
			if n == 0:
				break
			p = p * p
		return result if y.real > 0 else one / result
	return power


_GLOBALS = {"np": np, "math": math, "power_c8": _complex_power(np.complex64(1)), "power_c16": _complex_power(np.complex128(1))}


def function(name, nin, body):
	"""A Python function of x, y, z that returns the expression."""
	return define(f"def {name}({', '.join('xyz'[:nin])}):\n\treturn {body}\n", _GLOBALS, f"np.{name}")


def _body(name, nin, dtypes):
	kinds = {t.kind for t in dtypes}
	tables = [_BODIES]
	if kinds <= set("biu"):
		tables.insert(0, _OF_INTEGERS)
	if kinds == {"u"}:
		tables.insert(0, _OF_UNSIGNED)
	if kinds == {"c"}:
		tables.insert(0, {**_OF_COMPLEX, "power": f"power_c{dtypes[0].itemsize}(x, y)"})
	if kinds == {"b"}:
		tables.insert(0, _OF_BOOLS)
	return next((table[name] for table in tables if name in table), f"np.{name}({', '.join('xyz'[:nin])})")


class NumPyFunction(Elementwise):
	"""One of NumPy's ufuncs, for arrays in device memory."""

	def __new__(cls, ufunc):
		if ufunc.signature is not None or ufunc.nin > 3:
			raise TypeError(f"np.{ufunc.__name__} of device arrays is not supported: copy_to_host() first")
		self = super().__new__(cls, ufunc.__name__, ufunc.nin, ufunc.nout)
		self.ufunc = ufunc
		self._resolved, self._reductions = {}, {}
		return self

	@property
	def any_order(self):
		"""May reduce() and accumulate() combine elements in any order?"""
		return self.__name__ in _ASSOCIATIVE

	@property
	def identity(self):
		"""What a reduction of nothing gives; None: there is no such value."""
		return self.ufunc.identity

	def _loop(self, types, wanted=None):
		"""NumPy's loop for these types. Raises NumPy's own UFuncTypeError."""
		kwargs = {} if wanted is None else dict(signature=wanted, casting="unsafe")
		dtypes = self.ufunc.resolve_dtypes(tuple(types) + (None,) * self.nout, **kwargs)
		if not all(map(is_known, (t.newbyteorder("=") for t in dtypes))):
			raise TypeError(f"np.{self.__name__} of device arrays would compute with {', '.join(map(str, dtypes))}, "
				"which kernels do not know yet")
		return tuple(t.newbyteorder("=") for t in dtypes)

	def _resolve(self, types):
		dtypes = self._loop(types)
		found = self._resolved.get(dtypes)
		if found is None:
			found = self._resolved[dtypes] = self._resolve_new(dtypes)
		return found

	def _resolve_new(self, dtypes):
		ins, outs = dtypes[:self.nin], dtypes[self.nin:]
		body = function(self.__name__, self.nin, _body(self.__name__, self.nin, ins))
		try:
			_core.return_type(body, tuple(map(_core.as_type, ins)))
		except errors.NumbaError as error:
			raise TypeError(f"np.{self.__name__} of device arrays of {', '.join(map(str, ins))} is not supported: "
				"copy_to_host() first") from error
		return ins, outs, body

	def _check_inputs(self, types, ins, casting):
		if not self.__name__.startswith("logical_"):         # those take anything as true or false
			super()._check_inputs(types, ins, casting)

	def _resolve_as(self, types, wanted, casting):
		return self._loop(types, wanted)[:self.nin]

	def _reduction(self, dtype, wanted, given=None):
		"""The dtype in which NumPy reduces items of `dtype`, and the function. given: the dtype of the output, if there is one."""
		found = self._reductions.get((dtype, wanted, given))
		if found is None:
			found = self._reductions[dtype, wanted, given] = self._reduction_new(dtype, wanted, given)
		return found

	def _reduction_new(self, dtype, wanted, given):
		named = {} if wanted is None else {"signature": (np.dtype(wanted), None, None)}
		dtypes = self.ufunc.resolve_dtypes((given, dtype, None), casting="unsafe", reduction=True, **named)
		if dtypes[0] != dtypes[2]:
			raise TypeError(f"the resolved dtypes are not compatible with {self.__name__}.reduce. Resolved: {dtypes}")
		ins, _, body = self._resolve((dtypes[0], dtypes[0]))
		return ins[0], body

	def _call(self, *args, **keywords):
		try:
			return super()._call(*args, **keywords)
		except OverflowError:
			if self.__name__ not in _COMPARISONS or int not in map(type, args):
				raise
		return super()._call(*(_as_it_is(x) if type(x) is int else x for x in args), **keywords)


def _as_it_is(x):
	"""A Python integer that compares with others as it does in NumPy, whatever its size."""
	return np.float64(math.inf if x > 0 else -math.inf) if not -1 << 63 <= x < 1 << 64 else np.uint64(x) if x >= 1 << 63 else np.int64(x)


_ASSOCIATIVE = {"add", "multiply", "maximum", "minimum", "fmax", "fmin", "logical_and", "logical_or", "logical_xor", "bitwise_and",
	"bitwise_or", "bitwise_xor", "gcd", "lcm", "hypot", "logaddexp", "logaddexp2"}
_COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
_functions = {}


def _of_users(ufunc):
	"""The same function over device arrays, with the same signatures and options."""
	from .generalised import DeviceGUFunc
	from .vectorizers import DeviceUFunc
	make, _, *recipe = ufunc._recipe
	signatures = ufunc._declared_signatures()
	if make is ufuncs._elementwise:
		_, identity, options = recipe
		found = DeviceUFunc(ufunc._gj_function, signatures, identity, options)
	else:
		layout, _, identity, options, writable = recipe
		found = DeviceGUFunc(ufunc._gj_function, layout, signatures, identity, options, writable)
	found.disable_compile(ufunc._frozen)
	return found


def function_of(ufunc):
	"""The function over device arrays that does what a ufunc does: one of NumPy's, or one that vectorize made for the CPU."""
	if isinstance(ufunc, Elementwise):
		return ufunc
	found = _functions.get(ufunc)
	if found is None:
		found = _of_users(ufunc) if hasattr(ufunc, "_recipe") else NumPyFunction(ufunc)
		_functions[ufunc] = found
	return found
