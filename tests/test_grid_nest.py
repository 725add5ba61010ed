"""Loops over the grid in each other on the CPU device: a launch has a thread for each round, if rounds have nothing to do with each other
(src/opt/grid_nest.c). What a kernel gives is what its threads give one by one, and each thread's own operations keep their order."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from conftest import on
from grid_simulator import simulate
from gridjit import cuda

LIMIT = 11


@cuda.jit
def rows(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			out[i, j] = 2 * a[i, j] + out[i, j]


@cuda.jit
def inner_part(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	h, w = a.shape
	for i in range(y + 1, h - 1, sy):
		scale = a[i, 0] / h
		for j in range(x + 2, w - 1, sx):
			out[i, j] = (a[i - 1, j] + a[i + 1, j] + a[i, j - 2] + a[i, j + 1]) * scale


@cuda.jit
def columns_first(a, out):
	x, y = cuda.grid(2)
	for j in range(x, out.shape[1], cuda.gridsize(2)[0]):
		if j == 3:
			continue
		for i in range(y, min(out.shape[0], a.shape[0]), cuda.gridsize(2)[1]):
			total = 0.0
			for k in range(i % 4):
				if a[i, k % a.shape[1]] > 80:
					break
				total += k
			out[i, j] = total + i


@cuda.jit
def by_hand(a, out):
	"""With `while`, blocks and threads; the array is a plane to the kernel alone."""
	flat = out.reshape(out.size)
	h, w = out.shape
	i = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
	while i < h:
		j = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
		while j <= w - 1:
			flat[i * w + j] = a[i, j] - 1
			j += cuda.blockDim.x * cuda.gridDim.x
		i += cuda.blockDim.y * cuda.gridDim.y


@cuda.jit
def fixed(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, LIMIT, sy):
		for j in range(x, out.shape[1], sx):
			if i < out.shape[0]:
				out[i, j] = a[i, j] * i


@cuda.jit
def one_axis(a, out):
	"""Along x threads are those of the launch."""
	x, y = cuda.grid(2)
	if x < out.shape[1]:
		for i in range(y, out.shape[0], cuda.gridsize(2)[1]):
			out[i, x] = a[i, x] + cuda.gridDim.x


@cuda.jit
def with_loop(a, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		total = 0.0
		for k in range(a.shape[1]):
			total += a[i, k]
		out[i, 0] = total


@cuda.jit
def inner_alone(a, out):
	"""Rounds of the inner loop depend on each other, those of the outer do not."""
	x, y = cuda.grid(2)
	for i in range(y, out.shape[0], cuda.gridsize(2)[1]):
		total = 0.0
		for j in range(x, a.shape[1], cuda.gridsize(2)[0]):
			total = total * 0.5 + a[i, j]
		if x < out.shape[1]:
			out[i, x] = total


@cuda.jit
def adds(a, out, count):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, a.shape[0], sy):
		for j in range(x, a.shape[1], sx):
			if a[i, j] > 50:
				cuda.atomic.add(count, a[i, j] % count.shape[0], i + 1)
			else:
				cuda.atomic.sub(count, 0, 1)
			out[i, j] = a[i, j]


# Threads of these can be told apart, or their rounds.

@cuda.jit
def follows(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			if i >= sy:
				out[i, j] = out[i - sy, j] + a[i, j]


@cuda.jit
def same_column(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, a.shape[0], sy):
		for j in range(x, a.shape[1], sx):
			out[y % out.shape[0], x % out.shape[1]] = a[i, j]


@cuda.jit
def breaks(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			if a[i, j] > 60:
				break
			out[i, j] = a[i, j]


@cuda.jit
def counts(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	n = 0
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			n += 1
			out[i, j] = n


@cuda.jit
def knows_thread(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			out[i, j] = cuda.threadIdx.x + 10 * sy


@cuda.jit
def carries_place(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			t = 0
			for k in range(3):
				t = t * 2 + y
			out[i, j] = t


@cuda.jit
def more_behind(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1] - 1, sx):
			out[i, j] = a[i, j]
		if x == 0:
			out[i, out.shape[1] - 1] = i


@cuda.jit
def diagonal(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			out[(i + j) % out.shape[0], 0] = j


SPREAD = {rows: "xy", inner_part: "xy", columns_first: "xy", by_hand: "xy", fixed: "xy", one_axis: "y", with_loop: "x", inner_alone: "y"}
OTHERS = [follows, same_column, breaks, counts, knows_thread, carries_place, more_behind, diagonal]
RACES = [same_column, diagonal, follows]                # between threads; not within one
LAUNCHES = [((1, 1), (1, 1)), ((1, 1), (4, 2)), ((2, 3), (3, 2)), ((1, 2), (32, 1)), ((3, 5), (16, 4)), ((1, 40), (1, 1))]


@pytest.mark.parametrize("kernel", [*SPREAD, *OTHERS], ids=lambda kernel: kernel.__name__)
def test_results(device, kernel):
	for shape in [(1, 1), (2, 5), (9, 13), (40, 33), (3, 70)]:
		for grid, block in LAUNCHES[:1] if kernel in RACES else LAUNCHES:
			if kernel is one_axis and grid[0] * block[0] < shape[1] and device == "cuda":
				continue
			a, out = np.arange(shape[0] * shape[1]).reshape(shape) * 7.0 % 100, np.full(shape, 0.25)
			expect = out.copy()
			simulate(kernel.py_func, grid, block, (a, expect))
			kernel[grid, block](a, out)
			assert np.array_equal(out, expect), (shape, grid, block)
	if device != "cuda":
		assert {k.reach for k in kernel.overloads.values()} == {SPREAD.get(kernel, "")}


@cuda.jit
def planes(a, out, d):
	x, y, z = cuda.grid(3)
	sx, sy, sz = cuda.gridsize(3)
	for i in range(z, d, sz):
		for j in range(y, out.shape[1], sy):
			for k in range(x, out.shape[2], sx):
				out[i, j, k] = a[i, j, k] + i * 100 + j * 10 + k


@settings(max_examples=15, deadline=None)
@given(shape=st.tuples(*[st.integers(0, 9)] * 3), grid=st.tuples(*[st.integers(1, 3)] * 3), block=st.tuples(*[st.integers(1, 4)] * 3),
	order=st.permutations([0, 1, 2]), steps=st.tuples(*[st.sampled_from([1, 2, -1])] * 3))
def test_arrays(shape, grid, block, order, steps):
	"""Of any layout, smaller and larger than the grid."""
	with on("cpu"):
		whole = np.zeros([2 * n for n in shape]).transpose(order)
		out = whole[tuple(slice(None, None, s) for s in steps)][tuple(slice(0, whole.shape[d] // 2) for d in range(3))]
		a = np.arange(out.size, dtype=float).reshape(out.shape)
		planes[grid, block](a, out, out.shape[0])
		i, j, k = np.ogrid[:out.shape[0], :out.shape[1], :out.shape[2]]
		assert np.array_equal(out, a + i * 100 + j * 10 + k)
		assert np.count_nonzero(whole) == np.count_nonzero(out)


@pytest.mark.parametrize("dtype, reach", [(np.int64, "xy"), (np.uint32, "xy"), (np.float64, "")], ids=str)
def test_sums(device, dtype, reach):
	"""Floats are added in the order of each thread's rounds."""
	kernel = cuda.jit(adds.py_func)
	for shape in [(1, 1), (9, 13), (40, 70)]:
		a = np.arange(shape[0] * shape[1]).reshape(shape) * 7 % 100
		for grid, block in LAUNCHES:
			count, out, expect = np.ones(5, dtype), np.zeros(shape), np.ones(5, np.int64)
			kernel[grid, block](a, out, count)
			np.add.at(expect, a[a > 50] % 5, np.nonzero(a > 50)[0] + 1)
			expect[0] -= np.count_nonzero(a <= 50)
			assert np.array_equal(count, expect.astype(dtype)) and np.array_equal(out, a)
	if device != "cuda":
		assert {k.reach for k in kernel.overloads.values()} == {reach}


