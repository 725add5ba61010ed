/* What the files of the CUDA device share. Every operation runs between gj_cuda_enter() and gj_cuda_leave(), which make
 * the GPU's primary context current and give the thread its old one back: PyTorch and others keep theirs there. */
#ifndef GJ_RUN_CUDA_H
#define GJ_RUN_CUDA_H

#include <pthread.h>
#include <stdatomic.h>

#include "run/cuda/api.h"
#include "run/status.h"

typedef struct gj_cuda_pool gj_cuda_pool;      /* memory.c */
typedef struct gj_cuda_stage gj_cuda_stage;    /* copy.c */
typedef struct gj_cuda_slots gj_cuda_slots;    /* parcels.c */
typedef struct gj_cuda_report gj_cuda_report;  /* report.c */

typedef struct gj_cuda {
	gj_device dev;
	CUdevice  handle;
	CUcontext ctx;
	CUmemoryPool mempool;                      /* NULL: the driver or the GPU has no stream-ordered pools */
	gj_cuda_pool *pool;
	gj_cuda_stage *stage;
	gj_cuda_slots *slots;
	_Atomic(gj_cuda_report *) reports;         /* of loaded modules that may report failures */
} gj_cuda;

struct gj_stream { CUstream handle; bool owned; };
struct gj_event { CUevent handle; };

static inline gj_cuda *gj_cuda_of(gj_device *d)
{
	return (gj_cuda *)d;
}

static inline CUstream gj_cuda_stream(const gj_stream *s)
{
	return s ? s->handle : NULL;
}

/* -- Errors: `s = CALL(cuMemFree, (p))` is a gj_status, with the driver's words in gj_error_text() --------------- */

#define CALL(name, args) gj_cuda_check(gj_cu.name args, #name)

/* context.c. detail: words of ours to append, or NULL. */
gj_status gj_cuda_fail(CUresult, const char *call, const char *detail);

static inline gj_status gj_cuda_check(CUresult r, const char *call)
{
	return r == CUDA_SUCCESS ? GJ_OK : gj_cuda_fail(r, call, NULL);
}

/* -- The current context ----------------------------------------------------------------------------------------- */

extern _Atomic bool gj_cuda_forked;            /* this process is a child of the one that opened the driver */

gj_status gj_cuda_switch(gj_cuda *, CUcontext *before);
gj_status gj_cuda_restore(CUcontext before, gj_status);

/* On GJ_OK the context is current, and *before is what gj_cuda_leave() wants back. */
static inline gj_status gj_cuda_enter(gj_cuda *d, CUcontext *before)
{
	CUcontext now;
	*before = NULL;
	if (!atomic_load_explicit(&gj_cuda_forked, memory_order_relaxed) && gj_cu.cuCtxGetCurrent(&now) == CUDA_SUCCESS &&
	    now == d->ctx)
		return GJ_OK;
	return gj_cuda_switch(d, before);
}

/* Passes `s` on. */
static inline gj_status gj_cuda_leave(CUcontext before, gj_status s)
{
	return before ? gj_cuda_restore(before, s) : s;
}

/* A whole operation that is one driver call. */
#define CALL_IN(d, name, args) do { \
		CUcontext before_; \
		gj_status s_ = gj_cuda_enter(gj_cuda_of(d), &before_); \
		return s_ ? s_ : gj_cuda_leave(before_, CALL(name, args)); \
	} while (0)

/* -- Parts; those without a comment are the operations of the same name in device.h ------------------------------ */

gj_status gj_cuda_info(gj_cuda *);             /* fills dev.info; needs no context */

