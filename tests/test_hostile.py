"""Code of the user's that runs while arguments are read, exceptions that come out of it, arrays that lie about their memory,
objects in cycles: the launch is right or an error, and nobody's exception is lost."""

import gc
import os
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors, float32

CHANGED = (RuntimeError, ValueError, TypeError, BufferError)


@cuda.jit
def nothing(x):
	pass


@cuda.jit
def fill6(y, x):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0, 0, 0, 0, 0] = 7


# -- what was read changes while the rest is read --


class Runs:
	"""A host array whose reading runs code."""

	def __init__(self, code, array=None):
		self.code, self.array = code, np.ones(4) if array is None else array

	def __dlpack__(self, **keywords):
		self.code()
		return self.array.__dlpack__(**keywords)

	def __dlpack_device__(self):
		return (1, 0)


class RunsIndex:
	def __init__(self, code, value=1):
		self.code, self.value = code, value

	def __index__(self):
		self.code()
		return self.value


def set_quietly(array, name, value):
	"""NumPy would rather not have it done any more."""
	with warnings.catch_warnings():
		warnings.simplefilter("ignore")
		setattr(array, name, value)


def reshape(y):
	def code():
		set_quietly(y, "shape", (4096,))
	return code


def let_go(y):
	"""Gives the memory back while the array stays."""
	return lambda: y.__setstate__(np.ones(2).__reduce__()[2])


def other_dtype(y):
	def code():
		set_quietly(y, "dtype", np.int64)
	return code


@pytest.mark.parametrize("change", [reshape, let_go, other_dtype])
@pytest.mark.parametrize("wrap", [lambda y: y, cuda.In, cuda.InOut], ids=["plain", "In", "InOut"])
@pytest.mark.parametrize("stride", [1, 2])
def test_array_that_changes(change, wrap, stride, device):
	y = np.zeros((4 * stride,) * 1 + (4,) * 5)[::stride]
	if stride == 2 and change is not let_go:
		pytest.skip("NumPy itself refuses")
	with pytest.raises(RuntimeError, match="an array changed its shape, dtype or memory"):
		fill6[64, 256](wrap(y), Runs(change(y)))


def test_array_that_changes_when_the_stream_is_asked(device):
	y = np.zeros((4,) * 6)

	class Stream:
		def __cuda_stream__(self):
			reshape(y)()
			return (0, 0)
	with pytest.raises(RuntimeError, match="an array changed"):
		fill6[64, 256, Stream()](y, 1)


def test_array_that_changes_while_the_kernel_is_compiled(device):
	import types
	y = np.zeros((4,) * 6)
	module = types.ModuleType("lazy")

	def lazy(name):
		reshape(y)()
		raise AttributeError(name)
	module.__getattr__ = lazy

	@cuda.jit
	def k(y):
		y[0, 0, 0, 0, 0, 0] = 1
		if False:
			module.something()
	try:
		k[1, 1](y)
	except RuntimeError as error:
		assert "an array changed" in str(error)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_grid_that_changes(size, device):
	for where in 0, 1:
		shape = [RunsIndex(lambda: shape.clear())] + [1] * (size - 1)
		key = [1, 1]
		key[where] = shape
		launcher = nothing[tuple(key)]
		assert (launcher.griddim, launcher.blockdim)[where] == (1, 1, 1)
		launcher(1)


def test_interface_that_is_taken_apart(device):
	"""Its numbers run code that empties the dictionary they are in."""
	class Number(int):
		def __index__(self):
			interface.clear()
			gc.collect()
			return 1
	for key in "shape", "strides", "data":
		interface = {"shape": (Number(1),), "typestr": "<f8", "data": (4096, False), "version": 3, "strides": (8,), "stream": None}
		if key != "shape":
			interface["shape"] = (1,)
		interface[key] = (RunsIndex(interface.clear, 8),) if key == "strides" else interface[key]

		class Interface:
			__cuda_array_interface__ = interface
		try:
			nothing[1, 1](Interface())
		except (TypeError, ValueError):
			pass


