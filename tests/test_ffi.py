"""Functions for C (cfunc), memory of C's (carray, farray, pointers), and functions of C called by their address (ctypes, cffi)."""

import ctypes
import os
import pickle
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

import gridjit
from conftest import on
from gridjit import carray, cfunc, cuda, errors, farray, njit, types
from gridjit import float64, int32, int64

libc, libm = ctypes.CDLL(None), ctypes.CDLL("libm.so.6")
PAIR = np.dtype([("a", np.int32), ("b", np.float64)], align=True)


@cfunc("float64(float64, float64)")
def add(x, y):
	"""The sum."""
	return x + y


# -- cfunc --

def test_the_object():
	assert add(2, 3) == 5 and add("a", "b") == "ab"                       # Python's function
	assert add.__wrapped__ is add.py_func and add.__name__ == "add" and add.__doc__ == "The sum."
	assert isinstance(add.address, int) and add.address == ctypes.cast(add.ctypes, ctypes.c_void_p).value
	assert add.ctypes.argtypes == (ctypes.c_double,) * 2 and add.ctypes.restype is ctypes.c_double
	assert add.ctypes is add.ctypes and add.ctypes(1.5, 2) == 3.5
	assert add.native_name == add.symbol_name and f"@{add.native_name}(" in add.inspect_llvm()
	assert str(add.signature) == "(float64, float64) -> float64" and repr(add).startswith("<C function add at ")
	assert pickle.loads(pickle.dumps(add)) is add


@pytest.mark.parametrize("kind, values", [("boolean", (True, False)), ("int8", (-128, 127)), ("int16", (-2**15, 2**15 - 1)),
	("int32", (-2**31, 2**31 - 1)), ("int64", (-2**63, 2**63 - 1)), ("uint8", (0, 255)), ("uint16", (0, 2**16 - 1)), ("uint32", (0, 2**32 - 1)),
	("uint64", (0, 2**64 - 1)), ("float32", (0.5, -np.inf)), ("float64", (0.1, np.inf))], ids=lambda v: v if isinstance(v, str) else "")
def test_numbers_pass(kind, values):
	@cfunc(f"{kind}(int64, {kind}, float64)")
	def second(n, x, y):
		return x

	wide = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int64, getattr(types, kind) and second.ctypes.argtypes[1], ctypes.c_double)(second.address)
	for value in values:
		assert second.ctypes(1, value, 2.0) == value
		if kind in ("int8", "int16"):
			assert wide(1, value, 2.0) == value                          # callers may take 32 bits
		if kind in ("uint8", "uint16", "boolean"):
			assert wide(1, value, 2.0) == int(value)


def test_many_arguments():
	@cfunc(float64(*[int32, float64] * 8))
	def total(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p):
		return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n + 15 * o + 16 * p

	assert total.ctypes(*range(16)) == sum(i * (i + 1) for i in range(16))


def test_pointers_and_arrays_at_them():
	@cfunc("float64(int32, CPointer(float64))")
	def weighted(n, p):
		s = 0.0
		for i in range(n):
			p[i] *= 2
			s += i * p[i]
		return s

	@cfunc("void(CPointer(int64), intp, intp)")
	def number(p, rows, columns):
		a, b = carray(p, (rows, columns)), farray(p, (rows, columns))
		a[0, 1], b[1, 0] = 7, 8
		a[1] = b.sum()

	@cfunc("int64(voidptr, intp)")
	def bytes_of(p, n):
		return carray(p, n, np.uint8).sum() + carray(p, (n,), dtype=types.uint8)[0]

	x = np.array([1.0, 2, 3])
	assert weighted.ctypes(3, x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))) == 16 and x.tolist() == [2, 4, 6]
	y = np.zeros((2, 3), np.int64)
	number.ctypes(y.ctypes.data_as(ctypes.POINTER(ctypes.c_int64)), 2, 3)
	assert y.tolist() == [[0, 8, 0], [8, 8, 8]]
	assert bytes_of.ctypes(b"\x05\x06", 2) == 16


def test_records_at_pointers():
	kind = gridjit.from_dtype(PAIR)

	@cfunc(types.float64(types.CPointer(kind), types.intp))
	def dot(p, n):
		s = p[0].b
		for r in carray(p, n):
			s += r.a * r.b
			r.a += 1
		return s

	r = np.array([(1, 2.5), (3, 4.0)], PAIR)
	assert dot.ctypes(r.ctypes.data_as(ctypes.c_void_p), 2) == 17 and r["a"].tolist() == [2, 4]


