/* The emitter's frame: one module per compilation, its functions, blocks and phis, and the table that sends each op to
 * its handler. A failure in the middle unwinds through here, so that LLVM's objects are freed. */
#include "emit/ops.h"
#include "base/interrupt.h"

#include <llvm-c/Analysis.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* -- The targets --------------------------------------------------------------------------------------------------- */

#define TARGET(id, backend, device, ...) extern const gj_backend gj_backend_##backend;
#include "image/targets.def"

static const gj_backend *const backends[GJ_NTARGETS] = {
#define TARGET(id, backend, device, ...) &gj_backend_##backend,
#include "image/targets.def"
};
static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start(void)
{
	for (unsigned i = 0; i < GJ_NTARGETS; i++)
		backends[i]->start();
	gj_llvm_start();
	for (unsigned i = 0; i < GJ_NTARGETS; i++)
		gj_intrins_find(backends[i]->intrin, backends[i]->nintrins);
}

const char *gj_emit_check(void)
{
	pthread_once(&started, start);
	const char *bad = gj_intrins_check(NULL, 0);
	for (unsigned i = 0; i < GJ_NTARGETS && !bad; i++)
		bad = backends[i]->nintrins ? gj_intrins_check(backends[i]->intrin, backends[i]->nintrins) : NULL;
	return bad;
}

const char *gj_emit_identity(const gj_target *target)
{
	const gj_backend *b = backends[target - gj_targets];
	pthread_once(&started, start);
	return b->identity ? b->identity() : "";
}

uint32_t gj_emit_registers(const gj_target *target)
{
	const gj_backend *b = backends[target - gj_targets];
	pthread_once(&started, start);
	return b->registers ? b->registers() : 0;
}

/* -- Ops ----------------------------------------------------------------------------------------------------------- */

static gj_emit_op *const common[GJ_NOPS] = {
#define X(op, name) [GJ_##op] = gj_do_##name,
	GJ_HANDLERS(X)
#undef X
};

/* -- Declarations -------------------------------------------------------------------------------------------------- */

static gj_t result_type(gj_unit *u, const gj_fn *f)
{
	gj_t *t = gj_new(u->arena, gj_t, f->nresults + 1);
	for (uint32_t i = 0; i < f->nresults; i++) {
		t[i] = gj_ty(u, f->result[i]);
		if (u->vector)
			t[i] = gj_vec_ty(u, t[i]);
	}
	return f->nresults == 0 ? u->tvoid : f->nresults == 1 ? t[0] : LLVMStructTypeInContext(u->ctx, t, f->nresults, 0);
}

