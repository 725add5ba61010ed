/* Hints for loops. Where LLVM does not unroll loops of unknown length by itself (NVPTX), which costs 20 to 60 % in small
 * bodies, innermost loops of the kernel carry a count. Where warps are vectors, a loop over the whole grid asks ahead for
 * memory: each round of a warp is far from the last, which no processor's own prefetching follows. */
#include "emit/values.h"

#include <string.h>

enum { SMALL_BODY = 64, MIDDLE_BODY = 128, ROUNDS_AHEAD = 8, LINE = 64 };

/* What may not be copied, or is a call. */
static bool forbids(const gj_op *o)
{
	return o->op == GJ_FCALL || o->op == GJ_WATCH || gj_op_is(o, GJ_F_WARP | GJ_F_BLOCK | GJ_F_SLEEP | GJ_F_LANES);
}

/* Operations in loop l, whose blocks follow each other from its header; UINT32_MAX: it holds another loop, or something
 * that forbids copies. */
static uint32_t body_size(const gj_fn *f, uint32_t l)
{
	uint32_t n = 0;
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		if (!gj_loop_contains(f, l, bb->loop))
			break;
		if (bb->loop != l)
			return UINT32_MAX;
		GJ_EACH_OP_OF(f, f->rpo.p[k], r)
			if (forbids(gj_o(f, r)))
				return UINT32_MAX;
		n += bb->ops.n;
	}
	return n;
}

static bool is_const(const gj_fn *f, gj_ref r) { return gj_o(f, r)->op == GJ_CONST; }

/* Does `next`, the value of counter r in the next round, differ from it by a constant? */
static bool const_step(const gj_fn *f, gj_ref r, gj_ref next)
{
	const gj_op *o = gj_o(f, next);
	return (o->op == GJ_ADD || o->op == GJ_SUB) && o->arg[0] == r && is_const(f, o->arg[1]);
}

/* Is r a phi of the loop's header that goes in constant steps from a constant (or such a phi and a constant)? */
static bool counts_from_const(const gj_fn *f, gj_ref r, uint32_t header, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_PHI && o->block == header)
		return o->nargs == 2 && ((is_const(f, o->arg[0]) && const_step(f, r, o->arg[1])) ||
		                         (is_const(f, o->arg[1]) && const_step(f, r, o->arg[0])));
	bool step = o->op == GJ_ADD || o->op == GJ_SUB;
	return step && depth < 2 && is_const(f, o->arg[1]) && counts_from_const(f, o->arg[0], header, depth + 1);
}

/* Does a test of the header compare a counter from a constant with a constant? Such loops LLVM unrolls as it likes. */
static bool constant_count(const gj_fn *f, const gj_loop *l)
{
	const gj_op *t = gj_terminator(f, l->header);
	if (t->op != GJ_BRANCH)
		return false;
	const gj_op *c = gj_o(f, t->arg[0]);
	if (c->op != GJ_CMP)
		return false;
	return (is_const(f, c->arg[1]) && counts_from_const(f, c->arg[0], l->header, 0)) ||
	       (is_const(f, c->arg[0]) && counts_from_const(f, c->arg[1], l->header, 0));
}

/* count 0: the hint has none. */
static void set_hint(gj_gen *g, gj_v branch, const char *hint, uint32_t count)
{
	LLVMContextRef c = g->u->ctx;
	LLVMMetadataRef self = LLVMTemporaryMDNode(c, NULL, 0);
	LLVMMetadataRef kv[2] = { LLVMMDStringInContext2(c, hint, strlen(hint)), LLVMValueAsMetadata(gj_i32(g->u, count)) };
	LLVMMetadataRef part[2] = { self, LLVMMDNodeInContext2(c, kv, count ? 2 : 1) };
	LLVMMetadataRef loop = LLVMMDNodeInContext2(c, part, 2);
	LLVMMetadataReplaceAllUsesWith(self, loop);
	LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(c, "llvm.loop", 9), LLVMMetadataAsValue(c, loop));
}

