"""Loops over the grid on the CPU device: rounds are run in turn (src/opt/grid_rounds.c), and each thread's own operations keep their
order. What a kernel gives is what its threads give one by one."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from gridjit import cuda, float32, float64, int32, int64
from kernels import block_sum


@cuda.jit
def plain(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		out[i] = 2 * x[i] + y[i]


@cuda.jit
def moved(x, y, out):
	for i in range(cuda.grid(1) + 3, out.shape[0] - 2, cuda.gridsize(1)):
		out[i] = x[i - 1] + y[i + 1]


@cuda.jit
def given(x, y, out):
	"""Something is computed and read before the loop."""
	scale = y[0] * 3
	n = out.shape[0]
	for i in range(cuda.grid(1), n, cuda.gridsize(1)):
		if x[i] > 0:
			out[i] = scale
		elif i % 3:
			continue
		else:
			out[i] = x[i] - scale


@cuda.jit
def own_place(x, y, out):
	"""A thread finds in the next round what it has stored in the last."""
	t = cuda.grid(1)
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		if t < out.shape[0]:
			out[t] = out[t] * 0.5 + x[i]


@cuda.jit
def shared_sum(x, y, out):
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		cuda.atomic.add(out, 0, x[i])


@cuda.jit
def written_before(x, y, out):
	"""What is read before the loop is written in it: not to be repeated."""
	first = out[0]
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		out[i] = first + x[i]


@cuda.jit
def accumulates(x, y, out):
	s = 0.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		s = s * 0.5 + x[i]
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s


@cuda.jit
def several(x, y, out):
	"""Sums, a maximum, a truth and a count go from round to round, and some only under conditions."""
	s, most, count, any_high = 1.0, -1e9, 0, False
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		most = max(most, x[i])
		if x[i] > 50:
			any_high = True
			continue
		s += x[i] - y[i]
		count += i
	t = cuda.grid(1)
	if t < out.shape[0]:
		out[t] = s + most + count if any_high else s - count


@cuda.jit
def behind(x, y, out):
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		out[i] = x[i] + y[i]
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] *= 2


@cuda.jit
def total(x, y, out):
	s = 0.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		s += x[i]
	cuda.atomic.add(out, 0, s)


@cuda.jit
def last_counter(x, y, out):
	k = 0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		k = i
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = k


@cuda.jit
def differences(x, y, out):
	s = 0.0
	for i in range(cuda.grid(1) + 2, x.shape[0] - 1, cuda.gridsize(1)):
		s = s * 0.5 + x[i + 1] - x[i - 2]
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s


@cuda.jit
def starts_before(x, y, out):
	s = 0.0
	for i in range(cuda.grid(1) - 5, x.shape[0], cuda.gridsize(1)):
		s = s * 0.5 + (x[i] if i >= 0 else i)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s


@cuda.jit
def starts_anywhere(x, y, out):
	s = 0.0
	for i in range(cuda.grid(1) - x.shape[0], x.shape[0], cuda.gridsize(1)):
		s = s * 0.5 + (x[i] if i >= 0 else i)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s


@cuda.jit
def breaks(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		if x[i] > 90:
			break
		out[i] = x[i]


@cuda.jit
def returns(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		if x[i] > 90:
			return
		out[i] = x[i]


@cuda.jit
def nested(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		for k in range(i % 4):
			out[i] += x[k]


@cuda.jit
def meets(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		cuda.syncwarp()
		out[i] = x[i]


@cuda.jit
def other_step(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1) * 2):
		out[i] = x[i]


@cuda.jit
def asked_before(x, y, out):
	"""Behind the loop there is nothing but a branch."""
	long = y.shape[0] > 100
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		out[i] = x[i] + (1 if long else 2)
	if long:
		y[cuda.grid(1) % 50] = 3


# The same loops written with `while`, which CPython tests at their ends

@cuda.jit
def while_less(x, y, out):
	i = cuda.grid(1)
	while i < out.shape[0]:
		out[i] = 2 * x[i] + y[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_by_hand(x, y, out):
	i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
	stride = cuda.gridDim.x * cuda.blockDim.x
	n = len(out)
	while n > i:
		if x[i] > 50:
			out[i] = y[i] - 1
		i += stride


@cuda.jit
def range_by_hand(x, y, out):
	start, stride = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x, cuda.blockDim.x * cuda.gridDim.x
	for i in range(start, out.shape[0], stride):
		out[i] = x[i] - y[i]


@cuda.jit
def while_sums(x, y, out):
	"""Two values are carried, one of which is there behind the loop; one more is made of a round's own."""
	i, s, last = cuda.grid(1) + 1, 1.0, -1.0
	while i < x.shape[0] - 2:
		s = s * 0.5 + x[i + 1]
		last = x[i] * 2
		i += cuda.gridsize(1)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s + last


