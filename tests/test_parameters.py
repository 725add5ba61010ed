"""Kernels bind arguments to parameters as Python does: *args, keyword-only ones, defaults; launched, by forall(), specialised
and compiled."""

import numpy as np
import pytest

from gridjit import cuda, errors, float64, int64, types


@cuda.jit
def total(out, *arrays):
	i = cuda.grid(1)
	if i < out.shape[0]:
		sum = 0.0
		for array in arrays:
			sum += array[i]
		out[i] = sum


@cuda.jit
def first(*args):
	args[0][0] = args[1]


@cuda.jit
def scaled(out, /, x, factor=2.0, *, offset, step=1):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = factor * x[i] + offset * step


def test_rest(device):
	x, out = np.arange(5.0), np.empty(5)
	for n in range(4):
		total[1, 32](out, *[x] * n)
		np.testing.assert_array_equal(out, n * x)
	total.forall(5)(out, x, x + 1)
	np.testing.assert_array_equal(out, 2 * x + 1)
	assert (float64[::1], types.UniTuple(float64[::1], 2)) in total.signatures
	first[1, 1](out, 7)
	assert out[0] == 7
	with pytest.raises(TypeError, match=r"total\(\) takes at least 1 arguments \(out, \*arrays\), but 0 were given"):
		total[1, 1]()
	with pytest.raises(errors.TypingError, match="index 1 is out of range"):
		first[1, 1]()
	with pytest.raises(ValueError) as info:
		total[1, 1](out, x, object())
	assert "'*arrays'" in info.value.__notes__[0]


def test_rest_in_signatures(device):
	out = np.zeros(3)
	kernel = cuda.jit("void(float64[::1], UniTuple(float64[::1], 2))")(total.py_func)
	kernel[1, 32](out, np.ones(3), np.ones(3))
	assert out.tolist() == [2] * 3
	with pytest.raises(TypeError, match="No matching definition"):
		kernel[1, 32](out, out)
	with pytest.raises(TypeError, match="the signature has 3 arguments, but total.. takes 2"):
		cuda.jit("void(float64[:], float64[:], float64[:])")(total.py_func)
	ptx, _ = cuda.compile_ptx(total.py_func, kernel.signatures[0])
	assert ".entry" in ptx


def test_keyword_only(device):
	x, out = np.arange(4.0), np.empty(4)
	scaled[1, 32](out, x, offset=1)
	np.testing.assert_array_equal(out, 2 * x + 1)
	scaled[1, 32](out, step=2, offset=3, x=x)
	np.testing.assert_array_equal(out, 2 * x + 6)
	scaled.forall(4)(out, x, 3.0, offset=0)
	np.testing.assert_array_equal(out, 3 * x)
	for call, text in ((lambda: scaled[1, 1](out, x), "but 2 were given"), (lambda: scaled[1, 1](out, x, 1.0, 2), "but 4 were given"),
			(lambda: scaled[1, 1](out=out, x=x, offset=1), "no parameter 'out'"),
			(lambda: scaled.forall(4)(out, x), r"takes 3 to 5 arguments \(out, x, factor, offset, step\)")):
		with pytest.raises(TypeError, match=text):
			call()


def test_specialised(device):
	x, out = np.arange(4.0), np.empty(4)
	special = scaled.specialize(out, x, offset=1)
	assert special.signatures == [(float64[::1], float64[::1], float64, int64, int64)] and "scaled" in repr(special)
	special[1, 32](out, x, offset=5)
	np.testing.assert_array_equal(out, 2 * x + 5)
	assert scaled.specialize(out, x, offset=7) is special and scaled.specialize(out, x, offset=7.0) is not special
	scaled.recompile()
	assert scaled.specialize(out, x, offset=1) is not special


@pytest.mark.parametrize("signature, given", [("void(float64[:])", 1), ((float64[:],) * 3, 3)])
def test_compile_takes_a_type_for_each_parameter(signature, given):
	with pytest.raises(TypeError, match=f"the signature has {given} arguments, but total.. takes 2"):
		cuda.compile_ptx(total.py_func, signature)


def test_readonly_arrays_fit_signatures(device):
	"""What is written is known once the kernel is compiled: only that must not be read-only."""
	kernel = cuda.jit(["void(float64[::1], float64[:], float64, float64, int64)"])(scaled.py_func)
	x, out = np.broadcast_to(3.0, (4,)), np.empty(4)
	kernel[1, 32](out, x, 2.0, offset=1)
	assert out.tolist() == [7] * 4
	out.flags.writeable = False
	with pytest.raises(errors.TypingError, match="it is read-only") as info:
		kernel[1, 32](out, x, 3.0, offset=1)
	assert "'out'" in info.value.__notes__[0] and out.tolist() == [7] * 4
	kernel = cuda.jit("void(float64[::1], UniTuple(float64[:], 2))")(total.py_func)
	kernel[1, 32](target := np.empty(4), out, x)
	assert target.tolist() == [10] * 4
	with pytest.raises(errors.TypingError, match="it is read-only"):
		kernel[1, 32](out, target, x)


