"""What is stored into a narrower type wraps; what is read is computed with in 64 bits."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int8[::1], uint8[::1], int16[::1], uint16[::1], int32[::1], uint32[::1])"


def kernel(x, a, b, c, d, e, f):
	i = cuda.grid(1)
	if i < x.shape[0]:
		v = x[i]
		a[i] = v
		b[i] = v
		c[i] = v
		d[i] = v
		e[i] = v
		f[i] = v
		a[i] += b[i]
		e[i] = e[i] + e[i] >> 1
		f[i] -= 1


def args():
	x = np.arange(70) * 0x1234567891 - 2 ** 36
	return [x] + [np.zeros(70, t) for t in ("i1", "u1", "i2", "u2", "i4", "u4")]


def expect(x, a, b, c, d, e, f):
	for array in (a, b, c, d, e, f):
		array[:] = x.astype(array.dtype)
	a += b.astype(np.int8)
	f -= 1
