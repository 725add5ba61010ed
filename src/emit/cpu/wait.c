/* What loops do on their way back on the CPU: those that wait for memory let others run and tell what they have seen
 * (opt/waits.c); those that may take long look whether somebody wants the thread's attention: Ctrl-C, or an error on
 * another thread of the launch. */
#include "emit/cpu/cpu.h"

#include <stddef.h>

enum { SHORT_LOOP = 1024 /* rounds */, SELDOM = 1 << 20 };

/* -- Loops that wait ----------------------------------------------------------------------------------------------- */

gj_v gj_cpu_yield(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	const gj_loc *l = &g->f->loc.p[o->loc];
	gj_push(u->arena, &u->sites, ((gj_source_site){ .kind = GJ_SITE_WAIT, .code = l->code, .pos = l->pos }));
	gj_extern_call(g, "gj_rt_wait", u->tvoid, 4,
		(gj_v[]){ gj_cpu(g)->block, gj_cpu(g)->warp, gj_i32(u, u->sites.n - 1), gj_i32(u, o->sub) });
	return NULL;
}

/* What differs between the lanes of a vector is news, to be sure. */
gj_v gj_cpu_watch(gj_gen *g, const gj_op *o)
{
	gj_unit *u = g->u;
	if (!o->nargs || (u->vector && !gj_uniform(g, o->arg[0]))) {
		gj_extern_call(g, "gj_rt_act", u->tvoid, 1, &gj_cpu(g)->block);
		return NULL;
	}
	gj_v x = gj_sc(g, o->arg[0]);
	x = LLVMBuildZExt(g->b, LLVMBuildBitCast(g->b, x, gj_bits_ty(u, LLVMTypeOf(x)), ""), u->i64, "");
	gj_extern_call(g, "gj_rt_watch", u->tvoid, 2, (gj_v[]){ gj_cpu(g)->block, x });
	return NULL;
}

/* -- Loops that may take long -------------------------------------------------------------------------------------- */

static bool looks_up(const gj_op *o) { return o->op == GJ_BARRIER || o->op == GJ_YIELD || o->op == GJ_NANOSLEEP; }

/* Does each round of loop l, which ends in block b, come through the runtime anyway? Is another loop in it? */
static bool passes_runtime(const gj_fn *f, uint32_t l, uint32_t b, bool *nested)
{
	*nested = false;
	for (uint32_t k = f->bb.p[f->loops.p[l].header].rpo; k < f->rpo.n; k++) {
		const gj_bb *bb = &f->bb.p[f->rpo.p[k]];
		if (!gj_loop_contains(f, l, bb->loop))
			break;
		*nested |= bb->loop != l;
		for (uint32_t i = 0; i < bb->ops.n && gj_dominates(f, f->rpo.p[k], b); i++)
			if (looks_up(gj_o(f, bb->ops.p[i])))
				return true;
	}
	return false;
}

/* Threads of a row are 1,024 at most. */
static bool is_short(const gj_fn *f, uint32_t l)
{
	int64_t most = gj_most_rounds(f, l);
	return f->rows || (most >= 0 && most <= SHORT_LOOP);
}

static void set_seldom(gj_gen *g, gj_v branch)
{
	LLVMContextRef c = g->u->ctx;
	LLVMMetadataRef part[3] = { LLVMMDStringInContext2(c, "branch_weights", 14),
		LLVMValueAsMetadata(gj_i32(g->u, 1)), LLVMValueAsMetadata(gj_i32(g->u, SELDOM)) };
	LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(c, "prof", 4), LLVMMetadataAsValue(c, LLVMMDNodeInContext2(c, part, 3)));
}

/* The call touches no memory that compiled code knows of, and where it can keep all registers, it does: what the loop has
 * in them may stay there, or it would be spilled in each round for the sake of a call that never comes. */
void gj_cpu_attend(gj_gen *g, gj_v block)
{
	gj_unit *u = g->u;
	bool keeps = gj_host_has("xsave");
	gj_v call = gj_extern_call(g, keeps ? "gj_rt_attend_keeping" : "gj_rt_attend", u->tvoid, 1, &block);
	gj_v fn = LLVMGetCalledValue(call);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "memory", 3 << 2);    /* inaccessible memory: read and written */
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "cold", 0);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
	gj_attr(u, fn, (unsigned)LLVMAttributeFunctionIndex, "willreturn", 0);
	if (keeps)
		gj_attr_text(u, fn, "no_caller_saved_registers", "");
}

void gj_cpu_way_back(gj_gen *g, uint32_t block)
{
	const gj_fn *f = g->f;
	uint32_t l = f->bb.p[block].loop;
	bool back = false, nested;
	for (uint32_t i = 0; l && i < f->bb.p[block].nsucc; i++)
		back |= f->bb.p[block].succ[i] == f->loops.p[l].header;
	if (!back || g->u->root->entry->runner != GJ_RUN_LAUNCH || passes_runtime(f, l, block, &nested) || (!nested && (is_short(f, l) || gj_goes_through_array(f, l))))
		return;
	gj_v flag = gj_block_now(g, offsetof(gj_block, attention));
	LLVMSetVolatile(flag, 1);
	gj_if wanted = gj_if_begin(g, gj_icmp(g, LLVMIntNE, flag, gj_i32(g->u, 0)));
	set_seldom(g, LLVMGetBasicBlockTerminator(wanted.from));
	gj_cpu_attend(g, gj_cpu(g)->block);
	gj_if_end(g, &wanted);
}
