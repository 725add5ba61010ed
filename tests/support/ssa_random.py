"""Random functions over integers, in every shape of control flow that kernels have; always terminate."""

import random

NAMES = ["a", "b", "c", "d", "e"]


class Generator:
	def __init__(self, seed):
		self.r = random.Random(seed)
		self.lines = []
		self.loops = 0
		self.budget = 40

	def emit(self, depth, text):
		self.lines.append("\t" * depth + text)

	def atom(self):
		return self.r.choice(NAMES + ["x[0]", "x[1]", str(self.r.randint(-4, 9)), "None is None", "fuel"])

	def expr(self, depth=2):
		kind = self.r.randint(0, 11) if depth else 0
		e = lambda: self.expr(depth - 1)
		if kind < 3:
			return self.atom()
		if kind < 6:
			return f"({e()} {self.r.choice('+ - * & | ^'.split())} {e()})"
		if kind == 6:
			return f"({self.r.choice(['-', '~', '+', 'not '])}{e()})"
		if kind == 7:
			return f"({e()} {self.r.choice(['and', 'or'])} {e()})"
		if kind == 8:
			return f"({e()} if {self.cond()} else {e()})"
		if kind == 9:
			return f"({self.r.choice(NAMES)} := {e()})"
		if kind == 10:
			return f"max({e()}, {e()})"
		return f"({e()}, {e()})[{self.r.randint(0, 1)}]"

	def cond(self, depth=2):
		kind = self.r.randint(0, 6) if depth else 0
		e = lambda: self.expr(1)
		if kind < 2:
			return f"{e()} {self.r.choice('< <= == != > >='.split())} {e()}"
		if kind == 2:
			return f"{e()} < {e()} <= {e()}"
		if kind == 3:
			return f"({self.cond(depth - 1)} {self.r.choice(['and', 'or'])} {self.cond(depth - 1)})"
		if kind == 4:
			return f"not ({self.cond(depth - 1)})"
		if kind == 5:
			return f"{self.r.choice(NAMES)} {self.r.choice(['in', 'not in'])} (1, 2, {self.atom()})"
		return f"{e()}" if self.r.random() < 0.5 else f"{self.r.choice(NAMES)} {self.r.choice(['is', 'is not'])} None"

	def block(self, depth, in_loop):
		for _ in range(self.r.randint(1, 4)):
			self.statement(depth, in_loop)

	def statement(self, depth, in_loop):
		self.budget -= 1
		kind = self.r.randint(0, 15) if depth < 5 and self.budget > 0 else self.r.randint(0, 4)
		name = self.r.choice(NAMES)
		if kind < 2:
			self.emit(depth, f"{name} = {self.expr()}")
		elif kind == 2:
			self.emit(depth, f"{name} {self.r.choice(['+=', '-=', '^='])} {self.expr()}")
		elif kind == 3:
			self.emit(depth, f"{name}, {self.r.choice(NAMES)} = {self.expr(1)}, {self.expr(1)}")
		elif kind == 4:
			self.emit(depth, f"x[{self.r.randint(0, 1)}] {self.r.choice(['=', '+='])} {self.expr(1)}")
		elif kind < 8:
			self.conditional(depth, in_loop)
		elif kind < 10:
			self.while_loop(depth)
		elif kind < 12:
			self.for_loop(depth)
		elif kind == 12 and in_loop:
			self.emit(depth, f"if {self.cond()}: {self.r.choice(['break', 'continue'])}")
		elif kind == 13:
			self.emit(depth, f"if {self.cond()}: return {self.expr(1)}")
		elif kind == 14:
			self.match(depth, in_loop)
		else:
			if self.r.random() < 0.3:
				self.emit(depth, f"if {self.cond()}: del {name}")
				return
			rare = f"raise ValueError({self.r.randint(0, 3)})" if in_loop and self.r.random() < 0.1 else "pass"
			self.emit(depth, self.r.choice([f"assert {self.cond()}", "pass", self.expr(), rare]))

	def conditional(self, depth, in_loop):
		self.emit(depth, f"if {self.cond()}:")
		self.block(depth + 1, in_loop)
		if self.r.random() < 0.3:
			self.emit(depth, f"elif {self.cond()}:")
			self.block(depth + 1, in_loop)
		if self.r.random() < 0.5:
			self.emit(depth, "else:")
			self.block(depth + 1, in_loop)

	def else_clause(self, depth, in_loop):
		if self.r.random() < 0.3:
			self.emit(depth, "else:")
			self.block(depth + 1, in_loop)

	def while_loop(self, depth):
		test = "True" if self.r.random() < 0.2 else self.cond()
		self.emit(depth, f"while {test}:")
		self.emit(depth + 1, "fuel -= 1")
		self.emit(depth + 1, "if fuel < 0: break")
		self.block(depth + 1, True)
		self.else_clause(depth, False)

	def for_loop(self, depth):
		over = self.r.choice(["range(3)", f"range({self.r.choice(NAMES)} & 3)", "(3, 1, 2)", f"({self.expr(1)}, {self.expr(1)})"])
		target = self.r.choice(NAMES + ["_"])
		if self.r.random() < 0.2:
			target, over = "a, b", "((1, 2), (3, 4))"
		self.emit(depth, f"for {target} in {over}:")
		self.block(depth + 1, True)
		self.else_clause(depth, False)

	def match(self, depth, in_loop):
		self.emit(depth, f"match {self.r.choice(NAMES)}:")
		for pattern in self.r.sample(["case 0:", "case 1 | 2:", "case -3:", "case None:"], 2) + ["case _:"]:
			self.emit(depth + 1, pattern)
			self.block(depth + 2, in_loop)

	def source(self, name="f"):
		self.emit(0, f"def {name}(x, a, b):")
		self.emit(1, "fuel = 20")
		self.emit(1, "c = a")
		self.emit(1, "d = e = 1" if self.r.random() < 0.8 else "if a > 5: d = e = 1")
		for _ in range(self.r.randint(2, 6)):
			self.statement(1, False)
		if self.r.random() < 0.8:
			self.emit(1, f"return {self.expr()}")
		return "\n".join(self.lines) + "\n"


def random_source(seed):
	return Generator(seed).source()
