"""The rows of tests/data/typing-rules as device functions: what to compile, and the type that numba gives it.

Types are written as in the data: b1 i1 … u8 f4 f8, (i8 f4) a tuple, f4[2C] an array; "!" means refused. Rows with types
that kernels do not have yet (optional) are left out."""

import csv
import re
from collections import namedtuple
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "typing-rules"
COLUMNS = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()
TYPES = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()
NAMES = dict(b1="boolean", i1="int8", i2="int16", i4="int32", i8="int64", u1="uint8", u2="uint16", u4="uint32",
	u8="uint64", f2="float16", f4="float32", f8="float64", c8="complex64", c16="complex128", none="none", str="str")
CODES = {name: code for code, name in NAMES.items()} | {"bool": "b1"}

# key: how a deviation is named; source defines f; args: type codes
TypeCase = namedtuple("TypeCase", "key source args want")


def table(name):
	with open(DATA / name, newline="") as file:
		for row in csv.reader(file):
			if row and not row[0].startswith("#"):
				yield row


def supported(code):
	return not re.search(r"\?|readonly|ro$|!!|^\.$|flat|Flags|enumerate|zip", code)


def numba_name(code):
	"""f4[2C] → float32[:, ::1], (i8 f4) → Tuple((int64, float32))."""
	if code.startswith("("):
		items = [numba_name(item) for item in split_tuple(code)]
		return f"Tuple(({', '.join(items)},))" if len(items) == 1 else f"Tuple(({', '.join(items)}))"
	array = re.fullmatch(r"(\w+)\[(\d)([CFA])\]", code)
	if array:
		dims = [":"] * int(array[2])
		if array[3] != "A":
			dims[-1 if array[3] == "C" else 0] = "::1"
		return f"{NAMES[array[1]]}[{', '.join(dims)}]"
	return NAMES[code]


def split_tuple(code):
	"""The items of "(i8 (f4 f4))" at the outermost level."""
	items, depth, item = [], 0, ""
	for char in code[1:-1] + " ":
		depth += (char in "([") - (char in ")]")
		if char == " " and depth == 0:
			items, item = items + [item], ""
		else:
			item += char
	return [item for item in items if item]


def code_of(text):
	"""The printed form of a type → its code: "array(float32, 2d, C)" → f4[2C]."""
	text = str(text).strip()
	array = re.fullmatch(r"(?:readonly )?[aA]rray\((\w+), (\d)d, ([CFA])\)", text)
	if array:
		return f"{CODES[array[1]]}[{array[2]}{array[3]}]"
	uniform = re.fullmatch(r"UniTuple\((.*)(?: x |, )(\d+)\)", text)
	if uniform:
		return "(" + " ".join([code_of(uniform[1])] * int(uniform[2])) + ")"
	if text.startswith("Tuple("):
		return "(" + " ".join(code_of(item) for item in split_commas(text[6:-1])) + ")"
	return CODES.get(text, text)


def split_commas(text):
	"""The parts of "int64, Tuple(int32, float64)" at the outermost level; brackets around the whole are dropped."""
	if text.startswith("(") and text.endswith(")"):
		text = text[1:-1]
	parts, depth = [""], 0
	for char in text:
		depth += (char in "([") - (char in ")]")
		if char == "," and depth == 0:
			parts.append("")
		else:
			parts[-1] += char
	return [part.strip() for part in parts if part.strip()]


def columns(row, first=2):
	"""(type, cell) of the columns whose type kernels have."""
	for code, cell in zip(COLUMNS, row[first:]):
		if code in TYPES and supported(cell):
			yield code, cell.split("/")[0].split("|")[0]


def function(expression, args=("a", "b"), before=""):
	body = before.replace("\n", "\n\t")
	return f"def f({', '.join(args)}):\n\t{body}return {expression}\n"


def binop_cases():
	for row in table("binop.csv"):
		if row[0] == "ops" or row[1] not in TYPES:
			continue
		for op in row[0].split():
			for b, want in columns(row):
				yield TypeCase(f"a {op} b: {row[1]} {b}", function(f"a {op} b"), (row[1], b), want)


