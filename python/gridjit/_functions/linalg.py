"""Linear algebra, in plain loops: of the sizes that compiled functions solve many times. Large matrices go to LAPACK, where there is one."""

import math

import numpy as np
from numpy.linalg import LinAlgError

from . import lapack
from .common import finite, flat, floats
from .lapack import LARGE, LARGE_TO_TURN
from .products import dot


def _square(a):
	if a.shape[0] != a.shape[1]:
		raise LinAlgError("Last 2 dimensions of the array must be square.")


# -- Gauss ---------------------------------------------------------------------------------------------------------------------------

def _eliminate(a, order):
	"""a becomes L below and U above, its rows in an order that has the largest pivots; gives the order's sign, 0: it is singular."""
	n = a.shape[0]
	sign = 1
	for k in range(n):
		best = k
		for i in range(k + 1, n):
			if abs(a[i, k]) > abs(a[best, k]):
				best = i
		if a[best, k] == 0:
			sign = 0
			continue
		if best != k:
			sign = -sign
			order[k], order[best] = order[best], order[k]
			for j in range(n):
				a[k, j], a[best, j] = a[best, j], a[k, j]
		for i in range(k + 1, n):
			factor = a[i, k] / a[k, k]
			a[i, k] = factor
			if factor != 0:
				for j in range(k + 1, n):
					a[i, j] -= factor * a[k, j]
	return sign


def _back(a, x):
	"""Rows of x become those of the solution of L U x."""
	n = a.shape[0]
	for i in range(n):
		for k in range(i):
			factor = a[i, k]
			for j in range(x.shape[1]):
				x[i, j] -= factor * x[k, j]
	for i in range(n - 1, -1, -1):
		for k in range(i + 1, n):
			factor = a[i, k]
			for j in range(x.shape[1]):
				x[i, j] -= factor * x[k, j]
		for j in range(x.shape[1]):
			x[i, j] = x[i, j] / a[i, i]


def _solved(a, b):
	_square(a)
	if a.shape[0] != b.shape[0]:
		raise ValueError("the right side has another number of rows than the matrix")
	x = np.empty(b.shape, (floats(a[:1, :1]) * b[:1, :1]).dtype)
	if a.shape[0] >= LARGE:
		x[:] = b
		if lapack.solve(a, x):
			return x
	parts = floats(a)
	order = np.arange(a.shape[0])
	if _eliminate(parts, order) == 0:
		raise LinAlgError("Singular matrix")
	for i in range(x.shape[0]):
		x[i] = b[order[i]]
	_back(parts, x)
	return x


def solve(a, b):
	if b.ndim == 1:
		return _solved(a, np.expand_dims(b, 1)).reshape(b.size)
	return _solved(a, b)


def inv(a):
	return _solved(a, np.eye(a.shape[0]).astype(floats(a[:0]).dtype))


def _factored(a):
	"""The sign of its order; 0: it is singular. What a becomes has U's diagonal, or that of the transposed matrix."""
	if a.shape[0] >= LARGE:
		done, sign = lapack.factor(a)
		if done:
			return sign
	return _eliminate(a, np.arange(a.shape[0]))


def det(a):
	_square(a)
	parts = floats(a)
	value = _factored(parts) * (parts[:0].sum() + 1)
	for i in range(a.shape[0]):
		value *= parts[i, i]
	return value


def slogdet(a):
	_square(a)
	parts = floats(a)
	sign = _factored(parts) * (parts[:0].sum() + 1)
	logarithm = 0.0
	if sign == 0:
		return sign, -math.inf
	for i in range(a.shape[0]):
		size = abs(parts[i, i])
		sign *= parts[i, i] / size
		logarithm += math.log(size)
	return sign, logarithm


def matrix_power(a, n):
	_square(a)
	base = inv(a) if n < 0 else a * 1
	out = np.eye(a.shape[0]).astype(base.dtype)
	left = abs(n)
	while left > 0:
		if left % 2:
			out = dot(out, base)
		base = dot(base, base)
		left //= 2
	return out


# -- Cholesky, Householder -----------------------------------------------------------------------------------------------------

