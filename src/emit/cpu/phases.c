/* Barriers that all warps of a block reach together need no state for each warp: the kernel is cut into phases, and each becomes a
 * loop over the warps in compiled code. Where a phase leads is decided once for all warps.
 *
 *     start: …                              for each warp: …
 *     barrier                               while (s > 0) {
 *     while (s > 0) {                               for each warp: if (t < s) …
 *             if (t < s) …                          s = s / 2
 *             barrier                       }
 *             s = s / 2                     for each warp: …
 *     } …
 *
 * Such a decision must not depend on the warp: not on its number, nor on memory, which others may write between the first warp's look
 * and the last one's. Another branch may decide what a warp does, but no barrier may lie on its ways: a kernel in which one does is
 * left to resume.c. This file finds out, and where phases begin and end; phases_build.c makes the loops. */
#include "emit/cpu/phases.h"

#include <string.h>

enum {
	MOST_NODES = 2048,
	OUTSIDE = 6                                /* blocks around the warp's code: entry, the loops over blocks and warps. Others cannot be reached */
};

/* -- Addresses --------------------------------------------------------------------------------------------------------- */

static uint32_t slot_of(const gj_places *p, const void *key)
{
	uint32_t i = (uint32_t)((uintptr_t)key >> 4) * 0x9e3779b1u & (p->size - 1);
	while (p->key[i] && p->key[i] != key)
		i = (i + 1) & (p->size - 1);
	return i;
}

static gj_places places(gj_arena *a, uint32_t most)
{
	gj_places p = { .arena = a, .size = 16 };
	while (p.size < 2 * most)
		p.size *= 2;
	p.key = gj_new(a, const void *, p.size);
	p.number = gj_new(a, uint32_t, p.size);
	return p;
}

static void put(gj_places *p, const void *key, uint32_t number)
{
	if (2 * p->n >= p->size) {
		gj_places more = places(p->arena, p->size);
		for (uint32_t i = 0; i < p->size; i++)
			if (p->key[i])
				put(&more, p->key[i], p->number[i]);
		*p = more;
	}
	uint32_t i = slot_of(p, key);
	p->n += !p->key[i];
	p->key[i] = key;
	p->number[i] = number;
}

uint32_t gj_place_of(const gj_places *p, const void *key)
{
	uint32_t i = slot_of(p, key);
	return p->key[i] ? p->number[i] : GJ_NOWHERE;
}

void gj_note_value(gj_phased *p, gj_v x, uint32_t node, bool varies, uint32_t at)
{
	put(&p->values, x, p->seen.n);
	gj_push(gj_phased_arena(p), &p->seen, ((gj_seen){ .x = x, .node = node, .varies = varies, .at = at }));
}

void gj_note_copy(gj_phased *p, gj_v copy, const gj_seen *of) { put(&p->values, copy, (uint32_t)(of - p->seen.p)); }

gj_seen *gj_find_value(const gj_phased *p, gj_v x)
{
	uint32_t i = LLVMIsAInstruction(x) ? gj_place_of(&p->values, x) : GJ_NOWHERE;
	return i == GJ_NOWHERE ? NULL : &p->seen.p[i];
}

bool gj_value_varies(const gj_phased *p, gj_v x)
{
	const gj_seen *s = gj_find_value(p, x);
	return s && s->varies;
}

/* -- The warp's code as a graph ------------------------------------------------------------------------------------------ */

/* Where the stop at the end of bb resumes; NULL: it has none. */
static LLVMBasicBlockRef behind_stop(const gj_phased *p, LLVMBasicBlockRef bb)
{
	for (uint32_t i = 0; i < p->r->stops.n; i++)
		if (p->r->stops.p[i].at == bb)
			return p->r->stops.p[i].resume;
	return NULL;
}

static unsigned count_successors(const gj_phased *p, LLVMBasicBlockRef bb)
{
	return bb == p->g->exit ? 0 : LLVMGetNumSuccessors(LLVMGetBasicBlockTerminator(bb));
}

static LLVMBasicBlockRef successor(const gj_phased *p, LLVMBasicBlockRef bb, unsigned i)
{
	LLVMBasicBlockRef resume = behind_stop(p, bb);
	return resume ? resume : LLVMGetSuccessor(LLVMGetBasicBlockTerminator(bb), i);
}