static void declare(gj_unit *u, gj_fn *f, uint32_t threads)
{
	gj_t *t = gj_new(u->arena, gj_t, f->param.n + 5);
	gj_hidden hidden = gj_hidden_args(u, f);
	unsigned n = hidden.nfirst;
	memcpy(t, hidden.first, n * sizeof *t);
	for (uint32_t i = 0; i < f->param.n; i++) {
		if (f->entry->args == GJ_ARGS_PARTS)
			t[n++] = u->vector ? gj_vec_ty(u, gj_ty(u, f->param.p[i].type)) : gj_ty(u, f->param.p[i].type);
		else if (u->param_used[i])
			t[n++] = gj_param_ty(u, &f->param.p[i]);
	}
	memcpy(t + n, hidden.last, hidden.nlast * sizeof *t);
	n += hidden.nlast;
	gj_callee c = { .f = f, .type = LLVMFunctionType(result_type(u, f), t, n, 0), .threads = threads };
	const char *suffix = f->entry->runner != GJ_RUN_CALLER ? u->backend->inner : NULL;
	const char *name = suffix ? gj_printf(u->arena, "%s%s", f->name, suffix) : f->name;
	c.fn = LLVMAddFunction(u->mod, name, c.type);
	gj_attr(u, c.fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	if (f->apart)
		gj_attr(u, c.fn, (unsigned)LLVMAttributeFunctionIndex, "noinline", 0);
	u->backend->declared(u, &c);
	gj_push(u->arena, &u->fns, c);
}

const gj_callee *gj_callee_of(gj_unit *u, const gj_fn *f)
{
	for (uint32_t i = 0; i < u->fns.n; i++)
		if (u->fns.p[i].f == f)
			return &u->fns.p[i];
	gj_fail(u->root, 0, GJ_ERR_INTERNAL, "a call of a function that is not in the kernel's list");
}

/* -- Parameters ---------------------------------------------------------------------------------------------------- */

static void bind_params(gj_gen *g)
{
	gj_unit *u = g->u;
	const gj_fn *f = g->f;
	unsigned at = gj_hidden_args(u, f).nfirst;
	g->param = gj_new(u->arena, gj_v, f->param.n + 1);
	gj_at(g, g->entry);
	for (uint32_t i = 0; i < f->param.n; i++) {
		const gj_fnparam *p = &f->param.p[i];
		if (f->entry->args != GJ_ARGS_PARTS && !u->param_used[i])
			continue;
		gj_v x = LLVMGetParam(g->fn, at++);
		gj_t t = LLVMTypeOf(x), want = gj_ty(u, p->type);
		if (f->entry->args == GJ_ARGS_PARTS || t == want)
			g->param[i] = x;
		else if (p->type->kind == GJ_BOOL)
			g->param[i] = gj_icmp(g, LLVMIntNE, x, LLVMConstNull(t));
		else
			g->param[i] = LLVMBuildIntCast2(g->b, x, want, p->field == GJ_FIELD_STRIDE, "");
	}
}

static void note_use(gj_unit *u, const gj_fn *f, gj_ref r)
{
	if (r && gj_o(f, r)->op == GJ_PARAM)
		u->param_used[gj_o(f, r)->imm.i] = true;
}

/* Parameters that some op of the kernel uses: the others are left out of the machine's list. */
static void find_used(gj_unit *u, const gj_fn *f)
{
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		for (uint32_t a = 0; a < o->nargs; a++)
			note_use(u, f, o->arg[a]);
		note_use(u, f, o->mask);
	}
}

/* -- Blocks -------------------------------------------------------------------------------------------------------- */

static void set_value(gj_gen *g, gj_ref r, gj_v x)
{
	const gj_op *o = gj_o(g->f, r);
	if (gj_is_vec(LLVMTypeOf(x)))
		g->val[r].v = x;
	else
		g->val[r] = (gj_forms){ .s = x, .stride = g->u->vector && o->shape == GJ_LINEAR ? o->stride : 0 };
}

static gj_v emit_return(gj_gen *g, const gj_op *o)
{
	if (g->exit)
		return LLVMBuildBr(g->b, g->exit);
	if (!g->f->nresults)
		return LLVMBuildRetVoid(g->b);
	g->wide = g->u->vector;
	if (o->nargs == 1)
		return LLVMBuildRet(g->b, gj_arg(g, o, 0));
	gj_v *x = gj_new(g->u->arena, gj_v, o->nargs);
	for (unsigned i = 0; i < o->nargs; i++)
		x[i] = gj_arg(g, o, i);
	return LLVMBuildAggregateRet(g->b, x, o->nargs);
}

static gj_v emit_branch(gj_gen *g, const gj_op *o)
{
	const gj_bb *bb = &g->f->bb.p[o->block];
	LLVMBasicBlockRef yes = g->first[bb->succ[0]], no = g->first[bb->succ[1]];
	if (yes == no)
		no = g->edge2[o->block] = gj_bb_new(g, "edge");
	gj_v br = LLVMBuildCondBr(g->b, gj_sc(g, o->arg[0]), yes, no);
	if (yes == g->first[bb->succ[1]]) {
		gj_at(g, no);
		LLVMBuildBr(g->b, yes);
	}
	return br;
}