def cholesky(a):
	_square(a)
	n = a.shape[0]
	if n >= LARGE:
		large = lapack.rows(a)
		if lapack.cholesky(large):
			return large
	out = np.zeros((n, n), floats(a[:0]).dtype)
	for i in range(n):
		for j in range(i + 1):
			rest = a[i, j] * 1.0
			for k in range(j):
				rest -= out[i, k] * np.conj(out[j, k])
			if i != j:
				out[i, j] = rest / out[j, j]
			elif not rest.real > 0:
				raise LinAlgError("Matrix is not positive definite")
			else:
				out[i, i] = math.sqrt(rest.real)
	return out


def qr(a):
	"""Reflections make columns zero below the diagonal; what they make of the identity is Q. Signs are LAPACK's: R's diagonal is real."""
	n, m = a.shape
	least = min(n, m)
	r = floats(a)
	if least >= LARGE:
		left, right = np.empty((n, least), r.dtype), np.empty((least, m), r.dtype)
		if lapack.qr(a, left, right):
			return left, right
	v = np.zeros((n, least), r.dtype)
	scale, wanted = np.zeros(least), np.zeros(least)
	for k in range(least):
		below = 0.0
		for i in range(k, n):
			v[i, k] = r[i, k]
			below += abs(r[i, k]) ** 2
		size = math.sqrt(below)
		wanted[k] = -size if r[k, k].real >= 0 else size
		if size == 0 or (k == n - 1 and r[k, k].imag == 0):
			wanted[k] = r[k, k].real
			continue
		v[k, k] += size * (r[k, k] / abs(r[k, k]) if r[k, k] != 0 else 1)
		total = 0.0
		for i in range(k, n):
			total += abs(v[i, k]) ** 2
		scale[k] = 2 / total
		_reflect(r, v, k, scale[k])
	q = np.zeros((n, least), r.dtype)
	for i in range(least):
		q[i, i] = 1
	for k in range(least - 1, -1, -1):
		if scale[k] != 0:
			_reflect(q, v, k, scale[k])
	out = np.zeros((least, m), r.dtype)
	for i in range(least):
		phase = r[i, i] / wanted[i] if wanted[i] != 0 else r.dtype.type(1)
		for j in range(i, m):
			out[i, j] = r[i, j] * np.conj(phase)
		for k in range(n):
			q[k, i] *= phase
	return q, out


def _reflect(r, v, k, scale):
	for j in range(r.shape[1]):
		total = r[k, j] * 0
		for i in range(k, r.shape[0]):
			total += np.conj(v[i, k]) * r[i, j]
		total *= scale
		for i in range(k, r.shape[0]):
			r[i, j] -= v[i, k] * total


# -- Eigenvalues of symmetric matrices, singular values: Jacobi's rotations --------------------------------------------------

def _turn(alpha, beta, gamma):
	"""(cosine, sine) of the rotation after which two columns with squares alpha and beta, and gamma in common, have nothing in common."""
	zeta = (beta - alpha) / (2 * gamma)
	t = (1.0 if zeta >= 0 else -1.0) / (abs(zeta) + math.sqrt(1 + zeta * zeta))
	c = 1 / math.sqrt(1 + t * t)
	return c, c * t


def _diagonalise(a, v):
	n = a.shape[0]
	for _ in range(60):
		off = 0.0
		for i in range(n):
			for j in range(i):
				off += abs(a[i, j]) ** 2
		if off == 0:
			return
		for p in range(n - 1):
			for q in range(p + 1, n):
				size = abs(a[p, q])
				if size <= 1e-18 * (abs(a[p, p]) + abs(a[q, q])) or size == 0:
					a[p, q] = 0
					a[q, p] = 0
					continue
				phase = a[p, q] / size
				c, s = _turn(a[p, p].real, a[q, q].real, size)
				for i in range(n):
					x, y = a[i, p], a[i, q] * np.conj(phase)
					a[i, p] = c * x - s * y
					a[i, q] = s * x + c * y
					x, y = v[i, p], v[i, q] * np.conj(phase)
					v[i, p] = c * x - s * y
					v[i, q] = s * x + c * y
				for i in range(n):
					x, y = a[p, i], a[q, i] * phase
					a[p, i] = c * x - s * y
					a[q, i] = s * x + c * y
				a[p, q] = 0
				a[q, p] = 0


