"""A function that writes into arrays, run by Python and as a kernel: both must write the same. Its PTX must be what NVIDIA's
assembler takes, where there is one."""

import shutil
import subprocess

import numpy as np

from gridjit import cuda, typeof

PTXAS = shutil.which("ptxas") or shutil.which("/usr/local/cuda/bin/ptxas")


def copied(value):
	return value.copy() if isinstance(value, np.ndarray) else tuple(map(copied, value)) if type(value) is tuple else value


def arrays(value):
	return [value] if isinstance(value, np.ndarray) else [a for v in value for a in arrays(v)] if isinstance(value, tuple) else []


def same(function, *args, rtol=0, **options):
	"""The first argument is an array of zeros that both write to; what is left of the others is compared too."""
	mine, theirs = copied(args), copied(args)
	function(*mine)
	kernel = cuda.jit(**options)(function)
	kernel[1, 1](*theirs)
	for number, (want, got) in enumerate(zip(arrays(mine), arrays(theirs))):
		if rtol:
			np.testing.assert_allclose(got, want, rtol=rtol, err_msg=f"array {number}")
		else:
			np.testing.assert_array_equal(got, want, err_msg=f"array {number}")
	return mine[0]


def assembled(function, *args):
	"""The kernel's PTX for these arguments, which ptxas has taken."""
	ptx = cuda.compile_ptx(function, tuple(map(typeof, args)), cc=(9, 0))[0]
	if PTXAS:
		done = subprocess.run([PTXAS, "-arch=sm_90", "-o", "/dev/null", "/dev/stdin"], input=ptx, text=True, capture_output=True)
		assert not done.returncode, done.stderr
	return ptx
