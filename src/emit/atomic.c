/* Atomic operations. Relaxed order, device scope, as CUDA's. At width 32 the active lanes go one after the other,
 * except where lanes can be combined first. Where a block is one thread of the machine, nothing in its memory needs a
 * locked instruction. */
#include "emit/ops.h"

#include <string.h>

#define MONOTONIC LLVMAtomicOrderingMonotonic

/* LLVM 19 has no way to say a scope and prints none, which PTX reads as device scope. */
#if LLVM_VERSION_MAJOR >= 20
static unsigned scope_id(const gj_unit *u)
{
	return LLVMGetSyncScopeID(u->ctx, u->backend->scope, strlen(u->backend->scope));
}
#endif

gj_v gj_atomic_rmw(gj_gen *g, LLVMAtomicRMWBinOp op, gj_v p, gj_v x)
{
#if LLVM_VERSION_MAJOR >= 20
	if (g->u->backend->scope)
		return LLVMBuildAtomicRMWSyncScope(g->b, op, p, x, MONOTONIC, scope_id(g->u));
#endif
	return LLVMBuildAtomicRMW(g->b, op, p, x, MONOTONIC, 0);
}

gj_v gj_atomic_cmpxchg(gj_gen *g, gj_v p, gj_v expected, gj_v x)
{
#if LLVM_VERSION_MAJOR >= 20
	if (g->u->backend->scope)
		return LLVMBuildAtomicCmpXchgSyncScope(g->b, p, expected, x, MONOTONIC, MONOTONIC, scope_id(g->u));
#endif
	return LLVMBuildAtomicCmpXchg(g->b, p, expected, x, MONOTONIC, MONOTONIC, 0);
}

/* -- One scalar operation ------------------------------------------------------------------------------------------ */

/* LLVM's operation for integers and for floats; -1: there is none. */
static const struct { int sint, uint, real; } native[GJ_NATOMICS] = {
	[GJ_AT_ADD]    = { LLVMAtomicRMWBinOpAdd,  LLVMAtomicRMWBinOpAdd,  LLVMAtomicRMWBinOpFAdd },
	[GJ_AT_SUB]    = { LLVMAtomicRMWBinOpSub,  LLVMAtomicRMWBinOpSub,  -1 },
	[GJ_AT_MAX]    = { LLVMAtomicRMWBinOpMax,  LLVMAtomicRMWBinOpUMax, -1 },
	[GJ_AT_MIN]    = { LLVMAtomicRMWBinOpMin,  LLVMAtomicRMWBinOpUMin, -1 },
	[GJ_AT_NANMAX] = { LLVMAtomicRMWBinOpMax,  LLVMAtomicRMWBinOpUMax, -1 },
	[GJ_AT_NANMIN] = { LLVMAtomicRMWBinOpMin,  LLVMAtomicRMWBinOpUMin, -1 },
	[GJ_AT_AND]    = { LLVMAtomicRMWBinOpAnd,  LLVMAtomicRMWBinOpAnd,  -1 },
	[GJ_AT_OR]     = { LLVMAtomicRMWBinOpOr,   LLVMAtomicRMWBinOpOr,   -1 },
	[GJ_AT_XOR]    = { LLVMAtomicRMWBinOpXor,  LLVMAtomicRMWBinOpXor,  -1 },
	[GJ_AT_EXCH]   = { LLVMAtomicRMWBinOpXchg, LLVMAtomicRMWBinOpXchg, LLVMAtomicRMWBinOpXchg },
	[GJ_AT_INC]    = { -1, LLVMAtomicRMWBinOpUIncWrap, -1 },
	[GJ_AT_DEC]    = { -1, LLVMAtomicRMWBinOpUDecWrap, -1 },
	[GJ_AT_CAS]    = { -1, -1, -1 },
};

static gj_v as_bits(gj_gen *g, gj_v x)
{
	return LLVMBuildBitCast(g->b, x, gj_bits_ty(g->u, LLVMTypeOf(x)), "");
}

/* Should x replace old? Ordered comparisons leave a NaN in memory alone (max, min); nanmax and nanmin let any number
 * replace it. A NaN operand never replaces anything, +0 is above −0. */
