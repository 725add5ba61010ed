/* A thread that fails writes the module's report, if it is the first, and ends; what threads print goes into the module's buffer
 * (image/report.h). The writing is a function of its own for each number of values, so that checks stay small. */
#include "emit/ops.h"
#include "emit/nvptx/nvptx.h"
#include "image/report.h"

#include <stddef.h>

/* The variable that the loader sets. */
static gj_v listener(gj_unit *u, const char *name)
{
	gj_v at = LLVMGetNamedGlobal(u->mod, name);
	if (at)
		return at;
	at = LLVMAddGlobalInAddressSpace(u->mod, u->i64, name, GJ_NV_GLOBAL);
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

static void fill_line(gj_gen *, gj_v record, LLVMBasicBlockRef done, unsigned n);

static void fill_report(gj_gen *g, gj_v record, LLVMBasicBlockRef done, unsigned n)
{
	gj_unit *u = g->u;
	LLVMBasicBlockRef first = gj_bb_new(g, "");
	gj_v state = gj_offset(g, record, offsetof(gj_report, state));
	gj_v got = gj_atomic_cmpxchg(g, state, gj_i32(u, GJ_REPORT_NONE), gj_i32(u, GJ_REPORT_BEGUN));
	LLVMBuildCondBr(g->b, LLVMBuildExtractValue(g->b, got, 1, ""), first, done);
	gj_at(g, first);
	write_report(g, record, n);
	LLVMBuildBr(g->b, done);
}

/* The function: nothing, where nobody listens. */
static void fill(gj_gen *g, const char *variable, unsigned n, void (*body)(gj_gen *, gj_v, LLVMBasicBlockRef, unsigned))
{
	gj_unit *u = g->u;
	LLVMBasicBlockRef entry = gj_bb_new(g, ""), heard = gj_bb_new(g, ""), done = gj_bb_new(g, "");
	gj_at(g, entry);
	gj_v address = gj_load(g, u->i64, listener(u, variable), 8), none = LLVMConstNull(u->i64);
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntNE, address, none), heard, done);
	gj_at(g, heard);
	body(g, LLVMBuildIntToPtr(g->b, address, LLVMPointerTypeInContext(u->ctx, GJ_NV_GLOBAL), ""), done, n);
	gj_at(g, done);
	LLVMBuildRetVoid(g->b);
}

static gj_v teller(gj_gen *g, gj_t type, bool line, unsigned n)
{
	gj_unit *u = g->u;
	const char *name = gj_printf(u->arena, "gj_%s_%u", line ? "print" : "tell", n);
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
	fill(&own, line ? "gj_print" : "gj_report", n, line ? fill_line : fill_report);
	gj_at(g, here);
	return fn;
}

/* A line takes its words, if there are as many left, and says last that it is there. */
static void fill_line(gj_gen *g, gj_v record, LLVMBasicBlockRef done, unsigned n)
{
	gj_unit *u = g->u;
	LLVMBasicBlockRef fits = gj_bb_new(g, ""), full = gj_bb_new(g, "");
	gj_v used = gj_offset(g, record, offsetof(gj_print_buffer, used)), lost = gj_offset(g, record, offsetof(gj_print_buffer, lost));
	gj_v at = gj_atomic_rmw(g, LLVMAtomicRMWBinOpAdd, used, gj_i32(u, n + 1));
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntULE, at, gj_i32(u, GJ_PRINT_WORDS - n - 1)), fits, full);
	gj_at(g, full);
	gj_atomic_rmw(g, LLVMAtomicRMWBinOpAdd, lost, gj_i32(u, 1));
	LLVMBuildBr(g->b, done);
	gj_at(g, fits);
	gj_v words = gj_offset(g, record, offsetof(gj_print_buffer, word)), index = LLVMBuildZExt(g->b, at, u->i64, "");
	gj_v first = LLVMBuildGEP2(g->b, u->i64, words, &index, 1, "");
	for (unsigned i = 0; i < n; i++)
		put(g, first, 8 * (i + 1), LLVMGetParam(g->fn, 1 + i), 8);
	gj_plain(g, GJ_IN_NV_MEMBAR_SYS, 0, NULL);
	gj_v site = LLVMBuildZExt(g->b, LLVMGetParam(g->fn, 0), u->i64, "");
	put(g, first, 0, LLVMBuildOr(g->b, site, LLVMConstInt(u->i64, gj_print_written | (uint64_t)n << GJ_PRINT_COUNT_AT, 0), ""), 8);
	LLVMBuildBr(g->b, done);
}

static void tell(gj_gen *g, bool line, uint32_t site, const gj_v *value, unsigned n)
{
	gj_unit *u = g->u;
	gj_t *t = gj_new(u->arena, gj_t, n + 1);
	gj_v *arg = gj_new(u->arena, gj_v, n + 1);
	t[0] = u->i32;
	arg[0] = gj_i32(u, site);
	for (unsigned i = 0; i < n; i++) {
		t[1 + i] = u->i64;
		arg[1 + i] = value[i];
	}
	gj_t type = LLVMFunctionType(u->tvoid, t, 1 + n, 0);
	LLVMMetadataRef at = LLVMGetCurrentDebugLocation2(u->b);
	gj_v fn = teller(g, type, line, n);
	LLVMSetCurrentDebugLocation2(u->b, at);
	LLVMBuildCall2(g->b, type, fn, arg, 1 + n, "");
}

void gj_nv_report(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	(void)lane;
	tell(g, false, site, value, n);
	g->u->backend->end_thread(g);
}

void gj_nv_print(gj_gen *g, uint32_t site, gj_v lane, const gj_v *value, unsigned n)
{
	(void)lane;
	tell(g, true, site, value, n);
}
