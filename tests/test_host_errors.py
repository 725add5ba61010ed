"""One case for each message of the host side: the exception class and the first line; and that each row of errors.def has a
case here or among the kernels of test_errors.py."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import error_kernels
import host_errors
import numpy as np
import pytest
from conftest import on

from gridjit import cuda

ROOT = Path(__file__).resolve().parent.parent


def cases(module):
	return {name: f for name, f in vars(module).items() if name.isupper() and inspect.isfunction(f)}


CASES = cases(host_errors)

EXPECT = {
	"DLPACK_DTYPE": ("BufferError", "DLPack has no arrays of [('f0', '<f8'), ('f1', '<i4')], or none whose items lie so"),
	"DLPACK_READONLY": ("BufferError", "DLPack says since its version 1 only that an array is read-only"),
	"UFUNC_NO_LOOP": ("TypeError", "No loop matching the specified signature and casting was found for ufunc <lambda>"),
	"UFUNC_RETURN": ("TypingError", "a ufunc returns a number or a tuple of numbers, but <lambda>() returns none"),
	"UFUNC_OUTPUTS": ("TypingError", "returns 1 values for these types, but the ufunc was made with 2 outputs"),
	"UFUNC_SCALARS": ("TypeError", "has the type array(float64, 1d, A)"),
	"UFUNC_IDENTITY": ("ValueError", "identity is 0, 1, another number, None or 'reorderable', not str"),
	"UFUNC_STACK": ("TypingError", "local arrays of big() take more than the 256 KiB"),
	"FUSE_MANY": ("UnsupportedError", "a fused function of 33 arrays"),
	"FUSE_ARRAY": ("UnsupportedError", "array(float64, 1d, C) is no argument of the fused function"),
	"FUSE_REDUCED": ("UnsupportedError", "reductions come last in a fused function"),
	"FUSE_SHAPE": ("UnsupportedError", "an index needs to know where the items are"),
	"FUSE_RETURN": ("TypingError", "<lambda>() returns int64: a fused function returns arrays"),
	"REDUCE_WHERE": ("NumbaTypeError", "array.sum(): where must be bool, but it is float32"),
	"REDUCE_WHERE_NDIM": ("NumbaValueError", "input operand has more dimensions than allowed by the axis remapping"),
	"REDUCE_IDENTITY": ("NumbaValueError", "reduction operation 'minimum' does not have an identity, so to use a where mask one has to specify 'initial'"),
	"FUSE_INTEGER": ("NumbaValueError", "the integer 300 does not fit in uint8"),
	"HOST_THREADS": ("TypingError", "a function for the host is no kernel"),
	"EXCEPT_CLASS": ("TypingError", "except takes classes of exceptions, not float64"),
	"EXCEPT_MANY": ("UnsupportedError", "catch exceptions of at most 63 classes"),
	"PRANGE_CARRIED": ("UnsupportedError", "'s' is carried over from one round of a loop over prange to the next"),
	"HOST_LAUNCH": ("TypeError", "<lambda>() is a function for the host, not a kernel: it has no blocks and threads"),
	"HOST_OVERFLOW": ("OverflowError", "the argument 'n' of <lambda>() is 2147483648, which does not fit in int32"),
	"HOST_RECURSION": ("RecursionError", "maximum recursion depth exceeded in down()"),
	"INDEX_OF": ("IndexError", "index 5 is out of bounds for axis 0 with size 5 of array 'x'"),
	"INDEX": ("IndexError", "index 3 is out of bounds for axis 0 with size 3"),
	"UFUNC_SEVERAL": ("UnsupportedError", "is called on an array and returns UniTuple(float64 x 2) for each item"),
	"UFUNC_THREADS": ("TypingError", "the elements of a ufunc are no threads of a kernel"),
	"UFUNC_BFLOAT16": ("NotImplementedError", "<lambda>() of bfloat16: NumPy's ufuncs keep no loops"),
	"UFUNC_TWICE": ("TypeError", "declared twice for the same arguments"),
	"GUFUNC_RETURN": ("TypeError", "the signature of copies() returns float64"),
	"GUFUNC_COUNT": ("TypeError", "the signature of copies() has 1 arguments, but the layout (n)->(n) has 2 operands"),
	"GUFUNC_TYPES": ("TypeError", "argument 2 of copies() has the type float64, which does not fit the layout (n)->()"),
	"GUFUNC_NDIM": ("ValueError", "an operand of the layout (a,b,c,d,e,f,g)->(a) has more than 6 dimensions"),
	"GUFUNC_WRITABLE": ("ValueError", "writable_args has 1, which is no input of the layout (n)->(n)"),
	"GUFUNC_READONLY": ("ValueError", "argument 0 of copies() is read-only"),
	"GUFUNC_CAST": ("TypeError", "argument 0 of copies() is written and has the dtype int32, to which float64 cannot"),
	"GUFUNC_WRITES": ("TypingError", "<lambda>() writes to x, an input"),
	"GUFUNC_OUTPUTS": ("TypeError", "copies() has no signatures, so its outputs must be given"),
	"ELEMENTS_SHAPES": ("ValueError", "operands could not be broadcast together with shapes"),
	"ELEMENTS_OUTPUT": ("ValueError", "non-broadcastable output operand with shape"),
	"ELEMENTS_ARRAY": ("TypeError", "out must be an array, not int"),
	"ELEMENTS_MASK": ("TypeError", "where must be an array of booleans, not of float32"),
	"ELEMENTS_READONLY": ("ValueError", "output array is read-only"),
	"ELEMENTS_INTEGER": ("OverflowError", "Python integer 300 out of bounds for int8"),
	"ELEMENTS_COUNT": ("ValueError", "cannot have 39 inputs and 1 outputs: there must be one of each, and 39 together at most"),
	"CODE_DEPTH": ("UnsupportedError", "the functions inside <lambda> are nested more than 64 deep"),
	"RETURN_VALUE": ("TypingError", "<lambda>() returns a range of int64, which has no value when the kernel runs"),
	"RETURN_VARIES": ("TypingError", "<lambda>() returns a string, which is not the same object in all calls"),
	"RETURN_LOCAL": ("TypingError", "<lambda>() returns a local array, which ends with the call"),
	"INNER_UNBOUND": ("TypingError", "the inner function inner() reads 'later', which has no value when the function is made"),
	"NO_RETURN": ("TypingError", "forever() never returns"),
	"NOT_FUNCTION": ("TypingError", "an object of type builtin_function_or_method cannot be compiled"),
	"OUTSIDE_KERNEL": ("RuntimeError", "cuda.grid() works only inside functions compiled with @cuda.jit"),
	"OUTSIDE_VALUE": ("RuntimeError", "cuda.threadIdx.x has a value only inside functions compiled with @cuda.jit"),
	"NO_INTRINSIC": ("ValueError", "kernels have no name 'cuda.nonsense'"),
	"INTRINSIC_ATTR": ("AttributeError", "cuda.threadIdx has no attribute 'w'"),
	"TYPE_TEXT": ("ValueError", "cannot read the type flot32: there is no type"),
	"NOT_A_TYPE": ("TypeError", "int is no type of a kernel"),
	"ABSTRACT_TYPE": ("TypeError", "gridjit._core.Integer cannot be called"),
	"TYPE_CALL": ("TypeError", "array(float32, 1d, A)() takes types"),
	"TYPE_INDEX": ("TypeIndexError", "float32[3] is no array type"),
	"ARRAY_ELEMENT": ("TypeError", "arrays of UniTuple(int32 x 2) do not exist"),
	"OF_THREAD": ("ValueError", "tid=[0, 0, 0] ctaid=[0, 0, 0]: zero"),
	"PRINT_HERE": ("NotImplementedError", "print() works in kernels only"),
	"OUT_OF_BOUNDS": ("IndexError", "index 0 is out of bounds for array 'x' of shape (0,)"),
	"TYPE_OPTIONAL": ("TypeError", "a value of unicode_type cannot be None"),
	"OPTIONAL_ARG": ("UnsupportedError", "one() cannot be compiled for an argument of OptionalType(int64)"),
	"ARRAY_NDIM": ("ValueError", "an array of 7 dimensions: at most 6 are supported"),
	"ARRAY_LAYOUT": ("ValueError", "array layout 'Z' does not exist"),
	"ARRAY_ORDER": ("ValueError", "order must be 'C' or 'F', not 'K'"),
	"ARRAY_HUGE": ("ValueError", "size in bytes does not fit in 64 bits"),
	"ARRAY_DTYPE": ("NumbaValueError", "Unsupported array dtype: <U1"),
	"ARRAY_LIES": ("ValueError", "no array can be as this one is described: it has items, but its address is 0"),
	"ARRAY_OUTSIDE": ("ValueError", "the array reaches beyond its memory: it needs 44 bytes"),
	"ARRAY_NO_SIZE": ("ValueError", "items of dtype |S0 have no size"),
	"ARRAY_SUBARRAY": ("ValueError", "the dtype ('<f4', (3,)) is an array itself"),
	"ARRAY_MASKED": ("NumbaTypeError", "Unsupported array type: MaskedArray"),
	"ARRAY_TRUTH": ("ValueError", "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"),
	"ARRAY_WRITEABLE": ("ValueError", "cannot set WRITEABLE flag to True of this array"),
	"NEGATIVE_DIM": ("ValueError", "a dimension must not be negative: -1"),
	"SIGNATURE_TEXT": ("ValueError", "cannot read the signature void(float32[:]: expected"),
	"SIGNATURE_LONG": ("ValueError", "a signature has at most 255 arguments"),
	"PARAM_BYTES": ("NumbaValueError", "the arguments take more than 65535 bytes"),
	"NOT_A_SIGNATURE": ("TypeError", "int is no signature"),
	"SIGNATURE_COUNT": ("TypeError", "the signature has 2 arguments, but one() takes 1"),
	"KERNEL_NOT_VOID": ("TypeError", "CUDA kernel must have void return type, not float32"),
	"NOT_A_FUNCTION": ("TypeError", "a Python function is needed, not float"),
	"VALUE_INT": ("ValueError", "Int value is too large: 1180591620717411303424"),
	"VALUE_TYPE": ("ValueError", "Cannot determine the type of list for a kernel"),
	"NEEDS_ML_DTYPES": ("ImportError", "the package ml_dtypes, which has, is not installed"),
	"FUNCTION_GONE": ("RuntimeError", "function(<lambda>) does not exist any more"),
	"ARG_TENSOR": ("TypeError", "this Tensor cannot be passed to a kernel: it is masked"),
	"ARG_CHANGED": ("RuntimeError", "an array changed its shape, dtype or memory while the launch"),
	"ARG_DEVICE": ("ValueError", "in memory of device 0 (Fake GPU 0), but the kernel runs on device 1 (Fake GPU 1)"),
	"ARG_ON_GPU": ("TypeError", "this Tensor is in GPU memory, but kernels run on the CPU"),
	"CALL_ARGS": ("TypeError", "two() takes 1 to 2 arguments (x, y), but 0 were given"),
	"CALL_KEYWORD": ("TypeError", "two() has no parameter 'z'"),
	"CALL_AGAIN": ("TypeError", "two() got the argument 'x' twice"),
	"AMBIGUOUS": ("TypeError", "Ambiguous overloading for <lambda>(): arguments (int64, int64) fit several of its signatures equally well"),
	"NO_OVERLOAD": ("TypeError", "No matching definition for argument types (int64): explicit() has explicit signatures"),
	"NO_CONFIG": ("ValueError", "kernel one() is called without grid and block"),
	"DEVICE_LAUNCH": ("TypeError", "device_function() is a device function"),
	"CONFIG_COUNT": ("ValueError", "configured with 2 to 4 values, but 1 were given"),
	"CONFIG_TYPE": ("TypeError", "block must be an int or a tuple of ints, not str"),
	"CONFIG_RANK": ("ValueError", "grid must have 1, 2 or 3 dimensions, not 4"),
	"CONFIG_ZERO": ("LaunchConfigError", "grid.x is zero: nothing would run"),
	"CONFIG_RANGE": ("LaunchConfigError", "block.x must be a positive number of 32 bits, not 1180591620717411303424"),
	"CONFIG_THREADS": ("LaunchConfigError", "a block of 2048 threads (32 x 64 x 1) is too large"),
	"CONFIG_EXTENT": ("LaunchConfigError", "grid.y is 1048576: the device allows at most 65535"),
	"CONFIG_BOUNDS": ("LaunchConfigError", "a block of 128 threads is more than the 64 of launch_bounds"),
	"CONFIG_SHARED": ("LaunchConfigError", "1052576 bytes of shared memory (4000 static, 1048576 dynamic)"),
	"CONFIG_SHARED_TYPE": ("TypeError", "the size of shared memory must be an int, not str"),
	"CONFIG_SHARED_RANGE": ("LaunchConfigError", "the size of shared memory cannot be -1 bytes"),
	"NOT_A_STREAM": ("TypeError", "str is no stream"),
	"PINNED_PARTLY": ("ValueError", "a part of this array's memory is page-locked already"),
	"IPC_HANDLE": ("ValueError", "a handle of memory of another process has 64 bytes"),
	"IPC_MOVED": ("RuntimeError", "its address is known already: there are views of it"),
	"ABSENT_TYPE": ("NotSupportedError", "ListType(int32) is a type that gridjit does not have"),
	"TYPE_FUNCTION": ("TypeError", "FunctionType(): the signature says no return type"),
	"POINTER_TO": ("TypeError", "a pointer points to a scalar, a record or void, not to UniTuple(int32 x 2)"),
	"EXTERN_NAME": ("ValueError", "a declared function cannot be called 'two words'"),
	"EXTERN_ABI": ("NotImplementedError", "Unsupported ABI: rust"),
	"EXTERN_RESULT": ("TypeError", "the signature of f() says no return type"),
	"EXTERN_RETURNS": ("NotImplementedError", "f() cannot return complex64"),
	"EXTERN_TAKES": ("NotImplementedError", "f() cannot take "),
	"STREAM_DEVICE": ("ValueError", "one of device 0 (Fake GPU 0), but the work is for device 1 (Fake GPU 1)"),
	"OPTION_UNKNOWN": ("TypeError", "jit() got an unexpected keyword argument 'fast_math'"),
	"OPTION_TYPE": ("TypeError", "fastmath must be True or False, not str"),
	"OPTION_VALUE": ("ValueError", "inline must be 'never' or 'always', not 'sometimes'"),
	"NO_GPU": ("CudaSupportError", "GRIDJIT_DEVICE=gpu, but there is no GPU: GRIDJIT_CUDA_LIBRARY: /nowhere/libcuda.so"),
	"DEVICE_ORDINAL": ("CudaDeviceError", "device 7 does not exist: there are 1, counted from 0"),
	"LIBDEVICE": ("CudaSupportError", "sin() needs NVIDIA's libdevice, which was not found"),
	"LIBDEVICE_FILE": ("CudaSupportError", "libdevice could not be read from"),
	"GPU_TOO_OLD": ("CudaSupportError", "GPUs of compute capability 3.5 are not supported"),
	"DRIVER_TOO_OLD": ("CudaSupportError", "PTX 7.8 is needed for sm_90, the driver takes 7.4"),
}

# The first line says what to do, or leaves no doubt of it.
NEEDS_NO_HINT = {"NO_INTRINSIC", "INTRINSIC_ATTR", "TYPE_CALL", "ARRAY_ORDER", "ARRAY_HUGE", "NEGATIVE_DIM", "ARG_TENSOR", "UFUNC_NO_LOOP", "ARRAY_TRUTH",
	"CALL_ARGS", "CALL_AGAIN", "CONFIG_RANK", "CONFIG_RANGE", "CONFIG_SHARED_RANGE", "DEVICE_ORDINAL", "OPTION_TYPE",
	"OPTION_VALUE", "OF_THREAD", "OUT_OF_BOUNDS", "INDEX", "INDEX_OF", "HOST_RECURSION", "HOST_OVERFLOW",
	"ELEMENTS_SHAPES", "ELEMENTS_OUTPUT", "ELEMENTS_READONLY", "ELEMENTS_INTEGER"}

WITHOUT_A_CASE = {
	"PRANGE_RACE": "a warning: tests/test_prange.py",
	"PRINT_LOST": "a warning: tests/test_print.py",
	"NOMEM": "needs malloc to fail in the middle of a compilation",
	"INTERNAL": "only a fault of the compiler raises it",
	"INTERRUPTED": "what the signal's handler raised is seen instead: tests/test_interrupt.py",
	"PYTHON": "needs an interpreter that the extension is not built for",
	"LIBDEVICE_OLD": "needs a libdevice without a function that every release has",
	"LIBDEVICE_NEW": "needs a libdevice with an intrinsic that this LLVM does not have",
}


def check(name, cls, text):
	want, words = EXPECT[name]
	first, *rest = text.splitlines()
	assert cls == want, f"{cls}: {text}"
	assert words in first, text
	hint = [line for line in rest if line.startswith("Hint: ")]
	assert len(hint) == (name not in NEEDS_NO_HINT), text


@pytest.mark.parametrize("name", sorted(set(CASES) - set(host_errors.ON_CPU) - set(host_errors.ON_FAKE_GPU)))
def test_message(name):
	with on("cpu32"), pytest.raises(Exception) as e:
		CASES[name]()
	check(name, type(e.value).__name__, str(e.value))


def elsewhere(name, environment):
	done = subprocess.run([sys.executable, host_errors.__file__, name], capture_output=True, text=True,
		env={**os.environ, **environment})
	cls, _, text = done.stdout.strip().partition("\n")
	assert cls, f"{name} raised nothing\n{done.stderr}"
	check(name, cls, text)


@pytest.mark.parametrize("name", sorted(host_errors.ON_CPU))
def test_message_with_settings(name):
	elsewhere(name, {"GRIDJIT_DEVICE": "cpu", **host_errors.ON_CPU[name]})


@pytest.mark.parametrize("name", sorted(host_errors.ON_FAKE_GPU))
def test_message_on_the_fake_gpu(name, fake_driver):
	elsewhere(name, {**fake_driver, **host_errors.ON_FAKE_GPU[name]})


MISMATCH = "libcuda and the kernel's driver are of different versions: reboot?"

# What the driver fails with (FAKE_CUDA_FAIL), what was being done, the exception and words of its message.
DRIVER = [
	("cuInit=803:1", "cuda.to_device(x)", "CudaSupportError", MISMATCH),
	("nothing=2:1", "cuda.device_array(1 << 40, 'i1')", "CudaMemoryError", "1099511627776 bytes wanted"),
	("cuMemHostAlloc=2:1", "cuda.pinned_array(1 << 20)", "CudaMemoryError", "out of memory"),
	("cuMemcpyHtoD=700:1", "cuda.to_device(x)", "CudaAPIError", "used an address outside its arrays"),
	("cuMemcpyDtoH=719:1", "cuda.to_device(x).copy_to_host()", "CudaAPIError", "failed while running"),
	("cuStreamCreate=2:1", "cuda.stream()", "CudaMemoryError", "creating a stream"),
	("cuEventCreate=2:1", "cuda.event()", "CudaMemoryError", "creating an event"),
	("cuLinkAddData=222:1", "k[1, 1](x)", "LinkerError", "the driver is too old for this PTX version"),
	("cuModuleLoadDataEx=209:1", "k[1, 1](x)", "LinkerError", "compiled for another GPU"),
	("cuLaunchKernel=701:1", "k[1, 1](x)", "CudaAPIError", "needs more registers or shared memory"),
	("cuLaunchKernel=714:1", "k[1, 1](x)", "CudaAPIError", "overflowed its stack (recursion?)"),
	("cuStreamQuery=716:1", "cuda.stream().synchronize()", "CudaAPIError", "not a multiple of the item size"),
	("cuCtxSynchronize=46:1", "cuda.synchronize()", "CudaSupportError", "exclusive mode"),
]

PROGRAM = """
import numpy as np
from gridjit import cuda
@cuda.jit
def k(x):
	x[0] = 1
