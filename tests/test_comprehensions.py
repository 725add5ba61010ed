"""Comprehensions, generator expressions, lists that nobody changes, and loops that are written out: as Python has them."""

import math

import numpy as np
import pytest

from as_python import assembled, same
from gridjit import cuda, errors, literal_unroll

A = np.arange(12.0).reshape(3, 4) - 4
SIZES = (2, 3)


def lists(out, a, n):
	squares = [i * i for i in range(5)]
	pairs = [(i, j) for i in range(3) for j in (10, 20)]
	even = [i for i in range(7) if i % 2 == 0]
	nested = [[i + j for j in range(2)] for i in range(3)]
	row = [a[i, 0] * 2 for i in range(3)]
	mixed = [1, 2.5, *squares, *even]
	out[0] = squares[3] + len(pairs) + pairs[5][0] + pairs[5][1] + len(even) + even[-1]
	out[1] = nested[2][1] + row[n - 1] + sum(row) + max(row)
	out[2] = len(mixed) + mixed[1] + mixed[4] + sum(squares[1:4])
	out[3] = sum([x for x in (1, 2.5, 3)]) + ([1, 2] == [1, 2]) + ([1, 2] == [1, 3]) * 10
	out[4] = sum([1, 2] + [3]) + (2 in even) + (3 not in even)
	i = 7
	out[5] = sum([i for i in range(3)]) + i


def generators(out, a, n):
	out[0] = sum(a[i, 0] for i in range(n))
	out[1] = sum((i * j for i in range(n) for j in range(i) if (i + j) % 2), 100)
	out[2] = max(a[i, i] for i in range(n)) + min(x * x for x in a[0])
	out[3] = any(x > 6 for x in a[2]) + 10 * all(x > 6 for x in a[2]) + 100 * any(x > 9 for x in a[2]) + 1000 * all(x < 9 for x in a[2])
	out[4] = sum(tuple(i + 0.5 for i in range(4))) + len(tuple(x for x in (1, 2, 3) if x != 2))
	out[5] = sum(list(range(2, 9, 3))) + tuple(range(5, 0, -2))[1]
	out[6] = sum(1 for x in a[0] if x < -1)
	out[7] = sum(sum(a[i, j] for j in range(i)) for i in range(n))


def wholes(out, a, n):
	out[0] = sum(a[0]) + max(a[1]) + min(a[2])
	out[1] = any(a[0]) + all(a[0]) * 10 + any((0, 0.0)) * 100 + all((1, n)) * 1000 + any(()) + all(())
	out[2] = sum(range(n)) + max(range(n)) + min(range(3, n + 5)) + sum((1, 2, 3), 4)
	out[3] = max([3, 1, 2]) + min((n, 2))
	for x in reversed(a[0]):
		out[4] = out[4] * 3 + x
	for x in reversed((1, 2.5, n)):
		out[5] = out[5] * 3 + x
	for i in reversed(range(4)):
		out[6] = out[6] * 3 + i
	for row in reversed(a):
		out[7] = out[7] * 3 + row[1]


def unrolled(out, a, n):
	for x in (1, 2.5, 3 + 4j, n):
		out[0] += x.real
	for i, x in enumerate((n, 0.5, a)):
		if i < 2:
			out[1] += x * (i + 1)
	for i, (f, x) in enumerate(zip((math.sqrt, math.floor, abs), (4, 2.5, -3)), 2):
		out[2] += f(x) * i
	for x in literal_unroll((1, 2, 3)):
		t = [0.5 for _ in range(x)]
		out[3] += sum(t)
	for t in ((1, 2), (3, 4.5, 5)):
		for x in t:
			if x == 4.5:
				break
			out[4] += x
		else:
			out[4] += 100
	for x, y in zip((1, 2.5, 3, 4), a[0, :n]):
		if x == 2.5:
			continue
		out[5] += x * y
	for x in (2, 3.5, 4):
		if x > n:
			out[6] = x
			return
		out[7] += x


def nothing(out, a, n):
	for x in ():
		out[0] += x
	out[1] = len([x for x in ()]) + len(tuple(x for x in range(0))) + sum(x for x in ())


def lambdas(out, a, n):
	fs = [lambda x, k=k: x * k for k in (1, 2.5)]
	gs = tuple(lambda x: x + n for _ in range(2))
	out[0] = fs[1](4) + gs[0](1)
	for f in (lambda x: x + 1, lambda x: x * 10, math.sin):
		out[1] += f(2.0)
	apply = lambda f, *xs: f(*xs)
	out[2] = apply(max, 1, 2, n) + apply(lambda: 5)


FUNCTIONS = [lists, generators, wholes, unrolled, nothing, lambdas]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_python(device, function):
	out = same(function, np.zeros(8), A, 3)
	assert function is nothing or out.any()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_on_a_gpu(function):
	ptx = assembled(function, np.zeros(8), A, 3)
	assert function in (generators, wholes) or "st.global" in ptx


