/* Float division and remainder as Python has them, and the pieces of math that need no library: exact fmod, frexp and
 * ldexp from plain arithmetic, so that both devices and both widths give the same bits. */
#include "emit/ops.h"

static double tiny_power(const gj_gen *g, gj_t t)              /* what one step of fmod can take off */
{
	return gj_elem_ty(t) == g->u->f64 ? 0x1p52 : gj_elem_ty(t) == g->u->f32 ? 0x1p23 : 0x1p10;
}

/* x mod t for 0 <= x < 2^52 t (2^23, 2^10): the quotient is right or one too large, and the remainder is exact. */
static gj_v fmod_step(gj_gen *g, gj_v x, gj_v t)
{
	gj_t ty = LLVMTypeOf(x);
	gj_v q = gj_call1(g, GJ_IN_TRUNC, LLVMBuildFDiv(g->b, x, t, ""));
	gj_v r = gj_call(g, GJ_IN_FMA, &ty, 1, (gj_v[]){ LLVMBuildFNeg(g->b, q, ""), t, x }, 3);
	return gj_select(g, gj_fcmp(g, LLVMRealOLT, r, LLVMConstNull(ty)), LLVMBuildFAdd(g->b, r, t, ""), r);
}

/* Scales y up by powers of two until one step can reduce x. */
static gj_v fmod_scale(gj_gen *g, gj_v x, gj_v y)
{
	gj_t ty = LLVMTypeOf(x);
	LLVMBasicBlockRef from = gj_here(g), head = gj_bb_new(g, "fmod.up"), done = gj_bb_new(g, "fmod");
	LLVMBuildBr(g->b, head);
	gj_at(g, head);
	gj_v t = LLVMBuildPhi(g->b, ty, ""), up = LLVMBuildFMul(g->b, t, gj_kfp(ty, tiny_power(g, ty)), "");
	gj_v more = gj_fcmp(g, LLVMRealOLE, up, x), next = gj_select(g, more, up, t);
	LLVMAddIncoming(t, (gj_v[]){ y, next }, (LLVMBasicBlockRef[]){ from, head }, 2);
	LLVMBuildCondBr(g->b, gj_any(g, more), head, done);
	gj_at(g, done);
	return next;
}

/* Reduces x by t, t·2^-52 … down to y. */
static gj_v fmod_reduce(gj_gen *g, gj_v x0, gj_v t0, gj_v y)
{
	gj_t ty = LLVMTypeOf(x0);
	LLVMBasicBlockRef from = gj_here(g), head = gj_bb_new(g, "fmod.down"), done = gj_bb_new(g, "fmod.done");
	LLVMBuildBr(g->b, head);
	gj_at(g, head);
	gj_v x = LLVMBuildPhi(g->b, ty, ""), t = LLVMBuildPhi(g->b, ty, ""), r = fmod_step(g, x, t);
	gj_v more = gj_fcmp(g, LLVMRealOGT, t, y);
	gj_v down = LLVMBuildFMul(g->b, t, gj_kfp(ty, 1 / tiny_power(g, ty)), "");
	LLVMBasicBlockRef in[2] = { from, head };
	LLVMAddIncoming(x, (gj_v[]){ x0, r }, in, 2);
	LLVMAddIncoming(t, (gj_v[]){ t0, gj_select(g, more, down, t) }, in, 2);
	LLVMBuildCondBr(g->b, gj_any(g, more), head, done);
	gj_at(g, done);
	return r;
}

