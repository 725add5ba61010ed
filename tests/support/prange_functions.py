"""Loops over prange as users write them: each gives the same, compiled with parallel=True, as the function in Python. CASES: function and
the arguments that it is tried with, by name."""

import numpy as np

from gridjit import njit, prange

CASES = {}
RANDOM = np.random.default_rng(5).random


def case(*makers):
	def register(function):
		CASES[function.__name__] = function, makers
		return function
	return register


def vectors(*sizes):
	return [lambda n=n: (RANDOM(n),) for n in sizes]


@case(*vectors(0, 1, 31, 32, 33, 5000))
def elements(a):
	for i in prange(a.shape[0]):
		a[i] = 2 * a[i] + i
	return 0


@case(*vectors(0, 1, 31, 32, 33, 5000))
def sums(a):
	s, t, n = 1.5, 2.0, 0
	for i in prange(a.shape[0]):
		s += a[i]
		t = a[i] + t
		n += i
	return s, t, n


@case(*vectors(0, 40, 1500))
def other_sums(a):
	s, p, q, c = 3.0, 2.0, 5.0, 1j
	for i in prange(a.shape[0]):
		s -= a[i]
		p *= 0.999 + a[i] / 1000
		q /= 1.001 - a[i] / 1000
		c += a[i] * 1j + 2
	return s, p, q, c


@case(*vectors(0, 40, 1500))
def bits(a):
	x, y, z = 0, -1, 12345
	for i in prange(a.shape[0]):
		k = int(a[i] * 1000)
		x |= k
		y &= k | 64
		z ^= k
	return x, y, z


@case(*vectors(0, 40, 1500))
def extremes(a):
	low, high, least, most, top, int_low = 0.5, 0.4, 9.0, -1.0, -1.0, 1000
	for i in prange(a.shape[0]):
		low = min(low, a[i])
		high = max(a[i], high)
		if a[i] < least:
			least = a[i]
		if i % 3 and most <= a[i]:
			most = a[i]
		top = a[i] if a[i] > top else top
		for j in range(3):
			v = int(a[i] * 1000) + j
			if v <= int_low:
				int_low = v
	return low, high, least, most, top, int_low


@case(*[lambda n=n: ((RANDOM(n) * 50).astype(int),) for n in (0, 1, 33, 1500)])
def extremes_below_conditions(a):
	most, least, last, rare, seen = -5, 60, -5, 60, False
	for i in prange(a.shape[0]):
		if a[i] > 20:
			if i % 3:
				if a[i] % 7 > most:
					most = a[i] % 7
			if a[i] > 20:
				if i % 5 and a[i] % 11 >= last:
					last = a[i] % 11
		elif i % 2:
			if a[i] > 10:
				seen = True
			else:
				if least > a[i] // 3 + 1:
					least = a[i] // 3 + 1
		elif rare >= a[i] % 5:
			rare = a[i] % 5
	return most, least, last, rare, seen


@case(lambda: (np.array([np.nan, 1.0, np.nan]), 0.5), lambda: (np.array([1.0, 2.0]), np.nan), lambda: (np.full(50, np.nan), -np.inf))
def extremes_of_nan(a, start):
	high = start
	for i in prange(a.shape[0]):
		if a[i] > high:
			high = a[i]
	return high


@case(*vectors(0, 40, 1500))
def truths(a):
	some, every, flag, cleared = False, True, False, True
	for i in prange(a.shape[0]):
		some = some or a[i] > 0.97
		every = every and a[i] < 0.97
		if a[i] > 0.999:
			flag = True
		if a[i] > 0.97:
			cleared = False
	return some, every, flag, cleared


@case(*vectors(0, 40, 1500))
def under_conditions(a):
	s, n = 1.0, 0
	for i in prange(a.shape[0]):
		if a[i] > 0.5:
			s += a[i]
			n += 1
		elif a[i] > 0.2:
			continue
		else:
			n += 10
		for j in range(i % 5):
			s += j * a[i]
	return s, n


@case(*vectors(0, 40))
def tuples(a):
	s = (0.0, 1)
	for i in prange(a.shape[0]):
		s = (s[0] + a[i], s[1] * -1)
	return s


@case(*vectors(0, 1, 40, 1500))
def last(a):
	x, i = -1.0, -7
	for i in prange(a.shape[0]):
		x = 3 * a[i]
	return x, i


@case(lambda: (np.zeros((37, 41)),))
def nested(a):
	for i in prange(a.shape[0]):
		for j in prange(a.shape[1]):
			a[i, j] += 10 * i + j
	return 0


@case(lambda: (np.zeros((3, 41)),))
def in_a_loop(a):
	s = 0.0
	for i in range(a.shape[0]):
		for j in prange(a.shape[1]):
			a[i, j] += 10 * i + j
			s += j
	return s


@case(*[lambda n=n, t=t: (t(n),) for n in (0, 1, 77) for t in (int, np.int32, np.uint64, np.int8)])
def of_integers(n):
	s, last = 0, 0
	for i in prange(n):
		s += i * i
		last = i
	return s, last


@case(*[lambda k=k: (np.zeros(100), *k) for k in ((0, 100, 3), (99, -1, -1), (99, 2, -7), (5, 5, 1), (5, 3, 1), (-3, 2, 2))])
def steps(a, start, stop, step):
	s = 0
	for i in prange(start, stop, step):
		a[i] = i
		s += i
	return s


@case(*vectors(60))
def left_early(a):
	n = 0
	for i in prange(a.shape[0]):
		if a[i] > 0.9:
			break
		a[i] = 0
		n = i
	return n


@case(*vectors(60))
def returned_from(a):
	for i in prange(a.shape[0]):
		if a[i] > 0.9:
			return i
	return -1


@njit
def total(a):
	t = 0.0
	for i in prange(a.shape[0]):
		t += a[i]
	return t


@case(*vectors(0, 1000))
def in_callees(a):
	return total(a) + total(a[1:] if a.shape[0] else a)


@case(*vectors(100))
def of_a_vector(a):
	b = a[10:60]
	for i in prange(b.shape[0] - 2):
		k = -1 - i
		b[i] = a[k] + b[-1]
	return b[0]


@case(*vectors(400))
def large_body(a):
	s = 0.0
	for i in prange(a.shape[0]):
		x = a[i]
		for _ in range(3):
			if x > 0.5:
				x = x * x + 0.1 - x / 3
			elif x > 0.25:
				x = x + 0.3 * x * x
			else:
				x += 0.7
		y = x + 1 / (1 + x) + 1 / (2 + x) + 1 / (3 + x) + 1 / (4 + x) + 1 / (5 + x) + 1 / (6 + x) + 1 / (7 + x) + 1 / (8 + x)
		y = y + x ** 3 - x ** 2 + 1 / (9 + x) + 1 / (10 + x) + 1 / (11 + x) + 1 / (12 + x) + 1 / (13 + x) + 1 / (14 + x)
		a[i] = y
		s += y
	return s
