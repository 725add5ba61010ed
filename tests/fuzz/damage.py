"""Functions that no compiler of Python's ever made: a kernel's code with bytes, constants, names and tables changed. The
compiler must refuse it or make code of it; it is never run."""

import opcode
import types

import numpy as np

import gridjit
from gridjit import cuda, errors
from ssa_random import random_source

CORPUS = []


def corpus():
	"""Kernels of the golden tests, and random functions."""
	if not CORPUS:
		from pathlib import Path
		for path in sorted((Path(__file__).resolve().parent.parent / "golden" / "low").glob("*.py")):
			scope = {"__name__": path.stem}
			exec(compile(path.read_text(), path.name, "exec"), scope)
			for value in scope.values():
				function = getattr(value, "py_func", value)
				if isinstance(function, types.FunctionType) and function.__module__ == path.stem:
					CORPUS.append(function)
	return CORPUS


# What CPython runs when it is asked for a code's bytes walks from instruction to instruction: those that it makes itself
# while it runs are none that a file or a user could give, and the last must have its inline caches.
OPS = sorted(number for name, number in opcode.opmap.items() if number < 256 and not name.startswith(("INSTRUMENTED_", "ENTER_EXECUTOR")))
PADDING = bytes([opcode.opmap["NOP"], 0]) * 16


def damaged_bytes(r, code):
	code = bytearray(code)
	for _ in range(r.choice([1, 1, 1, 2, 3, 8])):
		if not code:
			break
		at = r.randrange(len(code) // 2) * 2
		kind = r.randrange(6)
		if kind == 0:
			code[at] = r.choice(OPS)
		elif kind == 1:
			code[at + 1] = r.choice([0, 1, 2, 3, 255, r.randrange(256)])
		elif kind == 2:
			del code[at:at + 2 * r.randint(1, 4)]
		elif kind == 3:
			code[at:at] = bytes([r.choice(OPS), r.randrange(256)])
		elif kind == 4:
			other = r.randrange(len(code) // 2) * 2
			n = 2 * r.randint(1, 6)
			code[at:at + n] = code[other:other + n]
		else:
			code[at], code[at + 1] = r.choice(OPS), r.randrange(256)
	return bytes(code) + PADDING


VALUES = [None, True, 0, 1, -1, 2**31, 2**63, 2**64, -2**63, 2**200, 0.0, -0.0, float("inf"), float("nan"), 1j, "x", "", b"x",
	(), (1,), (1, (2, (3,))), (None, "a"), Ellipsis, np.float32, np.int64, int, float, complex, range(3), frozenset({1}), slice(1, 2),
	np.float32(1.5), np.zeros(3), np.zeros((2, 2), "c8"), np.array("x"), cuda, cuda.grid, np, object(), len, print]
NAMES = ["x", "shape", "grid", "threadIdx", "nothing", "__class__", "dtype", "syncthreads", "array", "at", "T", "", "é"]


def damaged(r, code):
	changes = {}
	if r.random() < 0.8:
		changes["co_code"] = damaged_bytes(r, code.co_code)
	if r.random() < 0.3:
		consts = list(code.co_consts)
		for _ in range(r.randint(1, 3)):
			value = r.choice([*VALUES, code])
			consts[r.randrange(len(consts)):r.choice([0, 1]) or None] = [value] if r.random() < 0.7 else [value] * 3
		changes["co_consts"] = tuple(consts)
	if r.random() < 0.3:
		names = list(code.co_names)
		names[len(names):] = r.choices(NAMES, k=r.randint(0, 2))
		r.shuffle(names)
		changes["co_names"] = tuple(names)
	if r.random() < 0.1:
		changes["co_stacksize"] = r.choice([0, 1, 2, 1000])
	if r.random() < 0.1:
		changes["co_exceptiontable"] = bytes(r.randrange(256) for _ in range(r.randrange(12)))
	if r.random() < 0.1:
		changes["co_linetable"] = bytes(r.randrange(256) for _ in range(r.randrange(40)))
	if r.random() < 0.1:
		changes["co_flags"] = code.co_flags ^ (1 << r.randrange(12))
	return code.replace(**changes)


def function(r):
	if r.random() < 0.3:
		scope = {}
		exec(random_source(r.randrange(10**6)), scope)
		return next(value for value in scope.values() if isinstance(value, types.FunctionType))
	return r.choice(corpus())


TYPES = ["int32", "int64", "uint8", "float32", "float64", "bool", "complex64", "int64[:]", "float32[:]", "float64[:, ::1]", "float32[::1, :]",
	"int32[:, :, :]", "bool[:]", "UniTuple(int64, 2)", "Tuple((float32, int64))", "none", "UniTuple(float32[:], 2)"]
ALLOWED = (errors.NumbaError, NotImplementedError, TypeError, ValueError, OverflowError, MemoryError, SyntaxError, AttributeError)


def case(r):
	original = function(r)
	try:
		code = damaged(r, original.__code__)
		f = types.FunctionType(code, dict(original.__globals__, cuda=cuda, np=np), original.__name__, original.__defaults__,
			original.__closure__)
	except (ValueError, TypeError, SystemError):   # CPython itself would have none of it
		return None
	signature = tuple(gridjit._core.as_type(r.choice(TYPES)) for _ in range(code.co_argcount + code.co_kwonlyargcount))
	device = r.random() < 0.3
	try:
		if r.random() < 0.5:
			cuda.compile(f, signature, device=device, cc=(9, 0))
		else:
			cuda.jit(f).compile(signature)
	except ALLOWED as error:
		if type(error).__name__ == "InternalError" or not str(error):
			return f"{type(error).__name__}: {error}"
	return None
