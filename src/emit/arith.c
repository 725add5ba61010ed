/* Arithmetic, comparisons and bit operations, at either width. Overflow flags are kept at width 1 only: in a vector
 * they would be promises about lanes that are switched off. */
#include "emit/ops.h"
#include "base/half.h"

static bool is_float(const gj_op *o) { return gj_is_float(o->type); }

static gj_v flagged(gj_gen *g, const gj_op *o, gj_v x)
{
	if (!g->u->vector && LLVMIsAInstruction(x)) {
		if (o->flags & GJ_NSW)
			LLVMSetNSW(x, 1);
		if (o->flags & GJ_NUW)
			LLVMSetNUW(x, 1);
	}
	return x;
}

gj_v gj_do_nop(gj_gen *g, const gj_op *o)
{
	(void)g, (void)o;
	return NULL;
}

gj_v gj_do_const(gj_gen *g, const gj_op *o)
{
	gj_t t = gj_tyw(g, o->type);
	if (o->type->kind == GJ_PTR)
		return LLVMConstNull(t);
	if (gj_is_half(o->type))
		return gj_kint(t, gj_half_bits(o->imm.f, o->type->kind == GJ_BF16));
	return is_float(o) ? gj_kfp(t, o->imm.f) : gj_kint(t, (uint64_t)o->imm.i);
}

/* A variable that was never set: zero, so that reading it is at least the same everywhere. */
gj_v gj_do_undef(gj_gen *g, const gj_op *o)
{
	return LLVMConstNull(gj_tyw(g, o->type));
}

gj_v gj_do_param(gj_gen *g, const gj_op *o)
{
	gj_v p = g->param[o->imm.i];
	return g->wide ? gj_splat(g, p) : p;
}

/* -- + − · and their kin ------------------------------------------------------------------------------------------- */

/* Operand i of an op on floats as LLVM computes with it, and the op's value from that. */
static gj_v operand(gj_gen *g, const gj_op *o, unsigned i)
{
	const gj_type *t = gj_arg_type(g, o, i);
	gj_v x = gj_arg(g, o, i);
	return gj_is_half(t) ? gj_own_half(g, x, t) : x;
}

static gj_v result(gj_gen *g, const gj_op *o, gj_v x)
{
	return gj_is_half(o->type) ? gj_half_of_own(g, x) : o->sub ? x : gj_fast(g, x);
}

gj_v gj_do_add(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0), b = operand(g, o, 1);
	return is_float(o) ? result(g, o, LLVMBuildFAdd(g->b, a, b, "")) : flagged(g, o, LLVMBuildAdd(g->b, a, b, ""));
}

gj_v gj_do_sub(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0), b = operand(g, o, 1);
	return is_float(o) ? result(g, o, LLVMBuildFSub(g->b, a, b, "")) : flagged(g, o, LLVMBuildSub(g->b, a, b, ""));
}

gj_v gj_do_mul(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0), b = operand(g, o, 1);
	return is_float(o) ? result(g, o, LLVMBuildFMul(g->b, a, b, "")) : flagged(g, o, LLVMBuildMul(g->b, a, b, ""));
}

gj_v gj_do_neg(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0);
	return is_float(o) ? result(g, o, LLVMBuildFNeg(g->b, a, "")) : LLVMBuildNeg(g->b, a, "");
}

gj_v gj_do_fma(gj_gen *g, const gj_op *o)
{
	gj_v arg[3] = { operand(g, o, 0), operand(g, o, 1), operand(g, o, 2) };
	gj_t t = LLVMTypeOf(arg[0]);
	return result(g, o, gj_call(g, GJ_IN_FMA, &t, 1, arg, 3));
}

gj_v gj_do_div(gj_gen *g, const gj_op *o)
{
	return gj_fast(g, LLVMBuildFDiv(g->b, gj_arg(g, o, 0), gj_idle_apart(g, o, gj_arg(g, o, 1)), ""));
}

gj_v gj_do_abs(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0);
	if (is_float(o))
		return result(g, o, gj_call1(g, GJ_IN_FABS, a));
	return gj_is_signed(o->type) ? gj_call2(g, GJ_IN_ABS, a, LLVMConstInt(g->u->i1, 0, 0)) : a;
}

/* Numbers win over NaN, and −0 is below +0: of equal numbers the bits are joined. */
static gj_v float_extreme(gj_gen *g, gj_v a, gj_v b, bool most)
{
	gj_t t = LLVMTypeOf(a), bits = gj_bits_ty(g->u, t);
	gj_v x = LLVMBuildBitCast(g->b, a, bits, ""), y = LLVMBuildBitCast(g->b, b, bits, "");
	gj_v zeros = most ? LLVMBuildAnd(g->b, x, y, "") : LLVMBuildOr(g->b, x, y, "");
	gj_v r = gj_select(g, gj_fcmp(g, most ? LLVMRealOGT : LLVMRealOLT, b, a), b, a);
	r = gj_select(g, gj_fcmp(g, LLVMRealOEQ, a, b), LLVMBuildBitCast(g->b, zeros, t, ""), r);
	return gj_select(g, gj_fcmp(g, LLVMRealUNO, a, a), b, r);
}

