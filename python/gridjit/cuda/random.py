"""Random numbers in kernels: xoroshiro128+, one generator a thread, each with a sequence of its own that does not meet
another's for 2**64 numbers. Seeds give the numbers that numba.cuda.random gives.

    states = create_xoroshiro128p_states(threads * blocks, seed=1)
    …
    x = xoroshiro128p_uniform_float32(states, cuda.grid(1))        # in a kernel"""

import math
import operator

import numpy as np

from .. import _core
from ..types import float32, float64, from_dtype, uint64
from .devicearray import device_array
from .dispatcher import jit

xoroshiro128p_dtype = np.dtype([("s0", np.uint64), ("s1", np.uint64)], align=True)
xoroshiro128p_type = from_dtype(xoroshiro128p_dtype)
FAR = 0xbeac0467eba5facb, 0xd86b048b86aa9922               # polynomial of a jump of 2**64 numbers
TWO_PI32, TWO_PI64 = np.float32(2 * math.pi), np.float64(2 * math.pi)


# -- in kernels: `states` is an array of generators, `index` one of them --

@jit(device=True)
def _rotated(x, by):
	return x << by | x >> uint64(64) - by


@jit(device=True)
def init_xoroshiro128p_state(states, index, seed):
	"""Makes the state that a seed gives. Generators with different seeds may meet: see xoroshiro128p_jump()."""
	z = uint64(seed) + uint64(0x9e3779b97f4a7c15)
	z = (z ^ z >> uint64(30)) * uint64(0xbf58476d1ce4e5b9)
	z = (z ^ z >> uint64(27)) * uint64(0x94d049bb133111eb)
	z = z ^ z >> uint64(31)
	states[index].s0 = z
	states[index].s1 = z


@jit(device=True)
def xoroshiro128p_next(states, index):
	"""The next number: a uint64."""
	state = states[index]
	s0, s1 = state.s0, state.s1
	x = s0 ^ s1
	state.s0 = _rotated(s0, uint64(55)) ^ x ^ x << uint64(14)
	state.s1 = _rotated(x, uint64(36))
	return s0 + s1


@jit(device=True)
def xoroshiro128p_jump(states, index):
	"""Goes 2**64 numbers on."""
	s0, s1, state = uint64(0), uint64(0), states[index]
	for word in FAR:
		for bit in range(64):
			if word >> uint64(bit) & uint64(1):
				s0 ^= state.s0
				s1 ^= state.s1
			xoroshiro128p_next(states, index)
	state.s0, state.s1 = s0, s1


@jit(device=True)
def uint64_to_unit_float64(x):
	"""The upper bits of x as a float64 from 0 to before 1."""
	return float64(uint64(x) >> uint64(11)) * float64(2.0 ** -53)


@jit(device=True)
def uint64_to_unit_float32(x):
	"""The upper bits of x as a float32 from 0 to 1."""
	return float32(uint64_to_unit_float64(x))


@jit(device=True)
def xoroshiro128p_uniform_float64(states, index):
	"""A float64 from 0 to before 1."""
	return uint64_to_unit_float64(xoroshiro128p_next(states, index))


@jit(device=True)
def xoroshiro128p_uniform_float32(states, index):
	"""A float32 from 0 to 1."""
	return uint64_to_unit_float32(xoroshiro128p_next(states, index))


@jit(device=True)
def xoroshiro128p_normal_float32(states, index):
	"""A float32 of the normal distribution with mean 0 and variance 1: by Box and Muller, from two uniform numbers."""
	u, v = xoroshiro128p_uniform_float32(states, index), xoroshiro128p_uniform_float32(states, index)
	return math.sqrt(float32(-2.0) * math.log(u)) * math.cos(TWO_PI32 * v)


@jit(device=True)
def xoroshiro128p_normal_float64(states, index):
	"""A float64 of the normal distribution with mean 0 and variance 1: by Box and Muller, from two uniform numbers that are
	float32, as numba has it."""
	u, v = xoroshiro128p_uniform_float32(states, index), xoroshiro128p_uniform_float32(states, index)
	return math.sqrt(float64(-2.0) * math.log(u)) * math.cos(TWO_PI64 * v)


# -- on the host --

def init_xoroshiro128p_states(states, seed, subsequence_start=0, stream=0):
	"""Fills a device array of generators: the first is `subsequence_start` jumps of 2**64 numbers behind the seed's start,
	each other one jump behind the one before it."""
	if states.dtype != xoroshiro128p_dtype or states.ndim != 1:
		raise TypeError(f"states are an array of one dimension of xoroshiro128p_dtype, not of {states.ndim} of {states.dtype}")
	if subsequence_start < 0:
		raise ValueError(f"subsequence_start is a number of jumps: {subsequence_start} is negative")
	host = np.empty(states.shape, xoroshiro128p_dtype)
	_core.fill_xoroshiro(host.view(np.uint8), operator.index(seed), operator.index(subsequence_start))
	states.copy_to_device(host, stream=stream)


def create_xoroshiro128p_states(n, seed, subsequence_start=0, stream=0):
	"""A device array of n generators, as init_xoroshiro128p_states() fills it."""
	states = device_array(n, dtype=xoroshiro128p_dtype, stream=stream)
	init_xoroshiro128p_states(states, seed, subsequence_start, stream)
	return states
