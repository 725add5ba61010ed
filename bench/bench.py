"""gridjit beside its peers. `python bench/bench.py` runs every part that this machine can run; naming parts runs those.

Parts: gpu (kernels beside CUDA C by nvcc -O3, CuPy, Triton, numba-cuda), cpu (beside numba njit(parallel) and
PoCL), launch-gpu, launch-cpu (what a launch costs the host), ufuncs (vectorize and guvectorize on the CPU beside numba, NumPy,
numexpr), fuse (beside NumPy, numexpr, JAX), startup (import, compile, cache). Peers that are not installed are left out. Results are merged into bench/results.json, from which RESULTS.md and results.svg are made."""

import argparse
import datetime
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

PARTS = ["gpu", "cpu", "launch-gpu", "launch-cpu", "ufuncs", "fuse", "startup"]
ON_CPU = "cpu", "launch-cpu", "ufuncs", "fuse"


def gpu_present():
	done = subprocess.run([sys.executable, "-c", "import ctypes; l = ctypes.CDLL('libcuda.so.1'); n = ctypes.c_int(); "
		"l.cuInit(0); l.cuDeviceGetCount(ctypes.byref(n)); raise SystemExit(n.value == 0)"], capture_output=True)
	return done.returncode == 0


def versions():
	found = [f"Python {sys.version.split()[0]}"]
	for package in ("gridjit", "numpy", "numba", "numba-cuda", "cupy-cuda12x", "cupy-cuda13x", "triton", "torch", "pyopencl", "numexpr", "jax"):
		try:
			found.append(f"{package} {importlib.metadata.version(package)}")
		except importlib.metadata.PackageNotFoundError:
			pass
	return ", ".join(found)


def run_part(part, options):
	"""In this process: GRIDJIT_DEVICE is set by the parent."""
	from problems import FAST, SIZES
	names = options.kernel or [*SIZES, *(FAST if part == "gpu" else ())]
	if part in ("gpu", "cpu"):
		module = __import__(part)
		result = module.kernels(names, options.quick)
	elif part in ("ufuncs", "fuse"):
		result = __import__(part).run(options.quick)
	else:
		module = __import__(part.split("-")[0])
		result = module.run(gpu_present() if part == "startup" else part.endswith("gpu"))
	return result | {"versions": versions(), "date": datetime.date.today().isoformat()}


def spawn(part, options):
	"""Each part in a process of its own, on its device; its result comes back through a file."""
	out = HERE / f".{part}.json"
	out.unlink(missing_ok=True)
	device = "cpu" if part in ON_CPU else "gpu" if part in ("gpu", "launch-gpu") else "auto"
	command = [sys.executable, str(HERE / "bench.py"), part, "--child", str(out)]
	command += ["--quick"] * options.quick + [item for name in options.kernel or [] for item in ("--kernel", name)]
	print(f"== {part}", flush=True)
	done = subprocess.run(command, env=os.environ | {"GRIDJIT_DEVICE": device})
	if done.returncode or not out.exists():
		print(f"{part} failed")
		return None
	result = json.loads(out.read_text())
	out.unlink()
	return result


def save(results):
	import report
	(HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
	report.plot(results, HERE / "results.svg")
	text = HERE / "RESULTS.md"
	text.write_text(report.markdown(results, text.read_text() if text.exists() else ""))


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
	parser.add_argument("part", nargs="*", help="one of " + ", ".join(PARTS))
	parser.add_argument("--kernel", action="append", help="only this kernel (may be repeated)")
	parser.add_argument("--quick", action="store_true", help="small sizes, nothing is saved: does it run at all?")
	parser.add_argument("--child", help=argparse.SUPPRESS)
	options = parser.parse_args()
	unknown = [part for part in options.part if part not in PARTS]
	if unknown:
		parser.error(f"no such part: {unknown[0]}")
	if options.child:
		Path(options.child).write_text(json.dumps(run_part(options.part[0], options)))
		return 0
	gpu = gpu_present()
	parts = options.part or [part for part in PARTS if gpu or not part.endswith("gpu")]
	stored = HERE / "results.json"
	results = json.loads(stored.read_text()) if stored.exists() else {}
	failed = False
	for part in parts:
		result = spawn(part, options)
		failed |= result is None
		if result and not options.quick:
			results[part] = result
	if not options.quick and results:
		save(results)
		print(f"written: {HERE / 'RESULTS.md'}")
	return int(failed)


if __name__ == "__main__":
	sys.exit(main())
