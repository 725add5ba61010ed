"""@vectorize on the CPU: what NumPy's own ufuncs do, these do, at both widths; and which loop runs for which types."""

import copy
import gc
import math
import os
import pickle
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjit import config, cuda, errors, vectorize

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


@pytest.fixture(params=[32, 1], autouse=True)
def width(request):
	saved, config.CPU_WIDTH = config.CPU_WIDTH, request.param
	yield request.param
	config.CPU_WIDTH = saved


def make(function, *args, **options):
	return vectorize(*args, **options)(function) if args or options else vectorize(function)


def blend(a, b):
	return a * 2 if a > b else b - a


def blend_numpy(a, b):
	return np.where(a > b, a * 2, b - a)


# -- results --

@pytest.mark.parametrize("target", ["cpu", "parallel"])
@pytest.mark.parametrize("n", [0, 1, 2, 31, 32, 33, 63, 64, 65, 1000, 100_003])
def test_every_length(n, target):
	ufunc = make(blend, target=target)
	rng = np.random.default_rng(n)
	a, b = rng.normal(size=n), rng.normal(size=n)
	np.testing.assert_array_equal(ufunc(a, b), blend_numpy(a, b))
	out = np.full(n + 2, 7.0)
	ufunc(a, b, out=out[1:-1])
	assert out[0] == out[-1] == 7
	np.testing.assert_array_equal(out[1:-1], blend_numpy(a, b))


@st.composite
def operand(draw, shape, dtype):
	"""An array of this shape, or one that broadcasts to it, in some layout."""
	shape = tuple(draw(st.sampled_from([n, 1])) for n in shape)[draw(st.integers(0, len(shape))):]
	steps = [draw(st.sampled_from([1, 2, -1])) for _ in shape]
	whole = np.arange(math.prod(n * 2 for n in shape), dtype="i8").reshape([n * 2 for n in shape])
	whole = ((whole * 7919) % 251 - (0 if dtype[0] in "?u" else 125)).astype(dtype)
	if draw(st.booleans()):
		whole = np.asfortranarray(whole)
	if draw(st.booleans()) and whole.dtype.itemsize > 1:
		whole = whole.astype(whole.dtype.newbyteorder())
	part = whole[tuple(slice(None, None, step) for step in steps)]
	return part[tuple(slice(0, n) for n in shape)]


