/* Sums, products, least and greatest of elements in the first-level cache, written so that a C compiler makes vectors of them. NaN is
 * less and greater than every number, as in NumPy's reductions. */
#include "run/cpu/fold.h"

#include <math.h>
#include <string.h>

#pragma GCC optimize("O3")

enum { LANES = 16, MANY = 64 };                               /* accumulators of a sum; of what is least, too many to be unrolled */

/* The processor's longer vectors, where it has them: what is added to what is the same. */
#if defined __SANITIZE_ADDRESS__
#define CLONED
#else
#define CLONED __attribute__((target_clones("default", "arch=x86-64-v3")))
#endif

#define SUMS(K, T) \
	CLONED static T sum_##K(const T *x, int64_t n) \
	{ \
		T acc[LANES] = { 0 }, all = 0; \
		int64_t i = 0; \
		for (; n < LANES && i < n; i++) \
			all += x[i]; \
		if (n < LANES) \
			return all; \
		for (; i + LANES <= n; i += LANES) \
			for (int k = 0; k < LANES; k++) \
				acc[k] += x[i + k]; \
		for (; i < n; i++) \
			acc[0] += x[i]; \
		for (int k = 0; k < LANES; k++) \
			all += acc[k]; \
		return all; \
	} \
	CLONED static T product_##K(const T *x, int64_t n) \
	{ \
		T acc[LANES], all = 1; \
		int64_t i = 0; \
		for (; n < LANES && i < n; i++) \
			all *= x[i]; \
		if (n < LANES) \
			return all; \
		for (int k = 0; k < LANES; k++) \
			acc[k] = 1; \
		for (; i + LANES <= n; i += LANES) \
			for (int k = 0; k < LANES; k++) \
				acc[k] *= x[i + k]; \
		for (; i < n; i++) \
			acc[0] *= x[i]; \
		for (int k = 0; k < LANES; k++) \
			all *= acc[k]; \
		return all; \
	} \
	CLONED static void sums_##K(gj_fold how, T *to, const T *x, int64_t n) \
	{ \
		for (int64_t j = 0; how == GJ_FOLD_SUM && j < n; j++) \
			to[j] += x[j]; \
		for (int64_t j = 0; how != GJ_FOLD_SUM && j < n; j++) \
			to[j] *= x[j]; \
	}
SUMS(u64, uint64_t)
SUMS(f32, float)
SUMS(f64, double)

/* Is b to be taken instead of a? */
#define BETTER(how, a, b) ((how) == GJ_FOLD_MIN || (how) == GJ_FOLD_ARGMIN ? (b) < (a) : (b) > (a))

#define ORDER(K, T) \
	CLONED static T best_##K(gj_fold how, const T *x, int64_t n) \
	{ \
		T acc[MANY], odd[MANY], all = x[0]; \
		int64_t i = 0; \
		for (int k = 0; n >= MANY && k < MANY; k++) \
			acc[k] = x[k], odd[k] = 0; \
		if (how == GJ_FOLD_MIN || how == GJ_FOLD_ARGMIN) { \
			for (; i + MANY <= n; i += MANY) \
				for (int k = 0; k < MANY; k++) \
					acc[k] = x[i + k] < acc[k] ? x[i + k] : acc[k], odd[k] = x[i + k] == x[i + k] ? odd[k] : x[i + k]; \
		} else { \
			for (; i + MANY <= n; i += MANY) \
				for (int k = 0; k < MANY; k++) \
					acc[k] = x[i + k] > acc[k] ? x[i + k] : acc[k], odd[k] = x[i + k] == x[i + k] ? odd[k] : x[i + k]; \
		} \
		for (int k = 0; i && k < MANY; k++) \
			all = BETTER(how, all, acc[k]) ? acc[k] : all; \
		for (int k = 0; i && k < MANY; k++) \
			all = odd[k] == odd[k] ? all : odd[k]; \
		for (; i < n; i++) \
			all = BETTER(how, all, x[i]) || x[i] != x[i] ? x[i] : all; \
		return all; \
	} \
	static void order_##K(gj_fold how, const T *x, int64_t n, int64_t index, const int64_t *at, gj_folded *p) \
	{ \
		T best = best_##K(how, x, n), have; \
		int64_t i = 0; \
		memcpy(&have, p->value.bytes, sizeof have); \
		if (p->any && !BETTER(how, have, best) && !(best != best && have == have)) \
			return; \
		while (how >= GJ_FOLD_ARGMIN && x[i] != best && x[i] == x[i]) \
			i++; \
		memcpy(p->value.bytes, &best, sizeof best); \
		p->index = at ? *at : index + i; \
	} \
	CLONED static void orders_##K(gj_fold how, T *to, int64_t *at, const T *x, const int64_t *more_at, int64_t index, int64_t n) \
	{ \
		for (int64_t j = 0; how == GJ_FOLD_MIN && j < n; j++) \
			to[j] = x[j] < to[j] || x[j] != x[j] ? x[j] : to[j]; \
		for (int64_t j = 0; how == GJ_FOLD_MAX && j < n; j++) \
			to[j] = x[j] > to[j] || x[j] != x[j] ? x[j] : to[j]; \
		for (int64_t j = 0; how >= GJ_FOLD_ARGMIN && j < n; j++) \
			if (BETTER(how, to[j], x[j]) || (x[j] != x[j] && to[j] == to[j])) { \
				to[j] = x[j]; \
				at[j] = more_at ? more_at[j] : index; \
			} \
	}

