/* Shapes of arrays that are known when a kernel is compiled: of those that the function makes itself, and of frozen ones. */
#include "infer/infer.h"

#include <math.h>
#include <string.h>

/* A constant shape: an integer, or a tuple of them. */
static bool shape_of(const gj_obj *k, gj_shape_known *out)
{
	bool tuple = k && k->kind == GJ_OBJ_TUPLE;
	uint32_t n = tuple ? k->n : 1;
	bool known = k && n <= GJ_MAX_NDIM;
	out->ndim = (int)n;
	for (uint32_t i = 0; known && i < n; i++)
		known = gj_obj_is_int(tuple ? k->item[i] : k, &out->extent[i]);
	return known;
}

static bool begins(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

bool gj_nested_shape(const gj_type *t, gj_shape_known *out, const gj_type **elem)
{
	gj_shape_known first, other;
	const gj_type *item = NULL;
	if (gj_is_scalar(t)) {
		*out = (gj_shape_known){ .ndim = 0 };
		*elem = t;
		return true;
	}
	if (!gj_is_sequence(t))
		return false;
	*elem = t->n ? NULL : gj_scalar[GJ_F64];
	first.ndim = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		if (!gj_nested_shape(t->item[i], i ? &other : &first, &item))
			return false;
		if (i && (other.ndim != first.ndim || memcmp(other.extent, first.extent, (size_t)other.ndim * sizeof *other.extent)))
			return false;
		*elem = *elem ? gj_unify(*elem, item) : item;
		if (!*elem)
			return false;
	}
	if (first.ndim >= GJ_MAX_NDIM)
		return false;
	*out = (gj_shape_known){ .ndim = first.ndim + 1, .extent = { t->n } };
	memcpy(out->extent + 1, first.extent, (size_t)first.ndim * sizeof *first.extent);
	return true;
}

/* How many items np.arange() gives. */
static bool range_size(const gj_icall *c, int64_t *n)
{
	double part[3] = { 0, 0, 1 }, exact;
	int64_t i[3] = { 0, 0, 1 };
	bool stop = c->a[1].type && c->a[1].type != gj_t_none, ints = true;
	for (uint32_t k = 0; k < 3; k++) {
		uint32_t to = stop || k == 2 ? k : 1;
		if (!c->a[k].type || (k == 1 && !stop))
			continue;
		ints &= gj_obj_is_int(c->a[k].konst, &i[to]);
		if (!gj_obj_is_float(c->a[k].konst, &part[to]))
			return false;
	}
	if (part[2] == 0)
		return false;
	exact = ceil((part[1] - part[0]) / part[2]);
	if (ints) {                                            /* beyond what floats tell apart */
		gj_known range = { gj_range_type(gj_scalar[GJ_I64]), gj_range_konst(c->s->fn->arena, i) };
		uint64_t count;
		if (!gj_iter_count((gj_known){ gj_iter_type(range.type), range.konst }, &count) || count > INT32_MAX)
			return false;
		exact = (double)count;
	}
	*n = exact > 0 ? (int64_t)fmin(exact, INT32_MAX) : 0;
	return exact <= INT32_MAX;
}

int gj_new_array_of(const char *dotted)
{
	const gj_name *row = gj_name_find(dotted);
	int how = row ? gj_rule_argument(row) : -1;
	return (how & ~GJ_NEW_LIKE) >= GJ_NEW_NOTHING && (how & ~GJ_NEW_LIKE) < GJ_NEW_LAST ? how : -1;
}

/* The extents of what a reduction or cumsum without an array to write into gives. */
static bool left_shape(const gj_icall *c, bool reduces, gj_shape_known *out)
{
	gj_shape_known a;
	int64_t keep = 0;
	bool along = c->a[1].type && c->a[1].type != gj_t_none, given = gj_named_argument(c, "out").type;
	gj_known keeps = gj_named_argument(c, "keepdims");
	if (given || !c->ref[0] || !gj_known_shape(c->s, c->ref[0], &a) || (reduces && keeps.type && !gj_obj_is_int(keeps.konst, &keep)))
		return false;
	uint32_t all = (1u << a.ndim) - 1, axes = along ? gj_axes_mask(c->a[1].konst, (uint32_t)a.ndim) : all;
	if (axes == UINT32_MAX)
		return false;
	*out = a;
	if (!reduces && along)
		return true;
	out->ndim = reduces ? 0 : 1;
	if (!reduces)
		out->extent[0] = 1;
	for (int d = 0; d < a.ndim; d++) {
		bool gone = axes >> d & 1;
		if (!reduces)
			out->extent[0] *= a.extent[d];
		else if (!gone || keep)
			out->extent[out->ndim++] = gone ? 1 : a.extent[d];
	}
	return true;
}

