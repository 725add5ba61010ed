"""@stencil: a function of relative indices (a[-1, 0] is the item before) that is computed at each place of an array. Its source is rewritten
to absolute indices (the loops around it are text); who calls it, from Python too, compiles it as an overloaded function."""

import ast
import functools
import inspect

import numpy as np

from . import _core, _pickle, errors, jitting, overloading, types

_INDEX = "__place{}"                           # variables of the loops


class _ToAbsolute(ast.NodeTransformer):
	"""a[-1, 0] → a[place0 + -1, place1 + 0] where `a` is one of `names`; notes the indices."""

	def __init__(self, function, names):
		self.function, self.names, self.found, self.arrays = function, names, [], {}

	def refuse(self, node, text):
		raise errors.NumbaValueError(f"stencil {self.function.__name__}(), line {node.lineno}: {text}")

	def visit_Subscript(self, node):
		node = self.generic_visit(node)
		if not isinstance(node.value, ast.Name) or node.value.id not in self.names:
			return node
		if not isinstance(node.ctx, ast.Load):
			self.refuse(node, "assignments to arrays passed to stencil kernels are not allowed; name the array in standard_indexing, or return the value")
		items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
		if any(isinstance(item, (ast.Slice, ast.Starred)) for item in items):
			self.refuse(node, "relative indices are integers, not slices")
		if self.found and len(items) != len(self.found[0]):
			self.refuse(node, f"arrays have {len(self.found[0])} and {len(items)} relative indices; name those that are not relative in standard_indexing")
		self.found.append(items)
		self.arrays[node.value.id] = True
		places = [ast.BinOp(ast.Name(_INDEX.format(d), ast.Load()), ast.Add(), item) for d, item in enumerate(items)]
		node.slice = places[0] if len(places) == 1 else ast.Tuple(places, ast.Load())
		return node


def _tree(function):
	"""The function's definition, at its lines and columns."""
	try:
		source = inspect.getsource(function)
	except (OSError, TypeError):
		raise errors.NumbaValueError(f"stencil {function.__name__}(): its source is not there, which stencil() rewrites: define it in a file") from None
	inside = source[:1].isspace()
	tree = ast.parse("if True:\n" + source if inside else source)
	made = tree.body[0].body[0] if inside else tree.body[0]
	if not isinstance(made, ast.FunctionDef):
		raise errors.NumbaValueError("stencil() takes a function that is written with def")
	ast.increment_lineno(tree, function.__code__.co_firstlineno - 1 - inside)
	return made


def _offset(function, node):
	"""The value of a constant index; None: it is none."""
	names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
	known = dict(zip(function.__code__.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()))) | function.__globals__
	if names & set(function.__code__.co_varnames) or not names <= known.keys():
		return None
	value = eval(compile(ast.Expression(ast.copy_location(ast.fix_missing_locations(node), node)), "<index>", "eval"), known)
	return int(value) if isinstance(value, (int, np.integer)) else None


def _compiled(function, definition, ndim):
	"""The rewritten function, which takes the place first."""
	definition.decorator_list, definition.returns, definition.args.defaults = [], None, []
	definition.args.args[:0] = [ast.arg(_INDEX.format(d)) for d in range(ndim)]
	for arg in definition.args.args:
		arg.annotation = None
	free = function.__code__.co_freevars
	outer = ast.FunctionDef(name="around", args=ast.arguments(posonlyargs=[], args=[ast.arg(name) for name in free], kwonlyargs=[], kw_defaults=[], defaults=[]),
		body=[definition, ast.Return(ast.Name(definition.name, ast.Load()))], decorator_list=[], type_params=[])
	module = ast.fix_missing_locations(ast.Module([outer], []))
	space = {}
	exec(compile(module, function.__code__.co_filename, "exec"), function.__globals__, space)
	made = space["around"](*(cell.cell_contents for cell in function.__closure__ or ()))
	made.__defaults__ = function.__defaults__
	return made


