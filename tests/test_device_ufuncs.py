"""Element-wise work on device arrays: vectorize(target='cuda'), operators, NumPy's ufuncs and functions, against NumPy over dtypes,
layouts, broadcasts, where and out."""

import operator
import pickle
import re
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fused_cases import on_device
from gridjit import _core, cuda, float32, guvectorize, types, vectorize
from gridjit.cuda import _loops
from gridjit.cuda._ufuncs import function_of

DTYPES = "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"
quick = settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(shape, dtype, seed):
	random = np.random.default_rng(seed)
	dtype = np.dtype(dtype)
	if dtype.kind == "f":
		values = random.normal(size=shape) * 4
		return np.where(random.random(shape) < 0.02, np.nan, values).astype(dtype)
	if dtype == bool:
		return random.random(shape) < 0.5
	return random.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)


@st.composite
def layouts(draw, shape, dtype):
	"""An array of the shape that lies in some way: C, F, sliced, reversed, with repeated dimensions."""
	seed = draw(st.integers(0, 1000))
	steps = [draw(st.sampled_from((1, 1, 1, 2, -1, 0))) for _ in shape]
	order = draw(st.permutations(range(len(shape))))
	size = [extent * (abs(step) or 1) if step else 1 for extent, step in zip(shape, steps)]
	base = np.moveaxis(fill([size[axis] for axis in order], dtype, seed), range(len(shape)), order) if shape else fill((), dtype, seed)
	if not shape:
		return base
	view = base[tuple(slice(None, None, step) if step else slice(None) for step in steps)]
	return np.broadcast_to(view, shape) if 0 in steps else view


@st.composite
def operands(draw, count, dtypes=DTYPES):
	"""Arrays that can be broadcast together."""
	shape = draw(st.lists(st.sampled_from((0, 1, 2, 3, 5, 33)), max_size=4).filter(lambda s: np.prod(s or [1]) < 3000))
	out = []
	for _ in range(count):
		own = [draw(st.sampled_from((extent, extent, 1))) for extent in shape][draw(st.integers(0, len(shape))):]
		out.append(draw(layouts(own, draw(st.sampled_from(dtypes)))))
	return out


def same(got, want, rtol=0.0):
	assert isinstance(got, cuda.DeviceNDArray), type(got)
	want = np.asarray(want)
	assert got.shape == want.shape and got.dtype == want.dtype, (got.shape, got.dtype, want.shape, want.dtype)
	if got.ndim > 1 and got.size:
		assert got.copy_to_host().shape == want.shape
	np.testing.assert_allclose(got.copy_to_host(), want, rtol=rtol or (1e-6 if want.dtype == np.float32 else 1e-13), equal_nan=True)


# -- operators and NumPy's ufuncs --------------------------------------------------------------------------------------------

BINARY = "add subtract multiply true_divide floor_divide remainder equal not_equal less less_equal greater greater_equal " \
	"bitwise_and bitwise_or bitwise_xor left_shift right_shift logical_and logical_or logical_xor maximum minimum fmax fmin " \
	"arctan2 hypot copysign".split()
UNARY = "negative absolute invert sign square sqrt floor ceil trunc rint isnan isinf isfinite logical_not exp sin cos tanh " \
	"positive reciprocal".split()


@pytest.mark.parametrize("name", BINARY + UNARY)
@quick
@given(data=st.data())
def test_ufuncs(device, name, data):
	ufunc = getattr(np, name)
	arrays = data.draw(operands(ufunc.nin))
	if "shift" in name:
		arrays[1] = abs(arrays[1].astype(arrays[1].dtype)) if arrays[1].dtype.kind == "i" else arrays[1]
	if name == "reciprocal" and arrays[0].dtype.kind in "iu":
		arrays[0] = np.where(arrays[0] == 0, 1, arrays[0]).astype(arrays[0].dtype)    # of 0: whatever the processor says
	with warnings.catch_warnings(), np.errstate(all="ignore"):
		warnings.simplefilter("ignore")
		try:
			want = ufunc(*arrays)
		except TypeError:
			with pytest.raises(TypeError):
				ufunc(*map(on_device, arrays))
			return
		got = ufunc(*map(on_device, arrays))
		if name == "floor_divide" or name == "remainder" and want.dtype.kind == "f":
			return same(got, want, 1e-5)
		loose = 1e-3 if want.dtype == np.float16 else 1e-6
		same(got, want, loose if name in ("exp", "sin", "cos", "tanh", "arctan2", "hypot") else 0.0)


@quick
@given(data=st.data())
def test_where_and_out(device, data):
	a, b = data.draw(operands(2, ("i4", "f4", "f8")))
	shape = np.broadcast_shapes(a.shape, b.shape)
	mask = data.draw(layouts([data.draw(st.sampled_from((extent, 1))) for extent in shape], "?"))
	out = fill(shape, "f8", 3)
	want, target = out.copy(), on_device(out)
	np.subtract(a, b, out=want, where=mask)
	assert np.subtract(on_device(a), on_device(b), out=target, where=on_device(mask)) is target
	same(target, want)
	host = out.copy()
	f = cuda.vectorize(lambda x, y: x - y)
	assert f(a, b, out=host, where=mask) is host
	np.testing.assert_allclose(host, want)


