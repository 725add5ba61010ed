/* How a type falls into parts: the scalars and pointers that a value of it is to the compiler, and where each of them
 * stands if the value lies in memory. Whoever loads, stores, passes or returns a value goes through its parts. */
#ifndef GJ_PARTS_H
#define GJ_PARTS_H

#include "types/layout.h"

typedef struct gj_part {
	const gj_type *type;                       /* a scalar that is one value, or a pointer */
	const gj_type *of;                         /* the innermost type that it is a part of: itself, a complex number, an array … */
	const char *name;                          /* "real", "data", "stop" …; NULL: none of its own */
	uint32_t offset;                           /* bytes, where the whole lies in memory */
	uint8_t  field, dim;                       /* gj_field; SHAPE, STRIDE: dimension */
} gj_part;

/* Number of parts; 0: the type says all (None, functions, strings). */
static inline uint32_t gj_parts(const gj_type *t) { return t->nparts; }
/* Part i. */
gj_part gj_part_of(const gj_type *, uint32_t i);
/* The first part of what is called `name`: `real`, `shape`, `start` …; −1: the type has nothing of that name. */
int gj_part_named(const gj_type *, const char *name);

/* Leaves: how many arguments a launch reads for a value; a tuple is its items, depth first, what may be None whether it is there, and its value. */
static inline uint32_t gj_leaves(const gj_type *t) { return t->nleaves; }

#endif
