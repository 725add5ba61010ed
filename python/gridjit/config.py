"""Settings, read from GRIDJIT_* environment variables when gridjit is imported. Assigning changes them for what is compiled
and launched from then on; those marked (import) are read once, by the runtime.

| name                         | variable                       | default | meaning                                            |
|------------------------------|--------------------------------|---------|----------------------------------------------------|
| DEVICE                       | GRIDJIT_DEVICE                 | auto    | auto: the GPU if there is one, else the CPU; gpu; cpu |
| CPU_WIDTH                    | GRIDJIT_CPU_WIDTH              | 32      | 32: a warp is a vector; 1: a thread is a thread     |
| CPU_MATH                     | GRIDJIT_CPU_MATH               | libmvec | libm: exact scalar functions instead of vector ones |
| CPU_THREADS (import)         | GRIDJIT_CPU_THREADS            | cores   | threads of the CPU device                           |
| CACHE                        | GRIDJIT_CACHE                  | 1       | keep compiled kernels on disk                       |
| CACHE_DIR (import)           | GRIDJIT_CACHE_DIR              |         | where; else $XDG_CACHE_HOME/gridjit, ~/.cache/gridjit |
| CACHE_SIZE (import)          | GRIDJIT_CACHE_SIZE             | 2**29   | its limit in bytes                                  |
| LIBDEVICE (import)           | GRIDJIT_LIBDEVICE              |         | path of libdevice.10.bc; else it is searched        |
| DUMP (import)                | GRIDJIT_DUMP                   |         | print stages: code,cfg,ssa,types,low,llvm,ptx,asm   |
| OPT                          | GRIDJIT_OPT                    | 3       | default of opt=: 0 switches optimisation off        |
| CUDA_DEBUGINFO_DEFAULT       | GRIDJIT_CUDA_DEBUGINFO         | 0       | default of debug=                                   |
| BOUNDSCHECK                  | GRIDJIT_BOUNDSCHECK            |         | 1, 0: boundscheck= of all kernels, ufuncs and functions for the host, whatever they say |
| DISABLE_JIT                  | GRIDJIT_DISABLE_JIT            | 0       | jit returns the Python function                     |
| CUDA_DEFAULT_PTX_CC          | GRIDJIT_CUDA_DEFAULT_PTX_CC    | 7.5     | compute capability of cuda.compile without cc=      |
| NEIGHBOURS                   | GRIDJIT_NEIGHBOURS             | 2       | most threads whose work one thread of a GPU does: 1, 2, 4 |
| STRAIGHT_AFTER               | GRIDJIT_STRAIGHT_AFTER         | 2**20   | blocks that a kernel has run on the CPU device before its barriers and shared memory become straight code (docs/design.md) |
| CUDA_ARRAY_INTERFACE_SYNC    | GRIDJIT_CUDA_ARRAY_INTERFACE_SYNC | 1    | wait for the stream that a foreign array names      |
| CUDA_INCLUDE_PATH            | GRIDJIT_CUDA_INCLUDE_PATH      |         | folder of CUDA's headers, for CUDA C that is linked |
| CUDA_NVRTC_EXTRA_SEARCH_PATHS | GRIDJIT_CUDA_NVRTC_EXTRA_SEARCH_PATHS | | more folders of headers, as in PATH              |
| CUDA_LOW_OCCUPANCY_WARNINGS  | GRIDJIT_CUDA_LOW_OCCUPANCY_WARNINGS | 0  | warn of grids smaller than 128 blocks               |
| CUDA_WARN_ON_IMPLICIT_COPY   | GRIDJIT_CUDA_WARN_ON_IMPLICIT_COPY | 0   | warn of host arrays copied for a launch             |
"""

import os
import sys
import types
import warnings

from . import _core

# Where kernels run is the device's business here, not an import-time choice of another implementation.
ENABLE_CUDASIM = False


def _flag(text):
	return text.strip().lower() not in ("", "0", "false", "no", "off")


def _flag_or_none(value):
	return None if value in ("", None) else _flag(str(value))


def _choice(*allowed):
	def parse(text):
		value = str(text).strip().lower()
		if value not in allowed:
			raise ValueError(f"{text!r} is not one of: {', '.join(allowed)}. {_core.did_you_mean(value, allowed)}".rstrip(". "))
		return value
	return parse


def _width(text):
	if int(text) not in (1, 32):
		raise ValueError(f"{text!r} is not one of: 32, 1")
	return int(text)


def _capability(value):
	parts = value.split(".") if isinstance(value, str) else value
	try:
		major, minor = map(int, parts)
	except (TypeError, ValueError):
		raise ValueError(f"a compute capability is (major, minor), such as (8, 0), not {value!r}") from None
	return major, minor


def _neighbours(value):
	if int(value) not in (1, 2, 4, -2, -4):
		raise ValueError(f"a thread runs 1, 2 or 4 neighbours (−2 or −4: on the CPU device too), not {value!r}")
	return int(value)


def _count(value):
	if int(value) < 0:
		raise ValueError(f"a number of blocks, not {value!r}")
	return int(value)


def _threads(value):
	try:
		if 0 <= int(value) <= 1024:
			return int(value)
	except ValueError:
		pass
	raise ValueError(f"a number of threads from 1 to 1024, not {value!r}")


