"""Kernels that raise: a module of their own, because pytest rewrites the asserts of its tests."""

from gridjit import cuda


class Full(Exception):
	pass


def inlined(v):
	if v == 9:
		raise Full("nine", 9, 2.5)
	return v + 1


def factorial(n):
	if n > 20:
		raise OverflowError
	return n * factorial(n - 1) if n > 1 else 1


def ends(x, y):
	i = cuda.grid(1)
	if i >= x.shape[0]:
		raise IndexError(7)
	assert x[i] != 5, "five"
	assert x[i] != 6
	y[i] = inlined(x[i]) + inlined(x[i] + 2)
	if x is None:
		raise TypeError("never compiled")
