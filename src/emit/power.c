/* Integer powers, at either width; those with a float exponent are the target's. */
#include "emit/ops.h"

static gj_v times(gj_gen *g, gj_v a, gj_v b, bool real)
{
	return real ? LLVMBuildFMul(g->b, a, b, "") : LLVMBuildMul(g->b, a, b, "");
}

static gj_v one_of(gj_t t, bool real)
{
	return real ? gj_kfp(t, 1) : gj_kint(t, 1);
}

/* x to the power of the constant e by squaring. */
static gj_v power_const(gj_gen *g, gj_v x, uint64_t e, bool real)
{
	gj_v r = NULL;
	for (; e; e >>= 1) {
		if (e & 1)
			r = r ? times(g, r, x, real) : x;
		if (e > 1)
			x = times(g, x, x, real);
	}
	return r ? r : one_of(LLVMTypeOf(x), real);
}

/* x to the power of e (unsigned) by squaring, in a loop that runs while a lane has bits left. */
static gj_v power_loop(gj_gen *g, gj_v x0, gj_v e0, bool real)
{
	gj_t t = LLVMTypeOf(x0), et = LLVMTypeOf(e0);
	LLVMBasicBlockRef from = gj_here(g), head = gj_bb_new(g, "pow"), body = gj_bb_new(g, "pow.bit"),
		done = gj_bb_new(g, "pow.done");
	LLVMBuildBr(g->b, head);
	gj_at(g, head);
	gj_v r = LLVMBuildPhi(g->b, t, ""), x = LLVMBuildPhi(g->b, t, ""), e = LLVMBuildPhi(g->b, et, "");
	LLVMBuildCondBr(g->b, gj_any(g, gj_icmp(g, LLVMIntNE, e, LLVMConstNull(et))), body, done);
	gj_at(g, body);
	gj_v bit = LLVMBuildTrunc(g->b, e, gj_like(et, g->u->i1), "");
	LLVMBasicBlockRef in[2] = { from, body };
	LLVMAddIncoming(r, (gj_v[]){ one_of(t, real), gj_select(g, bit, times(g, r, x, real), r) }, in, 2);
	LLVMAddIncoming(x, (gj_v[]){ x0, times(g, x, x, real) }, in, 2);
	LLVMAddIncoming(e, (gj_v[]){ e0, LLVMBuildLShr(g->b, e, gj_kint(et, 1), "") }, in, 2);
	LLVMBuildBr(g->b, head);
	gj_at(g, done);
	return r;
}

/* An integer to a negative power: 1 stays 1, -1 alternates, 0 is the least integer (as numba has it), the rest 0. */
static gj_v negative_power(gj_gen *g, const gj_op *o, gj_v a, gj_v b)
{
	gj_t t = LLVMTypeOf(a), bt = LLVMTypeOf(b);
	gj_v zero = LLVMConstNull(t), one = gj_kint(t, 1);
	gj_v odd = LLVMBuildTrunc(g->b, b, gj_like(bt, g->u->i1), ""), r = zero;
	r = gj_select(g, gj_icmp(g, LLVMIntEQ, a, zero), gj_kint(t, 1ull << (o->type->size * 8 - 1)), r);
	if (gj_is_signed(o->type))
		r = gj_select(g, gj_icmp(g, LLVMIntEQ, a, LLVMConstAllOnes(t)), gj_select(g, odd, a, one), r);
	return gj_select(g, gj_icmp(g, LLVMIntEQ, a, one), one, r);
}

gj_v gj_do_pow(gj_gen *g, const gj_op *o)
{
	const gj_op *k = gj_o(g->f, o->arg[1]);
	bool real = gj_is_float(o->type), sign = gj_is_signed(k->type);
	gj_v a = gj_arg(g, o, 0), b = gj_arg(g, o, 1), zero = LLVMConstNull(LLVMTypeOf(b)), r;
	if (gj_is_float(k->type))
		return gj_math_row(g, o, GJ_MATH_POW, (gj_v[]){ a, b }, 2);
	if (k->op == GJ_CONST && (!sign || k->imm.i >= 0) && (uint64_t)k->imm.i <= 1024)
		return power_const(g, a, (uint64_t)k->imm.i, real);
	gj_v minus = sign ? gj_icmp(g, LLVMIntSLT, b, zero) : NULL, e = b;
	if (minus)
		e = gj_select(g, minus, real ? LLVMBuildNeg(g->b, b, "") : zero, b);
	if (g->wide)
		e = gj_select(g, gj_mask_of(g, o), e, zero);
	r = power_loop(g, a, e, real);
	if (!minus)
		return r;
	gj_v other = real ? LLVMBuildFDiv(g->b, gj_kfp(LLVMTypeOf(a), 1), r, "") : negative_power(g, o, a, b);
	return gj_select(g, minus, other, r);
}
