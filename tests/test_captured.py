"""Device arrays that kernels refer to by name, and arrays in host memory of those who are not NumPy."""

import array
import ctypes
import gc
import mmap
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest
from conftest import on

from gridjit import cuda, errors

# -- by name -----------------------------------------------------------------------------------------------------------------


@cuda.jit
def add_one(x):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] += 1


def user_of(table):
	@cuda.jit
	def use(x):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] = table[i] * 2 + len(table) + table.shape[0]
			table[i] = -i
	return use


def test_device_arrays_are_memory(device):
	table = cuda.to_device(np.arange(5.))
	use, x = user_of(table), np.zeros(5)
	use[1, 32](x)
	assert x.tolist() == [10, 12, 14, 16, 18] and table.copy_to_host().tolist() == [0, -1, -2, -3, -4]
	table.copy_to_device(np.full(5, 7.))                  # what it holds is read anew
	use[1, 32](x)
	assert x.tolist() == [24] * 5
	use[1, 32](table)                                      # the same memory twice: nothing is taken for unchanged
	assert table.copy_to_host().tolist() == [0, -1, -2, -3, -4]


@pytest.mark.parametrize("view", [lambda a: a[1:, ::2], lambda a: a.T, lambda a: a[::-1], lambda a: a], ids=["strided", "F", "reversed", "C"])
def test_layouts(device, view):
	host = np.arange(24, dtype=np.int32).reshape(4, 6)
	table, want = view(cuda.to_device(host)), view(host)

	@cuda.jit
	def read(out):
		i, j = cuda.grid(2)
		if i < out.shape[0] and j < out.shape[1]:
			out[i, j] = table[i, j] + 100 * table[-1, -1]
	out = np.zeros(want.shape, np.int64)
	read[1, (8, 8)](out)
	np.testing.assert_array_equal(out, want + 100 * want[-1, -1])


def test_of_device_functions_tuples_and_modules(device):
	pair = cuda.to_device(np.arange(3.)), cuda.to_device(np.arange(3.) * 10)

	class Space:
		third = 5

	@cuda.jit(device=True)
	def get(i):
		return pair[0][i] + pair[1][i]

	@cuda.jit
	def use(x):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] = get(i) + Space.third
	x = np.zeros(3)
	use[1, 32](x)
	assert x.tolist() == [5, 16, 27]


def test_other_libraries(device):
	if device != "cuda":
		pytest.skip("such arrays are in the memory of a GPU")

	class Foreign:
		def __init__(self):
			self.array = cuda.to_device(np.arange(4.))

		@property
		def __cuda_array_interface__(self):
			return {"shape": (4,), "typestr": "<f8", "data": (self.array.device_pointer, True), "version": 3}
	table = Foreign()

	@cuda.jit
	def read(x):
		x[0] = table[3]

	@cuda.jit
	def write(x):
		table[3] = x[0]
	x = np.zeros(1)
	read[1, 1](x)
	assert x[0] == 3
	with pytest.raises(errors.TypingError, match="read-only"):
		write[1, 1](x)


def test_mapped_arrays(device):
	table = cuda.mapped_array(4)
	table[:] = 3
	use, x = user_of(table), np.zeros(4)
	use[1, 32](x)
	cuda.synchronize()
	assert x.tolist() == [14] * 4 and table.tolist() == [0, -1, -2, -3]


def test_they_live_as_long_as_the_kernel(device):
	table = cuda.to_device(np.full(4, 2.))
	use, gone = user_of(table), weakref.ref(table)
	use[1, 32](np.zeros(4))
	use.py_func.__closure__[0].cell_contents = table = None
	gc.collect()
	x = np.ones(4)
	use[1, 32](x)
	assert gone() is not None
	assert x.tolist() == [8, 6, 4, 2]
	del use
	gc.collect()
	assert gone() is None


