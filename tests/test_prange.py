"""Loops over prange: rounds as threads and lanes give what the interpreter gives, or an error that says why they cannot."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import gridjit
from gridjit import (config, cuda, errors, get_num_threads, get_parallel_chunksize, get_thread_id, njit, parallel_chunksize, prange,
	set_num_threads, set_parallel_chunksize, threading_layer, vectorize)
from prange_functions import CASES


@pytest.fixture(params=[32, 1], autouse=True)
def width(request, monkeypatch):
	monkeypatch.setattr(config, "CPU_WIDTH", request.param)
	return request.param


def same(a, b):
	if isinstance(a, (tuple, list)):
		return len(a) == len(b) and all(map(same, a, b))
	if isinstance(a, (float, complex, np.ndarray)):
		return np.allclose(a, b, rtol=1e-12, atol=1e-300, equal_nan=True)
	return bool(a == b)


def copied(arguments):
	return [x.copy() if isinstance(x, np.ndarray) else x for x in arguments]


@pytest.mark.parametrize("name", CASES)
def test_as_the_interpreter(name):
	function, makers = CASES[name]
	compiled = njit(parallel=True)(function)
	for make in makers:
		arguments = make()
		expected, got = copied(arguments), copied(arguments)
		for _ in range(2):                         # what a round takes is known the second time
			assert same(function(*expected), compiled(*got))
			assert same(expected, got)


# -- what rounds may not leave to the next ------------------------------------------------------------------------------------

def prefix(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s += a[i]
		a[i] = s
	return s


def previous(a):
	p = 0.0
	for i in prange(a.shape[0]):
		a[i] = p
		p = 2 * a[i]


def position(a):
	best = -1.0
	k = 0
	for i in prange(a.shape[0]):
		if a[i] > best:
			best = a[i]
			k = i
	return k


def alternating(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s = a[i] - s
	return s


def doubled(a):
	s = 0.0
	for i in prange(a.shape[0]):
		s = 2 * s + a[i]
	return s


def its_double(a):
	s = 1.0
	for _ in prange(a.shape[0]):
		s += s
	return s


def two_ways(a):
	s = 1.0
	for i in prange(a.shape[0]):
		if a[i] > 0.5:
			s += a[i]
		else:
			s *= a[i]
	return s


def of_another(a):
	s, t = 0.0, 0.0
	for i in prange(a.shape[0]):
		s += a[i]
		t += s
	return t


def sometimes(a):
	x = 0.0
	for i in prange(a.shape[0]):
		if a[i] > 0.5:
			x = a[i]
	return x


@pytest.mark.parametrize("function, name, line", [(prefix, "s", 3), (previous, "p", 4), (position, "best", 4), (alternating, "s", 3), (doubled, "s", 3),
	(its_double, "s", 3), (two_ways, "s", 4), (of_another, "s", 3), (sometimes, "x", 4)], ids=lambda x: getattr(x, "__name__", None))
def test_carried_over(function, name, line):
	with pytest.raises(errors.UnsupportedError, match=f"'{name}' is carried over from one round") as e:
		njit(parallel=True)(function)(np.ones(3))
	start = function.__code__.co_firstlineno
	assert any(f"line {start + k}, in {function.__name__}" in str(e.value) for k in range(line, line + 4))
	njit(function)(np.ones(3))                     # without parallel it is a range


# -- exceptions -----------------------------------------------------------------------------------------------------------

def test_the_earliest_failure():
	@njit(parallel=True)
	def f(a, first, second):
		for i in prange(a.shape[0]):
			if i == second:
				raise KeyError(2)
			a[i] += 1
			if i == first:
				raise ValueError("first")
			a[i] += 1

	for first, second in (40, 41), (40, 39), (7, 9999), (9999, 9000), (5000, 70000), (63, 32), (0, 0):
		a = np.zeros(10000)
		kind = ValueError if first < second else KeyError
		with pytest.raises(kind) as e:
			f(a, first, second)
		assert e.value.args == (("first",) if kind is ValueError else (2,))
		assert (a[:min(first, second)] == 2).all()     # those before it ran to their ends
	f(np.zeros(10), 10, 10)


def test_failures_in_reductions_and_callees():
	@njit
	def inverse(x):
		return 1 / x

	@njit(parallel=True)
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += inverse(a[i])
		return s

	a = np.ones(100000)
	assert f(a) == 100000
	a[77777] = 0
	with pytest.raises(ZeroDivisionError):
		f(a)


def test_recursive_callees():
	@njit
	def down(n):
		if n > 1000:
			raise ValueError("too many")
		return 0 if n == 0 else 1 + down(n - 1)

	@njit(parallel=True)
	def f(a):
		for i in prange(a.shape[0]):
			a[i] = down(a[i])

	a = np.arange(200)
	f(a)
	assert (a == np.arange(200)).all()
	a[150] = 5000
	with pytest.raises(ValueError, match="too many"):
		f(a)


def test_boundscheck():
	@njit(parallel=True, boundscheck=True)
	def f(a, n):
		for i in prange(n):
			a[i] = i

	a = np.zeros(100)
	f(a, 100)
	assert (a == np.arange(100)).all()
	with pytest.raises(IndexError, match="index 100 is out of bounds for axis 0 with size 100"):
		f(a, 1000)


# -- the rest --------------------------------------------------------------------------------------------------------------

def test_in_python_and_without_parallel():
	assert list(prange(3)) == [0, 1, 2] and list(prange(1, 7, 3)) == [1, 4]

	@njit
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += a[i]
			a[i] = s
		return s

	a = np.ones(4)
	assert f(a) == 4 and list(a) == [1, 2, 3, 4]


def test_sums_do_not_depend_on_threads():
	@njit(parallel=True)
	def f(a):
		s = 0.0
		for i in prange(a.shape[0]):
			s += a[i]
		return s

	a = np.random.default_rng(1).random(300_000)
	assert len({f(a) for _ in range(20)}) == 1


def test_printed_lines(capsys):
	@njit(parallel=True)
	def f(n):
		for i in prange(n):
			if i % 100 == 7:
				print("round", i)

	f(1000)
	assert sorted(capsys.readouterr().out.split("\n")) == sorted([""] + [f"round {i}" for i in range(7, 1000, 100)])


def test_options():
	def f(a):
		for i in prange(a.shape[0]):
			a[i] = 1
	njit(parallel={"fusion": False})(f)(np.zeros(3))
	with pytest.raises(NameError, match="fusions"):
		njit(parallel={"fusions": True})(f)
	with pytest.raises(ValueError, match="parallel must be"):
		njit(parallel="yes")(f)


# -- warnings, and what became of loops --------------------------------------------------------------------------------------

def one_item(a, b):
	for i in prange(a.shape[0]):
		b[0] = 2 * b[0] + a[i]


def counts(a, b):
	for i in prange(a.shape[0]):
		k = int(a[i])
		b[k] = 2 * b[k] + 1


def neighbours(a, b):
	for i in prange(1, a.shape[0]):
		a[i] = a[i - 1] + 1


def whole_array(a, b):
	for i in prange(a.shape[0]):
		b[:] = 2 * b + a[i]


def columns(a, b):
	for i in prange(a.shape[0]):
		for j in range(b.shape[0]):
			b[j] = a[i] - b[j]


def one_round(a, b):
	for i in prange(a.shape[0]):
		if i == 3:
			b[0] = a[i]


def the_same(a, b):
	for i in prange(a.shape[0]):
		b[1] = 5.0


def pairs(a, b):
	for i in prange(a.shape[0] // 2):
		a[2 * i] += a[2 * i + 1]


def scattered(a, b):
	for i in prange(a.shape[0]):
		b[int(a[i])] = i


def own_arrays(a, b):
	for i in prange(b.shape[0]):
		t = np.zeros(3)
		for k in range(3):
			t[k] += i * k
		b[i] = t.sum()


def red(x, y):
	for i in prange(1, x.shape[0] - 1):
		if i % 2 == 0:
			y[i] = y[i - 1] + y[i + 1]


def a_function_makes_it(x, y):
	for i in prange(x.shape[0]):
		v = room(1, x[i])
		v[1] += x[i]
		y[i] = v[0] + v[1]


@njit
def room(n, x):
	if n > 3:
		return np.zeros(n)
	v = room(n + 1, x)
	v[0] = x
	return v


def largest_by_key(a, b):
	for i in prange(a.shape[0]):
		k = int(a[i])
		if b[k] < a[i]:
			b[k] = a[i]
			a[k] = i


def first_of_each(a, b):
	n = 0
	for i in prange(a.shape[0]):
		k = int(a[i])
		if not b[k]:
			b[k] = 1
			n += 1
	return n


def first_of_each_goes_on(a, b):
	for i in prange(a.shape[0]):
		if b[int(a[i])]:
			continue
		b[int(a[i])] = 1
		a[i] = 0


def swaps(a, b):
	for i in prange(a.shape[0]):
		b[i], b[int(a[i])] = b[int(a[i])], b[i]


def next_places(a, b):
	for i in prange(a.shape[0]):
		p = b[int(a[i])]
		a[int(p)] = i
		b[int(a[i])] = p + 1


def flood(a, b):
	changed = False
	for i in prange(a.shape[0]):
		k = int(a[i])
		if b[k] == 0:
			b[k] = 3
			changed = True
	return changed


def bounded(a, b):
	for i in prange(a.shape[0]):
		if b[int(a[i])] > 0.5:
			b[int(a[i])] = 0.5


@pytest.mark.parametrize("function, races", [(largest_by_key, 4), (first_of_each, 5), (first_of_each_goes_on, 4), (swaps, 2), (next_places, 4),
	(flood, 0), (bounded, 0)], ids=lambda x: getattr(x, "__name__", None))
def test_races_in_what_hangs_on_an_item(function, races, recwarn):
	"""In which line there is one; 0: none."""
	njit(parallel=True)(function)(np.arange(5.0), np.zeros(5))
	found = [str(w.message) for w in recwarn if w.category is errors.NumbaParallelSafetyWarning]
	assert len(found) == 0 if not races else f"line {function.__code__.co_firstlineno + races}: rounds" in " ".join(found)


@pytest.mark.parametrize("function, races", [(one_item, True), (counts, True), (neighbours, True), (whole_array, True), (columns, True),
	(one_round, False), (the_same, False), (pairs, False), (scattered, False), (own_arrays, False), (red, False), (a_function_makes_it, False)], ids=lambda x: getattr(x, "__name__", None))
def test_races(function, races, recwarn):
	compiled = njit(parallel=True)(function)
	for _ in range(2):
		compiled(np.arange(5.0), np.zeros(5))
	found = [w for w in recwarn if w.category is errors.NumbaParallelSafetyWarning]
	assert len(found) == races
	line = function.__code__.co_firstlineno + (3 if function in (columns, counts) else 2)
	assert not races or f"{function.__name__}(), file {__file__}, line {line}: rounds" in str(found[0].message)
	assert compiled.explain().count("warning") == races


def test_arrays_made_in_rounds():
	compiled = njit(parallel=True)(own_arrays)
	expected, got = np.zeros(500), np.zeros(500)
	own_arrays(expected, expected)
	for _ in range(10):
		compiled(got, got)
	assert (expected == got).all()


def test_explain(width, capsys):
	@njit(parallel=True)
	def f(a, b):
		for i in prange(b.shape[0]):
			b[i] += 1
		for i in prange(a.shape[0]):
			for j in prange(a.shape[1]):
				a[i, j] = a[i, j] * 2 + 1
		for i in prange(b.shape[0]):
			if b[i] > 5:
				break

	f(np.zeros((3, 3)), np.zeros(3))
	first = f.py_func.__code__.co_firstlineno
	text = f.explain()
	assert sorted(text.splitlines()) == sorted([
		f"f, line {first + 2}: threads, " + ("and lanes of vectors" if width == 32 else "without lanes: CPU_WIDTH is 1"),
		f"f, line {first + 4}: threads, without lanes" + (", which would have to gather" if width == 32 else ": CPU_WIDTH is 1"),
		f"f, line {first + 5}: one round after the other: it is in a loop over prange",
		f"f, line {first + 7}: one round after the other: break or return leaves the loop"])
	assert f.explain(f.signatures[0]) == text
	f.parallel_diagnostics(level=4)
	assert capsys.readouterr().out == text


# -- threads ----------------------------------------------------------------------------------------------------------------

def test_settings():
	@njit(parallel=True)
	def f(a):
		for i in prange(a.shape[0]):
			a[i] = get_thread_id()
		return get_num_threads()

	most = get_num_threads()
	a = np.full(100_000, 99)
	assert f(a) == most and a.max() < most and a.min() >= 0
	assert get_thread_id() == 0 and threading_layer() == "gridjit"
	set_num_threads(1)
	try:
		assert get_num_threads() == f(a) == 1 and not a.any()
		seen = []
		other = threading.Thread(target=lambda: seen.append(get_num_threads()))
		other.start()
		other.join()
		assert seen == [most]                      # it is the thread's own setting
	finally:
		set_num_threads(most)
	for wrong, kind in (0, ValueError), (most + 1, ValueError), (1.5, TypeError), ("2", TypeError):
		with pytest.raises(kind, match="number of threads"):
			set_num_threads(wrong)
	with parallel_chunksize(7):
		assert get_parallel_chunksize() == 7
		assert f(a) == most
	assert set_parallel_chunksize(3) == 0 and set_parallel_chunksize(0) == 3
	with pytest.raises(ValueError):
		set_parallel_chunksize(-1)


def test_settings_in_compiled_functions():
	@njit(parallel=True)
	def f(x, n, chunk):
		before = get_num_threads()
		set_num_threads(n)
		old = set_parallel_chunksize(chunk)
		now = get_num_threads(), get_parallel_chunksize()
		for i in prange(x.shape[0]):
			x[i] = get_thread_id()
		set_parallel_chunksize(old)
		set_num_threads(before)
		return before, now, old

	most = get_num_threads()
	x = np.ones(50_000)
	assert f(x, 1, 7) == (most, (1, 7), 0) and not x.any()
	assert get_num_threads() == most and get_parallel_chunksize() == 0
	for n in 0, most + 1:
		with pytest.raises(ValueError, match=f"between 1 and {most}, not {n}"):
			f(x, n, 1)
	with pytest.raises(TypeError, match="must be an integer"):
		f(x, 1.5, 1)
	with pytest.raises(ValueError, match="chunksize"):
		f(x, most, -1)
	assert get_num_threads() == most and get_parallel_chunksize() == 0


def test_chunks_of_a_with_statement():
	@njit(parallel=True)
	def inverse(x, n):
		inside = 0
		for _ in range(2):
			with gridjit.parallel_chunksize(n), parallel_chunksize(n + 1) as entered:
				inside = get_parallel_chunksize()
				for i in prange(x.shape[0]):
					x[i] = 1 / x[i]
				if x[0] == 4:
					return inside, entered is None
		return inside + 100, get_parallel_chunksize() == 0
	assert inverse(np.full(1000, 2.0), 8) == (109, True) and get_parallel_chunksize() == 0
	assert inverse(np.full(1000, 0.25), 8) == (9, True) and get_parallel_chunksize() == 0
	for x, n, kind in (np.zeros(1000), 8, ZeroDivisionError), (np.ones(1), -1, ValueError):
		with pytest.raises(kind):
			inverse(x, n)
		assert get_parallel_chunksize() == 0
	assert "threads" in inverse.explain()


def test_threads_of_python():
	@njit(parallel=True, nogil=True)
	def f(a, scale):
		s = 0.0
		for i in prange(a.shape[0]):
			s += a[i] * scale
		return s

	a = np.random.default_rng(2).random(200_000)
	expected = [f(a, k) for k in range(4)]
	got = [None] * 4

	def run(k):
		got[k] = {f(a, k) for _ in range(20)}

	threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	assert got == [{x} for x in expected]


def test_in_a_ufunc_and_a_kernel():
	@njit(parallel=True)
	def total(n):
		s = 0.0
		for i in prange(n):
			s += i
		return s

	assert total(10) == 45
	add = vectorize(target="parallel")(lambda n: total(n))
	assert (add(np.arange(5)) == [0, 0, 1, 3, 6]).all()

	@cuda.jit
	def kernel(out):
		out[0] = total(10)

	out = np.zeros(1)
	kernel[1, 1](out)
	assert out[0] == 45


CHILD = """
import os, sys
import numpy as np
from gridjit import njit, prange

