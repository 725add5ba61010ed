/* Divergence: how each value differs between the lanes of a warp that run it together, and which loops lanes leave at
 * different times. An optimistic fixpoint over values, branches and loops; needs loop form.
 *
 * What is claimed holds for active lanes only. A LINEAR value is base + lane × stride in the arithmetic of its type,
 * with the base of lane 0 even where lane 0 is not active. Flags NSW, NUW and NONNEG are believed for every lane, so
 * they must not rest on a condition that only some lanes meet. */
#include "ir/regions.h"
#include "ir/walk.h"

#include <string.h>

enum { EXACT_DEPTH = 8 };
enum { TOP, LIN, VAR };

typedef struct shape { uint8_t kind; int64_t stride; } shape;  /* TOP: nothing known yet; LIN, stride 0: uniform */

typedef struct div {
	gj_fn *f;
	gj_regions r;
	uint32_t facts;
	shape *of;                                 /* by value */
	uint32_t *user_first; gj_ref *user;        /* value → ops that use it */
	GJ_VEC(gj_ref) work;                       /* ops to look at again */
	GJ_VEC(uint32_t) split;                    /* nodes that have become divergent */
	bool *queued, *divergent, *controlled;     /* by op; by node */
	/* for join_paths() */
	uint32_t *label; bool *joined;             /* by node */
	uint32_t *open;                            /* by place: itself, or where to look for the next one open */
	GJ_VEC(uint32_t) heap;
} div;

typedef shape rule(const div *, const gj_op *);

static const shape top = { TOP, 0 }, uniform = { LIN, 0 }, varying = { VAR, 0 };

static bool is_uniform(shape s) { return s.kind == LIN && !s.stride; }
static bool has_stride(const gj_type *t) { return t && (gj_is_int(t) || t->kind == GJ_PTR); }
static shape arg(const div *d, const gj_op *o, uint32_t k) { return d->of[o->arg[k]]; }

/* Strides are what they are modulo the type's range, as a signed number. */
static shape linear(const gj_type *t, uint64_t stride)
{
	unsigned unused = t->kind == GJ_PTR ? 0 : 64 - 8u * t->size;
	return (shape){ LIN, (int64_t)(stride << unused) >> unused };
}

static shape meet(shape a, shape b)
{
	if (a.kind == TOP || b.kind == TOP)
		return a.kind == TOP ? b : a;
	return a.kind == LIN && b.kind == LIN && a.stride == b.stride ? a : varying;
}

/* -- Rules --------------------------------------------------------------------------------------------------------- */

/* Without a rule of its own an op is uniform where its operands are. */
static shape rule_plain(const div *d, const gj_op *o)
{
	shape s = uniform;
	for (uint32_t k = 0; k < o->nargs; k++) {
		shape a = arg(d, o, k);
		if (a.kind == VAR || (a.kind == LIN && a.stride))
			return varying;
		if (a.kind == TOP)
			s = top;
	}
	return s;
}

static shape rule_varying(const div *d, const gj_op *o)
{
	(void)d, (void)o;
	return varying;
}

static shape rule_uniform(const div *d, const gj_op *o)
{
	(void)d, (void)o;
	return uniform;
}

static shape rule_undef(const div *d, const gj_op *o)
{
	(void)d, (void)o;
	return top;
}

static shape rule_param(const div *d, const gj_op *o)
{
	(void)o;
	return d->f->entry->args != GJ_ARGS_PARTS ? uniform : varying;
}

static shape rule_sreg(const div *d, const gj_op *o)
{
	int along = d->facts & GJ_FACTS_LANES ? GJ_TID_X + (int)gj_lanes_axis(d->facts) : -1;
	switch (o->imm.i) {
	case GJ_LANEID:
		return linear(o->type, 1);
	case GJ_TID_X: case GJ_TID_Y: case GJ_TID_Z:
		return along < 0 ? varying : o->imm.i == along ? linear(o->type, 1) : uniform;
	case GJ_PLACE_X: case GJ_PLACE_Y: case GJ_PLACE_Z:
		return o->imm.i - GJ_PLACE_X + GJ_TID_X == along ? linear(o->type, 1) : uniform;
	case GJ_LANEMASK_LT:           return varying;
	default:                       return uniform;
	}
}

