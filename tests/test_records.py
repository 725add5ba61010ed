"""Records: structured dtypes in kernels, against NumPy. A record is seen where it lies: what is written to it is written there."""

import pickle
import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from conftest import on
from gridjit import cuda, errors, float32, from_dtype, int32, literal_unroll, types, typeof
from gridjit.types import NestedArray, Record

POINT = np.dtype([("x", "f4"), ("y", "f4")])
PACKED = np.dtype([("a", "i1"), ("x", "f4"), ("p", [("u", "i1"), ("v", "f8")]), ("m", "f4", (2, 3)), ("s", "S5"), ("b", "?"),
	("c", "c8"), ("n", "i2"), ("big", "u8", 20)])
ALIGNED = np.dtype([(name, *PACKED[name].subdtype) if PACKED[name].subdtype else (name, PACKED[name]) for name in PACKED.names], align=True)
BOTH = pytest.mark.parametrize("dtype", [PACKED, ALIGNED], ids=["packed", "aligned"])
CONSTANT = np.array([(1.5, 2.5), (3.5, 4.5)], POINT)
ONE = CONSTANT[1]
KEYS = "y", "n"


def filled(dtype, n, seed=0):
	"""Records of random numbers."""
	array = np.zeros(n, dtype)
	rng = np.random.default_rng(seed)

	def fill(view):
		if view.dtype.names:
			for name in view.dtype.names:
				fill(view[name])
		elif view.dtype.kind in "SU":
			view[...] = "ab"
		else:
			numbers = rng.integers(-100, 100, view.shape)
			view[...] = numbers + 0.5j * numbers if view.dtype.kind == "c" else numbers % 2 == 1 if view.dtype.kind == "b" else numbers.astype(
				view.dtype)
	fill(array)
	return array


# -- reading and writing --

@BOTH
def test_fields(device, dtype):
	@cuda.jit
	def kernel(a, b):
		i = cuda.grid(1)
		if i < a.size:
			r, w = a[i], b[i]
			w.a = r.a + 1
			w["x"] = r["x"] * 2
			w.p.v = r.p.v + r["p"]["u"]
			w.p["u"] = 3
			w.m[0, 1] = r.m[1, 2]
			w.m[1] = r.m[0]
			w["b"] = r.x > 0
			w.c = r.c * 2j
			b["n"][i] = a.n[i] + 1
			b[i].n += 1
			w.big[19] = r[-1][18] + r.big.size

	a, b = filled(dtype, 40), np.zeros(40, dtype)
	kernel[2, 32](a, b)
	want = np.zeros(40, dtype)
	want["a"], want["x"], want["p"]["v"], want["p"]["u"] = a["a"] + 1, a["x"] * 2, a["p"]["v"] + a["p"]["u"], 3
	want["m"][:, 0, 1], want["m"][:, 1], want["b"], want["c"] = a["m"][:, 1, 2], a["m"][:, 0], a["x"] > 0, a["c"] * np.complex64(2j)
	want["n"], want["big"][:, 19] = a["n"] + 2, a["big"][:, 18] + np.uint64(20)
	for name in dtype.names:
		assert (b[name] == want[name]).all(), name


@BOTH
def test_whole_records(device, dtype):
	"""Through shared and local memory, in a conditional, and by whole arrays."""
	@cuda.jit
	def kernel(a, b, c):
		i = cuda.threadIdx.x
		shared, own = cuda.shared.array(64, dtype), cuda.local.array(3, dtype)
		shared[i] = a[i]
		cuda.syncthreads()
		own[1] = shared[a.size - 1 - i]
		own[0] = own[1]
		own[0].x = 7
		own[0].m[1, 1] = 5
		b[i] = own[1]
		b[i].x += own[0].x
		b[i].m[0, 0] = own[0].m[1, 1] + own[1].m[1, 1]
		r = a[i] if i % 2 == 0 else shared[0]
		c[0, i] = r
		cuda.syncthreads()
		if i == 0:
			c[1:] = c[:1]
			c[2, 1:] = c[2, :-1]

	a, b, c = filled(dtype, 40), np.zeros(40, dtype), np.zeros((3, 40), dtype)
	kernel[1, 40](a, b, c)
	want = a[::-1].copy()
	want["x"] += 7
	want["m"][:, 0, 0] = 5 + a["m"][::-1, 1, 1]
	picked = np.where(np.arange(40) % 2 == 0, np.arange(40), 0)
	for name in dtype.names:
		assert (b[name] == want[name]).all(), name
		assert (c[name][0] == a[name][picked]).all() and (c[name][1] == a[name][picked]).all(), name
		assert (c[name][2, 1:] == a[name][picked][:-1]).all(), name


