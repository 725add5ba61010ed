"""What the compiler sees of a Python function: values, names, callees; and the digest that stands for all of it."""

import math
import operator
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from gridjit import _core

grid = _core.Intrinsic("cuda.grid")
threadIdx = _core.Intrinsic("cuda.threadIdx")
shared = _core.Intrinsic("cuda.shared")
x = np.arange(10)                              # has the name of an attribute that kernels use: must not be read


def frozen(function):
	lines = _core._dump_code(function).splitlines()
	values = {}
	for line in lines:
		kind, _, rest = line.strip().partition(" ")
		if " = " in rest and kind in ("global", "free"):
			name, _, value = rest.partition(" = ")
			values[name] = value
	return values


def digest(function):
	return _core._dump_code(function).splitlines()[-1].split()[1]


def with_global(value, expression="G"):
	names = {"G": value, "np": np, "math": math}
	exec(f"def f(a):\n\treturn {expression} + a", names)
	return names["f"]


@pytest.mark.parametrize("value, text", [
	(None, "None"), (True, "True"), (5, "5"), (-2**63, str(-2**63)), (2**64 - 1, str(2**64 - 1)), (2**70, str(2**70)),
	(-2**64, str(-2**64)), (2.5, "2.5"), (0.1, "0.1"), (1e30, "1e+30"), (math.inf, "inf"), (math.nan, "nan"), (3.0, "3.0"),
	("ab\n", '"ab\\x0a"'), (..., "..."), ((1, (2.0, None)), "(1, (2.0, None))"), ((1,), "(1,)"),
	(slice(1, None, 2), "slice(1, None, 2)"), (np.float32(0.5), "float32(0.5)"), (np.int8(-3), "int8(-3)"),
	(np.uint64(2**64 - 1), f"uint64({2**64 - 1})"), (np.bool_(True), "bool(1)"), (np.float64(1.5), "float64(1.5)"),
	(np.arange(6, dtype="f4").reshape(2, 3), "constant readonly array(float32, 2d, C)"), (np.zeros((), "i2"),
	"constant readonly array(int16, 0d, C)"), (np.arange(3).astype(">i4"), "constant readonly array(int32, 1d, C)"),
	(np.float32, "type float32"), (np.dtype("u2"), "type uint16"), (np.bool_, "type bool"), (int, "builtins.int"),
	(range, "builtins.range"), (math.sin, "math.sin"), (operator.add, "operator.add"), (np.sqrt, "np.sqrt"),
	(ValueError, "builtins.ValueError"), (math, "module math"), (grid, "cuda.grid"), (shared, "cuda.shared"),
	(threadIdx.x, "cuda.threadIdx.x"), (bytearray(2), "a Python object of type bytearray"), ({1: 2}, "a Python object of type dict"),
	(object(), "a Python object of type object"), (np.array(["a"]), "a Python object of type numpy.ndarray"),
	(pathlib.Path().exists, "the method exists"), (print, "builtins.print"), (dict.fromkeys, "the function fromkeys"),
	(1 + 2j, "(1.0+2.0j)"), (complex(-0.5, -0.0), "(-0.5-0.0j)"), (np.complex64(2j), "complex64((0.0+2.0j))"), (frozen, "function frozen"),
])
def test_values(value, text):
	assert frozen(with_global(value))["G"] == text


def test_int_enum():
	import enum
	assert frozen(with_global(enum.IntEnum("E", "A B").B))["G"] == "(2,)"


def test_names():
	def f(a):
		return undefined + a.x + len(a)
	assert frozen(f) == {"undefined": "undefined undefined", "x": "undefined x", "len": "builtins.len"}


def test_closure():
	def outer(k, unset):
		def f(a):
			return k + a + later
		if unset:
			later = 1
		return f
	assert frozen(outer(7, False)) == {"k": "7", "later": "undefined later"}
	assert frozen(outer(np.int16(7), True)) == {"k": "int16(7)", "later": "1"}


def even(n):
	return n == 0 or odd(n - 1)


def odd(n):
	return n != 0 and even(n - 1)


def test_recursion():
	assert frozen(even) == {"odd": "function odd"}
	assert digest(even) != digest(odd)


def test_deep_recursion_of_callees():
	names, n = {}, 3000
	exec("def f0(a): return a\n" + "".join(f"def f{i}(a): return f{i - 1}(a) + 1\n" for i in range(1, n)), names)
	try:
		_core._dump_code(names[f"f{n - 1}"])
	except RecursionError:
		pass


