"""Strided arrays in whose rows items lie side by side have code of their own; others, beside them or after them, are read right."""

import numpy as np
import pytest

from gridjit import cuda


def combine(a, b, out):
	i, j = cuda.grid(2)
	if i < out.shape[0] and j < out.shape[1]:
		out[i, j] = 10 * a[i, j] + b[i, j]


def line(x, out):
	i = cuda.grid(1)
	if i < x.shape[0]:
		out[i] = x[i] + 1


def layouts(rows, columns):
	"""Name and an array of this shape that lies in some way."""
	big = np.arange(2 * rows * (2 * columns + 8), dtype=np.float32).reshape(2 * rows, -1)
	yield "C", np.ascontiguousarray(big[:rows, :columns])
	yield "F", np.asfortranarray(big[:rows, :columns])
	yield "sliced rows", big[:rows, 3:columns + 3]
	yield "every second row", big[::2, 1:columns + 1]
	yield "every second column", big[:rows, :2 * columns:2]
	yield "rows backwards", big[rows - 1::-1, :columns]
	yield "columns backwards", big[:rows, columns - 1::-1]
	yield "transposed", np.ascontiguousarray(big[:rows, :columns].T)[:, :].T
	yield "sliced columns", np.asfortranarray(big)[:rows, :columns]
	yield "one row again and again", np.broadcast_to(big[0, :columns], (rows, columns))
	yield "one column again and again", np.broadcast_to(big[:rows, :1], (rows, columns))


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("shape", [(5, 70), (3, 1), (1, 40)])
def test_pairs_of_layouts(device, declared, shape):
	kernel = cuda.jit("void(f4[:,:], f4[:,:], f4[:,:])")(combine) if declared else cuda.jit(combine)
	for name, a in layouts(*shape):
		for other, b in layouts(*shape):
			out = np.zeros((shape[0], shape[1] + 5), np.float32)[:, 2:-3]
			kernel[(1, 4), (8, 32)](a, b, out)
			np.testing.assert_array_equal(out, 10 * a + b, err_msg=f"{name}, {other}")


def test_lines(device):
	x = np.arange(100, dtype=np.float64)
	for kernel in (cuda.jit(line), cuda.jit("void(f8[:], f8[:])")(line)):
		for part in (x, x[::2], x[::-1], x[10:20], x[:1:2], np.broadcast_to(x[3], 7), x.reshape(10, 10)[:, 3]):
			out = np.zeros(len(part))
			kernel[1, 128](part, out)
			np.testing.assert_array_equal(out, part + 1)


def test_rows_and_others_are_two_forms(device):
	kernel = cuda.jit(line)
	x = np.zeros((4, 64))
	for part in (x[:, 0], x[:, 2], x[1, ::2], x[2, ::4]):
		kernel[1, 64](part, np.zeros(64))
	assert kernel._count() == (3 if device == "cpu32" else 1)                # vectors have forms for items that lie 2 and 4 apart
	table = cuda.jit(combine)
	out = np.zeros((4, 32))
	table[(1, 1), (4, 32)](x[:, :32], x[:, 2:34], out)
	table[(1, 1), (4, 32)](x[:, 4:36], x[:, 6:38], out)
	assert table._count() == 1
	table[(1, 1), (4, 32)](x[:, ::2], x[:, :32], out)
	assert table._count() == (1 if device == "cuda" else 2)                  # host arrays are copied to a GPU, row after row


def test_elements_of_sliced_rows(device):
	x = np.arange(600, dtype=np.float32).reshape(20, 30)
	d = cuda.to_device(x)
	np.testing.assert_array_equal((d[:, 3:20] + d[:, 4:21]).copy_to_host(), x[:, 3:20] + x[:, 4:21])
	np.testing.assert_array_equal((d[:, 3:20] + d[:, ::-1][:, :17]).copy_to_host(), x[:, 3:20] + x[:, ::-1][:, :17])
	np.testing.assert_array_equal(d[:, 3:20].sum(axis=1).copy_to_host(), x[:, 3:20].sum(axis=1))
