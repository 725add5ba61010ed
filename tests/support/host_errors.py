"""One function for each message of the host side, as a user would make the mistake. Those in ON_FAKE_GPU are called in a
process of their own with the fake driver (tests/c/fake_cuda.c) and that environment, those in ON_CPU in one with that
environment; the others in the process of the tests."""

import builtins
import math
import subprocess
import sys

import numpy as np

import gridjit
from gridjit import cuda, float32, int32, int64, types

ON_FAKE_GPU = {
	"ARG_DEVICE": {"FAKE_CUDA_DEVICES": "2"},
	"STREAM_DEVICE": {"FAKE_CUDA_DEVICES": "2"},
	"PINNED_PARTLY": {},
	"DRIVER_TOO_OLD": {"FAKE_CUDA_VERSION": "11040"},
}
ON_CPU = {
	"NO_GPU": {"GRIDJIT_DEVICE": "gpu", "GRIDJIT_CUDA_LIBRARY": "/nowhere/libcuda.so"},
	"LIBDEVICE": {"GRIDJIT_LIBDEVICE": ""},
	"LIBDEVICE_FILE": {"GRIDJIT_LIBDEVICE": __file__},
}


FIVE = np.arange(5.0)


@cuda.jit
def one(x):
	x[0] = 1


@cuda.jit
def two(x, y=0):
	x[0] = y


@cuda.jit(debug=True)
def raises(x):
	if x[0] == 0:
		raise ValueError("zero")


@cuda.jit(launch_bounds=64)
def bound_64(x):
	x[0] = 1


@cuda.jit
def uses_shared(x):
	s = cuda.shared.array(1000, float32)
	s[0] = x[0]
	x[0] = s[0]


@cuda.jit
def rows_of_1000(x, rows):
	i = cuda.grid(1)
	x[0] = rows[i][i]


@cuda.jit(device=True)
def device_function(x):
	return x


def explicit(x):
	x[0] = 1


@cuda.jit
def sine(x):
	x[0] = math.sin(x[0])


X = np.zeros(4, np.float32)


class Tensor:
	"""An array of another library, on a GPU that is not here."""

	def __init__(self, **fields):
		self.__cuda_array_interface__ = dict(shape=(1,), typestr="<f4", data=(4096, False), version=3, **fields)


def CODE_DEPTH():
	cuda.compile(eval("lambda x: " + "lambda: " * 65 + "1"), (int64,))


def RETURN_VALUE():
	cuda.compile(lambda: range(3), (), device=True)


def RETURN_VARIES():
	gridjit.njit(lambda k: "a" if k else "b")(1)


def RETURN_LOCAL():
	cuda.compile(lambda: cuda.local.array(4, float32), ())


def INNER_UNBOUND():
	def outer(n):
		def inner(x):
			return x + later
		n = inner(n)
		later = 1
		return n + later
	gridjit.njit(outer)(1)


def NO_RETURN():
	def forever(n):
		return forever(n)
	cuda.compile(forever, (int64,))


def NOT_FUNCTION():
	cuda.compile(len, (int64,))


def OUTSIDE_KERNEL():
	cuda.grid(1)


def OUTSIDE_VALUE():
	cuda.threadIdx.x + 1


def NO_INTRINSIC():
	gridjit._core.Intrinsic("cuda.nonsense")


def INTRINSIC_ATTR():
	cuda.threadIdx.w


def TYPE_TEXT():
	types.Type("flot32")


def NOT_A_TYPE():
	cuda.compile(len, (3,))


def ABSTRACT_TYPE():
	types.Integer(3)


def TYPE_CALL():
	float32[:](X)


def TYPE_INDEX():
	float32[3]


def ARRAY_ELEMENT():
	types.Array(types.UniTuple(int32, 2), 1, "C")


def TYPE_OPTIONAL():
	types.optional(gridjit.typeof("text"))


def ARRAY_NDIM():
	one[1, 1](np.zeros((1,) * 7))


def ARRAY_LAYOUT():
	types.Array(float32, 1, "Z")


def ARRAY_ORDER():
	cuda.device_array(4, order="K")


def ARRAY_HUGE():
	cuda.device_array((1 << 40, 1 << 40))


def ARRAY_DTYPE():
	one[1, 1](np.array(["a"]))


def ARRAY_LIES():
	cuda.from_cuda_array_interface(dict(shape=(10,), typestr="<f4", data=(0, False), version=3))


