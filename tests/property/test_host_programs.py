"""Random functions for the host against the Python interpreter: values, exceptions, and that no array stays."""

import gc
import math
import random

import host_programs
import numpy as np
import pytest

from gridjit import _core, njit

SEEDS = 16
ARGUMENTS = (3, 5, 0.5), (0, 1, -2.0), (7, -3, 1.25)


def load(text, name, compiled):
	"""The program's functions, compiled or not."""
	scope = {"__name__": name}
	exec(compile(text, f"<{name}>", "exec"), scope)
	if compiled:
		for function in "helper", "careful", "twice", "program":
			scope[function] = njit(scope[function])
	return scope["program"]


def outcome(function, args):
	n, m, x = args
	v = np.array([1.0, -2.0, 0.5, 4.0])
	with np.errstate(all="ignore"):
		try:
			return function(n, m, x, v), v
		except (ArithmeticError, LookupError, NameError, ValueError) as error:
			return type(error).__name__, error.args if type(error) is not ZeroDivisionError else (), v


def same(a, b):
	if isinstance(a, tuple):
		return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
	if isinstance(a, np.ndarray):
		return isinstance(b, np.ndarray) and a.shape == b.shape and np.array_equal(a, b, equal_nan=True)
	if isinstance(a, float) or isinstance(b, float):
		return a == b or (math.isnan(a) and math.isnan(b))
	return a == b


@pytest.mark.parametrize("seed", range(SEEDS))
def test_as_python(seed):
	text = host_programs.program(random.Random(seed))
	python, ours = load(text, f"python{seed}", False), load(text, f"ours{seed}", True)
	gc.collect()
	before = _core._live_arrays()
	for args in ARGUMENTS:
		want = outcome(python, args)
		got = outcome(ours, args)
		assert same(got, want), f"{text}\n{args}\n{got}\n{want}"
	got = None
	gc.collect()
	assert _core._live_arrays() == before, text