def test_many_threads(device):
	"""Lanes that leave generators at different items."""
	@cuda.jit
	def kernel(x, first, least, biggest):
		i = cuda.grid(1)
		if i < x.shape[0]:
			first[i] = any(x[i, k] > 3 for k in range(x.shape[1]))
			least[i] = min(x[i, k] for k in range(i % 5, x.shape[1]) if k != 2)
			biggest[i] = max((x[i, k], k) [0] for k in range(x.shape[1]))

	x = np.random.default_rng(1).normal(size=(100, 6)) * 3
	first, least, biggest = np.zeros(100, bool), np.zeros(100), np.zeros(100)
	kernel[4, 32](x, first, least, biggest)
	assert (first == (x > 3).any(1)).all() and (biggest == x.max(1)).all()
	assert least.tolist() == [min(x[i, k] for k in range(i % 5, 6) if k != 2) for i in range(100)]


def test_stops_where_it_is_decided(device):
	"""any() and all() ask for no item behind the one that decides: these would lie outside the array."""
	@cuda.jit(boundscheck=True)
	def kernel(x, n, out):
		out[0] = any(x[i] == 2 for i in range(n))
		out[1] = all(x[i] != 2 for i in range(n))

	out = np.zeros(2)
	kernel[1, 1](np.arange(3), 1000, out)
	assert out.tolist() == [1, 0]


def test_of_nothing(device):
	"""As Python raises: at run time with debug=True, else the thread ends."""
	def kernel(n, out):
		out[0] = 1
		out[0] = max(i for i in range(n))

	out = np.zeros(1)
	cuda.jit(kernel)[1, 1](0, out)
	assert out[0] == 1
	cuda.jit(kernel)[1, 1](5, out)
	assert out[0] == 4
	with pytest.raises(ValueError, match=r"max\(\) iterable argument is empty"):
		cuda.jit(debug=True, opt=False)(kernel)[1, 1](0, out)
		cuda.synchronize()


def test_constants_of_rounds(device):
	"""What a loop over a literal tuple or range makes known: shapes, types."""
	@cuda.jit
	def kernel(out):
		for n in literal_unroll(SIZES):
			t = cuda.local.array(n, np.float32)
			for i in range(n):
				t[i] = i + n
			out[n] = t[n - 1]
		sizes = [cuda.local.array(k + 1, np.int32).size for k in range(3)]
		out[0] = sizes[0] * 100 + sizes[1] * 10 + sizes[2]

	out = np.zeros(4)
	kernel[1, 1](out)
	assert out.tolist() == [123, 0, 3, 5]


def test_as_arguments(device):
	"""Lists and generator expressions go into functions."""
	def total(items, scale):
		return scale * sum(items)

	def longest(a, b):
		return a if len(a) >= len(b) else b

	@cuda.jit
	def kernel(a, n, out):
		out[0] = total((a[i] for i in range(n)), 2)
		out[1] = total([a[i] for i in range(3)], n)
		out[2] = sum(longest([1, 2], [3, 4, 5]))

	out, a = np.zeros(3), np.arange(5.0)
	kernel[1, 1](a, 4, out)
	assert out.tolist() == [12, 12, 12]


@pytest.mark.parametrize("body, error, message", [
	("t = [a[i] for i in range(n)]", errors.TypingError, "the loop over a range must be written out, but its number of rounds is not known"),
	("t = tuple(a[i] for i in range(n))", errors.TypingError, "number of rounds is not known"),
	("k = 2\n while n:\n  t = [0 for i in range(k)]\n  k += 1", errors.TypingError, "number of rounds is not known"),
	("t = [x for x in a]", errors.TypingError, "the loop over array.float64, 1d, .. must be written out"),
	("t = [i for i in range(5000)]", errors.UnsupportedError, "its 5000 rounds are too many"),
	("t = [[[k for k in range(99)] for j in range(99)] for i in range(99)]", (errors.UnsupportedError, errors.TypingError), "rounds are too many|a tuple of more than 1000 values"),
	("t = [i for i in range(3) if a[i] > 1]\n a[0] = t[0]", errors.TypingError, "a list has 0 items on one path and 1 on another"),
	("t = [1, 2]\n t[0] = 5", errors.TypingError, "list.int64 x 2. cannot be changed: lists are tuples"),
	("t = [1, 2]\n t += [3]", errors.TypingError, "list.int64 x 2. cannot be changed"),
	("t = [1, 2]\n t.append(3)", errors.TypingError, "list.int64 x 2. cannot be changed"),
	("t = [1] + (2,)", errors.TypingError, r"operator \+ between list.int64 x 1. and UniTuple"),
	("t = (x for x in a)\n for y in t:\n  a[0] += y", errors.UnsupportedError, "a generator expression can only be taken whole"),
	("t = (x for x in a)\n a[0] = t[0]", errors.UnsupportedError, "a generator expression can only be taken whole"),
	("t = {i for i in range(3)}", errors.UnsupportedBytecodeError, "a set comprehension is not supported"),
	("t = {i: 1 for i in range(3)}", errors.UnsupportedBytecodeError, "a dictionary comprehension is not supported"),
	("t = sum(5)", errors.TypingError, "cannot iterate over int64"),
	("for x in literal_unroll(a):\n  pass", errors.TypingError, r"literal_unroll\(\) cannot take array"),
])
def test_errors(body, error, message):
	names = {"literal_unroll": literal_unroll}
	exec(f"def kernel(a, n):\n {body}\n", names)
	with pytest.raises(error, match=message):
		cuda.compile_ptx(names["kernel"], "void(float64[:], int64)", cc=(9, 0))
