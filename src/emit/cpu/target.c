/* The CPU target. A kernel becomes two functions: the entry of cpu_abi.h, which reads the parameter buffer, and a body
 * that takes the parameters as arguments (so that they can be `noalias`) and loops over the warps it is given. A warp
 * is one pass of that loop: 32 lanes at width 32, one thread at width 1. At width 32 a kernel with barriers is resumable
 * (cpu/resume.c), if barriers are all that its warps wait for. */
#include "emit/cpu/cpu.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* Is it the body of a kernel, which loops over warps? */
static bool is_body(const gj_fn *f) { return f->entry->runner != GJ_RUN_CALLER; }

/* A machine for the next compilation, without and with vectors of ours, without and with optimisation: what it knows of the processor takes LLVM as long as some passes. */
static _Atomic(LLVMTargetMachineRef) spares[2][2];

static _Atomic(LLVMTargetMachineRef) *spare(const gj_unit *u) { return &spares[u->lanes > 1][u->opt->opt != 0]; }

static LLVMTargetMachineRef new_machine(const gj_unit *u)
{
	char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
	LLVMTargetMachineRef tm = gj_machine(triple, cpu, gj_host_features(u->lanes > 1), u->opt->opt);
	LLVMDisposeMessage(triple);
	LLVMDisposeMessage(cpu);
	return tm;
}

static void cpu_close(gj_unit *u)
{
	LLVMTargetMachineRef other = atomic_exchange(spare(u), u->tm);
	if (other)
		LLVMDisposeTargetMachine(other);
}

static void cpu_open(gj_unit *u)
{
	u->tm = atomic_exchange(spare(u), NULL);
	if (!u->tm && !(u->tm = new_machine(u)))
		gj_fail(u->root, 0, GJ_ERR_INTERNAL, "LLVM has no target for this machine");
	if (u->lanes != 1 && u->lanes != 8 && u->lanes != 16 && u->lanes != GJ_LANES)
		gj_fail(u->root, 0, GJ_ERR_INTERNAL, "the CPU's width is 1, 8, 16 or 32");
	u->register_bytes = gj_host_vector_bytes();
}

static bool resumable(const gj_gen *g)
{
	return g->u->vector && is_body(g->f) && g->f->barriers && !g->f->waits && !g->f->callee.n;
}

/* -- The block and its threads ------------------------------------------------------------------------------------- */

static gj_v dimension(gj_gen *g, unsigned first, int64_t axis)
{
	return gj_block_field(g, first + 4u * (unsigned)axis, g->u->i32);
}

/* a / b for a below 2^21 and any b: exact in float32 when a is taken half a step up. There is no vector division of
 * integers. */
static gj_v small_quotient(gj_gen *g, gj_v a, gj_v b)
{
	gj_t t = LLVMTypeOf(a), ft = gj_like(t, g->u->f32);
	gj_v x = LLVMBuildFAdd(g->b, LLVMBuildUIToFP(g->b, a, ft, ""), gj_kfp(ft, 0.5), "");
	gj_v q = LLVMBuildFDiv(g->b, x, LLVMBuildUIToFP(g->b, b, ft, ""), "");
	return LLVMBuildFPToUI(g->b, q, t, "");
}

/* Threads are counted along the axis first that lanes run along: the place of an axis, and the axis of a place. */
static int64_t place(const gj_gen *g, int64_t axis) { return gj_axes_from[gj_lanes_axis(g->u->opt->facts)][axis]; }

/* threadIdx on the axis at place `at` of the thread with number id. */
static gj_v thread_axis(gj_gen *g, gj_v id, int64_t at)
{
	bool vec = gj_is_vec(LLVMTypeOf(id));
	unsigned dim = offsetof(gj_block, block_dim);
	gj_v x = dimension(g, dim, place(g, 0)), y = dimension(g, dim, place(g, 1));
	if (vec) {
		x = gj_splat(g, x);
		y = gj_splat(g, y);
	}
	gj_v row = vec ? small_quotient(g, id, x) : LLVMBuildUDiv(g->b, id, x, "");
	if (at == 0)
		return LLVMBuildSub(g->b, id, LLVMBuildMul(g->b, row, x, ""), "");
	gj_v plane = vec ? small_quotient(g, row, y) : LLVMBuildUDiv(g->b, row, y, "");
	return at == 2 ? plane : LLVMBuildSub(g->b, row, LLVMBuildMul(g->b, plane, y, ""), "");
}

/* -- Functions ----------------------------------------------------------------------------------------------------- */

/* Every function takes the block; a kernel also the first warp and the end of the range, a device function the warp and,
 * where it is a vector, its mask. */
static void cpu_arguments(const gj_unit *u, const gj_fn *f, gj_hidden *h)
{
	*h = (gj_hidden){ .first = { u->ptr, u->i32, u->vector ? gj_vec_ty(u, u->i1) : NULL }, .last = { u->i32, u->i32 } };
	h->nfirst = is_body(f) ? 1 : u->vector ? 3 : 2;
	h->nlast = is_body(f) ? 2 : 0;
}

