/* The body of a loop over prange as an entry of its own. It is called for a chunk of rounds, and loops over them: one after the
 * other, or, with lanes, a vector of rounds at a time, without masks, and once more for those that are left, under one. What the
 * loop's function has computed comes as leaves. A round that fails tells so and is at its end: others of its vector may come before
 * it, and must run. */
#include "opt/prange.h"

#include <string.h>

enum { MOST_TWICE = 200 /* ops: larger bodies stand there once, under a mask */ };

typedef struct maker {
	gj_prange *p;
	gj_fn   *f, *c;                            /* the loop's function, the entry */
	gj_ref  *outer, *inner;                    /* by value of f: what it is in c, for good, in the copy at hand */
	uint32_t *head, *tail;                     /* by block of f: first and last block of the copy at hand */
	GJ_VEC(uint32_t) failed;                   /* blocks of the copy in which a round ends early */
	gj_ref   round;                            /* of the copy at hand */
} maker;

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }
static const gj_type *boolean(void) { return gj_scalar[GJ_BOOL]; }

gj_ref gj_int(gj_fn *f, uint32_t b, const gj_type *t, int64_t x)
{
	gj_ref r = gj_emit(f, b, GJ_CONST, t, 0, 0, NULL);
	gj_o(f, r)->imm.i = x;
	return r;
}

static gj_ref two(gj_fn *f, uint32_t b, gj_opcode op, const gj_type *t, gj_ref x, gj_ref y)
{
	return gj_emit(f, b, op, t, 0, 2, (gj_ref[]){ x, y });
}

static gj_ref number_add(gj_fn *f, uint32_t b, gj_ref x, gj_ref y)
{
	gj_ref r = two(f, b, GJ_ADD, i64(), x, y);
	gj_o(f, r)->flags |= GJ_NSW;
	return r;
}

static gj_ref less(gj_fn *f, uint32_t b, gj_ref x, gj_ref y)
{
	gj_ref r = two(f, b, GJ_CMP, boolean(), x, y);
	gj_o(f, r)->sub = GJ_CMP_LT;
	return r;
}

static void jump(gj_fn *f, uint32_t from, uint32_t to)
{
	gj_emit(f, from, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, from, to);
}

static void branch(gj_fn *f, uint32_t from, gj_ref cond, uint32_t yes, uint32_t no)
{
	gj_emit(f, from, GJ_BRANCH, NULL, 0, 1, &cond);
	gj_link(f, from, yes);
	gj_link(f, from, no);
}

/* -- Values of the function ------------------------------------------------------------------------------------------------ */

static gj_ref parameter(maker *m, uint32_t leaf, const gj_type *t)
{
	gj_ref r = gj_emit(m->c, 0, GJ_PARAM, t, 0, 0, NULL);
	gj_fnparam q = { .leaf = leaf, .field = t->kind == GJ_PTR ? GJ_FIELD_DATA : GJ_FIELD_VALUE, .type = t };
	gj_o(m->c, r)->imm.i = m->c->param.n;
	gj_push(m->c->arena, &m->c->param, q);
	return r;
}

static gj_ref leaf_of(maker *m, gj_ref v)
{
	gj_prange *p = m->p;
	const gj_op *o = gj_o(m->f, v);
	uint32_t k = 0;
	while (k < p->leaf.n && p->leaf.p[k] != v)
		k++;
	if (k == p->leaf.n)
		gj_push(m->f->arena, &p->leaf, v);
	gj_ref r = parameter(m, GJ_LEAF_FIRST + k, o->type);
	gj_o(m->c, r)->flags = o->flags & GJ_NONNEG;
	return r;
}

/* The chunk's own copy of an array. */
static gj_ref copy_of_array(maker *m, const gj_added *a)
{
	gj_ref first = leaf_of(m, a->copies), step = leaf_of(m, a->step), chunk = parameter(m, GJ_LEAF_CHUNK, i64());
	return two(m->c, 0, GJ_ELEM, gj_o(m->c, first)->type, first, two(m->c, 0, GJ_MUL, i64(), chunk, step));
}

