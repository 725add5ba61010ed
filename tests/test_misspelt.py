"""What messages ask of words that do not exist: "did you mean 'sqrt'?". Names in kernels, keywords, types, settings."""
import collections
import enum
import math
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import gridjit
from gridjit import _core, cuda, float32

Pair = collections.namedtuple("Pair", "first second")
RECORDS = np.zeros(3, [("position", "f4"), ("mass", "f4")])
threshold = 3


class Sizes:
	TILE = 16


class Mode(enum.IntEnum):
	FAST = 1


def plain(alpha, beta=1):
	return alpha + beta


def in_kernels():
	"""(kernel, what was meant)."""
	def barrier(x):
		cuda.syncthread()

	def space(x):
		x[0] = cuda.treadIdx.x

	def function(x):
		x[0] = math.sqr(x[1])

	def numpy(x):
		x[0] = np.sqt(x[1])

	def atomic(x):
		cuda.atomic.ad(x, 0, 1)

	def shared(x):
		cuda.shared.aray(3, float32)

	def attribute(x):
		x[0] = x.shap[0]

	def method(x):
		x[0] = x.maxx()

	def of_record(x):
		x[0] = RECORDS[0].positon

	def of_records(x):
		x[0] = RECORDS.positon[0]

	def of_tuple(x):
		x[0] = Pair(1, 2).secnod

	def of_number(x):
		x[0] = x[0].rael

	def of_range(x):
		x[0] = range(3).strat

	def of_class(x):
		x[0] = Sizes.TILES

	def of_enumeration(x):
		x[0] = Mode.FATS

	def key(x):
		x[0] = {"alpha": 1, "beta": 2}["aplha"]

	def keyword(x):
		cuda.shared.array(shap=3, dtype=float32)

	def own_keyword(x):
		x[0] = plain(1, bta=2)

	def any_keyword(x):
		x[0] = np.sum(x, axes=0)

	def of_module(x):
		x[0] = treshold

	return [
		(barrier, "syncthreads"), (space, "threadIdx"), (function, "sqrt"), (numpy, "sqrt"), (atomic, "add"), (shared, "array"),
		(attribute, "shape"), (method, "max"), (of_record, "position"), (of_records, "position"), (of_tuple, "second"), (of_number, "real"),
		(of_range, "start"), (of_class, "TILE"), (of_enumeration, "FAST"), (key, "alpha"), (keyword, "shape"), (own_keyword, "beta"), (any_keyword, "axis"), (of_module, "threshold"),
	]


def without_modules():
	"""(kernel, what was meant): names that stand alone."""
	def local(x):
		total = 0
		x[total] = totl

	def of_cuda(x):
		x[threadIdx.x] = 1  # noqa: F821

	def below_cuda(x):
		x[0] = const.array_like(RECORDS)[0].mass  # noqa: F821

	def of_math(x):
		x[0] = sqrt(x[1])  # noqa: F821

	def of_numpy(x):
		x[0] = arctan2(x[1], x[2])  # noqa: F821

	def builtin(x):
		for i in rang(3):
			x[i] = 1

	def dtype(x):
		cuda.shared.array(3, "flot32")

	return [
		(local, "total"), (of_cuda, "cuda.threadIdx"), (below_cuda, "cuda.const"), (of_math, "math.sqrt"), (of_numpy, "np.arctan2"),
		(builtin, "range"), (dtype, "float32"),
	]


@pytest.mark.parametrize("kernel, meant", in_kernels() + without_modules(), ids=lambda x: getattr(x, "__name__", None))
def test_in_kernels(kernel, meant):
	with pytest.raises(gridjit.errors.NumbaError) as e:
		cuda.compile_ptx(kernel, "void(float32[::1])")
	assert f"\nHint: did you mean '{meant}'?" in str(e.value)


@cuda.jit
def two(alpha, out):
	out[0] = alpha


ON_HOST = [
	(lambda: cuda.jit(fastmth=True), "fastmath"), (lambda: cuda.jit(devic=True), "device"), (lambda: cuda.compile(plain, "int64(int64)", outptu="ptx"), "output"), (lambda: gridjit.jit(fastmth=True), "fastmath"), (lambda: gridjit.vectorize(fastmth=True), "fastmath"),
	(lambda: gridjit.guvectorize("(n)->(n)", fastmth=True), "fastmath"), (lambda: cuda.vectorize(fastmth=True), "fastmath"),
	(lambda: gridjit.fuse(fastmth=True), "fastmath"), (lambda: cuda.compile(plain, "int64(int64)", lineinf=True), "lineinfo"),
	(lambda: gridjit.vectorize(target="cuda")(plain)(1, 2, oot=None), "out"),
	(lambda: gridjit.jit(fastmath={"nan"}), "nnan"), (lambda: gridjit.jit(parallel={"reductions": True}), "reduction"),
	(lambda: cuda.jit("void(flaot32[:])")(plain), "float32"), (lambda: cuda.compile(plain, "int64(int46, int64)"), "int64"), (lambda: gridjit.types.Type("Unituple(i4, 2)"), "UniTuple"),
	(lambda: two[1, 1](alpa=1, out=np.zeros(1)), "alpha"), (lambda: setattr(gridjit.config, "DEVICE", "cup"), "cpu"),
]


