/* Several elements a thread. A kernel whose threads know themselves through their place in the grid alone, and that have nothing to do
 * with each other, cannot tell who runs it: a launch with blocks of a half or a quarter of the threads along x does the same if thread t
 * runs what threads 2t and 2t + 1 (4t to 4t + 3) would have. Their accesses lie side by side, and the machine makes one of them; more
 * bytes are under way for each thread, and what neighbours both read is read once. Worth it in kernels that stream through memory.
 *
 *     i = grid(1)                    i = 2 * grid(1)
 *     if inside(i):        →         if inside(i) and inside(i + 1):
 *         body(i)                        body(i); body(i + 1)
 *                                    else:
 *                                        for c in 0, 1:
 *                                            if inside(i + c): body(i + c)
 *
 * Two float32 fill 8 bytes, as four halves do: those get four copies where others get two.
 *
 * The way to the body is that of most threads: of each branch whose condition is known beforehand the side with more to do. Checks of
 * bounds that every thread in the body comes through are conditions too: only the copies that run one after the other have them, and
 * say where in the launch as it was asked for the thread is that fails. */
#include "opt/opt.h"
#include "image/report.h"

#include <string.h>

enum { MOST_OPS = 160, MOST_OPS_OF_FOUR = 32, MOST_BYTES = 8, NARROW = 2, MOST_DEPTH = 8 };

typedef struct plan {
	gj_fn *f;
	bool *varies;                              /* by op: it may differ between neighbours */
	uint32_t nops, nblocks;                    /* before anything was made */
	uint32_t *block;                           /* the reachable ones, in reverse postorder */
	uint32_t *way, nway;                       /* blocks of pure operations that lead from the start to the body */
	uint32_t *body, nbody;                     /* blocks that the end of the way leads to, in that order; it starts with body[0] */
	bool *in_body, *spine;                     /* by block; … every thread in the body comes through it */
	gj_ref *aligned;                           /* by op: what stands for a parameter of which a multiple is known; 0: itself */
} plan;

/* -- Who a thread is ---------------------------------------------------------------------------------------------- */

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

/* grid(1). */
static bool is_index(const gj_fn *f, gj_ref r) { return gj_grid_place(f, gj_o(f, r)) == 0; }

static bool is_x(const gj_op *o)
{
	return o->op == GJ_SREG && (o->imm.i == GJ_TID_X || o->imm.i == GJ_CTAID_X || o->imm.i == GJ_NTID_X);
}

/* Where a thread is along y and z, which is the same for neighbours. */
static bool is_row(const gj_op *o)
{
	return o->op == GJ_SREG && (o->imm.i == GJ_TID_Y || o->imm.i == GJ_TID_Z || o->imm.i == GJ_CTAID_Y || o->imm.i == GJ_CTAID_Z
		|| o->imm.i == GJ_NTID_Y || o->imm.i == GJ_NTID_Z);
}

/* What grid(1) is made of: such ops may have no other use. */
static bool is_part_of_index(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, behind_cvt(f, r));
	return is_x(o) || gj_grid_product(f, o) == GJ_CTAID_X;
}

static bool only_index(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_SREG)
		return is_x(o) || is_row(o);
	for (uint32_t i = 0; i < o->nargs; i++)
		if (is_part_of_index(f, o->arg[i]) && !is_index(f, r) && !is_part_of_index(f, r))
			return false;
	return true;
}

static void find_varying(plan *p)
{
	const gj_fn *f = p->f;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		p->varies[r] = o->op == GJ_PHI || is_index(f, r);
		for (uint32_t i = 0; i < o->nargs; i++)
			p->varies[r] |= p->varies[o->arg[i]];
	}
}

/* grid(1), or something that is as far from it in all neighbours. */
static bool steps_with_index(const plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r = behind_cvt(p->f, r));
	if (is_index(p->f, r) || (o->op != GJ_ADD && o->op != GJ_SUB))
		return is_index(p->f, r);
	if (!p->varies[o->arg[1]])
		return steps_with_index(p, o->arg[0]);
	return o->op == GJ_ADD && !p->varies[o->arg[0]] && steps_with_index(p, o->arg[1]);
}

/* The address of an element that steps with the index: those of neighbours lie side by side. */
static bool is_own_place(const plan *p, const gj_op *o)
{
	return o->op == GJ_ELEM && !p->varies[o->arg[0]] && steps_with_index(p, o->arg[1]);
}

/* -- The way and the body ------------------------------------------------------------------------------------------- */

