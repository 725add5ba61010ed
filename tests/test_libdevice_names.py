"""cuda.libdevice: every function on the CPU device beside what it is in Python, and PTX of all of them where libdevice is."""

import functools
import itertools
import math
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gridjit import _core, cuda
from gridjit.cuda import _libdevice
from libdevice_reference import reference

DTYPES = {"d": np.float64, "f": np.float32, "h": np.int16, "i": np.int32, "l": np.int64}
TABLE = (Path(__file__).resolve().parent.parent / "src/ir/libdevice.def").read_text()
ROWS = {name: (results, operands) for name, results, operands in re.findall(r'^LIBDEVICE\((\w+), +"(\w+)", +"(\w+)"', TABLE, re.M)}


def numbers(letter, seed, finite):
	random = np.random.default_rng(seed)
	if letter in "df":
		t = DTYPES[letter]
		wide = 30 if letter == "f" else 250
		values = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, -0.75, 0.9999, 3.7, -8.25, 20.5, 40.0, 1e-5, 2.0**31, -2.0**31 - 4096, 1e10]
		values += [*random.normal(size=8), *(random.normal(size=8) * 10.0 ** random.uniform(-wide / 8, wide / 8, 8)), *random.uniform(-1, 1, 6)]
		values += [] if finite else [math.inf, -math.inf, math.nan]
		return [float(t(x)) for x in values]
	bits = {"h": 16, "i": 32, "l": 64}[letter]
	top = 1 << (bits - 1)
	values = [0, 1, -1, 2, 5, top - 1, -top, top - 2, 0x1234 % top, -77, 1 << (bits // 2)]
	return values + [int(random.integers(-top, top - 1)) >> int(random.integers(0, bits - 2)) for _ in range(20)]


@functools.cache
def operands(name):
	"""Columns of operands, all of their edges together where there are two."""
	letters, (_, _, anything) = ROWS[name][1], reference(name)
	lists = [numbers(x, 7 * k, not anything) for k, x in enumerate(letters)]
	if re.match(r"(ldexp|scalbn|powi)", name):
		lists[1] = [0, 1, -1, 3, -4, 10, -20, 40, 200, -200, 2000, -2000]
	if name in ("jn", "jnf", "yn", "ynf"):
		lists = [[0, 1, 2, 3, 5], [0.0, 0.5, 1.0, 3.0, 7.25, 12.0, math.inf]]
	elif re.match(r"[jy][01]", name):
		lists = [[0.0, 0.1, 0.5, 1.0, 2.2, 5.0, 9.5, 15.0, math.inf, math.nan]]
	elif name.startswith("cyl_bessel"):
		lists[0] = [x for x in lists[0] if abs(x) < 80 or not math.isfinite(x)] + [0.001, 29.5, 31.0, -75.0]
	elif "inv" in name:
		lists[0] = [0.0, 1.0, 0.5, 0.25, 0.9, 1e-3, 0.999, 1e-6] + ([2.0, 1.9, 1e-30] if "erfc" in name else [-0.3, -1.0] if "erf" in name else [1e-30])
	elif name.startswith("normcdf"):
		lists[0] = [x for x in lists[0] if abs(x) < 12 or not math.isfinite(x)]
	elif name.startswith("fast_"):
		lists = [[0.1, 0.5, 1.0, 1.4, 2.0, 3.0, 7.5] if k == 0 or "divide" not in name else [0.3, 2.0, 7.0] for k in range(len(lists))]
	elif re.match(r"remquo|fast_fdiv", name):
		lists = [[x for x in numbers(letters[0], k, True) if 0.01 < abs(x) < 1000] for k in range(2)]
	if name.startswith("powi"):
		lists = [[0.0, -0.0, 1.0, -1.0, 0.5, -1.5, 2.5, 3.7, -8.25, math.inf, -math.inf, math.nan], [0, 1, -1, 2, 3, -4, 10, -20]]
	if re.match(r"[df](rcp|div)_|rcp64h", name):
		lists[-1] = [x for x in lists[-1] if x]
	few = [one[:9] + one[-3:] for one in lists]
	rows = list(itertools.product(*few)) if len(lists) == 2 else []
	rows += zip(*(one * (40 // len(one) + 1) if len(lists) > 1 else one for one in lists))
	if len(lists) > 2:
		random = np.random.default_rng(1)
		rows += [tuple(one[int(random.integers(len(one)))] for one in lists) for _ in range(150)]
	return [np.array(column, DTYPES[x]) for column, x in zip(zip(*rows), letters)]


def kernel_of(names, letters, results):
	"""One that computes all these functions, of one signature, each of operands of its own."""
	args = [f"{x}{k}" for k in range(len(names)) for x in "abcd"[:len(letters)]]
	outs = [f"o{k}{r}" for k in range(len(names)) for r in range(len(results))]
	lines = []
	for k, name in enumerate(names):
		values = ", ".join(f"{x}{k}[i]" for x in "abcd"[:len(letters)])
		lines += [f"\tif i < o{k}0.size:", f"\t\t{', '.join(f'o{k}{r}[i]' for r in range(len(results)))} = L.{name}({values})"]
	scope = {"L": cuda.libdevice, "cuda": cuda}
	exec(f"def kernel({', '.join(args + outs)}):\n\ti = cuda.grid(1)\n" + "\n".join(lines), scope)
	return scope["kernel"]


def groups(size=24):
	alike = {}
	for name, row in ROWS.items():
		alike.setdefault(row, []).append(name)
	return [(row, names[k:k + size]) for row, names in alike.items() for k in range(0, len(names), size)]


def gpus_error(name, letter, want):
	"""What CUDA's documentation grants its own functions beyond their ulps: those of the special function unit, and near zeros of
	Bessel functions and the logarithm of gamma."""
	if name.startswith("fast_"):
		return 1e-5 * abs(want) + 2.0 ** -20 * bool(re.search("sin|cos|tan", name))
	return (1e-6 if letter == "f" else 1e-11) * bool(re.match(r"[jy][01n]|cyl_bessel|lgamma", name))


def differ(got, want, letter, ulps, name, signs, on_gpu):
	"""Is a result another one than it should be? signs: the reference says those of zeros."""
	if letter in "hil":
		return int(got) != int(want)
	if math.isnan(want) or math.isnan(got):
		return math.isnan(want) != math.isnan(got)
	t = DTYPES[letter]
	with np.errstate(all="ignore"):
		want = float(t(want))
		if got == want:
			return got == 0 and ulps == 0 and signs and math.copysign(1, got) != math.copysign(1, want)
		size = max(abs(want), float(np.finfo(t).tiny))
		zeros = 1e-14 if re.match(r"[jy][01n]|cyl_bessel|lgamma", name) else 0.0      # what the reference says of them
		return not abs(got - want) <= ulps * float(np.spacing(t(size))) + zeros + on_gpu * gpus_error(name, letter, want)


@pytest.mark.parametrize("row, names", groups(), ids=lambda value: value[0] if isinstance(value, list) else "")
def test_functions(device, row, names):
	results, letters = row
	ins = [operands(name) for name in names]
	outs = [[np.zeros(len(columns[0]), DTYPES[x]) for x in results] for columns in ins]
	most = max(len(columns[0]) for columns in ins)
	cuda.jit(kernel_of(names, letters, results))[(most + 63) // 64, 64](*[c for columns in ins for c in columns], *[o for one in outs for o in one])
	wrong = []
	for name, columns, out in zip(names, ins, outs):
		f, ulps, anything = reference(name)
		bad = []
		for i, args in enumerate(zip(*(c.tolist() for c in columns))):
			with np.errstate(all="ignore"):
				want = f(*args)
			got = [o[i].item() for o in out]
			want = list(want) if len(results) > 1 else [want]
			if name.startswith("remquo"):                                # at least three bits of the quotient
				want[1], got[1] = abs(want[1]) & 7, abs(got[1]) & 7
			if device == "cuda" and name in ("jn", "jnf") and args[1] == 0:  # NaN there
				continue
			if any(differ(g, w, x, ulps, name, anything, device == "cuda") for g, w, x in zip(got, want, results)):
				bad.append((args, got, want))
		if bad:
			wrong.append(f"{name}: {len(bad)} of {len(columns[0])}, {bad[:3]}")
	assert not wrong, "\n".join(wrong)


def test_the_table():
	"""All of libdevice but what takes an array; names as users see them, and their types."""
	assert len(ROWS) == 343 and set(ROWS) == {n for n in dir(cuda.libdevice) if not n.startswith("_")}
	from gridjit.cuda.libdevice import erfinv
	assert erfinv == cuda.libdevice.erfinv
	L, of = cuda.libdevice, _core.as_type
	assert _core.return_type(lambda x: L.frexp(x), (of("int8"),)) is of("Tuple((float64, int32))")
	assert _core.return_type(lambda x: L.sincosf(x), (of("float64"),)) is of("UniTuple(float32, 2)")
	assert _core.return_type(lambda x: L.umulhi(x, 3), (of("uint32"),)) is of("int32")


library = _libdevice.find()


@pytest.mark.skipif(not library, reason="needs libdevice")
@pytest.mark.parametrize("row, names", groups(60), ids=lambda value: value[0] if isinstance(value, list) else "")
def test_ptx(row, names):
	results, letters = row
	kernel = kernel_of(names, letters, results)
	types = [_core.as_type(np.dtype(DTYPES[x]))[::1] for _ in names for x in letters] + [_core.as_type(np.dtype(DTYPES[x]))[::1] for _ in names for x in results]
	ptx, _ = cuda.compile_ptx(kernel, tuple(types), cc=(8, 0))
	assert "__nv_" not in re.sub(r"//.*", "", ptx), "all of the library is linked"


@pytest.mark.skipif(not library or not shutil.which("ptxas"), reason="needs libdevice and ptxas")
def test_ptxas_takes_it():
	def kernel(x, out):
		i = cuda.grid(1)
		L = cuda.libdevice
		m, e = L.frexp(x[i])
		r, q = L.remquo(x[i], 0.3)
		s, c = L.sincospi(x[i])
		out[i] = m + e + r + q + s + c + L.fma_ru(x[i], 2.0, 3.0) + L.fast_sinf(x[i]) + L.byte_perm(i, 3, 0x2134) + L.dadd_rn(x[i], 1.0) + L.half2float(i)
	ptx = cuda.compile_ptx(kernel, (_core.as_type("float64")[::1],) * 2, cc=(8, 0))[0]
	subprocess.run(["ptxas", "-arch=sm_80", "-o", "/dev/null", "-"], input=ptx.encode(), check=True, capture_output=True)
