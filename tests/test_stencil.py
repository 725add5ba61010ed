"""@stencil against loops in Python."""

import gc
import math
import os
import subprocess
import sys

import numpy as np
import pytest

import gridjit
from conftest import on
from gridjit import errors, njit, overloading, stencil

STEP = 1


@stencil
def average(a):
	"""Of four neighbours."""
	return (a[0, 1] + a[1, 0] + a[0, -1] + a[-1, 0]) / 4


@stencil("constant", cval=-1.0, neighborhood=((-2, 0),))
def moving(x, w):
	s = 0
	for i in range(-2, 1):
		s += x[i] * w
	return s


@stencil(standard_indexing="w")
def weighted(x, y, w, scale=2):
	d = x[STEP] - y[-1]
	return (w[0] if d > 0 else w[1]) * d * scale


@stencil
def branches(a):
	if a[0] > 2:
		return math.sqrt(a[0])
	return -a[1]


def expected(a):
	out = np.zeros(a.shape)
	for i in range(1, a.shape[0] - 1):
		for j in range(1, a.shape[1] - 1):
			out[i, j] = (a[i, j + 1] + a[i + 1, j] + a[i, j - 1] + a[i - 1, j]) / 4
	return out


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
def test_two_dimensions(width):
	rng = np.random.default_rng(0)
	with on(width):
		for a in (rng.random((5, 6)), rng.random((90, 70)).T, rng.random((30, 40))[::2, ::3], rng.random((3, 3)), rng.random((2, 9)), rng.random((0, 4))):
			assert (average(a) == expected(a)).all()
		assert average(np.ones((4, 4), np.float32)).dtype == np.float64 and average(np.ones((4, 4), complex)).dtype == complex
	assert average.neighborhood == ((-1, 1), (-1, 1)) and average.__name__ == "average" and average.__doc__ == "Of four neighbours."


def test_options():
	assert moving(np.arange(6), 2).tolist() == [-1, -1, 6, 12, 18, 24] and moving(np.arange(6), 2).dtype == np.int64
	assert moving(np.arange(4), 0.5).tolist() == [-1, -1, 1.5, 3]
	x, y, w = np.arange(6), np.arange(6)[::-1].copy(), np.array([10, 1])
	wanted = [0] + [(w[0] if x[i + 1] > y[i - 1] else w[1]) * (x[i + 1] - y[i - 1]) * 2 for i in range(1, 5)] + [0]
	assert weighted(x, y, w).tolist() == wanted and weighted(x, y, w, scale=4).tolist() == [2 * v for v in wanted]
	assert njit(lambda x, y, w: (weighted(x, y, w), weighted(x, y, scale=1, w=w)))(x, y, w)[1].tolist() == [v / 2 for v in wanted]
	assert branches(np.array([1, 4.0, 2, 9])).tolist() == [-4, 2, -9, 0]


def test_out():
	a, out = np.arange(30.0).reshape(5, 6), np.full((5, 6), 7.0)
	assert average(a, out=out) is out
	assert (out[1:-1, 1:-1] == expected(a)[1:-1, 1:-1]).all() and (out[0] == 7).all()
	out = np.zeros(6)
	assert moving(np.arange(6), 2, out=out).tolist() == [-1, -1, 6, 12, 18, 24] == out.tolist()
	with pytest.raises(ValueError, match="out has not the shape"):
		average(a, out=np.zeros((6, 5)))


def test_in_compiled_functions():
	@njit(parallel=True)
	def twice(a):
		b = average(a)
		return average(b), average(a, out=b).sum()

	a = np.random.default_rng(1).random((20, 30))
	b, total = twice(a)
	assert (b == average(average(a))).all() and math.isclose(total, average(a).sum())
	assert "threads" in twice.explain()


def test_closures():
	def make(k):
		@stencil
		def shifted(x):
			return x[k] - x[-k]
		return shifted

	assert make(2)(np.arange(7) ** 2).tolist() == [0, 0, 16, 24, 32, 0, 0] and make(1)(np.arange(4)).tolist() == [0, 2, 2, 0]
	gc.collect()
	n = len(overloading.FUNCTIONS)
	for k in range(3):
		make(k + 1)
	gc.collect()
	assert len(overloading.FUNCTIONS) == n


def test_mistakes():
	def refused(kernel, text, **options):
		with pytest.raises(errors.NumbaValueError, match=text):
			stencil(**options)(kernel)

	def stores(a):
		a[0] = 1
		return a[1]

	def slices(a):
		return a[0:2].sum()

	def mixed(a, b):
		return a[0] + b[0, 1]

	def variable(a):
		s = 0
		for i in range(2):
			s += a[i]
		return s

	def nothing(a, b):
		return b[0]

	refused(stores, "assignments to arrays")
	refused(slices, "not slices")
	refused(mixed, "have 1 and 2 relative indices")
	refused(variable, "'neighborhood' option required")
	refused(nothing, "'a', is not indexed relatively")
	refused(variable, "has 2 dimensions, the indices have 1", neighborhood=((0, 1), (0, 1)))
	refused(stores, "standard_indexing names 'z'", standard_indexing=("z",))
	refused(stores, "the first array is indexed relatively", standard_indexing=("a",))
	for use, text in ((lambda: stencil("wrap"), "unsupported mode"), (lambda: stencil(border=1), "no option 'border'"),
			(lambda: stencil(eval(compile("lambda a: a[0]", "<nowhere>", "eval"))), "source is not there")):
		with pytest.raises(errors.NumbaValueError, match=text):
			use()
	with pytest.raises(errors.TypingError, match="indexes 2 dimensions"):
		average(np.zeros(3))
	with pytest.raises(ValueError, match="y is smaller than x"):
		weighted(np.arange(6), np.arange(5), np.ones(2))
	with pytest.raises(errors.TypingError, match="gives UniTuple.* a kernel gives a number|kernel gives a number"):
		stencil(pair)(np.zeros(3))
	with pytest.raises(TypeError):
		average()


def pair(a):
	return a[0], a[1]


def test_without_jit():
	code = "import numpy as np\nfrom test_stencil import average\nprint(average(np.ones((3, 3)))[1, 1])"
	env = os.environ | {"GRIDJIT_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
	assert subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout == "1.0\n"
