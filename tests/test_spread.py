"""Loops shared out among threads (guvectorize(target='cuda') with few outer elements): results are those of Python, and explain() says
which loops are shared and why others are not."""

import linecache
import math
import random

import numpy as np
import pytest

from gridjit import cuda
from gridjit.cuda import generalised

ALL, BLOCKS, THREADS, SUM = "shared by all threads", "shared by the blocks", "shared by the threads of a block", "a reduction by +"


@pytest.fixture(autouse=True)
def teams(monkeypatch):
	monkeypatch.setattr(generalised, "_team", lambda outer, items, on_host: 3)


def made(source, layout, types="i8"):
	"""The function f of a source text, as Python's and as ours; types: dtypes of the operands."""
	name = f"<spread {abs(hash(source))}>"
	linecache.cache[name] = len(source), None, source.splitlines(True), name
	scope = {"math": math, "np": np, "cuda": cuda}
	exec(compile(source, name, "exec"), scope)
	operands = layout.replace("->", ",").replace("),(", ") (").split()
	dims = [o.count(",") + (o != "()") for o in operands]
	kinds = types.split() * (1 if " " in types else len(operands))
	writable = tuple(range(len(operands))) if "->" not in layout else ()
	given = [f"{t}[{', '.join(':' * d)}]" if d else f"{t}[:]" if i and "->" in layout else t for i, (t, d) in enumerate(zip(kinds, dims))]
	return scope["f"], cuda.guvectorize([f"void({', '.join(given)})"], layout, writable_args=writable)(scope["f"])


def body(*lines):
	return "def f(" + lines[0] + "):\n" + "".join(f"\t{line}\n" for line in lines[1:])


