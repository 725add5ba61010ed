/* The mask pass, making the planned control flow: masks of blocks and edges, variables for phis, guards, landings.
 *
 * Masks are combined only by ANDMASK, whose second operand may be junk in lanes that are off. A mask that gathers lanes
 * from several edges is a variable, cleared where its region starts. */
#include "lanes/late.h"
#include "ir/walk.h"

#include <string.h>

typedef GJ_VEC(gj_ref) refs;

typedef struct build {
	const gj_plan *p;
	gj_fn    *f;
	const gj_regions *r;
	gj_ref   *mask;                            /* by node: lanes that run it; 0: all */
	gj_ref   *slot;                            /* by block: variable that gathers its mask, or 0 */
	gj_ref   *edge;                            /* [2 b + i]: lanes that take a divergent edge, where asked for */
	gj_ref   *phi_slot;                        /* by phi */
	uint32_t *guard, *landing;                 /* blocks by block, by loop */
	uint32_t *via;                             /* [2 b + i]: block that edge i of block b comes from now */
	gj_ref   *loop_mask;                       /* by loop: phi of a divergent loop's active lanes */
	refs      head;                            /* goes in front of the entry's ops */
	refs     *clear;                           /* by region: goes behind the phis of its first block */
	gj_ref    all, yes, no;                    /* ALLLANES, true, false: made on demand */
	const gj_bb *old;                          /* blocks as they were: their ends change as they are made */
	const bool *barrier;                       /* by block: a barrier may still come */
	gj_ref    gone;                            /* variable: lanes for which none comes any more */
} build;

/* -- Ops ----------------------------------------------------------------------------------------------------------- */

static const gj_type *t_bool(void) { return gj_scalar[GJ_BOOL]; }

/* A new op in no list yet. */
static gj_ref make(build *m, uint32_t block, gj_opcode op, const gj_type *type, gj_shape shape, gj_ref a, gj_ref b)
{
	gj_ref arg[2] = { a, b };
	gj_ref r = gj_op_new(m->f, block, op, type, 0, a ? b ? 2 : 1 : 0, arg);
	gj_o(m->f, r)->shape = (uint8_t)shape;
	return r;
}

static gj_ref add(build *m, uint32_t block, gj_opcode op, const gj_type *type, gj_shape shape, gj_ref a, gj_ref b)
{
	gj_ref r = make(m, block, op, type, shape, a, b);
	gj_push(m->f->arena, &m->f->bb.p[block].ops, r);
	return r;
}

static gj_ref at_head(build *m, gj_opcode op, const gj_type *type, gj_shape shape)
{
	gj_ref r = make(m, 0, op, type, shape, 0, 0);
	gj_push(m->f->arena, &m->head, r);
	return r;
}

static gj_ref truth(build *m, bool value)
{
	gj_ref *at = value ? &m->yes : &m->no;
	if (!*at) {
		*at = at_head(m, GJ_CONST, t_bool(), GJ_UNIFORM);
		gj_o(m->f, *at)->imm.i = value;
	}
	return *at;
}

/* A mask as a value: 0 stands for all lanes. */
static gj_ref lanes(build *m, gj_ref mask)
{
	if (!mask && !m->all)
		m->all = at_head(m, GJ_ALLLANES, t_bool(), GJ_VARYING);
	return mask ? mask : m->all;
}

static gj_ref new_slot(build *m, const gj_type *type, bool per_lane)
{
	gj_ref r = at_head(m, GJ_SLOT, type, GJ_UNIFORM);
	gj_o(m->f, r)->imm.i = !per_lane;
	return r;
}

/* A variable for a mask: no lane at the start of the region. */
static gj_ref mask_slot(build *m, uint32_t region)
{
	gj_ref slot = new_slot(m, t_bool(), true);
	uint32_t start = region ? m->f->loops.p[region].header : 0;
	gj_push(m->f->arena, &m->clear[region], make(m, start, GJ_SET, NULL, GJ_UNIFORM, slot, truth(m, false)));
	return slot;
}

static void set(build *m, uint32_t block, gj_ref slot, gj_ref value, gj_ref mask)
{
	gj_o(m->f, add(m, block, GJ_SET, NULL, GJ_UNIFORM, slot, value))->mask = mask;
}

