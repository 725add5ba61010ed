"""Loops over prange and exceptions that are caught: in rounds, each handles its own, on all threads, and what no round handles is that of the
earliest; around the loop, that one is handled where Python does."""


import numpy as np
import pytest

from gridjit import njit, prange

ROUNDS = 20_000


class Unfit(ValueError):
	pass


def picky(x, i):
	if x == 3:
		raise Unfit(f"round {i}")
	if x == 4:
		raise KeyError("four")
	return 12 // x


compiled_picky = njit(picky)


def descends(n, x, i):
	return picky(x, i) if n == 0 else descends(n - 1, x, i) + 1


compiled_descends = njit(descends)


def by_class(x, out):
	bad = 0
	for i in prange(x.shape[0]):
		try:
			out[i] = picky(x[i], i)
		except ZeroDivisionError:
			out[i] = -1
			bad += 1
	return bad


def with_all_parts(x, out):
	ends = last = 0
	for i in prange(x.shape[0]):
		row = np.full(3, x[i])
		last = i
		try:
			more = row + 1
			if i % 5 == 0 and x[i] == 4:
				continue
			out[i] = picky(int(more[0] - 1), i)
		except (ZeroDivisionError, KeyError):
			other = row * 2
			out[i] = other.sum()
		else:
			out[i] += 100
		finally:
			ends += 1
		out[i] *= 2
	return ends, last


def once_more(x, out):
	worst = 0
	for i in prange(x.shape[0]):
		try:
			try:
				out[i] = picky(x[i], i)
			except Unfit:
				out[i] = -3
				raise
			except ZeroDivisionError:
				raise KeyError(f"none in {i}")
		except KeyError:
			out[i] = -4
		worst = min(worst, out[i])
	return worst


def in_calls(x, out):
	for i in prange(x.shape[0]):
		try:
			out[i] = descends(3, x[i], i)
		except ZeroDivisionError:
			out[i] = -1
		except KeyError:
			out[i] = -4


