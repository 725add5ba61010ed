/* Checks of bounds in a loop are made before it, where that can be. An index that steps with the loop's counter lies within its extent
 * in the first rounds, as far as can be told beforehand: they run as a loop of their own, which checks nothing and which LLVM can unroll.
 * The loop as it was goes on from there, checks each round and reports the first access that fails.
 *
 *     for k in range(n):                   room = extent - a if 0 <= a < extent else 0
 *         check(a + k, extent); …    →     for k in range(min(n, room)): …
 *                                          for k in range(k, n): check(a + k, extent); …
 *
 * Where the number of rounds is a constant the first loop has all of them, and is skipped if `room` is not enough. Where the rounds are the
 * threads of a row (rows.c), those whose indices are not in their extents yet, as `x[i - 1]` of the first one, go before it in a third
 * loop, with their checks. Indices are computed
 * in 64 bits, which may wrap as they themselves may: from one in [0, n) on they move in one direction, by less than 2^63 in all. */
#include "opt/opt.h"

#include <string.h>

enum { MOST_DEPTH = 8, MOST_OPS = 300, MOST_BITS = 63 };

typedef struct loop_plan {
	gj_fn *f;
	const uint8_t *bits;                       /* by op: how many a value has, as range.c counts them */
	uint32_t nops;                             /* ops that were there before any was made */
	uint32_t loop, header, before;             /* a block that leads to the header alone, from outside */
	gj_ref counter, first, step, limit;        /* a phi of the header; counter 0: it has none */
	bool down;
	int way;                                   /* the counter goes less far than 2^way */
	gj_ref start, span;                        /* int64, in `before`: its first value, and how far it goes */
} loop_plan;

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }

/* -- The counter ---------------------------------------------------------------------------------------------------- */

static bool is_outside(const loop_plan *p, gj_ref r)
{
	return !gj_loop_contains(p->f, p->loop, p->f->bb.p[gj_o(p->f, r)->block].loop);
}

/* The operand of phi r that all edges from outside carry, or all those from inside; 0: they differ. */
static gj_ref incoming(const loop_plan *p, gj_ref r, bool inside)
{
	const gj_op *o = gj_o(p->f, r);
	gj_ref one = 0;
	for (uint32_t k = 0; k < o->nargs; k++) {
		if (gj_dominates(p->f, p->header, p->f->bb.p[p->header].preds.p[k]) != inside)
			continue;
		if (one && one != o->arg[k])
			return 0;
		one = o->arg[k];
	}
	return one;
}

/* What was converted to an unsigned type of its size. */
static gj_ref signed_of(const loop_plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r);
	const gj_type *from = o->op == GJ_CVT ? gj_o(p->f, o->arg[0])->type : NULL;
	return from && gj_is_int(from) && gj_is_signed(from) && gj_is_unsigned(o->type) && from->size == o->type->size ? o->arg[0] : r;
}

/* Does the header's test keep phi r below a limit (above: down), and let no other round begin? Gives the limit. `rounds`: it counts from
 * 0 by one, so that the test may be one of unsigned numbers: of a limit from 2^63 on there is no room, as if it were negative. */
static gj_ref limit_of(const loop_plan *p, gj_ref r, bool down, bool rounds)
{
	const gj_bb *h = &p->f->bb.p[p->header];
	const gj_op *t = gj_terminator(p->f, p->header), *c = t->op == GJ_BRANCH ? gj_o(p->f, t->arg[0]) : NULL;
	static const uint8_t swap[] = { GJ_CMP_GT, GJ_CMP_GE, GJ_CMP_EQ, GJ_CMP_NE, GJ_CMP_LT, GJ_CMP_LE };
	static const uint8_t not[] = { GJ_CMP_GE, GJ_CMP_GT, GJ_CMP_NE, GJ_CMP_EQ, GJ_CMP_LE, GJ_CMP_LT };
	if (!c || c->op != GJ_CMP || gj_o(p->f, c->arg[0])->type != gj_o(p->f, c->arg[1])->type)
		return 0;
	gj_ref side[2] = { signed_of(p, c->arg[0]), signed_of(p, c->arg[1]) };
	bool same = side[0] == c->arg[0] && side[1] == c->arg[1];
	if ((side[0] != r && side[1] != r) || gj_o(p->f, side[0])->type != gj_o(p->f, side[1])->type || !(same || rounds))
		return 0;
	bool first = gj_loop_contains(p->f, p->loop, p->f->bb.p[h->succ[0]].loop);
	if (first == gj_loop_contains(p->f, p->loop, p->f->bb.p[h->succ[1]].loop))
		return 0;
	unsigned op = first ? c->sub : not[c->sub];
	op = side[0] == r ? op : swap[op];
	gj_ref limit = side[side[0] == r];
	return op == (down ? GJ_CMP_GT : GJ_CMP_LT) && is_outside(p, limit) ? limit : 0;
}

