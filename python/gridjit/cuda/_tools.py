"""NVIDIA's disassemblers and assembler, where they are installed: what a kernel became on a GPU, as text."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile

from ..errors import CudaSupportError

# Below site-packages: NVIDIA's wheels for CUDA 13 and 12, and what triton brings.
IN_PACKAGES = "nvidia/cu*/bin", "nvidia/cuda_nvcc/bin", "nvidia/cuda_nvdisasm/bin", "nvidia/cuda_cuobjdump/bin", "triton/backends/nvidia/bin"
IN_SYSTEM = "/usr/local/cuda/bin", "/usr/local/cuda-*/bin", "/opt/cuda/bin"


def _find(name):
	"""Path of the tool, or None."""
	for variable in "CUDA_HOME", "CUDA_PATH":
		path = os.environ.get(variable) and os.path.join(os.environ[variable], "bin", name)
		if path and os.access(path, os.X_OK):
			return path
	if shutil.which(name):
		return shutil.which(name)
	patterns = [os.path.join(folder or ".", below) for folder in sys.path for below in IN_PACKAGES]
	for pattern in (*patterns, *IN_SYSTEM):
		for folder in sorted(glob.glob(pattern), reverse=True):
			path = os.path.join(folder, name)
			if os.access(path, os.X_OK):
				return path
	return None


def _run(command):
	done = subprocess.run(command, capture_output=True, text=True, errors="replace")
	if done.returncode:
		raise CudaSupportError(f"{os.path.basename(command[0])} failed: {(done.stderr or done.stdout).strip()}")
	return done.stdout


def _assemble(ptx, cc, folder):
	tool = _find("ptxas")
	if tool is None:
		raise CudaSupportError("SASS of PTX needs NVIDIA's assembler, and ptxas was not found: install the package nvidia-cuda-nvcc "
			"(nvidia-cuda-nvcc-cu12 for CUDA 12) with pip, or a CUDA toolkit")
	source, cubin = os.path.join(folder, "code.ptx"), os.path.join(folder, "code.cubin")
	with open(source, "w") as file:
		file.write(ptx)
	_run([tool, "-c", "-arch", f"sm_{cc[0]}{cc[1]}", source, "-o", cubin])
	return cubin


def sass(code, cc=None, cfg=False):
	"""The machine code of a GPU as text. code: a cubin (bytes), or PTX (text) for compute capability `cc`. cfg: its control flow,
	as a graph for dot.

	Raises CudaSupportError, naming the package, where NVIDIA's tools are not installed."""
	disassembler = _find("nvdisasm")
	other = None if disassembler or cfg else _find("cuobjdump")
	if not disassembler and not other:
		raise CudaSupportError(f"inspect_sass{'_cfg' if cfg else ''}() needs NVIDIA's disassembler, and {'nvdisasm was' if cfg else 'nvdisasm and cuobjdump were'}"
			" not found: install the package nvidia-cuda-nvdisasm with pip, or a CUDA toolkit")
	with tempfile.TemporaryDirectory(prefix="gridjit-") as folder:
		if isinstance(code, str):
			path = _assemble(code, cc, folder)
		else:
			path = os.path.join(folder, "code.cubin")
			with open(path, "wb") as file:
				file.write(code)
		if disassembler:
			return _run([disassembler, "-cfg", path] if cfg else [disassembler, "-gi", "-c", path])
		return _run([other, "-sass", path])
