/* Walks over a function. The body may add ops anywhere, and to the end of the block at hand; `break` leaves the innermost
 * walk only: the ops of a block, not the function's. */
#ifndef GJ_WALK_H
#define GJ_WALK_H

#include "ir/ir.h"

/* b: the reachable blocks, in reverse postorder. */
#define GJ_EACH_BLOCK(f, b) \
	for (uint32_t b##_at = 0, b = 0; b##_at < (f)->rpo.n && (b = (f)->rpo.p[b##_at], true); b##_at++)

/* b: all blocks, those that nothing leads to as well: before gj_cfg, or where that drops nothing. */
#define GJ_ALL_BLOCKS(f, b) for (uint32_t b = 0; b < (f)->bb.n; b++)

/* r: the ops of block b, in order; r_at: their places in it. */
#define GJ_EACH_OP_OF(f, b, r) \
	for (gj_ref r##_at = 0, r = 0; r##_at < (f)->bb.p[b].ops.n && (r = (f)->bb.p[b].ops.p[r##_at], true); r##_at++)

/* r: the phis of block b. */
#define GJ_EACH_PHI(f, b, r) \
	for (gj_ref r##_at = 0, r = 0; r##_at < (f)->bb.p[b].ops.n && (r = (f)->bb.p[b].ops.p[r##_at], gj_o(f, r)->op == GJ_PHI); \
	     r##_at++)

/* r: the ops of every reachable block b. */
#define GJ_EACH_OP(f, b, r) GJ_EACH_BLOCK(f, b) GJ_EACH_OP_OF(f, b, r)

/* How many phis the block begins with. */
static inline uint32_t gj_count_phis(const gj_fn *f, uint32_t b)
{
	uint32_t n = 0;
	while (n < f->bb.p[b].ops.n && gj_o(f, f->bb.p[b].ops.p[n])->op == GJ_PHI)
		n++;
	return n;
}

#endif
