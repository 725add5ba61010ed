/* What a raise or a failed assert says. Nobody reports it yet: a class with constants is kept, and what only makes a message of
 * other values is not computed, so that `assert i < n, f"{i} is too large"` needs no strings. */
#include "bytecode/state.h"
#include "ir/walk.h"

/* The call of the exception's class and the expression of its message, as far as it stands in this block: ops that nothing else uses. */
static void drop(gj_fn *f, uint32_t block, gj_ref call)
{
	uint32_t *uses = gj_new(f->arena, uint32_t, f->op.n);
	bool *dropped = gj_new(f->arena, bool, f->op.n);
	gj_bb *b = &f->bb.p[block];
	GJ_EACH_OP_OF(f, block, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			uses[gj_o(f, r)->arg[k]]++;
	dropped[call] = true;
	for (uint32_t i = b->ops.n; i-- > 0;) {
		gj_op *o = gj_o(f, b->ops.p[i]);
		if (!dropped[b->ops.p[i]] || uses[b->ops.p[i]] || o->op == GJ_SETITEM)
			continue;
		for (uint32_t k = 0; k < o->nargs; k++) {
			dropped[o->arg[k]] = true;
			uses[o->arg[k]]--;
		}
		o->op = GJ_NOP;
		o->nargs = 0;
	}
}

const gj_obj *gj_raised(gj_ssa_state *s, gj_ref r)
{
	gj_fn *f = s->f;
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_OBJ)
		return o->imm.obj;
	if (o->op != GJ_CALL || gj_o(f, o->arg[0])->op != GJ_OBJ)
		return NULL;
	const gj_obj **item = gj_new(f->arena, const gj_obj *, o->nargs), *class = gj_o(f, o->arg[0])->imm.obj;
	bool known = !o->imm.kw;
	for (uint32_t i = 0; i < o->nargs; i++) {
		known &= gj_o(f, o->arg[i])->op == GJ_OBJ;
		item[i] = gj_o(f, o->arg[i])->imm.obj;
	}
	gj_obj *t = gj_new(f->arena, gj_obj, 1);
	*t = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = o->nargs, .item = item };
	bool bare = !known || o->nargs == 1;
	drop(f, o->block, r);
	return bare ? class : t;
}