static gj_ref copy_of(maker *m, const gj_op *o, uint32_t b, uint32_t nargs, const gj_ref *arg)
{
	gj_ref r = gj_emit(m->c, b, (gj_opcode)o->op, o->type, o->loc, nargs, arg);
	gj_op *to = gj_o(m->c, r);
	to->sub = o->sub;
	to->flags = o->flags;
	to->imm = o->imm;
	return r;
}

/* Constants are made again, other values from outside the loop are leaves. */
static gj_ref value(maker *m, gj_ref v)
{
	const gj_op *o = gj_o(m->f, v);
	if (m->inner[v])
		return m->inner[v];
	bool again = o->op == GJ_CONST || o->op == GJ_CONSTMEM || o->op == GJ_ADDRESS || o->op == GJ_UNDEF;
	if (!m->outer[v])
		m->outer[v] = again ? copy_of(m, o, 0, 0, NULL) : leaf_of(m, v);
	return m->outer[v];
}

/* -- A copy of the body -------------------------------------------------------------------------------------------------- */

/* Of a BOUNDS: some index is not below its extent. */
static gj_ref outside(maker *m, uint32_t b, const gj_op *o)
{
	uint32_t n = o->nargs / 2;
	gj_ref any = 0;
	for (uint32_t d = 0; d < n; d++) {
		gj_ref x[2] = { value(m, o->arg[d]), value(m, o->arg[n + d]) };
		for (int k = 0; k < 2; k++) {
			const gj_type *t = gj_o(m->c, x[k])->type, *u = gj_scalar[t->size == 8 ? GJ_U64 : GJ_U32];
			x[k] = gj_emit(m->c, b, GJ_CVT, u, o->loc, 1, &x[k]);
			if (t->size < 8)                       /* as an index: negative ones are large */
				x[k] = gj_emit(m->c, b, GJ_CVT, gj_scalar[GJ_U64], o->loc, 1, &x[k]);
		}
		gj_ref out = two(m->c, b, GJ_CMP, boolean(), x[0], x[1]);
		gj_o(m->c, out)->sub = GJ_CMP_GE;
		any = any ? two(m->c, b, GJ_OR, boolean(), any, out) : out;
	}
	return any ? any : gj_int(m->c, b, boolean(), 0);
}

/* The chunk ends where rounds run in their order, the round alone where they do not. */
static void fail(maker *m, uint32_t b, uint32_t loc)
{
	if (!m->p->catches) {
		gj_push(m->c->arena, &m->failed, b);
		return;
	}
	gj_emit(m->c, b, GJ_THROW, NULL, loc, 0, NULL);
	gj_emit(m->c, b, GJ_UNREACHABLE, NULL, loc, 0, NULL);
}

/* Block b goes on in another one, which is the result; a round that fails ends. */
static uint32_t end_if_fails(maker *m, uint32_t b, const gj_op *o)
{
	bool report = o->op == GJ_REPORT;
	gj_fn *c = m->c;
	gj_ref fails = report ? value(m, o->arg[0]) : outside(m, b, o), *arg = gj_new(c->arena, gj_ref, o->nargs + 2);
	uint32_t n = 0, off = gj_block_new(c), on = gj_block_new(c);
	arg[n++] = m->round;
	arg[n++] = gj_int(c, 0, i64(), 0);
	for (uint32_t k = report; k < o->nargs; k++)
		arg[n++] = value(m, o->arg[k]);
	branch(c, b, fails, off, on);
	gj_o(c, gj_emit(c, off, GJ_FAILED, NULL, o->loc, n, arg))->imm = o->imm;
	fail(m, off, o->loc);
	return on;
}

/* A round fails that others take no notice of; its handler is behind the loop. */
static void tell(maker *m, uint32_t b, const gj_op *o)
{
	gj_ref *arg = gj_new(m->c->arena, gj_ref, o->nargs + 1);
	arg[0] = m->round;
	for (uint32_t k = 0; k < o->nargs; k++)
		arg[k + 1] = value(m, o->arg[k]);
	gj_o(m->c, gj_emit(m->c, b, GJ_FAILED, NULL, o->loc, o->nargs + 1, arg))->imm = o->imm;
}