void gj_unroll_fully(gj_gen *g, gj_v branch) { set_hint(g, branch, "llvm.loop.unroll.full", 0); }

static void set_count(gj_gen *g, gj_v branch, uint32_t count) { set_hint(g, branch, "llvm.loop.unroll.count", count); }

enum { STILL, BY_ONE, OTHERWISE, DEEP = 16 };

/* How value r moves from round to round of loop l, which has one phi. */
static int moves(const gj_fn *f, uint32_t l, gj_ref r, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (f->bb.p[o->block].loop != l)
		return STILL;
	if (o->op == GJ_PHI)
		return BY_ONE;
	int sum = STILL;
	for (uint32_t k = 0; k < o->nargs && depth < DEEP; k++) {
		int m = moves(f, l, o->arg[k], depth + 1);
		bool passed = o->op == GJ_CVT || o->op == GJ_ADD || (o->op == GJ_SUB && k == 0) || (o->op == GJ_ELEM && k == 1);
		sum += m == BY_ONE && !passed ? OTHERWISE : m;
	}
	return depth < DEEP && sum < OTHERWISE ? sum : OTHERWISE;
}

/* Rounds in a straight line that leave the next one nothing but its number, and store; all memory lies in their order. LLVM makes vectors
 * of them, and what is left over for single rounds is little. It would unroll these, where it had to ask whether arrays meet. */
static bool is_for_vectors(const gj_fn *f, uint32_t l)
{
	bool stores = false;
	uint32_t phis = 0;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (!gj_loop_contains(f, l, f->bb.p[b].loop))
			continue;
		if (f->bb.p[b].loop != l || (o->op == GJ_BRANCH && b != f->loops.p[l].header) || o->op == GJ_FCALL || o->op == GJ_EXTERN
		    || o->op == GJ_FLOORDIV || o->op == GJ_MOD)
			return false;
		phis += o->op == GJ_PHI;
		stores |= o->op == GJ_STORE;
		if (phis > 1 || ((o->op == GJ_LOAD || o->op == GJ_STORE) && moves(f, l, o->arg[0], 0) == OTHERWISE))
			return false;
	}
	return stores;
}

/* On every branch back to the header: LLVM keeps the hint when it joins them. */
void gj_unroll_hint(gj_gen *g, uint32_t block, gj_v branch)
{
	const gj_fn *f = g->f;
	uint32_t l = f->bb.p[block].loop;
	const gj_bb *bb = &f->bb.p[block];
	bool back = false;
	for (uint32_t i = 0; l && i < bb->nsucc; i++)
		back |= bb->succ[i] == f->loops.p[l].header;
	if (!g->u->opt->opt || !back)
		return;
	if (!g->u->vector && gj_entry_is_host(g->u->root->entry) && is_for_vectors(f, l))
		set_hint(g, branch, "llvm.loop.unroll.runtime.disable", 0);
	if (!g->u->backend->unroll_hints)
		return;
	uint32_t n = body_size(f, l);
	const gj_op *t = gj_terminator(f, block);
	if ((t->op == GJ_BRANCH || t->op == GJ_JUMP) && t->sub == GJ_ROLLED)
		set_count(g, branch, 1);
	else if (n <= MIDDLE_BODY && !constant_count(f, &f->loops.p[l]))
		set_count(g, branch, n <= SMALL_BODY ? 4 : 2);
}

/* -- Loops over the whole grid ------------------------------------------------------------------------------------- */

/* `for counter in range(grid(1), bound, step)`, where step is gridsize(1). */
typedef struct grid_loop { uint32_t loop; gj_ref counter, bound, step; } grid_loop;

