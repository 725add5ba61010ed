/* Records: structures in memory whose fields have names and places, as NumPy's structured dtypes. Kernels see one by reference
 * (GJ_REF): it stays where it is. Fields that are arrays are GJ_NESTED, one dimension inside the other. */
#ifndef GJ_RECORD_H
#define GJ_RECORD_H

#include "types/layout.h"

/* A record of fields item[]; NULL: out of memory, or a field lies outside. */
const gj_type *gj_record_type(const gj_record *, const gj_type *const *item);
/* n of them side by side; NULL: too many. */
const gj_type *gj_nested_type(const gj_type *elem, uint32_t n);
/* A record where it lies; `known`: bytes that its address is a multiple of, 0: as many as its type asks for. */
const gj_type *gj_ref_type(const gj_type *record, bool readonly, gj_space, uint32_t known);

/* What the fields of are asked for: a record by reference, an array of records; NULL: another type. */
const gj_type *gj_holds_record(const gj_type *);
/* Which field of a record has this name? −1: none. */
int gj_field_named(const gj_type *record, const char *name);
/* What field i of a record, or of each record of an array, is as a value; NULL: it has more dimensions than arrays can have. */
const gj_type *gj_field_type(const gj_type *of, uint32_t i);
/* Do fields share bytes? */
bool gj_has_overlap(const gj_type *);
/* Where a thread has values of a type of its own: GJ_LOCAL, but GJ_GENERIC where fields share bytes. */
gj_space gj_own_space(const gj_type *elem);

#endif
