"""Random kernels for blocks of any shape: barriers of all kinds in uniform loops and conditions, shared and local
arrays of several types, views of them, stores that conditions overwrite, early returns.

Values are small integers and multiples of 1/8, which every type holds exactly. Between two barriers nobody reads or
writes what another thread writes, so the order of threads does not matter."""

import re

CELLS = 4
TYPES = ["bool_", "int8", "int16", "int32", "int64", "float32", "float64"]
SHAPES = [(16, 16), (8, 8), (8, 4, 2), (24, 3), (40, 3), (33,), (100,), (64,), (32, 2), (4, 8), (16, 1, 2), (8, 3),
	(16, 5), (1,), (3, 5, 2), (48, 2), (64, 2), (8, 1, 5), (3, 32), (4, 16), (5, 8, 3), (2, 64)]
ORDERS = ["cuda.threadIdx.x + nx * (cuda.threadIdx.y + cuda.blockDim.y * cuda.threadIdx.z)",      # along x, or along y
	"cuda.threadIdx.y + cuda.blockDim.y * (cuda.threadIdx.x + nx * cuda.threadIdx.z)"]
HELPERS = '''
def q(x):
	return math.floor((x % 64.0) * 8.0) * 0.125

def pick(x, y):
	return x - y if x > y else y + 1

def turn(s, t, nt, v):
	s[t] = v
	cuda.syncthreads()
	r = int(s[nt - 1 - t])
	cuda.syncthreads()
	return r

def overwrite(o, k, v, w):
	o[k] = v
	if w > v:
		o[k] = w
'''
HEAD = '''
def kernel(a, b, oi, of, ob, ox, n):
	s = cuda.shared.array(256, np.{0})
	h = cuda.shared.array(8, np.int32)
	d = cuda.shared.array((256, 2), np.{1})
	m = cuda.local.array(4, np.{2})
	l = cuda.local.array((2, 2), np.{3})
	bx = cuda.blockIdx.x
	nx = cuda.blockDim.x
	nt = nx * cuda.blockDim.y * cuda.blockDim.z
	t = {9}
	tx = cuda.threadIdx.x
	i = bx * nt + t
	vi = oi[i * 4:i * 4 + 4]
	vf = of[i * 4 + 1:]
	row = d[t]
	x = a[i]
	y = t & 15
	z = {4}
	f = b[i]
	p = (x, f)
	c = 1
	for k in range(4):
		m[k] = {7}
		l[k >> 1, k & 1] = {8}
	s[t] = {5}
	row[0] = {6}
	row[1] = {6}
	for k in range(8):
		h[k] = 0
	cuda.syncthreads()
'''


