"""What the functions of NVIDIA's libdevice are, in Python: a function of Python's numbers for each name without the f of float32, and how
far a result may be from it, in units in the last place (0: equal)."""

import decimal
import functools
import math
import statistics
import struct
from fractions import Fraction

import numpy as np

ROUNDINGS = {"rn": None, "rd": -1, "ru": 1, "rz": 0}
EULER = 0.57721566490153286


def bits_of(x, letter):
	return int.from_bytes(struct.pack("<" + letter, x), "little")


def of_bits(n, letter):
	return struct.unpack("<" + letter, n.to_bytes(struct.calcsize(letter), "little"))[0]


def signed(n, bits=32):
	n &= (1 << bits) - 1
	return n - (1 << bits) if n >> (bits - 1) else n


def unsigned(n, bits=32):
	return n & (1 << bits) - 1


# -- rounding ------------------------------------------------------------------------------------------------------------------

def place(x):
	"""A float as a fraction; infinities are far away."""
	return Fraction(x) if math.isfinite(x) else Fraction(2) ** 3000 * (1 if x > 0 else -1)


def rounded(exact, dtype, mode):
	"""A fraction as a float of the dtype: the nearest, or the one below, above, or towards zero."""
	if exact == 0:
		return 0.0
	try:
		near = dtype(float(exact))
	except OverflowError:
		near = dtype(math.copysign(math.inf, exact))
	with np.errstate(all="ignore"):
		around = [np.nextafter(near, dtype(-math.inf)), near, np.nextafter(near, dtype(math.inf))]
	below = max((x for x in map(float, around) if place(x) <= exact), key=place)
	above = min((x for x in map(float, around) if place(x) >= exact), key=place)
	if mode is None:
		top = Fraction(float(np.finfo(dtype).max))
		if abs(exact) > top:
			return math.copysign(math.inf, exact) if abs(exact) >= top + Fraction(float(np.spacing(np.finfo(dtype).max))) / 2 else math.copysign(float(top), exact)
		odd = [bits_of(x, "d" if dtype is np.float64 else "f") & 1 for x in (below, above)]
		return below if (exact - place(below), odd[0]) <= (place(above) - exact, odd[1]) else above
	return below if mode < 0 or (mode == 0 and exact > 0) else above


def reciprocal_root(x):
	"""The float32 nearest to 1 / sqrt(x)."""
	if not 0 < x < math.inf:
		return math.copysign(math.inf, x) if x == 0 else 0.0 if x > 0 else math.nan
	near = np.float32(1 / math.sqrt(x))
	around = [float(np.nextafter(near, np.float32(0))), float(near), float(np.nextafter(near, np.float32(math.inf)))]
	for one, two in zip(around, around[1:]):
		if ((Fraction(one) + Fraction(two)) / 2) ** 2 * Fraction(x) >= 1:
			return one
	return around[-1]


def root(x, dtype, mode):
	if x == 0 or not 0 < x < math.inf:
		return x if x == 0 or x == math.inf else math.nan
	near = dtype(math.sqrt(x))
	around = [np.nextafter(near, dtype(0)), near, np.nextafter(near, dtype(math.inf))]
	below = max(float(v) for v in around if Fraction(float(v)) ** 2 <= Fraction(x))
	above = min(float(v) for v in around if Fraction(float(v)) ** 2 >= Fraction(x))
	middle = (Fraction(below) + Fraction(above)) / 2
	return (below if middle ** 2 >= Fraction(x) else above) if mode is None else above if mode > 0 else below


def towards(x, mode):
	"""A float as a whole number; NaN and infinities as they are."""
	if not math.isfinite(x):
		return x
	return round(x) if mode is None else math.floor(x) if mode < 0 else math.ceil(x) if mode > 0 else math.trunc(x)


def to_integer(x, mode, bits, is_unsigned, of_double):
	"""As the machine does: saturated; NaN is 0 of float32 in 32 bits, else only the top bit is set."""
	if math.isnan(x):
		return 0 if bits == 32 and not of_double else signed(1 << (bits - 1), bits)
	low, high = (0, (1 << bits) - 1) if is_unsigned else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
	n = towards(x, mode)
	return signed(high if n > high else low if n < low else int(n), bits)


