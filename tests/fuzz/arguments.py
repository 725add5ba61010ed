"""Arguments that nobody means well with, to a kernel that touches none of them: an error in words, or a launch. What lies
about its memory must be found out, or left alone."""

import numpy as np

from gridjit import cuda, errors


@cuda.jit
def takes(a, b=0, *rest):
	pass


class Interface:
	def __init__(self, description):
		self.__cuda_array_interface__ = description


class Numeric:
	"""Answers what numbers are asked, with anything."""

	def __init__(self, answer):
		self.answer = answer

	def __index__(self):
		if isinstance(self.answer, BaseException):
			raise self.answer
		return self.answer

	__int__ = __float__ = __bool__ = __index__


class Array:
	"""Answers what arrays are asked, with anything."""

	def __init__(self, answer):
		self.answer = answer

	def __array__(self, *args, **kwargs):
		return self.answer

	def __dlpack__(self, **kwargs):
		return self.answer

	def __dlpack_device__(self):
		return self.answer


SIZES = [0, 1, 3, -1, 2**31, 2**63 - 1, -2**63, 2**64, 2**70]
JUNK = [None, True, 1.5, "x", b"x", (), [], {}, object(), float("nan"), 1j, len, int, Ellipsis, range(3)]


def number(r):
	return r.choice([*SIZES, r.choice(SIZES), r.choice(JUNK), Numeric(r.choice([*SIZES, *JUNK, ValueError("no"), KeyError()]))])


def shape(r):
	kind = r.random()
	if kind < 0.7:
		return tuple(number(r) if r.random() < 0.3 else r.randint(0, 5) for _ in range(r.randint(0, 8)))
	return r.choice([number(r), [1, 2], "ab", None])


TYPESTRS = ["<f4", "<f8", "<i4", "|b1", "|u1", ">f4", "<c8", "<f2", "|V8", "|S0", "<U3", "<M8[s]", "f", "", "<f3", "<i16", None, 4]


def description(r):
	d = {"shape": shape(r), "typestr": r.choice(TYPESTRS), "data": r.choice([(0, False), (8, False), (number(r), False), (4096, True), None, (1,)]),
		"version": r.choice([3, 2, 0, 99, "3"]), "strides": r.choice([None, shape(r)]), "stream": r.choice([None, 1, 2, 0, -1, "x"]),
		"mask": r.choice([None, None, 1]), "descr": r.choice([[("", "<f4")], None, 7])}
	for key in list(d):
		if r.random() < 0.25:
			del d[key]
	return d if r.random() < 0.9 else r.choice(JUNK)


DTYPES = ["f4", "f8", "i1", "u8", "?", "c8", "f2", "S3", "S0", "U2", "M8[s]", "V4", "O", ">f4", [("a", "f4"), ("b", "i8")], [("a", "f4", (2,))]]


def array(r):
	a = np.zeros(r.choice([(), (0,), (3,), (2, 3), (1,) * 7, (2, 0, 2)]), r.choice(DTYPES))
	for _ in range(r.randint(0, 2)):
		a = r.choice([lambda: a.T, lambda: a[::-1] if a.ndim else a, lambda: np.broadcast_to(a, (2, *a.shape)), lambda: a[..., None],
			lambda: np.asfortranarray(a), lambda: a.view(np.recarray), lambda: np.ma.masked_array(a), lambda: np.lib.stride_tricks.as_strided(a)])()
	if r.random() < 0.2:
		try:
			a.flags.writeable = False
		except ValueError:
			pass
	return a


def value(r, depth=2):
	kind = r.randrange(9)
	if kind == 0:
		return r.choice(JUNK)
	if kind == 1:
		return number(r)
	if kind in (2, 3):
		return array(r)
	if kind == 4:
		return Interface(description(r))
	if kind == 5:
		return Array(r.choice([*JUNK, *SIZES, (1, 0), (2, 0), (1,), (10**30, 0), array(r)]))
	if kind == 6 and depth:
		return r.choice([cuda.In, cuda.Out, cuda.InOut])(value(r, depth - 1))
	if kind == 7 and depth:
		return tuple(value(r, depth - 1) for _ in range(r.randint(0, 3)))
	return np.float32(r.choice([1, -0.0, 1e30])) if r.random() < 0.5 else r.choice([np.int8(-1), np.uint64(2**63), np.bool_(True), np.complex64(1j)])


def launch(r):
	grid = r.choice([1, 2, (1, 2), number(r), shape(r)])
	block = r.choice([1, 32, (4, 2), number(r), shape(r)])
	config = [grid, block] + [r.choice([0, None, number(r), r.choice(JUNK)]) for _ in range(r.choice([0, 0, 0, 1, 2, 3]))]
	launcher = takes[tuple(config)]
	launcher(*(value(r) for _ in range(r.choice([1, 1, 2, 3, 5]))))


def device_array(r):
	made = r.choice([
		lambda: cuda.device_array(shape(r), r.choice([*DTYPES, *JUNK])) if r.random() < 0.9 else cuda.pinned_array(shape(r)),
		lambda: cuda.to_device(value(r)),
		lambda: cuda.as_cuda_array(value(r)),
		lambda: cuda.from_cuda_array_interface(description(r)),
		lambda: cuda.device_array_like(value(r))])()
	if isinstance(made, cuda.DeviceNDArray):
		r.choice([lambda: made.reshape(shape(r)), lambda: made[number(r)], lambda: made[r.choice([slice(None, None, -1), (slice(1, 9), 0), None])],
			lambda: made.view(r.choice(DTYPES)), lambda: made.transpose(shape(r)), lambda: made.ravel(r.choice(["C", "F", "K", 3])),
			lambda: made.split(number(r)), lambda: made.T, lambda: repr(made), lambda: made.copy_to_host(value(r))])()


ALLOWED = (errors.NumbaError, errors.CudaAPIError, errors.CudaSupportError, TypeError, ValueError, IndexError, KeyError, AttributeError,
	OverflowError, NotImplementedError, RuntimeError, BufferError, MemoryError)


def is_lie(error):
	return isinstance(error, SystemError) or type(error).__name__ == "InternalError"


def case(r):
	import warnings
	with warnings.catch_warnings():
		warnings.simplefilter("ignore")
		for _ in range(10):
			try:
				r.choice([launch, launch, device_array])(r)
			except ALLOWED as error:
				if is_lie(error):
					return f"{type(error).__name__}: {error}"
	return None
