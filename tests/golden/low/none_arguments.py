"""None as an argument and a default, alone and in tuples: what is behind `is None` is compiled only where it can be reached."""
import numpy as np
from gridjit import cuda

SIGNATURE = "void(float64[:, ::1], none, float64[::1], Tuple((int64, none)))"


def scaled(v, factor=None, *, offset=None):
	if factor is None and offset is None:
		return v
	if factor is None:
		return v + offset[1]
	return v * factor if offset is None else v * factor + offset[0]


def nothing(a):
	if a is not None:
		return a[0]


def first_given(*items):
	if len(items) == 1 or items[0] is not None:
		return items[0]
	return first_given(*items[1:])


def kernel(y, mask, weights, pair):
	i = cuda.grid(1)
	if i < y.shape[0]:
		if mask is None:
			y[i, 0] = 1
		else:
			y[i, 0] = mask[i]
		if mask is not None and mask[i] > 0 or weights is None:
			y[i, 1] = mask.missing
		elif not mask and weights is not None:
			y[i, 1] = weights[i % 4]
		count, limit = pair
		y[i, 2] = count if limit is None else limit[i]
		y[i, 3] = scaled(i) + scaled(i, 2) + scaled(i, None, offset=weights) + scaled(i, offset=weights, factor=3)
		if nothing(mask) is None:
			y[i, 4] = nothing(weights)
		match mask:
			case None:
				y[i, 5] = first_given(mask, None, i, mask)
			case _:
				y[i, 5] = mask[0]
		if weights is None:
			weights = pair
		default = 4 if mask is None else mask
		while mask is not None:
			default += mask[0]
		y[i, 6] = weights[2] + default


def args():
	return [np.zeros((70, 7)), None, np.array([2.0, 3.0, 5.0, 7.0]), (9, None)]