gj_v gj_fmod(gj_gen *g, gj_v a, gj_v b)
{
	gj_t ty = LLVMTypeOf(a);
	gj_v inf = gj_kfp(ty, 1.0 / 0.0), one = gj_kfp(ty, 1), zero = LLVMConstNull(ty);
	gj_v x = gj_call1(g, GJ_IN_FABS, a), y = gj_call1(g, GJ_IN_FABS, b);
	gj_v finite = gj_fcmp(g, LLVMRealOLT, x, inf), divisor = gj_fcmp(g, LLVMRealOGT, y, zero);
	gj_v valid = LLVMBuildAnd(g->b, finite, divisor, ""), small = gj_fcmp(g, LLVMRealOLT, x, y);
	gj_v work = LLVMBuildAnd(g->b, valid, LLVMBuildNot(g->b, small, ""), "");
	if (g->wide)                               /* the loops below may only look at lanes that are on */
		work = gj_select(g, gj_mask_of(g, gj_o(g->f, g->ref)), work, LLVMConstNull(LLVMTypeOf(work)));
	gj_v xs = gj_select(g, work, x, zero), ys = gj_select(g, work, y, one);
	gj_v r = fmod_reduce(g, xs, fmod_scale(g, xs, ys), ys);
	r = gj_select(g, small, x, r);
	r = gj_call2(g, GJ_IN_COPYSIGN, r, a);
	gj_invalid_operands(g, gj_o(g->f, g->ref), valid, a, b);
	return gj_select(g, valid, r, gj_kfp(ty, 0.0 / 0.0));
}

/* -- Python's // and % --------------------------------------------------------------------------------------------- */

/* Where the remainder r of fmod has the wrong sign: it moves by one divisor. */
static gj_v must_move(gj_gen *g, gj_v r, gj_v b)
{
	gj_v zero = LLVMConstNull(LLVMTypeOf(r)), nonzero = gj_fcmp(g, LLVMRealONE, r, zero);
	gj_v differ = LLVMBuildXor(g->b, gj_fcmp(g, LLVMRealOLT, b, zero), gj_fcmp(g, LLVMRealOLT, r, zero), "");
	return LLVMBuildAnd(g->b, nonzero, differ, "");
}

gj_v gj_do_mod(gj_gen *g, const gj_op *o)
{
	gj_v q, r;
	if (!gj_is_float(o->type)) {
		gj_divmod(g, o, &q, &r);
		return r;
	}
	gj_v a = gj_arg(g, o, 0), b = gj_arg(g, o, 1), zero = LLVMConstNull(LLVMTypeOf(a));
	r = gj_fmod(g, a, b);
	gj_v exact = gj_select(g, gj_fcmp(g, LLVMRealOEQ, r, zero), gj_call2(g, GJ_IN_COPYSIGN, zero, b), r);
	return gj_select(g, must_move(g, r, b), LLVMBuildFAdd(g->b, r, b, ""), exact);
}

/* The quotient that belongs to the remainder, rounded to the integer that it must be. */
gj_v gj_do_floordiv(gj_gen *g, const gj_op *o)
{
	gj_v q, r;
	if (!gj_is_float(o->type)) {
		gj_divmod(g, o, &q, &r);
		return q;
	}
	gj_v a = gj_arg(g, o, 0), b = gj_arg(g, o, 1);
	gj_t ty = LLVMTypeOf(a);
	gj_v zero = LLVMConstNull(ty), one = gj_kfp(ty, 1), plain = LLVMBuildFDiv(g->b, a, b, "");
	r = gj_fmod(g, a, b);
	gj_v div = LLVMBuildFDiv(g->b, LLVMBuildFSub(g->b, a, r, ""), b, "");
	div = LLVMBuildFSub(g->b, div, gj_select(g, must_move(g, r, b), one, zero), "");
	gj_v low = gj_call1(g, GJ_IN_FLOOR, div);
	gj_v up = gj_fcmp(g, LLVMRealOGT, LLVMBuildFSub(g->b, div, low, ""), gj_kfp(ty, 0.5));
	q = gj_select(g, up, LLVMBuildFAdd(g->b, low, one, ""), low);
	q = gj_select(g, gj_fcmp(g, LLVMRealOEQ, div, zero), gj_call2(g, GJ_IN_COPYSIGN, zero, plain), q);
	return gj_select(g, gj_fcmp(g, LLVMRealOEQ, b, zero), plain, q);
}

/* -- frexp and ldexp ----------------------------------------------------------------------------------------------- */

typedef struct layout { gj_t bits; unsigned mantissa, exponent; int bias; } layout;

static layout layout_of(gj_gen *g, gj_t t)
{
	bool d = gj_elem_ty(t) == g->u->f64;
	return d ? (layout){ gj_like(t, g->u->i64), 52, 0x7ff, 1022 } : (layout){ gj_like(t, g->u->i32), 23, 0xff, 126 };
}