static gj_v extreme(gj_gen *g, const gj_op *o, gj_llvm_intrin f, gj_llvm_intrin s, gj_llvm_intrin u)
{
	if (o->sub)
		return gj_select(g, gj_fcmp(g, o->op == GJ_MAX ? LLVMRealOGT : LLVMRealOLT, gj_arg(g, o, 1), gj_arg(g, o, 0)), gj_arg(g, o, 1), gj_arg(g, o, 0));
	if (is_float(o) && !g->u->backend->zeros_ordered)
		return float_extreme(g, gj_arg(g, o, 0), gj_arg(g, o, 1), o->op == GJ_MAX);
	gj_llvm_intrin i = is_float(o) ? f : gj_is_signed(o->type) ? s : u;
	return gj_call2(g, i, gj_arg(g, o, 0), gj_arg(g, o, 1));
}

gj_v gj_do_min(gj_gen *g, const gj_op *o) { return extreme(g, o, GJ_IN_MINNUM, GJ_IN_SMIN, GJ_IN_UMIN); }
gj_v gj_do_max(gj_gen *g, const gj_op *o) { return extreme(g, o, GJ_IN_MAXNUM, GJ_IN_SMAX, GJ_IN_UMAX); }

/* -- Bits ---------------------------------------------------------------------------------------------------------- */

gj_v gj_do_and(gj_gen *g, const gj_op *o) { return LLVMBuildAnd(g->b, gj_arg(g, o, 0), gj_arg(g, o, 1), ""); }
gj_v gj_do_or(gj_gen *g, const gj_op *o)  { return LLVMBuildOr(g->b, gj_arg(g, o, 0), gj_arg(g, o, 1), ""); }
gj_v gj_do_xor(gj_gen *g, const gj_op *o) { return LLVMBuildXor(g->b, gj_arg(g, o, 0), gj_arg(g, o, 1), ""); }
gj_v gj_do_not(gj_gen *g, const gj_op *o) { return LLVMBuildNot(g->b, gj_arg(g, o, 0), ""); }

/* The shift count as an operand of a's type: masked to its bits, so that LLVM never sees one out of range (LLVM 22
 * drops the upper half of an unmasked 64-bit count). *in: is the count in range; NULL: it is a constant that is. */
static gj_v shift_count(gj_gen *g, const gj_op *o, gj_v *in)
{
	unsigned bits = o->type->size * 8u;
	gj_t t = gj_tyw(g, o->type);
	const gj_op *k = gj_o(g->f, o->arg[1]);
	*in = NULL;
	if (k->op == GJ_CONST && (uint64_t)k->imm.i < bits)
		return gj_kint(t, (uint64_t)k->imm.i);
	gj_v n = gj_arg(g, o, 1);
	gj_t nt = LLVMTypeOf(n);
	*in = gj_icmp(g, LLVMIntULT, n, gj_kint(nt, bits));
	return LLVMBuildIntCast2(g->b, LLVMBuildAnd(g->b, n, gj_kint(nt, bits - 1), ""), t, 0, "");
}

gj_v gj_do_shl(gj_gen *g, const gj_op *o)
{
	gj_v in, n = shift_count(g, o, &in), x = LLVMBuildShl(g->b, gj_arg(g, o, 0), n, "");
	return in ? gj_select(g, in, x, LLVMConstNull(LLVMTypeOf(x))) : flagged(g, o, x);
}

gj_v gj_do_shr(gj_gen *g, const gj_op *o)
{
	gj_v in, n = shift_count(g, o, &in), a = gj_arg(g, o, 0);
	gj_t t = LLVMTypeOf(a);
	if (gj_is_signed(o->type)) {
		gj_v most = gj_kint(t, o->type->size * 8u - 1);
		return LLVMBuildAShr(g->b, a, in ? gj_select(g, in, n, most) : n, "");
	}
	gj_v x = LLVMBuildLShr(g->b, a, n, "");
	return in ? gj_select(g, in, x, LLVMConstNull(t)) : x;
}

static gj_v resize(gj_gen *g, const gj_op *o, gj_v x)
{
	return LLVMBuildIntCast2(g->b, x, gj_tyw(g, o->type), 0, "");
}

gj_v gj_do_popc(gj_gen *g, const gj_op *o)
{
	return resize(g, o, gj_call1(g, GJ_IN_CTPOP, gj_arg(g, o, 0)));
}

gj_v gj_do_clz(gj_gen *g, const gj_op *o)
{
	return resize(g, o, gj_call2(g, GJ_IN_CTLZ, gj_arg(g, o, 0), LLVMConstInt(g->u->i1, 0, 0)));
}