def test_overlap(device):
	"""A thread's later rounds read what its earlier ones have stored."""
	if device == "cuda":
		pytest.skip("copies of the two arrays")
	memory = np.ones(31 * 40)
	a, out = memory[:-40].reshape(30, 40), memory[40:].reshape(30, 40)
	rows[(1, 1), (40, 1)](a, out)
	expect = np.ones((31, 40))
	for i in range(30):
		expect[i + 1] += 2 * expect[i]
	assert np.array_equal(memory.reshape(31, 40), expect)


@cuda.jit
def decay(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, out.shape[0], sy):
		for j in range(x, out.shape[1], sx):
			out[i, j] = out[i, j] / 2 + a[i, j]


@pytest.mark.parametrize("strides", [(0, 8), (320, 0), (0, 0), (8, 8), (8, 16), (16, 8), (304, 8), (8, 240), (-312, 8), (320, 8), (640, 16)])
def test_elements_that_share_memory(device, strides):
	"""A thread's later rounds read what its earlier ones have stored, where several indices lead to one place."""
	if device == "cuda":
		pytest.skip("arrays that share memory with themselves are not copied")
	a = np.random.default_rng(1).integers(0, 9, (30, 40)).astype(float)
	want, got = (np.lib.stride_tricks.as_strided(np.ones(30 * 80)[-min(strides[0], 0) * 30 // 8:], (30, 40), strides) for _ in range(2))
	for i in range(30):
		for j in range(40):
			want[i, j] = want[i, j] / 2 + a[i, j]
	decay[(1, 1), (1, 1)](a, got)
	assert np.array_equal(got, want)


def bounded(out, h, w, most):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, min(h, out.shape[0]), sy):
		for j in range(x, min(min(w, most), out.shape[1]), sx):
			out[i, j] += 10 * i + j


@pytest.mark.parametrize("h, w, most, far", [(5, 7, 9, 0), (1 << 40, 3, 3, 0), (4, 1 << 30, 1 << 31, 1), (1 << 40, 1 << 62, (1 << 63) - 1, 1),
	(-1 << 40, 1 << 40, 1 << 40, 1), (1 << 40, -1 << 40, 1 << 40, 0)])
def test_more_rounds_than_threads(device, h, w, most, far):
	"""Each thread goes through its own then, in a form of the kernel for that; of the lesser of two bounds both are known."""
	kernel = cuda.jit(bounded)
	for bounds in [(h, w, most), (6, 6, 6), (h, w, most)]:
		out = np.zeros((5, 6))
		kernel[(2, 1), (2, 2)](out, *bounds)
		i, j = np.ogrid[:5, :6]
		assert np.array_equal(out, np.where((i < bounds[0]) & (j < min(bounds[1:])), 10 * i + j, 0))
	if device != "cuda":
		assert [form.reach for form in kernel._kernels()] == ["xy"] and kernel._count() == 1 + far
