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
 * the last, in which no thread is in the loop.
 *
 * A kernel that has more to do than such a loop, with barriers, a reduction for one, becomes two: the loop's, of the kind above, which is
 * run for many blocks, and what comes behind it, which is then run for each of them, with what the loop has left in the memory that was
 * kept.
 *
 * Where rounds have nothing to do with each other (independent.c), a launch may give some of them to one thread of the pool and some to
 * another, each a run of memory, as a loop over all of it would be shared out. */
#include "opt/grid.h"
#include "opt/prange.h"

#include <string.h>
#include <stdlib.h>

enum {
	MOST_BEFORE = 40,                          /* ops that each round repeats; most are the same for all threads */
	MOST_CARRIED = 4,                          /* values that go from one round to the next */
	MOST_OFFSET = 1 << 20,
	NEAR = 64
};

typedef struct grid_loop {
	uint32_t loop, header, leave, outside;     /* outside: place of the edge that enters the loop */
	gj_ref counter, start, bound;
	gj_ref carried[MOST_CARRIED]; uint32_t ncarried;   /* phis of the header */
} grid_loop;

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

bool gj_can_repeat(const gj_fn *f, const gj_op *o)
{
	if (o->op != GJ_LOAD)
		return (gj_op_is(o, GJ_F_PURE) && o->op != GJ_DIV) || o->op == GJ_JUMP;
	const gj_op *root = gj_root(f, o->arg[0]);
	return root->op == GJ_PARAM && gj_param_alone(f, &f->param.p[root->imm.i]) && !f->param.p[root->imm.i].written;
}

bool gj_meets(const gj_op *o)
{
	return gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_ORDER | GJ_F_LANES) || o->op == GJ_RAISE || o->op == GJ_FCALL
		|| o->op == GJ_LOCALMEM || o->op == GJ_SHAREDMEM || o->op == GJ_WATCH;
}

static bool is_step(const gj_fn *f, gj_ref next, gj_ref counter)
{
	const gj_op *o = gj_o(f, next);
	return o->op == GJ_ADD && o->arg[0] == counter && gj_grid_product(f, gj_o(f, behind_cvt(f, o->arg[1]))) == GJ_NCTAID_X;
}

/* The loop's counter, which steps through the grid up to a bound: all back edges carry the next value. */
static bool counts(const gj_fn *f, uint32_t l, grid_loop *g)
{
	const gj_bb *bb = &f->bb.p[g->header];
	const gj_op *phi = gj_o(f, g->counter);
	gj_ref next = 0;
	if (phi->op != GJ_PHI || phi->block != g->header)
		return false;
	for (uint32_t i = 0; i < bb->preds.n; i++) {
		bool inside = gj_loop_contains(f, l, f->bb.p[bb->preds.p[i]].loop);
		if (inside ? !is_step(f, phi->arg[i], g->counter) : g->start)
			return false;
		*(inside ? &next : &g->start) = phi->arg[i];
		g->outside = inside ? g->outside : i;
	}
	return next && g->start;
}

