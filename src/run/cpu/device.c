/* The CPU as a device: the vtable, streams and events.
 *
 * A launch, a copy or a fill has happened when the call returns: on a CPU there is no second processor to wait for, and
 * so a kernel's error is the error of its own launch. Streams are therefore always idle; they exist so that the same
 * program runs on both devices. Events hold the time at which they were recorded. */
#define _GNU_SOURCE
#include "run/cpu/spans.h"
#include "run/cpu/cpu.h"
#include "run/cpu/pool.h"
#include "run/cpu/shared.h"
#include "run/status.h"

#include <stdlib.h>
#include <string.h>

struct gj_stream { uintptr_t handle; };        /* 0: its own address */
struct gj_event { bool timing, recorded; uint64_t ns; };

static gj_status no_memory(void) { return gj_error_set(GJ_E_NOMEM, 0, "out of memory"); }

/* -- Kernels ------------------------------------------------------------------------------------------------------- */

static gj_status kernel_info(gj_device *d, gj_kernel *k, gj_kernel_info *out)
{
	(void)d;
	*out = (gj_kernel_info){ .max_threads = (int)k->max_threads, .shared_bytes = k->shared,
	                         .local_bytes = k->local_bytes / k->width };
	return GJ_OK;
}

static gj_status suggest_block(gj_device *d, gj_kernel *k, size_t shared, int *block, int *min_grid)
{
	(void)shared;
	*block = k->max_threads >= 256 ? 256 : k->max_threads >= 32 ? (int)(k->max_threads / 32 * 32) : (int)k->max_threads;
	*min_grid = d->info.multiprocessors;
	return GJ_OK;
}

static gj_status occupancy(gj_device *d, gj_kernel *k, int block, size_t shared, int *blocks)
{
	*blocks = 0;
	if (block < 1)
		return gj_error_set(GJ_E_INVALID, 0, "occupancy of a block of %d threads", block);
	if ((unsigned)block <= k->max_threads && shared + k->shared <= d->info.shared_per_block_optin)
		*blocks = (int)gj_cpu_resident((uint32_t)block);
	return GJ_OK;
}

static gj_status attribute(gj_device *d, const char *name, int *value)
{
	(void)d;
	if (strcmp(name, "MAX_THREADS_PER_MULTIPROCESSOR"))
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "the CPU device has no attribute %s", name);
	*value = 1024 * (int)gj_cpu_resident(1024);
	return GJ_OK;
}

static gj_status launch(gj_device *d, gj_kernel *k, const gj_launch *l)
{
	(void)d;
	return gj_cpu_launch(k, l);
}

/* -- Streams ------------------------------------------------------------------------------------------------------- */

static gj_status new_stream(uintptr_t handle, gj_stream **out)
{
	*out = malloc(sizeof **out);
	if (!*out)
		return no_memory();
	(*out)->handle = handle;
	return GJ_OK;
}

static gj_status stream_create(gj_device *d, gj_stream **out)
{
	(void)d;
	return new_stream(0, out);
}

/* CUDA's names for the default streams (1: legacy, 2: per thread) mean something here as well. */
static gj_status stream_wrap(gj_device *d, uintptr_t handle, gj_stream **out)
{
	(void)d;
	*out = NULL;
	if (handle > 2)
		return gj_error_set(GJ_E_INVALID, 0, "stream %#zx belongs to a GPU: the CPU device cannot use it",
		                    (size_t)handle);
	return new_stream(handle, out);
}

static uintptr_t stream_handle(gj_stream *s) { return s ? s->handle ? s->handle : (uintptr_t)s : 0; }

static gj_status stream_destroy(gj_device *d, gj_stream *s)
{
	(void)d;
	free(s);
	return GJ_OK;
}

static gj_status stream_idle(gj_device *d, gj_stream *s)
{
	(void)d, (void)s;
	return GJ_OK;
}

static gj_status stream_wait(gj_device *d, gj_stream *s, gj_event *e)
{
	(void)d, (void)s;
	return e ? GJ_OK : gj_error_set(GJ_E_INVALID, 0, "wait for an event that is NULL");
}

/* -- Events -------------------------------------------------------------------------------------------------------- */

static gj_status event_create(gj_device *d, bool timing, gj_event **out)
{
	(void)d;
	*out = calloc(1, sizeof **out);
	if (!*out)
		return no_memory();
	(*out)->timing = timing;
	return GJ_OK;
}

static gj_status event_destroy(gj_device *d, gj_event *e)
{
	(void)d;
	free(e);
	return GJ_OK;
}

