"""Functions that are compiled elsewhere: declared, called under both conventions, linked on the CPU device from C and shared
libraries, on GPUs from what the driver links and from CUDA C. And what a kernel became on a GPU."""

import os
import pickle
import re
import shutil
import stat
import subprocess
import sys

import numpy as np
import pytest
from conftest import on

import gridjit
from gridjit import cuda, errors, types
from gridjit.cuda import compiler, linking

def nvrtc():
	from gridjit.cuda import _nvrtc
	try:
		return bool(_nvrtc._library())
	except errors.NvrtcSupportError:
		return False


needs_cc = pytest.mark.skipif(not shutil.which("cc") and not shutil.which("gcc"), reason="no C compiler")


@pytest.fixture
def c_device(device):
	"""A device that C can be compiled for."""
	if device == "cuda" and not nvrtc():
		pytest.skip("no NVRTC")
	return device

SOURCE = r"""
float scale(float x, signed char n) { return x * n; }
int mean(double *ret, void *meminfo, void *parent, long size, long itemsize, float *data, long n, long step, int *count)
{
	double s = 0;
	for (long i = 0; i < n; i++)
		s += *(float *)((char *)data + i * step);
	*ret = s / n;
	count[0] += itemsize == 4 && size == n;
	return 0;
}
struct several { float re, im; long long k; unsigned char b; };
int both(struct several *ret, float re, float im, long long k, unsigned char b)
{
	ret->re = im, ret->im = re, ret->k = k + 1, ret->b = !b;
	return 0;
}
void bump(int *p) { ++*p; }
unsigned char odd(unsigned short x) { return x & 1; }
short low(long long x) { return (short)x; }
"""
MINE = cuda.CSource(SOURCE, "mine.c")
scale = cuda.declare_device("scale", "float32(float32, int8)", abi="c", link=MINE)
mean = cuda.declare_device("mean", types.float64(types.float32[:], types.CPointer(types.int32)), link=[MINE])
both = cuda.declare_device("both", "Tuple((complex64, int64, boolean))(complex64, int64, boolean)", link=MINE)
bump = cuda.declare_device("bump", "void(CPointer(int32))", abi="c", link=MINE)
odd = cuda.declare_device("odd", "boolean(uint16)", abi="c", link=MINE)
low = cuda.declare_device("low", "int16(int64)", abi="c", link=MINE)


@needs_cc
def test_both_conventions(c_device):
	@cuda.jit
	def use(x, out, counts, z, odds, lows):
		i = cuda.grid(1)
		s = cuda.local.array(1, types.int32)
		s[0] = 0
		if i < out.shape[0]:
			if i % 2:                                    # not all lanes
				out[i] = scale(x[i], i - 2) + mean(x[::2], s)
			bump(counts[i:])
			counts[i] += 10 * s[0]
			w, k, even = both(z[i], i, i % 2 == 0)
			z[i] = w
			odds[i] = odd(i) and even
			lows[i] = low(i - 70000) + k
	n = 40
	x, out, counts = np.arange(n, dtype=np.float32), np.zeros(n), np.zeros(n, np.int32)
	z, odds, lows = (np.arange(n) + 2j).astype(np.complex64), np.zeros(n, bool), np.zeros(n, np.int64)
	use[2, 32](x, out, counts, z, odds, lows)
	i = np.arange(n)
	np.testing.assert_array_equal(out, np.where(i % 2, x * (i - 2) + x[::2].mean(), 0))
	np.testing.assert_array_equal(counts, 1 + 10 * (i % 2))
	np.testing.assert_array_equal(z, 2 + 1j * i)
	np.testing.assert_array_equal(odds, i % 2 == 1)
	np.testing.assert_array_equal(lows, (i - 70000).astype(np.int16) + i + 1)