x = np.zeros(4)
try:
	{action}
except Exception as error:
	print(type(error).__name__, *([error.code] if hasattr(error, "code") else []))
	print(error)
"""


@pytest.mark.parametrize("failure, action, cls, words", DRIVER, ids=[row[0] for row in DRIVER])
def test_failure_of_the_driver(failure, action, cls, words, fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", PROGRAM.format(action=action)], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "FAKE_CUDA_FAIL": failure, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	got, _, text = done.stdout.partition("\n")
	number = re.search(r"=(\d+):", failure)[1]
	assert got == (f"{cls} {number}" if words != MISMATCH else cls), done.stdout + done.stderr
	assert words in text and f"({number})" in text, text


def rows():
	return re.findall(r"^ERR\((\w+)", (ROOT / "src" / "base" / "errors.def").read_text(), re.M)


def test_every_row_has_a_case():
	assert set(EXPECT) == set(CASES)
	assert sorted(rows()) == sorted([*cases(host_errors), *cases(error_kernels), *WITHOUT_A_CASE])


def test_every_row_is_raised():
	text = "".join(path.read_text() for folder in ("src", "pyext") for path in (ROOT / folder).rglob("*.c"))
	assert not [row for row in rows() if not re.search(rf"\bGJ_ERR_{row}\b", text)]


class Series:
	"""As pandas has it, as far as kernels look at it."""

	def to_numpy(self):
		return np.zeros(3)


class Solver:
	@cuda.jit
	def kernel(self, x):
		x[0] = 1


# Values that no kernel takes, and what the hint says to pass instead.
INSTEAD = [
	(b"bytes", "np.frombuffer(x, np.uint8)"), ([1, 2], "np.array(x)"),
	({1: 2}, "as numbers, tuples or arrays"), ({1}, "as numbers, tuples or arrays"),
	(Series(), "x.to_numpy()"), (Solver(), "write @staticmethod above @cuda.jit"), (np.zeros(1, [("a", object)])[0], "fields one by one"), (np.datetime64("2020"), "x.astype('int64')"),
	(re, "global or closure variable"), (object(), "kernels take numbers, tuples"),
	(np.zeros(3, [("a", object)]), "no Python objects"), (np.zeros(3, ">f4"), "native byte order"),
	(np.zeros(3, "M8[s]"), "x.view('int64')"), (np.array(["a"]), "numbers that stand for it"),
	(np.zeros(3, object), "x.astype(float)"), (np.zeros(3, np.longdouble), "complex64 and complex128"),
	((1, (np.zeros(3, object), 2)), "x.astype(float)"),
]


@pytest.mark.parametrize("value, hint", INSTEAD, ids=lambda value: str(type(value).__name__))
def test_what_to_pass_instead(value, hint):
	with on("cpu32"), pytest.raises(Exception) as e:
		host_errors.two[1, 1](host_errors.X, value)
	first, *_, last = str(e.value).splitlines()
	assert last.startswith("Hint: ") and hint in last, str(e.value)
	assert "'y'" in "".join([first, *getattr(e.value, "__notes__", ())]), "the argument is named"


def test_hints_can_be_followed():
	"""What the hints of dates and byte orders recommend is taken."""
	with on("cpu32"):
		for value in (np.zeros(3, "M8[s]").view("int64"),
				np.zeros(3, ">f4").astype(np.dtype(">f4").newbyteorder("=")), Series().to_numpy()):
			nothing[1, 1](value)


@cuda.jit
def nothing(x):
	pass


def test_names_of_kernels_have_no_value_on_the_host():
	x = cuda.threadIdx.x
	for use in (lambda: x + 1, lambda: 1 + x, lambda: 2 * x, lambda: x // 2, lambda: x % 2, lambda: -x, lambda: int(x), lambda: float(x),
			lambda: range(x), lambda: x < 3, lambda: 3 >= x, lambda: [1, 2][x], lambda: nothing[x, 1], lambda: nothing[1, (x, 1)],
			lambda: x & 1, lambda: 2 ** x, lambda: abs(x), lambda: np.zeros(3)[x]):
		with pytest.raises((RuntimeError, IndexError), match="only inside functions compiled with @cuda.jit|only integers"):
			use()
	assert x == cuda.threadIdx.x and x != cuda.threadIdx.y and x != 3 and bool(x)
	with pytest.raises(TypeError, match="grid must be an int"):
		nothing[np.ceil(5 / 2), 1]