/* All blocks from the start on, in post-order. */
static uint32_t walk_blocks(gj_phased *p, LLVMBasicBlockRef *done, unsigned most)
{
	gj_places seen = places(gj_phased_arena(p), most);
	struct { LLVMBasicBlockRef bb; unsigned next; } *way = gj_alloc(gj_phased_arena(p), sizeof *way * most);
	uint32_t depth = 0, n = 0;
	way[depth++].bb = gj_cpu(p->g)->head;
	put(&seen, way[0].bb, 0);
	while (depth) {
		LLVMBasicBlockRef bb = way[depth - 1].bb;
		if (way[depth - 1].next == count_successors(p, bb)) {
			done[n++] = bb;
			depth--;
			continue;
		}
		LLVMBasicBlockRef to = successor(p, bb, way[depth - 1].next++);
		if (gj_place_of(&seen, to) != GJ_NOWHERE)
			continue;
		put(&seen, to, 0);
		way[depth].bb = to;
		way[depth++].next = 0;
	}
	return n;
}

static void note_instructions(gj_phased *p, LLVMBasicBlockRef bb, uint32_t node)
{
	for (gj_v x = LLVMGetFirstInstruction(bb); x; x = LLVMGetNextInstruction(x))
		gj_note_value(p, x, node, false, GJ_NOWHERE);
}

static bool find_nodes(gj_phased *p)
{
	gj_arena *a = gj_phased_arena(p);
	unsigned most = LLVMCountBasicBlocks(p->g->fn), values = 0;
	LLVMBasicBlockRef *done = gj_new(a, LLVMBasicBlockRef, most);
	uint32_t n = most > MOST_NODES ? 0 : walk_blocks(p, done, most);
	p->nodes = places(a, 2 * n + 1);
	p->end = GJ_NOWHERE;
	for (uint32_t i = 0; i < n; i++) {
		LLVMBasicBlockRef bb = done[n - 1 - i];
		put(&p->nodes, bb, i);
		p->end = bb == p->g->exit ? i : p->end;
		gj_push(a, &p->node, ((gj_node){ .bb = bb, .stops = behind_stop(p, bb) }));
		for (gj_v x = LLVMGetFirstInstruction(bb); x; x = LLVMGetNextInstruction(x))
			values++;
	}
	p->values = places(a, values);
	note_instructions(p, p->r->warp, GJ_NOWHERE);
	note_instructions(p, p->r->next, GJ_NOWHERE);
	for (uint32_t i = 0; i < n; i++) {
		note_instructions(p, p->node.p[i].bb, i);
		for (unsigned k = 0; k < count_successors(p, p->node.p[i].bb); k++) {
			uint32_t to = gj_place_of(&p->nodes, successor(p, p->node.p[i].bb, k));
			gj_push(a, &p->node.p[i].succs, to);
			gj_push(a, &p->node.p[to].preds, i);
		}
	}
	return p->end != GJ_NOWHERE && n + OUTSIDE == most;
}

/* Code that ends in none (the launch has failed) has all nodes, and does not count. false: there is a loop without an end. */
static bool find_postdominators(gj_phased *p)
{
	uint32_t n = p->node.n, words = p->words = (n + 63) / 64;
	p->pdom = gj_new(gj_phased_arena(p), uint64_t, (size_t)n * words);
	memset(p->pdom, 0xff, sizeof *p->pdom * n * words);
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = n; i-- > 0;) {
			const gj_node *b = &p->node.p[i];
			uint64_t *set = p->pdom + (size_t)i * words;
			for (uint32_t w = 0; w < words; w++) {
				uint64_t now = i == p->end ? 0 : ~0ull;
				for (uint32_t k = 0; k < b->succs.n; k++)
					now &= p->pdom[(size_t)b->succs.p[k] * words + w];
				now |= w == i / 64 ? 1ull << i % 64 : 0;
				more |= now != set[w];
				set[w] = now;
			}
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		const gj_node *b = &p->node.p[i];
		bool lost = i != p->end && p->pdom[(size_t)i * words + words - 1] == ~0ull && p->pdom[(size_t)i * words] == ~0ull;
		for (uint32_t k = 0; lost && k < b->succs.n; k++)
			if (b->succs.p[k] <= i || b->stops)
				return false;
	}
	return true;
}

