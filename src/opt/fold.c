/* Folding: what an op with constant operands computes, and algebraic identities that are exact in every bit. Where the
 * two machines could differ in a bit (NaN payloads, conversions out of range, libm) nothing is folded. */
#include "opt/opt.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

static int width(const gj_type *t)
{
	return gj_is_bool(t) ? 1 : 8 * t->size;
}

static int64_t wrap(const gj_type *t, uint64_t x)
{
	int unused = 64 - width(t);
	return gj_is_signed(t) ? (int64_t)(x << unused) >> unused : (int64_t)(x << unused >> unused);
}

static bool integral(const gj_type *t)
{
	return gj_is_int(t) || gj_is_bool(t);
}

gj_imm gj_imm_canonical(const gj_type *t, gj_imm v)
{
	if (gj_is_float(t))
		return (gj_imm){ .f = gj_rounded(t, v.f) };
	return integral(t) ? (gj_imm){ .i = wrap(t, (uint64_t)v.i) } : v;
}

/* -- Integers ------------------------------------------------------------------------------------------------------ */

/* Python's // and %, by the rules of ops.def for zero and for MIN // -1. */
static uint64_t floor_div(const gj_type *t, int64_t a, int64_t b, bool mod)
{
	if (b == 0)
		return 0;
	if (gj_is_unsigned(t))
		return mod ? (uint64_t)a % (uint64_t)b : (uint64_t)a / (uint64_t)b;
	if (b == -1)
		return mod ? 0 : 0 - (uint64_t)a;
	int64_t q = a / b, r = a % b;
	bool adjust = r != 0 && (r < 0) != (b < 0);
	return (uint64_t)(mod ? r + (adjust ? b : 0) : q - adjust);
}

static uint64_t int_power(uint64_t base, uint64_t n)
{
	uint64_t r = 1;
	for (; n; n >>= 1, base *= base)
		if (n & 1)
			r *= base;
	return r;
}

static uint64_t shift(const gj_type *t, int64_t a, int64_t n, bool left)
{
	bool out = n < 0 || n >= width(t);
	if (left)
		return out ? 0 : (uint64_t)a << n;
	if (gj_is_unsigned(t))
		return out ? 0 : (uint64_t)a >> n;
	return (uint64_t)(out ? -(a < 0) : a >> n);
}

static bool less(const gj_type *ta, int64_t a, const gj_type *tb, int64_t b)
{
	bool ua = !gj_is_signed(ta), ub = !gj_is_signed(tb);
	if (ua == ub)
		return ua ? (uint64_t)a < (uint64_t)b : a < b;
	return ua ? b >= 0 && (uint64_t)a < (uint64_t)b : a < 0 || (uint64_t)a < (uint64_t)b;
}

static bool equal(const gj_type *ta, int64_t a, const gj_type *tb, int64_t b)
{
	return a == b && (gj_is_signed(ta) == gj_is_signed(tb) || a >= 0);
}

static uint64_t count_bits(int op, const gj_type *t, uint64_t x)
{
	int w = width(t);
	x = w == 64 ? x : x & ((UINT64_C(1) << w) - 1);
	uint64_t n = 0, reversed = 0;
	switch (op) {
	case GJ_POPC:
		for (; x; x &= x - 1)
			n++;
		return n;
	case GJ_CLZ:
		for (n = (uint64_t)w; x; x >>= 1)
			n--;
		return n;
	case GJ_FFS:
		for (n = x ? 1 : 0; x && !(x & 1); x >>= 1)
			n++;
		return n;
	default:
		for (int i = 0; i < w; i++, x >>= 1)
			reversed = reversed << 1 | (x & 1);
		return reversed;
	}
}

static bool int_op(const gj_op *o, const gj_type *t, int64_t a, int64_t b, uint64_t *r)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;
	switch (o->op) {
	case GJ_ADD:      *r = x + y; return true;
	case GJ_SUB:      *r = x - y; return true;
	case GJ_MUL:      *r = x * y; return true;
	case GJ_NEG:      *r = 0 - x; return true;
	case GJ_NOT:      *r = ~x; return true;
	case GJ_AND:      *r = x & y; return true;
	case GJ_OR:       *r = x | y; return true;
	case GJ_XOR:      *r = x ^ y; return true;
	case GJ_ABS:      *r = gj_is_signed(t) && a < 0 ? 0 - x : x; return true;
	case GJ_MIN:      *r = less(t, b, t, a) ? y : x; return true;
	case GJ_MAX:      *r = less(t, a, t, b) ? y : x; return true;
	case GJ_SHL:
	case GJ_SHR:      *r = shift(t, a, b, o->op == GJ_SHL); return true;
	case GJ_FLOORDIV:
	case GJ_MOD:      *r = floor_div(t, a, b, o->op == GJ_MOD); return true;
	case GJ_POPC:
	case GJ_CLZ:
	case GJ_FFS:
	case GJ_BREV:     *r = count_bits(o->op, t, x); return true;
	default:          return false;
	}
}

