"""np.gcd, lcm, divmod, float_power, spacing, logaddexp and logaddexp2 on scalars."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(int64[::1], int64[::1], int8[::1], uint32[::1], float64[::1], float64[::1], float32[::1], float64[:, ::1])"
RTOL = 1e-6
LIBDEVICE = True


def kernel(a, b, c, d, x, z, w, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = np.gcd(a[i], b[i])
		y[i, 1] = np.lcm(a[i], b[i])
		y[i, 2] = np.gcd(c[i], c[(i + 1) % 70]) * 1000 + np.lcm(c[i], c[(i + 1) % 70])
		y[i, 3] = np.gcd(d[i], d[0]) + np.lcm(d[i] % 99, c[i]) / 7
		q, r = np.divmod(a[i], b[i])
		s, t = np.divmod(x[i], z[i])
		y[i, 4] = q + r * 0.5
		y[i, 5] = s if abs(s) < 1e9 else 0
		y[i, 6] = np.float_power(abs(w[i]), c[i] % 5)
		y[i, 7] = np.spacing(x[i])
		y[i, 8] = np.spacing(w[i])
		y[i, 9] = np.logaddexp(x[i], z[i])
		y[i, 10] = np.logaddexp2(z[i], x[i])
		y[i, 11] = np.logaddexp(w[i], c[i])
		p, o = np.divmod(c[i], c[(i + 1) % 70])
		y[i, 12] = p * 1000 + o


def expect(a, b, c, d, x, z, w, y):
	e = np.roll(c, -1)
	with np.errstate(all="ignore"):
		y[:, 0], y[:, 1] = np.gcd(a, b), np.lcm(a, b)
		y[:, 2] = np.gcd(c, e).astype(np.int64) * 1000 + np.lcm(c, e)
		y[:, 3] = np.gcd(d, d[0]).astype(np.float64) + np.lcm((d % 99).astype(np.int64), c) / 7
		q, r = np.divmod(a, b)
		s = np.divmod(x, z)[0]
		y[:, 4], y[:, 5] = q + r * 0.5, np.where(abs(s) < 1e9, s, 0)
		y[:, 6] = np.float_power(abs(w), c % 5)
		y[:, 7], y[:, 8] = np.spacing(x), np.spacing(w)
		y[:, 9], y[:, 10], y[:, 11] = np.logaddexp(x, z), np.logaddexp2(z, x), np.logaddexp(w.astype(np.float64), c)
		p, o = np.divmod(c, e)
		y[:, 12] = p.astype(np.int64) * 1000 + o


def args():
	rng = np.random.default_rng(7)
	a, b = rng.integers(-10**6, 10**6, 70), rng.integers(-999, 999, 70)
	a[:6], b[:6] = (0, 0, 12, -12, 2**62, -2**63), (0, 5, 0, 18, 2**40, 3)
	c, d = rng.integers(-128, 128, 70).astype(np.int8), rng.integers(0, 2**32, 70).astype(np.uint32)
	c[:3] = -128, 64, 0
	x, z = rng.normal(0, 30, 70), rng.normal(0, 30, 70)
	inf, nan = np.inf, np.nan
	x[:10], z[:10] = (0, -0.0, inf, -inf, inf, nan, 1, 5e-324, -5e-324, -1), (0, 1, inf, -inf, -inf, 1, nan, 1, 2, 3)
	w = rng.normal(0, 3, 70).astype(np.float32)
	return [a, b, c, d, x, z, w, np.zeros((70, 13))]
