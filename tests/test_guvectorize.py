"""@guvectorize on the CPU: what NumPy's own generalised ufuncs do, these do; and which loop runs for which types."""

import gc
import pickle
import math
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjit import cuda, errors, guvectorize, stencil, vectorize
from gufunc_cases import matrices, product, row_mean, running_sum, statistics

TARGETS = ["cpu", "parallel"]
MEAN = {target: guvectorize(["void(f4[:], f4[:])", "void(f8[:], f8[:])"], "(n)->()", target=target)(row_mean) for target in TARGETS}
PRODUCT = {target: guvectorize(["void(i8[:,:], i8[:,:], i8[:,:])", "void(f8[:,:], f8[:,:], f8[:,:])"], "(m,n),(n,p)->(m,p)",
	target=target)(product) for target in TARGETS}
RUNNING = {target: guvectorize(["void(i8[:], i8, i8[:])", "void(f8[:], f8, f8[:])"], "(n),()->(n)", target=target)(running_sum)
	for target in TARGETS}
target = pytest.mark.parametrize("target", TARGETS)


# -- results --

@target
@pytest.mark.parametrize("n", [1, 2, 3, 7, 31, 64, 1000])
@pytest.mark.parametrize("outer", [(), (0,), (1,), (5,), (1000,), (3, 0), (4, 5)])
def test_every_length(n, outer, target):
	x = np.random.default_rng(n).normal(size=(*outer, n))
	np.testing.assert_allclose(MEAN[target](x), x.mean(-1), rtol=1e-12, atol=1e-13)
	out = np.full((*outer, n + 2), 7.0)
	RUNNING[target](x, 0.0, out=out[..., 1:-1])
	assert (out[..., 0] == 7).all() and (out[..., -1] == 7).all()
	np.testing.assert_allclose(out[..., 1:-1], x.cumsum(-1), rtol=1e-12, atol=1e-12)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_layouts_broadcasts_and_casts(data):
	outer = tuple(data.draw(st.lists(st.integers(0, 3), max_size=2)))
	m, n, p = (data.draw(st.integers(low, 4)) for low in (1, 1, 0))
	types = st.sampled_from(["i1", "u2", "i4", "i8", "f4", "f8"])
	a, b = data.draw(matrices(outer, (m, n), data.draw(types))), data.draw(matrices(outer, (n, p), data.draw(types)))
	ufunc = PRODUCT[data.draw(st.sampled_from(TARGETS))]
	got, expected = ufunc(a, b), np.matmul(a.astype("f8"), b.astype("f8"))
	assert got.dtype == ("i8" if a.dtype.kind != "f" and b.dtype.kind != "f" else "f8")
	np.testing.assert_array_equal(got, expected)
	out = np.zeros((2, *expected.shape)).T
	ufunc(a, b, out=out.T[1])
	np.testing.assert_array_equal(out.T[1], expected)
	assert not out.T[0].any()


@target
def test_empty_cores(target):
	assert RUNNING[target](np.ones((4, 0)), 1.0).shape == (4, 0)
	with np.errstate(invalid="ignore"):
		assert np.isnan(MEAN[target](np.ones((3, 0)))).all()


@target
def test_numbers_broadcast_and_outputs_of_one(target):
	x, start = np.arange(12.0).reshape(3, 4), np.array([1.0, 10.0, 100.0])
	np.testing.assert_array_equal(RUNNING[target](x, start), x.cumsum(1) + start[:, None])
	np.testing.assert_array_equal(RUNNING[target](x[0], start), x[0].cumsum() + start[:, None])
	assert isinstance(MEAN[target](x[0]), np.float64)
	stats = guvectorize(["void(f8[:], f8[:], f8[:], i8[:])"], "(n)->(),(),()", target=target)(statistics)
	low, high, n = stats(x)
	assert low.tolist() == [0, 4, 8] and high.tolist() == [3, 7, 11] and n.tolist() == [4, 4, 4] and n.dtype == np.int64


def test_an_input_of_one_item_may_be_an_array():
	@guvectorize(["void(f8[:], f8[:], f8[:])"], "(n),()->(n)")
	def scaled(x, factor, out):
		for i in range(x.shape[0]):
			out[i] = x[i] * factor[0]

	np.testing.assert_array_equal(scaled(np.ones((2, 3)), [2.0, 3.0]), [[2] * 3, [3] * 3])


