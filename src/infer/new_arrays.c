/* Typing of functions that make arrays: np.zeros, np.array, a.copy and their like. Memory that a thread can be given is local
 * memory, whose size must be known when the kernel is compiled. Such an array ends with the function or kernel that made it; one
 * that is made again in a loop takes the place of the one before (fresh.c). */
#include "infer/infer.h"

#include <string.h>

static const gj_fn *fn(const gj_icall *c) { return c->s->fn; }

/* -- The rules ------------------------------------------------------------------------------------------------------ */

/* The dtype argument, or what stands for it. */
static const gj_type *dtype_or(const gj_icall *c, uint32_t i, const gj_type *otherwise)
{
	bool given = i < c->n && c->a[i].type && c->a[i].type != gj_t_none;
	return given ? gj_dtype_argument(c, i) : otherwise;
}

/* What is to be stored must be of a kind that the elements can hold. */
static void check_store(const gj_icall *c, const gj_type *from, const gj_type *to)
{
	if (!gj_is_scalar(from) || !gj_is_scalar(to) || (gj_is_complex(from) && !gj_is_complex(to)))
		gj_fail(fn(c), c->loc, GJ_ERR_STORE, from->name, to->name);
}

static char order_of(const gj_icall *c, uint32_t i)
{
	const gj_obj *k = i < c->n ? c->a[i].konst : NULL;
	return k && k->kind == GJ_OBJ_STR && !strcmp(k->name, "F") ? 'F' : 'C';
}

/* A local array of the shape that is known of the call. */
static gj_known local(gj_icall *c, const gj_type *elem, char order)
{
	gj_shape_known s;
	const gj_type *what = c->a[0].type;
	if (!gj_known_shape(c->s, c->call, &s))
		gj_fail(fn(c), c->loc, what->kind == GJ_ARRAY ? GJ_ERR_LIKE_SHAPE : GJ_ERR_SHAPE_OWN, gj_shown(c->name), gj_known_text(fn(c)->arena, gj_just(what)));
	for (int d = 0; d < s.ndim; d++)
		if (s.extent[d] < 0 || s.extent[d] > INT32_MAX)
			gj_fail(fn(c), c->loc, GJ_ERR_SHAPE_RANGE, gj_shown(c->name), (long long)s.extent[d]);
	return gj_just(gj_array_type(elem, s.ndim, s.ndim > 1 ? order : 'C', false, GJ_LOCAL));
}

static gj_known from_object(gj_icall *c, int how)
{
	gj_shape_known shape;
	const gj_type *t = c->a[0].type, *elem = NULL;
	uint32_t dtype = how == GJ_NEW_ARRAY || how == GJ_NEW_AS ? 1 : UINT32_MAX;
	if (gj_has_elements(t) && how != GJ_NEW_AS && t->kind != GJ_ARRAY)
		gj_fail(fn(c), c->loc, GJ_ERR_NEEDS_MEMORY, gj_shown(c->name));
	if (gj_has_elements(t))
		elem = t->elem;
	else if (!gj_nested_shape(t, &shape, &elem))
		gj_fail(fn(c), c->loc, GJ_ERR_RAGGED, gj_shown(c->name), gj_known_text(fn(c)->arena, c->a[0]));
	const gj_type *to = dtype_or(c, dtype, elem);
	if (how == GJ_NEW_AS && gj_has_elements(t) && to == elem)
		return c->a[0];
	check_store(c, elem, to);
	return local(c, to, 'C');
}

gj_known gj_infer_new_array(gj_icall *c)
{
	int how = c->arg & ~GJ_NEW_LIKE;
	bool like = c->arg & GJ_NEW_LIKE;
	const gj_type *t = c->a[0].type, *elem;
	if (fn(c)->numpy || how == GJ_NEW_NOTHING)
		gj_fail(fn(c), c->loc, GJ_ERR_NEEDS_MEMORY, gj_shown(c->name));
	if (fn(c)->memory)
		return gj_known_counted(c);
	if (like && t->kind != GJ_ARRAY)
		gj_bad_argument(c, 0);
	switch (how) {
	case GJ_NEW_FULL:
		elem = dtype_or(c, 2, like ? t->elem : gj_arg_scalar(c, 1));
		check_store(c, gj_arg_scalar(c, 1), elem);
		return local(c, elem, order_of(c, 3));
	case GJ_NEW_RANGE:
		elem = gj_scalar[GJ_I64];
		for (uint32_t i = 0; i < 3; i++)
			if (c->a[i].type && c->a[i].type != gj_t_none && gj_is_float(gj_arg_number(c, i)))
				elem = gj_scalar[GJ_F64];
		return local(c, dtype_or(c, 3, elem), 'C');
	case GJ_NEW_LINSPACE:
		gj_arg_number(c, 0);
		gj_arg_number(c, 1);
		if (c->a[4].type)
			gj_bad_argument(c, 4);
		return local(c, dtype_or(c, 5, gj_scalar[GJ_F64]), 'C');
	case GJ_NEW_ARRAY: case GJ_NEW_AS: case GJ_NEW_FLAT:
		return from_object(c, how);
	default:
		return local(c, dtype_or(c, 1, like ? t->elem : gj_scalar[GJ_F64]), order_of(c, 2));
	}
}
