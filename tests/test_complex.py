"""Complex numbers in kernels, beside Python and NumPy: operators, functions with their special values and branch cuts,
arrays in every kind of memory, arguments, loops and branches, atomics, PTX."""

import cmath
import itertools
import math
import operator
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import _core, complex64, complex128, cuda, vectorize
from halves import mapped

PARTS = {np.complex64: np.float32, np.complex128: np.float64}
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -3.0, math.inf, -math.inf, math.nan]


def pairs(values, dtype):
	z = np.empty(len(values) ** 2, dtype)
	z.real, z.imag = np.array(list(itertools.product(values, values)), PARTS[dtype]).T
	return z


def scattered(dtype, seed, n=600):
	"""Numbers near 1, over the whole range, and next to the points where branches begin."""
	rng = np.random.default_rng(seed)
	top = 30 if dtype == np.complex64 else 250

	def part():
		kind, x = rng.integers(0, 4, n), rng.normal(size=n)
		x = np.where(kind == 1, x * np.exp(rng.uniform(-top, top, n)), x)
		return np.where(kind == 2, np.round(2 * x) / 2 + x * 1e-9, x)
	z = np.empty(n, dtype)
	z.real, z.imag = part(), part()
	return z


def ulps(got, want):
	"""How far got is from the more precise want, in units in the last place of the larger part; 0 where want is too large or NaN."""
	info = np.finfo(got.real.dtype)
	size = np.maximum(np.maximum(abs(want.real), abs(want.imag)), info.tiny)
	with np.errstate(invalid="ignore", over="ignore"):
		far = np.maximum(abs(got.real - want.real), abs(got.imag - want.imag)) / (size * info.eps)
	return np.where(np.isfinite(size) & (size < info.max / 2), far, 0)


def same_edge(a, b, rtol):
	"""Equal, with NaN like NaN and zeros of one sign."""
	if math.isnan(a) or math.isnan(b):
		return math.isnan(a) == math.isnan(b)
	if a == 0 and b == 0:
		return math.copysign(1, a) == math.copysign(1, b)
	return a == b or abs(a - b) <= rtol * abs(b)


def differing(got, want, rtol):
	"""The numbers of results that are not the same, up to signs that C99 leaves open: of zeros and infinities beside NaN."""
	bad = []
	for i, (g, w) in enumerate(zip(got.astype(complex).tolist(), want.astype(complex).tolist())):
		open_sign = math.isnan(w.real) or math.isnan(w.imag)
		parts = [(abs(x), abs(y)) if open_sign else (x, y) for x, y in ((g.real, w.real), (g.imag, w.imag))]
		if not all(same_edge(x, y, rtol) for x, y in parts):
			bad.append(i)
	return bad


# -- operators ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("dtype", PARTS, ids=lambda t: t.__name__)
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv], ids=lambda f: f.__name__)
def test_operators(device, op, dtype):
	with np.errstate(all="ignore"):
		a, b = scattered(dtype, 1), scattered(dtype, 2)
		got, want = mapped(op, dtype, a, b), op(a, b)
		assert ulps(got, want).max() <= 6
		edges = pairs(EDGES, dtype)
		a, b = np.array(list(itertools.product(edges, edges)), dtype).T
		got, want = mapped(op, dtype, a.copy(), b.copy()), op(a, b)
		# A fused multiplication leaves a rounding error where the products are equal.
		bad = [i for i in differing(got, want, 1e-6) if not abs(got[i] - want[i]) < 1e-6 * abs(want[i])]
		assert not bad, [(a[i], b[i], got[i], want[i]) for i in bad[:5]]


@pytest.mark.parametrize("text", ["1j", "2+3j", "-1.5", "3", "F", "Z"])
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow], ids=lambda f: f.__name__)
def test_mixed_with_constants(device, op, text):
	"""Constants, real and complex, on both sides: a real one is not made complex."""
	k = eval(text, dict(F=np.float32(2), Z=np.complex64(2 - 1j)))
	z = np.array([1 + 2j, -0.5 + 0.25j, 3 - 4j, 1e-3j, -7.0])
	for f in (lambda z: op(z, k)), (lambda z: op(k, z)):
		with np.errstate(all="ignore"):
			np.testing.assert_allclose(mapped(f, complex, z), f(z), rtol=2e-14)


