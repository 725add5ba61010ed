/* Typing of functions that make arrays where there is memory for them (fn->memory): any shape, counted. */
#include "infer/infer.h"
#include "types/record.h"

#include <string.h>

static const gj_fn *fn(const gj_icall *c) { return c->s->fn; }

static gj_known fresh(const gj_type *elem, int ndim, char layout)
{
	return gj_just(gj_array_type(elem, ndim, ndim > 1 && layout ? layout : 'C', false, GJ_COUNTED));
}

/* Is it what elements can be that are made here? */
static bool is_made(const gj_type *t) { return t && (gj_is_scalar(t) || (t->kind == GJ_RECORD && !gj_record_of(t)->dtype)); }

/* The dtype in slot i; absent or None: `otherwise`. */
static const gj_type *dtype(const gj_icall *c, uint32_t i, const gj_type *otherwise)
{
	bool absent = !c->a[i].type || c->a[i].type == gj_t_none;
	const gj_type *t = absent ? otherwise : gj_dtype(c->a[i].konst);
	return absent || is_made(t) ? t : gj_dtype_argument(c, i);
}

/* The order that slot i asks for; 0: none, or the array's own. */
static char asked_order(const gj_icall *c, uint32_t i)
{
	const gj_obj *k = i < c->n ? c->a[i].konst : NULL;
	bool text = k && k->kind == GJ_OBJ_STR;
	return text && !strcmp(k->name, "F") ? 'F' : text && !strcmp(k->name, "C") ? 'C' : 0;
}

static char order(const gj_icall *c, uint32_t i) { return asked_order(c, i) == 'F' ? 'F' : 'C'; }

/* Dimensions of a shape: an integer or a tuple of them. */
static int dimensions(const gj_icall *c, uint32_t i)
{
	const gj_type *t = c->a[i].type;
	uint32_t n = t->kind == GJ_TUPLE ? t->n : 1;
	for (uint32_t k = 0; k < n; k++)
		if (!gj_is_int(t->kind == GJ_TUPLE ? t->item[k] : t))
			gj_bad_integer(c, i);
	if (n > GJ_MAX_NDIM)
		gj_fail(fn(c), c->loc, GJ_ERR_ARG_COUNT, gj_shown(c->name), "a shape of at most 6 dimensions", n);
	return (int)n;
}

static const gj_type *element(const gj_type *t) { return t->kind == GJ_ARRAY ? t->elem : gj_element_of(t); }

/* The array, expression or number in slot 0. */
static const gj_type *model(const gj_icall *c)
{
	const gj_type *t = c->a[0].type;
	if (!is_made(element(t)))
		gj_bad_argument(c, 0);
	return t;
}

/* asked: an order, or 0 for the array's own. */
static gj_known alike(const gj_icall *c, const gj_type *elem, char asked)
{
	const gj_type *t = model(c);
	bool array = gj_has_elements(t);
	char own = array && t->kind == GJ_ARRAY && t->layout == 'F' ? 'F' : 'C';
	return fresh(elem, array ? t->ndim : 0, asked ? asked : own);
}

/* The order of a copy: np.copy has the array's own by itself, the method rows. */
static gj_known copied(const gj_icall *c)
{
	const gj_obj *k = c->n > 1 ? c->a[1].konst : NULL;
	bool asked = k && k->kind == GJ_OBJ_STR, method = !strncmp(c->name, "array.", 6);
	return alike(c, element(model(c)), !asked && method ? 'C' : asked_order(c, 1));
}

/* Dimensions of nested lists of records, which are tuples; −1: they are none, or lists differ in length. */
static int lists_of(const gj_type *t, const gj_type *record)
{
	if (!gj_is_list(t))
		return gj_storable(gj_just(t), record) ? 0 : -1;
	int inner = t->n ? lists_of(t->item[0], record) : 0;
	for (uint32_t i = 1; inner >= 0 && i < t->n; i++)
		if (lists_of(t->item[i], record) != inner || (inner && t->item[i]->n != t->item[0]->n))
			return -1;
	return inner < 0 || inner >= GJ_MAX_NDIM ? -1 : inner + 1;
}

