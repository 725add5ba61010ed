"""Atomics on float32 and float64, in global and in shared memory; the value is converted to the array's type."""
import numpy as np
from gridjit import cuda, float32

SIGNATURE = "void(float64[::1], float32[::1])"


def kernel(a, b):
	i = cuda.grid(1)
	s = cuda.shared.array(2, float32)
	if cuda.threadIdx.x < 2:
		s[cuda.threadIdx.x] = 0
	cuda.syncthreads()
	cuda.atomic.add(a, 0, 0.5)
	cuda.atomic.add(a, 1, i)
	cuda.atomic.max(a, 2, i / 2)
	cuda.atomic.min(a, 3, -i / 2)
	cuda.atomic.add(s, i % 2, 1)
	cuda.atomic.max(b, 2, i)
	cuda.syncthreads()
	if cuda.threadIdx.x < 2:
		cuda.atomic.add(b, cuda.threadIdx.x, s[cuda.threadIdx.x])


def args():
	return [np.zeros(4), np.zeros(3, np.float32)]


def expect(a, b):
	a[:] = [40, 79 * 40, 39.5, -39.5]
	b[:] = [40, 40, 79]


LAUNCH = 2, 40