static bool postdominates(const gj_phased *p, uint32_t i, uint32_t of)
{
	return p->pdom[(size_t)of * p->words + i / 64] >> i % 64 & 1;
}

/* -- What varies from warp to warp ----------------------------------------------------------------------------------------- */

static bool has_pointers(gj_t t)
{
	return LLVMGetTypeKind(gj_elem_ty(t)) == LLVMPointerTypeKind;
}

bool gj_is_pure(gj_v x)
{
	switch (LLVMGetInstructionOpcode(x)) {
	case LLVMLoad: case LLVMStore: case LLVMAlloca: case LLVMAtomicRMW: case LLVMAtomicCmpXchg: case LLVMFence: case LLVMVAArg:
		return false;
	case LLVMCall: {
		gj_v callee = LLVMGetCalledValue(x);
		unsigned n = LLVMGetNumArgOperands(x);
		bool pure = LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) && n && LLVMGetTypeKind(LLVMTypeOf(x)) != LLVMVoidTypeKind;
		for (unsigned i = 0; pure && i < n; i++)
			pure = !has_pointers(LLVMTypeOf(LLVMGetOperand(x, i)));
		return pure;
	}
	default:
		return true;
	}
}

static void vary(gj_phased *p, gj_v x)
{
	gj_seen *s = gj_find_value(p, x);
	if (!s || s->varies)
		return;
	s->varies = true;
	gj_push(gj_phased_arena(p), &p->work, x);
}

static void vary_phis(gj_phased *p, uint32_t i)
{
	for (gj_v x = LLVMGetFirstInstruction(p->node.p[i].bb); gj_is_phi(x); x = LLVMGetNextInstruction(x))
		vary(p, x);
}

/* Goes over all nodes on the ways from the branch at the end of node b to where they meet again. false: there is a barrier. `part`: warps
 * take different ways, so what is chosen by the way varies. */
static bool walk_ways(gj_phased *p, uint32_t b, bool part)
{
	GJ_VEC(uint32_t) todo = { 0 };
	bool clear = true;
	p->walks++;
	gj_push(gj_phased_arena(p), &todo, b);
	while (todo.n) {
		uint32_t i = todo.p[--todo.n];
		const gj_node *n = &p->node.p[i];
		clear &= !n->stops;
		for (uint32_t k = 0; k < n->succs.n; k++) {
			uint32_t to = n->succs.p[k];
			if (p->node.p[to].walk == p->walks)
				continue;
			p->node.p[to].walk = p->walks;
			if (part)
				vary_phis(p, to);
			if (!postdominates(p, to, b))
				gj_push(gj_phased_arena(p), &todo, to);
		}
	}
	return clear;
}

/* false: a barrier that not all warps reach together. */
static bool spread(gj_phased *p)
{
	for (uint32_t i = 0; i < p->seen.n; i++) {
		const gj_seen *s = &p->seen.p[i];
		if (!gj_is_pure(s->x) || (s->node == GJ_NOWHERE && gj_is_phi(s->x)))
			vary(p, s->x);
	}
	while (p->work.n) {
		gj_v x = p->work.p[--p->work.n];
		for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use)) {
			gj_v user = LLVMGetUser(use);
			uint32_t i = gj_place_of(&p->nodes, LLVMGetInstructionParent(user));
			if (!LLVMIsATerminatorInst(user) || i == GJ_NOWHERE) {
				vary(p, user);
			} else if (!p->node.p[i].parts) {
				p->node.p[i].parts = true;
				if (!walk_ways(p, i, true))
					return false;
			}
		}
	}
	return true;
}

/* -- Phases ------------------------------------------------------------------------------------------------------------------ */

