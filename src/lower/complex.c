/* Lowering of complex numbers: operators, comparisons, what Python, cmath and NumPy name. A complex number is its two
 * parts; what follows in the compiler sees floats alone. A real operand is not made complex first: its imaginary part of
 * zero would cost operations, and turn infinities into NaN. */
#include "lower/complex_build.h"

#include <math.h>
#include <string.h>

/* The parts of a complex value, and the value of parts. */
static gj_cx parts_of(gj_lv v) { return (gj_cx){ v.part[0], v.part[1] }; }

static gj_lv value_of(gj_lower *L, const gj_type *t, gj_cx z)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	p[0] = z.re;
	p[1] = z.im;
	return v;
}

static const double DEGREES = 57.295779513082320876798154814105;

/* -- Arithmetic ------------------------------------------------------------------------------------------------------- */

/* z * z takes the sum of two equal products as one: (a + a) * b is the same number, and can be fused with what is added. */
static gj_cx product_of(const gj_cbuild *k, gj_cx x, gj_cx y)
{
	gj_ref re = gj_csub(k, gj_cmul(k, x.re, y.re), gj_cmul(k, x.im, y.im));
	if (x.re == y.re && x.im == y.im)
		return (gj_cx){ re, gj_cmul(k, gj_cadd(k, x.re, x.re), x.im) };
	return (gj_cx){ re, gj_cadd(k, gj_cmul(k, x.re, y.im), gj_cmul(k, x.im, y.re)) };
}

/* Smith's way, as NumPy does it: by the larger part of the divisor first, so that no square overflows. */
static gj_cx quotient_of(const gj_cbuild *k, gj_cx x, gj_cx y)
{
	gj_lower *L = k->L;
	gj_ref re = gj_cmag(k, y.re), im = gj_cmag(k, y.im), big = gj_ecmp(L, GJ_CMP_GE, re, im);
	gj_ref most = gj_cpick(k, big, y.re, y.im), least = gj_cpick(k, big, y.im, y.re);
	gj_ref a = gj_cpick(k, big, x.re, x.im), b = gj_cpick(k, big, x.im, x.re);
	gj_ref ratio = gj_cdiv(k, least, most);
	gj_ref scale = gj_cdiv(k, gj_cnum(k, 1), gj_cadd(k, most, gj_cmul(k, least, ratio)));
	gj_ref at = gj_cmul(k, a, ratio), sum = gj_cadd(k, a, gj_cmul(k, b, ratio));
	gj_ref difference = gj_cpick(k, big, gj_csub(k, b, at), gj_csub(k, at, b));
	gj_ref zero = gj_cand(k, big, gj_cis(k, GJ_CMP_EQ, re, 0));
	return (gj_cx){ gj_cpick(k, zero, gj_cdiv(k, x.re, re), gj_cmul(k, sum, scale)),
	                gj_cpick(k, zero, gj_cdiv(k, x.im, re), gj_cmul(k, difference, scale)) };
}

/* 1 / z in the same way. */
static gj_cx reciprocal(const gj_cbuild *k, gj_cx z)
{
	gj_ref big = gj_ecmp(k->L, GJ_CMP_GE, gj_cmag(k, z.re), gj_cmag(k, z.im));
	gj_ref most = gj_cpick(k, big, z.re, z.im), least = gj_cpick(k, big, z.im, z.re), ratio = gj_cdiv(k, least, most);
	gj_ref under = gj_cadd(k, most, gj_cmul(k, least, ratio)), one = gj_cdiv(k, gj_cnum(k, 1), under), part = gj_cdiv(k, ratio, under);
	return (gj_cx){ gj_cpick(k, big, one, part), gj_cneg(k, gj_cpick(k, big, part, one)) };
}

/* z ** n for a constant n by multiplications. */
static gj_cx power_const(const gj_cbuild *k, gj_cx z, int64_t n)
{
	const gj_cx one = { gj_cnum(k, 1), gj_cnum(k, 0) };
	uint64_t e = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	gj_cx r = one;
	for (bool any = false; e; e >>= 1) {
		if (e & 1)
			r = any ? product_of(k, r, z) : z;
		any |= e & 1;
		if (e > 1)
			z = product_of(k, z, z);
	}
	return n < 0 ? quotient_of(k, one, r) : r;
}