def ARRAY_OUTSIDE():
	cuda.DeviceNDArray(11, None, "f4", 0, cuda.current_context().memalloc(40))


def ARRAY_NO_SIZE():
	cuda.device_array(2, "S0")


def ARRAY_SUBARRAY():
	cuda.device_array(2, ("f4", (3,)))


def ARRAY_MASKED():
	one[1, 1](np.ma.masked_array([1.0, 2.0], [True, False]))


def ARRAY_TRUTH():
	bool(cuda.to_device(X))


def ARRAY_WRITEABLE():
	cuda.DeviceNDArray(4, None, "f4", readonly=True).setflags(write=True)


def NEGATIVE_DIM():
	cuda.device_array(-1)


def SIGNATURE_TEXT():
	cuda.jit("void(float32[:]")(one.py_func)


def SIGNATURE_LONG():
	types.void(*[int32] * 300)


def PARAM_BYTES():
	rows_of_1000.compile((float32[:], types.UniTuple(types.UniTuple(int64, 1000), 9)))


def NOT_A_SIGNATURE():
	gridjit._core.signature(3)


def OPTIONAL_ARG():
	cuda.compile(one.py_func, (types.optional(int64),), device=True)


def SIGNATURE_COUNT():
	cuda.jit("void(float32[:], int32)")(one.py_func)


def KERNEL_NOT_VOID():
	cuda.jit("float32(float32[:])")(one.py_func)


def NOT_A_FUNCTION():
	cuda.jit(3.5)(4)


def VALUE_INT():
	one[1, 1](1 << 70)


def VALUE_TYPE():
	one[1, 1]([1.0, 2.0])


def NEEDS_ML_DTYPES():
	"""In a process that has not seen the package: once it has, its class is kept."""
	program = "import sys; sys.modules['ml_dtypes'] = None; import gridjit; gridjit.types.bfloat16(1.5)"
	said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stderr
	name, _, text = said[said.rindex("ImportError: "):].partition(": ")
	raise getattr(builtins, name)(text)


def FUNCTION_GONE():
	cuda.compile_ptx(two.py_func, (float32[:], gridjit.typeof(lambda: 1)))


def ARG_TENSOR():
	one[1, 1](Tensor(mask=X))


def ARG_CHANGED():
	x = np.zeros(4, np.float32)

	class Stream:
		def __cuda_stream__(self):
			x.__setstate__(np.ones(2).__reduce__()[2])
			return 0, 0
	one[1, 1, Stream()](x)


def ARG_DEVICE():
	x = cuda.to_device(X)
	with cuda.gpus[1]:
		one[1, 1](x)


def ARG_ON_GPU():
	one[1, 1](Tensor())


def CALL_ARGS():
	two[1, 1]()


def CALL_KEYWORD():
	two[1, 1](X, z=3)


def CALL_AGAIN():
	two[1, 1](X, x=3)


def NO_OVERLOAD():
	cuda.jit("void(float32[:])")(explicit)[1, 1](3)


def AMBIGUOUS():
	gridjit.njit(["int64(int64, float64)", "int64(float64, int64)"])(lambda a, b: a)(1, 2)


def NO_CONFIG():
	one(X)


def DEVICE_LAUNCH():
	device_function[1, 1](X)


def CONFIG_COUNT():
	one[1](X)


def CONFIG_TYPE():
	one[1, "32"](X)


def CONFIG_RANK():
	one[(1, 1, 1, 1), 32](X)


def OF_THREAD():
	raises[1, 1](np.zeros(1))


def PRINT_HERE():
	def prints(x):
		print(x)
		return x
	cuda.compile_ptx(prints, "float32(float32)", device=True)


def OUT_OF_BOUNDS():
	raises[1, 1](np.zeros(0))


def CONFIG_ZERO():
	one[0, 32](X)


def CONFIG_RANGE():
	one[1, 1 << 70](X)


def CONFIG_THREADS():
	one[1, (32, 64)](X)


def CONFIG_EXTENT():
	one[(1, 1 << 20), 32](X)


def CONFIG_BOUNDS():
	bound_64[1, 128](X)


def CONFIG_SHARED():
	uses_shared[1, 32, 0, 1 << 20](X)


def CONFIG_SHARED_TYPE():
	one[1, 32, 0, "1 KB"](X)


def CONFIG_SHARED_RANGE():
	one[1, 32, 0, -1](X)