def test_fixed_sizes():
	@guvectorize(["void(f8[:], f8[:], f8[:])"], "(3),(3)->(3)")
	def cross(a, b, out):
		out[0] = a[1] * b[2] - a[2] * b[1]
		out[1] = a[2] * b[0] - a[0] * b[2]
		out[2] = a[0] * b[1] - a[1] * b[0]

	a, b = np.random.default_rng(0).normal(size=(2, 50, 3))
	np.testing.assert_allclose(cross(a, b[:1]), np.cross(a, b[:1]))
	with pytest.raises(ValueError):
		cross(np.ones(4), np.ones(4))


def test_optional_dimensions():
	matmul = guvectorize(["void(f8[:,:], f8[:,:], f8[:,:])"], "(m?,n),(n,p?)->(m?,p?)")(product)
	a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
	for x, y in ((a, b), (a[0], b), (a, b[:, 0]), (a[0], b[:, 0])):
		np.testing.assert_array_equal(matmul(x, y), np.matmul(x, y))


def test_outputs_with_dimensions_of_their_own():
	@guvectorize(["void(f8[:], f8[:])"], "(n)->(m)")
	def repeated(x, out):
		for i in range(out.shape[0]):
			out[i] = x[i % x.shape[0]]

	out = np.empty((2, 7))
	assert repeated(np.array([[1.0, 2, 3], [4, 5, 6]]), out) is out
	assert out.tolist() == [[1, 2, 3, 1, 2, 3, 1], [4, 5, 6, 4, 5, 6, 4]]
	with pytest.raises(ValueError):
		repeated(np.ones(3))


def test_more_than_one_matrix_dimension():
	@guvectorize(["void(f8[:,:,:], f8[:,:,:])"], "(a,b,c)->(c,b,a)")
	def turned(x, out):
		for i in range(x.shape[0]):
			for j in range(x.shape[1]):
				for k in range(x.shape[2]):
					out[k, j, i] = x[i, j, k]

	x = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
	np.testing.assert_array_equal(turned(x), x.transpose(0, 3, 2, 1))
	np.testing.assert_array_equal(turned(x, axes=[(1, 2, 3), (3, 2, 1)]), x)


def test_axis_keepdims_and_order():
	x = np.arange(24.0).reshape(2, 3, 4)
	for axis in (0, 1, 2, -2):
		np.testing.assert_allclose(MEAN["cpu"](x, axis=axis), x.mean(axis))
		np.testing.assert_allclose(MEAN["cpu"](x, axis=axis, keepdims=True), x.mean(axis, keepdims=True))
	assert PRODUCT["cpu"](x, x.transpose(0, 2, 1), order="F").flags.f_contiguous


def test_numbers_alone():
	add = guvectorize(["void(f8, f8, f8[:])"], "(),()->()", identity=0)(lambda a, b, out: store(out, a + b))
	x = np.arange(1000.0)
	np.testing.assert_array_equal(add(x, x[::-1]), np.full(1000, 999.0))
	assert add.reduce(x) == x.sum() and add.accumulate(x)[-1] == x.sum() and add.outer(x[:3], x[:3]).shape == (3, 3)
	np.testing.assert_array_equal(add(x, 1.0, where=x > 500, out=np.zeros(1000)), np.where(x > 500, x + 1, 0))


def store(out, value):
	out[0] = value


# -- operands that overlap --

@target
def test_outputs_that_overlap_inputs(target):
	a = np.random.default_rng(1).normal(size=(6, 4, 4))
	expected = np.matmul(a, a)
	z = a.copy()
	PRODUCT[target](z, z, out=z)
	np.testing.assert_allclose(z, expected)
	z = a.copy()
	PRODUCT[target](z[:-1], z[1:], out=z[1:])
	np.testing.assert_allclose(z[1:], np.matmul(a[:-1], a[1:]))
	z = a.copy()
	PRODUCT[target](z, z, out=z.transpose(0, 2, 1))
	np.testing.assert_allclose(z.transpose(0, 2, 1), expected)


