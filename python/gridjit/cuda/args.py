"""How kernel arguments travel: numba.cuda.args."""

from .devicearray import In, InOut, Out

__all__ = ["In", "InOut", "Out"]
