"""cuda.random gives numba.cuda.random's numbers, bit for bit, from states made anywhere."""

import math

import numpy as np
import pytest

from gridjit import cuda, typeof
from gridjit.cuda import random
from gridjit.cuda.random import (create_xoroshiro128p_states, init_xoroshiro128p_state, init_xoroshiro128p_states,
	xoroshiro128p_dtype, xoroshiro128p_jump, xoroshiro128p_next, xoroshiro128p_normal_float32, xoroshiro128p_normal_float64,
	xoroshiro128p_uniform_float32, xoroshiro128p_uniform_float64)

# What numba 0.68.1 gives for the seed 1234567 behind three jumps, and then of the second state.
STATES = [(1628016561584529180, 9122561668092954482), (7961396503409953448, 6428991623143478963),
	(13983018889727133290, 12086310401145493707), (6738455302841540199, 8029622184264698916),
	(14714628730502983631, 620088683974636856)]
NEXT = [14390388126553432411, 2468351937910512380, 16429240079209335491, 8439513163606915147]
UNIFORM32 = [0.788204550743103, 0.36126992106437683, 0.03697022423148155, 0.7767918705940247]
UNIFORM64 = [0.9445063369428998, 0.1599588294166674, 0.7994136924563637, 0.6564427636696827]
NORMAL32 = [0.772401750087738, 0.892361044883728, 0.016205325722694397, -1.0751312971115112]
NORMAL64 = [1.3791323104719024, 0.1145477687723571, 0.16236206022196206, 0.8728842126440334]
SEEDED, JUMPED = (13679457532755275413,) * 2, (313611670190079035, 410834281257317300)      # of seed 42


def jumped(state):
	"""A jump step by step, in Python's integers."""
	mask, to = 2 ** 64 - 1, [0, 0]
	for word in 0xbeac0467eba5facb, 0xd86b048b86aa9922:
		for bit in range(64):
			if word >> bit & 1:
				to = [to[0] ^ state[0], to[1] ^ state[1]]
			x = state[0] ^ state[1]
			rotated = [(v << by | v >> 64 - by) & mask for v, by in ((state[0], 55), (x, 36))]
			state = (rotated[0] ^ x ^ x << 14 & mask, rotated[1])
	return tuple(to)


def test_numbers(device):
	@cuda.jit
	def kernel(states, n, u32, u64, n32, n64):
		for i in range(n.size):
			n[i] = xoroshiro128p_next(states, 1)
		for i in range(n.size):
			u32[i] = random.xoroshiro128p_uniform_float32(states, 1)
		for i in range(n.size):
			u64[i] = xoroshiro128p_uniform_float64(states, 1)
		for i in range(n.size):
			n32[i] = xoroshiro128p_normal_float32(states, 1)
		for i in range(n.size):
			n64[i] = xoroshiro128p_normal_float64(states, 1)

	states = create_xoroshiro128p_states(5, 1234567, subsequence_start=3)
	assert states.dtype == xoroshiro128p_dtype and states.copy_to_host().tolist() == STATES
	out = [np.zeros(4, t) for t in ("u8", "f4", "f8", "f4", "f8")]
	kernel[1, 1](states, *out)
	for got, want in zip(out[:3], (NEXT, UNIFORM32, UNIFORM64)):
		assert got.tolist() == want
	# Logarithm and cosine are the device's own: the last bits are theirs.
	np.testing.assert_allclose(out[3], NORMAL32, rtol=1e-5, atol=1e-6)
	np.testing.assert_allclose(out[4], NORMAL64, rtol=1e-6, atol=1e-7)
	assert states.copy_to_host()[[0, 2, 3, 4]].tolist() == [STATES[0], *STATES[2:]], "the other generators stay"


def test_states_made_in_kernels(device):
	@cuda.jit
	def seeded(states, seed):
		init_xoroshiro128p_state(states, cuda.grid(1), seed)

	@cuda.jit
	def far(states):
		xoroshiro128p_jump(states, cuda.grid(1))

	states = cuda.device_array(40, xoroshiro128p_dtype)
	seeded[1, 40](states, 42)
	assert states.copy_to_host().tolist() == [SEEDED] * 40
	far[1, 40](states)
	assert states.copy_to_host().tolist() == [JUMPED] * 40


def test_host_arrays_of_states(device):
	@cuda.jit
	def draw(states, out):
		i = cuda.grid(1)
		out[i] = xoroshiro128p_next(states, i)

	states = np.array(STATES, xoroshiro128p_dtype)
	out = np.zeros(5, "u8")
	draw[1, 5](states, out)
	assert out.tolist() == [sum(state) % 2 ** 64 for state in STATES] and states.tolist()[0] != STATES[0]


@pytest.mark.parametrize("n", [1, 7, 4095, 4096, 10003])
def test_states_are_a_jump_apart(n):
	states = create_xoroshiro128p_states(n, 99).copy_to_host().tolist()
	assert len(set(states)) == n
	for i in {0, n // 4 - 1, n // 2, n - 2} - {-1}:
		if i + 1 < n:
			assert states[i + 1] == jumped(states[i])


def test_start_of_the_subsequence():
	states = create_xoroshiro128p_states(300, 7).copy_to_host()
	for start in 1, 2, 77, 299:
		assert create_xoroshiro128p_states(1, 7, start).copy_to_host()[0] == states[start]
	assert create_xoroshiro128p_states(1, 7, 2 ** 63).copy_to_host()[0] not in states


def test_seeds():
	assert create_xoroshiro128p_states(1, -1).copy_to_host() == create_xoroshiro128p_states(1, 2 ** 64 - 1).copy_to_host()
	assert create_xoroshiro128p_states(1, np.int32(5)).copy_to_host() == create_xoroshiro128p_states(1, 5).copy_to_host()
	states = create_xoroshiro128p_states(3, 1)
	init_xoroshiro128p_states(states, 2)
	assert states.copy_to_host().tolist() == create_xoroshiro128p_states(3, 2).copy_to_host().tolist()
	with pytest.raises(ValueError, match="subsequence_start"):
		create_xoroshiro128p_states(3, 1, subsequence_start=-1)
	with pytest.raises(TypeError, match="xoroshiro128p_dtype"):
		init_xoroshiro128p_states(cuda.device_array(3, "f4"), 1)
	with pytest.raises(TypeError):
		create_xoroshiro128p_states(3, 1.5)
	assert create_xoroshiro128p_states(0, 1).shape == (0,)


def test_pi(device):
	"""The program of every tutorial."""
	@cuda.jit
	def kernel(states, rounds, out):
		thread = cuda.grid(1)
		inside = 0
		for i in range(rounds):
			x = xoroshiro128p_uniform_float32(states, thread)
			y = xoroshiro128p_uniform_float32(states, thread)
			if x ** 2 + y ** 2 <= 1.0:
				inside += 1
		out[thread] = 4.0 * inside / rounds

	out = np.zeros(64 * 24, "f4")
	kernel[24, 64](create_xoroshiro128p_states(64 * 24, seed=1), 500, out)
	assert abs(out.mean() - math.pi) < 0.01


def test_states_are_records(device):
	@cuda.jit
	def kernel(states, out):
		out[0] = states[1].s0
		out[1] = states["s1"][1]

	states = create_xoroshiro128p_states(2, 7)
	out = np.zeros(2, np.uint64)
	kernel[1, 1](states, out)
	assert tuple(out) == states.copy_to_host()[1].item()
	assert str(typeof(states)) == "array(Record(s0[type=uint64;offset=0],s1[type=uint64;offset=8];16;True), 1d, C)"