@target
def test_outputs_that_are_one_array(target):
	@guvectorize(["void(f8[:], f8[:], f8[:])"], "(n)->(n),(n)", target=target)
	def both(x, low, high):
		for i in range(x.shape[0]):
			low[i] = x[i]
			high[i] = x[i] + 1

	out = np.zeros((10, 5))
	both(np.ones((10, 5)), out, out)
	assert set(out.ravel()) <= {1.0, 2.0}


# -- inputs that are written --

@target
def test_writable_inputs(target):
	@guvectorize(["void(f8[:], f8)"], "(n),()", writable_args=(0,), target=target)
	def add_to(x, value):
		for i in range(x.shape[0]):
			x[i] += value

	x = np.zeros((100, 3))
	add_to(x, np.arange(100.0))
	np.testing.assert_array_equal(x, np.repeat(np.arange(100.0)[:, None], 3, 1))
	narrow = np.zeros(3, "f4")
	add_to(narrow, 2.0)
	assert narrow.tolist() == [2, 2, 2]
	swapped = np.zeros(3, ">f8")
	add_to(swapped[::-1], 2.0)
	assert swapped.tolist() == [2, 2, 2]
	with pytest.raises(TypeError):
		add_to(np.zeros(3, "i4"), 2.0)
	x.flags.writeable = False
	with pytest.raises(ValueError, match="read-only"):
		add_to(x, 1.0)
	with pytest.raises(ValueError):
		add_to(np.broadcast_to(np.zeros(3), (4, 3)), 1.0)
	assert add_to([1.0, 2.0], 1.0) == ()


# -- which loop --

def test_declared_loops():
	mean = MEAN["cpu"]
	assert mean.types == ["f->f", "d->d"]
	for dtype, result in (("i2", "f4"), ("i4", "f8"), ("f4", "f4"), ("f8", "f8"), ("?", "f4")):
		assert mean(np.ones((2, 3), dtype)).dtype == result
	assert mean(np.ones(3), dtype="f4", casting="same_kind").dtype == np.float32
	assert mean(np.ones(3), signature="f->f", casting="same_kind").dtype == np.float32
	assert mean(np.ones(3, "f4"), out=np.ones(1, "f8")[0, ...]).dtype == np.float64
	for wrong in (np.ones(3, "c16"), np.array(["a"])):
		with pytest.raises(TypeError):
			mean(wrong)
	assert len(mean.types) == 2


def test_lazy_loops_follow_the_outputs():
	lazy = guvectorize("(n)->(n)")(halved)
	x = np.arange(5)
	for dtype in ("f8", "f4", "i8", "f8"):
		out = np.empty(5, dtype)
		lazy(x, out)
		np.testing.assert_array_equal(out, (x / 2).astype(dtype))
		np.testing.assert_array_equal(lazy(x, out=np.empty(5, dtype)), out)
		np.testing.assert_array_equal(lazy(x, dtype=dtype), out)
		np.testing.assert_array_equal(lazy(x, signature=(None, dtype)), out)
	assert lazy.types == ["l->d", "l->f", "l->l"]
	for _ in range(2):
		with pytest.raises(TypeError, match="outputs"):
			lazy(x)
		with pytest.raises(TypeError, match="outputs"):
			lazy(np.ones(3, "f4"))
		with pytest.raises(TypeError, match="outputs"):
			lazy.resolve_dtypes((np.dtype("i8"), None))
	out = np.empty(5, ">f8")
	lazy(x.astype(">i8"), out)
	np.testing.assert_array_equal(out, x / 2)
	assert len(lazy.types) == 3


def halved(x, out):
	for i in range(x.shape[0]):
		out[i] = x[i] / 2


def test_declared_later():
	lazy = guvectorize("(n)->(n)")(halved)
	lazy.add("void(f8[:], f8[:])")
	lazy.add("void(f8[:], f8[::1])")
	assert lazy(np.arange(3)).tolist() == [0, 0.5, 1] and lazy.types == ["d->d"]
	assert lazy(np.arange(3.0), out=np.empty(3, "f4")).dtype == np.float32
	assert lazy.types == ["d->d", "d->f"]
	with pytest.raises(TypeError, match="outputs"):
		lazy(np.arange(3))


def test_strided_where_the_signature_says_contiguous():
	mean = guvectorize(["void(f8[::1], f8[::1])"], "(n)->()")(row_mean)
	x = np.arange(24.0).reshape(4, 6)
	np.testing.assert_array_equal(mean(x.T), x.mean(0))