static bool find_counter(const gj_fn *f, uint32_t l, grid_loop *g)
{
	uint32_t h = f->loops.p[l].header;
	const gj_bb *bb = &f->bb.p[h];
	const gj_op *t = gj_terminator(f, h), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	if (!c || c->op != GJ_CMP || c->sub != GJ_CMP_LT)
		return false;
	*g = (grid_loop){ .loop = l, .header = h, .leave = bb->succ[1], .counter = c->arg[0], .bound = c->arg[1] };
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
	if (gj_grid_place(f, o) == 0)
		return true;
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

/* Does nothing come behind the loop? */
static bool is_over(const gj_fn *f, const grid_loop *g) { return gj_o(f, f->bb.p[g->leave].ops.p[0])->op == GJ_RETURN; }

/* An access to what is not the thread's or the block's own. */
static bool is_global(const gj_fn *f, const gj_op *o)
{
	const gj_op *root = gj_root(f, o->arg[0]);
	return root->op == GJ_PARAM || root->op == GJ_ADDRESS || root->op == GJ_CONSTMEM;
}

/* May the op stand in a loop, or before one, that threads of many blocks run before any of them goes on? There is nobody to tell of
 * failures then, and shared and local memory is another block's. */
static bool comes_first(const gj_fn *f, const gj_op *o, bool inside)
{
	if (o->op == GJ_SHAREDMEM || o->op == GJ_LOCALMEM)
		return true;
	bool tells = o->op == GJ_BOUNDS || o->op == GJ_REPORT || o->op == GJ_PRINT;
	return !gj_meets(o) && !tells && (!inside || (o->op != GJ_LOAD && o->op != GJ_STORE && o->op != GJ_ATOMIC) || is_global(f, o));
}

/* Loop l, with what comes before it, which can be repeated, and behind it. With a loop in it, it has better things to do than to wait for
 * memory. Where the kernel is more than the loop (`part`), all of that comes behind it. */
static bool find_loop(const gj_fn *f, uint32_t l, bool part, grid_loop *g)
{
	uint32_t before = 0;
	if (gj_has_inner(f, l) || f->loops.p[l].parent || !find_counter(f, l, g) || !follows_grid(f, g->start) || !is_given(f, g->bound)
		|| f->bb.p[g->leave].preds.n != 1 || gj_has_phis(f, g->leave))
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool inside = gj_loop_contains(f, l, f->bb.p[b].loop), first = !inside && gj_dominates(f, b, g->header);
		before += first;
		bool fits = part ? (!first && !inside) || comes_first(f, o, inside) : !gj_meets(o);
		if (!fits || (first && !gj_can_repeat(f, o)) || (inside && o->op == GJ_RETURN)
			|| (!inside && !first && (!gj_dominates(f, g->leave, b) || !uses_fit(f, l, g, o))))
			return false;
	}
	return before <= MOST_BEFORE;
}

/* -- One turn ----------------------------------------------------------------------------------------------------- */

static gj_ref about_round(gj_fn *f, uint32_t b, const gj_type *t, int64_t what)
{
	gj_ref r = gj_emit(f, b, GJ_GRIDROUND, t, 0, 0, NULL);
	gj_o(f, r)->imm.i = what;
	return r;
}

static gj_ref add(gj_fn *f, uint32_t b, gj_ref x, gj_ref y)
{
	gj_ref r = gj_emit(f, b, GJ_ADD, gj_o(f, x)->type, 0, 2, (gj_ref[]){ x, y });
	gj_o(f, r)->flags = GJ_NSW;
	return r;
}

static void branch(gj_fn *f, uint32_t from, gj_ref cond, uint32_t yes, uint32_t no)
{
	gj_emit(f, from, GJ_BRANCH, NULL, 0, 1, &cond);
	gj_link(f, from, yes);
	gj_link(f, from, no);
}

static gj_ref mapped(const gj_ref *map, gj_ref r) { return map[r] ? map[r] : r; }

/* The value of op r, with its operands from map[] (0: they stay), as an op that stands in no block yet. */
static gj_ref copy_op(gj_fn *f, uint32_t b, gj_ref r, const gj_ref *map)
{
	const gj_op *o = gj_o(f, r);
	gj_ref made = gj_op_new(f, b, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg);
	gj_op *n = gj_o(f, made);
	n->sub = o->sub;
	n->flags = o->flags;
	n->imm = o->imm;
	for (uint32_t i = 0; map && i < n->nargs; i++)
		n->arg[i] = mapped(map, o->arg[i]);
	return made;
}

/* What is the same in all rounds, at the end of block b, which the loop is entered from. */
static gj_ref outside_loop(gj_fn *f, uint32_t l, uint32_t b, gj_ref r)
{
	if (!gj_loop_contains(f, l, f->bb.p[gj_o(f, r)->block].loop))
		return r;
	gj_ref made = copy_op(f, b, r, NULL);
	for (uint32_t i = 0; i < gj_o(f, made)->nargs; i++)
		gj_o(f, made)->arg[i] = outside_loop(f, l, b, gj_o(f, r)->arg[i]);
	gj_push(f->arena, &f->bb.p[b].ops, made);
	return made;
}

bool gj_grid_start(const gj_fn *f, gj_ref start, int axis, int64_t *offset)
{
	const gj_op *o = gj_o(f, behind_cvt(f, start));
	*offset = 0;
	while ((o->op == GJ_ADD || o->op == GJ_SUB) && gj_o(f, o->arg[1])->op == GJ_CONST) {
		int64_t x = gj_o(f, o->arg[1])->imm.i;
		if (x < -MOST_OFFSET || x > MOST_OFFSET || *offset < -MOST_OFFSET || *offset > MOST_OFFSET)
			return false;
		*offset += o->op == GJ_ADD ? x : -x;
		o = gj_o(f, behind_cvt(f, o->arg[0]));
	}
	return gj_grid_place(f, o) == axis && gj_is_signed(gj_o(f, start)->type);
}