/* np.array: of an array or expression, or of nested tuples and lists of numbers, or lists of records. */
static gj_known from_object(const gj_icall *c, const gj_type *to, char asked)
{
	gj_shape_known shape;
	const gj_type *elem;
	if (gj_has_elements(c->a[0].type))
		return alike(c, to ? to : element(model(c)), asked);
	if (to && to->kind == GJ_RECORD && lists_of(c->a[0].type, to) >= 0)
		return fresh(to, lists_of(c->a[0].type, to), asked);
	if (!gj_nested_shape(c->a[0].type, &shape, &elem))
		gj_fail(fn(c), c->loc, GJ_ERR_RAGGED, gj_shown(c->name), gj_known_text(fn(c)->arena, c->a[0]));
	return fresh(to ? to : elem, shape.ndim, asked);
}

static gj_known range(const gj_icall *c)
{
	const gj_type *t = NULL;
	for (uint32_t i = 0; i < 3; i++)
		if (c->a[i].type && c->a[i].type != gj_t_none)
			t = t ? gj_unify(t, gj_arg_number(c, i)) : gj_arg_number(c, i);
	return fresh(dtype(c, 3, gj_scalar[gj_is_float(t) ? GJ_F64 : GJ_I64]), 1, 'C');
}

static gj_known linspace(const gj_icall *c)
{
	gj_arg_number(c, 0);
	gj_arg_number(c, 1);
	if (c->a[2].type)
		gj_arg_integer(c, 2);
	if (c->a[4].type)
		gj_bad_argument(c, 4);
	return fresh(dtype(c, 5, gj_scalar[GJ_F64]), 1, 'C');
}

/* The elements of np.full: those of its dtype, or what they are filled with. */
static const gj_type *filled_with(const gj_icall *c)
{
	const gj_type *v = c->a[1].type, *elem = v->kind == GJ_REF ? v->elem : NULL, *t = dtype(c, 2, elem ? elem : gj_arg_scalar(c, 1));
	if (t->kind == GJ_RECORD && !gj_storable(c->a[1], t))
		gj_bad_argument(c, 1);
	return t;
}

/* Is the array known to be in the order that is asked for? */
static bool lies_so(const gj_type *t, char asked) { return !asked || t->layout == asked || (t->ndim < 2 && t->layout != 'A'); }

gj_known gj_known_counted(const gj_icall *c)
{
	bool like = c->arg & GJ_NEW_LIKE;
	const gj_type *t = c->a[0].type;
	switch (c->arg & ~GJ_NEW_LIKE) {
	case GJ_NEW_AS:
		if (t->kind == GJ_ARRAY && dtype(c, 1, t->elem) == t->elem && lies_so(t, asked_order(c, 2)))
			return gj_just(t);
		return from_object(c, dtype(c, 1, NULL), asked_order(c, 2));
	case GJ_NEW_ARRAY:    return like ? copied(c) : from_object(c, dtype(c, 1, NULL), asked_order(c, 3));
	case GJ_NEW_FLAT:     return fresh(element(model(c)), 1, 'C');
	case GJ_NEW_RANGE:    return range(c);
	case GJ_NEW_LINSPACE: return linspace(c);
	case GJ_NEW_FULL:
		return like ? alike(c, dtype(c, 2, element(model(c))), asked_order(c, 3)) : fresh(filled_with(c), dimensions(c, 0), order(c, 3));
	default:
		return like ? alike(c, dtype(c, 1, element(model(c))), asked_order(c, 2)) : fresh(dtype(c, 1, gj_scalar[GJ_F64]), dimensions(c, 0), order(c, 2));
	}
}
