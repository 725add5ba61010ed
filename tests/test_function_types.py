"""types.FunctionType: what takes functions by an explicit signature is compiled for each function that it is given."""

import ctypes
import math
import pickle

import numpy as np
import pytest

import gridjit
from gridjit import cfunc, errors, float64, int64, njit, types

UNARY = types.FunctionType(float64(float64))


@njit(float64(UNARY, float64))
def twice(f, x):
	return 2 * f(x)


@njit
def square(x):
	return x * x


@cfunc("float64(float64)")
def cube(x):
	return x ** 3


def test_the_type():
	assert str(UNARY) == "FunctionType[float64(float64)]" and types.Type(str(UNARY)) is UNARY is types.Type("FunctionType(float64(float64))")
	assert isinstance(UNARY, types.FunctionType) and pickle.loads(pickle.dumps(UNARY)) is UNARY
	assert types.FunctionType("void()") is types.FunctionType(types.void()) and str(types.FunctionType("void()")) == "FunctionType[none()]"
	assert float64(float64(float64), int64).args == (UNARY, int64)
	with pytest.raises(TypeError, match="no return type"):
		types.FunctionType("(float64,)")


def test_each_function():
	sine = ctypes.CDLL("libm.so.6").sin
	sine.argtypes, sine.restype = [ctypes.c_double], ctypes.c_double
	assert [twice(f, 3) for f in (square, cube, lambda x: x + 1, math.sqrt, sine, square)] == [18, 54, 8, 2 * math.sqrt(3), 2 * math.sin(3), 18]
	assert len(twice.signatures) == 5 and {str(s) for s in twice.nopython_signatures} == {"(FunctionType[float64(float64)], float64) -> float64"}
	assert twice(gridjit.njit(lambda x: x), np.int8(4)) == 8


def test_values_are_converted():
	@njit("int64(FunctionType(int64(float64)), int32)")
	def apply(f, x):
		return f(x) + 1

	assert apply(lambda x: x * 1.5, 3) == 5                               # int(4.5)
	assert apply(lambda x: isinstance(x, float), 3) == 2


def test_text_and_tuples():
	@njit("float64(UniTuple(FunctionType[float64(float64)], 2), float64)")
	def composed(fs, x):
		return fs[0](fs[1](x))

	@njit([float64(float64(float64), float64), float64(float64(float64), int64)])
	def either(f, x):
		return f(x)

	assert composed((square, cube), 2) == 64 and composed((cube, lambda x: x + 1), 1.0) == 8
	assert either(square, 3) == 9 and either(square, 1.5) == 2.25


def test_exceptions_arrive():
	@njit
	def positive(x):
		if x <= 0:
			raise ValueError("not positive")
		return x

	assert twice(positive, 2) == 4
	with pytest.raises(ValueError, match="not positive"):
		twice(positive, -2)


def test_mistakes():
	with pytest.raises(errors.TypingError, match=r"function\(\) takes 1 .*2|takes at most"):
		njit(float64(UNARY, float64))(lambda f, x: f(x, x))
	with pytest.raises(errors.TypingError, match="cannot"):
		njit(types.void(UNARY, float64[:]))(lambda f, x: f(x))
	for value in (3, np.zeros(3), None):
		with pytest.raises(TypeError, match="No matching definition|no signature|signature"):
			twice(value, 1.0)
	with pytest.raises(errors.TypingError):
		twice(lambda x, y: x, 1.0)


def test_the_signature_of_a_type():
	kind = types.FunctionType(float64(float64, int64))
	assert kind.signature == float64(float64, int64)
	with pytest.raises(AttributeError):
		float64.signature
