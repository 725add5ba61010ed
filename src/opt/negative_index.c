/* Negative indices: `a[i]` becomes SELECT(i < 0, i + n, i), marked GJ_WRAP. Where i cannot be negative the select goes,
 * and with it what keeps a warp's lanes from being neighbours. Two things prove it here that value ranges alone do not:
 * an index expression may be taken not to overflow (where it does, the index is out of bounds), and conditions that
 * dominate the access bound it from below (`if i >= 1: … a[i - 1]`). */
#include "opt/opt.h"

enum { MAX_DEPTH = 12, MAX_STEPS = 400, MAX_DOMINATORS = 32 };

typedef struct signs { const gj_fn *f; uint32_t block; uint32_t steps; gj_ref open[MAX_DEPTH]; int64_t bound[MAX_DEPTH]; } signs;

static bool at_least(signs *, gj_ref, int64_t k, int depth);
static bool guarded(signs *, gj_ref, int64_t k, int depth);

static bool ge0(signs *s, gj_ref r, int depth) { return at_least(s, r, 0, depth); }

/* By value ranges, overflow considered. */
static bool proven(const signs *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	return (o->flags & GJ_NONNEG) || gj_is_unsigned(o->type);
}

/* Does `cond` (known to be `truth`) say that r ≥ k? */
static bool implies(signs *s, gj_ref cond, bool truth, gj_ref r, int64_t k, int depth)
{
	const gj_op *c = gj_o(s->f, cond);
	if (c->op == GJ_NOT)
		return implies(s, c->arg[0], !truth, r, k, depth);
	if (c->op == (truth ? GJ_AND : GJ_OR))
		return implies(s, c->arg[0], truth, r, k, depth) || implies(s, c->arg[1], truth, r, k, depth);
	if (c->op != GJ_CMP || (c->arg[0] != r && c->arg[1] != r) || !gj_is_signed(gj_o(s->f, r)->type))
		return false;
	static const uint8_t swap[] = { GJ_CMP_GT, GJ_CMP_GE, GJ_CMP_EQ, GJ_CMP_NE, GJ_CMP_LT, GJ_CMP_LE };
	static const uint8_t not[] = { GJ_CMP_GE, GJ_CMP_GT, GJ_CMP_NE, GJ_CMP_EQ, GJ_CMP_LE, GJ_CMP_LT };
	bool left = c->arg[0] == r;
	gj_ref other = c->arg[left ? 1 : 0];
	unsigned op = truth ? c->sub : not[c->sub];
	op = left ? op : swap[op];
	if (other == r || !gj_is_signed(gj_o(s->f, other)->type))
		return false;
	switch (op) {
	case GJ_CMP_GE: case GJ_CMP_EQ: return at_least(s, other, k, depth + 1);
	case GJ_CMP_NE:
		return gj_is_const(s->f, other) && gj_o(s->f, other)->imm.i == k - 1 && at_least(s, r, k - 1, depth + 1);
	case GJ_CMP_GT: return k > INT64_MIN && at_least(s, other, k - 1, depth + 1);
	default:        return false;
	}
}

/* r as `root` plus a constant. */
static gj_ref root_of(const gj_fn *f, gj_ref r, int64_t *constant)
{
	const gj_op *o = gj_o(f, r);
	*constant = 0;
	for (; (o->op == GJ_ADD || o->op == GJ_SUB) && gj_is_const(f, o->arg[1]); r = o->arg[0], o = gj_o(f, r)) {
		int64_t c = gj_o(f, o->arg[1])->imm.i;
		if (o->op == GJ_ADD ? __builtin_add_overflow(*constant, c, constant) : __builtin_sub_overflow(*constant, c, constant))
			return 0;
	}
	return r;
}

