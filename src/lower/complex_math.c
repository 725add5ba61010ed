/* Functions of complex numbers, built from those of floats. Without branches: what one lane takes, all compute. Each is
 * accurate to a few units in the last place of the larger part over the whole range, and follows C99's annex G in signed
 * zeros, branch cuts, infinities and NaN, as far as NumPy does. What there is to say of a formula stands with it. */
#include "lower/complex_build.h"

#include <math.h>

#define PI 3.14159265358979323846
#define LN2 0.69314718055994530942
#define LOG2E 1.44269504088896340736
#define LOG10E 0.43429448190325182765

/* -- Short names ------------------------------------------------------------------------------------------------------ */

typedef const gj_cbuild *K;

static gj_ref add(K k, gj_ref a, gj_ref b) { return gj_cadd(k, a, b); }
static gj_ref sub(K k, gj_ref a, gj_ref b) { return gj_csub(k, a, b); }
static gj_ref mul(K k, gj_ref a, gj_ref b) { return gj_cmul(k, a, b); }
static gj_ref quotient(K k, gj_ref a, gj_ref b) { return gj_cdiv(k, a, b); }
static gj_ref neg(K k, gj_ref a) { return gj_cneg(k, a); }
static gj_ref mag(K k, gj_ref a) { return gj_cmag(k, a); }
static gj_ref num(K k, double x) { return gj_cnum(k, x); }
static gj_ref times(K k, gj_ref a, double x) { return mul(k, a, num(k, x)); }
static gj_ref pick(K k, gj_ref c, gj_ref yes, gj_ref no) { return gj_cpick(k, c, yes, no); }
static gj_ref both(K k, gj_ref a, gj_ref b) { return gj_cand(k, a, b); }
static gj_ref either(K k, gj_ref a, gj_ref b) { return gj_cor(k, a, b); }
static gj_ref is(K k, gj_cmpop op, gj_ref a, double x) { return gj_cis(k, op, a, x); }
static gj_ref is_inf(K k, gj_ref a) { return gj_ctest(k, GJ_ISINF, a); }
static gj_ref is_nan(K k, gj_ref a) { return gj_ctest(k, GJ_ISNAN, a); }
static gj_ref is_wild(K k, gj_ref a) { return gj_cnot(k, gj_ctest(k, GJ_ISFINITE, a)); }     /* infinite or NaN */
static gj_ref fused(K k, gj_ref a, gj_ref b, gj_ref c) { return gj_e3(k->L, GJ_FMA, k->t, a, b, c); }

gj_ref gj_cx_function(K k, gj_math id, uint32_t n, const gj_ref *x)
{
	gj_ref r = gj_e(k->L, GJ_MATH, k->t, n, x);
	gj_o(k->L->fn, r)->imm.i = id;
	return r;
}

static gj_ref fn(K k, gj_math id, gj_ref x) { return gj_cx_function(k, id, 1, &x); }
static gj_ref fn2(K k, gj_math id, gj_ref x, gj_ref y) { return gj_cx_function(k, id, 2, (gj_ref[]){ x, y }); }
static gj_ref signed_as(K k, gj_ref size, gj_ref sign) { return fn2(k, GJ_MATH_COPYSIGN, size, sign); }

static gj_cx swap(gj_cx z) { return (gj_cx){ z.im, z.re }; }
static gj_cx scaled(K k, gj_cx z, gj_ref by) { return (gj_cx){ mul(k, z.re, by), mul(k, z.im, by) }; }

/* One number for each precision. */
static double of(K k, double single, double dbl) { return k->t->kind == GJ_F32 ? single : dbl; }

/* -- Size and angle --------------------------------------------------------------------------------------------------- */

gj_ref gj_cx_abs(K k, gj_cx z) { return fn2(k, GJ_MATH_HYPOT, z.re, z.im); }

gj_ref gj_cx_angle(K k, gj_cx z) { return fn2(k, GJ_MATH_ATAN2, z.im, z.re); }

/* r·e^(iφ); a part of 0 stays one where φ is 0 and r infinite. */
gj_cx gj_cx_rect(K k, gj_ref r, gj_ref phi)
{
	gj_ref im = mul(k, r, fn(k, GJ_MATH_SIN, phi));
	return (gj_cx){ mul(k, r, fn(k, GJ_MATH_COS, phi)), pick(k, is(k, GJ_CMP_EQ, phi, 0), phi, im) };
}

