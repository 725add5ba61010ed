"""Types as Python objects: uniqueness, array and tuple types, signatures, and the type of host values against numba's."""

import csv
import pickle
import re
from collections import namedtuple
from enum import Enum, IntEnum
from pathlib import Path

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, types, typeof
from gridjit.types import (Array, Tuple, UniTuple, Type, boolean, complex128, float16, float32, float64, int8, int16, int32,
	int64, none, uint8, uint64, void)

SCALARS = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128".split()


@pytest.mark.parametrize("name", SCALARS)
def test_scalar(name):
	kind = Type(name)
	assert str(kind) == repr(kind) == kind.name == kind.key == name
	assert kind is Type(name) is types.from_dtype(name)
	assert kind.dtype == np.dtype(name) and np.dtype(kind) == np.dtype(name)
	assert kind.bitwidth == 8 * np.dtype(name).itemsize
	assert pickle.loads(pickle.dumps(kind)) is kind
	assert hash(kind) == hash(Type(name)) and kind != types.none


def test_aliases():
	assert types.intp is int64 and types.f4 is float32 and types.double is float64 and types.b1 is types.bool_ is boolean
	assert gridjit.float32 is float32 and gridjit.void is void is none
	assert int32.signed and not uint64.signed
	with pytest.raises(AttributeError, match="float32 has no attribute 'signed'"):
		float32.signed


def test_classes():
	assert isinstance(int32, types.Integer) and isinstance(float32, types.Float) and isinstance(complex128, types.Complex)
	assert isinstance(boolean, types.Boolean) and not isinstance(boolean, types.Number)
	assert isinstance(float32[:], types.Array) and isinstance(UniTuple(int32, 2), types.BaseTuple)
	assert isinstance(Tuple((int32, float32)), types.Tuple) and isinstance(none, types.NoneType)
	with pytest.raises(TypeError):
		types.Integer("int32")


@pytest.mark.parametrize("made, text", [
	(lambda: float32[:], "array(float32, 1d, A)"),
	(lambda: float32[::1], "array(float32, 1d, C)"),
	(lambda: float32[:, :], "array(float32, 2d, A)"),
	(lambda: float32[:, ::1], "array(float32, 2d, C)"),
	(lambda: float32[::1, :], "array(float32, 2d, F)"),
	(lambda: int8[:, :, ::1], "array(int8, 3d, C)"),
	(lambda: Array(int16, 3, "F"), "array(int16, 3d, F)"),
	(lambda: Array(int16, 0, "C"), "array(int16, 0d, C)"),
	(lambda: Array(np.float32, 2, "A"), "array(float32, 2d, A)"),
	(lambda: UniTuple(int64, 3), "UniTuple(int64 x 3)"),
	(lambda: Tuple((int64, int64)), "UniTuple(int64 x 2)"),
	(lambda: Tuple((int64, float32)), "Tuple(int64, float32)"),
	(lambda: Tuple(()), "Tuple()"),
	(lambda: Tuple((UniTuple(int64, 2), float32[:])), "Tuple(UniTuple(int64 x 2), array(float32, 1d, A))"),
])
def test_compound(made, text):
	assert str(made()) == text
	assert made() is made() and pickle.loads(pickle.dumps(made())) is made()


def test_readonly_array():
	kind = Array(float32, 1, "C", readonly=True)
	assert not kind.mutable and float32[::1].mutable and kind is not float32[::1]
	assert kind.dtype is float32 and kind.ndim == 1 and kind.layout == "C"
	assert pickle.loads(pickle.dumps(kind)) is kind


def test_tuple_attributes():
	kind = Tuple((int64, float32))
	assert kind.types == (int64, float32) and kind.count == len(kind) == 2
	assert kind[1] is float32 and kind[-2] is int64 and list(kind) == [int64, float32]
	with pytest.raises(IndexError):
		kind[2]
	assert UniTuple(int32, 2).dtype is int32 and bool(float32)


@pytest.mark.parametrize("index", ["0", "1:", ":2", "::2", "::1, ::1", ":, ::1, :", "()", "'x'", "..."])
def test_no_array_type(index):
	with pytest.raises(KeyError, match="is no array type"):
		eval(f"float32[{index}]")


