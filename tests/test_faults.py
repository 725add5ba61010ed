"""Segmentation faults in kernels of the CPU device: the launch fails, the process and its other launches do not."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import faulthandler, sys, threading
import numpy as np
from gridjit import cuda, config
{before}
@cuda.jit
def far(x, at):
	tile = cuda.shared.array(64, np.int64)
	tile[cuda.threadIdx.x] = 1
	cuda.syncthreads()
	if cuda.grid(1) == 40:
		x[at] = tile[0]
	cuda.syncthreads()
	x[cuda.grid(1)] = 2
@cuda.jit
def reads(x, at):
	x[cuda.grid(1)] = x[at + cuda.grid(1)]
@cuda.jit
def sums(x, at, out):
	i = cuda.grid(1)
	if i == 3:
		cuda.atomic.add(x, at, 1)
	out[i] = 7
def attempt(kernel, *args):
	try:
		kernel[64, 64](*args)
		return "fine"
	except Exception as e:
		return type(e).__name__ + ": " + str(e)
def body():
	x = np.zeros(4096, np.int64)
	for at in 1 << 28, 3 << 26:
		for kernel, more in (far, ()), (reads, ()), (sums, (x,)):
			got = attempt(kernel, x, at, *more)
			assert kernel.__name__ in got and "CudaAPIError" in got and "boundscheck=True" in got and "outside its arrays" in got, got
			assert attempt(sums, x, 0, x) == "fine" and (x == 7).all() or x[0] == 8
for _ in range(5):
	body()
threads = [threading.Thread(target=body) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
{after}
print("OK")
"""


def run(before="", after="", **env):
	return subprocess.run([sys.executable, "-c", PROGRAM.format(before=before, after=after)], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", **env})


NOT_ASAN = pytest.mark.skipif(bool(os.environ.get("GRIDJIT_TEST_ASAN")), reason="ASan handles the signals that these tests raise")


@pytest.mark.parametrize("width", ["32", "1"])
@pytest.mark.parametrize("threads", ["1", "4"])
def test_launches_fail(width, threads):
	done = run(GRIDJIT_CPU_WIDTH=width, GRIDJIT_CPU_THREADS=threads)
	assert (done.stdout, done.returncode) == ("OK\n", 0), done.stderr


@NOT_ASAN
@pytest.mark.parametrize("before", ["", "faulthandler.enable()"])
def test_other_faults_are_as_before(before):
	"""A fault that is not a kernel's kills, and Python's faulthandler has its say."""
	done = run(before=before, after="sys.stdout.flush(); print('OK', flush=True); import ctypes; ctypes.string_at(8)")
	assert done.stdout == "OK\n" and done.returncode == -11
	assert ("Segmentation fault" in done.stderr) == bool(before), done.stderr


@NOT_ASAN
def test_faulthandler_that_comes_later():
	"""It stands before ours: it tells of the fault, and the launch fails all the same or the process ends as it would have."""
	done = run(after="faulthandler.enable(); body()")
	assert done.returncode in (0, -11) and "Segmentation fault" in done.stderr


@NOT_ASAN
def test_signals_from_outside():
	done = run(after="import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
	assert done.returncode == -11


FORGETS = """
import numpy as np
from gridjit import cuda

@cuda.jit
def turns(x, out):
	s = cuda.shared.array(0, np.float64)
	t = cuda.threadIdx.x
	s[t] = x[t]
	cuda.syncthreads()
	out[t] = s[x.size - 1 - t]

x, out = np.arange(1000.0), np.zeros(1000)
for size in (0, 64, 8000):
	turns[8, 1000, 0, size](x, out)
	cuda.synchronize()
	assert not size or size < 8000 or (out == x[::-1]).all()
	kept = [bytearray(n) for n in range(0, 9000, 100)]
	del kept
"""


@pytest.mark.parametrize("width", ["32", "1"])
def test_forgotten_bytes_of_shared_memory(width):
	"""Nothing is promised of what the kernel computes, but the heap stays whole: the process goes on."""
	done = subprocess.run([sys.executable, "-c", "import linecache; text = " + repr(FORGETS) + "\nlinecache.cache['forgets'] = "
		"(len(text), None, text.splitlines(True), 'forgets'); exec(compile(text, 'forgets', 'exec'))"], capture_output=True, text=True,
		env={**os.environ, "GRIDJIT_DEVICE": "cpu", "GRIDJIT_CPU_WIDTH": width})
	assert done.returncode == 0, done.stderr
