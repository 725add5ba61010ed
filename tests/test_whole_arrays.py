"""Views of whole arrays in kernels: flat, ndenumerate, ndindex, real and imag; reductions along axes into an array. As NumPy has them."""

import numpy as np
import pytest

from as_python import assembled, same
from gridjit import cuda, errors, float64

BIG = np.arange(120.0).reshape(4, 5, 6)
ARRAYS = {
	"C": BIG[0].copy(), "F": np.asfortranarray(BIG[1]), "A": BIG[2, ::2, ::-1], "T": BIG[3].T, "3d": BIG.transpose(2, 0, 1)[::2], "1d": BIG[0, 0, ::2],
	"empty": BIG[0, :0], "nothing": np.zeros((0, 3)).T, "0d": np.array(3.0), "ints": np.arange(6, dtype=np.int32).reshape(2, 3).T,
}
SHAPED = [name for name in ARRAYS if name != "0d"]


def flat(out, a, n):
	i = 0
	for x in a.flat:
		out[i % 40] += x * (i + 1)
		i += 1
	out[40] = len(a.flat)
	if a.size > 2:
		out[41] = a.flat[1] + a.flat[-1] * 10
		a.flat[2] = n
		a.flat[-2] += 5
	out[42] = sum(a.flat)
	for k, x in enumerate(a.flat):
		out[43] += k * x


def numbered(out, a, n):
	for index, x in np.ndenumerate(a):
		out[0] += x
		for k in index:
			out[1] = (out[1] * 7 + k) % 1009
		out[2] = x
	for index in np.ndindex(a.shape):
		out[3] += 1
		out[4] += a[index] * out[3]
	out[5] = max([max(index) for index in np.ndindex(2, 3)])


def indices(out, a, n):
	for i, j in np.ndindex(n, 4):
		out[i * 4 + j] = i * 10 + j
	for i, in np.ndindex(n):
		out[20] += i
	for t in np.ndindex((2, n - 1, 2)):
		out[21] = out[21] * 3 + t[0] + t[1] + t[2]
	for t in np.ndindex(2, 0, 2):
		out[22] = 1
	out[23] = len([t for t in np.ndindex(2, 2)])


