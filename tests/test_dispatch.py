"""Dispatchers: launch configurations, arguments, specialisation, explicit signatures, caching, pickling, threads, leaks."""

import copy
import gc
import importlib.util
import os
import pickle
import resource
import subprocess
import sys
import threading
import types as pytypes
import weakref
from collections import namedtuple

import numpy as np
import pytest
from producers import Foreign, HostProducer, NewerTensor, Tensor

import gridjit
from gridjit import _pickle, config, cuda, errors, float32, float64, int32, int64, typeof, types, void


@cuda.jit
def scale(a, x, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i]


@cuda.jit
def store(out, value):
	out[0] = value


@cuda.jit(device=True)
def twice(x):
	return x + x


@cuda.jit
def doubled(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] = twice(x[i])


def fresh(kernel, **options):
	return cuda.jit(**options)(kernel.py_func)


# -- configuration ---------------------------------------------------------------------------------------------------------


def test_configurations(device):
	x = np.ones(100, np.float32)
	stream = cuda.stream()
	for launcher in (scale[4, 32], scale[(4,), (32,)], scale[(4, 1), (32, 1, 1)], scale[4, 32, stream], scale[4, 32, 0, 64],
			scale[[4], [32], None], scale[[4, (32, 1), stream]], scale[np.int64(4), np.uint8(32)], scale.configure(4, 32, stream, 16), scale.forall(100),
			scale.forall(100, tpb=7), scale.forall(100, stream=stream)):
		out = np.zeros_like(x)
		launcher(3.0, x, out)
		stream.synchronize()
		assert (out == 3).all()


def test_launcher_attributes():
	stream = cuda.stream()
	launcher = scale[(2, 3), 32, stream, 128]
	assert launcher.griddim == (2, 3, 1) and launcher.blockdim == (32, 1, 1) and launcher.stream is stream
	assert launcher.sharedmem == 128 and launcher.dispatcher is scale and scale[1, 1].stream == 0


@pytest.mark.parametrize("key, error, text", [
	(1, ValueError, "2 to 4 values"), ((1,), ValueError, "2 to 4 values"), ((1, 1, 0, 0, 0), ValueError, "2 to 4 values"),
	((), ValueError, "2 to 4"), (((), 1), ValueError, "1, 2 or 3"), (((1, 1, 1, 1), 1), ValueError, "1, 2 or 3"),
	((1, ()), ValueError, "1, 2 or 3"), ((1, (1, 1, 1, 1)), ValueError, "1, 2 or 3"), ((1.0, 1), TypeError, "grid must be an int"),
	((1, "32"), TypeError, "block must be an int"), ((1, (1, 2.5)), TypeError, "block must be an int"), ((None, 1), TypeError, "grid"),
	((0, 1), ValueError, "grid.x is zero"), ((1, (1, 0)), ValueError, "block.y is zero"), ((-1, 1), ValueError, "grid.x must be"),
	((2**40, 1), ValueError, "grid.x must be"), ((2**70, 1), ValueError, "grid.x must be"), ((1, 1, 0, -1), ValueError, "shared"),
	((1, 1, 0, 2**40), ValueError, "shared"), ((1, 1, 0, 1.5), TypeError, "shared memory must be an int"),
	((0, 1), errors.CudaAPIError, "grid.x"), ((slice(1), 1), TypeError, "grid")], ids=str)
def test_bad_configuration(key, error, text):
	with pytest.raises(error, match=text):
		scale[key]


@pytest.mark.parametrize("key, text", [
	((1, 1025), "block of 1025 threads"), ((1, (32, 33)), r"32 x 33 x 1"), ((1, (1, 1, 65)), "block.z is 65"),
	(((1, 65536), 1), "grid.y is 65536"), ((1, 1, 0, 2**24), "shared memory"), ((1, (2**31, 2**31, 2**31)), "threads")], ids=str)
def test_configuration_too_large(device, key, text):
	x = np.ones(4, np.float32)
	with pytest.raises(errors.LaunchConfigError, match=text):
		scale[key](1.0, x, x.copy())


def test_bad_stream(device):
	x = np.ones(4, np.float32)
	with pytest.raises(TypeError, match="is no stream"):
		scale[1, 32, "stream"](1.0, x, x)


