"""What the public entries do, to be repeated: run as a program, it prints for each how many blocks of Python and bytes of
the C heap one more call keeps. Every mistake of error_kernels.py and host_errors.py is repeated too."""

import asyncio
import ctypes
import gc
import inspect
import pickle
import sys
import threading
import time
from types import SimpleNamespace

import error_kernels
import host_errors
import numpy as np
from producers import HostProducer, Tensor

import gridjit
from gridjit import cuda, float32, int64, types

try:
	from ml_dtypes import bfloat16
except ImportError:
	bfloat16 = None

X = np.arange(12, dtype=np.float32).reshape(3, 4)
HALVES = [np.float16] + ([bfloat16] if bfloat16 else [])
ON_GPU = gridjit.device_kind() == "cuda"


@cuda.jit
def scale(factor, x, out):
	i, j = cuda.grid(2)
	if i < out.shape[0] and j < out.shape[1]:
		out[i, j] = factor * x[i, j]


@cuda.jit
def take(values, out):
	out[0, 0] = values[0] + values[1][0]


@cuda.jit
def any_number(out, *values, last):
	out[0, 0] = values[0] + last


def doubled(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] *= 2


def inner(a, b):
	return a + b


class OnGPU:
	def __init__(self, array):
		self.__cuda_array_interface__ = dict(shape=array.shape, strides=array.strides, typestr=array.dtype.str,
			data=(array.device_pointer, False), version=3)


def as_tensor(array):
	"""A device array as torch would show it."""
	shown = SimpleNamespace(**{name: getattr(array, name) for name in ("shape", "strides", "itemsize", "dtype", "ndim")})
	shown.ctypes = SimpleNamespace(data=array.device_pointer)
	return Tensor(shown, device=2, owner=array)


def launch_halves():
	for half in HALVES:
		x = X.astype(half)
		scale[1, (4, 4)](half(2), x, np.empty_like(x))
		gridjit.typeof(x), gridjit.typeof(half(1)), types.from_dtype(half).dtype


def launch_host_arrays():
	scale[1, (4, 4)](2.0, X, np.empty_like(X))
	scale[1, (4, 4)](2.0, X[::2], np.empty((2, 4), np.float32))


def launch_device_arrays():
	a = cuda.to_device(X)
	scale[1, (4, 4)](2.0, a, a)
	scale[1, (4, 4), cuda.stream()](2.0, a[:, ::2], a[:, 1::2])


def launch_again():
	a, b = cuda.to_device(X), cuda.to_device(X)
	for factor in 2.0, 3.0, np.float32(2), 4, 2**63, True, 5:
		for given in (a, b), (a, b), (b, a), (a[:, ::2], b[:, 1::2]):
			scale[1, (4, 4)](factor, *given)
	if ON_GPU:
		t, u = as_tensor(a), as_tensor(b)
		for given in (t, u), (t, u), (a, b), (a, b), (u, u), (u, u):
			scale[1, (4, 4)](2.0, *given)


def new_kernel_again():
	"""A kernel that dies with what it knows of its last launch."""
	kernel = cuda.jit(doubled)
	x = cuda.to_device(np.ones(5, np.float32))
	for x in (x, as_tensor(x)) if ON_GPU else (x,):
		kernel[1, 32](x)
		kernel[1, 32](x)


def launch_keywords_and_tuples():
	scale[(1, 1), (4, 4), 0, 16](factor=np.float32(2), out=np.empty_like(X), x=X)
	take[1, 1]((1, (2.5, 3)), np.empty_like(X))
	any_number[1, 1](np.empty_like(X), 1, X, last=2)


@cuda.jit
def call(functions, x, out):
	out[0, 0] = functions[0](x[1, 1]) + functions[1](x[0, 0])


def launch_functions():
	by = 2.5
	call[1, 1]((lambda v: v * by, abs), X, np.empty_like(X))


POINT = np.dtype([("x", np.float32), ("v", np.int16, 3), ("s", "S3")])


@cuda.jit
def move(points, one):
	points[0].x += one.x
	one.v[1] = 3


