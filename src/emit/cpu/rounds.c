/* Loops over prange: their start in a function for the host, and in their rounds the failure of one. */
#include "emit/cpu/cpu.h"

gj_v gj_cpu_rounds(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v slots = gj_alloca(g, u->i64, o->nargs, 8);
	for (uint32_t k = 3; k < o->nargs; k++) {
		gj_v x = gj_sc(g, o->arg[k]);
		if (LLVMTypeOf(x) == u->i1)
			x = LLVMBuildZExt(g->b, x, u->i8, "");
		gj_store(g, x, gj_offset(g, slots, 8 * ((int64_t)k - 3)), 8);
	}
	return gj_extern_call(g, "gj_rt_rounds", u->i64, 6,
		(gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[2]), slots, gj_sc(g, o->arg[0]), gj_sc(g, o->arg[1]), gj_i32(u, o->sub) });
}

/* Of the lanes the first is the earliest round. */
gj_v gj_cpu_failed(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v values = gj_alloca(g, u->i64, o->nargs, 8), lane = NULL, bits = NULL;
	gj_if some = { 0 };
	if (u->vector) {
		bits = gj_lane_bits(g, gj_mask_of(g, o));
		some = gj_if_begin(g, gj_icmp(g, LLVMIntNE, bits, gj_i32(u, 0)));
		lane = gj_call2(g, GJ_IN_CTTZ, bits, LLVMConstInt(u->i1, 1, 0));
	}
	for (uint32_t k = 2; k < o->nargs; k++)
		gj_store(g, gj_of_lane(g, o->arg[k], lane), gj_offset(g, values, 8 * ((int64_t)k - 2)), 8);
	u->image->reports = true;
	gj_extern_call(g, "gj_rt_round_failed", u->tvoid, 6,
		(gj_v[]){ gj_cpu(g)->block, gj_i32(u, o->imm.site->number), gj_of_lane(g, o->arg[0], lane), gj_of_lane(g, o->arg[1], lane),
		          gj_i32(u, o->nargs - 2), values });
	if (u->vector)
		gj_if_end(g, &some);
	return NULL;
}
