"""Arrays in indices, read and stored, beside NumPy: several, shapes, the order of axes, duplicates, masks, what overlaps, what is out of bounds."""

import linecache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import _core, njit

SHAPE = (3, 4, 2)
compiled = {}


def function(index):
	"""What NumPy and compiled code do with an index, in one function: compiled once."""
	if index not in compiled:
		text = f"def f(a, k, l, v):\n\tr = a[{index}]\n\ta[{index}] = v\n\ta[{index}] += 1\n\treturn r, a[{index}]\n"
		name = f"<index arrays {index}>"
		linecache.cache[name] = (len(text), None, text.splitlines(True), name)
		space = {}
		exec(compile(text, name, "exec"), space)
		compiled[index] = space["f"], njit(space["f"])
	return compiled[index]


@st.composite
def indices(draw):
	"""How many dimensions an array has, the text of an index, and which dimensions k and l index."""
	ndim = draw(st.integers(1, 3))
	at = draw(st.permutations(range(ndim)))[:draw(st.integers(1, 2))]
	items = [draw(st.sampled_from([":", "1:", "::-1", "0", "-1", "[0, 1, 0]"])) for _ in range(ndim)]
	for name, d in zip("kl", at):
		items[d] = name
	kept = draw(st.integers(max(at) + 1, ndim))
	items = items[:kept]
	extra = draw(st.sampled_from(["", "", "None", "..."]))
	if extra:
		place = draw(st.integers(0, len(items)))
		if extra == "..." and place < kept:        # it stands for the dimensions that have no item
			place = 0 if kept == ndim else kept
		items.insert(place, extra)
	return ndim, ", ".join(items), at


def places(draw, n, shape):
	"""An array of integers of a shape; or, for three places, a mask that chooses as many."""
	if shape == (3,) and n > 2 and draw(st.integers(0, 2)) == 0:
		mask = np.zeros(n, np.bool_)
		mask[draw(st.permutations(range(n)))[:3]] = True
		return mask
	size = int(np.prod(shape))
	dtype = draw(st.sampled_from([np.int64, np.int64, np.int8]))
	return np.array(draw(st.lists(st.integers(-n, n - 1), min_size=size, max_size=size)), dtype).reshape(shape)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_as_numpy(data):
	ndim, index, at = data.draw(indices())
	shapes = [(3,), (3,), (1,), (2, 3), (2, 1)] + [(0, 3)] * (len(at) == 1)
	arrays = [places(data.draw, SHAPE[d], data.draw(st.sampled_from(shapes))) for d in at] + [None]
	python, jitted = function(index)
	a = np.arange(1.0, 1 + np.prod(SHAPE[:ndim])).reshape(SHAPE[:ndim])
	shape = np.shape(eval(f"a[{index}]", {"a": a, "k": arrays[0], "l": arrays[1]}))
	kind = data.draw(st.sampled_from(["number", "whole", "ones", "last", "more"]))
	if kind == "number":
		v = 7.5
	else:
		v = np.ones((1,) * (kind == "more" and ndim > 1) + tuple(1 if kind == "ones" and d % 2 else extent for d, extent in enumerate(shape))[len(shape) - 1 if kind == "last" else 0:])
		v += np.arange(v.size).reshape(v.shape)
	b = a.copy()
	want, got = python(a, *arrays[:2], v), jitted(b, *arrays[:2], v)
	for x, y in zip(want, got):
		assert x.shape == y.shape and x.tolist() == y.tolist()
	assert a.tolist() == b.tolist()


@pytest.mark.parametrize("index", ["m", "m[0]", ":, m[0]", "m[:, :, 0], k", "k, ..., m[0, 0]", "m & (a > 3)", "m[:, ::-1]"])
def test_masks_of_several_dimensions(index):
	a = np.arange(8.0).reshape(2, 2, 2)
	m = np.array([True, False, True, True, False, True, False, False]).reshape(2, 2, 2)
	k = np.array([0, 1, 1])[:2]
	text = f"def f(a, m, k):\n\tr = a[{index}]\n\ta[{index}] = r * 2\n\ta[{index}] -= 1\n\treturn r\n"
	space = {}
	exec(text, space)
	b = a.copy()
	x, y = space["f"](a, m, k), njit(space["f"])(b, m, k)
	assert x.shape == y.shape and x.tolist() == y.tolist() and a.tolist() == b.tolist()


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
		same_error(pairs, a, np.array([0, 1, -1]), np.array([0, 2, bad]))
	same_error(beside, a, np.array([4]))
	same_error(njit(lambda a, k: a[k]), a, np.array([1, 2]))
	assert not a.any()