/* How many rounds of this turn will all threads have? A value of block b. */
static gj_ref whole_rounds(gj_fn *f, uint32_t b, const grid_loop *g, gj_ref bound)
{
	const gj_type *t = gj_scalar[GJ_I64];
	int64_t offset;
	bool known = gj_grid_start(f, g->start, 0, &offset);
	gj_ref end = !known ? gj_int(f, b, t, INT64_MIN / 2) : gj_o(f, bound)->type->size == 8 ? bound : gj_emit(f, b, GJ_CVT, t, 0, 1, &bound);
	if (known && offset)
		end = gj_emit(f, b, GJ_SUB, t, 0, 2, (gj_ref[]){ end, gj_int(f, b, t, offset) });
	gj_ref r = gj_emit(f, b, GJ_GRIDROUND, gj_scalar[GJ_I32], 0, 1, &end);
	gj_o(f, r)->imm.i = GJ_ROUND_WHOLE;
	return r;
}

/* The copied loop counts its rounds: its header goes on while there are fewer than `whole`. `none` is 0. */
static void count_turn(gj_fn *f, uint32_t head, uint32_t from, gj_ref none, gj_ref whole)
{
	const gj_type *t = gj_scalar[GJ_I32];
	uint32_t n = f->bb.p[head].preds.n;
	gj_ref end = f->bb.p[head].ops.p[--f->bb.p[head].ops.n], *arg = gj_new(f->arena, gj_ref, n);
	gj_ref k = gj_op_new(f, head, GJ_PHI, t, 0, n, arg), next = add(f, head, k, gj_int(f, head, t, 1));
	gj_ref more = gj_emit(f, head, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ k, whole });
	gj_o(f, more)->sub = GJ_CMP_LT;
	gj_o(f, end)->arg[0] = more;
	for (uint32_t i = 0; i < n; i++)
		gj_o(f, k)->arg[i] = f->bb.p[head].preds.p[i] == from ? none : next;
	gj_push(f->arena, &f->bb.p[head].ops, end);
	gj_push(f->arena, &f->bb.p[head].ops, end);
	gj_ref *ops = f->bb.p[head].ops.p;
	memmove(ops + 1, ops, (f->bb.p[head].ops.n - 1) * sizeof *ops);
	ops[0] = k;
}

/* Copies the loop: it is entered from block `from`, and left for block `to`. map[]: values of the copy. Returns its header. */
static uint32_t copy_loop(gj_fn *f, const grid_loop *g, uint32_t from, uint32_t to, gj_ref *map)
{
	uint32_t nblocks = f->bb.n, *made = gj_new(f->arena, uint32_t, nblocks);
	for (uint32_t b = 0; b < nblocks; b++)
		if (f->bb.p[b].rpo != UINT32_MAX && gj_loop_contains(f, g->loop, f->bb.p[b].loop))
			made[b] = gj_block_new(f);
	GJ_EACH_BLOCK(f, b) {
		if (!made[b])
			continue;
		GJ_EACH_OP_OF(f, b, r) {
			map[r] = copy_op(f, made[b], r, map);
			gj_push(f->arena, &f->bb.p[made[b]].ops, map[r]);
		}
		for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++)
			gj_push(f->arena, &f->bb.p[made[b]].preds, made[f->bb.p[b].preds.p[i]] ? made[f->bb.p[b].preds.p[i]] : from);
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++) {
			gj_bb *n = &f->bb.p[made[b]];
			n->succ[n->nsucc++] = made[f->bb.p[b].succ[i]] ? made[f->bb.p[b].succ[i]] : to;
		}
	}
	GJ_EACH_BLOCK(f, b) {
		if (!made[b])
			continue;
		GJ_EACH_PHI(f, b, r)
			for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
				gj_o(f, map[r])->arg[k] = mapped(map, gj_o(f, r)->arg[k]);
	}
	gj_push(f->arena, &f->bb.p[to].preds, made[g->header]);
	return made[g->header];
}

/* The same for rounds that all threads have: it is left after `whole` of them, whatever its counter says. */
static uint32_t copy_turn(gj_fn *f, const grid_loop *g, uint32_t from, gj_ref none, gj_ref whole, uint32_t to, gj_ref *map)
{
	uint32_t head = copy_loop(f, g, from, to, map);
	count_turn(f, head, from, none, whole);
	return head;
}