def test_division_does_not_overflow(device):
	a = np.array([1e300 + 1e300j, 1e-300j, 1 + 1j, 1e308 + 1e308j])
	b = np.array([1e300 + 1e300j, 1e-300 + 1e-300j, 1e300 + 1e-300j, 2e300 - 1e300j])
	np.testing.assert_allclose(mapped(operator.truediv, complex, a, b), [x / y for x, y in zip(a.tolist(), b.tolist())], rtol=1e-15)
	np.testing.assert_allclose(mapped(abs, float, np.array([3e300 + 4e300j, 3e-320 + 4e-320j])),
		[abs(3e300 + 4e300j), abs(3e-320 + 4e-320j)], rtol=3e-16)


def test_infinities_beside_reals(device):
	"""Two times an infinity is one: the real number has no imaginary part of zero that makes NaN of it."""
	z = np.array([complex(math.inf, 1), complex(-2, math.inf)])
	assert mapped(lambda z: 2.0 * z, complex, z).tolist() == [complex(math.inf, 2), complex(-4, math.inf)]
	assert mapped(lambda z: z / 2, complex, z).tolist() == [complex(math.inf, 0.5), complex(-1, math.inf)]


COMPLEX = st.complex_numbers(max_magnitude=1e3, allow_subnormal=False)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.tuples(COMPLEX, COMPLEX, st.integers(-9, 9)), min_size=1, max_size=40))
def test_against_python(device, values):
	n = len(values)
	a, b, k = np.array([v[0] for v in values]), np.array([v[1] for v in values]), np.array([v[2] for v in values])
	out = np.zeros((8, n), complex)
	expressions[1, 64](a, b, k, out)
	for i, (x, y, e) in enumerate(values):
		want = [x * y - x, x if x != 0 else y, -x + y.conjugate(), complex(x.real, y.imag), abs(x) + 1j * y, x == y, (x, y)[e % 2], +x - e]
		np.testing.assert_allclose(out[:, i], want, rtol=1e-12, atol=1e-9)


@cuda.jit
def expressions(a, b, k, out):
	i = cuda.grid(1)
	if i < a.size:
		x, y, e = a[i], b[i], k[i]
		out[0, i] = x * y - x
		out[1, i] = x if x else y
		out[2, i] = -x + y.conjugate()
		out[3, i] = complex(x.real, y.imag)
		out[4, i] = abs(x) + 1j * y
		out[5, i] = x == y
		out[6, i] = (x, y)[e % 2]
		out[7, i] = +x - e


@pytest.mark.parametrize("dtype", PARTS, ids=lambda t: t.__name__)
def test_powers(device, dtype):
	eps = np.finfo(dtype).eps
	z = pairs([-2.0, -0.5, 0.25, 1.0, 1.5], dtype)
	for n in -4, -1, 0, 1, 2, 3, 5, 7:
		k = np.full(len(z), n)
		want = z.astype(complex) ** n
		np.testing.assert_allclose(mapped(lambda z: z ** n, dtype, z), want, rtol=16 * eps)
		np.testing.assert_allclose(mapped(operator.pow, dtype, z, k), want, rtol=16 * eps)
	w = pairs([-1.5, 0.0, 0.5, 3.0], dtype)
	a, b = np.array(list(itertools.product(z, w)), dtype).T
	np.testing.assert_allclose(mapped(operator.pow, dtype, a.copy(), b.copy()), a.astype(complex) ** b, rtol=64 * eps)
	with np.errstate(all="ignore"):
		zero, powers = np.zeros(5, dtype), np.array([0, 1, 2 + 1j, -1, 1j], dtype)
		assert not differing(mapped(operator.pow, dtype, zero, powers), zero ** powers, 0)


# -- functions ---------------------------------------------------------------------------------------------------------

UFUNCS = """sqrt log log2 log10 exp sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh rint conjugate conj
	reciprocal sign square negative positive""".split()
# C99 leaves the sign of these zeros open, though nothing beside them is NaN.
OPEN = {"exp": "inf", "tan": "inf", "tanh": "inf"}


