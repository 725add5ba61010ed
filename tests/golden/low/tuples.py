"""Tuples: made, nested, unpacked, indexed, returned, swapped, carried round a loop."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[:, ::1])"


def minmax(a, b):
	return (a, b) if a < b else (b, a)


def kernel(y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		low, high = minmax(i % 7, i % 5)
		t = ((low, high), i, 2)
		(p, q), r, s = t
		y[i, 0] = p * 10 + q + t[0][1] + t[-1]
		p, q = q, p
		y[i, 1] = p * 10 + q + r + s
		state = (0, 1)
		for _ in range(i % 9):
			state = state[1], state[0] + state[1]
		y[i, 2] = state[0]
		y[i, 3] = len(t) + len(t[0])


def args():
	return [np.zeros((70, 4), np.int64)]