def literal_cases():
	"""Literals alone; and mixed with values: as binop.csv with the literal's type."""
	for row in table("literal.csv"):
		if row[0] == "expr" or not supported(row[2]) or row[2] in ("str", "..."):
			continue
		yield TypeCase(row[0], function(row[0], ()), (), row[2])
	rules = {(op, row[1]): dict(columns(row)) for row in table("binop.csv") if row[0] != "ops" for op in row[0].split()}
	for literal, code in (("2", "i8"), ("-1", "i8"), (str(2**63), "u8"), ("2.0", "f8"), ("True", "b1"), ("2j", "c16")):
		for (op, a), row in rules.items():
			if a in TYPES and op in ("+", "*", "/", "//", "%", "<<", "&", "<") and code in row:
				yield TypeCase(f"a {op} {literal}: {a}", function(f"a {op} {literal}", ("a",)), (a,), row[code])
			if a == code and op in ("-", "/", "**", "=="):
				for b, want in row.items():
					yield TypeCase(f"({literal}) {op} b: {b}", function(f"({literal}) {op} b", ("b",)), (b,), want)


def unary_cases():
	for row in table("unary.csv"):
		if row[0] == "expr":
			continue
		expression = row[0].replace(";", ",")
		if re.search(r"i4\)", expression):
			continue
		for a, want in columns(row):
			if supported(want):
				yield TypeCase(f"{row[0]}: {a}", function(expression, ("a",)), (a,), want)


def call_cases(name="call.csv", prefix=""):
	for row in table(name):
		if row[0] == "names" or row[0].startswith("min3"):
			continue
		for callee in row[0].split():
			for b, want in columns(row):
				if callee == "cuda.selp":
					yield TypeCase(f"selp: {row[1]} {b}", function("cuda.selp(a > 0, a, b)"), (row[1], b), want)
				elif not row[1]:
					yield TypeCase(f"{callee}: {b}", function(f"{prefix}{callee}(a)", ("a",)), (b,), want)
				elif row[1] in TYPES:
					yield TypeCase(f"{callee}: {row[1]} {b}", function(f"{prefix}{callee}(a, b)"), (row[1], b), want)


def numpy_cases():
	yield from call_cases("numpy.csv", "np.")


UNIFY = {
	"phi": "def f(a, b):\n\tif a != b:\n\t\tx = a\n\telse:\n\t\tx = b\n\treturn x\n",
	"x=a; for: x+=b": "def f(a, b):\n\tx = a\n\tfor i in range(3):\n\t\tx += b\n\treturn x\n",
	"maybe undefined": "def f(a):\n\tif a:\n\t\tx = a\n\treturn x\n",
	"tuple phi": "def f(a, b, p):\n\tif p:\n\t\tx = a\n\telse:\n\t\tx = b\n\treturn x\n",
	"array phi": "def f(a, b, p):\n\tif p:\n\t\tx = a\n\telse:\n\t\tx = b\n\treturn x\n",
}
for literal in ("0", "1.0", "True", "1j"):
	UNIFY[f"phi {literal}"] = f"def f(a):\n\tx = {literal}\n\tif a:\n\t\tx = a\n\treturn x\n"
	UNIFY[f"x={literal}; x+=a"] = f"def f(a):\n\tx = {literal}\n\tfor i in range(3):\n\t\tx += a\n\treturn x\n"
# The same table, as the data's header says, for these forms too.
LIKE_PHI = {
	"return": "def f(a, b):\n\tif a != b:\n\t\treturn a\n\treturn b\n",
	"while": "def f(a, b):\n\tx = a\n\twhile a != b:\n\t\tx = b\n\treturn x\n",
	"and": "def f(a, b):\n\treturn a and b\n",
	"or": "def f(a, b):\n\treturn a or b\n",
	"ternary": "def f(a, b):\n\treturn a if a != b else b\n",
}


