/* Arrays with memory of their own, where there is some: what functions make, and expressions that are computed at once. */
#include "lower/lower.h"

/* What arange raises, as Python's range does not. */
static const gj_obj zero_step_cls = { .kind = GJ_OBJ_NAME, .name = "builtins.ZeroDivisionError" }, zero_step_text = { .kind = GJ_OBJ_STR, .name = "division by zero" };
static const gj_obj *const zero_step_items[] = { &zero_step_cls, &zero_step_text };
static const gj_obj zero_step = { .kind = GJ_OBJ_TUPLE, .n = 2, .item = (const gj_obj **)zero_step_items };

static gj_ref known(gj_lower *L, int64_t v) { return gj_eint(L, gj_i64(), v); }

/* The extents that an argument names: an integer or a tuple of them. */
static void shape_of(gj_lower *L, gj_lv a, gj_ref *shape)
{
	uint32_t n = a.type->kind == GJ_TUPLE ? a.type->n : 1;
	for (uint32_t d = 0; d < n; d++)
		shape[d] = gj_ecast(L, a.type->kind == GJ_TUPLE ? gj_lv_item(L, a, d).part[0] : a.part[0], gj_i64());
}

/* All elements become v: a number, an array, or an expression. */
static gj_lv filled(gj_lower *L, gj_lv a, gj_lv v)
{
	gj_lcopy_apart(L, a, v);
	return a;
}

static gj_lv number(gj_lower *L, const gj_type *t, int64_t v)
{
	gj_ref r = gj_eint(L, gj_real_type(t), v);
	return gj_lconv(L, gj_lv_scalar(L, gj_real_type(t), r), t);
}

/* -- What functions make ------------------------------------------------------------------------------------------------------ */

/* The extents of an array or an expression; a number has none. */
static const gj_ref *extents(gj_lower *L, gj_lv a) { return gj_has_elements(a.type) ? gj_lshaped(L, a).part + 1 : a.part; }

static gj_lv copied(gj_lcall *c) { return filled(c->L, gj_lnew_array(c->L, c->type, extents(c->L, c->a[0]), false), c->a[0]); }

/* The copy in the shape that was, seen as one of one dimension. */
static gj_lv flattened(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_lv shape = gj_lshaped(L, c->a[0]);
	gj_ref size = gj_lsize(L, shape);
	gj_lv flat = gj_lnew_array(L, c->type, &size, false);
	const gj_type *t = gj_array_type(c->type->elem, c->a[0].type->ndim, 'C', false, GJ_COUNTED);
	filled(L, gj_larray(L, t, flat.part[0], shape.part + 1), c->a[0]);
	return flat;
}

static void store_nested(gj_lower *L, gj_lv a, gj_lv v, uint32_t d, gj_ref *at)
{
	if (d == a.type->ndim) {
		gj_lstore(L, gj_lelement(L, a, at), v, a.type->elem);
		return;
	}
	for (uint32_t i = 0; i < v.type->n; i++) {
		at[d] = known(L, i);
		store_nested(L, a, gj_lv_item(L, v, i), d + 1, at);
	}
}

static gj_lv from_object(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref shape[GJ_MAX_NDIM], at[GJ_MAX_NDIM];
	const gj_type *t = c->a[0].type;
	if (gj_has_elements(t))
		return copied(c);
	for (uint32_t d = 0; d < c->type->ndim; d++, t = t->item[0])
		shape[d] = known(L, t->n);
	gj_lv a = gj_lnew_array(L, c->type, shape, false);
	store_nested(L, a, c->a[0], 0, at);
	return a;
}

/* -- Sequences -------------------------------------------------------------------------------------------------------------- */

typedef struct steps { gj_ref start, step; const gj_type *as; } steps;

static gj_lv nth(gj_lower *L, gj_lv target, const gj_ref *at, void *arg)
{
	const steps *s = arg;
	(void)target;
	gj_ref x = gj_e2(L, GJ_MUL, s->as, gj_ecast(L, at[0], s->as), s->step);
	return gj_lv_scalar(L, s->as, gj_e2(L, GJ_ADD, s->as, s->start, x));
}

/* The argument as a number of type t; absent: v. */
static gj_ref given(gj_lcall *c, uint32_t i, const gj_type *t, int64_t v)
{
	bool absent = !c->a[i].type || c->a[i].type == gj_t_none;
	return absent ? gj_eint(c->L, t, v) : gj_ecast(c->L, c->a[i].part[0], t);
}

