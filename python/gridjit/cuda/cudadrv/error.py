"""Errors, by the names of numba.cuda.cudadrv.error."""

from ...errors import (CudaAPIError, CudaDriverError, CudaSupportError, NvrtcCompilationError, NvrtcError, NvrtcSupportError)

__all__ = ["CudaAPIError", "CudaDriverError", "CudaSupportError", "NvrtcCompilationError", "NvrtcError", "NvrtcSupportError"]