static void find_counter(loop_plan *p)
{
	const gj_fn *f = p->f;
	GJ_EACH_PHI(f, p->header, r) {
		const gj_op *o = gj_o(f, r);
		gj_ref first, next, limit;
		if (!o->type || !gj_is_int(o->type) || !gj_is_signed(o->type) || r >= p->nops || !(first = incoming(p, r, false)) || !(next = incoming(p, r, true)))
			continue;
		const gj_op *n = gj_o(f, next), *step = n->op == GJ_ADD && n->arg[0] == r ? gj_o(f, n->arg[1]) : NULL, *from = gj_o(f, first);
		if (!step || !is_outside(p, n->arg[1]) || (step->op != GJ_CONST && !(step->flags & GJ_NONNEG)))
			continue;
		bool one = step->op == GJ_CONST && (step->imm.i == 1 || step->imm.i == -1), down = step->op == GJ_CONST && step->imm.i < 0;
		bool rounds = one && !down && from->op == GJ_CONST && !from->imm.i;
		if (!(one || (n->flags & GJ_NSW)) || !(limit = limit_of(p, r, down, rounds)))
			continue;                                                          /* one step from a limit does not wrap */
		if (limit >= p->nops)
			continue;
		p->counter = r, p->first = first, p->step = n->arg[1], p->limit = limit, p->down = down;
		p->way = p->bits[r] > p->bits[limit] ? p->bits[r] : p->bits[limit];
		p->way = p->way < MOST_BITS ? p->way : MOST_BITS;                      /* by least_room */
		return;
	}
}

/* -- Indices -------------------------------------------------------------------------------------------------------- */

/* Is r the same in all rounds? */
static bool is_invariant(const loop_plan *p, gj_ref r, int depth)
{
	const gj_op *o = gj_o(p->f, r);
	if (is_outside(p, r))
		return true;
	if (depth == MOST_DEPTH || o->op == GJ_PHI || gj_is_own(o) || gj_op_flags[o->op] != GJ_F_PURE)
		return false;
	for (uint32_t k = 0; k < o->nargs; k++)
		if (!is_invariant(p, o->arg[k], depth + 1))
			return false;
	return true;
}

/* Bits of a factor: its amount is below 2^bits. */
static int factor_bits(const loop_plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r);
	if (o->op != GJ_CONST)
		return r < p->nops && (o->flags & GJ_NONNEG) ? p->bits[r] : 64;
	uint64_t x = o->imm.i < 0 ? -(uint64_t)o->imm.i : (uint64_t)o->imm.i;
	return x ? 64 - __builtin_clzll(x) : 0;
}

/* How an index moves while the counter moves by one: by `by`, or if that is 0 by less than 2^bits; known false: nobody knows. */
typedef struct slope { bool known; int64_t by; int bits; } slope;

static slope times(const loop_plan *p, slope s, gj_ref factor)
{
	const gj_op *o = gj_o(p->f, factor);
	int64_t by;
	if (o->op == GJ_CONST && s.by && o->imm.i && !__builtin_mul_overflow(s.by, o->imm.i, &by) && by > -INT32_MAX && by < INT32_MAX)
		return (slope){ s.known, by, 0 };
	return (slope){ s.known, 0, (s.by ? 32 : s.bits) + factor_bits(p, factor) };
}

/* Counted from the end where it is negative, which is not looked into: in what is below n and steps away from 0 nothing is negative. */
static bool is_wrapped(const gj_op *o) { return o->op == GJ_SELECT && (o->flags & GJ_WRAP); }

