/* Lowering of views of arrays and of the methods of numbers and tuples. Where Python raises, the thread ends. */
#include "lower/lower.h"

#include <string.h>

/* -- Constants ------------------------------------------------------------------------------------------------------ */

/* A type as a value: the call's constant says it. */
gj_lv gj_lower_constant(gj_lcall *c) { return gj_lv_obj(c->L, c->type, c->B->s->konst[c->ref]); }

gj_lv gj_lower_same(gj_lcall *c) { return c->a[0]; }

/* Keys and pairs have the parts of values, or none. */
gj_lv gj_lower_dict_view(gj_lcall *c) { return (gj_lv){ c->type, c->B->s->konst[c->ref], c->a[0].part }; }

gj_lv gj_lower_dict_get(gj_lcall *c)
{
	int i = gj_item_named(c->a[0].type, c->a[1].konst->name);
	return i >= 0 ? gj_lv_item(c->L, c->a[0], (uint32_t)i) : c->a[2].type ? c->a[2] : gj_lv_none();
}

gj_lv gj_lower_tuple(gj_lcall *c) { return (gj_lv){ c->type, c->a[0].konst, c->a[0].part }; }

/* -- Views ---------------------------------------------------------------------------------------------------------- */

static gj_lv permuted(gj_lower *L, gj_lv a, const gj_type *t, const uint32_t *axis)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = a.part[0];
	for (uint32_t d = 0; d < t->ndim; d++) {
		p[1 + d] = gj_extent(a, axis[d]);
		p[1 + t->ndim + d] = gj_stride(a, axis[d]);
	}
	return gj_lowned_as(L, v, a);
}

gj_lv gj_ltranspose(gj_lower *L, gj_lv a, const gj_type *t)
{
	uint32_t axis[GJ_MAX_NDIM];
	for (uint32_t d = 0; d < t->ndim; d++)
		axis[d] = t->ndim - 1 - d;
	return permuted(L, a, t, axis);
}

gj_lv gj_lower_transpose(gj_lcall *c)
{
	const gj_obj *konst[GJ_MAX_CALL];
	uint32_t axis[GJ_MAX_NDIM];
	for (uint32_t i = 1; i < c->n; i++)
		konst[i - 1] = c->a[i].konst;
	if (c->n < 2 || !c->a[1].type || !gj_axes(c->type->ndim, konst, c->n - 1, axis))
		return gj_ltranspose(c->L, c->a[0], c->type);
	return permuted(c->L, c->a[0], c->type, axis);
}

/* In NumPy's words; unknown: the extent that was -1, or -1. */
static void require_shape(gj_lower *L, gj_ref fits, gj_ref size, uint32_t n, const gj_ref *shape, int unknown)
{
	gj_sb text = { 0 };
	gj_ref value[1 + GJ_MAX_NDIM] = { size };
	uint32_t nvalues = 1;
	gj_sb_puts(&text, "cannot reshape array of size " GJ_L_NUMBER " into shape (");
	for (uint32_t d = 0; d < n; d++) {
		bool known = (int)d != unknown;
		gj_sb_printf(&text, "%s%s", d ? "," : "", known ? GJ_L_NUMBER : "newaxis");
		value[nvalues] = shape[d];
		nvalues += known;
	}
	gj_sb_puts(&text, n == 1 ? ",)" : ")");
	gj_lrequire_or(L, fits, gj_strdup(L->arena, gj_sb_str(&text)), nvalues, value);
	gj_sb_free(&text);
}

/* A row of any step in another shape. */
static gj_lv stepped(gj_lower *L, const gj_type *t, gj_lv row, const gj_ref *shape)
{
	gj_ref *p, step = gj_stride(row, 0);
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = row.part[0];
	for (uint32_t d = t->ndim; d-- > 0; step = gj_eindex(L, GJ_MUL, step, shape[d])) {
		p[1 + d] = shape[d];
		p[1 + t->ndim + d] = step;
	}
	return v;
}

