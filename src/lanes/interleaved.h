/* Accesses of lanes whose memory interleaves: fields of records, parts of complex numbers, items x[3 * i + k]. */
#ifndef GJ_INTERLEAVED_H
#define GJ_INTERLEAVED_H

#include "ir/ir.h"

enum { GJ_MOST_INTERLEAVED = 16 };

/* Loads or stores of one block, under one mask. With an item `size` bytes large, lane i's are at offset[k] + i × factor items from one
 * place; offsets differ and are below the factor, the lowest is 0. Loads may be made where the first member stands, stores where the
 * last one does. */
typedef struct gj_interleaved {
	uint32_t size, factor, n;
	gj_ref member[GJ_MOST_INTERLEAVED];        /* in their order */
	uint32_t offset[GJ_MOST_INTERLEAVED];
} gj_interleaved;

/* By op, NULL: it is no member of any; for functions with vectors, after the mask pass. */
gj_interleaved **gj_find_interleaved(const gj_fn *);

#endif
