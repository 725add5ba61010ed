"""Device functions that cuda.compile() makes for code compiled elsewhere: their names and parameters, beside what nvcc
expects of the declarations that users write."""

import ctypes
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from conftest import on

from gridjit import cuda, errors

NVCC = shutil.which("nvcc") or shutil.which("/usr/local/cuda/bin/nvcc")
ARRAY = ["b64"] * 5                            # meminfo, parent, size, itemsize, data


def same(a):
	return a


def add(a, b):
	return a + b


def fill(a):
	a[0] = 1


def nothing():
	pass


def count(a):
	return 1 if a < 2 else a * count(a - 1)


def pair(a):
	return a, a > 1, 2.5


def scale(x, factor):
	for i in range(x.shape[0]):
		x[i] *= factor
	return x.shape[0]


def scale_2d(x, factor):
	for i in range(x.shape[0]):
		x[i, 0] *= factor
	return x.shape[0]


def local_array(n):
	return cuda.local.array(4, np.float32)


def prototype(ptx, kind="visible"):
	"""(name, return parameter, parameters) of each function of the kind, without the parameters' names."""
	found = {}
	for ret, name, args in re.findall(rf"\.{kind} \.func\s*(\([^)]*\))?\s*(\S+?)\s*\(([^)]*)\)", ptx):
		found[name] = (param(ret)[:1], param(args))
	return found


def param(text):
	"""["b32", "align 4 b8[8]"] of `.param .b32 x, .param .align 4 .b8 y[8]`."""
	rows = re.findall(r"\.param (?:\.(align \d+) )?\.(\w+) [^\s,\[\]()]+(\[\d+\])?", text)
	return [" ".join(part for part in (align, kind + size) if part) for align, kind, size in rows]


# function, signature, mangled arguments, parameters in both ABIs, result in C's
CASES = [
	(same, "boolean(boolean)", "b", ["b32"], ["b32"]),
	(same, "int8(int8)", "a", ["b32"], ["b32"]),
	(same, "uint8(uint8)", "h", ["b32"], ["b32"]),
	(same, "uint16(uint16)", "t", ["b32"], ["b32"]),
	(same, "uint32(uint32)", "j", ["b32"], ["b32"]),
	(same, "uint64(uint64)", "y", ["b64"], ["b64"]),
	(same, "float32(float32)", "f", ["b32"], ["b32"]),
	(same, "float64(float64)", "d", ["b64"], ["b64"]),
	(same, "none(none)", "v", ["b64"], []),
	(same, "UniTuple(int32, 2)(UniTuple(int32, 2))", "8UniTupleIiLi2EE", ["b32"] * 2, ["align 4 b8[8]"]),
	(same, "UniTuple(int64, 1)(UniTuple(int64, 1))", "8UniTupleIxLi1EE", ["b64"], ["align 8 b8[8]"]),
	(same, "float32[::1](float32[::1])", "5ArrayIfLi1E1C7mutable7alignedE", ARRAY + ["b64"] * 2, ["align 8 b8[56]"]),
	(add, "int16(int16, int16)", "ss", ["b32"] * 2, ["b32"]),
	(add, "int64(int64, int32)", "xi", ["b64", "b32"], ["b64"]),
	(nothing, "void()", "", [], []),
	(fill, "void(float32[:])", "5ArrayIfLi1E1A7mutable7alignedE", ARRAY + ["b64"] * 2, []),
	(scale_2d, "int64(float64[::1, :], int32)", "5ArrayIdLi2E1F7mutable7alignedEi", ARRAY + ["b64"] * 4 + ["b32"], ["b64"]),
	(pair, "Tuple((int8, boolean, float64))(int8)", "a", ["b32"], ["align 8 b8[16]"]),
	(count, "int64(int64)", "x", ["b64"], ["b64"]),
]