/* The extents of what a call of a named function makes. */
static bool made_shape(const gj_inst *s, const gj_op *o, const gj_obj *f, gj_shape_known *out)
{
	const gj_type *elem;
	int slot[GJ_MAX_CALL], num;
	const gj_name *row = gj_name_find(f->name);
	uint32_t n = gj_bind_row(s->fn, o, row, f->name, slot);
	gj_icall c = { .s = (gj_inst *)s, .row = row, .n = n };
	for (uint32_t i = 0; i < n; i++)
		if (slot[i] >= 0)
			c.a[i] = gj_value(s, c.ref[i] = gj_slot_ref(s->fn, o, slot[i]));
	if (begins(f->name, "cuda.shared.array") || begins(f->name, "cuda.local.array"))
		return shape_of(c.a[0].konst, out) && !(out->ndim == 1 && out->extent[0] == 0);
	if (gj_gives_local(row))
		return left_shape(&c, gj_is_reduction(row), out);
	int how = gj_new_array_of(f->name);
	switch (how < 0 ? GJ_NEW_NOTHING : how & ~GJ_NEW_LIKE) {
	case GJ_NEW_EMPTY: case GJ_NEW_ZEROS: case GJ_NEW_ONES: case GJ_NEW_FULL:
		return how & GJ_NEW_LIKE ? gj_known_shape(s, c.ref[0], out) : shape_of(c.a[0].konst, out);
	case GJ_NEW_ARRAY: case GJ_NEW_AS:
		return c.a[0].type->kind == GJ_ARRAY ? gj_known_shape(s, c.ref[0], out) : gj_nested_shape(c.a[0].type, out, &elem);
	case GJ_NEW_FLAT:
		if (!gj_known_shape(s, c.ref[0], out))
			return false;
		for (num = 1; num < out->ndim; num++)
			out->extent[0] *= out->extent[num];
		out->ndim = 1;
		return true;
	case GJ_NEW_RANGE:    out->ndim = 1; return range_size(&c, &out->extent[0]);
	case GJ_NEW_LINSPACE: out->ndim = 1; out->extent[0] = 50; return !c.a[2].type || gj_obj_is_int(c.a[2].konst, &out->extent[0]);
	default:              return false;
	}
}

/* Of an operator on arrays: their extents, where one of 1 is repeated. */
static bool common_shape(const gj_inst *s, const gj_op *o, gj_shape_known *out)
{
	*out = (gj_shape_known){ .ndim = o->type->ndim };
	for (int d = 0; d < out->ndim; d++)
		out->extent[d] = 1;
	for (uint32_t i = 0; i < o->nargs; i++) {
		gj_shape_known a;
		const gj_type *t = gj_o(s->fn, o->arg[i])->type;
		if (t && !gj_has_elements(t))
			continue;
		if (!t || !gj_known_shape(s, o->arg[i], &a) || a.ndim > out->ndim)
			return false;
		for (int d = 0; d < a.ndim; d++) {
			int64_t *n = &out->extent[out->ndim - a.ndim + d];
			if (*n != a.extent[d] && *n != 1 && a.extent[d] != 1)
				return false;
			*n = *n == 1 ? a.extent[d] : *n;
		}
	}
	return true;
}

bool gj_known_shape(const gj_inst *s, gj_ref r, gj_shape_known *out)
{
	const gj_op *o = gj_o(s->fn, r);
	const gj_obj *k = s->konst[r], *f = o->op == GJ_CALL ? s->konst[o->arg[0]] : NULL;
	if (k && k->kind == GJ_OBJ_ARRAY && o->type && o->type->kind == GJ_ARRAY) {
		*out = (gj_shape_known){ .ndim = o->type->ndim };
		memcpy(out->extent, k->shape, o->type->ndim * sizeof *out->extent);
		return true;
	}
	if ((o->op == GJ_PYBIN || o->op == GJ_PYUN || o->op == GJ_PYCMP) && o->type && o->type->kind == GJ_EXPRESSION)
		return common_shape(s, o, out);
	return f && f->kind == GJ_OBJ_NAME && made_shape(s, o, f, out);
}
