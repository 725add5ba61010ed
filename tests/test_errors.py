"""One case for each message of the compiler: the exception class, the first line, the line and what the caret underlines."""
import inspect
import pathlib
import re

import error_kernels
import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, float16

CASES = {name: f for name, f in vars(error_kernels).items() if name.isupper() and inspect.isfunction(f)}

# exception class (where it is not TypingError) and words of the first line
EXPECT = {
	"UNSUPPORTED_OP": ("UnsupportedBytecodeError", "with"),
	"NAME": "name 'undefined_thing' is not defined",
	"UNKNOWN_NAME": ("UnsupportedNameError", "cuda.threadIdx.w is not supported in kernels"),
	"UNKNOWN_FUNCTION": ("UnsupportedNameError", "cuda.atomic() cannot be called"),
	"UNBOUND": "variable 'y' is used before it has a value",
	"ATTRIBUTE": "math has no attribute 'sine'",
	"OBJECT_ATTRIBUTE": "the attribute 'SIZES' of the class Config cannot be read in a kernel",
	"ARRAY_ATTRIBUTE": "has no attribute 'searchsorted'",
	"NOT_BUILT": ("NotImplementedError", "gridjit.cuda.cooperative is not built yet"),
	"INSTEAD": ("UnsupportedNameError", "np.linalg.norm cannot be used in a kernel"),
	"NOT_CALLABLE": "array(float32, 1d, C) cannot be called",
	"CLOSURE_VALUE": ("UnsupportedError", "used as a value"),
	"NO_KEYWORD": "plain() has no keyword argument 'c'",
	"ARG_COUNT": "math.sin() takes the arguments (x), but got 2",
	"ARG_MISSING": "cuda.grid() needs the argument 'ndim'",
	"ARG_TYPE": "math.sin() cannot take a string as argument 1",
	"ARG_ARRAY": "math.sin() cannot take array(float32, 1d, C) as argument 1",
	"NOT_CALLED": "cuda.syncthreads is named here, but not called",
	"SPACE_VALUE": "cuda.threadIdx has no value of its own",
	"ARG_SIZE": "range() cannot take array(float32, 1d, C) as argument 1",
	"ARG_ITEM": "range() cannot take UniTuple(int64 x 1) as argument 1",
	"ARG_PREDICATE": "cuda.syncthreads_count() cannot take float32 as argument 1",
	"ARG_KIND": "cuda.shfl_sync() cannot take int8 as argument 2",
	"ARG_COMPLEX": "math.sqrt() cannot take complex128 as argument 1",
	"ARG_INTEGER": "range() cannot take float64 as argument 1",
	"CALL_COUNT": "plain() takes 2 arguments, but got 3",
	"CALL_MISSING": "plain() needs the argument 'b'",
	"CALL_TWICE": "plain() got the argument 'a' twice",
	"INPLACE_NDIM": "non-broadcastable output operand array(float32, 1d, C) doesn't match the broadcast shape of 2 dimensions",
	"TEXT_INDEX": "a string cannot be indexed by what is known only when the kernel runs",
	"MEMBER_KEY": "KeyError: 'LIHGT': the class Shade has no such member",
	"KEY": "has no key 'c'",
	"STAR_STAR": "** needs a dictionary with constant strings as keys, not float32",
	"NEEDS_MEMORY": ("UnsupportedError", "np.array() makes a new array"),
	"LIKE_SHAPE": "array.copy(): the shape of array(float32, 1d, C) is not known",
	"RAGGED": "np.array() cannot make an array of list",
	"FRESH": ("UnsupportedError", "an array is made again while the one made before is used"),
	"NEEDS_COPY": "array.reshape() of array(float32, 2d, F) would need a copy",
	"VIEW_SIZE": "array(float32, 1d, A) cannot be viewed as int64",
	"AXES": "the axes must be constants that fit array(float32, 1d, C)",
	"AXES_INTEGERS": "array.sum(): the axes must be constant integers",
	"AXIS": ("AxisError", "axis 1 is out of bounds for array of dimension 1"),
	"AXIS_TWICE": ("NumbaValueError", "duplicate value in 'axis'"),
	"AXIS_ONE": ("NumbaTypeError", "array.argmin() takes one axis, or none for all"),
	"REDUCE_CORRECTION": ("NumbaValueError", "ddof and correction can't be provided simultaneously"),
	"STAR": "* cannot take the items of array(float32, 1d, C)",
	"PICKED": "one of the functions that may be called here gives int64, another UniTuple(int64 x 2)",
	"CALL_OVERLOAD": "No matching definition for argument types (array(float32, 1d, C), int64): either() has explicit signatures only",
	"CALL_AMBIGUOUS": "Ambiguous overloading for either(): arguments (int64, int64) fit several",
	"CALL_CONVERT": "argument 2 of signed() cannot be converted",
	"RETURN_CONVERT": "wrong_return() returns int32",
	"TOO_DEEP": "nested too deeply at endless()",
	"UNIFY": "variable 'y' is int64 on one path and UniTuple(int64 x 2) on another",
	"OPTIONAL": "variable 'y' is None on one path and a range of int64 on another",
	"EXPRESSION_PATHS": "a value is one array expression on one path",
	"RETURN_UNIFY": "mixed() returns int64 on one path",
	"NO_BINOP": "operator + between float32 and none",
	"TEXT_BINOP": "operator + between float32 and a string",
	"LIST_BINOP": "operator * between list(int64 x 1) and int64",
	"TUPLE_BINOP": "operator < between int64 and UniTuple(int64 x 1)",
	"ARRAY_BINOP": "operator @ between array(float32, 1d, C) and array(float32, 1d, C)",
	"EXPRESSION_SIZE": ("UnsupportedError", "this array expression is made of too many parts"),
	"EXPRESSION_STALE": ("UnsupportedError", "an array expression is used after memory has been written to"),
	"EXPRESSION_INDEX": "array expression(float32, 1d) has no items at these indices",
	"LITERALLY": "literally() takes a constant, not int64",
	"REDUCE_AXIS": ("UnsupportedError", "array.sum() makes a new array here, whose shape is not known"),
	"EXPRESSION_INPLACE": ("UnsupportedError", "+= changes an array expression"),
	"NO_UNOP": "operator ~ on float32",
	"IS": "'is' cannot compare float32 with float32",
	"TRUTH": "a range of int64 has no truth value",
	"TRUTH_ARRAY": "array expression(bool, 1d) has no truth value",
	"CONVERT": "cannot convert array(float32, 1d, C) to float32",
	"INT_TOO_LARGE": f"the integer {2 ** 70} does not fit",
	"ITER": "cannot iterate over float32",
	"ITER_TUPLE": "index() cannot look for a value in Tuple(int64, float64)",
	"GENERATOR": ("UnsupportedError", "a generator expression can only be taken whole"),
	"LIST_LENGTH": "a list has 0 items on one path and 1 on another",
	"LIST_CHANGE": "list(int64 x 2) cannot be changed",
	"UNROLL_COUNT": "the loop over array(float32, 1d, C) must be written out",
	"UNROLL_SIZE": ("UnsupportedError", "its 5000 rounds are too many"),
	"RANGE_STEP": ("NumbaValueError", "step must not be zero"),
	"SLICE_STEP": ("NumbaValueError", "the step of a slice must not be zero"),
	"POINTER_INDEX": "a pointer is indexed by one integer, not by float64",
	"FIXED_TUPLE": ("NumbaValueError", "the length must be a constant from 0 to 256"),
	"OVERLOAD": "only_numbers() has no implementation for (array(float32, 1d, C))",
	"POINTER_VOID": "a void pointer has no items",
	"CARRAY_VOID": "gridjit.carray(): what is at a void pointer is not known",
	"CARRAY_DTYPE": "gridjit.carray(): the pointer is to float32, not to int32",
	"UNPACK": "cannot unpack float32 into 2 variables",
	"PRINT_LONG": ("UnsupportedError", "print() of 40 numbers: at most 32"),
	"PRINT_FORMAT": ("UnsupportedError", "print() cannot format Tuple(float32, int64)"),
	"UNPACK_STAR": "cannot unpack array(float32, 1d, C) into a starred variable",
	"UNPACK_COUNT": "of 3 items into 2 variables",
	"TUPLE_SIZE": "a tuple of more than 1000 values",
	"TUPLE_DEPTH": "tuples are nested more than 64 deep",
	"TUPLE_RANGE": "index 2 is out of range",
	"TUPLE_SLICE": "a slice of a tuple needs constant parts",
	"TUPLE_INDEX": "can only be indexed by a constant",
	"NO_INDEX": "int64 cannot be indexed",
	"INDEX_TYPE": "a string cannot be an index",
	"INDEX_ARRAY": "array(float32, 1d, C) cannot be an index",
	"INDEX_FLOAT": "float64 cannot be an index",
	"LAUNCH_INSIDE": "launched[...]: kernels cannot launch kernels",
	"INDEX_COUNT": "too many indices: array(float32, 1d, C) is 1-dimensional, but 2 were indexed",
	"UFUNC_ARRAYS": "the ufunc halves() is called on an array, but kernels have no memory",
	"SETITEM": "cannot assign to an item of UniTuple(int64 x 2)",
	"STORE": "cannot store a string in float32",
	"MEMBER_NAME": "which name the member of Enum<int64>(error_kernels.Shade) has is not known when the function is compiled",
	"STORE_COMPLEX": "cannot store complex128 in float32: a real number has no room for an imaginary part",
	"VECTOR_PARTS": "float32x4() takes 4 numbers, or vectors of float32 that hold as many together, but got 3",
	"FIELD": "no field 'z'",
	"FIELD_DTYPE": "the field 'name' has the dtype |S8",
	"READONLY": "it is read-only",
	"SHAPE_CONST": "cuda.shared.array(): the shape must be a constant",
	"SHAPE_OWN": "cuda.local.array(): the shape must be a constant, but it is int64",
	"SHAPE_RANGE": ("NumbaValueError", "the shape cannot hold -1"),
	"LOCAL_TOO_LARGE": ("NumbaValueError", "a local array of 4000000000 bytes is too large: a thread can have 524288"),
	"SHARED_TOO_LARGE": ("LinkerError", "the kernel's shared arrays take 65536 bytes: 49152 are possible"),
	"DTYPE": "the dtype must be a scalar type",
	"ALIGNMENT": ("NumbaValueError", "power of two"),
	"CONST_ARRAY": "needs a global NumPy array",
	"CONST_TOO_LARGE": ("NumbaValueError", "arrays that this kernel reads take 128 MiB"),
	"ATOMIC_ARRAY": "cuda.atomic.add() needs an array, but got int64",
	"ATOMIC_ALIGN": "cuda.atomic.add() needs a field that is aligned",
	"ATOMIC_DTYPE": "cuda.atomic.and_() does not work on arrays of float32",
	"TILE_SIZE": ("NumbaValueError", "a literal power of two up to 32"),
	"GRID_NDIM": ("NumbaValueError", "a literal 1, 2 or 3"),
	"KERNEL_RETURN": "a kernel cannot return a value",
}


