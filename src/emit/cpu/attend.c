/* Functions for the host look in their loops whether Ctrl-C was pressed. LLVM makes no vectors of loops that look, so they learn
 * it when it is done: on each edge that leads back, of vectors and unrolled rounds then, one word is compared. */
#include "emit/cpu/cpu.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { SELDOM = 1 << 20 };

/* The word, as it is now. */
static gj_v attention(gj_gen *g)
{
	gj_v word = LLVMGetNamedGlobal(g->u->mod, "gj_rt_attention");
	gj_v flag = gj_load(g, g->u->i32, word ? word : LLVMAddGlobal(g->u->mod, g->u->i32, "gj_rt_attention"), 4);
	LLVMSetVolatile(flag, 1);
	return flag;
}

void gj_seldom(gj_unit *u, gj_v branch)
{
	LLVMMetadataRef part[3] = { LLVMMDStringInContext2(u->ctx, "branch_weights", 14), LLVMValueAsMetadata(gj_i32(u, 1)),
		LLVMValueAsMetadata(gj_i32(u, SELDOM)) };
	LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(u->ctx, "prof", 4), LLVMMetadataAsValue(u->ctx, LLVMMDNodeInContext2(u->ctx, part, 3)));
}

/* The same in a function that tells its callers that it has raised: it returns then. */
static void enter_telling(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_v deep = gj_extern_call(g, "gj_rt_enter_telling", u->i32, 2, (gj_v[]){ gj_cpu(g)->block, LLVMConstInt(u->i64, g->f->deep, 0) });
	LLVMBasicBlockRef back = gj_bb_new(g, "deep"), on = gj_bb_new(g, "");
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntNE, deep, gj_i32(u, 0)), back, on);
	gj_at(g, back);
	gj_t t = LLVMGetReturnType(LLVMGlobalGetValueType(g->fn));
	bool only = g->f->nresults == 1;
	gj_v told = LLVMConstInt(only ? t : LLVMStructGetTypeAtIndex(t, g->f->nresults - 1), 1, 0);
	LLVMBuildRet(g->b, only ? told : LLVMBuildInsertValue(g->b, LLVMGetUndef(t), told, g->f->nresults - 1, ""));
	gj_at(g, on);
}

/* Where the stack is, a local variable's address says. What is to be done about it, the runtime does. */
void gj_cpu_enter(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_v at = LLVMBuildAlloca(g->b, u->i8, ""), least = gj_block_field(g, offsetof(gj_block, stack_least), u->ptr);
	gj_v wanted = LLVMBuildOr(g->b, gj_icmp(g, LLVMIntULT, at, least), gj_icmp(g, LLVMIntNE, attention(g), gj_i32(u, 0)), "");
	gj_if seldom = gj_if_begin(g, wanted);
	gj_seldom(u, LLVMGetBasicBlockTerminator(seldom.from));
	if (g->f->tells)
		enter_telling(g);
	else
		gj_extern_call(g, "gj_rt_enter", u->tvoid, 1, &gj_cpu(g)->block);
	gj_if_end(g, &seldom);
	g->entry = gj_here(g);                         /* what holds for the function, and allocas, come first */
}

/* void look(): to be inlined. */
static gj_v look(gj_unit *u, gj_t *type)
{
	gj_gen g = { .u = u, .b = u->b };
	*type = LLVMFunctionType(u->tvoid, NULL, 0, 0);
	g.fn = LLVMAddFunction(u->mod, "gj_look", *type);
	LLVMSetLinkage(g.fn, LLVMInternalLinkage);
	gj_attr(u, g.fn, (unsigned)LLVMAttributeFunctionIndex, "alwaysinline", 0);
	LLVMBasicBlockRef cold, done;
	gj_at(&g, gj_bb_new(&g, "look"));
	gj_v flag = attention(&g);
	cold = gj_bb_new(&g, "attend");
	done = gj_bb_new(&g, "on");
	gj_v br = LLVMBuildCondBr(u->b, gj_icmp(&g, LLVMIntNE, flag, gj_i32(u, 0)), cold, done);
	gj_seldom(u, br);
	gj_at(&g, cold);
	gj_v none = LLVMConstNull(u->ptr);
	gj_cpu_attend(&g, none);
	LLVMBuildBr(u->b, done);
	gj_at(&g, done);
	LLVMBuildRetVoid(u->b);
	return g.fn;
}

/* -- Edges that lead back ------------------------------------------------------------------------------------------------ */

typedef struct place { LLVMBasicBlockRef block; enum { FRESH, OPEN, DONE } state; unsigned next; } place;

static int by_block(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const place *)a)->block, y = (uintptr_t)((const place *)b)->block;
	return x < y ? -1 : x > y;
}

static place *place_of(place *all, unsigned n, LLVMBasicBlockRef b)
{
	return bsearch(&(place){ .block = b }, all, n, sizeof *all, by_block);
}

/* Goes through the function depth first; an edge to a block that is still open leads back. */
static void look_in(gj_unit *u, gj_v fn, gj_v callee, gj_t type)
{
	unsigned n = LLVMCountBasicBlocks(fn), depth = 0, i = 0;
	place *all = gj_new(u->arena, place, n + 1), **way = gj_new(u->arena, place *, n + 1);
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
		all[i++].block = b;
	qsort(all, n, sizeof *all, by_block);
	way[depth++] = place_of(all, n, LLVMGetEntryBasicBlock(fn));
	way[0]->state = OPEN;
	while (depth) {
		place *p = way[depth - 1];
		gj_v end = LLVMGetBasicBlockTerminator(p->block);
		if (p->next == LLVMGetNumSuccessors(end)) {
			p->state = DONE;
			depth--;
			continue;
		}
		place *to = place_of(all, n, LLVMGetSuccessor(end, p->next++));
		if (to->state == FRESH) {
			to->state = OPEN;
			way[depth++] = to;
		} else if (to->state == OPEN) {
			LLVMPositionBuilderBefore(u->b, end);
			LLVMBuildCall2(u->b, type, callee, NULL, 0, "");
		}
	}
}

void gj_look_in_loops(gj_unit *u)
{
	gj_t type;
	gj_v callee = look(u, &type);
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f))
		if (f != callee && LLVMCountBasicBlocks(f))
			look_in(u, f, callee, type);
	gj_optimise(u, "always-inline");
}
