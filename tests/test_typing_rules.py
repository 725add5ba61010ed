"""numba's types for 10,000 expressions (tests/data/typing-rules), end to end: each is compiled as a device function and
the inferred return type compared. Where we differ on purpose, DEVIATIONS says so with a reason; what is still to come
is in NOT_YET, and a row that starts to work must leave that list."""

import cmath
import math
import operator
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from typing_cases import CONSTRUCTS, CONSTRUCTS_DIFFER, GROUPS, code_of, numba_name, table

# What real numbers are as arguments of cmath.
COMPLEX_OF = (("b1|[iu]1|i2|f2|f4", "c8"), ("[iu][48]|u2|f8", "c16"))
FLOAT_OF = tuple((codes, dict(c8="f4", c16="f8")[want]) for codes, want in COMPLEX_OF)

# (group, pattern of the key, what we give, why)
DEVIATIONS = [
	("binop", r"a \*\* b: b1 i4", "i8", "an integer power of integers is an integer (numba goes through float32 here)"),
	("literal", r"\(True\) \*\* b: i4", "i8", "the same"),
	("call", r"pow: b1 i4", "i8", "the same"),
	*[("call", rf"selp: {code} {code}", code, "selects between any two numbers") for code in ("b1", "i1", "u1", "f2")],
	*[("memory_warp", rf"cuda\.shfl_\w*sync: {code}", code, "unsigned values are shuffled too") for code in ("u4", "u8")],
	("memory_warp", r"cuda\.syncthreads_(count|and|or): b1", "i4", "a bool is a predicate"),
	("memory_warp", r"cuda\.(popc|clz|brev): f[248]", "!", "bits of a float: numba converts the number to an integer first"),
	("call", r"cmath\.(acosh|log10|tanh): ([biu]\d|f[248])", "c16", "real numbers are taken by all of cmath"),
	*[("call", rf"cmath\.(cosh|sinh): ({codes})", want, "the same") for codes, want in COMPLEX_OF],
	*[("call", rf"cmath\.phase: ({codes})", want, "the same") for codes, want in FLOAT_OF],
	*[("call", rf"cmath\.polar: ({codes})", f"({want} {want})", "the same")
		for codes, want in FLOAT_OF],
	("call", r"cmath\.rect: i8 i8", "c16", "the same"),
	*[("memory_warp", rf"cuda\.atomic\.(add|sub): {code} {code}", code, "one atomic addition for each part") for code in ("c8", "c16")],
	("memory_warp", r"cuda\.atomic\.(add|sub): f2 f2", "f2", "where a GPU has it, else by compare and swap"),
	("tuple_range", r"i of range\(a(; (a|b|-1))*\): ((b1|f2|f4|f8)( .*)?|\w+ (b1|f2|f4|f8))", "!", "range takes integers, as in Python"),
	("tuple_range", r"i of range\(a; a; -1\): u8", "i8", "a negative step stays negative"),
	("tuple_range", r"(a in b: i4|b in a:) \((i4 f4|i8 f8)\).*", "b1", "the items of a tuple may differ in type"),
	("tuple_range", r"a in b: i4 \((i4 f4|i8 f8)\)", "b1", "the same"),
	("tuple_range", r"not a: .*", "b1", "a tuple is true if it has items"),
	("tuple_range", r"(any|all)\(a\): .*", "b1", "any() and all() take tuples"),
	*[("tuple_range", rf"reversed\(a\): \({codes}\)", f"({' '.join(reversed(codes.split()))})", "a tuple backwards")
		for codes in ("i4 i4", "i8 i8", "i8 i8 i8", "f4 f4", "i4 f4", "i8 f8")],
	("array", r"cuda\.shared\.array\(\[4; 2\]; float32\)", "f4[2C]", "a list is as good as a tuple"),
	*[("array", rf"cuda\.shared\.array\(4; {name}\)", code + "[1C]", "Python's classes name types, as in NumPy")
		for name, code in (("float", "f8"), ("int", "i8"), ("bool", "b1"))],
	("constructs", "for over hetero tuple", "f8", "loops over tuples whose items differ are written out"),
	("array", r"(a\.reshape\(.*|np\.reshape\(a; 6\)): f4\[[23]F\]", "!", "a view in C order is wanted, which there is none"),
	("array", r"(a|np)\.reshape\((a; )?6\): f4\[1A\]", "f4[1A]", "one dimension of any step is a view in any shape, as in NumPy"),
	("array", r"a\.reshape\(\(?2; 3\)+: f4\[1A\]", "f4[2A]", "the same"),
	("array", r"cuda\.local\.array\((4; float32|\(4; 2\); np\.int8|shape=3; dtype=types\.complex64)\)", "!", "a local array ends with the call that returns it"),
	("array", r"np\.zeros\(.*", "!", "the same"),
	("numpy", r"heaviside: ([biu]\d|f[48]) ([biu]\d|f[48])", "f8", "it is made of other functions"),
	("constructs", r"\*\*kw call", "i8", "keywords of a dictionary that is known"),
	("array", r"cuda\.shared\.array\(-1; float32\)", "!", "an extent is not negative"),
]

