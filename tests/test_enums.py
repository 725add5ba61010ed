"""Members of enumerations: constants and arguments; equality, identity, value. IntEnum's are numbers."""
import enum

import numpy as np
import pytest

import gridjit
from gridjit import cuda, errors


class Color(enum.Enum):
	RED = 1
	GREEN = 2
	HALF = 2.5


class Other(enum.Enum):
	RED = 1


class Level(enum.IntEnum):
	LOW = 3


class Bits(enum.Flag):
	A = 1
	B = 2


class Words(enum.Enum):
	A = "a"


GLOBAL = Color.GREEN


def test_constants_and_arguments(device):
	def pick(mode=Color.GREEN):
		if mode is Color.RED:
			return 1
		elif mode == Color.GREEN:
			return 2
		return 3

	@cuda.jit
	def kernel(mode, level, out):
		i = cuda.grid(1)
		out[i, 0] = pick(mode)
		out[i, 1] = mode.value + Color.HALF.value
		out[i, 2] = 10 * pick() + pick(Color.RED)
		own = Color.RED if i % 2 else Color.GREEN
		out[i, 3] = (own is mode) + 2 * (own != mode) + 4 * (own in (Color.RED, Color.HALF)) + 8 * (own not in (Other.RED, mode))
		out[i, 4] = (mode == Other.RED) + 2 * (mode is not Other.RED) + 4 * (GLOBAL is Color.GREEN) + 8 * (mode is None)
		out[i, 5] = level + Level.LOW + (level == Level.LOW) + Bits.B.value
		match mode:
			case Color.RED:
				out[i, 6] = 1
			case Color.GREEN:
				out[i, 6] = 2
			case _:
				out[i, 6] = 3
		out[i, 7] = 1 if mode else 0

	for mode in Color:
		out = np.zeros((8, 8))
		kernel[1, 8](mode, Level.LOW, out)
		for i in range(8):
			own = Color.RED if i % 2 else Color.GREEN
			assert out[i].tolist() == [pick(mode), mode.value + 2.5, 21,
				(own is mode) + 2 * (own != mode) + 4 * (own in (Color.RED, Color.HALF)) + 8 * (own not in (Other.RED, mode)), 6, 9,
				pick(mode), 1]


def test_types():
	t = gridjit.typeof(Color.RED)
	assert t.name == f"Enum<int64>({__name__}.Color)" and t is gridjit.typeof(Color.GREEN)
	assert t is not gridjit.typeof(Other.RED) and t is not gridjit.typeof(Color.HALF) and gridjit.typeof(Level.LOW) is gridjit.int64


@pytest.mark.parametrize("body", ("p + 1", "p[0]", "len(p)", "p < p", "p + p", "int(p)", "p == 1", "min(p)", "Words.A", "p.name", "Color.BLUE",
	"(p if x[0] else Other.RED).value"))
def test_errors(body):
	names = dict(globals())
	exec(f"def kernel(p, x):\n x[0] = {body}\n", names)
	with pytest.raises(errors.TypingError):
		cuda.compile_ptx(names["kernel"], (gridjit.typeof(Color.RED), gridjit.float64[:]))


@pytest.mark.parametrize("body", ("print(p)", "print((p, 1))", "a, = p", "a, *b = p", "for a in p: pass", "x[:] = p"))
def test_no_sequences(body):
	names = dict(globals())
	exec(f"def kernel(p, x):\n {body}\n", names)
	with pytest.raises(errors.TypingError):
		cuda.compile_ptx(names["kernel"], (gridjit.typeof(Color.RED), gridjit.float64[:]))


def test_refused(device):
	@cuda.jit
	def kernel(p):
		pass

	with pytest.raises((ValueError, TypeError), match="x.value"):
		kernel[1, 1](Words.A)
