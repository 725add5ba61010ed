/* A store that a condition overwrites becomes one store of a choice:
 *
 *     tile[i] = 0                               v = 0
 *     if inside:                    →           if inside:
 *         tile[i] = a[j]                            v = a[j]
 *                                               tile[i] = v
 *
 * The first store may stand some such conditions further up, as long as nothing on the way can see it. Where all ways to a block end with a
 * store to the same place, that is one store there. */
#include "opt/opt.h"

enum { FAR = 64 };                                 /* ops to look back at */

/* `if` without else: block `branch` goes to `then` or past it to `join`, and nothing else leads to these two. */
typedef struct detour { uint32_t branch, then, join; } detour;

static bool find_detour(const gj_fn *f, uint32_t join, detour *d)
{
	const gj_bb *bb = &f->bb.p[join];
	for (uint32_t i = 0; bb->preds.n == 2 && i < 2; i++) {
		uint32_t branch = bb->preds.p[i], then = bb->preds.p[1 - i];
		const gj_bb *t = &f->bb.p[then];
		if (t->nsucc == 1 && t->preds.n == 1 && t->preds.p[0] == branch && f->bb.p[branch].nsucc == 2 && branch != then) {
			*d = (detour){ branch, then, join };
			return true;
		}
	}
	return false;
}

/* May o read or write what p points to, or order accesses to it? */
static bool touches(const gj_fn *f, const gj_op *o, gj_ref p)
{
	if (o->op == GJ_LOAD || o->op == GJ_STORE)
		return !gj_apart(f, p, o->arg[0]);
	return !gj_op_is(o, GJ_F_PURE | GJ_F_TERM) || o->op == GJ_RAISE;
}

/* The store to p that comes last before op `n` of block b, and that nobody between can see; 0: none. */
static gj_ref store_before(const gj_fn *f, uint32_t b, uint32_t n, gj_ref p)
{
	for (int left = FAR;;) {
		const gj_bb *bb = &f->bb.p[b];
		while (n-- > 0 && left-- > 0) {
			gj_ref r = bb->ops.p[n];
			const gj_op *o = gj_o(f, r);
			if (o->op == GJ_STORE && o->arg[0] == p)
				return o->sub ? 0 : r;
			if (touches(f, o, p))
				return 0;
		}
		detour d;
		if (left <= 0 || !find_detour(f, b, &d))
			return 0;
		GJ_EACH_OP_OF(f, d.then, r)
			if (touches(f, gj_o(f, r), p))
				return 0;
		b = d.branch;
		n = f->bb.p[b].ops.n;
	}
}

/* Puts an op behind the phis of block b. */
static void put_first(gj_fn *f, uint32_t b, gj_ref r)
{
	gj_bb *bb = &f->bb.p[b];
	uint32_t at = gj_count_phis(f, b);
	gj_push(f->arena, &bb->ops, r);
	for (uint32_t i = bb->ops.n - 1; i > at; i--)
		bb->ops.p[i] = bb->ops.p[i - 1];
	bb->ops.p[at] = r;
}

static void merge(gj_fn *f, const detour *d, gj_ref first, gj_ref second)
{
	const gj_op *a = gj_o(f, first), *b = gj_o(f, second);
	gj_ref p = a->arg[0], x = a->arg[1], y = b->arg[1], v = x;
	if (x != y) {
		bool then_first = f->bb.p[d->join].preds.p[0] == d->then;
		v = gj_op_new(f, d->join, GJ_PHI, gj_o(f, x)->type, b->loc, 2, then_first ? (gj_ref[]){ y, x } : (gj_ref[]){ x, y });
	}
	gj_ref s = gj_op_new(f, d->join, GJ_STORE, NULL, b->loc, 2, (gj_ref[]){ p, v });
	gj_take_out(f, first);
	gj_take_out(f, second);
	put_first(f, d->join, s);
	if (v != x)
		put_first(f, d->join, v);
}

