/* Basic blocks of bytecode. CPython copies short ends of functions ("return x + 1") to the places that jump to them,
 * each version by its own rule; the copies are found by their source positions and taken back, so that the graph is the
 * source's. (A copied barrier, too, would be two barriers.) */
#include "bytecode/state.h"

#include <string.h>

static gj_flow flow_of(const gj_ssa_state *s, uint32_t i)
{
	return (gj_flow)gj_pyops[s->in.p[i].row].flow;
}

static bool falls_through(gj_flow flow)
{
	return flow != GJ_FLOW_END && flow != GJ_FLOW_JUMP && flow != GJ_FLOW_JUMPB;
}

typedef struct reached {
	bool    *seen, *lead;                      /* by instruction: control comes here; a block starts here */
	int64_t *depth;                            /* of the stack before it, by the table */
	uint32_t *copy_of;                         /* start of a copied end → start of its original, from 1 */
	GJ_VEC(uint32_t) work;
} reached;

static void visit_later(gj_ssa_state *s, reached *r, uint32_t i, int64_t depth)
{
	r->lead[i] = true;
	if (!r->seen[i])
		r->depth[i] = depth;
	gj_push(s->f->arena, &r->work, i);
}

/* Follows control from instruction i until it ends or comes to a known place. */
static void follow(gj_ssa_state *s, reached *r, uint32_t i)
{
	for (int64_t depth = r->depth[i];; i++) {
		if (i >= s->in.n)
			gj_ssa_damaged(s, "control runs off the end");
		if (r->seen[i])
			return;
		const gj_insn *in = &s->in.p[i];
		if (in->row == UINT16_MAX)
			gj_ssa_damaged(s, "an unknown bytecode");
		gj_flow flow = flow_of(s, i);
		gj_effect e = gj_pyop_effect(in->row, in->arg);
		r->seen[i] = true;
		r->depth[i] = depth;
		if (flow > GJ_FLOW_END) {
			if (in->target == GJ_NO_INSN)
				gj_ssa_damaged(s, "a jump to nowhere");
			visit_later(s, r, (uint32_t)in->target, depth + e.taken);
			if (falls_through(flow) && i + 1 < s->in.n)
				r->lead[i + 1] = true;
		}
		if (!falls_through(flow))
			return;
		depth += e.push - e.pop;
	}
}

/* -- Copied ends --------------------------------------------------------------------------------------------------------- */

static bool same_insn(const gj_ssa_state *s, const reached *r, uint32_t a, uint32_t b)
{
	const gj_insn *x = &s->in.p[a], *y = &s->in.p[b];
	const gj_pos *p = &s->code->pos[x->unit], *q = &s->code->pos[y->unit];
	return x->row == y->row && x->arg == y->arg && p->line > 0 && !memcmp(p, q, sizeof *p) && r->depth[a] == r->depth[b];
}

/* Both end a path in the same way: from how far back on? The stretch is entered only at its start. */
static void match_ends(gj_ssa_state *s, reached *r, uint32_t original, uint32_t copy)
{
	uint32_t a = original, b = copy;
	while (a && b && b > original + 1 && !r->lead[a] && !r->lead[b] && r->seen[a - 1] && r->seen[b - 1]
	       && flow_of(s, a - 1) == GJ_FLOW_NEXT && flow_of(s, b - 1) == GJ_FLOW_NEXT && same_insn(s, r, a - 1, b - 1)) {
		a--;
		b--;
	}
	r->copy_of[b] = a + 1;
	r->lead[a] = r->lead[b] = true;
}

