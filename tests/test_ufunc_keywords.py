"""Keywords of ufuncs of every target: results and exceptions are those of a ufunc of NumPy's that has the same loops."""

import math

import numpy as np
import pytest

from gridjit import cuda, guvectorize, vectorize

F4, F8, I4, C8 = np.linspace(0, 1, 4, dtype="f4"), np.array([4.0, 3, 2, 1]), np.arange(4, dtype="i4"), np.arange(4, dtype="c8")
TWO = np.ones((2, 4))
TARGETS = ["cpu", "parallel", "cuda"]


def hypot(a, b):
	return math.sqrt(a * a + b * b)


def parts(a, b):
	return a // b, a - (a // b) * b


parts.__name__ = parts.__qualname__ = "divmod"


@pytest.fixture(params=TARGETS, scope="module")
def ufuncs(request):
	return (vectorize(["f4(f4, f4)", "f8(f8, f8)"], target=request.param, identity=0)(hypot),
		vectorize(["UniTuple(i8, 2)(i8, i8)", "UniTuple(f4, 2)(f4, f4)", "UniTuple(f8, 2)(f8, f8)"], target=request.param)(parts))


CASES = """f(F8, F8, out=np.empty(4, 'f4'), casting=C); f(F8, F8, out=np.empty(4, 'i4'), casting=C); f(F8, F8, dtype='f4', casting=C); f(F8, F8, dtype='i8', casting=C)
f(F8, F8, signature='ff->f', casting=C); f(F8, I4, signature='ll->l', casting=C); f(C8, F8, dtype='f8', casting=C); f(F4, F8, casting=C); f(F8, F8, sig='dd->d', casting=C)
g(F8, 2.0, out=(None, np.empty(4, 'i4')), casting=C)""".replace("\n", "; ").split("; ")
CASES = [case.replace("casting=C", f"casting={c!r}") for case in CASES for c in ("no", "equiv", "safe", "same_kind", "unsafe")] + """f(F4, F4, sig='dd->d')
f(F4, F4, sig='dd->d', signature='dd->d')
f(F4, F4, signature='dd->d', dtype='d')
f(F4, F4, signature=('d', 'd', 'd'))
f(F4, F4, signature=(None, None, 'd'))
f(I4, I4 + 1, signature=('f', None, None))
f(F4, F4, signature='d')
f(F4, F4, signature=('d',))
f(F4, F4, signature=('d', 'd'))
f(F4, F4, signature='dd->dd')
f(F4, F4, signature='zz->z')
f(F4, F4, signature='hh->h')
f(F4, F4, signature=3)
f(F4, F4, dtype='zz')
f(I4, I4, dtype='h')
f(F4, F4, casting='wild')
f(F4, F4, casting=None)
f(F4, F4, order='Z')
f(TWO, TWO, order='f').flags.f_contiguous
f(F8, F8, subok=False)
f(F8, F8, subok='x')
f(F8, F8, np.empty(4))
f(F8, F8, np.empty(4), out=np.empty(4))
f(F8, F8, out=(np.empty(4), np.empty(4)))
f(F8, F8, out=(None,))
f(F8, F8, out=[np.empty(4)])
f(F8, F8, out=3)
f(F8, F8, out=np.empty(3))
f(TWO, F8, out=np.empty(4))
f(F8, F8, out=np.empty((2, 4)))
f(F8, F8, out=np.broadcast_to(F8, 4))
f(np.ones(3), F8)
f(F8)
f(F8, F8, np.empty(4), np.empty(4))
f(F8, F8, axis=0)
f(F8, F8, where=F8 > 2, out=np.zeros(4))
f(F8, F8, where=[1, 0, 1, 0], out=np.zeros(4))
f(F8, F8, where=F8, out=np.zeros(4))
f([1, 2], 3)
f.reduce(F8)
f.reduce(F8, where=F8 > 2, initial=1)
f.reduce(F8, dtype='f4')
f.reduce(F8, dtype='h')
f.reduce(TWO, axis=2)
f.reduce(F8[:0])
f.accumulate(F8)
f.accumulate(F8, dtype='f4')
f.reduceat(F8, [0, 2])
f.reduceat(F8, [0, 9])
f.outer(F8, I4)
f.outer(F8, F8, dtype='f4', casting='same_kind')
g(F8, 2.0)
g(F8, 2.0, out=(np.empty(4), None))
g(F8, 2.0, out=(None, np.empty(4)))
g(F8, 2.0, np.empty(4))
g(F8, 2.0, None, np.empty(4))
g(F8, 2.0, out=np.empty(4))
g(F8, 2.0, out=(np.empty(4),))
g(F8, 2.0, out=(np.empty(4, 'f4'), None))
g(I4, 2, signature='dd->dd')
g(I4, 2, signature=(None, None, 'd', None))
g(I4, 2, dtype='d')
g(F8, 2.0, where=F8 > 2, out=(np.zeros(4), np.zeros(4)))
[x.flags.f_contiguous for x in g(TWO, 2.0, order='F')]
g.reduce(F8)
g.accumulate(F8)
g.outer(F8, F8)""".split("\n")


def outcome(case, f, g):
	try:
		return eval(case, globals(), {"f": f, "g": g})
	except Exception as e:
		return type(e), str(e).partition("\n")[0]


def same(got, want):
	if isinstance(want, (tuple, list)):
		return type(got) is type(want) and len(got) == len(want) and all(map(same, got, want))
	if isinstance(want, (np.ndarray, np.generic)):
		return type(got) is type(want) and got.dtype == want.dtype and got.shape == want.shape and np.allclose(got, want, rtol=1e-6)
	return got == want


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_keywords(case, ufuncs):
	got, want = outcome(case, *ufuncs), outcome(case, np.hypot, np.divmod)
	assert same(got, want), (got, want)


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("axis, keepdims", [(0, False), (1, True), (None, False)])
def test_reductions_of_chosen_elements_without_an_identity(device, on_device, axis, keepdims):
	"""The initial value counts once, however many elements are left out; the function is called with none of those."""
	def total(a, b):
		if a > 90 or b > 90:
			raise ValueError("left out")
		return a + b

	x = np.arange(3.0 * 700).reshape(3, 700) % 95
	where = x <= 50
	where[1] = False
	f = cuda.vectorize(["f8(f8, f8)"])(lambda a, b: a + b)
	got = f.reduce(cuda.to_device(x) if on_device else x, axis=axis, keepdims=keepdims, where=where, initial=2)
	want = x.sum(axis=axis, keepdims=keepdims, where=where, initial=2)
	np.testing.assert_allclose(got.copy_to_host() if on_device else got, want)
	x[~where] = 91
	cuda.vectorize(["f8(f8, f8)"])(total).reduce(x % 91.5 / 3000 + x * (x > 90), where=where, initial=0)
	cuda.synchronize()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", [("f8", "f4"), ("f4", "f8")])
def test_declared_signatures_that_match_exactly_come_first(target, order):
	"""Wherever they stand, as in NumPy's own tables; else the first whose types are wide enough."""
	g = guvectorize([f"({t}[:], {t}[:])" for t in order], "(n)->(n)", target=target)(lambda x, out: exec_copy(x, out))
	f = vectorize([f"{t}({t})" for t in order], target=target)(lambda x: x)
	for u in f, g:
		assert u(F4).dtype == np.float32 and u(F8).dtype == np.float64
		assert u(np.arange(4, dtype="i2")).dtype == (np.float64 if order[0] == "f8" else np.float32) and u(I4).dtype == np.float64


def exec_copy(x, out):
	for i in range(x.shape[0]):
		out[i] = x[i]