/* The extents asked for; -1 stands for what is left. They must multiply to the size. */
gj_lv gj_lower_reshape(gj_lcall *c)
{
	gj_lower *L = c->L;
	bool tuple = c->n == 2 && c->a[1].type->kind == GJ_TUPLE;
	gj_ref shape[GJ_MAX_NDIM], size = gj_lsize(L, c->a[0]), product = gj_eint(L, gj_i64(), 1), zero = gj_eint(L, gj_i64(), 0);
	gj_ref fits = gj_eint(L, gj_bool(), 1);
	int unknown = -1;
	for (uint32_t d = 0; d < c->type->ndim; d++) {
		gj_lv x = tuple ? gj_lv_item(L, c->a[1], d) : c->a[d + 1];
		int64_t k;
		bool konst = gj_obj_is_int(x.konst, &k);
		shape[d] = gj_ecast(L, x.part[0], gj_i64());
		if (konst && k < 0) {
			unknown = (int)d;
			continue;
		}
		product = gj_eindex(L, GJ_MUL, product, shape[d]);
		if (!konst)
			fits = gj_e2(L, GJ_AND, gj_bool(), fits, gj_ecmp(L, GJ_CMP_GE, shape[d], zero));
	}
	if (unknown >= 0) {
		shape[unknown] = gj_e2(L, GJ_FLOORDIV, gj_i64(), size, product);
		fits = gj_e2(L, GJ_AND, gj_bool(), fits, gj_ecmp(L, GJ_CMP_NE, product, zero));
		product = gj_eindex(L, GJ_MUL, product, shape[unknown]);
	}
	require_shape(L, gj_e2(L, GJ_AND, gj_bool(), fits, gj_ecmp(L, GJ_CMP_EQ, product, size)), size, c->type->ndim, shape, unknown);
	return gj_lowned_as(L, c->type->layout == 'C' ? gj_larray(L, c->type, c->a[0].part[0], shape) : stepped(L, c->type, c->a[0], shape), c->a[0]);
}

gj_lv gj_lower_ravel(gj_lcall *c)
{
	gj_ref size = gj_lsize(c->L, c->a[0]);
	return gj_lowned_as(c->L, gj_larray(c->L, c->type, c->a[0].part[0], &size), c->a[0]);
}

gj_lv gj_lower_expand_dims(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv a = c->a[0], v;
	gj_ref *p;
	int64_t at;
	uint32_t n = c->type->ndim;
	gj_obj_is_int(c->a[1].konst, &at);
	at += at < 0 ? n : 0;
	v = gj_lv_new(L, c->type, &p);
	p[0] = a.part[0];
	for (uint32_t d = 0, from = 0; d < n; d++) {
		bool fresh = d == (uint32_t)at;
		p[1 + d] = fresh ? gj_eint(L, gj_i64(), 1) : gj_extent(a, from);
		p[1 + n + d] = fresh ? gj_eint(L, gj_i64(), 0) : gj_stride(a, from);
		from += !fresh;
	}
	return gj_lowned_as(L, c->type->layout == 'A' ? v : gj_larray(L, c->type, p[0], p + 1), a);
}

static gj_lv view_number(gj_lcall *c)
{
	gj_ref x = c->a[0].part[0];
	bool bits = c->type != c->a[0].type && (gj_is_float(c->type) || gj_is_float(c->a[0].type));
	return gj_lresult(c, bits ? gj_e1(c->L, GJ_BITCAST, c->type, x) : gj_ecast(c->L, x, c->type));
}

gj_lv gj_lower_view(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv a = c->a[0], v;
	gj_ref *p;
	if (gj_is_scalar(a.type))
		return view_number(c);
	uint32_t n = a.type->ndim, old = a.type->elem->size, size = c->type->elem->size;
	v = gj_lv_new(L, c->type, &p);
	memcpy(p, a.part, (1 + 2 * n) * sizeof *p);
	p[0] = gj_ecast(L, a.part[0], gj_part_of(c->type, 0).type);
	if (old == size)
		return gj_lowned_as(L, v, a);
	gj_ref bytes = gj_eindex(L, GJ_MUL, gj_extent(a, n - 1), gj_eint(L, gj_i64(), old)), each = gj_eint(L, gj_i64(), size);
	if (size > old)
		gj_lrequire_or(L, gj_ecmp(L, GJ_CMP_EQ, gj_e2(L, GJ_MOD, gj_i64(), bytes, each), gj_eint(L, gj_i64(), 0)),
			"When changing to a larger dtype, its size must be a divisor of the total size in bytes of the last axis of the array.", 0, NULL);
	p[n] = gj_e2(L, GJ_FLOORDIV, gj_i64(), bytes, each);
	return gj_lowned_as(L, gj_larray(L, c->type, p[0], p + 1), a);
}