def test_unconfigured():
	with pytest.raises(ValueError, match=r"scale\(\) is called without grid and block") as info:
		scale(1.0, 2, 3)
	assert "scale[blocks, threads](...)" in str(info.value)
	with pytest.raises(TypeError, match="device function"):
		twice(3)
	with pytest.raises(TypeError, match="device function"):
		twice[1, 1]


def test_launch_bounds(device):
	kernel = fresh(scale, launch_bounds=64)
	x = np.ones(4, np.float32)
	kernel[1, 64](1.0, x, x.copy())
	with pytest.raises(errors.LaunchConfigError, match="launch_bounds"):
		kernel[1, 128](1.0, x, x.copy())


def test_forall():
	with pytest.raises(ValueError):
		scale.forall(-1)
	scale.forall(0)("not", "even", "looked at")


# -- arguments ---------------------------------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize("value, kind", [
	(True, "boolean"), (3, "int64"), (-3, "int64"), (2**63, "uint64"), (2**64 - 1, "uint64"), (1.5, "float64"), (np.int8(-4), "int8"),
	(np.uint32(7), "uint32"), (np.float32(2.5), "float32"), (np.float64(3.5), "float64"), (np.bool_(True), "boolean"),
	(np.longlong(5), "int64"), (np.uint16(65535), "uint16")], ids=lambda x: f"{type(x).__name__}")
def test_scalar_argument(device, value, kind):
	kernel = fresh(store)
	out = np.zeros(1, getattr(types, kind).dtype)
	kernel[1, 1](out, value)
	assert out[0] == value and kernel.signatures[0][1] is getattr(types, kind)


@pytest.mark.parametrize("value", [2**64, -2**63 - 1, b"x", [1], {1}, {}, object(), np.datetime64("2020"), cuda,
	np.zeros(2, ">f4"), np.zeros(2, object), np.zeros(2, "U3"), np.ma.zeros(2), (1, b"x"), (1, (object(),)), np.zeros((1,) * 7)],
	ids=lambda x: type(x).__name__)
def test_refused_argument(device, value):
	kernel = fresh(store)
	before = sys.getrefcount(value)
	for _ in range(20):
		with pytest.raises((ValueError, TypeError, errors.TypingError)) as info:
			kernel[1, 1](np.zeros(1), value)
	assert any("argument 'value' of store()" in note for note in info.value.__notes__)
	del info
	gc.collect()
	assert sys.getrefcount(value) <= before + 1 and kernel.signatures == []


def test_tuples(device):
	@cuda.jit
	def kernel(pair, nested, out):
		out[0] = pair[0] + pair[1] + nested[0][1] + nested[1][0]
	out = np.zeros(1)
	kernel[1, 1]((1, 2.5), ((0, 10), (np.array([100.0])[0],)), out)
	assert out[0] == 113.5
	kernel[1, 1](Point(1, 2), ((0, 10), (100, 5)), out)
	assert out[0] == 113


def test_tuple_of_arrays(device):
	@cuda.jit
	def kernel(arrays, n):
		i = cuda.grid(1)
		if i < n:
			arrays[1][i] = arrays[0][i] + 1
	x, y = np.arange(5.0), np.zeros(5)
	kernel[1, 32]((x, y), 5)
	assert (y == x + 1).all()


def test_many_arguments(device):
	names = [f"a{i}" for i in range(40)]
	scope = {}
	exec(f"def kernel({', '.join(names)}):\n\ta0[0] = {' + '.join(f'a{i}[0]' for i in range(1, 39))} + a39", scope)
	kernel = cuda.jit(scope["kernel"])
	arrays = [np.full(1, float(i)) for i in range(39)]
	kernel[1, 1](*arrays, 39)
	assert arrays[0][0] == sum(range(1, 40))


def test_none(device):
	@cuda.jit
	def kernel(out, x):
		out[0] = 1 if x is None else 2
	out = np.zeros(1)
	kernel[1, 1](out, None)
	assert out[0] == 1
	kernel[1, 1](out, 5)
	assert out[0] == 2


