/* Lowering in fused functions: each value is the thread's element, so what is computed of elements is computed at once. */
#include "lower/lower.h"

#include <string.h>

static gj_lv as_scalar(gj_lower *L, gj_lv v, const gj_type *t)
{
	gj_lv x = { gj_element_of(v.type), gj_is_scalar(v.type) ? v.konst : NULL, v.part };
	return gj_is_bool(t) ? gj_lv_scalar(L, t, gj_ltruth(L, x)) : gj_lconv(L, x, t);
}

/* An operand as a loop takes it: an integer of Python's must fit, as NumPy asks of it. */
static gj_lv operand(gj_lower *L, gj_lv v, const gj_type *as)
{
	if (v.type == gj_i64() && !v.konst && gj_is_int(as))
		gj_lcheck_fits(L, v.part[0], as);
	return as_scalar(L, v, as);
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
		c.a[i] = operand(L, a[i], as[i]);
	gj_lv v = gj_lconv(L, gj_lower_name(&c), t->elem);
	return (gj_lv){ t, NULL, v.part };
}

/* Where the mask holds (0: it always does) v, else `otherwise`. */
gj_lv gj_lmasked(gj_lower *L, gj_ref mask, gj_lv v, gj_lv otherwise)
{
	gj_ref *p;
	gj_lv x = gj_lv_new(L, v.type, &p);
	if (!mask)
		return v;
	for (uint32_t i = 0; i < gj_parts(v.type); i++)
		p[i] = gj_e3(L, GJ_SELECT, gj_parts(v.type) > 1 ? gj_real_type(v.type) : v.type, mask, v.part[i], otherwise.part[i]);
	return x;
}

static gj_lv number(gj_lower *L, const gj_type *t, int64_t n)
{
	const gj_type *part = gj_real_type(t);
	return gj_lconv(L, gj_lv_scalar(L, part, gj_is_float(part) ? gj_eflt(L, part, (double)n) : gj_eint(L, part, n)), t);
}

/* An element for a variance, where the mask does not hold with the weight 0. */
static gj_lv weighted(gj_lower *L, gj_ref mask, gj_lv x)
{
	const gj_type *t = gj_scalar[GJ_F64];
	gj_ref *p;
	gj_lv v = gj_lv_new(L, gj_scalar[GJ_C128], &p);
	p[0] = gj_lmasked(L, mask, gj_lconv(L, x, t), number(L, t, 0)).part[0];
	p[1] = gj_e3(L, GJ_SELECT, t, mask, gj_eflt(L, t, 1), gj_eflt(L, t, 0));
	return v;
}

gj_lv gj_lreduced(gj_lower *L, const gj_type *t, gj_lv a, gj_lv where, gj_lv initial)
{
	gj_reducing r = gj_reducing_of(t);
	gj_ref *p, *at, mask = r.chosen ? as_scalar(L, where, gj_bool()).part[0] : 0;
	gj_lv v = gj_lv_new(L, t, &p), first = { 0 };
	uint32_t n = t->n - r.initial;
	bool spread = r.how >= GJ_RED_VAR, parts = spread && gj_is_complex(gj_element_of(a.type));
	bool extreme = r.how == GJ_RED_MIN || r.how == GJ_RED_MAX;
	at = p;
	if (r.initial)
		first = operand(L, initial, t->item[n]->elem);
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *as = t->item[i]->elem;
		gj_lv x = parts ? gj_lv_scalar(L, gj_real_type(gj_element_of(a.type)), a.part[i]) : a;
		if (spread && mask)
			x = weighted(L, mask, as_scalar(L, x, gj_scalar[GJ_F64]));
		else if (i == 1 && !parts)
			x = gj_lmasked(L, mask, number(L, as, 1), number(L, as, 0));
		else
			x = gj_lmasked(L, mask, as_scalar(L, x, as), extreme ? first : number(L, as, r.how == GJ_RED_PROD || r.how == GJ_RED_ALL));
		at = gj_append(at, x);
	}
	if (r.initial)
		gj_append(at, first);
	return v;
}
