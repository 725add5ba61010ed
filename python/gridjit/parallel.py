"""Loops over prange, and the threads that run them: those of the CPU device, GRIDJIT_CPU_THREADS of them. What is set here holds for
loops that the calling thread starts."""

import contextlib
import operator

from . import _core


def prange(*args):
	"""prange([start,] stop[, step]): a range whose rounds run side by side in functions compiled with parallel=True."""
	return range(*args)


def pndindex(*shape):
	"""np.ndindex, whose rounds run side by side where those of prange do."""
	import numpy as np
	return np.ndindex(*shape)


def get_num_threads():
	"""How many threads may work on a loop that this thread starts."""
	return _core.get_num_threads()


def set_num_threads(n):
	"""At most n threads work on loops that this thread starts. ValueError: there are not so many."""
	try:
		n = operator.index(n)
	except TypeError:
		raise TypeError(f"the number of threads must be an integer, not {type(n).__name__}") from None
	if not _core.set_num_threads(n):
		raise ValueError(f"the number of threads must be between 1 and {_core.pool_threads()}, not {n}")


def get_thread_id():
	"""The number of the thread among those that work on the loop; 0 outside of loops."""
	return 0


def get_parallel_chunksize():
	"""How many rounds a thread takes at once; 0: the runtime chooses."""
	return _core.get_chunk()


def set_parallel_chunksize(n):
	"""A thread takes n rounds at once; 0: the runtime chooses. Loops that reduce are always cut by their length. Returns the number before."""
	n = operator.index(n)
	if n < 0:
		raise ValueError("chunksize must be greater than or equal to zero")
	before = _core.get_chunk()
	_core.set_chunk(n)
	return before


@contextlib.contextmanager
def parallel_chunksize(n):
	"""with parallel_chunksize(n): a thread takes n rounds at once."""
	before = set_parallel_chunksize(n)
	try:
		yield
	finally:
		set_parallel_chunksize(before)


def threading_layer():
	"""What runs the threads: always 'gridjit', the CPU device's own pool."""
	return "gridjit"


for _function in prange, pndindex, get_num_threads, get_thread_id:
	_function._gj_intrinsic = f"gridjit.{_function.__name__}"
