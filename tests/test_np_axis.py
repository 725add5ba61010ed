"""cumsum, cumprod, take, split and array_split along an axis in functions for the host: NumPy's values, types and errors."""

import numpy as np
import pytest

from gridjit import jit

CALLS = (
	lambda a, k: np.cumsum(a, axis=k), lambda a, k: np.cumprod(a, k), lambda a, k: a.cumsum(k), lambda a, k: a.cumprod(axis=k),
	lambda a, k: np.take(a, np.array([1, 0, -1, 1]), axis=k), lambda a, k: np.take(a, np.array([[1, 0], [0, -1]]), k),
	lambda a, k: np.take(a, -1, axis=k), lambda a, k: a.take([0, 1], axis=k),
	lambda a, k: np.split(a, 2, axis=k), lambda a, k: np.split(a, (1, 2), axis=k), lambda a, k: np.array_split(a, (1,), k),
	lambda a, k: np.array_split(a, 2, axis=k),
)
BASE = np.arange(1, 49).reshape(4, 6, 2) % 7
ARRAYS = (BASE, BASE[:, :, 0], np.asfortranarray(BASE[:, :, 1]), BASE[0, :, 0], BASE.T[::-1], BASE.reshape(2, 2, 6, 2))
TYPES = tuple(BASE[:, :, 0].astype(t) for t in ("f4", "?", "c16", "u1", "i2", "f2"))


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_values(number):
	f = CALLS[number]
	compiled = jit(f)
	for a in (*ARRAYS, *TYPES) if number == 0 else (*TYPES, BASE) if number == 1 else ARRAYS if number in (5, 9) else (BASE, TYPES[2]):
		for k in range(-a.ndim, a.ndim):
			want, got = f(a, k), compiled(a, k)
			many = isinstance(want, list)
			for p, q in zip(got if many else [got], want if many else [want], strict=True):
				assert np.array_equal(p, q) and np.asarray(p).dtype == np.asarray(q).dtype, (a.shape, a.dtype, k)
	for k in (3, -4):
		with pytest.raises(np.exceptions.AxisError, match=f"axis {k} is out of bounds for array of dimension 3"):
			compiled(BASE, k)


def test_nothing():
	f = jit(CALLS[0])
	for shape in ((0, 3), (3, 0)):
		for k in (0, 1):
			assert f(np.zeros(shape), k).shape == shape


def test_errors():
	take, split = jit(lambda a, i, k: np.take(a, i, axis=k)), jit(lambda a, n, k: np.split(a, n, axis=k))
	for i in (2, -3, np.array([0, 2])):
		with pytest.raises(IndexError, match="index -?[23] is out of bounds"):
			take(BASE, i, 2)
	with pytest.raises(ValueError, match="equal division"):
		split(BASE, 4, 1)
	assert np.shares_memory(jit(lambda a: np.split(a, (1,), axis=1)[1])(BASE), BASE)
