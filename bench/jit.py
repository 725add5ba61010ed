"""Functions for the host: loops, recursion, calls, compilation; loops that threads share. Usage: python bench/jit.py [numba] [parallel], each
where it is installed; the best of several rounds, ns a unit. The rows of `parallel` are in processor time, which other programs disturb
least, so set GRIDJIT_CPU_THREADS or NUMBA_NUM_THREADS to 1."""

import math
import os
import sys
import time
import timeit

import numpy as np

os.environ["GRIDJIT_CACHE"] = "0"              # compiling is measured, not the disk
if "numba" in sys.argv[1:]:
	from numba import njit, prange
else:
	from gridjit import njit, prange


@njit
def squares(x):
	s = 0.0
	for i in range(x.shape[0]):
		s += x[i] * x[i]
	return s


@njit(fastmath=True)
def squares_fast(x):
	s = 0.0
	for i in range(x.shape[0]):
		s += x[i] * x[i]
	return s


@njit
def laplace(u, v):
	for i in range(1, u.shape[0] - 1):
		for j in range(1, u.shape[1] - 1):
			v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


@njit
def product(a, b, c):
	n = a.shape[0]
	for i in range(n):
		for j in range(n):
			s = 0.0
			for k in range(n):
				s += a[i, k] * b[k, j]
			c[i, j] = s


@njit
def quicksort(a, low, high):
	i, j, p = low, high, a[(low + high) // 2]
	while i <= j:
		while a[i] < p:
			i += 1
		while a[j] > p:
			j -= 1
		if i <= j:
			a[i], a[j] = a[j], a[i]
			i += 1
			j -= 1
	if low < j:
		quicksort(a, low, j)
	if i < high:
		quicksort(a, i, high)


@njit
def collatz(n):
	longest = 0
	for start in range(1, n):
		x, steps = start, 0
		while x != 1:
			x = x // 2 if x % 2 == 0 else 3 * x + 1
			steps += 1
		longest = max(longest, steps)
	return longest


@njit
def fibonacci(n):
	return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@njit
def pi(n):
	inside = 0
	for _ in range(n):
		x, y = np.random.random(), np.random.random()
		inside += x * x + y * y < 1
	return 4 * inside / n


@njit
def metropolis(n):
	x = total = 0.0
	for _ in range(n):
		new = x + np.random.normal(0.0, 0.5)
		if np.random.random() < np.exp((x * x - new * new) / 2):
			x = new
		total += x
	return total / n


@njit
def dice(n):
	total = 0
	for _ in range(n):
		total += np.random.randint(1, 7)
	return total


@njit
def expression(a, x, y):
	return a * x + y


@njit
def two_ints(a, b):
	return a + b


@njit
def two_arrays(a, b):
	return a[0] + b[0]


# -- Loops that threads share, and vectors of math functions -------------------------------------------------------------------

@njit
def exponentials(x, out):
	for i in range(x.shape[0]):
		out[i] = math.exp(x[i])


@njit
def waves(x, out):
	for i in range(x.shape[0]):
		out[i] = math.exp(x[i]) * math.sin(x[i]) + math.sqrt(x[i])


@njit(parallel=True)
def shared_waves(x, out):
	for i in prange(x.shape[0]):
		out[i] = math.exp(x[i]) * math.sin(x[i]) + math.sqrt(x[i])


@njit(parallel=True)
def dot(x, y):
	s = 0.0
	for i in prange(x.shape[0]):
		s += x[i] * y[i]
	return s


@njit(parallel=True)
def mandelbrot(out, most):
	h, w = out.shape
	for i in prange(h):
		for j in range(w):
			a, b = -2 + 3 * j / w, -1.5 + 3 * i / h
			x = y = 0.0
			n = 0
			while x * x + y * y < 4 and n < most:
				x, y = x * x - y * y + a, 2 * x * y + b
				n += 1
			out[i, j] = n


@njit(parallel=True)
def shared_product(a, b, c):
	for i in prange(a.shape[0]):
		for j in range(b.shape[1]):
			s = 0.0
			for k in range(a.shape[1]):
				s += a[i, k] * b[k, j]
			c[i, j] = s


@njit(parallel=True)
def convolved(u, k, v):
	for i in prange(1, u.shape[0] - 1):
		for j in range(1, u.shape[1] - 1):
			s = 0.0
			for a in range(3):
				for b in range(3):
					s += k[a, b] * u[i + a - 1, j + b - 1]
			v[i, j] = s


@njit(parallel=True)
def near(x, y, out):
	for i in prange(x.shape[0]):
		for j in range(y.shape[0]):
			out[i, j] = math.exp(-abs(x[i] - y[j]))


@njit(parallel=True)
def stencil_2d(u, v):
	for i in prange(1, u.shape[0] - 1):
		for j in range(1, u.shape[1] - 1):
			v[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])


