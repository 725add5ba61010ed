"""NVIDIA's libdevice, function by function, as a module: `from gridjit.cuda import libdevice` and `from gridjit.cuda.libdevice import
erfinv`. The names are those of the namespace `cuda.libdevice` of kernels."""

from .. import _core

_space = _core.Intrinsic("cuda.libdevice")
__all__ = [name for name in dir(_space) if not name.startswith("_")]
globals().update((name, getattr(_space, name)) for name in __all__)
