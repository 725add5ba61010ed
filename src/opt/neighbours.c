/* Several elements a thread. A kernel whose threads know themselves through grid(1) alone, and that have nothing to do with each
 * other, cannot tell who runs it: a launch with blocks of a half or a quarter of the threads does the same if thread t runs
 * what threads 2t and 2t + 1 (4t to 4t + 3) would have. Their accesses lie side by side, and the machine makes one of them; more
 * bytes are under way for each thread. Worth it in kernels that stream through memory.
 *
 *     i = grid(1)                    i = 2 * grid(1)
 *     if i < n:            →         if i + 1 < n:
 *         body(i)                        body(i); body(i + 1)
 *                                    elif i < n:
 *                                        body(i)
 *
 * Two float32 fill 8 bytes, as four halves do: those get four copies where others get two.
 *
 * The guard that stands first must hold for i if it holds for i + 1. A kernel without one is run as often as it is asked for. */
#include "opt/opt.h"

#include <string.h>

enum { MOST_OPS = 160, MOST_OPS_OF_FOUR = 32, MOST_BYTES = 8, NARROW = 2 };

typedef struct plan {
	gj_fn *f;
	uint32_t leave;                            /* where the guard leads if it does not hold: a block that returns; 0: no guard */
	bool *varies;                              /* by op: it may differ between threads of a grid */
	uint32_t nops, nblocks;                    /* before anything was made */
	uint32_t *block;                           /* the reachable ones, in reverse postorder */
} plan;

/* -- Who a thread is ---------------------------------------------------------------------------------------------- */

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

static bool is_tid(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, behind_cvt(f, r));
	return o->op == GJ_SREG && o->imm.i == GJ_TID_X;
}

static bool is_block_start(const gj_fn *f, gj_ref r)
{
	return gj_grid_product(f, gj_o(f, behind_cvt(f, r))) == GJ_CTAID_X;
}

/* grid(1): ctaid.x * ntid.x + tid.x. */
static bool is_index(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	return o->op == GJ_ADD && ((is_block_start(f, o->arg[0]) && is_tid(f, o->arg[1]))
		|| (is_block_start(f, o->arg[1]) && is_tid(f, o->arg[0])));
}

/* What grid(1) is made of: such ops may have no other use. */
static bool is_part_of_index(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, behind_cvt(f, r));
	return o->op == GJ_SREG || gj_grid_product(f, o) == GJ_CTAID_X;
}

static bool only_index(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_SREG)
		return o->imm.i == GJ_TID_X || o->imm.i == GJ_CTAID_X || o->imm.i == GJ_NTID_X;
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

/* grid(1), or something that is as far from it in all threads. */
static bool steps_with_index(const plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r = behind_cvt(p->f, r));
	if (is_index(p->f, r) || (o->op != GJ_ADD && o->op != GJ_SUB))
		return is_index(p->f, r);
	return is_index(p->f, behind_cvt(p->f, o->arg[0])) && !p->varies[o->arg[1]];
}

/* -- Which kernels ------------------------------------------------------------------------------------------------ */

static bool is_small(const gj_type *t) { return gj_is_scalar(t) && t->size <= MOST_BYTES; }

/* Accesses that no other thread's can be told from, once neighbours' lie side by side. */
static bool access_fits(const plan *p, const gj_op *o)
{
	const gj_op *at = gj_o(p->f, o->arg[0]);
	if (o->sub || !is_small(gj_o(p->f, o->arg[0])->type->elem) || gj_root(p->f, o->arg[0])->op != GJ_PARAM)
		return false;
	if (at->op == GJ_ELEM && !p->varies[at->arg[0]] && steps_with_index(p, at->arg[1]))
		return true;
	return o->op == GJ_LOAD && !p->varies[o->arg[0]];
}

static bool op_fits(const plan *p, gj_ref r)
{
	const gj_op *o = gj_o(p->f, r);
	if (o->op == GJ_LOAD || o->op == GJ_STORE)
		return access_fits(p, o) && only_index(p->f, r);
	bool plain = gj_op_is(o, GJ_F_PURE) ? o->op != GJ_LOCALMEM && o->op != GJ_SHAREDMEM
		: o->op == GJ_FLOORDIV || o->op == GJ_MOD || o->op == GJ_POW || o->op == GJ_MATH || o->op == GJ_LIBCALL || o->op == GJ_JUMP
		|| o->op == GJ_BRANCH || o->op == GJ_RETURN;
	return plain && only_index(p->f, r);
}

