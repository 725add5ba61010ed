"""Methods of np.random.Generator for functions on the host: the generator is an argument, its numbers are made by the functions that NumPy exports for C,
so they are NumPy's own."""

import math
from types import ModuleType

import numpy as np

from .. import _core
from .common import INTEGERS, swap
from .random import TABLE as LEGACY
from .random import make

_npy = ModuleType("numpy.random._generator")
_SPACE = {"np": np, "math": math, "_npy": _npy}

TABLE = LEGACY | {"hypergeometric": (LEGACY["hypergeometric"][0], ("ngood < 0", "nbad < 0", "nsample < 0", "ngood + nbad < nsample",
	("ngood >= 1000000000 or nbad >= 1000000000", "both ngood and nbad must be less than 1000000000")), *LEGACY["hypergeometric"][2:])}


def _declare(name, signature):
	setattr(_npy, name, _core.Extern(f"gj_npy_random_{name}", signature, "c", ()))


def _distribution(name):
	"""That of random.py, drawn from a generator."""
	params, mistakes, _, dtype = TABLE[name]
	names = [param.split("=")[0] for param in params.split(", ") if param]
	integers = {"binomial": "n", "hypergeometric": names}.get(name, ())
	result = "f8" if dtype == "float64" else "i8"
	_declare(name, f"{result}({', '.join(['i8', *('i8' if param in integers else 'f8' for param in names)])})")
	return make(name, params, mistakes, f"_npy.{name}({', '.join(['self.bitgen', *names])})", dtype, "self, ", _SPACE)


_declare("standard_uniform", "f8(i8)")
_declare("interval", "u8(i8, u8)")
_declare("bounded_uint64", "u8(i8, u8, u8, u8, i4)")
_OWN = {"random_sample", "uniform", "binomial"}
_SAME = {name: _distribution(name) for name in TABLE if name not in _OWN}
_declare("uniform", "f8(i8, f8, f8)")
_declare("binomial", "i8(i8, f8, i8, u8)")

random = make("random", "", (), "_npy.standard_uniform(self.bitgen)", "float64", "self, ", _SPACE)
uniform = make("uniform", *TABLE["uniform"][:2], "_npy.uniform(self.bitgen, low, high - low)", "float64", "self, ", _SPACE)


def binomial(self, n, p, size=None):
	if n < 0:
		raise ValueError("n < 0")
	if not 0 <= p <= 1:
		raise ValueError("p < 0, p > 1 or p is NaN")
	kept = np.zeros(64)                            # NumPy's binomial_t: what it remembers of n and p
	if size is None:
		x = _npy.binomial(self.bitgen, p, n, kept.ctypes.data)
		kept[0] = 0
		return x
	out = np.empty(size, np.int64)
	every = out.reshape(out.size)
	for i in range(every.size):
		every[i] = _npy.binomial(self.bitgen, p, n, kept.ctypes.data)
	kept[0] = 0
	return out


def integers(self, low, high=None, size=None, endpoint=False):
	if high is None:
		least, most = np.int64(0), np.int64(low) - (0 if endpoint else 1)
	else:
		least, most = np.int64(low), np.int64(high) - (0 if endpoint else 1)
	if least > most:
		if high is None:
			raise ValueError("high <= 0")
		raise ValueError("low >= high")
	if size is None:
		return least + np.int64(_npy.bounded_uint64(self.bitgen, 0, np.uint64(most - least), 0, 0))
	out = np.empty(size, np.int64)
	every = out.reshape(out.size)
	for i in range(every.size):
		every[i] = least + np.int64(_npy.bounded_uint64(self.bitgen, 0, np.uint64(most - least), 0, 0))
	return out


def shuffle(self, x):
	for i in range(x.shape[0] - 1, 0, -1):
		j = np.int64(_npy.interval(self.bitgen, np.uint64(i)))
		swap(x, i, j)


def permutation(self, x):
	if isinstance(x, INTEGERS):
		order = np.arange(x)
		shuffle(self, order)
		return order
	if x.ndim == 1:
		out = x.copy()
		shuffle(self, out)
		return out
	order = np.arange(x.shape[0])
	shuffle(self, order)
	return x[order]


def choice(self, a, size=None):
	places = integers(self, 0, a if isinstance(a, INTEGERS) else a.shape[0], size)
	return places if isinstance(a, INTEGERS) else a[places]


METHODS = _SAME | {f.__name__: f for f in (random, uniform, binomial, integers, shuffle, permutation, choice)}
