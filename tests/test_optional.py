"""One variable that is None or a value: which it is, is known when the kernel runs. Against Python."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from conftest import on
from gridjit import cuda, errors, float64, int64, types


def find(a, v):
	for i in range(a.size):
		if a[i] == v:
			return i


def pair(a, v):
	return (a[v], v) if v < a.size else None


def test_a_result_that_may_be_none(device):
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		at = find(a, i)
		out[i, 0] = at if at is not None else -7
		out[i, 1] = at == 1
		out[i, 2] = 2 if at else 3
		out[i, 3] = not at
		out[i, 4] = at != None  # noqa: E711
		out[i, 5] = at in (1, 2)
		two = pair(a, i)
		if two is None:
			out[i, 6] = -1
		else:
			first, second = two
			out[i, 6] = first + 100 * second

	a, out = np.array([3, 5, 39]), np.zeros((40, 7))
	kernel[1, 40](a, out)
	for i in range(40):
		at, two = find(a, i), pair(a, i)
		want = [at if at is not None else -7, at == 1, 2 if at else 3, not at, at is not None, at in (1, 2), two[0] + 100 * two[1] if two else -1]
		assert out[i].tolist() == want, i


def test_the_usual_search(device):
	"""The best so far is None at first."""
	@cuda.jit
	def kernel(a, out):
		row = cuda.grid(1)
		best = where = None
		for j in range(a.shape[1]):
			x = a[row, j]
			if x >= 0 and (best is None or x < best):
				best, where = x, j
		if best is not None and where is not None:
			out[row] = best, where
		else:
			out[row] = -1, -1

	a = np.random.default_rng(5).normal(size=(40, 7))
	a[::5] = -abs(a[::5])
	out = np.zeros((40, 2))
	kernel[1, 40](a, out)
	for row, got in zip(a, out):
		good = row[row >= 0]
		assert got.tolist() == ([good.min(), row.tolist().index(good.min())] if good.size else [-1, -1])


def test_none_where_a_value_is_needed(device):
	"""The thread ends there, as Python would raise; with debug=True that is told."""
	def kernel(a, out):
		i = cuda.grid(1)
		at = find(a, i)
		out[i] = a[at] + at
		out[i] += 100

	a, out = np.array([3, 5, 39]), np.zeros(40)
	cuda.jit(kernel)[1, 40](a, out)
	assert np.flatnonzero(out).tolist() == [3, 5, 39] and out[5] == 106
	with pytest.raises(TypeError, match="expected int64, got None"):
		cuda.jit(debug=True)(kernel)[1, 40](a, out)
		cuda.synchronize()


def test_arrays_records_and_tuples(device):
	point = np.dtype([("x", "f4"), ("y", "f4")])

	@cuda.jit
	def kernel(a, points, out):
		i = cuda.grid(1)
		row = a[i] if i % 2 else None
		p = points[i] if i % 3 else None
		both = (row, i) if i % 5 else (None, -1)
		out[i] = 0
		if row is not None:
			out[i] += row.sum()
		if p:
			pass
		if p is not None:
			out[i] += p.x
			p.y = 1
		if both[0] is not None:
			out[i] += 1000 * both[1]

	a, points, out = np.arange(66).reshape(33, 2), np.ones(33, point), np.zeros(33)
	points["y"] = 0
	with pytest.raises(errors.TypingError, match="truth value"):
		kernel[1, 33](a, points, out)

	@cuda.jit
	def better(a, points, out):
		i = cuda.grid(1)
		row = a[i] if i % 2 else None
		p = points[i] if i % 3 else None
		both = (row, i) if i % 5 else (None, -1)
		out[i] = 0
		if row is not None:
			out[i] += row.sum()
		if p is not None:
			out[i] += p.x
			p.y = 1
		if both[0] is not None:
			out[i] += 1000 * both[1]

	better[1, 33](a, points, out)
	for i in range(33):
		assert out[i] == (a[i].sum() if i % 2 else 0) + (1 if i % 3 else 0) + (1000 * i if i % 2 and i % 5 else 0)
	assert (points["y"] == (np.arange(33) % 3 > 0)).all()


def test_arguments_of_functions(device):
	@cuda.jit(device=True)
	def scaled(x, by=None):
		return x if by is None else x * by

	@cuda.jit(types.optional(int64)(int64, int64), device=True)
	def quotient(a, b):
		if b == 0:
			return None
		return a // b

	@cuda.jit(float64(float64), device=True)
	def half(x):
		return x / 2

	@cuda.jit
	def kernel(out):
		i = cuda.grid(1)
		q = quotient(100, i)
		out[i] = scaled(1.5, q) + scaled(2.0) + scaled(i, 3)
		if q is not None and q > 20:
			out[i] += half(q)

	out = np.zeros(33)
	kernel[1, 33](out)
	for i in range(33):
		q = 100 // i if i else None
		assert out[i] == (1.5 * q if i else 1.5) + 2 + 3 * i + (q / 2 if i and q > 20 else 0)


@pytest.mark.parametrize("body, checks", [("out[0] = at + a[at] + at * at if at is not None else 0", 0), ("out[0] = at; out[1] = at + 1", 1),
	("if at:\n\t\tout[0] = at", 0), ("if not at is None:\n\t\tout[0] = at", 0), ("if at == None or at < 5:\n\t\tout[0] = 1", 0),
	("if at is None:\n\t\treturn\n\tout[0] = at", 0), ("for k in range(9):\n\t\tout[k] = at", 1)])
def test_checks_are_made_once(body, checks):
	"""Behind a test, or a use, nothing is asked again."""
	scope = {"find": find}
	exec(f"def kernel(a, out):\n\tat = find(a, 3)\n\t{body}\n", scope)
	low = cuda.jit(scope["kernel"])._dump((int64[:], float64[:]), "low")
	assert low.count(" RAISE") == checks, low


def test_behind_a_test_it_is_a_value(device):
	"""What is no None there is of the value's own type: in results, tuples, arguments, on further paths."""
	@cuda.jit(float64(float64), device=True)
	def half(x):
		return x / 2

	def number(a, v):
		at = find(a, v)
		return -1 if at is None else at

	def other(a, v):
		at = find(a, v)
		if at is not None:
			return at, 1.5
		return 7, 2.5

	def either(a, v):
		return find(a, v) or 5

	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		x, at = number(a, i), find(a, i)
		out[i, 0] = x
		out[i, 1] = other(a, i)[0] + either(a, i)
		if isinstance(x, int) and at is not None:
			out[i, 2] = half(at)

	a, out = np.array([3, 5, 2]), np.zeros((6, 3))
	kernel[1, 6](a, out)
	for i in range(6):
		at = find(a, i)
		assert out[i].tolist() == [-1 if at is None else at, (7 if at is None else at) + (at or 5), (at or 0) / 2]
	assert all(str(cuda.compile(f, (int64[:], int64), device=True)[1]) == want for f, want in ((number, "int64"), (either, "int64")))