static bool returns_at_once(const gj_fn *f, uint32_t b)
{
	return f->bb.p[b].ops.n == 1 && gj_terminator(f, b)->op == GJ_RETURN;
}

/* `grid(1) < n` or its like at the end of the first block, with n the same for all, and nothing to be done where it does not
 * hold; or no condition at all. */
static bool find_guard(plan *p)
{
	const gj_fn *f = p->f;
	const gj_op *t = gj_terminator(f, 0), *c = t->op == GJ_BRANCH ? gj_o(f, t->arg[0]) : NULL;
	p->leave = 0;
	if (!c)
		return t->op == GJ_RETURN;
	if (c->op != GJ_CMP || c->sub == GJ_CMP_EQ || c->sub == GJ_CMP_NE)
		return false;
	bool left = is_index(f, behind_cvt(f, c->arg[0])) && !p->varies[c->arg[1]];
	bool right = is_index(f, behind_cvt(f, c->arg[1])) && !p->varies[c->arg[0]];
	bool less = c->sub == GJ_CMP_LT || c->sub == GJ_CMP_LE;
	p->leave = f->bb.p[0].succ[less == left];
	return left != right && returns_at_once(f, p->leave) && f->bb.p[p->leave].preds.n == 1;
}

/* Every thread that passes the guard makes all accesses: they stand on the way to the one other return. */
static bool access_always(const plan *p)
{
	const gj_fn *f = p->f;
	uint32_t end = 0, returns = 0;
	GJ_EACH_BLOCK(f, b)
		if (gj_terminator(f, b)->op == GJ_RETURN && (!p->leave || b != p->leave))
			end = b, returns++;
	if (returns != 1)
		return false;
	GJ_EACH_OP(f, b, r)
		if ((gj_o(f, r)->op == GJ_LOAD || gj_o(f, r)->op == GJ_STORE) && !gj_dominates(f, b, end))
			return false;
	return true;
}

static bool make_plan(gj_fn *f, plan *p)
{
	bool stores = false;
	*p = (plan){ .f = f, .varies = gj_new(f->arena, bool, f->op.n), .nops = f->op.n };
	if (f->entry->args != GJ_ARGS_LEAVES || f->barriers || f->cooperative || f->dynamic_shared || f->shared_bytes || f->callee.n
		|| f->loops.n > 1)
		return false;
	find_varying(p);
	p->block = gj_memdup(f->arena, f->rpo.p, f->rpo.n * sizeof *f->rpo.p);
	p->nblocks = f->rpo.n;
	uint32_t n = 0;
	GJ_EACH_OP(f, b, r) {
		if (++n > MOST_OPS || !op_fits(p, r))
			return false;
		stores |= gj_o(f, r)->op == GJ_STORE;
	}
	return stores && find_guard(p) && access_always(p);
}

/* -- Copies ------------------------------------------------------------------------------------------------------- */

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
	return made;
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

static bool leaves(const plan *p, uint32_t b) { return p->leave && b == p->leave; }

/* Edges of a copied block. */
static void copy_edges(const plan *p, uint32_t made, uint32_t b, const uint32_t *pred_to, const uint32_t *succ_to)
{
	gj_fn *f = p->f;
	for (uint32_t k = 0; k < f->bb.p[b].preds.n; k++)
		gj_push(f->arena, &f->bb.p[made].preds, pred_to[f->bb.p[b].preds.p[k]]);
	for (uint32_t k = 0; k < f->bb.p[b].nsucc; k++)
		f->bb.p[made].succ[f->bb.p[made].nsucc++] = succ_to[f->bb.p[b].succ[k]];
}

static void put_copy(const plan *p, uint32_t block, gj_ref r, gj_ref index, gj_ref *map)
{
	gj_fn *f = p->f;
	if (is_index(f, r)) {
		map[r] = index_for(f, block, r, index);
		return;
	}
	map[r] = copy_op(f, block, r, map);
	gj_push(f->arena, &f->bb.p[block].ops, map[r]);
}

