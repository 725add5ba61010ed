/* float16 and bfloat16 by integer arithmetic, from and to double: one rounding, on any processor. */
#include "base/half.h"

#include <string.h>

typedef struct layout { int mantissa, bias; uint16_t infinity; } layout;

static layout layout_of(bool brain)
{
	return brain ? (layout){ 7, 127, 0x7f80 } : (layout){ 10, 15, 0x7c00 };
}

enum { MANTISSA = 52, BIAS = 1023, EXPONENTS = 2047 };

double gj_half_value(uint16_t bits, bool brain)
{
	layout l = layout_of(brain);
	uint64_t sign = (uint64_t)(bits >> 15) << 63, magnitude = bits & 0x7fff, r;
	int exponent = (int)(magnitude >> l.mantissa);
	uint64_t fraction = magnitude & ((UINT64_C(1) << l.mantissa) - 1);
	double x;
	if (magnitude >= l.infinity)
		r = (uint64_t)EXPONENTS << MANTISSA | fraction << (MANTISSA - l.mantissa);
	else if (exponent)
		r = (uint64_t)(exponent - l.bias + BIAS) << MANTISSA | fraction << (MANTISSA - l.mantissa);
	else {                                         /* a multiple of the smallest subnormal, which is a power of two */
		uint64_t unit = (uint64_t)(1 - l.bias - l.mantissa + BIAS) << MANTISSA;
		memcpy(&x, &unit, sizeof x);
		x *= (double)fraction;
		memcpy(&r, &x, sizeof r);
	}
	r |= sign;
	memcpy(&x, &r, sizeof x);
	return x;
}

uint16_t gj_half_bits(double x, bool brain)
{
	layout l = layout_of(brain);
	uint64_t bits;
	memcpy(&bits, &x, sizeof bits);
	uint16_t sign = (uint16_t)(bits >> 63 << 15);
	int field = (int)(bits >> MANTISSA & EXPONENTS), least = 1 - l.bias, exponent = field - BIAS;
	uint64_t fraction = bits & ((UINT64_C(1) << MANTISSA) - 1), whole = fraction | UINT64_C(1) << MANTISSA;
	if (field == EXPONENTS) {
		uint16_t payload = (uint16_t)(fraction >> (MANTISSA - l.mantissa) | (fraction ? UINT64_C(1) << (l.mantissa - 1) : 0));
		return sign | l.infinity | payload;
	}
	int shift = MANTISSA - l.mantissa + (exponent < least ? least - exponent : 0);
	if (shift > MANTISSA + 1)                      /* less than half of the smallest one */
		return sign;
	uint64_t kept = whole >> shift, rest = whole & ((UINT64_C(1) << shift) - 1), middle = UINT64_C(1) << (shift - 1);
	kept += rest > middle || (rest == middle && (kept & 1));
	if (exponent >= least)
		kept += (uint64_t)(exponent - least) << l.mantissa;        /* the leading 1 is 1 of the exponent */
	return sign | (kept >= l.infinity ? l.infinity : (uint16_t)kept);
}