def test_references(device):
	"""r = a[i] is the element itself, in device functions too."""
	@cuda.jit(device=True)
	def scaled(p, by):
		p.x *= by
		return p

	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		p = a[i]
		q = scaled(p, 3)
		q.y = p.x
		pair = a[i], p
		out[i] = pair[0].x + pair[1]["y"]

	a = filled(POINT, 33)
	got, out = a.copy(), np.zeros(33)
	kernel[1, 33](got, out)
	assert (got["x"] == a["x"] * 3).all() and (got["y"] == got["x"]).all() and (out == 2.0 * got["x"]).all()


def test_keys_of_a_loop(device):
	"""Loops over constant keys are written out."""
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		for key in ("x", "y"):
			out[i] += a[i][key]
		for key in literal_unroll(("a", "n", "c")):
			out[i] += abs(a[key][i])

	@cuda.jit
	def each(a, out):
		i = cuda.grid(1)
		for key in KEYS:
			out[i] += a[i][key]

	dtype = np.dtype([("x", "f4"), ("a", "i1"), ("y", "f8"), ("n", "i4"), ("c", "c8")])
	a, out = filled(dtype, 33), np.zeros(33)
	kernel[1, 33](a, out)
	np.testing.assert_allclose(out, a["x"] + a["y"] + abs(a["a"].astype(int)) + abs(a["n"]) + abs(a["c"]), rtol=1e-6)
	out[:] = 0
	each[1, 33](a, out)
	assert (out == a["y"] + a["n"]).all()


def test_iteration_and_tuples(device):
	@cuda.jit
	def kernel(a):
		for p in a:
			p.x += 1
		first, second = a[:2]
		first.y = second.x
		a[1] = 8, 9.5
		a[2:4] = (1, 2), (3, 4)
		a[-1] = a[0]

	a = filled(POINT, 5)
	got = a.copy()
	kernel[1, 1](got)
	want = a.copy()
	want["x"] += 1
	want[0]["y"] = want[1]["x"]
	want[1] = 8, 9.5
	want[2:4] = [(1, 2), (3, 4)]
	want[-1] = want[0]
	assert (got == want).all()


def test_fields_of_arrays(device):
	"""a['x'] and a.x of an array of records are views: sliced, stored to, reduced, computed with."""
	dtype = np.dtype([("size", "i4"), ("x", "f4"), ("v", "f8", 3)])

	@cuda.jit
	def kernel(a, out):
		out[0] = a["x"].sum() + a.x[::2].sum() + a["size"][1] + a.v.ndim + a["v"].shape[1]
		out[1] = a.size
		a["x"][1:] = a["x"][:-1]
		a["v"] = 0.5
		a["v"][:, 1] += a["size"]
		a["size"] = a["size"] * 2

	a = filled(dtype, 6)
	got, out = a.copy(), np.zeros(2)
	kernel[1, 1](got, out)
	assert out[0] == a["x"].sum() + a["x"][::2].sum() + a["size"][1] + 2 + 3 and out[1] == 6
	assert (got["x"][1:] == a["x"][:-1]).all() and (got["size"] == 2 * a["size"]).all()
	assert (got["v"][:, 1] == 0.5 + a["size"]).all() and (got["v"][:, 0] == 0.5).all()


def test_any_layout(device):
	@cuda.jit
	def kernel(a, b):
		i, j = cuda.grid(2)
		if i < a.shape[0] and j < a.shape[1]:
			b[i, j] = a[i, j].x + a["y"][i, j]

	a = filled(PACKED, 24).reshape(4, 6)
	mixed = np.zeros((4, 6), [("y", "i2"), ("x", "f4")])
	mixed["x"], mixed["y"] = a["x"], a["n"]
	for view in (mixed, np.asfortranarray(mixed), mixed[::2, ::-1], mixed.T, mixed[:0]):
		out = np.zeros(view.shape)
		kernel[(1, 1), (8, 8)](view, out)
		assert (out == view["x"] + view["y"]).all()