/* The kernel for one index. Where it returns behind the guard it goes on at block `next` (0: it returns). Returns its first block.
 * Stores say that they are ordinary ones, in words (st.wb): else LLVM joins the ends of this copy and of those side by side, whose
 * stores then do not meet. */
static uint32_t copy(const plan *p, gj_ref index, uint32_t next)
{
	gj_fn *f = p->f;
	gj_ref *map = gj_new(f->arena, gj_ref, p->nops);
	uint32_t *to = gj_new(f->arena, uint32_t, f->bb.n);
	for (uint32_t i = 0; i < p->nblocks; i++)
		to[p->block[i]] = gj_block_new(f);
	for (uint32_t i = 0; i < p->nblocks; i++) {
		uint32_t b = p->block[i], made = to[b];
		copy_edges(p, made, b, to, to);
		GJ_EACH_OP_OF(f, b, r) {
			put_copy(p, made, r, index, map);
			if (gj_o(f, r)->op == GJ_STORE)
				gj_o(f, map[r])->sub = GJ_HINT_WB;
		}
		if (next && !leaves(p, b) && gj_terminator(f, made)->op == GJ_RETURN) {
			gj_terminator(f, made)->op = GJ_JUMP;
			gj_link(f, made, next);
		}
	}
	return to[0];
}

/* Copies side by side, for indices that all pass the guard. The spine is the blocks that every thread comes through. Their bodies
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
	gj_ref *map[4];
} abreast;

static void lay_out(abreast *a)
{
	gj_fn *f = a->p->f;
	uint32_t end = 0, nbb = f->bb.n;
	for (uint32_t i = 0; i < a->p->nblocks; i++)
		if (gj_terminator(f, a->p->block[i])->op == GJ_RETURN && !leaves(a->p, a->p->block[i]))
			end = a->p->block[i];
	a->spine = gj_new(f->arena, uint32_t, nbb);
	for (uint32_t i = 0; i < a->p->nblocks; i++)
		if (gj_dominates(f, a->p->block[i], end))
			a->spine[a->nspine++] = a->p->block[i];
	for (uint32_t c = 0; c < a->k; c++) {
		a->map[c] = gj_new(f->arena, gj_ref, a->p->nops);
		a->join[c] = gj_new(f->arena, uint32_t, a->nspine);
		a->to[c] = gj_new(f->arena, uint32_t, nbb);
		a->from[c] = gj_new(f->arena, uint32_t, nbb);
		for (uint32_t i = 0, j = 0; i < a->p->nblocks; i++) {
			uint32_t b = a->p->block[i], made = !i && c ? a->join[0][0] : gj_block_new(f);
			a->to[c][b] = a->from[c][b] = made;
			if (j < a->nspine && b == a->spine[j])
				a->join[c][j++] = made;
		}
	}
	for (uint32_t c = 0; c < a->k; c++)
		for (uint32_t j = 0; j < a->nspine; j++)
			a->from[c][a->spine[j]] = !c || j + 1 == a->nspine ? a->join[a->k - 1][j] : a->join[c - 1][j + 1];
}

/* The end of spine[j] in copy c; the guard is passed. */
static void end_spine(abreast *a, uint32_t j, uint32_t c)
{
	gj_fn *f = a->p->f;
	uint32_t b = a->spine[j], at = a->from[c][b];
	const gj_bb *bb = &f->bb.p[b];
	if (!j && a->p->leave) {
		gj_emit(f, at, GJ_JUMP, NULL, 0, 0, NULL);
		f->bb.p[at].succ[f->bb.p[at].nsucc++] = a->to[c][bb->succ[bb->succ[0] == a->p->leave]];
		return;
	}
	put_copy(a->p, at, bb->ops.p[bb->ops.n - 1], 0, a->map[c]);
	for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
		f->bb.p[at].succ[f->bb.p[at].nsucc++] = a->to[c][f->bb.p[b].succ[i]];
}

/* Blocks that are not of the spine, from place `at` of the order on. */
static void copy_between(abreast *a, uint32_t at, uint32_t c, gj_ref index)
{
	gj_fn *f = a->p->f;
	for (; at < a->p->nblocks && !leaves(a->p, a->p->block[at]); at++) {
		uint32_t b = a->p->block[at], made = a->to[c][b];
		for (uint32_t j = 0; j < a->nspine; j++)
			if (a->spine[j] == b)
				return;
		copy_edges(a->p, made, b, a->from[c], a->to[c]);
		GJ_EACH_OP_OF(f, b, r)
			put_copy(a->p, made, r, index, a->map[c]);
	}
}