@pytest.mark.parametrize("function, signature, mangled, params, result", CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_prototype(function, signature, mangled, params, result):
	ptx, _ = cuda.compile(function, signature, cc=(8, 0))
	assert prototype(ptx) == {function.__name__: (result, params)}
	ptx, _ = cuda.compile(function, signature, cc=(8, 0), abi="numba")
	module, name = __name__, function.__name__
	path = "".join(f"{len(part)}{part}" for part in module.split("."))
	assert prototype(ptx) == {f"_ZN{path}{len(name)}{name}E{mangled}": (["b32"], ["b64", *params])}


def test_names():
	def inner(a):
		return a

	assert list(prototype(cuda.compile(inner, "int32(int32)")[0])) == ["inner"]
	assert list(prototype(cuda.compile(lambda a: a, "int32(int32)")[0])) == ["_3clambda_3e"]
	assert list(prototype(cuda.compile(inner, "int32(int32)", abi_info={"abi_name": "_Z5helloi"})[0])) == ["_Z5helloi"]
	assert list(prototype(cuda.compile(inner, "int32(int32)", abi_info={"abi_name": "gj_inner_0"})[0])) == ["gj_inner_0"]
	inner.__module__ = "a.b-c"
	assert list(prototype(cuda.compile(inner, "int32(int32)", abi="numba")[0])) == [
		"_ZN1a5b_2dc10test_names12_3clocals_3e5innerEi"]


def test_names_that_cannot_be():
	for info in ({"abi_name": "a b"}, {"abi_name": "1a"}, {"abi_name": 3}, {"name": "f"}):
		with pytest.raises(ValueError, match="abi_"):
			cuda.compile(same, "int32(int32)", abi_info=info)
	for options in ({"abi": "numba"}, {"device": False}):
		with pytest.raises(NotImplementedError, match="abi_info"):
			cuda.compile(same, "void(int32)", abi_info={"abi_name": "f"}, **options)


def test_the_result_is_stored_where_the_caller_says():
	ptx, kind = cuda.compile(pair, ("int8",), cc=(8, 0), abi="numba", lineinfo=True)
	assert str(kind) == "Tuple(int8, bool, float64)"
	assert re.search(r"ld\.param\.[bu]64 \s*(%rd\d+), \[\w+_param_0\]", ptx) and re.search(r"func_retval0(\+0)?\], (0|%r\d+);", ptx)
	stores = re.findall(r"st\.(?:v2\.)?[bfsu](\d+) \s*\[%rd\d+(?:\+(\d+))?\]", ptx)
	assert sorted(stores) == [("64", "8"), ("8", ""), ("8", "1")]
	assert "st." not in cuda.compile(nothing, "void()", abi="numba", cc=(8, 0))[0].replace("st.param", "")


def test_arrays_may_be_in_any_memory():
	ptx, _ = cuda.compile(scale, "int64(float32[::1], float32)", cc=(8, 0))
	assert re.search(r"\bld\.[bf]32", ptx) and "ld.global" not in ptx
	with pytest.raises(errors.TypingError, match="local_array.. returns a local array"):
		cuda.compile(local_array, ("int64",))


def through_shared(x, n):
	s = cuda.shared.array(32, np.float32)
	i = cuda.threadIdx.x
	s[i] = x[i]
	cuda.syncthreads()
	if n < 0:
		raise ValueError
	return s[31 - i] * n, x[::2]


@pytest.mark.parametrize("options", [{}, {"opt": False}, {"debug": True}, {"lineinfo": True}, {"fastmath": True}], ids=str)
def test_ptxas_takes_them(options, tmp_path):
	ptxas = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")
	if not ptxas:
		pytest.skip("no ptxas")
	for function, signature in (through_shared, "(float32[::1], int64)"), (count, "(int64,)"):
		for abi in "c", "numba":
			(tmp_path / "f.ptx").write_text(cuda.compile(function, signature, cc=(8, 0), abi=abi, **options)[0])
			done = subprocess.run([ptxas, "-arch=sm_80", "-c", "f.ptx", "-o", "f.o"], cwd=tmp_path, capture_output=True, text=True)
			assert done.returncode == 0, done.stdout + done.stderr


DECLARATIONS = r"""
struct pair_t { signed char a; bool b; double c; };
struct two { int a, b; };
struct vec { void *meminfo, *parent; long long size, itemsize; float *data; long long shape[1], stride[1]; };
#define ARRAY(T) void *, void *, long long, long long, T *, long long, long long
extern "C" {
__device__ int status_add(int *, int, int);
__device__ int status_pair(pair_t *, signed char);
__device__ int status_scale(long long *, ARRAY(float), float);
__device__ int status_nothing(void *);
__device__ int c_add(int, int);
__device__ bool c_bool(bool);
__device__ signed char c_char(signed char);
__device__ unsigned short c_short(unsigned short);
__device__ pair_t c_pair(signed char);
__device__ two c_two(int, int);
__device__ vec c_vec(ARRAY(float));
__device__ long long c_scale(ARRAY(float), float);
__device__ void c_nothing();
}
"""

CALLER = r"""
extern "C" __global__ void call(int *out, float *x)
{
	int r = 0;
	pair_t p;
	long long n = 0;
	__shared__ float s[2];
	s[0] = 3, s[1] = 5;
	out[0] = status_add(&r, 3, 4) + 10 * r;                               /* 70 */
	out[1] = status_pair(&p, -3) + p.a * 10 + p.b + (int)(2 * p.c);       /* -25 */
	out[2] = status_scale(&n, 0, 0, 2, 4, x, 2, 4, 2.0f) + (int)n + (int)x[1];       /* 2 + 8 */
	out[3] = status_nothing(0);
	out[4] = c_add(3, 4);
	out[5] = c_bool(true) + 2 * c_bool(false);
	out[6] = c_char(-7) + c_short(65535);
	p = c_pair(5);
	out[7] = p.a + p.b + (int)(2 * p.c);                                  /* 11 */
	two t = c_two(8, 9);
	out[8] = t.a * 10 + t.b;
	vec v = c_vec(0, 0, 2, 4, s, 2, 4);
	out[9] = (int)(v.size + v.itemsize + v.shape[0] + v.stride[0]) + (v.data == s);  /* 2 + 4 + 2 + 4 + 1 */
	out[10] = (int)c_scale(0, 0, 2, 4, s, 2, 4, 10.0f) + (int)s[1];       /* 2 + 50 */
	c_nothing();
}
"""
RESULTS = [70, -25, 10, 0, 7, 1, 65528, 11, 89, 13, 52]

# symbol, function, signature; those called status_… have numba's ABI
LINKED = [("status_add", add, "int32(int32, int32)"), ("status_pair", pair, "Tuple((int8, boolean, float64))(int8)"),
	("status_scale", scale, "int64(float32[::1], float32)"), ("status_nothing", nothing, "void()"),
	("c_add", add, "int32(int32, int32)"), ("c_bool", same, "boolean(boolean)"), ("c_char", same, "int8(int8)"),
	("c_short", same, "uint16(uint16)"), ("c_pair", pair, "Tuple((int8, boolean, float64))(int8)"),
	("c_two", lambda a, b: (a, b), "UniTuple(int32, 2)(int32, int32)"), ("c_vec", same, "float32[::1](float32[::1])"),
	("c_scale", scale, "int64(float32[::1], float32)"), ("c_nothing", nothing, "void()")]


def ours(cc):
	"""PTX of each function of LINKED under its symbol."""
	for name, function, signature in LINKED:
		if name.startswith("c_"):
			yield name, cuda.compile(function, signature, cc=cc, abi_info={"abi_name": name})[0]
		else:
			ptx = cuda.compile(function, signature, cc=cc, abi="numba")[0]
			yield name, ptx.replace(*prototype(ptx), name)


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
	if not NVCC:
		pytest.skip("no nvcc")
	path = tmp_path_factory.mktemp("abi")
	(path / "caller.cu").write_text(DECLARATIONS + CALLER)
	return path


def toolkit(path, command):
	plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}    # sanitizers are for us
	done = subprocess.run([NVCC, *command.split()], cwd=path, capture_output=True, text=True, env=plain)
	assert done.returncode == 0, done.stderr
	return done.stdout


