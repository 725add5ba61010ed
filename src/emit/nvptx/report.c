/* A thread that fails writes the module's report, if it is the first, and ends (image/report.h). The writing is a function of its
 * own for each number of values, so that the checks themselves stay small. */
#include "emit/nvptx/nvptx.h"
#include "image/report.h"

#include <stddef.h>

/* The variable that the loader sets. */
static gj_v listener(gj_unit *u)
{
	gj_v at = LLVMGetNamedGlobal(u->mod, "gj_report");
	if (at)
		return at;
	at = LLVMAddGlobalInAddressSpace(u->mod, u->i64, "gj_report", GJ_NV_GLOBAL);
	LLVMSetInitializer(at, LLVMConstNull(u->i64));
	LLVMSetExternallyInitialized(at, 1);
	LLVMSetAlignment(at, 8);
	return at;
}

static void put(gj_gen *g, gj_v record, size_t at, gj_v x, unsigned size)
{
	gj_v to = gj_offset(g, record, (int64_t)at);
	gj_store(g, x, to, size);
	LLVMSetVolatile(LLVMGetLastInstruction(gj_here(g)), 1);
}

static void write_report(gj_gen *g, gj_v record, unsigned n)
{
	static const gj_llvm_intrin block[3] = { GJ_IN_NV_CTAID_X, GJ_IN_NV_CTAID_Y, GJ_IN_NV_CTAID_Z };
	static const gj_llvm_intrin thread[3] = { GJ_IN_NV_TID_X, GJ_IN_NV_TID_Y, GJ_IN_NV_TID_Z };
	put(g, record, offsetof(gj_report, site), LLVMGetParam(g->fn, 0), 4);
	for (unsigned d = 0; d < 3; d++) {
		put(g, record, offsetof(gj_report, block) + 4 * d, gj_plain(g, block[d], 0, NULL), 4);
		put(g, record, offsetof(gj_report, thread) + 4 * d, gj_plain(g, thread[d], 0, NULL), 4);
	}
	put(g, record, offsetof(gj_report, nvalues), gj_i32(g->u, n), 4);
	for (unsigned i = 0; i < n; i++)
		put(g, record, offsetof(gj_report, value) + 8 * i, LLVMGetParam(g->fn, 1 + i), 8);
	gj_plain(g, GJ_IN_NV_MEMBAR_SYS, 0, NULL);
	put(g, record, offsetof(gj_report, state), gj_i32(g->u, GJ_REPORT_WHOLE), 4);
}

static void fill(gj_gen *g, unsigned n)
{
	gj_unit *u = g->u;
	LLVMBasicBlockRef entry = gj_bb_new(g, ""), heard = gj_bb_new(g, ""), first = gj_bb_new(g, ""), done = gj_bb_new(g, "");
	gj_at(g, entry);
	gj_v address = gj_load(g, u->i64, listener(u), 8), none = LLVMConstNull(u->i64);
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntNE, address, none), heard, done);
	gj_at(g, heard);
	gj_v record = LLVMBuildIntToPtr(g->b, address, LLVMPointerTypeInContext(u->ctx, GJ_NV_GLOBAL), "");
	gj_v state = gj_offset(g, record, offsetof(gj_report, state));
	gj_v got = LLVMBuildAtomicCmpXchg(g->b, state, gj_i32(u, GJ_REPORT_NONE), gj_i32(u, GJ_REPORT_BEGUN),
		LLVMAtomicOrderingMonotonic, LLVMAtomicOrderingMonotonic, 0);
	LLVMBuildCondBr(g->b, LLVMBuildExtractValue(g->b, got, 1, ""), first, done);
	gj_at(g, first);
	write_report(g, record, n);
	LLVMBuildBr(g->b, done);
	gj_at(g, done);
	LLVMBuildRetVoid(g->b);
}

static gj_v teller(gj_gen *g, gj_t type, unsigned n)
{
	gj_unit *u = g->u;
	const char *name = gj_printf(u->arena, "gj_tell_%u", n);
	gj_v fn = LLVMGetNamedFunction(u->mod, name);
	if (fn)
		return fn;
	LLVMBasicBlockRef here = gj_here(g);
	fn = LLVMAddFunction(u->mod, name, type);
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "noinline", 0);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "cold", 0);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	gj_gen own = *g;
	own.fn = fn;
	LLVMSetCurrentDebugLocation2(u->b, NULL);
	fill(&own, n);
	gj_at(g, here);
	return fn;
}

void gj_nv_report(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	gj_unit *u = g->u;
	gj_t t[1 + GJ_REPORT_VALUES] = { u->i32 };
	gj_v arg[1 + GJ_REPORT_VALUES] = { gj_i32(u, site) };
	(void)lane;
	for (unsigned i = 0; i < n; i++) {
		t[1 + i] = u->i64;
		arg[1 + i] = value[i];
	}
	gj_t type = LLVMFunctionType(u->tvoid, t, 1 + n, 0);
	LLVMMetadataRef line = LLVMGetCurrentDebugLocation2(u->b);
	gj_v fn = teller(g, type, n);
	LLVMSetCurrentDebugLocation2(u->b, line);
	LLVMBuildCall2(g->b, type, fn, arg, 1 + n, "");
	u->backend->end_thread(g);
}
