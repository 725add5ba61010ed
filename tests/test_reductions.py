"""Reductions and scans: methods of device arrays and of ufuncs, cuda.reduce and cuda.scan, against NumPy over dtypes and layouts."""

import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import _core, cuda, float32, types
from gridjit.cuda import _folds
from gridjit.cuda.devicearray import DeviceNDArray

quick = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DTYPES = "?", "i1", "i2", "i4", "i8", "u1", "u4", "u8", "f4", "f8"


def fill(shape, dtype, seed):
	random = np.random.default_rng(seed)
	if np.dtype(dtype).kind == "f":
		return np.where(random.random(shape) < 0.05, random.choice([np.nan, 0.0]), random.integers(-9, 10, shape) / 4).astype(dtype)
	return random.integers(0 if dtype[0] in "u?" else -5, 6, shape).astype(dtype)


def same(got, want, rtol=1e-4):
	want = np.asarray(want)
	assert isinstance(got, cuda.DeviceNDArray) and got.shape == want.shape and got.dtype == want.dtype, (got, want.shape, want.dtype)
	np.testing.assert_allclose(got.copy_to_host(), want, rtol=rtol if want.dtype.kind == "f" else 0, atol=1e-5, equal_nan=True)


@st.composite
def arrays(draw):
	"""A host array and the same in device memory, lying alike: transposed, sliced, reversed."""
	shape = draw(st.lists(st.sampled_from((1, 2, 3, 7, 40, 300)), min_size=1, max_size=4).filter(lambda s: np.prod(s) < 20000))
	host = fill(shape, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99)))
	device = cuda.to_device(host)
	order = draw(st.permutations(range(len(shape))))
	index = tuple(draw(st.sampled_from((slice(None), slice(None), slice(None, None, -1), slice(1, None), slice(None, None, 2)))) for _ in shape)
	return host.transpose(order)[index], device.transpose(order)[index]


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "mean", "any", "all"])
@quick
@given(data=st.data())
def test_over_axes(device, name, data):
	host, array = data.draw(arrays())
	axes = data.draw(st.sampled_from([None, *range(-1, host.ndim)]) if host.ndim < 2 else
		st.one_of(st.none(), st.integers(-host.ndim, host.ndim - 1), st.permutations(range(host.ndim)).map(lambda p: tuple(p[:2]))))
	keepdims = data.draw(st.booleans())
	if name in ("min", "max") and host.size == 0:
		with pytest.raises(ValueError, match="zero-size array to reduction operation (minimum|maximum) which has no identity"):
			getattr(array, name)()
		return
	with np.errstate(all="ignore"):
		if host.size == 0 and name == "mean":
			return
		same(getattr(array, name)(axis=axes, keepdims=keepdims), getattr(host, name)(axis=axes, keepdims=keepdims))
		same(getattr(np, name)(array, axis=axes), getattr(np, name)(host, axis=axes))


@pytest.mark.parametrize("name", ["argmin", "argmax"])
@quick
@given(data=st.data())
def test_places(device, name, data):
	host, array = data.draw(arrays())
	axis = data.draw(st.one_of(st.none(), st.integers(-host.ndim, host.ndim - 1)))
	try:
		want = getattr(host, name)(axis)
	except ValueError as error:
		with pytest.raises(ValueError, match=str(error)):
			getattr(array, name)(axis)
		return
	same(getattr(array, name)(axis), want)


@pytest.mark.parametrize("name", ["argmin", "argmax", "max", "minimum", "fmax", "sort"])
def test_order_of_complex_numbers(device, name):
	"""By their real parts, then by their imaginary ones; NaN in either comes first."""
	values = np.array([1 + 2j, 1 + 1j, -3, 2 - 1j, 2 + 4j, 2 + 4j, complex(0, np.nan), complex(np.nan, 9), complex(5, np.nan), -3 - 1j])
	some = values[np.isfinite(values)]
	if name == "sort":
		pairs = np.meshgrid(values, values)
		for f in (np.less, np.less_equal, np.greater, np.greater_equal, np.maximum, np.minimum, np.fmax, np.fmin):
			with np.errstate(invalid="ignore"):
				same(f(*map(cuda.to_device, pairs)), f(*pairs))
		same(cuda.to_device(some).clip(-1, 2 + 2j), some.clip(-1, 2 + 2j))
		return
	for x in (values, values[::-1], some, some[::-1], np.stack([some, some[::-1]])):
		f = (lambda a: getattr(a, name)(axis=-1)) if hasattr(np.ndarray, name) else lambda a: getattr(np, name).reduce(a, axis=-1)
		same(f(cuda.to_device(x)), f(x))


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@quick
@given(data=st.data())
def test_partial_results(device, name, data):
	host, array = data.draw(arrays())
	axis = data.draw(st.one_of(st.none(), st.integers(-host.ndim, host.ndim - 1)))
	with np.errstate(all="ignore"):
		same(getattr(array, name)(axis), getattr(host, name)(axis), 1e-3)


