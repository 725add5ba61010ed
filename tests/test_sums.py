"""Arrays that kernels only add to, of which a thread of the CPU device may keep a copy of its own: nobody must notice."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from gridjit import cuda

DTYPES = [np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64]
N = 5000
GRID, BLOCK = 20, 96


@cuda.jit
def histogram(x, bins):
	for k in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		cuda.atomic.add(bins, x[k], 1)


@cuda.jit
def up_and_down(x, table, total):
	"""Two arrays, views of one, subtraction, negative indices, a barrier between."""
	i = cuda.grid(1)
	row = table[1]
	if i < x.shape[0]:
		cuda.atomic.add(row[2:], x[i] % 3, 2)
		cuda.atomic.sub(table, (0, -1), 1)
	cuda.syncthreads()
	if cuda.threadIdx.x == 0:
		cuda.atomic.add(total, 0, cuda.blockIdx.x)
	if i < x.shape[0]:
		cuda.atomic.add(table, (-1, x[i] % 5), x[i])


@cuda.jit
def around_a_barrier(total):
	"""One element, before and after a barrier at which others add to it."""
	cuda.atomic.add(total, 0, 1)
	cuda.syncthreads()
	cuda.atomic.add(total, 0, 2)


@cuda.jit
def one_total(x, total):
	i = cuda.grid(1)
	if i < x.shape[0]:
		cuda.atomic.add(total, 0, x[i])


@cuda.jit
def tickets(order, counter):
	"""The old value is wanted."""
	order[cuda.atomic.add(counter, 0, 1)] = 1


@cuda.jit
def adds_and_reads(bins, seen):
	"""The array is looked at too: the block's own additions must be there."""
	cuda.atomic.add(bins, cuda.blockIdx.x, 1)
	cuda.syncthreads()
	if cuda.threadIdx.x == 0:
		seen[cuda.blockIdx.x] = bins[cuda.blockIdx.x]


@cuda.jit
def adds_and_sees(bins, same, seen):
	cuda.atomic.add(bins, cuda.blockIdx.x, 1)
	cuda.syncthreads()
	if cuda.threadIdx.x == 0:
		seen[cuda.blockIdx.x] = same[cuda.blockIdx.x]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda t: t.__name__)
@pytest.mark.parametrize("size", [1, 7, 300, 100_000])
def test_histogram(device, dtype, size):
	x = np.random.default_rng(size).integers(0, size, N)
	bins = np.arange(size).astype(dtype)
	for times in 1, 2:
		histogram[GRID, BLOCK](x, bins)
		np.testing.assert_array_equal(bins, np.arange(size) + times * np.bincount(x, minlength=size))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda t: t.__name__)
@pytest.mark.parametrize("order", "CF")
def test_views(device, dtype, order):
	x = np.random.default_rng(1).integers(0, 50, N)
	table, total = np.full((3, 6), 10**6, dtype, order=order), np.array([5], dtype)
	up_and_down[-(-N // BLOCK), BLOCK](x, table, total)
	expected = np.full((3, 6), 10**6)
	expected[1, 2:5] += 2 * np.bincount(x % 3)
	expected[0, -1] -= N
	expected[2, :5] += np.bincount(x % 5, weights=x).astype(int)
	np.testing.assert_array_equal(table, expected)
	blocks = -(-N // BLOCK)
	assert total[0] == 5 + blocks * (blocks - 1) // 2


def test_barrier_between(device):
	total = np.zeros(1, np.int64)
	around_a_barrier[GRID, BLOCK](total)
	assert total[0] == GRID * BLOCK * 3


@pytest.mark.parametrize("dtype", [np.int32, np.uint64], ids=lambda t: t.__name__)
def test_strided(device, dtype):
	bins = np.zeros((8, 3), dtype)
	histogram[GRID, BLOCK](np.arange(N) % 8, bins[:, 1])
	np.testing.assert_array_equal(bins, [[0, N // 8, 0]] * 8)


def test_wraps(device):
	total = np.array([2**32 - 1000], np.uint32)
	one_total[GRID, BLOCK](np.full(GRID * BLOCK, 2**31 + 1, np.uint32), total)
	assert total[0] == (2**32 - 1000 + GRID * BLOCK * (2**31 + 1)) % 2**32


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda t: t.__name__)
def test_special_numbers(device, dtype):
	x = np.zeros(GRID * BLOCK, dtype)
	for value, start, expected in (-0.0, -0.0, -0.0), (0.0, -0.0, 0.0), (np.nan, 1.0, np.nan), (np.inf, 1.0, np.inf), (0.0, 3.0, 3.0):
		x[:] = value
		total = np.array([start], dtype)
		one_total[GRID, BLOCK](x, total)
		assert str(total[0]) == str(dtype(expected))


def test_a_copy_of_its_own(device):
	"""Ones that a double of this size cannot take in one by one."""
	if device == "cuda":
		pytest.skip("a CPU's threads have copies")
	total = np.array([1e17])
	one_total[GRID, 32](np.ones(GRID * 32), total)
	assert total[0] == 1e17 + GRID * 32


def test_old_values(device):
	order, counter = np.zeros(GRID * BLOCK + 1, np.int32), np.zeros(1, np.int32)
	tickets[GRID, BLOCK](order, counter)
	assert counter[0] == GRID * BLOCK and order[:-1].all() and not order[-1]


def test_read_again(device):
	bins, seen = np.zeros(GRID, np.int32), np.zeros(GRID, np.int32)
	adds_and_reads[GRID, BLOCK](bins, seen)
	assert (bins == BLOCK).all() and (seen == BLOCK).all()


def test_same_array_twice(device):
	bins, seen = cuda.to_device(np.zeros(GRID, np.int32)), np.zeros(GRID, np.int32)
	adds_and_sees[GRID, BLOCK](bins, bins, seen)
	assert (seen == BLOCK).all()


def test_from_many_threads(device):
	x, bins = np.arange(N) % 100, cuda.to_device(np.zeros(100, np.int64))

	def work(_):
		for _ in range(20):
			histogram[GRID, BLOCK](x, bins)
			histogram[3, 7](x, bins)               # too few threads for copies
		cuda.synchronize()
	with ThreadPoolExecutor(4) as pool:
		list(pool.map(work, range(4)))
	np.testing.assert_array_equal(bins.copy_to_host(), np.full(100, 4 * 20 * 2 * N // 100))


def test_rounds_to_nearest(device):
	"""Whatever the calling thread has set for itself."""
	libm = ctypes.CDLL("libm.so.6")
	before, total = libm.fegetround(), np.ones(1)
	assert libm.fesetround(0x800) == 0                  # upwards, on x86-64
	try:
		one_total[GRID, BLOCK](np.full(GRID * BLOCK, 1e-30), total)
	finally:
		libm.fesetround(before)
	assert total[0] == 1