/* z ** n for an integer that is not known yet: by squares, one a bit. */
static gj_cx power_int(const gj_cbuild *k, gj_cx z, gj_ref n)
{
	gj_lower *L = k->L;
	const gj_type *u64 = gj_scalar[GJ_U64];
	bool sign = gj_is_signed(gj_o(L->fn, n)->type);
	gj_ref wide = sign ? gj_ecast(L, n, gj_i64()) : n, size = gj_ecast(L, sign ? gj_e1(L, GJ_ABS, gj_i64(), wide) : n, u64);
	gj_ref start[5] = { size, gj_cnum(k, 1), gj_cnum(k, 0), z.re, z.im }, phi[5], none = gj_eint(L, u64, 0), one = gj_eint(L, u64, 1);
	uint32_t head = gj_block_new(L->fn), body = gj_block_new(L->fn), done = gj_block_new(L->fn);
	gj_jump(L, head);
	L->cur = head;
	for (int i = 0; i < 5; i++)
		phi[i] = gj_e(L, GJ_PHI, i ? k->t : u64, 2, (gj_ref[]){ start[i], start[i] });
	gj_branch(L, gj_ecmp(L, GJ_CMP_NE, phi[0], none), body, done);
	L->cur = body;
	gj_cx r = { phi[1], phi[2] }, square = { phi[3], phi[4] }, product = product_of(k, r, square);
	gj_ref odd = gj_ecmp(L, GJ_CMP_NE, gj_e2(L, GJ_AND, u64, phi[0], one), none);
	square = product_of(k, square, square);
	gj_ref next[5] = { gj_e2(L, GJ_SHR, u64, phi[0], one), gj_cpick(k, odd, product.re, r.re), gj_cpick(k, odd, product.im, r.im),
	                   square.re, square.im };
	for (int i = 0; i < 5; i++)
		gj_o(L->fn, phi[i])->arg[1] = next[i];
	gj_jump(L, head);
	L->cur = done;
	if (!sign)
		return r;
	gj_cx turned = quotient_of(k, (gj_cx){ start[1], start[2] }, r);
	gj_ref below = gj_ecmp(L, GJ_CMP_LT, wide, gj_eint(L, gj_i64(), 0));
	return (gj_cx){ gj_cpick(k, below, turned.re, r.re), gj_cpick(k, below, turned.im, r.im) };
}

/* Is a constant a whole number that multiplications give the power of? */
static bool few(gj_lv v, int64_t *n)
{
	const gj_obj *o = v.konst;
	bool real = o && (o->kind == GJ_OBJ_FLOAT || (o->kind == GJ_OBJ_COMPLEX && o->im == 0));
	if (real && o->f == floor(o->f) && fabs(o->f) <= 64)
		return *n = (int64_t)o->f, true;
	return gj_obj_is_int(o, n) && *n >= -64 && *n <= 64;
}

static gj_cx combine(const gj_cbuild *k, gj_binop op, gj_lv a, gj_lv b)
{
	bool real_a = !gj_is_complex(a.type), real_b = !gj_is_complex(b.type);
	gj_ref zero = real_a || real_b ? gj_cnum(k, 0) : 0;
	gj_cx x = { a.part[0], real_a ? zero : a.part[1] }, y = { b.part[0], real_b ? zero : b.part[1] };
	int64_t n;
	switch (op) {
	case GJ_OP_ADD_: return (gj_cx){ gj_cadd(k, x.re, y.re), real_a ? y.im : real_b ? x.im : gj_cadd(k, x.im, y.im) };
	case GJ_OP_SUB_: return (gj_cx){ gj_csub(k, x.re, y.re), real_a ? gj_cneg(k, y.im) : real_b ? x.im : gj_csub(k, x.im, y.im) };
	case GJ_OP_MUL_:
		if (real_a || real_b)
			return (gj_cx){ gj_cmul(k, x.re, y.re), real_a ? gj_cmul(k, x.re, y.im) : gj_cmul(k, x.im, y.re) };
		return product_of(k, x, y);
	case GJ_OP_TRUEDIV_:
		return real_b ? (gj_cx){ gj_cdiv(k, x.re, y.re), gj_cdiv(k, x.im, y.re) } : quotient_of(k, x, y);
	default:         return few(b, &n) ? power_const(k, x, n) : gj_cx_power(k, x, y);
	}
}

