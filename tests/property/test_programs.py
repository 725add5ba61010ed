"""Random kernels (programs.py, exchanges.py) on the device against the Python interpreter, thread by thread or, with
barriers, by the grid simulator."""

import itertools
import linecache
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges import Exchange
from grid_simulator import simulate
from programs import CELLS, Program
from values import RECORD, Record, Values

counter = itertools.count()
options = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def inputs(threads):
	rng = np.random.default_rng(threads)
	return [rng.integers(0, 100, threads), rng.integers(-64, 64, threads) / 8.0, rng.integers(0, 9, threads * CELLS),
		rng.integers(0, 64, threads * CELLS) / 8.0]


def compiled(text, **options):
	from gridjit import cuda
	name = f"<random kernel {next(counter)}>"
	linecache.cache[name] = len(text), None, text.splitlines(True), name
	scope = {"cuda": cuda, "np": np, "math": math}
	exec(compile(text, name, "exec"), scope)
	return cuda.jit(scope["kernel"], **options)


def interpreted(text, threads, args):
	"""The kernel's Python function, once a thread."""
	at = SimpleNamespace(i=0)
	scope = {"cuda": SimpleNamespace(grid=lambda ndim: at.i), "math": math}
	exec(compile(text, "<random kernel>", "exec"), scope)
	for at.i in range(threads):
		scope["kernel"](*args)


def compare(device, text, got, want):
	for name, index in zip(("oi", "of", "c", "oc"), range(2, len(got))):
		bad = np.flatnonzero(got[index] != np.array(want[index]))
		assert not len(bad), f"{device}: {name}[{bad[0]}] (thread {bad[0] // CELLS}): {got[index][bad[0]]}, " \
			f"expected {want[index][bad[0]]}; {len(bad)} differ\n{text}"


@options
@given(random=st.randoms(use_true_random=False))
def test_control_flow(devices, random):
	text = Program(random).text
	threads, live = 74, 70
	want = [array.tolist() for array in inputs(threads)]       # plain Python numbers compute as Python does
	interpreted(text, threads, [*want, live])
	for device in devices():
		got = inputs(threads)
		compiled(text)[2, 37](*got, live)
		compare(device, text, got, want)


@settings(options, max_examples=50)
@given(random=st.randoms(use_true_random=False))
def test_names_that_may_have_no_value(devices, random):
	text = Program(random, unbound=True).text
	threads = 6
	want, raises = [array.tolist() for array in inputs(threads)], False
	try:
		interpreted(text, threads, [*want, threads])
	except UnboundLocalError:
		raises = True
	for device in devices():
		got = inputs(threads)
		if raises:
			with pytest.raises(UnboundLocalError):
				compiled(text, debug=True)[1, threads](*got, threads)
			continue
		compiled(text, debug=True)[1, threads](*got, threads)
		compare(device, text, got, want)


@settings(options, max_examples=25)
@given(random=st.randoms(use_true_random=False))
def test_kinds_of_values(devices, random):
	"""Complex numbers, tuples of several kinds, values that may be None, records."""
	text, threads, live = Values(random).text, 74, 70
	rng = np.random.default_rng(threads)
	numbers = lambda n: rng.integers(-32, 32, n) / 8 + 1j * (rng.integers(-32, 32, n) / 8)  # noqa: E731
	records = np.zeros(threads, RECORD)
	for name in "kx":
		records[name] = rng.integers(0, 60, threads)
	records["c"], records["v"], records["p"]["u"] = numbers(threads), rng.integers(-8, 8, (threads, 2)) / 8, np.arange(threads)
	given = [*inputs(threads), numbers(threads), numbers(threads * CELLS)]
	want = [array.tolist() for array in given]
	as_python = [Record(record) for record in records]
	interpreted(text, threads, [*want, as_python, live])
	for device in devices():
		got, changed = [array.copy() for array in given], records.copy()
		compiled(text)[2, 37](*got, changed, live)
		compare(device, text, got, want)
		different = [i for i in range(threads) if not as_python[i].same_as(changed[i])]
		assert not different, f"{device}: record {different[0]}: {changed[different[0]]}, expected {vars(as_python[different[0]])}\n{text}"


@options
@given(random=st.randoms(use_true_random=False))
@pytest.mark.parametrize("block", [1, 33, 64])
def test_barriers(devices, random, block):
	text = Program(random, barriers=True).text
	grid = 2
	want = [array.tolist() for array in inputs(grid * block)]
	simulate("kernel", grid, block, [*want, grid * block], source=text, scope={"np": np, "math": math})
	for device in devices():
		got = inputs(grid * block)
		compiled(text)[grid, block](*got, grid * block)
		compare(device, text, got, want)


@settings(options, max_examples=16)
@given(random=st.randoms(use_true_random=False))
def test_exchanges(devices, random):
	program = Exchange(random, length=3)
	threads = 2 * int(np.prod(program.shape))
	given = inputs(threads) + [np.arange(threads * CELLS) % 3 == 0, np.ones(threads * CELLS, program.types["ox"].strip("_"))]
	want = [array.copy() for array in given]
	simulate("kernel", 2, program.shape, [*want, threads - 5], source=program.simulated, scope={"np": np, "math": math})
	for device in devices():
		got = [array.copy() for array in given]
		compiled(program.text)[2, program.shape](*got, threads - 5)
		compare(device, f"{program.shape}\n{program.text}", got, want)
