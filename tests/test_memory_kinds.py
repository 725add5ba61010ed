"""Memory that the host and kernels share: pinned, mapped, managed; page-locking of arrays that exist; memory of other processes
and of other GPUs. The GPU's part runs on the fake driver as well, each test in a process of its own."""

import gc
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from gridjit import cuda, errors

MAKERS = {"pinned": cuda.pinned_array, "mapped": cuda.mapped_array, "managed": cuda.managed_array,
	"combined": lambda *args, **keywords: cuda.mapped_array(*args, wc=True, portable=True, **keywords),
	"attached": lambda *args, **keywords: cuda.managed_array(*args, attach_global=False, **keywords)}


@cuda.jit
def add_one(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] += 1


@pytest.mark.parametrize("kind", [name for name in MAKERS if name != "attached"])
def test_kernels_use_them(device, kind):
	array = MAKERS[kind](1000, np.float32)
	array[:] = np.arange(1000)
	add_one[4, 256](array)
	cuda.synchronize()
	np.testing.assert_array_equal(array, np.arange(1000, dtype=np.float32) + 1)
	add_one[4, 256](array[::2])
	cuda.synchronize()
	np.testing.assert_array_equal(array[:4], [2, 2, 4, 4])


@pytest.mark.parametrize("kind", MAKERS)
def test_shapes(device, kind):
	array = MAKERS[kind]((3, 4), "i2", order="F")
	assert array.shape == (3, 4) and array.dtype == np.int16 and array.flags.f_contiguous and array.flags.writeable
	assert MAKERS[kind](()).shape == () and MAKERS[kind](0).size == 0 and MAKERS[kind]((2, 0)).size == 0
	strided = MAKERS[kind]((3, 2), "i4", strides=(16, 4))
	assert strided.strides == (16, 4)
	strided[...] = 5
	for wrong in (-1, (2, -1)):
		with pytest.raises(ValueError):
			MAKERS[kind](wrong)
	with pytest.raises((errors.CudaMemoryError, ValueError)):
		MAKERS[kind](1 << 60)


def test_like():
	fortran = np.zeros((3, 4), "f4", order="F")
	for like, cls in (cuda.pinned_array_like, np.ndarray), (cuda.mapped_array_like, cuda.MappedNDArray):
		array = like(fortran)
		assert type(array) is cls and array.shape == (3, 4) and array.dtype == np.float32 and array.flags.f_contiguous


@pytest.mark.parametrize("make, cls", [(cuda.mapped_array, cuda.MappedNDArray), (cuda.managed_array, cuda.ManagedNDArray)])
def test_as_device_arrays(device, make, cls):
	array = make((4, 6), "f8")
	array[...] = 7
	assert isinstance(array, cls) and isinstance(array[1:], cls) and isinstance(array, np.ndarray)
	assert array.gpu_data.nbytes == array.alloc_size == 4 * 6 * 8 and array[1:].gpu_data is array.gpu_data
	assert array[1:].device_pointer == array.device_pointer + 48 == array[1:].device_ctypes_pointer.value
	assert array.stream == 0 and array.as_cuda_arg() is array and array.is_c_contiguous() and not array.is_f_contiguous()
	host = array.copy_to_host()
	assert type(host) is np.ndarray and (host == 7).all() and not np.shares_memory(host, array)
	array.copy_to_device(np.full((4, 6), 2.0))
	array[:1].copy_to_device(cuda.to_device(np.full((1, 6), 3.0)))
	assert array.copy_to_host(np.empty((4, 6)))[:, 0].tolist() == [3, 2, 2, 2]
	for call in array.copy_to_device, array.copy_to_host:
		with pytest.raises(ValueError):
			call(np.zeros(5))
	copy = array + 1
	assert copy.gpu_data is None and copy.alloc_size == copy.nbytes and not hasattr(copy, "device_pointer")
	add_one[1, 32](copy[0])
	cuda.synchronize()
	assert copy[:2, 0].tolist() == [5, 3]
	assert cuda.is_cuda_array(array) == (device == "cuda")


def test_memory_outlives_the_array(device):
	view = cuda.mapped_array(100, "i4")[50:]
	view[:] = 3
	gc.collect()
	assert (view == 3).all()


