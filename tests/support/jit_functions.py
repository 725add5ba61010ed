"""Compiled functions with assertions, which pytest rewrites in the files of tests."""

from gridjit import njit


class Trouble(Exception):
	pass


@njit
def raises(kind):
	if kind == 1:
		raise ValueError
	if kind == 2:
		raise ValueError("wrong", 2, 2.5)
	if kind == 3:
		raise Trouble("here")
	if kind == 4:
		raise KeyError(7)
	assert kind != 5
	assert kind != 6, "six"
	return kind


@njit
def tells(kind, n, x):
	if kind == 0:
		raise ValueError("bad", n, x, n > 0)
	if kind == 1:
		raise ValueError(f"n is {n}, x is {x:.3f}!")
	if kind == 2:
		raise KeyError(n)
	if kind == 3:
		raise IndexError(f"{n}")
	assert kind != 4, f"kind {kind} of {n:>5}"
	return kind
