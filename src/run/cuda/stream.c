/* Streams and events: one driver call each. Our streams are ordinary ones, which wait for the legacy default stream
 * and make it wait, as numba's do. Handles 0 and 1 are the legacy default stream, 2 the calling thread's own. */
#include "run/cuda/cuda.h"

#include <stdlib.h>

static gj_status no_memory(void)
{
	return gj_error_set(GJ_E_NOMEM, 0, "out of host memory");
}

gj_status gj_cuda_stream_create(gj_device *g, gj_stream **out)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	*out = NULL;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	gj_stream *st = malloc(sizeof *st);
	s = st ? CALL(cuStreamCreate, (&st->handle, CU_STREAM_DEFAULT)) : no_memory();
	if (s == GJ_OK) {
		st->owned = true;
		gj_cuda_pool_stream_made(d);
		*out = st;
	} else
		free(st);
	return gj_cuda_leave(before, s);
}

gj_status gj_cuda_stream_wrap(gj_device *g, uintptr_t handle, gj_stream **out)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	*out = NULL;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	gj_stream *st = malloc(sizeof *st);
	if (st) {
		st->handle = (CUstream)handle;
		st->owned = false;
		if (handle > (uintptr_t)CU_STREAM_LEGACY)
			gj_cuda_pool_stream_made(d);
		*out = st;
	} else
		s = no_memory();
	return gj_cuda_leave(before, s);
}

uintptr_t gj_cuda_stream_handle(gj_stream *st)
{
	return (uintptr_t)gj_cuda_stream(st);
}

/* The object is gone whatever the driver says. */
gj_status gj_cuda_stream_destroy(gj_device *g, gj_stream *st)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	if (!st)
		return GJ_OK;
	gj_stream gone = *st;
	free(st);
	if (!gone.owned)
		return GJ_OK;
	gj_status s = gj_cuda_enter(d, &before);
	if (s != GJ_OK)
		return s;
	gj_cuda_pool_stream_gone(d, gone.handle);
	return gj_cuda_leave(before, CALL(cuStreamDestroy, (gone.handle)));
}

gj_status gj_cuda_stream_sync(gj_device *g, gj_stream *st)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	gj_status s = gj_cuda_enter(d, &before);
	return s ? s : gj_cuda_leave(before, gj_cuda_waited(d, gj_cuda_wait_stream(gj_cuda_stream(st))));
}

/* "Not yet" is an answer that programs ask for in loops: it leaves no text. */
static gj_status answer(CUresult r, const char *call)
{
	static const CUresult not_ready = 600;
	return r == not_ready ? GJ_E_NOTREADY : gj_cuda_check(r, call);
}

gj_status gj_cuda_stream_query(gj_device *g, gj_stream *st)
{
	CUcontext before;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	return s ? s : gj_cuda_leave(before, answer(gj_cu.cuStreamQuery(gj_cuda_stream(st)), "cuStreamQuery"));
}

gj_status gj_cuda_stream_wait(gj_device *g, gj_stream *st, gj_event *e)
{
	CALL_IN(g, cuStreamWaitEvent, (gj_cuda_stream(st), e->handle, 0));
}

gj_status gj_cuda_event_create(gj_device *g, bool timing, gj_event **out)
{
	CUcontext before;
	*out = NULL;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	gj_event *e = malloc(sizeof *e);
	s = e ? CALL(cuEventCreate, (&e->handle, timing ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING)) : no_memory();
	if (s == GJ_OK)
		*out = e;
	else
		free(e);
	return gj_cuda_leave(before, s);
}

/* The object is gone whatever the driver says. */
gj_status gj_cuda_event_destroy(gj_device *g, gj_event *e)
{
	if (!e)
		return GJ_OK;
	CUevent handle = e->handle;
	free(e);
	CALL_IN(g, cuEventDestroy, (handle));
}

gj_status gj_cuda_event_record(gj_device *g, gj_event *e, gj_stream *st)
{
	CALL_IN(g, cuEventRecord, (e->handle, gj_cuda_stream(st)));
}

gj_status gj_cuda_event_sync(gj_device *g, gj_event *e)
{
	CUcontext before;
	gj_cuda *d = gj_cuda_of(g);
	gj_status s = gj_cuda_enter(d, &before);
	return s ? s : gj_cuda_leave(before, gj_cuda_waited(d, gj_cuda_wait_event(e->handle)));
}

gj_status gj_cuda_event_query(gj_device *g, gj_event *e)
{
	CUcontext before;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	return s ? s : gj_cuda_leave(before, answer(gj_cu.cuEventQuery(e->handle), "cuEventQuery"));
}

gj_status gj_cuda_event_elapsed(gj_device *g, gj_event *from, gj_event *to, float *ms)
{
	CUcontext before;
	*ms = 0;
	gj_status s = gj_cuda_enter(gj_cuda_of(g), &before);
	if (s != GJ_OK)
		return s;
	CUresult r = gj_cu.cuEventElapsedTime(ms, from->handle, to->handle);
	return gj_cuda_leave(before, answer(r, "cuEventElapsedTime"));
}