/* Adds lanes to a mask's variable. */
static void set_lanes(build *m, uint32_t block, gj_ref slot, gj_ref mask)
{
	set(m, block, slot, mask ? truth(m, true) : lanes(m, 0), mask);
}

static void jump(build *m, uint32_t from, uint32_t to)
{
	add(m, from, GJ_JUMP, NULL, GJ_UNIFORM, 0, 0);
	m->f->bb.p[from].succ[0] = to;
	m->f->bb.p[from].nsucc = 1;
}

static void branch(build *m, uint32_t from, gj_ref cond, uint32_t yes, uint32_t no)
{
	add(m, from, GJ_BRANCH, NULL, GJ_UNIFORM, cond, 0);
	m->f->bb.p[from].succ[0] = yes;
	m->f->bb.p[from].succ[1] = no;
	m->f->bb.p[from].nsucc = 2;
}

static gj_ref any(build *m, uint32_t block, gj_ref mask)
{
	return add(m, block, GJ_ANY, t_bool(), GJ_UNIFORM, lanes(m, mask), 0);
}

/* The block at which a place starts. */
static uint32_t start_of(const build *m, uint32_t place)
{
	if (place >= m->r->nnodes)
		return m->landing[place - m->r->nnodes];
	uint32_t b = gj_node_block(m->r, place);
	return place < m->r->nblocks && m->guard[b] ? m->guard[b] : b;
}

/* -- Masks --------------------------------------------------------------------------------------------------------- */

/* Is the mask of a node simply that of the one edge to it? */
static bool has_one_edge(const build *m, uint32_t node)
{
	const gj_bb *bb = &m->f->bb.p[gj_node_block(m->r, node)];
	return bb->preds.n == 1 && bb->preds.p[0] == m->r->idom[node];
}

static gj_ref region_mask(const build *m, uint32_t region)
{
	return m->loop_mask[region] ? m->loop_mask[region] : region ? m->mask[m->r->nblocks + region] : 0;
}

/* Makes the mask of edge i of block b, a divergent branch on cond. */
static void make_edge_mask(build *m, uint32_t b, uint32_t i, gj_ref cond)
{
	gj_ref c = i ? add(m, b, GJ_NOT, t_bool(), GJ_VARYING, cond, 0) : cond;
	m->edge[2 * b + i] = add(m, b, GJ_ANDMASK, t_bool(), GJ_VARYING, lanes(m, m->mask[b]), c);
}

static uint32_t edge_index(const build *m, uint32_t from, uint32_t to)
{
	return 2 * from + (m->old[from].succ[0] != to);
}

/* Mask of a node from masks of those before it; one that is gathered is read where the node starts. */
static void find_mask(build *m, uint32_t node, uint32_t at)
{
	uint32_t from = gj_mask_source(m->p, node);
	if (!m->p->masked[node]) {
		m->mask[node] = region_mask(m, gj_node_region(m->r, node));
	} else if (from != GJ_NONODE) {
		m->mask[node] = m->mask[from];
	} else if (has_one_edge(m, node)) {
		m->mask[node] = m->edge[edge_index(m, m->r->idom[node], node)];
	} else {
		m->mask[node] = add(m, at, GJ_GET, t_bool(), GJ_VARYING, m->slot[node], 0);
	}
}

/* Variables for the masks that must be gathered, before any edge is made. */
static void make_mask_slots(build *m)
{
	for (uint32_t k = 0; k < m->r->first[m->f->loops.n]; k++) {
		uint32_t node = m->r->order[k];
		if (m->p->masked[node] && gj_mask_source(m->p, node) == GJ_NONODE && !has_one_edge(m, node))
			m->slot[node] = mask_slot(m, gj_node_region(m->r, node));
	}
}

/* -- What an edge sets --------------------------------------------------------------------------------------------- */

/* The first of the ways that meet in a block may set all lanes: the others overwrite theirs. */
static bool comes_first(const build *m, uint32_t p, uint32_t b)
{
	const gj_bb *bb = &m->f->bb.p[b];
	for (uint32_t k = 0; k < bb->preds.n; k++)
		if (m->r->pos[bb->preds.p[k]] < m->r->pos[p])
			return false;
	return m->f->bb.p[p].loop == bb->loop;
}

