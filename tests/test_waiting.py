"""Loops that wait for memory: locks, flags, barriers of the grid. Each case in a process that is given up after a while."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import warm
from conftest import on
from deadlock_cases import DEADLOCKS
from gridjit import cuda
from waiting_cases import CASES

HERE = Path(__file__).resolve().parent / "support"


TIMEOUT = 300 if os.environ.get("GRIDJIT_TEST_ASAN") else 60


def module(name):
	return "waiting_cases" if name in CASES else "deadlock_cases"


@pytest.mark.parametrize("width", [32, 1])
@pytest.mark.parametrize("name", [*CASES, *DEADLOCKS])
def test_waiting(name, width):
	status, out, err = warm.run(f"import {module(name)}\n{module(name)}.main({name!r})", width, TIMEOUT)
	assert out == "OK\n" and status == 0, out + err


@pytest.mark.parametrize("threads", ["1", "5"])
@pytest.mark.parametrize("name", ["lock_of_each_lane", "grid_barrier", "look_back", "chain_of_warps", "one_block_too_few"])
def test_any_number_of_threads(name, threads):
	env = dict(os.environ, GRIDJIT_DEVICE="cpu", GRIDJIT_CPU_THREADS=threads)
	done = subprocess.run([sys.executable, str(HERE / f"{module(name)}.py"), name], env=env, capture_output=True, text=True, timeout=TIMEOUT)
	assert done.stdout == "OK\n", done.stdout + done.stderr


# -- Kernels that do not wait keep their vectors --------------------------------------------------------------------------


def work_queue(next, x, out):
	while True:
		i = cuda.atomic.add(next, 0, 1)
		if i >= x.shape[0]:
			break
		out[i] = x[i] * 2


def maximum_by_cas(x, most):
	v = x[cuda.threadIdx.x]
	old = most[0]
	while old < v:
		seen = cuda.atomic.cas(most, 0, old, v)
		if seen == old:
			break
		old = seen


def hash_table(keys, x):
	k = x[cuda.threadIdx.x]
	slot = k * 7 % keys.shape[0]
	while True:
		old = cuda.atomic.cas(keys, slot, 0, k)
		if old == 0 or old == k:
			break
		slot = (slot + 1) % keys.shape[0]


def hash_table_with_mask(keys, x):
	k = x[cuda.threadIdx.x]
	slot = k * 7 & (keys.shape[0] - 1)
	found = False
	while not found:
		old = cuda.atomic.cas(keys, slot, 0, k)
		if old == 0 or old == k:
			found = True
		else:
			slot = (slot + 1) & (keys.shape[0] - 1)


def find_root(parent, out):
	i = cuda.threadIdx.x
	while parent[i] != i:
		i = parent[i]
	out[cuda.threadIdx.x] = i
	cuda.threadfence()
	parent[cuda.threadIdx.x] = cuda.atomic.max(out, 0, i)


def relax(weight, dist):
	i = cuda.threadIdx.x % weight.shape[0]
	changed = True
	while changed:
		changed = False
		for j in range(weight.shape[0]):
			new = dist[j] + weight[j, i]
			if cuda.atomic.min(dist, i, new) > new:
				changed = True


def block_loop(x, n):
	more = cuda.shared.array(1, np.int32)
	if cuda.threadIdx.x == 0:
		more[0] = n
	cuda.syncthreads()
	while more[0] > 0:
		cuda.syncthreads()
		x[cuda.threadIdx.x] += 1
		if cuda.threadIdx.x == 0:
			more[0] -= 1
		cuda.syncthreads()


def halved(x, count):
	i = cuda.threadIdx.x
	while x[i] > 1:
		x[i] *= 0.5
		cuda.atomic.add(count, 0, 1)
	cuda.syncthreads()


def waits(flag):
	while cuda.atomic.cas(flag, 0, 1, 2) == 0:
		pass


def ints(n, value=0):
	return np.full(n, value, np.int32)


@pytest.mark.parametrize("function, args, width", [
	(work_queue, (ints(1), np.ones(300), np.zeros(300)), 32), (maximum_by_cas, (np.arange(64, dtype=np.int32), ints(1)), 32),
	(hash_table, (ints(128), np.arange(1, 65, dtype=np.int32)), 32),
	(hash_table_with_mask, (ints(128), np.arange(1, 65, dtype=np.int32)), 32), (find_root, (ints(64), ints(64)), 32),
	(relax, (np.ones((4, 4)), np.ones(4)), 32), (block_loop, (np.zeros(64), 3), 32), (halved, (np.full(64, 9.0), ints(1)), 32),
	(waits, (ints(1, 3),), 1)], ids=lambda x: getattr(x, "__name__", None))
def test_only_waiting_costs_the_vectors(function, args, width):
	kernel = cuda.jit(function)
	with on("cpu32"):
		kernel[1, 64](*args)
		text = next(iter(kernel.inspect_llvm().values()))
	assert ("gj_rt_wait" in text) == (width == 1)


def test_deadlocks_leave_the_device_usable():
	"""After an error, and many blocks beside each other, memory is given back and the next launch is right."""
	code = """
import deadlock_cases, waiting_cases
for k in range(2):
	for name in ("one_block_too_few", "waits_for_one_at_the_barrier"):
		deadlock_cases.check(name)
	waiting_cases.grid_barrier()
print("OK")
"""
	env = dict(os.environ, GRIDJIT_DEVICE="cpu", PYTHONPATH=os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]))
	done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
	assert done.stdout == "OK\n", done.stdout + done.stderr
