"""guvectorize(target='cuda') and 'auto' against NumPy: layouts, broadcasts, casts, outputs, arrays that overlap; what is refused."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fused_cases import on_device
from gridjit import cuda, errors, guvectorize, types
from gufunc_cases import matrices, product, row_mean, running_sum, statistics

quick = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEAN = guvectorize(["void(f4[:], f4[:])", "void(f8[:], f8[:])"], "(n)->()", target="cuda")(row_mean)
PRODUCT = cuda.guvectorize(["void(i8[:,:], i8[:,:], i8[:,:])", "void(f8[:,:], f8[:,:], f8[:,:])"], "(m,n),(n,p)->(m,p)")(product)
RUNNING = cuda.guvectorize(["void(i8[:], i8, i8[:])", "void(f8[:], f8, f8[:])"], "(n),()->(n)")(running_sum)


def host(x):
	return x.copy_to_host() if isinstance(x, cuda.DeviceNDArray) else x


@pytest.mark.parametrize("n", [1, 3, 64])
@pytest.mark.parametrize("outer", [(), (0,), (1,), (5,), (1000,), (3, 0), (4, 5)])
def test_every_length(device, n, outer):
	x = np.random.default_rng(n).normal(size=(*outer, n))
	got = MEAN(x)
	assert isinstance(got, (np.ndarray, np.generic)) and got.shape == outer
	np.testing.assert_allclose(got, x.mean(-1), rtol=1e-12, atol=1e-13)
	out = cuda.to_device(np.full((*outer, n + 2), 7.0))
	RUNNING(cuda.to_device(x), 0.0, out=out[..., 1:-1])
	out = out.copy_to_host()
	assert (out[..., 0] == 7).all() and (out[..., -1] == 7).all()
	np.testing.assert_allclose(out[..., 1:-1], x.cumsum(-1), rtol=1e-12, atol=1e-12)


@quick
@given(st.data())
def test_layouts_broadcasts_and_casts(device, data):
	outer = tuple(data.draw(st.lists(st.integers(0, 3), max_size=2)))
	m, n, p = (data.draw(st.integers(low, 4)) for low in (1, 1, 0))
	kinds = st.sampled_from(["i1", "u2", "i4", "i8", "f4", "f8"])
	a, b = data.draw(matrices(outer, (m, n), data.draw(kinds))), data.draw(matrices(outer, (n, p), data.draw(kinds)))
	there = data.draw(st.sampled_from([(), (0,), (1,), (0, 1)]))
	args = [on_device(x) if k in there else x for k, x in enumerate((a, b))]
	got, expected = PRODUCT(*args), np.matmul(a.astype("f8"), b.astype("f8"))
	assert isinstance(got, cuda.DeviceNDArray) == bool(there)
	assert got.dtype == ("i8" if a.dtype.kind != "f" and b.dtype.kind != "f" else "f8")
	np.testing.assert_array_equal(host(got), expected)
	out = np.zeros((2, *expected.shape)).T
	out = on_device(out) if there else out
	PRODUCT(*args, out=out.T[1])
	np.testing.assert_array_equal(host(out).T[1], expected)
	assert not host(out).T[0].any()


def test_numbers_and_outputs_of_one(device):
	x, start = np.arange(12.0).reshape(3, 4), np.array([1.0, 10.0, 100.0])
	for put in (np.asarray, cuda.to_device):
		np.testing.assert_array_equal(host(RUNNING(put(x), put(start))), x.cumsum(1) + start[:, None])
		np.testing.assert_array_equal(host(RUNNING(put(x), 2)), x.cumsum(1) + 2)
		np.testing.assert_array_equal(host(RUNNING(put(x[0]), put(start))), x[0].cumsum() + start[:, None])
		stats = cuda.guvectorize(["void(f8[:], f8[:], f8[:], i8[:])"], "(n)->(),(),()")(statistics)
		low, high, n = map(host, stats(put(x)))
		assert low.tolist() == [0, 4, 8] and high.tolist() == [3, 7, 11] and n.tolist() == [4, 4, 4] and n.dtype == np.int64
	assert isinstance(MEAN(x[0]), np.float64)


def test_fixed_sizes_and_optional_dimensions(device):
	@cuda.guvectorize(["void(f8[:], f8[:], f8[:])"], "(3),(3)->(3)")
	def cross(a, b, out):
		out[0], out[1], out[2] = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]

	a, b = np.random.default_rng(0).normal(size=(2, 5, 3))
	np.testing.assert_allclose(host(cross(cuda.to_device(a), b[0])), np.cross(a, b[0]))
	with pytest.raises(ValueError, match="core dimension"):
		cross(a[:, :2], b)
	matmul = cuda.guvectorize(["void(f8[:,:], f8[:,:], f8[:,:])"], "(m?,n),(n,p?)->(m?,p?)")(product)
	a, b = np.random.default_rng(0).normal(size=(2, 4, 4))
	for x, y in ((a, b), (a[0], b), (a, b[0]), (a[0], b[0])):
		np.testing.assert_allclose(matmul(x, y), x @ y)
		np.testing.assert_allclose(host(matmul(cuda.to_device(x), cuda.to_device(y))), x @ y)


def test_lazy_loops_follow_the_outputs(device):
	f = cuda.guvectorize("(n),()->(n)")(running_sum)
	x = np.arange(6).reshape(2, 3)
	for dtype in ("f4", "i8"):
		out = np.empty((2, 3), dtype)
		assert f(x, 1, out) is out
		np.testing.assert_array_equal(out, x.cumsum(1) + 1)
		d = cuda.device_array((2, 3), dtype)
		assert f(cuda.to_device(x), 1, out=d) is d
		np.testing.assert_array_equal(host(d), x.cumsum(1) + 1)
	assert f.types == ["ll->f", "ll->l"]
	with pytest.raises(TypeError, match="outputs must be given"):
		f(x, 1)
	f.disable_compile()
	with pytest.raises(TypeError):
		f(x.astype("c16"), 1, out=np.empty((2, 3), "c16"))


def test_signatures_of_every_form(device):
	def double(x, out):
		for i in range(x.shape[0]):
			out[i] = 2 * x[i]

	x = np.arange(3, dtype="f4")
	for given in ("void(f4[:], f4[:])", types.void(types.float32[:], types.float32[:]), (types.float32[:], types.float32[::1]),
			[("f4[:]", "f4[:]")]):
		f = cuda.guvectorize(given, "(n)->(n)")(double)
		assert f.types == ["f->f"] and f.signature == "(n)->(n)" and (f.nin, f.nout, f.nargs) == (1, 1, 2)
		np.testing.assert_array_equal(f(x), 2 * x)


def test_outputs_over_inputs(device):
	x = np.random.default_rng(1).normal(size=(20, 3, 3))
	d = cuda.to_device(x)
	PRODUCT(d, d, out=d)
	np.testing.assert_allclose(host(d), x @ x)
	d = cuda.to_device(np.arange(20.0))
	RUNNING(d[:-1], 0.0, out=d[1:])
	np.testing.assert_array_equal(host(d)[1:], np.arange(19.0).cumsum())
	out = cuda.device_array((20, 3, 3), "f4")
	PRODUCT(x, x, out=out)
	np.testing.assert_allclose(host(out), x @ x, rtol=1e-5)
	d = cuda.to_device(np.zeros(5))
	two = cuda.guvectorize(["void(f8[:], f8[:], f8[:])"], "(n)->(n),(n)")(both)
	two(np.arange(4.0), out=(d[:4], d[1:]))                        # outputs that share memory: the last one stays
	np.testing.assert_array_equal(host(d)[1:], -np.arange(4.0))


@cuda.guvectorize(["void(f8, f8, f8[:])"], "(),()->()")
def add(a, b, out):
	out[0] = a + b


def both(x, a, b):
	for i in range(x.shape[0]):
		a[i] = x[i]
		b[i] = -x[i]


def test_writable_inputs(device):
	@cuda.guvectorize(["void(f8[:], f8)"], "(n),()", writable_args=(0,))
	def scale(x, factor):
		for i in range(x.shape[0]):
			x[i] *= factor

	rows = np.ones((2, 3))
	assert scale(rows, [2.0, 3.0]) is None
	np.testing.assert_array_equal(rows, [[2, 2, 2], [3, 3, 3]])
	d = cuda.to_device(rows)
	scale(d[:, ::-1], 10)
	np.testing.assert_array_equal(host(d), 10 * rows)
	with pytest.raises(TypeError, match="cannot be cast back"):
		scale(np.ones((2, 3), "i4"), 1.0)
	with pytest.raises(ValueError, match="read-only"):
		scale(np.broadcast_to(1.0, (2, 3)), 1.0)
	with pytest.raises(ValueError, match="non-broadcastable"):
		scale(rows[0], [1.0, 2.0])
	with pytest.raises(errors.TypingError):
		f = cuda.guvectorize(["void(f8[:], f8)"], "(n),()")(scale.py_func)
		f(rows, 1.0)


def test_many_dimensions(device):
	x = np.random.default_rng(0).normal(size=(2, 1, 3, 2, 2, 4)).transpose(3, 1, 0, 2, 4, 5)[::-1]
	np.testing.assert_allclose(host(MEAN(on_device(x))), x.mean(-1))
	out = on_device(np.zeros(x.shape[::-1]).transpose(5, 4, 3, 2, 1, 0)[:, :, ::-1])
	RUNNING(on_device(x), 0.0, out=out)
	np.testing.assert_allclose(host(out), x.cumsum(-1))
	y = x.transpose(5, 0, 2, 1, 4, 3)[:, ::-1, ::-1]
	out = on_device(np.zeros(y.shape[::-1]).transpose())
	add(on_device(y), on_device(y[:1]), out=out)                   # more than a kernel's arrays can have
	np.testing.assert_allclose(host(out), y + y[:1])


def test_stream_and_arrays_of_other_libraries(device):
	class Foreign:
		def __init__(self, array):
			self.array = array
			self.__cuda_array_interface__ = dict(shape=array.shape, strides=array.strides, typestr=array.dtype.str, version=3,
				data=(array.device_pointer, False))

	x, stream = np.arange(12.0).reshape(3, 4), cuda.stream()
	got = MEAN(Foreign(cuda.to_device(x)), stream=stream)
	stream.synchronize()
	np.testing.assert_array_equal(host(got), x.mean(1))
	out = Foreign(cuda.device_array(3))
	assert MEAN(Foreign(cuda.to_device(x)), out=out) is out
	np.testing.assert_array_equal(host(out.array), x.mean(1))


def test_what_is_refused(device):
	x = np.ones((3, 4))
	bad = [((), TypeError, "positional"), ((1.0,), ValueError, "does not have enough dimensions"), ((x, np.ones(4)), ValueError, "broadcast"),
		((x, [1]), TypeError, "ArrayType"), ((x.astype("c16"),), TypeError, "did not contain a loop"), ((x, x, x), TypeError, None)]
	for args, cls, words in bad:
		with pytest.raises(cls, match=words):
			MEAN(*args)
	with pytest.raises(ValueError, match="mismatch in its core dimension 0"):
		PRODUCT(x, x)
	with pytest.raises(ValueError, match="broadcast"):
		RUNNING(np.ones((3, 4)), np.ones(2))
	with pytest.raises(ValueError, match="read-only"):
		MEAN(x, out=np.broadcast_to(1.0, 3))
	with pytest.raises(TypeError, match="same_kind"):
		MEAN(x, out=np.ones(3, "i4"))
	for wrong in (["void(f8[:,:], f8[:])"], ["void(f8[:])"], ["f8(f8[:], f8[:])"]):
		with pytest.raises(TypeError):
			cuda.guvectorize(wrong, "(n)->()")(row_mean)
	with pytest.raises(ValueError):
		cuda.guvectorize("(n->()")(row_mean)
	with pytest.raises(TypeError, match="operands"):
		cuda.guvectorize("(n),(n)->()")(row_mean)
	with pytest.raises(TypeError, match="unexpected"):
		cuda.guvectorize("(n)->()", colour="red")


def test_pickling_and_auto(device):
	again = pickle.loads(pickle.dumps(MEAN))
	assert again.types == MEAN.types and again(np.arange(3.0)) == 1
	f = guvectorize(["void(f8[:], f8[:])"], "(n)->()", target="auto")(row_mean)
	x = np.arange(12.0).reshape(3, 4)
	np.testing.assert_array_equal(f(x), x.mean(1))
	got = f(cuda.to_device(x))
	assert isinstance(got, cuda.DeviceNDArray)
	np.testing.assert_array_equal(host(got), x.mean(1))


@pytest.mark.parametrize("layout", ["(n)->(n)", "(n),(n)->()"])
def test_results_lie_as_operands_do(device, layout):
	"""With order K, as those of NumPy's own: along the outer dimensions."""
	def one(x, out):
		for i in range(out.shape[0]):
			out[i] = x[i]

	def two(x, y, out):
		out[0] = x[0]
	nin = layout.count("(") - 1
	types = [f"void({'float64[:], ' * nin}float64[:])"]
	f = one if nin == 1 else two
	plain, on_device = guvectorize(types, layout)(f), cuda.guvectorize(types, layout)(f)
	x = np.random.default_rng(0).random((3, 2, 5, 4))
	ways = [x, np.asfortranarray(x), x[::-1, :, ::2], np.asfortranarray(x)[:, :1], np.asfortranarray(x[0]), x.swapaxes(0, 1).copy().swapaxes(0, 1)]
	for a in ways:
		for b in ways[:3] if nin > 1 else [None]:
			given = [y for y in (a, b) if y is not None]
			try:
				wanted = plain(*given)
			except ValueError:
				continue
			assert on_device(*given).strides == wanted.strides and np.array_equal(on_device(*given), wanted)
	d = cuda.to_device(np.asfortranarray(x))
	assert on_device(*[d] * nin).strides == plain(*[np.asfortranarray(x)] * nin).strides


@pytest.mark.parametrize("shapes", [((3,), (3, 9), (9,)), ((9, 3), (3,), (9,)), ((3,), (3,), ()), ((2, 3), (3, 4), (2, 4)), ((3,), (2, 3, 4), (2, 4)), ((3,), (3, 4), (2, 4)), ((2, 3), (3,), (2,)), ((2, 3), (3, 4), (4,))])
def test_optional_dimensions_that_outputs_lack(device, shapes):
	"""Only as many are left out as an operand lacks, as NumPy's own decide."""
	def f(a, b, out):
		out[:] = a[0, 0] + b[0, 0]
	types, layout = ["void(float64[:, :], float64[:, :], float64[:, :])"], "(m?,n),(n,p?)->(m?,p?)"
	plain, on_device = guvectorize(types, layout)(f), cuda.guvectorize(types, layout)(f)
	args, out = [np.ones(shape) for shape in shapes[:2]], np.zeros(shapes[2])
	try:
		wanted = plain(*args, out=out.copy())
	except ValueError:
		with pytest.raises(ValueError):
			on_device(*args, out=out)
	else:
		assert np.array_equal(on_device(*args, out=out), wanted)
