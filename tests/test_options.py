"""Options: each row of options.def is read, shown and part of the cache's name as it says. The rows are enumerated, so a new
one is tested as soon as it is there."""

import numpy as np
import pytest

from gridjit import _core, cuda

# Another value of each kind, its default, and values that are refused.
OTHER = {"FLAG": True, "COUNT": 40, "BOUNDS": (64, 2), "INLINE": "always", "CC": (8, 6), "CARVEOUT": 60}
REFUSED = {
	"FLAG": [("yes", TypeError), (1.0, TypeError), (None, TypeError)],
	"COUNT": [("8", TypeError), (-1, ValueError), (2**31, ValueError), (2**70, ValueError), (2.0, TypeError)],
	"BOUNDS": [((), ValueError), ((1, 2, 3, 4), ValueError), (0, ValueError), ((32, -1), ValueError), ("64", TypeError)],
	"INLINE": [("maybe", ValueError), (2.5, ValueError)],
	"CARVEOUT": [("most", ValueError), (101, ValueError), (-2, ValueError), (2.5, TypeError)],
	"CC": [((9,), TypeError), ("9.0", TypeError), ((9, -1), ValueError)],
}
OF_JIT = [row[:3] for row in _core.OPTIONS if row[3]]
OF_COMPILE = [row[:3] for row in _core.OPTIONS if row[4]]


def other(keyword, kind):
	return not _core.read_options("jit", {})[keyword] if kind == "FLAG" else OTHER[kind]


def fresh():
	def double(x):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] *= 2
	return double


def test_names_are_unique():
	assert len({row[0] for row in _core.OPTIONS}) == len(_core.OPTIONS)
	assert all(row[5] for row in _core.OPTIONS)


@pytest.mark.parametrize("keyword, kind, of_key", OF_JIT, ids=lambda value: str(value))
def test_option_of_jit(keyword, kind, of_key):
	value = other(keyword, kind)
	base = {} if keyword == "opt" else {"opt": False}                         # debugging turns it off
	kernel, plain = cuda.jit(**base, **{keyword: value})(fresh()), cuda.jit(**base)(fresh())
	assert kernel._options[keyword] == value != plain._options[keyword]
	assert {name: shown for name, shown in kernel._options.items() if name != keyword} == \
		{name: shown for name, shown in plain._options.items() if name != keyword}
	assert f"{keyword}: " in cuda.jit.__doc__


@pytest.mark.parametrize("keyword, kind, of_key", OF_JIT, ids=lambda value: str(value))
def test_stale_code_is_never_served(keyword, kind, of_key):
	"""An option of the key is a compilation of its own; the others find the one that is there."""
	results = []
	for options in {}, {keyword: other(keyword, kind)}, {keyword: other(keyword, kind)}:
		kernel, x = cuda.jit(**options)(fresh()), np.arange(40.0)
		kernel[1, 64](x)
		results.append((kernel._cache_hits, kernel._cache_misses))
		assert (x == 2 * np.arange(40.0)).all()
	assert results[1:] == [(0, 1) if of_key else (1, 0), (1, 0)]


@pytest.mark.parametrize("keyword, kind, of_key", OF_JIT, ids=lambda value: str(value))
def test_values_that_are_refused(keyword, kind, of_key):
	for value, error in REFUSED[kind]:
		with pytest.raises(error, match=f"^{keyword} must be "):
			_core.read_options("jit", {keyword: value})


@pytest.mark.parametrize("keyword, kind, of_key", OF_COMPILE, ids=lambda value: str(value))
def test_option_of_compile(keyword, kind, of_key):
	value = OTHER[kind] if kind != "FLAG" else not _core.read_options("compile", {})[keyword]
	assert _core.read_options("compile", {keyword: value})[keyword] == value
	assert ".entry" in cuda.compile_ptx(fresh(), "void(float64[::1])", **{keyword: value})[0]
	for refused, error in REFUSED[kind]:
		with pytest.raises(error, match=f"^{keyword} must be "):
			_core.read_options("compile", {keyword: refused})


@pytest.mark.parametrize("function", ["jit", "compile"])
def test_options_that_others_set_are_unknown(function):
	at = 3 if function == "jit" else 4
	for row in _core.OPTIONS:
		if not row[at]:
			with pytest.raises(TypeError, match=f"^{function}\\(\\) got an unexpected keyword argument '{row[0]}'"):
				_core.read_options(function, {row[0]: None})


def test_values_that_are_the_same():
	"""NumPy's numbers, lists and plain numbers are read as what they mean."""
	read = _core.read_options("jit", {"fastmath": np.True_, "opt": 0, "launch_bounds": [np.int16(64)], "max_registers": None,
		"inline": True})
	assert read == _core.read_options("jit", {"fastmath": True, "opt": False, "launch_bounds": 64, "inline": "always"})
	assert _core.read_options("jit", read) == read