# -- special functions ---------------------------------------------------------------------------------------------------------------

def defined(f):
	"""NaN where Python raises, infinity where it overflows."""
	@functools.wraps(f)
	def safe(*args):
		try:
			return f(*args)
		except (OverflowError, decimal.Overflow):
			return math.inf
		except (ValueError, ZeroDivisionError):
			return math.nan
	return safe


def of_pi(f):
	"""sin or cos of pi times x, from x modulo 2."""
	def g(x):
		if not math.isfinite(x):
			return math.nan
		r = Fraction(x) % 2
		if f is math.sin:
			sign, r = (-1, r - 1) if r >= 1 else (1, r)
			r = min(r, 1 - r)
			return math.copysign(0.0, x) if r == 0 else sign * (math.sin(math.pi * float(r)) if r <= Fraction(1, 4) else math.cos(math.pi * float(Fraction(1, 2) - r)))
		r = min(r, 2 - r)
		turned = r > Fraction(1, 2)
		r = 1 - r if turned else r
		c = 0.0 if r == Fraction(1, 2) else math.cos(math.pi * float(r)) if r <= Fraction(1, 4) else math.sin(math.pi * float(Fraction(1, 2) - r))
		return -c if turned and c else c
	return g


def integral(f, n=200):
	"""The mean of a periodic function."""
	return math.fsum(f(math.pi * (k + 0.5) / n) for k in range(n)) / n


@defined
def bessel_i(n, x):
	if not math.isfinite(x):
		return abs(x) if n == 0 else x
	return integral(lambda t: math.exp(abs(x) * (math.cos(t) - 1)) * math.cos(n * t)) * math.exp(abs(x)) * (math.copysign(1, x) if n else 1)


def bessel_j(n, x):
	return math.nan if math.isnan(x) else 0.0 if math.isinf(x) else integral(lambda t: math.cos(n * t - x * math.sin(t)))


def bessel_y(n, x):
	if not 0 < x < math.inf:
		return -math.inf if x == 0 else 0.0 if x == math.inf else math.nan
	if n < 0:
		return bessel_y(-n, x) * (-1) ** n
	y0 = 2 / math.pi * (math.log(x / 2) + EULER) * bessel_j(0, x) - 4 / math.pi * math.fsum((-1) ** k * bessel_j(2 * k, x) / k for k in range(1, 30))
	y1 = (bessel_j(1, x) * y0 - 2 / (math.pi * x)) / bessel_j(0, x)
	for k in range(1, n):
		y0, y1 = y1, 2 * k / x * y1 - y0
	return y1 if n else y0


@defined
def erfcx(x):
	if math.isnan(x) or math.isinf(x):
		return 0.0 if x > 0 else abs(x)
	if x > 20:
		term = total = 1.0
		for k in range(1, 20):
			term *= -(2 * k - 1) / (2 * x * x)
			total += term
		return total / (x * math.sqrt(math.pi))
	with decimal.localcontext(decimal.Context(prec=40)):
		return float((decimal.Decimal(x) ** 2).exp() * decimal.Decimal(math.erfc(x)))


normal = statistics.NormalDist()


def quantile(p):
	return -math.inf if p == 0 else math.inf if p == 1 else normal.inv_cdf(p) if 0 < p < 1 else math.nan


def erfcinv(y):
	return -quantile(y / 2) / math.sqrt(2) if y <= 1 else quantile((2 - y) / 2) / math.sqrt(2) if y <= 2 else math.nan


def erfinv(y):
	if abs(y) < 1e-3:
		return math.sqrt(math.pi) / 2 * (y + math.pi / 12 * y**3 + 7 * math.pi**2 / 480 * y**5)
	return math.copysign(erfcinv(1 - abs(y)), y) if abs(y) <= 1 else math.nan


def round_away(x):
	return x if not math.isfinite(x) else math.copysign(float(math.floor(Fraction(abs(x)) + Fraction(1, 2))), x)