/* Nothing happens in it, and a condition ends it. */
static bool only_asks(const gj_fn *f, uint32_t b)
{
	if (gj_terminator(f, b)->op != GJ_BRANCH)
		return false;
	GJ_EACH_OP_OF(f, b, r)
		if (r_at + 1 < f->bb.p[b].ops.n && gj_o(f, r)->op != GJ_PHI && !gj_op_is(gj_o(f, r), GJ_F_PURE))
			return false;
	return true;
}

static void find_way(plan *p)
{
	const gj_fn *f = p->f;
	uint32_t *weight = gj_new(f->arena, uint32_t, f->bb.n), b = 0;
	for (uint32_t i = p->nblocks; i-- > 0;) {
		const gj_bb *bb = &f->bb.p[p->block[i]];
		for (uint32_t k = 0; k < bb->nsucc; k++)
			if (weight[bb->succ[k]] > weight[p->block[i]])
				weight[p->block[i]] = weight[bb->succ[k]];
		weight[p->block[i]] += bb->ops.n;
	}
	while (only_asks(f, b)) {
		const uint32_t *succ = f->bb.p[b].succ;
		p->way[p->nway++] = b;
		b = succ[weight[succ[0]] < weight[succ[1]]];
	}
	p->body[p->nbody++] = b;
	p->in_body[b] = true;
}

/* The body's blocks, which of them every thread comes through, and whether it ends in one place. Between visits `open` is how many
 * edges lead from blocks that were visited to such as were not. */
static bool find_body(plan *p)
{
	const gj_fn *f = p->f;
	uint32_t open = 0, returns = 0;
	for (uint32_t i = 0; i < p->nblocks; i++) {
		uint32_t b = p->block[i];
		for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++) {
			bool from_body = p->in_body[f->bb.p[b].preds.p[k]];
			open -= from_body;
			if (from_body && !p->in_body[b]) {
				p->in_body[b] = true;
				p->body[p->nbody++] = b;
			}
		}
		if (!p->in_body[b])
			continue;
		p->spine[b] = open == 0;
		open += f->bb.p[b].nsucc;
		returns += gj_terminator(f, b)->op == GJ_RETURN;
	}
	return returns == 1;
}

/* -- Which kernels ------------------------------------------------------------------------------------------------ */

static bool is_small(const gj_type *t) { return gj_is_scalar(t) && t->size <= MOST_BYTES; }

/* Accesses that no other thread's can be told from, once neighbours' lie side by side. */
static bool access_fits(const plan *p, const gj_op *o)
{
	const gj_op *at = gj_o(p->f, o->arg[0]);
	if (o->sub || !is_small(gj_o(p->f, o->arg[0])->type->elem) || gj_root(p->f, o->arg[0])->op != GJ_PARAM)
		return false;
	return is_own_place(p, at) || (o->op == GJ_LOAD && !p->varies[o->arg[0]]);
}

/* Are the operands of r known before the body is entered, or can they be computed there? */
static bool known_before(const plan *p, gj_ref r, int depth)
{
	const gj_op *o = gj_o(p->f, r);
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *x = gj_o(p->f, o->arg[i]);
		bool inside = p->in_body[x->block] && (x->op != GJ_PHI || x->block != p->body[0]);
		if (inside && (depth == MOST_DEPTH || x->op == GJ_PHI || gj_op_flags[x->op] != GJ_F_PURE || !known_before(p, o->arg[i], depth + 1)))
			return false;
	}
	return true;
}

static bool op_fits(const plan *p, uint32_t b, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r);
	if (!only_index(p->f, r))
		return false;
	if (o->op == GJ_LOAD || o->op == GJ_STORE)
		return !p->in_body[b] || (p->spine[b] && access_fits(p, o));
	if (o->op == GJ_BOUNDS)
		return !p->in_body[b] || (p->spine[b] && o->nargs < GJ_REPORT_VALUES && known_before(p, r, 0));
	return gj_op_is(o, GJ_F_PURE) ? o->op != GJ_LOCALMEM && o->op != GJ_SHAREDMEM
		: o->op == GJ_FLOORDIV || o->op == GJ_MOD || o->op == GJ_POW || o->op == GJ_MATH || o->op == GJ_LIBCALL || o->op == GJ_JUMP
		|| o->op == GJ_BRANCH || o->op == GJ_RETURN;
}