# -- numbers, threads, the object --

@target
def test_floating_point_errors(target):
	@guvectorize(["void(f8[:], f8[:])"], "(n)->(n)", target=target)
	def inverse(x, out):
		for i in range(x.shape[0]):
			out[i] = 1 / x[i]

	x = np.ones((2000, 20))
	with np.errstate(all="raise"):
		inverse(x)
	x[1999, 19] = 0
	with pytest.warns(RuntimeWarning, match="divide by zero"):
		inverse(x)
	with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
		inverse(x)


def test_what_is_not_run_raises_nothing():
	@guvectorize(["void(f8[:], f8[:], f8[:], f8[:])"], "(n),(n)->(n),(n)")
	def guarded(x, y, ratio, root):
		for i in range(x.shape[0]):
			ratio[i] = x[i] / y[i] if y[i] != 0 else 0.0
			root[i] = math.sqrt(x[i]) if x[i] >= 0 else 0.0

	x, y = np.resize([1.0, -2.0, 3.0], (4, 1000)), np.resize([0.0, 2.0], (4, 1000))
	with np.errstate(all="raise"):
		ratio, root = guarded(x, y)
	np.testing.assert_array_equal(ratio, np.where(y != 0, x / np.where(y, y, 1), 0))
	np.testing.assert_array_equal(root, np.sqrt(np.maximum(x, 0)))

	@guvectorize(["void(i8[:], i8[:], i8[:])"], "(n),(n)->(n)")
	def quotient(x, y, out):
		for i in range(x.shape[0]):
			out[i] = x[i] // y[i]

	with np.errstate(all="raise"):
		quotient(np.arange(9), np.ones(9, int))
	with pytest.warns(RuntimeWarning, match="divide by zero"):
		assert quotient(np.arange(9), np.arange(9)).tolist() == [0] + [1] * 8


def test_many_threads_and_few_rows():
	ufunc = guvectorize("(n)->(n)", target="parallel")(halved)
	x = np.random.default_rng(0).normal(size=(300, 1000))
	failed = []

	def one(k):
		for dtype in ("f8", "f4") * 5:
			out = np.empty_like(x[k:], dtype)
			ufunc(x[k:], out)
			if not np.array_equal(out, (x[k:] / 2).astype(dtype)):
				failed.append(k)

	threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	assert not failed


def test_the_object():
	mean = MEAN["cpu"]
	assert isinstance(mean, np.ufunc) and mean.signature == "(n)->()" and (mean.nin, mean.nout) == (1, 1)
	assert mean.__name__ == "row_mean" and mean.py_func is row_mean and mean.__module__ == row_mean.__module__


def test_pickling_and_looking_inside():
	pytest.importorskip("cloudpickle")
	f = guvectorize("(n)->()")(row_mean)
	f.add("void(f8[:], f8[:])")
	other = pickle.loads(pickle.dumps(f))
	assert other.types == ["d->d"] and other(np.arange(3.0), np.empty(())) == 1
	assert "fadd" in f.inspect_llvm()["d->d"] and f.inspect_asm()["d->d"].strip()


def test_overrides():
	class Other:
		def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
			return ufunc, method

	lazy = guvectorize("(n)->(n)")(halved)
	assert lazy(Other()) == (lazy, "__call__") and MEAN["cpu"](Other()) == (MEAN["cpu"], "__call__")


def test_other_functions_are_called():
	twice = vectorize(lambda a: a * 2)
	lazy = guvectorize("(n)->(n)")(halved)

	@guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")
	def both(x, out):
		lazy(x, out)
		for i in range(x.shape[0]):
			out[i] += twice(x[i])

	x = np.arange(10.0)
	np.testing.assert_array_equal(both(x), x * 2.5)

	@cuda.jit
	def kernel(x, out):
		lazy(x[cuda.grid(1)], out[cuda.grid(1)])

	x = np.arange(32.0).reshape(16, 2)
	out = np.empty_like(x)
	kernel[1, 16](x, out)
	np.testing.assert_array_equal(out, x / 2)


def test_nothing_is_kept():
	def one():
		ufunc = guvectorize("(n)->(n)")(lambda x, out: halved(x, out))
		ufunc(np.arange(3.0), np.empty(3))
		ufunc(np.arange(3), np.empty(3))
		ufunc.me = ufunc
		return weakref.ref(ufunc)

	refs = [one() for _ in range(5)]
	gc.collect()
	assert not any(ref() for ref in refs)


