"""What is imported when: names whose modules come late, and the paths of numba's that programs import from."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, types
from gridjit.cuda import devicearray

LATE = [("gridjit", name) for names in gridjit._LATE.values() for name in names.split()] \
	+ [("gridjit.cuda", name) for names in cuda._LATE.values() for name in names.split()] \
	+ [("gridjit.cuda", name) for name in cuda._MODULES]


def fresh(code):
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
	assert done.returncode == 0, done.stderr
	return done.stdout


def test_an_import_is_short():
	"""What most programs do not use is not loaded, nor what takes long and is loaded by nobody else."""
	loaded = fresh("import numpy, sys; before = set(sys.modules); import gridjit; print(*set(sys.modules) - before)").split()
	late = [f"gridjit.cuda.{name}" for name in (*cuda._LATE, "_operators", "_ufuncs", "cudadrv")] + ["gridjit.fusing", "gridjit.jitting",
		"gridjit.parallel", "gridjit.ufuncs", "inspect", "dis", "ctypes", "asyncio", "concurrent.futures", "cmath"]
	assert not set(loaded) & set(late) and len(loaded) < 20, sorted(loaded)


@pytest.mark.parametrize("package, name", LATE)
def test_late_names(package, name):
	module = importlib.import_module(package)
	assert name in dir(module) and getattr(module, name) is getattr(module, name)
	exec(f"from {package} import {name}", {})


def test_late_names_in_another_process():
	out = fresh("""
from gridjit import cuda
print(cuda.random.xoroshiro128p_dtype.itemsize, cuda.compile.__module__, cuda.reduce.__name__, cuda.hostarray.__name__)
""")
	assert out.split() == ["16", "gridjit.cuda.compiler", "Reduce", "gridjit.cuda.hostarray"]


def test_operators_of_device_arrays_come_late():
	out = fresh("""
import numpy as np
from gridjit import cuda
import sys
a = cuda.to_device(np.arange(3))
assert "gridjit.cuda._operators" not in sys.modules
print((a + 1).copy_to_host(), (2 * a).copy_to_host(), hash(a) == hash(a))
a += 1
print(a.sum().copy_to_host(), np.sqrt(a * a).copy_to_host(), (a == 2).copy_to_host())
""")
	assert out.split("\n")[:2] == ["[1 2 3] [0 2 4] True", "6 [1. 2. 3.] [False  True False]"]
	cuda.DeviceNDArray.sum                                # puts all in place
	left = [name for name in devicearray._DEFERRED if isinstance(cuda.DeviceNDArray.__dict__[name], devicearray._Deferred)]
	assert not left, "_operators has no such methods"
	assert cuda.DeviceNDArray.sum.__doc__.startswith("Sum")


# numba's path, ours, what programs take from there.
PATHS = """
numba.core.errors TypingError NumbaPerformanceWarning
numba.core.types int32 float64
numba.core.config OPT
numba.np.numpy_support from_dtype as_dtype
numba.cuda.types float32 CPointer
numba.cuda.errors TypingError
numba.cuda.args In Out InOut
numba.cuda.compiler compile_ptx compile compile_for_current_device
numba.cuda.dispatcher CUDADispatcher
numba.cuda.random create_xoroshiro128p_states xoroshiro128p_uniform_float32
numba.cuda.cg this_grid
numba.cuda.cudadrv devices driver error devicearray runtime
numba.cuda.cudadrv.devicearray DeviceNDArray MappedNDArray ManagedNDArray is_cuda_ndarray auto_device require_cuda_ndarray
numba.cuda.cudadrv.error CudaSupportError CudaDriverError CudaAPIError
numba.cuda.cudadrv.driver device_memset host_to_device device_to_host device_to_device CudaAPIError Device Stream Event
numba.cuda.cudadrv.devices gpus get_context require_context reset
numba.cuda.cudadrv.runtime runtime get_version
"""


@pytest.mark.parametrize("path", PATHS.strip().splitlines())
def test_paths_of_numba(path):
	module, *names = path.replace("numba", "gridjit", 1).split()
	space = {}
	exec(f"import {module}\nfrom {module} import {', '.join(names)}", space)
	assert set(names) <= set(space)


def test_one_thing_under_two_paths():
	from gridjit.cuda import errors as cuda_errors
	from gridjit.cuda import types as cuda_types
	import gridjit.cuda.types
	assert cuda_types is types is gridjit.cuda.types and cuda_errors.TypingError is errors.TypingError
	from gridjit.np.numpy_support import as_dtype, from_dtype
	assert as_dtype(from_dtype("i2")) == np.int16
	with pytest.raises(NotImplementedError):
		as_dtype(types.none)


def test_driver_functions(device):
	from gridjit.cuda.cudadrv import driver
	array, host = cuda.to_device(np.arange(4, dtype=np.int32)), np.zeros(4, np.int32)
	assert driver.is_device_memory(array) and not driver.is_device_memory(host)
	driver.device_memset(array, 1, 8)
	driver.device_to_host(host, array, 16)
	assert host.tolist() == [0x01010101, 0x01010101, 2, 3]
	other = cuda.device_array_like(array)
	driver.host_to_device(other, np.array([4, 3, 2, 1], np.int32), driver.host_memory_size(host), stream=cuda.stream())
	cuda.synchronize()
	driver.device_to_device(array, other.device_pointer, driver.device_memory_size(other))
	assert array.copy_to_host().tolist() == [4, 3, 2, 1]
	with pytest.raises(ValueError, match="read-only"):
		driver.device_to_host(b"text", array, 4)
	with pytest.raises(ValueError):
		driver.device_memset(array, 0, -1)
	with pytest.raises(errors.CudaAPIError):
		driver.device_memset(array, 0, 1 << 40)


def test_contexts_and_devices(device):
	context, here = cuda.current_context(), cuda.get_current_device()
	assert [int(s) for s in (context.get_default_stream(), context.get_legacy_default_stream(), context.get_per_thread_default_stream())] == [0, 1, 2]
	assert int(context.create_external_stream(1)) == 1
	info = context.get_memory_info()
	assert info == (info.free, info.total) and 0 < info.free <= info.total and "free=" in repr(info)
	if device == "cuda":
		assert type(here).from_identity(here.get_device_identity()) == here
	with pytest.raises(RuntimeError, match="No device of identity"):
		type(here).from_identity({"pci_domain_id": -1})
