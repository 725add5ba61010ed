"""An array's type does not say in which memory it is: local, shared, global and frozen arrays meet in variables and tuples, fit one
signature, and are told apart in no message."""
import numpy as np
import pytest

from gridjit import cuda, float64, int64

FROZEN = np.array([1000.0, 2000.0, 3000.0, 4000.0])


@cuda.jit("float64(float64[:])", device=True)
def first(a):
	return a[0]


@cuda.jit("float64(float64[::1])", device=True)
def last(a):
	return a[a.size - 1]


@cuda.jit("float64(Tuple((float64[:], int64)))", device=True)
def of_tuple(t):
	return t[0][t[1]]


@cuda.jit("float64[:](float64[:], int64)", device=True)
def behind(a, n):
	return a[n:]


def test_signatures(device):
	@cuda.jit
	def kernel(out, x):
		t = cuda.threadIdx.x
		mine = cuda.local.array(4, float64)
		ours = cuda.shared.array(4, float64)
		for i in range(4):
			mine[i] = 3 + i + t
			ours[i] = 40 + i
		cuda.syncthreads()
		out[t, 0] = first(mine) + first(ours) + first(x)
		out[t, 1] = last(mine) + last(ours) + last(x)
		out[t, 2] = of_tuple((mine, 2)) + of_tuple((ours, 1)) + of_tuple((x, 0))
		out[t, 3] = behind(mine, 1)[0] + behind(ours, 2)[0] + behind(x, 1)[0]

	out = np.zeros((40, 4))
	kernel[1, 40](out, np.array([100.0, 200.0]))
	for t in range(40):
		assert out[t].tolist() == [143 + t, 249 + t, 5 + t + 41 + 100, 4 + t + 42 + 200]


def test_one_of_several(device):
	"""Lanes that choose differently, writes through either, arrays that live across barriers."""
	@cuda.jit
	def kernel(out, x):
		t = cuda.threadIdx.x
		mine = cuda.local.array(4, float64)
		other = cuda.local.array(4, float64)
		ours = cuda.shared.array((64, 4), float64)
		for i in range(4):
			mine[i] = i + 10 * t
			other[i] = -i
			ours[t, i] = i + 1000 * t
		either = mine if t % 2 == 0 else ours[t]
		either[1] += 0.5
		cuda.syncthreads()
		out[t, 0] = mine[1]
		out[t, 1] = ours[t, 1]
		out[t, 2] = either[1]
		which = other
		for k in range(3):
			out[t, 3] += which[2]
			which = x if k == 0 else either
		out[t, 4] = other[3]

	out = np.zeros((64, 5))
	kernel[1, 64](out, np.array([5.0, 6.0, 7.0]))
	for t in range(64):
		mine, ours = 1 + 10 * t + 0.5 * (t % 2 == 0), 1 + 1000 * t + 0.5 * (t % 2)
		chosen = (10 if t % 2 == 0 else 1000) * t + 2
		assert out[t].tolist() == [mine, ours, ours if t % 2 else mine, -2 + 7 + chosen, -3]


def test_tuples(device):
	@cuda.jit
	def kernel(out, x, n):
		mine = cuda.local.array(2, float64)
		ours = cuda.shared.array(2, float64)
		mine[0], mine[1], ours[0], ours[1] = 1, 2, 3, 4
		arrays = mine, ours, x
		out[0] = arrays[n][1]
		for a in arrays:
			out[1] += a[0]
		arrays[n - 1][0] = 9
		out[2] = ours[0]

	out = np.zeros(3)
	kernel[1, 1](out, np.array([5.0, 6.0]), 2)
	assert out.tolist() == [6, 9, 9]


def test_frozen(device):
	@cuda.jit
	def kernel(out, n):
		mine = cuda.local.array(4, float64)
		for i in range(4):
			mine[i] = i
		either = mine if n == 0 else FROZEN
		out[0] = either[2]

	out = np.zeros(1)
	for n, want in ((0, 2), (1, 3000)):
		kernel[1, 1](out, n)
		assert out[0] == want


def test_functions_for_c():
	"""What CUDA C passes may be anywhere; inside, signatures take it."""
	def outer(a, n):
		mine = cuda.local.array(4, float64)
		mine[0] = n
		chosen = a if n > 1 else mine
		return first(a) + last(mine) + chosen[0]

	for cc in ((7, 5), (9, 0)):
		assert ".visible" in cuda.compile(outer, (float64[:], int64), device=True, abi="numba", cc=cc)[0]


@pytest.mark.parametrize("write", (False, True))
def test_readonly_stays(write):
	from gridjit import errors

	def kernel(out):
		mine = cuda.local.array(4, float64)
		either = mine if out[0] > 0 else FROZEN
		if write:
			either[0] = 1
		out[0] = either[0]

	if write:
		with pytest.raises(errors.TypingError, match="read-only"):
			cuda.compile_ptx(kernel, "void(float64[:])")
	else:
		cuda.compile_ptx(kernel, "void(float64[:])")
