"""Functions with explicit signatures are compiled when they are decorated: what their names mean later changes nothing, wherever and for
whatever they are compiled again. numba does the same."""

import gc
import weakref

import numpy as np
import pytest

import gridjit
from gridjit import cuda, guvectorize, njit, vectorize


def declared(scope):
	"""Functions of all kinds that multiply by a global: in `scope`, so that each test changes its own."""
	text = """
def host(x): return x * FACTOR
def arrays(x): return x * FACTOR
def twice(x): return (lambda y: y * FACTOR)(x)
def itself(x): return x * itself(x - 1) if x > 1 else FACTOR
def ufunc(x): return x * FACTOR
def general(x, out):
	for i in range(x.size): out[i] = x[i] * FACTOR
def device(x): return x * FACTOR
def kernel(x):
	i = cuda.grid(1)
	if i < x.size: x[i] += FACTOR
"""
	scope.update(FACTOR=1, cuda=cuda)
	exec(text, scope)
	for name, decorate in {
		"host": njit("int64(int64)"), "arrays": njit("int64[:](int64[:])"), "twice": njit("int64(int64)"), "itself": njit("int64(int64)"),
		"ufunc": vectorize(["int64(int64)"]), "general": guvectorize(["void(int64[:], int64[:])"], "(n)->(n)"),
		"device": cuda.jit("int64(int64)", device=True), "kernel": cuda.jit("void(int64[:])"),
	}.items():
		scope[name] = decorate(scope[name])
	scope["on_device"] = cuda.vectorize(["int64(int64)"])(scope["ufunc"].py_func)
	scope["general_on_device"] = cuda.guvectorize(["void(int64[:], int64[:])"], "(n)->(n)")(scope["general"].py_func)
	scope["FACTOR"] = 10
	return scope


@pytest.fixture
def there():
	return declared({"__name__": "declared"})


def test_called_by_others(there):
	exec("def caller(x): return host(x), twice(x), itself(x), ufunc(x), x * FACTOR", there)
	assert njit(there["caller"])(3) == (3, 3, 6, 3, 30)
	assert [there[name](3) for name in ("host", "twice", "itself", "ufunc")] == [3, 3, 6, 3]


def test_arrays_that_lie_differently(there):
	x = np.arange(8)
	for a in x, x[::2], x[::-1]:
		for name in "arrays", "ufunc", "general", "on_device", "general_on_device":
			np.testing.assert_array_equal(there[name](a), a)


def test_kernels(device, there):
	exec("def caller(x, out):\n\ti = cuda.grid(1)\n\tif i < x.size: out[i] = device(x[i]) + host(x[i]) + ufunc(x[i])", there)
	x, out = np.arange(8), np.zeros(8, int)
	cuda.jit(there["caller"])[1, 32](x, out)
	np.testing.assert_array_equal(out, 3 * x)
	there["kernel"][1, 32](out)
	there["kernel"][1, 32](out[::2])
	np.testing.assert_array_equal(out, 3 * x + 1 + (x % 2 == 0))


def test_recompiled(there):
	for name in "host", "twice":
		there[name].recompile()
		assert there[name](3) == 30
	x = np.zeros(3, int)
	there["kernel"].recompile()
	there["kernel"][1, 32](x)
	assert list(x) == [10] * 3


def test_variables_around():
	factor = 1

	@njit("int64(int64)")
	def f(x):
		return x * factor

	@njit("int64(int64)")
	def down(x):
		return x + down(x - 1) if x else 0
	factor = 10
	assert njit(lambda x: (f(x), down(x)))(3) == (3, 6)


def test_python_functions_stay_what_they_are(there):
	for name in "host", "ufunc", "device", "kernel":
		assert there[name].py_func.__globals__ is there and there[name].py_func is there[name].__wrapped__


def test_nothing_stays():
	scope = declared({"__name__": "declared"})
	refs = [weakref.ref(scope[name]) for name in ("host", "itself", "ufunc", "kernel", "on_device")]
	scope["itself"](3)
	del scope
	gc.collect()
	assert [r() for r in refs] == [None] * 5


def test_without_signatures(device):
	"""Names are read when the function is compiled for types, whatever else it is compiled for later: places, other strides, larger grids."""
	scope = {"FACTOR": 1, "cuda": cuda}
	exec("def f(x, y):\n\ti = cuda.grid(1)\n\tif i < x.size: y[i] += x[i] * FACTOR", scope)
	kernel = cuda.jit(scope["f"])
	x, y = np.ones(40), np.zeros(41)
	kernel[2, 32](x, y[:-1])
	scope["FACTOR"] = 10
	for shape in (2, 32), (40, 32), (1, 64), (3, 16):
		y[:] = 0
		kernel[shape](x, y[1:])
		assert set(y[1:]) == {1}
	for step in 1, 2, 3, -1:                       # the type of strided arrays is another one
		y = np.ones(200)[::step][:40]
		kernel[2, 32](y, y)
		assert set(y) == {2} if step == 1 else {11}
	kernel.recompile()
	kernel[2, 32](x, y := np.zeros(40))
	assert set(y) == {10}


def test_not_declared():
	"""Without signatures names are read when something is compiled."""
	scope = {"FACTOR": 1}
	exec("def f(x): return x * FACTOR", scope)
	f = gridjit.njit(scope["f"])
	assert f(3) == 3
	scope["FACTOR"] = 10
	assert (f(3), f(3.0)) == (3, 30.0)
