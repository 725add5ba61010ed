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

/* All lanes of consecutive elements. LLVM splits what is wider than a register and reads it from the last part to the first, and in a long
 * line of code in any order. Where a turn's rounds are far from each other, or a whole block is such a line (straight.c), no processor's
 * prefetching follows that. So there it is split here, and the order of the parts is fixed, which LLVM takes from volatile accesses alone. */
static gj_v load_all(gj_gen *g, gj_v from, gj_t t, unsigned align)
{
	gj_t item = gj_elem_ty(t);
	unsigned size = (unsigned)LLVMABISizeOfType(LLVMGetModuleDataLayout(g->u->mod), item);
	unsigned lanes = LLVMGetVectorSize(t), bytes = gj_register_bytes(g->u, g->f), n = bytes / size;
	gj_v part[GJ_LANES];
	const gj_op *o = gj_o(g->f, g->ref);
	gj_space space = (gj_space)gj_arg_type(g, o, 0)->space;
	bool turn = g->f->round_turns && space != GJ_LOCAL, line = g->threads && o->op == GJ_LOAD && space == GJ_GLOBAL;
	if (!(turn || line) || n >= lanes)
		return gj_load(g, t, from, align);
	for (unsigned k = 0; k < lanes / n; k++) {
		part[k] = gj_load(g, LLVMVectorType(item, n), gj_offset(g, from, (int64_t)k * bytes), align);
		LLVMSetVolatile(part[k], 1);
	}
	return gj_joined(g, part, lanes / n);
}

/* LLVM 22 turns a choice between a masked load and another value into a load of that mask and value, where the choice
 * stands: behind stores that came after the load. A frozen load it leaves in its place. (Gathers it does not touch.) */
gj_v gj_masked_load(gj_gen *g, gj_v from, gj_v mask, gj_t t, unsigned align)
{
	if (gj_is_all(mask))
		return load_all(g, from, t, align);
	gj_v x = gj_masked(g, GJ_IN_MLOAD, (gj_v[]){ from, mask, LLVMConstNull(t) }, 3, 0, t, align);
	return LLVMIsConstant(mask) ? x : LLVMBuildFreeze(g->b, x, "");
}

void gj_masked_store(gj_gen *g, gj_v x, gj_v to, gj_v mask, unsigned align)
{
	if (gj_is_all(mask))
		gj_store(g, x, to, align);
	else
		gj_masked(g, GJ_IN_MSTORE, (gj_v[]){ x, to, mask }, 3, 1, LLVMTypeOf(x), align);
}
