"""Fused functions over arrays in device memory: elements that are stored by the loops of element-wise functions, reductions by
kernels made here. Both call the fused function (a Plan of fusing.py) with a thread's elements."""

import math

import numpy as np

from .. import _core, cuda
from . import _folds, reductions
from ._elementwise import Elementwise, as_operand
from ._lie import decode, meet, merged
from .devicearray import DeviceNDArray, as_cuda_array, device_array, is_cuda_array, to_device
from .dispatcher import jit

SUM, PROD, MIN, MAX, MEAN, ANY, ALL, ARGMIN, ARGMAX = range(9)              # in the order of gj_reduction


def _function(plan, used, chosen, packed):
	"""A function of the arguments `used` of a plan that returns the results `chosen` of what it gives of them; packed: as a tuple,
	even if it is one."""
	scope = {"g": plan, **{f"T{i}": _core.as_type(t) for i, t in enumerate(plan.types)}}
	given = ", ".join(f"x{i}" if i in used else f"T{i}(0)" for i in range(len(plan.types)))
	values = ("r" if plan.single else ", ".join(f"r[{i}]" for i in chosen)) + ("," if packed and len(chosen) == 1 else "")
	exec(compile(f"def f({', '.join(f'x{i}' for i in used)}):\n\tr = g({given})\n\treturn {values}\n", f"<{plan.name}>", "exec"), scope)
	return scope["f"]


class _Stored(Elementwise):
	"""Results of one shape that are stored."""

	def __new__(cls, plan, used, chosen, fastmath):
		self = super().__new__(cls, plan.name, len(used), len(chosen))
		self._loop = tuple(plan.types[i] for i in used), tuple(plan.results[i].dtype for i in chosen), _function(plan, used, chosen, False)
		self._kernel_options = {"fastmath": True} if fastmath else {}
		return self

	def _resolve(self, types):
		return self._loop


# -- reductions: how the operands lie ------------------------------------------------------------------------------------------

def _by_stride(strides, axes):
	return sorted(axes, key=lambda axis: -max(abs(s[axis]) for s in strides))


class _Lie:
	"""Operands of a reduction. kept, gone: the extents of the dimensions that stay and of those that are reduced, slowest first;
	along: do threads run along the last one that is reduced, or the last that stays? varies: for each operand along which of all
	these dimensions it changes (None: a number); arguments: the operands as the kernel takes them, arrays of those dimensions."""

	def __init__(self, operands, shape, axes, in_order):
		lead = [len(shape) - a.ndim if isinstance(a, DeviceNDArray) else len(shape) for a in operands]
		strides = [(0,) * k + tuple(s if n > 1 else 0 for n, s in zip(a.shape, a.strides)) if isinstance(a, DeviceNDArray) else (0,) * k
			for k, a in zip(lead, operands)]
		self.order = _by_stride(strides, [axis for axis in range(len(shape)) if axis not in axes])
		kept = merged(strides, shape, self.order) or [(1, (0,) * len(operands))]
		gone = merged(strides, shape, axes if in_order else _by_stride(strides, axes))

		def step(dimensions):
			return max(map(abs, dimensions[-1][1]))
		self.along = bool(gone) and (kept[0][0] == 1 or step(gone) <= step(kept))
		self.kept, self.gone = [n for n, _ in kept], [n for n, _ in gone]
		self.varies, self.arguments = [], []
		for k, a in enumerate(operands):
			if isinstance(a, DeviceNDArray):
				own = [(n, s[k]) for n, s in kept + gone if s[k]] or [(1, a.itemsize)]
				self.varies.append(tuple(bool(s[k]) for _, s in kept + gone))
				a = DeviceNDArray(*zip(*own), a.dtype, a.stream, a.gpu_data, readonly=True, pointer=a.device_pointer)
			else:
				self.varies.append(None)
			self.arguments.append(a)


class _Parts:
	"""States that blocks have left, [row, part] or [row, part, column], as operands of the last launch."""

	def __init__(self, states, along):
		rows, parts = states[0].shape[:2]
		self.along, self.gone = along, [parts]
		self.kept = [rows] if along else [rows, states[0].shape[2]]
		self.varies = [(True,) * (len(self.kept) + 1)] * len(states)
		self.arguments = states if along else [a.transpose((0, 2, 1)) for a in states]


# -- reductions: the kernels -----------------------------------------------------------------------------------------------------

