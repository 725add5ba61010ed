"""Eigenvalues of any square matrix: the shifted QR method on complex numbers, and their vectors from the triangle that it ends in."""

import math

import numpy as np
from numpy.linalg import LinAlgError

from . import lapack
from .common import finite
from .lapack import LARGE_TO_TURN, rows

EPSILON = 2.220446049250313e-16


def _hessenberg(h, q):
	"""Reflections make h zero below the diagonal under the main one; q is turned with it."""
	n = h.shape[0]
	v = np.empty(n, np.complex128)
	for k in range(n - 2):
		below = rest = 0.0
		for i in range(k + 1, n):
			v[i] = h[i, k]
			below += abs(v[i]) ** 2
			rest += abs(v[i]) ** 2 if i > k + 1 else 0.0
		if rest == 0:
			continue
		first = v[k + 1]
		v[k + 1] += math.sqrt(below) * (first / abs(first) if first != 0 else 1)
		scale = 2 / (rest + abs(v[k + 1]) ** 2)
		for j in range(k, n):
			total = 0j
			for i in range(k + 1, n):
				total += np.conj(v[i]) * h[i, j]
			for i in range(k + 1, n):
				h[i, j] -= scale * total * v[i]
		for m in (h, q):
			for i in range(n):
				total = 0j
				for j in range(k + 1, n):
					total += m[i, j] * v[j]
				for j in range(k + 1, n):
					m[i, j] -= scale * total * np.conj(v[j])


def _shift(h, end, tries):
	"""Of the two eigenvalues of the last two rows the one that is closer to the last item; now and then another number, against standstill."""
	if tries % 10 == 9:
		return h[end, end] + abs(h[end, end - 1])
	a, b, c, d = h[end - 1, end - 1], h[end - 1, end], h[end, end - 1], h[end, end]
	root = np.sqrt((a - d) * (a - d) / 4 + b * c)
	middle = (a + d) / 2
	return middle + root if abs(middle + root - d) < abs(middle - root - d) else middle - root


def _step(h, q, start, end, shift, c, s):
	n = h.shape[0]
	for k in range(start, end + 1):
		h[k, k] -= shift
	for k in range(start, end):
		size = math.hypot(abs(h[k, k]), abs(h[k + 1, k]))
		c[k] = h[k, k] / size if size > 0 else 1
		s[k] = h[k + 1, k] / size if size > 0 else 0
		for j in range(k, n):
			x, y = h[k, j], h[k + 1, j]
			h[k, j] = np.conj(c[k]) * x + np.conj(s[k]) * y
			h[k + 1, j] = c[k] * y - s[k] * x
	for k in range(start, end):
		for i in range(min(k + 2, end + 1)):
			x, y = h[i, k], h[i, k + 1]
			h[i, k] = x * c[k] + y * s[k]
			h[i, k + 1] = y * np.conj(c[k]) - x * np.conj(s[k])
		for i in range(n):
			x, y = q[i, k], q[i, k + 1]
			q[i, k] = x * c[k] + y * s[k]
			q[i, k + 1] = y * np.conj(c[k]) - x * np.conj(s[k])
	for k in range(start, end + 1):
		h[k, k] += shift


def _check(a):
	if a.shape[1] != a.shape[0]:
		raise LinAlgError("Last 2 dimensions of the array must be square.")
	finite(a)


def _schur(a):
	"""(T, Q): T is triangular, and a is Q T Q*."""
	n = a.shape[0]
	_check(a)
	h = a.astype(np.complex128)
	q = np.eye(n).astype(np.complex128)
	_hessenberg(h, q)
	c, s = np.empty(n, np.complex128), np.empty(n, np.complex128)
	end, tries = n - 1, 0
	while end > 0:
		start = end
		while start > 0 and abs(h[start, start - 1]) > EPSILON * (abs(h[start, start]) + abs(h[start - 1, start - 1])):
			start -= 1
		if start > 0:
			h[start, start - 1] = 0
		if start == end:
			end -= 1
			tries = 0
		elif tries == 300:
			raise LinAlgError("Eigenvalues did not converge")
		else:
			_step(h, q, start, end, _shift(h, end, tries), c, s)
			tries += 1
	return h, q


