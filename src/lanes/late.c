/* Lanes that will come to no barrier any more are not waited for. But with masks a warp takes its ways one after the
 * other: lanes that leave a loop do so when the last one has left, and a way that ends without a barrier may come behind
 * one that has some. What these lanes read then is not what lay there when they left, and what they write comes too
 * late for the others.
 *
 * gj_barriers_last() puts such ways first where it can. gj_delays() finds what is left. */
#include "lanes/late.h"
#include "image/barrier.h"
#include "ir/walk.h"
#include "opt/opt.h"

static bool has_barrier(const gj_fn *f, uint32_t b)
{
	GJ_EACH_OP_OF(f, b, r)
		if (gj_o(f, r)->op == GJ_BARRIER)
			return true;
	return false;
}

bool *gj_before_barriers(const gj_fn *f)
{
	bool *before = gj_new(f->arena, bool, f->bb.n);
	GJ_VEC(uint32_t) work = { 0 };
	GJ_EACH_BLOCK(f, b)
		if ((before[b] = has_barrier(f, b)))
			gj_push(f->arena, &work, b);
	while (work.n) {
		const gj_bb *bb = &f->bb.p[work.p[--work.n]];
		for (uint32_t k = 0; k < bb->preds.n; k++)
			if (!before[bb->preds.p[k]]) {
				before[bb->preds.p[k]] = true;
				gj_push(f->arena, &work, bb->preds.p[k]);
			}
	}
	return before;
}

void gj_barriers_last(gj_fn *f)
{
	const bool *before = f->barriers ? gj_before_barriers(f) : NULL;
	if (!before)
		return;
	GJ_EACH_BLOCK(f, b) {
		gj_bb *bb = &f->bb.p[b];
		if (bb->nsucc != 2 || !before[bb->succ[0]] || before[bb->succ[1]])
			continue;
		gj_op *t = gj_terminator(f, b);
		gj_ref not = gj_op_new(f, b, GJ_NOT, gj_scalar[GJ_BOOL], t->loc, 1, t->arg);
		gj_ref last = bb->ops.p[bb->ops.n - 1];
		bb->ops.p[bb->ops.n - 1] = not;
		gj_push(f->arena, &bb->ops, last);
		t->arg[0] = not;
		uint32_t first = bb->succ[0];
		bb->succ[0] = bb->succ[1];
		bb->succ[1] = first;
	}
}

/* -- What comes too late ------------------------------------------------------------------------------------------- */

typedef struct delay {
	const gj_plan *p;
	const gj_fn *f;
	const bool *before;
	bool     *waits;                           /* by node: a barrier stands in it */
	bool     *late;                            /* by block */
} delay;

static void find_waiting(delay *d)
{
	GJ_EACH_BLOCK(d->f, b) {
		if (!has_barrier(d->f, b))
			continue;
		d->waits[b] = true;
		for (uint32_t l = d->f->bb.p[b].loop; l; l = d->f->loops.p[l].parent)
			d->waits[d->p->r.nblocks + l] = true;
	}
}

/* Has block b a barrier, where all lanes that are not gone must be, and do all go away behind it? */
static bool is_end_of_all(const delay *d, uint32_t b)
{
	const gj_bb *bb = &d->f->bb.p[b];
	bool all = d->waits[b];
	for (uint32_t i = 0; i < bb->nsucc; i++)
		all &= !d->p->divergent[b] || !d->before[bb->succ[i]];
	return all;
}

/* May other lanes pass a barrier while those that went from block b to block `to`, which leads to none, wait to go on? */
static bool is_late(const delay *d, uint32_t b, uint32_t to)
{
	const gj_regions *r = &d->p->r;
	if (is_end_of_all(d, b))
		return false;
	uint32_t from = gj_node_in(r, 0, b), at = gj_node_in(r, 0, to);
	for (uint32_t l = d->f->bb.p[b].loop; l; l = d->f->loops.p[l].parent)
		if (d->waits[r->nblocks + l] && d->p->divergent[r->nblocks + l] && !gj_loop_contains(d->f, l, d->f->bb.p[to].loop))
			return true;
	if (!d->p->divergent[b] && !d->p->masked[b] && !d->p->masked[from])
		return false;
	for (uint32_t i = r->pos[from] + 1; i < r->pos[at]; i++)
		if (d->waits[r->order[r->first[0] + i]])
			return true;
	return false;
}

static void find_late(delay *d)
{
	const gj_fn *f = d->f;
	GJ_VEC(uint32_t) work = { 0 };
	GJ_EACH_BLOCK(f, b) {
		const gj_bb *bb = &f->bb.p[b];
		for (uint32_t i = 0; d->before[b] && i < bb->nsucc; i++)
			if (!d->before[bb->succ[i]] && is_late(d, b, bb->succ[i]))
				gj_push(f->arena, &work, bb->succ[i]);
	}
	while (work.n) {
		uint32_t b = work.p[--work.n];
		if (d->late[b])
			continue;
		d->late[b] = true;
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
			gj_push(f->arena, &work, f->bb.p[b].succ[i]);
	}
}