# -- arguments --

def test_records_as_arguments(device):
	@cuda.jit
	def kernel(r, t, out):
		out[0] = r.x + t[0].y + t[1]
		r.x = 7

	a, out = filled(POINT, 3), np.zeros(1)
	before = a.copy()
	kernel[1, 1](a[1], (a[2], 10), out)
	assert out[0] == before[1]["x"] + before[2]["y"] + 10 and a[1]["x"] == 7
	lone = np.void((2, 3), POINT)
	kernel[1, 1](lone, (lone, 0), out)
	assert out[0] == 5 and lone["x"] == 7
	rec = np.rec.array([(1, 2), (3, 4)], POINT)
	kernel[1, 1](rec[1], (rec[0], 0), out)
	assert out[0] == 5 and rec[1].x == 7


def test_constants(device):
	@cuda.jit
	def kernel(out, i):
		out[0] = CONSTANT[i].y
		out[1] = ONE.x + ONE["y"]
		out[2] = cuda.const.array_like(CONSTANT)["x"][i]

	out = np.zeros(3)
	kernel[1, 1](out, 1)
	assert out.tolist() == [4.5, 8, 3.5]


def test_signatures(device):
	point = from_dtype(POINT)

	@cuda.jit((point[:], point, float32[:]))
	def kernel(a, p, out):
		i = cuda.grid(1)
		out[i] = a[i].x + p.y

	@cuda.jit(float32(point), device=True)
	def total(p):
		return p.x + p.y

	@cuda.jit
	def other(a, out):
		out[0] = total(a[1])

	a, out = filled(POINT, 4), np.zeros(4, "f4")
	kernel[1, 4](a, a[2], out)
	assert (out == a["x"] + a["y"][2]).all()
	kernel[1, 4](cuda.to_device(a)[::1], a[2], out)
	other[1, 1](a, out)
	assert out[0] == a["x"][1] + a["y"][1]
	with pytest.raises(TypeError):
		kernel[1, 4](filled(PACKED, 4), a[2], out)


@cuda.jit
def copied(x, out):
	i = cuda.grid(1)
	out[i] = x[i]


def test_memory_that_is_less_aligned(device):
	"""Fields that are aligned in their records, in memory that is not; and views of bytes."""
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		a[i].y = a[i].x * 2
		out[i] = a["y"][i]

	raw = np.zeros(8 * 40 + 1, "u1")
	a = raw[1:].view(POINT)
	a["x"] = np.arange(40)
	out = np.zeros(40)
	kernel[1, 40](a, out)
	assert (out == 2 * np.arange(40)).all() and (a["y"] == out).all()
	if device != "cuda":                                       # there the allocation is copied byte by byte all the same
		d = cuda.to_device(raw)[1:].view(POINT)
		assert str(typeof(d)).startswith("unaligned array")
		kernel[1, 40](d, out)
		a = filled(PACKED, 40)
		x = cuda.to_device(a)["x"]
		copied[1, 40](x, out)
		assert str(typeof(x)) == "unaligned array(float32, 1d, A)" and (out == a["x"]).all()


def test_views(device):
	@cuda.jit
	def kernel(raw, out):
		shared = cuda.shared.array(16, np.uint8)
		points = shared.view(POINT)
		points[1].y = raw.view(POINT)[0].x
		out[0] = points["y"][1]
		out[1] = points.size

	out = np.zeros(2)
	kernel[1, 1](np.array([2.5, 0], "f4").view("u1"), out)
	assert out.tolist() == [2.5, 2]


def test_device_arrays(device):
	@cuda.jit
	def kernel(a, b):
		i = cuda.grid(1)
		b[i] = a[i]
		b[i].n = i

	host = filled(PACKED, 10)
	a, b = cuda.to_device(host), cuda.device_array(10, PACKED)
	kernel[1, 10](a, b)
	got = b.copy_to_host()
	assert (got["n"] == np.arange(10)).all() and (got["big"] == host["big"]).all() and (got["s"] == host["s"]).all()
	assert (b["m"].copy_to_host() == host["m"]).all() and b[3]["c"] == host[3]["c"]
	half = cuda.device_array_like(host[::2].copy())
	half.copy_to_device(host[::2])
	assert (half.copy_to_host()["big"] == host[::2]["big"]).all()
	kernel[1, 4](a[2:6], b[::2])
	assert (b.copy_to_host()["n"][:8:2] == np.arange(4)).all()


