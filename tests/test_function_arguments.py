"""Functions as arguments of kernels: each is compiled in, and is known again by what it does."""

import gc
import math
import operator
import weakref

import numpy as np
import pytest

from as_python import assembled
from gridjit import cuda, errors, float32, float64, njit, typeof


@cuda.jit
def apply(f, x, out):
	i = cuda.grid(1)
	if i < x.shape[0]:
		out[i] = f(x[i])


@cuda.jit(device=True)
def shrunk(v):
	return v - 0.5


def twice(v):
	return 2 * v


def scaled(by):
	return lambda v: v * by


def applied(f, x):
	out = np.zeros_like(x)
	apply[1, 32](f, x, out)
	return out.tolist()


X = np.arange(4.0)


@pytest.mark.parametrize("function", [twice, lambda v: v + 1, lambda v, w=3: v * w, math.sqrt, np.sqrt, np.square, abs, operator.neg,
	shrunk.py_func, scaled(2.5), np.float32, int, float32])
def test_what_can_be_called(device, function):
	want = [float(function(v)) for v in X]
	assert applied(function, X) == want


def test_device_functions(device):
	assert applied(shrunk, X) == [-0.5, 0.5, 1.5, 2.5]
	assert applied(cuda.jit(device=True, inline="never")(twice), X) == [0, 2, 4, 6]


def test_known_again_by_what_it_does(device):
	kernel = cuda.jit(apply.py_func)
	out = np.zeros(4)
	for _ in range(3):
		for by in (2, 3):
			kernel[1, 32](scaled(by), X, out)
			assert out.tolist() == (X * by).tolist()
			kernel[1, 32](lambda v: v + 1, X, out)
			assert out.tolist() == (X + 1).tolist()
	assert kernel._count() == 3
	assert typeof(scaled(2)) is typeof(scaled(2)) and typeof(scaled(2)) is not typeof(scaled(3))
	assert str(typeof(twice)) == "function(twice)" and str(typeof(math.sin)) == "function(math.sin)"


def test_in_tuples(device):
	@cuda.jit
	def kernel(fs, x, out):
		for k, f in enumerate(fs):
			out[k] = f(x[3])
		out[3] = fs[1](x[1])

	out = np.zeros(4)
	kernel[1, 1]((math.sqrt, lambda v: v + 10, shrunk), X, out)
	assert np.allclose(out, [3 ** 0.5, 13, 2.5, 11])
	kernel[1, 1]((twice, (twice, abs)[1], twice), X, out)
	assert out.tolist() == [6, 3, 6, 1]


def test_passed_on(device):
	def compose(f, g):
		return lambda v: f(g(v))

	@cuda.jit
	def kernel(f, g, x, out):
		i = cuda.grid(1)
		h = compose(f, g)
		out[i] = h(x[i]) if f is not g else 0.0

	out = np.zeros(4)
	kernel[1, 4](math.floor, math.sqrt, X * 10, out)
	assert out.tolist() == [math.floor(math.sqrt(v * 10)) for v in X]
	kernel[1, 4](twice, twice, X, out)
	assert not out.any()


def test_types(device):
	"""A type of numbers is a function too, and a dtype."""
	@cuda.jit
	def kernel(dtype, out):
		t = cuda.local.array(2, dtype)
		t[0] = 1.75
		out[0] = t[0] + dtype(0.3)
		out[1] = t.itemsize

	out = np.zeros(2)
	kernel[1, 1](np.float64, out)
	assert out.tolist() == [2.05, 8]
	kernel[1, 1](np.int16, out)
	assert out.tolist() == [1, 2]


def test_captured_arrays(device):
	"""Arrays of the device by their address, arrays of the host by their values."""
	first, second = cuda.to_device(np.array([10.0])), cuda.to_device(np.array([20.0]))

	def adds(array):
		return lambda v: v + array[0]

	assert applied(adds(first), X) == [10, 11, 12, 13]
	assert applied(adds(second), X) == [20, 21, 22, 23]
	assert applied(adds(np.array([30.0])), X) == [30, 31, 32, 33]
	assert applied(adds(np.array([40.0])), X) == [40, 41, 42, 43]
	second.copy_to_device(np.array([50.0]))
	assert applied(adds(second), X) == [50, 51, 52, 53]


