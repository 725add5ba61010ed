/* Rounds of a loop over the grid, on the CPU:
 *
 *     for i in range(grid(1), n, gridsize(1)):        i = grid(1) + GRIDROUND
 *         body(i)                              →      if i < n:
 *                                                         body(i)
 *
 * Threads run one after the other there, and a thread that strides through memory by itself touches every page for a few
 * elements; the next one comes through all of them again. So the kernel becomes that of one round, and a launch runs the first
 * round of all threads, then the second: memory is walked once. Each thread's own operations keep their order. What goes from one
 * round to the next (a sum) lies in memory of the thread's own between them, and what comes behind the loop is done in a round more,
 * the last, in which no thread is in the loop. */
#include "opt/opt.h"

#include <string.h>

enum {
	MOST_BEFORE = 40,                          /* ops that each round repeats; most are the same for all threads */
	MOST_CARRIED = 4                           /* values that go from one round to the next */
};

typedef struct grid_loop {
	uint32_t header, leave, outside;           /* outside: place of the edge that enters the loop */
	gj_ref counter, start, bound;
	gj_ref carried[MOST_CARRIED]; uint32_t ncarried;   /* phis of the header */
} grid_loop;

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

/* What a launch can do once more in each round: simple arithmetic, and loads of what the kernel does not write. */
static bool can_repeat(const gj_fn *f, const gj_op *o)
{
	if (o->op != GJ_LOAD)
		return (gj_op_is(o, GJ_F_PURE) && o->op != GJ_DIV) || o->op == GJ_JUMP;
	const gj_op *root = gj_root(f, o->arg[0]);
	return root->op == GJ_PARAM && gj_param_alone(f, &f->param.p[root->imm.i]) && !f->param.p[root->imm.i].written;
}

/* What threads do together, or that ends one of them. */
static bool meets(const gj_op *o)
{
	return gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER | GJ_F_LANES) || o->op == GJ_RAISE || o->op == GJ_FCALL
		|| o->op == GJ_LOCALMEM || o->op == GJ_SHAREDMEM || o->op == GJ_WATCH;
}

/* The loop's counter, which steps through the grid up to a bound: all back edges carry the same next value. */
static bool counts(const gj_fn *f, uint32_t l, grid_loop *g)
{
	const gj_bb *bb = &f->bb.p[g->header];
	const gj_op *phi = gj_o(f, g->counter);
	gj_ref next = 0;
	if (phi->op != GJ_PHI || phi->block != g->header)
		return false;
	for (uint32_t i = 0; i < bb->preds.n; i++) {
		bool inside = gj_loop_contains(f, l, f->bb.p[bb->preds.p[i]].loop);
		gj_ref *of = inside ? &next : &g->start;
		if (*of && (!inside || *of != phi->arg[i]))
			return false;
		*of = phi->arg[i];
		g->outside = inside ? g->outside : i;
	}
	const gj_op *step = next ? gj_o(f, next) : NULL;
	return step && g->start && step->op == GJ_ADD && step->arg[0] == g->counter
		&& gj_grid_product(f, gj_o(f, behind_cvt(f, step->arg[1]))) == GJ_NCTAID_X;
}

static bool find_counter(const gj_fn *f, uint32_t l, grid_loop *g)
{
	uint32_t h = f->loops.p[l].header;
	const gj_bb *bb = &f->bb.p[h];
	const gj_op *t = gj_terminator(f, h), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	if (!c || c->op != GJ_CMP || c->sub != GJ_CMP_LT)
		return false;
	*g = (grid_loop){ .header = h, .leave = bb->succ[1], .counter = c->arg[0], .bound = c->arg[1] };
	if (!counts(f, l, g))
		return false;
	GJ_EACH_PHI(f, h, r) {
		if (r == g->counter)
			continue;
		if (g->ncarried == MOST_CARRIED || !gj_is_scalar(gj_o(f, r)->type) || gj_o(f, r)->type->size > 8)
			return false;
		g->carried[g->ncarried++] = r;
	}
	return gj_loop_contains(f, l, f->bb.p[bb->succ[0]].loop) && !gj_loop_contains(f, l, f->bb.p[g->leave].loop);
}

