def asserts(x):
	assert x > 1, "too small"
	assert x
	return x


def raises(x):
	if x == 1:
		raise ValueError("one", 1)
	if x == 2:
		raise ValueError
	if x == 3:
		raise ValueError(x)
	return x


def unsupported_later(x):
	if x:
		return x
	import os
	return [os, f"{x}"]


def deleted(x):
	y = x
	del y
	return x
