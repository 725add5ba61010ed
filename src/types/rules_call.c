/* Typing of calls on scalars: builtins, math.*, cmath.*, NumPy's ufuncs. A function is a row that names its class; a class is
 * one formula. Names and formulas follow tests/data/typing-rules/{unary,call,numpy,tuple_range}.csv. */
#include "types/rules.h"

#include <string.h>

static const gj_type *pair(const gj_type *a, const gj_type *b)
{
	return gj_tuple_type((const gj_type *[]){ a, b }, 2);
}

static bool real(const gj_type *t)
{
	return gj_is_scalar(t) && !gj_is_complex(t);
}

/* -- Builtins ------------------------------------------------------------------------------------------------------ */

const gj_type *gj_rule_minmax(const gj_type *a, const gj_type *b)
{
	if (!real(a) || !real(b) || (gj_is_bool(a) != gj_is_bool(b)))
		return NULL;
	return gj_unify(a, b);
}

const gj_type *gj_rule_divmod(const gj_type *a, const gj_type *b)
{
	if (!real(a) || !real(b))
		return NULL;
	if (!gj_is_intbool(a) || !gj_is_intbool(b))
		return gj_rule_binop(GJ_OP_MOD_, a, b, NULL, NULL);
	const gj_type *t = gj_common_int(a, b);
	return gj_is_float(t) ? t : gj_scalar[gj_is_unsigned(t) ? GJ_U64 : GJ_I64];
}

const gj_type *gj_rule_abs(const gj_type *a)
{
	if (!gj_is_scalar(a))
		return NULL;
	return gj_is_bool(a) ? gj_scalar[GJ_I8] : gj_is_complex(a) ? gj_rank_float(gj_rank_inexact(a)) : a;
}

const gj_type *gj_rule_round(const gj_type *a, bool ndigits, const gj_type **as_a)
{
	if (!real(a))
		return NULL;
	const gj_type *as = gj_rank_float(gj_rank_max(2, gj_rank_exact(a)));
	gj_give(as_a, as);
	return ndigits ? as : gj_scalar[GJ_I64];
}

const gj_type *gj_rule_int(const gj_type *a)
{
	return !real(a) ? NULL : gj_is_int(a) ? a : gj_scalar[GJ_I64];
}

const gj_type *gj_rule_float(const gj_type *a)
{
	return !real(a) || gj_is_bool(a) ? NULL : gj_is_float(a) ? a : gj_scalar[GJ_F64];
}

/* Only two float32 make a complex64. */
const gj_type *gj_rule_complex(const gj_type *a, const gj_type *b)
{
	if (gj_is_complex(a) && !b)
		return gj_scalar[GJ_C128];
	for (int i = 0; i < (b ? 2 : 1); i++) {
		const gj_type *t = i ? b : a;
		if (!real(t) || gj_is_bool(t) || gj_is_half(t))
			return NULL;
	}
	return gj_scalar[a->kind == GJ_F32 && (!b || b->kind == GJ_F32) ? GJ_C64 : GJ_C128];
}

const gj_type *gj_real_type(const gj_type *t) { return gj_is_complex(t) ? gj_rank_float(gj_rank_inexact(t)) : t; }

/* How numba rates passing `from` for an integer parameter: 0 exact, 1 promotion, 2 safe, 3 unsafe. */
static int rating(const gj_type *from, const gj_type *to)
{
	if (from == to)
		return 0;
	if (gj_is_bool(from))
		return 2;
	if (!gj_is_int(from))
		return 3;
	if (gj_is_signed(from) == gj_is_signed(to))
		return from->size < to->size ? 1 : 3;
	return gj_is_unsigned(from) && from->size < to->size ? 2 : 3;
}

/* range has an int32, an int64 and a uint64 overload; the fewest unsafe, then safe, then promoting conversions win, the
 * earlier overload on a tie. A signed step never makes unsigned items. */
