"""Cooperative groups, as a module: `import gridjit.cuda.cg` and `from gridjit.cuda.cg import this_grid`. The names are those of
the namespace `cuda.cg` of kernels."""

from .. import _core

_space = _core.Intrinsic("cuda.cg")
__all__ = [name for name in dir(_space) if not name.startswith("_")]
globals().update((name, getattr(_space, name)) for name in __all__)
