"""Python's bytecode: the table against `dis`, SSA against what the functions compute and against the expected text, which
is the same on every Python version."""

import dis
import importlib.util
import opcode
import pathlib
import sys
import warnings

import pytest

from gridjit import _core
from ssa_interp import Raised, run_ssa
from ssa_random import random_source

GOLDEN = pathlib.Path(__file__).parent / "golden" / "ssa"


# -- The table -----------------------------------------------------------------------------------------------------------

def real_opcodes():
	return {name: number for name, number in opcode.opmap.items()
		if number < 256 and not name.startswith("INSTRUMENTED_") and name != "INTERPRETER_EXIT"}


def inline_caches(number):
	table = opcode._inline_cache_entries
	return table[number] if isinstance(table, list) else table.get(opcode.opname[number], 0)


def test_every_opcode_has_a_row():
	rows = {name: number for name, number, *_ in _core._pyops()}
	unknown = {"RESERVED", "ENTER_EXECUTOR"}
	assert {n for n in real_opcodes() if n not in unknown} == set(rows) - {"CACHE"} | ({"CACHE"} & set(real_opcodes()))
	assert all(real_opcodes().get(name, 0) == number for name, number in rows.items())


@pytest.mark.parametrize("row", _core._pyops(), ids=lambda r: r[0])
def test_row(row):
	name, number, caches, effects, taken = row
	assert caches == (0 if name == "CACHE" else inline_caches(number))
	if name in ("CACHE", "EXTENDED_ARG", "RETURN_GENERATOR"):              # the last: dis counts otherwise before 3.13
		return
	for n in range(9):
		arg = n if number >= dis.HAVE_ARGUMENT else None
		try:
			expected = dis.stack_effect(number, arg, jump=False)
		except ValueError:
			continue
		assert effects[n] == expected, f"operand {n}"
		if taken is not None:
			assert taken[n] == dis.stack_effect(number, arg, jump=True), f"operand {n}, jump taken"


# -- SSA computes what the function computes ------------------------------------------------------------------------------

def outcome(call, *args):
	x = [3, 4]
	try:
		return call(x, *args), x
	except UnboundLocalError:
		return "unbound", x
	except (AssertionError, ValueError, Raised):
		return "raised", x
	except TypeError:
		return "type error", x


@pytest.mark.parametrize("start", range(0, 300, 20))
def test_random_functions(start):
	compared = unbound = 0
	for seed in range(start, start + 20):
		source, names = random_source(seed), {}
		with warnings.catch_warnings():
			warnings.simplefilter("ignore")
			exec(compile(source, f"<seed {seed}>", "exec"), names)
		text = _core._dump_ssa(names["f"])
		for args in ((1, 2), (0, -3), (7, 5)):
			expected = outcome(names["f"], *args)
			compared += 1
			unbound += expected[0] == "unbound"
			assert outcome(lambda x, *a: run_ssa(names["f"], text, (x, *a)), *args) == expected, f"{source}\n{text}"
	assert compared > 20 and unbound


# -- Golden ------------------------------------------------------------------------------------------------------------------

def golden_functions(path):
	spec = importlib.util.spec_from_file_location(path.stem, path)
	module = importlib.util.module_from_spec(spec)
	spec.loader.exec_module(module)
	return [f for f in vars(module).values() if hasattr(f, "__code__") and f.__module__ == path.stem]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.py")), ids=lambda p: p.stem)
def test_golden(path, update_golden):
	text = "\n".join(_core._dump_ssa(f) for f in golden_functions(path))
	expected = path.with_suffix(".txt")
	if update_golden:
		expected.write_text(text)
	assert text == expected.read_text()


def test_golden_is_there():
	assert len(list(GOLDEN.glob("*.py"))) >= 8


# -- What is refused, and how it is said ---------------------------------------------------------------------------------------

def generator(x):
	yield x

async def coroutine(x):
	return x

def handler(x):
	try:
		return 1 / x
	except ZeroDivisionError:
		return 0

def finalizer(x):
	try:
		return x
	finally:
		x = 1

def manager(x):
	with x:
		return 1


