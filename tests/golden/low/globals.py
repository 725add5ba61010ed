"""Globals are constants: numbers, NumPy scalars, tuples, arrays, attributes of modules, functions by another name."""
import math

import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1])"
N = 7
HALF = 0.5
FLAG = True
NARROW = np.int8(-3)
PAIR = (3, 0.25)
NESTED = ((1, 2), (3, 4))
TABLE = np.arange(12, dtype=np.int16).reshape(3, 4) * 5
VALUES = np.linspace(0, 1, 5)
my_grid = cuda.grid


def kernel(y):
	i = my_grid(1)
	if i < y.shape[0]:
		y[i, 0] = i % N * HALF + NARROW
		y[i, 1] = PAIR[0] * PAIR[1] + NESTED[1][0]
		y[i, 2] = TABLE[i % 3, i % 4] + TABLE[-1, -1]
		y[i, 3] = VALUES[i % 5] + math.pi
		if FLAG:
			y[i, 4] = np.pi * len(TABLE) + TABLE.shape[1]
		for v in VALUES:
			y[i, 5] += v


def args():
	return [np.zeros((70, 6))]
