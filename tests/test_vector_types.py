"""Vector types: float32x4 and the like, CUDA C's float4. Their constructors, their parts, arrays of them, loads of views."""

import itertools
import pickle
import shutil
import subprocess

import numpy as np
import pytest

from conftest import on
from gridjit import cuda, errors, float32, types
from gridjit.cuda import float2, float3, float4, vector_types

NUMBERS = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
C_NAMES = dict(char="int8", short="int16", int="int32", long="int64", longlong="int64", uchar="uint8", ushort="uint16", uint="uint32",
	ulong="uint64", ulonglong="uint64", float="float32", double="float64")
PARTS = "xyzw"


def test_names():
	for name, n in itertools.product(NUMBERS, range(1, 5)):
		t = getattr(cuda, f"{name}x{n}")
		assert str(t) == f"{name}x{n}" and isinstance(t, types.VectorType) and t is vector_types.vector_types[f"{name}x{n}"]
		assert pickle.loads(pickle.dumps(t)) is t and types.Type(f"{name}x{n}") is t
	for (c, name), n in itertools.product(C_NAMES.items(), range(1, 5)):
		assert getattr(cuda, f"{c}{n}") is getattr(cuda, f"{name}x{n}")
	assert not hasattr(cuda, "float32x5") and not hasattr(cuda, "float5")
	for name in ("float32x5", "boolean x2", "boolx2", "complex64x2", "x4"):
		with pytest.raises(ValueError):
			types.Type(name)


@pytest.mark.parametrize("name", NUMBERS)
def test_constructors(device, name):
	"""Of numbers, which are converted, and of every split into shorter vectors."""
	one, two, three, four = (getattr(cuda, f"{name}x{n}") for n in range(1, 5))

	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		p, q, r, s = a[i, 0], a[i, 1], a[i, 2], a[i, 3]
		v = four(p, q, r, s)
		out[0, i, 0], out[0, i, 1], out[0, i, 2], out[0, i, 3] = v.x, v.y, v.z, v.w
		v = four(two(p, q), two(r, s))
		out[1, i, 0], out[1, i, 1], out[1, i, 2], out[1, i, 3] = v.x, v.y, v.z, v.w
		v = four(one(p), three(q, two(r, s)))
		out[2, i, 0], out[2, i, 1], out[2, i, 2], out[2, i, 3] = v.x, v.y, v.z, v.w
		v = four(p, two(q, r), s)
		w = four(v)
		out[3, i, 0], out[3, i, 1], out[3, i, 2], out[3, i, 3] = w.x, w.y, w.z, w.w

	a = np.arange(12.0).reshape(3, 4) + 0.75
	out = np.zeros((4, 3, 4), name)
	kernel[1, 3](a, out)
	assert (out == a.astype(name)).all()


def test_values(device):
	"""On several paths, in loops and tuples, to and from functions, None or one."""
	@cuda.jit(device=True)
	def turned(v, by):
		return float4(v.y, v.z, v.w, v.x) if by % 2 else v

	@cuda.jit
	def kernel(out):
		i = cuda.grid(1)
		v, seen = float4(i, 1, 2, 3), None
		for k in range(i % 5):
			v = turned(v, k)
			if v.x == 2:
				seen = v
		pair = v, float2(v.z, v.w)
		out[i, 0], out[i, 1], out[i, 2], out[i, 3] = v.x, v.y, pair[1].x, pair[1].y
		if seen is not None:
			out[i, 4] = seen.y

	out = np.zeros((33, 5), "f4")
	kernel[1, 33](out)
	for i in range(33):
		v, seen = [i, 1, 2, 3], None
		for k in range(i % 5):
			v = v[1:] + v[:1] if k % 2 else v
			seen = v if v[0] == 2 else seen
		assert out[i].tolist() == [*v, seen[1] if seen else 0], i