/* The thread ends; where only a kernel can do that, functions return (opt/raises.c). */
static gj_v emit_raise(gj_gen *g, const gj_op *o)
{
	if (g->u->root->entry->raise == GJ_RAISE_REPORTED)
		return gj_never_back(g);
	if (g->f->entry->raise == GJ_RAISE_RETURN)
		return emit_return(g, o);
	g->u->backend->end_thread(g);
	return gj_never_back(g);
}

static gj_v terminator(gj_gen *g, const gj_op *o)
{
	switch (o->op) {
	case GJ_JUMP:   return LLVMBuildBr(g->b, g->first[g->f->bb.p[o->block].succ[0]]);
	case GJ_BRANCH: return emit_branch(g, o);
	case GJ_RETURN: return emit_return(g, o);
	case GJ_RAISE:  return emit_raise(g, o);
	default:        return LLVMBuildUnreachable(g->b);
	}
}

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

/* Does the op ask whether threads are below a parameter by their places in the grid? Those of code for whole blocks alone are. */
static bool is_full(gj_gen *g, const gj_op *o)
{
	const gj_fn *f = g->f;
	if (!g->threads || f->part || o->op != GJ_CMP || o->sub != GJ_CMP_LT || !g->wide || gj_grid_place(f, gj_o(f, behind_cvt(f, o->arg[0]))) != 0)
		return false;
	const gj_op *bound = gj_o(f, behind_cvt(f, o->arg[1]));
	bool param = bound->op == GJ_PARAM && gj_is_int(bound->type) && gj_is_signed(bound->type) && bound->type->size >= 4;
	if (!param || (g->u->full && g->u->full != bound->imm.i + 1))
		return false;
	g->u->full = (uint32_t)bound->imm.i + 1;
	return true;
}

static void emit_op(gj_gen *g, gj_ref r)
{
	const gj_op *o = gj_o(g->f, r);
	gj_emit_op *handler = g->u->backend->op[o->op] ? g->u->backend->op[o->op] : common[o->op];
	g->ref = r;
	g->wide = g->u->vector && o->shape == GJ_VARYING;
	gj_lines_at(g, o->loc);
	if (gj_op_is(o, GJ_F_TERM)) {
		gj_prefetch_hint(g, o->block);
		if (g->u->backend->way_back)
			g->u->backend->way_back(g, o->block);
		g->last[o->block] = gj_here(g);
		gj_unroll_hint(g, o->block, terminator(g, o));
	} else if (o->op == GJ_PHI) {
		set_value(g, r, LLVMBuildPhi(g->b, gj_tyw(g, o->type), ""));
	} else if (!handler) {
		gj_fail(g->f, o->loc, GJ_ERR_INTERNAL,
			gj_printf(g->f->arena, "no code for the operation %s", gj_op_name[o->op]));
	} else {
		gj_v x = is_full(g, o) ? LLVMConstAllOnes(gj_vec_ty(g->u, g->u->i1)) : handler(g, o);
		if (x && o->type && o->type->kind != GJ_NONE)
			set_value(g, r, x);
	}
}

/* The k-th edge into a block comes from the predecessor's last LLVM block, or from the extra one on the second of two
 * edges between the same blocks. */
static LLVMBasicBlockRef edge_from(const gj_gen *g, uint32_t b, uint32_t k)
{
	uint32_t p = g->f->bb.p[b].preds.p[k];
	return gj_pred_index(g->f, b, p) == k ? g->last[p] : g->edge2[p];
}

static void fill_phis(gj_gen *g, uint32_t b)
{
	GJ_EACH_PHI(g->f, b, r) {
		const gj_op *o = gj_o(g->f, r);
		g->ref = r;
		bool wide = g->u->vector && o->shape == GJ_VARYING;
		gj_v phi = wide ? g->val[g->ref].v : g->val[g->ref].s;
		for (uint32_t k = 0; k < o->nargs; k++) {
			gj_v x = wide ? gj_vec(g, o->arg[k]) : gj_sc(g, o->arg[k]);
			LLVMBasicBlockRef from = edge_from(g, b, k);
			LLVMAddIncoming(phi, &x, &from, 1);
		}
	}
}

