"""Arrays among other indices, read and stored, beside NumPy: shapes, the order of axes, duplicates, masks, what overlaps, what is out of bounds."""

import linecache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import njit

SHAPE = (3, 4, 2)
compiled = {}


def function(index):
	"""What NumPy and compiled code do with an index, in one function: compiled once."""
	if index not in compiled:
		text = f"def f(a, k, v):\n\tr = a[{index}]\n\ta[{index}] = v\n\ta[{index}] += 1\n\treturn r, a[{index}]\n"
		name = f"<index array {index}>"
		linecache.cache[name] = (len(text), None, text.splitlines(True), name)
		space = {}
		exec(compile(text, name, "exec"), space)
		compiled[index] = space["f"], njit(space["f"])
	return compiled[index]


@st.composite
def indices(draw):
	"""The text of an index, and the extent of what the array in it indexes."""
	ndim = draw(st.integers(1, 3))
	at = draw(st.integers(0, ndim - 1))
	items = [draw(st.sampled_from([":", "1:", "::-1", "0", "-1"])) for _ in range(ndim)]
	items[at] = "k"
	kept = draw(st.integers(at + 1, ndim))
	items = items[:kept]
	extra = draw(st.sampled_from(["", "", "None", "..."]))
	if extra:
		place = draw(st.integers(0, len(items)))
		if extra == "..." and place < kept:        # it stands for the dimensions that have no item
			place = 0 if kept == ndim else kept
		items.insert(place, extra)
	return ndim, ", ".join(items), SHAPE[at]


def places(draw, n):
	if draw(st.integers(0, 4)) == 0:
		return np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
	shape = draw(st.sampled_from([(0,), (1,), (2,), (5,), (2, 3)]))
	dtype = draw(st.sampled_from([np.int64, np.int64, np.int8]))
	size = int(np.prod(shape))
	return np.array(draw(st.lists(st.integers(-n, n - 1), min_size=size, max_size=size)), dtype).reshape(shape)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_as_numpy(data):
	ndim, index, n = data.draw(indices())
	k = places(data.draw, n)
	python, jitted = function(index)
	a = np.arange(1.0, 1 + np.prod(SHAPE[:ndim])).reshape(SHAPE[:ndim])
	shape = np.shape(eval(f"a[{index}]", {"a": a, "k": k}))
	kind = data.draw(st.sampled_from(["number", "whole", "ones", "last"]))
	if kind == "number":
		v = 7.5
	else:
		v = np.ones(tuple(1 if kind == "ones" and d % 2 else extent for d, extent in enumerate(shape))[len(shape) - 1 if kind == "last" else 0:])
		v += np.arange(v.size).reshape(v.shape)
	b = a.copy()
	want, got = python(a, k, v), jitted(b, k, v)
	for x, y in zip(want, got):
		assert x.shape == y.shape and x.tolist() == y.tolist()
	assert a.tolist() == b.tolist()


@njit
def columns(a, k):
	return a[:, k]


@njit
def set_columns(a, k, v):
	a[:, k] = v


@njit
def beside(a, k):
	return a[1, :, k]


def same_error(f, *args):
	with pytest.raises(Exception) as want:
		f.py_func(*args)
	with pytest.raises(want.type) as got:
		f(*args)
	assert str(got.value).splitlines()[0] == str(want.value)


def test_out_of_bounds_is_always_an_error():
	a = np.zeros((2, 3, 4))
	for bad in (3, -4):
		same_error(columns, a, np.array([0, bad, 1]))
		same_error(set_columns, a, np.array([0, bad, 1]), 1.0)
	same_error(beside, a, np.array([4]))
	same_error(njit(lambda a, k: a[k]), a, np.array([1, 2]))
	assert not a.any()


def test_misfits():
	a = np.zeros((2, 3))
	with pytest.raises(ValueError, match=r"from shape \(2,\) into shape \(2,3\)"):
		set_columns(a, np.array([0, 1, 2]), np.ones(2))
	with pytest.raises(IndexError, match="boolean index did not match indexed array along axis 1"):
		columns(a, np.array([True, False]))
	with pytest.raises(IndexError, match="index 18446744073709551615 is out of bounds for axis 1 with size 3"):
		columns(a, np.array([2**64 - 1], np.uint64))
	assert not a.any()


def test_what_overlaps_is_read_first():
	for reverse in (np.s_[:, ::-1], np.s_[::-1]):
		a = np.arange(12.0).reshape(3, 4)
		want = a[reverse].copy()
		set_columns(a, np.arange(4), a[reverse])
		assert a.tolist() == want.tolist()


def test_tuples_in_variables_and_from_where():
	@njit
	def f(a, index):
		return a[index], a[np.where(a[0] > 1)[0] * 0, 1:], a[index[0], index[1]]

	a, k = np.arange(6).reshape(2, 3), np.array([2, 0, 2])
	for x, y in zip(f(a, (1, k)), f.py_func(a, (1, k))):
		assert x.tolist() == y.tolist()


def test_records():
	@njit
	def f(r, k):
		r[:, k] = (1.5, 2)
		r[0, k] = r[1, 1]
		return r[k, 0]["x"]

	want, got = np.zeros((3, 2), [("x", "f8"), ("n", "i4")]), np.zeros((3, 2), [("x", "f8"), ("n", "i4")])
	assert f.py_func(want, np.array([1, 0])).tolist() == f(got, np.array([1, 0])).tolist()
	assert want.tolist() == got.tolist()
