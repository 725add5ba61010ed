/* Checks that report: the way that holds goes on, the other is cold, tells of the first lane that fails and does not come back.
 * Lanes that are neighbours are compared as a whole: the first and the last of them lie within bounds, or each is looked at. */
#include "emit/ops.h"

gj_v gj_of_lane(gj_gen *g, gj_ref r, gj_v lane)
{
	gj_unit *u = g->u;
	const gj_forms *v = &g->val[r];
	gj_v x = v->s ? v->s : LLVMBuildExtractElement(g->b, v->v, lane, "");
	if (gj_is_float(gj_o(g->f, r)->type))
		return LLVMBuildBitCast(g->b, LLVMBuildFPCast(g->b, x, u->f64, ""), u->i64, "");
	x = LLVMBuildIntCast2(g->b, x, u->i64, gj_is_signed(gj_o(g->f, r)->type), "");
	if (!v->s || !v->stride || !lane)
		return x;
	gj_v step = LLVMConstInt(u->i64, (uint64_t)v->stride, 0);
	return LLVMBuildAdd(g->b, x, LLVMBuildMul(g->b, LLVMBuildZExt(g->b, lane, u->i64, ""), step, ""), "");
}

/* Behind what does not come back. A return, not `unreachable`: what a failing thread wrote is seen later, though LLVM knows nobody who could
 * see it meanwhile (parameters are `noalias`), and would drop what is overwritten where nothing fails. */
gj_v gj_never_back(gj_gen *g)
{
	gj_t t = LLVMGetReturnType(LLVMGlobalGetValueType(g->fn));
	return t == g->u->tvoid ? LLVMBuildRetVoid(g->b) : LLVMBuildRet(g->b, LLVMGetPoison(t));
}

/* In a block of its own: operands of o from `first` on are told of the first lane of `bits`. Nothing comes behind. */
static void fail(gj_gen *g, const gj_op *o, uint32_t first, gj_v bits)
{
	gj_v value[GJ_REPORT_VALUES];
	unsigned n = 0;
	gj_v lane = bits ? gj_call2(g, GJ_IN_CTTZ, bits, LLVMConstInt(g->u->i1, 1, 0)) : NULL;
	for (uint32_t i = first; i < o->nargs && n < GJ_REPORT_VALUES; i++)
		value[n++] = gj_of_lane(g, o->arg[i], lane);
	g->u->image->reports = true;
	g->u->backend->report(g, o->imm.site->number, lane, value, n);
	gj_never_back(g);
}

/* Goes on where `holds`; else it fails, or with vectors where one of the lanes does: `bad`. */
static void branch_unlikely(gj_gen *g, gj_v holds, LLVMBasicBlockRef on, LLVMBasicBlockRef off)
{
	gj_unit *u = g->u;
	gj_v br = LLVMBuildCondBr(g->b, holds, on, off);
	LLVMMetadataRef md[3] = { LLVMMDStringInContext2(u->ctx, "branch_weights", 14), LLVMValueAsMetadata(gj_i32(u, 1 << 20)),
		LLVMValueAsMetadata(gj_i32(u, 1)) };
	LLVMSetMetadata(br, LLVMGetMDKindIDInContext(u->ctx, "prof", 4), LLVMMetadataAsValue(u->ctx, LLVMMDNodeInContext2(u->ctx, md, 3)));
}

static void fail_where(gj_gen *g, const gj_op *o, uint32_t first, gj_v bad, LLVMBasicBlockRef done)
{
	LLVMBasicBlockRef cold = gj_bb_new(g, "fails");
	gj_v bits = NULL;
	if (g->u->vector) {
		bad = gj_is_vec(LLVMTypeOf(bad)) ? bad : gj_splat(g, bad);
		bits = gj_lane_bits(g, gj_select(g, gj_mask_of(g, o), bad, LLVMConstNull(LLVMTypeOf(bad))));
		bad = gj_icmp(g, LLVMIntNE, bits, gj_i32(g->u, 0));
	}
	branch_unlikely(g, LLVMBuildNot(g->b, bad, ""), done, cold);
	gj_at(g, cold);
	fail(g, o, first, bits);
	gj_at(g, done);
}