static shape rule_localmem(const div *d, const gj_op *o)
{
	(void)d;
	uint64_t between = o->type->space == GJ_LOCAL ? 1 : (uint64_t)o->imm.i;
	return linear(o->type, between * o->type->elem->size);
}

/* a + sign × scale × b */
static shape sum(const div *d, const gj_op *o, uint64_t scale)
{
	shape a = arg(d, o, 0), b = arg(d, o, 1);
	if (!has_stride(o->type))
		return rule_plain(d, o);
	if (a.kind == VAR || b.kind == VAR)
		return varying;
	return a.kind == TOP || b.kind == TOP ? top : linear(o->type, (uint64_t)a.stride + scale * (uint64_t)b.stride);
}

static shape rule_add(const div *d, const gj_op *o) { return sum(d, o, 1); }
static shape rule_sub(const div *d, const gj_op *o) { return sum(d, o, (uint64_t)-1); }

static shape rule_neg(const div *d, const gj_op *o)
{
	shape a = arg(d, o, 0);
	return a.kind == LIN && has_stride(o->type) ? linear(o->type, -(uint64_t)a.stride) : rule_plain(d, o);
}

static shape scaled(const div *d, const gj_op *o, shape a, uint64_t by)
{
	return a.kind == LIN && has_stride(o->type) ? linear(o->type, (uint64_t)a.stride * by) : rule_plain(d, o);
}

static shape rule_mul(const div *d, const gj_op *o)
{
	const gj_op *a = gj_o(d->f, o->arg[0]), *b = gj_o(d->f, o->arg[1]);
	if (b->op == GJ_CONST)
		return scaled(d, o, arg(d, o, 0), (uint64_t)b->imm.i);
	if (a->op == GJ_CONST)
		return scaled(d, o, arg(d, o, 1), (uint64_t)a->imm.i);
	return rule_plain(d, o);
}

static shape rule_shl(const div *d, const gj_op *o)
{
	const gj_op *b = gj_o(d->f, o->arg[1]);
	if (b->op == GJ_CONST && b->imm.i >= 0 && b->imm.i < 64)
		return scaled(d, o, arg(d, o, 0), 1ull << b->imm.i);
	return rule_plain(d, o);
}

/* A conversion that keeps the number: wider and signed, or of a special register. */
static bool keeps_number(const gj_op *cvt, const gj_op *a)
{
	return gj_is_int(a->type) && cvt->type->size >= a->type->size &&
	       (a->op == GJ_SREG || (gj_is_signed(cvt->type) && cvt->type->size > a->type->size));
}

/* Is the value, read as a number, linear in the lane too: does it not wrap between lane 0 and lane 31? Known of special
 * registers and of what is made from them without overflow; and a step from one number ≥ 0 to the next is no wrap. */
static bool is_exact(const div *d, gj_ref r, int depth)
{
	const gj_op *o = gj_o(d->f, r);
	if (is_uniform(d->of[r]) || o->op == GJ_SREG || ((o->flags & GJ_NONNEG) && gj_is_signed(o->type)))
		return true;
	if (o->op == GJ_CVT)
		return depth < EXACT_DEPTH && ((o->flags & GJ_NSW) || (keeps_number(o, gj_o(d->f, o->arg[0])) &&
		       is_exact(d, o->arg[0], depth + 1)));
	if ((o->op != GJ_ADD && o->op != GJ_SUB && o->op != GJ_MUL) || depth >= EXACT_DEPTH)
		return false;
	return (o->flags & (gj_is_signed(o->type) ? GJ_NSW : GJ_NUW)) && is_exact(d, o->arg[0], depth + 1) &&
	       is_exact(d, o->arg[1], depth + 1);
}

static shape rule_cvt(const div *d, const gj_op *o)
{
	const gj_type *from = gj_o(d->f, o->arg[0])->type;
	shape a = arg(d, o, 0);
	if (a.kind != LIN || !a.stride || !gj_is_int(o->type) || !gj_is_int(from))
		return rule_plain(d, o);
	return o->type->size <= from->size || is_exact(d, o->arg[0], 0) ? linear(o->type, (uint64_t)a.stride) : varying;
}

static shape rule_bitcast(const div *d, const gj_op *o)
{
	const gj_type *from = gj_o(d->f, o->arg[0])->type;
	shape a = arg(d, o, 0);
	bool keeps = a.kind == LIN && gj_is_int(from) && gj_is_int(o->type);
	return keeps ? linear(o->type, (uint64_t)a.stride) : rule_plain(d, o);
}

