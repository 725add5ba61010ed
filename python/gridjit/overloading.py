"""extending.overload: what stands for a function in compiled code is chosen by a Python function of the argument types."""

import types as pytypes
import weakref

import numpy as np

FUNCTIONS = {}                                 # id: (function, functions that choose). Read by pyext/freeze/overloaded.c, as METHODS
METHODS = {}                                   # name: what stands for a method of that name, of any type
ATTRIBUTES = {}                                # … for an attribute


def register(function, chooser):
	"""Compiled code asks `chooser` where it calls the function, or any object that can be called."""
	FUNCTIONS.setdefault(id(function), (function, []))[1].append(chooser)


def register_object(made, chooser):
	"""The same for an object that may go away; the chooser is a method of it."""
	FUNCTIONS[id(made)] = None, [weakref.WeakMethod(chooser)]
	weakref.finalize(made, FUNCTIONS.pop, id(made))


def overload(func, jit_options={}, strict=True, inline="never", prefer_literal=False, **options):
	"""@overload(f): the decorated function is asked with the types of a call's arguments (and the defaults of its own parameters) whenever
	compiled code calls f, and gives the Python function that is compiled in its place, or None.

	What gridjit compiles anyway (np.sin) it does not ask for. Options are accepted; arguments have no literal types."""
	def decorate(chooser):
		register(func, chooser)
		return chooser
	return decorate


def overload_method(typ, attr, **options):
	"""@overload_method(types.Array, "name"): the same for a method of values of a type, which the chosen function gets as its first argument."""
	return _of_values(METHODS, typ, attr)


def overload_attribute(typ, attr, **options):
	"""@overload_attribute(types.Array, "name"): the same for an attribute, which is what the chosen function makes of the value."""
	return _of_values(ATTRIBUTES, typ, attr)


def _of_values(table, typ, attr):
	def fits(of):
		return isinstance(of, typ) if isinstance(typ, type) else of == typ

	def decorate(chooser):
		if not any(hasattr(known, attr) for known in _KNOWN):
			if attr not in table:
				table[attr] = pytypes.FunctionType(_stub.__code__, {}, attr)
			register(table[attr], lambda self, *args, **kwargs: chooser(self, *args, **kwargs) if fits(self) else None)
		return chooser
	return decorate


_KNOWN = np.ndarray, np.generic, int, float, complex, tuple       # what these have is compiled without being asked for


def _stub():
	pass


def resolve(function, args, keywords):
	"""The implementation for these types, or None."""
	for chooser in FUNCTIONS[id(function)][1]:
		found = (chooser() if isinstance(chooser, weakref.WeakMethod) else chooser)(*args, **keywords)
		if found is not None:
			return getattr(found, "py_func", found)
	return None