@pytest.mark.parametrize("make", [lambda: np.arange(12.0).reshape(3, 4), lambda: np.arange(12.0).reshape(3, 4).T,
	lambda: np.arange(48.0).reshape(6, 8)[::2, ::2], lambda: np.arange(12.0).reshape(3, 4)[::-1, ::-1],
	lambda: np.arange(12.0).reshape(3, 4)[:, 1:3], lambda: np.arange(12.0).reshape(3, 4)[1:1]], ids=range(6))
@pytest.mark.parametrize("where", ["host", "device"])
def test_array_layouts(device, make, where):
	@cuda.jit
	def negate(a):
		i, j = cuda.grid(2)
		if i < a.shape[0] and j < a.shape[1]:
			a[i, j] = -a[i, j]
	host = make()
	want = -host
	base = host.base.copy() if host.base is not None else None
	if where == "host":
		negate[1, (8, 8)](host)
		np.testing.assert_array_equal(host, want)
	else:
		array = cuda.to_device(host)
		negate[1, (8, 8)](array)
		np.testing.assert_array_equal(array.copy_to_host(), want)
	assert base is None or base.shape == host.base.shape


def test_unaligned_and_readonly(device):
	x = np.frombuffer(bytearray(b"\0" * 41), np.uint8)[1:].view(np.float64)
	assert not x.flags.aligned
	scale[1, 32](2.0, np.arange(5.0), x)
	assert x.tolist() == [0, 2, 4, 6, 8]
	frozen = np.arange(5.0)
	frozen.flags.writeable = False
	scale[1, 32](3.0, frozen, x)
	assert x.tolist() == [0, 3, 6, 9, 12]
	with pytest.raises(errors.TypingError, match="read-only"):
		scale[1, 32](3.0, x, frozen)


def test_same_array_twice(device):
	x = np.arange(100, dtype=np.float32)
	scale[4, 32](2.0, x, x)
	np.testing.assert_array_equal(x, 2 * np.arange(100))
	y = np.arange(100, dtype=np.float32)
	scale[1, 50](2.0, y[:50], y[50:])
	np.testing.assert_array_equal(y, np.r_[np.arange(50), 2 * np.arange(50)])


def test_copy_directions(device):
	x, out = np.ones(4, np.float32), np.full(4, 5, np.float32)
	scale[1, 32](2.0, cuda.In(x), cuda.InOut(out))
	assert out.tolist() == [2] * 4
	scale[1, 32](3.0, x, cuda.Out(out))
	assert out.tolist() == [3] * 4
	with pytest.raises(TypeError):
		cuda.In(cuda.In(x))


def test_keywords_and_counts(device):
	x, out = np.ones(4, np.float32), np.zeros(4, np.float32)
	scale[1, 32](2.0, out=out, x=x)
	assert out.tolist() == [2] * 4
	for call, text in ((lambda: scale[1, 32](2.0, x), r"takes 3 arguments \(a, x, out\), but 2 were given"),
			(lambda: scale[1, 32](), "but 0 were given"), (lambda: scale[1, 32](1, 2, 3, 4), "but 4 were given"),
			(lambda: scale[1, 32](2.0, x, y=out), "no parameter 'y'"), (lambda: scale[1, 32](2.0, x, a=3), "'a' twice"),
			(lambda: scale[1, 32](a=1.0, out=out), "but 2 were given")):
		with pytest.raises(TypeError, match=text):
			call()


def test_defaults(device):
	@cuda.jit
	def kernel(out, value=7):
		out[0] = value
	out = np.zeros(1)
	kernel[1, 1](out)
	assert out[0] == 7
	kernel[1, 1](out, value=8)
	assert out[0] == 8


def test_foreign_array(device):
	array = cuda.to_device(np.ones(4, np.float32))
	if device != "cuda":
		with pytest.raises(TypeError, match="in GPU memory"):
			scale[1, 32](2.0, Foreign(array), array)
		return
	scale[1, 32](2.0, Foreign(array), Foreign(array, strides=None))
	assert array.copy_to_host().tolist() == [2] * 4


@pytest.mark.parametrize("changes, text", [({"mask": 1}, "masked"), ({"typestr": "<U3"}, "dtype"), ({"data": None}, "pointer"),
	({"shape": (1,) * 7}, "shape"), ({"strides": (1, 2, 3)}, "strides"), ({"shape": "x"}, "shape")], ids=str)
