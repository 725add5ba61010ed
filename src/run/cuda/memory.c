/* Device memory: the driver's stream-ordered pool (plain cuMemAlloc where there is none), and in front of it lists of
 * freed blocks up to 1 MiB by size class.
 *
 * A listed block may be handed out again on the stream that it was freed on, and only there: work that the old owner
 * queued comes before work of the new one. The default stream needs one thing more. Ordinary streams wait for what is
 * queued on it, and programs rely on that (allocate on the default stream, use on another); taking a block from a list
 * queues nothing, so once other streams exist the default stream's blocks go through the driver. Streams of other
 * libraries, which may end without our knowing, and the per-thread stream, which is many, are never listed. */
#include "run/cuda/cuda.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLASSES = 49, UNLISTED = CLASSES, SCAN = 8, FIRST_BUCKETS = 64 };
static const size_t LISTED_BLOCK = (size_t)1 << 20, LISTED_BYTES = (size_t)128 << 20, LEAST_BLOCK = 256;

/* A block in use hangs in `bucket`, a listed one in `list`. */
typedef struct block {
	struct block *next;
	CUdeviceptr at;
	size_t   bytes;                            /* as allocated */
	CUstream stream;                           /* listed: freed on it */
	unsigned class;                            /* UNLISTED: larger than LISTED_BLOCK */
} block;

struct gj_cuda_pool {
	pthread_mutex_t lock;
	block **bucket; size_t nbuckets, nblocks;  /* hash of the addresses in use; nbuckets is a power of two */
	block  *list[CLASSES];
	size_t  listed;                            /* bytes */
	bool    streams;                           /* others than the default one exist */
};

/* -- Size classes: four steps an octave, from 256 bytes to 1 MiB ------------------------------------------------- */

static unsigned class_of(size_t *bytes)
{
	unsigned top = 8;
	if (*bytes > LISTED_BLOCK)
		return UNLISTED;
	if (*bytes <= LEAST_BLOCK) {
		*bytes = LEAST_BLOCK;
		return 0;
	}
	while ((*bytes - 1) >> top > 1)
		top++;
	size_t step = (size_t)1 << (top - 2);
	*bytes = (*bytes + step - 1) & ~(step - 1);
	return 4 * (top - 8) + (unsigned)((*bytes >> (top - 2)) - 4);
}

/* -- Blocks in use ----------------------------------------------------------------------------------------------- */

static block **bucket_of(const gj_cuda_pool *p, CUdeviceptr at)
{
	uint64_t h = (at >> 8) * UINT64_C(0x9E3779B97F4A7C15);
	return &p->bucket[(h >> 32) & (p->nbuckets - 1)];
}

/* Longer chains if there is no memory. */
static void grow(gj_cuda_pool *p)
{
	gj_cuda_pool old = *p;
	block **bucket = calloc(old.nbuckets * 2, sizeof *bucket);
	if (!bucket)
		return;
	p->bucket = bucket, p->nbuckets *= 2;
	for (size_t i = 0; i < old.nbuckets; i++)
		for (block *b = old.bucket[i], *next; b; b = next) {
			block **to = bucket_of(p, b->at);
			next = b->next;
			b->next = *to, *to = b;
		}
	free(old.bucket);
}

static void use(gj_cuda_pool *p, block *b)
{
	if (++p->nblocks > p->nbuckets)
		grow(p);
	block **to = bucket_of(p, b->at);
	b->next = *to, *to = b;
}

static block *unuse(gj_cuda_pool *p, CUdeviceptr at)
{
	for (block **l = bucket_of(p, at); *l; l = &(*l)->next)
		if ((*l)->at == at) {
			block *b = *l;
			*l = b->next;
			p->nblocks--;
			return b;
		}
	return NULL;
}

/* -- Listed blocks ----------------------------------------------------------------------------------------------- */

/* Whether blocks of this stream are listed; *key names it. */
static bool listable(const gj_cuda_pool *p, const gj_stream *st, CUstream *key)
{
	*key = gj_cuda_stream(st);
	if (*key == CU_STREAM_LEGACY)
		*key = NULL;
	return *key ? st->owned : !p->streams;
}

