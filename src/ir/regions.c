/* Regions of the loop forest: dominance-compact topological orders, dominators and postdominators in each region,
 * control dependence. Linear, but for walks up the two trees. */
#include "ir/regions.h"

#include <string.h>

uint32_t gj_node_in(const gj_regions *r, uint32_t region, uint32_t block)
{
	const gj_loop *loops = r->f->loops.p;
	uint32_t l = r->f->bb.p[block].loop;
	if (l == region)
		return block;
	while (loops[l].depth > loops[region].depth + 1)
		l = loops[l].parent;
	return l && loops[l].parent == region ? r->nblocks + l : GJ_NONODE;
}

uint32_t gj_node_edges(const gj_regions *r, uint32_t node)
{
	if (!gj_node_is_loop(r, node))
		return r->f->bb.p[node].nsucc;
	uint32_t l = gj_node_loop(r, node);
	return r->exit_first[l + 1] - r->exit_first[l];
}

gj_edge gj_node_edge(const gj_regions *r, uint32_t node, uint32_t i)
{
	if (gj_node_is_loop(r, node))
		return r->exits[r->exit_first[gj_node_loop(r, node)] + i];
	return (gj_edge){ node, r->f->bb.p[node].succ[i] };
}

uint32_t gj_edge_node(const gj_regions *r, uint32_t region, gj_edge e)
{
	if (region && r->f->loops.p[region].header == e.to)
		return GJ_NONODE;
	return gj_node_in(r, region, e.to);
}

/* -- Building ------------------------------------------------------------------------------------------------------ */

static void collect_exits(gj_regions *r)
{
	gj_fn *f = r->f;
	uint32_t nl = f->loops.n;
	uint32_t *next = gj_new(f->arena, uint32_t, nl + 1);
	r->exit_first = gj_new(f->arena, uint32_t, nl + 1);
	for (int fill = 0; fill < 2; fill++) {
		GJ_EACH_BLOCK(f, b) {
			const gj_bb *bb = &f->bb.p[b];
			for (uint32_t i = 0; i < bb->nsucc; i++)
				for (uint32_t l = bb->loop; l && !gj_loop_contains(f, l, f->bb.p[bb->succ[i]].loop);
				     l = f->loops.p[l].parent)
					if (fill)
						r->exits[next[l]++] = (gj_edge){ b, bb->succ[i] };
					else
						r->exit_first[l + 1]++;
		}
		if (fill)
			break;
		for (uint32_t l = 0; l < nl; l++)
			r->exit_first[l + 1] += r->exit_first[l];
		memcpy(next, r->exit_first, (nl + 1) * sizeof *next);
		r->exits = gj_new(f->arena, gj_edge, r->exit_first[nl] + 1);
	}
}

/* The dominator of a node within its region. */
static uint32_t region_idom(const gj_regions *r, uint32_t node)
{
	uint32_t region = gj_node_region(r, node), b = gj_node_block(r, node);
	if (b == 0 || (region && r->f->loops.p[region].header == b))
		return GJ_NONODE;
	return gj_node_in(r, region, r->f->bb.p[b].idom);
}

/* Nodes in reverse postorder: the order in which siblings of a dominator tree are listed. */
static uint32_t *list_nodes(const gj_regions *r)
{
	const gj_fn *f = r->f;
	uint32_t *list = gj_new(f->arena, uint32_t, r->nnodes), n = 0;
	GJ_EACH_BLOCK(f, b) {
		uint32_t l = f->bb.p[b].loop;
		if (l && f->loops.p[l].header == b)
			list[n++] = r->nblocks + l;
		list[n++] = b;
	}
	list[n] = GJ_NONODE;
	return list;
}

/* Preorder of each region's dominator tree: each subtree is contiguous, and the order is topological because siblings
 * stand in reverse postorder. */
