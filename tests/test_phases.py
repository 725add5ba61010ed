"""Kernels whose warps go from barrier to barrier together (src/emit/cpu/phases.c): what a thread remembers from one phase to the next, which
phases end early, and which kernels are none of these."""

import linecache
import random

import numpy as np
import pytest

from gridjit import cuda, float32, float64, int32, int64
from grid_simulator import simulate


@cuda.jit
def swapped(x, out):
	s = cuda.shared.array(128, int64)
	t, n = cuda.threadIdx.x, cuda.blockDim.x
	a, b, c = x[cuda.grid(1)], t, 1
	for k in range(5):
		s[t] = a
		cuda.syncthreads()
		a, b, c = b, c, s[(t + k) % n]
		cuda.syncthreads()
	out[cuda.grid(1)] = a + 1000 * b + 1_000_000 * c


@cuda.jit
def sets_now_and_then(x, out):
	s = cuda.shared.array(128, int64)
	t = cuda.threadIdx.x
	value, last = x[cuda.grid(1)], 7
	for k in range(6):
		if value % 3 == k % 3:
			last = value + k
		s[t] = last
		cuda.syncthreads()
		if k % 2 == 0:
			value += s[(t + 1) % cuda.blockDim.x]
		cuda.syncthreads()
	out[cuda.grid(1)] = value * 1000 + last


@cuda.jit
def remembers_masks(x, out):
	s = cuda.shared.array(128, int64)
	i, t = cuda.grid(1), cuda.threadIdx.x
	value = x[i]
	odd, large = value % 2 == 1, value > 50
	s[t] = value
	cuda.syncthreads()
	other = s[cuda.blockDim.x - 1 - t]
	cuda.syncthreads()
	if odd:
		s[t] = other
	if large and other > 20:
		s[t] += 1
	cuda.syncthreads()
	out[i] = s[t] if odd or large else s[(t + 1) % cuda.blockDim.x]


@cuda.jit
def loops_between(x, out):
	s = cuda.shared.array(128, int64)
	t, n = cuda.threadIdx.x, cuda.blockDim.x
	total = 0
	for tile in range(3):
		s[t] = x[(cuda.grid(1) + tile) % x.shape[0]]
		cuda.syncthreads()
		for k in range(n):
			total += s[k] * (k + 1 - tile)
		for k in range(t % 5):
			total ^= s[(t + k) % n]
		cuda.syncthreads()
	out[cuda.grid(1)] = total


@cuda.jit
def one_way_or_the_other(x, out):
	s = cuda.shared.array(128, int64)
	t, b = cuda.threadIdx.x, cuda.blockIdx.x
	v = x[cuda.grid(1)]
	if b % 2 == 0:
		s[t] = v
		cuda.syncthreads()
		v += s[(t + 1) % cuda.blockDim.x]
		w = v
	else:
		w = v * 3
	if cuda.gridDim.x > 1:
		w += 1
	cuda.syncthreads()
	s[t] = w
	cuda.syncthreads()
	out[cuda.grid(1)] = v + s[cuda.blockDim.x - 1 - t]


