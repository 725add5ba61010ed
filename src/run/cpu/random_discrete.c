/* Discrete distributions as NumPy's legacy functions draw them: the same numbers in the same order of the same stream, and the same
 * arithmetic, so that results are equal. Nothing here may be reordered or contracted. */
#define _GNU_SOURCE
#include "run/cpu/random.h"

#include <math.h>

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
/* Beyond the ends of int64 it is these. */
static int64_t whole(double x) { return x >= 0x1p63 ? INT64_MAX : x > -0x1p63 ? (int64_t)x : INT64_MIN; }
static int64_t most_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* -- Integers of a range: bits enough, until they are in it ----------------------------------------------------------- */

uint64_t gj_rng_interval(gj_random *r, uint64_t most)
{
	if (!most)
		return 0;
	uint64_t mask = ~UINT64_C(0) >> __builtin_clzll(most), x;
	do
		x = mask <= UINT32_MAX ? gj_random_word(r) & (uint32_t)mask : gj_random_long(r) & mask;
	while (x > most);
	return x;
}

/* -- Poisson ---------------------------------------------------------------------------------------------------------- */

/* log Γ(x) by Stirling's series above 7, to which smaller arguments are moved. */
static double log_gamma(double x)
{
	static const double a[] = {
		8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04, 8.417508417508418e-04,
		-1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02, 1.796443723688307e-01, -1.39243221690590e+00
	};
	if (x == 1.0 || x == 2.0)
		return 0.0;
	int64_t n = x < 7.0 ? (int64_t)(7 - x) : 0;
	double moved = x + (double)n, square = 1.0 / moved * (1.0 / moved), sum = a[9];
	for (int k = 8; k >= 0; k--) {
		sum *= square;
		sum += a[k];
	}
	double value = sum / moved + 0.5 * 1.8378770664093453e+00 + (moved - 0.5) * log(moved) - moved;
	if (x < 7.0)
		for (int64_t k = 1; k <= n; k++) {
			value -= log(moved - 1.0);
			moved -= 1.0;
		}
	return value;
}

static int64_t small_poisson(gj_random *r, double lam)
{
	double least_product = exp(-lam), product = 1.0;
	for (int64_t n = 0;; n++) {
		product *= gj_random_unit(r);
		if (!(product > least_product))
			return n;
	}
}

/* PTRS: Hörmann 1993. */
static int64_t large_poisson(gj_random *r, double lam)
{
	double root = sqrt(lam), log_lam = log(lam), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
	double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
	for (;;) {
		double u = gj_random_unit(r) - 0.5, v = gj_random_unit(r), us = 0.5 - fabs(u);
		int64_t k = whole(floor((2 * a / us + b) * u + lam + 0.43));
		if (us >= 0.07 && v <= vr)
			return k;
		if (k < 0 || (us < 0.013 && v > us))
			continue;
		double height = log(v) + log(inverse_alpha) - log(a / (us * us) + b);
		if (height <= -lam + (double)k * log_lam - log_gamma((double)k + 1))
			return k;
	}
}

int64_t gj_rng_poisson(gj_random *r, double lam)
{
	return lam >= 10 ? large_poisson(r, lam) : lam == 0 ? 0 : small_poisson(r, lam);
}

/* -- Binomial --------------------------------------------------------------------------------------------------------- */

/* Inversion of the distribution, term by term, up to ten deviations from the mean. */
static int64_t small_binomial(gj_random *r, int64_t n, double p)
{
	double q = 1.0 - p, first = exp((double)n * log(q)), mean = (double)n * p;
	int64_t bound = (int64_t)fmin((double)n, mean + 10.0 * sqrt(mean * q + 1)), x = 0;
	double term = first, u = gj_random_unit(r);
	while (u > term) {
		x++;
		if (x > bound) {
			x = 0;
			term = first;
			u = gj_random_unit(r);
		} else {
			u -= term;
			term = ((double)(n - x + 1) * p * term) / ((double)x * q);
		}
	}
	return x;
}

/* BTPE: Kachitvichyanukul and Schmeiser 1988. The histogram under a triangle, two parallelograms beside its top and two tails. */
typedef struct btpe {
	int64_t n, m;                              /* m: the mode */
	double r, q, nrq, p1, p2, p3, p4, xm, xl, xr, c, left, right;
} btpe;

