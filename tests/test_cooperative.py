"""Cooperative groups: barriers of the whole grid, and the group of a block."""

import operator

import numpy as np
import pytest

from gridjit import cuda, errors
from gridjit.cuda import cg


@cuda.jit
def rows(a):
	"""Each row from the one before, backwards: written by other blocks."""
	column = cuda.grid(1)
	grid = cg.this_grid()
	for row in range(1, a.shape[0]):
		other = a.shape[1] - column - 1
		a[row, column] = a[row - 1, other] + 1
		grid.sync()


@pytest.mark.parametrize("blocks, threads", [(1, 32), (4, 64), (3, 33), (7, 1), (2, 128)])
def test_rows_of_the_grid(device, blocks, threads):
	n = blocks * threads
	a = np.zeros((25, n), np.int32)
	a[0] = np.arange(n)
	rows[blocks, threads](a)
	for row in range(1, 25):
		assert (a[row] == a[row - 1, ::-1] + 1).all(), row


def test_sum_of_blocks(device):
	"""Each block's sum, and then the sum of these, in one launch; barriers of blocks beside those of the grid."""
	@cuda.jit
	def kernel(x, part, out):
		tile = cuda.shared.array(64, "f8")
		t, i = cuda.threadIdx.x, cuda.grid(1)
		tile[t] = x[i]
		cuda.syncthreads()
		step = 32
		while step:
			if t < step:
				tile[t] += tile[t + step]
			cuda.syncthreads()
			step //= 2
		if t == 0:
			part[cuda.blockIdx.x] = tile[0]
		cuda.cg.this_grid().sync()
		total = 0.0
		for k in range(part.shape[0]):
			total += part[k]
		out[i] = x[i] / total

	x, out = np.arange(256.0), np.zeros(256)
	kernel[4, 64](x, np.zeros(4), out)
	assert (out == x / x.sum()).all()


def test_grids_and_blocks_of_three_dimensions(device):
	@cuda.jit
	def kernel(a, ranks):
		x, y, z = cuda.grid(3)
		a[z, y, x] = 1
		block = cg.this_thread_block()
		ranks[z, y, x] = block.thread_rank() * 1000 + block.size()
		cg.this_grid().sync()
		total = 0
		for k in range(a.shape[0]):
			for j in range(a.shape[1]):
				for i in range(a.shape[2]):
					total += a[k, j, i] > 0
		cg.this_grid().sync()
		a[z, y, x] = total

	a, ranks = np.zeros((4, 6, 8), np.int32), np.zeros((4, 6, 8), np.int32)
	kernel[(2, 2, 2), (4, 3, 2)](a, ranks)
	assert (a == 4 * 6 * 8).all()
	z, y, x = np.indices(ranks.shape)
	assert (ranks == (z % 2 * 12 + y % 3 * 4 + x % 4) * 1000 + 24).all()


def test_groups_in_device_functions(device):
	@cuda.jit(device=True)
	def meet(group):
		group.sync()

	@cuda.jit
	def kernel(a, b):
		i, n = cuda.grid(1), a.shape[0]
		a[i] = i
		meet(cg.this_grid())
		b[i] = a[n - 1 - i]
		meet(cg.this_thread_block())

	a, b = np.zeros(96, np.int64), np.zeros(96, np.int64)
	kernel[3, 32](a, b)
	assert (b == np.arange(96)[::-1]).all()


def test_blocks_at_once(device):
	fresh = cuda.jit(rows.py_func)                 # what the other devices compiled is not asked
	fresh[2, 32](np.zeros((2, 64), np.int32))
	kernel = next(iter(fresh.overloads.values()))
	most = kernel.max_cooperative_grid_blocks(32)
	assert most >= 2 and kernel.max_cooperative_grid_blocks((8, 4)) == most
	with pytest.raises(errors.CudaDriverError):
		fresh[most + 1, 32](np.zeros((2, 32 * (most + 1)), np.int32))
		cuda.synchronize()


def test_part_of_a_warp_is_an_error():
	from conftest import on

	@cuda.jit
	def kernel(a):
		if cuda.threadIdx.x < 5:
			cg.this_grid().sync()
			a[0] = 1
		cuda.syncthreads()

	with on("cpu32"), pytest.raises(errors.CudaDriverError, match="grid.sync") as e:
		kernel[2, 32](np.zeros(1))
	assert "test_cooperative.py" in str(e.value)


def test_ptx():
	ptx, _ = cuda.compile_ptx(rows, "void(int32[:, ::1])", cc=(9, 0))
	assert "%envreg1" in ptx and "atom.add.u32" in ptx
	with pytest.raises(errors.TypingError, match="cuda.cg.GridGroup.shfl is not supported in kernels"):
		cuda.compile_ptx(lambda: cg.this_grid().shfl(1), "void()")


