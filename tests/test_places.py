"""Kernels whose threads know themselves through their places in the grid alone (src/lanes/places.c): on the CPU device they run in the
order of these, in vectors along any axis, and nobody can tell."""

import mmap
import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from conftest import on
from gridjit import cuda

EXTENTS = st.sampled_from([1, 2, 3, 7, 8, 11, 31, 32, 33, 40])


@cuda.jit
def mark(out, seen):
	"""Without a bound: each thread of the launch has an item."""
	i, j, k = cuda.grid(3)
	out[i, j, k] = (i * 1000 + j) * 1000 + k
	cuda.atomic.add(seen, 0, 1)


@cuda.jit
def by_hand(u, out):
	x = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
	y = cuda.blockDim.y * cuda.blockIdx.y + cuda.threadIdx.y
	if x < out.shape[1] and y < out.shape[0]:
		out[y, x] = u[y, x] * cuda.gridsize(1) + cuda.gridDim.x * cuda.blockDim.y


@cuda.jit
def smooth(u, out):
	j, i = cuda.grid(2)
	if i < u.shape[0] - 2 and j < u.shape[1] - 2:
		total = 0.0
		for a in range(3):
			for b in range(3):
				total += u[i + a, j + b]
		out[i + 1, j + 1] = total


@cuda.jit
def product(a, b, out):
	j, i = cuda.grid(2)
	if i < out.shape[0] and j < out.shape[1]:
		total = 0.0
		for k in range(a.shape[1]):
			total += a[i, k] * b[k, j]
		out[i, j] = total


@cuda.jit
def knows_block(out):
	i = cuda.grid(1)
	out[i] = i + cuda.threadIdx.x


@cuda.jit
def turned(a, out):
	j, i = cuda.grid(2)
	if i < out.shape[0] and j < out.shape[1]:
		out[i, j] = a[j, i]


@cuda.jit
def rounds_of_rows(u, out):
	y = cuda.grid(2)[1]
	for x in range(cuda.grid(1), u.shape[1], cuda.gridsize(1)):
		if y < u.shape[0]:
			out[y, x] = 2 * u[y, x]


