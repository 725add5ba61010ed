"""Kernels that apply a function of numbers to the elements of arrays: text made for a number of dimensions and for the
dimensions along which each operand changes, compiled as any kernel is. _core.Elements asks for them and launches them."""

from .. import _core, cuda
from ._text import decode, define, indent
from .dispatcher import _make

BY_VALUE = 0xff


def _index(varies, ndim):
	"""How an operand is indexed that changes along these dimensions; one that changes along none has one element."""
	used = [f"i{axis}" for axis in range(ndim) if varies >> axis & 1]
	return ", ".join(used) or "0"


def _walk(ndim, body):
	"""The body for each element of o0. Threads: x runs along the last dimension, y along the one before it, z along all others."""
	extent = "o0.shape[{}]".format
	if ndim > 1:
		body = [f"for i{ndim - 2} in range(cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y, {extent(ndim - 2)}, cuda.blockDim.y * cuda.gridDim.y):",
			*indent(body)]
	if ndim > 2:
		outer = list(range(ndim - 2))
		body = [f"for z in range(cuda.blockIdx.z, {' * '.join(map(extent, outer))}, cuda.gridDim.z):", *indent([*decode("z", outer, extent), *body])]
	return [f"i{ndim - 1} = cuda.grid(1)", f"if i{ndim - 1} < {extent(ndim - 1)}:", *indent(body)]


def _plain(nin, nout, ndim, varies, mask):
	inputs = varies[-nin:]
	values = ", ".join(f"T{k}(a{k})" if v == BY_VALUE else f"T{k}(a{k}[{_index(v, ndim)}])" for k, v in enumerate(inputs))
	results = ", ".join(f"r{k}" for k in range(nout))
	body = [f"{results} = f({values})", *(f"o{k}[{_index(varies[k], ndim)}] = R{k}(r{k})" for k in range(nout))]
	if mask:
		body = [f"if {'w' if varies[nout] == BY_VALUE else f'w[{_index(varies[nout], ndim)}]'}:", *indent(body)]
	return _walk(ndim, body)


def _wide(nin, nout, varies, width):
	"""`width` elements a thread, all read before the first is written, so that they travel together."""
	inputs = varies[-nin:]
	lines = [f"i = cuda.grid(1) * {width}", "if i < o0.shape[0]:"]
	for k in range(width):
		loads = ", ".join(f"x{n}_{k}" for n, v in enumerate(inputs) if v not in (0, BY_VALUE))
		values = ", ".join(f"a{n}[i + {k}]" for n, v in enumerate(inputs) if v not in (0, BY_VALUE))
		if loads:
			lines.append(f"\t{loads} = {values}")
	for k in range(width):
		values = ", ".join(f"T{n}(a{n})" if v == BY_VALUE else f"T{n}(a{n}[0])" if not v else f"T{n}(x{n}_{k})"
			for n, v in enumerate(inputs))
		lines.append("\t" + ", ".join(f"r{n}_{k}" for n in range(nout)) + f" = f({values})")
	for n in range(nout):
		for k in range(width):
			lines.append(f"\to{n}[i + {k}] = R{n}(r{n}_{k})")
	return lines


def text(nin, nout, ndim, varies, mask, wide):
	"""The kernel's source. varies: of outputs, the mask if there is one, inputs. T: types that inputs are taken as; R: of results, whatever
	the outputs are: of uint8, 255 + 1 is 0 in an array of int64, too."""
	names = [f"o{k}" for k in range(nout)] + ["w"] * mask + [f"a{k}" for k in range(nin)]
	lines = _wide(nin, nout, varies, 2) if wide else _plain(nin, nout, ndim, varies, mask)
	return f"def loop({', '.join(names)}):\n\t" + "\n\t".join(lines) + "\n"


def maker(function, name, types, results, options):
	"""What a row of _core.Elements makes its kernels with: `function` takes inputs of these types; its results become these."""
	nout = len(results)
	def make(ndim, varies, mask, wide):
		scope = {"cuda": cuda, "f": function, **{f"T{k}": _core.as_type(t) for k, t in enumerate(types)},
			**{f"R{k}": _core.as_type(t) for k, t in enumerate(results)}}
		return _make(define(text(len(types), nout, ndim, varies, mask, wide), scope, f"{name} over arrays", __name__, name),
			{"entry": "kernel", **options})
	return make