/* The end of a round whose exception goes to the loop's handler. */
static uint32_t leave(maker *m)
{
	uint32_t b = gj_block_new(m->c);
	if (m->p->tells) {
		gj_push(m->c->arena, &m->failed, b);
	} else {
		gj_emit(m->c, b, GJ_THROW, NULL, m->p->loc, 0, NULL);
		gj_emit(m->c, b, GJ_UNREACHABLE, NULL, m->p->loc, 0, NULL);
	}
	return b;
}

static bool is_along(const gj_prange *p, gj_ref r)
{
	for (uint32_t i = 0; i < p->along.n; i++)
		if (p->along.p[i] == r)
			return true;
	return false;
}

static void copy_block(maker *m, uint32_t b)
{
	gj_fn *f = m->f, *c = m->c;
	uint32_t to = m->head[b] = gj_block_new(c);
	GJ_EACH_OP_OF(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op == GJ_ROUND || m->inner[r] || (m->p->raises[b] && gj_is_held_outside(m->p, o)))
			continue;                              /* what a function lets go of before it raises, other rounds still use */
		if (is_along(m->p, r)) {
			m->inner[r] = value(m, o->arg[2]);
			continue;
		}
		if (o->op == GJ_REPORT || o->op == GJ_BOUNDS) {
			to = end_if_fails(m, to, o);
			continue;
		}
		if (o->op == GJ_RAISE || (o->op == GJ_THROW && m->p->tells)) {
			gj_push(c->arena, &m->failed, to);
			break;
		}
		if (o->op == GJ_TELL && m->p->tells) {
			tell(m, to, o);
			continue;
		}
		gj_ref *arg = gj_new(c->arena, gj_ref, o->nargs + 1);
		for (uint32_t k = 0; k < o->nargs && o->op != GJ_PHI; k++)
			arg[k] = value(m, o->arg[k]);
		m->inner[r] = copy_of(m, o, to, o->op == GJ_PHI ? 0 : o->nargs, arg);
	}
	m->tail[b] = to;
}

/* Operands of the copy's phis, and its edges, in the order of the original's. */
static void connect_block(maker *m, uint32_t b, uint32_t before, uint32_t next)
{
	gj_fn *f = m->f, *c = m->c;
	const gj_bb *from = &f->bb.p[b];
	for (uint32_t k = 0; k < from->preds.n; k++)
		gj_push(c->arena, &c->bb.p[m->head[b]].preds, from->preds.p[k] == m->p->header ? before : m->tail[from->preds.p[k]]);
	for (uint32_t i = 0; i < from->nsucc && gj_terminator(f, b)->op != GJ_RAISE; i++) {
		uint32_t to = from->succ[i] == m->p->header ? next : m->head[from->succ[i]];
		gj_bb *bb = &c->bb.p[m->tail[b]];
		bb->succ[bb->nsucc++] = to;
		if (m->p->handler && from->succ[i] == m->p->handler)
			gj_push(c->arena, &c->bb.p[to].preds, m->tail[b]);
	}
	GJ_EACH_PHI(f, b, r) {
		const gj_op *o = gj_o(f, r);
		gj_op *phi = gj_o(c, m->inner[r]);
		phi->arg = gj_new(c->arena, gj_ref, o->nargs + 1);
		phi->nargs = o->nargs;
		for (uint32_t k = 0; k < o->nargs; k++)
			phi->arg[k] = value(m, o->arg[k]);
	}
}

/* What a variable is in a round, to which each adds the same. */
static gj_ref counted(maker *m, uint32_t b, const gj_carried *k, gj_ref round)
{
	const gj_type *t = gj_o(m->f, k->phi)->type;
	gj_ref r = t == i64() ? round : gj_emit(m->c, b, GJ_CVT, t, 0, 1, &round);
	return two(m->c, b, GJ_ADD, t, two(m->c, b, GJ_MUL, t, r, value(m, k->by)), value(m, gj_carry_in(m->p, k->phi)));
}

