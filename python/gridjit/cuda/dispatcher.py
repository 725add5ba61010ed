"""@cuda.jit and what it makes. The launch itself is in C (_core.Dispatcher, _core.Launcher)."""

import functools
import operator
import sys
import types as pytypes
import warnings

from .. import _core, _pickle, config, errors
from .._declared import as_declared
from .._overloads import Overloads, is_signature


class _Bound:
	"""A kernel reached through an instance: the instance is its first argument."""

	__slots__ = "dispatcher", "instance"

	def __init__(self, dispatcher, instance):
		self.dispatcher, self.instance = dispatcher, instance

	def __getitem__(self, key):
		return functools.partial(self.dispatcher[key], self.instance)

	def __getattr__(self, name):
		return getattr(self.dispatcher, name)


def _count(value, what):
	try:
		return operator.index(value)
	except TypeError:
		raise TypeError(f"{what} must be an int, not {type(value).__name__}") from None


class ForAll:
	"""kernel.forall(n): launches at least n threads in one dimension, in blocks of a size that suits the kernel."""

	def __init__(self, dispatcher, ntasks, tpb, stream, sharedmem):
		ntasks, tpb = _count(ntasks, "the number of tasks"), _count(tpb, "tpb")
		if ntasks < 0:
			raise ValueError(f"Can't create ForAll with negative task count: {ntasks}")
		if tpb < 0:
			raise ValueError(f"tpb, the threads of a block, must not be negative: {tpb}")
		self.dispatcher, self.ntasks, self.tpb, self.stream, self.sharedmem = dispatcher, ntasks, tpb, stream, sharedmem

	def __call__(self, *args, **kwargs):
		if self.ntasks == 0:
			return
		tpb = self.tpb or self.dispatcher._kernel_for(*args, **kwargs).suggest_block(self.sharedmem)[0]
		blocks = (self.ntasks + tpb - 1) // tpb
		self.dispatcher[blocks, tpb, self.stream, self.sharedmem](*args, **kwargs)


class Compiled:
	"""One compiled form of a kernel: what _core.Kernel tells of it, its texts, and launch()."""

	__slots__ = "_dispatcher", "_kernel"

	def __init__(self, dispatcher, kernel):
		self._dispatcher, self._kernel = dispatcher, kernel

	def __getattr__(self, name):
		return getattr(self._kernel, name)

	def __dir__(self):
		return sorted({*super().__dir__(), *dir(self._kernel)})

	def launch(self, args, griddim, blockdim, stream=0, sharedmem=0):
		"""Launch it; the arguments are converted to its types."""
		self._dispatcher._specialized_for(self._kernel.argtypes)[griddim, blockdim, stream, sharedmem](*args)

	def inspect_llvm(self):
		"""LLVM IR."""
		return self._dispatcher.inspect_llvm(self._kernel.argtypes)

	def inspect_asm(self):
		"""PTX; on the CPU device assembly."""
		return self._dispatcher.inspect_asm(self._kernel.argtypes)

	def inspect_sass(self):
		"""The GPU's machine code."""
		return self._dispatcher.inspect_sass(self._kernel.argtypes)

	def inspect_sass_cfg(self):
		"""Its control flow as a graph for dot."""
		return self._dispatcher.inspect_sass_cfg(self._kernel.argtypes)


