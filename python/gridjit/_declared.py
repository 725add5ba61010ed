"""Functions with explicit signatures are compiled when they are decorated. What is compiled of them later (for arrays that lie differently,
on another device, inside of others) finds under their names what was there then, as in numba."""

import types


def _names(code):
	"""Names of the code and of the code nested in it: globals, and attributes too."""
	return set(code.co_names).union(*(_names(part) for part in code.co_consts if isinstance(part, types.CodeType)))


def _cell(cell):
	try:
		return types.CellType(cell.cell_contents)
	except ValueError:                             # it has no value yet: the function itself, mostly
		return cell


def as_declared(function, made):
	"""The function with the globals and variables around it that it has now. made: what is made of it, and takes its name, where it has none yet."""
	globals_, names = function.__globals__, _names(function.__code__) | {"__name__", "__builtins__"}
	scope = {name: globals_[name] for name in names if name in globals_}
	if function.__name__ in names:
		scope.setdefault(function.__name__, made)
	closure = function.__closure__ and tuple(map(_cell, function.__closure__))
	now = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, closure)
	now.__kwdefaults__, now.__module__, now.__qualname__ = function.__kwdefaults__, function.__module__, function.__qualname__
	return now