/* -- The kernel of one turn --------------------------------------------------------------------------------------------- */

static uint32_t returning(gj_fn *f)
{
	uint32_t b = gj_block_new(f);
	gj_emit(f, b, GJ_RETURN, NULL, 0, 0, NULL);
	return b;
}

/* Block b, which returns, keeps these values before. */
static void keep(gj_fn *f, uint32_t b, const grid_loop *g, const gj_ref *kept, const gj_ref *value)
{
	gj_ref end = f->bb.p[b].ops.p[--f->bb.p[b].ops.n];
	for (uint32_t k = 0; k < g->ncarried; k++)
		gj_emit(f, b, GJ_STORE, NULL, 0, 2, (gj_ref[]){ kept[k], value[k] });
	gj_push(f->arena, &f->bb.p[b].ops, end);
}

/* Behind the loop carried values are called value[]. */
static void name_behind(gj_fn *f, const grid_loop *g, const gj_ref *value)
{
	GJ_EACH_OP(f, b, r)
		for (uint32_t i = 0; gj_dominates(f, g->leave, b) && i < gj_o(f, r)->nargs; i++)
			for (uint32_t k = 0; k < g->ncarried; k++)
				if (gj_o(f, r)->arg[i] == g->carried[k])
					gj_o(f, r)->arg[i] = value[k];
}

/* What comes behind the loop begins with block `from`, where carried values come from memory. */
static void read_kept(gj_fn *f, const grid_loop *g, uint32_t from, const gj_ref *kept)
{
	gj_ref value[MOST_CARRIED];
	for (uint32_t k = 0; k < g->ncarried; k++)
		value[k] = gj_emit(f, from, GJ_LOAD, gj_o(f, g->carried[k])->type, 0, 1, &kept[k]);
	gj_emit(f, from, GJ_JUMP, NULL, 0, 0, NULL);
	f->bb.p[from].succ[f->bb.p[from].nsucc++] = g->leave;
	gj_rename_pred(f, g->leave, g->header, from);
	name_behind(f, g, value);
}

/* What led back to the header returns. */
static void end_rounds(gj_fn *f, const grid_loop *g)
{
	uint32_t end = returning(f);
	for (uint32_t i = f->bb.p[g->header].preds.n; i-- > 0;) {
		uint32_t from = f->bb.p[g->header].preds.p[i];
		if (!gj_loop_contains(f, g->loop, f->bb.p[from].loop))
			continue;
		f->bb.p[from].succ[gj_pred_edge(f, g->header, i)] = end;
		gj_push(f->arena, &f->bb.p[end].preds, from);
		gj_drop_pred(f, g->header, i);
	}
}

/* The last round, which some threads have: what led back to the header leads to block `out` too, as what leaves the loop does. value[]: what
 * carried values are there. */
static void end_with(gj_fn *f, const grid_loop *g, uint32_t out, gj_ref *value)
{
	uint32_t n = 1, npreds = f->bb.p[g->header].preds.n;
	gj_ref *arg[MOST_CARRIED];
	for (uint32_t k = 0; k < g->ncarried; k++) {
		arg[k] = gj_new(f->arena, gj_ref, npreds + 1);
		arg[k][0] = g->carried[k];
	}
	for (uint32_t i = npreds; i-- > 0;) {
		uint32_t from = f->bb.p[g->header].preds.p[i];
		if (!gj_loop_contains(f, g->loop, f->bb.p[from].loop))
			continue;
		for (uint32_t k = 0; k < g->ncarried; k++)
			arg[k][n] = gj_o(f, g->carried[k])->arg[i];
		f->bb.p[from].succ[gj_pred_edge(f, g->header, i)] = out;
		gj_push(f->arena, &f->bb.p[out].preds, from);
		gj_drop_pred(f, g->header, i);
		n++;
	}
	for (uint32_t k = 0; k < g->ncarried; k++)
		value[k] = gj_op_new(f, out, GJ_PHI, gj_o(f, g->carried[k])->type, gj_o(f, g->carried[k])->loc, n, arg[k]);
	gj_ref end = f->bb.p[out].ops.p[--f->bb.p[out].ops.n];
	for (uint32_t k = 0; k < g->ncarried; k++)
		gj_push(f->arena, &f->bb.p[out].ops, value[k]);
	gj_push(f->arena, &f->bb.p[out].ops, end);
}

