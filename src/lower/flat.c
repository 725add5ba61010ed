/* Lowering of a.flat: of a C-contiguous array a view in one row, else the array itself, whose elements are found by division. */
#include "lower/lower.h"

void gj_lunravel(gj_lower *L, gj_lv a, gj_ref i, gj_ref *at)
{
	for (uint32_t d = a.type->ndim; d-- > 0;) {
		at[d] = d ? gj_e2(L, GJ_MOD, gj_i64(), i, gj_extent(a, d)) : i;
		i = d ? gj_e2(L, GJ_FLOORDIV, gj_i64(), i, gj_extent(a, d)) : i;
	}
}

gj_lv gj_lflat(gj_lower *L, gj_lv a, const gj_type *t)
{
	if (t->kind == GJ_FLAT || t == a.type)
		return (gj_lv){ t, NULL, a.part };
	gj_ref size = gj_lsize(L, a);
	return gj_larray(L, t, a.part[0], &size);
}
