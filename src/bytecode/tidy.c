/* The end of SSA construction: phis go into their blocks, dead ops out, detours are cut short (shortcut.c) and straight
 * lines joined, so that the same source gives the same graph whatever detours a Python version's compiler takes. */
#include "bytecode/state.h"

#include <stdlib.h>
#include <string.h>

/* -- Dead ops --------------------------------------------------------------------------------------------------------- */

typedef GJ_VEC(gj_ref) work;

static void keep(gj_ssa_state *s, work *w, bool *live, gj_ref r)
{
	if (live[r])
		return;
	live[r] = true;
	gj_push(s->f->arena, w, r);
}

/* Ops with an effect, names that are statements (which may be mistakes), and what they need. Operands become what they are aliases of. */
static bool *find_live(gj_ssa_state *s)
{
	gj_fn *f = s->f;
	bool *live = gj_new(f->arena, bool, f->op.n);
	work w = { 0 };
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, r)
			if (gj_op_is(gj_o(f, r), GJ_F_WRITE | GJ_F_TERM) || (gj_o(f, r)->op == GJ_OBJ && gj_o(f, r)->sub))
				keep(s, &w, live, r);
	while (w.n) {
		gj_op *o = gj_o(f, w.p[--w.n]);
		for (uint32_t k = 0; k < o->nargs; k++) {
			o->arg[k] = gj_var_find(s, o->arg[k]);
			keep(s, &w, live, o->arg[k]);
		}
	}
	return live;
}

static int by_place(const void *a, const void *b)
{
	const gj_sphi *x = a, *y = b;
	return x->block != y->block ? (x->block < y->block ? -1 : 1) : x->var < y->var ? -1 : x->var > y->var;
}

/* Only live ones are left, in the order of variables, so that it does not depend on who asked first. Reads through many joins make far
 * more than live. */
static void sort_phis(gj_ssa_state *s, const bool *live)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->phi.n; i++)
		if (live[s->phi.p[i].ref])
			s->phi.p[n++] = s->phi.p[i];
	s->phi.n = n;
	if (n)
		qsort(s->phi.p, n, sizeof *s->phi.p, by_place);
	for (uint32_t i = 0; i < n; i++)
		gj_push(s->f->arena, &s->sb.p[s->phi.p[i].block].phis, s->phi.p[i].ref);
}

static void place(gj_ssa_state *s, const bool *live)
{
	gj_fn *f = s->f;
	GJ_ALL_BLOCKS(f, b) {
		gj_bb *bb = &f->bb.p[b], old = *bb;
		memset(&bb->ops, 0, sizeof bb->ops);
		for (uint32_t k = 0; k < s->sb.p[b].phis.n; k++)
			gj_push(f->arena, &bb->ops, s->sb.p[b].phis.p[k]);
		for (uint32_t k = 0; k < old.ops.n; k++)
			if (live[old.ops.p[k]])
				gj_push(f->arena, &bb->ops, old.ops.p[k]);
	}
}

/* Ops after edges have gone: phis of one value are out, their users take the value. */
static void drop_aliases(gj_ssa_state *s)
{
	gj_fn *f = s->f;
	GJ_ALL_BLOCKS(f, b) {
		gj_bb *bb = &f->bb.p[b];
		uint32_t n = 0;
		GJ_EACH_OP_OF(f, b, r) {
			gj_op *o = gj_o(f, r);
			for (uint32_t k = 0; k < o->nargs; k++)
				o->arg[k] = gj_var_find(s, o->arg[k]);
			if (!s->alias[r])
				bb->ops.p[n++] = r;
		}
		bb->ops.n = n;
	}
}

/* -- The graph -------------------------------------------------------------------------------------------------------- */

/* Appends the blocks that only b jumps to, but for those that lead to a handler, which is for what they raise alone. (With one predecessor they have no phis: those were aliases.) */
static void join(gj_fn *f, uint32_t b)
{
	gj_bb *bb = &f->bb.p[b];
	while (bb->nsucc == 1 && gj_terminator(f, b)->op == GJ_JUMP && bb->succ[0] != b && f->bb.p[bb->succ[0]].preds.n == 1 && gj_caught_edge(f, bb->succ[0]) < 0) {
		uint32_t t = bb->succ[0];
		gj_bb *to = &f->bb.p[t];
		bb->ops.n--;
		for (uint32_t k = 0; k < to->ops.n; k++) {
			gj_o(f, to->ops.p[k])->block = b;
			gj_push(f->arena, &bb->ops, to->ops.p[k]);
		}
		bb->nsucc = to->nsucc;
		for (uint32_t k = 0; k < to->nsucc; k++) {
			bb->succ[k] = to->succ[k];
			gj_rename_pred(f, to->succ[k], t, b);
		}
		to->ops.n = to->preds.n = 0;
		to->nsucc = 0;
	}
}

static void swap_preds(gj_fn *f, gj_bb *bb, uint32_t i, uint32_t j)
{
	uint32_t p = bb->preds.p[i];
	bb->preds.p[i] = bb->preds.p[j];
	bb->preds.p[j] = p;
	for (uint32_t k = 0; k < bb->ops.n && gj_o(f, bb->ops.p[k])->op == GJ_PHI; k++) {
		gj_ref *arg = gj_o(f, bb->ops.p[k])->arg, a = arg[i];
		arg[i] = arg[j];
		arg[j] = a;
	}
}

static void order_preds(gj_fn *f, gj_bb *bb)
{
	for (uint32_t i = 1; i < bb->preds.n; i++)
		for (uint32_t k = i; k && f->bb.p[bb->preds.p[k]].rpo < f->bb.p[bb->preds.p[k - 1]].rpo; k--)
			swap_preds(f, bb, k, k - 1);
}

/* Variables beside whose phi there is one that says whether they have a value. */
static void mark_unsure(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->phi.n; i++) {
		gj_sphi flag = s->phi.p[i], value = { .block = flag.block, .var = flag.var - GJ_VAR_BOUND };
		if (gj_o(s->f, flag.ref)->sub != GJ_PHI_BOUND || s->alias[flag.ref] || flag.var >= GJ_VAR_KEPT)
			continue;
		const gj_sphi *found = bsearch(&value, s->phi.p, s->phi.n, sizeof value, by_place);
		if (found && gj_o(s->f, found->ref)->sub == GJ_PHI_VALUE)
			gj_o(s->f, found->ref)->sub = GJ_PHI_MAYBE;
	}
}

void gj_ssa_tidy(gj_ssa_state *s)
{
	gj_fn *f = s->f;
	bool *live = find_live(s);
	sort_phis(s, live);
	place(s, live);
	gj_shortcuts(f);
	gj_cfg(f);
	gj_var_trivial(s);
	drop_aliases(s);
	GJ_EACH_BLOCK(f, b)
		join(f, b);
	gj_cfg(f);
	GJ_EACH_BLOCK(f, b)
		order_preds(f, &f->bb.p[b]);
	for (uint32_t i = 0; i < s->phi.n; i++) {                              /* from here on the variable, for messages */
		uint32_t var = s->phi.p[i].var;
		gj_o(f, s->phi.p[i].ref)->sub = var >= GJ_VAR_BOUND && var < GJ_VAR_TAKEN ? GJ_PHI_BOUND : GJ_PHI_VALUE;
		var -= var >= GJ_VAR_BOUND && var < GJ_VAR_KEPT ? GJ_VAR_BOUND : 0;
		gj_o(f, s->phi.p[i].ref)->imm.name = var < (uint32_t)s->code->nvars ? s->code->var[var] : NULL;
	}
	mark_unsure(s);
}
