"""Kernels of reductions and scans, as text made for a function and for what a thread does; compiled as any kernel is.

A reduction carries one or several numbers (argmin: a value and its index), the state, made of an element; states are folded two by two.
There need not be a state that changes nothing, so threads without elements take no part."""

from .. import _core, cuda
from ._text import decode, define, indent, pack
from .dispatcher import _make


class States:
	"""What a reduction carries: numbers of these types, named by a letter and a count. kernels: dictionary of what is compiled, which lives
	as long as the function; results: types of what it gives in the end; arg: positions are counted, in the order of indices."""

	vector, deep = 1, 4                            # what a thread of a GPU reads at once: elements side by side, or else places a round

	def __init__(self, kernels, types, results, name, arg=False, options=None):
		self.kernels, self.types, self.results, self.name, self.arg, self.options = kernels, tuple(types), results, name, arg, options or {}
		self.n = len(self.types)

	def names(self, letter):
		return [f"{letter}{k}" for k in range(self.n)]

	def of_element(self, target, values, position):
		"""Lines: target, a list of names, = the state of an element of all operands (expressions) at a position."""
		raise NotImplementedError

	def fold(self, target, left, right, in_order=False):
		"""Lines: target = the fold of left and right, lists of names or expressions. in_order: left's elements all come before right's."""
		raise NotImplementedError

	def end(self):
		"""Results of the state x…"""
		return self.names("x")

	def scope(self):
		"""What the names in the text mean: the types of the state are S0 …"""
		return {"cuda": cuda, **{f"S{k}": _core.as_type(t) for k, t in enumerate(self.types)}}


def first_of(better, target, left, right, in_order):
	"""Lines: of two elements and their positions the one to keep; better(x, y): a function's name, does y replace an x before it?"""
	(x, i), (y, j) = left, right
	later = "" if in_order else f" or not {better}({y}, {x}) and {j} < {i}"
	return [f"w = {better}({x}, {y}){later}", f"{pack(target)} = {y} if w else {x}, {j} if w else {i}"]


class Fold(States):
	"""A function of two states over the elements of an array, which takes 2 n numbers and returns n; or, of arg, where the state is an
	element and its index, what first_of takes."""

	vector = 4

	def __init__(self, kernels, types, function, arg=False, lift="T0({})", options=None):
		super().__init__(kernels, types, tuple(types), getattr(function, "__name__", "a function"), arg, options)
		self.function, self._lift = function, lift

	def of_element(self, target, values, position):
		return [f"{pack(target)} = {values[0]}, T1({position})" if self.arg else f"{target[0]} = {self._lift.format(values[0])}"]

	def fold(self, target, left, right, in_order=False):
		if self.arg:
			return first_of("f", target, left, right, in_order)
		results = self.names("r")
		return [f"{pack(results)} = f({pack([*left, *right])})", f"{pack(target)} = {pack(f'T{k}({r})' for k, r in enumerate(results))}"]

	def scope(self):
		return {**super().scope(), "f": self.function, **{f"T{k}": _core.as_type(t) for k, t in enumerate(self.types)}}


def _tree(states, t, n, size, where, guard=""):
	"""s[…] of the first n of `size` threads into that of the first."""
	lines = ["cuda.syncthreads()"]
	step = size // 2
	while step:
		held, other = ([f"{s}[{where.format(at)}]" for s in states.names("s")] for at in (t, f"{t} + {step}"))
		lines.append(f"if {t} < {step} and {t} + {step} < {n}{guard}:")
		lines += indent(states.fold(held, held, other))
		lines.append("cuda.syncthreads()")
		step //= 2
	return lines


def _per(n, step):
	"""Elements of a part. Sizes come from the arrays: of those it is known that they are not negative."""
	return f"per = ({n} + parts * {step} - 1) // (parts * {step}) * {step}"


def _signs(*names):
	"""It never happens, but then no index of these needs a look at its sign, and neighbours' elements are seen to be neighbours."""
	return [f"if {' or '.join(f'{name} < 0' for name in names)}:", "\treturn"]


def _batch(states, acc, reads):
	"""acc = the states of some places, in a tree of neighbours; each place is read before the first two are folded. reads: for each of
	them its lines that set a list of names."""
	if len(reads) == 1:
		return reads[0](acc)
	names = [[f"{e}_{v}" for e in states.names("e")] for v in range(len(reads))]
	lines = [line for target, read in zip(names, reads) for line in read(target)]
	while len(names) > 1:
		for left, right in zip(names[::2], names[1::2]):
			lines += states.fold(left, left, right, True)
		names = names[::2]
	return lines + [f"{pack(acc)} = {pack(names[0])}"]


