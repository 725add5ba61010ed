"""Few lines that mean very much: functions that call the next twice, tuples that double. A function of its own, or a clear error, and
soon; compiling longer sources takes longer, but not out of proportion."""
import time

import numpy as np
import pytest

from gridjit import cuda, errors, int64


def kernel_of(source, name="k"):
	names = {"cuda": cuda}
	exec(source, names)
	return names[name]


def seconds(kernel, *args):
	start = time.perf_counter()
	cuda.jit(kernel)[1, 1](*args)
	return time.perf_counter() - start


def doubling(depth):
	calls = "".join(f"def f{i}(x):\n return f{i - 1}(x) + f{i - 1}(x + 1)\n" for i in range(1, depth + 1))
	return kernel_of(f"def f0(x):\n return x + 1\n{calls}def k(a):\n a[0] = f{depth}(a[1])\n")


def test_calls_that_double(device):
	for depth in (3, 10, 20):
		a = np.array([0, 5])
		took = seconds(doubling(depth), a)
		assert a[0] == 2 ** depth * 6 + depth * 2 ** (depth - 1) and took < 10


def test_tuples_that_double():
	kernel = kernel_of("def k(a):\n t = (1, 2)\n" + " t = t + t\n" * 16 + " a[0] = t[0]\n")
	with pytest.raises(errors.TypingError, match="a tuple of more than 1000 values"):
		cuda.compile_ptx(kernel, (int64[:],))


def grows(t, n):
	return grows(t + t, n - 1) if n else t


def nests(t, n):
	return nests((t, t), n - 1) if n else 1


def captures(f, n):
	def inner():
		return f() + f()
	return captures(inner, n - 1) if n else 1


@pytest.mark.parametrize("function, first", ((grows, (1, 2)), (nests, 1), (captures, lambda: 1)), ids=("grows", "nests", "captures"))
def test_types_that_grow_in_recursion(function, first):
	def kernel(a):
		a[0] = 1 if function(first, a[1]) else 2

	with pytest.raises(errors.TypingError, match="more than 1000 values|nested too deeply"):
		cuda.compile_ptx(kernel, (int64[:],))


SOURCES = {
	"lines": lambda n: "def k(a):\n" + "".join(f" a[{i}] += a[{i * 7 % n}] * {i}\n" for i in range(n)),
	"loops": lambda n: "def k(a):\n" + "".join(f" for i in range(a[{i}]):\n  a[{i}] += i\n" for i in range(n)),
	"branches": lambda n: "def k(a):\n" + "".join(f" if a[{i}] > {i}:\n  a[{i}] += 1\n" for i in range(n)),
	"calls": lambda n: "def f(x):\n return x * x + 1\ndef k(a):\n" + "".join(f" a[{i}] = f(a[{i}])\n" for i in range(n)),
	"functions": lambda n: "".join(f"def f{i}(x):\n return x * {i} + 1\n" for i in range(n)) + "def k(a):\n"
		+ "".join(f" a[{i}] = f{i}(a[{i}])\n" for i in range(n)),
}


@pytest.mark.parametrize("shape", SOURCES)
def test_time_grows_with_length(device, shape):
	"""Four times the source: ten times is allowed for, beside what a machine that does other work adds; square would be sixteen."""
	few, many = ([seconds(kernel_of(f"{SOURCES[shape](n)} a[0] = {k}\n"), np.zeros(n, np.int64)) for k in range(3)]         # not from the cache
		for n in (50, 200))
	assert min(many) < 10 * min(few) + 0.5, (few, many)