/* Only device functions are called. */
static void cpu_pass(gj_gen *g, gj_v mask, gj_v *first)
{
	first[0] = gj_cpu(g)->block;
	first[1] = gj_cpu(g)->warp;
	if (g->u->vector)
		first[2] = mask;
}

static void pointer_attrs(gj_unit *u, const gj_callee *c)
{
	unsigned at = gj_hidden_args(u, c->f).nfirst + 1;         /* attribute indices of arguments count from 1 */
	for (uint32_t i = 0; i < c->f->param.n; i++) {
		const gj_fnparam *p = &c->f->param.p[i];
		if (!u->param_used[i])
			continue;
		if (gj_param_alone(c->f, p))
			gj_attr(u, c->fn, at, "noalias", 0);
		at++;
	}
}

/* Is the body put into its entry: one function less for LLVM? Where its parameters say nothing of what they point to, it need not be apart.
 * (Beside functions that call themselves LLVM chose worse then.) */
static bool becomes_entry(const gj_unit *u, const gj_fn *f)
{
	bool alone = false;
	for (uint32_t i = 0; i < f->param.n; i++)
		alone |= u->param_used[i] && gj_param_alone(f, &f->param.p[i]);
	return gj_entry_is_host(f->entry) && !gj_is_callback(f->entry) && !f->callee.n && u->opt->opt && !u->di && !alone;
}

static void cpu_declared(gj_unit *u, const gj_callee *c)
{
	LLVMSetLinkage(c->fn, LLVMInternalLinkage);
	gj_attr_text(u, c->fn, "warn-stack-size", "0");    /* the frame's size arrives as a diagnostic */
	if (!is_body(c->f)) {                      /* calls without end are an error, not a loop */
		gj_attr_text(u, c->fn, "disable-tail-calls", "true");
		return;
	}
	gj_attr(u, c->fn, (unsigned)LLVMAttributeFunctionIndex, becomes_entry(u, c->f) ? "alwaysinline" : "noinline", 0);
	if (c->threads)                            /* else LLVM sees too late that it spills vectors, and each crosses two lines */
		gj_attr_text(u, c->fn, "stackrealign", "");
	if (gj_register_bytes(u, c->f) < u->register_bytes) {
		gj_attr_text(u, c->fn, "prefer-vector-width", "256");
		gj_attr_text(u, c->fn, "min-legal-vector-width", "0");
	}
	pointer_attrs(u, c);
}

/* Lanes of warp `warp` whose thread exists. */
static gj_v lanes_that_exist(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_v n = gj_block_field(g, offsetof(gj_block, nthreads), u->i32);
	gj_v left = LLVMBuildSub(g->b, n, LLVMBuildMul(g->b, gj_cpu(g)->warp, gj_i32(u, u->lanes), ""), "");
	return gj_icmp(g, LLVMIntULT, gj_steps(u, u->i32, 1), gj_splat(g, left));
}

/* Does a call run a stretch of blocks? */
static bool stretches(const gj_gen *g)
{
	return is_body(g->f) && g->f->entry->runner == GJ_RUN_LAUNCH && !g->f->waits && !g->f->barriers;
}

static unsigned first_index(const gj_gen *g)
{
	return offsetof(gj_block, block_idx) + 4u * gj_axes_from[gj_lanes_axis(g->u->opt->facts)][0];
}

/* Are all threads one row, as the elements of a ufunc's loop are? */
static bool is_line(const gj_gen *g) { return g->u->root->entry->runner == GJ_RUN_LOOP; }

/* Do warps fit into rows of threads along the first axis? */
static bool whole_rows(const gj_unit *u) { return !u->vector || u->opt->facts & GJ_FACTS_LANES; }

/* The loop over the grid that a kernel begins with: some warps of a block of one row are run by themselves, too. */
static bool is_part(const gj_gen *g) { return g->u->root->part == g->f; }

/* The outermost loop, where a kernel was one over the grid: this round of all threads of the stretch before the next. */
static void begin_rounds(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_v none = g->f->free_rounds ? gj_block_field(g, offsetof(gj_block, round), u->i64) : LLVMConstInt(u->i64, 0, 0);
	if (g->f->free_rounds)
		gj_block_field(g, offsetof(gj_block, round_end), u->i64);          /* read while entry is open */
	gj_cpu(g)->more = gj_alloca(g, u->i1, 1, 1);
	gj_cpu(g)->rounds = gj_bb_new(g, "round");
	gj_at(g, gj_cpu(g)->rounds);
	gj_cpu(g)->round = LLVMBuildPhi(g->b, u->i64, "");
	LLVMAddIncoming(gj_cpu(g)->round, &none, &g->entry, 1);
	if (g->f->round_last) {
		gj_v no = LLVMConstInt(u->i1, 0, 0);
		gj_cpu(g)->last = LLVMBuildPhi(g->b, u->i1, "");
		LLVMAddIncoming(gj_cpu(g)->last, &no, &g->entry, 1);
	}
	LLVMBuildStore(g->b, LLVMConstInt(u->i1, 0, 0), gj_cpu(g)->more);
}

