/* Same work as tests/kernels/black_scholes.py. */
#include "portable.h"

DEVICE float normal_cdf(float d)
{
	float k = 1.0f / (1.0f + 0.2316419f * fabsf(d));
	float series = k * (0.31938153f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f))));
	float result = 0.39894228040143267794f * EXPF(-0.5f * d * d) * series;
	return d > 0 ? 1.0f - result : result;
}

KERNEL void black_scholes(GLOBAL float *call, GLOBAL float *put, GLOBAL const float *price, GLOBAL const float *strike,
	GLOBAL const float *years, float rate, float volatility, int n)
{
	int i = GX;
	if (i >= n) return;
	float s = price[i], x = strike[i], t = years[i], root = SQRTF(t);
	float d1 = (LOGF(s / x) + (rate + 0.5f * volatility * volatility) * t) / (volatility * root);
	float d2 = d1 - volatility * root, discount = x * EXPF(-rate * t);
	float n1 = normal_cdf(d1), n2 = normal_cdf(d2);
	call[i] = s * n1 - discount * n2;
	put[i] = discount * (1.0f - n2) - s * (1.0f - n1);
}
