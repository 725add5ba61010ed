/* Loop-closed SSA: a value used outside its loop goes through a phi in an exit block of the loop. So what happens to a
 * value when lanes leave a loop at different times is said in one place. */
#include "lanes/loopform.h"
#include "ir/walk.h"

#include <string.h>

typedef struct use { gj_ref op; uint32_t k; } use;     /* operand k of op */
typedef struct closed { uint32_t block; gj_ref value; } closed;
typedef GJ_VEC(use) uses;

typedef struct lcssa {
	gj_fn *f;
	GJ_VEC(uses) of;                           /* by value: uses outside the loop it stands in */
	GJ_VEC(gj_ref) work;                       /* values with such uses */
	gj_ref value; uint32_t loop;               /* the value at work, its loop */
	GJ_VEC(closed) phis;                       /* phis made for it */
} lcssa;

/* The block in which operand k of an op is used: a phi's in the predecessor. */
static uint32_t use_block(const gj_fn *f, const gj_op *o, uint32_t k)
{
	return o->op == GJ_PHI ? f->bb.p[o->block].preds.p[k] : o->block;
}

static void note_use(lcssa *c, gj_ref user, uint32_t k)
{
	gj_fn *f = c->f;
	const gj_op *o = gj_o(f, user);
	gj_ref value = o->arg[k];
	if (gj_loop_contains(f, f->bb.p[gj_o(f, value)->block].loop, f->bb.p[use_block(f, o, k)].loop))
		return;
	while (c->of.n < f->op.n)
		gj_push(f->arena, &c->of, (uses){ 0 });
	if (!c->of.p[value].n)
		gj_push(f->arena, &c->work, value);
	gj_push(f->arena, &c->of.p[value], ((use){ user, k }));
}

/* Makes a phi at the head of block b; its operands follow. */
static gj_ref new_phi(lcssa *c, uint32_t b)
{
	gj_fn *f = c->f;
	gj_bb *bb = &f->bb.p[b];
	const gj_op *v = gj_o(f, c->value);
	gj_ref *arg = gj_new(f->arena, gj_ref, bb->preds.n);
	for (uint32_t k = 0; k < bb->preds.n; k++)
		arg[k] = c->value;
	gj_ref r = gj_op_new(f, b, GJ_PHI, v->type, v->loc, bb->preds.n, arg);
	gj_o(f, r)->flags = v->flags & GJ_NONNEG;
	gj_push(f->arena, &bb->ops, 0);
	memmove(bb->ops.p + 1, bb->ops.p, (bb->ops.n - 1) * sizeof *bb->ops.p);
	bb->ops.p[0] = r;
	gj_push(f->arena, &c->phis, ((closed){ b, r }));
	return r;
}

static bool leaves_loop(const lcssa *c, uint32_t b)
{
	return gj_loop_contains(c->f, c->loop, c->f->bb.p[c->f->bb.p[b].preds.p[0]].loop);
}

/* The value as it is at the end of block b outside the loop. The nearest dominator that is an exit block or has its own
 * dominator in the loop decides: there a phi stands, in the latter case one that joins several exits. */
static gj_ref value_at(lcssa *c, uint32_t b)
{
	gj_fn *f = c->f;
	while (!gj_loop_contains(f, c->loop, f->bb.p[f->bb.p[b].idom].loop))
		b = f->bb.p[b].idom;
	for (uint32_t i = 0; i < c->phis.n; i++)
		if (c->phis.p[i].block == b)
			return c->phis.p[i].value;
	gj_ref r = new_phi(c, b);
	if (leaves_loop(c, b))
		return r;
	for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++) {
		gj_ref v = value_at(c, f->bb.p[b].preds.p[k]);
		gj_o(f, r)->arg[k] = v;
		note_use(c, r, k);
	}
	return r;
}

static void close_value(lcssa *c, gj_ref value)
{
	gj_fn *f = c->f;
	uses u = c->of.p[value];
	c->of.p[value] = (uses){ 0 };
	c->value = value;
	c->loop = f->bb.p[gj_o(f, value)->block].loop;
	c->phis.n = 0;
	for (uint32_t i = 0; i < u.n; i++) {
		gj_op *o = gj_o(f, u.p[i].op);
		o->arg[u.p[i].k] = value_at(c, use_block(f, o, u.p[i].k));
		note_use(c, u.p[i].op, u.p[i].k);
	}
}

void gj_lcssa(gj_fn *f)
{
	lcssa c = { .f = f };
	GJ_EACH_OP(f, b, r)
		for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
			note_use(&c, r, k);
	while (c.work.n)
		close_value(&c, c.work.p[--c.work.n]);
}
