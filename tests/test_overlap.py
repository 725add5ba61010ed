"""Whole-array stores whose sources overlap the target give what NumPy gives, which reads before it writes."""
import numpy as np
import pytest

from gridjit import cuda, float64, njit


def up(a): a[1:] = a[:-1]
def down(a): a[:-1] = a[1:]
def up_by_two(a): a[2:] = a[:-2]
def every_second(a): a[2::2] = a[:-2:2]
def interleaved(a): a[1::2] = a[:-1:2]
def spread(a): a[::2] = a[:len(a[::2])]
def gather(a): a[:len(a[::2])] = a[::2]
def back(a): a[:] = a[::-1]
def both_backwards(a): a[::-1][1:] = a[::-1][:-1]
def same(a): a[:] = a
def add(a): np.add(a[:-1], a[1:], a[1:])
def add_below(a): np.add(a[:-1], a[1:], a[:-1])
def add_three(a): np.add(a[:-2], a[2:], a[1:-1])
def twice(a): np.add(a, a, a)
def mirror(a): np.multiply(a, a[::-1], a)
def negative(a): np.negative(a[:-1], a[1:])
def last_first(a): a[:] = a[-1:]
def turn(a): a[:] = a.T
def rows(a): a[1:, :] = a[:-1, :]
def rows_down(a): a[:-1] = a[1:]
def columns(a): a[:, 1:] = a[:, :-1]
def corner(a): a[1:, 1:] = a[:-1, :-1]
def corner_down(a): a[:-1, 1:] = a[1:, :-1]
def flip(a): a[:] = a[::-1, ::-1]
def flip_rows(a): a[:] = a[::-1]
def first_row(a): a[:] = a[0]
def third_row(a): a[:] = a[2]
def add_row(a): np.add(a, a[1], a)
def add_column(a): np.add(a, a[:, :1], a)
def within_row(a): a[1, 1:] = a[1, :-1]
def planes(a): a[1:] = a[:-1]
def turn_planes(a): a[:] = a.transpose(2, 1, 0)


LINES = (up, down, up_by_two, every_second, interleaved, gather, back, both_backwards, same, add, add_below, add_three, twice,
	mirror, negative, last_first)
SHEETS = (turn, rows, rows_down, columns, corner, corner_down, flip, flip_rows, first_row, third_row, add_row, add_column, within_row)


def layouts(shape):
	values = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
	yield values
	yield np.asfortranarray(values)
	wide = np.zeros(tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)]
	wide[...] = values
	yield wide
	flipped = values[tuple(slice(None, None, -1) for _ in shape)].copy()[tuple(slice(None, None, -1) for _ in shape)]
	yield flipped


def check(function, shape):
	kernel = cuda.jit(function)
	for a in layouts(shape):
		want = a.copy()
		function(want)
		kernel[1, 1](a)
		np.testing.assert_array_equal(a, want, err_msg=f"{a.strides}")


@pytest.mark.parametrize("function", LINES, ids=lambda f: f.__name__)
def test_lines(device, function):
	check(function, (8,))
	check(function, (7,))


@pytest.mark.parametrize("function", SHEETS, ids=lambda f: f.__name__)
def test_sheets(device, function):
	check(function, (5, 5))


@pytest.mark.parametrize("function", (planes, turn_planes, rows_down, flip_rows), ids=lambda f: f.__name__)
def test_three_dimensions(device, function):
	check(function, (3, 3, 3))


@pytest.mark.parametrize("function", (up, down, add, add_below, negative, both_backwards), ids=lambda f: f.__name__)
def test_direction_is_enough_for_any_length(device, function):
	check(function, (1000,))


@pytest.mark.parametrize("function", (rows, corner, corner_down, first_row, third_row), ids=lambda f: f.__name__)
def test_rows_of_any_length(device, function):
	a = np.arange(4000.0).reshape(40, 100)
	want = a.copy()
	function(want)
	cuda.jit(function)[1, 1](a)
	np.testing.assert_array_equal(a, want)


@pytest.mark.parametrize("function", LINES + SHEETS, ids=lambda f: f.__name__)
def test_loops_that_threads_share_have_a_direction_too(function):
	"""Where steps are negative as well, and where there are enough rounds for threads."""
	compiled = njit(parallel=True)(function)
	for shape in ((8,), (6000,)) if function in LINES else ((5, 5), (90, 90)):
		for a in layouts(shape):
			want = a.copy()
			function(want)
			compiled(a)
			np.testing.assert_array_equal(a, want, err_msg=f"{a.strides}")


def test_where_numpy_itself_is_wrong(device):
	"""NumPy 2 takes lines of different steps for lines that can be copied in one direction."""
	a = np.arange(1.0, 9)
	cuda.jit(spread)[1, 1](a)
	assert a.tolist() == [1, 2, 2, 4, 3, 6, 4, 8]


def test_too_many_for_the_temporary(device):
	"""The thread ends before it has stored anything, as where Python raises."""
	a = np.arange(100.0)
	done = np.zeros(2)

	@cuda.jit
	def kernel(a, done):
		done[0] = 1
		a[:] = a[::-1]
		done[1] = 1

	kernel[1, 1](a, done)
	assert a.tolist() == list(range(100)) and done.tolist() == [1, 0]


def test_two_arguments(device):
	@cuda.jit
	def kernel(target, source):
		target[:] = source

	a = np.arange(300.0)
	kernel[1, 1](a[1:], a[:-1])
	assert a.tolist() == [0, *range(299)]
	kernel[1, 1](a[:-1], a[1:])
	assert a.tolist() == [*range(299), 298]
	a = np.arange(20.0)
	kernel[1, 1](a, a[::-1])
	assert a.tolist() == [*range(19, -1, -1)]
	kernel[1, 1](a[:10], a[10:])
	assert a.tolist() == [*range(9, -1, -1)] * 2
	big = np.arange(1000.0)
	kernel[1, 1](big[:500], big[500:][::-1])           # apart: no temporary is needed
	assert big[:500].tolist() == [*range(999, 499, -1)]


def test_own_memory(device):
	@cuda.jit
	def kernel(out):
		t = cuda.threadIdx.x
		mine = cuda.local.array(10, float64)
		ours = cuda.shared.array((2, 10), float64)
		for i in range(10):
			mine[i] = i + t
			ours[t, i] = i - t
		mine[1:] = mine[:-1]
		mine[:] = mine[::-1]
		ours[t, :-1] = ours[t, 1:]
		ours[t] = ours[t, ::-1]
		for i in range(10):
			out[t, 0, i] = mine[i]
			out[t, 1, i] = ours[t, i]

	out = np.zeros((2, 2, 10))
	kernel[1, 2](out)
	for t in range(2):
		assert out[t, 0].tolist() == [t + i for i in (8, 7, 6, 5, 4, 3, 2, 1, 0, 0)]
		assert out[t, 1].tolist() == [i - t for i in (9, 9, 8, 7, 6, 5, 4, 3, 2, 1)]
