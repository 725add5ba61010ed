"""Names that programs import from numba: what works under them, and what says that it is not supported, and what to write instead."""

import ctypes
import math
import subprocess
import sys
import types as pytypes

import numpy as np
import pytest

import gridjit
from conftest import on
from gridjit import _later, absent, cuda, errors, njit, pndindex, types
from gridjit._paths import PATHS
from gridjit.extending import overload, overload_attribute, overload_method


# -- Paths --

@pytest.mark.parametrize("path", sorted(PATHS))
def test_every_row(path):
	module = f"gridjit.{path}" if path else "gridjit"
	space = {}
	exec(f"import {module} as module", space)
	for name in _later.on_path(path):
		exec(f"from {module} import {name}", space)
		assert getattr(space["module"], name) is space[name] and (name in dir(space["module"]) or not path)
	assert not hasattr(space["module"], "nothing_of_the_kind")
	with pytest.raises(ModuleNotFoundError):
		exec(f"import {module}.nothing_of_the_kind")


def test_one_thing_under_several_paths():
	from gridjit import jitclass as top
	from gridjit.core.registry import CPUDispatcher
	from gridjit.core.typing import signature
	from gridjit.experimental import jitclass
	from gridjit.misc.special import prange
	from gridjit.typed import List
	from gridjit.typed.typedlist import List as same
	assert prange is gridjit.prange and List is same and type(top) is type(jitclass)
	assert signature(types.float64, types.int32) == types.float64(types.int32)
	assert isinstance(njit(lambda: 1), CPUDispatcher)
	assert types.containers.Tuple is types.Tuple


def test_an_import_loads_no_rows():
	code = "import sys, gridjit; print(*(m for m in sys.modules if m in ('gridjit._paths', 'gridjit.absent', 'gridjit.overloading', 'gridjit.ffi')))"
	assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"


# -- What is not supported --

def refused(use, *words, given=()):
	with pytest.raises(errors.NotSupportedError) as e:
		use(*given)
	assert isinstance(e.value, NotImplementedError) and isinstance(e.value, errors.NumbaError)
	assert "not supported in gridjit: " in str(e.value)
	for word in words:
		assert word in str(e.value)


@gridjit.jitclass([("x", types.float64)])
class Point:
	"""A point."""

	def __init__(self, x):
		self.x = x


@gridjit.extending.intrinsic
def magic(context, x):
	return None


def test_decorators_can_be_applied():
	assert Point.__name__ == "Point" and Point.__doc__ == "A point." and Point.__wrapped__.__name__ == "Point"
	assert isinstance(Point.class_type.instance_type, absent.Type)
	refused(lambda: Point(1.0), "made by jitclass", "records and named tuples")
	refused(lambda: magic(1), "made by intrinsic", "write the function in Python")
	for use, words in ((lambda: magic(2), "write the function in Python"), (lambda: Point(1.0), "records and named tuples"),
			(lambda: gridjit.gdb(), "GRIDJIT_DISABLE_JIT")):
		with pytest.raises(errors.TypingError, match=words):
			njit(use)()


def test_registrations_change_nothing():
	from gridjit.extending import box, make_attribute_wrapper, models, register_model, type_callable, typeof_impl, unbox

	class Kind(types.Type):
		pass

	def f():
		pass

	@register_model(Kind)
	class Model(models.StructModel):
		pass

	assert typeof_impl.register(Point)(f) is type_callable(f)(f) is box(Kind)(f) is unbox(Kind)(f) is f
	make_attribute_wrapper(Kind, "x", "x")
	refused(Model, "write the function in Python")


def test_containers():
	from gridjit.pycc import CC
	from gridjit.typed import Dict, List
	assert not isinstance([], List) and not isinstance({}, Dict)
	for use, words in ((List, "use an array"), (lambda: List.empty_list(types.int64), "use an array"), (Dict, "np.searchsorted"),
			(lambda: Dict.empty(types.int64, types.float64), "np.searchsorted"), (lambda: CC("module"), "kept on disk")):
		refused(use, words)
	with pytest.raises(errors.TypingError, match="use an array"):
		njit(lambda: List())()


def test_types_that_are_not_there():
	node = gridjit.deferred_type()
	node.define(Point.class_type.instance_type)
	kind = types.ListType(types.int64)
	assert str(kind) == "ListType(int64)" and kind == types.ListType(types.int64) and kind != types.ListType(types.int32)
	assert str(types.DictType(types.unicode_type, types.int64)) == "DictType(unicode_type, int64)"
	for value in (types.int64, types.float64[:], 3):
		assert not isinstance(value, types.Omitted) and not isinstance(value, types.List) and value != types.unicode_type
	for use in (lambda: types.Tuple((types.int64, node)), lambda: gridjit.typeof(kind) and types.Optional(kind)):
		with pytest.raises((errors.NotSupportedError, ValueError, TypeError)):
			use()
	with pytest.raises(errors.NotSupportedError, match="ListType.int64. is a type that gridjit does not have\nHint: use an array"):
		types.UniTuple(kind, 2)
	refused(njit((kind,))(lambda x: 1), "ListType", given=(3,))
	refused(njit(types.float64(types.pyobject))(lambda x: 1), "pyobject", given=(3,))
	refused(njit(kind(types.int64))(lambda x: 1), "ListType", given=(3,))
	both = njit([kind(kind), types.int64(types.int64)])(lambda x: x)
	assert both(3) == 3 and both.signatures == [(types.int64,)]


