/* Python's integer division, at either width. Nothing here traps: a divisor of 0 or -1 is replaced before LLVM sees the
 * division. A vector of divisions goes through doubles, which are exact where the operands fit in
 * 53 bits; lanes that do not are divided one at a time. */
#include "emit/ops.h"

typedef struct division { gj_v a, b; bool sign; unsigned bits; } division;

static gj_v to_double(gj_gen *g, gj_v x, bool sign)
{
	gj_t t = gj_like(LLVMTypeOf(x), g->u->f64);
	return sign ? LLVMBuildSIToFP(g->b, x, t, "") : LLVMBuildUIToFP(g->b, x, t, "");
}

static gj_v by_doubles(gj_gen *g, const division *d)
{
	gj_v q = LLVMBuildFDiv(g->b, to_double(g, d->a, d->sign), to_double(g, d->b, d->sign), "");
	gj_t t = LLVMTypeOf(d->a);
	return d->sign ? LLVMBuildFPToSI(g->b, q, t, "") : LLVMBuildFPToUI(g->b, q, t, "");
}

static gj_v by_lanes(gj_gen *g, const division *d, gj_v mask)
{
	gj_t t = LLVMTypeOf(d->a), e = gj_elem_ty(t);
	gj_v as = gj_spill(g, d->a), bs = gj_spill(g, d->b), qs = gj_alloca(g, t, 1, 64);
	gj_lanes l = gj_lanes_begin(g, mask);
	gj_v a = gj_lane_get(g, as, e, l.lane), b = gj_lane_get(g, bs, e, l.lane);
	gj_lane_set(g, qs, d->sign ? LLVMBuildSDiv(g->b, a, b, "") : LLVMBuildUDiv(g->b, a, b, ""), l.lane);
	gj_lanes_end(g, &l);
	return gj_load(g, t, qs, 64);
}

/* Lanes of mask whose operands a double cannot hold exactly. */
static gj_v too_big(gj_gen *g, const division *d, gj_v mask)
{
	gj_t t = LLVMTypeOf(d->a);
	gj_v no = LLVMConstInt(g->u->i1, 0, 0), a = d->a, b = d->b;
	if (d->sign) {
		a = gj_call2(g, GJ_IN_ABS, a, no);
		b = gj_call2(g, GJ_IN_ABS, b, no);
	}
	gj_v big = gj_icmp(g, LLVMIntUGE, LLVMBuildOr(g->b, a, b, ""), gj_kint(t, 1ull << 53));
	return gj_select(g, mask, big, LLVMConstNull(LLVMTypeOf(mask)));
}

static gj_v vector_quotient(gj_gen *g, const division *d, gj_v mask)
{
	if (d->bits < 64)
		return by_doubles(g, d);
	gj_v wrong = gj_any(g, too_big(g, d, mask)), fast = by_doubles(g, d);
	gj_if slow = gj_if_begin(g, wrong);
	gj_v q = by_lanes(g, d, mask);
	gj_if_end(g, &slow);
	return gj_if_phi(g, &slow, q, fast);
}

/* C's division: rounds towards zero. */
static void truncating(gj_gen *g, const gj_op *o, const division *d, gj_v *q, gj_v *r)
{
	if (gj_is_vec(LLVMTypeOf(d->a))) {
		*q = vector_quotient(g, d, gj_mask_of(g, o));
		*r = LLVMBuildSub(g->b, d->a, LLVMBuildMul(g->b, *q, d->b, ""), "");
	} else {
		*q = d->sign ? LLVMBuildSDiv(g->b, d->a, d->b, "") : LLVMBuildUDiv(g->b, d->a, d->b, "");
		*r = d->sign ? LLVMBuildSRem(g->b, d->a, d->b, "") : LLVMBuildURem(g->b, d->a, d->b, "");
	}
}

/* log2 of a positive power of two, else -1. */
static int log2_of(const gj_op *k)
{
	uint64_t x = (uint64_t)k->imm.i;
	bool power = k->op == GJ_CONST && x && !(x & (x - 1)) && !(gj_is_signed(k->type) && k->imm.i < 0);
	return power ? __builtin_ctzll(x) : -1;
}

void gj_divmod(gj_gen *g, const gj_op *o, gj_v *q, gj_v *r)
{
	const gj_op *oa = gj_o(g->f, o->arg[0]), *ob = gj_o(g->f, o->arg[1]);
	gj_v a = gj_arg(g, o, 0), b = gj_arg(g, o, 1);
	gj_t t = LLVMTypeOf(a);
	bool sign = gj_is_signed(o->type) && !(oa->flags & ob->flags & GJ_NONNEG);
	int shift = log2_of(ob);
	if (shift >= 0) {
		gj_v n = gj_kint(t, (unsigned)shift);
		*q = sign ? LLVMBuildAShr(g->b, a, n, "") : LLVMBuildLShr(g->b, a, n, "");
		*r = LLVMBuildAnd(g->b, a, gj_kint(t, (1ull << shift) - 1), "");
		return;
	}
	gj_v zero = LLVMConstNull(t), is_zero = gj_icmp(g, LLVMIntEQ, b, zero), minus = NULL, odd = is_zero;
	if (sign) {
		minus = gj_icmp(g, LLVMIntEQ, b, LLVMConstAllOnes(t));
		odd = LLVMBuildOr(g->b, is_zero, minus, "");
	}
	gj_divided_by_zero(g, o, is_zero);
	division d = { a, gj_select(g, odd, gj_kint(t, 1), b), sign, o->type->size * 8u };
	truncating(g, o, &d, q, r);
	if (sign) {                                /* a remainder of the wrong sign: one less, and the divisor added */
		gj_v nonzero = gj_icmp(g, LLVMIntNE, *r, zero);
		gj_v differ = gj_icmp(g, LLVMIntSLT, LLVMBuildXor(g->b, *r, d.b, ""), zero);
		gj_v fix = LLVMBuildAnd(g->b, nonzero, differ, "");
		*q = LLVMBuildAdd(g->b, *q, LLVMBuildSExt(g->b, fix, t, ""), "");
		*r = gj_select(g, fix, LLVMBuildAdd(g->b, *r, d.b, ""), *r);
		*q = gj_select(g, minus, LLVMBuildNeg(g->b, a, ""), *q);
	}
	*q = gj_select(g, is_zero, zero, *q);
	*r = gj_select(g, is_zero, zero, *r);
}
