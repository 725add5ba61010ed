"""Every statement, expression and pattern of Python's grammar: it works in a kernel as it does in Python, or the error says what it is
and what to write instead."""

import ast
import re
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from as_python import assembled, same
from gridjit import cuda, errors

IR = Path(__file__).resolve().parent.parent / "src"

# By class of the syntax tree: bodies of kernel(out, a, n) that use it.
WORKS = {
	"FunctionDef": "def f(x, y=2):\n\treturn x * y\nout[0] = f(a[1]) + f(n, y=5)",
	"Return": "out[0] = 1\nif n:\n\treturn\nout[1] = 1",
	"Delete": "x = n\ndel x\nx = 2\nout[0] = x",
	"Assign": "x = y = n\n(p, q), r = (x, 1), 2\nout[0], out[1] = p + q, y * r",
	"AugAssign": "x = n\nx += 2\nx **= 2\nx //= 3\nout[0] -= x\nout[1] += a[1]",
	"AnnAssign": "x: int = n\ny: float\nout[0] = x",
	"For": "for i in range(n):\n\tfor x in a:\n\t\tif x > 2:\n\t\t\tbreak\n\t\tout[i] += x\n\telse:\n\t\tout[i] = -1",
	"While": "i = 0\nwhile i < n:\n\ti += 1\n\tif i == 2:\n\t\tcontinue\n\tout[i] = i\nelse:\n\tout[0] = 7",
	"If": "if n > 5:\n\tout[0] = 1\nelif n > 2:\n\tout[0] = 2\nelse:\n\tout[0] = 3",
	"Match": "match n:\n\tcase 1 | 2:\n\t\tout[0] = 1\n\tcase k if k > 2:\n\t\tout[0] = k",
	"Raise": "if n == 100:\n\traise ValueError('too large', 100)\nout[0] = 1",
	"Assert": "assert n < 100, f'{n} is too large'\nout[0] = 1",
	"Global": "global N\nout[0] = N",
	"Expr": "n + 1\nmax(n, 2)\n'text'\nout[0] = 1",
	"Pass": "pass", "Break": "for i in range(9):\n\tif i == n:\n\t\tbreak\nout[0] = i",
	"Continue": "for i in range(5):\n\tif i % 2:\n\t\tcontinue\n\tout[i] = i",
	"BoolOp": "out[0] = n and a[1] or 5\nout[1] = (n > 2 and n < 5) + (0 or 3)",
	"NamedExpr": "if (k := n + 1) > 3 and (m := k * 2):\n\tout[0] = k + m\n" +
		("out[1] = sum([(w := i) for i in range(3)]) + w" if sys.version_info >= (3, 12) else ""),     # before, comprehensions were functions
	"BinOp": "out[0] = n + 2 - n * 3 / 2 // 1 % 5 ** 2\nout[1] = (n << 2 | 1) & 6 ^ 3 >> 1",
	"UnaryOp": "out[0] = -n + +n + ~n\nout[1] = not n",
	"Lambda": "f = lambda x, *r: x + len(r)\nout[0] = f(n) + f(n, 1, 2)",
	"IfExp": "out[0] = 1 if n > 2 else 2.5",
	"ListComp": "out[0] = sum([i * j for i in range(3) if i for j in (1, 2)])",
	"GeneratorExp": "out[0] = sum(x for x in a if x > 1)",
	"Compare": "out[0] = 1 < n <= 3 != 4\nout[1] = (n is None) + (n is not None) + (n in (1, 3)) + (n not in (1, 3)) * 10",
	"Call": "out[0] = max(*(1, n), 2) + round(2.567, ndigits=1)",
	"Constant": "out[0] = 1 + 2.5 + True + 3j.imag + (None is None)\n...\nb'x'",
	"Attribute": "out[0] = a.shape[0] + a.ndim",
	"Subscript": "out[0] = a[1] + a[-1] + (1, n)[1] + a[1:3][0] + [4, 5][n - 2]",
	"Starred": "x, *y = 1, n, 3\nout[0] = x + len(y) + sum([*y, 4])",
	"Name": "x = n\nout[0] = x",
	"List": "x = [1, n, 3]\nout[0] = x[1] + len(x)\n[p, q] = 1, 2\nout[1] = p + q",
	"Tuple": "x = 1, (n, 3)\nout[0] = x[1][0]",
	"Slice": "out[:2] = a[1:n]\nout[4:1:-1] = a[::2]",
	"MatchValue": "match n:\n\tcase 3:\n\t\tout[0] = 1", "MatchSingleton": "match n > 2:\n\tcase True:\n\t\tout[0] = 1\n\tcase False:\n\t\tout[0] = 2",
	"MatchSequence": "match (n, 2):\n\tcase (1, x):\n\t\tout[0] = x\n\tcase (3, x):\n\t\tout[0] = x * 10\nmatch n:\n\tcase (p, q):\n\t\tout[1] = 1\n\tcase _:\n\t\tout[1] = 2",
	"MatchStar": "match (1, n, 3):\n\tcase [x, *rest]:\n\t\tout[0] = x + len(rest) + rest[0]",
	"MatchAs": "match n:\n\tcase (1 | 3) as k:\n\t\tout[0] = k\n\tcase _:\n\t\tout[0] = -1",
	"**keywords": "def f(x, y=1, **k):\n\treturn x + y * k['z'] + len(k)\nout[0] = f(n, z=a[1], w=1)\nd = {'z': n, 'y': 2}\nout[1] = f(1, **d) + d['y']",
	"MatchOr": "match n:\n\tcase 1 | 3 | 5:\n\t\tout[0] = 1",
}
# What is refused: a body, and words of the message and of its hint.
REFUSED = {
	"AsyncFunctionDef": ("async def f():\n\treturn 1\nout[0] = f()", "a coroutine (async def)", "write a plain function"),
	"AsyncFor": ("async def f(x):\n\tasync for i in x:\n\t\tpass\nout[0] = f(a)", "a coroutine (async def)", "write a plain function"),
	"AsyncWith": ("async def f(x):\n\tasync with x:\n\t\tpass\nout[0] = f(a)", "a coroutine (async def)", "write a plain function"),
	"Await": ("async def f(x):\n\tawait x\nout[0] = f(a)", "a coroutine (async def)", "write a plain function"),
	"ClassDef": ("class C:\n\tpass\nout[0] = 1", "a class definition", "a named tuple or a record"),
	"With": ("with open('f') as f:\n\tout[0] = 1", "a with statement", "before and behind the block"),
	"Try": ("try:\n\tout[0] = 1 / n\nexcept ZeroDivisionError:\n\tout[0] = 0", "try/except", "test before"),
	"TryStar": ("try:\n\tout[0] = 1 / n\nexcept* ZeroDivisionError:\n\tout[0] = 0", "try", "test before"),
	"Import": ("import math\nout[0] = math.pi", "an import statement", "at the top of the file"),
	"ImportFrom": ("from math import pi\nout[0] = pi", "an import statement", "at the top of the file"),
	"Nonlocal": ("x = 1\ndef f():\n\tnonlocal x\n\tx = 2\nf()\nout[0] = x", "assignment to a variable of the enclosing function", "return the value"),
	"Dict": ("d = {1: 2}\nout[0] = d[1]", "a dictionary", "a named tuple"),
	"Set": ("s = {n, 2}\nout[0] = 1 in s", "a set", "write a tuple"),
	"SetComp": ("s = {i for i in range(3)}\nout[0] = 1 in s", "a set comprehension", "a tuple or a list"),
	"DictComp": ("s = {i: 1 for i in range(3)}\nout[0] = s[1]", "a dictionary comprehension", "a named tuple"),
	"Yield": ("yield n", "a generator (yield)", "write the loop where its values are used"),
	"YieldFrom": ("yield from a", "a generator (yield)", "write the loop where its values are used"),
	"JoinedStr": ("x = f'{n} items'\nout[0] = len(x)", "an f-string", "messages of exceptions take f-strings"),
	"MatchMapping": ("match a:\n\tcase {1: x}:\n\t\tout[0] = x", "a mapping pattern", "no dictionaries"),
	"MatchClass": ("match n:\n\tcase int():\n\t\tout[0] = 1", "a class pattern", "isinstance"),
	"global = 1": ("global N\nN = 1", "assignment to a global variable", "write to an array argument"),
	"del x[0]": ("del out[0]", "deleting an item", "take a slice"),
	"del x.y": ("del a.b", "deleting an attribute", "leave it out"),
	"x.y = 1": ("a.size = 3", "assignment to an attribute", "records"),
	"raise from": ("if n:\n\traise ValueError from KeyError", "raise … from …", "raise the exception alone"),
	"raise": ("if n:\n\traise", "raise without an exception", "name the exception"),
	"recursive": ("def f(k):\n\treturn f(k - 1) if k else 0\nout[0] = f(n)", "an inner function that calls itself", "define it outside the kernel"),
	"late": ("def f():\n\treturn k\nk = 1\nout[0] = f()\nk = 2\nout[1] = f()", "an inner function that uses 'k', which is assigned", "behind the last assignment"),
	"finally": ("try:\n\tout[0] = 1\nfinally:\n\tout[1] = 1", "try", "test before"),
}
# Parts of others, and what the running Python does not write any more.
PARTS = {"FormattedValue", "Interpolation", "TemplateStr", "TypeAlias", "Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice"}