def test_defaults_that_change(device):
	@cuda.jit
	def k(x, *, a=np.ones(3)):
		x[0] = a[1]

	def take_away():
		k.py_func.__kwdefaults__.clear()
		gc.collect()
	x = np.zeros(1)
	k[1, 1](Runs(take_away, x))
	assert x[0] == 1


def test_function_that_changes_while_it_is_read(device):
	"""Freezing reads a module's attribute, which gives the function other code, defaults and globals."""
	import types
	module = types.ModuleType("lazy")

	names = {"module": module}
	exec("def f(x, y, z=(1, 2, 3)):\n\tx[0] = y[1] + module.constant + z[2]", names)
	f = names.pop("f")

	def lazy(name):
		if name == "__path__":
			raise AttributeError(name)
		f.__code__, f.__defaults__ = (lambda x, y, z: None).__code__, None
		names.clear()
		gc.collect()
		return 40
	module.__getattr__ = lazy
	x = np.zeros(1)
	cuda.jit(f)[1, 1](x, (5, 6, 7))
	assert x[0] == 49


def test_readers_survive_other_classes(device):
	"""A class is read while many others take its place in the table of readers."""
	def crowd():
		for i in range(200):
			try:
				nothing[1, 1](type(f"C{i}", (np.ndarray,), {})((1,)))
			except TypeError:
				pass
	x = np.zeros(4)

	@cuda.jit
	def k(a, b):
		a[cuda.grid(1)] = 3
	k[1, 4](Runs(crowd, x), Runs(crowd))
	assert x.tolist() == [3, 3, 3, 3]


def test_other_threads_change_arrays(device):
	"""Launches beside a thread that gives their arrays other shapes: the right result, or an error."""
	y, stop = np.zeros((4,) * 6), threading.Event()

	def change():
		while not stop.is_set():
			set_quietly(y, "shape", (4096,))
			set_quietly(y, "shape", (4,) * 6)
	thread = threading.Thread(target=change)
	thread.start()
	try:
		for _ in range(300):
			try:
				fill6[1, 32](y, 1)
			except (RuntimeError, errors.NumbaError):
				pass
	finally:
		stop.set()
		thread.join()


# -- exceptions are nobody's to swallow --


def raises(cls):
	def code(*args, **keywords):
		raise cls("mine")
	return code


def attributes(cls):
	"""(name, call): everything of the user's that a launch or a compilation asks."""
	failing = raises(cls)
	meta = type("Meta", (type,), {"__dlpack_c_exchange_api__": property(failing)})
	module = type(sys)("lazy")
	module.__getattr__ = failing

	def mentions():
		module.something(1)

	def closure(value):
		return lambda x: value(x)
	return {
		"interface": lambda: nothing[1, 1](type("I", (), {"__cuda_array_interface__": property(failing)})()),
		"dlpack": lambda: nothing[1, 1](type("D", (), {"__dlpack__": failing, "__dlpack_device__": lambda self: (1, 0)})()),
		"device of dlpack": lambda: nothing[1, 1](type("D", (), {"__dlpack__": failing, "__dlpack_device__": failing})()),
		"requires_grad": lambda: nothing[1, 1](type("D", (), {"__dlpack__": raises(ValueError), "__dlpack_device__":
			lambda self: (1, 0), "requires_grad": property(failing)})()),
		"instance": lambda: nothing[1, 1](type("G", (), {"__getattr__": failing})()),
		"class": lambda: nothing[1, 1](meta("M", (), {})()),
		"dtype": lambda: nothing[1, 1](type("I", (), {"dtype": property(failing),
			"__cuda_array_interface__": {"shape": (1,), "typestr": "nonsense", "data": (1, False)}})()),
		"shape": lambda: nothing[1, 1](type("I", (), {"__cuda_array_interface__":
			{"shape": (type("N", (), {"__index__": failing})(),), "typestr": "<f4", "data": (1, False)}})()),
		"grid": lambda: nothing[type("N", (), {"__index__": failing})(), 1],
		"grid item": lambda: nothing[(1, type("N", (), {"__index__": failing})()), 1],
		"block": lambda: nothing[1, type("N", (), {"__index__": failing})()],
		"shared": lambda: nothing[1, 1, 0, type("N", (), {"__index__": failing})()],
		"stream": lambda: nothing[1, 1, type("S", (), {"__cuda_stream__": failing})()](1),
		"stream attribute": lambda: nothing[1, 1, type("S", (), {"__cuda_stream__": property(failing)})()](1),
		"global module": lambda: cuda.compile_ptx(mentions, ()),
		"py_func": lambda: cuda.compile_ptx(closure(type("F", (), {"__call__": None, "py_func": property(failing)})()), (float32,),
			device=True),
		"py_func of the kernel": lambda: cuda.compile_ptx(type("F", (), {"py_func": property(failing)})(), ()),
		"dtype of a class": lambda: gridjit._core.as_type(type("Meta", (type,), {"dtype": property(failing)})("M", (), {})),
		"shape of a device array": lambda: cuda.device_array(type("N", (), {"__index__": failing})()),
		"index": lambda: cuda.to_device(np.zeros(3))[type("N", (), {"__index__": failing})()],
		"host array": lambda: cuda.to_device(type("A", (), {"__array__": failing})()),
	}


