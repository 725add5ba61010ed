"""Checks in kernels: indices (boundscheck=True, GRIDJIT_BOUNDSCHECK), and what raises (debug=True)."""

import inspect
import os
import re
import subprocess
import sys

import checked_kernels as kernels
import numpy as np
import pytest

import gridjit
from gridjit import cuda, njit


def run(kernel, config, *args):
	kernel[config](*args)
	cuda.synchronize()


def line_of(function, text):
	lines, first = inspect.getsourcelines(function)
	return first + next(i for i, line in enumerate(lines) if text in line)


def fails(cls, kernel, config, *args):
	"""The exception of the launch, which must be of this class."""
	with pytest.raises(cls) as e:
		run(kernel, config, *args)
	assert type(e.value) is cls
	return e.value


def place(function, line, tid=(0, 0, 0), ctaid=(0, 0, 0)):
	return f"In function '{function.__name__}', file {inspect.getsourcefile(function)}, line {line}, tid={list(tid)} ctaid={list(ctaid)}"


# -- indices --

@pytest.mark.parametrize("access", kernels.ACCESSES, ids=lambda f: f.__name__)
def test_every_access(device, access):
	"""Indices as Python takes them: counted from the end where they are negative, else an error that says where."""
	kernel = cuda.jit(boundscheck=True)(access)
	config = 1, 1, 0, 24
	for i in range(-6, 6):
		run(kernel, config, np.zeros(6, np.int32), i, np.zeros(1))
	name = kernels.ACCESSES[access]
	for i in -1000000, -7, 6, 7, 1 << 31, 1 << 40:
		e = fails(IndexError, kernel, config, np.zeros(6, np.int32), i, np.zeros(1))
		function = kernels.item_of if access is kernels.in_function else access
		words = f"index {i} is out of bounds for " + (f"array '{name}'" if name else "")
		assert words in str(e) and str(e).endswith(" of shape (6,)") or access is kernels.takes_row
		assert str(e).startswith(place(function, line_of(function, "[i")
			if access not in (kernels.adds_atomically, kernels.swaps) else line_of(function, "cuda.atomic")))
	run(kernel, config, np.zeros(6, np.int32), 5, np.zeros(1))


def test_message(device):
	@cuda.jit(boundscheck=True)
	def kernel(a, out):
		x, y, z = cuda.grid(3)
		out[x, y] = a[z, y, x]
	run(kernel, ((1, 2, 1), (4, 2, 2)), np.zeros((2, 4, 4)), np.zeros((4, 4)))
	e = fails(IndexError, kernel, ((1, 2, 1), (4, 2, 2)), np.zeros((2, 3, 4)), np.zeros((4, 4)))
	assert re.fullmatch(re.escape(place(kernel.py_func, line_of(kernel.py_func, "a[z"))).replace(r"tid=\[0,\ 0,\ 0\]", r"tid=\[(\d), 1, (\d)\]")
		.replace(r"ctaid=\[0,\ 0,\ 0\]", r"ctaid=\[0, 1, 0\]") + r": index \((\d), 3, (\d)\) is out of bounds for array 'a' of shape \(2, 3, 4\)", str(e))
	x, z, z_again, x_again = re.search(r"tid=\[(\d), 1, (\d)\].*index \((\d), 3, (\d)\)", str(e)).groups()
	assert x == x_again and z == z_again


@pytest.mark.parametrize("order", ["C", "F", "A"])
def test_memory_outside_is_not_touched(device, order):
	"""Whatever threads ask for, only the array changes; and threads beside the one that fails do not hang at barriers."""
	@cuda.jit(boundscheck=True)
	def kernel(x, at):
		i = cuda.grid(1)
		tile = cuda.shared.array(64, np.int64)
		tile[cuda.threadIdx.x] = i
		cuda.syncthreads()
		x[at[i, 0], at[i, 1]] = tile[63 - cuda.threadIdx.x]
		cuda.syncthreads()
	rng = np.random.default_rng(1)
	for _ in range(20):
		whole = np.full((16, 16), -1) if order != "F" else np.full((16, 16), -1, order="F")
		part = whole[4:10, 5:11] if order == "A" else whole.reshape(-1, order=order)[100:136].reshape(6, 6, order=order)
		assert np.shares_memory(part, whole)
		at = rng.integers(-6, 6, (256, 2))
		bad = rng.integers(0, 256)
		at[bad] = rng.choice([-7, 6, 1000, -1000]), 2
		outside = whole.copy()
		fails(IndexError, kernel, (4, 64), part, at)
		part[...] = -1
		assert (whole == outside).all()


