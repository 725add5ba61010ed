"""The public surface: every name that numba.cuda users import is there and says what it does."""

import subprocess
import sys

import pytest

import gridjit
from gridjit import cuda, errors

TOP = """jit njit prange vectorize guvectorize fuse cuda types typeof from_dtype literal_unroll errors config __version__ device_kind
	int8 int16 int32 int64 uint8 uint16 uint32 uint64 intp uintp float16 float32 float64 complex64 complex128 boolean void none
	b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 bool_ int_ uint intc uintc float_ double""".split()

INTRINSICS = """threadIdx blockIdx blockDim gridDim laneid warpsize grid gridsize shared local const syncthreads
	syncthreads_count syncthreads_and syncthreads_or syncwarp threadfence_block threadfence threadfence_system shfl_sync
	shfl_up_sync shfl_down_sync shfl_xor_sync all_sync any_sync eq_sync ballot_sync match_any_sync match_all_sync activemask
	lanemask_lt popc clz ffs brev selp fma cbrt nanosleep atomic""".split()

HOST = """jit compile compile_ptx compile_for_current_device compile_ptx_for_current_device to_device device_array
	device_array_like pinned_array pinned_array_like as_cuda_array is_cuda_array from_cuda_array_interface defer_cleanup In Out
	InOut stream default_stream legacy_default_stream per_thread_default_stream external_stream event event_elapsed_time
	synchronize is_available is_supported_version cuda_error detect list_devices gpus select_device get_current_device
	current_context require_context close profile_start profile_stop profiling is_float16_supported is_bfloat16_supported
	is_fp8_supported DeviceNDArray Stream Event Device Context CudaAPIError CudaSupportError CudaDriverError""".split()

ARRAY = """shape strides dtype ndim size nbytes alloc_size flags gpu_data stream T device_ctypes_pointer copy_to_host copy_to_device
	is_c_contiguous is_f_contiguous ravel reshape transpose squeeze view split bind getitem setitem copy get_ipc_handle
	as_cuda_arg""".split()

DISPATCHER = """configure forall specialize specialized compile overloads signatures nopython_signatures recompile disable_compile
	enable_caching stats get_metadata extensions py_func inspect_llvm inspect_asm inspect_lto_ptx inspect_sass inspect_types
	get_regs_per_thread get_const_mem_size get_shared_mem_per_block get_max_threads_per_block
	get_local_mem_per_thread""".split()

ERRORS = """NumbaError TypingError UnsupportedError UnsupportedBytecodeError LoweringError CompilerError NumbaTypeError
	NumbaValueError NumbaWarning NumbaPerformanceWarning NumbaInvalidConfigWarning NumbaDeprecationWarning DeprecationError
	CudaAPIError CudaSupportError CudaDriverError LinkerError RequireLiteralValue ConstantInferenceError""".split()


@pytest.mark.parametrize("where, name", [(gridjit, name) for name in TOP] + [(cuda, name) for name in HOST + INTRINSICS]
	+ [(cuda.DeviceNDArray, name) for name in ARRAY] + [(cuda.CUDADispatcher, name) for name in DISPATCHER]
	+ [(errors, name) for name in ERRORS], ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_public_name(where, name):
	value = getattr(where, name)
	assert value is not None or name == "cuda_error"


@pytest.mark.parametrize("where, names", [(cuda, HOST), (cuda.DeviceNDArray, ARRAY), (cuda.CUDADispatcher, DISPATCHER),
	(errors, ERRORS)], ids=["cuda", "DeviceNDArray", "CUDADispatcher", "errors"])
def test_docstrings(where, names):
	missing = [name for name in names if not (getattr(where, name).__doc__ or "").strip() and name != "specialized"]
	assert not missing


@pytest.mark.parametrize("name", INTRINSICS)
def test_intrinsic_outside_a_kernel(name):
	value = getattr(cuda, name)
	assert repr(value) == f"cuda.{name}"
	with pytest.raises(RuntimeError, match=f"cuda.{name}"):
		value(1)


@pytest.mark.parametrize("name", ["codegen", "stubs"])
def test_cuda_not_built_yet(name):
	with pytest.raises(NotImplementedError, match=name):
		getattr(cuda, name)


def test_unknown_attribute():
	assert not hasattr(cuda, "no_such_thing")


def test_error_classes():
	assert issubclass(errors.TypingError, errors.NumbaError) and issubclass(errors.NumbaValueError, errors.TypingError)
	assert issubclass(errors.NumbaPerformanceWarning, Warning) and issubclass(errors.CudaSupportError, ImportError)
	error = errors.CudaAPIError(700, "gone")
	assert error.code == 700 and error.msg == "gone" and str(error) == "[700] gone"


def run(code, **env):
	import os
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
		env={**os.environ, **{name: str(value) for name, value in env.items()}})
	assert done.returncode == 0, done.stderr
	return done.stdout.strip()


