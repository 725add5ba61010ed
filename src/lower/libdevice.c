/* Lowering of cuda.libdevice: as operations where there are some of the same meaning, else as a call of the library. A function is named
 * by how a row of libdevice.def says that it is lowered; operands are converted to the row's types first. */
#include "lower/lower.h"

#include <string.h>

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }
static const gj_libdevice_row *row(const gj_lcall *c) { return &gj_libdevice_rows[c->arg]; }
static int value(const gj_lcall *c) { return row(c)->value; }

static const gj_type *result(const gj_lcall *c, uint32_t i) { return gj_libdevice_type(row(c)->results[i]); }
static gj_ref operand(gj_lcall *c, uint32_t i) { return gj_larg(c, i, gj_libdevice_type(row(c)->operands[i])); }
static const gj_type *unsigned_of(const gj_type *t) { return T(t->size == 8 ? GJ_U64 : GJ_U32); }

static gj_ref math(gj_lower *L, int id, const gj_type *t, uint32_t n, const gj_ref *a)
{
	gj_ref r = gj_e(L, GJ_MATH, t, n, a);
	gj_o(L->fn, r)->imm.i = id;
	return r;
}

/* The library's function `id`; `part`: which of its results. */
static gj_ref library(gj_lower *L, int id, uint8_t part, const gj_type *t, uint32_t n, const gj_ref *a)
{
	gj_ref r = gj_esub(L, GJ_LIBCALL, part, t, n, a);
	gj_o(L->fn, r)->imm.i = id;
	return r;
}

/* -- Functions ----------------------------------------------------------------------------------------------------------------- */

gj_lv gj_lower_libdevice_call(gj_lcall *c)
{
	gj_ref a[4];
	for (uint32_t i = 0; i < c->n; i++)
		a[i] = operand(c, i);
	return gj_lresult(c, library(c->L, c->arg, 0, result(c, 0), c->n, a));
}

gj_lv gj_lower_libdevice_math(gj_lcall *c)
{
	gj_ref a[2] = { operand(c, 0), c->n > 1 ? operand(c, 1) : 0 };
	return gj_lresult(c, math(c->L, value(c), result(c, 0), c->n, a));
}

static gj_lv op(gj_lcall *c, uint8_t sub)
{
	gj_ref a[3];
	for (uint32_t i = 0; i < c->n; i++)
		a[i] = operand(c, i);
	return gj_lresult(c, gj_esub(c->L, (gj_opcode)value(c), sub, result(c, 0), c->n, a));
}

gj_lv gj_lower_libdevice_op(gj_lcall *c) { return op(c, 0); }
gj_lv gj_lower_libdevice_alone(gj_lcall *c) { return op(c, 1); }

gj_lv gj_lower_libdevice_reciprocal(gj_lcall *c)
{
	const gj_type *t = result(c, 0);
	return gj_lresult(c, gj_e2(c->L, GJ_DIV, t, gj_eflt(c->L, t, 1), operand(c, 0)));
}

gj_lv gj_lower_libdevice_saturate(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = result(c, 0);
	return gj_lresult(c, gj_e2(L, GJ_MIN, t, gj_e2(L, GJ_MAX, t, operand(c, 0), gj_eflt(L, t, 0)), gj_eflt(L, t, 1)));
}

gj_lv gj_lower_libdevice_powi(gj_lcall *c)
{
	return gj_lresult(c, gj_e2(c->L, GJ_POW, result(c, 0), operand(c, 0), operand(c, 1)));
}

/* -- Several results ------------------------------------------------------------------------------------------------------------- */

static gj_lv two(gj_lcall *c, gj_ref a, gj_ref b) { return gj_lv_pair(c->L, c->type, gj_lresult(c, a), gj_lresult(c, b)); }

gj_lv gj_lower_libdevice_frexp(gj_lcall *c)
{
	gj_ref x = operand(c, 0);
	return two(c, math(c->L, GJ_MATH_FREXP_MANT, result(c, 0), 1, &x), math(c->L, GJ_MATH_FREXP_EXP, T(GJ_I32), 1, &x));
}