/* Is it the same in all threads and rounds: made of parameters and sizes of the launch? */
static bool is_given(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_SREG)
		return o->imm.i >= GJ_NTID_X && o->imm.i <= GJ_NCTAID_Z;
	bool given = gj_op_is(o, GJ_F_PURE) && o->op != GJ_PHI && o->op != GJ_UNDEF;
	for (uint32_t i = 0; i < o->nargs && given; i++)
		given = is_given(f, o->arg[i]);
	return given;
}

/* Is r grid(1), or something that is as far from it in all threads? Then lane 0 of a vector is the first that counts. */
static bool follows_grid(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, behind_cvt(f, r));
	for (int i = 0; o->op == GJ_ADD && i < 2; i++) {
		const gj_op *tid = gj_o(f, behind_cvt(f, o->arg[i]));
		if (gj_grid_product(f, gj_o(f, behind_cvt(f, o->arg[1 - i]))) == GJ_CTAID_X && tid->op == GJ_SREG && tid->imm.i == GJ_TID_X)
			return true;
	}
	return (o->op == GJ_ADD || o->op == GJ_SUB) && follows_grid(f, o->arg[0]) && is_given(f, o->arg[1]);
}

/* What is computed in the loop and used behind it is only what goes from round to round. */
static bool uses_fit(const gj_fn *f, uint32_t l, const grid_loop *g, const gj_op *o)
{
	for (uint32_t i = 0; i < o->nargs; i++) {
		bool fits = !gj_loop_contains(f, l, f->bb.p[gj_o(f, o->arg[i])->block].loop);
		for (uint32_t k = 0; k < g->ncarried; k++)
			fits |= o->arg[i] == g->carried[k];
		if (!fits)
			return false;
	}
	return true;
}

/* The one loop, with what comes before it, which can be repeated, and behind it. With a loop in it, it has better things to do than
 * to wait for memory. */
static bool find_loop(const gj_fn *f, grid_loop *g)
{
	uint32_t l = 1, before = 0;
	if (f->loops.n != 2 || !find_counter(f, l, g) || !follows_grid(f, g->start) || !is_given(f, g->bound)
		|| f->bb.p[g->leave].preds.n != 1 || gj_has_phis(f, g->leave))
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool inside = gj_loop_contains(f, l, f->bb.p[b].loop), first = !inside && gj_dominates(f, b, g->header);
		before += first;
		if (meets(o) || (first && !can_repeat(f, o)) || (inside && o->op == GJ_RETURN)
			|| (!inside && !first && (!gj_dominates(f, g->leave, b) || !uses_fit(f, l, g, o))))
			return false;
	}
	return before <= MOST_BEFORE;
}

/* -- One round ---------------------------------------------------------------------------------------------------- */

static gj_ref about_round(gj_fn *f, uint32_t b, const gj_type *t, int64_t what)
{
	gj_ref r = gj_emit(f, b, GJ_GRIDROUND, t, 0, 0, NULL);
	gj_o(f, r)->imm.i = what;
	return r;
}

static void become(gj_fn *f, gj_ref phi, gj_opcode op, uint32_t nargs, const gj_ref *arg)
{
	gj_op *o = gj_o(f, phi);
	o->op = (uint16_t)op;
	o->flags = op == GJ_ADD ? GJ_NSW : 0;
	o->nargs = nargs;
	o->arg = gj_memdup(f->arena, arg, nargs * sizeof *arg);
}

static void insert_before_end(gj_fn *f, uint32_t b, gj_ref r)
{
	gj_bb *bb = &f->bb.p[b];
	gj_push(f->arena, &bb->ops, r);
	bb->ops.p[bb->ops.n - 1] = bb->ops.p[bb->ops.n - 2];
	bb->ops.p[bb->ops.n - 2] = r;
}

