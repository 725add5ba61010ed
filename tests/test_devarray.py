"""Device arrays: copies, views and assignment agree with NumPy; other libraries' arrays; memory is given back."""

import gc
import math
import pickle
import re
import sys
import weakref

import numpy as np
import pytest
from conftest import on
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjit import config, cuda, errors, typeof, types

SHAPES = [(), (1,), (5,), (0,), (3, 4), (3, 0), (1, 5), (2, 3, 4), (2, 1, 3, 2)]
DTYPES = ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8", "c16"]


def numbers(shape, dtype="f4", order="C"):
	count = int(np.prod(shape))
	return np.arange(count).reshape(shape, order=order).astype(dtype, order=order)


def same(device_array, host):
	got = device_array.copy_to_host()
	assert got.dtype == host.dtype and got.shape == host.shape == device_array.shape
	np.testing.assert_array_equal(got, host)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_round_trip(device, shape, order):
	host = numbers(shape, order=order)
	array = cuda.to_device(host)
	same(array, host)
	both = host.flags.c_contiguous and host.flags.f_contiguous
	assert (both or array.strides == host.strides) and array.size == host.size and array.nbytes == host.nbytes
	assert array.ndim == host.ndim and array.itemsize == 4 and array.dtype == host.dtype
	assert array.flags == {"C_CONTIGUOUS": host.flags.c_contiguous, "F_CONTIGUOUS": host.flags.f_contiguous}
	host += 1
	if host.size:
		assert (array.copy_to_host() != host).all(), "the device array must be a copy"


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(device, dtype):
	host = numbers((3, 4), dtype)
	same(cuda.to_device(host), host)
	same(cuda.to_device(host)[1:, ::2], host[1:, ::2])


def test_structured_dtype(device):
	host = np.zeros(3, [("a", "f4"), ("b", "i4")])
	host["b"] = 1, 2, 3
	same(cuda.to_device(host), host)
	assert cuda.to_device(host)["b"].copy_to_host().tolist() == [1, 2, 3]
	d = cuda.to_device(host)
	cuda.jit(lambda a: None)[1, 1](d)
	assert d[1:].strides == (8,) and d["a"].strides == (8,) and d[1:]["b"].copy_to_host().tolist() == [2, 3]


def test_records(device):
	host = np.zeros(3, [("a", "f4"), ("p", [("x", "i4"), ("y", "i2")]), ("v", "f8", 3)])
	host["p"]["x"] = 1, 2, 3
	d = cuda.to_device(host)
	r = d[1]
	assert type(r).__name__ == "DeviceRecord" and r["p"]["x"] == 2 and r["a"] == 0 and r["v"].copy_to_host().tolist() == [0, 0, 0]
	r["a"] = 7
	r["p"]["y"] = 5
	r["v"][1:] = 4
	r["p"] = d[2]["p"]
	host[1] = 7, (3, 0), (0, 4, 4)
	assert (d.copy_to_host() == host).all() and r.copy_to_host() == host[1] and d[0] .dtype == host.dtype
	d[2] = host[1]
	assert d.copy_to_host()[2] == host[1] and pickle.loads(pickle.dumps(r)).copy_to_host() == host[1]

	@cuda.jit
	def kernel(r, lone, out):
		out[0] = r.p.x + lone.a
		lone.a = r.v[1]

	lone, out = cuda.to_device(host[0]), np.zeros(1)
	kernel[1, 1](r, lone, out)
	assert out[0] == 3 and lone["a"] == 4 and typeof(lone) is typeof(host[0]) and lone.shape == ()
	into = np.zeros((), host.dtype)
	assert lone.copy_to_host(into) is into and into["a"] == 4


@pytest.mark.parametrize("index", [0, -1, slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(5, 1), ..., None,
	(0, 1), (0,), (slice(None), 1), (..., 0), (slice(1, 2), slice(None, None, -2)), (None, 0), (0, None, slice(2)), (1, ..., 2),
	(2, 3), (np.int64(1), np.uint8(2)), (..., slice(None), slice(None))], ids=str)
def test_indexing(device, index):
	host = numbers((3, 4), "f8")
	got, want = cuda.to_device(host)[index], host[index]
	if want.ndim == 0 and not (isinstance(index, tuple) and ... in index):
		assert got == want and type(got) is type(want)
	else:
		same(got, want)
		assert got.strides == want.strides