gj_v gj_do_report(gj_gen *g, const gj_op *o)
{
	LLVMBasicBlockRef done = gj_bb_new(g, "");
	fail_where(g, o, 1, g->u->vector && !gj_uniform(g, o->arg[0]) ? gj_vec(g, o->arg[0]) : gj_sc(g, o->arg[0]), done);
	return NULL;
}

/* All lanes of index i, extent n: one comparison, or two where they are neighbours; NULL: they lie anywhere. */
static gj_v quick(gj_gen *g, gj_ref i, gj_ref n)
{
	const gj_forms *x = &g->val[i];
	if (!gj_uniform(g, n) || !x->s || x->stride > 1 << 20 || x->stride < -(1 << 20))
		return NULL;
	gj_v extent = gj_of_lane(g, n, NULL), holds = gj_icmp(g, LLVMIntULT, gj_of_lane(g, i, NULL), extent);
	if (!x->stride)
		return holds;
	gj_v last = gj_icmp(g, LLVMIntULT, gj_of_lane(g, i, gj_i32(g->u, g->u->lanes - 1)), extent);
	return LLVMBuildAnd(g->b, holds, last, "");
}

static gj_v both(gj_gen *g, gj_v a, gj_v b) { return a && b ? LLVMBuildAnd(g->b, a, b, "") : a ? a : b; }

/* The index of each lane, computed here. */
static gj_v each(gj_gen *g, gj_ref r)
{
	const gj_forms *x = &g->val[r];
	if (!x->s)
		return x->v;
	gj_v v = gj_splat(g, x->s);
	return x->stride ? LLVMBuildAdd(g->b, v, gj_steps(g->u, LLVMTypeOf(x->s), x->stride), "") : v;
}

gj_v gj_do_bounds(gj_gen *g, const gj_op *o)
{
	uint32_t n = o->nargs / 2;
	LLVMBasicBlockRef done = gj_bb_new(g, ""), slow;
	gj_v holds = NULL, bad = NULL;
	bool all = true;
	for (uint32_t d = 0; d < n && all; d++) {
		if (o->sub >> d & 1)
			continue;
		gj_v q = quick(g, o->arg[d], o->arg[n + d]);
		all = q != NULL;
		holds = all ? both(g, holds, q) : NULL;
	}
	if (!g->u->vector) {
		fail_where(g, o, 0, LLVMBuildNot(g->b, holds, ""), done);
		return NULL;
	}
	if (all) {
		slow = gj_bb_new(g, "");
		branch_unlikely(g, holds, done, slow);
		gj_at(g, slow);
	}
	for (uint32_t d = 0; d < n; d++) {
		if (o->sub >> d & 1)
			continue;
		gj_v i = each(g, o->arg[d]), extent = each(g, o->arg[n + d]), out = gj_icmp(g, LLVMIntUGE, i, extent);
		bad = bad ? LLVMBuildOr(g->b, bad, out, "") : out;
	}
	fail_where(g, o, 0, bad, done);
	return NULL;
}

/* Lane after lane. */
gj_v gj_do_print(gj_gen *g, const gj_op *o)
{
	gj_v value[GJ_PRINT_VALUES];
	gj_lanes l = { 0 };
	if (g->u->vector)
		l = gj_lanes_begin(g, gj_mask_of(g, o));
	for (uint32_t i = 0; i < o->nargs; i++)
		value[i] = gj_of_lane(g, o->arg[i], l.lane);
	g->u->image->prints = true;
	g->u->backend->print(g, o->imm.site->number, l.lane, value, o->nargs);
	if (g->u->vector)
		gj_lanes_end(g, &l);
	return NULL;
}
