"""The API of numba.cuda. Importing it neither opens the driver nor loads a GPU library."""

from .. import _core, types
from ..errors import (CudaAPIError, CudaDriverError, CudaMemoryError, CudaSupportError, DeadMemoryError, LaunchConfigError,
	LinkerError)
from .compiler import compile, compile_for_current_device, compile_ptx, compile_ptx_for_current_device
from .devicearray import (DeviceNDArray, In, InOut, Out, as_cuda_array, defer_cleanup, device_array, device_array_like,
	from_cuda_array_interface, is_cuda_array, pinned_array, pinned_array_like, to_device)
from .devices import (Context, Device, MemoryInfo, close, cuda_error, current_context, detect, get_current_device, gpus,
	is_available, is_bfloat16_supported, is_float16_supported, is_fp8_supported, is_supported_version, list_devices,
	profile_start, profile_stop, profiling, require_context, select_device, synchronize)
from .dispatcher import CUDADispatcher, jit
from .streams import (Event, Stream, default_stream, event, event_elapsed_time, external_stream, legacy_default_stream,
	per_thread_default_stream, stream)

# -- names that mean something inside kernels only: grid, threadIdx, shared, syncthreads, atomic … (src/names/names.def) --

_kernel = _core.Intrinsic("cuda")
globals().update((_name, getattr(_kernel, _name)) for _name in dir(_kernel) if not _name.startswith("_"))

# -- what numba.cuda has and gridjit has not yet --

_LATER = frozenset("""Reduce bf16 breakpoint cg compile_all cooperative declare_device extending fp16 fp8 get_ipc_handle
	guvectorize launchconfig ldca ldcg ldcs ldcv ldlu libdevice literal literal_unroll managed_array mapped mapped_array
	mapped_array_like open_ipc_array pinned random reduce runtime set_memory_manager stcg stcs stwb stwt vectorize
	BaseCUDAMemoryManager HostOnlyCUDAMemoryManager GetIpcHandleMixin MemoryPointer MappedMemory PinnedMemory IpcHandle
	LinkableCode PTXSource CUSource Fatbin Cubin Archive Object LTOIR""".split()
	+ [f"{name}x{n}" for name in "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split() for n in range(1, 5)])


def __getattr__(name):
	if name in _LATER:
		raise NotImplementedError(f"gridjit.cuda.{name} is not built yet")
	raise AttributeError(f"module 'gridjit.cuda' has no attribute '{name}'")
