/* Lowering of cuda.fp16 and cuda.bf16 (names/halves.def): operands become halves first, whatever numbers they are. */
#include "lower/lower.h"

#include <math.h>

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }
static const gj_type *half_of(const gj_lcall *c) { return T(c->arg & 255); }
static int what(const gj_lcall *c) { return c->arg >> 8 & 255; }
static gj_half_how how(const gj_lcall *c) { return (gj_half_how)(c->arg >> 16); }

static gj_ref isnan_of(gj_lower *L, gj_ref x) { return gj_e1(L, GJ_ISNAN, gj_bool(), x); }
static gj_ref choose(gj_lower *L, gj_ref c, gj_ref a, gj_ref b) { return gj_e3(L, GJ_SELECT, gj_o(L->fn, a)->type, c, a, b); }

static gj_ref math(gj_lower *L, gj_math row, const gj_type *t, gj_ref x)
{
	gj_ref r = gj_e1(L, GJ_MATH, t, x);
	gj_o(L->fn, r)->imm.i = row;
	return r;
}

gj_lv gj_lower_half_op(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = half_of(c);
	gj_ref a[3], zero = gj_eflt(L, t, 0);
	for (uint32_t i = 0; i < c->n; i++)
		a[i] = gj_larg(c, i, t);
	gj_ref r = gj_esub(L, (gj_opcode)what(c), how(c) == GJ_HALF_ALONE, t, c->n, a);
	switch (how(c)) {
	case GJ_HALF_SATURATED:
		return gj_lresult(c, gj_e2(L, GJ_MIN, t, gj_e2(L, GJ_MAX, t, r, zero), gj_eflt(L, t, 1)));
	case GJ_HALF_POSITIVE:
		return gj_lresult(c, choose(L, isnan_of(L, r), r, gj_e2(L, GJ_MAX, t, r, zero)));
	case GJ_HALF_NAN:
		r = choose(L, isnan_of(L, a[1]), a[1], r);
		return gj_lresult(c, choose(L, isnan_of(L, a[0]), a[0], r));
	default:
		return gj_lresult(c, r);
	}
}

gj_lv gj_lower_half_compare(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = half_of(c);
	gj_ref a = gj_larg(c, 0, t), b = gj_larg(c, 1, t), r = gj_ecmp(L, (gj_cmpop)what(c), a, b);
	gj_ref nan = gj_e2(L, GJ_OR, gj_bool(), isnan_of(L, a), isnan_of(L, b));
	if (how(c) == GJ_HALF_UNORDERED)
		return gj_lresult(c, gj_e2(L, GJ_OR, gj_bool(), r, nan));
	return gj_lresult(c, what(c) == GJ_CMP_NE ? gj_e2(L, GJ_AND, gj_bool(), r, gj_e1(L, GJ_NOT, gj_bool(), nan)) : r);
}

gj_lv gj_lower_half_math(gj_lcall *c)
{
	const gj_type *t = half_of(c);
	return gj_lresult(c, math(c->L, (gj_math)what(c), t, gj_larg(c, 0, t)));
}

gj_lv gj_lower_half_reciprocal(gj_lcall *c)
{
	const gj_type *t = half_of(c);
	return gj_lresult(c, gj_e2(c->L, GJ_DIV, t, gj_eflt(c->L, t, 1), gj_larg(c, 0, t)));
}

/* As a power of 2, in float32: that leaves more bits than a half has. */
gj_lv gj_lower_half_exp10(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *f32 = T(GJ_F32);
	gj_ref x = gj_ecast(L, gj_larg(c, 0, half_of(c)), f32);
	x = math(L, GJ_MATH_EXP2, f32, gj_e2(L, GJ_MUL, f32, x, gj_eflt(L, f32, 3.3219280948873623478703194294894)));
	return gj_lresult(c, gj_ecast(L, x, half_of(c)));
}

gj_lv gj_lower_half_isnan(gj_lcall *c) { return gj_lresult(c, isnan_of(c->L, gj_larg(c, 0, half_of(c)))); }

gj_lv gj_lower_half_isinf(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = half_of(c), *i32 = T(GJ_I32);
	gj_ref x = gj_larg(c, 0, t), minus = gj_ecmp(L, GJ_CMP_LT, x, gj_eflt(L, t, 0));
	gj_ref sign = choose(L, minus, gj_eint(L, i32, -1), gj_eint(L, i32, 1));
	return gj_lresult(c, choose(L, gj_e1(L, GJ_ISINF, gj_bool(), x), sign, gj_eint(L, i32, 0)));
}

/* -- Conversions ----------------------------------------------------------------------------------------------------------- */

/* A number as float64, so that no half between two others lies on the other side of it: of 64-bit integers the bits that float64 does
 * not hold become one that says whether there are any. */
