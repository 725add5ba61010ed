/* Optimisation and code generation through LLVM's own pipelines, and the texts that inspect_* shows. */
#include "emit/gen.h"

#include <llvm-c/Transforms/PassBuilder.h>

#include <string.h>

static void fail_with(gj_unit *u, char *text)
{
	const char *why = gj_strdup(u->arena, text ? text : "LLVM failed without a message");
	LLVMDisposeMessage(text);
	gj_fail(u->kernel, 0, GJ_ERR_INTERNAL, why);
}

void gj_optimise(gj_unit *u, const char *passes)
{
	LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
	LLVMErrorRef e = LLVMRunPasses(u->mod, passes, u->tm, o);
	LLVMDisposePassBuilderOptions(o);
	if (e) {
		char *text = LLVMGetErrorMessage(e);
		const char *why = gj_strdup(u->arena, text);
		LLVMDisposeErrorMessage(text);
		gj_fail(u->kernel, 0, GJ_ERR_INTERNAL, why);
	}
}

LLVMMemoryBufferRef gj_codegen(gj_unit *u, LLVMModuleRef m, LLVMCodeGenFileType type)
{
	LLVMMemoryBufferRef buf = NULL;
	char *text = NULL;
	if (LLVMTargetMachineEmitToMemoryBuffer(u->tm, m, type, &text, &buf))
		fail_with(u, text);
	return buf;
}

/* Code generation changes a module, so the assembly comes from a copy. */
void gj_keep_text(gj_unit *u)
{
	char *ir = LLVMPrintModuleToString(u->mod);
	u->image->llvm = gj_heap_copy(u, ir, strlen(ir));
	LLVMDisposeMessage(ir);
	if (u->gpu)
		return;                                /* its PTX is the assembly */
	LLVMModuleRef copy = LLVMCloneModule(u->mod);
	LLVMMemoryBufferRef text = gj_codegen(u, copy, LLVMAssemblyFile);
	u->image->assembly = gj_heap_copy(u, LLVMGetBufferStart(text), LLVMGetBufferSize(text));
	LLVMDisposeMemoryBuffer(text);
	LLVMDisposeModule(copy);
	u->stack_bytes = 0;                        /* the diagnostics of this run do not count */
}
