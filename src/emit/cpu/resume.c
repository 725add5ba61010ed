/* Kernels with barriers at width 32: instead of a stack of its own, each warp has a frame, and the kernel can be entered
 * again behind every barrier. A call runs each warp of the block up to its next barrier, and, where barriers have no more to do than to
 * be met, from there to the one behind it, until all warps are done or the runtime wants to know:
 *
 *     for each warp:                        switch (state[warp])
 *         start:     …                      save what lives on; state[warp] = 1; next warp
 *         resume 1:  restore; …             save what lives on; state[warp] = 2; next warp
 *
 * Code is emitted as if a barrier were a place where nothing happens (stop, resume, go on). When the function is whole,
 * every value that is used outside its block becomes a variable in memory, the live variables are copied to the frame
 * where a warp stops and back where it goes on, and LLVM's first pass makes values of the variables again. */
#include "emit/cpu/resume.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1 << 30 };                     /* of local arrays in a frame */

/* preds: as the warp sees it, resume k follows stop k. succs: without stopping in between. */
struct gj_resume_block { LLVMBasicBlockRef bb; GJ_VEC(uint32_t) preds, succs; };

/* -- While code is emitted ----------------------------------------------------------------------------------------- */

/* The builder stands in the block of the loop over warps, behind gj_cpu(g)->warp. Goes on in gj_cpu(g)->head, once a warp. */
void gj_resume_begin(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_resume *r = gj_cpu(g)->resume = gj_new(u->arena, gj_resume, 1);
	gj_v none = gj_i32(u, 0);
	r->warp = gj_here(g);
	r->next = gj_bb_new(g, "next");
	r->before = LLVMBuildPhi(g->b, u->i32, "");
	LLVMAddIncoming(r->before, &none, &gj_cpu(g)->outer, 1);
	gj_at(g, r->next);
	r->stopped = LLVMBuildPhi(g->b, u->i32, "");
	gj_at(g, g->entry);
	unsigned row = offsetof(gj_block, block_dim) + 4u * gj_axes_from[gj_lanes_axis(u->opt->facts)][0];
	gj_v threads = gj_block_field(g, offsetof(gj_block, nthreads), u->i32);
	r->one_row = gj_icmp(g, LLVMIntEQ, threads, gj_block_field(g, row, u->i32));
	gj_at(g, r->warp);
	gj_v wide = LLVMBuildZExt(g->b, gj_cpu(g)->warp, u->i64, "");
	gj_v size = LLVMBuildZExt(g->b, gj_block_field(g, offsetof(gj_block, frame_bytes), u->i32), u->i64, "");
	gj_v states = gj_block_field(g, offsetof(gj_block, state), u->ptr);
	r->state = LLVMBuildGEP2(g->b, u->i32, states, &wide, 1, "");
	gj_v frames = gj_block_field(g, offsetof(gj_block, frame), u->ptr);
	r->frame = gj_byte_gep(g, frames, LLVMBuildMul(g->b, wide, size, ""));
	gj_cpu(g)->head = gj_bb_new(g, "start");
	r->dispatch = LLVMBuildSwitch(g->b, gj_load(g, u->i32, r->state, 4), r->next, 8);
	LLVMAddCase(r->dispatch, gj_i32(u, 0), gj_cpu(g)->head);
	LLVMAddIncoming(r->stopped, &r->before, &r->warp, 1);
	gj_at(g, gj_cpu(g)->head);
}

/* Memory of the warp that outlives barriers, aligned to 64; NULL where no warp stops. */
gj_v gj_resume_local(gj_gen *g, uint64_t bytes)
{
	gj_resume *r = gj_cpu(g)->resume;
	LLVMBasicBlockRef here = gj_here(g);
	if (!r)
		return NULL;
	LLVMPositionBuilderBefore(g->b, r->dispatch);
	if (bytes > MOST_BYTES - r->bytes)
		gj_fail(g->f, gj_o(g->f, g->ref)->loc, GJ_ERR_LOCAL_TOO_LARGE, (unsigned long long)bytes, MOST_BYTES);
	gj_v p = gj_byte_gep(g, r->frame, LLVMConstInt(g->u->i64, r->bytes, 0));
	gj_at(g, here);
	r->bytes += (uint32_t)((bytes + 63) / 64 * 64);
	return p;
}

/* A variable of the kernel, only loaded from and stored to as a whole. */
void gj_resume_variable(gj_gen *g, gj_v alloca, gj_t type)
{
	if (gj_cpu(g)->resume)
		gj_push(g->u->arena, &gj_cpu(g)->resume->vars, ((gj_kept){ alloca, type }));
}

