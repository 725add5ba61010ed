/* Reverse postorder and dominators of a control-flow graph, as cfg.c stores them in the blocks and verify.c computes
 * them afresh. */
#ifndef GJ_DOM_H
#define GJ_DOM_H

#include "ir/walk.h"

typedef struct gj_dom {
	uint32_t *order, n;                        /* reachable blocks in reverse postorder */
	uint32_t *num;                             /* block → place in order; UINT32_MAX: unreachable */
	uint32_t *idom;                            /* by block; the entry's is itself */
	uint32_t *in, *size;                       /* by block: preorder number in the dominator tree, blocks in the subtree */
} gj_dom;

void gj_dom_build(gj_dom *, const gj_fn *);

static inline bool gj_dom_over(const gj_dom *d, uint32_t a, uint32_t b)
{
	return d->in[b] - d->in[a] < d->size[a];
}

#endif
