"""Random programs whose indices run below zero now and then: what the compiler takes to be non-negative must be."""

import itertools
import linecache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

counter = itertools.count()
options = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
SIZE = 9


class Program:
	"""Variables a to d change in loops and branches; every read of x is in bounds, often by a guard of another shape."""

	def __init__(self, random):
		self.random, self.lines, self.loops = random, [], 0
		self.block(2, random.randint(3, 6), False)
		self.text = "def kernel(x, y, n):\n\ti = cuda.grid(1)\n\ta, b, c, d = i % 5, n - 3, -1, n\n\ts = 0\n" + \
			"".join(self.lines) + "\tif i < y.shape[0]:\n\t\ty[i] = s + 1000 * a + 100 * b + 10 * c + d\n"

	def emit(self, depth, line):
		self.lines.append("\t" * (depth - 1) + line + "\n")

	def variable(self):
		return self.random.choice("abcd")

	def value(self):
		pick = self.random.choice
		return pick([self.variable(), self.variable(), str(self.random.randint(-3, 6)), "i", "n",
			f"{self.variable()} {pick(['+', '-'])} {self.random.randint(1, 3)}", f"{self.variable()} {pick('+-*')} {self.variable()}",
			f"min({self.variable()}, {self.random.randint(0, 5)})", f"max({self.variable()}, {self.random.randint(-2, 3)})",
			f"{self.variable()} // 2", f"{self.variable()} % 4", f"-{self.variable()}", f"({self.variable()} << 1)",
			f"({self.variable()} if {self.condition()} else {self.variable()})"])

	def condition(self):
		pick = self.random.choice
		simple = f"{self.variable()} {pick(['<', '<=', '>', '>=', '==', '!='])} {pick([self.variable(), str(self.random.randint(-2, 3))])}"
		return simple if self.random.random() < 0.7 else f"{pick(['not ', ''])}({simple}) {pick(['and', 'or'])} {self.variable()} >= 0"

	def read(self, depth):
		index = self.value()
		guard = self.random.choice([f"-{SIZE} <= {index} < {SIZE}", f"0 <= {index} and {index} < {SIZE}",
			f"not ({index} >= {SIZE} or {index} < -{SIZE})", f"{index} < {SIZE} and {index} >= -2", f"{index} > -1 and {index} <= 8"])
		self.emit(depth, f"if {guard}:")
		self.emit(depth + 1, f"s = (s * 3 + x[{index}]) % 9973")
		if self.random.random() < 0.4:
			self.emit(depth, "else:")
			self.emit(depth + 1, f"s += x[{self.random.choice(['0', '-1', 'i % 7 - 7', 'a % 9', '-1 - b % 9'])}]")

	def loop(self, depth):
		random, k = self.random, self.loops
		self.loops += 1
		if random.random() < 0.5:
			self.emit(depth, f"for k{k} in range({self.value()} % 6 - 2, {self.value()} % 8 - 3, {random.choice([1, 1, -1, 2])}):")
			self.emit(depth + 1, f"if -{SIZE} <= k{k} < {SIZE}:" if random.random() < 0.5 else f"if k{k} >= -{SIZE}:")
			self.emit(depth + 2, f"s = (s * 5 + x[k{k}]) % 9973")
		else:
			self.emit(depth, f"k{k} = {random.randint(1, 7)}")
			self.emit(depth, f"while k{k} > {random.randint(-3, 0)}:")
			self.emit(depth + 1, f"k{k} -= {random.randint(1, 2)}")
			self.emit(depth + 1, f"s = (s * 7 + x[k{k}]) % 9973")
		self.block(depth + 1, random.randint(1, 3), True)

	def block(self, depth, count, looping):
		for _ in range(count):
			kind = self.random.random()
			if kind < 0.35:
				self.read(depth)
			elif kind < 0.65 or depth > 4:
				value = self.value()
				self.emit(depth, f"{self.variable()} = ({value}) % 19 - 8" if "*" in value or "<<" in value or self.random.random() < 0.3
					else f"{self.variable()} = {value}")
			elif kind < 0.8:
				self.emit(depth, f"if {self.condition()}:")
				self.block(depth + 1, self.random.randint(1, 2), looping)
				if looping and self.random.random() < 0.3:
					self.emit(depth + 1, self.random.choice(["break", "continue"]))
			else:
				self.loop(depth)


def interpreted(text, threads, x, n):
	at, y = SimpleNamespace(i=0), [0] * threads
	scope = {"cuda": SimpleNamespace(grid=lambda ndim: at.i)}
	exec(compile(text, "<random indices>", "exec"), scope)
	y = np.zeros(threads, np.int64)
	for at.i in range(threads):
		scope["kernel"](x, y, n)
	return y


@options
@given(random=st.randoms(use_true_random=False))
def test_indices_below_zero(devices, random):
	from gridjit import cuda
	text, threads, n = Program(random).text, 37, random.randint(2, 7)
	x = np.arange(SIZE) * 7 + 1
	want = interpreted(text, threads, x.tolist(), n)
	name = f"<random indices {next(counter)}>"
	linecache.cache[name] = len(text), None, text.splitlines(True), name
	scope = {"cuda": cuda}
	exec(compile(text, name, "exec"), scope)
	for device in devices():
		got = np.zeros(threads, np.int64)
		cuda.jit(scope["kernel"])[1, 40](x, got, n)
		np.testing.assert_array_equal(got, want, err_msg=f"{device}\n{text}")


@pytest.mark.parametrize("condition", ["i == c[i]", "c[i] == i", "i >= c[i] and c[i] >= i", "not (i < c[i] or i > c[i])"])
def test_conditions_that_say_nothing_of_the_sign(devices, condition):
	"""Two values that are as large as each other are not positive for that."""
	from gridjit import cuda
	name = f"<equal indices {next(counter)}>"
	text = f"def kernel(x, c, y):\n\tfor i in range(x.shape[0]):\n\t\tif {condition}:\n\t\t\ty[i] = x[i - 1]\n"
	linecache.cache[name] = len(text), None, text.splitlines(True), name
	scope = {"cuda": cuda}
	exec(compile(text, name, "exec"), scope)
	x, c, want = np.arange(10) + 5, np.array([0, 1, 5, 3, 0, 5, 6, 2, 8, 8]), np.zeros(10, np.int64)
	scope["kernel"](x, c, want)
	for device in devices():
		got = np.zeros(10, np.int64)
		cuda.jit(scope["kernel"])[1, 1](x, c, got)
		np.testing.assert_array_equal(got, want, err_msg=f"{device} {condition}")