gj_status gj_cuda_pool_open(gj_cuda *);        /* context is current */
void      gj_cuda_pool_stream_made(gj_cuda *); /* a stream other than the default one exists; context is current */
void      gj_cuda_pool_stream_gone(gj_cuda *, CUstream);   /* before it is destroyed; context is current */
gj_status gj_cuda_alloc(gj_device *, size_t, gj_stream *, gj_devptr *);
gj_status gj_cuda_free(gj_device *, gj_devptr, gj_stream *);
gj_status gj_cuda_fill(gj_device *, gj_devptr, uint8_t, size_t, gj_stream *);
gj_status gj_cuda_alloc_kind(gj_device *, gj_memory, size_t, gj_place *);
gj_status gj_cuda_free_kind(gj_device *, gj_memory, gj_place);
gj_status gj_cuda_pin(gj_device *, void *, size_t, gj_place *);
gj_status gj_cuda_share(gj_device *, gj_devptr, gj_share *);
gj_status gj_cuda_open_shared(gj_device *, const gj_share *, gj_devptr *);
gj_status gj_cuda_peer(gj_device *, gj_device *, bool, bool *);
gj_status gj_cuda_copy_from(gj_device *, gj_device *, gj_devptr, gj_devptr, size_t, gj_stream *);
gj_status gj_cuda_memory_info(gj_device *, size_t *, size_t *);
gj_status gj_cuda_attribute(gj_device *, const char *, int *);
gj_status gj_cuda_pointer_device(gj_device *, gj_devptr, int *);
size_t    gj_cuda_left(gj_device *, gj_devptr);

gj_status gj_cuda_stage_open(gj_cuda *);       /* makes no thread and no buffer yet */
gj_status gj_cuda_copy(gj_device *, gj_copy, uintptr_t, uintptr_t, size_t, gj_stream *);

gj_status gj_cuda_slots_open(gj_cuda *);       /* pins nothing yet */
gj_status gj_cuda_copy_parcels(gj_device *, gj_copy, gj_devptr, const gj_parcel *, uint32_t);
gj_status gj_cuda_lend(gj_device *, gj_place *out);
void gj_cuda_hand_back(gj_device *, gj_place);

/* NULL in *out: the image does not report. Context is current. */
gj_status gj_cuda_report_open(gj_cuda *, const gj_image *, CUmodule, gj_cuda_report **out);
void      gj_cuda_report_close(gj_cuda *, gj_cuda_report *);
/* Around a launch of one of the module's kernels, of so many threads: before, where it may wait for others that print; behind it, on that
 * stream. */
gj_status gj_cuda_report_launch(gj_cuda_report *, uint64_t threads);
void      gj_cuda_report_launched(gj_cuda_report *, CUstream);
/* After waiting for the GPU, with that status: GJ_E_RAISED, once, where a kernel has reported a failure. Shows what kernels printed. */
gj_status gj_cuda_waited(gj_cuda *, gj_status);

gj_status gj_cuda_load_image(gj_device *, const gj_image *, gj_kernel **);
void      gj_cuda_unload(gj_device *, gj_kernel *);
gj_status gj_cuda_kernel_info(gj_device *, gj_kernel *, gj_kernel_info *);
gj_status gj_cuda_suggest_block(gj_device *, gj_kernel *, size_t, int *, int *);
gj_status gj_cuda_occupancy(gj_device *, gj_kernel *, int, size_t, int *);
gj_status gj_cuda_launch(gj_device *, gj_kernel *, const gj_launch *);
gj_status gj_cuda_link(gj_device *, const char *, size_t, uint32_t, const gj_linked *, uint32_t, uint8_t **, size_t *);

gj_status gj_cuda_stream_create(gj_device *, gj_stream **);
gj_status gj_cuda_stream_wrap(gj_device *, uintptr_t, gj_stream **);
uintptr_t gj_cuda_stream_handle(gj_stream *);
gj_status gj_cuda_stream_destroy(gj_device *, gj_stream *);
gj_status gj_cuda_stream_sync(gj_device *, gj_stream *);
gj_status gj_cuda_stream_query(gj_device *, gj_stream *);
gj_status gj_cuda_stream_wait(gj_device *, gj_stream *, gj_event *);
gj_status gj_cuda_event_create(gj_device *, bool, gj_event **);
gj_status gj_cuda_event_destroy(gj_device *, gj_event *);
gj_status gj_cuda_event_record(gj_device *, gj_event *, gj_stream *);
gj_status gj_cuda_event_sync(gj_device *, gj_event *);
gj_status gj_cuda_event_query(gj_device *, gj_event *);
gj_status gj_cuda_event_elapsed(gj_device *, gj_event *, gj_event *, float *);
gj_status gj_cuda_sync(gj_device *);

/* wait.c: until what was asked of it is done, or Ctrl-C comes (GJ_E_INTERRUPTED). The context is current. */
gj_status gj_cuda_wait_stream(CUstream);
gj_status gj_cuda_wait_event(CUevent);
gj_status gj_cuda_wait_device(void);

#endif
