"""**keywords in calls and definitions, and the dictionaries that they are: keys are constant strings, nothing changes. Lists of constants."""

import math

import numpy as np
import pytest

from as_python import assembled, same
from gridjit import cuda, errors, jit

SETTINGS = {"scale": 2.5, "shape": (2, 3), "power": 3, "inner": {"deep": 7}, "f": abs}
EMPTY = {}


def weighted(a, b=10, *rest, c=100, **others):
	total = a + 2 * b + 3 * c + sum(rest)
	for name, value in others.items():
		if name == "extra":
			total += value * 1000
		else:
			total -= value
	return total + len(others)


def forward(*args, **kwargs):
	return weighted(*args, **kwargs)


def second(x, **kwargs):
	return forward(x, extra=x, **kwargs)


def calls(out, x, n):
	out[0] = weighted(x[0], d=x[1])
	out[1] = weighted(1, 2, 3, 4, c=x[1], extra=n, other=2)
	out[2] = forward(x[0], c=5)
	out[3] = second(x[2], b=n, zz=1)
	out[4] = second(*(x[0],), **{"c": x[1]})
	out[5] = weighted(x[1], **dict(b=n, extra=x[0]))
	out[6] = forward(1, **EMPTY)
	inner = lambda **kw: kw["u"] * 2 + kw.get("v", 5) + kw.get("w", n)
	out[7] = inner(u=x[1], w=1) + inner(u=1, v=n)


def values(out, x, n):
	d = {"a": x[0], "b": n, "c": (x[1], 2)}
	out[0] = d["a"] + d["b"] * 10 + d["c"][0]
	out[1] = len(d) + 10 * ("a" in d) + 100 * ("z" in d) + 1000 * ("z" not in d)
	for k in d:
		if k == "b":
			out[2] += d[k]
	for v in {"p": x[1], "q": n, "r": 2.5}.values():
		out[3] += v
	for i, (k, v) in enumerate(SETTINGS["inner"].items()):
		out[4] += v + i + (k == "deep")
	out[5] = SETTINGS["scale"] * x[0] ** SETTINGS["power"] + SETTINGS["f"](-n)
	out[6] = np.zeros(SETTINGS["shape"]).size + SETTINGS.get("nothing", 4)
	if "nothing" in SETTINGS:
		out[7] = SETTINGS["nothing"]
	e = dict(a=x[0], b=n) if n > 2 else {"a": 0.5, "b": 1}
	out[8] = e["a"] + e["b"]
	out[9] = len(dict(d)) + (dict(d)['a'] == x[0]) + ({"a": 1, "b": n} == {"a": 1, "b": 3})


@pytest.mark.parametrize("function", [calls, values])
@pytest.mark.parametrize("n", [3, 1])
def test_as_python(device, function, n):
	same(function, np.zeros(10), np.array([1.5, -2.0, 4.0]), n)


@pytest.mark.parametrize("function", [calls, values])
def test_on_a_gpu(function):
	assembled(function, np.zeros(10), np.zeros(3), 3)


def test_functions_for_the_host():
	@jit
	def f(x, n):
		return forward(x, c=n) + second(2.0, b=n, zz=x)
	assert f(1.5, 4) == f.py_func(1.5, 4)


def test_device_functions(device):
	"""Decorated, and compiled for each combination of keywords."""
	device_function = cuda.jit(device=True)(weighted)

	@cuda.jit
	def kernel(out, x):
		i = cuda.grid(1)
		out[i] = device_function(x[i], extra=i, c=2) + device_function(x[i], b=i)

	x, out = np.arange(40.0), np.zeros(40)
	kernel[2, 20](out, x)
	assert (out == [weighted(v, extra=i, c=2) + weighted(v, b=i) for i, v in enumerate(x)]).all()


def plain(a, b):
	return a


def takes(**items):
	return 1


def only(a, /, **rest):
	return a + rest["a"]


def test_names_of_positional_parameters(device):
	@cuda.jit
	def kernel(out):
		out[0] = only(1, a=5)
	out = np.zeros(1)
	kernel[1, 1](out)
	assert out[0] == 6


