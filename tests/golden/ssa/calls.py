import math

SCALE = 2.5


def helper(a, b=1, *, c=2):
	return a * b + c


def keywords(x):
	return helper(x, c=3) + helper(b=x, a=1) + helper(*(x, 2))


def methods(x, y):
	return x.sum() + x.reshape(1, order=y).T.shape[0]


def module(x):
	return math.sin(x) * math.pi + SCALE + abs(x)


def conditional_argument(a, b):
	return max(a if b else b, a and b, key=1 if a else 2)


def lonely(x):
	helper(x)
	x
	x.y
	x[0]


def missing(x):
	return undefined_name + math.no_such + x