def test_results_lie_as_numpys(device):
	a = np.ones((3, 4, 5))
	for view in (a, a.T, a.transpose(1, 0, 2), a[:, ::2], a[::-1]):
		assert (on_device(view) + 1).strides == (view + 1).strides
	assert (on_device(a.T) + on_device(np.ones(3))).strides == (a.T + np.ones(3)).strides


def test_operators(device):
	x, y = fill((4, 5), "f4", 1), fill(5, "f8", 2)
	d = cuda.to_device(x)
	with np.errstate(all="ignore"):
		for got, want in ((d + y, x + y), (y - d, y - x), (2 * d, 2 * x), (d / 3, x / 3), (7 // d, 7 // x), (d % 2.5, x % 2.5),
				(d ** 2, x ** 2), (2.0 ** d, 2.0 ** x), (-d, -x), (+d, +x), (abs(d), abs(x)), (d < y, x < y), (d == x, x == x),
				(d != 0, x != 0), (1 >= d, 1 >= x), (divmod(d, 2)[1], divmod(x, 2)[1])):
			same(got, want, 1e-5)
	i = np.arange(-8, 8, dtype=np.int16)
	e = cuda.to_device(i)
	for got, want in ((e & 6, i & 6), (e | 1, i | 1), (3 ^ e, 3 ^ i), (~e, ~i), (e << 2, i << 2), (e >> 1, i >> 1), (e // 3, i // 3), (e % 3, i % 3)):
		same(got, want)
	e += 3
	same(e, i + 3)
	e[::2] *= 2
	i = i + 3
	i[::2] *= 2
	same(e, i)
	with pytest.raises(TypeError, match="Cannot cast ufunc 'true_divide' output|Cannot cast ufunc 'divide' output"):
		e /= 2
	with pytest.raises(TypeError):
		d + "text"
	assert (d == "text") is False and (d != None) is True  # noqa: E711
	assert isinstance(hash(d), int)
	with pytest.raises(OverflowError, match="Python integer 300 out of bounds for int8"):
		cuda.to_device(np.zeros(2, np.int8)) + 300
	same(cuda.to_device(np.zeros(2, np.int8)) < 300, np.array([True, True]))


def test_numpys_type_rules(device):
	for a in DTYPES:
		for b in (*DTYPES, 1, 1.0, True, np.float32(1), np.int64(1)):
			x = np.ones(2, a)
			y = np.ones(2, b) if isinstance(b, str) else b
			try:
				want = np.multiply.resolve_dtypes((x.dtype, type(y) if type(y) in (int, float) else np.asarray(y).dtype, None))[-1]
			except TypeError:
				continue
			assert (cuda.to_device(x) * (cuda.to_device(y) if isinstance(b, str) else y)).dtype == want, (a, b)


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor", "logical_not"])
def test_truth_of_all_types(device, name):
	f = getattr(np, name)
	x, y = np.array([0, 0.5, 2, 0]), np.array([1, 0, 3, 0], "i4")
	for given in (x, y), (x + 0j, x), (y, x > 1), (y, True), (x + 0.5j, y):
		given = given[:f.nin]
		on = [cuda.to_device(a) if isinstance(a, np.ndarray) else a for a in given]
		same(f(*on), f(*given))
		out = cuda.to_device(np.full(4, 9, "f4"))
		assert f(*on, out=out, where=y > 0) is out
		same(out, f(*given, out=np.full(4, 9, "f4"), where=y > 0))


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_complex(device, dtype):
	random = np.random.default_rng(2)
	x = (random.normal(size=(3, 4)) + 1j * random.normal(size=(3, 4))).astype(dtype)
	d = cuda.to_device(x)
	for got, want in ((d + d.T.T, x + x), (d * 1j, x * 1j), (2 / d, 2 / x), (d - x[0], x - x[0]), (-d, -x), (abs(d), abs(x)),
			(np.conjugate(d), x.conj()), (d == x, x == x), (d * np.arange(4), x * np.arange(4)), (np.exp(d), np.exp(x)), (d.sum(axis=0), x.sum(axis=0)),
			(d.prod(), x.prod()), (d.cumsum(axis=1), x.cumsum(axis=1)), (d.mean(), x.mean()), (np.where(abs(d) > 1, d, 0), np.where(abs(x) > 1, x, 0))):
		same(got, want, 1e-5)
	with pytest.raises(TypeError):
		np.floor(d)
	assert cuda.vectorize(lambda z: z * z + 1)(d).dtype in (np.dtype(dtype), np.complex128)


def test_functions(device):
	x, y = fill((3, 4), "f4", 1), fill((3, 4), "i4", 2)
	d, e = cuda.to_device(x), cuda.to_device(y)
	same(np.where(e > 0, d, e), np.where(y > 0, x, y))
	same(np.where(e > 0, d, 0), np.where(y > 0, x, np.float32(0)))
	same(np.clip(d, -1, 1.5), np.clip(x, np.float32(-1), np.float32(1.5)))
	same(np.clip(e, None, 3), np.clip(y, None, 3))
	same(d.clip(0, 1), x.clip(0, 1))
	same(np.concatenate([d, e, x], axis=1), np.concatenate([x, y, x], axis=1))
	same(np.concatenate([d, d[:1]]), np.concatenate([x, x[:1]]))
	same(np.concatenate([d, e], axis=None), np.concatenate([x, y], axis=None))
	same(np.stack([d, d], axis=-1), np.stack([x, x], axis=-1))
	same(np.zeros_like(d), np.zeros_like(x))
	same(np.ones_like(e.T), np.ones_like(y.T))
	same(np.full_like(d, 3, dtype="i8"), np.full_like(x, 3, dtype="i8"))
	assert np.empty_like(d, shape=(2, 2)).shape == (2, 2)
	same(np.copy(d.T), x.T.copy())
	same(np.transpose(d), x.T)
	same(np.expand_dims(d, 1), x[:, None])
	assert np.shape(d) == (3, 4) and np.size(d) == 12 and np.ndim(d) == 2
	assert np.array_equal(np.nan_to_num(d), np.nan_to_num(x)), "what is not built works on a copy in host memory"
	same(np.expand_dims(d[:, ::2], (0, -1)), np.expand_dims(x[:, ::2], (0, -1)))
	rows = np.broadcast_to(d[0], (5, 4))
	same(rows, np.broadcast_to(x[0], (5, 4)))
	for write in (lambda: operator.iadd(rows, 1)), (lambda: rows.fill(0)), (lambda: rows.__setitem__(0, 1)):
		with pytest.raises(ValueError, match="read-only"):
			write()
	assert np.zeros_like(cuda.to_device(np.array(["ab", "c"]))).copy_to_host().tolist() == ["", ""]
	same(np.reshape(d[:, ::2], (2, 3)), np.reshape(x[:, ::2], (2, 3)))
	few = np.arange(5, dtype="u1")
	same(np.clip(cuda.to_device(few), -2, 300), np.clip(few, 0, 255))
	assert [list(i) for i in np.where(d)] == [list(i) for i in np.where(d.copy_to_host())]
	with pytest.raises(ValueError, match="need at least one array"):
		cuda._operators.concatenate([])


def test_astype_copy_fill(device):
	x = np.array([[1.5, -2.5], [3.0, 0.0]], "f4")
	d = cuda.to_device(x)
	for dtype in DTYPES:
		if np.dtype(dtype).kind != "u":
			same(d.astype(dtype), x.astype(dtype))
	assert d.astype("f4", copy=False) is d and d.astype("f4") is not d
	same(d.T.astype("f8"), x.T.astype("f8"))
	same(d.copy(), x)
	with pytest.raises(TypeError, match="according to the rule 'safe'"):
		d.astype("i4", casting="safe")
	d[:, 1].fill(7)
	x[:, 1].fill(7)
	same(d, x)
	same(cuda.to_device(np.array(["a", "b"], "S3")).astype("S5"), np.array(["a", "b"], "S5")) if False else None
	with pytest.raises(ValueError, match="order must be one of"):
		d.astype("f4", order="X")
	for value in 1j, "x", np.arange(3):
		with pytest.raises((TypeError, ValueError)):
			cuda.to_device(np.zeros(2, "u1")).fill(value)
	with pytest.raises(ValueError, match="read-only"):
		cuda.DeviceNDArray(4, None, "f4", readonly=True).fill(1)


def test_shapes_without_elements_and_dimensions(device):
	d = cuda.to_device(np.zeros((0, 3)))
	same(d + 1, np.zeros((0, 3)) + 1)
	same(d + np.ones((1, 3)), np.zeros((0, 3)))
	zero = cuda.to_device(np.array(2.0))
	same(zero * 3, np.array(6.0))
	assert float((zero + zero).copy_to_host()) == 4


def test_six_dimensions(device):
	x = np.arange(2 * 3 * 2 * 3 * 2 * 3, dtype="f4").reshape(2, 3, 2, 3, 2, 3)
	y = x[:, :1, :, :1, :, :1]
	same(on_device(x[::-1, ::2, :, ::2, ::-1, ::2]) + on_device(y), x[::-1, ::2, :, ::2, ::-1, ::2] + y)


@pytest.mark.parametrize("shape", [(1,), (4095,), (4096,), (4097,), (100_001,), (1 << 20,)])
def test_long_arrays(device, shape):
	x = np.arange(np.prod(shape), dtype="f4").reshape(shape)
	same(cuda.to_device(x) * 2 + 1, x * 2 + 1)
	same(cuda.to_device(x)[1:] - cuda.to_device(x)[:-1], x[1:] - x[:-1])


# -- operands that overlap ---------------------------------------------------------------------------------------------------

def test_overlap(device):
	for source, target in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)), (slice(None, None, -1), slice(None))):
		x = np.arange(100.0)
		d = cuda.to_device(x)
		want = x.copy()
		np.multiply(want[source], 2, out=want[target])
		np.multiply(d[source], 2, out=d[target])
		same(d, want)
	x = np.arange(36.0).reshape(6, 6)
	d = cuda.to_device(x)
	np.add(d, d.T, out=d)
	same(d, x + x.T)
	d += d
	same(d, 2 * (x + x.T))


