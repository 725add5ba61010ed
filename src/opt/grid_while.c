/* Loops over the grid that are written with `while`, on their way to grid_rounds.c. CPython tests once in front of such a loop and then at
 * the end of each round (and at its beginning again behind `continue`):
 *
 *     if start < n:                                    i = start
 *         do:                                          while i < n:
 *             body(i); i += gridsize(1)         →          body(i); i += gridsize(1)
 *         while i < n
 *
 * All of these tests become one, in front of the round, as loops over ranges have it; and it is said with <, whatever it was. */
#include "opt/grid.h"
#include "opt/prange.h"

#include <string.h>

/* What a block's branch asks before it goes on to a certain one: *x < bound, or with `equal` x ≤ bound. */
typedef struct test { gj_ref x, bound; bool equal; } test;

/* A loop that is tested at its end: its first block, the one that it is entered from, the one that it is left for; the counter and how it is
 * tested; the blocks that rounds end with. */
typedef struct tested { uint32_t loop, body, guard, exit; gj_ref counter, bound; bool equal; uint32_t *end, nends; } tested;

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

static bool steps(const gj_fn *f, gj_ref next)
{
	const gj_op *o = gj_o(f, next);
	return o->op == GJ_ADD && gj_grid_product(f, gj_o(f, behind_cvt(f, o->arg[1]))) >= GJ_NCTAID_X;
}

static bool is_step(const gj_fn *f, gj_ref next, gj_ref counter) { return steps(f, next) && gj_o(f, next)->arg[0] == counter; }

/* Does phi r of the first block of loop l step through the grid? */
static bool is_counter(const gj_fn *f, uint32_t l, gj_ref r)
{
	const gj_op *phi = gj_o(f, r);
	const gj_bb *bb = &f->bb.p[phi->block];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (gj_loop_contains(f, l, f->bb.p[bb->preds.p[k]].loop) && !is_step(f, phi->arg[k], r))
			return false;
	return gj_is_int(phi->type) && gj_is_signed(phi->type);
}

/* Does block b lead to block `to` if one number is less than another, or at most that, and elsewhere if not? */
static bool goes_if_less(const gj_fn *f, uint32_t b, uint32_t to, test *t)
{
	const gj_op *end = gj_terminator(f, b), *c = end->op == GJ_BRANCH ? gj_o(f, end->arg[0]) : NULL;
	const uint32_t *succ = f->bb.p[b].succ;
	if (!c || c->op != GJ_CMP || succ[0] == succ[1] || (succ[0] != to && succ[1] != to))
		return false;
	const gj_type *type = gj_o(f, c->arg[0])->type;
	bool yes = succ[0] == to, lt = c->sub == GJ_CMP_LT, le = c->sub == GJ_CMP_LE, gt = c->sub == GJ_CMP_GT, ge = c->sub == GJ_CMP_GE;
	bool turned = yes ? gt || ge : lt || le;
	*t = (test){ c->arg[turned], c->arg[!turned], yes ? le || ge : lt || gt };
	return (lt || le || gt || ge) && gj_is_int(type) && gj_is_signed(type) && gj_o(f, c->arg[1])->type == type;
}

static uint32_t other_way(const gj_fn *f, uint32_t b, uint32_t to) { return f->bb.p[b].succ[f->bb.p[b].succ[0] == to]; }

gj_ref gj_same_number(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r), *from = o->nargs ? gj_o(f, o->arg[0]) : NULL;
	bool ints = o->op == GJ_CVT && gj_is_int(o->type) && gj_is_int(from->type) && gj_is_signed(o->type) == gj_is_signed(from->type);
	return ints && (o->flags & GJ_NSW || o->type->size >= from->type->size) ? gj_same_number(f, o->arg[0]) : r;
}

static bool is_here(const gj_fn *f, gj_ref r, uint32_t b) { return gj_dominates(f, gj_o(f, r)->block, b); }

/* Can it be said with <? A loop may well come to the last of the short numbers, for which there is no number behind the bound. */
static bool can_be_less(const gj_fn *f, const test *t) { return !t->equal || gj_o(f, t->bound)->type->size == 8; }