def test_agrees_with_numpy(device):
	@cuda.jit(boundscheck=True)
	def kernel(x, i, j, start, stop, out):
		row = x[i]
		out[0] = row[j]
		out[1] = x[start:stop, 1:][i, j]
	x = np.arange(12.0).reshape(3, 4)
	rng = np.random.default_rng(2)
	for i, j, start, stop in rng.integers(-6, 7, (150, 4)).tolist():
		out = np.zeros(2)
		try:
			want = [x[i][j], x[start:stop, 1:][i, j]]
		except IndexError:
			fails(IndexError, kernel, (1, 1), x, i, j, start, stop, out)
		else:
			run(kernel, (1, 1), x, i, j, start, stop, out)
			assert (out == want).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint32, np.uint64])
def test_kinds_of_indices(device, kind):
	@cuda.jit(boundscheck=True)
	def kernel(x, i):
		x[i[0]] = 1
	run(kernel, (1, 1), np.zeros(3), np.array([1], kind))
	fails(IndexError, kernel, (1, 1), np.zeros(3), np.array([100], kind))
	fails(IndexError, kernel, (1, 1), np.zeros(0), np.array([0], kind))
	if kind is np.uint64:
		fails(IndexError, kernel, (1, 1), np.zeros(3), np.array([2**64 - 1], kind))


def test_conditions_prove(device):
	"""Checks that conditions make superfluous are gone, and only those."""
	@cuda.jit(boundscheck=True)
	def kernel(x, y, n):
		i = cuda.grid(1)
		if i < x.shape[0]:
			x[i] = 1
		if 1 <= i and i < x.shape[0] - 1:
			x[i - 1] = x[i] + x[i + 1]
		for k in range(x.shape[0]):
			x[k] = 2
		for k in range(n):
			y[k] = 3
		if i < n:
			y[i + 1] = 4
	run(kernel, (1, 64), np.zeros(10), np.zeros(65), 60)
	form, = kernel.overloads.values()
	assert [row[5] for row in form.sites if row[0] == "index"] == ["y", "y"]
	fails(IndexError, kernel, (1, 64), np.zeros(10), np.zeros(60), 61)
	fails(IndexError, kernel, (1, 64), np.zeros(10), np.zeros(60), 60)


def test_sums_that_wrap(device):
	"""A product of 64 bits that wraps round is no index, and no reason to believe in one."""
	@cuda.jit(boundscheck=True)
	def kernel(x, a, b):
		if a >= 0 and b >= 0:
			x[a * b] = 1
		if a + b < x.shape[0]:
			x[a + b] = 1
	fails(IndexError, kernel, (1, 1), np.zeros(8), 3, 1 << 62)
	fails(IndexError, kernel, (1, 1), np.zeros(8), (1 << 63) - 1, 5)
	run(kernel, (1, 1), np.zeros(8), 2, 3)

	@cuda.jit(boundscheck=True)
	def sums(x, i, way):
		n = x.shape[0]
		if way == 0 and i >= 0 and i + 1 < n:
			x[i] = 1
		if way == 1 and i >= 0 and i + 1 < n:
			x[i + 1] = 1
		if way == 2 and i < n and i - 1 >= 0:
			x[i - 1] = 1
		if way == 3 and max(i, 0) + 2 < n:
			x[max(i, 0)] = 1
		if way == 4 and i - 2 < n and i - 4 >= 0:
			x[i - 3] = 1
	top, bottom, whole = (1 << 63) - 1, -1 << 63, np.zeros(24)
	for way, i in (0, top), (1, top), (2, bottom), (3, top), (3, top - 1), (4, bottom + 2):
		fails(IndexError, sums, (1, 1), whole[8:16], i, way)
	for way, at in enumerate([3, 4, 2, 3, 0]):
		run(sums, (1, 1), whole[8:16], 3 if way < 4 else 4, way)
		assert way == 4 or whole[8 + at] == 1
	assert not whole[:8].any() and not whole[16:].any()


