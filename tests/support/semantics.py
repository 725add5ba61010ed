"""What an operator does to numbers in a kernel, in exact Python arithmetic (docs/design.md, "Numbers").

Scalars are Python ints and floats together with a type code (b1 i1 … u8 f4 f8); float results are rounded to the type.
Result types and the types that operands are converted to come from tests/data/typing-rules."""

import math
from fractions import Fraction

import numpy as np

import typing_cases
from typing_cases import table

TYPES = [code for code in typing_cases.TYPES if code[0] != "c"]    # complex numbers: tests/test_complex.py

DTYPE = {code: np.dtype("?" if code == "b1" else code) for code in TYPES}
BITS = {code: 1 if code == "b1" else 8 * int(code[1:]) for code in TYPES}
INT64_MIN = -2 ** 63


def is_float(code):
	return code[0] == "f"


def wrap(value, code):
	"""An integer as the type's bits hold it."""
	if code == "b1":
		return int(bool(value))
	value &= (1 << BITS[code]) - 1
	return value - (1 << BITS[code]) if code[0] == "i" and value >> (BITS[code] - 1) else value


def round_to(value, code):
	with np.errstate(over="ignore"):
		return float(np.float32(value)) if code == "f4" else float(value)


def limits(code):
	return (-(1 << (BITS[code] - 1)), (1 << (BITS[code] - 1)) - 1) if code[0] == "i" else (0, (1 << BITS[code]) - 1)


def float_to_int(value, source, code):
	"""As the GPU's cvt.rzi: saturates; 8 and 16 bits go through 32; NaN gives 0 from float16 and float32 to 32 bits, else only the
	top bit is set."""
	if code == "b1":
		return int(value != 0)
	wide = code if BITS[code] >= 32 else "i4"
	if math.isnan(value):
		bits = 0 if source in ("f2", "f4") and BITS[wide] == 32 else 1 << (BITS[wide] - 1)
		return wrap(wrap(bits, wide), code)
	low, high = limits(wide)
	whole = low if value == -math.inf else high if value == math.inf else max(low, min(high, math.trunc(value)))
	return wrap(whole, code)


def int_to_float(value, code):
	return float(np.float32(np.uint64(value) if value >= 2 ** 63 else np.int64(value))) if code == "f4" else float(value)


def convert(value, source, code):
	if is_float(source):
		return round_to(value, code) if is_float(code) else float_to_int(value, source, code)
	return int_to_float(value, code) if is_float(code) else wrap(value, code)


def floordiv(a, b, code):
	if is_float(code):
		return float_divmod(a, b, code)[0]
	return 0 if b == 0 else wrap(a // b, code)


def modulo(a, b, code):
	if is_float(code):
		return float_divmod(a, b, code)[1]
	return 0 if b == 0 else wrap(a % b, code)


def float_divmod(a, b, code):
	"""Python's divmod, exact where the quotient has no more bits than the type; IEEE results instead of exceptions."""
	if b == 0:
		return divide(a, b, code), math.nan
	if math.isnan(a) or math.isnan(b) or math.isinf(a):
		return math.nan, math.nan
	remainder = math.fmod(a, b)
	remainder = round_to(remainder + b, code) if remainder and (remainder < 0) != (b < 0) else remainder
	remainder = math.copysign(0.0, b) if remainder == 0 else remainder
	if math.isinf(b):
		return a // b, remainder
	whole = Fraction(a) / Fraction(b)
	try:
		quotient = float(math.floor(whole))
	except OverflowError:
		quotient = math.inf if whole > 0 else -math.inf
	return round_to(quotient or math.copysign(0.0, a) * math.copysign(1.0, b), code), remainder


def divide(a, b, code):
	with np.errstate(all="ignore"):
		return float(DTYPE[code].type(a) / DTYPE[code].type(b))


def power(a, b, code):
	"""Integers: exact, wrapping; a negative exponent gives 1 for 1, ±1 for −1, INT64_MIN for 0 and 0 for the rest."""
	if is_float(code):
		with np.errstate(all="ignore"):
			if isinstance(b, int):                     # an integer exponent keeps its parity however large it is
				size = float(np.power(np.float64(abs(a)), np.float64(b)))
				return -size if b % 2 and math.copysign(1.0, a) < 0 else size
			if (a, b) == (-math.inf, 0.5):             # C's pow; NumPy takes the square root here
				return math.inf
			return float(np.power(np.float64(a), np.float64(b)))
	if b >= 0:
		return wrap(pow(a, b, 1 << 64), code)
	return {1: 1, -1: -1 if b % 2 else 1, 0: wrap(INT64_MIN, code)}.get(a, 0)


def shift_left(a, n, code):
	return wrap(a << n, code) if 0 <= n < 64 else 0


def shift_right(a, n, code):
	return wrap(a >> n, code) if 0 <= n < 64 else -1 if a < 0 else 0


def ieee(function):
	def run(a, b, code):
		if not is_float(code):
			return wrap(function(a, b), code)
		with np.errstate(all="ignore"):
			return float(function(DTYPE[code].type(a), DTYPE[code].type(b)))
	return run


OPERATORS = {
	"+": ieee(lambda a, b: a + b), "-": ieee(lambda a, b: a - b), "*": ieee(lambda a, b: a * b),
	"/": divide, "//": floordiv, "%": modulo, "**": power, "<<": shift_left, ">>": shift_right,
	"&": ieee(lambda a, b: a & b), "|": ieee(lambda a, b: a | b), "^": ieee(lambda a, b: a ^ b),
}
COMPARE = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
	"==": lambda a, b: a == b, "!=": lambda a, b: a != b}


