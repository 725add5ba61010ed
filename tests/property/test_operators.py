"""Every operator on every pair of types against exact arithmetic (semantics.py), on values where things go wrong and on
values that hypothesis picks."""

import itertools
import linecache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semantics import COMPARE, DTYPE, OPERATORS, RULES, TYPES, apply, edges, is_float, limits, unary
from typing_cases import columns, table

GROUPS = {"linear": ["+", "-", "*"], "divide": ["/", "//", "%"], "bits": ["&", "|", "^", "<<", ">>"], "power": ["**"],
	"compare": list(COMPARE)}
UNARY = {(row[0].replace("a", "").strip(), code): want for row in table("unary.csv") if row[0] in ("-a", "+a", "~a", "not a")
	for code, want in columns(row) if want != "!"}
counter = itertools.count()


def compile_kernel(source):
	"""The function `kernel` of this text, with lines that error messages can show."""
	from gridjit import cuda
	name = f"<generated {next(counter)}>"
	linecache.cache[name] = len(source), None, source.splitlines(True), name
	scope = {"cuda": cuda, "np": np}
	exec(compile(source, name, "exec"), scope)
	return cuda.jit(scope["kernel"])


def array(values, code):
	with np.errstate(over="ignore"):
		return np.array(values, dtype=DTYPE[code])


def as_python(value):
	return value.item() if not isinstance(value.item(), bool) else int(value)


def run_pair(ops, ta, tb, a, b):
	"""What the device gives for each operator; arrays of the result's type."""
	lines = "".join(f"\t\to{n}[i] = a[i] {op} b[i]\n" for n, op in enumerate(ops))
	outs = ", ".join(f"o{n}" for n in range(len(ops)))
	kernel = compile_kernel(f"def kernel(a, b, {outs}):\n\ti = cuda.grid(1)\n\tif i < a.shape[0]:\n{lines}")
	results = [np.zeros(len(a), DTYPE[RULES[op, ta, tb][0]]) for op in ops]
	kernel[(len(a) + 63) // 64, 64](a, b, *results)
	return results


def tolerance(op, code):
	"""Powers are the one operator with a rounding error."""
	return (1e-5 if code == "f4" else 1e-13) if op == "**" and is_float(code) else 0.0


def check(devices, ops, ta, tb, a, b):
	wanted = [array([apply(op, as_python(x), ta, as_python(y), tb) for x, y in zip(a, b)], RULES[op, ta, tb][0]) for op in ops]
	for device in devices():
		compare(device, ops, ta, tb, a, b, wanted)


def compare(device, ops, ta, tb, a, b, wanted):
	for op, got, want in zip(ops, run_pair(ops, ta, tb, a, b), wanted):
		code = RULES[op, ta, tb][0]
		same = (got == want) | ((got != got) & (want != want))
		if op == "//" and is_float(code):              # a quotient of more bits than the type has is rounded once or twice
			with np.errstate(all="ignore"):
				same |= (np.abs(want) >= 2.0 ** np.finfo(DTYPE[code]).nmant) & (np.abs(got - want) <= 2 * np.spacing(np.abs(want)))
		if tolerance(op, code):
			with np.errstate(all="ignore"):
				same |= np.abs(got - want) <= tolerance(op, code) * np.abs(want) + np.finfo(DTYPE[code]).tiny
		elif is_float(code):
			same &= (np.signbit(got) == np.signbit(want)) | (want != 0)
		bad = np.flatnonzero(~same)
		assert not len(bad), f"{device}: {op} on {ta}, {tb}: " + "; ".join(
			f"{a[i]!r} {op} {b[i]!r} = {got[i]!r}, expected {want[i]!r}" for i in bad[:5]) + f" ({len(bad)} of {len(same)})"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("ta", TYPES)
def test_edges(devices, group, ta):
	for tb in TYPES:
		ops = [op for op in GROUPS[group] if (op, ta, tb) in RULES]
		if ops:
			pairs = list(itertools.product(edges(ta), edges(tb)))
			check(devices, ops, ta, tb, array([a for a, _ in pairs], ta), array([b for _, b in pairs], tb))


def values_of(code):
	if code == "b1":
		return st.integers(0, 1)
	if is_float(code):
		return st.floats(width=32 if code == "f4" else 64, allow_subnormal=True)
	low, high = limits(code)
	return st.integers(low, high) | st.integers(max(low, -20), min(high, 70))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_random_values(devices, data):
	op, ta, tb = data.draw(st.sampled_from(sorted(key for key in RULES if key[0] in OPERATORS or key[0] in COMPARE)))
	a = array(data.draw(st.lists(values_of(ta), min_size=64, max_size=64)), ta)
	b = array(data.draw(st.lists(values_of(tb), min_size=64, max_size=64)), tb)
	check(devices, [op], ta, tb, a, b)


@pytest.mark.parametrize("code", TYPES)
def test_unary(device, code):
	ops = sorted(op for op, of in UNARY if of == code)
	lines = "".join(f"\t\to{n}[i] = {op} a[i]\n" for n, op in enumerate(ops))
	outs = ", ".join(f"o{n}" for n in range(len(ops)))
	kernel = compile_kernel(f"def kernel(a, {outs}):\n\ti = cuda.grid(1)\n\tif i < a.shape[0]:\n{lines}")
	a = array(edges(code), code)
	results = [np.zeros(len(a), DTYPE[UNARY[op, code]]) for op in ops]
	kernel[1, 64](a, *results)
	for op, got in zip(ops, results):
		want = array([unary(op, as_python(x), code, UNARY[op, code]) for x in a], UNARY[op, code])
		np.testing.assert_array_equal(got, want, err_msg=f"{op} on {code} of {a}")


@pytest.mark.parametrize("source", TYPES)
def test_conversions(device, source):
	"""A store into an array converts."""
	from semantics import convert
	outs = ", ".join(f"o{n}" for n in range(len(TYPES)))
	lines = "".join(f"\t\to{n}[i] = a[i]\n" for n in range(len(TYPES)))
	kernel = compile_kernel(f"def kernel(a, {outs}):\n\ti = cuda.grid(1)\n\tif i < a.shape[0]:\n{lines}")
	a = array(edges(source), source)
	results = [np.zeros(len(a), DTYPE[code]) for code in TYPES]
	kernel[1, 64](a, *results)
	for code, got in zip(TYPES, results):
		want = array([convert(as_python(x), source, code) for x in a], code)
		np.testing.assert_array_equal(got, want, err_msg=f"{source} to {code}, of {a}")