@pytest.mark.parametrize("n", [1, 31, 32, 33, 16383, 16384, 16385, 100_003, 1_000_000])
def test_long(device, n):
	x = np.random.default_rng(n).integers(-1000, 1000, n).astype("i4")
	d = cuda.to_device(x)
	same(d.sum(), x.sum())
	same(d.min(), x.min())
	same(d.argmax(), x.argmax())
	same(d.cumsum(), x.cumsum())
	same(d[::-1].cumsum(dtype="i4"), x[::-1].cumsum(dtype="i4"))
	wide = x[:n // 7 * 7].reshape(-1, 7)
	for axis in (0, 1):
		if wide.size:
			same(cuda.to_device(wide).sum(axis=axis), wide.sum(axis=axis))
			same(cuda.to_device(wide).max(axis=axis), wide.max(axis=axis))
			same(cuda.to_device(wide).argmin(axis=axis), wide.argmin(axis=axis))
			same(cuda.to_device(wide).cumsum(axis=axis), wide.cumsum(axis=axis))
			same(cuda.to_device(wide.T.copy()).sum(axis=axis), wide.T.sum(axis=axis))


def test_many_columns(device):
	x = np.random.default_rng(1).integers(-9, 9, (40, 5000)).astype("i2")
	same(cuda.to_device(x).sum(axis=0), x.sum(axis=0))
	same(cuda.to_device(x).cumsum(axis=0), x.cumsum(axis=0))
	same(cuda.to_device(x).argmin(axis=0), x.argmin(axis=0))


def test_keywords(device):
	x = np.arange(12.0).reshape(3, 4)
	d = cuda.to_device(x)
	same(d.sum(axis=1, dtype="f4"), x.sum(axis=1, dtype="f4"))
	same(d.sum(initial=5), x.sum(initial=5))
	same(d.max(initial=50.0), x.max(initial=50.0))
	same(d.sum(axis=0, where=cuda.to_device(x > 3)), x.sum(axis=0, where=x > 3))
	same(d.max(axis=0, where=x > 3, initial=-1), x.max(axis=0, where=x > 3, initial=-1))
	same(d.mean(axis=0, where=x > 3), x.mean(axis=0, where=x > 3))
	out = cuda.device_array(4)
	assert d.sum(axis=0, out=out) is out
	same(out, x.sum(axis=0))
	third, small = np.full(40_000, 3.3, "f4"), np.full(3, 2**31 - 1, "i4")
	for given, dtype in (third, "f8"), (np.full(8192, 3.25, "f4"), "i4"), (small, "u2"), (small, "f4"), (np.full(3, 200, "u1"), "u1"):  # out says in what is added
		for name in "sum", "cumsum", "mean", "any", "max":
			if name in ("cumsum", "mean") and dtype[0] in "iu":              # each partial sum is rounded there
				continue
			want = getattr(given, name)(out=np.empty(given.shape if name == "cumsum" else (), dtype))
			got = getattr(cuda.to_device(given), name)(out=cuda.device_array(want.shape, dtype)).copy_to_host()
			np.testing.assert_allclose(got, want, 1e-9, err_msg=f"{name} {dtype}")
	host = np.empty(3)
	assert np.max(d, axis=1, out=host) is host and host.tolist() == [3, 7, 11]
	same(cuda.to_device(np.zeros((0, 3))).sum(axis=0), np.zeros((0, 3)).sum(axis=0))
	same(cuda.to_device(np.zeros((0, 3))).sum(axis=1), np.zeros((0, 3)).sum(axis=1))
	one = np.array(3.0)
	same(cuda.to_device(one).sum(), one.sum())
	for axis in 0, -1:
		for name in "sum", "max", "any", "argmin", "cumsum":
			same(getattr(cuda.to_device(one), name)(axis=axis), getattr(one, name)(axis=axis))
	same(cuda.to_device(np.zeros((0, 3))).max(axis=1), np.zeros((0, 3)).max(axis=1))
	few = np.arange(6, dtype="u1").reshape(2, 3)
	same(np.bitwise_and.reduce(cuda.to_device(few[:0])), np.bitwise_and.reduce(few[:0]))
	same(np.bitwise_and.reduce(cuda.to_device(few), where=few > 1), np.bitwise_and.reduce(few, where=few > 1))


def test_complex_numbers_to_others(device):
	"""What has an imaginary part loses it, with NumPy's warning; zero alone is false."""
	x = np.array([[0, 0.5j, 1 - 2j], [3, 0, 0]])
	d = cuda.to_device(x)
	same(d.all(axis=()), x.all(axis=()))
	same(d.astype(bool), x.astype(bool))
	for f in (lambda a: a.astype("f4"), lambda a: a.sum(axis=1, dtype="i4"), lambda a: a.cumsum(dtype="f8"), lambda a: a.max(axis=0).astype("i2")):
		with pytest.warns(Warning, match="discards the imaginary part"):
			want = f(x)
		with pytest.warns(Warning, match="discards the imaginary part"):
			same(f(d), want)


def test_other_byte_order(device):
	x = np.array([[3, -1, 2], [5, 0, 5]], ">i4")
	d = cuda.to_device(x)
	for name in "sum", "max", "mean", "any", "argmax", "cumsum":
		same(getattr(d, name)(axis=0), getattr(x, name)(axis=0))
	assert cuda.reduce(lambda a, b: a + b)(d) == 14
	same(cuda.scan(lambda a, b: a + b)(d), x.cumsum(axis=1, dtype="i4"))


def test_where_the_order_counts(device):
	"""NumPy's ufuncs of which the order in which they are applied cannot be chosen."""
	x = np.linspace(0.5, 1.5, 12).reshape(4, 3)
	for f in np.subtract, np.divide, np.power, np.arctan2:
		assert (f.reduce(cuda.to_device(x)) == f.reduce(x)).all() and (f.accumulate(cuda.to_device(x)) == f.accumulate(x)).all()
	assert np.add.reduceat(cuda.to_device(x), [0, 2]).tolist() == np.add.reduceat(x, [0, 2]).tolist()


@pytest.mark.parametrize("call, error, text", [
	(lambda d: d.sum(axis=3), np.exceptions.AxisError if hasattr(np, "exceptions") else np.AxisError, "axis 3 is out of bounds for array of dimension 2"),
	(lambda d: d.sum(axis=(0, 0)), ValueError, "duplicate value in 'axis'"),
	(lambda d: d.min(where=cuda.to_device(np.ones((3, 4), bool))), ValueError, "does not have an identity, so to use a where mask one has to specify 'initial'"),
	(lambda d: d[:0].min(), ValueError, "zero-size array to reduction operation minimum which has no identity"),
	(lambda d: d[:0].argmin(), ValueError, "attempt to get argmin of an empty sequence"),
	(lambda d: d.sum(axis=0, out=np.empty(5)), ValueError, "output parameter for reduction operation"),
	(lambda d: cuda.scan(max)(d, out=np.empty((3, 4), "i4")), TypeError, "according to the rule 'same_kind'"),
	(lambda d: np.sin.reduce(d), ValueError, "reduce only supported for binary functions"),
	(lambda d: np.add.accumulate(d[0, 0:1].reshape(())), TypeError, "cannot accumulate on a scalar"),
	(lambda d: cuda.scan(max)(d, exclusive=True), ValueError, "an exclusive scan needs init"),
	(lambda d: np.add.at(np.broadcast_to(d, (2, 3, 4)), 0, 1), ValueError, "array to perform in place operation on is read-only"),
	(lambda d: cuda.reduce(3), TypeError, r"cuda.reduce\(\) takes a function, not int"),
])
def test_mistakes(device, call, error, text):
	with pytest.raises(error, match=text):
		call(cuda.to_device(np.arange(12.0).reshape(3, 4)))


# -- ufuncs' methods -----------------------------------------------------------------------------------------------------------

def test_methods_of_ufuncs(device):
	x = np.arange(1.0, 13).reshape(3, 4)
	d = cuda.to_device(x)
	same(np.add.reduce(d), np.add.reduce(x))
	same(np.multiply.reduce(d, axis=(0, 1)), np.multiply.reduce(x, axis=(0, 1)))
	same(np.maximum.accumulate(d, axis=1), np.maximum.accumulate(x, axis=1))
	same(np.subtract.outer(d, x[0]), np.subtract.outer(x, x[0]))
	same(np.logical_and.reduce(d > 3, axis=1), np.logical_and.reduce(x > 3, axis=1))
	f = cuda.vectorize(lambda a, b: a + b)
	assert f.reduce(x).tolist() == x.sum(axis=0).tolist() and isinstance(f.reduce(x), np.ndarray)
	same(f.reduce(d, axis=None), x.sum())
	same(f.accumulate(d), x.cumsum(axis=0))
	assert f.reduce(np.arange(5, dtype="i4")) == 10


@quick
@given(data=st.data())
def test_at(device, data):
	n = data.draw(st.integers(1, 20))
	index = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=40)), int)
	values = np.arange(len(index), dtype=float) + 1
	want = np.ones(n)
	np.add.at(want, index, values)
	target = cuda.to_device(np.ones(n))
	np.add.at(target, index, cuda.to_device(values))
	same(target, want)
	minus = np.ones(n)
	np.subtract.at(minus, index, 2)
	host = np.ones(n)
	cuda.vectorize(lambda a, b: a - b).at(host, index, 2)
	assert host.tolist() == minus.tolist()


