"""What exceptions of functions for the host tell: strings chosen on the way, strings that are arguments, what is no exception."""
import math

import numpy as np
import pytest

from gridjit import cuda, errors, njit, prange


def outcome(f, *args):
	try:
		return f(*args)
	except Exception as error:
		return type(error), error.args


def same(f, *cases):
	compiled = njit(f)
	for case in cases:
		assert outcome(compiled, *case) == outcome(f, *case)


def test_a_string_that_is_chosen_on_the_way():
	def conditional(n):
		raise ValueError("" if n else "none")

	def variable(n):
		mode = "small"
		if n > 10:
			mode = "large"
		elif n > 5:
			mode = "middle"
		if n > 0:
			raise KeyError(f"{mode}: {n:>3} ({'odd' if n % 2 else 'even'})", mode)
		raise KeyError(mode, n)

	def carried(n):
		kind = "first"
		for i in range(n):
			if i == 3:
				raise IndexError(kind, i)
			if i > 0:
				kind = "later" if i % 2 == 0 else kind
		return n

	same(conditional, (0,), (1,))
	same(variable, (1,), (6,), (11,), (-1,))
	same(carried, (2,), (4,))


def test_a_string_that_is_used_elsewhere_stays():
	def f(n, mode):
		text = "a"
		if n and text == "a":
			text = "b"
			if mode == "raise":
				raise ValueError(text, mode)
		if n < 0:
			raise ValueError(text)
		return n

	same(f, (0, "raise"), (1, "raise"), (-1, ""), (1, ""))


def test_strings_that_are_arguments():
	def f(s, n):
		if n == 0:
			raise ValueError(s)
		if n == 1:
			raise ValueError(f"{s}: {n} {s:>5} {s!r}")
		raise ValueError(n, s)

	same(f, ("mean", 0), ("mean", 1), ("mean", 2), ("", 1))


def test_what_is_no_exception_is_a_type_error():
	def f(n):
		try:
			raise 5
		except TypeError:
			if n:
				raise
		return n

	def g(n):
		raise "text"

	same(f, (0,), (1,))
	same(g, (0,))


def test_messages_of_percentiles():
	@njit
	def f(x, q):
		return np.percentile(x, q)

	with pytest.raises(ValueError, match="Percentiles must be in the range"):
		f(np.ones(3), 150.0)


def test_a_handler_may_be_the_way_out_of_a_recursion():
	def f(n, a):
		b = a + n
		if n == 0:
			raise ValueError("deep", 3)
		try:
			return f(n - 1, b)
		except ValueError:
			if n < 4:
				raise
			return b

	f.__globals__["f"] = compiled = njit(f)
	try:
		assert compiled(10, np.ones(2)).tolist() == [50, 50]
		assert outcome(compiled, 3, np.ones(2)) == (ValueError, ("deep", 3))
	finally:
		del f.__globals__["f"]


def test_zero_to_a_negative_power():
	@njit
	def power(a, b):
		return a ** b

	assert power(2, -1) == 0 and power(0, 0) == 1
	with pytest.raises(ZeroDivisionError, match="0.0 cannot be raised to a negative power"):
		power(0, -1)
	assert njit(error_model="numpy")(power.py_func)(1, -1) == 1
	assert math.isinf(power(0.0, -1.0))


def test_whole_parts_are_integers():
	def f(a, x):
		return a[math.floor(x)], a[math.ceil(x)], a[math.trunc(x)], math.floor(-x)

	@njit
	def g(a, x):
		return a[math.floor(x)], a[math.ceil(x)], a[math.trunc(x)], math.floor(-x), np.zeros(math.ceil(x)).size

	a = np.arange(9)
	for x in 2.5, np.float32(3.25), 4:
		assert g(a, x)[:4] == f(a, float(x))[:4]
	assert type(g(a, 2.5)[3]) is int and g(a, 2.5)[4] == 3


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("raising", ["raise ValuError", "raise ValuError('no')", "raise ValuError(f'item {x[0]}')", "raise math.Eror(1)"])
def test_a_class_that_nothing_defines(raising, debug):
	names = {"math": math}
	exec(f"def f(x):\n\tif x[0] > 5:\n\t\t{raising}\n\tx[0] = 1\n", names)
	missing = "has no attribute 'Eror'" if "math" in raising else "name 'ValuError' is not defined"
	for compiled in njit(names["f"]), cuda.jit(debug=debug)(names["f"])[1, 1]:
		with pytest.raises(errors.TypingError, match=missing):
			compiled(np.ones(1))


@pytest.mark.parametrize("raised", ["x", "x + 1", "int(x)", "5", "int"])
def test_what_is_no_exception(raised):
	f = eval(f"compile('def f(x):\\n if x > 1: raise {raised}\\n return x', '<f>', 'exec')")
	names = {}
	exec(f, names)
	assert njit(names["f"])(1) == 1
	with pytest.raises(TypeError, match="exceptions must derive from BaseException"):
		njit(names["f"])(2)


