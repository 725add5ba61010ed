"""Random functions for the host, as text: numbers, tuples, arrays that live and die, calls, loops, conditions, exceptions, variables
that some paths leave without a value. What they mean is the same in Python: integers stay small, floats are compared exactly."""

HEAD = '''
import math
import numpy as np

class Mine(ValueError):
	pass

def helper(a, b=2, *, c=1):
	if a > 40:
		raise ValueError("large", 3)
	return a * b + c

def careful(a, v):
	w = v * 0.5
	try:
		if a < 0:
			raise Mine("negative", a)
		w = w + 7 % a
		return w[:3]
	except ZeroDivisionError:
		w = v - 1.0
		if a == 0:
			return w
	finally:
		v[0] += 0.25
	return v

def twice(v):
	w = v + v
	return w, w[1:]
'''


class Writer:
	def __init__(self, rng, depth=3):
		self.rng, self.lines, self.depth = rng, [], depth
		self.ints, self.floats, self.arrays = ["n", "m"], ["x"], ["v"]
		self.loops = 0

	def int_(self, deep=2):
		r = self.rng
		if deep == 0 or r.random() < 0.4:
			return r.choice([r.choice(self.ints), str(r.randint(-4, 6)), f"{r.choice(self.arrays)}.size", f"len({r.choice(self.arrays)})"])
		a, b = self.int_(deep - 1), self.int_(deep - 1)
		return r.choice([f"({a} + {b})", f"({a} - {b})", f"({a} * {b}) % 97", f"({a} // {b})", f"({a} % {b})", f"abs({a})", f"min({a}, {b})", f"({a} if {self.condition(0)} else {b})",
			f"({a} & 15)", f"near({a})", f"(lambda z: z % 9 - n % 2)({a})", f"int({self.float_(0)}) % 50", f"helper({a}, c={b}) % 31", f"divmod({a}, {b})[1]"])

	def float_(self, deep=2):
		r = self.rng
		if deep == 0 or r.random() < 0.4:
			return r.choice([r.choice(self.floats), str(r.choice([0.5, -1.25, 3.0, 0.0])), f"float({r.choice(self.arrays)}[{self.int_(0)} % 3])", f"float({self.int_(0)})"])
		a, b = self.float_(deep - 1), self.float_(deep - 1)
		return r.choice([f"({a} + {b})", f"({a} - {b})", f"({a} * {b}) * 0.25", f"({a} / {b})", f"max({a}, {b})", f"math.floor({a}) * 0.5", f"math.sqrt(abs({a}))", f"({a} // {b})",
			f"float({self.array(0)}[-1])", f"float({self.array(0)}.max())", f"float(({self.array(0)} * 0.5)[1])"])

	def condition(self, deep=1):
		r = self.rng
		a, b = (self.int_(deep), self.int_(deep)) if r.random() < 0.6 else (self.float_(deep), self.float_(deep))
		text = f"{a} {r.choice(['<', '<=', '==', '!=', '>', '>='])} {b}"
		return r.choice([text, f"not ({text})", f"({text}) and {self.int_(0)} > 1", f"({text}) or {self.int_(0)} < 3"])

	def array(self, deep=2):
		"""All have three items or more."""
		r = self.rng
		if deep == 0 or r.random() < 0.3:
			return r.choice(self.arrays)
		a = self.array(deep - 1)
		return r.choice([f"({a} + {self.float_(0)})", f"({a} * 0.5)", f"{a}.copy()", f"np.zeros({a}.size)", f"np.full(abs({self.int_(0)}) % 4 + 3, {self.float_(0)})", f"({a} - {a}[::-1])",
			f"twice({a})[0]", f"careful({self.int_(0)}, {a})", f"np.where({a} > {self.float_(0)}, {a}, -{a})", f"np.arange(3.0)", f"{a}[:3]", f"np.minimum({a}, 9.0)", f"np.sort({a})", f"{a}[np.argsort({a})]",
			f"np.array([{self.float_(0)}, 1.0, {self.float_(0)}])"])

	def put(self, indent, text):
		self.lines.append("\t" * indent + text)

	def body(self, indent, depth, loop):
		self.put(indent, "pass")
		for _ in range(self.rng.randint(1, 4)):
			self.statement(indent, depth, loop)

	def try_(self, indent, depth, loop):
		r = self.rng
		self.put(indent, "try:")
		self.body(indent + 1, depth - 1, loop)
		classes = r.sample(["ZeroDivisionError", "Mine", "ValueError", "ArithmeticError", "(KeyError, IndexError)", "LookupError", "NameError", "UnboundLocalError", "Exception"], r.randint(0, 3))
		for name in classes:
			self.put(indent, f"except {name}{r.choice(['', ' as e'])}:")
			self.body(indent + 1, depth - 1, loop)
			if r.random() < 0.3:
				self.put(indent + 1, f"if {self.condition()}:")
				self.put(indent + 2, r.choice(["raise", 'raise ValueError("again", n)']))
		if r.random() < 0.15:
			self.put(indent, "except:")
			self.body(indent + 1, depth - 1, loop)
			classes.append("")
		if classes and r.random() < 0.4:
			self.put(indent, "else:")
			self.body(indent + 1, depth - 1, loop)
		if not classes or r.random() < 0.4:
			self.put(indent, "finally:")
			self.body(indent + 1, depth - 1, False)

	def statement(self, indent, depth, loop):
		r = self.rng
		kind = r.choice(["int", "float", "array", "store", "slice", "swap", "if", "for", "while", "raise", "rows", "tuple", "return", "jump", "try", "try", "perhaps"])
		if kind in ("if", "for", "while", "rows", "try") and depth == 0:
			kind = "array"
		if kind == "int":
			self.put(indent, f"{r.choice(['n', 'm', 'k'])} = {self.int_()}")
		elif kind == "float":
			self.put(indent, f"{r.choice(['x', 'y'])} = {self.float_()}")
		elif kind == "array":
			self.put(indent, f"{r.choice(['v', 'w'])} = {self.array()}")
		elif kind == "store":
			self.put(indent, f"w[{self.int_(1)} % 3] {r.choice(['=', '+='])} {self.float_(1)}")
		elif kind == "slice":
			self.put(indent, r.choice(["w[1:] = w[:-1]", f"w[:2] = {self.float_(0)}", f"w[w > {self.float_(0)}] = {self.float_(0)}", "w[:] = w[::-1]", f"w += {self.float_(0)}"]))
		elif kind == "swap":
			self.put(indent, r.choice(["v, w = w.copy(), v", "n, m = m, n", "u = twice(w)[1]"]))
		elif kind == "tuple":
			self.put(indent, f"t = ({self.int_(1)}, {self.array(1)})")
			self.put(indent, "m = t[0]; v = t[1]")
		elif kind == "try":
			self.try_(indent, depth, loop)
		elif kind == "if":
			self.put(indent, f"if {self.condition()}:")
			self.body(indent + 1, depth - 1, loop)
			if r.random() < 0.5:
				self.put(indent, "else:")
				self.body(indent + 1, depth - 1, loop)
		elif kind in ("for", "while"):
			self.loops += 1
			i = f"i{self.loops}"
			if kind == "for":
				self.put(indent, f"for {i} in range({self.int_(0)} % 5):")
			else:
				self.put(indent, f"{i} = 0")
				self.put(indent, f"while {i} < {r.randint(1, 4)}:")
				self.put(indent + 1, f"{i} += 1")
			self.ints.append(i)
			self.body(indent + 1, depth - 1, True)
			if r.random() < 0.7:                       # else it is read behind the loop, too, which may have had no round
				self.ints.remove(i)
		elif kind == "rows":
			self.put(indent, "for row in np.full((2, 3), x):")
			self.put(indent + 1, "x = float(row[0]) * 0.5 + float(row.sum()) * 0.125")
			self.put(indent + 1, "w = row + 1.0")
		elif kind == "raise" and r.random() < 0.3:
			self.put(indent, f"if {self.condition()}:")
			self.put(indent + 1, r.choice(['raise ValueError("bad", 1)', 'raise Mine("x", n)', "raise KeyError(2)", "raise Mine", "raise ZeroDivisionError", 'raise IndexError("here")']))
		elif kind == "perhaps":
			names, value = r.choice([(self.ints, "n - 1"), (self.floats, "x + 0.5"), (self.arrays, "v * 2.0")])
			name = r.choice([*(name for name in names[2:] if name[0] != "i"), f"p{len(names)}{names[0]}"])
			self.put(indent, f"if {r.choice(['n > 2', 'm < 4', 'n % 2 == 0', 'x > 0.0', 'v[0] > 0.0', 'w[1] < 1.0'])}:")
			self.put(indent + 1, f"del {name}" if name in names and r.random() < 0.4 else f"{name} = {value}")
			if name not in names:
				names.append(name)
		elif kind == "return" and r.random() < 0.3:
			self.put(indent, f"if {self.condition()}:")
			self.put(indent + 1, "return n, x, v, w")
		elif kind == "jump" and loop:
			self.put(indent, f"if {self.condition()}:")
			self.put(indent + 1, r.choice(["break", "continue"]))

	def text(self):
		for line in "k = n", "y = x * 0.5", "w = v.copy()", "u = w[:]", "d = n % 5":
			self.put(1, line)
		for line in "def near(z, by=1):", "\tif z > d:", "\t\treturn z - by", "\treturn min(z + d, 50)":
			self.put(1, line)
		self.ints.append("k"), self.floats.append("y"), self.arrays.append("w")
		for _ in range(6):
			self.statement(1, self.depth, False)
		self.put(1, "return n + m, x + y, v, w")
		return HEAD + "\ndef program(n, m, x, v):\n" + "\n".join(self.lines) + "\n"


def program(rng):
	return Writer(rng).text()
