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


class Size(enum.IntEnum):
	TWO = 2
	FIVE = 5


class Switch(enum.IntFlag):
	ON = 1


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
	assert t is not gridjit.typeof(Other.RED) and t is not gridjit.typeof(Color.HALF) and gridjit.typeof(Level.LOW).name == f"IntEnum<int64>({__name__}.Level)"
	assert gridjit.typeof(Switch.ON) is gridjit.int64


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


# -- Members of an IntEnum stay members, and are computed with as integers -----------------------------------------------------------

def as_members(c):
	a, b = c, Size.FIVE
	for k in (Size.TWO, c):
		pass
	return a, (b, k), (a, b)[0], c if a == b else Size.TWO, None if c > 2 else c

def as_numbers(c, x):
	y = x.copy()
	y[c] = c
	y[Size.FIVE:] = c
	return y, x[c], x[c:].sum(), np.zeros((Size.TWO, c)), c + Size.TWO, -c, c * 2.5, c << 1, sum((c, Size.TWO)), divmod(c, 3), float(c), c.value, \
		c.real, np.array([c, 9]), c if x[0] else 7

def compared(c):
	return c == Size.FIVE, c is Size.FIVE, c is not Size.TWO, c is Level.LOW, c == 2, c < 3.5, c in (Size.TWO, 9), (c, 1) == (5, 1), c is None, not c

def counted(c):
	total = 0
	for i in range(c):
		total += i * Size.TWO
	match c:
		case Size.TWO:
			return total, Size.FIVE
	return total, c


@pytest.mark.parametrize("member", Size)
def test_integers_on_the_host(member):
	x = np.arange(9.0)
	for f in as_members, counted, compared:
		got, want = gridjit.njit(f)(member), f(member)
		assert str(got) == str(want) and repr(got) == repr(want)
	for got, want in zip(gridjit.njit(as_numbers)(member, x), as_numbers(member, x)):
		assert np.array_equal(got, want) and not isinstance(got, enum.Enum)
	assert gridjit.njit("float64(float64)")(lambda c: c + 1)(member) == member + 1
	assert gridjit.njit(lambda c: c if c > 2 else Level.LOW)(member) == max(member, 3)


def test_integers_in_kernels(device, capfd):
	@cuda.jit
	def kernel(c, out):
		shared = cuda.shared.array((Size.TWO, Size.FIVE), gridjit.float64)
		local = cuda.local.array(Size.FIVE, gridjit.int64)
		i = cuda.grid(1)
		local[c - 1] = c
		shared[i, Size.TWO] = c
		out[i] = c.value + 10 * local[c - 1] + 100 * shared[i, 2] + 1000 * (c is Size.TWO)
		if i == 0:
			print(c, f"{c:3d}", Size.FIVE)
	for c in Size:
		out = np.zeros(2)
		kernel[1, 2](c, out)
		cuda.synchronize()
		assert out.tolist() == [111 * c + 1000 * (c is Size.TWO)] * 2

	@cuda.jit("void(int64, float64[:])")
	def declared(c, out):
		out[0] = c
	declared[1, 1](Size.FIVE, out)
	cuda.synchronize()
	assert out[0] == 5


def test_no_names_of_arguments():
	for member in Size.TWO, Color.RED:
		with pytest.raises(errors.TypingError, match="which name the member of .* has is not known"):
			gridjit.njit(lambda c: c.name)(member)


def test_members_by_their_names():
	def f(c):
		k = Color["RED"]
		return Color["GREEN"], k.value + Level["LOW"], c is Color["RED"], Color.RED.name, Level.LOW.name, 1 if k.name == "RED" else 0

	for c in Color:
		assert gridjit.njit(f)(c) == f(c)

	@cuda.jit
	def kernel(out, c):
		out[0] = Color["GREEN"].value + Level["LOW"]
		out[1] = 1 if c is Color["RED"] and Color.RED.name == "RED" else 0

	out = np.zeros(2)
	kernel[1, 1](out, Color.RED)
	assert out.tolist() == [Color.GREEN.value + Level.LOW, 1]
	with pytest.raises(errors.TypingError, match="KeyError: .BLACK.: the class Color has no such member"):
		gridjit.njit(lambda: Color["BLACK"])()

def test_fused_functions_take_integer_members():
	@gridjit.fuse
	def f(x, k):
		return x * k + Level["LOW"]

	x = np.arange(3)
	for _ in range(2):
		got = f(x, Level.LOW)
		assert got.dtype == np.int64 and np.array_equal(got, x * int(Level.LOW) + int(Level.LOW))
	with pytest.raises(TypeError, match="takes NumPy arrays and numbers, but argument 2 is Color"):
		f(x, Color.RED)