gj_v gj_frexp(gj_gen *g, gj_v a, gj_v *exponent)
{
	gj_t t = LLVMTypeOf(a), it = gj_like(t, g->u->i32);
	layout l = layout_of(g, t);
	gj_v field = gj_kint(l.bits, l.exponent), shift = gj_kint(l.bits, l.mantissa);
	gj_v x = LLVMBuildBitCast(g->b, a, l.bits, "");
	gj_v e = LLVMBuildAnd(g->b, LLVMBuildLShr(g->b, x, shift, ""), field, "");
	gj_v sub = gj_icmp(g, LLVMIntEQ, e, LLVMConstNull(l.bits));
	gj_v scaled = LLVMBuildFMul(g->b, a, gj_kfp(t, 0x1p54), "");
	x = gj_select(g, sub, LLVMBuildBitCast(g->b, scaled, l.bits, ""), x);
	gj_v e2 = LLVMBuildAnd(g->b, LLVMBuildLShr(g->b, x, shift, ""), field, "");
	gj_v n = LLVMBuildSub(g->b, LLVMBuildIntCast2(g->b, e2, it, 0, ""), gj_kint(it, (uint64_t)l.bias), "");
	n = gj_select(g, sub, LLVMBuildSub(g->b, n, gj_kint(it, 54), ""), n);
	gj_v clear = gj_kint(l.bits, ~((uint64_t)l.exponent << l.mantissa));
	gj_v m = LLVMBuildOr(g->b, LLVMBuildAnd(g->b, x, clear, ""), gj_kint(l.bits, (uint64_t)l.bias << l.mantissa), "");
	gj_v zero = gj_fcmp(g, LLVMRealOEQ, a, LLVMConstNull(t)), special = gj_icmp(g, LLVMIntEQ, e, field);
	gj_v as_is = LLVMBuildOr(g->b, zero, special, "");
	*exponent = gj_select(g, as_is, LLVMConstNull(it), n);
	return gj_select(g, as_is, a, LLVMBuildBitCast(g->b, m, t, ""));
}

/* 2^n as a float, n in the range of normal exponents. */
static gj_v power_of_two(gj_gen *g, gj_v n, gj_t t)
{
	layout l = layout_of(g, t);
	gj_v e = LLVMBuildAdd(g->b, n, gj_kint(LLVMTypeOf(n), (uint64_t)l.bias + 1), "");
	e = LLVMBuildIntCast2(g->b, e, l.bits, 0, "");
	return LLVMBuildBitCast(g->b, LLVMBuildShl(g->b, e, gj_kint(l.bits, l.mantissa), ""), t, "");
}

/* In three multiplications. The first two are only for exponents out of the normal range, and going down they leave
 * room for the mantissa, so that the last one alone can lose bits. */
gj_v gj_ldexp(gj_gen *g, gj_v a, gj_v n)
{
	gj_t t = LLVMTypeOf(a), it = LLVMTypeOf(n);
	bool d = gj_elem_ty(t) == g->u->f64;
	int most = d ? 1023 : 127, least = 1 - most, step_down = least + (d ? 53 : 24);
	gj_v up = gj_kint(it, (uint64_t)most), floor = gj_kint(it, (uint64_t)(int64_t)least), x = a;
	gj_v down = gj_kint(it, (uint64_t)(int64_t)step_down), none = LLVMConstNull(it);
	for (int i = 0; i < 2; i++) {
		gj_v step = gj_select(g, gj_icmp(g, LLVMIntSLT, n, floor), down, none);
		step = gj_select(g, gj_icmp(g, LLVMIntSGT, n, up), up, step);
		x = LLVMBuildFMul(g->b, x, power_of_two(g, step, t), "");
		n = LLVMBuildSub(g->b, n, step, "");
	}
	n = gj_call2(g, GJ_IN_SMAX, gj_call2(g, GJ_IN_SMIN, n, up), floor);
	return LLVMBuildFMul(g->b, x, power_of_two(g, n, t), "");
}