static gj_ref slot_of_phi(build *m, gj_ref phi)
{
	const gj_op *o = gj_o(m->f, phi);
	if (!m->phi_slot[phi])
		m->phi_slot[phi] = new_slot(m, o->type, o->shape == GJ_VARYING);
	return m->phi_slot[phi];
}

/* A lane that takes the edge reaches no barrier any more, and could before. */
static bool goes_away(const build *m, uint32_t b, uint32_t to)
{
	return m->barrier[b] && !m->barrier[to] && (m->p->divergent[b] || m->mask[b]);
}

static bool sets_something(const build *m, uint32_t b, uint32_t to)
{
	return m->slot[to] || (!m->p->kept[to] && gj_has_phis(m->f, to)) || goes_away(m, b, to);
}

/* What chooses the lanes of `mask` where nothing but what block `to` holds for its own lanes is at stake. All of these have come through a
 * block that dominates it, in the same round of its loop; if lanes parted there and the mask is one of the two ways, the condition
 * alone says as much, and the value waits neither for masks nor for what other lanes do. */
static gj_ref choice(const build *m, uint32_t to, gj_ref mask)
{
	const gj_op *o = gj_o(m->f, mask);
	bool parted = mask && o->op == GJ_ANDMASK && m->f->bb.p[o->block].loop == m->f->bb.p[to].loop;
	return parted && gj_dominates(m->f, o->block, to) ? o->arg[1] : mask;
}

/* Emits into block `at` what the lanes of `mask` carry along the edge b → to. */
static void set_edge(build *m, uint32_t at, uint32_t b, uint32_t to, gj_ref mask)
{
	gj_fn *f = m->f;
	uint32_t k = gj_pred_index(f, to, b);
	bool first = comes_first(m, b, to);
	if (goes_away(m, b, to)) {
		if (!m->gone)
			m->gone = mask_slot(m, 0);
		set_lanes(m, at, m->gone, mask);
	}
	if (m->slot[to])
		set_lanes(m, at, m->slot[to], mask);
	if (m->p->kept[to])
		return;
	GJ_EACH_PHI(f, to, phi) {
		bool per_lane = gj_o(f, phi)->shape == GJ_VARYING;
		set(m, at, slot_of_phi(m, phi), gj_o(f, phi)->arg[k], per_lane && !first ? choice(m, to, mask) : 0);
	}
}

/* -- Ends of blocks ------------------------------------------------------------------------------------------------ */

static void end_uniform(build *m, uint32_t b, gj_ref cond, const uint32_t *succ, uint32_t nsucc)
{
	uint32_t to[2];
	for (uint32_t i = 0; i < nsucc; i++) {
		to[i] = start_of(m, m->p->next[2 * b + i]);
		m->via[2 * b + i] = b;
		if (!sets_something(m, b, succ[i]))
			continue;
		uint32_t at = nsucc == 1 ? b : gj_block_new(m->f);
		set_edge(m, at, b, succ[i], m->mask[b]);
		if (at != b) {
			jump(m, at, to[i]);
			m->via[2 * b + i] = to[i] = at;
		}
	}
	if (nsucc == 2 && to[0] != to[1])
		branch(m, b, cond, to[0], to[1]);
	else
		jump(m, b, to[0]);
}

/* Where block b goes when no lane leaves its loop there: to the body of the other side, if all are there now. */
static uint32_t when_none_leave(const build *m, uint32_t b, const uint32_t *succ)
{
	uint32_t stay = m->p->wraps[2 * b] ? succ[1] : succ[0], place = m->p->next[2 * b];
	return m->p->nonempty[b] && place == stay && has_one_edge(m, stay) ? stay : start_of(m, place);
}

