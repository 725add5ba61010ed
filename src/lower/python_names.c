/* Lowering of what Python names: builtins and operators as functions. */
#include "lower/lower.h"

#include <string.h>

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }

/* In fused functions an operator is NumPy's function. */
static gj_lv fused(gj_lcall *c, const char *ufunc) { return gj_lfused(c->L, ufunc, c->type, c->n, c->a); }
static bool is_fused(const gj_lcall *c) { return c->type->kind == GJ_ELEMENT; }

gj_lv gj_lower_binop(gj_lcall *c) { return is_fused(c) ? fused(c, gj_ufunc_of_binop(c->arg)) : gj_lbinop(c->L, (gj_binop)c->arg, c->type, c->a[0], c->a[1]); }
gj_lv gj_lower_compare(gj_lcall *c) { return is_fused(c) ? fused(c, gj_ufunc_of_cmpop(c->arg)) : gj_lcompare(c->L, (gj_cmpop)c->arg, c->a[0], c->a[1]); }
gj_lv gj_lower_unary(gj_lcall *c) { return is_fused(c) ? fused(c, gj_ufunc_of_unop(c->arg)) : gj_lunary(c->L, (gj_unop)c->arg, c->type, c->a[0]); }
gj_lv gj_lower_truth(gj_lcall *c) { return gj_lresult(c, gj_ltruth(c->L, c->a[0])); }

gj_lv gj_lower_convert(gj_lcall *c)
{
	if (c->a[0].type == gj_t_str)
		return gj_lv_obj(c->L, c->type, c->B->s->konst[c->ref]);
	if (c->a[0].type && gj_is_float(c->a[0].type) && gj_is_int(c->type))
		gj_lcheck_whole(c->L, c->a[0].part[0]);
	return c->a[0].type ? gj_lresult(c, gj_larg(c, 0, c->type)) : gj_lresult(c, gj_eint(c->L, c->type, 0));
}

gj_lv gj_lower_abs(gj_lcall *c)
{
	if (is_fused(c))
		return fused(c, "np.absolute");
	if (gj_is_complex(c->a[0].type))
		return gj_lresult(c, gj_lcomplex_abs(c->L, c->a[0]));
	gj_ref x = gj_larg(c, 0, c->type);
	return gj_lresult(c, gj_is_unsigned(c->type) ? x : gj_e1(c->L, GJ_ABS, c->type, x));
}

/* Functions for the host and ufuncs for the CPU have Python's min and max, threads of kernels the machine's. */
gj_lv gj_lower_minmax(gj_lcall *c)
{
	gj_lower *L = c->L;
	uint8_t runner = gj_entries[L->M->options->entry].runner;
	bool tuple = c->n == 1;
	uint32_t n = tuple ? c->a[0].type->n : c->n;
	gj_lv acc = tuple ? gj_lv_item(L, c->a[0], 0) : c->a[0];
	for (uint32_t i = 1; i < n; i++) {
		gj_lv x = tuple ? gj_lv_item(L, c->a[0], i) : c->a[i];
		const gj_type *t = gj_rule_minmax(acc.type, x.type);
		gj_ref a = gj_ecast(L, acc.part[0], t), b = gj_ecast(L, x.part[0], t);
		gj_opcode op = !gj_is_bool(t) ? (gj_opcode)c->arg : c->arg == GJ_MIN ? GJ_AND : GJ_OR;
		acc = gj_lv_scalar(L, t, gj_e2(L, op, t, a, b));
		gj_o(L->fn, acc.part[0])->sub = gj_is_float(t) && (runner == GJ_RUN_CALL || runner == GJ_RUN_LOOP);
	}
	return acc;
}

static gj_ref math1(gj_lower *L, gj_math id, const gj_type *t, gj_ref x)
{
	gj_ref r = gj_e1(L, GJ_MATH, t, x);
	gj_o(L->fn, r)->imm.i = id;
	return r;
}