static btpe btpe_of(int64_t n, double p)
{
	btpe b = { .n = n, .r = p };
	double count = (double)n;
	b.q = 1.0 - b.r;
	double fm = count * b.r + b.r;
	b.m = whole(floor(fm));
	b.p1 = floor(2.195 * sqrt(count * b.r * b.q) - 4.6 * b.q) + 0.5;
	b.xm = (double)b.m + 0.5;
	b.xl = b.xm - b.p1;
	b.xr = b.xm + b.p1;
	b.c = 0.134 + 20.5 / (15.3 + (double)b.m);
	double a = (fm - b.xl) / (fm - b.xl * b.r);
	b.left = a * (1.0 + a / 2.0);
	a = (b.xr - fm) / (b.xr * b.q);
	b.right = a * (1.0 + a / 2.0);
	b.p2 = b.p1 * (1.0 + 2.0 * b.c);
	b.p3 = b.p2 + b.c / b.left;
	b.p4 = b.p3 + b.c / b.right;
	b.nrq = count * b.r * b.q;
	return b;
}

static double tail(double x, double square)
{
	return (13680. - (462. - (132. - (99. - 140. / square) / square) / square) / square) / x / 166320.;
}

/* Is v below the distribution at y, in units of its height at the mode? */
static bool is_below(const btpe *b, int64_t y, double v)
{
	int64_t k = y > b->m ? y - b->m : b->m - y;
	if (k <= 20 || (double)k >= b->nrq / 2.0 - 1) {
		double s = b->r / b->q, a = s * (double)(b->n + 1), f = 1.0;
		for (int64_t i = b->m + 1; i <= y; i++)
			f *= a / (double)i - s;
		for (int64_t i = y + 1; i <= b->m; i++)
			f /= a / (double)i - s;
		return v <= f;
	}
	double d = (double)k, rho = (d / b->nrq) * ((d * (d / 3.0 + 0.625) + 0.16666666666666666) / b->nrq + 0.5);
	double t = -d * d / (2 * b->nrq), height = log(v);
	if (height < t - rho)
		return true;
	if (height > t + rho)
		return false;
	double x1 = (double)y + 1, f1 = (double)b->m + 1, z = (double)b->n + 1 - (double)b->m, w = (double)(b->n - y) + 1;
	return height <= b->xm * log(f1 / x1) + ((double)(b->n - b->m) + 0.5) * log(z / w) + (double)(y - b->m) * log(w * b->r / (x1 * b->q))
		+ tail(f1, f1 * f1) + tail(z, z * z) + tail(x1, x1 * x1) + tail(w, w * w);
}

static int64_t large_binomial(gj_random *r, int64_t n, double p)
{
	const btpe b = btpe_of(n, p);
	for (;;) {
		double u = gj_random_unit(r) * b.p4, v = gj_random_unit(r);
		int64_t y;
		if (u <= b.p1)
			return whole(floor(b.xm - b.p1 * v + u));
		if (u <= b.p2) {
			double x = b.xl + (u - b.p1) / b.c;
			v = v * b.c + 1.0 - fabs((double)b.m - x + 0.5) / b.p1;
			if (v > 1.0)
				continue;
			y = whole(floor(x));
		} else if (u <= b.p3) {
			y = whole(floor(b.xl + log(v) / b.left));
			if (y < 0 || v == 0.0)
				continue;
			v = v * (u - b.p2) * b.left;
		} else {
			y = whole(floor(b.xr - log(v) / b.right));
			if (y > n || v == 0.0)
				continue;
			v = v * (u - b.p3) * b.right;
		}
		if (is_below(&b, y, v))
			return y;
	}
}

int64_t gj_rng_binomial(gj_random *r, int64_t n, double p)
{
	double smaller = p <= 0.5 ? p : 1.0 - p;
	int64_t x = smaller * (double)n <= 30.0 ? small_binomial(r, n, smaller) : large_binomial(r, n, smaller);
	return p <= 0.5 ? x : n - x;
}

/* -- The others ------------------------------------------------------------------------------------------------------- */