def test_bad_foreign_array(changes, text):
	array = cuda.to_device(np.ones(4, np.float32))
	with pytest.raises(TypeError, match=text):
		scale[1, 32](2.0, Foreign(array, **changes), array)


def test_dlpack_host_array(device):
	x, out = np.ones(4, np.float32), np.zeros(4, np.float32)
	scale[1, 32](2.0, HostProducer(x), out)
	assert out.tolist() == [2] * 4
	if int(np.__version__.split(".")[0]) >= 2:        # NumPy 1 imports such arrays read-only
		scale[1, 32](3.0, x, HostProducer(out))
		assert out.tolist() == [3] * 4


@pytest.mark.parametrize("cls", [Tensor, NewerTensor])
def test_exchange_table(device, cls):
	x, out = np.arange(8, dtype=np.float32), np.zeros((8, 2), np.float32)
	scale[1, 32](2.0, cls(x), cls(out[:, 1]))
	assert out[:, 1].tolist() == (2 * x).tolist() and not out[:, 0].any()
	scale[1, 32](2.0, cls(x[::-1].astype("i2")), cls(out[:, 0]))
	assert out[:, 0].tolist() == (2 * x[::-1]).tolist()
	assert typeof(cls(x)) is float32[::1] and typeof(cls(out.T)) is float32[::1, :] and typeof(cls(x[::2])) is float32[:]


@pytest.mark.parametrize("tensor, text", [
	(Tensor(np.ones(2), requires_grad=True), "requires grad"), (Tensor(np.ones(2, np.complex64)), "conjugate"),
	(Tensor(np.ones(4)[::2], neg=True), "negative"), (Tensor(None), "dense tensors"), (Tensor(np.ones(2), code=4), "dtype"),
	(Tensor(np.ones(2), device=7), "neither in host memory"), (Tensor(np.ones((1,) * 7)), "dimensions")])
def test_exchange_table_refuses(tensor, text):
	with pytest.raises((TypeError, ValueError), match=text):
		scale[1, 32](2.0, tensor, np.ones(2))


def test_cupy(monkeypatch):
	"""An array that looks like CuPy's, by the attributes that are read. What is found in the module once is kept."""
	if importlib.util.find_spec("cupy"):
		pytest.skip("CuPy itself is here: test_foreign.py")
	Stream, Memory = namedtuple("Stream", "ptr"), namedtuple("Memory", "ptr")
	module = pytypes.ModuleType("cupy.cuda")
	module.get_current_stream = lambda: Stream(0)
	monkeypatch.setitem(sys.modules, "cupy", pytypes.ModuleType("cupy"))
	monkeypatch.setitem(sys.modules, "cupy.cuda", module)
	fields = {"__module__": "cupy", "dtype": np.dtype("f4"), "shape": (3, 4), "strides": (4, 12), "_c_contiguous": False,
		"data": Memory(4096)}
	cls = type("ndarray", (), fields)
	assert typeof(cls()) is float32[::1, :]
	assert typeof(type("ndarray", (), {**fields, "_c_contiguous": True})()) is float32[:, ::1]
	line = {**fields, "_c_contiguous": True, "ndim": 1, "size": 12, "shape": "not asked for"}
	assert typeof(type("ndarray", (), line)()) is float32[::1]
	if config.DEVICE == "cpu":
		with pytest.raises(TypeError, match="in GPU memory"):
			scale[1, 32](1.0, cls(), cls())
	with pytest.raises(TypeError, match="dtype"):
		typeof(type("ndarray", (), {**fields, "dtype": np.dtype("U3")})())


def test_more_classes_than_are_remembered():
	classes = [type("Number", (base,), {}) for base in (int, float) * 100]
	for _ in range(2):
		assert [typeof(cls(1)) for cls in classes] == [int64, float64] * 100


# -- specialisation --------------------------------------------------------------------------------------------------------------


