"""Parts of floating-point numbers in memory: ptxas takes st.b8 of what a floating-point instruction gave for a conversion
(src/emit/nvptx/part_stores.c)."""

import re

import numpy as np

import gridjit
from gridjit import cuda, types

PACKED = np.dtype([("a", "i1"), ("x", "f8"), ("h", "f2"), ("c", "c8"), ("f", "f4")])


def kernel(a, low, x):
	i = cuda.grid(1)
	if i < a.size:
		a[i].x = x[i] * 3.0
		a[i].h = a[i].h * a[i].h
		a[i].c = a[i].c * 2j
		f = np.float32(x[i]) * np.float32(3)
		a[i].f = f
		low[i] = f.view(np.int32)


def test_ptx():
	signature = types.Array(gridjit.from_dtype(PACKED), 1, "C"), types.uint8[::1], types.float64[::1]
	lines = cuda.compile_ptx(kernel, signature, cc=(9, 0))[0].splitlines()
	made = {match[2]: match[1] for match in (re.match(r"\s*(\S+)\s+(%\w+),", line) for line in lines) if match}
	stored = [match[1] for match in (re.match(r"\s*st\.\w+\.[bu](?:8|16)\s.*, (%\w+);", line) for line in lines) if match]
	assert len(stored) > 20
	assert not [made[register] for register in stored if re.search(r"\.b?f(16|32|64)", made[register])]


def test_values(device):
	rng = np.random.default_rng(5)
	a, low, x = np.zeros(100, PACKED), np.zeros(100, np.uint8), rng.normal(size=100)
	a["h"], a["c"] = rng.normal(size=100), rng.normal(size=100) + 1j
	want = a.copy()
	want["x"], want["h"], want["f"] = x * 3, a["h"] * a["h"], x.astype(np.float32) * np.float32(3)
	want["c"] = a["c"] * np.complex64(2j)
	cuda.jit(kernel)[1, 128](a, low, x)
	for name in PACKED.names:
		assert np.array_equal(a[name], want[name]), name
	assert np.array_equal(low, want["f"].copy().view(np.uint32).astype(np.uint8))