/* round(x, n): half to even of x·10ⁿ, then back; x itself where that is not finite. */
static gj_ref round_digits(gj_lower *L, const gj_type *t, gj_ref x, gj_lv digits)
{
	const gj_type *i64 = T(GJ_I64);
	gj_ref n = gj_ecast(L, digits.part[0], i64), zero = gj_eint(L, i64, 0);
	gj_ref away = gj_e1(L, GJ_ABS, i64, n), p = gj_e2(L, GJ_POW, t, gj_eflt(L, t, 10), away);
	gj_ref left = gj_ecmp(L, GJ_CMP_LT, n, zero);
	gj_ref scaled = gj_e3(L, GJ_SELECT, t, left, gj_e2(L, GJ_DIV, t, x, p), gj_e2(L, GJ_MUL, t, x, p));
	gj_ref r = math1(L, GJ_MATH_RINT, t, scaled);
	r = gj_e3(L, GJ_SELECT, t, left, gj_e2(L, GJ_MUL, t, r, p), gj_e2(L, GJ_DIV, t, r, p));
	return gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISFINITE, T(GJ_BOOL), scaled), r, x);
}

gj_lv gj_lower_round(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *as;
	bool digits = c->a[1].type && c->a[1].type != gj_t_none;
	const gj_type *t = gj_rule_round(c->a[0].type, digits, &as);
	if (digits && gj_is_float(c->type))
		return gj_lresult(c, round_digits(L, t, gj_larg(c, 0, t), c->a[1]));
	if (digits) {                              /* an int of Python's, which only digits before the point change */
		gj_ref zero = gj_eint(L, T(GJ_I64), 0), before = gj_ecmp(L, GJ_CMP_LT, gj_larg(c, 1, T(GJ_I64)), zero);
		gj_ref rounded = gj_ecast(L, round_digits(L, t, gj_larg(c, 0, t), c->a[1]), c->type);
		return gj_lresult(c, gj_e3(L, GJ_SELECT, c->type, before, rounded, gj_larg(c, 0, c->type)));
	}
	gj_ref x = gj_larg(c, 0, as);
	if (gj_is_int(c->type))
		gj_lcheck_whole(L, x);
	return gj_lresult(c, gj_ecast(L, math1(L, GJ_MATH_RINT, as, x), c->type));
}

gj_lv gj_lower_divmod(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type->item[0];
	if (gj_is_fused(t))
		return gj_lv_pair(L, c->type, gj_lfused(L, "np.floor_divide", t, 2, c->a), gj_lfused(L, "np.remainder", t, 2, c->a));
	gj_ref a = gj_larg(c, 0, t), b = gj_larg(c, 1, t);
	gj_lcheck_divisor(L, GJ_DIVMOD, gj_is_float(c->a[0].type) || gj_is_float(c->a[1].type), b);
	return gj_lv_pair(L, c->type, gj_lresult(c, gj_e2(L, GJ_FLOORDIV, t, a, b)), gj_lresult(c, gj_e2(L, GJ_MOD, t, a, b)));
}

gj_lv gj_lower_len(gj_lcall *c)
{
	gj_lv a = c->a[0];
	int64_t n;
	if (a.type == gj_t_str && gj_obj_is_int(c->B->s->konst[c->ref], &n))
		return gj_lresult(c, gj_eint(c->L, c->type, n));
	if (a.type->kind == GJ_TUPLE)
		return gj_lresult(c, gj_eint(c->L, c->type, a.type->n));
	if (a.type->kind == GJ_FLAT)
		return gj_lresult(c, gj_lsize(c->L, (gj_lv){ a.type->elem, NULL, a.part }));
	return gj_lresult(c, a.type->kind == GJ_RANGE ? gj_lrange_length(c->L, a) : gj_extent(gj_lshaped(c->L, a), 0));
}

/* a[::-1] */
static gj_lv reversed_array(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv a = c->a[0], v;
	gj_ref *p, at[GJ_MAX_NDIM] = { gj_e2(L, GJ_SUB, T(GJ_I64), gj_extent(a, 0), gj_eint(L, T(GJ_I64), 1)) };
	v = gj_lv_new(L, c->type, &p);
	memcpy(p, a.part, gj_parts(c->type) * sizeof *p);
	p[0] = gj_e2(L, GJ_BYTES, gj_o(L->fn, a.part[0])->type, a.part[0], gj_lbyte_offset(L, a, at));
	p[1 + a.type->ndim] = gj_e1(L, GJ_NEG, T(GJ_I64), gj_stride(a, 0));
	return v;
}

