"""Products of arrays: those of large ones through a BLAS where there is one, others in loops."""

from types import ModuleType

import numpy as np

from .. import _core
from .common import flat

_blas = ModuleType("blas")
vars(_blas).update(_core.blas_functions())


def _fits(a):
	"""Do steps count whole items, forwards?"""
	for step in a.strides:
		if step < 0 or step % a.itemsize != 0:
			return False
	return True


def _dot1(a, b):
	if a.shape[0] != b.shape[0]:
		raise ValueError("incompatible array sizes for np.dot(a, b)")
	if a.dtype == b.dtype and a.size > 32 and _fits(a) and _fits(b):
		if a.dtype == np.float64 and _blas.ready():
			return _blas.ddot(a.size, a.ctypes.data, a.strides[0] // 8, b.ctypes.data, b.strides[0] // 8)
		if a.dtype == np.float32 and _blas.ready():
			return _blas.sdot(a.size, a.ctypes.data, a.strides[0] // 4, b.ctypes.data, b.strides[0] // 4)
	return (a * b).sum()


def _gemm(a, b, out):
	"""Is the product in out?"""
	if a.dtype != b.dtype or not _fits(a) or not _fits(b):
		return 0
	m, n, k, size = a.shape[0], b.shape[1], a.shape[1], a.itemsize
	if m * n * k < 4096:
		return 0
	if a.dtype == np.float64:
		return _blas.dgemm(m, n, k, a.ctypes.data, a.strides[0] // size, a.strides[1] // size, b.ctypes.data, b.strides[0] // size, b.strides[1] // size,
			out.ctypes.data)
	if a.dtype == np.float32:
		return _blas.sgemm(m, n, k, a.ctypes.data, a.strides[0] // size, a.strides[1] // size, b.ctypes.data, b.strides[0] // size, b.strides[1] // size,
			out.ctypes.data)
	if a.dtype == np.complex128:
		return _blas.zgemm(m, n, k, a.ctypes.data, a.strides[0] // size, a.strides[1] // size, b.ctypes.data, b.strides[0] // size, b.strides[1] // size,
			out.ctypes.data)
	if a.dtype == np.complex64:
		return _blas.cgemm(m, n, k, a.ctypes.data, a.strides[0] // size, a.strides[1] // size, b.ctypes.data, b.strides[0] // size, b.strides[1] // size,
			out.ctypes.data)
	return 0


def matmul(x1, x2):
	return x1 @ x2


def dot(a, b, out=None):
	if out is not None:
		out[:] = dot(a, b)
		return out
	if a.ndim == 1 and b.ndim == 1:
		return _dot1(a, b)
	if a.shape[a.ndim - 1] != b.shape[0]:
		raise ValueError("incompatible array sizes for np.dot(a, b)")
	if a.ndim == 1:
		return dot(b.T, a)
	if b.ndim == 1:
		out = np.zeros(a.shape[0], (a[:1, 0] * b[:1]).dtype)
		if _gemm(a, np.expand_dims(b, 1), out) == 0:
			for i in range(a.shape[0]):
				out[i] = _dot1(a[i], b)
		return out
	out = np.zeros((a.shape[0], b.shape[1]), (a[:1, 0] * b[0, :1]).dtype)
	if _gemm(a, b, out) == 0:
		for i in range(a.shape[0]):
			for k in range(a.shape[1]):
				x = a[i, k]
				for j in range(b.shape[1]):
					out[i, j] += x * b[k, j]
	return out


def outer(a, b, out=None):
	if out is not None:
		out[:] = outer(a, b)
		return out
	x = flat(a)
	y = flat(b)
	return x.reshape((x.size, 1)) * y


def cross(a, b):
	a, b = np.asarray(a), np.asarray(b)
	if a.shape[0] != 3 or b.shape[0] != 3:
		raise ValueError("np.cross() takes vectors of three numbers")
	out = np.empty(3, (a[:1] * b[:1]).dtype)
	out[0] = a[1] * b[2] - a[2] * b[1]
	out[1] = a[2] * b[0] - a[0] * b[2]
	out[2] = a[0] * b[1] - a[1] * b[0]
	return out


def vdot(a, b):
	x, y = flat(a), flat(b)
	if x.size != y.size:
		raise ValueError("incompatible array sizes for np.vdot(a, b)")
	return (np.conj(x) * y).sum()


def inner(a, b):
	if a.ndim == 1 and b.ndim == 1:
		return _dot1(a, b)
	return dot(a, b.T)


def kron(a, b):
	if a.ndim == 1 and b.ndim == 1:
		return outer(a, b).reshape(a.size * b.size)
	x = a.reshape((1, a.size)) if a.ndim == 1 else a
	y = b.reshape((1, b.size)) if b.ndim == 1 else b
	n, m = y.shape
	out = np.empty((x.shape[0] * n, x.shape[1] * m), (x[:1, 0] * y[:1, 0]).dtype)
	for i in range(x.shape[0]):
		for j in range(x.shape[1]):
			out[i * n:(i + 1) * n, j * m:(j + 1) * m] = x[i, j] * y
	return out


# -- Along each other ------------------------------------------------------------------------------------------------------------

def _slid(a, v, first, count):
	"""Sums of products of the shorter v with what lies under it of a, from a place on."""
	out = np.zeros(count, (a[:1] * v[:1]).dtype)
	for i in range(count):
		low = max(0, -(first + i))
		high = min(v.size, a.size - (first + i))
		for k in range(low, high):
			out[i] += a[first + i + k] * v[k]
	return out


def _correlated(a, v, mode):
	if mode == "valid":
		return _slid(a, v, 0, a.size - v.size + 1)
	if mode == "same":
		return _slid(a, v, -(v.size // 2), a.size)
	if mode != "full":
		raise ValueError("mode must be one of 'valid', 'same', or 'full'")
	return _slid(a, v, 1 - v.size, a.size + v.size - 1)


def correlate(a, v, mode="valid"):
	if a.size == 0 or v.size == 0:
		raise ValueError("arguments of np.correlate() cannot be empty")
	if a.size >= v.size:
		return _correlated(a, np.conj(v), mode)
	return _correlated(np.conj(v), a, mode)[::-1].copy()


def convolve(a, v, mode="full"):
	if a.size == 0 or v.size == 0:
		raise ValueError("arguments of np.convolve() cannot be empty")
	if a.size >= v.size:
		return _correlated(a, v[::-1].copy(), mode)
	return _correlated(v, a[::-1].copy(), mode)
