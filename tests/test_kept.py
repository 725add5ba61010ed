"""What a round of a loop has computed for the next is not computed again, and comes to the same bits."""
import math
import re

import numpy as np
import pytest

from gridjit import njit


def escape(x, y, a, b, most):
	n = 0
	while x * x + y * y < 4.0 and n < most:
		x, y = x * x - y * y + a, 2.0 * x * y + b
		n += 1
	return n, x, y


def damped(x, k, most):
	n = 0
	while math.sqrt(x * x + k) > 1.5 and n < most:
		x = math.sqrt(x * x + k) * 0.5 - k / x
		n += 1
	return n, x


def two_ways(x, y, most):
	"""One square is of a variable that only some rounds change."""
	n = 0
	while x * x + y * y < 50.0 and n < most:
		if n % 3 == 0:
			y = x * x - y
		x = x + 0.25 - 0.001 * (x * x + y * y)
		n += 1
	return n, x, y


def behind(x, most):
	"""What is computed at the end is read behind the loop, too."""
	n, s = 0, 0.0
	while x * x < 10.0 and n < most:
		s += x * x
		x *= 1.25
		n += 1
	return n, s, x * x


CASES = [
	(escape, [(0.0, 0.0, a, b, 60) for a in np.linspace(-2, 0.5, 7).tolist() for b in np.linspace(-1, 1, 5).tolist()] + [(3.0, 0.0, 0.1, 0.1, 5), (math.nan, 1.0, 0.0, 0.0, 3)]),
	(damped, [(x, k, 30) for x in (1.0, -2.5, 7.75, 1e300) for k in (0.25, 3.0)]),
	(two_ways, [(x, y, 40) for x in (0.5, -3.25, 8.0) for y in (-0.0, 1.5)]),
	(behind, [(x, 50) for x in (0.3, -1.125, 4.0, -0.0)]),
]


@pytest.mark.parametrize("function, arguments", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_same_bits(function, arguments):
	compiled = njit(function)
	for a in arguments:
		assert repr(compiled(*a)) == repr(function(*a)), a


def test_squares_are_computed_once_a_round():
	compiled = njit(escape)
	compiled(0.0, 0.0, 0.1, 0.2, 10)
	(text,) = compiled.inspect_llvm().values()
	squares = re.findall(r"fmul (?:<\d x )?double>? (%\S+), \1\n", text)
	assert len(squares) <= 4, text            # two before the loop, two at the end of a round
