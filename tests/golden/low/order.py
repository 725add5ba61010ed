"""Operands are evaluated from left to right, once, and before what is assigned to."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"


def note(y, i, v):
	y[i, 0] = y[i, 0] * 10 + v
	return v


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, note(y, i, 1)] = note(y, i, 2) + note(y, i, 3) * note(y, i, 4)
		if note(y, i, 1) < note(y, i, 2) < note(y, i, i % 4) < note(y, i, 5):
			note(y, i, 6)
		y[i, note(y, i, 2)] += note(y, i, 7)
		a, b = note(y, i, 8), note(y, i, 9)
		y[i, 3] = note(y, i, 1) and note(y, i, 0) or note(y, i, a - b)


def args():
	return [np.zeros((70, 4), np.int64)]
