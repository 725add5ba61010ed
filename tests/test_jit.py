"""@jit: functions for the host, called as Python calls them."""

import gc
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import namedtuple
from enum import Enum

import numpy as np
import pytest

import gridjit
from gridjit import config, cuda, errors, float64, int32, int64, jit, njit, vectorize
from jit_functions import raises, tells

Point = namedtuple("Point", "x y")


class Color(Enum):
	RED = 1
	GREEN = 2


@njit
def identity(x):
	return x


@pytest.mark.parametrize("value", [3, -2**63, 2**63, True, 2.5, float("inf"), 1 - 2j, None, (), (1, 2.5), ((1, (True,)), None), Point(1, 2.5),
	(Point(1j, 2), Color.RED), Color.GREEN], ids=repr)
def test_values_come_back(value):
	back = identity(value)
	assert back == value and type(back) is type(value)
	assert repr(back) == repr(value)


@pytest.mark.parametrize("value", [np.int8(-3), np.uint16(65535), np.uint32(2**32 - 1), np.uint64(2**64 - 1), np.float32(0.1), np.float64(-0.0), np.bool_(True),
	np.complex64(1 + 2j)], ids=lambda v: v.dtype.name)
def test_numpy_scalars_come_back_as_pythons(value):
	back = identity(value)
	assert back == value and type(back) is type(value.item())


def test_arrays_come_back_as_themselves():
	a = np.arange(12.0).reshape(3, 4).copy()
	views = njit(lambda a: (a, a[1:], a[:, ::2], a.T, a[0]))(a)
	assert views[0] is a
	for got, want in zip(views[1:], (a[1:], a[:, ::2], a.T, a[0])):
		assert np.array_equal(got, want) and got.base is a and got.strides == want.strides
		got[...] = 7
	assert (a[1:] == 7).all()
	frozen = np.arange(3)
	frozen.flags.writeable = False
	assert identity(frozen) is frozen
	assert not identity((frozen[1:],))[0].flags.writeable


def test_global_arrays_are_copies():
	table = np.arange(4)
	f = njit(lambda i: (table[i], table))
	first, whole = f(2)
	assert first == 2 and np.array_equal(whole, table)
	del f
	assert np.array_equal(whole, table)


def test_arguments_bind_as_pythons():
	@njit
	def f(a, b=10, *, c=100):
		return a + 2 * b + 3 * c
	for args, kw in [((1,), {}), ((1, 2), {}), ((1,), {"c": 5}), ((), {"b": 1, "a": 2}), ((1, 2.5), {"c": 3})]:
		assert f(*args, **kw) == f.py_func(*args, **kw)
	for args, kw in [((), {}), ((1, 2, 3), {}), ((1,), {"d": 1}), ((1,), {"a": 1})]:
		with pytest.raises(TypeError):
			f(*args, **kw)
	assert njit(lambda *rest: len(rest))(1, 2.0, None) == 3


def test_compiled_for_each_type_once():
	f = njit(lambda a, b: a + b)
	for _ in range(3):
		assert (f(1, 2), f(1.5, 2), f(True, 1j)) == (3, 3.5, 1 + 1j)
	assert f.signatures == [(int64, int64), (float64, int64), (gridjit.boolean, gridjit.complex128)]
	assert str(f.nopython_signatures[1]) == "(float64, int64) -> float64"
	x = np.ones(4, np.float32)
	for a in (x, x[::2], np.asfortranarray(np.ones((2, 2), np.float32)), np.ones(4, np.int16)):
		assert np.array_equal(identity(a), a)
	for a in (x, x[::2], np.ones(4, np.int16)):
		assert identity(a) is a


def test_unaligned_and_swapped_arrays():
	raw = np.zeros(33, np.uint8)
	odd = raw[1:].view(np.float64)
	@njit
	def add_one(a):
		for i in range(a.shape[0]):
			a[i] += 1
		return a.sum()
	assert add_one(odd) == 4 and (odd == 1).all()
	assert add_one(np.zeros(4)) == 4 and add_one(odd) == 8
	with pytest.raises(errors.NumbaValueError):
		add_one(np.zeros(4, ">f8"))