def test_pointers_are_returned():
	@cfunc("voidptr(voidptr, voidptr, boolean)")
	def choose(p, q, first):
		return p if first else q

	@cfunc("voidptr(CPointer(int8))")
	def same(p):
		return p

	memory = ctypes.create_string_buffer(4)
	at = ctypes.addressof(memory)
	assert choose.ctypes(at, at + 1, True) == at and choose.ctypes(at, at + 1, False) == at + 1
	assert same.ctypes(ctypes.cast(at, ctypes.POINTER(ctypes.c_int8))) == at


@pytest.fixture
def ignored(monkeypatch):
	seen = []
	monkeypatch.setattr(sys, "unraisablehook", lambda e: seen.append((e.exc_type, str(e.exc_value), e.object, e.exc_traceback)))
	return seen


@cfunc("int64(int64)")
def even(n):
	if n % 2:
		raise ValueError(f"{n} is odd")
	return n


def test_exceptions_are_ignored(ignored):
	assert [even.ctypes(n) for n in (4, 5, 6, 7)] == [4, 0, 6, 0]
	assert [(kind, text, where) for kind, text, where, _ in ignored] == [(ValueError, "5 is odd", even), (ValueError, "7 is odd", even)]
	assert ignored[0][3].tb_frame.f_code.co_name == "even"

	@cfunc("float64(int64, int64)")
	def quotient(a, b):
		return a / b

	@cfunc("float64(int64, int64)", error_model="numpy")
	def infinite(a, b):
		return a / b

	assert quotient.ctypes(1, 0) == 0 and ignored[2][0] is ZeroDivisionError
	assert infinite.ctypes(1, 0) == np.inf and len(ignored) == 3
	with pytest.raises(ValueError, match="5 is odd"):                     # a compiled caller gets it
		njit(lambda n: even(n))(5)


def test_an_exception_that_is_pending_stays(ignored):
	class Late:
		def __del__(self):
			assert even.ctypes(3) == 0

	with pytest.raises(KeyError, match="mine"):
		late = Late()
		try:
			raise KeyError("mine")
		finally:
			del late
	assert [text for _, text, *_ in ignored] == ["3 is odd"]


def test_what_functions_for_the_host_can_they_can(capsys):
	@cfunc("float64(int64)")
	def harmonic(n):
		x = 1 / np.arange(1, n + 1)
		print("sum of", n)
		return x.sum()

	@cfunc("int64(int64)")
	def fibonacci(n):
		return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

	assert harmonic.ctypes(3) == pytest.approx(11 / 6)
	assert capsys.readouterr().out == "sum of 3\n"
	assert fibonacci.ctypes(12) == 144


def test_options():
	@cfunc("float64(CPointer(float64), intp)", fastmath=True, locals={"s": types.float32}, cache=True, nopython=True)
	def total(p, n):
		s = 0.0
		for x in carray(p, n):
			s += x
		return s

	assert total.ctypes((ctypes.c_double * 1)(0.1), 1) == np.float32(0.1)
	with on("cpu1"):
		assert cfunc("int32(int32)")(lambda x: -x).ctypes(3) == -3
	made = [cfunc("int64(int64)")(lambda x: x * 77) for _ in range(2)]
	assert [f.ctypes(2) for f in made] == [154, 154] and made[1].cache_hits