static bool make_plan(gj_fn *f, plan *p)
{
	gj_arena *a = f->arena;
	uint32_t nb = f->bb.n, n = 0;
	bool stores = false;
	if (f->entry->args != GJ_ARGS_LEAVES || f->barriers || f->cooperative || f->dynamic_shared || f->shared_bytes || f->callee.n
		|| f->loops.n > 1)
		return false;
	*p = (plan){ .f = f, .nops = f->op.n, .varies = gj_new(a, bool, f->op.n), .aligned = gj_new(a, gj_ref, f->op.n),
		.block = gj_memdup(a, f->rpo.p, f->rpo.n * sizeof *f->rpo.p), .nblocks = f->rpo.n, .way = gj_new(a, uint32_t, nb),
		.body = gj_new(a, uint32_t, nb), .in_body = gj_new(a, bool, nb), .spine = gj_new(a, bool, nb) };
	find_varying(p);
	find_way(p);
	if (!find_body(p))
		return false;
	GJ_EACH_OP(f, b, r) {
		if (++n > MOST_OPS || !op_fits(p, b, r))
			return false;
		stores |= gj_o(f, r)->op == GJ_STORE && p->in_body[b];
	}
	return stores;
}

/* -- Copies ------------------------------------------------------------------------------------------------------- */

static gj_ref flagged(gj_fn *f, gj_ref r)
{
	gj_o(f, r)->flags = GJ_NSW | GJ_NUW | GJ_NONNEG;
	return r;
}

static gj_ref constant(gj_fn *f, uint32_t block, const gj_type *t, int64_t value)
{
	gj_ref r = gj_emit(f, block, GJ_CONST, t, 0, 0, NULL);
	gj_o(f, r)->imm.i = value;
	return r;
}

static gj_ref copy_op(gj_fn *f, uint32_t block, gj_ref r, const gj_ref *map)
{
	const gj_op *o = gj_o(f, r);
	gj_ref made = gj_op_new(f, block, (gj_opcode)o->op, o->type, o->loc, o->nargs, o->arg);
	gj_op *n = gj_o(f, made);
	n->sub = o->sub;
	n->flags = o->flags;
	n->imm = o->imm;
	for (uint32_t i = 0; i < n->nargs; i++)
		n->arg[i] = map[o->arg[i]];
	gj_push(f->arena, &f->bb.p[block].ops, made);
	return made;
}

static void add_operand(gj_fn *f, gj_ref r, gj_ref x)
{
	gj_op *o = gj_o(f, r);
	gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs + 1);
	memcpy(arg, o->arg, o->nargs * sizeof *arg);
	arg[o->nargs++] = x;
	o->arg = arg;
}

/* The index in the type of op r, which it stands for. */
static gj_ref index_for(gj_fn *f, uint32_t block, gj_ref r, gj_ref index)
{
	const gj_op *o = gj_o(f, r);
	if (o->type == gj_o(f, index)->type)
		return index;
	gj_ref made = gj_emit(f, block, GJ_CVT, o->type, o->loc, 1, &index);
	gj_o(f, made)->flags = GJ_NONNEG | GJ_NSW;
	return made;
}

static void put_copy(const plan *p, uint32_t block, gj_ref r, gj_ref index, gj_ref *map)
{
	map[r] = is_index(p->f, r) ? index_for(p->f, block, r, index) : p->aligned[r] ? p->aligned[r] : copy_op(p->f, block, r, map);
}

/* A phi of the body: with what comes from within it. */
static void put_phi(const plan *p, uint32_t block, gj_ref r, gj_ref *map)
{
	gj_fn *f = p->f;
	const gj_op *o = gj_o(f, r);
	gj_ref *arg = gj_new(f->arena, gj_ref, o->nargs);
	uint32_t n = 0;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (p->in_body[f->bb.p[o->block].preds.p[i]])
			arg[n++] = map[o->arg[i]];
	map[r] = n == 1 ? arg[0] : gj_emit(f, block, GJ_PHI, o->type, o->loc, n, arg);
}

static void put(const plan *p, uint32_t block, gj_ref r, gj_ref index, gj_ref *map)
{
	if (gj_o(p->f, r)->op == GJ_PHI)
		put_phi(p, block, r, map);
	else
		put_copy(p, block, r, index, map);
}

