/* Hints for loops. LLVM's NVPTX target does not unroll loops of unknown length by itself, which costs 20 to 60 % in
 * small bodies: innermost loops of the kernel carry a count. */
#include "emit/gen.h"

enum { SMALL_BODY = 64, MIDDLE_BODY = 128 };

/* What may not be copied, or is a call. */
static const bool forbids[GJ_NOPS] = {
	[GJ_BARRIER] = true, [GJ_SYNCWARP] = true, [GJ_FCALL] = true, [GJ_SHFL] = true, [GJ_VOTE] = true, [GJ_MATCH] = true,
	[GJ_ACTIVEMASK] = true, [GJ_NANOSLEEP] = true,
};

/* Is loop `in` inside of loop l, or l itself? */
static bool inside(const gj_fn *f, uint32_t in, uint32_t l)
{
	while (in && in != l)
		in = f->loops.p[in].parent;
	return in == l;
}

/* Operations in loop l, whose blocks follow each other from its header; UINT32_MAX: it holds another loop, or something
 * that forbids copies. */
static uint32_t body_size(const gj_fn *f, uint32_t l)
{
	uint32_t n = 0;
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		if (!inside(f, bb->loop, l))
			break;
		if (bb->loop != l)
			return UINT32_MAX;
		for (uint32_t i = 0; i < bb->ops.n; i++)
			if (forbids[gj_o(f, bb->ops.p[i])->op])
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
	const gj_bb *bb = &f->bb.p[l->header];
	const gj_op *t = gj_o(f, bb->ops.p[bb->ops.n - 1]);
	if (t->op != GJ_BRANCH)
		return false;
	const gj_op *c = gj_o(f, t->arg[0]);
	if (c->op != GJ_CMP)
		return false;
	return (is_const(f, c->arg[1]) && counts_from_const(f, c->arg[0], l->header, 0)) ||
	       (is_const(f, c->arg[0]) && counts_from_const(f, c->arg[1], l->header, 0));
}

static void set_count(gj_gen *g, gj_v branch, uint32_t count)
{
	LLVMContextRef c = g->u->ctx;
	LLVMMetadataRef self = LLVMTemporaryMDNode(c, NULL, 0);
	LLVMMetadataRef kv[2] = {
		LLVMMDStringInContext2(c, "llvm.loop.unroll.count", 22), LLVMValueAsMetadata(gj_i32(g->u, count))
	};
	LLVMMetadataRef part[2] = { self, LLVMMDNodeInContext2(c, kv, 2) };
	LLVMMetadataRef loop = LLVMMDNodeInContext2(c, part, 2);
	LLVMMetadataReplaceAllUsesWith(self, loop);
	LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(c, "llvm.loop", 9), LLVMMetadataAsValue(c, loop));
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
	if (!g->u->gpu || !g->u->opt->opt || !back)
		return;
	uint32_t n = body_size(f, l);
	if (n <= MIDDLE_BODY && !constant_count(f, &f->loops.p[l]))
		set_count(g, branch, n <= SMALL_BODY ? 4 : 2);
}
