"""Variables that are read where no path has given them a value: Python's exception, at Python's place, and nothing where every path has."""

import functools
import gc

import numpy as np
import pytest

from gridjit import _core, cuda, guvectorize, njit, prange, vectorize
from gridjit.errors import TypingError, UnsupportedError

N = 3


def behind_for(n):
	for i in range(n):
		pass
	return i

def behind_for_else(n):
	for i in range(n):
		if i == 2:
			found = i
			break
	else:
		n = -1
	return found + n

def behind_while(n):
	while n > 2:
		x = n * 2
		n -= 1
	return x

def one_way(n):
	if n > 1:
		x = 1.5
	return x

def correlated(n):
	if n > 1:
		x = n
	y = 0
	if n > 1:
		y = x
	return y

def in_a_loop(n):
	total = 0
	for i in range(5):
		if i == 4 - n:
			first = i
		if i > 1:
			total += first
	return total

def short_circuit(n):
	n > 1 and (x := n)
	return x

def inner_loop(n):
	total = 0
	for i in range(n):
		for j in range(i):
			total += j
		if i:
			total += j * 10
	return total, j

def deleted(n):
	x = n
	if n > 1:
		del x
	return x

def deleted_twice(n):
	x = n
	if n > 1:
		del x
	del x
	x = n
	return x

def deleted_in_try(n):
	x = n
	try:
		for i in range(n):
			del x
	except NameError:
		n = 7
	return n

def deleted_in_finally(n):
	x = n
	try:
		for i in range(n):
			if i != 1:
				del x
	finally:
		n += 5
	return n, x

def deleted_parameter(n):
	if n > 1:
		del n
	return n

def behind_try(n):
	try:
		x = 10 // n
	except ZeroDivisionError:
		n = 7
	return x + n

def caught(n):
	try:
		if n > 1:
			x = n
		x += 1
	except UnboundLocalError:
		return -1
	return x

def caught_by_its_base(n):
	total = 0
	for i in range(n + 1):
		try:
			if i == 1:
				y = i
			total += y
		except (KeyError, NameError):
			total += 100
	return total

def cleaned_up(n):
	try:
		if n == 1:
			x = n
		n += x
	finally:
		n += 1
		if n == 1:
			n = x
	return n, x

def read_in_handler(n):
	try:
		if n == 2:
			raise ValueError
		x = n
		n = n // (n - 1)
	except (ZeroDivisionError, ValueError):
		return x
	return x

def array(n):
	for i in range(n):
		a = np.zeros(3) + i
	return a[1:]

def one_of_two(n):
	if n > 1:
		a, b = np.ones(2), (n, 2.0)
	return b, a

def in_callee(n):
	return one_way(n) + one_way(n + 1)

def recursive(n):
	if n > 2:
		x = recursive(n - 1)
	if n < 0:
		x = 0
	return x + 1

def in_comprehension(n):
	if n > 1:
		x = n
	t = tuple([x * 2 for x in (1, 2)])
	return t, x

def captured(n):
	if n > 1:
		k = n
	def add(z):
		return z + k
	return add(1)

def captured_by_nobody(n):
	f = lambda z: z + k if n else z
	if n:
		k = 3
	return n

def generated(n):
	for i in range(n):
		pass
	return sum(i * j for j in range(3))

def unpacked(n):
	for a, b in ((1, 2), (3, 4))[:1]:
		pass
	for c, d in zip(range(n), range(n)):
		pass
	return a, b, c, d

def never_bound(n):
	if n > 1:
		return y + 1
	if n < 0:
		y = 2
		return y
	return n

def never_in_a_loop(n):
	total = 0
	for i in range(n):
		if i == 1:
			total += late
		total += i
	if total < 0:
		late = 1
		return late
	return total

def never_in_try(n):
	total = np.zeros(2)
	try:
		total += 1
		if n:
			total[0] = nothing
			total[1] = nothing + 5
		total += 1
	except NameError:
		total += 10
	if n < 0:
		nothing = 3.0
	return total[0]

def never_but_finally(n):
	try:
		if n > 1:
			n = nothing
	finally:
		n += 1
	del nothing
	return n
	nothing = 1

def never_in_callee(n):
	a = np.ones(n)
	return never_bound(n) + a.sum()

def never_returns(n):
	del n
	return n