def in_a_row(out, a, n):
	"""Stores through flat: of numbers, of arrays' items, which begin again where they end, and of slices."""
	a.flat = n
	out.flat[1::5] = a.flat[0] if a.size else 2
	if a.ndim > 0:
		a.flat[: a.size // 2] = out[:3]
		a.flat[::-1][:1] if a.ndim == 1 else a
		a.flat[n::2] = n + 0.5
	b = np.zeros((3, 4))
	b.T.flat = np.arange(5)
	b.T.flat[-3:] = (7, 8)
	b.T.flat[11:5:-2] = b[:2, :2] * 10
	b.T.flat[:4] = b[:0]
	out[:12] += b.flatten()


def only_index(out, a, n):
	for index in np.ndindex():
		out[0] += 1 + len(index)
	for index in np.ndindex(()):
		out[1] += a[index] + n
	for index, x in np.ndenumerate(a):
		out[2] += x + len(index)
	out[3] = len([i for i in np.ndindex()])
	for (index, x), k in zip(np.ndenumerate(a), np.ndindex()):
		out[4] += x


def parts(out, z, n):
	z.real[0] = n
	z.imag[:] += 1
	z.real *= 2
	out[0] = z[0].real + z[1].imag * 10 + z.real.sum() * 100 + z.imag[::2].size * 1000
	for x in z.real:
		out[1] += x
	for w in z.flat:
		out[2] += w.imag


def filled(out, a, n):
	if a.size > 0:
		a[...].fill(n)
	out[:4].fill(n + 0.5)
	out[4:].fill(True)
	out[5] = a.sum()


def conjugates(out, z, n):
	out[0] = (z.conj() * z).sum().real + z.imag.conjugate().sum() * n + z.real.conj().sum()


@pytest.mark.parametrize("name", SHAPED)
def test_fill(device, name):
	same(filled, np.zeros(6), ARRAYS[name], 3)


def test_conjugates(device):
	same(conjugates, np.zeros(1), np.arange(5) * (1 - 2j), 3)


@pytest.mark.parametrize("name", ARRAYS)
def test_flat(device, name):
	same(flat, np.zeros(44), ARRAYS[name], 3)


@pytest.mark.parametrize("name", SHAPED)
def test_in_a_row(device, name):
	same(in_a_row, np.zeros(20), ARRAYS[name].astype(float), 3)


def test_only_index(device):
	same(only_index, np.zeros(5), ARRAYS["0d"], 3)


@pytest.mark.parametrize("name", SHAPED)
def test_numbered(device, name):
	same(numbered, np.zeros(6), ARRAYS[name], 3)


def test_indices(device):
	assert same(indices, np.zeros(24), ARRAYS["C"], 3)[21]


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_parts(device, dtype):
	same(parts, np.zeros(3), (np.arange(6) * (1 - 2j)).astype(dtype)[::2], 3)


def test_in_threads(device):
	"""Each thread walks through its own part."""
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		if i < a.shape[0]:
			for (j, k), x in np.ndenumerate(a[i]):
				out[i] += x * (j + 1) * (k + 2)
			for x in a[i, : i % 4].flat:
				out[i] += x

	a, out = np.random.default_rng(5).normal(size=(50, 4, 3)).transpose(0, 2, 1), np.zeros(50)
	kernel[2, 32](a, out)
	want = [sum(a[i, j, k] * (j + 1) * (k + 2) for j in range(3) for k in range(4)) + a[i, : i % 4].sum() for i in range(50)]
	assert np.allclose(out, want)


def sums(out, a, n):
	np.sum(a, axis=0, out=out[0])
	a.sum(axis=1, out=out[1, :3])
	a.prod(-1, None, out[2, :3])
	np.max(a, axis=(1,), out=out[3, :3])
	a.min(axis=0, out=out[4])
	np.mean(a, axis=1, out=out[5, :3])
	a.mean(axis=0, out=out[6:7], keepdims=True)
	np.any(a > 1, axis=1, out=out[7, :3])
	(a * 2 + 1).sum(axis=0, out=out[8])
	a.all(axis=0, out=out[9])


@pytest.mark.parametrize("a", [BIG[0, :3, :4].copy(), np.asfortranarray(BIG[1, :3, :4]), BIG[2, 2::-1, ::-1][:, :4]], ids=["C", "F", "A"])
def test_reductions_along_axes(device, a):
	a = a - 3 * (a % 5 == 0)
	out = np.zeros((10, 4))
	cuda.jit(sums)[1, 1](out, a, 3)
	want = np.zeros((10, 4))
	want[0], want[1, :3], want[2, :3], want[3, :3] = a.sum(0), a.sum(1), a.prod(1), a.max(1)
	want[4], want[5, :3], want[6], want[7, :3], want[8], want[9] = a.min(0), a.mean(1), a.mean(0), (a > 1).any(1), (a * 2 + 1).sum(0), a.all(0)
	np.testing.assert_allclose(out, want, rtol=1e-14)


def test_reductions_of_three_dimensions(device):
	@cuda.jit
	def kernel(a, one, two, three):
		a.sum(axis=(0, 2), out=one)
		np.max(a, axis=1, out=two)
		a.mean(axis=-1, out=three, keepdims=True)

	a = BIG.transpose(1, 0, 2).astype(np.float32)
	one, two, three = np.zeros(4), np.zeros((5, 6), np.float32), np.zeros((5, 4, 1))
	kernel[1, 1](a, one, two, three)
	assert (one == a.sum((0, 2))).all() and (two == a.max(1)).all() and np.allclose(three, a.mean(-1, keepdims=True))


def places(out, a, n):
	a.argmax(axis=0, out=out[0])
	np.argmin(a, 1, out[1, :3])
	np.argmax(a, axis=-1, keepdims=True, out=out[2:3, :3].T)
	out[3] = np.argmax(a), a.argmin(), (a > n).argmax(), (a * -1).argmin(axis=None)
	local = np.zeros((3, 4))
	local[:] = a
	best = local.argmax(axis=1)
	for i in range(3):
		out[4, i] = best[i]


def spread(out, a, n):
	np.var(a, axis=0, out=out[0])
	a.std(axis=1, out=out[1, :3])
	np.std(a, axis=(0, 1), ddof=n, keepdims=True, out=out[2:3, :1])
	out[3] = a.var(), np.std(a, ddof=1), (a * 2 + 1j * a).var(), (a > 1).std()
	local = np.zeros((3, 4))
	local[:] = a
	out[4] = local.var(axis=0)
	out[5, :3] = local.std(1, ddof=1)


def running(out, a, n):
	a.cumsum(axis=0, out=out[:3])
	np.cumprod(a * 0.5, axis=1, out=out[3:6])
	np.cumsum(a, out=out[6:].reshape(12))
	local = np.zeros((3, 4))
	local[:] = a
	out[0] += local.cumsum()[8:]
	out[1:3] += (local + local).sum(axis=0)
	np.cumsum(local, axis=0, out=local)
	row = local[1]
	row.cumsum(out=row)
	out[6, :3] += row[:3].cumsum(dtype=np.int16, out=np.zeros(3))
	out[7] += np.cumprod(local, dtype=np.complex128)[:4].imag
	out[3:6] += local + local.cumprod(axis=1)


def chosen(out, a, n):
	a.sum(axis=0, where=a > n, out=out[0])
	a.prod(axis=1, where=a > n, initial=n, out=out[1, :3])
	np.max(a, axis=0, where=a < n, initial=n - 3, out=out[2])
	a.min(axis=-1, initial=n, out=out[3, :3])
	a.mean(axis=0, where=a != 0, out=out[4])
	np.std(a, axis=(0, 1), where=a > n, ddof=0.5, keepdims=True, out=out[5:6, :1])
	np.var(a, axis=1, where=a[:1] != n, mean=a[:, :1] * 1.0, correction=n - 2, out=out[6, :3])
	out[7] = a.sum(where=a > n, initial=n), np.max(a, where=a < n, initial=-9), a.mean(where=a > 1), a.var(where=a[0] > n, ddof=-1)
	out[8] = np.any(a, where=a > n), np.all(a, where=a > n), np.all(a[:0], where=a[:0] > n), np.prod(a[:1], initial=2)
	local = np.zeros((3, 4))
	local[:] = a
	out[9] = local.sum(axis=0, where=local > n, initial=n)
	out[10] = a.var(mean=2), np.std(a, mean=1.5, correction=1), a.sum(where=n > 2), a.sum(where=n > 7)


@pytest.mark.parametrize("function, rows", [(places, 5), (spread, 6), (running, 9), (chosen, 11)], ids=["places", "spread", "running", "chosen"])
@pytest.mark.parametrize("a", [BIG[0, :3, :4] % 7, np.asfortranarray(BIG[1, :3, :4] % 5), -BIG[2, 2::-1, ::-1][:, :4] % 11, (BIG[0, :3, :4] * 3 % 7).astype(np.int32),
	BIG[0, :3, :4] % 3 > 1], ids=["C", "F", "A", "ints", "bools"])
def test_places_spread_running(device, function, rows, a):
	same(function, np.zeros((rows, 4), np.int64 if function is places else float), a, 3, rtol=1e-12)


def test_places_of_nan(device):
	@cuda.jit
	def kernel(a, out):
		a.argmax(axis=1, out=out[0])
		a.argmin(axis=1, out=out[1])

	a = np.array([[1, np.nan, 3, np.nan], [np.nan, 9, -1, 2], [0.0, -0.0, 0.0, -0.0], [-np.inf, np.inf, np.inf, 1]])
	out = np.zeros((2, 4), np.int64)
	kernel[1, 1](a, out)
	assert (out == [a.argmax(1), a.argmin(1)]).all()


def test_what_does_not_fit(device):
	"""Where NumPy raises the thread ends; so it does where the result overlaps what is read. Host arrays that overlap in part are
	separate copies on a GPU, views of a device array are not."""
	@cuda.jit
	def kernel(a, out, reached):
		reached[0] = 1
		a.sum(axis=0, out=out)
		reached[0] = 2

	reached = np.zeros(1)
	a, out = np.ones((3, 4)), np.zeros(5)
	kernel[1, 1](a, out, reached)
	assert reached[0] == 1 and not out.any()
	on_device = cuda.to_device(a)
	kernel[1, 1](on_device, on_device[0], reached)
	assert reached[0] == 1 and (on_device.copy_to_host() == 1).all()
	if device != "cuda":
		kernel[1, 1](a, a[0], reached)
		assert reached[0] == 1 and (a == 1).all()
	kernel[1, 1](a, out[:4], reached)
	assert reached[0] == 2 and (out == [3, 3, 3, 3, 0]).all()


def test_where_and_stores(device):
	@cuda.jit
	def kernel(a, b, out):
		out[:] = np.where(a > b, a, -b)
		out[1, :] = np.where(a[0] > 2, 1, b[0])
		a[:, 1] += 1
		a[::2] *= b[::2]
		b -= a

	rng = np.random.default_rng(7)
	a, b, out = rng.integers(0, 5, (3, 4)).astype(float), rng.integers(0, 5, (3, 4)).astype(float), np.zeros((3, 4))
	want_a, want_b, want = a.copy(), b.copy(), out.copy()
	kernel.py_func(want_a, want_b, want)
	kernel[1, 1](a, b, out)
	assert (out == want).all() and (a == want_a).all() and (b == want_b).all()


@pytest.mark.parametrize("function, args", [(flat, (np.zeros(44), ARRAYS["A"], 3)), (flat, (np.zeros(44), ARRAYS["C"], 3)),
	(numbered, (np.zeros(6), ARRAYS["3d"], 3)), (indices, (np.zeros(24), ARRAYS["C"], 3)), (parts, (np.zeros(3), np.zeros(4, np.complex64), 3)),
	(sums, (np.zeros((10, 4)), BIG[0, :3, :4].copy(), 3)), (in_a_row, (np.zeros(20), ARRAYS["F"], 3)), (only_index, (np.zeros(5), ARRAYS["0d"], 3)),
	(chosen, (np.zeros((11, 4)), ARRAYS["F"], 3)), (places, (np.zeros((5, 4), np.int64), BIG[0, :3, :4].copy(), 3)), (spread, (np.zeros((6, 4)), ARRAYS["F"], 3)), (running, (np.zeros((9, 4)), ARRAYS["C"], 3))], ids=lambda x: getattr(x, "__name__", ""))
def test_on_a_gpu(function, args):
	assembled(function, *args)


@pytest.mark.parametrize("body, error, message", [
	("a[0, 0] = a.sum(axis=0)[0]", errors.UnsupportedError, "makes a new array here, whose shape is not known"),
	("a[0, 0] = a.cumsum()[0]", errors.UnsupportedError, "makes a new array here, whose shape is not known"),
	("a.argmax(axis=(0, 1, 1), out=a[0])", errors.TypingError, "duplicate value in 'axis'"),
	("np.cumsum(a, axis=(0, 1), out=a)", errors.TypingError, "takes one axis, or none for all"),
	("np.cumsum(a, out=a)", errors.TypingError, r"np.cumsum\(\) cannot take array.float64, 2d, A. as argument 4"),
	("a[0, 0] = (a * 1j).argmin()", errors.TypingError, r"array.argmin\(\) cannot take"),
	("a.var(ddof=1j)", errors.TypingError, r"array.var\(\) cannot take complex128 as argument 5"),
	("a.var(ddof=1, correction=0)", errors.NumbaValueError, "ddof and correction can't be provided simultaneously"),
	("a.std(mean='a')", errors.TypingError, r"array.std\(\) cannot take"),
	("a.var(mean=1j)", errors.TypingError, r"array.var\(\) cannot take complex128"),
	("a.flat = 1j", errors.TypingError, "cannot store complex128 in array.float64, 2d, A"),
	("a.flat[1.5] = 1", errors.TypingError, "float64 cannot be an index"),
	("a.T.flat[1:3] = None", errors.TypingError, "cannot store None|cannot store none"),
	("a.sum(axis=n, out=a[0])", errors.TypingError, "the axes must be constant integers"),
	("a.sum(axis=2, out=a[0])", np.exceptions.AxisError, "axis 2 is out of bounds for array of dimension 2"),
	("a.transpose(0, -3)[0]", np.exceptions.AxisError, "axis -3 is out of bounds for array of dimension 2"),
	("np.expand_dims(a, 3)[0]", errors.AxisError, "axis 3 is out of bounds for array of dimension 3"),
	("a.sum(initial=2j)", errors.TypingError, r"array.sum\(\) cannot take complex128 as argument 6"),
	("a.sum(initial=a)", errors.TypingError, r"array.sum\(\) cannot take array.float64, 2d, A. as argument 6"),
	("a.any(where=a)", errors.TypingError, r"array.any\(\): where must be bool, but it is float64"),
	("a[0].sum(where=a > 0)", errors.NumbaValueError, "input operand has more dimensions than allowed"),
	("a.max(where=a > 0)", errors.NumbaValueError, "reduction operation 'maximum' does not have an identity"),
	("a.sum(axis=0, out=a)", errors.TypingError, r"array.sum\(\) cannot take array.float64, 2d, A. as argument 4"),
	("a.sum(axis=0, out=n)", errors.TypingError, r"array.sum\(\) cannot take int64 as argument 4"),
	("(a * 1j).sum(axis=0, out=a[0])", errors.TypingError, "cannot store complex128"),
	("np.ndindex(1.5)", errors.TypingError, r"np.ndindex\(\) cannot take float64"),
	("np.ndenumerate(n)", errors.TypingError, r"np.ndenumerate\(\) cannot take int64"),
	("a.fill(1j)", errors.TypingError, "cannot store complex128 in float64"),
	("a.fill(a[0])", errors.TypingError, "cannot store array.float64, 1d, A. in float64"),
	("b = a + 1; a.fill(n); a[:] = b", errors.UnsupportedError, "used after memory has been written to"),
	("a[0, 0] = a.T.flat[1:2][0]", errors.TypingError, "flat array.float64, 2d, A. cannot be indexed"),
])
def test_errors(body, error, message):
	names = {"np": np}
	exec(f"def kernel(a, n):\n {body}\n", names)
	with pytest.raises(error, match=message):
		cuda.compile_ptx(names["kernel"], (float64[:, :], "int64"), cc=(9, 0))


def typed(x, out):
	out[0], out[1], out[2] = x.sum(dtype=np.float32), np.mean(x, dtype=np.float64), x.prod(dtype=np.int16)
	x.sum(axis=0, dtype=np.float64, out=out[3:])


def test_types_of_sums(device):
	"""dtype= of sum, prod and mean: elements become it before they are added, and so is the result."""
	x, out, want = np.arange(1, 7, dtype=np.int8).reshape(2, 3) * 20, np.zeros(6), np.zeros(6)
	typed(x, want)
	cuda.jit(typed)[1, 1](x, out)
	assert np.array_equal(out, want)
	for text in "x.sum(dtype=np.bool_)", "x.mean(dtype=np.int32)", "z.sum(dtype=np.float64)":
		scope = {"np": np}
		exec(f"def f(x, z, out): out[0] = {text}", scope)
		with pytest.raises(errors.TypingError):
			cuda.jit(scope["f"])[1, 1](x, x.astype(complex), out)