def launch_records():
	points = np.ones(3, POINT)
	move[1, 1](points, points[1])
	move[1, 1](cuda.to_device(points), cuda.to_device(points)[2])
	move[1, 1](points[::2], np.void((1, (2, 3, 4), b"a"), POINT))
	t = gridjit.from_dtype(POINT)
	t.dtype, t.fields, t.typeof("v"), t.offset("x"), pickle.loads(pickle.dumps(t[:]))
	types.Record([("x", (float32, 0))], 8, False), types.Record.make_c_struct([("x", float32), ("v", types.NestedArray(float32, (2, 3)))])
	types.optional(float32).type, cuda.to_device(points)[1].copy_to_host()
	for wrong in (lambda: types.Record([1], 8, False), lambda: t.typeof("q"), lambda: types.NestedArray(float32, ()),
			lambda: types.Record.make_c_struct([("x", 3)]), lambda: gridjit.from_dtype([("x", object)])):
		try:
			wrong()
		except (TypeError, KeyError, ValueError):
			pass


def launch_wrapped_and_foreign():
	scale[1, (4, 4)](2.0, cuda.In(X), cuda.Out(np.empty_like(X)))
	scale[1, (4, 4)](2.0, HostProducer(X.copy()), cuda.InOut(X.copy()))
	if ON_GPU:
		scale[1, (4, 4)](2.0, OnGPU(cuda.to_device(X)), X.copy())


def launch_forall():
	cuda.jit(doubled).forall(5)(np.ones(5, np.float32))


def new_kernel():
	"""Compiles, or takes from the disk cache, a kernel that then dies."""
	kernel = cuda.jit(doubled)
	kernel[1, 32](np.ones(5, np.float32))
	kernel.overloads, kernel.signatures, kernel.stats
	kernel.get_regs_per_thread(), kernel.get_shared_mem_per_block(), kernel.inspect_llvm()


def new_kernel_with_signature():
	cuda.jit("void(float32[:])")(doubled)[1, 32](np.ones(5, np.float32))


def compile_to_ptx():
	cuda.compile_ptx(doubled, "void(float32[::1])", cc=(8, 0))
	for abi in "c", "numba":
		cuda.compile(inner, (int64, float32), abi=abi)


def types_and_signatures():
	gridjit._core.signature("void(float32[:, ::1], UniTuple(int32, 3))")
	types.void(float32[:], int64), types.UniTuple(int64, 3), types.Tuple((int64, float32)), types.Array(float32, 2, "C")
	gridjit.typeof((1, X, 2.0)), gridjit.from_dtype(np.dtype("i4")), pickle.loads(pickle.dumps(float32[:, ::1]))
	repr(float32[:].dtype), hash(int64), float32(1.5)


def names_of_kernels():
	cuda.grid.__doc__, dir(cuda.atomic), inspect.signature(cuda.shared.array), pickle.loads(pickle.dumps(cuda.threadIdx.x))
	hasattr(cuda.atomic, "nothing"), hasattr(cuda.atomic, "__signature__"), repr(cuda.grid), hash(cuda.grid)


def array_copies():
	a = cuda.to_device(X)
	a.copy_to_host()
	a.copy_to_host(np.empty_like(X))
	a.copy_to_device(X)
	a.copy_to_device(cuda.to_device(X.astype("f8").T.copy().T))
	a[1:].copy_to_host(), a.T.copy_to_host(), a[:, ::2].copy().copy_to_host()
	cuda.to_device(X.astype("f2"))[:, ::2].copy_to_device(a[:, ::2])
	np.asarray(a), pickle.loads(pickle.dumps(a)), list(a)
	cuda.device_array((3, 4), order="F"), cuda.device_array_like(a.T)


def array_views():
	a = cuda.to_device(X)
	a[0], a[0, 1], a[..., None], a[::-1], a.reshape(4, 3), a.reshape(-1), a.ravel(), a.ravel("F"), a.T, a.transpose((1, 0))
	a.__dlpack__(), a.T.__dlpack__(max_version=(1, 0)), ON_GPU or np.from_dlpack(a)
	a.squeeze(), a.view("i4"), list(a.ravel().split(4)), a.bind(cuda.stream()), a.flags, a.strides, a.gpu_data, repr(a)
	a[0, 0], a[1], a[:, 2] = 1, 2, X[:, 0]
	a.setitem(0, 1), a.getitem(0), len(a), a.is_c_contiguous(), a.device_ctypes_pointer, a.nbytes, a.stream


@cuda.vectorize
def scaled(x, y):
	return 2 * x + y


