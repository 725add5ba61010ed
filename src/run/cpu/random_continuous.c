/* Continuous distributions as NumPy's legacy functions draw them: the same numbers in the same order of the same stream, and the same
 * arithmetic, so that results are equal to the last bit. Nothing here may be reordered or contracted. */
#define _GNU_SOURCE
#include "run/cpu/random.h"

#include <math.h>


double gj_rng_uniform(gj_random *r, double low, double high) { return low + (high - low) * gj_random_unit(r); }

/* -- Normal and what follows from it ---------------------------------------------------------------------------------- */

double gj_rng_gauss(gj_random *r) { return gj_random_gauss(r); }
double gj_rng_normal(gj_random *r, double loc, double scale) { return loc + scale * gj_random_gauss(r); }
double gj_rng_lognormal(gj_random *r, double mean, double sigma) { return exp(gj_rng_normal(r, mean, sigma)); }

double gj_rng_standard_cauchy(gj_random *r)
{
	double above = gj_random_gauss(r);
	return above / gj_random_gauss(r);
}

/* Michael, Schucany and Haas 1976. */
double gj_rng_wald(gj_random *r, double mean, double scale)
{
	double half = mean / (2 * scale), y = gj_random_gauss(r);
	y = mean * y * y;
	double x = mean + half * (y - sqrt(4 * scale * y + y * y));
	return gj_random_unit(r) <= mean / (mean + x) ? x : mean * mean / x;
}

/* -- By inversion ----------------------------------------------------------------------------------------------------- */

static double exponential(gj_random *r) { return -log(1.0 - gj_random_unit(r)); }

double gj_rng_standard_exponential(gj_random *r) { return exponential(r); }
double gj_rng_exponential(gj_random *r, double scale) { return scale * exponential(r); }
double gj_rng_pareto(gj_random *r, double a) { return exp(exponential(r) / a) - 1; }
double gj_rng_power(gj_random *r, double a) { return pow(1 - exp(-exponential(r)), 1. / a); }
double gj_rng_weibull(gj_random *r, double a) { return a == 0.0 ? 0.0 : pow(exponential(r), 1. / a); }
double gj_rng_rayleigh(gj_random *r, double scale) { return scale * sqrt(-2.0 * log1p(-gj_random_unit(r))); }

double gj_rng_laplace(gj_random *r, double loc, double scale)
{
	double u;
	do
		u = gj_random_unit(r);
	while (u == 0.0);
	return u >= 0.5 ? loc - scale * log(2.0 - u - u) : loc + scale * log(u + u);
}

double gj_rng_logistic(gj_random *r, double loc, double scale)
{
	double u;
	do
		u = gj_random_unit(r);
	while (u == 0.0);
	return loc + scale * log(u / (1.0 - u));
}

double gj_rng_gumbel(gj_random *r, double loc, double scale)
{
	double u;
	do
		u = 1.0 - gj_random_unit(r);
	while (u == 1.0);
	return loc - scale * log(-log(u));
}

double gj_rng_triangular(gj_random *r, double left, double mode, double right)
{
	double base = right - left, rising = mode - left, u = gj_random_unit(r);
	return u <= rising / base ? left + sqrt(u * (rising * base)) : right - sqrt((1.0 - u) * ((right - mode) * base));
}

/* -- Gamma and what follows from it ----------------------------------------------------------------------------------- */

/* Marsaglia and Tsang 2000; below a shape of 1 Ahrens and Dieter 1974. */
static double small_gamma(gj_random *r, double shape)
{
	for (;;) {
		double u = gj_random_unit(r), v = exponential(r);
		if (u <= 1.0 - shape) {
			double x = pow(u, 1. / shape);
			if (x <= v)
				return x;
		} else {
			double y = -log((1 - u) / shape), x = pow(1.0 - shape + shape * y, 1. / shape);
			if (x <= v + y)
				return x;
		}
	}
}

static double standard_gamma(gj_random *r, double shape)
{
	if (shape == 1.0)
		return exponential(r);
	if (shape == 0.0)
		return 0.0;
	if (shape < 1.0)
		return small_gamma(r, shape);
	double b = shape - 1. / 3., c = 1. / sqrt(9 * b);
	for (;;) {
		double x, v;
		do {
			x = gj_random_gauss(r);
			v = 1.0 + c * x;
		} while (v <= 0.0);
		v = v * v * v;
		double u = gj_random_unit(r);
		if (u < 1.0 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + b * (1. - v + log(v)))
			return b * v;
	}
}

double gj_rng_standard_gamma(gj_random *r, double shape) { return standard_gamma(r, shape); }
double gj_rng_gamma(gj_random *r, double shape, double scale) { return scale * standard_gamma(r, shape); }
double gj_rng_chisquare(gj_random *r, double df) { return 2.0 * standard_gamma(r, df / 2.0); }

/* Jöhnk 1964 where both are at most 1. */
static double small_beta(gj_random *r, double a, double b)
{
	for (;;) {
		double u = gj_random_unit(r), v = gj_random_unit(r), x = pow(u, 1.0 / a), y = pow(v, 1.0 / b);
		if (x + y > 1.0)
			continue;
		if (x + y > 0)
			return x / (x + y);
		double log_x = log(u) / a, log_y = log(v) / b, most = log_x > log_y ? log_x : log_y;
		log_x -= most;
		log_y -= most;
		return exp(log_x - log(exp(log_x) + exp(log_y)));
	}
}

double gj_rng_beta(gj_random *r, double a, double b)
{
	if (a <= 1.0 && b <= 1.0)
		return small_beta(r, a, b);
	double x = standard_gamma(r, a), y = standard_gamma(r, b);
	return x / (x + y);
}

double gj_rng_f(gj_random *r, double dfnum, double dfden)
{
	double above = gj_rng_chisquare(r, dfnum) * dfden;
	return above / (gj_rng_chisquare(r, dfden) * dfnum);
}

double gj_rng_standard_t(gj_random *r, double df)
{
	double above = gj_random_gauss(r);
	return sqrt(df / 2) * above / sqrt(standard_gamma(r, df / 2));
}

/* -- Von Mises: Best and Fisher 1979 ---------------------------------------------------------------------------------- */

static double concentration(double kappa)
{
	if (kappa < 1e-5)
		return 1. / kappa + kappa;
	double r = 1 + sqrt(1 + 4 * kappa * kappa), rho = (r - sqrt(2 * r)) / (2 * kappa);
	return (1 + rho * rho) / (2 * rho);
}

/* The angle around 0. Beyond 1e16 it is normal, to the last bit; the loop would not end. */
static double turn(gj_random *r, double kappa)
{
	if (kappa > 1e16)
		return gj_random_gauss(r) / sqrt(kappa);
	double s = concentration(kappa), w, y, v;
	do {
		double z = cos(M_PI * gj_random_unit(r));
		w = (1 + s * z) / (s + z);
		y = kappa * (s - w);
		v = gj_random_unit(r);
	} while (y * (2 - y) - v < 0 && log(y / v) + 1 - y < 0);
	double angle = acos(w);
	return gj_random_unit(r) < 0.5 ? -angle : angle;
}

double gj_rng_vonmises(gj_random *r, double mu, double kappa)
{
	if (isnan(kappa))
		return kappa;
	if (kappa < 1e-8)
		return M_PI * (2 * gj_random_unit(r) - 1);
	double angle = turn(r, kappa) + mu, within = fmod(fabs(angle) + M_PI, 2 * M_PI) - M_PI;
	return angle < 0 ? -within : within;
}