@needs_cc
def test_in_device_functions_loops_and_blocks_that_wait(c_device):
	@cuda.jit(device=True)
	def twice(x):
		return scale(scale(x, 2), 3)

	@cuda.jit
	def use(out):
		t = cuda.threadIdx.x
		s = cuda.shared.array(64, types.float32)
		s[t] = 0
		for k in range(t % 5):
			s[t] += twice(np.float32(k))
		cuda.syncthreads()
		out[t] = s[63 - t]
		bump(cuda.shared.array(1, types.int32))
	out = np.zeros(64, np.float32)
	use[1, 64](out)
	k = (63 - np.arange(64)) % 5
	np.testing.assert_array_equal(out, 6 * k * (k - 1) / 2)


@needs_cc
def test_link_of_the_kernel(c_device, tmp_path):
	path = tmp_path / "more.c"
	(tmp_path / "more.h").write_text("#define MORE 5\n")
	path.write_text('#include "more.h"\nint more(int x) { return x + MORE; }\n')
	more = cuda.declare_device("more", "int32(int32)", abi="c")

	@cuda.jit("void(int32[:])", link=[path])
	def eager(x):
		x[0] = more(x[0])
	lazy = cuda.jit(link=str(path))(eager.py_func)
	x = np.zeros(1, np.int32)
	eager[1, 1](x)
	lazy[1, 1](x)
	assert x[0] == 10
	again = cuda.jit(link=str(path))(eager.py_func)
	again[1, 1](x)
	assert x[0] == 15 and again.stats.cache_hits == 1
	path.write_text("int more(int x) { return x - 1; }\n")      # the cache goes by contents
	changed = cuda.jit(link=str(path))(eager.py_func)
	changed[1, 1](x)
	assert x[0] == 14


@needs_cc
@pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler")
def test_cuda_c(c_device):
	source = cuda.CUSource("""
__device__ __forceinline__ int sum(int a, int b) { return a + b; }
extern "C" __device__ __noinline__ int plus(int a, int b) { return sum(a, b); }
extern "C" __device__ __host__ double root(double x) { return sqrt(x); }
""", "plus.cu")
	plus = cuda.declare_device("plus", "int32(int32, int32)", abi="c", link=source)
	root = cuda.declare_device("root", "float64(float64)", abi="c", link=source)

	@cuda.jit
	def use(x):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] = root(plus(i, i)) if i != 1 else 7
	x = np.zeros(3)
	use[1, 32](x)
	np.testing.assert_allclose(x, [0, 7, 2])


@needs_cc
def test_other_callers(c_device):
	"""Functions for the host and ufuncs call them too."""
	def use(x):
		return low(x) + 1
	x = np.array([70000, -3])
	assert cuda.vectorize(use)(x).tolist() == [70000 - 65536 + 1, -2]
	if c_device != "cuda":
		assert gridjit.njit(use)(70000) == 70000 - 65536 + 1
		assert gridjit.vectorize(["i8(i8)"])(use)(x).tolist() == [70000 - 65536 + 1, -2]


@needs_cc
def test_shared_libraries_and_pickles(tmp_path):
	(tmp_path / "lib.c").write_text("int seven(void) { return 7; }\n")
	subprocess.run([shutil.which("cc") or "gcc", "-shared", "-fPIC", str(tmp_path / "lib.c"), "-o", str(tmp_path / "lib.so")], check=True)
	seven = cuda.declare_device("seven", "int32()", abi="c", link=tmp_path / "lib.so")
	assert pickle.loads(pickle.dumps(seven)).sig == seven.sig and seven.abi == "c" and seven.name == "seven"

	@cuda.jit
	def use(x):
		x[0] = seven()
	x = np.zeros(1)
	with on("cpu32"):
		use[1, 1](x)
	assert x[0] == 7