@pytest.mark.parametrize("index, error", [(3, IndexError), (-4, IndexError), ((0, 4), IndexError), ((0, 0, 0), IndexError),
	((..., ...), IndexError), ([0, 3], IndexError), (np.array([1, -4]), IndexError), (1.5, IndexError), ("name", IndexError),
	(np.ones((3, 5), bool), IndexError), (np.ones(4, bool), IndexError), ([0.5], IndexError), (([0, 1], [0, 1, 2]), IndexError)], ids=str)
def test_bad_index(device, index, error):
	array = cuda.to_device(numbers((3, 4)))
	with pytest.raises(error):
		array[index]
	with pytest.raises(error):
		array[index] = 0


def test_device_arrays_as_indices(device):
	array = cuda.to_device(numbers((3, 4)))
	same(array[cuda.to_device(np.array(1))], numbers((3, 4))[1])
	for index in array > 2, cuda.to_device(np.array([0, 1])), (slice(None), array[0] > 1):
		host = index.copy_to_host() if not isinstance(index, tuple) else (index[0], index[1].copy_to_host())
		same(array[index], numbers((3, 4))[host])


@st.composite
def indices(draw, shape):
	"""Indices with arrays or masks in them."""
	if draw(st.integers(0, 3)) == 0:
		first = draw(st.integers(0, len(shape)))
		return np.random.default_rng(draw(st.integers(0, 99))).random(shape[:first]) > draw(st.sampled_from([0, 0.4, 1]))
	wide = draw(st.sampled_from([(), (3,), (2, 3), (1,), (0,)]))
	key = []
	for n in shape[:draw(st.integers(1, len(shape)))]:
		places = st.builds(lambda seed, n=n: np.random.default_rng(seed).integers(-n, n, wide), st.integers(0, 99))
		key.append(draw(st.one_of(places, places, st.integers(-n, n - 1), st.sampled_from([slice(None), slice(None, None, -1), slice(1, None), None, ...]))))
	if sum(one is ... for one in key) > 1:
		key = [one for one in key if one is not ...]
	return tuple(key)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), dtype=st.sampled_from(["i4", "f8", "c16", "?", "i4,f8", "S3"]), lies=st.sampled_from(["C", "F", "reversed"]))
def test_arrays_and_masks_as_indices(device, data, dtype, lies):
	host = np.arange(60).reshape(3, 4, 5).astype(dtype)
	view = {"C": lambda a: a, "F": lambda a: a.T, "reversed": lambda a: a[::-1, :, ::2]}[lies]
	array, key = view(cuda.to_device(host)), data.draw(indices(view(host).shape))
	want = view(host)[key]
	got = array[key]
	if isinstance(want, np.ndarray):
		same(got, want)
	else:
		assert (got.copy_to_host() if isinstance(got, cuda.DeviceNDArray) else got) == want
	value = data.draw(st.sampled_from(["number", "host", "device", "row"]))
	new = np.arange(60, 60 + np.size(want)).reshape(np.shape(want)).astype(dtype)
	new = new[..., :1] if value == "row" and new.ndim else host[0, 0, 0] if value == "number" else new
	view(host)[key] = new
	array[key] = cuda.to_device(new) if value == "device" and new.ndim else new
	same(array, view(host))


def test_what_is_stored_where_arrays_say(device):
	host, array = numbers((4, 6)), cuda.to_device(numbers((4, 6)))
	for key, value in ((host > 7, np.arange(16)), ([0, 0, 1], [[1], [2], [3]]), ((slice(None), [1, 1]), [8, 9])):
		host[key] = array[key] = value
		same(array, host)
	for key, value in ((host > 7, np.arange(15)), ([0, 1], np.ones((3, 6))), (([0, 1], [2, 3]), np.ones(3))):
		with pytest.raises(ValueError) as want:
			host[key] = value
		with pytest.raises(ValueError) as got:
			array[key] = value
		assert str(got.value) == str(want.value)


@pytest.mark.parametrize("what", ["a.T.reshape(24)", "a.reshape(6, 4, order='F')", "a.T.reshape(8, 3, order='A')", "a.ravel('K')", "a.T.ravel('K')", "a[:0].ravel('K')",
	"a[:, ::-1].ravel('K')", "a.T.ravel('A')", "a.transpose(1, 0)", "a.transpose()", "a.mT", "a.view()", "a.real", "a.imag", "z.real[::-1]", "z.imag", "(z * 1).T.imag"])
def test_views_and_copies_as_numpy_has_them(device, what):
	a, z = numbers((4, 6), "f8"), numbers((4, 6), "c8") * (1 + 2j)
	same(eval(what, {"a": cuda.to_device(a), "z": cuda.to_device(z)}), eval(what, {"a": a, "z": z}) if what != "a.mT" else a.T)


