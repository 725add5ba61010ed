"""Names that kernels have beside what other files test, and what is said about those that they have not."""

import enum

import numpy as np
import pytest

from gridjit import cuda, errors, float16, float32, int64, njit, types

VALUES = np.array([0.5, 1.5, 2.5, -0.05, 123.456, 1e300, np.nan, np.inf, -15.0, 25, 35])


def made(expression, store="out[:]"):
	scope = {"np": np, "cuda": cuda}
	exec(f"def body(a, out):\n\t{store} = {expression}", scope)
	return scope["body"]


@pytest.mark.parametrize("expression", [
	"np.round(a)", "np.round(a, 1)", "a.round(2)", "np.around(a, -1)", "np.round(a, decimals=-2)", "np.isclose(a, a + 1e-9)", "np.isclose(a, 1, equal_nan=True)"])
@pytest.mark.parametrize("dtype", ["f8", "i8"])
def test_rounded(device, expression, dtype):
	a = VALUES if dtype == "f8" else np.array([5, 15, 25, -5, -15, 2**53 + 1])
	got, want = np.zeros_like(a), np.zeros_like(a)
	cuda.jit(made(expression))[1, 1](a, got)
	made(expression)(a, want)
	assert np.array_equal(got, want, equal_nan=True)


def test_barriers_of_bools(device):
	@cuda.jit
	def kernel(x, out):
		i = cuda.threadIdx.x
		big = x[i] > 0.5
		out[i, 0] = cuda.syncthreads_count(big)
		out[i, 1] = cuda.syncthreads_and(big)
		out[i, 2] = cuda.syncthreads_or(big)
		out[i, 3] = cuda.syncthreads_count(True)
	x, out = np.arange(64) / 64, np.zeros((64, 4), int)
	kernel[1, 64](x, out)
	assert (out == [31, 0, 1, 64]).all()


def test_halves_in_one_step(device):
	bfloat16 = pytest.importorskip("ml_dtypes").bfloat16

	@cuda.jit
	def kernel(a, b):
		cuda.fp16.atomicAdd(a, 1.5)
		cuda.bf16.atomicAdd(b[1:], 0.5)
	a, b = np.zeros(2, np.float16), np.zeros(3, bfloat16)
	kernel[1, 32](a, b)
	assert a.tolist() == [48, 0] and b.astype(float).tolist() == [0, 16, 0]
	with pytest.raises(errors.TypingError, match="does not work on arrays of float32"):
		kernel[1, 32](np.zeros(2, np.float32), b)


def test_through_pointers(device):
	if device == "cuda":
		pytest.skip("addresses of the host")

	@cuda.jit(types.void(types.CPointer(float32), types.CPointer(float16), int64))
	def kernel(x, total, n):
		i = cuda.grid(1)
		if i < n:
			v = cuda.ldcg(x, i)
			cuda.stcs(x, i, v * 2)
			cuda.fp16.atomicAdd(total, v)
			cuda.atomic.add(x, n, v)
	x, total = np.arange(33, dtype=np.float32), np.zeros(1, np.float16)
	x[32] = 0
	kernel[1, 32](x.ctypes.data, total.ctypes.data, 32)
	assert x[:32].tolist() == list(range(0, 64, 2)) and x[32] == total[0] == 496


def test_letters(device):
	@cuda.jit
	def kernel(text, out):
		i = cuda.grid(1)
		if i < text.size and text[i] == ord("G"):
			cuda.atomic.add(out, 0, 1)
		out[1] = ord("é")
	out = np.zeros(2, int)
	kernel[1, 32](np.frombuffer(b"GATTAGACA", np.uint8), out)
	assert out.tolist() == [2, ord("é")]


class Level(enum.IntEnum):
	LOW = 5
	HIGH = 7


class Flag(enum.IntFlag):
	A = 1
	B = 4


def test_members_that_are_numbers(device):
	@cuda.jit
	def kernel(out):
		out[0] = Level.LOW * 2 + Level.HIGH.value
		out[1] = (Flag.A | Flag.B) + Flag.B.value
	out = np.zeros(2)
	kernel[1, 1](out)
	assert out.tolist() == [17, 9]


def test_classes_of_numbers(device):
	"""type(x) == int and a.dtype == float, as Python and NumPy have it."""
	@cuda.jit
	def kernel(a, x, n, out):
		out[0] = type(x) is float and type(n) == int and type(n > 1) == bool and type(1j) == complex and a.dtype == float
		out[1] = type(x) == int or type(n) is float or a.dtype == int or type(np.float32(n)) == float or type(n) != int
	out = np.zeros(2)
	kernel[1, 1](VALUES, 1.5, 3, out)
	assert out.tolist() == [1, 0]


@pytest.mark.parametrize("store, name", [("a.v[3, n]", "'v' of shape (4, 3)"), ("a[1].v[n]", "'v' of shape (3,)"), ("out.flat[n]", "'out' of shape (4,)")])
def test_attributes_in_messages(device, store, name):
	scope = {}
	exec(f"def body(a, n, out):\n\t{store} = 1", scope)
	with pytest.raises(IndexError) as e:
		cuda.jit(scope["body"], boundscheck=True)[1, 1](np.zeros(4, [("x", "f4"), ("v", "f8", 3)]), 30, np.zeros((2, 2)))
		cuda.synchronize()
	assert f"for array {name}" in str(e.value)


@pytest.mark.parametrize("expression, words", [
	("np.sort(a)", "np.sort cannot be used in a kernel.*sort in a loop"), ("np.concatenate((a, a))", "np.concatenate cannot be used.*pass one that is long enough"),
	("np.dot(a, a)", "product of two vectors"), ("str(a.size)", "f-strings"), ("sorted((2, 1))", "sort in a loop"), ("set((1,))", "x in"),
	("next(iter(a))", "for x in a"), ("ord('ab')", "cannot take a string"), ("np.where(a > 1)", "needs the argument")])
def test_refused(expression, words):
	with pytest.raises(errors.TypingError, match=f"(?s){words}"):
		cuda.jit(made(expression, "out[0]"))[1, 1](VALUES, np.zeros(3))


def test_refused_for_the_host():
	with pytest.raises(errors.TypingError, match="(?s)np.einsum cannot be used in a compiled function.*docs/jit.md"):
		njit(made("np.einsum('i,i', a, a)", "out[0]"))(VALUES, np.zeros(3))