@cuda.jit
def tree(x, out):
	s = cuda.shared.array(128, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	step = cuda.blockDim.x // 2
	while step > 0:
		if t < step:
			s[t] += s[t + step] * 3
		cuda.syncthreads()
		step //= 2
	if t == 5:
		s[64] = -s[0]
	cuda.syncthreads()
	out[cuda.grid(1)] = s[t] + s[64 if cuda.blockDim.x > 64 else 0]


@cuda.jit
def makes_again_what_was_made_again(x, out):
	s = cuda.shared.array(128, int64)
	t = cuda.threadIdx.x
	s[t] = x[cuda.grid(1)]
	v = t + 1
	s[t] += v
	cuda.syncthreads()
	u = (v * 3 - 3) & 0xFFFF
	cuda.syncthreads()
	out[cuda.grid(1)] = u * 7 + v * 3 + s[cuda.blockDim.x - 1 - t]


@cuda.jit
def until_memory_says(x, out):
	s = cuda.shared.array(128, int64)
	t, k = cuda.threadIdx.x, 0
	s[t] = x[cuda.grid(1)]
	cuda.syncthreads()
	while k < x[0] % 4:
		value = s[(t + 1) % cuda.blockDim.x]
		cuda.syncthreads()
		s[t] = value
		k += 1
		cuda.syncthreads()
	out[cuda.grid(1)] = s[t]


TOGETHER = [swapped, sets_now_and_then, remembers_masks, loops_between, one_way_or_the_other, tree,
	makes_again_what_was_made_again]


@pytest.mark.parametrize("block", [1, 7, 32, 64, 100, 128])
@pytest.mark.parametrize("kernel", [*TOGETHER, until_memory_says], ids=lambda kernel: kernel.py_func.__name__)
def test_against_python(device, kernel, block):
	grid = 5
	x = np.random.default_rng(block).integers(0, 100, grid * block)
	out, expect = np.zeros_like(x), np.zeros_like(x)
	kernel[grid, block](x, out)
	simulate(kernel.py_func, grid, block, [x, expect])
	np.testing.assert_array_equal(out, expect)
	if device == "cpu32":
		assert all(form.together == (kernel in TOGETHER) for form in kernel.overloads.values())


@pytest.mark.parametrize("shape", [(32, 3), (64, 2), (16, 6), (8, 8), (40, 3)])
def test_guard_in_rows(device, shape):
	"""`first lane below a bound` is true again in the next row, and a number's lane comes once a row."""
	@cuda.jit
	def kernel(out):
		s = cuda.shared.array((8, 64), int32)
		x, y = cuda.threadIdx.x, cuda.threadIdx.y
		s[y, x] = x
		cuda.syncthreads()
		bound = 40
		while bound > 0:
			if x < bound:
				s[y, x] += 100
			cuda.syncthreads()
			bound //= 3
		if x == 3:
			s[y, 0] = 7
		cuda.syncthreads()
		out[y, x] = s[y, x]

	out = np.zeros(shape[::-1], np.int32)
	kernel[1, shape](out)
	x = np.arange(shape[0])
	expect = x + 100 * sum((x < bound).astype(int) for bound in (40, 13, 4, 1))
	expect[0] = 7
	np.testing.assert_array_equal(out, np.tile(expect, (shape[1], 1)))


@pytest.mark.parametrize("below", [*range(34), 63, 64, 65])
def test_lanes_read_before_any_writes(below):
	"""Items that threads of a warp shift without a barrier: all read what was there. In each number of lanes."""
	@cuda.jit
	def shift(x, n, by):
		s = cuda.shared.array(128, float32)
		t = cuda.threadIdx.x
		s[t] = x[t]
		cuda.syncthreads()
		if t < n:
			s[t] = s[t + by]
		cuda.syncthreads()
		x[t] = s[t]

	for by in (1, 5):
		x = np.arange(128, dtype=np.float32)
		shift[1, 128](x, below, by)
		expect = np.arange(128, dtype=np.float32)
		expect[:below] += by
		np.testing.assert_array_equal(x, expect)


@pytest.mark.parametrize("kind", [float32, float64, int32, int64], ids=str)
@pytest.mark.parametrize("grid,block,n", [(40, 64, 2560), (40, 64, 2559), (3, 64, 2560), (1, 256, 256), (7, 1024, 7000), (2, 96, 50)])
def test_sum_in_any_number_of_rounds(device, kind, grid, block, n):
	"""A loop over the grid in front of a tree: with a round for each thread and with many (GJ_FACT_COVERED); blocks in stretches."""
	@cuda.jit
	def total_of(x, out):
		s = cuda.shared.array(1024, kind)
		t = cuda.threadIdx.x
		own = kind(0)
		for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
			own += x[i]
		s[t] = own
		cuda.syncthreads()
		step = 512
		while step > 0:
			if t < step and t + step < cuda.blockDim.x:
				s[t] += s[t + step]
			cuda.syncthreads()
			step //= 2
		if t == 0:
			out[cuda.blockIdx.x] = s[0]

	x = np.random.default_rng(n).integers(0, 1000, n).astype(str(kind))
	out = np.zeros(grid, x.dtype)
	total_of[grid, block](x, out)
	rounds = -(-n // (grid * block))
	expect = np.resize(np.concatenate([x, np.zeros(grid * block * rounds - n, x.dtype)]), (rounds, grid, block)).sum(axis=(0, 2))
	np.testing.assert_array_equal(out, expect.astype(x.dtype))
	if device == "cpu32":
		form, = total_of.overloads.values()
		assert form.together and ("covered" in form.facts) == (n <= grid * block) == (not form.rounds)


def test_two_forms_of_one_kernel(device):
	"""Where a loop over the grid is expected to have one round, and where not: a form each; other kernels have one for both."""
	@cuda.jit
	def loop(x, out):
		s = cuda.shared.array(64, int64)
		own = 0
		for i in range(cuda.grid(1), x.shape[0], cuda.gridsize(1)):
			own += x[i]
		s[cuda.threadIdx.x] = own
		cuda.syncthreads()
		cuda.atomic.add(out, 0, s[63 - cuda.threadIdx.x])

	@cuda.jit
	def plain(x, out):
		if cuda.grid(1) < x.shape[0]:
			cuda.atomic.add(out, 0, x[cuda.grid(1)])

	x = np.arange(640)
	for kernel, forms in (loop, 2 if device == "cpu32" else 1), (plain, 1):
		for grid in (10, 3, 10, 3):
			out = np.zeros(1, np.int64)
			kernel[grid, 64](x, out)
			assert out[0] == x[:x.size if kernel is loop else grid * 64].sum()
		assert kernel.stats.cache_hits + kernel.stats.cache_misses == forms


class Program:
	"""A random kernel: three variables of a thread, branches and loops that all threads take alike, with barriers in them, and others."""

	def __init__(self, seed):
		self.random, self.lines, self.level, self.loops = random.Random(seed), [], 1, 0
		self.put("s = cuda.shared.array((2, 128), int64)", "t, b, n = cuda.threadIdx.x, cuda.blockIdx.x, cuda.blockDim.x", "i = cuda.grid(1)",
			"u, v, w, side = x[i], t + 1, 3, 0", "s[0, t] = u", "s[1, t] = v", "cuda.syncthreads()")
		self.body(4, True)
		self.put("cuda.syncthreads()", "out[i] = u * 7 + v * 3 + w + s[side, n - 1 - t]")

	def put(self, *lines):
		self.lines += ["\t" * self.level + line for line in lines]

	def value(self):
		return self.random.choice(["u", "v", "w", "t", "u + v", "v * 3 - w", "u ^ w", "(u & v) + 1", "w - b", "s[side, t]", "b"])

	def nested(self, head, depth, together):
		self.put(head)
		self.level += 1
		self.body(depth - 1, together)
		self.level -= 1

	def exchange(self):
		self.put(f"s[1 - side, t] = {self.value()} & 0xFFF", "cuda.syncthreads()",
			f"{self.random.choice('uvw')} = s[1 - side, (t + {self.random.randrange(1, 40)}) % n]", "side = 1 - side")
		if self.random.random() < 0.5:
			self.put("cuda.syncthreads()")

	def body(self, depth, together):
		for _ in range(self.random.randrange(1, 4)):
			kind = self.random.random()
			self.loops += 1
			if kind < 0.35 or not depth:
				self.put(f"{self.random.choice('uvw')} = ({self.value()}) & 0xFFFF")
			elif kind < 0.6 and together:
				self.exchange()
			elif kind < 0.7:
				self.nested(f"if {self.random.choice(['b % 2 == 0', 'n > 40', 'b == 1'])}:", depth, together)
			elif kind < 0.8:
				self.nested(f"for k{self.loops} in range({self.random.choice(['3', 'b', '1 + b % 2'])}):", depth, together)
			elif kind < 0.95:
				self.nested(f"if {self.random.choice(['t < 5', 'u % 3 == 0', 't == 33', 'v > w', 't < n // 2'])}:", depth, False)
			else:
				self.nested(f"for k{self.loops} in range(u & 3):", depth, False)
			if 0.6 <= kind < 0.7 and depth and self.random.random() < 0.5:
				self.nested("else:", depth, together)

	def kernel(self, name):
		text = "def kernel(x, out):\n" + "\n".join(self.lines) + "\n"
		linecache.cache[name] = (len(text), None, text.splitlines(True), name)
		space = {"cuda": cuda, "int64": int64}
		exec(compile(text, name, "exec"), space)
		return space["kernel"]


@pytest.mark.parametrize("shape", [(8, 8), (4, 8), (2, 32), (16, 4)], ids=str)
def test_variables_of_narrow_vectors(shape):
	"""Rows of a few threads are vectors of few lanes: a variable lies in the frame at any multiple of 8."""
	@cuda.jit
	def kernel(x, out):
		n = cuda.blockDim.x * cuda.blockDim.y
		t = cuda.threadIdx.y * cuda.blockDim.x + cuda.threadIdx.x
		u = x[t]
		odd = None if t % 3 else t
		turned, few, three = 1j, t > 5, 3
		cuda.syncthreads()
		u = (odd if odd is not None else 3) & 0xFFF
		if odd is not None:
			if t < n // 2:
				u ^= three
		else:
			turned *= 1j
		for k in range(u & 3):
			few = few and t < 9
		out[t] = u * 4 + few * 2 + int(turned.imag)

	n = shape[0] * shape[1]
	out = np.zeros(n, np.int64)
	kernel[1, shape](out, out)
	for t in range(n):
		u = 3 if t % 3 else t ^ 3 if t < n // 2 else t
		assert out[t] == u * 4 + 2 * (t > 5 and (u & 3 == 0 or t < 9)) + (t % 3 == 0), t


@pytest.mark.parametrize("seed", range(20))
def test_random_programs(seed):
	function = Program(seed).kernel(f"<program {seed}>")
	kernel = cuda.jit(function)
	x = np.random.default_rng(seed).integers(0, 1000, 3 * 100)
	out, expect = np.zeros_like(x), np.zeros_like(x)
	kernel[3, 100](x, out)
	simulate(function, 3, 100, [x, expect])
	np.testing.assert_array_equal(out, expect)
