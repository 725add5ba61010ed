"""What published packages write, and numba takes."""

import numpy as np
import pytest

import gridjit
from gridjit import guvectorize, njit, types, vectorize

WHOLE = slice(None, None, -1)


@njit
def kinds(a):
	if a.dtype.kind == "f":
		return 1, a.dtype.itemsize
	if a.dtype.kind in "iu":
		return 2, a.dtype.itemsize
	return 3 if a.dtype.kind not in ("c", "V") else 4, a.dtype.itemsize


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i8", "u2", "?", "c8", "c16"])
def test_dtypes_tell_their_kind_and_size(dtype):
	assert kinds(np.zeros(2, dtype)) == kinds.py_func(np.zeros(2, dtype))


@njit
def sliced(a, step):
	every, some, first, column = slice(None, None, step), slice(1, 3), slice(2), (slice(None), 1)
	b = a.reshape((2, -1)).copy()
	b[slice(0, 1), slice(1, 2)] = 7
	total = 0.0
	for i in range(3):
		total += a[every][i] + 10 * a[some].sum() + 100 * a[first].sum() + 1000 * a[WHOLE][i]
	return total, b[column].copy()


def test_slices_in_variables():
	for step in 1, 2, -1:
		got, want = sliced(np.arange(6.0), step), sliced.py_func(np.arange(6.0), step)
		assert got[0] == want[0] and np.array_equal(got[1], want[1])


@pytest.mark.parametrize("number", [np.int8(2), np.uint16(1), np.int32(2), np.int64(2), 2])
@pytest.mark.parametrize("function", [
	lambda a, n: np.take(a, n), lambda a, n: np.tile(a, n), lambda a, n: np.random.permutation(n), lambda a, n: np.random.choice(n, n),
	lambda a, n: np.random.choice(a, n), lambda a, n: np.random.multinomial(5, a / 6, n), lambda a, n: np.around(n + 13, -1),
	lambda a, n: np.nan_to_num(n)])
def test_integers_of_any_width(function, number):
	a = np.array([1.0, 2.0, 3.0])
	seed = njit(lambda: np.random.seed(3))
	seed(), np.random.seed(3)
	assert np.array_equal(njit(function)(a, number), function(a, number))


@pytest.mark.parametrize("number", [np.float32(1.5), np.float16(2), np.int16(2), np.bool_(True), 1.5])
def test_numbers_of_any_width(number):
	def places(a, v):
		b = a.copy()
		b[b > 1] = v
		return np.searchsorted(a, v), np.interp(v, a, a), np.isscalar(v), b
	got, want = njit(places)(np.arange(4.0), number), places(np.arange(4.0), number)
	assert got[:3] == want[:3] and np.array_equal(got[3], want[3])


def test_generators_have_a_type():
	assert isinstance(gridjit.typeof(np.random.default_rng(1)), types.NumPyRandomGeneratorType)
	assert not isinstance(gridjit.typeof((1,)), types.NumPyRandomGeneratorType)


DECLARED = {"f4,i4 f8,i8": "f- d- f-", "i4,i4 i8,i8 f4,f4 f8,f8": "ff dd id", "f8,f8 f4,f4": "ff dd dd", "i4,f4 f8,f8": "dd dd id", "f4,i8 f8,i8": "f- d- f-"}


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="Python's numbers have another meaning")
@pytest.mark.parametrize("rows, loops", DECLARED.items())
def test_pythons_numbers_choose_among_declared_loops(rows, loops):
	"""A row with the array's own type comes first; beside arrays of their kind or of a wider one numbers fit every type that holds them; else
	they are int64 and float64."""
	pairs = [[getattr(types, t) for t in row.split(",")] for row in rows.split()]
	element = vectorize([x(x, y) for x, y in pairs])(lambda a, k: a)
	general = guvectorize([(x[:], y, x[:]) for x, y in pairs], "(n),()->(n)")(copied)
	for f in element, general:
		for dtype, loop in zip(("f4", "f8", "i2"), loops.split()):
			for number, char in zip((0, 1.5), loop):
				if char != "-":
					assert f(np.ones(2, dtype), number).dtype.char == char
					assert f(np.ones(2, np.dtype(dtype).newbyteorder()), number).dtype.char == char


def copied(a, k, out):
	for i in range(a.shape[0]):
		out[i] = a[i]
