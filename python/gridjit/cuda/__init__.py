"""The API of numba.cuda. Importing it neither opens the driver nor loads a GPU library."""

import importlib

from .. import _core, _later, types
from .._unroll import literal_unroll
from . import runtime
from ..errors import (CudaAPIError, CudaDriverError, CudaMemoryError, CudaSupportError, DeadMemoryError, LaunchConfigError,
	LinkerError)
from .compiler import compile, compile_for_current_device, compile_ptx, compile_ptx_for_current_device
from .devicearray import (DeviceNDArray, In, InOut, Out, as_cuda_array, device_array, device_array_like,
	from_cuda_array_interface, is_cuda_array, to_device)
from .devices import (Context, Device, MemoryInfo, close, cuda_error, current_context, detect, get_current_device, gpus,
	is_available, is_bfloat16_supported, is_float16_supported, is_fp8_supported, is_supported_version, list_devices,
	profile_start, profile_stop, profiling, require_context, select_device, synchronize)
from .dispatcher import CUDADispatcher, jit
from .streams import (Event, Stream, default_stream, event, event_elapsed_time, external_stream, legacy_default_stream,
	per_thread_default_stream, stream)
from .generalised import guvectorize
from .vectorizers import vectorize
from .reductions import Reduce, Scan, reduce, scan
from . import _operators, vector_types

globals().update(vector_types.vector_types, **vector_types.aliases)

# -- names that mean something inside kernels only: grid, threadIdx, shared, syncthreads, atomic … (src/names/names.def) --

_kernel = _core.Intrinsic("cuda")
globals().update((_name, getattr(_kernel, _name)) for _name in dir(_kernel) if not _name.startswith("_"))
from . import random  # its functions are kernels' own, so it comes last

# -- names whose modules are imported when one of them is first used --

_LATE = {name: module for module, names in {
	"hostarray": """ManagedNDArray MappedNDArray defer_cleanup managed_array mapped mapped_array mapped_array_like pinned pinned_array
		pinned_array_like""",
	"ipc": "IpcArrayHandle open_ipc_array",
	"linking": "Archive CSource CUSource Cubin Fatbin LTOIR LinkableCode Object PTXSource declare_device",
}.items() for name in names.split()}


def __getattr__(name):
	if name not in _LATE:
		return _later.attribute(__name__, name)
	value = globals()[name] = getattr(importlib.import_module("." + _LATE[name], __name__), name)
	return value


def __dir__():
	return sorted({*globals(), *_LATE})
