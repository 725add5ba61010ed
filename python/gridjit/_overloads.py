"""What dispatchers of every kind show of what they have compiled, and what counts as a signature."""

from . import _core, config


class Stats(tuple):
	"""(cache_path, cache_hits, cache_misses)"""

	def __new__(cls, path, hits, misses):
		return super().__new__(cls, (path, hits, misses))

	cache_path = property(lambda self: self[0], doc="Directory of the cache; None: the default.")
	cache_hits = property(lambda self: self[1], doc="Compilations found on disk.")
	cache_misses = property(lambda self: self[2], doc="Compilations done.")


class Overloads:
	"""For subclasses of _core.Dispatcher."""

	@property
	def overloads(self):
		"""Dictionary: tuple of argument types → Kernel."""
		return {kernel.argtypes: kernel for kernel in self._kernels()}

	@property
	def signatures(self):
		"""Tuples of argument types, in the order of compilation."""
		return list(self.overloads)

	@property
	def nopython_signatures(self):
		"""Signature objects, in the order of compilation."""
		return [kernel.signature for kernel in self._kernels()]

	@property
	def stats(self):
		"""Disk cache: (cache_path, cache_hits, cache_misses)."""
		return Stats(config.CACHE_DIR or None, self._cache_hits, self._cache_misses)

	def disable_compile(self, val=True):
		"""Take only the types compiled so far."""
		for argtypes in self.overloads:
			self._declare(argtypes)
		self._locked = bool(val)

	def enable_caching(self):
		"""Nothing to do: what is compiled is always cached, by content."""

	def _find(self, signature):
		"""The compiled form for a signature."""
		argtypes, overloads = _core.signature(signature).args, self.overloads
		if argtypes not in overloads:
			raise KeyError(f"{self.__name__}() is not compiled for {argtypes}")
		return overloads[argtypes]


def is_signature(value):
	"""Text, types, or a Signature: ours or numba's, known by its class's name."""
	cls = type(value)
	return isinstance(value, (str, tuple, _core.Signature)) or cls.__name__ == "Signature" and cls.__module__.startswith("numba")