/* -- Floats -------------------------------------------------------------------------------------------------------- */

static double float_fma(const gj_type *t, double a, double b, double c)
{
	return t->kind == GJ_F32 ? (double)fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
}

static double float_sqrt(const gj_type *t, double a)
{
	return gj_rounded(t, sqrt(a));
}

/* Functions that IEEE 754 defines to the bit. */
static bool float_math(const gj_op *o, const gj_type *t, double a, double *r)
{
	switch (o->imm.i) {
	case GJ_MATH_SQRT:  *r = float_sqrt(t, a); return true;
	case GJ_MATH_FLOOR: *r = floor(a); return true;
	case GJ_MATH_CEIL:  *r = ceil(a); return true;
	case GJ_MATH_TRUNC: *r = trunc(a); return true;
	default:       return false;
	}
}

/* Sums, products and quotients of narrower floats, computed in double and rounded once more, are right: 53 ≥ 2·24 + 2. */
static bool float_op(const gj_op *o, const gj_type *t, const double *x, double *r)
{
	switch (o->op) {
	case GJ_ADD:  *r = gj_rounded(t, x[0] + x[1]); return true;
	case GJ_SUB:  *r = gj_rounded(t, x[0] - x[1]); return true;
	case GJ_MUL:  *r = gj_rounded(t, x[0] * x[1]); return true;
	case GJ_DIV:  *r = gj_rounded(t, x[0] / x[1]); return true;
	case GJ_FMA:  *r = float_fma(t, x[0], x[1], x[2]); return !gj_is_half(t);
	case GJ_NEG:  *r = -x[0]; return true;
	case GJ_ABS:  *r = fabs(x[0]); return true;
	case GJ_MIN:
	case GJ_MAX:
		*r = o->op == GJ_MIN ? fmin(x[0], x[1]) : fmax(x[0], x[1]);
		if (o->sub)
			*r = x[(o->op == GJ_MIN ? x[1] < x[0] : x[1] > x[0])];
		else if (x[0] == 0 && x[1] == 0 && signbit(x[0]) != signbit(x[1]))
			*r = o->op == GJ_MIN ? -0.0 : 0.0;
		return true;
	case GJ_MATH: return float_math(o, t, x[0], r);
	default:      return false;
	}
}

/* -- Conversions --------------------------------------------------------------------------------------------------- */

/* false: it would be rounded twice. */
static bool to_float(const gj_type *to, const gj_type *from, gj_imm v, double *r)
{
	bool large = v.i < -(INT64_C(1) << 53) || v.i > INT64_C(1) << 53;
	if (gj_is_float(from))
		*r = gj_rounded(to, v.f);
	else if (from->kind == GJ_U64)
		*r = to->kind == GJ_F32 ? (double)(float)(uint64_t)v.i : gj_rounded(to, (double)(uint64_t)v.i);
	else
		*r = to->kind == GJ_F32 ? (double)(float)v.i : gj_rounded(to, (double)v.i);
	return gj_is_float(from) || !large || !gj_is_half(to);
}

/* Out of range and NaN are left to the machine. */
static bool float_to_int(const gj_type *to, double x, int64_t *r)
{
	double lo = gj_is_signed(to) ? -ldexp(1, width(to) - 1) : 0;
	double hi = ldexp(1, gj_is_signed(to) ? width(to) - 1 : width(to));
	x = trunc(x);
	if (!(x >= lo && x < hi))
		return false;
	*r = gj_is_signed(to) ? (int64_t)x : (int64_t)(uint64_t)x;
	return true;
}

static bool convert(const gj_type *to, const gj_type *from, gj_imm v, gj_imm *out)
{
	bool from_float = gj_is_float(from);
	if (!from_float && !integral(from))
		return false;
	if (gj_is_float(to))
		return to_float(to, from, v, &out->f);
	if (gj_is_bool(to))
		out->i = from_float ? v.f != 0 : v.i != 0;
	else if (!gj_is_int(to))
		return false;
	else if (from_float)
		return float_to_int(to, v.f, &out->i);
	else
		out->i = wrap(to, (uint64_t)v.i);
	return true;
}

