"""@vectorize: a function of numbers as a NumPy ufunc, compiled for the types that it is called with."""

import dis

from . import _core, errors

TARGETS = "cpu", "parallel"
_IGNORED = "nopython", "cache", "forceobj", "boundscheck", "writable_args"


def _returns(function):
	"""How many values the function returns, seen from its bytecode: the items of a tuple display, else one."""
	counts, last = set(), None
	for op in dis.get_instructions(function):
		if op.opname == "RETURN_VALUE":
			counts.add(last.arg if last is not None and last.opname == "BUILD_TUPLE" else 1)
		elif op.opname == "RETURN_CONST":
			counts.add(len(op.argval) if isinstance(op.argval, tuple) else 1)
		last = op
	return max(counts, default=1)


def _outputs(function, nin, signatures):
	"""Number of outputs: what the first signature says, what the function gives for floats, or what its code looks like."""
	for types in [*signatures, (_core.as_type("float64"),) * nin]:
		try:
			result = _core.return_type(function, types)
		except errors.NumbaError:
			if signatures:
				raise
		else:
			return getattr(result, "count", 1)
	return _returns(function)


def _options(fastmath, target, others):
	if target not in TARGETS:
		if target in ("cuda", "auto"):
			raise NotImplementedError(f"vectorize(target={target!r}) is not built yet: use 'cpu' or 'parallel'")
		raise ValueError(f"target must be one of {', '.join(map(repr, TARGETS))}, not {target!r}")
	for name in others:
		if name not in _IGNORED:
			raise TypeError(f"vectorize() got an unexpected keyword argument '{name}'")
	if others.get("forceobj"):
		raise NotImplementedError("vectorize(forceobj=True): there is no object mode")
	if others.get("nopython") not in (None, True):
		raise NotImplementedError("vectorize(nopython=False): there is no object mode")
	return {"fastmath": bool(fastmath)}


def _make(function, signatures, target, identity, options):
	function = getattr(function, "py_func", function)
	code = getattr(function, "__code__", None)
	if code is None:
		raise TypeError(f"vectorize() takes a Python function, not {type(function).__name__}")
	nin = code.co_argcount
	if code.co_kwonlyargcount or code.co_flags & (0x04 | 0x08):
		raise TypeError(f"{function.__name__}(): a ufunc has positional parameters only, no *args, **kwargs or keyword-only ones")
	if not nin:
		raise TypeError(f"{function.__name__}() has no parameters: a ufunc needs at least one")
	ufunc = _core.ufunc(function, nin, _outputs(function, nin, signatures), identity, options, target == "parallel")
	ufunc.__dict__.update(__module__=function.__module__, __qualname__=function.__qualname__, _declared=tuple(signatures), _target=target, _identity=identity, _options=options)
	for signature in signatures:
		ufunc.add(signature)
	if signatures:
		ufunc.disable_compile()
	return ufunc


def vectorize(ftylist_or_function=(), target="cpu", identity=None, fastmath=False, **options):
	"""Make a NumPy ufunc of a function of numbers: @vectorize, or @vectorize(signatures, target=…, …).

	ftylist_or_function: the function; or a signature ("float64(float64, float64)", a tuple of types) or a list of them, which
	are compiled at once and are all that is taken: the first to whose types the arguments can be cast safely runs, as in
	NumPy's own ufuncs. Without signatures a loop is compiled for each combination of types that turns up.
	target: 'cpu', or 'parallel': big arrays are shared by all threads of the CPU device.
	identity: what a reduction of nothing gives: 0, 1, another number, None, or 'reorderable' (none, but axes may be
	reduced in any order). fastmath: approximate functions and reassociation. cache, nopython: accepted.

	The result is an np.ufunc: out, where, axis, dtype, casting, reduce, accumulate, reduceat, outer, at and broadcasting work as
	NumPy's own. A function that returns a tuple of numbers has as many outputs. Functions that kernels call, and other ufuncs, can be
	called in the function.

	Raises TypeError for unknown keywords and functions that cannot be ufuncs, ValueError for other targets and identities,
	TypingError and others of gridjit.errors when compiling."""
	chosen = _options(fastmath, target, options)
	given = ftylist_or_function
	if callable(given) and not isinstance(given, _core.Signature):
		return _make(given, [], target, identity, chosen)
	signatures = list(given) if isinstance(given, list) else [given] if given else []
	return lambda function: _make(function, signatures, target, identity, chosen)
