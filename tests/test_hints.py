"""In, Out and InOut, and arrays that are passed more than once: the same on every device, wherever the array comes from."""

import numpy as np
import pytest
from producers import HostProducer

import gridjit
from gridjit import cuda

# NumPy's arrays of every kind that a kernel takes: three items each.
VIEWS = {
	"contiguous": lambda: np.zeros(3), "strided": lambda: np.zeros(6)[::2], "column": lambda: np.zeros((3, 2))[:, 0],
	"backwards": lambda: np.zeros(3)[::-1],
	"unaligned": lambda: np.frombuffer(bytearray(8 * 3 + 1), np.uint8)[1:].view(np.float64),
}


@cuda.jit
def sevens(a):
	a[cuda.grid(1)] = 7


@cuda.jit
def add_one(a):
	a[cuda.grid(1)] += 1


@cuda.jit
def copy_to(a, b):
	i = cuda.grid(1)
	b[i] = a[i] + 1
	a[i] = 100


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x,), lambda x: (1, (x, 2.5))], ids=["plain", "tuple", "nested"])
def test_hints(name, wrap, device):
	@cuda.jit
	def change(t):
		i = cuda.grid(1)
		a = t
		if nested == 1:
			a = t[0]
		if nested == 2:
			a = t[1][0]
		a[i] = a[i] * 10 + i + 1
	nested = 0 if wrap(1) == 1 else 1 if wrap(1) == (1,) else 2
	for hint, want in ((cuda.In, [5, 5, 5]), (cuda.InOut, [51, 52, 53]), (lambda x: x, [51, 52, 53])):
		x = VIEWS[name]()
		x[:] = 5
		change[1, 3](hint(wrap(x)))
		assert x.tolist() == want
		x[:] = 5
		change[1, 3](wrap(hint(x)))
		assert x.tolist() == want


@pytest.mark.parametrize("name", VIEWS)
def test_out(name, device):
	x = VIEWS[name]()
	sevens[1, 3](cuda.Out(x))
	assert x.tolist() == [7, 7, 7]


def test_foreign_and_read_only(device):
	x = np.zeros(3)
	sevens[1, 3](cuda.In(HostProducer(x)))
	assert x.tolist() == [0, 0, 0]
	sevens[1, 3](cuda.InOut(HostProducer(x)))
	assert x.tolist() == [7, 7, 7]
	x.flags.writeable = False
	out = np.zeros(3)
	for hint in (cuda.In, cuda.InOut, cuda.Out, lambda x: x):
		with pytest.raises(gridjit.errors.TypingError, match="read-only"):
			sevens[1, 3](hint(x))

	@cuda.jit
	def read(a, b):
		b[cuda.grid(1)] = a[cuda.grid(1)] + 1
	for hint in (cuda.In, cuda.InOut, lambda x: x):
		out[:] = 0
		read[1, 3](hint(x), out)
		assert out.tolist() == [8, 8, 8] and x.tolist() == [7, 7, 7]


def test_device_arrays_are_where_they_are(device):
	"""Hints are about copies: what is on the device is used there, whatever the hint."""
	for hint in cuda.In, cuda.Out, cuda.InOut:
		x = cuda.to_device(np.zeros(3))
		sevens[1, 3](hint(x))
		assert x.copy_to_host().tolist() == [7, 7, 7]


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("first", ["In", "Out", "InOut", "plain"])
@pytest.mark.parametrize("second", ["In", "Out", "InOut", "plain"])
def test_the_same_array_twice(name, first, second, device):
	"""It is one array: copied in if one of the two is, copied back if one of them is."""
	hints = {"In": cuda.In, "Out": cuda.Out, "InOut": cuda.InOut, "plain": lambda x: x}
	x = VIEWS[name]()
	x[:] = [1, 2, 3]
	copy_to[1, 3](hints[first](x), hints[second](x))
	if first == second == "In":
		assert x.tolist() == [1, 2, 3]
	elif first == second == "Out":
		assert x.tolist() == [100, 100, 100]
	else:
		assert x.tolist() == [100, 100, 100]

	@cuda.jit
	def plus(a, b):
		b[cuda.grid(1)] = a[cuda.grid(1)] + 10
	x[:] = [1, 2, 3]
	plus[1, 3](hints[first](x), hints[second](x))
	if first == second == "In":
		assert x.tolist() == [1, 2, 3]
	elif not first == second == "Out":
		assert x.tolist() == [11, 12, 13]


def test_a_view_that_is_written_and_one_that_cannot_be(device):
	x = np.arange(3.0)
	frozen = x.view()
	frozen.flags.writeable = False

	@cuda.jit
	def plus(a, b):
		b[cuda.grid(1)] = a[cuda.grid(1)] + 10
	plus[1, 3](frozen, x)
	assert x.tolist() == [10, 11, 12]
	plus[1, 3](cuda.In(frozen), cuda.Out(x))
	assert x.tolist() == [20, 21, 22]


