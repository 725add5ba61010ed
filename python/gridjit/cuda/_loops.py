"""Kernels that apply a function of numbers to the elements of arrays: text made for a number of dimensions and for the
dimensions along which each operand changes, compiled as any kernel is. _core.Elements asks for them and launches them."""

from .. import _core, cuda
from .dispatcher import jit

BY_VALUE = 0xff


def _index(varies, ndim):
	"""How an operand is indexed that changes along these dimensions; one that changes along none has one element."""
	used = [f"i{axis}" for axis in range(ndim) if varies >> axis & 1]
	return ", ".join(used) or "0"


def _walk(ndim):
	"""Lines before the body, whose last one opens its block, and the depth of the body. Threads: x runs along the last
	dimension, y along the one before it, z along all others."""
	lines = [f"i{ndim - 1} = cuda.grid(1)", f"if i{ndim - 1} < o0.shape[{ndim - 1}]:"]
	if ndim == 1:
		return lines, 2
	if ndim == 3:
		lines.append("\tfor i0 in range(cuda.blockIdx.z, o0.shape[0], cuda.gridDim.z):")
	elif ndim > 3:
		extents = " * ".join(f"o0.shape[{axis}]" for axis in range(ndim - 2))
		lines.append(f"\tfor z in range(cuda.blockIdx.z, {extents}, cuda.gridDim.z):")
		rest = "z"
		for axis in range(ndim - 3, 0, -1):
			lines.append(f"\t\ti{axis} = {rest} % o0.shape[{axis}]")
			lines.append(f"\t\tr{axis} = {rest} // o0.shape[{axis}]")
			rest = f"r{axis}"
		lines.append(f"\t\ti0 = {rest}")
	tabs = "\t" * (2 if ndim > 2 else 1)
	lines.append(f"{tabs}for i{ndim - 2} in range(cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y, o0.shape[{ndim - 2}], "
		"cuda.blockDim.y * cuda.gridDim.y):")
	return lines, len(tabs) + 2


def _plain(nin, nout, ndim, varies, mask):
	lines, depth = _walk(ndim)
	inputs = varies[-nin:]
	values = ", ".join(f"T{k}(a{k})" if v == BY_VALUE else f"T{k}(a{k}[{_index(v, ndim)}])" for k, v in enumerate(inputs))
	targets = ", ".join(f"o{k}[{_index(varies[k], ndim)}]" for k in range(nout))
	if mask:
		where = "w" if varies[nout] == BY_VALUE else f"w[{_index(varies[nout], ndim)}]"
		lines.append("\t" * (depth - 1) + f"if {where}:")
		depth += 1
	lines.append("\t" * (depth - 1) + f"{targets} = f({values})")
	return lines


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
			lines.append(f"\to{n}[i + {k}] = r{n}_{k}")
	return lines


def text(nin, nout, ndim, varies, mask, wide):
	"""The kernel's source. varies: of outputs, the mask if there is one, inputs."""
	names = [f"o{k}" for k in range(nout)] + ["w"] * mask + [f"a{k}" for k in range(nin)]
	lines = _wide(nin, nout, varies, 2) if wide else _plain(nin, nout, ndim, varies, mask)
	return f"def loop({', '.join(names)}):\n\t" + "\n\t".join(lines) + "\n"


def maker(function, name, types, nout, options):
	"""What a row of _core.Elements makes its kernels with: `function` takes inputs of these types."""
	def make(ndim, varies, mask, wide):
		scope = {"cuda": cuda, "f": function, **{f"T{k}": _core.as_type(t) for k, t in enumerate(types)}}
		exec(compile(text(len(types), nout, ndim, varies, mask, wide), f"<{name} over arrays>", "exec"), scope)
		kernel = scope["loop"]
		kernel.__name__ = kernel.__qualname__ = name
		kernel.__module__ = __name__
		return jit(kernel, **options)
	return make
