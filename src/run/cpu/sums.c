/* Arrays that a kernel only adds to (opt/sums.c). A thread that works on a launch adds to a copy of its own, which
 * begins as zeros; when it has no more blocks, the copy is added to the array. Worth it where the launch has many more
 * threads than the arrays have elements; otherwise the kernel adds to the array, atomically. */
#include "run/cpu/cpu.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 64 << 10, THREADS_AN_ELEMENT = 4 };

static size_t align64(size_t n) { return (n + 63) & ~(size_t)63; }

static uint64_t read64(const char *p)
{
	uint64_t x;
	memcpy(&x, p, sizeof x);
	return x;
}

static size_t size_of(uint8_t kind) { return kind == GJ_I32 || kind == GJ_U32 || kind == GJ_F32 ? 4 : 8; }

/* The copies' bytes; 0: not worth it. */
static size_t room_for(const gj_run *r)
{
	const gj_kernel *k = r->kernel;
	uint64_t threads = r->nblocks * r->nthreads, elements = 0;
	size_t room = 0;
	for (uint32_t i = 0; i < k->nsums; i++) {
		uint64_t bytes = read64((const char *)r->launch->params + k->sum[i].bytes);
		if (bytes > MAX_BYTES)
			return 0;
		room += align64(bytes);
		elements += bytes / size_of(k->sum[i].kind);
	}
	return r->nblocks > 1 && room <= MAX_BYTES && elements <= threads / THREADS_AN_ELEMENT ? room : 0;
}

/* −0.0 is what changes no sum of floats. */
static void clear(char *p, uint8_t kind, size_t bytes)
{
	static const float zero4 = -0.0f;
	static const double zero8 = -0.0;
	memset(p, 0, bytes);
	for (size_t at = 0; kind == GJ_F32 && at < bytes; at += sizeof zero4)
		memcpy(p + at, &zero4, sizeof zero4);
	for (size_t at = 0; kind == GJ_F64 && at < bytes; at += sizeof zero8)
		memcpy(p + at, &zero8, sizeof zero8);
}

void gj_sums_begin(gj_worker *w)
{
	const gj_run *r = w->run;
	const gj_kernel *k = r->kernel;
	size_t room = k->nsums ? room_for(r) : 0, at = align64(k->param_bytes);
	w->params = r->launch->params;
	w->sums = NULL;
	if (!room || !(w->copies = gj_cpu_grow(w->copies, &w->copies_cap, at + room)))
		return;
	w->params = w->sums = memcpy(w->copies, r->launch->params, k->param_bytes);
	for (uint32_t i = 0; i < k->nsums; i++) {
		uint64_t bytes = read64(w->params + k->sum[i].bytes), p = (uintptr_t)(w->copies + at);
		clear(w->copies + at, k->sum[i].kind, bytes);
		memcpy(w->sums + k->sum[i].data, &p, sizeof p);
		at += align64(bytes);
	}
}

#define ADD_ALL(INT, T, PLUS) do { \
	INT *to = (INT *)(uintptr_t)array; \
	const INT *from = (const INT *)(const void *)copy; \
	for (size_t i = 0; i < bytes / sizeof *to; i++) { \
		union { INT bits; T x; } old, new, more = { .bits = from[i] }, none = { .x = (T)-0.0 }; \
		if (more.bits == none.bits) \
			continue; \
		old.bits = __atomic_load_n(to + i, __ATOMIC_RELAXED); \
		do \
			new.x = PLUS; \
		while (!__atomic_compare_exchange_n(to + i, &old.bits, new.bits, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)); \
	} \
} while (0)

static void add(uint64_t array, const char *copy, uint8_t kind, size_t bytes)
{
	switch (kind) {
	case GJ_F32: ADD_ALL(uint32_t, float, old.x + more.x); break;
	case GJ_F64: ADD_ALL(uint64_t, double, old.x + more.x); break;
	case GJ_I32: case GJ_U32: ADD_ALL(uint32_t, uint32_t, old.x + more.x); break;
	default:     ADD_ALL(uint64_t, uint64_t, old.x + more.x); break;
	}
}

void gj_sums_end(gj_worker *w)
{
	const gj_run *r = w->run;
	const gj_kernel *k = r->kernel;
	for (uint32_t i = 0; w->sums && i < k->nsums; i++) {
		const char *given = r->launch->params, *copy = (const char *)(uintptr_t)read64(w->sums + k->sum[i].data);
		add(read64(given + k->sum[i].data), copy, k->sum[i].kind, read64(given + k->sum[i].bytes));
	}
}
