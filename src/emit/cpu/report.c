/* A thread that fails tells the runtime, which ends the launch; what a thread prints, it keeps. */
#include "emit/cpu/cpu.h"

#include <stddef.h>

/* Where the kernel runs a row of threads in a loop: which of these it is at. */
static gj_v in_row(gj_gen *g)
{
	const gj_fn *f = g->f;
	uint32_t l = f->bb.p[gj_o(f, g->ref)->block].loop;
	while (f->loops.p[l].parent)
		l = f->loops.p[l].parent;
	return gj_sc(g, f->bb.p[f->loops.p[l].header].ops.p[0]);
}

static void tell(gj_gen *g, const char *function, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	gj_unit *u = g->u;
	gj_v thread = gj_cpu(g)->warp, values = gj_alloca(g, u->i64, n + 2, 8);
	if (g->f->places)
		thread = lane ? lane : gj_i32(u, 0);
	else if (lane)
		thread = LLVMBuildAdd(g->b, LLVMBuildMul(g->b, thread, gj_i32(u, u->lanes), ""), lane, "");
	if (g->f->rows)
		thread = LLVMBuildAdd(g->b, thread, in_row(g), "");
	for (unsigned i = 0; i < n; i++)
		gj_store(g, value[i], gj_offset(g, values, 8 * (int64_t)i), 8);
	gj_extern_call(g, function, u->tvoid, 5, (gj_v[]){ gj_cpu(g)->block, thread, gj_i32(u, site), gj_i32(u, n), values });
}

void gj_cpu_report(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	for (unsigned at = 0; at < 3 && g->f->places; at++) {
		unsigned axis = gj_axes_from[gj_lanes_axis(g->u->opt->facts)][at];
		gj_v place = LLVMBuildZExt(g->b, gj_cpu(g)->place[at], g->u->i64, "");
		gj_store(g, place, gj_offset(g, gj_cpu(g)->block, offsetof(gj_block, place) + 8 * axis), 8);
	}
	tell(g, g->u->root->entry->args == GJ_ARGS_ELEMENTS ? "gj_rt_element_failed" : "gj_rt_report", site, lane, value, n);
}

void gj_cpu_print(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	tell(g, "gj_rt_print", site, lane, value, n);
}