def kernel(body):
	names = {"N": 4, "np": np, "cuda": cuda}
	exec("def kernel(out, a, n):\n" + textwrap.indent(body, "\t"), names)
	return names["kernel"]


def test_the_grammar_is_covered():
	classes = {c.__name__ for base in (ast.stmt, ast.expr, ast.pattern) for c in base.__subclasses__()}
	assert classes - PARTS == {name for name in (*WORKS, *REFUSED) if name in classes} , classes - PARTS - {*WORKS, *REFUSED}
	for name, body in [*WORKS.items(), *((name, row[0]) for name, row in REFUSED.items())]:
		if hasattr(ast, name) and not name.startswith(("Try", "Async", "Await")):
			assert any(isinstance(node, getattr(ast, name)) for node in ast.walk(ast.parse("def f(out, a, n):\n" + textwrap.indent(body, "\t")))), name


@pytest.mark.parametrize("name", WORKS)
def test_works(device, name):
	same(kernel(WORKS[name]), np.zeros(5), np.arange(5.0), 3)


def test_on_a_gpu():
	for body in WORKS.values():
		assembled(kernel(body), np.zeros(5), np.arange(5.0), 3)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
	body, what, instead = REFUSED[name]
	with pytest.raises((errors.UnsupportedBytecodeError, errors.UnsupportedError)) as e:
		cuda.compile_ptx(kernel(body), "void(float64[:], float64[:], int64)", cc=(9, 0))
	first, *_, hint = str(e.value).splitlines()
	assert what is None or first.startswith(what) and first.endswith("is not supported in a kernel"), first
	assert hint.startswith("Hint: ") and instead in hint, hint


def test_every_refusal_has_a_row():
	"""What the compiler calls unsupported is in refused.def, and nothing else is."""
	rows = re.findall(r'^REFUSED\("([^"]+)"', (IR / "ir/refused.def").read_text(), re.M)
	text = "\n".join(path.read_text() for path in [*IR.rglob("*.c"), IR / "bytecode/pyops.def"] if path.name != "refused.c")
	said = set(re.findall(r'\b(?:refuse|fstring|begin|yield), "([^"]+)"\)', text))
	said |= set(re.findall(r'(?:gj_ssa_unsupported|gj_refuse|gj_build)\([^";\n]*"([^"]+)"', text))
	assert len(rows) == len(set(rows)) and said <= set(rows), said - set(rows)
	assert all(f'"{row}"' in text or row.endswith("*") for row in rows), [row for row in rows if f'"{row}"' not in text]
