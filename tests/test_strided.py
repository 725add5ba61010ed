"""Arrays whose items lie a few items apart: a launch knows how many (GJ_FACTS_STRIDES), so the CPU device's vectors read and write whole
registers (src/emit/memory.c). Nothing between the items is written, and nothing behind the last one is touched."""

import ctypes
import mmap

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from conftest import on
from gridjit import cuda

DTYPES = ["float32", "float64", "int8", "int16", "int32", "int64", "bool", "complex64", "float16"]
STEPS = [1, 2, 3, 4, 5, -1, -2]


@cuda.jit
def mixed(x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = x[i] if i % 3 else y[i]


@cuda.jit
def neighbours(u, out):
	j, i = cuda.grid(2)
	if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1:
		out[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]


@cuda.jit
def rounds(x, y, out):
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		out[i] = x[i] + y[i]


def numbers(n, dtype, seed):
	values = np.random.default_rng(seed).integers(0, 100, n)
	return (values % 2 if dtype == "bool" else values).astype(dtype)


def view(n, step, dtype, seed):
	"""n items, `step` apart, and the array that they lie in, which has some more at both ends."""
	whole = numbers(n * abs(step) + 7, dtype, seed)
	inside = whole[3:3 + n * abs(step)]
	return whole, inside[::step][:n]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1100), st.sampled_from(STEPS), st.sampled_from(STEPS), st.sampled_from(DTYPES), st.sampled_from([32, 64, 100, 256]),
	st.booleans())
