"""gridjit: numba.cuda, rewritten in C. Python kernels run on NVIDIA GPUs and, as SIMD code, on every core of a CPU.

    from gridjit import cuda

    @cuda.jit
    def saxpy(a, x, y, out):
        i = cuda.grid(1)
        if i < out.shape[0]:
            out[i] = a * x[i] + y[i]

    saxpy[blocks, threads](2.0, x, y, out)"""

from . import _core, _later, config, errors, types
from ._core import __version__, typeof
from .types import from_dtype, optional
from .types import (b1, bfloat16, bool_, boolean, c8, c16, complex64, complex128, double, f2, f4, f8, float16, float32, float64, float_,
	i1, i2, i4, i8, int8, int16, int32, int64, int_, intc, intp, none, u1, u2, u4, u8, uint, uint8, uint16, uint32, uint64,
	uintc, uintp, void, byte, char, long_, longlong, short, size_t, ssize_t, uchar, ulong, ulonglong, ushort)
from ._unroll import literal_unroll, literally
from . import cuda

_later.install()


def device_kind():
	"""Where kernels run: 'cuda' or 'cpu'. Raises CudaSupportError if a GPU is asked for and there is none."""
	return _core.device_kind()


# -- names whose modules are imported when one of them is first used --

_LATE = {"absent": "objmode", "ffi": "carray cfunc farray", "fusing": "fuse", "jitting": "jit jit_module njit", "stencils": "stencil", "ufuncs": "guvectorize vectorize", "parallel": """get_num_threads get_parallel_chunksize
	get_thread_id parallel_chunksize pndindex prange set_num_threads set_parallel_chunksize threading_layer"""}
_LATE["errors"] = " ".join(name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception))
__getattr__, __dir__ = _later.module(__name__, _LATE, ("core", "cpython", "experimental", "extending", "misc", "np", "pycc", "targets", "typed", "typing", *_LATE))

__all__ = ["carray", "cfunc", "config", "cuda", "device_kind", "errors", "farray", "from_dtype", "guvectorize", "jit", "literal_unroll", "literally", "njit", "optional", "pndindex", "prange",
	"stencil",
	"typeof", "types", "vectorize", *types._PUBLIC]
