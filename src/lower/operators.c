/* Lowering of Python's operators on scalars and tuples: what each operand is converted to comes from the rules of
 * types/; the semantics of the ops stand in ops.def. */
#include "lower/lower.h"

/* -- Powers ----------------------------------------------------------------------------------------------------------- */

/* base ** n for a constant n: repeated multiplication, reciprocal of it when negative, as numba does. */
static gj_ref power_const(gj_lower *L, const gj_type *t, gj_ref base, int64_t n)
{
	uint64_t e = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	gj_ref r = 0;
	for (gj_ref sq = base; e; e >>= 1) {
		if (e & 1)
			r = r ? gj_e2(L, GJ_MUL, t, r, sq) : sq;
		if (e > 1)
			sq = gj_e2(L, GJ_MUL, t, sq, sq);
	}
	if (!r)
		r = gj_eint(L, t, 1);
	return n < 0 ? gj_e2(L, GJ_DIV, t, gj_eint(L, t, 1), r) : r;
}

gj_ref gj_lpower(gj_lower *L, const gj_type *t, gj_ref base, gj_lv e, const gj_type *as)
{
	int64_t n;
	if (gj_obj_is_int(e.konst, &n) && !e.konst->is_unsigned && n <= 64 && n >= (gj_is_float(t) ? -64 : 0))
		return power_const(L, t, base, n);
	gj_ref x = gj_ecast(L, e.part[0], as);
	if (!gj_is_float(t) || gj_is_int(as)) {
		if (gj_is_float(t) && as->kind != GJ_I32 && as->kind != GJ_U64)
			x = gj_ecast(L, x, gj_scalar[GJ_I64]);
		if (!gj_is_float(t))
			gj_lcheck_power(L, base, x);
		return gj_e2(L, GJ_POW, t, base, x);
	}
	gj_ref r = gj_e2(L, GJ_MATH, t, base, gj_ecast(L, x, t));
	gj_o(L->fn, r)->imm.i = GJ_MATH_POW;
	return r;
}

/* -- Operators ---------------------------------------------------------------------------------------------------------- */

static gj_lv concat(gj_lower *L, const gj_type *t, gj_lv a, gj_lv b)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	uint32_t n = gj_parts(a.type);
	for (uint32_t i = 0, parts = gj_parts(t); i < parts; i++)
		p[i] = i < n ? a.part[i] : b.part[i - n];
	return v;
}

/* (x + c) − d as x + (c − d), the same number however it wraps: so that `(n + size - 1) // size` is seen not to be
 * negative. 0: not of that form. */
static gj_ref offset_by_constants(gj_lower *L, gj_ref sum, gj_ref less)
{
	const gj_op *s = gj_o(L->fn, sum), *d = gj_o(L->fn, less);
	if (s->op != GJ_ADD || !gj_is_int(s->type) || d->op != GJ_CONST || gj_o(L->fn, s->arg[1])->op != GJ_CONST)
		return 0;
	uint64_t c = (uint64_t)gj_o(L->fn, s->arg[1])->imm.i - (uint64_t)d->imm.i;
	return gj_e2(L, GJ_ADD, s->type, s->arg[0], gj_eint(L, s->type, (int64_t)c));
}

gj_lv gj_lbinop(gj_lower *L, gj_binop op, const gj_type *t, gj_lv a, gj_lv b)
{
	static const uint8_t low[GJ_NBINOPS] = {
		[GJ_OP_ADD_] = GJ_ADD, [GJ_OP_AND_] = GJ_AND, [GJ_OP_FLOORDIV_] = GJ_FLOORDIV, [GJ_OP_LSHIFT_] = GJ_SHL,
		[GJ_OP_MUL_] = GJ_MUL, [GJ_OP_MOD_] = GJ_MOD, [GJ_OP_OR_] = GJ_OR, [GJ_OP_RSHIFT_] = GJ_SHR,
		[GJ_OP_SUB_] = GJ_SUB, [GJ_OP_TRUEDIV_] = GJ_DIV, [GJ_OP_XOR_] = GJ_XOR,
	};
	const gj_type *as_a, *as_b;
	if (t->kind == GJ_TUPLE)
		return concat(L, t, a, b);
	if (gj_is_complex(t)) {
		if (op == GJ_OP_TRUEDIV_)
			gj_lcheck_complex_divisor(L, b);
		return gj_lcomplex_binop(L, op, t, a, b);
	}
	gj_rule_binop(op, a.type, b.type, &as_a, &as_b);
	gj_ref x = gj_ecast(L, gj_ecast(L, a.part[0], as_a), t);
	if (op == GJ_OP_POW_)
		return gj_lv_scalar(L, t, gj_lpower(L, t, x, b, as_b));
	gj_ref y = gj_ecast(L, b.part[0], as_b);
	if (op != GJ_OP_LSHIFT_ && op != GJ_OP_RSHIFT_)
		y = gj_ecast(L, y, t);
	gj_lcheck_divisor(L, op, gj_is_float(a.type) || gj_is_float(b.type), y);
	gj_lcheck_shift(L, op, y);
	gj_ref r = op == GJ_OP_SUB_ && t->size == 8 ? offset_by_constants(L, x, y) : 0;
	return gj_lv_scalar(L, t, r ? r : gj_e2(L, (gj_opcode)low[op], t, x, y));
}

