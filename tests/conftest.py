"""Fixtures and options of the whole suite.

`device` runs a test once per way to execute a kernel: "cpu32" (a warp is a vector), "cpu1" (a thread is a thread) and,
with --gpu, "cuda". `devices` goes through them inside a test, `everywhere` runs one launch on all of them and compares the results.
"""

import contextlib
import gc
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

# Before gridjit is imported: results must come from this build's compiler, not from a kernel of another day.
os.environ.setdefault("GRIDJIT_CACHE_DIR", tempfile.mkdtemp(prefix="gridjit-test-"))

ROOT = Path(__file__).resolve().parent.parent
# The files that take longest, first in each run: processes that share files out then end at the same time.
LONGEST = "property/programs property/operators np_functions device_ufuncs lapack number_functions typing_rules reductions waiting interrupt " \
	"jit_functions fuse property/host_programs host_errors property/views property/indices parallel_loops".split()
ASAN = bool(os.environ.get("GRIDJIT_TEST_ASAN"))


def pytest_addoption(parser):
	parser.addoption("--gpu", action="store_true", help="run on the GPU too")
	parser.addoption("--update-golden", action="store_true", help="rewrite the expected outputs in tests/golden")


def pytest_configure(config):
	# The device is chosen when gridjit first needs one: without --gpu the suite means the CPU, even beside a GPU.
	os.environ["GRIDJIT_DEVICE"] = "auto" if config.getoption("--gpu") else "cpu"
	# Shells have what they run in the background ignore Ctrl-C, and so would the programs of tests that send it.
	if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
		signal.signal(signal.SIGINT, signal.default_int_handler)


def place(item):
	"""The number of its file among the longest ones."""
	path = item.path.relative_to(ROOT / "tests")
	name = str(path.with_name(path.stem.removeprefix("test_")))
	return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_modifyitems(config, items):
	items.sort(key=place)
	if not config.getoption("--gpu"):
		skip = pytest.mark.skip(reason="needs --gpu")
		for item in items:
			if "gpu" in item.keywords:
				item.add_marker(skip)


def pytest_collection_finish(session):
	"""Thousands of tests and all that they imported live to the end: later collections need not look at them (0.15 s each)."""
	gc.collect()
	gc.freeze()


def choose(name):
	from gridjit import config
	config.DEVICE = "gpu" if name == "cuda" else "cpu"
	config.CPU_WIDTH = 1 if name == "cpu1" else 32


@contextlib.contextmanager
def on(name):
	"""Kernels launched inside run on this device."""
	from gridjit import config
	saved = config.DEVICE, config.CPU_WIDTH
	choose(name)
	try:
		yield name
	finally:
		config.DEVICE, config.CPU_WIDTH = saved


def device_names(config):
	return ["cpu32", "cpu1"] + (["cuda"] if config.getoption("--gpu") else [])


def pytest_generate_tests(metafunc):
	if "device" in metafunc.fixturenames:
		metafunc.parametrize("device", device_names(metafunc.config), indirect=True)


@pytest.fixture
def device(request):
	with on(request.param) as name:
		yield name


@pytest.fixture
def devices(request):
	"""Goes through all devices, on which launches then run, with `for name in devices():`. For random cases, which take time to make up and
	to work out: each is made once for all."""
	from gridjit import config
	saved = config.DEVICE, config.CPU_WIDTH

	def each():
		for name in device_names(request.config):
			choose(name)
			yield name
	yield each
	config.DEVICE, config.CPU_WIDTH = saved


@pytest.fixture
def update_golden(request):
	return request.config.getoption("--update-golden")


def assert_same(got, want, rtol=0.0, atol=0.0, what=""):
	"""Equal dtype and shape, and values within tolerance; NaN equals NaN, and with no tolerance −0.0 differs from 0.0."""
	got, want = np.asarray(got), np.asarray(want)
	assert got.dtype == want.dtype and got.shape == want.shape, f"{what}: {got.dtype}{got.shape}, {want.dtype}{want.shape}"
	if rtol or atol:
		np.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=what)
		return
	np.testing.assert_array_equal(got, want, err_msg=what)
	if got.dtype.kind == "f":
		zero = want == 0
		np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]), err_msg=f"{what}: sign of zero")


@pytest.fixture
def everywhere(request):
	"""everywhere(launch, *arrays, rtol=0, atol=0): launch(*copies) on every device; all results must agree.

	Returns the arrays as the first device left them."""
	def run(launch, *arrays, rtol=0.0, atol=0.0):
		results = {}
		for name in device_names(request.config):
			copies = [array.copy() for array in arrays]
			with on(name):
				launch(*copies)
			results[name] = copies
		first = next(iter(results))
		for name, copies in results.items():
			for number, (got, want) in enumerate(zip(copies, results[first])):
				assert_same(got, want, rtol, atol, f"array {number} on {name}, compared with {first}")
		return results[first]
	return run


@pytest.fixture
def no_leaks():
	"""No array that compiled code made is alive behind the test that was not before it."""
	from gridjit import _core
	gc.collect()
	before = _core._live_arrays()
	yield
	gc.collect()
	assert _core._live_arrays() == before


@pytest.fixture(scope="session")
def fake_driver(tmp_path_factory):
	"""Environment in which a CUDA driver without a GPU is found."""
	cc = shutil.which("cc") or shutil.which("gcc")
	if not cc:
		pytest.skip("no C compiler")
	library = tmp_path_factory.mktemp("driver") / "libcuda-fake.so"
	subprocess.run([cc, "-std=c11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread", f"-I{ROOT / 'src'}",
		f"-I{ROOT / 'tests' / 'c'}", str(ROOT / "tests" / "c" / "fake_cuda.c"), "-o", str(library)], check=True)
	return {"GRIDJIT_DEVICE": "gpu", "GRIDJIT_CUDA_LIBRARY": str(library)}
