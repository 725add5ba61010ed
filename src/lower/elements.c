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
	gj_lv mean;                                                        /* of a variance: a number, or what fits the shape */
	gj_ref ddof;                                                       /* f64; 0: none is given */
	gj_lv where, initial;                                              /* no type: all take part; it begins as NumPy's does */
} reduction;

static gj_lv item(reduction *r)
{
	gj_lv x = gj_lbroadcast(r->L, r->shape, r->a, r->at);
	return gj_is_bool(r->acc) ? gj_lv_scalar(r->L, r->acc, gj_ltruth(r->L, x)) : gj_lconv(r->L, x, r->acc);
}

/* The square of how far an element is from the mean. */
static gj_lv square(reduction *r)
{
	gj_lower *L = r->L;
	gj_lv x = gj_lbroadcast(L, r->shape, r->a, r->at), mean = gj_lconv(L, gj_lbroadcast(L, r->shape, r->mean, r->at), r->acc);
	gj_lv far = gj_lbinop(L, GJ_OP_SUB_, r->acc, gj_lconv(L, x, r->acc), mean);
	const gj_type *t = gj_scalar[GJ_F64];
	gj_ref sum = 0;
	for (uint32_t i = 0; i < gj_parts(far.type); i++) {
		gj_ref part = gj_ecast(L, far.part[i], t), one = gj_e2(L, GJ_MUL, t, part, part);
		sum = sum ? gj_e2(L, GJ_ADD, t, sum, one) : one;
	}
	return gj_lv_scalar(L, t, sum);
}

/* The best so far and its number among those that are walked over, and one more element: the first of equals wins, NaN over all. */
static gj_lv better(reduction *r, gj_lv acc)
{
	gj_lower *L = r->L;
	gj_ref *p, x = item(r).part[0], old = acc.part[0], number = gj_eint(L, gj_i64(), 0);
	for (uint32_t d = 0; d < r->a.type->ndim; d++)
		if (r->axes >> d & 1)
			number = gj_eindex(L, GJ_ADD, gj_eindex(L, GJ_MUL, number, gj_extent(r->shape, d)), r->at[d]);
	gj_ref wins = gj_ecmp(L, r->how == GJ_RED_ARGMAX ? GJ_CMP_GT : GJ_CMP_LT, x, old);
	if (gj_is_float(r->acc)) {
		gj_ref nan = gj_e1(L, GJ_ISNAN, gj_bool(), x), first = gj_e1(L, GJ_NOT, gj_bool(), gj_e1(L, GJ_ISNAN, gj_bool(), old));
		wins = gj_e2(L, GJ_OR, gj_bool(), wins, gj_e2(L, GJ_AND, gj_bool(), nan, first));
	}
	gj_lv v = gj_lv_new(L, acc.type, &p);
	p[0] = gj_e3(L, GJ_SELECT, r->acc, wins, x, old);
	p[1] = gj_e3(L, GJ_SELECT, gj_i64(), wins, number, acc.part[1]);
	return v;
}

/* acc and one more element; NaN wins over numbers, as in NumPy. */
static gj_lv step(reduction *r, gj_lv acc)
{
	gj_lower *L = r->L;
	if (r->how == GJ_RED_ARGMIN || r->how == GJ_RED_ARGMAX)
		return better(r, acc);
	if (r->mean.type)
		return gj_lv_scalar(L, acc.type, gj_e2(L, GJ_ADD, acc.type, acc.part[0], square(r).part[0]));
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
	if (d == r->shape.type->ndim) {
		gj_lv next = step(r, acc);
		return r->where.type ? gj_lmasked(L, gj_ltruth(L, gj_lbroadcast(L, r->shape, r->where, r->at)), next, acc) : next;
	}
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
	static const char *const empty[] = {
		[GJ_RED_MIN] = "zero-size array to reduction operation minimum which has no identity",
		[GJ_RED_MAX] = "zero-size array to reduction operation maximum which has no identity",
		[GJ_RED_ARGMIN] = "attempt to get argmin of an empty sequence", [GJ_RED_ARGMAX] = "attempt to get argmax of an empty sequence" };
	gj_lrequire_or(r->L, gj_ecmp(r->L, GJ_CMP_NE, size, gj_eint(r->L, gj_i64(), 0)), empty[r->how], 0, NULL);
	for (uint32_t d = 0; d < r->a.type->ndim; d++)
		if (r->axes >> d & 1)
			r->at[d] = gj_eint(r->L, gj_i64(), 0);
	return item(r);
}

