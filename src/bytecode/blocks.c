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

static bool is_return(const gj_ssa_state *s, uint32_t i) { return !strncmp(gj_pyops[s->in.p[i].row].name, "RETURN_", 7); }

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

static uint32_t handler_start(const gj_ssa_state *s, const gj_handler *h)
{
	int32_t i = gj_insn_at(&s->in, h->target);
	if (i == GJ_NO_INSN)
		gj_ssa_damaged(s, "a handler nowhere");
	return (uint32_t)i;
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
		const gj_handler *h = gj_may_be_caught(s, i) ? gj_handler_of(s, i) : NULL;
		if (h)
			visit_later(s, r, handler_start(s, h), h->depth + h->lasti + 1);
		if ((flow == GJ_FLOW_YIELD || h) && i + 1 < s->in.n)
			r->lead[i + 1] = true;
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
	return x->row == y->row && x->arg == y->arg && p->line > 0 && !memcmp(p, q, sizeof *p) && r->depth[a] == r->depth[b]
		&& gj_handler_of(s, a) == gj_handler_of(s, b);
}

/* Both end a path in the same way: from how far back on? The stretch is entered only at its start. */
static void match_ends(gj_ssa_state *s, reached *r, uint32_t original, uint32_t copy)
{
	uint32_t a = original, b = copy;
	while (a && b && b > original + 1 && !r->lead[a] && !r->lead[b] && r->seen[a - 1] && r->seen[b - 1]
	       && flow_of(s, a - 1) <= GJ_FLOW_RISK && flow_of(s, b - 1) <= GJ_FLOW_RISK && same_insn(s, r, a - 1, b - 1)) {
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
		if (!r->seen[i] || flow_of(s, i) != GJ_FLOW_END || (s->code->nhandlers && !is_return(s, i)))
			continue;                                          /* each raises the exception of its own handler */
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

/* -- Copies: unrolled loops, which are read as if they were written out -------------------------------------------------- */

enum { MAX_UNROLLED = 1 << 17 };                           /* instructions of all copies */

/* The loop of the reading that starts at instruction i of copy c, counted from 1; 0: none. */
static uint32_t unrolled_at(const gj_ssa_state *s, uint32_t c, uint32_t i)
{
	const gj_copy *in = &s->copy.p[c];
	for (uint32_t k = 0; k < s->reading->loops.n; k++) {
		const gj_loop_place *l = &s->reading->loops.p[k];
		if (l->insn == i && l->up == in->loop && l->round == in->round && !(in->loop && in->first == i))
			return k + 1;
	}
	return 0;
}

/* Which loop that is unrolled somewhere an instruction is in, by its start from 1: the innermost. */
static uint32_t *find_loops(const gj_ssa_state *s)
{
	uint32_t *in = gj_new(s->f->arena, uint32_t, s->in.n);
	for (uint32_t k = 0; k < s->reading->loops.n; k++) {
		uint32_t first = s->reading->loops.p[k].insn;
		for (uint32_t i = first; i < s->in.n && i < (uint32_t)s->in.p[first].target; i++)
			in[i] = in[i] > first ? in[i] : first + 1;
	}
	return in;
}

static uint32_t new_copy(gj_ssa_state *s, gj_copy c)
{
	c.block = gj_new(s->f->arena, uint32_t, c.end - c.first);
	gj_push(s->f->arena, &s->copy, c);
	return s->copy.n - 1;
}

/* The block that instruction i starts, seen from copy c: of the copy that it is part of, or of one around it. */
static uint32_t block_at(const gj_ssa_state *s, uint32_t c, uint32_t i)
{
	for (;; c = s->copy.p[c].up) {
		const gj_copy *in = &s->copy.p[c];
		if (in->loop && i == in->first)
			in = &s->copy.p[in->next];
		uint32_t b = i >= in->first && i < in->end ? in->block[i - in->first] : 0;
		if (b)
			return b;
		if (!in->loop)
			gj_ssa_damaged(s, "a jump to nowhere");
	}
}

/* -- Blocks and edges ------------------------------------------------------------------------------------------------------ */

static uint32_t new_block(gj_ssa_state *s, gj_stretch kind, uint32_t first, uint32_t copy)
{
	gj_push(s->f->arena, &s->sb, ((gj_sblock){ .kind = kind, .first = first, .last = first, .copy = copy }));
	return gj_block_new(s->f);
}

/* The edge block → instruction, with a block of its own where the stack changes on the way. */
static void edge(gj_ssa_state *s, uint32_t block, uint32_t to, gj_stretch kind)
{
	uint32_t from = block, copy = s->sb.p[block].copy;
	if (kind != GJ_CODE) {
		from = new_block(s, kind, s->sb.p[block].last, copy);
		gj_link(s->f, block, from);
	}
	if (kind != GJ_EDGE_STOP && kind != GJ_EDGE_RESULT && kind != GJ_EDGE_EMPTY)
		gj_link(s->f, from, block_at(s, copy, to));
}

static void link_for(gj_ssa_state *s, uint32_t b, uint32_t next, uint32_t target)
{
	bool marks = gj_pyops[s->in.p[next - 1].row].since >= 312;
	const gj_copy *c = &s->copy.p[s->sb.p[b].copy];
	bool over = c->loop && c->first == next - 1 && c->round == s->reading->loops.p[c->loop - 1].count;
	if (!over)
		edge(s, b, next, GJ_EDGE_ITEM);
	edge(s, b, target, marks ? GJ_EDGE_MARK : GJ_EDGE_POP);
}

/* What follows an item of a generator, or its end, where that is decided by a condition. */
static void link_fork(gj_ssa_state *s, uint32_t b, uint32_t next, bool end)
{
	gj_fork fork = gj_generator_fork(s->reading->taker, end);
	if (end && fork.yes == GJ_CODE)
		return;
	edge(s, b, next, fork.yes);
	if (fork.no != fork.yes)
		edge(s, b, next, fork.no);
}

/* What the last instruction of block b raises goes to its handler: all ways there meet in a block before it. */
static void link_handler(gj_ssa_state *s, uint32_t b)
{
	uint32_t last = s->sb.p[b].last, copy = s->sb.p[b].copy, from, at = 0;
	const gj_handler *h = gj_handler_of(s, last);
	if (!gj_may_be_caught(s, last))
		return;
	uint32_t to = block_at(s, copy, handler_start(s, h));
	for (uint32_t i = 0; i < s->f->bb.p[to].preds.n && !at; i++) {
		const gj_sblock *p = &s->sb.p[s->f->bb.p[to].preds.p[i]];
		at = p->kind == GJ_CAUGHT_HERE && p->handler->depth == h->depth && p->handler->lasti == h->lasti ? s->f->bb.p[to].preds.p[i] : 0;
	}
	if (!at) {
		at = new_block(s, GJ_CAUGHT_HERE, handler_start(s, h), s->sb.p[to].copy);
		s->sb.p[at].handler = h;
		gj_link(s->f, at, to);
	}
	from = new_block(s, GJ_EDGE_RAISED, last, copy);
	s->sb.p[from].handler = h;
	gj_link(s->f, b, from);
	gj_link(s->f, from, at);
}

/* Handlers stand behind the loops that they belong to, so rounds that are written out do not have them. */
static void refuse_handler(const gj_ssa_state *s, uint32_t b, uint32_t to)
{
	uint32_t copy = s->sb.p[b].copy;
	for (uint32_t k = 0; k < s->reading->loops.n && s->code->nhandlers; k++) {
		uint32_t first = s->reading->loops.p[k].insn, end = (uint32_t)s->in.p[first].target, last = s->sb.p[b].last;
		if (to >= first && to < end && (last < first || last >= end) && !s->copy.p[copy].loop)
			gj_refuse(s->f, gj_ssa_loc(s, s->in.p[first].unit), "try in a loop that is written out");
	}
}

static void link_block(gj_ssa_state *s, uint32_t b)
{
	uint32_t last = s->sb.p[b].last, next = last + 1, target = (uint32_t)s->in.p[last].target;
	switch (flow_of(s, last)) {
	case GJ_FLOW_END:   if (is_return(s, last)) link_fork(s, b, next, true); link_handler(s, b); return;
	case GJ_FLOW_YIELD: link_fork(s, b, next, false); return;
	case GJ_FLOW_NEXT: case GJ_FLOW_RISK: edge(s, b, next, GJ_CODE); link_handler(s, b); return;
	case GJ_FLOW_JUMPB: refuse_handler(s, b, target);                           /* falls through */
	case GJ_FLOW_JUMP:  edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_IFT: case GJ_FLOW_IFTB: edge(s, b, target, GJ_CODE); edge(s, b, next, GJ_CODE); return;
	case GJ_FLOW_IFF: case GJ_FLOW_IFFB: edge(s, b, next, GJ_CODE); edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_AND:   edge(s, b, next, GJ_EDGE_POP); edge(s, b, target, GJ_CODE); return;
	case GJ_FLOW_OR:    edge(s, b, target, GJ_CODE); edge(s, b, next, GJ_EDGE_POP); return;
	case GJ_FLOW_FOR:   link_for(s, b, next, target); return;
	}
}

static void make_blocks(gj_ssa_state *, const reached *, const uint32_t *loop_of, uint32_t c);

/* The rounds of an unrolled loop, and the look for an item that is not there. Gives the block that it starts with. */
static uint32_t make_rounds(gj_ssa_state *s, const reached *r, const uint32_t *loop_of, uint32_t up, uint32_t loop)
{
	const gj_loop_place *l = &s->reading->loops.p[loop - 1];
	uint32_t start = 0, before = 0, end = (uint32_t)s->in.p[l->insn].target;
	for (uint32_t round = 0; round <= l->count; round++) {
		uint32_t c = new_copy(s, (gj_copy){ .up = up, .loop = loop, .round = round, .first = l->insn,
		                                    .end = round < l->count ? end : l->insn + 1 });
		if ((s->unrolled += end - l->insn) > MAX_UNROLLED)
			gj_fail(s->f, gj_ssa_loc(s, s->in.p[l->insn].unit), GJ_ERR_UNROLL_SIZE, (unsigned)l->count);
		make_blocks(s, r, loop_of, c);
		start = start ? start : s->copy.p[c].block[0];
		if (round)
			s->copy.p[before].next = c;
		before = c;
	}
	return start;
}

/* A block for each start, in the order of the bytecode; copies of ends lead to their originals' blocks, of the same round. */
static void make_blocks(gj_ssa_state *s, const reached *r, const uint32_t *loop_of, uint32_t c)
{
	bool skip = false;
	for (uint32_t i = s->copy.p[c].first, at = 0; i < s->copy.p[c].end; i++) {
		uint32_t first = s->copy.p[c].first, loop = unrolled_at(s, c, i), from = r->copy_of[i], b;
		if (!r->seen[i])
			continue;
		if (loop) {
			b = make_rounds(s, r, loop_of, c, loop);
			s->copy.p[c].block[i - first] = b;
			i = (uint32_t)s->in.p[i].target - 1;
			continue;
		}
		if (r->lead[i]) {
			skip = from && loop_of[from - 1] == loop_of[i];
			b = skip ? s->copy.p[c].block[from - 1 - first] : (at = new_block(s, GJ_CODE, i, c));
			s->copy.p[c].block[i - first] = b;
		}
		if (!skip)
			s->sb.p[at].last = i;
	}
}

void gj_ssa_blocks(gj_ssa_state *s)
{
	gj_arena *a = s->f->arena;
	reached r = { .seen = gj_new(a, bool, s->in.n), .lead = gj_new(a, bool, s->in.n),
	              .depth = gj_new(a, int64_t, s->in.n), .copy_of = gj_new(a, uint32_t, s->in.n) };
	if (!s->in.n)
		gj_ssa_damaged(s, "it is empty");
	for (uint32_t i = 1; i < s->in.n && s->code->nhandlers; i++)
		r.lead[i] = gj_handler_of(s, i) != gj_handler_of(s, i - 1);
	visit_later(s, &r, 0, 0);
	while (r.work.n)
		follow(s, &r, r.work.p[--r.work.n]);
	find_copies(s, &r);
	new_block(s, GJ_ENTRY, 0, new_copy(s, (gj_copy){ .end = s->in.n }));
	make_blocks(s, &r, find_loops(s), 0);
	uint32_t n = s->sb.n;
	gj_link(s->f, 0, block_at(s, 0, 0));
	for (uint32_t b = 1; b < n; b++)
		link_block(s, b);
}
