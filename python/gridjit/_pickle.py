"""Pickling of what decorators make of a Python function: by reference where its name can be imported, else the function by value
through cloudpickle. Within a process what comes back is the object itself."""

import functools
import os
import sys
import weakref
from _thread import _local

_under_way = _local()                          # threading's, without the time that importing it takes
_KEY = 16                                       # bytes before those of a function that is pickled by value
_made = weakref.WeakValueDictionary()           # key: what was pickled, or came of it


def lookup(module, qualname, *default):
	try:
		value = sys.modules[module] if module in sys.modules else __import__(module, fromlist=["_"])
		return functools.reduce(getattr, qualname.split("."), value)
	except (ImportError, AttributeError):
		if default:
			return default[0]
		raise


def _function_state(made):
	"""The Python function as bytes of cloudpickle, or (module, name) if that is not there or already under way."""
	busy = _under_way.__dict__.setdefault("busy", set())
	name = made.__module__, made.__qualname__
	try:
		import cloudpickle
	except ImportError:
		cloudpickle = None
	if cloudpickle is None or id(made) in busy:
		if lookup(*name, None) is not made:
			raise TypeError(f"{made.__qualname__}() can only be pickled with cloudpickle installed: "
				"it is no attribute of its module")
		return name
	key = next((k for k, o in _made.items() if o is made), None) or os.urandom(_KEY)
	_made[key] = made
	busy.add(id(made))
	try:
		return key + cloudpickle.dumps(made.py_func)
	finally:
		busy.discard(id(made))


def reduce(made, rebuild, *state):
	"""For __reduce__: the object by its name, or rebuild(state of the function, *state)."""
	name = getattr(made, "__qualname__", "")
	if made.__module__ != "__main__" and lookup(made.__module__, name, None) is made:
		return lookup, (made.__module__, name)
	return rebuild, (_function_state(made), *state)


def restore(state, make, *rest):
	"""What rebuild returns: make(function, *rest), or the object that is there under the name."""
	if isinstance(state, tuple):
		return lookup(*state)
	key = state[:_KEY]
	made = _made.get(key)
	if made is None:
		import pickle
		made = _made[key] = make(pickle.loads(state[_KEY:]), *rest)
	return made
