"""Accesses of lanes whose memory interleaves (src/lanes/interleaved.c): fields of records, parts of complex numbers, items x[3 * i + k]
are read as whole vectors, without gathers. What they give is tested in property/test_fields.py."""

import ctypes
import mmap

import numpy as np
import pytest

from conftest import on
from gridjit import cuda
from machine import has_masks

BODY = np.dtype([(name, "f4") for name in ("x", "y", "z", "u", "v", "w", "m", "q")])
MIXED = np.dtype([("x", "f4"), ("n", "i4"), ("y", "f8")], align=True)


@cuda.jit
def step(p, q):
	i = cuda.grid(1)
	if i < p.shape[0]:
		b = p[i]
		q[i].x = b.x + b.u
		q[i].y = b.y + b.v
		q[i].z = b.z + b.w


@cuda.jit
def in_place(p, q):
	i = cuda.grid(1)
	if i < p.shape[0]:
		p[i].x += p[i].u
		p[i].y += p[i].v
		p[i].z += p[i].w


@cuda.jit
def copy(p, q):
	i = cuda.grid(1)
	if i < p.shape[0]:
		q[i] = p[i]


@cuda.jit
def triples(p, q):
	i = cuda.grid(1)
	if i < p.shape[0] // 3:
		x, y, z = p[3 * i], p[3 * i + 1], p[3 * i + 2]
		q[3 * i] = y - z
		q[3 * i + 1] = z - x
		q[3 * i + 2] = x - y


@cuda.jit
def conjugate(p, q):
	i = cuda.grid(1)
	if i < p.shape[0]:
		q[i] = p[i].conjugate()


def wide(kernel):
	return "\n".join(text for text in kernel.inspect_llvm().values())


@pytest.mark.parametrize("kernel, dtype", [(step, BODY), (in_place, BODY), (copy, BODY), (copy, MIXED), (triples, "f4"), (triples, "f8"),
	(conjugate, "c8"), (conjugate, "c16")], ids=str)
def test_no_gather(kernel, dtype):
	p = np.zeros(256, dtype)
	fresh = cuda.jit(kernel.py_func)
	with on("cpu32"):
		fresh[1, 256](p, np.zeros_like(p))
	assert "masked.gather" not in wide(fresh)
	assert "masked.scatter" not in wide(fresh) or not has_masks()      # the last lanes of a block are stored so where masks are vectors


@pytest.mark.skipif(has_masks(), reason="masks are registers here")
@pytest.mark.parametrize("kernel, dtype", [(step, BODY), (in_place, BODY)], ids=str)
def test_stores_one_by_one(kernel, dtype):
	"""Items with others between them: a store under a mask would be slower where masks are vectors."""
	p = np.zeros(256, dtype)
	fresh = cuda.jit(kernel.py_func)
	with on("cpu32"):
		fresh[1, 256](p, np.zeros_like(p))
	assert "masked.store" not in wide(fresh)


def at_the_end_of_memory(nbytes):
	"""That many bytes behind which no page can be touched; what they lie in."""
	page = mmap.PAGESIZE
	whole = mmap.mmap(-1, 4 * page)
	start = ctypes.addressof(ctypes.c_char.from_buffer(whole))
	libc = ctypes.CDLL(None, use_errno=True)
	assert libc.mprotect(ctypes.c_void_p(start + 3 * page), ctypes.c_size_t(page), 0) == 0
	return np.frombuffer(whole, np.uint8, nbytes, 3 * page - nbytes)


@cuda.jit
def fields(p, out):
	i = cuda.grid(1)
	if i < p.shape[0]:
		out[i] = p[i].u + p[i].v
		p[i].u = 1
		p[i].v = i


@cuda.jit
def items(x, out):
	i = cuda.grid(1)
	if i < x.shape[0]:
		out[i] = x[i]
		x[i] = 2 * out[i]


@pytest.mark.parametrize("n", [1, 31, 32, 33, 64])
def test_end_of_memory(device, n):
	"""The last record ends where memory ends: nothing is read behind it, though there is room behind other records' fields."""
	dtype = np.dtype({"names": ["u", "v"], "formats": ["f4", "f4"], "offsets": [16, 20], "itemsize": 24})
	p, out = at_the_end_of_memory(24 * n).view(dtype), np.zeros(n)
	p["u"], p["v"] = np.arange(n), 7
	fields[2, 32](p, out)
	np.testing.assert_array_equal(out, np.arange(n) + 7)
	np.testing.assert_array_equal(p["v"], np.arange(n))
	x = p["v"]
	items[2, 32](x, out)
	np.testing.assert_array_equal(out, np.arange(n))
	np.testing.assert_array_equal(x, 2 * np.arange(n))
