"""Which way host arrays travel, seen on the fake driver, whose kernels do nothing: what comes back is what went in."""

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from gridjit import cuda

@cuda.jit
def writes(a, b):
	b[0] = a[0]
	a[0] = b[1]

@cuda.jit
def reads(a, out):
	out[0] = a[0]

hints = {"In": cuda.In, "Out": cuda.Out, "InOut": cuda.InOut, "plain": lambda x: x}

def dirty():
	"Fresh device memory holds this."
	for _ in range(4):
		cuda.to_device(np.full(3, 77.0))

def one(hint):
	dirty()
	x, y = np.array([1.0, 2, 3]), np.zeros(3)
	writes[1, 1](hint(x), y)
	return x.tolist()

def two(first, second):
	dirty()
	x = np.array([1.0, 2, 3])
	writes[1, 1](first(x), second(x))
	return x.tolist()

assert one(hints["Out"]) != [1, 2, 3], "the device's memory came back"
for name in "In", "InOut", "plain":
	assert one(hints[name]) == [1, 2, 3], name
assert two(cuda.Out, cuda.Out) != [1, 2, 3]
for first in hints:
	for second in hints:
		if not first == second == "Out":
			assert two(hints[first], hints[second]) == [1, 2, 3], (first, second)
			assert two(lambda x: (hints[first](x), 1)[0], lambda x: hints[second](x[:])) == [1, 2, 3]
strided = np.arange(6.0)
writes[1, 1](cuda.InOut(strided[::2]), cuda.In(strided[1::2]))
assert strided.tolist() == [0, 1, 2, 3, 4, 5]
frozen = np.arange(3.0)
frozen.flags.writeable = False
writable = np.zeros(3)
reads[1, 1](cuda.Out(frozen), writable)
assert frozen.tolist() == [0, 1, 2]
base = np.arange(3.0)
view = base.view()
view.flags.writeable = False
reads[1, 1](view, base)
reads[1, 1](cuda.In(view), cuda.Out(base))
assert base.tolist() == [0, 1, 2]
print("OK")
"""


def test_ways(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "OK\n", done.stderr


CARVEOUT = """
import numpy as np
from gridjit import cuda
from last_launch import last

for given, percent in (None, -1), ("MaxL1", 0), ("maxshared", 100), (37, 37), ("default", -1):
	def kernel(x):
		x[0] = 1
	for _ in range(2):                          # compiled, and from the cache
		cuda.jit(kernel, shared_memory_carveout=given)[1, 32](np.zeros(3))
		assert last.carveout == percent, (given, last.carveout)
print("OK")
"""


def test_carveout(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", CARVEOUT], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
	assert done.stdout == "OK\n", done.stderr


TOGETHER = """
import ctypes
import os
import numpy as np
from gridjit import cuda

controls = ctypes.c_void_p.in_dll(ctypes.CDLL(os.environ["GRIDJIT_CUDA_LIBRARY"]), "fake").value
calls = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_char_p)(controls)
COPIES = "cuMemcpyHtoD", "cuMemcpyHtoDAsync", "cuMemcpyDtoH", "cuMemcpyDtoHAsync"

def counted(call):
	before = [calls(name.encode()) for name in COPIES]
	call()
	return tuple(calls(name.encode()) - n for name, n in zip(COPIES, before))

@cuda.jit
def swap(a, b, c):
	for i in range(c.shape[0]):
		c[i] = a[0]
	a[0] = b[0]

@cuda.jit
def straight(a, b, c):
	if a.ndim == 1:
		c[0] = a[0]
	else:
		for i in range(a.shape[0]):
			c[i] = a[i, 0]

def arrays(n, step=1):
	return [np.arange(n * step, dtype=np.float32)[::step] + i for i in range(3)]

def launch(made, *bound, kernel=swap, grid=1):
	was = [x.copy() for x in made]
	counts = counted(lambda: kernel[(grid, 32, *bound)](*made))
	assert all((x == y).all() for x, y in zip(made, was))
	return counts

launch(arrays(10))
assert launch(arrays(1024)) == (0, 1, 0, 1)                         # all in one copy each way
assert launch([x[::3] for x in arrays(3000)]) == (0, 1, 0, 1)
assert launch(arrays(1024) [:2] + [np.zeros(0, np.float32)]) == (0, 1, 0, 1)
assert launch([arrays(8)[0]] * 3) == (0, 1, 0, 1)
assert launch(arrays(8000)) == (3, 0, 2, 0)                         # more than 64 KiB: one by one
assert launch(arrays(1024), cuda.stream())[0] == 0
a, b, c = arrays(1024)
assert counted(lambda: swap[1, 1](cuda.Out(a), b, cuda.Out(c))) == (0, 1, 0, 1) and (b == arrays(1024)[1]).all()
assert counted(lambda: swap[1, 1](cuda.In(a), b, cuda.In(c))) == (0, 1, 0, 0)
for i in range(100):                                                # nothing waits for these
	swap[1, 1](cuda.In(a), b, cuda.In(c))
assert launch(arrays(1024), kernel=straight) == (0, 1, 0, 1)        # it is not known yet that …
for i in range(40):
	assert launch(arrays(1024), kernel=straight) == (0, 0, 0, 0)    # … so little is reached that it stays with the host
assert launch([x[::3] for x in arrays(3000)], kernel=straight) == (0, 0, 0, 0)
assert launch([arrays(8)[0]] * 3, kernel=straight) == (0, 0, 0, 0)
assert launch(arrays(1024), kernel=straight, grid=(600, 2)) == (0, 1, 0, 1)
assert launch(arrays(8000), kernel=straight) == (3, 0, 1, 0)
assert launch(arrays(1024), cuda.stream(), kernel=straight)[0] == 0
assert counted(lambda: straight[1, 1](a, b, cuda.In(c))) == (0, 1, 0, 0)             # nothing comes back: nothing waits
assert counted(lambda: straight[1, 1](a, b, cuda.Out(c))) == (0, 0, 0, 0)
two = [x.reshape(32, 32) if i < 2 else x for i, x in enumerate(arrays(1024))]
assert launch(two, kernel=straight) == (0, 1, 0, 1)                 # from the host after all: these go round a loop
assert launch(two, kernel=straight) == (0, 1, 0, 1)
assert launch(arrays(1024), kernel=straight) == (0, 1, 0, 1) and launch(arrays(1024), kernel=straight) == (0, 0, 0, 0)
print("OK")
"""


def test_small_arrays_travel_together(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "OK\n", done.stderr