class CUDADispatcher(Overloads, _core.Dispatcher):
	"""A kernel or device function: kernel[grid, block](…) launches it; stream and bytes of dynamic shared memory may
	follow: kernel[grid, block, stream, sharedmem](…). Grid and block are ints or tuples of 1 to 3 ints.

	Compiles for each new combination of argument types, unless explicit signatures were given."""

	specialized = False
	_specializations = None
	_extensions = ()

	# -- launching --

	def configure(self, griddim, blockdim, stream=0, sharedmem=0):
		"""The same as kernel[griddim, blockdim, stream, sharedmem]."""
		return self[griddim, blockdim, stream, sharedmem]

	def forall(self, ntasks, tpb=0, stream=0, sharedmem=0):
		"""1-D launch of at least `ntasks` threads: kernel.forall(n)(*args). tpb: threads a block, 0: chosen.

		The kernel must check cuda.grid(1) < ntasks itself. Raises ValueError for a negative count; 0 launches nothing."""
		return ForAll(self, ntasks, tpb, stream, sharedmem)

	def __get__(self, obj, owner=None):
		if obj is None:
			return self
		return pytypes.MethodType(self, obj) if self._device else _Bound(self, obj)

	# -- compiling --

	def compile(self, sig):
		"""Compile for a signature (text, Signature, or tuple of types) now; returns the Kernel."""
		if self._locked:
			raise RuntimeError(f"compilation of {self.__name__}() for further types is disabled: it has explicit signatures")
		return self._compile(sig)

	def specialize(self, *args, **kwargs):
		"""The dispatcher for the types of these arguments only; others are converted to them."""
		return self._specialized_for(self._types_of(*args, **kwargs))

	def _specialized_for(self, argtypes):
		self._specializations = self._specializations or {}
		if argtypes not in self._specializations:
			self._specializations[argtypes] = _make(self, self._options, [argtypes], True, True, self._link)
		return self._specializations[argtypes]

	def compile_device(self, args, return_type=None):
		"""Compile as a device function for arguments of these types: what comes of it has `signature`, `ptx` and `name`.

		For the capability of the current GPU; on the CPU device for config.CUDA_DEFAULT_PTX_CC."""
		from .compiler import _compile
		from ._symbol import symbol
		cc = _core.Device(_core.current_ordinal()).compute_capability
		argtypes = tuple(map(_core.as_type, args))
		given = argtypes if return_type is None else _core.as_type(return_type)(*argtypes)
		ptx, kind = _compile([], self.py_func, given, self._options["debug"], False, True, self._options["fastmath"],
			None if cc == (0, 0) else cc, self._options["opt"], "numba", None, "ptx", False, None)
		return pytypes.SimpleNamespace(signature=kind(*argtypes), ptx=ptx, name=symbol(self.py_func, argtypes, "numba", None))

	def mark_launch_config_sensitive(self):
		"""The kernel is compiled for each grid, block and size of shared memory by itself: overloads that it calls look at
		launchconfig.current_launch_config()."""
		if self._device:
			raise TypeError(f"{self.__name__}() is a device function: it has no launches")
		self.__class__ = _LaunchSensitive

	def recompile(self):
		"""Forget what was compiled: globals are read anew at the next launch."""
		self._clear()
		self._specializations = None
		if self._declared:
			self._gj_function = as_declared(self.py_func, self)
		for argtypes in self._declared if not self._device else ():
			self._compile(argtypes)

	# -- what was compiled --

	@property
	def overloads(self):
		"""Dictionary: tuple of argument types → compiled form."""
		return {kernel.argtypes: Compiled(self, kernel) for kernel in self._kernels()}

	@property
	def extensions(self):
		"""What changes arguments before a launch: objects with prepare_args(type, value, stream, retr)."""
		return list(self._extensions)

	def get_metadata(self, signature=None):
		"""Dictionary of what is known about a compiled form, by argument types when no signature is given."""
		return self._each(signature, lambda kernel: {
			"signature": kernel.signature, "device": kernel.device_kind, "facts": kernel.facts, "written": kernel.written})

	def _each(self, signature, get):
		"""get(kernel) for one signature, for the only one of a specialised kernel, or a dictionary of all."""
		overloads = self.overloads
		if signature is not None:
			return get(self._find(signature))
		if self.specialized:
			return get(next(iter(overloads.values())))
		return {argtypes: get(kernel) for argtypes, kernel in overloads.items()}

	def get_regs_per_thread(self, signature=None):
		"""Registers of a thread, for a signature or by argument types."""
		return self._each(signature, lambda kernel: kernel.regs_per_thread)

	def get_const_mem_size(self, signature=None):
		"""Bytes of constant memory, for a signature or by argument types."""
		return self._each(signature, lambda kernel: kernel.const_mem_size)

	def get_shared_mem_per_block(self, signature=None):
		"""Bytes of static shared memory of a block, for a signature or by argument types."""
		return self._each(signature, lambda kernel: kernel.shared_mem_per_block)

	def get_max_threads_per_block(self, signature=None):
		"""Most threads of a block that the kernel can run with, for a signature or by argument types."""
		return self._each(signature, lambda kernel: kernel.max_threads_per_block)

	def get_local_mem_per_thread(self, signature=None):
		"""Bytes of local memory of a thread, for a signature or by argument types."""
		return self._each(signature, lambda kernel: kernel.local_mem_per_thread)

	def _text(self, signature, stage):
		if signature is not None:
			return self._dump(_core.signature(signature).args, stage)
		signatures = self._declared if self._device else self.signatures
		texts = {argtypes: self._dump(argtypes, stage) for argtypes in signatures}
		return next(iter(texts.values())) if self.specialized else texts

	def inspect_llvm(self, signature=None):
		"""LLVM IR for a signature, or a dictionary by argument types."""
		return self._text(signature, "llvm")

	def inspect_asm(self, signature=None):
		"""PTX (on the CPU device assembly) for a signature, or a dictionary by argument types."""
		return self._text(signature, "ptx" if _core.device_kind() == "cuda" else "asm")

	def inspect_types(self, file=None):
		"""Print the typed form of every compiled signature."""
		for argtypes in self._declared if self._device else self.signatures:
			print(f"{self.__name__} {argtypes}", self._dump(argtypes, "types"), sep="\n", file=file or sys.stdout)

	def _sass(self, signature, cfg):
		if _core.device_kind() != "cuda":
			raise errors.CudaSupportError("SASS is the code of GPUs, and kernels run on the CPU: inspect_asm() gives theirs")
		from ._tools import sass
		return self._each(signature, lambda kernel: sass(kernel.code, cfg=cfg))

	def inspect_sass(self, signature=None):
		"""The GPU's machine code for a signature, or a dictionary by argument types: by nvdisasm or cuobjdump.

		Raises CudaSupportError where NVIDIA's tools are not installed, and on the CPU device."""
		return self._sass(signature, False)

	def inspect_sass_cfg(self, signature=None):
		"""Its control flow as a graph for dot: by nvdisasm."""
		return self._sass(signature, True)

	def inspect_lto_ptx(self, signature=None):
		"""The same as inspect_asm(): a kernel and what it calls are one module, whose PTX is that of all."""
		return self.inspect_asm(signature)

	# -- pickling --

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, self._options, self._declared, self._locked, self.specialized, self._link)

	def __repr__(self):
		return f"<{'device function' if self._device else 'kernel'} {self.__module__}.{self.__qualname__}>"