/* Edges of a copied block; those that come from outside of the body only if all blocks are copied. */
static void copy_edges(const plan *p, uint32_t made, uint32_t b, const uint32_t *pred_to, const uint32_t *succ_to, bool all)
{
	gj_fn *f = p->f;
	for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++)
		if (all || p->in_body[f->bb.p[b].preds.p[k]])
			gj_push(f->arena, &f->bb.p[made].preds, pred_to[f->bb.p[b].preds.p[k]]);
	for (uint32_t k = 0; k < f->bb.p[b].nsucc; k++)
		f->bb.p[made].succ[f->bb.p[made].nsucc++] = succ_to[f->bb.p[b].succ[k]];
}

/* The kernel for one index, and where that is for reports; where it returned it goes on at block `next`. Returns its first block. Stores say that they are ordinary
 * ones, in words (st.wb): else LLVM joins the ends of this copy and of those side by side, whose stores then do not meet. */
static uint32_t copy(const plan *p, gj_ref index, gj_ref place, uint32_t next)
{
	gj_fn *f = p->f;
	gj_ref *map = gj_new(f->arena, gj_ref, p->nops);
	uint32_t *to = gj_new(f->arena, uint32_t, f->bb.n);
	for (uint32_t i = 0; i < p->nblocks; i++)
		to[p->block[i]] = gj_block_new(f);
	for (uint32_t i = 0; i < p->nblocks; i++) {
		uint32_t b = p->block[i], made = to[b];
		copy_edges(p, made, b, to, to, true);
		GJ_EACH_OP_OF(f, b, r) {
			put_copy(p, made, r, index, map);
			if (gj_o(f, r)->op == GJ_STORE && !gj_o(f, r)->sub)
				gj_o(f, map[r])->sub = GJ_HINT_WB;
			if (gj_o(f, r)->op == GJ_BOUNDS)
				add_operand(f, map[r], place);
		}
		if (gj_terminator(f, made)->op == GJ_RETURN) {
			gj_terminator(f, made)->op = GJ_JUMP;
			gj_link(f, made, next);
		}
	}
	return to[0];
}

/* grid(1) in the lower GJ_REPORT_ROW bits, above it a block's threads along x; 0: nothing reports. */
static gj_ref place_to_report(const plan *p, uint32_t block, gj_ref index)
{
	gj_fn *f = p->f;
	const gj_type *i64 = gj_scalar[GJ_I64];
	bool any = false;
	for (uint32_t i = 0; i < p->nblocks; i++)
		GJ_EACH_OP_OF(f, p->block[i], r)
			any |= gj_o(f, r)->op == GJ_BOUNDS;
	if (!any)
		return 0;
	gj_push(f->arena, &f->param, ((gj_fnparam){ .field = GJ_FIELD_ROW, .type = i64 }));
	gj_ref row = gj_emit(f, block, GJ_PARAM, i64, 0, 0, NULL), wide = index;
	gj_o(f, row)->imm.i = f->param.n - 1;
	if (gj_o(f, index)->type != i64)
		wide = gj_emit(f, block, GJ_CVT, i64, 0, 1, &index);
	row = gj_emit(f, block, GJ_SHL, i64, 0, 2, (gj_ref[]){ row, constant(f, block, i64, GJ_REPORT_ROW) });
	return gj_emit(f, block, GJ_OR, i64, 0, 2, (gj_ref[]){ row, wide });
}

/* The kernel for k indices from `first` on, one after the other. Returns the first block, whose phi takes what comes from outside last. */
static uint32_t copies_in_turn(const plan *p, gj_ref first, uint32_t k, gj_ref start)
{
	gj_fn *f = p->f;
	uint32_t loop = gj_block_new(f), next = gj_block_new(f), end = gj_block_new(f);
	const gj_type *t = gj_o(f, first)->type;
	gj_ref c = gj_emit(f, loop, GJ_PHI, t, 0, 2, (gj_ref[]){ start, start });
	gj_ref index = flagged(f, gj_emit(f, loop, GJ_ADD, t, 0, 2, (gj_ref[]){ first, c }));
	gj_link(f, next, loop);
	uint32_t body = copy(p, index, place_to_report(p, loop, index), next);
	gj_emit(f, loop, GJ_JUMP, NULL, 0, 0, NULL);
	gj_link(f, loop, body);
	gj_ref after = flagged(f, gj_emit(f, next, GJ_ADD, t, 0, 2, (gj_ref[]){ c, constant(f, next, t, 1) }));
	gj_ref more = gj_emit(f, next, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ after, constant(f, next, t, k) });
	gj_o(f, more)->sub = GJ_CMP_LT;
	gj_o(f, gj_emit(f, next, GJ_BRANCH, NULL, 0, 1, &more))->sub = GJ_ROLLED;
	gj_link(f, next, end);
	gj_emit(f, end, GJ_RETURN, NULL, 0, 0, NULL);
	gj_o(f, c)->arg[0] = after;
	return loop;
}

