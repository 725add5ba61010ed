"""CUDA C to PTX by NVIDIA's runtime compiler, where it is installed: from NVIDIA's wheels, a toolkit or the system."""

import ctypes
import functools
import glob
import os
import sys

from .. import config
from ..errors import NvrtcCompilationError, NvrtcError, NvrtcSupportError

# Below site-packages: NVIDIA's wheels for CUDA 13 and 12.
LIBRARIES = "nvidia/cu*/lib", "nvidia/cuda_nvrtc/lib"
INCLUDES = "nvidia/cu*/include", "nvidia/cuda_runtime/include", "nvidia/cuda_cccl/include"
TOOLKITS = "/usr/local/cuda", "/usr/local/cuda-*", "/opt/cuda", "/usr/lib/nvidia-cuda-toolkit"
MISSING = ("CUDA C needs NVIDIA's NVRTC, and libnvrtc was not found: install the package nvidia-cuda-nvrtc (nvidia-cuda-nvrtc-cu12 for "
	"CUDA 12) with pip, or a CUDA toolkit")


def _roots():
	for variable in "CUDA_HOME", "CUDA_PATH":
		if os.environ.get(variable):
			yield os.environ[variable]
	for pattern in TOOLKITS:
		yield from sorted(glob.glob(pattern), reverse=True)


def _below_packages(folders):
	for folder in sys.path:
		for below in folders:
			yield from sorted(glob.glob(os.path.join(folder or ".", below)), reverse=True)


def _candidates():
	for folder in (*_below_packages(LIBRARIES), *(os.path.join(root, lib) for root in _roots() for lib in ("lib64", "lib"))):
		yield from sorted(glob.glob(os.path.join(folder, "libnvrtc.so.[0-9]*")), key=len)
	yield from ("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so")


def include_folders():
	"""Where CUDA's headers are: config.CUDA_INCLUDE_PATH, NVIDIA's wheels, toolkits."""
	given = [config.CUDA_INCLUDE_PATH] if config.CUDA_INCLUDE_PATH else []
	found = [*_below_packages(INCLUDES), *(os.path.join(root, "include") for root in _roots())]
	return given + config.CUDA_NVRTC_EXTRA_SEARCH_PATHS.split(os.pathsep) + [folder for folder in found if os.path.isdir(folder)]


@functools.cache
def _library():
	for path in _candidates():
		try:
			library = ctypes.CDLL(path)
		except OSError:
			continue
		library.nvrtcGetErrorString.restype = ctypes.c_char_p
		return library
	raise NvrtcSupportError(MISSING)


def _check(status, what):
	if status:
		raise NvrtcError(f"{what}: {_library().nvrtcGetErrorString(status).decode()}")


def _text(program, size_of, get):
	library, size = _library(), ctypes.c_size_t()
	_check(getattr(library, size_of)(program, ctypes.byref(size)), size_of)
	text = ctypes.create_string_buffer(size.value)
	_check(getattr(library, get)(program, text), get)
	return text.value


def _architecture(cc):
	"""The newest that the compiler knows, at most cc: 90."""
	library, count = _library(), ctypes.c_int()
	_check(library.nvrtcGetNumSupportedArchs(ctypes.byref(count)), "nvrtcGetNumSupportedArchs")
	known = (ctypes.c_int * count.value)()
	_check(library.nvrtcGetSupportedArchs(known), "nvrtcGetSupportedArchs")
	fitting = [number for number in known if number <= 10 * cc[0] + cc[1]]
	if not fitting:
		raise NvrtcSupportError(f"this NVRTC knows no GPU of compute capability {cc[0]}.{cc[1]}: its oldest is {min(known)}")
	return max(fitting)


@functools.lru_cache(64)
def _compile(data, name, folder, kind, cc):
	library, program = _library(), ctypes.c_void_p()
	if kind == "c":                                    # its functions are C's, and of the device
		data = b'extern "C" {\n' + f'#line 1 "{name}"\n'.encode() + data + b"\n}\n"
	_check(library.nvrtcCreateProgram(ctypes.byref(program), data, name.encode(), 0, None, None), "nvrtcCreateProgram")
	try:
		options = [f"--gpu-architecture=compute_{_architecture(cc)}", "--relocatable-device-code=true"]
		options += ["--device-as-default-execution-space"] if kind == "c" else []
		options += [f"--include-path={path}" for path in [folder, *include_folders()] if path]
		array = (ctypes.c_char_p * len(options))(*map(str.encode, options))
		status = library.nvrtcCompileProgram(program, len(options), array)
		if status:
			log = _text(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog").decode(errors="replace").rstrip()
			raise NvrtcCompilationError(f"{name} does not compile:\n{log}")
		return _text(program, "nvrtcGetPTXSize", "nvrtcGetPTX")
	finally:
		library.nvrtcDestroyProgram(ctypes.byref(program))


def compile_to_ptx(code, cc):
	"""PTX of a CUSource or CSource for GPUs of this compute capability. Raises NvrtcSupportError where there is no NVRTC,
	NvrtcCompilationError with what it says."""
	return _compile(code.data, code.name, code.folder, code.kind, tuple(cc))