def eigh(a):
	_square(a)
	finite(a)
	n = a.shape[0]
	work = lapack.rows(a)
	values = np.empty(n, np.abs(work[:0, 0]).dtype)
	if n >= LARGE_TO_TURN and lapack.eigh(work, values):
		return values, np.conj(work.T).copy()
	for i in range(n):
		for j in range(i):
			work[j, i] = np.conj(work[i, j])
	v = np.eye(n).astype(work.dtype)
	_diagonalise(work, v)
	for i in range(n):
		values[i] = work[i, i].real
	order = np.argsort(values)
	vectors = np.empty((n, n), work.dtype)
	for j in range(n):
		for i in range(n):
			vectors[i, j] = v[i, order[j]]
	return values[order], vectors


def eigvalsh(a):
	return eigh(a)[0]


def _orthogonal(u, v):
	"""Columns of u are turned until no two have anything in common; v is turned with them."""
	for _ in range(60):
		turned = False
		for p in range(u.shape[1] - 1):
			for q in range(p + 1, u.shape[1]):
				alpha = beta = 0.0
				common = u[0, 0] * 0
				for i in range(u.shape[0]):
					alpha += abs(u[i, p]) ** 2
					beta += abs(u[i, q]) ** 2
					common += np.conj(u[i, p]) * u[i, q]
				size = abs(common)
				if size == 0 or size <= 1e-16 * math.sqrt(alpha * beta):
					continue
				turned = True
				c, s = _turn(alpha, beta, size)
				phase = np.conj(common / size)
				for i in range(u.shape[0]):
					x, y = u[i, p], u[i, q] * phase
					u[i, p] = c * x - s * y
					u[i, q] = s * x + c * y
				for i in range(v.shape[0]):
					x, y = v[i, p], v[i, q] * phase
					v[i, p] = c * x - s * y
					v[i, q] = s * x + c * y
		if not turned:
			return


def _tall_svd(a):
	"""Of a matrix with no fewer rows than columns: U, values, V."""
	n, m = a.shape
	u = floats(a)
	v = np.eye(m).astype(u.dtype)
	_orthogonal(u, v)
	sizes = np.empty(m)
	for j in range(m):
		total = 0.0
		for i in range(n):
			total += abs(u[i, j]) ** 2
		sizes[j] = math.sqrt(total)
	order = np.argsort(-sizes)
	left, right = np.zeros((n, m), u.dtype), np.empty((m, m), u.dtype)
	for j in range(m):
		for i in range(n):
			left[i, j] = u[i, order[j]] / sizes[order[j]] if sizes[order[j]] > 0 else 0
		for i in range(m):
			right[i, j] = v[i, order[j]]
	return left, sizes[order], right


def _complete(u):
	"""Columns of zeros become orthogonal to the others."""
	for j in range(u.shape[1]):
		total = 0.0
		for i in range(u.shape[0]):
			total += abs(u[i, j]) ** 2
		if total > 0.5:
			continue
		best = 0.0
		for unit in range(u.shape[0]):
			trial = np.zeros(u.shape[0], u.dtype)
			trial[unit] = 1
			for _ in range(2):
				for other in range(u.shape[1]):
					common = (np.conj(u[:, other]) * trial).sum()
					for i in range(u.shape[0]):
						trial[i] -= common * u[i, other] if other != j else 0
			size = norm(trial)
			if size > best * 1.5:
				best = size
				for i in range(u.shape[0]):
					u[i, j] = trial[i] / size


def _svd(a):
	"""U, values and V: as many columns as values, of which the last may be zero."""
	finite(a)
	least = min(a.shape[0], a.shape[1])
	if least >= LARGE_TO_TURN:
		u, sizes, v = np.empty((a.shape[0], least), floats(a[:0]).dtype), np.empty(least), np.empty((least, a.shape[1]), floats(a[:0]).dtype)
		if lapack.svd(a, 1, u, sizes, v):
			return u, sizes, np.conj(v.T).copy()
	wide = a.shape[1] > a.shape[0]
	left, values, right = _tall_svd(np.conj(a.T).copy() if wide else a.copy())
	if wide:
		left, right = right, left
	return left, values, right


