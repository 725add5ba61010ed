/* Memory of the CPU device: host memory, aligned for vectors. A wrong free or a copy past the end of a block is an error
 * and not damage (spans.c). Any other address is memory of the program (NumPy arrays are used in place) and is taken as
 * it is. */
#define _GNU_SOURCE
#include "run/cpu/spans.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/cpu/shared.h"
#include "run/cpu/split.h"
#include "run/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGN = 256, HUGE_PAGE = 2 << 20, PIECE = 2 << 20, PARALLEL = 8 << 20 };

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

static gj_status alloc(size_t bytes, gj_memory kind, uintptr_t *out)
{
	*out = 0;
	bytes = bytes ? bytes : 1;
	if (!gj_spans_reserve(bytes))
		return gj_spans_full(bytes);
	void *p = host_alloc(bytes);
	if (!p || !gj_spans_add((gj_span){ (uintptr_t)p, bytes, kind, -1 })) {
		gj_spans_unreserve(bytes);
		free(p);
		return gj_spans_full(bytes);
	}
	*out = (uintptr_t)p;
	return GJ_OK;
}

static gj_status release(uintptr_t at, gj_memory kind)
{
	gj_span b;
	gj_status s = at ? gj_spans_remove(at, kind, &b) : GJ_OK;
	if (!at || s != GJ_OK)
		return s;
	gj_spans_unreserve(b.bytes);
	free((void *)at);
	return GJ_OK;
}

gj_status gj_cpu_alloc(gj_device *d, size_t bytes, gj_stream *s, gj_devptr *out)
{
	(void)d, (void)s;
	return alloc(bytes, GJ_SPAN_PLAIN, out);
}

gj_status gj_cpu_free(gj_device *d, gj_devptr p, gj_stream *s)
{
	(void)d, (void)s;
	return release(p, GJ_SPAN_PLAIN);
}

/* Host memory is all that there is: pinned and managed memory differ in name. */
gj_status gj_cpu_alloc_kind(gj_device *d, gj_memory kind, size_t bytes, gj_place *out)
{
	(void)d;
	gj_status s = kind == GJ_MEM_SHARED ? gj_shared_alloc(bytes, &out->at) : alloc(bytes, kind, &out->at);
	out->host = (void *)out->at;
	return s;
}

gj_status gj_cpu_free_kind(gj_device *d, gj_memory kind, gj_place place)
{
	(void)d;
	return kind == GJ_MEM_REGISTERED ? GJ_OK
		: kind == GJ_MEM_SHARED || kind == GJ_MEM_OPENED ? gj_shared_free(place.at, kind)
		: release(place.at, kind);
}

gj_status gj_cpu_pin(gj_device *d, void *host, size_t bytes, gj_place *out)
{
	(void)d, (void)bytes;
	*out = (gj_place){ (gj_devptr)host, NULL };
	return GJ_OK;
}

/* -- copy and fill ------------------------------------------------------------------------------------------------- */

typedef struct transfer { uintptr_t dst, src; size_t bytes; uint8_t byte; gj_split pieces; } transfer;

/* A thread's part: pieces until none is left. src 0: fill. */
static void move_pieces(void *arg, unsigned me)
{
	transfer *t = arg;
	unsigned passed = 0;
	int64_t from, end;
	while (gj_split_take(&t->pieces, me, &passed, &from, &end)) {
		size_t at = (size_t)from * PIECE, n = (size_t)end * PIECE < t->bytes ? (size_t)(end - from) * PIECE : t->bytes - at;
		if (t->src)
			memcpy((void *)(t->dst + at), (const void *)(t->src + at), n);
		else
			memset((void *)(t->dst + at), t->byte, n);
	}
}

static void move_parallel(transfer *t)
{
	size_t pieces = (t->bytes + PIECE - 1) / PIECE;
	unsigned threads = gj_pool_threads() < pieces ? gj_pool_threads() : (unsigned)pieces;
	gj_split_init(&t->pieces, 0, (int64_t)pieces, 1, threads);
	gj_pool_run(move_pieces, t, threads - 1, false, NULL);
}

/* An address range that begins in a block of ours must end in it. */
static gj_status check_range(uintptr_t at, size_t bytes)
{
	if (!at || bytes > UINTPTR_MAX - at)
		return gj_error_set(GJ_E_INVALID, 0, "copy or fill at address %#zx", (size_t)at);
	size_t left = gj_spans_left(at);
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
	*ordinal = gj_spans_left(p) == SIZE_MAX ? -1 : d->ordinal;
	return GJ_OK;
}

/* Memory of the program has no end that we know of. */
size_t gj_cpu_left(gj_device *d, gj_devptr p)
{
	(void)d;
	return gj_spans_left(p);
}