const gj_type *gj_rule_range(const gj_type *a, const gj_type *b, const gj_type *c)
{
	static const uint8_t overload[] = { GJ_I32, GJ_I64, GJ_U64 };
	static const int cost[] = { 0, 1, 10, 100 };
	const gj_type *arg[] = { a, b, c }, *best = NULL;
	int least = 0;
	for (size_t i = 0; i < GJ_LEN(overload); i++) {
		const gj_type *t = gj_scalar[overload[i]];
		int sum = 0;
		for (int k = 0; k < 3; k++) {
			if (arg[k] && !real(arg[k]))
				return NULL;
			sum += arg[k] ? cost[rating(arg[k], t)] : 0;
		}
		if (!best || sum < least) {
			best = t;
			least = sum;
		}
	}
	return c && gj_is_signed(c) && gj_is_unsigned(best) ? gj_scalar[GJ_I64] : best;
}

/* -- Classes of functions ------------------------------------------------------------------------------------------ */

/* One formula: operands a and b (NULL for one) to the result; *as: what they are converted to, the result if unset. */
typedef const gj_type *(*formula)(const gj_type *a, const gj_type *b, const gj_type **as);

typedef struct row {
	const char *names;                         /* separated by blanks */
	int nargs;
	formula type;
} row;

static bool has_name(const char *names, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = names; n && (p = strstr(p, name)); p += n)
		if ((p == names || p[-1] == ' ') && (p[n] == 0 || p[n] == ' '))
			return true;
	return false;
}

static const gj_type *apply(const row *rows, size_t n, const char *name, const gj_type *a, const gj_type *b,
                            const gj_type **as)
{
	if (!gj_is_scalar(a) || (b && !gj_is_scalar(b)))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (rows[i].nargs != (b ? 2 : 1) || !has_name(rows[i].names, name))
			continue;
		const gj_type *operand = NULL, *r = rows[i].type(a, b, &operand);
		if (r)
			gj_give(as, operand ? operand : r);
		return r;
	}
	return NULL;
}

/* -- math ---------------------------------------------------------------------------------------------------------- */

/* Integers go to float64. */
static const gj_type *math_f16(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b, (void)as;
	return !real(a) ? NULL : gj_is_float(a) ? a : gj_scalar[GJ_F64];
}

static const gj_type *at_least_f32(const gj_type *t)
{
	return t && gj_is_half(t) ? gj_scalar[GJ_F32] : t;
}

static const gj_type *math_float(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return at_least_f32(math_f16(a, b, as));
}

static const gj_type *math_test(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = math_f16(a, b, as);
	return *as ? gj_scalar[GJ_BOOL] : NULL;
}

/* The smallest float, float32 or larger, that holds both operands. */
static const gj_type *math_exact(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)as;
	if (!real(a) || (b && !real(b)))
		return NULL;
	gj_rank r = gj_rank_max(gj_rank_exact(a), b ? gj_rank_exact(b) : 0);
	return gj_rank_float(gj_rank_max(2, r));
}

static const gj_type *math_frexp(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = math_exact(a, b, as);
	return *as ? pair(*as, gj_scalar[GJ_I32]) : NULL;
}

static const gj_type *math_modf(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b;
	if (!real(a))
		return NULL;
	*as = gj_scalar[a->kind == GJ_F32 ? GJ_F32 : GJ_F64];
	return pair(*as, *as);
}

static const gj_type *math_either(const gj_type *a, const gj_type *b, const gj_type **as)
{
	if (gj_is_intbool(a) && gj_is_intbool(b))
		return gj_scalar[GJ_F64];
	return math_exact(a, b, as);
}

static const gj_type *math_ldexp(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return real(b) ? math_exact(a, NULL, as) : NULL;
}

/* An int32 exponent asks nothing of the float type; a uint16 one asks float64, except beside float32. */
static const gj_type *math_pow(const gj_type *a, const gj_type *b, const gj_type **as)
{
	if (b->kind == GJ_I32 || (b->kind == GJ_U16 && a->kind == GJ_F32))
		return math_exact(a, NULL, as);
	return math_exact(a, b, as);
}