static void end_divergent(build *m, uint32_t b, gj_ref cond, const uint32_t *succ)
{
	uint32_t to = start_of(m, m->p->next[2 * b]), at = b, wraps = 0;
	bool used[2];
	for (uint32_t i = 0; i < 2; i++) {
		bool one_edge = m->p->masked[succ[i]] && has_one_edge(m, succ[i]);
		wraps += m->p->wraps[2 * b + i];
		used[i] = one_edge || sets_something(m, b, succ[i]);
		if (used[i])
			make_edge_mask(m, b, i, cond);
	}
	for (uint32_t i = 0; i < 2; i++)
		if (used[i] && !m->p->wraps[2 * b + i])
			set_edge(m, at, b, succ[i], m->edge[2 * b + i]);
	for (uint32_t i = 0; i < 2; i++) {
		m->via[2 * b + i] = at;
		if (!m->p->wraps[2 * b + i])
			continue;
		uint32_t leave = gj_block_new(m->f);
		uint32_t stay = wraps == 1 ? when_none_leave(m, b, succ) : i == 0 ? gj_block_new(m->f) : to;
		uint32_t then = wraps == 2 && i == 0 ? stay : to;
		set_edge(m, leave, b, succ[i], m->edge[2 * b + i]);
		branch(m, at, any(m, at, m->edge[2 * b + i]), leave, stay);
		jump(m, leave, then);
		at = stay;
	}
	if (!wraps)
		jump(m, b, to);
}

/* In lanes that have left the loop, operand k of a header's phi is the phi itself. */
static void hold(build *m, uint32_t b, gj_ref phi, uint32_t k)
{
	gj_op *o = gj_o(m->f, phi);
	gj_ref arg[3] = { lanes(m, m->mask[b]), o->arg[k], phi };
	gj_ref r = gj_op_new(m->f, b, GJ_SELECT, o->type, o->loc, 3, arg);
	gj_o(m->f, r)->shape = GJ_VARYING;
	gj_push(m->f->arena, &m->f->bb.p[b].ops, r);
	gj_o(m->f, phi)->arg[k] = r;
}

