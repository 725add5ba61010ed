/* The order of what straight code reads (straight.c). Its loads stay in the order that they have in the code, upwards, which prefetching follows.
 * But then all vectors of a block wait for the last one before the first two are joined, most of them on the stack. So where a tree's first
 * step joins what lies pages apart, two runs of memory to a processor, it is done as soon as both are read: half as many wait. */
#include "emit/cpu/cpu.h"

#include <stdint.h>
#include <stdlib.h>

/* An instruction of a block: what stands before it, and the loads that it is made of: none, some that are one thread's, or several. */
typedef struct node { gj_v x; unsigned at; enum { NO_LOADS, ONE, PAIR, MORE } made; bool placed; } node;
typedef struct line { node *all, **in_order; unsigned n, first; } line;

static int by_value(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const node *)a)->x, y = (uintptr_t)((const node *)b)->x;
	return x < y ? -1 : x > y;
}

/* The operand, if it is an instruction of the block that is not a phi. */
static node *operand(const line *l, gj_v x, unsigned k)
{
	gj_v o = LLVMGetOperand(x, k);
	return LLVMIsAInstruction(o) && !LLVMIsAPHINode(o) ? bsearch(&(node){ .x = o }, l->all, l->n, sizeof *l->all, by_value) : NULL;
}

/* Joins of parts are no pairs. */
static int made_of(const line *l, gj_v x)
{
	unsigned some = 0, most = NO_LOADS;
	if (LLVMIsALoadInst(x))                        /* others ask for the block's attention */
		return LLVMGetVolatile(x) && gj_is_vec(LLVMTypeOf(x)) ? ONE : NO_LOADS;
	for (int k = 0; k < LLVMGetNumOperands(x); k++) {
		const node *o = operand(l, x, (unsigned)k);
		some += o && o->made;
		most = o && o->made > most ? o->made : most;
	}
	return most == ONE && some > 1 && !LLVMIsAShuffleVectorInst(x) ? PAIR : most > ONE ? MORE : (int)most;
}

/* Intrinsics that have a value do not. */
static bool may_write(gj_v x)
{
	bool writes = LLVMIsAStoreInst(x) || LLVMIsAAtomicRMWInst(x) || LLVMIsAAtomicCmpXchgInst(x) || LLVMIsAFenceInst(x);
	return writes || (LLVMIsACallInst(x) && (!LLVMGetIntrinsicID(LLVMGetCalledValue(x)) || LLVMGetTypeKind(LLVMTypeOf(x)) == LLVMVoidTypeKind));
}

static line line_of(gj_unit *u, LLVMBasicBlockRef b)
{
	line l = { 0 };
	unsigned n = 0;
	for (gj_v x = LLVMGetFirstInstruction(b); x; x = LLVMGetNextInstruction(x))
		l.n++;
	l.all = gj_new(u->arena, node, l.n + 1);
	l.in_order = gj_new(u->arena, node *, l.n + 1);
	for (gj_v x = LLVMGetFirstInstruction(b); x; x = LLVMGetNextInstruction(x), n++)
		l.all[n] = (node){ .x = x, .at = n };
	qsort(l.all, n, sizeof *l.all, by_value);
	for (unsigned i = 0; i < n; i++)
		l.in_order[l.all[i].at] = &l.all[i];
	for (unsigned i = 0; i < n; i++)
		l.in_order[i]->made = (unsigned)made_of(&l, l.in_order[i]->x);
	while (l.first < n && !l.in_order[l.first]->made)
		l.first++;
	return l;
}

/* Puts the instruction where the builder stands, behind its operands. */
static void put(gj_unit *u, const line *l, node *x)
{
	if (x->placed || x->at < l->first)
		return;
	x->placed = true;
	for (int k = 0; k < LLVMGetNumOperands(x->x); k++) {
		node *o = operand(l, x->x, (unsigned)k);
		if (o)
			put(u, l, o);
	}
	LLVMInstructionRemoveFromParent(x->x);
	LLVMInsertIntoBuilder(u->b, x->x);
}

/* Is memory left alone until all is read? */
static bool reads_first(const line *l)
{
	bool writes = false;
	for (unsigned i = l->first; i < l->n; i++) {
		if (writes && l->in_order[i]->made && l->in_order[i]->made < MORE)
			return false;
		writes |= may_write(l->in_order[i]->x);
	}
	return l->first < l->n;
}

static void pair_in_block(gj_unit *u, LLVMBasicBlockRef b)
{
	line l = line_of(u, b);
	if (!reads_first(&l))
		return;
	LLVMPositionBuilderBefore(u->b, LLVMGetBasicBlockTerminator(b));
	l.in_order[l.n - 1]->placed = true;            /* which stays the last */
	for (unsigned i = l.first; i < l.n; i++)
		if (l.in_order[i]->made == PAIR)
			put(u, &l, l.in_order[i]);
	for (unsigned i = l.first; i < l.n; i++)
		put(u, &l, l.in_order[i]);
}

void gj_pair_loads(gj_unit *u, gj_v fn)
{
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(fn); b; b = LLVMGetNextBasicBlock(b))
		pair_in_block(u, b);
}
