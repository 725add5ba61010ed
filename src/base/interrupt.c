/* Who is asked whether to stop, and how often. */
#define _GNU_SOURCE
#include "base/interrupt.h"

#include <stdatomic.h>
#include <time.h>

uint64_t gj_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static _Atomic(gj_interrupt_check *) check;
static _Atomic(gj_interrupt_reach *) reaches;

void gj_interrupt_ask(gj_interrupt_check *f, gj_interrupt_reach *which)
{
	atomic_store(&check, f);
	atomic_store(&reaches, which);
}

bool gj_interrupt_reaches(pthread_t thread)
{
	gj_interrupt_reach *which = atomic_load(&reaches);
	return !which || which(thread);
}

bool gj_interrupted(void)
{
	gj_interrupt_check *f = atomic_load(&check);
	return f && f();
}

bool gj_interrupted_since(uint64_t *last)
{
	uint64_t now = gj_now_ns(), before = *last;
	if (before && now - before < GJ_INTERRUPT_NS)
		return false;
	*last = now;
	return before && gj_interrupted();
}

void gj_interruption_point(gj_trap *trap)
{
	if (!gj_interrupted_since(&trap->asked))
		return;
	gj_diag_set(&trap->diag, GJ_ERR_INTERRUPTED);
	gj_trap_throw(trap);
}