# name: source, layout, dtypes, shapes, what explain() says line by line (None: nothing is asked)
N, M = 300, 40
CASES = {
	"product": (body("a, b, out", "for i in range(a.shape[0]):", "\tfor j in range(b.shape[1]):", "\t\tt = 0.0", "\t\tfor k in range(a.shape[1]):",
		"\t\t\tt += a[i, k] * b[k, j]", "\t\tout[i, j] = t"), "(m,n),(n,p)->(m,p)", "f8", [(40, 30), (30, 50)], [BLOCKS, THREADS, SUM]),
	"map": (body("x, out", "for i in range(x.shape[0]):", "\tout[i] = 2 * x[i] + i"), "(n)->(n)", "i8", [(N,)], [ALL]),
	"sum": (body("x, out", "t = 0", "for i in range(x.shape[0]):", "\tt += x[i]", "out[0] = t"), "(n)->()", "i8", [(N,)], [SUM]),
	"row sums": (body("x, out", "for i in range(x.shape[0]):", "\tt = 0", "\tfor j in range(x.shape[1]):", "\t\tt += x[i, j]", "\tout[i] = t"),
		"(m,n)->(m)", "i8", [(30, M)], [BLOCKS, SUM]),
	"softmax": (body("x, out", "m = x[0]", "for i in range(x.shape[0]):", "\tm = max(m, x[i])", "t = 0.0", "for i in range(x.shape[0]):",
		"\tout[i] = math.exp(x[i] - m)", "\tt += out[i]", "for i in range(x.shape[0]):", "\tout[i] /= t"), "(n)->(n)", "f8", [(N,)],
		["a reduction by max", SUM, THREADS]),
	"running": (body("x, out", "t = 0", "for i in range(x.shape[0]):", "\tt += x[i]", "\tout[i] = t"), "(n)->(n)", "i8", [(N,)],
		["a loop of one thread; line 4 makes a value that the next round needs"]),
	"steps": (body("x, out", "for i in range(x.shape[0]):", "\tout[i] = x[i]", "for s in range(5):", "\tfor i in range(1, x.shape[0] - 1):",
		"\t\tx[i] = out[i - 1] + 2 * out[i] + out[i + 1]", "\tfor i in range(x.shape[0]):", "\t\tout[i] = x[i] % 1000"), "(n),(n)", "i8", [(N,), (N,)],
		[THREADS, "around what its threads share; line 6 may write what another round writes", THREADS, THREADS]),
	"recurrence": (body("x, out", "out[0] = x[0]", "for i in range(1, x.shape[0]):", "\tout[i] = out[i - 1] * 3 % 1001 + x[i]"), "(n)->(n)", "i8", [(N,)],
		["line 4 may write what another round reads"]),
	"recurrence and map": (body("x, out", "out[0] = x[0]", "for i in range(1, x.shape[0]):", "\tout[i] = out[i - 1] * 3 % 1001 + x[i]",
		"for i in range(x.shape[0]):", "\tx[i] = out[i] + 1"), "(n),(n)", "i8", [(N,), (N,)], ["around what its threads share", THREADS]),
	"alike": (body("x, out", "t = 0", "for i in range(x.shape[0]):", "\tt = t * 3 % 1001 + x[i]", "\tout[i] = t", "for i in range(x.shape[0]):",
		"\tout[i] += t"), "(n)->(n)", "i8", [(N,)], ["the first of which stores; line 4 makes a value", THREADS]),
	"histogram": (body("x, out", "for i in range(out.shape[0]):", "\tout[i] = 0", "for i in range(x.shape[0]):", "\tout[x[i] % 7] += 1"), "(n),(m)", "i8",
		[(N,), (M,)], [THREADS, "line 5 may write what another round reads"]),
	"reversed": (body("x, out", "for i in range(x.shape[0]):", "\tout[x.shape[0] - 1 - i] = x[i]"), "(n)->(n)", "i8", [(N,)], [ALL]),
	"down": (body("x, out", "for i in range(x.shape[0] - 1, -1, -1):", "\tout[i] = x[i] + i"), "(n)->(n)", "i8", [(N,)], [ALL]),
	"even and odd": (body("x, out", "for i in range(0, x.shape[0] - 1, 2):", "\tout[i] = x[i]", "\tout[i + 1] = -x[i]"), "(n)->(n)", "i8", [(N,)], [ALL]),
	"neighbours": (body("x, out", "for i in range(0, x.shape[0] - 1):", "\tout[i] = x[i]", "\tout[i + 1] = -x[i]"), "(n)->(n)", "i8", [(N,)],
		["line 3 may write what another round writes"]),
	"transposed": (body("x, out", "for i in range(x.shape[0]):", "\tfor j in range(x.shape[1]):", "\t\tout[j, i] = x[i, j]"), "(m,n)->(n,m)", "i8",
		[(30, M)], [BLOCKS, THREADS]),
	"rows as views": (body("x, out", "for i in range(x.shape[0]):", "\tr, o = x[i], out[i]", "\tfor j in range(r.shape[0]):", "\t\to[j] = 3 * r[j]"),
		"(m,n)->(m,n)", "i8", [(30, M)], [BLOCKS, THREADS]),
	"diagonal": (body("x, out", "for i in range(x.shape[0]):", "\tout[i, i] = x[i, i]", "\tfor j in range(i):", "\t\tout[i, j] = out[j, i] = x[i, j]"),
		"(n,n)->(n,n)", "i8", [(M, M)], ["line 5 may write what another round writes", None]),
	"triangle": (body("x, out", "for i in range(x.shape[0]):", "\tout[i, i] = 1", "\tfor j in range(i):", "\t\tout[i, j] = x[i, j]",
		"\tfor j in range(i + 1, x.shape[0]):", "\t\tout[i, j] = -x[j, i]"), "(n,n)->(n,n)", "i8", [(M, M)], [BLOCKS, THREADS, THREADS]),
	"flat": (body("x, out", "t, p, low, high, bits = 0, 1, x[0, 0], x[0, 0], 0", "for i in range(x.shape[0]):", "\tfor j in range(x.shape[1]):",
		"\t\tv = x[i, j]", "\t\tif v > 3:", "\t\t\tt -= v", "\t\tp *= 1 - 2 * (v & 1)", "\t\tlow, high = min(low, v), max(high, v)", "\t\tbits ^= v",
		"out[0], out[1], out[2], out[3], out[4] = t, p, low, high, bits"), "(m,n),(k)", "i8", [(30, M), (5,)],
		["reduction by +, *, min, max, ^", "a loop of each thread"]),
	"extremes": (body("x, out", "low = high = x[0]", "for i in range(x.shape[0]):", "\tif x[i] < low:", "\t\tlow = x[i]", "\thigh = x[i] if high < x[i] else high",
		"out[0], out[1] = low, high"), "(n),(m)", "f8", [(N,), (M,)], ["reduction by min, max"]),
	"where": (body("x, out", "best, at = x[0], 0", "for i in range(x.shape[0]):", "\tif x[i] > best:", "\t\tbest, at = x[i], i", "out[0], out[1] = best, at"),
		"(n),(m)", "i8", [(N,), (M,)], ["makes a value that the next round needs"]),
	"reset": (body("x, out", "run = 0", "for i in range(x.shape[0]):", "\tif x[i] < 3:", "\t\trun = 0", "\trun += x[i]", "out[0] = run"), "(n)->()", "i8",
		[(N,)], ["makes a value that the next round needs"]),
	"conditions": (body("x, out", "for i in range(x.shape[0]):", "\tif x[i] > 4:", "\t\tout[i] = x[i]", "\telif x[i] > 2:", "\t\tcontinue", "\telse:",
		"\t\tout[i] = -1"), "(n),(n)", "i8", [(N,), (N,)], [ALL]),
	"search": (body("x, out", "out[0] = -1", "for i in range(x.shape[0]):", "\tif x[i] == 5:", "\t\tout[0] = i", "\t\tbreak"), "(n)->()", "i8", [(N,)],
		["line 4 may end it before its range does"]),
	"last": (body("x, out", "i = 0", "for i in range(x.shape[0]):", "\tout[i] = x[i]", "out[0] = i"), "(n)->(n)", "i8", [(N,)], ["needs"]),
	"while": (body("x, out", "i = 0", "while i < x.shape[0]:", "\tout[i] = x[i] + 1", "\ti += 1", "out[0] = i"), "(n)->(n)", "i8", [(N,)],
		["is no loop over a range"]),
	"while alone": (body("x, out", "i = 0", "while i < x.shape[0]:", "\tout[i] = x[i] + 1", "\ti += 1"), "(n)->(n)", "i8", [(N,)], ["is no loop over a range"]),
	"few rounds": (body("x, out", "for i in range(3):", "\tout[i] = x[i] + 1"), "(n),(n)", "i8", [(N,), (N,)], ["has only 3 rounds"]),
	"few inside": (body("x, out", "for i in range(x.shape[0]):", "\tt = 0", "\tfor k in range(4):", "\t\tt += x[i] * k", "\tout[i] = t"), "(n)->(n)", "i8",
		[(N,)], [ALL, "has only 4 rounds"]),
	"many to one": (body("x, out", "for i in range(x.shape[0]):", "\tout[0] = x[i]"), "(n)->()", "i8", [(N,)], ["may write what another round writes"]),
	"in place": (body("x, s", "for i in range(x.shape[0]):", "\tx[i] *= s[i % 3]"), "(n),(m)", "i8", [(N,), (M,)], [ALL]),
	"two outputs of one loop": (body("x, a, b", "for i in range(x.shape[0]):", "\ta[i], b[i] = x[i] // 3, x[i] % 3"), "(n)->(n),(n)", "i8", [(N,)], [ALL]),
	"table": (body("x, out", "t = cuda.local.array(8, np.int64)", "for k in range(8):", "\tt[k] = k * k", "for i in range(x.shape[0]):",
		"\tout[i] = t[x[i] % 8]"), "(n)->(n)", "i8", [(N,)], ["array that each thread has for itself", THREADS]),
	"expressions": (body("x, y, out", "out[:] = x * y + 1", "out[0] = (x * y).sum()"), "(n),(n)->(n)", "i8", [(N,), (N,)], None),
	"complex": (body("x, out", "t = 0j", "for i in range(x.shape[0]):", "\tout[i] = x[i] * x[i]", "\tt += x[i]", "out[0] = t"), "(n)->(n)", "c16", [(N,)], [SUM]),
	"beside": (body("x, out", "for i in range(x.shape[0]):", "\tout[i] = x[i] * 2", "for i in range(x.shape[0]):", "\tif i > 0:",
		"\t\tx[i] = out[i - 1]"), "(n),(n)", "i8", [(N,), (N,)], [THREADS, THREADS]),
	"under a condition": (body("x, out", "out[:] = 0", "if x[0] > 0:", "\tt = 0", "\tfor i in range(x.shape[0]):", "\t\tt += x[i]", "\tout[1] = t",
		"else:", "\tfor i in range(x.shape[0]):", "\t\tout[i] = x[i]"), "(n)->(n)", "i8", [(N,)], None),
}