@cuda.jit
def while_true(x, y, out):
	i = cuda.grid(1)
	while True:
		if i >= out.shape[0]:
			break
		out[i] = x[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_breaks(x, y, out):
	i = cuda.grid(1)
	while i < out.shape[0]:
		if x[i] > 90:
			break
		out[i] = x[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_continues(x, y, out):
	i = cuda.grid(1)
	while i < out.shape[0]:
		if x[i] > 90:
			i += cuda.gridsize(1)
			continue
		out[i] = x[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_counter_behind(x, y, out):
	i = cuda.grid(1)
	while i < x.shape[0]:
		y[i] = x[i]
		i += cuda.gridsize(1)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = i


@cuda.jit
def while_other_guard(x, y, out):
	"""What is asked before the loop is not what its rounds ask."""
	i = cuda.grid(1)
	if i < out.shape[0] - 3:
		while True:
			out[i] = x[i]
			i += cuda.gridsize(1)
			if i >= out.shape[0]:
				break


@cuda.jit
def while_at_most(x, y, out):
	i, last = cuda.grid(1), out.shape[0] - 1
	while i <= last:
		out[i] = 2 * x[i] + y[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_not_above(x, y, out):
	"""Two values are carried; the bound is read."""
	i, s, last = cuda.grid(1) + 1, 1.0, int(y[0]) - 1 + x.shape[0] // 2
	while not i > last:
		s = s * 0.5 + x[i - 1]
		i += cuda.gridsize(1)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s


@cuda.jit
def while_at_most_breaks(x, y, out):
	i = cuda.grid(1)
	while i <= 2**63 - 1:
		if i >= out.shape[0]:
			break
		out[i] = x[i]
		i += cuda.gridsize(1)


@cuda.jit
def while_continues_often(x, y, out):
	"""What is carried is changed by some rounds that are cut short, and not by others."""
	i, s, count, last = cuda.grid(1), 1.0, 0, -1.0
	while len(x) - 1 >= i:
		if x[i] > 90:
			i += cuda.gridsize(1)
			continue
		last = s
		if x[i] < 20:
			count += 1
			s -= x[i]
			i += cuda.gridsize(1)
			continue
		s = s * 0.5 + x[i] + count
		i += cuda.gridsize(1)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = s + last + count


@cuda.jit
def while_stays_behind(x, y, out):
	"""Behind the loop stands what the counter was before its last step."""
	i = before = cuda.grid(1)
	while i < x.shape[0]:
		before = i
		if x[i] > 50:
			i += cuda.gridsize(1)
			continue
		y[i] = before
		i += cuda.gridsize(1)
	if cuda.grid(1) < out.shape[0]:
		out[cuda.grid(1)] = before


SPLIT = [plain, moved, given, own_place, shared_sum, accumulates, several, behind, total, last_counter, differences, starts_before,
	starts_anywhere, asked_before, while_less, while_by_hand, range_by_hand, while_sums, while_true, while_continues, while_at_most, while_continues_often,
	while_stays_behind]
WHOLE = [written_before, breaks, returns, nested, meets, other_step, while_breaks, while_counter_behind, while_other_guard, while_not_above, while_at_most_breaks]
IN_PLANES = [plain, moved, given, returns, breaks, meets, other_step, while_less, range_by_hand, while_breaks, while_continues,
	while_at_most, while_at_most_breaks]
SHAPES = [(1, 1), (1, 32), (3, 7), (2, 33), (8, 100), (8, 256), (5, (32, 2)), ((3, 2), 32), (700, 64), (9, (7, 3))]


def one_by_one(kernel, grid, block, x, y, out):
	"""Each thread's rounds by themselves, as Python runs them."""
	grid, block = (v if isinstance(v, tuple) else (v, 1) for v in (grid, block))
	size = grid[0] * block[0]

	class Thread:
		atomic = type("Atomic", (), {"add": staticmethod(lambda a, i, v: a.__setitem__(i, a[i] + v))})
		syncwarp = staticmethod(lambda: None)
		gridsize = staticmethod(lambda n: size)

		def grid(self, n):
			return self.x
	for _ in range(grid[1] * block[1]):
		for t in range(size):
			thread = Thread()
			thread.x = t
			thread.threadIdx, thread.blockIdx = SimpleNamespace(x=t % block[0]), SimpleNamespace(x=t // block[0])
			thread.blockDim, thread.gridDim = SimpleNamespace(x=block[0]), SimpleNamespace(x=grid[0])
			function = kernel.py_func
			type(function)(function.__code__, function.__globals__ | {"cuda": thread})(x, y, out)


@pytest.mark.parametrize("kernel", SPLIT + WHOLE, ids=lambda kernel: kernel.__name__)
def test_results(device, kernel):
	if device == "cuda" and kernel is written_before:
		pytest.skip("a race")
	for grid, block in SHAPES:
		threads = np.prod(grid) * np.prod(block)
		planes = isinstance(grid, tuple) or isinstance(block, tuple)
		if planes and kernel not in IN_PLANES or kernel is written_before and threads > 1:
			continue
		for n in (0, 1, 31, 1000) if threads < 4000 else (1, 3000):
			x = np.arange(n) * 7.0 % 100
			y, expect = np.cos(np.arange(n + 1)), np.arange(n) * 0.25
			out, by_threads = expect.copy(), y.copy()
			if n == 0 and kernel in (shared_sum, total, written_before):
				continue
			one_by_one(kernel, grid, block, x, by_threads, expect)
			kernel[grid, block](x, y, out)
			assert np.array_equal(y, by_threads)
			assert np.array_equal(out, expect) or kernel in (shared_sum, total) and np.allclose(out, expect), (grid, block, n)
	if device != "cuda":
		assert all(k.rounds == (kernel in SPLIT) for k in kernel.overloads.values())


@cuda.jit
def sums_from(k, x, out):
	s = 0
	for i in range(cuda.grid(1) + k, x.shape[0], cuda.gridsize(1)):
		s += x[i] if i >= 0 else 1000
		out[i] = s
	out[3000 + cuda.grid(1)] = s


@cuda.jit
def stores_from(k, x, out):
	for i in range(cuda.grid(1) + k, x.shape[0], cuda.gridsize(1)):
		out[i] = x[i] if i >= 0 else 1000


@cuda.jit
def shares_from(k, x, out):
	tile = cuda.shared.array(64, int64)
	i = cuda.grid(1) + k
	s = 0
	while i < x.shape[0]:
		s += x[i] if i >= 0 else 1000
		out[i] = s
		i += cuda.gridsize(1)
	tile[cuda.threadIdx.x] = s
	cuda.syncthreads()
	out[3000 + cuda.grid(1)] = tile[cuda.blockDim.x - 1 - cuda.threadIdx.x]


@pytest.mark.parametrize("kernel", [sums_from, stores_from, shares_from], ids=lambda kernel: kernel.__name__)
def test_start_is_an_argument(device, kernel):
	for k in (0, 3, 40, 2000, -1, -70):
		for grid, block in ((1, 1), (2, 33), (4, 64), (12, 64)):
			size = grid * block
			for n in (1, size - 1, size, 2 * size, 3 * size, 3 * size + 1):
				x, out = np.arange(n), np.full(4000, -1)
				expect, sums = out.copy(), np.zeros(size, np.int64)
				for i in range(k, n + size):
					at = (i - k) % size
					if i < n:
						sums[at] += x[i] if i >= 0 else 1000
						expect[i] = sums[at] if kernel is not stores_from else x[i] if i >= 0 else 1000
				if kernel is not stores_from:
					expect[3000:3000 + size] = sums if kernel is sums_from else sums.reshape(grid, block)[:, ::-1].ravel()
				kernel[grid, block](k, x, out)
				assert np.array_equal(out, expect), (k, grid, block, n)


# -- Rounds that have nothing to do with each other ---------------------------------------------------------------------------------------

@cuda.jit
def follows(x, y, out):
	"""A thread reads what it has stored in its last round."""
	step = cuda.gridsize(1)
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		if i >= step:
			out[i] = out[i - 64] + x[i]


@cuda.jit
def one_place(x, y, out):
	"""All rounds of a thread store to one element: the last stays."""
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		out[i % 64] = x[i]


@cuda.jit
def every_third(x, y, out):
	for i in range(cuda.grid(1) + 1, x.shape[0] // 3, cuda.gridsize(1)):
		out[3 * i - 1] = x[3 * i] + y[3 * i + 1]


@cuda.jit
def in_place(x, y, out):
	for i in range(cuda.grid(1), out.shape[0] - 5, cuda.gridsize(1)):
		out[i] = out[i] * 2 + x[i + 5]


def expected(kernel, x, y, out):
	for i in range(len(x)):
		if kernel is follows and i >= 64:
			out[i] = out[i - 64] + x[i]
		elif kernel is one_place:
			out[i % 64] = x[i]
		elif kernel is every_third and 1 <= i < len(x) // 3:
			out[3 * i - 1] = x[3 * i] + y[3 * i + 1]
		elif kernel is in_place and i < len(x) - 5:
			out[i] = out[i] * 2 + x[i + 5]
		elif kernel is plain:
			out[i] = 2 * x[i] + y[i]
	return out


@pytest.mark.parametrize("kernel", [plain, follows, one_place, every_third, in_place], ids=lambda kernel: kernel.__name__)
def test_order_of_rounds(device, kernel):
	"""Threads of the pool may share out rounds where the order of a thread's own cannot be seen, and only there."""
	for n in (63, 64, 1000, 64 * 300 + 7):
		x, y, out = np.arange(n) * 7.0 % 100, np.arange(n + 1.0), np.arange(n) * 0.25
		expect = expected(kernel, x, y, out.copy())
		for _ in range(4):
			got = out.copy()
			kernel[2, 32](x, y, got)
			assert np.array_equal(got, expect), n


def test_overlapping_arrays(device):
	"""What a round stores to `out` a later one of the same thread finds in `x`."""
	for _ in range(5):
		memory, zeros = np.arange(64.0 * 400), np.zeros(64 * 400)
		if device == "cuda":
			continue                           # copies of the two arrays
		plain[2, 32](memory[:-64], zeros, memory[64:])
		assert np.array_equal(memory.reshape(400, 64), np.arange(64) * 2.0 ** np.arange(400)[:, None])


# -- Loops that kernels with barriers begin with -------------------------------------------------------------------------------------

THREADS = 256


@cuda.jit
def mirrored(x, y, out):
	"""What the loop leaves in a thread meets a barrier."""
	tile = cuda.shared.array(THREADS, float64)
	s = 1.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		s = s * 0.5 + x[i]
	tile[cuda.threadIdx.x] = s
	cuda.syncthreads()
	out[cuda.grid(1)] = tile[cuda.blockDim.x - 1 - cuda.threadIdx.x]


@cuda.jit
def two_values(x, y, out):
	"""Several values of other types, a condition in the loop, a loop with barriers behind it."""
	tile = cuda.shared.array(THREADS, float64)
	t = cuda.threadIdx.x
	scale = y[0]
	most, count = float32(-1.0), 0
	for i in range(cuda.grid(1) + 1, x.shape[0], cuda.gridsize(1)):
		if x[i] < 50:
			count += i
		most = max(most, float32(x[i]))
	for k in range(3):
		tile[t] = count * scale + most + k
		cuda.syncthreads()
		out[cuda.grid(1)] += tile[cuda.blockDim.x - 1 - t]
		cuda.syncthreads()


@cuda.jit
def filled(x, y, out):
	"""Nothing goes from round to round; what the loop stores is read behind a barrier."""
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		y[i] = 2 * x[i]
	cuda.syncthreads()
	i = cuda.blockIdx.x * cuda.blockDim.x + cuda.blockDim.x - 1 - cuda.threadIdx.x
	out[cuda.grid(1)] = y[i] if i < x.shape[0] else -1.0


@cuda.jit
def starts_early(x, y, out):
	"""A grid with a thread for each item has two rounds of this one."""
	tile = cuda.shared.array(THREADS, float64)
	s, i = 1.0, cuda.grid(1) - 5
	while i < x.shape[0]:
		s = s * 0.5 + (x[i] if i >= 0 else i)
		i += cuda.gridsize(1)
	tile[cuda.threadIdx.x] = s
	cuda.syncthreads()
	out[cuda.grid(1)] = tile[cuda.blockDim.x - 1 - cuda.threadIdx.x]


@cuda.jit
def tile_in_loop(x, y, out):
	"""The loop's memory is the block's own: it is not taken apart."""
	tile = cuda.shared.array(THREADS, float64)
	tile[cuda.threadIdx.x] = 0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		tile[cuda.threadIdx.x] += x[i]
	cuda.syncthreads()
	out[cuda.grid(1)] = tile[cuda.blockDim.x - 1 - cuda.threadIdx.x]


def mirror(values, grid, block):
	return np.asarray(values).reshape(grid, block)[:, ::-1].ravel()


def by_hand(kernel, x, y, grid, block):
	threads, n = grid * block, len(x)
	if kernel is filled:
		return mirror([2 * x[t] if t < n else -1.0 for t in range(threads)], grid, block)
	results = []
	for t in range(threads):
		s, total, most, count, early = 1.0, 0.0, np.float32(-1), 0, 1.0
		for i in range(t - 5, n, threads):
			early = early * 0.5 + (x[i] if i >= 0 else i)
		for i in range(t, n, threads):
			s, total = s * 0.5 + x[i], total + x[i]
		for i in range(t + 1, n, threads):
			count += i if x[i] < 50 else 0
			most = max(most, np.float32(x[i]))
		results.append({mirrored: s, starts_early: early, tile_in_loop: total, two_values: count * y[0] + float(most)}[kernel])
	once = mirror(results, grid, block)
	return 3 * once + 3 if kernel is two_values else once


@pytest.mark.parametrize("kernel", [mirrored, two_values, filled, starts_early, tile_in_loop], ids=lambda kernel: kernel.__name__)
def test_parts(device, kernel):
	for grid, block in [(1, 1), (1, 32), (3, 40), (2, 33), (8, 100), (5, 256), (70, 64)]:
		for n in (1000, 31, 1, 0) if grid < 70 else (1, 30_000):       # the first more than there are threads
			x, y = np.arange(n) * 7.0 % 100, np.arange(1.0, n + 2)
			out = np.zeros(grid * block)
			expect = by_hand(kernel, x, y, grid, block)
			kernel[grid, block](x, y, out)
			assert np.allclose(out, expect, rtol=1e-15, atol=0) if kernel is two_values else np.array_equal(out, expect), (grid, block, n)
	if device == "cpu32":
		assert any(k.rounds for k in kernel.overloads.values()) == (kernel is not tile_in_loop)


@cuda.jit
def mirrored_planes(x, y, out):
	"""All rows of a block, and of the grid, go through the same items."""
	tile = cuda.shared.array(THREADS, float64)
	t = (cuda.threadIdx.z * cuda.blockDim.y + cuda.threadIdx.y) * cuda.blockDim.x + cuda.threadIdx.x
	s = 1.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		s = s * 0.5 + x[i]
	tile[t] = s
	cuda.syncthreads()
	threads = cuda.blockDim.x * cuda.blockDim.y * cuda.blockDim.z
	out[(cuda.blockIdx.y * cuda.gridDim.x + cuda.blockIdx.x) * threads + t] = tile[threads - 1 - t]


def test_parts_in_planes(device):
	for grid, block in [((3, 1), (32, 4)), ((5, 2), (64, 2, 2)), ((2, 3), (8, 8)), ((7, 1), (40, 2)), ((1, 1), (32, 2, 4))]:
		threads, rows = grid[0] * block[0], int(np.prod(block[1:]))
		for n in (threads * 7 + 5, threads // 2, 0):
			x = np.arange(n) * 7.0 % 100
			s = np.ones(threads)
			for i in range(n):
				s[i % threads] = s[i % threads] * 0.5 + x[i]
			line = np.repeat(s.reshape(grid[0], 1, block[0]), rows, axis=1).reshape(grid[0], -1)[:, ::-1]
			out = np.zeros(line.size * grid[1])
			mirrored_planes[grid, block](x, x, out)
			assert np.array_equal(out, np.tile(line.ravel(), grid[1])), (grid, block, n)


@cuda.jit
def least_and_most(x, y, out):
	"""Values of other types, one of which is not always changed."""
	least, most, count = int32(1 << 30), float32(-1e30), 0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		least = min(least, int32(x[i]))
		most = max(most * float32(0.75), float32(x[i]))
		if x[i] > 50:
			count = 3 * count + i
	out[cuda.grid(1)] = least + float64(most) + count


@pytest.mark.parametrize("kernel", [mirrored, least_and_most], ids=lambda kernel: kernel.__name__)
def test_every_number_of_rounds_in_a_turn(device, kernel):
	"""Turns of all lengths, several of them, and threads that have one round more."""
	grid, block = 3, 64
	threads = grid * block
	for rounds in range(20):
		for more in (0, 1, 33, threads - 1):
			n = rounds * threads + more
			x, out = np.random.default_rng(n).random(n) * 100, np.zeros(threads)
			s, least, most, count = np.ones(threads), np.full(threads, 1 << 30), np.full(threads, -1e30, np.float32), np.zeros(threads, np.int64)
			for start in range(0, n, threads):
				part = x[start:start + threads]
				k = len(part)
				s[:k] = s[:k] * 0.5 + part
				least[:k] = np.minimum(least[:k], part.astype(np.int32))
				most[:k] = np.maximum(most[:k] * np.float32(0.75), part.astype(np.float32))
				count[:k] = np.where(part > 50, 3 * count[:k] + start + np.arange(k), count[:k])
			kernel[grid, block](x, x, out)
			expect = mirror(s, grid, block) if kernel is mirrored else least + most.astype(np.float64) + count
			assert np.array_equal(out, expect), n


def test_part_of_a_block_sum(device):
	"""The same with all threads of the pool, many blocks and a launch that is repeated: stretches of blocks share what is kept."""
	kernel = block_sum.kernel_for(128, float64)
	x = np.arange(100_000.0)
	for blocks in (1, 7, 300, 1000):
		for _ in range(3):
			total = np.zeros(1)
			kernel[blocks, 128](x, total)
			assert total[0] == x.sum()


def test_other_rounds_stand_once(device):
	"""Only rounds that all threads have are read in pieces, in a fixed order: no second version of the others, and not what is kept."""
	if device != "cpu32":
		pytest.skip("about vectors")
	sums = cuda.jit(block_sum.kernel_for(256, float64).py_func)
	sums[4, 256](np.zeros(1 << 14), np.zeros(1))
	(text,) = sums.inspect_llvm().values()
	pieces = re.findall(r"load volatile <(\d+) x double>", text)
	assert len(pieces) * int(pieces[0]) == 32


def test_checked_indices(device):
	@cuda.jit(boundscheck=True)
	def beyond(x, out):
		for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
			out[i] = x[i]
	out = np.zeros(1000)
	with pytest.raises(IndexError, match="index 900 .*size 900|900"):
		beyond[1, 32](np.arange(900.0), out)
		cuda.synchronize()
	assert (out[:896] == np.arange(896)).all()
