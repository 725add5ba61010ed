"""What the processor that tests run on is like."""

from functools import lru_cache


@lru_cache(None)
def has_masks():
	"""Are masks registers of their own (AVX-512)?"""
	try:
		with open("/proc/cpuinfo") as f:
			return "avx512f" in f.read()
	except OSError:
		return False