/* -- Addresses ---------------------------------------------------------------------------------------------------- */

/* base[sum of terms + constant]. Accesses that differ in the constant alone get one pointer, from which the constants count: so LLVM
 * sees which of them lie side by side, and which are the same. */
enum { MOST_TERMS = 8 };
typedef struct address {
	gj_ref base, term[MOST_TERMS];             /* ascending */
	uint32_t n;
	int64_t constant;
	gj_ref pointer;                            /* of the first copy */
} address;

static bool add_terms(const gj_fn *f, gj_ref r, int64_t sign, address *a)
{
	const gj_op *o = gj_o(f, r = behind_cvt(f, r));
	if (o->op == GJ_CONST) {
		bool small = o->imm.i >= -GJ_INDEX_SLACK && o->imm.i <= GJ_INDEX_SLACK;
		a->constant += small ? sign * o->imm.i : 0;
		return small && a->constant >= -GJ_INDEX_SLACK && a->constant <= GJ_INDEX_SLACK;
	}
	bool minus = o->op == GJ_SUB && gj_is_const(f, behind_cvt(f, o->arg[1]));
	if (!is_index(f, r) && (o->op == GJ_ADD || minus))
		return add_terms(f, o->arg[0], sign, a) && add_terms(f, o->arg[1], minus ? -sign : sign, a);
	if (a->n == MOST_TERMS)
		return false;
	uint32_t at = a->n++;
	for (; at > 0 && a->term[at - 1] > r; at--)
		a->term[at] = a->term[at - 1];
	a->term[at] = r;
	return true;
}

/* The sum of the terms. None is above what the index's type holds if none is negative: a launch leaves room for the constant. */
static gj_ref sum_terms(gj_fn *f, uint32_t block, const address *a, const gj_type *t, const gj_ref *map)
{
	gj_ref sum = 0;
	for (uint32_t i = 0; i < a->n; i++)
		t = gj_o(f, map[a->term[i]])->flags & GJ_NONNEG ? t : gj_scalar[GJ_I64];
	for (uint32_t i = 0; i < a->n; i++) {
		gj_ref x = map[a->term[i]];
		if (gj_o(f, x)->type != t) {
			uint8_t nonneg = gj_o(f, x)->flags & GJ_NONNEG;
			x = gj_emit(f, block, GJ_CVT, t, 0, 1, &x);
			gj_o(f, x)->flags = GJ_NSW | nonneg;
		}
		sum = sum ? gj_emit(f, block, GJ_ADD, t, 0, 2, (gj_ref[]){ sum, x }) : x;
		gj_o(f, sum)->flags |= sum == x ? 0 : GJ_NSW;
	}
	return sum;
}

/* Copies side by side, for indices that all take the way. The spine is the blocks that every thread comes through. Their bodies
 * follow each other in one block, so that loads and stores of neighbours meet; what branches between two of them stands there one
 * copy after the other:
 *
 *     spine[0] of all copies; between[0] of copy 0; between[0] of copy 1; spine[1] of all copies …
 *
 * join[c][j] is where copy c comes to spine[j]: it has the phis. The last copy's has the bodies too. */
typedef struct abreast {
	const plan *p;
	uint32_t k;                                /* copies */
	uint32_t *spine, nspine;
	uint32_t *join[4];                         /* by place in the spine */
	uint32_t *to[4], *from[4];                 /* by block: where edges to it lead; where edges out of it come from */
	gj_ref **map;
	GJ_VEC(address) address;
} abreast;

/* An address of copy c; 0: it has to be computed as it stands. The first copy's come first. Of narrow items LLVM makes pairs, which it
 * does not find behind one pointer. */
static gj_ref own_place(abreast *a, uint32_t block, gj_ref r, uint32_t c)
{
	gj_fn *f = a->p->f;
	const gj_op *o = gj_o(f, r);
	address x = { 0 }, *known = NULL;
	if (!is_own_place(a->p, o) || o->type->elem->size <= NARROW || !add_terms(f, o->arg[1], 1, &x))
		return 0;
	x.base = o->arg[0];
	for (uint32_t i = 0; i < a->address.n && !known; i++) {
		address *y = &a->address.p[i];
		known = y->base == x.base && y->n == x.n && !memcmp(y->term, x.term, x.n * sizeof *x.term) ? y : NULL;
	}
	if (!known) {
		gj_ref sum = sum_terms(f, block, &x, gj_o(f, o->arg[1])->type, a->map[0]);
		x.pointer = gj_emit(f, block, GJ_ELEM, o->type, o->loc, 2, (gj_ref[]){ a->map[0][o->arg[0]], sum });
		gj_push(f->arena, &a->address, x);
		known = &a->address.p[a->address.n - 1];
	}
	gj_ref step = constant(f, block, gj_scalar[GJ_I64], x.constant + c);
	return gj_emit(f, block, GJ_ELEM, o->type, o->loc, 2, (gj_ref[]){ known->pointer, step });
}