/* start + round × step, as the loop's own type. */
static gj_ref item(maker *m, uint32_t b, gj_ref round)
{
	const gj_prange *p = m->p;
	gj_fn *c = m->c;
	const gj_op *first = gj_o(m->f, p->start), *by = gj_o(m->f, p->step);
	const gj_type *t = first->type;
	uint8_t flag = gj_is_signed(t) ? GJ_NSW : 0;
	gj_ref r = round;
	if (t != i64()) {
		r = gj_emit(c, b, GJ_CVT, t, 0, 1, &r);
		gj_o(c, r)->flags |= flag;
	}
	if (by->op != GJ_CONST || by->imm.i != 1) {
		r = two(c, b, GJ_MUL, t, r, value(m, p->step));
		gj_o(c, r)->flags |= flag;
	}
	r = two(c, b, GJ_ADD, t, r, value(m, p->start));
	if (first->op == GJ_CONST && first->imm.i >= 0 && by->op == GJ_CONST && by->imm.i > 0)
		flag |= GJ_NONNEG;
	gj_o(c, r)->flags |= flag;
	return r;
}

/* Stores a last value where the round is the loop's last; returns the block that goes on. */
static uint32_t keep_last(maker *m, uint32_t b, const gj_carried *k, gj_ref x)
{
	gj_fn *c = m->c;
	gj_ref length = value(m, m->p->length), end = number_add(c, b, m->round, gj_int(c, b, i64(), 1));
	gj_ref last = two(c, b, GJ_CMP, boolean(), end, length);
	gj_o(c, last)->sub = GJ_CMP_EQ;
	uint32_t is = gj_block_new(c), other = k->owner ? gj_block_new(c) : 0, on = gj_block_new(c);
	branch(c, b, last, is, other ? other : on);
	two(c, is, GJ_STORE, NULL, value(m, k->cell), x);
	if (k->owner) {
		gj_emit(c, is, GJ_KEEP, NULL, 0, 1, &x);
		gj_emit(c, other, GJ_RELEASE, NULL, 0, 1, &x);
		jump(c, other, on);
	}
	jump(c, is, on);
	return on;
}

/* One round after block b: its carried values are acc[] before and afterwards; returns the block that goes on. */
static uint32_t copy_body(maker *m, uint32_t b, gj_ref round, gj_ref *acc)
{
	gj_prange *p = m->p;
	gj_fn *f = m->f, *c = m->c;
	memset(m->inner, 0, f->op.n * sizeof *m->inner);
	m->failed.n = 0;
	m->round = round;
	m->inner[p->position] = item(m, b, round);
	for (uint32_t i = 0; i < p->carried.n; i++) {
		const gj_carried *k = &p->carried.p[i];
		m->inner[k->phi] = k->how == GJ_CARRY_COUNTED ? counted(m, b, k, round) : acc[i];
	}
	GJ_EACH_OP_OF(f, p->header, r)
		if (gj_o(f, r)->op != GJ_PHI && !gj_op_is(gj_o(f, r), GJ_F_TERM)) {
			const gj_op *o = gj_o(f, r);
			gj_ref *arg = gj_new(c->arena, gj_ref, o->nargs + 1);
			for (uint32_t k = 0; k < o->nargs; k++)
				arg[k] = value(m, o->arg[k]);
			m->inner[r] = copy_of(m, o, b, o->nargs, arg);
		}
	uint32_t next = gj_block_new(c);
	gj_emit(c, b, GJ_JUMP, NULL, 0, 0, NULL);
	GJ_EACH_BLOCK(f, k)
		if (p->inside[k])
			copy_block(m, k);
	if (p->handler)
		m->head[p->handler] = leave(m);
	GJ_EACH_BLOCK(f, k)
		if (p->inside[k])
			connect_block(m, k, b, next);
	c->bb.p[b].succ[c->bb.p[b].nsucc++] = m->head[p->body];
	gj_push(c->arena, &c->bb.p[next].preds, m->tail[p->latch]);
	uint32_t n = m->failed.n + 1;
	for (uint32_t i = 0; i < m->failed.n; i++)
		jump(c, m->failed.p[i], next);
	for (uint32_t i = 0; i < p->carried.n; i++) {
		gj_carried *k = &p->carried.p[i];
		gj_ref *arg = gj_new(c->arena, gj_ref, n);
		bool goes_on = k->how == GJ_CARRY_LAST || k->how == GJ_CARRY_REDUCED;
		arg[0] = goes_on ? value(m, gj_carry_out(p, k->phi)) : acc[i];
		for (uint32_t j = 1; j < n; j++)
			arg[j] = k->owner ? gj_int(c, 0, i64(), 0) : acc[i];       /* what a failed round has is freed with its chunk */
		acc[i] = !goes_on ? acc[i] : gj_emit(c, next, GJ_PHI, gj_o(f, k->phi)->type, 0, n, arg);
	}
	for (uint32_t i = 0; i < p->carried.n; i++)
		if (p->carried.p[i].how == GJ_CARRY_LAST)
			next = keep_last(m, next, &p->carried.p[i], acc[i]);
	return next;
}