/* Bytes for a value of all lanes that is kept. */
static uint32_t kept_size(const gj_unit *u) { return 8 * u->lanes > 64 ? 8 * u->lanes : 64; }

/* Where what this warp keeps lies: in the frame, in which warps of all blocks of the stretch have their part; or where the kernel's part
 * that has been run has left it for this block. */
static void begin_kept(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_cpu_gen *c = gj_cpu(g);
	uint32_t size = g->f->kept * kept_size(u);
	gj_v base = gj_block_field(g, c->rounds ? offsetof(gj_block, frame) : offsetof(gj_block, kept), u->ptr), warp = c->warp;
	if (g->f->places) {
		warp = gj_places_number(g);
	} else if (c->blocks) {
		gj_v start = LLVMGetIncomingValue(c->block_idx, 0), warps = gj_end_of_warps(g);
		gj_v before = LLVMBuildMul(g->b, LLVMBuildSub(g->b, c->block_idx, start, ""), warps, "");
		warp = LLVMBuildAdd(g->b, before, warp, "");
	}
	gj_v at = LLVMBuildMul(g->b, LLVMBuildZExt(g->b, warp, u->i64, ""), LLVMConstInt(u->i64, size, 0), "");
	c->kept = LLVMBuildGEP2(g->b, u->i8, base, &at, 1, "");
	u->image->kept_bytes = size;
}

/* Memory of the warp that outlives what its kernel waits for: barriers, or the rounds of others. NULL: there is nothing. */
static gj_v keep_local(gj_gen *g, uint64_t bytes)
{
	uint8_t number = gj_o(g->f, g->ref)->sub;
	if (!number)
		return gj_resume_local(g, bytes);
	LLVMBasicBlockRef here = gj_here(g);
	gj_at(g, gj_cpu(g)->head);
	gj_v p = gj_offset(g, gj_cpu(g)->kept, (int64_t)(number - 1) * kept_size(g->u));
	gj_at(g, here);
	return p;
}

/* From one round to the next (i64): threads of the grid. */
static gj_v grid_step(gj_gen *g)
{
	gj_v blocks = dimension(g, offsetof(gj_block, grid_dim), 0), threads = dimension(g, offsetof(gj_block, block_dim), 0);
	gj_t t = g->u->i64;
	return LLVMBuildMul(g->b, LLVMBuildZExt(g->b, blocks, t, ""), LLVMBuildZExt(g->b, threads, t, ""), "");
}

/* How many rounds of this turn all threads have (i32), if the range ends at `end` (i64). */
static gj_v whole_rounds(gj_gen *g, gj_v end)
{
	gj_unit *u = g->u;
	gj_v left = LLVMBuildSub(g->b, end, gj_cpu(g)->round, ""), step = grid_step(g), n = gj_i32(u, 0);
	for (unsigned k = 1; k <= GJ_MOST_ROUNDS; k++) {
		gj_v all = LLVMBuildMul(g->b, step, LLVMConstInt(u->i64, k, 0), "");
		n = gj_select(g, gj_icmp(g, LLVMIntSGE, left, all), gj_i32(u, k), n);
	}
	gj_cpu(g)->left = LLVMIsConstant(end) ? NULL : left;
	return n;
}

/* From one turn to the next (i64). */
static gj_v turn_step(gj_gen *g)
{
	gj_v step = grid_step(g), whole = gj_cpu(g)->whole;
	return whole ? LLVMBuildMul(g->b, step, LLVMBuildZExt(g->b, whole, g->u->i64, ""), "") : step;
}

/* The place in the grid of the call's first thread (i64). */
static gj_v first_place(gj_gen *g)
{
	gj_t t = g->u->i64;
	if (g->f->places)
		return LLVMBuildZExt(g->b, LLVMGetIncomingValue(gj_cpu(g)->place[0], 0), t, "");
	gj_v block = LLVMBuildZExt(g->b, LLVMGetIncomingValue(gj_cpu(g)->block_idx, 0), t, "");
	gj_v row = LLVMBuildZExt(g->b, dimension(g, offsetof(gj_block, block_dim), 0), t, ""), lanes = LLVMConstInt(t, g->u->lanes, 0);
	gj_v warp = LLVMBuildMul(g->b, LLVMBuildZExt(g->b, gj_first_warp(g), t, ""), lanes, "");
	return LLVMBuildAdd(g->b, LLVMBuildMul(g->b, block, row, ""), warp, "");
}

