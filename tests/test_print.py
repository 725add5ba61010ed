"""print() in kernels: the text is Python's, whole lines in order within a thread, on sys.stdout."""

import os
import subprocess
import sys

import numpy as np
import pytest

from gridjit import cuda, errors


def shown(capsys, kernel, config, *args):
	kernel[config](*args)
	cuda.synchronize()
	return capsys.readouterr().out


VALUES = [True, False, 0, -1, 2**63 - 1, -2**63, 0.0, -0.0, 1.0, 0.1, 1e16, 1e22, 123456789.123, 5e-324, 1e-5, float("inf"), float("-inf"),
	float("nan"), 1 / 3, np.uint8(200), np.int8(-100), np.uint64(2**64 - 1), np.int16(-3), np.float32(0.1), np.float32(16777216.0),
	np.float32(1e20), np.float32(3.0)]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_numbers(device, capsys, value):
	@cuda.jit
	def kernel(x, a):
		print(x, a[0])
	assert shown(capsys, kernel, (1, 1), value, np.array([value])) == f"{value!s} {value!s}\n"


def test_as_python(device, capsys):
	"""The same function, run by Python and as a kernel."""
	def body(i, x, n):
		print()
		print("a", i, "b", x, sep="")
		print(i, x, n > 1, None, sep=", ", end=".\n")
		print("no end", end="")
		print("", sep="-")
		print((i,), (x, i), ((1, 2.5), "it's", 'a "b"', "both ' and \"", "new\nline", None, ()), sep="\n")
		print("grün", "50% %d {} \\ \x01 end", flush=True)
		print(*(i, x, n))
		print("one", end=None, sep=None)
		for k in range(n):
			print("round", k, end="; ")
		print("end")
	kernel = cuda.jit(body)
	got = shown(capsys, kernel, (1, 1), 5, 2.5, 3)
	body(5, 2.5, 3)
	assert got == capsys.readouterr().out


def test_lines_of_threads(device, capsys):
	"""Each thread's lines are whole and in order, whatever the others do."""
	@cuda.jit
	def kernel(x):
		i = cuda.grid(1)
		print(i, "first", x[i])
		cuda.syncthreads()
		if i % 3 == 0:
			print(i, "second", -x[i])
		for k in range(i % 4):
			print(i, "round", k)
	x = np.arange(256) / 7
	lines = shown(capsys, kernel, (4, 64), x).splitlines()
	for i in range(256):
		want = [f"{i} first {x[i]}"] + [f"{i} second {-x[i]}"] * (i % 3 == 0) + [f"{i} round {k}" for k in range(i % 4)]
		assert [line for line in lines if line.split()[0] == str(i)] == want
	assert len(lines) == 256 + 86 + 64 * (1 + 2 + 3)


def test_in_functions_and_before_failures(device, capsys):
	def inner(v):
		print("inner", v)
		return v + 1
	def twice(n):
		print("twice", n)
		return n if n < 1 else twice(n - 1)
	@cuda.jit(boundscheck=True)
	def kernel(x):
		print("got", inner(x[0]), inner(x[1] + 0.5), twice(2))
		x[5] = 1
		print("never")
	with pytest.raises(IndexError):
		kernel[1, 1](np.arange(3))
		cuda.synchronize()
	assert capsys.readouterr().out == "inner 0\ninner 1.5\ntwice 2\ntwice 1\ntwice 0\ngot 1 2.5 0\n"


def test_arrays_items(device, capsys):
	@cuda.jit
	def kernel(a, m):
		s = cuda.shared.array(4, np.float32)
		s[cuda.threadIdx.x] = m[cuda.threadIdx.x, 1]
		cuda.syncthreads()
		if cuda.threadIdx.x == 0:
			print(a[1:][0], m[2, 1], m[1][0], a.shape, m.shape, s[3], a.size)
	m = np.arange(8.0).reshape(4, 2)
	assert shown(capsys, kernel, (1, 4), np.arange(3, dtype=np.int16), m) == "1 5.0 2.0 (3,) (4, 2) 7.0 3\n"


def test_stdout_is_pythons(device):
	import contextlib
	import io
	@cuda.jit
	def kernel(x):
		print("to the file", x[0])
	out = io.StringIO()
	with contextlib.redirect_stdout(out):
		kernel[1, 2](np.ones(1))
		cuda.synchronize()
	assert out.getvalue() == "to the file 1.0\n" * 2