/* Kinds whose order is that of a C type. */
#define ORDERED(X) X(BOOL, uint8_t) X(I8, int8_t) X(I16, int16_t) X(I32, int32_t) X(I64, int64_t) X(U8, uint8_t) X(U16, uint16_t) \
	X(U32, uint32_t) X(U64, uint64_t) X(F32, float) X(F64, double)
ORDERED(ORDER)

/* -- Complex numbers --------------------------------------------------------------------------------------------------------- */

#define PAIRS(K, T) \
	CLONED static void pair_sum_##K(const T *x, int64_t n, double *to) \
	{ \
		T acc[LANES] = { 0 }; \
		int64_t i = 0; \
		for (; i + LANES <= 2 * n; i += LANES) \
			for (int k = 0; k < LANES; k++) \
				acc[k] += x[i + k]; \
		for (int k = 0; i < 2 * n; i++, k++) \
			acc[k] += x[i]; \
		to[0] = to[1] = 0; \
		for (int k = 0; k < LANES; k++) \
			to[k % 2] += acc[k]; \
	} \
	static void pair_product_##K(const T *x, int64_t n, double *to) \
	{ \
		T re = x[0], im = x[1]; \
		for (int64_t i = 1; i < n; i++) { \
			T a = re * x[2 * i] - im * x[2 * i + 1]; \
			im = re * x[2 * i + 1] + im * x[2 * i]; \
			re = a; \
		} \
		to[0] = re, to[1] = im; \
	} \
	static void pair_products_##K(T *to, const T *x, int64_t n) \
	{ \
		for (int64_t i = 0; i < 2 * n; i += 2) { \
			T re = to[i] * x[i] - to[i + 1] * x[i + 1]; \
			to[i + 1] = to[i] * x[i + 1] + to[i + 1] * x[i]; \
			to[i] = re; \
		} \
	}
PAIRS(f32, float)
PAIRS(f64, double)

/* Complex numbers are in order of their real parts, equal ones of their imaginary parts. */
#define PAIR_ODD(x) ((x)[0] != (x)[0] || (x)[1] != (x)[1])
#define PAIR_BETTER(how, a, b) (BETTER(how, (a)[0], (b)[0]) || ((a)[0] == (b)[0] && BETTER(how, (a)[1], (b)[1])))
#define PAIR_WINS(how, a, b) (!PAIR_ODD(a) && (PAIR_ODD(b) || PAIR_BETTER(how, a, b)))

