"""Whatever users make too many of, or nest too deep: a right result or an error that says so, never another array and never
the end of the process."""

import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, float32, int32, int64, types

# -- many values --


@cuda.jit
def between(a, t, x):
	x[0] = t[0] + t[-1] + 7


@pytest.mark.parametrize("n", [1000, 65534, 65535, 65536, 70000])
def test_arrays_behind_many_values(n, device):
	a, x = np.zeros(1), np.zeros(1)
	between[1, 1](a, (1,) * (n - 1) + (3,), x)
	assert (a[0], x[0]) == (0, 11)


@cuda.jit
def last_array(arrays, x):
	arrays[999][0] = x[0]


def test_many_arrays(device):
	arrays, x = tuple(np.zeros(1) for _ in range(1000)), np.full(1, 5.0)
	last_array[1, 1](arrays, x)
	assert arrays[999][0] == 5 and not any(array[0] for array in arrays[:999])


@cuda.jit
def sum_all(t, x):
	total = 0
	for value in t:
		total += value
	x[0] = total


@pytest.mark.parametrize("n, fits", [(900, True), (9000, False)])
def test_many_parameters(n, fits, device):
	x = np.zeros(1)
	if fits:
		sum_all[1, 1](tuple(range(n)), x)
		assert x[0] == sum(range(n))
	else:
		with pytest.raises((errors.NumbaValueError, errors.TypingError, RuntimeError)):
			sum_all[1, 1](tuple(range(n)), x)


def test_long_tuples_unify(device):
	@cuda.jit
	def k(a, b, flag, x):
		t = a if flag else b
		x[0] = t[3] / 2
	x = np.zeros(1)
	k[1, 1](tuple(range(500)), tuple(map(float, range(0, 5000, 10))), 0, x)
	assert x[0] == 15


def test_types_of_long_tuples():
	for t in types.UniTuple(int64, 3000), types.Tuple((int64, float32) * 300), types.Tuple(()), types.UniTuple(float32[:, ::1], 80):
		assert pickle.loads(pickle.dumps(t)) is t
	assert types.Type("UniTuple(int64, 3000)") is types.UniTuple(int64, 3000)
	assert types.Type(str(types.UniTuple(int64, 3000))) is types.UniTuple(int64, 3000)
	with pytest.raises(ValueError, match="a number from 0 to 65536"):
		types.Type("UniTuple(int64, 65537)")
	with pytest.raises(ValueError, match="at most 64"):
		types.Type(f"Tuple({', '.join(['int64', 'float32'] * 33)})")


# -- deep nesting --

DEEP = "nested more than 64 deep"


def nest(value, times):
	for _ in range(times):
		value = (value,)
	return value


@cuda.jit
def inner_most(t, x):
	x[0] = 1


def test_deep_tuples(device):
	x = np.zeros(1)
	inner_most[1, 1](nest(1, 64), x)
	assert x[0] == 1
	for times in (65, 66, 200_000):
		deep = nest(1, times)
		for call in (lambda: inner_most[1, 1](deep, x), lambda: gridjit.typeof(deep)):
			with pytest.raises(errors.TypingError, match=DEEP):
				call()
		while deep != 1:                               # freeing it at once is Python's own recursion
			deep = deep[0]


def test_deep_types():
	deep = int32
	for _ in range(64):
		deep = types.Tuple((deep,))
	assert pickle.loads(pickle.dumps(deep)) is deep and types.Type(str(deep)) is deep
	assert gridjit._core.signature(f"void({deep})").args == (deep,)
	for make in (lambda: types.Tuple((deep, int32)), lambda: types.UniTuple(deep, 2)):
		with pytest.raises(errors.TypingError, match=DEEP):
			make()
	with pytest.raises(ValueError, match="nested too deep"):
		types.Type("Tuple((" * 100_000 + "int32" + "))" * 100_000)


