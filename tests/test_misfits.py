"""Shapes that do not fit inside ufuncs, generalised ufuncs and functions for the host: NumPy's exceptions, on every target."""

import math

import numpy as np
import pytest

from gridjit import cuda, guvectorize, njit, vectorize


def stored(x, out): out[:] = x[:3]
def summed(x, out): out[:] = x + x[:3] + x[:4]
def added(x, out): out[1:] += x
def added_to_one(x, out): out[:1] += x
def given(x, out): np.add(x, x, out[:3])
def given_one(x, out): np.add(x, x, out[:1])
def largest(x, out): out[0] = x[:0].max()
def smallest(x, out): out[0] = x[:0].min()
def where_largest(x, out): out[0] = x[:0].argmax()
def where_smallest(x, out): out[0] = np.argmin(x[:0])
def reshaped(x, out): out[0] = x.reshape((2, -1))[1, 1]
def reshaped_whole(x, out): out[0] = x.reshape((2, 2))[1, 1]
def chosen(x, out): out[:] = np.where(x > 0, x[:3], x)
def one(x, out): out[0] = x[:3].item()
def items(x, out): out[:] = (1.0, 2.0)
def too_many(x, out): out[0], out[1] = x
def viewed(x, out): out[0] = x[:3].view(np.complex128)[0].real
def front(x, out): out[:4] = np.expand_dims(np.expand_dims(x, 0), 0)
def front_too_long(x, out): out[:] = np.expand_dims(np.expand_dims(x, 1), 1)
def reduced(x, out): out[0] = (x + x[1:3]).sum()
def counted(x, out): out[0] = len(x * x[2:])
def two_dimensions(x, out): out[0] = (np.expand_dims(x, 1) + x[:4] + x).sum()


def too_few(x, out):
	a, b = x[:1]
	out[0] = a + b


def walked(x, out):
	total = 0.0
	for v in x + x[1:3]:
		total += v
	out[0] = total


CASES = [f for f in list(globals().values()) if getattr(f, "__module__", None) == __name__]
CONTIGUOUS = reshaped, reshaped_whole, viewed       # other arrays cannot be reshaped without a copy
SIGNATURE = ["void(float64[:], float64[:])"]


def said(f, *args):
	with pytest.raises(Exception) as e:
		f(*args)
	return type(e.value), str(e.value)


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_words(function):
	"""Those of NumPy, in functions for the host and in loops of generalised ufuncs."""
	want = said(function, np.ones(5), np.ones(5))
	assert want[0] is ValueError and said(njit(function), np.ones(5), np.ones(5)) == want
	f, x = guvectorize(SIGNATURE, "(n)->(n)")(function), np.ones((3, 5))
	assert said(f, x) == want
	if function not in CONTIGUOUS:
		assert said(f, x[:, ::-1]) == want


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_words_on_the_device(device, function):
	cls, text = said(guvectorize(SIGNATURE, "(n)->(n)", target="cuda")(function), np.ones((3, 5)))
	want = said(function, np.ones(5), np.ones(5))
	assert cls is want[0] and text.endswith("]: " + want[1]) and f"'{function.__name__}'" in text


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_only_where_it_does_not_fit(target):
	"""The check is of the values that the element has, and the first element's failure is raised."""
	@guvectorize(["void(float64[:], int64, int64, float64[:])"], "(n),(),()->(n)", target=target)
	def part(x, first, count, out):
		out[:] = -1
		out[:count] = np.exp(x[first:first + count])

	x = np.linspace(0, 1, 40_000).reshape(-1, 8)
	got = part(x, 2, 5)
	assert np.allclose(got[:, :5], np.exp(x[:, 2:7])) and (got[:, 5:] == -1).all()
	first = np.zeros(len(x), int)
	first[[3000, 4000]] = 4, 5
	with pytest.raises(ValueError, match=r"from shape \(4,\) into shape \(5,\)"):
		part(x, first, 5)
	first[:] = 2
	assert np.array_equal(part(x, first, 5), got)


@pytest.mark.parametrize("target", ["cpu", "parallel"])
def test_exceptions_of_one_loop(target):
	"""raise in the body, beside loops for lanes; what is found first is raised, and the object works on."""
	@guvectorize(SIGNATURE, "(n)->(n)", target=target)
	def checked(x, out):
		if x[0] < 0:
			raise KeyError("negative", x[0])
		for i in range(x.shape[0]):
			out[i] = math.exp(x[i])
		if out[0] > 100:
			raise OverflowError("large")

	x = np.linspace(0, 1, 90_000).reshape(-1, 9)
	assert np.allclose(checked(x), np.exp(x))
	x[7000, 0], x[9000, 0] = -1, -2
	assert said(checked, x) == (KeyError, "('negative', -1.0)")
	x[5000, 0] = 9
	assert said(checked, x) == (OverflowError, "large")
	assert np.allclose(checked(x[:5000]), np.exp(x[:5000]))


def test_no_check_where_dimensions_are_the_same():
	"""What the layout says is known when the function is compiled."""
	@guvectorize(["void(float64[:], float64[:], float64[:], float64[:])"], "(n),(n),(m)->(n)")
	def fits(x, y, z, out):
		out[:] = x * 2 + y

	@guvectorize(["void(float64[:], float64[:], float64[:], float64[:])"], "(n),(n),(m)->(n)")
	def may_fit(x, y, z, out):
		out[:] = x * 2 + z

	for f, checks in ((fits, False), (may_fit, True)):
		text, = f.inspect_llvm().values()
		assert ("gj_rt_element_failed" in text) == checks
	assert fits(np.ones((2, 3)), np.ones(3), np.ones(4)).tolist() == [[3] * 3] * 2
	assert may_fit(np.ones((2, 3)), np.ones(3), np.ones(1)).tolist() == [[3] * 3] * 2