def test_in_sort_and_truth(device):
	a = cuda.to_device(numbers((4, 6))[::-1, ::-1].copy())
	assert 5 in a and 24 not in a and np.nan not in a
	a.sort(axis=0)
	same(a, np.sort(numbers((4, 6))[::-1, ::-1], axis=0))
	part = cuda.to_device(np.ones(3, "c8"))
	part.imag[1:] = 5
	assert part.copy_to_host().tolist() == [1, 1 + 5j, 1 + 5j]
	with pytest.raises(ValueError, match="The truth value of an array with more than one element is ambiguous"):
		bool(a)


@pytest.mark.parametrize("index", [0, (1, 2), slice(None), slice(1, None), (slice(None), 1), (slice(None, None, 2), slice(1, 3)), ...,
	(slice(None, None, -1),)], ids=str)
@pytest.mark.parametrize("value", [7, 2.5, "row", "device"])
def test_assignment(device, index, value):
	host = numbers((3, 4), "f8")
	array = cuda.to_device(host)
	if isinstance(value, str):
		piece = np.broadcast_to(np.asarray(-host[index]), host[index].shape).copy()
		host[index] = piece
		array[index] = cuda.to_device(piece) if value == "device" else piece
	else:
		host[index] = array[index] = value
	same(array, host)


def test_assignment_converts_and_broadcasts(device):
	host = numbers((3, 4), "i4")
	array = cuda.to_device(host)
	host[...] = array[...] = np.array([1.9, -2.9, 3, 4])
	same(array, host)
	array[:, 1] = cuda.to_device(np.array([7.5, 8.5, 9.5]))
	host[:, 1] = [7.5, 8.5, 9.5]
	same(array, host)
	with pytest.raises(ValueError):
		array[...] = np.zeros(3)


def test_views_share_memory(device):
	array = cuda.to_device(numbers((4, 6)))
	array.T[2:, 1] = -1
	array.reshape(24)[0] = 99
	array.ravel()[1] = 98
	host = array.copy_to_host()
	assert (host[1, 2:] == -1).all() and host[0, 0] == 99 and host[0, 1] == 98


def test_shape_methods(device):
	host = numbers((2, 3, 1, 4))
	array = cuda.to_device(host)
	same(array.reshape(6, 4), host.reshape(6, 4))
	same(array.reshape((4, -1)), host.reshape(4, -1))
	same(array.reshape(-1), host.reshape(-1))
	same(array.T, host.T)
	same(array.transpose((1, 0, 3, 2)), host.transpose(1, 0, 3, 2))
	same(array.squeeze(), host.squeeze())
	same(array.squeeze(2), host.squeeze(2))
	same(array.ravel(), host.ravel())
	same(array.T.ravel("F"), host.T.ravel("F"))
	same(array.T.ravel(), host.T.ravel())
	same(array.view("i4"), host.view("i4"))
	same(array.view(np.uint8), host.view(np.uint8))
	same(array[::-1].copy(), host[::-1])
	same(cuda.to_device(numbers((3, 4), order="F")).reshape(2, 6, order="F"), numbers((3, 4), order="F").reshape(2, 6, order="F"))
	with pytest.raises(ValueError):
		array.reshape(5, 5)
	with pytest.raises(ValueError):
		array.squeeze(0)
	with pytest.raises(ValueError):
		array.transpose((0, 1))


def test_split(device):
	pieces = list(cuda.to_device(numbers(10)).split(4))
	assert [piece.shape for piece in pieces] == [(4,), (4,), (2,)] and pieces[2].copy_to_host().tolist() == [8, 9]
	with pytest.raises(ValueError):
		cuda.to_device(numbers((2, 2))).split(2)


def test_copy_to_host_into(device):
	array = cuda.to_device(numbers((3, 4)))
	for out in np.zeros((3, 4), "f4"), np.zeros((3, 4), "f4", "F"), np.zeros((3, 4)), np.zeros((6, 8), "f4")[::2, ::2]:
		assert array.copy_to_host(out) is out
		np.testing.assert_array_equal(out, numbers((3, 4)))
		same(array.T, out.astype("f4").T)
	with pytest.raises(ValueError):
		array.copy_to_host(np.zeros((4, 3), "f4"))
	frozen = np.zeros((3, 4), "f4")
	frozen.flags.writeable = False
	with pytest.raises(ValueError):
		array.copy_to_host(frozen)