def test_any_thread():
	out = []
	threads = [threading.Thread(target=lambda: out.extend(even.ctypes(n) for n in range(0, 2000, 2))) for _ in range(4)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	assert sorted(out) == sorted(list(range(0, 2000, 2)) * 4)


def test_mistakes():
	for sig, text in (("(float64,)", "no return type"), ("float64, float64", "no return type")):
		with pytest.raises(TypeError, match=text):
			cfunc(sig)
	with pytest.raises(TypeError, match="needs a signature"):
		cfunc(lambda x: x)
	with pytest.raises(TypeError, match="takes a Python function"):
		cfunc("int32(int32)")(len)
	with pytest.raises(KeyError, match="Unrecognized options"):
		cfunc("int32(int32)", fast_math=True)
	with pytest.raises(errors.TypingError, match="returns array"):
		cfunc("float64(int64)")(lambda n: np.zeros(n))
	for sig, name in (("float64(float64[:])", "array"), ("complex128(float64)", "complex128"), ("float16(float64)", "float16")):
		f = cfunc(sig)(lambda x: x[0] if name == "array" else x)
		with pytest.raises(TypeError, match=f"{name}.* has no equal in C"):
			f.ctypes
		with pytest.raises(TypeError, match="no equal in C"):
			f.address
	assert njit(lambda a: cfunc_of_array(a))(np.array([3.0])) == 3


@cfunc("float64(float64[:])")
def cfunc_of_array(a):
	return a[0]


# -- carray, farray outside --

def test_arrays_of_ctypes_pointers():
	memory = (ctypes.c_float * 6)(*range(6))
	p = ctypes.cast(memory, ctypes.POINTER(ctypes.c_float))
	a, b = carray(p, (2, 3)), farray(p, (2, 3), np.float32)
	assert a.tolist() == [[0, 1, 2], [3, 4, 5]] and b.tolist() == [[0, 2, 4], [1, 3, 5]] and b.flags.f_contiguous
	a[0, 0] = 9
	assert memory[0] == 9
	v = ctypes.cast(memory, ctypes.c_void_p)
	assert carray(v, 2, "f4").tolist() == [9, 1] and carray(v, 0, np.int8).shape == (0,)
	with pytest.raises(TypeError, match="needs the dtype"):
		carray(v, 2)
	with pytest.raises(TypeError, match="mismatching dtype"):
		carray(p, 2, np.int32)
	with pytest.raises(TypeError, match="expected a ctypes pointer"):
		carray(3, 2, np.int32)


# -- Functions of C --

sine, power = libm.sin, libm.pow
sine.argtypes, sine.restype = [ctypes.c_double], ctypes.c_double
power.argtypes, power.restype = [ctypes.c_double] * 2, ctypes.c_double
untyped = ctypes.CDLL("libm.so.6").tan
qsort = libc.qsort
qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)]
qsort.restype = None
memset, strerror = libc.memset, libc.strerror
memset.argtypes, memset.restype = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t], ctypes.c_void_p
strerror.argtypes, strerror.restype = [ctypes.c_int], ctypes.POINTER(ctypes.c_uint8)


def test_ctypes_functions():
	@njit
	def f(x):
		return sine(x) + power(y=3.0, x=x) if False else sine(x) + power(x, 3)

	assert f(0.5) == np.sin(0.5) + 0.125
	assert njit(lambda g, x: g(x))(sine, 1.0) == np.sin(1.0)
	assert njit(lambda g, x: g(x))(ctypes.CFUNCTYPE(ctypes.c_int8, ctypes.c_int8)(lambda x: -x), 7) == -7

	@njit
	def length(n):
		p = strerror(n)
		i = 0
		while p[i]:
			i += 1
		return i

	assert length(2) == len(os.strerror(2))


def test_memory_of_arrays_is_passed():
	@njit
	def ones(n):
		a, b = np.zeros(n, np.int16), np.zeros(n, np.int16)
		memset(a.ctypes, 1, 2 * n)
		memset(b.ctypes.data, 1, n)
		memset(a[1:], 2, 2)
		return a, b

	a, b = ones(4)
	assert a.tolist() == [257, 514, 257, 257] and b.tolist() == [257, 257, 0, 0]


def test_callbacks_through_c(ignored):
	@cfunc("int32(CPointer(float64), CPointer(float64))")
	def before(a, b):
		if a[0] == 99:
			raise KeyError("unexpected")
		return -1 if a[0] < b[0] else int(a[0] > b[0])

	at = before.address

	@njit
	def ordered(x):
		y = x.copy()
		qsort(y.ctypes, y.size, y.itemsize, at)
		if y.min() < 0:
			raise ValueError("negative")
		return y

	x = np.random.default_rng(1).random(200)
	assert (ordered(x) == np.sort(x)).all()
	assert sorted(ordered(np.array([2.0, 99, 1]))) == [1, 2, 99] and ignored[0][0] is KeyError
	with pytest.raises(ValueError, match="negative"):                     # the outer call lands where it began
		ordered(np.array([3.0, 99, -1]))


def test_python_behind_a_pointer():
	seen = []
	told = ctypes.CFUNCTYPE(None, ctypes.c_int64)(seen.append)

	@njit
	def tell(n):
		for i in range(n):
			told(i * i)

	tell(3)
	assert seen == [0, 1, 4]


def test_each_function_object_is_its_own():
	def caller(function):
		return njit(lambda x: function(x))

	made = [ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x, n=n: x + n) for n in range(3)]
	assert [caller(f)(1.0) for f in made] == [1, 2, 3]                    # and no cache on disk mixes them up