# -- Exceptions --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6])
def test_exceptions_are_pythons(kind):
	with pytest.raises(Exception) as want:
		raises.py_func(kind)
	with pytest.raises(Exception) as got:
		raises(kind)
	assert type(got.value) is type(want.value) and got.value.args == want.value.args
	ours, pythons = (traceback.extract_tb(e.value.__traceback__)[-1] for e in (got, want))
	assert (ours.filename, ours.lineno, ours.name, ours.line) == (pythons.filename, pythons.lineno, pythons.name, pythons.line)
	assert raises(9) == 9


@pytest.mark.parametrize("kind", range(5))
def test_exceptions_tell_values(kind):
	for n, x in (7, 2.5), (-3, -0.125):
		with pytest.raises(Exception) as want:
			tells.py_func(kind, n, x)
		with pytest.raises(Exception) as got:
			tells(kind, n, x)
		assert type(got.value) is type(want.value) and repr(got.value) == repr(want.value)
	assert tells(9, 1, 1.0) == 9


def test_exceptions_of_callees():
	class Local(Exception):
		pass

	@njit
	def inner(n):
		if n == 0:
			raise Local("zero")
		return inner(n - 1) + 1 if n > 1 else n

	@njit
	def outer(n):
		return inner(n) + raises(n)
	assert outer(9) == inner(9) + 9
	with pytest.raises(Local, match="zero"):
		inner(0)
	with pytest.raises(ValueError, match="wrong"):
		outer(2)


@pytest.mark.parametrize("text", ["a / b", "a // b", "a % b", "divmod(a, b)[0]"])
@pytest.mark.parametrize("zero", [0, 0.0, np.uint8(0)], ids=["int", "float", "uint8"])
def test_error_models(text, zero):
	function = eval(f"lambda a, b: {text}")
	with pytest.raises(ZeroDivisionError):
		njit(function)(3, zero)
	quiet = njit(error_model="numpy")(function)(3, zero)
	assert quiet == 0 or not np.isfinite(quiet)
	assert njit(function)(7, 2) == function(7, 2)


def test_complex_division_by_zero():
	with pytest.raises(ZeroDivisionError):
		njit(lambda a, b: a / b)(1j, 0j)


def test_bounds():
	a = np.arange(6.0).reshape(2, 3)
	f = njit(boundscheck=True)(lambda a, i, j: a[i, j])
	assert f(a, 1, -1) == 5
	for index in (2, 0), (-3, 0), (0, 3), (0, -4):
		with pytest.raises(IndexError, match="is out of bounds for axis"):
			f(a, *index)
	with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 6 of array 'x'"):
		@njit(boundscheck=True)
		def write(x):
			x[9] = 1
		write(a.ravel())


def test_recursion_without_end():
	@njit
	def down(n):
		return 1 if n == 0 else down(n - 1) + 1
	assert down(1000) == 1001
	with pytest.raises(RecursionError):
		down(-1)
	assert down(3) == 4


# -- Calls -------------------------------------------------------------------------------------------------------------------

@njit
def even(n):
	return True if n == 0 else odd(n - 1)


@njit
def odd(n):
	return False if n == 0 else even(n - 1)


def test_functions_call_each_other():
	@njit
	def pair(a, b=1):
		return b, a

	@vectorize
	def twice(x):
		return x * 2

	@cuda.jit(device=True)
	def increment(x):
		return x + 1

	@njit
	def all_of_them(n):
		x, y = pair(n, b=2.5)
		i = 0
		while x < 10:
			x += 1
			i += 1
		else:
			i += 100
		return twice(x) + increment(y) + pair(3)[0], i, even(n), odd(n)
	pair_, twice_, increment_ = pair.py_func, twice.py_func, increment.py_func
	assert all_of_them(7) == (10.5 * 2 + 8 + 1, 108, False, True)
	assert pair_(1) == pair(1) and twice_(2) == 4 and increment_(1) == 2


def test_called_in_kernels_and_ufuncs(device):
	@njit
	def square(x):
		return x * x

	@cuda.jit
	def kernel(out):
		out[0] = square(out[0])
	out = np.full(1, 3.0)
	kernel[1, 1](out)
	assert out[0] == 9
	assert vectorize(lambda x: square(x) + 1)(np.arange(3.0)).tolist() == [1, 2, 5]


