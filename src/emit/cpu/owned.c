/* Memory of arrays that functions for the host make: calls of the runtime (run/cpu/owned.c). */
#include "emit/cpu/cpu.h"

gj_v gj_cpu_new_memory(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	gj_v call = gj_extern_call(g, "gj_rt_alloc", u->ptr, 3, (gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[0]), gj_i32(u, o->sub) });
	gj_v fn = LLVMGetCalledValue(call);
	gj_attr(u, fn, LLVMAttributeReturnIndex, "noalias", 0);
	gj_attr(u, fn, LLVMAttributeReturnIndex, "align", 64);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	return call;
}

static gj_v count(gj_gen *g, const gj_op *o, const char *function)
{
	gj_v owner = gj_sc(g, o->arg[0]);
	if (LLVMIsAConstantInt(owner) && !LLVMConstIntGetZExtValue(owner))
		return NULL;
	gj_v call = gj_extern_call(g, function, g->u->tvoid, 1, &owner);
	gj_attr(g->u, LLVMGetCalledValue(call), (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	return NULL;
}

gj_v gj_cpu_retain(gj_gen *g, const gj_op *o) { return count(g, o, "gj_rt_retain"); }
gj_v gj_cpu_keep(gj_gen *g, const gj_op *o)
{
	return gj_extern_call(g, "gj_rt_keep", g->u->tvoid, 2, (gj_v[]){ gj_cpu(g)->block, gj_sc(g, o->arg[0]) });
}

gj_v gj_cpu_release(gj_gen *g, const gj_op *o) { return count(g, o, "gj_rt_release"); }