gj_v gj_do_brev(gj_gen *g, const gj_op *o)
{
	return resize(g, o, gj_call1(g, GJ_IN_BITREVERSE, gj_arg(g, o, 0)));
}

gj_v gj_do_ffs(gj_gen *g, const gj_op *o)
{
	gj_v a = gj_arg(g, o, 0);
	gj_t t = LLVMTypeOf(a);
	gj_v n = gj_call2(g, GJ_IN_CTTZ, a, LLVMConstInt(g->u->i1, 0, 0));
	n = LLVMBuildAdd(g->b, n, gj_kint(t, 1), "");
	return resize(g, o, gj_select(g, gj_icmp(g, LLVMIntEQ, a, LLVMConstNull(t)), LLVMConstNull(t), n));
}

/* -- Comparisons --------------------------------------------------------------------------------------------------- */

static const LLVMIntPredicate signed_order[GJ_NCMPOPS] = {
	[GJ_CMP_LT] = LLVMIntSLT, [GJ_CMP_LE] = LLVMIntSLE, [GJ_CMP_EQ] = LLVMIntEQ, [GJ_CMP_NE] = LLVMIntNE,
	[GJ_CMP_GT] = LLVMIntSGT, [GJ_CMP_GE] = LLVMIntSGE
};
static const LLVMIntPredicate unsigned_order[GJ_NCMPOPS] = {
	[GJ_CMP_LT] = LLVMIntULT, [GJ_CMP_LE] = LLVMIntULE, [GJ_CMP_EQ] = LLVMIntEQ, [GJ_CMP_NE] = LLVMIntNE,
	[GJ_CMP_GT] = LLVMIntUGT, [GJ_CMP_GE] = LLVMIntUGE
};
static const LLVMRealPredicate float_order[GJ_NCMPOPS] = {
	[GJ_CMP_LT] = LLVMRealOLT, [GJ_CMP_LE] = LLVMRealOLE, [GJ_CMP_EQ] = LLVMRealOEQ, [GJ_CMP_NE] = LLVMRealUNE,
	[GJ_CMP_GT] = LLVMRealOGT, [GJ_CMP_GE] = LLVMRealOGE
};

/* What a negative number compared with an unsigned one gives. */
static const bool below[GJ_NCMPOPS] = { [GJ_CMP_LT] = true, [GJ_CMP_LE] = true, [GJ_CMP_NE] = true };
static const bool above[GJ_NCMPOPS] = { [GJ_CMP_GT] = true, [GJ_CMP_GE] = true, [GJ_CMP_NE] = true };

gj_v gj_compare(gj_gen *g, const gj_op *o, gj_v a, gj_v b)
{
	const gj_type *ta = gj_arg_type(g, o, 0), *tb = gj_arg_type(g, o, 1);
	if (gj_is_float(ta))
		return gj_fcmp(g, float_order[o->sub], a, b);
	if (gj_is_signed(ta) && gj_is_signed(tb))
		return gj_icmp(g, signed_order[o->sub], a, b);
	gj_v x = gj_icmp(g, unsigned_order[o->sub], a, b);
	if (gj_is_signed(ta) == gj_is_signed(tb))
		return x;
	gj_v odd = gj_is_signed(ta) ? a : b;
	gj_v negative = gj_icmp(g, LLVMIntSLT, odd, LLVMConstNull(LLVMTypeOf(odd)));
	bool answer = gj_is_signed(ta) ? below[o->sub] : above[o->sub];
	return gj_select(g, negative, gj_kint(LLVMTypeOf(x), answer), x);
}

gj_v gj_do_cmp(gj_gen *g, const gj_op *o) { return gj_compare(g, o, operand(g, o, 0), operand(g, o, 1)); }

/* The condition stays scalar where it is uniform: a vector select of one scalar condition is a plain choice. */
gj_v gj_do_select(gj_gen *g, const gj_op *o)
{
	gj_v c = g->wide && !gj_uniform(g, o->arg[0]) ? gj_vec(g, o->arg[0]) : gj_sc(g, o->arg[0]);
	return gj_select(g, c, gj_arg(g, o, 1), gj_arg(g, o, 2));
}

gj_v gj_do_isnan(gj_gen *g, const gj_op *o)
{
	gj_v a = operand(g, o, 0);
	return gj_fcmp(g, LLVMRealUNO, a, a);
}

static gj_v against_infinity(gj_gen *g, const gj_op *o, LLVMRealPredicate p)
{
	gj_v a = gj_call1(g, GJ_IN_FABS, gj_arg(g, o, 0));
	return gj_fcmp(g, p, a, gj_kfp(LLVMTypeOf(a), 1.0 / 0.0));
}

gj_v gj_do_isinf(gj_gen *g, const gj_op *o)    { return against_infinity(g, o, LLVMRealOEQ); }
gj_v gj_do_isfinite(gj_gen *g, const gj_op *o) { return against_infinity(g, o, LLVMRealOLT); }