/* z times a power of two, by which squares of its parts neither overflow nor lose what counts: where z is about 1, by 1. */
typedef struct sized { gj_cx z; gj_ref big, small; } sized;

static double down(K k) { return of(k, 0x1p-80, 0x1p-600); }
static double up(K k)   { return of(k, 0x1p100, 0x1p600); }

static gj_ref by_size(K k, const sized *s, double big, double small, double other)
{
	return pick(k, s->big, num(k, big), pick(k, s->small, num(k, small), num(k, other)));
}

static sized resized(K k, gj_cx z)
{
	gj_ref most = gj_cop(k, GJ_MAX, mag(k, z.re), mag(k, z.im));
	sized s = { z, is(k, GJ_CMP_GT, most, of(k, 0x1p60, 0x1p500)), is(k, GJ_CMP_LT, most, of(k, 0x1p-40, 0x1p-450)) };
	s.z = scaled(k, z, by_size(k, &s, down(k), up(k), 1));
	return s;
}

/* -- Roots and logarithms --------------------------------------------------------------------------------------------- */

static gj_cx root(K k, gj_cx z)
{
	sized s = resized(k, z);
	gj_ref x = mag(k, s.z.re), y = mag(k, s.z.im);
	gj_ref size = fn(k, GJ_MATH_SQRT, add(k, mul(k, x, x), mul(k, y, y)));
	gj_ref large = fn(k, GJ_MATH_SQRT, times(k, add(k, x, size), 0.5));
	large = pick(k, is_inf(k, z.re), num(k, INFINITY), large);
	gj_ref little = quotient(k, y, add(k, large, large));
	little = pick(k, is(k, GJ_CMP_EQ, large, 0), y, little);
	gj_ref back = by_size(k, &s, sqrt(1 / down(k)), sqrt(1 / up(k)), 1), left = is(k, GJ_CMP_LT, z.re, 0);
	gj_ref re = mul(k, pick(k, left, little, large), back), im = mul(k, pick(k, left, large, little), back);
	gj_ref high = is_inf(k, z.im);
	return (gj_cx){ pick(k, high, num(k, INFINITY), re), pick(k, high, z.im, signed_as(k, im, z.im)) };
}

/* log|z| is half the logarithm of |z|², whose rounding error counts where |z| is about 1: it is found exactly and added
 * (log(s + e) = log(s) + e/s, and s is about 1 there). */
static gj_ref log_size(K k, gj_cx z)
{
	sized s = resized(k, z);
	gj_ref x = s.z.re, y = s.z.im, p = mul(k, x, x), q = mul(k, y, y), sum = add(k, p, q);
	gj_ref rest = add(k, fused(k, x, x, neg(k, p)), fused(k, y, y, neg(k, q)));
	gj_ref part = sub(k, sum, p);
	rest = add(k, rest, add(k, sub(k, p, sub(k, sum, part)), sub(k, q, part)));
	gj_ref near = both(k, is(k, GJ_CMP_GT, sum, 0.25), is(k, GJ_CMP_LT, sum, 4));
	near = both(k, near, gj_cnot(k, either(k, s.big, s.small)));
	gj_ref log = add(k, fn(k, GJ_MATH_LOG, sum), pick(k, near, rest, num(k, 0)));
	log = add(k, times(k, log, 0.5), by_size(k, &s, -log2(down(k)) * LN2, -log2(up(k)) * LN2, 0));
	return pick(k, either(k, is_inf(k, z.re), is_inf(k, z.im)), num(k, INFINITY), log);
}

static gj_cx logarithm(K k, gj_cx z) { return (gj_cx){ log_size(k, z), gj_cx_angle(k, z) }; }
static gj_cx log_two(K k, gj_cx z) { return scaled(k, logarithm(k, z), num(k, LOG2E)); }
static gj_cx log_ten(K k, gj_cx z) { return scaled(k, logarithm(k, z), num(k, LOG10E)); }

