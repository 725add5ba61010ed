"""np.random.Generator as an argument of functions for the host: its own numbers, and it goes on where they end."""

import numpy as np
import pytest
from random_cases import ARRAYS_OF_GENERATOR, OF_GENERATOR, A

from gridjit import cuda, errors, njit

N = 100


def many(calls):
	lines = "".join(f"\tfor i in range(N):\n\t\tout[{k}, i] = rng.{call}\n" for k, call in enumerate(calls))
	space = {"N": N, "np": np, "njit": njit}
	exec(f"@njit\ndef draw(rng, out):\n{lines}", space)
	return space["draw"]


def test_numbers():
	draw = many(OF_GENERATOR)
	for bits in np.random.PCG64, np.random.MT19937, np.random.SFC64:
		mine, theirs = (np.random.Generator(bits(3)) for _ in range(2))
		out = np.empty((len(OF_GENERATOR), N))
		draw(mine, out)
		for call, got in zip(OF_GENERATOR, out):
			want = np.array([float(eval("theirs." + call, {"theirs": theirs})) for _ in range(N)])
			assert np.array_equal(got, want, equal_nan=True), f"{call}: {got[:4]}, not {want[:4]}"
		assert mine.random() == theirs.random()


def test_arrays():
	space = {"A": A, "njit": njit}
	exec("@njit\ndef draw(rng):\n\treturn (" + ", ".join(f"rng.{call}" for call in ARRAYS_OF_GENERATOR) + ")", space)
	theirs = np.random.default_rng(7)
	for call, got in zip(ARRAYS_OF_GENERATOR, space["draw"](np.random.default_rng(7))):
		want = eval("theirs." + call, space | {"theirs": theirs})
		assert np.shape(got) == np.shape(want) and np.asarray(got).dtype == np.asarray(want).dtype and np.array_equal(got, want), call


def test_passed_on():
	@njit
	def step(rng, x):
		return x + rng.normal()

	@njit
	def walk(rng, other, n):
		x = 0.0
		for _ in range(n):
			x = step(rng, x) + other.random()
		order = np.arange(8)
		rng.shuffle(order)
		return x, order
	mine, theirs = [[np.random.default_rng(seed) for seed in (1, 2)] for _ in range(2)]
	for _ in range(2):
		(x, order), (y, as_there) = walk(*mine, 50), walk.py_func(*theirs, 50)
		assert np.isclose(x, y) and np.array_equal(order, as_there)


def test_mistakes():
	@njit
	def negative(rng):
		return rng.normal(0.0, -1.0)

	@njit
	def unknown(rng):
		return rng.spawn(3)

	@cuda.jit
	def kernel(rng, out):
		out[0] = rng.random()
	rng = np.random.default_rng(1)
	with pytest.raises(ValueError, match="scale < 0"):
		negative(rng)
	with pytest.raises(errors.TypingError, match="spawn"):
		unknown(rng)
	with pytest.raises((errors.TypingError, TypeError)):
		kernel[1, 1](rng, np.zeros(1))