@pytest.mark.parametrize("mistake, meant", ON_HOST)
def test_on_the_host(mistake, meant):
	with pytest.raises((TypeError, ValueError, KeyError, NameError)) as e:
		mistake()
	assert f"did you mean '{meant}'?" in str(e.value)


def test_settings_of_the_environment():
	env = {**os.environ, "GRIDJIT_CPU_MATH": "lbm"}
	p = subprocess.run([sys.executable, "-c", "import gridjit"], env=env, capture_output=True, text=True)
	assert p.stderr.endswith("ValueError: GRIDJIT_CPU_MATH: 'lbm' is not one of: libmvec, libm. did you mean 'libm'?\n")


def test_names_of_settings():
	def warned(**variables):
		p = subprocess.run([sys.executable, "-c", "import gridjit"], env={**os.environ, **variables}, capture_output=True, text=True)
		return p.returncode == 0 and p.stderr
	assert "UserWarning: GRIDJIT_CPU_WIDHT is no setting: did you mean 'GRIDJIT_CPU_WIDTH'?" in warned(GRIDJIT_CPU_WIDHT="1")
	assert warned(GRIDJIT_CUDA_LIBRARY="x", GRIDJIT_TILES="1", GRIDJIT_CPU_THREADS="1") == ""


def test_settings_as_attributes(monkeypatch):
	with pytest.raises(AttributeError, match="module 'gridjit.config' has no attribute 'BOUNDCHECK': did you mean 'BOUNDSCHECK'?"):
		gridjit.config.BOUNDCHECK
	with pytest.warns(UserWarning, match="BOUNDCHECK is no setting: did you mean 'BOUNDSCHECK'?"):
		monkeypatch.setattr(gridjit.config, "BOUNDCHECK", 1, raising=False)
	with warnings.catch_warnings():
		warnings.simplefilter("error")
		for name in "CPU_NAME", "DEBUGINFO_DEFAULT", "DISABLE_CUDA", "CUDA_LOG_LEVEL":        # numba's, which mean nothing here
			monkeypatch.setattr(gridjit.config, name, 1, raising=False)


@pytest.mark.parametrize("text", ["cuda.syncthread", "cuda.atomic.ad", "gridjit.vectrize"])
def test_attributes_on_the_host(text):
	"""Python asks by itself, for it knows the names."""
	p = subprocess.run([sys.executable, "-c", f"import gridjit; from gridjit import cuda\n{text}"], capture_output=True, text=True)
	assert "Did you mean: '" in p.stderr.splitlines()[-1]


def test_nothing_is_near():
	def kernel(x):
		x[0] = math.quaternion(1)

	with pytest.raises(gridjit.errors.TypingError) as e:
		cuda.compile_ptx(kernel, "void(float32[::1])")
	assert "Hint" not in str(e.value)


# What is near enough: about a third of both words; the nearest, of several the first; not itself.
NEAREST = [
	("sqr", ["sin", "sqrt"], "sqrt"), ("ab", ["ba"], "ba"), ("abc", ["xyz"], ""), ("a", ["b"], ""), ("", ["b"], ""), ("x", [], ""),
	("int46", ["int16", "int64"], "int64"), ("Float32", ["float64", "float32"], "float32"), ("same", ["same"], ""), ("summ", ["sum", "summa"], "sum"),
	("hidden", ["_hidden"], ""), ("_hiden", ["_hidden"], "_hidden"), ("x" * 60, ["x" * 59], ""), ("größe", ["größ"], "größ"), ("ad", ["and_", "add"], "add"),
]


@pytest.mark.parametrize("word, words, meant", NEAREST)
def test_nearest(word, words, meant):
	assert _core.did_you_mean(word, tuple(words)) == (f"did you mean '{meant}'? " if meant else "")


def test_nearest_takes_words_only():
	assert _core.did_you_mean("word", ("wrd", 3, None, "\ud800")) == "did you mean 'wrd'? "
	with pytest.raises(TypeError):
		_core.did_you_mean("word", ["wrd"])