# -- vectorize ---------------------------------------------------------------------------------------------------------------

@cuda.vectorize
def collatz(n):
	steps = 0
	while n > 1:
		n = n // 2 if n % 2 == 0 else 3 * n + 1
		steps += 1
	return steps


@vectorize(["float32(float32, float32)", "float64(float64, float64)"], target="cuda")
def hypotenuse(a, b):
	return (a * a + b * b) ** 0.5


@cuda.vectorize
def polar(x, y):
	return np.hypot(x, y), np.arctan2(y, x)


def test_vectorize(device):
	n = np.arange(1, 50)
	want = [collatz.py_func(int(i)) for i in n]
	got = collatz(n)
	assert isinstance(got, np.ndarray) and got.dtype == np.int64 and got.tolist() == want
	assert isinstance(collatz(cuda.to_device(n)), cuda.DeviceNDArray)
	assert collatz(27) == 111 and isinstance(collatz(27), np.int64)
	assert collatz([27, 1]).tolist() == [111, 0]
	assert "l->l" in collatz.types and collatz.nin == 1 and collatz.nout == 1 and collatz.nargs == 2
	assert collatz.__name__ == "collatz" and collatz.max_blocksize == 0 and repr(collatz) == "<DeviceUFunc 'collatz'>"


def test_signatures(device):
	f4, f8, i2 = (np.full(3, 3, t) for t in ("f4", "f8", "i2"))
	assert hypotenuse.types == ["ff->f", "dd->d"]
	assert hypotenuse(f4, f4).dtype == np.float32 and hypotenuse(f4, 4.0).dtype == np.float32
	assert hypotenuse(i2, i2).dtype == np.float32 and hypotenuse(f4, f8).dtype == np.float64
	assert hypotenuse(np.full(3, 3), 4).tolist() == [5, 5, 5]
	assert hypotenuse(f8, f8, dtype="f4", casting="same_kind").dtype == np.float32
	assert hypotenuse(f4, f4, signature="dd->d").dtype == np.float64
	with pytest.raises(TypeError, match="did not contain a loop with signature matching types"):
		hypotenuse(f8 * 1j, f8)
	with pytest.raises(TypeError, match="did not contain a loop with signature matching types"):
		hypotenuse(f8.astype("g"), f8)
	with pytest.raises(TypeError, match="Cannot cast ufunc 'hypotenuse' input 0"):
		hypotenuse(f8, f8, dtype="f4", casting="safe")


