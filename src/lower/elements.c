/* Lowering of what is done with all elements of an array, by each thread on its own: reductions and ufuncs. */
#include "lower/lower.h"

/* -- Reductions ------------------------------------------------------------------------------------------------------- */

/* shape: a, or where a is an expression what has its extents; axes: those along which it is reduced, a bit each, the others' positions
 * stand in at[]. result: of one value; acc: in which it is computed. */
typedef struct reduction {
	gj_lower *L;
	gj_reduction how;
	gj_lv a, shape;
	const gj_type *acc, *result;
	uint32_t axes;
	gj_ref at[GJ_MAX_NDIM];
} reduction;

static gj_lv item(reduction *r)
{
	gj_lv x = gj_lbroadcast(r->L, r->shape, r->a, r->at);
	return gj_is_bool(r->acc) ? gj_lv_scalar(r->L, r->acc, gj_ltruth(r->L, x)) : gj_lconv(r->L, x, r->acc);
}

/* acc and one more element; NaN wins over numbers, as in NumPy. */
static gj_lv step(reduction *r, gj_lv acc)
{
	gj_lower *L = r->L;
	gj_lv v = item(r);
	bool any = r->how == GJ_RED_ANY || r->how == GJ_RED_MAX, extreme = r->how == GJ_RED_MIN || r->how == GJ_RED_MAX;
	if (gj_is_complex(r->acc) && extreme)
		return gj_lcomplex_minmax(L, any ? GJ_MAX : GJ_MIN, false, acc, v);
	if (gj_is_complex(r->acc))
		return gj_lcomplex_binop(L, r->how == GJ_RED_PROD ? GJ_OP_MUL_ : GJ_OP_ADD_, r->acc, acc, v);
	gj_ref x = v.part[0], old = acc.part[0];
	if (gj_is_bool(r->acc))
		return gj_lv_scalar(L, r->acc, gj_e2(L, any ? GJ_OR : GJ_AND, gj_bool(), old, x));
	if (!extreme)
		return gj_lv_scalar(L, r->acc, gj_e2(L, r->how == GJ_RED_PROD ? GJ_MUL : GJ_ADD, r->acc, old, x));
	gj_ref best = gj_e2(L, any ? GJ_MAX : GJ_MIN, r->acc, old, x);
	if (gj_is_float(r->acc)) {
		best = gj_e3(L, GJ_SELECT, r->acc, gj_e1(L, GJ_ISNAN, gj_bool(), x), x, best);
		best = gj_e3(L, GJ_SELECT, r->acc, gj_e1(L, GJ_ISNAN, gj_bool(), old), old, best);
	}
	return gj_lv_scalar(L, r->acc, best);
}

static gj_lv over(reduction *r, uint32_t d, gj_lv acc)
{
	gj_lower *L = r->L;
	if (d == r->a.type->ndim)
		return step(r, acc);
	if (!(r->axes >> d & 1))
		return over(r, d + 1, acc);
	gj_lfor l = gj_lfor_begin(L, gj_extent(r->shape, d), &acc);
	r->at[d] = l.i;
	gj_lv next = over(r, d + 1, l.carried);
	gj_lfor_end(L, &l, &next);
	return l.carried;
}

/* The first element; of an empty array there is none. */
static gj_lv first(reduction *r, gj_ref size)
{
	gj_lrequire(r->L, gj_ecmp(r->L, GJ_CMP_NE, size, gj_eint(r->L, gj_i64(), 0)));
	for (uint32_t d = 0; d < r->a.type->ndim; d++)
		if (r->axes >> d & 1)
			r->at[d] = gj_eint(r->L, gj_i64(), 0);
	return item(r);
}

/* One result. */
static gj_lv reduced(reduction *r)
{
	gj_lower *L = r->L;
	gj_lv start;
	gj_ref size = gj_eint(L, gj_i64(), 1);
	const gj_type *part = gj_real_type(r->acc);
	for (uint32_t d = 0; d < r->a.type->ndim; d++)
		if (r->axes >> d & 1)
			size = gj_eindex(L, GJ_MUL, size, gj_extent(r->shape, d));
	if (r->how == GJ_RED_MIN || r->how == GJ_RED_MAX)
		start = first(r, size);
	else
		start = gj_lconv(L, gj_lv_scalar(L, part, gj_eint(L, part, r->how == GJ_RED_PROD || r->how == GJ_RED_ALL)), r->acc);
	gj_lv all = over(r, 0, start);
	if (r->how != GJ_RED_MEAN)
		return all;
	gj_lv n = gj_lv_scalar(L, gj_real_type(r->result), gj_ecast(L, size, gj_real_type(r->result)));
	return gj_lbinop(L, GJ_OP_TRUEDIV_, r->result, gj_lconv(L, all, r->result), n);
}

