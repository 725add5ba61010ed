/* Calls of functions for the host. A call costs a look at the thread's record (caller.c) and a landing: whatever raises in compiled
 * code goes back there, over all frames in between; what they made is in the record's list. */
#include "run/cpu/call.h"
#include "run/cpu/cpu.h"
#include "run/status.h"
#include "base/interrupt.h"

#include <string.h>

/* The compiled function, up to where it returns or lands; apart, since what is in registers is lost where it lands. */
static __attribute__((noinline)) gj_status run(gj_caller *c, gj_kernel *k, const char *params)
{
	if (__builtin_setjmp(c->landing))
		return gj_caller_own()->status;
	k->entry(&c->pub, params, 0, 1);
	return GJ_OK;
}

gj_status gj_call_host(gj_kernel *k, const char *params, gj_report *report)
{
	gj_caller *c = gj_caller_own();
	void *outer[GJ_LEN(c->landing)];
	if (!c)
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory for the record of a thread");
	gj_owned *made = c->owned.next;
	const gj_kernel *kernel = c->kernel;
	struct gj_rounds_run *rounds = c->rounds;
	memcpy(outer, c->landing, sizeof outer);
	c->kernel = k;
	c->rounds = NULL;
	c->depth++;
	if (!gj_ticking)
		gj_workers_tick();
	gj_status status = run(c, k, params);
	c->depth--;
	c->kernel = kernel;
	c->rounds = rounds;
	memcpy(c->landing, outer, sizeof outer);
	if (status != GJ_OK) {
		gj_owned_drop(&c->owned, made);
		*report = c->report;
	}
	if (c->lines.n || c->lines.lost) {
		gj_print_lines(k, &c->lines);
		c->lines.n = c->lines.lost = 0;
	}
	return status;
}

/* -- Calls from C -------------------------------------------------------------------------------------------------- */

static void (*told)(void *, gj_status, const gj_report *);

void gj_call_listen(void (*f)(void *, gj_status, const gj_report *)) { told = f; }

void *gj_call_address(gj_kernel *k, void *whose)
{
	k->whose = whose;
	return k->module.callback;
}

/* Ctrl-C has ended a call from C, and who can raise it has not come yet. */
static atomic_bool stopped;

void gj_call_stop(bool yes) { atomic_store(&stopped, yes); }

/* Frames of C's may lie between this call and the one around it, if there is one: Ctrl-C ends this one, and those that C makes
 * meanwhile, and the latter when it looks. */
void gj_rt_callback(void *self, const char *params, uint64_t *slot, uint32_t n)
{
	gj_kernel *k = self;
	gj_caller *c = gj_caller_own();
	gj_report report = { 0 };
	if (atomic_load_explicit(&stopped, memory_order_relaxed) && gj_interrupt_reaches(pthread_self())) {
		memset(slot, 0, n * sizeof *slot);
		return;
	}
	uint32_t outer = c ? c->depth : 0;
	if (c)
		c->depth = 0;
	gj_status status = gj_call_host(k, params, &report);
	if (c)
		c->depth = outer;
	if (status != GJ_OK)
		memset(slot, 0, n * sizeof *slot);
	if (told && (status != GJ_OK || gj_printed_any()))
		told(k->whose, status, &report);
}

/* -- From compiled code -------------------------------------------------------------------------------------------- */

void gj_call_raise(gj_block *pub, uint32_t site, uint32_t n, const uint64_t *value)
{
	gj_caller *c = gj_rt_caller(pub);
	c->report = (gj_report){ .site = site, .nvalues = n };
	for (uint32_t i = 0; i < n && i < GJ_REPORT_VALUES; i++)
		c->report.value[i] = value[i];
	gj_caller_land(c, GJ_E_RAISED);
}

void gj_call_attend(void)
{
	gj_caller *own = gj_caller_known();
	if (own && own->rounds) {
		gj_rounds_attend(own);
		return;
	}
	if (gj_attention_taken() && own && own->depth && gj_interrupted())
		gj_caller_land(own, GJ_E_INTERRUPTED);
}

void gj_call_enter(gj_block *pub)
{
	gj_caller *c = gj_rt_caller(pub);
	if (__atomic_load_n(&gj_rt_attention, __ATOMIC_RELAXED))
		gj_call_attend();
	if ((const char *)__builtin_frame_address(0) < c->pub.stack_least)
		gj_call_raise(pub, (uint32_t)GJ_SITE_DEEP, 0, NULL);
}
