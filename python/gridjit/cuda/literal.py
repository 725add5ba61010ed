"""Constants and loops that are written out: names of numba.cuda.misc.literal."""

from .._unroll import literal_unroll, literally

__all__ = ["literal_unroll", "literally"]
