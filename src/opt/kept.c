/* What a round of a loop computes of its variables, where the round before has computed it of their new values already: the next round
 * takes it from there. Python's compiler writes the condition of a `while` loop before the loop and again at its end, so in
 *
 *     while x * x + y * y < 4:
 *         x, y = x * x - y * y + a, 2 * x * y + b
 *
 * both squares would be computed twice a round. Floats of innermost loops only: counters cost less than a variable more would. A
 * fused multiply-add, where there is one, takes a product for nothing: then it stays. */
#include "opt/opt.h"

#include <string.h>

enum { MOST_KEPT = 4, MOST_OPS = 400 };

typedef struct keeper {
	gj_fn *f;
	uint32_t loop, header, latch;
	uint32_t back;                             /* the latch's place among the header's predecessors */
} keeper;

/* b: the blocks of the loop at hand. In reverse postorder they stand between its header and its latch. */
#define EACH_BLOCK(k, b) \
	for (uint32_t b##_at = (k)->f->bb.p[(k)->header].rpo, b = 0; \
	     b##_at <= (k)->f->bb.p[(k)->latch].rpo && (b = (k)->f->rpo.p[b##_at], true); b##_at++) if (in_loop(k, b))

static bool in_loop(const keeper *k, uint32_t b) { return k->f->bb.p[b].loop == k->loop; }

static bool is_variable(const keeper *k, gj_ref r) { return gj_o(k->f, r)->op == GJ_PHI && gj_o(k->f, r)->block == k->header; }

/* Does it depend on nothing but variables of the loop and what stands before it? */
static bool is_of_variables(const keeper *k, const gj_op *o)
{
	bool any = false;
	if (!gj_op_is(o, GJ_F_PURE) || gj_is_own(o) || o->op == GJ_PHI || !gj_is_float(o->type))
		return false;
	for (uint32_t i = 0; i < o->nargs; i++) {
		if (!is_variable(k, o->arg[i]) && in_loop(k, gj_o(k->f, o->arg[i])->block))
			return false;
		any |= is_variable(k, o->arg[i]);
	}
	return any;
}

/* Operand i of o as the header has it if it comes by its predecessor number `pred`. */
static gj_ref operand_by(const keeper *k, const gj_op *o, uint32_t i, uint32_t pred)
{
	return is_variable(k, o->arg[i]) ? gj_o(k->f, o->arg[i])->arg[pred] : o->arg[i];
}

static bool is_computed_by(const keeper *k, const gj_op *o, const gj_op *next)
{
	if (next->op != o->op || next->sub != o->sub || next->type != o->type || next->nargs != o->nargs || next->imm.i != o->imm.i)
		return false;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (next->arg[i] != operand_by(k, o, i, k->back))
			return false;
	return true;
}

/* What every round leaves behind that o will be in the next; 0: nothing. */
static gj_ref left_behind(const keeper *k, const gj_op *o)
{
	EACH_BLOCK(k, b) GJ_EACH_OP_OF(k->f, b, r)
		if (gj_o(k->f, r) != o && is_computed_by(k, o, gj_o(k->f, r)) && gj_dominates(k->f, b, k->latch))
			return r;
	return 0;
}

/* o, as it is in a round that comes from the header's predecessor number `pred`. */
static gj_ref compute_before(const keeper *k, const gj_op *o, uint32_t pred)
{
	gj_fn *f = k->f;
	uint32_t b = f->bb.p[k->header].preds.p[pred];
	gj_ref end = f->bb.p[b].ops.p[--f->bb.p[b].ops.n];
	gj_ref r = gj_emit(f, b, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg);
	gj_op *made = gj_o(f, r);
	made->sub = o->sub;
	made->imm.i = o->imm.i;
	for (uint32_t i = 0; i < o->nargs; i++)
		made->arg[i] = operand_by(k, o, i, pred);
	gj_push(f->arena, &f->bb.p[b].ops, end);
	return r;
}

/* A variable of the loop in place of op r, which the round before has left behind as `last`. */
static void keep(const keeper *k, gj_ref r, gj_ref last)
{
	gj_fn *f = k->f;
	gj_bb *bb = &f->bb.p[k->header];
	gj_ref *arg = gj_new(f->arena, gj_ref, bb->preds.n);
	for (uint32_t i = 0; i < bb->preds.n; i++)
		arg[i] = i == k->back ? last : compute_before(k, gj_o(f, r), i);
	gj_ref phi = gj_op_new(f, k->header, GJ_PHI, gj_o(f, r)->type, gj_o(f, r)->loc, bb->preds.n, arg);
	gj_push(f->arena, &bb->ops, phi);
	memmove(bb->ops.p + 1, bb->ops.p, (bb->ops.n - 1) * sizeof *bb->ops.p);
	bb->ops.p[0] = phi;
	GJ_EACH_OP(f, b, other) {
		gj_op *o = gj_o(f, other);
		for (uint32_t i = 0; i < o->nargs; i++)
			if (o->arg[i] == r)
				o->arg[i] = phi;
	}
	gj_o(f, r)->op = GJ_NOP;
	gj_o(f, r)->nargs = 0;
}

static bool keep_one(const keeper *k)
{
	EACH_BLOCK(k, b) GJ_EACH_OP_OF(k->f, b, r) {
		gj_ref last = is_of_variables(k, gj_o(k->f, r)) ? left_behind(k, gj_o(k->f, r)) : 0;
		if (last) {
			keep(k, r, last);
			return true;
		}
	}
	return false;
}

/* Is there one way back, and not too much to look through? */
static bool is_plain(const keeper *k)
{
	const gj_fn *f = k->f;
	uint32_t ops = 0, back = 0;
	EACH_BLOCK(k, b)
		ops += f->bb.p[b].ops.n;
	for (uint32_t i = 0; i < f->bb.p[k->header].preds.n; i++)
		back += in_loop(k, f->bb.p[k->header].preds.p[i]);
	return back == 1 && ops <= MOST_OPS;
}

bool gj_keep_for_next(gj_fn *f)
{
	bool any = false, *outer = gj_new(f->arena, bool, f->loops.n);
	for (uint32_t l = 1; l < f->loops.n; l++)
		outer[f->loops.p[l].parent] = true;
	for (uint32_t l = 1; l < f->loops.n; l++) {
		keeper k = { .f = f, .loop = l, .header = f->loops.p[l].header, .latch = f->loops.p[l].latch };
		if (outer[l] || !is_plain(&k))
			continue;
		k.back = gj_pred_index(f, k.header, k.latch);
		for (int n = 0; n < MOST_KEPT && keep_one(&k); n++)
			any = true;
	}
	return any;
}
