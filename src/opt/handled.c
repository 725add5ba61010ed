/* A loop over prange in a `try`: rounds that raise leave their chunk, and the function, which the runtime tells, goes on at the handler in
 * their place (ROUNDS, sub 1). It has the variables as they were before the loop. Where a handler wants to know what the failing round made of them,
 * or how far others have come, the loop runs one round after the other. */
#include "opt/prange.h"

#include <string.h>

/* The place of a TAKE in block b whose handler stands around loops of this nesting; −1: there is none. */
static int64_t take_in(const gj_fn *f, uint32_t b, int64_t nesting)
{
	const gj_bb *bb = &f->bb.p[b];
	for (uint32_t i = 0; i < bb->ops.n; i++)
		if (gj_o(f, bb->ops.p[i])->op == GJ_TAKE && gj_o(f, bb->ops.p[i])->imm.i <= nesting)
			return i;
	return -1;
}

bool gj_is_handler(const gj_prange *p, uint32_t b) { return take_in(p->f, b, p->nesting) >= 0; }

static bool begins(const gj_op *o) { return o->op == GJ_PHI || o->op == GJ_CONST || o->op == GJ_LOCALMEM || o->op == GJ_TAKE; }

/* What handlers do stands in blocks of its own. */
static bool split(gj_fn *f, uint32_t b, uint32_t at)
{
	uint32_t first = at, to;
	while (first && begins(gj_o(f, f->bb.p[b].ops.p[first - 1])))
		first--;
	if (!first)
		return false;
	to = gj_split_block(f, b, first);
	gj_emit(f, b, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, b, to);
	return true;
}

void gj_split_handlers(gj_fn *f, int64_t nesting)
{
	bool changed = false;
	for (uint32_t b = 1, n = f->bb.n; b < n; b++) {
		int64_t at = f->bb.p[b].ops.n ? take_in(f, b, nesting) : -1;
		changed |= at >= 0 && split(f, b, (uint32_t)at);
	}
	if (changed)
		gj_cfg(f);
}

/* -- What handlers know ------------------------------------------------------------------------------------------------------ */

static bool made_in_round(const gj_prange *p, gj_ref r)
{
	uint32_t b = gj_o(p->f, r)->block;
	return gj_o(p->f, r)->op != GJ_CONST && (b == p->header || p->inside[b]);
}

/* Is a value of the loop used behind it elsewhere than where the loop has come to its end? */
static bool leaks(const gj_prange *p, uint32_t b, const gj_op *o)
{
	const gj_fn *f = p->f;
	for (uint32_t k = 0; k < o->nargs; k++) {
		uint32_t from = o->op == GJ_PHI ? f->bb.p[b].preds.p[k] : b;
		if (made_in_round(p, o->arg[k]) && from != p->header && !gj_dominates(f, p->exit, from))
			return true;
	}
	return false;
}

/* The same value of each variable on all ways from rounds to the handler, and one from before the loop. */
static bool knows_phis(const gj_prange *p)
{
	const gj_fn *f = p->f;
	const gj_bb *bb = &f->bb.p[p->handler];
	GJ_EACH_PHI(f, p->handler, r) {
		gj_ref known = 0;
		for (uint32_t k = 0; k < bb->preds.n; k++) {
			gj_ref x = gj_o(f, r)->arg[k];
			if (!p->inside[bb->preds.p[k]])
				continue;
			if (made_in_round(p, x) || (known && known != x))
				return false;
			known = x;
		}
	}
	return true;
}

/* -- What is let go of --------------------------------------------------------------------------------------------------------- */

bool gj_is_held_outside(const gj_prange *p, const gj_op *o)
{
	return (o->op == GJ_RETAIN || o->op == GJ_RELEASE) && !made_in_round(p, o->arg[0]);
}

typedef struct walk { gj_prange *p; bool *seen; uint64_t *sum, all; bool arrived; } walk;

/* Goes all ways from block b of a round on to the handler: they hold and let go of the same things, which sum up to `sum` so far. The first
 * leaves them in p->held. */
