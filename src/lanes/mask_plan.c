/* The mask pass, planning: which blocks run under a mask, where each edge leads once divergent branches are gone, and
 * which blocks are skipped when no lane is active.
 *
 * Partial control-flow linearisation after Moll and Hack (PLDI 2018). Because the orders of regions keep each dominator
 * subtree together, a block that dominated another before still does afterwards: only phis need variables. */
#include "lanes/late.h"
#include "ir/walk.h"

#include <string.h>

enum { UNGUARDED_COST = 6 };                   /* of what may as well run for no lane; see cost() */

static void need(const gj_plan *p, bool truth, const char *what)
{
	if (!truth)
		gj_fail(p->f, 0, GJ_ERR_INTERNAL, what);
}

/* Is the region a loop that lanes leave at different times? */
static bool leaves_apart(const gj_plan *p, uint32_t region) { return region && p->divergent[p->r.nblocks + region]; }

/* -- Where edges lead ---------------------------------------------------------------------------------------------- */

/* Union of two lists. */
static const gj_nodes *both(const gj_plan *p, const gj_nodes *a, const gj_nodes *b)
{
	const gj_nodes *first = NULL, **end = &first;
	while (a && b && a != b) {
		gj_nodes *n = gj_new(p->f->arena, gj_nodes, 1);
		bool take_a = p->r.pos[a->node] <= p->r.pos[b->node];
		n->node = take_a ? a->node : b->node;
		b = b->node == n->node ? b->rest : b;
		a = take_a ? a->rest : a;
		*end = n;
		end = &n->rest;
	}
	*end = a ? a : b;
	return first;
}

static const gj_nodes *with(const gj_plan *p, uint32_t node, const gj_nodes *s)
{
	gj_nodes *one = gj_new(p->f->arena, gj_nodes, 1);
	one->node = node;
	return both(p, one, s);
}

/* Goes to the first of the places; the others stay pending there. With none left, all lanes have left the loop. */
static uint32_t go_first(gj_plan *p, uint32_t region, const gj_nodes *s)
{
	need(p, s || leaves_apart(p, region), "mask: an edge leads nowhere");
	if (!s)
		return p->r.nnodes + region;
	p->pending[s->node] = both(p, p->pending[s->node], s->rest);
	return s->node;
}

/* Where control goes from `node` when all its lanes go to block `to`. */
static uint32_t route(gj_plan *p, uint32_t node, uint32_t to)
{
	uint32_t region = gj_node_region(&p->r, node), at = gj_edge_node(&p->r, region, (gj_edge){ node, to });
	const gj_nodes *s = p->pending[node];
	if (at != GJ_NONODE) {
		s = with(p, at, s);
	} else if (p->f->loops.p[region].header == to || !leaves_apart(p, region)) {
		need(p, !s, "mask: lanes left behind");
		return p->f->loops.p[region].header == to ? to : route(p, p->r.nblocks + region, to);
	}
	return go_first(p, region, s);
}

/* The same when its lanes part. */
static uint32_t route_apart(gj_plan *p, uint32_t node)
{
	uint32_t region = gj_node_region(&p->r, node), n = gj_node_edges(&p->r, node);
	const gj_nodes *s = p->pending[node];
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = gj_edge_node(&p->r, region, gj_node_edge(&p->r, node, i));
		if (at != GJ_NONODE)
			s = with(p, at, s);
	}
	return go_first(p, region, s);
}

/* -- Guards -------------------------------------------------------------------------------------------------------- */

static bool varies(const gj_fn *f, gj_ref r) { return gj_o(f, r)->shape == GJ_VARYING; }

/* What an op costs if it runs for no lane; above UNGUARDED_COST where that would not even be correct: a scalar access,
 * a division by a scalar that is junk, another effect. */