/* A block between what comes before the loop and its header, which has no end yet: the header's last predecessor. */
static uint32_t enter_by(gj_fn *f, const grid_loop *g)
{
	bool *enters = gj_new(f->arena, bool, f->bb.p[g->header].preds.n);
	enters[g->outside] = true;
	uint32_t b = gj_split_edges(f, g->header, enters);
	f->bb.p[b].ops.n = f->bb.p[b].nsucc = 0;
	return b;
}

static void set_start(gj_fn *f, const grid_loop *g, gj_ref phi, gj_ref start) { gj_o(f, phi)->arg[f->bb.p[g->header].preds.n - 1] = start; }

/* What is carried into a turn, which block `turn` begins: in the first what it is before the loop, then what memory has. Returns the block that
 * goes on, from which the header is entered. */
static uint32_t take_up(gj_fn *f, const grid_loop *g, uint32_t turn, const gj_ref *kept)
{
	uint32_t again = gj_block_new(f), join = gj_block_new(f), enters = f->bb.p[g->header].preds.n - 1;
	branch(f, turn, about_round(f, turn, gj_scalar[GJ_BOOL], GJ_ROUND_FIRST), join, again);
	gj_ref value[MOST_CARRIED];
	for (uint32_t k = 0; k < g->ncarried; k++)
		value[k] = gj_emit(f, again, GJ_LOAD, gj_o(f, g->carried[k])->type, gj_o(f, g->carried[k])->loc, 1, &kept[k]);
	gj_emit(f, again, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, again, join);
	for (uint32_t k = 0; k < g->ncarried; k++) {
		const gj_op *phi = gj_o(f, g->carried[k]);
		set_start(f, g, g->carried[k], gj_emit(f, join, GJ_PHI, phi->type, phi->loc, 2, (gj_ref[]){ phi->arg[enters], value[k] }));
	}
	gj_rename_pred(f, g->header, turn, join);
	return join;
}

/* A turn of several rounds: carried values come from memory, and go back when it is over. Rounds that all threads have are a loop of
 * their own, in which no thread is ever missing; where there are none left, the loop runs to its end, which is one round more at most if it
 * is known where it starts. Returns the block from which that is entered. */
static uint32_t carry(gj_fn *f, const grid_loop *g, uint32_t turn, const gj_ref *kept, gj_ref whole)
{
	gj_ref value[MOST_CARRIED], none = gj_int(f, turn, gj_scalar[GJ_I32], 0);
	turn = take_up(f, g, turn, kept);
	uint32_t out = returning(f);
	gj_ref *map = gj_new(f->arena, gj_ref, f->op.n);
	uint32_t copy = copy_turn(f, g, turn, none, whole, out, map);
	for (uint32_t k = 0; k < g->ncarried; k++)
		value[k] = map[g->carried[k]];
	keep(f, out, g, kept, value);
	gj_ref any = gj_emit(f, turn, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ whole, none });
	gj_o(f, any)->sub = GJ_CMP_GT;
	gj_emit(f, turn, GJ_BRANCH, NULL, 0, 1, &any);
	f->bb.p[turn].succ[f->bb.p[turn].nsucc++] = copy;
	return turn;
}

/* Memory of carried values. */
static void keep_memory(gj_fn *f, const grid_loop *g, uint32_t b, gj_ref *kept)
{
	for (uint32_t k = 0; k < g->ncarried; k++) {
		const gj_op *phi = gj_o(f, g->carried[k]);
		kept[k] = gj_emit(f, b, GJ_LOCALMEM, gj_ptr_type(phi->type, GJ_LOCAL), phi->loc, 0, NULL);
		gj_o(f, kept[k])->imm.i = 1;
		gj_o(f, kept[k])->sub = (uint8_t)(k + 1);
	}
	f->kept = g->ncarried;
}

