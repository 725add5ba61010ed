"""Which loops of functions for the host LLVM unrolls (src/emit/loops.c): not those whose rounds wait for each other anyway and that are run
once, nor loops around loops; the results are Python's either way."""

import numpy as np
import pytest

from gridjit import njit


def sum_of_squares(x, k, z):
	s = 0.0
	for i in range(x.shape[0]):
		s += x[i] * x[i]
	return s


def two_ways(x, k, z):
	s = 0.0
	for i in range(x.shape[0]):
		if x[i] > 0.5:
			s += x[i]
		else:
			s -= 3
	return s


def hashed(x, k, z):
	h = 0
	for i in range(len(k)):
		h = h * 31 + k[i]
	return h


def chased(x, k, z):
	j = 0
	for _ in range(len(k)):
		j = k[j]
	return j


def mixed(x, k, z):
	s = 88172645463325252
	for i in range(len(k)):
		s ^= s << 3
		s ^= s << 7
		s ^= k[i]
	return s


def nested(x, k, z):
	s = 0.0
	for i in range(x.shape[0]):
		for j in range(i):
			s = s * 0.5 + x[j]
	return s


def running(x, k, z):
	s = 0
	for i in range(len(k)):
		s += k[i]
		z[i] = s
	return s


def scattered(x, k, z):
	for i in range(len(k)):
		z[k[i]] = i
	return z[3]


def small(x, k, z):
	s = 0
	for i in range(len(k) - 4):
		m = k[i]
		for j in range(3):
			m = m ^ k[i + j]
		z[i] = m + z[k[i]]
		s += m
	return s


def wrapped(x):
	"""As 64 bits have it, which Python's integers need not."""
	return x if isinstance(x, float) else (int(x) + 2**63) % 2**64 - 2**63


@pytest.mark.parametrize("function, loops", [(sum_of_squares, 1), (two_ways, 1), (hashed, 1), (chased, 1), (mixed, 1), (nested, None),
	(running, None), (scattered, None), (small, None)])
def test_unrolled(function, loops):
	rng = np.random.default_rng(5)
	x, k = rng.random(77), rng.permutation(77)
	z, other = np.zeros(77, np.int64), np.zeros(77, np.int64)
	f = njit(function)
	expected = function(x, k.tolist() if loops else k, other)
	assert f(x, k, z) == wrapped(expected) and (z == other).all()
	text = next(iter(f.inspect_llvm().values()))
	# Each edge that leads back looks for Ctrl-C: the loop itself, and the one of what is left over.
	looks = text.count("load volatile i32, ptr @gj_rt_attention")
	assert looks == loops if loops else looks > 1


def test_a_loop_with_two_ways_back():
	"""A maximum is chosen, not branched to."""
	@njit
	def most(x):
		m = x[0]
		for i in range(x.shape[0]):
			if x[i] > m:
				m = x[i]
		return m
	x = np.random.default_rng(6).random(1001)
	assert most(x) == x.max() and most(x[:1]) == x[0] and np.isnan(most(np.array([np.nan, 1])))
	assert "select i1" in next(iter(most.inspect_llvm().values()))