def test_nvcc_expects_the_same_parameters(caller):
	toolkit(caller, "-arch=sm_80 -rdc=true -ptx caller.cu -o caller.ptx")
	wanted = prototype((caller / "caller.ptx").read_text(), "extern")
	assert wanted == {name: prototype(ptx)[name] for name, ptx in ours((8, 0))}


def test_nvlink_links_them(caller):
	names = []
	for name, ptx in ours((8, 0)):
		(caller / f"{name}.ptx").write_text(ptx)
		toolkit(caller, f"-arch=sm_80 -rdc=true -dc {name}.ptx -o {name}.o")
		names.append(f"{name}.o")
	toolkit(caller, "-arch=sm_80 -rdc=true -dc caller.cu -o caller.o")
	toolkit(caller, f"-arch=sm_80 -dlink caller.o {' '.join(names)} -o linked.o")


def check(status):
	assert status == 0, f"the driver returned {status}"


@pytest.mark.gpu
def test_cuda_c_calls_them(caller):
	with on("cuda"):
		out, x = cuda.to_device(np.zeros(len(RESULTS), np.int32)), cuda.to_device(np.array([1, 4], np.float32))
		major, minor = cuda.get_current_device().compute_capability
		toolkit(caller, f"-arch=compute_{major}{minor} -rdc=true -ptx caller.cu -o call.ptx")
		texts = [*ours((major, minor)), ("call", (caller / "call.ptx").read_text())]
		link_and_run(cuda.get_current_device().id, texts, [a.__cuda_array_interface__["data"][0] for a in (out, x)])
		assert out.copy_to_host().tolist() == RESULTS


def link_and_run(ordinal, texts, pointers):
	"""One thread of the kernel `call`, linked by the driver, which needs no toolkit."""
	ptx_input, driver = 1, ctypes.CDLL("libcuda.so.1")
	context, state, cubin, module, function = (ctypes.c_void_p() for _ in range(5))

	def call(name, *args):
		status = getattr(driver, name)(*args)
		assert status == 0, f"{name} returned {status}"

	call("cuDevicePrimaryCtxRetain", ctypes.byref(context), ordinal)
	call("cuCtxSetCurrent", context)
	call("cuLinkCreate_v2", 0, None, None, ctypes.byref(state))
	for name, ptx in texts:
		text = ptx.encode() + b"\0"
		call("cuLinkAddData_v2", state, ptx_input, text, ctypes.c_size_t(len(text)), name.encode(), 0, None, None)
	call("cuLinkComplete", state, ctypes.byref(cubin), ctypes.byref(ctypes.c_size_t()))
	call("cuModuleLoadData", ctypes.byref(module), cubin)
	call("cuModuleGetFunction", ctypes.byref(function), module, b"call")
	values = [ctypes.c_uint64(p) for p in pointers]
	args = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
	call("cuLaunchKernel", function, 1, 1, 1, 1, 1, 1, 0, None, args, None)
	call("cuCtxSynchronize")
	call("cuModuleUnload", module)
	call("cuLinkDestroy", state)
	call("cuDevicePrimaryCtxRelease_v2", ordinal)
