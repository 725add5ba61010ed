"""np.random and random in functions for the host: after a seed NumPy's and Python's own numbers, bit for bit."""

import os
import random
import threading

import numpy as np
import pytest

from random_cases import A, ARRAYS, CHANCES, DRAWS, P, PYTHON

from gridjit import njit, prange

N = 300


def many(calls, module, name):
	"""What a compiled function draws of each call behind a seed, N times."""
	lines = "".join(f"\tfor i in range(N):\n\t\tout[{k}, i] = {name}.{call}\n" for k, call in enumerate(calls))
	space = {name: module, "N": N, "np": np, "njit": njit}
	exec(f"@njit\ndef draw(seed, out):\n\t{name}.seed(seed)\n{lines}", space)
	out = np.empty((len(calls), N))
	space["draw"](42, out)
	return out


class Legacy(np.random.RandomState):
	ranf = sample = np.random.RandomState.random_sample


def python_like(seed):
	"""Python's generator in the state that numba gives a seed, which is NumPy's."""
	r = random.Random()
	r.setstate((3, (*(int(word) for word in np.random.RandomState(seed).get_state()[1]), 624), None))
	return r


@pytest.mark.parametrize("calls, module, reference", [(DRAWS, np.random, Legacy(42)), (PYTHON, random, python_like(42))], ids=["numpy", "python"])
def test_numbers(calls, module, reference):
	for call, got in zip(calls, many(calls, module, "module")):
		want = np.array([float(eval("reference." + call, {"np": np, "reference": reference})) for _ in range(N)])
		assert np.array_equal(got, want, equal_nan=True), f"{call}: {got[:4]}, not {want[:4]}"


def test_python_normal():
	"""Python's own has other ways to a normal deviate; numba's are NumPy's."""
	got, r = many(["gauss(1.0, 2.0)", "normalvariate()", "lognormvariate(0.5, 0.7)"], random, "module"), np.random.RandomState(42)
	for numbers, draw in zip(got, (lambda: r.normal(1.0, 2.0), r.normal, lambda: r.lognormal(0.5, 0.7))):
		assert numbers.tolist() == [draw() for _ in range(N)]


def test_arrays():
	space = {"np": np, "P": P, "CHANCES": CHANCES, "A": A, "njit": njit}
	exec("@njit\ndef draw():\n\tnp.random.seed(7)\n\treturn (" + ", ".join(f"np.random.{call}" for call in ARRAYS) + ")", space)
	r = np.random.RandomState(7)
	for call, got in zip(ARRAYS, space["draw"]()):
		want = eval("r." + call, space | {"r": r})
		assert np.shape(got) == np.shape(want) and np.asarray(got).dtype == np.asarray(want).dtype and np.array_equal(got, want), call


def test_in_place():
	@njit
	def mixed(a, b, c, d):
		np.random.seed(3)
		random.seed(4)
		np.random.shuffle(a)
		np.random.shuffle(b)
		random.shuffle(c)
		random.shuffle(d)
		return random.choice(a), random.choice((1, 2, 3)), np.random.random()
	mine, theirs = ([np.arange(9), A.copy(), np.arange(7.0), np.array([3, 4])] for _ in range(2))
	got = mixed(*mine)
	r, p = np.random.RandomState(3), python_like(4)
	r.shuffle(theirs[0])
	r.shuffle(theirs[1])
	p.shuffle(theirs[2])
	p.shuffle(theirs[3])
	assert all(np.array_equal(a, b) for a, b in zip(mine, theirs))
	assert got == (p.choice(theirs[0]), p.choice((1, 2, 3)), r.random())


@njit
def seed(n):
	np.random.seed(n)
	random.seed(n + 100)


@njit
def draw():
	return np.random.random(), np.random.randint(1 << 62), random.random(), np.random.normal()


def test_states():
	"""They are the thread's, outlive calls and belong to nobody else; those that nobody seeded differ."""
	np.random.seed(5)
	seed(1)
	first = draw(), draw()
	seed(1)
	assert (draw(), draw()) == first and first[0] != first[1]
	assert np.random.random() == np.random.RandomState(5).random()
	found = []

	def other(n):
		if n:
			seed(n)
		found.append(draw())
	seed(1)
	for n in 0, 0, 1, 1:
		thread = threading.Thread(target=other, args=(n,))
		thread.start()
		thread.join()
	assert draw() == first[0] == found[2] == found[3] and len({x for numbers in found[:3] for x in numbers}) == 12