def _walk(states, acc, i, stop, step, deep, reads):
	"""acc, a list of names, = the states at i, i + step, … below stop (there is one), `deep` places a round: what is read in one travels
	together. reads(at): as for _batch, of what is there."""
	new = states.names("y")

	def batch(target, at, n):
		return _batch(states, target, [read for d in range(n) for read in reads(f"{at} + {d * step}" if d else at)])
	rest = [f"for j in range(tail, {stop}, {step}):", *indent(batch(new, "j", 1) + states.fold(acc, acc, new, True))]
	single = [*batch(acc, i, 1), f"tail = {i} + {step}"]
	if deep == 1:
		return single + rest
	return [f"rounds = ({stop} - {i} + {step - 1}) // {step * deep}", f"tail = {i} + rounds * {step * deep}", "if rounds > 0:",
		*indent(batch(acc, i, deep)), f"\tfor j in range({i} + {step * deep}, tail, {step * deep}):",
		*indent(batch(new, "j", deep) + states.fold(acc, acc, new, True), 2), "else:", *indent(single), *rest]


def reduce_text(states, lie, first, last, wide, high, vector=1, deep=1):
	"""Blocks of `wide` × `high` threads, each for a part (its y) of a row (x): of what is folded to one state, or, where threads run along
	a dimension that stays, for a stretch of states. lie: (along which dimensions each operand changes, how many of them stay, do threads run along the
	last one that is reduced?). first: operands are elements, else earlier states. `chunk` and `per`: what a part takes of the last
	dimension that is reduced, and of positions in the others. Outputs: states [row, part] or [row, part, column], of the last launch the
	results. vector: a thread reads as many elements side by side; then arrays are flat, rows have whole vectors (or there is one), and
	chunks are counted in vectors: so accesses are aligned. deep: as in _walk."""
	varies, stay, along = lie
	dims = range(max(len(v) for v in varies if v))
	kept, gone = list(dims[:stay]), list(dims[stay:])
	inner, flat = gone[-1] if along else kept[-1], vector > 1
	rows, outer = (kept, gone[:-1]) if along else (kept[:-1], gone)
	array = next(k for k, v in enumerate(varies) if v)
	extents = {d: f"a{k}.shape[{sum(v[:d])}]" for k, v in reversed(list(enumerate(varies))) if v for d in dims if v[d]}
	acc, new, held = states.names("x"), states.names("y"), [f"{s}[u, t]" for s in states.names("s")]

	def extent(d):
		return extents.get(d, "1")

	def read(at, position, place=None):
		"""What reads the state at index `at` along the dimension that is walked along."""
		index = {inner: at} if along else {gone[0]: at} if len(gone) == 1 else {}
		places = [v and (place or ", ".join(index.get(d, f"i{d}") for d in dims if v[d]) or "0") for v in varies]
		values = [f"a{k}[{p}]" if p else f"a{k}" for k, p in enumerate(places)]
		lines = [] if along or index else decode(f"({at})", gone, extent)
		return lambda target: lines + (states.of_element(target, values, position) if first else [f"{pack(target)} = {pack(values)}"])

	def reads(at):
		if flat:
			return [read(at, f"({at}) * {vector} + {v}", f"(row * whole + {at}) * {vector} + {v}") for v in range(vector)]
		return [read(at, f"g * {extent(inner)} + {at}" if along and outer else at)]
	lines = ["t, u, row, part = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.x, cuda.blockIdx.y"]
	if not along:
		lines += [f"stretches = ({extent(inner)} + {wide - 1}) // {wide}", f"i{inner} = row % stretches * {wide} + t", "row = row // stretches"]
	lines += [] if flat else decode("row", rows, extent)
	if along:
		lines += [f"n = a{array}.shape[0] // o0.shape[0]" if flat else f"n = {extent(inner)}", f"whole = n // {vector}" if flat else "whole = n"]
		lines += ["chunks = (whole + chunk - 1) // chunk", "left = part % chunks * chunk", "low = part // chunks * per"] if outer else \
			["left, low = part * chunk, 0"]
		lines += ["right = min(left + chunk, whole)", "mine = left + t < right"]
	else:
		lines += ["low = part * per", f"mine = i{inner} < {extent(inner)}"]
	lines += [f"top = min(low + per, {' * '.join(map(extent, outer)) or 1})", *_signs("row", "part", "low", "left" if along else f"i{inner}")]
	shared = along or high > 1
	if shared:
		lines += [f"s{k} = cuda.shared.array(({high}, {wide}), S{k})" for k in range(states.n)]
	def along_inner(target):
		return ["i = left + t", *_walk(states, target, "i", "right", wide, deep, reads)]
	if not along:
		body = ["i = low + u", *_walk(states, acc, "i", "top", high, deep, reads)]
	elif not outer:
		body = along_inner(acc)
	else:
		more = [*decode("g", outer, extent), *along_inner(states.names("z")), *states.fold(acc, acc, states.names("z"), True)]
		body = ["g = low + u", *decode("g", outer, extent), *along_inner(acc), f"for g in range(low + u + {high}, top, {high}):", *indent(more)]
	end = [f"o{k}[{'row, part' if along else f'row, part, i{inner}'}] = {x}" for k, x in enumerate(states.end() if last else acc)]
	if not shared:
		lines += ["if mine and low + u < top:", *indent(body + end)]
	else:
		lines += ["if mine and low + u < top:", *indent(body + [f"{s} = {x}" for s, x in zip(held, acc)])]
		lines.append(f"h = min({high}, top - low)")
		if along:
			lines.append(f"m = min({wide}, right - left)")
		if flat:
			lines += [f"rest = whole * {vector} + t", "if rest < n and right == whole:", *indent(read("rest", "rest", "rest")(new)), "\tif mine:",
				*indent(states.fold(held, held, new, True), 2), "\telse:", *indent([f"{s} = {y}" for s, y in zip(held, new)], 2),
				"if right == whole:", f"\tm = max(m, n - whole * {vector})"]
		if along:
			lines += _tree(states, "t", "m", wide, "u, {}", " and u < h")
		if high > 1:
			lines += _tree(states, "u", "h", high, "{}, t", " and t == 0" if along else " and mine")
		lines += [f"if u == 0 and {'t == 0' if along else 'mine'}:", *indent([f"{x} = {s}" for x, s in zip(acc, held)] + end)]
	outputs, operands = (pack(f"{letter}{k}" for k in range(n)) for letter, n in (("o", len(end)), ("a", len(varies))))
	return f"def reduce({outputs}, {operands}, chunk, per, count):\n\t" + "\n\t".join(lines) + "\n"