def NOT_A_STREAM():
	one[1, 32, "stream"](X)


def PINNED_PARTLY():
	whole = np.zeros(100)
	with cuda.pinned(whole[:50]), cuda.mapped(whole):
		pass


def IPC_HANDLE():
	with cuda.open_ipc_array(b"a name", 3, np.float32):
		pass


def IPC_MOVED():
	array = cuda.to_device(FIVE)
	kept = array[1:]
	array.get_ipc_handle()
	kept.copy_to_host()


def POINTER_TO():
	types.CPointer(types.Tuple((int32, int32)))


def ABSENT_TYPE():
	types.UniTuple(types.ListType(int32), 2)


def TYPE_FUNCTION():
	types.FunctionType("(int32,)")


def EXTERN_NAME():
	cuda.declare_device("two words", "int32()")


def EXTERN_ABI():
	cuda.declare_device("f", "int32()", abi="rust")


def EXTERN_RESULT():
	cuda.declare_device("f", "(int32,)")


def EXTERN_RETURNS():
	cuda.declare_device("f", "complex64(int32)", abi="c")


def EXTERN_TAKES():
	cuda.declare_device("f", types.int32(types.Record.make_c_struct([("x", types.int32)]) if hasattr(types.Record, "make_c_struct")
		else gridjit.from_dtype(np.dtype([("x", "i4")]))))


def STREAM_DEVICE():
	stream = cuda.stream()
	with cuda.gpus[1]:
		one[1, 1, stream](cuda.to_device(X))


def OPTION_UNKNOWN():
	cuda.jit(fast_math=True)


def OPTION_TYPE():
	cuda.jit(fastmath="yes")


def OPTION_VALUE():
	cuda.jit(inline="sometimes")


def DLPACK_DTYPE():
	np.from_dlpack(cuda.to_device(np.zeros(3, "f8,i4")))


def DLPACK_READONLY():
	np.broadcast_to(cuda.to_device(X), (2, X.size)).__dlpack__()


def UFUNC_NO_LOOP():
	gridjit.vectorize(["f8(f8)"])(lambda a: a)(X, dtype=np.int16)


def UFUNC_RETURN():
	gridjit.vectorize(["f8(f8)"])(lambda a: None)


def UFUNC_OUTPUTS():
	gridjit.vectorize(lambda a: (a, a) if isinstance(a, float) else a)(3)


def UFUNC_SCALARS():
	gridjit.vectorize(["f8(f8[:])"])(lambda a: a)


def UFUNC_IDENTITY():
	gridjit.vectorize(identity="none")(lambda a, b: a)


def FUSE_MANY():
	gridjit.fuse(eval(f"lambda {', '.join(f'x{i}' for i in range(33))}: x0"))(*[X] * 33)


def FUSE_ARRAY():
	gridjit.fuse(lambda x: x + FIVE)(X)


def FUSE_REDUCED():
	gridjit.fuse(lambda x: x - x.mean())(X)


def FUSE_SHAPE():
	gridjit.fuse(lambda x: x[1:] * 2)(X)


def FUSE_RETURN():
	gridjit.fuse(lambda x: 3)(X)


def REDUCE_WHERE():
	gridjit.fuse(lambda x: x.sum(where=x))(X)


def REDUCE_WHERE_NDIM():
	gridjit.fuse(lambda x, m: x.sum(where=m > 0))(X, X.reshape(2, -1))


def REDUCE_IDENTITY():
	gridjit.fuse(lambda x: x.min(where=x > 0))(X)


def FUSE_INTEGER():
	gridjit.fuse(lambda x: x.astype("u1") + 300)(X)


def UFUNC_STACK():
	def big(a):
		table = cuda.local.array(100_000, float32)
		table[int(a)] = a
		return table[0]

	gridjit.vectorize(["f4(f4)"])(big)


def HOST_THREADS():
	gridjit.njit(lambda: cuda.grid(1))()


def EXCEPT_CLASS():
	def wrong(x):
		try:
			return 1 / x
		except x:
			return 0

	gridjit.njit(wrong)(1.0)


def EXCEPT_MANY():
	names = {f"E{i}": type(f"E{i}", (Exception,), {}) for i in range(64)}
	exec(f"def careful(x):\n\ttry:\n\t\treturn 1 / x\n\texcept ({', '.join(names)}):\n\t\treturn 0.0", names)
	gridjit.njit(names["careful"])(1.0)


