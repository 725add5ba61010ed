"""What only makes the message of an exception is not computed: f-strings and strings of numbers need not compile there."""
import numpy as np
import pytest

from gridjit import cuda, errors

RAISES = ('raise ValueError(f"{i} is")', 'assert i < 6, f"{i:>5.2f} is {x.shape[0]!r}"', 'raise ValueError("x", i)', 'assert i < 6, "x" + str(i)',
	'raise ValueError("%d" % i)', 'assert i < 6, ("a", i)', 'raise ValueError("{}".format(i))', 'raise ValueError(message=f"{i}")',
	'raise ValueError("constant")',
	'assert i < 6, f"{i if i > 2 else x[1]:>3} is {\'too\' if i else \'very\'} large"', 'raise ValueError(f"{str(i) if x[1] else i}" + ("a" if i else "b"))',
	'raise ValueError(f"{i and x[1]} {i or 7:>{i}}")', 'y = 2 * i if i > 7 else i; raise ValueError(f"{y} {y if y > 3 else str(y)}")', 'raise ValueError')


def kernel_of(body):
	names = {"cuda": cuda}
	exec(f"def kernel(x):\n i = x[0]\n if i > 5:\n  {body}\n x[1] = 3\n", names)
	return names["kernel"]


@pytest.mark.parametrize("body", RAISES)
def test_raise(device, body):
	kernel = cuda.jit(kernel_of(body))
	for first, second in ((7, 0), (1, 3)):
		x = np.array([first, 0.0])
		kernel[1, 1](x)
		assert x.tolist() == [first, second]


def test_what_is_used_elsewhere_stays(device):
	kernel = cuda.jit(kernel_of('y = i + 1; x[1] = y; raise ValueError(f"{y}")'))
	x = np.array([7.0, 0])
	kernel[1, 1](x)
	assert x.tolist() == [7, 8]


def test_effects_that_only_messages_use_stay(device):
	"""The call is on the way of those too that do not raise."""
	kernel = cuda.jit(kernel_of('pass\n old = cuda.atomic.add(x, 2, 1)\n if i > 5:\n  raise ValueError(f"{old if x[0] else i}")'))
	for first, second in ((7, 0), (1, 3)):
		x = np.array([first, 0.0, 0])
		kernel[1, 1](x)
		assert x.tolist() == [first, second, 1]


def test_strings_elsewhere():
	with pytest.raises(errors.UnsupportedBytecodeError, match="an f-string is not supported"):
		cuda.compile_ptx(kernel_of('x[1] = len(f"{i}")'), "void(float64[:])")