def cover(shape, block):
	return tuple(-(-n // b) for n, b in zip(shape, block))


@settings(max_examples=40, deadline=None)
@given(st.tuples(EXTENTS, EXTENTS, EXTENTS), st.tuples(*[st.sampled_from([1, 2, 3, 4, 5, 8])] * 3), st.permutations([0, 1, 2]), st.integers(1, 3))
def check_marks(device, grid, block, axes, ndim):
	"""Each thread once, whatever the shape of the launch and the order of memory."""
	with on(device):
		grid, block = (grid[:ndim] + (1, 1))[:3], (block[:ndim] + (1, 1))[:3]
		shape = tuple(min(g, 12) * b for g, b in zip(grid, block))
		out = np.full([shape[axis] for axis in axes], -1).transpose(np.argsort(axes))
		seen = np.zeros(1, np.int64)
		mark[tuple(min(g, 12) for g in grid), block](out, seen)
		i, j, k = np.indices(shape)
		assert np.array_equal(out, (i * 1000 + j) * 1000 + k)
		assert seen[0] == out.size


def test_each_thread_once(device):
	check_marks(device)


@pytest.mark.parametrize("block", [(32, 4), (4, 32), (5, 3), (16, 16), (1, 1), (128, 1), (3, 64)])
@pytest.mark.parametrize("order", "CF")
def test_planes(device, block, order):
	for shape in [(70, 50), (33, 129), (200, 1), (1, 200), (64, 64)]:
		u = np.array(np.random.default_rng(1).integers(0, 100, shape).astype(float), order=order)
		out, expect = np.zeros_like(u), np.zeros_like(u)
		grid = cover(shape[::-1], block)
		by_hand[grid, block](u, out)
		assert np.array_equal(out, u * (grid[0] * block[0]) + grid[0] * block[1])
		for a in range(3):
			for b in range(3):
				expect[1:-1, 1:-1] += u[a:a + shape[0] - 2, b:b + shape[1] - 2]
		out[...] = 0
		smooth[grid, block](u, out)
		assert np.array_equal(out, expect)


def test_rounds(device):
	u = np.random.default_rng(1).random((9, 1000))
	for grid, block in [((2, 3), (32, 4)), ((1, 9), (33, 1)), ((7, 5), (16, 2))]:
		out = np.zeros_like(u)
		rounds_of_rows[grid, block](u, out)
		assert np.array_equal(out, 2 * u)


def test_which(device):
	if device != "cpu32":
		pytest.skip("vectors only")

	def runs_by_place(kernel, grid, block, *args):
		kernel[grid, block](*args)
		return kernel._kernels()[-1].places
	u, out = np.ones((96, 96)), np.zeros((96, 96))
	assert runs_by_place(by_hand, (3, 24), (32, 4), u, out)
	assert runs_by_place(smooth, (3, 24), (32, 4), u, out)
	assert runs_by_place(by_hand, (24, 3), (4, 32), np.asfortranarray(u), np.asfortranarray(out))
	assert not runs_by_place(product, (3, 24), (32, 4), u, u, out)              # rows of the block share what they read
	assert np.array_equal(out, u @ u)
	assert not runs_by_place(turned, (3, 24), (32, 4), u, out)
	assert not runs_by_place(knows_block, 3, 32, out[0])
	count = len(by_hand._kernels())
	by_hand[(6, 6), (16, 16)](u, out)                                           # another block, the same grid: nothing new
	assert len(by_hand._kernels()) in (count, count + 1)
	by_hand[(12, 12), (8, 8)](u, out)
	assert len(by_hand._kernels()) <= count + 1


def test_who_failed(device):
	@cuda.jit(boundscheck=True)
	def write(out):
		j, i = cuda.grid(2)
		if i == 13 and j == 70:
			out[i, j + 1000] = 1

	@cuda.jit(debug=True)
	def refuse(n):
		k, j, i = cuda.grid(3)
		if i == 5 and j == 40 and k == n:
			raise ValueError("no")
	for order in "CF":
		with pytest.raises(IndexError, match=r"tid=\[6, 1, 0\] ctaid=\[2, 3, 0\]"):
			write[(4, 5), (32, 4)](np.zeros((20, 128), order=order))
	with pytest.raises(ValueError, match=r"tid=\[1, 0, 1\] ctaid=\[2, 5, 1\]"):
		refuse[(3, 10, 2), (4, 8, 4)](9)


# -- Blocks without work -----------------------------------------------------------------------------------------------------------------

@cuda.jit
def doubled(x, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = x[i] * 2


@cuda.jit
def added(x, out):
	i = cuda.grid(1)
	v = 0.0
	if i < x.shape[0]:
		v = x[i]
	cuda.atomic.add(out, 0, v)


@pytest.mark.parametrize("kernel", [doubled, added], ids=lambda kernel: kernel.__name__)
def test_blocks_behind_arrays(device, kernel):
	"""A masked access of memory that is not there costs a processor a microsecond, though no lane reads: blocks behind the end make none."""
	if device != "cpu32":
		pytest.skip("vectors only")
	n = 1 << 16                                        # whole pages, whatever lies behind them
	x, out = (np.frombuffer(mmap.mmap(-1, n * 8)) for _ in range(2))
	x[:] = np.arange(n) % 100
	times = {}
	for blocks in (n // 256, 9 * n // 256):
		out[:] = 0
		kernel[blocks, 256](x, out)
		assert np.array_equal(out, 2 * x) if kernel is doubled else out[0] == x.sum()
		times[blocks] = float("inf")
		for _ in range(5):
			begin = time.process_time()
			kernel[blocks, 256](x, out)
			times[blocks] = min(times[blocks], time.process_time() - begin)
	assert times[9 * n // 256] < 60 * times[n // 256]         # it was 400 times as long
