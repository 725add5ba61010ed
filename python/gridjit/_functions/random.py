"""np.random's legacy functions and Python's random module for functions on the host. A thread has a state for each of the two, seeded by
itself (np.random.seed, random.seed) or from the system's entropy. Numbers are made by functions of the runtime (src/image/random.def);
here is what callers see: parameters, what is checked of them, and arrays of a size."""

import math
import random as _python
from types import ModuleType

import numpy as np

from .. import _core
from .common import INTEGERS, swap


def _functions_of(name, python):
	module = ModuleType(name)
	vars(module).update(_core.random_functions(python))
	return module


_np, _py = _functions_of("np.random", False), _functions_of("random", True)

# Name: parameters; mistakes, and what NumPy says of them; the call; the result's dtype. A mistake that says itself stands alone.
_CHANCE = "p <= 0, p > 1 or p contains NaNs"

TABLE = {
	"random_sample": ("", (), "_np.unit()", "float64"),
	"uniform": ("low=0.0, high=1.0", (("not math.isfinite(high - low)", "Range exceeds valid bounds"),), "_np.uniform(low, high)", "float64"),
	"standard_normal": ("", (), "_np.gauss()", "float64"),
	"normal": ("loc=0.0, scale=1.0", ("scale < 0",), "_np.normal(loc, scale)", "float64"),
	"lognormal": ("mean=0.0, sigma=1.0", ("sigma < 0",), "_np.lognormal(mean, sigma)", "float64"),
	"standard_exponential": ("", (), "_np.standard_exponential()", "float64"),
	"exponential": ("scale=1.0", ("scale < 0",), "_np.exponential(scale)", "float64"),
	"standard_gamma": ("shape", ("shape < 0",), "_np.standard_gamma(shape)", "float64"),
	"gamma": ("shape, scale=1.0", ("shape < 0", "scale < 0"), "_np.gamma(shape, scale)", "float64"),
	"beta": ("a, b", ("a <= 0", "b <= 0"), "_np.beta(a, b)", "float64"),
	"chisquare": ("df", ("df <= 0",), "_np.chisquare(df)", "float64"),
	"noncentral_chisquare": ("df, nonc", ("df <= 0", "nonc < 0"), "_np.noncentral_chisquare(df, nonc)", "float64"),
	"f": ("dfnum, dfden", ("dfnum <= 0", "dfden <= 0"), "_np.f(dfnum, dfden)", "float64"),
	"noncentral_f": ("dfnum, dfden, nonc", ("dfnum <= 0", "dfden <= 0", "nonc < 0"), "_np.noncentral_f(dfnum, dfden, nonc)", "float64"),
	"standard_t": ("df", ("df <= 0",), "_np.standard_t(df)", "float64"),
	"standard_cauchy": ("", (), "_np.standard_cauchy()", "float64"),
	"laplace": ("loc=0.0, scale=1.0", ("scale < 0",), "_np.laplace(loc, scale)", "float64"),
	"logistic": ("loc=0.0, scale=1.0", ("scale < 0",), "_np.logistic(loc, scale)", "float64"),
	"gumbel": ("loc=0.0, scale=1.0", ("scale < 0",), "_np.gumbel(loc, scale)", "float64"),
	"pareto": ("a", ("a <= 0",), "_np.pareto(a)", "float64"),
	"power": ("a", ("a <= 0",), "_np.power(a)", "float64"),
	"rayleigh": ("scale=1.0", ("scale < 0",), "_np.rayleigh(scale)", "float64"),
	"weibull": ("a", ("a < 0",), "_np.weibull(a)", "float64"),
	"wald": ("mean, scale", ("mean <= 0", "scale <= 0"), "_np.wald(mean, scale)", "float64"),
	"vonmises": ("mu, kappa", ("kappa < 0",), "_np.vonmises(mu, kappa)", "float64"),
	"triangular": ("left, mode, right", ("left > mode", "mode > right", "left == right"),
		"_np.triangular(left, mode, right)", "float64"),
	"poisson": ("lam=1.0", (("not lam >= 0", "lam < 0 or lam is NaN"), ("lam > 9.223372006484771e+18", "lam value too large")), "_np.poisson(lam)", "int64"),
	"binomial": ("n, p", ("n < 0", ("not 0 <= p <= 1", "p < 0, p > 1 or p is NaN")), "_np.binomial(n, p)", "int64"),
	"geometric": ("p", (("not 0 < p <= 1", _CHANCE),), "_np.geometric(p)", "int64"),
	"negative_binomial": ("n, p", ("n <= 0", ("not 0 < p <= 1", _CHANCE)), "_np.negative_binomial(n, p)", "int64"),
	"hypergeometric": ("ngood, nbad, nsample", ("ngood < 0", "nbad < 0", "nsample < 1", "ngood + nbad < nsample"),
		"_np.hypergeometric(ngood, nbad, nsample)", "int64"),
	"logseries": ("p", (("not 0 <= p < 1", "p < 0, p >= 1 or p is NaN"),), "_np.logseries(p)", "int64"),
	"zipf": ("a", (("not a > 1", "a <= 1 or a is NaN"),), "_np.zipf(a)", "int64"),
}