/* Types of 32 bits must not wrap. */
static slope slope_of(const loop_plan *p, gj_ref r, int depth)
{
	const gj_op *o = gj_o(p->f, r);
	slope none = { false, 0, 0 };
	if (r == p->counter)
		return (slope){ true, 1, 0 };
	if (depth == MOST_DEPTH || !o->type || !gj_is_int(o->type) || !gj_is_signed(o->type)
	    || (o->type->size < 8 && !(o->flags & GJ_NSW) && !is_wrapped(o)))
		return none;
	if (is_wrapped(o))
		return slope_of(p, o->arg[2], depth + 1);
	if (o->op == GJ_CVT)
		return gj_is_signed(gj_o(p->f, o->arg[0])->type) ? slope_of(p, o->arg[0], depth + 1) : none;
	if (o->op != GJ_ADD && o->op != GJ_SUB && o->op != GJ_MUL)
		return none;
	bool fixed = is_invariant(p, o->arg[0], 0);
	if (fixed == is_invariant(p, o->arg[1], 0))
		return none;
	slope s = slope_of(p, o->arg[fixed], depth + 1);
	if (o->op == GJ_MUL)
		return times(p, s, o->arg[!fixed]);
	s.by = o->op == GJ_SUB && fixed ? -s.by : s.by;
	return s;
}

static bool can_check(const loop_plan *p, const gj_op *o)
{
	uint32_t n = o->nargs / 2;
	for (uint32_t d = 0; d < n; d++) {
		if (o->sub >> d & 1)
			continue;
		slope s = slope_of(p, o->arg[d], 0);
		bool moves = s.known && (s.by || s.bits + p->way <= MOST_BITS);
		if (!is_invariant(p, o->arg[n + d], 0) || !(moves || is_invariant(p, o->arg[d], 0)))
			return false;
	}
	return true;
}

/* -- Before the loop -------------------------------------------------------------------------------------------------- */

static gj_ref emit(loop_plan *p, gj_opcode op, const gj_type *t, gj_ref x, gj_ref y)
{
	return gj_emit(p->f, p->before, op, t, 0, y ? 2 : 1, (gj_ref[]){ x, y });
}

static gj_ref constant(loop_plan *p, int64_t v)
{
	gj_ref r = gj_emit(p->f, p->before, GJ_CONST, i64(), 0, 0, NULL);
	gj_o(p->f, r)->imm.i = v;
	return r;
}

static gj_ref as(loop_plan *p, gj_ref r, const gj_type *t) { return gj_o(p->f, r)->type == t ? r : emit(p, GJ_CVT, t, r, 0); }

/* A value that is the same in all rounds: computed here, without promises that may hold in the loop alone. */
static gj_ref invariant(loop_plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r);
	gj_ref arg[GJ_MAX_NDIM + 1];
	if (is_outside(p, r))
		return r;
	gj_ref *all = o->nargs <= GJ_MAX_NDIM ? arg : gj_new(p->f->arena, gj_ref, o->nargs);
	for (uint32_t k = 0; k < o->nargs; k++)
		all[k] = invariant(p, o->arg[k]);
	gj_ref made = gj_emit(p->f, p->before, (gj_opcode)o->op, o->type, o->loc, o->nargs, all);
	gj_o(p->f, made)->sub = o->sub;
	gj_o(p->f, made)->imm = o->imm;
	return made;
}

/* Index r, as int64, where the counter is `at`. */
static gj_ref index_at(loop_plan *p, gj_ref r, gj_ref at)
{
	const gj_op *o = gj_o(p->f, r);
	if (r == p->counter)
		return at;
	if (is_invariant(p, r, 0))
		return as(p, invariant(p, r), i64());
	if (o->op == GJ_CVT || is_wrapped(o))
		return index_at(p, o->arg[is_wrapped(o) ? 2 : 0], at);
	gj_ref x = index_at(p, o->arg[0], at);
	return emit(p, (gj_opcode)o->op, i64(), x, index_at(p, o->arg[1], at));
}

/* 0 <= i < n. */
static gj_ref is_within(loop_plan *p, gj_ref i, gj_ref n)
{
	const gj_type *u64 = gj_scalar[GJ_U64];
	gj_ref x = as(p, i, u64), yes = emit(p, GJ_CMP, gj_scalar[GJ_BOOL], x, as(p, n, u64));
	gj_o(p->f, yes)->sub = GJ_CMP_LT;
	return yes;
}