@njit(parallel=True)
def f(a):
	s = 0.0
	for i in prange(a.shape[0]):
		for j in range(100):
			s += a[i] * j
	return s

a = np.random.default_rng(2).random(20_000)
expected = f(a)
for _ in range(3):
	f(a)
	pid = os.fork()
	if not pid:
		os._exit(f(a) != expected)
	assert os.waitpid(pid, 0)[1] == 0
print("well")
"""


def test_after_fork():
	done = subprocess.run([sys.executable, "-W", "ignore", "-c", CHILD], capture_output=True, text=True, timeout=60)
	assert done.stdout == "well\n", done.stderr


@pytest.mark.parametrize("rounds", [1, 100_000])
def test_interrupt(rounds):
	@njit(parallel=True, nogil=True)
	def endless(a, n):
		for i in prange(n):
			k = 0
			while a[0] == 0:
				k += 1
			a[i % a.shape[0]] = k + 1

	a = np.ones(1000, np.int64)
	endless(a, rounds)
	a[:] = 0
	timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
	timer.start()
	start = time.monotonic()
	with pytest.raises(KeyboardInterrupt):
		endless(a, rounds)
	assert time.monotonic() - start < 10
	a[:] = 1
	endless(a, rounds)                             # and all is as before


def test_rounds_whose_number_nobody_reads():
	@njit(parallel=True)
	def hits(n):
		found = 0
		for _ in prange(n):
			x, y = np.random.random(), np.random.random()
			found += x * x + y * y < 1
		return found

	@njit(parallel=True)
	def fill(a):
		for _ in prange(3):
			a[1] = 2.0
	a = np.zeros(3)
	fill(a)
	assert abs(4 * hits(200_000) / 200_000 - np.pi) < 0.05 and a.tolist() == [0, 2, 0]
	assert "threads" in hits.explain() and "threads" in fill.explain()
