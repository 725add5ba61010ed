/* Checks of bounds that are not needed: an index is known to lie within an extent because a condition that dominates the check
 * says so (`if i < x.shape[0]: x[i]`, the test of a loop), or an earlier check of the same index did. What is proven is marked in
 * `sub`, a bit a dimension: a report tells of all dimensions, but only the others are compared. Unlike the signs of indices
 * (negative_index.c) nothing is assumed here: memory is at stake. */
#include "opt/opt.h"

#include <string.h>

enum { MAX_DOMINATORS = 32, MAX_EARLIER = 64 };

typedef struct sum { gj_ref base; int64_t add; } sum;         /* base 0: a constant */

/* Does op o, d added to an integer x, never wrap? */
static bool is_exact(const gj_fn *f, const gj_op *o, const gj_op *x, int64_t d)
{
	bool widened = x->op == GJ_CVT && gj_is_int(gj_o(f, x->arg[0])->type) && gj_o(f, x->arg[0])->type->size < x->type->size;
	return (o->flags & GJ_NSW) || (d <= 0 && (x->flags & GJ_NONNEG)) || (widened && x->type->size == 8);
}

/* r as a value and a constant; exact: only as far as that does not wrap. The constants are so small that sums with an extent, or with
 * what is below one, never do. */
static sum parts(const gj_fn *f, gj_ref r, bool exact)
{
	sum s = { r, 0 };
	for (int depth = 0; depth < 4; depth++) {
		const gj_op *o = gj_o(f, s.base), *k = o->nargs == 2 ? gj_o(f, o->arg[1]) : NULL;
		bool sub = o->op == GJ_SUB;
		if (o->op == GJ_CONST && o->imm.i > -(1ll << 30) && o->imm.i < 1ll << 40)
			return (sum){ 0, s.add + o->imm.i };
		if ((o->op != GJ_ADD && !sub) || !k || k->op != GJ_CONST || k->imm.i < -(1 << 30) || k->imm.i > 1 << 30)
			break;
		int64_t d = sub ? -k->imm.i : k->imm.i;
		if (exact && !is_exact(f, o, gj_o(f, o->arg[0]), d))
			break;
		s = (sum){ o->arg[0], s.add + d };
	}
	return s;
}

typedef enum side { BELOW, FROM_ZERO } side;

/* What is known of index x: it holds, unless x as a value and a constant has wrapped; it holds; so it does, and x has not wrapped. */
typedef enum proof { NO, UNLESS_WRAPPED, HOLDS, EXACT } proof;

static proof better(proof a, proof b) { return a > b ? a : b; }

/* x is `base` + x.add, and base + a.add is what a condition compares. */
static proof follows(const gj_fn *f, gj_ref x, sum a, side what, int64_t *up)
{
	sum exact = parts(f, x, true), loose = parts(f, x, false);
	if (a.base && a.base == exact.base) {
		*up = exact.add - a.add;
		return exact.base == loose.base ? EXACT : HOLDS;
	}
	if (!a.base || a.base != loose.base)
		return NO;
	*up = loose.add - a.add;                                                   /* from below an extent up, from 0 or above down: it is exact */
	return (what == BELOW ? *up >= 0 : *up <= 0) ? EXACT : UNLESS_WRAPPED;
}

/* Is x < limit (BELOW) or x >= 0 (FROM_ZERO) said by `cond` being `truth`? */
static proof says(const gj_fn *f, gj_ref cond, bool truth, gj_ref x, gj_ref limit, side what)
{
	static const uint8_t swap[] = { GJ_CMP_GT, GJ_CMP_GE, GJ_CMP_EQ, GJ_CMP_NE, GJ_CMP_LT, GJ_CMP_LE };
	static const uint8_t not[] = { GJ_CMP_GE, GJ_CMP_GT, GJ_CMP_NE, GJ_CMP_EQ, GJ_CMP_LE, GJ_CMP_LT };
	const gj_op *c = gj_o(f, cond);
	proof best = NO;
	if (c->op == GJ_NOT)
		return says(f, c->arg[0], !truth, x, limit, what);
	if (c->op == (truth ? GJ_AND : GJ_OR))
		return better(says(f, c->arg[0], truth, x, limit, what), says(f, c->arg[1], truth, x, limit, what));
	if (c->op != GJ_CMP || !gj_is_int(gj_o(f, c->arg[0])->type) || !gj_is_signed(gj_o(f, c->arg[0])->type)
	    || gj_o(f, c->arg[0])->type != gj_o(f, c->arg[1])->type || gj_o(f, c->arg[0])->type != gj_o(f, x)->type)
		return NO;
	for (int left = 1; left >= 0; left--) {
		unsigned op = truth ? c->sub : not[c->sub];
		sum a = parts(f, c->arg[!left], true), b = parts(f, c->arg[left], false), n = limit ? parts(f, limit, false) : (sum){ 0, 0 };
		int64_t up;
		proof p = follows(f, x, a, what, &up);
		op = left ? op : swap[op];
		if (!p)
			continue;
		bool below = op == GJ_CMP_LT || op == GJ_CMP_LE || op == GJ_CMP_EQ, above = op == GJ_CMP_GT || op == GJ_CMP_GE || op == GJ_CMP_EQ;
		bool yes = what == BELOW ? below && b.base == n.base && b.add + up + (op != GJ_CMP_LT) <= n.add
			: above && !b.base && b.add + up + (op == GJ_CMP_GT) >= 0;
		best = better(best, yes ? p : NO);
	}
	return best;
}

