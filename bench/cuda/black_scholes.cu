/* Same work as tests/kernels/black_scholes.py. */
#include "portable.h"

DEVICE double normal_cdf(double d)
{
	double k = 1.0 / (1.0 + 0.2316419 * fabs(d));
	double series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
	double result = 0.39894228040143267794 * exp(-0.5 * d * d) * series;
	return d > 0 ? 1.0 - result : result;
}

KERNEL void black_scholes(GLOBAL double *call, GLOBAL double *put, GLOBAL const double *price, GLOBAL const double *strike,
	GLOBAL const double *years, double rate, double volatility, int n)
{
	int i = GX;
	if (i >= n) return;
	double s = price[i], x = strike[i], t = years[i], root = sqrt(t);
	double d1 = (log(s / x) + (rate + 0.5 * volatility * volatility) * t) / (volatility * root);
	double d2 = d1 - volatility * root, discount = x * exp(-rate * t);
	double n1 = normal_cdf(d1), n2 = normal_cdf(d2);
	call[i] = s * n1 - discount * n2;
	put[i] = discount * (1.0 - n2) - s * (1.0 - n1);
}
