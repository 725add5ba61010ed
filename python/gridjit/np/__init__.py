"""What programs import from numba.np: numpy_support."""

from . import numpy_support  # noqa: F401