/* How many elements go into one result. */
static gj_ref elements_of(reduction *r)
{
	gj_ref size = gj_eint(r->L, gj_i64(), 1);
	if (r->where.type) {
		reduction count = *r;
		count.how = GJ_RED_SUM;
		count.acc = gj_i64();
		count.a = gj_lv_scalar(r->L, gj_i64(), size);
		count.mean.type = NULL;
		return over(&count, 0, gj_lv_scalar(r->L, gj_i64(), gj_eint(r->L, gj_i64(), 0))).part[0];
	}
	for (uint32_t d = 0; d < r->shape.type->ndim; d++)
		if (r->axes >> d & 1)
			size = gj_eindex(r->L, GJ_MUL, size, gj_extent(r->shape, d));
	return size;
}

static gj_lv start_of(reduction *r, gj_ref size)
{
	gj_lower *L = r->L;
	const gj_type *part = gj_real_type(r->acc);
	bool place = r->how == GJ_RED_ARGMIN || r->how == GJ_RED_ARGMAX;
	if (r->initial.type)
		return gj_lconv(L, r->initial, r->acc);
	if (r->how == GJ_RED_MIN || r->how == GJ_RED_MAX || place) {
		gj_lv one = first(r, size);
		const gj_type *pair[2] = { one.type, gj_i64() };
		return place ? gj_lv_pair(L, gj_tuple_type(pair, 2), one, gj_lv_scalar(L, gj_i64(), gj_eint(L, gj_i64(), 0))) : one;
	}
	return gj_lconv(L, gj_lv_scalar(L, part, gj_eint(L, part, r->how == GJ_RED_PROD || r->how == GJ_RED_ALL)), r->acc);
}

static gj_lv over_size(gj_lower *L, gj_lv all, const gj_type *t, gj_ref size)
{
	bool quiet = L->quiet;
	L->quiet = true;                               /* of nothing it is NaN */
	gj_lv v = gj_lbinop(L, GJ_OP_TRUEDIV_, t, gj_lconv(L, all, t), gj_lv_scalar(L, gj_real_type(t), gj_ecast(L, size, gj_real_type(t))));
	L->quiet = quiet;
	return v;
}

/* The mean of the squares of how far elements are from their mean, or its square root. */
static gj_lv variance(reduction *r)
{
	gj_lower *L = r->L;
	const gj_type *t = gj_scalar[GJ_F64];
	gj_ref size = elements_of(r);
	reduction sum = *r;
	sum.how = GJ_RED_SUM;
	sum.acc = gj_is_complex(r->a.type->elem) ? gj_scalar[GJ_C128] : t;
	if (!sum.mean.type)
		sum.mean = over_size(L, over(&sum, 0, start_of(&sum, size)), sum.acc, size);
	gj_lv all = over(&sum, 0, gj_lv_scalar(L, t, gj_eflt(L, t, 0)));
	gj_ref left = gj_ecast(L, size, t);
	if (r->ddof)
		left = gj_e2(L, GJ_MAX, t, gj_e2(L, GJ_SUB, t, left, r->ddof), gj_eflt(L, t, 0));
	gj_ref v = gj_e2(L, GJ_DIV, t, all.part[0], left);
	if (r->how == GJ_RED_STD) {
		v = gj_e1(L, GJ_MATH, t, v);
		gj_o(L->fn, v)->imm.i = GJ_MATH_SQRT;
	}
	return gj_lv_scalar(L, t, v);
}

