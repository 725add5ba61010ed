/* Lowering of math.* and of NumPy's scalar functions. */
#include "lower/lower.h"

#include <math.h>
#include <string.h>

static const double DEGREES = 57.295779513082320876798154814105, RADIANS = 0.017453292519943295769236907684886,
                    LOG_2 = 0.69314718055994530941723212145818, LOG2_E = 1.4426950408889634073599246810019;

static bool is_numpy(const gj_lcall *c) { return !strncmp(c->name, "np.", 3); }

static gj_ref math(gj_lower *L, gj_math id, const gj_type *t, uint32_t n, const gj_ref *a)
{
	gj_ref r = gj_e(L, GJ_MATH, t, n, a);
	gj_o(L->fn, r)->imm.i = id;
	return r;
}

/* The type that the operands meet in: as the rule says for the module that the function comes from. */
static const gj_type *common(gj_lcall *c)
{
	const gj_type *as = NULL;
	const char *bare = strchr(c->name, '.') + 1;
	const gj_type *b = c->n > 1 ? c->a[1].type : NULL;
	if (is_numpy(c))
		gj_rule_numpy(bare, c->a[0].type, b, &as);
	else
		gj_rule_math(bare, c->a[0].type, b, &as);
	return as ? as : c->type;
}

/* C's remainder, which has the sign of a, from Python's, which has that of b. */
static gj_ref int_fmod(gj_lower *L, const gj_type *t, gj_ref a, gj_ref b)
{
	gj_ref r = gj_e2(L, GJ_MOD, t, a, b), zero = gj_eint(L, t, 0);
	if (gj_is_unsigned(t))
		return r;
	gj_ref differ = gj_ecmp(L, GJ_CMP_NE, gj_ecmp(L, GJ_CMP_LT, a, zero), gj_ecmp(L, GJ_CMP_LT, b, zero));
	differ = gj_e2(L, GJ_AND, gj_bool(), differ, gj_ecmp(L, GJ_CMP_NE, r, zero));
	return gj_e3(L, GJ_SELECT, t, differ, gj_e2(L, GJ_SUB, t, r, b), r);
}

/* The results of floor, ceil and trunc are integers for NumPy, of integers, which stay as they are, and for Python, of floats too. */
static gj_ref whole_part(gj_lcall *c)
{
	const gj_type *as, *t = c->type;
	if (gj_is_float(c->a[0].type))
		t = gj_rule_math(strchr(c->name, '.') + 1, c->a[0].type, NULL, &as);
	gj_ref x = gj_larg(c, 0, t);
	return gj_ecast(c->L, gj_is_float(t) ? math(c->L, (gj_math)c->arg, t, 1, &x) : x, c->type);
}

static gj_ref int_math(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *as = common(c);
	if (c->arg != GJ_MATH_POW && c->arg != GJ_MATH_FMOD)
		return whole_part(c);
	gj_ref a = gj_ecast(L, gj_larg(c, 0, as), t), b = gj_ecast(L, gj_larg(c, 1, as), t);
	return c->arg == GJ_MATH_POW ? gj_e2(L, GJ_POW, t, a, b) : int_fmod(L, t, a, b);
}

/* Is a value an integer whatever its type? */
static bool whole(gj_lv v)
{
	bool literal = v.konst && v.konst->kind == GJ_OBJ_FLOAT && floor(v.konst->f) == v.konst->f && isfinite(v.konst->f);
	return gj_is_int(v.type) || gj_is_bool(v.type) || literal;
}

/* The power y of two whole numbers, made exact where it fits in the type's mantissa: libraries are an ulp off, and int() then
 * gives the number below. A few multiplications are exact there. */
static gj_ref whole_power(gj_lcall *c, gj_ref x, gj_ref y)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *i64 = gj_scalar[GJ_I64];
	gj_ref n = gj_larg(c, 1, i64), last = gj_eint(L, gj_scalar[GJ_U64], 63);
	gj_ref few = gj_ecmp(L, GJ_CMP_LE, gj_ecast(L, n, gj_scalar[GJ_U64]), last);
	gj_ref fits = gj_ecmp(L, GJ_CMP_LE, gj_e1(L, GJ_ABS, t, y), gj_eflt(L, t, t->size == 8 ? 0x1p53 : 0x1p24));
	gj_ref exact = gj_e2(L, GJ_POW, t, x, gj_e2(L, GJ_AND, i64, n, gj_eint(L, i64, 63)));
	return gj_e3(L, GJ_SELECT, t, gj_e2(L, GJ_AND, gj_bool(), few, fits), exact, y);
}