/* The kernel becomes that of a turn; without a round behind the last one where it is a part, for which nothing comes behind its loop. */
static void split(gj_fn *f, const grid_loop *g, bool part)
{
	gj_ref kept[MOST_CARRIED];
	uint32_t gate = enter_by(f, g), turn = gate, out = returning(f);
	gj_ref bound = outside_loop(f, g->loop, gate, g->bound);
	gj_ref counter = add(f, gate, g->start, about_round(f, gate, gj_o(f, g->counter)->type, GJ_ROUND_FROM));
	if (gj_o(f, counter)->type->size == 8)     /* no thread gets so far that it wraps */
		gj_o(f, counter)->flags |= gj_o(f, g->start)->flags & GJ_NONNEG;
	set_start(f, g, g->counter, counter);
	f->round_last = !part && (g->ncarried || !is_over(f, g));
	f->round_turns = g->ncarried;
	f->round_index = counter;
	f->round_bound = bound;
	keep_memory(f, g, gate, kept);
	gj_ref whole = g->ncarried ? whole_rounds(f, gate, g, bound) : 0;
	if (f->round_last) {
		uint32_t behind = gj_block_new(f);
		turn = gj_block_new(f);
		gj_rename_pred(f, g->header, gate, turn);
		branch(f, gate, about_round(f, gate, gj_scalar[GJ_BOOL], GJ_ROUND_LAST), behind, turn);
		read_kept(f, g, behind, kept);
	} else {
		gj_drop_pred(f, g->leave, 0);
	}
	f->bb.p[g->header].succ[1] = out;
	gj_push(f->arena, &f->bb.p[out].preds, g->header);
	if (g->ncarried) {
		int64_t offset;
		gj_ref value[MOST_CARRIED];
		memcpy(value, g->carried, sizeof value);
		turn = carry(f, g, turn, kept, whole);
		if (gj_grid_start(f, g->start, 0, &offset))
			end_with(f, g, out, value);
		keep(f, out, g, kept, value);
	} else {
		gj_emit(f, turn, GJ_JUMP, NULL, 0, 0, NULL);
		end_rounds(f, g);
	}
	f->bb.p[turn].succ[f->bb.p[turn].nsucc++] = g->header;
}

/* The element that a round goes to: step · counter + offset bytes behind what a parameter points to. */
typedef struct place { gj_ref base; int64_t step, offset; } place;

/* The index is x · k, x + k or x − k. */
static bool combine(place *p, gj_opcode op, int64_t k)
{
	int64_t far;
	if (op == GJ_MUL)
		return k && !__builtin_mul_overflow(p->step, k, &p->step);
	return !__builtin_mul_overflow(p->step, k, &far)
		&& !(op == GJ_ADD ? __builtin_add_overflow(p->offset, far, &p->offset) : __builtin_sub_overflow(p->offset, far, &p->offset));
}

static bool keeps_value(const gj_fn *f, const gj_op *o) { return o->flags & GJ_NSW || o->type->size >= gj_o(f, o->arg[0])->type->size; }

static bool find_place(const gj_fn *f, const grid_loop *g, gj_ref address, place *p)
{
	const gj_op *o = gj_o(f, address);
	if (o->op != GJ_ELEM && o->op != GJ_BYTES)
		return false;
	*p = (place){ o->arg[0], o->op == GJ_ELEM ? (int64_t)o->type->elem->size : 1, 0 };
	for (gj_ref r = o->arg[1]; r != g->counter; r = gj_o(f, r)->arg[0]) {
		const gj_op *x = gj_o(f, r), *by = x->nargs == 2 ? gj_o(f, x->arg[1]) : NULL;
		bool known = (x->op == GJ_MUL || x->op == GJ_ADD || x->op == GJ_SUB) && x->flags & GJ_NSW && by->op == GJ_CONST;
		if (x->op == GJ_CVT ? !keeps_value(f, x) : !known || !combine(p, (gj_opcode)x->op, by->imm.i))
			return false;
	}
	return gj_o(f, p->base)->op == GJ_PARAM && (p->step < 0 ? -p->step : p->step) >= (int64_t)o->type->elem->size;
}

/* Do two rounds never meet, the one through p and the other through q? */
static bool never_meet(const gj_fn *f, const grid_loop *g, gj_ref p, gj_ref q)
{
	place x, y;
	return gj_apart(f, p, q) || (find_place(f, g, p, &x) && find_place(f, g, q, &y) && x.base == y.base && x.step == y.step && x.offset == y.offset);
}

/* What rounds write no other reads or writes, nothing goes from one to the next, and nobody is told of failures, of which a thread has
 * one, its first. */