static const row math_rows[] = {
	{ "acos acosh asin asinh atan atanh cosh degrees erf erfc expm1 gamma lgamma log1p radians sinh tan cbrt",
	  1, math_float },
	{ "ceil cos exp exp2 fabs floor log log10 log2 sin sqrt tanh trunc", 1, math_f16 },
	{ "isfinite isinf isnan", 1, math_test },
	{ "frexp", 1, math_frexp },
	{ "modf", 1, math_modf },
	{ "atan2 hypot", 2, math_either },
	{ "copysign fmod nextafter remainder", 2, math_exact },
	{ "ldexp", 2, math_ldexp },
	{ "pow", 2, math_pow },
};

const gj_type *gj_rule_math(const char *name, const gj_type *a, const gj_type *b, const gj_type **as)
{
	return apply(math_rows, GJ_LEN(math_rows), name, a, b, as);
}

/* -- cmath --------------------------------------------------------------------------------------------------------- */

static const gj_type *cmath_common(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)as;
	return gj_rank_complex(gj_rank_max(gj_rank_exact(a), b ? gj_rank_exact(b) : 0));
}

/* Functions that numba has in double precision only. */
static const gj_type *cmath_double(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)a, (void)b, (void)as;
	return gj_scalar[GJ_C128];
}

static const gj_type *cmath_test(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = cmath_common(a, b, as);
	return gj_scalar[GJ_BOOL];
}

static const gj_type *cmath_real(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = cmath_common(a, b, as);
	return gj_real_type(*as);
}

static const gj_type *cmath_polar(const gj_type *a, const gj_type *b, const gj_type **as)
{
	const gj_type *r = cmath_real(a, b, as);
	return pair(r, r);
}

static const gj_type *cmath_rect(const gj_type *a, const gj_type *b, const gj_type **as)
{
	if (!real(a) || !real(b))
		return NULL;
	const gj_type *t = cmath_common(a, b, as);
	*as = gj_real_type(t);
	return t;
}

static const row cmath_rows[] = {
	{ "acos asin asinh atan atanh cos cosh exp log sin sinh sqrt tan", 1, cmath_common },
	{ "log", 2, cmath_common },
	{ "acosh log10 tanh", 1, cmath_double },
	{ "isfinite isinf isnan", 1, cmath_test },
	{ "phase", 1, cmath_real },
	{ "polar", 1, cmath_polar },
	{ "rect", 2, cmath_rect },
};

const gj_type *gj_rule_cmath(const char *name, const gj_type *a, const gj_type *b, const gj_type **as)
{
	return apply(cmath_rows, GJ_LEN(cmath_rows), name, a, b, as);
}

/* -- NumPy --------------------------------------------------------------------------------------------------------- */

/* Common type of a ufunc's operands: beside an inexact operand integers do not count. */
static const gj_type *common(const gj_type *a, const gj_type *b)
{
	bool inexact = !gj_is_intbool(a) || (b && !gj_is_intbool(b));
	return inexact ? gj_inexact_of(a, b, gj_rank_inexact, 1) : b ? gj_common_int(a, b) : a;
}

static const gj_type *np_any(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)as;
	return common(a, b);
}

/* Like np_any, for loops that NumPy has not for bool: two bools are int8. */
static const gj_type *np_number(const gj_type *a, const gj_type *b, const gj_type **as)
{
	const gj_type *t = np_any(a, b, as);
	return gj_is_bool(t) ? gj_scalar[GJ_I8] : t;
}

static const gj_type *np_real(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return real(a) && (!b || real(b)) ? np_any(a, b, as) : NULL;
}

static const gj_type *np_ordered(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return real(a) && (!b || real(b)) ? np_number(a, b, as) : NULL;
}

static const gj_type *np_bits(const gj_type *a, const gj_type *b, const gj_type **as)
{
	const gj_type *t = np_any(a, b, as);
	return gj_is_intbool(t) ? t : NULL;
}

static const gj_type *np_int(const gj_type *a, const gj_type *b, const gj_type **as)
{
	const gj_type *t = np_bits(a, b, as);
	return t && gj_is_bool(t) ? gj_scalar[GJ_I8] : t;
}