class Foreign:
	def __init__(self, array, **more):
		self.array = array
		self.__cuda_array_interface__ = dict(array.__array_interface__, version=3, **more)


def test_foreign_arrays():
	for dtype in (POINT, PACKED, ALIGNED):
		a = filled(dtype, 4)
		with on("cpu32"):
			last = dtype.names[-1]
			t = typeof(Foreign(a)).dtype
			assert t is from_dtype(dtype) or (dtype is ALIGNED and t.fields == from_dtype(dtype).fields and t.size == dtype.itemsize)
			here = cuda.to_device(a)
			interface = dict(Foreign(a).__cuda_array_interface__, data=(here.device_pointer, False))
			there = cuda.from_cuda_array_interface(interface, owner=here.gpu_data)
			assert there.dtype.names == dtype.names and (there.copy_to_host()[last] == a[last]).all()
	with pytest.raises(TypeError, match="its dtype is not one that kernels have"):
		typeof(Foreign(a, descr=None))


# -- fields that share bytes, and what cannot be --

def test_overlapping_fields(device):
	dtype = np.dtype({"names": ["whole", "low", "high"], "formats": ["u4", "u2", "u2"], "offsets": [0, 0, 2], "itemsize": 8})

	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		own = cuda.local.array(2, dtype)
		own[1].whole = a[i].whole
		own[1].low = 7
		own[0] = own[1]
		out[i] = own[0].whole
		a[i].high = own[0].low

	a, out = np.zeros(40, dtype), np.zeros(40, "u4")
	a["whole"] = np.arange(40) * 65537
	want = a.copy()
	kernel[1, 40](a, out)
	want["low"] = 7
	assert (out == want["whole"]).all() and (a["high"] == 7).all() and (a["low"] == np.arange(40)).all()


def test_fields_in_any_order(device):
	dtype = np.dtype({"names": ["b", "a"], "formats": ["f8", "i4"], "offsets": [8, 0], "itemsize": 24})

	@cuda.jit
	def kernel(a):
		i = cuda.grid(1)
		a[i].b = a[i].a + 0.5

	a = np.zeros(4, dtype)
	a["a"] = 1, 2, 3, 4
	kernel[1, 4](a)
	assert (a["b"] == a["a"] + 0.5).all()
	assert len(from_dtype(dtype)) == 2 and from_dtype(dtype).dtype == dtype


def refused(kernel, *args):
	with pytest.raises(errors.TypingError) as e:
		kernel[1, 1](*args)
	return str(e.value)


def test_mistakes():
	a, out = filled(PACKED, 2), np.zeros(1)

	@cuda.jit
	def misspelt(a):
		a[0].bigg = 1

	@cuda.jit
	def missing(a, out):
		out[0] = a[0]["zzz"]

	@cuda.jit
	def of_array(a, out):
		out[0] = a.bigs[0, 0]

	@cuda.jit
	def text(a, out):
		out[0] = a[0].s

	@cuda.jit
	def number(a, out):
		out[0] = a[0][9]

	@cuda.jit
	def whole(a, out):
		a[0] = out[0]

	@cuda.jit
	def other(a, b):
		a[0] = b[0]

	@cuda.jit
	def added(a, out):
		out[0] = a[0] + 1

	@cuda.jit
	def attribute(out):
		out.x = 1

	@cuda.jit
	def readonly(a):
		a[0].x = 1

	@cuda.jit
	def atomic(a):
		cuda.atomic.add(a["x"], 0, 1)

	@cuda.jit
	def summed(a, out):
		out[0] = a.sum()

	with on("cpu32"):
		assert "did you mean 'big'?" in refused(misspelt, a)
		assert "no field 'zzz'" in refused(missing, a, out) and "its fields are: a, x, p" in refused(missing, a, out)
		assert "did you mean 'big'?" in refused(of_array, a, out)
		assert "'s' has the dtype |S5" in refused(text, a, out)
		assert "index 9 is out of range" in refused(number, a, out)
		assert "cannot store float64 in Record" in refused(whole, a, out)
		assert "cannot store Record" in refused(other, a, filled(POINT, 2))
		assert "operator +" in refused(added, a, out)
		with pytest.raises(errors.UnsupportedBytecodeError, match="assignment to an attribute"):
			attribute[1, 1](out)
		frozen = a.copy()
		frozen.flags.writeable = False
		assert "read-only" in refused(readonly, frozen)
		assert "align=True" in refused(atomic, a)
		assert "sum()" in refused(summed, a, out)
		for dtype in ([("o", object), ("x", "f4")], [("x", [("o", object)])]):
			with pytest.raises(errors.NumbaValueError, match="no Python objects"):
				readonly[1, 1](np.zeros(2, dtype))


