/* Dictionaries that bytecode builds step by step. Those with constant strings as keys are named tuples of a kind; keyword arguments beside
 * *args are one first, and so are the defaults of keyword-only parameters. */
#include "bytecode/state.h"

void gj_build(gj_ssa_state *s, const char *what, const gj_obj *name, uint32_t n, const gj_ref *item)
{
	gj_building b = { .named = name };
	for (uint32_t i = 0; i < n; i++)
		gj_push(s->f->arena, &b.item, item[i]);
	for (uint32_t i = 0; name && i < n; i++)
		gj_push(s->f->arena, &b.name, name->item[i]->name);
	b.ref = name ? gj_ssa_emit(s, GJ_MKTUPLE, n, item) : gj_ssa_unsupported(s, what);
	if (name) {
		gj_kwnames *kw = gj_new(s->f->arena, gj_kwnames, 1);
		*kw = (gj_kwnames){ n, b.name.p };
		gj_o(s->f, b.ref)->sub = GJ_SORT_DICT;
		gj_o(s->f, b.ref)->imm.kw = kw;
	}
	gj_push(s->f->arena, &s->building, b);
	gj_ssa_push(s, b.ref);
}

void gj_build_merge(gj_ssa_state *s, gj_building *b, gj_ref r)
{
	const gj_building *known = gj_built(s, r);
	if (!known || !known->named) {
		gj_ref star = gj_ssa_emit1(s, GJ_STAR, r);
		gj_o(s->f, star)->sub = 1;
		gj_push(s->f->arena, &b->name, NULL);
		gj_push(s->f->arena, &b->item, star);
		return;
	}
	for (uint32_t i = 0; i < known->item.n; i++) {
		gj_push(s->f->arena, &b->name, known->name.p[i]);
		gj_push(s->f->arena, &b->item, known->item.p[i]);
	}
}

gj_building *gj_built(gj_ssa_state *s, gj_ref r)
{
	r = r ? gj_ssa_same_on_all_paths(s, r) : 0;
	for (uint32_t i = s->building.n; r && i-- > 0;)
		if (s->building.p[i].ref == r)
			return &s->building.p[i];
	return NULL;
}

void gj_build_allow(gj_ssa_state *s, const gj_building *b)
{
	gj_o(s->f, b->ref)->op = GJ_NOP;
	gj_o(s->f, b->ref)->nargs = 0;
	gj_o(s->f, b->ref)->imm.i = 0;
}

/* The strings of constants; NULL: some are none. */
const gj_obj *gj_build_keys(gj_ssa_state *s, const gj_ref *key, uint32_t n, uint32_t step)
{
	const gj_obj **item = gj_new(s->f->arena, const gj_obj *, n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_op *o = gj_o(s->f, key[i * step]);
		if (o->op != GJ_OBJ || o->imm.obj->kind != GJ_OBJ_STR)
			return NULL;
		item[i] = o->imm.obj;
	}
	gj_obj *t = gj_new(s->f->arena, gj_obj, 1);
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = n, .item = item };
	return t;
}