def test_kernels_things_are_refused():
	with pytest.raises(errors.TypingError, match="a function for the host is no kernel"):
		njit(lambda: cuda.grid(1))()
	with pytest.raises(TypeError, match="has no blocks and threads"):
		identity[1, 1]


def test_printing(capfd):
	@njit
	def show(n):
		for i in range(n):
			print("line", i, i / 2)
		if n == 3:
			raise ValueError
	show(2)
	with pytest.raises(ValueError):
		show(3)
	assert capfd.readouterr().out == "line 0 0.0\nline 1 0.5\nline 0 0.0\nline 1 0.5\nline 2 1.0\n"


# -- Signatures --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("signature", ["float64(int32, float64)", "f8(i4, f8)", float64(int32, float64), (int32, float64), "(i4, f8)", "i4, f8",
	["f8(i4, f8)"]], ids=str)
def test_signatures(signature):
	f = njit(signature)(lambda a, b: a * b)
	assert f.signatures == [(int32, float64)]
	assert f(3, 2) == 6.0 and type(f(3, 2)) is float
	assert f(np.int8(3), np.float32(0.5)) == 1.5
	assert f.signatures == [(int32, float64)]
	for wrong in ("x", 2.0), (np.ones(2), 1.0), (1,):
		with pytest.raises((TypeError, errors.TypingError)):
			f(*wrong)
	with pytest.raises(RuntimeError, match="compilation disabled"):
		f.compile("f8(f8, f8)")


def test_signatures_with_tuples_and_arrays():
	@jit('Tuple((f8[:], i4[:]))(f8[:], i4[:])')
	def both(a, b):
		a[0] = b[0]
		return a, b
	a, b = np.zeros(3), np.arange(1, 4, dtype=np.int32)
	assert both(a, b)[0] is a and a[0] == 1
	assert both(a[::2], b)[0].strides == (16,)
	with pytest.raises(TypeError):
		both(b, a)
	assert njit("f4(f8)")(lambda x: x)(0.1) == float(np.float32(0.1))
	assert njit("i8(f8)")(lambda x: x)(2.9) == 2
	for signature, low, high in ("i4(i4)", -2**31, 2**31 - 1), ("u1(u1)", 0, 255), ("u8(u8)", 0, 2**64 - 1), ("i8(i8)", -2**63, 2**63 - 1):
		f = njit(signature)(lambda n: n)
		assert f(low) == low and f(high) == high
		for n in low - 1, high + 1:
			with pytest.raises((OverflowError, errors.TypingError)):
				f(n)
	several = njit(["i8(i8)", "f8(f8)"])(lambda x: x + 1)
	assert (several(1), several(1.5)) == (2, 2.5) and type(several(1)) is int


def test_decorator_mistakes():
	with pytest.raises(TypeError):
		jit(int64)
	with pytest.raises(TypeError):
		jit([])
	with pytest.raises(TypeError, match="takes a Python function"):
		jit(len)
	with pytest.raises(TypeError, match="compiled already"):
		jit(identity)
	with pytest.raises(KeyError, match="Unrecognized options"):
		jit(fast=True)
	with pytest.raises(KeyError):
		njit(error_model="c")
	with pytest.raises(ValueError):
		njit(fastmath={"quick"})
	with pytest.raises(ValueError):
		njit(inline="sometimes")
	with pytest.raises(NotImplementedError):
		jit(forceobj=True)
	with pytest.raises(errors.DeprecationError):
		jit(argtypes=())
	with pytest.warns(errors.NumbaDeprecationWarning):
		jit(nopython=False)(lambda: 1)
	with pytest.warns(RuntimeWarning):
		njit(nopython=True)(lambda: 1)


@pytest.mark.parametrize("options", [{"nogil": True}, {"cache": True}, {"fastmath": True}, {"fastmath": {"contract"}}, {"inline": "always"}, {"debug": True},
	{"error_model": "numpy"}, {"boundscheck": True}, {"nopython": True}, {"forceinline": True}, {"parallel": False}], ids=str)
def test_options(options):
	@jit(**options)
	def f(x):
		total = 0.0
		for v in x:
			total += v / 2
		return total
	assert f(np.arange(5.0)) == 5 and f.targetoptions.items() >= options.items()


