/* float16 for processors that do not convert it themselves: what LLVM calls then, by the names and in the registers of libgcc, whose
 * older versions lack them. A float16 is the low 16 bits of a vector register, as a float is the low 32. */
#include "base/half.h"
#include "image/cpu_abi.h"

#include <string.h>

static uint16_t low_half(float x)
{
	uint32_t bits;
	memcpy(&bits, &x, sizeof bits);
	return (uint16_t)bits;
}

static float as_register(uint16_t half)
{
	uint32_t bits = half;
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

float gj_rt_extend_half(float x) { return (float)gj_half_value(low_half(x), false); }
float gj_rt_single_to_half(float x) { return as_register(gj_half_bits((double)x, false)); }
float gj_rt_double_to_half(double x) { return as_register(gj_half_bits(x, false)); }