/* -- Two versions of a block --------------------------------------------------------------------------------------- */

enum { MOST_TWICE = 48, MOST_NARROW = 12 };    /* ops */

/* The mask of block b, if the block is small, runs only where some lane of the mask is on, and keeps its values to
 * itself; else 0. What few vectors run is not worth a second version: rare blocks, and rounds over the grid that not all threads have. */
static gj_ref mask_of_block(const gj_gen *g, uint32_t b)
{
	const gj_fn *f = g->f;
	const gj_bb *bb = &f->bb.p[b], *up = bb->preds.n == 1 ? &f->bb.p[bb->preds.p[0]] : NULL;
	const gj_op *t = up ? gj_terminator(f, bb->preds.p[0]) : NULL;
	if (!g->u->vector || !g->u->opt->opt || (f->round_turns && !bb->loop) || bb->rare || !t || t->op != GJ_BRANCH || up->succ[0] != b || up->succ[1] == b ||
	    gj_o(f, t->arg[0])->op != GJ_ANY || bb->ops.n > MOST_TWICE)
		return 0;
	gj_ref mask = gj_o(f, t->arg[0])->arg[0];
	uint32_t inside = 0, used = 0, masked = 0;
	GJ_EACH_OP_OF(f, b, user) {
		const gj_op *o = gj_o(f, user);
		if (o->op == GJ_PHI || o->op == GJ_BARRIER || o->op == GJ_FCALL)
			return 0;
		used += g->uses[user];
		masked += o->mask == mask;
		for (uint32_t a = 0; a <= o->nargs; a++) {
			gj_ref r = a < o->nargs ? o->arg[a] : o->mask;
			inside += r && gj_o(f, r)->block == b && !gj_op_is(o, GJ_F_TERM);    /* stands behind both */
		}
	}
	return masked && inside == used ? mask : 0;
}

/* Once more the ops of block b, where its mask is this. */
static void emit_version(gj_gen *g, uint32_t b, LLVMBasicBlockRef way, gj_ref mask, gj_forms here, LLVMBasicBlockRef join)
{
	const gj_bb *bb = &g->f->bb.p[b];
	gj_at(g, way);
	g->val[mask] = here;
	for (uint32_t i = 0; i + 1 < bb->ops.n; i++) {
		g->val[bb->ops.p[i]] = (gj_forms){ 0 };
		emit_op(g, bb->ops.p[i]);
	}
	LLVMBuildBr(g->b, join);
}

/* Can the block, whose mask is of the lanes below a bound, be emitted for fewer lanes: simple arithmetic between accesses of items that lie
 * side by side, and in memory of the block? What a step of a tree there writes, the next one reads in other pieces: masked accesses wait
 * until it has come to the cache, those that lie in a piece that was written need not. */
static bool can_be_narrow(const gj_gen *g, uint32_t b, gj_ref mask)
{
	bool writes = false;
	if (!g->f->barriers || g->f->bb.p[b].ops.n > MOST_NARROW)
		return false;
	GJ_EACH_OP_OF(g->f, b, r) {
		const gj_op *o = gj_o(g->f, r);
		bool memory = o->op == GJ_LOAD || o->op == GJ_STORE;
		if (gj_op_is(o, GJ_F_TERM))
			continue;
		if (g->interleaved[r] || (o->mask && o->mask != mask) || (memory && gj_arg_type(g, o, 0)->space != GJ_SHARED))
			return false;
		if (!memory && (!gj_op_is(o, GJ_F_PURE) || o->op == GJ_SLOT || o->op == GJ_ALLLANES || o->op == GJ_LOCALMEM || o->op == GJ_SREG))
			return false;
		const gj_op *p = memory ? gj_o(g->f, o->arg[0]) : NULL;
		if (p && p->shape != GJ_UNIFORM && (p->shape != GJ_LINEAR || p->stride != (int64_t)p->type->elem->size))
			return false;
		writes |= o->op == GJ_STORE;
	}
	return writes;
}

