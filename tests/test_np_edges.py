"""NumPy's functions in functions for the host at the ends of what they take: nothing is read that is not there, NaN and infinities spread as far as
they do in NumPy, mistakes are NumPy's exceptions."""
import numpy as np
import pytest

from gridjit import cuda, njit

NAN, INF = np.nan, np.inf
WILD = np.array([[NAN, 1.0, 2.0], [3.0, INF, 5.0]])

VALUES = (
	("a.mean(axis=0), a.mean(axis=1), a.var(0), a.sum(0)", (WILD,)),
	("np.var(a, axis=0).shape, np.mean(a, axis=1).shape", (np.zeros((3, 0)),)),
	("np.select([a > 1.0, a > 2.0], [a, a * 2]), np.select([a > 1.0], [a], 5)", (WILD[0],)),
	("np.select([a > 1], [a], 5)", (np.zeros(0),)),
	("np.interp(a, b, c)", (np.array([0.5, 1.0, 2.0, 2.5]), np.array([1.0, 2.0, 3.0]), np.array([INF, 3.0, 4.0]))),
	("np.interp(a, b, c)", (np.array([-INF, 1.5, INF, NAN]), np.array([1.0, 2.0]), np.array([7.0, 7.0]))),
	("np.interp(a, b, c)", (np.array([1.0, 2.0]), np.array([1.5]), np.array([7.0]))),
	("np.polyval(a, 0.0), np.polyval(b, 2.0)", (np.array([INF]), np.zeros(0))),
	("np.take(a, b), np.take(a, -3)", (np.arange(3.0), np.array([[0, -1], [-3, 2]]))),
	("np.histogram(a, b)[0]", (np.arange(3.0), np.zeros(1))),
	("np.histogram(a, b)[0]", (np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.0]))),
	("np.nanmin(a), np.nanmax(a)", (WILD,)),
)


def function(text, args):
	space = {"np": np}
	exec(f"def f({', '.join('abc'[:len(args)])}):\n\treturn {text}\n", space)
	return space["f"]


@pytest.mark.parametrize("text, args", VALUES, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.filterwarnings("ignore")
def test_values(text, args):
	f = function(text, args)
	got, want = njit(f)(*args), f(*args)
	for g, w in zip(got, want) if isinstance(want, tuple) else [(got, want)]:
		assert np.shape(g) == np.shape(w) and np.allclose(g, w, equal_nan=True)


MISTAKES = (
	("np.interp(1.0, a, b)", (np.arange(3.0), np.arange(2.0)), ValueError),
	("np.interp(1.0, a, a)", (np.zeros(0),), ValueError),
	("np.take(a, 3)", (np.arange(3.0),), IndexError),
	("np.take(a, b)", (np.arange(3.0), np.array([0, -4])), IndexError),
	("np.take_along_axis(a, b, 0)", (np.arange(3.0), np.array([0, 3])), IndexError),
	("np.nanmin(a)", (np.zeros(0),), ValueError),
	("np.nanmax(a)", (np.zeros((2, 0)),), ValueError),
	("np.bincount(a, minlength=-1)", (np.array([0, 1]),), ValueError),
)


@pytest.mark.parametrize("text, args, kind", MISTAKES, ids=lambda v: v if isinstance(v, str) else "")
def test_mistakes(text, args, kind):
	f = function(text, args)
	with pytest.raises(kind):
		f(*args)
	with pytest.raises(kind):
		njit(f)(*args)


@pytest.mark.skipif(not hasattr(np, "trapezoid"), reason="NumPy 1 calls it trapz")
def test_trapezoid():
	@njit
	def f(y):
		return np.trapezoid(y)

	@njit
	def g(y, x):
		return np.trapezoid(y, x)

	assert f(np.array([INF, 1.0])) == INF and f(np.array([1, 2, 4])) == 4.5
	with pytest.raises(ValueError, match="not of the same length"):
		g(np.arange(3.0), np.arange(2.0))


@pytest.mark.parametrize("name", ["real", "imag", "angle", "conj", "iscomplex", "isreal"])
def test_parts_of_what_is_real(name):
	"""NumPy's functions of complex numbers take others too: arrays and numbers, in functions for the host and in kernels."""
	function = eval(f"lambda x: np.{name}(x)", {"np": np})
	host, x = njit(function), np.array([-1.5, 0, 2, np.nan])

	@cuda.jit
	def kernel(x, out):
		out[cuda.grid(1)] = function(x[cuda.grid(1)])
	for a in x, x.astype(np.float32), np.arange(-2, 2), np.array([True, False]), x + 1j:
		want = function(a)
		got = host(a)
		assert got.dtype == want.dtype and got.flags.writeable
		np.testing.assert_allclose(got, want, rtol=1e-15)
		out = np.zeros(len(a), want.dtype)
		kernel[1, len(a)](a, out)
		np.testing.assert_allclose(out, want, rtol=1e-6)
	for number in 2.5, -3, 1 - 2j:
		assert host(number) == function(number)


def test_stored_values_have_dimensions_in_front():
	def whole(a, v):
		a[:] = v
		return a

	def row(a, v):
		a[0] = v
		a[1:, 1:] = v[..., :1]
		return a

	def computed(a, v):
		a[:] = a + v
		return a

	for f, a, shapes in (whole, np.zeros(3), ((1, 3), (1, 1, 1), (1, 1, 3), (2, 3), (1, 2))), (row, np.zeros((3, 4)), ((1, 4), (1, 1, 4), (1, 1), (4, 1))), \
		(whole, np.zeros((3, 4))[:, ::2], ((1, 3, 2), (1, 1, 2), (1, 2, 2))), (computed, np.zeros(3), ((1, 3), (1, 1))):
		compiled = njit(f)
		for shape in shapes:
			v = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
			try:
				want = f(a.copy(), v)
			except ValueError:
				with pytest.raises(ValueError, match="could not broadcast input array from shape"):
					compiled(a.copy(), v)
			else:
				assert np.array_equal(compiled(a.copy(), v), want)
	b = np.arange(6.0)
	assert np.array_equal(njit(whole)(b[1:4], b[None, :3]), [0, 1, 2])

	@cuda.jit
	def kernel(out, v):
		out[:] = v

	out = np.zeros(3)
	kernel[1, 1](out, np.ones((1, 3)))
	assert out.tolist() == [1, 1, 1]


def test_axes_out_of_bounds():
	a = np.ones((2, 3))
	for text, wrong in ("a.sum(axis=b)", (2, -3)), ("np.argmax(a, axis=b)", (2,)), ("np.flip(a, b)", (-4,)), ("np.stack((a, a), axis=b)", (3, -4)), ("np.roll(a, 1, axis=b)", (5,)):
		f = function(text, (a, 0))
		for axis in wrong:
			with pytest.raises(np.exceptions.AxisError) as error:
				f(a, axis)
			with pytest.raises(np.exceptions.AxisError) as told:
				njit(f)(a, axis)
			assert str(told.value) == str(error.value)
