"""NumPy's functions of arrays in functions for the host: values, shapes and dtypes are NumPy's (and numba's, where it has the function:
looked up once with numba 0.68)."""

import ast
import gc
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy_cases import ARGUMENTS, CALLS

from gridjit import _core, _functions, njit

PAGE = (Path(__file__).resolve().parent.parent / "docs/jit.md").read_text()


def have(node):
	"""Has this version of NumPy what the call names?"""
	try:
		return eval(ast.unparse(node.func), {"np": np, **ARGUMENTS}) is not None
	except AttributeError:
		return False


def same(got, want):
	if isinstance(want, (tuple, list)):
		return len(got) == len(want) and all(map(same, got, want))
	got, want = np.asarray(got), np.asarray(want)
	alike = got.dtype.kind == want.dtype.kind if got.ndim == 0 else got.dtype == want.dtype
	return alike and got.shape == want.shape and np.allclose(got, want, equal_nan=True)


@pytest.mark.parametrize("line", CALLS.strip().splitlines(), ids=lambda line: line[3:24].replace("(", " "))
def test_calls(line):
	nodes = [node for node in ast.parse(line).body[0].value.elts if have(node)]
	text = "(" + ", ".join(map(ast.unparse, nodes)) + ",)"
	names = sorted({n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)} & set(ARGUMENTS))
	space = {"np": np}
	exec(f"def function({', '.join(names)}):\n\treturn {text}", space)
	compiled = njit(space["function"])
	gc.collect()
	before = _core._live_arrays()
	got = compiled(*(ARGUMENTS[name].copy() for name in names))
	with warnings.catch_warnings():
		warnings.simplefilter("ignore")
		want = space["function"](*(ARGUMENTS[name].copy() for name in names))
	wrong = [f"{ast.unparse(node)}: {g}, not {w}" for node, g, w in zip(nodes, got, want) if not same(g, w)]
	assert not wrong, "\n".join(wrong)
	del got
	gc.collect()
	assert _core._live_arrays() == before


@pytest.mark.parametrize("name", "qhb")
def test_decompositions(name):
	"""Vectors have signs and phases of their own: they are told by what they are made of."""
	@njit
	def parts(a):
		return np.linalg.svd(a), np.linalg.svd(a, False), np.linalg.eigh(a @ np.conj(a.T))
	a = ARGUMENTS[name]
	(u, s, vh), (ur, sr, vr), (values, vectors) = parts(a)
	unit = lambda m: np.allclose(np.conj(m.T) @ m, np.eye(m.shape[1]))
	assert np.allclose(s, np.linalg.svd(a)[1]) and np.allclose(s, sr) and u.shape == (len(a),) * 2 and vh.shape == (a.shape[1],) * 2
	assert unit(u) and unit(np.conj(vh.T)) and unit(vectors) and np.all(np.diff(values) >= 0)
	assert np.allclose(u[:, :s.size] * s @ vh[:s.size], a) and np.allclose(ur * s @ vr, a)
	assert np.allclose(vectors * values @ np.conj(vectors.T), a @ np.conj(a.T))


def test_eigenvectors():
	@njit
	def parts(a):
		return np.linalg.eig(a), np.linalg.eigvals(a)

	@njit
	def roots(p):
		return np.roots(p)
	for a in ARGUMENTS["u"] + 0j, ARGUMENTS["h"] * 1j + 2, np.eye(3, k=1) + 0j, np.diag([1.0, 2, 2]), np.triu(ARGUMENTS["u"]), np.zeros((2, 2)), np.ones((1, 1)):
		(values, vectors), same_values = parts(a)
		assert np.allclose(a @ vectors, vectors * values) and np.allclose(np.linalg.norm(vectors, axis=0), 1) and np.array_equal(values, same_values)
		assert np.allclose(np.sort_complex(values), np.sort_complex(np.linalg.eigvals(a)), atol=1e-5) and values.dtype == a.dtype == vectors.dtype
	with pytest.raises(ValueError, match=r"eig\w*\(\) argument must not cause a domain change"):
		parts(np.array([[0.0, 1], [-1, 0]]))
	for p in [1.0, -6, 11, -6], [1.0, 0, 1], [2.0, 0, 0], [0.0, 0, 1, 2, 0], [3.0], [0.0, 0]:
		assert np.allclose(np.sort_complex(roots(np.array(p))), np.sort_complex(np.roots(p)))