/* |1 + z|² − 1 is x(x + 2) + y², without the rounding of 1 + x; for small z. */
static gj_cx log_one_more(K k, gj_cx z)
{
	gj_cx w = { add(k, z.re, num(k, 1)), z.im };
	gj_ref small = both(k, is(k, GJ_CMP_LT, mag(k, z.re), 0.5), is(k, GJ_CMP_LT, mag(k, z.im), 0.5));
	gj_ref more = add(k, mul(k, z.re, add(k, z.re, num(k, 2))), mul(k, z.im, z.im));
	gj_ref near = times(k, fn(k, GJ_MATH_LOG1P, pick(k, small, more, num(k, 0))), 0.5);
	return (gj_cx){ pick(k, small, near, log_size(k, w)), gj_cx_angle(k, w) };
}

/* -- Exponential and hyperbolic functions ----------------------------------------------------------------------------- */

/* x with so much taken off its size that e^x does not overflow, and the factor that makes up for it: e^x may be too large
 * though times a cosine it is not. */
typedef struct reduced { gj_ref x, factor; } reduced;

static reduced reduce(K k, gj_ref x)
{
	double less = of(k, 64, 512);
	gj_ref size = mag(k, x), large = is(k, GJ_CMP_GT, size, of(k, 88, 709));
	return (reduced){ pick(k, large, signed_as(k, sub(k, size, num(k, less)), x), x), pick(k, large, num(k, exp(less)), num(k, 1)) };
}

static gj_cx exponential(K k, gj_cx z)
{
	gj_ref large = is(k, GJ_CMP_GT, z.re, of(k, 88, 709));
	double less = of(k, 64, 512);
	gj_ref e = fn(k, GJ_MATH_EXP, pick(k, large, sub(k, z.re, num(k, less)), z.re));
	gj_ref factor = pick(k, large, num(k, exp(less)), num(k, 1));
	gj_ref re = mul(k, mul(k, e, fn(k, GJ_MATH_COS, z.im)), factor), im = mul(k, mul(k, e, fn(k, GJ_MATH_SIN, z.im)), factor);
	gj_ref lost = both(k, is_inf(k, z.re), is_wild(k, z.im));
	re = pick(k, lost, e, re);
	im = pick(k, both(k, lost, is(k, GJ_CMP_LT, z.re, 0)), num(k, 0), im);
	return (gj_cx){ re, pick(k, is(k, GJ_CMP_EQ, z.im, 0), z.im, im) };
}

static gj_cx exponential_two(K k, gj_cx z) { return exponential(k, scaled(k, z, num(k, LN2))); }

/* e^z − 1: what cancels in the real part is e^x − 1 and cos y − 1, each of which there is a way to. */
static gj_cx exponential_less(K k, gj_cx z)
{
	gj_ref half = fn(k, GJ_MATH_SIN, times(k, z.im, 0.5)), cosine = fn(k, GJ_MATH_COS, z.im);
	gj_ref near = sub(k, mul(k, fn(k, GJ_MATH_EXPM1, z.re), cosine), times(k, mul(k, half, half), 2));
	gj_cx e = exponential(k, z);
	return (gj_cx){ pick(k, is(k, GJ_CMP_LT, mag(k, z.re), 1), near, sub(k, e.re, num(k, 1))), e.im };
}

static gj_cx hyperbolic_sine(K k, gj_cx z)
{
	reduced r = reduce(k, z.re);
	gj_ref re = mul(k, mul(k, fn(k, GJ_MATH_SINH, r.x), fn(k, GJ_MATH_COS, z.im)), r.factor);
	gj_ref im = mul(k, mul(k, fn(k, GJ_MATH_COSH, r.x), fn(k, GJ_MATH_SIN, z.im)), r.factor);
	gj_ref wild = is_wild(k, z.im), edge = either(k, is(k, GJ_CMP_EQ, z.re, 0), is_inf(k, z.re));
	return (gj_cx){ pick(k, both(k, wild, edge), z.re, re), pick(k, is(k, GJ_CMP_EQ, z.im, 0), z.im, im) };
}