class Exchange:
	"""Draws one kernel and a shape of blocks. `text` is the source; `simulated` the same with `yield from` where a device
	function has barriers."""

	def __init__(self, random, length=6):
		self.random, self.counters, self.lines = random, 0, []
		self.ints, self.loops = ["x", "y", "z"], 0
		self.types = dict(zip("sdml", (random.choice(TYPES) for _ in range(4))))
		self.types |= {"oi": "int64", "vi": "int64", "of": "float64", "vf": "float64", "ob": "bool_",
			"ox": random.choice(TYPES), "row": self.types["d"]}
		self.shape = random.choice(SHAPES)
		self.uniform(1, 3, length)
		for number, value in enumerate(("x", "y + c", "z + int(p[0])", "int(s[t]) + int(row[1])")):
			self.put(1, f"oi[i * 4 + {number}] += {value}")
		self.put(1, "of[i * 4] += f + float(int(m[x & 3])) + float(int(l[y & 1, z & 1])) + p[1]")
		types = [self.types[name] for name in "sdml"]
		fill = [self.value(x, dtype) for x, dtype in zip(("t & 31", "t & 31", "k & 3", "k & 3"), types)]
		head = HEAD.format(*types, random.randint(-3, 9), *fill, random.choice(ORDERS))
		text = f"{HELPERS}{head}" + "\n".join(self.lines) + "\n"
		self.text = re.sub(r"@(\w+\([^@]*\))@", r"\1", text)
		self.simulated = re.sub(r"@(\w+\([^@]*\))@", r"(yield from \1)", text)

	def put(self, depth, line):
		self.lines.append("\t" * depth + line)

	def choose(self, *things):
		return self.random.choice(things)

	def chance(self, p):
		return self.random.random() < p

	def new_name(self, stem):
		self.counters += 1
		return f"{stem}{self.counters}"

	# Expressions

	def value(self, x, dtype):
		"""Expression x as something that the type holds."""
		if dtype == "bool_":
			return f"({x}) % 3 > 0"
		return f"q(float({x}))" if dtype.startswith("float") else f"({x}) % {100 if dtype == 'int8' else 1021}"

	def place(self):
		"""(array, index) of this thread's own memory."""
		k = self.choose("0", "1", "2", "3", f"{self.choose(*self.ints)} & 3")
		name = self.choose("oi", "vi", "of", "vf", "ob", "ox", "m", "l", "s", "row", "d", "m", "oi", "vi")
		if name in ("oi", "of", "ob", "ox"):
			return name, f"i * 4 + ({k})" if self.chance(0.8) else f"4 * i + ({k})"
		if name == "vf":
			return name, self.choose("0", "1", "2", f"({k}) % 3")
		if name == "l":
			return name, f"({k}) >> 1, ({k}) & 1"
		return name, {"s": "t", "row": f"({k}) & 1", "d": f"t, ({k}) & 1"}.get(name, k)

	def read(self):
		name, k = self.place()
		return name, f"{name}[{k}]"

	def number(self):
		"""What is read, as int() and float() take it: the types' own rule for bool is int() only."""
		name, place = self.read()
		return f"int({place})" if self.types[name] == "bool_" else place

	def integer(self, depth=2):
		if depth == 0 or self.chance(0.3):
			name, place = self.read()
			return self.choose(*self.ints, "t", "tx", "c", str(self.random.randint(-9, 99)), "a[i]", f"int({place})")
		a, b = self.integer(depth - 1), self.integer(depth - 1)
		return self.choose(f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} // (({b} & 7) + 1))", f"({a} ^ {b})",
			f"({a} % (({b} & 15) + 1))", f"min({a}, {b})", f"({a} if {self.condition()} else {b})", f"pick({a}, {b})",
			f"int({self.real(1)})")

	def real(self, depth=2):
		if depth == 0 or self.chance(0.3):
			return self.choose("f", "b[i]", "p[1]", str(self.random.randint(-64, 64) / 8), f"float({self.number()})")
		a, b = self.real(depth - 1), self.real(depth - 1)
		return self.choose(f"({a} + {b})", f"({a} - {b})", f"({a} * 0.5)", f"max({a}, {b})", f"q({a})",
			f"({a} if {self.condition()} else {b})")

	def condition(self):
		a, b = self.integer(0), self.integer(0)
		compare = self.choose("<", "<=", "==", "!=", ">", ">=")
		return self.choose(f"{a} {compare} {b}", f"{a} & 1", f"t {compare} {self.random.randint(0, 70)}", f"i < n",
			f"tx {compare} {self.random.randint(0, 20)}", f"f {compare} {self.random.randint(0, 40) / 8}",
			f"{a} {compare} {b} and {b} & {self.choose('1', '2', '3')}")

	def same_for_all(self):
		"""A condition that has one value in a block."""
		return self.choose("bx == 0", "c & 1", "c > 5", "n > 60", f"(c + bx) % 3 == {self.random.randint(0, 2)}", "nt > 50",
			"bx + c > 2 and n & 1")

	# What threads do alone

	def store(self, depth, at=None):
		name, k = at or self.place()
		self.put(depth, f"{name}[{k}] = {self.value(self.integer(1), self.types[name])}")

	def assign(self, depth, nesting):
		name = self.choose(*self.ints, "f", "p")
		if name == "f":
			self.put(depth, f"f = q({self.real()})")
		elif name == "p":
			self.put(depth, self.choose("p = (y, f)", "p = (p[0], 0.5)", f"p = (z, f) if {self.condition()} else p"))
		else:
			self.put(depth, f"{name} = {self.integer()} % 1021")

	def overwrite(self, depth, nesting):
		"""Stores to one place, of which conditions decide."""
		at = self.place()
		if self.types[at[0]] == "int64" and at[0] not in "dl" and self.chance(0.2):
			self.put(depth, f"overwrite({at[0]}, {at[1]}, {self.integer(1)}, {self.integer(1)})")
			return
		self.store(depth, at)
		for _ in range(self.random.randint(1, 3)):
			if self.chance(0.3):
				self.between(depth)
			self.put(depth, f"if {self.condition()}:")
			if self.chance(0.3):
				self.between(depth + 1)
			self.store(depth + 1, at)
			if self.chance(0.3):
				self.between(depth + 1)
			if self.chance(0.2):
				self.put(depth + 1, f"if {self.condition()}:")
				self.store(depth + 2, at)
			if self.chance(0.2):
				self.put(depth, "else:")
				self.store(depth + 1, at if self.chance(0.5) else None)

	def between(self, depth):
		kind = self.random.randint(0, 4)
		if kind == 0:
			self.put(depth, f"{self.choose(*self.ints)} = {self.integer(1)} & 255")
		elif kind == 1:
			self.put(depth, f"cuda.atomic.add(oi, i * 4 + {self.random.randint(0, 3)}, {self.random.randint(1, 9)})")
		elif kind == 2:
			self.put(depth, "cuda.threadfence_block()")
		else:
			self.store(depth)

	def branch(self, depth, nesting):
		self.put(depth, f"if {self.condition()}:")
		self.alone(depth + 1, nesting - 1, 3)
		if self.chance(0.5):
			self.put(depth, "else:")
			self.alone(depth + 1, nesting - 1, 2)

	def loop(self, depth, nesting):
		name = self.new_name("k")
		self.put(depth, f"for {name} in range({self.choose('3', f'{self.integer(0)} & 3', 't & 1')}):")
		outside, self.ints = self.ints, [*self.ints, name]
		self.loops += 1
		self.alone(depth + 1, nesting - 1, 3)
		self.loops -= 1
		self.ints = outside

	def leave(self, depth, nesting):
		self.put(depth, f"if {self.condition()}:")
		self.put(depth + 1, self.choose("break", "continue"))

	def early_return(self, depth, nesting):
		self.put(depth, f"if {self.choose(self.condition(), f't >= {self.random.randint(0, 99)}', 'i >= n')}:")
		if self.chance(0.3):
			self.store(depth + 1)
		self.put(depth + 1, "return")

	def alone(self, depth, nesting, length):
		for _ in range(self.random.randint(1, length)):
			kinds = [self.assign, self.overwrite, self.overwrite] + [lambda depth, nesting: self.store(depth)]
			if nesting > 0:
				kinds += [self.branch, self.loop]
			if self.loops:
				kinds += [self.leave]
			if self.chance(0.05):
				kinds += [self.early_return]
			self.choose(*kinds)(depth, nesting)

	# What the block does together

	def uniform(self, depth, nesting, length):
		"""Every thread that has not returned comes here."""
		for _ in range(self.random.randint(2, length)):
			kinds = [self.count, self.swap, self.swap, self.swap_rows, self.trade, self.histogram]
			if nesting > 0:
				kinds += [self.uniform_if, self.uniform_for, self.uniform_while] * 2
			if self.chance(0.6):
				outside, self.loops = self.loops, 0
				self.alone(depth, 2, 3)
				self.loops = outside
			if self.chance(0.1):
				self.early_return(depth, nesting)
			self.choose(*kinds)(depth, nesting)

	def count(self, depth, nesting):
		name = self.choose("x", "y", "z", "c")
		kind = self.choose("count", "and", "or")
		self.put(depth, f"{name} = cuda.syncthreads_{kind}(1 if {self.condition()} else 0)")

	def swap(self, depth, nesting):
		name = self.choose(*"xyz")
		if self.chance(0.25):
			value = self.value(self.integer(1), self.types["s"])
			self.put(depth, f"{name} = @turn(s, t, nt, {value})@")
			return
		if self.chance(0.5):
			self.overwrite_at(depth, ("s", "t"))
		else:
			self.store(depth, ("s", "t"))
		self.put(depth, "cuda.syncthreads()")
		other = self.choose("(t + 1) % nt", "(t + 33) % nt", "t * 7 % nt", "nt - 1 - t", "0", "min(tx, nt - 1)")
		self.put(depth, f"{name} = ({name} + int(s[{other}])) & 1023")
		self.put(depth, "cuda.syncthreads()")

	def overwrite_at(self, depth, at):
		self.store(depth, at)
		self.put(depth, f"if {self.condition()}:")
		self.store(depth + 1, at)

	def swap_rows(self, depth, nesting):
		value = self.value(self.integer(1), self.types["d"])
		self.put(depth, f"{self.choose('row[1]', 'd[t, 1]')} = {value}")
		self.put(depth, "cuda.syncthreads()")
		self.put(depth, f"far = d[{self.choose('(t + nx) % nt', 't ^ 1 if t ^ 1 < nt else t', 'nt - 1 - t')}]")
		self.put(depth, "f = q(f + float(int(far[1])))")
		self.put(depth, "cuda.syncthreads()")

	def trade(self, depth, nesting):
		"""In global memory, which threads write for each other and know from before."""
		name, k = self.choose("x", "y", "z"), self.random.randint(0, 3)
		self.put(depth, f"oi[i * 4 + {k}] = {self.integer(1)} % 1021")
		self.put(depth, "cuda.syncthreads()")
		self.put(depth, f"if {self.choose('x & 1', 'y > z', 'i < n', f't < {self.random.randint(0, 70)}')}:")
		self.put(depth + 1, f"oi[(bx * nt + nt - 1 - t) * 4 + {k}] = {self.value(self.choose(*self.ints), 'int64')}")
		self.put(depth, "cuda.syncthreads()")
		self.put(depth, f"{name} = oi[i * 4 + {k}] & 1023")

	def histogram(self, depth, nesting):
		where = self.choose(f"{self.integer(1)} & 7", "0", "bx & 7")
		self.put(depth, f"cuda.atomic.add(h, {where}, {self.choose('1', '2', f'{self.integer(0)} & 15')})")
		self.put(depth, "cuda.syncthreads()")
		self.put(depth, f"{self.choose('x', 'y', 'z', 'c')} = int(h[{self.random.randint(0, 7)}]) & 1023")
		self.put(depth, "cuda.syncthreads()")

	def uniform_if(self, depth, nesting):
		self.put(depth, f"if {self.same_for_all()}:")
		self.uniform(depth + 1, nesting - 1, 3)
		if self.chance(0.5):
			self.put(depth, "else:")
			self.uniform(depth + 1, nesting - 1, 3)

	def uniform_for(self, depth, nesting):
		name = self.new_name("r")
		self.put(depth, f"for {name} in range({self.choose('2', '3', 'bx + 1', '(c & 1) + 1')}):")
		outside, self.ints = self.ints, [*self.ints, name]
		self.uniform(depth + 1, nesting - 1, 3)
		self.ints = outside
		if self.chance(0.3):
			self.put(depth + 1, f"if {self.same_for_all()}:")
			self.put(depth + 2, self.choose("break", "continue"))

	def uniform_while(self, depth, nesting):
		name = self.new_name("w")
		self.put(depth, f"{name} = {self.choose('4', '8', '3')}")
		self.put(depth, f"while {name} > 1:")
		self.put(depth + 1, f"{name} //= 2")
		self.uniform(depth + 1, nesting - 1, 2)
