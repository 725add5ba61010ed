"""Threads that run their neighbours' work (src/opt/neighbours.c): what a kernel gives does not change, whatever a thread runs, and
kernels that could tell are left alone. On the CPU device, where tests can ask for it; each setting in a process of its own."""

import os
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

SEVERAL = [guarded, early, last, bare, in_place, behind, numbers]
ONE = [in_between, knows_thread, knows_block, adds, meets, gathers, scatters, sometimes, strides]

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
		if n == N or kernel is not bare and not (n < 3 and kernel is behind):
			found[f"{kernel.__name__} {n}"] = result(kernel, n, np.float32)
for dtype in np.float64, np.int8, np.int16, np.complex64:
	found[f"{dtype.__name__}"] = result(guarded, N - 3, dtype)
found["odd blocks"] = result(guarded, N, np.float32, 32)
np.savez(sys.argv[2], **found)
for kernel in SEVERAL + ONE:
	made = {signature[-1].dtype.bitwidth: k.neighbours for signature, k in kernel.overloads.items() if k.neighbours > 1}
	want = {bits: 4 if bits <= 16 else most for bits in made} if kernel in SEVERAL else {}
	assert made == want and (made or kernel in ONE) or most == 1, (kernel.__name__, made)
"""


def results(most, width, path):
	done = subprocess.run([sys.executable, "-c", PROGRAM, str(abs(most)), str(path)], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", "GRIDJIT_CPU_WIDTH": str(width), "GRIDJIT_NEIGHBOURS": str(most)})
	assert done.returncode == 0, done.stderr
	return np.load(path)


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
	assert ptx.count("ld.global.nc.v2.b32") == 2 and ptx.count("st.global.v2.b32") == 1 and ptx.count("fma.rn.f16x2") == 2