gj_lv gj_lcomplex_binop(gj_lower *L, gj_binop op, const gj_type *t, gj_lv a, gj_lv b)
{
	gj_cbuild k = { L, gj_real_type(t) };
	gj_lv v[2] = { a, b };
	int64_t n;
	if (op == GJ_OP_POW_ && gj_is_int(b.type) && !few(b, &n))
		return value_of(L, t, power_int(&k, parts_of(gj_lconv(L, a, t)), b.part[0]));
	for (int i = 0; i < 2; i++) {
		v[i] = gj_lconv(L, v[i], gj_is_complex(v[i].type) ? t : k.t);
		v[i].konst = (i ? b : a).konst;
	}
	return value_of(L, t, combine(&k, op, v[0], v[1]));
}

gj_lv gj_lcomplex_negate(gj_lower *L, gj_lv a)
{
	gj_cbuild k = { L, gj_real_type(a.type) };
	return value_of(L, a.type, (gj_cx){ gj_cneg(&k, a.part[0]), gj_cneg(&k, a.part[1]) });
}

/* -- Comparison ------------------------------------------------------------------------------------------------------- */

/* NumPy's order: by the real parts, and where they are equal by the imaginary ones; nothing is less than NaN. */
gj_ref gj_lcomplex_compare(gj_lower *L, gj_cmpop op, const gj_type *as, gj_lv a, gj_lv b)
{
	gj_cbuild k = { L, gj_real_type(as) };
	gj_cx x = parts_of(gj_lconv(L, a, as)), y = parts_of(gj_lconv(L, b, as));
	gj_ref re = gj_ecmp(L, op, x.re, y.re), im = gj_ecmp(L, op, x.im, y.im);
	if (op == GJ_CMP_EQ || op == GJ_CMP_NE)
		return op == GJ_CMP_EQ ? gj_cand(&k, re, im) : gj_cor(&k, re, im);
	gj_cmpop strict = op == GJ_CMP_LE ? GJ_CMP_LT : op == GJ_CMP_GE ? GJ_CMP_GT : op;
	gj_ref nan = gj_cor(&k, gj_ctest(&k, GJ_ISNAN, x.im), gj_ctest(&k, GJ_ISNAN, y.im));
	re = gj_cand(&k, gj_ecmp(L, strict, x.re, y.re), gj_cnot(&k, nan));
	return gj_cor(&k, re, gj_cand(&k, gj_ecmp(L, GJ_CMP_EQ, x.re, y.re), im));
}

static gj_ref is_nan(const gj_cbuild *k, gj_cx z) { return gj_cor(k, gj_ctest(k, GJ_ISNAN, z.re), gj_ctest(k, GJ_ISNAN, z.im)); }

/* In that order: a NaN wins, or, where a number does, loses. */
gj_lv gj_lcomplex_minmax(gj_lower *L, gj_opcode op, bool number_wins, gj_lv a, gj_lv b)
{
	gj_cbuild k = { L, gj_real_type(a.type) };
	gj_cx x = parts_of(a), y = parts_of(b);
	gj_ref first = gj_lcomplex_compare(L, op == GJ_MAX ? GJ_CMP_GE : GJ_CMP_LE, a.type, a, b);
	first = gj_cor(&k, first, is_nan(&k, number_wins ? y : x));
	return value_of(L, a.type, (gj_cx){ gj_cpick(&k, first, x.re, y.re), gj_cpick(&k, first, x.im, y.im) });
}

/* -- Python ----------------------------------------------------------------------------------------------------------- */

gj_lv gj_lower_complex(gj_lcall *c)
{
	const gj_type *part = gj_real_type(c->type);
	if (!c->a[0].type || !c->a[1].type)
		return gj_lconv(c->L, c->a[0].type ? c->a[0] : gj_lv_scalar(c->L, part, gj_eint(c->L, part, 0)), c->type);
	return value_of(c->L, c->type, (gj_cx){ gj_larg(c, 0, part), gj_larg(c, 1, part) });
}

gj_lv gj_lower_conjugate(gj_lcall *c)
{
	gj_lv a = gj_lconv(c->L, c->a[0], c->type);
	gj_cbuild k = { c->L, gj_real_type(a.type) };
	return gj_is_complex(a.type) ? value_of(c->L, a.type, (gj_cx){ a.part[0], gj_cneg(&k, a.part[1]) }) : a;
}

gj_ref gj_lcomplex_abs(gj_lower *L, gj_lv a)
{
	gj_cbuild k = { L, gj_real_type(a.type) };
	return gj_cx_abs(&k, parts_of(a));
}

