/* What the files of the runtime share: rt.c (blocks, barriers, warp operations) and wait.c (loops that wait for memory). */
#ifndef GJ_RT_H
#define GJ_RT_H

#include "run/cpu/cpu.h"

static inline bool gj_rt_failed(const gj_run *r)
{
	return atomic_load_explicit(&r->status, memory_order_relaxed) != GJ_OK;
}

/* Leaves compiled code for good: the thread goes on behind gj_cpu_work's switch. */
void gj_rt_abandon(gj_worker *) GJ_NORETURN;
/* Shall the worker look up from the block? What for; returns if the launch goes on. */
static inline bool gj_rt_called(const gj_cpu_block *b) { return __atomic_load_n(&b->pub.attention, __ATOMIC_RELAXED); }
void gj_rt_look_up(gj_cpu_block *);
/* "file.py:12: " of a barrier or a loop, "file.py: " without a line, "" without a file. */
const char *gj_rt_place(const gj_kernel *, uint32_t site, char *buf, size_t n);
void gj_rt_fail_divergent(gj_cpu_block *, uint32_t warp, uint32_t site, const char *what) GJ_NORETURN;
void gj_rt_begin_block(gj_worker *, gj_cpu_block *, uint64_t id);
/* The other fibers of the worker run until it is this one's turn again. */
void gj_rt_make_way(gj_worker *);

static inline void gj_rt_count(_Atomic uint64_t *n)    /* only the worker's own thread does */
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + 1, memory_order_relaxed);
}

/* A warp or block began or ended, or passed what it waited at. */
static inline void gj_rt_went_on(gj_worker *w)
{
	if (!w->waits)
		return;
	w->turns = w->still = w->rounds = 0;
	gj_rt_count(&w->progress);
}

#endif