def test_in_kernels(device):
	if device == "cuda":
		pytest.skip("addresses of this process")

	@cuda.jit
	def kernel(x):
		i = cuda.grid(1)
		if i < x.size:
			x[i] = sine(x[i])

	x = np.arange(50.0)
	kernel[2, 32](x)
	assert (x == np.sin(np.arange(50.0))).all()


@pytest.mark.parametrize("width", ["cpu32", "cpu1"])
def test_loops_over_prange(width, ignored):
	@njit(parallel=True)
	def sines(x, out):
		s = 0.0
		for i in gridjit.prange(x.size):
			out[i] = sine(x[i])
			s += out[i]
		return s

	@cfunc("float64(CPointer(float64), intp)", parallel=True)
	def total(p, n):
		a = carray(p, n)
		s = 0.0
		for i in gridjit.prange(n):
			if a[i] < 0:
				raise ValueError(f"item {i} is negative")
			s += a[i]
		return s

	with on(width):
		x = np.linspace(0, 9, 50_001)
		out = np.empty_like(x)
		assert sines(x, out) == pytest.approx(np.sin(x).sum()) and (out == np.sin(x)).all()
		p = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
		assert total.ctypes(p, x.size) == pytest.approx(x.sum())
		x[700] = x[40_000] = -1
		assert total.ctypes(p, x.size) == 0 and [text for _, text, *_ in ignored] == ["item 700 is negative"]


@pytest.mark.parametrize("function, text", [(untyped, "set its types first"), (ctypes.pythonapi.Py_IsInitialized, "set its types first|Python")])
def test_what_cannot_be_called(function, text):
	with pytest.raises(errors.TypingError, match=text):
		njit(lambda x: function(x))(1.0)


def test_only_with_an_address():
	with pytest.raises(errors.TypingError, match="a function of C's in this process"):
		gridjit.fuse(lambda x: sine(x) + x)(np.ones(3))
	assert gridjit.vectorize(lambda x: sine(x))([1.0, 2.0]).tolist() == [np.sin(1.0), np.sin(2.0)]


# -- cffi, SciPy --

def test_cffi():
	cffi = pytest.importorskip("cffi")
	ffi = cffi.FFI()
	ffi.cdef("double cos(double); double frexp(double, int *); long labs(long); int printf(const char *, ...); float fabsf(float);")
	lib = ffi.dlopen("libm.so.6")
	cos, frexp, fabsf = lib.cos, lib.frexp, lib.fabsf
	printf, labs = ffi.dlopen(None).printf, ffi.dlopen(None).labs

	@njit
	def f(x):
		e = np.zeros(1, np.int32)
		return cos(x), frexp(x, ffi.from_buffer(e)), e[0], fabsf(-x), labs(-3)

	assert f(6.0) == (np.cos(6.0), 0.75, 3, 6, 3)
	with pytest.raises(errors.TypingError, match="any number of arguments"):
		njit(lambda x: printf(x))(1)
	assert ffi.cast("double (*)(double, double)", add.address)(1, 2) == 3
	assert int(ffi.cast("uintptr_t", add.cffi)) == add.address


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_module_that_cffi_has_made(tmp_path):
	pytest.importorskip("cffi")
	pytest.importorskip("setuptools")
	program = '''if True:
		import cffi, numpy as np
		from gridjit import njit
		b = cffi.FFI()
		b.set_source("_twice", "double twice(double x) { return 2 * x; } int sum(int *a, int n) { int s = 0; while (n--) s += a[n]; return s; }")
		b.cdef("double twice(double); int sum(int *, int);")
		b.compile()
		from _twice import ffi, lib
		twice, total = lib.twice, lib.sum
		assert njit(lambda x: twice(x))(4.0) == 8
		assert njit(lambda a: total(ffi.from_buffer(a), a.size))(np.arange(5, dtype=np.int32)) == 10
	'''
	subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=120, stdout=subprocess.DEVNULL)


def test_scipy():
	integrate = pytest.importorskip("scipy.integrate")
	from scipy import LowLevelCallable

	@cfunc("float64(int32, CPointer(float64))")
	def gauss(n, x):
		return np.exp(-x[0] ** 2) * x[1]

	@cfunc("float64(float64, voidptr)")
	def line(x, data):
		return x * carray(data, 2, np.float64)[1]

	assert integrate.quad(LowLevelCallable(gauss.ctypes), 0, 3, args=(2.0,))[0] == pytest.approx(1.7724146965)
	data = np.array([1.0, 5.0])
	assert integrate.quad(LowLevelCallable(line.ctypes, data.ctypes.data_as(ctypes.c_void_p)), 0, 2)[0] == pytest.approx(10)