# -- tiles --

@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("dtype", ["i4", "u4", "i8", "u8", "f4", "f8"])
def test_tiles(device, n, dtype):
	@cuda.jit
	def kernel(x, shuffled, votes, reduced):
		i = cuda.grid(1)
		tile = cg.tiled_partition(cg.this_thread_block(), n)
		v = x[i]
		shuffled[0, i] = tile.shfl(v, 1)
		shuffled[1, i] = tile.shfl_up(v, 1)
		shuffled[2, i] = tile.shfl_down(v, 3)
		shuffled[3, i] = tile.shfl_xor(v, 2)
		tile.sync()
		votes[0, i] = tile.ballot(v > 20)
		votes[1, i] = tile.any(v > 60)
		votes[2, i] = tile.all(v > 20)
		votes[3, i] = tile.thread_rank()
		votes[4, i] = tile.meta_group_rank()
		votes[5, i] = tile.size()
		reduced[0, i] = tile.reduce(v, operator.add)
		reduced[1, i] = tile.reduce(v, min)
		reduced[2, i] = tile.reduce(v, max)

	count = 128
	x = (np.arange(count) * 37 % 64).astype(dtype)
	shuffled, votes, reduced = np.zeros((4, count), dtype), np.zeros((6, count), "i8"), np.zeros((3, count), dtype)
	kernel[2, 64](x, shuffled, votes, reduced)
	rank, first = np.arange(count) % n, np.arange(count) // n * n
	assert (shuffled[0] == x[first + 1 % n]).all()
	assert (shuffled[1] == np.where(rank >= 1, x[np.maximum(np.arange(count) - 1, 0)], x)).all()
	assert (shuffled[2] == np.where(rank + 3 < n, x[np.minimum(np.arange(count) + 3, count - 1)], x)).all()
	assert (shuffled[3] == x[first + (rank ^ 2) % n]).all()
	tiles = x.reshape(-1, n)
	spread = lambda a: np.repeat(a, n)
	assert (votes[0] == spread(((tiles > 20) << np.arange(n, dtype="i8")).sum(1))).all()
	assert (votes[1] == spread((tiles > 60).any(1))).all() and (votes[2] == spread((tiles > 20).all(1))).all()
	assert (votes[3] == rank).all() and (votes[4] == np.arange(count) % 64 // n).all() and (votes[5] == n).all()
	assert (reduced[0] == spread(tiles.sum(1))).all()
	assert (reduced[1] == spread(tiles.min(1))).all() and (reduced[2] == spread(tiles.max(1))).all()


def test_tiles_of_tiles(device):
	@cuda.jit(device=True)
	def bits(tile, v):
		return tile.reduce(v, operator.or_), tile.reduce(v, operator.and_), tile.reduce(v, operator.xor), tile.reduce(v, operator.mul)

	@cuda.jit
	def kernel(x, out):
		i = cuda.threadIdx.x
		if i < 32:
			quad = cg.tiled_partition(cg.tiled_partition(cg.this_thread_block(), 16), 4)
			out[0, i], out[1, i], out[2, i], out[3, i] = bits(quad, x[i])

	x = np.random.default_rng(1).integers(1, 9, 32).astype("i8")
	out = np.zeros((4, 32), "i8")
	kernel[1, 64](x, out)
	for row, f in enumerate((np.bitwise_or, np.bitwise_and, np.bitwise_xor, np.multiply)):
		assert (out[row] == np.repeat(f.reduce(x.reshape(-1, 4), axis=1), 4)).all()


def test_mistakes_with_tiles():
	def wrong(kernel, match):
		with pytest.raises(errors.TypingError, match=match):
			cuda.compile_ptx(kernel, "void(float32[::1])")
	wrong(lambda x: cg.tiled_partition(cg.tiled_partition(cg.this_thread_block(), 8), 16), "up to 8")
	wrong(lambda x: cg.tiled_partition(cg.this_grid(), 8), "tiled_partition")
	wrong(lambda x: cg.tiled_partition(cg.this_thread_block(), 8).reduce(x[0], operator.xor), "argument 2")
	wrong(lambda x: cg.tiled_partition(cg.this_thread_block(), 8).reduce(x[0], abs), "argument 2")


def test_groups_as_a_module():
	"""In a process of its own: the module takes the place of the namespace."""
	import subprocess
	import sys
	code = """
import numpy as np
import gridjit.cuda.cg
from gridjit import cuda
from gridjit.cuda.cg import this_grid

@cuda.jit
def kernel(a):
	cuda.cg.this_grid().sync()
	this_grid().sync()
	a[cuda.grid(1)] = 1

a = np.zeros(64)
kernel[2, 32](a)
assert a.all() and "this_grid" in dir(cuda.cg)
print("OK")
"""
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
	assert done.stdout == "OK\n", done.stderr
