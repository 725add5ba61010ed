"""Functions of float16 under the names that CUDA C has for them, as a module: `import gridjit.cuda.fp16` and `from
gridjit.cuda.fp16 import hadd`. The names are those of the namespace `cuda.fp16` of kernels."""

from .. import _core

_space = _core.Intrinsic("cuda.fp16")
__all__ = [name for name in dir(_space) if not name.startswith("_")]
globals().update((name, getattr(_space, name)) for name in __all__)