gj_lv gj_lower_libdevice_modf(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = result(c, 0);
	gj_ref x = operand(c, 0), whole = math(L, GJ_MATH_TRUNC, t, 1, &x), rest = gj_e2(L, GJ_SUB, t, x, whole);
	rest = gj_e3(L, GJ_SELECT, t, gj_e1(L, GJ_ISINF, gj_bool(), x), gj_eflt(L, t, 0), rest);
	return two(c, math(L, GJ_MATH_COPYSIGN, t, 2, (gj_ref[]){ rest, x }), whole);
}

/* value 0: of x; 1: fast; 2: of pi times x. */
gj_lv gj_lower_libdevice_sincos(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = result(c, 0);
	gj_ref x = operand(c, 0);
	bool single = t->size == 4;
	if (!value(c))
		return two(c, math(L, GJ_MATH_SIN, t, 1, &x), math(L, GJ_MATH_COS, t, 1, &x));
	int sine = value(c) == 1 ? GJ_LIBDEVICE_fast_sinf : single ? GJ_LIBDEVICE_sinpif : GJ_LIBDEVICE_sinpi;
	int cosine = value(c) == 1 ? GJ_LIBDEVICE_fast_cosf : single ? GJ_LIBDEVICE_cospif : GJ_LIBDEVICE_cospi;
	return two(c, library(L, sine, 0, t, 1, &x), library(L, cosine, 0, t, 1, &x));
}

gj_lv gj_lower_libdevice_remquo(gj_lcall *c)
{
	gj_ref a[2] = { operand(c, 0), operand(c, 1) };
	gj_ref rest = math(c->L, GJ_MATH_REMAINDER, result(c, 0), 2, a);
	return two(c, rest, library(c->L, c->arg, 1, T(GJ_I32), 2, a));
}

/* -- Integers ---------------------------------------------------------------------------------------------------------------------- */

/* An operation on the unsigned numbers of the same bits. */
gj_lv gj_lower_libdevice_unsigned(gj_lcall *c)
{
	const gj_type *t = result(c, 0), *u = unsigned_of(t);
	gj_ref a[2];
	for (uint32_t i = 0; i < c->n; i++)
		a[i] = gj_ecast(c->L, operand(c, i), u);
	return gj_lresult(c, gj_ecast(c->L, gj_e(c->L, (gj_opcode)value(c), u, c->n, a), t));
}

gj_lv gj_lower_libdevice_bits(gj_lcall *c)
{
	gj_ref x = operand(c, 0);
	const gj_type *t = gj_o(c->L->fn, x)->type;
	return gj_lresult(c, gj_ecast(c->L, gj_e1(c->L, (gj_opcode)value(c), t, x), T(GJ_I32)));
}

/* Half the sum, which 64 bits hold. value 1: rounded up; 2: of unsigned numbers. */
gj_lv gj_lower_libdevice_average(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *i64 = gj_i64(), *from = T(value(c) & 2 ? GJ_U32 : GJ_I32);
	gj_ref x = gj_ecast(L, gj_ecast(L, operand(c, 0), from), i64), y = gj_ecast(L, gj_ecast(L, operand(c, 1), from), i64);
	gj_ref sum = gj_e2(L, GJ_ADD, i64, gj_e2(L, GJ_ADD, i64, x, y), gj_eint(L, i64, value(c) & 1));
	return gj_lresult(c, gj_ecast(L, gj_e2(L, GJ_SHR, i64, sum, gj_eint(L, i64, 1)), T(GJ_I32)));
}

/* The lower 32 bits of the product of the lower 24. value 1: they are unsigned. */
gj_lv gj_lower_libdevice_mul24(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = T(value(c) ? GJ_U32 : GJ_I32);
	gj_ref a[2], eight = gj_eint(L, gj_i64(), 8);
	for (uint32_t i = 0; i < 2; i++)
		a[i] = gj_e2(L, GJ_SHR, t, gj_e2(L, GJ_SHL, t, gj_ecast(L, operand(c, i), t), eight), eight);
	return gj_lresult(c, gj_ecast(L, gj_e2(L, GJ_MUL, t, a[0], a[1]), T(GJ_I32)));
}

gj_lv gj_lower_libdevice_mulhi(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *from = T(value(c) ? GJ_U32 : GJ_I32), *wide = T(value(c) ? GJ_U64 : GJ_I64);
	gj_ref x = gj_ecast(L, gj_ecast(L, operand(c, 0), from), wide), y = gj_ecast(L, gj_ecast(L, operand(c, 1), from), wide);
	return gj_lresult(c, gj_ecast(L, gj_e2(L, GJ_SHR, wide, gj_e2(L, GJ_MUL, wide, x, y), gj_eint(L, gj_i64(), 32)), T(GJ_I32)));
}

