/* Waiting for the GPU so that Ctrl-C can end it: short waits spin, long ones look now and then, and ask in between. The
 * kernel that was waited for runs on. */
#include "base/interrupt.h"
#include "run/cuda/cuda.h"

#include <string.h>
#include <time.h>

enum {
	SPIN_NS = 200 * 1000,                      /* the driver's own waiting spins too */
	SHARE = 64,                                /* a nap is this part of what was waited already … */
	LONGEST_NS = 1000 * 1000,                  /* … and at most so long */
	BELLS = 64, LINE = 64,                     /* bells, bytes of a line of a cache */
	LOOKS = 64,                                /* at a bell, between two looks at the clock */
	NOT_READY = 600
};

typedef struct what { CUstream stream; CUevent event; } what;

static CUresult query(const what *w)
{
	return w->event ? gj_cu.cuEventQuery(w->event) : gj_cu.cuStreamQuery(w->stream);
}

/* -- Bells: words of pinned memory that a stream writes behind its work. One is seen half a microsecond before cuStreamQuery tells. --- */

static struct {
	_Atomic(uint32_t *) word;                  /* a bell in each line, for ever; NULL: none is needed yet */
	_Atomic uint32_t tickets;
	_Atomic bool broken;                       /* the driver or the GPU has no such writes */
} bells;

static uint32_t *bell_words(void)
{
	uint32_t *old = NULL, *made = atomic_load_explicit(&bells.word, memory_order_acquire);
	void *memory;
	if (made)
		return made;
	if (gj_cu.cuMemHostAlloc(&memory, BELLS * LINE, CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP) != CUDA_SUCCESS)
		return NULL;
	memset(memory, 0, BELLS * LINE);
	if (atomic_compare_exchange_strong(&bells.word, &old, memory))
		return memory;
	(void)gj_cu.cuMemFreeHost(memory);
	return old;
}

/* The stream does what it was told. False: that is not known. A bell may be missed where more than BELLS wait. */
static bool hear(CUstream stream)
{
	uint32_t *word = gj_cu.cuStreamWriteValue32 && !atomic_load_explicit(&bells.broken, memory_order_relaxed) ? bell_words() : NULL;
	if (!word)
		return false;
	uint32_t ticket = atomic_fetch_add_explicit(&bells.tickets, 1, memory_order_relaxed) + 1;
	word += ticket % BELLS * (LINE / sizeof *word);
	if (gj_cu.cuStreamWriteValue32(stream, (uintptr_t)word, ticket, 0) != CUDA_SUCCESS)
		return atomic_store(&bells.broken, true), false;
	for (uint64_t start = gj_now_ns(); gj_now_ns() - start < SPIN_NS;)
		for (int i = 0; i < LOOKS; i++)
			if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == ticket)
				return true;
	return false;
}

static gj_status wait_for(const what *w)
{
	uint64_t start = 0, asked = 0;
	CUresult r = query(w);
	if (r == NOT_READY && !w->event && hear(w->stream))
		return GJ_OK;
	for (; r == NOT_READY; r = query(w)) {
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
