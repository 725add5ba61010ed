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


@pytest.mark.skipif(int(np.__version__[0]) < 2, reason="NumPy 1 looks at the values of numbers")
@pytest.mark.parametrize("case", ["f(I4, 2**40, signature='ii->i')", "f(I4, -2**31 - 1, dtype='i4')", "f(I4, 2**31, dtype='i4', casting='unsafe')", "f(I4, 2**31 - 1, dtype='i4')", "f(I4, 2**40)",
	"f(I4, 1, casting='equiv')", "f(F8, 1, casting='equiv')", "f(F8, 1.0, casting='equiv')", "f(I4, 1, casting='no')", "f(F8, 1, casting='no')"])
@pytest.mark.parametrize("target", TARGETS)
def test_numbers_of_python(case, target):
	def add(a, b):
		return a + b
	f = vectorize(["i4(i4, i4)", "f8(f8, f8)"], target=target)(add)
	got, want = outcome(case, f, None), outcome(case, np.add, None)
	assert same(got, want), (got, want)


def test_order_a_asks_how_rows_lie(device):
	f = vectorize(["f8(f8, f8)"], target="cuda")(hypot)
	column, gaps, whole = np.ones((3, 1)), np.ones(8)[::2], np.ones((3, 4), order="F")
	for x, y in (column, gaps), (column, np.ones(4)), (whole, gaps), (whole, 2.0), (whole, np.ones(4)):
		assert f(x, y, order="A").strides == np.hypot(x, y, order="A").strides


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


# -- generalised ufuncs: those of the CPU are NumPy's own -------------------------------------------------------------------

A, B = np.arange(24.0).reshape(2, 3, 4), np.arange(8.0).reshape(4, 2)
F = A.astype("f4")


