"""`debug=True` in functions for the host: what debuggers read, as text, in the object that they are given, and through gdb itself where
it is installed."""

import ctypes
import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import ASAN

from gridjit import _core, cuda, njit

SCRIPT = '''\
import numpy as np
from gridjit import njit

@njit(debug=True)
def above(a, k):
	b = a * 2
	return b + k

@njit(debug=True)
def total(x):
	s = 0.0
	for i in range(x.shape[0]):
		s += x[i]
		s = above(s, i)
	return s

print(total(np.ones(3)))
'''


@njit(debug=True)
def summed(x):
	s = 0.0
	for i in range(x.shape[0]):
		s += x[i]
	return s


FIRST = summed.py_func.__code__.co_firstlineno


class Told(ctypes.Structure):
	"""What debuggers find on the list."""


Told._fields_ = [("next", ctypes.POINTER(Told)), ("before", ctypes.POINTER(Told)), ("object", ctypes.c_void_p), ("size", ctypes.c_uint64)]


class Loaded(ctypes.Structure):
	_fields_ = [("version", ctypes.c_uint32), ("action", ctypes.c_uint32), ("changed", ctypes.POINTER(Told)), ("first", ctypes.POINTER(Told))]


def told():
	loaded = Loaded.in_dll(ctypes.CDLL(_core.__file__), "__jit_debug_descriptor")
	assert loaded.version == 1 and loaded.action == 0
	at, found = loaded.first, []
	while at:
		found.append(ctypes.string_at(at.contents.object, at.contents.size))
		at = at.contents.next
	return found


def sections(elf):
	"""(address, type, contents) of an object's sections, by name."""
	at, = struct.unpack_from("<Q", elf, 40)
	size, n, names = struct.unpack_from("<HHH", elf, 58)
	rows = [struct.unpack_from("<IIQQQQIIQQ", elf, at + i * size) for i in range(n)]
	text = elf[rows[names][4]:]
	return {text[row[0]:text.index(b"\0", row[0])].decode(): (row[3], row[1], elf[row[4]:row[4] + row[5]]) for row in rows}


def test_code_tells_of_its_lines():
	assert summed(np.ones(4)) == 4
	text, = summed.inspect_asm().values()
	assert re.search(r'\.file\s.*"test_debug\.py"', text)
	lines = {int(line) for line in re.findall(r"\.loc\s+\d+ (\d+) ", text)}
	assert {FIRST + 3, FIRST + 4, FIRST + 5} <= lines <= {0, *range(FIRST, FIRST + 6)}
	without = njit(summed.py_func)
	assert without(np.ones(4)) == 4
	assert ".loc" not in "".join(without.inspect_asm().values())


def test_debuggers_are_told():
	before = told()

	@njit(debug=True)
	def of_a_name_of_its_own(x):
		return x + 1
	assert of_a_name_of_its_own(1) == 2
	new = [elf for elf in told() if elf not in before]
	assert len(new) == 1 and len(told()) == len(before) + 1
	found = sections(new[0])
	assert b"of_a_name_of_its_own\0" in found[".debug_str"][2] and b"test_debug.py\0" in new[0]
	address, _, code = found[".text"]
	assert ctypes.string_at(address, 4) == code[:4] and found[".debug_line"][0] == 0   # where it was loaded; not loaded
	assert ".debug_frame" in found                                                # callers are found
	assert b"x\0" in found[".debug_str"][2] and b"int64\0" in found[".debug_str"][2]  # variables and their types
	del of_a_name_of_its_own
	assert told() == before


def test_others_are_not():
	before = len(told())

	@njit
	def plain(x):
		return x - 1
	assert plain(1) == 0 and len(told()) == before


def test_kernels_too(device):
	before = told()

	@cuda.jit(debug=True)
	def kernel_of_a_name(x):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] += 1
	x = np.zeros(40)
	kernel_of_a_name[2, 32](x)
	assert (x == 1).all()
	if device != "cuda":
		assert any(b"kernel_of_a_name\0" in elf for elf in told()[:len(told()) - len(before)])


@pytest.mark.skipif(not shutil.which("gdb") or ASAN, reason="gdb is not installed, or would run under AddressSanitizer itself")
def test_gdb_stops_at_lines_of_python(tmp_path):
	script = tmp_path / "stop_here.py"
	script.write_text(SCRIPT)
	commands = ["set breakpoint pending on", "break stop_here.py:13", "break stop_here.py:7", "run", "backtrace 2", "continue", "backtrace 2", "info locals", "next", "info locals", "delete", "continue"]
	done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set auto-load off",
		*(word for command in commands for word in ("-ex", command)), "--args", sys.executable, str(script)], capture_output=True, text=True, timeout=120)
	if "ptrace" in done.stderr or "not being run" in done.stderr:
		pytest.skip("gdb may not run programs here")
	out = done.stdout
	assert re.search(r"Breakpoint 1, total \(\) at .*stop_here\.py:13\n13\t\t\ts \+= x\[i\]", out), out
	assert re.search(r"Breakpoint 2, above \(\) at .*stop_here\.py:7\n7\t\treturn b \+ k", out), out
	assert re.search(r"#0  above \(\) at .*stop_here\.py:7\n#1  total \(\) at .*stop_here\.py:14", out), out
	assert "\na = 1\nk = 0\nb = 2\n" in out and re.search(r"\nx_data = 0x\w+\nx_shape0 = 3\nx_strides0 = 8\ns = 1\ni = 0\n", out), out
	assert "\n18.0\n" in out
