"""An array of each thread: filled in one loop, sorted in another."""
import numpy as np
from gridjit import cuda, int64

SIGNATURE = "void(int64[::1], int64[:, ::1])"


def sort(a, n):
	for j in range(1, n):
		v = a[j]
		k = j
		while k > 0 and a[k - 1] > v:
			a[k] = a[k - 1]
			k -= 1
		a[k] = v


def kernel(x, y):
	i = cuda.grid(1)
	a = cuda.local.array(8, int64)
	if i < y.shape[0]:
		n = i % 8 + 1
		for j in range(n):
			a[j] = x[(i + 5 * j) % x.shape[0]]
		sort(a, n)
		for j in range(n):
			y[i, j] = a[j]


def args():
	return [np.arange(70) * 37 % 101, np.zeros((70, 8), np.int64)]