@pytest.mark.parametrize("dtype", PARTS, ids=lambda t: t.__name__)
@pytest.mark.parametrize("name", UFUNCS)
def test_functions(device, name, dtype):
	"""Within ten units in the last place of the larger part, and as NumPy at the edges."""
	f = getattr(np, name)
	if name == "sign" and np.lib.NumpyVersion(np.__version__) < "2.0.0":
		pytest.skip("this NumPy has another sign")
	with np.errstate(all="ignore"):
		z = scattered(dtype, len(name))
		far = ulps(mapped(f, dtype, z), f(z.astype(np.clongdouble)))
		assert far.max() <= 10, (z[far.argmax()], far.max())
		z = pairs(EDGES, dtype)
		got, want = mapped(f, dtype, z), f(z)
		bad = [i for i in differing(got, want, 1e-5) if not (name in OPEN and np.isinf(z[i]) and abs(got[i] - want[i]) == 0)]
		assert not bad, [(z[i], got[i], want[i]) for i in bad]


@pytest.mark.parametrize("name", ["log1p", "expm1", "exp2"])
def test_functions_that_cancel(device, name):
	f, z = getattr(np, name), np.array([1e-20 + 1e-12j, -1e-9 - 1e-9j, 0.25 + 0.5j, 3 - 2j, -0.4 + 0.1j])
	want = f(z.astype(np.clongdouble))
	if name == "log1p":                        # NumPy's adds the 1 first
		want[:2] = z[:2] - z[:2] ** 2 / 2 + z[:2] ** 3 / 3
	np.testing.assert_allclose(mapped(f, complex, z), want.astype(complex), rtol=1e-14)


def test_log_near_one(device):
	"""|z|² is 1 + 2e-16 and the like: the logarithm's real part is what is behind it."""
	z = np.array([0.6 + 0.8j, 1 + 1e-9j, 0.28 + 0.96j, -0.8 + 0.6j, 1 + 1e-200j])
	want = np.log(z.astype(np.clongdouble))
	np.testing.assert_allclose(mapped(np.log, complex, z).real, want.real.astype(float), rtol=1e-3, atol=1e-30)


CMATH = "acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh".split()


@pytest.mark.parametrize("name", CMATH)
def test_cmath(device, name):
	f, z = getattr(cmath, name), pairs([-2.5, -1.0, -1e-5, 0.3, 0.9, 4.0], np.complex128)
	np.testing.assert_allclose(mapped(f, complex, z), [f(x) for x in z.tolist()], rtol=1e-14)
	x = np.array([0.5, 2.0, 3.0])
	np.testing.assert_allclose(mapped(lambda x: f(x), complex, x), [f(v) for v in x.tolist()], rtol=1e-14)


def test_cmath_of_parts(device):
	z = pairs(EDGES, np.complex128)
	for f in cmath.isnan, cmath.isinf, cmath.isfinite:
		assert mapped(f, bool, z).tolist() == [f(x) for x in z.tolist()]
	z = z[np.isfinite(z)]
	np.testing.assert_allclose(mapped(cmath.phase, float, z), [cmath.phase(x) for x in z.tolist()])
	np.testing.assert_allclose(mapped(lambda z: cmath.rect(*cmath.polar(z)), complex, z), z, atol=1e-15)
	np.testing.assert_allclose(mapped(lambda z: cmath.log(z, 10), complex, z + 5), [cmath.log(x, 10) for x in (z + 5).tolist()])
	assert mapped(lambda z: z + cmath.pi + cmath.infj.imag - cmath.inf if z == 0 else cmath.tau * z, complex,
		np.array([1j])).tolist() == [cmath.tau * 1j]


@pytest.mark.parametrize("name", "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor".split())
def test_comparisons(device, name):
	f, z = getattr(np, name), pairs(EDGES, np.complex128)
	a, b = np.array(list(itertools.product(z, z))).T
	with np.errstate(invalid="ignore"):
		np.testing.assert_array_equal(mapped(f, bool, a.copy(), b.copy()), f(a, b))


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_greatest_and_least(device, name):
	f, z = getattr(np, name), pairs(EDGES, np.complex64)
	a, b = np.array(list(itertools.product(z, z)), np.complex64).T
	assert not differing(mapped(f, np.complex64, a.copy(), b.copy()), f(a, b), 0)


def test_parts_and_tests(device):
	z = pairs(EDGES, np.complex64)
	for name in "isnan isinf isfinite logical_not".split():
		np.testing.assert_array_equal(mapped(getattr(np, name), bool, z), getattr(np, name)(z))
	for name in "real imag angle absolute abs".split():
		assert not differing(mapped(getattr(np, name), np.float32, z), getattr(np, name)(z), 1e-6), name
	np.testing.assert_allclose(mapped(lambda z: np.angle(z, True), float, np.array([1j, -1, 1 - 1j])), [90, 180, -45])


