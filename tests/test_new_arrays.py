"""np.zeros(), np.array() and their like in kernels: local arrays of a shape that is known when the kernel is compiled."""

import numpy as np
import pytest

from as_python import assembled, same
from gridjit import cuda, errors

N, SHAPE, TABLE = 4, (2, 3), np.arange(6, dtype=np.int32).reshape(2, 3)


def shapes(out, a, n):
	z, o = np.zeros(N), np.ones((2, 3), np.float32)
	f, e = np.full(3, 2.5), np.empty(SHAPE, dtype=np.int16)
	e[:] = 7
	z[n - 1] = 5
	out[0] = z.sum() + o.sum() * 10 + f.sum() * 100 + e.sum() * 1000
	out[1] = z.size + o.ndim * 10 + len(e) * 100 + e.shape[1] * 1000 + o.itemsize * 10000
	out[2] = np.zeros([2, 2], order="F").size + np.zeros(0).size + np.ones(()).item() + np.zeros((2, 0)).size
	out[3] = np.full((2, 2), n).sum() + np.full(2, n, dtype=np.float32)[1] + np.full(2, 1.75, np.int64)[0]
	out[4] = np.zeros(3, bool).any() + np.ones(3, dtype="i2").all() * 10 + np.ones(2, int).sum() + np.zeros(1, complex)[0].real
	c = np.zeros(2, np.complex64)
	c.real[1] = n
	c.imag[:] = -1
	out[5] = c[1].real + c[0].imag + c[1].imag


def likes(out, a, n):
	t = np.zeros((2, 3), np.float32)
	for i in range(2):
		for j in range(3):
			t[i, j] = i * 3 + j
	z, o, f = np.zeros_like(t), np.ones_like(t, dtype=np.int32), np.full_like(TABLE, n)
	e = np.empty_like(f)
	e[:, :] = 1
	out[0] = z.sum() + o.sum() + f.sum() + e.sum()
	out[1] = z.itemsize + o.itemsize * 10 + f.itemsize * 100
	c, d, g = t.copy(), np.copy(TABLE), t.flatten()
	t[1, 1] = 100
	out[2] = c[1, 1] + d[1, 2] * 10 + g[4] * 100 + g.size * 1000
	h = np.array(t)
	h[0, 0] = -1
	out[3] = h.sum() + t.sum()
	k = np.asarray(t)
	k[0, 0] = -5
	out[4] = t[0, 0]
	out[5] = np.asarray([1, 2, 3]).sum() + np.asarray(t, dtype=np.float64).itemsize


def literals(out, a, n):
	p, q, r = np.array([1.0, 2, n]), np.array(((1, 2), (3, 4))), np.array([[a[0], a[1]], [a[2], 0]])
	s = np.array([i * i for i in range(5)], dtype=np.float32)
	p[0] += 10
	out[0] = p.sum() + q[1, n - 3] * 100 + r[1, 0] * 1000
	out[1] = q.sum() + q.ndim + q.itemsize + r.sum()
	out[2] = s[n] + s.itemsize * 100 + s.shape[0] * 1000
	out[3] = np.array(5).item() + np.array([True, False]).sum() + np.array([]).size + np.array([[[1.5]]]).ndim
	out[4] = np.array([1.9, -1.9], np.int32).sum() + np.array((1, 2.5))[0]


def ranges(out, a, n):
	x, y, z = np.arange(5), np.arange(2, 12, 3), np.arange(0.0, 1.0, 0.25)
	out[0] = x.sum() + y.sum() * 10 + z.sum() * 100 + x.size * 1000 + y.size * 10000 + z.size * 100000
	out[1] = np.arange(5, 0, -2).sum() + np.arange(3, dtype=np.float32)[2] / 2 + np.arange(0).size + np.arange(2.5).size
	u, v = np.linspace(0, 1, 5), np.linspace(n, 10, 4, endpoint=False)
	out[2] = u[1] + u[4] * 10 + u.size * 100
	out[3] = v[0] + v[3] * 10
	out[4] = np.linspace(0, 7)[49] + np.linspace(2, 3, 1)[0]
	total = 0
	for i, w in enumerate(np.arange(3) * 2):
		total += i * w
	out[5] = total


def work(out, a, n):
	"""As people write it: small matrices of a thread."""
	m, v = np.zeros((3, 3)), np.array([1.0, 2.0, 3.0])
	for i in range(3):
		for j in range(3):
			m[i, j] = a[i] * (j + 1)
	for i in range(3):
		row = np.zeros(3)
		row[:] = m[i] * v
		out[i] = row.sum()
	m += 1
	m[:, 1] *= 2
	out[3:6] = m[:, 1]


