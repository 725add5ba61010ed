/* Functions around the body of a kernel or of a function for the host: the entry that the runtime calls, which reads the parameters
 * from their buffer; and where C calls (cfunc), one that C can call, in the convention of this machine's C. */
#include "emit/cpu/cpu.h"

#include <stddef.h>

/* The body's parameters, in the order of the buffer. */
typedef struct parameter { const gj_fnparam *p; gj_t type; uint64_t at; unsigned size; } parameter;

static unsigned list_parameters(gj_unit *u, const gj_fn *f, parameter *out)
{
	unsigned n = 0;
	uint64_t at = 0;
	for (uint32_t i = 0; i < f->param.n; i++) {
		if (!u->param_used[i])
			continue;
		gj_t t = gj_param_ty(u, &f->param.p[i]);
		unsigned size = t == u->ptr || t == u->f64 ? 8 : t == u->f32 ? 4 : LLVMGetIntTypeWidth(t) / 8;
		at = (at + size - 1) & ~(uint64_t)(size - 1);
		out[n++] = (parameter){ &f->param.p[i], t, at, size };
		at += size;
	}
	return n;
}

static gj_gen open_function(gj_unit *u, const char *name, gj_t type)
{
	gj_gen g = { .u = u, .f = u->root, .fn = LLVMAddFunction(u->mod, name, type), .b = u->b };
	gj_attr_text(u, g.fn, "warn-stack-size", "0");
	gj_attr(u, g.fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	g.entry = gj_bb_new(&g, "entry");
	gj_at(&g, g.entry);
	gj_lines_none(u);
	return g;
}

/* How many blocks from number `first` on (i32), at most so many, have all their threads below the parameter that says so (gj_unit.full). */
static gj_v whole_blocks(gj_gen *g, const parameter *p, unsigned nparams, const gj_v *value, gj_v first, gj_v blocks, uint32_t threads)
{
	gj_unit *u = g->u;
	gj_v none = LLVMConstInt(u->i64, 0, 0), whole = LLVMBuildZExt(g->b, blocks, u->i64, "");
	for (unsigned i = 0; i < nparams && u->full; i++) {
		if (p[i].p != &u->root->param.p[u->full - 1])
			continue;
		gj_v bound = LLVMBuildSExt(g->b, value[i], u->i64, ""), left = LLVMBuildSDiv(g->b, bound, LLVMConstInt(u->i64, threads, 0), "");
		left = LLVMBuildSub(g->b, left, LLVMBuildZExt(g->b, first, u->i64, ""), "");
		whole = gj_select(g, gj_icmp(g, LLVMIntSLT, left, whole), left, whole);
		whole = gj_select(g, gj_icmp(g, LLVMIntSLT, whole, none), none, whole);
	}
	return LLVMBuildTrunc(g->b, whole, u->i32, "");
}

/* Blocks that there is code for, for these alone, are run by it, as far as all their threads are below the bound that it takes for granted;
 * the builder stands where others are left, as a stretch of their own. */
static void run_straight(gj_gen *g, const parameter *p, unsigned nparams, gj_v *arg, unsigned n)
{
	gj_unit *u = g->u;
	const gj_callee *c = &u->fns.p[u->fns.n - 1];
	if (!c->threads)
		return;
	gj_v at = gj_offset(g, arg[0], offsetof(gj_block, block_idx)), length = gj_offset(g, arg[0], offsetof(gj_block, stretch));
	gj_if fits = gj_if_begin(g, gj_straight_fits(g, c->threads));
	gj_v first = gj_load(g, u->i32, at, 4), blocks = gj_load(g, u->i32, length, 4), one = gj_i32(u, 1);
	blocks = gj_select(g, gj_icmp(g, LLVMIntEQ, blocks, gj_i32(u, 0)), one, blocks);
	gj_v whole = whole_blocks(g, p, nparams, arg + 1, first, blocks, c->threads);
	gj_if any = gj_if_begin(g, gj_icmp(g, LLVMIntNE, whole, gj_i32(u, 0)));
	gj_store(g, whole, length, 4);
	LLVMBuildCall2(u->b, c->type, c->fn, arg, n, "");
	gj_store(g, LLVMBuildAdd(g->b, first, whole, ""), at, 4);
	gj_store(g, LLVMBuildSub(g->b, blocks, whole, ""), length, 4);
	gj_if all = gj_if_begin(g, gj_icmp(g, LLVMIntEQ, whole, blocks));
	LLVMBuildRetVoid(u->b);
	gj_at(g, all.done);
	gj_if_end(g, &any);
	gj_if_end(g, &fits);
}

static void entry(gj_unit *u, const parameter *p, unsigned nparams)
{
	const gj_callee *c = &u->fns.p[0];
	gj_gen g = open_function(u, c->f->name, LLVMFunctionType(u->tvoid, (gj_t[]){ u->ptr, u->ptr, u->i32, u->i32 }, 4, 0));
	gj_v *arg = gj_new(u->arena, gj_v, nparams + 3);
	unsigned n = 0;
	arg[n++] = LLVMGetParam(g.fn, 0);
	for (unsigned i = 0; i < nparams; i++)
		arg[n++] = gj_load(&g, p[i].type, gj_offset(&g, LLVMGetParam(g.fn, 1), (int64_t)p[i].at), p[i].size);
	arg[n++] = LLVMGetParam(g.fn, 2);
	arg[n++] = LLVMGetParam(g.fn, 3);
	if (c->f->part) {                          /* which is run first, with the same parameters */
		gj_v part = gj_load(&g, u->i32, gj_offset(&g, arg[0], offsetof(gj_block, part)), 4), is_part = gj_icmp(&g, LLVMIntNE, part, gj_i32(u, 0));
		gj_if on = gj_if_begin(&g, is_part);
		LLVMBuildCall2(u->b, c->type, gj_callee_of(u, c->f->part)->fn, arg, n, "");
		LLVMBuildRetVoid(u->b);
		gj_at(&g, on.done);
	}
	run_straight(&g, p, nparams, arg, n);
	LLVMBuildCall2(u->b, c->type, c->fn, arg, n, "");
	LLVMBuildRetVoid(u->b);
}

/* -- For C ---------------------------------------------------------------------------------------------------------------- */

static bool has_loop(const gj_fn *f)
{
	uint32_t *place = gj_new(f->arena, uint32_t, f->bb.n);
	for (uint32_t i = 0; i < f->rpo.n; i++)
		place[f->rpo.p[i]] = i;
	GJ_EACH_BLOCK(f, b)
		for (uint32_t i = 0; i < f->bb.p[b].nsucc; i++)
			if (place[f->bb.p[b].succ[i]] <= place[b])
				return true;
	return false;
}

/* A body that has no use for its block raises nothing, prints nothing and makes nothing; without loops it does not look whether it
 * is to end, either. It is called directly. */
static bool needs_runtime(const gj_unit *u)
{
	return LLVMGetFirstUse(LLVMGetParam(u->fns.p[0].fn, 0)) || u->root->callee.n || u->root->rounds.n || has_loop(u->root);
}

/* The value that C passed for a parameter; behind those of C comes where results go. */
static gj_v passed(gj_gen *g, const gj_export *e, const parameter *p, gj_v slot)
{
	return p->p->leaf < e->nargs ? LLVMGetParam(g->fn, p->p->leaf) : slot;
}

static void call_body(gj_gen *g, const parameter *p, unsigned nparams, gj_v slot)
{
	const gj_callee *c = &g->u->fns.p[0];
	gj_v *arg = gj_new(g->u->arena, gj_v, nparams + 3);
	unsigned n = 0;
	arg[n++] = LLVMConstNull(g->u->ptr);
	for (unsigned i = 0; i < nparams; i++)
		arg[n++] = passed(g, g->f->export, &p[i], slot);
	arg[n++] = gj_i32(g->u, 0);
	arg[n++] = gj_i32(g->u, 1);
	LLVMBuildCall2(g->b, c->type, c->fn, arg, n, "");
	if (!g->u->di)                             /* code with lines is not put where there are none */
		LLVMRemoveEnumAttributeAtIndex(c->fn, (unsigned)LLVMAttributeFunctionIndex, LLVMGetEnumAttributeKindForName("noinline", 8));
}

static void call_runtime(gj_gen *g, const parameter *p, unsigned nparams, gj_v slot, uint32_t nslots)
{
	gj_unit *u = g->u;
	uint64_t bytes = nparams ? p[nparams - 1].at + p[nparams - 1].size : 0;
	gj_v params = gj_alloca(g, u->i64, bytes / 8 + 1, 8), self = LLVMAddGlobal(u->mod, u->i8, "gj_rt_self");
	for (unsigned i = 0; i < nparams; i++)
		gj_store(g, passed(g, g->f->export, &p[i], slot), gj_offset(g, params, (int64_t)p[i].at), p[i].size);
	gj_extern_call(g, "gj_rt_callback", u->tvoid, 4, (gj_v[]){ self, params, slot, gj_i32(u, nslots) });
}

/* C's callers may take small integers as 32 bits. */
static bool is_extended(const gj_type *ret) { return (gj_is_int(ret) || gj_is_bool(ret)) && ret->size < 4; }

static void callback(gj_unit *u, const parameter *p, unsigned nparams)
{
	const gj_export *e = u->root->export;
	uint32_t nslots = gj_parts(e->ret);
	gj_t *arg = gj_new(u->arena, gj_t, e->nargs + 1), result = !nslots ? u->tvoid : e->ret->kind == GJ_PTR ? u->ptr : gj_mem_ty(u, e->ret);
	gj_t ret = is_extended(e->ret) ? u->i32 : result;
	for (uint32_t i = 0; i < e->nargs; i++)
		arg[i] = e->arg[i]->kind == GJ_PTR ? u->ptr : gj_mem_ty(u, e->arg[i]);
	gj_gen g = open_function(u, "gj_callback", LLVMFunctionType(ret, arg, e->nargs, 0));
	gj_v slot = gj_alloca(&g, u->i64, nslots + 1, 8);
	if (needs_runtime(u))
		call_runtime(&g, p, nparams, slot, nslots);
	else
		call_body(&g, p, nparams, slot);
	if (!nslots) {
		LLVMBuildRetVoid(u->b);
		return;
	}
	gj_v x = gj_load(&g, result, slot, 8);
	LLVMBuildRet(u->b, ret == result ? x : LLVMBuildIntCast2(u->b, x, ret, gj_is_signed(e->ret), ""));
}

void gj_cpu_entry(gj_unit *u)
{
	if (u->root->entry->runner == GJ_RUN_CALLER)
		return;
	parameter *p = gj_new(u->arena, parameter, u->root->param.n + 1);
	unsigned n = list_parameters(u, u->root, p);
	entry(u, p, n);
	if (gj_is_callback(u->root->entry))
		callback(u, p, n);
}