def test_what_is_not_supported_is_said_when_it_is_called():
	"""Packages declare functions that few programs call."""
	with pytest.warns(gridjit.errors.NumbaWarning, match=r"keeps\(\) cannot be compiled, calls of it will fail: set cannot be used in a compiled function"):
		@njit("int64(int64)")
		def keeps(x):
			return len(set((x,)))

	with pytest.raises(errors.UnsupportedError, match="set cannot be used in a compiled function"):
		keeps(3)
	with pytest.raises(errors.TypingError, match="cannot compute"):             # mistakes are told at once
		njit("int64(int64)")(lambda x: x + "a")


def test_types_of_variables_that_are_no_numbers():
	@njit(locals={"y": types.float32[::1], "n": types.int32})
	def f(x):
		y = x[1:]
		n = x.size
		return y, n / 2

	assert f(np.arange(5.0))[1] == 2.5


class Sine(types.WrapperAddressProtocol):
	def __wrapper_address__(self):
		return ctypes.cast(ctypes.CDLL("libm.so.6").sin, ctypes.c_void_p).value

	def signature(self):
		return types.float64(types.float64)


SINE = Sine()


def test_functions_that_say_where_they_are():
	assert njit(lambda x: SINE(x) + SINE(2))(1.0) == np.sin(1.0) + np.sin(2.0)


def test_inlined_functions_take_what_their_callers_have():
	"""As in numba, where signatures do not count then."""
	@njit("float64(float64[:], int32)", inline="always")
	def at(x, i):
		return x[i] + 1

	assert njit(lambda x, i: at(x, i))(np.arange(3), 2) == 3.0


def test_object_mode():
	with gridjit.objmode(x="float64"):
		x = 1
	assert x == 1

	@njit
	def f():
		with gridjit.objmode():
			print("here")

	with pytest.raises(errors.UnsupportedError, match="with"):
		f()


# -- What works --

def test_jit_module():
	module = pytypes.ModuleType("a_module")
	exec("from math import sqrt\nfrom gridjit import jit_module\ndef f(x): return g(x) + 1\ndef g(x): return sqrt(x)\njit_module(error_model='numpy')",
		module.__dict__)
	assert gridjit.extending.is_jitted(module.f) and gridjit.extending.is_jitted(module.g) and module.sqrt is math.sqrt
	assert module.f(4.0) == 3 and module.f.targetoptions["error_model"] == "numpy"


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
def test_pndindex(parallel, width):
	with on(width):
		@njit(parallel=parallel)
		def fill(a):
			n = 0
			for i, j, k in pndindex(a.shape):
				a[i, j, k] = 100 * i + 10 * j + k
				n += k
			for at in pndindex(2, 3):
				n += at[1]
			for (i,) in pndindex(4):
				n += i
			return n

		for shape in ((3, 4, 5), (40, 9, 70), (3, 0, 2), (1, 1, 1)):
			a = np.zeros(shape, np.int64)
			wanted = sum(k for *_, k in np.ndindex(shape)) + 6 + 6
			assert fill(a) == wanted
			i, j, k = np.indices(shape)
			assert (a == 100 * i + 10 * j + k).all()
		if parallel:
			assert "threads" in fill.explain()
	assert list(pndindex(2, 1)) == [(0, 0), (1, 0)]


def test_tuples_of_arrays_and_with_other_items():
	from gridjit.cpython.unsafe.tuple import tuple_setitem
	from gridjit.np.unsafe.ndarray import to_fixed_tuple
	assert njit(lambda a: to_fixed_tuple(a, 3))(np.arange(5)) == (0, 1, 2) == to_fixed_tuple(np.arange(5), 3)
	assert njit(lambda t, i: tuple_setitem(t, i, 9))((1, 2, 3), 1) == (1, 9, 3) == tuple_setitem((1, 2, 3), 1, 9)


def test_cython_functions():
	pytest.importorskip("scipy.special")
	address = gridjit.extending.get_cython_function_address("scipy.special.cython_special", "gammaln")
	gammaln = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)
	assert njit(lambda x: gammaln(x))(5.5) == pytest.approx(math.lgamma(5.5))


# -- overload --

def clamp(x, low=0, high=1):
	raise NotImplementedError


ASKED = []


@overload(clamp)
def choose_clamp(x, low=0, high=1):
	ASKED.append((str(x), str(low), str(high)))
	if isinstance(x, types.Array):
		def of_array(x, low=0, high=1):
			out = np.empty_like(x)
			for i in range(x.size):
				out[i] = clamp(x[i], low, high)
			return out
		return of_array
	if isinstance(x, types.Number):
		return lambda x, low=0, high=1: low if x < low else high if x > high else x


@overload_method(types.Array, "second")
def choose_second(self, more=0):
	if self.ndim == 1:
		return lambda self, more=0: self[1 + more]