static uint32_t copies_abreast(const plan *p, const gj_ref *index, uint32_t k)
{
	abreast a = { .p = p, .k = k };
	gj_fn *f = p->f;
	lay_out(&a);
	for (uint32_t j = 0; j < a.nspine; j++) {
		uint32_t b = a.spine[j], bodies = a.join[k - 1][j], phis = gj_count_phis(f, b);
		for (uint32_t c = 0; c < k; c++) {
			for (uint32_t i = 0; i < f->bb.p[b].preds.n; i++)
				gj_push(f->arena, &f->bb.p[a.join[c][j]].preds, a.from[c][f->bb.p[b].preds.p[i]]);
			for (uint32_t i = 0; i < phis; i++)
				put_copy(p, a.join[c][j], f->bb.p[b].ops.p[i], index[c], a.map[c]);
			if (j && c + 1 < k)
				end_spine(&a, j - 1, c + 1);
		}
		for (uint32_t c = 0; c < k; c++)
			for (uint32_t i = phis; i + 1 < f->bb.p[b].ops.n; i++)
				put_copy(p, bodies, f->bb.p[b].ops.p[i], index[c], a.map[c]);
		end_spine(&a, j, 0);
		for (uint32_t c = 0; c < k; c++)
			copy_between(&a, f->bb.p[b].rpo + 1, c, index[c]);
	}
	return a.join[0][0];
}

/* -- The new kernel ----------------------------------------------------------------------------------------------- */

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

/* Into block `head`: what is the same for all threads, and the thread's place among those of the launch, which is returned. */
static gj_ref begin(const plan *p, uint32_t head)
{
	gj_fn *f = p->f;
	gj_ref place = 0;
	GJ_EACH_OP_OF(f, 0, r) {
		if (!gj_op_is(gj_o(f, r), GJ_F_PURE) || (p->varies[r] && !is_index(f, r)))
			continue;
		gj_push(f->arena, &f->bb.p[head].ops, r);
		place = !place && is_index(f, r) ? r : place;
	}
	return place;
}

/* The guard's condition for this index, computed in block `head`. */
static gj_ref condition(const plan *p, uint32_t head, gj_ref index)
{
	gj_fn *f = p->f;
	gj_ref *map = gj_new(f->arena, gj_ref, p->nops);
	GJ_EACH_OP_OF(f, 0, r) {
		map[r] = r;
		if (is_index(f, r))
			map[r] = index_for(f, head, r, index);
		else if (p->varies[r] && gj_op_is(gj_o(f, r), GJ_F_PURE)) {
			map[r] = copy_op(f, head, r, map);
			gj_push(f->arena, &f->bb.p[head].ops, map[r]);
		}
	}
	return map[gj_terminator(f, 0)->arg[0]];
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

static void build(const plan *p, uint32_t k)
{
	gj_fn *f = p->f;
	gj_ref index[4], cond = 0;
	uint32_t head = gj_block_new(f), all = 0, some = 0;
	gj_ref place = begin(p, head);
	const gj_type *t = gj_o(f, place)->type;
	index[0] = flagged(f, gj_emit(f, head, GJ_MUL, t, 0, 2, (gj_ref[]){ place, constant(f, head, t, k) }));
	for (uint32_t i = 1; i < k; i++)
		index[i] = flagged(f, gj_emit(f, head, GJ_ADD, t, 0, 2, (gj_ref[]){ index[0], constant(f, head, t, i) }));
	if (p->leave)
		cond = condition(p, head, index[k - 1]);
	all = copies_abreast(p, index, k);
	for (uint32_t i = k - 1; p->leave && i-- > 0;)
		some = copy(p, index[i], some);
	bool second = p->leave && f->bb.p[0].succ[0] == p->leave;
	replace_first(f, head, cond, second ? (uint32_t[]){ some, all } : (uint32_t[]){ all, some });
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
	GJ_EACH_OP(f, b, r)
		ops += b || p.varies[r];
	if (k == 4 && ops > MOST_OPS_OF_FOUR)
		k = 2;
	if (k > 1)
		build(&p, k);
	return k;
}