static gj_v wins(gj_gen *g, const gj_op *o, gj_v x, gj_v old)
{
	bool most = o->sub == GJ_AT_MAX || o->sub == GJ_AT_NANMAX, nan = o->sub == GJ_AT_NANMAX || o->sub == GJ_AT_NANMIN;
	if (!gj_is_float(o->type)) {
		bool sign = gj_is_signed(o->type);
		return gj_icmp(g, most ? sign ? LLVMIntSGT : LLVMIntUGT : sign ? LLVMIntSLT : LLVMIntULT, x, old);
	}
	gj_v better = gj_fcmp(g, most ? LLVMRealOGT : LLVMRealOLT, x, old);
	gj_v zero = gj_icmp(g, most ? LLVMIntSGT : LLVMIntSLT, as_bits(g, x), as_bits(g, old));
	better = LLVMBuildOr(g->b, better, LLVMBuildAnd(g->b, gj_fcmp(g, LLVMRealOEQ, x, old), zero, ""), "");
	if (!nan)
		return better;
	gj_v hole = LLVMBuildAnd(g->b, gj_fcmp(g, LLVMRealUNO, old, old), gj_fcmp(g, LLVMRealORD, x, x), "");
	return LLVMBuildOr(g->b, better, hole, "");
}

/* What memory holds after the operation. */
static gj_v combined(gj_gen *g, const gj_op *o, gj_v old, gj_v b, gj_v c)
{
	bool real = gj_is_float(o->type);
	gj_t t = LLVMTypeOf(old);
	gj_v zero = LLVMConstNull(t), most = b, one;
	if (gj_is_half(o->type))
		return gj_add_halves(g, old, b, o->type);
	switch (o->sub) {
	case GJ_AT_ADD:  return real ? LLVMBuildFAdd(g->b, old, b, "") : LLVMBuildAdd(g->b, old, b, "");
	case GJ_AT_SUB:  return real ? LLVMBuildFSub(g->b, old, b, "") : LLVMBuildSub(g->b, old, b, "");
	case GJ_AT_AND:  return LLVMBuildAnd(g->b, old, b, "");
	case GJ_AT_OR:   return LLVMBuildOr(g->b, old, b, "");
	case GJ_AT_XOR:  return LLVMBuildXor(g->b, old, b, "");
	case GJ_AT_EXCH: return b;
	case GJ_AT_CAS:
		one = real ? gj_fcmp(g, LLVMRealOEQ, old, b) : gj_icmp(g, LLVMIntEQ, old, b);
		return gj_select(g, one, c, old);
	case GJ_AT_INC:
		one = LLVMBuildAdd(g->b, old, gj_kint(t, 1), "");
		return gj_select(g, gj_icmp(g, LLVMIntUGE, old, b), zero, one);
	case GJ_AT_DEC:
		one = LLVMBuildSub(g->b, old, gj_kint(t, 1), "");
		b = gj_select(g, gj_icmp(g, LLVMIntUGT, old, b), b, one);
		return gj_select(g, gj_icmp(g, LLVMIntEQ, old, zero), most, b);
	default:         return gj_select(g, wins(g, o, b, old), b, old);
	}
}

/* A loop of compare-and-swap that, but for sums, ends early when nothing would change. */
static gj_v swap_loop(gj_gen *g, const gj_op *o, gj_v p, gj_v x)
{
	gj_t t = LLVMTypeOf(x);
	LLVMBasicBlockRef from = gj_here(g), head = gj_bb_new(g, "atomic"), try = gj_bb_new(g, "atomic.try"),
		done = gj_bb_new(g, "atomic.done");
	gj_v first = gj_load(g, t, p, o->type->size);
	LLVMBuildBr(g->b, head);
	gj_at(g, head);
	gj_v old = LLVMBuildPhi(g->b, t, "");
	bool sum = o->sub == GJ_AT_ADD;
	LLVMBuildCondBr(g->b, sum ? LLVMConstInt(g->u->i1, 1, 0) : wins(g, o, x, old), try, done);
	gj_at(g, try);
	gj_v pair = gj_atomic_cmpxchg(g, p, as_bits(g, old), as_bits(g, sum ? combined(g, o, old, x, NULL) : x));
	gj_v seen = LLVMBuildBitCast(g->b, LLVMBuildExtractValue(g->b, pair, 0, ""), t, "");
	LLVMBuildCondBr(g->b, LLVMBuildExtractValue(g->b, pair, 1, ""), done, head);
	LLVMAddIncoming(old, (gj_v[]){ first, seen }, (LLVMBasicBlockRef[]){ from, try }, 2);
	gj_at(g, done);
	return old;
}

static gj_v alone(gj_gen *g, const gj_op *o, gj_v p, gj_v b, gj_v c)
{
	gj_v old = gj_load(g, LLVMTypeOf(b), p, o->type->size);
	gj_store(g, combined(g, o, old, b, c), p, o->type->size);
	return old;
}