def test_copy_to_device(device):
	array = cuda.device_array((3, 4), "f4")
	array.copy_to_device(numbers((3, 4)))
	same(array, numbers((3, 4)))
	array.copy_to_device(cuda.to_device(numbers((3, 4)) + 1))
	same(array, numbers((3, 4)) + 1)
	array.copy_to_device(numbers((4, 3)).T)
	same(array, numbers((4, 3)).T)
	with pytest.raises(ValueError, match="incompatible shape"):
		array.copy_to_device(numbers((4, 3)))
	into = cuda.device_array((2,), "f8")
	assert cuda.to_device([1, 2], to=into) is into and into.copy_to_host().tolist() == [1.0, 2.0]
	assert cuda.to_device(into) is into


@pytest.mark.parametrize("make, error", [
	(lambda: cuda.device_array(-1), ValueError), (lambda: cuda.device_array((2, -2)), ValueError),
	(lambda: cuda.device_array("x"), TypeError), (lambda: cuda.device_array(1.5), TypeError),
	(lambda: cuda.device_array((1,) * 7), ValueError), (lambda: cuda.device_array(3, object), (TypeError, ValueError, errors.TypingError)),
	(lambda: cuda.device_array(3, order="K"), ValueError), (lambda: cuda.device_array(3, strides=(4, 4)), ValueError),
	(lambda: cuda.device_array((2**62, 2**62)), ValueError), (lambda: cuda.device_array(2**58), MemoryError),
	(lambda: cuda.device_array(3, "nonsense"), TypeError), (lambda: cuda.device_array(3, stream="x"), TypeError)])
def test_refused(device, make, error):
	with pytest.raises(error):
		make()


def test_device_array_like(device):
	for host in numbers((3, 4)), numbers((3, 4), "i2", "F"), numbers((4, 6))[::2, ::2]:
		like = cuda.device_array_like(host)
		assert like.shape == host.shape and like.dtype == host.dtype
		assert like.is_f_contiguous() == (host.flags.f_contiguous and not host.flags.c_contiguous)
	assert cuda.device_array(4).dtype == np.float64
	from gridjit import float32
	assert cuda.device_array(4, float32).dtype == np.float32
	assert cuda.device_array(np.int64(3)).shape == (3,)
	strided = cuda.device_array((3,), "f4", strides=(8,))
	assert strided.strides == (8,) and strided.alloc_size == 20


def test_pinned(device):
	host = cuda.pinned_array((3, 4), np.float32)
	host[...] = numbers((3, 4))
	stream = cuda.stream()
	array = cuda.to_device(host, stream=stream)
	out = cuda.pinned_array_like(host)
	array.copy_to_host(out, stream=stream)
	stream.synchronize()
	np.testing.assert_array_equal(out, numbers((3, 4)))
	assert cuda.pinned_array_like(numbers((3, 4), order="F")).flags.f_contiguous
	assert cuda.pinned_array(0).size == 0 and cuda.pinned_array((2,), "i4", strides=(8,)).strides == (8,)
	keep = cuda.pinned_array(10)[2:]
	gc.collect()
	keep[:] = 1


def test_what_pinned_memory_cannot_hold(device):
	for dtype in object, [("a", "f4"), ("b", "O")]:
		with pytest.raises(errors.NumbaValueError, match="Unsupported array dtype"):
			cuda.pinned_array(3, dtype)
	with pytest.raises(ValueError, match="must not be negative"):
		cuda.pinned_array((2, -1))
	with pytest.raises(TypeError):
		cuda.pinned_array(1.5)
	with pytest.raises(ValueError, match="does not fit in 64 bits"):
		cuda.pinned_array((1 << 31, 1 << 32))


@pytest.mark.parametrize("dtype", ["f2", "c8", "c16", "S3", ">f4", [("a", "i2"), ("b", "f4")], "V32", "?", "f8", "V1"], ids=str)
def test_strided_copies_on_the_device(device, dtype):
	"""By kernels, whatever the items are: on the CPU device NumPy would do it."""
	from gridjit.cuda._copy import copy
	source = np.frombuffer(np.arange(7 * 6 * 4 * 32, dtype="u1").tobytes()[:7 * 6 * 4 * np.dtype(dtype).itemsize], "u1") % 2
	source = source.view(dtype).reshape(7, 6, 4)
	target = cuda.to_device(np.zeros((4, 6, 7), dtype))
	copy(target[::-1, 1::2], cuda.to_device(source).T[:, ::2], 0)
	want = np.zeros((4, 6, 7), dtype)
	want[::-1, 1::2] = source.T[:, ::2]
	assert target.copy_to_host().tobytes() == want.tobytes()
	copy(target[0, 0, 0, ...], cuda.to_device(source)[0, 0, 0, ...], 0)
	copy(target[:, 0], cuda.to_device(source)[1, 1, 1, ...]._broadcast((4, 7)), 0)
	want[0, 0, 0] = source[0, 0, 0]
	want[:, 0] = source[1, 1, 1]
	assert target.copy_to_host().tobytes() == want.tobytes()


