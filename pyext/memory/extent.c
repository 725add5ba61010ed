/* Shape and strides: contiguity, and the bytes that an array covers. */
#include "memory/extent.h"

enum { ADDRESS_BITS = 57 };                    /* what processors and GPUs can address at most */

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
		expect = (int64_t)((uint64_t)expect * (uint64_t)shape[i]);
	}
	return true;
}

const char *gj_extent_lies(uintptr_t data, int ndim, const int64_t *shape, const int64_t *strides, int64_t item)
{
	uintptr_t lo = data, hi = data, end;
	int64_t span;
	for (int i = 0; i < ndim; i++)
		if (shape[i] < 0)
			return "an extent is negative";
	for (int i = 0; i < ndim; i++)
		if (shape[i] == 0)
			return NULL;
	if (!data)
		return "it has items, but its address is 0";
	for (int i = 0; i < ndim; i++) {
		if (__builtin_mul_overflow(strides[i], shape[i] - 1, &span) || span == INT64_MIN
			|| (span < 0 && __builtin_sub_overflow(lo, (uintptr_t)-span, &lo))
			|| (span > 0 && __builtin_add_overflow(hi, (uintptr_t)span, &hi)))
			return "its strides lead out of the address space";
	}
	if (__builtin_add_overflow(hi, (uintptr_t)item, &end) || end >> ADDRESS_BITS)
		return "it ends behind the address space";
	return NULL;
}

bool gj_c_strides(int ndim, const int64_t *shape, int64_t item, int64_t *strides)
{
	for (int i = ndim; i-- > 0;) {
		strides[i] = item;
		if (__builtin_mul_overflow(item, shape[i] > 1 ? shape[i] : 1, &item))
			return false;
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
		uintptr_t span = (uintptr_t)strides[i] * (uintptr_t)(shape[i] - 1);
		*(strides[i] < 0 ? lo : hi) += span;
	}
	*hi += t->elem->size;
}
