"""The version of CUDA: numba.cuda.cudadrv.runtime."""

from .. import runtime
from ..runtime import get_version

__all__ = ["get_version", "runtime"]
