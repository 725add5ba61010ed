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