# -- bad input --

def test_errors_of_the_decorator():
	for layout in ("(n", "n->n", "(n)->(n)x", "(n+1)->(n)"):
		with pytest.raises((ValueError, TypeError)):
			guvectorize(layout)(halved)
	with pytest.raises(TypeError, match="operands"):
		guvectorize("(n),(n)->(n)")(halved)
	with pytest.raises(TypeError, match="without dimensions"):
		guvectorize("()->()")(halved)
	with pytest.raises(TypeError, match="layout"):
		guvectorize(halved)
	with pytest.raises(TypeError, match="unexpected"):
		guvectorize("(n)->(n)", fast=True)
	with pytest.raises(ValueError, match="target"):
		guvectorize("(n)->(n)", target="gpu")
	for signature in ("void(f8[:,:], f8[:])", "void(f8, f8[:])", "void(f8[:], f8)", "void(f8[:])", "f8(f8[:], f8[:])"):
		with pytest.raises(TypeError):
			guvectorize([signature], "(n)->(n)")(halved)
	for writable in (1, -1, (0, 5), ("x",)):
		with pytest.raises((ValueError, TypeError)):
			guvectorize("(n)->(n)", writable_args=writable)(halved)
	with pytest.raises(errors.TypingError, match="returns|return"):
		guvectorize(["void(f8[:], f8[:])"], "(n)->(n)")(lambda x, out: 1.0)


def test_errors_of_calls():
	with pytest.raises(ValueError, match="mismatch"):
		PRODUCT["cpu"](np.ones((2, 3)), np.ones((4, 2)))
	with pytest.raises(ValueError):
		PRODUCT["cpu"](np.ones((5, 2, 3)), np.ones((4, 3, 2)))
	with pytest.raises(ValueError, match="dimensions"):
		MEAN["cpu"](1.0)
	with pytest.raises(TypeError):
		MEAN["cpu"]()
	with pytest.raises(TypeError):
		guvectorize("(n)->(n)")(halved)()
	with pytest.raises(ValueError):
		guvectorize("(n)->(n)")(halved)(np.ones(3), out=(np.ones(3), np.ones(3)))
	with pytest.raises((TypeError, RuntimeError)):
		MEAN["cpu"].reduce(np.ones((2, 3)))
	out = np.zeros(3)
	out.flags.writeable = False
	with pytest.raises(ValueError):
		MEAN["cpu"](np.ones((3, 2)), out=out)
	for wrong in (object(), np.array([object()] * 3), np.array(["x"])):
		with pytest.raises((TypeError, ValueError)):
			guvectorize("(n)->(n)")(halved)(wrong, np.ones(3))
	with pytest.raises(errors.TypingError):
		guvectorize("(n)->(n)")(lambda x, out: x.missing)(np.ones(3), np.ones(3))


# -- lanes that share out loops --

@target
@pytest.mark.parametrize("n", [1, 3, 7, 8, 9, 16, 17, 31, 33, 65])
def test_products_of_every_size(target, n):
	a, b = np.random.default_rng(n).integers(-9, 9, (2, 4, n, n)).astype("f8")
	np.testing.assert_array_equal(PRODUCT[target](a, b), a @ b)
	np.testing.assert_array_equal(PRODUCT[target](a[:, :2], b[:, :, :5]), a[:, :2] @ b[:, :, :5])
	np.testing.assert_array_equal(PRODUCT[target](a.transpose(0, 2, 1), b), a.transpose(0, 2, 1) @ b)


@target
def test_lanes_without_a_round_raise_nothing(target):
	a, b = np.ones((2, 2, 9, 9))
	a[0, 1, 0] = b[1, 2, 3] = np.inf
	want = (a[..., None] * b[:, None]).sum(2)
	with np.errstate(all="raise"):
		np.testing.assert_array_equal(PRODUCT[target](a, b), want)
	b[0, 0, 0] = 0
	with pytest.warns(RuntimeWarning, match="invalid"):
		PRODUCT[target](a, b)                                      # inf · 0
	ratios = guvectorize(["void(f8[:], f8[:], f8[:])"], "(n),(k)->(n)", target=target)(sum_of_ratios)
	x, y = np.arange(1.0, 10.0), np.arange(1.0, 4.0)
	with np.errstate(all="raise"):
		np.testing.assert_allclose(ratios(x, y), (x[:, None] / y).sum(1) + (y / x[:, None]).sum(1))
	x[4] = 0
	with pytest.warns(RuntimeWarning, match="divide by zero"):
		ratios(x, y)