@cuda.reduce
def summed(a, b):
	return a + b


def arithmetic_on_arrays():
	a = cuda.to_device(X)
	b = a + 1
	b += X
	scaled(a, b, out=b, where=X > 3)
	scaled(X, 2)
	np.where(a > 2, a.T.copy().T, 0)
	(a[:, ::2] / a.sum(axis=1, keepdims=True)).cumsum(axis=0)
	np.concatenate([a, b]).astype("f8").argmax()
	np.add.at(b, (0, [1, 1]), 1)
	summed(a)
	provoke(lambda: a + np.zeros(7, np.float32))


def fresh_functions_over_arrays():
	f = cuda.vectorize(lambda x: x + 1)
	f(X)
	cuda.reduce(lambda a, b: a + b)(X)


@gridjit.vectorize(["f8(f8, f8)", "f4(f4, f4)"], target="parallel", identity=0)
def ufunc_declared(a, b):
	return a + b


def calls_of_ufuncs():
	x = np.arange(12.0).reshape(3, 4)
	ufunc_declared(x, 1), ufunc_declared(x[:, ::2], x[:, 1::2]), ufunc_declared(X, X), ufunc_declared(np.arange(5), 2.5)
	ufunc_declared.reduce(x, axis=1), ufunc_declared.accumulate(x), ufunc_declared.outer(x, x), ufunc_declared.at(x, ([0], [1]), 1)
	ufunc_declared(x, x, out=x, where=x > 3), ufunc_declared.types, ufunc_declared.py_func, ufunc_declared.resolve_dtypes
	pickle.loads(pickle.dumps(ufunc_declared))
	provoke(lambda: ufunc_declared(x, "a"))
	provoke(lambda: ufunc_declared(x, np.ones(7)))


def fresh_ufuncs():
	f = gridjit.vectorize(lambda x: x + 1)
	f(X), f(X[::2]), f(np.arange(3)), f(2.5), f(np.array(1), dtype="f8")
	provoke(lambda: gridjit.vectorize(lambda x: x.missing)(X))


def with_memory(x, out):
	t = np.empty(x.shape[0])
	for i in range(x.shape[0]):
		if x[i] < 0:
			raise ValueError("below", x[i])
		t[i] = x[i] + np.random.random()
	out[0] = t[0]


hosted_declared = gridjit.guvectorize(["void(f8[:], f8[:])"], "(n)->()", target="parallel")(with_memory)


def calls_of_ufuncs_with_memory():
	hosted_declared(X), hosted_declared(np.ones((30, 4))[:, ::2]), hosted_declared(np.ones(3))
	provoke(lambda: hosted_declared(X - 5))


def fresh_ufuncs_with_memory():
	f = gridjit.guvectorize("(n)->()")(with_memory)
	f(X, out=np.empty(3))
	provoke(lambda: f(X - 5, out=np.empty(3)))
	provoke(lambda: gridjit.vectorize(lambda x: np.zeros(int(x)))(X))
	provoke(lambda: gridjit.vectorize(lambda x: np.zeros(int(x)).missing)(X))
	gridjit.vectorize(lambda x: np.random.random() * x)(X)


@gridjit.fuse
def fused(x, y):
	t = x * y + 1
	return t, t.sum(axis=0), t.argmax()


fused_means = gridjit.fuse(lambda x: ((x + 1).mean(), x.clip(0, 1).sum()))


def calls_of_fused_functions():
	out = np.empty((3, 4), np.float32)
	fused(X, X), fused(X, 2.0), fused(X[:, ::2], X[:, 1::2], out=(None, None, None)), fused(X, X, out=(out, None, None))
	provoke(lambda: fused(X, np.ones(7)))
	provoke(lambda: fused(X, "a"))
	fused_means(X), fused_means(X[:, ::2])
	a = cuda.to_device(X)
	fused(a, a), fused(a.T, 2.0), fused(a[:, ::2], a[:, 1::2]), fused(a, X[0, 0], out=(a.copy(), None, None), stream=cuda.stream())
	provoke(lambda: fused(a, X))
	provoke(lambda: fused(a, a[:, :3]))


def fresh_fused_functions():
	f = gridjit.fuse(lambda x: (x + 1, x.max(axis=0)))
	f(X), f(cuda.to_device(X))
	provoke(lambda: gridjit.fuse(lambda x: x[1:])(X))