@pytest.mark.parametrize("make, error", [
	(lambda: Array(float32, 7, "C"), ValueError), (lambda: Array(float32, -1, "C"), ValueError),
	(lambda: Array(float32, 1, "X"), ValueError), (lambda: Array(UniTuple(int32, 2), 1, "C"), TypeError),
	(lambda: Array(float32, 1), TypeError), (lambda: float32[:, :, :, :, :, :, :], ValueError),
	(lambda: float32[:][:], TypeError), (lambda: UniTuple(int32, -1), ValueError), (lambda: Tuple((1, 2)), TypeError),
	(lambda: Type("float33"), ValueError), (lambda: Type(3.5), TypeError), (lambda: Tuple(5), TypeError),
	(lambda: types.from_dtype("U3"), TypeError), (lambda: types.from_dtype(">f4"), TypeError),
])
def test_refused(make, error):
	with pytest.raises(error):
		make()


def test_call_gives_numpy_scalar():
	value = float32(1.1)
	assert type(value) is np.float32 and value == np.float32(1.1)
	assert type(uint8(3)) is np.uint8 and type(boolean(1)) is np.bool_ and type(float16(2)) is np.float16
	with pytest.raises(TypeError, match="takes types"):
		float32[:](1)


def test_signature():
	sig = float32(int32, float32[:])
	assert repr(sig) == "(int32, array(float32, 1d, A)) -> float32"
	assert sig.return_type is float32 and sig.args == (int32, float32[:])
	assert sig == float32(int32, float32[:]) and hash(sig) == hash(float32(int32, float32[:])) and sig != void(int32)
	assert pickle.loads(pickle.dumps(sig)) == sig
	assert void().args == () and sig != 3
	assert cuda.jit(device=True)(lambda a, b: a)._options["entry"] == "device"


@pytest.mark.parametrize("text, ret, args", [
	("void(float32[:], int64)", void, (float32[:], int64)), ("float32(float32)", float32, (float32,)),
	("(float32, int64)", None, (float32, int64)), ("void()", void, ()),
	("void(float32[:, ::1], UniTuple(int32, 2))", void, (float32[:, ::1], UniTuple(int32, 2))),
	("float32[:, ::1], int64", None, (float32[:, ::1], int64)), ("int64 , ", None, (int64,)),
])
def test_signature_text(text, ret, args):
	from gridjit._core import signature
	assert signature(text).args == args and signature(text).return_type is ret
	assert signature(signature(text)) == signature(text)


@pytest.mark.parametrize("bad, error", [
	("void(", ValueError), ("void(float33)", ValueError), ("int64", ValueError), ("int64, void(", ValueError), ("int64,, int64", ValueError),
	(", ".join(["int64"] * 256), ValueError), ("", ValueError), (3, TypeError), ((3,), TypeError), (None, TypeError)])
def test_signature_refused(bad, error):
	from gridjit._core import signature
	with pytest.raises(error):
		signature(bad)


def test_types_cost_no_memory():
	import sys
	before = sys.getrefcount(float32[:, ::1])
	for _ in range(1000):
		float32[:, ::1], Type("float32"), float32(int32)
	assert sys.getrefcount(float32[:, ::1]) <= before + 1


# -- typeof: rows of numba's table ------------------------------------------------------------------------------------


class E(Enum):
	A = 1


class IE(IntEnum):
	A = 1


P = namedtuple("P", "x y")