def test_deep_constants(device):
	names = {"deep": nest(1, 1000)}
	exec("def k(x): x[0] = 7 if deep else 2", names)
	x = np.zeros(1)
	cuda.jit(names["k"])[1, 1](x)
	assert x[0] == 7
	exec("def k(x): x[0] = deep" + "[0]" * 100, names)
	with pytest.raises(errors.TypingError, match="a Python object of type tuple cannot be indexed"):
		cuda.compile_ptx(names["k"], (int32[:],))


def test_deep_lambdas():
	def source(n):
		return "def k(x):\n\tf = " + "lambda: " * n + "1\n\tx[0] = f" + "()" * n
	for n in (1, 30, 64):
		names = {}
		exec(source(n), names)
		try:
			cuda.compile_ptx(names["k"], (int32[:],))
		except errors.TypingError as error:
			assert n > 30, error
	names = {}
	exec(source(65), names)
	with pytest.raises(errors.UnsupportedError, match="functions inside <lambda> are nested more than 64 deep"):
		cuda.compile_ptx(names["k"], (int32[:],))


def test_deep_lambdas_know_their_attributes(device):
	"""The names that code nested deep uses are looked up like any others."""
	names = {"np": np}
	exec("def k(x):\n\tf = " + "lambda: " * 40 + "np.pi\n\tx[0] = f" + "()" * 40, names)
	x = np.zeros(1)
	cuda.jit(names["k"])[1, 1](x)
	assert x[0] == np.pi


def chain(n, body="f{next}(x)"):
	names = {}
	exec(f"def f{n}(x): return x\n" + "".join(f"def f{i}(x): return {body.format(next=i + 1)}\n" for i in reversed(range(n)))
		+ "def k(x): x[0] = f0(1)\n", names)
	return names["k"]


def test_long_chains_of_calls():
	for n in (100, 3000, 5000):
		with pytest.raises((errors.NumbaError, RecursionError)):
			cuda.compile_ptx(chain(n), (int32[:],))


@pytest.mark.parametrize("body", [f"({'(' * 50}f{{next}},{')' * 50}) and x", f"({'lambda: ' * 50} f{{next}}) and x"])
def test_long_chains_of_functions_that_are_not_called(body, device):
	"""Each function holds the next, deep inside a tuple or inside other functions."""
	x = np.zeros(1)
	cuda.jit(chain(300, body))[1, 1](x)
	assert x[0] == 1


CODE = """
import sys, threading
sys.setrecursionlimit(10 ** 9 if sys.version_info < (3, 12) else 10 ** 6)
from gridjit import cuda, int32

def f(a):
	a[0] = 1

inner = f.__code__
for _ in range(200_000):
	inner = inner.replace(co_consts=(None, inner))
f.__code__ = f.__code__.replace(co_consts=(None, 1, inner))
try:
	cuda.compile_ptx(f, (int32[:],))
except Exception as error:
	assert "nested more than 64 deep" in str(error), error
	print("OK", flush=True)
import os
os._exit(0)                    # freeing the constants is Python's own recursion
"""


def test_deep_code():
	done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
	assert done.stdout == "OK\n" and done.returncode == 0, done.stderr


def test_chains_on_a_thread():
	"""Threads have smaller stacks than the program."""
	raised = []

	def run():
		with pytest.raises((errors.NumbaError, RecursionError)) as e:
			cuda.compile_ptx(chain(3000), (int32[:],))
		raised.append(e)
	old = threading.stack_size(4 << 20)
	try:
		thread = threading.Thread(target=run)
		thread.start()
		thread.join()
	finally:
		threading.stack_size(old)
	assert raised


def test_huge_blocks():
	@cuda.jit
	def k(x):
		x[0] = 1
	k[1, 1](np.zeros(1))
	kernel = next(iter(k.overloads.values()))
	assert kernel.max_cooperative_grid_blocks((32, 2)) > 0
	for block in (1 << 40, 1 << 40), (1 << 62, 1 << 62, 8), (1 << 70,), 1 << 80, -1, (0,), (1, -1):
		with pytest.raises((errors.NumbaError, ValueError, OverflowError)):
			kernel.max_cooperative_grid_blocks(block)
