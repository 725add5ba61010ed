/* A kernel whose blocks meet at barriers in loops that constants count, as a tree over shared memory does, stands a second time, for
 * blocks of as many threads as its shared array has items: with its loops over warps unrolled, and with shared memory in registers.
 * That takes several times as long to compile, so only launches that have run many such blocks ask for it (GJ_FACT_OTHER).
 * Threads that ask whether their place in the grid is below a parameter are taken to be (gj_unit.full): the entry leaves blocks in which
 * that is not so to the first version. Nothing is left to branch on then, and arrays are read upwards (emit/accesses.c).
 *
 * Where that leaves anything in memory, because indices or masks are not known, the second version is dropped: shared memory is
 * faster than a stack. What a block finds in shared memory that it has not written stays what it was. */
#include "emit/cpu/cpu.h"

#include <llvm-c/Transforms/PassBuilder.h>

#include <stddef.h>

enum {
	MOST_THREADS = 1024,
	MOST_OPS = 160,
	DEEP = 24,
	PAGE = 4096                                /* a processor's prefetching follows a run of memory in each */
};

/* Does r follow from constants and from what the header of loop l counts? */
static bool is_counted(const gj_fn *f, gj_ref r, uint32_t l, bool *seen, int depth)
{
	const gj_op *o = gj_o(f, r);
	if (o->op == GJ_CONST || seen[r])
		return true;
	bool counts = gj_op_is(o, GJ_F_PURE) || o->op == GJ_FLOORDIV || o->op == GJ_MOD;
	if (depth == DEEP || !gj_loop_contains(f, l, f->bb.p[o->block].loop) || (o->op == GJ_PHI ? o->block != f->loops.p[l].header : !counts || !o->nargs))
		return false;
	seen[r] = true;
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!is_counted(f, o->arg[i], l, seen, depth + 1))
			return false;
	return true;
}

/* Do constants count loop l, wherever it is left? */
static bool loop_is_counted(const gj_fn *f, uint32_t l)
{
	GJ_EACH_BLOCK(f, b) {
		const gj_bb *bb = &f->bb.p[b];
		bool leaves = false;
		for (uint32_t i = 0; i < bb->nsucc; i++)
			leaves |= !gj_loop_contains(f, l, f->bb.p[bb->succ[i]].loop);
		const gj_op *t = gj_terminator(f, b);
		if (leaves && gj_loop_contains(f, l, bb->loop)
		    && (t->op != GJ_BRANCH || !is_counted(f, t->arg[0], l, gj_new(f->arena, bool, f->op.n), 0)))
			return false;
	}
	return true;
}

/* All loops with barriers? */
static bool loops_are_counted(const gj_fn *f)
{
	GJ_EACH_OP(f, b, r)
		for (uint32_t l = f->bb.p[b].loop; gj_o(f, r)->op == GJ_BARRIER && l; l = f->loops.p[l].parent)
			if (!loop_is_counted(f, l))
				return false;
	return true;
}

/* Is the op one that registers can do: no access of shared memory, or one of items that lie side by side? */
static bool suits_registers(const gj_fn *f, const gj_op *o)
{
	for (uint32_t i = 0; i < o->nargs; i++) {
		const gj_op *p = gj_o(f, o->arg[i]);
		if (!p->type || p->type->kind != GJ_PTR || p->type->space != GJ_SHARED || o->op == GJ_ELEM)
			continue;
		if ((o->op != GJ_LOAD && o->op != GJ_STORE) || i || (p->shape != GJ_UNIFORM && (p->shape != GJ_LINEAR || p->stride != (int64_t)p->type->elem->size)))
			return false;
	}
	return true;
}

/* Items of the first array in shared memory; 0: there is none, or memory whose size only launches know. */
static uint64_t shared_items(const gj_fn *f)
{
	uint64_t item = 0, end = f->shared_bytes;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		if (o->op != GJ_SHAREDMEM)
			continue;
		if (o->imm.i < 0)
			return 0;
		item = o->imm.i ? item : o->type->elem->size;
		end = o->imm.i && (uint64_t)o->imm.i < end ? (uint64_t)o->imm.i : end;
	}
	return item ? end / item : 0;
}