/* start, stop and step of the same numbers backwards; the items of a tuple; a view of an array. */
gj_lv gj_lower_reversed(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *i64 = T(GJ_I64);
	gj_lv r = c->a[0], v;
	gj_ref *p;
	if (r.type->kind == GJ_ARRAY)
		return reversed_array(c);
	v = gj_lv_new(L, c->type, &p);
	for (uint32_t i = r.type->kind == GJ_TUPLE ? r.type->n : 0; i-- > 0;)
		p = gj_append(p, gj_lv_item(L, r, i));
	if (r.type->kind == GJ_TUPLE)
		return v;
	gj_ref start = gj_ecast(L, r.part[0], i64), step = gj_ecast(L, r.part[2], i64);
	gj_ref last = gj_e2(L, GJ_SUB, i64, gj_lrange_length(L, r), gj_eint(L, i64, 1));
	p[0] = gj_e2(L, GJ_ADD, i64, start, gj_e2(L, GJ_MUL, i64, last, step));
	p[1] = gj_e2(L, GJ_SUB, i64, start, step);
	p[2] = gj_e1(L, GJ_NEG, i64, step);
	return v;
}

gj_lv gj_lower_ndindex(gj_lcall *c)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(c->L, c->type, &p);
	bool tuple = c->n && c->a[0].type->kind == GJ_TUPLE;
	for (uint32_t i = 0; i < c->type->ndim; i++)
		p[i] = gj_ecast(c->L, tuple ? gj_lv_item(c->L, c->a[0], i).part[0] : c->a[i].part[0], T(GJ_I64));
	gj_ref n = gj_eint(c->L, T(GJ_I64), 1);
	for (uint32_t i = 0; i < c->type->ndim && c->type->readonly; i++)
		n = gj_eindex(c->L, GJ_MUL, n, gj_e2(c->L, GJ_MAX, T(GJ_I64), p[i], gj_eint(c->L, T(GJ_I64), 0)));
	if (c->type->readonly)
		p[c->type->ndim] = n;
	return v;
}

gj_lv gj_lower_ndenumerate(gj_lcall *c)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(c->L, c->type, &p), a = c->a[0];
	const gj_type *flat = c->type->elem->item[1];
	for (uint32_t d = 0; d < a.type->ndim; d++)
		*p++ = gj_extent(a, d);
	gj_append(p, gj_liter(c->L, gj_lflat(c->L, a, flat->elem), flat));
	return v;
}

gj_lv gj_lower_zip(gj_lcall *c)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(c->L, c->type, &p);
	for (uint32_t i = 0; i < c->n; i++) {
		gj_lv it = gj_liter(c->L, c->a[i], c->type->elem->item[i]);
		for (uint32_t k = 0, parts = gj_parts(it.type); k < parts; k++)
			*p++ = it.part[k];
	}
	return v;
}

gj_lv gj_lower_enumerate(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *i64 = T(GJ_I64), *const *it = c->type->elem->item;
	gj_ref *p, end = gj_eint(L, i64, INT64_MAX);
	gj_lv v = gj_lv_new(L, c->type, &p), over = gj_liter(L, c->a[0], it[1]);
	gj_o(L->fn, end)->flags |= GJ_WRAP;                                        /* tells it from a range that ends there */
	gj_lrange_iter(L, (gj_lv){ it[0]->elem, NULL, (gj_ref[]){ c->a[1].type ? gj_larg(c, 1, i64) : gj_eint(L, i64, 0), end,
	                                                            gj_eint(L, i64, 1) } }, p);
	memcpy(p + gj_parts(it[0]), over.part, gj_parts(it[1]) * sizeof *p);
	return v;
}

gj_lv gj_lower_range(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type->elem;
	gj_ref *p;
	gj_lv v = gj_lv_new(L, c->type, &p);
	p[0] = c->n > 1 ? gj_larg(c, 0, t) : gj_eint(L, t, 0);
	p[1] = gj_larg(c, c->n > 1 ? 1 : 0, t);
	p[2] = c->n > 2 ? gj_larg(c, 2, t) : gj_eint(L, t, 1);
	gj_lcheck_step(L, p[2], false);
	return v;
}