@njit(parallel=True)
def stencil_3d(u, v):
	for i in prange(1, u.shape[0] - 1):
		for j in range(1, u.shape[1] - 1):
			for k in range(1, u.shape[2] - 1):
				v[i, j, k] = (u[i - 1, j, k] + u[i + 1, j, k] + u[i, j - 1, k] + u[i, j + 1, k] + u[i, j, k - 1] + u[i, j, k + 1]) / 6


@njit(parallel=True)
def line(x, y):
	for i in prange(x.shape[0]):
		y[i] = 2 * x[i] + 1


@njit(parallel=True)
def rows_summed(u):
	total = np.zeros(u.shape[1])
	for i in prange(u.shape[0]):
		total += u[i]
	return total


@njit(parallel=True)
def summed(x, y):
	return (x * y).sum()


@njit(parallel=True)
def shared_expression(x, y):
	return 2 * x * x + y


@njit(parallel=True)
def diffused(u, v):
	v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])


def best_processor_time(f, units, number=1, rounds=15):
	f()
	return min(timeit.repeat(f, timer=time.process_time, number=number, repeat=rounds)) / number / units * 1e9


def parallel_rows(rng):
	x, u, w = rng.random(1_000_000), rng.random((1000, 1000)), rng.random((100, 100, 100))
	y, v, w2, few, image = x.copy(), u.copy(), w.copy(), np.ones(1000), np.zeros((512, 512), np.int32)
	square = rng.random((256, 256))
	run = best_processor_time
	return {
		"exp, serial": run(lambda: exponentials(x, y), x.size), "exp * sin + sqrt, serial": run(lambda: waves(x, y), x.size),
		"exp * sin + sqrt, prange": run(lambda: shared_waves(x, y), x.size), "dot, prange": run(lambda: dot(x, y), x.size),
		"Mandelbrot, prange": run(lambda: mandelbrot(image, 100), image.size),
		"product of 256 x 256, prange over rows": run(lambda: shared_product(square, square, v), 256 ** 3, 1, 7),
		"convolution 3 x 3, prange over rows": run(lambda: convolved(u, square, v), u.size),
		"exp(-|x[i] - y[j]|), prange over rows": run(lambda: near(x[:1000], y[:1000], v), u.size),
		"stencil in 2-D, prange": run(lambda: stencil_2d(u, v), u.size), "stencil in 3-D, prange": run(lambda: stencil_3d(w, w2), w.size),
		"prange over 1,000 items, a call": run(lambda: line(few, few), 1, 1000), "total += u[i], prange": run(lambda: rows_summed(u), u.size),
		"(x * y).sum()": run(lambda: summed(x, y), x.size), "2 * x * x + y, a new array": run(lambda: shared_expression(x, y), x.size),
		"stencil of slices": run(lambda: diffused(u, v), u.size),
	}


def compile_time():
	@njit
	def loop(x):
		s = 0.0
		for i in range(x.shape[0]):
			if x[i] > 0.5:
				s += x[i]
			else:
				s -= 1
		return s
	start = timeit.default_timer()
	loop(np.ones(3))
	return timeit.default_timer() - start


def best(f, units, number=1, rounds=7):
	f()
	return min(timeit.repeat(f, number=number, repeat=rounds)) / number / units * 1e9


def main():
	rng = np.random.default_rng(1)
	if "parallel" in sys.argv[1:]:
		show(parallel_rows(rng))
		return
	x, u, a, r = rng.random(1_000_000), rng.random((1000, 1000)), rng.random((256, 256)), rng.random(200_000)
	v, c, small = u.copy(), a.copy(), np.ones(10)
	rows = {
		"sum of squares": best(lambda: squares(x), x.size), "the same, fastmath": best(lambda: squares_fast(x), x.size),
		"Laplace step": best(lambda: laplace(u, v), u.size), "naive matrix product 256": best(lambda: product(a, a, c), 256**3),
		"quicksort": best(lambda: quicksort(r.copy(), 0, r.size - 1), r.size), "Collatz": best(lambda: collatz(30_000), 30_000),
		"Fibonacci(30)": best(lambda: fibonacci(30), 1_346_269), "a * x + y, a new array": best(lambda: expression(2.0, x, x), x.size),
		"pi by chance, a number": best(lambda: pi(200_000), 400_000), "Metropolis, a step": best(lambda: metropolis(200_000), 200_000),
		"dice": best(lambda: dice(200_000), 200_000),
		"call with two ints": best(lambda: two_ints(1, 2), 1, 200_000), "call with two arrays": best(lambda: two_arrays(small, small), 1, 200_000),
		"compile a ten-line loop, ms": min(compile_time() for _ in range(3)) * 1e3,
	}
	show(rows)


def show(rows):
	for name, value in rows.items():
		print(f"{name:32} {value:10.3f}")


if __name__ == "__main__":
	main()