# -- atomics --

def test_atomics(device):
	dtype = np.dtype([("n", "i4"), ("total", "f8"), ("bins", "i4", 4)], align=True)

	@cuda.jit
	def kernel(a, values):
		i = cuda.grid(1)
		if i < values.size:
			k = values[i] % a.size
			cuda.atomic.add(a["n"], k, 1)
			cuda.atomic.add(a.total, k, values[i])
			cuda.atomic.max(a["bins"], (k, i % 4), values[i])

	values = np.random.default_rng(3).integers(0, 1000, 500)
	a = np.zeros(3, dtype)
	kernel[4, 128](a, values)
	assert (a["n"] == np.bincount(values % 3, minlength=3)).all() and (a["total"] == np.bincount(values % 3, values, 3)).all()
	for k in range(3):
		assert a["bins"][k].tolist() == [max(values[j::4][values[j::4] % 3 == k]) for j in range(4)]


# -- types --

def test_types():
	t = from_dtype(PACKED)
	assert isinstance(t, Record) and t.size == PACKED.itemsize and not t.aligned and t.dtype == PACKED and t is from_dtype(PACKED)
	assert t.fields["x"] == (float32, 1) and t.fields["m"] == (NestedArray(float32, (2, 3)), PACKED.fields["m"][1])
	assert str(NestedArray(int32, 2)) == "nestedarray(int32, (2,))" and NestedArray(int32, (2, 3)).shape == (2, 3)
	assert from_dtype(ALIGNED).aligned and from_dtype(ALIGNED) is not t
	made = Record([("x", {"type": float32, "offset": 0}), ("m", (NestedArray(float32, 2), 4))], 12, True)
	assert made is from_dtype(np.dtype([("x", "f4"), ("m", "f4", 2)], align=True)) and made.fields["m"][0].ndim == 1
	assert Record.make_c_struct([("x", float32), ("m", NestedArray(float32, 2))]) is made
	assert t.offset("x") == 1 and t.typeof("p") is from_dtype(PACKED["p"])
	for wrong in (lambda: t.typeof("zz"), lambda: t.offset(1), lambda: float32.typeof("x"), lambda: Record.make_c_struct([3]),
			lambda: Record.make_c_struct([("x", types.Tuple((int32,)))])):
		with pytest.raises((KeyError, AttributeError, TypeError)):
			wrong()
	for one in (t, t[:, ::1], types.Tuple((t, float32)), made, from_dtype(ALIGNED)):
		assert pickle.loads(pickle.dumps(one)) is one
	with pytest.raises(TypeError):
		Record([("x", 1)], 8, False)
	with pytest.raises(ValueError):
		NestedArray(int32, ())
	with pytest.raises(TypeError):
		from_dtype([("o", object)])


# -- GPU code --

def ptx_of(function, *signature):
	return cuda.compile_ptx(function, signature, cc=(8, 0))[0]


