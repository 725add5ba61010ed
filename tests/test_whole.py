"""Code behind bounds is there twice on the CPU device (src/lanes/whole.c): without masks for vectors that have all their lanes, and for the
others. Both give what single threads give."""

import numpy as np
import pytest

from conftest import on
from grid_simulator import simulate
from gridjit import cuda


@cuda.jit
def choice(a, out):
	j, i = cuda.grid(2)
	if i < a.shape[0] and j < a.shape[1]:
		if a[i, j] > 50:
			out[i, j] = a[i, j] - 50
		elif a[i, j] > 20:
			out[i, j] = 1
		else:
			out[i, j] = i + j


@cuda.jit
def inside(a, out):
	j, i = cuda.grid(2)
	h, w = a.shape
	if 0 < i < h - 1 and 0 < j < w - 1:
		total = 0
		for di in range(-1, 2):
			for dj in range(-1, 2):
				total = max(total, a[i + di, j + dj])
		out[i, j] = total if total % 2 else a[i, j]


@cuda.jit
def border(a, out):
	j, i = cuda.grid(2)
	h, w = a.shape
	if i < h and j < w:
		if i == 0 or j == 0 or i == h - 1 or w - 1 == j:
			out[i, j] = a[i, j]
		else:
			out[i, j] = a[i, j - 1] + a[i, j + 1] // 2


@cuda.jit
def leaves_early(a, out):
	j, i = cuda.grid(2)
	if i >= a.shape[0] or a.shape[1] <= j or j < 2:
		return
	if a[i, j] % 3 == 0:
		out[i, j] += 7
	for k in range(a[i, j] % 5):
		if a[i, k % a.shape[1]] > 40:
			break
		out[i, j] += k


@cuda.jit
def value_behind(a, out):
	j, i = cuda.grid(2)
	x = 5
	if i < a.shape[0] and j < a.shape[1]:
		x = a[i, j]
		if x > 30:
			out[i, j] = 3
			x += 1
	if j < 1 and i < a.shape[0]:
		out[i, 0] = x


@cuda.jit
def nest(a, out):
	x, y = cuda.grid(2)
	sx, sy = cuda.gridsize(2)
	for i in range(y, a.shape[0], sy):
		for j in range(x + 1, a.shape[1], sx):
			if a[i, j] > a[i, j - 1]:
				out[i, j] = 255
			else:
				out[i, j] = a[i, j]


KERNELS = [choice, inside, border, leaves_early, value_behind, nest]
TYPES = [np.uint8, np.int32, np.float32, np.float64]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_results(device, kernel, dtype):
	if kernel is leaves_early and dtype in (np.float32, np.float64):
		pytest.skip("numbers of rounds")
	for shape in [(1, 1), (2, 31), (3, 32), (3, 33), (2, 64), (3, 100), (4, 5)]:
		a, out = (np.arange(shape[0] * shape[1]).reshape(shape) * 7 % 100).astype(dtype), np.full(shape, 9, dtype)
		grid, block = (-(-shape[1] // 16), 2), (16, 2)
		expect = out.copy()
		simulate(kernel.py_func, grid, block, (a.copy(), expect))
		kernel[grid, block](a, out)
		assert np.array_equal(out, expect), shape


@pytest.mark.parametrize("kernel", [choice, inside, border, nest], ids=lambda kernel: kernel.__name__)
def test_no_masks(kernel):
	"""Vectors of all lanes read and write without a mask."""
	fresh = cuda.jit(kernel.py_func)
	with on("cpu32"):
		fresh[(2, 8), (32, 1)](np.zeros((8, 60), np.float32), np.zeros((8, 60), np.float32))
		(text,) = fresh.inspect_llvm().values()
	assert "load <" in text and "store <" in text and "masked.load" in text


def test_not_at_borders(monkeypatch, capfd):
	"""Behind the array's bounds, lanes that are none of them at its borders are without masks too: two questions."""
	monkeypatch.setenv("GRIDJIT_DUMP", "mask")
	with on("cpu32"):
		cuda.jit(border.py_func)[(2, 8), (32, 1)](np.zeros((8, 60), np.float32), np.zeros((8, 60), np.float32))
	assert capfd.readouterr().err.count(" = ALL ") == 2