def test_several_outputs(device):
	x, y = np.array([3.0, 0.0]), np.array([4.0, 1.0])
	r, phi = polar(x, y)
	np.testing.assert_allclose(r, [5, 1])
	np.testing.assert_allclose(phi, np.arctan2(y, x))
	out = np.empty(2), None
	r, phi = polar(cuda.to_device(x), y, out=out)
	assert r is out[0] and isinstance(phi, cuda.DeviceNDArray)


def test_other_libraries_operands(device):
	from producers import HostProducer
	x = np.arange(4.0)
	np.testing.assert_allclose(hypotenuse(HostProducer(x), 0.0), [0, 1, 2, 3], rtol=1e-15)


def test_strange_memory(device):
	x = np.arange(6, dtype=">f4")
	np.testing.assert_allclose(hypotenuse(x, 0), x.astype("f4"), rtol=1e-6)
	packed = np.zeros(5, np.dtype([("a", "u1"), ("b", "f8")]))["b"]
	packed[:] = [1, 2, 3, 4, 5]
	np.testing.assert_allclose(hypotenuse(packed, 0), packed, rtol=1e-15)
	target = np.zeros(5, np.dtype([("a", "u1"), ("b", "f8")]))["b"]
	assert hypotenuse(packed, 0, out=target) is target
	np.testing.assert_allclose(target, packed, rtol=1e-15)
	locked = np.zeros(5)
	locked.flags.writeable = False
	with pytest.raises(ValueError, match="output array is read-only"):
		hypotenuse(packed, 0, out=locked)


