"""C and CUDA C for the CPU device: the system's compiler makes a shared library of it, once a process, in a folder of its own."""

import atexit
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile

from ..errors import LinkerError

# What CUDA C says of functions means nothing here.
PRELUDE = """
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
"""
COMPILERS = {"c": ("CC", ("cc", "gcc", "clang"), "c", "gcc"), "cu": ("CXX", ("c++", "g++", "clang++"), "c++", "g++")}


@functools.cache
def _folder():
	path = tempfile.mkdtemp(prefix="gridjit-")
	atexit.register(shutil.rmtree, path, ignore_errors=True)
	return path


def _compiler(kind, name):
	variable, programs, _, package = COMPILERS[kind]
	given = os.environ.get(variable)
	if given:
		return shlex.split(given)
	for program in programs:
		if shutil.which(program):
			return [program]
	raise LinkerError(f"{name}: the CPU device needs a C{'++' if kind == 'cu' else ''} compiler for it: install the package {package}, "
		f"or set {variable}")


def compile_to_library(code):
	"""Path of the shared library that the compiler makes of a CSource or CUSource. Raises LinkerError with what it says."""
	compiler = _compiler(code.kind, code.name)
	digest = hashlib.sha256(repr((compiler, code.kind, code.folder)).encode() + code.data).hexdigest()[:24]
	path = os.path.join(_folder(), f"{digest}.so")
	if os.path.exists(path):
		return path
	name = code.name.replace("\\", "\\\\").replace('"', '\\"')
	text = PRELUDE.encode() + f'#line 1 "{name}"\n'.encode() + code.data
	made = f"{path}.{os.getpid()}"
	command = [*compiler, "-x", COMPILERS[code.kind][2], "-O2", "-fPIC", "-shared", "-ffp-contract=off",
		*(["-I", code.folder] if code.folder else []), "-", "-o", made, "-lm"]
	try:
		done = subprocess.run(command, input=text, capture_output=True)
	except OSError as error:
		raise LinkerError(f"{code.name}: {compiler[0]} cannot be run: {error}") from None
	if done.returncode:
		raise LinkerError(f"{code.name} does not compile:\n{done.stderr.decode(errors='replace').rstrip()}")
	os.replace(made, path)
	return path
