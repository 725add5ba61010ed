"""Votes and matches of a warp."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int32[::1], int64[:, ::1])"
ALL = 0xffffffff


def kernel(x, y):
	i = cuda.grid(1)
	v = x[i]
	y[i, 0] = cuda.all_sync(ALL, v >= 0)
	y[i, 1] = cuda.any_sync(ALL, v == 40)
	y[i, 2] = cuda.eq_sync(ALL, v < 20)
	y[i, 3] = cuda.ballot_sync(ALL, v % 3 == 0)
	y[i, 4] = cuda.match_any_sync(ALL, v % 4)
	mask, same = cuda.match_all_sync(ALL, v // 40)
	y[i, 5] = mask
	y[i, 6] = same
	y[i, 7] = cuda.activemask() >> cuda.laneid & 1
	y[i, 8] = cuda.lanemask_lt()
	y[i, 9] = cuda.laneid + cuda.warpsize
	cuda.syncwarp()


def args():
	return [np.arange(64, dtype=np.int32), np.zeros((64, 10), np.int64)]


def expect(x, y):
	lane = np.arange(32)
	for warp in range(2):
		v = x[32 * warp:32 * warp + 32].astype(np.int64)
		bits = lambda p: int(np.int32(np.uint32(sum(1 << k for k in range(32) if p[k]))))  # noqa: E731
		for k in lane:
			same = len(set(v // 40)) == 1
			y[32 * warp + k] = [1, 40 in v, len(set(v < 20)) == 1, bits(v % 3 == 0), bits(v % 4 == v[k] % 4), -1 if same else 0,
				same, 1, (1 << k) - 1, k + 32]


LAUNCH = 2, 32