/* The first n lanes of the operands that block b has from outside; kept: what they are for all lanes. */
static uint32_t narrow_operands(gj_gen *g, uint32_t b, unsigned n, gj_ref *which, gj_forms *kept)
{
	uint32_t count = 0;
	GJ_EACH_OP_OF(g->f, b, r)
		for (uint32_t a = 0; a < gj_o(g->f, r)->nargs; a++) {
			gj_ref x = gj_o(g->f, r)->arg[a];
			uint32_t k = 0;
			while (k < count && which[k] != x)
				k++;
			if (k < count || gj_o(g->f, x)->block == b)
				continue;
			which[count] = x;
			kept[count++] = g->val[x];
			g->val[x].v = g->val[x].s || !g->val[x].v ? NULL : gj_lanes_of(g, g->val[x].v, NULL, 0, n);
		}
	return count;
}

/* The block for exactly 16, 8, 4, 2 or 1 lanes, where so many are below the bound; elsewhere the builder goes on. */
static void emit_narrow(gj_gen *g, uint32_t b, gj_ref mask, gj_v below, LLVMBasicBlockRef part, LLVMBasicBlockRef join)
{
	gj_unit *u = g->u;
	unsigned lanes = u->lanes;
	gj_ref which[4 * MOST_NARROW];
	gj_forms kept[4 * MOST_NARROW], whole = g->val[mask];
	gj_v all = g->all, choice = LLVMBuildSwitch(g->b, below, part, 5);
	for (unsigned n = lanes / 2; n; n /= 2) {
		LLVMBasicBlockRef way = gj_bb_new(g, "narrow");
		LLVMAddCase(choice, LLVMConstInt(LLVMTypeOf(below), n, 0), way);
		gj_at(g, way);
		uint32_t count = narrow_operands(g, b, n, which, kept);
		u->lanes = n;
		g->all = LLVMConstAllOnes(gj_vec_ty(u, u->i1));
		emit_version(g, b, way, mask, (gj_forms){ .v = g->all }, join);
		u->lanes = lanes;
		g->all = all;
		for (uint32_t k = 0; k < count; k++)
			g->val[which[k]] = kept[k];
		g->val[mask] = whole;
	}
}

/* A block that runs for the lanes below a bound, as all code behind `if i < n` does: once for warps that are below it
 * with all lanes, without a mask, and once for the one warp that is not. */
static void emit_block(gj_gen *g, uint32_t b)
{
	const gj_bb *bb = &g->f->bb.p[b];
	gj_interruption_point(g->f->trap);
	gj_at(g, g->first[b]);
	gj_ref mask = mask_of_block(g, b);
	bool on = mask && g->val[mask].v && gj_is_all(g->val[mask].v);
	gj_v all = mask && !on ? gj_all_lanes(g, mask) : NULL;
	if (all) {
		LLVMBasicBlockRef way[2] = { gj_bb_new(g, "full"), gj_bb_new(g, "part") }, join = gj_bb_new(g, "");
		gj_forms partly = g->val[mask], fully = { .v = LLVMConstAllOnes(gj_vec_ty(g->u, g->u->i1)) };
		gj_v below = can_be_narrow(g, b, mask) ? gj_lanes_below(g, mask) : NULL;
		LLVMBasicBlockRef few = below ? gj_bb_new(g, "few") : way[1];
		LLVMBuildCondBr(g->b, all, way[0], few);
		if (below) {
			gj_at(g, few);
			emit_narrow(g, b, mask, below, way[1], join);
		}
		emit_version(g, b, way[0], mask, fully, join);
		emit_version(g, b, way[1], mask, partly, join);
		gj_at(g, join);
		emit_op(g, bb->ops.p[bb->ops.n - 1]);
		return;
	}
	GJ_EACH_OP_OF(g->f, b, r)
		emit_op(g, r);
}