/* Is loop l tested at its end, and by the same test before it is entered? */
static bool find_tests(const gj_fn *f, uint32_t l, gj_ref counter, tested *t)
{
	const gj_bb *bb = &f->bb.p[gj_o(f, counter)->block];
	test first = { 0 }, now;
	*t = (tested){ .loop = l, .body = gj_o(f, counter)->block, .guard = UINT32_MAX, .exit = UINT32_MAX, .counter = counter };
	t->end = gj_new(f->arena, uint32_t, bb->preds.n);
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t from = bb->preds.p[k];
		bool inside = gj_loop_contains(f, l, f->bb.p[from].loop);
		if (!goes_if_less(f, from, t->body, &now) || (!inside && t->guard != UINT32_MAX))
			return false;
		uint32_t exit = other_way(f, from, t->body);
		if ((t->exit != UINT32_MAX && (t->exit != exit || t->equal != now.equal)) || gj_loop_contains(f, l, f->bb.p[exit].loop))
			return false;
		t->exit = exit;
		t->equal = now.equal;
		if (!inside) {
			t->guard = from;
			first = now;
		} else if (now.x != gj_o(f, counter)->arg[k] || (t->bound && now.bound != t->bound) || !can_be_less(f, &now)) {
			return false;
		} else {
			t->bound = now.bound;
			t->end[t->nends++] = from;
		}
	}
	if (!t->bound || t->guard == UINT32_MAX || gj_same_number(f, first.bound) != gj_same_number(f, t->bound))
		return false;
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == t->guard && gj_same_number(f, gj_o(f, counter)->arg[k]) != gj_same_number(f, first.x))
			return false;
	return is_here(f, t->bound, t->guard);
}

/* The number behind the bound, as a value of block b. The last of all numbers has none behind it: no loop comes so far. */
static gj_ref behind(gj_fn *f, uint32_t b, gj_ref bound, uint32_t loc)
{
	const gj_op *o = gj_o(f, gj_same_number(f, bound)), *one = o->op == GJ_SUB ? gj_o(f, o->arg[1]) : NULL;
	gj_ref n = one ? gj_same_number(f, o->arg[0]) : 0;
	bool exact = n && (o->flags & GJ_NSW || (gj_o(f, n)->op == GJ_PARAM && f->param.p[gj_o(f, n)->imm.i].field == GJ_FIELD_SHAPE));
	if (exact && gj_o(f, n)->type == gj_o(f, bound)->type && one->op == GJ_CONST && one->imm.i == 1)
		return n;
	gj_ref more = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], loc, 2, (gj_ref[]){ bound, gj_int(f, b, gj_o(f, bound)->type, INT64_MAX) });
	gj_o(f, more)->sub = GJ_CMP_LT;
	more = gj_emit(f, b, GJ_CVT, gj_o(f, bound)->type, loc, 1, &more);
	gj_ref next = gj_emit(f, b, GJ_ADD, gj_o(f, bound)->type, loc, 2, (gj_ref[]){ bound, more });
	gj_o(f, next)->flags = GJ_NSW;
	return next;
}

/* Block b goes on with block `yes` if x < bound, else with `no`. Both know it as a predecessor. */
static void set_test(gj_fn *f, uint32_t b, gj_ref x, gj_ref bound, uint32_t yes, uint32_t no, uint32_t loc)
{
	gj_ref less = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], loc, 2, (gj_ref[]){ x, bound });
	gj_o(f, less)->sub = GJ_CMP_LT;
	gj_emit(f, b, GJ_BRANCH, NULL, loc, 1, &less);
	f->bb.p[b].succ[0] = yes;
	f->bb.p[b].succ[1] = no;
	f->bb.p[b].nsucc = 2;
}

static uint32_t drop_end(gj_fn *f, uint32_t b)
{
	uint32_t loc = gj_terminator(f, b)->loc;
	f->bb.p[b].ops.n--;
	f->bb.p[b].nsucc = 0;
	return loc;
}

static void jump(gj_fn *f, uint32_t b, uint32_t to)
{
	gj_emit(f, b, GJ_JUMP, NULL, drop_end(f, b), 0, NULL);
	gj_link(f, b, to);
}

/* The phi of block `head`, which comes behind the guard and the ends of rounds, that is what phi p of block b is where it comes from these. */
static gj_ref joined(gj_fn *f, uint32_t head, uint32_t b, gj_ref p, const tested *t)
{
	gj_ref *arg = gj_new(f->arena, gj_ref, t->nends + 1);
	arg[0] = gj_o(f, p)->arg[gj_pred_index(f, b, head)];
	for (uint32_t k = 0; k < t->nends; k++)
		arg[k + 1] = gj_o(f, p)->arg[gj_pred_index(f, b, t->end[k])];
	GJ_EACH_PHI(f, head, q)
		if (!memcmp(gj_o(f, q)->arg, arg, (t->nends + 1) * sizeof *arg))
			return q;
	gj_ref made = gj_emit(f, head, GJ_PHI, gj_o(f, p)->type, gj_o(f, p)->loc, t->nends + 1, arg);
	gj_o(f, made)->flags = gj_o(f, p)->flags;
	return made;
}