static gj_cx hyperbolic_cosine(K k, gj_cx z)
{
	reduced r = reduce(k, z.re);
	gj_ref re = mul(k, mul(k, fn(k, GJ_MATH_COSH, r.x), fn(k, GJ_MATH_COS, z.im)), r.factor);
	gj_ref im = mul(k, mul(k, fn(k, GJ_MATH_SINH, r.x), fn(k, GJ_MATH_SIN, z.im)), r.factor);
	gj_ref wild = is_wild(k, z.im);
	re = pick(k, both(k, wild, is_inf(k, z.re)), mag(k, z.re), re);
	im = pick(k, both(k, wild, is(k, GJ_CMP_EQ, z.re, 0)), z.re, im);
	return (gj_cx){ re, pick(k, is(k, GJ_CMP_EQ, z.im, 0), mul(k, z.im, signed_as(k, num(k, 1), z.re)), im) };
}

/* From tanh x and tan y; 1/cosh x underflows by itself where the imaginary part does. */
static gj_cx hyperbolic_tangent(K k, gj_cx z)
{
	gj_ref tx = fn(k, GJ_MATH_TANH, z.re), ty = fn(k, GJ_MATH_TAN, z.im);
	gj_ref c = quotient(k, num(k, 1), fn(k, GJ_MATH_COSH, z.re)), t = mul(k, tx, ty);
	gj_ref under = add(k, num(k, 1), mul(k, t, t));
	gj_ref re = quotient(k, mul(k, tx, add(k, num(k, 1), mul(k, ty, ty))), under);
	gj_ref im = mul(k, mul(k, quotient(k, ty, under), c), c);
	gj_ref lost = both(k, is_inf(k, z.re), is_wild(k, z.im));
	re = pick(k, either(k, lost, both(k, is_wild(k, z.im), is(k, GJ_CMP_EQ, z.re, 0))), tx, re);
	im = pick(k, lost, num(k, 0), im);
	return (gj_cx){ re, pick(k, is(k, GJ_CMP_EQ, z.im, 0), z.im, im) };
}

/* sin z = −i sinh iz and so on: of odd functions that swaps the parts before and after. */
static gj_cx sine(K k, gj_cx z)    { return swap(hyperbolic_sine(k, swap(z))); }
static gj_cx tangent(K k, gj_cx z) { return swap(hyperbolic_tangent(k, swap(z))); }

static gj_cx cosine(K k, gj_cx z)
{
	gj_cx c = hyperbolic_cosine(k, swap(z));
	return (gj_cx){ c.re, neg(k, c.im) };
}

/* -- Inverse functions (Kahan) ------------------------------------------------------------------------------------------ */

/* A number for the roots: where it is so large that 1 does not count beside it, a sixteenth, which has the same angles and a
 * logarithm that is less by 4·ln 2. Infinite parts become a large number, and what stands beside them 0. */
typedef struct tamed { gj_cx z; gj_ref infinite, more; } tamed;

static gj_ref tame_part(K k, gj_ref x, gj_ref infinite)
{
	gj_ref edge = pick(k, is_inf(k, x), signed_as(k, num(k, of(k, 0x1p60, 0x1p500)), x), times(k, x, 0));
	return pick(k, infinite, edge, x);
}

static tamed tame(K k, gj_cx z)
{
	tamed t = { .infinite = either(k, is_inf(k, z.re), is_inf(k, z.im)) };
	t.z = (gj_cx){ tame_part(k, z.re, t.infinite), tame_part(k, z.im, t.infinite) };
	gj_ref most = gj_cop(k, GJ_MAX, mag(k, t.z.re), mag(k, t.z.im)), large = is(k, GJ_CMP_GT, most, of(k, 0x1p120, 0x1p1000));
	t.z = scaled(k, t.z, pick(k, large, num(k, 0x1p-4), num(k, 1)));
	t.more = pick(k, large, num(k, 4 * LN2), num(k, 0));
	return t;
}

/* asinh of v, a logarithm of which tame() took something; infinite for infinite z. */
static gj_ref grown(K k, const tamed *t, gj_ref v)
{
	gj_ref a = fn(k, GJ_MATH_ASINH, v);
	a = add(k, a, signed_as(k, t->more, a));
	return pick(k, t->infinite, signed_as(k, num(k, INFINITY), v), a);
}

static gj_cx moved(K k, double by, gj_cx z) { return (gj_cx){ add(k, num(k, by), z.re), z.im }; }
static gj_cx negative(K k, gj_cx z) { return (gj_cx){ neg(k, z.re), neg(k, z.im) }; }