/* From the end of the detour: what follows a store there must not see it either. */
static bool merge_one(gj_fn *f, const detour *d)
{
	const gj_bb *t = &f->bb.p[d->then];
	for (uint32_t i = t->ops.n; i-- > 0 && t->ops.n - i < FAR;) {
		const gj_op *o = gj_o(f, t->ops.p[i]);
		bool last = o->op == GJ_STORE && !o->sub;
		for (uint32_t k = i + 1; last && k < t->ops.n; k++)
			last = !touches(f, gj_o(f, t->ops.p[k]), o->arg[0]);
		gj_ref p = last ? o->arg[0] : 0;
		for (uint32_t k = 0; last && k < i; k++)
			last = !touches(f, gj_o(f, t->ops.p[k]), p);
		gj_ref first = last ? store_before(f, d->branch, f->bb.p[d->branch].ops.n, p) : 0;
		if (first) {
			merge(f, d, first, t->ops.p[i]);
			return true;
		}
	}
	return false;
}

/* -- On all ways --------------------------------------------------------------------------------------------------------- */

enum { DEEP = 8 };

/* Are the two pointers the same sum of the same numbers? */
static bool same_place(const gj_fn *f, gj_ref p, gj_ref q, int depth)
{
	const gj_op *x = gj_o(f, p), *y = gj_o(f, q);
	if (p == q)
		return true;
	bool same = depth < DEEP && x->op == y->op && x->op != GJ_PHI && gj_op_is(x, GJ_F_PURE) && x->type == y->type && x->sub == y->sub
		&& x->imm.i == y->imm.i && x->nargs == y->nargs;
	for (uint32_t i = 0; i < x->nargs && same; i++)
		same = same_place(f, x->arg[i], y->arg[i], depth + 1);
	return same;
}

/* The same at the end of block b, to which the ways of both lead. */
static gj_ref place_in(gj_fn *f, uint32_t b, gj_ref p, gj_ref q)
{
	if (p == q)
		return p;
	const gj_op *x = gj_o(f, p), *y = gj_o(f, q);
	gj_ref made = gj_op_new(f, b, (gj_opcode)x->op, x->type, x->loc, x->nargs, x->arg);
	gj_op *n = gj_o(f, made);
	n->sub = x->sub;
	n->flags = x->flags & y->flags;
	n->imm = x->imm;
	for (uint32_t i = 0; i < n->nargs; i++)
		n->arg[i] = place_in(f, b, x->arg[i], y->arg[i]);
	gj_push(f->arena, &f->bb.p[b].ops, made);
	return made;
}

/* The last store of block b, which nothing in it can see; 0: there is none. */
static gj_ref last_store(const gj_fn *f, uint32_t b)
{
	const gj_bb *bb = &f->bb.p[b];
	uint32_t k = bb->ops.n;
	while (k-- > 0 && gj_o(f, bb->ops.p[k])->op != GJ_STORE)
		if (bb->ops.n - k > FAR)
			return 0;
	gj_ref r = k < bb->ops.n ? bb->ops.p[k] : 0;
	bool plain = r && !gj_o(f, r)->sub;
	for (uint32_t i = k + 1; plain && i < bb->ops.n; i++)
		plain = !touches(f, gj_o(f, bb->ops.p[i]), gj_o(f, r)->arg[0]);
	return plain ? r : 0;
}

/* Of these blocks those that end with a store to the same place, in take[]: how many. `to`: where they lead; 0: nowhere. */
static uint32_t find_ways(const gj_fn *f, const uint32_t *way, uint32_t nways, uint32_t to, bool *take)
{
	gj_ref first = 0;
	uint32_t n = 0, from = 0;
	for (uint32_t i = 0; i < nways; i++) {
		gj_ref last = f->bb.p[way[i]].nsucc <= 1 ? last_store(f, way[i]) : 0;
		const gj_op *x = gj_o(f, first), *y = gj_o(f, last);
		take[i] = last && (!first || (same_place(f, x->arg[0], y->arg[0], 0) && gj_o(f, x->arg[1])->type == gj_o(f, y->arg[1])->type
			&& gj_dominates(f, to, way[i]) == gj_dominates(f, to, from)));
		if (take[i] && !first) {
			first = last;
			from = way[i];
		}
		n += take[i];
	}
	return n;
}