def arrays_for(shapes, layout, types, outer):
	numbers = np.random.default_rng(1)
	kinds = types.split() * (1 if " " in types else len(shapes))
	return [numbers.integers(0, 9, outer + s).astype(t) * (1 + 0.5j if t == "c16" else 1) for s, t in zip(shapes, kinds)]


def run_python(f, args, layout, outer, dtype):
	"""The function in Python for each outer element, on copies; outputs that are missing are made."""
	out = layout.partition("->")[2]
	names = dict(zip(layout.partition("->")[0].replace("(", "").replace(")", "").split(","), [n for a in args for n in a.shape[len(outer):]]))
	shapes = [tuple(names[d] for d in o.strip("()").split(",") if d) for o in out.replace("),(", ") (").split()]
	made = [np.zeros(outer + (s or (1,)), dtype) for s in shapes]
	args = [a.copy() for a in args]
	for at in np.ndindex(*outer):
		f(*(a[at] for a in args), *(m[at] for m in made))
	return args, [m if s else m[..., 0] for m, s in zip(made, shapes)]


@pytest.mark.parametrize("outer", [(), (2,)])
@pytest.mark.parametrize("name", CASES)
def test_loops(device, name, outer):
	source, layout, types, shapes, said = CASES[name]
	plain, ours = made(source, layout, types)
	args = arrays_for(shapes, layout, types, outer)
	want_args, want = run_python(plain, args, layout, outer, types.split()[0]) if name != "table" else (args, [args[0] % 8 * (args[0] % 8)])
	text = ours.explain(*args) if "->" not in layout else ours.explain(*args)
	lines = text.splitlines()
	if said is not None:
		assert len(lines) == len(said), text
		for line, words in zip(lines, said):
			assert words is None or words in line, text
	on_device = [cuda.to_device(a) for a in args]
	got = ours(*on_device)
	got = () if got is None else got if isinstance(got, tuple) else (got,)
	for g, w in zip((*(a for a in on_device), *got), (*want_args, *want)):
		np.testing.assert_allclose(g.copy_to_host(), w, rtol=1e-12, err_msg=text)


