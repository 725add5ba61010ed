"""Time until the first result: import, first compilation in a process, a further one, and a process with a warm cache.

Each is measured in processes of its own, the variants in turn, medians of several."""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile

RUNS = 5
KERNEL = """
@cuda.jit
def saxpy(a, x, y, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		out[i] = a * x[i] + y[i]

@cuda.jit
def other(x, out):
	i = cuda.grid(1)
	if i < out.shape[0]:
		s = 0.0
		for k in range(10):
			s += x[i] * k
		out[i] = s
"""

# Prints microseconds of: import over numpy, first compile, second compile. {package} is gridjit or numba.
PROGRAM = """
import time, numpy as np
t0 = time.perf_counter()
from {package} import cuda
t1 = time.perf_counter()
import types
scope = dict(cuda=cuda)
with open({path!r}) as file:
	exec(compile(file.read(), {path!r}, "exec"), scope)
x = np.ones(64, np.float32)
out = np.zeros(64, np.float32)
{ready}
t2 = time.perf_counter()
{first}
t3 = time.perf_counter()
{second}
t4 = time.perf_counter()
print((t1 - t0) * 1e6, (t3 - t2) * 1e6, (t4 - t3) * 1e6)
"""
LAUNCH = ("scope['saxpy'][1, 64](2.0, x, x, out); cuda.synchronize()", "scope['other'][1, 64](x, out); cuda.synchronize()")
TO_PTX = ("cuda.compile_ptx(scope['saxpy'].py_func, (types_.float64, a, a, a), cc=(9, 0))",
	"cuda.compile_ptx(scope['other'].py_func, (a, a), cc=(9, 0))")


def has(package):
	return importlib.util.find_spec(package) is not None


def measure(program, env):
	done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, env=env)
	if done.returncode:
		raise RuntimeError(done.stderr.strip().splitlines()[-1])
	return [float(value) for value in done.stdout.split()]


def programs(path, gpu):
	"""label → (program, environment)."""
	found = {"gridjit, launch": ("gridjit", LAUNCH, {"GRIDJIT_CACHE": "0"}), "gridjit, launch, warm cache": ("gridjit", LAUNCH, {}),
		"gridjit, launch on device arrays, warm cache": ("gridjit", LAUNCH, {}),
		"gridjit, to PTX": ("gridjit", TO_PTX, {"GRIDJIT_CACHE": "0"})}
	if has("numba_cuda"):
		if gpu:
			found["numba-cuda, launch"] = ("numba", LAUNCH, {})
		found["numba-cuda, to PTX"] = ("numba", TO_PTX, {})
	for label, (package, (first, second), extra) in found.items():
		ready = "cuda.synchronize()" if "launch" in label else ""      # makes the driver's context, which is not ours to time
		if "device arrays" in label:                                   # and the memory pool
			ready = "x, out = cuda.to_device(x), cuda.to_device(out); cuda.synchronize()"
		text = PROGRAM.format(package=package, path=path, ready=ready, first=first, second=second)
		text = text.replace("import types\n", f"from {package} import types as types_\na = types_.float32[::1]\n")
		yield label, text, extra


def run(gpu):
	with tempfile.TemporaryDirectory() as folder:
		path = os.path.join(folder, "kernels.py")
		with open(path, "w") as file:
			file.write(KERNEL)
		env = os.environ | {"GRIDJIT_CACHE_DIR": os.path.join(folder, "cache")}
		samples, notes = {}, {}
		for number in range(RUNS + 1):                 # the first round fills caches and is not counted
			for label, text, extra in programs(path, gpu):
				if label in notes:
					continue
				try:
					values = measure(text, env | extra)
				except RuntimeError as error:
					notes[label] = str(error)[:160]
					continue
				if number:
					samples.setdefault(label, []).append(values)
	results = {label: [statistics.median(column) for column in zip(*rows)] for label, rows in samples.items()}
	for label, (imported, first, second) in results.items():
		print(f"{label:45} import {imported / 1e3:8.1f} ms, first kernel {first / 1e3:8.2f} ms, next {second / 1e3:8.2f} ms")
	return {"us": results, "notes": notes}
