/* Edges of the control flow: their places among the predecessors, which are those of phi operands, taking one away, and making a loop
 * of them. */
#include "ir/walk.h"

#include <string.h>

uint32_t gj_pred_index(const gj_fn *f, uint32_t to, uint32_t from)
{
	const gj_bb *bb = &f->bb.p[to];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == from)
			return k;
	gj_fail(f, 0, GJ_ERR_INTERNAL, "an edge is not among the predecessors");
}

uint32_t gj_edge_index(const gj_fn *f, uint32_t from, uint32_t i)
{
	const gj_bb *b = &f->bb.p[from], *to = &f->bb.p[b->succ[i]];
	uint32_t k = gj_pred_index(f, b->succ[i], from);
	if (i == 1 && b->succ[0] == b->succ[1])
		for (k++; k < to->preds.n && to->preds.p[k] != from; k++)
			;
	return k;
}

uint32_t gj_pred_edge(const gj_fn *f, uint32_t b, uint32_t k)
{
	uint32_t p = f->bb.p[b].preds.p[k];
	return f->bb.p[p].succ[0] != b || gj_pred_index(f, b, p) != k;
}

void gj_drop_pred(gj_fn *f, uint32_t b, uint32_t k)
{
	gj_bb *bb = &f->bb.p[b];
	GJ_EACH_PHI(f, b, r) {
		gj_op *phi = gj_o(f, r);
		memmove(phi->arg + k, phi->arg + k + 1, (phi->nargs - k - 1) * sizeof *phi->arg);
		phi->nargs--;
	}
	memmove(bb->preds.p + k, bb->preds.p + k + 1, (bb->preds.n - k - 1) * sizeof *bb->preds.p);
	bb->preds.n--;
}

void gj_drop_edge(gj_fn *f, uint32_t from, uint32_t i)
{
	gj_bb *b = &f->bb.p[from];
	gj_drop_pred(f, b->succ[i], gj_edge_index(f, from, i));
	if (i == 0)
		b->succ[0] = b->succ[1];
	b->nsucc--;
}

void gj_rename_pred(gj_fn *f, uint32_t b, uint32_t from, uint32_t to)
{
	gj_bb *bb = &f->bb.p[b];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (bb->preds.p[k] == from)
			bb->preds.p[k] = to;
}

/* Lets phi `r` of block `b` take the operands named by take[] through one value from the new last predecessor. */
static void merge_phi(gj_fn *f, gj_ref r, uint32_t into, const bool *take, uint32_t npreds, uint32_t ntaken)
{
	gj_op *phi = gj_o(f, r);
	gj_ref *moved = gj_new(f->arena, gj_ref, ntaken), *kept = gj_new(f->arena, gj_ref, npreds + 1);
	uint32_t nm = 0, nk = 0;
	for (uint32_t k = 0; k < npreds; k++)
		if (take[k])
			moved[nm++] = phi->arg[k];
		else
			kept[nk++] = phi->arg[k];
	kept[nk++] = nm == 1 ? moved[0] : gj_emit(f, into, GJ_PHI, phi->type, phi->loc, nm, moved);
	phi->arg = kept;
	phi->nargs = nk;
}

uint32_t gj_split_edges(gj_fn *f, uint32_t b, const bool *take)
{
	uint32_t to = gj_block_new(f);
	gj_bb *bb = &f->bb.p[b];
	uint32_t npreds = bb->preds.n, taken = 0, kept = 0;
	for (uint32_t k = 0; k < npreds; k++)
		taken += take[k];
	GJ_EACH_PHI(f, b, r)
		merge_phi(f, r, to, take, npreds, taken);
	gj_emit(f, to, GJ_JUMP, NULL, gj_o(f, bb->ops.p[0])->loc, 0, NULL);
	for (uint32_t k = 0; k < npreds; k++) {
		uint32_t p = bb->preds.p[k];
		if (!take[k]) {
			bb->preds.p[kept++] = p;
			continue;
		}
		gj_bb *pb = &f->bb.p[p];
		pb->succ[pb->succ[0] == b ? 0 : 1] = to;
		gj_push(f->arena, &f->bb.p[to].preds, p);
	}
	bb->preds.n = kept;
	gj_link(f, to, b);
	return to;
}

uint32_t gj_split_block(gj_fn *f, uint32_t b, uint32_t at)
{
	uint32_t n = gj_block_new(f);
	gj_bb *bb = &f->bb.p[b], *next = &f->bb.p[n];
	for (uint32_t k = at; k < bb->ops.n; k++) {
		gj_o(f, bb->ops.p[k])->block = n;
		gj_push(f->arena, &next->ops, bb->ops.p[k]);
	}
	bb->ops.n = at;
	next->nsucc = bb->nsucc;
	memcpy(next->succ, bb->succ, sizeof bb->succ);
	for (uint32_t i = 0; i < next->nsucc; i++)
		gj_rename_pred(f, next->succ[i], b, n);
	bb->nsucc = 0;
	next->loop = bb->loop;
	return n;
}

int gj_caught_edge(const gj_fn *f, uint32_t b)
{
	gj_opcode t = (gj_opcode)gj_terminator(f, b)->op;
	return t == GJ_TRY ? 1 : (t == GJ_RAISE || t == GJ_RERAISE) && f->bb.p[b].nsucc ? 0 : -1;
}

static gj_ref number(gj_fn *f, uint32_t block, const gj_type *t, int64_t k)
{
	gj_ref r = gj_emit(f, block, GJ_CONST, t, 0, 0, NULL);
	gj_o(f, r)->imm.i = k;
	gj_o(f, r)->flags = GJ_NONNEG;
	return r;
}

gj_counted gj_count_loop(gj_fn *f, uint32_t from, const gj_type *t)
{
	gj_counted l = { .head = gj_block_new(f), .done = gj_block_new(f), .one = number(f, from, t, 1) };
	gj_ref none = number(f, from, t, 0);
	gj_emit(f, from, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, from, l.head);
	l.i = gj_emit(f, l.head, GJ_PHI, t, 0, 2, (gj_ref[]){ none, none });
	gj_o(f, l.i)->flags = GJ_NONNEG;
	return l;
}

void gj_count_rounds(gj_fn *f, const gj_counted *l, gj_ref n, uint32_t body, uint32_t last)
{
	gj_ref more = gj_emit(f, l->head, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ l->i, n });
	gj_o(f, more)->sub = GJ_CMP_LT;
	gj_emit(f, l->head, GJ_BRANCH, NULL, 0, 1, &more);
	gj_link(f, l->head, body);
	gj_link(f, l->head, l->done);
	gj_ref next = gj_emit(f, last, GJ_ADD, gj_o(f, l->i)->type, 0, 2, (gj_ref[]){ l->i, l->one });
	gj_o(f, next)->flags = GJ_NONNEG | GJ_NSW | GJ_NUW;
	gj_emit(f, last, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, last, l->head);
	gj_o(f, l->i)->arg[1] = next;
}