/* The latch of a divergent loop: on while a lane is active. */
static void end_latch(build *m, uint32_t b, uint32_t loop)
{
	uint32_t header = m->f->loops.p[loop].header;
	m->via[2 * b] = b;
	for (const gj_nodes *n = m->p->held[loop]; n; n = n->rest)
		hold(m, b, n->node, gj_pred_index(m->f, header, b));
	if (m->p->nonempty[b])
		jump(m, b, header);
	else
		branch(m, b, any(m, b, m->mask[b]), header, m->landing[loop]);
	gj_op *phi = gj_o(m->f, m->loop_mask[loop]);
	phi->arg[gj_pred_index(m->f, header, b)] = m->mask[b];
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

/* Phis that go become reads of their variables, under the same name. */
static void end_phis(build *m, uint32_t b)
{
	GJ_EACH_PHI(m->f, b, r) {
		gj_ref slot = slot_of_phi(m, r);
		gj_op *o = gj_o(m->f, r);
		o->op = GJ_GET;
		o->nargs = 1;
		o->arg = gj_memdup(m->f->arena, &slot, sizeof slot);
	}
}

/* Does the op raise floating-point exceptions that users would be told of? */
static bool may_raise(const gj_fn *f, const gj_op *o)
{
	if (f->entry->exceptions == GJ_EXCEPTIONS_IGNORED)
		return false;
	return o->op == GJ_DIV || (o->op == GJ_CVT && gj_is_float(gj_o(f, o->arg[0])->type) && !gj_is_float(o->type));
}

/* Ops that touch more than their own value run for the block's lanes. What lanes that are off compute must not be
 * poison because of a promise that holds for the others only. */
static void mask_ops(build *m, uint32_t b)
{
	GJ_EACH_OP_OF(m->f, b, r) {
		gj_op *o = gj_o(m->f, r);
		if ((gj_op_is(o, GJ_F_MASK | GJ_F_WRITE) && o->op != GJ_SET) || may_raise(m->f, o))
			o->mask = m->mask[b];
		if (o->shape == GJ_VARYING || (o->shape == GJ_LINEAR && m->mask[b]))
			o->flags &= (uint8_t)~(GJ_NSW | GJ_NUW);
	}
}

static void push_front(build *m, uint32_t b, const refs *what, bool behind_phis)
{
	gj_bb *bb = &m->f->bb.p[b];
	uint32_t at = behind_phis ? gj_count_phis(m->f, b) : 0, n = bb->ops.n;
	if (!what->n)
		return;
	gj_reserve(m->f->arena, &bb->ops, n + what->n);
	memmove(bb->ops.p + at + what->n, bb->ops.p + at, (n - at) * sizeof *bb->ops.p);
	memcpy(bb->ops.p + at, what->p, what->n * sizeof *what->p);
	bb->ops.n = n + what->n;
}

/* The mask of block b, read in its guard or, without one, at its start. */
static void start_block(build *m, uint32_t b)
{
	gj_fn *f = m->f;
	if (m->guard[b]) {
		find_mask(m, b, m->guard[b]);
		branch(m, m->guard[b], any(m, m->guard[b], m->mask[b]), b, start_of(m, m->p->skip[b]));
		return;
	}
	uint32_t n = f->bb.p[b].ops.n;
	find_mask(m, b, b);
	if (f->bb.p[b].ops.n > n) {
		refs get = { 0 };
		gj_push(f->arena, &get, f->bb.p[b].ops.p[n]);
		f->bb.p[b].ops.n = n;
		push_front(m, b, &get, true);
	}
}

static void build_block(build *m, uint32_t b)
{
	gj_fn *f = m->f;
	gj_bb *bb = &f->bb.p[b];
	uint32_t succ[2] = { bb->succ[0], bb->succ[1] }, nsucc = bb->nsucc, loop = bb->loop;
	start_block(m, b);
	bb = &f->bb.p[b];
	if (!m->p->kept[b])
		end_phis(m, b);
	mask_ops(m, b);
	if (!nsucc)
		return;
	const gj_op *t = gj_o(f, bb->ops.p[--bb->ops.n]);
	if (loop && m->loop_mask[loop] && f->loops.p[loop].latch == b)
		end_latch(m, b, loop);
	else if (m->p->divergent[b])
		end_divergent(m, b, t->arg[0], succ);
	else
		end_uniform(m, b, nsucc == 2 ? t->arg[0] : 0, succ, nsucc);
}

/* The phi of a divergent loop's active lanes; the latch fills in its own operand. */
static void start_loop(build *m, uint32_t loop)
{
	gj_fn *f = m->f;
	uint32_t h = f->loops.p[loop].header, node = m->r->nblocks + loop;
	find_mask(m, node, h);
	if (!m->p->divergent[node])
		return;
	gj_ref arg[2] = { lanes(m, m->mask[node]), lanes(m, m->mask[node]) };
	gj_ref phi = gj_op_new(f, h, GJ_PHI, t_bool(), 0, 2, arg);
	refs one = { 0 };
	gj_o(f, phi)->shape = GJ_VARYING;
	gj_push(f->arena, &one, phi);
	push_front(m, h, &one, false);
	m->loop_mask[loop] = phi;
}

static void build_region(build *m, uint32_t region)
{
	for (uint32_t k = m->r->first[region]; k < m->r->first[region + 1]; k++) {
		uint32_t node = m->r->order[k], l = gj_node_loop(m->r, node);
		if (!gj_node_is_loop(m->r, node)) {
			build_block(m, node);
			continue;
		}
		start_loop(m, l);
		build_region(m, l);
		if (m->p->divergent[node])
			jump(m, m->landing[l], start_of(m, m->p->after[l]));
	}
}

/* -- Edges of the new graph ---------------------------------------------------------------------------------------- */

/* Orders the operands of the phis of b by its new predecessors. */
static void reorder_phis(build *m, uint32_t b)
{
	gj_fn *f = m->f;
	const gj_bb *old = &m->old[b];
	gj_bb *bb = &f->bb.p[b];
	uint32_t *from = gj_new(f->arena, uint32_t, bb->preds.n);
	if (bb->preds.n != old->preds.n)
		gj_fail(f, 0, GJ_ERR_INTERNAL, "mask: a block with phis has other edges than before");
	for (uint32_t k = 0; k < old->preds.n; k++) {
		uint32_t q = m->via[edge_index(m, old->preds.p[k], b)];
		from[gj_pred_index(f, b, q)] = k;
	}
	GJ_EACH_PHI(f, b, r) {
		gj_op *o = gj_o(f, r);
		gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs);
		for (uint32_t i = 0; i < o->nargs; i++)
			arg[i] = o->arg[from[i]];
		o->arg = arg;
	}
}