static bool go(walk *w, uint32_t b, uint64_t sum)
{
	gj_prange *p = w->p;
	gj_fn *f = p->f;
	uint32_t known = p->held.n;
	if (b == p->handler) {
		bool same = !w->arrived || w->all == sum;
		w->arrived = true;
		w->all = sum;
		return same;
	}
	if (w->seen[b])
		return w->sum[b] == sum;
	w->seen[b] = true;
	w->sum[b] = sum;
	GJ_EACH_OP_OF(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!gj_is_held_outside(p, o))
			continue;
		uint64_t x = (uint64_t)o->arg[0] * 0x9e3779b97f4a7c15u;
		sum += o->op == GJ_RETAIN ? x : -x;
		if (!w->arrived)
			gj_push(f->arena, &p->held, r);
	}
	for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
		if (!go(w, f->bb.p[b].succ[i], sum))
			return false;
	if (!w->arrived)
		p->held.n = known;
	return true;
}

static bool find_held(gj_prange *p)
{
	const gj_fn *f = p->f;
	walk w = { .p = p, .seen = gj_new(f->arena, bool, f->bb.n), .sum = gj_new(f->arena, uint64_t, f->bb.n) };
	GJ_EACH_BLOCK(f, b)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc && p->inside[b] && !p->raises[b]; i++) {
			uint32_t to = f->bb.p[b].succ[i];
			if ((p->raises[to] || to == p->handler) && !go(&w, to, 0))
				return false;
		}
	return true;
}

const char *gj_find_handled(gj_prange *p)
{
	const gj_fn *f = p->f;
	bool knows = knows_phis(p);
	GJ_EACH_OP(f, b, r)
		if (b != p->header && !p->inside[b] && !(b == p->handler && gj_o(f, r)->op == GJ_PHI) && leaks(p, b, gj_o(f, r)))
			knows = false;
	if (!knows)
		return "one round after the other: what handles its exceptions, or comes behind, uses variables as the failing round has left them";
	return find_held(p) ? NULL : "one round after the other: exceptions leave it with different arrays";
}

/* -- In the function ------------------------------------------------------------------------------------------------------------ */

uint32_t gj_go_to_handler(gj_prange *p, uint32_t b, gj_ref chunks)
{
	gj_fn *f = p->f;
	uint32_t failed = gj_block_new(f), on = gj_block_new(f);
	gj_ref zero = gj_emit(f, b, GJ_CONST, gj_scalar[GJ_I64], 0, 0, NULL), less = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ chunks, zero });
	gj_o(f, less)->sub = GJ_CMP_LT;
	gj_emit(f, b, GJ_BRANCH, NULL, p->loc, 1, &less);
	gj_link(f, b, failed);
	gj_link(f, b, on);
	for (uint32_t i = 0; i < p->added.n; i++)
		gj_emit(f, failed, GJ_RELEASE, NULL, 0, 1, &p->added.p[i].memory);
	for (uint32_t i = 0; i < p->carried.n; i++) {
		gj_carried *c = &p->carried.p[i];
		gj_ref held[2] = { c->owner ? gj_carry_in(p, c->phi) : 0, c->owner ? gj_emit(f, failed, GJ_LOAD, gj_scalar[GJ_I64], 0, 1, &c->cell) : 0 };
		for (int k = 0; k < 2 && c->owner; k++)
			gj_emit(f, failed, GJ_RELEASE, NULL, 0, 1, &held[k]);
	}
	for (uint32_t i = 0; i < p->held.n; i++) {
		const gj_op *o = gj_o(f, p->held.p[i]);
		gj_emit(f, failed, (gj_opcode)o->op, NULL, o->loc, 1, (gj_ref[]){ o->arg[0] });
	}
	gj_emit(f, failed, GJ_JUMP, NULL, p->loc, 0, NULL);
	uint32_t k = 0;
	while (!p->inside[f->bb.p[p->handler].preds.p[k]])
		k++;
	gj_link(f, failed, p->handler);
	GJ_EACH_PHI(f, p->handler, r) {
		gj_op *o = gj_o(f, r);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
		memcpy(arg, o->arg, o->nargs * sizeof *arg);
		arg[o->nargs++] = o->arg[k];
		o->arg = arg;
	}
	return on;
}