def scan_rows_text(fold, threads, each, exclusive, init, flat):
	"""A block scans a part of a row; what comes before its part is in carry[row, part - 1] and init. A thread takes `each`
	elements side by side, and the block a tile of all threads' at a time; so tiles are counted in threads, which shows how accesses
	are aligned. flat: there is one row, and the arrays are flat."""
	del fold
	n, place = "a0.shape[0]" if flat else "a0.shape[1]", "{}" if flat else "row, {}"
	lines = ["t = cuda.threadIdx.x", "parts = carry.shape[1]", "row = cuda.blockIdx.x // parts", "part = cuda.blockIdx.x % parts",
		f"groups = ({n} + {each - 1}) // {each}", _per("groups", threads), "start = part * per", "last = min(start + per, groups)",
		f"stop = min(last * {each}, {n})", *_signs("row", "start"), f"s0 = cuda.shared.array({threads}, T0)",
		"have = part > 0", "before = T0(init)"]
	if init:
		lines += ["if part > 0:", "\tbefore = T0(f(before, carry[row, part - 1]))", "have = True"]
	else:
		lines += ["if part > 0:", "\tbefore = carry[row, part - 1]"]

	def at(k):
		return place.format(f"i + {k}" if k else "i")

	def guarded(k, line, whole):
		return [line] if whole or k == 0 else [f"if i + {k} < stop:", f"\t{line}"]

	def read(whole):
		"""e… = the scan of the thread's own elements, x = its last."""
		if whole:
			out = [f"v{k} = T0(a0[{at(k)}])" for k in range(each)]
			return out + ["e0 = v0", *(f"e{k} = T0(f(e{k - 1}, v{k}))" for k in range(1, each)), f"x = e{each - 1}"]
		out = [f"e0 = T0(a0[{at(0)}])", "x = e0"]
		for k in range(1, each):
			out += [f"e{k} = x", f"if i + {k} < stop:", f"\te{k} = T0(f(x, T0(a0[{at(k)}])))", f"\tx = e{k}"]
		return out

	def written(whole):
		def value(k):
			return ("p" if k == 0 else f"T0(f(p, e{k - 1}))") if exclusive else f"T0(f(p, e{k})) if any else e{k}"
		if whole:
			return [f"w{k} = {value(k)}" for k in range(each)] + [f"o0[{at(k)}] = w{k}" for k in range(each)]
		return [line for k in range(each) for line in guarded(k, f"o0[{at(k)}] = {value(k)}", False)]

	def both(make):
		"""The tile's last threads may have fewer elements; the others' are read and written together."""
		if each == 1:
			return ["if i < stop:", *indent(make(True))]
		return [f"if i + {each} <= stop:", *indent(make(True)), "elif i < stop:", *indent(make(False))]
	body = [f"i = (base + t) * {each}", *both(lambda whole: read(whole) + ["s0[t] = x"]), "cuda.syncthreads()"]
	step = 1
	while step < threads:
		body += [f"if t >= {step} and i < stop:", f"\ty = T0(f(s0[t - {step}], s0[t]))", "cuda.syncthreads()",
			f"if t >= {step} and i < stop:", "\ts0[t] = y", "cuda.syncthreads()"]
		step *= 2
	body += ["p = before", "any = have", "if t > 0 and i < stop:", "\tp = s0[t - 1]", "\tany = True", "\tif have:",
		"\t\tp = T0(f(before, p))", *both(written)]
	body += [f"total = s0[min({threads}, last - base) - 1]", "before = T0(f(before, total)) if have else total",
		"have = True", "cuda.syncthreads()"]
	lines += [f"for base in range(start, last, {threads}):", *indent(body)]
	return "def scan_rows(a0, o0, carry, init):\n\t" + "\n\t".join(lines) + "\n"