def test_indices_of_64_bits_are_told_as_they_were(device):
	"""One without a sign is never counted from the end, and neither is a sum that has wrapped."""
	@cuda.jit(boundscheck=True)
	def unsigned(x, u):
		x[u[0], u[1]] = 1

	@cuda.jit(boundscheck=True)
	def above(x, i):
		if i >= 0:
			x[i + 1] = 1
	x, y = np.zeros((8, 4)), np.zeros(8)
	for at in (1 << 63, 0), ((1 << 64) - 3, 9), (3, 8), (2, (1 << 63) + 100):
		e = fails(IndexError, unsigned, (1, 1), x, np.array(at, np.uint64))
		assert f"index {at} is out of bounds for array 'x' of shape (8, 4)" in str(e)
	assert f"index {-1 << 63} is" in str(fails(IndexError, above, (1, 1), y, (1 << 63) - 1))
	with pytest.raises(IndexError, match=f"index {(1 << 64) - 3} is out of bounds for axis 0 with size 8 of array 'y'"):
		njit(boundscheck=True)(lambda y, u: y[u])(y, np.uint64((1 << 64) - 3))


def test_checks_stand_early_and_in_order(device):
	"""Checks go before loads, but none before another or before what is seen of the thread."""
	@cuda.jit(boundscheck=True)
	def kernel(x, z, out, i, j):
		s = x[0] * x[i] + z[j] // x[1]
		out[0] = s
		out[j] = z[i + 1]
	x, z = np.arange(1, 9), np.arange(8)
	for i, j, size, name, index in (8, 9, 4, "x", 8), (7, 9, 4, "z", 9), (7, 1, 4, "z", 8), (3, 5, 4, "out", 5), (-9, -9, 4, "x", -9):
		out = np.zeros(size)
		e = fails(IndexError, kernel, (1, 1), x, z, out, i, j)
		assert f"index {index} is out of bounds for array '{name}'" in str(e)
		if device != "cuda":                   # from which nothing comes back behind a failure
			assert (out[0] != 0) == ((i, j) in ((7, 1), (3, 5)))
	run(kernel, (1, 1), x, z, out, 3, 2)
	assert out[2] == 4


def test_what_was_written_before(device):
	"""Though it is overwritten where nothing fails."""
	def outside(x, out, step):
		out[0] = 7
		out[1] = x[step]
		out[0] = 8

	def raises(x, out, step):
		for i in range(3):
			out[0] = i
			if x[i] > step:
				raise ValueError
			out[0] = 9

	for function, error, kind in (outside, IndexError, {"boundscheck": True}), (raises, ValueError, {"debug": True}):
		kernel = cuda.jit(**kind)(function)
		x, out = np.arange(4), np.zeros(2, np.int64)
		kernel[1, 1](x, out, 3)
		assert out[0] in (8, 9)
		x[2] = 1 << 40
		with pytest.raises(error):
			kernel[1, 1](x, out, -9 if function is outside else 50)
			cuda.synchronize()
		if device != "cuda":                   # from which nothing comes back behind a failure
			assert out[0] == (7 if function is outside else 2)


def test_without_the_option_nothing_is_checked():
	kernel = cuda.jit(kernels.reads)
	kernel[1, 1](np.zeros(6, np.int32)[:4], 5, np.zeros(1))
	assert next(iter(kernel.overloads.values())).sites == ()


def test_setting():
	"""GRIDJIT_BOUNDSCHECK decides for all kernels, whatever they say."""
	program = "import numpy as np\nfrom gridjit import cuda\n@cuda.jit{}\ndef k(x): x[5] = 1\nk[1, 1](np.zeros(8)[:4]); cuda.synchronize()\n"
	for value, option, works in ("1", "", False), ("0", "(boundscheck=True)", True), ("", "(boundscheck=True)", False), ("", "", True):
		done = subprocess.run([sys.executable, "-c", program.format(option)], capture_output=True, text=True,
			env={**os.environ, "GRIDJIT_BOUNDSCHECK": value})
		assert done.returncode == (0 if works else 1) and works or "IndexError: In function 'k', file <string>, line 4" in done.stderr, done.stderr


# -- raise and its like --