/* -- The loop over a chunk ------------------------------------------------------------------------------------------------ */

typedef struct cycle { uint32_t head, inside, done; gj_ref at, *acc; } cycle;

/* for at in range(from, end, by): acc[] are its carried values, from then on. */
static cycle cycle_begin(maker *m, uint32_t b, gj_ref from, gj_ref end, gj_ref *acc)
{
	gj_fn *c = m->c;
	uint32_t n = m->p->carried.n;
	cycle y = { gj_block_new(c), gj_block_new(c), gj_block_new(c), 0, gj_new(c->arena, gj_ref, n + 1) };
	jump(c, b, y.head);
	y.at = gj_emit(c, y.head, GJ_PHI, i64(), 0, 1, &from);
	for (uint32_t i = 0; i < n; i++)
		acc[i] = y.acc[i] = gj_emit(c, y.head, GJ_PHI, gj_o(m->f, m->p->carried.p[i].phi)->type, 0, 1, &acc[i]);
	branch(c, y.head, less(c, y.head, y.at, end), y.inside, y.done);
	return y;
}

static void add_operand(gj_fn *f, gj_ref phi, gj_ref x)
{
	gj_op *o = gj_o(f, phi);
	o->arg = gj_memdup(f->arena, (gj_ref[]){ o->arg[0], x }, 2 * sizeof *o->arg);
	o->nargs = 2;
}

static void cycle_end(maker *m, const cycle *y, uint32_t b, int64_t by, gj_ref *acc)
{
	gj_fn *c = m->c;
	gj_ref next = number_add(c, b, y->at, gj_int(c, b, i64(), by));
	jump(c, b, y->head);
	add_operand(c, y->at, next);
	for (uint32_t i = 0; i < m->p->carried.n; i++) {
		add_operand(c, y->acc[i], acc[i]);
		acc[i] = y->acc[i];
	}
}

/* A round for each lane for which it is one; returns the block that goes on. */
static uint32_t under_mask(maker *m, uint32_t b, gj_ref round, gj_ref end, gj_ref *acc)
{
	gj_fn *c = m->c;
	uint32_t n = m->p->carried.n, some = gj_block_new(c), join = gj_block_new(c);
	gj_ref *before = gj_memdup(c->arena, acc, (n + 1) * sizeof *acc);
	branch(c, b, less(c, b, round, end), some, join);
	some = copy_body(m, some, round, acc);
	jump(c, some, join);
	for (uint32_t i = 0; i < n; i++)
		if (acc[i] != before[i])
			acc[i] = gj_emit(c, join, GJ_PHI, gj_o(c, acc[i])->type, 0, 2, (gj_ref[]){ before[i], acc[i] });
	return join;
}

