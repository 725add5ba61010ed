"""Constants that only Python or NumPy knows: limits of types, infinities, fields of named tuples, numbers that classes hold."""
import collections
import enum
import math
import sys

import numpy as np
import pytest

import gridjit
from as_python import assembled
from gridjit import cuda, errors

Pair = collections.namedtuple("Pair", "x y")
GLOBAL = Pair(3, 4.5)
NESTED = Pair(Pair(1, 2), (5, 6))


class Config:
	TILE = 16
	SCALE = np.float32(0.5)
	SHAPE = (2, 3)
	names = ["a"]

	@property
	def computed(self):
		raise AssertionError("user code runs")


class Derived(Config):
	EXTRA = 2.5


class Level(enum.IntEnum):
	LOW = 3


FLOATS = ("max", "min", "eps", "epsneg", "tiny", "smallest_normal", "smallest_subnormal", "resolution", "bits", "nmant", "nexp", "iexp",
	"minexp", "maxexp", "machep", "negep", "precision")


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_finfo(device, dtype):
	names = {"cuda": cuda, "np": np, "dtype": dtype}
	exec("def kernel(out):\n" + "".join(f" out[{i}] = np.finfo(dtype).{name}\n" for i, name in enumerate(FLOATS)), names)
	out = np.zeros(len(FLOATS))
	cuda.jit(names["kernel"])[1, 1](out)
	assert out.tolist() == [float(getattr(np.finfo(dtype), name)) for name in FLOATS]


@pytest.mark.parametrize("dtype", (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64))
def test_iinfo(device, dtype):
	@cuda.jit
	def kernel(out, bits):
		out[0], out[1] = np.iinfo(dtype).min, np.iinfo(out.dtype).max
		bits[0] = np.iinfo(dtype).bits

	out, bits = np.zeros(2, dtype), np.zeros(1, np.int64)
	kernel[1, 1](out, bits)
	info = np.iinfo(dtype)
	assert out.tolist() == [info.min, info.max] and bits[0] == info.bits


def test_numbers(device):
	@cuda.jit
	def kernel(out):
		out[0], out[1], out[2] = float("inf"), float("-inf"), float(" 2.5 ")
		out[3] = sys.float_info.max
		out[4], out[5] = GLOBAL.x, GLOBAL.y
		out[6], out[7] = NESTED.x.y, NESTED.y[1]
		out[8], out[9], out[10] = Config.TILE, Config.SCALE, Config.SHAPE[1]
		out[11], out[12], out[13] = Derived.TILE, Derived.EXTRA, Level.LOW
		out[14], out[15] = math.gcd(12, 18), math.lcm(4, -6)
		shared = cuda.shared.array(Config.TILE, np.float32)
		out[16] = shared.size

	out = np.zeros(17)
	kernel[1, 1](out)
	assert out.tolist() == [math.inf, -math.inf, 2.5, sys.float_info.max, 3, 4.5, 2, 6, 16, 0.5, 3, 16, 2.5, 3, 6, 12, 16]


def test_not_a_number(device):
	@cuda.jit
	def kernel(out):
		out[0] = float("nan")

	out = np.zeros(1)
	kernel[1, 1](out)
	assert math.isnan(out[0])


@pytest.mark.parametrize("body, message", (("float('x')", "float"), ("float('0x10')", "float"), ("Config.names", "attribute 'names' of the class"),
	("Config.computed", "attribute 'computed' of the class"), ("np.finfo(np.int32).max", "finfo"), ("np.iinfo(np.float32).max", "iinfo"),
	("np.finfo(np.float32).nothing", "no attribute 'nothing'"), ("GLOBAL.z", "no attribute 'z'")))
def test_errors(body, message):
	names = dict(globals())
	exec(f"def kernel(x):\n x[0] = {body}\n", names)
	with pytest.raises(errors.TypingError, match=message):
		cuda.compile_ptx(names["kernel"], "void(float64[:])")


def made(n):
	n = gridjit.literally(n)
	a = np.zeros(n)
	for i in range(n):
		a[i] = i + n
	return a.sum()


def test_literally(device):
	"""What is called with a constant is compiled for it; variables are refused."""
	assert gridjit.literally(3) == cuda.literal.literally(3) == 3

	@cuda.jit
	def kernel(out):
		out[0] = made(3) * 100 + made(gridjit.literally(4))

	out = np.zeros(1)
	kernel[1, 1](out)
	assert out[0] == 12 * 100 + 22
	with pytest.raises(errors.TypingError, match="literally.. takes a constant, not int64"):
		cuda.compile_ptx(lambda n: made(n), ("int64",), device=True)


def broken(out):
	cuda.breakpoint()
	out[cuda.grid(1)] = 1


def test_breakpoint(device):
	"""An instruction for debuggers, and nothing else."""
	assert assembled(broken, np.zeros(1)).count("brkpt;") == 1
	if device != "cuda":
		out = np.zeros(40)
		cuda.jit(broken)[2, 20](out)
		assert (out == 1).all()
