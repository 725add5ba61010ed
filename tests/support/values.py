"""Random kernels as in programs.py, on more kinds of values: complex numbers, tuples of several kinds, values that may be None, and
records, each thread its own. Parts of complex numbers are multiples of 1/8 below 64, so that all results are exact."""

import numpy as np

from programs import CELLS, HELPERS, Program

RECORD = np.dtype([("k", "i8"), ("x", "f8"), ("c", "c16"), ("v", "f8", 2), ("p", [("u", "i4"), ("w", "f4")])], align=True)
MORE_HELPERS = '''
def cq(z):
	return complex(q(z.real), q(z.imag))

def maybe(x):
	if x % 3 == 0:
		return None
	return x & 63

def both(x, z):
	return z * x, x + 1
'''


class Record:
	"""A record for the interpreter: what a variable holds is the record itself, as in a kernel."""

	def __init__(self, item):
		self.k, self.x, self.c, self.v = item["k"].item(), item["x"].item(), item["c"].item(), item["v"].tolist()
		self.p = Inner(item["p"])

	def same_as(self, item):
		return (self.k, self.x, self.c, self.v, self.p.u, self.p.w) == (item["k"], item["x"], item["c"], item["v"].tolist(),
			item["p"]["u"], item["p"]["w"])


class Inner:
	def __init__(self, item):
		self.u, self.w = item["u"].item(), item["w"].item()


class Values(Program):
	"""Draws kernel(a, b, oi, of, c, oc, rec, n)."""

	def __init__(self, random):
		self.random, self.barriers = random, False
		self.lines, self.counters, self.loops = [], 0, []
		self.ints, self.floats, self.complexes = ["x", "y", "z"], ["f", "g"], ["w", "v"]
		self.put(0, "def kernel(a, b, oi, of, c, oc, rec, n):")
		for line in ("i = cuda.grid(1)", "if i >= n:", "\treturn", "x = a[i]", "y = i & 15", f"z = {random.randint(-3, 9)}",
			"f = b[i]", "g = 0.5", "p = (x, y)", "w = c[i]", "v = 0.5 - 2j", "h = (x, f, w)", "m = x if x > 50 else None", "r = rec[i]"):
			self.put(1, line)
		self.block(1, 3, 6)
		for number, value in enumerate(("x", "y", "z + p[0] + h[0]", "p[1]")):
			self.put(1, f"oi[i * {CELLS} + {number}] += {value}")
		for line in (f"of[i * {CELLS}] += f + h[1]", f"of[i * {CELLS} + 1] -= g", f"oc[i * {CELLS}] += w", f"oc[i * {CELLS} + 1] = v - h[2]",
			"if m is not None:", f"\toi[i * {CELLS}] += 1000 * m"):
			self.put(1, line)
		self.text = HELPERS + MORE_HELPERS + "\n" + "\n".join(self.lines) + "\n"

	def integer(self, depth=2):
		if self.random.random() < 0.15:
			return self.choose("h[0]", "r.k", "r.p.u", "len(h)", "int(w.real)")
		return super().integer(depth)

	def real(self, depth=2):
		if self.random.random() < 0.2:
			return self.choose("h[1]", "r.x", "r.v[1]", f"r.v[{self.choose(*self.ints)} & 1]", "w.real", "v.imag", "h[2].real", "r.c.imag",
				"q(r.p.w)", *[f"({self.complex(depth - 1)}).imag"] if depth else [])
		return super().real(depth)

	def complex(self, depth=2):
		if depth == 0 or self.random.random() < 0.25:
			return self.choose(*self.complexes, "c[i]", "h[2]", "r.c", f"oc[i * {CELLS} + ({self.choose(*self.ints)} & {CELLS - 1})]",
				f"({self.random.randint(-9, 9) / 2}{self.choose('+', '-')}{self.random.randint(0, 9)}j)", f"complex({self.real(0)}, {self.real(0)})")
		a, b = self.complex(depth - 1), self.complex(depth - 1)
		return self.choose(f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} * {self.real(0)})", f"({self.integer(0)} + {a})", f"(-{a})",
			f"{a}.conjugate()", f"({a} if {self.condition(1)} else {b})", f"both(2, {a})[0]", f"cq({a})")

	def condition(self, depth=2):
		if self.random.random() < 0.2:
			return self.choose(f"{self.complex(depth - 1)} {self.choose('==', '!=')} {self.complex(depth - 1)}", f"m is {self.choose('', 'not ')}None",
				"(m is not None and m > 20)", f"(m is None or m < {self.random.randint(0, 99)})", f"maybe({self.integer(depth - 1)}) is None")
		return super().condition(depth)

	def statement(self, depth, nesting):
		if self.random.random() < 0.5:
			return super().statement(depth, nesting)
		kinds = [self.assign_complex, self.record, self.mixed, self.optional, self.store_complex]
		self.choose(*kinds, *[self.branch_on_none] * bool(nesting))(depth, nesting)

	def assign_complex(self, depth, nesting):
		name = self.choose(*self.complexes)
		self.put(depth, self.choose(f"{name} = cq({self.complex()})", f"{name} = cq({name} {self.choose('+', '-', '*')} {self.complex(1)})"))

	def store_complex(self, depth, nesting):
		self.put(depth, f"oc[i * {CELLS} + ({self.integer(1)} & {CELLS - 1})] = cq({self.complex()})")

	def record(self, depth, nesting):
		self.put(depth, self.choose(f"r.k = {self.integer()} % 509", f"r.x = q({self.real()})", f"r.c = cq({self.complex()})",
			f"r.v[{self.integer(1)} & 1] = q({self.real()})", f"r.p.u = {self.integer()} % 101", f"r.p.w = q({self.real()})",
			f"rec[i].k += {self.integer(1)} & 7", "r.x, r.v[0] = r.v[1], r.x", "r = rec[i]"))

	def mixed(self, depth, nesting):
		self.put(depth, self.choose("h = (x, f, w)", "x, f, w = h", f"h = (y, g, v) if {self.condition(1)} else h",
			f"h = ({self.integer(1)} % 97, q({self.real(1)}), cq({self.complex(1)}))", "h = (h[0], h[1] * 0.5, h[2].conjugate())",
			f"w, x = both({self.random.randint(1, 3)}, cq({self.complex(1)}))"))

	def optional(self, depth, nesting):
		self.put(depth, self.choose("m = None", f"m = {self.integer()} % 97", f"m = {self.integer()} % 97 if {self.condition(1)} else None",
			f"m = maybe({self.integer()})"))

	def branch_on_none(self, depth, nesting):
		name = self.choose("x", "y", "z")
		self.put(depth, "if m is not None:")
		self.put(depth + 1, f"{name} = (m {self.choose('+', '-', '*')} {self.integer(1)}) % 1021")
		if self.random.random() < 0.5:
			self.put(depth, "else:")
			self.put(depth + 1, f"{name} = {self.integer(1)} % 97")