RAISES = {
	kernels.raises: (ValueError, "raise ", ": five is too many"),
	kernels.raises_class: (KeyError, "raise ", ""),
	kernels.raises_own: (kernels.Full, "raise ", ": nine"),
	kernels.raises_number: (OverflowError, "raise ", ": 7"),
	kernels.asserts: (AssertionError, "assert ", ": not five"),
	kernels.asserts_bare: (AssertionError, "assert ", ""),
	kernels.divides: (ZeroDivisionError, "//", ": integer division or modulo by zero"),
	kernels.remainder: (ZeroDivisionError, "%", ": integer modulo by zero"),
	kernels.quotient: (ZeroDivisionError, " / ", ": division by zero"),
	kernels.divides_twice: (ZeroDivisionError, "divmod", ": integer division or modulo by zero"),
	kernels.steps_nowhere: (ValueError, "range(", ": range() arg 3 must not be zero"),
	kernels.slices_nowhere: (ValueError, "x[::", ": slice step cannot be zero"),
	kernels.shifts_left: (ValueError, "<<", ": negative shift count"),
	kernels.shifts_right: (ValueError, ">>=", ": negative shift count"),
	kernels.makes_whole: (ValueError, "int(np.nan", ": cannot convert float NaN to integer"),
	kernels.rounds: (OverflowError, "round(", ": cannot convert float infinity to integer"),
	kernels.does_not_fit: (ValueError, "x[:3]", ": could not broadcast input array from shape (5,) into shape (3,)"),
}