@pytest.mark.parametrize("text", ["a / b", "a // b", "a % b", "divmod(a, b)", "a ** (b - 1)"])
def test_words_of_divisions_by_zero(text):
	function = eval(f"lambda a, b: {text}")
	words = {("a % b", float): "float modulo by zero"}                  # 3.13's; "float modulo" before
	for a, b in (1, 0), (2.5, 0.0), (1, 0.0), (2.5, 0), (True, False), (0, 0):
		with pytest.raises(ZeroDivisionError) as error:
			0 if "**" in text and (a or isinstance(b, float)) and 1 / 0 else function(a, b)
		if "**" not in text or str(error.value).startswith("0.0"):
			want = words.get((text, type(a + b)), str(error.value))
			with pytest.raises(ZeroDivisionError) as ours:
				njit(function)(a, b)
			assert str(ours.value) == want, (a, b)


def test_words_on_other_paths():
	@njit(parallel=True)
	def rounds(x, n):
		for i in prange(x.shape[0]):
			x[i] = i % n

	def halves(x):
		return [1.0 // x[i] for i in range(2)]
	with pytest.raises(ZeroDivisionError, match="integer modulo by zero"):
		rounds(np.ones(50), 0)
	with pytest.raises(ZeroDivisionError, match="float floor division by zero"):
		njit(lambda x: halves(x)[0])(np.zeros(2))


# -- exceptions that depend on the way control came ------------------------------------------------------------------------------------

def chosen_class(n):
	raise (ValueError if n else KeyError)


def chosen_object(n):
	raise (ValueError("a") if n > 1 else KeyError(n) if n else Unstable(f"{n} of {n + 1}"))


def chosen_before(n):
	kind = ValueError if n else IndexError
	n += 1
	raise kind("at", n)


def chosen_variable(n):
	if n == 0:
		error = ZeroDivisionError("nothing")
	elif n == 1:
		error = OverflowError
	else:
		error = ValueError(n)
	raise error


def chosen_at_the_end(n):
	if n < 2:
		raise (TypeError if n else LookupError)("wrong")
	return n


def chosen_or_none(n):
	kind = None
	if n:
		kind = Unstable if n > 1 else KeyError
	if kind is not None:
		raise kind("unstable", f"{n:3d}")
	return n


def chosen_in_a_try(n):
	if n < 2:
		kind = IndexError if n else KeyError
	else:
		kind = Unstable
	n += 1
	try:
		if n:
			raise kind("a", n, n + 1, n + 2)
	except IndexError:
		return n


def chosen_in_a_handler(n):
	try:
		return 1 // (n // 3)
	except ZeroDivisionError as error:
		raise (ValueError if n else KeyError)("of", n, n + 1) from error


def chosen_or_nothing(n):
	kind = None
	if n < 2:
		kind = LookupError
	if n == 1:
		del kind
	raise kind(n)


class Unstable(ArithmeticError):
	pass


CHOSEN = (chosen_class, chosen_object, chosen_before, chosen_variable, chosen_at_the_end, chosen_or_none, chosen_in_a_try, chosen_in_a_handler, chosen_or_nothing)


@pytest.mark.parametrize("function", CHOSEN, ids=lambda f: f.__name__)
def test_which_exception_depends_on_the_way(function):
	def outcome(f, n):
		try:
			return f(n)
		except Exception as error:
			return type(error), error.args

	compiled = njit(function)
	for n in range(3):
		assert outcome(compiled, n) == outcome(function, n)


def test_a_class_of_exceptions_is_no_value():
	def kept(n):
		return ValueError

	def called(n):
		error = Unstable("a") if n else None
		if error is not None:
			raise error
	for function, name in (kept, "ValueError"), (called, "Unstable"):
		with pytest.raises(errors.UnsupportedNameError, match=f"the class {name} cannot be used(.|\\n)*write the raise where the class is chosen"):
			njit(function)(1)


def test_strings_that_are_known_are_added():
	def check(mode, n):
		if mode == "mean":
			return n
		elif mode not in ("sum", "max"):
			text = "unknown mode: " + mode + "!"
			raise ValueError(text, n)
		if n > 1:
			raise KeyError(mode + "/" + "n")
		return 10 if mode + "s" == "sums" else 20
	same(check, ("mean", 1), ("sum", 1), ("sum", 2), ("max", 1), ("median", 1))


def test_a_decorator_inside():
	def outer(x):
		@njit
		def inner(y):
			return y + 1
		return inner(x)
	with pytest.raises(errors.UnsupportedNameError, match="the decorator njit cannot be used(.|\\n)*leave it out"):
		njit(outer)(1)
