"""What a launch costs the host: an empty kernel with three arrays and a scalar, many in a row, nothing waited for."""

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


def floor():
	"""The C loop of bench/launch_floor.c, microseconds; None without a compiler or a driver."""
	source = Path(__file__).with_name("launch_floor.c")
	compiler = shutil.which("gcc") or shutil.which("cc")
	if not source.exists() or not compiler:
		return None
	with tempfile.TemporaryDirectory() as folder:
		program = Path(folder) / "launch_floor"
		subprocess.run([compiler, "-O2", "-D_GNU_SOURCE", "-o", str(program), str(source), "-ldl"], check=True)
		done = subprocess.run([str(program)], capture_output=True, text=True)
	try:
		value = json.loads(done.stdout)
	except ValueError:
		return None
	return value if isinstance(value, (int, float)) else next(v for v in value.values() if isinstance(v, (int, float)))


def gridjit_calls():
	from gridjit import cuda

	@cuda.jit
	def empty(a, b, c, n):
		pass
	arrays = [cuda.to_device(np.zeros(64, np.float32)) for _ in range(3)]
	bound = empty[1, 64]
	calls = {"gridjit, bound": lambda: bound(*arrays, 1), "gridjit, k[g, b](…)": lambda: empty[1, 64](*arrays, 1)}
	if has("torch"):
		import torch
		if torch.cuda.is_available():
			tensors = [torch.zeros(64, device="cuda") for _ in range(3)]
			calls["gridjit, torch tensors"] = lambda: bound(*tensors, 1)
	return calls, cuda.synchronize


def numba_calls():
	if not has("numba_cuda"):
		return {}
	from numba import cuda

	@cuda.jit
	def empty(a, b, c, n):
		pass
	arrays = [cuda.to_device(np.zeros(64, np.float32)) for _ in range(3)]
	bound = empty[1, 64]
	bound(*arrays, 1)                                  # compiles: where numba-cuda does not run, it fails here
	calls = {"numba-cuda, bound": lambda: bound(*arrays, 1)}
	if has("torch"):
		import torch
		tensors = [torch.zeros(64, device="cuda") for _ in range(3)]
		calls["numba-cuda, torch tensors"] = lambda: bound(*tensors, 1)
	return calls


def cupy_calls():
	if not has("cupy"):
		return {}
	import cupy
	kernel = cupy.RawKernel(EMPTY_CUDA, "empty")
	arrays = tuple(cupy.zeros(64, np.float32) for _ in range(3)) + (np.int32(1),)
	return {"CuPy RawKernel": lambda: kernel((1,), (64,), arrays)}


def triton_calls():
	if not has("triton") or not has("torch"):
		return {}
	import torch
	import triton_empty
	tensors = [torch.zeros(64, device="cuda") for _ in range(3)]
	return {"Triton, torch tensors": lambda: triton_empty.empty[(1,)](*tensors, 1)}


def run(gpu):
	calls, finish = gridjit_calls()
	for build in ([numba_calls, cupy_calls, triton_calls] if gpu else []):
		try:
			calls |= build()
		except Exception as error:
			print(f"{build.__name__}: {type(error).__name__}: {error}".splitlines()[0])
	samples = {label: [] for label in calls}
	for call in calls.values():
		for _ in range(100):
			call()
	for _ in range(ROUNDS):
		for label, call in calls.items():
			finish()
			start = time.perf_counter()
			for _ in range(LAUNCHES):
				call()
			samples[label].append((time.perf_counter() - start) / LAUNCHES * 1e6)
	results = {label: statistics.median(values) for label, values in samples.items()}
	least = floor() if gpu else None
	if least:
		results = {"C loop (floor)": least} | results
	for label, value in results.items():
		print(f"{label:28} {value:8.2f} us")
	return {"us": results}