static void emit_function(gj_unit *u, const gj_callee *c)
{
	gj_fn *f = c->f;
	gj_gen *g = gj_new(u->arena, gj_gen, 1);
	*g = (gj_gen){ .u = u, .f = f, .fn = c->fn, .threads = c->threads, .b = u->b };
	g->val = gj_new(u->arena, gj_forms, f->op.n);
	g->uses = gj_count_uses(f);
	if (u->vector) {
		g->interleaved = gj_find_interleaved(f);
		g->loaded = gj_new(u->arena, gj_v, f->op.n);
	}
	g->first = gj_new(u->arena, LLVMBasicBlockRef, f->bb.n);
	g->last = gj_new(u->arena, LLVMBasicBlockRef, f->bb.n);
	g->edge2 = gj_new(u->arena, LLVMBasicBlockRef, f->bb.n);
	gj_lines_fn(g);
	g->entry = gj_bb_new(g, "entry");
	bind_params(g);
	u->backend->begin(g);
	GJ_EACH_BLOCK(f, b)
		g->first[b] = gj_bb_new(g, "");
	GJ_EACH_BLOCK(f, b)
		emit_block(g, b);
	GJ_EACH_BLOCK(f, b)
		fill_phis(g, b);
	u->backend->end(g);
}

/* -- Calls --------------------------------------------------------------------------------------------------------- */

/* With vectors a call is made only while a lane is active: recursion ends when none is. */
gj_v gj_do_fcall(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	const gj_callee *c = gj_callee_of(u, o->imm.fn);
	gj_v *x = gj_new(u->arena, gj_v, o->nargs + 3), mask = u->vector ? gj_mask_of(g, o) : NULL;
	unsigned n = gj_hidden_args(u, c->f).nfirst;
	if (n)
		u->backend->pass(g, mask, x);
	g->wide = u->vector;
	for (unsigned i = 0; i < o->nargs; i++)
		x[n++] = gj_arg(g, o, i);
	if (!u->vector)
		return LLVMBuildCall2(g->b, c->type, c->fn, x, n, "");
	gj_if on = gj_if_begin(g, gj_any_lane(g, o->mask));
	gj_v r = LLVMBuildCall2(g->b, c->type, c->fn, x, n, "");
	gj_if_end(g, &on);
	return c->f->nresults ? gj_if_phi(g, &on, r, LLVMConstNull(LLVMTypeOf(r))) : NULL;
}

gj_v gj_do_result(gj_gen *g, const gj_op *o)
{
	const gj_forms *call = &g->val[o->arg[0]];
	gj_v x = call->v ? call->v : call->s;
	return gj_o(g->f, o->arg[0])->imm.fn->nresults == 1 ? x : LLVMBuildExtractValue(g->b, x, (unsigned)o->imm.i, "");
}

/* -- A compilation ------------------------------------------------------------------------------------------------- */

enum { CALL_BYTES = 256 };                     /* red zone, return address and stack arguments, which the size leaves out */

static void on_diagnostic(LLVMDiagnosticInfoRef info, void *opaque)
{
	static const char frame[] = "stack frame size (";
	gj_unit *u = opaque;
	char *text = LLVMGetDiagInfoDescription(info), *size = strstr(text, frame);
	if (size)
		u->stack_bytes += (uint32_t)strtoul(size + sizeof frame - 1, NULL, 10) + CALL_BYTES;
	else if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && !u->trouble)
		u->trouble = gj_strdup(u->arena, text);
	LLVMDisposeMessage(text);
}

static void open_unit(gj_unit *u)
{
	u->ctx = LLVMContextCreate();
	LLVMContextSetDiagnosticHandler(u->ctx, on_diagnostic, u);
	LLVMContextSetDiscardValueNames(u->ctx, !u->opt->keep_text);
	u->mod = LLVMModuleCreateWithNameInContext(u->root->name, u->ctx);
	u->b = LLVMCreateBuilderInContext(u->ctx);
	u->tvoid = LLVMVoidTypeInContext(u->ctx);
	u->i1 = LLVMInt1TypeInContext(u->ctx);
	u->i8 = LLVMInt8TypeInContext(u->ctx);
	u->i16 = LLVMInt16TypeInContext(u->ctx);
	u->i32 = LLVMInt32TypeInContext(u->ctx);
	u->i64 = LLVMInt64TypeInContext(u->ctx);
	u->f32 = LLVMFloatTypeInContext(u->ctx);
	u->f64 = LLVMDoubleTypeInContext(u->ctx);
	u->ptr = LLVMPointerTypeInContext(u->ctx, 0);
}

