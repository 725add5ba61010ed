"""Methods and functions that give views: ravel, reshape, transpose, view, expand_dims; item, flags, shape, size."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float32[:, ::1], float32[::1, :], float32[:, :], int64[:, ::1], float32[:, ::1], int64)"


def kernel(c, f, a, y, z, k):
	i = cuda.grid(1)
	if i < y.shape[0]:
		flat, wide = c.ravel(), c.reshape(k, 2, 6)
		y[i, 0] = flat[i % 24] + wide[i % 2, 1, i % 6] + c.reshape((3, -1))[2, i % 8] + np.reshape(c, 24)[i % 5]
		y[i, 1] = c.transpose()[i % 6, 1] + np.transpose(a)[i % 3, 1] + f.transpose()[1, i % 4]
		y[i, 2] = wide.transpose((2, 0, 1))[i % 6, 1, 0] + wide.transpose(1, -1, 0)[1, i % 6, 1] + np.transpose(a, (1, 0))[1, 1]
		bits = flat.view(np.int32)
		y[i, 3] = bits[i % 24] + a.view("u4")[1, i % 3] + f.view(np.dtype("int32"))[i % 4, 0]
		pairs, halves = c.view(np.int64), c.view(np.uint16)
		y[i, 4] = pairs[i % 4, i % 3] ^ halves[i % 4, i % 12] + halves.shape[1] * pairs.shape[1]
		y[i, 5] = flat[i % 24:i % 24 + 1].item() + c[:1, :1].item() + np.expand_dims(flat, 1)[i % 24, 0] + np.expand_dims(a, 0)[0, 1, 2]
		y[i, 6] = np.size(a) + np.shape(f)[1] + np.ndim(wide) + np.expand_dims(a, -1).shape[2] + a.real[0, 1]
		s = c[::2, 1::2]                           # not a: a GPU gets strided host arrays packed
		y[i, 7] = c.flags.c_contiguous + 2 * c.flags.f_contiguous + 4 * f.flags.f_contiguous + 8 * s.flags.c_contiguous + \
			16 * s[:1].flags.c_contiguous + 32 * s[2:2].flags.f_contiguous + 64 * f[:, 0].flags.c_contiguous
		z.ravel()[i] = i
		z.reshape(-1, 2, 5).transpose((2, 1, 0))[4, 1, i % 7] = i % 7


def args():
	rng = np.random.default_rng(5)
	c = rng.integers(-99, 99, (4, 6)).astype(np.float32)
	f = np.asfortranarray(rng.integers(-99, 99, (4, 2)).astype(np.float32))
	a = rng.integers(-99, 99, (4, 6)).astype(np.float32)[::2, 1::2]
	return [c, f, a, np.zeros((70, 8), np.int64), np.zeros((14, 5), np.float32), 2]
