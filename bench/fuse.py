"""Fused array expressions of 3, 7 and 15 operations, stored and summed up, beside NumPy, numexpr and JAX's CPU jit where they are
installed: `python bench/fuse.py [elements …]`, or a part of bench.py. Interleaved, the best of several rounds (measure.py), ns an element."""

import os
import sys

import numpy as np

import gridjit
from measure import cpu_and_load, interleaved

try:
	import numexpr
except ImportError:
	numexpr = None
try:
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
SIZES = ("10 K", 10_000, "f4"), ("10 K", 10_000, "f8"), ("1 M", 1_000_000, "f4"), ("1 M", 1_000_000, "f8"), ("16 M", 16_000_000, "f4")


def function(text, module):
	return eval(f"lambda a, b, c: {text}", {name: getattr(module, name) for name in ("where", "sqrt", "sum")})


def ways(text, arrays):
	"""What computes it: name and call."""
	a, b, c = arrays
	plain = function(text, np)
	fused = gridjit.fuse(plain)
	yield "gridjit", lambda i: fused(a, b, c)
	yield "NumPy", lambda i: plain(a, b, c)
	if numexpr:
		inner = text.removeprefix("sum(").removesuffix(")") if text.startswith("sum(") else text
		whole = f"sum({inner})" if text.startswith("sum(") else text
		yield "numexpr", lambda i: numexpr.evaluate(whole, {"a": a, "b": b, "c": c})
	if jax:
		compiled, given = jax.jit(function(text, jax.numpy)), [jax.numpy.asarray(x) for x in arrays]
		yield "JAX", lambda i: compiled(*given).block_until_ready()


def all_rows(sizes):
	for label, n, dtype in sizes:
		arrays = [np.random.default_rng(i).random(n).astype(dtype) for i in range(3)]
		for count, text in TEXTS.items():
			for what in (text, f"sum({text})"):
				times = interleaved(dict(ways(what, arrays)), rounds=7 if n < 1 << 23 else 4, pick=min)
				yield {"what": f"{count} operations{' and their sum' if what != text else ''}, {label} {np.dtype(dtype)}", "unit": "ns",
					"times": {who: t / n * 1e9 for who, t in times.items()}, "asked": [(1, "the best"), (4, "NumPy")]}


def run(quick=False):
	"""For bench.py."""
	device = cpu_and_load()
	return {"device": device, "rows": list(all_rows(SIZES[:1] if quick else SIZES))}


if __name__ == "__main__":
	from report import row_text
	for row in all_rows([(f"{int(float(x)):,}", int(float(x)), dtype) for x in sys.argv[1:] for dtype in ("f4", "f8")] or SIZES):
		print(row_text(row), flush=True)
