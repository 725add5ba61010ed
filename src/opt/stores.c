/* A store that a condition overwrites becomes one store of a choice:
 *
 *     tile[i] = 0                               v = 0
 *     if inside:                    →           if inside:
 *         tile[i] = a[j]                            v = a[j]
 *                                               tile[i] = v
 *
 * The first store may stand some such conditions further up, as long as nothing on the way can see it. */
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

static void take_out(gj_fn *f, gj_ref r)
{
	gj_bb *bb = &f->bb.p[gj_o(f, r)->block];
	uint32_t n = 0;
	GJ_EACH_OP_OF(f, gj_o(f, r)->block, other)
		if (other != r)
			bb->ops.p[n++] = other;
	bb->ops.n = n;
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
	take_out(f, first);
	take_out(f, second);
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

bool gj_merge_stores(gj_fn *f)
{
	bool merged = false;
	GJ_EACH_BLOCK(f, b) {
		detour d;
		while (find_detour(f, b, &d) && merge_one(f, &d))
			merged = true;
	}
	return merged;
}
