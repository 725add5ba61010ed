"""Kernels of reductions and scans, as text made for a function and for what a thread does; compiled as any kernel is.

A reduction carries one or several numbers (argmin: a value and its index), the state: `lift` makes it of an element, `fold` of
two of them. There need not be a state that changes nothing, so threads without elements take no part."""

from .. import _core, cuda
from .dispatcher import jit

def _states(count, name):
	return [f"{name}{k}" for k in range(count)]


def _pack(names):
	return ", ".join(names)


class Fold:
	"""A function of two states. kernels: dictionary of what is compiled, which lives as long as the function; types: of the state's
	numbers (dtypes); function: of 2 n numbers, which returns n (a number, or a tuple of them). arg: the state is an element and its
	index."""

	def __init__(self, kernels, types, function, arg=False, lift="T0({})"):
		self.kernels, self.types, self.function, self.arg, self._lift = kernels, tuple(types), function, arg, lift
		self.n = len(self.types)

	def lift(self, first, where, index):
		"""The state at a place of the arrays: of an element of the array itself, or of earlier states."""
		if not first:
			return _pack(f"a{k}[{where}]" for k in range(self.n))
		if self.arg:
			return f"a0[{where}], T1({index})"
		return self._lift.format(f"a0[{where}]")

	def fold(self, target, left, right):
		"""target = fold(left, right), lists of names or expressions."""
		values = [f"T{k}(r{k})" for k in range(self.n)]
		return [f"{_pack(f'r{k}' for k in range(self.n))} = f({_pack([*left, *right])})", f"{_pack(target)} = {_pack(values)}"]

	def scope(self):
		"""What the names in the text mean."""
		return {"cuda": cuda, "f": self.function, **{f"T{k}": _core.as_type(t) for k, t in enumerate(self.types)}}


def _shared(fold, shape):
	return [f"s{k} = cuda.shared.array({shape}, T{k})" for k in range(fold.n)]


def _indent(lines, depth):
	return ["\t" * depth + line for line in lines]


def _tree(fold, t, n, size, where, guard=""):
	"""s[…] of the first n of `size` threads into that of the first."""
	lines = ["cuda.syncthreads()"]
	step = size // 2
	while step:
		here, there = where.format(t), where.format(f"{t} + {step}")
		lines.append(f"if {t} < {step} and {t} + {step} < {n}{guard}:")
		lines += _indent(fold.fold([f"s{k}[{here}]" for k in range(fold.n)], [f"s{k}[{here}]" for k in range(fold.n)],
			[f"s{k}[{there}]" for k in range(fold.n)]), 1)
		lines.append("cuda.syncthreads()")
		step //= 2
	return lines


def _per(n, step):
	"""Elements of a part. Sizes come from the arrays: of those it is known that they are not negative."""
	return f"per = ({n} + parts * {step} - 1) // (parts * {step}) * {step}"


def _signs(*names):
	"""It never happens, but then no index of these needs a look at its sign, and neighbours' elements are seen to be neighbours."""
	return [f"if {' or '.join(f'{name} < 0' for name in names)}:", "\treturn"]


def _arrays(fold, first):
	return ["a0"] if first else _states(fold.n, "a")


def _batch(fold, acc, lifts):
	"""acc = the states of these places, in a tree; each place is read before the first two are folded."""
	lines = [f"{_pack(f'e{k}_{v}' for k in range(fold.n))} = {lift}" for v, lift in enumerate(lifts)]
	names = [[f"e{k}_{v}" for k in range(fold.n)] for v in range(len(lifts))]
	while len(names) > 1:
		half = len(names) // 2
		for left, right in zip(names, names[half:]):
			lines += fold.fold(left, left, right)
		names = names[:half]
	return lines + [f"{_pack(acc)} = {_pack(names[0])}"]


def _walk(fold, i, stop, step, deep, lifts, name="x"):
	"""acc, numbers of that name, = the states at i, i + step, … below stop (there is one), `deep` places a round: what is read in one
	travels together. lifts(at): the states there."""
	acc, new = _states(fold.n, name), _states(fold.n, "y")

	def batch(target, at, n):
		return _batch(fold, target, [lift for d in range(n) for lift in lifts(f"{at} + {d * step}" if d else at)])
	rest = [f"for j in range(tail, {stop}, {step}):", *_indent(batch(new, "j", 1) + fold.fold(acc, acc, new), 1)]
	single = [*batch(acc, i, 1), f"tail = {i} + {step}"]
	if deep == 1:
		return single + rest
	return [f"rounds = ({stop} - {i} + {step - 1}) // {step * deep}", f"tail = {i} + rounds * {step * deep}", "if rounds > 0:",
		*_indent(batch(acc, i, deep), 1), f"\tfor j in range({i} + {step * deep}, tail, {step * deep}):",
		*_indent(batch(new, "j", deep) + fold.fold(acc, acc, new), 2), "else:", *_indent(single, 1), *rest]