@needs_cc
def test_what_cannot_be_linked():
	def run(link, name="nothing", sig="int32()"):
		f = cuda.declare_device(name, sig, abi="c", link=link)

		@cuda.jit
		def use(x):
			x[0] = f()
		with on("cpu32"):
			use[1, 1](np.zeros(1))
	for link, error, words in [
			(None, errors.LinkerError, "calls an unknown function: nothing"),
			(cuda.CSource("int other(void) { return 1; }"), errors.LinkerError, "calls an unknown function: nothing"),
			(cuda.CSource("int nothing(", "bad.c"), errors.LinkerError, "bad.c does not compile:\nbad.c:1:"),
			(cuda.PTXSource("text", "code.ptx"), errors.LinkerError, "code.ptx: ptx is code of GPUs"),
			(cuda.Cubin(b"", "code.cubin"), errors.LinkerError, "linked with C"),
			("missing.c", FileNotFoundError, "missing.c"), ("file.txt", ValueError, "cannot be linked: files end in"), (3, TypeError, "link takes paths")]:
		with pytest.raises(error, match=words):
			run(link)
	with pytest.raises(TypeError, match="abstract"):
		cuda.LinkableCode(b"")
	with pytest.raises(NotImplementedError):
		cuda.PTXSource(b"", setup_callback=print)
	with pytest.raises(NotImplementedError, match="nvJitLink"):
		linking.resolve([cuda.LTOIR(b"")], "cuda", (9, 0))
	with pytest.raises(ValueError, match="link is an option of kernels"):
		cuda.jit(device=True, link="x.ptx")(lambda x: x)
	with pytest.raises(RuntimeError, match="works only inside"):
		low(3)


def test_compilers_that_are_missing(monkeypatch):
	from gridjit.cuda import _nvrtc
	monkeypatch.setenv("PATH", "/nowhere")
	monkeypatch.delenv("CC", raising=False)
	with pytest.raises(errors.LinkerError, match="install the package gcc"):
		linking.resolve([cuda.CSource("int f(void) { return 1; }")], "cpu", (0, 0))
	monkeypatch.setenv("CC", "/nowhere/cc")
	with pytest.raises(errors.LinkerError, match="/nowhere/cc cannot be run"):
		linking.resolve([cuda.CSource("int f(void) { return 2; }")], "cpu", (0, 0))
	_nvrtc._library.cache_clear()
	monkeypatch.setattr(_nvrtc, "_candidates", lambda: ["/nowhere/libnvrtc.so"])
	with pytest.raises(errors.NvrtcSupportError, match="install the package nvidia-cuda-nvrtc"):
		linking.resolve([cuda.CUSource("__device__ int missing;")], "cuda", (9, 0))
	_nvrtc._library.cache_clear()


# -- GPUs --------------------------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not nvrtc(), reason="no NVRTC")
def test_nvrtc():
	(kind, name, text), _ = linking.resolve([cuda.CUSource('extern "C" __device__ int f(int x) { return x + 1; }', "f.cu"), MINE], "cuda", (9, 0))
	assert (kind, name) == (0, "f.cu") and b".visible .func" in text and b".target sm_90" in text
	with pytest.raises(errors.NvrtcCompilationError, match=r"bad.cu does not compile:\nbad.cu\(1\): error"):
		linking.resolve([cuda.CUSource("broken(", "bad.cu")], "cuda", (9, 0))