def test_overload():
	ASKED.clear()

	@njit
	def f(a, b):
		return clamp(a, high=3), clamp(b, 2.5), clamp(b)

	x, y, z = f(np.arange(6.0), 7)
	assert x.tolist() == [0, 1, 2, 3, 3, 3] and (y, z) == (1, 1)
	assert ASKED == [("array(float64, 1d, C)", "0", "int64"), ("float64", "int64", "int64"), ("int64", "float64", "1"), ("int64", "0", "1")]
	assert f(np.arange(3), 0.5)[0].tolist() == [0, 1, 2]
	with pytest.raises(errors.TypingError, match=r"clamp\(\) has no implementation for \(UniTuple\(int64 x 2\)\)"):
		njit(lambda t: clamp(t))((1, 2))


def test_overloads_by_kind():
	def kind(x):
		pass

	@overload(kind)
	def choose(x):
		name = "text" if isinstance(x, types.UnicodeType) else "none" if isinstance(x, types.NoneType) else "tuple" if isinstance(x, types.BaseTuple) \
			else "record" if isinstance(x, types.Record) else "bool" if isinstance(x, types.Boolean) else "other"
		number = ("text", "none", "tuple", "record", "bool", "other").index(name)
		return lambda x: number

	r = np.zeros(2, np.dtype([("a", "i4")]))
	assert njit(lambda r: (kind("a"), kind(None), kind((1, 2.0)), kind(r[0]), kind(True), kind(kind)))(r) == (0, 1, 2, 3, 4, 5)


def test_an_exception_of_who_chooses():
	def broken(x):
		pass

	@overload(broken)
	def choose(x):
		raise errors.TypingError("no, thanks")

	with pytest.raises(errors.TypingError, match="no, thanks"):
		njit(lambda x: broken(x))(1)


def test_overloaded_methods(device):
	@cuda.jit
	def kernel(a, b):
		i = cuda.grid(1)
		if i < a.size:
			a[i] = clamp(a[i], 2, 5) + b.second(more=1)

	a, b = np.arange(10.0), np.arange(3.0)
	kernel[1, 32](a, b)
	assert (a == np.clip(np.arange(10.0), 2, 5) + 2).all()
	assert njit(lambda b: (b.second(), b.second(1)))(b) == (1, 2)
	with pytest.raises(errors.TypingError, match="second.* has no implementation"):
		njit(lambda b: b.second())(np.zeros((2, 2)))
	with pytest.raises(errors.TypingError, match="no attribute 'third'"):
		njit(lambda b: b.third())(b)


@overload_method(types.Number, "halved")
def choose_halved(self):
	return lambda self: self / 2


@overload_attribute(types.Array, "last")
def choose_last(self):
	if self.ndim == 1:
		return lambda self: self[-1]


@overload_attribute(types.Number, "twice")
def choose_twice(self):
	return lambda self: self * 2


@overload_attribute(types.Array, "halves")
def choose_halves(self):
	return lambda self: self / self.last.twice


@overload_attribute(types.BaseTuple, "twice")
def choose_twice_of_tuple(self):
	return lambda self: self + self


@overload_attribute(types.Array, "size")       # what arrays have is not asked for
def choose_size(self):
	return lambda self: -1


def test_overloaded_attributes(device):
	@cuda.jit
	def kernel(a):
		i = cuda.grid(1)
		if i < a.size:
			a[i] = i.twice + a[i].halved()

	a = np.full(10, 4.0)
	kernel[1, 32](a)
	assert a.tolist() == [2 + 2 * i for i in range(10)]


def test_overloaded_attributes_for_the_host():
	b, r = np.arange(3.0), np.zeros(2, np.dtype([("twice", "i4"), ("m", "f8")]))
	assert njit(lambda b: (b.last, b.last.twice, b.shape.twice, b.size))(b) == (2, 4, (3, 3), 3)
	assert njit(lambda b: b.halves)(b).tolist() == [0, 0.25, 0.5]
	assert njit(lambda r: (r[0].twice, r.last.m))(r) == (0, 0)                     # a field comes first

	@njit
	def total(b):
		t = 0.0
		for k in range(3):
			for x in b.halves:
				t += x.twice
		return t
	assert total(b) == 4.5
	with pytest.raises(errors.TypingError, match="last.* has no implementation"):
		njit(lambda b: b.last)(np.zeros((2, 2)))
	with pytest.raises(errors.TypingError, match="last.* has no implementation|has no attribute 'last'"):
		njit(lambda b: b.last)(1)


def test_overloads_in_ufuncs():
	assert gridjit.vectorize(lambda x: clamp(x, 2, 5))(np.arange(8)).tolist() == [2, 2, 2, 3, 4, 5, 5, 5]
	assert cuda.vectorize(lambda x: clamp(x, 2, 5))(np.arange(8)).tolist() == [2, 2, 2, 3, 4, 5, 5, 5]


def test_overloads_come_from_the_disk_cache():
	made = [njit(lambda x: clamp(x, 3) + 21) for _ in range(2)]
	assert [f(1) for f in made] == [24, 24] and made[1].stats.cache_hits == 1
