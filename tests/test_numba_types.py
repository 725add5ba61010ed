"""numba's own types beside gridjit (`from numba import float32`): known by the names of their classes, never imported. A module
shaped like numba.types stands in; where numba is installed its types are tried too."""

import subprocess
import sys
import types as pytypes

import numpy as np
import pytest

import gridjit
from gridjit import cuda


def like_numba():
	"""As much of numba.types as programs use."""
	def cls(name, *bases, module="numba.core.types.scalars", **members):
		return type(name, bases, {"__module__": module, **members})

	def init(self, name):
		self.name = name

	def call(self, *args):
		return Signature(self, args)

	def index(self, key):
		key = key if isinstance(key, tuple) else (key,)
		unit = [i for i, part in enumerate(key) if part.step == 1]
		layout = "A" if not unit else "C" if unit[0] == len(key) - 1 else "F"
		return Array(f"array({self.name}, {len(key)}d, {layout})")

	class Signature:
		__module__ = "numba.core.typing.templates"

		def __init__(self, return_type, args):
			self.return_type, self.args = return_type, args
	Type = cls("Type", module="numba.core.types.abstract", __init__=init, __call__=call, __getitem__=index)
	Number = cls("Number", Type)
	Integer, Float, Complex = cls("Integer", Number), cls("Float", Number), cls("Complex", Number)
	Array = cls("Array", Type, module="numba.core.types.npytypes")
	numba = pytypes.SimpleNamespace(Type=Type, boolean=cls("Boolean", Type)("bool"), void=cls("NoneType", Type)("none"))
	for name in "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split():
		setattr(numba, name, Integer(name))
	for name in "float16 float32 float64".split():
		setattr(numba, name, Float(name))
	numba.complex64, numba.complex128 = Complex("complex64"), Complex("complex128")
	numba.UniTuple = lambda t, n: cls("UniTuple", Type)(f"UniTuple({t.name} x {n})")
	numba.Tuple = lambda ts: cls("Tuple", Type)(f"Tuple({', '.join(t.name for t in ts)})")
	numba.unicode_type = cls("UnicodeType", Type)("unicode_type")
	return numba


def real_numba():
	return pytest.importorskip("numba").types


@pytest.fixture(params=[like_numba, real_numba])
def numba(request):
	return request.param()


SCALARS = "boolean int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()


def test_types(numba):
	ours = gridjit.types
	for name in SCALARS:
		assert gridjit._core.as_type(getattr(numba, name)) is getattr(ours, name)
		assert ours.from_dtype(getattr(numba, name)) is getattr(ours, name)
	for make in (lambda t: t.float32[:], lambda t: t.float32[:, ::1], lambda t: t.int64[::1, :], lambda t: t.UniTuple(t.int64, 3),
			lambda t: t.Tuple((t.int64, t.float32[:])), lambda t: t.UniTuple(t.UniTuple(t.int8, 2), 2), lambda t: t.void):
		assert gridjit._core.as_type(make(numba)) is make(ours)
	with pytest.raises(TypeError, match="is no type of a kernel"):
		gridjit._core.as_type(numba.unicode_type)


def fill(x, y):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] = y


def test_signatures(numba, device):
	f4, i8 = numba.float32, numba.int64
	for signature in (numba.void(f4[:], i8), (f4[:], i8), [numba.void(f4[:], i8)], [(f4[:], i8), (f4[:], f4)]):
		kernel, x = cuda.jit(signature)(fill), np.zeros(3, np.float32)
		kernel[1, 4](x, 7)
		assert x.tolist() == [7, 7, 7]
		assert kernel.signatures[0] == (gridjit.float32[:], gridjit.int64)
	kernel = cuda.jit(fill)
	kernel.compile((f4[::1], i8))
	assert kernel.signatures == [(gridjit.float32[::1], gridjit.int64)]
	assert cuda.compile(lambda a, b: a + b, f4(f4, f4))[1] is gridjit.float32
	assert cuda.compile_ptx(fill, numba.void(f4[:], i8))[1] is gridjit.types.void
	assert gridjit._core.signature(f4(i8, f4)) == gridjit.float32(gridjit.int64, gridjit.float32)

	@cuda.jit(i8(i8), device=True)
	def inner(a):
		return a + 0.75

	@cuda.jit
	def outer(x):
		x[0] = inner(2)
	x = np.zeros(1)
	outer[1, 1](x)
	assert x[0] == 2


def test_in_kernels(numba, device):
	float32, int64 = numba.float32, numba.int64
	module = pytypes.ModuleType("numba")
	module.uint8, module.types = numba.uint8, pytypes.ModuleType("numba.types")
	module.types.float64 = numba.float64

	@cuda.jit
	def k(x, y):
		shared = cuda.shared.array(4, float32)
		mine = cuda.local.array((2, 2), module.types.float64)
		shared[0] = y
		mine[1, 1] = y
		x[0] = float32(y)
		x[1] = int64(y)
		x[2] = module.uint8(300)
		x[3] = shared[0] * 2
		x[4] = mine[1, 1]
		x[5] = shared.dtype == float32
	x, y = np.zeros(6), 1.1
	k[1, 1](x, y)
	assert x.tolist() == [np.float32(y), 1, 300 - 256, np.float32(y) * np.float32(2), y, 1]


def test_as_dtypes(numba, device):
	assert cuda.device_array(3, numba.int16).dtype == np.int16
	assert cuda.device_array(3, dtype=numba.float32).dtype == np.float32
	assert cuda.pinned_array(3, numba.float64).dtype == np.float64
	assert cuda.device_array(4, np.int32).view(numba.int64).shape == (2,)
	for wrong in numba.unicode_type, numba.float32[:]:
		with pytest.raises((TypeError, ValueError, RecursionError)):
			cuda.device_array(3, wrong)


def test_classes_of_others_are_none_of_numbas():
	class Type:
		name = "float32"
	for module in "numbasomething", "mine.numba", "":
		cls = type("Float", (Type,), {"__module__": module})
		with pytest.raises(TypeError):
			gridjit._core.as_type(cls())


def test_types_that_fail():
	cls = type("Type", (), {"__module__": "numba.core.types", "name": property(lambda self: 1 / 0)})
	with pytest.raises((TypeError, ZeroDivisionError)):
		gridjit._core.as_type(cls())
	cls = type("Type", (), {"__module__": "numba.core.types", "name": 3, "literal_type": property(lambda self: self)})
	with pytest.raises(TypeError):
		gridjit._core.as_type(cls())


def test_numba_is_not_imported():
	program = "import sys, gridjit; from gridjit import cuda; gridjit._core.as_type('f4'); print('numba' in sys.modules)"
	assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