def product(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			out[i, j] = 0
			for k in range(a.shape[1]):
				out[i, j] += a[i, k] * b[k, j]


def total(x, out):
	out[0] = 0
	for i in range(x.shape[0]):
		out[0] += x[i]


def running(x, out):
	level = x[0] * 0
	for i in range(x.shape[0]):
		level += x[i]
		out[i] = level


@pytest.fixture(scope="module")
def general():
	return [{"m": guvectorize(["(f4[:,:], f4[:,:], f4[:,:])", "(f8[:,:], f8[:,:], f8[:,:])"], "(m,n),(n,p)->(m,p)", target=target)(product),
		"t": guvectorize(["(f4[:], f4[:])", "(f8[:], f8[:])"], "(n)->()", target=target)(total),
		"p": guvectorize(["(f8[:], f8[:])"], "(n)->(n)", target=target)(running)} for target in TARGETS]


GENERAL = """m(A,B)
m(A,B,axes=[(1,2),(0,1),(0,1)])
m(A,B,axes=[(-2,-1),(-2,-1),(1,0)])
m(A,B,axis=0)
m(A,B,keepdims=True)
m(A,B,axes=[(0,1),(0,1)])
m(A,B,axes=3)
m(A,B,axes=[1,2,3])
m(A,B,axes=[(1,2),(0,1),(0,9)])
m(A,B,axes=[(1,1),(0,1),(0,1)])
t(A)
t(A,axis=0)
t(A,axis=1,keepdims=True)
t(A,axis=5)
t(A,axis=(0,))
t(A,axes=[(0,),()])
t(A,axes=[0])
t(A,axes=[(0,)])
t(A,keepdims=True,axes=[(0,),(0,)])
t(A,axis=0,axes=[(0,)])
t(A,keepdims=True)
t(A,keepdims=1)
t(A,keepdims=None)
t(A,keepdims=True,axes=[0])
t(A,keepdims=True,axes=[0],out=np.zeros((3,4,1)))
t(B[:,0],keepdims=True,out=np.zeros(1))
t(A,axis=None)
t(A,axis=True)
t(A,axes=None)
m(A,B,keepdims=False)
t(A,keepdims=False)
t(A,out=np.zeros((2,3)))
t(A,keepdims=True,out=np.zeros((2,3,1)))
t(A,keepdims=True,axis=0,out=np.zeros((1,3,4)))
t(A,axis=0,out=np.zeros((3,4)))
t(A,out=np.zeros(2))
t(A[0],out=np.zeros(2))
t(A,dtype="f4")
t(A,dtype="f4",casting="safe")
t(A,dtype="i8")
t(F,signature="d->d")
t(F,signature=("d",None))
t(F,signature="dd->d")
t(F,sig="d->d")
t(F,casting="no")
t(A.astype("i4"),casting="no")
t(A.astype("i4"),casting="safe")
t(A,casting="foo")
t(A,subok=3)
t(A,where=True)
t(A,foo=1)
t(A,out=np.zeros((2,3),"i4"))
t(A,out=np.zeros((2,3),"i4"),casting="unsafe")
t(F,out=np.zeros((2,3)))
t.signature
p(A)
p(A,axis=0)
p(A,axis=-2)
p(A,axes=[(0,),(1,)])
p(A,axes=[0,1])
p(A,axes=[0])
p(A,keepdims=True)
p(A,axis=0,out=np.zeros((2,3,4)))
p(A,axes=[0,2],out=np.zeros((3,4,2)))
p(np.float64(3))
p(A,A,A)
p()
m(A,np.ones((3,2)))
m(A,np.ones((5,4,2)))
t(A,order="F").flags.f_contiguous
t(A,order="Z")
t.reduce(A)
t.outer(A,A)
t.at(A,0)
t.accumulate(A)
t(2.0)
t([1,2,3])
t([[1,2],[3,4.5]])
m(A,B,out=(np.zeros((2,3,2)),))
m(A,B,np.zeros((2,3,2)))
m(A,B,None)""".split("\n")


@pytest.mark.parametrize("shape", [(0,), (2,), ()])
def test_dimensions_that_are_kept_have_one_item(general, shape):
	for ufuncs in general:
		with pytest.raises(ValueError, match="keepdims=True|could not be broadcast|have enough dimensions"):
			ufuncs["t"](B[:, 0], keepdims=True, out=np.zeros(shape))


@pytest.mark.parametrize("case", GENERAL)
def test_keywords_of_generalised_ufuncs(case, general):
	def outcome(ufuncs):
		try:
			return eval(case, globals(), ufuncs)
		except Exception as e:
			return type(e), str(e).partition("\n")[0]

	want, *others = map(outcome, general)
	for got in others:
		assert same(got, want), (got, want)


# -- Python's numbers --------------------------------------------------------------------------------------------------------

def scaled(x, k, out):
	for i in range(x.shape[0]):
		out[i] = x[i] * k


@pytest.mark.parametrize("order", [("f4", "f8"), ("f8", "f4"), ("i8", "f8")])
def test_numbers_beside_arrays_of_declared_types(order):
	"""The array's own type decides, wherever the signature stands; all targets choose the same."""
	for x in map(np.ones(3).astype, ("f4", "f8", "i4", "i8")):
		for k in 2, 2.5, np.float32(2):
			dtypes = {u(x, k).dtype for target in TARGETS for u in (guvectorize([f"({t}[:], {t}, {t}[:])" for t in order], "(n),()->(n)", target=target)(scaled),
				vectorize([f"{t}({t}, {t})" for t in order], target=target)(lambda x, k: x * k))}
			assert len(dtypes) == 1, (x.dtype, k, dtypes)
			assert x.dtype != np.float32 or "f4" not in order or dtypes == {np.dtype("f4")}


def test_counts_beside_arrays():
	"""A number that has to be an integer, as range() takes it, is one beside arrays of floats and of complex numbers, declared or not."""
	def powers(z, n):
		p = z
		for _ in range(n):
			p = p * z
		return p

	def shifted(x, n, out):
		for i in range(x.shape[0]):
			out[i] = x[i] + len(x[:n])

	x = np.array([1.5, 2.0])
	for target in TARGETS:
		f = vectorize(target=target)(powers)
		for array in x, x * 1j, x:
			assert np.allclose(f(array, 3), array ** 4)
		assert guvectorize(["(f8[:], i8, f8[:])"], "(n),()->(n)", target=target)(shifted)(x, 1).tolist() == [2.5, 3]