/* Behind the last row of the stretch: is there a further turn (i1)? Not behind one without whole rounds, in which all threads come to the end. */
static gj_v is_further(gj_gen *g)
{
	gj_cpu_gen *c = gj_cpu(g);
	if (!c->left)
		return LLVMBuildLoad2(g->b, g->u->i1, c->more, "");
	gj_v some = gj_icmp(g, LLVMIntNE, c->whole, gj_i32(g->u, 0)), left = LLVMBuildSub(g->b, c->left, turn_step(g), "");
	return LLVMBuildAnd(g->b, some, gj_icmp(g, LLVMIntSGT, left, first_place(g)), "");
}

/* At the end of a warp: has its first thread a further round? */
static void note_round(gj_gen *g)
{
	if (gj_cpu(g)->left)                       /* the call's first thread tells for all */
		return;
	gj_t t = g->u->i64;
	gj_v bound = LLVMBuildSExt(g->b, gj_sc(g, g->f->round_bound), t, ""), step = turn_step(g), more;
	if (g->val[g->f->round_index].s) {
		gj_v next = LLVMBuildAdd(g->b, LLVMBuildSExt(g->b, gj_sc(g, g->f->round_index), t, ""), step, "");
		more = gj_icmp(g, LLVMIntSLT, next, bound);
	} else {
		gj_v index = LLVMBuildSExt(g->b, gj_vec(g, g->f->round_index), gj_vec_ty(g->u, t), "");
		gj_v next = LLVMBuildAdd(g->b, index, gj_splat(g, step), "");
		more = gj_any(g, LLVMBuildAnd(g->b, gj_icmp(g, LLVMIntSLT, next, gj_splat(g, bound)), g->all, ""));
	}
	if (gj_cpu(g)->whole)                      /* without any the warp has come to the end */
		more = LLVMBuildAnd(g->b, more, gj_icmp(g, LLVMIntNE, gj_cpu(g)->whole, gj_i32(g->u, 0)), "");
	more = LLVMBuildOr(g->b, more, LLVMBuildLoad2(g->b, g->u->i1, gj_cpu(g)->more, ""), "");
	LLVMBuildStore(g->b, more, gj_cpu(g)->more);
}

/* Behind the last row of the stretch. */
static void next_round(gj_gen *g)
{
	gj_unit *u = g->u;
	LLVMBasicBlockRef done = gj_bb_new(g, "done");
	gj_v flag = gj_block_now(g, offsetof(gj_block, attention));
	LLVMSetVolatile(flag, 1);
	gj_if wanted = gj_if_begin(g, gj_icmp(g, LLVMIntNE, flag, gj_i32(u, 0)));
	gj_cpu_attend(g, gj_cpu(g)->block);
	gj_if_end(g, &wanted);
	LLVMBasicBlockRef here = gj_here(g);
	gj_v next = LLVMBuildAdd(g->b, gj_cpu(g)->round, turn_step(g), ""), more = is_further(g);
	if (gj_cpu(g)->last) {
		gj_v last = LLVMBuildNot(g->b, more, "");
		LLVMAddIncoming(gj_cpu(g)->last, &last, &here, 1);
		more = LLVMBuildNot(g->b, gj_cpu(g)->last, "");
	}
	if (g->f->free_rounds)
		more = LLVMBuildAnd(g->b, more, gj_icmp(g, LLVMIntULT, next, gj_block_field(g, offsetof(gj_block, round_end), u->i64)), "");
	LLVMBuildCondBr(g->b, more, gj_cpu(g)->rounds, done);
	LLVMAddIncoming(gj_cpu(g)->round, &next, &here, 1);
	gj_at(g, done);
}

static gj_v cpu_round(gj_gen *g, const gj_op *o)
{
	gj_v round = gj_cpu(g)->round;
	switch (o->imm.i) {
	case GJ_ROUND_FROM:  return LLVMBuildIntCast2(g->b, round, gj_ty(g->u, o->type), 1, "");
	case GJ_ROUND_FIRST: return gj_icmp(g, LLVMIntEQ, round, LLVMConstNull(g->u->i64));
	case GJ_ROUND_LAST:  return gj_cpu(g)->last;
	default:             return gj_cpu(g)->whole = whole_rounds(g, gj_sc(g, o->arg[0]));
	}
}

/* The loops around that over warps: rows of threads, and in each row the blocks, whose blockIdx along the first axis counts up. So
 * memory is walked along the row through all blocks, and what depends on the other axes is the same all that way. */
