"""Blocks of every shape: thread indices, barriers, local arrays, warps. How many threads run as one differs with the shape
on the CPU device, and nobody must notice."""

import numpy as np
import pytest
from gridjit import cuda, float64, int32

SHAPES = [16, 48, (16, 16), (8, 8), (8, 4, 2), (24, 3), (4, 4), (40, 2), (3, 5, 7), (16, 1, 2), (8, 128), (64, 16), (1, 33), (32, 8), (4, 64), (1, 256),
	(3, 16, 4), (5, 32, 2), (4, 4, 8), (2, 3, 16), (1, 8, 32), (8, 8, 8)]


@cuda.jit
def indices(out):
	"""out[block, thread] = the thread's indices as one number; threads in linear order."""
	t = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)
	out[cuda.blockIdx.x, t] = cuda.threadIdx.x + 1000 * cuda.threadIdx.y + 1000000 * cuda.threadIdx.z


@cuda.jit
def reverse(a, out, counts):
	"""Through shared memory and a counting barrier, with a sum in a local array that lives across both."""
	tile = cuda.shared.array(1024, float64)
	mine = cuda.local.array(3, float64)
	n = cuda.blockDim.x * cuda.blockDim.y * cuda.blockDim.z
	t = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)
	for k in range(3):
		mine[k] = a[cuda.blockIdx.x, t] * (k + 1)
	tile[t] = a[cuda.blockIdx.x, t]
	odd = cuda.syncthreads_count(int(tile[t] > 0.5))
	x = tile[n - 1 - t]
	cuda.syncthreads()
	if t == 0:
		counts[cuda.blockIdx.x] = odd
	out[cuda.blockIdx.x, t] = x + mine[0] + mine[1] + mine[2]


@cuda.jit
def row_of_block(a, out, scale):
	"""x counts rows, y columns: out[i, j] = a[i, j] + the sum of the block's part of row i, times scale."""
	tile = cuda.shared.array(1024, float64)
	kept = cuda.local.array(2, float64)
	i, j = cuda.grid(2)
	start = (cuda.threadIdx.z * cuda.blockDim.x + cuda.threadIdx.x) * cuda.blockDim.y
	inside = i < a.shape[0] and j < a.shape[1]
	tile[start + cuda.threadIdx.y] = a[i, j] if inside else 0.0
	kept[1] = tile[start + cuda.threadIdx.y]
	cuda.syncthreads()
	total = 0.0
	for k in range(cuda.blockDim.y):
		total += tile[start + k]
	cuda.syncthreads()
	if inside and cuda.threadIdx.z == 0:
		out[i, j] = kept[1] + total * scale


@cuda.jit
def line_of_block(a, out, scale):
	"""The same in three dimensions, the last one along z."""
	tile = cuda.shared.array(1024, float64)
	i, j, k = cuda.grid(3)
	start = (cuda.threadIdx.x * cuda.blockDim.y + cuda.threadIdx.y) * cuda.blockDim.z
	inside = i < a.shape[0] and j < a.shape[1] and k < a.shape[2]
	tile[start + cuda.threadIdx.z] = a[i, j, k] if inside else 0.0
	cuda.syncthreads()
	if not inside:
		return
	total = 0.0
	for m in range(cuda.blockDim.z):
		if tile[start + m] < 0.75:
			total += tile[start + m]
	out[i, j, k] = a[i, j, k] + total * scale


@cuda.jit
def lanes(out):
	"""Lane numbers, and what the lane before holds."""
	t = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)
	before = cuda.shfl_up_sync(0xFFFFFFFF, int32(t), 1)
	out[cuda.blockIdx.x, t] = cuda.laneid * 10000 + before


@cuda.jit
def steps_to_one(out):
	"""Collatz's."""
	i, j = cuda.grid(2)
	n, steps = 8 * i + j + 1, 0
	while n != 1 and steps < 1000:
		n = n // 2 if n % 2 == 0 else 3 * n + 1
		steps += 1
	out[i, j] = steps


@cuda.jit
def warp_by_warp(passed, found):
	"""Each warp waits for the one before it, though not for ever. Memory lies along y."""
	warp = (cuda.threadIdx.x + cuda.threadIdx.y * cuda.blockDim.x) // 32
	before = 32 * (warp == 0)
	for _ in range(100000):
		if before == 32:
			break
		before = cuda.atomic.add(passed, warp - 1, 0)
	found[cuda.threadIdx.x, cuda.threadIdx.y] = before
	cuda.threadfence()
	cuda.atomic.add(passed, warp, 1)


@cuda.jit
def choice_behind_bound(a, which, out, n):
	"""The second condition, which all threads share, is found out behind the first."""
	i = cuda.grid(1)
	if i < n:
		a[i] = 1
		if which[0] > 0:
			cuda.atomic.add(out, 0, 1)
		else:
			cuda.atomic.add(out, 1, 3)


