"""Loads and stores with hints for a GPU's caches: what they do does not depend on the hint."""

import numpy as np
import pytest

from gridjit import cuda, errors, typeof

LOADS = {"ldca": cuda.ldca, "ldcg": cuda.ldcg, "ldcs": cuda.ldcs, "ldlu": cuda.ldlu, "ldcv": cuda.ldcv}
STORES = {"stcg": cuda.stcg, "stcs": cuda.stcs, "stwb": cuda.stwb, "stwt": cuda.stwt}
DTYPES = "?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"


def copier(load, store):
	@cuda.jit
	def kernel(x, y):
		i = cuda.grid(1)
		if i < x.shape[0]:
			store(y, i, load(x, i))
	return kernel


@pytest.mark.parametrize("load, store", [*((load, "stwb") for load in LOADS), *(("ldca", store) for store in STORES)])
def test_copies(device, load, store):
	kernel = copier(LOADS[load], STORES[store])
	for dtype in DTYPES:
		x = np.arange(-50, 50).astype(dtype)
		y = np.zeros_like(x)
		kernel[4, 32](x, y)
		assert (x == y).all(), dtype


def test_indices_and_conversions(device):
	@cuda.jit
	def kernel(x, y, flag):
		i, j = cuda.grid(2)
		cuda.stcs(y, (j, -1 - i), cuda.ldcg(x, (i, j)))
		cuda.stwt(flag, cuda.threadIdx.x, 2.5)

	x, y, flag = np.arange(64.0).reshape(8, 8), np.zeros((8, 8), "i4"), np.zeros(8, bool)
	kernel[1, (8, 8)](x, y, flag)
	assert (y == x[::-1].T).all() and flag.all()


def test_shared_and_local_memory(device):
	@cuda.jit
	def kernel(y):
		tile, mine, t = cuda.shared.array(32, "f4"), cuda.local.array(2, "f4"), cuda.threadIdx.x
		cuda.stcg(tile, t, t)
		cuda.syncthreads()
		cuda.stwb(mine, 1, cuda.ldcs(tile, 31 - t))
		y[t] = cuda.ldca(mine, 1)

	y = np.zeros(32, "f4")
	kernel[1, 32](y)
	assert (y == np.arange(32)[::-1]).all()


def test_ptx():
	for load, store in zip(LOADS, [*STORES, "stcg"]):
		ptx, _ = cuda.compile_ptx(copier(LOADS[load], STORES[store]), "void(float32[::1], float32[::1])")
		assert f"ld.global.{load[2:]}.f32" in ptx and f"st.global.{store[2:]}.f32" in ptx


def test_mistakes():
	def wrong(kernel, match, *types):
		with pytest.raises(errors.TypingError, match=match):
			cuda.compile_ptx(kernel, types)
	readonly = np.zeros(3)
	readonly.flags.writeable = False
	wrong(lambda x: cuda.ldca(1, 0), "needs an array", typeof(np.zeros(3)))
	wrong(lambda x: cuda.ldca(x, 0), "does not work on arrays of complex64", typeof(np.zeros(3, "c8")))
	wrong(lambda x: cuda.ldca(x, (0, 0)), "1", typeof(np.zeros(3)))
	wrong(lambda x: cuda.stcg(x, 0, 1), "read-only|readonly", typeof(readonly))
	wrong(lambda x: cuda.stcg(x, 0, x), "argument 3", typeof(np.zeros(3)))
