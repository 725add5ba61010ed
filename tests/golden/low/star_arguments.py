"""*args of device functions, calls with the items of tuples, tuples with starred items."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], UniTuple(int64, 2))"


def total(*items):
	s = 0.0
	for item in items:
		s += item
	return s


def surplus(a, b=2, *rest, c=3):
	return a + 10 * b + 100 * len(rest) + 1000 * c


def summed(*items):
	if len(items) == 0:
		return 0
	return items[0] + summed(*items[1:])


def apply(f, *args):
	return f(*args)


def between(f, *args):
	return f(1, *args, 2, c=len(args))


def first_of(pair, x):
	f, y = pair
	return f(x) + y


def double(x):
	return x + x


def kernel(y, t):
	i = cuda.grid(1)
	if i < y.shape[0]:
		y[i, 0] = total() + total(1.5, 2.5 * i) + total(*y.shape)
		y[i, 1] = surplus(i) + surplus(i, 4) + surplus(i, 4, 5, 6.0, c=7) + surplus(*t)
		y[i, 2] = apply(surplus, i, 1) + between(surplus, i) + between(surplus, *t, i) + apply(total)
		y[i, 3] = summed(i, *t, 3, *(4, 5))
		u = (0, *t, i)
		y[i, 4] = u[1] * 100 + u[2] * 10 + u[3] + max(*u, 5)
		scale = lambda *factors: i * len(factors) + t[0]
		y[i, 5] = scale(*u, 1) + scale()
		y[i, 6] = first_of((double, y[i, 4]), i)


def args():
	return [np.zeros((70, 7)), (3, 4)]
