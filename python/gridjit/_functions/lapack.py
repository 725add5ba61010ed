"""Factorisations of large matrices by LAPACK, where there is one (src/image/lapack.def). Matrices lie by rows here and by columns there, so
LAPACK is given the transposed matrix, where that will do, or a transposed copy. What each function gives first says whether it is done."""

from types import ModuleType

import numpy as np
from numpy.linalg import LinAlgError

from .. import _core
from .common import floats

_lapack = ModuleType("lapack")
vars(_lapack).update(_core.lapack_functions())

LARGE = 48                                      # rows; below, loops are about as fast, or faster
LARGE_TO_TURN = 12                              # … than Jacobi's rotations


def _kind(a):
	if a.dtype == np.float32:
		return 0
	if a.dtype == np.float64:
		return 1
	return 2 if a.dtype == np.complex64 else 3


def rows(a):
	"""A copy that lies by rows, of floats or complex numbers."""
	out = np.empty(a.shape, floats(a[:0]).dtype)
	out[:] = a
	return out


def solve(a, x):
	"""x, which is the right side, becomes the solution."""
	n = a.shape[0]
	factors, columns = np.empty((n, n), x.dtype), x.T.copy()
	factors[:] = a.T
	info = _lapack.gesv(_kind(x), n, x.shape[1], factors.ctypes.data, columns.ctypes.data)
	if info > 0:
		raise LinAlgError("Singular matrix")
	if info == 0:
		x[:] = columns.T
	return info == 0


def factor(a):
	"""(done, sign): on a's diagonal stands U's, of a's transposed; 0: it is singular."""
	n = a.shape[0]
	sign = np.ones(1, np.int64)
	info = _lapack.getrf(_kind(a), n, a.ctypes.data, sign.ctypes.data)
	return info >= 0, 0 if info > 0 else int(sign[0])


def cholesky(a):
	"""Of the lower part of a, which lies by rows; it becomes the factor."""
	n = a.shape[0]
	info = _lapack.potrf(_kind(a), n, a.ctypes.data)
	if info > 0:
		raise LinAlgError("Matrix is not positive definite")
	for i in range(n if info == 0 else 0):
		a[i, i + 1:] = 0
	return info == 0


def qr(a, q, r):
	n, m = a.shape
	least = min(n, m)
	columns, scale = rows(a.T), np.empty(least, q.dtype)
	if _lapack.geqrf(_kind(q), n, m, columns.ctypes.data, scale.ctypes.data) != 0:
		return False
	for i in range(least):
		r[i, :i] = 0
		for j in range(i, m):
			r[i, j] = columns[j, i]
	if _lapack.orgqr(_kind(q), n, least, columns.ctypes.data, scale.ctypes.data) != 0:
		return False
	q[:] = columns[:least].T
	return True


def eigh(work, values):
	"""Of the lower part of work, which lies by rows; these become the vectors."""
	n = work.shape[0]
	sizes = np.empty(n, np.abs(work[:0, 0]).dtype)
	info = _lapack.heevd(_kind(work), 1, n, work.ctypes.data, sizes.ctypes.data)
	if info > 0:
		raise LinAlgError("Eigenvalues did not converge")
	if info == 0:
		values[:] = sizes
	return info == 0


def svd(a, how, u, values, v):
	"""U and V* into u and v; how: 0 not these, 1 as many columns and rows as there are values, 2 all."""
	n, m = a.shape
	work, sizes = rows(a), np.empty(min(n, m), np.abs(u[:0, 0]).dtype)
	info = _lapack.gesdd(_kind(work), how, m, n, work.ctypes.data, sizes.ctypes.data, v.ctypes.data, u.ctypes.data)
	if info > 0:
		raise LinAlgError("SVD did not converge")
	if info == 0:
		values[:] = sizes
	return info == 0


def eig(a, how, values, vectors):
	"""Of floats or complex numbers; of the former values has two rows, real parts and imaginary ones. how: 0 without vectors."""
	n = a.shape[0]
	columns, rows = a.T.copy(), np.empty(vectors.shape, vectors.dtype)
	info = _lapack.geev(_kind(a), how, n, columns.ctypes.data, values.ctypes.data, rows.ctypes.data)
	if info > 0:
		raise LinAlgError("Eigenvalues did not converge")
	if info == 0 and how:
		vectors[:] = rows.T
	return info == 0