static void order_nodes(gj_regions *r)
{
	gj_fn *f = r->f;
	uint32_t nl = f->loops.n, n = 0, sp = 0;
	uint32_t *list = list_nodes(r), *stack = gj_new(f->arena, uint32_t, r->nnodes);
	uint32_t *child = gj_new(f->arena, uint32_t, r->nnodes), *sibling = gj_new(f->arena, uint32_t, r->nnodes);
	memset(child, 0xff, r->nnodes * sizeof *child);
	uint32_t count = 0;
	while (list[count] != GJ_NONODE)
		count++;
	for (uint32_t k = count; k-- > 0;) {
		uint32_t up = r->idom[list[k]] = region_idom(r, list[k]);
		if (up == GJ_NONODE)
			continue;
		sibling[list[k]] = child[up];
		child[up] = list[k];
	}
	for (uint32_t region = 0; region < nl; region++) {
		uint32_t start = region ? f->loops.p[region].header : 0;
		r->first[region] = n;
		stack[sp++] = start;
		sibling[start] = GJ_NONODE;
		while (sp) {
			uint32_t at = stack[--sp];
			r->pos[at] = n - r->first[region];
			r->order[n++] = at;
			if (sibling[at] != GJ_NONODE)
				stack[sp++] = sibling[at];
			if (child[at] != GJ_NONODE)
				stack[sp++] = child[at];
		}
	}
	r->first[nl] = n;
}

static uint32_t meet(const gj_regions *r, uint32_t a, uint32_t b)
{
	while (a != b) {
		if (a == GJ_NONODE || b == GJ_NONODE)
			return GJ_NONODE;
		if (r->pos[a] < r->pos[b])
			a = r->ipdom[a];
		else
			b = r->ipdom[b];
	}
	return a;
}

static uint32_t region_ipdom(const gj_regions *r, uint32_t region, uint32_t node)
{
	uint32_t n = gj_node_edges(r, node), at = GJ_NONODE;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = gj_edge_node(r, region, gj_node_edge(r, node, i));
		at = i ? meet(r, at, to) : to;
		if (at == GJ_NONODE)
			break;
	}
	return at;
}

void gj_regions_build(gj_regions *r, gj_fn *f)
{
	uint32_t nl = f->loops.n;
	*r = (gj_regions){ .f = f, .nblocks = f->bb.n, .nnodes = f->bb.n + nl };
	size_t n = r->nnodes + 1;
	r->pos = gj_new(f->arena, uint32_t, n);
	r->idom = gj_new(f->arena, uint32_t, n);
	r->ipdom = gj_new(f->arena, uint32_t, n);
	r->order = gj_new(f->arena, uint32_t, n);
	r->first = gj_new(f->arena, uint32_t, nl + 1);
	memset(r->idom, 0xff, n * sizeof *r->idom);
	memset(r->ipdom, 0xff, n * sizeof *r->ipdom);
	collect_exits(r);
	order_nodes(r);
	for (uint32_t region = 0; region < nl; region++)
		for (uint32_t k = r->first[region + 1]; k-- > r->first[region];)
			r->ipdom[r->order[k]] = region_ipdom(r, region, r->order[k]);
}

/* -- Control dependence -------------------------------------------------------------------------------------------- */

void gj_regions_control(const gj_regions *r, uint32_t d, bool *controlled)
{
	GJ_VEC(uint32_t) work = { 0 };
	uint32_t region = gj_node_region(r, d);
	gj_push(r->f->arena, &work, d);
	while (work.n) {
		uint32_t at = work.p[--work.n], edges = gj_node_edges(r, at);
		for (uint32_t i = 0; edges > 1 && i < edges; i++) {
			uint32_t n = gj_edge_node(r, region, gj_node_edge(r, at, i));
			for (; n != GJ_NONODE && n != r->ipdom[at]; n = r->ipdom[n])
				if (!controlled[n]) {
					controlled[n] = true;
					gj_push(r->f->arena, &work, n);
				}
		}
	}
}
