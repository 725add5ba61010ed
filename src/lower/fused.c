/* Lowering in fused functions: each value is the thread's element, so what is computed of elements is computed at once. */
#include "lower/lower.h"

#include <string.h>

static gj_lv as_scalar(gj_lower *L, gj_lv v, const gj_type *t)
{
	gj_lv x = { gj_element_of(v.type), gj_is_scalar(v.type) ? v.konst : NULL, v.part };
	return gj_is_bool(t) ? gj_lv_scalar(L, t, gj_ltruth(L, x)) : gj_lconv(L, x, t);
}

gj_lv gj_lfused(gj_lower *L, const char *dotted, const gj_type *t, uint32_t n, const gj_lv *a)
{
	const gj_type *as[3];
	gj_known known[3];
	gj_lcall c = { .L = L, .row = gj_name_find(dotted), .name = dotted, .type = t->elem, .n = n };
	for (uint32_t i = 0; i < n; i++)
		known[i] = (gj_known){ a[i].type, gj_is_scalar(a[i].type) ? a[i].konst : NULL };
	if (!strcmp(dotted, "array.astype"))
		as[0] = gj_element_of(a[0].type);
	else
		gj_fused_operands(L->fn, L->loc, dotted, n, known, as);
	for (uint32_t i = 0; i < n; i++)
		c.a[i] = as_scalar(L, a[i], as[i]);
	gj_lv v = gj_lconv(L, gj_lower_name(&c), t->elem);
	return (gj_lv){ t, NULL, v.part };
}

gj_lv gj_lreduced(gj_lower *L, const gj_type *t, gj_lv a)
{
	return (gj_lv){ t, NULL, as_scalar(L, a, t->item[0]).part };
}