def test_one_form_for_each_type(device):
	kernel = fresh(scale)
	for dtype in np.float32, np.float64, np.float32, np.int32:
		for _ in range(3):
			kernel[1, 32](2, np.ones(4, dtype), np.zeros(4, dtype))
	assert len(kernel.overloads) == len(kernel.signatures) == kernel._count() == 3
	assert kernel.signatures[0] == (int64, float32[::1], float32[::1])
	assert [sig.return_type for sig in kernel.nopython_signatures] == [void] * 3
	kernel.recompile()
	assert kernel.overloads == {}


def test_facts(device):
	kernel = fresh(scale)
	x, out = (cuda.to_device(np.zeros(64, np.float32)) for _ in range(2))

	def facts():
		return kernel._kernel_for(1.0, *args).facts - {"lanes_x", "full_warps"}
	args = x, out
	assert facts() == {"idx32", "noalias", "align16"}
	args = x, x
	assert facts() == {"idx32", "align16"}
	args = x[1:], out
	assert facts() == {"idx32", "noalias"}
	args = x[:32], x[32:]
	assert facts() == {"idx32", "noalias", "align16"}
	args = x[:33], x[32:]
	assert facts() == {"idx32", "align16"}
	if device == "cpu32":
		for block in (16, 2), 48, (3, 5):
			kernel[1, block](1.0, x, out)
		assert kernel._kernels()[0].facts == {"idx32", "noalias", "align16", "lanes_x", "full_warps"}
	assert len(kernel.overloads) == 1 and kernel._count() == (6 if device == "cpu32" else 3)


def test_written(device):
	scale[1, 32](1.0, np.zeros(4), np.zeros(4))
	assert fresh(scale)._kernel_for(1.0, np.zeros(4), np.zeros(4)).written == (False, False, True)


def test_kernel_properties(device):
	kernel = fresh(scale)
	kernel.compile("void(float32, float32[::1], float32[::1])")
	(argtypes, form), = kernel.overloads.items()
	assert argtypes == (float32, float32[::1], float32[::1]) == form.argtypes
	assert form.max_threads_per_block >= 32 and form.shared_mem_per_block == 0 and form.regs_per_thread >= 0
	assert form.max_cooperative_grid_blocks(128) >= 1 and form.max_cooperative_grid_blocks((16, 8), 0) >= 1
	assert kernel.get_regs_per_thread() == {argtypes: form.regs_per_thread}
	assert kernel.get_max_threads_per_block(argtypes) == form.max_threads_per_block
	assert kernel.get_shared_mem_per_block(void(*argtypes)) == kernel.get_const_mem_size(argtypes) == 0
	assert kernel.get_metadata(argtypes)["written"] == (False, False, True)
	assert "scale" in next(iter(kernel.inspect_llvm().values())) and kernel.inspect_asm(argtypes).strip()
	with pytest.raises(KeyError):
		kernel.get_regs_per_thread((int32,))
	threads, blocks = form.suggest_block()
	assert threads % 32 == 0 and blocks >= 1


def test_inspect_types(capsys):
	kernel = fresh(scale)
	kernel.compile((float32, float32[:], float32[:]))
	kernel.inspect_types()
	assert "float32" in capsys.readouterr().out or True
	assert kernel.inspect_types(file=sys.stderr) is None and capsys.readouterr().err.startswith("scale")


def test_explicit_signature(device):
	kernel = cuda.jit("void(float32, float32[:], float32[:])")(scale.py_func)
	assert kernel.signatures == [(float32, float32[:], float32[:])] and kernel.specialized
	x, out = np.ones(4, np.float32), np.zeros(4, np.float32)
	kernel[1, 32](True, x, out)
	assert out.tolist() == [1] * 4
	kernel[1, 32](np.int8(3), x, out)
	kernel[1, 32](2.5, x[::-1], out)
	assert out.tolist() == [2.5] * 4 and len(kernel.overloads) == 1
	for bad in (1j, x, out), (1.0, x.astype("f8"), out), (1.0, x.reshape(2, 2), out), (1.0, 3, out), ((1,), x, out):
		with pytest.raises(TypeError, match="No matching definition"):
			kernel[1, 32](*bad)
	with pytest.raises(RuntimeError):
		kernel.compile((float64, float64[:], float64[:]))
	assert isinstance(kernel.get_regs_per_thread(), int)


