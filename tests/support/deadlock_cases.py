"""Kernels in which threads wait for what never comes: each ends with an error that names the line marked here.

test_waiting.py runs each in a process of its own, as those of waiting_cases.py."""

import inspect
import sys

import numpy as np
from gridjit import cuda
from gridjit.errors import CudaAPIError
from waiting_cases import acquire, i32

DEADLOCKS = {}


def deadlock(f):
	DEADLOCKS[f.__name__] = f
	return f


@deadlock
def nobody_writes():
	@cuda.jit
	def wait(flag, out):
		while cuda.atomic.add(flag, 0, 0) == 0:  # waits
			pass
		out[0] = 1

	wait[1, 1](i32(), np.zeros(1))


@deadlock
def locks_twice():
	@cuda.jit
	def twice(mutex):
		acquire(mutex, 0)
		while cuda.atomic.cas(mutex, 0, 0, 1) != 0:  # waits
			pass

	twice[1, 1](i32())


@deadlock
def never_unlocks():
	@cuda.jit
	def locked(mutex, out):
		while cuda.atomic.exch(mutex, 0, 1) != 0:  # waits
			pass
		out[0] += 1

	locked[3, 40](i32(), np.zeros(1))


@deadlock
def waits_for_one_at_the_barrier():
	@cuda.jit
	def wait(flag):
		if cuda.threadIdx.x == 0:
			while cuda.atomic.add(flag, 0, 0) == 0:  # waits
				pass
		cuda.syncthreads()
		if cuda.threadIdx.x == 1:
			cuda.atomic.exch(flag, 0, 1)

	wait[2, 64](i32())


@deadlock
def one_block_too_few():
	@cuda.jit
	def barrier(arrived):
		cuda.atomic.add(arrived, 0, 1)
		while cuda.atomic.add(arrived, 0, 0) <= cuda.gridDim.x:  # waits
			pass

	barrier[9, 1](i32())


@deadlock
def by_a_load():
	@cuda.jit
	def wait(flag, out):
		while flag[0] != 1:  # waits
			cuda.threadfence()
		flag[0] = 2

	wait[2, 32](i32(), np.zeros(1))


@deadlock
def of_what_the_kernel_only_reads():
	@cuda.jit
	def wait(flag, out):
		while flag[0] == 0:  # waits
			cuda.threadfence()
		out[0] = 1

	wait[2, 32](i32(), np.zeros(1))


@deadlock
def by_a_volatile_load():
	@cuda.jit
	def wait(flag, out):
		while cuda.ldcv(flag, 0) == 0:  # waits
			pass
		out[0] = 1

	wait[1, 1](i32(), np.zeros(1))


@deadlock
def more_than_fit():
	"""A barrier of a grid that no GPU holds at once."""
	@cuda.jit
	def barrier(arrived):
		cuda.atomic.add(arrived, 0, 1)
		if cuda.threadIdx.x == 0:
			while cuda.atomic.add(arrived, 0, 0) < cuda.gridDim.x * cuda.blockDim.x:  # waits
				pass

	barrier[400, 1024](i32())


def line_of(f):
	lines, first = inspect.getsourcelines(f)
	return first + next(i for i, line in enumerate(lines) if "# waits" in line)


def check(name):
	try:
		DEADLOCKS[name]()
	except CudaAPIError as error:
		text = f"deadlock_cases.py:{line_of(DEADLOCKS[name])}: deadlock: the loop waits for memory"
		assert text in str(error), error
	else:
		raise AssertionError("it should not have ended")


def main(name):
	check(name)
	print("OK")


if __name__ == "__main__":
	main(sys.argv[1])