static bool writes(const gj_op *o) { return gj_op_is(o, GJ_F_WRITE); }

/* Does it matter which of two ops comes first? */
static bool meet(const gj_fn *f, const gj_op *a, const gj_op *b)
{
	bool places = (a->op == GJ_LOAD || a->op == GJ_STORE || a->op == GJ_ATOMIC) &&
	              (b->op == GJ_LOAD || b->op == GJ_STORE || b->op == GJ_ATOMIC);
	if (a == b || (!writes(a) && !writes(b)))
		return false;
	if (!places || gj_o(f, a->arg[0])->type->space == GJ_LOCAL)
		return false;
	return !gj_apart(f, a->arg[0], b->arg[0]);
}

static bool matters(const gj_fn *f, const gj_op *o)
{
	if (o->op != GJ_LOAD && !writes(o))
		return false;
	GJ_EACH_OP(f, b, r)
		if (meet(f, o, gj_o(f, r)))
			return true;
	return false;
}

bool gj_delays(const gj_plan *p)
{
	const gj_fn *f = p->f;
	delay d = { .p = p, .f = f };
	if (!f->barriers)
		return false;
	d.before = gj_before_barriers(f);
	d.waits = gj_new(f->arena, bool, p->r.nnodes);
	d.late = gj_new(f->arena, bool, f->bb.n);
	find_waiting(&d);
	find_late(&d);
	GJ_EACH_OP(f, b, r)
		if (d.late[b] && matters(f, gj_o(f, r)))
			return true;
	return false;
}

/* -- Waiting for memory -------------------------------------------------------------------------------------------- */

static bool waits_for_memory(const gj_fn *f, const gj_bb *bb)
{
	for (uint32_t i = 0; i < bb->ops.n; i++)
		if (gj_o(f, bb->ops.p[i])->op == GJ_YIELD)
			return true;
	return false;
}

bool gj_parts_waiting(const gj_plan *p)
{
	const gj_fn *f = p->f;
	for (uint32_t k = 0; f->spins && k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		bool parts = p->masked[f->rpo.p[k]];
		for (uint32_t l = bb->loop; l; l = f->loops.p[l].parent)
			parts |= p->divergent[p->r.nblocks + l] || p->masked[p->r.nblocks + l];
		if (parts && waits_for_memory(f, bb))
			return true;
	}
	return false;
}

/* -- Barriers that nobody can have gone before ---------------------------------------------------------------------- */

/* The variable that says which lanes will come to no barrier any more, if that is what barrier o asks; 0. */
static gj_ref gone_before(const gj_fn *f, const gj_op *o)
{
	const gj_op *lanes = o->op == GJ_BARRIER && o->nargs > gj_takes_predicate(o->sub) ? gj_o(f, o->arg[o->nargs - 1]) : NULL;
	if (!lanes || lanes->op != GJ_ANDNOT || gj_o(f, lanes->arg[0])->op != GJ_ALLLANES || gj_o(f, lanes->arg[1])->op != GJ_GET)
		return 0;
	return gj_o(f, lanes->arg[1])->arg[0];
}

/* Does the op say that lanes are gone? The variable begins as false. */
static bool says_gone(const gj_fn *f, const gj_op *o, gj_ref gone)
{
	return o->op == GJ_SET && o->arg[0] == gone && (o->mask || gj_o(f, o->arg[1])->op != GJ_CONST || gj_o(f, o->arg[1])->imm.i);
}

/* By block: may lanes be gone where it begins? */
static bool *gone_at(const gj_fn *f, gj_ref gone)
{
	bool *at = gj_new(f->arena, bool, f->bb.n);
	GJ_VEC(uint32_t) work = { 0 };
	GJ_EACH_OP(f, b, r)
		if (says_gone(f, gj_o(f, r), gone))
			gj_push(f->arena, &work, b);
	while (work.n) {
		const gj_bb *bb = &f->bb.p[work.p[--work.n]];
		for (uint32_t k = 0; k < bb->nsucc; k++)
			if (!at[bb->succ[k]]) {
				at[bb->succ[k]] = true;
				gj_push(f->arena, &work, bb->succ[k]);
			}
	}
	return at;
}

void gj_all_wait(gj_fn *f)
{
	gj_ref gone = 0;
	bool *at = NULL;
	GJ_EACH_BLOCK(f, b) {
		bool some = at && at[b];
		GJ_EACH_OP_OF(f, b, r) {
			gj_op *o = gj_o(f, r);
			gj_ref asked = gone_before(f, o);
			if (asked && asked != gone) {
				at = gone_at(f, gone = asked);
				some = at[b];
			}
			some |= gone && says_gone(f, o, gone);
			if (asked && !some)
				o->nargs--;
		}
	}
}