def test_nothing_of_them_is_cached(device):
	table = cuda.to_device(np.arange(5.))
	for _ in range(2):
		use = user_of(table)
		use[1, 32](np.zeros(5))
		assert use.stats.cache_hits == 0
	assert "f64" in str(use.inspect_asm()) or device != "cuda"


def test_where_there_is_no_device():
	table = cuda.to_device(np.arange(5.))
	with pytest.raises(errors.TypingError, match="a device array cannot be used") as e:
		cuda.compile_ptx(user_of(table).py_func, "void(float64[:])")
	assert "only kernels that are launched" in str(e.value)
	dates = cuda.to_device(np.zeros(3, "M8[s]"))

	@cuda.jit
	def read(x):
		x[0] = dates[0]
	with on("cpu32"), pytest.raises(errors.TypingError, match="a device array cannot be used"):
		read[1, 1](np.zeros(1))


def test_address_on_a_gpu(fake_driver):
	code = """
import numpy as np
from gridjit import cuda
table = cuda.to_device(np.arange(5, dtype=np.float32))
@cuda.jit
def use(x, y):
	x[0] = table[2] + y[0]
	table[1] = 3
use[1, 1](cuda.to_device(np.zeros(1)), cuda.to_device(np.zeros(1)))
text, = use.inspect_asm().values()
assert str(table.device_pointer + 8) in text or str(table.device_pointer) in text, text
assert "ld.global.nc" not in text, text
class Foreign:
	__cuda_array_interface__ = {"shape": (4,), "typestr": "<f4", "data": (table.device_pointer, True), "version": 3}
foreign = Foreign()
@cuda.jit
def read(x):
	x[0] = foreign[0]
read[1, 1](cuda.to_device(np.zeros(1)))
assert str(table.device_pointer) in str(read.inspect_asm())
try:
	table.get_ipc_handle()
	assert False
except RuntimeError:
	pass
"""
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | fake_driver)
	assert done.returncode == 0, done.stderr


# -- memory of those who are not NumPy ---------------------------------------------------------------------------------------

class Interface:
	"""What shows its memory the way NumPy does."""

	def __init__(self, memory):
		self.memory = memory

	@property
	def __array_interface__(self):
		return self.memory.__array_interface__


BUFFERS = {
	"array.array": lambda: array.array("d", [1, 2, 3]),
	"bytearray": lambda: bytearray([1, 2, 3]),
	"ctypes": lambda: (ctypes.c_float * 3)(1, 2, 3),
	"memoryview": lambda: memoryview(np.array([1, 9, 2, 9, 3], np.int16))[::2],
	"interface": lambda: Interface(np.array([1, 2, 3], np.int64)),
	"memmap": lambda: np.array([1, 2, 3], np.int8).view(np.memmap),
}


@pytest.mark.parametrize("kind", BUFFERS)
def test_buffers_are_used_in_place(device, kind):
	memory = BUFFERS[kind]()
	add_one[1, 32](memory)
	assert np.asarray(memory).tolist() == [2, 3, 4]
	add_one[1, 32](cuda.In(memory))
	assert np.asarray(memory).tolist() == [2, 3, 4]


def test_a_buffer_is_let_go(device):
	memory = bytearray(3)
	add_one[1, 32](memory)
	memory.extend(b"more")
	shared = mmap.mmap(-1, 16)
	add_one[1, 32](shared)
	assert shared[:2] == b"\1\1"
	shared.close()


def test_buffers_that_no_kernel_takes(device):
	for wrong, words in (memoryview(b"abc"), "read-only"), (memoryview(bytearray(4)).cast("c"), "dtype"), (b"abc", "bytes"):
		with pytest.raises((errors.TypingError, ValueError), match=words):
			add_one[1, 32](wrong)

	class Copies:
		__array_interface__ = property(lambda self: 1 / 0)
	with pytest.raises((TypeError, ValueError)):
		add_one[1, 32](Copies())