class _States:
	"""The states of several reductions side by side, numbers that are named by a letter and a count: of argmin and argmax two, the
	element and its position. members: (reduction, dtype) of each."""

	def __init__(self, members):
		self.members, self.types, self.at = members, [], []
		for how, dtype in members:
			self.at.append(len(self.types))
			self.types += [dtype, np.dtype(np.int64)] if how >= ARGMIN else [dtype]
		self.n = len(self.types)

	def names(self, letter):
		return [f"{letter}{k}" for k in range(self.n)]

	def fold(self, target, left, right):
		"""As _folds.Fold.fold."""
		lines = []
		for (how, _), k in zip(self.members, self.at):
			x, y, to = left[k], right[k], target[k]
			if how in (SUM, MEAN, PROD):
				lines.append(f"{to} = S{k}({x} {'*' if how == PROD else '+'} {y})")
			elif how in (MIN, MAX):
				lines += [f"p{k}, q{k} = {x}, {y}", f"{to} = q{k} if (q{k} {'<' if how == MIN else '>'} p{k}) | (q{k} != q{k}) else p{k}"]
			elif how in (ANY, ALL):
				lines.append(f"{to} = {x} {'|' if how == ANY else '&'} {y}")
			else:
				lines.append(f"{to}, {target[k + 1]} = better{how}({x}, {left[k + 1]}, {y}, {right[k + 1]})")
		return lines

	def lift(self, operands):
		"""The text of a function of so many operands and a position that gives the states of what f makes of them."""
		taken = ", ".join(f"T{k}(v{k})" for k in range(operands))
		states = [f"r[{i}]" + (f", S{k + 1}(at)" if how >= ARGMIN else "") for i, ((how, _), k) in enumerate(zip(self.members, self.at))]
		return f"def lift({', '.join([*(f'v{k}' for k in range(operands)), 'at'])}):\n\tr = f({taken})\n\treturn {', '.join(states)}\n"

	def end(self):
		"""What the reductions give of the states x…, in their order."""
		return [f"S{k}(x{k} / count)" if how == MEAN else f"x{k + (how >= ARGMIN)}" for (how, _), k in zip(self.members, self.at)]


def _indent(lines):
	return ["\t" + line for line in lines]


def _text(states, lie, first, last, wide, high, deep):
	"""The kernel's source: blocks of `wide` × `high` threads, each for a part of a row: of what is folded to one state, or, where
	threads run along a dimension that stays, to a stretch of states. A thread reads `deep` places at a time. `chunk` and `per`: what a part takes of the last dimension that
	is reduced, and of positions in the others. Outputs: states [row, part] or [row, part, column], of the last launch the results."""
	dims = range(len(lie.kept) + len(lie.gone))
	kept, gone = list(dims[:len(lie.kept)]), list(dims[len(lie.kept):])
	inner = gone[-1] if lie.along else kept[-1]
	rows, outer = (kept, gone[:-1]) if lie.along else (kept[:-1], gone)
	extents = {d: f"a{k}.shape[{sum(v[:d])}]" for k, v in reversed(list(enumerate(lie.varies))) if v for d in dims if v[d]}

	def extent(d):
		return extents.get(d, "1")

	def lifts(walked, position):
		"""For a walk along dimension `walked`: the states at a place there."""
		def at(i):
			places = [v and (", ".join(i if d == walked else f"i{d}" for d in dims if v[d]) or "0") for v in lie.varies]
			values = [f"a{k}[{p}]" if p else f"a{k}" for k, p in enumerate(places)]
			return [f"lift({', '.join([*values, position.format(i)])})" if first else ", ".join(values)]
		return at
	acc = states.names("x")
	n, whole = extent(inner), " * ".join(map(extent, outer)) or "1"
	lines = ["t, u, b = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x"]
	if not lie.along:
		lines += [f"stretches = ({n} + {wide - 1}) // {wide}", f"i{inner} = b % stretches * {wide} + t", "b = b // stretches"]
	lines += ["part, row = b % o0.shape[1], b // o0.shape[1]", *decode("row", rows, extent)]
	if lie.along:
		lines += [f"chunks = ({n} + chunk - 1) // chunk", "left = part % chunks * chunk", f"right = min(left + chunk, {n})",
			"low = part // chunks * per", "mine = left + t < right"]
	else:
		lines += ["low = part * per", f"mine = i{inner} < {n}"]
	lines.append(f"top = min(low + per, {whole})")
	never = ["row", "part", "low", "left" if lie.along else f"i{inner}"]       # but then it is known that indices are not
	lines += [f"if {' or '.join(f'{name} < 0' for name in never)}:", "\treturn"]
	shared = lie.along or high > 1
	if shared:
		lines += [f"s{k} = cuda.shared.array(({high}, {wide}), S{k})" for k in range(states.n)]
	if lie.along:
		def walk(name):
			return [f"i = left + t", *_folds._walk(states, "i", "right", wide, deep, lifts(inner, f"g * {n} + {{}}" if outer else "{}"), name)]
	else:
		def walk(name):
			return [f"{', '.join(states.names(name))} = {lifts(None, 'g')('')[0]}"]
	if not lie.along and len(outer) == 1:
		body = ["g = low + u", *_folds._walk(states, "g", "top", high, deep, lifts(outer[0], "{}"))]
	else:
		body = ["g = low + u", *decode("g", outer, extent), *walk("x")]
		if outer:
			body += [f"for g in range(low + u + {high}, top, {high}):", *_indent([*decode("g", outer, extent), *walk("z"),
				*states.fold(acc, acc, states.names("z"))])]
	if shared:
		body += [f"s{k}[u, t] = x{k}" for k in range(states.n)]
	lines += ["if mine and low + u < top:", *_indent(body)]
	place = "row, part" if lie.along else f"row, part, i{inner}"
	results = states.end() if last else acc
	end = [f"o{k}[{place}] = {x}" for k, x in enumerate(results)]
	if shared:
		lines.append(f"h = min({high}, top - low)")
		if lie.along:
			lines += [f"m = min({wide}, right - left)", *_folds._tree(states, "t", "m", wide, "u, {}", " and u < h")]
		if high > 1:
			lines += _folds._tree(states, "u", "h", high, "{}, t", " and t == 0" if lie.along else " and mine")
		lines += [f"if u == 0 and {'t == 0' if lie.along else 'mine'}:", *_indent([f"x{k} = s{k}[u, t]" for k in range(states.n)] + end)]
	else:
		lines[-len(body):] = _indent(body + end)
	outputs = ", ".join(f"o{k}" for k in range(len(results)))
	operands = ", ".join(f"a{k}" for k in range(len(lie.varies)))
	return f"def reduce({outputs}, {operands}, chunk, per, count):\n\t" + "\n\t".join(lines) + "\n"