def never_of_a_constant(n):
	if never_of_a_constant is None:
		x = 1
	return n if n < 2 else (n, x)[0]

def never_unrolled(n):
	for t in (1, 2.5, n):
		if n == 2:
			last = before
		before = t
	return before

FUNCTIONS = [f for f in list(globals().values()) if callable(f) and getattr(f, "__module__", "") == __name__]


def outcome(f, n):
	try:
		return f(n)
	except NameError as error:
		return type(error), error.args


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_python(function):
	gc.collect()
	before, ours = _core._live_arrays(), njit(function)
	raised = 0
	for n in range(N + 1):
		want, got = outcome(function, n), outcome(ours, n)
		raised += str(want).startswith("(<class")
		assert str(got) == str(want), n
	assert raised or function in (correlated, caught, caught_by_its_base, captured_by_nobody, deleted_in_try, never_in_try)
	del got
	gc.collect()
	assert _core._live_arrays() == before


def test_line():
	try:
		njit(one_way)(0)
	except UnboundLocalError as error:
		place = error.__traceback__.tb_next
		assert (place.tb_frame.f_code.co_name, place.tb_lineno - one_way.__code__.co_firstlineno) == ("one_way", 3)
	else:
		raise AssertionError


def test_never_bound():
	@njit
	def never(x):
		for i in prange(x.shape[0]):
			if x[i] > 3:
				y = y + 1
			x[i] = 2
		return x
	assert never(np.ones(9)).sum() == 18
	with pytest.raises(UnboundLocalError, match="'y'"):
		never(np.arange(9))

	@vectorize
	def element(a):
		if a > 3:
			return b
		if a < 0:
			b = a
		return a
	assert element(np.arange(3)).tolist() == [0, 1, 2]
	with pytest.raises(UnboundLocalError, match="'b'"):
		element(np.arange(5))


def test_never_bound_in_kernels(device):
	def kernel(x):
		i = cuda.grid(1)
		if x[i] < 0:
			x[i] = y
			cuda.syncthreads()
			y = x[i] + 1
		x[i] += 1
	x = np.zeros(96)
	with pytest.raises(TypingError, match="variable 'y' is used before it has a value"):      # nobody would be told
		cuda.jit(kernel)[3, 32](x)
	checked = cuda.jit(debug=True, opt=False)(kernel)
	checked[3, 32](x)
	assert (x == 1).all()
	x[40] = -1
	with pytest.raises(UnboundLocalError, match=r"tid=\[8, 0, 0\] ctaid=\[1, 0, 0\]: cannot access local variable 'y'"):
		checked[3, 32](x)
		cuda.synchronize()


# -- Nothing is asked where every path has a value --------------------------------------------------------------------------------

def bound(n, x):
	if n > 1:
		a = 1
	else:
		a = 2
	while True:
		b = a + n
		if b > 10:
			break
		n += 1
	for i in range(n):
		c = i * a
		for j in range(i):
			c += j
		x[i] = c + b
	return a + b

def test_bound_costs_nothing():
	assert "ASSIGNED" not in _core._dump_ssa(bound)
	assert _core._dump_ssa(behind_for).count("ASSIGNED") == 1
	assert _core._dump_ssa(inner_loop).count("ASSIGNED") == 2


def test_constants_decide():
	mode = "on"

	@njit
	def known(n):
		if mode == "on":
			x = n
		for t in (1, 2.5):
			y = t
		return x + y
	assert known(1) == 3.5
	assert "gj_tell" not in next(iter(known.inspect_llvm().values())) and "associated" not in str(known.inspect_asm())


def test_loops_stay_vectors():
	@njit
	def last(x):
		for i in range(x.shape[0]):
			v = x[i] * 2.0 + 1.0
			x[i] = v
		return i, v
	assert last(np.ones(100)) == (99, 3.0)
	assert "x double>" in next(iter(last.inspect_llvm().values()))
	with pytest.raises(UnboundLocalError, match="'i'"):
		last(np.ones(0))


# -- Elsewhere ------------------------------------------------------------------------------------------------------------------