/* How far the counter can move so that index r stays below extent n. */
static gj_ref room_of(loop_plan *p, gj_ref r, gj_ref n)
{
	slope s = slope_of(p, r, 0);
	gj_ref i = index_at(p, r, p->start), holds = is_within(p, i, n), far = p->span;
	int64_t by = p->down ? -s.by : s.by;
	if (!is_invariant(p, r, 0) && !by) {
		gj_ref last = emit(p, GJ_SUB, i64(), p->span, constant(p, 1));
		last = index_at(p, r, emit(p, p->down ? GJ_SUB : GJ_ADD, i64(), p->start, last));
		holds = emit(p, GJ_AND, gj_scalar[GJ_BOOL], holds, is_within(p, last, n));
	} else if (!is_invariant(p, r, 0)) {
		far = by < 0 ? i : emit(p, GJ_SUB, i64(), emit(p, GJ_SUB, i64(), n, i), constant(p, 1));
		far = by == 1 || by == -1 ? far : emit(p, GJ_FLOORDIV, i64(), far, constant(p, by < 0 ? -by : by));
		far = emit(p, GJ_ADD, i64(), far, constant(p, 1));
	}
	return gj_emit(p->f, p->before, GJ_SELECT, i64(), 0, 3, (gj_ref[]){ holds, far, constant(p, 0) });
}

static void measure(loop_plan *p)
{
	gj_ref first = as(p, p->first, i64()), limit = as(p, p->limit, i64());
	p->start = first;
	p->span = p->down ? emit(p, GJ_SUB, i64(), first, emit(p, GJ_MIN, i64(), limit, first))
		: emit(p, GJ_SUB, i64(), emit(p, GJ_MAX, i64(), limit, first), first);
	if (p->down || !(gj_o(p->f, p->counter)->flags & GJ_NONNEG))
		p->span = emit(p, GJ_MAX, i64(), p->span, constant(p, 0));             /* 2^63 and above: no room */
}

static gj_ref least_room(loop_plan *p, const gj_ref *check, uint32_t nchecks)
{
	measure(p);
	gj_ref least = p->span;
	for (uint32_t k = 0; k < nchecks; k++) {
		const gj_op *o = gj_o(p->f, check[k]);
		for (uint32_t d = 0, n = o->nargs / 2; d < n; d++)
			if (!(o->sub >> d & 1))
				least = emit(p, GJ_MIN, i64(), least, room_of(p, o->arg[d], as(p, invariant(p, o->arg[n + d]), i64())));
	}
	return least;
}

/* How far the counter has to move until index r, which steps by a constant, comes into extent n. */
static gj_ref lead_of(loop_plan *p, gj_ref r, gj_ref n, int64_t by)
{
	gj_ref i = index_at(p, r, p->start), zero = constant(p, 0);
	gj_ref far = by > 0 ? emit(p, GJ_SUB, i64(), zero, i) : emit(p, GJ_SUB, i64(), i, emit(p, GJ_SUB, i64(), n, constant(p, 1)));
	by = by < 0 ? -by : by;
	if (by > 1)
		far = emit(p, GJ_FLOORDIV, i64(), emit(p, GJ_ADD, i64(), far, constant(p, by - 1)), constant(p, by));
	return far;
}

/* A block of its own in front of the header. */
static uint32_t before_header(gj_fn *f, uint32_t h)
{
	const gj_bb *bb = &f->bb.p[h];
	bool *take = gj_new(f->arena, bool, bb->preds.n);
	for (uint32_t k = 0; k < bb->preds.n; k++)
		take[k] = !gj_dominates(f, h, bb->preds.p[k]);
	return gj_split_edges(f, h, take);
}

/* -- Two loops -------------------------------------------------------------------------------------------------------- */

static bool in_loop(const loop_plan *p, uint32_t b) { return gj_loop_contains(p->f, p->loop, p->f->bb.p[b].loop); }

/* Is a value of the loop used behind it, other than by phis that take it from an edge out of the loop? */
static bool escapes(const loop_plan *p)
{
	const gj_fn *f = p->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		for (uint32_t k = 0; !in_loop(p, b) && k < o->nargs; k++)
			if (!is_outside(p, o->arg[k]) && (o->op != GJ_PHI || !in_loop(p, f->bb.p[b].preds.p[k])))
				return true;
	}
	return false;
}

