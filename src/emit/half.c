/* Floats of 16 bits are 16 bits to LLVM: what is loaded, stored, chosen and passed on is an integer. What computes with one makes a
 * float32 of it and back, or takes it for LLVM's own type where the machine has the operation (opt/halves.c leaves no other). */
#include "emit/ops.h"

gj_v gj_own_half(gj_gen *g, gj_v bits, const gj_type *t)
{
	gj_t own = t->kind == GJ_F16 ? LLVMHalfTypeInContext(g->u->ctx) : LLVMBFloatTypeInContext(g->u->ctx);
	return LLVMBuildBitCast(g->b, bits, gj_like(LLVMTypeOf(bits), own), "");
}

gj_v gj_half_of_own(gj_gen *g, gj_v x)
{
	return LLVMBuildBitCast(g->b, x, gj_like(LLVMTypeOf(x), g->u->i16), "");
}

gj_v gj_widen_half(gj_gen *g, gj_v bits, const gj_type *t)
{
	gj_t f32 = gj_like(LLVMTypeOf(bits), g->u->f32), i32 = gj_like(f32, g->u->i32);
	if (t->kind == GJ_F16)
		return LLVMBuildFPExt(g->b, gj_own_half(g, bits, t), f32, "");
	gj_v x = LLVMBuildShl(g->b, LLVMBuildZExt(g->b, bits, i32, ""), gj_kint(i32, 16), "");
	return LLVMBuildBitCast(g->b, x, f32, "");
}

/* bfloat16 by integer arithmetic: half a unit in the last place is added, less where the upper half is even; NaN becomes quiet. */
static gj_v upper_half(gj_gen *g, gj_v x)
{
	gj_t i32 = gj_like(LLVMTypeOf(x), g->u->i32);
	gj_v bits = LLVMBuildBitCast(g->b, x, i32, ""), top = LLVMBuildLShr(g->b, bits, gj_kint(i32, 16), "");
	gj_v odd = LLVMBuildAnd(g->b, top, gj_kint(i32, 1), "");
	gj_v up = LLVMBuildAdd(g->b, bits, LLVMBuildAdd(g->b, odd, gj_kint(i32, 0x7fff), ""), "");
	up = LLVMBuildLShr(g->b, up, gj_kint(i32, 16), "");
	gj_v r = gj_select(g, gj_fcmp(g, LLVMRealUNO, x, x), LLVMBuildOr(g->b, top, gj_kint(i32, 0x40), ""), up);
	return LLVMBuildTrunc(g->b, r, gj_like(i32, g->u->i16), "");
}

static gj_v narrow(gj_gen *g, gj_v x, const gj_type *t)
{
	gj_t own = t->kind == GJ_F16 ? LLVMHalfTypeInContext(g->u->ctx) : LLVMBFloatTypeInContext(g->u->ctx);
	const gj_options *o = g->u->opt;
	if (t->kind == GJ_BF16 && !gj_halves_of(o->target, o->cc.major, o->cc.minor).bfloat16_fma)
		return upper_half(g, x);
	return gj_half_of_own(g, LLVMBuildFPTrunc(g->b, x, gj_like(LLVMTypeOf(x), own), ""));
}

/* float64 as a float32 that a second rounding cannot tell from it: where it is none itself, the neighbour with an odd last bit. */
static gj_v to_odd(gj_gen *g, gj_v x)
{
	gj_t f64 = LLVMTypeOf(x), f32 = gj_like(f64, g->u->f32), i32 = gj_like(f64, g->u->i32);
	gj_v y = LLVMBuildFPTrunc(g->b, x, f32, ""), bits = LLVMBuildBitCast(g->b, y, i32, "");
	gj_v back = LLVMBuildFPExt(g->b, y, f64, ""), even = LLVMBuildAnd(g->b, LLVMBuildNot(g->b, bits, ""), gj_kint(i32, 1), "");
	gj_v step = LLVMBuildSub(g->b, gj_kint(i32, 0), even, "");
	gj_v larger = gj_fcmp(g, LLVMRealOGT, gj_call1(g, GJ_IN_FABS, x), gj_call1(g, GJ_IN_FABS, back));
	step = gj_select(g, larger, even, step);
	step = gj_select(g, gj_fcmp(g, LLVMRealONE, x, back), step, gj_kint(i32, 0));
	return LLVMBuildBitCast(g->b, LLVMBuildAdd(g->b, bits, step, ""), f32, "");
}

/* A 64-bit integer so that float64 holds it: of one with more than 53 bits, the last 11 are one that says whether there are any. */
static gj_v sticky(gj_gen *g, gj_v x, bool is_signed)
{
	enum { LOST = 11 };
	gj_t t = LLVMTypeOf(x);
	gj_v rest = LLVMBuildAnd(g->b, x, gj_kint(t, (1u << LOST) - 1), ""), zero = gj_kint(t, 0);
	gj_v bit = gj_select(g, gj_icmp(g, LLVMIntNE, rest, zero), gj_kint(t, 1u << LOST), zero);
	gj_v cut = LLVMBuildOr(g->b, LLVMBuildSub(g->b, x, rest, ""), bit, "");
	gj_v size = is_signed ? gj_call2(g, GJ_IN_ABS, x, LLVMConstInt(g->u->i1, 0, 0)) : x;
	return gj_select(g, gj_icmp(g, LLVMIntUGE, size, gj_kint(t, 1ull << 53)), cut, x);
}

gj_v gj_to_half(gj_gen *g, gj_v x, const gj_type *from, const gj_type *to)
{
	gj_t f32 = gj_like(LLVMTypeOf(x), g->u->f32), f64 = gj_like(f32, g->u->f64);
	if (gj_is_half(from))
		return narrow(g, gj_widen_half(g, x, from), to);
	if (from->kind == GJ_F32)
		return narrow(g, x, to);
	/* An integer that float32 does not hold is infinite as float16, however it is rounded. */
	bool exact = from->kind != GJ_F64 && (to->kind == GJ_F16 || from->size < 4);
	if (from->kind != GJ_F64) {
		gj_t t = exact ? f32 : f64;
		if (!exact && from->size == 8)
			x = sticky(g, x, gj_is_signed(from));
		x = gj_is_signed(from) ? LLVMBuildSIToFP(g->b, x, t, "") : LLVMBuildUIToFP(g->b, x, t, "");
	}
	return narrow(g, exact ? x : to_odd(g, x), to);
}

gj_v gj_add_halves(gj_gen *g, gj_v a, gj_v b, const gj_type *t)
{
	return narrow(g, LLVMBuildFAdd(g->b, gj_widen_half(g, a, t), gj_widen_half(g, b, t), ""), t);
}