static gj_ref scalar_compare(gj_lower *L, gj_cmpop op, gj_lv a, gj_lv b)
{
	const gj_type *as_a, *as_b;
	gj_rule_compare(op, a.type, b.type, &as_a, &as_b);
	if (as_a && gj_is_complex(as_a))
		return gj_lcomplex_compare(L, op, as_a, a, b);
	if (!as_a) {                                                               /* uint64 against signed: exact */
		as_a = gj_scalar[gj_is_unsigned(a.type) ? GJ_U64 : GJ_I64];
		as_b = gj_scalar[gj_is_unsigned(b.type) ? GJ_U64 : GJ_I64];
	}
	return gj_ecmp(L, op, gj_ecast(L, a.part[0], as_a), gj_ecast(L, b.part[0], as_b));
}

static gj_ref compare(gj_lower *, gj_cmpop, gj_lv, gj_lv);

/* None is equal to itself alone. */
static gj_ref optional_equal(gj_lower *L, gj_lv a, gj_lv b)
{
	const gj_type *bool_ = gj_scalar[GJ_BOOL];
	gj_ref there = gj_lis_there(L, a), also = gj_lis_there(L, b);
	if (a.type == gj_t_none || b.type == gj_t_none)
		return gj_e1(L, GJ_NOT, bool_, gj_e2(L, GJ_OR, bool_, there, also));
	gj_ref same = compare(L, GJ_CMP_EQ, gj_linner(a), gj_linner(b));
	return gj_e3(L, GJ_SELECT, bool_, there, gj_e2(L, GJ_AND, bool_, also, same), gj_e1(L, GJ_NOT, bool_, also));
}

/* Tuples compare item by item: the first pair that differs decides, then the lengths. */
static gj_ref compare(gj_lower *L, gj_cmpop op, gj_lv a, gj_lv b)
{
	const gj_type *bool_ = gj_scalar[GJ_BOOL];
	if (a.type == gj_t_none || b.type == gj_t_none || a.type->kind == GJ_OPTIONAL || b.type->kind == GJ_OPTIONAL) {
		gj_ref same = optional_equal(L, a, b);
		return op == GJ_CMP_NE ? gj_e1(L, GJ_NOT, bool_, same) : same;
	}
	if (a.type->kind != GJ_TUPLE)
		return scalar_compare(L, op, a, b);
	uint32_t na = a.type->n, nb = b.type->n, n = na < nb ? na : nb;
	bool equality = op == GJ_CMP_EQ || op == GJ_CMP_NE;
	if (gj_never_equal(a.type, b.type))
		return gj_eint(L, bool_, op == GJ_CMP_NE);
	bool tie = op == GJ_CMP_EQ ? na == nb : op == GJ_CMP_NE ? na != nb : op == GJ_CMP_LT ? na < nb
	         : op == GJ_CMP_LE ? na <= nb : op == GJ_CMP_GT ? na > nb : na >= nb;
	gj_ref r = gj_eint(L, bool_, tie);
	if (equality && na != nb)
		return r;
	for (uint32_t i = n; i-- > 0;) {
		gj_lv x = gj_lv_item(L, a, i), y = gj_lv_item(L, b, i);
		gj_ref same = compare(L, GJ_CMP_EQ, x, y);
		r = gj_e3(L, GJ_SELECT, bool_, same, r, equality ? gj_eint(L, bool_, op == GJ_CMP_NE) : compare(L, op, x, y));
	}
	return r;
}

gj_lv gj_lcompare(gj_lower *L, gj_cmpop op, gj_lv a, gj_lv b)
{
	return gj_lv_scalar(L, gj_scalar[GJ_BOOL], compare(L, op, a, b));
}

gj_lv gj_lin(gj_lower *L, gj_lv a, gj_lv b, bool negate)
{
	const gj_type *bool_ = gj_scalar[GJ_BOOL];
	gj_ref r = gj_eint(L, bool_, 0);
	for (uint32_t i = 0; i < b.type->n; i++)
		r = gj_e2(L, GJ_OR, bool_, r, compare(L, GJ_CMP_EQ, a, gj_lv_item(L, b, i)));
	return gj_lv_scalar(L, bool_, negate ? gj_e1(L, GJ_NOT, bool_, r) : r);
}

gj_lv gj_lunary(gj_lower *L, gj_unop op, const gj_type *t, gj_lv a)
{
	if (op == GJ_UN_NOT)
		return gj_lv_scalar(L, t, gj_e1(L, GJ_NOT, t, gj_ltruth(L, a)));
	if (gj_is_complex(t))
		return op == GJ_UN_NEG ? gj_lcomplex_negate(L, a) : a;
	/* −x and ~x are computed in the operand's own width and then extended: −uint32(1) is 4294967295. Not so −int8 and
	 * −int16, which are exact: PTX leaves it open what a 16-bit −(−32768) is. */
	bool wide = gj_is_bool(a.type) ? op != GJ_UN_INVERT : op == GJ_UN_NEG && gj_is_signed(a.type) && a.type->size < 4;
	const gj_type *own = wide ? t : a.type;
	gj_ref x = gj_ecast(L, a.part[0], own);
	if (op != GJ_UN_POS)
		x = gj_e1(L, op == GJ_UN_NEG ? GJ_NEG : GJ_NOT, own, x);
	return gj_lv_scalar(L, t, gj_ecast(L, x, t));
}
