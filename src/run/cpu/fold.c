/* Sums, products, least and greatest of elements in the first-level cache, written so that a C compiler makes vectors of them. NaN is
 * less and greater than every number, as in NumPy's reductions. */
#include "run/cpu/fold.h"

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
	if (kind == GJ_F32)
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
	default: break;
	}
}

void gj_fold_row(gj_fold how, uint8_t kind, const void *x, int64_t n, int64_t index, gj_folded *p)
{
	if (n < 1)
		return;
	if (adds(how))
		add_row(how, kind, x, n, p);
	else
		order(how, kind, x, n, index, NULL, p);
	p->any = true;
}

void gj_fold_join(gj_fold how, uint8_t kind, gj_folded *p, const gj_folded *more)
{
	if (!more->any)
		return;
	if (adds(how))
		add(how, kind, p, more->value.d, more->value.u);
	else
		order(how, kind, more->value.bytes, 1, 0, &more->index, p);
	p->any = true;
}

void gj_fold_end(gj_fold how, uint8_t kind, const gj_folded *p, void *out)
{
	uint32_t size = gj_scalar[kind]->size;
	gj_folded f = *p;
	if (!p->any) {                                                 /* of nothing: 0, or 1 */
		f.value.u = how == GJ_FOLD_PROD || how == GJ_FOLD_MIN;
		if (is_float(kind))
			f.value.d = how == GJ_FOLD_PROD;
	}
	if (adds(how) && kind == GJ_F32)
		f.value.f = (float)f.value.d;
	if (how >= GJ_FOLD_ARGMIN)
		memcpy(out, &f.index, sizeof f.index);
	else
		memcpy(out, f.value.bytes, size);
}

void gj_fold_column(gj_fold how, uint8_t kind, void *to, int64_t *at, const void *x, const int64_t *more_at, int64_t index, int64_t n)
{
	if (adds(how)) {
		if (kind == GJ_F32)
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
	default: break;
	}
}
