/* Typing in fused functions: operators and functions of the elements of arrays, by NumPy 2's rules. A value knows which arguments
 * its shape comes from, and nothing of where its elements are: that is the affair of whoever runs the loop. */
#include "infer/infer.h"

#include <string.h>

/* A number of Python's types takes the type of what it meets; a constant of NumPy's does not. */
static bool is_weak(gj_known v)
{
	gj_kind k = (gj_kind)v.type->kind;
	bool python = k == GJ_BOOL || k == GJ_I64 || k == GJ_F64 || k == GJ_C128;
	return python && !(v.konst && v.konst->kind == GJ_OBJ_SCALAR);
}

static bool fits(int64_t v, const gj_type *t)
{
	uint32_t bits = 8 * t->size;
	if (gj_is_unsigned(t))
		return v >= 0 && (bits == 64 || v < (int64_t)1 << bits);
	return bits == 64 || (v >= -((int64_t)1 << (bits - 1)) && v < (int64_t)1 << (bits - 1));
}

/* Python's integers beside narrower ones: they compare exactly, else they must fit. */
static void narrow(const gj_fn *f, uint32_t loc, uint32_t n, const gj_known *a, const bool *weak, const gj_type *result, const gj_type **as)
{
	int64_t v;
	for (uint32_t i = 0; i < n; i++) {
		if (!weak[i] || a[i].type->kind != GJ_I64 || !gj_is_int(as[i]))
			continue;
		if (gj_is_bool(result))
			as[i] = a[i].type;
		else if (gj_obj_is_int(a[i].konst, &v) && !fits(v, as[i]))
			gj_fail(f, loc, GJ_ERR_FUSE_INTEGER, (long long)v, as[i]->name);
	}
}

const gj_type *gj_fused_operands(const gj_fn *f, uint32_t loc, const char *dotted, uint32_t n, const gj_known *a, const gj_type **as)
{
	const gj_type *elem[3];
	bool weak[3];
	for (uint32_t i = 0; i < n; i++) {
		elem[i] = gj_element_of(a[i].type);
		weak[i] = is_weak(a[i]);
	}
	if (!strcmp(dotted, "np.where")) {
		as[0] = elem[0];
		const gj_type *chosen = gj_rule_fused("add", 2, elem + 1, weak + 1, as + 1);
		narrow(f, loc, 2, a + 1, weak + 1, chosen, as + 1);
		return chosen;
	}
	const gj_type *t = gj_rule_fused(strchr(dotted, '.') + 1, n, elem, weak, as);
	if (t)
		narrow(f, loc, n, a, weak, t, as);
	return t;
}

void gj_fused_shape(const gj_fn *f, uint32_t loc, uint32_t n, const gj_known *a, int *ndim, uint64_t *arguments)
{
	*ndim = 0;
	*arguments = 0;
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *t = a[i].type;
		if (t->kind == GJ_ARRAY || t->kind == GJ_EXPRESSION)
			gj_fail(f, loc, GJ_ERR_FUSE_ARRAY, t->name);
		if (t->kind == GJ_REDUCED)
			gj_fail(f, loc, GJ_ERR_FUSE_REDUCED);
		if (t->kind != GJ_ELEMENT)
			continue;
		*ndim = t->ndim > *ndim ? t->ndim : *ndim;
		*arguments |= gj_shape_arguments(t);
	}
}

gj_known gj_known_fused(const gj_fn *f, uint32_t loc, const char *dotted, const gj_type *elem, uint32_t n, const gj_known *a)
{
	const gj_type *as[3];
	uint64_t arguments;
	int ndim;
	gj_fused_shape(f, loc, n, a, &ndim, &arguments);
	if (!elem && !(elem = gj_fused_operands(f, loc, dotted, n, a, as)))
		return (gj_known){ 0 };
	return gj_just(gj_element_type(elem, ndim, arguments));
}

/* -- Reductions ----------------------------------------------------------------------------------------------------------- */

/* Of the axes in argument `axis`, a bit each. How: 0, or what is wrong and with which axis. */
static uint32_t axes_of(const gj_obj *axis, uint32_t ndim, gj_err *how, int64_t *which)
{
	const gj_obj *one[1] = { axis }, *const *item = one;
	uint32_t n = 1, axes = 0;
	*how = 0;
	if (axis && axis->kind == GJ_OBJ_TUPLE)
		n = axis->n, item = axis->item;
	else if (!ndim && gj_obj_is_int(axis, which) && (*which == 0 || *which == -1))  /* as NumPy: of a number it is no mistake */
		return 0;
	for (uint32_t i = 0; i < n && !*how; i++) {
		bool fits = gj_obj_is_int(item[i], which) && *which >= -(int64_t)ndim && *which < (int64_t)ndim;
		uint32_t bit = fits ? 1u << (*which < 0 ? *which + ndim : *which) : 0;
		*how = !gj_obj_is_int(item[i], which) ? GJ_ERR_AXES_INTEGERS : !fits ? GJ_ERR_AXIS : axes & bit ? GJ_ERR_AXIS_TWICE : 0;
		axes |= bit;
	}
	return axes;
}