static uint32_t cost(const gj_fn *f, const gj_op *o)
{
	const uint32_t never = UNGUARDED_COST + 1;
	const gj_op *a;
	switch (o->op) {
	case GJ_PHI: case GJ_CONST: case GJ_JUMP: case GJ_BRANCH:
		return 0;
	case GJ_LOAD: case GJ_STORE:
		a = gj_o(f, o->arg[0]);
		return a->shape == GJ_LINEAR && a->stride == a->type->elem->size ? 2 : never;
	case GJ_DIV:
		return 2;
	default:
		return gj_op_is(o, GJ_F_MASK | GJ_F_WRITE | GJ_F_TERM) ? never : o->shape == GJ_VARYING;
	}
}

static bool has_scalar_phis(const gj_fn *f, uint32_t b)
{
	GJ_EACH_PHI(f, b, r)
		if (!varies(f, r))
			return true;
	return false;
}

/* Does block b access memory that is not the thread block's own, for the first time? What lies behind an array's end may be no memory, and
 * then a masked access costs a processor a microsecond though no lane reads or writes: a thousand times what a test costs. Where
 * lanes have passed such a test already, it is not far to what they access. */
static bool reaches_out(const gj_plan *p, uint32_t b)
{
	const gj_fn *f = p->f;
	for (uint32_t up = b; up != f->rpo.p[0]; up = f->bb.p[up].idom)
		if (p->guarded[f->bb.p[up].idom])
			return false;
	GJ_EACH_OP_OF(f, b, r) {
		const gj_op *o = gj_o(f, r);
		uint8_t space = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(f, o->arg[0])->type->space : GJ_LOCAL;
		if (space != GJ_SHARED && space != GJ_LOCAL)
			return true;
	}
	return false;
}

/* Does block b begin a round of a loop that lanes leave at its head? The test that skips it for no lane takes the place of the one at
 * the end. */
static bool begins_round(const gj_plan *p, uint32_t b)
{
	const gj_bb *bb = &p->f->bb.p[b];
	if (!leaves_apart(p, bb->loop) || bb->preds.n != 1 || bb->preds.p[0] != p->f->loops.p[bb->loop].header)
		return false;
	GJ_EACH_OP_OF(p->f, b, r)
		if (gj_o(p->f, r)->op == GJ_LOAD || gj_o(p->f, r)->op == GJ_STORE)
			return true;
	return false;
}

static bool wants_guard(const gj_plan *p, uint32_t b)
{
	const gj_fn *f = p->f;
	const gj_bb *bb = &f->bb.p[b];
	uint32_t sum = 0;
	if (begins_round(p, b) || reaches_out(p, b))
		return true;
	if (bb->nsucc == 2 && !p->divergent[b])
		return true;
	for (uint32_t i = 0; i < bb->nsucc; i++)
		if (f->loops.p[f->bb.p[bb->succ[i]].loop].header == bb->succ[i] || has_scalar_phis(f, bb->succ[i]))
			return true;
	for (uint32_t i = 0; i < bb->ops.n && sum <= UNGUARDED_COST; i++)
		sum += cost(f, gj_o(f, bb->ops.p[i]));
	return sum > UNGUARDED_COST;
}

uint32_t gj_mask_source(const gj_plan *p, uint32_t node)
{
	const gj_bb *bb = &p->f->bb.p[gj_node_block(&p->r, node)];
	uint32_t up = p->r.idom[node];
	if (up == GJ_NONODE || p->r.ipdom[up] == node)
		return up;
	bool only = gj_node_is_loop(&p->r, up) ? gj_node_in(&p->r, gj_node_region(&p->r, node), bb->preds.p[0]) == up
	                                       : bb->preds.n == 1;
	return only && !p->divergent[up] ? up : GJ_NONODE;
}

/* Is at least one lane active wherever control comes to the node? Either all that there are are here, or it runs for
 * the lanes of one that is so. */
static bool is_nonempty(const gj_plan *p, uint32_t node)
{
	uint32_t from = gj_mask_source(p, node);
	bool all_here = !p->pending[node] && !leaves_apart(p, gj_node_region(&p->r, node));
	return !p->masked[node] || all_here || (from != GJ_NONODE && p->nonempty[from]);
}

