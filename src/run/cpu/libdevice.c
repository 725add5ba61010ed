/* Functions of NVIDIA's libdevice that neither libm nor the compiler has, for the CPU device: gj_nv_<name> is __nv_<name>. What has a
 * float32 and a float64 form is computed in float64 for both where that is no slower than it must be. */
#define _GNU_SOURCE
#include "image/cpu_abi.h"
#include "run/cpu/libdevice.h"

#include <fenv.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* -- Directions of rounding -------------------------------------------------------------------------------------------------- */

/* Operands and result are volatile: what is computed between two changes of the direction stays there. */
#define IN_DIRECTION(R, declare, expression) \
	int before = fegetround(); \
	fesetround(direction); \
	declare \
	volatile R result = (expression); \
	fesetround(before); \
	return result

#define UNARY(name, R, A, expression) \
	static R name##_in(int direction, A x) { IN_DIRECTION(R, volatile A a = x;, expression); } \
	static R name##_rd(A x) { return name##_in(FE_DOWNWARD, x); } \
	static R name##_ru(A x) { return name##_in(FE_UPWARD, x); } \
	static R name##_rz(A x) { return name##_in(FE_TOWARDZERO, x); }
#define BINARY(name, T, expression) \
	static T name##_in(int direction, T x, T y) { IN_DIRECTION(T, volatile T a = x; volatile T b = y;, expression); } \
	static T name##_rd(T x, T y) { return name##_in(FE_DOWNWARD, x, y); } \
	static T name##_ru(T x, T y) { return name##_in(FE_UPWARD, x, y); } \
	static T name##_rz(T x, T y) { return name##_in(FE_TOWARDZERO, x, y); }
#define TERNARY(name, T, expression) \
	static T name##_in(int direction, T x, T y, T z) { IN_DIRECTION(T, volatile T a = x; volatile T b = y; volatile T c = z;, expression); } \
	static T name##_rd(T x, T y, T z) { return name##_in(FE_DOWNWARD, x, y, z); } \
	static T name##_ru(T x, T y, T z) { return name##_in(FE_UPWARD, x, y, z); } \
	static T name##_rz(T x, T y, T z) { return name##_in(FE_TOWARDZERO, x, y, z); }

BINARY(dadd, double, a + b)
BINARY(dsub, double, a - b)
BINARY(dmul, double, a * b)
BINARY(ddiv, double, a / b)
BINARY(fadd, float, a + b)
BINARY(fsub, float, a - b)
BINARY(fmul, float, a * b)
BINARY(fdiv, float, a / b)
TERNARY(fma, double, fma(a, b, c))
TERNARY(fmaf, float, fmaf(a, b, c))
UNARY(dsqrt, double, double, sqrt(a))
UNARY(fsqrt, float, float, sqrtf(a))
UNARY(drcp, double, double, 1 / a)
UNARY(frcp, float, float, 1 / a)
UNARY(double2float, float, double, (float)a)
UNARY(int2float, float, int32_t, (float)a)
UNARY(uint2float, float, int32_t, (float)(int64_t)(uint32_t)a)
UNARY(ll2float, float, int64_t, (float)a)
UNARY(ll2double, double, int64_t, (double)a)
UNARY(ull2float, float, int64_t, (float)(uint64_t)a)
UNARY(ull2double, double, int64_t, (double)(uint64_t)a)

/* The product of two float32 is exact in float64, and so is what 1 is divided by: the last rounding is the only one that counts. */
static float frsqrt_rn(float x) { return (float)(1 / sqrt((double)x)); }

/* -- Integers ---------------------------------------------------------------------------------------------------------------- */

static int64_t umul64hi(int64_t x, int64_t y)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y, low = (a & UINT32_MAX) * (b & UINT32_MAX);
	uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32), other = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);
	return (int64_t)((a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32));
}

static int64_t mul64hi(int64_t x, int64_t y)
{
	uint64_t high = (uint64_t)umul64hi(x, y) - (x < 0 ? (uint64_t)y : 0) - (y < 0 ? (uint64_t)x : 0);
	return (int64_t)high;
}

/* Each byte of the result is one of the eight of x and y that the low three bits of a nibble of s name. */
static int32_t byte_perm(int32_t x, int32_t y, int32_t s)
{
	uint64_t all = (uint64_t)(uint32_t)y << 32 | (uint32_t)x;
	uint32_t r = 0;
	for (int i = 0; i < 4; i++) {
		uint32_t from = (uint32_t)s >> (4 * i) & 7;
		r |= ((uint32_t)(all >> (8 * from)) & 255) << (8 * i);
	}
	return (int32_t)r;
}

static int64_t llround_of(double x)
{
	x = round(x);
	return isnan(x) || x < -0x1p63 ? INT64_MIN : x >= 0x1p63 ? INT64_MAX : (int64_t)x;
}

static int32_t ilogb_of(double x) { return isnan(x) ? INT_MIN : ilogb(x); }

