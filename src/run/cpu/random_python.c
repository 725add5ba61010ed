/* Distributions as Python's random module draws them, where NumPy's are not the same. Nothing here may be reordered or contracted. */
#define _GNU_SOURCE
#include "run/cpu/random.h"

#include <math.h>



/* k bits, of at most 64: the first word is the lower half. */
static uint64_t bits(gj_random *r, int64_t k)
{
	if (k <= 0)
		return 0;
	if (k <= 32)
		return gj_random_word(r) >> (32 - k);
	uint64_t lower = gj_random_word(r);
	return (uint64_t)(gj_random_word(r) >> (64 - k)) << 32 | lower;
}

uint64_t gj_rng_bits(gj_random *r, int64_t k) { return bits(r, k); }

int64_t gj_rng_below(gj_random *r, uint64_t n)
{
	int64_t k = n ? 64 - __builtin_clzll(n) : 64;  /* 0 stands for 2⁶⁴ */
	uint64_t x;
	do
		x = bits(r, k);
	while (n && x >= n);
	return (int64_t)x;
}

double gj_rng_expovariate(gj_random *r, double lambd) { return -log(1.0 - gj_random_unit(r)) / lambd; }
double gj_rng_paretovariate(gj_random *r, double alpha) { return pow(1.0 - gj_random_unit(r), -1.0 / alpha); }
double gj_rng_weibullvariate(gj_random *r, double alpha, double beta) { return alpha * pow(-log(1.0 - gj_random_unit(r)), 1.0 / beta); }

/* Cheng 1977; below an alpha of 1 Ahrens and Dieter's GS. */
static double small_gamma(gj_random *r, double alpha, double beta)
{
	for (;;) {
		double u = gj_random_unit(r), b = (M_E + alpha) / M_E, p = b * u;
		double x = p <= 1.0 ? pow(p, 1.0 / alpha) : -log((b - p) / alpha), v = gj_random_unit(r);
		if (p > 1.0 ? v <= pow(x, alpha - 1.0) : v <= exp(-x))
			return x * beta;
	}
}

double gj_rng_gammavariate(gj_random *r, double alpha, double beta)
{
	if (alpha == 1.0)
		return -log(1.0 - gj_random_unit(r)) * beta;
	if (alpha < 1.0)
		return small_gamma(r, alpha, beta);
	double rate = sqrt(2.0 * alpha - 1.0), shift = alpha - log(4.0), sum = alpha + rate;
	for (;;) {
		double u = gj_random_unit(r);
		if (!(1e-7 < u && u < 0.9999999))
			continue;
		double u2 = 1.0 - gj_random_unit(r), v = log(u / (1.0 - u)) / rate, x = alpha * exp(v);
		double z = u * u * u2, height = shift + sum * v - x;
		if (height + (1.0 + log(4.5)) - 4.5 * z >= 0.0 || height >= log(z))
			return x * beta;
	}
}

double gj_rng_betavariate(gj_random *r, double alpha, double beta)
{
	double y = gj_rng_gammavariate(r, alpha, 1.0);
	return y != 0.0 ? y / (y + gj_rng_gammavariate(r, beta, 1.0)) : 0.0;
}

double gj_rng_vonmisesvariate(gj_random *r, double mu, double kappa)
{
	if (kappa <= 1e-6)
		return 2.0 * M_PI * gj_random_unit(r);
	double s = 0.5 / kappa, top = s + sqrt(1.0 + s * s), z, d, u2;
	do {
		z = cos(M_PI * gj_random_unit(r));
		d = z / (top + z);
		u2 = gj_random_unit(r);
	} while (u2 >= 1.0 - d * d && u2 > (1.0 - d) * exp(d));
	double q = 1.0 / top, f = (q + z) / (1.0 + q * z), turn = acos(f);
	double angle = gj_random_unit(r) > 0.5 ? mu + turn : mu - turn, within = fmod(angle, 2.0 * M_PI);
	return within < 0.0 ? within + 2.0 * M_PI : within;
}

double gj_rng_triangular_between(gj_random *r, double low, double high, double mode)
{
	double u = gj_random_unit(r);
	if (high == low)
		return low;
	double c = (mode - low) / (high - low);
	if (u > c) {
		double from = high;
		u = 1.0 - u;
		c = 1.0 - c;
		high = low;
		low = from;
	}
	return low + (high - low) * sqrt(u * c);
}
