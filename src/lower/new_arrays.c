/* Lowering of functions that make arrays: local memory, and what is in it. */
#include "lower/lower.h"

static const uint32_t LOCAL_MOST = 512 << 10;                 /* CUDA's limit */

gj_lv gj_lnew_local(gj_lower *L, const gj_type *t, const gj_shape_known *s)
{
	gj_ref extent[GJ_MAX_NDIM], p;
	uint64_t total = 1, bytes;
	for (int d = 0; d < s->ndim; d++) {
		extent[d] = gj_eint(L, gj_i64(), s->extent[d]);
		total = __builtin_mul_overflow(total, (uint64_t)s->extent[d], &total) ? UINT64_MAX : total;
	}
	if (__builtin_mul_overflow(total, t->elem->size, &bytes) || bytes > LOCAL_MOST)
		gj_lfail(L, GJ_ERR_LOCAL_TOO_LARGE, (unsigned long long)bytes, LOCAL_MOST);
	p = gj_e(L, GJ_LOCALMEM, gj_part_of(t, 0).type, 0, NULL);
	gj_o(L->fn, p)->imm.i = total ? (int64_t)total : 1;
	return gj_larray(L, t, p, extent);
}

/* The items of nested tuples, in the order of memory. */
static void store_items(gj_lower *L, gj_lv target, gj_lv v, gj_ref *at, uint32_t d)
{
	if (d == target.type->ndim) {
		gj_lstore(L, gj_lelement(L, target, at), v, target.type->elem);
		return;
	}
	for (uint32_t i = 0; i < v.type->n; i++) {
		at[d] = gj_eint(L, gj_i64(), i);
		store_items(L, target, gj_lv_item(L, v, i), at, d + 1);
	}
}

/* The same memory in the shape of a. */
static gj_lv shaped_as(gj_lower *L, gj_lv memory, gj_lv a)
{
	const gj_type *t = gj_array_type(memory.type->elem, a.type->ndim, 'C', false, (gj_space)memory.type->space);
	return gj_larray(L, t, memory.part[0], a.part + 1);
}

/* Items number i of np.arange and np.linspace: start + i * step; the last of linspace is stop. */
typedef struct line { gj_ref start, step, last, stop; const gj_type *as; } line;

static gj_lv on_line(gj_lower *L, gj_lv target, const gj_ref *at, void *arg)
{
	const line *l = arg;
	(void)target;
	gj_ref by = gj_e2(L, GJ_MUL, l->as, gj_ecast(L, at[0], l->as), l->step), x = gj_e2(L, GJ_ADD, l->as, by, l->start);
	if (l->stop)
		x = gj_e3(L, GJ_SELECT, l->as, gj_ecmp(L, GJ_CMP_EQ, at[0], l->last), l->stop, x);
	return gj_lv_scalar(L, l->as, x);
}

static gj_ref number(gj_lcall *c, uint32_t i, const gj_type *as, int otherwise)
{
	bool given = c->a[i].type && c->a[i].type != gj_t_none;
	return given ? gj_larg(c, i, as) : gj_eint(c->L, as, otherwise);
}

static void fill_range(gj_lcall *c, gj_lv v)
{
	bool stop = c->a[1].type && c->a[1].type != gj_t_none, floats = false;
	for (uint32_t i = 0; i < 3; i++)
		floats |= c->a[i].type && gj_is_float(c->a[i].type);
	line l = { .as = gj_scalar[floats ? GJ_F64 : GJ_I64] };
	l.start = stop ? number(c, 0, l.as, 0) : gj_eint(c->L, l.as, 0);
	l.step = number(c, 2, l.as, 1);
	gj_lfill(c->L, v, 0, NULL, on_line, &l);
}

static void fill_linspace(gj_lcall *c, gj_lv v)
{
	gj_lower *L = c->L;
	line l = { .as = gj_scalar[GJ_F64] };
	bool endpoint = !c->a[3].type || !c->a[3].konst || c->a[3].konst->i;
	gj_ref n = gj_extent(v, 0), one = gj_eint(L, gj_i64(), 1), stop = gj_larg(c, 1, l.as);
	gj_ref steps = endpoint ? gj_e2(L, GJ_MAX, gj_i64(), gj_e2(L, GJ_SUB, gj_i64(), n, one), one) : n;
	l.start = gj_larg(c, 0, l.as);
	l.step = gj_e2(L, GJ_DIV, l.as, gj_e2(L, GJ_SUB, l.as, stop, l.start), gj_ecast(L, steps, l.as));
	l.last = endpoint ? gj_e2(L, GJ_SUB, gj_i64(), n, one) : 0;
	gj_ref single = endpoint ? gj_ecmp(L, GJ_CMP_EQ, n, one) : 0;
	l.stop = endpoint ? gj_e3(L, GJ_SELECT, l.as, single, l.start, stop) : 0;
	gj_lfill(L, v, 0, NULL, on_line, &l);
}

gj_lv gj_lower_new_array(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_shape_known shape;
	gj_ref at[GJ_MAX_NDIM];
	int how = c->arg & ~GJ_NEW_LIKE;
	if (c->B->s->fn->memory)
		return gj_lcounted(c);
	if (how == GJ_NEW_AS && c->type == c->a[0].type)
		return c->a[0];
	gj_known_shape(c->B->s, c->ref, &shape);
	gj_lv v = gj_lnew_local(L, c->type, &shape), x;
	switch (how) {
	case GJ_NEW_EMPTY: break;
	case GJ_NEW_RANGE: fill_range(c, v); break;
	case GJ_NEW_LINSPACE: fill_linspace(c, v); break;
	case GJ_NEW_FLAT:  gj_lcopy(L, shaped_as(L, v, c->a[0]), c->a[0]); break;
	case GJ_NEW_ARRAY: case GJ_NEW_AS:
		if (c->a[0].type->kind == GJ_ARRAY)
			gj_lcopy(L, v, c->a[0]);
		else
			store_items(L, v, c->a[0], at, 0);
		break;
	default:
		x = how == GJ_NEW_FULL ? c->a[1] : gj_lv_scalar(L, gj_i64(), gj_eint(L, gj_i64(), how == GJ_NEW_ONES));
		gj_lcopy(L, v, gj_lconv(L, x, c->type->elem));
	}
	return v;
}