/* Can there be two of the loop: it is small, no threads meet in it, and what is used behind it leaves through the header. */
static bool can_copy(const loop_plan *p)
{
	const gj_fn *f = p->f;
	uint32_t n = 0;
	bool leaves = false;
	GJ_EACH_OP(f, b, r) {
		if (!in_loop(p, b))
			continue;
		if (++n > MOST_OPS || gj_op_is(gj_o(f, r), GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_LANES))
			return false;
		for (uint32_t k = 0; b != p->header && k < f->bb.p[b].nsucc; k++)
			leaves |= !in_loop(p, f->bb.p[b].succ[k]);
	}
	return !leaves || !escapes(p);
}

/* A copy of op r of the loop in block b, to be given operands; none of a check that is not needed. */
static gj_ref copy_op(gj_fn *f, uint32_t b, gj_ref r, const bool *is_safe)
{
	const gj_op *o = gj_o(f, r);
	bool none = is_safe[r] && o->op == GJ_BOUNDS;
	gj_ref made = gj_op_new(f, b, none ? GJ_NOP : (gj_opcode)o->op, o->type, o->loc, none ? 0 : o->nargs, o->arg);
	gj_op *n = gj_o(f, made);
	o = gj_o(f, r);
	n->sub = none ? 0 : o->sub;
	n->flags = o->flags;
	n->imm = o->imm;
	gj_push(f->arena, &f->bb.p[b].ops, made);
	return made;
}

static void add_edge(gj_fn *f, uint32_t from, uint32_t to, uint32_t like, const gj_ref *map)
{
	gj_push(f->arena, &f->bb.p[to].preds, from);
	GJ_EACH_PHI(f, to, r) {
		gj_op *o = gj_o(f, r);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1), x = like == UINT32_MAX ? r : o->arg[like];
		memcpy(arg, o->arg, o->nargs * sizeof *arg);
		arg[o->nargs++] = map[x] ? map[x] : x;
		o->arg = arg;
	}
}

/* Edges of the copy of block b. Those that leave the loop bring their phis' operands along; the header's leads to the loop as it was, with
 * what its phis have come to. */
static void copy_edges(const loop_plan *p, uint32_t b, const uint32_t *to, const gj_ref *map)
{
	gj_fn *f = p->f;
	for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++) {
		uint32_t from = f->bb.p[b].preds.p[k];
		gj_push(f->arena, &f->bb.p[to[b]].preds, to[from] ? to[from] : from);
	}
	for (uint32_t k = 0; k < f->bb.p[b].nsucc; k++) {
		uint32_t s = f->bb.p[b].succ[k], like = to[s] ? 0 : gj_edge_index(f, b, k);
		bool on = !to[s] && b == p->header;
		f->bb.p[to[b]].succ[f->bb.p[to[b]].nsucc++] = to[s] ? to[s] : on ? p->header : s;
		if (!to[s])
			add_edge(f, to[b], on ? p->header : s, on ? UINT32_MAX : like, map);
	}
}

/* A loop without these checks, from which the one that was there goes on; returns its header. */
static uint32_t copy_loop(const loop_plan *p, const bool *is_safe, gj_ref *map)
{
	GJ_VEC(gj_ref) made = { 0 };
	gj_fn *f = p->f;
	uint32_t n = f->bb.n, nops = f->op.n;
	uint32_t *to = gj_new(f->arena, uint32_t, n);
	GJ_EACH_BLOCK(f, b)
		if (in_loop(p, b))
			to[b] = gj_block_new(f);
	GJ_EACH_BLOCK(f, b)
		GJ_EACH_OP_OF(f, b, r)
			if (to[b]) {
				map[r] = copy_op(f, to[b], r, is_safe);
				gj_push(f->arena, &made, map[r]);
			}
	for (gj_ref r = 1; r < nops; r++)
		if (is_safe[r] && is_wrapped(gj_o(f, r)))
			map[r] = map[gj_o(f, r)->arg[2]] ? map[gj_o(f, r)->arg[2]] : gj_o(f, r)->arg[2];
	for (uint32_t i = 0; i < made.n; i++) {
		gj_op *o = gj_o(f, made.p[i]);
		for (uint32_t k = 0; k < o->nargs; k++)
			o->arg[k] = map[o->arg[k]] ? map[o->arg[k]] : o->arg[k];
	}
	GJ_EACH_BLOCK(f, b)
		if (to[b] && b != p->header)
			copy_edges(p, b, to, map);
	copy_edges(p, p->header, to, map);
	return to[p->header];
}