/* Does `cond` (known to be `truth`) say that a − b ≥ k, by b < c where a and c are the same but for constants? */
static bool says_above(const gj_fn *f, gj_ref cond, bool truth, gj_ref a, gj_ref b, int64_t k)
{
	const gj_op *c = gj_o(f, cond);
	if (c->op == GJ_NOT)
		return says_above(f, c->arg[0], !truth, a, b, k);
	if (c->op == (truth ? GJ_AND : GJ_OR))
		return says_above(f, c->arg[0], truth, a, b, k) || says_above(f, c->arg[1], truth, a, b, k);
	bool left = c->op == GJ_CMP && c->arg[0] == b;
	if (c->op != GJ_CMP || (!left && c->arg[1] != b))
		return false;
	unsigned below = left ? (truth ? GJ_CMP_LT : GJ_CMP_GE) : truth ? GJ_CMP_GT : GJ_CMP_LE;
	unsigned at_most = left ? (truth ? GJ_CMP_LE : GJ_CMP_GT) : truth ? GJ_CMP_GE : GJ_CMP_LT;
	gj_ref limit = c->arg[left ? 1 : 0];
	int64_t of_a, of_limit, least;
	gj_ref root = root_of(f, a, &of_a);
	if ((c->sub != below && c->sub != at_most) || gj_o(f, limit)->type != gj_o(f, a)->type || !root || root != root_of(f, limit, &of_limit))
		return false;
	return !__builtin_sub_overflow(of_a, of_limit, &least) && least + (c->sub == below) >= k;
}

/* … do conditions on the way to the access? */
static bool above(const signs *s, gj_ref a, gj_ref b, int64_t k)
{
	uint32_t at = s->block;
	for (int n = 0; n < MAX_DOMINATORS && at != 0; n++) {
		uint32_t d = s->f->bb.p[at].idom;
		const gj_bb *bd = &s->f->bb.p[d];
		const gj_op *t = gj_terminator(s->f, d);
		if (t->op == GJ_BRANCH && bd->succ[0] != bd->succ[1] && s->f->bb.p[at].preds.n == 1 && gj_is_signed(gj_o(s->f, b)->type) &&
		    says_above(s->f, t->arg[0], bd->succ[0] == at, a, b, k))
			return true;
		at = d;
	}
	return false;
}

/* Conditions on the way to the access: branches of dominators of which only one side leads here. */
static bool guarded(signs *s, gj_ref r, int64_t k, int depth)
{
	uint32_t b = s->block;
	for (int n = 0; n < MAX_DOMINATORS && b != 0; n++) {
		uint32_t d = s->f->bb.p[b].idom;
		const gj_bb *bd = &s->f->bb.p[d];
		const gj_op *t = gj_terminator(s->f, d);
		if (t->op == GJ_BRANCH && bd->succ[0] != bd->succ[1] && s->f->bb.p[b].preds.n == 1 &&
		    implies(s, t->arg[0], bd->succ[0] == b, r, k, depth))
			return true;
		b = d;
	}
	return false;
}

/* All operands from `from` on are ≥ k. */
static bool all(signs *s, gj_ref r, uint32_t from, int64_t k, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	for (uint32_t i = from; i < o->nargs; i++)
		if (!at_least(s, o->arg[i], k, depth + 1))
			return false;
	return true;
}

/* The operands of a phi are ≥ k where they come from: a condition on the way to the access may have been tested again since.
 * A phi that meets itself through a loop is taken to be what is to be shown. */
static bool all_incoming(signs *s, gj_ref r, int64_t k, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	uint32_t here = s->block;
	bool yes = true;
	for (uint32_t i = 0; i < o->nargs && yes; i++) {
		s->block = s->f->bb.p[o->block].preds.p[i];
		yes = at_least(s, o->arg[i], k, depth + 1);
	}
	s->block = here;
	return yes;
}