def sum_of_ratios(x, y, out):
	for i in range(x.shape[0]):
		total = 0.0
		for k in range(y.shape[0]):
			total += x[i] / y[k] + y[k] / x[i]
		out[i] = total


@target
def test_loops_that_lanes_share(target):
	"""Windows, tables, numbers in whole rows, and a function that reads what it writes."""
	def windows(x, w, out):
		for i in range(out.shape[0]):
			total = 0.0
			for k in range(w.shape[0]):
				if i + k < x.shape[0]:
					total += x[i + k] * w[k]
			out[i] = total

	def powers(x, out):
		for j in range(x.shape[0]):
			out[0, j] = 1
		for i in range(1, out.shape[0]):
			for j in range(x.shape[0]):
				out[i, j] = out[i - 1, j] * x[j]

	def counts(x, limit, out):
		for j in range(x.shape[0]):
			n, v = 0, x[j]
			while v < limit and n < 50:
				v = v * v + 1
				n += 1
			out[j] = n

	x, w = np.random.default_rng(0).normal(size=(5, 37)), np.array([1.0, -2.0, 0.5])
	got = guvectorize(["void(f8[:], f8[:], f8[:])"], "(n),(k)->(n)", target=target)(windows)(x, w)
	want = np.zeros((5, 37))
	for k in range(3):
		want[:, :37 - k] += x[:, k:] * w[k]
	np.testing.assert_allclose(got, want, atol=1e-12)
	out = np.empty((5, 4, 37))
	guvectorize(["void(f8[:], f8[:,:])"], "(n)->(m,n)", target=target)(powers)(x, out=out)
	np.testing.assert_allclose(out, np.moveaxis([np.ones_like(x), x, x * x, x * x * x], 0, 1))
	got = guvectorize(["void(f8[:], f8, i8[:])"], "(n),()->(n)", target=target)(counts)(x, 1e6)
	want = np.zeros(x.shape, int)
	v = x.copy()
	while (v < 1e6).any():
		want += v < 1e6
		v = np.where(v < 1e6, v * v + 1, v)
	np.testing.assert_array_equal(got, want)


@target
def test_conditions_in_lanes(target):
	"""Divisions, roots and functions behind conditions raise nothing where they are not run."""
	def ratio(x, y, out):
		for i in range(x.shape[0]):
			if y[i] != 0:
				out[i] = x[i] / y[i]
			else:
				out[i] = -1

	def root(x, out):
		for i in range(x.shape[0]):
			out[i] = math.sqrt(x[i]) if x[i] >= 0 else -1.0

	def logarithm(x, out):
		for i in range(x.shape[0]):
			if x[i] > 0:
				out[i] = math.log(x[i])

	x, y = np.random.default_rng(0).normal(size=(2, 30, 53))
	y[:, ::5] = 0
	with np.errstate(all="raise"):
		got = guvectorize(["void(f8[:], f8[:], f8[:])"], "(n),(n)->(n)", target=target)(ratio)(x, y)
		np.testing.assert_array_equal(got, np.divide(x, y, out=np.full_like(x, -1), where=y != 0))
		got = guvectorize(["void(f8[:], f8[:])"], "(n)->(n)", target=target)(root)(x)
		np.testing.assert_array_equal(got, np.sqrt(x, out=np.full_like(x, -1), where=x >= 0))
		out = np.full_like(x, 7)
		guvectorize(["void(f8[:], f8[:])"], "(n)->(n)", target=target)(logarithm)(x, out)
		np.testing.assert_allclose(out, np.log(x, out=np.full_like(x, 7), where=x > 0), rtol=1e-14)
	with pytest.warns(RuntimeWarning, match="invalid"):
		guvectorize(["void(f8[:], f8[:], f8[:])"], "(n),(n)->(n)", target=target)(zero_by_zero)(x, y * 0)


