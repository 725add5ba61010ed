"""Sites: what an image tells of barriers and of where threads end, as Kernel.sites shows it, from the compiler and from the cache."""

import inspect

import numpy as np
import pytest

from gridjit import cuda
from raising_kernels import ends, factorial, inlined


def line_of(function, text):
	"""Number of the function's line that contains the text."""
	lines, first = inspect.getsourcelines(function)
	return first + next(i for i, line in enumerate(lines) if text in line)


def sites(kernel):
	return next(iter(kernel.overloads.values())).sites


def site(kind, function, text, exception, message):
	return kind, inspect.getsourcefile(function), line_of(function, text), function.__name__, exception, message


ENDS = {
	site("raise", ends, "raise IndexError", "IndexError", "7"),
	site("assert", ends, "!= 5", "AssertionError", "five"),
	site("assert", ends, "!= 6", "AssertionError", None),
	site("raise", inlined, "raise Full", "raising_kernels.Full", '("nine", 9, 2.5)'),
}


def test_where_threads_end(device):
	"""Each place once, from the compiler and from the cache; what is never compiled is no place."""
	for _ in range(2):
		kernel = cuda.jit(ends)
		x, y = np.arange(4), np.zeros(4, np.int64)
		kernel[1, 4](x, y)
		assert (y == 2 * x + 4).all()
		assert len(sites(kernel)) == len(ENDS) and set(sites(kernel)) == ENDS
	assert kernel._cache_hits == 1


def test_functions_that_are_called(device):
	def kernel(x):
		x[cuda.grid(1)] = factorial(x[cuda.grid(1)])
	kernel = cuda.jit(kernel)
	kernel[1, 4](np.arange(4))
	assert sites(kernel) == (site("raise", factorial, "raise OverflowError", "OverflowError", None),)


def test_where_python_raises(device):
	"""What has no raise statement but raises in Python: shapes that do not fit, and their like."""
	def kernel(x, n):
		x[:n] = x.reshape((n, 2))[0]
	kernel = cuda.jit(kernel)
	kernel[1, 1](np.arange(4.0), 2)
	found = sites(kernel)
	assert found and {row[:5] for row in found} == {("raise", __file__, line_of(kernel.py_func, "reshape"), "kernel", "ValueError")}


def test_barriers(device):
	"""On the CPU barriers come first, each with its line; a GPU has nobody who would ask for them."""
	def meets(x):
		cuda.syncthreads()
		if x[0] == 1:
			raise ValueError("one")
		cuda.syncthreads()
	kernel = cuda.jit(meets)
	kernel[1, 32](np.zeros(1, np.int64))
	first = line_of(meets, "syncthreads")
	kinds = [row[0] for row in sites(kernel)]
	assert kinds == sorted(kinds, key="barrier raise".split().index) and kinds.count("raise") == 1
	assert {row[1:4] for row in sites(kernel) if row[0] == "barrier"} == \
		({(__file__, line, "meets") for line in (first, first + 3)} if device != "cuda" else set())


def test_moved_code_has_new_lines(tmp_path):
	"""The lines of sites are part of the name in the cache."""
	text = "def kernel(x):\n\tif x[0] == 1:\n\t\traise ValueError\n"
	lines = []
	for before in "", "\n\n":
		space = {}
		exec(compile(before + text, "moved.py", "exec"), space)
		kernel = cuda.jit(space["kernel"])
		kernel[1, 1](np.zeros(1))
		lines.append([row[2] for row in sites(kernel)])
	assert lines == [[3], [5]]


@pytest.mark.parametrize("message", ["", "grün", "a" * 5000], ids=["empty", "umlaut", "long"])
def test_messages(message):
	space = {"M": message}
	exec(f"def kernel(x):\n\tif x[0] == 1:\n\t\traise ValueError({message!r})\n", space)
	kernel = cuda.jit(space["kernel"])
	kernel[1, 1](np.zeros(1))
	assert [row[5] for row in sites(kernel)] == [message or None]