def test_functions_are_not_kept(device):
	f = scaled(7.25)
	seen = weakref.ref(f)
	applied(f, X)
	del f
	gc.collect()
	assert seen() is None
	assert applied(scaled(7.25), X) == (X * 7.25).tolist()


def test_signatures_and_launchers(device):
	@cuda.jit
	def kernel(f, out, *more):
		out[0] = f(*more)

	out = np.zeros(1)
	kernel[1, 1](lambda: 5, out)
	assert out[0] == 5
	kernel[1, 1](max, out, 2, 7, 3)
	assert out[0] == 7
	kernel.forall(1)(pow, out, 2, 5)
	assert out[0] == 32
	assert str(kernel.signatures[1]).startswith("(function(builtins.max), ")


def test_on_a_gpu():
	for f in (twice, math.sqrt, shrunk, scaled(3), np.float32):
		assembled(apply.py_func, f, X, X)
	kept = scaled(3)
	ptx = assembled(apply.py_func, kept, X, X)
	assert "st.global" in ptx


@pytest.mark.parametrize("value, message", [(math, "Cannot determine the type of module"), (print, "cannot store none in float64"),
	(sorted, "sorted is not supported in kernels|cannot be called in a kernel"), (object(), "Cannot determine the type of object"),
	(dict, r"dict\(\) cannot take float64 as argument 1"), ("f", "a string cannot be called")])
def test_refused(value, message):
	with pytest.raises((ValueError, errors.TypingError), match=message):
		apply[1, 1](value, X, X)


def test_wrong_arguments():
	with pytest.raises(errors.TypingError, match=r"<lambda>\(\) takes 2 arguments, but got 1|<lambda>\(\) needs the argument 'w'"):
		apply[1, 1](lambda v, w: v, X, X)


def test_gone():
	"""A type knows its function only as long as that lives."""
	t = typeof(scaled(123.5))
	gc.collect()
	with pytest.raises(RuntimeError, match=r"function\(<lambda>\) does not exist any more"):
		cuda.compile_ptx(apply.py_func, (t, float64[:], float64[:]))


# -- strings -----------------------------------------------------------------------------------------------------------------


def change(x, how, names):
	i = cuda.grid(1)
	if i < x.size:
		if how == "negate":
			x[i] = -x[i]
		elif how in names:
			x[i] = x[i] * x[i] + len(how)
		else:
			x[i] = 0


def test_strings(device):
	x, kernel = np.arange(4.0), cuda.jit(change)
	for how in ("negate", "größer", "".join(["neg", "ate"])):
		kernel[1, 4](x, how, ("square", "größer"))
	assert x.tolist() == [-6, -7, -10, -15] and len(kernel.overloads) == 2
	kernel[1, 4](x, "other", ("square", "größer"))
	assert not x.any()


def test_strings_of_the_host(capsys):
	@njit
	def reduced(a, how="mean"):
		if how == "mean":
			return a.mean()
		elif how != "least":
			raise ValueError("unknown")
		return a.min()

	@njit
	def both(a, how):
		print("by", how, (how, 1))
		return reduced(a, how), reduced(a)
	a = np.arange(1, 4.0)
	assert reduced(a) == 2 and [reduced(a, how) for how in ("mean", "least", "mean")] == [2, 1, 2] and reduced(a, how="least") == 1
	assert both(a, "least") == (1, 2) and capsys.readouterr().out == "by least ('least', 1)\n"
	with pytest.raises(ValueError, match="unknown"):
		both(a, "x")
	assert njit(lambda s: s)("x") == "x"
	with pytest.raises(errors.TypingError, match="operator . between a string and"):
		njit(lambda s: s + 1)("x")