static void relink(build *m)
{
	gj_fn *f = m->f;
	for (uint32_t b = 0; b < f->bb.n; b++)
		memset(&f->bb.p[b].preds, 0, sizeof f->bb.p[b].preds);
	for (uint32_t b = 0; b < f->bb.n; b++)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
			gj_push(f->arena, &f->bb.p[f->bb.p[b].succ[i]].preds, b);
	for (uint32_t b = 0; b < m->r->nblocks; b++)
		if (f->bb.p[b].ops.n && gj_has_phis(f, b))
			reorder_phis(m, b);
}

/* -- Barriers ------------------------------------------------------------------------------------------------------ */

/* Gives a barrier the lanes that it waits for as its last operand: all but those that are gone. */
static void add_live(build *m, uint32_t b)
{
	gj_fn *f = m->f;
	refs old = { 0 };
	GJ_EACH_OP_OF(f, b, r)
		gj_push(f->arena, &old, r);
	f->bb.p[b].ops.n = 0;
	for (uint32_t i = 0; i < old.n; i++) {
		if (gj_o(f, old.p[i])->op == GJ_BARRIER) {
			gj_ref gone = add(m, b, GJ_GET, t_bool(), GJ_VARYING, m->gone, 0);
			gj_ref live = add(m, b, GJ_ANDNOT, t_bool(), GJ_VARYING, lanes(m, 0), gone);
			gj_op *o = gj_o(f, old.p[i]);
			gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
			if (o->nargs)
				memcpy(arg, o->arg, o->nargs * sizeof *arg);
			arg[o->nargs++] = live;
			o->arg = arg;
		}
		gj_push(f->arena, &f->bb.p[b].ops, old.p[i]);
	}
}

/* -- All of it ----------------------------------------------------------------------------------------------------- */

static void make_blocks(build *m)
{
	gj_fn *f = m->f;
	for (uint32_t b = 0; b < m->r->nblocks; b++)
		if (m->p->guarded[b])
			m->guard[b] = gj_block_new(f);
	for (uint32_t l = 1; l < f->loops.n; l++)
		if (m->p->divergent[m->r->nblocks + l])
			m->landing[l] = gj_block_new(f);
}

static void finish(build *m)
{
	gj_fn *f = m->f;
	if (m->gone)
		for (uint32_t b = 0; b < m->r->nblocks; b++)
			add_live(m, b);
	for (uint32_t l = 0; l < f->loops.n; l++)
		push_front(m, l ? f->loops.p[l].header : 0, &m->clear[l], true);
	push_front(m, 0, &m->head, false);
	relink(m);
}

void gj_mask_build(gj_plan *p)
{
	gj_fn *f = p->f;
	uint32_t nb = p->r.nblocks, nn = p->r.nnodes, nl = f->loops.n;
	build m = { .p = p, .f = f, .r = &p->r };
	m.mask = gj_new(f->arena, gj_ref, nn);
	m.slot = gj_new(f->arena, gj_ref, nn);
	m.edge = gj_new(f->arena, gj_ref, 2 * (size_t)nb);
	m.phi_slot = gj_new(f->arena, gj_ref, f->op.n);
	m.guard = gj_new(f->arena, uint32_t, nb);
	m.landing = gj_new(f->arena, uint32_t, nl);
	m.via = gj_new(f->arena, uint32_t, 2 * (size_t)nb);
	m.loop_mask = gj_new(f->arena, gj_ref, nl);
	m.clear = gj_new(f->arena, refs, nl);
	m.barrier = gj_before_barriers(f);
	memset(m.via, 0xff, 2 * (size_t)nb * sizeof *m.via);
	m.old = gj_memdup(f->arena, f->bb.p, nb * sizeof *f->bb.p);
	make_blocks(&m);
	make_mask_slots(&m);
	build_region(&m, 0);
	finish(&m);
}