/* The warp stops here, if `cond` (NULL: always) holds; the builder goes on where it resumes. */
void gj_resume_stop(gj_gen *g, gj_v cond, LLVMBasicBlockRef otherwise)
{
	gj_unit *u = g->u;
	gj_resume *r = gj_cpu(g)->resume;
	gj_stop s = { gj_bb_new(g, "stop"), gj_bb_new(g, "resume") };
	r->asks |= cond != NULL;
	if (cond)
		LLVMBuildCondBr(g->b, cond, s.at, otherwise);
	else
		LLVMBuildBr(g->b, s.at);
	gj_push(u->arena, &r->stops, s);
	gj_v k = gj_i32(u, r->stops.n);
	LLVMAddCase(r->dispatch, k, s.resume);
	gj_at(g, s.at);
	gj_store(g, k, r->state, 4);
	gj_v yes = gj_i32(u, 1);
	LLVMAddIncoming(r->stopped, &yes, &s.at, 1);
	LLVMBuildBr(g->b, r->next);
	gj_at(g, s.resume);
}

/* The warp is done; the builder goes on where the next is taken. */
void gj_resume_return(gj_gen *g)
{
	gj_resume *r = gj_cpu(g)->resume;
	LLVMBasicBlockRef here = gj_here(g);
	gj_store(g, gj_i32(g->u, UINT32_MAX), r->state, 4);
	LLVMAddIncoming(r->stopped, &r->before, &here, 1);
	LLVMAddIncoming(r->before, &r->stopped, &r->next, 1);
	LLVMBuildBr(g->b, r->next);
	gj_at(g, r->next);
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const gj_resume_block *)a)->bb, y = (uintptr_t)((const gj_resume_block *)b)->bb;
	return x < y ? -1 : x > y;
}

static uint32_t index_of(const gj_resume *r, LLVMBasicBlockRef bb)
{
	gj_resume_block key = { .bb = bb }, *at = bsearch(&key, r->block, r->nblocks, sizeof key, by_address);
	return (uint32_t)(at - r->block);
}

static void find_blocks(gj_gen *g)
{
	gj_resume *r = gj_cpu(g)->resume;
	uint32_t n = 0;
	r->nblocks = LLVMCountBasicBlocks(g->fn);
	r->block = gj_new(g->u->arena, gj_resume_block, r->nblocks);
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(g->fn); b; b = LLVMGetNextBasicBlock(b))
		r->block[n++].bb = b;
	qsort(r->block, n, sizeof *r->block, by_address);
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(g->fn); b; b = LLVMGetNextBasicBlock(b)) {
		gj_v end = LLVMGetBasicBlockTerminator(b);
		uint32_t from = index_of(r, b);
		for (unsigned i = 0; b != r->warp && i < LLVMGetNumSuccessors(end); i++) {
			uint32_t to = index_of(r, LLVMGetSuccessor(end, i));
			if (r->block[to].bb == r->next)
				continue;
			gj_push(g->u->arena, &r->block[from].succs, to);
			gj_push(g->u->arena, &r->block[to].preds, from);
		}
	}
	for (uint32_t i = 0; i < r->stops.n; i++)
		gj_push(g->u->arena, &r->block[index_of(r, r->stops.p[i].resume)].preds, index_of(r, r->stops.p[i].at));
}

/* -- Values that leave their block become variables ---------------------------------------------------------------- */

/* Is what block bb says known wherever a warp runs? */
static bool before_warps(const gj_gen *g, LLVMBasicBlockRef bb)
{
	const gj_cpu_gen *c = gj_cpu(g);
	return bb == g->entry || bb == c->blocks || bb == c->outer || bb == c->resume->warp;
}

static bool everywhere(const gj_gen *g, gj_v x)
{
	return !LLVMIsAInstruction(x) || before_warps(g, LLVMGetInstructionParent(x));
}

/* Is it cheaper to make x again from its operands than to keep it in memory? The operands are then kept, so only what
 * has one that may vary counts. */
static bool made_again(const gj_gen *g, gj_v x)
{
	unsigned varying = 0;
	switch (LLVMIsAInstruction(x) ? LLVMGetInstructionOpcode(x) : 0) {
	case LLVMInsertElement: case LLVMShuffleVector: case LLVMAdd: case LLVMShl: case LLVMGetElementPtr: case LLVMZExt:
	case LLVMSExt: case LLVMTrunc:
		break;
	default:
		return false;
	}
	for (int i = 0; i < LLVMGetNumOperands(x); i++)
		varying += !everywhere(g, LLVMGetOperand(x, (unsigned)i));
	return varying <= 1;
}