static const gj_type *np_abs(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b;
	*as = a;
	return gj_is_complex(a) ? gj_rank_float(gj_rank_inexact(a)) : a;
}

/* A floating result: up to 16 bits of integer give float32, more float64. */
static const gj_type *np_inexact(const gj_type *a, const gj_type *b, const gj_type **as)
{
	const gj_type *t = np_any(a, b, as);
	if (!gj_is_intbool(a) || (b && !gj_is_intbool(b)))
		return t;
	gj_rank r = gj_rank_max(gj_rank_sized(a), b ? gj_rank_sized(b) : 0);
	return gj_rank_float(gj_rank_max(2, r));
}

static const gj_type *np_float(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return real(a) && (!b || real(b)) ? np_inexact(a, b, as) : NULL;
}

static const gj_type *np_test(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = gj_is_intbool(a) ? gj_scalar[GJ_F64] : a;
	(void)b;
	return gj_scalar[GJ_BOOL];
}

static const gj_type *np_signbit(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b;
	*as = a;
	return real(a) ? gj_scalar[GJ_BOOL] : NULL;
}

static const gj_type *np_part(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b;
	*as = a;
	return gj_real_type(a);
}

/* The angle of integers is a float64. */
static const gj_type *np_angle(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)b;
	*as = gj_is_intbool(a) ? gj_scalar[GJ_F64] : a;
	return gj_real_type(*as);
}

static const gj_type *np_logical(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)a, (void)b, (void)as;
	return gj_scalar[GJ_BOOL];
}

static const gj_type *np_compare(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = common(a, b);
	return gj_scalar[GJ_BOOL];
}

static const gj_type *np_float_power(const gj_type *a, const gj_type *b, const gj_type **as)
{
	(void)as;
	return gj_scalar[gj_is_complex(a) || gj_is_complex(b) ? GJ_C128 : GJ_F64];
}

static const gj_type *np_divmod(const gj_type *a, const gj_type *b, const gj_type **as)
{
	*as = np_ordered(a, b, as);
	return *as ? pair(*as, *as) : NULL;
}

static const gj_type *np_ldexp(const gj_type *a, const gj_type *b, const gj_type **as)
{
	return gj_is_intbool(b) && b->kind != GJ_U64 ? np_float(a, NULL, as) : NULL;
}

static const row numpy_rows[] = {
	{ "negative positive sign conjugate conj square reciprocal", 1, np_number },
	{ "absolute abs", 1, np_abs },
	{ "real imag", 1, np_part },
	{ "angle", 1, np_angle },
	{ "fabs cbrt deg2rad rad2deg degrees radians spacing", 1, np_float },
	{ "rint exp exp2 log log2 log10 expm1 log1p sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh "
	  "arctanh",
	  1, np_inexact },
	{ "isfinite isinf isnan", 1, np_test },
	{ "logical_not", 1, np_logical },
	{ "invert bitwise_not", 1, np_bits },
	{ "signbit", 1, np_signbit },
	{ "floor ceil trunc", 1, np_real },
	{ "add multiply maximum minimum fmax fmin", 2, np_any },
	{ "subtract power", 2, np_number },
	{ "divide true_divide", 2, np_inexact },
	{ "floor_divide remainder mod fmod", 2, np_ordered },
	{ "float_power", 2, np_float_power },
	{ "divmod", 2, np_divmod },
	{ "logaddexp logaddexp2 arctan2 hypot copysign nextafter", 2, np_float },
	{ "gcd lcm left_shift right_shift", 2, np_int },
	{ "bitwise_and bitwise_or bitwise_xor", 2, np_bits },
	{ "greater greater_equal less less_equal not_equal equal", 2, np_compare },
	{ "logical_and logical_or logical_xor", 2, np_logical },
	{ "ldexp", 2, np_ldexp },
};

const gj_type *gj_rule_numpy(const char *name, const gj_type *a, const gj_type *b, const gj_type **as)
{
	return apply(numpy_rows, GJ_LEN(numpy_rows), name, a, b, as);
}
