"""Names of device functions in PTX: the function's own for C's ABI; for numba's the mangled name that numba gives, without
the parts that it makes from a counter and its options and that nobody can know before."""

import re

_LETTERS = dict(void="v", none="v", bool="b", int8="a", uint8="h", int16="s", uint16="t", int32="i", uint32="j", int64="x",
	uint64="y", float16="Dh", float32="f", float64="d")


def _escaped(text):
	"""What a symbol cannot hold is written as _ and two hexadecimal digits a byte."""
	return re.sub(r"[^A-Za-z0-9_]", lambda m: "".join(f"_{byte:02x}" for byte in m[0].encode()), text)


def _identifier(text):
	return f"{len(_escaped(text))}{_escaped(text)}"


def _type(t):
	if t.name in _LETTERS:
		return _LETTERS[t.name]
	if t.name.startswith("UniTuple("):
		return f"8UniTupleI{_type(t.dtype)}Li{t.count}EE"
	if t.name.startswith("Tuple("):
		return "5Tuple" + (f"I{''.join(map(_type, t.types))}E" if t.count else "")
	if t.name.startswith(("array(", "Array(")):
		return f"5ArrayI{_type(t.dtype)}Li{t.ndim}E1{t.layout}{'7mutable' if t.mutable else '8readonly'}7alignedE"
	return _identifier(t.name)


def symbol(function, args, abi, info):
	"""The name for these argument types. Raises ValueError for a bad abi_info."""
	if abi == "numba":
		path = f"{function.__module__}.{function.__qualname__}".split(".")
		return f"_ZN{''.join(map(_identifier, path))}E{''.join(map(_type, args))}"
	unknown = set(info or ()) - {"abi_name"}
	if unknown:
		raise ValueError(f"abi_info has no key {sorted(unknown)[0]!r}; it has abi_name")
	if not info:
		return _escaped(function.__name__)
	name = info["abi_name"]
	if not isinstance(name, str) or not re.fullmatch("[A-Za-z_$][A-Za-z0-9_$]*", name):
		raise ValueError(f"abi_name cannot be {name!r}: names in PTX are of letters, digits, _ and $, a digit not first")
	return name