uint32_t gj_axes_mask(const gj_obj *axis, uint32_t ndim)
{
	gj_err how;
	int64_t which;
	uint32_t axes = axes_of(axis, ndim, &how, &which);
	return how ? UINT32_MAX : axes;
}

uint32_t gj_reduced_axes(const gj_icall *c, gj_known axis, uint32_t ndim)
{
	gj_err how;
	int64_t which = 0;
	if (!axis.type || axis.type == gj_t_none)
		return (1u << ndim) - 1;
	uint32_t axes = axes_of(axis.konst, ndim, &how, &which);
	if (!ndim && !how && (c->arg == GJ_RED_MEAN || c->arg >= GJ_RED_VAR) && axis.konst && axis.konst->kind != GJ_OBJ_TUPLE)
		how = GJ_ERR_AXIS;                     /* of those it is one */
	if (how == GJ_ERR_AXIS)
		gj_fail(c->s->fn, c->loc, how, (long long)which, ndim);
	if (how)
		gj_fail(c->s->fn, c->loc, how, gj_shown(c->name));
	return axes;
}

gj_known gj_named_argument(const gj_icall *c, const char *param)
{
	gj_known v = c->a[gj_name_slot(c->row, param)];
	return v.type == gj_t_none ? (gj_known){ 0 } : v;
}

bool gj_is_chosen(gj_known where) { return where.type && !(where.konst && where.konst->kind == GJ_OBJ_BOOL && where.konst->i); }

void gj_check_freedom(const gj_icall *c)
{
	gj_known ddof = gj_named_argument(c, "ddof"), correction = gj_named_argument(c, "correction"), mean = gj_named_argument(c, "mean");
	if (ddof.type && correction.type)
		gj_fail(c->s->fn, c->loc, GJ_ERR_REDUCE_CORRECTION);
	for (int i = 0; i < 2; i++) {
		gj_known v = i ? correction : ddof;
		if (v.type && (!gj_is_scalar(v.type) || gj_is_complex(v.type)))
			gj_bad_argument(c, gj_name_slot(c->row, i ? "correction" : "ddof"));
	}
	const gj_type *t = mean.type && gj_has_elements(mean.type) ? mean.type->elem : mean.type;
	if (t && (!gj_is_scalar(t) || (gj_is_complex(t) && !gj_is_complex(c->a[0].type->elem)) || (t != mean.type && mean.type->ndim > c->a[0].type->ndim)))
		gj_bad_argument(c, gj_name_slot(c->row, "mean"));
}

/* What elements are reduced as, of the result's type: halves as float32, integers in 64 bits, for a mean as float64. */
static const gj_type *reduced_as(gj_reduction how, const gj_type *t)
{
	if (how == GJ_RED_ANY || how == GJ_RED_ALL)
		return gj_scalar[GJ_BOOL];
	if (gj_is_half(t))
		return gj_scalar[GJ_F32];
	if (gj_is_complex(t) && how >= GJ_RED_VAR)
		return gj_real_type(t);
	if (gj_is_float(t) || gj_is_complex(t))
		return t;
	if (how == GJ_RED_MEAN || how >= GJ_RED_VAR)
		return gj_scalar[GJ_F64];
	return how != GJ_RED_SUM && how != GJ_RED_PROD ? t : gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64];
}

/* where=: the shape's arguments more; false: there is none, or it is True. */
static bool check_chosen(const gj_icall *c, gj_reduction how, uint64_t *arguments)
{
	gj_known where = gj_named_argument(c, "where");
	const gj_type *a = c->a[0].type, *t = where.type ? gj_element_of(where.type) : NULL;
	if (!gj_is_chosen(where))
		return false;
	if (!t || where.type->kind == GJ_REDUCED)
		gj_bad_argument(c, gj_name_slot(c->row, "where"));
	if (!gj_is_bool(t))
		gj_fail(c->s->fn, c->loc, GJ_ERR_REDUCE_WHERE, gj_shown(c->name), t->name);
	if (where.type->kind == GJ_ELEMENT && where.type->ndim > a->ndim)
		gj_fail(c->s->fn, c->loc, GJ_ERR_REDUCE_WHERE_NDIM);
	if ((how == GJ_RED_MIN || how == GJ_RED_MAX) && !gj_named_argument(c, "initial").type)
		gj_fail(c->s->fn, c->loc, GJ_ERR_REDUCE_IDENTITY, how == GJ_RED_MIN ? "min" : "max");
	*arguments |= where.type->kind == GJ_ELEMENT ? gj_shape_arguments(where.type) : 0;
	return true;
}

