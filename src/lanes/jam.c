/* Rounds of a loop abreast (unroll and jam). A loop around others whose rounds are independent runs a few of them at once: each op that
 * differs between rounds stands there once for each, all others serve them all. In a product of matrices a row of the second one is
 * then loaded once for four rows of the first, and four sums are under way where each has to wait for its last addition.
 *
 *     for i in range(m):                   for i in range(0, m - 3, 4):
 *         for k in range(n):       →           for k in range(n):
 *             body(i, k)                           body(i, k); body(i + 1, k); body(i + 2, k); body(i + 3, k)
 *                                          for i in what is left: …
 *
 * No branch inside may depend on the round. */
#include "lanes/jam.h"
#include "ir/walk.h"

enum { MOST = 4, MOST_OPS = 64 };

typedef struct jam {
	gj_fn *f;
	uint32_t loop, header, latch, nblocks, nops;
	gj_ref counter, limit;
	uint32_t copies;
	bool *varies;                              /* by op: it differs between the rounds */
	gj_ref *map[MOST];                         /* by copy and op */
	uint32_t *to;                              /* by block: its copy */
} jam;

static bool inside(const jam *j, uint32_t b) { return gj_loop_contains(j->f, j->loop, j->f->bb.p[b].loop); }

/* -- Which loops ------------------------------------------------------------------------------------------------------------------- */

/* `for counter in range(…, limit)`, whose header does nothing but count. */
static bool find_counter(jam *j)
{
	const gj_fn *f = j->f;
	const gj_bb *h = &f->bb.p[j->header];
	const gj_op *test = gj_o(f, h->ops.p[h->ops.n >= 2 ? h->ops.n - 2 : 0]), *end = gj_terminator(f, j->header);
	if (test->op != GJ_CMP || test->sub != GJ_CMP_LT || end->op != GJ_BRANCH || gj_o(f, end->arg[0]) != test || !inside(j, h->succ[0]))
		return false;
	j->counter = test->arg[0];
	j->limit = test->arg[1];
	const gj_op *c = gj_o(f, j->counter);
	return h->ops.n == 3 && h->preds.n == 2 && f->bb.p[h->succ[0]].preds.n == 1 && !gj_has_phis(f, h->succ[0]) && c->op == GJ_PHI && c->block == j->header && c->flags & GJ_NONNEG && gj_is_signed(c->type);
}

static void find_varying(jam *j)
{
	const gj_fn *f = j->f;
	j->varies[j->counter] = true;
	for (bool changed = true; changed;) {
		changed = false;
		GJ_EACH_OP(f, b, r) {
			bool v = false;
			for (uint32_t k = 0; inside(j, b) && k < gj_o(f, r)->nargs; k++)
				v |= j->varies[gj_o(f, r)->arg[k]];
			changed |= v && !j->varies[r];
			j->varies[r] |= v;
		}
	}
}

static bool op_fits(const jam *j, const gj_op *o)
{
	if (o->op == GJ_STORE || o->op == GJ_LOAD)
		return gj_o(j->f, o->arg[0])->type->space != GJ_LOCAL && (o->op == GJ_LOAD || j->varies[o->arg[0]]);
	if (o->op == GJ_BRANCH)
		return o->block == j->header || !j->varies[o->arg[0]];
	return o->op == GJ_JUMP || !gj_op_is(o, GJ_F_READ | GJ_F_WRITE | GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_LANES | GJ_F_TERM);
}

/* Is something to be gained: a load in an inner loop that serves all rounds? *bytes: of what goes round inner loops, for each round. */
static bool fits(const jam *j, uint32_t *bytes)
{
	const gj_fn *f = j->f;
	uint32_t n = 0;
	bool shared = false;
	*bytes = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!inside(j, b))
			continue;
		bool inner = f->bb.p[b].loop != j->loop;
		if (!op_fits(j, o) || ++n > MOST_OPS)
			return false;
		shared |= inner && o->op == GJ_LOAD && !j->varies[r];
		*bytes += inner && o->op == GJ_PHI && j->varies[r] && f->loops.p[f->bb.p[b].loop].header == b ? o->type->size : 0;
	}
	return shared && *bytes;
}

/* -- Copies ------------------------------------------------------------------------------------------------------------------------ */

static gj_ref mapped(const jam *j, uint32_t c, gj_ref r) { return r < j->nops && j->map[c][r] ? j->map[c][r] : r; }

static gj_ref integer(jam *j, uint32_t b, int64_t v)
{
	gj_ref r = gj_emit(j->f, b, GJ_CONST, gj_o(j->f, j->counter)->type, 0, 0, NULL);
	gj_o(j->f, r)->imm.i = v;
	gj_o(j->f, r)->flags = GJ_NONNEG;
	return r;
}

static void copy_op(jam *j, uint32_t made, gj_ref r)
{
	gj_fn *f = j->f;
	uint32_t n = j->varies[r] ? j->copies : 1;
	for (uint32_t c = 0; c < j->copies; c++) {
		const gj_op *o = gj_o(f, r);
		j->map[c][r] = c < n ? gj_emit(f, made, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg) : j->map[0][r];
		gj_op *m = gj_o(f, j->map[c][r]);
		m->sub = o->sub;
		m->flags = o->flags;
		m->imm = o->imm;
	}
}

/* Operands of the copies, once all are there. */
static void connect(jam *j, gj_ref r)
{
	for (uint32_t c = 0; c < (j->varies[r] ? j->copies : 1); c++) {
		gj_op *m = gj_o(j->f, j->map[c][r]);
		for (uint32_t k = 0; k < m->nargs; k++)
			m->arg[k] = mapped(j, c, gj_o(j->f, r)->arg[k]);
	}
}