static bool reinterpret(const gj_type *to, const gj_type *from, gj_imm v, gj_imm *out)
{
	uint64_t bits = (uint64_t)v.i;
	float single;
	uint32_t word;
	if ((gj_is_float(from) && isnan(v.f)) || !(gj_is_float(from) || gj_is_int(from)))
		return false;
	if (from->kind == GJ_F32) {
		single = (float)v.f;
		memcpy(&word, &single, sizeof word);
		bits = word;
	} else if (gj_is_half(from)) {
		bits = gj_half_bits(v.f, from->kind == GJ_BF16);
	}
	if (to->kind == GJ_F32) {
		word = (uint32_t)bits;
		memcpy(&single, &word, sizeof word);
		out->f = single;
	} else if (gj_is_half(to)) {
		out->f = gj_half_value((uint16_t)bits, to->kind == GJ_BF16);
	} else if (to->kind == GJ_F64) {
		memcpy(&out->f, &bits, sizeof bits);
	} else if (gj_is_int(to)) {
		out->i = wrap(to, bits);
		return true;
	} else {
		return false;
	}
	return !isnan(out->f);
}

/* -- Constants ----------------------------------------------------------------------------------------------------- */

static bool compare(int sub, bool lt, bool eq, bool unordered)
{
	switch (sub) {
	case GJ_CMP_LT: return lt;
	case GJ_CMP_LE: return lt || eq;
	case GJ_CMP_EQ: return eq;
	case GJ_CMP_NE: return !eq;
	case GJ_CMP_GT: return !lt && !eq && !unordered;
	default:        return !lt && !unordered;
	}
}

static bool fold_tests(const gj_op *o, const gj_type *ta, const gj_type *tb, const gj_imm *v, gj_imm *out)
{
	bool floats = gj_is_float(ta);
	if (o->op == GJ_CMP && integral(ta) && integral(tb))
		out->i = compare(o->sub, less(ta, v[0].i, tb, v[1].i), equal(ta, v[0].i, tb, v[1].i), false);
	else if (o->op == GJ_CMP && floats && tb == ta)
		out->i = compare(o->sub, v[0].f < v[1].f, v[0].f == v[1].f, isnan(v[0].f) || isnan(v[1].f));
	else if (o->op == GJ_ISNAN && floats)
		out->i = isnan(v[0].f) != 0;
	else if (o->op == GJ_ISINF && floats)
		out->i = isinf(v[0].f) != 0;
	else if (o->op == GJ_ISFINITE && floats)
		out->i = isfinite(v[0].f) != 0;
	else
		return false;
	return true;
}

/* An integer power; the exponent has a type of its own and must not be negative. */
static bool fold_power(const gj_type *t, const gj_type *tb, const gj_imm *v, gj_imm *out)
{
	if (!gj_is_int(t) || !gj_is_int(tb) || (gj_is_signed(tb) && v[1].i < 0))
		return false;
	out->i = wrap(t, int_power((uint64_t)v[0].i, (uint64_t)v[1].i));
	return true;
}

bool gj_fold_const(const gj_fn *f, const gj_op *o, gj_imm *out)
{
	gj_imm v[3] = { { 0 }, { 0 }, { 0 } };
	double x[3];
	uint64_t r;
	if (!o->type || !gj_is_scalar(o->type) || !o->nargs || o->nargs > 3)
		return false;
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *a = gj_o(f, o->arg[i]);
		if (a->op != GJ_CONST)
			return false;
		v[i].i = a->imm.i;                     /* all the bits, whichever member they are */
		x[i] = v[i].f;
	}
	const gj_type *t = o->type, *ta = gj_o(f, o->arg[0])->type, *tb = o->nargs > 1 ? gj_o(f, o->arg[1])->type : NULL;
	if (o->op == GJ_CVT)
		return convert(t, ta, v[0], out);
	if (o->op == GJ_BITCAST)
		return reinterpret(t, ta, v[0], out);
	if (o->op == GJ_POW)
		return fold_power(t, tb, v, out);
	if (gj_is_bool(t) && fold_tests(o, ta, tb, v, out))
		return true;
	if (integral(t) && integral(ta) && int_op(o, t, v[0].i, v[1].i, &r)) {
		out->i = wrap(t, r);
		return true;
	}
	return gj_is_float(t) && gj_is_float(ta) && float_op(o, t, x, &out->f) && !isnan(out->f);
}