def row_sum(x, out):
	out[0] = 0
	for i in range(x.shape[0]):
		out[0] += x[i]


def fresh_generalised_ufuncs():
	f = gridjit.guvectorize("(n)->()")(row_sum)
	f(X, np.empty(3, "f4")), f(X, out=np.empty(3)), f(X.T, dtype="f8"), f(X, signature=(None, "f8"))
	provoke(lambda: f(X))
	provoke(lambda: f.resolve_dtypes((X.dtype, None)))
	g = gridjit.guvectorize(["void(f8[:], f8[:])"], "(n)->()", target="parallel", writable_args=(0,))(row_sum)
	x = np.ones((3, 4))
	g(x), g(X.copy()), g(x[:, ::-1])
	x.flags.writeable = False
	provoke(lambda: g(x))
	provoke(lambda: g(np.ones((3, 4), "i4")))


@cuda.guvectorize(["void(f4[:], f4[:])"], "(n)->()")
def row_sum_on_device(x, out):
	out[0] = 0
	for i in range(x.shape[0]):
		out[0] += x[i]


def generalised_functions_over_device_arrays():
	a = cuda.to_device(X)
	row_sum_on_device(a), row_sum_on_device(X), row_sum_on_device(a.T, out=cuda.device_array(4, np.float32)), row_sum_on_device(X[:, ::2])
	provoke(lambda: row_sum_on_device(a, np.ones(7, np.float32)))
	f = cuda.guvectorize("(n)->()")(row_sum)
	f(X, np.empty(3, "f4"))
	provoke(lambda: f(X))


def foreign_arrays():
	a = cuda.to_device(X)
	description = dict(shape=(3, 4), typestr="<f4", data=(a.device_pointer, False), version=3)
	cuda.from_cuda_array_interface(description, owner=a).copy_to_host()
	cuda.is_cuda_array(a), cuda.as_cuda_array(a)
	if ON_GPU:
		cuda.as_cuda_array(OnGPU(a)), a.__cuda_array_interface__


def pinned_memory():
	p = cuda.pinned_array((3, 4), np.float32)
	p[:] = X
	stream = cuda.stream()
	a = cuda.to_device(p, stream=stream)
	a.copy_to_host(p, stream=stream)
	stream.synchronize()
	cuda.pinned_array_like(X)
	with cuda.pinned(X, p), cuda.mapped(X.copy(), X.copy()) as (b, c):
		scale[(1, 1), (8, 8)](2.0, b, c)


def memory_used_in_place():
	for array in cuda.mapped_array((3, 4), np.float32), cuda.managed_array((3, 4), np.float32):
		array[:] = 1
		scale[(1, 1), (8, 8)](2.0, array, array)
		cuda.synchronize()
		array.copy_to_host(), array.copy_to_device(X), array.gpu_data.kind, (array + 1).gpu_data
		scale[(1, 1), (8, 8)](2.0, array + 1, X.copy())


class Manager(cuda.HostOnlyCUDAMemoryManager):
	interface_version = 1

	def memalloc(self, size):
		buffer = cuda._core.Buffer(size, driver=True)
		return cuda.MemoryPointer(self.context, buffer.device_pointer, size, owner=buffer, finalizer=int)

	def get_memory_info(self):
		return cuda.MemoryInfo(1, 2)

	def get_ipc_handle(self, memory):
		return cuda.IpcHandle(memory, bytes(64), memory.size)


def memory_of_a_manager():
	cuda.set_memory_manager(Manager)
	try:
		a = cuda.to_device(X)
		scale[(1, 1), (8, 8)](2.0, a, a)
		(a + 1).copy_to_host(), a.gpu_data.memory, cuda.current_context().memalloc(8).view(2)
		pinned_memory()
		memory_used_in_place()
	finally:
		cuda.set_memory_manager(None)


def shared_between_processes():
	handle = pickle.loads(pickle.dumps(cuda.to_device(X).get_ipc_handle()))
	provoke(handle.open)
	a = cuda.to_device(X)
	with a.get_ipc_handle() as b:
		assert b is a
	if not ON_GPU:
		with cuda.open_ipc_array(a.get_ipc_handle()._handle, (3, 4), np.float32) as b:
			b.copy_to_host()