FUNCTIONS = [shapes, likes, literals, ranges, work]
ARGS = np.zeros(6), np.arange(4.0) - 1, 3


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_numpy(device, function):
	assert same(function, *ARGS).any()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_on_a_gpu(function):
	assembled(function, *ARGS)


def test_a_thread_has_its_own(device):
	@cuda.jit
	def kernel(x, out):
		i = cuda.grid(1)
		count = np.zeros(10, np.int32)
		for k in range(x.shape[1]):
			count[x[i, k]] += 1
		for k in range(10):
			out[i, k] = count[k]

	x, out = np.random.default_rng(3).integers(0, 10, (64, 50)), np.zeros((64, 10), int)
	kernel[2, 32](x, out)
	assert (out == [np.bincount(row, minlength=10) for row in x]).all()


def test_made_by_functions(device):
	"""A function gives an array that it made to its caller."""
	def basis(n):
		e = np.zeros(3)
		e[n] = 1
		return e

	@cuda.jit
	def kernel(out):
		i = cuda.grid(1)
		x, y = basis(0), basis(1)
		x[2] = i
		out[i] = x[0] + 10 * y[1] + 100 * x[2] + 1000 * y[2]

	out = np.zeros(32)
	kernel[1, 32](out)
	assert out.tolist() == [11 + 100 * i for i in range(32)]


def test_made_anew_in_each_round(device):
	@cuda.jit
	def kernel(out):
		for i in range(4):
			t = np.zeros(2)
			t[i % 2] += i
			v = t[1:]
			out[i] = t[0] + 10 * v[0]
			if i > 2:
				break
		out[4] = t[1]

	out = np.zeros(5)
	kernel[1, 1](out)
	assert out.tolist() == [0, 10, 2, 30, 3]


def old_and_new(a, n):
	old = np.zeros(2)
	for i in range(n):
		new = np.zeros(2)
		new[0] = old[0] + 1
		old = new
	a[0] = old[0]


def through_a_function(a, n):
	def step(x):
		y = np.zeros(2)
		y[0] = x[0] + 1
		return y

	x = np.zeros(2)
	for i in range(n):
		z = step(x)
		a[0] += x[0]
		x = z


def in_a_tuple(a, n):
	kept = (np.zeros(1), 0)
	for i in range(n):
		t = (np.ones(1), i)
		if i == 1:
			kept = t
		a[0] += kept[0][0]


@pytest.mark.parametrize("function", [old_and_new, through_a_function, in_a_tuple], ids=lambda f: f.__name__)
def test_two_rounds_at_once(function):
	"""Both would be one place in memory."""
	with pytest.raises(errors.UnsupportedError, match="made again while the one made before is used"):
		cuda.compile_ptx(function, "void(float64[:], int64)", cc=(9, 0))


@pytest.mark.parametrize("body, error, message", [
	("t = np.zeros(n)", errors.TypingError, r"np.zeros\(\): the shape must be a constant, but it is int64"),
	("t = np.zeros_like(a)", errors.TypingError, r"np.zeros_like\(\): the shape of array.float64, 1d, A. is not known"),
	("t = a.copy()", errors.TypingError, r"array.copy\(\): the shape of array.float64, 1d, A. is not known"),
	("t = np.arange(n)", errors.TypingError, r"np.arange\(\): the shape must be a constant"),
	("t = np.zeros(-1)", errors.NumbaValueError, "the shape cannot hold -1"),
	("t = np.zeros((2,) * 7)", errors.TypingError, "the shape must be a constant"),
	("t = np.zeros(10 ** 6)", errors.NumbaValueError, "a local array of 8000000 bytes is too large"),
	("t = np.zeros(2, 'nothing')", errors.TypingError, "the dtype must be a scalar type"),
	("t = np.full(2, 1j, np.float64)", errors.TypingError, "cannot store complex128 in float64"),
	("t = np.array([[1, 2], [3]])", errors.TypingError, r"np.array\(\) cannot make an array of list"),
	("t = np.array(['a'])", errors.TypingError, r"np.array\(\) cannot make an array of list"),
	("t = np.array(a + a)", errors.UnsupportedError, "makes a new array"),
	("t = np.linspace(0, 1, retstep=True)", errors.TypingError, r"np.linspace\(\) cannot take bool as argument 5"),
])
def test_errors(body, error, message):
	names = {"np": np}
	exec(f"def kernel(a, n):\n {body}\n a[0] = t[0]\n", names)
	with pytest.raises(error, match=message):
		cuda.compile_ptx(names["kernel"], "void(float64[:], int64)", cc=(9, 0))


def test_not_returned_to_others():
	def f(x):
		return np.zeros(3)

	with pytest.raises(errors.TypingError, match=r"f\(\) returns a local array, which ends with the call"):
		cuda.compile(f, "(int64,)", device=True)