def _block(lie, on_host, inner, outer):
	"""Threads of a block: along the dimension that they run along, and along the others that are reduced. And places that each reads
	at a time."""
	if on_host:
		return (32, 1, 1) if lie.along else (256, 1, 1)
	wide, high = (256, 1) if lie.along else (32, 8)
	while lie.along and wide > 32 and wide >= 2 * inner:
		wide, high = wide // 2, high * 2 if outer > 1 else 1
	return wide, high, reductions.DEEP


class _Reduced:
	"""Results of one shape that are reduced along the same axes."""

	def __init__(self, plan, used, chosen, fastmath):
		results = [plan.results[i] for i in chosen]
		self.states = _States([(r.reduction, r.folded) for r in results])
		self.dtypes, self.axes, self.name = [r.dtype for r in results], results[0].axes, plan.name
		self.scope = {"cuda": cuda, "f": _function(plan, used, chosen, True),
			f"better{ARGMIN}": reductions._first_smaller, f"better{ARGMAX}": reductions._first_larger,
			**{f"T{k}": _core.as_type(plan.types[i]) for k, i in enumerate(used)},
			**{f"S{k}": _core.as_type(t) for k, t in enumerate(self.states.types)}}
		self.options, self.kernels = {"fastmath": True} if fastmath else {}, {}

	def _kernel(self, lie, *how):
		key = tuple(lie.varies), len(lie.kept), lie.along, how
		if key not in self.kernels:
			scope = dict(self.scope)
			exec(compile(self.states.lift(len(lie.varies)), f"<{self.name}, lifted>", "exec"), scope)
			exec(compile(_text(self.states, lie, *how), f"<{self.name}, reduced>", "exec"), scope)
			scope["reduce"].__module__ = __name__
			self.kernels[key] = jit(scope["reduce"], **self.options)
		return self.kernels[key]

	def _launch(self, lie, first, outs, count, stream):
		"""Reduces; outs: what takes the results, None: parts may be left. Returns the results, or the parts' states."""
		rows, outer = math.prod(lie.kept if lie.along else lie.kept[:-1]), math.prod(lie.gone[:-1] if lie.along else lie.gone)
		inner = lie.gone[-1] if lie.along else lie.kept[-1]
		on_host = next(a for a in lie.arguments if isinstance(a, DeviceNDArray)).on_host
		busy = reductions.CPU_BLOCKS if on_host else reductions.GPU_BLOCKS
		wide, high, deep = _block(lie, on_host, inner, outer)
		stretches = 1 if lie.along else -(-inner // wide)
		chunk, per = inner, outer
		if first:
			least = reductions.LEAST if lie.along else 256
			parts = max(1, min(-(-busy // (rows * stretches)), outer * (inner if lie.along else 1) // least))
			per = -(-outer // min(parts, outer))
			chunk = -(-inner // (-(-parts // -(-outer // per)) * wide)) * wide if lie.along else inner
		parts = -(-outer // per) * (-(-inner // chunk) if lie.along else 1)
		shape = (rows, parts) if lie.along else (rows, parts, inner)
		last = parts == 1
		types = self.dtypes if last else self.states.types
		if not last:
			outs = [None] * len(types)
		outs = [device_array(shape, t, stream=stream) if o is None else o.reshape(shape) for t, o in zip(types, outs)]
		self._kernel(lie, first, last, wide, high, deep)[rows * parts * stretches, (wide, high), stream](*outs, *lie.arguments, chunk, per, float(count))
		return outs, last

	def __call__(self, operands, shape, outs, stream):
		"""New device arrays of the results without their reduced dimensions, or outs where they lie as those would."""
		in_order = any(how >= ARGMIN for how, _ in self.states.members)
		lie = _Lie(operands, shape, self.axes, in_order)
		count = math.prod(shape[axis] for axis in self.axes)
		kept = [shape[axis] for axis in lie.order]
		back = sorted(range(len(kept)), key=lie.order.__getitem__)
		direct = [o if o is not None and back == list(range(len(kept))) and o.dtype == t and o.is_c_contiguous() and
			not any(meet(o, a) for a in operands) else None for o, t in zip(outs, self.dtypes)]
		results, last = self._launch(lie, True, direct, count, stream)
		if not last:
			results, _ = self._launch(_Parts(results, lie.along), False, direct, count, stream)
		return [o if o is not None else r.reshape(tuple(kept)).transpose(back) if kept else r.reshape(()) for r, o in zip(results, direct)]


# -- calls -----------------------------------------------------------------------------------------------------------------------

def operand(x, name, position):
	"""An argument beside device arrays: a device array, or a number, and whether it is a number of Python's."""
	if is_cuda_array(x):
		x = as_cuda_array(x)
		return x if x.dtype.isnative else as_operand(x), False
	if type(x) in (bool, int, float, complex):
		return x, True
	if isinstance(x, np.generic) or isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "biufcV":
		return x[()].astype(x.dtype.newbyteorder("=")), False
	if isinstance(x, np.ndarray):
		raise TypeError(f"{name}(): argument {position + 1} is an array in host memory, others lie on the device: cuda.to_device() it, or copy_to_host() them")
	raise TypeError(f"{name}() takes device arrays and numbers, but argument {position + 1} is {type(x).__name__}")


def _check_out(result, shape, out):
	if not is_cuda_array(out):
		raise TypeError(f"out must be a device array, as the arguments are, not {type(out).__name__}")
	out = as_cuda_array(out)
	if out.shape != shape:
		raise ValueError(f"out has the shape {out.shape}, but the result has {shape}")
	if out.readonly:
		raise ValueError("output array is read-only")
	if not np.can_cast(result.dtype, out.dtype, "same_kind"):
		raise TypeError(f"Cannot cast the result from {result.dtype!r} to {out.dtype!r} with casting rule 'same_kind'")
	return out


def run(plan, operands, outs, stream, fastmath):
	"""The results of a plan for these operands: device arrays, those that are given in outs."""
	values, groups, taken = [None] * len(outs), {}, list(outs)
	for i, r in enumerate(plan.results):
		loop, _, shape = r.shapes(operands)
		if outs[i] is not None:
			taken[i] = _check_out(r, shape, outs[i])
		if 0 in loop:
			values[i] = to_device(np.asarray(r.of_nothing(loop)), stream)
		else:
			groups.setdefault((loop, r.axes if r.reduces else None), []).append(i)
	for (loop, axes), chosen in groups.items():
		used = tuple(sorted({a for i in chosen for a in plan.results[i].arguments} | {k for k, t in enumerate(plan.dimensions) if t <= 0}))
		key = tuple(chosen), used
		if key not in plan.loops:
			plan.loops[key] = (_Stored if axes is None else _Reduced)(plan, used, chosen, fastmath)
		ins, given = [operands[k] for k in used], [taken[i] for i in chosen]
		if axes is None:
			out = given[0] if len(given) == 1 else tuple(given)
			made = plan.loops[key](*ins, out=out, stream=stream) if any(o is not None for o in given) else plan.loops[key](*ins, stream=stream)
			made = made if len(chosen) > 1 else (made,)
		else:
			made = plan.loops[key](ins, loop, given, stream)
		for i, value in zip(chosen, made):
			kept = plan.results[i].reduces and plan.results[i].keepdims and value is not taken[i]
			values[i] = value._index(tuple(None if d in axes else slice(None) for d in range(len(loop)))) if kept else value
	for i, out in enumerate(outs):
		if out is not None:
			if values[i] is not taken[i]:
				taken[i].copy_to_device(values[i], stream=stream)
			values[i] = out
	return values
