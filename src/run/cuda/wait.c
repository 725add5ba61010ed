/* Waiting for the GPU so that Ctrl-C can end it: short waits spin, long ones look now and then, and ask in between. The
 * kernel that was waited for runs on. */
#include "base/interrupt.h"
#include "run/cuda/cuda.h"

#include <time.h>

enum {
	SPIN_NS = 200 * 1000,                      /* the driver's own waiting spins too */
	SHARE = 64,                                /* a nap is this part of what was waited already … */
	LONGEST_NS = 1000 * 1000                   /* … and at most so long */
};

typedef struct what { CUstream stream; CUevent event; } what;

static CUresult query(const what *w)
{
	return w->event ? gj_cu.cuEventQuery(w->event) : gj_cu.cuStreamQuery(w->stream);
}

static gj_status wait_for(const what *w)
{
	static const CUresult not_ready = 600;
	uint64_t start = 0, asked = 0;
	CUresult r;
	while ((r = query(w)) == not_ready) {
		uint64_t now = gj_now_ns(), waited;
		start = start ? start : now;
		waited = now - start;
		if (waited < SPIN_NS)
			continue;
		uint64_t nap = waited / SHARE < LONGEST_NS ? waited / SHARE : LONGEST_NS;
		nanosleep(&(struct timespec){ .tv_nsec = (long)nap }, NULL);
		if (gj_interrupted_since(&asked))
			return gj_error_set(GJ_E_INTERRUPTED, 0, "interrupted while waiting for the GPU, which goes on");
	}
	return gj_cuda_check(r, w->event ? "cuEventQuery" : "cuStreamQuery");
}

gj_status gj_cuda_wait_stream(CUstream s) { return wait_for(&(what){ .stream = s }); }
gj_status gj_cuda_wait_event(CUevent e)   { return wait_for(&(what){ .event = e }); }

/* All streams that the default stream waits for through an event behind them, then the rest. */
gj_status gj_cuda_wait_device(void)
{
	CUevent all;
	if (gj_cu.cuEventCreate(&all, CU_EVENT_DISABLE_TIMING) == CUDA_SUCCESS) {
		gj_status s = gj_cu.cuEventRecord(all, NULL) == CUDA_SUCCESS ? gj_cuda_wait_event(all) : GJ_OK;
		(void)gj_cu.cuEventDestroy(all);
		if (s == GJ_E_INTERRUPTED)
			return s;
	}
	return CALL(cuCtxSynchronize, ());
}
