"""Arrays of other libraries on one of two GPUs: a kernel on the other one is not launched. With the fake driver; each test in a
process of its own."""

import os
import subprocess
import sys

import pytest

SETUP = """
import ctypes
import sys
import types

import numpy as np
import pytest

from gridjit import cuda
from producers import DLTensor, Foreign, Tensor

@cuda.jit
def scale(a, x, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i]

here = cuda.to_device(np.ones(4, np.float32))
with cuda.gpus[1]:
	there = cuda.to_device(np.ones(4, np.float32))
WRONG = r"memory of device 1 \\(Fake GPU 1\\), but the kernel runs on device 0 \\(Fake GPU 0\\)"

def refused(*arguments):
	with pytest.raises(ValueError, match=WRONG):
		scale[1, 32](2.0, *arguments)
	with cuda.gpus[1]:
		scale[1, 32](2.0, *[there if x is here else x for x in arguments])
"""


def run(code, environment):
	path = os.pathsep.join(sys.path)
	done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True,
		env={**os.environ, **environment, "FAKE_CUDA_DEVICES": "2", "PYTHONPATH": path})
	assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", [
	# __cuda_array_interface__
	"""
scale[1, 32](2.0, Foreign(here), here)
refused(Foreign(there), here)
empty = Foreign(there, shape=(0,), strides=(4,), data=(0, False))
scale[1, 32](2.0, empty, empty)
""",
	# the driver knows nothing of it: that is left to the GPU
	"""
scale[1, 32](2.0, Foreign(here, data=(64, False)), here)
""",
	# CuPy's attributes
	"""
module = types.ModuleType("cupy.cuda")
module.get_current_stream = lambda: types.SimpleNamespace(ptr=0)
sys.modules["cupy"], sys.modules["cupy.cuda"] = types.ModuleType("cupy"), module
def array(of):
	fields = dict(__module__="cupy", dtype=of.dtype, shape=of.shape, strides=of.strides, _c_contiguous=True,
		data=types.SimpleNamespace(ptr=of.device_pointer))
	return type("ndarray", (), fields)()
scale[1, 32](2.0, array(here), here)
refused(array(there), here)
""",
	# DLPack's table, which says where the tensor is; managed memory is asked about
	"""
class OnGPU(Tensor):
	def __init__(self, array, device, number):
		memory = np.frombuffer((ctypes.c_byte * array.nbytes).from_address(array.device_pointer), array.dtype)
		super().__init__(memory, device=device, number=number)
scale[1, 32](2.0, OnGPU(here, 2, 0), here)
refused(OnGPU(there, 2, 1), here)
scale[1, 32](2.0, OnGPU(here, 13, 1), here)
refused(OnGPU(there, 13, 0), here)
""",
	# an array over foreign memory belongs to the GPU that holds it
	"""
view = cuda.as_cuda_array(Foreign(there))
refused(view, here)
assert (view.copy_to_host() == there.copy_to_host()).all()
"""], ids=["interface", "unknown", "cupy", "dlpack", "view"])
def test_foreign_array(code, fake_driver, tmp_path):
	run(code, {**fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