def test_strided_copies_convert(device):
	half = cuda.to_device(np.zeros((4, 6), "f2"))
	half[::2, 1] = numbers(2)
	half[1, ::3] = cuda.to_device(numbers((2, 2)))[:, 0]
	want = np.zeros((4, 6), "f2")
	want[::2, 1], want[1, ::3] = numbers(2), numbers((2, 2))[:, 0]
	same(half, want)
	same(half.T.copy(), want.T)


def test_what_views_and_copies_cannot_take(device):
	array = cuda.to_device(numbers((3, 4)))
	assert array[np.array(1)].shape == (4,)
	with pytest.raises(TypeError, match="writes to a NumPy array, not to list"):
		array.copy_to_host([1])


def test_bind_and_streams(device):
	stream = cuda.stream()
	array = cuda.to_device(numbers(5), stream=stream)
	assert array.bind(stream).stream is stream and array[1:].stream is stream
	same(array.bind(0), numbers(5))
	with pytest.raises(TypeError):
		array.bind("x")


def test_numpy_protocol(device):
	array = cuda.to_device(numbers((3, 4)))
	np.testing.assert_array_equal(np.asarray(array), numbers((3, 4)))
	assert np.asarray(array, dtype="f8").dtype == np.float64 and np.sum(array) == 66
	assert [row.tolist() for row in map(np.asarray, array)] == numbers((3, 4)).tolist()
	with pytest.raises(ValueError):
		bool(array)
	with pytest.raises(TypeError):
		len(cuda.to_device(np.float32(1)))
	assert bool(cuda.to_device(np.ones(1))) and not bool(cuda.to_device(np.zeros((1, 1))))
	same(pickle.loads(pickle.dumps(array[:, ::2])), numbers((3, 4))[:, ::2])
	assert "shape=(3, 4)" in repr(array)


def test_used_as_numbers_and_text(device):
	a = cuda.to_device(np.arange(5.0))
	total, place = a.sum(), a.argmax()
	assert (float(total), int(total), complex(total), round(total), round(total + 0.26, 1), math.sqrt(total)) == \
		(10, 10, 10, 10, 10.3, math.sqrt(10))
	assert list("abcdefg")[place] == "e" and list(range(place)) == [0, 1, 2, 3]
	assert f"{total:6.2f}|{total}|{a}|%d" % total == " 10.00|10.0|[0. 1. 2. 3. 4.]|10" and str(a) == "[0. 1. 2. 3. 4.]"
	assert total.item() == 10 and a.item(2) == 2 and a.tolist() == [0, 1, 2, 3, 4] and repr(a) == "DeviceNDArray(shape=(5,), dtype=float64)"
	with pytest.raises(TypeError, match="only 0-dimensional"):
		float(a)
	with pytest.raises(TypeError, match="integer"):
		range(total)


def test_what_is_not_built_works_on_copies(device):
	host = np.array([3.0, 1, 2])
	a = cuda.to_device(host)
	assert a @ a == host @ a == a @ host == np.matmul(a, a) == a.dot(host) == 14 and np.gcd(cuda.to_device(np.array([4, 6])), 6).tolist() == [2, 6]
	for lies in (lambda x: x[::2].T, lambda x: x.T, lambda x: x[::-1]):
		sheet = numbers((4, 3), "f8")
		for order in "CFAK":
			assert lies(cuda.to_device(sheet)).flatten(order).tolist() == lies(sheet).flatten(order).tolist()
			assert lies(cuda.to_device(sheet)).tobytes(order) == lies(sheet).tobytes(order)
	assert a.argsort().tolist() == [1, 2, 0] and a.std() == host.std() and np.where(a > 1)[0].tolist() == [0, 2]
	with pytest.raises(TypeError, match="unsupported operand"):
		a @ "x"