/* A loop that checks runs seldom and briefly. */
static void keep_rolled(gj_fn *f, uint32_t header)
{
	const gj_bb *h = &f->bb.p[header];
	for (uint32_t k = 0; k < h->preds.n; k++) {
		gj_op *t = gj_terminator(f, h->preds.p[k]);
		if (gj_dominates(f, header, h->preds.p[k]) && (t->op == GJ_JUMP || t->op == GJ_BRANCH))
			t->sub = GJ_ROLLED;
	}
}

/* The copy's test: its counter goes less far than `room`. */
static void set_limit(loop_plan *p, uint32_t header, gj_ref counter, gj_ref limit)
{
	gj_fn *f = p->f;
	gj_op *t = gj_terminator(f, header);
	gj_ref test = gj_op_new(f, header, GJ_CMP, gj_scalar[GJ_BOOL], t->loc, 2, (gj_ref[]){ counter, limit });
	gj_o(f, test)->sub = p->down ? GJ_CMP_GT : GJ_CMP_LT;
	if (!in_loop(p, f->bb.p[p->header].succ[0]))
		gj_o(f, test)->sub = p->down ? GJ_CMP_LE : GJ_CMP_GE;
	gj_ref last = f->bb.p[header].ops.p[--f->bb.p[header].ops.n];
	gj_push(f->arena, &f->bb.p[header].ops, test);
	gj_push(f->arena, &f->bb.p[header].ops, last);
	t->arg[0] = test;
}

/* Is it known how far the counter moves until the last round? */
static bool constant_way(const loop_plan *p, int64_t *far)
{
	const gj_op *first = gj_o(p->f, p->first), *limit = gj_o(p->f, p->limit), *step = gj_o(p->f, p->step);
	if (first->op != GJ_CONST || limit->op != GJ_CONST || step->op != GJ_CONST || !step->imm.i)
		return false;
	int64_t span = p->down ? first->imm.i - limit->imm.i : limit->imm.i - first->imm.i, by = p->down ? -step->imm.i : step->imm.i;
	*far = span > 0 ? (span - 1) / by * by : 0;
	return true;
}

/* Marks a check, and the indices that need not be counted from the end where it holds. */
static void mark_safe(const loop_plan *p, const gj_op *o, bool *is_safe, gj_ref check)
{
	is_safe[check] = true;
	for (uint32_t d = 0; d < o->nargs / 2; d++) {
		gj_ref r = o->arg[d];
		while (gj_o(p->f, r)->op == GJ_CVT)
			r = gj_o(p->f, r)->arg[0];
		is_safe[r] |= !(o->sub >> d & 1) && !is_invariant(p, r, 0);
	}
}

static void split(loop_plan *p, const gj_ref *check, uint32_t n)
{
	gj_fn *f = p->f;
	int64_t far;
	bool whole = constant_way(p, &far);
	p->before = before_header(f, p->header);
	f->bb.p[p->before].ops.n--;                                                /* its jump */
	gj_ref room = least_room(p, check, n), enough = 0, limit = 0;
	if (whole)
		gj_o(f, enough = emit(p, GJ_CMP, gj_scalar[GJ_BOOL], room, constant(p, far)))->sub = GJ_CMP_GT;
	else
		limit = as(p, emit(p, p->down ? GJ_SUB : GJ_ADD, i64(), p->start, room), gj_o(f, p->counter)->type);
	gj_emit(f, p->before, whole ? GJ_BRANCH : GJ_JUMP, NULL, 0, whole, &enough);
	bool *is_safe = gj_new(f->arena, bool, f->op.n);
	for (uint32_t k = 0; k < n; k++)
		mark_safe(p, gj_o(f, check[k]), is_safe, check[k]);
	gj_ref *map = gj_new(f->arena, gj_ref, f->op.n);
	uint32_t first = copy_loop(p, is_safe, map);
	f->bb.p[p->before].succ[0] = first;
	if (whole)
		f->bb.p[p->before].succ[f->bb.p[p->before].nsucc++] = p->header;
	else {
		set_limit(p, first, map[p->counter], limit);
		gj_drop_pred(f, p->header, gj_pred_index(f, p->header, p->before));
	}
	gj_cfg(f);
	keep_rolled(f, p->header);
}