static gj_v among_others(gj_gen *g, const gj_op *o, gj_v p, gj_v b, gj_v c)
{
	bool real = gj_is_float(o->type);
	gj_t t = LLVMTypeOf(b);
	if (o->sub == GJ_AT_CAS) {
		gj_v pair = gj_atomic_cmpxchg(g, p, as_bits(g, b), as_bits(g, c));
		return LLVMBuildBitCast(g->b, LLVMBuildExtractValue(g->b, pair, 0, ""), t, "");
	}
	if (gj_is_half(o->type)) {
		gj_v own = g->u->backend->atomic ? g->u->backend->atomic(g, o, p, b) : NULL;
		return own ? own : swap_loop(g, o, p, b);
	}
	if (real && o->sub == GJ_AT_SUB)
		return gj_atomic_rmw(g, LLVMAtomicRMWBinOpFAdd, p, LLVMBuildFNeg(g->b, b, ""));
	gj_v own = g->u->backend->atomic ? g->u->backend->atomic(g, o, p, b) : NULL;
	if (own)
		return own;
	int op = real ? native[o->sub].real : gj_is_signed(o->type) ? native[o->sub].sint : native[o->sub].uint;
	return op >= 0 ? gj_atomic_rmw(g, (LLVMAtomicRMWBinOp)op, p, b) : swap_loop(g, o, p, b);
}

/* To an array that the launch may have given this thread a copy of: nobody wants the old value. */
static gj_v to_sum(gj_gen *g, const gj_op *o, gj_v p, gj_v b)
{
	gj_v own = g->u->backend->own_copy(g);
	LLVMBasicBlockRef yes = gj_bb_new(g, "own"), no = gj_bb_new(g, "shared"), done = gj_bb_new(g, "added");
	LLVMBuildCondBr(g->b, own, yes, no);
	gj_at(g, yes);
	alone(g, o, p, b, NULL);
	LLVMBuildBr(g->b, done);
	gj_at(g, no);
	among_others(g, o, p, b, NULL);
	LLVMBuildBr(g->b, done);
	gj_at(g, done);
	return LLVMGetUndef(LLVMTypeOf(b));
}

gj_v gj_atomic_one(gj_gen *g, const gj_op *o, gj_v p, gj_v b, gj_v c, bool local)
{
	return local ? alone(g, o, p, b, c) : o->imm.i ? to_sum(g, o, p, b) : among_others(g, o, p, b, c);
}

/* -- Width 32 ------------------------------------------------------------------------------------------------------ */

/* Reductions of integer operands over the lanes, and what a lane that is off adds. */
typedef struct reduction { int in; uint64_t none; } reduction;

static reduction reduction_of(const gj_op *o)
{
	bool sign = gj_is_signed(o->type);
	uint64_t top = 1ull << (o->type->size * 8 - 1);
	switch (o->sub) {
	case GJ_AT_ADD: case GJ_AT_SUB:    return (reduction){ GJ_IN_RED_ADD, 0 };
	case GJ_AT_OR:                     return (reduction){ GJ_IN_RED_OR, 0 };
	case GJ_AT_XOR:                    return (reduction){ GJ_IN_RED_XOR, 0 };
	case GJ_AT_AND:                    return (reduction){ GJ_IN_RED_AND, ~0ull };
	case GJ_AT_MAX: case GJ_AT_NANMAX: return (reduction){ sign ? GJ_IN_RED_SMAX : GJ_IN_RED_UMAX, sign ? top : 0 };
	case GJ_AT_MIN: case GJ_AT_NANMIN:
		return (reduction){ sign ? GJ_IN_RED_SMIN : GJ_IN_RED_UMIN, sign ? top - 1 : ~0ull };
	default:                           return (reduction){ -1, 0 };
	}
}

/* One operand for all active lanes; NULL where the operation cannot be combined. */
static gj_v combine_lanes(gj_gen *g, const gj_op *o, gj_v mask)
{
	bool sum = o->sub == GJ_AT_ADD || o->sub == GJ_AT_SUB;
	if (sum && gj_uniform(g, o->arg[1]) && o->mask && gj_one_lane(g, o->mask))
		return gj_sc(g, o->arg[1]);
	if (gj_is_float(o->type)) {
		if (!sum || gj_is_half(o->type))
			return NULL;
		gj_v x = gj_vec(g, o->arg[1]);
		gj_t t = LLVMTypeOf(x);
		x = gj_select(g, mask, x, gj_kfp(t, -0.0));
		gj_v r = gj_call(g, GJ_IN_RED_FADD, &t, 1, (gj_v[]){ gj_kfp(gj_elem_ty(t), -0.0), x }, 2);
		LLVMSetFastMathFlags(r, LLVMFastMathAllowReassoc);
		return r;
	}
	reduction r = reduction_of(o);
	if (r.in < 0)
		return NULL;
	if (sum && gj_uniform(g, o->arg[1])) {
		gj_v n = gj_call1(g, GJ_IN_CTPOP, gj_lane_bits(g, mask)), b = gj_sc(g, o->arg[1]);
		return LLVMBuildMul(g->b, LLVMBuildIntCast2(g->b, n, LLVMTypeOf(b), 0, ""), b, "");
	}
	gj_v x = gj_vec(g, o->arg[1]);
	x = gj_select(g, mask, x, gj_kint(LLVMTypeOf(x), r.none));
	return gj_call1(g, (gj_llvm_intrin)r.in, x);
}