uint32_t gj_straight_threads(const gj_unit *u)
{
	const gj_fn *f = u->root;
	static const uint32_t needed = GJ_FACT_LANES_X | GJ_FACT_FULL_WARPS;
	if (LLVM_VERSION_MAJOR < 20 || !u->image->together || !u->opt->opt || u->di || (u->opt->facts & needed) != needed)
		return 0;
	uint64_t n = shared_items(f);
	if (n % u->lanes || !n || n > MOST_THREADS || !loops_are_counted(f))
		return 0;
	uint32_t ops = 0;
	GJ_EACH_OP(f, b, r) {
		ops++;
		if (!suits_registers(f, gj_o(f, r)))
			return 0;
	}
	u->image->straight = ops <= MOST_OPS ? (uint32_t)n : 0;
	return u->opt->facts & (uint32_t)GJ_FACT_OTHER ? u->image->straight : 0;
}

void gj_straight_shared(gj_gen *g)
{
	gj_unit *u = g->u;
	gj_v bytes = LLVMConstInt(u->i64, u->root->shared_bytes, 0), from = gj_block_field(g, offsetof(gj_block, shared), u->ptr);
	gj_cpu(g)->shared = gj_alloca(g, LLVMArrayType2(u->i8, u->root->shared_bytes), 1, 64);
	LLVMBuildMemCpy(g->b, gj_cpu(g)->shared, 64, from, 64, bytes);
}

gj_v gj_straight_fits(gj_gen *g, uint32_t threads)
{
	gj_v n = gj_i32(g->u, threads), block = LLVMGetParam(g->fn, 0);
	gj_v row = gj_load(g, g->u->i32, gj_offset(g, block, offsetof(gj_block, block_dim)), 4);
	gj_v all = gj_load(g, g->u->i32, gj_offset(g, block, offsetof(gj_block, nthreads)), 4);
	return LLVMBuildAnd(g->b, gj_icmp(g, LLVMIntEQ, row, n), gj_icmp(g, LLVMIntEQ, all, n), "");
}

static bool has_memory(gj_v fn)
{
	for (gj_v x = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(fn)); x; x = LLVMGetNextInstruction(x))
		if (LLVMIsAAllocaInst(x))
			return true;
	return false;
}

#if LLVM_VERSION_MAJOR >= 20
static const char passes[] =
	"instcombine<no-verify-fixpoint>,simplifycfg,loop-simplify,lcssa,loop(loop-rotate,indvars,loop-unroll-full),"
	"instcombine<no-verify-fixpoint>,simplifycfg,sroa,instcombine<no-verify-fixpoint>,simplifycfg,early-cse<memssa>,gvn,dse,"
	"instcombine<no-verify-fixpoint>,simplifycfg";

static void optimise(gj_unit *u, gj_v fn)
{
	LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
	LLVMErrorRef e = LLVMRunPassesOnFunction(fn, passes, u->tm, o);
	LLVMDisposePassBuilderOptions(o);
	if (e)
		LLVMConsumeError(e);               /* as far as it got it is right */
}
#else
static void optimise(gj_unit *u, gj_v fn) { (void)u, (void)fn; }
#endif

void gj_straight_finish(gj_unit *u)
{
	const gj_callee *c = &u->fns.p[u->fns.n - 1];
	if (!c->threads)
		return;
	optimise(u, c->fn);
	if (has_memory(c->fn)) {
		LLVMReplaceAllUsesWith(c->fn, u->fns.p[0].fn);
		LLVMDeleteFunction(c->fn);
		return;
	}
	if (u->root->shared_bytes >= 2 * PAGE)
		gj_pair_loads(u, c->fn);
}