# -- random nests of loops ----------------------------------------------------------------------------------------------------------

class Programs:
	"""Random nests of loops over a[m, n], b[m, n] and v[n], in which all indices are inside."""

	def __init__(self, seed):
		self.random = random.Random(seed)
		self.pick = self.random.choice

	def index(self, loops, rows):
		n = "a.shape[0]" if rows else "a.shape[1]"
		own = [(name, more) for name, r, more in loops if r == rows]
		if not own or self.random.random() < 0.15:
			return self.pick(["0", "1", "-1"])
		name, more = self.pick(own)
		return self.pick([name, name, name, name, f"{n} - 1 - {name}", f"{name} - 1"] + [f"{name} + 1"] * more)

	def element(self, loops):
		which = self.pick("aabv")
		return f"v[{self.index(loops, False)}]" if which == "v" else f"{which}[{self.index(loops, True)}, {self.index(loops, False)}]"

	def expression(self, loops):
		numbers = ["1", "3", "t", "u", *(name for name, _, _ in loops)]
		return " + ".join(self.element(loops) if self.random.random() < 0.6 else self.pick(numbers) for _ in range(self.random.randint(1, 3)))

	def block(self, loops=(), depth=3):
		lines = []
		for _ in range(self.random.randint(1, 3 if depth else 2)):
			kind = self.pick(["for", "for", "for", "store", "store", "sum", "set", "if"] if depth else ["store", "sum", "sum", "set"])
			if kind == "for":
				name, rows = "ijk"[len(loops)], self.random.random() < 0.5
				how = self.pick(["{n}", "{n}", "{n}", "{n} - 1", "1, {n}", "0, {n}, 2", "{n} - 1, -1, -1", "3"])
				lines.append(f"for {name} in range({how.format(n='a.shape[0]' if rows else 'a.shape[1]')}):")
				lines += ["\t" + line for line in self.block([*loops, (name, rows, how in ("{n} - 1", "3"))], depth - 1)]
			elif kind == "if":
				lines += [f"if {self.expression(loops)} > 2:", *("\t" + line for line in self.block(loops, 0))]
			elif kind == "store":
				lines.append(f"{self.element(loops)} = ({self.expression(loops)}) % 1009")
			elif kind == "sum" and self.random.random() < 0.3:
				value = self.expression(loops)
				lines += [f"if {value} {self.pick('<>')} t:", f"\tt = {value}"]
			elif kind == "sum":
				lines.append(self.pick(["s += {}", "s -= {}", "t = max(t, {})"]).format(self.expression(loops)))
			else:
				lines.append(f"u = ({self.expression(loops)}) % 1009")
		return lines


@pytest.mark.parametrize("seed", range(16))
def test_random_loops(device, seed):
	lines = Programs(seed).block()
	source = body("a, b, v", "s = t = u = 0", *lines, "v[0], v[1], v[2] = s % 1009, t % 1009, u")
	plain, ours = made(source, "(m,n),(m,n),(n)")
	numbers = np.random.default_rng(seed)
	m, n = numbers.integers(4, 9), numbers.integers(4, 40)
	args = [numbers.integers(0, 9, shape) for shape in ((m, n), (m, n), (n,))]
	want, got = [x.copy() for x in args], [cuda.to_device(x) for x in args]
	plain(*want)
	ours(*got)
	for g, w in zip(got, want):
		np.testing.assert_array_equal(g.copy_to_host(), w, err_msg=source + ours.explain(*args))