@pytest.mark.parametrize("name, n", [("float32", 4), ("float32", 3), ("float64", 2), ("int8", 4), ("uint16", 1), ("int64", 4)])
def test_arrays(device, name, n):
	"""In shared and local memory, and as views of arrays of numbers."""
	vector = getattr(cuda, f"{name}x{n}")

	@cuda.jit
	def kernel(a, b):
		i = cuda.threadIdx.x
		shared, own = cuda.shared.array(33, vector), cuda.local.array(4, vector)
		shared[i] = a.view(vector)[i]
		cuda.syncthreads()
		own[i % 4] = shared[32 - i]
		own[(i + 1) % 4] = own[i % 4]
		b.view(vector)[i] = own[(i + 1) % 4]

	a = np.arange(33 * n).astype(name)
	b = np.zeros_like(a)
	kernel[1, 33](a, b)
	assert (b.reshape(33, n) == a.reshape(33, n)[::-1]).all()


def test_a_view_that_is_less_aligned():
	"""On the CPU nothing relies on what a vector asks of its address."""
	@cuda.jit
	def kernel(a, out):
		i = cuda.grid(1)
		v = a.view(float4)[i]
		out[i] = v.x + v.w

	a, out = np.arange(41, dtype="f4")[1:], np.zeros(10)
	for name in ("cpu32", "cpu1"):
		with on(name):
			kernel[1, 10](a, out)
			assert (out == a[::4] + a[3::4]).all()


def mistake(body, exception=errors.TypingError):
	scope = {"cuda": cuda}
	exec(f"def kernel(x):\n\tv = cuda.float32x3(1, 2, 3)\n\t{body}\n", scope)
	with on("cpu32"), pytest.raises(exception) as e:
		cuda.jit(scope["kernel"])[1, 1](np.zeros(3))
	return str(e.value)


def test_mistakes():
	assert "but got 2" in mistake("x[0] = cuda.float32x4(1, 2).x")
	assert "but got 4" in mistake("x[0] = cuda.float32x2(v, 1).x")
	assert "cannot convert float64x2 to float32x2" in mistake("x[0] = cuda.float32x2(cuda.float64x2(1, 2)).x")
	assert "cannot convert complex128" in mistake("x[0] = cuda.float32x2(1j, 2).x")
	assert "float32x3 has no attribute 'w'" in mistake("x[0] = v.w")
	assert "operator +" in mistake("x[0] = (v + v).x")
	assert "cannot store float32x3" in mistake("x[0] = v")
	assert "assignment to an attribute" in mistake("v.x = 1", errors.UnsupportedBytecodeError)
	assert "float32x3 on one path" in mistake("v = cuda.float32x2(1, 2) if x[0] else v\n\tx[0] = v.x")


@pytest.mark.skipif(not shutil.which("ptxas"), reason="no ptxas")
def test_gpu_code(tmp_path):
	"""A vector is loaded and stored by one instruction, where PTX has one."""
	def kernel(a, b):
		i = cuda.grid(1)
		shared = cuda.shared.array(64, float4)
		shared[i] = a.view(float4)[i]
		cuda.syncthreads()
		b.view(float4)[i] = shared[63 - i]

	def three(a, b):
		i = cuda.grid(1)
		v = a.view(float3)[i]
		b.view(float2)[i] = float2(v.x, v.z)

	texts = [cuda.compile_ptx(f, (float32[::1], float32[::1]), cc=(8, 0))[0] for f in (kernel, three)]
	for text in texts:
		(tmp_path / "f.ptx").write_text(text)
		done = subprocess.run(["ptxas", "-arch=sm_80", "f.ptx", "-o", "f.cubin"], cwd=tmp_path, capture_output=True, text=True)
		assert not done.returncode, done.stderr
	for access in ("ld.global.v4", "st.shared.v4", "ld.shared.v4", "st.global.v4"):
		assert texts[0].count(access) == 1, texts[0]
	assert "ld.global.v" not in texts[1] and texts[1].count("st.global.v2") == 1, texts[1]
