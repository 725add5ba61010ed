"""Explicit signatures: which of several a call takes, and arguments that may be None. numba's rules, but that the nearest of several
types which lose nothing is taken."""

import numpy as np
import pytest

from conftest import on
from gridjit import cuda, float64, int64, njit, optional, types


@pytest.mark.parametrize("signatures, value, kind", [
	(["int32", "float64"], 3, float), (["int32", "float64"], np.int8(3), int), (["int32", "float64"], np.float32(2.5), float),
	(["int32", "float64"], np.uint64(3), float), (["float64", "int32"], np.int32(3), int), (["int32", "float64"], True, int),
	(["int64", "float64"], np.float32(1), float), (["int64", "float64"], np.uint8(1), int),
	(["float32", "complex128"], 3, complex), (["complex64", "complex128"], 3, complex), (["bool", "int64"], np.int8(3), int),
])
def test_the_nearest_signature_that_loses_nothing(signatures, value, kind):
	f = njit([f"{s}({s})" for s in signatures])(lambda x: x)
	assert type(f(value)) is kind and f(value) == value
	through = njit(lambda x: f(x))
	assert type(through(value)) is kind and through(value) == value


def test_widths():
	f = njit(["uint8(int8)", "uint16(int16)", "uint32(int64)"])(lambda x: x)
	assert [f(t(-1)) for t in (np.int8, np.int16, np.int32, np.int64)] == [255, 65535, 2**32 - 1, 2**32 - 1]
	through = njit(lambda x: f(x))
	assert [through(t(-1)) for t in (np.int8, np.int16, np.int32, np.int64)] == [255, 65535, 2**32 - 1, 2**32 - 1]


def test_arrays_take_the_signature_of_their_layout():
	f = njit(["int64(float64[:, :])", "int64(float64[:, ::1])", "int64(float64[::1, :])"])(lambda a: a.strides[0] * a.strides[1])
	a = np.ones((3, 4))
	for x in a, a.T, a[:, ::2], np.broadcast_to(a, a.shape):
		assert f(x) == x.strides[0] * x.strides[1]
	assert len(f.signatures) == 3


@pytest.mark.parametrize("signatures, value", [(["int32", "int64"], 1.5), (["uint8", "int8"], 3), (["int64", "bool"], 2.0)])
def test_nothing_is_guessed_where_each_loses_something(signatures, value):
	f = njit([f"{s}({s})" for s in signatures])(lambda x: x)
	with pytest.raises(TypeError, match="Ambiguous overloading for"):
		f(value)


def test_an_argument_that_may_be_none():
	for f in (njit(float64(optional(float64)))(_or_one), njit("float64(optional(float64))")(_or_one), njit("(Optional(f8),)")(_or_one)):
		for _ in range(2):                     # the second call goes the short way
			assert (f(None), f(3.0), f(2), f(np.float32(1.5)), f(True)) == (1.0, 6.0, 4.0, 3.0, 2.0)
		assert f.signatures == [(optional(float64),)]
	with pytest.raises(TypeError, match="No matching definition"):
		f("a")


def _or_one(x):
	if x is None:
		return 1.0
	return x * 2


def test_none_that_is_used_raises():
	f = njit("float64(optional(float64))")(lambda x: x * 2)
	assert f(2.0) == 4
	with pytest.raises(TypeError, match="None"):
		f(None)


def test_results_that_may_be_none():
	@njit("optional(float64)(optional(float64), optional(int32))")
	def f(x, n):
		if x is None or n is None:
			return x
		return x * n

	assert [f(1.0, None), f(None, 2), f(2.5, 2), f(None, None)] == [1.0, None, 5.0, None]
	with pytest.raises(OverflowError):
		f(1.0, 2**31)


def test_arrays_and_tuples_that_may_be_none():
	@njit("optional(float64[:])(int64, optional(float64[:]), optional(UniTuple(float64, 2)), optional(float64[::1]))")
	def f(n, a, t, b):
		if a is None:
			return None
		if t is not None:
			for i in range(a.shape[0]):
				a[i] = t[0] + n * t[1] * i
		return a[1:] if b is None else b

	a, b = np.arange(4.0), np.zeros(3)
	for _ in range(2):
		assert f(1, None, (1.0, 2.0), b) is None and f(1, a, None, b) is b
		assert np.shares_memory(f(1, a, None, None), a)
		assert f(2, a, (1, 2), None).tolist() == [5.0, 9.0, 13.0] and f(2, a[::2], (0.0, 1), None).tolist() == [2.0]


def test_calls_with_what_may_be_none():
	positive = njit(lambda x: x if x > 0 else None)
	f = njit("float64(optional(float64))")(_or_one)
	g = njit(lambda x: (f(None), f(3), f(positive(x)), f(x)))
	assert g(2.0) == (1.0, 6.0, 4.0, 4.0) and g(-2.0) == (1.0, 6.0, 1.0, -4.0)


def test_kernels(device):
	@cuda.jit((optional(float64), float64[:], optional(int64[:])))
	def kernel(x, out, a):
		i = cuda.grid(1)
		if i < out.size:
			out[i] = -1 if x is None else x
			if a is not None:
				out[i] += a[i]

	for x in None, 2.5:
		for a in None, np.arange(50):
			out = np.zeros(50)
			kernel[2, 32](x, out, a)
			assert np.array_equal(out, (-1 if x is None else x) + (0 if a is None else a) + np.zeros(50))


def test_types():
	assert types.Optional(float64) is optional(float64) and str(optional(float64)) == "OptionalType(float64)"
	with on("cpu32"):
		assert njit(optional(int64)(int64))(lambda n: n).nopython_signatures[0].return_type is optional(int64)