def unify_cases():
	for row in table("unify.csv"):
		kind = row[0]
		if kind in ("tuple phi", "array phi"):
			if all(supported(code) for code in row[1:4]):
				yield TypeCase(f"{kind}: {row[1]} {row[2]}", UNIFY[kind], (row[1], row[2], "b1"), row[3])
		elif kind in UNIFY:
			if row[1] and row[1] not in TYPES:
				continue
			for b, want in columns(row):
				args = (row[1], b) if row[1] else (b,)
				yield TypeCase(f"{kind}: {' '.join(args)}", UNIFY[kind], args, want)
				if kind == "phi":
					for form, source in LIKE_PHI.items():
						yield TypeCase(f"{form}: {' '.join(args)}", source, args, want)


def array_cases():
	for row in table("array.csv"):
		if row[0] == "expr" or not row[1] or not supported(row[1]) or not supported(row[2]):
			continue
		want = row[2].removeprefix("L")
		yield TypeCase(f"{row[0]}: {row[1]}", function(row[0].replace(";", ","), ("a",)), (row[1],), want)
	for row in table("array.csv"):
		if len(row) == 3 and not row[1] and row[0].startswith(("cuda.shared.array", "cuda.local.array")) and supported(row[2]):
			source = function("m", ("a",), f"m = {row[0].replace(';', ',')}\n")
			yield TypeCase(row[0], source, ("i8",), row[2])


def tuple_range_cases():
	for expression, a, b, want in (row for row in table("tuple_range.csv") if row[0] != "expr"):
		if not all(supported(code) for code in (a, b, want)):
			continue
		text = expression.replace(";", ",")
		if expression.startswith("i of "):
			source = f"def f(a, b):\n\tfor i in {text[5:]}:\n\t\tpass\n\treturn i\n"
		elif expression.startswith("for ") or " = a" in expression:
			continue
		else:
			source = function(text)
		args = (a, b or "i8")
		yield TypeCase(f"{expression}: {a} {b}".strip(), source, args, want.removeprefix("L"))


def memory_warp_cases():
	for row in table("memory_warp.csv"):
		if row[0] == "expr" or len(row) == 4 and not (supported(row[1]) and supported(row[2]) and supported(row[3])):
			continue
		if len(row) == 4:
			yield from index_case(*row)
			continue
		for name in row[0].split():
			for b, want in columns(row):
				yield from warp_case(name, row[1], b, want)


def index_case(expression, a, b, want):
	text = expression.replace(";", ",")
	if expression.startswith("a["):
		yield TypeCase(f"{expression}: {b}", function(text), (a, b), want)
	elif expression.startswith("atomic.add add idx") and " " in a:
		array, index = a.split(" ", 1)
		yield TypeCase(f"{expression}: {index}", function("cuda.atomic.add(a, b, 1)"), (array, index), want)
	elif expression.startswith("cuda.") and want not in ("GridGroup", "Dim3"):
		yield TypeCase(expression, function(text, ()), (), want)


WARP = {
	"cuda.shfl_sync": "cuda.shfl_sync(-1, a, 0)", "cuda.shfl_up_sync": "cuda.shfl_up_sync(-1, a, 1)",
	"cuda.shfl_down_sync": "cuda.shfl_down_sync(-1, a, 1)", "cuda.shfl_xor_sync": "cuda.shfl_xor_sync(-1, a, 1)",
	"cuda.all_sync": "cuda.all_sync(-1, a)", "cuda.any_sync": "cuda.any_sync(-1, a)",
	"cuda.eq_sync": "cuda.eq_sync(-1, a)", "cuda.ballot_sync": "cuda.ballot_sync(-1, a)",
	"cuda.match_any_sync": "cuda.match_any_sync(-1, a)", "cuda.match_all_sync": "cuda.match_all_sync(-1, a)",
	"cuda.fma": "cuda.fma(a, a, a)", "syncwarp": "cuda.syncwarp(a)", "cuda.atomic.cas": "cuda.atomic.cas(m, 0, a, a)",
	"cuda.atomic.compare_and_swap": "cuda.atomic.compare_and_swap(m, a, a)",
}


