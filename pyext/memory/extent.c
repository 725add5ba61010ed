/* Shape and strides: contiguity, and the bytes that an array covers. */
#include "memory/extent.h"

bool gj_is_contiguous(int ndim, const int64_t *shape, const int64_t *strides, int64_t itemsize, char order)
{
	int64_t expect = itemsize;
	for (int k = 0; k < ndim; k++)
		if (shape[k] == 0)
			return true;
	for (int k = 0; k < ndim; k++) {
		int i = order == 'C' ? ndim - 1 - k : k;
		if (shape[i] != 1 && strides[i] != expect)
			return false;
		expect *= shape[i];
	}
	return true;
}

void gj_byte_range(const gj_type *t, uintptr_t data, const int64_t *shape, const int64_t *strides, uintptr_t *lo,
	uintptr_t *hi)
{
	*lo = *hi = data;
	for (int i = 0; i < t->ndim; i++)
		if (shape[i] == 0)
			return;
	for (int i = 0; i < t->ndim; i++) {
		int64_t span = strides[i] * (shape[i] - 1);
		*(span < 0 ? lo : hi) += (uintptr_t)span;
	}
	*hi += t->elem->size;
}