@pytest.mark.parametrize("function", RAISES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("opt", [False, True])
@pytest.mark.filterwarnings("ignore::gridjit.errors.NumbaInvalidConfigWarning")
def test_raised(device, function, opt):
	cls, text, message = RAISES[function]
	kernel = cuda.jit(debug=True, opt=opt)(function)
	for _ in range(2):
		e = fails(cls, kernel, (2, 4), np.arange(8))
		assert e.args[0] == place(function, line_of(function, text), (1, 0, 0), (1, 0, 0)) + message
		assert e.args[1:] == ((9, 2.5) if cls is kernels.Full else ())
	run(kernel, (1, 4), np.arange(8))
	run(cuda.jit(function), (2, 4), np.arange(8))             # without debug the thread ends


@pytest.mark.parametrize("kind", range(kernels.TEXTS))
def test_texts(device, kind):
	"""Messages made of values, in all of Python's ways, say what Python says."""
	for function, args in (kernels.says, (kind, 7, 3.75, "abc", True, np.arange(4.0))), (kernels.says, (kind, -3, 1e30, "", False, np.zeros(0))):
		with pytest.raises(Exception) as want:
			function(*args)
		if isinstance(want.value, TypeError):
			continue
		e = fails(type(want.value), TEXT_KERNEL, (1, 1), *args)
		assert [str(x).rpartition("]: ")[2] for x in e.args] == [str(x) for x in want.value.args]


TEXT_KERNEL = cuda.jit(debug=True)(kernels.says)


@pytest.mark.parametrize("function, raiser, cls", [(kernels.calls, kernels.inner, ValueError),
	(kernels.recurses, kernels.factorial, OverflowError)], ids=lambda f: f.__name__)
def test_raised_in_functions(device, function, raiser, cls):
	e = fails(cls, cuda.jit(debug=True)(function), (1, 8), np.arange(8))
	assert e.args[0].startswith(place(raiser, line_of(raiser, "raise "), (5, 0, 0)))


def test_debug_checks_indices(device):
	kernel = cuda.jit(debug=True)(kernels.reads)
	fails(IndexError, kernel, (1, 1), np.zeros(6, np.int32), 6, np.zeros(1))


def test_other_launches_go_on(device):
	"""A failure belongs to its launch: the next ones, of the same kernel too, are as good as ever."""
	kernel = cuda.jit(boundscheck=True)(kernels.writes)
	good = np.zeros(64, np.int32)
	for i in range(64):
		fails(IndexError, kernel, (8, 64), np.zeros(4, np.int32), 4 + i, good)
		run(kernel, (1, 1), good, i, good)
	assert (good == 1).all()


def test_on_the_fake_gpu(fake_driver, tmp_path):
	"""The way of a report through streams, events, copies and launches, with a driver that makes one of each launch."""
	program = """
import gc, numpy as np
from gridjit import cuda
@cuda.jit(boundscheck=True)
def k(x): x[cuda.grid(1)] = 1
@cuda.jit(debug=True)
def d(x):
	if x[0] > 1: raise KeyError
x = cuda.to_device(np.zeros(4))
stream, event = cuda.stream(), cuda.event()
def attempt(f):
	try:
		f()
		return "fine"
	except IndexError as e:
		return str(e)
want = "In function 'k', file <string>, line 5, tid=[4, 5, 6] ctaid=[1, 2, 3]: index 7 is out of bounds for array 'x' of shape (8,)"
for wait in cuda.synchronize, x.copy_to_host, stream.synchronize, event.synchronize, lambda: k[1, 1](x), lambda: x.__cuda_array_interface__:
	k[1, 1, stream](x)
	event.record(stream)
	assert attempt(wait) == want, attempt(wait)
	assert attempt(cuda.synchronize) == "fine"
assert attempt(lambda: k[1, 1](np.zeros(3))) == want
assert attempt(lambda: d[1, 1](x)).startswith("In function 'd'")
k[1, 1](x)
del k
gc.collect()
assert attempt(cuda.synchronize) == want                         # though the kernel is gone
@cuda.vectorize(["float64(float64)"])
def f(x):
	if x < 0: raise IndexError("negative")
	return x
f(x)
for attempts in range(3):
	assert attempt(lambda: f(x)).endswith("negative")        # of the launch before, though the next could be tried in another way
	f(x)
assert attempt(cuda.synchronize).endswith("negative") and attempt(cuda.synchronize) == "fine"
print("OK")
"""
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "OK\n", done.stderr


# -- functions over arrays: what is made around a user's function has the same checks --

TABLE = np.arange(5.0)


def looked_up(x):
	if x < 0:
		raise ValueError("less than nothing")
	return TABLE[x]


def past_the_end(x, out):
	for i in range(x.shape[0] + 1):
		out[0] += x[i]


def chained(a, b):
	return TABLE[int(a)] + TABLE[int(b)]


OVER_ARRAYS = {
	"vectorize": lambda target, **options: gridjit.vectorize(target=target, **options)(looked_up)(np.array([1, 2, 7])),
	"guvectorize": lambda target, **options: gridjit.guvectorize(["(f8[:], f8[:])"], "(n)->()", target=target, **options)(past_the_end)(np.ones((3, 4))),
}


@pytest.mark.parametrize("target", ["cpu", "parallel", "cuda"])
@pytest.mark.parametrize("name", OVER_ARRAYS)
def test_functions_over_arrays(name, target, device, monkeypatch):
	text = {"vectorize": "index 7 is out of bounds for a(xis 0 with size 5 of a)?rray 'TABLE'", "guvectorize": "index 4 is out of bounds for a"}[name]
	with pytest.raises(IndexError, match=text):
		OVER_ARRAYS[name](target, boundscheck=True)
	monkeypatch.setattr(gridjit.config, "BOUNDSCHECK", True)
	with pytest.raises(IndexError, match=text):
		OVER_ARRAYS[name](target)


def test_folds_and_fused_functions(device, monkeypatch):
	monkeypatch.setattr(gridjit.config, "BOUNDSCHECK", True)
	values, at = np.array([3.0, 4.0, 2.0, 1.0]), gridjit.vectorize(looked_up)
	fused = gridjit.fuse(lambda x: at(x) + 1)
	for run in (lambda: cuda.reduce(chained)(values), lambda: cuda.scan(chained)(values), lambda: cuda.vectorize(chained).reduce(values),
			lambda: fused(np.array([1, 7])), lambda: fused(cuda.to_device(np.array([1, 7])))):
		with pytest.raises(IndexError, match="'TABLE'"):
			run()
			cuda.synchronize()


def test_debugging_by_default_reaches_functions_over_arrays(device, monkeypatch):
	"""config.CUDA_DEBUGINFO_DEFAULT is the default of debug= of kernels that are made around functions, too; NumPy's own stay NumPy's."""
	def divided(a, b):
		return a // b

	values = np.array([6, 0])
	assert cuda.vectorize(divided)(values, 0).tolist() == [0, 0]
	monkeypatch.setattr(gridjit.config, "CUDA_DEBUGINFO_DEFAULT", True)
	for run in (lambda: cuda.vectorize(divided)(values, 0), lambda: cuda.reduce(divided)(values), lambda: cuda.scan(divided)(values)):
		with pytest.raises(ZeroDivisionError):
			run()
			cuda.synchronize()
	assert (cuda.to_device(values) // 0).copy_to_host().tolist() == [0, 0]


def test_the_first_element_that_raises_is_told(device):
	at = gridjit.vectorize(boundscheck=True)(looked_up)
	x = np.zeros(1000, np.int64)
	for first, second in (501, 502), (502, 501), (3, 999), (999, 3):
		x[:] = 0
		x[first], x[second] = 6, -1
		with pytest.raises(IndexError if first < second else ValueError):
			at(x)
