"""Random loops over prange against the Python interpreter: conditions, inner loops, reductions of each kind, failures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjit import config, njit, prange

VALUES = ["x[i]", "i", "x[i] % 7", "x[i] - 3 * i", "((x[i] ^ i) & 15)", "k"]
CONDITIONS = ["x[i] > 20", "i % 3 == 1", "k < 4", "x[i] % 2 == 0 and i > 5", "x[i] < 10 or i % 5 == 0"]
UPDATES = {
	"s": ["s += {e}", "s -= {e}", "s = {e} + s"],
	"p": ["p *= 1 - 2 * ({e} & 1)"],
	"m": ["m = max(m, {e})", "m = max({e}, m)"],
	"g": ["if {e} > g:\n\tg = {e}", "g = {e} if g < {e} else g"],
	"b": ["if {c}:\n\tb = True"],
	"o": ["o |= {e} & 255"],
	"y[i]": ["y[i] = {e}", "y[i] += {e}"],
	"k": ["k = {e}", "k += {e} & 3"],
}


def indented(text):
	return "".join(f"\t{line}\n" for line in text.splitlines())


@st.composite
def statement(draw, depth=0):
	kind = draw(st.integers(0, 9))
	if depth < 2 and kind < 2:
		text = f"if {draw(st.sampled_from(CONDITIONS))}:\n" + indented(draw(body(depth + 1)))
		return text + ("else:\n" + indented(draw(body(depth + 1))) if draw(st.booleans()) else "")
	if depth < 2 and kind == 2:
		return f"for j{depth} in range(x[i] & {draw(st.integers(1, 7))}):\n" + indented(draw(body(depth + 1)))
	if kind == 3:
		return f"if i == {draw(st.integers(0, 200))}:\n\traise ValueError({draw(st.integers(0, 9))})\n"
	if kind == 4 and depth == 1:
		return "if k > 9:\n\tcontinue\n"
	update = draw(st.sampled_from(UPDATES[draw(st.sampled_from(sorted(UPDATES)))]))
	return update.format(e=draw(st.sampled_from(VALUES)), c=draw(st.sampled_from(CONDITIONS))) + "\n"


def body(depth=0):
	return st.lists(statement(depth), min_size=1, max_size=4).map("".join)


@st.composite
def function(draw):
	text = "def f(x, y):\n\ts, p, m, g, b, o = 3, 1, -9, -5, False, 0\n\tfor i in prange(x.shape[0]):\n\t\tk = i & 7\n"
	text += indented(indented(draw(body()))) + "\treturn s, p, m, g, b, o\n"
	return text


def outcome(f, x):
	y = np.zeros_like(x)
	try:
		return f(x, y), y
	except ValueError as error:
		return error.args, None


@pytest.mark.parametrize("width", [32, 1])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(text=function(), n=st.sampled_from([1, 33, 150]), seed=st.integers(0, 99))
def test_as_the_interpreter(width, text, n, seed):
	x = np.random.default_rng(seed).integers(0, 50, n)
	names = {"prange": prange}
	exec(text, names)                                  # noqa: S102
	before, config.CPU_WIDTH = config.CPU_WIDTH, width
	try:
		expected, y = outcome(names["f"], x)
		got, z = outcome(njit(parallel=True)(names["f"]), x)
	finally:
		config.CPU_WIDTH = before
	assert tuple(map(int, expected)) == tuple(map(int, got)), text
	assert y is None or (y == z).all(), text
