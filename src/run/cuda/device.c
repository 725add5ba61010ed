/* The CUDA device: opening a GPU, and the vtable. The operations live in {info,memory,kinds,copy,parcels,launch,stream}.c. */
#include "run/cuda/cuda.h"

#include <stdlib.h>

enum { MAX_DEVICES = 64 };

gj_status gj_cuda_sync(gj_device *g)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	gj_status s = gj_cuda_enter(d, &before);
	return s ? s : gj_cuda_leave(before, gj_cuda_waited(d, gj_cuda_wait_device()));
}

/* -- Opening ----------------------------------------------------------------------------------------------------- */

static const gj_device_ops ops = {
	.kind = "cuda", .target = &gj_targets[GJ_TARGET_NVPTX], .host_memory = false, .busy_blocks = 128,
	.alloc = gj_cuda_alloc, .free = gj_cuda_free, .copy = gj_cuda_copy, .copy_parcels = gj_cuda_copy_parcels, .lend = gj_cuda_lend, .hand_back = gj_cuda_hand_back,
	.fill = gj_cuda_fill,
	.alloc_kind = gj_cuda_alloc_kind, .free_kind = gj_cuda_free_kind, .pin = gj_cuda_pin, .share = gj_cuda_share,
	.open_shared = gj_cuda_open_shared, .peer = gj_cuda_peer, .copy_from = gj_cuda_copy_from, .memory_info = gj_cuda_memory_info,
	.attribute = gj_cuda_attribute,
	.load = gj_cuda_load_image, .unload = gj_cuda_unload, .kernel_info = gj_cuda_kernel_info,
	.suggest_block = gj_cuda_suggest_block, .occupancy = gj_cuda_occupancy, .launch = gj_cuda_launch,
	.link = gj_cuda_link, .linked = GJ_FMT_CUBIN,
	.stream_create = gj_cuda_stream_create, .stream_wrap = gj_cuda_stream_wrap,
	.stream_handle = gj_cuda_stream_handle, .stream_destroy = gj_cuda_stream_destroy,
	.stream_sync = gj_cuda_stream_sync, .stream_query = gj_cuda_stream_query, .stream_wait = gj_cuda_stream_wait,
	.event_create = gj_cuda_event_create, .event_destroy = gj_cuda_event_destroy,
	.event_record = gj_cuda_event_record, .event_sync = gj_cuda_event_sync, .event_query = gj_cuda_event_query,
	.event_elapsed = gj_cuda_event_elapsed,
	.sync = gj_cuda_sync, .pointer_device = gj_cuda_pointer_device, .left = gj_cuda_left,
};

/* Kept between attempts, so that opening may fail half-way and be tried again without losing anything. */
static gj_cuda *device[MAX_DEVICES];
static bool opened[MAX_DEVICES];
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

static gj_status open_parts(gj_cuda *d)
{
	CUcontext before;
	gj_status s = gj_cuda_info(d);
	if (s == GJ_OK && !d->ctx)
		s = CALL(cuDevicePrimaryCtxRetain, (&d->ctx, d->handle));
	if (s != GJ_OK || (s = gj_cuda_enter(d, &before)) != GJ_OK)
		return s;
	s = gj_cuda_pool_open(d);
	if (s == GJ_OK)
		s = gj_cuda_stage_open(d);
	if (s == GJ_OK)
		s = gj_cuda_slots_open(d);
	return gj_cuda_leave(before, s);
}

static gj_status open_locked(int ordinal, gj_device **out)
{
	gj_cuda *d = device[ordinal];
	gj_status s = GJ_OK;
	if (!d) {
		if (!(d = calloc(1, sizeof *d)))
			return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
		d->dev.ops = &ops;
		d->dev.ordinal = ordinal;
		device[ordinal] = d;
	}
	if (!opened[ordinal] && (s = open_parts(d)) != GJ_OK)
		return s;
	opened[ordinal] = true;
	*out = &d->dev;
	return GJ_OK;
}

gj_status gj_cuda_open(int ordinal, gj_device **out)
{
	const char *why;
	int count = gj_cuda_load(&why);
	*out = NULL;
	if (count == 0)
		return gj_error_set(GJ_E_NODEVICE, 0, "no GPU: %s", why);
	if (ordinal < 0 || ordinal >= count || ordinal >= MAX_DEVICES)
		return gj_error_set(GJ_E_NODEVICE, 0, "no GPU %d: this machine has %d, counted from 0", ordinal, count);
	/* Before the mutex: another thread may have held it when this process was forked off. */
	if (gj_cuda_forked)
		return gj_cuda_switch(NULL, &(CUcontext){ NULL });
	pthread_mutex_lock(&opening);
	gj_status s = open_locked(ordinal, out);
	pthread_mutex_unlock(&opening);
	return s;
}

gj_status gj_cuda_finish(void)
{
	gj_status s = GJ_OK;
	for (int i = 0; s == GJ_OK && !gj_cuda_forked && i < MAX_DEVICES; i++)
		if (device[i] && atomic_load(&device[i]->reports))
			s = gj_cuda_sync(&device[i]->dev);
	return s;
}
