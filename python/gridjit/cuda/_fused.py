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
	return {**_folds.TOLD, "fastmath": True} if fastmath else _folds.TOLD


def _function(plan, used, chosen, packed):
	"""A function of the arguments `used` of a plan that returns the results `chosen` of what it gives of them; packed: as a tuple,
	even if it is one."""
	scope = {"g": plan, **{f"T{i}": _core.as_type(t) for i, t in enumerate(plan.types)}}
	given = ", ".join(f"x{i}" if i in used else f"T{i}(0)" for i in range(len(plan.types)))
	values = ("r" if plan.single else ", ".join(f"r[{i}]" for i in chosen)) + ("," if packed and len(chosen) == 1 else "")
	return define(f"def f({pack(f'x{i}' for i in used)}):\n\tr = g({given})\n\treturn {values}\n", scope, plan.name)


class _Stored(Elementwise):
	"""Results of one shape that are stored."""

	def __new__(cls, plan, used, chosen, fastmath):
		self = super().__new__(cls, plan.name, len(used), len(chosen))
		self._loop = tuple(plan.types[i] for i in used), tuple(plan.results[i].dtype for i in chosen), _function(plan, used, chosen, False)
		self._kernel_options = _options(fastmath)
		return self

	def _resolve(self, types):
		return self._loop


class _Reduced(_folds.States):
	"""Results of one shape that are reduced along the same axes: their states side by side, of argmin and argmax two numbers, the element
	and its position, of var and std three, the mean, the sum of the squares of how far elements are from it, and how many they are."""

	def __init__(self, plan, used, chosen, fastmath):
		results = [plan.results[i] for i in chosen]
		self.how, self.at, types = [r.reduction for r in results], [], []
		for r in results:
			self.at.append(len(types))
			types += [r.folded, np.dtype(np.int64)] if r.reduction in PLACES else [np.dtype(np.float64)] * 3 if r.reduction in SPREADS else [r.folded]
		self._ddof = [r.ddof for r in results]
		super().__init__({}, types, [r.dtype for r in results], plan.name, not PLACES.isdisjoint(self.how), _options(fastmath))
		self._inputs, self._function = [plan.types[i] for i in used], _function(plan, used, chosen, True)

	def of_element(self, target, values, position):
		given = pack(f"T{k}({v})" for k, v in enumerate(values))
		lines = [f"{pack(f'v{i}' for i in range(len(self.how)))}{',' if len(self.how) == 1 else ''} = f({given})"]
		for i, (how, k) in enumerate(zip(self.how, self.at)):
			lines.append(f"{target[k]} = S{k}(v{i})" if how in SPREADS else f"{target[k]} = v{i}")
			lines += [f"{target[k + 1]} = S{k + 1}({position})"] if how in PLACES else []
			lines += [f"{target[k + 1]}, {target[k + 2]} = S{k}(0), S{k}(1)"] if how in SPREADS else []
		return lines

	def fold(self, target, left, right, in_order=False):
		lines = []
		for how, k in zip(self.how, self.at):
			x, y, to = left[k], right[k], target[k]
			if how in (SUM, MEAN, PROD):
				lines.append(f"{to} = S{k}({x} {'*' if how == PROD else '+'} {y})")
			elif how in (MIN, MAX):
				lines += [f"p{k}, q{k} = {x}, {y}", f"{to} = q{k} if (q{k} {'<' if how == MIN else '>'} p{k}) | (q{k} != q{k}) else p{k}"]
			elif how in (ANY, ALL):
				lines.append(f"{to} = {x} {'|' if how == ANY else '&'} {y}")
			elif how in SPREADS:
				m, n = (f"{names[k + 2]}" for names in (left, right))
				lines += [f"far{k}, m{k}, n{k}, all{k} = {y} - {x}, {m}, {n}, {m} + {n}", f"{to} = {x} + far{k} * (n{k} / all{k})",
					f"{target[k + 1]} = {left[k + 1]} + {right[k + 1]} + far{k} * far{k} * (m{k} * (n{k} / all{k}))", f"{target[k + 2]} = all{k}"]
			else:
				lines += _folds.first_of(f"better{how}", *(names[k:k + 2] for names in (target, left, right)), in_order)
		return lines

	def end(self):
		squares = [f"x{k + 1} / max(count - {ddof}, 0)" for k, ddof in zip(self.at, self._ddof)]
		return [f"S{k}(x{k} / count)" if how == MEAN else square if how == VAR else f"math.sqrt({square})" if how == STD else f"x{k + (how in PLACES)}"
			for how, k, square in zip(self.how, self.at, squares)]

	def scope(self):
		return {**super().scope(), "math": math, "f": self._function, f"better{ARGMIN}": reductions.is_smaller, f"better{ARGMAX}": reductions.is_larger,
			**{f"T{k}": _core.as_type(t) for k, t in enumerate(self._inputs)}}


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
			made = reductions.folded(plan.loops[key], ins, loop, axes, given, stream)
		for i, value in zip(chosen, made):
			kept = plan.results[i].reduces and plan.results[i].keepdims and value is not taken[i]
			values[i] = reductions.with_axes(value, axes, len(loop)) if kept else value
	for i, out in enumerate(outs):
		if out is not None:
			if values[i] is not taken[i]:
				taken[i].copy_to_device(values[i], stream=stream)
			values[i] = out
	return values