def check_lines(device, n, step, other, dtype, block, agree):
	with on(device):
		other = step if agree else other
		_, x = view(n, step, dtype, 1)
		_, y = view(n, step, dtype, 2)
		whole, out = view(n, other, dtype, 3)
		expect_whole = whole.copy()
		expect = expect_whole[3:3 + n * abs(other)][::other][:n]
		expect[...] = np.where(np.arange(n) % 3 != 0, x, y)
		mixed[n // block + 1, block](x, y, out)
		assert whole.tobytes() == expect_whole.tobytes()


def test_lines(device):
	check_lines(device)


@pytest.mark.parametrize("step", STEPS)
def test_planes(device, step):
	for order in "CF":
		for rows, columns, block in [(70, 50, (32, 8)), (33, 64, (16, 16)), (3, 3, (8, 8)), (100, 37, (32, 32)), (1, 1, (32, 4)), (0, 5, (32, 4))]:
			for first in (True, False):
				shape = (rows * abs(step), columns) if first else (rows, columns * abs(step))
				u = np.array(numbers(shape[0] * shape[1], "float64", 4).reshape(shape), order=order)
				u = u[::step] if first else u[:, ::step]
				out = np.full(u.shape, -1.0, order=order)
				expect = out.copy()
				if u.size:
					expect[1:-1, 1:-1] = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
				grid = u.shape[1] // block[0] + 1, u.shape[0] // block[1] + 1
				neighbours[grid, block](u, out)
				assert np.array_equal(out, expect), (order, rows, columns, block, first)


def test_parts_of_complex_arrays(device):
	z, w = numbers(500, "complex128", 1) + 1j * numbers(500, "complex128", 2), np.zeros(500, complex)
	w.imag = 7
	rounds[3, 64](z.real, z.imag, w.real)
	assert np.array_equal(w, z.real + z.imag + 7j)


def test_end_of_memory(device):
	"""The last item ends where the process's memory does."""
	page = mmap.PAGESIZE
	memory = mmap.mmap(-1, 3 * page)
	address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
	libc = ctypes.CDLL(None, use_errno=True)
	libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
	assert libc.mprotect(address + 2 * page, page, 0) == 0
	try:
		for dtype in ("float32", "float64"):
			size = np.dtype(dtype).itemsize
			everything = np.frombuffer(memory, dtype=dtype, count=2 * page // size)
			for step in (2, 3, 4):
				view = everything[::-1][::step][:128][::-1]       # the last item is everything's last
				other = np.arange(256 * step, dtype=dtype)[::step][:len(view)]
				everything[:] = np.arange(len(everything))
				expect = view * 2
				rounds[1, 64](view, view, other)
				assert np.array_equal(other, expect)
				rounds[1, 64](other, other, view)
				assert np.array_equal(view, 2 * expect)
	finally:
		libc.mprotect(address + 2 * page, page, 3)


def test_what_launches_know(device):
	if device != "cpu32":
		pytest.skip("vectors only")

	@cuda.jit
	def copy(x, out):
		i = cuda.grid(1)
		if i < out.shape[0]:
			out[i] = x[i]
	out = np.zeros(400, np.float32)
	for step, name in [(2, "inner_2"), (3, "inner_3"), (7, None), (-1, "inner_back")]:
		x = np.arange(400.0 * abs(step), dtype=np.float32)[::step]
		copy[2, 256](x, out)
		assert np.array_equal(out, x)
		assert {fact for fact in copy._kernel_for(x, out).facts if "inner" in fact} == ({name} if name else set())


def behind_zero(u, out):
	i = cuda.grid(1)
	if i == 0 or i >= out.shape[0]:
		return
	out[i] = u[i - 1]


def behind_one(u, out):
	i = cuda.grid(1)
	if i == 1 or i >= out.shape[0]:
		return
	out[i] = u[i - 1]


def behind_both(u, out):
	i = cuda.grid(1)
	if i != 0 and i != 1 and i < out.shape[0]:
		out[i] = u[i - 2]


def behind_two(u, out):
	i = cuda.grid(1)
	if i != 0 and i != 2 and i < out.shape[0]:
		out[i] = u[i - 2]


@pytest.mark.parametrize("kernel,back,never,wraps", [(behind_zero, 1, {0}, False), (behind_one, 1, {1}, True),
	(behind_both, 2, {0, 1}, False), (behind_two, 2, {0, 2}, True)], ids=lambda x: getattr(x, "__name__", ""))
def test_conditions_say_that_an_index_is_not_negative(device, kernel, back, never, wraps):
	u, out = np.arange(100.0), np.full(100, -1.0)
	cuda.jit(kernel)[4, 32](u, out)
	assert np.array_equal(out, [-1.0 if i in never else u[i - back] for i in range(100)])
	ptx = cuda.compile_ptx(kernel, "void(float64[::1], float64[::1])")[0]
	assert ("selp" in ptx) == wraps


def window(u, out):
	i = cuda.grid(1)
	if 1 <= i < out.shape[0] - 1:
		for a in range(-1, 2):
			out[i] += u[i + a]


def window_counted_otherwise(u, out):
	i = cuda.grid(1)
	if i > 1 and i < out.shape[0]:
		for a in range(3):
			out[i] += u[(a - 2) + i]


def window_beyond(u, out):
	i = cuda.grid(1)
	if 1 <= i < out.shape[0] - 1:
		for a in range(-2, 2):
			out[i] += u[i + a]


def window_downwards(u, out):
	i = cuda.grid(1)
	if 1 <= i < out.shape[0] - 1:
		for a in range(1, -3, -1):
			out[i] += u[a + i]


@pytest.mark.parametrize("kernel,offsets,inside,wraps", [(window, range(-1, 2), range(1, 99), False),
	(window_counted_otherwise, range(-2, 1), range(2, 100), False), (window_beyond, range(-2, 2), range(1, 99), True),
	(window_downwards, range(-2, 2), range(1, 99), True)], ids=lambda x: getattr(x, "__name__", ""))
def test_counters_say_that_an_index_is_not_negative(device, kernel, offsets, inside, wraps):
	u, out = np.arange(100.0) ** 2, np.zeros(100)
	cuda.jit(kernel)[4, 32](u, out)
	assert np.array_equal(out, [sum(u[i + a] for a in offsets) if i in inside else 0 for i in range(100)])
	ptx = cuda.compile_ptx(kernel, "void(float64[::1], float64[::1])")[0]
	assert ("selp" in ptx) == wraps
