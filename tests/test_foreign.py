"""Arrays of torch, CuPy and JAX themselves as arguments; what their protocols can say is in test_dispatch.py. A test is
skipped where its library is missing; GPU parts need --gpu."""

import os
import sys

import numpy as np
import pytest
from conftest import on

from gridjit import cuda, float32, typeof

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")    # JAX: leave memory to the other tests


@cuda.jit
def scale(factor, x, out):
	for i in range(cuda.grid(1), out.size, cuda.gridsize(1)):
		out[i] = factor * x[i]


@cuda.jit
def add_index(a):
	i, j = cuda.grid(2)
	if i < a.shape[0] and j < a.shape[1]:
		a[i, j] += 10 * i + j


@cuda.jit
def total(x, out):
	for i in range(x.shape[0]):
		out[0] += x[i]


# -- a host array that has only DLPack's first version and __array__, as torch has before 2.9 -------------------------------


class FirstDLPack:
	def __init__(self, array, shared=True):
		self.array, self.shared = array, shared

	def __dlpack__(self, stream=None):
		return self.array.__dlpack__()

	def __dlpack_device__(self):
		return self.array.__dlpack_device__()

	def __array__(self, dtype=None, copy=None):
		return self.array if self.shared else self.array.copy()


def test_host_memory_that_dlpack_calls_read_only(device):
	"""Writing works where the library's own way to NumPy leads to the same memory."""
	x = np.ones(4, np.float32)
	out = FirstDLPack(np.zeros(4, np.float32))
	scale[1, 32](2.0, x, out)
	assert out.array.tolist() == [2] * 4
	assert typeof(FirstDLPack(x, shared=False)).mutable == np.from_dlpack(FirstDLPack(x)).flags.writeable
	before = sys.getrefcount(x), sys.getrefcount(out.array)
	for _ in range(100):
		scale[1, 32](2.0, FirstDLPack(x), out)
		scale[1, 32](2.0, FirstDLPack(x, shared=False), out)
	assert (sys.getrefcount(x), sys.getrefcount(out.array)) == before


def test_why_a_library_refuses(device):
	class Refuses(FirstDLPack):
		requires_grad = False

		def __dlpack__(self, **keywords):
			raise BufferError("it is sparse\nand so on")

	class Tracked(Refuses):
		requires_grad = True

	class Broken:
		@property
		def __cuda_array_interface__(self):
			raise RuntimeError("deleted")

	out = np.zeros(4, np.float32)
	for bad, words in (Refuses(out), r"cannot be passed to a kernel: it offers no memory that can be shared \(it is sparse\)\n"), (
			Tracked(out), "requires grad.*detach"), (Broken(), r"__cuda_array_interface__ cannot be read \(deleted\)"):
		with pytest.raises(TypeError, match=words):
			scale[1, 32](2.0, bad, out)


# -- torch ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
	return pytest.importorskip("torch")


@pytest.fixture
def where(torch, device):
	"""torch's name of the device that kernels run on."""
	if device == "cuda" and not torch.cuda.is_available():
		pytest.skip("this torch has no CUDA")
	return "cuda" if device == "cuda" else "cpu"


TORCH_DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("dtype", TORCH_DTYPES)
def test_torch_dtypes(torch, where, dtype):
	x = torch.tensor([0, 1, 1, 0], dtype=getattr(torch, dtype), device=where)
	out = torch.zeros_like(x)
	scale[1, 32](1, x, out)
	assert out.tolist() == x.tolist()
	assert typeof(x).dtype.name == dtype and typeof(x).mutable


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_torch_halves(torch, where, name):
	x = torch.tensor([1.5, -2.0, 0.25, 1024.0], dtype=getattr(torch, name), device=where)
	out = torch.zeros_like(x)
	scale[1, 32](2, x, out)
	assert out.tolist() == (2 * x).tolist() and typeof(x).dtype.name == name


def test_torch_dtypes_that_kernels_lack(torch, where):
	x = torch.zeros(4, dtype=torch.float8_e5m2, device=where)
	with pytest.raises((TypeError, NotImplementedError), match="float8"):
		scale[1, 32](1, x, torch.zeros_like(x))


def test_torch_layouts(torch, where):
	base = torch.zeros(6, 8, device=where)
	expect = np.zeros((6, 8), np.float32)
	views = [lambda a: a, lambda a: a[::2, 1::3], lambda a: a.T, lambda a: a[1:3], lambda a: a[:, 2:3], lambda a: a[2:2]]
	for view in views:
		add_index[1, (8, 8)](view(base))
		part = view(expect)
		part += 10 * np.arange(part.shape[0])[:, None] + np.arange(part.shape[1])
	np.testing.assert_array_equal(base.cpu().numpy(), expect)
	assert typeof(base).layout == "C" and typeof(base.T).layout == "F" and typeof(base[:, ::2]).layout == "A"
	out = torch.zeros(1, device=where)
	total[1, 1](torch.ones(1, device=where).expand(5), out)
	assert out.tolist() == [5]