static bool used_elsewhere(gj_v x)
{
	LLVMBasicBlockRef home = LLVMGetInstructionParent(x);
	for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use)) {
		gj_v user = LLVMGetUser(use);
		for (unsigned i = 0; i < gj_operands(user); i++)
			if (LLVMGetOperand(user, i) == x && LLVMGetInstructionParent(gj_needed_at(user, i)) != home)
				return true;
	}
	return false;
}

/* Each use of x outside its block becomes a load of the variable, or (at NULL) a copy of x. */
static void replace_uses(gj_gen *g, gj_v x, gj_kept v)
{
	GJ_VEC(gj_v) users = { 0 };
	for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use))
		gj_push(g->u->arena, &users, LLVMGetUser(use));
	for (uint32_t k = 0; k < users.n; k++) {
		for (unsigned i = 0; i < gj_operands(users.p[k]); i++) {
			gj_v at = gj_needed_at(users.p[k], i), y;
			if (LLVMGetOperand(users.p[k], i) != x || LLVMGetInstructionParent(at) == LLVMGetInstructionParent(x))
				continue;
			LLVMPositionBuilderBefore(g->b, at);
			if (v.at)
				y = gj_load(g, v.type, v.at, 0);
			else
				LLVMInsertIntoBuilder(g->b, y = LLVMInstructionClone(x));
			LLVMSetOperand(users.p[k], i, y);
		}
	}
}

static void make_variable(gj_gen *g, gj_v x)
{
	gj_kept v = { .type = LLVMTypeOf(x) };
	gj_v next = LLVMGetNextInstruction(x);
	while (gj_is_phi(next))
		next = LLVMGetNextInstruction(next);
	v.at = gj_alloca(g, v.type, 1, 0);
	replace_uses(g, x, v);
	LLVMPositionBuilderBefore(g->b, next);
	gj_store(g, x, v.at, 0);
	gj_push(g->u->arena, &gj_cpu(g)->resume->vars, v);
}

/* One walk over all values that leave their block. Those that are made again first: their copies use operands from
 * other blocks, which may be made again too; returns whether there is more to do. */
static bool make_variables(gj_gen *g, bool copies)
{
	gj_resume *r = gj_cpu(g)->resume;
	bool more = false;
	for (LLVMBasicBlockRef bb = LLVMGetFirstBasicBlock(g->fn); bb; bb = LLVMGetNextBasicBlock(bb)) {
		if (before_warps(g, bb) || bb == r->next)
			continue;
		for (gj_v x = LLVMGetFirstInstruction(bb), next; x; x = next) {
			next = LLVMGetNextInstruction(x);
			if (LLVMGetTypeKind(LLVMTypeOf(x)) == LLVMVoidTypeKind || made_again(g, x) != copies || !used_elsewhere(x))
				continue;
			more = true;
			if (copies)
				replace_uses(g, x, (gj_kept){ 0 });
			else
				make_variable(g, x);
		}
	}
	return more;
}

/* -- What lives where a warp stops --------------------------------------------------------------------------------- */

/* Of a variable in a block: read (before it is written), written, live at the start, and not yet kept at the end since it
 * was written. */
enum { READ = 1, WRITTEN = 2, LIVE = 4, DIRTY = 8 };

/* Does block bb load the variable before it stores to it? */
static bool read_first(LLVMBasicBlockRef bb, gj_v at)
{
	for (gj_v x = LLVMGetFirstInstruction(bb); x; x = LLVMGetNextInstruction(x)) {
		if (LLVMIsALoadInst(x) && LLVMGetOperand(x, 0) == at)
			return true;
		if (LLVMIsAStoreInst(x) && LLVMGetOperand(x, 1) == at)
			return false;
	}
	return false;
}

/* Marks blocks that say `from`, and on from these, back or forth, all up to those that say `stop`. */
static void spread(gj_gen *g, uint8_t *flags, uint8_t from, uint8_t mark, uint8_t stop, bool back)
{
	const gj_resume *r = gj_cpu(g)->resume;
	GJ_VEC(uint32_t) work = { 0 };
	for (uint32_t b = 0; b < r->nblocks; b++)
		if (flags[b] & from) {
			flags[b] |= mark;
			gj_push(g->u->arena, &work, b);
		}
	while (work.n) {
		const gj_resume_block *b = &r->block[work.p[--work.n]];
		for (uint32_t i = 0; i < (back ? b->preds.n : b->succs.n); i++) {
			uint32_t next = back ? b->preds.p[i] : b->succs.p[i];
			if (flags[next] & (mark | stop))
				continue;
			flags[next] |= mark;
			gj_push(g->u->arena, &work, next);
		}
	}
}