static void put_own(abreast *a, uint32_t block, gj_ref r, gj_ref index, uint32_t c)
{
	gj_ref place = own_place(a, block, r, c);
	if (place)
		a->map[c][r] = place;
	else if (gj_o(a->p->f, r)->op != GJ_BOUNDS)
		put_copy(a->p, block, r, index, a->map[c]);
}

static void lay_out(abreast *a)
{
	const plan *p = a->p;
	gj_fn *f = p->f;
	uint32_t nbb = f->bb.n;
	a->spine = gj_new(f->arena, uint32_t, nbb);
	for (uint32_t i = 0; i < p->nbody; i++)
		if (p->spine[p->body[i]])
			a->spine[a->nspine++] = p->body[i];
	for (uint32_t c = 0; c < a->k; c++) {
		a->join[c] = gj_new(f->arena, uint32_t, a->nspine);
		a->to[c] = gj_new(f->arena, uint32_t, nbb);
		a->from[c] = gj_new(f->arena, uint32_t, nbb);
		for (uint32_t i = 0, j = 0; i < p->nbody; i++) {
			uint32_t b = p->body[i], made = !i && c ? a->join[0][0] : gj_block_new(f);
			a->to[c][b] = a->from[c][b] = made;
			if (j < a->nspine && b == a->spine[j])
				a->join[c][j++] = made;
		}
	}
	for (uint32_t c = 0; c < a->k; c++)
		for (uint32_t j = 0; j < a->nspine; j++)
			a->from[c][a->spine[j]] = !c || j + 1 == a->nspine ? a->join[a->k - 1][j] : a->join[c - 1][j + 1];
}

/* The end of spine[j] in copy c. */
static void end_spine(abreast *a, uint32_t j, uint32_t c)
{
	gj_fn *f = a->p->f;
	uint32_t b = a->spine[j], at = a->from[c][b];
	const gj_bb *bb = &f->bb.p[b];
	put_copy(a->p, at, bb->ops.p[bb->ops.n - 1], 0, a->map[c]);
	for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
		f->bb.p[at].succ[f->bb.p[at].nsucc++] = a->to[c][f->bb.p[b].succ[i]];
}

/* Blocks that are not of the spine, from the body's place `at` on. */
static void copy_between(abreast *a, uint32_t at, uint32_t c, gj_ref index)
{
	const plan *p = a->p;
	for (; at < p->nbody && !p->spine[p->body[at]]; at++) {
		uint32_t b = p->body[at], made = a->to[c][b];
		copy_edges(p, made, b, a->from[c], a->to[c], false);
		GJ_EACH_OP_OF(p->f, b, r)
			put(p, made, r, index, a->map[c]);
	}
}

/* map[c]: what copy c has of the way. */
static uint32_t copies_abreast(const plan *p, const gj_ref *index, uint32_t k, gj_ref **map)
{
	abreast a = { .p = p, .k = k, .map = map };
	gj_fn *f = p->f;
	lay_out(&a);
	for (uint32_t j = 0, at = 0; j < a.nspine; j++) {
		uint32_t b = a.spine[j], bodies = a.join[k - 1][j], phis = gj_count_phis(f, b);
		for (uint32_t c = 0; c < k; c++) {
			for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++)
				if (p->in_body[f->bb.p[b].preds.p[i]])
					gj_push(f->arena, &f->bb.p[a.join[c][j]].preds, a.from[c][f->bb.p[b].preds.p[i]]);
			for (uint32_t i = 0; j && i < phis; i++)
				put_phi(p, a.join[c][j], f->bb.p[b].ops.p[i], a.map[c]);
			if (j && c + 1 < k)
				end_spine(&a, j - 1, c + 1);
		}
		for (uint32_t c = 0; c < k; c++)
			for (uint32_t i = phis; i + 1 < f->bb.p[b].ops.n; i++)
				put_own(&a, bodies, f->bb.p[b].ops.p[i], index[c], c);
		end_spine(&a, j, 0);
		while (p->body[at] != b)
			at++;
		for (uint32_t c = 0; c < k; c++)
			copy_between(&a, at + 1, c, index[c]);
	}
	return a.join[0][0];
}