gj_lv gj_lower_math(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *second = c->arg == GJ_MATH_LDEXP ? gj_scalar[GJ_I32] : t;
	if (gj_is_complex(t))
		return gj_lcomplex_math(c);
	if (!gj_is_float(t))
		return gj_lresult(c, int_math(c));
	gj_ref a[2] = { gj_larg(c, 0, t), c->n > 1 ? gj_larg(c, 1, second) : 0 };
	int64_t n;
	if (c->arg == GJ_MATH_POW && is_numpy(c) && gj_obj_is_int(c->a[1].konst, &n) && n >= -1 && n <= 3)
		return gj_lresult(c, gj_lpower(L, t, a[0], c->a[1], gj_scalar[GJ_I64]));
	gj_ref r = math(L, (gj_math)c->arg, t, c->n, a);
	if (c->arg == GJ_MATH_POW && whole(c->a[0]) && whole(c->a[1]))
		r = whole_power(c, a[0], r);
	return gj_lresult(c, r);
}

gj_lv gj_lower_fabs(gj_lcall *c) { return gj_lresult(c, gj_e1(c->L, GJ_ABS, c->type, gj_larg(c, 0, c->type))); }

/* Of a complex number: is a part that, for ISFINITE are both? */
gj_lv gj_lower_isfp(gj_lcall *c)
{
	gj_opcode op = (gj_opcode)c->arg;
	if (gj_is_complex(c->a[0].type)) {
		gj_ref re = gj_e1(c->L, op, gj_bool(), c->a[0].part[0]), im = gj_e1(c->L, op, gj_bool(), c->a[0].part[1]);
		return gj_lresult(c, gj_e2(c->L, op == GJ_ISFINITE ? GJ_AND : GJ_OR, gj_bool(), re, im));
	}
	if (!gj_is_float(c->a[0].type))
		return gj_lresult(c, gj_eint(c->L, gj_bool(), c->arg == GJ_ISFINITE));
	return gj_lresult(c, gj_e1(c->L, op, gj_bool(), c->a[0].part[0]));
}

/* arg 0: radians to degrees, 1: degrees to radians */
gj_lv gj_lower_angle(gj_lcall *c)
{
	gj_ref factor = gj_eflt(c->L, c->type, c->arg ? RADIANS : DEGREES);
	return gj_lresult(c, gj_e2(c->L, GJ_MUL, c->type, gj_larg(c, 0, c->type), factor));
}

gj_lv gj_lower_modf(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type->item[0];
	gj_ref x = gj_larg(c, 0, t), whole = math(L, GJ_MATH_TRUNC, t, 1, &x);
	gj_ref rest = gj_e2(L, GJ_SUB, t, x, whole), zero = gj_eflt(L, t, 0);
	rest = gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISINF, gj_bool(), x), zero, rest);
	gj_ref a[2] = { rest, x };
	return gj_lv_pair(L, c->type, gj_lresult(c, math(L, GJ_MATH_COPYSIGN, t, 2, a)), gj_lresult(c, whole));
}

gj_lv gj_lower_frexp(gj_lcall *c)
{
	gj_ref x = gj_larg(c, 0, c->type->item[0]);
	return gj_lv_pair(c->L, c->type, gj_lresult(c, math(c->L, GJ_MATH_FREXP_MANT, c->type->item[0], 1, &x)),
	                  gj_lresult(c, gj_ecast(c->L, math(c->L, GJ_MATH_FREXP_EXP, gj_scalar[GJ_I32], 1, &x), c->type->item[1])));
}

/* -- NumPy ---------------------------------------------------------------------------------------------------------- */

static gj_ref as_both(gj_lcall *c, uint32_t i, const gj_type *as, const gj_type *t) { return gj_ecast(c->L, gj_larg(c, i, as), t); }

static gj_lv complex_binary(gj_lcall *c, gj_opcode op)
{
	const gj_type *t = c->type;
	if (op == GJ_MAX || op == GJ_MIN)
		return gj_lcomplex_minmax(c->L, op, true, gj_lconv(c->L, c->a[0], t), gj_lconv(c->L, c->a[1], t));
	gj_binop as = op == GJ_ADD ? GJ_OP_ADD_ : op == GJ_SUB ? GJ_OP_SUB_ : op == GJ_MUL ? GJ_OP_MUL_ : GJ_OP_TRUEDIV_;
	return gj_lcomplex_binop(c->L, as, t, c->a[0], c->a[1]);
}

