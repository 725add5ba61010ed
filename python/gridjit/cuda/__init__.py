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

# -- names that mean something inside kernels only --

# Which thread is this?
threadIdx = _core.Intrinsic("cuda.threadIdx")
blockIdx = _core.Intrinsic("cuda.blockIdx")
blockDim = _core.Intrinsic("cuda.blockDim")
gridDim = _core.Intrinsic("cuda.gridDim")
laneid = _core.Intrinsic("cuda.laneid")
warpsize = _core.Intrinsic("cuda.warpsize")
grid = _core.Intrinsic("cuda.grid")
gridsize = _core.Intrinsic("cuda.gridsize")

# Memory of a block, of a thread, and constants: shared.array(shape, dtype) …
shared = _core.Intrinsic("cuda.shared")
local = _core.Intrinsic("cuda.local")
const = _core.Intrinsic("cuda.const")

# Threads of a block wait for each other, memory operations become visible
syncthreads = _core.Intrinsic("cuda.syncthreads")
syncthreads_count = _core.Intrinsic("cuda.syncthreads_count")
syncthreads_and = _core.Intrinsic("cuda.syncthreads_and")
syncthreads_or = _core.Intrinsic("cuda.syncthreads_or")
syncwarp = _core.Intrinsic("cuda.syncwarp")
threadfence_block = _core.Intrinsic("cuda.threadfence_block")
threadfence = _core.Intrinsic("cuda.threadfence")
threadfence_system = _core.Intrinsic("cuda.threadfence_system")

# Threads of a warp exchange values, vote, find equals
shfl_sync = _core.Intrinsic("cuda.shfl_sync")
shfl_up_sync = _core.Intrinsic("cuda.shfl_up_sync")
shfl_down_sync = _core.Intrinsic("cuda.shfl_down_sync")
shfl_xor_sync = _core.Intrinsic("cuda.shfl_xor_sync")
all_sync = _core.Intrinsic("cuda.all_sync")
any_sync = _core.Intrinsic("cuda.any_sync")
eq_sync = _core.Intrinsic("cuda.eq_sync")
ballot_sync = _core.Intrinsic("cuda.ballot_sync")
match_any_sync = _core.Intrinsic("cuda.match_any_sync")
match_all_sync = _core.Intrinsic("cuda.match_all_sync")
activemask = _core.Intrinsic("cuda.activemask")
lanemask_lt = _core.Intrinsic("cuda.lanemask_lt")

# Bits and numbers
popc = _core.Intrinsic("cuda.popc")
clz = _core.Intrinsic("cuda.clz")
ffs = _core.Intrinsic("cuda.ffs")
brev = _core.Intrinsic("cuda.brev")
selp = _core.Intrinsic("cuda.selp")
fma = _core.Intrinsic("cuda.fma")
cbrt = _core.Intrinsic("cuda.cbrt")
nanosleep = _core.Intrinsic("cuda.nanosleep")

# atomic.add(array, index, value) … give the old value
atomic = _core.Intrinsic("cuda.atomic")

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
