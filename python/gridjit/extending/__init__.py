"""numba.extending, as far as it has a meaning here: what compiled functions call is compiled with them, whoever wrote it."""

from .. import _later
from ..cuda.dispatcher import CUDADispatcher
from ..jitting import CPUDispatcher
from ..overloading import overload, overload_attribute, overload_method


def register_jitable(*functions, **options):
	"""The function itself, which compiled functions can call as any Python function; a decorator, with options or without."""
	return functions[0] if functions else lambda function: function


def is_jitted(function):
	"""Was it made by jit or cuda.jit?"""
	return isinstance(function, (CPUDispatcher, CUDADispatcher))


def __getattr__(name):
	return _later.attribute(__name__, name)


def __dir__():
	return sorted({*globals(), *_later.on_path("extending")})