static void begin_blocks(gj_gen *g)
{
	gj_unit *u = g->u;
	if (g->f->round_index) {
		dimension(g, offsetof(gj_block, grid_dim), 0);
		dimension(g, offsetof(gj_block, block_dim), 0);
		begin_rounds(g);
	}
	if (g->f->places)
		return;
	gj_v first = gj_block_field(g, first_index(g), u->i32);
	gj_v row = dimension(g, offsetof(gj_block, block_dim), place(g, 0)), warp = gj_first_warp(g);
	LLVMBasicBlockRef before = gj_cpu(g)->rounds ? gj_cpu(g)->rounds : g->entry;
	gj_block_field(g, offsetof(gj_block, stretch), u->i32);                /* read while entry is open */
	if (whole_rows(u) && stretches(g)) {
		gj_at(g, g->entry);
		row = LLVMBuildAdd(g->b, row, gj_i32(u, u->lanes - 1), "");
		gj_cpu(g)->row_warps = LLVMBuildUDiv(g->b, row, gj_i32(u, u->lanes), "");
		LLVMBasicBlockRef outside = before;
		before = gj_cpu(g)->row = gj_bb_new(g, "row");
		gj_at(g, before);
		gj_cpu(g)->row_warp = LLVMBuildPhi(g->b, u->i32, "");
		LLVMAddIncoming(gj_cpu(g)->row_warp, &warp, &outside, 1);
	}
	gj_cpu(g)->outer = gj_cpu(g)->blocks = gj_bb_new(g, "block");
	gj_at(g, gj_cpu(g)->outer);
	gj_cpu(g)->block_idx = LLVMBuildPhi(g->b, u->i32, "");
	LLVMAddIncoming(gj_cpu(g)->block_idx, &first, &before, 1);
	gj_store(g, gj_cpu(g)->block_idx, gj_offset(g, gj_cpu(g)->block, first_index(g)), 4);
	gj_cpu(g)->field[first_index(g) / 4] = gj_cpu(g)->block_idx;
	if (g->threads)
		gj_straight_shared(g);
}

static void cpu_begin(gj_gen *g)
{
	gj_unit *u = g->u;
	g->own = gj_new(u->arena, gj_cpu_gen, 1);
	gj_cpu(g)->block = LLVMGetParam(g->fn, 0);
	gj_cpu(g)->counted = -1;
	gj_cpu(g)->head = g->entry;
	if (!is_body(g->f)) {
		gj_cpu(g)->warp = LLVMGetParam(g->fn, 1);
		g->all = u->vector ? LLVMGetParam(g->fn, 2) : NULL;
		gj_at(g, g->entry);
		if (u->root->entry->runner == GJ_RUN_CALL)
			gj_cpu_enter(g);
		else
			gj_extern_call(g, "gj_rt_enter", u->tvoid, 1, &gj_cpu(g)->block);
		return;
	}
	gj_cpu(g)->outer = g->entry;
	if (stretches(g) || resumable(g))
		begin_blocks(g);
	if (g->f->places) {
		gj_places_begin(g);
		if (g->f->kept)
			begin_kept(g);
		return;
	}
	if (resumable(g))
		gj_cpu(g)->outer = gj_bb_new(g, "pass");
	gj_cpu(g)->head = gj_bb_new(g, "warp");
	g->exit = gj_bb_new(g, "next");
	gj_at(g, gj_cpu(g)->head);
	gj_cpu(g)->warp = LLVMBuildPhi(g->b, u->i32, "");
	gj_v first = gj_cpu(g)->row ? gj_cpu(g)->row_warp : gj_first_warp(g);
	LLVMAddIncoming(gj_cpu(g)->warp, &first, &gj_cpu(g)->outer, 1);
	gj_cpu(g)->loop = gj_cpu(g)->head;
	if (resumable(g))
		gj_resume_begin(g);
	if (g->f->kept)
		begin_kept(g);
	if (u->vector)
		g->all = u->opt->facts & GJ_FACT_FULL_WARPS ? LLVMConstAllOnes(gj_vec_ty(u, u->i1)) : lanes_that_exist(g);
}

/* A kernel on fibers runs one warp a call, other kernels a range; functions for the host are one thread. */
static bool loops(const gj_gen *g)
{
	return is_body(g->f) && !gj_entry_is_host(g->f->entry) && !g->f->waits && (gj_cpu(g)->resume || !g->f->barriers);
}

/* The indices of the next thread, from place `at` on, `carry` steps along that axis: those that the kernel asks for are counted. The
 * steps are of one row, or of a vector that fits into a row or is a row's only one. */
static void count_from(gj_gen *g, int at, gj_v carry, LLVMBasicBlockRef here)
{
	gj_v none = gj_i32(g->u, 0);
	for (; at <= gj_cpu(g)->counted; at++) {
		gj_v x = LLVMBuildAdd(g->b, gj_cpu(g)->thread[at], carry, "");
		gj_v over = gj_icmp(g, LLVMIntUGE, x, dimension(g, offsetof(gj_block, block_dim), place(g, at)));
		x = gj_select(g, over, none, x);
		LLVMAddIncoming(gj_cpu(g)->thread[at], &x, &here, 1);
		carry = LLVMBuildZExt(g->b, over, g->u->i32, "");
	}
}

