"""np.linalg of large matrices in functions for the host, which LAPACK factorises where there is one: as NumPy, of every type and layout."""


import numpy as np
import pytest

from gridjit import njit

RANDOM = np.random.default_rng(7)
TYPES = [np.float64, np.float32, np.complex128]

solve = njit(lambda a, b: np.linalg.solve(a, b))
inv = njit(lambda a: np.linalg.inv(a))
determinants = njit(lambda a: (np.linalg.det(a), np.linalg.slogdet(a)))
cholesky = njit(lambda a: np.linalg.cholesky(a))
qr = njit(lambda a: np.linalg.qr(a))
eigh = njit(lambda a: np.linalg.eigh(a))
svd = njit(lambda a: (np.linalg.svd(a), np.linalg.svd(a, False)))
eig = njit(lambda a: np.linalg.eig(a))
eigvals = njit(lambda a: np.linalg.eigvals(a))

pytestmark = pytest.mark.usefixtures("no_leaks")


def random(n, m, dtype):
	a = RANDOM.normal(size=(n, m)) * 9
	return (a + 1j * RANDOM.normal(size=(n, m)) if np.dtype(dtype).kind == "c" else a).astype(dtype)


def spread(a):
	out = np.zeros((a.shape[0], 2 * a.shape[1]), a.dtype)[:, ::2]
	out[:] = a
	return out


def close(x, y, tolerance):
	return np.allclose(x, y, rtol=tolerance, atol=tolerance * max(1, np.abs(y).max()))


@pytest.mark.parametrize("dtype", TYPES)
def test_square_matrices(dtype):
	n = 60
	a, b, near = random(n, n, dtype), random(n, 3, dtype), 1e-3 if dtype is np.float32 else 1e-9
	a += n * np.eye(n).astype(dtype)
	positive = (a @ np.conj(a.T)).astype(dtype)
	for m in a, np.asfortranarray(a):
		assert close(solve(m, b), np.linalg.solve(m, b), near) and close(solve(m, b[:, 1]), np.linalg.solve(m, b[:, 1]), near)
		assert close(inv(m), np.linalg.inv(m), near) and inv(m).dtype == dtype
		value, (sign, logarithm) = determinants(m)
		assert close(sign, np.linalg.slogdet(m)[0], near) and close(logarithm, np.linalg.slogdet(m)[1], near) and (dtype is np.float32 or close(value, np.linalg.det(m), near))
	lower = positive.copy()
	lower[np.triu_indices(n, 1)] = 77                              # is not looked at
	for m in lower, np.asfortranarray(lower):
		assert close(cholesky(m), np.linalg.cholesky(positive), near) and not np.triu(cholesky(m), 1).any()
		values, vectors = eigh(m)
		assert close(values, np.linalg.eigvalsh(positive), near) and close(np.conj(vectors.T) @ vectors, np.eye(n), near)
		assert close(vectors * values, positive @ vectors, near)


@pytest.mark.parametrize("dtype", TYPES[::2])
def test_other_matrices(dtype):
	near = 1e-9
	unit = lambda m: close(np.conj(m.T) @ m, np.eye(m.shape[1]), near)
	for shape in (60, 60), (70, 50), (50, 70):
		for m in random(*shape, dtype), spread(random(*shape, dtype)):
			q, r = qr(m)
			assert unit(q) and close(q @ r, m, near) and not np.tril(r, -1).any() and close(r, np.linalg.qr(m)[1], near)
			(u, s, vh), (small_u, small_s, small_vh) = svd(m)
			assert u.shape == (len(m),) * 2 and vh.shape == (m.shape[1],) * 2 and unit(u) and unit(np.conj(vh.T)) and u.dtype == dtype
			assert close(s, np.linalg.svd(m)[1], near) and close(small_s, s, near)
			assert close(u[:, :s.size] * s @ vh[:s.size], m, near) and close(small_u * s @ small_vh, m, near)


def test_what_follows():
	m = random(70, 50, np.float64)
	assert close(njit(lambda a: np.linalg.cond(a))(m), np.linalg.cond(m), 1e-9) and close(njit(lambda a: np.linalg.pinv(a))(m), np.linalg.pinv(m), 1e-9)
	assert close(njit(lambda a, b: np.linalg.lstsq(a, b)[0])(m, m[:, 0]), np.linalg.lstsq(m, m[:, 0])[0], 1e-9)
	whole = RANDOM.integers(-9, 9, (60, 60))
	assert close(inv(whole), np.linalg.inv(whole), 1e-9)