#define PAIR_ORDER(K, T) \
	static void pair_order_##K(gj_fold how, const T *x, int64_t n, int64_t index, const int64_t *at, gj_folded *p) \
	{ \
		T best[2]; \
		int64_t i = 0; \
		memcpy(best, p->value.bytes, sizeof best); \
		for (; i < n; i++) \
			if (!p->any || PAIR_WINS(how, best, x + 2 * i)) { \
				memcpy(best, x + 2 * i, sizeof best); \
				p->index = at ? *at : index + i; \
				p->any = true; \
			} \
		memcpy(p->value.bytes, best, sizeof best); \
	} \
	static void pair_orders_##K(gj_fold how, T *to, int64_t *at, const T *x, const int64_t *more_at, int64_t index, int64_t n) \
	{ \
		for (int64_t j = 0; j < n; j++) \
			if (PAIR_WINS(how, to + 2 * j, x + 2 * j)) { \
				memcpy(to + 2 * j, x + 2 * j, 2 * sizeof *to); \
				if (how >= GJ_FOLD_ARGMIN) \
					at[j] = more_at ? more_at[j] : index; \
			} \
	}
PAIR_ORDER(f32, float)
PAIR_ORDER(f64, double)

static bool is_pair(uint8_t kind) { return kind == GJ_C64 || kind == GJ_C128; }

static void add_pair(gj_fold how, gj_folded *p, const double *z)
{
	double *x = p->value.pair, re = x[0] * z[0] - x[1] * z[1], im = x[0] * z[1] + x[1] * z[0];
	bool sum = how == GJ_FOLD_SUM;
	x[0] = !p->any ? z[0] : sum ? x[0] + z[0] : re;
	x[1] = !p->any ? z[1] : sum ? x[1] + z[1] : im;
}

/* -- Means and squares ------------------------------------------------------------------------------------------------------- */

static bool spreads(gj_fold how) { return how == GJ_FOLD_VAR || how == GJ_FOLD_STD; }

/* Of a elements, and of b others. */
static void join_spread(double *mean, double *squares, int64_t a, double more_mean, double more_squares, int64_t b)
{
	double n = (double)a + (double)b, far = more_mean - *mean;
	*mean += far * ((double)b / n);
	*squares += more_squares + far * far * ((double)a * ((double)b / n));
}

static double spread_of(gj_fold how, double squares, int64_t count, double ddof)
{
	double v = squares / fmax((double)count - ddof, 0);
	return how == GJ_FOLD_STD ? sqrt(v) : v;
}

/* A first guess at the mean, and from there: what it is off by goes into both. */
#define SPREADS(K, T) \
	CLONED static void spread_##K(const T *x, int64_t n, double *mean, double *squares) \
	{ \
		double sum[LANES] = { 0 }, square[LANES] = { 0 }, all = 0, at = (double)sum_##K(x, n) / (double)n; \
		int64_t i = 0; \
		for (; i + LANES <= n; i += LANES) \
			for (int k = 0; k < LANES; k++) { \
				double far = (double)x[i + k] - at; \
				sum[k] += far; \
				square[k] += far * far; \
			} \
		for (int k = 0; i < n; i++, k++) { \
			double far = (double)x[i] - at; \
			sum[k] += far; \
			square[k] += far * far; \
		} \
		*squares = 0; \
		for (int k = 0; k < LANES; k++) { \
			all += sum[k]; \
			*squares += square[k]; \
		} \
		*mean = at + all / (double)n; \
		*squares -= all * (all / (double)n); \
	} \
	static void spread_first_##K(double *to, const T *x, int64_t n) \
	{ \
		for (int64_t j = 0; j < n; j++) \
			to[j] = x[j], to[n + j] = x[j] - x[j]; \
	} \
	CLONED static void spread_column_##K(double *to, const T *x, double share, int64_t n) \
	{ \
		for (int64_t j = 0; j < n; j++) { \
			double far = (double)x[j] - to[j]; \
			to[j] += far * share; \
			to[n + j] += far * ((double)x[j] - to[j]); \
		} \
	}
SPREADS(f32, float)
SPREADS(f64, double)

/* -- … of elements with weights */

static void weighted_first(double *to, const double *x, int64_t n)
{
	for (int64_t j = 0; j < n; j++)
		to[j] = x[2 * j], to[n + j] = x[2 * j] - x[2 * j], to[2 * n + j] = x[2 * j + 1];
}

static void weighted_column(double *to, const double *x, int64_t n)
{
	for (int64_t j = 0; j < n; j++) {
		double weight = x[2 * j + 1], all = to[2 * n + j] += weight, far = x[2 * j] - to[j];
		to[j] += all > 0 ? far * (weight / all) : 0;
		to[n + j] += weight * far * (x[2 * j] - to[j]);
	}
}

