/* Calls of compiled code of ufuncs' loops, which end where an element raises. */
#include "run/cpu/raising.h"

#include "run/cpu/cpu.h"

#include <string.h>

void gj_rt_element_failed(gj_block *pub, uint32_t thread, uint32_t site, uint32_t n, const uint64_t *value)
{
	gj_loop_call *c = (gj_loop_call *)pub;
	c->thread = thread;
	c->report = (gj_report){ .site = site, .nvalues = n };
	memcpy(c->report.value, value, (n < GJ_REPORT_VALUES ? n : GJ_REPORT_VALUES) * sizeof *value);
	__builtin_longjmp(c->landing, 1);
}

/* Apart, since what is in registers is lost where it lands. */
static __attribute__((noinline)) bool returns(gj_loop_call *c, const gj_kernel *k, const char *params, uint32_t warps)
{
	if (__builtin_setjmp(c->landing))
		return false;
	k->entry(&c->pub, params, 0, warps);
	return true;
}

bool gj_loop_returns(gj_loop_call *c, const gj_kernel *k, const char *params, uint32_t n, uint32_t warps)
{
	c->pub = (gj_block){ .block_dim = { n, 1, 1 }, .grid_dim = { 1, 1, 1 }, .nthreads = n };
	return returns(c, k, params, warps);
}
