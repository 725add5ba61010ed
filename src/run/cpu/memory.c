/* Memory of the CPU device: host memory, aligned for vectors. Live blocks are kept in a balanced tree, so that a wrong
 * free or a copy past the end of a block is an error and not damage. Any other address is memory of the program (NumPy
 * arrays are used in place) and is taken as it is. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/status.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGN = 256, HUGE_PAGE = 2 << 20, PIECE = 2 << 20, PARALLEL = 8 << 20 };

typedef struct mem { uintptr_t start; size_t bytes; bool pinned; } mem;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *tree;
static size_t in_use, capacity;

/* -- The tree of live blocks --------------------------------------------------------------------------------------- */

/* Blocks are disjoint; a key with bytes = 1 finds the block that holds an address. */
static int compare(const void *a, const void *b)
{
	const mem *x = a, *y = b;
	return x->start + x->bytes <= y->start ? -1 : y->start + y->bytes <= x->start;
}

static mem *find(uintptr_t at)                 /* with the lock held */
{
	mem key = { at, 1, false };
	mem **node = tfind(&key, &tree, compare);
	return node ? *node : NULL;
}

/* -- alloc and free ------------------------------------------------------------------------------------------------ */

static void *host_alloc(size_t bytes)
{
	bool big = bytes >= 2 * (size_t)HUGE_PAGE;
	size_t align = big ? HUGE_PAGE : ALIGN;
	void *p = aligned_alloc(align, (bytes + align - 1) / align * align);
	if (p && big)
		madvise(p, (bytes + align - 1) / align * align, MADV_HUGEPAGE);
	return p;
}

static gj_status too_large(size_t bytes)
{
	size_t left, total;
	gj_host_memory(&left, &total);
	return gj_error_set(GJ_E_NOMEM, 0, "out of memory: %zu bytes wanted, %zu of %zu are free", bytes, left, total);
}

static gj_status alloc(size_t bytes, bool pinned, uintptr_t *out)
{
	*out = 0;
	bytes = bytes ? bytes : 1;
	pthread_mutex_lock(&lock);
	bool fits = bytes <= capacity && in_use <= capacity - bytes;
	in_use += fits ? bytes : 0;
	pthread_mutex_unlock(&lock);
	mem *m = fits ? malloc(sizeof *m) : NULL;
	void *p = m ? host_alloc(bytes) : NULL;
	bool ok = false;
	pthread_mutex_lock(&lock);
	if (p) {
		*m = (mem){ (uintptr_t)p, bytes, pinned };
		ok = tsearch(m, &tree, compare);
	}
	in_use -= fits && !ok ? bytes : 0;
	pthread_mutex_unlock(&lock);
	if (!ok) {
		free(p);
		free(m);
		return too_large(bytes);
	}
	*out = (uintptr_t)p;
	return GJ_OK;
}

static gj_status release(uintptr_t at, bool pinned)
{
	if (!at)
		return GJ_OK;
	pthread_mutex_lock(&lock);
	mem *m = find(at);
	bool ok = m && m->start == at && m->pinned == pinned;
	if (ok) {
		tdelete(m, &tree, compare);
		in_use -= m->bytes;
	}
	pthread_mutex_unlock(&lock);
	if (!ok)
		return gj_error_set(GJ_E_INVALID, 0, "free of %#zx, which is not the start of a live %s", (size_t)at,
		                    pinned ? "pinned allocation" : "device allocation");
	free((void *)at);
	free(m);
	return GJ_OK;
}

gj_status gj_cpu_alloc(gj_device *d, size_t bytes, gj_stream *s, gj_devptr *out)
{
	(void)d, (void)s;
	return alloc(bytes, false, out);
}

gj_status gj_cpu_free(gj_device *d, gj_devptr p, gj_stream *s)
{
	(void)d, (void)s;
	return release(p, false);
}

gj_status gj_cpu_alloc_pinned(gj_device *d, size_t bytes, void **out)
{
	(void)d;
	uintptr_t p;
	gj_status status = alloc(bytes, true, &p);
	*out = (void *)p;
	return status;
}

