"""Named tuples: arguments, globals, made in kernels, returned, in variables and in other tuples; their types."""
import collections
import pickle
import shutil
import subprocess
import sys
import typing

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, float32, float64, int32, int64, types

Pair = collections.namedtuple("Pair", "x y")
Other = collections.namedtuple("Other", "x y")
WithDefaults = collections.namedtuple("WithDefaults", "a b c", defaults=(2, 3.5))
Nested = collections.namedtuple("Nested", "first rest data")


class Typed(typing.NamedTuple):
	n: int
	scale: float = 0.5

	LIMIT = 7


class Renamed(Pair):
	@property
	def x(self):
		raise AssertionError("user code runs")


class Made(Pair):
	def __new__(cls, x):
		return super().__new__(cls, x, x)


GLOBAL = Pair(3, Pair(1.5, 2))


def test_from_outside(device):
	"""Beside constants that only Python and NumPy know."""
	pair = Pair(3, 4.5)

	@cuda.jit
	def kernel(p, o):
		o[0] = np.finfo(np.float32).max
		o[1] = np.iinfo(np.int16).min
		o[2] = float("inf")
		o[3] = sys.float_info.max
		o[4] = p.x + p.y
		o[5] = pair.x
		q = Pair(7, 8)
		o[6] = q.y
		i = cuda.threadIdx.x
		if i > 100:
			raise ValueError(f"{i if i > 2 else p.x:>3} is {'too' if i else 'very'} large")

	out = np.zeros(7)
	kernel[1, 1](Pair(1, 2.5), out)
	assert out.tolist() == [np.finfo(np.float32).max, -32768, np.inf, sys.float_info.max, 3.5, 3, 8]


def test_arguments(device):
	def total(p):
		return p.x + p.y

	@cuda.jit
	def kernel(p, nested, out):
		i = cuda.grid(1)
		out[i, 0] = total(p) + p[1] + len(p)
		out[i, 1] = nested.first.y * nested.rest[1].scale + nested.data[i]
		x, y = nested.first
		out[i, 2] = x - y
		p = nested.first
		out[i, 3] = p.x

	data, out = np.arange(64.0), np.zeros((64, 4))
	nested = Nested(Pair(5, np.float32(2)), (1, Typed(3)), data)
	kernel[2, 32](Pair(1, 2.5), nested, out)
	i = np.arange(64)
	assert np.array_equal(out, np.stack([0 * i + 8.0, 1.0 + i, 0 * i + 3, 0 * i + 5], 1))
	assert [t.name for t in kernel.signatures[0]][0] == "Pair(x: int64, y: float64)"


def test_arrays_inside(device):
	@cuda.jit
	def kernel(p):
		i = cuda.grid(1)
		p.y[i] = 2 * p.x[i]

	pair = Pair(np.arange(32.0), np.zeros(32))
	kernel[1, 32](pair)
	assert np.array_equal(pair.y, 2 * pair.x)


def test_made(device):
	def swap(p):
		return Pair(y=p.x, x=p.y)

	def step(p, k):
		if k > 1:
			return Pair(p.x + 1, p.y)
		return Pair(p.x, p.y * 2.0)

	@cuda.jit
	def kernel(out, k):
		i = cuda.grid(1)
		d = WithDefaults(i)
		out[i, 0], out[i, 1], out[i, 2] = d
		e = WithDefaults(c=i, a=1)
		out[i, 3] = e.a + e.b * e.c
		p = swap(Pair(i, 2.5))
		out[i, 4], out[i, 5] = p.x, p.y
		items = 1, 2 * i
		q = Pair(*items)
		out[i, 6] = q.y
		for j in range(3):
			q = step(q, i % 3)
		out[i, 7] = q.x + q.y
		t = Typed(i)
		out[i, 8] = t.n * t.scale + Typed.LIMIT + GLOBAL.y.x
		outer = (Pair(i, Pair(k, 1)), 3)
		out[i, 9] = outer[0].y.x

	n = 64
	out = np.zeros((n, 10))
	kernel[2, 32](out, 9)
	for i in range(n):
		q = Pair(1, 2 * i)
		for _ in range(3):
			q = step(q, i % 3)
		assert out[i].tolist() == [i, 2, 3.5, 1 + 2 * i, 2.5, i, 2 * i, q.x + q.y, i * 0.5 + 7 + 1.5, 9]


def test_paths_meet(device):
	@cuda.jit
	def kernel(p, other, out):
		i = cuda.grid(1)
		q = p if i % 2 else Pair(i, 0)
		out[i] = q.x + q.y
		plain = p if i % 2 else other
		out[i] += plain[0]

	out = np.zeros(32)
	kernel[1, 32](Pair(1, 2.5), Other(10, 1), out)
	assert out.tolist() == [4.5 if i % 2 else i + 10 for i in range(32)]

	def named_or_not(p, q, c, out):
		out[0] = (p if c else q).x

	with pytest.raises(errors.TypingError, match="Tuple.int64, float64. has no attribute 'x'"):
		cuda.compile_ptx(named_or_not, (types.NamedTuple((int64, float64), Pair), types.Tuple((int64, float64)), int64, float64[:]))


