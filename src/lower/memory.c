/* Loads and stores while lowering: a value in memory is its parts, each at its place in the whole. */
#include "lower/lower.h"

gj_ref gj_lplace(gj_lower *L, gj_ref p, gj_part part)
{
	const gj_type *t = gj_o(L->fn, p)->type;
	if (t->elem == part.type)
		return p;
	return gj_e2(L, GJ_BYTES, gj_ptr_type(part.type, (gj_space)t->space), p, gj_eint(L, gj_i64(), part.offset));
}

gj_lv gj_lload(gj_lower *L, gj_ref p, const gj_type *t)
{
	gj_ref *r;
	gj_lv v = gj_lv_new(L, t, &r);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		r[i] = gj_e1(L, GJ_LOAD, gj_part_type(L, t, i), gj_lplace(L, p, gj_part_of(t, i)));
	return v;
}

void gj_lstore(gj_lower *L, gj_ref p, gj_lv v, const gj_type *t)
{
	if (gj_is_bool(t))
		v = gj_lv_scalar(L, t, gj_ltruth(L, v));
	v = gj_lconv(L, v, t);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		gj_e2(L, GJ_STORE, NULL, gj_lplace(L, p, gj_part_of(t, i)), v.part[i]);
}
