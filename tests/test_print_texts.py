"""Texts with values in them that print() takes: f-strings, %, format(), str(). The same lines, run by Python, as kernels and for the host."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from gridjit import cuda, errors, njit

G = {"a": 3, "b": 2.5}
T = (7, "seven", 2.5)
NAME, WIDTH = "name", 8


def show(s, v):
	print(f"<{s}> {v:+.1e}")


def two(v):
	return v * 2


BODIES = {
	"integers": r'''
	print(f"{n}|{n:5d}|{n:<5}|{n:^7}|{n:05d}|{n:x}|{n:#x}|{n:b}|{n:,}|{-n:>{WIDTH}}|{n!r}|{n!s:>4}|{n=}")
	print("%d %i %5d %-5d| %05d %+d %x %X %o %s %r %5s|%-5s|%d%%" % (n, n, n, n, n, n, n, n, n, n, n, n, n, n))
	print("%c%c" % (65, n + 66), "%5c|%-3c|" % (n + 67, 68), "%c" % "z", "%s" % n, "%s" % (n,))''',
	"floats": r'''
	print(f"{x[1]}|{x[1]:.3f}|{x[1]:10.2e}|{x[1]:g}|{x[1]:%}|{x[2]:+}|{x[2]:_^12.1f}|{x[1]=:.2f}")
	print("%e %.2f %8.3f %g" % (x[1], x[1], x[1], x[1]), f"{-0.0} {math.inf} {math.nan} {1e300 * 10} {x[1] * 1e20} {x[1] / 1e10}")
	print(f"{complex(1, 2)} {complex(n, 2):.1f} {n > 2} {n > 2!s}", "%d" % x[2], "%d" % True)''',
	"formats": r'''
	print("%(a)d %(b).1f %(a)s" % G, "%(k)d" % {"k": n}, "%(k)d %(m)s" % {"k": n, "m": NAME})
	print("{x} {y:.2f} {0} {x:>5}".format(n, x=n + 1, y=x[1]), "{1} {0}".format(n, 2), "{!r:>5}|{!s:<5}|{{}}".format(n, n))
	print("%d %s %.1f" % T, "%s %s" % ("a", n), "%s" % "lit", "%s" % None, "%s %s" % (True, n > 1))
	print("%.3s|%5.2s|" % ("abcdef", "xyz"), f"{NAME:>8}|{NAME!r:10}", "100%", "%%")''',
	"tuples and sums": r'''
	print("a" + str(n) + "b" + str(n + 1), "x" * 3 + f"{n}", str(n), repr(n), str(x[1]))
	print(f"{two(n)} {(n, 2)} {None} {x.shape} {x.size} {x.ndim} {G['a']} {T[1]} {T}", f"{n}" "lit" f"{n + 1}", f"{f'{n}'}")
	print(f"a{n}", f"b{n}", n, "c", sep="--", end="!\n")
	print(f"{{}} {n} \x01 % %% é{n}ü", f"{'ä'}", "→" if n > 2 else "←")''',
	"choices": r'''
	print("even" if n % 2 == 0 else "odd", n)
	for i in range(4):
		print(f"{i}: {'fizz' if i % 3 == 0 else ''}{'buzz' if i % 2 == 0 else ''}", end=";\n")
	s = "none"
	for v in x:
		if v > 1:
			s = "big"
		print(s, f"[{s}]", v)''',
	"variables": r'''
	message = f"n is {n}"
	print(message, message)
	if n > 2:
		print(message, f"{n} > 2")
	show("q", x[1])
	show(NAME, x[2])
	for w in "one", "two":
		print(f"""{w}:
	{n}""")''',
}


def made(name):
	scope = dict(globals())
	exec(f"def body(x, n):{BODIES[name]}", scope)
	return scope["body"]


@pytest.mark.parametrize("name", BODIES)
def test_as_python(device, capsys, name):
	body, x = made(name), np.array([0.5, 1.25, -1234.5678])
	for n in 1, 4:
		body(x, n)
		want = capsys.readouterr().out
		for kernel in cuda.jit(body), cuda.jit(body, debug=True, opt=False):
			kernel[1, 1](x, n)
			cuda.synchronize()
			assert capsys.readouterr().out == want
		njit(body)(x, n)
		assert capsys.readouterr().out == want


def test_lanes(device, capsys):
	"""Texts of threads that differ, of narrow floats, before an exception."""
	@cuda.jit(debug=True, opt=False)
	def kernel(x):
		i = cuda.grid(1)
		print(f"{i}:{x[i]}:{x[i]:.2f}:{'low' if x[i] < 0.2 else 'high'}")
		if i == 3:
			raise ValueError("{k}".format(k=i))
	with pytest.raises(ValueError, match=": 3$"):
		kernel[1, 4](np.array([0.1, 0.2, 0.3, 0.7], np.float32))
		cuda.synchronize()
	lines = capsys.readouterr().out.splitlines()
	assert set(lines) <= {"0:0.1:0.10:low", "1:0.2:0.20:high", "2:0.3:0.30:high", "3:0.7:0.70:high"} and "3:0.7:0.70:high" in lines


@pytest.mark.parametrize("line, words", [
	('raise ValueError("%d %s" % (1, "one"))', "1 one"), ('raise ValueError("%c|%3c" % (n + 64, 66))', r"A\|  B"), ('raise ValueError("%(a)s" % G)', "3"),
	('raise ValueError("%(k)d-%(m)s" % {"k": n, "m": "x"})', "1-x"), ('assert n > 1, "{x} {0}".format(2, x=n)', "1 2"), ('assert n > 1, f"{n:{WIDTH}}"', "       1"), ('assert n > 1, (2, "two", n)', r"\(2, 'two', 1\)")])
def test_messages(device, line, words):
	scope = dict(globals())
	exec(f"def body(n):\n\t{line}", scope)
	with pytest.raises((ValueError, AssertionError), match=f": {words}$"):
		cuda.jit(scope["body"], debug=True, opt=False)[1, 1](1)
		cuda.synchronize()


@pytest.mark.parametrize("line, words", [
	('print(f"{x}")', "print\\(\\) cannot take array"), ('x[0] = len(f"{n}")', "an f-string"), ('print(f"{n:{n}}")', "an f-string"),
	('print("%d %d" % n)', "operator %"), ('print("%(a)d" % n)', "operator %"), ('print("{x}".format(y=n))', "format"), ('print(f"{(n, 1):>9}")', "cannot format UniTuple")])
def test_refused(line, words):
	scope = dict(globals())
	exec(f"def body(x, n):\n\t{line}", scope)
	with pytest.raises((errors.TypingError, NotImplementedError, errors.UnsupportedError), match=words):
		cuda.jit(scope["body"])[1, 1](np.zeros(3), 1)


def test_format_that_is_none():
	"""Python's words for it are shown, and the line has a question mark."""
	program = 'from gridjit import cuda\ndef k(n):\n\tprint(f"a{n:q}b")\ncuda.jit(k)[1, 1](3)\ncuda.synchronize()'
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ | {"GRIDJIT_DEVICE": "cpu"})
	assert done.stdout == "a?b\n" and "Unknown format code 'q'" in done.stderr, done.stderr