def captured_arrays():
	array = cuda.to_device(X)

	def use(out):
		out[0] = array[1, 2]
	cuda.jit(use)[1, 1](np.zeros(3))


def linked_functions():
	source = cuda.CSource("float added(float *p) { return *p + 1; }")
	added = cuda.declare_device("added", types.float32(types.CPointer(types.float32)), abi="c", link=source)

	def use(out):
		out[0] = added(out)
	if not ON_GPU:
		cuda.jit(link=[source])(use)[1, 1](np.zeros(1, np.float32))
	pickle.loads(pickle.dumps(added)).sig, added.abi, repr(added)
	provoke(lambda: cuda.jit(use)[1, 1](np.zeros(1)))
	provoke(lambda: cuda.declare_device("f", "int32(complex64)", abi="rust"))


def buffers():
	memory = bytearray(b"\0" * 8)
	scale[(1, 1), (8, 8)](2, memoryview(memory).cast("f", (2, 1)), X.copy())
	provoke(lambda: scale[(1, 1), (8, 8)](2, b"bytes", X.copy()))


def streams():
	stream = cuda.stream()
	with stream.auto_synchronize():
		pass
	int(stream), bool(stream), repr(stream), stream.query()
	cuda.default_stream(), cuda.legacy_default_stream(), cuda.per_thread_default_stream()
	if ON_GPU:
		cuda.external_stream(int(stream)).synchronize()


def callbacks():
	async def wait():
		await cuda.stream().async_done()
	asyncio.run(wait())


def events():
	stream, start, end = cuda.stream(), cuda.event(), cuda.event(timing=True)
	start.record(stream), end.record(), end.synchronize(), start.query(), start.wait(stream)
	cuda.event_elapsed_time(start, end)


def devices():
	device = cuda.get_current_device()
	device.name, device.uuid, device.compute_capability, device.MAX_THREADS_PER_BLOCK
	device.MAX_THREADS_PER_MULTIPROCESSOR, hasattr(device, "NO_SUCH_ATTRIBUTE")
	cuda.current_context().get_memory_info(), list(cuda.gpus), cuda.select_device(0), cuda.synchronize()
	with cuda.gpus[0], cuda.defer_cleanup():
		pass


def dispatchers_pickle_and_configure():
	kernel = cuda.jit(doubled)
	configured = kernel[1, 32]
	configured.griddim, configured.blockdim, configured.stream, configured.sharedmem, configured.dispatcher
	kernel.configure(1, 32, 0, 0), repr(kernel), kernel.__doc__
	kernel.itself = kernel


@gridjit.njit
def waves(x, n, scale=2.0):
	out = np.zeros(n)
	if n > 99:
		raise ValueError(f"{n} is more than", out.size)
	for i in range(n):
		out[i] = scale * x[0, i]
	return out, (n, scale)


def host_functions():
	waves(X, 3), waves(X, n=4, scale=1), waves(x=X, n=0)
	provoke(lambda: waves(X, 100))
	provoke(lambda: waves(X, -1))
	provoke(lambda: waves(X))
	provoke(lambda: waves(X, 3, other=1))
	provoke(lambda: waves(object(), 3))
	waves.signatures, waves.overloads, waves.nopython_signatures, waves.stats, waves.__name__, waves.__doc__, repr(waves)


sine = ctypes.CDLL("libm.so.6").sin
sine.argtypes, sine.restype = [ctypes.c_double], ctypes.c_double


def functions_for_c():
	@gridjit.cfunc("float64(int64, CPointer(float64))")
	def item(n, p):
		a = gridjit.carray(p, 3) * 2
		if n >= a.size:
			raise IndexError(f"there is no item {n}")
		return a[n]
	memory = (ctypes.c_double * 3)(1, 2, 3)
	item.ctypes(1, memory), item.ctypes.argtypes, item.address, repr(item), item.inspect_llvm()
	hook, sys.unraisablehook = sys.unraisablehook, lambda e: None
	item.ctypes(5, memory)
	sys.unraisablehook = hook
	gridjit.carray(ctypes.cast(memory, ctypes.POINTER(ctypes.c_double)), 3)
	provoke(lambda: gridjit.cfunc("float64(float64[:])")(lambda x: x[0]).address)
	provoke(lambda: gridjit.cfunc("float64(float64)")(lambda x: x.missing))