/* -- Powers and trigonometry --------------------------------------------------------------------------------------------------- */

/* x is brought between −1/2 and 1/2 first, exactly, so that whole and half numbers are exact. */
static double sinpi(double x)
{
	double r = remainder(x, 2);
	r = fabs(r) > 0.5 ? copysign(1, r) - r : r;
	return r == 0 ? copysign(0, x) : fabs(r) == 0.5 ? copysign(1, r) : fabs(r) <= 0.25 ? sin(M_PI * r) : copysign(cos(M_PI * (0.5 - fabs(r))), r);
}

static double cospi(double x)
{
	double r = fabs(remainder(x, 2));
	return r <= 0.25 ? cos(M_PI * r) : r == 0.5 ? 0 : r <= 0.75 ? sin(M_PI * (0.5 - r)) : -cos(M_PI * (1 - r));
}

static double norm3d(double x, double y, double z) { return hypot(hypot(x, y), z); }
static double norm4d(double x, double y, double z, double w) { return hypot(hypot(x, y), hypot(z, w)); }
static double rnorm3d(double x, double y, double z) { return 1 / norm3d(x, y, z); }
static double rnorm4d(double x, double y, double z, double w) { return 1 / norm4d(x, y, z, w); }
static double rhypot(double x, double y) { return 1 / hypot(x, y); }
static double rcbrt(double x) { return 1 / cbrt(x); }

/* Of the upper 32 bits, as the machine's first guess of a reciprocal. */
static double rcp64h(double x)
{
	double r = 1 / x;
	uint64_t bits;
	memcpy(&bits, &r, sizeof bits);
	bits &= UINT64_C(0xffffffff00000000);
	memcpy(&r, &bits, sizeof r);
	return r;
}

static float fast_fdividef(float x, float y) { return x / y; }

/* -- Error functions -------------------------------------------------------------------------------------------------------------- */

static const double SQRT_PI = 1.7724538509055160272981674833411;

/* exp(x²), where x² itself would lose what its exponential needs. */
static double exp_square(double x)
{
	double high = x * x, low = fma(x, x, -high);
	return exp(high) * (1 + low);
}

/* exp(x²) erfc(x): for large x by its asymptotic series, whose terms shrink until k is x². */
static double erfcx(double x)
{
	double term = 1, sum = 1, square = x * x;
	if (x < 10)
		return x < -26.7 ? HUGE_VAL : exp_square(x) * erfc(x);
	for (int k = 1; k < 30 && fabs(term) > 1e-18; k++)
		sum += term *= -(2 * k - 1) / (2 * square);
	return sum / (x * SQRT_PI);
}

/* A first guess that is right to two or three digits (Winitzki's), of the argument whose erf is 1 − y. */
static double guess_of_tail(double y)
{
	const double a = 0.147, l = log(y * (2 - y)), b = 2 / (M_PI * a) + l / 2;
	return sqrt(sqrt(b * b - l / a) - b);
}

/* Halley's steps from there: f is erf or erfc less its value; each triples the digits. */
static double improved(double x, double y, int tail)
{
	for (int i = 0; i < 4; i++) {
		double f = tail ? y - erfc(x) : erf(x) - y, t = f * SQRT_PI / 2 * exp(x * x);
		double next = x - t / (1 + x * t);
		if (next == x || !isfinite(next))
			break;
		x = next;
	}
	return x;
}

static double erfcinv(double y);

static double erfinv(double y)
{
	double size = fabs(y), x;
	if (!(size < 1))
		return size == 1 ? copysign(HUGE_VAL, y) : NAN;
	x = size < 1e-8 ? size * SQRT_PI / 2 : size < 0.5 ? improved(guess_of_tail(1 - size), size, 0) : erfcinv(1 - size);
	return copysign(x, y);
}

static double erfcinv(double y)
{
	if (!(y > 0 && y < 2))
		return y == 0 ? HUGE_VAL : y == 2 ? -HUGE_VAL : NAN;
	return y > 1 ? -erfcinv(2 - y) : y > 0.5 ? erfinv(1 - y) : improved(guess_of_tail(y), y, 1);
}

/* erfc(−x / √2) / 2; what the quotient loses is put back by erfc's derivative. */
static double normcdf(double x)
{
	const double root = 0.70710678118654752440, rest = -4.8336466567264567e-17;        /* of √(1/2) */
	double t = -x * root, lost = fma(-x, root, -t) - x * rest;
	if (!(fabs(x) < 40))
		return isnan(x) ? x : x > 0;
	return (erfc(t) - lost * 2 / SQRT_PI * exp(-t * t)) / 2;
}

static double normcdfinv(double y) { return -M_SQRT2 * erfcinv(2 * y); }

/* -- Modified Bessel functions of the first kind ------------------------------------------------------------------------------------ */

