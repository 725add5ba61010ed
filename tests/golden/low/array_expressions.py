"""Array expressions are loops without temporaries: stored, reduced, indexed, iterated over, in place."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], float64[::1], int32[::1], float64[:,::1], float64[::1])"


def kernel(a, b, k, m, out):
	if cuda.grid(1) == 0:
		out[:4] = a * 2 + np.sqrt(b) - k
		out[4] = (m + a).sum()
		out[5] = np.max(abs(a - b) ** 2)
		out[6] = (a * b)[-1] + len(a + b)
		total = 0.0
		for x in np.where(k > 1, a, -b):
			total += x
		out[7] = total
		m[:, 1] *= 0.5
		m += k
		a[1:] = a[:-1] + b[1:]


def args():
	return [np.arange(4.0) + 1, np.arange(4.0) + 3, np.arange(4, dtype=np.int32), np.arange(12.0).reshape(3, 4), np.zeros(8)]


def expect(a, b, k, m, out):
	out[:4] = a * 2 + np.sqrt(b) - k
	out[4] = (m + a).sum()
	out[5] = np.max(abs(a - b) ** 2)
	out[6] = (a * b)[-1] + 4
	out[7] = np.where(k > 1, a, -b).sum()
	m[:, 1] *= 0.5
	m += k
	a[1:] = a[:-1] + b[1:]
