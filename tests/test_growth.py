"""Nothing grows: growth_cases.py repeats what the public entries do, rightly and wrongly."""

import os
import subprocess
import sys

import growth_cases
import pytest
from conftest import ASAN

pytestmark = pytest.mark.skipif(ASAN, reason="AddressSanitizer keeps what was freed")


# What threads keep of freed memory for themselves counts as given out.
EXACT = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}


def growth(environment):
	"""{case: (blocks, bytes)} that one more call keeps."""
	done = subprocess.run([sys.executable, growth_cases.__file__], capture_output=True, text=True,
		env={**os.environ, **EXACT, **environment})
	assert done.returncode == 0, done.stderr
	return {name: (float(blocks), float(size)) for name, blocks, size in map(str.split, done.stdout.splitlines())}


def check(rows, size=growth_cases.ENOUGH[1]):
	assert {name for name, _ in growth_cases.cases()} - set(rows) <= {"ARG_ON_GPU"}
	blocks = growth_cases.ENOUGH[0]
	assert not {name: row for name, row in rows.items() if row[0] >= blocks or row[1] >= size}


def test_nothing_grows_on_the_cpu():
	check(growth({"GRIDJIT_DEVICE": "cpu", "GRIDJIT_CACHE": "0"}))


def test_nothing_grows_on_the_fake_gpu(fake_driver, tmp_path):
	check(growth({**fake_driver, "GRIDJIT_CACHE_DIR": str(tmp_path)}))


@pytest.mark.gpu
def test_nothing_grows_on_the_gpu():
	"""The driver's own heap is its own affair."""
	check(growth({"GRIDJIT_DEVICE": "gpu"}), float("inf"))


LEAKS = """
import ctypes, growth_cases
kept, malloc = [], ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
blocks, size = growth_cases.kept(lambda: kept.append(object()))[0], growth_cases.kept(lambda: malloc(ctypes.c_size_t(1)))[1]
assert blocks > growth_cases.ENOUGH[0], blocks
assert size > growth_cases.ENOUGH[1] or not growth_cases.heap(), size
"""


def test_a_leak_is_seen():
	done = subprocess.run([sys.executable, "-c", LEAKS], capture_output=True, text=True,
		env={**os.environ, **EXACT, "GRIDJIT_DEVICE": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)})
	assert done.returncode == 0, done.stderr
