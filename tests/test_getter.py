"""Attributes that launches ask other libraries' arrays for: found once a class, and again when the class has changed. On the fake driver."""

import os
import subprocess
import sys

PROGRAM = """
import sys
import types
import numpy as np
from gridjit import cuda
from last_launch import last

owner = cuda.to_device(np.zeros(1000, np.float32))
stream = types.SimpleNamespace(ptr=0)
sys.modules["cupy"] = types.ModuleType("cupy")
sys.modules["cupy.cuda"] = sys.modules["cupy"].cuda = types.ModuleType("cupy.cuda")
sys.modules["cupy.cuda"].get_current_stream = lambda: stream
of_c = vars(BaseException)["args"]                      # an attribute that is a C function

class ndarray(Exception):
	__module__ = "cupy"
	shape = of_c
	dtype = np.dtype(np.float32)
	strides = (8,)
	_c_contiguous = False
	data = types.SimpleNamespace(ptr=owner.__cuda_array_interface__["data"][0])

@cuda.jit
def kernel(x):
	x[0] = x.shape[0] + x.shape[x.ndim - 1]

def extent(x):
	kernel[1, 32](x)
	words = np.frombuffer(bytes(last.params[:last.nparams // 4 * 4]), np.uint32)
	return {int(word) for word in words[2:]}

x, y = ndarray(5), ndarray(7)
for _ in range(3):
	assert 5 in extent(x) and 7 in extent(y)
x.args = 6,
assert 6 in extent(x) and 5 not in extent(x)
x.__dict__["shape"] = 9,                                # behind what the class has
assert 6 in extent(x)

class derived(ndarray):                                 # another class of the same attribute
	__module__ = "cupy"
	shape = property(lambda self: (11,))

derived.__name__ = "ndarray"
for _ in range(3):
	assert 11 in extent(derived(5)) and 7 in extent(y)
ndarray.shape = property(lambda self: (self.args[0] + 20,))
assert 27 in extent(y) and 26 in extent(x)
ndarray.shape = of_c
for _ in range(3):
	assert 7 in extent(y)
del ndarray.shape                                       # now each has its own
assert 9 in extent(x)
print("OK")
"""


def test_classes_that_change(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
	assert done.stdout == "OK\n", done.stderr