def test_too_much():
	"""What is lost is told of, and what is kept is whole."""
	program = """
import io, sys, contextlib, warnings
import numpy as np
from gridjit import cuda
@cuda.jit
def kernel(x):
	for k in range(x[0]):
		print("line", k, k, k, k, k, k, k)
out = io.StringIO()
with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
	warnings.simplefilter("always")
	kernel[1, 1](np.array([1 << 20 | 100]))
lines = out.getvalue().splitlines()
assert len(caught) == 1 and str(len(range(1 << 20 | 100)) - len(lines)) + " calls" in str(caught[0].message), caught
assert lines == [" ".join(["line"] + [str(k)] * 7) for k in range(len(lines))]
print("OK", caught[0].category.__name__)
"""
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "GRIDJIT_DEVICE": "cpu"})
	assert done.stdout == "OK NumbaWarning\n", done.stderr


@pytest.mark.parametrize("call, words", [("print(x)", "print() cannot take array(float64, 1d, C) as argument 1"),
	("print(1, sep=x[0])", "print() cannot take float64"), ("print(1, file=2)", "no keyword argument 'file'"),
	("print(1, (x[0], x))", "as argument 2")])
def test_refused(call, words):
	space = {}
	exec(f"def kernel(x):\n\t{call}\n", space)
	with pytest.raises(errors.TypingError, match=words.replace("(", r"\(").replace(")", r"\)")):
		cuda.jit(space["kernel"])[1, 1](np.zeros(1))


def test_on_the_fake_gpu(fake_driver, tmp_path):
	"""What a GPU leaves in a module's buffer, with a driver that writes one line for each launch."""
	program = """
import gc, numpy as np, warnings, io, contextlib
from gridjit import cuda
@cuda.jit
def k(x):
	print("x", x.size, x.ndim + cuda.grid(1))
x = cuda.to_device(np.zeros(4))
k[1, 1](x); k[1, 1](x)
cuda.synchronize()
k[1, 1](x)
x.copy_to_host()
out = io.StringIO()
with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
	warnings.simplefilter("always")
	bound = k[1, 1]
	for _ in range(50000):
		bound(x)
	cuda.default_stream().synchronize()
assert set(out.getvalue().splitlines()) == {"x 7 8"}
print(len(out.getvalue().splitlines()), len(caught))
k[1, 1](x)
cuda.synchronize()
k[1, 1](x)
del k, bound
gc.collect()
cuda.synchronize()
"""
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "x 7 8\n" * 3 + "50000 0\n" + "x 7 8\n" * 2, done.stderr


def test_at_exit_on_the_fake_gpu(fake_driver, tmp_path):
	"""Nobody has waited for the kernels: what they print is shown, and what they raise is told."""
	program = """
import numpy as np
from gridjit import cuda
@cuda.jit
def k(x):
	print("x", x.size, x.ndim + cuda.grid(1))
@cuda.jit(boundscheck=True)
def checked(x):
	x[cuda.grid(1)] = 1
x = cuda.to_device(np.zeros(4))
k[1, 1](x)
checked[1, 1](x)
"""
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "x 7 8\n" and "IndexError: In function 'checked'" in done.stderr, done


def test_launches_one_after_the_other(device, capsys):
	"""Lines are shown while other kernels print: none is lost."""
	@cuda.jit
	def one(k):
		print("launch", k)

	@cuda.jit
	def other(k):
		print("other", k, cuda.grid(1))

	streams = [cuda.stream() for _ in range(3)]
	for k in range(300):
		one[1, 1](k)
		other[1, 4, streams[k % 3]](k)
	cuda.synchronize()
	lines = capsys.readouterr().out.splitlines()
	assert [line for line in lines if line.startswith("launch")] == [f"launch {k}" for k in range(300)]
	assert sorted(line for line in lines if line.startswith("other")) == sorted(f"other {k} {i}" for k in range(300) for i in range(4))


def test_more_lines_than_the_buffer_holds_in_many_launches(device, capsys):
	@cuda.jit
	def kernel(k):
		print(k, cuda.grid(1), 0.5)

	for k in range(64):
		kernel[8, 128](k)
	cuda.synchronize()
	lines = capsys.readouterr().out.splitlines()
	assert sorted(lines) == sorted(f"{k} {i} 0.5" for k in range(64) for i in range(1024))