static void close_unit(gj_unit *u)
{
	if (u->di)
		LLVMDisposeDIBuilder(u->di);
	if (u->b)
		LLVMDisposeBuilder(u->b);
	if (u->mod)
		LLVMDisposeModule(u->mod);
	if (u->tm && u->backend->close)
		u->backend->close(u);
	else if (u->tm)
		LLVMDisposeTargetMachine(u->tm);
	if (u->ctx)
		LLVMContextDispose(u->ctx);
}

/* Before optimisation: the verifier's words are about what was emitted here. */
static void verify(gj_unit *u)
{
	char *text = NULL;
	if (LLVMVerifyModule(u->mod, LLVMReturnStatusAction, &text))
		u->trouble = gj_strdup(u->arena, text);
	LLVMDisposeMessage(text);
	if (u->trouble)
		gj_fail(u->root, 0, GJ_ERR_INTERNAL, u->trouble);
}

static void compile(gj_unit *u)
{
	gj_fn *f = u->root;
	open_unit(u);
	u->backend->open(u);
	char *triple = LLVMGetTargetMachineTriple(u->tm);
	LLVMSetTarget(u->mod, triple);
	LLVMDisposeMessage(triple);
	LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(u->tm);
	LLVMSetModuleDataLayout(u->mod, layout);
	LLVMDisposeTargetData(layout);
	u->param_used = gj_new(u->arena, bool, f->param.n + 1);
	find_used(u, f);
	if (f->part)
		find_used(u, f->part);
	if (f->entry->args != GJ_ARGS_PARTS)
		gj_image_params(u);
	gj_lines_open(u);
	declare(u, f, 0);
	for (uint32_t i = 0; i < f->callee.n; i++)
		declare(u, f->callee.p[i], 0);
	if (f->part)
		declare(u, f->part, 0);
	for (uint32_t i = 0; i < u->fns.n; i++)
		emit_function(u, &u->fns.p[i]);
	uint32_t threads = u->backend->threads ? u->backend->threads(u) : 0;
	if (threads) {
		declare(u, f, threads);
		emit_function(u, &u->fns.p[u->fns.n - 1]);
	}
	if (u->backend->around)
		u->backend->around(u);
	gj_lines_close(u);
	verify(u);
	u->backend->finish(u);
	if (u->trouble)
		gj_fail(f, 0, GJ_ERR_INTERNAL, u->trouble);
	gj_image_fields(u);
}

void gj_emit_image(gj_fn *f, const gj_options *opt, gj_image *image)
{
	gj_trap *trap = f->trap;
	jmp_buf outer;
	gj_unit *u = gj_new(f->arena, gj_unit, 1);
	pthread_once(&started, start);
	*image = (gj_image){ 0 };
	u->opt = opt;
	u->root = f;
	u->image = image;
	u->arena = f->arena;
	u->backend = backends[opt->target - gj_targets];
	u->lanes = opt->target->vectors ? f->width : 1;
	u->vector = u->lanes > 1;
	memcpy(&outer, &trap->env, sizeof outer);
	if (setjmp(trap->env)) {
		gj_llvm_unguard();
		memcpy(&trap->env, &outer, sizeof outer);
		close_unit(u);
		gj_image_clear(image);
		gj_trap_throw(trap);
	}
	const char *fatal = gj_llvm_guard(compile, u);
	if (fatal) {                               /* LLVM was left in the middle: what it holds cannot be freed */
		*u = (gj_unit){ 0 };
		gj_fail(f, 0, GJ_ERR_INTERNAL, fatal);
	}
	memcpy(&trap->env, &outer, sizeof outer);
	close_unit(u);
}
