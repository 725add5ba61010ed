"""Ufuncs on the CPU beside numba's, NumPy's and numexpr's: `python bench/ufuncs.py [a word of the names]`, or a part of bench.py. One run,
everything interleaved, the best of several rounds (measure.py): processor time of target cpu, wall time of parallel. Peers that are not
installed are left out."""

import math
import sys
import time

import numpy as np

import gridjit
from measure import cpu_and_load, interleaved, processor_clock, wall_clock

try:
	import numba
except ImportError:
	numba = None
try:
	import numexpr
except ImportError:
	numexpr = None


def black_scholes(s, k, t):
	d1 = (math.log(s / k) + (0.02 + 0.045) * t) / (0.3 * math.sqrt(t))
	d2 = d1 - 0.3 * math.sqrt(t)
	n1 = 0.5 + 0.5 * math.erf(d1 * 0.7071067811865476)
	n2 = 0.5 + 0.5 * math.erf(d2 * 0.7071067811865476)
	return s * n1 - k * math.exp(-0.02 * t) * n2


def iteration(x, y):
	n = 0
	while x > 1.0 and n < 40:
		if x > y:
			x = x * 0.5
		else:
			x = x * 0.75 + 0.1
		n += 1
	return x + n


def stream(a, b):
	return a * b + a - b


def row_mean(x, out):
	total = 0.0
	for i in range(x.shape[0]):
		total += x[i]
	out[0] = total / x.shape[0]


def product(a, b, out):
	for i in range(a.shape[0]):
		for j in range(b.shape[1]):
			total = 0.0
			for k in range(a.shape[1]):
				total += a[i, k] * b[k, j]
			out[i, j] = total


TARGETS = "cpu", "parallel"


def both(function, signature, layout=None):
	"""The function as ufuncs of this package and of numba, on one core and on all."""
	made = {}
	for name, package in (("gridjit", gridjit), ("numba", numba)):
		for target in TARGETS if package else ():
			args = ([signature], layout) if layout else ([signature],)
			made[f"{name} {target}"] = getattr(package, "guvectorize" if layout else "vectorize")(*args, target=target)(function)
	return made


def calls(ufuncs, *args, **more):
	return {**{name: lambda i, f=f: f(*args) for name, f in ufuncs.items()}, **more}


def rows_of(what, per, unit, scale, asked, variants):
	"""A row for each target: numba's threads spin for a while after each call, so that its parallel loops run apart. asked: how many times
	as fast as whom."""
	for target in TARGETS:
		chosen = {who: run for who, run in variants.items() if who.split()[-1] not in TARGETS or who.endswith(target)}
		times = interleaved(chosen, processor_clock if target == "cpu" else wall_clock, rounds=7, pick=min)
		times = {who.removesuffix(f" {target}"): t / per * scale for who, t in times.items()}
		yield {"what": f"{what}, {target}", "unit": unit, "times": times, "asked": asked}


def compute(n):
	rng = np.random.default_rng(0)
	s, k, t = rng.uniform(5, 30, n), rng.uniform(1, 100, n), rng.uniform(0.25, 10, n)
	out = np.empty(n)
	yield from rows_of("Black-Scholes, 1 M float64", n, "ns", 1e9, [(8, "numba")],
		calls(both(black_scholes, "float64(float64, float64, float64)"), s, k, t, out))
	yield from rows_of("a loop with branches, 1 M float64", n, "ns", 1e9, [(8, "numba")], calls(both(iteration, "float64(float64, float64)"), k, t, out))


def streaming(most):
	ufuncs = both(stream, "float32(float32, float32)")
	for label, n in (("256 K", 1 << 18), ("4 M", 1 << 22), ("64 M", 1 << 26)):
		n = min(n, most)
		a, b, out = np.ones(n, np.float32), np.ones(n, np.float32), np.empty(n, np.float32)

		def in_numpy(i, a=a, b=b, out=out):
			np.multiply(a, b, out=out)
			np.add(out, a, out=out)
			np.subtract(out, b, out=out)

		peers = {"NumPy": in_numpy}
		if numexpr:
			peers["numexpr"] = lambda i, a=a, b=b, out=out: numexpr.evaluate("a*b + a - b", out=out)
		yield from rows_of(f"`a*b + a - b`, {label} float32", n, "ns", 1e9, [(1, "the best")], calls(ufuncs, a, b, out, **peers))


def small(most):
	for n in (1, 1000):
		a = np.ones(n)
		yield from rows_of(f"a call on {n}", 1, "µs", 1e6, [(2 / 3, "NumPy")], calls(both(lambda a, b: a + b, "float64(float64, float64)"), a, a, **{
			"NumPy": lambda i, a=a: np.add(a, a)}))


def rows(n):
	x = np.random.default_rng(0).normal(size=(n // 10, 64))
	out = np.empty(len(x))
	yield from rows_of("means of rows of 64", len(x), "ns", 1e9, [(1, "the best")], calls(both(row_mean, "void(float64[:], float64[:])", "(n)->()"), x, out,
		**{"NumPy": lambda i: np.mean(x, axis=1, out=out)}))
	for size in (3, 8, 16, 32):
		k = n // 2 // size**2
		a, b = np.random.default_rng(0).normal(size=(2, k, size, size))
		c = np.empty_like(a)
		signature = "void(float64[:, :], float64[:, :], float64[:, :])"
		yield from rows_of(f"products of {size} × {size} float64", k, "ns", 1e9, [(1, "the best")],
			calls(both(product, signature, "(m,n),(n,p)->(m,p)"), a, b, c, **{"NumPy": lambda i, a=a, b=b, c=c: np.matmul(a, b, out=c)}))


def first_call(most):
	"""A lazy ufunc from its decoration to its first result; constants differ, so that no cache has it."""
	x = np.ones(10)
	times = {}
	for name, package in (("gridjit", gridjit), ("numba", numba)):
		samples = []
		for i in range(6 if package else 0):
			scope = {}
			exec(f"def f(a, b): return a * {i}.{time.time_ns()} + b if a > b else b - a", scope)
			start = time.perf_counter()
			package.vectorize(scope["f"])(x, x)
			samples.append(time.perf_counter() - start)
		if samples:
			times[name] = min(samples[1:]) * 1e3
	yield {"what": "first call of a lazy ufunc", "unit": "ms", "times": times, "asked": [(5, "numba")]}


def all_rows(words=(), n=1 << 20, most=1 << 26):
	for part, size in ((compute, n), (streaming, most), (small, most), (rows, n), (first_call, most)):
		if not words or any(word in part.__name__ for word in words):
			yield from part(size)


def run(quick=False):
	"""For bench.py."""
	device = cpu_and_load()
	return {"device": device, "rows": list(all_rows(n=1 << 14, most=1 << 16) if quick else all_rows())}


if __name__ == "__main__":
	from report import row_text
	for row in all_rows(sys.argv[1:]):
		print(row_text(row), flush=True)