def _vectors(t, q):
	n = t.shape[0]
	size = 0.0
	for row in t:
		for x in row:
			size = max(size, abs(x))
	least = max(EPSILON * size, 1e-300)
	out = np.empty((n, n), np.complex128)
	y = np.empty(n, np.complex128)
	for k in range(n):
		y[k] = 1
		for i in range(k - 1, -1, -1):
			total = 0j
			for j in range(i + 1, k + 1):
				total += t[i, j] * y[j]
			apart = t[k, k] - t[i, i]
			y[i] = total / (apart if abs(apart) > least else least)
		squares, largest = 0.0, 0j
		for i in range(n):
			total = 0j
			for j in range(k + 1):
				total += q[i, j] * y[j]
			out[i, k] = total
			squares += abs(total) ** 2
			largest = total if abs(total) > abs(largest) else largest
		turn = np.conj(largest) / (abs(largest) * math.sqrt(squares))
		for i in range(n):
			out[i, k] *= turn
	return out


def _is_complex(a):
	return a.dtype == np.complex128 or a.dtype == np.complex64


def _from_lapack(a, how):
	"""(done, values, vectors), of the type of a. how: 0 without vectors."""
	n = a.shape[0]
	_check(a)
	work = rows(a)
	vectors = np.empty((n * how, n * how), work.dtype)
	if _is_complex(a):
		values = np.empty(n, work.dtype)
		return lapack.eig(work, how, values, vectors), values, vectors
	parts = np.empty((2, n), work.dtype)
	done = lapack.eig(work, how, parts, vectors)
	if done and parts[1].any():
		_refuse(how)
	return done, parts[0].copy(), vectors


def _refuse(how):
	"""A real matrix has real values here, because the type of a result cannot depend on what they are."""
	if how == 0:
		raise ValueError("eigvals() argument must not cause a domain change. Pass a.astype(np.complex128)")
	raise ValueError("eig() argument must not cause a domain change. Pass a.astype(np.complex128)")


def _values(t, a, how):
	if _is_complex(a):
		return t.astype(a.dtype)
	size = np.abs(t).max() if t.size else 0.0
	if (np.abs(t.imag) > 1e-13 * size).any():
		_refuse(how)
	return t.real.astype(rows(a[:0]).dtype)


def _vectors_of(a, x):
	return x.astype(a.dtype) if _is_complex(a) else x.real.astype(rows(a[:0]).dtype)


def eigvals(a):
	if a.shape[0] >= LARGE_TO_TURN:
		done, values, _ = _from_lapack(a, 0)
		if done:
			return values
	return _values(np.diag(_schur(a)[0]), a, 0)


def eig(a):
	if a.shape[0] >= LARGE_TO_TURN:
		done, values, vectors = _from_lapack(a, 1)
		if done:
			return values, vectors
	t, q = _schur(a)
	return _values(np.diag(t), a, 1), _vectors_of(a, _vectors(t, q))


def roots(p):
	"""Eigenvalues of the companion matrix, without what is zero at the ends."""
	first, last = 0, p.size
	while first < last and p[first] == 0:
		first += 1
	while last > first and p[last - 1] == 0:
		last -= 1
	n = max(last - first - 1, 0)
	a = np.zeros((n, n), np.complex128)
	for j in range(n):
		a[0, j] = -p[first + 1 + j] / (p[first] * 1.0)
		if j > 0:
			a[j, j - 1] = 1
	out = np.zeros(n + max(p.size - last, 0) if first < p.size else 0, np.complex128)
	if n > 0:
		out[:n] = eigvals(a)
	return out
