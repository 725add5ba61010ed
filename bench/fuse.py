"""Fused array expressions of 3, 7 and 15 operations, stored and summed up, beside NumPy, numexpr and JAX's CPU jit where they are
installed: medians in one run, ns an element. Usage: python bench/fuse.py [elements …]."""

import statistics
import sys
import time

import numpy as np

import gridjit

try:
	import numexpr
except ImportError:
	numexpr = None
try:
	import os
	os.environ.setdefault("JAX_PLATFORMS", "cpu")
	os.environ.setdefault("JAX_ENABLE_X64", "1")
	import jax
except ImportError:
	jax = None

TEXTS = {
	3: "a * b + c * a",
	7: "(a * b + c) / (a * a + b * b + 1)",
	15: "where(a > b, a * a + b * c - a, b * b - c) * (a + b + c) / (sqrt(a * a + b * b + c * c) + 1)",
}
ROUNDS, SECONDS = 7, 0.05


def function(text, module):
	return eval(f"lambda a, b, c: {text}", {name: getattr(module, name) for name in ("where", "sqrt", "sum")})


def seconds(call):
	"""The median time of a call: of rounds of as many calls as take a while."""
	call()
	start, n = time.perf_counter(), 0
	while n < 2 or time.perf_counter() - start < SECONDS:
		call()
		n += 1
	times = []
	for _ in range(ROUNDS):
		start = time.perf_counter()
		for _ in range(n):
			call()
		times.append((time.perf_counter() - start) / n)
	return statistics.median(times)


def ways(text, arrays):
	"""What computes it: name and call."""
	a, b, c = arrays
	plain = function(text, np)
	fused = gridjit.fuse(plain)
	yield "gridjit", lambda: fused(a, b, c)
	yield "numpy", lambda: plain(a, b, c)
	if numexpr:
		inner = text.removeprefix("sum(").removesuffix(")") if text.startswith("sum(") else text
		whole = f"sum({inner})" if text.startswith("sum(") else text
		yield "numexpr", lambda: numexpr.evaluate(whole, {"a": a, "b": b, "c": c})
	if jax:
		compiled, given = jax.jit(function(text, jax.numpy)), [jax.numpy.asarray(x) for x in arrays]
		yield "jax", lambda: compiled(*given).block_until_ready()


def main(sizes):
	print(f"{'operations':>12} {'elements':>10} {'dtype':>8}  ns an element; NumPy's time as a multiple of ours; ours of the best other's")
	for n in sizes:
		for dtype in (np.float64, np.float32):
			arrays = [np.random.default_rng(i).random(n).astype(dtype) for i in range(3)]
			for count, text in TEXTS.items():
				for what in (text, f"sum({text})"):
					t = {name: seconds(call) / n * 1e9 for name, call in ways(what, arrays)}
					others = min(x for name, x in t.items() if name != "gridjit")
					label = f"{count}{' + sum' if what != text else ''}"
					print(f"{label:>12} {n:>10} {np.dtype(dtype).name:>8}  "
						+ "  ".join(f"{name} {x:.3f}" for name, x in t.items())
						+ f"  {t['numpy'] / t['gridjit']:.1f} ×  {t['gridjit'] / others:.2f}", flush=True)


if __name__ == "__main__":
	main([int(float(x)) for x in sys.argv[1:]] or [10_000, 1_000_000, 16_000_000])
