"""Barriers in every shape of control flow that is legal, in blocks of 1, 2, 33 and 1,024 threads, against the grid
simulator; and the shapes that are not legal, which must be an error with a line and leave the process usable."""

import os
import re

import numpy as np
import pytest

from conftest import ASAN, on
from gridjit import _core, cuda, float64, int8, int64
from grid_simulator import simulate

BLOCKS = [1, 2, 33, 1024]
NO_OVERLAP = 7                                     # facts of a usual launch (src/image/image.h)


@cuda.jit
def straight(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	out[cuda.grid(1)] = s[cuda.blockDim.x - 1 - t]


@cuda.jit
def twice_in_a_row(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	cuda.syncthreads()
	out[cuda.grid(1)] = s[(t + 1) % cuda.blockDim.x]


@cuda.jit
def in_for_loop(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	n = cuda.blockDim.x
	value = x[cuda.grid(1)]
	for step in range(1, 6):
		s[t] = value
		cuda.syncthreads()
		value = (value + s[(t + step) % n]) & 0xFFFF
		cuda.syncthreads()
	out[cuda.grid(1)] = value


@cuda.jit
def in_while_halving(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	n = cuda.blockDim.x
	cuda.syncthreads()
	while n > 1:
		half = (n + 1) // 2
		if t + half < n:
			s[t] += s[t + half]
		cuda.syncthreads()
		n = half
	out[cuda.grid(1)] = s[0]


@cuda.jit
def in_uniform_if(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = 0
	if cuda.blockIdx.x % 2 == 0:
		s[t] = x[cuda.grid(1)]
		cuda.syncthreads()
		out[cuda.grid(1)] = s[cuda.blockDim.x - 1 - t] * 2
	else:
		s[t] = x[cuda.grid(1)] * 3
		cuda.syncthreads()
		out[cuda.grid(1)] = s[(t + 1) % cuda.blockDim.x]


@cuda.jit
def in_nested_loops(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	total = 0
	for i in range(3):
		for j in range(i, 3):
			s[t] = x[cuda.grid(1)] + i * j + total
			cuda.syncthreads()
			total = (total + s[(t + i + j) % cuda.blockDim.x]) & 1023
			cuda.syncthreads()
			if total == -1:
				break
		if cuda.blockIdx.x == 1 and i == 1:
			break
	out[cuda.grid(1)] = total


@cuda.jit(device=True)
def rotate(s, t, value, by):
	s[t] = value
	cuda.syncthreads()
	result = s[(t + by) % cuda.blockDim.x]
	cuda.syncthreads()
	return result


@cuda.jit
def in_device_function(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	value = x[cuda.grid(1)]
	value = rotate(s, t, value, 1)
	value = rotate(s, t, value * 2, 5)
	out[cuda.grid(1)] = value


@cuda.jit
def after_divergence(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	value = x[cuda.grid(1)]
	if value % 3 == 0:
		value += 100
	else:
		while value > 7:
			value -= 5
	s[t] = value
	cuda.syncthreads()
	other = s[cuda.blockDim.x - 1 - t]
	if other > value:
		value = other
	cuda.syncthreads()
	s[t] = value * 2
	cuda.syncthreads()
	out[cuda.grid(1)] = s[(t * 3) % cuda.blockDim.x]


@cuda.jit
def after_early_return(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	if t % 2 == 1:
		out[cuda.grid(1)] = -1
		return
	s[t] += 1
	cuda.syncthreads()
	out[cuda.grid(1)] = s[(t + 2) % cuda.blockDim.x // 2 * 2]


@cuda.jit
def last_words_in_loop(x, out):
	"""What a thread writes when it leaves the others' barriers is there behind the next one."""
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = 0
	for step in range(4):
		if x[cuda.grid(1)] % 5 == step:
			s[t] = 100 + step
			return
		cuda.syncthreads()
		out[cuda.grid(1)] += s[(t + 1) % cuda.blockDim.x] * (step + 1)
		cuda.syncthreads()


@cuda.jit
def last_look_in_loop(x, out):
	"""What a thread reads then is what lies there now."""
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	for step in range(5):
		cuda.syncthreads()
		if x[cuda.grid(1)] % 5 == step:
			break
		other = s[(t + 1) % cuda.blockDim.x]
		cuda.syncthreads()
		s[t] = other + step
	out[cuda.grid(1)] = s[(t + 1) % cuda.blockDim.x]


@cuda.jit
def last_words_in_else(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = 1
	if x[cuda.grid(1)] > 40:
		cuda.syncthreads()
		out[cuda.grid(1)] = s[(t + 1) % cuda.blockDim.x]
	else:
		s[t] = 7


@cuda.jit
def last_words_of_both(x, out):
	"""No order of the ways has all that lead to no barrier first and each behind all that lead to it."""
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	s[t] = 1
	value = x[cuda.grid(1)]
	go = False
	if value > 30:
		s[t] += 1
		if value % 3 > 0:
			s[t] += 2
			go = True
	if go:
		cuda.syncthreads()
		out[cuda.grid(1)] = s[(t + 1) % cuda.blockDim.x]
	else:
		s[t] += 7


@cuda.jit
def counting(x, out):
	t = cuda.threadIdx.x
	value = x[cuda.grid(1)]
	n = cuda.syncthreads_count(1 if value > 50 else 0)
	every = cuda.syncthreads_and(1 if value >= 0 else 0)
	some = cuda.syncthreads_or(1 if value == 77 else 0)
	again = cuda.syncthreads_count(1 if t % 2 == 0 else 0)
	out[cuda.grid(1)] = n * 1000000 + again * 100 + every * 10 + some


@cuda.jit
def two_dimensional(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x + cuda.threadIdx.y * cuda.blockDim.x
	i = cuda.blockIdx.x * cuda.blockDim.x * cuda.blockDim.y + t
	s[t] = x[i]
	cuda.syncthreads()
	out[i] = s[cuda.blockDim.x * cuda.blockDim.y - 1 - t] + cuda.threadIdx.y


@cuda.jit
def dynamic_memory(x, out):
	s = cuda.shared.array(0, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	out[cuda.grid(1)] = s[cuda.blockDim.x - 1 - t]


@cuda.jit
def two_arrays(x, out):
	a = cuda.shared.array(1024, int64)
	b = cuda.shared.array(1024, float64)
	t = cuda.threadIdx.x
	a[t] = x[cuda.grid(1)]
	b[t] = x[cuda.grid(1)] * 0.5
	cuda.syncthreads()
	out[cuda.grid(1)] = a[cuda.blockDim.x - 1 - t] + int64(2 * b[(t + 1) % cuda.blockDim.x])


@cuda.jit
def many_values_live(x, out):
	s = cuda.shared.array(1024, int64)
	t = cuda.threadIdx.x
	v = x[cuda.grid(1)]
	a = v + 1
	b = v * 3
	c = v ^ 5
	d = v // 3
	e = v * 0.25
	s[t] = a + b
	cuda.syncthreads()
	f = s[(t + 1) % cuda.blockDim.x]
	cuda.syncthreads()
	s[t] = c + d + f
	cuda.syncthreads()
	out[cuda.grid(1)] = a + b * 2 + c * 3 + d * 5 + f * 7 + s[(t + 2) % cuda.blockDim.x] + int64(4 * e)


SHAPES = [straight, twice_in_a_row, in_for_loop, in_while_halving, in_uniform_if, in_nested_loops, in_device_function,
	after_divergence, after_early_return, last_words_in_loop, last_look_in_loop, last_words_in_else, last_words_of_both,
	counting, two_dimensional, dynamic_memory, two_arrays, many_values_live]


def simulated(kernel, grid, block, x, shared):
	name = kernel.py_func.__name__
	text = SOURCES[name].replace("= rotate(", "= yield from rotate(")
	if name == "in_device_function":
		text = SOURCES["rotate"] + text
	want = [0] * len(x)
	simulate(name, grid, block, [x.tolist(), want], source=text, sharedmem=shared,
		scope={"int64": np.int64, "float64": np.float64})
	return want


def sources():
	"""Text of each function of this file, without decorators."""
	with open(__file__) as file:
		parts = re.split(r"(?m)^(?=@cuda\.jit|SHAPES)", file.read())
	return {re.search(r"def (\w+)", part)[1]: part.split("\n", 1)[1] for part in parts if part.startswith("@cuda.jit")}


SOURCES = sources()


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("kernel", SHAPES, ids=lambda kernel: kernel.py_func.__name__)
def test_shape(device, kernel, block):
	grid = 3
	if device == "cuda" and kernel is last_words_in_loop:
		pytest.skip("a GPU does not order what a thread writes before it returns and a barrier of the rest of its warp")
	shape = (block, 1)
	if kernel is two_dimensional and block > 1:
		shape = (block // 2, 2) if block % 2 == 0 else (block // 3, 3)
	shared = block * 8 if kernel is dynamic_memory else 0
	x = np.random.default_rng(block).integers(0, 100, grid * block)
	out = np.zeros_like(x)
	kernel[grid, shape, 0, shared](x, out)
	np.testing.assert_array_equal(out, simulated(kernel, grid, shape, x, shared))


@cuda.jit
def half_a_warp(out):
	if cuda.threadIdx.x < 16:
		cuda.syncthreads()
	else:
		cuda.syncthreads()
	out[cuda.threadIdx.x] = 1
	cuda.syncthreads()


@cuda.jit
def a_barrier_each(out):
	if cuda.threadIdx.x < 16:
		out[cuda.threadIdx.x] = 2
		cuda.syncthreads()
	else:
		cuda.syncthreads()
	out[cuda.threadIdx.x] += 1


@pytest.mark.parametrize("kernel, line", [(half_a_warp, 3), (a_barrier_each, 4)])
def test_divergent_barrier_is_an_error(kernel, line):
	"""On the CPU a barrier is an error that names its line when lanes of the warp stay away that can still come to a barrier;
	the next launch works."""
	from conftest import on
	line += kernel.py_func.__code__.co_firstlineno
	with on("cpu32"):
		with pytest.raises(Exception) as error:
			kernel[1, 32](np.zeros(32))
			cuda.synchronize()
		assert "syncthreads" in str(error.value) and f"test_barrier.py:{line}" in str(error.value).replace('", line ', ":")
		x = np.arange(32)
		out = np.zeros_like(x)
		straight[1, 32](x, out)
		np.testing.assert_array_equal(out, x[::-1])


@cuda.jit
def large_local(out):
	mine = cuda.local.array(400000, int8)
	for k in range(cuda.threadIdx.x, 400000, 100):
		mine[k] = 1
	cuda.syncthreads()
	out[cuda.threadIdx.x] = mine[cuda.threadIdx.x]


@pytest.mark.skipif(ASAN, reason="AddressSanitizer keeps what was freed")
def test_large_frames_are_not_kept():
	with on("cpu32"):
		large_local[1, 1](np.zeros(1))
		before, out = resident(), np.zeros(512)
		large_local[1, 512](out)                   # 200 MB
		assert out.all() and resident() - before < 100


@cuda.jit
def change_hands(x, out):
	"""Global memory that a thread has read or written, and that another writes before the barrier."""
	t = cuda.threadIdx.x
	before = x[0]
	x[1] = 2
	cuda.syncthreads()
	if t == cuda.blockDim.x - 1:
		x[0] = 5
		x[1] = 7
	cuda.syncthreads()
	out[t] = 100 * before + 10 * x[0] + x[1]


def flag_and_data(data, flag, out):
	"""A thread sees what others wrote before they raised the flag."""
	data[0] = 1
	while cuda.atomic.cas(flag, 0, 1, 1) == 0:
		pass
	cuda.threadfence()
	out[0] = data[0]


def locked(lock, total, out, n):
	for _ in range(n):
		while cuda.atomic.cas(lock, 0, 0, 1) != 0:
			pass
		total[0] += 1
		cuda.atomic.exch(lock, 0, 0)
	out[0] = n


@pytest.mark.parametrize("threads", BLOCKS)
def test_global_memory_changes_at_barriers(device, threads):
	x, out = np.array([3, 0]), np.zeros(threads, np.int64)
	change_hands[1, threads](x, out)
	assert (out == 300 + 50 + 7).all()


@pytest.mark.parametrize("kernel, signature, loads", [
	(change_hands.py_func, "void(int64[::1], int64[::1])", 2), (flag_and_data, "void(int64[::1], int32[::1], int64[::1])", 1)])
def test_a_gpu_reads_again_what_others_may_write(kernel, signature, loads):
	text = _core.compile(kernel, signature, {"cc": (9, 0), "facts": NO_OVERLAP})[0]
	assert len(re.findall(r"\bld\.global", text)) == loads, text


def test_a_gpu_keeps_memory_up_to_date_under_a_lock():
	text = _core.compile(locked, "void(int32[::1], int64[::1], int64[::1], int64)", {"cc": (9, 0), "facts": NO_OVERLAP})[0]
	inside = re.search(r"\batom\S*\.cas.*\batom\S*\.exch", text, re.DOTALL)[0]
	assert re.search(r"\bld\.global", inside) and re.search(r"\bst\.global", inside), text


def resident():
	"""MB of memory that the process has."""
	with open("/proc/self/statm") as file:
		return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