def test_at_places_of_all_kinds(device):
	x = np.zeros((4, 5), "i4")
	d = cuda.to_device(x)
	for index in ((slice(None), [1, 1, 2]), (np.array([0, 0, 3]), np.array([1, 1, 4])), 2, x == 0):
		np.add.at(x, index, 3)
		np.add.at(d, index, 3)
	np.negative.at(x, (slice(0, 2), 1))
	np.negative.at(d.T, (1, slice(0, 2)))
	same(d, x)


# -- cuda.reduce, cuda.scan ----------------------------------------------------------------------------------------------------

@cuda.reduce
def total(a, b):
	return a + b


@cuda.Reduce
def largest(a, b):
	return a if a > b else b


@cuda.reduce
def xor(a, b):
	return a ^ b


def test_reduce(device):
	for dtype in ("i4", "u8", "f4", "f8"):
		x = np.random.default_rng(0).integers(0, 9, 12345).astype(dtype)
		assert total(x) == x.sum() and total(cuda.to_device(x)) == x.sum() and type(total(x)) is np.dtype(dtype).type
		assert total(x, init=3) == x.sum() + 3 and total(x, size=100) == x[:100].sum() and total(x[::-3]) == x[::-3].sum()
	assert total(x.reshape(5, -1)) == x.sum()
	assert largest(-x) == 0, "numba's init is 0"
	assert largest(-x - 1, init=-100.0) == -1
	assert xor(np.arange(1000)) == np.bitwise_xor.reduce(np.arange(1000))
	assert total(np.zeros(0), init=7) == 7 and total(np.ones(3), size=0) == 0
	res = cuda.to_device(np.zeros(1))
	assert total(np.arange(10.0), res=res) is None and res[0] == 45
	stream = cuda.stream()
	assert total(cuda.to_device(x, stream=stream), stream=stream) == x.sum()
	assert total.__name__ == "total" and total.py_func(1, 2) == 3
	for bad in (-1, x.size + 1):
		with pytest.raises(ValueError, match="size is"):
			total(x, size=bad)
	with pytest.raises(TypeError, match="size only counts items of a 1-D array"):
		total(np.zeros((2, 2)), size=1)


