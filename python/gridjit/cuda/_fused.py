"""Fused functions over arrays in device memory: elements that are stored by the loops of element-wise functions, reductions by
kernels made here. Both call the fused function (a Plan of fusing.py) with a thread's elements."""

import math

import numpy as np

from .. import _core
from . import _folds, reductions
from ._elementwise import Elementwise, as_operand
from ._text import define, pack
from .devicearray import as_cuda_array, is_cuda_array, to_device

SUM, PROD, MIN, MAX, MEAN, ANY, ALL, ARGMIN, ARGMAX, VAR, STD = range(11)   # in the order of gj_reduction
PLACES, SPREADS = {ARGMIN, ARGMAX}, {VAR, STD}


def _options(fastmath):
	return {"extents": "", "fastmath": fastmath}


def _function(plan, used, chosen, packed):
	"""A function of the arguments `used` of a plan that returns the outputs `chosen` of what it gives of them; packed: as a tuple,
	even if it is one."""
	scope = {"g": plan, **{f"T{i}": _core.as_type(t) for i, t in enumerate(plan.types)}}
	given = ", ".join(f"x{i}" if i in used else f"T{i}(0)" for i in range(len(plan.types)))
	where = {o: ("r" if plan.single else f"r[{i}]") + (f"[{k}]" if len(r.outputs) > 1 else "") for i, r in enumerate(plan.results) for k, o in enumerate(r.outputs)}
	values = ", ".join(where[o] for o in chosen) + ("," if packed and len(chosen) == 1 else "")
	return define(f"def f({pack(f'x{i}' for i in used)}):\n\tr = g({given})\n\treturn {values}\n", scope, plan.name)


class _Stored(Elementwise):
	"""Outputs of one shape that are stored."""

	def __new__(cls, plan, used, chosen, fastmath):
		self = super().__new__(cls, plan.name, len(used), len(chosen))
		self._loop = tuple(plan.types[i] for i in used), tuple(o.element for o in chosen), _function(plan, used, chosen, False)
		self._kernel_options = _options(fastmath)
		return self

	def _resolve(self, types):
		return self._loop


class _Reduced(_folds.States):
	"""Outputs of one shape that are reduced along the same axes: their states side by side, of argmin and argmax two numbers, the element
	and its position, of var and std three, the mean, the sum of the squares of how far elements are from it, and how many they are. Pairs
	are elements of var and std with a weight, 1 or 0. A mean alone is divided here."""

	def __init__(self, plan, used, chosen, fastmath):
		self.how, self.at, types, results = [o.reduction for o in chosen], [], [], []
		alone = {r.outputs[0]: r for r in plan.results if len(r.outputs) == 1}
		for o in chosen:
			self.at.append(len(types))
			types += [o.element, np.dtype(np.int64)] if o.reduction in PLACES else [np.dtype(np.float64)] * 3 if o.reduction in SPREADS else [o.element]
			results.append(alone[o].dtype if o in alone else o.written)
		self._ddof = [int(r.ddof) if r.ddof.is_integer() else r.ddof for o in chosen for r in plan.results if o in r.outputs]
		self._chosen = {k for o, k in zip(chosen, self.at) if o.element.kind == "c"}
		super().__init__({}, types, results, plan.name, not PLACES.isdisjoint(self.how), _options(fastmath))
		self._inputs, self._function = [plan.types[i] for i in used], _function(plan, used, chosen, True)

	def of_element(self, target, values, position):
		given = pack(f"T{k}({v})" for k, v in enumerate(values))
		lines = [f"{pack(f'v{i}' for i in range(len(self.how)))}{',' if len(self.how) == 1 else ''} = f({given})"]
		for i, (how, k) in enumerate(zip(self.how, self.at)):
			weighted = how in SPREADS and k in self._chosen
			lines.append(f"{target[k]} = S{k}(v{i}{'.real' if weighted else ''})" if how in SPREADS else f"{target[k]} = v{i}")
			lines += [f"{target[k + 1]} = S{k + 1}({position})"] if how in PLACES else []
			# NaN and infinities are not 0 from themselves.
			lines += [f"{target[k + 1]}, {target[k + 2]} = {target[k]} - {target[k]}, {f'v{i}.imag' if weighted else f'S{k}(1)'}"] if how in SPREADS else []
		return lines

	def fold(self, target, left, right, in_order=False):
		lines = []
		for how, k in zip(self.how, self.at):
			x, y, to = left[k], right[k], target[k]
			if how in (SUM, MEAN, PROD):
				lines.append(f"{to} = S{k}({x} {'*' if how == PROD else '+'} {y})")
			elif how in (MIN, MAX) and k in self._chosen:
				lines.append(f"{to} = np.{'minimum' if how == MIN else 'maximum'}({x}, {y})")
			elif how in (MIN, MAX):
				lines += [f"p{k}, q{k} = {x}, {y}", f"{to} = q{k} if (q{k} {'<' if how == MIN else '>'} p{k}) | (q{k} != q{k}) else p{k}"]
			elif how in (ANY, ALL):
				lines.append(f"{to} = {x} {'|' if how == ANY else '&'} {y}")
			elif how in SPREADS:
				lines += self._spread(k, target, left, right)
			else:
				lines += _folds.first_of(f"better{k}", *(names[k:k + 2] for names in (target, left, right)), in_order)
		return lines

	def _spread(self, k, target, left, right):
		"""Means and squares of two, either of which may be of no elements where elements have weights."""
		m, n = (f"{names[k + 2]}" for names in (left, right))
		share = f"(n{k} / all{k} if all{k} > 0 else S{k}(0))" if k in self._chosen else f"(n{k} / all{k})"
		return [f"far{k}, m{k}, n{k}, all{k} = {right[k]} - {left[k]}, {m}, {n}, {m} + {n}", f"share{k} = {share}",
			f"{target[k]} = {left[k]} + far{k} * share{k}", f"{target[k + 1]} = {left[k + 1]} + {right[k + 1]} + far{k} * far{k} * (m{k} * share{k})",
			f"{target[k + 2]} = all{k}"]

	def end(self):
		counts = [f"max({f'x{k + 2}' if k in self._chosen else 'count'} - {ddof}, 0)" for k, ddof in zip(self.at, self._ddof)]
		squares = [f"x{k + 1} / {count}" for k, count in zip(self.at, counts)]
		return [f"S{k}(x{k} / count)" if how == MEAN else square if how == VAR else f"math.sqrt({square})" if how == STD else f"x{k + (how in PLACES)}"
			for how, k, square in zip(self.how, self.at, squares)]

	def scope(self):
		better = {f"better{k}": reductions.better(how == ARGMIN, k in self._chosen) for how, k in zip(self.how, self.at) if how in PLACES}
		return {**super().scope(), "math": math, "np": np, "f": self._function, **better, **{f"T{k}": _core.as_type(t) for k, t in enumerate(self._inputs)}}


