"""@vectorize, @guvectorize: functions of numbers and of arrays as NumPy ufuncs, compiled for the types that they are called with."""

import dis

from . import _core, _pickle, errors
from ._declared import as_declared

TARGETS = "cpu", "parallel"
_ACCEPTED = "nopython", "cache", "forceobj"


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


def _options(decorator, fastmath, target, others):
	if target not in TARGETS:
		raise ValueError(f"target must be one of {', '.join(map(repr, TARGETS + ('cuda', 'auto')))}, not {target!r}")
	_core.check_keywords(decorator, others, ("target", "identity", "writable_args", "fastmath", "boundscheck", *_ACCEPTED))
	if others.get("forceobj"):
		raise NotImplementedError(f"{decorator}(forceobj=True): there is no object mode")
	if others.get("nopython") not in (None, True):
		raise NotImplementedError(f"{decorator}(nopython=False): there is no object mode")
	return {"fastmath": bool(fastmath), "boundscheck": bool(others.get("boundscheck"))}


def _python_function(decorator, function):
	"""The Python function, whose parameters are positional, and how many they are."""
	function = getattr(function, "py_func", function)
	code = getattr(function, "__code__", None)
	if code is None:
		raise TypeError(f"{decorator}() takes a Python function, not {type(function).__name__}")
	if code.co_kwonlyargcount or code.co_flags & (0x04 | 0x08):
		raise TypeError(f"{function.__name__}(): a ufunc has positional parameters only, no *args, **kwargs or keyword-only ones")
	return function, code.co_argcount


def _finish(ufunc, signatures, *recipe):
	function = ufunc.py_func
	ufunc.__dict__.update(__module__=function.__module__, __qualname__=function.__qualname__, _recipe=recipe)
	if signatures:
		ufunc._gj_function = as_declared(function, ufunc)
	for signature in signatures:
		ufunc.add(signature)
	if signatures:
		ufunc.disable_compile()
	return ufunc


def _elementwise(function, signatures, target, identity, options):
	function, nin = _python_function("vectorize", function)
	if not nin:
		raise TypeError(f"{function.__name__}() has no parameters: a ufunc needs at least one")
	nout = _outputs(function, nin, signatures)
	ufunc = _core.ufunc(function, nin, nout, identity, options, target == "parallel", None, ())
	return _finish(ufunc, signatures, _elementwise, signatures, target, identity, options)


def _check_layout(function, nargs, signatures, layout):
	"""Numbers of inputs and outputs, which are the function's parameters."""
	inputs, _, outputs = layout.partition("->")
	nin, nout = inputs.count("("), outputs.count("(")
	if nin + nout != nargs:
		raise TypeError(f"{function.__name__}() has {nargs} parameters, but the layout {layout!r} has {nin + nout} operands")
	if not signatures and not any(map(str.isalnum, layout)):
		raise TypeError(f"guvectorize({layout!r}): without dimensions there must be signatures, or use vectorize")
	return nin, nout


def _generalised(function, signatures, layout, target, identity, options, writable):
	function, nargs = _python_function("guvectorize", function)
	nin, nout = _check_layout(function, nargs, signatures, layout)
	ufunc = _core.ufunc(function, nin, nout, identity, options, target == "parallel", layout, writable)
	return _finish(ufunc, signatures, _generalised, signatures, layout, target, identity, options, writable)


def _loop(function, nin, nargs, general):
	"""The loop of a ufunc over arrays of all outer elements, for functions that need what functions for the host have."""
	names = [f"a{i}" for i in range(nargs)]
	items = [f"{name}[i]" for name in names]
	call = f"function({', '.join(items)})" if general else f"{', '.join(items[nin:])} = function({', '.join(items[:nin])})"
	namespace = {"function": function}
	text = f"def loop({', '.join(names)}):\n\tfor i in range(a0.shape[0]):\n\t\t{call}"
	exec(compile(text, f"<loop of {function.__name__}>", "exec"), namespace)
	return namespace["loop"]


def _reduce(ufunc):
	"""__reduce__ of ufuncs. What was compiled is made anew."""
	make, given, *recipe = ufunc._recipe
	return _pickle.reduce(ufunc, _rebuild, make, given, ufunc._declared_signatures()[len(given):], ufunc._frozen, *recipe)


def _rebuild(state, make, given, added, frozen, *recipe):
	ufunc = _pickle.restore(state, make, given, *recipe)
	for signature in added:
		ufunc.add(signature)
	ufunc.disable_compile(frozen)
	return ufunc