static int64_t weighted_row(const double *x, int64_t n, double *mean, double *squares)
{
	enum { SOME = 256 };
	double some[SOME], at, square;
	int64_t all = 0;
	*mean = *squares = 0;
	for (int64_t i = 0; i < n;) {
		int64_t many = 0;
		for (; i < n && many < SOME; i++)
			if (x[2 * i + 1] != 0)
				some[many++] = x[2 * i];
		if (!many)
			break;
		spread_f64(some, many, &at, &square);
		join_spread(mean, squares, all, at, square, many);
		all += many;
	}
	return all;
}

void gj_spread_first(uint8_t kind, double *to, const void *x, int64_t n)
{
	if (kind == GJ_C128) {
		weighted_first(to, x, n);
		return;
	}
	kind == GJ_F32 ? spread_first_f32(to, x, n) : spread_first_f64(to, x, n);
}

void gj_spread_column(uint8_t kind, double *to, const void *x, int64_t count, int64_t n)
{
	if (kind == GJ_C128) {
		weighted_column(to, x, n);
		return;
	}
	kind == GJ_F32 ? spread_column_f32(to, x, 1 / (double)count, n) : spread_column_f64(to, x, 1 / (double)count, n);
}

void gj_spread_join(uint8_t kind, double *to, int64_t a, const double *more, int64_t b, int64_t n)
{
	for (int64_t j = 0; j < n; j++) {
		if (kind == GJ_C128) {
			a = (int64_t)to[2 * n + j];
			b = (int64_t)more[2 * n + j];
			to[2 * n + j] += more[2 * n + j];
		}
		if (b)
			join_spread(&to[j], &to[n + j], a, more[j], more[n + j], b);
	}
}

static void store_float(uint8_t kind, double v, void *out)
{
	float f = (float)v;
	memcpy(out, kind == GJ_F32 ? (const void *)&f : &v, kind == GJ_F32 ? sizeof f : sizeof v);
}

void gj_spread_end(gj_fold how, uint8_t kind, const double *from, int64_t j, int64_t n, int64_t count, double ddof, void *out)
{
	store_float(kind, spread_of(how, from[n + j], kind == GJ_C128 ? (int64_t)from[2 * n + j] : count, ddof), out);
}

static void spread_row(uint8_t kind, const void *x, int64_t n, gj_folded *p)
{
	double mean, squares;
	if (kind == GJ_C128)
		n = weighted_row(x, n, &mean, &squares);
	else
		kind == GJ_F32 ? spread_f32(x, n, &mean, &squares) : spread_f64(x, n, &mean, &squares);
	if (!p->any)
		p->value.pair[0] = p->value.pair[1] = 0, p->index = 0;
	if (n)
		join_spread(&p->value.pair[0], &p->value.pair[1], p->index, mean, squares, n);
	p->index += n;
}

/* -- Any of them ------------------------------------------------------------------------------------------------------------- */

static bool adds(gj_fold how) { return how == GJ_FOLD_SUM || how == GJ_FOLD_PROD; }
static bool is_float(uint8_t kind) { return kind == GJ_F32 || kind == GJ_F64; }

static void add(gj_fold how, uint8_t kind, gj_folded *p, double d, uint64_t u)
{
	bool sum = how == GJ_FOLD_SUM;
	if (is_float(kind))
		p->value.d = !p->any ? d : sum ? p->value.d + d : p->value.d * d;
	else
		p->value.u = !p->any ? u : sum ? p->value.u + u : p->value.u * u;
}

static void add_row(gj_fold how, uint8_t kind, const void *x, int64_t n, gj_folded *p)
{
	bool sum = how == GJ_FOLD_SUM;
	double z[2];
	if (kind == GJ_C64)
		sum ? pair_sum_f32(x, n, z) : pair_product_f32(x, n, z);
	if (kind == GJ_C128)
		sum ? pair_sum_f64(x, n, z) : pair_product_f64(x, n, z);
	if (is_pair(kind))
		add_pair(how, p, z);
	else if (kind == GJ_F32)
		add(how, kind, p, sum ? sum_f32(x, n) : product_f32(x, n), 0);
	else if (kind == GJ_F64)
		add(how, kind, p, sum ? sum_f64(x, n) : product_f64(x, n), 0);
	else
		add(how, kind, p, 0, sum ? sum_u64(x, n) : product_u64(x, n));
}