/* Block b, to which rounds ended with a branch, is reached from `head` instead. */
static void reach_from(gj_fn *f, uint32_t head, uint32_t b, const tested *t)
{
	GJ_EACH_PHI(f, b, p) {
		gj_ref value = joined(f, head, b, p, t);
		gj_o(f, p)->arg[gj_pred_index(f, b, head)] = value;
	}
	for (uint32_t k = 0; k < t->nends; k++)
		gj_drop_pred(f, b, gj_pred_index(f, b, t->end[k]));
}

static void test_first(gj_fn *f, const tested *t)
{
	uint32_t head = gj_block_new(f), loc = gj_terminator(f, t->guard)->loc;
	gj_rename_pred(f, t->body, t->guard, head);
	gj_rename_pred(f, t->exit, t->guard, head);
	gj_ref counter = joined(f, head, t->body, t->counter, t);
	reach_from(f, head, t->exit, t);
	reach_from(f, head, t->body, t);
	set_test(f, head, counter, t->equal ? behind(f, head, t->bound, loc) : t->bound, t->body, t->exit, loc);
	jump(f, t->guard, head);
	for (uint32_t k = 0; k < t->nends; k++)
		jump(f, t->end[k], head);
}

/* The loop's test is in its first block already: with <, and a branch that goes on first. True: it was not so. */
static bool say_less(gj_fn *f, uint32_t l, gj_ref counter)
{
	uint32_t b = f->loops.p[l].header, yes = f->bb.p[b].succ[0];
	test t;
	if (f->bb.p[b].nsucc == 2 && !gj_loop_contains(f, l, f->bb.p[yes].loop))
		yes = f->bb.p[b].succ[1];
	const gj_op *end = gj_terminator(f, b);
	if (!goes_if_less(f, b, yes, &t) || t.x != counter || !can_be_less(f, &t) || (gj_o(f, end->arg[0])->sub == GJ_CMP_LT && yes == f->bb.p[b].succ[0]))
		return false;
	uint32_t no = other_way(f, b, yes);
	if (!gj_loop_contains(f, l, f->bb.p[yes].loop) || gj_loop_contains(f, l, f->bb.p[no].loop))
		return false;
	uint32_t loc = drop_end(f, b);
	set_test(f, b, t.x, t.equal ? behind(f, b, t.bound, loc) : t.bound, yes, no, loc);
	return true;
}

/* -- Loops that are tested in front of each round and behind some of them, as `continue` leaves them -------------------------------------- */

/* Is it the same in all rounds of loop l? */
static bool stays(const gj_fn *f, uint32_t l, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	bool same = !gj_loop_contains(f, l, f->bb.p[o->block].loop), made = !same && gj_op_is(o, GJ_F_PURE) && o->op != GJ_PHI;
	for (uint32_t k = 0; k < o->nargs && made; k++)
		made = stays(f, l, o->arg[k]);
	return same || made;
}

/* Is what header h of loop l computes in its own block, but for its phis, the same in all rounds or asked for nowhere else? */
static bool computes_little(const gj_fn *f, uint32_t l, uint32_t h)
{
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs && b != h; k++) {
			gj_ref x = gj_o(f, r)->arg[k];
			if (gj_o(f, x)->block == h && gj_o(f, x)->op != GJ_PHI && !stays(f, l, x))
				return false;
		}
	return true;
}

/* What phi p of header h becomes when block `end` comes back to h instead of going on where h does: what the phis of these two blocks
 * make of it. 0: they do not agree, or something else asks for what it was before. */
static gj_ref goes_round(const gj_fn *f, uint32_t h, uint32_t end, gj_ref p)
{
	const uint32_t *to = f->bb.p[h].succ;
	gj_ref value = 0;
	for (int i = 0; i < 2; i++)
		GJ_EACH_PHI(f, to[i], q) {
			gj_ref w = gj_o(f, q)->arg[gj_pred_index(f, to[i], end)];
			if (gj_o(f, q)->arg[gj_pred_index(f, to[i], h)] != p)
				continue;
			if (value && w != value)
				return 0;
			value = w;
		}
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		for (uint32_t k = 0; k < o->nargs && value && b != h && !(o->op == GJ_PHI && (b == to[0] || b == to[1])); k++)
			if (o->arg[k] == p)
				return 0;
	}
	return value ? value : p;
}

