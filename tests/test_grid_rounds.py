"""Loops over the grid on the CPU device: rounds are run in turn (src/opt/grid_rounds.c), and each thread's own operations keep their
order. What a kernel gives is what its threads give one by one."""

import numpy as np
import pytest

from gridjit import cuda


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


SPLIT = [plain, moved, given, own_place, shared_sum, accumulates, several, behind, total, last_counter]
WHOLE = [written_before, breaks, returns, nested, meets, other_step]
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
			function = kernel.py_func
			type(function)(function.__code__, function.__globals__ | {"cuda": thread})(x, y, out)


@pytest.mark.parametrize("kernel", SPLIT + WHOLE, ids=lambda kernel: kernel.__name__)
def test_results(device, kernel):
	if device == "gpu" and kernel is written_before:
		pytest.skip("a race")
	for grid, block in SHAPES:
		threads = np.prod(grid) * np.prod(block)
		planes = isinstance(grid, tuple) or isinstance(block, tuple)
		if planes and kernel not in (plain, moved, given, returns, breaks, meets, other_step) or kernel is written_before and threads > 1:
			continue
		for n in (0, 1, 31, 1000) if threads < 4000 else (1, 3000):
			x = np.arange(n) * 7.0 % 100
			y, expect = np.cos(np.arange(n + 1)), np.arange(n) * 0.25
			out = expect.copy()
			if n == 0 and kernel in (shared_sum, total, written_before):
				continue
			one_by_one(kernel, grid, block, x, y, expect)
			kernel[grid, block](x, y, out)
			assert np.array_equal(out, expect) or kernel in (shared_sum, total) and np.allclose(out, expect), (grid, block, n)
	if device != "gpu":
		assert all(k.rounds == (kernel in SPLIT) for k in kernel.overloads.values())


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