/* -- The plan ------------------------------------------------------------------------------------------------------ */

static void plan_block(gj_plan *p, uint32_t b)
{
	const gj_bb *bb = &p->f->bb.p[b];
	bool last = leaves_apart(p, bb->loop) && p->f->loops.p[bb->loop].latch == b;
	p->nonempty[b] = is_nonempty(p, b);
	if (!p->nonempty[b] && !last && wants_guard(p, b)) {
		p->guarded[b] = p->nonempty[b] = true;
		p->skip[b] = go_first(p, bb->loop, p->pending[b]);
	}
	if (p->divergent[b]) {
		p->next[2 * b] = p->next[2 * b + 1] = route_apart(p, b);
	} else if (!last) {
		for (uint32_t i = 0; i < bb->nsucc; i++)
			p->next[2 * b + i] = route(p, b, bb->succ[i]);
	}
}

static void plan_region(gj_plan *p, uint32_t region)
{
	for (uint32_t k = p->r.first[region]; k < p->r.first[region + 1]; k++) {
		uint32_t node = p->r.order[k], l = gj_node_loop(&p->r, node);
		if (!gj_node_is_loop(&p->r, node)) {
			plan_block(p, node);
			continue;
		}
		p->nonempty[node] = is_nonempty(p, node);
		need(p, p->nonempty[node], "mask: a loop without a guard");
		plan_region(p, l);
		if (p->divergent[node])
			p->after[l] = route_apart(p, node);
	}
}

/* -- Phis that stay ------------------------------------------------------------------------------------------------ */

/* Do some lanes leave a loop on edge i of block b, with values? */
static bool wraps(const gj_plan *p, uint32_t b, uint32_t i)
{
	uint32_t to = p->f->bb.p[b].succ[i], region = p->f->bb.p[b].loop;
	return p->divergent[b] && region && !gj_loop_contains(p->f, region, p->f->bb.p[to].loop) && gj_has_phis(p->f, to);
}

static void count_edge(const gj_plan *p, uint32_t *in, uint32_t place)
{
	if (place < p->r.nnodes)
		in[gj_node_block(&p->r, place)]++;
}

/* A block keeps its phis when just the edges that it had lead to it still, and no others. */
static void find_kept(gj_plan *p)
{
	gj_fn *f = p->f;
	uint32_t *in = gj_new(f->arena, uint32_t, p->r.nblocks), *same = gj_new(f->arena, uint32_t, p->r.nblocks);
	GJ_EACH_BLOCK(f, b) {
		uint32_t n = f->bb.p[b].nsucc;
		if (p->guarded[b])
			count_edge(p, in, p->skip[b]);
		for (uint32_t i = 0; i < n; i++)
			p->wraps[2 * b + i] = wraps(p, b, i);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t place = p->next[2 * b + i];
			if (place < p->r.nnodes && gj_node_block(&p->r, place) == f->bb.p[b].succ[i])
				same[f->bb.p[b].succ[i]]++;
			if (!p->divergent[b] || i == 0 || p->wraps[2 * b] || p->wraps[2 * b + 1])
				count_edge(p, in, place);
		}
	}
	for (uint32_t l = 1; l < f->loops.n; l++)
		if (p->divergent[p->r.nblocks + l])
			count_edge(p, in, p->after[l]);
	GJ_EACH_BLOCK(f, b)
		p->kept[b] = !p->guarded[b] && in[b] == same[b] && in[b] == f->bb.p[b].preds.n;
	for (uint32_t l = 1; l < f->loops.n; l++)
		p->kept[f->loops.p[l].header] = true;
}

/* -- Values that lanes leave a loop with --------------------------------------------------------------------------- */

/* The phi of l's header that phi x of an exit takes; 0: another value, or one that differs in the lanes only behind the
 * loop. */