@pytest.mark.parametrize("n", [1, 5, 33, 20_000, 70_001])
def test_scan(device, n):
	@cuda.scan
	def top(a, b):
		return max(a, b)

	@cuda.scan
	def add(a, b):
		return a + b
	x = np.random.default_rng(n).integers(-1000, 1000, n)
	d = cuda.to_device(x)
	same(top(d), np.maximum.accumulate(x))
	same(add(d), np.cumsum(x))
	same(add(d, init=5), np.cumsum(x) + 5)
	same(add(d, exclusive=True, init=5), np.concatenate([[5], 5 + np.cumsum(x)[:-1]]))
	assert add(x).tolist() == np.cumsum(x).tolist()
	out = np.empty_like(x)
	assert add(x, out=out) is out
	two = x[:n // 5 * 5].reshape(-1, 5)
	if two.size:
		same(add(cuda.to_device(two), axis=0), np.cumsum(two, axis=0))
		same(add(cuda.to_device(two), axis=0, exclusive=True, init=0), np.cumsum(two, axis=0) - two)


@pytest.mark.parametrize("shape", [(1024,), (1025,), (40_003,), (3, 4096), (7, 1500), (300, 31), (5, 40, 60)])
def test_as_on_a_gpu(monkeypatch, shape):
	"""Blocks, parts and vectors as a GPU has them, run on the CPU device."""
	monkeypatch.setattr(DeviceNDArray, "on_host", False)
	monkeypatch.setattr(cuda.reductions, "LEAST", 1024)
	x = np.random.default_rng(0).integers(-1000, 1000, shape).astype("f4")
	d = cuda.to_device(x)
	for axis in (None, *range(x.ndim)):
		np.testing.assert_array_equal(d.sum(axis=axis).copy_to_host(), x.sum(axis=axis, dtype="f8"))
		np.testing.assert_array_equal(d.argmin(axis=axis).copy_to_host(), x.argmin(axis=axis))
		if axis is not None:
			np.testing.assert_array_equal(d.cumsum(axis=axis).copy_to_host(), np.cumsum(x, axis, "f8"))


# -- kernels as text -----------------------------------------------------------------------------------------------------------

def plus(x, y):
	return x + y


FOLD = _folds.Fold({}, (np.dtype("f4"),), plus)
PAIRS = _folds.Fold({}, (np.dtype("f4"), np.dtype("i8")), cuda.reductions.is_smaller, arg=True)


ROWS, COLUMNS = (((True, True),), 1, True), (((True, True, True),), 2, False)


def argument(name):
	if name in ("init", "count"):
		return float32
	if name in ("chunk", "per"):
		return types.int64
	ndim = 2 if name == "carry" else 3 if argument.columns else 1 if argument.flat and (name[0] == "a" or argument.scan) else 2
	return types.Array(types.int64 if name == "o1" else float32, ndim, "C")


@pytest.mark.skipif(not shutil.which("ptxas"), reason="needs NVIDIA's assembler")
@pytest.mark.parametrize("fold, text, options", [
	(FOLD, _folds.reduce_text, (ROWS, True, False, 256, 1, 4)), (PAIRS, _folds.reduce_text, (ROWS, True, True, 256, 1, 4, 4)),
	(FOLD, _folds.reduce_text, (COLUMNS, True, False, 32, 8, 1, 4)), (PAIRS, _folds.reduce_text, (COLUMNS, True, True, 32, 8)),
	(FOLD, _folds.scan_rows_text, (256, 4, False, True, True)), (FOLD, _folds.scan_rows_text, (256, 8, True, False, False)),
	(FOLD, _folds.scan_columns_text, (True, True))])
def test_assembles(tmp_path, fold, text, options):
	source, scope = text(fold, *options), fold.scope()
	exec(source, scope)
	argument.columns, argument.scan = "columns" in text.__name__ or options[0] == COLUMNS, "scan" in text.__name__
	argument.flat = options[0] == ROWS or text is _folds.scan_rows_text and options[-1]
	name, names = source[4:source.index("\n")].split("(")
	signature = tuple(argument(n) for n in names.removesuffix("):").split(", "))
	ptx = _core.compile(scope[name], signature, dict(cc=(9, 0), entry="kernel", facts=7))[0]
	if argument.flat:
		assert "ld.global.nc.v4" in ptx or "ld.global.v4" in ptx
		assert "used_bytes_mask" not in ptx                                          # each vector is one access of all of its elements
	path = tmp_path / "k.ptx"
	path.write_text(ptx)
	subprocess.run(["ptxas", "-arch=sm_90", str(path), "-o", str(tmp_path / "k.cubin")], check=True)


def test_masks_and_initial_values(device):
	x, where = np.arange(1, 13).reshape(3, 4), np.arange(12).reshape(3, 4) % 3 > 0
	there = cuda.to_device(x)
	for name in ("sum", "prod", "min", "max"):
		for axis in (None, 0, 1):
			got = getattr(there, name)(axis=axis, where=where, initial=2)
			assert got.copy_to_host().tolist() == getattr(x, name)(axis=axis, where=where, initial=2).tolist()


@pytest.mark.parametrize("name", ["argmin", "argmax"])
def test_outputs_of_places(device, name):
	x = np.arange(12.0).reshape(3, 4)[::-1]
	for dtype in ("i8", "i4", "u4", "?", "f4", "u8", "c16"):
		host, there = np.zeros(3, dtype), cuda.to_device(np.zeros(3, dtype))
		if np.can_cast(dtype, "i8"):
			getattr(x, name)(axis=1, out=host)
			assert getattr(cuda.to_device(x), name)(axis=1, out=there) is there and there.copy_to_host().tolist() == host.tolist()
			continue
		for a, out in ((x, host), (cuda.to_device(x), there)):
			with pytest.raises(TypeError, match="according to the rule 'safe'"):
				getattr(a, name)(axis=1, out=out)


def raising(a, b):
	if a < 0 or b < 0:
		raise ValueError("negative")
	return a + b


RAISING = {
	"reduce": cuda.reduce(raising), "scan": cuda.scan(raising), "exclusive": lambda x: cuda.scan(raising)(x, axis=0, exclusive=True, init=0.0),
	"ufunc": lambda x: np.asarray(cuda.vectorize(["f8(f8, f8)"])(raising).reduce(x)),
}


@pytest.mark.parametrize("name", RAISING)
@pytest.mark.parametrize("given", [lambda x: x, lambda x: x.reshape(50, 200), lambda x: x[::2], cuda.to_device], ids=["row", "rows", "steps", "device"])
def test_functions_that_raise(device, name, given):
	"""The exception says which thread it was, and the object works on."""
	call, x = RAISING[name], np.ones(10_000)
	call(given(x))
	x[[4444, 4445]] = -3
	with pytest.raises(ValueError, match=r"^In function 'raising', file .*test_reductions.py, line \d+, tid=\[.*\]: negative$"):
		call(given(x))
		cuda.synchronize()
	assert np.max(call(given(np.ones(10_000)))) > 1


@pytest.mark.parametrize("given", [lambda x: x, cuda.to_device], ids=["host", "device"])
@pytest.mark.parametrize("size", [100, 5000, 100_000])
def test_functions_that_raise_each_time(device, size, given):
	"""Whether the kernel that raises has ended when the next one is launched, or has not."""
	largest, x = cuda.reduce(raising), np.ones(size)
	x[size // 2] = -3
	for _ in range(8):
		with pytest.raises(ValueError, match="negative"):
			largest(given(x))
		cuda.synchronize()                     # which has nothing left to tell
		assert largest(given(np.ones(size))) == size


def test_functions_that_raise_with_a_result_on_the_device(device):
	"""It is raised when the device is waited for."""
	@cuda.reduce
	def largest(a, b):
		if b > 100:
			raise OverflowError("large", b)
		return max(a, b)

	x, res = np.ones(5000), cuda.device_array(1)
	largest(x, res=res)
	assert res.copy_to_host()[0] == 1
	x[3000] = 101
	with pytest.raises(OverflowError, match="large"):
		largest(x, res=res)
		cuda.synchronize()


def test_steps_of_zero_in_scans(device):
	@cuda.scan
	def odd(a, b):
		for i in range(0, 2, b):
			a += i
		return a

	assert odd(np.array([0, 1, 1])).tolist() == [0, 1, 2]
	with pytest.raises(ValueError, match=r"range\(\) arg 3 must not be zero"):
		odd(np.array([0, 1, 0]))
