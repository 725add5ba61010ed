/* Makes of a kernel for one thread the one that a plan says: counters begin at the thread's number and go on by the number of
 * threads, stores are the first thread's, barriers stand around what writes, and reductions end with one of the block. */
#include "lanes/spread.h"
#include "lanes/spread_plan.h"
#include "ir/walk.h"
#include "image/barrier.h"

#include <math.h>
#include <string.h>

/* The entry block stays open for what all others need, until it jumps to `body`. */
typedef struct build {
	const gj_plan *p;
	gj_fn *f;
	uint32_t body, cur, loc;                   /* cur, loc: where ops are made */
	gj_ref thread, threads, block, blocks, first;      /* numbers as int64; first: is it thread 0? */
	uint32_t shared;                           /* where a block's reductions are made */
} build;

typedef struct place { uint32_t header, latch, exit; } place;

static gj_ref emit(build *s, gj_opcode op, const gj_type *t, uint32_t n, const gj_ref *arg) { return gj_emit(s->f, s->cur, op, t, s->loc, n, arg); }
static gj_ref emit2(build *s, gj_opcode op, const gj_type *t, gj_ref a, gj_ref b) { return emit(s, op, t, 2, (gj_ref[]){ a, b }); }

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }

/* A constant, in the entry. */
static gj_ref constant(build *s, const gj_type *t, gj_imm v)
{
	gj_ref r = gj_emit(s->f, 0, GJ_CONST, t, 0, 0, NULL);
	gj_o(s->f, r)->imm.i = gj_imm_canonical(t, v).i;
	return r;
}

static gj_ref integer(build *s, int64_t v) { return constant(s, i64(), (gj_imm){ .i = v }); }

static gj_ref sreg(build *s, gj_sreg which)
{
	gj_ref r = gj_emit(s->f, 0, GJ_SREG, gj_scalar[GJ_I32], 0, 0, NULL), wide;
	gj_o(s->f, r)->imm.i = which;
	wide = gj_emit(s->f, 0, GJ_CVT, i64(), 0, 1, &r);
	gj_o(s->f, wide)->flags = GJ_NONNEG;
	return wide;
}

static void jump(build *s, uint32_t to)
{
	emit(s, GJ_JUMP, NULL, 0, NULL);
	gj_link(s->f, s->cur, to);
}

static void branch(build *s, gj_ref cond, uint32_t yes, uint32_t no)
{
	emit(s, GJ_BRANCH, NULL, 1, &cond);
	gj_link(s->f, s->cur, yes);
	gj_link(s->f, s->cur, no);
}

static gj_ref compare(build *s, gj_cmpop how, gj_ref a, gj_ref b)
{
	gj_ref r = emit2(s, GJ_CMP, gj_scalar[GJ_BOOL], a, b);
	gj_o(s->f, r)->sub = (uint8_t)how;
	return r;
}

static void barrier(build *s)
{
	gj_o(s->f, emit(s, GJ_BARRIER, NULL, 0, NULL))->sub = GJ_BAR_SYNC;
	s->f->barriers = true;
}

/* -- Blocks -------------------------------------------------------------------------------------------------------------------- */

/* What a function begins with stays in the entry; all else moves to s->body. */
static void open_entry(build *s)
{
	gj_fn *f = s->f;
	gj_bb *e = &f->bb.p[0];
	GJ_VEC(gj_ref) early = { 0 }, rest = { 0 };
	for (uint32_t k = 0; k < e->ops.n; k++) {
		gj_ref r = e->ops.p[k];
		if (gj_o(f, r)->op == GJ_PARAM || gj_o(f, r)->op == GJ_CONST)
			gj_push(f->arena, &early, r);
		else
			gj_push(f->arena, &rest, r);
	}
	memcpy(e->ops.p, early.p, early.n * sizeof *early.p);
	if (rest.n)
		memcpy(e->ops.p + early.n, rest.p, rest.n * sizeof *rest.p);
	s->body = gj_split_block(f, 0, early.n);
	if (s->p->lanes) {
		s->thread = sreg(s, GJ_LANEID);
		s->threads = integer(s, s->p->lanes);
		return;
	}
	s->thread = sreg(s, GJ_TID_X);
	s->threads = sreg(s, GJ_NTID_X);
	s->block = sreg(s, GJ_CTAID_X);
	s->blocks = sreg(s, GJ_NCTAID_X);
	s->cur = 0;
	s->first = compare(s, GJ_CMP_EQ, s->thread, integer(s, 0));
}