def test_foreign_dictionary(device):
	array = cuda.to_device(numbers((3, 4)))
	description = {"shape": (3, 4), "typestr": "<f4", "data": (array.device_pointer, False), "version": 3}
	view = cuda.from_cuda_array_interface(description, owner=array)
	same(view, numbers((3, 4)))
	assert view.gpu_data is array
	same(cuda.from_cuda_array_interface({**description, "shape": (4,), "strides": (-8,), "data": (array.device_pointer + 24, True)},
		owner=array), numbers(12)[6::-2])
	with pytest.raises(ValueError):
		cuda.from_cuda_array_interface({**description, "data": (array.device_pointer, True)})[0] = 1
	for bad, error in ({"mask": 1}, NotImplementedError), ({"stream": 0}, ValueError), ({"version": 0}, ValueError), (
			{"typestr": "<x9"}, TypeError), ({"shape": (-1,)}, ValueError):
		with pytest.raises(error):
			cuda.from_cuda_array_interface({**description, **bad})
	assert cuda.is_cuda_array(array) and not cuda.is_cuda_array(numbers(3))
	assert cuda.as_cuda_array(array) is array
	with pytest.raises(TypeError):
		cuda.as_cuda_array(numbers(3))


class OnGPU:
	def __init__(self, address):
		self.__cuda_array_interface__ = {"shape": (4,), "typestr": "<f4", "data": (address, False), "version": 3}


def test_gpu_memory_on_the_cpu_device():
	for address in 4096, 1 << 46:
		for use in (cuda.as_cuda_array, cuda.to_device, lambda x: cuda.device_array(4, "f4").copy_to_device(x),
				lambda x: cuda.from_cuda_array_interface(x.__cuda_array_interface__)):
			with on("cpu32"), pytest.raises(TypeError, match="in GPU memory, but kernels run on the CPU"):
				use(OnGPU(address))


def test_interface(device):
	array = cuda.to_device(numbers((3, 4)))
	if device != "cuda":
		assert not hasattr(array, "__cuda_array_interface__")
		return
	description = array.T.__cuda_array_interface__
	assert description["shape"] == (4, 3) and description["strides"] == (4, 16) and description["version"] == 3
	assert description["typestr"] == "<f4" and description["data"] == (array.device_pointer, False)
	assert array.__cuda_array_interface__["strides"] is None


def test_memory_is_given_back(device):
	"""Twice as much as there is cannot be had if freed memory stays away."""
	free, total = cuda.current_context().get_memory_info()
	count = max(64, min(1000, 2 * total // 2**28))
	for _ in range(count):
		cuda.device_array(2**26, "f4")
	keep = [cuda.device_array(1000)[::2][1:] for _ in range(100)]
	owner = sys.getrefcount(keep[0].gpu_data)
	assert owner == 2, "a view holds the buffer and nothing else does"


def test_references(device):
	dtype, host = np.dtype("f4"), numbers((8, 8))
	cuda.to_device(host)[1:, ::2].T.copy_to_host()
	before = sys.getrefcount(dtype), sys.getrefcount(host), sys.getrefcount(None) if sys.version_info < (3, 12) else 0
	for _ in range(500):
		array = cuda.to_device(host)
		array[1:, ::2].T.copy_to_host()
		array.reshape(64).shape, array.strides, array.dtype, array.flags
		array[0] = 1
		with pytest.raises(IndexError):
			array[99]
	del array
	after = sys.getrefcount(dtype), sys.getrefcount(host), sys.getrefcount(None) if sys.version_info < (3, 12) else 0
	assert all(abs(a - b) < 50 for a, b in zip(after, before)), (before, after)


def test_device_arrays_stay_on_their_device():
	if config.DEVICE != "cpu":
		config.DEVICE = "cpu"
	array = cuda.to_device(numbers(4))
	with pytest.raises(ValueError, match="read-only"):
		cuda.from_cuda_array_interface({"shape": (1,), "typestr": "<f4", "data": (array.device_pointer, True), "version": 3},
			owner=array)[...] = 0


# -- arrays for other libraries --

@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "c8", "c16"])
def test_dlpack_shares_the_memory(device, dtype):
	if device == "cuda":
		pytest.skip("NumPy takes the host's memory only")
	x = np.arange(24).reshape(2, 3, 4).astype(dtype)
	d = cuda.to_device(x)
	for view, want in (d, x), (d[:, ::-1, 1:3], x[:, ::-1, 1:3]), (d.T, x.T), (d[0, 0, 0:0], x[0, 0, 0:0]), (d[1, 2, 3, ...], x[1, 2, 3, ...]):
		host = np.from_dlpack(view)
		assert host.dtype == x.dtype and host.shape == want.shape and np.array_equal(host, want)
		assert host.size == 0 or host.__array_interface__["data"][0] == view.device_pointer
	assert np.from_dlpack(cuda.device_array(3, types.float64)).shape == (3,)