def test_torch_scalar_and_empty(torch, where):
	@cuda.jit
	def set_scalar(x):
		x[()] = 7

	x = torch.zeros((), device=where)
	set_scalar[1, 1](x)
	assert x.item() == 7
	scale[1, 32](1.0, torch.zeros(0, device=where), torch.zeros(0, device=where))


def test_torch_autograd_and_lazy_views(torch, where):
	leaf = torch.ones(3, requires_grad=True, device=where)
	out = torch.zeros(3, device=where)
	for bad in leaf, leaf * 2, leaf.bfloat16(), torch.nn.Parameter(torch.ones(3, device=where)):
		with pytest.raises(TypeError, match="requires grad.*detach"):
			scale[1, 32](2.0, bad, out)
	scale[1, 32](2.0, leaf.detach(), out)
	assert out.tolist() == [2] * 3
	with pytest.raises(TypeError):
		scale[1, 32](1.0, torch.ones(3, dtype=torch.complex64, device=where).conj(), out)
	with pytest.raises(TypeError):
		scale[1, 32](1.0, torch.ones(3, device=where).to_sparse(), out)
	with pytest.raises(TypeError):
		scale[1, 32](1.0, torch.ones(3, device="meta"), out)


def test_torch_in_host_memory(torch, device):
	x, out = torch.arange(5, dtype=torch.float32), torch.zeros(5)
	scale[1, 32](2.0, x, out)
	assert out.tolist() == [0, 2, 4, 6, 8]
	scale[1, 32](3.0, x[:3], out[::2])
	assert out.tolist() == [0, 2, 3, 6, 6]
	copy = cuda.to_device(x)
	assert copy.copy_to_host().tolist() == x.tolist()


def test_torch_references(torch, where):
	x, out = torch.ones(4, device=where), torch.zeros(4, device=where)
	scale[1, 32](2.0, x, out)
	before = sys.getrefcount(x), sys.getrefcount(out)
	for _ in range(200):
		scale[1, 32](2.0, x, out)
		with pytest.raises(TypeError):
			scale[1, 32](2.0, x, torch.zeros(4, dtype=torch.float8_e5m2, device=where))
	assert (sys.getrefcount(x), sys.getrefcount(out)) == before


@pytest.mark.gpu
def test_torch_streams(torch):
	"""Without a stream of its own a launch is in the order of torch's current stream."""
	if not torch.cuda.is_available():
		pytest.skip("this torch has no CUDA")
	with on("cuda"):
		n = 1 << 22
		side = torch.cuda.Stream()
		for _ in range(5):
			with torch.cuda.stream(side):
				x = torch.zeros(n, device="cuda")
				for _ in range(20):
					x += 1
				out = torch.empty_like(x)
				scale[1024, 256](2.0, x, out)
				out += 1
			side.synchronize()
			assert bool((out == 41).all())
		stream = cuda.external_stream(side.cuda_stream)
		scale[1024, 256, stream](3.0, x, out)
		stream.synchronize()
		assert bool((out == 60).all())


@pytest.mark.gpu
def test_torch_arrays_of_the_other_machine(torch):
	if not torch.cuda.is_available():
		pytest.skip("this torch has no CUDA")
	x = torch.ones(3, device="cuda")
	with on("cpu32"), pytest.raises(TypeError, match="in GPU memory"):
		scale[1, 32](1.0, x, x)
	with on("cuda"):
		host, pinned = torch.zeros(3), torch.zeros(3).pin_memory()
		scale[1, 32](2.0, x, host)
		scale[1, 32](2.0, x, pinned)
		torch.cuda.synchronize()
		assert host.tolist() == pinned.tolist() == [2] * 3
		view = torch.as_tensor(cuda.to_device(np.arange(4, dtype=np.float32)), device="cuda")
		assert view.tolist() == [0, 1, 2, 3]


# -- CuPy --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cupy():
	module = pytest.importorskip("cupy")
	try:
		module.zeros(1)
	except Exception as error:
		pytest.skip(f"CuPy does not work here: {error}")
	with on("cuda"):
		yield module


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
def test_cupy_dtypes(cupy, dtype):
	x = cupy.asarray(np.array([0, 1, 1, 0], dtype))
	out = cupy.zeros_like(x)
	scale[1, 32](1, x, out)
	assert out.tolist() == x.tolist() and typeof(x) is typeof(np.zeros(4, dtype))


@pytest.mark.gpu
def test_cupy_layouts(cupy):
	base, expect = cupy.zeros((6, 8), "f4"), np.zeros((6, 8), "f4")
	views = [lambda a: a, lambda a: a[::2, 1::3], lambda a: a.T, lambda a: a[1:3], lambda a: a[::-1], lambda a: a[2:2]]
	for view in views:
		add_index[1, (8, 8)](view(base))
		part = view(expect)
		part += 10 * np.arange(part.shape[0])[:, None] + np.arange(part.shape[1])
	np.testing.assert_array_equal(cupy.asnumpy(base), expect)
	assert typeof(base) is float32[:, ::1] and typeof(base.T) is float32[::1, :] and typeof(base[:, ::2]) is float32[:, :]
	out = cupy.zeros(1, "f4")
	total[1, 1](cupy.broadcast_to(cupy.ones(1, "f4"), (5,)), out)
	assert out.tolist() == [5]
	scale[1, 32](1.0, cupy.zeros(0, "f4"), cupy.zeros(0, "f4"))