/* Blocks and threads that have nothing to do end. */
static void close_entry(build *s)
{
	s->cur = 0;
	if (!s->p->alone && !s->p->one_block) {
		jump(s, s->body);
		return;
	}
	gj_ref here = compare(s, GJ_CMP_EQ, s->block, integer(s, 0));
	if (s->p->alone)
		here = emit2(s, GJ_AND, gj_scalar[GJ_BOOL], here, s->first);
	uint32_t end = gj_block_new(s->f);
	gj_emit(s->f, end, GJ_RETURN, NULL, 0, 0, NULL);
	branch(s, here, s->body, end);
}

/* Room for ops before the end of block b: its terminator waits in a new block, which they lead to. */
static void before_end(build *s, uint32_t b)
{
	uint32_t n = gj_split_block(s->f, b, s->f->bb.p[b].ops.n - 1);
	uint32_t here = gj_block_new(s->f);
	s->f->bb.p[here].loop = s->f->bb.p[b].loop;
	s->loc = gj_terminator(s->f, n)->loc;
	s->cur = b;
	jump(s, here);
	s->cur = here;
	gj_link(s->f, here, n);
}

/* … after it: ops were made in s->cur. */
static void done(build *s) { gj_emit(s->f, s->cur, GJ_JUMP, NULL, s->loc, 0, NULL); }

/* -- Loops --------------------------------------------------------------------------------------------------------------------- */

static place place_of(const gj_fn *f, uint32_t l)
{
	const gj_bb *h = &f->bb.p[f->loops.p[l].header];
	bool first = !gj_loop_contains(f, l, f->bb.p[h->succ[0]].loop);
	return (place){ f->loops.p[l].header, f->loops.p[l].latch, h->succ[first ? 0 : 1] };
}

static uint32_t preheader(const gj_fn *f, const place *at)
{
	const gj_bb *h = &f->bb.p[at->header];
	return h->preds.p[h->preds.p[0] == at->latch];
}

/* Round k of thread `number`: k = number, number + all, … */
static void deal_out(build *s, uint32_t l, const place *at, gj_ref number, gj_ref all)
{
	gj_fn *f = s->f;
	const gj_loop_fact *fact = &s->p->fact[l];
	gj_op *phi = gj_o(f, fact->counter);
	uint32_t back = gj_pred_index(f, at->header, at->latch);
	const gj_type *t = phi->type;
	before_end(s, preheader(f, at));
	gj_ref step = constant(s, t, (gj_imm){ .i = fact->step });
	if (t != i64()) {
		number = emit(s, GJ_CVT, t, 1, &number);
		all = emit(s, GJ_CVT, t, 1, &all);
	}
	gj_ref start = emit2(s, GJ_ADD, t, phi->arg[1 - back], emit2(s, GJ_MUL, t, number, step)), by = emit2(s, GJ_MUL, t, all, step);
	done(s);
	gj_ref next = gj_op_new(f, at->latch, GJ_ADD, t, phi->loc, 2, (gj_ref[]){ fact->counter, by });
	gj_bb *latch = &f->bb.p[at->latch];
	gj_ref end = latch->ops.p[latch->ops.n - 1];
	latch->ops.p[latch->ops.n - 1] = next;
	gj_push(f->arena, &latch->ops, end);
	uint8_t exact = gj_is_unsigned(t) ? 0 : GJ_NSW;
	gj_o(f, next)->flags = exact;
	gj_o(f, start)->flags = exact;
	phi->arg[1 - back] = start;
	phi->arg[back] = next;
	if (fact->step < 0)
		phi->flags &= (uint8_t)~GJ_NONNEG;
}

/* -- Stores of the first thread -------------------------------------------------------------------------------------------------- */

static uint32_t place_in_block(const gj_fn *f, gj_ref r)
{
	const gj_bb *bb = &f->bb.p[gj_o(f, r)->block];
	uint32_t k = 0;
	while (bb->ops.p[k] != r)
		k++;
	return k;
}

