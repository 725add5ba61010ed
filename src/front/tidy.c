/* The end of SSA construction: phis go into their blocks, dead ops out, blocks that only jump are skipped and straight
 * lines joined, so that the same source gives the same graph whatever detours a Python version's compiler takes. */
#include "front/ssa.h"

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

/* Ops with an effect, and what they need. */
static bool *find_live(gj_ssa_state *s)
{
	gj_fn *f = s->f;
	bool *live = gj_new(f->arena, bool, f->op.n);
	work w = { 0 };
	for (uint32_t b = 0; b < f->bb.n; b++)
		for (uint32_t k = 0; k < f->bb.p[b].ops.n; k++)
			if (gj_op_flags[gj_o(f, f->bb.p[b].ops.p[k])->op] & (GJ_F_WRITE | GJ_F_TERM))
				keep(s, &w, live, f->bb.p[b].ops.p[k]);
	while (w.n) {
		gj_op *o = gj_o(f, w.p[--w.n]);
		for (uint32_t k = 0; k < o->nargs; k++) {
			o->arg[k] = gj_var_find(s, o->arg[k]);
			keep(s, &w, live, o->arg[k]);
		}
	}
	return live;
}

/* In the order of variables, so that it does not depend on who asked first. */
static void sort_phis(gj_ssa_state *s)
{
	for (uint32_t i = 0; i < s->phi.n; i++) {
		gj_sphi phi = s->phi.p[i];
		gj_sblock *sb = &s->sb.p[phi.block];
		gj_o(s->f, phi.ref)->imm.i = phi.var;
		gj_push(s->f->arena, &sb->phis, phi.ref);
		for (uint32_t k = sb->phis.n - 1; k && gj_o(s->f, sb->phis.p[k - 1])->imm.i > (int64_t)phi.var; k--) {
			sb->phis.p[k] = sb->phis.p[k - 1];
			sb->phis.p[k - 1] = phi.ref;
		}
	}
}

static void place(gj_ssa_state *s, const bool *live)
{
	gj_fn *f = s->f;
	for (uint32_t b = 0; b < f->bb.n; b++) {
		gj_bb *bb = &f->bb.p[b], old = *bb;
		memset(&bb->ops, 0, sizeof bb->ops);
		for (uint32_t k = 0; k < s->sb.p[b].phis.n; k++)
			if (live[s->sb.p[b].phis.p[k]])
				gj_push(f->arena, &bb->ops, s->sb.p[b].phis.p[k]);
		for (uint32_t k = 0; k < old.ops.n; k++)
			if (live[old.ops.p[k]])
				gj_push(f->arena, &bb->ops, old.ops.p[k]);
	}
}

/* -- Jumps ------------------------------------------------------------------------------------------------------------ */

static bool is_pred(const gj_bb *bb, uint32_t p)
{
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == p)
			return true;
	return false;
}

/* What op r of block e is to one who comes from predecessor number k of e. */
static gj_ref seen_from(const gj_fn *f, uint32_t e, uint32_t k, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_PHI && o->block == e ? o->arg[k] : r;
}

/* The edges p → e → t become p → t, in e's place and behind it. */
static void redirect(gj_fn *f, uint32_t e, uint32_t t, uint32_t *uses)
{
	gj_bb *from = &f->bb.p[e], *to = &f->bb.p[t];
	uint32_t at = 0, old = to->preds.n;
	while (to->preds.p[at] != e)
		at++;
	for (uint32_t k = 0; k < from->preds.n; k++) {
		gj_bb *pred = &f->bb.p[from->preds.p[k]];
		for (uint32_t i = 0; i < pred->nsucc; i++)
			if (pred->succ[i] == e)
				pred->succ[i] = t;
		if (k)
			gj_push(f->arena, &to->preds, from->preds.p[k]);
		else
			to->preds.p[at] = from->preds.p[0];
	}
	for (uint32_t i = 0; i < to->ops.n && gj_o(f, to->ops.p[i])->op == GJ_PHI; i++) {
		gj_op *o = gj_o(f, to->ops.p[i]);
		gj_ref *arg = gj_new(f->arena, gj_ref, to->preds.n), r = o->arg[at];
		memcpy(arg, o->arg, old * sizeof *arg);
		uses[r]--;
		for (uint32_t k = 0; k < from->preds.n; k++) {
			gj_ref seen = seen_from(f, e, k, r);
			arg[k ? old + k - 1 : at] = seen;
			uses[seen]++;
		}
		o->arg = arg;
		o->nargs = to->preds.n;
	}
	for (uint32_t i = 0; i + 1 < from->ops.n; i++)
		for (uint32_t k = 0; k < from->preds.n; k++)
			uses[gj_o(f, from->ops.p[i])->arg[k]]--;
}