def expected(name):
	want = EXPECT[name]
	return want if isinstance(want, tuple) else ("TypingError", want)


def caret_target(function):
	"""Line number and text that the caret must point at, from the `# here: TEXT` mark; None without one."""
	lines, first = inspect.getsourcelines(function)
	for i, line in enumerate(lines):
		if m := re.search(r"# here: (.*)$", line):
			return first + i, m.group(1)
	return None


@pytest.mark.parametrize("name", sorted(CASES))
def test_message(name):
	cls, words = expected(name)
	with pytest.raises(Exception) as e:
		cuda.compile_ptx(CASES[name], "void(float32[::1])")
	text = str(e.value)
	assert type(e.value).__name__ == cls, text
	assert words in text.splitlines()[0], text
	if target := caret_target(CASES[name]):
		line, under = target
		assert f"error_kernels.py\", line {line}" in text, text
		rows = text.splitlines()
		at = next(i for i, row in enumerate(rows) if row.strip() and set(row.strip()) == {"^"})
		start = rows[at].index("^")
		assert rows[at - 1][start:start + rows[at].count("^")] == under, text


def test_every_message_of_the_compiler_has_a_case():
	assert set(EXPECT) == set(CASES)


def test_messages_are_of_one_style():
	table = (pathlib.Path(__file__).parents[1] / "src/base/errors.def").read_text()
	rows = re.findall(r'^ERR\((\w+), *(\w+), *("(?:[^"\\]|\\.)*"), *(0|"(?:[^"\\]|\\.)*")\)$', table, re.M)
	assert len(rows) == len(re.findall("^ERR", table, re.M)) > 200
	assert len({row[1:] for row in rows}) == len(rows)
	for name, _, message, hint in rows:
		for text in message[1:-1], hint.strip('"'):
			assert "`" not in text and (not text.endswith(".") or text.endswith("...")), name