/* |x − y| + z. value 1: x and y are unsigned. */
gj_lv gj_lower_libdevice_sad(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = T(value(c) ? GJ_U32 : GJ_I32), *i32 = T(GJ_I32);
	gj_ref x = gj_ecast(L, operand(c, 0), t), y = gj_ecast(L, operand(c, 1), t);
	gj_ref far = gj_e2(L, GJ_SUB, t, gj_e2(L, GJ_MAX, t, x, y), gj_e2(L, GJ_MIN, t, x, y));
	return gj_lresult(c, gj_e2(L, GJ_ADD, i32, gj_ecast(L, far, i32), operand(c, 2)));
}

/* -- Conversions -------------------------------------------------------------------------------------------------------------------- */

/* value 1: the integer is unsigned. */
gj_lv gj_lower_libdevice_convert(gj_lcall *c)
{
	gj_ref x = operand(c, 0);
	if (value(c))
		x = gj_ecast(c->L, x, unsigned_of(gj_o(c->L->fn, x)->type));
	return gj_lresult(c, gj_ecast(c->L, x, result(c, 0)));
}

/* Rounded by a row of math.def; a bit above it: to an unsigned integer. */
gj_lv gj_lower_libdevice_to_integer(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref x = operand(c, 0);
	const gj_type *to = result(c, 0);
	x = math(L, value(c) & 255, gj_o(L->fn, x)->type, 1, &x);
	x = gj_ecast(L, x, value(c) >> 8 ? unsigned_of(to) : to);
	return gj_lresult(c, gj_ecast(L, x, to));
}

gj_lv gj_lower_libdevice_bitcast(gj_lcall *c) { return gj_lresult(c, gj_e1(c->L, GJ_BITCAST, result(c, 0), operand(c, 0))); }

gj_lv gj_lower_libdevice_test(gj_lcall *c)
{
	return gj_lresult(c, gj_ecast(c->L, gj_e1(c->L, (gj_opcode)value(c), gj_bool(), operand(c, 0)), T(GJ_I32)));
}

gj_lv gj_lower_libdevice_signbit(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref x = operand(c, 0);
	const gj_type *i = T(gj_o(L->fn, x)->type->size == 8 ? GJ_I64 : GJ_I32);
	gj_ref bits = gj_e1(L, GJ_BITCAST, i, x);
	return gj_lresult(c, gj_ecast(L, gj_ecmp(L, GJ_CMP_LT, bits, gj_eint(L, i, 0)), T(GJ_I32)));
}

/* The upper (value 1) or lower half of a float64's bits. */
gj_lv gj_lower_libdevice_word(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref bits = gj_e1(L, GJ_BITCAST, gj_i64(), operand(c, 0));
	if (value(c))
		bits = gj_e2(L, GJ_SHR, gj_i64(), bits, gj_eint(L, gj_i64(), 32));
	return gj_lresult(c, gj_ecast(L, bits, T(GJ_I32)));
}

gj_lv gj_lower_libdevice_from_words(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *i64 = gj_i64();
	gj_ref high = gj_ecast(L, operand(c, 0), i64), low = gj_ecast(L, gj_ecast(L, operand(c, 1), T(GJ_U32)), i64);
	gj_ref bits = gj_e2(L, GJ_OR, i64, gj_e2(L, GJ_SHL, i64, high, gj_eint(L, i64, 32)), low);
	return gj_lresult(c, gj_e1(L, GJ_BITCAST, T(GJ_F64), bits));
}

/* float16 is an int16 of its bits here. */
gj_lv gj_lower_libdevice_half(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *f16 = T(GJ_F16);
	gj_ref x = operand(c, 0);
	if (*row(c)->operands == 'h')
		return gj_lresult(c, gj_ecast(L, gj_e1(L, GJ_BITCAST, f16, x), T(GJ_F32)));
	return gj_lresult(c, gj_e1(L, GJ_BITCAST, T(GJ_I16), gj_ecast(L, x, f16)));
}