@pytest.mark.parametrize("function, what", [
	(generator, "a generator (yield)"), (coroutine, "a coroutine (async def)"), (handler, "try/except"),
	(finalizer, "try"), (manager, "a with statement"),
], ids=lambda v: getattr(v, "__name__", ""))
def test_refused_functions(function, what):
	with pytest.raises(Exception) as info:
		_core._dump_ssa(function)
	assert type(info.value).__name__ == "UnsupportedBytecodeError"
	text = str(info.value)
	assert text.splitlines()[0] == f"{what} is not supported in a kernel"
	assert f'File "{__file__}", line' in text and f"in {function.__qualname__}" in text


def test_caret():
	def handled(größe, ä):
		with größe(ä) as b:
			return b
	with pytest.raises(Exception) as info:
		_core._dump_ssa(handled)
	lines = str(info.value).splitlines()
	assert lines[2] == "    with größe(ä) as b:"
	assert lines[3] in ("    ^^^^^^^^^^^^^^^^^^^", "         ^^^^^^^^")     # the statement; from 3.13 on the expression


def starred_variables(x):
	a, *b, c, d = x
	*e, f = b
	return a, b, c, d, e, f


def test_starred_variables():
	text = _core._dump_ssa(starred_variables)
	value = tuple(range(6))
	a, b, c, d, e, f = starred_variables(value)
	assert run_ssa(starred_variables, text, (value,)) == (a, tuple(b), c, d, tuple(e), f)


def starred(x, *rest):
	return max(*x, *rest), (0, *rest, *(1, 2)), divmod(*x[:1], *rest[:1]), sorted(rest, *(), reverse=True)


def test_starred_arguments():
	text = _core._dump_ssa(starred)
	assert run_ssa(starred, text, ([3, 4], (5, 6))) == starred([3, 4], 5, 6)


def source_function(body, args="x, a, b"):
	names = {}
	exec(f"def f({args}):\n\t" + body.replace("\n", "\n\t"), names)
	return names["f"]


@pytest.mark.parametrize("body, what", [
	("return {a}", "a set"), ("return {a: b}", "a dictionary"),
	("return {i for i in x}", "a set comprehension"),
	("return {i: i for i in x}", "a dictionary comprehension"),
	("return f'{a}'", "an f-string"), ("del x.y", "deleting an attribute"), ("del x[0]", "deleting an item"),
	("global g\ng = 1", "assignment to a global variable"), ("import os", "an import statement"),
	("class C: pass", "a class definition"), ("raise", "raise without an exception"),
	("return max(**{1: a})", "a dictionary"), ("return max(*x, key=1, **{**x})", "a dictionary"),
	("match x:\n\tcase {1: 2}: return 1", "a mapping pattern"), ("match x:\n\tcase int(): return 1", "a class pattern"),
	("def g(): return a\na = 2\nreturn g()", "an inner function that uses 'a', which is assigned after the function is made,"),
	("def g(n): return g(n - 1)\nreturn g(a)", "an inner function that calls itself"),
])
def test_unsupported(body, what):
	assert f'UNSUPPORTED "{what}"' in _core._dump_ssa(source_function(body))


# Before 3.12 both are functions of one name, which the interpreter of SSA cannot tell apart.
NESTED = "return [[i + j for i in x] for j in x]" if sys.version_info >= (3, 12) else "return [[i, a] for i in x]"

@pytest.mark.parametrize("body", [
	"for i in range(3):\n\tg = lambda: i\n\ta += g()\nreturn a", "k = a\ng = lambda: k\nreturn g() + g()",
	"def g(n, m=2): return n + m + a\nreturn g(b) + g(b, 3)", "del a\na = 3\nreturn a", "return max(*(a, b))",
	"return max(*x, a if a else b, *(x if a else (b,)))",
	"a: int = 3\nreturn a", "return a in {1, 2, 3}", "return [a, *x, *(b, 1)]", "return [i * a for i in x if i]",
	"i = 5\nt = [j for i in range(3) for j in x[:i]]\nreturn t, i", NESTED, "while True:\n\ta += 1\n\tif a > 9: return a",
])
def test_supported(body):
	text = _core._dump_ssa(source_function(body))
	assert "UNSUPPORTED" not in text
	f = source_function(body)
	assert run_ssa(f, text, ([1], 2, 3)) == f([1], 2, 3)
