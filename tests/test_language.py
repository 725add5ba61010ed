"""Every kernel of tests/golden/low, run on each device, against the same function in plain Python or against NumPy."""

import re

import numpy as np
import pytest

from conftest import assert_same
from gridjit import cuda, errors, float32, float64, int64
from gridjit.cuda import syncthreads
from language_cases import NAMES, expected, launched, load


@pytest.mark.parametrize("name", NAMES)
def test_results(device, name):
	module = load(name)
	got, want = launched(module), expected(module)
	rtol = getattr(module, "RTOL", 0)
	for number, (a, b) in enumerate(zip(got, want)):
		if isinstance(a, np.ndarray):
			assert_same(a, b, rtol=rtol, atol=rtol, what=f"argument {number}")


def factorial(n):
	if n < 0:
		raise ValueError("negative")
	return 1 if n == 0 else n * factorial(n - 1)


def descend(path, n):
	path[n] += 1
	if n == 3:
		raise ValueError("three")
	if n > 0:
		descend(path, n - 1)
	path[n] += 10


def both_ways(n):
	return factorial(n), factorial(n + 1) / 2


def raise_deep_inside(x, path, out):
	i = cuda.threadIdx.x
	shared = cuda.shared.array(32, float64)
	shared[i] = 0
	cuda.syncthreads()
	out[i, 0] = factorial(x[i])
	shared[i], out[i, 1] = both_ways(x[i] - 1)
	cuda.syncthreads()
	out[i, 2] = shared[31 - i]
	descend(path[i], x[i])
	out[i, 3] = 1


def test_raise_in_a_function_that_calls_itself(device):
	"""The thread ends from any depth; what it did before counts, and the others go on, through barriers too."""
	x, path, out = np.arange(32) % 8 - 2, np.zeros((32, 8)), np.full((32, 4), -1.0)
	cuda.jit(raise_deep_inside)[1, 32](x, path, out)
	numbers = [1, 1, 2, 6, 24, 120]
	for i, n in enumerate(x):
		want = [-1] * 4 if n < 0 else [numbers[n], -1, -1, -1] if n == 0 else [
			numbers[n], numbers[n] / 2, numbers[x[31 - i] - 1] if x[31 - i] > 0 else 0, 1 if n < 3 else -1]
		assert out[i].tolist() == want
		steps = range(n + 1) if n < 3 else range(3, n + 1)
		assert path[i].tolist() == [(11 if n < 3 else 1) * (k in steps and n > 0) for k in range(8)]
	assert re.search(r"\bexit;", cuda.compile_ptx(raise_deep_inside, (int64[:], float64[:, :], float64[:, :]), cc=(9, 0))[0])


def test_text_of_a_function_that_raises(device):
	"""What is inspected without a kernel around it."""
	function = cuda.jit("int64(int64)", device=True)(factorial)
	assert function.inspect_llvm() and function.inspect_asm()


def sum_of_digits(n, x):
	row = cuda.local.array(500, float64)
	for k in range(500):
		row[k] = n + k
	return row[int(x) % 500] if n == 0 else row[n % 500] + sum_of_digits(n - 1, row[3])


@cuda.jit
def deep(n, out):
	i = cuda.threadIdx.x
	shared = cuda.shared.array(40, float64)
	shared[i] = sum_of_digits(n, 0.0)
	cuda.syncthreads()
	out[i] = shared[39 - i]


def forth(n):
	return back(n + 1)


def back(n):
	return 0 if n < 0 else forth(n)


@cuda.jit
def for_ever(out):
	out[cuda.threadIdx.x] = forth(cuda.threadIdx.x)


def test_calls_too_deep(device):
	"""The launch fails, the process does not, and the next launch is as good as any."""
	if device == "cuda":
		pytest.skip("a GPU's context is lost when a stack overflows")
	out = np.zeros(40)
	for _ in range(2):
		with pytest.raises(cuda.CudaAPIError, match="deep failed: .*test_language.py: a function calls itself too often") as e:
			deep[3, 40](1_000_000, out)
		assert isinstance(e.value, RecursionError) and not out.any()
		with pytest.raises(RecursionError, match="for_ever failed"):
			for_ever[1, 40](out)
	deep[3, 40](20, out)
	assert (out == 2 * 20 * 21 / 2 + 4).all()