@pytest.mark.skipif(not shutil.which("ptxas"), reason="no ptxas")
def test_gpu_code(tmp_path):
	def kernel(a, b):
		i = cuda.grid(1)
		own, shared = cuda.local.array(2, a.dtype), cuda.shared.array(32, b.dtype)
		shared[i] = a[i]
		own[i % 2] = shared[31 - i]
		b[i] = own[i // 16]
		b[i].x += a.x[i] + own[1].m[i % 2, 0]

	def odd(a, out):
		i = cuda.grid(1)
		out[i] = a[i].x

	for dtype in (PACKED, ALIGNED):
		t = from_dtype(dtype)[:]
		(tmp_path / "f.ptx").write_text(ptx_of(kernel, t, t))
		done = subprocess.run(["ptxas", "-arch=sm_80", "f.ptx", "-o", "f.cubin"], cwd=tmp_path, capture_output=True, text=True)
		assert not done.returncode, done.stderr
	packed, aligned = (ptx_of(odd, from_dtype(dtype)[::1], float32[:]) for dtype in (PACKED, ALIGNED))
	assert packed.count("ld.global.b8") + packed.count("ld.global.u8") == 4, packed
	assert "8 " not in [line.split()[0][-3:] for line in aligned.splitlines() if "ld.global" in line], aligned
	assert sum("ld.global" in line for line in aligned.splitlines()) == 1, aligned
	natural = ptx_of(odd, from_dtype(POINT)[::1], float32[:])      # packed by its flag, but each field lies where it must
	assert sum("ld.global" in line for line in natural.splitlines()) == 1, natural


INNER = np.dtype([("f", "i8"), ("g", "i8"), ("h", "u4"), ("k", "c8")])             # 28 bytes
OUTER = np.dtype({"names": ["n", "x", "inner"], "formats": ["i8", "f8", (INNER, (2,))], "offsets": [0, 8, 16], "itemsize": 72}, align=True)


@pytest.mark.skipif(not shutil.which("ptxas"), reason="needs NVIDIA's assembler")
def test_items_of_a_field_lie_less_aligned_than_the_first():
	"""The second record of the field begins at byte 44 of one whose address is a multiple of 8."""
	def copy(a, b):
		b[cuda.grid(1)] = a[cuda.grid(1)]
	ptx = ptx_of(copy, from_dtype(OUTER)[::1], from_dtype(OUTER)[::1])
	assert not re.search(r"st\.global\.([bu]64|v2\.[bu]32)[^\n]*\+(44|52|60)\]", ptx), ptx
	assert re.search(r"st\.global\.[bu]64[^\n]*\+16\]", ptx) and re.search(r"st\.global\.[bu]32[^\n]*\+44\]", ptx)


# -- any dtype --

NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "?"]


@st.composite
def dtypes(draw, depth=0):
	fields = []
	for i in range(draw(st.integers(1, 4))):
		kind = draw(st.sampled_from([*NUMBERS, "record", "array", "array"]) if depth < 2 else st.sampled_from(NUMBERS))
		shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)) if kind == "array" else []
		inner = draw(dtypes(depth + 1)) if kind == "record" or (kind == "array" and draw(st.booleans())) else \
			draw(st.sampled_from(NUMBERS)) if kind == "array" else kind
		fields.append((f"f{i}", inner, tuple(shape)))
	return np.dtype(fields, align=draw(st.booleans()))


def statements(dtype, path=""):
	"""A line for each number in a record: of b it becomes what it is in a, by attribute or by key."""
	for number, name in enumerate(dtype.names):
		inner, shape = dtype[name].subdtype or (dtype[name], ())
		at = f"{path}.{name}" if number % 2 else f"{path}['{name}']"
		for index in np.ndindex(shape):
			item = at + (str(list(index)) if index else "")
			yield from statements(inner, item) if inner.names else [f"\t\tb[i]{item} = r{item}"]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dtypes(), st.integers(0, 100))
def test_any_dtype(device, dtype, seed):
	lines = list(statements(dtype))[:60]
	source = ["def kernel(a, b, c):", "\ti = cuda.grid(1)", "\tif i < a.size:", "\t\tr = a[i]", *lines, "\t\tc[i] = r"]
	namespace = {"cuda": cuda}
	exec("\n".join(source), namespace)
	a = filled(dtype, 35, seed)
	assert from_dtype(dtype).dtype == dtype
	b, c = np.zeros_like(a), np.zeros_like(a)
	cuda.jit(namespace["kernel"])[2, 32](a, b, c)
	assert (c == a).all() and (len(lines) == 60 or (b == a).all())