def calls_of_functions_of_c():
	told = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x: x + 1)
	gridjit.njit(lambda x: sine(x) + told(x))(1.0)
	gridjit.njit(lambda f, x: f(x))(sine, 1.0)
	provoke(lambda: gridjit.njit(lambda x: ctypes_untyped(x))(1.0))


ctypes_untyped = ctypes.CDLL("libm.so.6").tan


def chosen(a, b):
	pass


@gridjit.extending.overload(chosen)
def choose_chosen(a, b):
	return (lambda a, b: a - b) if isinstance(a, types.Number) else None


def overloaded_functions():
	gridjit.njit(lambda a, b: chosen(a, b=b))(3, 2.0)
	provoke(lambda: gridjit.njit(lambda a, b: chosen(a, b))(X, 2.0))


@gridjit.njit(types.float64(types.float64(types.float64), types.float64))
def applied(f, x):
	return f(x)


def functions_by_signature():
	applied(lambda x: x + 1, 2), applied(sine, 1)
	provoke(lambda: applied(3, 2))
	provoke(lambda: types.FunctionType("(int32,)"))


def stencils():
	@gridjit.stencil
	def between(a):
		return a[-1] + a[1]
	between(X[0])
	provoke(lambda: between(X))


def fresh_host_functions():
	@gridjit.njit
	def last(values):
		kept = values[1:].copy()
		if kept.size == 0:
			raise IndexError("nothing is left of", values.size)
		return kept[-1]
	last(X[0])
	provoke(lambda: last(X[0, :1]))
	provoke(lambda: last("text"))


def provoke(function):
	try:
		function()
	except Exception:
		return
	raise AssertionError(f"{function.__name__} raised nothing")


def mistakes():
	"""A case for each message; compiling to PTX behaves alike on every machine."""
	for name, function in vars(error_kernels).items():
		if name.isupper() and inspect.isfunction(function):
			yield name, lambda f=function: provoke(lambda: cuda.compile_ptx(f, "void(float32[::1])"))
	apart = {*host_errors.ON_CPU, *host_errors.ON_FAKE_GPU, *(["ARG_ON_GPU"] if ON_GPU else []), "NEEDS_ML_DTYPES"}
	for name, function in vars(host_errors).items():
		if name.isupper() and inspect.isfunction(function) and name not in apart:
			yield name, lambda f=function: provoke(f)


def cases():
	for name, function in list(globals().items()):
		if inspect.isfunction(function) and function.__module__ == __name__ and name not in HELPERS:
			yield name, function
	yield from mistakes()


HELPERS = {"as_tensor", "choose_chosen", "chosen", "doubled", "row_sum", "with_memory", "scaled", "summed", "inner", "provoke", "mistakes", "cases", "heap", "settle", "kept", "main"}


class Mallinfo(ctypes.Structure):
	_fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def heap():
	"""Bytes that malloc has given out, 0 where nobody knows."""
	try:
		mallinfo = ctypes.CDLL(None).mallinfo2
	except AttributeError:
		return 0
	mallinfo.restype = Mallinfo
	now = mallinfo()
	return now.uordblks + now.hblkhd


ENOUGH = 0.5, 16                               # less than one leak a call: malloc gives out 32 bytes at least


def settle():
	"""Frees what the next calls would: garbage, threads that are about to end, and names in CPython's cache of attributes,
	which holds each string that PyObject_GetAttrString() made until another one takes its place."""
	end = time.monotonic() + 2
	while threading.active_count() > 1 and time.monotonic() < end:
		time.sleep(0.001)
	gc.collect()
	sys._clear_type_cache()


def kept(function, times=20):
	"""(Python blocks, heap bytes) that a call keeps: looked at again where something was made once, for what leaks never
	ends."""
	for _ in range(5):
		settle()
		before = sys.getallocatedblocks(), heap()
		for _ in range(times):
			function()
		settle()
		look = (sys.getallocatedblocks() - before[0]) / times, (heap() - before[1]) / times
		if look[0] < ENOUGH[0] and look[1] < ENOUGH[1]:
			break
	return look


def main():
	for name, function in cases():
		function()
		blocks, size = kept(function)
		print(f"{name} {blocks:.2f} {size:.1f}", flush=True)


if __name__ == "__main__":
	main()