static uint32_t all_rounds(maker *m, uint32_t b, uint32_t lanes, gj_ref *acc)
{
	gj_fn *c = m->c;
	gj_ref first = parameter(m, GJ_LEAF_ROUND, i64()), count = parameter(m, GJ_LEAF_COUNT, i64());
	gj_o(c, first)->flags |= GJ_NONNEG;
	gj_o(c, count)->flags |= GJ_NONNEG;
	gj_ref end = number_add(c, b, first, count), lane = 0, whole = end;
	bool twice = lanes > 1 && m->p->nops <= MOST_TWICE;
	if (lanes > 1) {
		lane = gj_emit(c, b, GJ_SREG, gj_scalar[GJ_I32], 0, 0, NULL);
		gj_o(c, lane)->imm.i = GJ_LANEID;
		lane = gj_emit(c, b, GJ_CVT, i64(), 0, 1, &lane);
	}
	if (twice)
		whole = number_add(c, b, first, two(c, b, GJ_AND, i64(), count, gj_int(c, b, i64(), -(int64_t)lanes)));
	cycle y = cycle_begin(m, b, first, whole, acc);
	gj_ref round = lane ? number_add(c, y.inside, y.at, lane) : y.at;
	if (lanes > 1 && !twice)
		b = under_mask(m, y.inside, round, end, acc);
	else
		b = copy_body(m, y.inside, round, acc);
	cycle_end(m, &y, b, lanes, acc);
	return twice ? under_mask(m, y.done, number_add(c, y.done, whole, lane), end, acc) : y.done;
}

/* What all lanes have, in each of them: halves are joined, then quarters. */
static gj_ref join_lanes(gj_fn *c, uint32_t b, const gj_carried *k, uint32_t lanes, gj_ref x)
{
	const gj_type *i32 = gj_scalar[GJ_I32], *t = gj_o(c, x)->type;
	for (uint32_t d = lanes / 2; d; d /= 2) {
		gj_ref arg[3] = { gj_int(c, b, i32, -1), x, gj_int(c, b, i32, d) };
		gj_ref other = gj_emit(c, b, GJ_SHFL, t, 0, 3, arg);
		gj_o(c, other)->sub = 3;
		x = gj_carry_join(c, b, k, x, other);
	}
	return x;
}

gj_fn *gj_rounds_make(gj_prange *p, uint32_t lanes, const char *name)
{
	gj_fn *f = p->f, *c = gj_fn_new(f->trap, f->code, name);
	maker m = { .p = p, .f = f, .c = c };
	uint32_t n = p->carried.n, entry = gj_block_new(c), b = gj_block_new(c);
	gj_ref *acc = gj_new(c->arena, gj_ref, n + 1);
	c->low = true;
	c->entry = &gj_entries[GJ_ENTRY_ROUNDS];
	c->no_fma = f->no_fma;
	c->loc.p = gj_memdup(c->arena, f->loc.p, f->loc.n * sizeof *f->loc.p);
	c->loc.n = c->loc.cap = f->loc.n;
	m.outer = gj_new(c->arena, gj_ref, f->op.n);
	m.inner = gj_new(c->arena, gj_ref, f->op.n);
	m.head = gj_new(c->arena, uint32_t, f->bb.n);
	m.tail = gj_new(c->arena, uint32_t, f->bb.n);
	for (uint32_t i = 0; i < n; i++) {
		const gj_type *t = gj_o(f, p->carried.p[i].phi)->type;
		acc[i] = p->carried.p[i].how == GJ_CARRY_REDUCED ? gj_carry_neutral(c, entry, &p->carried.p[i], t) : gj_emit(c, entry, GJ_UNDEF, t, 0, 0, NULL);
	}
	for (uint32_t i = 0; i < p->added.n; i++)
		m.outer[p->added.p[i].base] = copy_of_array(&m, &p->added.p[i]);
	uint32_t end = all_rounds(&m, b, lanes, acc);
	for (uint32_t i = 0; i < n; i++) {
		const gj_carried *k = &p->carried.p[i];
		if (k->how != GJ_CARRY_REDUCED)
			continue;
		gj_ref x = join_lanes(c, end, k, lanes, acc[i]), cell = value(&m, k->cell);
		cell = two(c, end, GJ_ELEM, gj_o(c, cell)->type, cell, parameter(&m, GJ_LEAF_CHUNK, i64()));
		two(c, end, GJ_STORE, NULL, cell, x);
	}
	gj_emit(c, end, GJ_RETURN, NULL, 0, 0, NULL);
	jump(c, entry, b);                             /* what values needed stands in it by now */
	for (uint32_t i = 0; i < f->callee.n; i++)
		gj_push(c->arena, &c->callee, f->callee.p[i]);
	gj_cfg(c);
	return c;
}