static proof guarded(const gj_fn *f, uint32_t b, gj_ref x, gj_ref limit, side what)
{
	proof best = NO;
	for (int n = 0; n < MAX_DOMINATORS && b != 0 && best != EXACT; n++) {
		uint32_t d = f->bb.p[b].idom;
		const gj_bb *bd = &f->bb.p[d];
		const gj_op *t = gj_terminator(f, d);
		if (t->op == GJ_BRANCH && bd->succ[0] != bd->succ[1] && f->bb.p[b].preds.n == 1)
			best = better(best, says(f, t->arg[0], bd->succ[0] == b, x, limit, what));
		b = d;
	}
	return best;
}

static proof from_zero(const gj_fn *f, uint32_t b, gj_ref x)
{
	const gj_op *o = gj_o(f, x);
	sum exact = parts(f, x, true), loose = parts(f, x, false);
	proof best = (o->flags & GJ_NONNEG) || gj_is_unsigned(o->type) ? HOLDS : NO;
	if (!loose.base)
		return loose.add >= 0 ? EXACT : NO;
	if (loose.add >= 0 && (gj_o(f, loose.base)->flags & GJ_NONNEG))
		best = better(best, exact.base == loose.base ? EXACT : UNLESS_WRAPPED);
	return best == EXACT ? best : better(best, guarded(f, b, x, 0, FROM_ZERO));
}

static bool lies_within(const gj_fn *f, uint32_t b, gj_ref i, gj_ref extent)
{
	proof below = guarded(f, b, i, extent, BELOW), above = below ? from_zero(f, b, i) : NO;
	return below && above && (below == EXACT || above == EXACT || (below == HOLDS && above == HOLDS));
}

static bool same_pair(const gj_op *o, uint32_t d, gj_ref index, gj_ref extent)
{
	return o->arg[d] == index && o->arg[o->nargs / 2 + d] == extent;
}

/* Was it checked before? `seen`: checks in the order of blocks, the last ones first. */
static bool checked(const gj_fn *f, const gj_ref *seen, uint32_t n, uint32_t b, gj_ref index, gj_ref extent)
{
	for (uint32_t k = 0; k < n && k < MAX_EARLIER; k++) {
		const gj_op *o = gj_o(f, seen[n - 1 - k]);
		for (uint32_t d = 0; d < o->nargs / 2; d++)
			if (same_pair(o, d, index, extent) && gj_dominates(f, o->block, b))
				return true;
	}
	return false;
}

bool gj_prove_bounds(gj_fn *f)
{
	bool changed = false;
	GJ_VEC(gj_ref) seen = { 0 };
	GJ_EACH_OP(f, b, r) {
		gj_op *o = gj_o(f, r);
		uint32_t n = o->nargs / 2;
		if (o->op != GJ_BOUNDS)
			continue;
		for (uint32_t d = 0; d < n; d++) {
			gj_ref i = o->arg[d], extent = o->arg[n + d];
			bool known = checked(f, seen.p, seen.n, b, i, extent) || lies_within(f, b, i, extent);
			if (!(o->sub >> d & 1) && known) {
				o->sub |= (uint8_t)(1 << d);
				changed = true;
			}
		}
		gj_push(f->arena, &seen, r);
		if (o->sub == (1 << n) - 1) {
			o->op = GJ_NOP;
			o->nargs = 0;
			o->sub = 0;
			seen.n--;
		}
	}
	return changed;
}

/* -- Checks side by side ------------------------------------------------------------------------------------------- */

/* May a check be made before the op instead of behind it: nobody sees that it ran? */
static bool is_unseen(const gj_op *o)
{
	return o->op != GJ_PHI && o->op != GJ_BOUNDS && (o->op == GJ_LOAD || o->op == GJ_MATH || o->op == GJ_FLOORDIV || o->op == GJ_MOD || o->op == GJ_POW
		|| o->op == GJ_LIBCALL || gj_op_is(o, GJ_F_PURE));
}

void gj_check_early(gj_fn *f)
{
	GJ_EACH_BLOCK(f, b) {
		gj_ref *ops = f->bb.p[b].ops.p;
		for (uint32_t at = 1; at < f->bb.p[b].ops.n; at++) {
			const gj_op *o = gj_o(f, ops[at]);
			uint32_t to = at;
			for (; o->op == GJ_BOUNDS && to > 0 && is_unseen(gj_o(f, ops[to - 1])); to--) {
				bool needed = false;
				for (uint32_t k = 0; k < o->nargs; k++)
					needed |= o->arg[k] == ops[to - 1];
				if (needed)
					break;
			}
			gj_ref check = ops[at];
			memmove(ops + to + 1, ops + to, (at - to) * sizeof *ops);
			ops[to] = check;
		}
	}
}