int64_t gj_rng_geometric(gj_random *r, double p)
{
	if (1.0 - p == 1.0)
		return INT64_MAX;
	if (p < 0.333333333333333333333333)
		return whole(ceil(log(1.0 - gj_random_unit(r)) / log(1.0 - p)));
	double u = gj_random_unit(r), term = p, sum = p, q = 1.0 - p;
	int64_t x = 1;
	while (u > sum) {
		term *= q;
		sum += term;
		x++;
	}
	return x;
}

static int64_t small_hypergeometric(gj_random *r, int64_t good, int64_t bad, int64_t sample)
{
	int64_t others = bad + good - sample, left = sample;
	double smaller = (double)least(bad, good), y = smaller;
	while (y > 0.0) {
		double u = gj_random_unit(r);
		y -= (double)whole(floor(u + y / (double)(others + left)));
		if (--left == 0)
			break;
	}
	int64_t z = (int64_t)(smaller - y);
	return good > bad ? sample - z : z;
}

/* HRUA: Stadlober 1990. */
static int64_t large_hypergeometric(gj_random *r, int64_t good, int64_t bad, int64_t sample)
{
	const double D1 = 1.7155277699214135, D2 = 0.8989161620588988;
	int64_t fewer = least(good, bad), more = most_of(good, bad), all = good + bad, m = least(sample, all - sample);
	double share = (double)fewer / (double)all, mean = (double)m * share + 0.5;
	double deviation = sqrt((double)(all - m) * (double)sample * share * (1.0 - share) / (double)(all - 1) + 0.5);
	double width = D1 * deviation + D2;
	int64_t mode = whole(floor((double)(m + 1) * (double)(fewer + 1) / (double)(all + 2)));
	double at_mode = log_gamma((double)(mode + 1)) + log_gamma((double)(fewer - mode + 1)) + log_gamma((double)(m - mode + 1))
		+ log_gamma((double)(more - m + mode + 1));
	double bound = fmin((double)least(m, fewer) + 1.0, floor(mean + 16 * deviation));
	int64_t z;
	for (;;) {
		double x = gj_random_unit(r), y = gj_random_unit(r), w = mean + width * (y - 0.5) / x;
		if (w < 0.0 || w >= bound)
			continue;
		z = whole(floor(w));
		double t = at_mode - (log_gamma((double)(z + 1)) + log_gamma((double)(fewer - z + 1)) + log_gamma((double)(m - z + 1))
			+ log_gamma((double)(more - m + z + 1)));
		if (x * (4.0 - x) - 3.0 <= t)
			break;
		if (x * (x - t) >= 1)
			continue;
		if (2.0 * log(x) <= t)
			break;
	}
	if (good > bad)
		z = m - z;
	return m < sample ? good - z : z;
}

int64_t gj_rng_hypergeometric(gj_random *r, int64_t good, int64_t bad, int64_t sample)
{
	return sample > 10 ? large_hypergeometric(r, good, bad, sample) : sample > 0 ? small_hypergeometric(r, good, bad, sample) : 0;
}

/* LK: Kemp 1981. */
int64_t gj_rng_logseries(gj_random *r, double p)
{
	double rate = log(1.0 - p);
	for (;;) {
		double v = gj_random_unit(r);
		if (v >= p)
			return 1;
		double u = gj_random_unit(r), q = 1.0 - exp(rate * u);
		if (v > q * q)
			return v >= q ? 1 : 2;
		int64_t x = whole(floor(1 + log(v) / log(q)));
		if (x >= 1 && v != 0.0)
			return x;
	}
}

/* Rejection from a continuous envelope: Devroye 1986. */
int64_t gj_rng_zipf(gj_random *r, double a)
{
	double less = a - 1.0, b = pow(2.0, less);
	while (b < INFINITY) {
		double u = 1.0 - gj_random_unit(r), v = gj_random_unit(r), x = floor(pow(u, -1.0 / less));
		if (x > 0x1p63 || x < 1.0)
			continue;
		double t = pow(1.0 + 1.0 / x, less);
		if (v * x * (t - 1.0) / (b - 1.0) <= t / b)
			return whole(x);
	}
	return 1;
}
