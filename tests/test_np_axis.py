"""cumsum, cumprod, take, split and array_split along an axis, and reductions along several, in functions for the host: NumPy's values, types
and errors."""

import numpy as np
import pytest

from gridjit import errors, jit

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


@pytest.mark.parametrize("text", ["a.sum(axis=(0, 1))", "np.mean(a, axis=(0, -1))", "np.max(a, axis=(1, 2), keepdims=True)", "a.min(axis=(-1, 0), initial=2)", "a.prod(axis=())",
	"np.any(a, axis=(0, 2))", "np.all(a, (1,))", "a.var(axis=(0, 1), ddof=1)", "np.std(a, axis=(0, 1, 2))", "np.sum(a, axis=(0, 1), where=a > 2)", "(a * 2 + 1).sum(axis=(1, 2))"])
def test_reductions_along_several_axes(text):
	scope = {"np": np}
	exec(f"def f(a): return {text}", scope)
	f, compiled = scope["f"], jit(scope["f"])
	for a in BASE.astype("f8"), BASE.T[::-1], np.asfortranarray(BASE):
		want, got = f(a), compiled(a)
		assert np.allclose(got, want) and np.shape(got) == np.shape(want) and np.asarray(got).dtype == want.dtype


def test_several_axes_that_there_are_not():
	for f, error in (lambda a: a.sum(axis=(0, 0)), errors.NumbaValueError), (lambda a: a.sum(axis=(0, 5)), np.exceptions.AxisError):
		with pytest.raises(error):
			jit(f)(BASE)
	with pytest.raises(ValueError, match="zero-size array|no identity"):
		jit(lambda a: a.max(axis=(0, 1)))(np.zeros((2, 0, 3)))


def test_an_array_made_for_the_result_lives_as_long_as_it():
	"""As out=, given back: it was let go of, and read again."""
	a = np.arange(48.0).reshape(4, 6, 2)[:, :, 0]
	g = jit(lambda a: np.sum(a, axis=0, out=np.zeros(a.shape[1])))
	kept = [g(a + k) for k in range(100)]
	assert all(np.array_equal(x, (a + k).sum(axis=0)) for k, x in enumerate(kept))
	h = jit(lambda a: a.mean(axis=(0, 1), out=np.empty(a.shape[2])))
	assert np.allclose(h(BASE), BASE.mean(axis=(0, 1)))