def rows_text(fold, first, threads, vector, deep=1, step=1):
	"""A block reduces a part of a row: arrays [row, element] → [row, part]. A thread takes `vector` elements side by side, `deep`
	times a round; with several, the arrays are flat, rows have whole vectors (or there is one), and parts are counted in vectors:
	so accesses are aligned. Parts begin at multiples of `step`."""
	acc, new, flat = _states(fold.n, "x"), _states(fold.n, "y"), vector > 1
	n = "a0.shape[0] // o0.shape[0]" if flat else "a0.shape[1]"
	lines = ["t = cuda.threadIdx.x", "parts = o0.shape[1]", "row = cuda.blockIdx.x // parts", "part = cuda.blockIdx.x % parts", f"n = {n}",
		f"whole = n // {vector}", _per("whole", step), "start = part * per", "stop = min(start + per, whole)", *_shared(fold, threads),
		*_signs("row", "whole", "start"), "i = start + t"]

	def lifts(at):
		if not flat:
			return [fold.lift(first, f"row, {at}", at)]
		return [fold.lift(first, f"(row * whole + {at}) * {vector} + {v}", f"({at}) * {vector} + {v}") for v in range(vector)]
	lines.append("if i < stop:")
	lines += _indent(_walk(fold, "i", "stop", threads, deep, lifts), 1)
	lines += [f"\ts{k}[t] = {acc[k]}" for k in range(fold.n)]
	lines.append(f"m = min({threads}, stop - start)")
	if flat:
		held = [f"s{k}[t]" for k in range(fold.n)]
		lines += [f"rest = whole * {vector} + t", "if rest < n and part == parts - 1:",
			f"\t{_pack(new)} = {fold.lift(first, 'rest', 'rest')}", "\tif i < stop:", *_indent(fold.fold(held, held, new), 2), "\telse:",
			*(f"\t\t{held[k]} = {new[k]}" for k in range(fold.n)), "if part == parts - 1:", f"\tm = max(m, n - whole * {vector})"]
	lines += _tree(fold, "t", "m", threads, "{}")
	lines.append("if t == 0:")
	lines += [f"\to{k}[row, part] = s{k}[0]" for k in range(fold.n)]
	return f"def fold_rows({_pack(_arrays(fold, first) + _states(fold.n, 'o'))}):\n\t" + "\n\t".join(lines) + "\n"


def columns_text(fold, first, wide, high, deep=1):
	"""A block of `wide` columns and `high` threads for each, `deep` elements a round: arrays [k, element, column] →
	[k, part, column]."""
	acc = _states(fold.n, "x")
	lines = ["x = cuda.threadIdx.x", "y = cuda.threadIdx.y", f"strips = (a0.shape[2] + {wide - 1}) // {wide}",
		f"c = cuda.blockIdx.x % strips * {wide} + x", "rest = cuda.blockIdx.x // strips", "parts = o0.shape[1]", "part = rest % parts",
		"k = rest // parts", _per("a0.shape[1]", 1), "start = part * per", "stop = min(start + per, a0.shape[1])", *_signs("c", "k", "start"),
		*(_shared(fold, f"({high}, {wide})") if high > 1 else []), "i = start + y", "if c < a0.shape[2] and i < stop:",
		*_indent(_walk(fold, "i", "stop", high, deep, lambda at: [fold.lift(first, f"k, {at}, c", at)]), 1)]
	if high == 1:
		lines += [f"\to{k}[k, part, c] = {acc[k]}" for k in range(fold.n)]
	else:
		lines += [f"\ts{k}[y, x] = {acc[k]}" for k in range(fold.n)]
		lines.append(f"n = min({high}, stop - start)")
		lines += _tree(fold, "y", "n", high, "{}, x", " and c < a0.shape[2]")
		lines.append("if y == 0 and c < a0.shape[2]:")
		lines += [f"\to{k}[k, part, c] = s{k}[0, x]" for k in range(fold.n)]
	return f"def fold_columns({_pack(_arrays(fold, first) + _states(fold.n, 'o'))}):\n\t" + "\n\t".join(lines) + "\n"


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
			return ["if i < stop:", *_indent(make(True), 1)]
		return [f"if i + {each} <= stop:", *_indent(make(True), 1), "elif i < stop:", *_indent(make(False), 1)]
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
	lines += [f"for base in range(start, last, {threads}):", *_indent(body, 1)]
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
	return "def scan_columns(a0, o0, init):\n\t" + "\n\t".join(lines + _indent(body, 1)) + "\n"


def at_text(fold, binary):
	"""A thread for each distinct index: the elements of `order` from first[i] to first[i + 1] are its values, in their order."""
	value = "f(x, T1(b[order[j]]))" if binary else "f(x)"
	return "\n\t".join(["def fold_at(a, b, order, first, where):", "i = cuda.grid(1)", "if i < where.shape[0]:",
		"\tx = T0(a[where[i]])", "\tfor j in range(first[i], first[i + 1]):", f"\t\tx = T2({value})", "\ta[where[i]] = x"]) + "\n"


def kernel(fold, text, *options):
	"""The kernel of a text function with these options, made once."""
	key = fold.types, text, options
	if key not in fold.kernels:
		source, scope = text(fold, *options), fold.scope()
		exec(compile(source, f"<{text.__name__.removesuffix('_text')} of {getattr(fold.function, '__name__', 'a function')}>", "exec"), scope)
		made = scope[source[4:source.index("(")]]
		made.__module__ = __name__
		fold.kernels[key] = jit(made)
	return fold.kernels[key]