class _Extended(CUDADispatcher):
	"""A kernel with extensions: the last one is asked first. What they put into `retr` is called when the kernel has run."""

	def __getitem__(self, key):
		launcher = super().__getitem__(key)

		def launch(*args, **kwargs):
			retr = []
			launcher(*(self._prepared(arg, launcher.stream, retr) for arg in args), **kwargs)
			for function in retr:
				function()
		return launch

	def _prepared(self, value, stream, retr):
		try:
			kind = _core.typeof(value)
		except Exception:
			kind = None                                    # an object that only the extension knows
		for extension in reversed(self._extensions):
			kind, value = extension.prepare_args(kind, value, stream=stream, retr=retr)
		return value


class _LaunchSensitive(CUDADispatcher):
	"""A kernel with a dispatcher for each launch configuration."""

	_launches = None

	def forall(self, ntasks, tpb=0, stream=0, sharedmem=0):
		"""Blocks have 256 threads where tpb is 0: what suits the kernel is known only once it is compiled for a launch."""
		return super().forall(ntasks, tpb or 256, stream, sharedmem)

	def __getitem__(self, key):
		launcher = super().__getitem__(key)
		self._launches = self._launches or {}
		config = launcher.griddim, launcher.blockdim, launcher.sharedmem
		if config not in self._launches:
			self._launches[config] = _make(self, self._options, self._declared, self._locked, self.specialized, self._link)
		self._launches[config]._watch = self._watch
		return self._launches[config][key]

	@property
	def overloads(self):
		"""Compiled forms by argument types: of each, that of the first launch."""
		return {argtypes: kernel for made in reversed((self._launches or {}).values()) for argtypes, kernel in made.overloads.items()}

	def recompile(self):
		"""Forget what was compiled."""
		self._launches = None


# -- pickling --

def _rebuild(state, options, declared, locked, specialized, link=()):
	return _pickle.restore(state, _make, options, declared, locked, specialized, link)


# -- the decorator --


def _check_keywords(kws):
	"""Refuse what is gone, drop what says nothing."""
	for name in "argtypes", "restype", "bind":
		if name in kws:
			raise errors.DeprecationError(f"the {name} keyword is gone; give a signature instead")
	kws.pop("nopython", None)
	_core.check_keywords("jit", kws, jit._keywords)


def _files(link):
	"""What a kernel or declared function is linked with, as a tuple."""
	return () if link is None else tuple(link) if isinstance(link, (list, tuple)) else (link,)


def _debug_and_opt(debug, opt):
	"""Both as config says where they were not given; debugging turns optimisation off."""
	debug = config.CUDA_DEBUGINFO_DEFAULT if debug is None else debug
	return dict(debug=debug, opt=(bool(config.OPT) and not debug) if opt is None else opt)