def test_forks():
	def child():
		read, write = os.pipe()
		pid = os.fork()
		if not pid:
			try:
				os.write(write, repr(draw()).encode())
			finally:
				os._exit(0)
		os.waitpid(pid, 0)
		os.close(write)
		with open(read, "rb") as f:
			return f.read()

	@njit
	def forget():
		np.random.seed()
		random.seed()
	forget()
	draw()
	assert child() != repr(draw()).encode(), "unseeded: not the parent's numbers"
	seed(8)
	assert child() == repr(draw()).encode(), "seeded: they go on"


@pytest.mark.parametrize("width", (32, 1))
def test_prange(width, monkeypatch):
	"""Rounds draw what their thread draws: nothing twice, and pi comes out."""
	monkeypatch.setenv("GRIDJIT_CPU_WIDTH", str(width))

	@njit(parallel=True)
	def pi(n):
		inside = 0
		for i in prange(n):
			x = np.random.random()
			if x > 0.5:
				y = np.random.uniform(0, 1)
			else:
				y = random.random()
			if x * x + y * y < 1:
				inside += 1
		return 4 * inside / n

	@njit(parallel=True)
	def fill(out):
		for i in prange(out.size):
			out[i] = np.random.random()
	assert abs(pi(400_000) - np.pi) < 0.02
	out = np.empty(100_000)
	fill(out)
	assert np.unique(out).size == out.size and abs(out.mean() - 0.5) < 0.01


def test_programs():
	@njit
	def walk(n):
		np.random.seed(11)
		at = np.zeros(2)
		for _ in range(n):
			at[np.random.randint(2)] += np.random.choice(np.array([-1, 1]))
		return at

	@njit
	def metropolis(n):
		np.random.seed(12)
		x, total, square = 0.0, 0.0, 0.0
		for _ in range(n):
			new = x + np.random.uniform(-1, 1)
			if np.random.random() < np.exp((x * x - new * new) / 2):
				x = new
			total += x
			square += x * x
		return total / n, square / n
	assert np.array_equal(walk(500), walk.py_func(500)) and np.allclose(metropolis(20_000), metropolis.py_func(20_000))
	assert abs(metropolis(400_000)[1] - 1) < 0.05


def test_where_numpy_does_not_end():
	@njit
	def draw():
		return np.random.zipf(1e18), np.random.vonmises(0.0, 1e17), np.random.vonmises(1.0, np.inf), np.random.geometric(1e-300)
	got = draw()
	assert got[0] == 1 and 0 < abs(got[1]) < 1e-7 and got[2:] == (1.0, 2**63 - 1)


BAD = """normal(0.0,-1.0) uniform(0.0,np.inf) exponential(-1.0) gamma(-1.0,1.0) gamma(1.0,-1.0) beta(0.0,1.0) chisquare(0.0)
vonmises(0.0,-1.0) triangular(2.0,1.0,3.0) triangular(1.0,4.0,3.0) triangular(1.0,1.0,1.0) poisson(-1.0) poisson(1e19)
poisson(np.nan) binomial(-1,0.5) binomial(1,1.5) binomial(1,np.nan) geometric(0.0) zipf(1.0) hypergeometric(-1,5,3) hypergeometric(1,2,4) hypergeometric(3,4,0) logseries(1.0)
randint(0) randint(3,3) multinomial(-1,CHANCES) choice(0) choice(3,4,False) choice(3,p=P) seed(-1) seed(2**32)""".split()


def test_mistakes():
	for call in BAD:
		space = {"np": np, "P": P, "CHANCES": CHANCES, "njit": njit}
		exec(f"@njit\ndef bad():\n\treturn np.random.{call}", space)
		with pytest.raises((ValueError, OverflowError)) as theirs:
			eval("r." + call, space | {"r": np.random.RandomState(1)})
		with pytest.raises(theirs.type, match="."):
			space["bad"]()


@pytest.mark.parametrize("call", ["randrange(0)", "randrange(3,3)", "randrange(1,5,0)", "randint(2,1)", "getrandbits(-1)", "gammavariate(0.0,1.0)"])
def test_mistakes_of_python(call):
	space = {"random": random, "njit": njit}
	exec(f"@njit\ndef bad():\n\treturn random.{call}", space)
	with pytest.raises(ValueError):
		eval("random." + call)
	with pytest.raises(ValueError):
		space["bad"]()