def test_types_of_variables():
	@njit(locals={"s": gridjit.float32, "k": "int8"})
	def f(x):
		s = 0.0
		for v in x:
			s += v
		k = x.shape[0]
		return s, k
	x = np.full(300, 0.1)
	want = np.float32(0)
	for v in x:
		want = np.float32(np.float64(want) + v)
	assert f(x) == (want, 300 - 256)
	again = njit(lambda n: f(x)[1] + n)
	assert again(1) == 45
	assert njit(locals={"m": float64[:]})(lambda n: n)(3) == 3                 # of other types nothing is made


def prints_arrays(a, z, n):
	print("start", a, n, z[0], sep="|")
	print(a[::2, 1:], "x", a.T, end="!\n")
	b = a + 1
	print(b, b > 2, a.astype(np.int32), z, 1j * n, (n, 2.5))
	a[0, 0] = 7
	print(b[:0], a[0], a[0, 0], np.zeros(1500))
	return b


def test_print_of_arrays(capsys):
	arguments = np.arange(6.0).reshape(2, 3), np.array([1 + 2j, 3 - 1j]), 3
	njit(prints_arrays)(arguments[0].copy(), *arguments[1:])
	got = capsys.readouterr().out
	prints_arrays(*arguments)
	assert got == capsys.readouterr().out
	for dtype in "i1 u2 i8 u8 f2 f4 f8 ? c8 c16".split():
		x = (np.arange(4) / 3 * 7).astype(dtype)
		njit(lambda x: print(x, x[1]))(x)
		assert capsys.readouterr().out == f"{x} {x[1]!s}\n"


def test_print_of_arrays_in_rounds(capsys):
	@njit(parallel=True)
	def f(a):
		for i in gridjit.prange(40):
			print(i, a[i], sep=":")
	f(np.arange(80).reshape(40, 2))
	assert sorted(capsys.readouterr().out.splitlines()) == sorted(f"{i}:{np.array([2 * i, 2 * i + 1])}" for i in range(40))


def test_types_of_parameters_as_variables():
	@njit(locals={"n": gridjit.uint16, "t": gridjit.float32})
	def f(n, t=0.1):
		n += 1
		return n, t
	assert f(65535 + 65536) == (0, np.float32(0.1)) and f(4, t=2) == (5, 2)
	assert f(-1) == (0, np.float32(0.1)) and njit(lambda x: f(x)[0])(70000) == 70001 - 65536
	with pytest.raises(gridjit.TypingError, match="cannot convert"):
		f(np.zeros(2))


def test_fastmath_makes_vectors():
	def total(x):
		s = 0.0
		for i in range(x.shape[0]):
			s += x[i]
		return s
	exact, fast = njit(total), njit(fastmath=True)(total)
	x = np.full(100_000, 0.1)
	assert exact(x) == total(x) and np.isclose(fast(x), 10_000)
	assert "x double>" in fast.inspect_llvm((float64[::1],)) and "fadd fast" in fast.inspect_llvm()[fast.signatures[0]]
	assert "fadd double" in exact.inspect_llvm()[exact.signatures[0]]


# -- The dispatcher ----------------------------------------------------------------------------------------------------------

def test_dispatcher():
	@njit
	def documented(x):
		"""What it does."""
		return x
	assert (documented.__name__, documented.__doc__) == ("documented", "What it does.") and documented.__wrapped__ is documented.py_func
	documented(1)
	assert list(documented.overloads) == documented.signatures == [(int64,)]
	assert documented.get_overload("(int64,)").signature.return_type == int64
	with pytest.raises(KeyError):
		documented.inspect_asm("(f8,)")
	assert "documented" in documented.inspect_asm((int64,))
	text = io.StringIO()
	documented.inspect_types(text)
	assert "documented" in text.getvalue()
	documented.disable_compile()
	assert documented(True) == 1
	with pytest.raises(errors.TypingError):
		documented({})
	documented.disable_compile(False)
	assert documented(2.5) == 2.5 and len(documented.signatures) == 2
	assert sum(documented.stats[1:]) >= 2 and documented.stats.cache_hits >= 0