def test_expressions_that_need_memory(device):
	"""What reads elements that it overwrites keeps them, however many: loops of ufuncs have none."""
	@guvectorize(["void(float64[:], float64[:])"], "(n),(n)", writable_args=(0,))
	def turned(x, y):
		x[1:-1] = x[:-2][::-1] + y[2:] + x[2:]

	for n in 10, 5000:
		x, y = np.random.default_rng(0).random((2, 2, n))
		want = x.copy()
		want[:, 1:-1] = want[:, :-2][:, ::-1] + y[:, 2:] + want[:, 2:]
		turned(x, y)
		assert np.array_equal(x, want)


def test_signatures_of_one_function_on_the_device(device):
	"""A number's type is the signature's, also for the second one that is used."""
	@cuda.guvectorize(["void(float32[:], float32, float32[:])", "void(float64[:], float64, float64[:])"], "(n),()->(n)")
	def scaled(x, k, out):
		for i in range(x.shape[0]):
			out[i] = x[i] * k

	assert scaled(np.ones(3, np.float32), 1.1).tolist() == [np.float32(1.1)] * 3
	assert scaled(np.ones(3), 1.1).tolist() == [1.1] * 3


def test_exceptions_of_functions_of_numbers_on_the_device(device):
	"""What raises is raised, with the thread's place."""
	@cuda.vectorize(["float64(float64, int64)"])
	def part(x, n):
		if n < 0:
			raise KeyError("negative")
		t, ones = np.zeros(4), np.ones(3)
		t[:n] = ones * x
		return t.sum() + (1.0, 2.0, 3.0, 4.0)[n]

	x = np.array([1.0, 2.0, 7.0])
	assert part(x, np.array([3, 3, 3])).tolist() == [7, 10, 25]
	for n, want in ((-1, (KeyError, "negative")), (2, (ValueError, "could not broadcast input array from shape (3,) into shape (2,)"))):
		cls, text = said(part, x, np.array([3, n, 3]))
		assert cls is want[0] and want[1] in text and "tid=[1, 0, 0]" in text
	assert part(x, np.array([3, 3, 3])).tolist() == [7, 10, 25]


def test_functions_too_large_to_be_inlined():
	"""They may raise, and write to no array that they are not given."""
	lines = "".join(f"\tif x == {k}:\n\t\traise OverflowError({k})\n\tx = math.sqrt(abs(x)) + math.cos({k}.0 / (1 + abs(x)))\n" for k in range(150))
	scope = {"math": math}
	exec(f"def large(x):\n{lines}\treturn x\n", scope)
	large = scope["large"]

	@guvectorize(SIGNATURE, "(n)->(n)")
	def f(x, out):
		for i in range(x.shape[0]):
			out[i] = large(x[i]) + large(x[i] + 1) + large(2 * x[i])

	x = np.random.default_rng(0).random((5, 3)) + 2000
	assert np.allclose(f(x), [[large(v) + large(v + 1) + large(2 * v) for v in row] for row in x])
	x[3, 1] = 0
	assert said(f, x) == (OverflowError, "0")


@pytest.mark.parametrize("call", [lambda f: f(np.ones(3)), lambda f: f(np.ones(3), np.ones(3), out=np.ones(2)), lambda f: f(np.ones(3), np.ones(3), out=np.ones(1)),
	lambda f: f(np.ones(3), np.ones(4), out=np.ones(3)), lambda f: f(np.ones(3), np.ones(3), where=np.ones(2, bool), out=np.ones(3)),
	lambda f: f(np.ones(3), 1, out=np.ones(3), where=np.ones(3, int)), lambda f: f(np.ones(3), 1, order="Z"), lambda f: f.accumulate(np.ones((3, 3)), axis=(0, 1)),
	lambda f: f.outer(np.ones(2)), lambda f: f.outer(np.ones(2), np.ones(3), out=np.ones((2, 2))), lambda f: f.at(np.ones(3), [0, 1], np.ones(3))])
def test_wrong_calls_of_device_ufuncs(device, call):
	@cuda.vectorize(["float64(float64, float64)"])
	def add(x, y):
		return x + y

	assert said(call, add) == said(call, np.add)


def test_device_ufuncs_at_places_of_what_is_read_only(device):
	@cuda.vectorize(["float64(float64, float64)"])
	def add(x, y):
		return x + y

	assert said(lambda: add.at(np.broadcast_to(1.0, 3), [0], 1)) == (ValueError, "array to perform in place operation on is read-only")


def test_wrong_calls_of_device_gufuncs(device):
	@cuda.guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),(n)->()")
	def inner(x, y, out):
		out[0] = (x * y).sum()

	@guvectorize(["void(float64[:], float64[:], float64[:])"], "(n),(n)->()")
	def expected(x, y, out):
		out[0] = (x * y).sum()

	for args in ((np.ones((2, 3)), np.ones((4, 3))), (np.ones((4, 3)), np.ones(3), np.ones(3)), (np.ones(3), np.ones(4))):
		cls, text = said(inner, *args)
		assert (cls, text.replace("inner", "expected")) == said(expected, *args)


def test_steps_of_grids_are_not_checked(device):
	"""Extents of blocks and grids are never zero; other steps may be."""
	@cuda.jit(debug=True)
	def over_grid(n):
		for i in range(cuda.threadIdx.x, n, cuda.blockDim.x * cuda.gridDim.x):
			pass

	@cuda.jit(debug=True)
	def over(n, step):
		for i in range(0, n, step):
			pass

	over_grid[1, 1](5)
	over[1, 1](5, 2)
	assert [len(form.sites) for kernel in (over_grid, over) for form in kernel.overloads.values()] == [0, 1]
