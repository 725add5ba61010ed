"""Runs the text of `_core._dump_ssa` on Python values: SSA is right if it computes what the function computes."""

import builtins
import math
import operator
import re

BINARY = dict(zip("+ & // << @ * % | ** >> - / ^".split(), [
	operator.add, operator.and_, operator.floordiv, operator.lshift, operator.matmul, operator.mul, operator.mod,
	operator.or_, operator.pow, operator.rshift, operator.sub, operator.truediv, operator.xor]))
COMPARE = {"<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge}
UNARY = {"-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_}
LINE = re.compile(r"  (?:v(\d+) = )?([A-Z]+)(?:\.(\S+))? ?(.*)$")


class Unsupported(Exception):
	pass


class Raised(Exception):
	pass


class Undefined:
	"""What a variable holds that no path has set; only phis may touch it."""


class Star(tuple):
	"""An operand that stands for its items."""


def spread(refs):
	return [item for ref in refs for item in (ref if isinstance(ref, Star) else (ref,))]


def variables(code):
	"""Names in the order of CPython's variable numbers."""
	names = list(code.co_varnames)
	return names + [c for c in code.co_cellvars if c not in names] + list(code.co_freevars)


def codes(code):
	found = {code.co_name: code}
	for c in code.co_consts:
		if hasattr(c, "co_code"):
			found.update(codes(c))
	return found


def parse(text):
	"""{function: [(preds, [(value, op, sub, rest)])]}"""
	functions, blocks = {}, None
	for line in text.splitlines():
		if line.startswith("function "):
			blocks = functions[line.split()[1]] = []
		elif line.startswith("block "):
			blocks.append([])
		elif line.strip():
			value, op, sub, rest = LINE.match(line).groups()
			blocks[-1].append((int(value or 0), op, sub, rest))
	return functions


class Program:
	def __init__(self, function, text):
		self.functions = parse(text)
		self.codes = codes(function.__code__)
		self.steps = 0

	def call(self, name, args, free=(), defaults=()):
		code = self.codes[name]
		args = list(args)
		missing = code.co_argcount - len(args)
		if missing:
			args += defaults[-missing:]
		names = variables(code)
		values = {i: a for i, a in enumerate(args)}
		values.update({len(names) - len(free) + i: v for i, v in enumerate(free)})
		return self.run(self.functions[name.replace("<", "_").replace(">", "_")], values)

	def run(self, blocks, args):
		env, block, came_from = {}, 0, None
		while True:
			phis = {}
			for value, op, sub, rest in blocks[block]:
				self.steps += 1
				if self.steps > 200000:
					raise RuntimeError("endless loop in the SSA")
				if op == "PHI":
					phis[value] = env[int(dict(p.split(":v") for p in rest.split())[str(came_from)])]
					continue
				env.update(phis)
				phis = {}
				if op in ("JUMP", "BRANCH", "RETURN", "RAISE", "UNREACHABLE"):
					break
				env[value] = self.compute(op, sub, rest, env, args)
			if op == "RETURN":
				return env[int(rest[1:])]
			if op == "RAISE":
				raise Raised(rest)
			if op == "UNREACHABLE":
				raise AssertionError("came to UNREACHABLE")
			head, targets = rest.split("-> ")
			targets = [int(t) for t in targets.split()]
			came_from = block
			block = targets[0] if op == "JUMP" or env[int(head.strip()[1:])] else targets[1]

	def constant(self, text):
		if text.startswith("module math"):
			return math
		return eval(text, {"builtins": builtins, "nan": math.nan, "inf": math.inf})

	def compute(self, op, sub, rest, env, args):
		refs = [env[int(r[1:])] for r in re.findall(r"(?<!\S)v\d+", rest)] if op != "OBJ" else []
		if any(r is Undefined for r in refs):
			raise UnboundLocalError(rest)
		return getattr(self, "op_" + op)(refs, sub, rest, args)

	def op_OBJ(self, refs, sub, rest, args): return self.constant(rest)
	def op_ARG(self, refs, sub, rest, args): return args[int(rest)]
	def op_UNDEF(self, refs, sub, rest, args): return Undefined
	def op_UNSUPPORTED(self, refs, sub, rest, args): raise Unsupported(rest)
	def op_ASSIGNED(self, refs, sub, rest, args):
		if not refs[0]:
			raise UnboundLocalError(rest)

	def op_PYBIN(self, refs, sub, rest, args): return BINARY[sub](*refs)
	def op_PYUN(self, refs, sub, rest, args): return UNARY[sub](*refs)
	def op_PYCMP(self, refs, sub, rest, args): return COMPARE[sub](*refs)
	def op_IS(self, refs, sub, rest, args): return (refs[0] is refs[1]) != (sub == "1")
	def op_IN(self, refs, sub, rest, args): return (refs[0] in refs[1]) != (sub == "1")
	def op_TRUTH(self, refs, sub, rest, args): return bool(refs[0])
	def op_ATTR(self, refs, sub, rest, args): return getattr(refs[0], re.match(r'"(.*)"', rest).group(1))
	def op_ITEM(self, refs, sub, rest, args): return refs[0][refs[1]]
	def op_MKTUPLE(self, refs, sub, rest, args): return (list if sub == "1" else tuple)(spread(refs))
	def op_STAR(self, refs, sub, rest, args): return Star(refs[0])
	def op_MKSLICE(self, refs, sub, rest, args): return slice(*refs)
	def op_GETITER(self, refs, sub, rest, args): return list(refs[0])
	def op_ITERSTART(self, refs, sub, rest, args): return 0
	def op_ITERHAS(self, refs, sub, rest, args): return refs[1] < len(refs[0])
	def op_ITERGET(self, refs, sub, rest, args): return refs[0][refs[1]]
	def op_ITERNEXT(self, refs, sub, rest, args): return refs[1] + 1

	def op_SETITEM(self, refs, sub, rest, args):
		refs[0][refs[1]] = refs[2]

	def op_UNPACKREST(self, refs, sub, rest, args):
		items = tuple(refs[0])
		before, after = int(sub or 0), int(rest.split()[0])
		assert len(items) >= before + after
		return items[before:len(items) - after]

	def op_UNPACK(self, refs, sub, rest, args):
		items = tuple(refs[0])
		assert len(items) == int(sub)
		return items[int(rest.split()[0])]

	def op_CALL(self, refs, sub, rest, args):
		names = re.match(r"kw=(\S+)", rest)
		names = names.group(1).split(",") if names else []
		positional = spread(refs[1:len(refs) - len(names)])
		return refs[0](*positional, **dict(zip(names, refs[len(refs) - len(names):])))

	def op_CLOSURE(self, refs, sub, rest, args):
		name, ndefaults = rest.split()[1], int(sub or 0)
		free, defaults = refs[:len(refs) - ndefaults], refs[len(refs) - ndefaults:]
		return lambda *a: self.call(name, a, free, defaults)


def run_ssa(function, text, args):
	return Program(function, text).call(function.__name__, args)