static gj_ref in_double(gj_lower *L, gj_ref x)
{
	const gj_type *t = gj_o(L->fn, x)->type, *f64 = T(GJ_F64);
	if (t->size < 8 || gj_is_float(t))
		return gj_ecast(L, x, f64);
	gj_ref zero = gj_eint(L, t, 0), rest = gj_e2(L, GJ_AND, t, x, gj_eint(L, t, 0x7ff));
	gj_ref bit = choose(L, gj_ecmp(L, GJ_CMP_NE, rest, zero), gj_eint(L, t, 0x800), zero);
	gj_ref cut = gj_e2(L, GJ_OR, t, gj_e2(L, GJ_SUB, t, x, rest), bit), large = gj_ecmp(L, GJ_CMP_GE, x, gj_eint(L, t, INT64_C(1) << 53));
	if (gj_is_signed(t))
		large = gj_e2(L, GJ_OR, gj_bool(), large, gj_ecmp(L, GJ_CMP_LE, x, gj_eint(L, t, -(INT64_C(1) << 53))));
	return gj_ecast(L, choose(L, large, cut, x), f64);
}

/* The next half below, or above: of the bits. */
static gj_ref step(gj_lower *L, gj_ref bits, bool up)
{
	const gj_type *u = T(GJ_U16);
	gj_ref minus = gj_ecmp(L, GJ_CMP_GE, bits, gj_eint(L, u, 0x8000)), one = gj_eint(L, u, 1);
	gj_ref away = gj_e2(L, GJ_ADD, u, bits, one), back = gj_e2(L, GJ_SUB, u, bits, one);
	return up ? choose(L, minus, back, away) : choose(L, minus, away, back);
}

gj_lv gj_lower_half_from(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = half_of(c), *u = T(GJ_U16), *f64 = T(GJ_F64);
	gj_ref x = gj_larg(c, 0, T((gj_kind)what(c))), near = gj_ecast(L, x, t);
	if (how(c) == GJ_HALF_NEAREST)
		return gj_lresult(c, near);
	gj_ref exact = in_double(L, x), got = gj_ecast(L, near, f64), bits = gj_e1(L, GJ_BITCAST, u, near), zero = gj_eflt(L, f64, 0);
	gj_ref over = gj_ecmp(L, GJ_CMP_GT, got, exact), under = gj_ecmp(L, GJ_CMP_LT, got, exact);
	gj_ref positive = gj_ecmp(L, GJ_CMP_GT, exact, zero), negative = gj_ecmp(L, GJ_CMP_LT, exact, zero);
	if (how(c) == GJ_HALF_ZERO) {
		over = gj_e2(L, GJ_AND, gj_bool(), over, positive);
		under = gj_e2(L, GJ_AND, gj_bool(), under, negative);
	}
	gj_ref r = bits;
	if (how(c) != GJ_HALF_UP)
		r = choose(L, over, step(L, bits, false), r);
	if (how(c) != GJ_HALF_DOWN)
		r = choose(L, under, step(L, bits, true), r);
	return gj_lresult(c, gj_e1(L, GJ_BITCAST, t, r));
}

/* To an integer of 8 or 16 bits the number is cut to what that holds: conversion itself would drop upper bits. */
gj_lv gj_lower_half_to(gj_lcall *c)
{
	static const uint8_t row[] = { [GJ_HALF_NEAREST] = GJ_MATH_RINT, [GJ_HALF_ZERO] = GJ_MATH_TRUNC, [GJ_HALF_DOWN] = GJ_MATH_FLOOR,
		[GJ_HALF_UP] = GJ_MATH_CEIL };
	gj_lower *L = c->L;
	const gj_type *to = T((gj_kind)what(c)), *f32 = T(GJ_F32);
	gj_ref x = gj_ecast(L, gj_larg(c, 0, half_of(c)), f32);
	if (gj_is_float(to))
		return gj_lresult(c, gj_ecast(L, x, to));
	x = math(L, (gj_math)row[how(c)], f32, x);
	gj_ref nan = isnan_of(L, x);
	if (to->size < 4) {
		double most = ldexp(1, 8 * to->size - gj_is_signed(to)) - 1, least = gj_is_signed(to) ? -most - 1 : 0;
		x = gj_e2(L, GJ_MIN, f32, gj_e2(L, GJ_MAX, f32, x, gj_eflt(L, f32, least)), gj_eflt(L, f32, most));
	}
	return gj_lresult(c, choose(L, nan, gj_eint(L, to, 0), gj_ecast(L, x, to)));
}

gj_lv gj_lower_half_bits(gj_lcall *c)
{
	return gj_lresult(c, gj_e1(c->L, GJ_BITCAST, T((gj_kind)what(c)), gj_larg(c, 0, half_of(c))));
}

gj_lv gj_lower_half_of_bits(gj_lcall *c)
{
	return gj_lresult(c, gj_e1(c->L, GJ_BITCAST, half_of(c), gj_larg(c, 0, T((gj_kind)what(c)))));
}