/* One store in block b for those that all ways to it end with. */
static void merge_ways(gj_fn *f, uint32_t b)
{
	gj_bb *bb = &f->bb.p[b];
	uint32_t n = bb->preds.n, nphis = gj_count_phis(f, b), nrest = bb->ops.n - nphis;
	gj_ref *rest = gj_memdup(f->arena, bb->ops.p + nphis, nrest * sizeof *rest), *value = gj_new(f->arena, gj_ref, n), p = 0;
	uint32_t loc = 0;
	bb->ops.n = nphis;
	for (uint32_t i = 0; i < n; i++) {
		gj_ref last = last_store(f, bb->preds.p[i]), q = gj_o(f, last)->arg[0];
		loc = gj_o(f, last)->loc;
		value[i] = gj_o(f, last)->arg[1];
		p = p ? place_in(f, b, p, q) : q;
		gj_take_out(f, last);
	}
	gj_ref v = gj_op_new(f, b, GJ_PHI, gj_o(f, value[0])->type, loc, n, value);
	gj_emit(f, b, GJ_STORE, NULL, loc, 2, (gj_ref[]){ p, v });
	for (uint32_t i = 0; i < nrest; i++)
		gj_push(f->arena, &f->bb.p[b].ops, rest[i]);
	put_first(f, b, v);
}

/* … for those that some end with, which meet before they come there. */
static bool merge_before(gj_fn *f, uint32_t b)
{
	uint32_t npreds = f->bb.p[b].preds.n;
	bool *take = gj_new(f->arena, bool, npreds + 1);
	if (npreds < 2 || find_ways(f, f->bb.p[b].preds.p, npreds, b, take) < 2)
		return false;
	merge_ways(f, gj_split_edges(f, b, take));
	return true;
}

/* … of those behind which the thread ends. */
static bool merge_at_end(gj_fn *f)
{
	uint32_t n = 0, *way = gj_new(f->arena, uint32_t, f->rpo.n);
	bool *take = gj_new(f->arena, bool, f->rpo.n);
	GJ_EACH_BLOCK(f, b) {
		const gj_op *t = gj_terminator(f, b);
		if (t->op == GJ_RETURN && !t->nargs)
			way[n++] = b;
	}
	if (n < 2 || find_ways(f, way, n, 0, take) < 2)
		return false;
	uint32_t end = gj_block_new(f);
	gj_ref ret = f->bb.p[way[0]].ops.p[f->bb.p[way[0]].ops.n - 1];
	gj_emit(f, end, GJ_RETURN, NULL, gj_o(f, ret)->loc, 0, NULL);
	for (uint32_t i = 0; i < n; i++) {
		if (!take[i])
			continue;
		f->bb.p[way[i]].ops.n--;
		gj_emit(f, way[i], GJ_JUMP, NULL, 0, 0, NULL);
		gj_link(f, way[i], end);
	}
	merge_ways(f, end);
	return true;
}

static bool merge_on_ways(gj_fn *f)
{
	bool merged = merge_at_end(f);
	GJ_EACH_BLOCK(f, b)
		merged |= merge_before(f, b);
	if (merged)
		gj_cfg(f);
	return merged;
}

bool gj_merge_stores(gj_fn *f)
{
	bool merged = merge_on_ways(f);
	GJ_EACH_BLOCK(f, b) {
		detour d;
		while (find_detour(f, b, &d) && merge_one(f, &d))
			merged = true;
	}
	return merged;
}