/* The header of the loop that runs rounds abreast while there are as many, and then goes to `rest`; `before` leads to it. */
static void make_header(jam *j, uint32_t before, uint32_t rest)
{
	gj_fn *f = j->f;
	uint32_t made = j->to[j->header], back = gj_pred_index(f, j->header, j->latch);
	const gj_type *t = gj_o(f, j->counter)->type;
	gj_ref few = integer(j, before, j->copies - 1), most = gj_emit(f, before, GJ_MAX, t, 0, 2, (gj_ref[]){ j->limit, few });
	gj_ref limit = gj_emit(f, before, GJ_SUB, t, 0, 2, (gj_ref[]){ most, few });
	gj_emit(f, before, GJ_JUMP, NULL, 0, 0, NULL);
	gj_ref start = gj_o(f, j->counter)->arg[1 - back], first = gj_emit(f, made, GJ_PHI, t, 0, 2, (gj_ref[]){ start, start });
	gj_ref on = gj_emit(f, made, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ first, limit });
	gj_o(f, on)->sub = GJ_CMP_LT;
	gj_o(f, first)->flags = gj_o(f, limit)->flags = gj_o(f, most)->flags = GJ_NONNEG;
	gj_emit(f, made, GJ_BRANCH, NULL, gj_terminator(f, j->header)->loc, 1, &on);
	gj_link(f, before, made);
	gj_link(f, made, j->to[f->bb.p[j->header].succ[0]]);
	gj_link(f, made, rest);
	j->map[0][j->counter] = first;
}

/* Counters of the other copies, and of the next rounds. */
static gj_ref make_counters(jam *j)
{
	gj_fn *f = j->f;
	uint32_t b = j->to[f->bb.p[j->header].succ[0]];
	const gj_type *t = gj_o(f, j->counter)->type;
	gj_ref next = 0;
	for (uint32_t c = 1; c <= j->copies; c++) {
		next = gj_emit(f, b, GJ_ADD, t, 0, 2, (gj_ref[]){ j->map[0][j->counter], integer(j, b, c) });
		gj_o(f, next)->flags = GJ_NSW | GJ_NONNEG;
		if (c < j->copies)
			j->map[c][j->counter] = next;
	}
	return next;
}

static void copy_edges(jam *j, uint32_t b)
{
	gj_fn *f = j->f;
	for (uint32_t i = 0; b != j->header && i < f->bb.p[b].nsucc; i++)
		f->bb.p[j->to[b]].succ[f->bb.p[j->to[b]].nsucc++] = j->to[f->bb.p[b].succ[i]];
	if (b == f->bb.p[j->header].succ[0] || b == j->header)
		return;                                 /* they have theirs: from the header; from before the loop, and the latch */
	for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++)
		gj_push(f->arena, &f->bb.p[j->to[b]].preds, j->to[f->bb.p[b].preds.p[k]]);
}

static void build(jam *j)
{
	gj_fn *f = j->f;
	uint32_t back = gj_pred_index(f, j->header, j->latch), from = f->bb.p[j->header].preds.p[1 - back];
	uint32_t before = gj_block_new(f), rest = gj_block_new(f);
	for (uint32_t c = 0; c < j->copies; c++)
		j->map[c] = gj_new(f->arena, gj_ref, j->nops);
	for (uint32_t i = 0; i < f->rpo.n; i++)
		if (inside(j, f->rpo.p[i]))
			j->to[f->rpo.p[i]] = gj_block_new(f);
	f->bb.p[from].succ[f->bb.p[from].succ[0] != j->header] = before;
	gj_push(f->arena, &f->bb.p[before].preds, from);
	make_header(j, before, rest);
	gj_ref next = make_counters(j);
	GJ_EACH_OP(f, b, r)
		if (inside(j, b) && b != j->header)
			copy_op(j, j->to[b], r);
	GJ_EACH_OP(f, b, r)
		if (inside(j, b) && b != j->header)
			connect(j, r);
	GJ_EACH_BLOCK(f, b)
		if (inside(j, b))
			copy_edges(j, b);
	gj_push(f->arena, &f->bb.p[j->to[j->header]].preds, j->to[j->latch]);
	gj_o(f, j->map[0][j->counter])->arg[1] = next;
	gj_emit(f, rest, GJ_JUMP, NULL, 0, 0, NULL);
	f->bb.p[rest].succ[f->bb.p[rest].nsucc++] = j->header;
	gj_rename_pred(f, j->header, from, rest);
	gj_o(f, j->counter)->arg[1 - back] = j->map[0][j->counter];
}

void gj_jam(gj_fn *f, uint32_t header, uint32_t lanes, uint32_t registers)
{
	uint32_t bytes;
	jam j = { .f = f, .loop = f->bb.p[header].loop, .header = header, .nblocks = f->bb.n, .nops = f->op.n };
	if (f->loops.p[j.loop].header != header)
		return;
	j.latch = f->loops.p[j.loop].latch;
	j.varies = gj_new(f->arena, bool, f->op.n);
	j.to = gj_new(f->arena, uint32_t, f->bb.n);
	if (!find_counter(&j))
		return;
	find_varying(&j);
	if (!fits(&j, &bytes))
		return;
	for (j.copies = MOST; j.copies > 1 && bytes * lanes * j.copies > registers / 2;)
		j.copies /= 2;
	if (j.copies < 2)
		return;
	build(&j);
	gj_cfg(f);
}