@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "c8", "i8"])
def test_products(dtype):
	"""Large ones go through NumPy's BLAS, if matrices lie as it wants them."""
	@njit
	def product(a, b):
		return a @ b
	rng = np.random.default_rng(1)
	for n in 3, 40:
		a, b = ((rng.random(shape) * 9).astype(dtype) for shape in ((n, n + 1), (n + 1, n)))
		a, b = (a * np.array(1 + 0.5j, dtype), b * np.array(1 - 2j, dtype)) if dtype[0] == "c" else (a, b)
		packed = np.zeros((n, n + 1), [("a", dtype), ("b", "i2")])["a"]
		packed[:] = a
		pairs = [(a, b), (b.T, b), (a[:, ::-1], b), (a[::2], b), (a[:, ::2], b[::2]), (a, b[:, 0]), (b[:, 0], b), (b[:, 0], b[:, 1]), (a[:1], b), (a, b[:, :1]),
			(packed, b), (np.asfortranarray(a), b[:, ::-1])]
		for x, y in pairs if dtype == "f8" else pairs[:2] + pairs[5:6]:
			got, want = product(x, y), x @ y
			assert np.shape(got) == want.shape and np.allclose(got, want, rtol=1e-4) and np.asarray(got).dtype.kind == want.dtype.kind
			assert want.ndim == 0 or got.dtype == want.dtype
	with pytest.raises(ValueError):
		product(a, a)


def test_in_place():
	@njit
	def change(a, b, x):
		np.fill_diagonal(a, 7)
		np.copyto(b, a)
		b.sort()
		x[:3].sort()
	mine, theirs = ([ARGUMENTS[name].copy() for name in "bbx"] for _ in range(2))
	change(*mine)
	change.py_func(*theirs)
	assert all(np.array_equal(*pair) for pair in zip(mine, theirs))


def test_equal_parts():
	"""A list in NumPy; here an array whose items are the parts."""
	@njit
	def parts(a):
		total = 0.0
		for part in np.split(a, 3):
			total = total * 10 + part.sum()
		return np.split(a, 2), total
	got, total = parts(np.arange(6.0))
	assert np.array_equal(got, np.split(np.arange(6.0), 2)) and total == 1 * 100 + 5 * 10 + 9


BAD = """np.linalg.inv(np.ones((2, 2))) np.linalg.solve(np.ones((2, 3)), x) np.linalg.cholesky(-np.eye(2)) np.concatenate((b, b.T)) np.stack((x, x[1:]))
np.stack((x, x), 3) np.percentile(x, 101) np.quantile(x, -0.1) np.partition(x, 9) np.split(x, 3) np.concatenate((x, x), 1) np.repeat(x, i[1:])
np.histogram(x, 0) np.digitize(x, x) np.insert(x, 9, 1.0) np.delete(x, 9) np.geomspace(0, 1) np.average(x, weights=0 * x) np.bincount(-i)
np.correlate(x, e) np.nanargmax(n[1:2]) np.gradient(x[:1]) np.linalg.det(b) np.linalg.matrix_power(b, 2)""".replace("\n", " ")


@pytest.mark.parametrize("call", re.findall(r"np\..*?\)(?= np\.|$)", BAD))
def test_mistakes(call):
	names = sorted(set(re.findall(r"\b[a-z]\b", call)) & set(ARGUMENTS))
	space = {"np": np}
	exec(f"def function({', '.join(names)}):\n\treturn {call}", space)
	args = [ARGUMENTS[name] for name in names]
	with pytest.raises((ValueError, IndexError, ZeroDivisionError)) as theirs:
		space["function"](*args)
	with pytest.raises((ValueError, IndexError, ZeroDivisionError)) as mine:
		njit(space["function"])(*args)
	assert isinstance(mine.value, theirs.type) or isinstance(theirs.value, mine.type)


def test_page():
	"""docs/jit.md lists all of them, and no others."""
	said = re.search(r"are compiled with their callers: (.*?)\.\n\n", PAGE, re.S).group(1)
	listed = {name for text in re.findall(r"`([^`]*)`", said) for name in text.split()}
	names = {name for text in _functions.NAMES.values() for name in text.split()}
	assert listed == names, (listed - names, names - listed)


def test_nothing_is_divided_by_nothing():
	"""NumPy's functions divide by zero without an exception, whatever the model of errors of who calls them."""
	empty, ones = np.zeros(0), np.ones(4)
	for f in (lambda x: x.mean(), lambda x: np.average(x), lambda x: np.var(x), lambda x: np.cov(x), lambda x: np.mean(np.empty((0, 2)), axis=0)[0]):
		assert np.isnan(njit(f)(empty))
	assert np.isnan(njit(lambda x: np.corrcoef(x, np.arange(4.0)))(ones)[0, 1])
	with pytest.raises(ZeroDivisionError):
		njit(lambda x: 1 / x.sum() + x.mean())(empty)