/* Lanes before each lane that are in the mask. */
static gj_v rank_of(gj_gen *g, gj_v mask, gj_t t)
{
	gj_v lower[GJ_LANES];
	for (unsigned i = 0; i < g->u->lanes; i++)
		lower[i] = gj_i32(g->u, (1u << i) - 1);
	gj_v bits = LLVMBuildAnd(g->b, gj_splat(g, gj_lane_bits(g, mask)), LLVMConstVector(lower, g->u->lanes), "");
	return LLVMBuildIntCast2(g->b, gj_call1(g, GJ_IN_CTPOP, bits), t, 0, "");
}

static bool is_local(const gj_gen *g, const gj_op *o)
{
	uint8_t space = gj_arg_type(g, o, 0)->space;
	return g->u->backend->block_alone && (space == GJ_SHARED || space == GJ_LOCAL);
}

/* All lanes at one address in one operation: where nobody wants the old value, or every lane adds the same. */
static bool at_once(gj_gen *g, const gj_op *o, gj_v mask, gj_v *result)
{
	bool used = g->uses[g->ref] > 0, same = o->sub == GJ_AT_ADD && gj_uniform(g, o->arg[1]) && !gj_is_float(o->type);
	gj_v x = !used || same ? combine_lanes(g, o, mask) : NULL;
	if (!x)
		return false;
	gj_if on = gj_if_begin(g, gj_any_lane(g, o->mask));
	gj_v old = gj_atomic_one(g, o, gj_sc(g, o->arg[0]), x, NULL, is_local(g, o));
	gj_if_end(g, &on);
	*result = NULL;
	if (!used)
		return true;
	old = gj_if_phi(g, &on, old, LLVMConstNull(LLVMTypeOf(old)));
	gj_t t = gj_vec_ty(g->u, LLVMTypeOf(old));
	gj_v before = LLVMBuildMul(g->b, rank_of(g, mask, t), gj_splat(g, gj_sc(g, o->arg[1])), "");
	*result = LLVMBuildAdd(g->b, gj_splat(g, old), before, "");
	return true;
}

/* Operand i of the lane that a loop over lanes is at. */
static gj_v lane_of(gj_gen *g, const gj_op *o, unsigned i, gj_v slot, gj_v lane)
{
	if (i >= o->nargs)
		return NULL;
	return slot ? gj_lane_get(g, slot, gj_ty(g->u, gj_arg_type(g, o, i)), lane) : gj_sc(g, o->arg[i]);
}

static gj_v lane_by_lane(gj_gen *g, const gj_op *o, gj_v mask)
{
	gj_v slot[3] = { NULL }, x[3], result = NULL;
	gj_t t = gj_vec_ty(g->u, gj_ty(g->u, o->type));
	for (unsigned i = 0; i < o->nargs; i++)
		if (!gj_uniform(g, o->arg[i]))
			slot[i] = gj_spill(g, gj_vec(g, o->arg[i]));
	if (g->uses[g->ref])
		result = gj_spill(g, LLVMConstNull(t));
	gj_lanes l = gj_lanes_begin(g, mask);
	for (unsigned i = 0; i < 3; i++)
		x[i] = lane_of(g, o, i, slot[i], l.lane);
	gj_v old = gj_atomic_one(g, o, x[0], x[1], x[2], is_local(g, o));
	if (result)
		gj_lane_set(g, result, old, l.lane);
	gj_lanes_end(g, &l);
	return result ? gj_load(g, t, result, 64) : NULL;
}

gj_v gj_do_atomic(gj_gen *g, const gj_op *o)
{
	gj_v result, mask;
	if (!g->u->vector) {
		gj_v c = o->nargs > 2 ? gj_sc(g, o->arg[2]) : NULL;
		return gj_atomic_one(g, o, gj_sc(g, o->arg[0]), gj_sc(g, o->arg[1]), c, is_local(g, o));
	}
	mask = gj_mask_of(g, o);
	if (gj_uniform(g, o->arg[0]) && at_once(g, o, mask, &result))
		return result;
	return lane_by_lane(g, o, mask);
}