/* Lanes of a local array lie side by side, so an offset counts once a lane. */
static shape offset(const div *d, const gj_op *o, uint64_t size)
{
	shape b = arg(d, o, 1);
	if (b.kind == LIN && b.stride && gj_o(d->f, o->arg[1])->type->size < 8 && !is_exact(d, o->arg[1], 0))
		return varying;
	return sum(d, o, o->type->space == GJ_LOCAL ? size * d->f->width : size);
}

static shape rule_elem(const div *d, const gj_op *o) { return offset(d, o, o->type->elem->size); }

/* Lanes are as far apart as what the pointer points to is large: a part's lanes lie closer than those of the whole. */
static shape rule_bytes(const div *d, const gj_op *o)
{
	shape s = offset(d, o, 1);
	uint32_t whole = gj_o(d->f, o->arg[0])->type->elem->size, part = o->type->elem->size;
	return s.kind == LIN && o->type->space == GJ_LOCAL ? linear(o->type, (uint64_t)s.stride + part - whole) : s;
}

static shape rule_ptrcast(const div *d, const gj_op *o)
{
	shape a = arg(d, o, 0);
	return a.kind == LIN && gj_o(d->f, o->arg[0])->type->space == GJ_LOCAL ? varying : a;
}

static shape rule_select(const div *d, const gj_op *o)
{
	shape c = arg(d, o, 0);
	if (c.kind == TOP)
		return top;
	return is_uniform(c) ? meet(arg(d, o, 1), arg(d, o, 2)) : varying;
}

static shape rule_phi(const div *d, const gj_op *o)
{
	shape s = top;
	for (uint32_t k = 0; k < o->nargs; k++)
		s = meet(s, arg(d, o, k));
	return s;
}

/* One answer for all lanes that ask under the same member mask. */
static shape rule_vote(const div *d, const gj_op *o)
{
	shape a = arg(d, o, 0);
	return a.kind == TOP || is_uniform(a) ? a : varying;
}

static rule *const rules[GJ_NOPS] = {
	[GJ_UNDEF] = rule_undef, [GJ_PHI] = rule_phi, [GJ_PARAM] = rule_param, [GJ_SREG] = rule_sreg,
	[GJ_LOCALMEM] = rule_localmem, [GJ_ADD] = rule_add, [GJ_SUB] = rule_sub, [GJ_NEG] = rule_neg, [GJ_MUL] = rule_mul,
	[GJ_SHL] = rule_shl, [GJ_CVT] = rule_cvt, [GJ_BITCAST] = rule_bitcast, [GJ_ELEM] = rule_elem,
	[GJ_BYTES] = rule_bytes, [GJ_PTRCAST] = rule_ptrcast, [GJ_SELECT] = rule_select, [GJ_VOTE] = rule_vote,
	[GJ_BARRIER] = rule_uniform, [GJ_ACTIVEMASK] = rule_uniform, [GJ_ATOMIC] = rule_varying, [GJ_SHFL] = rule_varying,
	[GJ_MATCH] = rule_varying, [GJ_ALLOC] = rule_varying, [GJ_FCALL] = rule_varying, [GJ_RESULT] = rule_varying,
};

/* -- The fixpoint -------------------------------------------------------------------------------------------------- */

static void queue_users(div *d, gj_ref r)
{
	for (uint32_t i = d->user_first[r]; i < d->user_first[r + 1]; i++) {
		gj_ref u = d->user[i];
		if (!d->queued[u]) {
			d->queued[u] = true;
			gj_push(d->f->arena, &d->work, u);
		}
	}
}

static void split_at(div *d, uint32_t node)
{
	if (!d->divergent[node]) {
		d->divergent[node] = true;
		gj_push(d->f->arena, &d->split, node);
	}
}

/* Lowers r's shape to `s` and what is known of it already. */
static void lower(div *d, gj_ref r, shape s)
{
	shape old = d->of[r];
	s = meet(old, s);
	if (s.kind == old.kind && s.stride == old.stride)
		return;
	d->of[r] = s;
	queue_users(d, r);
}

static void look_at(div *d, gj_ref r)
{
	const gj_op *o = gj_o(d->f, r);
	lower(d, r, rules[o->op] ? rules[o->op](d, o) : rule_plain(d, o));
	if (o->op == GJ_BRANCH && d->of[r].kind == VAR)
		split_at(d, o->block);
}

