"""Generalised ufuncs of every target against the function itself, called for each outer element: layouts, broadcasting, axes, strides and
overlap of what is read and written."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import guvectorize


def total(x, out):
	out[0] = 0
	for i in range(x.shape[0]):
		out[0] += x[i]


def running(x, out):
	level = 0.0
	for i in range(x.shape[0]):
		level = 0.5 * level + x[i]
		out[i] = level


def product(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			out[i, j] = 0
			for k in range(a.shape[1]):
				out[i, j] += a[i, k] * b[k, j]


def spread(x, low, out, most):
	most[0] = low
	for i in range(x.shape[0]):
		out[i] = x[i] - low
		most[0] = max(most[0], x[i])


def cross(a, b, out):
	for i in range(3):
		out[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3]


LAYOUTS = {"(n)->()": (total, ["f8[:]", "f8[:]"]), "(n)->(n)": (running, ["f8[:]", "f8[:]"]), "(m,n),(n,p)->(m,p)": (product, ["f8[:,:]"] * 3),
	"(n),()->(n),()": (spread, ["f8[:]", "f8", "f8[:]", "f8[:]"]), "(3),(3)->(3)": (cross, ["f8[:]"] * 3)}
MADE = {(layout, target): guvectorize([f"({', '.join(types)})"], layout, target=target)(f)
	for layout, (f, types) in LAYOUTS.items() for target in ("cpu", "parallel", "cuda")}


def cores(layout):
	return [[tuple(d for d in one.strip("()").split(",") if d) for one in side.split("),")] for side in layout.split("->")]


def expected(f, ins, outs, inputs, shapes):
	"""Results of the function for each outer element."""
	own = [x.shape[:x.ndim - len(dims)] for x, dims in zip(inputs, ins)]
	outer = np.broadcast_shapes(*own)
	inputs = [np.broadcast_to(x, outer + x.shape[x.ndim - len(dims):]) for x, dims in zip(inputs, ins)]
	results = [np.zeros(outer + tuple(shapes[d] for d in dims)) for dims in outs]
	for at in itertools.product(*map(range, outer)):
		rows = [np.zeros([shapes[d] for d in dims] or 1) for dims in outs]
		f(*(x[at].copy() if dims else x[at] for x, dims in zip(inputs, ins)), *rows)
		for result, row, dims in zip(results, rows, outs):
			result[at] = row if dims else row[0]
	return results


@st.composite
def calls(draw):
	layout = draw(st.sampled_from(list(LAYOUTS)))
	ins, outs = cores(layout)
	shapes = {d: int(d) if d.isdigit() else draw(st.integers(0 if d != "3" else 3, 4)) for dims in ins + outs for d in dims}
	outer = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
	inputs = []
	for dims in ins:
		own = tuple(draw(st.sampled_from([n, n, 1])) for n in outer[draw(st.integers(0, len(outer))):]) if draw(st.booleans()) else outer
		inputs.append(draw(arranged(own + tuple(shapes[d] for d in dims))))
	return layout, ins, outs, shapes, inputs, draw(st.sampled_from(["none", "new", "self", "shifted", "cast"]))


@st.composite
def arranged(draw, shape):
	"""An array of this shape that lies in one way or another."""
	how = draw(st.sampled_from(["C", "F", "reversed", "steps", "f4", "swapped"]))
	x = (np.random.default_rng(draw(st.integers(0, 9))).integers(-9, 9, shape) / 2)
	if how == "F":
		return np.asfortranarray(x)
	if how == "reversed":
		return x[::-1] if x.ndim else x
	if how == "steps":
		wide = np.zeros(tuple(2 * n for n in shape))
		wide[tuple(slice(None, None, 2) for _ in shape)] = x
		return wide[tuple(slice(None, None, 2) for _ in shape)]
	return x.astype("f4") if how == "f4" else x.astype(x.dtype.newbyteorder()) if how == "swapped" else x


@pytest.mark.parametrize("target", ["cpu", "parallel", "cuda"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(call=calls())
def test_gufuncs(target, call):
	layout, ins, outs, shapes, inputs, out = call
	f = LAYOUTS[layout][0]
	want = expected(f, ins, outs, inputs, shapes)
	given = [None] * len(want)
	if out in ("new", "cast"):
		given[0] = np.full(want[0].shape, 7.0, "f4" if out == "cast" else "f8", order="F")
	elif out == "self" and inputs[0].shape == want[0].shape and inputs[0].dtype == np.float64:
		given[0] = inputs[0]
	elif out == "shifted" and want[0].size and want[0].ndim and inputs[0].shape == want[0].shape:
		memory = np.zeros((want[0].shape[0] + 1, *want[0].shape[1:]))
		memory[:-1] = inputs[0]
		inputs[0], given[0] = memory[:-1], memory[1:]
	results = MADE[layout, target](*inputs, out=tuple(given)) if any(g is not None for g in given) else MADE[layout, target](*inputs)
	for result, one, expect in zip(results if len(want) > 1 else (results,), given, want):
		assert one is None or result is one
		assert np.shape(result) == expect.shape
		np.testing.assert_allclose(np.asarray(result, "f8"), expect, rtol=1e-6 if out == "cast" else 1e-12)


@pytest.mark.parametrize("target", ["cpu", "parallel", "cuda"])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), seed=st.integers(0, 99), data=st.data())
def test_axes(target, shape, seed, data):
	x = np.random.default_rng(seed).integers(-9, 9, shape) / 2
	axis = data.draw(st.integers(-len(shape), len(shape) - 1))
	one, rows = MADE["(n)->()", target], MADE["(n)->(n)", target]
	np.testing.assert_allclose(one(x, axis=axis), x.sum(axis=axis))
	np.testing.assert_allclose(one(x, axis=axis, keepdims=True), x.sum(axis=axis, keepdims=True))
	np.testing.assert_allclose(one(x, axes=[(axis,), ()]), x.sum(axis=axis))
	to = data.draw(st.integers(-len(shape), len(shape) - 1))
	want = np.moveaxis(rows(np.moveaxis(x, axis, -1)), -1, to)
	np.testing.assert_allclose(rows(x, axes=[(axis,), (to,)]), want)