def test_an_error_leaves_the_compiler_usable():
	for _ in range(20):
		with pytest.raises(errors.TypingError):
			cuda.compile_ptx(error_kernels.NAME, "void(float32[::1])")
		cuda.compile_ptx(error_kernels.plain, "int64(int64, int64)", device=True, abi="c")


def test_the_call_chain_is_shown():
	def inner(a):
		return a + "x"

	def outer(x):
		x[0] = inner(x[1])

	with pytest.raises(errors.TypingError) as e:
		cuda.compile_ptx(outer, "void(float32[::1])")
	text = str(e.value)
	assert 'return a + "x"' in text and "x[0] = inner(x[1])" in text


def test_signatures_that_do_not_fit_are_listed():
	@gridjit.njit(["int64(int64, float64)", "int64(float64[:], int64)"])
	def several(a, b):
		return 1

	def caller(x):
		x[0] = several(x, 1)

	with pytest.raises(errors.TypingError) as e:
		cuda.compile_ptx(caller, "void(float32[::1])")
	assert """; there are:
  (int64, float64): argument 1 is array(float32, 1d, C)
  (array(float64, 1d, A), int64): argument 1 is array(float32, 1d, C), its items are others: x.astype()""" in str(e.value)


FLOATS = np.zeros((4, 4), np.float32)


