/* Loops over the grid that are written with `while`, on their way to grid_rounds.c. CPython tests once in front of such a loop and then at
 * the end of each round (and at its beginning again behind `continue`):
 *
 *     if start < n:                                    i = start
 *         do:                                          while i < n:
 *             body(i); i += gridsize(1)         →          body(i); i += gridsize(1)
 *         while i < n
 *
 * All of these tests become one, in front of the round, as loops over ranges have it; and it is said with <, whatever it was. */
#include "opt/opt.h"

#include <string.h>

/* A loop that is tested at its end: its first block, the one that it is entered from, the one that it is left for; the counter and its bound;
 * the blocks that rounds end with. */
typedef struct tested { uint32_t loop, body, guard, exit; gj_ref counter, bound; uint32_t *end, nends; } tested;

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

static bool is_step(const gj_fn *f, gj_ref next, gj_ref counter)
{
	const gj_op *o = gj_o(f, next);
	return o->op == GJ_ADD && o->arg[0] == counter && gj_grid_product(f, gj_o(f, behind_cvt(f, o->arg[1]))) == GJ_NCTAID_X;
}

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

/* Does block b lead to block `to` if *x < *bound, and elsewhere if not? */
static bool goes_if_less(const gj_fn *f, uint32_t b, uint32_t to, gj_ref *x, gj_ref *bound)
{
	const gj_op *t = gj_terminator(f, b), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	const uint32_t *succ = f->bb.p[b].succ;
	if (!c || c->op != GJ_CMP || succ[0] == succ[1] || (succ[0] != to && succ[1] != to))
		return false;
	const gj_type *type = gj_o(f, c->arg[0])->type;
	int yes = succ[0] == to, turned = c->sub == GJ_CMP_GT || c->sub == GJ_CMP_LE;
	bool less = yes ? c->sub == GJ_CMP_LT || c->sub == GJ_CMP_GT : c->sub == GJ_CMP_GE || c->sub == GJ_CMP_LE;
	*x = c->arg[turned];
	*bound = c->arg[!turned];
	return less && gj_is_int(type) && gj_is_signed(type) && gj_o(f, c->arg[1])->type == type;
}

static uint32_t other_way(const gj_fn *f, uint32_t b, uint32_t to) { return f->bb.p[b].succ[f->bb.p[b].succ[0] == to]; }

/* The same number, if in other types? */
static gj_ref number_of(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r), *from = o->nargs ? gj_o(f, o->arg[0]) : NULL;
	bool ints = o->op == GJ_CVT && gj_is_int(o->type) && gj_is_int(from->type) && gj_is_signed(o->type) == gj_is_signed(from->type);
	return ints && (o->flags & GJ_NSW || o->type->size >= from->type->size) ? number_of(f, o->arg[0]) : r;
}

static bool is_here(const gj_fn *f, gj_ref r, uint32_t b) { return gj_dominates(f, gj_o(f, r)->block, b); }

/* Is loop l tested at its end, and by the same test before it is entered? */
static bool find_tests(const gj_fn *f, uint32_t l, gj_ref counter, tested *t)
{
	const gj_bb *bb = &f->bb.p[gj_o(f, counter)->block];
	gj_ref x, bound, start = 0, first = 0;
	*t = (tested){ .loop = l, .body = gj_o(f, counter)->block, .guard = UINT32_MAX, .exit = UINT32_MAX, .counter = counter };
	t->end = gj_new(f->arena, uint32_t, bb->preds.n);
	for (uint32_t k = 0; k < bb->preds.n; k++) {
		uint32_t from = bb->preds.p[k];
		bool inside = gj_loop_contains(f, l, f->bb.p[from].loop);
		if (!goes_if_less(f, from, t->body, &x, &bound) || (!inside && t->guard != UINT32_MAX))
			return false;
		uint32_t exit = other_way(f, from, t->body);
		if ((t->exit != UINT32_MAX && t->exit != exit) || gj_loop_contains(f, l, f->bb.p[exit].loop))
			return false;
		t->exit = exit;
		if (!inside) {
			t->guard = from;
			start = x;
			first = bound;
		} else if (x != gj_o(f, counter)->arg[k] || (t->bound && bound != t->bound)) {
			return false;
		} else {
			t->bound = bound;
			t->end[t->nends++] = from;
		}
	}
	if (!t->bound || t->guard == UINT32_MAX || number_of(f, first) != number_of(f, t->bound))
		return false;
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == t->guard && number_of(f, gj_o(f, counter)->arg[k]) != number_of(f, start))
			return false;
	return is_here(f, t->bound, t->guard);
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
	set_test(f, head, counter, t->bound, t->body, t->exit, loc);
	jump(f, t->guard, head);
	for (uint32_t k = 0; k < t->nends; k++)
		jump(f, t->end[k], head);
}

/* The loop's test is in its first block already: with <, and a branch that goes on first. True: it was not so. */
static bool say_less(gj_fn *f, uint32_t l, gj_ref counter)
{
	uint32_t b = f->loops.p[l].header, yes = f->bb.p[b].succ[0];
	gj_ref x, bound;
	if (f->bb.p[b].nsucc == 2 && !gj_loop_contains(f, l, f->bb.p[yes].loop))
		yes = f->bb.p[b].succ[1];
	const gj_op *t = gj_terminator(f, b);
	if (!goes_if_less(f, b, yes, &x, &bound) || x != counter || gj_o(f, t->arg[0])->sub == GJ_CMP_LT)
		return false;
	uint32_t no = other_way(f, b, yes);
	if (!gj_loop_contains(f, l, f->bb.p[yes].loop) || gj_loop_contains(f, l, f->bb.p[no].loop))
		return false;
	uint32_t loc = drop_end(f, b);
	set_test(f, b, x, bound, yes, no, loc);
	return true;
}

static bool test_a_loop_first(gj_fn *f)
{
	for (uint32_t l = 1; l < f->loops.n; l++)
		GJ_EACH_PHI(f, f->loops.p[l].header, r) {
			tested t;
			if (f->loops.p[l].parent || !is_counter(f, l, r))
				continue;
			bool at_end = find_tests(f, l, r, &t);
			if (at_end)
				test_first(f, &t);
			if (at_end || say_less(f, l, r))
				return true;
		}
	return false;
}

void gj_test_grid_loops_first(gj_fn *f)
{
	bool changed = false;
	for (; test_a_loop_first(f); changed = true)
		gj_cfg(f);
	if (!changed)
		return;
	gj_simplify_values(f);
	gj_simplify_blocks(f);
	gj_remove_dead(f);
}