/* Do the phis of e serve the phis of its successor only, on the edge between the two? */
static bool phis_pass_on(const gj_fn *f, uint32_t e, const uint32_t *uses)
{
	const gj_bb *from = &f->bb.p[e], *to = &f->bb.p[from->succ[0]];
	uint32_t at = 0;
	while (to->preds.p[at] != e)
		at++;
	for (uint32_t i = 0; i + 1 < from->ops.n; i++) {
		uint32_t here = 0;
		if (gj_o(f, from->ops.p[i])->op != GJ_PHI)
			return false;
		for (uint32_t k = 0; k < to->ops.n && gj_o(f, to->ops.p[k])->op == GJ_PHI; k++)
			here += gj_o(f, to->ops.p[k])->arg[at] == from->ops.p[i];
		if (here != uses[from->ops.p[i]])
			return false;
	}
	return true;
}

/* Skips a block that only jumps, unless that would make two edges between the same blocks. */
static void thread(gj_fn *f, uint32_t e, uint32_t *uses)
{
	gj_bb *bb = &f->bb.p[e];
	uint32_t t = bb->succ[0];
	if (!e || bb->nsucc != 1 || t == e || !phis_pass_on(f, e, uses))
		return;
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == e || is_pred(&f->bb.p[t], bb->preds.p[k])
		    || (k && bb->preds.p[k] == bb->preds.p[k - 1]))
			return;
	redirect(f, e, t, uses);
	bb->ops.n = bb->preds.n = 0;
	bb->nsucc = 0;
}

static uint32_t *count_uses(const gj_fn *f)
{
	uint32_t *uses = gj_new(f->arena, uint32_t, f->op.n);
	for (uint32_t b = 0; b < f->bb.n; b++)
		for (uint32_t i = 0; i < f->bb.p[b].ops.n; i++) {
			const gj_op *o = gj_o(f, f->bb.p[b].ops.p[i]);
			for (uint32_t k = 0; k < o->nargs; k++)
				uses[o->arg[k]]++;
		}
	return uses;
}

static void rename_pred(gj_fn *f, uint32_t b, uint32_t from, uint32_t to)
{
	gj_bb *bb = &f->bb.p[b];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == from)
			bb->preds.p[k] = to;
}

/* Appends the blocks that only b jumps to. (With one predecessor they have no phis: those were aliases.) */
static void join(gj_fn *f, uint32_t b)
{
	gj_bb *bb = &f->bb.p[b];
	while (bb->nsucc == 1 && bb->succ[0] != b && f->bb.p[bb->succ[0]].preds.n == 1) {
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
			rename_pred(f, to->succ[k], t, b);
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

void gj_ssa_tidy(gj_ssa_state *s)
{
	gj_fn *f = s->f;
	bool *live = find_live(s);
	sort_phis(s);
	place(s, live);
	uint32_t *uses = count_uses(f);
	for (uint32_t i = f->rpo.n; i-- > 0;)
		thread(f, f->rpo.p[i], uses);
	for (uint32_t i = 0; i < f->rpo.n; i++)
		join(f, f->rpo.p[i]);
	gj_cfg(f);
	for (uint32_t i = 0; i < f->rpo.n; i++)
		order_preds(f, &f->bb.p[f->rpo.p[i]]);
	for (uint32_t i = 0; i < s->phi.n; i++)
		gj_o(f, s->phi.p[i].ref)->imm.i = 0;
}
