"""guvectorize(target='cuda'): functions of arrays over arrays on the current device. The kernel is text as for other functions over
arrays: a thread for each outer element, or, where there are few of them, a team of threads that share the loops of the function."""

import itertools
import math
import operator

import numpy as np

from .. import _core, _pickle, cuda, types, ufuncs
from .._declared import as_declared
from ._elementwise import Elementwise, _exceptions, as_operand, as_outputs, check_keywords, ordered, type_of
from ._lie import meet, merged
from ._text import decode, define
from .devicearray import DeviceNDArray, as_cuda_array, device_array, is_cuda_array, to_device
from .dispatcher import _make, told
from .reductions import AxisError, _axes
from .vectorizers import AutoUFunc, owned, taken

THREADS, TEAM = 128, 256                       # of a block: an outer element each, or one all (GJ_TEAM)
GPU_BLOCKS, CPU_BLOCKS = 1056, 8               # in which the loops of few outer elements are shared out
_METHODS = "reduce", "accumulate", "reduceat", "outer", "at"        # of ufuncs that are not generalised: these raise
MOST_DIMENSIONS = 6                            # of a kernel's arrays


class _Layout:
	"""A layout as NumPy has read it: inputs, outputs: the core dimensions of each operand, names or numbers; optional: names that
	have a `?` behind them."""

	def __init__(self, text):
		self.text = text
		sides = [[tuple(d.strip() for d in one.strip().strip("()").split(",") if d.strip()) for one in side.replace(" ", "").split("),")]
			if side.strip() else [] for side in text.split("->")] + [[]]
		self.optional = {d[:-1] for operand in sides[0] + sides[1] for d in operand if d.endswith("?")}
		self.inputs, self.outputs = ([tuple(d.rstrip("?") for d in operand) for operand in side] for side in sides[:2])
		self.operands = self.inputs + self.outputs

	def sizes(self, name, shapes):
		"""(extent of each dimension's name, names of optional ones that are not there) of operands of these shapes; None: not given.
		Raises ValueError with NumPy's words."""
		missing = set()
		for shape, dims in zip(shapes, self.operands):
			for d in dims:                                 # as many as it takes, the first ones first
				if shape is not None and d in self.optional and len(shape) < sum(one not in missing for one in dims):
					missing.add(d)
		sizes = {d: int(d) for dims in self.operands for d in dims if d.isdigit()}
		for number, (shape, dims) in enumerate(zip(shapes, self.operands)):
			if shape is None:
				continue
			what = f"Input operand {number}" if number < len(self.inputs) else f"Output operand {number - len(self.inputs)}"
			core = [d for d in dims if d not in missing]
			if len(shape) < len(core):
				raise ValueError(f"{name}: {what} does not have enough dimensions (has {len(shape)}, gufunc core with signature {self.text} "
					f"requires {len(core)})")
			for at, (d, extent) in enumerate(zip(core, shape[len(shape) - len(core):])):
				if sizes.setdefault(d, extent) != extent:
					raise ValueError(f"{name}: {what} has a mismatch in its core dimension {at}, with gufunc signature {self.text} "
						f"(size {extent} is different from {sizes[d]})")
		for number, dims in enumerate(self.outputs):
			for d in dims:
				if d not in sizes and d not in missing:
					raise ValueError(f"{name}: Output operand {number} has core dimension {d}, which no input has: give the output")
		return sizes, missing