static bool are_apart(const gj_fn *f, const grid_loop *g)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_BOUNDS || o->op == GJ_REPORT || (gj_op_is(o, GJ_F_WRITE) && o->op != GJ_STORE && gj_loop_contains(f, g->loop, f->bb.p[b].loop)))
			return false;
		if (o->op != GJ_STORE)
			continue;
		GJ_EACH_OP(f, c, q)
			if ((gj_o(f, q)->op == GJ_LOAD || gj_o(f, q)->op == GJ_STORE) && !never_meet(f, g, o->arg[0], gj_o(f, q)->arg[0]))
				return false;
	}
	return !g->ncarried && !f->listens;
}

/* May rounds be run in any order, and at once? Then: 1 + the parameter by which a launch can tell about how many there are; 0: no, or it
 * cannot. The first of those that one thread of the pool runs is computed whether the loop has it or not, so it must not be far out. */
static uint32_t find_free_rounds(const gj_fn *f, const grid_loop *g)
{
	const gj_op *bound = gj_o(f, behind_cvt(f, g->bound));
	int64_t offset;
	if ((bound->op == GJ_ADD || bound->op == GJ_SUB) && gj_o(f, bound->arg[1])->op == GJ_CONST)
		bound = gj_o(f, behind_cvt(f, bound->arg[0]));
	else if (bound->op == GJ_ADD && gj_o(f, behind_cvt(f, bound->arg[1]))->type->kind == GJ_BOOL)      /* ≤ a bound (grid_while.c) */
		bound = gj_o(f, behind_cvt(f, bound->arg[0]));
	if (bound->op != GJ_PARAM || !is_over(f, g) || !gj_grid_start(f, g->start, 0, &offset) || offset < -NEAR || offset > NEAR)
		return 0;
	return are_apart(f, g) ? 1 + (uint32_t)bound->imm.i : 0;
}

/* What comes behind the loop, which has been run. */
static void skip(gj_fn *f, const grid_loop *g)
{
	gj_ref kept[MOST_CARRIED];
	uint32_t gate = enter_by(f, g);
	keep_memory(f, g, gate, kept);
	read_kept(f, g, gate, kept);
	f->bb.p[g->header].nsucc = 1;
	gj_drop_pred(f, g->header, f->bb.p[g->header].preds.n - 1);
}

void gj_grid_tidy(gj_fn *f)
{
	gj_cfg(f);
	gj_simplify_values(f);
	gj_simplify_blocks(f);
	gj_remove_dead(f);
}

/* What comes behind the loop is reached from its header and from block `from`, in which carried values are value[]. */
static void leave_early(gj_fn *f, const grid_loop *g, uint32_t from, const gj_ref *value)
{
	uint32_t meet = gj_block_new(f);
	gj_ref both[MOST_CARRIED];
	for (uint32_t k = 0; k < g->ncarried; k++) {
		const gj_op *phi = gj_o(f, g->carried[k]);
		both[k] = gj_op_new(f, meet, GJ_PHI, phi->type, phi->loc, 2, (gj_ref[]){ g->carried[k], value[k] });
		gj_push(f->arena, &f->bb.p[meet].ops, both[k]);
	}
	gj_emit(f, meet, GJ_JUMP, NULL, 0, 0, NULL);
	f->bb.p[g->header].succ[1] = meet;
	gj_push(f->arena, &f->bb.p[meet].preds, g->header);
	gj_push(f->arena, &f->bb.p[meet].preds, from);
	f->bb.p[from].succ[f->bb.p[from].nsucc++] = meet;
	f->bb.p[meet].succ[f->bb.p[meet].nsucc++] = g->leave;
	gj_rename_pred(f, g->leave, g->header, meet);
	name_behind(f, g, both);
}

/* The back edges of the copied loop lead out of it: with header `copy`, which was entered from `enter`. value[]: what carried values are
 * in block `to` then. */
static void run_once(gj_fn *f, const grid_loop *g, uint32_t copy, uint32_t enter, uint32_t to, const gj_ref *map, gj_ref *value)
{
	gj_ref *arg[MOST_CARRIED];
	uint32_t n = 1;
	for (uint32_t k = 0; k < g->ncarried; k++) {
		arg[k] = gj_new(f->arena, gj_ref, f->bb.p[copy].preds.n + 1);
		arg[k][0] = map[g->carried[k]];
	}
	for (uint32_t i = f->bb.p[copy].preds.n; i-- > 0;) {
		uint32_t from = f->bb.p[copy].preds.p[i];
		if (from == enter)
			continue;
		for (uint32_t k = 0; k < g->ncarried; k++)
			arg[k][n] = gj_o(f, map[g->carried[k]])->arg[i];
		f->bb.p[from].succ[gj_pred_edge(f, copy, i)] = to;
		gj_push(f->arena, &f->bb.p[to].preds, from);
		gj_drop_pred(f, copy, i);
		n++;
	}
	for (uint32_t k = 0; k < g->ncarried; k++) {
		const gj_op *phi = gj_o(f, g->carried[k]);
		value[k] = gj_op_new(f, to, GJ_PHI, phi->type, phi->loc, n, arg[k]);
		gj_push(f->arena, &f->bb.p[to].ops, value[k]);
	}
}

