"""The CUDA driver by ctypes: loading cubins, launching them, timing with events. Beside every peer, dependent on none."""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from problems import c_source


class Driver:
	"""The primary context of device 0, which gridjit, CuPy, numba and torch use as well."""

	def __init__(self):
		self.lib = ctypes.CDLL("libcuda.so.1")
		self("cuInit", 0)
		device = ctypes.c_int()
		self("cuDeviceGet", ctypes.byref(device), 0)
		context = ctypes.c_void_p()
		self("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
		self("cuCtxSetCurrent", context)
		major, minor, l2 = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
		for value, attribute in ((major, 75), (minor, 76), (l2, 38)):
			self("cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
		self.arch, self.l2_bytes = f"sm_{major.value}{minor.value}", l2.value
		name = ctypes.create_string_buffer(128)
		self("cuDeviceGetName", name, 128, device)
		self.name = name.value.decode()

	def __call__(self, function, *args):
		status = getattr(self.lib, function)(*args)
		if status:
			raise RuntimeError(f"{function}: CUresult {status}")

	def clock(self):
		"""For measure.interleaved: seconds between two events on the default stream."""
		start, end = ctypes.c_void_p(), ctypes.c_void_p()
		for event in (start, end):
			self("cuEventCreate", ctypes.byref(event), 0)
		self("cuEventRecord", start, None)

		def stop():
			ms = ctypes.c_float()
			self("cuEventRecord", end, None)
			self("cuEventSynchronize", end)
			self("cuEventElapsedTime", ctypes.byref(ms), start, end)
			for event in (start, end):
				self("cuEventDestroy_v2", event)
			return ms.value / 1e3
		return stop

	def sync(self):
		self("cuCtxSynchronize")

	def load(self, cubin, name):
		handle, function = ctypes.c_void_p(), ctypes.c_void_p()
		self("cuModuleLoadData", ctypes.byref(handle), cubin)
		self("cuModuleGetFunction", ctypes.byref(function), handle, name.encode())
		return function

	def launcher(self, function, grid, block, args):
		"""A call without arguments that launches; args are NumPy scalars and device pointers (int)."""
		values = [ctypes.c_uint64(arg) if isinstance(arg, int) else CTYPE[np.dtype(type(arg)).str[1:]](arg.item()) for arg in args]
		pointers = (ctypes.c_void_p * len(values))(*[ctypes.addressof(value) for value in values])
		shape = [ctypes.c_uint(extent) for extent in dim3(grid) + dim3(block)]
		launch, keep = self.lib.cuLaunchKernel, (values, pointers)

		def run():
			if launch(function, *shape, ctypes.c_uint(0), None, keep[1], None):
				raise RuntimeError("cuLaunchKernel failed")
		return run


CTYPE = {"f4": ctypes.c_float, "f8": ctypes.c_double, "i4": ctypes.c_int32, "i8": ctypes.c_int64, "u2": ctypes.c_uint16}


def dim3(size):
	size = (size,) if isinstance(size, int) else tuple(size)
	return tuple(int(extent) for extent in size) + (1,) * (3 - len(size))


def nvcc():
	return shutil.which("nvcc") or next((str(path) for path in Path("/usr/local").glob("cuda*/bin/nvcc")), None)


def compile_cuda(name, block, arch, fast=False):
	"""The kernel's cubin by nvcc -O3 (and -use_fast_math)."""
	with tempfile.TemporaryDirectory() as folder:
		source, cubin = Path(folder) / f"{name}.cu", Path(folder) / f"{name}.cubin"
		source.write_text(c_source(name, block))
		subprocess.run([nvcc(), "-O3", f"-arch={arch}", *["-use_fast_math"] * fast, "-cubin", "-o", str(cubin), str(source)], check=True, capture_output=True)
		return cubin.read_bytes()