def _signatures(given):
	return list(given) if isinstance(given, list) else [given] if given else []


def vectorize(ftylist_or_function=(), target="cpu", identity=None, fastmath=False, **options):
	"""Make a NumPy ufunc of a function of numbers: @vectorize, or @vectorize(signatures, target=…, …).

	ftylist_or_function: the function; or a signature ("float64(float64, float64)", a tuple of types) or a list of them, which
	are compiled at once and are all that is taken: one with the arguments' types runs, or else the first to whose types they
	can be cast safely, as in NumPy's own ufuncs. Without signatures a loop is compiled for each combination of types that turns up.
	target: 'cpu', or 'parallel': big arrays are shared by all threads of the CPU device; 'cuda': see cuda.vectorize; 'auto':
	cuda where an array is on the GPU or big enough to be worth the way, else parallel.
	identity: what a reduction of nothing gives: 0, 1, another number, None, or 'reorderable' (none, but axes may be
	reduced in any order). fastmath: approximate functions and reassociation. boundscheck: an index outside its array is an IndexError.
	cache, nopython: accepted.

	The result is an np.ufunc: out, where, axis, dtype, casting, reduce, accumulate, reduceat, outer, at and broadcasting work as
	NumPy's own. A function that returns a tuple of numbers has as many outputs. Functions that kernels call, and other ufuncs, can be
	called in the function.

	Raises TypeError for unknown keywords and functions that cannot be ufuncs, ValueError for other targets and identities,
	TypingError and others of gridjit.errors when compiling."""
	if target in ("cuda", "auto"):
		from .cuda import vectorizers
		return vectorizers.vectorize(ftylist_or_function, target, identity, fastmath, **options)
	chosen = _options("vectorize", fastmath, target, options)
	given = ftylist_or_function
	if callable(given) and not isinstance(given, _core.Signature):
		return _elementwise(given, [], target, identity, chosen)
	return lambda function: _elementwise(function, _signatures(given), target, identity, chosen)


def guvectorize(ftylist_or_layout, layout=None, target="cpu", identity=None, writable_args=(), fastmath=False, **options):
	"""Make a generalised NumPy ufunc of a function of arrays: @guvectorize([signatures,] layout, target=, …).

	layout: the core dimensions of inputs and outputs, "(m,n),(n)->(m)": the function gets an array of these dimensions for each operand
	and writes its results into the last ones; all other dimensions are looped over. An input () is a number, an output () an
	array of one item. Dimensions may be numbers ("(3),(3)->(3)"), and optional where NumPy has that ("(m?,n),(n)->(m?)"). An output whose
	dimension no input has must be given by the caller.
	ftylist_or_layout: a signature ("void(float64[:], float64[:])", a tuple of types) or a list of them, which are compiled at once
	and are all that is taken; without them, a loop is compiled for each combination of types that turns up, and as
	nothing else says what types they have, the outputs must be given: f(x, out=array).
	target: 'cpu', or 'parallel': outer elements are shared by all threads of the CPU device; 'cuda', 'auto': see
	cuda.guvectorize. writable_args: indices of inputs that
	the function writes to. identity, fastmath, boundscheck, cache, nopython: as vectorize has them.

	The result is an np.ufunc: out, axes, axis, keepdims, dtype, casting and broadcasting work as NumPy's own.

	Raises TypeError, ValueError, TypingError as vectorize does."""
	if target in ("cuda", "auto"):
		from .cuda import generalised
		return generalised.guvectorize(ftylist_or_layout, layout, target, identity, writable_args, fastmath, **options)
	given, text, writable, chosen = _arguments(ftylist_or_layout, layout, writable_args, fastmath, options, target)
	return lambda function: _generalised(function, given, text, target, identity, chosen, writable)


def _arguments(ftylist_or_layout, layout, writable_args, fastmath, options, target="cpu"):
	"""(signatures, layout, writable_args, options) of a call of guvectorize."""
	chosen = _options("guvectorize", fastmath, target, options)
	given = _signatures(ftylist_or_layout) if layout is not None else []
	text = ftylist_or_layout if layout is None else layout
	if not isinstance(text, str):
		raise TypeError(f"guvectorize() takes a layout as text, such as '(n),(n)->()', not {type(text).__name__}")
	return given, text, (writable_args,) if isinstance(writable_args, int) else tuple(writable_args), chosen
