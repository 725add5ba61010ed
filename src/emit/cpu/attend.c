/* Functions for the host look in their loops whether Ctrl-C was pressed. LLVM makes no vectors of loops that look, so they learn
 * it when it is done: on each edge that leads back, of vectors and unrolled rounds then, one word is compared. Where rounds are short
 * straight lines that count, they do so now and then only, for the word would be a tenth of a round. */
#include "emit/cpu/cpu.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { SELDOM = 1 << 20, PERIOD = 1 << 12, FEW = 16 /* rounds */ };

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

/* void look(i1 due): to be inlined. */
static gj_v look(gj_unit *u, gj_t *type)
{
	gj_gen g = { .u = u, .b = u->b };
	*type = LLVMFunctionType(u->tvoid, &u->i1, 1, 0);
	g.fn = LLVMAddFunction(u->mod, "gj_look", *type);
	LLVMSetLinkage(g.fn, LLVMInternalLinkage);
	gj_attr(u, g.fn, (unsigned)LLVMAttributeFunctionIndex, "alwaysinline", 0);
	LLVMBasicBlockRef is_due, cold, done;
	gj_at(&g, gj_bb_new(&g, "look"));
	is_due = gj_bb_new(&g, "due");
	cold = gj_bb_new(&g, "attend");
	done = gj_bb_new(&g, "on");
	gj_seldom(u, LLVMBuildCondBr(u->b, LLVMGetParam(g.fn, 0), is_due, done));
	gj_at(&g, is_due);
	gj_seldom(u, LLVMBuildCondBr(u->b, gj_icmp(&g, LLVMIntNE, attention(&g), gj_i32(u, 0)), cold, done));
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

/* By how much phi `x` of a loop with this latch grows a round, if that is a constant; 0: it is not. */
static int64_t step_of(gj_v x, LLVMBasicBlockRef latch)
{
	for (unsigned i = 0; i < LLVMCountIncoming(x); i++) {
		gj_v next = LLVMGetIncomingValue(x, i);
		if (LLVMGetIncomingBlock(x, i) != latch)
			continue;
		bool adds = LLVMIsAInstruction(next) && LLVMGetInstructionOpcode(next) == LLVMAdd && LLVMGetOperand(next, 0) == x;
		return adds && LLVMIsAConstantInt(LLVMGetOperand(next, 1)) ? LLVMConstIntGetSExtValue(LLVMGetOperand(next, 1)) : 0;
	}
	return 0;
}

/* Does phi `x` go from one small number, by a constant, to another, where the loop with this latch ends? */
static bool counts_few(gj_v x, LLVMBasicBlockRef latch)
{
	gj_v cond = LLVMIsABranchInst(LLVMGetBasicBlockTerminator(latch)) && LLVMGetNumSuccessors(LLVMGetBasicBlockTerminator(latch)) == 2 ?
		LLVMGetCondition(LLVMGetBasicBlockTerminator(latch)) : NULL;
	gj_v end = cond && LLVMIsAICmpInst(cond) ? LLVMGetOperand(cond, 1) : NULL, start = NULL, next = NULL;
	if (!end || !LLVMIsAConstantInt(end) || LLVMCountIncoming(x) != 2 || step_of(x, latch) != 1)
		return false;
	for (unsigned i = 0; i < 2; i++)
		*(LLVMGetIncomingBlock(x, i) == latch ? &next : &start) = LLVMGetIncomingValue(x, i);
	if (!start || !LLVMIsAConstantInt(start) || LLVMGetOperand(cond, 0) != next || LLVMGetICmpPredicate(cond) != LLVMIntEQ)
		return false;
	int64_t rounds = LLVMConstIntGetSExtValue(end) - LLVMConstIntGetSExtValue(start);
	return rounds > 0 && rounds <= FEW;
}

static bool calls(LLVMBasicBlockRef b)
{
	for (gj_v i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
		gj_v f = LLVMIsACallInst(i) ? LLVMGetCalledValue(i) : NULL;
		if (f && !(LLVMIsAFunction(f) && LLVMGetIntrinsicID(f)))
			return true;
	}
	return false;
}

/* Is a look due at the end of a loop's block? Where a counter steps over multiples of PERIOD: some bits of it are 0 then. NULL: the loop has
 * so few rounds that those around it will do. */
static gj_v due(gj_unit *u, LLVMBasicBlockRef from, LLVMBasicBlockRef to)
{
	gj_v always = LLVMConstInt(u->i1, 1, 0);
	for (gj_v x = LLVMGetFirstInstruction(to); LLVMIsAPHINode(x); x = LLVMGetNextInstruction(x))
		if (counts_few(x, from))
			return NULL;
	if (from != to || calls(from))
		return always;
	for (gj_v x = LLVMGetFirstInstruction(from); LLVMIsAPHINode(x); x = LLVMGetNextInstruction(x)) {
		gj_t t = LLVMTypeOf(x);
		int64_t step = t == u->i64 || t == u->i32 ? step_of(x, from) : 0;
		uint64_t window = 1;
		while (window < (uint64_t)(step < 0 ? -step : step))
			window *= 2;
		if (!step || window > PERIOD / 4)
			continue;
		gj_v bits = LLVMBuildAnd(u->b, x, LLVMConstInt(t, (PERIOD - 1) & ~(window - 1), 0), "");
		return LLVMBuildICmp(u->b, LLVMIntEQ, bits, LLVMConstNull(t), "");
	}
	return always;
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
			gj_v asked = due(u, p->block, to->block);
			if (asked)
				LLVMBuildCall2(u->b, type, callee, &asked, 1, "");
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
