/* LAPACK's functions take addresses only: of integers of 32 or 64 bits too. Those here have 64, of which the former are the lower half.
 * Functions that need memory to work in say how much when they are asked first. */
#include "run/cpu/lapack.h"
#include "run/cpu/blas.h"

#include <stdlib.h>
#include <string.h>

enum { NKINDS = 4, COMPLEX = 2 /* kinds from here on */, NONE = -1, MOST = 15 };

typedef void lapack(void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *, void *);
typedef struct work { int64_t n, nreal, nint; void *at, *real, *ints; } work;          /* LAPACK's work, rwork and iwork: items, and where */

/* Further arguments than a function has are not looked at. */
static int32_t call(const char *const name[NKINDS], int64_t kind, int64_t *info, void *const p[MOST])
{
	lapack *f = (lapack *)gj_blas_lapack(name[kind]);
	*info = 0;
	if (!f)
		return NONE;
	f(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14]);
	return (int32_t)*info;
}

static void *at(uint64_t address) { return (void *)(uintptr_t)address; }

/* How many items a function has asked for; numbers of float32 are rounded. */
static int64_t asked(int64_t kind, const void *answer)
{
	float f;
	double d;
	memcpy(&f, answer, sizeof f);
	memcpy(&d, answer, sizeof d);
	return (int64_t)((kind % 2 ? d : f) * 1.000001) + 1;
}

/* Memory for so many items; false: there is none. */
static bool get(work *w, int64_t kind)
{
	size_t real = kind % 2 ? 8 : 4, item = real << (kind >= COMPLEX);
	size_t n = ((size_t)w->n * item + 15) & ~(size_t)15, nreal = ((size_t)w->nreal * real + 15) & ~(size_t)15;
	char *p = malloc(n + nreal + (size_t)w->nint * 8 + 1);
	w->at = p;
	w->real = p + n;
	w->ints = p + n + nreal;
	return p;
}

int32_t gj_lapack_gesv(int64_t kind, int64_t n, int64_t columns, uint64_t a, uint64_t b)
{
	static const char *const name[] = { "sgesv", "dgesv", "cgesv", "zgesv" };
	int64_t info;
	work w = { .nint = n };
	if (!get(&w, kind))
		return NONE;
	int32_t status = call(name, kind, &info, (void *[MOST]){ &n, &columns, at(a), &n, w.ints, at(b), &n, &info });
	free(w.at);
	return status;
}

int32_t gj_lapack_getrf(int64_t kind, int64_t n, uint64_t a, uint64_t sign)
{
	static const char *const name[] = { "sgetrf", "dgetrf", "cgetrf", "zgetrf" };
	int64_t info, *out = at(sign);
	work w = { .nint = n };
	if (!get(&w, kind))
		return NONE;
	int32_t status = call(name, kind, &info, (void *[MOST]){ &n, &n, at(a), &n, w.ints, &info });
	*out = 1;
	for (int64_t i = 0; i < n && status >= 0; i++) {
		int64_t with = gj_blas_wide() ? ((int64_t *)w.ints)[i] : ((int32_t *)w.ints)[i];
		*out = with == i + 1 ? *out : -*out;
	}
	free(w.at);
	return status;
}

int32_t gj_lapack_potrf(int64_t kind, int64_t n, uint64_t a)
{
	static const char *const name[] = { "spotrf", "dpotrf", "cpotrf", "zpotrf" };
	int64_t info;
	return call(name, kind, &info, (void *[MOST]){ "U", &n, at(a), &n, &info });
}

int32_t gj_lapack_geqrf(int64_t kind, int64_t rows, int64_t columns, uint64_t a, uint64_t scale)
{
	static const char *const name[] = { "sgeqrf", "dgeqrf", "cgeqrf", "zgeqrf" };
	int64_t info;
	double answer[2];
	work w = { .n = -1 };
	int32_t status = call(name, kind, &info, (void *[MOST]){ &rows, &columns, at(a), &rows, at(scale), answer, &w.n, &info });
	w.n = asked(kind, answer);
	if (status || !get(&w, kind))
		return NONE;
	status = call(name, kind, &info, (void *[MOST]){ &rows, &columns, at(a), &rows, at(scale), w.at, &w.n, &info });
	free(w.at);
	return status;
}

int32_t gj_lapack_orgqr(int64_t kind, int64_t rows, int64_t columns, uint64_t a, uint64_t scale)
{
	static const char *const name[] = { "sorgqr", "dorgqr", "cungqr", "zungqr" };
	int64_t info;
	double answer[2];
	work w = { .n = -1 };
	int32_t status = call(name, kind, &info, (void *[MOST]){ &rows, &columns, &columns, at(a), &rows, at(scale), answer, &w.n, &info });
	w.n = asked(kind, answer);
	if (status || !get(&w, kind))
		return NONE;
	status = call(name, kind, &info, (void *[MOST]){ &rows, &columns, &columns, at(a), &rows, at(scale), w.at, &w.n, &info });
	free(w.at);
	return status;
}

