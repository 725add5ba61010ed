"""Every kernel of tests/golden/low, run on each device, against the same function in plain Python or against NumPy."""

import re

import numpy as np
import pytest

from conftest import assert_same
from language_cases import NAMES, expected, launched, load


@pytest.mark.parametrize("name", NAMES)
def test_results(device, name):
	module = load(name)
	got, want = launched(module), expected(module)
	rtol = getattr(module, "RTOL", 0)
	for number, (a, b) in enumerate(zip(got, want)):
		if isinstance(a, np.ndarray):
			assert_same(a, b, rtol=rtol, atol=rtol, what=f"argument {number}")


def recursive(n):
	if n < 0:
		raise ValueError("negative")
	return 0 if n == 0 else recursive(n - 1)


def raises_deep_inside(x):
	x[0] = recursive(int(x[1]))


def test_raise_in_a_function_that_calls_itself(device):
	"""The GPU ends the thread from any depth; the CPU cannot, and says so."""
	from gridjit import cuda, errors
	assert re.search(r"\bexit;", cuda.compile_ptx(raises_deep_inside, "void(float32[::1])", cc=(9, 0))[0])
	if device != "cuda":
		with pytest.raises(errors.UnsupportedError, match="raise and assert are not supported in a device function"):
			cuda.jit(raises_deep_inside)[1, 1](np.zeros(2, np.float32))


def test_extents_that_bytes_do_not_bound(device):
	"""Of a broadcast or empty array an extent can be large although the array is small: arithmetic on it must not wrap."""
	from gridjit import cuda

	@cuda.jit
	def kernel(x, out):
		out[0] = x.shape[0] * 4
	for a in (np.broadcast_to(np.float64(1), (1 << 29, 1)), np.zeros((1 << 29, 0))):
		if device == "cuda" and a.size:
			continue                                # a strided host array is packed on its way to a GPU: 4 GiB
		out = np.zeros(1, np.int64)
		kernel[1, 1](a, out)
		assert out[0] == 1 << 31


def test_positions_of_errors_in_called_functions():
	from gridjit import cuda, errors

	def inner(a):
		return a.nothing

	def middle(a):
		return inner(a)

	def kernel(x):
		x[0] = middle(x)
	with pytest.raises(errors.TypingError) as e:
		cuda.compile_ptx(kernel, "void(float32[::1])", cc=(9, 0))
	text = str(e.value)
	assert text.index("a.nothing") < text.index("inner(a)") < text.index("middle(x)"), text


def test_result_type_of_a_signature():
	"""A device function compiled with a result type returns that type."""
	from gridjit import cuda, errors, float32

	def add(a, b):
		return a + b
	text, result = cuda.compile(add, "float32(int32, int32)", device=True, cc=(9, 0))
	assert result == float32 and "cvt.rn.f32.s64" in text
	assert str(cuda.compile(add, "(int32, int32)", device=True, cc=(9, 0))[1]) == "int64"
	with pytest.raises(errors.TypingError, match="cannot be converted"):
		cuda.compile(add, "float32[:](int32, int32)", device=True, cc=(9, 0))


def test_a_message_names_the_line_of_code_that_moved():
	"""The cache does not hand out an image that knows the barrier's line of another version of the file."""
	from conftest import on
	from gridjit import cuda
	body = "def kernel(y):\n\tif cuda.threadIdx.x % 2:\n\t\tcuda.syncthreads()\n\ty[0] = 1\n\tcuda.syncthreads()\n"
	for empty in (0, 5, 0):
		scope = {"cuda": cuda}
		exec(compile("\n" * empty + body, "moved.py", "exec"), scope)
		with on("cpu32"), pytest.raises(Exception, match=rf"moved\.py:{empty + 3}: syncthreads"):
			cuda.jit(scope["kernel"])[1, 32](np.zeros(1, np.int64))
			cuda.synchronize()
