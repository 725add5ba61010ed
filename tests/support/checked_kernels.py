"""Kernels that fail where they are checked: a module of their own, because pytest rewrites the asserts of its tests."""

import math

import numpy as np

from gridjit import cuda, float32

TABLE = np.arange(6.0)


class Full(Exception):
	pass


class Outer:
	class Inner(Exception):
		pass


def raises(x):
	if cuda.grid(1) == 5:
		raise ValueError("five is too many")


def raises_class(x):
	if cuda.grid(1) == 5:
		raise KeyError


def raises_own(x):
	if cuda.grid(1) == 5:
		raise Full("nine", 9, 2.5)


def raises_number(x):
	if cuda.grid(1) == 5:
		raise OverflowError(7)


def asserts(x):
	assert cuda.grid(1) != 5, "not five"


def asserts_bare(x):
	assert cuda.grid(1) != 5


def divides(x):
	x[cuda.grid(1)] = 100 // (x[cuda.grid(1)] - 5)


def remainder(x):
	x[cuda.grid(1)] = 100 % (x[cuda.grid(1)] - 5)


def quotient(x):
	x[cuda.grid(1)] = 100 / (x[cuda.grid(1)] - 5)


def steps_nowhere(x):
	for i in range(0, 3, x[cuda.grid(1)] - 5):
		x[0] = i


def slices_nowhere(x):
	x[0] = x[::x[cuda.grid(1)] - 5].shape[0]


def divides_twice(x):
	x[cuda.grid(1)] = divmod(7, x[cuda.grid(1)] - 5)[0]


def shifts_left(x):
	x[0] = 3 << -int(x[cuda.grid(1)] == 5)


def shifts_right(x):
	x[1] >>= -int(x[cuda.grid(1)] == 5)


def makes_whole(x):
	x[2] = int(np.nan if x[cuda.grid(1)] == 5 else 1.5)


def rounds(x):
	x[2] = round(float32(-math.inf) if x[cuda.grid(1)] == 5 else float32(1.5))


def does_not_fit(x):
	if cuda.grid(1) == 5:
		x[:3] = x[:x[5]]


def inner(v):
	if v > 4:
		raise ValueError("in a device function")
	return v


def calls(x):
	x[cuda.grid(1)] = inner(x[cuda.grid(1)])


def factorial(n):
	if n > 10:
		raise OverflowError("too large")
	return n * factorial(n - 1) if n > 1 else 1


def recurses(x):
	x[cuda.grid(1)] = factorial(x[cuda.grid(1)] + 6)


# What a checked kernel does with the index i, and the name that it has for what it indexes.

def reads(x, i, out):
	out[0] = x[i]


def writes(x, i, out):
	x[i] = 1


def adds(x, i, out):
	x[i] += 1


def adds_atomically(x, i, out):
	cuda.atomic.add(x, i, 1)


def swaps(x, i, out):
	cuda.atomic.exch(x, (i,), 1)


def takes_row(x, i, out):
	row = x.reshape((x.shape[0], 1))[i]
	out[0] = row[0]


def takes_view(x, i, out):
	view = x[:]
	out[0] = view[i]


def takes_reversed(x, i, out):
	back = x[::-1]
	out[0] = back[i]


def in_shared(x, i, out):
	tile = cuda.shared.array(6, float32)
	tile[i] = 1
	out[0] = tile[i]


def in_dynamic(x, i, out):
	tile = cuda.shared.array(0, float32)
	tile[i] = 1
	out[0] = tile[i]


def in_local(x, i, out):
	own = cuda.local.array(6, float32)
	own[i] = 1
	out[0] = own[i]


def in_constant(x, i, out):
	table = cuda.const.array_like(TABLE)
	out[0] = table[i]


def in_global(x, i, out):
	out[0] = TABLE[i]


def in_tuple(x, i, out):
	t = (1, 2, 3, 4, 5, 6)
	out[0] = t[i]


def in_function(x, i, out):
	out[0] = item_of(x, i)


def item_of(values, i):
	return values[i]


ACCESSES = {
	reads: "x", writes: "x", adds: "x", adds_atomically: "x", swaps: "x", takes_row: None, takes_view: "view", takes_reversed: "back",
	in_shared: "tile", in_dynamic: "tile", in_local: "own", in_constant: "table", in_global: "TABLE", in_tuple: None,
	in_function: "values",
}


TEXTS = 18
PAIR = (2, 0.5)


def says(kind, n, x, s, b, a):
	"""A message of each kind of text."""
	if kind == 0:
		raise ValueError("n is %5d|%-5d|%05d|%+d|% d|%x|%#x|%o|%i%%" % (n, n, n, n, n, n, n, n, n))
	if kind == 1:
		raise ValueError("x is %f %.2f %8.3f %e %g %d %s %r %u" % (x, x, x, x, x, x, x, x, n))
	if kind == 2:
		raise ValueError("%s and %r and %10s|%-10s|" % (s, s, s, s))
	if kind == 3:
		raise IndexError("n is {}".format(n))
	if kind == 4:
		raise ValueError("{1} {0} {{}} {0:5d} {1:.2f} {2!r} {2!s} {2:>8}".format(n, x, s))
	if kind == 5:
		raise ValueError("n is " + str(n) + ", x is " + str(x) + " " + repr(s))
	if kind == 6:
		raise ValueError(str(n), "a" "b", n, s)
	if kind == 7:
		raise ValueError(f"{s} {s!r} {n:4d} {x:.3f} {n!r} {s!s:>6}")
	if kind == 8:
		raise ValueError("%s %s %5s %d" % (b, n > 2, b, b))
	if kind == 9:
		raise ValueError(f"{a.shape[0]} {a.size} {len(a)} {a.ndim} {abs(n)} {n * 2 + 1}")
	if kind == 10:
		raise ValueError("%d%%" % n)
	if kind == 11:
		raise ValueError("{} {}".format("x", n) + " and %s" % "y")
	if kind == 12:
		raise ValueError("100%")
	if kind == 13:
		raise ValueError("%d %d" % (n, n, n))
	if kind == 14:
		raise ValueError(f"shape {a.shape} and {a.shape!r}, {(n, (x, b, s, None), (a.size,))} {()}", a.shape, (n, s))
	if kind == 15:
		raise ValueError("%s of %s, %r" % (a.shape, (1, x), (s, n)), "{} {!r}".format(None, True))
	if kind == 16:
		raise ValueError(f"{True} {PAIR} {None}", PAIR)
	raise KeyError("%s" % s, "{}".format(b))
