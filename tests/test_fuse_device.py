"""@fuse on arrays in device memory against NumPy: expressions, reductions over any axes and layouts, out, streams, foreign arrays, how
many kernels are launched, what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import gridjit
from fused_cases import arrays, chosen, define, expressions, on_device, python_or_error, same
from gridjit import cuda, errors
from gridjit.cuda import _folds, reductions

quick = settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
REDUCTIONS = "sum prod min max mean any all argmin argmax var std".split()


@pytest.fixture(autouse=True)
def quiet():
	with np.errstate(all="ignore"), warnings.catch_warnings():
		warnings.simplefilter("ignore")
		yield


def check(got, want, rtol=None):
	assert isinstance(got, cuda.DeviceNDArray)
	if rtol is None:
		same(got.copy_to_host(), want)
	else:
		np.testing.assert_allclose(got.copy_to_host(), want, rtol=rtol)


@quick
@given(expression=expressions, a=arrays(), b=arrays(), c=arrays(), s=st.sampled_from([3, 2.5, True, np.float32(1.5), np.int16(2)]))
def test_random_expressions(device, expression, a, b, c, s):
	f = define(f"def f(a, b, c, s, t):\n\treturn {expression}\n")
	want, refused = python_or_error(f, a, b, c, s, 2)
	assume(refused is None)
	assume(isinstance(want, (np.ndarray, np.generic)) and not (isinstance(want, np.generic) and not any(x in expression for x in "abc")))
	try:
		got = gridjit.fuse(f)(*map(on_device, (a, b, c)), s, 2)
	except errors.TypingError as e:
		assert "returns" in str(e) or "UniTuple" in str(e), str(e)
	else:
		check(got, want)


@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=chosen())
def test_reductions_of_what_is_chosen(device, case):
	f = define(case[0])
	check(gridjit.fuse(f)(*map(on_device, case[1][:3]), case[1][3]), f(*case[1]))


def test_complex_numbers_and_initial_values(device):
	z = np.array([[2 + 1j, 2, 1 + 3j], [2 + 2j, 1, 1 - 1j]])
	f = define("def f(z, n):\n\treturn z.min(axis=0), z.argmax(axis=1), z.var(), z.std(axis=1, keepdims=True), z.sum(axis=0, initial=n), z.max(initial=9)\n")
	for got, want in zip(gridjit.fuse(f)(cuda.to_device(z), 2), f(z, 2)):
		check(got, want)
	empty = np.zeros((0, 3))
	g = define("def g(x, n):\n\treturn x.max(axis=0, initial=n), x.sum(initial=n)\nf = g\n")
	for got, want in zip(gridjit.fuse(g)(cuda.to_device(empty), 4), g(empty, 4)):
		check(got, want)


def test_raise(device):
	def f(x, n):
		if n < 0:
			raise ValueError("negative")
		return x * n, x.sum()

	with pytest.raises(ValueError, match="negative"):
		gridjit.fuse(f)(cuda.to_device(np.ones(3)), -1)[0].copy_to_host()
	assert gridjit.fuse(f)(cuda.to_device(np.ones(3)), 2)[1].copy_to_host() == 3


@pytest.mark.parametrize("make", [cuda.vectorize, cuda.vectorize(["float64(float64)"]), gridjit.vectorize(target="auto")])
def test_ufuncs_of_device_arrays_take_elements(device, make):
	@make
	def inverse(x):
		if x > 900:
			raise ValueError("large")
		return 1 / x if x > 1 else x

	f, x = gridjit.fuse(lambda x: inverse(x) + 1), np.arange(1000.0)
	for given in x[:900], cuda.to_device(x[:900]):
		np.testing.assert_array_equal(np.asarray(f(given)), np.where(x[:900] > 1, 1 / np.maximum(x[:900], 1), x[:900]) + 1)
	with pytest.raises(ValueError, match="large"):
		f(cuda.to_device(x)).copy_to_host()


@quick
@given(data=st.data(), how=st.sampled_from(REDUCTIONS), a=arrays(), keep=st.booleans())
def test_reductions(device, data, how, a, keep):
	assume(a.ndim > 0)
	axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)] + ([] if how.startswith("arg") else [(0,), (0, a.ndim - 1)] if a.ndim > 1 else [])))
	f = define(f"def f(a, z):\n\treturn np.{how}(a + z, axis={axis}{f', keepdims={keep}' if keep else ''})\n")
	zero = np.zeros((1,) * a.ndim, a.dtype)
	want, refused = python_or_error(f, a, zero)
	assume(refused is None)
	check(gridjit.fuse(f)(on_device(a), on_device(zero)), want)


LARGE = [((30_000,), None), ((170, 190), 0), ((170, 190), 1), ((20_000, 3), 0), ((40, 50, 6), (0, 2)), ((2, 2, 7_000), (0, 2)), ((1, 5, 1), 0)]


@pytest.mark.parametrize("shape, axis", LARGE)
@pytest.mark.parametrize("dtype, blocks", [("f4", "own"), ("i4", "gpu")])
def test_parts_of_rows_and_columns(device, monkeypatch, shape, axis, dtype, blocks):
	"""Several results at once, cut into parts, in several layouts; with the blocks that a GPU gets too."""
	monkeypatch.setattr(reductions, "LEAST", 1024)
	if blocks == "gpu":
		block = reductions._block
		monkeypatch.setattr(reductions, "_block", lambda lie, on_host, inner, outer: block(lie, False, inner, outer))
	one = "" if isinstance(axis, tuple) else f", x.argmin(axis={axis}), t.argmax(axis={axis})"
	f = define(f"def f(x, w):\n\tt = x * w\n\treturn t.sum(axis={axis}), x.max(axis={axis}), t.mean(axis={axis}), t.std(axis={axis}, ddof=1){one}\n")
	x = (np.random.default_rng(7).random(shape) * 100).astype(dtype)
	w = np.arange(1, shape[-1] + 1).astype(dtype)
	for order in (x, np.asfortranarray(x), x[..., ::-1]):
		want = f(order.astype(np.float64), w.astype(np.float64))
		for got, exact in zip(gridjit.fuse(f)(on_device(order), cuda.to_device(w)), want):
			check(got, exact, 1e-5)


@pytest.mark.parametrize("how", ["min", "max", "argmin", "argmax", "sum"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nan_wins(device, how, axis):
	x = np.random.default_rng(3).random((60, 70)).astype("f4")
	x[5, 7] = x[40, 7] = x[5, 60] = np.nan
	f = define(f"def f(x):\n\treturn np.{how}(x * 1, axis={axis})\n")
	check(gridjit.fuse(f)(cuda.to_device(x)), f(x), 1e-5)


@pytest.mark.parametrize("how", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nothing_to_reduce(device, how, axis):
	f = define(f"def f(x):\n\treturn np.{how}(x, axis={axis})\n")
	x = np.zeros((0, 3), "f4")
	want, refused = python_or_error(f, x)
	if refused:
		with pytest.raises(type(refused)):
			gridjit.fuse(f)(cuda.to_device(x))
	else:
		check(gridjit.fuse(f)(cuda.to_device(x)), want)


def test_results_of_several_shapes(device):
	f = define("def f(x, y):\n\tt = x * 2\n\treturn t, t + y, (t * y).sum(axis=0), t.max(), y.sum(axis=1, keepdims=True)\n")
	x, y = np.arange(5.0), np.arange(15.0).reshape(3, 5)
	for got, want in zip(gridjit.fuse(f)(cuda.to_device(x), cuda.to_device(y)), f(x, y)):
		check(got, want)


def test_one_kernel_and_two_for_a_reduction(device, monkeypatch):
	launches = []
	monkeypatch.setattr(reductions, "LEAST", 1024)
	plain = _folds._make

	def counted(function, options):
		kernel = plain(function, options)

		class Counted:
			def __getitem__(self, configuration):
				launches.append(function.__name__)
				return kernel[configuration]
		return Counted()
	monkeypatch.setattr(_folds, "_make", counted)
	f = gridjit.fuse(define("def f(x, w):\n\tt = x * w\n\treturn t.sum(), t.max(), t.mean(), t.argmin()\n"))
	x = cuda.to_device(np.arange(100_000, dtype=np.float32))
	f(x, x)
	assert launches == ["reduce", "reduce"]
	f(x[:100], x[:100])
	assert launches == ["reduce"] * 3


def test_products_and_sums_are_rounded_apart(device):
	x, y, z = np.random.default_rng(2).normal(size=(3, 1000)).astype("f4")
	f = gridjit.fuse(lambda x, y, z: x * y + z)
	np.testing.assert_array_equal(f(*map(cuda.to_device, (x, y, z))).copy_to_host(), x * y + z)


def test_out(device):
	f = gridjit.fuse(lambda x, y: x * 2 + y)
	x, y = np.arange(6.0).reshape(2, 3), np.arange(3.0)
	dx, dy, out = cuda.to_device(x), cuda.to_device(y), cuda.device_array((2, 3), "f4")
	assert f(dx, dy, out=out) is out
	np.testing.assert_array_equal(out.copy_to_host(), x * 2 + y)
	assert f(dx, dy, out=dx) is dx                                 # in place
	np.testing.assert_array_equal(dx.copy_to_host(), x * 2 + y)
	a = np.arange(100.0)
	da = cuda.to_device(a)
	f(da[:-1], da[1:], out=da[1:])                                 # overlapping
	np.testing.assert_array_equal(da.copy_to_host()[1:], a[:-1] * 2 + a[1:])
	readonly = cuda.DeviceNDArray((2, 3), None, np.float64, 0, dx.gpu_data, readonly=True)
	bad = [(cuda.device_array((3, 2)), ValueError), (cuda.device_array((2, 3), "i4"), TypeError), (np.zeros((2, 3)), TypeError), ([1], TypeError),
		(readonly, ValueError)]
	for out, cls in bad:
		with pytest.raises(cls):
			f(dx, dy, out=out)
	with pytest.raises(TypeError, match="NumPy array"):
		f(x, y, out=dx)
	two = gridjit.fuse(lambda x: (x + 1, x.sum(axis=0), x.max(axis=1, keepdims=True)))
	total, most = cuda.device_array(3), cuda.device_array((2, 1), "f8")
	got = two(cuda.to_device(x), out=(None, total, most))
	assert got[1] is total and got[2] is most
	np.testing.assert_allclose(total.copy_to_host(), x.sum(axis=0))
	np.testing.assert_allclose(most.copy_to_host(), x.max(axis=1, keepdims=True))
	square = cuda.to_device(np.arange(9.0).reshape(3, 3))
	gridjit.fuse(lambda x: x.sum(axis=0))(square, out=square[1])   # over what is read
	np.testing.assert_array_equal(square.copy_to_host()[1], [9, 12, 15])


def test_stream(device):
	stream = cuda.stream()
	x = np.arange(1000, dtype=np.float32)
	f = gridjit.fuse(lambda x: (x + 1, x.sum()))
	plus, total = f(cuda.to_device(x, stream), stream=stream)
	stream.synchronize()
	np.testing.assert_array_equal(plus.copy_to_host(), x + 1)
	assert total.copy_to_host() == x.sum()


class Foreign:
	def __init__(self, array):
		self.array = array
		self.__cuda_array_interface__ = dict(shape=array.shape, strides=array.strides, typestr=array.dtype.str, version=3,
			data=(array.device_pointer, False))


def test_arrays_of_other_libraries(device):
	x = np.arange(12, dtype=np.float32).reshape(3, 4)
	d = Foreign(cuda.to_device(x))
	f = gridjit.fuse(lambda x, y: (x * y, (x + y).sum(axis=1)))
	for got, want in zip(f(d, 2.0), (x * 2, (x + 2).sum(axis=1))):
		check(got, want)
	out = Foreign(cuda.device_array((3, 4), np.float32))
	assert gridjit.fuse(lambda x: x + 1)(d, out=out) is out
	np.testing.assert_array_equal(out.array.copy_to_host(), x + 1)


def test_what_is_refused(device):
	f = gridjit.fuse(lambda x, y: x + y)
	x = np.arange(4.0)
	with pytest.raises(TypeError, match="argument 2 is an array in host memory"):
		f(cuda.to_device(x), x)
	with pytest.raises(TypeError, match="argument 1 is an array in host memory"):
		f(x, cuda.to_device(x))
	with pytest.raises(TypeError, match="argument 2 is list"):
		f(cuda.to_device(x), [1])
	with pytest.raises(ValueError, match="broadcast"):
		f(cuda.to_device(x), cuda.to_device(x[:3]))
	check(f(cuda.to_device(x), np.array(2, np.float32)), x + 2)    # a number of NumPy's
	with pytest.raises(errors.NumbaError, match="reductions come last"):
		gridjit.fuse(lambda x: x - x.mean())(cuda.to_device(x))


def test_fallback_and_fastmath(device):
	x = np.arange(4.0)
	f = gridjit.fuse(lambda x: np.sqrt(x.max() - x), fallback=True)
	check(f(cuda.to_device(x)), np.sqrt(x.max() - x))
	g = gridjit.fuse(lambda x: (np.sqrt(x) / 3, np.sqrt(x).sum()), fastmath=True)
	for got, want in zip(g(cuda.to_device(x)), (np.sqrt(x) / 3, np.sqrt(x).sum())):
		check(got, want, 1e-6)


def test_raised():
	"""On the device it is told as a kernel's."""
	def few(n):
		if n > 3:
			raise ValueError("too many")
		return n

	x = cuda.to_device(np.arange(5.0))
	for function in lambda x, n: x * few(n), lambda x, n: (x * few(n)).sum():
		fused = gridjit.fuse(function)
		np.testing.assert_array_equal(fused(x, 3), function(np.arange(5.0), 3))
		with pytest.raises(ValueError, match="too many"):
			np.asarray(fused(x, 4))
			cuda.synchronize()


@pytest.mark.parametrize("x", [np.nan, np.inf])
@pytest.mark.parametrize("axis", [(), 0, 1, None])
def test_spreads_of_what_is_not_finite(device, x, axis):
	a = np.ones((1, 3))
	a[0, 1] = x
	f = gridjit.fuse(eval(f"lambda a: (np.var(a * 1, axis={axis}), (a * 1).std(axis={axis}))", {"np": np}))
	with np.errstate(all="ignore"):
		wanted = f.py_func(a)
	for given, one in zip(f(cuda.to_device(a)), wanted):
		assert np.array_equal(given.copy_to_host(), one, equal_nan=True)