# -- what is no number, or a wrong one --


@pytest.mark.parametrize("call, error, text", [
	(lambda: total.forall("4"), TypeError, "number of tasks must be an int, not str"),
	(lambda: total.forall(4.0), TypeError, "number of tasks must be an int, not float"),
	(lambda: total.forall(4, tpb=-1), ValueError, "tpb, .* must not be negative"),
	(lambda: cuda.jit(max_registers=-1)(len), ValueError, "max_registers must be a positive int, not -1"),
	(lambda: cuda.jit(max_registers="8")(len), TypeError, "max_registers must be an int, not str"),
	(lambda: cuda.jit(launch_bounds=2.5)(len), TypeError, "launch_bounds must be an int, not float"),
	(lambda: cuda.jit(launch_bounds=(32, -1))(len), ValueError, "launch_bounds must be a positive int"),
	(lambda: total[1, 1, -1](np.zeros(1)), TypeError, "a negative or too large number is no stream"),
	(lambda: total[1, 1, 2**64](np.zeros(1)), TypeError, "a negative or too large number is no stream"),
	(lambda: compiled().max_cooperative_grid_blocks(0), errors.LaunchConfigError, "block.x is zero"),
	(lambda: compiled().max_cooperative_grid_blocks(-2), errors.LaunchConfigError, "block.x must be .* not -2"),
	(lambda: compiled().active_blocks(0), errors.LaunchConfigError, "block.x is zero"),
	(lambda: types.from_dtype(">f4"), TypeError, "the dtype >f4 is no type of a kernel")], ids=range(13))
def test_wrong_number(call, error, text):
	with pytest.raises(error, match=text):
		call()


def compiled():
	return scaled.compile((float64[::1], float64[::1], float64, int64, int64))


def test_numbers_of_numpy():
	kernel = cuda.jit(launch_bounds=np.int64(64), max_registers=np.uint8(32))(total.py_func)
	kernel.forall(np.int32(3), tpb=np.int64(32))(np.zeros(3))
	assert cuda.pinned_array(np.int64(3)).shape == (3,)


def test_two_hundred_parameters(device):
	"""As many as a launch takes can be compiled and looked at."""
	names, scope = [f"a{i}" for i in range(200)], {}
	exec(f"def many({', '.join(names)}):\n\ta0[0] = {' + '.join(f'{name}[0]' for name in names)}", scope)
	arrays = [np.full(1, float(i)) for i in range(200)]
	kernel = cuda.jit(scope["many"])
	kernel[1, 1](*arrays)
	assert arrays[0][0] == sum(range(200))
	assert kernel.inspect_asm(kernel.signatures[0]) and kernel.specialize(*arrays).specialized


INNER = {
	"one default": "def f(x, *, k=3):\n\t\treturn x * k\n\tout[0] = f(n) + 10 * f(n, k=5)",
	"of a variable": "z = n * 2\n\tdef f(x, *, k=z):\n\t\treturn x * k\n\tz = 50\n\tout[0] = f(n)",
	"some have none": "def f(x, *, a, b=2, c, d=n):\n\t\treturn x + 10 * a + 100 * b + 1000 * c + 10000 * d\n\tout[0] = f(1, c=3, a=4) + f(0, a=1, b=7, c=1, d=1)",
	"beside positional ones": "z = n\n\tdef f(x, y=z, *more, k=z + 1):\n\t\treturn x + 10 * y + 100 * len(more) + 1000 * k + z\n\tout[0] = f(1) + f(1, 2, 3, 4, k=5)",
	"lambda": "f = lambda x=2, *, k=n: x * k\n\tout[0] = f() + f(k=4) + f(5)",
	"in a loop": "s = 0\n\tfor i in range(4):\n\t\tf = lambda x, *, k=i: x * k\n\t\ts += f(n)\n\tout[0] = s",
}


@pytest.mark.parametrize("name", INNER)
def test_defaults_of_inner_functions(device, name):
	scope = {}
	exec(f"def kernel(out, n):\n\t{INNER[name]}\n", scope)
	want, got = np.zeros(1), np.zeros(1)
	scope["kernel"](want, 3)
	cuda.jit(scope["kernel"])[1, 1](got, 3)
	assert got[0] == want[0]


def test_missing_keyword_of_an_inner_function(device):
	def kernel(out):
		def f(x, *, a, b=2):
			return x + a + b
		out[0] = f(1, b=3)
	with pytest.raises(errors.TypingError, match=r"f\(\) needs the argument 'a'"):
		cuda.jit(kernel)[1, 1](np.zeros(1))
