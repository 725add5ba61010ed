"""What tests of kernels import from numba.cuda.testing: a TestCase and its skips. The CPU device is no simulator: nothing is skipped for
being on one, and what is meant for a simulator alone is."""

import contextlib
import io
import sys
import unittest

from .devices import get_current_device

__all__ = ["CUDATestCase", "ContextResettingCUDATestCase", "captured_stdout", "skip_on_cudasim", "skip_on_standalone_numba_cuda",
	"skip_unless_cc_53", "skip_unless_cc_60", "skip_unless_cc_75", "skip_unless_cc_90", "skip_unless_cuda_python", "skip_unless_cudasim",
	"unittest"]


class CUDATestCase(unittest.TestCase):
	"""A TestCase: warnings of low occupancy and of copies are off inside."""

	def setUp(self):
		from .. import config
		names = "CUDA_LOW_OCCUPANCY_WARNINGS", "CUDA_WARN_ON_IMPLICIT_COPY"
		for name in names:
			self.addCleanup(setattr, config, name, getattr(config, name))
			setattr(config, name, 0)


class ContextResettingCUDATestCase(CUDATestCase):
	"""The same; after each test it waits for the device."""

	def tearDown(self):
		from . import close
		close()


def skip_on_cudasim(reason):
	"""Decorator that skips nothing: there is no simulator."""
	return lambda test: test


def skip_unless_cudasim(reason):
	"""Decorator that skips: there is no simulator."""
	return unittest.skip(reason)


skip_on_standalone_numba_cuda = skip_unless_cuda_python = skip_on_cudasim


def _skip_below(major, minor):
	def decorate(test):
		capability = get_current_device().compute_capability
		return unittest.skipIf((0, 0) < capability < (major, minor), f"needs compute capability {major}.{minor}")(test)
	return decorate


skip_unless_cc_53, skip_unless_cc_60 = _skip_below(5, 3), _skip_below(6, 0)
skip_unless_cc_75, skip_unless_cc_90 = _skip_below(7, 5), _skip_below(9, 0)


@contextlib.contextmanager
def captured_stdout():
	"""Context manager: what is printed inside, kernels' lines too, goes to the io.StringIO that it gives."""
	from . import synchronize
	kept, sys.stdout = sys.stdout, io.StringIO()
	try:
		yield sys.stdout
		synchronize()
	finally:
		sys.stdout = kept
