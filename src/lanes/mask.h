/* What the files of the mask pass share. mask_plan.c plans the new control flow, mask_build.c makes it.
 *
 * The plan is a partial linearisation: branches that all lanes take together stay branches; where lanes part, the ways
 * follow one another in the region's order, and what is still to come is pending. A place is a node, or nnodes + l for
 * the landing of divergent loop l: where all lanes have left it. */
#ifndef GJ_MASK_H
#define GJ_MASK_H

#include "ir/regions.h"

/* Nodes of a region in its order. Lists share their ends: those of nested statements differ at the front only. */
typedef struct gj_nodes gj_nodes;
struct gj_nodes { uint32_t node; const gj_nodes *rest; };

typedef struct gj_plan {
	gj_fn     *f;
	gj_regions r;
	/* by node */
	bool      *divergent;                      /* lanes part here: a branch on a varying condition, a divergent loop */
	bool      *masked;                         /* runs under a divergent branch of its region */
	bool      *nonempty;                       /* runs only with at least one active lane */
	const gj_nodes **pending;                  /* places that active lanes may still have to go to */
	/* by block */
	bool      *guarded;                        /* skipped unless a lane is active */
	uint32_t  *skip;                           /* guarded: where to, instead */
	uint32_t  *next;                           /* [2 b + i]: place to which edge i of block b goes now */
	bool      *wraps;                          /* [2 b + i]: lanes leave a loop there with values: set behind a test */
	bool      *kept;                           /* its phis stay: its edges are the same as before */
	/* by loop */
	uint32_t  *after;                          /* divergent: place where the landing goes */
	gj_nodes **held;                           /* phis of its header that stay as they are in lanes that have left */
} gj_plan;

void gj_mask_plan(gj_plan *, gj_fn *);
void gj_mask_build(gj_plan *);

/* A node that the same lanes run: the nearest dominator, when all its lanes come here. GJ_NONODE: none known. */
uint32_t gj_mask_source(const gj_plan *, uint32_t node);

#endif
