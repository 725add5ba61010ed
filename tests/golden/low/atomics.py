"""Atomics on integers: the old values of one lane at a time are a permutation."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], uint32[::1], int32[:, ::1], int64[::1])"


def kernel(a, u, b, old):
	i = cuda.grid(1)
	if i < old.shape[0]:
		old[i] = cuda.atomic.add(a, 0, 2)
		cuda.atomic.sub(a, 1, i)
		cuda.atomic.max(a, 2, i * 7 % 31)
		cuda.atomic.min(a, -1, -(i * 7 % 31))
		cuda.atomic.and_(u, 0, 0xffffffff ^ (1 << i % 20))
		cuda.atomic.or_(u, 1, 1 << i % 20)
		cuda.atomic.xor(u, 2, i)
		cuda.atomic.inc(u, 3, 9)
		cuda.atomic.dec(u, 4, 9)
		cuda.atomic.add(b, (i % 2, i % 3), 1)
		cuda.atomic.exch(u, 5, 77)
		cuda.atomic.cas(u, 6, 5, 6)
		cuda.atomic.compare_and_swap(b[2, 1:], 3, i)


def args():
	b = np.zeros((3, 3), np.int32)
	b[2] = 4
	return [np.array([5, 5, 5, 5]), np.array([2 ** 32 - 1, 0, 0, 0, 0, 0, 5], np.uint32), b, np.zeros(70, np.int64)]


def expect(a, u, b, old):
	n, i = len(old), np.arange(len(old))
	a[:] = [5 + 2 * n, 5 - i.sum(), 30, -30]
	u[:] = [0xffffffff ^ 0xfffff, 0xfffff, np.bitwise_xor.reduce(i), n % 10, -n % 10, 77, 6]
	np.add.at(b, (i % 2, i % 3), 1)
	old[:] = 5 + 2 * i


def settle(a, u, b, old):
	old.sort()
