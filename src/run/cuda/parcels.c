/* Small copies on the default stream, several as one: parcels of host memory are put together in pinned memory and cross the bus
 * at once, where each by itself would cost some microseconds of the driver's. A copy to the GPU is under way when the call
 * returns; so pinned memory is slots, and one is used again when the default stream is known to have been idle since. A slot can
 * also be lent to a launch whose kernel reaches so little that it does so over the bus: then nothing is copied by the driver. */
#include "run/cuda/cuda.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16, MOST_LENT = 8 };

struct gj_cuda_slots {
	pthread_mutex_t lock;                      /* held while parcels go back, too: they wait for one stream anyway */
	char *memory;                              /* SLOTS × GJ_PARCELS_BYTES, pinned; NULL: not needed yet */
	gj_devptr at;                              /* the same, as kernels see it */
	bool  busy[SLOTS];                         /* a copy from it or to it may be under way */
	bool  lent[SLOTS];
	unsigned next, nlent;
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

static gj_status need_memory(gj_cuda_slots *p)
{
	void *memory = NULL;
	CUdeviceptr at = 0;
	if (p->memory)
		return GJ_OK;
	gj_status s = CALL(cuMemHostAlloc, (&memory, (size_t)SLOTS * GJ_PARCELS_BYTES, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP));
	if (s == GJ_OK && (s = CALL(cuMemHostGetDevicePointer, (&at, memory, 0))) != GJ_OK)
		(void)gj_cu.cuMemFreeHost(memory);
	if (s == GJ_OK)
		p->memory = memory, p->at = (gj_devptr)at;
	return s;
}

static unsigned next_slot(gj_cuda_slots *p)
{
	unsigned i = p->next++ % SLOTS;
	while (p->lent[i])
		i = p->next++ % SLOTS;
	return i;
}

static gj_status take(gj_cuda_slots *p, char **slot, bool **busy)
{
	unsigned i = next_slot(p);
	gj_status s = need_memory(p);
	if (s == GJ_OK && p->busy[i])
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

gj_status gj_cuda_lend(gj_device *g, gj_place *out)
{
	gj_cuda *d = gj_cuda_of(g);
	gj_cuda_slots *p = d->slots;
	CUcontext before;
	*out = (gj_place){ 0 };
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	pthread_mutex_lock(&p->lock);
	if (p->nlent < MOST_LENT && (s = need_memory(p)) == GJ_OK) {
		unsigned i = next_slot(p);
		s = p->busy[i] ? settle(p) : GJ_OK;
		if (s == GJ_OK) {
			p->lent[i] = true;
			p->nlent++;
			*out = (gj_place){ p->at + (gj_devptr)i * GJ_PARCELS_BYTES, p->memory + (size_t)i * GJ_PARCELS_BYTES };
		}
	}
	pthread_mutex_unlock(&p->lock);
	return gj_cuda_leave(before, s);
}

void gj_cuda_hand_back(gj_device *g, gj_place place)
{
	gj_cuda_slots *p = gj_cuda_of(g)->slots;
	pthread_mutex_lock(&p->lock);
	p->lent[(place.at - p->at) / GJ_PARCELS_BYTES] = false;
	p->nlent--;
	pthread_mutex_unlock(&p->lock);
}
