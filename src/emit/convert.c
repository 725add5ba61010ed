/* Conversions between numbers. Float to integer is what the GPU's cvt.rzi does, on both devices: it saturates; NaN
 * gives 0 from float32 to 32 bits, else only the top bit set; 8 and 16 bits go through 32 and are cut. */
#include "emit/ops.h"

static double power2(unsigned n) { return n == 64 ? 18446744073709551616.0 : (double)(1ull << n); }

/* LLVM's instructions convert what is in range; the rest is selected. A value out of range makes `fpto.i` poison,
 * which the selects never let through. */
static gj_v saturating(gj_gen *g, gj_v x, unsigned bits, bool is_signed, bool nan_zero)
{
	gj_t xt = LLVMTypeOf(x), it = gj_like(xt, bits == 64 ? g->u->i64 : g->u->i32);
	uint64_t top = 1ull << (bits - 1), most = is_signed ? top - 1 : top - 1 + top, least = is_signed ? top : 0;
	gj_v y = is_signed ? LLVMBuildFPToSI(g->b, x, it, "") : LLVMBuildFPToUI(g->b, x, it, "");
	gj_v high = gj_kfp(xt, power2(is_signed ? bits - 1 : bits)), low = gj_kfp(xt, is_signed ? -power2(bits - 1) : 0);
	y = gj_select(g, gj_fcmp(g, LLVMRealOLT, x, low), gj_kint(it, least), y);
	y = gj_select(g, gj_fcmp(g, LLVMRealOGE, x, high), gj_kint(it, most), y);
	return gj_select(g, gj_fcmp(g, LLVMRealUNO, x, x), gj_kint(it, nan_zero ? 0 : top), y);
}

static gj_v float_to_int(gj_gen *g, gj_v x, const gj_type *from, const gj_type *to)
{
	gj_t xt = LLVMTypeOf(x);
	bool is_double = from->kind == GJ_F64, wide = to->size == 8, is_unsigned = gj_is_unsigned(to) && to->size >= 4;
	unsigned bits = wide ? 64 : 32;
	gj_v y = g->u->backend->to_int ? g->u->backend->to_int(g, x, bits, !is_unsigned)
	                               : saturating(g, x, bits, !is_unsigned, !is_double && !wide);
	return LLVMBuildIntCast2(g->b, y, gj_like(xt, gj_ty(g->u, to)), 0, "");
}

gj_v gj_cvt(gj_gen *g, gj_v a, const gj_type *from, const gj_type *to)
{
	gj_t at = LLVMTypeOf(a), t = gj_like(at, gj_ty(g->u, to));
	if (from == to)
		return a;
	if (gj_is_half(to))
		return gj_to_half(g, a, from, to);
	if (gj_is_half(from))
		return gj_cvt(g, gj_widen_half(g, a, from), gj_scalar[GJ_F32], to);
	if (to->kind == GJ_BOOL)
		return gj_is_float(from) ? gj_fcmp(g, LLVMRealUNE, a, LLVMConstNull(at))
		                         : gj_icmp(g, LLVMIntNE, a, LLVMConstNull(at));
	if (gj_is_float(from))
		return gj_is_float(to) ? LLVMBuildFPCast(g->b, a, t, "") : float_to_int(g, a, from, to);
	if (gj_is_float(to))
		return gj_is_signed(from) ? LLVMBuildSIToFP(g->b, a, t, "") : LLVMBuildUIToFP(g->b, a, t, "");
	return LLVMBuildIntCast2(g->b, a, t, gj_is_signed(from), "");
}

/* Widening a value that is known not to be negative is a zero extension, which addressing modes like better. */
gj_v gj_do_cvt(gj_gen *g, const gj_op *o)
{
	const gj_op *a = gj_o(g->f, o->arg[0]);
	bool widens = gj_is_int(a->type) && gj_is_int(o->type) && o->type->size > a->type->size;
	if (g->u->vector || !widens || !(a->flags & GJ_NONNEG))
		return gj_cvt(g, gj_is_float(o->type) && !gj_is_half(o->type) ? gj_arg(g, o, 0) : gj_idle_apart(g, o, gj_arg(g, o, 0)), a->type, o->type);
	gj_v x = LLVMBuildZExt(g->b, gj_arg(g, o, 0), gj_ty(g->u, o->type), "");
	if (LLVMIsAInstruction(x))
		LLVMSetNNeg(x, 1);
	return x;
}

gj_v gj_do_bitcast(gj_gen *g, const gj_op *o)
{
	gj_v a = gj_arg(g, o, 0);
	bool from = gj_arg_type(g, o, 0)->kind == GJ_PTR, to = o->type->kind == GJ_PTR;
	gj_t t = gj_tyw(g, o->type);
	if (from != to)
		return from ? LLVMBuildPtrToInt(g->b, a, t, "") : LLVMBuildIntToPtr(g->b, a, t, "");
	return LLVMBuildBitCast(g->b, a, t, "");
}