/* Lanes come together at block b on different ways or, with `l`, come out of loop l at different times. */
static void lower_phis(div *d, uint32_t b, uint32_t l)
{
	const gj_fn *f = d->f;
	GJ_EACH_PHI(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool same = !l || !gj_loop_contains(f, l, f->bb.p[gj_o(f, o->arg[0])->block].loop);
		for (uint32_t k = 1; k < o->nargs; k++)
			same &= o->arg[k] == o->arg[0];
		if (!same)
			lower(d, r, varying);
	}
}

/* -- Joins --------------------------------------------------------------------------------------------------------- */

/* The next place from `p` on, in the order of all regions, with phis that no divergent branch has reached yet. */
static uint32_t next_open(div *d, uint32_t p)
{
	uint32_t at = p, next;
	while (d->open[at] != at)
		at = d->open[at];
	for (; d->open[p] != at; p = next) {
		next = d->open[p];
		d->open[p] = at;
	}
	return at;
}

/* Nodes to visit, a heap by place. */
static void push_node(div *d, uint32_t node)
{
	const uint32_t *pos = d->r.pos;
	uint32_t i = d->heap.n;
	gj_push(d->f->arena, &d->heap, node);
	for (uint32_t *h = d->heap.p; i && pos[h[(i - 1) / 2]] > pos[node]; i = (i - 1) / 2) {
		h[i] = h[(i - 1) / 2];
		h[(i - 1) / 2] = node;
	}
}

static uint32_t pop_node(div *d)
{
	const uint32_t *pos = d->r.pos;
	uint32_t *h = d->heap.p, first = h[0], n = --d->heap.n, node = h[n], i = 0;
	for (uint32_t k = 1; k < n; k = 2 * i + 1) {
		if (k + 1 < n && pos[h[k + 1]] < pos[h[k]])
			k++;
		if (pos[h[k]] >= pos[node])
			break;
		h[i] = h[k];
		i = k;
	}
	h[i] = node;
	return first;
}

/* A path with this label comes to node `to`. */
static void carry(div *d, uint32_t to, uint32_t label)
{
	if (d->label[to] == GJ_NONODE) {
		d->label[to] = label;
		push_node(d, to);
	} else if (d->label[to] != label) {
		d->label[to] = to;
		d->joined[to] = true;
	}
}

/* Lanes come together here on different ways. */
static void join_at(div *d, uint32_t node)
{
	uint32_t p = d->r.first[gj_node_region(&d->r, node)] + d->r.pos[node];
	if (d->open[p] == p)
		d->open[p] = p + 1;
	lower_phis(d, gj_node_block(&d->r, node), 0);
}

/* Phis where disjoint paths from node n meet: a label is the last node that all paths seen so far go through. What a
 * node alone leads to, up to its postdominator, is not entered; nor is anything once no phi is open. */
static void join_paths(div *d, uint32_t n)
{
	const gj_regions *r = &d->r;
	uint32_t region = gj_node_region(r, n), base = r->first[region];
	uint32_t stop = r->ipdom[n] == GJ_NONODE ? r->first[region + 1] - 1 : base + r->pos[r->ipdom[n]];
	if (next_open(d, base + r->pos[n] + 1) > stop)
		return;
	GJ_VEC(uint32_t) seen = { 0 };
	d->heap.n = 0;
	for (uint32_t i = 0; i < gj_node_edges(r, n); i++) {
		uint32_t to = gj_edge_node(r, region, gj_node_edge(r, n, i));
		if (to != GJ_NONODE)
			carry(d, to, to);
	}
	while (d->heap.n) {
		uint32_t at = pop_node(d), label = d->label[at], over = r->ipdom[at];
		gj_push(d->f->arena, &seen, at);
		if (d->joined[at])
			join_at(d, at);
		if (at == r->ipdom[n])
			continue;
		if (over != GJ_NONODE && r->idom[over] == at) {
			carry(d, over, label);
			continue;
		}
		for (uint32_t i = 0; i < gj_node_edges(r, at); i++) {
			uint32_t to = gj_edge_node(r, region, gj_node_edge(r, at, i));
			if (to != GJ_NONODE)
				carry(d, to, label);
		}
	}
	for (uint32_t i = 0; i < seen.n; i++) {
		d->label[seen.p[i]] = GJ_NONODE;
		d->joined[seen.p[i]] = false;
	}
}