def warp_case(name, array, a, want):
	default = f"{name}(m, 0, a)" if name.startswith("cuda.atomic") else f"{name}(a)"
	expression = WARP.get(name, default)
	if array:
		if array in TYPES:
			yield TypeCase(f"{name}: {array} {a}", function(expression, ("m", "a")), (f"{array}[1C]", a), want)
	else:
		yield TypeCase(f"{name}: {a}", function(expression, ("a",)), (a,), want)


# Constructs of constructs.csv: a function f, the types of its arguments, and the type of its result for us.
CONSTRUCTS = {
	"walrus": ("def f(a):\n\tif (n := a + 1) > 2:\n\t\treturn n\n\treturn a\n", "i8", "i8"),
	"chained cmp": ("def f(a):\n\treturn 0 < a < 10\n", "i8", "b1"),
	"while/else": ("def f(a):\n\twhile a > 0:\n\t\ta -= 1\n\telse:\n\t\ta = 5\n\treturn a\n", "i8", "i8"),
	"for/else": ("def f(a):\n\tfor i in range(a):\n\t\tif i == 3:\n\t\t\tbreak\n\telse:\n\t\treturn 1\n\treturn 2\n", "i8", "i8"),
	"match": ("def f(a):\n\tmatch a:\n\t\tcase 1:\n\t\t\treturn 10\n\t\tcase 2 | 3:\n\t\t\treturn 20\n\t\tcase _:\n\t\t\treturn 30\n", "i8", "i8"),
	"lambda": ("def f(a):\n\tg = lambda x: x + a\n\treturn g(1)\n", "i8", "i8"),
	"closure inner": ("def f(a):\n\tdef g(x):\n\t\treturn x * a\n\treturn g(2)\n", "i8", "i8"),
	"listcomp": ("def f(a):\n\treturn [i for i in range(a)][0]\n", "i8", "!"),
	"star unpack": ("def f(a):\n\tx, *y = a\n\treturn x\n", "(i8 i8)", "i8"),
	"try/except": ("def f(a):\n\ttry:\n\t\treturn 1 // a\n\texcept ZeroDivisionError:\n\t\treturn 0\n", "i8", "!"),
	"with": ("def f(a):\n\twith a:\n\t\tpass\n\treturn 1\n", "i8", "!"),
	"in tuple": ("def f(a):\n\treturn a in (1, 2, 3)\n", "i8", "b1"),
	"not in": ("def f(a):\n\treturn a not in (1, 2, 3)\n", "i8", "b1"),
	"for over tuple": ("def f(a):\n\ts = 0\n\tfor v in (a, 2, 3):\n\t\ts += v\n\treturn s\n", "i8", "i8"),
	"for over hetero tuple": ("def f(a):\n\ts = 0.0\n\tfor v in (a, 2.0):\n\t\ts += v\n\treturn s\n", "i8", "!"),
	"del local": ("def f(a):\n\tx = a\n\tdel x\n\treturn a\n", "i8", "i8"),
	"swap": ("def f(a, b):\n\ta, b = b, a\n\treturn a\n", "f8 f4", "f4"),
	"plain py function": ("def g(x):\n\treturn x + 1\ndef f(a):\n\treturn g(a)\n", "i8", "i8"),
	"kwcall": ("def g(x, y):\n\treturn x - y\ndef f(a):\n\treturn g(y=a, x=1)\n", "i8", "i8"),
	"default arg": ("def g(x, y=3):\n\treturn x - y\ndef f(a):\n\treturn g(a)\n", "i8", "i8"),
	"global tuple": ("T = (1.5, 2.5)\ndef f(a):\n\treturn T[a]\n", "i8", "f8"),
	"global np scalar": ("S = np.float32(2)\ndef f():\n\treturn S\n", "", "f4"),
	"global array": ("G = np.arange(4, dtype=np.int16)\ndef f(a):\n\treturn G[a]\n", "i8", "i2"),
	"global array store": ("G = np.arange(4, dtype=np.int16)\ndef f(a):\n\tG[a] = 1\n", "i8", "!"),
	"global dict": ("D = {1: 2}\ndef f(a):\n\treturn D[a]\n", "i8", "!"),
	"global big int": ("B = 2 ** 70\ndef f(a):\n\treturn a + B\n", "i8", "!"),
	"undefined global": ("def f(a):\n\treturn a + nowhere\n", "i8", "!"),
	"yield": ("def f(a):\n\tyield a\n", "i8", "!"),
	"import inside": ("def f(a):\n\timport math\n\treturn math.sin(a)\n", "f8", "!"),
	"async": ("async def f(a):\n\treturn a\n", "i4", "!"),
	"class inside": ("def f(a):\n\tclass C:\n\t\tpass\n\treturn a\n", "i8", "!"),
	"dict": ("def f(a):\n\td = {1: a}\n\treturn d[1]\n", "i8", "!"),
	"set": ("def f(a):\n\ts = {1, a}\n\treturn 1\n", "i8", "!"),
	"global stmt": ("def f(a):\n\tglobal Z\n\tZ = a\n\treturn a\n", "i8", "!"),
	"attr missing": ("def f(a):\n\treturn a.nothing\n", "f4[1C]", "!"),
	"too many idx": ("def f(a):\n\treturn a[0, 0]\n", "f4[1C]", "!"),
	"call non callable": ("def f(a):\n\treturn a(1)\n", "i8", "!"),
	"wrong arg count": ("def g(x):\n\treturn x\ndef f(a):\n\treturn g(a, a)\n", "i8", "!"),
	"math.sin(arr)": ("def f(a):\n\treturn math.sin(a)\n", "f4[1C]", "!"),
	"phi arr/int": ("def f(a, b):\n\tif b:\n\t\tx = a\n\telse:\n\t\tx = 1\n\treturn x\n", "f4[1C] i8", "!"),
	"store str": ("def f(a):\n\ta[0] = 'x'\n", "f4[1C]", "!"),
	"shared dyn shape": ("def f(a):\n\ts = cuda.shared.array(a, float32)\n\treturn s[0]\n", "i8", "!"),
	"len(int)": ("def f(a):\n\treturn len(a)\n", "i8", "!"),
	"nested tuple unpack": ("def f(a):\n\t(x, y), z = (a, 2), 3\n\treturn x + y + z\n", "i8", "i8"),
	"operator.add": ("def f(a):\n\treturn operator.add(a, 1)\n", "i4", "i8"),
	"device fn shared array arg": ("def g(s):\n\treturn s[0]\ndef f(a):\n\ts = cuda.shared.array(4, float32)\n\treturn g(s)\n", "i8", "f4"),
	"*args def": ("def g(x, *rest):\n\treturn rest[0]\ndef f(a):\n\treturn g(1.0, a)\n", "i4", "i4"),
	"*args call": ("def g(x, y):\n\treturn x * y\ndef f(a):\n\treturn g(*(a, 2))\n", "i4", "i8"),
	"**kw call": ("def g(x, y):\n\treturn x * y\ndef f(a):\n\treturn g(**{'x': a, 'y': 2})\n", "i4", "!"),
	"is None": ("def g(x, y=None):\n\treturn x if y is None else y[0]\ndef f(a):\n\treturn g(a)\n", "i8", "i8"),
	"isinstance": ("def f(a):\n\treturn isinstance(a, int)\n", "i8", "b1"),
	"type(a)": ("def f(a):\n\treturn type(a)(3.5)\n", "i4", "i4"),
	"fn as arg": ("def g(x):\n\treturn x + 1\ndef h(k, x):\n\treturn k(x)\ndef f(a):\n\treturn h(g, a)\n", "i8", "i8"),
}
# Where we accept what numba refuses, or refuse what it lets through.
CONSTRUCTS_DIFFER = {
	"walrus": "works", "del local": "works", "plain py function": "compiled as a device function",
	"async": "a coroutine is no kernel; numba compiles it silently", "star unpack": "works, of tuples",
}


def constructs_cases():
	for name, (source, args, want) in CONSTRUCTS.items():
		args = tuple(split_tuple(f"({args})")) if args else ()
		yield TypeCase(name, source, args, want)


GROUPS = {name[:-6]: value for name, value in globals().items() if name.endswith("_cases")}
