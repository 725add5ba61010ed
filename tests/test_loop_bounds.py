"""Checks of bounds that are made before loops (src/opt/loop_bounds.c, at width 1 and on a GPU): the right access fails, at the right index,
and what was written before it is what Python would have written. Against an interpreter that counts."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjit import cuda


class Outside(Exception):
	pass


class Counting:
	"""An array for Python, which tells of the first index outside."""

	def __init__(self, name, items):
		self.name, self.items, self.shape, self.reads, self.writes = name, items, items.shape, 0, 0

	def at(self, index):
		index = index if isinstance(index, tuple) else (index,)
		if any(not -n <= i < n for i, n in zip(index, self.shape)):
			raise Outside(self.name, self.shape, index)
		return index

	def __getitem__(self, index):
		self.reads += 1
		return int(self.items[self.at(index)])

	def __setitem__(self, index, value):
		self.writes += 1
		self.items[self.at(index)] = value


def up(x, y, a, b, n, m):
	for k in range(a, n):
		x[k + b] = k


def down(x, y, a, b, n, m):
	for k in range(n - 1, a - 1, -1):
		x[k + b] = y[k]


def by_two(x, y, a, b, n, m):
	s = 0
	for k in range(a, n, 2):
		s += x[k - b]
	y[0] = s


def down_by_three(x, y, a, b, n, m):
	for k in range(n, a, -3):
		x[b - k] += 1


def by_step(x, y, a, b, n, m):
	if m > 0:
		for k in range(a, n, m):
			x[k + b] = y[k]


def scaled(x, y, a, b, n, m):
	for k in range(a, n):
		x[2 * k + b] = y[b - 3 * k]


def rows(x, y, a, b, n, m):
	for k in range(a, n):
		x[k * m + b] = k


def fixed(x, y, a, b, n, m):
	for k in range(6):
		x[k + a] = y[b]
	for k in range(1, 20, 7):
		y[k - n] = m


def conditional(x, y, a, b, n, m):
	s = 7
	for k in range(a, n):
		if y[k % 8] > 3:
			x[k + b] = s
		elif k > 2:
			x[k - 2] = m
		s += k
	y[1] = s


def breaks(x, y, a, b, n, m):
	for k in range(a, n):
		if x[k + b] == m:
			y[k] = 1
			break
	else:
		y[0] = 5


def found(x, y, a, b, n, m):
	last = -1
	for k in range(a, n):
		if x[k + b] == m:
			break
		last = k
	y[2] = last


def returns(x, y, a, b, n, m):
	for k in range(a, n):
		if k == m:
			return
		x[k + b] = k


def nested(x, y, a, b, n, m):
	for i in range(a, n):
		s = 0
		for j in range(i, m):
			s += x[i + j + b]
			y[j] += s
		x[i] = s


def plane(z, y, a, b, n, m):
	for i in range(a, n):
		for j in range(b, m):
			z[i, j] = i * 10 + j
			z[i, j - 1] += 1


def grows(x, y, a, b, n, m):
	k = a
	while k < n:
		x[k + b] += 1
		k += 2
	y[3] = k


def narrow(x, y, a, b, n, m):
	i = cuda.grid(1)
	for k in range(0, n, cuda.blockDim.x):
		x[i + k + b] = k


ONE = [up, down, by_two, down_by_three, by_step, scaled, rows, fixed, conditional, breaks, found, returns, nested, plane, grows]
KERNELS = {}


def checked(function, device):
	return KERNELS.setdefault((function, device), cuda.jit(boundscheck=True)(function))


def outcome(kernel, args):
	try:
		kernel[1, 1](*args)
		cuda.synchronize()
	except IndexError as e:
		index, name = re.search(r": index (.*) is out of bounds for array '(.)'", str(e)).groups()
		index = eval(index)
		return name, index if isinstance(index, tuple) else (index,)
	return None


def arrays(function, size):
	x = np.arange(size) % 5
	return [x.reshape(-1, 4).copy() if function is plane else x, np.arange(8) % 7]


small = st.integers(-4, 14)
far = st.one_of(small, small, small, st.sampled_from([-1 << 63, (1 << 63) - 1, 1 << 62, -1 << 62, 1 << 31, -1 << 31, 1 << 32]))


@pytest.mark.parametrize("function", ONE, ids=lambda f: f.__name__)
def test_like_python(device, function):
	kernel = checked(function, device)

	@settings(max_examples=60, deadline=None, database=None)
	@given(a=small, b=far, n=small, m=small, size=st.sampled_from([4, 8, 12, 16]))
	def agrees(a, b, n, m, size):
		if function in (plane,) and abs(b) > 99:
			return
		want = arrays(function, size)
		mine = [array.copy() for array in want]
		fails = None
		first = "z" if function is plane else "x"
		try:
			function(Counting(first, want[0]), Counting("y", want[1]), a, b, n, m)
		except Outside as e:
			name, shape, index = e.args              # those within bounds are shown counted from the start
			fails = name, tuple(i % n if -n <= i < n else (i + (1 << 63)) % (1 << 64) - (1 << 63) for i, n in zip(index, shape))
		got = outcome(kernel, (*mine, a, b, n, m))
		assert got == fails
		for one, other in zip(mine, want):
			assert (one == other).all()
	agrees()


def test_threads(device):
	"""Of many threads those fail that would, each at its own place."""
	kernel = checked(narrow, device)
	for threads, n, size in (32, 96, 128), (32, 97, 160), (8, 64, 71), (64, 64, 64), (32, 128, 100):
		x = np.full(size, -1)
		last = (n - 1) // threads * threads
		reach = threads + last
		if reach <= size:
			kernel[1, threads](x, x, 0, 0, n, 0)
			assert (x[:reach] == np.arange(reach) // threads * threads).all() and (x[reach:] == -1).all()
			continue
		with pytest.raises(IndexError) as e:
			kernel[1, threads](x, x, 0, 0, n, 0)
			cuda.synchronize()
		t, index = map(int, re.search(r"tid=\[(\d+), 0, 0\].*index (\d+) is", str(e.value)).groups())
		assert index >= size and (index - t) % threads == 0 and index - threads < size


def test_it_is_made(device):
	"""Two loops at width 1 and on a GPU, one of which checks nothing; where lanes are compared as a whole there is one."""
	for function in up, down, by_two, down_by_three, scaled, fixed, conditional, returns, nested, plane, narrow:
		kernel = checked(function, device)
		x, y = arrays(function, 16)
		outcome(kernel, (x, y, 0, 1, 1, 1))
		form, = kernel.overloads.values()
		text = kernel._dump(form.argtypes, "low")
		accesses = len(re.findall(r"= LOAD|  STORE", text))
		plain = cuda.jit(function)
		plain[1, 1](np.pad(x, ((0, 99),) * x.ndim), np.pad(y, (0, 99)), 0, 1, 1, 1)
		form, = plain.overloads.values()
		before = len(re.findall(r"= LOAD|  STORE", plain._dump(form.argtypes, "low")))
		assert (accesses > before) == (device != "cpu32"), (function.__name__, before, accesses)


# -- threads of a row (src/opt/rows.c) --

def each(x, y, a, b, n, m, i, j):
	x[i + b] = i + 10 * j


def from_behind(x, y, a, b, n, m, i, j):
	if i != a:
		x[b - i] = y[i % 8]


def odd(x, y, a, b, n, m, i, j):
	if i + j != m:
		x[2 * i - b] += 1
		x[-3 * i + 2 * n] += i


def window(x, y, a, b, n, m, i, j):
	if a < i < n:
		x[i] = x[i - 1] + x[i + 1] + j


def somewhere(x, y, a, b, n, m, i, j):
	if i == m:
		return
	x[y[i % 8] + a] = x[i]
	x[i * m + b] = 1


def other_axis(x, y, a, b, n, m, i, j):
	if j >= a:
		y[j + b] = i
	x[i // 2] = j


def in_plane(z, y, a, b, n, m, i, j):
	if 0 < i and i + 1 < n:
		z[j + a, i] += z[j + a, i - 1] + z[j + a, i + 1]


def by_parameter(x, y, a, b, n, m, i, j):
	x[i * b + a] = j


THREADS = [each, from_behind, odd, window, somewhere, other_axis, in_plane, by_parameter]


def of_threads(function):
	def kernel(x, y, a, b, n, m):
		i, j = cuda.grid(2)
		body(x, y, a, b, n, m, i, j)
	body = cuda.jit(device=True, boundscheck=True)(function)
	return cuda.jit(boundscheck=True)(kernel)


@pytest.mark.parametrize("function", THREADS, ids=lambda f: f.__name__)
def test_threads_of_rows(device, function):
	"""Where threads run one after the other, all that come before the first that fails have done what they do, and nothing else is done."""
	if device != "cpu1":
		pytest.skip("threads do not run one after the other")
	kernel = KERNELS.setdefault((function, device), of_threads(function))
	grids = st.sampled_from([((1, 1), (1, 1)), ((1, 1), (12, 1)), ((1, 1), (7, 3)), ((3, 1), (5, 1)), ((1, 1), (40, 2))])

	@settings(max_examples=60, deadline=None, database=None)
	@given(a=small, b=far if function is not in_plane else small, n=small, m=small, size=st.sampled_from([4, 12, 16, 64]), shape=grids)
	def agrees(a, b, n, m, size, shape):
		want = arrays(function if function is not in_plane else plane, size)
		mine, fails = [array.copy() for array in want], []
		first = "z" if function is in_plane else "x"
		grid, block = shape
		threads = [(t, s, r) for r in range(grid[0]) for s in range(block[1]) for t in range(block[0])]
		for t, s, r in threads:
			try:
				function(Counting(first, want[0]), Counting("y", want[1]), a, b, n, m, r * block[0] + t, s)
			except Outside as e:
				fails.append((e.args[0], t, s, r))
				if grid == (1, 1):
					break
		try:
			kernel[shape](*mine, a, b, n, m)
			cuda.synchronize()
		except IndexError as e:
			t, s, r, name = re.search(r"tid=\[(\d+), (\d+), 0\] ctaid=\[(\d+), 0, 0\].* for array '(.)'", str(e), re.S).groups()
			assert (name, int(t), int(s), int(r)) in fails
		else:
			assert not fails
		if grid == (1, 1):
			for one, other in zip(mine, want):
				assert (one == other).all()
	agrees()


def test_rows_are_made(device):
	"""Three loops over the threads of a row, of which the one that most of them run checks nothing."""
	def kernel(x, out):
		i = cuda.grid(1)
		if i < out.shape[0]:
			out[i] = x[i - 1] + x[i + 1]

	def meets(x, out):
		cuda.syncthreads()
		kernel(x, out)
	for function, loops in (kernel, 3 if device == "cpu1" else 0), (meets, 0):
		made = cuda.jit(boundscheck=True)(function)
		made[1, 8](np.zeros(10, np.float32), np.zeros(8, np.float32)[:0])
		form, = made.overloads.values()
		text = made._dump(form.argtypes, "rows")
		assert text.count("  STORE") == loops and text.count("  BOUNDS") == 4 * loops // 3, text