/* Does some lane leave loop l while others stay: does an exit hang on a divergent node? */
static void check_exits(div *d, uint32_t l)
{
	gj_fn *f = d->f;
	uint32_t node = d->r.nblocks + l;
	if (d->divergent[node])
		return;
	for (uint32_t i = 0; i < gj_node_edges(&d->r, node); i++) {
		uint32_t from = gj_node_in(&d->r, l, gj_node_edge(&d->r, node, i).from);
		if (d->divergent[from] || d->controlled[from]) {
			f->loops.p[l].divergent = true;
			split_at(d, node);
			return;
		}
	}
}

static void spread(div *d, uint32_t node)
{
	uint32_t region = gj_node_region(&d->r, node);
	if (gj_node_is_loop(&d->r, node))
		for (uint32_t i = 0; i < gj_node_edges(&d->r, node); i++)
			lower_phis(d, gj_node_edge(&d->r, node, i).to, gj_node_loop(&d->r, node));
	join_paths(d, node);
	gj_regions_control(&d->r, node, d->controlled);
	if (region)
		check_exits(d, region);
}

static void start_joins(div *d)
{
	uint32_t n = d->r.first[d->f->loops.n];
	d->joined = gj_new(d->f->arena, bool, d->r.nnodes);
	d->label = gj_new(d->f->arena, uint32_t, d->r.nnodes);
	memset(d->label, 0xff, d->r.nnodes * sizeof *d->label);
	d->open = gj_new(d->f->arena, uint32_t, n + 1);
	for (uint32_t p = 0; p <= n; p++) {
		const gj_bb *bb = &d->f->bb.p[gj_node_block(&d->r, d->r.order[p < n ? p : 0])];
		d->open[p] = p == n || (bb->preds.n > 1 && gj_o(d->f, bb->ops.p[0])->op == GJ_PHI) ? p : p + 1;
	}
}

static void build_users(div *d)
{
	gj_fn *f = d->f;
	uint32_t *next = gj_new(f->arena, uint32_t, f->op.n + 1);
	d->user_first = gj_new(f->arena, uint32_t, f->op.n + 1);
	for (int fill = 0; fill < 2; fill++) {
		GJ_EACH_OP(f, b, r)
			for (uint32_t k = 0; k < gj_o(f, r)->nargs; k++)
				if (fill)
					d->user[next[gj_o(f, r)->arg[k]]++] = r;
				else
					d->user_first[gj_o(f, r)->arg[k] + 1]++;
		if (fill)
			break;
		for (uint32_t r = 0; r < f->op.n; r++)
			d->user_first[r + 1] += d->user_first[r];
		memcpy(next, d->user_first, (f->op.n + 1) * sizeof *next);
		d->user = gj_new(f->arena, gj_ref, d->user_first[f->op.n] + 1);
	}
}

static void run(div *d)
{
	const gj_fn *f = d->f;
	GJ_EACH_OP(f, b, r)
		look_at(d, r);
	while (d->work.n || d->split.n)
		if (d->work.n) {
			gj_ref r = d->work.p[--d->work.n];
			d->queued[r] = false;
			look_at(d, r);
		} else {
			spread(d, d->split.p[--d->split.n]);
		}
}

void gj_divergence(gj_fn *f, uint32_t facts)
{
	div d = { .f = f, .facts = facts };
	gj_regions_build(&d.r, f);
	d.of = gj_new(f->arena, shape, f->op.n);
	d.queued = gj_new(f->arena, bool, f->op.n);
	d.divergent = gj_new(f->arena, bool, d.r.nnodes);
	d.controlled = gj_new(f->arena, bool, d.r.nnodes);
	start_joins(&d);
	for (uint32_t l = 1; l < f->loops.n; l++)
		f->loops.p[l].divergent = false;
	build_users(&d);
	run(&d);
	for (gj_ref r = 1; r < f->op.n; r++) {
		gj_op *o = gj_o(f, r);
		o->shape = d.of[r].kind == VAR ? GJ_VARYING : d.of[r].stride ? GJ_LINEAR : GJ_UNIFORM;
		o->stride = o->shape == GJ_LINEAR ? d.of[r].stride : 0;
	}
}
