"""What functions return that is no number: types, modules, functions, ranges and strings are known when the kernel is compiled and
go from function to function; foreign callers cannot have them."""
import math

import numpy as np
import pytest

from gridjit import cuda, errors, float32, int32


@pytest.mark.parametrize("abi", ("c", "numba"))
@pytest.mark.parametrize("function", (lambda x: (int,), lambda x: (int, 1), lambda x: range(x), lambda x: (range(x),),
	lambda x: (math, x), lambda x: "abc", lambda x: (x, (x, "abc")), lambda x: math, lambda x: float32, lambda x: math.sin,
	lambda x: zip((1, 2), (3, 4)), lambda x: ..., lambda x: lambda: x, lambda x: (lambda: x, 1)))
def test_foreign_callers(function, abi):
	with pytest.raises(errors.TypingError, match="has no value when the kernel runs"):
		cuda.compile(function, (int32,), device=True, abi=abi)


def test_numbers_still_return():
	assert cuda.compile(lambda x: (x, (1, 2.5)), (int32,), device=True, abi="numba")[0]


def both(condition):
	return (math.sqrt, 1) if condition else (math.sqrt, 2)


def each(n):
	if n > 3:
		return float32, n
	return float32, 2


def numbers(n):
	return range(4) if n == 0 else numbers(n - 1)


def kind(n):
	return (int32, n) if n == 0 else kind(n - 1)


def text(n):
	return "abc" if n == 0 else text(n - 1)


def test_from_function_to_function(device):
	@cuda.jit
	def kernel(x):
		f = both(x[0] > 0)
		x[1] = f[0](x[0]) + f[1]
		x[2] = each(2)[0](0.1)
		for i in numbers(3):
			x[3] += i
		x[4] = kind(2)[0](1.7)
		if text(2) == "abc":
			x[5] = 1
		x[6] = (math, math.cos, 3)[1:][0](0.0)

	x = np.array([4.0, 0, 0, 0, 0, 0, 0])
	kernel[1, 1](x)
	assert x.tolist() == [4, 3, float(np.float32(0.1)), 6, 1, 1, 1]


def test_one_of_two_functions():
	def chosen(c):
		if c:
			return math.sin, 1
		return math.cos, 1

	with pytest.raises(errors.TypingError, match="returns .* on one path"):
		cuda.compile_ptx(lambda x: chosen(x[0] > 0), "void(float32[::1])")