@pytest.mark.parametrize("cls", [KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, RecursionError])
@pytest.mark.parametrize("name", attributes(ValueError))
def test_exceptions_come_through(name, cls):
	if name == "host array" and cls is RecursionError:
		pytest.skip("NumPy's own affair")
	with pytest.raises(cls, match="mine"):
		attributes(cls)[name]()


@pytest.mark.parametrize("name", attributes(ValueError))
def test_ordinary_exceptions_are_answered(name):
	"""What says no is answered by an error of ours, or by that exception; never by a SystemError."""
	with pytest.raises(Exception) as e:
		attributes(ValueError)[name]()
	assert not isinstance(e.value, SystemError) and str(e.value)


def test_a_note_that_fails():
	class Stubborn(KeyboardInterrupt):
		def add_note(self, text):
			raise SystemExit("note")

	class Interface:
		@property
		def __cuda_array_interface__(self):
			raise Stubborn
	with pytest.raises((SystemExit, Stubborn)):
		nothing[1, 1](Interface())


# -- arrays that lie --

FAR = 1 << 61
LIES = [
	dict(shape=(10,), data=(0, False)),
	dict(shape=(FAR,), data=(4096, False)),
	dict(shape=(1 << 40, 1 << 40), data=(4096, False)),
	dict(shape=(-1,), data=(4096, False)),
	dict(shape=(3, -2), data=(4096, False)),
	dict(shape=(2,), strides=(1 << 62,), data=(4096, False)),
	dict(shape=(4,), strides=(1 << 62,), data=(4096, False)),
	dict(shape=(2,), strides=(-(1 << 63),), data=(4096, False)),
	dict(shape=(100,), strides=(-4096,), data=(4096, False)),
	dict(shape=(1,), data=((1 << 64) - 4, False)),
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_lying_descriptions(lie, device):
	description = {"typestr": "<f8", "version": 3, **lie}

	class Array:
		__cuda_array_interface__ = description
	for make in (lambda: cuda.from_cuda_array_interface(description), lambda: cuda.as_cuda_array(Array()),
			lambda: cuda.to_device(Array()), lambda: nothing[1, 1](Array())):
		with pytest.raises((ValueError, TypeError)) as e:
			make()
		assert str(e.value)


def test_lying_descriptions_on_a_gpu(fake_driver, tmp_path):
	"""Where memory of others is believed, descriptions that cannot be true are not."""
	program = f"""
from gridjit import cuda
@cuda.jit
def nothing(x):
	pass
for lie in {LIES!r}:
	description = {{"typestr": "<f8", "version": 3, **lie}}
	class Array:
		__cuda_array_interface__ = description
	for make in (lambda: cuda.from_cuda_array_interface(description), lambda: nothing[1, 1](Array())):
		try:
			make()
		except ValueError as error:
			assert "no array can be" in str(error) or "negative" in str(error), error
		else:
			raise AssertionError(lie)
class Empty:
	__cuda_array_interface__ = dict(shape=(0, 3), typestr="<f8", data=(0, False), version=3)
nothing[1, 1](Empty())
assert cuda.as_cuda_array(Empty()).shape == (0, 3)
print("OK")
"""
	done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
		env={**os.environ, **fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)})
	assert done.stdout == "OK\n", done.stderr


