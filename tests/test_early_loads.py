"""Loads go before slow operations (src/opt/loads.c): how PTX shows it, where stores stand between, and how many may wait."""

import math

import pytest

from gridjit import cuda, types

F = types.float32[::1]


def late(a, b, c, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = math.sqrt(a[i]) / b[i] + math.log(c[i])


def store_between(a, b, c, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = math.sqrt(a[i])
		a[i] = b[i]


def follows(a, b, c, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = math.sqrt(a[i]) + c[int(math.sqrt(b[i]))]


def many(a, b, c, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = (math.sqrt(a[0]) + b[i] + b[i + 1] + b[i + 2] + b[i + 3] + b[i + 4] + b[i + 5] + b[i + 6] + b[i + 7] + b[i + 8]
			+ b[i + 9] + b[i + 10])


def order(kernel):
	"""Loads, roots and stores of its PTX: "lls" for two loads and a store."""
	letters = {"ld.global": "l", "sqrt": "r", "st.global": "s"}
	lines = cuda.compile_ptx(kernel, (F,) * 4, cc=(8, 0))[0].splitlines()
	return "".join(letter for line in lines for word, letter in letters.items() if word in line)


@pytest.mark.parametrize("kernel, expect", [
	(late, "lllrs"), (store_between, "lrsls"), (follows, "llrrls"), (many, "l" * 9 + "r" + "l" * 3 + "s")])
def test_order(kernel, expect):
	assert order(kernel) == expect
