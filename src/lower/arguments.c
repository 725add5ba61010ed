/* Lowering of arguments: the machine parameters of a kernel or of a function, and the values that the body finds. */
#include "lower/lower.h"

#include <string.h>

gj_ref gj_lparameter(gj_lower *L, gj_fnparam p, const gj_type *t)
{
	gj_ref r = gj_e(L, GJ_PARAM, t, 0, NULL);
	gj_o(L->fn, r)->imm.i = L->fn->param.n;
	if (p.field == GJ_FIELD_SHAPE)
		gj_o(L->fn, r)->flags |= GJ_NONNEG;
	p.type = t;
	gj_push(L->arena, &L->fn->param, p);
	return r;
}

/* What extent d is a multiple of, where rows are said to be aligned. */
static uint8_t unit_of(const gj_lower *L, const gj_type *t, uint8_t d)
{
	bool row = t->ndim > 1 && (t->layout == 'C' ? d + 1 == t->ndim : t->layout == 'F' && d == 0);
	bool known = row && L->M->options->facts & GJ_FACT_ALIGNED_ROWS && t->elem->size && 16 % t->elem->size == 0;
	return known ? (uint8_t)(gj_row_bytes(t->elem->size) / t->elem->size) : 0;
}

/* What options.extents says of dimension d of an argument; '-': nothing. */
static char extent_name(const gj_lower *L, uint32_t leaf, uint8_t d)
{
	const char *p = L->M->options->extents;
	for (; p && leaf; leaf--)
		p = (p = strchr(p, ',')) ? p + 1 : NULL;
	return p && strcspn(p, ",") > d ? p[d] : '-';
}

/* Extents that are equal in each call are one value, so nothing has to be compared. */
static gj_ref extent_argument(gj_lower *L, const gj_type *t, uint32_t leaf, uint8_t d)
{
	char name = extent_name(L, leaf, d);
	gj_ref *known = name == '-' ? NULL : &L->M->extent[(unsigned char)name], n;
	if (known && *known)
		return *known;
	n = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_SHAPE, .dim = d, .unit = unit_of(L, t, d) }, gj_scalar[GJ_I64]);
	if (known)
		*known = n;
	return n;
}

gj_lv gj_larray_argument(gj_lower *L, const gj_type *t, uint32_t leaf, gj_ref data)
{
	gj_ref *p, shape[GJ_MAX_NDIM];
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint8_t d = 0; d < t->ndim; d++)
		shape[d] = extent_argument(L, t, leaf, d);
	if (t->layout != 'A')
		return gj_larray(L, t, data, shape);
	p[0] = data;
	for (uint8_t d = 0; d < t->ndim; d++) {
		int64_t items = gj_stride_known(L->M->options->facts, d, t->ndim);
		p[1 + d] = shape[d];
		if (items != 1 || t->ndim > 1)         /* also where it is known: passes tell by it that the array is not one piece of memory */
			p[1 + t->ndim + d] = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_STRIDE, .dim = d }, gj_scalar[GJ_I64]);
		if (items)
			p[1 + t->ndim + d] = gj_eint(L, gj_scalar[GJ_I64], items * t->elem->size);
	}
	return v;
}

gj_lv gj_lvalue_argument(gj_lower *L, const gj_type *t, uint32_t leaf)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		p[i] = gj_lparameter(L, (gj_fnparam){ .leaf = leaf, .field = GJ_FIELD_VALUE, .dim = (uint8_t)i }, gj_part_of(t, i).type);
	return v;
}

/* What is not contiguous brings its strides, the rest computes them. */
static gj_lv leaves(gj_lower *L, const gj_type *t, uint32_t *leaf)
{
	if (t->kind == GJ_TUPLE) {
		gj_ref *p;
		gj_lv v = gj_lv_new(L, t, &p);
		for (uint32_t i = 0; i < t->n; i++)
			p = gj_append(p, leaves(L, t->item[i], leaf));
		return v;
	}
	uint32_t l = (*leaf)++;
	if (t->kind == GJ_OPTIONAL) {
		gj_ref *p;
		gj_lv v = gj_lv_new(L, t, &p);
		*p = gj_lparameter(L, (gj_fnparam){ .leaf = l, .field = GJ_FIELD_VALUE }, gj_bool());
		gj_append(p + 1, leaves(L, t->elem, leaf));
		return v;
	}
	if (t->kind == GJ_PTR)
		return gj_lv_scalar(L, t, gj_ecast(L, gj_lparameter(L, (gj_fnparam){ .leaf = l, .field = GJ_FIELD_DATA },
			gj_ptr_type(t->elem, GJ_GLOBAL)), t));
	if (t->kind == GJ_REF)
		return gj_lload(L, gj_lparameter(L, (gj_fnparam){ .leaf = l, .field = GJ_FIELD_DATA }, gj_part_of(t, 0).type), t);
	if (t->kind != GJ_ARRAY)
		return gj_lvalue_argument(L, t, l);
	return gj_larray_argument(L, t, l, gj_lparameter(L, (gj_fnparam){ .leaf = l, .field = GJ_FIELD_DATA }, gj_part_of(t, 0).type));
}

static gj_lv parts(gj_lower *L, const gj_type *t)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++)
		p[i] = gj_lparameter(L, (gj_fnparam){ .field = GJ_FIELD_VALUE }, gj_part_of(t, i).type);
	return v;
}

gj_lv gj_largument(gj_lower *L, const gj_type *t, uint32_t *leaf)
{
	return L->fn->entry->args == GJ_ARGS_LEAVES ? leaves(L, t, leaf) : parts(L, t);
}
