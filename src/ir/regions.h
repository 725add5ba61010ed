/* The loop forest as a tree of acyclic regions: what divergence.c and the mask pass walk.
 *
 * Region 0 is the function, region l the body of loop l. A region's nodes are the blocks that stand directly in it and
 * its inner loops, each collapsed into one node. Back edges and exits leave a region: they count as its end. */
#ifndef GJ_REGIONS_H
#define GJ_REGIONS_H

#include "ir/walk.h"

enum { GJ_NONODE = UINT32_MAX };

typedef struct gj_edge { uint32_t from, to; } gj_edge;         /* blocks */

/* Node n is block n, or (n >= nblocks) loop n - nblocks. Needs a function in loop form, after gj_cfg. */
typedef struct gj_regions {
	gj_fn    *f;
	uint32_t  nblocks, nnodes;
	uint32_t *pos;                             /* node → place in its region's order */
	uint32_t *idom, *ipdom;                    /* node → node of the same region, GJ_NONODE: start, end */
	uint32_t *order;                           /* all regions' nodes: topological, each dominator subtree contiguous */
	uint32_t *first;                           /* region → its start in order; first[loops.n] is the end */
	gj_edge  *exits;                           /* all loops' exit edges */
	uint32_t *exit_first;                      /* loop → its start in exits */
} gj_regions;

void gj_regions_build(gj_regions *, gj_fn *);

static inline bool gj_node_is_loop(const gj_regions *r, uint32_t node) { return node >= r->nblocks; }
static inline uint32_t gj_node_loop(const gj_regions *r, uint32_t node) { return node - r->nblocks; }
/* The block in which a node starts. */
static inline uint32_t gj_node_block(const gj_regions *r, uint32_t node)
{
	return node < r->nblocks ? node : r->f->loops.p[node - r->nblocks].header;
}
static inline uint32_t gj_node_region(const gj_regions *r, uint32_t node)
{
	return node < r->nblocks ? r->f->bb.p[node].loop : r->f->loops.p[node - r->nblocks].parent;
}
/* The node of `region` that holds `block`; GJ_NONODE: the block is outside. */
uint32_t gj_node_in(const gj_regions *, uint32_t region, uint32_t block);

/* The edges that leave a node: its block's, or the loop's exits. Visit with edge(i), i < gj_node_edges(). */
uint32_t gj_node_edges(const gj_regions *, uint32_t node);
gj_edge  gj_node_edge(const gj_regions *, uint32_t node, uint32_t i);
/* Where edge e of a node in `region` leads within it; GJ_NONODE: back edge or exit. */
uint32_t gj_edge_node(const gj_regions *, uint32_t region, gj_edge e);

/* Marks in controlled[] every node of d's region that runs under the control of d, through other branches too. */
void gj_regions_control(const gj_regions *, uint32_t d, bool *controlled);

#endif