_TEXT = """
def {name}({self}{params}size=None):
{checks}	if size is None:
		return {draw}
	out = np.empty(size, np.{dtype})
	every = out.reshape(out.size)
	for i in range(every.size):
		every[i] = {draw}
	return out
"""


def make(name, params, mistakes, draw, dtype, self="", known=None):
	checks = ""
	for mistake in mistakes:
		wrong, said = mistake if isinstance(mistake, tuple) else (mistake, mistake)
		checks += f"\tif {wrong}:\n\t\traise {'OverflowError' if name == 'uniform' else 'ValueError'}({said!r})\n"
	text = _TEXT.format(name=name, self=self, params=params and params + ", ", checks=checks, draw=draw, dtype=dtype)
	space = {}
	exec(compile(text, f"<np.random.{name}>", "exec"), globals() if known is None else known, space)
	return space[name]


_DISTRIBUTIONS = {name: make(name, *row) for name, row in TABLE.items()}
random_sample, standard_normal = _DISTRIBUTIONS["random_sample"], _DISTRIBUTIONS["standard_normal"]
binomial, standard_gamma = _DISTRIBUTIONS["binomial"], _DISTRIBUTIONS["standard_gamma"]


# -- np.random: seeds, sizes as arguments, integers ---------------------------------------------------------------------------

def seed(seed=None):
	if seed is None:
		_np.start()
	else:
		if seed < 0 or seed > 0xffffffff:
			raise ValueError("Seed must be between 0 and 2**32 - 1")
		_np.seed(seed)


def rand(*dims):
	if len(dims) == 0:
		return _np.unit()
	return random_sample(dims)


def randn(*dims):
	if len(dims) == 0:
		return _np.gauss()
	return standard_normal(dims)


def _interval(most):
	"""From 0 to most, both included: bits enough, until they are in it."""
	if most < 0 or most > 0xffffffff:
		return np.int64(_np.interval(most))
	mask = most | most >> 1
	mask |= mask >> 2
	mask |= mask >> 4
	mask |= mask >> 8
	mask |= mask >> 16
	x = most
	if most != 0:
		x = _np.word() & mask
		while x > most:
			x = _np.word() & mask
	return x


def randint(low, high=None, size=None):
	if high is None:
		least, most = np.int64(0), np.int64(low) - 1
		if least > most:
			raise ValueError("high <= 0")
	else:
		least, most = np.int64(low), np.int64(high) - 1
		if least > most:
			raise ValueError("low >= high")
	if size is None:
		return least + _interval(most - least)
	out = np.empty(size, np.int64)
	every = out.reshape(out.size)
	for i in range(every.size):
		every[i] = least + _interval(most - least)
	return out


