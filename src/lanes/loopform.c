/* Loop form: one RETURN, a preheader and one latch (phis and a jump, no more) for each loop, exit blocks that only one
 * loop leads to, and every value that is used outside its loop passing through a phi in an exit block (lcssa.c).
 *
 * RAISE ends the thread, so in a kernel it is a jump to the RETURN. Linear. */
#include "lanes/late.h"
#include "lanes/loopform.h"
#include "ir/walk.h"

#include <string.h>

static void end_with_jump(gj_fn *f, uint32_t b, uint32_t to)
{
	gj_op *t = gj_terminator(f, b);
	t->op = GJ_JUMP;
	t->nargs = 0;
	t->imm.obj = NULL;
	gj_link(f, b, to);
}

static bool is_end(const gj_op *t)
{
	return t->op == GJ_RETURN || t->op == GJ_RAISE || t->op == GJ_UNREACHABLE;
}

/* -- One RETURN ---------------------------------------------------------------------------------------------------- */

/* The value that end `t` of a function returns as its k-th result. */
static gj_ref result_of(gj_fn *f, uint32_t b, const gj_op *t, uint32_t k, const gj_type *type)
{
	if (t->op == GJ_RETURN)
		return t->arg[k];
	gj_bb *bb = &f->bb.p[b];
	gj_ref u = gj_op_new(f, b, GJ_UNDEF, type, t->loc, 0, NULL), last = bb->ops.p[bb->ops.n - 1];
	bb->ops.p[bb->ops.n - 1] = u;
	gj_push(f->arena, &bb->ops, last);
	return u;
}

/* Joins the ends of all paths in one new block. */
static void join_ends(gj_fn *f, const uint32_t *end, uint32_t n)
{
	const gj_op *ret = NULL;
	for (uint32_t i = 0; i < n; i++) {
		const gj_op *t = gj_terminator(f, end[i]);
		if (t->op == GJ_RETURN)
			ret = t;
	}
	uint32_t to = gj_block_new(f), nres = ret ? ret->nargs : 0, loc = ret ? ret->loc : 0;
	gj_ref *value = gj_new(f->arena, gj_ref, nres + 1), *arg = gj_new(f->arena, gj_ref, n);
	for (uint32_t k = 0; k < nres; k++) {
		const gj_type *type = gj_o(f, ret->arg[k])->type;
		for (uint32_t i = 0; i < n; i++)
			arg[i] = result_of(f, end[i], gj_terminator(f, end[i]), k, type);
		value[k] = gj_emit(f, to, GJ_PHI, type, loc, n, arg);
	}
	gj_emit(f, to, GJ_RETURN, NULL, loc, nres, value);
	for (uint32_t i = 0; i < n; i++)
		end_with_jump(f, end[i], to);
}

static void one_return(gj_fn *f)
{
	GJ_VEC(uint32_t) end = { 0 };
	GJ_EACH_BLOCK(f, b)
		if (is_end(gj_terminator(f, b)))
			gj_push(f->arena, &end, b);
	if (end.n > 1 || (end.n == 1 && gj_terminator(f, end.p[0])->op != GJ_RETURN))
		join_ends(f, end.p, end.n);
}

/* -- Splitting edges ----------------------------------------------------------------------------------------------- */

/* A branch whose two sides are one block gets a block on one of them: from here on an edge is named by its two ends. */
static void split_double_edges(gj_fn *f)
{
	GJ_EACH_BLOCK(f, p) {
		uint32_t b = f->bb.p[p].succ[0];
		if (f->bb.p[p].nsucc != 2 || f->bb.p[p].succ[1] != b)
			continue;
		bool *take = gj_new(f->arena, bool, f->bb.p[b].preds.n);
		take[gj_pred_index(f, b, p)] = true;
		gj_split_edges(f, b, take);
	}
}

/* -- Preheaders, latches, exit blocks ------------------------------------------------------------------------------ */

/* Is the one predecessor at take[] already what a new block would be: one that leads nowhere else and, if that is asked
 * for, does nothing else? */
static bool is_single(const gj_fn *f, uint32_t b, const bool *take, bool bare)
{
	const gj_bb *bb = &f->bb.p[b];
	uint32_t n = 0, p = 0;
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (take[k]) {
			p = bb->preds.p[k];
			n++;
		}
	return n == 1 && p != b && f->bb.p[p].nsucc == 1 && (!bare || f->bb.p[p].ops.n == 1);
}

/* Preheader and latch of header h: the latch is where lanes that go on meet, so it must not do anything. Of the blocks
 * from `known` on, made here, only h's own preheader leads to it. */
static void form_header(gj_fn *f, uint32_t h, uint32_t known)
{
	for (int back = 0; back < 2; back++) {
		const gj_bb *bb = &f->bb.p[h];
		bool *take = gj_new(f->arena, bool, bb->preds.n);
		for (uint32_t k = 0; k < bb->preds.n; k++)
			take[k] = (bb->preds.p[k] < known && gj_dominates(f, h, bb->preds.p[k])) == back;
		if (!is_single(f, h, take, back))
			gj_split_edges(f, h, take);
	}
}

/* Gives the edges into b that leave loop `l` (innermost at their start) a block of their own. */
static void form_exit(gj_fn *f, uint32_t b, uint32_t l)
{
	gj_bb *bb = &f->bb.p[b];
	bool *take = gj_new(f->arena, bool, bb->preds.n);
	for (uint32_t k = 0; k < bb->preds.n; k++)
		take[k] = f->bb.p[bb->preds.p[k]].loop == l;
	gj_split_edges(f, b, take);
}

static void form_exits(gj_fn *f, uint32_t b)
{
	for (;;) {
		const gj_bb *bb = &f->bb.p[b];
		uint32_t leaving = 0;
		bool mixed = false;
		for (uint32_t k = 0; k < bb->preds.n; k++) {
			uint32_t l = f->bb.p[bb->preds.p[k]].loop;
			mixed |= l != f->bb.p[bb->preds.p[0]].loop;
			if (l && !gj_loop_contains(f, l, bb->loop))
				leaving = l;
		}
		if (!leaving || !mixed)
			return;
		form_exit(f, b, leaving);
	}
}

/* Where two ways lead back with other values, LLVM takes branches apart and chooses between the values, but only if they meet before the
 * header. */
void gj_one_latch(gj_fn *f)
{
	gj_cfg(f);
	for (uint32_t l = 1; l < f->loops.n; l++) {
		uint32_t h = f->loops.p[l].header, back = 0;
		const gj_bb *bb = &f->bb.p[h];
		bool *take = gj_new(f->arena, bool, bb->preds.n);
		for (uint32_t k = 0; k < bb->preds.n; k++)
			back += take[k] = gj_dominates(f, h, bb->preds.p[k]);
		if (back > 1)
			gj_split_edges(f, h, take);
	}
	gj_cfg(f);
}

void gj_loop_form(gj_fn *f)
{
	gj_cfg(f);
	gj_barriers_last(f);
	one_return(f);
	split_double_edges(f);
	gj_cfg(f);
	for (uint32_t l = 1, known = f->bb.n; l < f->loops.n; l++)
		form_header(f, f->loops.p[l].header, known);
	gj_cfg(f);
	GJ_EACH_BLOCK(f, b)
		form_exits(f, b);
	gj_cfg(f);
	gj_lcssa(f);
}
