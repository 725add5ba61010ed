/* Rounds of a loop over prange that write what others read or write, as far as that is plain to see: items that do not depend on the round,
 * items that a round finds through memory and reads and writes (counts, `if not seen[j]: seen[j] = True` and what else hangs on it), neighbours
 * of the item that a round writes. After divergence.c has told how addresses differ from round to round. */
#include "ir/walk.h"
#include "lanes/races.h"

enum { DEPTH = 6 };

/* Do two values, of one round, come about in the same way? What a round itself writes in between does not count. */
static bool is_same(const gj_fn *f, gj_ref x, gj_ref y, int depth)
{
	const gj_op *a = gj_o(f, x), *b = gj_o(f, y);
	if (x == y)
		return true;
	if (depth > 2 * DEPTH || a->op != b->op || a->sub != b->sub || a->type != b->type || a->nargs != b->nargs || a->imm.i != b->imm.i
	    || (a->op != GJ_LOAD && !gj_op_is(a, GJ_F_PURE)) || a->op == GJ_PHI || a->op == GJ_UNDEF)
		return false;
	for (uint32_t k = 0; k < a->nargs; k++)
		if (!is_same(f, a->arg[k], b->arg[k], depth + 1))
			return false;
	return true;
}

/* Does value v come from what stands at pointer p, as in `x[k] += 1`? */
static bool reads(const gj_fn *f, gj_ref v, gj_ref p, int depth)
{
	const gj_op *o = gj_o(f, v);
	if (o->op == GJ_LOAD)
		return is_same(f, o->arg[0], p, 0);
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

/* -- What hangs on an item --------------------------------------------------------------------------------------------------- */

/* What depends on the value that a load gives: values, and blocks that a branch leads to which asks about it. */
typedef struct hangs { const gj_fn *f; gj_ref load; bool *value, *block; } hangs;

static bool asks(const hangs *h, uint32_t b)
{
	const gj_op *t = gj_terminator(h->f, b);
	return t->op == GJ_BRANCH && h->value[t->arg[0]];
}

/* Is it chosen by such a branch which operand a phi takes? */
static bool is_chosen(const hangs *h, const gj_op *phi)
{
	const gj_bb *bb = &h->f->bb.p[phi->block];
	bool asked = false, differ = false;
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		asked |= h->block[bb->preds.p[k]] || asks(h, bb->preds.p[k]);
		differ |= phi->arg[k] != phi->arg[0];
	}
	return asked && differ;
}

static bool hangs_on(const hangs *h, gj_ref r)
{
	const gj_op *o = gj_o(h->f, r);
	for (uint32_t k = 0; k < o->nargs; k++)
		if (h->value[o->arg[k]])
			return true;
	return r == h->load || (o->op == GJ_PHI && is_chosen(h, o));
}

static void spread(hangs *h)
{
	const gj_fn *f = h->f;
	for (bool more = true; more;) {
		more = false;
		GJ_EACH_OP(f, b, r)
			if (!h->value[r] && hangs_on(h, r))
				h->value[r] = more = true;
		GJ_EACH_BLOCK(f, b) {
			uint32_t from = f->bb.p[b].preds.n == 1 ? f->bb.p[b].preds.p[0] : 0;
			if (!h->block[b] && (h->block[f->bb.p[b].idom] || (f->bb.p[b].preds.n == 1 && asks(h, from))))
				h->block[b] = more = true;
		}
	}
}

/* Is the index of two pointers the same? */
static bool is_beside(const gj_fn *f, gj_ref p, gj_ref q)
{
	int64_t here, there;
	const gj_op *a = gj_o(f, p), *b = gj_o(f, q);
	if (a->op != GJ_ELEM || b->op != GJ_ELEM)
		return false;
	gj_ref i = without(f, a->arg[1], &here), k = without(f, b->arg[1], &there);
	return here == there && is_same(f, i, k, 0);
}

/* May it be seen which of the rounds that meet in an item comes first? Not if all that hangs on the item is that rounds write there, or at
 * that place of another array, what is the same in all of them. */
static bool is_seen(const hangs *h)
{
	const gj_fn *f = h->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_FCALL && h->block[b])
			return true;
		if (o->op != GJ_STORE)
			continue;
		bool told = h->value[o->arg[1]] && (o->loc || !gj_is_bool(gj_o(f, o->arg[1])->type));     /* `any` of the rounds is a flag */
		bool same = gj_o(f, o->arg[1])->shape == GJ_UNIFORM && is_beside(f, o->arg[0], gj_o(f, h->load)->arg[0]);
		if (told || h->value[o->arg[0]] || (h->block[b] && o->loc && !same))
			return true;
	}
	return false;
}

/* Does a round look at the item that it writes at pointer p, and does what it does hang on that? */
static bool looks(const gj_fn *f, gj_ref p)
{
	GJ_EACH_OP(f, b, r) {
		if (gj_o(f, r)->op != GJ_LOAD || !is_same(f, gj_o(f, r)->arg[0], p, 0))
			continue;
		hangs h = { f, r, gj_new(f->arena, bool, f->op.n), gj_new(f->arena, bool, f->bb.n) };
		spread(&h);
		if (is_seen(&h))
			return true;
	}
	return false;
}

/* -- Races ------------------------------------------------------------------------------------------------------------------- */

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
	case GJ_UNIFORM: return updates || gj_o(f, v)->shape != GJ_UNIFORM || looks(f, p);
	case GJ_VARYING: return (is_found(f, p, 0) && (updates || looks(f, p))) || is_neighbours(f, o->block, p);
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
