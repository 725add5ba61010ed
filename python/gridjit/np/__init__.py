"""What programs import from numba.np: numpy_support."""
