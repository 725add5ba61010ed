"""numba.cuda.extending: what gridjit.extending has, for kernels as for functions for the host."""

from .. import extending as _extending


def __getattr__(name):
	return getattr(_extending, name)


def __dir__():
	return dir(_extending)