def test_arrays_stay_within_their_buffer(device):
	buffer = cuda.current_context().memalloc(80)
	array = cuda.DeviceNDArray
	for fits in (dict(shape=10), dict(shape=(5, 2)), dict(shape=5, strides=(16,)), dict(shape=0, pointer=buffer.ptr + 80),
			dict(shape=10, strides=(-8,), pointer=buffer.ptr + 72), dict(shape=(1 << 40,), strides=(0,))):
		shape = fits.pop("shape")
		array(shape, fits.pop("strides", None), "f8", 0, buffer, **fits)
	for reaches in (dict(shape=11), dict(shape=(5, 3)), dict(shape=6, strides=(16,)), dict(shape=1, pointer=buffer.ptr + 80),
			dict(shape=1, pointer=buffer.ptr - 8), dict(shape=10, strides=(-8,), pointer=buffer.ptr + 64),
			dict(shape=2, pointer=buffer.ptr + 76)):
		shape = reaches.pop("shape")
		with pytest.raises(ValueError, match="the array reaches beyond its memory"):
			array(shape, reaches.pop("strides", None), "f8", 0, buffer, **reaches)


def test_foreign_arrays_stay_within_the_cpu_devices_memory():
	if gridjit.device_kind() != "cpu":
		pytest.skip("the memory of a GPU's other users is theirs to know")
	a = cuda.to_device(np.zeros(10))
	for shape, pointer in ((11, a.device_pointer), (1, a.device_pointer + (1 << 12))):
		with pytest.raises((ValueError, TypeError)):
			cuda.from_cuda_array_interface(dict(shape=(shape,), typestr="<f8", data=(pointer, False), version=3), owner=a)


def test_strides_that_lie_in_numpy(device):
	"""NumPy believes as_strided; what kernels are told of such arrays must not overflow."""
	x = np.lib.stride_tricks.as_strided(np.zeros(1), (1 << 31, 2), (0, 0))

	@cuda.jit
	def k(x, out):
		out[0] = x.shape[0]
	if gridjit.device_kind() == "cpu":
		out = np.zeros(1)
		k[1, 1](x, out)
		assert out[0] == 1 << 31


# -- items without a size --


@pytest.mark.parametrize("dtype, words", [("S0", "no size"), ("U0", "no size"), ("V0", "no size"), ([], "no size"),
	(("f4", (3,)), "is an array itself"), (("f4", (0,)), "is an array itself"), ("O", "Unsupported array dtype")], ids=str)
def test_dtypes_without_items(dtype, words, device):
	dtype = np.dtype(dtype)
	for make in (lambda: cuda.device_array(2, dtype), lambda: cuda.pinned_array(2, dtype), lambda: cuda.DeviceNDArray(2, None, dtype)):
		with pytest.raises((ValueError, errors.NumbaValueError), match=words):
			make()
	if dtype.itemsize == 0 and dtype.subdtype is None:
		with pytest.raises(ValueError, match=words):
			cuda.to_device(np.zeros(2, np.dtype([])))


def test_items_of_text_keep_their_bytes(device):
	for text in (np.array([b"ab", b"c"]), np.array(["äb", "c"]), np.zeros(2, "V3")):
		assert (cuda.to_device(text).copy_to_host() == text).all()