/* From one warp to the next, which is in the same row where there is a loop over rows. */
static void count_threads(gj_gen *g, LLVMBasicBlockRef here)
{
	gj_v lanes = gj_i32(g->u, g->u->lanes);
	if (!gj_cpu(g)->row && !is_line(g)) {
		count_from(g, 0, lanes, here);
		return;
	}
	gj_v x = gj_cpu(g)->counted < 0 ? NULL : LLVMBuildNUWAdd(g->b, gj_cpu(g)->thread[0], lanes, "");
	if (x)
		LLVMAddIncoming(gj_cpu(g)->thread[0], &x, &here, 1);
}

/* threadIdx of the warp's first thread on the axis at place `at`, counted from one warp, or row, to the next. */
static gj_v counted(gj_gen *g, int64_t at)
{
	LLVMBasicBlockRef here = gj_here(g);
	for (; gj_cpu(g)->counted < at; gj_cpu(g)->counted++) {
		int next = gj_cpu(g)->counted + 1;
		bool by_row = gj_cpu(g)->row && next;
		LLVMBasicBlockRef outside = gj_cpu(g)->rounds ? gj_cpu(g)->rounds : g->entry, from = by_row ? outside : gj_cpu(g)->outer;
		gj_at(g, g->entry);
		gj_v x = LLVMBuildMul(g->b, gj_first_warp(g), gj_i32(g->u, g->u->lanes), "");
		if (!is_line(g))
			x = gj_cpu(g)->row && !next && !is_part(g) ? gj_i32(g->u, 0) : thread_axis(g, x, next);
		LLVMPositionBuilderBefore(g->b, LLVMGetFirstInstruction(by_row ? gj_cpu(g)->row : gj_cpu(g)->loop));
		gj_cpu(g)->thread[next] = LLVMBuildPhi(g->b, g->u->i32, "");
		LLVMAddIncoming(gj_cpu(g)->thread[next], &x, &from, 1);
		dimension(g, offsetof(gj_block, block_dim), place(g, next));           /* read while entry is open */
	}
	gj_at(g, here);
	return gj_cpu(g)->thread[at];
}

/* The end of a loop that counts up to `end`, exclusive: `next` is the phi's next value. Goes on behind it. */
static void loop_end(gj_gen *g, gj_v phi, gj_v next, gj_v end, LLVMBasicBlockRef head)
{
	LLVMBasicBlockRef done = gj_bb_new(g, "done"), here = gj_here(g);
	LLVMBuildCondBr(g->b, gj_icmp(g, LLVMIntULT, next, end), head, done);
	LLVMAddIncoming(phi, &next, &here, 1);
	gj_at(g, done);
}

/* The end of the loops over warps, blocks and rows. */
static void next_warp(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_cpu_gen *c = gj_cpu(g);
	if (!loops(g)) {
		LLVMBuildRetVoid(g->b);
		return;
	}
	gj_v one = gj_i32(u, 1), last = gj_end_of_warps(g), end = last;
	gj_v next_row = c->row_warp ? LLVMBuildAdd(g->b, c->row_warp, c->row_warps, "") : NULL;
	if (c->rounds)
		note_round(g);
	if (g->f->places) {
		gj_places_end(g);
		if (c->rounds)
			next_round(g);
		LLVMBuildRetVoid(g->b);
		return;
	}
	count_threads(g, gj_here(g));
	gj_v row_end = next_row && is_part(g) ? gj_select(g, gj_icmp(g, LLVMIntULT, next_row, last), next_row, last) : next_row;
	loop_end(g, c->warp, LLVMBuildAdd(g->b, c->warp, g->f->rows ? c->row_warps : one, ""), row_end ? row_end : end, c->loop);
	if (c->resume && !gj_phases(g)) {
		gj_resume_end(g);
		return;
	}
	if (c->blocks) {
		gj_v start = LLVMGetIncomingValue(c->block_idx, 0);
		end = LLVMBuildAdd(g->b, start, gj_block_field(g, offsetof(gj_block, stretch), u->i32), "");
		loop_end(g, c->block_idx, LLVMBuildAdd(g->b, c->block_idx, one, ""), end, c->blocks);
	}
	if (c->row) {
		count_from(g, 1, one, gj_here(g));
		loop_end(g, c->row_warp, next_row, last, c->row);
	}
	if (c->rounds)
		next_round(g);
	LLVMBuildRetVoid(g->b);
}

static void cpu_end(gj_gen *g)
{
	LLVMBasicBlockRef body = g->first[0];
	gj_at(g, g->entry);
	if (!is_body(g->f)) {
		LLVMBuildBr(g->b, body);
		return;
	}
	bool same = gj_cpu(g)->outer == g->entry || gj_cpu(g)->outer == gj_cpu(g)->blocks;
	LLVMBasicBlockRef head[] = { g->entry, gj_cpu(g)->rounds, gj_cpu(g)->row, gj_cpu(g)->blocks,
		same ? NULL : gj_cpu(g)->outer, gj_cpu(g)->loop };
	for (unsigned i = 0, next; i < GJ_LEN(head) - 1; i = next) {
		for (next = i + 1; !head[next]; next++)
			;
		gj_at(g, head[i]);
		LLVMBuildBr(g->b, head[next]);
	}
	gj_at(g, gj_cpu(g)->head);
	LLVMBuildBr(g->b, body);
	gj_at(g, g->exit);
	if (gj_cpu(g)->resume)
		gj_resume_return(g);
	next_warp(g);
}