/* Phis of the header become what the round begins with; what the rounds end with is stored. kept[]: the memory in between. */
static void keep_carried(gj_fn *f, const grid_loop *g, uint32_t l, gj_ref *kept)
{
	uint32_t h = g->header;
	gj_bb was = f->bb.p[h];
	memset(&f->bb.p[h].ops, 0, sizeof f->bb.p[h].ops);
	gj_ref from = about_round(f, h, gj_o(f, g->counter)->type, GJ_ROUND_FROM);
	gj_ref first = about_round(f, h, gj_scalar[GJ_BOOL], GJ_ROUND_FIRST);
	for (uint32_t k = 0; k < g->ncarried; k++) {
		const gj_op *phi = gj_o(f, g->carried[k]);
		gj_ref start = phi->arg[g->outside];
		kept[k] = gj_emit(f, h, GJ_LOCALMEM, gj_ptr_type(phi->type, GJ_LOCAL), phi->loc, 0, NULL);
		gj_o(f, kept[k])->imm.i = 1;
		gj_ref last = gj_emit(f, h, GJ_LOAD, phi->type, phi->loc, 1, &kept[k]);
		for (uint32_t i = 0; i < was.preds.n; i++) {
			gj_ref value[2] = { kept[k], phi->arg[i] };
			if (gj_loop_contains(f, l, f->bb.p[was.preds.p[i]].loop))
				insert_before_end(f, was.preds.p[i], gj_op_new(f, was.preds.p[i], GJ_STORE, NULL, phi->loc, 2, value));
		}
		become(f, g->carried[k], GJ_SELECT, 3, (gj_ref[]){ first, start, last });
	}
	become(f, g->counter, GJ_ADD, 2, (gj_ref[]){ g->start, from });
	for (uint32_t i = 0; i < was.ops.n; i++)
		gj_push(f->arena, &f->bb.p[h].ops, was.ops.p[i]);
}

/* Threads that are not in the loop keep what they have, and go on behind the loop in the last round. */
static void leave_in_last(gj_fn *f, const grid_loop *g, const gj_ref *kept)
{
	uint32_t out = gj_block_new(f), end = gj_block_new(f);
	for (uint32_t k = 0; k < g->ncarried; k++)
		gj_emit(f, out, GJ_STORE, NULL, 0, 2, (gj_ref[]){ kept[k], g->carried[k] });
	gj_ref last = about_round(f, out, gj_scalar[GJ_BOOL], GJ_ROUND_LAST);
	gj_emit(f, out, GJ_BRANCH, NULL, 0, 1, &last);
	gj_emit(f, end, GJ_RETURN, NULL, 0, 0, NULL);
	f->bb.p[g->header].succ[1] = out;
	gj_push(f->arena, &f->bb.p[out].preds, g->header);
	gj_rename_pred(f, g->leave, g->header, out);
	f->bb.p[out].succ[f->bb.p[out].nsucc++] = g->leave;
	gj_link(f, out, end);
	f->round_last = true;
}

/* What led back to the header returns. */
static void end_rounds(gj_fn *f, uint32_t l, uint32_t header)
{
	uint32_t end = gj_block_new(f);
	gj_emit(f, end, GJ_RETURN, NULL, 0, 0, NULL);
	for (uint32_t i = f->bb.p[header].preds.n; i-- > 0;) {
		uint32_t from = f->bb.p[header].preds.p[i];
		if (!gj_loop_contains(f, l, f->bb.p[from].loop))
			continue;
		f->bb.p[from].succ[gj_pred_edge(f, header, i)] = end;
		gj_push(f->arena, &f->bb.p[end].preds, from);
		gj_drop_pred(f, header, i);
	}
}

void gj_split_grid_rounds(gj_fn *f)
{
	grid_loop g;
	gj_ref kept[MOST_CARRIED];
	if (f->entry->args != GJ_ARGS_LEAVES || f->barriers || f->cooperative || f->spins || f->callee.n || !find_loop(f, &g))
		return;
	uint32_t l = f->bb.p[g.header].loop;
	keep_carried(f, &g, l, kept);
	end_rounds(f, l, g.header);
	if (g.ncarried || f->bb.p[g.leave].ops.n > 1)
		leave_in_last(f, &g, kept);
	f->round_index = g.counter;
	f->round_bound = g.bound;
	gj_cfg(f);
	gj_simplify_blocks(f);
}
