/* Functions that are picked when compiled code runs: `f = g if flag else h`, `table[i]`. Such a value is a number that says which of the
 * functions that are known of it (`item` of a constant of its own kind). */
#include "infer/infer.h"

static bool is_picked(gj_known v) { return v.type && v.type->kind == GJ_PICKED; }

/* Is it a function that has no value beside which it is? */
static bool is_function(gj_known v)
{
	if (!v.type || !v.konst)
		return false;
	switch (v.type->kind == GJ_STATIC ? v.konst->kind : GJ_OBJ_OPAQUE) {
	case GJ_OBJ_FUNCTION: case GJ_OBJ_EXTERN: case GJ_OBJ_OVERLOADED: case GJ_OBJ_CODE: return true;
	case GJ_OBJ_NAME: return gj_name_find(v.konst->name) && gj_name_find(v.konst->name)->params;
	default: return false;
	}
}

bool gj_known_either(gj_arena *arena, gj_known a, gj_known b, gj_known *out)
{
	bool functions = (is_picked(a) || is_function(a)) && (is_picked(b) || is_function(b));
	if (!functions || gj_obj_equal(a.konst, b.konst))
		return false;
	*out = (gj_known){ gj_t_picked, gj_obj_pick(arena, a.konst, b.konst) };
	return true;
}

gj_known gj_known_one_of(gj_arena *arena, const gj_type *tuple, const gj_obj *konst)
{
	gj_known v = { 0 };
	for (uint32_t i = 0; konst && i < tuple->n; i++) {
		gj_known item = { tuple->item[i], konst->item[i] };
		if (!is_function(item) && !is_picked(item))
			return (gj_known){ 0 };
		v = (gj_known){ gj_t_picked, gj_obj_pick(arena, v.konst ? v.konst : item.konst, item.konst) };
	}
	return v;
}

gj_inst *gj_callee(const gj_inst *s, gj_ref r, uint32_t *i)
{
	const gj_picks *p = s->picks[r];
	if (!p)
		return (*i)++ ? NULL : s->callee[r];
	while (*i < p->n)
		if (p->pick[(*i)++].callee)
			return p->pick[*i - 1].callee;
	return NULL;
}
