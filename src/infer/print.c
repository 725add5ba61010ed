/* The rule of print(): numbers, strings that are constants, None, and tuples of them; in functions for the host whole arrays of numbers. */
#include "infer/infer.h"

static bool printable(const gj_type *t)
{
	if (t->kind == GJ_TUPLE)
		for (uint32_t i = 0; i < t->n; i++)
			if (!printable(t->item[i]) || t->item[i] == gj_t_str)
				return false;
	return gj_is_sequence(t) || t == gj_t_none || gj_is_scalar(t);
}

/* Items of a tuple may be strings if they are known. */
static bool known(const gj_type *t, const gj_obj *konst)
{
	if (t == gj_t_str)
		return konst && konst->kind == GJ_OBJ_STR;
	if (!gj_is_sequence(t))
		return printable(t);
	for (uint32_t i = 0; i < t->n; i++)
		if (!known(t->item[i], konst ? konst->item[i] : NULL))
			return false;
	return true;
}

/* By its number among the values, which keywords stand before; of a text the value in it that cannot be told. */
static void refuse(const gj_icall *c, uint32_t i)
{
	gj_icall values = *c;
	gj_known bad = c->a[i];
	for (uint32_t k = 1; gj_is_text(c->a[i].type) && k < c->a[i].type->n; k++) {
		bad = (gj_known){ c->a[i].type->item[k], c->a[i].konst ? c->a[i].konst->item[k] : NULL };
		if (!known(bad.type, bad.konst))
			break;
	}
	values.a[i - 3] = bad;
	gj_bad_argument(&values, i - 3);
}

static bool is_whole(const gj_icall *c, const gj_type *t) { return c->s->fn->memory && t->kind == GJ_ARRAY && gj_is_scalar(t->elem); }

gj_known gj_infer_print(gj_icall *c)
{
	for (uint32_t i = 0; i < 2; i++)
		if (c->a[i].type && c->a[i].type != gj_t_none && (c->a[i].type != gj_t_str || !c->a[i].konst))
			gj_bad_argument(c, i);
	for (uint32_t i = 3; i < c->n; i++)
		if (!is_whole(c, c->a[i].type) && !known(c->a[i].type, c->a[i].konst))
			refuse(c, i);
	return gj_just(gj_t_none);
}
