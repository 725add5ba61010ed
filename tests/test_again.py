"""Launches like the last one of their kernel: what the driver is given is what a kernel without a last launch gives it. On the fake driver,
which tells; and that what is kept of a launch keeps no array alive."""

import os
import subprocess
import sys

PROGRAM = """
import gc
import os
import sys
import weakref
import numpy as np
from gridjit import config, cuda
from last_launch import last
from producers import Tensor

def seen():
	return (tuple(last.grid), tuple(last.block), last.shared, last.stream, bytes(last.params[:last.nparams]))

def function(x, y, a, b):
	i = cuda.grid(1)
	if i < x.shape[0] and a:
		x[i] += a
		if b is not None:
			y[0] = b

kernel = cuda.jit(function)

def check(*args, on=(2, 64), bound=None):
	launcher = bound or kernel[on]
	for _ in range(3):                              # the last of these is like the one before it
		launcher(*args)
	got = seen()
	cuda.jit(function)[on](*args)
	assert got == seen(), (args, on)
	return got

x, y, z = (cuda.to_device(np.zeros(n, np.float32)) for n in (64, 64, 1 << 20))
bound = kernel[2, 64]
numbers = [1, 2, -1, 2**31, 2**62, -2**63, 2**63, True, False, 0.5, 1e300, np.float32(2), np.float64(2), np.int8(-3), np.uint64(2**63), np.bool_(True),
	np.float16(0.5)]
for a in numbers:
	for b in 1, None, 2.5, np.int16(7):
		check(x, y, a, b, bound=bound)
for a, b in zip(numbers, numbers[1:] + numbers[:1]):          # no two launches in a row of one form
	bound(x, y, a, b)
	got = seen()
	cuda.jit(function)[2, 64](x, y, a, b)
	assert got == seen(), (a, b)
different = {check(x, y, n, 1) for n in range(-5, 300)}
assert len(different) == 305
for pair in (x, y), (y, x), (x, x), (x[1:], y), (x[::2], y), (z, y), (x, z), (x.reshape(8, 8)[0], y[::-1]):
	check(*pair, 1, 2, bound=bound)
	check(*pair, 1, 2)
for on in (2, 64), (1, 64), (2, 32), ((2, 1), 64), ((1, 2), 64), (2, (64, 1)), (2, (32, 2)), (2, 64, 0, 128), (2, 64, 0, 256), (1000, 512), (1000, 256):
	check(z, y, 1, 2, on=on)
stream, other = cuda.stream(), cuda.stream()
given = [check(x, y, 1, 2, on=(2, 64, s))[3] for s in (0, stream, other, stream, 0, stream.handle)]
assert given[0] == given[4] is None and given[1] == given[3] == given[5] != given[2], given

class Foreign:                                          # a stream whose reading launches the same kernel
	def __cuda_stream__(self):
		bound(y, x, 5, 6)
		return 0, stream.handle

assert check(x, y, 1, 2, on=(2, 64, Foreign()))[3] == given[1]

# What a kernel sees of an array can change, or the array may be another one at the same address.
check(x, y, 1, 2, bound=bound)
w = x[:]
check(w, y, 1, 2)
w._set_readonly(True)
try:
	kernel[2, 64](w, y, 1, 2)
	raise SystemExit("a read-only array was written")
except Exception as error:
	assert "writeable" in str(error), error
w._set_readonly(False)
check(w, y, 1, 2)
ids = set()
for n in range(1, 40):
	w = cuda.to_device(np.zeros(n, np.float32))
	bound(w, y, 1, 2)
	bound(w, y, 1, 2)
	ids.add(id(w))
	got = seen()
	cuda.jit(function)[2, 64](w, y, 1, 2)
	assert got == seen(), n
	gone = weakref.ref(w)
	del w
	assert gone() is None                               # nothing holds it
assert len(ids) < 39 or os.environ.get("GRIDJIT_TEST_ASAN")      # which uses no address twice
shared = cuda.to_device(np.zeros(64, np.float32))
check(shared, y, 1, 2)
shared._share()                                         # moves it
check(shared, y, 1, 2)

# The kernel itself can change.
check(x, y, 1, 2, bound=bound)
kernel.recompile()
check(x, y, 1, 2, bound=bound)
config.NEIGHBOURS, before = 1, config.NEIGHBOURS
check(z, y, 1, 2, on=(1000, 512))
config.NEIGHBOURS = before
check(z, y, 1, 2, on=(1000, 512))

def scaled(x, y, a):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] = y[i] * a

def by_one_thread(launch):                              # what the driver is given where each thread runs one
	config.NEIGHBOURS = 1
	launch()
	got = seen()
	config.NEIGHBOURS = before
	return got

like_z = cuda.to_device(np.zeros(1 << 20, np.float32))
alone = by_one_thread(lambda: cuda.jit(scaled)[1000, 512](z, like_z, 2))
fresh = cuda.jit(scaled)
old = fresh[1000, 512]                                 # its facts are of another setting
old(z, like_z, 2)
together = seen()
assert together != alone
assert by_one_thread(lambda: old(z, like_z, 2)) == alone == by_one_thread(lambda: fresh[1000, 512](z, like_z, 2))
old(z, like_z, 2)
assert seen() == together
fresh = cuda.jit(scaled)
fresh._watch = lambda: setattr(config, "NEIGHBOURS", 1)       # while it is compiled
fresh[1000, 512](z, like_z, 2)
assert by_one_thread(lambda: fresh[1000, 512](z, like_z, 2)) == alone
fresh._watch = None

# Where threads run neighbours and tell of mistakes, the launch itself is a parameter.
def copied(unused, x, y):
	i = cuda.grid(1)
	if i < x.shape[0]:
		x[i] = y[i]

def reports(kernel, *args):
	kernel[1000, 512](*args)
	got = seen()
	try:
		cuda.synchronize()                              # the fake driver's kernels always have something to tell of
	except IndexError:
		pass
	return got

fresh = cuda.jit(boundscheck=True)(copied)
for number in 5, 5, 6, 2.5, 3.5, True, False, None, np.float32(2), np.float32(3), 7, 8:
	assert reports(fresh, number, z, like_z) == reports(cuda.jit(boundscheck=True)(copied), number, z, like_z), number
for launch in lambda: bound(x, y, 1), lambda: bound(x, y, 1, 2, 3), lambda: bound(x, y, 1, "text"), lambda: bound(x, y, 2**70, 1), lambda: bound(x, y, 1, []):
	try:
		launch()
		raise SystemExit("nothing was raised")
	except Exception:
		pass
	check(x, y, 1, 2, bound=bound)
bound(b=3, a=2, y=y, x=x)
bound(b=4, a=2, y=y, x=x)
got = seen()
check(x, y, 2, 4)
assert got == seen()

# Tuples: their items are not looked at again.
@cuda.jit
def first(t):
	t[0][0] = 1

for given in (x,), (y,), (z,), (x,):
	for _ in range(3):
		first[1, 32](given)
	assert int.from_bytes(bytes(last.params[:8]), "little") == given[0].__cuda_array_interface__["data"][0]

# Arrays of another library: what they are is asked at every launch.
class Shown(Tensor):
	asked = None

	def __init__(self, array, **attributes):
		super().__init__(array, device=2, **attributes)

	@property
	def requires_grad(self):
		if self.asked:
			self.asked()
		return self.__dict__.get("grad", False)

t, u = Shown(np.zeros(64, np.float32)), Shown(np.zeros(64, np.float32))
forms = [np.zeros(n, kind) for n in (64, 32) for kind in ("f4", "f8", "i4", "u4", "i8")] + [np.zeros((8, 8), "f4")[0], np.zeros((2, 64), "f4")[:, ::2][1],
	np.zeros(128, "f4")[::2], np.zeros(64, "f4")[::-1], np.zeros(1, "f4"), np.zeros(0, "f4"), np.zeros(64, "c8").real]
for form in forms:
	t.array = form
	check(t, u, 1, 2)
	check(u, t, 1, 2, bound=bound)
	check(t, x, 1, 2)
	for other in forms:                                     # from one to the other in place
		t.array = form
		bound(t, u, 1, 2)
		bound(t, u, 1, 2)
		t.array = other
		bound(t, u, 3, 4)
		got = seen()
		cuda.jit(function)[2, 64](t, u, 3, 4)
		assert got == seen(), (form, other)
t.array = np.zeros(64, np.float32)

def refused(**attributes):
	check(t, u, 1, 2, bound=bound)
	before = dict(t.__dict__)
	t.__dict__.update(attributes)
	try:
		bound(t, u, 1, 2)
		raise SystemExit(f"taken with {attributes}")
	except Exception as error:
		said = str(error)
	t.__dict__.clear()
	t.__dict__.update(before)
	check(t, u, 1, 2, bound=bound)
	return said

def fail():
	raise KeyboardInterrupt

assert "requires grad" in refused(grad=True)
assert "dtype" in refused(code=4, array=np.zeros(2))
assert "neither in host memory" in refused(device=7)
for asked in lambda: bound(x, y, 7, 8), lambda: kernel[1, 32](u, u, 1.5, 8), lambda: kernel.recompile(), lambda: bound(u, u, 7, 8):
	check(t, u, 1, 2, bound=bound)
	inside = []
	t.asked = lambda: inside or (inside.append(1), asked())
	bound(t, u, 3, 4)
	assert inside
	t.asked = None
	got = seen()
	cuda.jit(function)[2, 64](t, u, 3, 4)
	assert got == seen()
check(t, u, 1, 2, bound=bound)
t.asked = fail
try:
	bound(t, u, 1, 2)
	raise SystemExit("went on")
except KeyboardInterrupt:
	t.asked = None
check(t, u, 1, 2, bound=bound)
noted = []
for launcher in bound, cuda.jit(function)[2, 64]:       # the message says which argument it was
	u.asked = lambda: {}["missing"]
	try:
		launcher(t, u, 1, 2)
		raise SystemExit("nothing was raised")
	except KeyError as error:
		noted.append(error.__notes__)
	u.asked = None
assert noted[0] == noted[1] and "'y'" in noted[0][0], noted
check(t, u, 1, 2, bound=bound)

class Calm(Tensor):
	pass

classes = []

def forget(cls):                                        # until others have taken the class's place among those that are known
	while cls() and len(classes) < 4000:
		classes.append(type("Other", (Tensor,), {}))
		reads[1, 1](classes[-1](np.zeros(1, np.float32), device=2))
		if len(classes) % 50 == 0:
			gc.collect()
	assert cls() is None

@cuda.jit
def reads(x):
	x[0] = 1

def changing():
	class Changing(Tensor):                             # an object whose class is gone once it has been asked
		@property
		def requires_grad(self):
			gone = weakref.ref(type(self))
			self.__class__ = Calm
			forget(gone)
			return False

	return Changing(np.zeros(64, np.float32), device=2)

given = changing()
for _ in range(3):
	bound(given, given, 1, 2)
got = seen()
cuda.jit(function)[2, 64](given, given, 1, 2)
assert got == seen()

class Callable:
	def __call__(self):
		pass

def vanishing():
	class Vanishing:                                    # the same, while it is found out how such objects are read
		def __getattr__(self, name):
			if name == "__cuda_array_interface__":
				self.__class__ = Callable
				gc.collect()
			raise AttributeError(name)

	return Vanishing()

for _ in range(3):
	try:
		reads[1, 1](vanishing())
		raise SystemExit("taken")
	except Exception as error:
		assert "Callable" in str(error), error

# Of the class of its arrays a kernel holds one reference at most, and its cycle with the class is found.
class Mine(type(x)):
	pass

mine = Mine(64, dtype=np.float32)
counts = set()
for _ in range(20):
	check(x, y, 1, 2, bound=bound)
	counts.add(sys.getrefcount(Mine))
	check(mine, mine, 1, 2, bound=bound)
	check(t, u, 1, 2, bound=bound)
assert len(counts) <= 2, counts                        # one more once it is known how its arrays are read

def cycle():
	class Held(type(x)):
		kernel = cuda.jit(function)

	array = Held(64, dtype=np.float32)
	for _ in range(3):
		Held.kernel[2, 64](array, array, 1, 2)
	return weakref.ref(Held)

forget(cycle())
gone = weakref.ref(t.array)
del form, other, forms
t.keep = t.array = None
assert gone() is None
print("OK")
"""


def test_the_driver_is_given_the_same(fake_driver, tmp_path):
	done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
	assert done.stdout == "OK\n", done.stderr