def test_recursion_and_comparison(device):
	@cuda.jit(device=True)
	def fib(n, p):
		if n == 0:
			return p
		return fib(n - 1, Pair(p.y, p.x + p.y))

	@cuda.jit
	def kernel(out):
		i = cuda.grid(1)
		out[i] = fib(i, Pair(0, 1)).x
		if Pair(i, 1) == (3, 1) and Pair(1, i) < Other(1, 4):
			out[i] = -1

	out = np.zeros(10, np.int64)
	kernel[1, 10](out)
	assert out.tolist() == [0, 1, 1, -1, 3, 5, 8, 13, 21, 34]


@pytest.mark.parametrize("body, message", (
	("p.z", "Pair.x: int64, y: float64. has no attribute 'z'"), ("Pair(1).x", "Pair.. misses .*'y'|'y'"), ("Pair(1, 2, 3).x", "Pair"),
	("Pair(1, z=2).x", "z"), ("Pair(1, 2, y=2).x", "y"), ("Renamed(1, 2).x", "Renamed"), ("Made(1).x", "Made"), ("Pair.x", "attribute 'x'")))
def test_errors(body, message):
	names = dict(globals())
	exec(f"def kernel(p, x):\n x[0] = {body}\n", names)
	with pytest.raises(errors.TypingError, match=message):
		cuda.compile_ptx(names["kernel"], (types.NamedTuple((int64, float64), Pair), float64[:]))


def test_shadowed_names(device):
	"""A class that reads an attribute in a way of its own is a plain tuple."""
	assert gridjit.typeof(Renamed(1, 2)) is types.UniTuple(int64, 2)


def test_types():
	t = gridjit.typeof(Pair(1, 2.0))
	assert t is types.NamedTuple([int64, float64], Pair) and isinstance(t, types.NamedTuple) and isinstance(t, types.BaseTuple)
	assert t.fields == ("x", "y") and t.types == (int64, float64) and t.count == 2 and t[1] is float64
	u = gridjit.typeof(Pair(1, 2))
	assert u is types.NamedUniTuple(int64, 2, Pair) and isinstance(u, types.NamedUniTuple) and u.dtype is int64
	assert u is not gridjit.typeof(Other(1, 2)) and u is not types.UniTuple(int64, 2)
	assert pickle.loads(pickle.dumps(t)) is t and pickle.loads(pickle.dumps(u)) is u
	assert gridjit.typeof(collections.namedtuple("Empty", "")()).name == "Empty()"
	for bad in (lambda: types.NamedTuple([int64], Pair), lambda: types.NamedTuple([int64], int), lambda: types.NamedUniTuple(int64, 3, Pair)):
		with pytest.raises(TypeError, match="no class of named tuples"):
			bad()


def test_signatures(device):
	kernel = cuda.jit([(types.NamedTuple([int64, float64], Pair), float64[:])])(store_sum)
	out = np.zeros(1)
	kernel[1, 1](Pair(1, 2), out)
	assert out[0] == 3
	for other in (1, 2.0), Other(1, 2.0):
		with pytest.raises(TypeError, match="(?i)no .*(definition|signature)"):
			kernel[1, 1](other, out)


def store_sum(p, out):
	out[0] = p.x + p.y


def test_the_cache_knows_names(device):
	"""Same values, other names: another kernel."""
	A, B = collections.namedtuple("N", "x y"), collections.namedtuple("N", "y x")
	def first(p, out):
		out[0] = p.x

	kernel = cuda.jit(first)
	out = np.zeros(1)
	for value, want in ((A(1, 2), 1), (B(1, 2), 2), (A(3, 4), 3)):
		kernel[1, 1](value, out)
		assert out[0] == want
	for made in A, B:
		def make(out):
			out[0] = made(1, 2).x
		cuda.jit(make)[1, 1](out)
		assert out[0] == made(1, 2).x


def ptxas(ptx, tmp_path):
	tool = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")
	if not tool:
		pytest.skip("no ptxas")
	(tmp_path / "f.ptx").write_text(ptx)
	done = subprocess.run([tool, "-arch=sm_80", "-c", "f.ptx", "-o", "f.o"], cwd=tmp_path, capture_output=True, text=True)
	assert done.returncode == 0, done.stderr


def test_ptx(tmp_path):
	def f(p, i):
		return Pair(p.y[i], p.x)

	array = types.NamedTuple([float32, float32[:]], Pair)
	ptx, result = cuda.compile(f, (array, int32), device=True, abi="c", cc=(8, 0))
	ptxas(ptx, tmp_path)
	assert result is types.NamedUniTuple(float32, 2, Pair)
	ptxas(cuda.compile_ptx(store_sum, (types.NamedTuple([int64, float64], Pair), float64[:]), cc=(8, 0))[0], tmp_path)


def test_print(device, capsys):
	@cuda.jit
	def kernel(p):
		print(p, Pair(1, (2.5, None)))

	kernel[1, 1](Pair(1, Pair(2, 0.5)))
	cuda.synchronize()
	assert capsys.readouterr().out == f"{Pair(1, Pair(2, 0.5))} {Pair(1, (2.5, None))}\n"