def test_wrong_counts():
	for call, words in (lambda: with_default(), "takes 1 to 3 arguments (a, b, c), but 0 were given"), \
			(lambda: with_default(1, 2, 3, 4), "takes 1 to 3 arguments (a, b, c), but 4 were given"), (lambda: with_rest(), "takes at least 1 arguments"):
		with pytest.raises(TypeError, match=re.escape(words)):
			call()


with_default, with_rest = njit(lambda a, b=2, c=3: a), njit(lambda a, b=2, *c: a)

FACTOR = 2


def test_recompile_reads_globals(monkeypatch):
	f = njit(lambda x: x * FACTOR)
	assert f(3) == 6
	monkeypatch.setitem(globals(), "FACTOR", 5)
	assert f(3) == 6
	f.recompile()
	assert f(3) == 15 and f.signatures == [(int64,)]


def test_pickling_and_methods():
	assert pickle.loads(pickle.dumps(identity)) is identity
	pytest.importorskip("cloudpickle")
	f = njit(lambda x: x + 1)
	assert pickle.loads(pickle.dumps(f)) is f
	data = pickle.dumps(f)
	del f
	gc.collect()
	again = pickle.loads(data)
	assert again(2) == 3 and pickle.loads(data) is again is pickle.loads(pickle.dumps(again))

	class Holder(namedtuple("Holder", "a")):
		get = njit(lambda self, b: self.a + b)
	assert Holder(2).get(3) == 5


def test_disabled(monkeypatch):
	monkeypatch.setattr(config, "DISABLE_JIT", True)
	def f(x):
		return x
	assert jit(f) is f and njit("f8(f8)")(f) is f


def test_threads_share_a_function():
	f = njit(nogil=True)(lambda n: sum_to(n))
	results, threads = [], []
	for _ in range(4):
		threads.append(threading.Thread(target=lambda: results.extend(f(k) for k in range(200))))
		threads[-1].start()
	for t in threads:
		t.join()
	assert sorted(results) == sorted([k * (k - 1) // 2 for k in range(200)] * 4)


@njit
def sum_to(n):
	s = 0
	for i in range(n):
		s += i
	return s


PROGRAM = """
import sys
from gridjit import njit
@njit
def forever(n):
	while n >= 0:
		n = (n * 5 + 3) % 1000003
	return n
@njit
def deep(n):
	return n if n < 2 else deep(n - 1) + deep(n - 2)
print("ready", flush=True)
try:
	forever(1) if sys.argv[1] == "loop" else deep(90)
except KeyboardInterrupt:
	print("stopped")
"""


@pytest.mark.parametrize("kind", ["loop", "recursion"])
def test_interrupt(kind):
	with subprocess.Popen([sys.executable, "-c", PROGRAM, kind], stdout=subprocess.PIPE, text=True) as p:
		assert p.stdout.readline() == "ready\n"
		time.sleep(1)
		p.send_signal(signal.SIGINT)
		try:
			assert p.communicate(timeout=20)[0] == "stopped\n"
		finally:
			p.kill()


def test_after_fork():
	pid = os.fork()
	if pid == 0:
		os._exit(0 if identity(5) == 5 and sum_to(10) == 45 else 1)
	assert os.waitpid(pid, 0)[1] == 0


def test_register_jitable():
	from gridjit.extending import is_jitted, register_jitable

	@register_jitable
	def twice(x):
		return 2 * x

	@register_jitable(inline="always")
	def more(x):
		return twice(x) + 1

	call = njit(lambda x: more(x))
	assert call(4) == 9 and is_jitted(call) and not is_jitted(twice) and gridjit.TypingError is errors.TypingError


@pytest.mark.parametrize("value, words", [([1, 2], "list for a compiled function"), ({}, "dict for a compiled function")])
def test_what_has_no_type_is_told_of_functions(value, words):
	with pytest.raises(errors.TypingError, match=words) as e:
		njit(lambda x: x)(value)
	assert "kernel" not in str(e.value)


@pytest.mark.parametrize("value", [2**64, -2**63 - 1, (1, 10**40)], ids=str)
@pytest.mark.parametrize("function", [njit(lambda x: x), njit("int64(int64)")(lambda x: x)], ids=["lazy", "signature"])
def test_integers_of_more_than_64_bits(function, value):
	with pytest.raises(OverflowError, match="Int value is too large: -?[0-9]+\\n.*compiled functions have 64-bit"):
		function(value)