def test_broadcast_arrays_keep_their_facts(device):
	"""The copy of an array whose items share memory is larger than the array: what was known of it does not hold."""
	x = np.broadcast_to(np.zeros(1), (64, 1024))
	writable = np.lib.stride_tricks.as_strided(np.zeros(1), (64, 1024), (0, 0))

	@cuda.jit
	def fill(a, out):
		i, j = cuda.grid(2)
		a[i, j] = i * 1024 + j
		cuda.syncthreads()
		if a[i, j] == i * 1024 + j:
			cuda.atomic.add(out, 0, 1)
	out = np.zeros(1)
	fill[(8, 32), (8, 32)](cuda.In(writable), out)
	assert out[0] == 64 * 1024 and writable[0, 0] == 0 and x[0, 0] == 0


def test_empty_tuples_and_numbers(device):
	@cuda.jit
	def nothing(t):
		pass
	for hint in cuda.In, cuda.Out, cuda.InOut:
		for value in ((), (1, (2, 3)), 1, None, ((), ())):
			nothing[1, 1](hint(value))
	assert [len(t) for t in nothing.signatures] == [1] * len(nothing.signatures)


def test_all_items_of_a_tuple(device):
	@cuda.jit
	def pair(t):
		t[0][0] = 1
		t[1][0] = 2
	for make in cuda.InOut, cuda.Out, lambda t: t, lambda t: (cuda.InOut(t[0]), cuda.Out(t[1])):
		x, y = np.zeros(1), np.zeros(1)
		pair[1, 1](make((x, y)))
		assert (x[0], y[0]) == (1, 2)
	x, y = np.zeros(1), np.zeros(1)
	pair[1, 1]((cuda.In(x), y))
	assert (x[0], y[0]) == (0, 2)


def test_hints_in_hints():
	for make in (lambda: cuda.In(cuda.Out(np.zeros(1))), lambda: sevens[1, 1](cuda.In((cuda.Out(np.zeros(1)), 1)))):
		with pytest.raises(TypeError, match="not each other"):
			make()


def test_nothing_is_copied_that_is_only_read(device):
	"""On the CPU device In costs nothing where the kernel does not write."""
	import tracemalloc
	x, out = np.ones(1 << 18), np.zeros(1)

	@cuda.jit
	def read(a, out):
		out[0] = a[5]
	read[1, 1](cuda.In(x), out)
	tracemalloc.start()
	read[1, 1](cuda.In(x), out)
	peak = tracemalloc.get_traced_memory()[1]
	tracemalloc.stop()
	assert peak < x.nbytes / 4 and out[0] == 1


def test_many_hinted_arrays(device):
	arrays = tuple(np.zeros(3) for _ in range(40))

	@cuda.jit
	def all_of_them(t):
		for a in t:
			a[cuda.grid(1)] += 1
	all_of_them[1, 3](cuda.In(arrays))
	assert not any(a.any() for a in arrays)
	all_of_them[1, 3](cuda.InOut(arrays))
	assert all((a == 1).all() for a in arrays)


@pytest.mark.parametrize("name", VIEWS)
def test_writes_of_every_kind(name, device):
	"""Atomics, functions that are called, views and ufuncs with an out write as items do."""
	@cuda.jit
	def adds(a):
		cuda.atomic.add(a, 0, 5)

	@cuda.jit(device=True)
	def inner(v):
		v[0] = 5

	@cuda.jit
	def calls(a):
		inner(a)

	@cuda.jit
	def views(a):
		v = a[1:]
		v[0] = 5

	@cuda.jit
	def ufunc(a):
		np.add(a, a, a)

	@cuda.jit
	def slices(a):
		a[:] = 3
	for kernel in adds, calls, views, ufunc, slices:
		x = VIEWS[name]()
		x[:] = 1
		kernel[1, 1](cuda.In(x))
		assert x.tolist() == [1, 1, 1], kernel
		kernel[1, 1](x)
		assert x.tolist() != [1, 1, 1], kernel


def test_explicit_signatures_and_forall(device):
	kernel = cuda.jit("void(float64[:])")(add_one.py_func)
	x = np.zeros(3)
	kernel[1, 3](cuda.In(x))
	kernel[1, 3](cuda.In(x[::1]))
	assert x.tolist() == [0, 0, 0]

	@cuda.jit
	def guarded(a):
		if cuda.grid(1) < a.shape[0]:
			a[cuda.grid(1)] += 1
	guarded.forall(3)(cuda.In(x))
	assert x.tolist() == [0, 0, 0]
	guarded.forall(3)(x)
	assert x.tolist() == [1, 1, 1]