/* What comes from h to a phi of block `to` and is no phi of h's, but differs where `end` comes there: h gets one. */
static void join_others(gj_fn *f, uint32_t h, uint32_t end, uint32_t to)
{
	uint32_t n = f->bb.p[h].preds.n;
	GJ_EACH_PHI(f, to, q) {
		uint32_t at = gj_pred_index(f, to, h);
		gj_ref from = gj_o(f, q)->arg[at];
		if (gj_o(f, from)->block == h || from == gj_o(f, q)->arg[gj_pred_index(f, to, end)])
			continue;
		gj_ref *arg = gj_new(f->arena, gj_ref, n);
		for (uint32_t k = 0; k < n; k++)
			arg[k] = from;
		gj_ref made = gj_op_new(f, h, GJ_PHI, gj_o(f, q)->type, gj_o(f, q)->loc, n, arg);
		gj_push(f->arena, &f->bb.p[h].ops, made);
		gj_ref *ops = f->bb.p[h].ops.p;
		memmove(ops + 1, ops, (f->bb.p[h].ops.n - 1) * sizeof *ops);
		ops[0] = made;
		gj_o(f, q)->arg[at] = made;
	}
}

/* Block `end`, which asks what header h asks before it goes where h goes, leads to h; false: it cannot. */
static bool lead_back(gj_fn *f, uint32_t h, uint32_t end)
{
	uint32_t n = f->bb.p[h].preds.n, to[2] = { f->bb.p[h].succ[0], f->bb.p[h].succ[1] };
	join_others(f, h, end, to[0]);
	join_others(f, h, end, to[1]);
	GJ_EACH_PHI(f, h, p)
		if (!goes_round(f, h, end, p))
			return false;
	GJ_EACH_PHI(f, h, p) {
		gj_ref *arg = gj_new(f->arena, gj_ref, n + 1);
		memcpy(arg, gj_o(f, p)->arg, n * sizeof *arg);
		arg[n] = goes_round(f, h, end, p);
		gj_o(f, p)->arg = arg;
	}
	GJ_EACH_PHI(f, h, p)
		gj_o(f, p)->nargs = n + 1;
	for (int i = 0; i < 2; i++)
		gj_drop_pred(f, to[i], gj_pred_index(f, to[i], end));
	jump(f, end, h);
	return true;
}

static bool is_same_test(const gj_fn *f, uint32_t h, uint32_t end, uint32_t to)
{
	test x, y;
	return end != h && goes_if_less(f, h, to, &x) && goes_if_less(f, end, to, &y) && x.equal == y.equal && gj_o(f, x.x)->op == GJ_PHI
		&& gj_o(f, x.x)->block == h && steps(f, y.x) && goes_round(f, h, end, x.x) == y.x && gj_same_number(f, x.bound) == gj_same_number(f, y.bound)
		&& other_way(f, h, to) == other_way(f, end, to);
}

/* One end of a round less that asks itself whether the loop goes on. */
static bool lead_one_back(gj_fn *f)
{
	for (uint32_t l = 1; l < f->loops.n; l++) {
		uint32_t h = f->loops.p[l].header;
		for (uint32_t i = 0; i < f->bb.p[h].nsucc; i++) {
			uint32_t to = f->bb.p[h].succ[i];
			if (!gj_loop_contains(f, l, f->bb.p[to].loop) || !computes_little(f, l, h))
				continue;
			for (uint32_t k = 0; k < f->bb.p[to].preds.n; k++)
				if (is_same_test(f, h, f->bb.p[to].preds.p[k], to) && lead_back(f, h, f->bb.p[to].preds.p[k]))
					return true;
		}
	}
	return false;
}

static bool test_a_loop_first(gj_fn *f)
{
	for (uint32_t l = 1; l < f->loops.n; l++)
		GJ_EACH_PHI(f, f->loops.p[l].header, r) {
			tested t;
			if (!is_counter(f, l, r))
				continue;
			bool at_end = find_tests(f, l, r, &t);
			if (at_end)
				test_first(f, &t);
			if (at_end || say_less(f, l, r))
				return true;
		}
	return false;
}

static bool changed(gj_fn *f, bool (*change_one)(gj_fn *))
{
	bool any = false;
	for (; change_one(f); any = true)
		gj_cfg(f);
	if (any) {
		gj_simplify_values(f);
		gj_simplify_blocks(f);
		gj_remove_dead(f);
	}
	return any;
}

void gj_test_grid_loops_first(gj_fn *f)
{
	changed(f, lead_one_back);
	changed(f, test_a_loop_first);
}