# name: (variable without GRIDJIT_, default as text, how text or a value is read)
_SETTINGS = {
	"DEVICE": ("DEVICE", "auto", _choice("auto", "gpu", "cpu")),
	"CPU_WIDTH": ("CPU_WIDTH", "32", _width),
	"CPU_MATH": ("CPU_MATH", "libmvec", _choice("libmvec", "libm")),
	"CPU_THREADS": ("CPU_THREADS", "0", _threads),
	"NEIGHBOURS": ("NEIGHBOURS", "2", _neighbours),
	"STRAIGHT_AFTER": ("STRAIGHT_AFTER", str(2**20), _count),
	"CACHE": ("CACHE", "1", _flag),
	"CACHE_DIR": ("CACHE_DIR", "", str),
	"CACHE_SIZE": ("CACHE_SIZE", str(2**29), int),
	"LIBDEVICE": ("LIBDEVICE", "", str),
	"DUMP": ("DUMP", "", str),
	"OPT": ("OPT", "3", int),
	"CUDA_DEBUGINFO_DEFAULT": ("CUDA_DEBUGINFO", "0", _flag),
	"BOUNDSCHECK": ("BOUNDSCHECK", "", _flag_or_none),
	"DISABLE_JIT": ("DISABLE_JIT", "0", _flag),
	"CUDA_DEFAULT_PTX_CC": ("CUDA_DEFAULT_PTX_CC", "7.5", _capability),
	"CUDA_ARRAY_INTERFACE_SYNC": ("CUDA_ARRAY_INTERFACE_SYNC", "1", _flag),
	"CUDA_INCLUDE_PATH": ("CUDA_INCLUDE_PATH", "", str),
	"CUDA_NVRTC_EXTRA_SEARCH_PATHS": ("CUDA_NVRTC_EXTRA_SEARCH_PATHS", "", str),
	"CUDA_MEMORY_MANAGER": ("CUDA_MEMORY_MANAGER", "", str),
	"CUDA_LOW_OCCUPANCY_WARNINGS": ("CUDA_LOW_OCCUPANCY_WARNINGS", "0", _flag),
	"CUDA_WARN_ON_IMPLICIT_COPY": ("CUDA_WARN_ON_IMPLICIT_COPY", "0", _flag),
}


# What the runtime and the build read themselves.
_OTHERS = "COPY_CHUNK", "COPY_THREADS", "CUDA_LIBRARY", "DEBUG", "LLVM", "SANITIZE", "TEST_ASAN", "VERIFY", "WERROR"


# Settings of numba's that mean nothing here, though they are called nearly as one of ours.
_NUMBAS = "CPU_NAME", "DEBUGINFO_DEFAULT", "DISABLE_CUDA"


def _check_names():
	"""Warn of variables that are no settings, but nearly."""
	known = tuple(variable for variable, _, _ in _SETTINGS.values()) + _OTHERS
	for variable in os.environ:
		name = variable.removeprefix("GRIDJIT_")
		like = _core.did_you_mean(name, known) if name not in (variable, *known) else ""
		if like:
			like = like.replace("'", "'GRIDJIT_", 1)
			warnings.warn(f"{variable} is no setting: {like}".rstrip(), stacklevel=4)


def _read():
	"""The values of all settings from the environment."""
	values = {}
	_check_names()
	for name, (variable, default, parse) in _SETTINGS.items():
		text = os.environ.get(f"GRIDJIT_{variable}", default) or default
		try:
			values[name] = parse(text)
		except ValueError as error:
			raise ValueError(f"GRIDJIT_{variable}: {error}") from None
	return values


def _apply(values):
	_core.configure(
		device=("auto", "gpu", "cpu").index(values["DEVICE"]), cpu_width=values["CPU_WIDTH"],
		libm_exact=values["CPU_MATH"] == "libm", interface_sync=values["CUDA_ARRAY_INTERFACE_SYNC"],
		warn_low_occupancy=values["CUDA_LOW_OCCUPANCY_WARNINGS"], warn_copy=values["CUDA_WARN_ON_IMPLICIT_COPY"],
		cache=values["CACHE"], boundscheck=-1 if values["BOUNDSCHECK"] is None else values["BOUNDSCHECK"],
		neighbours=values["NEIGHBOURS"], straight_after=values["STRAIGHT_AFTER"])


class _Config(types.ModuleType):
	"""This module's class: assigning a setting checks it and hands it to the runtime."""

	def __getattr__(self, name):
		like = _core.did_you_mean(name, tuple(_SETTINGS))
		raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}{': ' * bool(like)}{like}".rstrip())

	def __setattr__(self, name, value):
		like = _core.did_you_mean(name, tuple(_SETTINGS)) if name not in (*self.__dict__, *_SETTINGS, *_NUMBAS) else ""
		if like:
			warnings.warn(f"{name} is no setting: {like}".rstrip(), stacklevel=2)
		if name in _SETTINGS:
			parse = _SETTINGS[name][2]
			value = bool(value) if parse is _flag and not isinstance(value, str) else parse(value)
			values = {key: self.__dict__[key] for key in _SETTINGS}
			_apply(values | {name: value})
		super().__setattr__(name, value)


_values = _read()
_apply(_values)
globals().update(_values)
# Under the names of numba's: threads that loops over prange may use, and do.
NUMBA_NUM_THREADS = NUMBA_DEFAULT_NUM_THREADS = _values["CPU_THREADS"] or len(os.sched_getaffinity(0))
del _values
# Which threads those are is not a choice here: programs may ask, and may assign, which changes nothing.
THREADING_LAYER, THREADING_LAYER_PRIORITY = "default", ["tbb", "omp", "workqueue"]
sys.modules[__name__].__class__ = _Config