/* Each node belongs to the phase of those before it; where these differ, it begins a phase. */
void gj_assign_phases(gj_phased *p)
{
	for (bool more = true; more;) {
		more = false;
		for (uint32_t i = 0; i < p->node.n; i++)
			p->node.p[i].phase = p->node.p[i].leads ? i : GJ_NOWHERE;
		for (uint32_t i = 0; i < p->node.n; i++) {
			gj_node *n = &p->node.p[i];
			for (uint32_t k = 0; !n->leads && k < n->preds.n; k++) {
				uint32_t before = p->node.p[n->preds.p[k]].phase;
				if (n->phase == GJ_NOWHERE)
					n->phase = before;
				more |= before != GJ_NOWHERE && before != n->phase;
				n->leads |= before != GJ_NOWHERE && before != n->phase;
			}
		}
		for (uint32_t i = 0; i < p->node.n && !more; i++)
			for (uint32_t k = 0; k < p->node.p[i].preds.n; k++) {
				bool apart = p->node.p[p->node.p[i].preds.p[k]].phase != p->node.p[i].phase;
				more |= apart && !p->node.p[i].leads;
				p->node.p[i].leads |= apart;
			}
	}
}

void gj_split_edge(gj_phased *p, uint32_t to, uint32_t pred)
{
	gj_gen *g = p->g;
	uint32_t from = p->node.p[to].preds.p[pred], between = p->node.n, k = 0;
	gj_node n = { .bb = gj_bb_new(g, "edge"), .leads = p->node.p[from].cuts };
	while (p->node.p[from].succs.p[k] != to)
		k++;
	gj_push(gj_phased_arena(p), &n.preds, from);
	gj_push(gj_phased_arena(p), &n.succs, to);
	p->node.p[from].succs.p[k] = p->node.p[to].preds.p[pred] = between;
	LLVMSetSuccessor(LLVMGetBasicBlockTerminator(p->node.p[from].bb), k, n.bb);
	gj_at(g, n.bb);
	LLVMBuildBr(g->b, p->node.p[to].bb);
	put(&p->nodes, n.bb, between);
	gj_push(gj_phased_arena(p), &p->node, n);
}

/* false: a branch that no phase can end with. */
static bool find_leaders(gj_phased *p)
{
	p->node.p[0].leads = p->node.p[p->end].leads = true;
	for (uint32_t i = 0; i < p->node.n; i++) {
		gj_node *n = &p->node.p[i];
		n->cuts = n->succs.n > 1 && !n->parts && !walk_ways(p, i, false);
		if (n->cuts && (n->succs.n != 2 || n->succs.p[0] == n->succs.p[1]))
			return false;
		for (uint32_t k = 0; (n->cuts || n->stops) && k < n->succs.n; k++)
			p->node.p[n->succs.p[k]].leads = true;
	}
	gj_assign_phases(p);
	return true;
}

/* Does each phase lead to one other, or end with a branch for all warps? */
static bool phases_end(const gj_phased *p)
{
	uint32_t *to = gj_new(gj_phased_arena(p), uint32_t, p->node.n);
	for (uint32_t i = 0; i < p->node.n; i++) {
		const gj_node *n = &p->node.p[i];
		for (uint32_t k = 0; k < n->succs.n; k++) {
			uint32_t way = n->cuts ? p->node.n + i + 1 : n->succs.p[k] + 1;
			if (!p->node.p[n->succs.p[k]].leads)
				continue;
			if (to[n->phase] && to[n->phase] != way)
				return false;
			to[n->phase] = way;
		}
	}
	for (uint32_t i = 0; i < p->node.n; i++)
		if (p->node.p[i].leads && i != p->end && !to[i])
			return false;
	return true;
}

/* Loops without barriers lie in one phase. */
static void find_cycles(gj_phased *p)
{
	for (uint32_t i = 0; i < p->node.n; i++)
		for (uint32_t k = 0; k < p->node.p[i].succs.n; k++) {
			uint32_t to = p->node.p[i].succs.p[k], phase = p->node.p[i].phase;
			for (uint32_t in = to; in <= i && !p->node.p[to].leads; in++)
				p->node.p[in].cyclic |= p->node.p[in].phase == phase;
		}
}

bool gj_find_phases(gj_phased *p)
{
	if (p->r->asks || !find_nodes(p) || !find_postdominators(p) || !spread(p) || !find_leaders(p) || !phases_end(p))
		return false;
	find_cycles(p);
	return true;
}