/* -- Special registers --------------------------------------------------------------------------------------------- */

/* With vectors the scalar form is lane 0's: right for all lanes on the axes that they do not run along, and for the
 * one that they do run along, counting up. */
static gj_v thread_index(gj_gen *g, int64_t at)
{
	gj_unit *u = g->u;
	gj_v id = gj_cpu(g)->warp;
	LLVMBasicBlockRef here = gj_here(g);
	if (!g->wide && loops(g))
		return counted(g, at);
	gj_at(g, gj_cpu(g)->head);
	if (u->vector) {
		id = LLVMBuildMul(g->b, id, gj_i32(u, u->lanes), "");
		if (g->wide)
			id = LLVMBuildAdd(g->b, gj_splat(g, id), gj_steps(u, u->i32, 1), "");
	}
	gj_v x = thread_axis(g, id, at);
	gj_at(g, here);
	return x;
}

static gj_v lane_mask_lt(gj_gen *g)
{
	gj_v lane[GJ_LANES], one = gj_i32(g->u, 1);
	if (g->u->vector) {
		for (unsigned i = 0; i < GJ_LANES; i++)
			lane[i] = gj_i32(g->u, (1u << i) - 1);
		return LLVMConstVector(lane, GJ_LANES);
	}
	gj_v bit = LLVMBuildShl(g->b, one, LLVMBuildAnd(g->b, gj_cpu(g)->warp, gj_i32(g->u, GJ_LANES - 1), ""), "");
	return LLVMBuildSub(g->b, bit, one, "");
}

static gj_v lane_id(gj_gen *g)
{
	if (!g->u->vector)
		return LLVMBuildAnd(g->b, gj_cpu(g)->warp, gj_i32(g->u, GJ_LANES - 1), "");
	return g->wide ? gj_steps(g->u, g->u->i32, 1) : gj_i32(g->u, 0);
}

static gj_v cpu_sreg(gj_gen *g, const gj_op *o)
{
	int64_t r = o->imm.i;
	switch (r) {
	case GJ_TID_X: case GJ_TID_Y: case GJ_TID_Z:
		return thread_index(g, place(g, r - GJ_TID_X));
	case GJ_PLACE_X: case GJ_PLACE_Y: case GJ_PLACE_Z:
		return LLVMBuildIntCast2(g->b, gj_cpu(g)->place[place(g, r - GJ_PLACE_X)], gj_ty(g->u, o->type), 0, "");
	case GJ_CTAID_X: case GJ_CTAID_Y: case GJ_CTAID_Z:
		return dimension(g, offsetof(gj_block, block_idx), r - GJ_CTAID_X);
	case GJ_NTID_X: case GJ_NTID_Y: case GJ_NTID_Z:
		return dimension(g, offsetof(gj_block, block_dim), r - GJ_NTID_X);
	case GJ_NCTAID_X: case GJ_NCTAID_Y: case GJ_NCTAID_Z:
		return dimension(g, offsetof(gj_block, grid_dim), r - GJ_NCTAID_X);
	case GJ_WARPID:      return gj_cpu(g)->warp;
	case GJ_LANEID:      return lane_id(g);
	case GJ_THREAD_ID:   return gj_block_field(g, offsetof(gj_block, block_idx), g->u->i32);
	case GJ_THREADS:     return gj_block_field(g, offsetof(gj_block, grid_dim), g->u->i32);
	case GJ_WARPSIZE:    return gj_i32(g->u, GJ_LANES);
	case GJ_LANEMASK_LT: return lane_mask_lt(g);
	default:             return gj_block_field(g, offsetof(gj_block, dynamic_shared), g->u->i32);
	}
}

static gj_v cpu_sharedmem(gj_gen *g, const gj_op *o)
{
	gj_v base = gj_cpu(g)->shared ? gj_cpu(g)->shared : gj_block_field(g, offsetof(gj_block, shared), g->u->ptr);
	uint64_t at = o->imm.i < 0 ? (g->u->root->shared_bytes + 15) & ~15u : (uint64_t)o->imm.i;
	gj_v k = LLVMConstInt(g->u->i64, at, 0);
	LLVMBasicBlockRef here = gj_here(g);
	gj_at(g, g->entry);
	gj_v p = LLVMBuildInBoundsGEP2(g->b, g->u->i8, base, &k, 1, "");
	gj_at(g, here);
	return p;
}

