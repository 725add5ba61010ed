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

/* Where in the order loop l ends, whose blocks follow each other from its header. */
static uint32_t end_of_loop(const gj_fn *f, uint32_t l)
{
	uint32_t k = f->bb.p[f->loops.p[l].header].rpo;
	while (k < f->rpo.n && gj_loop_contains(f, l, f->bb.p[f->rpo.p[k]].loop))
		k++;
	return k;
}

/* Operations in loop l; UINT32_MAX: it holds another loop, or something that forbids copies. */
static uint32_t body_size(const gj_fn *f, uint32_t l)
{
	uint32_t n = 0, end = end_of_loop(f, l);
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < end; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
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
	uint32_t phis = 0, end = end_of_loop(f, l);
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < end; k++) {
		uint32_t b = f->rpo.p[k];
		if (f->bb.p[b].loop != l)
			return false;
		GJ_EACH_OP_OF(f, b, r) {
			const gj_op *o = gj_o(f, r);
			if ((o->op == GJ_BRANCH && b != f->loops.p[l].header) || o->op == GJ_FCALL || o->op == GJ_EXTERN
			    || o->op == GJ_FLOORDIV || o->op == GJ_MOD)
				return false;
			phis += o->op == GJ_PHI;
			stores |= o->op == GJ_STORE;
			if (phis > 1 || ((o->op == GJ_LOAD || o->op == GJ_STORE) && moves(f, l, o->arg[0], 0) == OTHERWISE))
				return false;
		}
	}
	return stores;
}

/* -- Rounds that wait for the one before ----------------------------------------------------------------------------- */

/* A chain of CHAIN cycles from round to round: a processor meanwhile does what is in the rest of a round, if that is ABREAST ops a
 * cycle at most, and what counts the rounds too. Copies of the round then save nothing, and would be half of the time that LLVM takes. */
enum { CHAIN = 3, ABREAST = 4, MOST_CHAINS = 8 };

/* Cycles, or less, from an operand to the result; 0: so few that they do not count, or LLVM may take it out of the chain. */
static uint32_t latency(const gj_fn *f, const gj_op *o, bool all_on_chain)
{
	static const uint8_t slow[GJ_NOPS] = {
		[GJ_MUL] = 3, [GJ_FMA] = 3, [GJ_DIV] = 10, [GJ_FLOORDIV] = 10, [GJ_MOD] = 10, [GJ_POW] = 6, [GJ_MATH] = 6, [GJ_LIBCALL] = 6,
		[GJ_LOAD] = 4, [GJ_SHL] = 1, [GJ_SHR] = 1, [GJ_SELECT] = 1
	};
	bool real = o->type && gj_is_float(o->type);
	switch (o->op) {
	case GJ_ADD: case GJ_SUB:           return real ? 3 : all_on_chain;
	case GJ_AND: case GJ_OR: case GJ_XOR: return all_on_chain;
	case GJ_CVT:                        return real != gj_is_float(gj_o(f, o->arg[0])->type) ? 3 : 0;
	default:                            return slow[o->op];
	}
}

/* Is it work of a round? Addresses and conversions come with what uses them. */
static bool is_work(const gj_op *o)
{
	return o->op != GJ_CONST && o->op != GJ_PARAM && o->op != GJ_PHI && o->op != GJ_ELEM && o->op != GJ_BYTES && o->op != GJ_CVT
		&& o->op != GJ_JUMP;
}

/* Cycles from the header's phi `of` to its value in the next round; since[]: by op of the loop, 1 + those since the phi, 0: it is not
 * made of it. */