def test_dlpack_keeps_the_memory_and_lets_it_go(device):
	d = cuda.to_device(np.arange(1000.0))
	gone = weakref.ref(d)
	host, unused = d if device == "cuda" else np.from_dlpack(d), (d.__dlpack__(), d.__dlpack__(max_version=(1, 0)))
	del d
	gc.collect()
	assert gone() is not None and float(host.sum()) == 499500
	del host, unused
	gc.collect()
	assert gone() is None


def test_dlpack_keywords():
	d = cuda.to_device(np.arange(3.0))
	assert d.__dlpack_device__() == (1, 0) if d.on_host else d.__dlpack_device__()[0] == 2
	if d.on_host:
		shared, copied = np.from_dlpack(d), np.from_dlpack(d, copy=True)
		d[0] = 9
		assert shared[0] == 9 and copied[0] == 0
		with pytest.raises(BufferError, match="copies to"):
			d.__dlpack__(dl_device=(2, 0))
		readonly = np.from_dlpack(np.broadcast_to(d, (2, 3)))
		assert not readonly.flags.writeable and readonly[1, 0] == 9
	assert "dltensor_versioned" in repr(d.__dlpack__(max_version=(1, 0))) and "dltensor_versioned" not in repr(d.__dlpack__())


def test_flat(device):
	x = np.arange(12.0).reshape(3, 4)
	for make in (lambda a: a, lambda a: a.T, lambda a: a[:, ::2]):
		a, want = make(cuda.to_device(x)), make(x.copy())
		assert list(a.flat) == list(want.flat) and len(a.flat) == len(want.flat) and a.flat[3] == want.flat[3]
		assert np.array_equal(a.flat[1:4], want.flat[1:4]) and np.array_equal(np.asarray(a.flat), want.ravel())
		items, expected = a.flat, want.flat
		assert [next(items), next(items)] == [next(expected), next(expected)] and (items.index, items.coords) == (expected.index, expected.coords)
		assert list(items) == list(expected) and items.coords == expected.coords and list(items) == []
		for key, value in (2, 7), (slice(None, None, 2), [1, 2]), (slice(0, 3), 5), ([0, 4], [8, 9]), (-1, 3), (..., []):
			a.flat[key] = value
			want.flat[key] = value
			assert np.array_equal(a.copy_to_host(), want)
		a.flat = [1, 2, 3]
		want.flat = [1, 2, 3]
		assert np.array_equal(a.copy_to_host(), want)
	small = cuda.to_device(np.zeros((1, 3), "i1"))
	for value, error in (3j, TypeError), (np.arange(2), ValueError):
		with pytest.raises(error):
			small.flat[0] = value
	assert small.flat.coords == (0, 0) and cuda.to_device(np.float32(3)).flat.coords == () and cuda.to_device(np.zeros((2, 0))).flat.coords == (0, 0)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("change", ["np.copyto(a, 1)", "np.copyto(a, b, where=b > 2)", "np.put(a, [0, -1], [7, 8])", "a.put([1, 2], 5)", "np.place(a, b > 2, [4, 5])", "np.putmask(a, b > 2, b * 2)",
	"np.fill_diagonal(a, 9)", "np.put_along_axis(a, np.array([[0], [1]]), 5, axis=1)", "a.sort()", "a.partition(1)", "a.byteswap()", "a.byteswap(inplace=True)",
	"np.copyto(dst=a, src=b)", "np.put(a=a, ind=[0], v=5)", "np.place(arr=a, mask=b > 2, vals=[4])", "np.nan_to_num(np.divide(a, 0, a), False)", "np.nan_to_num(np.divide(a, 0, a), copy=False)"])
def test_functions_that_write_to_their_first_argument(device, change):
	"""They change the array in device memory, not a copy."""
	x, y = np.array([[3.0, 1, 2], [6, 5, 4]]), np.arange(6.0).reshape(2, 3)
	d = cuda.to_device(x)
	eval(change, {"np": np, "a": d, "b": cuda.to_device(y)})
	eval(change, {"np": np, "a": x, "b": y})
	assert np.array_equal(d.copy_to_host(), x)