def power(x, y):
	try:
		return math.pow(x, y)
	except OverflowError:
		return -math.inf if x < 0 and y % 2 == 1 else math.inf
	except ValueError:                                                         # of 0 to a negative power, and of negative numbers
		return (math.copysign(math.inf, x) if y % 2 == 1 else math.inf) if x == 0 else math.nan


def scaled(x, n):
	try:
		return math.ldexp(x, n)
	except OverflowError:
		return math.copysign(math.inf, x)


def gamma(x):
	return math.copysign(math.inf, x) if x == 0 else defined(math.gamma)(x)


def extreme(x, y, most):
	"""A number wins over NaN, and −0 is below +0."""
	if math.isnan(x) or math.isnan(y):
		return y if math.isnan(x) else x
	order = (lambda v: (v, math.copysign(1, v)))
	return max(x, y, key=order) if most else min(x, y, key=order)


def lgamma(x):
	return math.inf if math.isinf(x) or (x <= 0 and x == math.floor(x)) else math.lgamma(x)


def numpy(f):
	return lambda *args: float(f(*map(np.float64, args)))


# name: (function, units in the last place of float64, of float32)
FUNCTIONS = {
	**{name: (numpy(getattr(np, f)), 4, 4) for name, f in dict(acos="arccos", acosh="arccosh", asin="arcsin", asinh="arcsinh", atan="arctan",
		atanh="arctanh", cbrt="cbrt", cos="cos", cosh="cosh", exp="exp", exp2="exp2", expm1="expm1", log="log", log10="log10", log1p="log1p", log2="log2",
		sin="sin", sinh="sinh", tan="tan", tanh="tanh", atan2="arctan2", hypot="hypot").items()},
	**{name: (numpy(getattr(np, name)), 0, 0) for name in ("ceil", "floor", "rint", "trunc", "sqrt", "copysign", "fmod", "fabs")},
	"nearbyint": (numpy(np.rint), 0, 0), "fmax": (lambda x, y: extreme(x, y, True), 0, 0), "fmin": (lambda x, y: extreme(x, y, False), 0, 0), "pow": (power, 4, 4), "round": (round_away, 0, 0),
	"erf": (math.erf, 4, 4), "erfc": (math.erfc, 6, 4), "lgamma": (lgamma, 12, 12), "tgamma": (gamma, 12, 12),
	"remainder": (defined(math.remainder), 0, 0), "ldexp": (scaled, 0, 0), "scalbn": (scaled, 0, 0),
	"rsqrt": (defined(lambda x: math.copysign(math.inf, x) if x == 0 else 1 / math.sqrt(x)), 4, 4),
	"rcbrt": (numpy(lambda x: 1 / np.cbrt(x)), 4, 4), "rhypot": (numpy(lambda x, y: 1 / np.hypot(x, y)), 4, 4),
	"norm3d": (lambda *x: math.hypot(*x), 4, 4), "norm4d": (lambda *x: math.hypot(*x), 4, 4),
	"rnorm3d": (numpy(lambda *x: 1 / np.float64(math.hypot(*x))), 6, 4), "rnorm4d": (numpy(lambda *x: 1 / np.float64(math.hypot(*x))), 6, 4),
	"exp10": (defined(lambda x: 10.0 ** x), 6, 4), "sinpi": (of_pi(math.sin), 4, 4), "cospi": (of_pi(math.cos), 4, 4),
	"erfcx": (erfcx, 12, 4), "erfinv": (erfinv, 12, 4), "erfcinv": (erfcinv, 12, 4), "normcdf": (lambda x: math.erfc(-x / math.sqrt(2)) / 2, 400, 20), "normcdfinv": (quantile, 12, 4),
	"cyl_bessel_i0": (lambda x: bessel_i(0, x), 60, 4), "cyl_bessel_i1": (lambda x: bessel_i(1, x), 60, 4),
	"j0": (lambda x: bessel_j(0, x), 400, 40), "j1": (lambda x: bessel_j(1, x), 400, 40), "jn": (bessel_j, 400, 40),
	"y0": (lambda x: bessel_y(0, x), 400, 40), "y1": (lambda x: bessel_y(1, x), 400, 40), "yn": (bessel_y, 40000, 400),
	"fdim": (lambda x, y: math.nan if math.isnan(x) or math.isnan(y) else x - y if x > y else 0.0, 0, 0),
	"logb": (lambda x: -math.inf if x == 0 else abs(x) if not math.isfinite(x) else float(math.frexp(x)[1] - 1), 0, 0),
	"powi": (lambda x, n: numpy(np.power)(x, n), 40, 40),
}