def PRANGE_CARRIED():
	@gridjit.njit(parallel=True)
	def prefix(x):
		s = 0.0
		for i in gridjit.prange(x.shape[0]):
			s += x[i]
			x[i] = s
	prefix(np.ones(3))


def HOST_LAUNCH():
	gridjit.njit(lambda: 1)[1, 1]


def HOST_OVERFLOW():
	gridjit.njit("i4(i4)")(lambda n: n)(2**31)


def HOST_RECURSION():
	@gridjit.njit
	def down(n):
		return 0 if n == 0 else down(n - 1)
	down(-1)


def INDEX_OF():
	gridjit.njit(boundscheck=True)(lambda x: x[5])(FIVE)


def INDEX():
	gridjit.njit(boundscheck=True)(lambda i: (1, 2, 3)[i])(3)


def UFUNC_SEVERAL():
	both = gridjit.vectorize(lambda v: (v, -v))
	gridjit.njit(lambda a: both(a))(np.ones(2))


def UFUNC_THREADS():
	gridjit.vectorize(["f4(f4)"])(lambda a: a + cuda.grid(1))


def UFUNC_BFLOAT16():
	gridjit.vectorize(["bfloat16(bfloat16)"])(lambda a: a)


def UFUNC_TWICE():
	gridjit.vectorize(["f4(f8)", "f8(f8)"])(lambda a: a)


def copies(x, out):
	for i in range(x.shape[0]):
		out[i] = x[i]


def GUFUNC_RETURN():
	gridjit.guvectorize(["f8(f8[:], f8[:])"], "(n)->(n)")(copies)


def GUFUNC_COUNT():
	gridjit.guvectorize(["void(f8[:])"], "(n)->(n)")(copies)


def GUFUNC_TYPES():
	gridjit.guvectorize(["void(f8[:], f8)"], "(n)->()")(copies)


def GUFUNC_NDIM():
	gridjit.guvectorize("(a,b,c,d,e,f,g)->(a)")(copies)


def GUFUNC_WRITABLE():
	gridjit.guvectorize("(n)->(n)", writable_args=(1,))(copies)


def GUFUNC_READONLY():
	x = np.zeros(3)
	x.flags.writeable = False
	gridjit.guvectorize(["void(f8[:], f8[:])"], "(n)->(n)", writable_args=(0,))(copies)(x)


def GUFUNC_CAST():
	gridjit.guvectorize(["void(f8[:], f8[:])"], "(n)->(n)", writable_args=(0,))(copies)(np.zeros(3, "i4"))


def GUFUNC_WRITES():
	gridjit.guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(lambda x, out: copies(out, x))


def GUFUNC_OUTPUTS():
	gridjit.guvectorize("(n)->(n)")(copies)(X)


def ELEMENTS_SHAPES():
	cuda.to_device(X) + np.zeros((2, 7), np.float32)


def ELEMENTS_OUTPUT():
	np.add(cuda.to_device(X), 1, out=cuda.to_device(X[:1]))


def ELEMENTS_ARRAY():
	gridjit._core.Elements(1, 1)._run((X,), (3,), None, 0, None)


def ELEMENTS_MASK():
	gridjit._core.Elements(1, 1)._run((X,), None, X, 0, None)


def ELEMENTS_READONLY():
	out = cuda.DeviceNDArray(4, None, "f4", readonly=True)
	cuda.vectorize(["f4(f4)"])(lambda a: a)(np.zeros(4, "f4"), out=out)


def ELEMENTS_INTEGER():
	cuda.to_device(np.zeros(3, np.int8)) + 300


def ELEMENTS_COUNT():
	gridjit._core.Elements(39, 1)


def NO_GPU():
	cuda.to_device(X)


def DEVICE_ORDINAL():
	gridjit._core.Device(7)


def LIBDEVICE():
	from gridjit.cuda import _libdevice
	_libdevice.candidates = lambda: iter(())
	cuda.compile_ptx(sine, (float32[:],))


def LIBDEVICE_FILE():
	cuda.compile_ptx(sine, (float32[:],))


def GPU_TOO_OLD():
	cuda.compile_ptx(one, (float32[:],), cc=(3, 5))


def DRIVER_TOO_OLD():
	one[1, 1](cuda.to_device(X))


if __name__ == "__main__":
	try:
		globals()[sys.argv[1]]()
	except Exception as error:
		print(type(error).__name__)
		print(error)