def test_declarations_in_ptx(tmp_path):
	def use(x, y, out):
		i = cuda.grid(1)
		s = cuda.shared.array(32, types.int32)
		if i < out.shape[0]:
			out[i] = scale(x[i], i) + mean(x, s) + mean(x[::2], y) + low(i)
	text = cuda.compile_ptx(use, "void(float32[::1], int32[:], float64[::1])", cc=(9, 0))[0]
	assert ".extern .func  (.param .b32 func_retval0) scale" in text and "mean_param_8" in text
	assemble = shutil.which("ptxas")
	if assemble:
		(tmp_path / "use.ptx").write_text(text)
		subprocess.run([assemble, "-c", "-arch", "sm_90", str(tmp_path / "use.ptx"), "-o", str(tmp_path / "use.cubin")], check=True)
	if assemble and shutil.which("nvlink") and nvrtc():
		(_, _, other), = linking.resolve([MINE], "cuda", (9, 0))
		(tmp_path / "mine.ptx").write_bytes(other)
		subprocess.run([assemble, "-c", "-arch", "sm_90", str(tmp_path / "mine.ptx"), "-o", str(tmp_path / "mine.cubin")], check=True)
		subprocess.run([shutil.which("nvlink"), "-arch", "sm_90", str(tmp_path / "use.cubin"), str(tmp_path / "mine.cubin"), "-o",
			str(tmp_path / "all.cubin")], check=True)


def ptx_of(function, signature, name, abi):
	"""Our own compiler makes the function that is linked."""
	info = {"abi_name": name} if abi == "c" else None
	cc = cuda.get_current_device().compute_capability
	text, _ = cuda.compile(function, signature, cc=cc, abi=abi, abi_info=info)
	return text, re.search(r"\.visible \.func .*?(\w+)\(", text)[1]


def total(a, n):
	s = 0.0
	for i in range(a.shape[0]):
		s += a[i]
	n[0] += 1
	return s


def forms(folder, text):
	"""The same code in each form that the tools at hand make of it."""
	yield cuda.PTXSource(text)
	source, arch = folder / "code.ptx", "sm_%d%d" % cuda.get_current_device().compute_capability
	source.write_text(text)
	yield source
	if not shutil.which("ptxas"):
		return
	subprocess.run(["ptxas", "-c", "-arch", arch, str(source), "-o", str(folder / "code.cubin")], check=True)
	yield folder / "code.cubin"
	if shutil.which("fatbinary"):
		subprocess.run(["fatbinary", "-64", "--create", str(folder / "code.fatbin"), "-c", f"--image3=kind=elf,sm={arch[3:]},file={folder / 'code.cubin'}"],
			check=True)
		yield folder / "code.fatbin"


@pytest.mark.gpu
def test_link_on_a_gpu(tmp_path):
	"""What the driver links: PTX of ours, and what NVIDIA's tools make of it."""
	with on("cuda"):
		scale_text, _ = ptx_of(lambda x, n: x * n, "float32(float32, int8)", "scale", "c")
		total_text, symbol = ptx_of(total, "float64(float32[:], CPointer(int32))", "total", "numba")
		declared = cuda.declare_device(symbol, "float64(float32[:], CPointer(int32))")
		for code in forms(tmp_path, scale_text):
			@cuda.jit(link=[code, cuda.PTXSource(total_text)])
			def use(x, out, counts):
				i = cuda.grid(1)
				s = cuda.shared.array(32, types.int32)
				if i < out.shape[0]:
					s[i] = 0
					out[i] = scale_there(x[i], i) + declared(x[::2], s[i:])
					counts[i] = s[i]
			scale_there = cuda.declare_device("scale", "float32(float32, int8)", abi="c")
			x, out, counts = np.arange(10, dtype=np.float32), np.zeros(10), np.zeros(10, np.int32)
			use[1, 32](x, out, counts)
			np.testing.assert_array_equal(out, x * np.arange(10) + x[::2].sum())
			assert (counts == 1).all()


def on_fake(code, environment):
	done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
		env=os.environ | environment | {"GRIDJIT_CACHE": "0"})
	assert done.returncode == 0, done.stderr