/* -- The new kernel ----------------------------------------------------------------------------------------------- */

static gj_ref copy_tree(const plan *p, uint32_t block, gj_ref r, gj_ref *map)
{
	const gj_op *o = gj_o(p->f, r);
	for (uint32_t i = 0; i < o->nargs; i++)
		map[o->arg[i]] = copy_tree(p, block, o->arg[i], map);
	return copy_op(p->f, block, r, map);
}

/* Into block `head`: the thread's place among those of the launch, which stores ask for. */
static gj_ref place(const plan *p, uint32_t head)
{
	gj_ref *map = gj_new(p->f->arena, gj_ref, p->nops);
	for (uint32_t i = 0; i < p->nblocks; i++)
		GJ_EACH_OP_OF(p->f, p->block[i], r)
			if (is_index(p->f, r))
				return copy_tree(p, head, r, map);
	return 0;
}

/* Parameters of which a multiple is known get to be seen as such, in words that LLVM does not forget. */
static void align(plan *p, uint32_t head)
{
	gj_fn *f = p->f;
	for (uint32_t i = 0; i < p->nblocks; i++)
		GJ_EACH_OP_OF(f, p->block[i], r) {
			const gj_op *o = gj_o(f, r);
			int64_t unit = o->op == GJ_PARAM ? f->param.p[o->imm.i].unit : 0;
			if (unit < 2)
				continue;
			gj_ref whole = copy_op(f, head, r, NULL);
			p->aligned[r] = gj_emit(f, head, GJ_AND, o->type, 0, 2, (gj_ref[]){ whole, constant(f, head, o->type, -unit) });
			gj_o(f, p->aligned[r])->flags |= o->flags & GJ_NONNEG;
		}
}

/* Into block `head`: what the way computes for an index. Returns `before` and whether it takes the way; before = 0: true. */
static gj_ref takes_way(const plan *p, uint32_t head, gj_ref index, gj_ref *map, gj_ref before)
{
	gj_fn *f = p->f;
	for (uint32_t i = 0; i <= p->nway; i++) {
		uint32_t b = i < p->nway ? p->way[i] : p->body[0], at = 0;
		while (i && f->bb.p[b].preds.p[at] != p->way[i - 1])
			at++;
		GJ_EACH_PHI(f, b, r)
			map[r] = map[gj_o(f, r)->arg[at]];
		if (i == p->nway)
			break;
		for (uint32_t k = gj_count_phis(f, b); k + 1 < f->bb.p[b].ops.n; k++)
			put_copy(p, head, f->bb.p[b].ops.p[k], index, map);
		gj_ref yes = map[gj_terminator(f, b)->arg[0]];
		const gj_type *t = gj_o(f, yes)->type;
		if (f->bb.p[b].succ[0] != (i + 1 < p->nway ? p->way[i + 1] : p->body[0]))
			yes = gj_emit(f, head, GJ_NOT, t, 0, 1, &yes);
		before = before ? gj_emit(f, head, GJ_SELECT, t, 0, 3, (gj_ref[]){ before, yes, constant(f, head, t, 0) }) : yes;
	}
	return before;
}

static void copy_before(const plan *p, uint32_t head, gj_ref r, gj_ref index, gj_ref *map)
{
	const gj_op *o = gj_o(p->f, r);
	if (map[r])
		return;
	for (uint32_t i = 0; i < o->nargs; i++)
		copy_before(p, head, o->arg[i], index, map);
	put_copy(p, head, r, index, map);
}

/* 0 <= i < n, both of which are in `head`. */
static gj_ref lies_below(gj_fn *f, uint32_t head, gj_ref i, gj_ref n)
{
	gj_ref x[2] = { i, n };
	const gj_type *t = gj_scalar[gj_o(f, i)->type->size <= 4 && gj_o(f, n)->type->size <= 4 ? GJ_U32 : GJ_U64];
	for (int k = 0; k < 2; k++)
		x[k] = gj_o(f, x[k])->type == t ? x[k] : gj_emit(f, head, GJ_CVT, t, 0, 1, &x[k]);
	gj_ref r = gj_emit(f, head, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, x);
	gj_o(f, r)->sub = GJ_CMP_LT;
	return r;
}