/* One result. */
static gj_lv reduced(reduction *r)
{
	gj_lower *L = r->L;
	if (r->how == GJ_RED_VAR || r->how == GJ_RED_STD)
		return variance(r);
	bool counts = r->how == GJ_RED_MEAN || !r->where.type;
	gj_ref size = counts ? elements_of(r) : 0;
	gj_lv all = over(r, 0, start_of(r, size));
	if (r->how == GJ_RED_ARGMIN || r->how == GJ_RED_ARGMAX)
		return gj_lv_item(L, all, 1);
	return r->how == GJ_RED_MEAN ? over_size(L, all, r->result, size) : all;
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
	const gj_lv read[] = { r->a, r->where, r->mean };
	for (uint32_t k = 0; k < GJ_LEN(read); k++)
		for (uint32_t i = 0, many = read[k].type ? gj_larrays(L, read[k], &array) : 0; i < many; i++)
			gj_lrequire_apart(L, out, array[i]);
}

/* An argument; no type: it is absent, or None. */
static gj_lv named(const gj_lcall *c, const char *param)
{
	gj_lv v = c->a[gj_name_slot(c->row, param)];
	return v.type == gj_t_none ? (gj_lv){ 0 } : v;
}

/* A new array of the extents that are left. */
static gj_lv new_target(const reduction *r, const gj_type *t)
{
	gj_ref extent[GJ_MAX_NDIM];
	bool keeps = t->ndim == r->a.type->ndim;
	for (uint32_t d = 0, n = 0; d < r->a.type->ndim; d++)
		if (keeps || !(r->axes >> d & 1))
			extent[n++] = r->axes >> d & 1 ? gj_eint(r->L, gj_i64(), 1) : gj_extent(r->shape, d);
	return gj_lnew_array(r->L, t, extent, false);
}

/* Where results go: the array that is given, or one of its own. */
static gj_lv target_of(const reduction *r, gj_lcall *c, bool *given)
{
	gj_shape_known shape;
	gj_lv out = named(c, "out");
	*given = out.type;
	if (*given)
		return out;
	if (c->B->s->fn->memory)
		return new_target(r, c->type);
	gj_known_shape(c->B->s, c->ref, &shape);
	return gj_lnew_local(c->L, c->type, &shape);
}

/* where=, whose extents fit; no type: all are chosen. */
static gj_lv chosen_by(reduction *r, gj_lv where)
{
	if (!where.type || !gj_is_chosen((gj_known){ where.type, where.konst }))
		return (gj_lv){ 0 };
	if (gj_has_elements(where.type))
		gj_lrequire_operand(r->L, r->shape, where);
	return where;
}

gj_lv gj_lower_reduce(gj_lcall *c)
{
	gj_lower *L = c->L;
	if (c->type->kind == GJ_REDUCED)
		return gj_lreduced(L, c->type, c->a[0], named(c, "where"), named(c, "initial"));
	reduction r = { .L = L, .how = (gj_reduction)c->arg, .a = c->a[0], .shape = gj_lshaped(L, c->a[0]), .acc = c->type };
	gj_ref at[GJ_MAX_NDIM];
	const gj_type *elem = r.a.type->elem;
	bool place = r.how == GJ_RED_ARGMIN || r.how == GJ_RED_ARGMAX, given;
	gj_lv dtype = named(c, "dtype");
	bool typed = dtype.type;
	r.result = r.acc = typed ? gj_dtype(dtype.konst) : gj_reduction_type(r.how, r.a.type);
	if (place || (r.how == GJ_RED_MEAN && gj_is_float(elem) && !typed))
		r.acc = gj_is_bool(elem) ? gj_scalar[GJ_U8] : elem;
	r.axes = c->a[1].type && c->a[1].type != gj_t_none ? gj_axes_mask(c->a[1].konst, r.a.type->ndim) : (1u << r.a.type->ndim) - 1;
	const char *ddof = named(c, "correction").type ? "correction" : "ddof";
	r.ddof = named(c, ddof).type ? gj_larg(c, gj_name_slot(c->row, ddof), gj_scalar[GJ_F64]) : 0;
	r.mean = named(c, "mean");
	r.initial = named(c, "initial");
	r.where = chosen_by(&r, named(c, "where"));
	if (r.mean.type && gj_has_elements(r.mean.type))
		gj_lrequire_operand(L, r.shape, r.mean);
	if (c->type->kind != GJ_ARRAY)
		return reduced(&r);
	gj_lv out = target_of(&r, c, &given);
	if (given)
		check_out(&r, out);
	reduce_into(&r, out, 0, at, 0);
	return out;
}

