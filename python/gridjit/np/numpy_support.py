"""Types of NumPy's dtypes and back: numba.np.numpy_support."""

from .._core import as_type
from ..types import from_dtype

__all__ = ["as_dtype", "from_dtype"]


def as_dtype(nbtype):
	"""The NumPy dtype of a scalar type or a record. Raises NotImplementedError for others."""
	import numpy as np
	dtype = getattr(as_type(nbtype), "dtype", None)
	if not isinstance(dtype, np.dtype):
		raise NotImplementedError(f"{nbtype} cannot be represented as a NumPy dtype")
	return dtype