@pytest.mark.parametrize("body, error, message", [
	("x[0] = plain(1, **{'b': 2, 'c': 3})", errors.TypingError, "plain.. has no parameter 'c'|'c'"),
	("x[0] = plain(1, b=1, **dict(b=2))", errors.TypingError, "'b'"),
	("x[0] = dict([1])[0]", errors.TypingError, "dict.. cannot take"),
	("x[0] = plain(**x)", errors.TypingError, r"\*\* needs a dictionary with constant strings as keys, not array"),
	("x[0] = takes(1)", errors.TypingError, "takes"),
	("x[0] = {'a': 1}['b']", errors.TypingError, "has no key 'b'"),
	("x[0] = {'a': 1, 'b': 2}[n]", errors.TypingError, "has no key int64"),
	("x[0] = {1: 2}[1]", errors.UnsupportedError, "a dictionary"),
	("d = {'a': 1}; d['a'] = 2", errors.TypingError, "cannot assign"),
	("d = {'a': 1}; d = {**d, 'b': 2}; x[0] = d['b']", errors.UnsupportedError, "a dictionary"),
	("a, b = {'a': 1, 'b': 2}; x[0] = a", errors.TypingError, "cannot unpack|unpack"),
	("d = {'a': 1} if n else {'b': 1}; x[0] = d['a']", errors.TypingError, "dict.a: int64. on one path and dict.b: int64. on another"),
	("print({'a': 1})", errors.TypingError, "print.. cannot take dict"),
	("x[0] = {'a': 1}.a", errors.TypingError, "no attribute 'a'"),
])
def test_errors(body, error, message):
	names = {"plain": plain, "takes": takes, "only": only}
	exec(f"def kernel(x, n):\n {body}\n", names)
	with pytest.raises(error, match=message):
		cuda.compile_ptx(names["kernel"], ("float64[::1]", "int64"), cc=(9, 0))


def test_kernels_take_none(device):
	with pytest.raises(errors.UnsupportedError, match=r"a \*\*parameter"):
		cuda.jit(lambda x, **rest: None)[1, 1](np.zeros(1))


def test_dictionaries_that_are_data():
	"""Many keys, and dictionaries in circles, are no constants."""
	many, circle = {f"k{i}": i for i in range(2000)}, {}
	circle["self"] = circle
	for d in many, circle:
		with pytest.raises(errors.TypingError):
			cuda.compile_ptx(eval("lambda x: x.fill(d['k1'])", {"d": d}), ("float64[::1]",), cc=(9, 0))


FUNCTIONS = [math.sqrt, abs, lambda v: v + 1, plain]
NUMBERS = [1, 2.5, [3, 4]]


def weight(i, weights=[0.25, 0.75]):
	return weights[i] * len(weights)


def lists(out, x, n):
	for f in FUNCTIONS[:3]:
		out[0] += f(x[2])
	out[1] = NUMBERS[0] + NUMBERS[2][1] + len(NUMBERS) + sum(NUMBERS[2]) + (n in NUMBERS[2])
	for i in range(2):
		out[2 + i] = weight(i) * n
	out[4] = NUMBERS[2] == [3, 4]
	out[5] = FUNCTIONS[3](n, 1)


def test_lists(device):
	same(lists, np.zeros(6), np.array([1.5, -2.0, 4.0]), 3)
	assembled(lists, np.zeros(6), np.zeros(3), 3)


@pytest.mark.parametrize("body, message", [("NUMBERS.append(1)", "list"), ("NUMBERS[0] = 1", "list"), ("x[0] = LONG[1]", "a Python object of type list"),
	("x[0] = LOOP[0][0][0]", "")])
def test_lists_that_are_refused(body, message):
	loop = []
	loop += [loop, loop]
	names = {"NUMBERS": NUMBERS, "LONG": [0.5] * 5000, "LOOP": loop}
	exec(f"def kernel(x):\n {body}\n", names)
	with pytest.raises(errors.NumbaError, match=message):
		cuda.compile_ptx(names["kernel"], ("float64[::1]",), cc=(9, 0))
