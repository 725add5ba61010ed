/* NumPy 2's types of ufuncs, for fused functions. Operands are first promoted to a common type, which for arrays and NumPy's scalars
 * loses no values; Python's numbers only say bool, integer, float or complex. Then the ufunc takes the first of its loops that
 * holds the common type: a class of ufuncs is one formula from that type to the loop's. */
#include "types/rules.h"

#include <string.h>

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }

/* The least float that holds all values of an integer type. */
static const gj_type *float_for(const gj_type *t)
{
	return gj_is_bool(t) || t->size == 1 ? T(GJ_F16) : t->size == 2 ? T(GJ_F32) : T(GJ_F64);
}

const gj_type *gj_promote(const gj_type *a, const gj_type *b)
{
	if (gj_is_intbool(a) && gj_is_intbool(b))
		return gj_common_int(a, b);
	if (gj_is_bool(a) || gj_is_bool(b))
		return gj_is_bool(a) ? b : a;
	return gj_inexact_of(a, b, gj_rank_sized, 1);
}

static int kind_of(const gj_type *t) { return gj_is_bool(t) ? 0 : gj_is_int(t) ? 1 : gj_is_float(t) ? 2 : 3; }

/* What a Python number is beside `strong` (NULL: beside other Python numbers only). */
static const gj_type *weak_type(const gj_type *number, const gj_type *strong)
{
	if (!strong || (gj_is_bool(strong) && !gj_is_bool(number)))
		return number;
	if (strong->kind == GJ_BF16 && gj_is_float(number))                      /* ml_dtypes' rule */
		return T(GJ_F32);
	if (kind_of(number) <= kind_of(strong))
		return strong;
	return gj_is_complex(number) && gj_is_float(strong) ? gj_rank_complex(gj_rank_inexact(strong)) : number;
}

/* -- Formulas: from the common type to what the operands become, NULL: no loop ------------------------------------------------ */

typedef const gj_type *(*formula)(const gj_type *);

static const gj_type *any(const gj_type *t)     { return t; }
static const gj_type *no_bool(const gj_type *t) { return gj_is_bool(t) ? NULL : t; }
static const gj_type *bool_as_int(const gj_type *t) { return gj_is_bool(t) ? T(GJ_I8) : t; }
static const gj_type *real(const gj_type *t)    { return gj_is_complex(t) ? NULL : bool_as_int(t); }
static const gj_type *quotient(const gj_type *t) { return gj_is_intbool(t) ? T(GJ_F64) : t; }
static const gj_type *inexact(const gj_type *t) { return gj_is_intbool(t) ? float_for(t) : t; }
static const gj_type *real_float(const gj_type *t) { return gj_is_complex(t) ? NULL : inexact(t); }
static const gj_type *bits(const gj_type *t)    { return gj_is_intbool(t) ? t : NULL; }
static const gj_type *shift(const gj_type *t)   { return gj_is_intbool(t) ? bool_as_int(t) : NULL; }
static const gj_type *integer(const gj_type *t) { return gj_is_int(t) ? t : NULL; }
static const gj_type *float64(const gj_type *t) { return gj_is_complex(t) ? T(GJ_C128) : T(GJ_F64); }
static const gj_type *own(const gj_type *t)     { (void)t; return NULL; }         /* each operand as it is */

static const struct { const char *names; formula loop; bool to_bool; } rows[] = {
	{ " add multiply maximum minimum fmax fmin absolute abs ", any, false },
	{ " subtract negative positive sign ", no_bool, false },
	{ " power square reciprocal conjugate conj ", bool_as_int, false },
	{ " floor_divide remainder mod fmod ", real, false },
	{ " divide true_divide ", quotient, false },
	{ " rint exp exp2 log log2 log10 expm1 log1p sqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh ",
	  inexact, false },
	{ " fabs cbrt deg2rad rad2deg degrees radians spacing logaddexp logaddexp2 arctan2 hypot copysign nextafter ", real_float, false },
	{ " bitwise_and bitwise_or bitwise_xor invert bitwise_not ", bits, false },
	{ " left_shift right_shift ", shift, false },
	{ " gcd lcm ", integer, false },
	{ " float_power ", float64, false },
	{ " floor ceil trunc ", any, false },
	{ " greater greater_equal less less_equal not_equal equal logical_and logical_or logical_xor logical_not isfinite isinf isnan ",
	  own, true },
	{ " signbit ", real_float, true },
};

static bool has(const char *names, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = strstr(names, name); p; p = strstr(p + 1, name))
		if (p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

const gj_type *gj_rule_fused(const char *name, uint32_t n, const gj_type *const *t, const bool *weak, const gj_type **as)
{
	const gj_type *strong = NULL, *common = NULL;
	for (uint32_t i = 0; i < n; i++)
		if (!weak[i])
			strong = strong ? gj_promote(strong, t[i]) : t[i];
	for (uint32_t i = 0; i < n; i++) {
		as[i] = weak[i] ? weak_type(t[i], strong) : t[i];
		common = common ? gj_promote(common, as[i]) : as[i];
	}
	for (size_t r = 0; r < GJ_LEN(rows); r++) {
		if (!has(rows[r].names, name))
			continue;
		if (rows[r].to_bool && rows[r].loop != own && !rows[r].loop(common))
			return NULL;
		if (rows[r].to_bool) {                                             /* two integers compare exactly, all else as the common type */
			for (uint32_t i = 0; n == 2 && kind_of(common) > 1 && !(gj_is_intbool(as[0]) && gj_is_intbool(as[1])) && i < n; i++)
				as[i] = common;
			return T(GJ_BOOL);
		}
		const gj_type *loop = rows[r].loop(common);
		for (uint32_t i = 0; loop && i < n; i++)
			as[i] = loop;
		bool magnitude = loop && gj_is_complex(loop) && (has(" absolute abs ", name));
		return magnitude ? gj_rank_float(gj_rank_inexact(loop)) : loop;
	}
	return NULL;
}
