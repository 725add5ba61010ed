"""Random loops over prange against the Python interpreter: conditions, inner loops, reductions of each kind, failures, try, inner functions,
variables that some ways through a round leave without a value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridjit import config, njit, prange

PLAIN = ["x[i]", "i", "x[i] % 7", "x[i] - 3 * i", "((x[i] ^ i) & 15)", "k"]
VALUES = [*PLAIN, "h(k)", "h(x[i] % 20, 3)", "g(i)"]
CONDITIONS = ["x[i] > 20", "i % 3 == 1", "k < 4", "x[i] % 2 == 0 and i > 5", "x[i] < 10 or i % 5 == 0"]
UPDATES = {
	"s": ["s += {e}", "s -= {e}", "s = {e} + s"],
	"p": ["p *= 1 - 2 * ({e} & 1)"],
	"m": ["m = max(m, {e})", "m = max({e}, m)"],
	"t": ["if {v} > t:\n\tt = {v}", "t = {v} if t < {v} else t"],
	"b": ["if {c}:\n\tb = True"],
	"o": ["o |= {e} & 255"],
	"y[i]": ["y[i] = {e}", "y[i] += {e}"],
	"k": ["k = {e}", "k += {e} & 3"],
	"u": ["if {c}:\n\tu = {e}", "u = {e}", "if {c}:\n\ty[i] = u", "if {c} and {c}:\n\tdel u"],
}


def indented(text):
	return "".join(f"\t{line}\n" for line in text.splitlines())


@st.composite
def statement(draw, depth=0):
	kind = draw(st.integers(0, 12))
	if depth < 2 and kind < 2:
		text = f"if {draw(st.sampled_from(CONDITIONS))}:\n" + indented(draw(body(depth + 1)))
		return text + ("else:\n" + indented(draw(body(depth + 1))) if draw(st.booleans()) else "")
	if depth < 2 and kind == 2:
		return f"for j{depth} in range(x[i] & {draw(st.integers(1, 7))}):\n" + indented(draw(body(depth + 1)))
	if kind == 3:
		return f"if i == {draw(st.integers(0, 200))}:\n\traise ValueError({draw(st.integers(0, 9))})\n"
	if kind == 4:
		return f"if {draw(st.sampled_from(CONDITIONS))}:\n\tcontinue\n"
	if depth < 2 and kind == 5:
		handler = draw(st.sampled_from(["finally:\n\tk += 1", "except ValueError:\n\tk = 5", "except NameError:\n\tu = 1", "except (KeyError, NameError):\n\tpass\nfinally:\n\tk -= 1"]))
		return "try:\n" + indented(draw(body(depth + 1))) + handler + "\n"
	update = draw(st.sampled_from(UPDATES[draw(st.sampled_from(sorted(UPDATES)))]))
	return update.format(e=draw(st.sampled_from(VALUES)), v=draw(st.sampled_from(PLAIN)), c=draw(st.sampled_from(CONDITIONS))) + "\n"


def body(depth=0):
	return st.lists(statement(depth), min_size=1, max_size=4).map("".join)


@st.composite
def function(draw):
	return HEAD + indented(indented(draw(body()))) + "\tif c < 0:\n\t\tu = 0\n" + draw(st.sampled_from(["", "\ts += u\n"])) + "\treturn s, p, m, t, b, o\n"


HEAD = """def f(x, y):
	s, p, m, t, b, o, c = 3, 1, -9, -5, False, 0, x.shape[0]
	g = lambda z: z % 5 + 1
	def h(z, w=2):
		if z > 9:
			return z - w
		return w * z + c
	for i in prange(x.shape[0]):
		k = i & 7
"""
FORGET = """		try:
			del u
		except NameError:
			pass
"""


def outcome(f, x):
	y = np.zeros_like(x)
	try:
		return f(x, y), y
	except (ValueError, NameError) as error:
		return error.args, None


@pytest.mark.parametrize("width", [32, 1])
@settings(max_examples=12, deadline=None, derandomize=True)
@given(text=function(), n=st.sampled_from([1, 33, 150]), seed=st.integers(0, 99))
def test_as_the_interpreter(width, text, n, seed):
	x = np.random.default_rng(seed).integers(0, 50, n)
	names, python = {"prange": prange}, {"prange": prange}
	exec(text, names)                                  # noqa: S102
	exec(text.replace(HEAD, HEAD + FORGET), python)    # noqa: S102    a round begins without values
	before, config.CPU_WIDTH = config.CPU_WIDTH, width
	try:
		expected, y = outcome(python["f"], x)
		got, z = outcome(njit(parallel=True)(names["f"]), x)
	finally:
		config.CPU_WIDTH = before
	assert list(map(str, expected)) == list(map(str, got)), text
	assert y is None or (y == z).all(), text
