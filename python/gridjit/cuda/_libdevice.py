"""Where libdevice.10.bc, NVIDIA's library of math functions, is. Only kernels that use such functions on a GPU need it."""

import glob
import os
import sys

NAME = "libdevice.10.bc"
# Below site-packages: NVIDIA's wheels (CUDA 12, CUDA 13), and copies that triton and jax bring.
IN_PACKAGES = ("nvidia/cuda_nvcc/nvvm/libdevice", "nvidia/cu*/nvvm/libdevice", "nvidia/*/nvvm/libdevice",
	"triton/backends/nvidia/lib", "jaxlib/cuda/nvvm/libdevice", "jax_cuda*_plugin/cuda/nvvm/libdevice")
IN_SYSTEM = ("/usr/local/cuda/nvvm/libdevice", "/usr/local/cuda-*/nvvm/libdevice", "/usr/lib/nvidia-cuda-toolkit/libdevice",
	"/opt/cuda/nvvm/libdevice")


def candidates():
	"""Patterns of paths, best first."""
	for variable in "CUDA_HOME", "CUDA_PATH":
		if os.environ.get(variable):
			yield os.path.join(os.environ[variable], "nvvm", "libdevice", NAME)
	for folder in sys.path:
		for below in IN_PACKAGES:
			yield os.path.join(folder or ".", below, NAME)
	yield os.path.join(sys.prefix, "nvvm", "libdevice", NAME)
	for folder in IN_SYSTEM:
		yield os.path.join(folder, NAME)


def find():
	"""Path of libdevice.10.bc, or None. Raises FileNotFoundError if GRIDJIT_LIBDEVICE names no file."""
	given = os.environ.get("GRIDJIT_LIBDEVICE")
	if given:
		path = os.path.join(given, NAME) if os.path.isdir(given) else given
		if not os.path.isfile(path):
			raise FileNotFoundError(f"GRIDJIT_LIBDEVICE={given} names no file")
		return path
	for pattern in candidates():
		for path in sorted(glob.glob(pattern), reverse=True):
			if os.path.isfile(path):
				return path
	return None