static uint32_t chain(const gj_fn *f, uint32_t l, gj_ref of, uint32_t end, uint32_t *since)
{
	uint32_t header = f->loops.p[l].header, most = 0;
	for (uint32_t k = f->bb.p[header].rpo; k < end; k++)
		GJ_EACH_OP_OF(f, f->rpo.p[k], r) {
			const gj_op *o = gj_o(f, r);
			bool first = o->op == GJ_PHI && o->block == header;
			uint32_t made = 0, last = 0;
			for (uint32_t a = 0; a < o->nargs && !first; a++)
				if (f->bb.p[gj_o(f, o->arg[a])->block].loop == l && since[o->arg[a]]) {
					made++;
					last = since[o->arg[a]] > last ? since[o->arg[a]] : last;
				}
			since[r] = r == of ? 1 : made ? last + latency(f, o, made == o->nargs) : 0;
		}
	const gj_op *phi = gj_o(f, of);
	for (uint32_t a = 0; a < phi->nargs; a++)
		if (f->bb.p[gj_o(f, phi->arg[a])->block].loop == l && since[phi->arg[a]] > most)
			most = since[phi->arg[a]];
	return most ? most - 1 : 0;
}

static bool waits(gj_gen *g, uint32_t l)
{
	const gj_fn *f = g->f;
	uint32_t end = end_of_loop(f, l), work = 0, chains = 0, longest = 0;
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < end; k++)
		GJ_EACH_OP_OF(f, f->rpo.p[k], r)
			work += is_work(gj_o(f, r));
	if (!g->since)
		g->since = gj_new(g->u->arena, uint32_t, f->op.n);
	GJ_EACH_PHI(f, f->loops.p[l].header, r) {
		uint32_t cycles = chains++ < MOST_CHAINS ? chain(f, l, r, end, g->since) : 0;
		longest = cycles > longest ? cycles : longest;
	}
	return longest >= CHAIN && work <= ABREAST * longest;
}

enum { FEW = 64 };

/* Does loop l hold a loop that stays one, since it goes round more often than FEW times or nobody knows how often? */
static bool holds_loop(const gj_fn *f, uint32_t l, bool *any)
{
	uint32_t end = end_of_loop(f, l);
	*any = false;
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < end; k++) {
		uint32_t inner = f->bb.p[f->rpo.p[k]].loop;
		int64_t rounds = inner != l && f->loops.p[inner].header == f->rpo.p[k] ? gj_most_rounds(f, inner) : 0;
		*any |= inner != l;
		if (rounds < 0 || rounds > FEW)
			return true;
	}
	return false;
}

/* Is loop l run once in a call? Where it is run again and again a processor is in the next run before the last one is over, if
 * these do not wait for each other, and the further the fewer instructions a round has. */
static bool runs_once(const gj_gen *g, uint32_t l) { return !g->f->loops.p[l].parent && g->u->root->entry->runner == GJ_RUN_CALL; }

/* Would copies of a round be for nothing, where LLVM does not know how many there are? */
static bool copies_for_nothing(gj_gen *g, uint32_t l)
{
	bool holds;
	return holds_loop(g->f, l, &holds) || (!holds && ((gj_entry_is_host(g->u->root->entry) && is_for_vectors(g->f, l)) || (runs_once(g, l) && waits(g, l))));
}

/* -- Hints ------------------------------------------------------------------------------------------------------------- */

/* The innermost loop at whose header the block's end leads back; 0: none. */
static uint32_t leads_back(const gj_fn *f, uint32_t block)
{
	const gj_bb *bb = &f->bb.p[block];
	for (uint32_t l = bb->loop; l; l = f->loops.p[l].parent)
		for (uint32_t i = 0; i < bb->nsucc; i++)
			if (bb->succ[i] == f->loops.p[l].header)
				return l;
	return 0;
}

/* On every branch back to the header: LLVM keeps the hint when it joins them. */
void gj_unroll_hint(gj_gen *g, uint32_t block, gj_v branch)
{
	const gj_fn *f = g->f;
	uint32_t l = leads_back(f, block);
	if (!g->u->opt->opt || !l)
		return;
	if (!g->u->backend->unroll_hints) {
		if (!g->u->vector && copies_for_nothing(g, l))
			set_hint(g, branch, "llvm.loop.unroll.runtime.disable", 0);
		return;
	}
	if (l != f->bb.p[block].loop)
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