@pytest.mark.parametrize("call, error, text", [
	(lambda f, x: f(x), TypeError, r"f\(\) takes from 2 to 3 positional arguments but 1 was given"),
	(lambda f, x: f(x, x, x, out=x), TypeError, "cannot specify 'out' as both a positional and keyword argument"),
	(lambda f, x: f(x, np.ones(4)), ValueError, r"operands could not be broadcast together with shapes \(2,3\) \(4,\)"),
	(lambda f, x: f(x, x, out=np.ones(3)), ValueError, r"non-broadcastable output operand with shape \(3,\) doesn't match the broadcast shape \(2,3\)"),
	(lambda f, x: f(x, x, out=np.ones((2, 3), "i4")), TypeError, "Cannot cast ufunc 'f' output from dtype\\('float64'\\) to dtype\\('int32'\\)"),
	(lambda f, x: f(x, np.array([None])), TypeError, "did not contain a loop"),
	(lambda f, x: f(x, x, out=3), TypeError, "return arrays must be of ArrayType"),
	(lambda f, x: f(x, x, colour=3), TypeError, r"f\(\) got an unexpected keyword argument 'colour'"),
	(lambda f, x: f(x, x, casting="maybe"), ValueError, "casting must be one of"),
	(lambda f, x: f(x, x, out=(x, x)), ValueError, "must have exactly one entry per ufunc output"),
])
def test_mistakes(device, call, error, text):
	@cuda.vectorize
	def f(a, b):
		return a + b
	with pytest.raises(error, match=text):
		call(f, np.ones((2, 3)))
	with pytest.raises(error, match=text):
		call(f, cuda.to_device(np.ones((2, 3))))


def test_calls_of_it(device):
	@cuda.jit(device=True)
	def twice(x):
		return 2 * collatz(x)

	@cuda.vectorize
	def both(x):
		return collatz(x) + twice(x)

	@cuda.jit
	def kernel(out):
		out[cuda.grid(1)] = both(cuda.grid(1))
	out = np.zeros(32, np.int64)
	kernel[1, 32](out)
	assert out.tolist() == both(np.arange(32)).tolist() == [3 * collatz.py_func(i) for i in range(32)]


def test_pickling():
	assert pickle.loads(pickle.dumps(collatz)) is collatz


def test_cpu_ufuncs_take_device_arrays(device):
	plus = vectorize(lambda a, b: a + b)
	same(plus(cuda.to_device(np.arange(3.0)), 1), np.arange(3.0) + 1)


def test_auto(device):
	f = vectorize(lambda a, b: a * b, target="auto")
	x = np.arange(5.0)
	assert isinstance(f(x, x), np.ndarray) and isinstance(f(cuda.to_device(x), 2), cuda.DeviceNDArray)
	assert f.reduce(np.arange(1.0, 5)) == 24 and f.outer(x, x).shape == (5, 5) and f.nin == 2


def test_streams(device):
	stream = cuda.stream()
	d = cuda.to_device(np.arange(100.0), stream=stream)
	got = hypotenuse(d, 1.0, stream=stream)
	assert got.stream is stream
	stream.synchronize()
	np.testing.assert_allclose(got.copy_to_host(), np.hypot(np.arange(100), 1))


# -- kernels as text ---------------------------------------------------------------------------------------------------------

def saxpy(a, x, y):
	return a * x + y


def ptx(ndim, varies, mask=False, wide=False, facts=7):
	scope = {"cuda": cuda, "f": saxpy, **{f"T{k}": float32 for k in range(3)}, "R0": float32}
	exec(_loops.text(3, 1, ndim, varies, mask, wide), scope)
	arrays = [float32 if v == _loops.BY_VALUE else types.Array(float32, max(1, bin(v).count("1")), "C") for v in varies]
	if mask:
		arrays[1] = types.Array(types.boolean, ndim, "C")
	return _core.compile(scope["loop"], tuple(arrays), dict(cc=(9, 0), entry="kernel", facts=facts))[0]


def test_two_elements_travel_together():
	text = ptx(1, bytes([1, 255, 1, 1]), wide=True)
	assert len(re.findall(r"v2\.[bf]32", text)) == 3 and not re.search(r"global[a-z.]*\.[bf]32 \t%f", text)


@pytest.mark.skipif(not shutil.which("ptxas"), reason="needs NVIDIA's assembler")
@pytest.mark.parametrize("ndim, varies, mask, wide", [
	(1, (1, 255, 1, 1), False, True), (1, (1, 0, 1, 1), False, False), (2, (3, 255, 2, 1), False, False),
	(3, (7, 7, 7, 5, 2), True, False), (6, (63, 255, 63, 1), False, False)])
def test_assembles(tmp_path, ndim, varies, mask, wide):
	path = tmp_path / "k.ptx"
	path.write_text(ptx(ndim, bytes(varies), mask, wide))
	subprocess.run(["ptxas", "-arch=sm_90", str(path), "-o", str(tmp_path / "k.cubin")], check=True)


def test_functions_are_made_once():
	assert function_of(np.add) is function_of(np.add)
	with pytest.raises(TypeError, match="np.matmul of device arrays is not supported"):
		function_of(np.matmul)


