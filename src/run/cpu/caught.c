/* Exceptions that functions for the host catch themselves: on its way one lies in the thread's record, while it is handled where its handler
 * says, since others may come and go meanwhile. */
#include "run/cpu/call.h"
#include "run/cpu/cpu.h"

typedef struct kept { uint64_t handlers; gj_report report; } kept;
_Static_assert(sizeof(kept) == 8 * GJ_CAUGHT_WORDS, "what handlers have room for");

void gj_rt_tell(gj_block *pub, uint64_t handlers, uint32_t site, uint32_t n, const uint64_t *value)
{
	gj_caller *c = gj_rt_caller(pub);
	c->report = (gj_report){ .site = site, .nvalues = n };
	for (uint32_t i = 0; i < n && i < GJ_REPORT_VALUES; i++)
		c->report.value[i] = value[i];
	c->handlers = handlers;
}

uint64_t gj_rt_take(gj_block *pub, void *place)
{
	const gj_caller *c = gj_rt_caller(pub);
	*(kept *)place = (kept){ c->handlers, c->report };
	return c->handlers;
}

void gj_rt_again(gj_block *pub, const void *place)
{
	gj_caller *c = gj_rt_caller(pub);
	const kept *k = place;
	c->handlers = k->handlers;
	c->report = k->report;
}

void gj_rt_throw(gj_block *pub) { gj_caller_land(gj_rt_caller(pub), GJ_E_RAISED); }

uint32_t gj_rt_enter_telling(gj_block *pub, uint64_t handlers)
{
	bool deep = (const char *)__builtin_frame_address(0) < pub->stack_least;
	if (__atomic_load_n(&gj_rt_attention, __ATOMIC_RELAXED))
		gj_call_attend();
	if (deep)
		gj_rt_tell(pub, handlers, (uint32_t)GJ_SITE_DEEP, 0, NULL);
	return deep;
}