static gj_cx arc_cosine(K k, gj_cx z)
{
	tamed t = tame(k, z);
	gj_cx a = root(k, moved(k, 1, negative(k, t.z))), b = root(k, moved(k, 1, t.z));
	gj_ref re = times(k, fn2(k, GJ_MATH_ATAN2, a.re, b.re), 2);
	gj_ref im = grown(k, &t, sub(k, mul(k, b.re, a.im), mul(k, b.im, a.re)));
	im = pick(k, t.infinite, signed_as(k, im, neg(k, z.im)), im);
	return (gj_cx){ pick(k, both(k, is(k, GJ_CMP_EQ, z.re, 0), is_nan(k, z.im)), num(k, PI / 2), re), im };
}

static gj_cx arc_hyperbolic_cosine(K k, gj_cx z)
{
	tamed t = tame(k, z);
	gj_cx a = root(k, moved(k, -1, t.z)), b = root(k, moved(k, 1, t.z));
	gj_ref re = grown(k, &t, add(k, mul(k, a.re, b.re), mul(k, a.im, b.im)));
	re = pick(k, t.infinite, num(k, INFINITY), re);
	gj_ref im = times(k, fn2(k, GJ_MATH_ATAN2, a.im, b.re), 2);
	return (gj_cx){ re, pick(k, both(k, is(k, GJ_CMP_EQ, z.re, 0), is_nan(k, z.im)), num(k, PI / 2), im) };
}

static gj_cx arc_hyperbolic_sine(K k, gj_cx z)
{
	tamed t = tame(k, z);
	gj_cx turned = { t.z.im, neg(k, t.z.re) };             /* −iz */
	gj_cx a = root(k, moved(k, 1, turned)), b = root(k, moved(k, 1, negative(k, turned)));
	gj_ref re = grown(k, &t, sub(k, mul(k, a.re, b.im), mul(k, b.re, a.im)));
	gj_ref im = fn2(k, GJ_MATH_ATAN2, t.z.im, sub(k, mul(k, a.re, b.re), mul(k, a.im, b.im)));
	re = pick(k, t.infinite, signed_as(k, re, z.re), re);
	return (gj_cx){ re, pick(k, both(k, is_nan(k, z.re), is(k, GJ_CMP_EQ, z.im, 0)), z.im, im) };
}

static gj_cx arc_sine(K k, gj_cx z) { return swap(arc_hyperbolic_sine(k, swap(z))); }

/* A quarter of log(1 + 4x / ((1 − x)² + y²)) for x ≥ 0. At the pole, x = 1 and y next to nothing, the fraction would
 * overflow: there it is log(2/|y|) / 2. Far away its parts are scaled, and the angle is a right one. */
static gj_cx arc_hyperbolic_tangent(K k, gj_cx z)
{
	sized s = { .big = is(k, GJ_CMP_GT, gj_cop(k, GJ_MAX, mag(k, z.re), mag(k, z.im)), of(k, 0x1p60, 0x1p500)) };
	double tiny = of(k, 0x1p-50, 0x1p-200), less = of(k, 24, 60);
	gj_ref unit = pick(k, s.big, num(k, down(k)), num(k, 1)), one = num(k, 1);
	gj_ref ax = mag(k, z.re), ay = mag(k, z.im), x = mul(k, ax, unit), y = mul(k, ay, unit), left = sub(k, unit, x);
	gj_ref square = add(k, mul(k, left, left), mul(k, y, y));
	gj_ref pole = both(k, is(k, GJ_CMP_EQ, ax, 1), is(k, GJ_CMP_LT, ay, tiny));
	gj_ref ratio = mul(k, quotient(k, times(k, x, 4), square), unit);
	ratio = pick(k, pole, quotient(k, num(k, ldexp(1, 1 - (int)less)), ay), ratio);
	gj_ref log = mul(k, fn(k, GJ_MATH_LOG1P, ratio), pick(k, pole, num(k, 0.5), num(k, 0.25)));
	gj_ref re = add(k, log, pick(k, pole, num(k, less * LN2 / 2), num(k, 0)));
	gj_ref rest = sub(k, mul(k, sub(k, one, ax), add(k, one, ax)), mul(k, ay, ay));
	gj_ref im = times(k, fn2(k, GJ_MATH_ATAN2, add(k, z.im, z.im), rest), 0.5), right = signed_as(k, num(k, PI / 2), z.im);
	gj_ref infinite = either(k, is_inf(k, z.re), is_inf(k, z.im)), nan = is_nan(k, z.im);
	re = pick(k, either(k, infinite, both(k, nan, is(k, GJ_CMP_EQ, z.re, 0))), num(k, 0), re);
	im = pick(k, either(k, s.big, infinite), pick(k, nan, z.im, right), im);
	return (gj_cx){ signed_as(k, re, z.re), im };
}

