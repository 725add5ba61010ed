/* Rounds of a loop over the grid, on the CPU:
 *
 *     for i in range(grid(1), n, gridsize(1)):        i = grid(1) + GRIDROUND
 *         body(i)                              →      if i < n:
 *                                                         body(i)
 *
 * Threads run one after the other there, and a thread that strides through memory by itself touches every page for a few
 * elements; the next one comes through all of them again. Where nothing but the counter goes from one round to the next the kernel
 * becomes that of one round, and a launch runs the first round of all threads, then the second: memory is walked once. Each
 * thread's own operations keep their order. */
#include "opt/opt.h"

enum { MOST_BEFORE = 40 /* ops that each round repeats; most are the same for all threads */ };

typedef struct grid_loop { uint32_t header, leave; gj_ref counter, start, bound; } grid_loop;

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

/* The loop's counter: its header's only phi, which steps through the grid up to a bound. */
static bool find_counter(const gj_fn *f, uint32_t l, grid_loop *g)
{
	uint32_t h = f->loops.p[l].header;
	const gj_bb *bb = &f->bb.p[h];
	const gj_op *phi = gj_o(f, bb->ops.p[0]), *t = gj_terminator(f, h), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	gj_ref next = 0;
	*g = (grid_loop){ .header = h, .counter = bb->ops.p[0] };
	if (!c || gj_count_phis(f, h) != 1 || c->op != GJ_CMP || c->sub != GJ_CMP_LT || c->arg[0] != g->counter)
		return false;
	for (uint32_t i = 0; i < bb->preds.n; i++) {
		gj_ref *of = gj_loop_contains(f, l, f->bb.p[bb->preds.p[i]].loop) ? &next : &g->start;
		if (*of && *of != phi->arg[i])
			return false;
		*of = phi->arg[i];
	}
	const gj_op *step = next ? gj_o(f, next) : NULL;
	if (!step || !g->start || step->op != GJ_ADD || step->arg[0] != g->counter
		|| gj_grid_product(f, gj_o(f, behind_cvt(f, step->arg[1]))) != GJ_NCTAID_X)
		return false;
	g->bound = c->arg[1];
	g->leave = bb->succ[1];
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

/* One loop that is the whole kernel, but for what comes before it and can be repeated. With a loop in it, it has better things to do
 * than to wait for memory. */
static bool find_loop(const gj_fn *f, grid_loop *g)
{
	uint32_t l = 1, before = 0;
	if (f->loops.n != 2 || !find_counter(f, l, g) || !follows_grid(f, g->start)
		|| !is_given(f, g->bound))
		return false;
	if (f->bb.p[g->leave].ops.n != 1 || gj_terminator(f, g->leave)->op != GJ_RETURN || f->bb.p[g->leave].preds.n != 1)
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool inside = gj_loop_contains(f, l, f->bb.p[b].loop);
		before += !inside;
		if (meets(o) || (!inside && b != g->leave && !can_repeat(f, o)) || (inside && o->op == GJ_RETURN))
			return false;
	}
	return before <= MOST_BEFORE;
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
	if (f->entry->args != GJ_ARGS_LEAVES || f->barriers || f->cooperative || f->spins || f->callee.n || !find_loop(f, &g))
		return;
	gj_op *counter = gj_o(f, g.counter);
	end_rounds(f, f->bb.p[g.header].loop, g.header);
	gj_ref round = gj_op_new(f, g.header, GJ_GRIDROUND, counter->type, counter->loc, 0, NULL);
	counter->op = GJ_ADD;
	counter->flags = GJ_NSW;
	counter->nargs = 2;
	counter->arg = gj_memdup(f->arena, ((gj_ref[]){ g.start, round }), 2 * sizeof(gj_ref));
	gj_bb *h = &f->bb.p[g.header];
	gj_push(f->arena, &h->ops, 0);
	for (uint32_t i = h->ops.n - 1; i > 0; i--)
		h->ops.p[i] = h->ops.p[i - 1];
	h->ops.p[0] = round;
	f->round_index = g.counter;
	f->round_bound = g.bound;
	gj_cfg(f);
	gj_simplify_blocks(f);
}
