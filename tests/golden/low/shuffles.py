"""The four shuffles, of 32 and 64 bits; a warp's sum."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int32[::1], float64[::1], int64[:, ::1], float64[:, ::1])"
ALL = 0xffffffff


def kernel(x, z, y, w):
	i = cuda.grid(1)
	v = x[i]
	y[i, 0] = cuda.shfl_sync(ALL, v, 5)
	y[i, 1] = cuda.shfl_up_sync(ALL, v, 3)
	y[i, 2] = cuda.shfl_down_sync(ALL, v, 3)
	y[i, 3] = cuda.shfl_xor_sync(ALL, v, 1)
	s = z[i]
	offset = 16
	while offset:
		s += cuda.shfl_down_sync(ALL, s, offset)
		offset //= 2
	w[i, 0] = s
	w[i, 1] = cuda.shfl_sync(ALL, z[i], (i * 7) % 32)


def args():
	return [np.arange(64, dtype=np.int32) * 3, np.arange(64.0) / 2, np.zeros((64, 4), np.int64), np.zeros((64, 2))]


def expect(x, z, y, w):
	lane = np.arange(32)
	for warp in range(2):
		at = slice(32 * warp, 32 * warp + 32)
		v, f = x[at], z[at].copy()
		y[at] = np.stack([v[lane * 0 + 5], v[np.where(lane < 3, lane, lane - 3)], v[np.where(lane > 28, lane, lane + 3)],
			v[lane ^ 1]], 1)
		w[at, 1] = f[(np.arange(at.start, at.stop) * 7) % 32]
		for offset in (16, 8, 4, 2, 1):
			f = f + f[np.where(lane + offset > 31, lane, lane + offset)]
		w[at, 0] = f


LAUNCH = 2, 32