/* Where the launch has a thread for each item along the first dimension of all arrays: has no thread a second round, for sure? */
static bool has_one_round(const gj_fn *f, const grid_loop *g)
{
	const gj_op *bound = gj_o(f, behind_cvt(f, g->bound));
	const gj_fnparam *p = bound->op == GJ_PARAM ? &f->param.p[bound->imm.i] : NULL;
	int64_t offset;
	return p && p->field == GJ_FIELD_SHAPE && !p->dim && gj_grid_start(f, g->start, 0, &offset) && offset >= 0;
}

/* The loop's first round, which should be the only one, comes before it, where there are no masks of a loop; and the loop only where some
 * lane has another. What is counted then does not depend on whether a thread has had its first. */
static void peel(gj_fn *f, const grid_loop *g)
{
	bool once = has_one_round(f, g);
	uint32_t enter = enter_by(f, g), join = gj_block_new(f);
	gj_ref value[MOST_CARRIED], step = gj_o(f, gj_o(f, g->counter)->arg[0])->arg[1];
	gj_ref bound = outside_loop(f, g->loop, enter, g->bound), next = add(f, enter, g->start, outside_loop(f, g->loop, enter, step));
	gj_emit(f, enter, GJ_JUMP, NULL, 0, 0, NULL);
	gj_ref *map = gj_new(f->arena, gj_ref, f->op.n);
	uint32_t copy = copy_loop(f, g, enter, join, map);
	f->bb.p[enter].succ[f->bb.p[enter].nsucc++] = copy;
	run_once(f, g, copy, enter, join, map, value);
	gj_ref more = gj_emit(f, join, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ next, once ? next : bound });
	gj_o(f, more)->sub = GJ_CMP_LT;
	gj_emit(f, join, GJ_BRANCH, NULL, 0, 1, &more);
	f->bb.p[join].succ[f->bb.p[join].nsucc++] = g->header;
	gj_rename_pred(f, g->header, enter, join);
	set_start(f, g, g->counter, next);
	for (uint32_t k = 0; k < g->ncarried; k++)
		set_start(f, g, g->carried[k], value[k]);
	leave_early(f, g, join, value);
	gj_grid_tidy(f);
}

bool gj_is_plain_kernel(const gj_fn *f)
{
	return f->entry->args == GJ_ARGS_LEAVES && f->entry->runner == GJ_RUN_LAUNCH && !f->cooperative && !f->spins && !f->callee.n;
}

void gj_split_grid_rounds(gj_fn *f)
{
	grid_loop g;
	if (!gj_is_plain_kernel(f))
		return;
	gj_test_grid_loops_first(f);
	if (f->barriers || f->loops.n != 2 || !find_loop(f, 1, false, &g))
		return;
	f->free_rounds = find_free_rounds(f, &g);
	split(f, &g, false);
	gj_grid_tidy(f);
}

gj_fn *gj_split_grid_part(gj_fn *f, bool worth)
{
	grid_loop g;
	uint32_t l = 1;
	if (!gj_is_plain_kernel(f) || !f->barriers)
		return NULL;
	while (l < f->loops.n && !find_loop(f, l, true, &g))
		l++;
	f->begins_with_loop = l < f->loops.n;
	if (!f->begins_with_loop)
		return NULL;
	if (!worth) {
		peel(f, &g);
		return NULL;
	}
	gj_fn *whole = gj_fn_copy(f), *part = gj_fn_copy(f);
	part->name = gj_printf(f->arena, "%s_rounds", f->name);
	part->barriers = part->dynamic_shared = false;
	part->shared_bytes = 0;
	split(part, &g, true);
	gj_grid_tidy(part);
	skip(f, &g);
	gj_grid_tidy(f);
	f->part = part;
	return whole;
}