/* Into block `head`: `before` and whether the body's checks hold for copy c of k. Between the first and the last copy indices that step
 * with the thread's lie in between. */
static gj_ref holds(const plan *p, uint32_t head, gj_ref index, gj_ref *map, gj_ref before, uint32_t c, uint32_t k)
{
	gj_fn *f = p->f;
	for (uint32_t i = 0; i < p->nbody; i++)
		GJ_EACH_OP_OF(f, p->body[i], r) {
			const gj_op *o = gj_o(f, r);
			uint32_t n = o->nargs / 2;
			for (uint32_t d = 0; o->op == GJ_BOUNDS && d < n; d++) {
				gj_ref at = o->arg[d], extent = o->arg[n + d];
				bool varies = p->varies[at] || p->varies[extent], between = !p->varies[extent] && steps_with_index(p, at);
				if ((o->sub >> d & 1) || (c && !varies) || (c && c + 1 < k && between))
					continue;
				copy_before(p, head, at, index, map);
				copy_before(p, head, extent, index, map);
				gj_ref yes = lies_below(f, head, map[at], map[extent]);
				const gj_type *t = gj_o(f, yes)->type;
				before = before ? gj_emit(f, head, GJ_SELECT, t, 0, 3, (gj_ref[]){ before, yes, constant(f, head, t, 0) }) : yes;
			}
		}
	return before;
}

/* Block `head` becomes the first one. */
static void replace_first(gj_fn *f, uint32_t head, gj_ref cond, const uint32_t to[2])
{
	while (f->bb.p[0].nsucc)
		gj_drop_edge(f, 0, f->bb.p[0].nsucc - 1);
	f->bb.p[0].ops = f->bb.p[head].ops;
	memset(&f->bb.p[head], 0, sizeof f->bb.p[head]);
	GJ_EACH_OP_OF(f, 0, r)
		gj_o(f, r)->block = 0;
	gj_emit(f, 0, cond ? GJ_BRANCH : GJ_JUMP, NULL, 0, cond != 0, &cond);
	for (int i = 0; i < (cond ? 2 : 1); i++)
		gj_link(f, 0, to[i]);
}

static void build(plan *p, uint32_t k)
{
	gj_fn *f = p->f;
	gj_ref index[4], *map[4], cond = 0;
	uint32_t head = gj_block_new(f), to[2];
	gj_ref at = place(p, head);
	const gj_type *t = gj_o(f, at)->type;
	align(p, head);
	for (uint32_t i = 0; i < k; i++) {
		index[i] = i ? gj_emit(f, head, GJ_ADD, t, 0, 2, (gj_ref[]){ index[0], constant(f, head, t, i) })
			: gj_emit(f, head, GJ_MUL, t, 0, 2, (gj_ref[]){ at, constant(f, head, t, k) });
		flagged(f, index[i]);
		map[i] = gj_new(f->arena, gj_ref, p->nops);
		cond = takes_way(p, head, index[i], map[i], cond);
	}
	for (uint32_t i = 0; i < k; i++)
		cond = holds(p, head, index[i], map[i], cond, i, k);
	to[0] = copies_abreast(p, index, k, map);
	to[1] = cond ? copies_in_turn(p, index[0], k, constant(f, head, t, 0)) : 0;
	replace_first(f, head, cond, to);
	gj_cfg(f);
	gj_simplify_values(f);
	gj_simplify_blocks(f);
	gj_remove_dead(f);
}

/* No access is wider than this many bytes. */
static bool is_narrow(const gj_fn *f, uint32_t bytes)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if ((o->op == GJ_LOAD || o->op == GJ_STORE) && gj_o(f, o->arg[0])->type->elem->size > bytes)
			return false;
	}
	return true;
}

uint32_t gj_run_neighbours(gj_fn *f, uint32_t most, uint32_t most_narrow)
{
	plan p;
	if (!make_plan(f, &p))
		return 0;
	uint32_t ops = 0, k = is_narrow(f, NARROW) ? most_narrow : most;
	bool rows = false;
	GJ_EACH_OP(f, b, r) {
		ops += (b || p.varies[r]) && gj_o(f, r)->op != GJ_BOUNDS;
		rows |= is_row(gj_o(f, r));
	}
	if (rows && !(f->facts & GJ_FACT_ALIGNED_ROWS))
		return 1;
	if (k == 4 && ops > MOST_OPS_OF_FOUR)
		k = 2;
	if (k > 1)
		build(&p, k);
	return k;
}
