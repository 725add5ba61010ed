"""Compiling without a device: Python function and signature in, PTX out. Needs neither a GPU nor a driver."""

from types import FunctionType

from .. import _core, config
from ._symbol import symbol
from .dispatcher import _debug_and_opt, _list_options


def _compute_capability(cc):
	return config.CUDA_DEFAULT_PTX_CC if cc is None else config._capability(cc)


def compile(pyfunc, sig, debug=None, lineinfo=False, device=True, fastmath=False, cc=None, opt=None, abi="c", abi_info=None,
	output="ptx", forceinline=False, launch_bounds=None, **options):
	"""PTX of a function and its return type: (text, Type).

	sig: signature or tuple of argument types. device: a device function (True) or a kernel.
	{options}
	The default of cc is config.CUDA_DEFAULT_PTX_CC.
	abi, of device functions: "c" for `R f(args…)` under the function's name or abi_info={"abi_name": name};
	"numba" for `int f(R *result, args…)` under a mangled name (numba's, without what it adds for versions).
	In both an array argument is (meminfo, parent, size, itemsize, data, shape…, strides…), a tuple its items.
	Raises TypeError for a kernel that returns a value, NotImplementedError for other ABIs and outputs, ValueError for a
	name that PTX cannot have."""
	return _compile([], pyfunc, sig, debug, lineinfo, device, fastmath, cc, opt, abi, abi_info, output, forceinline, launch_bounds,
		**options)


def _compile(linked, pyfunc, sig, debug, lineinfo, device, fastmath, cc, opt, abi, abi_info, output, forceinline, launch_bounds, **options):
	_core.check_keywords("compile", options, compile._keywords)
	if abi not in ("c", "numba"):
		raise NotImplementedError(f"Unsupported ABI: {abi}; there are 'c' and 'numba'")
	if output != "ptx":
		raise NotImplementedError(f"Unsupported output type: {output}; only 'ptx' is built")
	if abi_info and not (device and abi == "c"):
		raise NotImplementedError("abi_info names device functions with abi='c' only")
	signature = _core.signature(sig)
	if not device and signature.return_type not in (None, _core.Type("none")):
		raise TypeError("CUDA kernel must have void return type.")
	options = _core.read_options("compile", dict(lineinfo=lineinfo, fastmath=fastmath, cc=_compute_capability(cc),
		forceinline=forceinline, launch_bounds=launch_bounds, **_debug_and_opt(debug, opt), **options))
	function = getattr(pyfunc, "py_func", pyfunc)
	name = symbol(function, signature.args, abi, abi_info) if device and isinstance(function, FunctionType) else None
	entry = "kernel" if not device else abi if name else "device"
	return _core.compile(function, signature, dict(options, entry=entry, symbol=name), linked=linked)


_list_options(compile, 4)


def compile_all(pyfunc, sig, debug=None, lineinfo=False, device=True, fastmath=False, cc=None, opt=None, abi="c", abi_info=None,
	output="ptx", forceinline=False, launch_bounds=None, **options):
	"""compile(), and what the function is to be linked with: (list, Type). The list has its PTX first, then for each file that functions
	of cuda.declare_device() come from, or that cuda.jit(link=…) names: PTX as text, also of CUDA C (through NVRTC); other code as
	LinkableCode.

	Unlike numba's, the default of output is "ptx", which is all there is."""
	from .linking import for_gpu
	linked = []
	text, kind = _compile(linked, pyfunc, sig, debug, lineinfo, device, fastmath, cc, opt, abi, abi_info, output, forceinline,
		launch_bounds, **options)
	codes = for_gpu([*linked, *getattr(pyfunc, "_link", ())], _compute_capability(cc))
	return [text, *(code if code.kind != "ptx" else code.data.decode() for code in codes)], kind


def inspect_sass(ptx, cc=None):
	"""What ptxas makes of PTX that compile() gave, for the same cc, as text. Raises CudaSupportError where NVIDIA's tools are missing."""
	from ._tools import sass
	return sass(ptx, _compute_capability(cc))


def compile_for_current_device(pyfunc, sig, **options):
	"""compile() for the compute capability of the current device. Raises CudaSupportError on the CPU device."""
	from .devices import get_current_device
	from ..errors import CudaSupportError
	cc = get_current_device().compute_capability
	if cc == (0, 0):
		raise CudaSupportError("the current device is the CPU, which has no compute capability: use compile(…, cc=(major, minor))")
	return compile(pyfunc, sig, cc=cc, **options)


def compile_ptx(pyfunc, sig, debug=None, lineinfo=False, device=False, fastmath=False, cc=None, opt=None, abi="numba",
	abi_info=None, forceinline=False, launch_bounds=None, **options):
	"""compile() with the defaults for kernels: (text, Type)."""
	return compile(pyfunc, sig, debug, lineinfo, device, fastmath, cc, opt, abi, abi_info, "ptx", forceinline, launch_bounds,
		**options)


def compile_ptx_for_current_device(pyfunc, sig, device=False, abi="numba", **options):
	"""compile_ptx() for the compute capability of the current device. Raises CudaSupportError on the CPU device."""
	return compile_for_current_device(pyfunc, sig, device=device, abi=abi, **options)
