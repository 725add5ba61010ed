"""What a launch costs the host: an empty kernel with three arrays and a scalar, many in a row, nothing waited for. Each
caller is called from a loop of its own, with plain arguments: a lambda and a starred list would cost as much as a launch."""

import ctypes
import importlib.util
import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

LAUNCHES, ROUNDS = 2000, 9
EMPTY_CUDA = 'extern "C" __global__ void empty(float *a, float *b, float *c, int n) {}'


def has(package):
	return importlib.util.find_spec(package) is not None


def build_floor(folder, *flags):
	"""bench/launch_floor.c as a program or a library; None without a compiler."""
	compiler = shutil.which("gcc") or shutil.which("cc")
	if not compiler:
		return None
	made = Path(folder) / "launch_floor"
	source = Path(__file__).with_name("launch_floor.c")
	subprocess.run([compiler, "-O2", "-D_GNU_SOURCE", *flags, "-o", str(made), str(source), "-ldl"], check=True)
	return str(made)


def floor():
	"""The C loop of bench/launch_floor.c, microseconds; None without a compiler or a driver."""
	with tempfile.TemporaryDirectory() as folder:
		program = build_floor(folder)
		done = program and subprocess.run([program], capture_output=True, text=True)
	try:
		return json.loads(done.stdout)["launch_us"] if done else None
	except ValueError:
		return None


def floor_here():
	"""The same loop in this process, whose driver and context are the ones that all callers use; None likewise."""
	with tempfile.TemporaryDirectory() as folder:
		library = build_floor(folder, "-shared", "-fPIC")
		us = (ctypes.c_double * ROUNDS)()
		if not library or ctypes.CDLL(library).measure_launches(LAUNCHES, ROUNDS, us):
			return None
	return statistics.median(us)


def looping(f, *args):
	"""A loop of calls f(*args), written out."""
	names = ", ".join(f"a{i}" for i in range(len(args)))
	scope = {}
	exec(f"def made(f, {names}):\n\tdef loop(n):\n\t\tfor _ in range(n):\n\t\t\tf({names})\n\treturn loop", scope)
	return scope["made"](f, *args)


def gridjit_loops(gpu):
	from gridjit import cuda

	@cuda.jit
	def empty(a, b, c, n):
		pass

	@cuda.jit
	def add(a, b, c, n):
		i = cuda.grid(1)
		if i < c.shape[0]:
			c[i] = a[i] + b[i]
	a, b, c = (cuda.to_device(np.zeros(64, np.float32)) for _ in range(3))
	host = [np.zeros(1024, np.float32) for _ in range(3)]
	bound = empty[1, 64]

	def each(n):
		for _ in range(n):
			empty[1, 64](a, b, c, 1)
	loops = {"gridjit, bound": looping(bound, a, b, c, 1), "gridjit, k[g, b](…)": each,
		"gridjit, NumPy arrays of 4 KB": looping(add[4, 256], *host, 1)}
	if gpu and has("torch"):
		import torch
		if torch.cuda.is_available():
			loops["gridjit, torch tensors"] = looping(bound, *(torch.zeros(64, device="cuda") for _ in range(3)), 1)
	if gpu and has("cupy"):
		import cupy
		if cupy.cuda.is_available():
			loops["gridjit, CuPy arrays"] = looping(bound, *(cupy.zeros(64, np.float32) for _ in range(3)), 1)
	return loops, cuda.synchronize


def numba_loops():
	if not has("numba_cuda"):
		return {}
	from numba import cuda

	@cuda.jit
	def empty(a, b, c, n):
		pass
	arrays = [cuda.to_device(np.zeros(64, np.float32)) for _ in range(3)]
	bound = empty[1, 64]
	bound(*arrays, 1)                                  # compiles: where numba-cuda does not run, it fails here
	loops = {"numba-cuda, bound": looping(bound, *arrays, 1)}
	if has("torch"):
		import torch
		loops["numba-cuda, torch tensors"] = looping(bound, *(torch.zeros(64, device="cuda") for _ in range(3)), 1)
	return loops


def cupy_loops():
	if not has("cupy"):
		return {}
	import cupy
	kernel = cupy.RawKernel(EMPTY_CUDA, "empty")
	arrays = tuple(cupy.zeros(64, np.float32) for _ in range(3)) + (np.int32(1),)
	return {"CuPy RawKernel": looping(kernel, (1,), (64,), arrays)}


def triton_loops():
	if not has("triton") or not has("torch"):
		return {}
	import torch
	import triton_empty
	a, b, c = (torch.zeros(64, device="cuda") for _ in range(3))
	empty = triton_empty.empty

	def each(n):
		for _ in range(n):
			empty[(1,)](a, b, c, 1)
	return {"Triton, torch tensors": each}


def run(gpu):
	loops, finish = gridjit_loops(gpu)
	for build in ([numba_loops, cupy_loops, triton_loops] if gpu else []):
		try:
			loops |= build()
		except Exception as error:
			print(f"{build.__name__}: {type(error).__name__}: {error}".splitlines()[0])
	samples = {label: [] for label in loops}
	for loop in loops.values():
		loop(100)
	for _ in range(ROUNDS):
		for label, loop in loops.items():
			finish()
			start = time.perf_counter()
			loop(LAUNCHES)
			samples[label].append((time.perf_counter() - start) / LAUNCHES * 1e6)
	results = {label: statistics.median(values) for label, values in samples.items()}
	if gpu:
		floors = {"C loop (floor)": floor(), "C loop in this process": floor_here()}
		results = {label: us for label, us in floors.items() if us} | results
	for label, value in results.items():
		print(f"{label:30} {value:8.2f} us")
	return {"us": results}