# -- arrays ------------------------------------------------------------------------------------------------------------

@cuda.jit
def some_of_them(a, out, n):
	i = cuda.grid(1)
	if i < n:
		z = a[i]
		if z.real > 0:
			out[i] = z * a[n - 1 - i]
		elif i % 2:
			out[i] = a[i].imag
		else:
			out.imag[i] = z.imag


@pytest.mark.parametrize("dtype", PARTS, ids=lambda t: t.__name__)
@pytest.mark.parametrize("n", [1, 31, 32, 33, 100, 256])
def test_some_lanes(device, dtype, n):
	"""Numbers side by side are loaded and stored for the lanes that want them, and no others; the array ends with the last."""
	z = scattered(dtype, 7, n)
	a, out = z.copy(), np.full(n + 3, 9 + 9j, dtype)
	some_of_them[(n + 63) // 64, 64](a, out, n)
	with np.errstate(all="ignore"):
		want = np.where(z.real > 0, z * z[::-1], np.where(np.arange(n) % 2, z.imag, 9 + 1j * z.imag)).astype(dtype)
	np.testing.assert_allclose(out[:n], want, rtol=1e-5)
	assert (out[n:] == 9 + 9j).all() and (a == z).all()


TABLE = np.array([1 + 2j, 3 - 4j, 5j], np.complex64)
FACTOR = 2 - 3j


@cuda.jit(device=True)
def product_and_size(z, w=1j):
	return z * w, abs(z)


def turned(z, n):
	return z if n <= 0 else turned(z * 1j, n - 1)


@cuda.jit
def everywhere(a, b, x, s, out, parts, sums):
	i, t = cuda.grid(1), cuda.threadIdx.x
	tile = cuda.shared.array(64, complex64)
	own = cuda.local.array((3, 2), complex128)
	tile[t] = a[i]
	cuda.syncthreads()
	for j in range(3):
		for k in range(2):
			own[j, k] = complex(j * i, k - i)
	own.real[0, 0] = 7.5 + i
	own[1:, :].imag[1, 1] = i * 2
	total = 0j
	for row in own:
		for z in row:
			total += z
	sums[i] = total
	p, size = product_and_size(tile[63 - t], s)
	if i % 3 == 0:
		r = p
	elif i % 3 == 1:
		r = size
	else:
		r = i
	out[i] = r + TABLE[i % 3] * FACTOR + x - turned(b[i], 2)
	parts[0, i] = a.real[i] + a[1:].imag[i % 8]
	parts[1, i] = a[i].imag + a[i].conjugate().imag + a[i].item().real + (2.5).imag


def test_everywhere(device):
	"""Shared, local, frozen and strided arrays, views of parts, device functions, recursion, branches that join."""
	rng, n = np.random.default_rng(3), 256
	a = (rng.normal(size=n) + 1j * rng.normal(size=n)).astype(np.complex64)
	b = (rng.normal(size=2 * n) + 1j * rng.normal(size=2 * n))[::2]
	out, parts, sums, s = np.zeros(n, complex), np.zeros((2, n), np.float32), np.zeros(n, complex), 0.5 - 2j
	everywhere[n // 64, 64](a, b, 1.5, s, out, parts, sums)
	i = np.arange(n)
	y = a[i // 64 * 64 + 63 - i % 64].astype(complex)
	r = np.where(i % 3 == 0, y * s, np.where(i % 3 == 1, abs(y), i))
	np.testing.assert_allclose(out, r + TABLE[i % 3] * FACTOR + 1.5 + b, rtol=1e-6)
	np.testing.assert_array_equal(parts, [a.real + a.imag[1 + i % 8], a.real])
	own = np.array([[[complex(j * q, k - q) for k in range(2)] for j in range(3)] for q in i])
	own.real[:, 0, 0], own.imag[:, 2, 1] = 7.5 + i, 2 * i
	np.testing.assert_array_equal(sums, own.sum((1, 2)))


@cuda.jit
def small_things(t, out, z8, n):
	z, (x, w) = t
	dynamic = cuda.shared.array(0, complex64)
	dynamic[0] = 2j
	out[0:4] = z, x + w, z8, dynamic[0]
	out[4] = z ** n
	out[5] = len(dynamic)
	out[6] = complex(n, 2)
	out[7] = complex64(n)
	out[8] = np.complex128(z8) + complex(z8)
	out[9] = 1 if z else 0
	out[10] = (z == z) + (z != x)
	out[11] = isinstance(z, complex) + (z in (x, z))
	out[12:14] = z8
	np.multiply(out[:2], 2j, out[14:16])
	z *= z
	z -= 1
	z /= 2j
	out[16] = z
	out[17] = dynamic.itemsize


def test_small_things(device):
	out, z, w, z8 = np.zeros(18, complex), 1 + 2j, np.complex64(3 - 1j), np.complex64(0.1 + 0.2j)
	small_things[1, 1, 0, 64]((z, (2, w)), out, z8, -3)
	np.testing.assert_allclose(out, [z, 2 + w, z8, 2j, z ** -3, 8, -3 + 2j, -3, 2 * z8, 1, 2, 2, z8, z8, 2j * z, 2j * (2 + w),
		(z * z - 1) / 2j, 8], rtol=1e-12)


@cuda.jit
def adds(total, other, a, old):
	i = cuda.grid(1)
	cuda.atomic.add(total, i % 4, a[i])
	cuda.atomic.add(other.real, 0, 1.0)
	cuda.atomic.add(other.imag, 0, 2)
	cuda.atomic.sub(other, 1, a[i])
	old[i] = cuda.atomic.add(other, 2, 1 + 2j)


def test_atomics(device):
	n = 512
	a = (np.arange(n) % 7 - 3 + 1j * (np.arange(n) % 5)).astype(np.complex64)
	total, other, old = np.zeros(4, np.complex64), np.zeros(3, complex), np.zeros(n, complex)
	adds[n // 64, 64](total, other, a, old)
	np.testing.assert_array_equal(total, a.reshape(-1, 4).sum(0))
	np.testing.assert_array_equal(other, [n + 2j * n, -a.sum(), n + 2j * n])
	assert sorted(old.real) == list(range(n)) and sorted(old.imag) == list(range(0, 2 * n, 2))


@cuda.jit
def reduces(a, out, tests):
	out[0], out[1], out[2] = a.sum(), a.prod(), a.mean()
	out[3], out[4], out[5] = np.max(a), a.min(), np.sum(a.imag)
	out[6] = sum((a[0, 0], a[0, 1], 1))
	tests[0], tests[1] = a.any(), a.all()


def test_reductions(device):
	rng = np.random.default_rng(5)
	a = (rng.normal(size=(5, 9)) + 1j * rng.normal(size=(5, 9)))[:, ::3]
	out, tests = np.zeros(7, complex), np.zeros(2, bool)
	reduces[1, 1](a, out, tests)
	np.testing.assert_allclose(out, [a.sum(), a.prod(), a.mean(), a.max(), a.min(), a.imag.sum(), a[0, 0] + a[0, 1] + 1], rtol=1e-13)
	assert tests.all()


def test_views(device):
	@cuda.jit
	def pairs_of(a, z):
		for i in range(z.size):
			a.view(np.complex64)[i] = z[i] * 2
	a, z = np.zeros(8, np.float32), np.array([1 + 2j, 3j, 4, -1 - 1j], np.complex64)
	pairs_of[1, 1](a, z)
	np.testing.assert_array_equal(a.view(np.complex64), 2 * z)


@cuda.jit
def whole_arrays(a, x, out, sums):
	out[:] = a * x + np.exp(1j * x) / 2
	out[:2] += a[:2]
	sums[0] = (abs(a) * x).sum()
	sums[1] = np.where(x > 0, a, -a).prod()
	sums[2] = (a * a).mean() + (a == a).all()
	sums[3] = x.astype(np.complex64)[1] + a.astype(np.complex64)[0]
	a[1:] = a[:-1]
	a.real[0] = 9


def test_array_expressions(device):
	a, x = np.array([1 + 2j, -3j, 0.5, 2 - 2j]), np.array([1.0, -2.0, 0.5, 3.0])
	out, sums, old = np.zeros(4, complex), np.zeros(4, complex), a.copy()
	whole_arrays[1, 1](a, x, out, sums)
	want = old * x + np.exp(1j * x) / 2
	want[:2] += old[:2]
	np.testing.assert_allclose(out, want, rtol=1e-14)
	np.testing.assert_allclose(sums, [(abs(old) * x).sum(), np.where(x > 0, old, -old).prod(), (old * old).mean() + 1, x[1] + old[0]],
		rtol=1e-14)
	np.testing.assert_array_equal(a, [9 + 2j, 1 + 2j, -3j, 0.5])


def test_ufuncs():
	@vectorize
	def f(z, x):
		return z * z + x

	@vectorize(["float32(complex64)", "float64(complex128)"])
	def size(z):
		return abs(z)

	@vectorize
	def turn(x):
		return x * 1j, x
	rng = np.random.default_rng(4)
	for dtype in PARTS:
		z = (rng.normal(size=1000) + 1j * rng.normal(size=1000)).astype(dtype)
		for view in z, z[::3], z[::-1], z.reshape(10, 100).T:
			got = f(view, view.real)
			assert got.dtype == dtype
			np.testing.assert_allclose(got, view * view + view.real, rtol=1e-5)
			np.testing.assert_allclose(size(view), abs(view), rtol=1e-6)
		np.testing.assert_allclose(f(z, dtype(2j)), z * z + 2j, rtol=1e-5)
	first, second = turn(np.arange(5.0))
	np.testing.assert_array_equal(first, np.arange(5) * 1j)
	assert second.dtype == float


def test_debug(device):
	"""Under debug a division by zero raises, as in Python."""
	@cuda.jit(debug=True)
	def divides(a, b, out):
		out[0] = a[0] / b[0]
	out = np.zeros(1, complex)
	divides[1, 1](np.array([1 + 1j]), np.array([2j]), out)
	cuda.synchronize()
	assert out[0] == (1 + 1j) / 2j
	with pytest.raises(ZeroDivisionError, match="complex division by zero"):
		divides[1, 1](np.array([1 + 1j]), np.array([0j]), out)
		cuda.synchronize()


# -- compiled code -----------------------------------------------------------------------------------------------------

def with_complex(z, n):
	c, k = z, 0
	while k < n and z.real * z.real + z.imag * z.imag < 4:
		z = z * z + c
		k += 1
	return k


def with_reals(x, y, n):
	a, b, k = x, y, 0
	while k < n and x * x + y * y < 4:
		x, y = x * x - y * y + a, 2 * x * y + b
		k += 1
	return k


def instructions(function, signature):
	ptx, _ = cuda.compile(function, signature, cc=(9, 0))
	assemble(ptx, "sm_90")
	return len(re.findall(r"^\s+[a-z@].*;$", ptx, re.M))


def assemble(ptx, arch):
	if not shutil.which("ptxas"):
		return
	done = subprocess.run(["ptxas", f"-arch={arch}", "-o", "/dev/null", "/dev/stdin"], input=ptx, text=True, capture_output=True)
	assert done.returncode == 0, done.stderr


def test_as_short_as_with_reals():
	"""A Mandelbrot iteration is the same code, whichever way it is written."""
	assert instructions(with_complex, "int64(complex128, int64)") <= instructions(with_reals, "int64(float64, float64, int64)")


def test_loads_of_pairs():
	"""A GPU loads both parts at once where the array is known to be aligned to them, and only there."""
	def kernel(a, out):
		out[cuda.threadIdx.x] = a[cuda.threadIdx.x] * 2
	for dtype in "complex64", "complex128":
		for facts, at_once in ((7, True), (0, False)):
			ptx = _core.compile(kernel, f"void({dtype}[::1], {dtype}[::1])", {"cc": (9, 0), "facts": facts})[0]
			assert ("ld.global.nc.v2" in ptx and "st.global.v2" in ptx) == at_once, ptx


@pytest.mark.parametrize("abi", ["c", "numba"])
def test_abi(abi):
	"""A complex number is two floats as arguments, and a structure of two as a result."""
	def f(z, x):
		return z * x, z
	ptx, result = cuda.compile(f, "(complex64, float32)", abi=abi)
	assemble(ptx, "sm_75")
	assert str(result) == "UniTuple(complex64 x 2)"
	assert len(re.findall(r"\.param \.[bf]32 \w+_param_\d", ptx)) == 3, ptx


@pytest.mark.parametrize("name", CMATH)
def test_ptx_of_functions(name):
	f = getattr(cmath, name)
	for dtype in "complex64", "complex128":
		ptx, _ = cuda.compile(lambda z: f(z), f"({dtype},)")
		assemble(ptx, "sm_75")
