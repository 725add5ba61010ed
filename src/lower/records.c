/* Lowering of records: a reference is a pointer, a field a place behind it. */
#include "lower/lower.h"
#include "types/record.h"

/* The array that a field of these dimensions is, or each of an array's fields are. */
static gj_lv nested(gj_lower *L, const gj_type *t, gj_ref data, const gj_type *field, const gj_lv *outer)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	uint32_t d = 0;
	p[0] = gj_ecast(L, data, gj_part_of(t, 0).type);
	for (; outer && d < outer->type->ndim; d++) {
		p[1 + d] = gj_extent(*outer, d);
		p[1 + t->ndim + d] = gj_stride(*outer, d);
	}
	for (; field->kind == GJ_NESTED; field = field->elem, d++) {
		p[1 + d] = gj_eint(L, gj_i64(), field->n);
		p[1 + t->ndim + d] = gj_eint(L, gj_i64(), field->elem->size);
	}
	return outer ? gj_lowned_as(L, v, *outer) : v;
}

gj_lv gj_lfield(gj_lower *L, gj_lv of, uint32_t i, const gj_type *t)
{
	const gj_type *record = of.type->elem;
	gj_ref at = gj_lfield_place(L, of.part[0], record, i);
	return t->kind == GJ_ARRAY ? nested(L, t, at, record->item[i], of.type->kind == GJ_ARRAY ? &of : NULL) : gj_lload(L, at, t);
}