def test_eigenvalues():
	for m in random(40, 40, np.complex128), np.asfortranarray(random(40, 40, np.complex128)):
		values, vectors = eig(m)
		assert close(m @ vectors, vectors * values, 1e-9) and close(eigvals(m), values, 1e-9)
		assert close(np.sort_complex(values), np.sort_complex(np.linalg.eigvals(m)), 1e-9)
	values, vectors = eig(np.diag(np.arange(20.0)) + np.triu(np.ones((20, 20)), 1))
	assert values.dtype == vectors.dtype == np.float64 and close(np.sort(values), np.arange(20.0), 1e-9)
	for dtype in np.float32, np.float64, np.complex64:
		m = (np.eye(20) * np.arange(20) + np.triu(np.ones((20, 20)), 1)).astype(dtype)
		values, vectors = eig(m)
		assert values.dtype == vectors.dtype == eigvals(m).dtype == dtype and close(eigvals(m), values, 1e-3) and close(m @ vectors, vectors * values, 1e-3)
	for f, name in (eig, "eig"), (eigvals, "eigvals"):
		with pytest.raises(ValueError, match=rf"^{name}\(\) argument must not cause a domain change"):
			f(np.roll(np.eye(20), 1, 0))


def test_what_cannot_be():
	for function, m, words in (inv, np.zeros((60, 60)), "Singular"), (cholesky, -np.eye(60), "positive definite"), (solve, np.ones((60, 60)) * 0, "Singular"):
		with pytest.raises(np.linalg.LinAlgError, match=words):
			function(m, np.ones(60)) if function is solve else function(m)
	assert determinants(np.zeros((60, 60))) == (0, (0, -np.inf))
	with pytest.raises(ValueError, match="another number of rows"):
		solve(np.eye(60), np.ones(59))


@pytest.mark.parametrize("n", [5, 60])
def test_what_is_not_finite(n):
	rank, cond = njit(lambda a: np.linalg.matrix_rank(a)), njit(lambda a: np.linalg.cond(a))
	pinv, sizes, lstsq = njit(lambda a: np.linalg.pinv(a)), njit(lambda a: np.linalg.svd(a)[1]), njit(lambda a: np.linalg.lstsq(a, a))
	for odd in np.nan, np.inf:
		m = np.eye(n)
		m[n - 1, 1] = odd
		for function in rank, pinv, sizes, svd, lstsq, eigh, eig, eigvals:
			with pytest.raises(np.linalg.LinAlgError, match="infs or NaNs"):
				function(m)
		assert np.array_equal(cond(m), abs(odd), equal_nan=True)


def test_without_items():
	for shape in (0, 0), (0, 3), (3, 0):
		m = np.empty(shape)
		assert njit(lambda a: np.linalg.pinv(a))(m).shape == shape[::-1] and njit(lambda a: np.linalg.matrix_rank(a))(m) == 0
		x, rest, rank, sizes = njit(lambda a: np.linalg.lstsq(a, a))(m)
		assert x.shape == (shape[1],) * 2 and rest.shape == (0,) and rank == 0 and sizes.shape == (0,)
		with pytest.raises(np.linalg.LinAlgError, match="empty"):
			njit(lambda a: np.linalg.cond(a))(m)


def test_arrays_live_as_long_as_their_addresses():
	"""Of an array that nothing but its address knows."""
	import ctypes
	copy = ctypes.CDLL(None).memcpy
	copy.restype, copy.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]

	@njit
	def f(n, skip):
		source = np.arange(n)
		out = np.empty(n - skip, np.int64)
		at = source.ctypes.data + 8 * skip
		noise = np.full(n, -1)                                     # would get its memory
		copy(out.ctypes.data, at, 8 * (n - skip))
		return out, noise
	for n in 10, 1000:
		assert np.array_equal(f(n, 3)[0], np.arange(3, n))


def test_the_order_of_copies():
	@njit
	def orders(a):
		return a.copy(), a.copy("F"), a.copy(order="K"), np.copy(a), np.ascontiguousarray(a)
	for m in random(3, 5, np.float64), random(3, 5, np.float64).T:
		for got, want in zip(orders(m), orders.py_func(m), strict=True):
			assert np.array_equal(got, want) and got.flags.f_contiguous == want.flags.f_contiguous and got.flags.c_contiguous == want.flags.c_contiguous
