"""Threads that run their neighbours' work (src/opt/neighbours.c): what a kernel gives does not change, whatever a thread runs, and
kernels that could tell are left alone. On the CPU device, where tests can ask for it; each setting in a process of its own."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

KERNELS = """
import numpy as np
from gridjit import cuda

BLOCK, BLOCKS = 256, 1 << 10
N = BLOCK * BLOCKS

@cuda.jit
def guarded(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]

@cuda.jit
def early(a, x, y, out):
	i = cuda.grid(1)
	if i >= x.size:
		return
	s, t = x[i], y[i]
	r = s - t
	if s > a:
		r = s * s
		if t > s:
			r += a
	q = r
	if r > 7:
		q = s - a
	out[i] = q + r

@cuda.jit
def last(a, x, y, out):
	i = cuda.grid(1)
	if out.shape[0] - 1 >= i:
		out[i] = x[i] + y[0]

@cuda.jit
def bare(a, x, y, out):
	i = cuda.grid(1)
	out[i] = x[i] * y[i] - a

@cuda.jit
def in_place(a, x, y, out):
	i = cuda.grid(1)
	if i < x.shape[0]:
		out[i] += x[i]
		out[i] *= a

@cuda.jit
def behind(a, x, y, out):
	i = cuda.grid(1)
	if i < x.shape[0] - 2:
		out[i + 1] = x[i] + x[i + 1] + x[i + 2]

@cuda.jit
def numbers(a, x, y, out):
	i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x
	if i < out.shape[0]:
		out[i] = i // 3 + i % 7

@cuda.jit
def in_between(a, x, y, out):
	i = cuda.grid(1)
	if 0 < i < out.shape[0] - 1:
		out[i] = x[i - 1] + x[i + 1]