def test_pinned_context(device):
	array = np.zeros((10, 10))
	with cuda.pinned(array, array[::2, ::-1], np.zeros(0), np.zeros(())):
		on_device = cuda.to_device(array, stream=cuda.stream())
		cuda.synchronize()
	assert (on_device.copy_to_host() == 0).all()
	with pytest.raises(TypeError, match=r"pinned\(\) takes NumPy arrays, not list"), cuda.pinned([1, 2]):
		pass
	with pytest.raises(ZeroDivisionError), cuda.pinned(array):
		1 / 0


def test_mapped_context(device):
	x, pages = np.zeros(100), np.zeros(1 << 16)           # y shares no page with x
	y = pages[1 << 15:][:10]
	y[:] = np.arange(10)
	with cuda.mapped(x) as on_device:
		assert isinstance(on_device, cuda.DeviceNDArray) and on_device.shape == (100,)
		add_one[1, 128](on_device)
		cuda.synchronize()
		assert (x == 1).all()
	with cuda.mapped(x, y[::-2], stream=cuda.stream()) as (a, b):
		add_one[1, 32, a.stream](b)
		a.stream.synchronize()
	del a, b
	assert y.tolist() == [0, 2, 2, 4, 4, 6, 6, 8, 8, 10]
	y.flags.writeable = False
	with cuda.mapped(y) as on_device, pytest.raises(errors.TypingError, match="read-only"):
		add_one[1, 32](on_device)


def test_context_allocates(device):
	context = cuda.current_context()
	assert [context.memhostalloc(10, mapped=True).kind, context.memhostalloc(10, wc=True).kind, context.memalloc(10).kind,
		context.memallocmanaged(10).kind] == ["pinned", "write-combined", "device", "managed"]
	array = np.zeros(10)
	buffer = context.mempin(array, array.ctypes.data, array.nbytes, mapped=True)
	assert buffer.size == 80 and buffer.kind == "registered"
	assert memoryview(cuda.pinned_array(1).base).nbytes == 8
	with pytest.raises(BufferError):
		memoryview(context.memalloc(10))
	with pytest.raises(ValueError, match="no kind of memory called opened"):
		type(buffer)(10, "opened")


def test_peers(device):
	context = cuda.current_context()
	assert context.can_access_peer(context)
	context.enable_peer_access(context)
	with pytest.raises(errors.CudaAPIError):
		context.can_access_peer(4096)


# -- other processes ---------------------------------------------------------------------------------------------------------

CHILD = """
import pickle, sys
from gridjit import config, cuda
config.DEVICE = {device!r}
handle, part = pickle.load(sys.stdin.buffer)
with handle as array, part as two:
	print(array.copy_to_host().tolist(), two.copy_to_host().tolist())
	array[0] = 50
	two[1] = 60
	cuda.synchronize()
del array, two
"""


def in_another(code, data):
	done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(data), capture_output=True, timeout=120,
		env=os.environ | {"GRIDJIT_CPU_THREADS": "1"})
	assert done.returncode == 0, done.stderr.decode()
	return done.stdout.decode()


def test_processes_share(device):
	if device == "cpu1":
		pytest.skip("memory has no width")
	array = cuda.to_device(np.arange(5.))
	handle = array.get_ipc_handle()
	part = array[::2].get_ipc_handle()                     # shared memory stays where it is
	seen = in_another(CHILD.format(device="gpu" if device == "cuda" else "cpu"), (handle, part))
	assert seen == "[0.0, 1.0, 2.0, 3.0, 4.0] [0.0, 2.0, 4.0]\n"
	assert array.copy_to_host().tolist() == [50, 1, 60, 3, 4]


def test_the_same_process(device):
	array = cuda.to_device(np.arange(6, dtype=np.int32).reshape(2, 3))
	handle = pickle.loads(pickle.dumps(array.get_ipc_handle()))
	with handle as again:
		again[1, 2] = 9
		assert again.shape == (2, 3) and again.dtype == np.int32
	assert array.copy_to_host()[1, 2] == 9


def test_the_array_moves_only_where_nobody_knows_it(device):
	for use in (lambda a: a[1:], lambda a: a.device_pointer, lambda a: a.device_ctypes_pointer):
		array = cuda.to_device(np.arange(5.))
		kept = use(array)
		with pytest.raises(RuntimeError, match="right after the array was made"):
			array.get_ipc_handle()
		del kept
	with pytest.raises(ValueError, match="64 bytes"), cuda.open_ipc_array(b"short", 3, "f4"):
		pass
	with pytest.raises(errors.CudaAPIError), cuda.open_ipc_array(bytes(64), 3, "f4"):
		pass