/* initial=, a number that becomes `as`, as an element; NULL: there is none. */
static const gj_type *initial_of(const gj_icall *c, const gj_type *as)
{
	gj_known v = gj_named_argument(c, "initial");
	const gj_type *t = v.type ? gj_element_of(v.type) : NULL, *to = as;
	bool weak = t && is_weak(v);
	if (!v.type)
		return NULL;
	if (!t || v.type->kind == GJ_REDUCED || v.type->ndim || (gj_is_complex(t) && !gj_is_complex(as)))
		gj_bad_argument(c, gj_name_slot(c->row, "initial"));
	narrow(c->s->fn, c->loc, 1, &v, &weak, as, &to);
	return gj_element_type(as, 0, v.type->kind == GJ_ELEMENT ? gj_shape_arguments(v.type) : 0);
}

/* The numbers that are folded of each element, and the initial one; returns how many. Of what is chosen a mean is two sums, and a variance
 * takes pairs, the element and its weight; of complex numbers it is that of the parts. */
static uint32_t folded_as(const gj_icall *c, gj_reducing *r, const gj_type *as, bool complex, const gj_type **item)
{
	const gj_type *a = c->a[0].type, *initial = initial_of(c, as);
	uint64_t arguments = gj_shape_arguments(a);
	bool spread = r->how >= GJ_RED_VAR;
	uint32_t n = 0;
	item[n++] = gj_element_type(r->chosen && spread ? gj_scalar[GJ_C128] : as, a->ndim, arguments);
	if (spread && complex)
		item[n++] = item[0];
	if (r->chosen && r->how == GJ_RED_MEAN)
		item[n++] = gj_element_type(gj_scalar[GJ_I64], a->ndim, arguments);
	if (initial)
		item[n++] = initial;
	r->initial = initial;
	return n;
}

gj_known gj_known_reduced(const gj_icall *c, const gj_type *to)
{
	const gj_type *a = c->a[0].type, *t = a->elem, *item[3];
	gj_reducing r = { .how = (gj_reduction)c->arg };
	gj_known keep = gj_named_argument(c, "keepdims");
	bool position = r.how == GJ_RED_ARGMIN || r.how == GJ_RED_ARGMAX, spread = r.how >= GJ_RED_VAR;
	uint64_t arguments = gj_shape_arguments(a);
	int64_t k = 0;
	if (a->kind == GJ_REDUCED)
		gj_fail(c->s->fn, c->loc, GJ_ERR_FUSE_REDUCED);
	if (gj_named_argument(c, "out").type)
		gj_bad_argument(c, gj_name_slot(c->row, "out"));
	if (keep.type && !gj_obj_is_int(keep.konst, &k))
		gj_bad_argument(c, gj_name_slot(c->row, "keepdims"));
	gj_check_freedom(c);
	if (gj_named_argument(c, "mean").type)
		gj_bad_argument(c, gj_name_slot(c->row, "mean"));
	const char *freedom = gj_named_argument(c, "correction").type ? "correction" : "ddof";
	gj_known ddof = gj_named_argument(c, freedom);
	if (ddof.type && !gj_obj_is_float(ddof.konst, &r.ddof))
		gj_bad_argument(c, gj_name_slot(c->row, freedom));
	if (position && c->a[1].konst && c->a[1].konst->kind == GJ_OBJ_TUPLE)
		gj_fail(c->s->fn, c->loc, GJ_ERR_AXIS_ONE, gj_shown(c->name));
	r.axes = gj_reduced_axes(c, c->a[1], a->ndim);
	r.keep = k;
	r.chosen = check_chosen(c, r.how, &arguments);
	const gj_type *as = reduced_as(r.how, to ? to : t), *real = spread && gj_is_complex(t) ? gj_real_type(t) : t;
	uint32_t n = folded_as(c, &r, as, gj_is_complex(t), item);
	int ndim = r.keep ? a->ndim : a->ndim - __builtin_popcount(r.axes);
	const gj_type *result = position ? gj_scalar[GJ_I64] : to ? to : gj_is_half(real) && !gj_is_bool(as) ? real : as;
	return gj_just(gj_reduced_type(result, ndim, arguments, r, item, n));
}

/* -- Entries -------------------------------------------------------------------------------------------------------------- */

bool gj_is_fused_result(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (t->item[i]->kind == GJ_TUPLE || !gj_is_fused_result(t->item[i]))
			return false;
	return (t->kind == GJ_TUPLE && t->n > 0 && t->n <= 32) || (gj_is_fused(t) && gj_shape_arguments(t));
}
