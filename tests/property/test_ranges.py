"""Loops over ranges against Python's: near the ends of their types too, where i + step would overflow."""

import itertools

import numpy as np
import pytest

from gridjit import cuda

MOST = 20                                          # items looked at
LITERALS = [1, 2, 7, -1, -3, 1 << 30]


def steps(code):
	low, high = np.iinfo(code).min, np.iinfo(code).max
	return [s for s in (1, 2, 3, 7, high // 2, high // 2 + 1, high, -1, -2, -5, low // 2, low + 1, low) if s and s >= low]


def bounds(code):
	low, high = int(np.iinfo(code).min), int(np.iinfo(code).max)
	near = [v for d in (0, 1, 2, 3, 7) for v in (low + d, high - d)]
	return sorted({v for v in near + [-9, -1, 0, 1, 5, 10] if low <= v <= high})


def cases(code):
	return [(a, b, s) for a, b in itertools.product(bounds(code), repeat=2) for s in steps(code)]


@cuda.jit
def walk(start, stop, step, out, count):
	t = cuda.grid(1)
	if t < start.shape[0]:
		n = 0
		for i in range(start[t], stop[t], step[t]):
			if n == out.shape[1]:
				break
			out[t, n] = i
			n += 1
		count[t] = n


def expected(case):
	return list(itertools.islice(range(*case), MOST))


def check(kernel, todo, columns):
	out, count = np.zeros((len(todo), MOST), columns[0].dtype), np.zeros(len(todo), np.int64)
	kernel[(len(todo) + 63) // 64, 64](*columns, out, count)
	for case, items, n in zip(todo, out, count):
		assert items[:n].tolist() == expected(case), f"range{case}"


@pytest.mark.parametrize("code", ["i4", "i8", "u8"])
def test_three_parts(device, code):
	todo = cases(code)
	check(walk, todo, [np.array(column, code) for column in zip(*todo)])


@pytest.mark.parametrize("step", LITERALS)
@pytest.mark.parametrize("code", ["i4", "i8"])
def test_literal_step(device, code, step):
	@cuda.jit
	def kernel(start, stop, out, count):
		t = cuda.grid(1)
		if t < start.shape[0]:
			n = 0
			for i in range(start[t], stop[t], step):
				if n == out.shape[1]:
					break
				out[t, n] = i
				n += 1
			count[t] = n
	todo = [(a, b, step) for a, b in itertools.product(bounds(code), repeat=2)]
	check(kernel, todo, [np.array(column, code) for column in list(zip(*todo))[:2]])


def test_literal_ends(device):
	"""Ends as literals and globals, ends that are reached from small starts by large steps only."""
	low, high = -2 ** 63, 2 ** 63 - 1

	@cuda.jit
	def kernel(out):
		n = 0
		for i in range(2 ** 63 - 3, 2 ** 63 - 1):
			out[n] = i
			n += 1
		for i in range(high - 9, high, 4):
			out[n] = i
			n += 1
		for i in range(low + 5, low, -3):
			out[n] = i
			n += 1
		for i in range(0, high, 2 ** 62):
			out[n] = i
			n += 1
		for i in range(low, high, 2 ** 62):
			out[n] = i
			n += 1
		for i, x in enumerate(range(high - 5, high, 2), high - 3):
			out[n] = i - x
			n += 1
		for i, x in zip(range(low + 5, low, -3), range(9)):
			out[n] = i + x
			n += 1
	want = [*range(high - 2, high), *range(high - 9, high, 4), *range(low + 5, low, -3), *range(0, high, 2 ** 62),
		*range(low, high, 2 ** 62), 2, 1, 0, low + 5, low + 3]
	out = np.zeros(len(want), np.int64)
	kernel[1, 1](out)
	assert out.tolist() == want


def test_length_and_reversed(device):
	@cuda.jit
	def kernel(start, stop, step, lengths, out):
		t = cuda.grid(1)
		if t < start.shape[0]:
			items = range(start[t], stop[t], step[t])
			lengths[t] = len(items)
			n = 0
			for i in reversed(items):
				if n < out.shape[1]:
					out[t, n] = i
					n += 1
				else:
					break
	todo = [c for c in cases("i8") if c[2] > -2 ** 63 and c[0] - c[2] in range(-2 ** 63, 2 ** 63) and fits(c)]
	columns = [np.array(column) for column in zip(*todo)]
	lengths, out = np.zeros(len(todo), np.int64), np.zeros((len(todo), MOST), np.int64)
	kernel[(len(todo) + 63) // 64, 64](*columns, lengths, out)
	for case, length, items in zip(todo, lengths, out):
		last = list(itertools.islice(reversed(range(*case)), MOST))
		assert length == len(range(*case)) and items[:len(last)].tolist() == last, f"range{case}"


def fits(case):
	try:
		return len(range(*case)) >= 0
	except OverflowError:                          # more items than Python counts
		return False


def test_strides_of_the_launch(device):
	"""Loops in strides of block and grid, with int32 ends near the limit."""
	@cuda.jit
	def kernel(stop, out, count):
		t = cuda.grid(1)
		n = 0
		for i in range(stop[0] - 100 + cuda.threadIdx.x, stop[0], cuda.blockDim.x):
			cuda.atomic.add(out, i - stop[0] + 100, 1)
			n += 1
		for i in range(np.int32(stop[0] - np.int32(100)), stop[0], cuda.gridDim.x):
			n += 1
		count[t] = n
	for end in (2 ** 31 - 1, 2 ** 31 - 20, 500):
		out, count = np.zeros(100, np.int32), np.zeros(96, np.int64)
		kernel[3, 32](np.array([end], np.int32), out, count)
		assert (out == 3).all()
		assert (count == np.tile([len(range(t, 100, 32)) for t in range(32)], 3) + 34).all()
