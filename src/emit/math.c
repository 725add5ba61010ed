/* Math functions, the rows of math.def: in the target's own way where it has one, an LLVM intrinsic where one is exact,
 * plain arithmetic where that is exact, else the target's library. */
#include "emit/ops.h"

const gj_math_info gj_math_info_of[GJ_NMATH] = {
#define MATH(id, py, np, n, stem, fast, llvm, vec) { stem, fast, llvm, vec },
#include "ir/math.def"
};

gj_v gj_math_row(gj_gen *g, const gj_op *o, int row, const gj_v *arg, unsigned n)
{
	gj_v exponent, mantissa, own = g->u->backend->math ? g->u->backend->math(g, row, arg) : NULL;
	if (own)
		return own;
	switch (row) {
	case GJ_MATH_SQRT:  return gj_call1(g, GJ_IN_SQRT, arg[0]);
	case GJ_MATH_RSQRT: return LLVMBuildFDiv(g->b, gj_kfp(LLVMTypeOf(arg[0]), 1), gj_call1(g, GJ_IN_SQRT, arg[0]), "");
	case GJ_MATH_FMOD:  return gj_fmod(g, arg[0], arg[1]);
	case GJ_MATH_LDEXP: return gj_ldexp(g, arg[0], arg[1]);
	case GJ_MATH_FREXP_MANT:
	case GJ_MATH_FREXP_EXP:
		mantissa = gj_frexp(g, arg[0], &exponent);
		return row == GJ_MATH_FREXP_EXP ? exponent : mantissa;
	}
	const char *name = gj_math_info_of[row].llvm;
	int i = name ? gj_intrin_named(name) : -1;
	if (i >= 0)
		return n == 1 ? gj_call1(g, (gj_llvm_intrin)i, arg[0]) : gj_call2(g, (gj_llvm_intrin)i, arg[0], arg[1]);
	return g->u->backend->library(g, o, row, arg, n);
}

gj_v gj_do_libcall(gj_gen *g, const gj_op *o) { return g->u->backend->libcall(g, o); }

gj_v gj_do_math(gj_gen *g, const gj_op *o)
{
	gj_v arg[2] = { NULL };
	for (unsigned i = 0; i < o->nargs && i < 2; i++)
		arg[i] = gj_idle_apart(g, o, gj_arg(g, o, i));
	return gj_math_row(g, o, (int)o->imm.i, arg, o->nargs);
}