static void guard(build *s, gj_ref store, bool barriers)
{
	gj_fn *f = s->f;
	uint32_t before = gj_o(f, store)->block, here = gj_split_block(f, before, place_in_block(f, store)), rest = gj_split_block(f, here, 1);
	s->loc = gj_o(f, store)->loc;
	s->cur = before;
	if (barriers)
		barrier(s);
	uint32_t behind = barriers ? gj_block_new(f) : rest;
	branch(s, s->first, here, behind);
	s->cur = here;
	jump(s, behind);
	if (!barriers)
		return;
	f->bb.p[behind].loop = f->bb.p[before].loop;
	s->cur = behind;
	barrier(s);
	jump(s, rest);
}

static void guard_all(build *s, uint32_t l)
{
	uint32_t n;
	const gj_ref *access = gj_loop_accesses(s->f, l, &n);
	for (uint32_t i = 0; i < n; i++)
		if (gj_o(s->f, access[i])->op == GJ_STORE && gj_o(s->f, gj_accessed(s->f, access[i]))->type->space != GJ_LOCAL)
			guard(s, access[i], false);
}

/* -- Reductions of a block ---------------------------------------------------------------------------------------------------------- */

static gj_ref exit_phi(const gj_fn *f, const place *at, gj_ref value)
{
	GJ_EACH_PHI(f, at->exit, r)
		if (gj_o(f, r)->arg[0] == value)
			return r;
	return 0;
}

/* What combines with anything to that; 0: where combining twice does nothing, the start itself will do. */
static gj_ref identity(build *s, gj_opcode op, const gj_type *t)
{
	bool real = gj_is_float(t);
	switch (op) {
	case GJ_ADD: return constant(s, t, real ? (gj_imm){ .f = -0.0 } : (gj_imm){ .i = 0 });
	case GJ_MUL: return constant(s, t, real ? (gj_imm){ .f = 1 } : (gj_imm){ .i = 1 });
	case GJ_XOR: return constant(s, t, (gj_imm){ .i = 0 });
	default:     return 0;
	}
}

/* slot[0] … of the block's threads into slot[0]: half of them take what the other half has, until one is left. */
static void halve(build *s, gj_opcode op, const gj_type *t, gj_ref slot, uint32_t behind)
{
	gj_fn *f = s->f;
	uint32_t head = gj_block_new(f), round = gj_block_new(f), take = gj_block_new(f), meet = gj_block_new(f), from = s->cur;
	gj_ref one = integer(s, 1), half = emit2(s, GJ_SHR, i64(), s->threads, one);
	jump(s, head);
	s->cur = head;
	gj_ref n = emit2(s, GJ_PHI, i64(), half, half);
	branch(s, compare(s, GJ_CMP_GT, n, integer(s, 0)), round, behind);
	s->cur = round;
	branch(s, compare(s, GJ_CMP_LT, s->thread, n), take, meet);
	s->cur = take;
	gj_ref a = emit(s, GJ_LOAD, t, 1, &slot), other = emit2(s, GJ_ELEM, gj_o(f, slot)->type, slot, n), b = emit(s, GJ_LOAD, t, 1, &other);
	emit2(s, GJ_STORE, NULL, slot, emit2(s, op, t, a, b));
	jump(s, meet);
	s->cur = meet;
	barrier(s);
	gj_ref next = emit2(s, GJ_SHR, i64(), n, one);
	jump(s, head);
	gj_o(f, n)->arg[gj_pred_index(f, head, from)] = half;
	gj_o(f, n)->arg[gj_pred_index(f, head, meet)] = next;
}

static void replace(gj_fn *f, gj_ref old, gj_ref by, gj_ref except)
{
	GJ_ALL_BLOCKS(f, b)
		GJ_EACH_OP_OF(f, b, r)
			for (uint32_t k = 0; r != except && k < gj_o(f, r)->nargs; k++)
				if (gj_o(f, r)->arg[k] == old)
					gj_o(f, r)->arg[k] = by;
}