def test_what_the_driver_is_given(fake_driver, tmp_path):
	(tmp_path / "lib.so").write_bytes(b"")
	on_fake("""
import ctypes, os
import numpy as np
import pytest
from gridjit import cuda, errors
driver = ctypes.CDLL(os.environ["GRIDJIT_CUDA_LIBRARY"])
calls = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_char_p)(ctypes.cast(ctypes.byref(ctypes.c_void_p.in_dll(driver, "fake")),
	ctypes.POINTER(ctypes.c_void_p))[0])
one = cuda.PTXSource(".version 8.0\\n.visible .func f()\\n", "one.ptx")
f = cuda.declare_device("f", "int32(int32)", abi="c", link=[one, one])
g = cuda.declare_device("g", "int32(int32)", abi="c", link=[one, cuda.Fatbin(b"fatbin")])
@cuda.jit(link=[cuda.Cubin(b"cubin"), cuda.Object("object"), cuda.Archive(b"library")])
def use(x):
	x[0] = f(1) + g(2)
x = cuda.to_device(np.zeros(1))
use[1, 1](x)
assert calls(b"cuLinkAddData") == 6
@cuda.jit(link=cuda.Object(b"wrong", "wrong.o"))
def bad(x):
	x[0] = 1
with pytest.raises(errors.LinkerError, match="wrong.o"):
	bad[1, 1](x)
with pytest.raises(errors.LinkerError, match="shared library"):
	cuda.jit(link=os.environ["LIBRARY"])(bad.py_func)[1, 1](x)
""", fake_driver | {"LIBRARY": str(tmp_path / "lib.so")})


def tool(folder, name, text):
	path = folder / name
	path.write_text(f"#!/bin/sh\n{text}\n")
	path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_inspect_sass(fake_driver, tmp_path):
	bin = tmp_path / "bin"
	bin.mkdir()
	code = """
import numpy as np
import pytest
from gridjit import cuda, errors
@cuda.jit
def use(x):
	x[0] = 1
use[1, 1](cuda.to_device(np.zeros(1, np.float32)))
assert use.overloads[use.signatures[0]].code[:4] == b"\\x7fELF"
"""
	nothing = {"PATH": "/nowhere", "CUDA_HOME": str(tmp_path)} | fake_driver
	on_fake(code + """
from gridjit.cuda import _tools
_tools.IN_PACKAGES = _tools.IN_SYSTEM = ()
for ask in use.inspect_sass, use.inspect_sass_cfg:
	with pytest.raises(errors.CudaSupportError, match="install the package nvidia-cuda-nvdisasm"):
		ask()
""", nothing)
	tool(bin, "cuobjdump", 'echo "objdump $1"; exec /bin/cat "$2" | /usr/bin/head -c 4')
	on_fake(code + """
from gridjit.cuda import _tools
_tools.IN_PACKAGES = _tools.IN_SYSTEM = ()
assert use.inspect_sass(use.signatures[0]).startswith("objdump -sass")
with pytest.raises(errors.CudaSupportError, match="nvdisasm was not found"):
	use.inspect_sass_cfg()
""", nothing)
	tool(bin, "nvdisasm", 'echo "disassembled $1 $2"')
	on_fake(code + """
assert "disassembled -gi -c" in use.inspect_sass()[use.signatures[0]] and "disassembled -cfg" in use.inspect_sass_cfg()[use.signatures[0]]
""", nothing)
	with on("cpu32"), pytest.raises(errors.CudaSupportError, match="inspect_asm"):
		cuda.jit("void(int32[:])")(lambda x: None).inspect_sass()


def test_sass_of_ptx(tmp_path, monkeypatch):
	text = cuda.compile_ptx(lambda x: None, "void(int32[:])", cc=(9, 0))[0]
	monkeypatch.setenv("CUDA_HOME", str(tmp_path))
	(tmp_path / "bin").mkdir()
	tool(tmp_path / "bin", "nvdisasm", 'echo "code of $3"')
	tool(tmp_path / "bin", "ptxas", 'test "$3" = sm_90 || { echo "not sm_90" >&2; exit 1; }')
	assert compiler.inspect_sass(text, (9, 0)).startswith("code of ")
	with pytest.raises(errors.CudaSupportError, match="ptxas failed: not sm_90"):
		compiler.inspect_sass(text, (8, 0))
