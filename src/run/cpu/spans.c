/* Live blocks of the CPU device, in a balanced tree: whoever frees or copies asks it whether that can be. */
#include "run/cpu/spans.h"

#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/status.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *tree;
static size_t in_use, capacity;

/* Blocks are disjoint; a key with bytes = 1 finds the block that holds an address. */
static int compare(const void *a, const void *b)
{
	const gj_span *x = a, *y = b;
	return x->start + x->bytes <= y->start ? -1 : y->start + y->bytes <= x->start;
}

static gj_span *find(uintptr_t at)            /* with the lock held */
{
	gj_span key = { at, 1, GJ_SPAN_PLAIN, -1 };
	gj_span **node = tfind(&key, &tree, compare);
	return node ? *node : NULL;
}

/* -- How much ------------------------------------------------------------------------------------------------------ */

bool gj_spans_reserve(size_t bytes)
{
	pthread_mutex_lock(&lock);
	bool fits = bytes <= capacity && in_use <= capacity - bytes;
	in_use += fits ? bytes : 0;
	pthread_mutex_unlock(&lock);
	return fits;
}

void gj_spans_unreserve(size_t bytes)
{
	pthread_mutex_lock(&lock);
	in_use -= bytes;
	pthread_mutex_unlock(&lock);
}

gj_status gj_spans_full(size_t bytes)
{
	size_t left, total;
	gj_host_memory(&left, &total);
	return gj_error_set(GJ_E_NOMEM, 0, "out of memory: %zu bytes wanted, %zu of %zu are free", bytes, left, total);
}

/* -- Which --------------------------------------------------------------------------------------------------------- */

bool gj_spans_add(gj_span b)
{
	gj_span *m = malloc(sizeof *m);
	if (!m)
		return false;
	*m = b;
	pthread_mutex_lock(&lock);
	bool ok = tsearch(m, &tree, compare);
	pthread_mutex_unlock(&lock);
	if (!ok)
		free(m);
	return ok;
}

gj_status gj_spans_remove(uintptr_t start, gj_memory kind, gj_span *out)
{
	pthread_mutex_lock(&lock);
	gj_span *m = find(start);
	bool ok = m && m->start == start && m->kind == kind;
	if (ok)
		tdelete(m, &tree, compare);
	pthread_mutex_unlock(&lock);
	if (!ok)
		return gj_error_set(GJ_E_INVALID, 0, "free of %#zx, which is not the start of a live %s", (size_t)start,
		                    kind == GJ_SPAN_PLAIN ? "device allocation" : "allocation of this kind");
	*out = *m;
	free(m);
	return GJ_OK;
}

bool gj_spans_find(uintptr_t at, gj_span *out)
{
	pthread_mutex_lock(&lock);
	const gj_span *m = find(at);
	if (m)
		*out = *m;
	pthread_mutex_unlock(&lock);
	return m;
}

size_t gj_spans_left(uintptr_t at)
{
	gj_span b;
	return gj_spans_find(at, &b) ? b.start + b.bytes - at : SIZE_MAX;
}

void gj_spans_start(void)
{
	size_t left;
	gj_host_memory(&left, &capacity);
	gj_fork_guard(&lock);
}
