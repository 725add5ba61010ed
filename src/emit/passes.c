/* Optimisation and code generation through LLVM's own pipelines, and the texts that inspect_* shows. */
#include "emit/values.h"

#include <llvm-c/Transforms/PassBuilder.h>

#include <string.h>

static void fail_with(gj_unit *u, char *text)
{
	const char *why = gj_strdup(u->arena, text ? text : "LLVM failed without a message");
	LLVMDisposeMessage(text);
	gj_fail(u->root, 0, GJ_ERR_INTERNAL, why);
}

void gj_optimise(gj_unit *u, const char *passes)
{
	LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
	bool vectors = gj_entry_is_host(u->root->entry) && !u->vector;      /* kernels have theirs, or are better without */
	LLVMPassBuilderOptionsSetLoopVectorization(o, vectors);
	LLVMPassBuilderOptionsSetLoopInterleaving(o, vectors);
	LLVMPassBuilderOptionsSetSLPVectorization(o, vectors);
	LLVMErrorRef e = LLVMRunPasses(u->mod, passes, u->tm, o);
	LLVMDisposePassBuilderOptions(o);
	if (e) {
		char *text = LLVMGetErrorMessage(e);
		const char *why = gj_strdup(u->arena, text);
		LLVMDisposeErrorMessage(text);
		gj_fail(u->root, 0, GJ_ERR_INTERNAL, why);
	}
}

/* The block on whose branch alone b is reached, if b is a branch's short detour: it goes on where the branch leads
 * without it. */
static LLVMBasicBlockRef detour_from(LLVMBasicBlockRef b)
{
	LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(b));
	gj_v end = LLVMGetBasicBlockTerminator(b), branch = use ? LLVMGetUser(use) : NULL;
	if (!branch || LLVMGetNextUse(use) || !LLVMIsABranchInst(branch) || !LLVMIsABranchInst(end))
		return NULL;
	if (LLVMGetNumSuccessors(branch) != 2 || LLVMGetNumSuccessors(end) != 1)
		return NULL;
	LLVMBasicBlockRef to = LLVMGetSuccessor(end, 0);
	bool around = LLVMGetSuccessor(branch, 0) == to || LLVMGetSuccessor(branch, 1) == to;
	return around ? LLVMGetInstructionParent(branch) : NULL;
}

/* Puts detours right behind their branch. Rotating a loop leaves the first one at the loop's end, and instruction
 * selection then phrases its condition in another way than in the unrolled copies: one more predicate, of which ptxas
 * has seven, to keep for the whole loop. */
void gj_order_blocks(gj_unit *u)
{
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f))
		for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f), next; b; b = next) {
			LLVMBasicBlockRef from = detour_from(b);
			next = LLVMGetNextBasicBlock(b);
			if (from && LLVMGetNextBasicBlock(from) != b)
				LLVMMoveBasicBlockAfter(b, from);
		}
}

LLVMMemoryBufferRef gj_codegen(gj_unit *u, LLVMModuleRef m, LLVMCodeGenFileType type)
{
	LLVMMemoryBufferRef buf = NULL;
	char *text = NULL;
	gj_llvm_generate(!u->plain_loops);
	bool failed = LLVMTargetMachineEmitToMemoryBuffer(u->tm, m, type, &text, &buf);
	gj_llvm_generated();
	if (failed)
		fail_with(u, text);
	return buf;
}

/* Code generation changes a module, so the assembly comes from a copy. */
char *gj_assembly(gj_unit *u)
{
	uint32_t stack = u->stack_bytes;
	LLVMModuleRef copy = LLVMCloneModule(u->mod);
	LLVMMemoryBufferRef buf = gj_codegen(u, copy, LLVMAssemblyFile);
	char *text = gj_heap_copy(u, LLVMGetBufferStart(buf), LLVMGetBufferSize(buf));
	LLVMDisposeMemoryBuffer(buf);
	LLVMDisposeModule(copy);
	u->stack_bytes = stack;                    /* the diagnostics of this run do not count */
	return text;
}

void gj_keep_llvm(gj_unit *u)
{
	if (!u->opt->keep_text)
		return;
	char *ir = LLVMPrintModuleToString(u->mod);
	u->image->llvm = gj_heap_copy(u, ir, strlen(ir));
	LLVMDisposeMessage(ir);
}