# -- np.random: orders and choices --------------------------------------------------------------------------------------------

def shuffle(x):
	for i in range(x.shape[0] - 1, 0, -1):
		j = _interval(i)
		swap(x, i, j)


def permutation(x):
	if isinstance(x, INTEGERS):
		order = np.arange(x)
		shuffle(order)
		return order
	if x.ndim == 1:
		out = x.copy()
		shuffle(out)
		return out
	order = np.arange(x.shape[0])
	shuffle(order)
	return x[order]


def _cumulated(p):
	out = np.cumsum(p)
	return out / out[-1]


def _check_chances(p, n):
	if p.size != n:
		raise ValueError("'a' and 'p' must have same size")
	for x in p:
		if not x >= 0:
			raise ValueError("Probabilities are not non-negative")
	if abs(p.sum() - 1) > 1.5e-8:
		raise ValueError("Probabilities do not sum to 1")


def _some_of(n, count, p):
	"""Places that differ, by their chances: those that were drawn before have none any more."""
	chance = p.copy()
	out = np.empty(count, np.int64)
	have = 0
	positive = 0
	for x in p:
		if x > 0:
			positive += 1
	if positive < count:
		raise ValueError("Fewer non-zero entries in p than size")
	while have < count:
		x = random_sample(count - have)
		for i in range(have):
			chance[out[i]] = 0
		sums = _cumulated(chance)
		first = have
		for i in range(x.size):
			place = np.searchsorted(sums, x[i], "right")
			seen = False
			for k in range(first, have):
				seen = seen or out[k] == place
			if not seen:
				out[have] = place
				have += 1
	return out


def _places(n, count, replace, p):
	if p is None:
		if replace:
			return randint(0, n, count)
		return permutation(n)[:count].copy()
	_check_chances(p, n)
	if replace:
		return np.searchsorted(_cumulated(p), random_sample(count), "right")
	return _some_of(n, count, p)


def choice(a, size=None, replace=True, p=None):
	n = a if isinstance(a, INTEGERS) else a.shape[0]
	if n <= 0:
		if isinstance(a, INTEGERS):
			raise ValueError("a must be greater than 0 unless no samples are taken")
		raise ValueError("a cannot be empty unless no samples are taken")
	if size is None:
		place = _places(n, 1, replace, p)[0]
		return place if isinstance(a, INTEGERS) else a[place]
	shape = np.empty(size, np.int8)
	if not replace and shape.size > n:
		raise ValueError("Cannot take a larger sample than population when replace is False")
	places = _places(n, shape.size, replace, p).reshape(shape.shape)
	return places if isinstance(a, INTEGERS) else a[places]


def _multinomial(out, n, pvals):
	left = n
	rest = 1.0
	for i in range(pvals.size - 1):
		out[i] = binomial(left, pvals[i] / rest)
		left -= out[i]
		if left <= 0:
			return
		rest -= pvals[i]
	out[pvals.size - 1] = left


