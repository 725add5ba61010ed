/* Exceptions that functions for the host catch: calls of the runtime (run/cpu/caught.c). */
#include "emit/cpu/cpu.h"

gj_v gj_cpu_tell(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v values = gj_alloca(g, u->i64, o->nargs, 8);
	for (uint32_t k = 1; k < o->nargs; k++)
		gj_store(g, gj_of_lane(g, o->arg[k], NULL), gj_offset(g, values, 8 * ((int64_t)k - 1)), 8);
	u->image->reports = true;
	gj_v call = gj_extern_call(g, "gj_rt_tell", u->tvoid, 5,
		(gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[0]), gj_i32(u, o->imm.site->number), gj_i32(u, o->nargs - 1), values });
	gj_attr(u, LLVMGetCalledValue(call), (unsigned)LLVMAttributeFunctionIndex, "cold", 0);
	return NULL;
}

gj_v gj_cpu_take(gj_gen *g, const gj_op *o)
{
	return gj_extern_call(g, "gj_rt_take", g->u->i64, 2, (gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[0]) });
}

gj_v gj_cpu_again(gj_gen *g, const gj_op *o)
{
	gj_extern_call(g, "gj_rt_again", g->u->tvoid, 2, (gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[0]) });
	return NULL;
}

gj_v gj_cpu_throw(gj_gen *g, const gj_op *o)
{
	(void)o;
	gj_extern_call(g, "gj_rt_throw", g->u->tvoid, 1, &gj_cpu(g)->block);
	return NULL;
}
