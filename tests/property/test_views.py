"""Random indices and slices of arrays of every layout, some of them known at run time only, against NumPy."""

import itertools
import linecache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

counter = itertools.count()
options = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
INTS = [-100, -7, -4, -3, -2, -1, 0, 1, 2, 3, 4, 7, 100]


class Indices:
	"""Index expressions as source text; numbers are literals or items of the kernel's argument k."""

	def __init__(self, random):
		self.random, self.numbers = random, []

	def number(self, choices):
		value = self.random.choice(choices)
		if self.random.random() < 0.5:
			return str(value)
		self.numbers.append(value)
		return f"k[{len(self.numbers) - 1}]"

	def slice(self):
		part = lambda choices: self.number(choices) if self.random.random() < 0.6 else ""  # noqa: E731
		step = part([v for v in INTS if v]) if self.random.random() < 0.6 else ""
		return f"{part(INTS)}:{part(INTS)}" + (f":{step}" if step else "")

	def index(self, shape, most):
		"""An index for an array of this shape; at most `most` dimensions may come out."""
		taken = self.random.randint(0, len(shape))
		items, left = [], len(shape)
		for extent in shape[:taken]:
			if self.random.random() < 0.4 and extent:
				items.append(self.number(range(-extent, extent)))
				left -= 1
			else:
				items.append(self.slice())
		if self.random.random() < 0.3:
			items.append("...")
		if self.random.random() < 0.3 and left < most:
			items.insert(self.random.randint(0, len(items)), "None")
		return ", ".join(items or ["..."])


def array(random):
	shape = [random.randint(0 if random.random() < 0.1 else 1, 4) for _ in range(random.randint(1, 4))]
	kind = random.choice("CFA")
	base = np.arange(int(np.prod([2 * n for n in shape]))).reshape([2 * n for n in shape])
	view = base[tuple(slice(None, None, random.choice([2, -2])) for _ in shape)]
	view = view.transpose(random.sample(range(len(shape)), len(shape)))
	return view if kind == "A" else np.array(view, order=kind)


def same_view(a):
	"""A copy that lies as the array does, which may be a view of each second item, some of them backwards."""
	if not a.size:                             # where it begins may be outside its memory; nothing is written
		return a
	room = a.base if a.base is not None else a
	copy = np.zeros_like(room)
	start = a.__array_interface__["data"][0] - room.__array_interface__["data"][0]
	out = np.ndarray(a.shape, a.dtype, copy, start, a.strides)
	out[...] = a
	return out


def loops(name, ndim, body):
	"""for i0 in range(name.shape[0]): … body."""
	lines = ["\t" * (d + 1) + f"for i{d} in range({name}.shape[{d}]):" for d in range(ndim)]
	return "\n".join([*lines, "\t" * (ndim + 1) + body]) + "\n"


def launch(text, *args):
	from gridjit import cuda
	name = f"<random view {next(counter)}>"
	linecache.cache[name] = len(text), None, text.splitlines(True), name
	scope = {}
	exec(compile(text, name, "exec"), scope)
	cuda.jit(scope["kernel"])[1, 1](*args)


def chain(random, a):
	"""Source of an expression of a, the numbers in it, and its value."""
	made, text, value = Indices(random), "a", a
	for _ in range(random.randint(1, 3)):
		index = made.index(value.shape, 5)
		found = eval(f"v[{index}]", {"v": value, "k": made.numbers})
		if not isinstance(found, np.ndarray) or found.ndim == 0:
			break
		text, value = f"{text}[{index}]", found
		if random.random() < 0.2:
			text, value = f"{text}.T", value.T
	return text, np.array(made.numbers + [0]), value


@options
@given(random=st.randoms(use_true_random=False))
def test_reading(devices, random):
	a = array(random)
	text, numbers, want = chain(random, a)
	index = ", ".join(f"i{d}" for d in range(want.ndim))
	source = "def kernel(a, k, out, about):\n"
	source += f"\tv = {text}\n\tn = 0\n"
	source += loops("v", want.ndim, f"out[n] = v[{index}]; n += 1")
	source += "".join(f"\tabout[{2 * d}] = v.shape[{d}]; about[{2 * d + 1}] = v.strides[{d}]\n" for d in range(want.ndim))
	source += f"\tabout[{2 * want.ndim}] = v.size\n"
	for device in devices():
		out, about = np.full(want.size + 1, -1), np.zeros(2 * want.ndim + 1, np.int64)
		launch(source, a, numbers, out, about)
		assert about[:-1:2].tolist() == list(want.shape) and about[-1] == want.size, f"{device}\n{source}"
		np.testing.assert_array_equal(out, np.append(want.ravel(), -1), err_msg=f"{device}\n{source}")
		packed = device == "cuda" and not (a.flags.c_contiguous or a.flags.f_contiguous)      # on its way to the device
		if text != "a" and want.size and not packed:    # NumPy leaves the strides of extents that are 1 or 0 as it likes
			assert [s for s, n in zip(about[1::2], want.shape) if n > 1] == [s for s, n in zip(want.strides, want.shape) if n > 1], device


@options
@given(random=st.randoms(use_true_random=False))
def test_assigning(devices, random):
	a = array(random)
	text, numbers, target = chain(random, a)
	shape = [n if random.random() < 0.7 else 1 for n in target.shape][random.randint(0, target.ndim):]
	value = -1 - np.arange(int(np.prod(shape))).reshape(shape) if shape else np.int64(-5)
	want = a.copy(order="K")
	place = eval(text, {"a": want, "k": numbers})
	place[...] = value
	for device in devices():
		got = same_view(a)
		launch(f"def kernel(a, k, value):\n\t{text}[...] = value\n", got, numbers, value)
		np.testing.assert_array_equal(got, want, err_msg=f"{device}: {text}")


@options
@given(random=st.randoms(use_true_random=False))
def test_iterating(devices, random):
	a = array(random)
	text, numbers, want = chain(random, a)
	source = f"def kernel(a, k, out):\n\tn = 0\n\tv0 = {text}\n"
	for d in range(want.ndim):
		source += "\t" * (d + 1) + f"for v{d + 1} in v{d}:\n"
	source += "\t" * (want.ndim + 1) + f"out[n] = v{want.ndim}; n += 1\n"
	for device in devices():
		out = np.full(want.size + 1, -1)
		launch(source, a, numbers, out)
		np.testing.assert_array_equal(out, np.append(want.ravel(), -1), err_msg=f"{device}\n{source}")