# Values that the table names in words.
NAMED = {
	"readonly z(3)": lambda: np.lib.stride_tricks.as_strided(np.zeros(3), writeable=False),
	"unaligned": lambda: np.frombuffer(b"x" * 25, np.uint8)[1:].view(np.float64).copy(),
	"broadcast_to(1.;(3;))": lambda: np.broadcast_to(1.0, (3,)),
	"z((5;1);F)": lambda: np.zeros((5, 1), order="F"),
	"z((2;3);order=F)": lambda: np.zeros((2, 3), order="F"),
	">f8": lambda: np.zeros(3, ">f8"),
	"matrix": lambda: np.matrix(np.zeros((2, 2))),
	"masked": lambda: np.ma.zeros(3),
	"longdouble": lambda: np.zeros(3, np.longdouble),
	"IntEnum": lambda: IE.A,
	"Enum": lambda: E.A,
	"namedtuple": lambda: P(1, 2.0),
	"rec": lambda: np.zeros(3, [("a", "f4"), ("b", "i4", 2)]),
	"rec scalar": lambda: np.zeros(3, [("a", "f4")])[0],
	"recarray": lambda: np.rec.array(np.zeros(3, [("x", "i4"), ("y", "f8")])),
	"nested": lambda: np.zeros(3, [("p", [("x", "f4"), ("y", "f4")])]),
	"aligned rec": lambda: np.zeros(3, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
}
# Rows that this project answers otherwise, and why.
OURS = {
	"IntEnum": f"IntEnum<int64>({__name__}.IE)",
	"Enum": f"Enum<int64>({__name__}.E)",
	"namedtuple": "P(x: int64, y: float64)",        # the names are part of the type
	"longdouble": "!NumbaValueError",
	"len": "function(builtins.len)", "math.sin": "function(math.sin)",       # kernels take functions as arguments
	"memoryview": "readonly array(uint8, 1d, C)",   # memory is memory
	"bytearray": "array(uint8, 1d, C) aligned=True mutable=True",
	"nested": "unaligned array(Record(p[type=Record(x[type=float32;offset=0];y[type=float32;offset=4];8;False);offset=0];8;False); 1d; C)"
		" aligned=False mutable=True",      # the table's line is cut off
}
# Values that kernels do not have: all refused with ValueError, or a subclass of TypingError.
REFUSED = ['b"s"', "[1]", "{1}", 'np.datetime64("2020";"D")', 'np.timedelta64(3;"s")', "M8[us]", "S3", "U3", "O", 'np.dtype("f4")',
	"range(3)", "math", "{1:2}", "[]"]
LATER = {
	"M8[us]": lambda: np.zeros(3, "M8[us]"), "S3": lambda: np.zeros(3, "S3"), "U3": lambda: np.zeros(3, "U3"),
	"O": lambda: np.zeros(3, object), "float32 type": lambda: float32,
	"memoryview": lambda: memoryview(b"x"), "bytearray": lambda: bytearray(b"x"), "math": lambda: __import__("math"),
	"math.sin": lambda: __import__("math").sin,
}


def rows():
	with open(Path(__file__).parent / "data" / "typing-rules" / "typeof.csv", newline="") as file:
		return [(line.rsplit(",", 1)) for line in file.read().splitlines()[1:]]


def value_of(text):
	"""The host value that a row's first column stands for."""
	for named in NAMED, LATER:
		if text in named:
			return named[text]()
	source = re.sub(r"^z\((.*)\)", r"np.zeros(\1)", text.replace(";", ","))
	return eval(source.replace("z(", "np.zeros(") if source.startswith("z(") else source, {"np": np})


def expected(text, want):
	want = OURS.get(text, want)
	if want.startswith("!"):
		return want
	mutable = "mutable=True" in want
	want = re.sub(r" aligned=.*", "", want).replace(";", ",")
	return want if mutable or "array(" not in want else "readonly " + want.removeprefix("readonly ")


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("text, want", rows(), ids=[row[0] for row in rows()])
def test_typeof(text, want):
	value = value_of(text)
	if text in REFUSED:
		with pytest.raises((ValueError, errors.TypingError)):
			typeof(value)
		return
	want = expected(text, want)
	if want.startswith("!"):
		name = want[1:].split()[0]
		with pytest.raises(getattr(errors, name, ValueError)):
			typeof(value)
	else:
		assert str(typeof(value)).replace(";", ",") == want


def test_typeof_table_is_covered():
	assert len(rows()) > 60 and {text for text, _ in rows()} >= set(REFUSED)


@pytest.mark.parametrize("dtype", ["l", "q", "L", "Q", "i", "b", "?", "e", "f", "d", "F", "D"])
def test_typeof_by_kind_and_size(dtype):
	array = np.zeros(2, dtype)
	assert typeof(array) is Array(np.dtype(dtype), 1, "C") and typeof(array[0]).dtype == np.dtype(dtype)


def test_typeof_device_array():
	array = np.zeros((3, 4), np.float32)
	for index in ((), (slice(None, None, 2),), (slice(None), 0), (..., slice(1, None)), (None,)):
		assert typeof(cuda.to_device(array)[index]) is typeof(array[index])
	assert typeof(cuda.to_device(array)) is float32[:, ::1]
	assert typeof(cuda.to_device(array).T) is float32[::1, :]
	assert typeof(cuda.to_device(array)[::2]) is float32[:, :]


def test_typeof_deep_tuple():
	value = ()
	for _ in range(100_000):
		value = (value,)
	with pytest.raises(errors.TypingError, match="nested more than 64 deep"):
		typeof(value)
