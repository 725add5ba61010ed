"""Functions that tests of guvectorize compile for every target, and matrices that lie in any way."""

import math

import numpy as np
from hypothesis import strategies as st


def row_mean(x, out):
	total = 0.0
	for i in range(x.shape[0]):
		total += x[i]
	out[0] = total / x.shape[0]


def product(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total = a[0, 0] * 0
			for k in range(a.shape[1]):
				total += a[i, k] * b[k, j]
			out[i, j] = total


def running_sum(x, start, out):
	total = start
	for i in range(x.shape[0]):
		total += x[i]
		out[i] = total


def statistics(x, low, high, count):
	low[0] = high[0] = x[0]
	for v in x:
		low[0] = min(low[0], v)
		high[0] = max(high[0], v)
	count[0] = len(x)


@st.composite
def matrices(draw, outer, core, dtype):
	"""An array of this shape, or one that broadcasts to it, in some layout."""
	outer = tuple(draw(st.sampled_from([n, 1])) for n in outer)[draw(st.integers(0, len(outer))):]
	shape = outer + core
	steps = [draw(st.sampled_from([1, 2, -1])) for _ in shape]
	whole = np.arange(math.prod(n * 2 for n in shape), dtype="i8").reshape([n * 2 for n in shape])
	whole = ((whole * 7919) % 25 - (0 if dtype[0] == "u" else 12)).astype(dtype)
	order = draw(st.permutations(range(len(shape))))
	whole = np.ascontiguousarray(whole.transpose(order)).transpose(np.argsort(order))
	if draw(st.booleans()):
		whole = whole.astype(whole.dtype.newbyteorder())
	return whole[tuple(slice(None, None, step) for step in steps)][tuple(slice(0, n) for n in shape)]