class DeviceGUFunc:
	"""What guvectorize(target='cuda') makes. f(*arrays, out=None, stream=0): the outputs by position or as out.

	Arrays: in device memory (ours, or of a library with __cuda_array_interface__), NumPy arrays, numbers for inputs (). Results are device
	arrays if an input or output is on the device, else NumPy arrays. types: 'dd->d' of each loop. signature: the layout."""

	def __init__(self, function, layout, signatures=(), identity=None, options=None, writable=()):
		self.py_func = self.__wrapped__ = function
		self.__name__, self.__qualname__, self.__module__, self.__doc__ = (getattr(function, name) for name in
			("__name__", "__qualname__", "__module__", "__doc__"))
		inputs, _, outputs = layout.partition("->")
		self.nin, self.nout = inputs.count("("), outputs.count("(")
		self.nargs, self.identity = self.nin + self.nout, identity
		self._options, self._declared, self._writable = options or {}, tuple(signatures), tuple(writable)
		self._gj_function = as_declared(function, self) if signatures else function
		# NumPy's own object reads the layout, and ours checks signatures; nothing is compiled for it.
		self._checks = _core.ufunc(function, self.nin, self.nout, identity, {}, False, layout, self._writable)
		self.signature, self._layout = self._checks.signature or layout, _Layout(layout)
		self._loops, self._kernels, self._frozen = [], {}, False
		for signature in signatures:
			self.add(signature)
		self._frozen = bool(signatures)

	def __repr__(self):
		return f"<{type(self).__name__} '{self.__name__}' {self.signature}>"

	# -- types --

	def add(self, signature):
		"""Add a loop for these types of the operands."""
		signature = _core.signature(signature)
		self._checks.check(signature)
		dtypes = tuple(np.dtype(getattr(t, "dtype", t).name) for t in signature.args)
		arrays = tuple(hasattr(t, "ndim") for t in signature.args)
		self._loops = [loop for loop in self._loops if loop[0] != dtypes] + [(dtypes, arrays)]
		return self._loops[-1]

	def disable_compile(self, val=True):
		"""Take only the types compiled so far."""
		self._frozen = bool(val)

	@property
	def types(self):
		"""The loops, as NumPy writes them: ['dd->d', …]."""
		return ["".join(t.char for t in dtypes[:self.nin]) + "->" + "".join(t.char for t in dtypes[self.nin:]) for dtypes, _ in self._loops]

	ntypes = property(lambda self: len(self._loops), doc="Number of loops.")

	def _loop(self, operands, outs, wanted=None):
		"""(dtype of each operand, is it an array of the function?) for these inputs and outputs (None: not given)."""
		types_given, outputs = tuple(map(type_of, operands)), tuple(None if o is None else type_of(o) for o in outs)
		given = owned(types_given) + outputs                                      # as on the CPU, Python's numbers are what they are
		beside = taken(types_given) + outputs
		if not self._declared and any(t is None for t in given):
			raise TypeError(f"{self.__name__}() has no signatures, so its outputs must be given: nothing else says what types they have")
		if wanted is not None:
			return self._named_loop(given, wanted)
		for asked in (given, beside, given[:self.nin], beside[:self.nin]) if self._frozen else (given,):
			for dtypes, arrays in self._loops:
				if all(want is None or want == has for want, has in zip(asked, dtypes)):
					return dtypes, arrays
		if not self._frozen:
			return self.add(tuple(_core.as_type(t) if i < self.nin and not dims else types.Array(_core.as_type(t), max(len(dims), 1), "A")
				for i, (t, dims) in enumerate(zip(given, self._layout.operands))))
		for asked in given, beside:
			for dtypes, arrays in self._loops:
				if all(map(np.can_cast, asked[:self.nin], dtypes)):
					return dtypes, arrays
		raise _exceptions._UFuncNoLoopError(self, given)

	def _named_loop(self, given, wanted):
		"""The loop where dtype= or signature= says what some operands are to be taken as."""
		rows = [loop for loop in self._loops if all(want is None or want == has for want, has in zip(wanted, loop[0]))]
		for loop in rows:
			if all(want is not None or np.can_cast(has, takes) for want, has, takes in zip(wanted[:self.nin], given, loop[0])):
				return loop
		if rows and any(t is not None for t in wanted[self.nin:]):
			return rows[0]
		raise TypeError(f"No loop matching the specified signature and casting was found for ufunc {self.__name__}")

	# -- calls --

	def __call__(self, *args, out=None, axes=np._NoValue, axis=np._NoValue, keepdims=np._NoValue, casting="same_kind", dtype=None,
			signature=None, sig=None, order="K", subok=True, stream=0, **unknown):
		_core.check_keywords(self.__name__, unknown, ("out", "axes", "axis", "keepdims", "casting", "dtype", "signature", "order", "subok", "stream"))
		order = check_keywords(casting, order, subok)
		if sig is not None and signature is not None:
			raise TypeError("cannot specify both 'sig' and 'signature'")
		wanted = Elementwise._wanted(self, dtype, signature if sig is None else sig)
		places = self._places(axes, axis, keepdims)
		call = self._call(args, out, stream, places, wanted, casting)
		results = [r if places is None else places.back(r, k) for k, r in enumerate(call.run(), self.nin)]
		if order != "K":
			results = ordered(tuple(results), call.given, args[:self.nin], order, stream)
		results = [o if o is not None else r if call.on_device else r.copy_to_host(stream=stream)[()] for o, r in zip(call.given, results)]
		return results[0] if self.nout == 1 else tuple(results) if results else None

	def _places(self, axes, axis, keepdims):
		"""Where core dimensions lie; None: they are the last ones of each operand. Raises what NumPy raises."""
		dims = self._layout.operands
		named, single, asked = (given is not np._NoValue for given in (axes, axis, keepdims))
		if asked and not isinstance(keepdims, bool):
			raise TypeError("'keepdims' must be a boolean")
		keepdims = asked and keepdims
		if not (named or single or asked):
			return None
		if named and single:
			raise TypeError("cannot specify both 'axis' and 'axes'")
		for k, one in enumerate(dims if asked else ()):
			if len(one) != (len(dims[0]) if k < self.nin else 0):
				what, number = ("input", k) if k < self.nin else ("output", k - self.nin)
				raise TypeError(f"{self.__name__} does not support keepdims: its signature {self.signature} requires {what} {number} to have {len(one)} "
					"core dimensions, but keepdims can only be used when all inputs have the same number of core dimensions and all outputs have no "
					"core dimensions.")
		if single:
			distinct = len({d for one in dims for d in one})
			if distinct != 1 or any(len(one) > 1 for one in dims):
				raise TypeError(f"{self.__name__}: axis can only be used with a single shared core dimension, not with the {distinct} distinct ones "
					f"implied by signature {self.signature}.")
			if isinstance(axis, bool):
				raise TypeError("an integer is required")
			axes = [(operator.index(axis),) * len(one) for one in dims]
		elif not named:
			axes = [tuple(range(-len(one), 0)) for one in dims]
		else:
			axes = self._read_axes(axes, keepdims)
		axes = axes[:self.nin] + [axes[0] if keepdims and not one else one for one in axes[self.nin:]]
		return _Places(axes, self.nin, len(dims[0]) if keepdims else 0)

	def _read_axes(self, axes, keepdims):
		dims = self._layout.operands
		if not isinstance(axes, list):
			raise TypeError("axes should be a list.")
		if len(axes) != self.nargs and (len(axes) != self.nin or any(self._layout.outputs)):
			raise ValueError(f"axes should be a list with an entry for all {self.nargs} inputs and outputs; entries for outputs can only be omitted "
				"if none of them has core axes.")
		axes = list(axes)
		axes += [tuple(range(-len(dims[0]), 0)) if keepdims else ()] * (self.nargs - len(axes))
		for k, (one, given) in enumerate(zip(dims, axes)):
			count = len(dims[0]) if keepdims and k >= self.nin else len(one)
			if isinstance(given, int):
				if count != 1:
					raise AxisError(f"{self.__name__}: operand {k} has {count} core dimensions, but the axes item is a single integer.")
				axes[k] = given = (given,)
			if not isinstance(given, tuple):
				raise TypeError(f"{self.__name__}: axes item {k} should be a tuple.")
			if len(given) != count:
				raise AxisError(f"{self.__name__}: operand {k} has {count} core dimensions, but {len(given)} dimensions are specified by axes tuple.")
		return axes

	def _call(self, args, out=None, stream=0, places=None, wanted=None, casting="same_kind"):
		if not self.nin <= len(args) <= self.nargs:
			raise TypeError(f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but {len(args)} "
				f"{'was' if len(args) == 1 else 'were'} given")
		outs = as_outputs(out, args[self.nin:], self.nout)
		inputs = tuple(as_cuda_array(x) if is_cuda_array(x) else as_operand(x) for x in args[:self.nin])
		on_device = any(isinstance(x, DeviceNDArray) for x in inputs) or any(o is not None and is_cuda_array(o) for o in outs)
		for o in outs:
			if o is not None and not isinstance(o, np.ndarray) and not is_cuda_array(o):
				raise TypeError("return arrays must be of ArrayType")
		dtypes, arrays = self._loop(inputs, outs, wanted)
		for number, (given, has) in enumerate(zip(map(type_of, inputs), dtypes)):
			if isinstance(given, np.dtype) and not np.can_cast(given, has, casting):
				raise _exceptions._UFuncInputCastingError(self, casting, given, has, number)
		targets = [as_cuda_array(o) if o is not None and is_cuda_array(o) else o for o in outs]
		if places is not None:
			inputs = tuple(places.moved(x, k) for k, x in enumerate(inputs))
			targets = [o if o is None else places.moved(o, k) for k, o in enumerate(targets, self.nin)]
		call = _Call(self, inputs, targets, dtypes, arrays, stream, casting)
		call.given, call.on_device = outs, on_device
		return call

	def _kernel(self, varies, ndim, team, arrays, dtypes):
		key = varies, ndim, team, arrays, dtypes
		if key not in self._kernels:
			scope = {"cuda": cuda, "f": self._gj_function, **{f"T{k}": _core.as_type(t) for k, t in enumerate(dtypes)}}
			kernel = define(_text(varies, ndim, arrays, team), scope, f"{self.__name__} over arrays", __name__, self.__name__)
			extents = self._extents(varies)                # options do not keep texts
			self._kernels[key] = _make(kernel, {**told(self._options), "entry": "kernel", "spread": team, "extents": extents}), extents
		return self._kernels[key][0]

	def _extents(self, varies):
		"""Which dimensions of the kernel's arrays have the same extents: outer ones by their numbers, then those of the layout."""
		names = {d: chr(ord("A") + i) for i, d in enumerate(dict.fromkeys(itertools.chain(*self._layout.operands)))}
		return ",".join("" if v is None else "".join(str(d) for d, there in enumerate(v) if there) + ("".join(names[d] for d in dims) or "-")
			for v, dims in zip(varies, self._layout.operands))

	def explain(self, *args, **keywords):
		"""What becomes of the function's loops where there are few outer elements, as a call with these arguments would have it: by which
		threads each is run, and why not by several. Text, a line for each loop."""
		return self._call(args, **keywords).explain()

	def __getattr__(self, name):
		if name not in _METHODS:
			raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
		return getattr(self._checks, name)

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, self._layout.text, self._declared, self.identity, self._options, self._writable)