gj_lv gj_lower_npbin(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *as = common(c);
	gj_opcode op = (gj_opcode)c->arg;
	if (gj_is_complex(t))
		return complex_binary(c, op);
	if (gj_is_bool(t) && !gj_is_float(as))                                     /* bool: + is or, * is and; the order is False < True */
		op = op == GJ_ADD || op == GJ_MAX ? GJ_OR : op == GJ_MUL || op == GJ_MIN ? GJ_AND : op;
	gj_ref a = as_both(c, 0, as, t), b = as_both(c, 1, as, t);
	if (op == GJ_SHL || op == GJ_SHR)
		b = gj_ecast(L, b, gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64]);
	if ((op == GJ_SHL || op == GJ_SHR) && t->size < 8) {                       /* a count past the width leaves nothing of a narrow type */
		const gj_type *wide = gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64];
		return gj_lresult(c, gj_ecast(L, gj_e2(L, op, wide, gj_ecast(L, a, wide), b), t));
	}
	return gj_lresult(c, gj_e2(L, op, t, a, b));
}

/* maximum and minimum give NaN where either operand is one; fmax and fmin do not. */
gj_lv gj_lower_npminmax(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type;
	if (gj_is_complex(t))
		return gj_lcomplex_minmax(L, (gj_opcode)c->arg, false, gj_lconv(L, c->a[0], t), gj_lconv(L, c->a[1], t));
	if (!gj_is_float(t))
		return gj_lower_npbin(c);
	gj_ref a = gj_larg(c, 0, t), b = gj_larg(c, 1, t), r = gj_e2(L, (gj_opcode)c->arg, t, a, b);
	r = gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISNAN, gj_bool(), b), b, r);
	return gj_lresult(c, gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISNAN, gj_bool(), a), a, r));
}

gj_lv gj_lower_npcmp(gj_lcall *c)
{
	const gj_type *as = common(c);
	if (gj_is_complex(as))
		return gj_lresult(c, gj_lcomplex_compare(c->L, (gj_cmpop)c->arg, as, c->a[0], c->a[1]));
	return gj_lcompare(c->L, (gj_cmpop)c->arg, c->a[0], c->a[1]);
}

gj_lv gj_lower_nplogic(gj_lcall *c)
{
	gj_ref a = gj_ltruth(c->L, c->a[0]);
	if (c->arg == GJ_NOT)
		return gj_lresult(c, gj_e1(c->L, GJ_NOT, gj_bool(), a));
	return gj_lresult(c, gj_e2(c->L, (gj_opcode)c->arg, gj_bool(), a, gj_ltruth(c->L, c->a[1])));
}

gj_lv gj_lower_npun(gj_lcall *c)
{
	if (gj_is_complex(c->a[0].type))
		return c->arg == GJ_ABS ? gj_lresult(c, gj_lcomplex_abs(c->L, c->a[0]))
		       : c->arg == GJ_NEG ? gj_lcomplex_negate(c->L, c->a[0]) : c->a[0];
	gj_ref x = gj_larg(c, 0, c->type);
	bool none = c->arg == GJ_NOP || (c->arg == GJ_ABS && (gj_is_unsigned(c->type) || gj_is_bool(c->type)));
	return gj_lresult(c, none ? x : gj_e1(c->L, (gj_opcode)c->arg, c->type, x));
}

/* arg 0: square, 1: reciprocal */
gj_lv gj_lower_npsquare(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type;
	if (gj_is_complex(t))
		return gj_lcomplex_square(c);
	gj_ref x = gj_larg(c, 0, t);
	if (!c->arg)
		return gj_lresult(c, gj_is_bool(t) ? x : gj_e2(L, GJ_MUL, t, x, x));
	gj_ref one = gj_eint(L, t, 1), zero = gj_eint(L, t, 0);
	if (gj_is_float(t))
		return gj_lresult(c, gj_e2(L, GJ_DIV, t, one, x));
	gj_ref size = gj_is_signed(t) ? gj_e1(L, GJ_ABS, t, x) : x;                  /* 1 / x goes towards zero; of 0 it is 0 */
	return gj_lresult(c, gj_e3(L, GJ_SELECT, t, gj_ecmp(L, GJ_CMP_EQ, size, one), x, zero));
}