ADD = make(lambda a, b: a + b, [f"{name}({name},{name})" for name in ("int64", "uint64", "float32", "float64")])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_layouts_broadcasts_and_casts(data):
	shape = tuple(data.draw(st.lists(st.integers(0, 5), max_size=3)))
	first, second = data.draw(st.sampled_from(DTYPES[1:])), data.draw(st.sampled_from(DTYPES[1:]))
	a, b = data.draw(operand(shape, first)), data.draw(operand(shape, second))
	kinds = {np.dtype(first).kind, np.dtype(second).kind}
	types = [d for d in ("i8", "u8", "f4", "f8") if np.can_cast(first, d) and np.can_cast(second, d)]
	expected = a.astype(types[0]) + b.astype(types[0])
	got = ADD(a, b)
	assert got.dtype == types[0], kinds
	np.testing.assert_array_equal(got, expected)
	where = np.arange(got.size).reshape(got.shape) % 3 != 0
	out = np.full(got.shape, 5, got.dtype)
	ADD(a, b, out=out, where=where)
	np.testing.assert_array_equal(out, np.where(where, expected, 5).astype(got.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_each_type_lazily(dtype):
	ufunc = make(lambda a, b: a if a > b else b)
	a = np.arange(100).astype(dtype)
	b = a[::-1].copy()
	got = ufunc(a, b)
	assert got.dtype == a.dtype
	np.testing.assert_array_equal(got, np.maximum(a, b))


def test_strides_steps_and_scalars():
	ufunc = make(blend)
	a = np.arange(60.0).reshape(6, 10)
	for x, y in ((a[::2], a[1::2]), (a[:, ::-1], a), (a.T, a.T[::-1]), (a, 3.0), (2.5, a), (a[0], a), (a[:, :1], a), (a, a[::-1, ::-1])):
		np.testing.assert_array_equal(ufunc(x, y), blend_numpy(np.asarray(x), np.asarray(y)))
	assert ufunc(3.0, 1.0) == 6.0 and isinstance(ufunc(3.0, 1.0), np.float64)
	assert ufunc(np.array(3.0), np.array(1.0)).shape == ()


def test_unaligned_and_foreign_byte_order():
	ufunc = make(lambda a: a * 3)
	raw = np.frombuffer(b"x" + np.arange(50.0).tobytes(), "f8", offset=1)
	np.testing.assert_array_equal(ufunc(raw), np.arange(50) * 3.0)
	np.testing.assert_array_equal(ufunc(np.arange(50).astype(">i4")), np.arange(50) * 3)


@pytest.mark.parametrize("n", [5, 100, 50_000, 200_000])
@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_operands_that_overlap(n, target):
	ufunc = make(lambda a, b: a + 2 * b, target=target)
	views = {"in place": (slice(None),) * 3, "behind": (slice(1, None), slice(None, -1), slice(None, -1)),
		"ahead": (slice(1, None), slice(None, -1), slice(1, None)), "reversed": (slice(None), slice(None, None, -1), slice(None)),
		"strided": (slice(None, n // 2 * 2, 2), slice(1, None, 2), slice(1, None, 2))}
	for name, (x, y, out) in views.items():
		z = np.arange(float(n))
		length = min(len(z[x]), len(z[y]), len(z[out]))
		expected = z[x][:length] + 2 * z[y][:length]
		ufunc(z[x][:length], z[y][:length], out=z[out][:length])
		np.testing.assert_array_equal(z[out][:length], expected, err_msg=name)


# -- the methods of a ufunc --

def test_reductions_and_the_rest():
	ufunc = make(lambda a, b: a + b, identity=0)
	a = np.arange(24.0).reshape(2, 3, 4)
	for axis in (None, 0, 1, 2, (0, 2), -1):
		np.testing.assert_array_equal(ufunc.reduce(a, axis=axis), np.add.reduce(a, axis=axis))
		np.testing.assert_array_equal(ufunc.reduce(a, axis=axis, keepdims=True), np.add.reduce(a, axis=axis, keepdims=True))
	for axis in (0, 1, 2):
		np.testing.assert_array_equal(ufunc.accumulate(a, axis=axis), np.add.accumulate(a, axis=axis))
	np.testing.assert_array_equal(ufunc.reduceat(a[0, 0], [0, 2, 1]), np.add.reduceat(a[0, 0], [0, 2, 1]))
	np.testing.assert_array_equal(ufunc.outer(a[0, 0], a[1, 1]), np.add.outer(a[0, 0], a[1, 1]))
	assert ufunc.reduce(np.zeros(0)) == 0 and ufunc.reduce(a.ravel(), initial=5.0) == a.sum() + 5
	target = np.zeros(4)
	ufunc.at(target, [0, 0, 3], 1.5)
	assert target.tolist() == [3, 0, 0, 1.5]
	assert ufunc.reduce(np.arange(100_000.0)) == np.arange(100_000.0).sum()


def test_a_reduction_holds_its_own_result():
	"""int32 + int32 is int64: the second round adds to that."""
	ufunc = make(lambda a, b: a + b)
	a = np.full(1000, 2**30, np.int32)
	assert ufunc.reduce(a) == 1000 * 2**30 and ufunc.reduce(a).dtype == np.int64
	np.testing.assert_array_equal(ufunc.accumulate(np.arange(10, dtype=np.int32)), np.arange(10).cumsum())


def test_identity():
	a = np.ones((2, 3))
	assert make(lambda a, b: a * b, identity=1).reduce(np.zeros(0)) == 1
	assert make(lambda a, b: max(a, b), identity=-1.5).reduce(np.zeros(0)) == -1.5
	assert make(lambda a, b: a + b, identity="reorderable").reduce(a, axis=(0, 1)) == 6
	with pytest.raises(ValueError):
		make(lambda a, b: a + b).reduce(np.zeros(0))
	with pytest.raises(ValueError):
		make(lambda a, b: a + b).reduce(a, axis=(0, 1))
	for bad in ("none", [0], object()):
		with pytest.raises(ValueError, match="identity"):
			make(lambda a, b: a, identity=bad)


def test_several_outputs():
	@vectorize
	def both(a, b):
		if a > b:
			return a, b
		return b, a + 1

	a, b = np.arange(40.0), np.arange(40.0)[::-1].copy()
	high, low = both(a, b)
	np.testing.assert_array_equal(high, np.where(a > b, a, b))
	np.testing.assert_array_equal(low, np.where(a > b, b, a + 1))
	assert (both.nin, both.nout) == (2, 2)
	mixed = make(lambda a: (a, a > 2), ["Tuple((float64, bool))(float64)"])
	assert [r.dtype for r in mixed(np.arange(5.0))] == [np.float64, np.bool_]


@pytest.mark.parametrize("n", [1, 2, 7, 31])
def test_many_inputs(n):
	names = ", ".join(f"a{i}" for i in range(n))
	scope = {}
	exec(f"def f({names}): return {names.replace(', ', ' + ')}", scope)
	arrays = [np.arange(100.0) * i for i in range(n)]
	np.testing.assert_array_equal(make(scope["f"])(*arrays), sum(arrays))


# -- which loop --

def test_declared_loops_are_chosen_as_numpy_does():
	ufunc = make(lambda a: a, ["f4(f4)", "f8(f8)"])
	assert ufunc.types == ["f->f", "d->d"]
	for dtype, result in (("i2", "f4"), ("i4", "f8"), ("f4", "f4"), ("f8", "f8"), ("?", "f4")):
		assert ufunc(np.ones(3, dtype)).dtype == result
	with pytest.raises(TypeError):
		ufunc(np.ones(3, "c16"))
	assert ufunc(np.ones(3), dtype="f4", casting="same_kind").dtype == np.float32
	assert len(ufunc.types) == 2


def test_types_do_not_depend_on_what_came_before():
	ufunc = make(lambda a: a * a)
	ufunc(np.ones(3))
	assert ufunc(np.ones(3, "f4")).dtype == np.float32 and ufunc(np.ones(3, "i4")).dtype == np.int64
	assert ufunc.types == ["d->d", "f->f", "i->l"]


def test_python_numbers_follow_the_arrays():
	ufunc = make(lambda a, b: a * b)
	if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
		assert ufunc(np.ones(3, "f4"), 2.0).dtype == np.float32
	assert ufunc(2, 3) == 6 and ufunc(2.0, 3) == 6


def test_signatures_convert_their_result():
	assert make(lambda a: a * 1.5, ["i4(i4)"])(np.array([1, 2, 3], "i4")).tolist() == [1, 3, 4]
	assert make(lambda a: a, "f4(f8)")(np.ones(2)).dtype == np.float32


# -- warnings and errors of numbers --

def test_floating_point_errors_are_numpys():
	ufunc = make(lambda a: 1 / a)
	with pytest.warns(RuntimeWarning, match="divide by zero"):
		ufunc(np.array([0.0, 1.0]))
	with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
		ufunc(np.array([1.0] * 100 + [0.0]))
	with np.errstate(all="ignore"):
		assert ufunc(np.zeros(3)).tolist() == [np.inf] * 3


@pytest.mark.parametrize("n", [1, 5, 100, 70_000])
@pytest.mark.parametrize("in_place", [False, True])
def test_branches_not_taken_raise_nothing(n, in_place):
	@vectorize
	def safe(a):
		return math.log(a) if a > 0 else 0.0

	a = np.linspace(-1, 1, n) if n > 1 else np.array([-1.0])
	with np.errstate(all="raise"):
		expected = np.where(a > 0, np.log(np.where(a > 0, a, 1)), 0)
		got = safe(a, out=a if in_place else None)
	np.testing.assert_allclose(got, expected, rtol=1e-14)


GUARDED = {
	"log": (lambda a, b: math.log(a) if a > 0 else 0.0, np.log, lambda a, b: a > 0),
	"sqrt": (lambda a, b: math.sqrt(a) if a >= 0 else 0.0, np.sqrt, lambda a, b: a >= 0),
	"divide": (lambda a, b: a / b if b != 0 else 0.0, np.divide, lambda a, b: b != 0),
	"mod": (lambda a, b: a % b if b != 0 else 0.0, np.mod, lambda a, b: b != 0),
	"floor_divide": (lambda a, b: a // b if b != 0 else 0.0, np.floor_divide, lambda a, b: b != 0),
	"exp": (lambda a, b: math.exp(a) if a < 2 else 0.0, np.exp, lambda a, b: a < 2),
	"less": (lambda a, b: 1.0 if a < b or a >= 2 * b else 0.0, None, None),
	"int": (lambda a, b: int(a) if -2 < a < 2 else 0, None, None),
}


@pytest.mark.parametrize("n", [3, 200, 3000])
@pytest.mark.parametrize("name", GUARDED)
def test_what_is_not_run_raises_nothing(name, n):
	function, numpys, where = GUARDED[name]
	ufunc = make(function)
	a = np.resize([-1.5, 2.5, np.nan, np.inf, 0.0, 1.0, -np.inf], n)
	b = np.resize([0.0, 1.5, -2.0, 0.0], n)
	if name in ("exp", "int"):
		a = np.where(np.isfinite(a), a, 1e300)
	if name in ("mod", "floor_divide"):
		a = np.where(np.isinf(a), 1.0, a)
	for step in (1, 3, -1):
		x, y = np.ascontiguousarray(a)[::step], np.ascontiguousarray(b)[::step]
		with np.errstate(all="raise", under="ignore"):
			got = ufunc(x, y)
		if numpys:
			on = where(x, y)
			expected = numpys(*(np.where(on, v, 1.0) for v in (x, y)[:numpys.nin]))
			np.testing.assert_allclose(got, np.where(on, expected, 0), rtol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("operation", ["floordiv", "mod", "truediv"])
def test_division_by_zero_warns_as_numpys(operation, dtype):
	function, numpys = {"floordiv": (lambda a, b: a // b, np.floor_divide), "mod": (lambda a, b: a % b, np.remainder),
		"truediv": (lambda a, b: a / b, np.true_divide)}[operation]
	guarded = {"floordiv": lambda a, b: a // b if b != 0 else a, "mod": lambda a, b: a % b if b != 0 else a,
		"truediv": lambda a, b: a / b if b != 0 else a}[operation]
	a = np.arange(1, 101).astype(dtype)
	for zeros in ([], [99], [0], list(range(100))):
		b = np.full(100, 3).astype(dtype)
		b[zeros] = 0
		told = []
		for f in (numpys, make(function)):
			with warnings.catch_warnings(record=True) as caught:
				warnings.simplefilter("always")
				result = f(a, b), f(a[::2], b[::2]), f(a, b[-1])
			told.append(sorted({str(w.message).split(" encountered")[0] for w in caught}))
			expected = result if f is numpys else expected
		assert told[0] == told[1], zeros
		for x, y in zip(expected, result):
			np.testing.assert_allclose(y, x, rtol=1e-6)
		with np.errstate(all="raise"):
			make(guarded)(a, b)


# -- the object --

def named(a, b):
	"""Adds them."""
	return a + b


def test_it_is_a_ufunc():
	ufunc = make(named)
	assert isinstance(ufunc, np.ufunc) and (ufunc.nin, ufunc.nout, ufunc.nargs) == (2, 1, 3)
	assert ufunc.__name__ == "named" and "Adds them." in ufunc.__doc__ and ufunc.__module__ == __name__
	assert ufunc.py_func is named and ufunc.ufunc is ufunc and ufunc.signature is None
	ufunc.note = 3
	assert ufunc.note == 3 and weakref.ref(ufunc)() is ufunc


@vectorize
def importable(a):
	return a + 1


def test_pickling_and_copies():
	assert pickle.loads(pickle.dumps(importable)) is importable
	pytest.importorskip("cloudpickle")
	for function, options in ((lambda a, b: a - b, {"target": "parallel", "identity": 0}), (named, {"fastmath": True})):
		ufunc = make(function, ["f8(f8, f8)", "f4(f4, f4)"], **options)
		other = pickle.loads(pickle.dumps(ufunc))
		assert other.types == ufunc.types and other.identity == ufunc.identity
		assert other(5.0, 3.0) == ufunc(5.0, 3.0) and other._recipe == ufunc._recipe
		assert copy.copy(ufunc) is ufunc and copy.deepcopy(ufunc) is ufunc


@pytest.mark.parametrize("start", [0, 1, 5])
@pytest.mark.parametrize("where", ["cpu", "parallel"])
def test_outputs_too_large_for_the_caches(start, where):
	n = 2_200_003
	f = make(lambda a, b: a * 2 + b, ["f8(f8, f8)"], target=where)
	x, room = np.arange(n, dtype="f8"), np.full(n + 40, 7.0)
	out = room[start:start + n]
	f(x, 3, out)
	np.testing.assert_array_equal(out, x * 2 + 3)
	assert (room[:start] == 7).all() and (room[start + n:] == 7).all()
	f(out, out, out=out)
	np.testing.assert_array_equal(out, (x * 2 + 3) * 3)
	with pytest.warns(RuntimeWarning, match="overflow"):
		f(np.full(n, 1e308), 0)


def test_pickling_keeps_what_was_added():
	pytest.importorskip("cloudpickle")
	ufunc = make(lambda a, b: a + b)
	ufunc.add("f4(f4, f4)"), ufunc.add("i8(i8, i8)")
	other = pickle.loads(pickle.dumps(ufunc))
	assert other.types == ["ff->f", "ll->l"] and other(1.5, 2.5) == 4
	ufunc.disable_compile()
	frozen = pickle.loads(pickle.dumps(ufunc))
	with pytest.raises(TypeError):
		frozen(1.5j, 2.5)
	late = make(lambda a, b: a + b, ["f8(f8, f8)"])
	late.add("c16(c16, c16)")
	assert pickle.loads(pickle.dumps(late)).types == ["dd->d", "DD->D"]


def test_looking_inside():
	ufunc = make(lambda a, b: a + b, ["f8(f8, f8)", "i8(i8, i8)"])
	llvm, asm = ufunc.inspect_llvm(), ufunc.inspect_asm()
	assert list(llvm) == list(asm) == ufunc.types
	assert "fadd" in llvm["dd->d"] and "fadd" not in llvm["ll->l"] and "vadd" in asm["dd->d"]
	assert make(lambda a: a).inspect_llvm() == {}


def test_subclasses_and_overrides():
	class Sub(np.ndarray):
		pass

	class Other:
		def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
			return ufunc, method

	ufunc = make(named)
	assert type(ufunc(np.arange(3.0).view(Sub), 1.0)) is Sub
	assert ufunc(Other(), 1) == (ufunc, "__call__")


def test_other_functions_are_called():
	half = make(lambda a: a / 2)

	@cuda.jit(device=True)
	def twice(a):
		return a * 2

	def plain(a):
		return a + 1

	ufunc = make(lambda a: half(a) + twice(plain(a)))
	a = np.arange(50.0)
	np.testing.assert_array_equal(ufunc(a), a / 2 + 2 * (a + 1))

	@cuda.jit
	def kernel(x):
		i = cuda.grid(1)
		x[i] = half(x[i])

	x = np.arange(32.0)
	kernel[1, 32](x)
	np.testing.assert_array_equal(x, np.arange(32) / 2)


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_threads_that_call_a_fresh_ufunc(target):
	ufunc = make(lambda a, b: a / b, target=target)
	wrong = []

	def one(k):
		a = np.arange(1.0, 40_001 + k)
		for dtype in ("f8", "f4", "i4") * 2:
			with np.errstate(divide="ignore" if k % 2 else "raise"):
				x, zero = a.astype(dtype), np.array(0, dtype)
				try:
					good = np.array_equal(ufunc(x, x), np.ones(x.shape)) and np.isinf(ufunc(x, zero)).all() and k % 2
				except FloatingPointError:
					good = k % 2 == 0
			if not good:
				wrong.append((k, dtype))

	threads = [threading.Thread(target=one, args=(k,)) for k in range(8)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	assert not wrong and sorted(ufunc.types) == ["dd->d", "ff->f", "ii->d"]


def test_after_fork():
	ufunc = make(lambda a, b: a + b, target="parallel")
	a = np.ones(300_000)
	ufunc(a, a)
	pid = os.fork()
	if not pid:
		os._exit(0 if (ufunc(a, a) == 2).all() and (ufunc(a, 1.0) == 2).all() and (ufunc(a[::2], a[::2]) == 2).all() else 1)
	assert os.waitpid(pid, 0)[1] == 0


def test_nothing_is_kept():
	def one():
		ufunc = vectorize(lambda a: a + 1)
		ufunc(np.arange(3.0))
		ufunc(np.arange(3))
		ufunc.me = ufunc
		return weakref.ref(ufunc)

	refs = [one() for _ in range(5)]
	gc.collect()
	assert not any(ref() for ref in refs)


# -- bad input --

def test_errors_of_the_decorator():
	with pytest.raises(ValueError, match="target"):
		vectorize(["f8(f8)"], target="gpu")
	with pytest.raises(TypeError, match="unexpected"):
		vectorize(["f8(f8)"], fast=True)
	for wrong in (lambda: 1, lambda *a: 1, lambda a, **k: a):
		with pytest.raises(TypeError):
			vectorize(wrong)
	with pytest.raises(TypeError):
		vectorize(["f8(f8, f8)"])(lambda a: a)
	with pytest.raises(TypeError):
		vectorize(["f8(f8[:])"])(lambda a: a[0])
	with pytest.raises(errors.TypingError, match="returns"):
		vectorize(["f8(f8)"])(lambda a: None)


def test_what_only_threads_of_kernels_can_do():
	for function in (lambda a: a + cuda.grid(1), lambda a: cuda.shfl_sync(-1, a, 0), lambda a: a + cuda.shared.array(3, "f8")[0]):
		with pytest.raises((errors.NumbaError, NotImplementedError)):
			make(function, ["f8(f8)"])


def test_python_numbers_beside_declared_types():
	"""First what they are beside the arrays, then what they are by themselves, then any type of their kind."""
	scaled = make(lambda a, k: a * k, ["f8(f8, i8)"])
	assert scaled(np.arange(3.0), 2).tolist() == [0, 2, 4] and scaled(1.5, 2) == 3 and scaled(np.arange(3.0), True).tolist() == [0, 1, 2]
	with pytest.raises(TypeError):
		scaled(np.arange(3.0), 2.5)
	narrow = make(lambda a, k: a * k, ["f4(f4, i4)"])
	assert narrow(np.arange(3, dtype="f4"), 2).dtype == np.float32
	with pytest.raises(OverflowError):
		narrow(np.arange(3, dtype="f4"), 2**40)
	both = make(lambda a, k: a * k, ["i4(i4, i4)", "i8(i8, i8)"])
	assert both(np.arange(3, dtype="i2"), 2).dtype == np.int32 and both(1, 2).dtype == np.int64
	with pytest.raises(TypeError):
		both(np.arange(3, dtype="i2"), 2.0)


def test_errors_of_calls():
	ufunc = make(named)
	with pytest.raises(ValueError, match="broadcast"):
		ufunc(np.ones(3), np.ones(4))
	with pytest.raises(TypeError):
		ufunc(1)
	for wrong in ("x", np.array(["a"]), object(), np.array([object()])):
		with pytest.raises(TypeError):
			ufunc(wrong, 1)
	read_only = np.zeros(3)
	read_only.flags.writeable = False
	with pytest.raises(ValueError):
		ufunc(np.ones(3), 1.0, out=read_only)
	with pytest.raises(errors.TypingError):
		make(lambda a: a.missing)(np.ones(3))
	with pytest.raises(errors.NumbaError):
		make(lambda a: unknown_name(a))(np.ones(3))  # noqa: F821


def test_counts_beside_floats():
	"""4 is a float64 beside float64s, as in NumPy; where that cannot be compiled, it is an int64."""
	@vectorize
	def power(x, n):
		out = x
		for _ in range(1, n):
			out *= x
		return out

	for x in np.arange(3.0), np.arange(3.0, dtype="f4"), np.float64(2):
		for _ in range(2):
			assert np.array_equal(power(x, 4), x ** 4) and power(x, 4).dtype == x.dtype
	assert power.types == ["dl->d", "fl->f"] and power(2.0, 3) == 8
	with pytest.raises(errors.TypingError, match="range.* cannot take float64"):
		power(np.ones(3), 2.0)

	@vectorize
	def sum_of(x, n):
		return x + n
	sum_of(np.ones(3, "f4"), np.ones(3, "i8"))
	assert sum_of(np.ones(3, "f4"), 4).dtype == np.float32                  # whatever was compiled before
