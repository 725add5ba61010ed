/* Where the items of an array lie. */
#ifndef GJ_EXTENT_H
#define GJ_EXTENT_H

#include "core.h"

/* Is an array of this shape and these byte strides contiguous, last (C) or first (F) index fastest? */
bool gj_is_contiguous(int ndim, const int64_t *shape, const int64_t *strides, int64_t itemsize, char order);
/* Why no array of this shape, these byte strides and items of this size can lie at `data`; NULL: it can. */
const char *gj_extent_lies(uintptr_t data, int ndim, const int64_t *shape, const int64_t *strides, int64_t item);
/* Strides of C order without gaps; false: the array is too long for 64 bits. */
bool gj_c_strides(int ndim, const int64_t *shape, int64_t item, int64_t *strides);
/* First byte and one past the last of an array at `data`. Equal: no items. */
void gj_byte_range(const gj_type *, uintptr_t data, const int64_t *shape, const int64_t *strides, uintptr_t *lo,
	uintptr_t *hi);

#endif