class StencilFunc:
	"""f(arrays and numbers, out=None): an array in the shape of the first one, or `out`. Compiled code calls it too."""

	def __init__(self, function, cval=None, neighborhood=None, standard_indexing=()):
		self.py_func, self.cval = function, cval
		functools.update_wrapper(self, function)
		code = function.__code__
		self.params = code.co_varnames[:code.co_argcount]
		absolute = self._absolute = (standard_indexing,) if isinstance(standard_indexing, str) else tuple(standard_indexing)
		wrong = [name for name in absolute if name not in self.params]
		if wrong:
			raise errors.NumbaValueError(f"stencil {self.__name__}(): standard_indexing names {wrong[0]!r}, which is no parameter")
		if code.co_kwonlyargcount or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) or not self.params:
			raise errors.NumbaValueError(f"stencil {self.__name__}(): its parameters are positional, the first one an array")
		if self.params[0] in absolute:
			raise errors.NumbaValueError(f"stencil {self.__name__}(): the first array is indexed relatively: it says where the places are")
		definition = _tree(function)
		change = _ToAbsolute(function, set(self.params) - set(absolute))
		definition.body = [change.visit(node) for node in definition.body]
		if self.params[0] not in change.arrays:
			raise errors.NumbaValueError(f"stencil {self.__name__}(): the first array, {self.params[0]!r}, is not indexed relatively")
		self.ndim, self._arrays = len(change.found[0]), [name for name in change.arrays if name != self.params[0]]
		self.neighborhood = self._reach(change.found) if neighborhood is None else tuple((int(low), int(high)) for low, high in neighborhood)
		if len(self.neighborhood) != self.ndim:
			raise errors.NumbaValueError(f"stencil {self.__name__}(): the neighborhood has {len(self.neighborhood)} dimensions, the indices have {self.ndim}")
		self._kernel = _compiled(function, definition, self.ndim)
		overloading.register_object(self, self._choose)
		self._dispatcher = self._caller()

	def _reach(self, found):
		"""From where to where constant indices go, in each dimension."""
		at = [[_offset(self.py_func, item) for item in items] for items in found]
		if any(None in items for items in at):
			raise errors.NumbaValueError(f"stencil {self.__name__}(): stencil kernel index is not constant, 'neighborhood' option required")
		return tuple((min(0, *column), max(0, *column)) for column in zip(*at))

	def _caller(self):
		names = ", ".join(self.params)
		space = {"stencil": self}
		exec(f"def {self.__name__}({names}, out=None):\n\treturn stencil({names}, out=out)\n", space)
		made = space[self.__name__]
		made.__defaults__ = (*(self.py_func.__defaults__ or ()), None)
		return jitting.dispatcher(made, parallel=True)

	def __call__(self, *args, **kwargs):
		return self._dispatcher(*args, **kwargs)

	def _kinds(self, kinds, named):
		"""The types of all parameters: as they are passed, else of the defaults."""
		defaults = self.py_func.__defaults__ or ()
		known = {name: _core.typeof(value) for name, value in zip(self.params[len(self.params) - len(defaults):], defaults)}
		known |= dict(zip(self.params, kinds)) | named
		return [known[name] for name in self.params if name in known]

	def _choose(self, *kinds, out=None, **named):
		"""The loops, for arguments of these types."""
		kinds = self._kinds(kinds, named)
		first = kinds[0] if kinds else None
		if not isinstance(first, types.Array) or first.ndim != self.ndim:
			raise errors.TypingError(f"stencil {self.__name__}(): {self.params[0]!r} is {first}, but its kernel indexes {self.ndim} dimensions")
		result = jitting.dispatcher(self._kernel).compile((*[types.int64] * self.ndim, *kinds)).signature.return_type
		if not isinstance(result, (types.Number, types.Boolean)):
			raise errors.TypingError(f"stencil {self.__name__}() gives {result}: a stencil's kernel gives a number")
		given = out is not None and not isinstance(out, types.NoneType)
		space = {"np": np, "kernel": self._kernel, "dtype": result.dtype.type, "prange": _prange(), "cval": 0 if self.cval is None else self.cval}
		exec(self._text(given), space)
		space["stencil"].__defaults__ = (*(self.py_func.__defaults__ or ()), None)
		return space["stencil"]

	def _text(self, given):
		names, first, at = ", ".join(self.params), self.params[0], ", ".join(_INDEX.format(d) for d in range(self.ndim))
		lines = [f"def stencil({names}, out=None):"]
		for other in self._arrays:
			bad = " or ".join(f"{other}.shape[{d}] < {first}.shape[{d}]" for d in range(self.ndim))
			lines += [f"\tif {bad}:", f"\t\traise ValueError('{other} is smaller than {first}, the first array of the stencil')"]
		if given:
			bad = " or ".join(f"out.shape[{d}] != {first}.shape[{d}]" for d in range(self.ndim))
			lines += [f"\tif {bad}:", f"\t\traise ValueError('out has not the shape of {first}')"]
			lines += ["\tresult = out"] + (["\tresult[:] = cval"] if self.cval is not None else [])
		else:
			lines += [f"\tresult = np.full({first}.shape, cval, dtype)" if self.cval else f"\tresult = np.zeros({first}.shape, dtype)"]
		for d, (low, high) in enumerate(self.neighborhood):
			lines.append("\t" * (d + 1) + f"for {_INDEX.format(d)} in {'range' if d else 'prange'}({max(0, -low)}, {first}.shape[{d}] - {max(0, high)}):")
		lines += ["\t" * (self.ndim + 1) + f"result[{at}] = kernel({at}, {names})", "\treturn result"]
		return "\n".join(lines)

	def __reduce__(self):
		return _pickle.reduce(self, _rebuild, {"cval": self.cval, "neighborhood": self.neighborhood, "standard_indexing": self._absolute})

	def __repr__(self):
		return f"<stencil {self.__name__}>"


def _rebuild(state, options):
	return _pickle.restore(state, lambda function: StencilFunc(function, **options))


def _prange():
	from .parallel import prange
	return prange


def stencil(func_or_mode="constant", **options):
	"""Compile a function of relative indices for each place of its first array: @stencil, or @stencil(…).

	Arrays are indexed from the place on (a[-1, 0]: the item before in the first dimension). The result is an array in the shape of the
	first one; places whose neighbours are not all there keep cval (0). neighborhood: ((low, high), …), from where to where indices go, where
	they are no constants. standard_indexing: names of parameters that are indexed as ever. Called from Python, and by compiled functions
	with parallel=True, it runs on all cores. The source of the function is needed.

	Raises NumbaValueError for kernels that are none, ValueError for arrays whose shapes do not fit."""
	unknown = options.keys() - {"cval", "neighborhood", "standard_indexing"}
	if unknown:
		raise errors.NumbaValueError(f"stencil() has no option {sorted(unknown)[0]!r}: there are cval, neighborhood and standard_indexing")
	if inspect.isfunction(func_or_mode):
		return StencilFunc(func_or_mode, **options)
	if func_or_mode != "constant":
		raise errors.NumbaValueError(f"stencil(): unsupported mode {func_or_mode!r}; there is 'constant'")
	return lambda function: StencilFunc(function, **options)