/* Ends are compared with those of the same position before them: a list a position, through a small hash. */
static void find_copies(gj_ssa_state *s, reached *r)
{
	enum { BUCKETS = 256 };
	uint32_t head[BUCKETS] = { 0 }, *next = gj_new(s->f->arena, uint32_t, s->in.n);
	for (uint32_t i = 0; i < s->in.n; i++) {
		if (!r->seen[i] || flow_of(s, i) != GJ_FLOW_END)
			continue;
		const gj_pos *p = &s->code->pos[s->in.p[i].unit];
		uint32_t *at = &head[((uint32_t)p->line * 31 + (uint32_t)p->col) % BUCKETS], k = *at;
		while (k && !same_insn(s, r, k - 1, i))
			k = next[k - 1];
		if (k)
			match_ends(s, r, k - 1, i);
		else {
			next[i] = *at;
			*at = i + 1;
		}
	}
}

/* -- Blocks and edges ------------------------------------------------------------------------------------------------------ */

static uint32_t new_block(gj_ssa_state *s, gj_stretch kind, uint32_t first)
{
	gj_push(s->f->arena, &s->sb, ((gj_sblock){ .kind = kind, .first = first, .last = first }));
	return gj_block_new(s->f);
}

/* The edge block → instruction, with a block of its own where the stack changes on the way. */
static void edge(gj_ssa_state *s, uint32_t block, uint32_t to, gj_stretch kind)
{
	uint32_t from = block;
	if (kind != GJ_CODE) {
		from = new_block(s, kind, s->sb.p[block].last);
		gj_link(s->f, block, from);
	}
	gj_link(s->f, from, s->block_of[to]);
}

static void link_block(gj_ssa_state *s, uint32_t b)
{
	uint32_t last = s->sb.p[b].last, next = last + 1, target = (uint32_t)s->in.p[last].target;
	bool marks = gj_pyops[s->in.p[last].row].since >= 312;
	switch (flow_of(s, last)) {
	case GJ_FLOW_END:   return;
	case GJ_FLOW_NEXT:  edge(s, b, next, GJ_CODE); return;
	case GJ_FLOW_JUMP: case GJ_FLOW_JUMPB: edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_IFT: case GJ_FLOW_IFTB: edge(s, b, target, GJ_CODE); edge(s, b, next, GJ_CODE); return;
	case GJ_FLOW_IFF: case GJ_FLOW_IFFB: edge(s, b, next, GJ_CODE); edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_AND:   edge(s, b, next, GJ_EDGE_POP); edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_OR:    edge(s, b, target, GJ_CODE); edge(s, b, next, GJ_EDGE_POP); return;
	case GJ_FLOW_FOR:   edge(s, b, next, GJ_EDGE_ITEM); edge(s, b, target, marks ? GJ_EDGE_MARK : GJ_EDGE_POP); return;
	}
}

/* A block for each start, in the order of the bytecode; copies lead to their originals' blocks. */
static void make_blocks(gj_ssa_state *s, const reached *r)
{
	bool skip = false;
	s->block_of = gj_new(s->f->arena, uint32_t, s->in.n);
	new_block(s, GJ_ENTRY, 0);
	for (uint32_t i = 0; i < s->in.n; i++) {
		if (!r->seen[i])
			continue;
		if (r->lead[i]) {
			skip = r->copy_of[i];
			s->block_of[i] = skip ? s->block_of[r->copy_of[i] - 1] : new_block(s, GJ_CODE, i);
		}
		if (!skip)
			s->sb.p[s->sb.n - 1].last = i;
	}
}

void gj_ssa_blocks(gj_ssa_state *s)
{
	gj_arena *a = s->f->arena;
	reached r = { .seen = gj_new(a, bool, s->in.n), .lead = gj_new(a, bool, s->in.n),
	              .depth = gj_new(a, int64_t, s->in.n), .copy_of = gj_new(a, uint32_t, s->in.n) };
	if (!s->in.n)
		gj_ssa_damaged(s, "it is empty");
	visit_later(s, &r, 0, 0);
	while (r.work.n)
		follow(s, &r, r.work.p[--r.work.n]);
	find_copies(s, &r);
	make_blocks(s, &r);
	uint32_t n = s->sb.n;
	gj_link(s->f, 0, s->block_of[0]);
	for (uint32_t b = 1; b < n; b++)
		link_block(s, b);
}
