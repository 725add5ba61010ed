"""Stores that a condition overwrites: joined or not, the array ends as in Python. On both widths and, with --gpu, there."""

import re

import numpy as np
import pytest

from conftest import on
from gridjit import cuda, float32
from machine import has_masks

N = 100


@cuda.jit
def plain(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = 0
		if x[i] > 0:
			out[i] = y[i]


@cuda.jit
def seen_between(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = 1
		last = out[i] + x[i]
		if x[i] > 0:
			out[i] = last


@cuda.jit
def seen_under(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = 3
		if x[i] > 0:
			out[i] = out[i] + y[i]


@cuda.jit
def two_in_a_row(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = 0
		if x[i] > 0:
			out[i] = 1
		if y[i] > 0:
			out[i] = 2


@cuda.jit
def nested(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = -1
		if x[i] > 0:
			out[i] = 5
			if y[i] > 0:
				out[i] = 6


@cuda.jit
def in_a_loop(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		for k in range(4):
			out[i] = k
			if x[i] * k > y[i]:
				out[i] = -k
				if k > 2:
					break


@cuda.jit
def other_element(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0] - 1:
		out[i] = 1
		if x[i] > 0:
			out[i + 1 - int(y[i] < 2)] = 2


@cuda.jit
def through_shared(x, y, out):
	tile = cuda.shared.array(128, float32)
	i = cuda.grid(1)
	t = cuda.threadIdx.x
	tile[t] = 0
	if i < out.shape[0] and x[i] > 0:
		tile[t] = y[i]
	cuda.syncthreads()
	if i < out.shape[0]:
		out[i] = tile[127 - t]


def python(kernel, x, y):
	"""Each thread after the other."""
	out = np.zeros(N, np.float32)
	if kernel is through_shared:
		padded = np.zeros(128, np.float32)
		padded[:N] = np.where(x > 0, y, 0)
		return padded[::-1][:N]
	for i in range(N):
		a, b = x[i], y[i]
		if kernel is plain:
			out[i] = b if a > 0 else 0
		elif kernel is seen_between:
			out[i] = 1 + a if a > 0 else 1
		elif kernel is seen_under:
			out[i] = 3 + b if a > 0 else 3
		elif kernel is two_in_a_row:
			out[i] = 2 if b > 0 else 1 if a > 0 else 0
		elif kernel is nested:
			out[i] = (6 if b > 0 else 5) if a > 0 else -1
		elif kernel is in_a_loop:
			for k in range(4):
				out[i] = -k if a * k > b else k
		elif kernel is other_element and i < N - 1:
			out[i] = 2 if a > 0 and b < 2 else 1
	return out


KERNELS = [plain, seen_between, seen_under, two_in_a_row, nested, in_a_loop, other_element, through_shared]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.py_func.__name__)
def test_as_in_python(device, kernel):
	rng = np.random.default_rng(3)
	x, y = (rng.integers(-2, 2, N).astype(np.float32) for _ in range(2))
	out = np.zeros(N, np.float32)
	kernel[1, 128](x, y, out)
	np.testing.assert_array_equal(out, python(kernel, x, y))


@pytest.mark.parametrize("kernel", [plain, two_in_a_row, nested], ids=lambda kernel: kernel.py_func.__name__)
def test_the_same_array_twice(device, kernel):
	"""The first store changes what the conditions read."""
	rng = np.random.default_rng(4)
	x = rng.integers(-2, 3, N).astype(np.float32)
	y = rng.integers(-2, 3, N).astype(np.float32)
	out = cuda.to_device(x)
	kernel[1, 128](out, y, out)
	first = -1 if kernel is nested else 0
	want = np.full(N, first, np.float32)
	if kernel is two_in_a_row:
		want[y > 0] = 2
	np.testing.assert_array_equal(out.copy_to_host(), want)


@cuda.jit
def taken_then_changed(x, y, out):
	"""What is read under a condition is what lay there before the store that follows."""
	i = cuda.grid(1)
	if i < out.shape[0]:
		taken = float32(7)
		if x[i] > 0 and y[i] != 100:
			taken = y[i]
			y[i] = 50
			x[i] = 60
		out[i] = taken


def test_taken_then_changed(device):
	x = np.arange(-50, 50).astype(np.float32)
	y, out = x + 200, np.zeros_like(x)
	taken_then_changed[1, 128](x.copy(), y.copy(), out)
	np.testing.assert_array_equal(out, np.where(x > 0, y, 7))


def test_masks_are_not_taken_apart():
	"""A vector under a mask is stored in pieces where those of the mask are at hand, and whole where they would have to be unpacked."""
	@cuda.jit
	def positive(x, out):
		i = cuda.grid(1)
		if i < out.shape[0]:
			if x[i] > 0:
				out[i] = x[i]
	x, out = np.linspace(-1, 1, 100), np.zeros(100)
	with on("cpu32"):
		positive[1, 128](x, out)
		(text,) = positive.inspect_llvm().values()
	np.testing.assert_array_equal(out, np.maximum(x, 0))
	assert "masked.store" in text and bool(re.search(r"shufflevector <\d+ x i1>", text)) == has_masks()


@cuda.jit
def ends(x, y, out):
	"""The thread ends behind each of these stores."""
	i = cuda.grid(1)
	if i < out.shape[0]:
		if x[i] > 0:
			out[i] = 1
		elif y[i] > 0:
			out[i] = y[i]
		else:
			out[i] = x[i]


@cuda.jit
def meets(x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		if x[i] > 0:
			out[i] = 1
		elif y[i] > 0:
			out[i] = y[i]
		else:
			out[i] = x[i]


@cuda.jit
def elsewhere(x, y, out):
	"""One way ends with a store to another place."""
	i = cuda.grid(1)
	if i < out.shape[0]:
		if x[i] > 0:
			out[i] = 1
		elif y[i] > 0:
			out[i] = y[i]
		else:
			x[i] = 7
			out[i] = x[i] - 8 - y[i]
			y[i] = 9


@pytest.mark.parametrize("kernel", [ends, meets, elsewhere], ids=lambda kernel: kernel.__name__)
def test_on_all_ways(device, kernel):
	x, y = np.random.default_rng(3).integers(-2, 3, (2, N)).astype(np.float32)
	out, read = np.zeros(N, np.float32), (x.copy(), y.copy())
	kernel[2, 64](*read, out)
	none = (x <= 0) & (y <= 0)
	assert np.array_equal(out, np.where(x > 0, 1, np.where(y > 0, y, -1 - y if kernel is elsewhere else x)))
	assert np.array_equal(read[1], np.where(none, 9, y) if kernel is elsewhere else y)


@pytest.mark.parametrize("kernel, stores", [(ends, 1), (meets, 1), (elsewhere, 4)], ids=lambda what: getattr(what, "__name__", None))
def test_number_of_stores(kernel, stores):
	assert kernel._dump("f4[::1], f4[::1], f4[::1]", "low").count("STORE") == stores