/* What r begins with, if it is a counter that begins with a constant, or one plus a constant: a candidate for the least that it can be. */
static bool begins_with(const gj_fn *f, gj_ref r, int64_t *k)
{
	int64_t more;
	gj_ref root = root_of(f, r, &more);
	while (root && gj_o(f, root)->op == GJ_CVT)
		root = gj_o(f, root)->arg[0];
	const gj_op *o = gj_o(f, root);
	for (uint32_t i = 0; root && o->op == GJ_PHI && i < o->nargs; i++)
		if (gj_is_const(f, o->arg[i]))
			return !__builtin_add_overflow(gj_o(f, o->arg[i])->imm.i, more, k);
	return false;
}

/* a + b ≥ k, because b, a counter, is at least what it begins with: u[i + a] for a in range(-1, 2), where i ≥ 1. */
static bool counts_up(signs *s, gj_ref a, gj_ref b, int64_t k, int depth)
{
	int64_t start, rest;
	return begins_with(s->f, b, &start) && !__builtin_sub_overflow(k, start, &rest) && at_least(s, b, start, depth + 1)
		&& at_least(s, a, rest, depth + 1);
}

static bool by_operation(signs *s, gj_ref r, int64_t k, int depth)
{
	const gj_op *o = gj_o(s->f, r), *b = o->nargs > 1 ? gj_o(s->f, o->arg[1]) : NULL;
	int64_t c;
	switch (o->op) {
	case GJ_CONST:
		return o->imm.i >= k;
	case GJ_ADD:
		if (b->op == GJ_CONST && !__builtin_sub_overflow(k, b->imm.i, &c) && at_least(s, o->arg[0], c, depth + 1))
			return true;
		return (ge0(s, o->arg[0], depth + 1) && at_least(s, o->arg[1], k, depth + 1)) ||
		       (k > 0 && ge0(s, o->arg[1], depth + 1) && at_least(s, o->arg[0], k, depth + 1)) ||
		       counts_up(s, o->arg[0], o->arg[1], k, depth) || counts_up(s, o->arg[1], o->arg[0], k, depth);
	case GJ_SUB:
		if (b->op != GJ_CONST)
			return above(s, o->arg[0], o->arg[1], k);
		return !__builtin_add_overflow(k, b->imm.i, &c) && at_least(s, o->arg[0], c, depth + 1);
	case GJ_CVT: {
		const gj_type *from = gj_o(s->f, o->arg[0])->type;
		return gj_is_int(from) && from->size < o->type->size &&
		       ((k <= 0 && proven(s, o->arg[0])) || guarded(s, o->arg[0], k, depth + 1));
	}
	case GJ_PHI:
		return all_incoming(s, r, k, depth);
	case GJ_SELECT:
		return all(s, r, 1, k, depth);
	case GJ_MUL:
		return k <= 0 && all(s, r, 0, 0, depth);
	case GJ_SHL:
		return k <= 0 && ge0(s, o->arg[0], depth + 1);
	default:                                   /* others can bring a product that overflowed back into range: ranges only */
		return k <= 0 && proven(s, r);
	}
}

static bool at_least(signs *s, gj_ref r, int64_t k, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	if (depth >= MAX_DEPTH || s->steps++ > MAX_STEPS || !o->type || !gj_is_int(o->type))
		return false;
	if (k <= 0 && proven(s, r))
		return true;
	for (int i = 0; i < depth; i++)
		if (o->op == GJ_PHI && s->open[i] == r)
			return k <= s->bound[i];                                               /* round a loop: what grows stays above */
	s->open[depth] = r;
	s->bound[depth] = k;
	bool yes = by_operation(s, r, k, depth);
	s->open[depth] = 0;                        /* a condition speaks of this round: nothing may be taken of it yet */
	return yes || guarded(s, r, k, depth);
}

bool gj_index_signs(gj_fn *f)
{
	bool changed = false;
	GJ_EACH_OP(f, b, r) {
		gj_op *o = gj_o(f, r);
		signs s = { .f = f, .block = b };
		if (o->op != GJ_SELECT || !(o->flags & GJ_WRAP) || o->arg[1] == o->arg[2] || !at_least(&s, o->arg[2], 0, 0))
			continue;
		o->arg[1] = o->arg[2];
		changed = true;
	}
	return changed;
}
