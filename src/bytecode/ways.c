/* `raise A if x else B`: which exception it is depends on the way control came. No phi joins two classes, so each way gets a RAISE of its own: a copy of
 * the block that ends in it. */
#include "bytecode/state.h"

enum { MAX_WAYS = 16 };

/* The phi of the block at which it ends that says what is raised, or is called to make it; 0: nothing depends on the way. */
static gj_ref deciding(gj_ssa_state *s, const gj_raise *raise)
{
	gj_ref r = gj_var_find(s, raise->value);
	uint32_t block = gj_o(s->f, raise->op)->block;
	if (gj_o(s->f, r)->op == GJ_CALL && gj_o(s->f, r)->block == block)
		r = gj_var_find(s, gj_o(s->f, r)->arg[0]);
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_PHI && o->block == block && o->nargs <= MAX_WAYS && !s->f->bb.p[block].nsucc ? r : 0;
}

/* What r, a value in the block, is on way k; copies of the block's ops begin with op `first`. */
static gj_ref on_way(gj_ssa_state *s, uint32_t block, uint32_t k, gj_ref r, gj_ref first)
{
	const gj_bb *b = &s->f->bb.p[block];
	r = gj_var_find(s, r);
	if (gj_o(s->f, r)->op == GJ_PHI && gj_o(s->f, r)->block == block)
		return gj_var_find(s, gj_o(s->f, r)->arg[k]);
	for (uint32_t i = 0; i < b->ops.n; i++)
		if (b->ops.p[i] == r)
			return first + i;
	return r;
}

/* The block once more, for way k. */
static void copy(gj_ssa_state *s, gj_raise raise, uint32_t k)
{
	gj_fn *f = s->f;
	uint32_t block = gj_o(f, raise.op)->block, to = gj_block_new(f), from = f->bb.p[block].preds.p[k];
	gj_ref first = f->op.n;
	gj_push(f->arena, &s->sb, s->sb.p[block]);
	gj_grow_aliases(s, f->bb.p[block].ops.n);
	for (uint32_t i = 0; i < f->bb.p[block].ops.n; i++) {
		const gj_op *o = gj_o(f, f->bb.p[block].ops.p[i]);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
		for (uint32_t j = 0; j < o->nargs; j++)
			arg[j] = on_way(s, block, k, o->arg[j], first);
		gj_op *made = gj_o(f, gj_emit(f, to, (gj_opcode)o->op, o->type, o->loc, o->nargs, arg));
		made->sub = o->sub;
		made->imm = o->imm;
		made->flags = o->flags;
	}
	gj_push(f->arena, &s->raise, ((gj_raise){ on_way(s, block, k, raise.op, first), on_way(s, block, k, raise.value, first) }));
	for (uint32_t i = 0; i < f->bb.p[from].nsucc; i++)
		if (f->bb.p[from].succ[i] == block) {
			f->bb.p[from].succ[i] = to;
			break;
		}
	gj_push(f->arena, &f->bb.p[to].preds, from);
}

void gj_part_raises(gj_ssa_state *s)
{
	bool parted = false;
	for (uint32_t i = 0, n = s->raise.n; i < n; i++) {
		gj_raise raise = s->raise.p[i];
		uint32_t block = gj_o(s->f, raise.op)->block;
		gj_bb *b = &s->f->bb.p[block];
		if (!deciding(s, &raise))
			continue;
		for (uint32_t k = 1; k < b->preds.n; k++, b = &s->f->bb.p[block])
			copy(s, raise, k);
		s->f->bb.p[block].preds.n = 1;
		for (uint32_t k = 0; k < s->phi.n; k++)
			if (s->phi.p[k].block == block && !s->alias[s->phi.p[k].ref])
				gj_o(s->f, s->phi.p[k].ref)->nargs = 1;
		parted = true;
	}
	if (parted) {
		gj_cfg(s->f);
		gj_var_trivial(s);
	}
}