def _rows_of(size, n, dtype):
	"""An array of so many rows of n, and they as a matrix."""
	out = np.zeros((size, n) if isinstance(size, INTEGERS) else size + (n,), dtype)
	return out, out.reshape((out.size // max(n, 1), n))


def multinomial(n, pvals, size=None):
	if n < 0:
		raise ValueError("n < 0")
	if pvals[:-1].sum() > 1.0 + 1e-12:
		raise ValueError("sum(pvals[:-1]) > 1.0")
	if size is None:
		out = np.zeros(pvals.size, np.int64)
		_multinomial(out, n, pvals)
		return out
	out, rows = _rows_of(size, pvals.size, np.int64)
	for row in rows:
		_multinomial(row, n, pvals)
	return out


def _dirichlet(out, alpha):
	total = 0.0
	for i in range(alpha.size):
		out[i] = _np.standard_gamma(alpha[i])
		total += out[i]
	inverse = 1 / total
	for i in range(alpha.size):
		out[i] *= inverse


def dirichlet(alpha, size=None):
	for x in alpha:
		if not x > 0:
			raise ValueError("alpha <= 0")
	if size is None:
		out = np.empty(alpha.size)
		_dirichlet(out, alpha)
		return out
	out, rows = _rows_of(size, alpha.size, np.float64)
	for row in rows:
		_dirichlet(row, alpha)
	return out


# -- Python's random module ----------------------------------------------------------------------------------------------------

def py_seed(a=None):
	if a is None:
		_py.start()
	else:
		_py.seed(np.uint32(a))


def py_random():
	return _py.unit()


def py_uniform(a, b):
	return _py.uniform(a, b)


def py_getrandbits(k):
	if k < 0:
		raise ValueError("number of bits must be non-negative")
	if k > 64:
		raise ValueError("random.getrandbits() of at most 64 bits")
	return _py.bits(k)


def py_randrange(start, stop=None, step=1):
	if stop is None:
		first, width = np.int64(0), np.int64(start)
	else:
		first, width = np.int64(start), np.int64(stop) - np.int64(start)
	if step == 0:
		raise ValueError("zero step for randrange()")
	n = (width + step - 1) // step if step > 0 else (width + step + 1) // step
	if n <= 0:
		raise ValueError("empty range for randrange()")
	return first + step * _py.below(n)


def py_randint(a, b):
	return py_randrange(a, b + 1)


def py_gauss(mu=0.0, sigma=1.0):
	return _py.normal(mu, sigma)


def py_lognormvariate(mu, sigma):
	return _py.lognormal(mu, sigma)


def py_expovariate(lambd=1.0):
	return _py.expovariate(lambd)


def py_gammavariate(alpha, beta):
	if not (alpha > 0 and beta > 0):
		raise ValueError("gammavariate: alpha and beta must be > 0.0")
	return _py.gammavariate(alpha, beta)


def py_betavariate(alpha, beta):
	if not (alpha > 0 and beta > 0):
		raise ValueError("gammavariate: alpha and beta must be > 0.0")
	return _py.betavariate(alpha, beta)


def py_paretovariate(alpha):
	return _py.paretovariate(alpha)


def py_weibullvariate(alpha, beta):
	return _py.weibullvariate(alpha, beta)


def py_vonmisesvariate(mu, kappa):
	return _py.vonmisesvariate(mu, kappa)


def py_triangular(low=0.0, high=1.0, mode=None):
	if high == low:
		return low + 0.0 * _py.unit()
	return _py.triangular_between(low, high, 0.5 if mode is None else (mode - low) / (high - low))


def py_shuffle(x):
	for i in range(x.shape[0] - 1, 0, -1):
		j = _py.below(i + 1)
		swap(x, i, j)


def py_choice(seq):
	n = len(seq)
	if n == 0:
		raise IndexError("Cannot choose from an empty sequence")
	return seq[_py.below(n)]


_OTHERS = (seed, rand, randn, randint, shuffle, permutation, choice, multinomial, dirichlet)
_PYTHON = (py_seed, py_random, py_uniform, py_getrandbits, py_randrange, py_randint, py_gauss, py_lognormvariate, py_expovariate, py_gammavariate,
	py_betavariate, py_paretovariate, py_weibullvariate, py_vonmisesvariate, py_triangular, py_shuffle, py_choice)
# By address, as the C side looks them up.
NUMPY = {id(getattr(np.random, name)): f for name, f in (_DISTRIBUTIONS | {f.__name__: f for f in _OTHERS}
	| dict.fromkeys(("random", "ranf", "sample"), random_sample)).items()}
PYTHON = {id(getattr(_python, name)): f for name, f in ({f.__name__[3:]: f for f in _PYTHON} | {"normalvariate": py_gauss}).items()}