def threads(shape):
	return int(np.prod(shape))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_indices(device, shape):
	x, y, z = (shape if isinstance(shape, tuple) else (shape,)) + (1,) * (3 - len(np.atleast_1d(shape)))
	out = np.full((3, threads(shape)), -1)
	indices[3, shape](out)
	k, j, i = np.meshgrid(np.arange(z), np.arange(y), np.arange(x), indexing="ij")
	np.testing.assert_array_equal(out, np.tile((i + 1000 * j + 1000000 * k).ravel(), (3, 1)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_barriers_and_local_arrays(device, shape):
	a = np.random.default_rng(2).random((3, threads(shape)))
	out, counts = np.zeros_like(a), np.zeros(3, np.int64)
	reverse[3, shape](a, out, counts)
	np.testing.assert_allclose(out, a[:, ::-1] + 6 * a)
	np.testing.assert_array_equal(counts, (a > 0.5).sum(axis=1))


@pytest.mark.parametrize("shape", [s for s in SHAPES if isinstance(s, tuple)], ids=str)
def test_rows_by_x(device, shape):
	x, y = shape[:2]
	a = np.random.default_rng(3).random((2 * x + 1, 2 * y + 3))
	out = np.zeros_like(a)
	row_of_block[(3, 2 + -(-3 // y)), shape](a, out, 2.0)
	expected = np.zeros_like(a)
	for j in range(0, a.shape[1], y):
		expected[:, j:j + y] = a[:, j:j + y] + 2 * a[:, j:j + y].sum(axis=1, keepdims=True)
	np.testing.assert_allclose(out, expected)


@pytest.mark.parametrize("shape", [s for s in SHAPES if isinstance(s, tuple) and len(s) == 3], ids=str)
def test_lines_by_z(device, shape):
	a = np.random.default_rng(4).random([n + 1 + n // 3 for n in shape])
	out = np.zeros_like(a)
	line_of_block[(2, 2, 2), shape](a, out, 2.0)
	expected = np.zeros_like(a)
	for k in 0, shape[2]:
		part = a[:, :, k:k + shape[2]]
		expected[:, :, k:k + shape[2]] = part + 2 * np.where(part < 0.75, part, 0).sum(axis=2, keepdims=True)
	np.testing.assert_allclose(out, expected)


def test_lanes_along_contiguous_memory(device, monkeypatch, capfd):
	"""Vectors of a CPU lie along the axis of the block along which memory lies."""
	if device != "cpu32":
		pytest.skip("about vectors")
	a = np.ones((64, 64))
	monkeypatch.setenv("GRIDJIT_DUMP", "llvm")
	for block in (8, 8, 8), (2, 4, 32), (16, 4, 8):
		cuda.jit(line_of_block.py_func)[(64 // block[0], 64 // block[1], 1), block](a.reshape(64, 8, 8), np.zeros((64, 8, 8)), 1.0)
		text = capfd.readouterr().err
		assert "fma" in text and "gather" not in text, block
	for block in (32, 8), (16, 16), (4, 64):
		cuda.jit(row_of_block.py_func)[(64 // block[0], 64 // block[1]), block](a, np.zeros_like(a), 1.0)
		text = capfd.readouterr().err
		assert "fma" in text and "gather" not in text, block


def test_long_vectors_for_much_arithmetic(device, monkeypatch, capfd):
	"""One element to write is no reason to compute with few lanes."""
	if device != "cpu32":
		pytest.skip("about vectors")
	out = np.zeros((64, 64), np.int64)
	monkeypatch.setenv("GRIDJIT_DUMP", "llvm")
	cuda.jit(steps_to_one.py_func)[(2, 8), (32, 8)](out)
	text = capfd.readouterr().err
	assert "<32 x i64>" in text and "<8 x i64>" not in text
	assert out[0, :3].tolist() == [0, 1, 7] and out[2, 1] == 20


@pytest.mark.parametrize("shape", [(16, 16), (8, 8), (8, 4, 2), 64, (4, 8)], ids=str)
def test_lanes(device, shape):
	out = np.zeros((3, threads(shape)), np.int64)
	lanes[3, shape](out)
	t = np.arange(threads(shape))
	np.testing.assert_array_equal(out, np.tile(t % 32 * 10000 + t - (t % 32 > 0), (3, 1)))


@pytest.mark.parametrize("shape", [(32, 8), (8, 32), (16, 16)], ids=str)
def test_warps_wait_for_those_before(device, shape):
	found = np.zeros(shape, np.int64)
	warp_by_warp[1, shape](np.zeros(threads(shape) // 32, np.int32), found)
	assert (found == 32).all()


@pytest.mark.parametrize("n", [0, 33, 64, 100, 128])
@pytest.mark.parametrize("which", [0, 1])
def test_choice_behind_bound(device, n, which):
	a, out = np.zeros(128), np.zeros(2, np.int64)
	choice_behind_bound[2, 64](a, np.array([which]), out, n)
	np.testing.assert_array_equal(a, np.arange(128) < n)
	np.testing.assert_array_equal(out, [n * which, 3 * n * (1 - which)])
