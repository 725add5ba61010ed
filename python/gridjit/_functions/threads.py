"""Settings of loops that threads share (gridjit/parallel.py), inside functions for the host: what they ask of the runtime."""

import numpy as np

from .. import _core

_threads = _core.Extern("gj_call_threads", "u4()", "c", ())
_most_threads = _core.Extern("gj_call_most_threads", "u4()", "c", ())
_set_threads = _core.Extern("gj_call_set_threads", "b1(i8)", "c", ())
_chunk = _core.Extern("gj_call_chunk", "i8()", "c", ())
_set_chunk = _core.Extern("gj_call_set_chunk", "void(i8)", "c", ())


def get_num_threads():
	return np.int64(_threads())


def set_num_threads(n):
	if isinstance(n, (float, complex)):
		raise TypeError("the number of threads must be an integer")
	if not _set_threads(n):
		raise ValueError(f"the number of threads must be between 1 and {_most_threads()}, not {n}")


def get_parallel_chunksize():
	return _chunk()


def set_parallel_chunksize(n):
	if n < 0:
		raise ValueError("chunksize must be greater than or equal to zero")
	before = _chunk()
	_set_chunk(n)
	return before


def parallel_chunksize(n):
	"""What follows the block of the with statement (bytecode/caught.c)."""
	before = set_parallel_chunksize(n)

	def leave(kind, error, trace):
		set_parallel_chunksize(before)
	return leave
