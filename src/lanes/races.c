/* Rounds of a loop over prange that write what others read or write, as far as that is plain to see: items that do not depend on the round,
 * items that a round adds to and finds through memory (counts), neighbours of the item that a round writes. After divergence.c has told how
 * addresses differ from round to round. */
#include "ir/walk.h"
#include "lanes/races.h"

enum { DEPTH = 6 };

/* Does value v come from what stands at pointer p, as in `x[k] += 1`? */
static bool reads(const gj_fn *f, gj_ref v, gj_ref p, int depth)
{
	const gj_op *o = gj_o(f, v);
	if (o->op == GJ_LOAD)
		return o->arg[0] == p;
	for (uint32_t k = 0; k < o->nargs && depth < DEPTH && o->op != GJ_PHI; k++)
		if (reads(f, o->arg[k], p, depth + 1))
			return true;
	return false;
}

/* Is the address found through memory? */
static bool is_found(const gj_fn *f, gj_ref r, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_LOAD)
		return true;
	for (uint32_t k = 0; k < o->nargs && depth < 2 * DEPTH && o->op != GJ_PHI; k++)
		if (is_found(f, o->arg[k], depth + 1))
			return true;
	return false;
}

/* Does one round at most come to block b, because it asks which one it is? */
static bool is_one_rounds(const gj_fn *f, uint32_t b)
{
	for (; b; b = f->bb.p[b].idom) {
		const gj_op *t = gj_terminator(f, f->bb.p[b].idom), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
		if (c && c->op == GJ_CMP && (c->sub == GJ_CMP_EQ || c->sub == GJ_CMP_NE)
			&& (gj_o(f, c->arg[0])->shape == GJ_LINEAR || gj_o(f, c->arg[1])->shape == GJ_LINEAR))
			return true;
	}
	return false;
}

/* Is it a remainder of the round's number? */
static bool is_parity(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	while (o->op == GJ_CVT)
		o = gj_o(f, o->arg[0]);
	return (o->op == GJ_MOD || o->op == GJ_AND) && gj_o(f, o->arg[0])->shape == GJ_LINEAR;
}

/* Do only rounds of some remainder come to block b, which may leave their neighbours to others (red and black)? */
static bool is_some_rounds(const gj_fn *f, uint32_t b)
{
	for (; b; b = f->bb.p[b].idom) {
		const gj_op *t = gj_terminator(f, f->bb.p[b].idom), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
		if (c && c->op == GJ_CMP && (is_parity(f, c->arg[0]) || is_parity(f, c->arg[1])))
			return true;
	}
	return false;
}

/* An index without what is added to it: *by. */
static gj_ref without(const gj_fn *f, gj_ref r, int64_t *by)
{
	*by = 0;
	for (int depth = 0; depth < DEPTH; depth++) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_SELECT && (o->flags & GJ_WRAP))
			r = o->arg[2];
		else if (o->op == GJ_CVT)
			r = o->arg[0];
		else if ((o->op == GJ_ADD || o->op == GJ_SUB) && gj_is_const(f, o->arg[1])) {
			*by += o->op == GJ_ADD ? gj_o(f, o->arg[1])->imm.i : -gj_o(f, o->arg[1])->imm.i;
			r = o->arg[0];
		} else
			break;
	}
	return r;
}

/* Is what block `to` writes at pointer p read at a neighbour's place by another round? */
static bool is_neighbours(const gj_fn *f, uint32_t to, gj_ref p)
{
	const gj_op *a = gj_o(f, p);
	int64_t here, there;
	gj_ref base = a->op == GJ_ELEM ? without(f, a->arg[1], &here) : 0;
	if (!base || gj_o(f, base)->shape != GJ_LINEAR || is_some_rounds(f, to))
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r), *from = o->op == GJ_LOAD ? gj_o(f, o->arg[0]) : NULL;
		if (from && from->op == GJ_ELEM && from->arg[0] == a->arg[0] && without(f, from->arg[1], &there) == base && here != there
			&& (here - there) % gj_o(f, base)->stride == 0)
			return true;
	}
	return false;
}

static bool is_own(const gj_fn *f, const gj_op *root, const gj_rounds *r)
{
	for (uint32_t i = 0; i < r->own.n; i++)
		if (root->op == GJ_PARAM && f->param.p[root->imm.i].leaf == r->own.p[i])
			return true;
	return false;
}

static bool is_race(const gj_fn *f, const gj_op *o, const gj_rounds *rounds)
{
	gj_ref p = o->arg[0], v = o->arg[1];
	const gj_op *root = gj_root(f, p);
	bool updates = reads(f, v, p, 0), shared = root->op == GJ_PARAM || root->op == GJ_ADDRESS;
	if (!shared || is_own(f, root, rounds) || is_one_rounds(f, o->block))
		return false;
	switch (gj_o(f, p)->shape) {
	case GJ_UNIFORM: return updates || gj_o(f, v)->shape != GJ_UNIFORM;
	case GJ_VARYING: return (updates && is_found(f, p, 0)) || is_neighbours(f, o->block, p);
	default:         return is_neighbours(f, o->block, p);
	}
}

void gj_find_races(const gj_rounds *rounds, gj_fn *f)
{
	const gj_fn *wide = rounds->wide;
	GJ_EACH_OP(wide, b, r) {
		const gj_op *o = gj_o(wide, r);
		if (o->op != GJ_STORE || !o->loc || !is_race(wide, o, rounds))
			continue;
		const gj_note *last = f->notes.n ? &f->notes.p[f->notes.n - 1] : NULL;
		if (!last || !last->warns || f->loc.p[last->loc].pos.line != f->loc.p[o->loc].pos.line)
			gj_push(f->arena, &f->notes, ((gj_note){ o->loc, true, "rounds may write what others read or write" }));
	}
}