def test_import_touches_no_driver():
	"""libcuda must be opened at first use only: here opening it would end the process."""
	code = """
import ctypes, os
import gridjit.cuda
maps = open("/proc/self/maps").read()
assert "libcuda" not in maps, "libcuda is loaded"
from gridjit import cuda
k = cuda.jit(lambda x: None)
k[1, 32]
assert "libcuda" not in open("/proc/self/maps").read()
print("fine")"""
	assert run(code, GRIDJIT_DEVICE="auto") == "fine"


def test_import_is_light():
	"""Nothing heavy comes with the import beyond what NumPy brings."""
	code = """
import sys, numpy
before = set(sys.modules)
import gridjit.cuda
new = {name.split(".")[0] for name in set(sys.modules) - before} - {"gridjit"}
print(sorted(new & {"concurrent", "multiprocessing", "asyncio", "ast", "logging", "llvmlite", "numba", "torch"}))"""
	assert run(code) == "[]"


def test_compile_needs_no_device():
	code = """
from gridjit import cuda, float32
ptx, kind = cuda.compile(lambda x: x * x, (float32,), cc=(8, 0))
print(kind, ".target sm_80" in ptx)
assert "libcuda" not in open("/proc/self/maps").read()"""
	assert run(code, GRIDJIT_DEVICE="auto") == "float32 True"


def test_compile_to_an_explicit_return_type():
	ptx, kind = cuda.compile(lambda x: x + 1, "float32(float32)")
	assert kind is gridjit.float32 and ".visible .func" in ptx
	with pytest.raises(TypeError, match="void return type"):
		cuda.compile(lambda x: x, "float32(float32)", device=False)


@pytest.mark.parametrize("keywords, error", [({"abi": "x"}, NotImplementedError), ({"output": "ltoir"}, NotImplementedError),
	({"cc": 3}, ValueError), ({"cc": (9, 0, 0)}, ValueError), ({"cc": "x"}, ValueError)])
def test_compile_options(keywords, error):
	with pytest.raises(error):
		cuda.compile(lambda x: x, "float32(float32)", **keywords)


def test_compile_takes_functions():
	assert "sm_80" in cuda.compile(lambda x: x, "float32(float32)", cc="8.0")[0]
	for what in 3, len, int:
		with pytest.raises(errors.TypingError, match=f"an object of type {type(what).__name__} cannot be compiled"):
			cuda.compile(what, "float32(float32)")


def test_gpu_asked_for_but_absent():
	code = """
from gridjit import cuda, errors
if cuda.is_available():
	print("has a GPU")
else:
	try:
		cuda.to_device([1.0])
	except errors.CudaSupportError as error:
		print("GRIDJIT_DEVICE=gpu" in str(error))"""
	assert run(code, GRIDJIT_DEVICE="gpu", GRIDJIT_CUDA_LIBRARY="no-such-library.so") in ("True", "has a GPU")


@pytest.mark.parametrize("variable, value", [("GRIDJIT_DEVICE", "tpu"), ("GRIDJIT_CPU_WIDTH", "7"), ("GRIDJIT_CPU_MATH", "x")])
def test_bad_setting(variable, value):
	code = f"""
try:
	import gridjit
except ValueError as error:
	print({variable!r} in str(error))"""
	assert run(code, **{variable: value}) == "True"


def test_config_is_checked():
	with pytest.raises(ValueError):
		gridjit.config.DEVICE = "tpu"
	with pytest.raises(ValueError):
		gridjit.config.CPU_WIDTH = 8
	assert gridjit.config.DEVICE in ("auto", "cpu", "gpu") and not gridjit.config.ENABLE_CUDASIM