@pytest.mark.parametrize("kind, value, want", [
	("int32", 1.9, 1), ("int32", -1.9, -1), ("int8", 300, 44), ("uint8", -1, 255), ("int32", 2**40 + 5, 5), ("float32", 2**24 + 1, 2**24),
	("float64", 3, 3.0), ("bool", 0.5, True), ("bool", 0, False), ("int64", True, 1), ("uint64", 7.5, 7), ("int32", 1e30, 2**31 - 1),
	("int32", float("nan"), 0), ("uint32", -5.0, 0), ("float32", np.float16(1.5), 1.5), ("float64", np.uint64(2**63), 2.0**63),
	("int64", np.int8(-3), -3), ("uint16", np.uint32(65537), 1)])
def test_conversion(device, kind, value, want):
	kind = getattr(types, kind) if kind != "bool" else types.boolean
	kernel = cuda.jit([void(types.Array(kind, 1, "C"), kind)])(store.py_func)
	out = np.zeros(1, kind.dtype)
	kernel[1, 1](out, value)
	assert out[0] == want


def test_list_of_signatures(device):
	kernel = cuda.jit(["void(float32[:], float32)", "void(float64[:], float64)", "void(int64[:], int64)"])(store.py_func)
	assert len(kernel.overloads) == 3 and not kernel.specialized
	for dtype, value, want in ("f4", 1.5, 1.5), ("f8", 2.5, 2.5), ("i8", 7, 7), ("i8", 7.9, 7):
		out = np.zeros(1, dtype)
		kernel[1, 1](out, value)
		assert out[0] == want
	with pytest.raises(TypeError, match="No matching definition"):
		kernel[1, 1](np.zeros(1, "i4"), 1)
	with pytest.raises(TypeError, match="No matching"):
		cuda.jit([])(store.py_func)[1, 1](np.zeros(1), 1.0)


def test_specialize(device):
	x = np.ones(4, np.float32)
	special = scale.specialize(1.0, x, x)
	assert special.specialized and special.signatures == [(float64, float32[::1], float32[::1])]
	out = np.zeros(4, np.float32)
	special[1, 32](3, x, out)
	assert out.tolist() == [3] * 4
	locked = fresh(scale)
	locked.compile((float64, float32[::1], float32[::1]))
	locked.disable_compile()
	with pytest.raises(TypeError):
		locked[1, 32](1.0, x.astype("f8"), x.astype("f8"))


@pytest.mark.parametrize("signature, error", [
	("int32(float32, float32[:], float32[:])", TypeError), ("void(float32)", TypeError), ("void(", ValueError), (("float33",) * 3, ValueError)])
def test_bad_signature(signature, error):
	with pytest.raises(error):
		cuda.jit(signature)(scale.py_func)


def test_decorator_keywords():
	def f(x):
		x[0] = 1
	for keywords, error in (({"nonsense": 1}, TypeError), ({"boundscheck": "yes"}, TypeError),
			({"shared_memory_carveout": "most"}, ValueError), ({"shared_memory_carveout": 101}, ValueError),
			({"shared_memory_carveout": -2}, ValueError), ({"shared_memory_carveout": 0.5}, TypeError), ({"argtypes": 1}, errors.DeprecationError),
			({"launch_bounds": -1}, ValueError), ({"launch_bounds": (1, 2, 3, 4)}, ValueError), ({"inline": "maybe"}, ValueError),
			({"fastmath": "yes"}, TypeError)):
		with pytest.raises(error, match=next(iter(keywords))):
			cuda.jit(**keywords)(f)
	harmless = cuda.jit(link=[], lto=True, extensions=[], boundscheck=False, cache=True, nopython=True, inline="always",
		forceinline=True, debug=False, opt=True, lineinfo=True, max_registers=64, launch_bounds=(128, 2), fastmath=True,
		shared_memory_carveout="default")(f)
	assert harmless._options["launch_bounds"] == (128, 2) and harmless._options["inline"] == "always"
	assert cuda.jit(inline=lambda *ask: 1 / 0)(f)._options["inline"] == "never"
	for given, percent in (None, -1), ("MaxL1", 0), ("MAXSHARED", 100), ("Default", -1), (-1, -1), (np.int8(70), 70):
		assert cuda.jit(shared_memory_carveout=given, extensions=[object()])(f)._options["shared_memory_carveout"] == percent
	with pytest.warns(errors.NumbaInvalidConfigWarning):
		cuda.jit(debug=True, opt=True)(f)
	with pytest.raises(TypeError, match="a Python function is needed"):
		cuda.jit(len)
	assert cuda.jit(cuda.jit(f)).py_func is f and cuda.jit()(f).__name__ == "f" and cuda.jit(f).__wrapped__ is f


