/* Dictionaries whose keys are constant strings, which nobody changes: what their methods give. Strings have no parts, so the parts of all views are
 * those of the dictionary. */
#include "infer/infer.h"

static const gj_obj *text(gj_arena *a, const char *s)
{
	gj_obj *o = gj_new(a, gj_obj, 1);
	*o = (gj_obj){ .kind = GJ_OBJ_STR, .name = s };
	return o;
}

/* The tuple of items by their types and, as far as they are known, their values. */
static gj_known tuple(gj_arena *a, uint32_t n, const gj_known *item)
{
	const gj_type **t = gj_new(a, const gj_type *, n + 1);
	const gj_obj **k = gj_new(a, const gj_obj *, n + 1);
	gj_obj *o = gj_new(a, gj_obj, 1);
	for (uint32_t i = 0; i < n; i++)
		t[i] = item[i].type, k[i] = item[i].konst;
	*o = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = k };
	return (gj_known){ gj_tuple_type(t, n), o };
}

gj_known gj_known_keys(gj_arena *a, const gj_type *dict)
{
	gj_known *key = gj_new(a, gj_known, dict->n + 1);
	for (uint32_t i = 0; i < dict->n; i++)
		key[i] = (gj_known){ gj_t_str, text(a, gj_names_of(dict)->name[i]) };
	return tuple(a, dict->n, key);
}

/* arg: 'k' keys, 'v' values, 'i' pairs of both. */
gj_known gj_infer_dict_view(gj_icall *c)
{
	gj_arena *a = c->s->fn->arena;
	const gj_type *t = c->a[0].type;
	gj_known keys = gj_known_keys(a, t), *item = gj_new(a, gj_known, t->n + 1);
	if (c->arg == 'k')
		return keys;
	for (uint32_t i = 0; i < t->n; i++) {
		gj_known pair[2] = { { gj_t_str, keys.konst->item[i] }, { t->item[i], c->a[0].konst ? c->a[0].konst->item[i] : NULL } };
		item[i] = c->arg == 'v' ? pair[1] : tuple(a, 2, pair);
	}
	return tuple(a, t->n, item);
}

gj_known gj_infer_dict_get(gj_icall *c)
{
	const gj_obj *key = c->a[1].konst;
	if (!key || key->kind != GJ_OBJ_STR)
		gj_no_key(c->s->fn, c->loc, c->a[0].type, c->a[1]);
	int i = gj_item_named(c->a[0].type, key->name);
	if (i < 0)
		return c->a[2].type ? c->a[2] : (gj_known){ gj_t_none, NULL };
	return (gj_known){ c->a[0].type->item[i], c->a[0].konst ? c->a[0].konst->item[i] : NULL };
}

/* dict(d); with keywords alone it is no call of a named function (calls.c). */
gj_known gj_infer_dict(gj_icall *c)
{
	if (c->n != 1 || !gj_is_dict(c->a[0].type))
		gj_bad_argument(c, 0);
	return c->a[0];
}