static gj_status event_record(gj_device *d, gj_event *e, gj_stream *s)
{
	(void)d, (void)s;
	if (!e)
		return gj_error_set(GJ_E_INVALID, 0, "record of an event that is NULL");
	e->ns = gj_now_ns();
	e->recorded = true;
	return GJ_OK;
}

static gj_status event_done(gj_device *d, gj_event *e)
{
	(void)d;
	return e ? GJ_OK : gj_error_set(GJ_E_INVALID, 0, "query of an event that is NULL");
}

static gj_status event_elapsed(gj_device *d, gj_event *from, gj_event *to, float *ms)
{
	(void)d;
	*ms = 0;
	if (!from || !to || !from->recorded || !to->recorded)
		return gj_error_set(GJ_E_INVALID, 0, "elapsed time between events that have not both been recorded");
	if (!from->timing || !to->timing)
		return gj_error_set(GJ_E_INVALID, 0, "elapsed time between events that were created without timing");
	*ms = (float)((double)(int64_t)(to->ns - from->ns) * 1e-6);
	return GJ_OK;
}

static gj_status sync_device(gj_device *d)
{
	(void)d;
	return GJ_OK;
}

static gj_status peer(gj_device *d, gj_device *other, bool enable, bool *can)
{
	(void)enable;
	*can = d == other;
	return GJ_OK;
}

/* -- The device ---------------------------------------------------------------------------------------------------- */

static const gj_device_ops ops = {
	.kind = "cpu", .target = &gj_targets[GJ_TARGET_CPU], .host_memory = true,
	.alloc = gj_cpu_alloc, .free = gj_cpu_free, .copy = gj_cpu_copy, .fill = gj_cpu_fill,
	.alloc_kind = gj_cpu_alloc_kind, .free_kind = gj_cpu_free_kind, .pin = gj_cpu_pin, .share = gj_cpu_share,
	.open_shared = gj_cpu_open_shared, .peer = peer, .memory_info = gj_cpu_memory_info,
	.load = gj_cpu_load, .unload = gj_cpu_unload, .kernel_info = kernel_info, .suggest_block = suggest_block,
	.attribute = attribute, .occupancy = occupancy, .launch = launch,
	.stream_create = stream_create, .stream_wrap = stream_wrap, .stream_handle = stream_handle,
	.stream_destroy = stream_destroy, .stream_sync = stream_idle, .stream_query = stream_idle,
	.stream_wait = stream_wait,
	.event_create = event_create, .event_destroy = event_destroy, .event_record = event_record,
	.event_sync = event_done, .event_query = event_done, .event_elapsed = event_elapsed,
	.sync = sync_device, .pointer_device = gj_cpu_pointer_device, .left = gj_cpu_left
};

static gj_device device = { .ops = &ops };
static unsigned threads;                       /* 0: GRIDJIT_CPU_THREADS makes no sense */

static unsigned wanted_threads(void)
{
	const char *text = getenv("GRIDJIT_CPU_THREADS");
	if (!text || !*text) {
		unsigned cpus = gj_host_cpus();
		return cpus < GJ_POOL_MOST ? cpus : GJ_POOL_MOST;
	}
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	return *end || *text < '0' || *text > '9' || n > GJ_POOL_MOST ? 0 : (unsigned)n;
}

static void open_device(void)
{
	gj_device_info *i = &device.info;
	size_t left;
	threads = wanted_threads();
	gj_host_describe(i);
	gj_host_memory(&left, &i->total_memory);
	i->multiprocessors = (int)threads;
	i->max_threads_per_block = 1024;
	memcpy(i->max_block, (const int[]){ 1024, 1024, 64 }, sizeof i->max_block);
	memcpy(i->max_grid, (const int[]){ INT32_MAX, 65535, 65535 }, sizeof i->max_grid);
	i->warp_size = 32;
	i->shared_per_block = GJ_CPU_SHARED_STATIC;
	i->shared_per_block_optin = GJ_CPU_SHARED_MAX;
	gj_pool_limit(threads, gj_host_cpus());
	gj_spans_start();
	gj_workers_start();
	gj_fault_start();
}

int gj_cpu_count(void)       { return 1; }
const char *gj_cpu_why(void) { return ""; }
gj_status gj_cpu_finish(void) { return GJ_OK; }

gj_status gj_cpu_open(int ordinal, gj_device **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	*out = NULL;
	if (ordinal)
		return gj_error_set(GJ_E_NODEVICE, 0, "no CPU %d: there is one, 0", ordinal);
	pthread_once(&once, open_device);
	*out = threads ? &device : NULL;
	if (!threads)
		return gj_error_set(GJ_E_INVALID, 0, "GRIDJIT_CPU_THREADS must be a number from 1 to %d", GJ_POOL_MOST);
	return GJ_OK;
}
