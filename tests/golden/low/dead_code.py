"""What no thread can reach is not compiled, and need not make sense."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1])"
DEBUG = False
MODE = 2


def pick(a, mode=None):
	if mode is None:
		return a
	return mode[a]


def kernel(y):
	i = cuda.grid(1)
	if DEBUG:
		print(undefined_name)  # noqa: F821
	if MODE == 1:
		y.no_such_thing()
	elif MODE == 2:
		if i < y.shape[0]:
			y[i] = pick(i) + pick(1, (3, 4))
	while 0:
		y[0] = "text"
	return
	y[i] = unknown  # noqa: F821


def args():
	return [np.zeros(70, np.int64)]