def scan_columns_text(fold, exclusive, init):
	"""A thread scans a column: arrays [k, element, column]."""
	del fold
	lines = ["at = cuda.grid(1)", "k = at // a0.shape[2]", "c = at % a0.shape[2]", *_signs("k", "c"), "if k < a0.shape[0]:"]
	if exclusive:
		body = ["x = T0(init)", "for j in range(a0.shape[1]):", "\te = T0(a0[k, j, c])", "\to0[k, j, c] = x", "\tx = T0(f(x, e))"]
	else:
		head = "T0(f(T0(init), T0(a0[k, 0, c])))" if init else "T0(a0[k, 0, c])"
		body = [f"x = {head}", "o0[k, 0, c] = x", "for j in range(1, a0.shape[1]):", "\tx = T0(f(x, T0(a0[k, j, c])))",
			"\to0[k, j, c] = x"]
	return "def scan_columns(a0, o0, init):\n\t" + "\n\t".join(lines + indent(body)) + "\n"


def at_text(fold, binary):
	"""A thread for each distinct index: the elements of `order` from first[i] to first[i + 1] are its values, in their order. The array's
	items, of type T3, are what they would be if each were stored."""
	value, (*_, result, item) = "f(T0(x), T1(b[order[j]]))" if binary else "f(T0(x))", fold.types
	if result.kind == "c" != item.kind:
		value += " != 0" if item.kind == "b" else ".real"
	return "\n\t".join(["def fold_at(a, b, order, first, where):", "i = cuda.grid(1)", "if i < where.shape[0]:",
		"\tx = a[where[i]]", "\tfor j in range(first[i], first[i + 1]):", f"\t\tx = T3({value})", "\ta[where[i]] = x"]) + "\n"


def reduceat_text(fold):
	"""A thread for each piece of a column, in order: arrays [k, element, column]; a piece ends before last[i], and takes its first element
	whatever last[i] is."""
	return "\n\t".join(["def reduceat(a, first, last, o):", "at = cuda.grid(1)", "c = at % a.shape[2]", "i = at // a.shape[2] % first.shape[0]",
		"k = at // a.shape[2] // first.shape[0]", *_signs("k", "i", "c"), "if k < a.shape[0]:", "\tx = T0(a[k, first[i], c])",
		"\tfor j in range(first[i] + 1, last[i]):", "\t\tx = T0(f(x, T0(a[k, j, c])))", "\to[k, i, c] = x"]) + "\n"


def kernel(states, text, *options):
	"""The kernel of a text function with these options, made once."""
	key = states.types, text, options
	if key not in states.kernels:
		title = f"{text.__name__.removesuffix('_text')} of {states.name}"
		function = define(text(states, *options), states.scope(), title, __name__)
		states.kernels[key] = _make(function, {"entry": "kernel", **states.options})
	return states.kernels[key]
