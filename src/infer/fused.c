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
		return gj_rule_fused("add", 2, elem + 1, weak + 1, as + 1);
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

uint32_t gj_axes_mask(const gj_obj *axis, uint32_t ndim)
{
	const gj_obj *one[1] = { axis }, *const *item = one;
	uint32_t n = 1, axes = 0;
	int64_t only;
	if (axis && axis->kind == GJ_OBJ_TUPLE)
		n = axis->n, item = axis->item;
	else if (!ndim && gj_obj_is_int(axis, &only) && (only == 0 || only == -1))      /* as NumPy: of a number it is no mistake */
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		int64_t k;
		if (!gj_obj_is_int(item[i], &k) || k < -(int64_t)ndim || k >= (int64_t)ndim || axes >> (k < 0 ? k + ndim : k) & 1)
			return UINT32_MAX;
		axes |= 1u << (k < 0 ? k + ndim : k);
	}
	return axes;
}

uint32_t gj_reduced_axes(const gj_icall *c, gj_known axis, uint32_t ndim)
{
	if (!axis.type || axis.type == gj_t_none)
		return (1u << ndim) - 1;
	uint32_t axes = gj_axes_mask(axis.konst, ndim);
	if (axes == UINT32_MAX)
		gj_fail(c->s->fn, c->loc, GJ_ERR_AXES, gj_shown(c->name), c->a[0].type->name);
	return axes;
}

/* What elements are reduced as, of the result's type: halves as float32, integers in 64 bits, for a mean as float64. */
static const gj_type *reduced_as(gj_reduction how, const gj_type *t)
{
	if (how == GJ_RED_ANY || how == GJ_RED_ALL)
		return gj_scalar[GJ_BOOL];
	if (gj_is_half(t))
		return gj_scalar[GJ_F32];
	if (gj_is_float(t) || gj_is_complex(t))
		return t;
	if (how == GJ_RED_MEAN || how == GJ_RED_VAR || how == GJ_RED_STD)
		return gj_scalar[GJ_F64];
	return how != GJ_RED_SUM && how != GJ_RED_PROD ? t : gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64];
}

gj_known gj_known_reduced(const gj_icall *c, const gj_type *to)
{
	const gj_type *a = c->a[0].type, *t = a->elem;
	gj_reduction how = (gj_reduction)c->arg;
	bool position = how == GJ_RED_ARGMIN || how == GJ_RED_ARGMAX, spread = how == GJ_RED_VAR || how == GJ_RED_STD;
	bool adds = how == GJ_RED_SUM || how == GJ_RED_PROD || how == GJ_RED_MEAN;
	int64_t keep = 0, ddof = 0;
	if (a->kind == GJ_REDUCED)
		gj_fail(c->s->fn, c->loc, GJ_ERR_FUSE_REDUCED);
	if (gj_is_complex(t) && !adds && how != GJ_RED_ANY && how != GJ_RED_ALL)
		gj_bad_argument(c, 0);
	if (c->a[2].type && c->a[2].type != gj_t_none)
		gj_bad_argument(c, 2);
	if (c->a[3].type && !gj_obj_is_int(c->a[3].konst, &keep))
		gj_bad_argument(c, 3);
	if (spread && c->a[4].type && (!gj_obj_is_int(c->a[4].konst, &ddof) || ddof < 0 || ddof > UINT8_MAX))
		gj_bad_argument(c, 4);
	uint32_t axes = gj_reduced_axes(c, c->a[1], a->ndim);
	if (position && c->a[1].konst && c->a[1].konst->kind == GJ_OBJ_TUPLE)
		gj_fail(c->s->fn, c->loc, GJ_ERR_AXES, gj_shown(c->name), a->name);
	const gj_type *as = reduced_as(how, to ? to : t);
	int ndim = keep ? a->ndim : a->ndim - __builtin_popcount(axes);
	const gj_type *result = position ? gj_scalar[GJ_I64] : to ? to : gj_is_half(t) && !gj_is_bool(as) ? t : as;
	return gj_just(gj_reduced_type(result, ndim, gj_shape_arguments(a), (char)(how + 1), axes, keep, as, (uint8_t)ddof));
}

/* -- Entries -------------------------------------------------------------------------------------------------------------- */

bool gj_is_fused_result(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (t->item[i]->kind == GJ_TUPLE || !gj_is_fused_result(t->item[i]))
			return false;
	return (t->kind == GJ_TUPLE && t->n > 0 && t->n <= 32) || (gj_is_fused(t) && gj_shape_arguments(t));
}