# -- calls -----------------------------------------------------------------------------------------------------------------------

def operand(x, name, position):
	"""An argument beside device arrays: a device array, or a number, and whether it is a number of Python's."""
	if is_cuda_array(x):
		x = as_cuda_array(x)
		return x if x.dtype.isnative else as_operand(x), False
	if type(x) in (bool, int, float, complex):
		return int(np.int64(x)) if type(x) is int else x, True         # as NumPy: an OverflowError of those of more than 64 bits
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


def _loop(plan, chosen, fastmath):
	"""The loop of these outputs, and which arguments it takes."""
	used = tuple(sorted({a for o in chosen for a in o.arguments} | {k for k, t in enumerate(plan.dimensions) if t <= 0}))
	key = tuple(o.index for o in chosen), used
	if key not in plan.loops:
		plan.loops[key] = (_Stored if chosen[0].axes is None else _Reduced)(plan, used, chosen, fastmath)
	return plan.loops[key], used


def run(plan, operands, outs, stream, fastmath):
	"""The results of a plan for these operands: device arrays, those that are given in outs."""
	values, groups, taken, written, counts = [None] * len(outs), {}, list(outs), {}, []
	for i, r in enumerate(plan.results):
		loop, _, shape = r.shapes(operands)
		counts.append(math.prod(loop[d] for d in r.axes or ()))
		if outs[i] is not None:
			taken[i] = _check_out(r, shape, outs[i])
		if 0 in loop:
			values[i] = r.of_nothing(loop)
		for o in r.outputs:
			if o.axes is None and r.reduces:
				groups.setdefault(((), None), []).append((o, None))
			elif 0 not in loop:
				groups.setdefault((loop, o.axes), []).append((o, taken[i] if len(r.outputs) == 1 else None))
	for (loop, axes), members in groups.items():
		chosen, given = [o for o, _ in members], [to for _, to in members]
		function, used = _loop(plan, chosen, fastmath)
		ins = [operands[k] for k in used]
		if axes is not None:
			made = reductions.folded(function, ins, loop, axes, given, stream)
		else:
			out = given[0] if len(given) == 1 else tuple(given)
			made = function(*ins, out=out, stream=stream) if any(o is not None for o in given) else function(*ins, stream=stream)
			made = made if len(chosen) > 1 else (made,)
		written.update((o.index, value) for o, value in zip(chosen, made))
	for i, (r, out) in enumerate(zip(plan.results, outs)):
		given = [written[o.index] for o in r.outputs if o.index in written]
		if values[i] is None:
			values[i] = given[0] if len(r.outputs) == 1 else r.together(given, counts[i]).astype(r.dtype)
			if r.reduces and r.keepdims and values[i] is not taken[i]:
				values[i] = reductions.with_axes(values[i], r.axes, len(r.shapes(operands)[0]))
		else:
			values[i] = to_device(values[i], stream)
			if r.initial:
				values[i] = np.where(True, given[-1], values[i]).astype(r.dtype)
		if out is not None:
			if values[i] is not taken[i]:
				taken[i].copy_to_device(values[i], stream=stream)
			values[i] = out
	return values
