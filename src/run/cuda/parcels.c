/* Small copies on the default stream, several as one: parcels of host memory are put together in pinned memory and cross the bus
 * at once, where each by itself would cost some microseconds of the driver's. A copy to the GPU is under way when the call
 * returns; so pinned memory is slots, and one is used again when the default stream is known to have been idle since. */
#include "run/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16 };

struct gj_cuda_slots {
	pthread_mutex_t lock;                      /* held while parcels go back, too: they wait for one stream anyway */
	char *memory;                              /* SLOTS × GJ_PARCELS_BYTES, pinned; NULL: not needed yet */
	bool  busy[SLOTS];                         /* a copy from it or to it may be under way */
	unsigned next;
};

gj_status gj_cuda_slots_open(gj_cuda *d)
{
	if (d->slots)
		return GJ_OK;
	if (!(d->slots = calloc(1, sizeof *d->slots)))
		return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
	pthread_mutex_init(&d->slots->lock, NULL);
	return GJ_OK;
}

/* Waits for the default stream; then no slot is busy. */
static gj_status settle(gj_cuda_slots *p)
{
	gj_status s = gj_cuda_wait_stream(NULL);
	if (s == GJ_OK)
		memset(p->busy, 0, sizeof p->busy);
	return s;
}

static gj_status take(gj_cuda_slots *p, char **slot, bool **busy)
{
	unsigned i = p->next++ % SLOTS;
	gj_status s = GJ_OK;
	if (!p->memory)
		s = CALL(cuMemHostAlloc, ((void **)&p->memory, (size_t)SLOTS * GJ_PARCELS_BYTES, CU_MEMHOSTALLOC_PORTABLE));
	else if (p->busy[i])
		s = settle(p);
	*slot = p->memory + (size_t)i * GJ_PARCELS_BYTES;
	*busy = &p->busy[i];
	return s;
}

static gj_status put(gj_devptr base, const gj_parcel *parcel, uint32_t n, char *slot)
{
	size_t end = 0;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(slot + parcel[i].at, (const void *)parcel[i].host, parcel[i].bytes);
		end = parcel[i].at + parcel[i].bytes > end ? parcel[i].at + parcel[i].bytes : end;
	}
	return CALL(cuMemcpyHtoDAsync, (base, slot, end, NULL));
}

static gj_status get(gj_cuda *d, gj_devptr base, const gj_parcel *parcel, uint32_t n, char *slot)
{
	size_t start = SIZE_MAX, end = 0;
	for (uint32_t i = 0; i < n; i++) {
		start = parcel[i].at < start ? parcel[i].at : start;
		end = parcel[i].at + parcel[i].bytes > end ? parcel[i].at + parcel[i].bytes : end;
	}
	gj_status s = CALL(cuMemcpyDtoHAsync, (slot + start, base + start, end - start, NULL));
	s = s == GJ_OK ? settle(d->slots) : s;
	for (uint32_t i = 0; i < n && s == GJ_OK; i++)
		memcpy((void *)parcel[i].host, slot + parcel[i].at, parcel[i].bytes);
	return s;
}

gj_status gj_cuda_copy_parcels(gj_device *g, gj_copy kind, gj_devptr base, const gj_parcel *parcel, uint32_t n)
{
	gj_cuda *d = gj_cuda_of(g);
	CUcontext before;
	char *slot;
	bool *busy;
	if (!n)
		return GJ_OK;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	pthread_mutex_lock(&d->slots->lock);
	s = take(d->slots, &slot, &busy);
	if (s == GJ_OK) {
		*busy = true;
		s = kind == GJ_H2D ? put(base, parcel, n, slot) : get(d, base, parcel, n, slot);
	}
	pthread_mutex_unlock(&d->slots->lock);
	return gj_cuda_leave(before, kind == GJ_D2H ? gj_cuda_waited(d, s) : s);
}
