/* Lowering of records: a reference is a pointer, a field a place behind it. */
#include "lower/lower.h"
#include "types/record.h"

/* The array that a field of a record is, or those of an array of records together. */
static gj_lv nested(gj_lower *L, const gj_type *t, gj_ref data, const gj_type *field, gj_lv of)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	uint32_t d = 0, outer = of.type->kind == GJ_ARRAY ? of.type->ndim : 0;
	p[0] = gj_ecast(L, data, gj_part_of(t, 0).type);
	for (; d < outer; d++) {
		p[1 + d] = gj_extent(of, d);
		p[1 + t->ndim + d] = gj_stride(of, d);
	}
	for (; field->kind == GJ_NESTED; field = field->elem, d++) {
		p[1 + d] = gj_eint(L, gj_i64(), field->n);
		p[1 + t->ndim + d] = gj_eint(L, gj_i64(), field->elem->size);
	}
	return gj_lowned_as(L, v, of);
}

gj_lv gj_lfield(gj_lower *L, gj_lv of, uint32_t i, const gj_type *t)
{
	const gj_type *record = of.type->elem;
	gj_ref at = gj_lfield_place(L, of.part[0], record, i);
	return t->kind == GJ_ARRAY ? nested(L, t, at, record->item[i], of) : gj_lload_from(L, of, at, t);
}
