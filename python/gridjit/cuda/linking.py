"""Functions that are compiled elsewhere: declare_device() tells of one, and kernels that call it are linked with the file that it
is in. A GPU's driver links PTX, cubins, fatbins, objects and archives; CUDA C goes through NVRTC first. The CPU device takes C and
CUDA C of functions through the system's compiler, and shared libraries."""

import os
from pathlib import Path

from .. import _core, errors
from .dispatcher import _files


def declare_device(name, sig, link=None, use_cooperative=False, abi="numba"):
	"""A function for kernels to call that is compiled elsewhere under the symbol `name`.

	sig: its signature, with the return type: "float32(float32)", types.int32(types.CPointer(types.int32)).
	link: the file or files that it is in: paths, or LinkableCode. They may be given to cuda.jit(link=…) instead.
	abi: "c": R name(args…); "numba": int name(R *result, args…), which returns 0. In both an array is (meminfo, parent, size,
	itemsize, data, shape…, strides…), a tuple its items.

	Raises TypeError without a return type, NotImplementedError for types that cannot be passed."""
	if use_cooperative:
		raise NotImplementedError("use_cooperative=True is not supported: declared functions cannot wait for the whole grid")
	return _core.Extern(name, sig, abi, _files(link))


# -- what there is to link with ---------------------------------------------------------------------------------------------

class LinkableCode:
	"""Code to link kernels with: data is bytes, text or an open file; name stands in messages."""

	kind, default_name = None, "<unnamed>"

	def __init__(self, data, name=None, setup_callback=None, teardown_callback=None, nrt=False):
		if setup_callback or teardown_callback or nrt:
			raise NotImplementedError("LinkableCode(setup_callback=, teardown_callback=, nrt=) are not supported")
		if self.kind is None:
			raise TypeError("LinkableCode is abstract: make a PTXSource, CUSource, Cubin, Fatbin, Object or Archive")
		data = data.read() if hasattr(data, "read") else data
		self.data = data.encode() if isinstance(data, str) else bytes(data)
		self.name = name or self.default_name
		self.folder = None

	def __eq__(self, other):
		return type(self) is type(other) and self.data == other.data

	def __hash__(self):
		return hash((type(self), self.data))

	def __repr__(self):
		return f"{type(self).__name__}({self.name!r}, {len(self.data)} bytes)"


class PTXSource(LinkableCode):
	"""PTX."""
	kind, default_name = "ptx", "<unnamed-ptx>"


class CUSource(LinkableCode):
	"""CUDA C: compiled by NVRTC for a GPU, by the system's C++ compiler for the CPU device."""
	kind, default_name = "cu", "<unnamed-cu>"


class CSource(LinkableCode):
	"""C: functions that run on both devices."""
	kind, default_name = "c", "<unnamed-c>"


class Fatbin(LinkableCode):
	"""A fatbin, or a host object that holds one."""
	kind, default_name = "fatbin", "<unnamed-fatbin>"


class Cubin(LinkableCode):
	"""Relocatable code of one kind of GPU."""
	kind, default_name = "cubin", "<unnamed-cubin>"


class Object(LinkableCode):
	"""A host object with code of GPUs, of nvcc -dc."""
	kind, default_name = "object", "<unnamed-object>"


class Archive(LinkableCode):
	"""A library of such objects."""
	kind, default_name = "archive", "<unnamed-library>"


class LTOIR(LinkableCode):
	"""Intermediate code for link-time optimisation: not supported."""
	kind, default_name = "ltoir", "<unnamed-ltoir>"


class _Library(LinkableCode):
	"""A shared library of the CPU: its path, too."""
	kind = "library"


_BY_SUFFIX = {".ptx": PTXSource, ".cu": CUSource, ".c": CSource, ".fatbin": Fatbin, ".cubin": Cubin, ".o": Object, ".a": Archive,
	".ltoir": LTOIR, ".so": _Library}


def _read(item):
	"""LinkableCode of a path."""
	if isinstance(item, LinkableCode):
		return item
	if not isinstance(item, (str, os.PathLike)):
		raise TypeError(f"link takes paths and LinkableCode, not {type(item).__name__}")
	path = Path(item)
	cls = _BY_SUFFIX.get(path.suffix)
	if cls is None:
		raise ValueError(f"{path} cannot be linked: files end in {', '.join(_BY_SUFFIX)}")
	code = cls(path.read_bytes(), str(path.absolute()) if cls is _Library else str(path))
	code.folder = str(path.absolute().parent)
	return code


# By the order of gj_link_kind (src/run/device.h).
_KINDS = "ptx", "cubin", "fatbin", "object", "archive", "library"


def _for_gpu(code, cc):
	if code.kind in ("cu", "c"):
		from ._nvrtc import compile_to_ptx
		return PTXSource(compile_to_ptx(code, cc), code.name)
	if code.kind == "ltoir":
		raise NotImplementedError(f"{code.name}: LTO-IR cannot be linked (it needs nvJitLink): give PTX, a cubin or a fatbin")
	if code.kind == "library":
		raise errors.LinkerError(f"{code.name}: a shared library of the CPU cannot be linked into a kernel of a GPU")
	return code


def _for_cpu(code, cc):
	if code.kind in ("cu", "c"):
		from ._cc import compile_to_library
		library = _Library(code.data, compile_to_library(code))
		return library
	if code.kind != "library":
		raise errors.LinkerError(f"{code.name}: {code.kind} is code of GPUs; kernels of the CPU device are linked with C (.c), CUDA C (.cu) and shared libraries (.so)")
	return code


def for_gpu(items, cc):
	"""LinkableCode of each item once, for a GPU of this capability."""
	return list(dict.fromkeys(_for_gpu(_read(item), cc) for item in items))


def resolve(items, device_kind, cc):
	"""(kind, name, contents) of what a kernel for this device is linked with, each once. Called when a kernel is compiled."""
	make = _for_gpu if device_kind == "cuda" else _for_cpu
	codes = dict.fromkeys(make(_read(item), cc) for item in items)
	return [(_KINDS.index(code.kind), code.name, code.data) for code in codes]