# -- cycles --


class Owner:
	pass


def cycle_launcher(namespace):
	exec("@cuda.jit\ndef k(x): x[0] = 1\nlaunch = k[1, 1]\nlaunch(np.zeros(1))", namespace)
	return namespace["k"]


def cycle_hint(namespace):
	exec("@cuda.jit\ndef k(x): x[0] = 1\nholds = cuda.In((k, 1))", namespace)
	return namespace["k"]


def cycle_kernel(namespace):
	exec("@cuda.jit\ndef k(x): x[0] = 1\nk[1, 1](np.zeros(1))\nkernel = list(k.overloads.values())[0]", namespace)
	return namespace["k"]


def cycle_stream_of_launcher(namespace):
	exec("class S(cuda.Stream):\n\tpass\n@cuda.jit\ndef k(x): x[0] = 1\ns = S()\ns.launch = k[1, 1, s]", namespace)
	return namespace["s"]


def cycle_default(namespace):
	exec("box = []\n@cuda.jit\ndef k(x, *, y=(box,), z=box): x[0] = 1\nbox.append(k)", namespace)
	return namespace["k"]


def cycle_buffer(namespace):
	exec("class S(cuda.Stream):\n\tpass\ns = S()\ns.buffer = cuda.device_array(3, stream=s).gpu_data", namespace)
	return namespace["s"]


def cycle_array_stream(namespace):
	exec("class S(cuda.Stream):\n\tpass\ns = S()\na = cuda.device_array(3)\na.stream = s\ns.a = a", namespace)
	return namespace["s"]


def cycle_array_base(namespace):
	exec("a = cuda.device_array(3)\no = Owner()\no.a = a\n"
		"o.b = cuda.DeviceNDArray(3, None, 'f8', 0, o, pointer=a.device_pointer)", {**namespace, "namespace": namespace})
	array = cuda.device_array(3)
	owner = Owner()
	owner.memory = array
	owner.array = cuda.DeviceNDArray(3, None, "f8", 0, owner, pointer=array.device_pointer)
	return owner


def cycle_fused(namespace):
	exec("import gridjit\nf = gridjit.fuse(lambda x: x + 1)\nf(np.ones(3))\nf.itself = f", namespace)
	return namespace["f"]


def cycle_forall(namespace):
	exec("@cuda.jit\ndef k(x): x[0] = 1\nk.itself = k.forall(3)\nk.bound = k.specialize(np.zeros(1))", namespace)
	return namespace["k"]


@pytest.mark.parametrize("make", [f for name, f in list(globals().items()) if name.startswith("cycle_")], ids=lambda f: f.__name__)
def test_cycles_are_collected(make, device):
	def one():
		return weakref.ref(make({"cuda": cuda, "np": np, "Owner": Owner}))
	alive = [one() for _ in range(20)]
	gc.collect()
	assert not any(r() is not None for r in alive)


def test_types_that_hold_objects_support_the_collector():
	"""Types of _core without it hold nothing of the user's: numbers, and objects that cannot refer back."""
	without = {name for name, cls in vars(gridjit._core).items()
		if isinstance(cls, type) and not cls.__flags__ & 1 << 14 and cls.__module__ == "gridjit._core"}
	assert without == {"Intrinsic", "Signature", "Device", "Stream", "Event", "Memory", *(name for name, cls in vars(gridjit._core).items()
		if isinstance(cls, type) and issubclass(cls, gridjit._core.Type))}


def test_launchers_are_reused(device):
	x = np.zeros(1)

	@cuda.jit
	def k(x):
		x[0] += 1
	launchers = [k[1, 1] for _ in range(40)]
	for launcher in launchers:
		launcher(x)
	del launchers, launcher
	for _ in range(100):
		k[1, 1](x)
		assert gc.is_tracked(k[1, 1])
	assert x[0] == 140