gj_status gj_cpu_free_pinned(gj_device *d, void *p)
{
	(void)d;
	return release((uintptr_t)p, true);
}

/* -- copy and fill ------------------------------------------------------------------------------------------------- */

typedef struct transfer { uintptr_t dst, src; size_t bytes; uint8_t byte; _Atomic size_t next; } transfer;

/* A thread's part: pieces until none is left. src 0: fill. */
static void move_pieces(void *arg)
{
	transfer *t = arg;
	size_t at;
	while ((at = atomic_fetch_add(&t->next, PIECE)) < t->bytes) {
		size_t n = t->bytes - at < PIECE ? t->bytes - at : PIECE;
		if (t->src)
			memcpy((void *)(t->dst + at), (const void *)(t->src + at), n);
		else
			memset((void *)(t->dst + at), t->byte, n);
	}
}

static void move_parallel(transfer *t)
{
	size_t pieces = t->bytes / PIECE;
	unsigned threads = gj_pool_threads();
	gj_pool_run(move_pieces, t, threads - 1 < pieces ? threads - 1 : (unsigned)pieces, false, NULL);
}

/* An address range that begins in a block of ours must end in it. */
static gj_status check_range(uintptr_t at, size_t bytes)
{
	if (!at || bytes > UINTPTR_MAX - at)
		return gj_error_set(GJ_E_INVALID, 0, "copy or fill at address %#zx", (size_t)at);
	pthread_mutex_lock(&lock);
	const mem *m = find(at);
	size_t left = m ? m->start + m->bytes - at : SIZE_MAX;
	pthread_mutex_unlock(&lock);
	if (bytes > left)
		return gj_error_set(GJ_E_INVALID, 0, "copy or fill of %zu bytes at an allocation that has only %zu left", bytes,
		                    left);
	return GJ_OK;
}

gj_status gj_cpu_copy(gj_device *d, gj_copy kind, uintptr_t dst, uintptr_t src, size_t bytes, gj_stream *s)
{
	(void)d, (void)kind, (void)s;
	if (!bytes)
		return GJ_OK;
	gj_status status = check_range(dst, bytes);
	status = status ? status : check_range(src, bytes);
	if (status || dst == src)
		return status;
	bool overlap = dst < src + bytes && src < dst + bytes;
	if (bytes < PARALLEL || overlap)
		memmove((void *)dst, (const void *)src, bytes);
	else
		move_parallel(&(transfer){ .dst = dst, .src = src, .bytes = bytes });
	return GJ_OK;
}

gj_status gj_cpu_fill(gj_device *d, gj_devptr dst, uint8_t byte, size_t bytes, gj_stream *s)
{
	(void)d, (void)s;
	if (!bytes)
		return GJ_OK;
	gj_status status = check_range(dst, bytes);
	if (status)
		return status;
	if (bytes < PARALLEL)
		memset((void *)dst, byte, bytes);
	else
		move_parallel(&(transfer){ .dst = dst, .bytes = bytes, .byte = byte });
	return GJ_OK;
}

/* -- Questions ----------------------------------------------------------------------------------------------------- */

gj_status gj_cpu_memory_info(gj_device *d, size_t *free, size_t *total)
{
	(void)d;
	gj_host_memory(free, total);
	return GJ_OK;
}

gj_status gj_cpu_pointer_device(gj_device *d, gj_devptr p, int *ordinal)
{
	pthread_mutex_lock(&lock);
	const mem *m = find(p);
	*ordinal = m ? d->ordinal : -1;
	pthread_mutex_unlock(&lock);
	return GJ_OK;
}

/* Memory of the program has no end that we know of. */
size_t gj_cpu_left(gj_device *d, gj_devptr p)
{
	(void)d;
	pthread_mutex_lock(&lock);
	const mem *m = find(p);
	size_t left = m ? m->start + m->bytes - p : SIZE_MAX;
	pthread_mutex_unlock(&lock);
	return left;
}

void gj_cpu_memory_start(void)
{
	size_t left;
	gj_host_memory(&left, &capacity);
	gj_fork_guard(&lock);
}
