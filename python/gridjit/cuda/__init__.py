"""The API of numba.cuda. Importing it neither opens the driver nor loads a GPU library."""

import atexit as _atexit

from .. import _core, _later, config as _config, types
from .._unroll import literal_unroll
from ..errors import (CudaAPIError, CudaDriverError, CudaMemoryError, CudaSupportError, DeadMemoryError, LaunchConfigError,
	LinkerError)
from .devicearray import (DeviceNDArray, In, InOut, Out, as_cuda_array, device_array, device_array_like,
	from_cuda_array_interface, is_cuda_array, to_device)
from .devices import (Context, Device, MemoryInfo, close, cuda_error, current_context, detect, get_current_device, gpus,
	is_available, is_bfloat16_supported, is_float16_supported, is_fp8_supported, is_supported_version, list_devices,
	profile_start, profile_stop, profiling, require_context, select_device, synchronize)
from .dispatcher import CUDADispatcher, jit
from .streams import (Event, Stream, default_stream, event, event_elapsed_time, external_stream, legacy_default_stream,
	per_thread_default_stream, stream)

# A program may end behind a launch: what it prints or raises on a GPU is told nevertheless.
_atexit.register(_core.finish)

# -- names that mean something inside kernels only: grid, threadIdx, shared, syncthreads, atomic … (src/names/names.def) --

_kernel = _core.Intrinsic("cuda")
globals().update((_name, getattr(_kernel, _name)) for _name in dir(_kernel) if not _name.startswith("_"))

# -- names whose modules are imported when one of them is first used: most programs need few --

_VECTORS = """int8x int16x int32x int64x uint8x uint16x uint32x uint64x float32x float64x char short int long longlong uchar ushort uint
	ulong ulonglong float double""".split()
_LATE = {
	"compiler": "compile compile_all compile_for_current_device compile_ptx compile_ptx_for_current_device",
	"generalised": "guvectorize",
	"hostarray": """ManagedNDArray MappedNDArray defer_cleanup managed_array mapped mapped_array mapped_array_like pinned pinned_array
		pinned_array_like""",
	"ipc": "IpcArrayHandle open_ipc_array",
	"managers": """BaseCUDAMemoryManager GetIpcHandleMixin HostOnlyCUDAMemoryManager IpcHandle ManagedMemory MappedMemory MemoryPointer
		PinnedMemory set_memory_manager""",
	"linking": "Archive CSource CUSource Cubin Fatbin LTOIR LinkableCode Object PTXSource declare_device",
	"reductions": "Reduce Scan reduce scan",
	"vector_types": " ".join(f"{name}{n}" for name in _VECTORS for n in range(1, 5)),
	"vectorizers": "vectorize",
}
_MODULES = "args", "core", "cudadrv", "extending", "fp8", "launchconfig", "literal", "random", "runtime", "simulator", "testing", *_LATE
__getattr__, __dir__ = _later.module(__name__, _LATE, _MODULES)

if _config.CUDA_MEMORY_MANAGER not in ("", "default"):
	from .managers import set_module as _set_module
	_set_module(_config.CUDA_MEMORY_MANAGER)