def in_an_inner_loop(x, out):
	total = 0
	for i in prange(x.shape[0] // 4):
		for j in range(4):
			try:
				total += picky(x[4 * i + j], i)
			except ZeroDivisionError:
				break
			except KeyError:
				out[i] += j
	return total


def given(*special):
	x = np.random.default_rng(1).choice([1, 2, 5, 6], ROUNDS)
	for value, every in special:
		x[every::every] = value
	return x


INPUTS = {"none fails": given(), "some are caught": given((0, 7), (4, 11)), "one is not": given((0, 7), (3, 9001)), "many are not": given((0, 3), (4, 5), (3, 4001))}

pytestmark = pytest.mark.usefixtures("no_leaks")


def outcome(function, x, out):
	try:
		return function(x, out), len(out)
	except Exception as error:
		uncaught = (3, 4) if function.__name__ == "by_class" else (3,)
		first = next((i for i in range(ROUNDS) if x[i] in uncaught), 0)
		return type(error), error.args, first // 4 if function.__name__.startswith("in_an") else first


@pytest.mark.parametrize("function", [by_class, with_all_parts, once_more, in_calls, in_an_inner_loop])
def test_as_the_interpreter(function):
	scope = {"picky": compiled_picky, "descends": compiled_descends}
	compiled = njit(parallel=True)(type(function)(function.__code__, {**globals(), **scope}))
	for x in INPUTS.values():
		want, got = np.zeros(ROUNDS, np.int64), np.zeros(ROUNDS, np.int64)
		expected = outcome(function, x.astype(object), want)         # Python's numbers, which raise
		for _ in range(2):                                     # what a round takes is known the second time
			got[:] = 0
			assert outcome(compiled, x, got) == expected
			assert np.array_equal(got[:expected[-1]], want[:expected[-1]])      # all rounds before have run
	text = compiled.explain()
	assert "threads, without lanes: " in text and "one round after the other: exceptions" not in text


# -- A try around the loop ---------------------------------------------------------------------------------------------------------------


def handled_around(x, out):
	y = np.full(3, 2)
	z = y + 1
	bad = 0
	for attempt in range(3):
		try:
			for i in prange(x.shape[0]):
				out[i] = 12 // x[i] + z[0]
		except ZeroDivisionError:
			bad += 1
	return bad + y.sum()


def with_arrays_and_a_sum(x, out):
	some, others = np.full(4, 5), np.full(4, 6)
	total = 0
	try:
		for i in prange(x.shape[0]):
			row = np.full(3, x[i])
			chosen = some if x[i] > 4 else others
			total += picky(x[i], i) + int(row[0])
			out[i] = total - total + chosen[1]
	except Unfit:
		return -1
	except KeyError:
		return -2 - some[0]
	finally:
		out[-1] = others[2]
	return total + some.sum()


def on_two_levels(x, out):
	try:
		try:
			for i in prange(x.shape[0]):
				try:
					out[i] = picky(x[i], i)
				except KeyError:
					raise Unfit(f"round {i} of four")
		except ZeroDivisionError:
			raise KeyError("inner")
	except KeyError:
		return 1
	return 0


def caught_by_the_caller(x, out):
	try:
		return fills(x, out)
	except ValueError:
		return 9
	except ZeroDivisionError:
		return 10


def fills(x, out):
	for i in prange(x.shape[0]):
		out[i] = picky(x[i], i)
	return 5


def with_a_count(x, out):
	done = 0
	try:
		for i in prange(x.shape[0]):
			out[i] = picky(x[i], i)
			done += 1
	except Unfit:
		pass
	return done


def with_the_round(x, out):
	i = 0
	try:
		for i in prange(x.shape[0]):
			out[i] = picky(x[i], i)
	except Unfit:
		return i
	return -1


@pytest.mark.parametrize("function", [handled_around, with_arrays_and_a_sum, on_two_levels, caught_by_the_caller, with_a_count, with_the_round])
def test_handled_around_the_loop(function):
	scope = {"picky": compiled_picky, "fills": fills}
	compiled = njit(parallel=True)(type(function)(function.__code__, {**globals(), **scope}))
	for x in INPUTS.values():
		want, got = np.zeros(ROUNDS, np.int64), np.zeros(ROUNDS, np.int64)
		expected = outcome(function, x.astype(object), want)
		first = next((i for i in range(ROUNDS) if x[i] in (0, 3, 4)), ROUNDS - 1)
		for _ in range(2):
			got[:] = 0
			assert outcome(compiled, x, got)[:-1] == expected[:-1]
			assert np.array_equal(got[:first], want[:first]) and (function is not with_arrays_and_a_sum or got[-1] == 6)
	serial = "uses variables as the failing round has left them" in compiled.explain()
	assert serial == (function in (with_a_count, with_the_round)) and (serial or "threads" in compiled.explain())


def test_other_loops_in_a_try():
	@njit(parallel=True)
	def f(x, out):
		try:
			for i in range(x.shape[0]):
				out[i] = 12 // x[i]
		except ZeroDivisionError:
			return -1
		return 0
	for x in INPUTS.values():
		out = np.zeros(ROUNDS, np.int64)
		first = next((i for i in range(ROUNDS) if x[i] == 0), ROUNDS)
		assert f(x, out) == (0 if first == ROUNDS else -1) and np.array_equal(out[:first], 12 // x[:first])
	assert "f, line" in f.explain() and ": threads" in f.explain()


def test_on_several_threads():
	from gridjit import get_num_threads, get_thread_id

	@njit(parallel=True)
	def f(x, who):
		for i in prange(x.shape[0]):
			try:
				for k in range(300):
					x[i] = 3 * x[i] % 1001
				x[i] = 7 // (x[i] - x[i])
			except ZeroDivisionError:
				who[i] = get_thread_id()
	if get_num_threads() < 2:
		pytest.skip("there is one thread")
	for _ in range(20):
		x, who = np.full(ROUNDS, 9), np.full(ROUNDS, -1)
		f(x, who)
		assert (who >= 0).all()
		if len(set(who)) > 1:
			return
	raise AssertionError("one thread does it all")


def test_the_earliest_of_rounds_that_raise_outside_of_their_try():
	@njit(parallel=True)
	def f(x, first):
		for i in prange(x.shape[0]):
			if i == first:
				raise ValueError(i)
			try:
				if x[i] > 3:
					raise KeyError(i)
			finally:
				x[i] += 1

	for first, n in (0, 40), (7, 40), (9, 5000):
		x = np.arange(n) % 11
		with pytest.raises((ValueError, KeyError)) as error:
			f(x, first)
		earliest = min(first, 4)
		assert type(error.value) is (ValueError if first == earliest else KeyError) and error.value.args == (earliest,)