@njit
def pairs(a, k, l):
	return a[k, l]


@njit
def set_pairs(a, k, l, v):
	a[k, l] = v


@njit
def rows(a, k):
	return a[k]


@njit
def set_rows(a, k, v):
	a[k] = v


def test_misfits():
	a, two, three = np.zeros((2, 3)), np.array([0, 1]), np.array([0, 1, 1])
	same_error(set_columns, a, np.array([0, 1, 2]), np.ones(2))
	same_error(set_columns, a, three, np.ones((2, 2, 3)))
	same_error(set_pairs, a, two, two[:, None], np.ones(3))
	same_error(set_pairs, a, two, two, np.ones(3))
	same_error(pairs, a, two, three)
	same_error(pairs, a, two[:, None], np.zeros((3, 3), np.int64))
	same_error(columns, a, np.array([True, False]))
	with pytest.raises(IndexError, match="index 18446744073709551615 is out of bounds for axis 1 with size 3"):
		columns(a, np.array([2**64 - 1], np.uint64))
	for mask in (np.ones(3, np.bool_), np.ones((2, 2), np.bool_)):
		same_error(rows, a, mask)
		same_error(set_rows, a, mask, 1.0)
	same_error(set_rows, a, a == 0, np.ones(4))
	same_error(set_rows, a, a == 0, np.ones((2, 3)))
	assert not a.any()


def test_what_overlaps_is_read_first():
	for reverse in (np.s_[:, ::-1], np.s_[::-1]):
		a = np.arange(12.0).reshape(3, 4)
		want = a[reverse].copy()
		set_columns(a, np.arange(4), a[reverse])
		assert a.tolist() == want.tolist()
	for f in (set_rows, set_pairs):
		k, mask = np.array([2, 0, 1, 0]), np.array([True, False, True])
		want, m = k.copy(), mask.copy()
		if f is set_rows:
			f(k, k, 3), f.py_func(want, want, 3), f(mask, mask[::-1], False), f.py_func(m, m[::-1].copy(), False)
		else:
			k, want = k.reshape(2, 2) % 2, want.reshape(2, 2) % 2
			f(k, k[0], k[1], 5), f.py_func(want, want[0], want[1], 5)
		assert k.tolist() == want.tolist() and mask.tolist() == m.tolist()


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


def test_integers_beside_arrays_are_asked_too():
	@njit
	def f(a, k, i, v):
		a[k, i] = v
		return a[:, i, k].sum()

	@njit
	def caught(a, k, i):
		b = a + 1
		try:
			return b[k, :, i].sum()
		except IndexError:
			return -1.0

	a, k = np.zeros((3, 4, 5)), np.array([1, 2])
	assert f(a, k, 3, 1.0) == f.py_func(a, k, 3, 1.0) and f(a, k, -1, 2.0) == f.py_func(a, k, -1, 2.0)
	assert caught(a, k, 4) == caught.py_func(a, k, 4) and caught(a, k, 5) == caught(a, k, -6) == -1
	before, held = a.copy(), _core._live_arrays()
	for i in (4, -5, np.uint64(2**63)):
		with pytest.raises(IndexError, match=f"index {i} is out of bounds for axis . with size 4"):
			f(a, k, i, 3.0)
	with pytest.raises(IndexError, match="index 0 is out of bounds for axis . with size 0"):
		f(a[:, :0], k, 0, 3.0)
	assert a.tolist() == before.tolist() and _core._live_arrays() == held


def test_what_is_broadcast_away_is_not_asked():
	@njit
	def f(a, k, l):
		a[k, l] = 1
		return a[k, l]

	a = np.zeros((3, 0))
	for k, l in ((np.zeros(0, int), np.array([5])), (np.array([[7]]), np.zeros((2, 0), int))):
		assert f(a, k, l).shape == f.py_func(a, k, l).shape
