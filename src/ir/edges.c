/* Edges of the control flow: their place among the predecessors, and taking one away. */
#include "ir/ir.h"

#include <string.h>

uint32_t gj_edge_index(const gj_fn *f, uint32_t from, uint32_t i)
{
	const gj_bb *b = &f->bb.p[from], *to = &f->bb.p[b->succ[i]];
	uint32_t skip = i == 1 && b->succ[0] == b->succ[1], k = 0;
	while (to->preds.p[k] != from || skip--)
		k++;
	return k;
}

void gj_drop_edge(gj_fn *f, uint32_t from, uint32_t i)
{
	uint32_t k = gj_edge_index(f, from, i);
	gj_bb *b = &f->bb.p[from], *to = &f->bb.p[b->succ[i]];
	for (uint32_t j = 0; j < to->ops.n && gj_o(f, to->ops.p[j])->op == GJ_PHI; j++) {
		gj_op *phi = gj_o(f, to->ops.p[j]);
		memmove(phi->arg + k, phi->arg + k + 1, (phi->nargs - k - 1) * sizeof *phi->arg);
		phi->nargs--;
	}
	memmove(to->preds.p + k, to->preds.p + k + 1, (to->preds.n - k - 1) * sizeof *to->preds.p);
	to->preds.n--;
	if (i == 0)
		b->succ[0] = b->succ[1];
	b->nsucc--;
}