@pytest.mark.parametrize("x, y", [
	*((np.arange(1, 4), y) for y in (-1, np.int8(-1), np.array([1, -1, 2]), np.array([[1], [-2]], "i1"), -1.0, np.zeros((0, 1), int) - 1, 2)),
	(np.arange(1, 4, dtype="u4"), np.array(-1)), (np.arange(1, 4, dtype="u8"), np.array([-1])), (np.array([True, False]), np.array([-1, 1])), (np.array([True, False]), 2), (np.array([True, False]), 3), (2, np.array([1, -1])),
	*((np.array([complex(np.inf, 0), complex(np.inf, np.inf), 0, complex(-np.inf, 0), 1 + 2j, complex(np.nan, 1)], kind), y) for kind in ("c8", "c16")
		for y in (-1, 0, 0.5, 1, 2, 3, np.array(2 + 0j), np.array(5 - 0j), np.array([-1, 2, -1, -2, 0, 0]))),
	*((np.array([-np.inf, -0.0, 4.0, np.nan], kind), y) for kind in ("f4", "f8") for y in (-1, 0, 0.5, 1, 2))])
def test_powers(device, x, y):
	"""Of integers none may be negative; the operator's -1, 0.5, 1 and 2 are functions of their own, small powers of complex numbers products."""
	def outcome(f, *args):
		try:
			return f(*args)
		except ValueError as error:
			return str(error)

	there = [cuda.to_device(z) if isinstance(z, np.ndarray) else z for z in (x, y)]
	for f in (operator.pow, np.power, lambda a, b: operator.ipow(a.copy() if hasattr(a, "copy") else a, b)):
		if f is np.power and np.asarray(x).dtype.kind == "c" and isinstance(y, float) or np.ndim(y) > 1 and f not in (operator.pow, np.power):
			continue
		with warnings.catch_warnings():
			warnings.simplefilter("ignore")
			try:
				want = outcome(f, x, y)
			except TypeError:                          # in place, to a wider type
				continue
			got = outcome(f, *there)
		if isinstance(want, str):
			assert got == want
		else:
			assert got.dtype == want.dtype
			np.testing.assert_allclose(got.copy_to_host(), want, rtol=1e-6 if want.dtype.char in "fF" else 1e-14)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i4", "u4", "f4"])
def test_wider_outputs(device, dtype):
	"""They take what the loop of the inputs' type makes: it wraps, and rounds."""
	top = np.array([np.finfo(dtype).max if dtype == "f4" else np.iinfo(dtype).max, 3, 1] * 50, dtype)
	x = cuda.to_device(top)
	for out in "f8", "i8" if dtype != "f4" else "c16":
		for f, *others in (np.add, 1), (np.add, top), (np.multiply, top), (np.subtract, top[::-1].copy()), (np.negative,), (np.divide, 3), (np.divmod, 3):
			if f is np.divide and out == "i8" or f is np.divmod and out == "c16":
				continue
			wants, gots = (tuple(np.zeros(150, out) for _ in range(f.nout)) for _ in range(2))
			gots = tuple(map(cuda.to_device, gots))
			with np.errstate(all="ignore"):
				f(top, *others, out=wants)
			f(x, *others, out=gots)
			for want, got in zip(wants, gots):
				assert np.array_equal(got.copy_to_host(), want), (f, out)


def test_negative_powers_that_nobody_wants(device):
	out = cuda.to_device(np.zeros(3, int))
	np.power(cuda.to_device(np.arange(3)), cuda.to_device(np.array([1, -1, 2])), out=out, where=np.array([True, False, True]))
	assert out.copy_to_host().tolist() == [0, 0, 4]


def test_outputs_that_overlap_each_other(device):
	for cut in (lambda a: (a[:-1], a[1:]), lambda a: (a[1:], a[:-1]), lambda a: (a[::-1][1:], a[::-1][:-1])):
		host = np.arange(10, 17)
		there = cuda.to_device(host)
		np.divmod(host[1:].copy(), 3, out=cut(host))
		np.divmod(there[1:].copy(), 3, out=cut(there))
		assert there.copy_to_host().tolist() == host.tolist()


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4"])
def test_outputs_of_other_byte_order(device, dtype):
	x, host = np.arange(3.0), np.arange(3).astype(dtype)
	there, mask = cuda.to_device(host), np.array([True, False, True])
	for out in (there, host.copy()):
		assert np.multiply(cuda.to_device(x), 2, out=out, casting="unsafe") is out
		assert (out.copy_to_host() if out is there else out).tolist() == [0, 2, 4]
	np.add(there, x, out=there, where=mask, casting="unsafe")
	assert there.dtype == dtype and there.copy_to_host().tolist() == [0, 2, 6]
	there += 1
	assert there.copy_to_host().tolist() == [1, 3, 7]


@pytest.mark.filterwarnings("ignore:Casting complex values")
@pytest.mark.parametrize("dtype", ["f4", "i4", "u8", ">f4"])
def test_complex_results_in_real_outputs(device, dtype):
	x = np.arange(4) + 1j * np.arange(4)
	for where in (True, np.array([True, False, True, True])):
		want, host = np.full(4, 9, dtype), np.full(4, 9, dtype)
		there = cuda.to_device(want)
		np.add(x, 1j, out=want, where=where, casting="unsafe")
		np.add(cuda.to_device(x), 1j, out=there, where=where, casting="unsafe")
		np.add(cuda.to_device(x), 1j, out=host, where=where, casting="unsafe")
		assert there.copy_to_host().tolist() == host.tolist() == want.tolist()
	same(np.add(cuda.to_device(x), 2j, dtype="f4", casting="unsafe"), np.add(x, 2j, dtype="f4", casting="unsafe"))