static bool is_grid_loop(const gj_fn *f, uint32_t l, grid_loop *out)
{
	const gj_bb *bb = &f->bb.p[f->loops.p[l].header];
	for (uint32_t i = 0; i < bb->ops.n; i++) {
		const gj_op *c = gj_o(f, bb->ops.p[i]);
		const gj_op *phi = c->op == GJ_CMP && c->sub == GJ_CMP_LT ? gj_o(f, c->arg[0]) : NULL;
		if (!phi || phi->op != GJ_PHI || phi->block != f->loops.p[l].header)
			continue;
		for (uint32_t k = 0; k < phi->nargs; k++) {
			const gj_op *next = gj_o(f, phi->arg[k]);
			if (next->op == GJ_ADD && next->arg[0] == c->arg[0] && gj_grid_product(f, gj_o(f, next->arg[1])) >= GJ_NCTAID_X) {
				*out = (grid_loop){ l, c->arg[0], c->arg[1], next->arg[1] };
				return true;
			}
		}
	}
	return false;
}

bool gj_goes_through_array(const gj_fn *f, uint32_t loop)
{
	grid_loop l;
	if (!is_grid_loop(f, loop, &l))
		return false;
	const gj_op *o = gj_o(f, l.bound);
	while (o->op == GJ_CVT)
		o = gj_o(f, o->arg[0]);
	return o->op == GJ_PARAM && f->entry->args == GJ_ARGS_LEAVES && f->param.p[o->imm.i].field == GJ_FIELD_SHAPE;
}

/* Is the pointer array + counter? */
static bool counted_by(const gj_fn *f, gj_ref pointer, gj_ref counter)
{
	const gj_op *p = gj_o(f, pointer);
	if (p->op != GJ_ELEM)
		return false;
	gj_ref i = p->arg[1];
	while (gj_o(f, i)->op == GJ_CVT)
		i = gj_o(f, i)->arg[0];
	return i == counter;
}

/* Asks for what op o, a load or store of the loop, touches `ahead` items on. */
static void prefetch(gj_gen *g, const gj_op *o, gj_v ahead)
{
	const gj_forms *p = &g->val[o->arg[0]];
	int64_t size = gj_arg_type(g, o, 0)->elem->size;
	if (!p->s || p->stride != size || size * (int64_t)g->u->lanes < LINE)
		return;
	gj_v first = LLVMBuildGEP2(g->b, gj_mem_ty(g->u, gj_arg_type(g, o, 0)->elem), p->s, &ahead, 1, "");
	for (int64_t at = 0; at < size * (int64_t)g->u->lanes; at += LINE) {
		gj_v arg[4] = { gj_offset(g, first, at), gj_i32(g->u, o->op == GJ_STORE), gj_i32(g->u, 3), gj_i32(g->u, 1) };
		gj_call(g, GJ_IN_PREFETCH, &g->u->ptr, 1, arg, 4);
	}
}

void gj_prefetch_hint(gj_gen *g, uint32_t block)
{
	const gj_fn *f = g->f;
	const gj_bb *bb = &f->bb.p[block];
	grid_loop l = { 0 };
	for (uint32_t i = 0; bb->loop && i < bb->nsucc; i++)
		if (bb->succ[i] == f->loops.p[bb->loop].header && !is_grid_loop(f, bb->loop, &l))
			return;
	if (!g->u->vector || !g->u->opt->opt || !l.loop || f->round_index || !g->val[l.counter].s || !gj_uniform(g, l.bound) ||
	    !gj_uniform(g, l.step))
		return;
	gj_v step = gj_sc(g, l.step), rounds = LLVMConstInt(LLVMTypeOf(step), ROUNDS_AHEAD, 0);
	gj_v ahead = LLVMBuildMul(g->b, step, rounds, ""), at = LLVMBuildAdd(g->b, g->val[l.counter].s, ahead, "");
	gj_if on = gj_if_begin(g, gj_icmp(g, LLVMIntSLT, at, gj_sc(g, l.bound)));
	for (gj_ref r = 1; r < f->op.n; r++) {
		const gj_op *o = gj_o(f, r);
		if ((o->op == GJ_LOAD || o->op == GJ_STORE) && f->bb.p[o->block].loop == l.loop &&
		    gj_dominates(f, o->block, block) && counted_by(f, o->arg[0], l.counter))
			prefetch(g, o, ahead);
	}
	gj_if_end(g, &on);
}