@pytest.mark.parametrize("call", ["np.round(a, 0, o)", "np.take(a, [1, 0], 0, o)", "np.dot(a, b, q)", "np.median(a, 0, r)", "np.percentile(a, 50, 0, r)", "np.var(a, 0, None, r)", "np.trace(a, 0, 0, 1, None, z)",
	"np.compress([False, True, True], a, 1, q)", "np.choose([0, 1, 0], [r, r + 1], r)", "np.einsum('ij->j', a, out=r)", "np.matmul(a, b, q)", "np.matmul(a, b, out=q)", "np.subtract.reduce(a, 0, None, r)", "np.gcd(k, 4, k)",
	"a.round(0, o)", "a.round(out=o)", "a.take([1, 0], 0, o)", "a.dot(b, out=q)", "a.std(0, None, r)", "a.compress([False, True, True], 1, q)", "np.take(a, [1, 0], axis=0, out=a)"])
def test_outputs_of_functions_that_work_on_copies(device, call):
	"""They are written wherever they stand, and returned."""
	x = np.array([[3.5, 1, 2], [6.25, 5, 4]])
	arrays = {"a": x, "b": x.T, "o": np.zeros((2, 3)), "q": np.zeros((2, 2)), "r": np.zeros(3), "z": np.zeros(()), "k": np.arange(3)}
	host, on_device = {name: a.copy() for name, a in arrays.items()}, {name: cuda.to_device(a) for name, a in arrays.items()}
	wanted, given = eval(call, {"np": np, **host}), eval(call, {"np": np, **on_device})
	assert [name for name, a in host.items() if a is wanted] == [name for name, a in on_device.items() if a is given] != []
	for name, a in host.items():
		assert np.array_equal(a, on_device[name].copy_to_host()), name


def test_functions_do_not_write_to_readonly_arrays(device):
	shown = np.broadcast_to(cuda.to_device(np.arange(3.0)), (2, 3))
	for write in (lambda: np.copyto(shown, 1), lambda: np.round(shown, 0, shown), lambda: shown.round(out=shown), lambda: shown.sort()):
		with pytest.raises(ValueError, match="read-only"):
			write()


def test_flags():
	d = cuda.to_device(np.zeros((2, 3)))
	assert d.flags.c_contiguous and not d.T.flags.c_contiguous and d.T.flags.f_contiguous and d.flags.writeable and d.flags["C_CONTIGUOUS"]
	for view in (lambda a: a, lambda a: a.T, lambda a: a[:, 1:], lambda a: a[:1]):
		given, wanted = view(d).flags, view(np.zeros((2, 3))).flags
		assert all(given[name] == wanted[name] for name in ("C", "F", "W", "CONTIGUOUS", "FORTRAN", "WRITEABLE", "FORC", "FNC")) and given.forc == wanted.forc
	assert not np.broadcast_to(d, (2, 2, 3)).flags.writeable
	with pytest.raises(AttributeError, match="no flag 'contigous': there are c_contiguous"):
		d.flags.contigous


def test_writeable_is_a_flag(device):
	d = cuda.to_device(np.arange(4.0))
	d.flags.writeable = False
	assert d.readonly and not d.flags.writeable and d[1:].readonly
	with pytest.raises(ValueError, match="read-only"):
		d[0] = 1
	d.setflags(write=True, align=True)
	d[0] = 7
	assert d[0] == 7
	with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
		np.broadcast_to(d, (2, 4)).setflags(write=True)


def test_fields_of_items(device):
	x = np.arange(6.0)[::2]
	d = cuda.to_device(np.arange(6.0))[::2]
	for dtype, offset in ("u4", 4), ("i2", 0), ("f8", 0):
		assert np.array_equal(d.getfield(dtype, offset).copy_to_host(), x.getfield(dtype, offset))
	d.setfield(3, "u2", 6)
	x.setfield(3, "u2", 6)
	assert d.copy_to_host().tobytes() == x.tobytes()
	for dtype, offset in ("f4", 5), ("c16", 0), ("f4", -1):
		with pytest.raises(ValueError) as wanted:
			x.getfield(dtype, offset)
		with pytest.raises(ValueError, match=re.escape(str(wanted.value))):
			d.getfield(dtype, offset)
	with pytest.raises(ValueError, match="np.resize"):
		d.resize(7)


def test_memory_for_others(device):
	d = cuda.to_device(np.arange(6, dtype="i4"))
	assert d.base is d.gpu_data
	if d.on_host:
		d.data[1] = 9
		assert d[1] == 9 and d.ctypes.data == d.device_pointer and d[2:].data.nbytes == 16
	else:
		assert not hasattr(d, "data") and not hasattr(d, "ctypes")
	m = n = cuda.to_device(np.array([[1.0, 2], [3, 4]]))
	m @= n
	assert m is n and n.copy_to_host().tolist() == [[7, 10], [15, 22]]
