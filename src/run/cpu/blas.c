/* The BLAS that NumPy or SciPy have loaded: one of the libraries in the process whose file is called so, under the names that builds of
 * theirs give to CBLAS's functions. Without one compiled code has loops. */
#define _GNU_SOURCE
#include "run/cpu/blas.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* -- Finding it --------------------------------------------------------------------------------------------------------- */

typedef void function(void);
static struct { void *library; const char *lapack; /* how it calls LAPACK's functions */ bool wide; /* integers have 64 bits */ function *gemm[4], *sdot, *ddot; } found;

static function *symbol(void *library, const char *pattern, const char *name)
{
	char text[64];
	snprintf(text, sizeof text, pattern, name);
	return (function *)dlsym(library, text);
}

static bool take(void *library, const char *pattern, bool wide)
{
	static const char *const gemm[] = { "sgemm", "dgemm", "cgemm", "zgemm" };
	function *f[6] = { symbol(library, pattern, "sdot"), symbol(library, pattern, "ddot") };
	for (int i = 0; i < 4; i++)
		f[2 + i] = symbol(library, pattern, gemm[i]);
	for (int i = 0; i < 6; i++)
		if (!f[i])
			return false;
	found.wide = wide;
	found.sdot = f[0];
	found.ddot = f[1];
	memcpy(found.gemm, f + 2, sizeof found.gemm);
	return true;
}

/* Stops at the first library that has all. Handles stay open: a library that NumPy needs is not unloaded. */
static int look(struct dl_phdr_info *info, size_t size, void *unused)
{
	static const struct { const char *pattern, *lapack; bool wide; } names[] = {
		{ "scipy_cblas_%s64_", "scipy_%s_64_", true }, { "scipy_cblas_%s", "scipy_%s_", false }, { "cblas_%s64_", "%s_64_", true },
		{ "cblas_%s", "%s_", false }
	};
	(void)size, (void)unused;
	const char *file = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
	void *library = file && strstr(file, "blas") ? dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	for (size_t i = 0; library && i < sizeof names / sizeof names[0]; i++)
		if (take(library, names[i].pattern, names[i].wide)) {
			found.library = library;
			found.lapack = names[i].lapack;
			return 1;
		}
	return 0;
}

static void find(void) { dl_iterate_phdr(look, NULL); }

int32_t gj_blas_ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, find);
	return found.ddot != NULL;
}

void (*gj_blas_lapack(const char *name))(void) { return gj_blas_ready() ? symbol(found.library, found.lapack, name) : NULL; }

bool gj_blas_wide(void) { return found.wide; }

/* -- Products ------------------------------------------------------------------------------------------------------------- */

enum { BY_ROWS = 101, AS_IT_IS = 111, TRANSPOSED = 112 };

typedef struct side { int transposed; int64_t leading; } side;

/* How a matrix lies, if rows or columns have their items one after the other. */
static bool lies(int64_t rows, int64_t columns, int64_t row_step, int64_t column_step, side *out)
{
	int64_t of_row = rows > 1 ? row_step : columns, of_column = columns > 1 ? column_step : rows;
	if ((columns == 1 || column_step == 1) && of_row >= columns)
		*out = (side){ AS_IT_IS, of_row };
	else if ((rows == 1 || row_step == 1) && of_column >= rows)
		*out = (side){ TRANSPOSED, of_column };
	else
		return false;
	return out->leading <= INT_MAX || found.wide;
}

static const float one_c[2] = { 1 }, zero_c[2];
static const double one_z[2] = { 1 }, zero_z[2];

#define PRODUCT(t, I, S, T, ONE, ZERO) \
	static void t##gemm_##I(int64_t m, int64_t n, int64_t k, uint64_t a, side as, uint64_t b, side bs, uint64_t out) \
	{ \
		void (*f)(int, int, int, I, I, I, S, const T *, I, const T *, I, S, T *, I) = \
			(void (*)(int, int, int, I, I, I, S, const T *, I, const T *, I, S, T *, I))found.gemm[kind_##t]; \
		f(BY_ROWS, as.transposed, bs.transposed, (I)m, (I)n, (I)k, ONE, (const T *)(uintptr_t)a, (I)as.leading, (const T *)(uintptr_t)b, \
			(I)bs.leading, ZERO, (T *)(uintptr_t)out, (I)n); \
	}
#define PRODUCTS(t, S, T, ONE, ZERO) \
	PRODUCT(t, int64_t, S, T, ONE, ZERO) PRODUCT(t, int, S, T, ONE, ZERO) \
	int32_t gj_blas_##t##gemm(int64_t m, int64_t n, int64_t k, uint64_t a, int64_t a_rows, int64_t a_columns, uint64_t b, int64_t b_rows, \
		int64_t b_columns, uint64_t out) \
	{ \
		side as, bs; \
		if (!gj_blas_ready() || !lies(m, k, a_rows, a_columns, &as) || !lies(k, n, b_rows, b_columns, &bs)) \
			return 0; \
		if (!found.wide && (m > INT_MAX || n > INT_MAX || k > INT_MAX)) \
			return 0; \
		(found.wide ? t##gemm_int64_t : t##gemm_int)(m, n, k, a, as, b, bs, out); \
		return 1; \
	}
enum { kind_s, kind_d, kind_c, kind_z };
PRODUCTS(s, float, float, 1.0f, 0.0f)
PRODUCTS(d, double, double, 1.0, 0.0)
PRODUCTS(c, const void *, void, one_c, zero_c)
PRODUCTS(z, const void *, void, one_z, zero_z)

/* Of at most INT_MAX items where integers have 32 bits: parts are added. */
#define DOT(t, T) \
	T gj_blas_##t##dot(int64_t n, uint64_t a, int64_t a_step, uint64_t b, int64_t b_step) \
	{ \
		const T *x = (const T *)(uintptr_t)a, *y = (const T *)(uintptr_t)b; \
		if (found.wide) \
			return ((T (*)(int64_t, const T *, int64_t, const T *, int64_t))found.t##dot)(n, x, a_step, y, b_step); \
		T sum = 0; \
		for (int64_t i = 0, part; i < n; i += part) { \
			part = n - i < INT_MAX ? n - i : INT_MAX; \
			sum += ((T (*)(int, const T *, int, const T *, int))found.t##dot)((int)part, x + i * a_step, (int)a_step, y + i * b_step, (int)b_step); \
		} \
		return sum; \
	}
DOT(s, float)
DOT(d, double)

/* -- By name ---------------------------------------------------------------------------------------------------------- */

uintptr_t gj_cpu_blas(const char *name)
{
	static const struct { const char *name; function *f; } rows[] = {
#define BLAS(NAME, signature, R, params) { #NAME, (function *)gj_blas_##NAME },
#include "image/blas.def"
#undef BLAS
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strcmp(rows[i].name, name))
			return (uintptr_t)rows[i].f;
	return 0;
}
