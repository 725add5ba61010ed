/* Floating-point exceptions where users are told of them (gj_entry's `exceptions`): operations that a program does not come to
 * raise none, and what Python and NumPy call an error raises one. */
#include "emit/ops.h"

static gj_entry_exceptions meant(const gj_gen *g) { return g->u->root->entry->exceptions; }

/* Does the block run in some rounds of its loop, or calls of the function, and not in others? */
static bool is_conditional(const gj_fn *f, uint32_t b)
{
	uint32_t l = f->bb.p[b].loop;
	if (l)
		return !gj_dominates(f, b, f->loops.p[l].latch);
	for (uint32_t k = 0; k < f->rpo.n; k++)
		if (!f->bb.p[f->rpo.p[k]].nsucc && !gj_dominates(f, b, f->rpo.p[k]))
			return true;
	return false;
}

/* x, about which LLVM knows nothing, so that what is computed with it stays where it is. */
static gj_v opaque(gj_gen *g, gj_v x)
{
	gj_t t = LLVMTypeOf(x), ft = LLVMFunctionType(t, &t, 1, 0);
	gj_v copy = gj_inline_asm(ft, "", "=x,0", true);
	return LLVMBuildCall2(g->b, ft, copy, &x, 1, "");
}

gj_v gj_idle_apart(gj_gen *g, const gj_op *o, gj_v x)
{
	gj_t t = LLVMTypeOf(x), e = gj_elem_ty(t);
	if (meant(g) == GJ_EXCEPTIONS_IGNORED || (e != g->u->f32 && e != g->u->f64))
		return x;
	if (gj_is_vec(t))
		return o->mask ? gj_select(g, gj_vec(g, o->mask), x, gj_kfp(t, 1)) : x;
	return !g->u->vector && is_conditional(g->f, o->block) ? opaque(g, x) : x;
}

/* Raises an exception if the condition holds for a lane. */
static void tell(gj_gen *g, const gj_op *o, gj_v condition, const char *function)
{
	if (gj_is_vec(LLVMTypeOf(condition)))
		condition = gj_select(g, gj_mask_of(g, o), condition, LLVMConstNull(LLVMTypeOf(condition)));
	gj_if seldom = gj_if_begin(g, gj_any(g, condition));
	gj_v call = gj_extern_call(g, function, g->u->tvoid, 0, NULL), fn = LLVMGetCalledValue(call);
	gj_attr(g->u, fn, (unsigned)LLVMAttributeFunctionIndex, "cold", 0);
	gj_attr(g->u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	gj_attr(g->u, fn, (unsigned)LLVMAttributeFunctionIndex, "memory", 3 << 2);      /* inaccessible memory: read and written */
	gj_if_end(g, &seldom);
}

void gj_divided_by_zero(gj_gen *g, const gj_op *o, gj_v is_zero)
{
	if (meant(g) != GJ_EXCEPTIONS_IGNORED && !LLVMIsConstant(is_zero))
		tell(g, o, is_zero, "gj_rt_divided_by_zero");
}

void gj_invalid_operands(gj_gen *g, const gj_op *o, gj_v valid, gj_v a, gj_v b)
{
	if (meant(g) == GJ_EXCEPTIONS_IGNORED || LLVMIsConstant(valid))
		return;
	gj_v wrong = LLVMBuildAnd(g->b, LLVMBuildNot(g->b, valid, ""), gj_fcmp(g, LLVMRealORD, a, b), "");
	if (o->op == GJ_FLOORDIV)                  /* by zero: its quotient raises another exception */
		wrong = LLVMBuildAnd(g->b, wrong, gj_fcmp(g, LLVMRealUNE, b, LLVMConstNull(LLVMTypeOf(b))), "");
	tell(g, o, wrong, "gj_rt_invalid_operands");
}