def zero_by_zero(x, y, out):
	for i in range(x.shape[0]):
		if x[i] > 0:
			out[i] = y[i] / y[i]
		else:
			out[i] = 0


def rows_from_one(a, b, out):
	for j in range(out.shape[1]):
		out[0, j] = 7
	for i in range(1, a.shape[0]):
		for j in range(b.shape[1]):
			total = 0.0
			for k in range(a.shape[1]):
				total += a[i, k] * b[k, j] + i
			out[i, j] = total - i


def triangle(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total = 0.0
			for k in range(min(i, a.shape[1])):
				total += a[i, k] * b[k, j]
			out[i, j] = total


def every_second(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total, least = 0.0, 1e9
			for k in range(a.shape[1]):
				if k % 2:
					total += a[i, k] * b[k, j]
				least = min(least, b[k, j] - a[i, k])
			out[i, j] = total + least


def guarded(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total = 0.0
			for k in range(a.shape[1]):
				if a[i, k] > 0:
					total += b[k, j]
			out[i, j] = total


def from_a_table(a, b, out):
	for i in range(a.shape[0]):
		row = np.zeros(4)
		for k in range(a.shape[1]):
			row[k % 4] += a[i, k]
		for j in range(b.shape[1]):
			total = 0.0
			for k in range(b.shape[0]):
				total += row[k % 4] * b[k, j]
			out[i, j] = total


@target
@pytest.mark.parametrize("function", [rows_from_one, triangle, every_second, guarded, from_a_table])
def test_rows_abreast(target, function):
	"""Rounds of the loop around the lanes' run abreast, four at a time, where they can."""
	f = guvectorize(["void(f8[:,:], f8[:,:], f8[:,:])"], "(m,n),(n,p)->(m,p)", target=target)(function)
	for m, n, p in ((1, 3, 4), (3, 5, 9), (4, 4, 8), (5, 1, 17), (11, 6, 33)):
		a, b = np.random.default_rng(m).integers(-9, 9, (m, n)).astype("f8"), np.random.default_rng(p).integers(-9, 9, (n, p)).astype("f8")
		want = np.zeros((m, p))
		function(a, b, want)
		np.testing.assert_array_equal(f(a, b), want)


# -- As packages use them --

@stencil
def _peak(x):
	return (x[0] > x[-1]) & (x[0] >= x[1])


def test_stencils_in_generalised_ufuncs():
	"""Their implementation is asked for with the types that arrays have in each form of the loop."""
	def peaks(x, y):
		y[:] = _peak(x)

	x = np.array([[1.0, 3, 2, 5, 4], [2, 1, 2, 1, 2]])
	want = [[False, True, False, True, False], [False, False, True, False, False]]
	declared = guvectorize(["void(float64[:], bool_[:])"], "(n)->(n)")(peaks)
	dynamic = guvectorize("(n)->(n)")(peaks)
	for array in x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]:
		assert declared(array).tolist() == want
		out = np.zeros(x.shape, bool)
		dynamic(array, out)
		assert out.tolist() == want


def test_python_numbers_of_dynamic_ones_keep_their_types():
	@guvectorize("(n),(),()->(n)")
	def first(x, n, scale, y):
		y[:] = 0
		y[: min(n, x.shape[0])] = scale

	out = np.zeros(4)
	first(np.ones(4), 2, 1.5, out)
	assert out.tolist() == [1.5, 1.5, 0, 0]


def test_python_numbers_find_declared_floats():
	@guvectorize(["void(float32[:], float32, float32[:])", "void(float64[:], float32, float64[:])"], "(n),()->(n)")
	def scaled(x, by, y):
		for i in range(x.size):
			y[i] = x[i] * by

	for by in 3, 3.0:
		assert scaled(np.arange(3.0), by).tolist() == [0, 3, 6] and scaled(np.arange(3, dtype="f4"), by).dtype == np.float32


def test_without_outputs_they_write_to_what_they_are_given():
	@guvectorize(["void(float64[:], int64[:], float64[:])"], "(n),(n),(k)")
	def sums(x, group, out):
		out[:] = 0
		for i in range(x.size):
			out[group[i]] += x[i]

	out = np.ones((2, 2))
	sums(np.arange(8.0).reshape(2, 4), np.array([0, 1, 0, 1]), out)
	assert out.tolist() == [[2, 4], [10, 12]]
