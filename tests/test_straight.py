"""Kernels that have run many blocks of as many threads as their shared array has items are compiled to straight code (src/emit/cpu/straight.c),
which gives to the bit what they gave before."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gridjit import _core, config, cuda, float32, float64, int64

N, BLOCKS = 64, 48
needs_llvm_20 = pytest.mark.skipif(int(_core._llvm_version().split(".")[0]) < 20, reason="LLVM 19 makes no straight code (src/emit/cpu/straight.c)")


@cuda.jit
def tree(x, out):
	s = cuda.shared.array(N, float64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	total = 0.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		total += x[i]
	s[t] = total
	cuda.syncthreads()
	step = N // 2
	while step > 0:
		if t < step:
			s[t] += s[t + step]
		cuda.syncthreads()
		step //= 2
	if t == 0 and b < out.shape[0]:
		out[b] = s[0]


@cuda.jit
def steps_by_hand(x, out):
	s = cuda.shared.array(N, float32)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	s[t] = x[(b * N + t) % x.shape[0]]
	cuda.syncthreads()
	if t < 32:
		s[t] += s[t + 32]
	cuda.syncthreads()
	if t < 16:
		s[t] = s[t] * 0.5 - s[t + 16]
	cuda.syncthreads()
	if t < 3 and b < out.shape[0]:
		out[b] = s[t] if t == 2 else out[b]


@cuda.jit
def place_of_most(x, out):
	value, where = cuda.shared.array(N, float64), cuda.shared.array(N, int64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	value[t], where[t] = x[(b * N + t) % x.shape[0]], t
	cuda.syncthreads()
	for k in range(5, -1, -1):
		if t < 1 << k and value[t + (1 << k)] > value[t]:
			value[t], where[t] = value[t + (1 << k)], where[t + (1 << k)]
		cuda.syncthreads()
	if t == 0 and b < out.shape[0]:
		out[b] = value[0] + where[0]


@cuda.jit
def sums_so_far(x, out):
	s = cuda.shared.array(N, float64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	s[t] = x[(b * N + t) % x.shape[0]]
	cuda.syncthreads()
	for k in range(6):
		left = s[t - (1 << k)] if t >= 1 << k else 0.0
		cuda.syncthreads()
		s[t] += left
		cuda.syncthreads()
	if t == N - 1 and b < out.shape[0]:
		out[b] = s[t]


@cuda.jit
def keeps_what_was_there(x, out):
	s = cuda.shared.array(N, float64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	if b < 0:
		s[t] = x[t]
	cuda.syncthreads()
	if t < N // 2:
		s[t] = x[(b + t) % x.shape[0]]
	cuda.syncthreads()
	if t == 0 and b < out.shape[0]:
		out[b] = s[t] + (s[N - 1] > s[N - 1])


@cuda.jit
def any_order(x, out):
	s = cuda.shared.array(N, float64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	s[(7 * t) % N] = x[(b * N + t) % x.shape[0]]
	cuda.syncthreads()
	if t == 0 and b < out.shape[0]:
		out[b] = s[t] + s[N - 1]


@cuda.jit
def below(x, n, out):
	s = cuda.shared.array(N, float64)
	i, t, b = cuda.grid(1), cuda.threadIdx.x, cuda.blockIdx.x
	s[t] = x[i] if i < n else -1.0
	cuda.syncthreads()
	for k in range(5, -1, -1):
		if t < 1 << k:
			s[t] += s[t + (1 << k)]
		cuda.syncthreads()
	if t == 0 and b < out.shape[0] and i < x.shape[0] + n:
		out[b] = s[0]


def forms(kernel): return kernel.stats.cache_hits + kernel.stats.cache_misses


@pytest.fixture
def soon():
	config.STRAIGHT_AFTER, device, config.DEVICE = 3 * BLOCKS, config.DEVICE, "cpu"
	yield
	config.STRAIGHT_AFTER, config.DEVICE = 1 << 20, device


@pytest.mark.parametrize("kernel, straight", [(tree, 1), (steps_by_hand, 1), (place_of_most, 1), (sums_so_far, 1), (keeps_what_was_there, 1),
	(any_order, 0)], ids=lambda value: getattr(value, "__name__", str(value)))
def test_results_stay_what_they_were(soon, kernel, straight):
	for length in [N * BLOCKS, 5 * N * BLOCKS + 17, N * BLOCKS - 5]:
		x, results = np.random.default_rng(length).standard_normal(length), []
		for _ in range(5):
			results.append(np.zeros(BLOCKS))
			kernel[BLOCKS, N](x, results[-1])
			results[-1] = results[-1].tobytes()
		assert len(set(results)) == 1 and any(results[0])
	before = forms(kernel)
	kernel[BLOCKS, N](x, np.zeros(BLOCKS))
	assert forms(kernel) == before


def test_blocks_that_are_not_full(soon):
	"""Straight code takes it that all threads of a block are below a bound; blocks with others are run by the other code."""
	x = np.arange(N * BLOCKS, dtype=float)
	for n in [x.size, x.size - 1, x.size - N, 5 * N + 3, 2 * N, N, 1, 0, -1, -5 * N, 1 << 40, 7 * N - 1] * 2:
		out, kind = np.zeros(BLOCKS), np.int64 if n > 1 << 30 else np.int32
		below[BLOCKS, N](x, kind(n if n < x.size else x.size), out)
		assert np.array_equal(out, np.where(np.arange(x.size) < n, x, -1.0).reshape(BLOCKS, N).sum(axis=1) * (np.arange(BLOCKS) * N < x.size + n)), n


@needs_llvm_20
def test_when_kernels_become_straight(soon):
	kernel = cuda.jit(tree.py_func)
	x, counts = np.ones(N * BLOCKS), []
	for threads in (N, N, N, N, N, N // 2, N):
		out = np.zeros(BLOCKS)
		kernel[BLOCKS, threads](x, out)
		counts.append(forms(kernel))
		assert out.sum() == x.size or threads < N
	assert counts == [1, 1, 1, 2, 2, 3, 3]             # smaller blocks: the grid has no thread for each item
	every, out = cuda.jit(any_order.py_func), np.zeros(BLOCKS)
	for _ in range(5):
		every[BLOCKS, N](x, out)
	assert forms(every) == 1


LARGE = 1024


@cuda.jit
def large_tree(x, out):
	s = cuda.shared.array(LARGE, float64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	total = 0.0
	for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
		total += x[i]
	s[t] = total
	cuda.syncthreads()
	step = LARGE // 2
	while step > 0:
		if t < step:
			s[t] -= s[t + step] / 3
		cuda.syncthreads()
		step //= 2
	if t == 0:
		out[b] = s[0]


def test_pairs_that_lie_pages_apart(soon):
	x = np.random.default_rng(5).random(3 * LARGE + 100)
	expect = np.zeros(4 * LARGE)
	expect[:len(x)] = x
	s, step = expect.reshape(4, LARGE), LARGE // 2
	while step:
		s[:, :step] -= s[:, step:2 * step] / 3
		step //= 2
	for _ in range(4):
		out = np.zeros(4)
		large_tree[4, LARGE](x, out)
		assert np.array_equal(out, s[:, 0])


STRAIGHT = """
import numpy as np, test_straight as t
for kernel in (t.tree, t.steps_by_hand, t.place_of_most, t.large_tree):
	n = t.LARGE if kernel is t.large_tree else t.N
	kernel[t.BLOCKS, n](np.ones(n * t.BLOCKS), np.zeros(t.BLOCKS))
"""


def straight_bodies():
	"""name → text, in LLVM's language."""
	dump = subprocess.run([sys.executable, "-c", STRAIGHT], cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
		env=os.environ | {"GRIDJIT_DUMP": "llvm", "GRIDJIT_STRAIGHT_AFTER": "0", "GRIDJIT_CACHE": "0", "GRIDJIT_DEVICE": "cpu"})
	functions = re.findall(r"^define (.*?)^}", dump.stdout + dump.stderr, re.M | re.S)
	return {re.search(r"gj_(\w+?)_\d", text)[1]: text for text in functions if re.match(r"internal void @\S+_body\.\d+\(", text)}


@needs_llvm_20
def test_straight_code_has_its_memory_in_registers():
	"""Where accesses have masks that only the kernel knows, it would have to lie on the stack: there is none then."""
	bodies = straight_bodies()
	assert list(bodies) == ["tree", "steps_by_hand", "large_tree"] and not any("alloca" in text for text in bodies.values())


@needs_llvm_20
def test_pairs_are_joined_when_they_are_read():
	"""Where they lie pages apart, or all that is read lies on the stack until the last is."""
	text = straight_bodies()["large_tree"]
	assert text.index("fsub") < text.rindex("load volatile <")