def rules():
	"""(op, a, b) → (result, as_a, as_b) for all accepted pairs, with our one deviation: int ** int is an integer."""
	found = {}
	for row in table("binop.csv"):
		if row[0] == "ops" or row[1] not in TYPES:
			continue
		for b, cell in zip("b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split(), row[2:]):
			parts = cell.split("/")
			if b in TYPES and len(parts) == 3:
				for op in row[0].split():
					found[op, row[1], b] = tuple(parts)
	found["**", "b1", "i4"] = ("i8", "i8", "i8")
	return found


RULES = rules()


def apply(op, a, ta, b, tb):
	"""The value of `a op b`; its type is RULES[op, ta, tb][0]."""
	result, as_a, as_b = RULES[op, ta, tb]
	if op in COMPARE:
		if not is_float(ta) and not is_float(tb):      # integers compare exactly, whatever their types
			return int(COMPARE[op](a, b))
		return int(COMPARE[op](convert(a, ta, as_a), convert(b, tb, as_b)))
	a, b = convert(a, ta, as_a), convert(b, tb, as_b)
	if not is_float(result):                           # integers are operated on in the result's type, but for counts
		a, b = wrap(a, result), b if op in ("<<", ">>", "**") else wrap(b, result)
	return OPERATORS[op](a, b, result)


def unary(op, a, code, result):
	"""Unary operators work at the operand's own width; the result is then extended. −int8 and −int16 are exact."""
	if op == "not":
		return int(not a)
	if is_float(code):
		return -a if op == "-" else a
	if op == "~":
		value = 1 - a if code == "b1" else ~a
	else:
		value = -a if op == "-" else a
	exact = code == "b1" or (op == "-" and code in ("i1", "i2"))
	return wrap(value if exact else wrap(value, code), result)


def edges(code):
	"""Values where things go wrong."""
	if code == "b1":
		return [0, 1]
	if is_float(code):
		tiny, huge = float(np.finfo(DTYPE[code]).smallest_subnormal), float(np.finfo(DTYPE[code]).max)
		return [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 7.25, -7.0, 127.0, -129.0, 65536.0, 2.0 ** 31, -2.0 ** 31, 2.0 ** 63,
			-2.0 ** 63, 2.0 ** 64, tiny, huge, -huge, math.inf, -math.inf, math.nan]
	low, high = limits(code)
	return sorted({wrap(v, code) for v in (0, 1, 2, 3, 7, 63, 64, -1, -2, -7, 100, low, low + 1, high, high - 1, high // 2)})
