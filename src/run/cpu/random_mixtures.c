/* Distributions whose parameter is drawn from another one, as NumPy's legacy functions draw them. */
#define _GNU_SOURCE
#include "run/cpu/random.h"

#include <math.h>

int64_t gj_rng_negative_binomial(gj_random *r, double n, double p) { return gj_rng_poisson(r, gj_rng_gamma(r, n, (1 - p) / p)); }

double gj_rng_noncentral_chisquare(gj_random *r, double df, double nonc)
{
	if (nonc == 0)
		return gj_rng_chisquare(r, df);
	if (df > 1) {
		double chi = gj_rng_chisquare(r, df - 1), n = gj_random_gauss(r) + sqrt(nonc);
		return chi + n * n;
	}
	return gj_rng_chisquare(r, df + 2 * (double)gj_rng_poisson(r, nonc / 2.0));
}

double gj_rng_noncentral_f(gj_random *r, double dfnum, double dfden, double nonc)
{
	double above = gj_rng_noncentral_chisquare(r, dfnum, nonc) * dfden;
	return above / (gj_rng_chisquare(r, dfden) * dfnum);
}