static int32_t singular(int64_t kind, int64_t how, int64_t m, int64_t n, uint64_t a, uint64_t s, uint64_t u, uint64_t v, work *w)
{
	static const char *const name[] = { "sgesdd", "dgesdd", "cgesdd", "zgesdd" };
	static const char *const jobs = "NSA";
	int64_t info, v_rows = how == 2 || n < m ? n : m;
	char job[2] = { jobs[how], 0 };
	if (kind < COMPLEX)
		return call(name, kind, &info, (void *[MOST]){ job, &m, &n, at(a), &m, at(s), at(u), &m, at(v), &v_rows, w->at, &w->n, w->ints, &info });
	return call(name, kind, &info, (void *[MOST]){ job, &m, &n, at(a), &m, at(s), at(u), &m, at(v), &v_rows, w->at, &w->n, w->real, w->ints, &info });
}

int32_t gj_lapack_gesdd(int64_t kind, int64_t how, int64_t rows, int64_t columns, uint64_t a, uint64_t values, uint64_t u, uint64_t v)
{
	int64_t least = rows < columns ? rows : columns, most = rows < columns ? columns : rows, squares = 5 * least + 7, both = 2 * most + 2 * least + 1;
	double answer[2];
	work w = { .n = -1, .at = answer };
	int32_t status = singular(kind, how, rows, columns, a, values, u, v, &w);
	w = (work){ .n = asked(kind, answer), .nint = 8 * least, .nreal = kind < COMPLEX ? 0 : least * (squares > both ? squares : both) };
	if (status || !get(&w, kind))
		return NONE;
	status = singular(kind, how, rows, columns, a, values, u, v, &w);
	free(w.at);
	return status;
}

static int32_t symmetric(int64_t kind, int64_t how, int64_t n, uint64_t a, uint64_t values, work *w)
{
	static const char *const name[] = { "ssyevd", "dsyevd", "cheevd", "zheevd" };
	int64_t info;
	void *job = how ? "V" : "N";
	if (kind < COMPLEX)
		return call(name, kind, &info, (void *[MOST]){ job, "U", &n, at(a), &n, at(values), w->at, &w->n, w->ints, &w->nint, &info });
	return call(name, kind, &info, (void *[MOST]){ job, "U", &n, at(a), &n, at(values), w->at, &w->n, w->real, &w->nreal, w->ints, &w->nint, &info });
}

int32_t gj_lapack_heevd(int64_t kind, int64_t how, int64_t n, uint64_t a, uint64_t values)
{
	double answer[2], real[1];
	int64_t nint = 0;
	work w = { -1, -1, -1, answer, real, &nint };
	int32_t status = symmetric(kind, how, n, a, values, &w);
	w = (work){ .n = asked(kind, answer), .nreal = kind < COMPLEX ? 0 : asked(kind, real), .nint = nint };
	if (status || !get(&w, kind))
		return NONE;
	status = symmetric(kind, how, n, a, values, &w);
	free(w.at);
	return status;
}

static int32_t any(int64_t kind, int64_t how, int64_t n, uint64_t a, uint64_t values, uint64_t vectors, work *w)
{
	static const char *const name[] = { "sgeev", "dgeev", "cgeev", "zgeev" };
	int64_t info, one = 1;
	double none[2];
	void *job = how ? "V" : "N", *imaginary = (char *)at(values) + (kind ? 8 : 4) * n;
	if (kind < COMPLEX)
		return call(name, kind, &info, (void *[MOST]){ "N", job, &n, at(a), &n, at(values), imaginary, none, &one, at(vectors), &n, w->at, &w->n, &info });
	return call(name, kind, &info, (void *[MOST]){ "N", job, &n, at(a), &n, at(values), none, &one, at(vectors), &n, w->at, &w->n, w->real, &info });
}

int32_t gj_lapack_geev(int64_t kind, int64_t how, int64_t n, uint64_t a, uint64_t values, uint64_t vectors)
{
	double answer[2], real[1];
	work w = { .n = -1, .at = answer, .real = real };
	int32_t status = any(kind, how, n, a, values, vectors, &w);
	w = (work){ .n = asked(kind, answer), .nreal = kind < COMPLEX ? 0 : 2 * n };
	if (status || !get(&w, kind))
		return NONE;
	status = any(kind, how, n, a, values, vectors, &w);
	free(w.at);
	return status;
}

uintptr_t gj_cpu_lapack(const char *name)
{
	static const struct { const char *name; void (*f)(void); } rows[] = {
#define LAPACK(NAME, signature, params) { #NAME, (void (*)(void))gj_lapack_##NAME },
#include "image/lapack.def"
#undef LAPACK
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!strcmp(rows[i].name, name))
			return (uintptr_t)rows[i].f;
	return 0;
}
