/* Pointers of C as arrays: carray and farray. */
#include "infer/infer.h"

static const gj_fn *fn(const gj_icall *c) { return c->s->fn; }

/* How many dimensions the shape has: an integer, or a tuple of them. */
static uint32_t dimensions(const gj_icall *c)
{
	const gj_type *t = c->a[1].type;
	bool fits = gj_is_int(t) || (t->kind == GJ_TUPLE && t->n <= GJ_MAX_NDIM);
	for (uint32_t i = 0; fits && t->kind == GJ_TUPLE && i < t->n; i++)
		fits = gj_is_int(t->item[i]);
	if (!fits)
		gj_bad_argument(c, 1);
	return t->kind == GJ_TUPLE ? t->n : 1;
}

/* What is there: as the pointer says, or the dtype of a void pointer. */
static const gj_type *items(const gj_icall *c)
{
	const gj_type *pointer = c->a[0].type;
	bool given = c->n > 2 && c->a[2].type && c->a[2].type != gj_t_none;
	if (pointer->kind != GJ_PTR)
		gj_bad_argument(c, 0);
	const gj_type *dtype = given ? gj_memory_argument(c, 2) : pointer->elem;
	if (dtype == gj_t_none)
		gj_fail(fn(c), c->loc, GJ_ERR_CARRAY_VOID, gj_shown(c->name));
	if (pointer->elem != gj_t_none && dtype != pointer->elem)
		gj_fail(fn(c), c->loc, GJ_ERR_CARRAY_DTYPE, gj_shown(c->name), pointer->elem->name, dtype->name);
	return dtype;
}

/* The row's argument is the order. On the host all memory is one. */
gj_known gj_infer_carray(gj_icall *c)
{
	uint32_t ndim = dimensions(c);
	char order = ndim < 2 ? 'C' : (char)c->arg;
	gj_space space = fn(c)->memory ? GJ_GLOBAL : (gj_space)c->a[0].type->space;
	return gj_just(gj_array_type(items(c), (int)ndim, order, false, space));
}
