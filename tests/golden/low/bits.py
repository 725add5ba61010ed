"""popc, clz, ffs, brev and int.bit_count."""
import numpy as np
from gridjit import cuda, uint32

SIGNATURE = "void(int64[::1], uint32[::1], int64[:, ::1])"


def kernel(x, u, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = cuda.popc(x[i]) + 100 * cuda.popc(u[i])
		y[i, 1] = cuda.clz(x[i]) + 100 * cuda.clz(u[i])
		y[i, 2] = cuda.ffs(x[i]) + 100 * cuda.ffs(u[i])
		y[i, 3] = cuda.brev(u[i])
		y[i, 4] = cuda.brev(uint32(i))
		y[i, 5] = x[i].bit_count() + u[i].bit_count()


def args():
	x = np.arange(70) ** 5 * 12345
	return [x, x.astype(np.uint32), np.zeros((70, 6), np.int64)]


def expect(x, u, y):
	for i, (p, q) in enumerate(zip(x.tolist(), u.tolist())):
		y[i, 0] = p.bit_count() + 100 * q.bit_count()
		y[i, 1] = 64 - p.bit_length() + 100 * (32 - q.bit_length())
		y[i, 2] = (p & -p).bit_length() + 100 * (q & -q).bit_length()
		y[i, 3] = int(f"{q:032b}"[::-1], 2)
		y[i, 4] = int(f"{i:032b}"[::-1], 2)
		y[i, 5] = p.bit_count() + q.bit_count()