static gj_cx arc_tangent(K k, gj_cx z) { return swap(arc_hyperbolic_tangent(k, swap(z))); }

/* -- Powers ------------------------------------------------------------------------------------------------------------- */

/* In polar form. 0 to a power with a positive real part is 0, to others nothing, but to that of 0 it is 1, as all are. */
gj_cx gj_cx_power(K k, gj_cx z, gj_cx w)
{
	gj_ref size = gj_cx_abs(k, z), angle = gj_cx_angle(k, z);
	gj_ref length = fn2(k, GJ_MATH_POW, size, w.re), phase = mul(k, angle, w.re);
	gj_ref imaginary = is(k, GJ_CMP_NE, w.im, 0);
	length = pick(k, imaginary, mul(k, length, fn(k, GJ_MATH_EXP, neg(k, mul(k, angle, w.im)))), length);
	phase = pick(k, imaginary, add(k, phase, mul(k, w.im, log_size(k, z))), phase);
	gj_cx r = { mul(k, length, fn(k, GJ_MATH_COS, phase)), mul(k, length, fn(k, GJ_MATH_SIN, phase)) };
	gj_ref zero = is(k, GJ_CMP_EQ, size, 0), none = both(k, is(k, GJ_CMP_EQ, w.re, 0), gj_cnot(k, imaginary));
	gj_ref of_zero = pick(k, is(k, GJ_CMP_GT, w.re, 0), num(k, 0), num(k, NAN));
	r = (gj_cx){ pick(k, zero, of_zero, r.re), pick(k, zero, of_zero, r.im) };
	return (gj_cx){ pick(k, none, num(k, 1), r.re), pick(k, none, num(k, 0), r.im) };
}

/* -- By name ------------------------------------------------------------------------------------------------------------ */

static gj_cx rounded(K k, gj_cx z) { return (gj_cx){ fn(k, GJ_MATH_RINT, z.re), fn(k, GJ_MATH_RINT, z.im) }; }

gj_cx gj_cx_math(K k, gj_math id, gj_cx z)
{
	static gj_cx (*const function[GJ_NMATH])(K, gj_cx) = {
		[GJ_MATH_SQRT] = root, [GJ_MATH_LOG] = logarithm, [GJ_MATH_LOG2] = log_two, [GJ_MATH_LOG10] = log_ten,
		[GJ_MATH_LOG1P] = log_one_more, [GJ_MATH_EXP] = exponential, [GJ_MATH_EXP2] = exponential_two,
		[GJ_MATH_EXPM1] = exponential_less, [GJ_MATH_SIN] = sine, [GJ_MATH_COS] = cosine, [GJ_MATH_TAN] = tangent,
		[GJ_MATH_SINH] = hyperbolic_sine, [GJ_MATH_COSH] = hyperbolic_cosine, [GJ_MATH_TANH] = hyperbolic_tangent,
		[GJ_MATH_ASIN] = arc_sine, [GJ_MATH_ACOS] = arc_cosine, [GJ_MATH_ATAN] = arc_tangent,
		[GJ_MATH_ASINH] = arc_hyperbolic_sine, [GJ_MATH_ACOSH] = arc_hyperbolic_cosine,
		[GJ_MATH_ATANH] = arc_hyperbolic_tangent, [GJ_MATH_RINT] = rounded,
	};
	if (!function[id])
		gj_lfail(k->L, GJ_ERR_INTERNAL, "a function of complex numbers without a formula");
	return function[id](k, z);
}