static gj_ref exits_with(const gj_fn *f, uint32_t l, gj_ref x)
{
	const gj_op *o = gj_o(f, x);
	if (o->op != GJ_PHI || o->nargs != 1)
		return 0;
	const gj_op *v = gj_o(f, o->arg[0]);
	return v->op == GJ_PHI && v->block == f->loops.p[l].header && v->shape == GJ_VARYING ? o->arg[0] : 0;
}

static void hold(gj_plan *p, uint32_t l, gj_ref phi)
{
	for (const gj_nodes *n = p->held[l]; n; n = n->rest)
		if (n->node == phi)
			return;
	gj_nodes *one = gj_new(p->f->arena, gj_nodes, 1);
	*one = (gj_nodes){ phi, p->held[l] };
	p->held[l] = one;
}

/* An accumulator that a loop is left with needs no variable: it stops changing in lanes that have left, and so is itself
 * the value behind the loop. (Not where an exit leaves two loops: the inner one may run again before.) */
static void find_held(gj_plan *p)
{
	gj_fn *f = p->f;
	gj_ref *same = gj_new(f->arena, gj_ref, f->op.n);
	bool found = false;
	GJ_EACH_BLOCK(f, b) {
		uint32_t n = 0;
		gj_bb *bb = &f->bb.p[b];
		uint32_t l = bb->preds.n == 1 ? f->bb.p[bb->preds.p[0]].loop : 0;
		if (!l || !p->divergent[p->r.nblocks + l] || f->loops.p[l].parent != bb->loop)
			continue;
		GJ_EACH_OP_OF(f, b, x) {
			gj_ref phi = exits_with(f, l, x);
			if (!phi) {
				bb->ops.p[n++] = x;
				continue;
			}
			hold(p, l, phi);
			same[x] = phi;
			found = true;
		}
		bb->ops.n = n;
	}
	if (!found)
		return;
	GJ_EACH_OP(f, b, r) {
		gj_op *o = gj_o(f, r);
		for (uint32_t a = 0; a < o->nargs; a++)
			while (same[o->arg[a]])
				o->arg[a] = same[o->arg[a]];
	}
}

static void find_masked(gj_plan *p)
{
	gj_fn *f = p->f;
	for (uint32_t l = 1; l < f->loops.n; l++)
		p->divergent[p->r.nblocks + l] = f->loops.p[l].divergent;
	GJ_EACH_BLOCK(f, b) {
		const gj_op *t = gj_terminator(f, b);
		p->divergent[b] = t->op == GJ_BRANCH && gj_o(f, t->arg[0])->shape != GJ_UNIFORM;
	}
	for (uint32_t n = 0; n < p->r.nnodes; n++)
		if (p->divergent[n])
			gj_regions_control(&p->r, n, p->masked);
}

void gj_mask_plan(gj_plan *p, gj_fn *f)
{
	*p = (gj_plan){ .f = f };
	gj_regions_build(&p->r, f);
	uint32_t nn = p->r.nnodes, nb = p->r.nblocks;
	p->divergent = gj_new(f->arena, bool, nn);
	p->masked = gj_new(f->arena, bool, nn);
	p->nonempty = gj_new(f->arena, bool, nn);
	p->pending = gj_new(f->arena, const gj_nodes *, nn);
	p->guarded = gj_new(f->arena, bool, nb);
	p->kept = gj_new(f->arena, bool, nb);
	p->skip = gj_new(f->arena, uint32_t, nb);
	p->next = gj_new(f->arena, uint32_t, 2 * (size_t)nb);
	p->after = gj_new(f->arena, uint32_t, f->loops.n);
	p->wraps = gj_new(f->arena, bool, 2 * (size_t)nb);
	memset(p->next, 0xff, 2 * (size_t)nb * sizeof *p->next);
	p->held = gj_new(f->arena, gj_nodes *, f->loops.n);
	find_masked(p);
	find_held(p);
	plan_region(p, 0);
	find_kept(p);
}
