/* What accesses to memory are written with (memory.c, interleaved.c). */
#include "emit/ops.h"

#include <string.h>

unsigned gj_align_of(const gj_gen *g, const gj_op *o, unsigned size)
{
	const gj_type *p = gj_arg_type(g, o, 0);
	return p->align && (p->align < size || g->u->backend->vector_accesses) ? p->align : size;
}

gj_v gj_to_memory(gj_gen *g, const gj_type *t, gj_v x)
{
	return t->kind == GJ_BOOL ? LLVMBuildZExt(g->b, x, gj_like(LLVMTypeOf(x), g->u->i8), "") : x;
}

/* Masked accesses lost their alignment operand between LLVM 19 and 22; it became an attribute of the pointer. */
gj_v gj_masked(gj_gen *g, gj_llvm_intrin i, gj_v *arg, unsigned n, unsigned at, gj_t vec, unsigned align)
{
	gj_t over[2] = { vec, LLVMTypeOf(arg[at]) };
	gj_v with[4];
	gj_t fn = LLVMIntrinsicGetType(g->u->ctx, gj_intrin_id(g->u, i), over, 2);
	if (LLVMCountParamTypes(fn) == n)
		goto plain;
	memcpy(with, arg, (at + 1) * sizeof *arg);
	with[at + 1] = gj_i32(g->u, align);
	memcpy(with + at + 2, arg + at + 1, (n - at - 1) * sizeof *arg);
	return gj_call(g, i, over, 2, with, n + 1);
plain:;
	gj_v call = gj_call(g, i, over, 2, arg, n);
	unsigned kind = LLVMGetEnumAttributeKindForName("align", 5);
	LLVMAddCallSiteAttribute(call, at + 1, LLVMCreateEnumAttribute(g->u->ctx, kind, align));
	return call;
}

/* LLVM 22 turns a choice between a masked load and another value into a load of that mask and value, where the choice
 * stands: behind stores that came after the load. A frozen load it leaves in its place. (Gathers it does not touch.) */
gj_v gj_masked_load(gj_gen *g, gj_v from, gj_v mask, gj_t t, unsigned align)
{
	gj_v x = gj_masked(g, GJ_IN_MLOAD, (gj_v[]){ from, mask, LLVMConstNull(t) }, 3, 0, t, align);
	return LLVMIsConstant(mask) ? x : LLVMBuildFreeze(g->b, x, "");
}