@pytest.mark.parametrize("call, fits", [(lambda x: np.add(x, 2.5, dtype="i4"), False), (lambda x: np.add(x, 2, dtype="?"), False),
	(lambda x: np.add(x, 1j, dtype="f8"), False), (lambda x: np.add(x, 2.5, out=x), False), (lambda x: np.add(x, 2.5, out=x, casting="unsafe"), True),
	(lambda x: np.multiply(x, True, dtype="i4"), True), (lambda x: np.logical_and(x, 2.5), True)])
def test_kinds_of_python_numbers(device, call, fits):
	for x in (np.arange(3, dtype="i4"), np.zeros(0, "i4")):
		if fits:
			same(call(cuda.to_device(x)), call(x.copy()))
			continue
		for one in (x, cuda.to_device(x)):
			with pytest.raises(TypeError, match="Cannot cast ufunc"):
				call(one)


def test_reduceat(device):
	x = np.arange(60, dtype="f4").reshape(3, 4, 5)
	difference = cuda.vectorize(lambda a, b: a - b)
	for f, by in ((np.add.reduceat, np.add), (np.subtract.reduceat, np.subtract), (difference.reduceat, np.subtract)):
		for axis, n in enumerate(x.shape):
			for places in ([0, n - 1, 1], [n - 1], [1, 1, 2], []):
				for lies in (x, x[::-1, :, ::-1]):
					given = cuda.to_device(x)[::-1, :, ::-1] if lies is not x else cuda.to_device(x)
					same(f(given, np.array(places, int), axis=axis), by.reduceat(lies, np.array(places, int), axis=axis))
	out = cuda.device_array((2, 4, 5), np.float64)
	assert difference.reduceat(x, [0, 1], out=out) is out and (out.copy_to_host() == np.subtract.reduceat(x, [0, 1])).all()
	same(np.add.reduceat(cuda.to_device(x.astype("i2")), cuda.to_device(np.array([0, 2])), axis=1, dtype="f8"), np.add.reduceat(x, [0, 2], axis=1, dtype="f8"))
	for bad in [3], [-1]:
		with pytest.raises(IndexError, match="out-of-bounds in subtract.reduceat"):
			np.subtract.reduceat(cuda.to_device(x), bad)


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
def test_order_of_results(device, order):
	difference, c = cuda.vectorize(lambda a, b: a - b), np.arange(12.0).reshape(3, 4)
	f = np.asfortranarray(c)
	for args in ((c, c), (f, f), (f, c), (f, 2.0), (c.T, 1)):
		want = np.subtract(*args, order=order)
		on_host, on_device_ = difference(*args, order=order), difference(*(on_device(a) if isinstance(a, np.ndarray) else a for a in args), order=order)
		assert on_host.strides == on_device_.strides == want.strides
		same(on_device_, want)


def test_ufuncs_of_the_cpu_keep_their_signatures_and_options_on_the_device(device):
	def doubled(x):
		return x * 2

	def total(x, out):
		out[0] = 0
		for i in range(x.shape[0]):
			out[0] += x[i]

	f = vectorize(["f4(f4)"])(doubled)
	rows = np.arange(12, dtype="f4").reshape(3, 4)
	assert np.array_equal(f(cuda.to_device(rows)).copy_to_host(), rows * 2) and f(cuda.to_device(rows)).dtype == np.float32
	with pytest.raises(TypeError, match="did not contain a loop"):
		f(cuda.to_device(rows.astype("f8")))
	g = guvectorize(["(f8[:], f8[:])"], "(n)->()")(total)
	assert g(cuda.to_device(rows)).copy_to_host().tolist() == [6, 22, 38]

	def tripled(x, out):
		out[0] = 3 * x
	assert guvectorize(["(f8, f8[:])"], "()->()")(tripled)(cuda.to_device(np.arange(3.0))).copy_to_host().tolist() == [0, 3, 6]
	assert vectorize(fastmath=True)(doubled)(cuda.to_device(rows)).copy_to_host()[2, 3] == 22


def test_sequences_are_operands(device):
	d = cuda.to_device(np.arange(3.0))
	for got in d + [1, 2, 3], d + (1, 2, 3), (1, 2, 3) + d, np.add(d, (1, 2, 3)), [1, 2, 3] + d:
		assert got.copy_to_host().tolist() == [1, 3, 5]
	d += (1, 1, 1)
	assert (d == (1, 2, 3)).copy_to_host().all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "i4", "u8"])