# (group, pattern of the key, what is missing)
NOT_YET = [
	("array", r"a\.(flatten|copy)\(\): .*", "methods that make an array"),
	("array", r"a\.ravel\(\): f4\[(.A|[23]F)\]", "the same: it would be a copy"),
	("array", r"a\.astype\(.*", "the same"),
	("array", r"np\.(sin|empty_like)\(.*", "np functions that make an array"),
	("array", r"a\[a > 0\]: .*1.*", "boolean masks"),
]


def namespace():
	import gridjit
	from gridjit import cuda
	names = {name: getattr(gridjit, name) for name in ("int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 "
		"float64 complex64 complex128 boolean types").split()}
	return names | dict(cuda=cuda, np=np, math=math, cmath=cmath, operator=operator)


def inferred(case, names):
	"""The code of the function's return type, "!" if it is refused with an error meant for users."""
	from gridjit import cuda, errors
	scope = dict(names)
	exec(case.source, scope)
	signature = "(" + ", ".join(numba_name(code) for code in case.args) + ")"
	try:
		_, result = cuda.compile(scope["f"], signature, device=True, opt=False)
	except (errors.TypingError, errors.UnsupportedBytecodeError):
		return "!"
	except (errors.UnsupportedError, errors.LoweringError) as error:
		return f"unsupported: {str(error).splitlines()[0]}"
	return code_of(result)


def listed(rows, group, key):
	return [row for row in rows if row[0] == group and re.fullmatch(row[1], key)]


@pytest.mark.parametrize("group", GROUPS)
def test_rules(group):
	cases = list(GROUPS[group]())
	assert len(cases) > 20, "the data files are not where they should be"
	names = namespace()
	with ThreadPoolExecutor(2) as pool:
		results = list(pool.map(lambda case: inferred(case, names), cases))
	wrong = []
	for case, got in zip(cases, results):
		deviation = listed(DEVIATIONS, group, case.key)
		want = deviation[0][2] if deviation else case.want
		if listed(NOT_YET, group, case.key):
			if got == want != "!":
				wrong.append(f"{case.key}: works now, take it off NOT_YET")
		elif got != want:
			wrong.append(f"{case.key}: {got}, expected {want}")
	assert not wrong, f"{len(wrong)} of {len(cases)} differ\n" + "\n".join(wrong[:40])


def test_deviations_are_needed():
	"""Every row of both lists matches some case."""
	keys = {group: [case.key for case in cases()] for group, cases in GROUPS.items()}
	idle = [row for row in DEVIATIONS + NOT_YET if not any(re.fullmatch(row[1], key) for key in keys[row[0]])]
	assert not idle, idle


def test_constructs_against_numba():
	"""Our table of constructs says the same as numba's, but for the rows named in CONSTRUCTS_DIFFER."""
	numba = {row[0]: row[1] for row in table("constructs.csv")}
	differ = set()
	for name, (_, _, want) in CONSTRUCTS.items():
		refused = numba[name][0].isupper()
		if refused != (want == "!") or not refused and numba[name] not in (want, "none"):
			differ.add(name)
	assert differ == set(CONSTRUCTS_DIFFER)
