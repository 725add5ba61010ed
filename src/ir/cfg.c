/* The control-flow graph of a function at either level: reverse postorder with contiguous loops, dominators, natural
 * loops; unreachable blocks are emptied and cut out of their successors' predecessors and phis.
 *
 * Python's control flow is reducible; a graph that is not (damaged bytecode) fails. Linear but for the dominators. */
#include "ir/dom.h"

#include <string.h>

static void drop_unreachable(gj_fn *f, const gj_dom *d)
{
	GJ_ALL_BLOCKS(f, b) {
		gj_bb *bb = &f->bb.p[b];
		for (uint32_t k = bb->preds.n; k-- > 0;)
			if (d->num[bb->preds.p[k]] == UINT32_MAX)
				gj_drop_pred(f, b, k);
		bb->loop = 0;
		if (d->num[b] == UINT32_MAX) {
			bb->ops.n = bb->preds.n = 0;
			bb->nsucc = 0;
		}
	}
}

/* -- Natural loops --------------------------------------------------------------------------------------------------- */

/* Is the edge from → to one that runs against the order? Then `to` is a loop's header, or the graph is irreducible. */
static bool is_back_edge(const gj_fn *f, const gj_dom *d, uint32_t from, uint32_t to)
{
	if (d->num[from] < d->num[to])
		return false;
	if (!gj_dom_over(d, to, from))
		gj_refuse(f, 0, "a jump into the middle of a loop");
	return true;
}

/* Numbers the loops in the order of their headers, outer ones before inner ones. */
static void find_headers(gj_fn *f, const gj_dom *d)
{
	f->loops.n = 1;
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t h = d->order[i], nlatch = 0, latch = 0;
		const gj_bb *bb = &f->bb.p[h];
		for (uint32_t k = 0; k < bb->preds.n; k++)
			if (is_back_edge(f, d, bb->preds.p[k], h)) {
				latch = bb->preds.p[k];
				nlatch++;
			}
		if (nlatch)
			gj_push(f->arena, &f->loops, ((gj_loop){ .header = h, .latch = nlatch == 1 ? latch : 0 }));
	}
}

typedef GJ_VEC(uint32_t) work;

static void push_preds(gj_fn *f, const gj_dom *d, work *w, uint32_t b, bool back)
{
	const gj_bb *bb = &f->bb.p[b];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (is_back_edge(f, d, bb->preds.p[k], b) == back)
			gj_push(f->arena, w, bb->preds.p[k]);
}

/* Walks back from the latches to the header; a block that is in a loop already brings its outermost loop along. */
static void find_body(gj_fn *f, const gj_dom *d, work *w, uint32_t loop)
{
	gj_loop *loops = f->loops.p;
	f->bb.p[loops[loop].header].loop = loop;
	w->n = 0;
	push_preds(f, d, w, loops[loop].header, true);
	while (w->n) {
		uint32_t b = w->p[--w->n], in = f->bb.p[b].loop;
		if (!in) {
			f->bb.p[b].loop = loop;
			push_preds(f, d, w, b, false);
			continue;
		}
		while (loops[in].parent)
			in = loops[in].parent;
		if (in != loop) {
			loops[in].parent = loop;
			push_preds(f, d, w, loops[in].header, false);
		}
	}
}

static void find_loops(gj_fn *f, const gj_dom *d)
{
	work w = { 0 };
	find_headers(f, d);
	for (uint32_t l = f->loops.n; l-- > 1;)
		find_body(f, d, &w, l);
	for (uint32_t l = 1; l < f->loops.n; l++)
		f->loops.p[l].depth = f->loops.p[f->loops.p[l].parent].depth + 1;
}

/* -- Order ------------------------------------------------------------------------------------------------------------ */

/* Puts each loop whole where its header stands. That keeps the order topological: only the header is entered from
 * outside. Lists by loop are chained through next[]; an item is a block, or nblocks + loop. */