/* arg 0: sign, 1: signbit */
gj_lv gj_lower_npsign(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->a[0].type;
	gj_ref x = c->a[0].part[0];
	if (gj_is_complex(t))
		return gj_lcomplex_sign(L, c->a[0]);
	if (gj_is_bool(t) || gj_is_unsigned(t)) {
		gj_ref positive = gj_ltruth(L, c->a[0]);
		return gj_lresult(c, c->arg ? gj_eint(L, gj_bool(), 0) : gj_ecast(L, positive, c->type));
	}
	gj_ref zero = gj_eint(L, t, 0), one = gj_eint(L, t, 1);
	if (c->arg) {
		gj_ref a[2] = { one, x };
		gj_ref s = gj_is_float(t) ? math(L, GJ_MATH_COPYSIGN, t, 2, a) : x;
		return gj_lresult(c, gj_ecmp(L, GJ_CMP_LT, s, zero));
	}
	gj_ref s = gj_e3(L, GJ_SELECT, t, gj_ecmp(L, GJ_CMP_GT, x, zero), one, gj_eint(L, t, -1));
	s = gj_e3(L, GJ_SELECT, t, gj_ecmp(L, GJ_CMP_EQ, x, zero), zero, s);
	return gj_lresult(c, gj_is_float(t) ? gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISNAN, gj_bool(), x), x, s) : s);
}

/* The way to the next number of the same sign and larger size; upwards from −0. */
gj_lv gj_lower_npspacing(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type;
	gj_ref x = gj_larg(c, 0, t), end = gj_eflt(L, t, INFINITY), zero = gj_eint(L, t, 0);
	end = gj_e3(L, GJ_SELECT, t, gj_ecmp(L, GJ_CMP_LT, x, zero), gj_eflt(L, t, -INFINITY), end);
	gj_ref next = math(L, GJ_MATH_NEXTAFTER, t, 2, (gj_ref[]){ x, end });
	return gj_lresult(c, gj_e2(L, GJ_SUB, t, next, x));
}

/* log(exp(a) + exp(b)), arg 1: of powers of two. Equal operands may be infinite. */
gj_lv gj_lower_nplogadd(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type;
	bool two = c->arg;
	gj_ref a = gj_larg(c, 0, t), b = gj_larg(c, 1, t);
	gj_ref away = gj_e1(L, GJ_NEG, t, gj_e1(L, GJ_ABS, t, gj_e2(L, GJ_SUB, t, a, b)));
	gj_ref less = math(L, two ? GJ_MATH_EXP2 : GJ_MATH_EXP, t, 1, &away), more = math(L, GJ_MATH_LOG1P, t, 1, &less);
	if (two)
		more = gj_e2(L, GJ_MUL, t, more, gj_eflt(L, t, LOG2_E));
	gj_ref sum = gj_e2(L, GJ_ADD, t, gj_e2(L, GJ_MAX, t, a, b), more);
	gj_ref twice = gj_e2(L, GJ_ADD, t, a, gj_eflt(L, t, two ? 1 : LOG_2));
	return gj_lresult(c, gj_e3(L, GJ_SELECT, t, gj_ecmp(L, GJ_CMP_EQ, a, b), twice, sum));
}

/* |x|, unsigned, at 32 or 64 bits. */
static gj_ref magnitude(gj_lcall *c, uint32_t i)
{
	bool wide = c->type->size == 8;
	const gj_type *u = gj_scalar[wide ? GJ_U64 : GJ_U32];
	gj_ref x = gj_larg(c, i, c->type);
	if (gj_is_unsigned(c->type))
		return gj_ecast(c->L, x, u);
	const gj_type *s = gj_scalar[wide ? GJ_I64 : GJ_I32];
	return gj_ecast(c->L, gj_e1(c->L, GJ_ABS, s, gj_ecast(c->L, x, s)), u);
}

/* Euclid; arg 1: the least common multiple. */
gj_lv gj_lower_npgcd(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref x = magnitude(c, 0), y = magnitude(c, 1), pair[2][2] = { { x, 0 }, { y, 0 } };
	const gj_type *u = gj_o(L->fn, x)->type;
	uint32_t head = gj_block_new(L->fn), body = gj_block_new(L->fn), done = gj_block_new(L->fn);
	gj_ref zero = gj_eint(L, u, 0);
	pair[0][1] = pair[1][1] = zero;
	gj_jump(L, head);
	L->cur = head;
	gj_ref a = gj_e(L, GJ_PHI, u, 2, pair[0]), b = gj_e(L, GJ_PHI, u, 2, pair[1]);
	gj_branch(L, gj_ecmp(L, GJ_CMP_NE, b, zero), body, done);
	L->cur = body;
	gj_o(L->fn, b)->arg[1] = gj_e2(L, GJ_MOD, u, a, b);
	gj_o(L->fn, a)->arg[1] = b;
	gj_jump(L, head);
	L->cur = done;
	if (c->arg)                                                           /* x // 0 is 0 */
		a = gj_e2(L, GJ_MUL, u, gj_e2(L, GJ_FLOORDIV, u, x, a), y);
	return gj_lresult(c, gj_ecast(L, a, c->type));
}