@cuda.jit
def assigns(target, given, reached, how):
	i = cuda.grid(1)
	if i < reached.shape[0]:
		reached[i] = 1
		if how == 0:
			target[i, :] = given
		elif how == 1:
			np.sin(given, target[i])
		else:
			np.add(1.0, given, out=target[i])
		reached[i] = 2


@pytest.mark.parametrize("how", [0, 1, 2])
@pytest.mark.parametrize("n", [1, 3, 4, 5])
def test_what_does_not_fit(device, how, n):
	"""Where NumPy refuses to broadcast, the thread ends before it writes."""
	target, reached = np.zeros((40, 4)), np.zeros(40, np.int8)
	assigns[2, 32](target, np.ones(n), reached, how)
	assert (reached == (2 if n in (1, 4) else 1)).all()
	assert (target == ([1, np.sin(1), 2][how] if n in (1, 4) else 0)).all()


@pytest.mark.parametrize("x", [np.full(3, 2**62), np.full(3, 2**63, np.uint64), np.array([True, False, True]),
	np.array([1, 2, 2], np.float32), np.zeros(0, np.float32)], ids=lambda x: f"{x.dtype}-{x.size}")
def test_mean(device, x):
	"""Integers add up as floats."""
	@cuda.jit
	def kernel(x, out):
		out[0] = x.mean()
	out = np.full(1, -1.0)
	kernel[1, 1](x, out)
	np.testing.assert_allclose(out[0], np.mean(x, dtype=np.float64) if x.size else np.nan)


@pytest.mark.parametrize("kernel", [lambda x, n, b: np.add(x, 1, n), lambda x, n, b: np.sqrt(n, n),
	lambda x, n, b: np.add(n, 1, b), lambda x, n, b: np.divmod(x, 2.0, x)], ids=["add", "sqrt", "bool", "divmod"])
def test_out_of_another_kind(device, kernel):
	"""As NumPy: nothing is lost by surprise, and divmod has two results."""
	with pytest.raises(errors.TypingError, match=r"cannot (store (float64|int64) in|take array\(float64)"):
		cuda.jit(kernel)[1, 1](np.ones(3), np.ones(3, np.int64), np.ones(3, np.bool_))


def test_large_alignments(device):
	@cuda.jit
	def kernel(out):
		first, second = cuda.shared.array(1, np.int8), cuda.shared.array(1, np.int8, 1 << 32)
		first[0] = second[0] = out[0]
	with pytest.raises(cuda.LinkerError, match="shared arrays take 4294967297 bytes"):
		kernel[1, 1](np.zeros(1))


def test_extents_that_bytes_do_not_bound(device):
	"""Of a broadcast or empty array an extent can be large although the array is small: arithmetic on it must not wrap."""
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
	body = "def kernel(y):\n\tif cuda.threadIdx.x % 2:\n\t\tcuda.syncthreads()\n\ty[0] = 1\n\tcuda.syncthreads()\n"
	for empty in (0, 5, 0):
		scope = {"cuda": cuda}
		exec(compile("\n" * empty + body, "moved.py", "exec"), scope)
		with on("cpu32"), pytest.raises(Exception, match=rf"moved\.py:{empty + 3}: syncthreads"):
			cuda.jit(scope["kernel"])[1, 32](np.zeros(1, np.int64))
			cuda.synchronize()


barrier = syncthreads


def test_a_function_that_is_only_named():
	def alone(x):
		x[0] = 1
		syncthreads  # noqa: B018

	def other_name(x):
		barrier  # noqa: B018

	for kernel in alone, other_name:
		with pytest.raises(errors.TypingError, match=r"^cuda\.syncthreads is named here, but not called\n"):
			cuda.compile_ptx(kernel, "void(float32[::1])")


def test_a_function_that_gets_a_name(device):
	@cuda.jit
	def kernel(x):
		sync = cuda.syncthreads
		i = cuda.threadIdx.x
		x[i] = i
		sync()
		y = x[31 - i]
		sync()
		x[i] = y
	x = np.zeros(32)
	kernel[1, 32](x)
	assert list(x) == list(range(31, -1, -1))
