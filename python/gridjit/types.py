"""The types of kernels: scalars by name, and Array, Tuple, UniTuple, NamedTuple. Types are unique: equal ones are the same object.

    float32[:, ::1]             a C-contiguous 2-D array of float32
    void(float32[:], int64)     a signature
    float32(1.5)                a NumPy scalar"""

from ._core import (Array, BaseTuple, Boolean, Complex, CPointer, Float, FunctionType, Integer, NamedTuple, NamedUniTuple, NestedArray, NoneType, Number,
	NumPyRandomGeneratorType, Optional, Record, Signature, Tuple, Type, UniTuple, VectorType, as_type)

boolean = bool_ = b1 = Type("boolean")
int8 = i1 = char = Type("int8")
int16 = i2 = short = Type("int16")
int32 = i4 = intc = Type("int32")
int64 = i8 = intp = int_ = long_ = longlong = ssize_t = Type("int64")
uint8 = u1 = byte = uchar = Type("uint8")
uint16 = u2 = ushort = Type("uint16")
uint32 = u4 = uintc = Type("uint32")
uint64 = u8 = uintp = uint = ulong = ulonglong = size_t = Type("uint64")
bfloat16 = Type("bfloat16")
float8_e4m3fn = Type("float8_e4m3fn")
float8_e5m2 = Type("float8_e5m2")
float16 = f2 = Type("float16")
float32 = f4 = float_ = Type("float32")
float64 = f8 = double = Type("float64")
complex64 = c8 = Type("complex64")
complex128 = c16 = Type("complex128")
none = void = Type("none")
voidptr = CPointer(none)

integer_domain = frozenset([int8, int16, int32, int64, uint8, uint16, uint32, uint64])
signed_domain = frozenset([int8, int16, int32, int64])
unsigned_domain = frozenset([uint8, uint16, uint32, uint64])
real_domain = frozenset([bfloat16, float16, float32, float64])
complex_domain = frozenset([complex64, complex128])
number_domain = integer_domain | real_domain | complex_domain


optional = Optional


class WrapperAddressProtocol:
	"""What compiled functions call as a function of C: __wrapper_address__() says where it is, signature() its types."""

	def __wrapper_address__(self):
		raise NotImplementedError

	def signature(self):
		raise NotImplementedError


def from_dtype(dtype):
	"""Type of the items of a NumPy dtype (or anything np.dtype() takes). Raises TypeError for other dtypes."""
	import numpy as np
	try:
		dtype = np.dtype(dtype)
	except TypeError:
		pass                                           # one of numba's types; what is none is refused below
	return as_type(dtype)


# -- types that numba has, for isinstance() and to be written: where a value of one would be compiled, it is refused (absent.py) --

_ABSENT_CLASSES = {"UnicodeType": ("unicode_type",), "StringLiteral": ("unicode_type",)}
_ABSENT_CLASSES.update((name, ()) for name in """BooleanLiteral Buffer Bytes ClassInstanceType ClassType DictType Dispatcher DType EnumClass EnumMember
	ExternalFunction Function FunctionPrototype Generator Hashable IntEnumMember IntegerLiteral IterableType IteratorType List ListType
	Literal MemInfoPointer Module NPDatetime NPTimedelta NumberClass Omitted Opaque RangeType RawPointer Sequence Set SliceLiteral
	SliceType StarArgTuple StarArgUniTuple StructRef TypeRef UndefinedFunctionType""".split())
_ABSENT_VALUES = "ellipsis ffi_forced_object range_state64_type slice2_type slice3_type string undefined unicode_type pyobject".split()


def __getattr__(name):
	if name in ("abstract", "common", "containers", "functions", "iterators", "misc", "npytypes", "scalars"):
		import sys
		return sys.modules[__name__]                   # where numba has them
	if name not in _ABSENT_CLASSES and name not in _ABSENT_VALUES:
		raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
	from . import absent
	made = absent.type_class(name, *_ABSENT_CLASSES[name]) if name in _ABSENT_CLASSES else absent.Type("unicode_type" if name == "string" else name)
	return globals().setdefault(name, made)


# The scalar names that `from gridjit import …` offers too.
_PUBLIC = ("boolean bool_ b1 int8 i1 int16 i2 int32 i4 intc int64 i8 intp int_ uint8 u1 uint16 u2 uint32 u4 uintc uint64 u8 "
	"uintp uint byte char uchar short ushort long_ ulong longlong ulonglong size_t ssize_t bfloat16 float16 f2 float32 f4 float_ float64 f8 double complex64 c8 complex128 c16 none void").split()

__all__ = _PUBLIC + """Array BaseTuple Boolean Complex CPointer Float FunctionType Integer NamedTuple NamedUniTuple NestedArray NoneType Number
	NumPyRandomGeneratorType Optional Record Signature Tuple Type UniTuple VectorType WrapperAddressProtocol from_dtype optional voidptr
	integer_domain signed_domain unsigned_domain
	real_domain complex_domain number_domain""".split()