/* -- cmath and NumPy -------------------------------------------------------------------------------------------------- */

/* Argument i as a complex number of type t. */
static gj_cx argument(gj_lcall *c, uint32_t i, const gj_type *t) { return parts_of(gj_lconv(c->L, c->a[i], t)); }

gj_lv gj_lcomplex_math(gj_lcall *c)
{
	gj_cbuild k = { c->L, gj_real_type(c->type) };
	if (c->arg == GJ_MATH_POW)
		return gj_lcomplex_binop(c->L, GJ_OP_POW_, c->type, c->a[0], c->a[1]);
	return value_of(c->L, c->type, gj_cx_math(&k, (gj_math)c->arg, argument(c, 0, c->type)));
}

/* With a second argument, log to that base. */
gj_lv gj_lower_cmath(gj_lcall *c)
{
	gj_cbuild k = { c->L, gj_real_type(c->type) };
	gj_cx z = gj_cx_math(&k, (gj_math)c->arg, argument(c, 0, c->type));
	if (c->n > 1 && c->a[1].type)
		z = quotient_of(&k, z, gj_cx_math(&k, (gj_math)c->arg, argument(c, 1, c->type)));
	return value_of(c->L, c->type, z);
}

/* arg 0: the angle, 1: absolute value and angle */
gj_lv gj_lower_cmath_polar(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_cbuild k = { L, c->arg ? c->type->item[0] : c->type };
	gj_cx z = argument(c, 0, gj_scalar[k.t->kind == GJ_F32 ? GJ_C64 : GJ_C128]);
	gj_ref angle = gj_cx_angle(&k, z);
	if (!c->arg)
		return gj_lresult(c, angle);
	return gj_lv_pair(L, c->type, gj_lresult(c, gj_cx_abs(&k, z)), gj_lresult(c, angle));
}

gj_lv gj_lower_cmath_rect(gj_lcall *c)
{
	gj_cbuild k = { c->L, gj_real_type(c->type) };
	return value_of(c->L, c->type, gj_cx_rect(&k, gj_larg(c, 0, k.t), gj_larg(c, 1, k.t)));
}

gj_lv gj_lower_npangle(gj_lcall *c)
{
	gj_cbuild k = { c->L, c->type };
	gj_cx z = argument(c, 0, gj_scalar[c->type->kind == GJ_F32 ? GJ_C64 : GJ_C128]);
	gj_ref factor = c->a[1].type ? gj_cpick(&k, gj_ltruth(c->L, c->a[1]), gj_cnum(&k, DEGREES), gj_cnum(&k, 1)) : 0;
	gj_ref angle = gj_cx_angle(&k, z);
	return gj_lresult(c, factor ? gj_cmul(&k, angle, factor) : angle);
}

/* arg 0: square, 1: reciprocal */
gj_lv gj_lcomplex_square(gj_lcall *c)
{
	gj_cbuild k = { c->L, gj_real_type(c->type) };
	gj_cx z = argument(c, 0, c->type);
	return value_of(c->L, c->type, c->arg ? reciprocal(&k, z) : product_of(&k, z, z));
}

/* z / |z|; 0 for 0. Where one part is infinite it is the sign of that. */
gj_lv gj_lcomplex_sign(gj_lower *L, gj_lv a)
{
	gj_cbuild k = { L, gj_real_type(a.type) };
	gj_ref out[2], size = gj_cx_abs(&k, parts_of(a)), zero = gj_cis(&k, GJ_CMP_EQ, size, 0), none = gj_cnum(&k, 0);
	for (int i = 0; i < 2; i++) {
		gj_ref x = a.part[i], here = gj_ctest(&k, GJ_ISINF, x), there = gj_ctest(&k, GJ_ISINF, a.part[!i]);
		gj_ref unit = gj_cx_function(&k, GJ_MATH_COPYSIGN, 2, (gj_ref[]){ gj_cnum(&k, 1), x });
		out[i] = gj_cpick(&k, gj_cand(&k, here, gj_cnot(&k, there)), unit, gj_cdiv(&k, x, size));
		out[i] = gj_cpick(&k, gj_cor(&k, zero, gj_cand(&k, there, gj_cnot(&k, here))), none, out[i]);
	}
	return value_of(L, a.type, (gj_cx){ out[0], out[1] });
}