static block *take(gj_cuda_pool *p, unsigned class, const gj_stream *st)
{
	CUstream key;
	block *b = NULL;
	if (class == UNLISTED)
		return NULL;
	pthread_mutex_lock(&p->lock);
	if (listable(p, st, &key)) {
		block **l = &p->list[class];
		for (int i = 0; i < SCAN && *l && (*l)->stream != key; i++)
			l = &(*l)->next;
		if ((b = *l) && b->stream == key) {
			*l = b->next;
			p->listed -= b->bytes;
			use(p, b);
		} else
			b = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return b;
}

static gj_status release(gj_cuda *d, block *b, CUstream stream)
{
	CUdeviceptr at = b->at;
	free(b);
	return d->mempool ? CALL(cuMemFreeAsync, (at, stream)) : CALL(cuMemFree, (at));
}

/* Gives listed blocks back to the driver: all, or those of one stream. */
static void unlist(gj_cuda *d, bool all, CUstream stream)
{
	gj_cuda_pool *p = d->pool;
	block *out = NULL;
	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < CLASSES; i++)
		for (block **l = &p->list[i], *b; (b = *l); )
			if (all || b->stream == stream) {
				*l = b->next;
				p->listed -= b->bytes;
				b->next = out, out = b;
			} else
				l = &b->next;
	pthread_mutex_unlock(&p->lock);
	for (block *next; out; out = next) {
		next = out->next;
		(void)release(d, out, out->stream);
	}
}

void gj_cuda_pool_stream_made(gj_cuda *d)
{
	pthread_mutex_lock(&d->pool->lock);
	bool first = !d->pool->streams;
	d->pool->streams = true;
	pthread_mutex_unlock(&d->pool->lock);
	if (first)
		unlist(d, false, NULL);
}

void gj_cuda_pool_stream_gone(gj_cuda *d, CUstream stream)
{
	unlist(d, false, stream);
}

/* -- Allocation -------------------------------------------------------------------------------------------------- */

static gj_status open_mempool(gj_cuda *d)
{
	int supported = 0;
	uint64_t keep = UINT64_MAX;                /* free memory stays in the pool when the device is synchronised */
	CUmemoryPool mempool;
	if (!gj_cu.cuDeviceGetDefaultMemPool || !gj_cu.cuMemPoolSetAttribute || !gj_cu.cuMemPoolGetAttribute ||
	    !gj_cu.cuMemPoolTrimTo || !gj_cu.cuMemAllocAsync || !gj_cu.cuMemFreeAsync)
		return GJ_OK;
	gj_status s = CALL(cuDeviceGetAttribute, (&supported, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, d->handle));
	if (s != GJ_OK || !supported)
		return s;
	s = CALL(cuDeviceGetDefaultMemPool, (&mempool, d->handle));
	if (s == GJ_OK)
		s = CALL(cuMemPoolSetAttribute, (mempool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep));
	if (s == GJ_OK)
		d->mempool = mempool;
	return s;
}

gj_status gj_cuda_pool_open(gj_cuda *d)
{
	gj_cuda_pool *p = d->pool;
	if (!p) {
		p = calloc(1, sizeof *p);
		if (p)
			p->bucket = calloc(FIRST_BUCKETS, sizeof *p->bucket);
		if (!p || !p->bucket) {
			free(p);
			return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
		}
		pthread_mutex_init(&p->lock, NULL);
		p->nbuckets = FIRST_BUCKETS;
		d->pool = p;
	}
	return open_mempool(d);
}

static CUresult driver_alloc(gj_cuda *d, size_t bytes, CUstream stream, CUdeviceptr *out)
{
	return d->mempool ? gj_cu.cuMemAllocAsync(out, bytes, stream) : gj_cu.cuMemAlloc(out, bytes);
}

/* Everything that is free but not with the driver goes back to it. */
static void reclaim(gj_cuda *d)
{
	unlist(d, true, NULL);
	(void)gj_cu.cuCtxSynchronize();
	if (d->mempool)
		(void)gj_cu.cuMemPoolTrimTo(d->mempool, 0);
}

static gj_status alloc_failed(gj_cuda *d, CUresult r, size_t bytes)
{
	const char *call = d->mempool ? "cuMemAllocAsync" : "cuMemAlloc";
	char detail[128];
	size_t available = 0, total = 0;
	if (r != 2 || gj_cu.cuMemGetInfo(&available, &total) != CUDA_SUCCESS)
		snprintf(detail, sizeof detail, "%zu bytes wanted", bytes);
	else
		snprintf(detail, sizeof detail, "%zu bytes wanted, %zu of %zu free", bytes, available, total);
	return gj_cuda_fail(r, call, detail);
}