def _options(debug, opt, **given):
	"""Options of a dispatcher without its entry, by keyword (rows of options.def): read and checked in C."""
	if debug and opt:
		warnings.warn(errors.NumbaInvalidConfigWarning("debug=True with opt=True: optimised code is hard to debug"), 3)
	if debug and given["lineinfo"]:
		warnings.warn(errors.NumbaInvalidConfigWarning("debug=True already has line information: lineinfo=True adds none"), 3)
	if given.get("boundscheck", 0) is None:
		del given["boundscheck"]
	return _core.read_options("jit", given | _debug_and_opt(debug, opt))


def told(options=()):
	"""Options of a kernel over arrays made around a user's function: what that raises is told, and it is debugged if config says so."""
	return {"extents": "", **_debug_and_opt(None, None), **dict(options)}


def _make(function, options, signatures=(), locked=False, specialized=False, link=()):
	seen = getattr(function, "_gj_function", None)
	if isinstance(function, _core.Dispatcher):
		function = function.py_func
	dispatcher = CUDADispatcher(function, options)
	dispatcher._link = link
	if signatures:
		dispatcher._gj_function = seen or as_declared(function, dispatcher)
	functools.update_wrapper(dispatcher, function)
	for signature in signatures:
		dispatcher._declare(signature)
		if not dispatcher._device:
			dispatcher._compile(signature)
	dispatcher._locked, dispatcher.specialized = locked, specialized
	return dispatcher


def _extended(dispatcher, extensions):
	dispatcher.__class__, dispatcher._extensions = _Extended, extensions
	return dispatcher


def jit(func_or_sig=None, device=False, inline="never", forceinline=False, link=(), debug=None, opt=None, lineinfo=False,
	cache=False, launch_bounds=None, lto=None, shared_memory_carveout=None, **options):
	"""Make a kernel (device=False) or a device function of a Python function: @cuda.jit or @cuda.jit(…).

	func_or_sig: the function; or a signature ("void(float32[:])", void(float32[:]), a tuple of types), which compiles at
	once and converts arguments to it; or a list of signatures, of which the best fit is taken.
	device: a function for kernels to call; it may return a value.
	link: files (paths, or LinkableCode) with the functions that cuda.declare_device() declares.
	cache: accepted; compiled kernels are always cached on disk, by content.
	lto: accepted; a kernel and what it calls are compiled as one module anyway.
	extensions: objects whose prepare_args(type, value, stream, retr) -> (type, value) change arguments before a launch.
	{options}

	Raises TypeError for unknown keywords and for kernels that return a value, TypingError and others of gridjit.errors when compiling."""
	_check_keywords(options)
	link, extensions = _files(link), tuple(options.pop("extensions", None) or ())
	if extensions:
		given = options | dict(device=device, inline=inline, forceinline=forceinline, link=link, debug=debug, opt=opt, lineinfo=lineinfo, launch_bounds=launch_bounds,
			shared_memory_carveout=shared_memory_carveout)
		made = jit(func_or_sig, **given)
		return _extended(made, extensions) if isinstance(made, CUDADispatcher) else lambda function: _extended(made(function), extensions)
	if link and device:
		raise ValueError("link is an option of kernels: a device function is linked with the kernels that call it")
	options = _options(debug, opt, lineinfo=lineinfo, inline=inline, forceinline=forceinline, launch_bounds=launch_bounds,
		shared_memory_carveout=shared_memory_carveout, **options)
	options["entry"] = "device" if device else "kernel"
	if is_signature(func_or_sig):
		return lambda function: _make(function, options, [func_or_sig], not device, True, link)
	if isinstance(func_or_sig, list):
		if device:
			raise TypeError("a device function takes one signature, not a list")
		return lambda function: _make(function, options, func_or_sig, True, link=link)
	if func_or_sig is None:
		return lambda function: _make(function, options, link=link)
	return _make(func_or_sig, options, link=link)


def _list_options(function, column, *more):
	"""Put the rows of options.def that callers of the function can set into its docstring, and all its keywords into _keywords."""
	rows, code = [row for row in _core.OPTIONS if row[column]], function.__code__
	function.__doc__ = function.__doc__ and function.__doc__.replace("{options}", "\n\t".join(f"{row[0]}: {row[-1]}." for row in rows))
	function._keywords = tuple(dict.fromkeys([*code.co_varnames[1:code.co_argcount], *more, *(row[0] for row in rows)]))


_list_options(jit, 3, "extensions")