def _completed(u, n):
	"""Of n columns."""
	out = np.zeros((u.shape[0], n), u.dtype)
	out[:, :u.shape[1]] = u
	_complete(out)
	return out


def svd(a, full_matrices=True):
	finite(a)
	n, m = a.shape
	least = min(n, m)
	if least >= LARGE_TO_TURN:
		work = floats(a[:0])
		large_u, sizes, large_v = np.empty((n, n if full_matrices else least), work.dtype), np.empty(least), np.empty((m if full_matrices else least, m), work.dtype)
		if lapack.svd(a, 2 if full_matrices else 1, large_u, sizes, large_v):
			return large_u, sizes, large_v
	left, values, right = _svd(a)
	u = _completed(left, a.shape[0] if full_matrices else values.size)
	v = _completed(right, a.shape[1] if full_matrices else values.size)
	return u, values, np.conj(v.T).copy()


# -- What follows from them ------------------------------------------------------------------------------------------------------

def _singular_values(a):
	finite(a)
	least = min(a.shape[0], a.shape[1])
	if least >= LARGE_TO_TURN:
		sizes, nothing = np.empty(least), np.empty((0, 0), floats(a[:0]).dtype)
		if lapack.svd(a, 0, nothing, sizes, nothing):
			return sizes
	return _svd(a)[1]


def _largest(values):
	return values.max() if values.size else 0.0


def pinv(a, rcond=1e-15):
	return _inverse(a, rcond)[0]


def _inverse(a, part):
	"""The pseudoinverse without what is smaller than a part of the largest singular value, and these."""
	u, values, v = _svd(a)
	least = part * _largest(values)
	for j in range(values.size):
		for i in range(v.shape[0]):
			v[i, j] = v[i, j] / values[j] if values[j] > least else 0
	return dot(v, np.conj(u.T)), values


def matrix_rank(A, tol=None):
	values = _singular_values(A)
	least = _largest(values) * max(A.shape[0], A.shape[1]) * 2.220446049250313e-16 if tol is None else tol
	n = 0
	for x in values:
		if x > least:
			n += 1
	return n


def cond(x, p=None):
	if p is not None and abs(p) != 2:
		return norm(x, p) * norm(inv(x), p)
	if x.size == 0:
		raise LinAlgError("cond is not defined on empty arrays")
	if not np.isfinite(x).all():
		return math.nan if np.isnan(x).any() else math.inf
	values = _singular_values(x)
	least = values.min()
	if p is not None and p < 0:
		return least / values.max()
	return values.max() / least if least > 0 else math.inf


def lstsq(a, b, rcond=-1.0):
	"""rcond: what is left out, as a part of the largest singular value; below 0: what is rounding."""
	part = max(a.shape[0], a.shape[1]) * 2.220446049250313e-16 if rcond < 0 else rcond
	inverse, values = _inverse(a, part)
	rank = 0
	for x in values:
		if x > part * _largest(values):
			rank += 1
	x = dot(inverse, b)
	rest = np.abs(b - dot(a, x)) ** 2
	squares = rest.reshape((rest.shape[0], rest.size // max(rest.shape[0], 1))).sum(0)
	return x, squares[:squares.size if rank == a.shape[1] and a.shape[0] > a.shape[1] else 0].copy(), rank, values


def norm(x, ord=None):
	if ord is None:
		total = 0.0
		for item in flat(x):
			total += abs(item) ** 2
		return math.sqrt(total)
	if x.ndim == 1:
		return _vector_norm(x, ord)
	if abs(ord) == 2:
		values = _singular_values(x)
		return values.max() if ord > 0 else values.min()
	if abs(ord) == 1:
		sums = np.abs(x).sum(0)
	elif math.isinf(ord):
		sums = np.abs(x).sum(1)
	else:
		raise ValueError("Invalid norm order for matrices.")
	return sums.max() if ord > 0 else sums.min()


def _vector_norm(x, ord):
	if math.isinf(ord):
		return np.abs(x).max() if ord > 0 else np.abs(x).min()
	if ord == 2:
		return norm(x)
	total = 0.0
	for item in x:
		if ord == 0:
			total += item != 0
		else:
			total += abs(item) ** float(ord)
	return total if ord == 0 or ord == 1 else total ** (1.0 / ord)
