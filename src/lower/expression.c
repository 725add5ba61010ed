/* Array expressions: their elements by position, and their shapes. An expression's parts are those of its operands, its type
 * says what is computed of them (infer/expressions.c). */
#include "lower/lower.h"

#include <string.h>

gj_lv gj_loperand(gj_lv v, uint32_t i)
{
	const gj_ref *p = v.part;
	for (uint32_t k = 0; k < i; k++)
		p += gj_parts(v.type->item[k]);
	return (gj_lv){ v.type->item[i], v.konst ? v.konst->item[i] : NULL, p };
}

gj_lv gj_lexpression(gj_lower *L, const gj_type *t, const gj_lv *operand)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0; i < t->n; i++)
		p = gj_append(p, operand[i]);
	return v;
}

/* -- Elements ----------------------------------------------------------------------------------------------------------- */

/* An array's element at position at[] of the target. */
static gj_lv element(gj_lower *L, gj_lv target, gj_lv v, const gj_ref *at)
{
	gj_ref from[GJ_MAX_NDIM];
	for (uint32_t d = 0; d < v.type->ndim; d++) {
		uint32_t k = target.type->ndim - v.type->ndim + d;
		from[d] = at[k];
		if (gj_lsame(L, gj_extent(v, d), gj_extent(target, k)))
			continue;
		gj_ref one = gj_ecmp(L, GJ_CMP_EQ, gj_extent(v, d), gj_eint(L, gj_i64(), 1));
		from[d] = gj_e3(L, GJ_SELECT, gj_i64(), one, gj_eint(L, gj_i64(), 0), at[k]);
	}
	return gj_lload(L, gj_lelement(L, v, from), v.type->elem);
}

gj_lv gj_lbroadcast(gj_lower *L, gj_lv target, gj_lv v, const gj_ref *at)
{
	if (v.type->kind == GJ_ARRAY)
		return element(L, target, v, at);
	if (v.type->kind != GJ_EXPRESSION)
		return v;
	const gj_name *row = v.type->obj;
	gj_lcall c = { .L = L, .row = row, .name = row->name, .type = v.type->elem, .n = v.type->n };
	for (uint32_t i = 0; i < c.n; i++) {
		gj_lv x = gj_loperand(v, i);
		c.a[i] = gj_lbroadcast(L, target, x, at);
		c.a[i].konst = gj_is_scalar(x.type) ? x.konst : NULL;
	}
	return gj_lconv(L, gj_lower_name(&c), v.type->elem);
}

uint32_t gj_larrays(gj_lower *L, gj_lv v, gj_lv **out)
{
	GJ_VEC(gj_lv) found = { 0 }, todo = { 0 };
	gj_push(L->arena, &todo, v);
	while (todo.n) {
		gj_lv x = todo.p[--todo.n];
		if (x.type->kind == GJ_ARRAY)
			gj_push(L->arena, &found, x);
		for (uint32_t i = x.type->kind == GJ_EXPRESSION ? x.type->n : 0; i-- > 0;)
			gj_push(L->arena, &todo, gj_loperand(x, i));
	}
	*out = found.p;
	return found.n;
}

/* -- Shapes ------------------------------------------------------------------------------------------------------------- */

static void require_fit(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_ref fits = 0;
	for (uint32_t d = 0; d < v.type->ndim; d++) {
		gj_ref n = gj_extent(v, d), want = gj_extent(target, target.type->ndim - v.type->ndim + d);
		if (n == want)
			continue;
		gj_ref same = gj_ecmp(L, GJ_CMP_EQ, n, want);
		same = gj_e2(L, GJ_OR, gj_bool(), same, gj_ecmp(L, GJ_CMP_EQ, n, gj_eint(L, gj_i64(), 1)));
		fits = fits ? gj_e2(L, GJ_AND, gj_bool(), fits, same) : same;
	}
	if (fits)
		gj_lrequire(L, fits);
}

void gj_lrequire_fit(gj_lower *L, gj_lv target, gj_lv v)
{
	gj_lv *array;
	uint32_t n = gj_larrays(L, v, &array);
	for (uint32_t i = 0; i < n; i++)
		require_fit(L, target, array[i]);
}

gj_lv gj_lextents(gj_lower *L, gj_lv v)
{
	gj_lv *array;
	gj_ref *p, shape[GJ_MAX_NDIM] = { 0 }, one = gj_eint(L, gj_i64(), 1);
	uint32_t n = gj_larrays(L, v, &array), ndim = v.type->ndim;
	if (v.type->kind == GJ_ARRAY)
		return v;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t d = 0, k = ndim - array[i].type->ndim; k < ndim; d++, k++) {
			gj_ref x = gj_extent(array[i], d);
			bool repeats = shape[k] && shape[k] != x;
			shape[k] = repeats ? gj_e3(L, GJ_SELECT, gj_i64(), gj_ecmp(L, GJ_CMP_EQ, shape[k], one), x, shape[k]) : x;
		}
	gj_lv s = gj_lv_new(L, gj_array_type(v.type->elem, (int)ndim, 'C', true, GJ_GLOBAL), &p);
	memcpy(p + 1, shape, ndim * sizeof *p);
	return s;
}

gj_lv gj_lshaped(gj_lower *L, gj_lv v)
{
	gj_lv s = gj_lextents(L, v);
	gj_lrequire_fit(L, s, v);
	return s;
}

gj_lv gj_lexpression_item(gj_lower *L, gj_lv v, uint32_t n, const gj_ref *index)
{
	gj_ref at[GJ_MAX_NDIM] = { 0 };
	gj_lv s = gj_lshaped(L, v);
	for (uint32_t k = 0; k < n; k++)
		at[k] = gj_lwrap_index(L, index[k], gj_extent(s, k));
	gj_lcheck_index(L, s, at, NULL);
	return gj_lbroadcast(L, s, v, at);
}

/* -- Functions that only expressions of arrays need ------------------------------------------------------------------------ */

gj_lv gj_lower_astype(gj_lcall *c)
{
	if (c->type->kind == GJ_ELEMENT)
		return gj_lfused(c->L, "array.astype", c->type, 1, c->a);
	return gj_is_bool(c->type) ? gj_lresult(c, gj_ltruth(c->L, c->a[0])) : gj_lconv(c->L, c->a[0], c->type);
}

gj_lv gj_lower_where(gj_lcall *c)
{
	if (c->type->kind == GJ_ELEMENT)
		return gj_lfused(c->L, "np.where", c->type, 3, c->a);
	gj_ref *p, yes = gj_ltruth(c->L, c->a[0]);
	gj_lv a = gj_lconv(c->L, c->a[1], c->type), b = gj_lconv(c->L, c->a[2], c->type), v = gj_lv_new(c->L, c->type, &p);
	for (uint32_t i = 0, n = gj_parts(c->type); i < n; i++)
		p[i] = gj_e3(c->L, GJ_SELECT, gj_part_of(c->type, i).type, yes, a.part[i], b.part[i]);
	return v;
}
