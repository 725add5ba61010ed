"""Random kernels as Python source: nested if, for, while, break, continue, else, early return, tuples, conditional
expressions, device functions, integer and float locals, loads and stores.

Every program ends (loops are short), keeps its integers small and its floats multiples of 1/8 below 64, so that
Python's numbers and the kernel's agree to the last bit whatever is fused. A thread touches its own CELLS elements of
the output arrays only. With barriers, shared memory is exchanged at places that every thread of a block reaches. With `unbound`, names
are read behind the branches and loops that may have set them: where they have not, that is an UnboundLocalError."""

CELLS = 4
HELPERS = '''
def q(x):
	return math.floor((x % 64.0) * 8.0) * 0.125

def pick(x, y):
	if x > y:
		return x - y
	return y + 1

def steps(n, limit):
	total = 0
	while n != 1:
		total += 1
		if total >= limit:
			break
		if n % 2 == 0:
			n = n // 2
		else:
			n = (3 * n + 1) & 4095
	return total
'''


class Program:
	"""Draws one kernel from a random.Random; `text` is the whole source."""

	unbound, maybe = False, ()                 # names that may have no value

	def __init__(self, random, barriers=False, unbound=False):
		self.random, self.barriers, self.unbound = random, barriers, unbound
		self.lines, self.counters, self.loops = [], 0, []
		self.ints = ["x", "y", "z"]
		self.floats = ["f", "g"]
		self.maybe = []
		self.put(0, "def kernel(a, b, oi, of, n):")
		if barriers:
			self.put(1, "s = cuda.shared.array(64, np.int64)")
			self.put(1, "t = cuda.threadIdx.x")
			self.put(1, "nt = cuda.blockDim.x")
		self.put(1, "i = cuda.grid(1)")
		if not barriers:
			self.put(1, "if i >= n:")
			self.put(2, "return")
		for line in ("x = a[i]", "y = i & 15", f"z = {random.randint(-3, 9)}", "f = b[i]", "g = 0.5", "p = (x, y)"):
			self.put(1, line)
		self.block(1, 3, 5)
		for number, value in enumerate(("x", "y", "z + p[0]", "p[1]")):
			self.put(1, f"oi[i * {CELLS} + {number}] += {value}")
		self.put(1, f"of[i * {CELLS}] += f")
		self.put(1, f"of[i * {CELLS} + 1] -= g")
		self.text = HELPERS + "\n" + "\n".join(self.lines) + "\n"

	def put(self, depth, line):
		self.lines.append("\t" * depth + line)

	def choose(self, *things):
		return self.random.choice(things)

	def integer(self, depth=2):
		if self.maybe and self.random.random() < 0.1:
			return self.choose(*self.maybe)
		if depth == 0 or self.random.random() < 0.25:
			return self.choose(*self.ints, "i", "p[0]", "p[1]", f"oi[i * {CELLS} + ({self.choose(*self.ints)} & {CELLS - 1})]",
				str(self.random.randint(-9, 99)), "a[i]")
		a, b = self.integer(depth - 1), self.integer(depth - 1)
		return self.choose(f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} // (({b} & 7) + 1))",
			f"({a} % (({b} & 15) + 1))", f"({a} ^ {b})", f"({a} & {b})", f"({a} | {b})", f"({a} >> ({b} & 3))",
			f"(({a} & 255) << ({b} & 3))", f"min({a}, {b})", f"max({a}, {b})", f"abs({a})", f"(-{a})", f"(~{a})",
			f"({a} if {self.condition(1)} else {b})", f"pick({a}, {b})", f"steps(({a} & 63) + 1, 6)",
			f"int({self.real(1)})", f"({a} and {b})", f"({a} or {b})")

	def real(self, depth=2):
		if depth == 0 or self.random.random() < 0.3:
			return self.choose(*self.floats, "b[i]", f"of[i * {CELLS} + ({self.choose(*self.ints)} & {CELLS - 1})]",
				str(self.random.randint(-64, 64) / 8), f"float({self.choose(*self.ints)} & 63)")
		a, b = self.real(depth - 1), self.real(depth - 1)
		return self.choose(f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} * 0.5)", f"min({a}, {b})", f"max({a}, {b})",
			f"abs({a})", f"(-{a})", f"({a} if {self.condition(1)} else {b})", f"q({a})")

	def condition(self, depth=2):
		compare = self.choose("<", "<=", "==", "!=", ">", ">=")
		a, b = self.integer(depth - 1), self.integer(depth - 1)
		if depth <= 1:
			return self.choose(f"{a} {compare} {b}", f"{self.real(0)} {compare} {self.real(0)}", f"{a} & 1")
		return self.choose(f"{a} {compare} {b}", f"not ({self.condition(1)})", f"({self.condition(1)}) and ({self.condition(1)})",
			f"({self.condition(1)}) or ({self.condition(1)})", f"0 <= {a} < {b}", f"{a} in (1, 2, {self.random.randint(3, 9)})",
			f"{self.real(1)} {compare} {self.real(1)}")

	def block(self, depth, nesting, length):
		for _ in range(self.random.randint(1, length)):
			self.statement(depth, nesting)

	def statement(self, depth, nesting):
		kinds = [self.assign] * 4 + [self.store, self.tuple]
		if nesting:
			kinds += [self.branch] * 3 + [self.for_loop, self.while_loop] * 2
		if self.loops:
			kinds += [self.leave]
		if self.barriers and depth == 1:
			kinds += [self.exchange] * 4
		elif not self.barriers and self.random.random() < 0.15:
			kinds += [self.early_return]
		self.choose(*kinds)(depth, nesting)

	def assign(self, depth, nesting):
		if self.random.random() < 0.6:
			name = self.choose(*self.ints)
			if self.random.random() < 0.3:
				self.put(depth, f"{name} {self.choose('+', '-', '^', '|')}= {self.integer()}")
				self.put(depth, f"{name} &= 1023")
			else:
				self.put(depth, f"{name} = {self.integer()} % 1021")
		else:
			self.put(depth, f"{self.choose(*self.floats)} = q({self.real()})")

	def store(self, depth, nesting):
		cell = f"[i * {CELLS} + ({self.integer(1)} & {CELLS - 1})]"
		self.put(depth, self.choose(f"oi{cell} = {self.integer()} % 509", f"of{cell} = q({self.real()})"))

	def tuple(self, depth, nesting):
		a, b = self.random.sample(self.ints, 2)
		self.put(depth, self.choose(f"{a}, {b} = {b}, {a}", f"p = ({a}, {b})", f"{a}, {b} = p", "p = (p[1], p[0])",
			f"p = ({a}, {self.integer(1)} & 255) if {self.condition(1)} else p"))

	def branch(self, depth, nesting):
		self.put(depth, f"if {self.condition()}:")
		self.bind(depth + 1)
		self.block(depth + 1, nesting - 1, 3)
		if self.random.random() < 0.25:
			self.put(depth, f"elif {self.condition()}:")
			self.block(depth + 1, nesting - 1, 2)
		if self.random.random() < 0.5:
			self.put(depth, "else:")
			self.block(depth + 1, nesting - 1, 2)

	def bind(self, depth):
		"""A name that only this way sets, or takes away."""
		if not self.unbound:
			return
		if self.maybe and self.random.random() < 0.3:
			name = self.choose(*self.maybe)
			self.put(depth, self.choose(f"{name} = {self.integer(1)} % 61", f"{name} = 5\n" + "\t" * depth + f"del {name}"))
			return
		name = self.new_name("m")
		self.put(depth, f"{name} = {self.integer(1)} % 251")
		self.maybe = [*self.maybe, name]

	def new_name(self, stem):
		self.counters += 1
		return f"{stem}{self.counters}"

	def for_loop(self, depth, nesting):
		name = self.new_name("k")
		bounds = self.choose(f"{self.integer(1)} & 3", f"{self.random.randint(0, 4)}", f"1, ({self.integer(1)} & 3) + 2",
			f"{self.random.randint(2, 6)}, 0, -2")
		self.put(depth, f"for {name} in range({bounds}):")
		self.body(depth, nesting, [name])

	def while_loop(self, depth, nesting):
		fuel = self.new_name("w")
		self.put(depth, f"{fuel} = {self.integer(1)} & 3")
		self.put(depth, f"while {fuel} > 0{self.choose('', f' and {self.condition(1)}')}:")
		self.put(depth + 1, f"{fuel} -= 1")
		self.body(depth, nesting)

	def body(self, depth, nesting, names=()):
		"""The loop's body, in which `names` are set, and sometimes an else, in which they may not be."""
		outside = self.ints
		self.ints = [*outside, *names]
		self.loops.append(True)
		self.block(depth + 1, nesting - 1, 3)
		self.loops.pop()
		self.ints = outside
		self.maybe = [*self.maybe, *names] if self.unbound else self.maybe
		if self.random.random() < 0.3:
			self.put(depth, "else:")
			self.put(depth + 1, f"z = {self.integer()} % 97")

	def leave(self, depth, nesting):
		self.put(depth, f"if {self.condition()}:")
		self.put(depth + 1, self.choose("break", "continue"))

	def early_return(self, depth, nesting):
		self.put(depth, f"if {self.condition()}:")
		self.put(depth + 1, f"oi[i * {CELLS}] = {self.integer(1)} % 331")
		self.put(depth + 1, "return")

	def exchange(self, depth, nesting):
		"""Each thread writes its cell of shared memory and reads another's; or the block counts a predicate."""
		name, other = self.random.sample(["x", "y", "z"], 2)
		kind = self.random.randint(0, 3)
		if kind == 0:
			self.put(depth, f"{name} = cuda.syncthreads_{self.choose('count', 'and', 'or')}(1 if {self.condition(1)} else 0)")
			return
		if kind == 1:
			loop = self.new_name("r")
			self.put(depth, f"for {loop} in range({self.random.randint(1, 3)}):")
			depth += 1
		self.put(depth, f"s[t] = {self.integer(1)} % 1021")
		self.put(depth, "cuda.syncthreads()")
		self.put(depth, f"{name} = ({other} + s[({self.choose('t + 1', 't + 33', 't * 7', 'nt - 1 - t')}) % nt]) & 1023")
		self.put(depth, "cuda.syncthreads()")