/* -- Running sums and products ------------------------------------------------------------------------------------------- */

/* Along dimension `axis`, from dimension d on; elements of `out` stand where those of a do. */
static void run_along(reduction *r, gj_lv out, uint32_t axis, uint32_t d)
{
	gj_lower *L = r->L;
	if (d == axis && d + 1 < r->a.type->ndim) {
		run_along(r, out, axis, d + 1);
		return;
	}
	bool last = d == r->a.type->ndim;
	if (!last && d != axis) {
		gj_lfor l = gj_lfor_begin(L, gj_extent(r->shape, d), NULL);
		r->at[d] = l.i;
		run_along(r, out, axis, d + 1);
		gj_lfor_end(L, &l, NULL);
		return;
	}
	gj_lv start = start_of(r, 0);
	gj_lfor l = gj_lfor_begin(L, gj_extent(r->shape, axis), &start);
	r->at[axis] = l.i;
	gj_lv next = step(r, l.carried);
	gj_lstore(L, gj_lelement(L, out, r->at), next, out.type->elem);
	gj_lfor_end(L, &l, &next);
}

/* In one row, the last index fastest. */
static void run_in_row(reduction *r, gj_lv out)
{
	gj_lower *L = r->L;
	gj_lv start = start_of(r, 0);
	gj_lfor l = gj_lfor_begin(L, gj_lsize(L, r->shape), &start);
	gj_lunravel(L, r->shape, l.i, r->at);
	gj_lv next = step(r, l.carried);
	gj_lstore(L, gj_lelement(L, out, &l.i), next, out.type->elem);
	gj_lfor_end(L, &l, &next);
}

gj_lv gj_lower_accumulate(gj_lcall *c)
{
	gj_lower *L = c->L;
	reduction r = { .L = L, .how = (gj_reduction)c->arg, .a = c->a[0], .shape = gj_lshaped(L, c->a[0]) };
	uint32_t ndim = r.a.type->ndim;
	bool axis = c->a[1].type && c->a[1].type != gj_t_none, along = axis || ndim == 1, given;
	gj_lv *array, out = target_of(&r, c, &given);
	r.result = r.acc = gj_running_type(named(c, "dtype").konst, r.how, r.a.type);
	for (uint32_t d = 0; given && along && d < ndim; d++)
		gj_lrequire(L, gj_ecmp(L, GJ_CMP_EQ, gj_extent(out, d), gj_extent(r.shape, d)));
	if (given && !along)
		gj_lrequire(L, gj_ecmp(L, GJ_CMP_EQ, gj_extent(out, 0), gj_lsize(L, r.shape)));
	for (uint32_t i = 0, many = given ? gj_larrays(L, r.a, &array) : 0; i < many; i++)
		(along ? gj_lrequire_apart_or_same : gj_lrequire_apart)(L, out, array[i]);
	if (along)
		run_along(&r, out, axis ? (uint32_t)__builtin_ctz(gj_axes_mask(c->a[1].konst, ndim)) : 0, 0);
	else
		run_in_row(&r, out);
	return out;
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
	gj_lrequire_output(c->L, target, c->n, c->a);
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
	gj_lrequire_output(L, a, 2, (gj_lv[]){ a, b });
	gj_lcopy(L, a, v);
	return a;
}
