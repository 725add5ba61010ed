/* A thread that fails tells the runtime, which ends the launch. */
#include "emit/cpu/cpu.h"

void gj_cpu_report(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	gj_unit *u = g->u;
	gj_v thread = gj_cpu(g)->warp, values = gj_alloca(g, u->i64, GJ_REPORT_VALUES, 8);
	if (lane)
		thread = LLVMBuildAdd(g->b, LLVMBuildMul(g->b, thread, gj_i32(u, u->lanes), ""), lane, "");
	for (unsigned i = 0; i < n; i++)
		gj_store(g, value[i], gj_offset(g, values, 8 * (int64_t)i), 8);
	gj_extern_call(g, "gj_rt_report", u->tvoid, 5, (gj_v[]){ gj_cpu(g)->block, thread, gj_i32(u, site), gj_i32(u, n), values });
}