@pytest.mark.parametrize("argument, says", [
	(FLOATS, "(array(float32, 1d, C), float64): argument 1 is array(float32, 2d, C), it has another number of dimensions"),
	(FLOATS[0].astype(int), "argument 1 is array(int64, 1d, C), its items are others: x.astype()"), (1.5, "argument 1 is float64"),
	(FLOATS[:, 0], "argument 1 is array(float32, 1d, A), it is not contiguous: np.ascontiguousarray(x)"),
	((1, 2), "argument 1 is UniTuple(int64 x 2)"),
])
def test_signatures_of_kernels_that_do_not_fit(argument, says):
	@cuda.jit("void(float32[::1], float64)")
	def kernel(x, y):
		x[0] = y

	with pytest.raises(TypeError, match=r"^No matching definition for argument types \(") as e:
		kernel[1, 1](argument, "text")
	assert says in str(e.value)


def test_frozen_arrays_count_together():
	first, second = np.ones((33 << 20) // 4, np.float32), np.zeros((33 << 20) // 4, np.float32)

	def kernel(x):
		x[0] = first[cuda.grid(1)] + first[1] + second[cuda.grid(1)]

	with pytest.raises(errors.NumbaValueError, match="take 66 MiB.*can hold 64"):
		cuda.compile_ptx(kernel, "void(float32[::1])")


def test_the_shape_of_a_large_global_array_is_free(device):
	@cuda.jit
	def kernel(x):
		x[0], x[1], x[2] = error_kernels.HUGE.shape[0], error_kernels.HUGE.ndim, len(error_kernels.HUGE)

	x = np.zeros(3)
	kernel[1, 1](x)
	assert x.tolist() == [1 << 25, 1, 1 << 25]


GLOBAL_DEVICE_ARRAY = cuda.to_device(np.zeros(3))


def other_ways():
	"""(kernel, words of the first line, words of the hint): what to write instead."""
	import random
	import time

	def clock(x):
		x[0] = time.perf_counter()

	def sleep(x):
		time.sleep(1)

	def compiled_elsewhere(x):
		x[0] = time.get_clock_info("time")

	def grow(x):
		x = np.append(x, 1)

	def add_small(x):
		cuda.atomic.add(x.view(np.int8), 0, 1)

	def bits(x):
		cuda.atomic.xor(x, 0, 1)

	def shuffle(x):
		x[0] = cuda.shfl_sync(-1, float16(x[0]), 0)

	def vote(x):
		x[0] = cuda.ballot_sync(-1, x[0])

	def unpack(x):
		i, j = cuda.grid(1)
		x[i] = j

	def matrix(x):
		x[cuda.grid(2)] = 1

	def rand(x):
		x[0] = np.random.rand()

	def uniform(x):
		x[0] = random.uniform(1, 2)

	def generator(x):
		x[0] = np.random.default_rng(3)

	def solve(x):
		x[0] = np.linalg.solve(x, x)

	def arrays(x):
		x @= x

	def index(x):
		x[0] = GLOBAL_DEVICE_ARRAY[0]

	def attribute(x):
		x[0] = GLOBAL_DEVICE_ARRAY.shape[0]

	def argument(x):
		x[0] = len(GLOBAL_DEVICE_ARRAY)
	return [
		(clock, "time.perf_counter cannot be used", "cuda.event()"), (sleep, "time.sleep cannot be used", "cuda.nanosleep(ns)"),
		(compiled_elsewhere, "time.get_clock_info cannot be used", "cuda.event()"), (grow, "np.append cannot be used", "pass one that is long enough"),
		(add_small, "does not work on arrays of int8", "arrays of int32, int64, uint32, uint64, bfloat16, float16, float32, float64, complex64, complex128"),
		(bits, "does not work on arrays of float32", "arrays of int32, int64, uint32, uint64"), (shuffle, "cannot take float16", "int32, int64, uint32, uint64, float32, float64"),
		(vote, "cannot take float32", "x != 0"), (unpack, "cannot unpack int64 into 2", "cuda.grid(2)"), (matrix, "1-dimensional, but 2", "x[i, j] of two"),
		(rand, "np.random.rand cannot be used", "kernels have cuda.random"),
		(uniform, "random.uniform cannot be used", "kernels have cuda.random"),
		(generator, "cannot be", ""),
		(solve, "np.linalg.solve cannot be used", "write the loop over the items"),
		(arrays, "operator @ between array", "c[i] = a[i] + b[i]"),
		(index, "a device array cannot be used", "pass it as an argument"),
		(attribute, "a device array cannot be used", "pass it as an argument"),
		(argument, "a device array cannot be used", "pass it as an argument"),
	]


@pytest.mark.parametrize("kernel, words, hint", other_ways(), ids=lambda value: getattr(value, "__name__", ""))
def test_what_to_write_instead(kernel, words, hint):
	with pytest.raises(errors.TypingError) as e:
		cuda.compile_ptx(kernel, "void(float32[::1])")
	first, *_, last = str(e.value).splitlines()
	assert words in first and hint in last, str(e.value)
	assert not hint or last.startswith("Hint: "), str(e.value)


@pytest.mark.parametrize("of, at", [((False, 1), 1), ((1.5, True), 2), ((True, True, 2.5), 1), ((1, 2, False), 3)])
def test_which_argument_is_wrong(of, at):
	def kernel(x):
		x[0] = max(*of)
	with pytest.raises(errors.TypingError, match=rf"^max\(\) cannot take bool as argument {at}\n"):
		cuda.compile_ptx(kernel, "void(float32[::1])")


def test_names_that_are_not_built_yet():
	def fast(x):
		cuda.cooperative.sum(x[0])
	with pytest.raises(NotImplementedError, match="^gridjit.cuda.cooperative is not built yet"):
		cuda.compile_ptx(fast, "void(float32[::1])")

	def typo(x):
		cuda.girdsize(1)
	with pytest.raises(errors.TypingError, match="has no attribute 'girdsize'"):
		cuda.compile_ptx(typo, "void(float32[::1])")