def test_mistakes():
	@cuda.jit
	def printed(a, out):
		print(find(a, 3))

	@cuda.jit
	def asked(a, out):
		out[0] = isinstance(find(a, 3), int)

	with on("cpu32"):
		for kernel, error, words in ((printed, errors.TypingError, "print"), (asked, errors.TypingError, "isinstance")):
			with pytest.raises(error, match=words):
				kernel[1, 1](np.zeros(3, "i8"), np.zeros(3))
	assert types.Optional(int64).type is int64 and types.optional(types.optional(int64)) is types.Optional(int64)
	assert types.Type("OptionalType(int64)") is types.Optional(int64) and str(types.Optional(int64)) == "OptionalType(int64)"


# -- random programs --

TESTS = ["x is None", "x is not None", "x == None", "x != None", "x", "not x", "x == y", "x != 2", "x in (1, y)", "y is None or x == y"]
USES = ["r += 7 if {} else 5", "if {}:\n\t\tx = None", "if {}:\n\t\tx = a", "if {}:\n\t\ty = x", "if x is not None:\n\t\tr += x",
	"if y is not None and {}:\n\t\tr += y * 2", "for k in range(2):\n\t\tif {}:\n\t\t\ty = None if y else k", "x, y = y, x",
	"r = r * 2 + (x if x is not None else 9)"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(USES), st.sampled_from(TESTS)), min_size=1, max_size=6))
def test_programs(device, lines):
	source = "def f(a, b):\n\tx = None if a < 2 else a\n\ty = b if b % 2 else None\n\tr = 0\n" + \
		"".join("\t" + use.format(f"({test})") + "\n" for use, test in lines) + "\treturn r\n"
	scope = {}
	exec(source, scope)
	f = scope["f"]

	@cuda.jit
	def kernel(out):
		i, j = cuda.grid(2)
		out[i, j] = f(i, j)

	out = np.zeros((8, 5), "i8")
	kernel[1, (8, 5)](out)
	assert out.tolist() == [[f(a, b) for b in range(5)] for a in range(8)], source
