"""Blocks of every shape: thread indices, barriers, local arrays, warps. How many threads run as one differs with the shape
on the CPU device, and nobody must notice."""

import numpy as np
import pytest
from gridjit import cuda, float64, int32

SHAPES = [16, 48, (16, 16), (8, 8), (8, 4, 2), (24, 3), (4, 4), (40, 2), (3, 5, 7), (16, 1, 2), (8, 128), (64, 16), (1, 33)]


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
def lanes(out):
	"""Lane numbers, and what the lane before holds."""
	t = cuda.threadIdx.x + cuda.blockDim.x * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)
	before = cuda.shfl_up_sync(0xFFFFFFFF, int32(t), 1)
	out[cuda.blockIdx.x, t] = cuda.laneid * 10000 + before


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


@pytest.mark.parametrize("shape", [(16, 16), (8, 8), (8, 4, 2), 64, (4, 8)], ids=str)
def test_lanes(device, shape):
	out = np.zeros((3, threads(shape)), np.int64)
	lanes[3, shape](out)
	t = np.arange(threads(shape))
	np.testing.assert_array_equal(out, np.tile(t % 32 * 10000 + t - (t % 32 > 0), (3, 1)))


@pytest.mark.parametrize("n", [0, 33, 64, 100, 128])
@pytest.mark.parametrize("which", [0, 1])
def test_choice_behind_bound(device, n, which):
	a, out = np.zeros(128), np.zeros(2, np.int64)
	choice_behind_bound[2, 64](a, np.array([which]), out, n)
	np.testing.assert_array_equal(a, np.arange(128) < n)
	np.testing.assert_array_equal(out, [n * which, 3 * n * (1 - which)])