/* -- Code ---------------------------------------------------------------------------------------------------------- */

/* At width 32 the source is one straight line of wide operations with few loops: a short list of passes does what the
 * full pipeline does, in a third of its time. */
static const char wide_passes[] =
	"function(sroa,instcombine<no-verify-fixpoint>,simplifycfg,early-cse<memssa>,loop-simplify,lcssa,"
	"loop-mssa(loop-rotate,licm),gvn,dse,instcombine<no-verify-fixpoint>,simplifycfg)";

/* Reducing the strength of loops takes LLVM a tenth to a quarter of code generation, and most kernels in vectors are as fast without: each walks
 * along few rows of memory. Those in three dimensions walk along more (a stencil took 15 % longer), innermost loops through arrays have
 * strides of their own (a matrix product without tiles 7 %). */
static bool has_plain_loops(const gj_unit *u)
{
	const gj_fn *f = u->root;
	if (!u->vector || f->entry->runner != GJ_RUN_LAUNCH || gj_straight_threads(u))
		return false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		bool memory = o->op == GJ_LOAD || o->op == GJ_STORE;
		if (o->op == GJ_SREG && (o->imm.i == GJ_PLACE_Z || o->imm.i == GJ_TID_Z))
			return false;
		if (memory && gj_o(f, o->arg[0])->type->space != GJ_SHARED && f->bb.p[b].loop && !gj_has_inner(f, f->bb.p[b].loop))
			return false;
	}
	return true;
}

static void cpu_finish(gj_unit *u)
{
	u->plain_loops = has_plain_loops(u);
	const char *passes = !u->opt->opt ? "default<O0>" : u->vector ? wide_passes : "default<O3>";
	if (!u->vector)
		gj_keep_vector_math(u);
	gj_optimise(u, passes);
	gj_straight_finish(u);
	if (gj_entry_is_host(u->root->entry))
		gj_look_in_loops(u);
	gj_keep_llvm(u);
	if (u->opt->keep_text)
		u->image->assembly = gj_assembly(u);
	gj_image_code(u, gj_codegen(u, u->mod, LLVMObjectFile));
	if (u->root->callee.n && !gj_entry_is_host(u->root->entry))   /* recursion: how deep is not known */
		u->stack_bytes = u->stack_bytes * 64 + (1u << 20);
}

static gj_v cpu_nothing(gj_gen *g, const gj_op *o) { return (void)g, (void)o, NULL; }

static gj_intrin_row intrinsics[] = {
#define INTRIN GJ_INTRIN_ROW
#include "emit/cpu/intrinsics.def"
};

const gj_backend gj_backend_cpu = {
	.start = gj_host_start, .identity = gj_host_identity, .registers = gj_host_registers, .open = cpu_open, .close = cpu_close, .declared = cpu_declared, .begin = cpu_begin,
	.end = cpu_end, .finish = cpu_finish, .library = gj_cpu_library, .libcall = gj_cpu_libcall,
	.intrin = intrinsics, .nintrins = GJ_LEN(intrinsics),
	.inner = "_body", .arguments = cpu_arguments, .pass = cpu_pass, .threads = gj_straight_threads, .around = gj_cpu_entry,
	.report = gj_cpu_report, .print = gj_cpu_print, .own_copy = gj_block_own_sums, .keep_local = keep_local, .keep_variable = gj_resume_variable,
	.random = gj_cpu_random_state, .random_function = gj_cpu_random_function,
	.debug_kind = GJ_FULL_DEBUG, .block_alone = true, .way_back = gj_cpu_way_back,
	.op = {
		[GJ_SREG] = cpu_sreg, [GJ_GRIDROUND] = cpu_round, [GJ_SHAREDMEM] = cpu_sharedmem, [GJ_BARRIER] = gj_cpu_barrier,
		[GJ_SYNCWARP] = gj_cpu_syncwarp, [GJ_FENCE] = gj_cpu_fence, [GJ_SHFL] = gj_cpu_shfl, [GJ_VOTE] = gj_cpu_vote,
		[GJ_MATCH] = gj_cpu_match, [GJ_ACTIVEMASK] = gj_cpu_activemask, [GJ_NANOSLEEP] = gj_cpu_nanosleep, [GJ_BREAKPOINT] = cpu_nothing,
		[GJ_ROUNDS] = gj_cpu_rounds, [GJ_FAILED] = gj_cpu_failed, [GJ_TELL] = gj_cpu_tell, [GJ_TAKE] = gj_cpu_take, [GJ_AGAIN] = gj_cpu_again, [GJ_THROW] = gj_cpu_throw, [GJ_YIELD] = gj_cpu_yield, [GJ_WATCH] = gj_cpu_watch,
		[GJ_ALLOC] = gj_cpu_new_memory, [GJ_RETAIN] = gj_cpu_retain, [GJ_RELEASE] = gj_cpu_release, [GJ_KEEP] = gj_cpu_keep,
	}
};
