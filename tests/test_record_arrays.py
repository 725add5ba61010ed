"""Arrays of records that functions for the host make: stored into, viewed by fields, sorted, returned, or a record of them. Against
Python itself; what is made is freed."""


import numpy as np
import pytest

from gridjit import njit, prange

PAIR = np.dtype([("x", "f8"), ("n", "i4")])
ALIGNED = np.dtype([("flag", "?"), ("x", "f8"), ("n", "i2")], align=True)
NESTED = np.dtype([("p", PAIR), ("v", "f8", (3,)), ("z", "c16")])


def data(n):
	a = np.zeros(n, PAIR)
	a["x"] = np.arange(n)[::-1] * 1.5
	a["n"] = np.arange(n) ** 2
	return a

pytestmark = pytest.mark.usefixtures("no_leaks")


def same(got, want):
	if isinstance(want, tuple):
		assert isinstance(got, tuple) and len(got) == len(want)
		for g, w in zip(got, want):
			same(g, w)
		return
	if isinstance(want, np.ndarray):
		assert got.dtype == want.dtype and got.shape == want.shape and repr(got.tolist()) == repr(want.tolist())
		return
	assert got == want and isinstance(got, np.void) == isinstance(want, np.void)


def fields_one_by_one(n):
	a = np.zeros(n, PAIR)
	for i in range(n):
		a[i]["x"] = i * 1.5
		a[i]["n"] = i
		a[i]["n"] += 2
	return a


def tuples(n):
	a = np.empty(n, dtype=PAIR)
	for i in range(n):
		a[i] = (i * 0.5, i)
	a[0] = 7
	return a


def whole_fields(n):
	a = np.zeros(n, NESTED)
	a["p"]["x"] = 2.0
	a["p"]["n"][1:] = 3
	a["v"][:, 1] = np.arange(n)
	a["z"] = 1j
	return a, a["p"]["x"].sum(), a["v"].sum(), a["v"][0]


def of(b):
	a = np.zeros(b.shape[0], b.dtype)
	for i in range(b.shape[0]):
		a[i] = b[b.shape[0] - 1 - i]
	c = b.copy()
	c[1]["n"] = 70
	d = np.empty_like(b)
	d[:] = c
	d[0], d[1] = d[1], d[0]
	return a, c, d, b[::-1].copy(), np.zeros_like(c)


def picked(b):
	order = np.argsort(b["x"])
	return b[order], b[b["n"] > 3], b.take(np.array([2, 0])), np.concatenate((b, b[1:])), b["x"] * 2 + b["n"]


def filled(n):
	return np.full(n, 3, PAIR), np.ones((n, 2), PAIR), np.array([(1.0, 2), (3.5, 4)], dtype=PAIR), np.array([[(1, 2)], [(3, 4)]], PAIR)


def planes(n):
	a = np.zeros((n, 3), ALIGNED)
	a[1, 2]["x"] = 4
	row = a[1]
	row[0]["n"] = 3
	row[1]["flag"] = True
	return a, row, a.T, a.reshape(3 * n)[4], a[:, 2]["x"]


@pytest.mark.parametrize("f, args", [(fields_one_by_one, 4), (tuples, 4), (whole_fields, 3), (of, data(4)), (picked, data(5)), (filled, 2), (planes, 2)])
def test_arrays(f, args):
	same(njit(f)(args), f(args))


def one(n):
	a = np.zeros(n, PAIR)
	a[1]["x"] = 5
	return a[1]


def chosen(n):
	b = data(n)
	r = b[1] if n > 3 else b[0]
	r["n"] += 1
	return r


def best(n):
	top = np.zeros(1, PAIR)[0]
	for i in range(n):
		c = np.zeros(2, PAIR)
		c[1]["x"] = i % 5
		if c[1]["x"] > top["x"]:
			top = c[1]
	return top


def test_a_record_keeps_the_memory_that_it_is_in():
	for f, n in (one, 3), (best, 17):
		got = njit(f)(n)
		assert got.x == f(n)["x"] and isinstance(got, np.record)
		got.x = 2                                  # nobody else has it
	inner = njit(lambda n: (np.zeros(n, NESTED)[0].p, np.ones(n, NESTED)[0].v))

	@njit
	def outer(n):
		p, v = inner(n)
		p.x += v[1]
		return p, v[1:]

	p, v = outer(3)
	assert p.x == 1 and v.tolist() == [1, 1]

	@njit
	def either(a, n):
		b = a.copy()
		r = b[1] if n > 0 else a[0]
		r.n += 1
		return r

	a = data(3)
	assert either(a, 1).n == 2 and a["n"][1] == 1
	assert either(a, 0).n == 1 and a["n"][0] == 1


@njit
def maybe(n):
	if n > 1:
		return np.zeros(n, PAIR)[1]
	return None


def test_a_record_or_none():
	assert maybe(0) is None and maybe(3).n == 0


@njit
def raises(n):
	b = np.zeros(n, PAIR)
	r = b[0]
	for q in b:
		if q.n == r.n:
			raise ValueError("as the first")
	return r


def test_nothing_is_left_where_it_raises():
	for _ in range(50):
		with pytest.raises(ValueError, match="as the first"):
			raises(3)
		njit(of)(data(3))
		one_compiled(3)


one_compiled = njit(one)


def loops(a):
	t = 0.0
	c = a.copy()
	for r in c:
		t += r["x"]
	for i, r in enumerate(c):
		r["n"] = i
		t += r["n"] * i
	for r, s in zip(c, c[::-1]):
		t += r["x"] * s["n"]
	for r in c.flat:
		t += r["n"]
	return t, c


def test_loops():
	same(njit(loops)(data(4)), loops(data(4)))


def test_rounds_of_prange():
	@njit(parallel=True)
	def f(n):
		a = np.zeros(n, PAIR)
		for i in prange(n):
			a[i].x = i * 2
			a[i] = (a[i].x + 1, i)
		return a

	got = f(1000)
	assert np.array_equal(got["x"], np.arange(1000) * 2 + 1) and np.array_equal(got["n"], np.arange(1000))


def test_what_is_refused():
	with pytest.raises(Exception, match="dtype"):
		njit(lambda n: np.zeros(n, TEXTS))(3)
	with pytest.raises(Exception, match="cannot"):
		njit(lambda n: np.full(n, 1j, PAIR))(3)


TEXTS = np.dtype("S5")