@pytest.mark.parametrize("x", [2**63, 2**64, 10**30, -2**63 - 1, 10**300], ids=lambda x: f"{x:.0e}" if isinstance(x, int) else None)
def test_integers_of_more_than_64_bits(device, dtype, x):
	a = np.array([1, 2, 3], dtype)
	d = cuda.to_device(a)
	for call in operator.add, operator.lt, lambda a, x: x - a, lambda a, x: np.maximum(a, x):
		try:
			with np.errstate(over="ignore"):
				wanted = call(a, x)
		except OverflowError:
			with pytest.raises(OverflowError):
				call(d, x)
		else:
			given = call(d, x)
			assert given.dtype == wanted.dtype and np.array_equal(given.copy_to_host(), wanted)


@pytest.mark.parametrize("dtype, value", [("i4", 1.5), ("u1", 300), ("f8", 3j), ("i8", 1j), ("?", 1), ("f4", 0.1)])
def test_at_stores_each_step(device, dtype, value):
	"""What is between two values for one place has the array's dtype, and what it has no room for is dropped."""
	a = np.arange(4).astype(dtype)
	d = cuda.to_device(a)
	warned = []
	for x in a, d:
		with warnings.catch_warnings(record=True) as w:
			warnings.simplefilter("always")
			np.add.at(x, [0, 2, 0, 0], np.array(value))
		warned.append([one.category for one in w][:1])
	assert np.array_equal(d.copy_to_host(), a) and warned[0] == warned[1]


@pytest.mark.parametrize("lie", [np.asfortranarray, lambda a: a.astype(">i8"), lambda a: a[::-1], lambda a: np.asfortranarray(a.astype(">i8"))])
def test_at_of_every_layout(device, lie):
	a = lie(np.arange(12).reshape(3, 4))
	d = cuda.to_device(a.copy(order="K"))
	for x in a, d:
		np.add.at(x, ([0, 2, 0], slice(None, None, 2)), 5)
		np.negative.at(x, 1)
	assert np.array_equal(d.copy_to_host(), a)


@pytest.mark.parametrize("shape, mask, axis", [((1,), (3,), 0), ((1, 3), (2, 3), 1), ((3,), (2, 3), 0), ((), (1,), None), ((2, 3), (3,), 0), ((2, 3), (2, 1), None), ((2, 3), (), 1)])
def test_masks_of_reductions_are_no_larger_than_the_array(device, shape, mask, axis):
	x, chosen = np.ones(shape), np.ones(mask, bool)
	for reduce in np.add.reduce, np.maximum.reduce, np.prod:
		try:
			wanted = reduce(x, axis=axis, where=chosen, initial=0)
		except ValueError as error:
			with pytest.raises(ValueError, match=re.escape(str(error))):
				reduce(cuda.to_device(x), axis=axis, where=chosen, initial=0)
		else:
			assert np.array_equal(reduce(cuda.to_device(x), axis=axis, where=chosen, initial=0).copy_to_host(), wanted)
	with pytest.raises(ValueError, match="has no identity|have an identity"):
		np.add.reduce(cuda.to_device(np.ones(3)), where=np.ones(3, bool), initial=None)


def test_reductions_of_one_element_begin_with_the_identity(device):
	x = np.array([[-2.0], [3.0]])
	f = cuda.vectorize(["float64(float64, float64)"], identity=0)(lambda a, b: (a * a + b * b) ** 0.5)
	assert np.hypot.reduce(cuda.to_device(x), axis=1).copy_to_host().tolist() == np.hypot.reduce(x, axis=1).tolist() == [2, 3]
	assert np.allclose(f.reduce(x, axis=1), [2, 3], rtol=1e-14) and f.reduce(x[0], initial=None) == -2 and np.allclose(f.reduce(x, axis=0), 13**0.5)


def test_what_numpy_refuses_of_numbers(device):
	d = cuda.to_device(np.arange(3.0))
	for key in ([0, 1], d > 1, [True, False, True]):
		with pytest.raises(TypeError, match="not 'complex'"):
			d[key] = 2j
	lone = cuda.to_device(np.float32(3))
	with pytest.raises(np.exceptions.AxisError):
		lone.mean(axis=0)
	assert lone.sum(axis=0) == 3 and lone.dot(2.0) == 6 and lone.argpartition(0).tolist() == [0]


@pytest.mark.parametrize("call", ["np.add.reduce(a, out=3)", "np.add.reduce(a, out=(a[0], a[1]))", "np.add.reduce(a, out=())", "np.add.reduce(a, keepdims='a')", "np.add.reduce(a, keepdims=None)",
	"np.add.accumulate(a, out='x')", "np.add.reduceat(a, [0], out=3)", "a.sum(out=3)", "a.mean(out=3)", "a.max(keepdims=2.0)"])
def test_keywords_of_reductions_that_are_none(device, call):
	a = np.arange(6.0).reshape(2, 3)
	with pytest.raises((TypeError, ValueError)) as wanted:
		eval(call, {"np": np, "a": a})
	with pytest.raises(wanted.type):
		eval(call, {"np": np, "a": cuda.to_device(a)})
