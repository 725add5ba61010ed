"""Loops over prange and the threads that run them: those of the CPU device."""

from . import _core


def prange(*args):
	"""prange([start,] stop[, step]): a range whose rounds run side by side in functions compiled with parallel=True."""
	return range(*args)


prange._gj_intrinsic = "gridjit.prange"