/* I_n, n 0 or 1, by its power series, all of whose terms are positive; for large x by the asymptotic one. */
static double bessel_i(int n, double x)
{
	double size = fabs(x), quarter = size * size / 4, term = n ? size / 2 : 1, sum = term;
	if (isnan(x) || isinf(x))
		return n ? x : size;
	if (size < 30) {
		for (int k = 1; term > sum * 1e-18; k++)
			sum += term *= quarter / ((double)k * (k + n));
		return n ? copysign(sum, x) : sum;
	}
	term = sum = 1;
	for (int k = 1; k < 40 && fabs(term) > 1e-18; k++)
		sum += term *= -(4.0 * n * n - (2.0 * k - 1) * (2.0 * k - 1)) / (8 * k * size);
	double half = exp(size / 2), r = half * (half * (sum / sqrt(2 * M_PI * size)));
	return n ? copysign(r, x) : r;
}

static double cyl_bessel_i0(double x) { return bessel_i(0, x); }
static double cyl_bessel_i1(double x) { return bessel_i(1, x); }

/* -- The same of float32 ---------------------------------------------------------------------------------------------------------------- */

#define SINGLE(name) static float name##f(float x) { return (float)name((double)x); }
SINGLE(sinpi) SINGLE(cospi) SINGLE(rcbrt) SINGLE(erfcx) SINGLE(erfinv) SINGLE(erfcinv) SINGLE(normcdf) SINGLE(normcdfinv)
SINGLE(cyl_bessel_i0) SINGLE(cyl_bessel_i1)
static float norm3df(float x, float y, float z) { return (float)norm3d(x, y, z); }
static float norm4df(float x, float y, float z, float w) { return (float)norm4d(x, y, z, w); }
static float rnorm3df(float x, float y, float z) { return (float)rnorm3d(x, y, z); }
static float rnorm4df(float x, float y, float z, float w) { return (float)rnorm4d(x, y, z, w); }
static float rhypotf(float x, float y) { return (float)rhypot(x, y); }
static int64_t llround_off(float x) { return llround_of(x); }
static int32_t ilogb_off(float x) { return ilogb_of(x); }

/* remquo's second result. */
static int32_t remquo_quotient(double x, double y)
{
	int q = 0;
	remquo(x, y, &q);
	return q;
}

static int32_t remquo_quotientf(float x, float y)
{
	int q = 0;
	remquof(x, y, &q);
	return q;
}

/* -- By name --------------------------------------------------------------------------------------------------------------------------- */

static const struct { const char *name; void (*f)(void); } functions[] = {
#define AS(NAME, F) { #NAME, (void (*)(void))F },
#define F(NAME) AS(NAME, NAME)
#define BOTH(NAME) F(NAME) F(NAME##f)
#define DIRECTED(NAME) F(NAME##_rd) F(NAME##_ru) F(NAME##_rz)
	DIRECTED(dadd) DIRECTED(dsub) DIRECTED(dmul) DIRECTED(ddiv) DIRECTED(fadd) DIRECTED(fsub) DIRECTED(fmul) DIRECTED(fdiv)
	DIRECTED(fma) DIRECTED(fmaf) DIRECTED(dsqrt) DIRECTED(fsqrt) DIRECTED(drcp) DIRECTED(frcp)
	DIRECTED(double2float) DIRECTED(int2float) DIRECTED(uint2float) DIRECTED(ll2float) DIRECTED(ll2double) DIRECTED(ull2float)
	DIRECTED(ull2double)
	AS(fmaf_ieee_rd, fmaf_rd) AS(fmaf_ieee_ru, fmaf_ru) AS(fmaf_ieee_rz, fmaf_rz) F(frsqrt_rn)
	F(umul64hi) F(mul64hi) F(byte_perm) AS(llround, llround_of) AS(llroundf, llround_off) AS(ilogb, ilogb_of) AS(ilogbf, ilogb_off)
	BOTH(sinpi) BOTH(cospi) F(norm3d) F(norm3df) F(norm4d) F(norm4df) F(rnorm3d) F(rnorm3df) F(rnorm4d) F(rnorm4df) BOTH(rhypot)
	BOTH(rcbrt) F(rcp64h) F(fast_fdividef) AS(fast_exp10f, exp10f) BOTH(exp10) BOTH(fdim) BOTH(round) BOTH(logb)
	BOTH(erfcx) BOTH(erfinv) BOTH(erfcinv) BOTH(normcdfinv) F(normcdf) AS(normcdff, normcdff)
	BOTH(cyl_bessel_i0) BOTH(cyl_bessel_i1) BOTH(j0) BOTH(j1) BOTH(jn) BOTH(y0) BOTH(y1) BOTH(yn)
	AS(remquo, remquo_quotient) AS(remquof, remquo_quotientf)
};

uintptr_t gj_cpu_libdevice(const char *name)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (!strcmp(functions[i].name, name))
			return (uintptr_t)functions[i].f;
	return 0;
}
