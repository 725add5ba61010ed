/* Stores of parts of floating-point numbers. LLVM stores the low bits of a register with st.b8 or st.b16 whatever has computed it;
 * ptxas (seen in CUDA 13.0), where that was a floating-point instruction, takes such a store for a conversion to an integer. A move
 * between them, which LLVM cannot see through, ends that: ptxas leaves nothing of it. */
#include "emit/nvptx/nvptx.h"

static bool is_float(gj_t t)
{
	LLVMTypeKind k = LLVMGetTypeKind(t);
	return k == LLVMHalfTypeKind || k == LLVMBFloatTypeKind || k == LLVMFloatTypeKind || k == LLVMDoubleTypeKind;
}

/* The bits of x, a floating-point number, moved. */
static gj_v moved_bits(gj_gen *g, gj_v x)
{
	static const struct { const char *text, *constraints; } row[] = {
		{ "mov.b16 $0, $1;", "=h,h" }, { "mov.b32 $0, $1;", "=r,r" }, { "mov.b64 $0, $1;", "=l,l" }
	};
	gj_t t = gj_bits_ty(g->u, LLVMTypeOf(x)), type = LLVMFunctionType(t, &t, 1, 0);
	int i = t == g->u->i64 ? 2 : t == g->u->i32 ? 1 : 0;
	gj_v bits = LLVMBuildBitCast(g->b, x, t, "");
	return LLVMBuildCall2(g->b, type, gj_inline_asm(type, row[i].text, row[i].constraints, false), &bits, 1, "");
}

/* A number that is not aligned is stored in parts. Vectors that are not come as numbers: nothing of ours makes others. */
static void mend_store(gj_gen *g, gj_v store)
{
	gj_v x = LLVMGetOperand(store, 0);
	gj_t t = LLVMTypeOf(x);
	if (!is_float(t) || LLVMIsConstant(x) || 8 * LLVMGetAlignment(store) >= LLVMGetIntTypeWidth(gj_bits_ty(g->u, t)))
		return;
	LLVMPositionBuilderBefore(g->b, store);
	LLVMSetOperand(store, 0, moved_bits(g, x));
}

/* Bits of a number that are cut off: they may be stored. */
static void mend_trunc(gj_gen *g, gj_v trunc)
{
	gj_v cast = LLVMGetOperand(trunc, 0);
	if (!LLVMIsABitCastInst(cast) || !is_float(LLVMTypeOf(LLVMGetOperand(cast, 0))))
		return;
	LLVMPositionBuilderBefore(g->b, trunc);
	LLVMSetOperand(trunc, 0, moved_bits(g, LLVMGetOperand(cast, 0)));
}

void gj_nv_part_stores(gj_unit *u)
{
	gj_gen g = { .u = u, .b = LLVMCreateBuilderInContext(u->ctx) };
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f))
		for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
			for (gj_v i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
				if (LLVMIsAStoreInst(i))
					mend_store(&g, i);
				else if (LLVMIsATruncInst(i))
					mend_trunc(&g, i);
	LLVMDisposeBuilder(g.b);
}