/* NumPy's rule: strides of extents of one do not count, and an empty array is contiguous. */
gj_lv gj_lower_flags(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv a = c->B->val[gj_o(c->B->s->fn, c->op->arg[0])->arg[0]];
	uint32_t n = a.type->ndim;
	gj_ref want = gj_eint(L, gj_i64(), a.type->elem->size), yes = gj_eint(L, gj_bool(), 1), empty = gj_eint(L, gj_bool(), 0);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t d = c->arg == 'C' ? n - 1 - k : k;
		gj_ref one = gj_ecmp(L, GJ_CMP_EQ, gj_extent(a, d), gj_eint(L, gj_i64(), 1));
		gj_ref here = gj_e2(L, GJ_OR, gj_bool(), one, gj_ecmp(L, GJ_CMP_EQ, gj_stride(a, d), want));
		yes = gj_e2(L, GJ_AND, gj_bool(), yes, here);
		empty = gj_e2(L, GJ_OR, gj_bool(), empty, gj_ecmp(L, GJ_CMP_EQ, gj_extent(a, d), gj_eint(L, gj_i64(), 0)));
		want = gj_eindex(L, GJ_MUL, want, gj_extent(a, d));
	}
	return gj_lresult(c, gj_e2(L, GJ_OR, gj_bool(), yes, empty));
}

gj_lv gj_lower_shape(gj_lcall *c) { return (gj_lv){ c->type, NULL, gj_lshaped(c->L, c->a[0]).part + 1 }; }

gj_lv gj_lower_size(gj_lcall *c) { return gj_lresult(c, gj_lsize(c->L, gj_lshaped(c->L, c->a[0]))); }

gj_lv gj_lower_ndim(gj_lcall *c) { return gj_lresult(c, gj_eint(c->L, gj_i64(), c->a[0].type->ndim)); }

/* -- Numbers, tuples ------------------------------------------------------------------------------------------------ */

gj_lv gj_lower_item(gj_lcall *c)
{
	gj_lower *L = c->L;
	if (c->a[0].type->kind != GJ_ARRAY)
		return c->a[0];
	gj_lrequire_or(L, gj_ecmp(L, GJ_CMP_EQ, gj_lsize(L, c->a[0]), gj_eint(L, gj_i64(), 1)),
		"can only convert an array of size 1 to a Python scalar", 0, NULL);
	return gj_lload_from(L, c->a[0], c->a[0].part[0], c->type);
}

gj_lv gj_lower_sum(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv sum = c->a[1].type ? c->a[1] : gj_lresult(c, gj_eint(L, gj_i64(), 0));
	for (uint32_t i = 0; i < c->a[0].type->n; i++) {
		gj_lv x = gj_lv_item(L, c->a[0], i);
		sum = gj_lbinop(L, GJ_OP_ADD_, gj_rule_binop(GJ_OP_ADD_, sum.type, x.type, NULL, NULL), sum, x);
	}
	return sum;
}

gj_lv gj_lower_any(gj_lcall *c)
{
	bool all = c->arg == GJ_TAKE_ALL;
	gj_ref r = gj_eint(c->L, gj_bool(), all);
	for (uint32_t i = 0; i < c->a[0].type->n; i++)
		r = gj_e2(c->L, all ? GJ_AND : GJ_OR, gj_bool(), r, gj_ltruth(c->L, gj_lv_item(c->L, c->a[0], i)));
	return gj_lresult(c, r);
}

/* The first item that is equal. */
gj_lv gj_lower_index(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref at = gj_eint(L, gj_i64(), -1), found = gj_eint(L, gj_bool(), 0);
	for (uint32_t i = c->a[0].type->n; i-- > 0;) {
		gj_ref same = gj_lcompare(L, GJ_CMP_EQ, gj_lv_item(L, c->a[0], i), c->a[1]).part[0];
		at = gj_e3(L, GJ_SELECT, gj_i64(), same, gj_eint(L, gj_i64(), i), at);
		found = gj_e2(L, GJ_OR, gj_bool(), found, same);
	}
	gj_lrequire_or(L, found, "tuple.index(x): x not in tuple", 0, NULL);
	return gj_lresult(c, at);
}