static void order_blocks(gj_fn *f, const gj_dom *d)
{
	uint32_t nb = f->bb.n, nl = f->loops.n, sp = 0;
	uint32_t *first = gj_new(f->arena, uint32_t, nl), *last = gj_new(f->arena, uint32_t, nl);
	uint32_t *next = gj_new(f->arena, uint32_t, nb + nl), *stack = gj_new(f->arena, uint32_t, nl);
	memset(first, 0xff, nl * sizeof *first);
	memset(next, 0xff, (nb + nl) * sizeof *next);
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t b = d->order[i], l = f->bb.p[b].loop;
		if (l && f->loops.p[l].header == b) {
			uint32_t up = f->loops.p[l].parent;
			*(first[up] == UINT32_MAX ? &first[up] : &next[last[up]]) = nb + l;
			last[up] = nb + l;
		}
		*(first[l] == UINT32_MAX ? &first[l] : &next[last[l]]) = b;
		last[l] = b;
	}
	f->rpo.n = 0;
	for (uint32_t at = first[0];;) {
		while (at == UINT32_MAX && sp)
			at = stack[--sp];
		if (at == UINT32_MAX)
			break;
		if (at >= nb) {
			stack[sp++] = next[at];
			at = first[at - nb];
			continue;
		}
		f->bb.p[at].rpo = f->rpo.n;
		gj_push(f->arena, &f->rpo, at);
		at = next[at];
	}
}

void gj_cfg(gj_fn *f)
{
	gj_dom d;
	gj_dom_build(&d, f);
	drop_unreachable(f, &d);
	GJ_ALL_BLOCKS(f, b) {
		gj_bb *bb = &f->bb.p[b];
		bool live = d.num[b] != UINT32_MAX;
		bb->idom = live ? d.idom[b] : 0;
		bb->rpo = UINT32_MAX;
		bb->dom_in = d.in[b];
		bb->dom_size = d.size[b];
	}
	find_loops(f, &d);
	order_blocks(f, &d);
}

/* -- How often loops go round ------------------------------------------------------------------------------------------ */

static bool is_const(const gj_fn *f, gj_ref r) { return gj_o(f, r)->op == GJ_CONST; }

/* The step of a header's phi that counts from a constant: *from; 0: none. */
static int64_t counter(const gj_fn *f, gj_ref r, uint32_t header, int64_t *from)
{
	const gj_op *o = gj_o(f, r);
	for (uint32_t i = 0; o->op == GJ_PHI && o->block == header && o->nargs == 2 && i < 2; i++) {
		const gj_op *next = gj_o(f, o->arg[1 - i]);
		if (!is_const(f, o->arg[i]) || next->op != GJ_ADD || next->arg[0] != r || !is_const(f, next->arg[1]))
			continue;
		*from = gj_o(f, o->arg[i])->imm.i;
		return gj_o(f, next->arg[1])->imm.i;
	}
	return 0;
}

bool gj_has_inner(const gj_fn *f, uint32_t l)
{
	for (uint32_t k = 1; k < f->loops.n; k++)
		if (f->loops.p[k].parent == l)
			return true;
	return false;
}

/* Is it known what r is at most? *most. */
static bool is_bounded(const gj_fn *f, gj_ref r, int64_t *most)
{
	const gj_op *o = gj_o(f, r);
	bool whole = o->op == GJ_GRIDROUND && o->imm.i == GJ_ROUND_WHOLE;
	*most = whole ? GJ_MOST_ROUNDS : o->imm.i;
	return whole || o->op == GJ_CONST;
}

int64_t gj_most_rounds(const gj_fn *f, uint32_t l)
{
	const gj_bb *bb = &f->bb.p[f->loops.p[l].header];
	const gj_op *t = gj_o(f, bb->ops.p[bb->ops.n - 1]), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	int64_t from, step, rounds, most;
	if (!c || c->op != GJ_CMP || c->sub != GJ_CMP_LT || !gj_is_int(gj_o(f, c->arg[0])->type) || !is_bounded(f, c->arg[1], &most))
		return -1;
	step = counter(f, c->arg[0], f->loops.p[l].header, &from);
	if (step <= 0 || __builtin_sub_overflow(most, from, &rounds))
		return -1;
	return rounds < 0 ? 0 : rounds / step;
}