static void order(gj_fold how, uint8_t kind, const void *x, int64_t n, int64_t index, const int64_t *at, gj_folded *p)
{
	switch (kind) {
#define X(K, T) case GJ_##K: order_##K(how, x, n, index, at, p); break;
	ORDERED(X)
#undef X
	case GJ_C64:  pair_order_f32(how, x, n, index, at, p); break;
	case GJ_C128: pair_order_f64(how, x, n, index, at, p); break;
	default: break;
	}
}

void gj_fold_row(gj_fold how, uint8_t kind, const void *x, int64_t n, int64_t index, gj_folded *p)
{
	if (n < 1)
		return;
	if (adds(how))
		add_row(how, kind, x, n, p);
	else if (spreads(how))
		spread_row(kind, x, n, p);
	else
		order(how, kind, x, n, index, NULL, p);
	p->any = true;
}

void gj_fold_join(gj_fold how, uint8_t kind, gj_folded *p, const gj_folded *more)
{
	if (!more->any)
		return;
	if (adds(how) && is_pair(kind))
		add_pair(how, p, more->value.pair);
	else if (adds(how))
		add(how, kind, p, more->value.d, more->value.u);
	else if (spreads(how) && more->index) {
		join_spread(&p->value.pair[0], &p->value.pair[1], p->index, more->value.pair[0], more->value.pair[1], more->index);
		p->index += more->index;
	} else if (!spreads(how))
		order(how, kind, more->value.bytes, 1, 0, &more->index, p);
	p->any = true;
}

void gj_fold_end(gj_fold how, uint8_t kind, const gj_folded *p, double ddof, void *out)
{
	uint32_t size = gj_scalar[kind]->size;
	gj_folded f = *p;
	if (spreads(how)) {
		store_float(kind, spread_of(how, p->value.pair[1], p->index, ddof), out);
		return;
	}
	if (!p->any) {                                                 /* of nothing: 0, or 1 */
		f.value.u = how == GJ_FOLD_PROD || how == GJ_FOLD_MIN;
		if (is_float(kind))
			f.value.d = how == GJ_FOLD_PROD;
		if (is_pair(kind))
			f.value.pair[0] = how == GJ_FOLD_PROD, f.value.pair[1] = 0;
	}
	if (adds(how) && kind == GJ_F32)
		f.value.f = (float)f.value.d;
	if (adds(how) && kind == GJ_C64) {
		float z[2] = { (float)f.value.pair[0], (float)f.value.pair[1] };
		memcpy(f.value.bytes, z, sizeof z);
	}
	if (how >= GJ_FOLD_ARGMIN)
		memcpy(out, &f.index, sizeof f.index);
	else
		memcpy(out, f.value.bytes, size);
}

void gj_fold_column(gj_fold how, uint8_t kind, void *to, int64_t *at, const void *x, const int64_t *more_at, int64_t index, int64_t n)
{
	if (adds(how)) {
		if (is_pair(kind) && how == GJ_FOLD_SUM)
			kind == GJ_C64 ? sums_f32(how, to, x, 2 * n) : sums_f64(how, to, x, 2 * n);
		else if (is_pair(kind))
			kind == GJ_C64 ? pair_products_f32(to, x, n) : pair_products_f64(to, x, n);
		else if (kind == GJ_F32)
			sums_f32(how, to, x, n);
		else if (kind == GJ_F64)
			sums_f64(how, to, x, n);
		else
			sums_u64(how, to, x, n);
		return;
	}
	switch (kind) {
#define X(K, T) case GJ_##K: orders_##K(how, to, at, x, more_at, index, n); break;
	ORDERED(X)
#undef X
	case GJ_C64:  pair_orders_f32(how, to, at, x, more_at, index, n); break;
	case GJ_C128: pair_orders_f64(how, to, at, x, more_at, index, n); break;
	default: break;
	}
}
