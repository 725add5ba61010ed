"""What two settings are worth on a GPU: GRIDJIT_NEIGHBOURS (a thread runs several elements) and GRIDJIT_EARLY_LOADS (loads before
slow operations), on kernels that stream through memory. Each setting in processes of its own, in turn; medians in microseconds."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

SETTINGS = {"as it is": {}, "early loads": {"GRIDJIT_EARLY_LOADS": "1"}, "2 neighbours": {"GRIDJIT_NEIGHBOURS": "2"},
	"4 neighbours": {"GRIDJIT_NEIGHBOURS": "4"}, "2 and early": {"GRIDJIT_NEIGHBOURS": "2", "GRIDJIT_EARLY_LOADS": "1"},
	"4 and early": {"GRIDJIT_NEIGHBOURS": "4", "GRIDJIT_EARLY_LOADS": "1"}}
ROUNDS, LAUNCHES, SIZE, BLOCK = 3, 30, 1 << 26, 256


def problems():
	"""name → kernel, arguments, which of them is the result, what NumPy gives for it."""
	import math

	import numpy as np
	from gridjit import cuda

	sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
	from kernels import black_scholes, saxpy

	@cuda.jit
	def copy(x, out):
		i = cuda.grid(1)
		if i < out.shape[0]:
			out[i] = x[i]

	@cuda.jit
	def window(x, out):
		i = cuda.grid(1)
		if i < out.shape[0] - 2:
			out[i + 1] = x[i] + x[i + 1] + x[i + 2]

	@cuda.jit
	def late(x, y, z, out):
		"""Loads stand where they are used, behind what is slow."""
		i = cuda.grid(1)
		if i < out.shape[0]:
			out[i] = math.sqrt(x[i]) / y[i] + math.log(z[i])

	rng = np.random.default_rng(1)
	x, y, z = (rng.uniform(1, 2, SIZE).astype(np.float32) for _ in range(3))
	option = black_scholes.case(SIZE, BLOCK, rng)
	inside = np.zeros_like(x)
	inside[1:-1] = x[:-2] + x[1:-1] + x[2:]
	a = np.float32(2.5)
	return {
		"copy": (copy, [x, np.zeros_like(x)], 1, x),
		"saxpy": (saxpy.saxpy, [a, x, y, np.zeros_like(x)], 3, a * x + y),
		"saxpy, float64": (saxpy.saxpy, [2.5, *(t.astype(float) for t in (x, y)), np.zeros(SIZE)], 3, 2.5 * x.astype(float) + y),
		"window of three": (window, [x, np.zeros_like(x)], 1, inside),
		"loads behind slow operations": (late, [x, y, z, np.zeros_like(x)], 3, np.sqrt(x) / y + np.log(z)),
		"black_scholes": (option.kernel, option.args, 0, option.expect()[0]),
	}


def measure():
	import numpy as np
	from gridjit import cuda
	found = {}
	for name, (kernel, args, result, expect) in problems().items():
		here = [cuda.to_device(arg) if isinstance(arg, np.ndarray) and arg.ndim else arg for arg in args]
		bound = kernel[(SIZE + BLOCK - 1) // BLOCK, BLOCK]
		bound(*here)
		assert np.allclose(here[result].copy_to_host(), expect, rtol=1e-4, atol=1e-4), name
		start, end = cuda.event(), cuda.event()
		times = []
		for _ in range(LAUNCHES):
			start.record()
			bound(*here)
			end.record()
			end.synchronize()
			times.append(start.elapsed_time(end) * 1e3)
		found[name] = statistics.median(times)
	print(json.dumps(found))


def main():
	samples = {label: {} for label in SETTINGS}
	for _ in range(ROUNDS):
		for label, setting in SETTINGS.items():
			done = subprocess.run([sys.executable, __file__, "measure"], env=os.environ | {"GRIDJIT_CACHE": "0"} | setting,
				capture_output=True, text=True)
			if done.returncode:
				sys.exit(f"{label}: {done.stderr}")
			for name, us in json.loads(done.stdout).items():
				samples[label].setdefault(name, []).append(us)
	print("| kernel | " + " | ".join(SETTINGS) + " |\n|" + "---|" * (len(SETTINGS) + 1))
	for name in samples["as it is"]:
		print(f"| {name} | " + " | ".join(f"{statistics.median(samples[label][name]):.1f}" for label in SETTINGS) + " |")


if __name__ == "__main__":
	measure() if sys.argv[1:] == ["measure"] else main()