def test_devices(device, capsys):
	assert cuda.is_available() and cuda.detect() and "SUPPORTED" in capsys.readouterr().out
	current = cuda.get_current_device()
	assert current == cuda.gpus.current == cuda.gpus[current.id] and current in list(cuda.list_devices())
	assert current.kind == gridjit.device_kind() == ("cuda" if device == "cuda" else "cpu")
	assert current.MULTIPROCESSOR_COUNT > 0 and current.WARP_SIZE == 32 and current.MAX_THREADS_PER_BLOCK == 1024
	assert len(current.uuid) == 40 and isinstance(current.compute_capability, tuple)
	free, total = cuda.current_context().get_memory_info()
	assert 0 < free <= total
	with current as same:
		assert same is current
	with cuda.gpus[0]:
		cuda.synchronize()
	with pytest.raises(IndexError):
		cuda.select_device(1000)
	with pytest.raises(errors.CudaAPIError):
		cuda.gpus[-1]
	cuda.current_context().reset()
	cuda.profile_start()
	cuda.profile_stop()


def test_nothing_waits_to_be_freed(device):
	waiting = cuda.current_context().deallocations
	with waiting.disable():
		waiting.clear()
	assert len(waiting) == 0 and not waiting.is_disabled


def test_threads_by_numbas_name():
	assert gridjit.config.NUMBA_NUM_THREADS == gridjit.config.NUMBA_DEFAULT_NUM_THREADS == gridjit.get_num_threads()
	threads = gridjit.njit(lambda: gridjit.config.NUMBA_NUM_THREADS)
	assert threads() == gridjit.get_num_threads()


def test_device_attributes(device):
	"""CUDA's numbers by name, as many as the device has."""
	current = cuda.get_current_device()
	assert current.MAX_THREADS_PER_MULTIPROCESSOR == current.MAX_THREADS_PER_MULTI_PROCESSOR >= 1024
	for name in "NO_SUCH_ATTRIBUTE", "nonsense", "_private":
		assert not hasattr(current, name)
	with pytest.raises(AttributeError, match="has no .*attribute L3_CACHE_SIZE"):
		current.L3_CACHE_SIZE
	assert cuda.current_context() == cuda.current_context(0) != 3 and hash(cuda.current_context()) == hash(current)


def test_device_attributes_of_the_driver(fake_driver):
	"""The fake driver gives each its number and 1000."""
	code = """
from gridjit import cuda
device = cuda.get_current_device()
print(device.L2_CACHE_SIZE, device.GLOBAL_MEMORY_BUS_WIDTH, device.IS_MULTI_GPU_BOARD, hasattr(device, "FOO"))"""
	assert run(code, **fake_driver) == "1038 1037 1084 False"


def test_a_callback_that_fails(device):
	stream = cuda.stream()
	with pytest.warns(UserWarning, match=r"a stream's callback failed: ZeroDivisionError"):
		stream.add_callback(lambda *args: 1 / 0)
		stream._callbacks.shutdown()


def test_streams_and_events(device):
	stream = cuda.stream()
	start, end = cuda.event(), cuda.event()
	start.record(stream)
	end.record(stream)
	end.synchronize()
	assert cuda.event_elapsed_time(start, end) >= 0 and end.query() in (True, False)
	with stream.auto_synchronize() as same:
		assert same is stream
	start.wait(stream)
	assert stream.query() and bool(stream) and isinstance(int(stream), int)
	cuda.default_stream().synchronize()
	called = []
	stream.add_callback(lambda *args: called.append(args), "argument")
	stream._callbacks.shutdown()
	assert called == [(stream, 0, "argument")]
	with pytest.raises(TypeError):
		start.elapsed_time(3)
	with pytest.raises(TypeError, match="is no stream"):
		start.record("stream")


def test_async_done(device):
	import asyncio

	async def wait():
		stream = cuda.stream()
		assert await stream.async_done() is stream
	asyncio.run(wait())


def test_paths_of_numba():
	import gridjit.core.config
	from gridjit.core import config, types
	from gridjit.core.errors import TypingError
	assert TypingError is errors.TypingError and gridjit.core.config is config is gridjit.config and types is gridjit.types
	assert cuda.types is types
	with pytest.raises(ModuleNotFoundError):
		import gridjit.core.nothing


def test_runtime_version(device):
	from gridjit.cuda import runtime
	major, minor = runtime.get_version()
	assert runtime is cuda.runtime and runtime.is_supported_version()
	assert (major, minor) == (0, 0) if device != "cuda" else major >= 12 and 0 <= minor < 10
