"""exp, log and erf of float64 in vectors: how far from the truth, special values in the midst of ordinary ones, and what np.errstate is told."""

import math

import numpy as np
import pytest

from gridjit import vectorize
from machine import has_masks

# Units in the last place that src/run/cpu/vector_math.c grants, and glibc's libmvec, which other processors use; one more where the
# truth is a float64 that is not always the nearest.
LIMITS = {"exp": (1.1, 4), "log": (1.1, 4), "erf": (2.6, 5)}
TRUTH = {"exp": np.exp, "log": np.log, "erf": np.vectorize(math.erf, otypes=[float])}
ufuncs = {}


def ufunc(name):
	if name not in ufuncs:
		scope = {}
		exec(f"import math\ndef f(x): return math.{name}(x)", scope)
		ufuncs[name] = vectorize(["float64(float64)"])(scope["f"])
	return ufuncs[name]


def limit():
	return 0 if has_masks() else 1


def arguments(name):
	rng = np.random.default_rng(3)
	if name == "exp":
		return np.concatenate([rng.uniform(-708, 708, 20_000), rng.uniform(-1, 1, 20_000), rng.uniform(-745, 710, 2_000), 2.0 ** -rng.uniform(0, 1000, 2_000)])
	if name == "log":
		tiny = np.array([5e-324, 1e-310, 2.0**-1022, 2.0**1023, 1.7e308])
		steps = np.concatenate([np.nextafter(1 + i / 16, [0, 2, 9]) for i in range(-8, 17)] + [1 + np.arange(-8, 17) / 16])
		return np.concatenate([rng.uniform(0.5, 2, 20_000), rng.uniform(0.98, 1.02, 20_000), 2.0 ** rng.uniform(-1074, 1023, 20_000), tiny, steps])
	return np.concatenate([rng.uniform(-6, 6, 20_000), rng.uniform(-0.4, 0.4, 20_000), 2.0 ** -rng.uniform(0, 1070, 2_000), [5e-324, 0, 5.9, 6, 30, 1e308]])


@pytest.mark.parametrize("name", LIMITS)
def test_near_the_truth(name):
	x = arguments(name)
	got = ufunc(name)(x)
	with np.errstate(over="ignore"):
		truth = TRUTH[name](x.astype(np.longdouble) if name != "erf" else x)
	assert np.array_equal(ufunc(name)(x[::-1])[::-1], got)         # whatever the neighbours are
	away = np.abs((got - truth) / np.spacing(np.abs(truth).astype(np.float64)))
	own = (np.abs(truth) > 1e-307) & (np.abs(truth) < 1e307)
	assert away[own].max() <= LIMITS[name][limit()]
	assert away[~own].max(initial=0) <= LIMITS[name][1]


@pytest.mark.parametrize("name, special", [
	("exp", [(math.nan, math.nan), (math.inf, math.inf), (-math.inf, 0), (800, math.inf), (-800, 0), (-744, 1e-323), (0.0, 1), (-0.0, 1), (1.0, math.e)]),
	("log", [(math.nan, math.nan), (math.inf, math.inf), (-math.inf, math.nan), (0.0, -math.inf), (-0.0, -math.inf), (-1.0, math.nan), (1.0, 0.0)]),
	("erf", [(math.nan, math.nan), (math.inf, 1), (-math.inf, -1), (0.0, 0.0), (-0.0, -0.0), (7.0, 1), (-1e300, -1)])])
@pytest.mark.parametrize("lane", [0, 13, 31])
def test_special_values_among_others(name, special, lane):
	for x, want in special:
		args = np.full(100, 0.75)
		args[[lane, 97]] = x
		with np.errstate(all="ignore"):
			got = ufunc(name)(args)
		for at in lane, 97:
			assert np.array_equal(got[at], want, equal_nan=True) or math.isclose(got[at], want, rel_tol=1e-15)
			assert np.signbit(got[at]) == np.signbit(want) or np.isnan(want)
		assert np.allclose(np.delete(got, [lane, 97]), getattr(math, name)(0.75), rtol=1e-15)


@pytest.mark.parametrize("name, x, told", [
	("exp", 710.0, "overflow"), ("exp", -746.0, "underflow"), ("log", 0.0, "divide by zero"), ("log", -1.0, "invalid value"),
	("exp", math.inf, None), ("exp", -math.inf, None), ("exp", math.nan, None), ("exp", 1e-200, None), ("exp", 5e-324, None), ("exp", -707.9, None),
	("log", math.inf, None), ("log", math.nan, None), ("log", 5e-324, None), ("log", 1.0, None), ("log", 1.7e308, None),
	("erf", math.inf, None), ("erf", math.nan, None), ("erf", 0.0, None), ("erf", 1e-200, None), ("erf", 1e308, None)])
def test_what_is_told_of(name, x, told):
	args = np.full(64, 0.5)
	args[40] = x
	with np.errstate(all="raise"):
		if told:
			with pytest.raises(FloatingPointError, match=told):
				ufunc(name)(args)
		else:
			ufunc(name)(args)