def test_namespace_inside_itself():
	import types
	a, b = types.ModuleType("a"), types.ModuleType("b")
	a.b, b.a, b.value = b, a, 3
	names = {"a": a}
	exec("def f(q): return a.b.a.b.value + q", names)
	assert frozen(names["f"])["a"] == "module a"


def test_digest_follows_what_is_used():
	base = digest(with_global(1))
	assert digest(with_global(1)) == base
	assert digest(with_global(2)) != base
	assert digest(with_global(1.0)) != base
	assert digest(with_global(np.int64(1))) != base
	assert digest(with_global(1, "(G * 1)")) != base
	inner = with_global(5)
	assert digest(with_global(inner, "G(1)")) == digest(with_global(with_global(5), "G(1)"))
	assert digest(with_global(inner, "G(1)")) != digest(with_global(with_global(6), "G(1)"))
	assert digest(with_global(np.arange(3), "G[0]")) != digest(with_global(np.arange(1, 4), "G[0]"))


def test_digest_ignores_what_is_not():
	def f(a):
		return a.x
	before = digest(f)
	x[0] += 1
	assert digest(f) == before
	assert digest(with_global(1, "math.pi + G")) == digest(with_global(1, "math.pi + G"))


def test_digest_is_the_same_in_another_process():
	code = "import sys; sys.path[:0] = sys.argv[1:]\nfrom test_freeze import *\nprint(digest(even), digest(test_recursion))"
	out = {subprocess.run([sys.executable, "-c", code, str(pathlib.Path(__file__).parent), *sys.path], check=True,
		capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")}
	assert len(out) == 1 and out.pop().split()[0] == digest(even)


def test_reference_counts():
	array, table = np.arange(3), (1.5, object())
	names = {"A": array, "T": table, "np": np}
	exec("def f(a, b=T):\n\tdef g(): return A\n\treturn A[a] + T[0] + np.sin(a) + g()[0] + missing", names)
	f = names["f"]
	watched = [f, f.__code__, f.__globals__, array, table, np.sin, np, None]

	def counts():
		return [sys.getrefcount(o) for o in watched[:-1]]
	_core._dump_ssa(f)
	before = counts()
	for _ in range(100):
		_core._dump_ssa(f)
		_core._dump_code(f)
	assert counts() == before


class Hostile:
	"""Whatever is asked of it fails."""
	def __getattr__(self, name):
		raise RuntimeError("no " + name)
	def __call__(self):
		raise RuntimeError
	def __hash__(self):
		raise RuntimeError
	def __eq__(self, other):
		raise RuntimeError


def test_hostile_objects():
	assert frozen(with_global(Hostile()))["G"] == "a Python object of type Hostile"
	assert frozen(with_global(Hostile))["G"] == "the class Hostile"


@pytest.mark.parametrize("bad", [lambda: None, lambda: 3, lambda: len, lambda: "f", lambda: Hostile, lambda: Hostile(),
	lambda: np.sin])
def test_not_a_function(bad):
	with pytest.raises(Exception) as info:
		_core._dump_code(bad())
	assert "cannot be compiled" in str(info.value)


def test_dispatcher_like():
	class Dispatcher:
		py_func = staticmethod(even)
		_gj_inline = 2
		def __call__(self):
			pass
	assert frozen(with_global(Dispatcher(), "G(1)"))["G"] == "function even"
	assert _core._dump_code(Dispatcher()).startswith("code even")


# -- Intrinsics -------------------------------------------------------------------------------------------------------------

def test_intrinsic_outside_of_kernels():
	assert repr(threadIdx.x) == "cuda.threadIdx.x" and repr(shared.array) == "cuda.shared.array"
	assert grid == _core.Intrinsic("cuda.grid") and hash(grid) == hash(_core.Intrinsic("cuda.grid")) and grid != shared
	with pytest.raises(RuntimeError, match=r"^cuda.grid\(\) works only inside functions compiled with @cuda.jit"):
		grid(1)
	with pytest.raises(AttributeError, match="cuda.threadIdx has no attribute 'w'"):
		threadIdx.w
	with pytest.raises(AttributeError):
		grid.name = 1
	with pytest.raises(ValueError, match="kernels have no name 'cuda.nonsense'"):
		_core.Intrinsic("cuda.nonsense")


def test_intrinsic_pickles():
	import pickle
	assert pickle.loads(pickle.dumps(threadIdx.x)) == threadIdx.x