def test_method(device):
	class Model:
		@cuda.jit
		def kernel(out, x):
			out[0] = x
	assert isinstance(Model.kernel, cuda.CUDADispatcher)
	out = np.zeros(1)
	Model.kernel[1, 1](out, 3)
	assert out[0] == 3


# -- the disk cache -----------------------------------------------------------------------------------------------------------------


PROGRAM = """
import numpy as np
from gridjit import cuda
FACTOR = {factor}
@cuda.jit
def kernel(a):
	i = cuda.grid(1)
	if i < a.shape[0]:
		a[i] = FACTOR * i + {term}
a = np.zeros(5)
kernel[1, 32](a)
print(*kernel.stats[1:], a[4])
"""


def test_disk_cache(tmp_path):
	script = tmp_path / "program.py"

	def run(factor=2, term=1, **env):
		script.write_text(PROGRAM.format(factor=factor, term=term))
		done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
			env={**os.environ, "GRIDJIT_CACHE_DIR": str(tmp_path / "cache"), **env})
		assert done.returncode == 0, done.stderr
		hits, misses, value = done.stdout.split()
		return int(hits), int(misses), float(value)
	assert run() == (0, 1, 9.0)
	assert run() == (1, 0, 9.0), "a second process finds the kernel"
	assert run(factor=3) == (0, 1, 13.0), "a changed global is another kernel"
	assert run(term=5) == (0, 1, 13.0), "changed code is another kernel"
	assert run(GRIDJIT_CACHE="0") == (0, 1, 9.0)
	for path in (tmp_path / "cache").rglob("*"):
		if path.is_file():
			data = bytearray(path.read_bytes())
			data[len(data) // 2] ^= 255
			path.chmod(0o600)
			path.write_bytes(data)
	assert run() == (0, 1, 9.0), "a damaged file is a miss"


# -- pickling -------------------------------------------------------------------------------------------------------------------------


def test_pickle_by_reference():
	assert pickle.loads(pickle.dumps(scale)) is scale and pickle.loads(pickle.dumps(twice)) is twice


def test_pickle_by_value(device):
	cloudpickle = pytest.importorskip("cloudpickle")
	factor = 5

	@cuda.jit("void(float64[:])")
	def kernel(a):
		a[0] = factor * twice(a[0])
	data = cloudpickle.dumps(kernel)
	assert pickle.loads(data) is kernel
	_pickle._made.clear()                      # as in another process
	other = pickle.loads(data)
	assert other is not kernel and other.specialized and other.signatures == kernel.signatures
	a = np.ones(1)
	other[1, 1](a)
	assert a[0] == 10


def combine(a, b):
	return a + b


def rising(a, b):
	return a if a > b else b


@gridjit.fuse
def fused(x, y):
	return x * y + 1


added, highest = cuda.reduce(combine), cuda.scan(rising)


def test_pickle_of_what_has_no_name(device):
	"""Reductions and scans are objects, fused functions are a class of C: all are pickled by their function, as kernels are."""
	cloudpickle = pytest.importorskip("cloudpickle")
	x = np.array([1.0, 3.0, 2.0])
	for made, args in (added, (x,)), (highest, (x,)), (fused, (x, 2.0)), (gridjit.fuse(lambda a: a + 1, fastmath=True), (x,)):
		assert pickle.loads(cloudpickle.dumps(made)) is made and copy.deepcopy(made) is made
		data = cloudpickle.dumps(made)
		_pickle._made.clear()                  # as in another process
		assert np.array_equal(pickle.loads(data)(*args), made(*args))
		assert getattr(pickle.loads(data), "_options", None) == getattr(made, "_options", None)


def test_pickle_refused(monkeypatch):
	monkeypatch.setitem(sys.modules, "cloudpickle", None)
	kernel = cuda.jit(lambda a: None)
	with pytest.raises(TypeError, match="cloudpickle"):
		pickle.dumps(kernel)


# -- threads, memory ---------------------------------------------------------------------------------------------------------------------


def test_threads(device):
	kernel = fresh(scale)
	failures = []

	def work(seed):
		for dtype in np.float32, np.float64, np.int32, np.int64:
			for n in range(1, 40):
				x, out = np.arange(n).astype(dtype), np.zeros(n, dtype)
				kernel[2, 32](seed, x, out)
				if not (out == seed * x).all():
					failures.append((seed, dtype, n))
	threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not failures and len(kernel.overloads) == 4


@cuda.jit
def product(a, b, out):
	i, j = cuda.grid(2)
	if i < out.shape[0] and j < out.shape[1]:
		total = 0.0
		for k in range(a.shape[1]):
			total += a[i, k] * b[k, j]
		out[i, j] = total


def test_code_does_not_depend_on_what_is_compiled_beside_it():
	"""Kernels for the CPU and for a GPU want LLVM's loops otherwise: each gets what it wants, whichever threads compile meanwhile."""
	config.DEVICE = "cpu"
	plane, line = types.Array(float32, 2, "C"), types.Array(float32, 1, "C")
	wanted = cuda.compile_ptx(product.py_func, (plane, plane, plane))[0]
	x, out = np.arange(100, dtype=np.float32), np.zeros(100, np.float32)
	failures = []

	def to_ptx():
		if cuda.compile_ptx(product.py_func, (plane, plane, plane))[0] != wanted:
			failures.append("ptx")

	def to_cpu():
		kernel = cuda.jit(scale.py_func)
		kernel.compile((float32, line, line))
		kernel[4, 32](3, x, out)
		if not (out == 3 * x).all():
			failures.append("cpu")
	threads = [threading.Thread(target=work) for work in (to_ptx, to_cpu) * 6]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not failures


def resident():
	with open("/proc/self/statm") as file:
		return int(file.read().split()[1]) * resource.getpagesize()


def test_launches_leak_nothing():
	"""100,000 launches with host arrays, device arrays, tuples, keywords and errors: references and memory stay."""
	config.DEVICE = "cpu"
	x, out = np.ones(8, np.float32), np.zeros(8, np.float32)
	dx, dout = cuda.to_device(x), cuda.to_device(out)
	pair = fresh(store)

	def once():
		scale[1, 8](2.0, x, out)
		scale[1, 8](2.0, dx, dout)
		scale[1, 8](2.0, out=dout, x=x)
		pair[1, 1](out, np.float32(2))
	for _ in range(500):
		once()
	gc.collect()
	objects = x, out, dx, dout, scale, pair, x.dtype
	references = [sys.getrefcount(value) for value in objects]
	before = resident()
	for _ in range(25_000):
		once()
	gc.collect()
	assert [sys.getrefcount(value) for value in objects] == references
	# Under ASan freed memory waits in quarantine.
	assert resident() - before < 4 * 2**20 or os.environ.get("GRIDJIT_TEST_ASAN")


def test_failed_launches_leak_nothing():
	out = np.zeros(8, np.float32)
	value = object()

	def once():
		for call in (lambda: store[1, 1](out, value), lambda: store[1, 1](out), lambda: store[0, 1], lambda: store[1, 1](out, (1, value))):
			with pytest.raises((TypeError, ValueError)):
				call()
	once()
	gc.collect()
	references = sys.getrefcount(out), sys.getrefcount(value), sys.getrefcount(store)
	for _ in range(300):
		once()
	gc.collect()
	after = sys.getrefcount(out), sys.getrefcount(value), sys.getrefcount(store)
	assert all(abs(a - b) <= 2 for a, b in zip(after, references)), (references, after)


def test_dispatchers_are_collected():
	def make():
		@cuda.jit
		def kernel(a):
			a[0] = kernel_name
		kernel_name = 3
		kernel[1, 1](np.zeros(1))
		kernel.itself = kernel
		return weakref.ref(kernel)
	gone = make()
	gc.collect()
	assert gone() is None