@functools.cache
def nextafter(dtype):
	return lambda x, y: float(np.nextafter(dtype(x), dtype(y)))


# -- all others by name -------------------------------------------------------------------------------------------------------------

def average(x, y, up=0):
	return signed((x + y + up) >> 1)


def permuted(x, y, s):
	data, r = struct.pack("<II", unsigned(x), unsigned(y)), 0
	for i in range(4):
		r |= data[unsigned(s) >> (4 * i) & 7] << (8 * i)
	return signed(r)


def reverse(n, bits):
	return signed(int(format(unsigned(n, bits), f"0{bits}b")[::-1], 2), bits)


def mul24(x, y, u):
	a, b = ((n & 0xffffff) if u else signed(n, 24) for n in (x, y))
	return signed(a * b)


def first(n):
	return (n & -n).bit_length()


EXACT = {
	"abs": lambda x: signed(abs(x)), "llabs": lambda x: signed(abs(x), 64), "max": max, "min": min, "llmax": max, "llmin": min,
	"umax": lambda x, y: max(x, y, key=unsigned), "umin": lambda x, y: min(x, y, key=unsigned),
	"ullmax": lambda x, y: max(x, y, key=lambda n: unsigned(n, 64)), "ullmin": lambda x, y: min(x, y, key=lambda n: unsigned(n, 64)),
	"brev": lambda x: reverse(x, 32), "brevll": lambda x: reverse(x, 64), "clz": lambda x: 32 - unsigned(x).bit_length(),
	"clzll": lambda x: 64 - unsigned(x, 64).bit_length(), "ffs": lambda x: first(unsigned(x)), "ffsll": lambda x: first(unsigned(x, 64)),
	"popc": lambda x: unsigned(x).bit_count(), "popcll": lambda x: unsigned(x, 64).bit_count(),
	"hadd": average, "rhadd": lambda x, y: average(x, y, 1), "uhadd": lambda x, y: average(unsigned(x), unsigned(y)),
	"urhadd": lambda x, y: average(unsigned(x), unsigned(y), 1), "mul24": lambda x, y: mul24(x, y, False), "umul24": lambda x, y: mul24(x, y, True),
	"mulhi": lambda x, y: signed(x * y >> 32), "umulhi": lambda x, y: signed(unsigned(x) * unsigned(y) >> 32),
	"mul64hi": lambda x, y: signed(x * y >> 64, 64), "umul64hi": lambda x, y: signed(unsigned(x, 64) * unsigned(y, 64) >> 64, 64),
	"sad": lambda x, y, z: signed(abs(x - y) + z), "usad": lambda x, y, z: signed(abs(unsigned(x) - unsigned(y)) + z), "byte_perm": permuted,
	"hiloint2double": lambda x, y: of_bits(unsigned(x) << 32 | unsigned(y), "d"), "double2hiint": lambda x: signed(bits_of(x, "d") >> 32),
	"double2loint": lambda x: signed(bits_of(x, "d")), "longlong_as_double": lambda n: of_bits(unsigned(n, 64), "d"),
	"double_as_longlong": lambda x: signed(bits_of(x, "d"), 64), "int_as_float": lambda n: of_bits(unsigned(n), "f"),
	"uint_as_float": lambda n: of_bits(unsigned(n), "f"), "float_as_int": lambda x: signed(bits_of(x, "f")), "float_as_uint": lambda x: signed(bits_of(x, "f")),
	"isnand": math.isnan, "isnanf": math.isnan, "isinfd": math.isinf, "isinff": math.isinf, "isfinited": math.isfinite, "finitef": math.isfinite,
	"signbitd": lambda x: math.copysign(1, x) < 0, "signbitf": lambda x: math.copysign(1, x) < 0,
	"half2float": lambda n: of_bits(unsigned(n, 16), "e"), "float2half_rn": lambda x: signed(int(np.float16(x).view(np.uint16)), 16),
	"ilogb": lambda x: -2**31 if x == 0 or math.isnan(x) else 2**31 - 1 if math.isinf(x) else math.frexp(x)[1] - 1,
	"llrint": lambda x: to_integer(x, None, 64, False, True), "llround": lambda x: to_integer(round_away(x), 0, 64, False, True),
	"saturatef": lambda x: 0.0 if math.isnan(x) or x <= 0 else min(x, 1.0),
	"frexp": lambda x: math.frexp(x) if math.isfinite(x) else (x, 0), "modf": lambda x: (math.copysign(0.0, x), x) if math.isinf(x) else math.modf(x),
}
EXACT |= {name + "f": EXACT[name] for name in ("ilogb", "llrint", "llround", "frexp", "modf")}
ARITHMETIC = {"add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y, "rcp": lambda x: 1 / x}


def directed(name):
	"""dadd_rd, fmaf_ieee_ru, double2int_rn, ull2float_rz …: the function, or None."""
	base, _, mode = name.rpartition("_")
	if mode not in ROUNDINGS:
		return None
	mode, base = ROUNDINGS[mode], base.removesuffix("_ieee")
	if base in ("fma", "fmaf"):
		dtype = np.float32 if base == "fmaf" else np.float64
		return lambda x, y, z: rounded(Fraction(x) * Fraction(y) + Fraction(z), dtype, mode)
	if base[1:] in ARITHMETIC and base[0] in "df":
		op, dtype = ARITHMETIC[base[1:]], np.float64 if base[0] == "d" else np.float32
		return lambda *x: rounded(op(*map(Fraction, x)), dtype, mode)
	if base in ("dsqrt", "fsqrt"):
		return lambda x: root(x, np.float64 if base[0] == "d" else np.float32, mode)
	if base == "frsqrt":
		return reciprocal_root
	source, _, target = base.partition("2")
	bits = {"int": 32, "uint": 32, "ll": 64, "ull": 64}
	if target in bits:
		return lambda x: to_integer(x, mode, bits[target], target[0] == "u", source == "double")
	dtype = np.float64 if target == "double" else np.float32
	if source == "double":
		return lambda x: rounded(Fraction(x), dtype, mode)
	return lambda n: rounded(Fraction(unsigned(n, bits[source]) if source[0] == "u" else n), dtype, mode)


def reference(name):
	"""(function, units in the last place, may operands be anything) of a function of libdevice."""
	plain = name.removeprefix("fast_")
	single = plain.endswith("f") and plain not in FUNCTIONS
	base = plain[:-1] if single else plain
	if name in EXACT:
		return EXACT[name], 0, name != "float2half_rn"
	if found := directed(name):
		return found, 0, False
	if name in ("fma", "fmaf"):
		return directed(name + "_rn"), 0, False
	if base in ("nextafter",):
		return nextafter(np.float32 if single else np.float64), 0, True
	if base in ("sincos", "sincospi"):
		pi = base.endswith("pi")
		s, c = (of_pi(math.sin), of_pi(math.cos)) if pi else (FUNCTIONS["sin"][0], FUNCTIONS["cos"][0])
		return lambda x: (s(x), c(x)), 4, True
	if base == "remquo":
		return lambda x, y: (math.remainder(x, y), round(Fraction(x) / Fraction(y))), 0, False
	if name == "rcp64h":
		return lambda x: 1 / x, 1 << 33, False
	if name == "fast_fdividef":
		return lambda x, y: x / y, 4, False
	f, of_double, of_single = FUNCTIONS[base]
	return f, of_single if single else of_double, True
