"""The functions of module math on float64."""
import math

import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[::1], float64[:, ::1])"
LIBDEVICE = True


def kernel(x, y):
	i = cuda.grid(1)
	if i < y.shape[0]:
		v = x[i]
		y[i, 0] = math.sin(v) + math.cos(v) * math.tan(v / 4)
		y[i, 1] = math.exp(v) + math.log(v) + math.log2(v) + math.log10(v) + math.log1p(v) + math.expm1(v)
		y[i, 2] = math.sqrt(v) + math.hypot(v, 2) + math.pow(v, 1.5)
		y[i, 3] = math.atan2(v, 2) + math.asin(v / 9) + math.acos(v / 9) + math.atan(v)
		y[i, 4] = math.sinh(v) + math.cosh(v) + math.tanh(v) + math.asinh(v) + math.acosh(v + 1) + math.atanh(v / 9)
		y[i, 5] = math.floor(v) + 10 * math.ceil(v) + 100 * math.trunc(-v)
		y[i, 6] = math.fabs(-v) + math.copysign(v, -1.0) + math.fmod(v, 0.75) + math.remainder(v, 0.75)
		y[i, 7] = math.erf(v) + math.erfc(v) + math.gamma(v) + math.lgamma(v)
		y[i, 8] = math.degrees(v) + math.radians(v)
		part, whole = math.modf(v)
		mantissa, exponent = math.frexp(v)
		y[i, 9] = part + 2 * whole + 3 * mantissa + 5 * exponent + math.ldexp(v, 3)
		y[i, 10] = math.isnan(v) + math.isinf(v) + math.isfinite(v)


def args():
	return [np.arange(1, 71) / 8, np.zeros((70, 11))]


RTOL = 1e-13