/* A loop of the rounds whose indices are not in their extents yet goes in front, with all checks. */
static void split_lead(loop_plan *p, const gj_ref *check, uint32_t nchecks)
{
	gj_fn *f = p->f;
	p->before = before_header(f, p->header);
	f->bb.p[p->before].ops.n--;                                                /* its jump */
	measure(p);
	gj_ref lead = constant(p, 0);
	for (uint32_t k = 0; k < nchecks; k++) {
		const gj_op *o = gj_o(f, check[k]);
		for (uint32_t d = 0, n = o->nargs / 2; d < n; d++) {
			int64_t by = o->sub >> d & 1 || is_invariant(p, o->arg[d], 0) ? 0 : slope_of(p, o->arg[d], 0).by;
			if (by)
				lead = emit(p, GJ_MAX, i64(), lead, lead_of(p, o->arg[d], as(p, invariant(p, o->arg[n + d]), i64()), by));
		}
	}
	lead = emit(p, GJ_ADD, i64(), p->start, emit(p, GJ_MIN, i64(), lead, p->span));
	lead = as(p, lead, gj_o(f, p->counter)->type);
	gj_emit(f, p->before, GJ_JUMP, NULL, 0, 0, NULL);
	gj_ref *map = gj_new(f->arena, gj_ref, f->op.n);
	uint32_t first = copy_loop(p, gj_new(f->arena, bool, f->op.n), map);
	f->bb.p[p->before].succ[0] = first;
	set_limit(p, first, map[p->counter], lead);
	gj_drop_pred(f, p->header, gj_pred_index(f, p->header, p->before));
	gj_cfg(f);
	keep_rolled(f, first);
	p->loop = f->bb.p[p->header].loop;
	p->first = map[p->counter];
}

/* A loop over the grid, whose rounds threads run in turn (grid_rounds.c): it stays one loop. */
static bool goes_in_turn(const loop_plan *p)
{
	const gj_op *step = p->counter ? gj_o(p->f, p->step) : NULL;
	while (step && step->op == GJ_CVT)
		step = gj_o(p->f, step->arg[0]);
	return step && gj_grid_product(p->f, step) == GJ_NCTAID_X;
}

static bool check_before(loop_plan *p, bool in_turn, bool row)
{
	gj_fn *f = p->f;
	GJ_VEC(gj_ref) checks = { 0 };
	find_counter(p);
	GJ_EACH_OP(f, b, r)
		if (gj_o(f, r)->op == GJ_BOUNDS && f->bb.p[b].loop == p->loop && b != p->header && p->counter && can_check(p, gj_o(f, r)))
			gj_push(f->arena, &checks, r);
	if (!checks.n || (in_turn && goes_in_turn(p)) || !can_copy(p))
		return false;
	if (row)
		split_lead(p, checks.p, checks.n);
	split(p, checks.p, checks.n);
	return true;
}

void gj_check_before_row(gj_fn *f, uint32_t header)
{
	loop_plan p = { .f = f, .bits = gj_bits(f), .nops = f->op.n, .loop = f->bb.p[header].loop, .header = header };
	if (check_before(&p, false, true)) {
		gj_simplify_values(f);
		gj_simplify_blocks(f);
		gj_remove_dead(f);
	}
}

bool gj_check_before_loops(gj_fn *f, bool in_turn)
{
	GJ_VEC(uint32_t) headers = { 0 };
	uint32_t nops = f->op.n;
	bool changed = false, any = false;
	GJ_EACH_OP(f, b, r)
		any |= gj_o(f, r)->op == GJ_BOUNDS && f->bb.p[b].loop;
	if (!any)
		return false;
	const uint8_t *bits = gj_bits(f);
	for (uint32_t l = 1; l < f->loops.n; l++)
		gj_push(f->arena, &headers, f->loops.p[l].header);
	for (uint32_t k = headers.n; k-- > 0;) {                                   /* inner ones first */
		loop_plan p = { .f = f, .bits = bits, .nops = nops, .loop = f->bb.p[headers.p[k]].loop, .header = headers.p[k] };
		changed |= check_before(&p, in_turn, false);
	}
	if (changed) {
		gj_simplify_values(f);
		gj_simplify_blocks(f);
	}
	return changed;
}