/* A block from the driver; `bytes` is what the user wants, b->bytes what is asked for. */
static gj_status obtain(gj_cuda *d, block *b, size_t bytes, CUstream stream)
{
	static const CUresult out_of_memory = 2;
	CUresult r = driver_alloc(d, b->bytes, stream, &b->at);
	if (r == out_of_memory) {
		reclaim(d);
		r = driver_alloc(d, b->bytes, stream, &b->at);
	}
	if (r != CUDA_SUCCESS)
		return alloc_failed(d, r, bytes);
	pthread_mutex_lock(&d->pool->lock);
	use(d->pool, b);
	pthread_mutex_unlock(&d->pool->lock);
	return GJ_OK;
}

/* Zero bytes are one, so that every array has an address of its own. */
gj_status gj_cuda_alloc(gj_device *g, size_t bytes, gj_stream *st, gj_devptr *out)
{
	gj_cuda *d = gj_cuda_of(g);
	CUcontext before;
	size_t rounded = bytes ? bytes : 1;
	unsigned class = class_of(&rounded);
	*out = 0;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	block *b = take(d->pool, class, st);
	if (!b) {
		b = malloc(sizeof *b);
		if (!b)
			return gj_cuda_leave(before, gj_error_set(GJ_E_NOMEM, 0, "out of host memory"));
		b->bytes = rounded, b->class = class;
		s = obtain(d, b, bytes, gj_cuda_stream(st));
	}
	if (s == GJ_OK)
		*out = (gj_devptr)b->at;
	else
		free(b);
	return gj_cuda_leave(before, s);
}

gj_status gj_cuda_free(gj_device *g, gj_devptr at, gj_stream *st)
{
	gj_cuda *d = gj_cuda_of(g);
	gj_cuda_pool *p = d->pool;
	CUcontext before;
	CUstream key;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK || !at)
		return s ? s : gj_cuda_leave(before, GJ_OK);
	pthread_mutex_lock(&p->lock);
	block *b = unuse(p, at);
	bool keep = b && listable(p, st, &key) && b->class != UNLISTED && p->listed + b->bytes <= LISTED_BYTES;
	if (keep) {
		b->stream = key;
		b->next = p->list[b->class], p->list[b->class] = b;
		p->listed += b->bytes;
	}
	pthread_mutex_unlock(&p->lock);
	if (!b)
		s = gj_error_set(GJ_E_INVALID, 0, "0x%llx is no memory block in use (freed twice?)", (unsigned long long)at);
	else if (!keep)
		s = release(d, b, gj_cuda_stream(st));
	return gj_cuda_leave(before, s);
}

/* -- The rest ---------------------------------------------------------------------------------------------------- */

gj_status gj_cuda_fill(gj_device *g, gj_devptr dst, uint8_t byte, size_t bytes, gj_stream *st)
{
	if (!bytes)
		return GJ_OK;
	CALL_IN(g, cuMemsetD8Async, (dst, byte, bytes, gj_cuda_stream(st)));
}

/* Free is what an allocation could get: the driver counts memory idle in the pool as used, we do not. */
gj_status gj_cuda_memory_info(gj_device *g, size_t *available, size_t *total)
{
	gj_cuda *d = gj_cuda_of(g);
	CUcontext before;
	uint64_t reserved = 0, used = 0;
	*available = *total = 0;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	s = CALL(cuMemGetInfo, (available, total));
	if (s == GJ_OK && d->mempool)
		s = CALL(cuMemPoolGetAttribute, (d->mempool, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, &reserved));
	if (s == GJ_OK && d->mempool)
		s = CALL(cuMemPoolGetAttribute, (d->mempool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
	pthread_mutex_lock(&d->pool->lock);
	size_t idle = d->pool->listed + (reserved > used ? (size_t)(reserved - used) : 0);
	pthread_mutex_unlock(&d->pool->lock);
	*available = *total - *available < idle ? *total : *available + idle;
	return gj_cuda_leave(before, s);
}
