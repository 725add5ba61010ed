"""Nothing grows: growth_cases.py repeats what the public entries do, rightly and wrongly."""

import ctypes
import os
import subprocess
import sys

import growth_cases
import pytest
from conftest import ASAN

pytestmark = pytest.mark.skipif(ASAN, reason="AddressSanitizer keeps what was freed")


def growth(environment):
	"""{case: (blocks, bytes)} that one more call keeps."""
	done = subprocess.run([sys.executable, growth_cases.__file__], capture_output=True, text=True,
		env={**os.environ, **environment})
	assert done.returncode == 0, done.stderr
	return {name: (float(blocks), float(size)) for name, blocks, size in map(str.split, done.stdout.splitlines())}


def check(rows, size=growth_cases.ENOUGH[1]):
	assert {name for name, _ in growth_cases.cases()} - set(rows) <= {"RAISE_IN_CALL", "ARG_ON_GPU"}
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


def test_a_leak_is_seen():
	kept = []
	assert growth_cases.kept(lambda: kept.append(object()))[0] >= 1
	if growth_cases.heap():
		ctypes.CDLL(None).malloc.restype = ctypes.c_void_p
		assert growth_cases.kept(lambda: ctypes.CDLL(None).malloc(ctypes.c_size_t(50)))[1] >= 50