/* Results from dimension d on, at position n of `out`. */
static void reduce_into(reduction *r, gj_lv out, uint32_t d, gj_ref *at, uint32_t n)
{
	gj_lower *L = r->L;
	bool keeps = out.type->ndim == r->a.type->ndim;
	if (d == r->a.type->ndim) {
		gj_lstore(L, gj_lelement(L, out, at), reduced(r), out.type->elem);
		return;
	}
	if (r->axes >> d & 1) {
		if (keeps)
			at[n] = gj_eint(L, gj_i64(), 0);
		reduce_into(r, out, d + 1, at, n + keeps);
		return;
	}
	gj_lfor l = gj_lfor_begin(L, gj_extent(r->shape, d), NULL);
	r->at[d] = at[n] = l.i;
	reduce_into(r, out, d + 1, at, n + 1);
	gj_lfor_end(L, &l, NULL);
}

/* `out` has the extents that are left, and lies apart from what is read. */
static void check_out(reduction *r, gj_lv out)
{
	gj_lower *L = r->L;
	gj_lv *array;
	bool keeps = out.type->ndim == r->a.type->ndim;
	for (uint32_t d = 0, n = 0; d < r->a.type->ndim; d++) {
		bool gone = r->axes >> d & 1;
		gj_ref want = gone ? gj_eint(L, gj_i64(), 1) : gj_extent(r->shape, d);
		if (!gone || keeps)
			gj_lrequire(L, gj_ecmp(L, GJ_CMP_EQ, gj_extent(out, n++), want));
	}
	for (uint32_t i = 0, many = gj_larrays(L, r->a, &array); i < many; i++)
		gj_lrequire_apart(L, out, array[i]);
}

gj_lv gj_lower_reduce(gj_lcall *c)
{
	gj_lower *L = c->L;
	if (c->type->kind == GJ_REDUCED)
		return gj_lreduced(L, c->type, c->a[0]);
	reduction r = { .L = L, .how = (gj_reduction)c->arg, .a = c->a[0], .shape = gj_lshaped(L, c->a[0]), .acc = c->type };
	gj_ref at[GJ_MAX_NDIM];
	bool into = c->type->kind == GJ_ARRAY;
	r.result = r.acc = gj_reduction_type(r.how, r.a.type);
	if (r.how == GJ_RED_MEAN && gj_is_float(r.a.type->elem))
		r.acc = r.a.type->elem;
	r.axes = c->a[1].type && c->a[1].type != gj_t_none ? gj_axes_mask(c->a[1].konst, r.a.type->ndim) : (1u << r.a.type->ndim) - 1;
	if (!into)
		return reduced(&r);
	check_out(&r, c->a[2]);
	reduce_into(&r, c->a[2], 0, at, 0);
	return c->a[2];
}

/* -- Ufuncs ----------------------------------------------------------------------------------------------------------- */

static gj_lv apply(gj_lower *L, gj_lv target, const gj_ref *at, void *call)
{
	gj_lcall c = *(gj_lcall *)call;
	const gj_type *t[2] = { NULL };
	for (uint32_t i = 0; i < c.n; i++) {
		c.a[i] = gj_lbroadcast(L, target, c.a[i], at);
		t[i] = c.a[i].type;
	}
	c.type = gj_ufunc_type(c.name, t[0], t[1]);
	return gj_lower_name(&c);
}

gj_lv gj_lelementwise(gj_lcall *c)
{
	gj_lv target = c->a[--c->n];
	for (uint32_t i = 0; i < c->n; i++)
		gj_lrequire_fit(c->L, target, c->a[i]);
	gj_lfill(c->L, target, c->n, c->a, apply, c);
	return target;
}

gj_lv gj_lower_fill(gj_lcall *c)
{
	gj_lcopy(c->L, c->a[0], c->a[1]);
	return gj_lv_none();
}

gj_lv gj_linplace(gj_lower *L, gj_binop op, gj_lv a, gj_lv b)
{
	gj_known operand[2] = { { a.type, NULL }, { b.type, gj_is_scalar(b.type) ? b.konst : NULL } };
	gj_known computed = gj_known_ufunc(L->fn, L->loc, gj_ufunc_of_binop(op), 2, operand);
	gj_lv v = gj_lexpression(L, computed.type, (gj_lv[]){ a, b });
	v.konst = computed.konst;
	gj_lrequire_fit(L, a, v);
	gj_lcopy(L, a, v);
	return a;
}