/* Behind the loop, what its threads have of a carried value becomes what one thread would have. */
static void combine(build *s, const place *at, const gj_carry *c)
{
	gj_fn *f = s->f;
	gj_op *phi = gj_o(f, c->phi);
	gj_ref mine = exit_phi(f, at, c->phi), zero = identity(s, c->op, phi->type);
	if (!mine)
		return;
	uint32_t front = 1 - gj_pred_index(f, at->header, at->latch), rest = gj_split_block(f, at->exit, gj_count_phis(f, at->exit)), behind = gj_block_new(f);
	const gj_type *t = phi->type, *ptr = gj_ptr_type(t, GJ_SHARED);
	s->cur = at->exit;
	s->loc = phi->loc;
	gj_ref memory = emit(s, GJ_SHAREDMEM, ptr, 0, NULL);
	gj_o(f, memory)->imm.i = s->shared;
	gj_ref slot = emit2(s, GJ_ELEM, ptr, memory, s->thread), store = emit2(s, GJ_STORE, NULL, slot, mine);
	barrier(s);
	halve(s, c->op, t, slot, behind);
	s->cur = behind;
	gj_ref all = emit(s, GJ_LOAD, t, 1, &memory);
	barrier(s);
	if (zero) {
		gj_ref start = phi->arg[front];
		phi->arg[front] = zero;
		all = emit2(s, c->op, t, start, all);
	}
	jump(s, rest);
	replace(f, mine, all, store);
}

/* -- All of it --------------------------------------------------------------------------------------------------------------------- */

static void set_apart(build *s, const place *at)
{
	before_end(s, preheader(s->f, at));
	barrier(s);
	done(s);
	uint32_t phis = gj_count_phis(s->f, at->exit), rest = gj_split_block(s->f, at->exit, phis);
	s->cur = at->exit;
	barrier(s);
	jump(s, rest);
}

/* Addresses again: nobody asks for indices any more. */
static void drop_marks(gj_fn *f)
{
	GJ_EACH_OP(f, b, r)
		if (gj_o(f, r)->op == GJ_AT)
			replace(f, r, gj_o(f, r)->arg[gj_o(f, r)->nargs - 1], 0);
}

static void build_loop(build *s, uint32_t l, const place *at)
{
	switch (s->p->how[l]) {
	case GJ_HOW_GRID: {
		gj_ref number = gj_emit(s->f, 0, GJ_MUL, i64(), 0, 2, (gj_ref[]){ s->block, s->threads });
		number = gj_emit(s->f, 0, GJ_ADD, i64(), 0, 2, (gj_ref[]){ number, s->thread });
		deal_out(s, l, at, number, gj_emit(s->f, 0, GJ_MUL, i64(), 0, 2, (gj_ref[]){ s->blocks, s->threads }));
		break;
	}
	case GJ_HOW_BLOCKS:
		deal_out(s, l, at, s->block, s->blocks);
		break;
	case GJ_HOW_LANES:
		deal_out(s, l, at, s->thread, s->threads);
		break;
	case GJ_HOW_THREADS:
		deal_out(s, l, at, s->thread, s->threads);
		for (uint32_t i = 0; i < s->p->fact[l].carried.n; i++)
			combine(s, at, &s->p->fact[l].carried.p[i]);
		break;
	case GJ_HOW_ALIKE:
		guard_all(s, l);
		break;
	default:
		break;
	}
}

void gj_spread_build(const gj_plan *p)
{
	gj_fn *f = p->f;
	build s = { .p = p, .f = f, .shared = (f->shared_bytes + 15) & ~15u };
	uint32_t loops = f->loops.n;
	place *at = gj_new(f->arena, place, loops);
	drop_marks(f);
	for (uint32_t l = 1; l < loops; l++)
		at[l] = place_of(f, l);
	open_entry(&s);
	for (uint32_t l = 1; l < loops; l++)
		build_loop(&s, l, &at[l]);
	for (uint32_t i = 0; i < p->events.n; i++) {
		if (!p->events.p[i].loop)
			guard(&s, p->events.p[i].store, p->barriers);
		else if (p->barriers)
			set_apart(&s, &at[p->events.p[i].loop]);
	}
	close_entry(&s);
	if (f->barriers)
		f->shared_bytes = s.shared + GJ_TEAM * 16;
	gj_cfg(f);
}