@pytest.mark.gpu
def test_cupy_streams(cupy):
	n = 1 << 22
	for _ in range(5):
		with cupy.cuda.Stream(non_blocking=True) as side:
			x = cupy.zeros(n, "f4")
			for _ in range(20):
				x += 1
			out = cupy.empty_like(x)
			scale[1024, 256](2.0, x, out)
			out += 1
		side.synchronize()
		assert bool((out == 41).all())
	stream = cuda.external_stream(side.ptr)
	scale[1024, 256, stream](3.0, x, out)
	stream.synchronize()
	assert bool((out == 60).all())


@pytest.mark.gpu
def test_cupy_memory_is_shared_both_ways(cupy):
	array = cuda.to_device(np.arange(6, dtype=np.float32).reshape(2, 3))
	view = cupy.asarray(array)
	view *= 2
	cupy.cuda.get_current_stream().synchronize()
	assert array.copy_to_host().tolist() == [[0, 2, 4], [6, 8, 10]]
	back = cuda.as_cuda_array(view)
	assert back.device_pointer == array.device_pointer and back.shape == (2, 3)
	x = cupy.ones(4, "f4")
	with on("cpu32"), pytest.raises(TypeError, match="in GPU memory"):
		scale[1, 32](1.0, x, x)
	before = sys.getrefcount(x)
	for _ in range(200):
		scale[1, 32](1.0, x, x)
	assert sys.getrefcount(x) == before


# -- JAX: arrays are immutable, so kernels may read them ------------------------------------------------------------------------


@pytest.fixture
def numpy_of_jax():
	return pytest.importorskip("jax.numpy")


def jax_on(device):
	import jax
	kind = "gpu" if device == "cuda" else "cpu"
	try:
		return jax.default_device(jax.devices(kind)[0])
	except RuntimeError:
		pytest.skip(f"this JAX has no {kind}")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int16", "int32", "float32"])
def test_jax_arrays_can_be_read(numpy_of_jax, device, dtype):
	with jax_on(device):
		x = numpy_of_jax.asarray(np.array([0, 1, 1, 0], dtype)).block_until_ready()
		out = np.zeros(4, dtype)
		scale[1, 32](1, x, out)
		assert out.tolist() == [0, 1, 1, 0]
		assert typeof(x).dtype.name == dtype and not typeof(x).mutable and typeof(x).layout == "C"


def test_jax_arrays_cannot_be_written(numpy_of_jax, device):
	with jax_on(device):
		x = numpy_of_jax.ones(4).block_until_ready()
		with pytest.raises(Exception, match="read-only"):
			scale[1, 32](2.0, np.ones(4, np.float32), x)
		assert x.tolist() == [1] * 4


def test_jax_layouts_and_dtypes(numpy_of_jax, device):
	with jax_on(device):
		x = numpy_of_jax.arange(12.0).reshape(3, 4).T[::2].block_until_ready()
		assert typeof(x).ndim == 2 and x.shape == (2, 3)
		scale[1, 32](1.0, numpy_of_jax.zeros(0).block_until_ready(), np.zeros(0, np.float32))
		out = np.zeros(4, np.float32)
		scale[1, 32](2.0, numpy_of_jax.ones(4, numpy_of_jax.bfloat16).block_until_ready(), out)
		assert out.tolist() == [2] * 4


def test_jax_tracers(numpy_of_jax, device):
	import jax
	out = np.zeros(4, np.float32)

	def traced(x):
		scale[1, 32](1.0, x, out)
		return x

	with jax_on(device), pytest.raises(TypeError, match="cannot be passed to a kernel: .*racer"):
		jax.jit(traced)(numpy_of_jax.ones(4))


@pytest.mark.parametrize("dtype", ["?", "u1", "i4", "f2", "f4", "f8", "c8"])
def test_torch_takes_device_arrays(torch, where, dtype):
	"""torch.from_dlpack: the same memory, in any layout, for as long as the tensor lives."""
	x = np.arange(24).reshape(4, 6).astype(dtype)
	d = cuda.to_device(x)
	for view, want in (d, x), (d.T, x.T), (d[1:, ::2], x[1:, ::2]):
		t = torch.from_dlpack(view)
		assert t.device.type == where.partition(":")[0] and t.shape == want.shape and np.array_equal(t.cpu().numpy(), want)
		assert t.data_ptr() == view.device_pointer
	t = torch.from_dlpack(d)
	del d, view
	t.zero_()
	assert not t.cpu().numpy().any()