def test_loops_over_prange():
	@njit(parallel=True)
	def last(x):
		for i in prange(x.shape[0]):
			v = x[i] * 2.0
			x[i] = v
		return v, i

	@njit(parallel=True)
	def inside(x, n):
		for i in prange(x.shape[0]):
			for j in range(n - i):
				pass
			x[i] = n - j
		return x

	@njit(parallel=True)
	def read(n):
		if n > 2:
			t = 5
		s = 0
		for i in prange(n):
			if i > 3 or n < 2:
				s += t
		return s

	@njit(parallel=True)
	def deleted(n):
		if n > 2:
			t = 5
		s = 0
		for i in prange(n):
			if i > 3:
				s += t
				del t
		return s
	assert [read(n) for n in (0, 2, 9)] == [0, 0, 25]
	with pytest.raises(UnboundLocalError, match="'t'"):
		read(1)
	with pytest.raises(UnsupportedError, match="'t' is carried over"):
		deleted(9)
	assert last(np.ones(1000)) == (2.0, 999)
	with pytest.raises(UnboundLocalError, match="'v'"):
		last(np.ones(0))
	assert inside(np.zeros(50), 60)[-1] == 60 - 10
	with pytest.raises(UnboundLocalError, match="'j'"):
		inside(np.zeros(50), 40)


def test_rounds_begin_without_values():
	@njit(parallel=True)
	def own(x, least):
		out = np.zeros(x.shape[0])
		for i in prange(x.shape[0]):
			if x[i] > 3:
				t = x[i] * 2
				found = i
			if x[i] > least:
				out[i] = t
		return out, found

	x = np.arange(1000.0) % 7
	x[-1] = 6
	out, found = own(x, 3)
	assert np.array_equal(out, np.where(x > 3, 2 * x, 0)) and found == 999 and "lanes" in own.explain()
	with pytest.raises(UnboundLocalError, match="'t'"):
		own(x, 2)
	x[-1] = 0
	with pytest.raises(UnboundLocalError, match="'found'"):                 # the last round's
		own(x, 3)


def test_ufuncs():
	@vectorize
	def half(a):
		if a > 0:
			r = a / 2
		return r

	@guvectorize("(n)->()")
	def last(a, out):
		for i in range(a.shape[0]):
			if a[i] > 0:
				found = i
		out[0] = found
	x = np.array([1.0, 2.0])
	assert half(x).tolist() == [0.5, 1.0] and last(x, np.zeros((), np.int64)) == 1
	for f in half, last:
		with pytest.raises(UnboundLocalError, match="cannot access local variable '(r|found)'"):
			f(-x, np.zeros((), np.int64)) if f is last else f(-x)


def test_kernels(device):
	def kernel(x, out):
		i = cuda.grid(1)
		if i < x.shape[0]:
			if x[i] > 0:
				t = x[i] + 1
			out[i] = t
	x, out = np.ones(70), np.zeros(70)
	for f in cuda.jit(kernel), cuda.jit(debug=True, opt=False)(kernel):
		f[3, 32](x, out)
		assert (out == 2).all()
	x[40] = -1
	with pytest.raises(UnboundLocalError, match=r"tid=\[8, 0, 0\] ctaid=\[1, 0, 0\]: cannot access local variable 't'"):
		f[3, 32](x, out)
		cuda.synchronize()
	cuda.jit(kernel)[3, 32](x, out)                    # without checks it holds anything


def many(n):
	"""Variables that some branch stores, read behind branches that store others."""
	lines = ["def f(x):", "\ts = 0.0", "\tif x[2] > 0:", "\t\tfor k in range(2):", "\t\t\ts += k"]
	for k in range(n):
		lines += [f"\tif x[{k % 2}] > 0:", f"\t\tv{k} = x[0] + {k}", "\telif x[3] > 0:", f"\t\tv{k} = {k / 2}"]
	for k in range(n):
		lines += [f"\tif x[{k % 3}] > 0:", f"\t\ts = s * 0.5 + v{k}"]
	names = {}
	exec("\n".join([*lines, "\treturn s", ""]), names)
	return names["f"]


@pytest.mark.parametrize("x", [(1, 1, 1, 0), (1, 1, 0, 0), (0, 0, 1, 1), (0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 1, 0)])
def test_many_variables(x):
	python = many(60)
	compiled = many_compiled()
	array = np.array(x, np.float64)
	try:
		expected = python(array)
	except UnboundLocalError as error:
		with pytest.raises(UnboundLocalError, match=str(error).split("'")[1] + "'"):
			compiled(array)
		return
	assert compiled(array) == expected


@functools.cache
def many_compiled():
	return njit(many(60))
