"""numba.core.typing, as far as programs use it."""

from ._core import typeof

__all__ = ["signature", "typeof"]


def signature(return_type, *args):
	"""The signature of these types: return_type(*args)."""
	return return_type(*args)
