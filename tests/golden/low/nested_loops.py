"""Loops in loops: break and continue leave the inner one, return all of them."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64)"


def kernel(y, n):
	i = cuda.grid(1)
	if i >= y.shape[0]:
		return
	total = 0
	for a in range(n):
		b = 0
		while b < i:
			b += 1
			if b == a:
				continue
			if a * b > 30:
				break
			for c in range(a, b, 2):
				total += c
				if total > 200:
					y[i] = -total
					return
		total += b
	y[i] = total


def args():
	return [np.zeros(70, np.int64), 7]
