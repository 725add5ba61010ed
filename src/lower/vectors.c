/* Lowering of vector types: their constructors. A vector is its parts, side by side. */
#include "lower/lower.h"

gj_lv gj_lvector(gj_lower *L, const gj_type *t, uint32_t n, const gj_lv *from)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < gj_parts(from[i].type); k++)
			*p++ = gj_ecast(L, from[i].part[k], t->elem);
	return v;
}