@cuda.jit
def knows_thread(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = cuda.threadIdx.x

@cuda.jit
def knows_block(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = x[i] + cuda.blockDim.x

@cuda.jit
def adds(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		cuda.atomic.add(out, i, x[i])

@cuda.jit
def meets(a, x, y, out):
	i = cuda.grid(1)
	cuda.syncthreads()
	if i < out.shape[0]:
		out[i] = x[i]

@cuda.jit
def gathers(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = x[(i * 7) % x.shape[0]]

@cuda.jit
def scatters(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[out.shape[0] - 1 - i] = x[i]

@cuda.jit
def sometimes(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		if x[i] > a:
			out[i] = y[i]

@cuda.jit
def strides(a, x, y, out):
	for i in range(cuda.grid(1), out.shape[0], cuda.gridsize(1)):
		out[i] = x[i]

@cuda.jit
def in_turns(a, x, y, out):
	i = cuda.grid(1)
	if i < 7 or i == out.shape[0] - 1:
		out[i % out.shape[0]] = -a
	elif i != 100 and i < out.shape[0]:
		out[i] = x[i] + x[i - 1] * y[i - 3] - x[i - 5]

SEVERAL = [guarded, early, last, bare, in_place, behind, numbers, in_between, in_turns]
ONE = [knows_thread, knows_block, adds, meets, gathers, scatters, sometimes, strides]

# In planes: the items of a row side by side, and rows of whole pairs of items.

@cuda.jit
def borders(a, x, y, out):
	j, i = cuda.grid(2)
	ny, nx = x.shape
	if i >= ny or j >= nx:
		return
	if i == 0 or j == 0 or i == ny - 1 or j == nx - 1:
		out[i, j] = x[i, j]
	else:
		out[i, j] = x[i, j] + a * (x[i - 1, j] + x[i + 1, j] + x[i, j - 1] + x[i, j + 1] - 4 * x[i, j])

@cuda.jit
def chosen(a, x, y, out):
	j, i = cuda.grid(2)
	if i < x.shape[0] and j < x.shape[1]:
		if i > 2:
			value = y[i, j] - x[i - 3, j]
		else:
			value = a
		out[i, j] = value * 2

@cuda.jit
def rows(a, x, y, out):
	j = cuda.grid(1)
	i = cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y
	if i < x.shape[0] and 0 < j < x.shape[1] - 1:
		out[i, j - 1] = x[i, j] + y[i, 0] * i

@cuda.jit
def turned(a, x, y, out):
	i, j = cuda.grid(2)
	if i < x.shape[0] and j < x.shape[1]:
		out[i, j] = x[i, j] + a

@cuda.jit
def columns(a, x, y, out):
	i, j = cuda.grid(2)
	if i < x.shape[0] and j < x.shape[1]:
		out[i, j] = x[i, j] - y[i, j]

PLANES = [borders, chosen, rows]

def plane(kernel, shape, dtype, block=(128, 4), order="C"):
	rng = np.random.default_rng(shape)
	x, y, out = (cuda.to_device(np.asarray(rng.integers(-99, 99, shape).astype(dtype), order=order)) for _ in range(3))
	threads = shape[::-1] if order == "C" and kernel is not turned else shape
	grid = max(-(-threads[0] // block[0]), 512 // block[0]), max(-(-threads[1] // block[1]), 512 // block[1])
	kernel[grid, block](dtype(3), x, y, out)
	return out.copy_to_host()

def result(kernel, n, dtype, block=BLOCK):
	rng = np.random.default_rng(n)
	x, y, out = (cuda.to_device(rng.integers(-99, 99, n).astype(dtype)) for _ in range(3))
	kernel[N // block, block](dtype(3), x, y, out)
	return out.copy_to_host()
"""

PROGRAM = KERNELS + """
import sys
most = int(sys.argv[1])
found = {}
for n in N, N - 1, N - 2, N - 3, N - 130, 5, 1:
	for kernel in SEVERAL + ONE if n in (N, N - 1) else SEVERAL:
		if n == N or kernel is not bare and not (n < 3 and kernel in (behind, in_turns)):
			found[f"{kernel.__name__} {n}"] = result(kernel, n, np.float32)
for dtype in np.float64, np.int8, np.int16, np.complex64:
	found[f"{dtype.__name__}"] = result(guarded, N - 3, dtype)
found["odd blocks"] = result(guarded, N, np.float32, 32)
for kernel in PLANES:
	for shape in (512, 512), (500, 500), (500, 501), (4, 4), (3, 16), (1, 512):
		found[f"{kernel.__name__} {shape}"] = plane(kernel, shape, np.float32)
found["columns"] = plane(columns, (504, 512), np.float32, order="F")
found["turned"] = plane(turned, (512, 512), np.float32)
found["double"] = plane(borders, (512, 510), np.float64)
found["bytes"] = plane(borders, (512, 512), np.int8)
found["narrow blocks"] = plane(borders, (512, 512), np.float32, (64, 2))
u, v = cuda.to_device(np.arange(10 * 64 * 512, dtype=np.float32).reshape(10, 64, 512) % 97), cuda.device_array((10, 64, 512), np.float32)
v[:] = 1

@cuda.jit
def around(u, v):
	k, j, i = cuda.grid(3)
	if 0 < i < u.shape[0] - 1 and 0 < j < u.shape[1] - 1 and 0 < k < u.shape[2] - 1:
		v[i, j, k] = u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k] + u[i, j, k - 1] + u[i, j, k + 1] - 6 * u[i, j, k]

around[(4, 16, 10), (128, 4, 1)](u, v)
found["space"] = v.copy_to_host()
np.savez(sys.argv[2], **found)
for kernel in SEVERAL + ONE:
	made = {signature[-1].dtype.bitwidth: k.neighbours for signature, k in kernel.overloads.items() if k.neighbours > 1}
	want = {bits: 4 if bits <= 16 else most for bits in made} if kernel in SEVERAL else {}
	assert made == want and (made or kernel in ONE) or most == 1, (kernel.__name__, made)
for kernel in PLANES + [columns, turned, around]:
	made = [k.neighbours for k in kernel.overloads.values()]
	assert most == 1 or (max(made) > 1) == (kernel is not turned), (kernel.__name__, made)
"""


def results(most, width, path):
	done = subprocess.run([sys.executable, "-c", PROGRAM, str(abs(most)), str(path)], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", "GRIDJIT_CPU_WIDTH": str(width), "GRIDJIT_NEIGHBOURS": str(most)})
	assert done.returncode == 0, done.stderr
	return np.load(path)


SMALL_FIRST = KERNELS + """
small = cuda.to_device(np.ones((8, 8), np.float32))
borders[1, (8, 8)](np.float32(1), small, small.copy(), small.copy())
assert [k.neighbours for k in borders.overloads.values()] == [1]
compiled = lambda: borders.stats.cache_hits + borders.stats.cache_misses
before = compiled()
plane(borders, (512, 512), np.float32)
assert compiled() == before + 1
plane(borders, (512, 516), np.float32)
assert compiled() == before + 1
"""


def test_small_launches():
	"""What a small launch has compiled is not for large ones."""
	done = subprocess.run([sys.executable, "-c", SMALL_FIRST], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", "GRIDJIT_NEIGHBOURS": "-2"})
	assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def one(tmp_path_factory):
	return results(1, 32, tmp_path_factory.mktemp("one") / "found.npz")


@pytest.mark.parametrize("most, width", [(-2, 32), (-4, 32), (-4, 1)])
def test_results(one, most, width, tmp_path):
	several = results(most, width, tmp_path / "found.npz")
	assert one.files == several.files
	for name in one.files:
		assert (one[name] == several[name]).all(), name


def test_packed_halves():
	"""Four halves a thread: 8 bytes an access, two halves an instruction."""
	from gridjit import _core, types
	from kernels.saxpy_half import saxpy_half
	array = types.Array(types.float16, 1, "C")
	ptx = _core.compile(saxpy_half.py_func, (types.float16, array, array, array),
		{"cc": (9, 0), "facts": 7 | 32768 | 65536, "entry": "kernel"})[0]
	assert [len(re.findall(access, ptx)) for access in (r"ld\.global\.nc\.v(?:2\.[bu]32|4\.[bu]16)", r"st\.global\.v(?:2\.[bu]32|4\.[bu]16)", r"fma\.rn\.f16x2")] == [2, 1, 2]


CHECKED = KERNELS + """
import re, sys

@cuda.jit
def shifted(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = x[i - a] + y[i + a]

def check(kernel, *args):
	'''The failing thread: its place in the grid, the index, the array.'''
	grid, block = (N // BLOCK, BLOCK) if args[-1].ndim == 1 else ((512 // 128, 512 // 4), (128, 4))
	on = [cuda.to_device(x) if isinstance(x, np.ndarray) else x for x in args]
	try:
		kernel[grid, block](*on)
		cuda.synchronize()
	except IndexError as e:
		t, c, i, name, shape = re.search(r"tid=\\[(.*?)\\] ctaid=\\[(.*?)\\]: index (.*) is out of bounds for array '(.)' of shape (.*)", str(e)).groups()
		t, c = eval(t), eval(c)
		at = [c[d] * (block if d == 0 and type(block) is int else block[d] if type(block) is tuple else 1) + t[d] for d in range(2)]
		return at, eval(i), name, eval(shape), on[-1].copy_to_host()
	return on[-1].copy_to_host()

checked = lambda kernel: cuda.jit(boundscheck=True)(kernel.py_func)
for dtype, each in (np.float32, int(sys.argv[1])), (np.int16, 4):
	array = lambda n: (np.arange(n) % 97).astype(dtype)
	guard, shift = checked(guarded), checked(shifted)
	for short in 1, 2, 3, 4, 5:
		x, y, n = array(N - short), array(N), N - short
		where, index, name, shape, found = check(guard, dtype(3), x, y, np.zeros(n + 1, dtype))
		assert (where, index, name, shape, found[n]) == ([n, 0], n, "x", (n,), 0)
		where, index, name, shape, found = check(guard, dtype(3), y, x, np.zeros(n + 1, dtype))
		assert (where, index, name, shape, found[n]) == ([n, 0], n, "y", (n,), 0)
		where, index, name, shape, found = check(guard, dtype(3), x, y, np.zeros(N, dtype))
		assert where == [index, 0] and n <= index < N and name == "x" and not found[n:].any()
	assert (check(guard, dtype(3), array(N), array(N), np.zeros(N, dtype)) == 3 * array(N) + array(N)).all()
	assert (check(guard, dtype(3), array(N), array(N), np.zeros(N - 7, dtype)) == (3 * array(N) + array(N))[:-7]).all()
	want = np.roll(array(N), 2)[:N - 2] + array(N)[2:]                # indices below zero count from the end
	assert (check(shift, 2, array(N), array(N), np.zeros(N - 2, dtype)) == want).all()
	where, index, name, *_ = check(shift, 2, array(N), array(N), np.zeros(N - 1, dtype))
	assert (where, index, name) == ([N - 2, 0], N, "y")
	where, index, name, *_ = check(shift, N + 1, array(N), array(N), np.zeros(1, dtype))
	assert (where, index, name) == ([0, 0], -N - 1, "x")
	where, index, name, *_ = check(shift, -(1 << 63), array(N), array(N), np.zeros(2, dtype))
	assert name == "x" and where[0] in (0, 1)
	assert {k.neighbours for k in guard.overloads.values()} == {each}, [k.neighbours for k in guard.overloads.values()]
	assert all(k.neighbours == each for k in guard.overloads.values())

plane = checked(chosen)
x, out = np.ones((512, 512), np.float32), np.zeros((512, 512), np.float32)
assert (check(plane, np.float32(3), x, x, out)[3:] == 0).all()
for rows, columns, at in (511, 512, [511, 511]), (512, 511, [511, 511]):
	big, y = np.zeros((512, 512), np.float32), np.ones((rows, columns), np.float32)
	where, index, name, shape, found = check(plane, np.float32(3), x, y, big)
	assert tuple(where[::-1]) == index and name == "y" and (index[0] >= rows or index[1] >= columns) and shape == (rows, columns)
	assert found[index] == 0
assert max(k.neighbours for k in plane.overloads.values()) > 1
"""


@pytest.mark.parametrize("most, width", [(-2, 32), (-4, 32), (-2, 1)])
def test_checks(most, width):
	"""Checks of bounds decide beforehand for all neighbours, and tell of the one that fails."""
	done = subprocess.run([sys.executable, "-c", CHECKED, str(-most)], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", "GRIDJIT_CPU_WIDTH": str(width), "GRIDJIT_NEIGHBOURS": str(most)})
	assert done.returncode == 0, done.stderr
