"""a, *b = t: what is starred takes a tuple, where Python makes a list."""
import collections

import numpy as np
import pytest

from gridjit import cuda, errors

Triple = collections.namedtuple("Triple", "x y z")


def test_tuples(device):
	def total(first, *rest):
		if len(rest) == 0:
			return first
		second, *others = rest
		return first + 10 * total(second, *others)

	@cuda.jit
	def kernel(t, p, out):
		i = cuda.grid(1)
		a, *b = t
		*c, d = b
		e, *f, g = p
		*h, = p
		first, second, *none = b
		out[i, 0] = a + len(b) + b[0] * b[1]
		out[i, 1] = c[0] + d + len(c)
		out[i, 2] = e + f[0] * g
		out[i, 3] = h[i % 3] + len(none)
		out[i, 4] = total(i, 2, 3.5)
		for head, *tail in ((1, 2, 3), (4, 5, 6)):
			out[i, 5] = 10 * out[i, 5] + head * tail[1]

	out = np.zeros((3, 6))
	kernel[1, 3]((1, 2, 3.5), Triple(1, 2, 3), out)
	assert out.tolist() == [[10, 6.5, 7, 1.0 + i, i + 10 * (2 + 35), 54] for i in range(3)]


def test_arrays_inside(device):
	@cuda.jit
	def kernel(t):
		out, *rest = t
		i = cuda.grid(1)
		for k in range(2):
			out[i] += rest[k][i]

	out = np.zeros(8)
	kernel[1, 8]((out, np.arange(8.0), np.ones(8)))
	assert out.tolist() == [i + 1 for i in range(8)]


@pytest.mark.parametrize("body, message", (("a, *b, c = (1,)", "of 1 items into 2 variables"), ("a, *b = 1", "starred"),
	("a, *b = x", "array.float64, 1d, A. into a starred variable"), ("a, *b = range(3)", "a range of int64 into a starred variable")))
def test_errors(body, message):
	names = {}
	exec(f"def kernel(x):\n {body}\n x[0] = a\n", names)
	with pytest.raises(errors.TypingError, match=message):
		cuda.compile_ptx(names["kernel"], "void(float64[:])")