static gj_lv range(gj_lcall *c)
{
	gj_lower *L = c->L;
	bool one = !c->a[1].type || c->a[1].type == gj_t_none, floats = false;
	for (uint32_t i = 0; i < 3; i++)
		floats |= c->a[i].type && gj_is_float(c->a[i].type);
	const gj_type *t = gj_scalar[floats ? GJ_F64 : GJ_I64];
	gj_ref start = one ? gj_eint(L, t, 0) : given(c, 0, t, 0), stop = given(c, one ? 0 : 1, t, 0), step = given(c, 2, t, 1), zero = known(L, 0), n;
	gj_lreport(L, gj_ecmp(L, GJ_CMP_EQ, step, gj_eint(L, t, 0)), &zero_step, false);
	gj_ref span = gj_e2(L, GJ_SUB, t, stop, start);
	if (floats) {
		gj_ref q = gj_e2(L, GJ_DIV, t, span, step), whole = gj_ecast(L, q, gj_i64());
		gj_ref more = gj_ecmp(L, GJ_CMP_LT, gj_ecast(L, whole, t), q);
		n = gj_e2(L, GJ_ADD, gj_i64(), whole, gj_ecast(L, more, gj_i64()));
	} else {                                                                    /* rounded up */
		n = gj_e1(L, GJ_NEG, t, gj_e2(L, GJ_FLOORDIV, t, gj_e1(L, GJ_NEG, t, span), step));
	}
	n = gj_e2(L, GJ_MAX, gj_i64(), n, zero);
	gj_lv a = gj_lnew_array(L, c->type, &n, false);
	steps s = { start, step, t };
	gj_lfill(L, a, 0, NULL, nth, &s);
	return a;
}

static gj_lv linspace(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = gj_scalar[GJ_F64];
	int64_t end = 1;
	bool endpoint = !c->a[3].type || !gj_obj_is_int(c->a[3].konst, &end) || end;
	gj_ref start = gj_ecast(L, c->a[0].part[0], t), stop = gj_ecast(L, c->a[1].part[0], t), n = given(c, 2, gj_i64(), 50), one = known(L, 1);
	gj_lv a = gj_lnew_array(L, c->type, &n, false);
	gj_ref gaps = gj_e2(L, GJ_MAX, gj_i64(), endpoint ? gj_e2(L, GJ_SUB, gj_i64(), n, one) : n, one);
	steps s = { start, gj_e2(L, GJ_DIV, t, gj_e2(L, GJ_SUB, t, stop, start), gj_ecast(L, gaps, t)), t };
	gj_lfill(L, a, 0, NULL, nth, &s);
	if (!endpoint)
		return a;
	uint32_t last = gj_block_new(L->fn), done = gj_block_new(L->fn);
	gj_branch(L, gj_ecmp(L, GJ_CMP_GT, n, one), last, done);
	L->cur = last;
	gj_ref at = gj_e2(L, GJ_SUB, gj_i64(), n, one);
	gj_lstore(L, gj_lelement(L, a, &at), gj_lv_scalar(L, t, stop), c->type->elem);
	gj_jump(L, done);
	L->cur = done;
	return a;
}

gj_lv gj_lcounted(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref own[GJ_MAX_NDIM];
	const gj_ref *shape = own;
	int how = c->arg & ~GJ_NEW_LIKE;
	switch (how) {
	case GJ_NEW_AS:
		if (c->type != c->a[0].type)
			return from_object(c);
		gj_lretain(L, c->a[0]);                                                /* what is fresh holds it */
		return c->a[0];
	case GJ_NEW_ARRAY:    return c->arg & GJ_NEW_LIKE ? copied(c) : from_object(c);
	case GJ_NEW_FLAT:     return flattened(c);
	case GJ_NEW_RANGE:    return range(c);
	case GJ_NEW_LINSPACE: return linspace(c);
	default: break;
	}
	if (c->arg & GJ_NEW_LIKE)
		shape = extents(L, c->a[0]);
	else
		shape_of(L, c->a[0], own);
	gj_lv a = gj_lnew_array(L, c->type, shape, how == GJ_NEW_ZEROS);
	return how == GJ_NEW_ONES ? filled(L, a, number(L, gj_is_scalar(c->type->elem) ? c->type->elem : gj_i64(), 1)) : how == GJ_NEW_FULL ? filled(L, a, c->a[1]) : a;
}

/* -- Expressions ------------------------------------------------------------------------------------------------------------ */

static gj_lv expression(gj_lower *L, const char *dotted, const gj_type *t, uint32_t n, const gj_lv *operand)
{
	gj_known *a = gj_new(L->arena, gj_known, n + 1);
	for (uint32_t i = 0; i < n; i++)
		a[i] = (gj_known){ operand[i].type, operand[i].konst };
	gj_known v = gj_known_expression(L->fn, L->loc, dotted, t->elem, n, a);
	gj_lv x = gj_lexpression(L, v.type, operand);
	x.konst = v.konst;
	return x;
}

gj_lv gj_lcomputed_by(gj_lower *L, const gj_type *t, uint32_t n, const gj_lv *operand, gj_lnext *next, void *arg)
{
	gj_lv x = expression(L, "array.astype", t, n, operand);                    /* asked for its shape only */
	gj_lv a = gj_lnew_array(L, t, gj_lshaped(L, x).part + 1, false);
	gj_lfill(L, a, 0, NULL, next, arg);
	return a;
}

gj_lv gj_lcomputed(gj_lower *L, const char *dotted, const gj_type *t, uint32_t n, const gj_lv *operand)
{
	gj_lv x = expression(L, dotted, t, n, operand);
	return filled(L, gj_lnew_array(L, t, gj_lshaped(L, x).part + 1, false), x);
}
