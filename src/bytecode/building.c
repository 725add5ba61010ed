/* Dictionaries that bytecode builds step by step. Kernels have none, but keyword arguments beside *args are one first, and so are
 * the defaults of keyword-only parameters. */
#include "bytecode/state.h"

void gj_build(gj_ssa_state *s, const char *what, const gj_obj *name, uint32_t n, const gj_ref *item)
{
	gj_building b = { .ref = gj_ssa_unsupported(s, what), .name = name };
	for (uint32_t i = 0; i < n; i++)
		gj_push(s->f->arena, &b.item, item[i]);
	gj_push(s->f->arena, &s->building, b);
	gj_ssa_push(s, b.ref);
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