static void find_flags(gj_gen *g, gj_kept v, uint8_t *flags)
{
	const gj_resume *r = gj_cpu(g)->resume;
	memset(flags, 0, r->nblocks);
	for (LLVMUseRef use = LLVMGetFirstUse(v.at); use; use = LLVMGetNextUse(use)) {
		gj_v user = LLVMGetUser(use);
		flags[index_of(r, LLVMGetInstructionParent(user))] |= LLVMIsALoadInst(user) ? READ : WRITTEN;
	}
	for (uint32_t b = 0; b < r->nblocks; b++)
		if (flags[b] == (READ | WRITTEN) && !read_first(r->block[b].bb, v.at))
			flags[b] = WRITTEN;
	spread(g, flags, READ, LIVE, WRITTEN, true);
	spread(g, flags, WRITTEN, DIRTY, 0, false);
}

static void copy(gj_gen *g, LLVMBasicBlockRef bb, gj_t t, gj_v from, gj_v to, uint32_t at, unsigned align)
{
	gj_v k = LLVMConstInt(g->u->i64, at, 0), first = LLVMGetFirstInstruction(bb);
	while (gj_is_phi(first))
		first = LLVMGetNextInstruction(first);
	LLVMPositionBuilderBefore(g->b, first);
	if (from)
		gj_store(g, gj_load(g, t, from, 0), gj_byte_gep(g, gj_cpu(g)->resume->frame, k), align);
	else
		gj_store(g, gj_load(g, t, gj_byte_gep(g, gj_cpu(g)->resume->frame, k), align), to, 0);
}

unsigned gj_resume_align(const gj_gen *g, gj_t t)
{
	return LLVMStoreSizeOfType(LLVMGetModuleDataLayout(g->u->mod), t) < 64 ? 8 : 64;
}

uint32_t gj_resume_place(gj_gen *g, gj_t t)
{
	gj_resume *r = gj_cpu(g)->resume;
	uint32_t size = (uint32_t)LLVMStoreSizeOfType(LLVMGetModuleDataLayout(g->u->mod), t), align = gj_resume_align(g, t);
	uint32_t at = (r->bytes + align - 1) / align * align;
	r->bytes = at + (size + 7) / 8 * 8;
	return at;
}

/* Keeps v in the frame wherever a warp may stop while it is live. */
static void keep(gj_gen *g, gj_kept v, uint8_t *flags)
{
	gj_resume *r = gj_cpu(g)->resume;
	uint32_t align = gj_resume_align(g, v.type), at = 0;
	bool placed = false;
	find_flags(g, v, flags);
	for (uint32_t k = 0; k < r->stops.n; k++) {
		const gj_stop *s = &r->stops.p[k];
		if (!(flags[index_of(r, s->resume)] & LIVE))
			continue;
		if (!placed)
			at = gj_resume_place(g, v.type);
		placed = true;
		if (flags[index_of(r, s->at)] & DIRTY)
			copy(g, s->at, v.type, v.at, NULL, at, align);
		copy(g, s->resume, v.type, NULL, v.at, at, align);
	}
}

void gj_resume_close(gj_gen *g)
{
	g->u->image->frame_bytes = (gj_cpu(g)->resume->bytes + 63) / 64 * 64 + 64;
}

/* All code of the function stands; the builder, behind the loop over warps. */
void gj_resume_end(gj_gen *g)
{
	gj_resume *r = gj_cpu(g)->resume;
	gj_v at = LLVMConstInt(g->u->i64, offsetof(gj_block, stopped), 0);
	gj_store(g, r->stopped, gj_byte_gep(g, gj_cpu(g)->block, at), 4);
	if (!r->asks) {
		LLVMBasicBlockRef out = gj_bb_new(g, "out");
		gj_v flag = gj_block_now(g, offsetof(gj_block, attention)), none = gj_i32(g->u, 0);
		LLVMSetVolatile(flag, 1);
		gj_v again = LLVMBuildAnd(g->b, gj_icmp(g, LLVMIntNE, r->stopped, none), gj_icmp(g, LLVMIntEQ, flag, none), "");
		LLVMBuildCondBr(g->b, again, gj_cpu(g)->outer, out);
		gj_at(g, out);
	}
	LLVMBuildRetVoid(g->b);
	find_blocks(g);
	while (make_variables(g, true))
		continue;
	make_variables(g, false);
	uint8_t *flags = gj_new(g->u->arena, uint8_t, r->nblocks);
	for (uint32_t i = 0; i < r->vars.n; i++)
		keep(g, r->vars.p[i], flags);
	gj_resume_close(g);
}