# -- the GPU's part, on the fake driver --------------------------------------------------------------------------------------

SETUP = """
import ctypes, gc, os
import numpy as np
import pytest
from gridjit import cuda, errors

driver = ctypes.CDLL(os.environ["GRIDJIT_CUDA_LIBRARY"])
calls = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_char_p)(ctypes.cast(ctypes.byref(ctypes.c_void_p.in_dll(driver, "fake")),
	ctypes.POINTER(ctypes.c_void_p))[0])

def copies():
	return calls(b"cuMemcpyHtoD") + calls(b"cuMemcpyHtoDAsync")

@cuda.jit
def add_one(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] += 1
"""


def on_fake(code, environment):
	done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=120,
		env=os.environ | environment | {"GRIDJIT_CACHE": "0"})
	assert done.returncode == 0, done.stderr


def test_in_place_on_a_gpu(fake_driver):
	on_fake("""
for array in cuda.mapped_array(100), cuda.mapped_array(100, wc=True), cuda.managed_array(100):
	add_one[1, 128](array)
	add_one[1, 128](array[::2])
	assert cuda.is_cuda_array(array) and array[1:].__cuda_array_interface__["data"][0] == array.ctypes.data + 8
	assert copies() == 0
host = np.zeros(100)
with cuda.mapped(host) as on_device:
	add_one[1, 128](on_device)
	assert on_device.device_pointer == host.ctypes.data and calls(b"cuMemHostRegister") == 1
	with cuda.pinned(host):                                # locked already
		pass
	with pytest.raises(ValueError, match="page-locked already"), cuda.mapped(np.lib.stride_tricks.as_strided(host, (150,))):
		pass
	assert calls(b"cuMemHostUnregister") == 0
del on_device
assert calls(b"cuMemHostUnregister") == 1 and copies() == 0
add_one[999, 128](array + 1)                               # a copy is host memory, too many threads to leave it there
assert copies() == 1
""", fake_driver)


def test_sharing_on_a_gpu(fake_driver):
	on_fake("""
array = cuda.to_device(np.arange(5.))
handle = array.get_ipc_handle()
assert calls(b"cuIpcGetMemHandle") == 1 and array.copy_to_host().tolist() == [0, 1, 2, 3, 4]
with cuda.open_ipc_array(handle._handle, 2, np.float64, offset=24) as other:
	assert other.copy_to_host().tolist() == [3, 4]
del other
assert calls(b"cuIpcOpenMemHandle") == calls(b"cuIpcCloseMemHandle") == 1
first, second = (device.get_primary_context() for device in cuda.gpus)
assert first.can_access_peer(second) and calls(b"cuCtxEnablePeerAccess") == 0
first.enable_peer_access(second)
first.enable_peer_access(1)
assert calls(b"cuCtxEnablePeerAccess") == 2 and calls(b"cuMemPoolSetAccess") == 2
""", fake_driver | {"FAKE_CUDA_DEVICES": "2"})


def test_arrays_of_several_devices(fake_driver):
	on_fake("""
x = cuda.to_device(np.arange(5.))
with cuda.gpus[1]:
	y = cuda.device_array(5)
	y.copy_to_device(x)
	part = cuda.device_array(10)[::2]
assert calls(b"cuMemcpyPeerAsync") == 1 and y.copy_to_host().tolist() == [0, 1, 2, 3, 4]
y.copy_to_device(np.ones(5))
x.copy_to_device(y)
assert x.copy_to_host().tolist() == [1] * 5 and cuda.get_current_device().id == 0

@cuda.jit
def one(a):
	a[0] = 1

for refused in y, y[1:], part:
	try:
		one[1, 1](refused)
	except ValueError as error:
		assert "memory of device 1" in str(error)
	else:
		raise AssertionError
cuda.current_context().enable_peer_access(1)
one[1, 1](y)
one[1, 1](part)
with cuda.gpus[1]:
	try:
		one[1, 1](x)
	except ValueError as error:
		assert "memory of device 0" in str(error)
	else:
		raise AssertionError
""", fake_driver | {"FAKE_CUDA_DEVICES": "2"})