def _rebuild(state, *rest):
	return _pickle.restore(state, DeviceGUFunc, *rest)


def _text(varies, ndim, arrays, team):
	"""The kernel's source. varies: along which of the outer dimensions each operand changes (None: a number)."""
	place = [v and "".join(f"i{d}, " for d in range(ndim) if v[d]) for v in varies]
	values = [f"T{k}(a{k})" if v is None else f"a{k}[{p}...]" if array and p else f"a{k}" if array else f"T{k}(a{k}[{p or '0'}])"
		for k, (v, p, array) in enumerate(zip(varies, place, arrays))]
	extents = {d: f"a{k}.shape[{sum(v[:d])}]" for k, v in reversed(list(enumerate(varies))) if v for d in range(ndim) if v[d]}
	body = [*decode("n", list(range(ndim)), extents.__getitem__), f"f({', '.join(values)})"]
	if team:
		lines = ["n = cuda.blockIdx.z", *body]
	else:
		lines = ["n = cuda.grid(1)", f"if n < {' * '.join(extents[d] for d in range(ndim)) or 1}:", *("\t" + line for line in body)]
	return f"def loop({', '.join(f'a{k}' for k in range(len(varies)))}):\n\t" + "\n\t".join(lines) + "\n"


def _team(outer, items, on_host):
	"""Blocks for each outer element where its loops are shared out among threads; 0: a thread for each outer element."""
	few, least, blocks = (64, 4096, CPU_BLOCKS) if on_host else (4096, 256, GPU_BLOCKS)
	return -(-blocks // outer) if outer <= few and items >= least else 0


class _Places:
	"""Where core dimensions lie: axes of each operand; kept: how many of extent 1 outputs have, with keepdims."""

	def __init__(self, axes, nin, kept):
		self.axes, self.nin, self.kept = axes, nin, kept

	def _order(self, k, ndim):
		axes = [_axes(axis, ndim)[0] for axis in self.axes[k]]
		if len(set(axes)) != len(axes):
			raise ValueError(f"axes item {k} has value {next(axis for axis in axes if axes.count(axis) > 1)} repeated")
		return [d for d in range(ndim) if d not in axes] + axes

	def moved(self, x, k):
		"""An operand with its core dimensions last, a view; of outputs without those that are kept."""
		ndim = np.ndim(x)
		if k >= self.nin and ndim < self.kept:
			raise ValueError(f"Output operand {k - self.nin} does not have enough dimensions: it has {ndim}, keepdims=True keeps {self.kept}")
		if not ndim or not self.axes[k]:
			return x
		x = x.transpose(self._order(k, ndim))
		if not self.kept or k < self.nin:
			return x
		if x.shape[ndim - self.kept:] != (1,) * self.kept:
			raise ValueError(f"Output operand {k - self.nin} has the shape {x.shape[ndim - self.kept:]} where keepdims=True keeps dimensions of extent 1")
		return x[(..., *(0,) * self.kept)]

	def back(self, x, k):
		"""A result with its core dimensions where they belong."""
		if self.kept:
			x = x._index((..., *(None,) * self.kept))
		elif not self.axes[k]:
			return x
		order = self._order(k, x.ndim)
		return x.transpose(sorted(range(x.ndim), key=order.__getitem__))


class _Call:
	"""A call on its way: operands in device memory as the kernel takes them, and what has to be written back afterwards."""

	def __init__(self, ufunc, inputs, outs, dtypes, arrays, stream, casting="same_kind"):
		self.casting = casting
		self.ufunc, self.dtypes, self.arrays, self.stream = ufunc, dtypes, arrays, stream
		layout, nin = ufunc._layout, ufunc.nin
		shapes = [np.shape(x) for x in inputs] + [None if o is None else tuple(o.shape) for o in outs]
		sizes, self.missing = layout.sizes(ufunc.__name__, shapes)
		missing = self.missing
		self.core = [tuple(1 if d in missing else sizes[d] for d in dims) for dims in layout.operands]
		self.there = [sum(d not in missing for d in dims) for dims in layout.operands]        # dimensions that the caller's array has
		loops = [shape[:len(shape) - n] for shape, n in zip(shapes, self.there) if shape is not None]
		try:
			self.outer = np.broadcast_shapes(*loops)
		except ValueError:
			raise ValueError(self._misfit(shapes)) from None
		self.steps = [self._outer_steps(x, n) for x, n in zip((*inputs, *outs), self.there) if hasattr(x, "strides")]
		self.back = []                                 # (device array, the caller's array that it is written back to)
		self.operands = [self._input(k, x) for k, x in enumerate(inputs)]
		self.operands += [self._output(nin + k, o) for k, o in enumerate(outs)]
		self.written = [k for k in range(ufunc.nargs) if k >= nin or k in ufunc._writable]
		self._part_ways()

	def _misfit(self, shapes):
		"""NumPy's words about outer dimensions that do not fit each other."""
		results = [n for core in self.core[self.ufunc.nin:] for n in core]
		given = [(shape, [*map(str, shape[:len(shape) - n]), *["newaxis"] * len(results)]) for shape, n in zip(shapes, self.there) if shape is not None]
		comma = "," * (max(len(outer) for _, outer in given) == 1)      # of one dimension only where the loop has no more
		pairs = [f"{str(shape).replace(', ', ',')}->({','.join(outer)}{comma * len(outer)})" for shape, outer in given]
		return (f"operands could not be broadcast together with remapped shapes [original->remapped]: {' '.join(pairs)}  and requested shape "
			f"{str(tuple(results)).replace(', ', ',')}")

	def _input(self, k, x):
		dtype, writes = self.dtypes[k], k in self.ufunc._writable
		if not hasattr(x, "ndim") and not self.core[k] and not self.arrays[k]:
			return x if not isinstance(x, np.generic) else x.astype(dtype)
		if writes and x.shape[:x.ndim - self.there[k]] != self.outer:
			raise ValueError(f"non-broadcastable operand with shape {x.shape} doesn't match the broadcast shape {self.outer}")
		if writes and not (x.flags.writeable if isinstance(x, np.ndarray) else not x.readonly):
			raise ValueError(f"argument {k} of {self.ufunc.__name__}() is read-only, but it is one of writable_args")
		if not isinstance(x, DeviceNDArray):
			d = to_device(np.asarray(x).astype(dtype, copy=False), self.stream)
		else:
			d = x if x.dtype == dtype else x.astype(dtype, stream=self.stream)
		if writes and d is not x:
			if not np.can_cast(dtype, x.dtype, "same_kind"):
				raise TypeError(f"argument {k} of {self.ufunc.__name__}() is written and has the dtype {x.dtype}, to which {dtype} cannot be cast back")
			self.back.append((d, x))
		return d

	def _output(self, k, target):
		shape = self.outer + tuple(n for n, d in zip(self.core[k], self.ufunc._layout.operands[k]) if d not in self.missing)
		if target is None:
			return device_array(shape, self.dtypes[k], self._new_strides(shape, self.dtypes[k].itemsize), stream=self.stream)
		if target.shape != shape:
			raise ValueError(f"non-broadcastable output operand with shape {target.shape} doesn't match the broadcast shape {shape}")
		if not (target.flags.writeable if isinstance(target, np.ndarray) else not target.readonly):
			raise ValueError("output array is read-only")
		if not np.can_cast(self.dtypes[k], target.dtype, self.casting):
			raise _exceptions._UFuncOutputCastingError(self.ufunc, self.casting, self.dtypes[k], target.dtype, k)
		if isinstance(target, np.ndarray):
			d = to_device(target.astype(self.dtypes[k], copy=False), self.stream)           # what the function does not write stays
		elif target.dtype != self.dtypes[k]:
			d = target.astype(self.dtypes[k], stream=self.stream)
		else:
			return target
		self.back.append((d, target))
		return d

	def _outer_steps(self, x, core):
		"""Strides of an operand along the outer dimensions, 0 where it is repeated."""
		outer = [0 if n == 1 else step for n, step in zip(x.shape, x.strides)][:x.ndim - core]
		return [0] * (len(self.outer) - len(outer)) + outer

	def _new_strides(self, shape, size):
		"""Of a new result: the outer dimensions as those of the operands lie, by NumPy's rule, with the core ones within; None: in C's order."""
		order = []                                     # of the outer dimensions, the slowest last
		for d in reversed(range(len(self.outer))):
			at = len(order)
			for place in reversed(range(len(order))):
				pairs = [(abs(steps[d]), abs(steps[order[place]])) for steps in self.steps if steps[d] and steps[order[place]]]
				if pairs and not all(mine < other for mine, other in pairs):
					break
				at = place if pairs else at
			order.insert(at, d)
		if order == sorted(order, reverse=True):
			return None
		strides = [0] * len(shape)
		for d in (*reversed(range(len(self.outer), len(shape))), *order):
			strides[d], size = size, size * shape[d]
		return tuple(strides)

	def _part_ways(self):
		"""What is written shares no memory with anything else: as in NumPy, inputs are read as they were."""
		for k in self.written:
			for j, other in enumerate(self.operands):
				if j == k or not isinstance(other, DeviceNDArray) or not meet(self.operands[k], other):
					continue
				copy = other.copy(stream=self.stream)
				if j in self.written:
					self.back.append((copy, other))
				self.operands[j] = copy

	def _views(self, operands):
		"""(the outer dimensions, merged where all operands allow it; the operands as the kernel takes them; varies), None: an
		operand has too many dimensions."""
		strides = []
		for a, n in zip(operands, self.there):
			own = tuple(zip(a.shape, a.strides))[:a.ndim - n] if isinstance(a, DeviceNDArray) else ()
			strides.append((0,) * (len(self.outer) - len(own)) + tuple(s if extent > 1 else 0 for extent, s in own))
		dims = merged(strides, self.outer, range(len(self.outer)))
		views, varies = [], []
		for k, a in enumerate(operands):
			if not isinstance(a, DeviceNDArray):
				views.append(a)
				varies.append(None)
				continue
			lie = [(n, s[k]) for n, s in dims if s[k]]
			own = list(zip(a.shape, a.strides))[a.ndim - self.there[k]:]
			names = self.ufunc._layout.operands[k]
			core = own if len(own) == len(names) else self._with_missing(own, names, a.itemsize)
			core = core or ([(1, a.itemsize)] if self.arrays[k] else [])
			if len(lie) + len(core) > MOST_DIMENSIONS:
				return None
			shape, step = zip(*(lie + core)) if lie or core else ((1,), (a.itemsize,))
			views.append(DeviceNDArray(shape, step, a.dtype, a.stream, a.gpu_data, readonly=k not in self.written, pointer=a.device_pointer))
			varies.append(tuple(bool(s[k]) for _, s in dims))
		return dims, views, tuple(varies)

	def _with_missing(self, own, names, itemsize):
		"""Extents and strides of core dimensions where optional ones are missing: of those the array has one item."""
		left = list(own)
		return [(1, itemsize) if d in self.missing else left.pop(0) for d in names]

	def run(self):
		results = self.operands[self.ufunc.nin:]
		if math.prod(self.outer):
			dims, views, varies = self._views(self.operands) or self._views(self._copies())
			outer, items = math.prod(self.outer), sum(map(math.prod, self.core))
			blocks = _team(outer, items, next(a for a in views if isinstance(a, DeviceNDArray)).on_host)
			kernel = self.ufunc._kernel(varies, len(dims), blocks > 0, self.arrays, self.dtypes)
			grid, threads = ((blocks, 1, outer), TEAM) if blocks else (-(-outer // THREADS), THREADS)
			kernel[grid, threads, self.stream](*views)
		for made, target in reversed(self.back):
			if isinstance(target, np.ndarray):
				made.copy_to_host(target, stream=self.stream)
			else:
				target.copy_to_device(made, stream=self.stream)
		return results

	def explain(self):
		dims, views, varies = self._views(self.operands) or self._views(self._copies())
		kernel = self.ufunc._kernel(varies, len(dims), True, self.arrays, self.dtypes)
		return kernel._dump(kernel._types_of(*views), "loops")

	def _copies(self):
		"""The operands in full, so that their outer dimensions are one."""
		copies = []
		for k, (a, n) in enumerate(zip(self.operands, self.there)):
			if isinstance(a, DeviceNDArray):
				whole = a._broadcast(self.outer + a.shape[a.ndim - n:]).copy(stream=self.stream)
				if k in self.written:
					self.back.append((whole, a))
				a = whole
			copies.append(a)
		return copies


def guvectorize(ftylist_or_layout, layout=None, target="cuda", identity=None, writable_args=(), fastmath=False, **options):
	"""Make a function over arrays of a function of arrays: @cuda.guvectorize([signatures,] layout, …).

	The layout says which dimensions the function gets of each operand; all others are looped over, by threads. Arguments as for
	gridjit.guvectorize. Operands may be device arrays, NumPy arrays, arrays of other libraries, and numbers for inputs (). What it
	returns stays on the device if an operand was there, else it is a NumPy array. Without a GPU the CPU device runs it.
	target='auto': on the GPU where an operand lies there, or where host arrays are big enough to be worth the way.

	Raises TypeError and ValueError for what does not fit the layout, TypingError and others of gridjit.errors."""
	if target not in ("cuda", "auto"):
		return ufuncs.guvectorize(ftylist_or_layout, layout, target, identity, writable_args, fastmath, **options)
	given, text, writable, chosen = ufuncs._arguments(ftylist_or_layout, layout, writable_args, fastmath, options)

	def make(function):
		function, nargs = ufuncs._python_function("guvectorize", function)
		ufuncs._check_layout(function, nargs, given, text)
		on_device = DeviceGUFunc(function, text, given, identity, chosen, writable)
		if target == "cuda":
			return on_device
		parallel = ufuncs._generalised(function, given, text, "parallel", identity, chosen, writable)
		return AutoUFunc(parallel, on_device)
	return make
